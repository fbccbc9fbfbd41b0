//! `smmu verilog`: the hardware as one Verilog file.

use crate::exit::{preset, print, Failure, Outcome};
use anyhow::{anyhow, Context};
use std::path::PathBuf;

/// Write the Verilog of a preset: one file, module `smmu`, flat port names
#[derive(clap::Args)]
pub struct Args {
    /// Sizes and straps; `smmu list` shows them
    #[arg(long, default_value = "zynqmp")]
    preset: String,
    /// Folder to write to; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub fn main(args: Args) -> Outcome {
    let params = preset(&args.preset)?;
    let folder = &args.out;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder '{}'", folder.display()))
        .map_err(Failure::Usage)?;
    let text = smmu_rtl::verilog::emit(params).map_err(|error| anyhow!(error))?;
    let file = folder.join(format!("smmu_{}.v", params.name));
    std::fs::write(&file, &text).with_context(|| format!("cannot write '{}'", file.display()))?;
    let modules = text.lines().filter(|line| line.starts_with("module ")).count();
    print(&format!("{}: {modules} modules, {} lines\n", file.display(), text.lines().count()))
}
