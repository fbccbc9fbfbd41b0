//! `Tickets`: four TBUs share the translation control unit's two request ports.
//!
//! A TBU's tag says which of its parked transactions asks; the control unit gives it back with the answer and knows nothing of TBUs. So
//! a request of several TBUs goes there under a *ticket*, one of 16 numbers, and what stands behind it (TBU and tag) is kept here until the
//! answer comes. A request holds a walk row from its acceptance to its answer, and there are at most 16 of these, so a ticket is free
//! when one is needed, but for the cycle between the end of a row and its answer.
//!
//! # Fairness
//!
//! Reads and writes are granted apart, each in turn: after a TBU's request was taken, those of higher numbers come first, then it
//! starts again from below. So a request waits for three others of its kind at most.
//!
//! # Timing
//!
//! `*_pick`, `*_go` and `ticket` follow `*_valid` in the same cycle, `rsp_of` and `rsp_tag_of` follow `rsp_tag`, `ask_of` and `ask_tag_of` follow `ask_tag`: a request and an
//! answer take as long as with one TBU. A ticket whose answer comes is free in the next cycle.

use crate::prelude::*;
use crate::prim::ram::RamAsync;

/// The block.
#[derive(LogicBlock, Default)]
pub struct Tickets {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    /// TBUs that ask, for reads and for writes.
    pub rd_valid: Signal<In, Word<4>>,
    pub wr_valid: Signal<In, Word<4>>,
    /// Whose turn it is, one-hot; 0 if nobody asks.
    pub rd_pick: Signal<Out, Word<4>>,
    pub wr_pick: Signal<Out, Word<4>>,
    /// Its tag.
    pub rd_tag: Signal<In, Word<4>>,
    pub wr_tag: Signal<In, Word<4>>,
    /// To the control unit: a request, and its ticket, whichever of the two is taken.
    pub rd_go: Signal<Out, Bit>,
    pub wr_go: Signal<Out, Bit>,
    pub ticket: Signal<Out, Word<4>>,
    /// The control unit takes the request (one of the two in a cycle at most).
    pub rd_ready: Signal<In, Bit>,
    pub wr_ready: Signal<In, Bit>,
    /// An answer: its ticket; whose it is, one-hot, and the tag.
    pub rsp_valid: Signal<In, Bit>,
    pub rsp_tag: Signal<In, Word<4>>,
    pub rsp_of: Signal<Out, Word<4>>,
    pub rsp_tag_of: Signal<Out, Word<4>>,
    /// The same of a ticket that has no answer yet.
    pub ask_tag: Signal<In, Word<4>>,
    pub ask_of: Signal<Out, Word<4>>,
    pub ask_tag_of: Signal<Out, Word<4>>,
    /// TBU in bits 5:4, tag in bits 3:0 of each ticket.
    behind: RamAsync<4, 6>,
    /// The same, for `ask_*`.
    behind_ask: RamAsync<4, 6>,
    used: DFF<Word<16>>,
    /// TBUs that come before the others.
    rd_first: DFF<Word<4>>,
    wr_first: DFF<Word<4>>,
    l_above: Signal<Local, Word<16>>,
    l_free: Signal<Local, Word<16>>,
    l_ticket: Signal<Local, Word<4>>,
    l_some: Signal<Local, Bit>,
    l_rd_set: Signal<Local, Word<4>>,
    l_wr_set: Signal<Local, Word<4>>,
    l_rd_none: Signal<Local, Word<4>>,
    l_wr_none: Signal<Local, Word<4>>,
    l_rd_pick: Signal<Local, Word<4>>,
    l_wr_pick: Signal<Local, Word<4>>,
    l_rd_below: Signal<Local, Word<4>>,
    l_wr_below: Signal<Local, Word<4>>,
    l_rd_go: Signal<Local, Bit>,
    l_wr_go: Signal<Local, Bit>,
    l_rd_taken: Signal<Local, Bit>,
    l_wr_taken: Signal<Local, Bit>,
    l_pick: Signal<Local, Word<4>>,
    l_tag: Signal<Local, Word<4>>,
    l_who: Signal<Local, Word<2>>,
    l_back: Signal<Local, Word<16>>,
    l_used: Signal<Local, Word<16>>,
    l_of: Signal<Local, Word<2>>,
    l_ask: Signal<Local, Word<2>>,
    l_one: Signal<Local, Word<4>>,
}

