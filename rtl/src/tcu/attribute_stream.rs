//! What stream mapping does to a transaction's attributes, found beside [`super::accept`]'s decision in F2.
//!
//! Holds the attribute fields of S2CR, one word a group, and of sCR0. A matched stream has those of its S2CR, bypassed or not; where
//! `CLIENTPD`, no match or several matches bypass, sCR0's count. `PRIVCFG` and `INSTCFG` count only for a stream that is translated;
//! `o_privileged` and `o_fetch` are the values after them.
//!
//! `raddr` in F1; everything else in F2.
//!
//! # The word that goes with a request (23 bits)
//!
//! 15:0 the step ([`super::attribute`]), 16 privilege is replaced, 17 by this, 18 for reads instruction is replaced, 19 by this, 20 the request bypasses,
//! 21 AxPROT[0] as it came, 22 AxPROT[2] as it came.

use super::attribute::AttributeOverride;
use crate::prelude::*;
use crate::prim::ram::RamSync;
use crate::prim::strap::Strap;

/// The block: groups numbered in `SI` bits.
#[derive(LogicBlock, Default)]
pub struct AttributeStream<const SI: usize> {
    pub clock: Signal<In, Clock>,
    // Configuration writes.
    pub cw_valid: Signal<In, Bit>,
    pub cw_kind: Signal<In, Word<4>>,
    pub cw_index: Signal<In, Word<7>>,
    pub cw_data: Signal<In, Word<64>>,
    /// F1: the group.
    pub raddr: Signal<In, Word<SI>>,
    /// F2: one group claims the stream, and `CLIENTPD` is clear.
    pub matched: Signal<In, Bit>,
    /// F2: an address translation operation: nothing is overridden.
    pub plain: Signal<In, Bit>,
    /// F2: it goes to a bank.
    pub translated: Signal<In, Bit>,
    pub bypass: Signal<In, Bit>,
    pub write: Signal<In, Bit>,
    /// F2: AxPROT[0] and AxPROT[2].
    pub privileged: Signal<In, Bit>,
    pub fetch: Signal<In, Bit>,
    pub o_privileged: Signal<Out, Bit>,
    pub o_fetch: Signal<Out, Bit>,
    pub o_attr: Signal<Out, Word<23>>,
    /// 10:0 as [`AttributeOverride`] has them, 12:11 `PRIVCFG`, 14:13 `INSTCFG`.
    s2cr: RamSync<SI, 15>,
    scr0: DFF<Word<11>>,
    overrides: AttributeOverride,
    there: Strap<Bit>,
    fields: Signal<Local, Word<11>>,
    privcfg: Signal<Local, Word<2>>,
    instcfg: Signal<Local, Word<2>>,
    is_privileged: Signal<Local, Bit>,
    is_fetch: Signal<Local, Bit>,
    attr: Signal<Local, Word<23>>,
}

impl<const SI: usize> AttributeStream<SI> {
    /// The block; `there`: the hardware has attributes.
    pub fn new(there: bool) -> Self {
        Self { there: Strap::new(there), ..Self::default() }
    }
}

impl<const SI: usize> Logic for AttributeStream<SI> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, scr0);
        clock!(self, clock, s2cr);
        self.s2cr.raddr.next = self.raddr.val();
        self.fields.next = self.scr0.q.val();
        if self.matched.val() {
            self.fields.next = self.s2cr.rdata.val().get_bits::<11>(0);
        }
        if self.plain.val() {
            self.fields.next = 0.into();
        }
        self.overrides.fields.next = self.fields.val();
        self.overrides.combine.next = false;
        self.privcfg.next = 0.into();
        self.instcfg.next = 0.into();
        if self.translated.val() & !self.plain.val() {
            self.privcfg.next = self.s2cr.rdata.val().get_bits::<2>(11);
            self.instcfg.next = self.s2cr.rdata.val().get_bits::<2>(13);
        }
        self.is_privileged.next = self.privileged.val();
        if self.there.val() & self.privcfg.val().get_bit(1) {
            self.is_privileged.next = self.privcfg.val().get_bit(0);
        }
        self.is_fetch.next = self.fetch.val();
        if self.there.val() & self.instcfg.val().get_bit(1) & !self.write.val() {
            self.is_fetch.next = self.instcfg.val().get_bit(0);
        }
        self.o_privileged.next = self.is_privileged.val();
        self.o_fetch.next = self.is_fetch.val();
        self.attr.next = bit_cast::<23, 16>(self.overrides.step.val());
        self.attr.next = self.attr.val().replace_bit(16, self.privcfg.val().get_bit(1));
        self.attr.next = self.attr.val().replace_bit(17, self.privcfg.val().get_bit(0));
        self.attr.next = self.attr.val().replace_bit(18, self.instcfg.val().get_bit(1));
        self.attr.next = self.attr.val().replace_bit(19, self.instcfg.val().get_bit(0));
        self.attr.next = self.attr.val().replace_bit(20, self.bypass.val());
        self.attr.next = self.attr.val().replace_bit(21, self.privileged.val());
        self.attr.next = self.attr.val().replace_bit(22, self.fetch.val());
        self.o_attr.next = 0.into();
        if self.there.val() {
            self.o_attr.next = self.attr.val();
        }

        // S2CR: SHCFG 9:8, MTCFG 11, MemAttr 15:12, RACFG 21:20, WACFG 23:22, PRIVCFG 25:24, INSTCFG 27:26. sCR0: MemAttr 19:16, MTCFG 20, SHCFG
        // 23:22, RACFG 25:24, WACFG 27:26.
        self.s2cr.we.next = self.cw_valid.val() & (self.cw_kind.val() == 1);
        self.s2cr.waddr.next = bit_cast::<SI, 7>(self.cw_index.val());
        self.s2cr.wdata.next = bit_cast::<15, 4>(self.cw_data.val().get_bits::<4>(12))
            | (bit_cast::<15, 1>(self.cw_data.val().get_bits::<1>(11)) << 4)
            | (bit_cast::<15, 2>(self.cw_data.val().get_bits::<2>(8)) << 5)
            | (bit_cast::<15, 8>(self.cw_data.val().get_bits::<8>(20)) << 7);
        if self.cw_valid.val() & (self.cw_kind.val() == 9) {
            self.scr0.d.next = bit_cast::<11, 5>(self.cw_data.val().get_bits::<5>(16))
                | (bit_cast::<11, 6>(self.cw_data.val().get_bits::<6>(22)) << 5);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_attributestream() {
        synthesis_check(AttributeStream::<3>::new(true));
    }

    #[test]
    fn verilog_agrees_attributestream() {
        equivalence(
            || AttributeStream::<3>::new(true),
            4000,
            1,
            drive!(
                clock, cw_valid, cw_kind, cw_index, cw_data, raddr, matched, plain, translated, bypass, write, privileged, fetch
            ),
            |s| {
                s.often("cw_valid", 1, 2);
                s.below("cw_index", 8);
            },
        );
    }
}
