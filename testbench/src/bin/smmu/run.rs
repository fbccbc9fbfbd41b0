//! `smmu run`: a scenario on the simulated hardware.

use crate::exit::{device, engine, preset, print, print_json, unknown, Failure, Outcome};
use anyhow::anyhow;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use smmu_sim::dut::WaveRequest;
use smmu_testbench::bench::{BenchError, BenchOptions};
use smmu_testbench::memory::latency::Latency;
use smmu_testbench::report::RunReport;
use smmu_testbench::scenario::{self, Choices, DmaOps, DomainKind, RunError, RunOptions, Workload, SOCS};
use std::path::PathBuf;
use std::time::Duration;

/// Run a scenario: a machine boots its SMMU and UFS drivers
///
/// Prints the kernel log and a summary. Status 0: the run ended as this combination of DMA ops and domain should (for `direct` and
/// `dma` that is a context fault); 1: it did not, or broke off; 2: used wrongly.
#[derive(clap::Args)]
pub struct Args {
    /// The machine: sc8180x or sm8550; `smmu list` shows them
    scenario: String,
    /// What runs the hardware; `smmu list` shows them
    #[arg(long, default_value = "rusthdl")]
    engine: String,
    /// Sizes and straps of the SMMU instead of the machine's own
    #[arg(long)]
    preset: Option<String>,
    /// Where the UFS driver's DMA addresses come from
    #[arg(long, value_enum, default_value_t = Ops::Direct)]
    dma_ops: Ops,
    /// What the UFS's stream is attached to
    #[arg(long, value_enum, default_value_t = Domain::Dma)]
    domain: Domain,
    /// Seed of everything random
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Reads and writes once the device works
    #[arg(long, default_value_t = 1000, value_name = "N")]
    requests: usize,
    /// Latency of memory and table reads, in cycles
    #[arg(long, default_value_t = 10, value_name = "CYCLES", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    latency: u32,
    /// Write a wave (VCD), and a GTKWave view beside it
    #[arg(long, value_name = "FILE")]
    vcd: Option<PathBuf>,
    /// First cycle of the wave
    #[arg(long, default_value_t = 0, value_name = "CYCLE", requires = "vcd")]
    vcd_from: u64,
    /// Last cycle of the wave
    #[arg(long, default_value_t = u64::MAX, value_name = "CYCLE", requires = "vcd", hide_default_value = true)]
    vcd_to: u64,
    /// Write what was covered, for `smmu coverage`; only of a run that ends as it should
    #[arg(long, value_name = "FILE")]
    coverage: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Ops {
    /// Physical addresses
    Direct,
    /// Addresses of the IOMMU's allocator, mapped in its domain
    Iommu,
}

#[derive(Clone, Copy, ValueEnum)]
enum Domain {
    /// A translating domain
    Dma,
    /// No translation
    Identity,
}

pub fn main(args: Args) -> Outcome {
    let Some(soc) = scenario::soc(&args.scenario) else {
        return Err(unknown("scenario", &args.scenario, SOCS.iter().map(|soc| soc.name)));
    };
    if args.vcd_from > args.vcd_to {
        return Err(Failure::Usage(anyhow!("the wave would end (cycle {}) before it starts ({})", args.vcd_to, args.vcd_from)));
    }
    let wave = args.vcd.map(|path| WaveRequest { path, from: args.vcd_from, to: args.vcd_to });
    let choices = Choices {
        dma_ops: match args.dma_ops {
            Ops::Direct => DmaOps::Direct,
            Ops::Iommu => DmaOps::Iommu,
        },
        domain: match args.domain {
            Domain::Dma => DomainKind::Dma,
            Domain::Identity => DomainKind::Identity,
        },
        workload: Workload { requests: args.requests, seed: args.seed, ..Choices::default().workload },
    };
    let options = RunOptions {
        engine: engine(&args.engine)?.to_string(),
        preset: args.preset.as_deref().map(preset).transpose()?,
        choices,
        bench: BenchOptions { latency: Latency::Fixed(args.latency), wave: wave.clone(), ..BenchOptions::default() },
        coverage: args.coverage.is_some(),
    };
    let spinner = spinner(soc.name, &options.engine);
    let result = scenario::run(soc.name, &options);
    spinner.finish_and_clear();
    let preset = options.preset.map_or(soc.name, |params| params.name);
    let report = match result {
        Ok(report) => {
            if let (Some(path), Some(coverage), true) = (&args.coverage, &report.coverage, report.outcome.ok) {
                coverage.write(path).map_err(|error| Failure::Usage(error.into()))?;
            }
            RunReport::from(&report)
        }
        Err(RunError::Broken(broken)) => {
            RunReport::broken(soc.name, &options.engine, preset, &choices, broken.to_string(), &broken.log)
        }
        Err(RunError::Bench(BenchError::Device(error))) => return Err(device(error)),
        Err(error) => return Err(Failure::Broken(error.into())),
    };
    if let Some(wave) = wave.filter(|wave| wave.from >= report.cycles) {
        eprintln!("smmu: the wave is empty: the run ended in cycle {}, before --vcd-from {}", report.cycles, wave.from);
    }
    if args.json {
        print_json(&report)?;
    } else {
        print(&report.to_string())?;
    }
    if report.ok {
        Ok(())
    } else {
        Err(Failure::NotGood)
    }
}

/// A sign of life on standard error, if that is a terminal.
fn spinner(scenario: &str, engine: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    let spinner = ProgressBar::new_spinner().with_style(style).with_message(format!("{scenario} on {engine}"));
    spinner.enable_steady_tick(Duration::from_millis(200));
    spinner
}
