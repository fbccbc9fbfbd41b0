//! Every rule catches a planted violation, and clean kernels have none.

// Kernels take no match guards and none of the shorter forms that clippy would like to see.
#![allow(clippy::single_match, clippy::match_like_matches_macro, clippy::collapsible_match)]

use super::*;

/// A block of one kernel over 8-bit `a`, `b`, `n`, a bit `f`, local `t`, and outputs `y` (8), `w` (16), `z` (1).
macro_rules! kernel {
    ($name:ident, $($update:tt)+) => {
        #[derive(LogicBlock, Default)]
        struct $name {
            a: Signal<In, Word<8>>,
            b: Signal<In, Word<8>>,
            n: Signal<In, Word<3>>,
            f: Signal<In, Bit>,
            t: Signal<Local, Word<8>>,
            y: Signal<Out, Word<8>>,
            w: Signal<Out, Word<16>>,
            z: Signal<Out, Bit>,
        }
        impl Logic for $name {
            $($update)+
        }
    };
}

fn rules<B: Block + Default>() -> Vec<Rule> {
    let mut block = B::default();
    block.connect_all();
    let mut rules: Vec<Rule> = check(&block).into_iter().map(|v| v.rule).collect();
    rules.dedup();
    rules
}

#[derive(Copy, Clone, Debug, PartialEq, LogicState)]
enum Phase {
    Idle,
    Busy,
}

kernel!(
    Clean,
    #[hdl_gen]
    fn update(&mut self) {
        self.t.next = self.a.val() + self.b.val() + 1;
        self.y.next = !self.t.val() ^ (self.b.val() << self.n.val());
        self.w.next = bit_cast::<16, 8>(self.t.val()) + bit_cast::<16, 8>(self.a.val());
        self.z.next = ((self.a.val() & self.b.val()) == self.t.val()) & !self.f.val() & (self.a.val().get_bits::<4>(4) == 9);
        for i in 0..7 {
            if self.a.val().get_bit(i + 1) {
                self.y.next = self.b.val().replace_bit(i, self.f.val() & !self.a.val().any());
            }
        }
        match self.n.val().index() {
            5 => self.y.next = 3.into(),
            _ => {}
        }
    }
);

