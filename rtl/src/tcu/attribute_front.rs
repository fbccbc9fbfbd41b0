//! Attributes in the front: beside [`super::bank`], [`super::select`] and [`super::decide`], from F2 to F6.
//!
//! Carries a request's attribute word ([`super::attribute_stream`]) along, and finds the three steps ([`super::attribute`]) that the transaction goes
//! through: *before* (the stream's overrides, and those of SCTLR if this bank's stage is off), *leaf* (what a cached leaf says), *after* (CBAR of TYPE 1,
//! or SCTLR of the stage-2 bank of TYPE 3 while that stage is off). An answer of F6 has all three; a walk keeps what it needs in its row
//! ([`super::attribute_walk`]).
//!
//! | stage | |
//! | --- | --- |
//! | F2 | the bank's registers are addressed |
//! | F3 | SCTLR and CBAR as steps; `TCR.ORGN` of the region |
//! | F4 | the stream's step, then SCTLR's if the stage is off; MAIR and SCTLR of the stage-2 bank are addressed |
//! | F5 | the step after stage 1 |
//! | F6 | the leaf's attribute by MAIR; all steps together |
//!
//! MAIR is read when a leaf is used: leaves are cached as they are in the tables, with their format.

use super::attribute::{AttributeOverride, AttributeStage2, AttributeThen};
use super::attribute_leaf::AttributeLeaf;
use crate::prelude::*;
use crate::prim::ram::RamSync;
use crate::prim::strap::Strap;

/// The block: `2^BI` banks.
#[derive(LogicBlock, Default)]
pub struct AttributeFront<const BI: usize> {
    pub clock: Signal<In, Clock>,
    // Configuration writes.
    pub cw_valid: Signal<In, Bit>,
    pub cw_kind: Signal<In, Word<4>>,
    pub cw_index: Signal<In, Word<7>>,
    pub cw_data: Signal<In, Word<64>>,
    /// F2: the request's word, and the bank that is looked up.
    pub i_attr: Signal<In, Word<23>>,
    pub i_bank: Signal<In, Word<7>>,
    /// F3: TTBR1's region.
    pub upper: Signal<In, Bit>,
    /// F4, as [`super::bank`] packs them.
    pub f4_cfg: Signal<In, Word<19>>,
    pub f4_ext: Signal<In, Word<26>>,
    pub f4_bank: Signal<In, Word<7>>,
    // F5.
    pub f5_cfg: Signal<In, Word<19>>,
    pub f5_ext: Signal<In, Word<26>>,
    /// An address translation operation; of stage 1 only.
    pub f5_ats: Signal<In, Bit>,
    pub f5_single: Signal<In, Bit>,
    /// The attribute fields of the leaf that hits; bit 6: of a short descriptor.
    pub f5_leaf: Signal<In, Word<8>>,
    // F6.
    /// {AxPROT[2], AxPROT[0]} as they came.
    pub raw: Signal<Out, Word<2>>,
    /// What an answer carries: 15:0 all steps, 19:16 as in the request's word; but for an address translation operation 18 says that the bank's format is
    /// the short one.
    pub answer: Signal<Out, Word<20>>,
    /// For the row of a walk: the steps before a leaf; with the leaf that is known (what stage 2 does, if a walk asked for it); and the rest, as
    /// [`super::attribute_walk`] packs it.
    pub so_far: Signal<Out, Word<16>>,
    pub known: Signal<Out, Word<16>>,
    pub row: Signal<Out, Word<85>>,
    /// `TCR.ORGN` of the region.
    pub orgn: Signal<Out, Word<2>>,
    /// As [`AttributeOverride`] has them, and `TRE`.
    sctlr: RamSync<BI, 12>,
    /// The same of the stage-2 bank.
    sctlr2: RamSync<BI, 11>,
    /// CBAR: 3:0 `MemAttr`, 6:5 `BPSHCFG`, 8:7 `RACFG`, 10:9 `WACFG`.
    cbar: RamSync<BI, 11>,
    orgns: RamSync<BI, 4>,
    mair: RamSync<BI, 64>,
    own: AttributeOverride,
    neutral: AttributeOverride,
    peer: AttributeOverride,
    with_own: AttributeThen,
    stage1_leaf: AttributeLeaf,
    stage2_leaf: AttributeStage2,
    with_leaf: AttributeThen,
    all: AttributeThen,
    f3_attr: DFF<Word<23>>,
    f4_attr: DFF<Word<23>>,
    f4_own: DFF<Word<16>>,
    f4_cbar: DFF<Word<16>>,
    f4_tre: DFF<Bit>,
    f4_orgn: DFF<Word<2>>,
    f5_attr: DFF<Word<23>>,
    f5_cbar: DFF<Word<16>>,
    f5_tre: DFF<Bit>,
    f5_orgn: DFF<Word<2>>,
    f6_attr: DFF<Word<23>>,
    f6_after: DFF<Word<16>>,
    f6_mair: DFF<Word<64>>,
    f6_leaf: DFF<Word<8>>,
    /// The leaf counts; it is one of stage 2.
    f6_on: DFF<Bit>,
    f6_stage2: DFF<Bit>,
    f6_tre: DFF<Bit>,
    f6_orgn: DFF<Word<2>>,
    there: Strap<Bit>,
    has_stage2: Strap<Bit>,
    has_nested: Strap<Bit>,
    has_short: Strap<Bit>,
    has_long: Strap<Bit>,
    has_ats: Strap<Bit>,
    write_bank: Signal<Local, Word<BI>>,
    step: Signal<Local, Word<16>>,
    after: Signal<Local, Word<16>>,
    mode: Signal<Local, Word<2>>,
    format: Signal<Local, Bit>,
    leaf_step: Signal<Local, Word<16>>,
}

