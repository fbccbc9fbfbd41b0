//! `smmu tour`: directed programs that go where random ones seldom come.

use crate::exit::{engine, preset, print, Failure, Outcome};
use anyhow::anyhow;
use smmu_testbench::tour;
use std::path::PathBuf;

/// Run the directed programs that close the functional coverage
///
/// Status 0: every check passed; 1: one did not, which is told; 2: used wrongly.
#[derive(clap::Args)]
pub struct Args {
    /// Sizes and straps of the SMMU; `smmu list` shows them
    #[arg(long, default_value = "mini")]
    preset: String,
    /// What runs the hardware; `smmu list` shows them
    #[arg(long, default_value = "rusthdl")]
    engine: String,
    /// Write what was covered, for `smmu coverage`
    #[arg(long, value_name = "FILE")]
    coverage: Option<PathBuf>,
}

pub fn main(args: Args) -> Outcome {
    let params = preset(&args.preset)?;
    if params.features.stream_indexing {
        return Err(Failure::Usage(anyhow!(
            "preset {} has stream indexing, and the tour's streams are found by matching; for this preset: 'smmu demo streams', \
             'smmu random --preset {}'",
            params.name,
            params.name
        )));
    }
    let covered = tour::run(params, engine(&args.engine)?).map_err(|error| Failure::Broken(error.into()))?;
    if let Some(path) = &args.coverage {
        covered.write(path).map_err(|error| Failure::Usage(error.into()))?;
    }
    let (cycles, transactions) = covered
        .presets
        .values()
        .fold((0, 0), |(cycles, transactions), preset| (cycles + preset.cycles, transactions + preset.transactions));
    print(&format!("tour of {}: clean, {cycles} cycles, {transactions} transactions\n", params.name))
}