kernel!(
    CastOfSum,
    #[hdl_gen]
    fn update(&mut self) {
        self.w.next = bit_cast::<16, 8>(self.a.val() + self.b.val())
    }
);
kernel!(
    CastOfNot,
    #[hdl_gen]
    fn update(&mut self) {
        self.w.next = bit_cast::<16, 8>(!self.a.val())
    }
);
kernel!(
    SliceOfSum,
    #[hdl_gen]
    fn update(&mut self) {
        self.y.next = bit_cast::<8, 4>((self.a.val() + self.b.val()).get_bits::<4>(4))
    }
);
kernel!(
    BitOfSum,
    #[hdl_gen]
    fn update(&mut self) {
        self.z.next = (self.a.val() + self.b.val()).get_bit(3)
    }
);
kernel!(
    CompareSum,
    #[hdl_gen]
    fn update(&mut self) {
        self.z.next = (self.a.val() - 1) == self.b.val()
    }
);
kernel!(
    CompareNot,
    #[hdl_gen]
    fn update(&mut self) {
        self.z.next = !self.a.val() == self.b.val()
    }
);
kernel!(
    ShiftOfSum,
    #[hdl_gen]
    fn update(&mut self) {
        self.y.next = (self.a.val() + self.b.val()) >> self.n.val()
    }
);
kernel!(
    ShiftBySum,
    #[hdl_gen]
    fn update(&mut self) {
        self.y.next = self.a.val() >> (self.n.val() + 1)
    }
);
kernel!(
    ReplaceByNot,
    #[hdl_gen]
    fn update(&mut self) {
        self.y.next = self.a.val().replace_bit(2, !self.f.val())
    }
);
kernel!(
    AnyOfSum,
    #[hdl_gen]
    fn update(&mut self) {
        self.z.next = (self.a.val() + self.b.val()).any()
    }
);
kernel!(
    BareAnd,
    #[hdl_gen]
    fn update(&mut self) {
        self.z.next = self.a.val() & self.b.val() == self.t.val()
    }
);
kernel!(
    WideLiteral,
    #[hdl_gen]
    fn update(&mut self) {
        self.z.next = self.a.val() == 300
    }
);
kernel!(
    WideAssignment,
    #[hdl_gen]
    fn update(&mut self) {
        self.y.next = self.a.val();
        if self.f.val() {
            self.y.next = 256.into();
        }
    }
);
kernel!(
    BitOutside,
    #[hdl_gen]
    fn update(&mut self) {
        self.z.next = self.a.val().get_bit(8)
    }
);
kernel!(
    SliceOutside,
    #[hdl_gen]
    fn update(&mut self) {
        self.y.next = bit_cast::<8, 4>(self.a.val().get_bits::<4>(5))
    }
);
kernel!(
    LoopOutside,
    #[hdl_gen]
    fn update(&mut self) {
        self.z.next = self.f.val();
        for i in 0..8 {
            self.z.next = self.a.val().get_bit(i + 1);
        }
    }
);
kernel!(
    HexPattern,
    #[hdl_gen]
    fn update(&mut self) {
        self.y.next = self.a.val();
        match self.a.val().index() {
            0x20 => self.y.next = self.b.val(),
            _ => {}
        }
    }
);
kernel!(
    NoWildcard,
    #[hdl_gen]
    fn update(&mut self) {
        self.y.next = self.a.val();
        match self.f.val() {
            true => self.y.next = self.b.val(),
            false => {}
        }
    }
);
kernel!(
    Nothing,
    #[hdl_gen]
    fn update(&mut self) {
        self.y.next = 3.into();
        self.w.next = 4.into();
        self.z.next = false;
    }
);

const LIMIT: u64 = 9;
kernel!(
    RustConst,
    #[hdl_gen]
    fn update(&mut self) {
        self.z.next = self.a.val() == LIMIT
    }
);

#[test]
fn clean_kernels_have_no_findings() {
    let mut block = Clean::default();
    block.connect_all();
    assert_eq!(check(&block), vec![]);
    assert_eq!(rules::<UsesEnum>(), vec![]);
}

#[test]
fn operands_that_depend_on_the_width_around_them() {
    for (name, found) in [
        ("CastOfSum", rules::<CastOfSum>()),
        ("CastOfNot", rules::<CastOfNot>()),
        ("CompareSum", rules::<CompareSum>()),
        ("CompareNot", rules::<CompareNot>()),
        ("ShiftOfSum", rules::<ShiftOfSum>()),
        ("ShiftBySum", rules::<ShiftBySum>()),
        ("ReplaceByNot", rules::<ReplaceByNot>()),
        ("AnyOfSum", rules::<AnyOfSum>()),
    ] {
        assert_eq!(found, vec![Rule::Operand], "{name}");
    }
}

#[test]
fn bits_of_expressions() {
    assert_eq!(rules::<SliceOfSum>(), vec![Rule::Base]);
    assert_eq!(rules::<BitOfSum>(), vec![Rule::Base]);
}

#[test]
fn comparisons_without_parentheses() {
    assert_eq!(rules::<BareAnd>(), vec![Rule::Precedence]);
}

#[test]
fn literals_and_ranges() {
    assert_eq!(rules::<WideLiteral>(), vec![Rule::Literal]);
    assert_eq!(rules::<WideAssignment>(), vec![Rule::Literal]);
    assert_eq!(rules::<BitOutside>(), vec![Rule::Range]);
    assert_eq!(rules::<SliceOutside>(), vec![Rule::Range]);
    assert_eq!(rules::<LoopOutside>(), vec![Rule::Range]);
}

