//! Speed of the simulation, in real time on this machine.
//!
//! The bounds of the engines are for preset `zynqmp` and a release build; other presets and builds are measured without a bound.

use super::rig::{Rig, TRANSLATED, VA};
use super::{BenchmarkError, Relation, Row};
use smmu_rtl::params::Params;
use smmu_sim::dut::ENGINES;
use std::time::{Duration, Instant};

/// Translations a second that the reference model must reach on one thread, in a release build.
pub const MODEL_BOUND: f64 = 5e6;
/// Cycles a second that an engine must reach.
const ENGINE_BOUNDS: &[(&str, f64)] = &[("rusthdl", 8e3), ("verilator", 600e3)];
/// How many times faster than the engine `rusthdl` Verilator must be.
const RATIO_BOUND: f64 = 20.0;
/// Engines whose speed is that of two others.
const NOT_MEASURED: &[&str] = &["lockstep"];

/// Rows that [`measure`] gives.
pub fn count() -> usize {
    let engines = ENGINES.iter().filter(|(engine, _)| !NOT_MEASURED.contains(engine)).count();
    1 + engines + 2 * usize::from(ENGINES.iter().any(|(engine, _)| *engine == "verilator"))
}

/// Measures the model and every engine for about `seconds` each; `done` is called after each row.
pub fn measure(params: &'static Params, seconds: f64, mut done: impl FnMut(&Row)) -> Vec<Row> {
    let build = if cfg!(debug_assertions) { "; this is a debug build, a release build is faster" } else { "" };
    let rate = smmu_sim::model::bench::hits_per_second(seconds);
    let mut rows = vec![Row {
        name: "model_translations".to_string(),
        preset: smmu_rtl::params::ZYNQMP.name,
        latency: None,
        value: Some(rate),
        unit: "translations/s",
        bound: Some(MODEL_BOUND),
        relation: Relation::AtLeast,
        ok: rate >= MODEL_BOUND,
        note: format!("reference model, TLB-resident reads and writes, one thread{build}"),
    }];
    done(&rows[0]);
    let bounded = params.name == smmu_rtl::params::ZYNQMP.name && !cfg!(debug_assertions);
    for (engine, _) in ENGINES.iter().filter(|(engine, _)| !NOT_MEASURED.contains(engine)) {
        let measured = cycles_per_second(engine, params, seconds);
        let value = measured.as_ref().ok().copied();
        let bound = ENGINE_BOUNDS.iter().find(|(name, _)| name == engine).map(|(_, bound)| *bound).filter(|_| bounded);
        let row = Row {
            name: format!("{engine}_cycles"),
            preset: params.name,
            latency: None,
            value,
            unit: "cycles/s",
            bound,
            relation: Relation::AtLeast,
            ok: value.is_some_and(|value| bound.is_none_or(|bound| value >= bound)),
            note: match measured {
                Ok(_) => format!("one read hit and one write hit a cycle{build}"),
                Err(error) => format!("not measured: {error}"),
            },
        };
        done(&row);
        rows.push(row);
    }
    let of = |engine: &str| rows.iter().find(|row| row.name == format!("{engine}_cycles")).and_then(|row| row.value);
    let ratio = |other: &str| of("verilator").zip(of(other)).map(|(verilator, other)| verilator / other);
    let ratios = [
        ("verilator_to_rusthdl", ratio("rusthdl"), Some(RATIO_BOUND), "Verilator to the engine 'rusthdl'"),
        ("verilator_to_passes", ratio("rusthdl-passes"), None, "Verilator to RustHDL's own step"),
    ];
    for (name, ratio, bound, note) in ratios {
        let Some(ratio) = ratio else { continue };
        let bound = bound.filter(|_| bounded);
        rows.push(Row {
            name: name.to_string(),
            preset: params.name,
            latency: None,
            value: Some(ratio),
            unit: "times",
            bound,
            relation: Relation::AtLeast,
            ok: bound.is_none_or(|bound| ratio >= bound),
            note: note.to_string(),
        });
        rows.last().into_iter().for_each(&mut done);
    }
    rows
}

/// Cycles a second while hits go through at full speed.
fn cycles_per_second(engine: &str, params: &'static Params, seconds: f64) -> Result<f64, BenchmarkError> {
    const BATCH: u64 = 256;
    let mut rig = Rig::new(engine, params, 4)?;
    let limit = Duration::from_secs_f64(seconds.clamp(0.0, 60.0));
    let (start, from) = (Instant::now(), rig.cycles());
    loop {
        for n in 0..BATCH {
            let addr = VA + ((n % 8) << 12);
            rig.send_read(TRANSLATED, (n % 8) as u32, addr);
            rig.send_write(TRANSLATED, (n % 8) as u32, addr);
        }
        rig.run()?;
        let passed = start.elapsed();
        if passed >= limit {
            return Ok((rig.cycles() - from) as f64 / passed.as_secs_f64().max(1e-9));
        }
    }
}