impl<const BI: usize> AttributeFront<BI> {
    /// The block for hardware with these features.
    pub fn new(features: &crate::params::Features) -> Self {
        Self {
            there: Strap::new(features.attributes),
            has_stage2: Strap::new(features.stage2),
            has_nested: Strap::new(features.nested),
            has_short: Strap::new(features.aarch32 == crate::params::Aarch32::Both),
            has_long: Strap::new(features.aarch32 != crate::params::Aarch32::None),
            has_ats: Strap::new(features.ats),
            ..Self::default()
        }
    }
}

impl<const BI: usize> Logic for AttributeFront<BI> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, f3_attr, f4_attr, f4_own, f4_cbar, f4_tre, f4_orgn, f5_attr, f5_cbar, f5_tre, f5_orgn, f6_attr, f6_mair,
            f6_after, f6_leaf, f6_on, f6_stage2, f6_tre, f6_orgn
        );
        clock!(self, clock, sctlr, sctlr2, cbar, orgns, mair);

        // F2.
        self.sctlr.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.cbar.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.orgns.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.f3_attr.d.next = self.i_attr.val();

        // F3.
        self.own.fields.next = self.sctlr.rdata.val().get_bits::<11>(0);
        self.own.combine.next = false;
        self.neutral.fields.next = self.cbar.rdata.val();
        self.neutral.combine.next = true;
        self.f4_attr.d.next = self.f3_attr.q.val();
        self.f4_own.d.next = self.own.step.val();
        self.f4_cbar.d.next = self.neutral.step.val();
        self.f4_tre.d.next = self.sctlr.rdata.val().get_bit(11);
        self.f4_orgn.d.next = self.orgns.rdata.val().get_bits::<2>(0);
        if self.upper.val() {
            self.f4_orgn.d.next = self.orgns.rdata.val().get_bits::<2>(2);
        }

        // F4.
        self.mair.raddr.next = bit_cast::<BI, 7>(self.f4_bank.val());
        self.sctlr2.raddr.next = bit_cast::<BI, 7>(self.f4_ext.val().get_bits::<7>(16));
        self.with_own.first.next = self.f4_attr.q.val().get_bits::<16>(0);
        self.with_own.second.next = self.f4_own.q.val();
        self.step.next = self.f4_attr.q.val().get_bits::<16>(0);
        if !self.f4_cfg.val().get_bit(0) & !self.f4_attr.q.val().get_bit(20) {
            self.step.next = self.with_own.step.val();
        }
        self.f5_attr.d.next =
            bit_cast::<23, 16>(self.step.val()) | (bit_cast::<23, 7>(self.f4_attr.q.val().get_bits::<7>(16)) << 16);
        self.f5_cbar.d.next = self.f4_cbar.q.val();
        self.f5_tre.d.next = self.f4_tre.q.val();
        self.f5_orgn.d.next = self.f4_orgn.q.val();

        // F5. The stage-2 bank overrides while its stage is off.
        self.peer.fields.next = self.sctlr2.rdata.val();
        self.peer.combine.next = false;
        self.mode.next = self.f5_cfg.val().get_bits::<2>(5);
        self.after.next = 0x1fe.into();
        if !self.f5_attr.q.val().get_bit(20) {
            if self.mode.val() == 1 {
                self.after.next = self.f5_cbar.q.val();
            }
            if self.has_nested.val() & (self.mode.val() == 3) & !self.f5_ext.val().get_bit(12) & !self.f5_single.val() {
                self.after.next = self.peer.step.val();
            }
        }
        self.f6_attr.d.next = self.f5_attr.q.val();
        self.format.next = self.f5_ext.val().get_bit(6) | (self.has_long.val() & self.f5_ext.val().get_bit(10));
        if self.has_ats.val() & self.f5_ats.val() {
            self.f6_attr.d.next = self.f5_attr.q.val().replace_bit(18, self.format.val());
        }
        self.f6_mair.d.next = self.mair.rdata.val();
        self.f6_after.d.next = self.after.val();
        self.f6_leaf.d.next = self.f5_leaf.val();
        self.f6_on.d.next = self.f5_cfg.val().get_bit(0) & !self.f5_attr.q.val().get_bit(20);
        self.f6_stage2.d.next = self.has_stage2.val() & self.f5_ext.val().get_bit(0);
        self.f6_tre.d.next = self.f5_tre.q.val();
        self.f6_orgn.d.next = self.f5_orgn.q.val();

        // F6.
        self.stage1_leaf.leaf.next = self.f6_leaf.q.val();
        self.stage1_leaf.mair.next = self.f6_mair.q.val();
        self.stage1_leaf.short.next = self.has_short.val() & self.f6_leaf.q.val().get_bit(6);
        self.stage1_leaf.tre.next = self.f6_tre.q.val();
        self.stage2_leaf.leaf.next = self.f6_leaf.q.val().get_bits::<6>(0);
        self.leaf_step.next = 0x1fe.into();
        if self.f6_on.q.val() {
            self.leaf_step.next = self.stage1_leaf.step.val();
            if self.f6_stage2.q.val() {
                self.leaf_step.next = self.stage2_leaf.step.val();
            }
        }
        self.with_leaf.first.next = self.f6_attr.q.val().get_bits::<16>(0);
        self.with_leaf.second.next = self.leaf_step.val();
        self.all.first.next = self.with_leaf.step.val();
        self.all.second.next = self.f6_after.q.val();
        self.raw.next = 0.into();
        self.answer.next = 0.into();
        self.so_far.next = 0.into();
        self.known.next = 0.into();
        self.row.next = 0.into();
        self.orgn.next = 0.into();
        if self.there.val() {
            self.raw.next = self.f6_attr.q.val().get_bits::<2>(21);
            self.answer.next =
                bit_cast::<20, 16>(self.all.step.val()) | (bit_cast::<20, 4>(self.f6_attr.q.val().get_bits::<4>(16)) << 16);
            self.so_far.next = self.f6_attr.q.val().get_bits::<16>(0);
            self.known.next = self.with_leaf.step.val();
            self.row.next = bit_cast::<85, 64>(self.f6_mair.q.val())
                | (bit_cast::<85, 16>(self.f6_after.q.val()) << 64)
                | (bit_cast::<85, 4>(self.f6_attr.q.val().get_bits::<4>(16)) << 80);
            self.row.next = self.row.val().replace_bit(84, self.f6_tre.q.val());
            self.orgn.next = self.f6_orgn.q.val();
        }

        // Configuration writes. SCTLR: TRE 1, MemAttr 19:16, MTCFG 20, SHCFG 23:22, RACFG 25:24, WACFG 27:26. CBAR: BPSHCFG 9:8, MemAttr 15:12, RACFG
        // 21:20, WACFG 23:22. TCR: ORGN0 11:10, ORGN1 27:26.
        self.write_bank.next = bit_cast::<BI, 7>(self.cw_index.val());
        self.sctlr.waddr.next = self.write_bank.val();
        self.sctlr.we.next = self.cw_valid.val() & (self.cw_kind.val() == 2);
        self.sctlr.wdata.next = bit_cast::<12, 5>(self.cw_data.val().get_bits::<5>(16))
            | (bit_cast::<12, 6>(self.cw_data.val().get_bits::<6>(22)) << 5)
            | (bit_cast::<12, 1>(self.cw_data.val().get_bits::<1>(1)) << 11);
        self.sctlr2.waddr.next = self.write_bank.val();
        self.sctlr2.we.next = self.cw_valid.val() & (self.cw_kind.val() == 2);
        self.sctlr2.wdata.next = bit_cast::<11, 5>(self.cw_data.val().get_bits::<5>(16))
            | (bit_cast::<11, 6>(self.cw_data.val().get_bits::<6>(22)) << 5);
        self.cbar.waddr.next = self.write_bank.val();
        self.cbar.we.next = self.cw_valid.val() & (self.cw_kind.val() == 7);
        self.cbar.wdata.next = bit_cast::<11, 4>(self.cw_data.val().get_bits::<4>(12))
            | (bit_cast::<11, 2>(self.cw_data.val().get_bits::<2>(8)) << 5)
            | (bit_cast::<11, 4>(self.cw_data.val().get_bits::<4>(20)) << 7);
        self.orgns.waddr.next = self.write_bank.val();
        self.orgns.we.next = self.cw_valid.val() & (self.cw_kind.val() == 3);
        self.orgns.wdata.next = bit_cast::<4, 2>(self.cw_data.val().get_bits::<2>(10))
            | (bit_cast::<4, 2>(self.cw_data.val().get_bits::<2>(26)) << 2);
        self.mair.waddr.next = self.write_bank.val();
        self.mair.we.next = self.cw_valid.val() & (self.cw_kind.val() == 10);
        self.mair.wdata.next = self.cw_data.val();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::params::Features;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_attributefront() {
        synthesis_check(AttributeFront::<2>::new(&Features::EVERYTHING));
    }

    #[test]
    fn verilog_agrees_attributefront() {
        equivalence(
            || AttributeFront::<2>::new(&Features::EVERYTHING),
            6000,
            1,
            drive!(
                clock, cw_valid, cw_kind, cw_index, cw_data, i_attr, i_bank, upper, f4_cfg, f4_ext, f5_cfg, f5_ext, f5_ats,
                f5_single, f4_bank, f5_leaf
            ),
            |s| {
                s.often("cw_valid", 1, 2);
                s.below("cw_kind", 12);
            },
        );
    }
}
