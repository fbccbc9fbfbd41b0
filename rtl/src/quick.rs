//! The quick step: simulating a circuit without running every kernel in every pass.
//!
//! RustHDL's own step, [`Block::update_all`], is one pass: the kernel of every block of the design once, parents first, then every signal
//! takes its new value. A value crosses one level of the block tree a pass, so a clock cycle takes some twenty passes over everything,
//! although most of a design stands still.
//!
//! With the quick step *on* (for this thread), `update_all` of a block that derives [`crate::prelude::LogicBlock`] does this instead:
//!
//! 1. If no input has a new value, nothing can change in here: return.
//! 2. The inputs take their new values.
//! 3. Kernel, then children, again and again until no child reports a move: nothing else that a kernel reads can be new, as it
//!    writes its own locals and outputs before it reads them.
//! 4. If an output moved, report a move to the block around.
//!
//! So a block is at rest whenever it returns, and one call on the top leaves the whole design at rest. What is at rest is the same in
//! both steps: a design without combinational loops has only one state to come to, whatever the order in which blocks get there.
//!
//! # Clock edges
//!
//! A rising clock is an input with a new value. The block sees it in the first pass of item 3 and takes it back right away, so that it lasts
//! for that pass in this block and, as the kernel has handed it on, for the first pass of each block below. In that first pass the kernel
//! has put on the children's inputs what stood there before the edge: no output that is new since the edge can have reached it. So every
//! register takes the value from before the edge, whatever the order of blocks. Nothing in the hardware looks at a falling edge.
//! For that, every clocked block, flip-flops included, must be one of ours: RustHDL's own would see the edge a pass late or not at all.
//! [`Field`], which only ours have, is what the compiler asks for.
//!
//! # When it may be turned on
//!
//! The circuit must have come to rest with RustHDL's own step once, so that outputs that depend on nothing are there. Turning it on and
//! off between two cycles is allowed. Off is what a thread starts with, so whoever steps a block by hand (tests do) sees RustHDL as it is.
//! Signals below the top do not show which of them moved: a wave that asks them for that needs the step to be off.

pub use rust_hdl::prelude::{Block, Logic, Probe};
use rust_hdl::prelude::{Constant, In, Local, Out, Signal, Synth};
use std::cell::Cell;

