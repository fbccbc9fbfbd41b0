//! `Outstanding<IDW>`: what one channel has sent downstream and has no (last) response for, by id and by epoch.
//!
//! For two questions: may an error response of this id be sent now (AXI order: responses of one id come in the order of their
//! requests), and has everything that was sent before the last `flip` come back (the last step of a TLB SYNC)?
//!
//! # How
//!
//! A transaction belongs to the epoch in which it was sent. Epochs are 0 and 1 in turn; `flip` comes only while the old one is
//! empty, so two are enough. Two RAMs, indexed by id, hold how many were issued and how many completed, for each epoch, modulo
//! 256; the difference is what is outstanding. Responses of one id come in order, so a completed one belongs to the old epoch as
//! long as the old epoch has any of that id. Each RAM has one writer, and nothing is ever written from two sides.
//!
//! Not more than 255 may be outstanding, or the difference wraps. `limit` rises at 192; at most 33 transactions (credits of the
//! address pipe) may follow that.
//!
//! # Timing
//!
//! | cycle | |
//! | --- | --- |
//! | c | a transaction commits; the pipe registers the event |
//! | c+1 | `issue_valid`, `issue_id`: counted |
//! | c+2 | seen by `check_idle` and by completions; the memory can have answered at the end of c+1 at the earliest, and that event, registered too, comes in c+2 |
//!
//! `flip` is delayed by one cycle, as the events are, so a transaction that commits in the cycle of `flip` belongs to the old epoch.
//! `drained` is 0 from the cycle after `flip`.
//!
//! After reset the RAMs are cleared, one word a cycle, with `limit` up.

use crate::prelude::*;
use crate::prim::ram::{RamAsync, RamAsync2};

/// Counters of one channel with `IDW` id bits (at most 8).
#[derive(LogicBlock)]
pub struct Outstanding<const IDW: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    /// A transaction went out in the cycle before.
    pub issue_valid: Signal<In, Bit>,
    pub issue_id: Signal<In, Word<IDW>>,
    /// A (last) response came back in the cycle before.
    pub done_valid: Signal<In, Bit>,
    pub done_id: Signal<In, Word<IDW>>,
    /// Begin a new epoch; only while `drained`.
    pub flip: Signal<In, Bit>,
    /// Nothing of the old epoch is outstanding.
    pub drained: Signal<Out, Bit>,
    /// Accept no more.
    pub limit: Signal<Out, Bit>,
    /// Is anything of this id outstanding? Combinational.
    pub check_id: Signal<In, Word<IDW>>,
    pub check_idle: Signal<Out, Bit>,
    issued: RamAsync2<IDW, 16>,
    issued_check: RamAsync<IDW, 16>,
    completed: RamAsync2<IDW, 16>,
    epoch: DFF<Bit>,
    flip_q: DFF<Bit>,
    drained_q: DFF<Bit>,
    limit_q: DFF<Bit>,
    /// Outstanding in epoch 0 and 1, and together.
    total_0: DFF<Word<8>>,
    total_1: DFF<Word<8>>,
    total: DFF<Word<8>>,
    /// Clearing after reset: the word that is cleared.
    sweep: DFF<Word<IDW>>,
    sweeping: DFF<Bit>,
    one: Constant<Word<16>>,
    one_1: Constant<Word<16>>,
    low: Constant<Word<16>>,
    high: Constant<Word<16>>,
    l_raised: Signal<Local, Word<16>>,
    l_differ: Signal<Local, Word<16>>,
    l_lag_0: Signal<Local, Word<8>>,
    l_lag_1: Signal<Local, Word<8>>,
    l_done_1: Signal<Local, Bit>,
    l_raised_done: Signal<Local, Word<16>>,
    l_issue_we: Signal<Local, Bit>,
    l_issue_at: Signal<Local, Word<IDW>>,
    l_done_we: Signal<Local, Bit>,
    l_done_at: Signal<Local, Word<IDW>>,
    l_check: Signal<Local, Word<16>>,
    l_up_0: Signal<Local, Bit>,
    l_up_1: Signal<Local, Bit>,
    l_down_0: Signal<Local, Bit>,
    l_down_1: Signal<Local, Bit>,
    l_old: Signal<Local, Word<8>>,
    l_crowd: Signal<Local, Word<2>>,
}

