//! Every check, as CI runs them.
//!
//! | step | what |
//! | --- | --- |
//! | format, clippy | of the whole workspace, warnings are errors |
//! | tests | unit and integration tests; among them the HDL lint of every preset, every preset's Verilog through three front ends, RustHDL against its Verilog for every block, `docs/registers.md` against the register table |
//! | doc tests | the examples in the documentation |
//! | scenarios | each log's machine with each of the four combinations of DMA operations and domain, and every demonstration, through the command line |
//! | Verilog engines | the same crates built with the models that Verilator makes: clippy, the engines' own tests, and a smaller dose of every scenario, and every demonstration, with RustHDL and Verilator in lockstep; a dose of random programs on every preset |
//! | FPGA | with `--fpga`: preset `mini` on an ECP5-85F, within its limits of area and clock frequency |
//!
//! A failed step does not keep the others from running, but for the build.

use crate::build::FEATURE;
use crate::runner::{logged, tell, Outcome};
use crate::setup;
use crate::tally::{tests_in, Tally};
use anyhow::Context;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Scenarios, DMA operations and domains of the matrix.
const SCENARIOS: [&str; 2] = ["sc8180x", "sm8550"];
const DMA_OPS: [&str; 2] = ["direct", "iommu"];
const DOMAINS: [&str; 2] = ["dma", "identity"];
/// Demonstrations.
const DEMOS: [&str; 5] = ["nested", "short", "stall", "ports", "streams"];
/// Reads and writes of a scenario; in lockstep, which is as slow as RustHDL.
const LONG: &str = "1000";
const LOCKSTEP_REQUESTS: &str = "60";
/// Seeds of random programs on each preset's Verilog. With two stages a program takes the checker ten times as long.
const DOSES: [(&str, &str); 7] = [
    ("mini", "30000..30100"),
    ("indexed", "30000..30100"),
    ("sc8180x", "30000..30100"),
    ("sm8550", "30000..30100"),
    ("full", "30000..30010"),
    ("zynqmp", "30000..30010"),
    ("multi", "30000..30005"),
];