impl Logic for Tickets {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, used, rd_first, wr_first);
        clock!(self, clock, behind, behind_ask);

        // The lowest free ticket.
        self.l_above.next = self.used.q.val() + 1;
        self.l_free.next = !self.used.q.val() & self.l_above.val();
        self.l_some.next = self.l_free.val().any();
        self.l_ticket.next = 0.into();
        for i in 0..16 {
            if self.l_free.val().get_bit(i) {
                self.l_ticket.next = i.into();
            }
        }
        self.ticket.next = self.l_ticket.val();

        // Whose turn it is.
        self.l_rd_set.next = self.rd_valid.val() & self.rd_first.q.val();
        if !self.l_rd_set.val().any() {
            self.l_rd_set.next = self.rd_valid.val();
        }
        self.l_rd_none.next = !self.l_rd_set.val();
        self.l_rd_none.next = self.l_rd_none.val() + 1;
        self.l_rd_pick.next = self.l_rd_set.val() & self.l_rd_none.val();
        self.rd_pick.next = self.l_rd_pick.val();
        self.l_rd_go.next = self.l_rd_pick.val().any() & self.l_some.val();
        self.rd_go.next = self.l_rd_go.val();
        self.l_wr_set.next = self.wr_valid.val() & self.wr_first.q.val();
        if !self.l_wr_set.val().any() {
            self.l_wr_set.next = self.wr_valid.val();
        }
        self.l_wr_none.next = !self.l_wr_set.val();
        self.l_wr_none.next = self.l_wr_none.val() + 1;
        self.l_wr_pick.next = self.l_wr_set.val() & self.l_wr_none.val();
        self.wr_pick.next = self.l_wr_pick.val();
        self.l_wr_go.next = self.l_wr_pick.val().any() & self.l_some.val();
        self.wr_go.next = self.l_wr_go.val();

        // A request is taken: those of higher numbers come first from now on.
        self.l_rd_taken.next = self.l_rd_go.val() & self.rd_ready.val();
        self.l_wr_taken.next = self.l_wr_go.val() & self.wr_ready.val();
        self.l_rd_below.next = self.l_rd_pick.val() - 1;
        self.l_wr_below.next = self.l_wr_pick.val() - 1;
        self.l_pick.next = self.l_rd_pick.val();
        self.l_tag.next = self.rd_tag.val();
        if self.l_rd_taken.val() {
            self.rd_first.d.next = !(self.l_rd_pick.val() | self.l_rd_below.val());
        }
        if self.l_wr_taken.val() {
            self.wr_first.d.next = !(self.l_wr_pick.val() | self.l_wr_below.val());
            self.l_pick.next = self.l_wr_pick.val();
            self.l_tag.next = self.wr_tag.val();
        }
        self.l_who.next = 0.into();
        for i in 0..4 {
            if self.l_pick.val().get_bit(i) {
                self.l_who.next = i.into();
            }
        }
        self.behind.we.next = self.l_rd_taken.val() | self.l_wr_taken.val();
        self.behind.waddr.next = self.l_ticket.val();
        self.behind.wdata.next = bit_cast::<6, 4>(self.l_tag.val()) | (bit_cast::<6, 2>(self.l_who.val()) << 4);
        self.l_one.next = 1.into();
        self.behind_ask.we.next = self.l_rd_taken.val() | self.l_wr_taken.val();
        self.behind_ask.waddr.next = self.l_ticket.val();
        self.behind_ask.wdata.next = bit_cast::<6, 4>(self.l_tag.val()) | (bit_cast::<6, 2>(self.l_who.val()) << 4);
        self.behind_ask.raddr.next = self.ask_tag.val();
        self.ask_tag_of.next = self.behind_ask.rdata.val().get_bits::<4>(0);
        self.l_ask.next = self.behind_ask.rdata.val().get_bits::<2>(4);
        self.ask_of.next = self.l_one.val() << self.l_ask.val();

        // An answer.
        self.behind.raddr.next = self.rsp_tag.val();
        self.rsp_tag_of.next = self.behind.rdata.val().get_bits::<4>(0);
        self.l_of.next = self.behind.rdata.val().get_bits::<2>(4);
        self.rsp_of.next = 0.into();
        self.l_back.next = 1.into();
        self.l_back.next = self.l_back.val() << self.rsp_tag.val();
        self.l_used.next = self.used.q.val();
        if self.rsp_valid.val() {
            self.rsp_of.next = self.l_one.val() << self.l_of.val();
            self.l_used.next = self.used.q.val() & !self.l_back.val();
        }
        if self.l_rd_taken.val() | self.l_wr_taken.val() {
            self.l_used.next = self.l_used.val() | self.l_free.val();
        }
        self.used.d.next = self.l_used.val();
        if !self.aresetn.val() {
            self.used.d.next = 0.into();
            self.rd_first.d.next = 0.into();
            self.wr_first.d.next = 0.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check, tick};

    fn tickets() -> Tickets {
        let mut block = Tickets::default();
        block.connect_all();
        block.aresetn.next = true;
        tick(&mut block, |b| &mut b.clock);
        block
    }

    fn step(block: &mut Tickets) {
        tick(block, |b| &mut b.clock);
    }

    #[test]
    fn synthesizes() {
        synthesis_check(Tickets::default());
    }

    #[test]
    fn verilog_agrees() {
        equivalence(
            Tickets::default,
            4000,
            3,
            drive!(clock, aresetn, rd_valid, wr_valid, rd_tag, wr_tag, rd_ready, wr_ready, rsp_valid, rsp_tag, ask_tag),
            |_| {},
        );
    }

    #[test]
    fn everybody_gets_a_turn_and_his_own_answer() {
        let mut block = tickets();
        block.rd_valid.next = Word::new(0b1011);
        block.rd_ready.next = true;
        let mut order = Vec::new();
        for tag in 0..6u8 {
            block.rd_tag.next = tag.into();
            block.update_all();
            block.update_all();
            assert!(block.rd_go.val());
            order.push((block.rd_pick.val().raw(), block.ticket.val().raw(), u128::from(tag)));
            block.ask_tag.next = block.ticket.val();
            step(&mut block);
            assert_eq!((block.ask_of.val().raw(), block.ask_tag_of.val().raw()), (order[tag as usize].0, u128::from(tag)));
        }
        assert_eq!(order.iter().map(|o| o.0).collect::<Vec<_>>(), [1, 2, 8, 1, 2, 8]);
        block.rd_valid.next = 0.into();
        for (who, ticket, tag) in order.into_iter().rev() {
            block.rsp_valid.next = true;
            block.rsp_tag.next = Word::new(ticket);
            step(&mut block);
            assert_eq!((block.rsp_of.val().raw(), block.rsp_tag_of.val().raw()), (who, tag));
        }
    }

    #[test]
    fn no_request_goes_without_a_ticket() {
        let mut block = tickets();
        block.wr_valid.next = Word::new(0b0100);
        block.wr_ready.next = true;
        let mut taken = 0;
        for _ in 0..20 {
            block.update_all();
            block.update_all();
            taken += u32::from(block.wr_go.val());
            step(&mut block);
        }
        assert_eq!(taken, 16);
        block.rsp_valid.next = true;
        block.rsp_tag.next = Word::new(9);
        step(&mut block);
        block.rsp_valid.next = false;
        step(&mut block);
        assert_eq!((block.wr_go.val(), block.rsp_of.val().raw()), (false, 0), "the one that was free is taken again");
    }
}
