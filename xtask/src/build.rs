//! `cargo xtask build`: what this machine can build.

use crate::{runner, setup};
use std::path::Path;

/// Feature of the engines that are made from Verilog.
pub const FEATURE: &str = "smmu-testbench/verilator";

/// Builds the workspace, optimized, and says what is in it. True if that went well.
pub fn run(root: &Path) -> anyhow::Result<bool> {
    let missing = missing(setup::starts);
    match missing.as_slice() {
        [] => println!("with the engines 'verilator' and 'lockstep'"),
        missing => println!(
            "without the engines 'verilator' and 'lockstep': there is no {}; install it with 'apt-get install {}' (Debian's names)",
            missing.join(" and no "),
            missing.join(" ")
        ),
    }
    let ok = runner::pass_through(root, "cargo", &arguments(missing.is_empty()))? == 0;
    if ok {
        println!("built; the command line is target/release/smmu");
    }
    Ok(ok)
}

/// Debian packages of what the Verilog engines need and is not there.
fn missing(starts: impl Fn(&str, &[&str]) -> bool) -> Vec<&'static str> {
    let needed = [("verilator", "verilator"), ("c++", "g++")];
    needed.into_iter().filter(|(program, _)| !starts(program, &["--version"])).map(|(_, package)| package).collect()
}

fn arguments(engines: bool) -> Vec<&'static str> {
    let mut arguments = vec!["build", "--release", "--workspace"];
    if engines {
        arguments.extend(["--features", FEATURE]);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_are_built_where_their_tools_are() {
        assert!(missing(|_, _| true).is_empty());
        assert_eq!(missing(|program, _| program != "verilator"), ["verilator"]);
        assert_eq!(missing(|_, _| false), ["verilator", "g++"]);
        assert!(arguments(true).contains(&FEATURE));
        assert!(!arguments(false).iter().any(|a| a.contains("verilator")));
    }
}
