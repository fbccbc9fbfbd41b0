//! `smmu coverage`: merges and shows what runs have counted.

use crate::exit::{preset, print, print_json, Failure, Outcome};
use anyhow::{anyhow, Context};
use smmu_testbench::coverage::code::{share_rules, CodeCounts, CodeError, CodeReport, Exclusions};
use smmu_testbench::coverage::database::DatabaseError;
use smmu_testbench::coverage::report::Report;
use smmu_testbench::coverage::{html, xml, Database};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Merge and show the coverage of runs
///
/// Runs write their counts with `--coverage FILE`; `docs/testplan.md` says what is counted.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Sub,
}

#[derive(clap::Subcommand)]
enum Sub {
    /// Add the counts of several files
    Merge {
        /// Files that runs have written, or merged ones
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The merged file
        #[arg(short, long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Show what is covered, and the holes
    ///
    /// Status 0: shown; with --check only if nothing is missing. 1: something is missing. 2: used wrongly, or a file cannot be used.
    Report(ReportArgs),
    /// Write Verilator's line and toggle coverage as lcov's info file
    Lcov {
        /// Verilator's coverage files, of one preset
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The info file
        #[arg(short, long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(clap::Args)]
struct ReportArgs {
    /// A file of counts
    file: PathBuf,
    /// Write a self-contained HTML page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the XML that cocotb-coverage reads and merges
    #[arg(long, value_name = "FILE")]
    xml: Option<PathBuf>,
    /// Verilator's coverage file of a preset; any number of them
    #[arg(long, value_name = "PRESET=FILE", value_parser = pair)]
    code: Vec<(String, PathBuf)>,
    /// What cannot be reached in the Verilog, and why
    #[arg(long, value_name = "FILE")]
    exclusions: Option<PathBuf>,
    /// Status 1 unless every functional bin is hit, every line is run, and 95 % of the toggles were seen
    #[arg(long)]
    check: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn pair(text: &str) -> Result<(String, PathBuf), String> {
    let (name, file) = text.split_once('=').ok_or("write it as PRESET=FILE")?;
    Ok((name.to_string(), file.into()))
}

pub fn main(args: Args) -> Outcome {
    match args.command {
        Sub::Merge { files, out } => {
            let mut all = Database::default();
            for file in &files {
                all.merge(&read(file)?);
            }
            all.write(&out).map_err(database)
        }
        Sub::Report(args) => report(&args),
        Sub::Lcov { files, out } => lcov(&files, &out),
    }
}

fn report(args: &ReportArgs) -> Outcome {
    let mut report = Report::new(&read(&args.file)?).map_err(|error| Failure::Usage(error.into()))?;
    report.code = code(args)?;
    if let Some(path) = &args.html {
        write(path, &html::page(&report))?;
    }
    if let Some(path) = &args.xml {
        write(path, &xml::document(&report))?;
    }
    if args.json {
        print_json(&report)?;
    } else {
        print(&report.to_string())?;
    }
    if args.check && !(report.complete() && report.code.iter().all(CodeReport::is_good)) {
        return Err(Failure::NotGood);
    }
    Ok(())
}

fn code(args: &ReportArgs) -> Result<Vec<CodeReport>, Failure> {
    let exclusions = match &args.exclusions {
        Some(path) => Exclusions::read(path).map_err(unusable)?,
        None => Exclusions::default(),
    };
    let mut counts: BTreeMap<&str, CodeCounts> = BTreeMap::new();
    for (name, file) in &args.code {
        counts.entry(name).or_default().merge(&CodeCounts::read(file).map_err(unusable)?);
    }
    let all = counts.into_iter().map(|(name, counts)| {
        let verilog = smmu_rtl::verilog::emit(preset(name)?).map_err(|error| anyhow!("{error}"))?;
        Ok(CodeReport::new(name, &counts, &exclusions, &verilog))
    });
    let mut all = all.collect::<Result<Vec<_>, Failure>>()?;
    share_rules(&mut all);
    Ok(all)
}

fn lcov(files: &[PathBuf], out: &Path) -> Outcome {
    if let Some(file) = files.iter().find(|file| !file.is_file()) {
        return Err(Failure::Usage(anyhow!("{}: there is no such file", file.display())));
    }
    let status = Command::new("verilator_coverage").arg("--write-info").arg(out).args(files).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Broken(anyhow!("verilator_coverage: {status}"))),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Failure::Broken(anyhow!(
            "there is no verilator_coverage; it comes with Verilator (Debian and Ubuntu: 'apt-get install verilator')"
        ))),
        Err(error) => Err(Failure::Broken(anyhow!(error).context("verilator_coverage"))),
    }
}

fn read(path: &Path) -> Result<Database, Failure> {
    Database::read(path).map_err(database)
}

fn database(error: DatabaseError) -> Failure {
    Failure::Usage(error.into())
}

fn unusable(error: CodeError) -> Failure {
    Failure::Usage(error.into())
}

fn write(path: &Path, text: &str) -> Outcome {
    std::fs::write(path, text).with_context(|| path.display().to_string()).map_err(Failure::Usage)
}
