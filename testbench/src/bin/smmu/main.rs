//! `smmu`: the command line.
//!
//! One file a command. Exit status, for all of them: 0 good; 1 a run, a measurement or a decoding did not come out as it should;
//! 2 used wrongly (unknown scenario, preset, engine or option, or a file that is not there). What is asked for goes to standard
//! output, everything else to standard error.

mod bench;
mod decode;
mod exit;
mod list;
mod replay;
mod run;
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
    Decode(decode::Args),
    Verilog(verilog::Args),
    Bench(bench::Args),
}

fn main() -> ExitCode {
    // clap prints usage errors and leaves with status 2 by itself.
    let result = match Cli::parse().command {
        Command::Run(args) => run::main(args),
        Command::Replay(args) => replay::main(args),
        Command::List(args) => list::main(args),
        Command::Decode(args) => decode::main(args),
        Command::Verilog(args) => verilog::main(args),
        Command::Bench(args) => bench::main(args),
    };
    exit::code(result)
}