impl<const IDW: usize> Default for Outstanding<IDW> {
    fn default() -> Self {
        assert!((1..=8).contains(&IDW), "id bits");
        Self {
            clock: Default::default(),
            aresetn: Default::default(),
            issue_valid: Default::default(),
            issue_id: Default::default(),
            done_valid: Default::default(),
            done_id: Default::default(),
            flip: Default::default(),
            drained: Default::default(),
            limit: Default::default(),
            check_id: Default::default(),
            check_idle: Default::default(),
            issued: Default::default(),
            issued_check: Default::default(),
            completed: Default::default(),
            epoch: Default::default(),
            flip_q: Default::default(),
            drained_q: Default::default(),
            limit_q: Default::default(),
            total_0: Default::default(),
            total_1: Default::default(),
            total: Default::default(),
            sweep: Default::default(),
            sweeping: Default::default(),
            one: Constant::new(1u32.into()),
            one_1: Constant::new(0x100u32.into()),
            low: Constant::new(0xffu32.into()),
            high: Constant::new(0xff00u32.into()),
            l_raised: Default::default(),
            l_differ: Default::default(),
            l_lag_0: Default::default(),
            l_lag_1: Default::default(),
            l_done_1: Default::default(),
            l_raised_done: Default::default(),
            l_issue_we: Default::default(),
            l_issue_at: Default::default(),
            l_done_we: Default::default(),
            l_done_at: Default::default(),
            l_check: Default::default(),
            l_up_0: Default::default(),
            l_up_1: Default::default(),
            l_down_0: Default::default(),
            l_down_1: Default::default(),
            l_old: Default::default(),
            l_crowd: Default::default(),
        }
    }
}

