//! `smmu random`: random programs, many seeds on all cores.

use crate::exit::{engine, preset, print, print_json, Failure, Outcome};
use anyhow::{anyhow, Context};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use smmu_rtl::params::Params;
use smmu_sim::dut::{self, Inputs, Outputs, WaveRequest};
use smmu_testbench::bench::observe::{Event, Observer};
use smmu_testbench::random::execute::{execute, Extras};
use smmu_testbench::random::junit;
use smmu_testbench::random::regression::Regression;
use smmu_testbench::random::runner::{Runner, SeedResult, Shard, MAX_SHRINK_RUNS};
use std::io::IsTerminal;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Run random programs against the reference model
///
/// Every seed is a program of its own. One that fails is made small, kept as a file, run once more for its wave, and the command
/// that replays it is printed. Status 0: all seeds are clean; 1: one is not; 2: used wrongly.
#[derive(clap::Args)]
pub struct Args {
    /// Sizes and straps of the SMMU; `smmu list` shows them
    #[arg(long, default_value = "mini")]
    preset: String,
    /// What runs the hardware; `smmu list` shows them
    #[arg(long, default_value = "rusthdl")]
    engine: String,
    /// Seeds: A..B is from A to before B; one number is that one
    #[arg(long, value_name = "A..B", value_parser = seeds, required_unless_present = "replay")]
    seeds: Option<Range<u64>>,
    /// Only part I of N parts of the seeds, for several machines
    #[arg(long, value_name = "I/N", value_parser = shard, default_value = "1/1")]
    shard: Shard,
    /// Threads; as many as there are cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Begin no more seeds after this many failures
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_failures: u32,
    /// Write what was covered, for `smmu coverage`
    #[arg(long, value_name = "FILE")]
    coverage: Option<PathBuf>,
    /// Write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Where programs that fail are kept; the test suite replays those in `regressions`
    #[arg(long, default_value = "regressions", value_name = "FOLDER")]
    keep: PathBuf,
    /// Where the waves of programs that fail go
    #[arg(long, default_value = "target/random", value_name = "FOLDER")]
    waves: PathBuf,
    /// Run one kept program instead
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seeds", "coverage", "junit"])]
    replay: Option<PathBuf>,
    /// Write a wave (VCD) of the replay, and a GTKWave view beside it
    #[arg(long, value_name = "FILE", requires = "replay")]
    vcd: Option<PathBuf>,
    /// Print every event of the replay to standard error, with its cycle
    #[arg(long, requires = "replay")]
    trace: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    ok: bool,
    preset: String,
    engine: String,
    seeds: usize,
    cycles: u64,
    transactions: u64,
    refused: u64,
    walk_reads: u64,
    seconds: f64,
    failures: Vec<FailureReport>,
}

#[derive(Serialize)]
struct FailureReport {
    seed: u64,
    kind: String,
    cycle: u64,
    message: String,
    /// The small program: steps, runs that it took, how it fails.
    steps: usize,
    runs: usize,
    small_message: String,
    program: PathBuf,
    wave: Option<PathBuf>,
    replay: String,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| text.parse::<u64>().map_err(|_| format!("'{text}' is no number; write A..B, or one number"));
    let range = match text.split_once("..") {
        Some((first, end)) => number(first)?..number(end)?,
        None => {
            let seed = number(text)?;
            seed..seed.checked_add(1).ok_or("that is the last number there is")?
        }
    };
    if range.is_empty() {
        return Err(format!("there is no seed from {} to before {}", range.start, range.end));
    }
    Ok(range)
}

fn shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
    match parts {
        Some((number, of)) if (1..=of).contains(&number) => Ok(Shard { number, of }),
        _ => Err("write it as I/N, with I from 1 to N".to_string()),
    }
}

