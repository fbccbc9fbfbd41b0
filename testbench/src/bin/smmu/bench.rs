//! `smmu bench`: cycles of the hardware, speed of the simulation.

use crate::exit::{engine, preset, print, print_json, Failure, Outcome};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use smmu_testbench::benchmark::{hardware, simulation, Relation, Row};
use std::fmt::Write;

/// Measure the hardware in cycles, or the simulation in real time
///
/// Status 1 if a figure does not keep to its bound.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Latencies and rates of the hardware, in cycles
    Hw(HwArgs),
    /// Speed of the reference model and of the engines, on this machine
    Sim(SimArgs),
}

#[derive(clap::Args)]
struct HwArgs {
    /// Sizes and straps; `smmu list` shows them
    #[arg(long, default_value = "zynqmp")]
    preset: String,
    /// What runs the hardware; `smmu list` shows them
    #[arg(long, default_value = "rusthdl")]
    engine: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct SimArgs {
    /// Sizes and straps that the engines run; `smmu list` shows them
    #[arg(long, default_value = "zynqmp")]
    preset: String,
    /// Real time for each figure
    #[arg(long, default_value_t = 1.0, value_name = "N", value_parser = seconds, allow_negative_numbers = true)]
    seconds: f64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(n) if n > 0.0 && n <= 60.0 => Ok(n),
        _ => Err("it must be a number above 0 and up to 60".to_string()),
    }
}

pub fn main(args: Args) -> Outcome {
    let (rows, json) = match args.what {
        What::Hw(args) => {
            let (params, engine) = (preset(&args.preset)?, engine(&args.engine)?);
            let bar = bar(hardware::count());
            (hardware::measure(engine, params, |row| step(&bar, row)), args.json)
        }
        What::Sim(args) => {
            let params = preset(&args.preset)?;
            let bar = bar(simulation::count());
            (simulation::measure(params, args.seconds, |row| step(&bar, row)), args.json)
        }
    };
    if json {
        print_json(&rows)?;
    } else {
        print(&table(&rows))?;
    }
    if rows.iter().all(|row| row.ok) {
        Ok(())
    } else {
        Err(Failure::NotGood)
    }
}

/// A bar on standard error, if that is a terminal.
fn bar(rows: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(rows as u64).with_style(style)
}

fn step(bar: &ProgressBar, row: &Row) {
    bar.inc(1);
    bar.set_message(row.name.clone());
    if bar.length() == Some(bar.position()) {
        bar.finish_and_clear();
    }
}

/// The rows as text.
fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{:<26} {:<8} {:>4} {:>12} {:<14} {:<20} {:<5} of",
        "figure", "preset", "L", "value", "must be", "unit", "ok"
    );
    for row in rows {
        let latency = row.latency.map_or("-".to_string(), |l| l.to_string());
        let value = row.value.map_or("-".to_string(), number);
        let bound = match (row.bound, row.relation) {
            (None, _) => String::new(),
            (Some(bound), Relation::AtMost) => format!("<= {}", number(bound)),
            (Some(bound), Relation::AtLeast) => format!(">= {}", number(bound)),
        };
        let ok = if row.ok { "yes" } else { "NO" };
        let _ = writeln!(
            text,
            "{:<26} {:<8} {latency:>4} {value:>12} {bound:<14} {:<20} {ok:<5} {}",
            row.name, row.preset, row.unit, row.note
        );
    }
    text
}

/// Whole numbers without a fraction, others with three digits of it.
fn number(value: f64) -> String {
    if value.fract() == 0.0 || value >= 1e4 {
        format!("{value:.0}")
    } else {
        format!("{value:.3}")
    }
}