impl<const IDW: usize> Logic for Outstanding<IDW> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, epoch, flip_q, drained_q, limit_q, total_0, total_1, total, sweep, sweeping);
        clock!(self, clock, issued, issued_check, completed);

        // Issue: one more of the current epoch. The halves of a word are the epochs; a carry must not go from 0 to 1.
        self.issued.raddr.next = self.issue_id.val();
        self.l_raised.next = self.issued.rdata.val() + self.one_1.val();
        if !self.epoch.q.val() {
            self.l_raised.next = self.issued.rdata.val() + self.one.val();
            self.l_raised.next = (self.l_raised.val() & self.low.val()) | (self.issued.rdata.val() & self.high.val());
        }

        // Completion: the old epoch first.
        self.issued.raddr2.next = self.done_id.val();
        self.completed.raddr.next = self.done_id.val();
        self.l_differ.next = self.issued.rdata2.val() ^ self.completed.rdata.val();
        self.l_lag_0.next = self.l_differ.val().get_bits::<8>(0);
        self.l_lag_1.next = self.l_differ.val().get_bits::<8>(8);
        if self.epoch.q.val() {
            self.l_done_1.next = !self.l_lag_0.val().any();
        } else {
            self.l_done_1.next = self.l_lag_1.val().any();
        }
        self.l_raised_done.next = self.completed.rdata.val() + self.one_1.val();
        if !self.l_done_1.val() {
            self.l_raised_done.next = self.completed.rdata.val() + self.one.val();
            self.l_raised_done.next =
                (self.l_raised_done.val() & self.low.val()) | (self.completed.rdata.val() & self.high.val());
        }

        // The writes. After reset: the clearing.
        self.l_issue_we.next = self.issue_valid.val();
        self.l_issue_at.next = self.issue_id.val();
        self.l_done_we.next = self.done_valid.val();
        self.l_done_at.next = self.done_id.val();
        if self.sweeping.q.val() {
            self.l_issue_we.next = true;
            self.l_issue_at.next = self.sweep.q.val();
            self.l_raised.next = 0.into();
            self.l_done_we.next = true;
            self.l_done_at.next = self.sweep.q.val();
            self.l_raised_done.next = 0.into();
            self.sweep.d.next = self.sweep.q.val() + 1;
            self.sweeping.d.next = !self.sweep.q.val().all();
        }
        self.issued.we.next = self.l_issue_we.val();
        self.issued.waddr.next = self.l_issue_at.val();
        self.issued.wdata.next = self.l_raised.val();
        self.issued_check.we.next = self.l_issue_we.val();
        self.issued_check.waddr.next = self.l_issue_at.val();
        self.issued_check.wdata.next = self.l_raised.val();
        self.completed.we.next = self.l_done_we.val();
        self.completed.waddr.next = self.l_done_at.val();
        self.completed.wdata.next = self.l_raised_done.val();

        // The check.
        self.issued_check.raddr.next = self.check_id.val();
        self.completed.raddr2.next = self.check_id.val();
        self.l_check.next = self.issued_check.rdata.val() ^ self.completed.rdata2.val();
        self.check_idle.next = !self.l_check.val().any();

        // Totals.
        self.l_up_0.next = self.issue_valid.val() & !self.epoch.q.val();
        self.l_up_1.next = self.issue_valid.val() & self.epoch.q.val();
        self.l_down_0.next = self.done_valid.val() & !self.l_done_1.val();
        self.l_down_1.next = self.done_valid.val() & self.l_done_1.val();
        if self.l_up_0.val() & !self.l_down_0.val() {
            self.total_0.d.next = self.total_0.q.val() + 1;
        }
        if self.l_down_0.val() & !self.l_up_0.val() {
            self.total_0.d.next = self.total_0.q.val() - 1;
        }
        if self.l_up_1.val() & !self.l_down_1.val() {
            self.total_1.d.next = self.total_1.q.val() + 1;
        }
        if self.l_down_1.val() & !self.l_up_1.val() {
            self.total_1.d.next = self.total_1.q.val() - 1;
        }
        if self.issue_valid.val() & !self.done_valid.val() {
            self.total.d.next = self.total.q.val() + 1;
        }
        if self.done_valid.val() & !self.issue_valid.val() {
            self.total.d.next = self.total.q.val() - 1;
        }
        self.l_crowd.next = self.total.q.val().get_bits::<2>(6);
        self.limit_q.d.next = self.l_crowd.val().all() | self.sweeping.q.val();
        self.limit.next = self.limit_q.q.val();

        // Epochs.
        self.flip_q.d.next = self.flip.val();
        if self.flip_q.q.val() {
            self.epoch.d.next = !self.epoch.q.val();
        }
        self.l_old.next = self.total_0.q.val();
        if !self.epoch.q.val() {
            self.l_old.next = self.total_1.q.val();
        }
        self.drained_q.d.next = !self.l_old.val().any() & !self.flip.val() & !self.flip_q.q.val();
        self.drained.next = self.drained_q.q.val();

        if !self.aresetn.val() {
            self.epoch.d.next = false;
            self.flip_q.d.next = false;
            self.drained_q.d.next = false;
            self.limit_q.d.next = true;
            self.total_0.d.next = 0.into();
            self.total_1.d.next = 0.into();
            self.total.d.next = 0.into();
            self.sweep.d.next = 0.into();
            self.sweeping.d.next = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check, tick, Random};
    use std::collections::VecDeque;

    #[test]
    fn synthesizes() {
        synthesis_check(Outstanding::<4>::default());
        synthesis_check(Outstanding::<6>::default());
    }

    #[test]
    fn verilog_agrees() {
        equivalence(
            Outstanding::<4>::default,
            3000,
            1,
            drive!(clock, aresetn, issue_valid, issue_id, done_valid, done_id, flip, check_id),
            |s| s.often("flip", 1, 20),
        );
    }

    /// Random traffic against queues that remember the epoch of every transaction.
    #[test]
    fn counts_by_id_and_epoch() {
        let mut o = Outstanding::<3>::default();
        o.connect_all();
        let mut random = Random::new(5);
        let mut queues: [VecDeque<bool>; 8] = Default::default();
        let mut epoch = false;
        let (mut drained_seen, mut flips, mut limited) = (0, 0, 0);
        let (mut since_flip, mut flip_is_due) = (9, false);
        for cycle in 0..20_000 {
            o.aresetn.next = cycle >= 3;
            assert!(simulate(&mut o, 100));
            // What the outputs say now is about the queues as they are.
            let total: usize = queues.iter().map(VecDeque::len).sum();
            let old: usize = queues.iter().flatten().filter(|&&e| e != epoch).count();
            if cycle > 20 {
                let id = random.below(8) as usize;
                o.check_id.next = id.into();
                assert!(simulate(&mut o, 100));
                assert_eq!(o.check_idle.val(), queues[id].is_empty(), "cycle {cycle}");
                assert!(total <= 255);
                if since_flip >= 3 && o.drained.val() {
                    assert_eq!(old, 0, "cycle {cycle}");
                    drained_seen += 1;
                }
                if since_flip == 1 || since_flip == 2 {
                    assert!(!o.drained.val());
                }
            }
            limited += usize::from(o.limit.val());
            // Phases of filling and of draining.
            let filling = (cycle / 600) % 2 == 0;
            let issue = cycle > 20 && !o.limit.val() && random.chance(if filling { 3 } else { 1 }, 4);
            let id = random.below(8) as usize;
            o.issue_valid.next = issue;
            o.issue_id.next = id.into();
            let done_id = random.below(8) as usize;
            let done = !queues[done_id].is_empty() && random.chance(if filling { 1 } else { 3 }, 4);
            o.done_valid.next = done;
            o.done_id.next = done_id.into();
            let flip = since_flip > 3 && o.drained.val() && random.chance(1, 8);
            o.flip.next = flip;
            if issue {
                queues[id].push_back(epoch);
            }
            if done {
                queues[done_id].pop_front();
            }
            // An event is one cycle old, so the event in the cycle after the flip is still of the old epoch.
            epoch ^= flip_is_due;
            flip_is_due = flip;
            flips += usize::from(flip);
            since_flip = if flip { 1 } else { since_flip + 1 };
            tick(&mut o, |b| &mut b.clock);
        }
        assert!(flips > 50 && drained_seen > 100 && limited > 100, "{flips} {drained_seen} {limited}");
    }
}
