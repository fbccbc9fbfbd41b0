//! Tests on a small circuit with three levels of blocks, a state machine, a bus channel and combinational paths both ways.

use super::*;
use crate::dut::lockstep::Lockstep;
use crate::dut::{stimulus, LiteToSlave};
use ::rust_hdl::prelude::simulate;
use smmu_rtl::axi::LiteAddrIn;
use smmu_rtl::params::MINI;
use smmu_rtl::prelude::*;

#[derive(LogicState, Copy, Clone, Debug, PartialEq)]
enum SumState {
    Idle,
    Adding,
    Resting,
}

/// Adds its input to a sum whenever the state machine says so.
#[derive(LogicBlock, Default)]
struct Adder {
    clock: Signal<In, Clock>,
    aresetn: Signal<In, Bit>,
    addend: Signal<In, Word<16>>,
    total: Signal<Out, Word<16>>,
    sum: DFF<Word<16>>,
    state: DFF<SumState>,
}

impl Logic for Adder {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, sum, state);
        match self.state.q.val() {
            SumState::Idle => {
                if self.addend.val().get_bit(0) {
                    self.state.d.next = SumState::Adding;
                }
            }
            SumState::Adding => {
                self.sum.d.next = self.sum.q.val() + self.addend.val();
                if self.addend.val().get_bit(1) {
                    self.state.d.next = SumState::Resting;
                }
            }
            SumState::Resting => {
                self.state.d.next = SumState::Idle;
            }
            _ => {
                self.state.d.next = SumState::Idle;
            }
        }
        self.total.next = self.sum.q.val();
        if !self.aresetn.val() {
            self.sum.d.next = 0.into();
            self.state.d.next = SumState::Idle;
        }
    }
}

/// Two adders: the second one adds what comes out of the first, mixed with the input without a register between.
#[derive(LogicBlock, Default)]
struct Pair {
    clock: Signal<In, Clock>,
    aresetn: Signal<In, Bit>,
    addend: Signal<In, Word<16>>,
    total: Signal<Out, Word<16>>,
    mixed: Signal<Local, Word<16>>,
    adder: [Adder; 2],
}

impl Logic for Pair {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..2 {
            self.adder[i].clock.next = self.clock.val();
            self.adder[i].aresetn.next = self.aresetn.val();
        }
        self.adder[0].addend.next = self.addend.val();
        self.mixed.next = self.adder[0].total.val() ^ self.addend.val();
        self.adder[1].addend.next = self.mixed.val();
        self.total.next = self.adder[1].total.val();
    }
}

/// The top: a register before the pair, one behind it, so that registers on different levels talk to each other.
#[derive(LogicBlock, Default)]
struct Toy {
    aclk: Signal<In, Clock>,
    aresetn: Signal<In, Bit>,
    ctrl_ar: LiteAddrIn<16>,
    total: Signal<Out, Word<16>>,
    front: DFF<Word<16>>,
    back: DFF<Word<16>>,
    pair: Pair,
}

impl Logic for Toy {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, aclk, front, back);
        self.pair.clock.next = self.aclk.val();
        self.pair.aresetn.next = self.aresetn.val();
        self.front.d.next = self.ctrl_ar.addr.val();
        self.pair.addend.next = self.front.q.val();
        self.back.d.next = self.pair.total.val();
        self.total.next = self.back.q.val();
        self.ctrl_ar.ready.next = true;
    }
}

impl Pins for Toy {
    fn set_clock(&mut self, level: bool) {
        self.aclk.next = level.into();
    }
    fn drive(&mut self, inputs: &Inputs) {
        self.aresetn.next = inputs.aresetn;
        self.ctrl_ar.valid.next = inputs.ctrl.arvalid;
        self.ctrl_ar.addr.next = inputs.ctrl.araddr.into();
    }
    fn sample(&self, outputs: &mut Outputs) {
        outputs.ctrl.arready = self.ctrl_ar.ready.val();
        outputs.ctrl.rdata = self.total.val().u64();
    }
}

fn toy() -> Engine<Toy> {
    Engine::new(&MINI, Box::<Toy>::default())
}

fn inputs(aresetn: bool, araddr: u32) -> Inputs {
    Inputs { aresetn, ctrl: LiteToSlave { araddr, arvalid: araddr & 4 != 0, ..Default::default() }, ..Inputs::idle(&MINI) }
}