/// Passes of one block in which it must come to rest; more mean a combinational loop.
pub const MAX_PASSES: usize = 100;

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
    static MOVES: Cell<u64> = const { Cell::new(0) };
    static GAVE_UP: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` with the quick step on. The second value is false if a block did not come to rest.
pub fn with<R>(work: impl FnOnce() -> R) -> (R, bool) {
    /// Puts back what was, even if `work` panics.
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            ON.set(self.0);
        }
    }
    let before = Before(ON.replace(true));
    GAVE_UP.set(false);
    let result = work();
    drop(before);
    (result, !GAVE_UP.get())
}

/// Whether the quick step is on.
#[inline]
pub fn on() -> bool {
    ON.get()
}

/// How often a block has reported a move in this thread.
#[inline]
pub fn moves() -> u64 {
    MOVES.get()
}

/// Reports a move: an output of a block has a new value.
#[inline]
pub fn note_move() {
    MOVES.set(MOVES.get().wrapping_add(1));
}

/// Reports that a block does not come to rest.
pub fn give_up() {
    GAVE_UP.set(true);
}

/// A field of a block as the quick step sees it. For a child block nothing of this says anything: it reports its moves itself.
pub trait Field {
    /// An input with a new value that it has not taken yet.
    #[inline]
    fn pending(&self) -> bool {
        false
    }
    /// Inputs take their new values.
    #[inline]
    fn latch(&mut self) {}
    /// An output took a new value in the last pass.
    #[inline]
    fn output_moved(&self) -> bool {
        false
    }
}

impl<T: Synth> Field for Signal<In, T> {
    #[inline]
    fn pending(&self) -> bool {
        self.next != self.val()
    }
    #[inline]
    fn latch(&mut self) {
        self.update_all();
    }
}

impl<T: Synth> Field for Signal<Out, T> {
    #[inline]
    fn output_moved(&self) -> bool {
        self.changed
    }
}

impl<T: Synth> Field for Signal<Local, T> {}

impl<T: Synth> Field for Constant<T> {}

/// Children and signals in rows.
impl<F: Field, const N: usize> Field for [F; N] {
    #[inline]
    fn pending(&self) -> bool {
        self.iter().any(Field::pending)
    }
    #[inline]
    fn latch(&mut self) {
        self.iter_mut().for_each(Field::latch);
    }
    #[inline]
    fn output_moved(&self) -> bool {
        self.iter().any(Field::output_moved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    /// A bundle in and one out.
    #[derive(LogicInterface, Bundle, Clone, Debug, Default)]
    #[join = "WordOut"]
    struct WordIn {
        valid: Signal<In, Bit>,
        word: Signal<In, Word<70>>,
    }

    #[derive(LogicInterface, Bundle, Clone, Debug, Default)]
    #[join = "WordIn"]
    struct WordOut {
        valid: Signal<Out, Bit>,
        word: Signal<Out, Word<70>>,
    }

    /// Delays a word by a cycle and counts its own kernel's runs.
    #[derive(LogicBlock, Default)]
    struct Stage {
        clock: Signal<In, Clock>,
        i: WordIn,
        o: WordOut,
        seen: Signal<Out, Word<8>>,
        valid: DFF<Bit>,
        word: DFF<Word<70>>,
        count: DFF<Word<8>>,
        _runs: usize,
    }

    impl Logic for Stage {
        fn update(&mut self) {
            self._runs += 1;
            dff_setup!(self, clock, valid, word, count);
            self.valid.d.next = self.i.valid.val();
            self.word.d.next = self.i.word.val();
            self.o.valid.next = self.valid.q.val();
            self.o.word.next = self.word.q.val();
            if self.valid.q.val() {
                self.count.d.next = self.count.q.val() + 1;
            }
            self.seen.next = self.count.q.val();
        }
        fn connect(&mut self) {}
    }

    /// Three stages in a row, the last one's word inverted without a register, and a stage that is never used.
    #[derive(LogicBlock, Default)]
    struct Row {
        clock: Signal<In, Clock>,
        i: WordIn,
        o: WordOut,
        seen: Signal<Out, Word<8>>,
        stages: [Stage; 3],
        idle: Stage,
    }

    impl Logic for Row {
        fn update(&mut self) {
            for n in 0..3 {
                self.stages[n].clock.next = self.clock.val();
            }
            self.idle.clock.next = self.clock.val();
            self.stages[0].i.valid.next = self.i.valid.val();
            self.stages[0].i.word.next = self.i.word.val();
            for n in 1..3 {
                self.stages[n].i.valid.next = self.stages[n - 1].o.valid.val();
                self.stages[n].i.word.next = self.stages[n - 1].o.word.val();
            }
            self.o.valid.next = self.stages[2].o.valid.val();
            self.o.word.next = !self.stages[2].o.word.val();
            self.seen.next = self.stages[2].seen.val();
        }
        fn connect(&mut self) {}
    }

    fn at_rest<T: Block + Default>() -> Box<T> {
        let mut top = Box::<T>::default();
        assert!(simulate(top.as_mut(), MAX_PASSES));
        top
    }

    fn input(cycle: u64) -> (bool, Word<70>) {
        let x = cycle.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (x >> 62 != 0, Word::from(u128::from(x) << 6 | 1))
    }

    #[test]
    fn both_steps_have_the_same_outputs() {
        let (mut quick, mut plain) = (at_rest::<Row>(), at_rest::<Row>());
        let mut expected = std::collections::VecDeque::from([(false, Word::from(0u128)); 3]);
        for cycle in 0..500 {
            let (valid, word) = input(cycle);
            for row in [&mut quick, &mut plain] {
                row.i.valid.next = valid;
                row.i.word.next = word;
            }
            let edge = |row: &mut Row, step: &mut dyn FnMut(&mut Row)| {
                step(row);
                row.clock.next = true.into();
                step(row);
                row.clock.next = false.into();
                step(row);
            };
            edge(&mut plain, &mut |row| assert!(simulate(row, MAX_PASSES)));
            edge(&mut quick, &mut |row| assert!(with(|| row.update_all()).1));
            expected.push_back((valid, word));
            expected.pop_front();
            let (valid, word) = expected[0];
            for row in [&quick, &plain] {
                assert_eq!((row.o.valid.val(), row.o.word.val()), (valid, !word), "cycle {cycle}");
            }
            assert_eq!(quick.seen.val(), plain.seen.val(), "cycle {cycle}");
        }
        assert_ne!(plain.seen.val(), Word::from(0u128), "words went through");
    }

    #[test]
    fn a_block_without_news_is_not_run() {
        let mut row = at_rest::<Row>();
        let (runs, idle_runs) = (row.stages[0]._runs, row.idle._runs);
        with(|| row.update_all());
        assert_eq!(row.stages[0]._runs, runs, "nothing is new");
        row.i.word.next = 5.into();
        with(|| row.update_all());
        assert!(row.stages[0]._runs > runs, "its input is");
        assert_eq!(row.idle._runs, idle_runs, "that of its neighbour is not");
        row.clock.next = true.into();
        with(|| row.update_all());
        assert_eq!(row.idle._runs, idle_runs + 1, "an edge that moves nothing takes one run");
    }

    /// An inverter whose output is its input.
    #[derive(LogicBlock, Default)]
    struct Ring {
        start: Signal<In, Bit>,
        inverter: Inverter,
    }

    #[derive(LogicBlock, Default)]
    struct Inverter {
        start: Signal<In, Bit>,
        i: Signal<In, Bit>,
        o: Signal<Out, Bit>,
    }

    impl Logic for Inverter {
        fn update(&mut self) {
            self.o.next = !self.i.val() & self.start.val();
        }
    }

    impl Logic for Ring {
        fn update(&mut self) {
            self.inverter.start.next = self.start.val();
            self.inverter.i.next = self.inverter.o.val();
        }
    }

    #[test]
    fn a_loop_is_reported_and_the_step_is_off_again() {
        let mut ring = at_rest::<Ring>();
        ring.start.next = true;
        assert!(!with(|| ring.update_all()).1);
        assert!(!on());
        assert!(with(|| ()).1, "the report is of the last call");
    }
}
