//! The demonstrations on the default engine, and a demonstration of hardware that does something else.

use super::*;
use smmu_rtl::params::{MINI, PRESETS};

fn options() -> BenchOptions {
    BenchOptions { isolation: false, ..BenchOptions::default() }
}

#[test]
fn every_demonstration_is_as_it_should_be() {
    for demo in DEMOS {
        let shown = demo.run(demo.preset, "rusthdl", options()).expect("the engine is there");
        assert!(shown.ok, "{shown}");
        assert!(shown.lines.len() > 5, "{shown}");
    }
}

#[test]
fn what_is_wrong_is_told() {
    let mut stage = Stage { bench: Bench::new(&MINI, "rusthdl", options()).expect("the engine is there"), lines: Vec::new() };
    stage.bench.memory().add_region(0x1000, 0x1000);
    stage.bench.memory().write_u64(0x1000, 7).expect("memory");
    stage.read("bypass", 1, 0x1000, 7).expect("no mismatch");
    stage.read("bypass", 1, 0x1000, 8).expect("no mismatch");
    assert_eq!(stage.lines.iter().map(|line| line.ok).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn what_a_preset_lacks_is_known() {
    for demo in DEMOS {
        assert!((demo.needs.1)(demo.preset), "{}", demo.name);
        assert!(!(demo.needs.1)(&MINI), "{}", demo.name);
    }
    assert!(DEMOS.iter().all(|demo| PRESETS.iter().any(|preset| preset.name == demo.preset.name)));
}