/// A stream of 16-bit numbers that now and then repeat.
fn stimulus() -> impl Iterator<Item = u32> {
    let mut x = 0x2545_f491_4f6c_dd1du64;
    std::iter::from_fn(move || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        Some(if x & 0x70 == 0 { 3 } else { (x >> 32) as u32 & 0xffff })
    })
}

/// What the circuit is meant to do, worked out by hand: the value of `total` after each clock.
struct Expected {
    front: u16,
    back: u16,
    adder: [(u16, SumState); 2],
}

impl Expected {
    fn clock(&mut self, aresetn: bool, input: u16) -> u16 {
        let addends = [self.front, self.adder[0].0 ^ self.front];
        self.back = self.adder[1].0;
        for (adder, addend) in self.adder.iter_mut().zip(addends) {
            *adder = match *adder {
                _ if !aresetn => (0, SumState::Idle),
                (sum, SumState::Idle) => (sum, if addend & 1 != 0 { SumState::Adding } else { SumState::Idle }),
                (sum, SumState::Adding) => {
                    (sum.wrapping_add(addend), if addend & 2 != 0 { SumState::Resting } else { SumState::Adding })
                }
                (sum, SumState::Resting) => (sum, SumState::Idle),
            };
        }
        self.front = input;
        self.back
    }
}

#[test]
fn a_pulse_is_as_good_as_two_phases() {
    let mut engine = toy();
    let mut phases = Box::<Toy>::default();
    phases.connect_all();
    let mut expected = Expected { front: 0, back: 0, adder: [(0, SumState::Idle); 2] };
    for (cycle, value) in stimulus().take(5_000).enumerate() {
        let aresetn = cycle >= 3 && cycle % 1_000 != 500;
        let inputs = inputs(aresetn, value);
        engine.cycle(&inputs).expect("settles");

        phases.drive(&inputs);
        assert!(simulate(phases.as_mut(), MAX_PASSES));
        phases.set_clock(true);
        assert!(simulate(phases.as_mut(), MAX_PASSES));
        phases.set_clock(false);
        assert!(simulate(phases.as_mut(), MAX_PASSES));
        let mut outputs = Outputs::default();
        phases.sample(&mut outputs);

        assert_eq!(engine.outputs().ctrl, outputs.ctrl, "cycle {cycle}");
        assert_eq!(engine.outputs().ctrl.rdata, u64::from(expected.clock(aresetn, value as u16)), "cycle {cycle}");
    }
    assert_eq!(engine.cycles(), 5_000);
}

/// A kernel that reads its own output through a child: it never comes to rest.
#[derive(LogicBlock, Default)]
struct Loop {
    aclk: Signal<In, Clock>,
    flip: Flip,
}

#[derive(LogicBlock, Default)]
struct Flip {
    from: Signal<In, Bit>,
    to: Signal<Out, Bit>,
}

impl Logic for Flip {
    #[hdl_gen]
    fn update(&mut self) {
        self.to.next = !self.from.val();
    }
}

impl Logic for Loop {
    #[hdl_gen]
    fn update(&mut self) {
        self.flip.from.next = self.flip.to.val();
    }
}

impl Pins for Loop {
    fn set_clock(&mut self, level: bool) {
        self.aclk.next = level.into();
    }
    fn drive(&mut self, _: &Inputs) {}
    fn sample(&self, _: &mut Outputs) {}
}

