//! `OutStage<IDW>`: puts the output page into a transaction and queues it for downstream.
//!
//! Bit i of the output address is bit i of the VA where the page is larger than that (size thermometer `mask`, see
//! [`super::micro_tlb`]), else bit i of the page's base. Bits of `ppn` below the page size are zero.
//!
//! Attributes ([`super::attribute_out`]) come in here too; what has no place in the transaction word goes through a FIFO of its own.
//!
//! A transaction that is pushed in cycle c stands at the output in c+1 if the FIFO is empty, and is reported to the outstanding
//! counters in c+1. The pipe's credits see to it that the FIFO never overflows.

use super::attribute_out::AttributeOut;
use crate::prelude::*;
use crate::prim::fifo::FifoReg;
use crate::prim::strap::Strap;

/// Address translation's last step, and the output FIFO of an address channel with `IDW` id bits.
#[derive(LogicBlock, Default)]
pub struct OutStage<const IDW: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub push: Signal<In, Bit>,
    /// A transaction word ([`super::beat`]) with its VA, and the page to put there.
    pub beat: Signal<In, Word<103>>,
    pub ppn: Signal<In, Word<36>>,
    pub mask: Signal<In, Word<7>>,
    pub attr: Signal<In, Word<18>>,
    /// Downstream.
    pub valid: Signal<Out, Bit>,
    pub ready: Signal<In, Bit>,
    pub dout: Signal<Out, Word<103>>,
    /// 1:0 domain, 5:2 inner cacheability.
    pub dout_attr: Signal<Out, Word<6>>,
    /// One was pushed in the cycle before.
    pub issue_valid: Signal<Out, Bit>,
    pub issue_id: Signal<Out, Word<IDW>>,
    fifo: FifoReg<103>,
    attributes: AttributeOut,
    attr_fifo: FifoReg<6>,
    there: Strap<Bit>,
    /// Page-number bits of the largest chunk of the size thermometer.
    top_chunk: Strap<Word<36>>,
    /// All of a transaction word but its page number and the mark of an illegal burst.
    rest: Strap<Word<103>>,
    /// All of it but AxCACHE and AxPROT.
    no_pins: Strap<Word<103>>,
    issue: DFF<Bit>,
    issue_label: DFF<Word<IDW>>,
    l_offset: Signal<Local, Word<36>>,
    l_page: Signal<Local, Word<36>>,
    l_wide: Signal<Local, Word<103>>,
    l_same: Signal<Local, Word<103>>,
    l_pins: Signal<Local, Word<103>>,
}

impl<const IDW: usize> OutStage<IDW> {
    /// With room for `depth` transactions; `attributes`: the hardware has them, `is_write`: the channel is that of writes.
    pub fn new(depth: usize, attributes: bool, is_write: bool) -> Self {
        Self {
            fifo: FifoReg::new(depth),
            attributes: AttributeOut::new(attributes, is_write),
            attr_fifo: FifoReg::new(depth),
            there: Strap::new(attributes),
            top_chunk: Strap::new(0xf_fffc_0000u64),
            rest: Strap::new(!(0x1f_ffff_ffffu128 << 12 | 1 << 101)),
            no_pins: Strap::new(!(0x7fu128 << 63)),
            ..Self::default()
        }
    }
}