#[test]
fn patterns() {
    assert_eq!(rules::<HexPattern>(), vec![Rule::Pattern]);
    assert_eq!(rules::<NoWildcard>(), vec![Rule::Pattern]);
}

#[test]
fn constants() {
    assert_eq!(rules::<RustConst>(), vec![Rule::Unknown]);
    assert_eq!(rules::<Nothing>(), vec![Rule::Constant]);
}

#[derive(LogicBlock, Default)]
struct UsesEnum {
    clock: Signal<In, Clock>,
    f: Signal<In, Bit>,
    phase: DFF<Phase>,
    y: Signal<Out, Bit>,
}

impl Logic for UsesEnum {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, phase);
        self.y.next = self.phase.q.val() == Phase::Busy;
        match self.phase.q.val() {
            Phase::Idle => {
                if self.f.val() {
                    self.phase.d.next = Phase::Busy;
                }
            }
            Phase::Busy => self.phase.d.next = Phase::Idle,
            _ => {}
        }
    }
}

mod other {
    use crate::prelude::*;

    /// A second enum of that name, with other variants.
    #[derive(Copy, Clone, Debug, PartialEq, LogicState)]
    pub enum Phase {
        Done,
        Idle,
    }
}

/// Two children whose state enums share a name.
#[derive(LogicBlock, Default)]
struct TwoPhases {
    clock: Signal<In, Clock>,
    f: Signal<In, Bit>,
    first: DFF<Phase>,
    second: DFF<other::Phase>,
    y: Signal<Out, Bit>,
}

impl Logic for TwoPhases {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, first, second);
        self.y.next = self.f.val();
        if self.f.val() {
            self.first.d.next = Phase::Busy;
            self.second.d.next = other::Phase::Idle;
        }
    }
}

/// `priority` is a SystemVerilog keyword that RustHDL lets through.
#[derive(LogicBlock, Default)]
struct KeywordName {
    priority: Signal<In, Bit>,
    y: Signal<Out, Bit>,
}

impl Logic for KeywordName {
    #[hdl_gen]
    fn update(&mut self) {
        self.y.next = !self.priority.val();
    }
}

/// Two indices in one name, of which RustHDL resolves the first only.
#[derive(LogicBlock, Default)]
struct TwoIndices {
    rows: [Row; 2],
    a: Signal<In, Bit>,
    y: Signal<Out, Bit>,
}

#[derive(LogicBlock, Default)]
struct Row {
    cells: [Signal<In, Bit>; 2],
    y: Signal<Out, Bit>,
}

impl Logic for Row {
    #[hdl_gen]
    fn update(&mut self) {
        self.y.next = self.cells[0].val() & self.cells[1].val();
    }
}

impl Logic for TwoIndices {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..2 {
            for k in 0..2 {
                self.rows[i].cells[k].next = self.a.val();
            }
        }
        self.y.next = self.a.val();
    }
}

#[test]
fn names() {
    assert!(rules::<TwoPhases>().contains(&Rule::EnumName));
    assert_eq!(rules::<KeywordName>(), vec![Rule::Keyword]);
    assert_eq!(rules::<TwoIndices>(), vec![Rule::Index]);
}

#[test]
fn findings_name_the_block_below_the_top() {
    #[derive(LogicBlock, Default)]
    struct Outer {
        f: Signal<In, Bit>,
        bad: KeywordName,
        y: Signal<Out, Bit>,
    }
    impl Logic for Outer {
        #[hdl_gen]
        fn update(&mut self) {
            self.bad.priority.next = self.f.val();
            self.y.next = self.bad.y.val();
        }
    }
    let mut block = Outer::default();
    block.connect_all();
    let found = check(&block);
    assert!(found.iter().any(|v| v.block == "top.bad" && v.rule == Rule::Keyword), "{found:?}");
    assert!(found[0].to_string().contains("priority"));
}
