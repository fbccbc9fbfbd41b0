//! `Refusals<Q>`: which refused transaction gets its error response next.
//!
//! Looks at one queue entry a cycle, round robin, so that every entry's turn comes. An entry whose turn has come is shown to the
//! channel's responder until that is done with it. The responder in turn waits until nothing of the id is outstanding downstream.
//!
//! `due` must be set from flip-flops. An entry becomes due when everything older of its id has left, in the cycle after the last of them
//! was sent; it is shown at the earliest one cycle later, and by then the outstanding counters know of that last one.
//!
//! Ids and lengths of the entries are here, in a small RAM of their own, so that the payload RAM needs no second read port.

use crate::prelude::*;
use crate::prim::ram::RamAsync;
use crate::prim::strap::Strap;

/// Picks among `Q` entries.
#[derive(LogicBlock, Default)]
pub struct Refusals<const Q: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    /// An entry is allocated: its index, and {id, length}.
    pub write: Signal<In, Bit>,
    pub write_index: Signal<In, Word<4>>,
    pub write_label: Signal<In, Word<16>>,
    /// Entries that may be answered, and whether with zeros and OKAY.
    pub due: Signal<In, Word<Q>>,
    pub raz: Signal<In, Word<Q>>,
    /// The entry whose turn it is. Holds until `done`.
    pub valid: Signal<Out, Bit>,
    pub entry: Signal<Out, Word<Q>>,
    pub id: Signal<Out, Word<8>>,
    pub len: Signal<Out, Word<8>>,
    pub okay: Signal<Out, Bit>,
    pub done: Signal<In, Bit>,
    labels: RamAsync<4, 16>,
    last: Strap<Word<4>>,
    turn: DFF<Word<4>>,
    shown: DFF<Bit>,
    shown_entry: DFF<Word<Q>>,
    shown_label: DFF<Word<16>>,
    shown_okay: DFF<Bit>,
    l_one: Signal<Local, Word<Q>>,
    l_turn: Signal<Local, Word<Q>>,
    l_due: Signal<Local, Word<Q>>,
    l_raz: Signal<Local, Word<Q>>,
    l_advance: Signal<Local, Bit>,
}

impl<const Q: usize> Refusals<Q> {
    /// With the index of the last entry set.
    pub fn new() -> Self {
        Self { last: Strap::new(Q - 1), ..Self::default() }
    }
}

impl<const Q: usize> Logic for Refusals<Q> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, turn, shown, shown_entry, shown_label, shown_okay);
        clock!(self, clock, labels);
        self.labels.we.next = self.write.val();
        self.labels.waddr.next = self.write_index.val();
        self.labels.wdata.next = self.write_label.val();
        self.labels.raddr.next = self.turn.q.val();

        self.l_one.next = 1.into();
        self.l_turn.next = self.l_one.val() << self.turn.q.val();
        self.l_due.next = self.l_turn.val() & self.due.val();
        self.l_raz.next = self.l_turn.val() & self.raz.val();
        self.l_advance.next = self.done.val();
        if !self.shown.q.val() {
            self.l_advance.next = !self.l_due.val().any();
            self.shown.d.next = self.l_due.val().any();
            self.shown_entry.d.next = self.l_turn.val();
            self.shown_label.d.next = self.labels.rdata.val();
            self.shown_okay.d.next = self.l_raz.val().any();
        }
        if self.done.val() {
            self.shown.d.next = false;
        }
        if self.l_advance.val() {
            self.turn.d.next = self.turn.q.val() + 1;
            if self.turn.q.val() == self.last.val() {
                self.turn.d.next = 0.into();
            }
        }

        self.valid.next = self.shown.q.val();
        self.entry.next = self.shown_entry.q.val();
        self.id.next = self.shown_label.q.val().get_bits::<8>(8);
        self.len.next = self.shown_label.q.val().get_bits::<8>(0);
        self.okay.next = self.shown_okay.q.val();

        if !self.aresetn.val() {
            self.turn.d.next = 0.into();
            self.shown.d.next = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes() {
        synthesis_check(Refusals::<4>::new());
        synthesis_check(Refusals::<16>::new());
    }

    #[test]
    fn verilog_agrees() {
        equivalence(Refusals::<4>::new, 2000, 1, drive!(clock, aresetn, write, write_index, write_label, due, raz, done), |s| {
            s.often("done", 1, 5)
        });
        equivalence(Refusals::<16>::new, 2000, 2, drive!(clock, aresetn, write, write_index, write_label, due, raz, done), |s| {
            s.often("done", 1, 5)
        });
    }
}
