//! `ReadPath<IDW, DW>`: read data back to the client, and the beats of refused reads.
//!
//! ```text
//!   m_r ---> skid --+--> output register --> s_r
//!     err -> beats -+
//! ```
//!
//! Both handshakes come from flip-flops: `m_r.ready` is high while the skid register is empty, so one beat can arrive when the
//! output stands still. One beat a cycle, one cycle of latency.
//!
//! # Refused reads
//!
//! | state | |
//! | --- | --- |
//! | `Pass` | beats of downstream. Between two bursts, a refused read (`err_valid`) of whose id nothing is outstanding (`err_idle`) goes first |
//! | `Refuse` | `err_len` + 1 beats with zeros and the abort response (or OKAY), `last` on the last; then `err_done` for a cycle |
//!
//! Fairness: the next refused read is shown at the earliest two cycles after `err_done`, so a waiting burst of downstream gets in
//! between; and at the end of each burst a refused read that is shown gets in. So neither starves.
//! Downstream may interleave beats of different ids (AXI allows it); a refused read then comes after some burst's last beat, and
//! is never broken up itself.
//!
//! Order: a refused read is shown only when all older ones of its id have left the pipe, and the younger ones stay there until
//! `err_done`; `err_idle` says that the older ones' data passed the output register. So the beats of an id are in order.
//!
//! `done_*` reports, one cycle late, the last beat of a burst passing into the output register.

use crate::axi::*;
use crate::prelude::*;
use crate::prim::strap::Strap;

/// What the output register takes from.
#[derive(Copy, Clone, Debug, PartialEq, LogicState)]
pub enum ReadState {
    Pass,
    Refuse,
}

/// Read data path with `IDW` id bits and `DW` data bits.
#[derive(LogicBlock, Default)]
pub struct ReadPath<const IDW: usize, const DW: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub s: ReadOut<IDW, DW>,
    pub m: ReadIn<IDW, DW>,
    /// A refused read.
    pub err_valid: Signal<In, Bit>,
    pub err_id: Signal<In, Word<IDW>>,
    pub err_len: Signal<In, Word<8>>,
    pub err_raz: Signal<In, Bit>,
    /// Nothing of `err_id` is outstanding.
    pub err_idle: Signal<In, Bit>,
    pub err_done: Signal<Out, Bit>,
    /// A burst came back.
    pub done_valid: Signal<Out, Bit>,
    pub done_id: Signal<Out, Word<IDW>>,
    abort: Strap<Word<2>>,
    state: DFF<ReadState>,
    /// A burst of downstream is in its middle.
    midway: DFF<Bit>,
    beats: DFF<Word<8>>,
    out_valid: DFF<Bit>,
    out_id: DFF<Word<IDW>>,
    out_data: DFF<Word<DW>>,
    out_resp: DFF<Word<2>>,
    out_last: DFF<Bit>,
    skid_valid: DFF<Bit>,
    skid_id: DFF<Word<IDW>>,
    skid_data: DFF<Word<DW>>,
    skid_resp: DFF<Word<2>>,
    skid_last: DFF<Bit>,
    /// `m.ready`: the skid register is empty and reset is over.
    ready: DFF<Bit>,
    done: DFF<Bit>,
    l_arrive: Signal<Local, Bit>,
    l_have: Signal<Local, Bit>,
    l_id: Signal<Local, Word<IDW>>,
    l_data: Signal<Local, Word<DW>>,
    l_resp: Signal<Local, Word<2>>,
    l_last: Signal<Local, Bit>,
    l_free: Signal<Local, Bit>,
    l_refuse: Signal<Local, Bit>,
    l_pass: Signal<Local, Bit>,
    l_keep: Signal<Local, Bit>,
}

impl<const IDW: usize, const DW: usize> ReadPath<IDW, DW> {
    /// With the response (2 SLVERR, 3 DECERR) of a refused read.
    pub fn new(abort: u8) -> Self {
        Self { abort: Strap::new(abort), ..Self::default() }
    }
}

