//! `cargo xtask coverage`: what the scenarios, the tour and random programs cover, against the goals.
//!
//! One build counts everything: functional bins in the bench, lines and toggles in the Verilog that Verilator compiled. The goals are
//! every functional bin, every line, and 95 % of the toggles, on `mini` and `zynqmp`. What cannot be reached is named with its reason:
//! functional bins in the cover groups, lines and toggles in [`EXCLUSIONS`].

use crate::runner::{logged, pass_through, tell};
use anyhow::{bail, Context};
use std::path::Path;
use std::time::Instant;

/// Where everything is made, below the root.
const FOLDER: &str = "target/coverage";
/// Lines and toggles that cannot be reached.
const EXCLUSIONS: &str = "testbench/coverage.txt";
/// The presets that have goals, with the random programs of a run without `--seeds`.
const PRESETS: [(&str, u64); 2] = [("mini", 3_000), ("zynqmp", 1_000)];

/// What to do.
#[derive(clap::Args)]
pub struct Args {
    /// Random programs of each preset, instead of the usual numbers
    #[arg(long, value_name = "N")]
    seeds: Option<u64>,
    /// Only this preset
    #[arg(long)]
    preset: Option<String>,
}

/// Runs everything. True: all goals are reached.
pub fn run(root: &Path, args: &Args) -> anyhow::Result<bool> {
    crate::setup::programs(root)?;
    let start = Instant::now();
    let presets: Vec<_> = PRESETS.iter().filter(|(name, _)| args.preset.as_deref().is_none_or(|only| only == *name)).collect();
    if presets.is_empty() {
        bail!("only mini and zynqmp have coverage goals");
    }
    let folder = root.join(FOLDER);
    // Counts of an earlier run are not of this one.
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    std::fs::create_dir_all(folder.join("code")).with_context(|| folder.display().to_string())?;
    let build = ["build", "-p", "smmu-testbench", "--bin", "smmu", "--features", "verilator-coverage"];
    step(root, "build that counts", "cargo", &build)?;
    std::fs::copy(root.join("target/debug/smmu"), folder.join("smmu")).context("the program")?;
    for (preset, seeds) in &presets {
        for (name, arguments) in programs(preset, args.seeds.unwrap_or(*seeds)) {
            smmu(root, &format!("{preset}: {name}"), &arguments)?;
        }
    }
    let good = report(root, presets.iter().map(|(name, _)| *name))?;
    println!("{:.0} s; the page is {FOLDER}/index.html", start.elapsed().as_secs_f64());
    Ok(good)
}

/// The runs of a preset: name, arguments of `smmu`.
fn programs(preset: &str, seeds: u64) -> Vec<(String, Vec<String>)> {
    let words = |text: String| text.split(' ').map(str::to_string).collect::<Vec<_>>();
    let common = format!("--preset {preset} --engine verilator --coverage {FOLDER}/{preset}");
    let mut runs = Vec::new();
    for scenario in ["sc8180x", "sm8550"] {
        for (ops, domain) in [("direct", "dma"), ("iommu", "dma"), ("iommu", "identity"), ("direct", "identity")] {
            let name = format!("{scenario}-{ops}-{domain}");
            runs.push((
                format!("{scenario}, {ops}, {domain}"),
                words(format!("run {scenario} {common}-{name}.json --dma-ops {ops} --domain {domain} --requests 200")),
            ));
        }
    }
    runs.push(("tour".to_string(), words(format!("tour {common}-tour.json"))));
    runs.push((format!("{seeds} random programs"), words(format!("random {common}-random.json --seeds 0..{seeds}"))));
    runs
}

/// One run of the program that counts.
fn smmu(root: &Path, name: &str, arguments: &[String]) -> anyhow::Result<()> {
    let folder = format!("SMMU_CODE_COVERAGE={FOLDER}/code");
    let program = format!("{FOLDER}/smmu");
    let mut all = vec![folder.as_str(), &program];
    all.extend(arguments.iter().map(String::as_str));
    step(root, name, "env", &all)
}

fn step(root: &Path, name: &str, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let outcome = logged(root, name, program, arguments)?;
    tell(name, &outcome);
    if !outcome.ok {
        bail!("'{name}' failed: what it covered counts for nothing");
    }
    Ok(())
}

/// Files in a folder that end so, in the order of their names.
fn files(folder: &Path, prefix: &str, end: &str) -> anyhow::Result<Vec<String>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut found: Vec<String> = entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with(prefix) && name.ends_with(end)
        })
        .map(|entry| entry.path().display().to_string())
        .collect();
    found.sort();
    Ok(found)
}

/// Merges, shows, checks.
fn report<'a>(root: &Path, presets: impl Iterator<Item = &'a str> + Clone) -> anyhow::Result<bool> {
    let folder = root.join(FOLDER);
    let program = format!("{FOLDER}/smmu");
    let all = format!("{FOLDER}/coverage.json");
    let counts = files(&folder, "", ".json")?;
    let mut merge = vec!["coverage", "merge", "-o", &all];
    merge.extend(counts.iter().map(String::as_str));
    step(root, "merged counts", &program, &merge)?;
    let (html, xml) = (format!("{FOLDER}/index.html"), format!("{FOLDER}/coverage.xml"));
    let mut show = ["coverage", "report", &all, "--check", "--html", &html, "--xml", &xml, "--exclusions", EXCLUSIONS]
        .map(str::to_string)
        .to_vec();
    for preset in presets {
        let data = files(&folder.join("code"), &format!("{preset}-"), ".dat")?;
        let info = format!("{FOLDER}/{preset}.info");
        let mut lcov = vec!["coverage", "lcov", "-o", &info];
        lcov.extend(data.iter().map(String::as_str));
        step(root, &format!("{preset}: lcov"), &program, &lcov)?;
        show.extend(data.iter().flat_map(|file| ["--code".to_string(), format!("{preset}={file}")]));
    }
    let show: Vec<&str> = show.iter().map(String::as_str).collect();
    match pass_through(root, &program, &show)? {
        0 => Ok(true),
        1 => Ok(false),
        _ => bail!("the report could not be made"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_counts_into_a_file_of_its_own() {
        let all: Vec<Vec<String>> =
            PRESETS.iter().flat_map(|(preset, seeds)| programs(preset, *seeds)).map(|(_, arguments)| arguments).collect();
        let mut outputs: Vec<&String> = all
            .iter()
            .map(|arguments| {
                let at = arguments.iter().position(|word| word == "--coverage").expect("it counts");
                &arguments[at + 1]
            })
            .collect();
        let count = outputs.len();
        outputs.sort();
        outputs.dedup();
        assert_eq!((outputs.len(), count), (20, 20));
    }

    #[test]
    fn files_are_those_of_the_preset() {
        let folder = std::env::temp_dir().join(format!("xtask-coverage-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        for name in ["mini-2.dat", "mini-1.dat", "zynqmp-1.dat", "mini-1.txt"] {
            std::fs::write(folder.join(name), "").expect("a file");
        }
        let found = files(&folder, "mini-", ".dat").expect("the folder is there");
        let names: Vec<&str> = found.iter().filter_map(|path| path.rsplit('/').next()).collect();
        assert_eq!(names, ["mini-1.dat", "mini-2.dat"]);
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
