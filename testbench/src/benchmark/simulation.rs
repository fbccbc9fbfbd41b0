//! Speed of the simulation, in real time on this machine.

use super::rig::{Rig, TRANSLATED, VA};
use super::{BenchmarkError, Relation, Row};
use smmu_rtl::params::Params;
use smmu_sim::dut::ENGINES;
use std::time::{Duration, Instant};

/// Translations a second that the reference model must reach on one thread, in a release build.
pub const MODEL_BOUND: f64 = 5e6;

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
    for (engine, _) in ENGINES {
        let measured = cycles_per_second(engine, params, seconds);
        let row = Row {
            name: format!("{engine}_cycles"),
            preset: params.name,
            latency: None,
            value: measured.as_ref().ok().copied(),
            unit: "cycles/s",
            bound: None,
            relation: Relation::AtLeast,
            ok: measured.is_ok(),
            note: match measured {
                Ok(_) => format!("one read hit and one write hit a cycle{build}"),
                Err(error) => format!("not measured: {error}"),
            },
        };
        done(&row);
        rows.push(row);
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
