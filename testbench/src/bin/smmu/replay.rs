//! `smmu replay`: recorded driver runs, against the model or the simulated hardware.

use crate::exit::{engine, preset, print, print_json, unknown, Failure, Outcome};
use anyhow::{anyhow, Context};
use indicatif::{ProgressBar, ProgressStyle};
use smmu_rtl::params::Params;
use smmu_sim::dut::{WaveRequest, ENGINES};
use smmu_testbench::bench::BenchOptions;
use smmu_testbench::recording::report::Report;
use smmu_testbench::recording::target::{BenchTarget, ModelTarget, Target};
use smmu_testbench::recording::{fit, parse, replay, rwmmio, Recording};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The engine that is no hardware.
const MODEL: &str = "model";

/// Replay recorded driver runs and compare
///
/// A recording says what a driver wrote, read and expected, line by line (docs/recordings.md). Each is played on the hardware that it
/// fits best, or on the preset that is named; what that hardware cannot be given is skipped and counted. Also reads the kernel's
/// rwmmio trace events as register traffic. Status 0: no difference; 1: a difference, or a run that broke off; 2: used wrongly, or
/// a file that cannot be read.
#[derive(clap::Args)]
pub struct Args {
    /// Recordings (.rec), or traces with rwmmio events
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Sizes and straps of the SMMU, instead of those that fit best
    #[arg(long)]
    preset: Option<String>,
    /// What is played on: `model`, or an engine that `smmu list` shows
    #[arg(long, default_value = "rusthdl")]
    engine: String,
    /// Write a wave (VCD) of the hardware, and a GTKWave view beside it; one file only
    #[arg(long, value_name = "FILE")]
    vcd: Option<PathBuf>,
    /// Where the register space of a trace is: kernel virtual address VA is register offset OFFSET
    #[arg(long, value_name = "VA=OFFSET", value_parser = base)]
    base: Option<u64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Virtual address of register offset 0.
fn base(text: &str) -> Result<u64, String> {
    let (va, offset) = text.split_once('=').unwrap_or((text, "0"));
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    match (number(va), number(offset)) {
        (Ok(va), Ok(offset)) if va >= offset => Ok(va - offset),
        _ => Err("give a virtual address and a register offset, such as 0xffff800010000000=0".into()),
    }
}

pub fn main(args: Args) -> Outcome {
    if args.engine != MODEL {
        engine(&args.engine)
            .map_err(|_| unknown("engine", &args.engine, std::iter::once(MODEL).chain(ENGINES.iter().map(|(name, _)| *name))))?;
    }
    let named = args.preset.as_deref().map(preset).transpose()?;
    if args.vcd.is_some() && args.engine == MODEL {
        return Err(Failure::Usage(anyhow!("the model has no wave; choose an engine of hardware with --engine")));
    }
    if args.vcd.is_some() && args.files.len() > 1 {
        return Err(Failure::Usage(anyhow!("one wave is of one recording; give one file with --vcd")));
    }
    // All files are read before the first is played: a slip in the last one is not found an hour later.
    let recordings = args.files.iter().map(|file| read(file, args.base)).collect::<Result<Vec<_>, _>>()?;
    let mut reports = Vec::new();
    for (file, recording) in args.files.iter().zip(&recordings) {
        let report = play(file, recording, named, &args)?;
        if !args.json {
            print(&report.to_string())?;
        }
        reports.push(report);
    }
    if args.json {
        print_json(&reports)?;
    }
    if reports.iter().all(|report| report.ok) {
        Ok(())
    } else {
        Err(Failure::NotGood)
    }
}

fn read(file: &Path, base: Option<u64>) -> Result<Recording, Failure> {
    let name = || format!("'{}'", file.display());
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", name())).map_err(Failure::Usage)?;
    let text = String::from_utf8_lossy(&bytes);
    let recording = if rwmmio::is_trace(&text) { rwmmio::parse(&text, base) } else { parse::parse(&text) };
    recording.map_err(|error| Failure::Usage(anyhow!("{}: {error}", file.display())))
}

fn play(file: &Path, recording: &Recording, named: Option<&'static Params>, args: &Args) -> Result<Report, Failure> {
    let (params, mut target): (Params, Box<dyn Target>) = if args.engine == MODEL {
        let params = named.copied().unwrap_or_else(|| fit::recorded(recording));
        (params, Box::new(ModelTarget::new(&params)))
    } else {
        let params = named.unwrap_or_else(|| fit::nearest(recording));
        let wave = args.vcd.clone().map(|path| WaveRequest { path, from: 0, to: u64::MAX });
        let options = BenchOptions { wave, ..BenchOptions::default() };
        let target = BenchTarget::new(params, &args.engine, options).map_err(|error| Failure::Usage(error.into()))?;
        (*params, Box::new(target))
    };
    let bar = bar(file, recording.lines.len());
    let mut report = replay::replay(recording, &params, &mut *target, &mut |done| bar.set_position(done as u64));
    bar.finish_and_clear();
    report.file = file.display().to_string();
    report.engine = args.engine.clone();
    report.preset = params.name.to_string();
    Ok(report)
}

/// Progress on standard error, if that is a terminal.
fn bar(file: &Path, lines: usize) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {elapsed}").unwrap_or_else(|_| ProgressStyle::default_bar());
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let bar = ProgressBar::new(lines as u64).with_style(style).with_message(name);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