impl<const IDW: usize, const DW: usize> Logic for ReadPath<IDW, DW> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, state, midway, beats, out_valid, out_id, out_data, out_resp, out_last, skid_valid, skid_id, skid_data,
            skid_resp, skid_last, ready, done
        );
        self.s.valid.next = self.out_valid.q.val();
        self.s.id.next = self.out_id.q.val();
        self.s.data.next = self.out_data.q.val();
        self.s.resp.next = self.out_resp.q.val();
        self.s.last.next = self.out_last.q.val();
        self.m.ready.next = self.ready.q.val();

        // The next beat of downstream: the skid register's before the port's.
        self.l_arrive.next = self.m.valid.val() & self.ready.q.val();
        self.l_have.next = self.l_arrive.val() | self.skid_valid.q.val();
        self.l_id.next = self.m.id.val();
        self.l_data.next = self.m.data.val();
        self.l_resp.next = self.m.resp.val();
        self.l_last.next = self.m.last.val();
        if self.skid_valid.q.val() {
            self.l_id.next = self.skid_id.q.val();
            self.l_data.next = self.skid_data.q.val();
            self.l_resp.next = self.skid_resp.q.val();
            self.l_last.next = self.skid_last.q.val();
        }

        // What goes into the output register.
        self.l_free.next = !self.out_valid.q.val() | self.s.ready.val();
        self.l_refuse.next = false;
        self.l_pass.next = false;
        self.err_done.next = false;
        match self.state.q.val() {
            ReadState::Pass => {
                if self.err_valid.val() & self.err_idle.val() & !self.midway.q.val() {
                    self.state.d.next = ReadState::Refuse;
                    self.beats.d.next = self.err_len.val();
                } else {
                    self.l_pass.next = self.l_have.val() & self.l_free.val();
                }
            }
            ReadState::Refuse => {
                self.l_refuse.next = self.l_free.val();
                if self.l_free.val() {
                    self.beats.d.next = self.beats.q.val() - 1;
                    if !self.beats.q.val().any() {
                        self.state.d.next = ReadState::Pass;
                        self.err_done.next = true;
                    }
                }
            }
            _ => {
                self.state.d.next = ReadState::Pass;
            }
        }
        if self.l_free.val() {
            self.out_valid.d.next = self.l_pass.val() | self.l_refuse.val();
            self.out_id.d.next = self.l_id.val();
            self.out_data.d.next = self.l_data.val();
            self.out_resp.d.next = self.l_resp.val();
            self.out_last.d.next = self.l_last.val();
            if self.l_refuse.val() {
                self.out_id.d.next = self.err_id.val();
                self.out_data.d.next = 0.into();
                self.out_resp.d.next = self.abort.val();
                if self.err_raz.val() {
                    self.out_resp.d.next = 0.into();
                }
                self.out_last.d.next = !self.beats.q.val().any();
            }
        }
        self.done.d.next = self.l_pass.val() & self.l_last.val();
        if self.l_pass.val() {
            self.midway.d.next = !self.l_last.val();
        }
        self.done_valid.next = self.done.q.val();
        self.done_id.next = self.out_id.q.val();

        // What does not pass is kept.
        self.l_keep.next = self.l_have.val() & !self.l_pass.val();
        self.skid_valid.d.next = self.l_keep.val();
        self.skid_id.d.next = self.l_id.val();
        self.skid_data.d.next = self.l_data.val();
        self.skid_resp.d.next = self.l_resp.val();
        self.skid_last.d.next = self.l_last.val();
        self.ready.d.next = !self.l_keep.val();

        if !self.aresetn.val() {
            self.state.d.next = ReadState::Pass;
            self.midway.d.next = false;
            self.out_valid.d.next = false;
            self.skid_valid.d.next = false;
            self.ready.d.next = false;
            self.done.d.next = false;
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
        synthesis_check(ReadPath::<4, 64>::new(2));
        synthesis_check(ReadPath::<6, 128>::new(3));
    }

    #[test]
    fn verilog_agrees() {
        equivalence(
            || ReadPath::<4, 64>::new(2),
            4000,
            1,
            drive!(clock, aresetn, s, m, err_valid, err_id, err_len, err_raz, err_idle),
            |s| {
                s.below("err_len", 5);
                s.often("m.last", 1, 2);
            },
        );
    }
}
