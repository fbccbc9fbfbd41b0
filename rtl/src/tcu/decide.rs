//! Front of the TCU, stage F6: one decision for the row: answer (a hit, bypass, identity), refuse (a fault), or walk.
//!
//! # Checks, in their order
//!
//! global fault or bypass from F2 - a `CBAR.TYPE` or a stage-2 bank that cannot be used (ICF) - a stage that is on and whose format is not there
//! (ICF) - no stage on (identity; ASF level 0 beyond the output size) - blocked by HUPCF, this bank, then the stage-2 bank - size, granule and
//! range (TF level 0; AArch32 level 1) - cached leaf - `EPD` (TF, as before) - cached table - TTBR beyond PASize (ASF level 0) - start table.
//!
//! In a nested bank with stage 2 on, what stage 1 gives (a cached leaf's output, the address of its next descriptor, or with stage 1 off the
//! address itself) is an IPA: it goes back into the front as a look-up in the stage-2 bank (`d_inject`). Such a look-up (`ext` bit 1, "sub") has
//! the same checks from the range on, and ends as a walk or as a result for its row, never as an answer.
//!
//! `d_*` is combinational in F6 and taken by [`super::walker`] in that cycle, always.

use super::merge::Merge;
use crate::params::Params;
use crate::prelude::*;
use crate::prim::strap::Strap;

/// The block. `CB` context banks.
#[derive(LogicBlock, Default)]
pub struct Decide<const CB: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    // F5, from `Select`.
    pub i_valid: Signal<In, Bit>,
    pub i_req: Signal<In, Word<75>>,
    pub i_row: Signal<In, Word<4>>,
    pub i_bypass: Signal<In, Bit>,
    pub i_code: Signal<In, Word<9>>,
    pub i_raz: Signal<In, Bit>,
    pub i_bank: Signal<In, Word<7>>,
    pub i_va: Signal<In, Word<49>>,
    pub i_granule: Signal<In, Word<2>>,
    pub i_cfg: Signal<In, Word<19>>,
    pub i_ext: Signal<In, Word<26>>,
    pub i_asid: Signal<In, Word<16>>,
    pub i_vmid: Signal<In, Word<17>>,
    pub i_range_bad: Signal<In, Bit>,
    pub i_ttbr_bad: Signal<In, Bit>,
    pub i_hit: Signal<In, Bit>,
    pub i_ppn: Signal<In, Word<36>>,
    pub i_mask: Signal<In, Word<7>>,
    pub i_perm: Signal<In, Word<6>>,
    pub i_ng: Signal<In, Bit>,
    pub i_part: Signal<In, Bit>,
    pub i_way: Signal<In, Word<2>>,
    pub i_addr: Signal<In, Word<48>>,
    pub i_level: Signal<In, Word<2>>,
    pub i_hier: Signal<In, Word<4>>,
    /// F6: {AxPROT[2], AxPROT[0]} as they came, for global faults.
    pub raw: Signal<In, Word<2>>,
    /// Banks whose FSR holds a fault, or in which a transaction is stalled.
    pub fault_active: Signal<In, Word<CB>>,
    /// 0: the transaction in F6 is a retried one, which the block of the bank in bits 7:1 does not stop.
    pub forgive: Signal<In, Word<8>>,
    // F6: the decision.
    pub d_valid: Signal<Out, Bit>,
    /// Walk (else answer or refuse).
    pub d_walk: Signal<Out, Bit>,
    pub d_row: Signal<Out, Word<4>>,
    pub d_req: Signal<Out, Word<75>>,
    pub d_va: Signal<Out, Word<49>>,
    pub d_granule: Signal<Out, Word<2>>,
    pub d_cfg: Signal<Out, Word<19>>,
    pub d_ext: Signal<Out, Word<26>>,
    pub d_bank: Signal<Out, Word<7>>,
    pub d_asid: Signal<Out, Word<16>>,
    pub d_vmid: Signal<Out, Word<17>>,
    /// The bank that S2CR names, 7: there is one.
    pub d_owner: Signal<Out, Word<8>>,
    /// Walk: way of the main TLB that a fill takes, first descriptor, its level, what the tables above took away.
    pub d_way: Signal<Out, Word<2>>,
    pub d_addr: Signal<Out, Word<48>>,
    pub d_level: Signal<Out, Word<2>>,
    pub d_hier: Signal<Out, Word<4>>,
    /// Answer: refused; recorded as a fault; in the global registers; as this code.
    pub d_refuse: Signal<Out, Bit>,
    pub d_record: Signal<Out, Bit>,
    pub d_global: Signal<Out, Bit>,
    pub d_code: Signal<Out, Word<9>>,
    pub d_raz: Signal<Out, Bit>,
    /// Answer: translation.
    pub d_ppn: Signal<Out, Word<36>>,
    pub d_mask: Signal<Out, Word<7>>,
    pub d_perm: Signal<Out, Word<6>>,
    pub d_ng: Signal<Out, Bit>,
    /// Answer: the leaf is larger than `d_mask` says.
    pub d_part: Signal<Out, Bit>,
    /// Look `d_ipa` up in the stage-2 bank; `d_final`: it is the output of stage 1.
    pub d_inject: Signal<Out, Bit>,
    pub d_final: Signal<Out, Bit>,
    pub d_ipa: Signal<Out, Word<49>>,
    /// Nested, stage 2 on.
    pub d_two: Signal<Out, Bit>,
    /// The address itself is what this stage gives.
    pub d_whole: Signal<Out, Bit>,
    /// F6 holds a request.
    pub busy: Signal<Out, Bit>,
    owned: Signal<Local, Bit>,
    has_ats: Strap<Bit>,
    ats: Signal<Local, Bit>,
    single: Signal<Local, Bit>,
    /// Stage 2 translates the output of stage 1.
    passes_on: Signal<Local, Bit>,
    f6_valid: DFF<Bit>,
    f6_req: DFF<Word<75>>,
    f6_row: DFF<Word<4>>,
    f6_bypass: DFF<Bit>,
    f6_code: DFF<Word<9>>,
    f6_raz: DFF<Bit>,
    f6_bank: DFF<Word<7>>,
    f6_va: DFF<Word<49>>,
    f6_granule: DFF<Word<2>>,
    f6_cfg: DFF<Word<19>>,
    f6_ext: DFF<Word<26>>,
    f6_asid: DFF<Word<16>>,
    f6_vmid: DFF<Word<17>>,
    f6_range_bad: DFF<Bit>,
    f6_ttbr_bad: DFF<Bit>,
    f6_hit: DFF<Bit>,
    f6_ppn: DFF<Word<36>>,
    f6_mask: DFF<Word<7>>,
    f6_perm: DFF<Word<6>>,
    f6_ng: DFF<Bit>,
    f6_part: DFF<Bit>,
    f6_way: DFF<Word<2>>,
    f6_addr: DFF<Word<48>>,
    f6_level: DFF<Word<2>>,
    f6_hier: DFF<Word<4>>,
    beyond_output: Strap<Word<16>>,
    beyond: Signal<Local, Word<16>>,
    too_far: Signal<Local, Bit>,
    mode: Signal<Local, Word<2>>,
    blocked: Signal<Local, Bit>,
    active: Signal<Local, Word<CB>>,
    merged: Merge,
    has_attributes: Strap<Bit>,
    has_stage2: Strap<Bit>,
    has_nested: Strap<Bit>,
    own_on: Signal<Local, Bit>,
    two: Signal<Local, Bit>,
    sub: Signal<Local, Bit>,
    unusable: Signal<Local, Bit>,
    peer: Signal<Local, Word<7>>,
    peer_blocked: Signal<Local, Bit>,
    forgiven: Signal<Local, Bit>,
    whole: Signal<Local, Bit>,
    first_level: Signal<Local, Word<2>>,
    refuse_level: Signal<Local, Word<2>>,
}