pub fn main(args: Args) -> Outcome {
    let engine = engine(&args.engine)?;
    if let Some(path) = &args.replay {
        return replay(path, engine, args.vcd, args.trace, args.json);
    }
    let params = preset(&args.preset)?;
    let seeds: Vec<u64> = args.shard.seeds(args.seeds.unwrap_or(0..0)).collect();
    for path in args.coverage.iter().chain(&args.junit) {
        writable(path)?;
    }
    let jobs = args.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
    let factory = |params| dut::device(engine, params);
    let runner = Runner {
        params,
        factory: &factory,
        coverage: args.coverage.is_some(),
        jobs,
        max_failures: args.max_failures as usize,
        max_shrink_runs: MAX_SHRINK_RUNS,
    };
    let bar = progress(seeds.len(), &format!("{} on {engine}", params.name));
    let start = Instant::now();
    let each = |result: &SeedResult| {
        bar.inc(1);
        if let Some(failure) = &result.outcome.failure {
            bar.suspend(|| eprintln!("seed {}: {}", result.seed, failure.text));
        }
    };
    let results = runner.run(&seeds, &each).map_err(|error| Failure::Broken(error.into()))?;
    bar.finish_and_clear();
    let seconds = start.elapsed().as_secs_f64();
    if let (Some(path), Some(coverage)) = (&args.coverage, &results.coverage) {
        coverage.write(path).map_err(|error| Failure::Usage(error.into()))?;
    }
    if let Some(path) = &args.junit {
        let text = junit::document(params.name, engine, &results.seeds);
        std::fs::write(path, text).with_context(|| path.display().to_string()).map_err(Failure::Usage)?;
    }
    let folders = (args.keep.as_path(), args.waves.as_path());
    let failures = results.seeds.iter().filter_map(|result| keep(result, params, engine, folders).transpose());
    let failures = failures.collect::<Result<Vec<FailureReport>, Failure>>()?;
    let sum = |of: fn(&SeedResult) -> u64| results.seeds.iter().map(of).sum();
    let report = Report {
        ok: failures.is_empty(),
        preset: params.name.to_string(),
        engine: engine.to_string(),
        seeds: results.seeds.len(),
        cycles: sum(|result| result.outcome.cycles),
        transactions: sum(|result| result.outcome.transactions),
        refused: sum(|result| result.outcome.refused),
        walk_reads: sum(|result| result.outcome.walk_reads),
        seconds,
        failures,
    };
    tell(&report, seeds.len(), args.json)
}

fn tell(report: &Report, wanted: usize, json: bool) -> Outcome {
    if json {
        print_json(report)?;
    } else {
        let mut text = String::new();
        for failure in &report.failures {
            text += &format!(
                "seed {}: {}\n  in {} steps ({} runs): {}\n  program  {}\n",
                failure.seed,
                failure.message,
                failure.steps,
                failure.runs,
                failure.small_message,
                failure.program.display()
            );
            if let Some(wave) = &failure.wave {
                text += &format!("  wave     {}\n", wave.display());
            }
            text += &format!("  replay   {}\n", failure.replay);
        }
        let Report { preset, engine, seeds, cycles, transactions, refused, walk_reads, seconds, .. } = report;
        let verdict = match report.failures.len() {
            0 => "clean".to_string(),
            n => format!("{n} failed"),
        };
        text += &format!(
            "{seeds} seeds of {preset} on {engine}: {verdict}; {cycles} cycles, {transactions} transactions ({refused} refused), \
             {walk_reads} table reads, {seconds:.1} s\n"
        );
        if *seeds < wanted {
            text += &format!("{} seeds were not begun after so many failures\n", wanted - seeds);
        }
        print(&text)?;
    }
    if report.ok {
        Ok(())
    } else {
        Err(Failure::NotGood)
    }
}

