//! `smmu demo`: one part of the architecture, told line by line.

use crate::exit::{device, engine, preset, print, print_json, unknown, Failure, Outcome};
use anyhow::anyhow;
use smmu_sim::dut::WaveRequest;
use smmu_testbench::bench::{BenchError, BenchOptions};
use smmu_testbench::demo::{demo, DEMOS};
use smmu_testbench::memory::latency::Latency;
use std::path::PathBuf;

/// Show one part of the architecture at work: set-up, use, a fault and its repair
///
/// Status 0: everything was as it should be; 1: something was not, which is told; 2: used wrongly.
#[derive(clap::Args)]
pub struct Args {
    /// What is shown: nested, short, stall or ports; `smmu list` explains them
    name: String,
    /// What runs the hardware; `smmu list` shows them
    #[arg(long, default_value = "rusthdl")]
    engine: String,
    /// Sizes, straps and features of the SMMU instead of the demonstration's own
    #[arg(long)]
    preset: Option<String>,
    /// Latency of memory and table reads, in cycles
    #[arg(long, default_value_t = 10, value_name = "CYCLES", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    latency: u32,
    /// Write a wave (VCD), and a GTKWave view beside it
    #[arg(long, value_name = "FILE")]
    vcd: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn main(args: Args) -> Outcome {
    let Some(demo) = demo(&args.name) else {
        return Err(unknown("demonstration", &args.name, DEMOS.iter().map(|demo| demo.name)));
    };
    let params = args.preset.as_deref().map(preset).transpose()?.unwrap_or(demo.preset);
    let (what, has) = demo.needs;
    if !has(params) {
        let own = demo.preset.name;
        let (name, preset) = (demo.name, params.name);
        return Err(Failure::Usage(anyhow!(
            "preset {preset} has not what '{name}' needs ({what}); leave --preset out for {own}"
        )));
    }
    let wave = args.vcd.map(|path| WaveRequest { path, from: 0, to: u64::MAX });
    let options = BenchOptions { latency: Latency::Fixed(args.latency), wave, isolation: true, ..BenchOptions::default() };
    let shown = demo.run(params, engine(&args.engine)?, options).map_err(|error| match error {
        BenchError::Device(error) => device(error),
        error => Failure::Broken(error.into()),
    })?;
    if args.json {
        print_json(&shown)?;
    } else {
        print(&format!("{shown}\n"))?;
    }
    if shown.ok {
        Ok(())
    } else {
        Err(Failure::NotGood)
    }
}
