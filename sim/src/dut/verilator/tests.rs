//! The engine against RustHDL: pins, waves, jumps over idle time.

use super::*;
use crate::dut::lockstep::Lockstep;
use crate::dut::rust_hdl;
use crate::dut::stimulus::run;
use smmu_rtl::params::{MINI, PRESETS};
use std::collections::BTreeMap;
use std::path::Path;

#[test]
fn every_preset_agrees_with_rusthdl_on_every_pin() {
    for (params, cycles) in PRESETS.iter().zip([6_000, 1_500, 500, 500, 1_000, 3_000]) {
        let (first, second) = (rust_hdl::device(params).unwrap(), emitted(params).unwrap());
        let mut lockstep = Lockstep::new(first, second, &std::env::temp_dir());
        run(&mut lockstep, params, 1, cycles).unwrap_or_else(|e| panic!("{}: {e}", params.name));
    }
}

#[test]
fn the_fast_form_of_every_preset_agrees_with_the_emitted_one() {
    for params in PRESETS {
        for seed in 1..=8 {
            let (first, second) = (emitted(params).unwrap(), device(params).unwrap());
            let mut lockstep = Lockstep::new(first, second, &std::env::temp_dir());
            run(&mut lockstep, params, seed, 20_000).unwrap_or_else(|e| panic!("{}, seed {seed}: {e}", params.name));
        }
    }
}

/// The wave of an engine: by variable, the values at the start of each change. Clocks included.
type Contents = BTreeMap<String, (vcd::VarType, u32, Vec<(u64, String)>)>;

fn contents(path: &Path) -> Contents {
    fn variables(items: &[vcd::ScopeItem], path: &str, found: &mut Vec<(String, vcd::Var)>) {
        for item in items {
            match item {
                vcd::ScopeItem::Scope(scope) => variables(&scope.items, &format!("{path}.{}", scope.identifier), found),
                vcd::ScopeItem::Var(var) => found.push((format!("{path}.{}", var.reference), var.clone())),
                _ => {}
            }
        }
    }
    let text = std::fs::read(path).unwrap();
    let mut parser = vcd::Parser::new(&text[..]);
    let header = parser.parse_header().unwrap();
    let mut changes: std::collections::HashMap<vcd::IdCode, Vec<(u64, String)>> = Default::default();
    let mut now = 0;
    for command in parser {
        match command.unwrap() {
            vcd::Command::Timestamp(time) => now = time,
            vcd::Command::ChangeScalar(code, value) => changes.entry(code).or_default().push((now, value.to_string())),
            vcd::Command::ChangeVector(code, value) => changes.entry(code).or_default().push((now, value.to_string())),
            vcd::Command::ChangeString(code, value) => changes.entry(code).or_default().push((now, value)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    variables(&header.items, "", &mut found);
    let of = |var: &vcd::Var| (var.var_type, var.size, changes.get(&var.code).cloned().unwrap_or_default());
    found.into_iter().map(|(name, var)| (name, of(&var))).collect()
}

#[test]
fn the_waves_of_both_engines_are_equal() {
    let folder = std::env::temp_dir().join(format!("smmu-waves-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let waves = ["rusthdl", "verilator"].map(|engine| {
        let mut device = crate::dut::device(engine, &MINI).unwrap();
        let path = folder.join(format!("{engine}.vcd"));
        device.start_wave(WaveRequest { path: path.clone(), from: 20, to: 1_400 }).unwrap();
        run(device.as_mut(), &MINI, 2, 1_500).unwrap();
        device.finish_wave().unwrap();
        (contents(&path), std::fs::read_to_string(path.with_extension("gtkw")).unwrap().replace(engine, "engine"))
    });
    let [(rusthdl, rusthdl_view), (verilator, verilator_view)] = waves;
    assert_eq!(rusthdl.keys().collect::<Vec<_>>(), verilator.keys().collect::<Vec<_>>());
    // What straps leave out of the Verilog has no value in its wave.
    let there = |name: &String| !verilator[name].2.is_empty();
    for (name, values) in rusthdl.iter().filter(|(name, _)| there(name)) {
        assert_eq!(values, &verilator[name], "{name}");
    }
    let left_out = rusthdl.keys().filter(|name| !there(name)).count();
    assert!(5 * left_out < 2 * rusthdl.len(), "{left_out} of {} variables are not in the Verilog", rusthdl.len());
    assert_eq!(rusthdl_view, verilator_view);
    let moving = verilator.values().filter(|(_, _, changes)| changes.len() > 2).count();
    assert!(rusthdl.len() > 1_000 && moving > 500, "{} variables, {moving} of them move", rusthdl.len());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_second_wave_can_follow_the_first() {
    let folder = std::env::temp_dir().join(format!("smmu-two-waves-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut device = device(&MINI).unwrap();
    for name in ["one.vcd", "two.vcd"] {
        device.start_wave(WaveRequest { path: folder.join(name), from: 0, to: u64::MAX }).unwrap();
        run(device.as_mut(), &MINI, 3, 50).unwrap();
        device.finish_wave().unwrap();
    }
    let cycles = |name| contents(&folder.join(name))[".smmu.cycle"].2.len();
    assert_eq!((cycles("one.vcd"), cycles("two.vcd")), (50, 50));
    let missing = device.start_wave(WaveRequest { path: folder.join("no/such.vcd"), from: 0, to: 9 }).expect_err("no folder");
    assert!(matches!(missing, DeviceError::Wave { .. }), "{missing}");
    device.cycle(&Inputs::idle(&MINI)).expect("it runs on");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_first_wave_that_comes_late_is_refused() {
    let request = || WaveRequest { path: std::env::temp_dir().join("never.vcd"), from: 0, to: 9 };
    let mut device = device(&MINI).unwrap();
    device.cycle(&Inputs::idle(&MINI)).unwrap();
    let late = device.start_wave(request()).expect_err("the model has no trace");
    assert!(matches!(late, DeviceError::LateWave { cycles: 1, .. }), "{late}");
    device.cycle(&Inputs::idle(&MINI)).expect("it runs on");
}

#[test]
fn the_runtime_names_itself() {
    assert!(version().starts_with('5'), "{}", version());
}
