//! A scenario on the hardware: makes the machine, runs the drivers on it, collects what the report shows.

use super::{play, soc, Broken, Choices, Outcome, Soc};
use crate::bench::stats::Stats;
use crate::bench::{Bench, BenchError, BenchOptions};
use crate::coverage::{Collector, Database};
use crate::system::System;
use crate::ufs::host::UfsHost;
use crate::ufs::presets::{DeviceConfig, HostConfig};
use smmu_rtl::params::{self, Params};

/// Everything that a run can be told.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Engine of the hardware.
    pub engine: String,
    /// Preset of the SMMU; `None`: the scenario's own.
    pub preset: Option<&'static Params>,
    /// DMA ops, domain, workload. The workload's seed is also the bench's.
    pub choices: Choices,
    /// Latencies, pauses, scoreboard, wave.
    pub bench: BenchOptions,
    /// Count what happens, for the report's `coverage`.
    pub coverage: bool,
}

/// What a run gave.
#[derive(Clone, Debug)]
pub struct Report {
    /// Name of the scenario.
    pub scenario: &'static str,
    /// Engine.
    pub engine: String,
    /// Preset of the SMMU.
    pub preset: &'static str,
    /// What was chosen.
    pub choices: Choices,
    /// How it ended.
    pub outcome: Outcome,
    /// Cycles that the hardware was clocked.
    pub cycles: u64,
    /// Simulated time, nanoseconds, skipped idle time included.
    pub time_ns: u64,
    /// What the bench counted.
    pub stats: Stats,
    /// Functional coverage, if it was asked for.
    pub coverage: Option<Database>,
}

/// A run that gave no report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No scenario of that name.
    #[error("no scenario is called '{0}'; `smmu list` shows those that there are")]
    UnknownScenario(String),
    /// The machine could not be made, or its wave not be finished.
    #[error(transparent)]
    Bench(#[from] BenchError),
    /// The run broke off.
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// Runs the scenario of that name.
pub fn run(scenario: &str, options: &RunOptions) -> Result<Report, RunError> {
    let unknown = || RunError::UnknownScenario(scenario.into());
    let soc = soc(scenario).ok_or_else(unknown)?;
    let params = match options.preset {
        Some(params) => params,
        None => params::preset(soc.name).ok_or_else(unknown)?,
    };
    let mut bench_options = options.bench.clone();
    bench_options.seed = options.choices.workload.seed;
    let bench = Bench::new(params, &options.engine, bench_options)?;
    run_on(soc, params, options, bench).and_then(|report| report.ok_or_else(unknown))
}

/// Runs a scenario on a bench that is already there, with its memory still empty. `None`: there is no UFS preset of that name.
pub fn run_on(
    soc: &'static Soc,
    params: &'static Params,
    options: &RunOptions,
    mut bench: Bench,
) -> Result<Option<Report>, RunError> {
    let (Some(mut host), Some(device)) = (HostConfig::preset(soc.name), DeviceConfig::preset(soc.name)) else { return Ok(None) };
    host.dma.id_bits = host.dma.id_bits.min(params.id_width as u32);
    for region in soc.ram {
        bench.memory().add_region(region.start, region.bytes);
    }
    let collector = options.coverage.then(|| Collector::new(params));
    if let Some(collector) = &collector {
        bench.observe_with(Box::new(collector.clone()));
    }
    let mut system = System::new(params, bench, UfsHost::new(host, device));
    let played = play(soc, &options.choices, &mut system);
    // Also a run that broke off leaves a wave that can be looked at.
    system.bench.finish_wave()?;
    let outcome = played?;
    Ok(Some(Report {
        scenario: soc.name,
        engine: options.engine.clone(),
        preset: params.name,
        choices: options.choices,
        outcome,
        cycles: system.bench.cycle(),
        time_ns: system.bench.now_ns(),
        stats: system.bench.stats().clone(),
        coverage: collector.map(|collector| collector.database()),
    }))
}