impl<const CB: usize> Decide<CB> {
    /// The block for hardware of these sizes.
    pub fn new(params: &Params) -> Self {
        Self {
            beyond_output: Strap::new(super::beyond_size(params.straps.oas)),
            has_attributes: Strap::new(params.features.attributes),
            has_stage2: Strap::new(params.features.stage2),
            has_nested: Strap::new(params.features.nested),
            has_ats: Strap::new(params.features.ats),
            ..Self::default()
        }
    }
}

impl<const CB: usize> Logic for Decide<CB> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            f6_valid,
            f6_req,
            f6_row,
            f6_bypass,
            f6_code,
            f6_raz,
            f6_bank,
            f6_va,
            f6_granule,
            f6_cfg,
            f6_ext,
            f6_part,
            f6_asid,
            f6_vmid,
            f6_range_bad,
            f6_ttbr_bad,
            f6_hit,
            f6_ppn,
            f6_mask,
            f6_perm,
            f6_ng,
            f6_way,
            f6_addr,
            f6_level,
            f6_hier
        );
        self.f6_valid.d.next = self.i_valid.val();
        self.f6_req.d.next = self.i_req.val();
        self.f6_row.d.next = self.i_row.val();
        self.f6_bypass.d.next = self.i_bypass.val();
        self.f6_code.d.next = self.i_code.val();
        self.f6_raz.d.next = self.i_raz.val();
        self.f6_bank.d.next = self.i_bank.val();
        self.f6_va.d.next = self.i_va.val();
        self.f6_granule.d.next = self.i_granule.val();
        self.f6_cfg.d.next = self.i_cfg.val();
        self.f6_ext.d.next = self.i_ext.val();
        self.f6_part.d.next = self.i_part.val();
        self.f6_asid.d.next = self.i_asid.val();
        self.f6_vmid.d.next = self.i_vmid.val();
        self.f6_range_bad.d.next = self.i_range_bad.val();
        self.f6_ttbr_bad.d.next = self.i_ttbr_bad.val();
        self.f6_hit.d.next = self.i_hit.val();
        self.f6_ppn.d.next = self.i_ppn.val();
        self.f6_mask.d.next = self.i_mask.val();
        self.f6_perm.d.next = self.i_perm.val();
        self.f6_ng.d.next = self.i_ng.val();
        self.f6_way.d.next = self.i_way.val();
        self.f6_addr.d.next = self.i_addr.val();
        self.f6_level.d.next = self.i_level.val();
        self.f6_hier.d.next = self.i_hier.val();

        self.d_ppn.next = self.f6_ppn.q.val();
        self.d_mask.next = self.f6_mask.q.val();
        self.d_perm.next = self.f6_perm.q.val();
        self.d_ng.next = self.f6_ng.q.val();
        self.d_part.next = self.f6_part.q.val();
        self.d_addr.next = self.f6_addr.q.val();
        self.d_level.next = self.f6_level.q.val();
        self.d_hier.next = self.f6_hier.q.val();
        // The stages: this bank's own, and stage 2 of a nested one.
        self.own_on.next = self.f6_cfg.q.val().get_bit(0);
        self.sub.next = self.f6_ext.q.val().get_bit(1);
        self.two.next = self.f6_ext.q.val().get_bit(3) & self.f6_ext.q.val().get_bit(12) & !self.sub.val();
        self.mode.next = self.f6_cfg.q.val().get_bits::<2>(5);
        self.ats.next = self.has_ats.val() & self.f6_req.q.val().get_bit(73);
        self.single.next = self.has_ats.val() & self.f6_req.q.val().get_bit(74);
        self.passes_on.next = self.two.val() & !self.single.val();
        self.unusable.next = (self.mode.val() == 2)
            | (self.single.val() & (self.mode.val() == 0))
            | ((self.mode.val() == 0) & !self.has_stage2.val())
            | ((self.mode.val() == 3) & !(self.has_nested.val() & self.f6_ext.q.val().get_bit(11)))
            | (self.own_on.val() & self.f6_ext.q.val().get_bit(10))
            | (self.two.val() & self.f6_ext.q.val().get_bit(15));
        self.beyond.next = self.f6_req.q.val().get_bits::<16>(32) & self.beyond_output.val();
        self.too_far.next = self.f6_req.q.val().get_bit(48) | self.beyond.val().any();
        self.active.next = self.fault_active.val() >> self.f6_bank.q.val();
        self.forgiven.next = self.forgive.val().get_bit(0) & (self.forgive.val().get_bits::<7>(1) == self.f6_bank.q.val());
        self.blocked.next =
            self.own_on.val() & self.active.val().get_bit(0) & !self.f6_cfg.q.val().get_bit(3) & !self.forgiven.val();
        self.peer.next = self.f6_ext.q.val().get_bits::<7>(16);
        self.active.next = self.fault_active.val() >> self.peer.val();
        self.forgiven.next = self.forgive.val().get_bit(0) & (self.forgive.val().get_bits::<7>(1) == self.peer.val());
        self.peer_blocked.next =
            self.two.val() & self.active.val().get_bit(0) & !self.f6_ext.q.val().get_bit(14) & !self.forgiven.val();
        self.first_level.next = 0.into();
        if self.f6_ext.q.val().get_bit(7) {
            self.first_level.next = 1.into();
        }

        // The decision.
        self.d_walk.next = false;
        self.d_inject.next = false;
        self.d_final.next = false;
        self.whole.next = false;
        self.d_refuse.next = false;
        self.d_record.next = false;
        self.d_global.next = false;
        self.d_code.next = 0.into();
        self.d_bank.next = self.f6_bank.q.val();
        self.d_raz.next = !self.f6_cfg.q.val().get_bit(2);
        self.refuse_level.next = 0.into();
        if self.f6_bypass.q.val() {
            self.whole.next = true;
        } else if self.f6_code.q.val().any() {
            self.d_refuse.next = true;
            self.d_record.next = true;
            self.d_global.next = true;
            self.d_code.next = self.f6_code.q.val();
        } else if self.unusable.val() & !self.sub.val() {
            self.d_refuse.next = true;
            self.d_record.next = true;
            self.d_global.next = true;
            self.d_code.next = 1.into();
        } else if !self.own_on.val() & !self.passes_on.val() {
            self.whole.next = true;
            if self.too_far.val() {
                self.d_refuse.next = true;
                self.d_record.next = true;
                self.d_code.next = 0x80.into();
            }
        } else if self.blocked.val() & !self.sub.val() & !self.ats.val() {
            self.d_refuse.next = true;
            self.d_record.next = true;
        } else if self.peer_blocked.val() & !self.ats.val() {
            self.d_refuse.next = true;
            self.d_record.next = true;
            self.d_bank.next = self.peer.val();
            self.d_raz.next = !self.f6_ext.q.val().get_bit(13);
        } else if !self.own_on.val() & self.passes_on.val() {
            self.whole.next = true;
            self.d_inject.next = true;
            self.d_final.next = true;
        } else if self.f6_range_bad.q.val() {
            self.d_refuse.next = true;
            self.d_record.next = true;
            self.d_code.next = 2.into();
            self.refuse_level.next = self.first_level.val();
        } else if self.f6_hit.q.val() {
            self.d_inject.next = self.passes_on.val();
            self.d_final.next = true;
        } else if self.f6_cfg.q.val().get_bit(14) {
            self.d_refuse.next = true;
            self.d_record.next = true;
            self.d_code.next = 2.into();
            self.refuse_level.next = self.first_level.val();
        } else if self.f6_ttbr_bad.q.val() {
            self.d_refuse.next = true;
            self.d_record.next = true;
            self.d_code.next = 0x80.into();
        } else if self.two.val() {
            self.d_inject.next = true;
        } else {
            self.d_walk.next = true;
        }
        if self.whole.val() {
            self.d_ppn.next = 0.into();
            self.d_mask.next = 0x7f.into();
            self.d_perm.next = 0x3f.into();
            self.d_ng.next = false;
            self.d_part.next = false;
        }
        if self.d_refuse.val() {
            if self.d_global.val() {
                self.d_raz.next = self.f6_raz.q.val();
            }
            self.d_level.next = self.refuse_level.val();
        }
        // What stage 2 has to translate: the output of stage 1, or where its next descriptor is.
        self.merged.ppn.next = self.f6_ppn.q.val();
        self.merged.mask.next = self.f6_mask.q.val();
        self.merged.page.next = self.f6_va.q.val().get_bits::<36>(12);
        self.d_ipa.next = bit_cast::<49, 48>(self.f6_addr.q.val());
        if self.d_final.val() {
            self.d_ipa.next =
                (bit_cast::<49, 36>(self.merged.out.val()) << 12) | bit_cast::<49, 12>(self.f6_va.q.val().get_bits::<12>(0));
        }
        if self.whole.val() {
            self.d_ipa.next = self.f6_req.q.val().get_bits::<49>(0);
        }
        self.d_valid.next = self.f6_valid.q.val();
        self.d_row.next = self.f6_row.q.val();
        self.d_req.next = self.f6_req.q.val();
        if self.has_attributes.val() & self.d_global.val() {
            self.d_req.next = self.d_req.val().replace_bit(65, self.raw.val().get_bit(0));
            self.d_req.next = self.d_req.val().replace_bit(67, self.raw.val().get_bit(1));
        }
        self.d_va.next = self.f6_va.q.val();
        self.d_granule.next = self.f6_granule.q.val();
        self.d_cfg.next = self.f6_cfg.q.val();
        self.d_ext.next = self.f6_ext.q.val();
        self.d_two.next = self.two.val();
        self.d_whole.next = self.whole.val();
        self.d_asid.next = self.f6_asid.q.val();
        self.d_vmid.next = self.f6_vmid.q.val();
        self.owned.next = !self.f6_bypass.q.val() & !self.d_global.val();
        self.d_owner.next = bit_cast::<8, 7>(self.f6_bank.q.val()).replace_bit(7, self.owned.val());
        self.d_way.next = self.f6_way.q.val();
        self.busy.next = self.f6_valid.q.val();

        if !self.aresetn.val() {
            self.f6_valid.d.next = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_decide() {
        synthesis_check(Decide::<4>::new(&crate::params::MINI.with_everything()));
    }

    #[test]
    fn verilog_agrees_decide() {
        equivalence(
            || Decide::<4>::new(&crate::params::MINI.with_everything()),
            4000,
            1,
            drive!(
                clock,
                aresetn,
                i_valid,
                i_req,
                i_row,
                i_bypass,
                i_code,
                i_raz,
                i_bank,
                i_va,
                i_granule,
                i_cfg,
                i_ext,
                i_asid,
                i_vmid,
                i_range_bad,
                i_ttbr_bad,
                i_hit,
                i_ppn,
                i_mask,
                i_perm,
                i_ng,
                i_part,
                i_way,
                i_addr,
                i_level,
                i_hier,
                fault_active,
                raw,
                forgive
            ),
            |s| {
                let _ = s;
            },
        );
    }
}
