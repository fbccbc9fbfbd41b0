//! `ReplayPick<Q>`: takes parked transactions back to the look-up stage, one a cycle.
//!
//! | cycle | |
//! | --- | --- |
//! | c | the lowest entry of `can` is picked (`picked`) and its index registered |
//! | c+1 | its payload is read (`payload_index`, `payload`) and registered, unless `hold`: the RAM serves an answer. `next_valid` says that the look-up stage belongs to it in the next cycle |
//! | c+2 | `valid`, `entry`, `index`, `beat`: it is looked up |
//!
//! The order in which transactions are picked is kept. The lowest first is fair enough: nothing new is accepted while there are
//! replays, so the others' turns come.

use crate::prelude::*;

/// Pick and fetch among `Q` entries.
#[derive(LogicBlock, Default)]
pub struct ReplayPick<const Q: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    /// Entries that may be replayed.
    pub can: Signal<In, Word<Q>>,
    /// One-hot: the one that is picked in this cycle.
    pub picked: Signal<Out, Word<Q>>,
    /// The payload RAM is not ours in this cycle.
    pub hold: Signal<In, Bit>,
    pub payload_index: Signal<Out, Word<4>>,
    pub payload: Signal<In, Word<103>>,
    /// A replay will stand in the look-up stage in the next cycle.
    pub next_valid: Signal<Out, Bit>,
    /// The replay in the look-up stage.
    pub valid: Signal<Out, Bit>,
    pub index: Signal<Out, Word<4>>,
    pub entry: Signal<Out, Word<Q>>,
    pub beat: Signal<Out, Word<103>>,
    pick_valid: DFF<Bit>,
    pick_index: DFF<Word<4>>,
    pick_entry: DFF<Word<Q>>,
    look_valid: DFF<Bit>,
    look_index: DFF<Word<4>>,
    look_entry: DFF<Word<Q>>,
    look_beat: DFF<Word<103>>,
    l_fetch: Signal<Local, Bit>,
    l_cannot: Signal<Local, Word<Q>>,
    l_lowest: Signal<Local, Word<Q>>,
}

impl<const Q: usize> Logic for ReplayPick<Q> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, pick_valid, pick_index, pick_entry, look_valid, look_index, look_entry, look_beat);
        self.l_fetch.next = self.pick_valid.q.val() & !self.hold.val();
        self.l_cannot.next = !self.can.val();
        self.l_cannot.next = self.l_cannot.val() + 1;
        self.l_lowest.next = self.can.val() & self.l_cannot.val();
        self.picked.next = 0.into();
        if self.l_fetch.val() | !self.pick_valid.q.val() {
            self.picked.next = self.l_lowest.val();
            self.pick_entry.d.next = self.l_lowest.val();
            self.pick_valid.d.next = self.can.val().any();
            for i in 0..Q {
                if self.l_lowest.val().get_bit(i) {
                    self.pick_index.d.next = i.into();
                }
            }
        }
        self.payload_index.next = self.pick_index.q.val();
        self.next_valid.next = self.l_fetch.val();
        self.look_valid.d.next = self.l_fetch.val();
        self.look_index.d.next = self.pick_index.q.val();
        self.look_entry.d.next = self.pick_entry.q.val();
        self.look_beat.d.next = self.payload.val();
        self.valid.next = self.look_valid.q.val();
        self.index.next = self.look_index.q.val();
        self.entry.next = self.look_entry.q.val();
        self.beat.next = self.look_beat.q.val();
        if !self.aresetn.val() {
            self.pick_valid.d.next = false;
            self.look_valid.d.next = false;
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
        synthesis_check(ReplayPick::<4>::default());
        synthesis_check(ReplayPick::<16>::default());
    }

    #[test]
    fn verilog_agrees() {
        equivalence(ReplayPick::<4>::default, 1000, 1, drive!(clock, aresetn, can, hold, payload), |_| {});
        equivalence(ReplayPick::<16>::default, 1000, 2, drive!(clock, aresetn, can, hold, payload), |_| {});
    }
}
