//! `smmu`: the command line.
//!
//! One file a command. Exit status, for all of them: 0 good; 1 a run, a measurement or a decoding did not come out as it should;
//! 2 used wrongly (unknown scenario, preset, engine or option, or a file that is not there). What is asked for goes to standard
//! output, everything else to standard error.

mod bench;
mod coverage;
mod decode;
mod demo;
mod exit;
mod list;
#[cfg(feature = "verilator-mutants")]
mod mutant;
mod random;
mod replay;
mod run;
mod tour;
mod verilog;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Runs, measures and explains an Arm SMMUv2 in RustHDL.
#[derive(Parser)]
#[command(name = "smmu", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Run(run::Args),
    Replay(replay::Args),
    List(list::Args),
    Demo(demo::Args),
    Decode(decode::Args),
    Verilog(verilog::Args),
    Bench(bench::Args),
    Tour(tour::Args),
    Random(random::Args),
    Coverage(coverage::Args),
    #[cfg(feature = "verilator-mutants")]
    Mutant(mutant::Args),
}

fn main() -> ExitCode {
    // clap prints usage errors and leaves with status 2 by itself.
    let result = match Cli::parse().command {
        Command::Run(args) => run::main(args),
        Command::Replay(args) => replay::main(args),
        Command::List(args) => list::main(args),
        Command::Demo(args) => demo::main(args),
        Command::Decode(args) => decode::main(args),
        Command::Verilog(args) => verilog::main(args),
        Command::Bench(args) => bench::main(args),
        Command::Tour(args) => tour::main(args),
        Command::Random(args) => random::main(args),
        Command::Coverage(args) => coverage::main(args),
        #[cfg(feature = "verilator-mutants")]
        Command::Mutant(args) => mutant::main(args),
    };
    #[cfg(feature = "verilator-coverage")]
    let result = result.and(code_coverage());
    exit::code(result)
}

/// Leaves what Verilator counted of lines and toggles in the folder that `SMMU_CODE_COVERAGE` names, one file a preset and process.
#[cfg(feature = "verilator-coverage")]
fn code_coverage() -> exit::Outcome {
    use anyhow::Context;
    let Some(folder) = std::env::var_os("SMMU_CODE_COVERAGE").map(std::path::PathBuf::from) else { return Ok(()) };
    for preset in smmu_rtl::params::PRESETS {
        let path = folder.join(format!("{}-{}.dat", preset.name, std::process::id()));
        smmu_sim::dut::verilator::write_coverage(preset.name, &path)
            .with_context(|| path.display().to_string())
            .map_err(exit::Failure::Usage)?;
    }
    Ok(())
}