#[test]
fn both_steps_agree() {
    // The same hardware, once with a wave in every third stretch of cycles (RustHDL's own passes), once without (the quick step).
    let folder = std::env::temp_dir().join(format!("smmu-steps-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (mut quick, mut mixed) = (toy(), toy());
    for (cycle, value) in stimulus().take(3_000).enumerate() {
        if cycle % 30 == 0 {
            let from = cycle as u64 + 10;
            mixed.finish_wave().expect("written");
            mixed.start_wave(WaveRequest { path: folder.join("toy.vcd"), from, to: from + 9 }).expect("a file");
        }
        let inputs = inputs(cycle >= 3 && cycle % 500 != 250, value);
        quick.cycle(&inputs).expect("settles");
        mixed.cycle(&inputs).expect("settles");
        assert_eq!(quick.outputs(), mixed.outputs(), "cycle {cycle}");
        for n in 0..2 {
            let sum = |engine: &Engine<Toy>| (engine.top().pair.adder[n].sum.q.val(), engine.top().pair.adder[n].state.q.val());
            assert_eq!(sum(&quick), sum(&mixed), "cycle {cycle}");
        }
    }
    std::fs::remove_dir_all(&folder).expect("cleaned up");
}

#[test]
fn both_steps_agree_on_the_hardware() {
    for (params, cycles) in [(&MINI, 3_000), (&smmu_rtl::params::ZYNQMP, 400)] {
        let (quick, passes) = (device(params).expect("a circuit"), device_by_passes(params).expect("a circuit"));
        let mut lockstep = Lockstep::new(quick, passes, &std::env::temp_dir());
        stimulus::run(&mut lockstep, params, 5, cycles).unwrap_or_else(|e| panic!("{}: {e}", params.name));
    }
}

#[test]
fn a_combinational_loop_is_an_error() {
    let mut engine = Engine::new(&MINI, Box::new(Loop::default()));
    let error = engine.cycle(&Inputs::idle(&MINI)).expect_err("it cannot settle");
    assert!(matches!(error, DeviceError::NotSettled(0)), "{error}");
}

#[test]
fn every_preset_has_a_circuit_with_its_pins() {
    for params in smmu_rtl::params::PRESETS {
        let mut device = device(params).expect("a circuit");
        assert_eq!(device.outputs().s_axi.len(), params.tbus, "{}", params.name);
        device.cycle(&Inputs::idle(params)).expect("settles");
        assert_eq!(device.cycles(), 1);
        assert_eq!(device.params().name, params.name);
    }
    static OTHER: Params = Params { name: "other", ..MINI };
    assert!(matches!(device(&OTHER), Err(DeviceError::UnknownPreset(name)) if name == "other"));
}

#[test]
fn the_wave_follows_the_blocks_and_shows_the_same_values() {
    let folder = std::env::temp_dir().join(format!("smmu-wave-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("toy.vcd");
    let mut engine = toy();
    engine.start_wave(WaveRequest { path: path.clone(), from: 10, to: 199 }).expect("a file");
    let mut sums = Vec::new();
    for (cycle, value) in stimulus().take(300).enumerate() {
        engine.cycle(&inputs(cycle >= 3, value)).expect("settles");
        sums.push((engine.top().pair.adder[0].sum.q.val().u64(), format!("{:?}", engine.top().pair.adder[0].state.q.val())));
    }
    engine.finish_wave().expect("written");

    let text = std::fs::read(&path).expect("the wave");
    let mut parser = vcd::Parser::new(&text[..]);
    let header = parser.parse_header().expect("a header");
    let code = |path: &[&str]| header.find_var(path).unwrap_or_else(|| panic!("{path:?}")).code;
    let cycle_code = code(&["smmu", "cycle"]);
    let sum_code = code(&["smmu", "pair", "adder_0", "sum_q"]);
    let state_code = code(&["smmu", "pair", "adder_0", "state_q"]);
    code(&["smmu", "ctrl_ar", "ctrl_araddr"]);
    assert_eq!(code(&["smmu", "pair", "adder_1", "clock"]), code(&["smmu", "aclk"]), "one clock");

    let (mut cycle, mut sum, mut state) = (0u64, 0u64, String::new());
    let mut seen = 0;
    for command in parser {
        match command.expect("a command") {
            vcd::Command::ChangeVector(c, v) if c == cycle_code => cycle = u64::from_str_radix(&v.to_string(), 2).expect("bits"),
            vcd::Command::ChangeVector(c, v) if c == sum_code => sum = u64::from_str_radix(&v.to_string(), 2).expect("bits"),
            vcd::Command::ChangeString(c, v) if c == state_code => state = v,
            // The clock falls when all values of the cycle are there.
            vcd::Command::ChangeScalar(c, vcd::Value::V0) if c == code(&["smmu", "aclk"]) => {
                seen += 1;
                // What stands in cycle n is what the n-th clock, counted from 1, has left behind.
                let expected = &sums[cycle as usize - 1];
                assert_eq!((sum, state.as_str()), (expected.0, expected.1.as_str()), "cycle {cycle}");
            }
            _ => {}
        }
    }
    assert_eq!(seen, 190, "cycles 10 to 199");
    assert!(sums.iter().any(|s| s.1 == "Resting"), "the stimulus reaches every state");
    let view = std::fs::read_to_string(folder.join("toy.gtkw")).expect("the viewer's file");
    assert!(view.contains("smmu.pair.adder_1.state_q"), "{view}");
    std::fs::remove_dir_all(&folder).expect("cleaned up");
}