/// Keeps the small program of a failure, and its wave.
fn keep(
    result: &SeedResult,
    params: &'static Params,
    engine: &str,
    (folder, waves): (&Path, &Path),
) -> Result<Option<FailureReport>, Failure> {
    let (Some(failure), Some(shrunk), Some(regression)) = (&result.outcome.failure, &result.shrunk, result.regression(params))
    else {
        return Ok(None);
    };
    let name = format!("{}-{}", params.name, result.seed);
    let program = folder.join(format!("{name}.json"));
    regression.save(&program).map_err(|error| Failure::Broken(error.into()))?;
    let wave = waves.join(format!("{name}.vcd"));
    let written = std::fs::create_dir_all(waves).is_ok() && {
        let request = WaveRequest { path: wave.clone(), from: 0, to: u64::MAX };
        let device = dut::device(engine, params).map_err(|error| Failure::Broken(error.into()))?;
        execute(&regression.program, device, Extras { wave: Some(request), ..Extras::default() }).failure
            == Some(shrunk.failure.clone())
    };
    if !written {
        eprintln!("smmu: no wave of the failure at {}", wave.display());
    }
    let replay = format!("cargo smmu random --engine {engine} --replay {} --vcd {}", program.display(), wave.display());
    Ok(Some(FailureReport {
        seed: result.seed,
        kind: failure.kind.clone(),
        cycle: failure.cycle,
        message: failure.text.clone(),
        steps: shrunk.program.steps.len(),
        runs: shrunk.runs,
        small_message: shrunk.failure.text.clone(),
        program,
        wave: written.then_some(wave),
        replay,
    }))
}

/// Runs a kept program.
fn replay(path: &Path, engine: &str, vcd: Option<PathBuf>, trace: bool, json: bool) -> Outcome {
    let regression = Regression::load(path).map_err(|error| Failure::Usage(error.into()))?;
    let params = preset(&regression.preset)?;
    let device = dut::device(engine, params).map_err(|error| Failure::Broken(error.into()))?;
    if let Some(path) = &vcd {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string()).map_err(Failure::Usage)?;
        }
        writable(path)?;
    }
    let wave = vcd.map(|path| WaveRequest { path, from: 0, to: u64::MAX });
    let observer = trace.then(|| Box::new(Trace::default()) as Box<dyn Observer>);
    let outcome = execute(&regression.program, device, Extras { wave, observer });
    let steps = regression.program.steps.len();
    if json {
        #[derive(Serialize)]
        struct Replay<'a> {
            ok: bool,
            preset: &'a str,
            engine: &'a str,
            steps: usize,
            cycles: u64,
            message: Option<&'a str>,
        }
        let message = outcome.failure.as_ref().map(|failure| failure.text.as_str());
        print_json(&Replay { ok: message.is_none(), preset: params.name, engine, steps, cycles: outcome.cycles, message })?;
    } else {
        let end = outcome.failure.as_ref().map_or("clean", |failure| &failure.text);
        print(&format!("{} on {engine}, {steps} steps, {} cycles: {end}\n", params.name, outcome.cycles))?;
    }
    match outcome.failure {
        Some(_) => Err(Failure::NotGood),
        None => Ok(()),
    }
}

/// Prints what happens.
#[derive(Default)]
struct Trace {
    cycle: u64,
}

impl Observer for Trace {
    fn cycle(&mut self, cycle: u64, _: &Inputs, outputs: &Outputs) {
        self.cycle = cycle;
        let walk = &outputs.m_axi_ptw;
        if walk.arvalid {
            eprintln!("{cycle:>6} Walk {{ addr: {:#x}, id: {}, len: {} }}", walk.ar.addr, walk.ar.id, walk.ar.len);
        }
    }

    fn event(&mut self, event: &Event) {
        eprintln!("{:>6} {event:x?}", self.cycle);
    }
}

/// A file that cannot be written is told before hours are spent.
fn writable(path: &Path) -> Outcome {
    let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
    file.map(|_| ()).map_err(|error| Failure::Usage(anyhow!("{}: {error}", path.display())))
}

/// A bar on standard error, if that is a terminal.
fn progress(seeds: usize, what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len} seeds, {per_sec}, {eta} left");
    let bar = ProgressBar::new(seeds as u64).with_message(what.to_string());
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
