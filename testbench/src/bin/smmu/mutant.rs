//! `smmu mutant`: is this fault in the Verilog noticed? Part of `cargo xtask mutants`, and built by it alone.
//!
//! One process a mutation: a mutated design may not settle, which ends the process, and may hang, which its time limit ends.

use crate::exit::{print, Failure, Outcome};
use smmu_rtl::params::MINI;
use smmu_sim::dut;
use smmu_testbench::bench::BenchOptions;
use smmu_testbench::benchmark::hardware;
use smmu_testbench::random::execute::{execute, Extras};
use smmu_testbench::random::program;
use smmu_testbench::scenario::{self, Choices, DmaOps, DomainKind, RunOptions, Workload};
use smmu_testbench::tour;

/// Run the scenarios, the speed table, the tour and random programs on a mutated `mini`
///
/// Status 0: nothing was noticed; 1: a check failed, which is printed.
#[derive(clap::Args)]
pub struct Args {
    /// Number of the mutation; 0 is none
    number: u32,
    /// Random programs
    #[arg(long, default_value_t = 0, value_name = "N")]
    seeds: u64,
}

const ENGINE: &str = "verilator";
/// Reads and writes of a scenario that works.
const REQUESTS: usize = 24;

pub fn main(args: Args) -> Outcome {
    dut::verilator::set_mutation(args.number);
    match noticed(args.seeds)? {
        Some(how) => {
            print(&format!("{how}\n"))?;
            Err(Failure::NotGood)
        }
        None => print("not noticed\n"),
    }
}

/// What the first check that fails says.
fn noticed(seeds: u64) -> Result<Option<String>, Failure> {
    for (dma_ops, domain) in [
        (DmaOps::Direct, DomainKind::Dma),
        (DmaOps::Iommu, DomainKind::Dma),
        (DmaOps::Iommu, DomainKind::Identity),
        (DmaOps::Direct, DomainKind::Identity),
    ] {
        let workload = Workload { requests: REQUESTS, ..Choices::default().workload };
        let options = RunOptions {
            engine: ENGINE.to_string(),
            preset: Some(&MINI),
            choices: Choices { dma_ops, domain, workload },
            bench: BenchOptions { watchdog: 20_000, ..BenchOptions::default() },
            coverage: false,
        };
        let found = match scenario::run("sc8180x", &options) {
            Ok(report) if report.outcome.ok => None,
            Ok(report) => Some(report.outcome.reason),
            Err(error) => Some(error.to_string()),
        };
        if let Some(text) = found {
            return Ok(Some(format!("scenario {dma_ops:?}, {domain:?}: {text}")));
        }
    }
    if let Some(row) = hardware::measure(ENGINE, &MINI, |_| ()).iter().find(|row| !row.ok) {
        return Ok(Some(format!("bench: {} is {:?} {}: {}", row.name, row.value, row.unit, row.note)));
    }
    if let Err(error) = tour::run(&MINI, ENGINE) {
        return Ok(Some(format!("tour: {error}")));
    }
    for seed in 0..seeds {
        let device = dut::device(ENGINE, &MINI).map_err(|error| Failure::Broken(error.into()))?;
        let outcome = execute(&program(seed, &MINI), device, Extras::default());
        if let Some(failure) = outcome.failure {
            return Ok(Some(format!("seed {seed}: {}: {}", failure.kind, failure.text)));
        }
    }
    Ok(None)
}
