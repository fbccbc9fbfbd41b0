//! Set-up and checks of the project. `cargo xtask test` is what CI runs.
//!
//! | command | does |
//! | --- | --- |
//! | `cargo xtask setup` | installs what the checks need and is missing: Verilog tools from the system's packages, FPGA tools from PyPI |
//! | `cargo xtask build` | builds everything that this machine can build, optimized: with Verilator and a C++ compiler, the engines that need them |
//! | `cargo xtask test` | set-up, then every check; the last line is `N passed, N failed` |
//! | `cargo xtask coverage` | what the runs cover, against the goals |
//! | `cargo xtask mutants` | puts faults into the Verilog and counts those that the checks notice |
//! | `cargo xtask fpga --preset P` | area and timing on an ECP5-85F |
//!
//! Exit codes: 0 all is well, 1 a check failed, 2 it could not be run.

mod build;
mod coverage;
mod mutants;
mod runner;
mod setup;
mod tally;
mod test;

use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Set-up and checks of the project", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs what the checks need and is missing.
    Setup,
    /// Builds everything that this machine can build, optimized.
    Build,
    /// Sets up and runs every check, as CI does.
    Test {
        /// Also runs the FPGA flow of preset `mini` against its limits (some minutes).
        #[arg(long)]
        fpga: bool,
    },
    /// Counts what scenarios and random programs cover, and holds it against the goals.
    Coverage(coverage::Args),
    /// Puts faults into the Verilog of `mini` and counts those that the checks notice.
    Mutants(mutants::Args),
    /// Area and timing of a preset on an ECP5-85F.
    Fpga {
        /// Preset: mini, zynqmp, sc8180x or sm8550.
        #[arg(long, default_value = "mini")]
        preset: String,
        /// Print the report as JSON.
        #[arg(long)]
        json: bool,
        /// Frequency to work towards, MHz.
        #[arg(long)]
        target: Option<String>,
        /// Seed of the placer.
        #[arg(long)]
        seed: Option<String>,
    },
}

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

fn main() -> ExitCode {
    let root = root();
    let done = match Arguments::parse().command {
        Command::Setup => setup::run(&root).map(|()| true),
        Command::Build => build::run(&root),
        Command::Test { fpga } => test::run(&root, fpga),
        Command::Coverage(args) => coverage::run(&root, &args),
        Command::Mutants(args) => mutants::run(&root, &args),
        Command::Fpga { preset, json, target, seed } => return fpga(&root, &preset, json, target.as_deref(), seed.as_deref()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn fpga(root: &Path, preset: &str, json: bool, target: Option<&str>, seed: Option<&str>) -> ExitCode {
    let mut arguments = vec!["run", "--quiet", "-p", "smmu-fpga", "--bin", "smmu-fpga", "--", "--preset", preset];
    if json {
        arguments.push("--json");
    }
    for (name, value) in [("--target", target), ("--seed", seed)] {
        arguments.extend(value.into_iter().flat_map(|value| [name, value]));
    }
    let code = setup::wheels(root).and_then(|()| runner::pass_through(root, "cargo", &arguments));
    match code {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(2)),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
