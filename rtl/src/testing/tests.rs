//! The harness catches what it is there to catch.

use super::*;
use crate::drive;
use crate::prim::ram::{RamAsync, RamAsync2, RamSync};
use crate::verilog::EmitError;

/// An accumulator with a planted difference on request: the Verilog form then adds one too many at a certain value.
#[derive(LogicBlock, Default)]
struct Accumulator {
    clock: Signal<In, Clock>,
    aresetn: Signal<In, Bit>,
    step: Signal<In, Word<40>>,
    sum: Signal<Out, Word<40>>,
    state: DFF<Word<40>>,
}

impl Logic for Accumulator {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state);
        self.state.d.next = self.state.q.val() + self.step.val();
        self.sum.next = self.state.q.val();
        if !self.aresetn.val() {
            self.state.d.next = 0.into();
        }
    }
}

/// A leaf whose two forms differ in one input of 256.
#[derive(LogicBlock, Default)]
struct Liar {
    a: Signal<In, Word<8>>,
    y: Signal<Out, Word<8>>,
}

impl Logic for Liar {
    fn update(&mut self) {
        self.y.next = self.a.val();
    }
    fn connect(&mut self) {
        self.y.connect();
    }
    fn hdl(&self) -> Verilog {
        Verilog::Custom("always @(*) y = (a == 8'd77) ? 8'd78 : a;".into())
    }
}

/// The carry that survives in Verilog and not in Rust (a cast of an expression).
#[derive(LogicBlock, Default)]
struct Carry {
    a: Signal<In, Word<8>>,
    b: Signal<In, Word<8>>,
    y: Signal<Out, Word<16>>,
}

impl Logic for Carry {
    #[hdl_gen]
    fn update(&mut self) {
        self.y.next = bit_cast::<16, 8>(self.a.val() + self.b.val());
    }
}

/// A latch: `y` is written in one branch only.
#[derive(LogicBlock, Default)]
struct Latch {
    a: Signal<In, Bit>,
    y: Signal<Out, Bit>,
}

impl Logic for Latch {
    #[hdl_gen]
    fn update(&mut self) {
        if self.a.val() {
            self.y.next = self.a.val();
        }
    }
}

#[test]
fn equal_forms_pass() {
    equivalence(Accumulator::default, 300, 7, drive!(clock, aresetn, step), |_| {});
    synthesis_check(Accumulator::default());
}

#[test]
fn a_difference_is_found_and_named() {
    let failure = compare(Liar::default, 4000, 3, drive!(a), |_| {}).unwrap_err();
    let text = failure.to_string();
    let CheckFailure::Differ(d) = failure else { panic!("{text}") };
    assert_eq!((d.port.as_str(), d.rust.as_str(), d.verilog.as_str()), ("y", "4d", "4e"));
    assert!(text.contains("Liar") && text.contains("seed 3"), "{text}");
    assert!(d.dir.join("vectors.hex").is_file() && d.dir.join("dut.v").is_file());
    std::fs::remove_dir_all(d.dir).unwrap();
}

#[test]
fn the_lint_comes_first() {
    let failure = compare(Carry::default, 200, 1, drive!(a, b), |_| {}).unwrap_err();
    assert!(matches!(&failure, CheckFailure::Emit(EmitError::Lint(text)) if text.contains("bit_cast")), "{failure}");
    assert!(matches!(check_block(Carry::default()), Err(CheckFailure::Emit(EmitError::Lint(_)))));
}

#[test]
fn the_hook_decides_the_stimulus() {
    // With 77 avoided, the two forms of the liar agree.
    compare(Liar::default, 4000, 3, drive!(a), |s| {
        if s.get("a") == 77 {
            s.set("a", 1u8);
        }
    })
    .unwrap();
}

#[test]
fn wrong_names_are_told() {
    let failure = compare(Accumulator::default, 10, 1, drive!(clock, aresetn), |_| {}).unwrap_err();
    assert!(matches!(&failure, CheckFailure::InputsNotDriven { missing, .. } if missing == "step"), "{failure}");
    let failure = compare(Liar::default, 10, 1, drive!(a), |s| s.set("b", 0u8)).unwrap_err();
    assert!(matches!(&failure, CheckFailure::UnknownPin { pin, .. } if pin == "b"), "{failure}");
}

#[test]
fn a_latch_is_refused() {
    let failure = check_block(Latch::default()).unwrap_err();
    let CheckFailure::Refused { dir, .. } = &failure else { panic!("{failure}") };
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn memories_agree_with_their_verilog() {
    let near = |s: &mut Stimulus| {
        // Addresses that meet often show what a read beside a write to the same word gives.
        s.below("waddr", 4);
        s.below("raddr", 4);
    };
    equivalence(RamSync::<5, 100>::default, 1000, 1, drive!(clock, we, waddr, wdata, raddr), near);
    equivalence(RamAsync::<5, 40>::default, 1000, 2, drive!(clock, we, waddr, wdata, raddr), near);
    equivalence(RamAsync2::<4, 7>::default, 1000, 3, drive!(clock, we, waddr, wdata, raddr, raddr2), near);
    synthesis_check(RamSync::<5, 100>::default());
    synthesis_check(RamAsync::<5, 40>::default());
    synthesis_check(RamAsync2::<4, 7>::default());
}

#[test]
fn names_are_short() {
    assert_eq!(block_name::<RamSync<5, 100>>(), "RamSync<5, 100>");
    assert_eq!(block_name::<Signal<In, Word<3>>>(), "Signal<In, Word<3>>");
}