/// Runs everything. True if all passed.
pub fn run(root: &Path, with_fpga: bool) -> anyhow::Result<bool> {
    let start = Instant::now();
    setup::programs(root)?;
    if with_fpga {
        setup::wheels(root)?;
    }
    let mut tally = Tally::default();
    let mut step = |name: &str, arguments: &[&str]| cargo(root, &mut tally, name, arguments);
    step("format", &["fmt", "--all", "--check"])?;
    step("clippy", &["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])?;
    let built = step("build", &["test", "--workspace", "--no-run", "--quiet"])?.ok;
    if built {
        if nextest_is_there() {
            step("tests", &["nextest", "run", "--workspace", "--no-fail-fast", "--status-level", "fail"])?;
        } else {
            step("tests", &["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"])?;
        }
        step("doc tests", &["test", "--workspace", "--doc", "--no-fail-fast"])?;
        let smmu = step("command line", &["build", "-p", "smmu-testbench", "--bin", "smmu", "--quiet"])?.ok;
        if smmu {
            tally.add(scenarios(root, &[], LONG)?);
        }
        tally.add(verilog_engines(root)?);
        if with_fpga {
            let outcome = logged(root, "fpga mini", "cargo", &["run", "--quiet", "-p", "smmu-fpga", "--bin", "smmu-fpga"])?;
            tell("fpga mini", &outcome);
            println!("{}", figures(&outcome.text));
            tally.count(outcome.ok);
        }
    }
    println!("{:.0} s in all", start.elapsed().as_secs_f64());
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(tally.failed == 0)
}

/// One step: a cargo command, its line printed and its tests counted.
fn cargo(root: &Path, tally: &mut Tally, name: &str, arguments: &[&str]) -> anyhow::Result<Outcome> {
    let outcome = logged(root, name, "cargo", arguments)?;
    tell(name, &outcome);
    let tests = tests_in(&outcome.text);
    tally.add(tests);
    // A step without tests of its own counts as one, and so does one that failed before it could run a test.
    if tests == Tally::default() || (!outcome.ok && tests.failed == 0) {
        tally.count(outcome.ok);
    }
    Ok(outcome)
}

/// The engines that Verilator makes: built beside what was built without them.
fn verilog_engines(root: &Path) -> anyhow::Result<Tally> {
    let feature = ["--features", FEATURE];
    let mut tally = Tally::default();
    let mut step = |name: &str, before: &[&str], after: &[&str]| {
        cargo(root, &mut tally, name, &[before, feature.as_slice(), after].concat())
    };
    let crates = ["-p", "smmu-sim", "-p", "smmu-testbench"];
    step("Verilog engines, clippy", &[&["clippy", "--all-targets", "--quiet"], &crates[..]].concat(), &["--", "-D", "warnings"])?;
    step("Verilog engines, tests", &[&["test", "--lib", "--no-fail-fast"], &crates[..]].concat(), &["--", "dut::"])?;
    let built = step("Verilog engines, command line", &["build", "--bin", "smmu", "--quiet", "-p", "smmu-testbench"], &[])?.ok;
    if built {
        tally.add(scenarios(root, &["--engine", "lockstep"], LOCKSTEP_REQUESTS)?);
        tally.add(doses(root)?);
    }
    Ok(tally)
}

/// Random programs on the Verilog of every preset, one preset after the other: a run takes all processors.
fn doses(root: &Path) -> anyhow::Result<Tally> {
    let program = root.join("target/debug/smmu").display().to_string();
    let mut tally = Tally::default();
    for (preset, seeds) in DOSES {
        let arguments = ["random", "--preset", preset, "--engine", "verilator", "--seeds", seeds];
        let name = format!("smmu {}", arguments.join(" "));
        let outcome = logged(root, &name, &program, &arguments)?;
        tell(&name, &outcome);
        tally.count(outcome.ok);
    }
    Ok(tally)
}

fn nextest_is_there() -> bool {
    let status = Command::new("cargo").args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|s| s.success())
}

/// The lines of the FPGA report that the README has too.
fn figures(text: &str) -> String {
    let wanted = ["LUT4", "FF", "block RAM", "Fmax", "limits"];
    let lines = text.lines().filter(|l| wanted.iter().any(|w| l.trim_start().starts_with(w)));
    lines.map(|l| format!("       {}", l.trim())).collect::<Vec<_>>().join("\n")
}

/// The scenario matrix with so many requests, and the demonstrations, with these further arguments; as many runs at a time as there are
/// processors.
fn scenarios(root: &Path, further: &[&str], requests: &str) -> anyhow::Result<Tally> {
    let program = root.join("target/debug/smmu").display().to_string();
    let mut runs = Vec::new();
    for scenario in SCENARIOS {
        for dma in DMA_OPS {
            runs.extend(
                DOMAINS.map(|domain| vec!["run", scenario, "--dma-ops", dma, "--domain", domain, "--requests", requests]),
            );
        }
    }
    runs.extend(DEMOS.map(|demo| vec!["demo", demo]));
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get()).min(runs.len());
    let one = |run: &Vec<&str>| -> anyhow::Result<(String, Outcome)> {
        let arguments = [run.as_slice(), further].concat();
        let name = format!("smmu {}", arguments.join(" "));
        let outcome = logged(root, &name, &program, &arguments)?;
        Ok((name, outcome))
    };
    let results: Vec<anyhow::Result<(String, Outcome)>> = std::thread::scope(|scope| {
        let work = || {
            let mut done = Vec::new();
            while let Some(run) = runs.get(next.fetch_add(1, Ordering::SeqCst)) {
                done.push(one(run));
            }
            done
        };
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|t| t.join().unwrap_or_else(|_| vec![Err(anyhow::anyhow!("a worker died"))])).collect()
    });
    let mut done = results.into_iter().collect::<anyhow::Result<Vec<_>>>().context("the scenarios")?;
    done.sort_by(|a, b| a.0.cmp(&b.0));
    let mut tally = Tally::default();
    for (name, outcome) in &done {
        tell(name, outcome);
        tally.count(outcome.ok);
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::figures;

    #[test]
    fn figures_are_picked_out() {
        let text = "preset mini on x\n  LUT4   100\n  LUT places 9\n  Fmax  99 MHz\ncritical path: ..\nlimits met: at least\n";
        assert_eq!(figures(text), "       LUT4   100\n       Fmax  99 MHz\n       limits met: at least");
    }
}
