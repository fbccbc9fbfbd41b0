//! `RequestQueue`: misses on their way to the translation control unit, in the order in which they were seen.
//!
//! A miss of cycle 1 shows as `req_valid` in cycle 2 if nothing is in front of it. Each queue entry of the pipe has at most one
//! request under way, so 16 places are enough and nobody counts them.

use crate::prelude::*;
use crate::prim::fifo::FifoReg;

/// Request FIFO of an address pipe.
#[derive(LogicBlock, Default)]
pub struct RequestQueue {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub push: Signal<In, Bit>,
    /// The entry that asks, and its transaction word ([`super::beat`]).
    pub tag: Signal<In, Word<4>>,
    pub beat: Signal<In, Word<103>>,
    pub req_valid: Signal<Out, Bit>,
    pub req_ready: Signal<In, Bit>,
    pub req_tag: Signal<Out, Word<4>>,
    pub req_sid: Signal<Out, Word<16>>,
    pub req_va: Signal<Out, Word<49>>,
    pub req_prot: Signal<Out, Word<3>>,
    pub req_uut: Signal<Out, Bit>,
    /// {illegal, prot, va, sid, tag}
    fifo: FifoReg<73>,
    l_sid: Signal<Local, Word<16>>,
    l_va: Signal<Local, Word<49>>,
    l_prot: Signal<Local, Word<3>>,
    l_wide_tag: Signal<Local, Word<73>>,
    l_wide_sid: Signal<Local, Word<73>>,
    l_wide_va: Signal<Local, Word<73>>,
    l_wide_prot: Signal<Local, Word<73>>,
    l_word: Signal<Local, Word<73>>,
}

impl Logic for RequestQueue {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, fifo);
        self.fifo.aresetn.next = self.aresetn.val();
        self.l_sid.next = bit_cast::<16, 15>(self.beat.val().get_bits::<15>(78))
            | (bit_cast::<16, 1>(self.beat.val().get_bits::<1>(102)) << 15);
        self.l_va.next = self.beat.val().get_bits::<49>(0);
        self.l_prot.next = self.beat.val().get_bits::<3>(67);
        self.l_wide_tag.next = bit_cast::<73, 4>(self.tag.val());
        self.l_wide_sid.next = bit_cast::<73, 16>(self.l_sid.val());
        self.l_wide_sid.next = self.l_wide_sid.val() << 4;
        self.l_wide_va.next = bit_cast::<73, 49>(self.l_va.val());
        self.l_wide_va.next = self.l_wide_va.val() << 20;
        self.l_wide_prot.next = bit_cast::<73, 3>(self.l_prot.val());
        self.l_wide_prot.next = self.l_wide_prot.val() << 69;
        self.l_word.next = self.l_wide_tag.val() | self.l_wide_sid.val() | self.l_wide_va.val() | self.l_wide_prot.val();
        self.fifo.push.next = self.push.val();
        self.fifo.din.next = self.l_word.val().replace_bit(72, self.beat.val().get_bit(101));
        self.fifo.ready.next = self.req_ready.val();
        self.req_valid.next = self.fifo.valid.val();
        self.req_tag.next = self.fifo.dout.val().get_bits::<4>(0);
        self.req_sid.next = self.fifo.dout.val().get_bits::<16>(4);
        self.req_va.next = self.fifo.dout.val().get_bits::<49>(20);
        self.req_prot.next = self.fifo.dout.val().get_bits::<3>(69);
        self.req_uut.next = self.fifo.dout.val().get_bit(72);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check, tick};

    #[test]
    fn synthesizes() {
        synthesis_check(RequestQueue::default());
    }

    #[test]
    fn verilog_agrees() {
        equivalence(RequestQueue::default, 1000, 1, drive!(clock, aresetn, push, tag, beat, req_ready), |_| {});
    }

    #[test]
    fn every_field_arrives() {
        let mut q = RequestQueue::default();
        q.connect_all();
        q.aresetn.next = true;
        q.push.next = true;
        q.tag.next = 9.into();
        q.beat.next = (0x1_2345_6789_abcdu128 | 5 << 67 | 0x7654 << 78 | 1 << 101 | 1 << 102).into();
        tick(&mut q, |b| &mut b.clock);
        assert!(q.req_valid.val() && q.req_uut.val());
        assert_eq!((q.req_tag.val().u64(), q.req_sid.val().u64(), q.req_prot.val().u64()), (9, 0xf654, 5));
        assert_eq!(q.req_va.val().u64(), 0x1_2345_6789_abcd);
    }
}
