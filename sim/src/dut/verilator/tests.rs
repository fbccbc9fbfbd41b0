//! The engine against RustHDL: pins, waves, jumps over idle time.

use super::*;
use crate::dut::lockstep::Lockstep;
use crate::dut::{rust_hdl, AddrBeat, AxiToSlave, LiteToSlave};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use smmu_rtl::params::{MINI, PRESETS};
use smmu_rtl::registers as regs;
use std::collections::BTreeMap;
use std::path::Path;

/// Inputs that keep the hardware busy: register writes, half of them to registers that matter, client bursts, answers to whatever it asks.
struct Stimulus {
    rng: SmallRng,
    params: &'static Params,
    walks: Vec<u32>,
}

impl Stimulus {
    fn new(params: &'static Params, seed: u64) -> Self {
        Stimulus { rng: SmallRng::seed_from_u64(seed), params, walks: Vec::new() }
    }

    fn beat(&mut self) -> AddrBeat {
        let rng = &mut self.rng;
        AddrBeat {
            id: rng.random_range(0..4),
            addr: rng.random_range(0..4u64) << 12 | u64::from(rng.random::<u8>()) << 4,
            len: rng.random_range(0..3),
            size: 3,
            burst: 1,
            prot: rng.random_range(0..8),
            user: rng.random_range(0..3),
            ..AddrBeat::default()
        }
    }

    /// Next cycle's inputs, from what stands on the outputs.
    fn next(&mut self, cycle: u64, out: &Outputs) -> Inputs {
        let mut inputs = Inputs { aresetn: cycle >= 4 && cycle % 1500 != 1499, ..Inputs::idle(self.params) };
        let (aw, ar) = (self.beat(), self.beat());
        let rng = &mut self.rng;
        inputs.s_axi[0] = AxiToSlave {
            awvalid: rng.random_bool(0.3),
            aw,
            wvalid: rng.random_bool(0.5),
            w: crate::dut::WriteBeat { data: rng.random(), strb: rng.random(), last: rng.random_bool(0.5) },
            bready: rng.random_bool(0.7),
            arvalid: rng.random_bool(0.5),
            ar,
            rready: rng.random_bool(0.7),
        };
        let width = self.params.data_width;
        if width == 64 {
            inputs.s_axi[0].w.data &= u128::from(u64::MAX);
            inputs.s_axi[0].w.strb &= 0xff;
        }
        let bank = regs::CB_SCTLR.offset(self.params, 0);
        let known = [
            (regs::SMR.offset(self.params, 0), 1u64 << 31 | 1),
            (regs::S2CR.offset(self.params, 0), 0),
            (regs::CBAR.offset(self.params, 0), 1 << 16),
            (regs::CBA2R.offset(self.params, 0), 1),
            (bank, 0x61),
            (regs::CB_TCR.offset(self.params, 0), 0x19),
            (regs::SCR0.offset(self.params, 0), 0x400),
        ];
        let (offset, value) = match rng.random_range(0..2) {
            0 => known[rng.random_range(0..known.len())],
            _ => (rng.random_range(0..self.params.register_space() / 4) * 4, rng.random()),
        };
        inputs.ctrl = LiteToSlave {
            awvalid: rng.random_bool(0.4),
            awaddr: offset,
            wvalid: rng.random_bool(0.4),
            wdata: value << (8 * (offset & 4)),
            wstrb: 0xf << (offset & 4),
            bready: true,
            arvalid: rng.random_bool(0.1),
            araddr: rng.random_range(0..self.params.register_space()),
            rready: rng.random_bool(0.8),
        };
        inputs.m_axi = AxiToMaster {
            awready: rng.random_bool(0.8),
            wready: rng.random_bool(0.8),
            arready: rng.random_bool(0.8),
            ..AxiToMaster::default()
        };
        inputs.m_axi_ptw.arready = rng.random_bool(0.8);
        // One descriptor after another for the oldest walk that was taken.
        if out.m_axi_ptw.arvalid && inputs.m_axi_ptw.arready {
            self.walks.extend(std::iter::repeat_n(out.m_axi_ptw.ar.id, usize::from(out.m_axi_ptw.ar.len) + 1));
        }
        if let (Some(id), true) = (self.walks.first().copied(), out.m_axi_ptw.rready) {
            let same = self.walks.iter().take_while(|w| **w == id).count();
            inputs.m_axi_ptw.rvalid = true;
            inputs.m_axi_ptw.r.id = id;
            inputs.m_axi_ptw.r.data = u128::from(rng.random::<u64>() & 0xffff_f000 | 0x443);
            inputs.m_axi_ptw.r.last = same == 1;
            self.walks.remove(0);
        }
        inputs
    }
}

/// Runs a device on the stimulus of that seed.
fn run(device: &mut dyn Device, params: &'static Params, seed: u64, cycles: u64) -> Result<(), DeviceError> {
    let mut stimulus = Stimulus::new(params, seed);
    for cycle in 0..cycles {
        let inputs = stimulus.next(cycle, device.outputs());
        if cycle == cycles / 2 {
            device.skip(12_345);
        }
        device.cycle(&inputs)?;
    }
    Ok(())
}

#[test]
fn every_preset_agrees_with_rusthdl_on_every_pin() {
    for (params, cycles) in PRESETS.iter().zip([6_000, 1_500, 500, 500]) {
        let (first, second) = (rust_hdl::device(params).unwrap(), device(params).unwrap());
        let mut lockstep = Lockstep::new(first, second, &std::env::temp_dir());
        run(&mut lockstep, params, 1, cycles).unwrap_or_else(|e| panic!("{}: {e}", params.name));
    }
}

#[test]
fn the_stimulus_reaches_walks_and_refusals() {
    let mut device = device(&MINI).unwrap();
    let mut stimulus = Stimulus::new(&MINI, 1);
    let (mut walks, mut refused, mut issued) = (0, 0, 0);
    for cycle in 0..6_000 {
        let inputs = stimulus.next(cycle, device.outputs());
        device.cycle(&inputs).unwrap();
        let out = device.outputs();
        walks += u32::from(out.m_axi_ptw.arvalid);
        refused += u32::from(out.s_axi[0].rvalid && out.s_axi[0].r.resp == 2);
        issued += u32::from(out.m_axi.arvalid);
    }
    assert!(walks > 50 && refused > 50 && issued > 50, "{walks} walks, {refused} beats refused, {issued} issued");
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
    for (name, values) in &rusthdl {
        assert_eq!(values, &verilator[name], "{name}");
    }
    assert_eq!(rusthdl_view, verilator_view);
    let moving = rusthdl.values().filter(|(_, _, changes)| changes.len() > 2).count();
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
fn the_runtime_names_itself() {
    assert!(version().starts_with('5'), "{}", version());
}