impl<const IDW: usize> Logic for OutStage<IDW> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, issue, issue_label);
        clock!(self, clock, fifo, attr_fifo);
        self.fifo.aresetn.next = self.aresetn.val();
        self.attr_fifo.aresetn.next = self.aresetn.val();

        self.l_offset.next = 0.into();
        if self.mask.val().get_bit(0) {
            self.l_offset.next = 3.into();
        }
        if self.mask.val().get_bit(1) {
            self.l_offset.next = self.l_offset.val() | 12;
        }
        if self.mask.val().get_bit(2) {
            self.l_offset.next = self.l_offset.val() | 496;
        }
        if self.mask.val().get_bit(3) {
            self.l_offset.next = self.l_offset.val() | 7680;
        }
        if self.mask.val().get_bit(4) {
            self.l_offset.next = self.l_offset.val() | 122880;
        }
        if self.mask.val().get_bit(5) {
            self.l_offset.next = self.l_offset.val() | 131072;
        }
        if self.mask.val().get_bit(6) {
            self.l_offset.next = self.l_offset.val() | self.top_chunk.val();
        }
        self.l_page.next = self.beat.val().get_bits::<36>(12) & self.l_offset.val();
        self.l_page.next = self.l_page.val() | self.ppn.val();
        self.l_wide.next = bit_cast::<103, 36>(self.l_page.val());
        self.l_wide.next = self.l_wide.val() << 12;
        self.l_same.next = self.beat.val();

        // AxCACHE 66:63 and AxPROT 69:67 are the attribute's.
        self.attributes.cache.next = self.beat.val().get_bits::<4>(63);
        self.attributes.prot.next = self.beat.val().get_bits::<3>(67);
        self.attributes.attr.next = self.attr.val();
        self.l_pins.next = self.l_same.val();
        if self.there.val() {
            self.l_pins.next = self.l_same.val() & self.no_pins.val();
            self.l_pins.next = self.l_pins.val()
                | (bit_cast::<103, 4>(self.attributes.o_cache.val()) << 63)
                | (bit_cast::<103, 3>(self.attributes.o_prot.val()) << 67);
        }
        self.attr_fifo.push.next = self.push.val();
        self.attr_fifo.din.next = self.attributes.o_user.val();
        self.attr_fifo.ready.next = self.ready.val();
        self.dout_attr.next = 0.into();
        if self.there.val() {
            self.dout_attr.next = self.attr_fifo.dout.val();
        }

        self.fifo.push.next = self.push.val();
        self.fifo.din.next = (self.l_pins.val() & self.rest.val()) | self.l_wide.val();
        self.fifo.ready.next = self.ready.val();
        self.valid.next = self.fifo.valid.val();
        self.dout.next = self.fifo.dout.val();
        self.issue.d.next = self.push.val();
        self.issue_label.d.next = self.beat.val().get_bits::<IDW>(93);
        self.issue_valid.next = self.issue.q.val();
        self.issue_id.next = self.issue_label.q.val();

        if !self.aresetn.val() {
            self.issue.d.next = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::tbu::micro_tlb::offset_bits;
    use crate::testing::{equivalence, synthesis_check, tick, Random};

    #[test]
    fn synthesizes() {
        synthesis_check(OutStage::<4>::new(16, false, false));
    }

    #[test]
    fn verilog_agrees() {
        equivalence(
            || OutStage::<6>::new(32, false, false),
            2000,
            1,
            drive!(clock, aresetn, push, beat, ppn, mask, attr, ready),
            |s| s.often("ready", 2, 3),
        );
        equivalence(
            || OutStage::<6>::new(16, true, true),
            2000,
            1,
            drive!(clock, aresetn, push, beat, ppn, mask, attr, ready),
            |s| s.often("ready", 2, 3),
        );
    }

    #[test]
    fn takes_offset_bits_from_the_va() {
        let mut stage = OutStage::<4>::new(16, false, false);
        stage.connect_all();
        let mut random = Random::new(1);
        stage.aresetn.next = true;
        stage.ready.next = true;
        stage.push.next = true;
        for size in (0..8).cycle().take(200) {
            let mask = (1u64 << size) - 1;
            let (beat, offset) = (random.bits(103), offset_bits(mask));
            let ppn = random.bits(36) as u64 & !offset;
            stage.beat.next = beat.into();
            stage.mask.next = mask.into();
            stage.ppn.next = ppn.into();
            tick(&mut stage, |b| &mut b.clock);
            let va = beat & ((1 << 49) - 1);
            let page = (va as u64 >> 12) & offset & ((1 << 36) - 1) | ppn;
            let expected = (beat & !(1 << 101)) >> 49 << 49 | u128::from(page) << 12 | va & 0xfff;
            assert!(stage.valid.val() && stage.issue_valid.val());
            assert_eq!(stage.dout.val().raw(), expected);
            assert_eq!(stage.issue_id.val().raw(), (beat >> 93) & 15);
        }
    }
}
