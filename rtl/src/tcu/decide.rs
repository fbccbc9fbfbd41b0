//! Front of the TCU, stage F6: one decision for the row: answer (a hit, bypass, identity), refuse (a fault), or walk.
//!
//! # Checks, in their order
//!
//! global fault or bypass from F2 - `CBAR.TYPE` other than 1 (ICF) - `SCTLR.M` = 0 (identity; ASF level 0 beyond the output size) -
//! `VA64` = 0 (ICF) - blocked by HUPCF - size, granule and range (TF level 0) - cached leaf - `EPD` (TF level 0) - cached table - TTBR beyond
//! PASize (ASF level 0) - start table.
//!
//! `d_*` is combinational in F6 and taken by [`super::walker`] in that cycle, always.

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
    pub i_req: Signal<In, Word<72>>,
    pub i_row: Signal<In, Word<4>>,
    pub i_bypass: Signal<In, Bit>,
    pub i_code: Signal<In, Word<9>>,
    pub i_raz: Signal<In, Bit>,
    pub i_bank: Signal<In, Word<7>>,
    pub i_va: Signal<In, Word<49>>,
    pub i_granule: Signal<In, Word<2>>,
    pub i_cfg: Signal<In, Word<19>>,
    pub i_asid: Signal<In, Word<16>>,
    pub i_vmid: Signal<In, Word<9>>,
    pub i_range_bad: Signal<In, Bit>,
    pub i_ttbr_bad: Signal<In, Bit>,
    pub i_hit: Signal<In, Bit>,
    pub i_ppn: Signal<In, Word<36>>,
    pub i_mask: Signal<In, Word<7>>,
    pub i_perm: Signal<In, Word<6>>,
    pub i_ng: Signal<In, Bit>,
    pub i_way: Signal<In, Word<2>>,
    pub i_addr: Signal<In, Word<48>>,
    pub i_level: Signal<In, Word<2>>,
    pub i_hier: Signal<In, Word<4>>,
    /// Banks whose FSR holds a fault.
    pub fault_active: Signal<In, Word<CB>>,
    // F6: the decision.
    pub d_valid: Signal<Out, Bit>,
    /// Walk (else answer or refuse).
    pub d_walk: Signal<Out, Bit>,
    pub d_row: Signal<Out, Word<4>>,
    pub d_req: Signal<Out, Word<72>>,
    pub d_va: Signal<Out, Word<49>>,
    pub d_granule: Signal<Out, Word<2>>,
    pub d_cfg: Signal<Out, Word<19>>,
    pub d_bank: Signal<Out, Word<7>>,
    pub d_asid: Signal<Out, Word<16>>,
    pub d_vmid: Signal<Out, Word<9>>,
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
    /// F6 holds a request.
    pub busy: Signal<Out, Bit>,
    f6_valid: DFF<Bit>,
    f6_req: DFF<Word<72>>,
    f6_row: DFF<Word<4>>,
    f6_bypass: DFF<Bit>,
    f6_code: DFF<Word<9>>,
    f6_raz: DFF<Bit>,
    f6_bank: DFF<Word<7>>,
    f6_va: DFF<Word<49>>,
    f6_granule: DFF<Word<2>>,
    f6_cfg: DFF<Word<19>>,
    f6_asid: DFF<Word<16>>,
    f6_vmid: DFF<Word<9>>,
    f6_range_bad: DFF<Bit>,
    f6_ttbr_bad: DFF<Bit>,
    f6_hit: DFF<Bit>,
    f6_ppn: DFF<Word<36>>,
    f6_mask: DFF<Word<7>>,
    f6_perm: DFF<Word<6>>,
    f6_ng: DFF<Bit>,
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
}

impl<const CB: usize> Decide<CB> {
    /// The block for hardware of these sizes.
    pub fn new(params: &Params) -> Self {
        Self { beyond_output: Strap::new(super::beyond_size(params.straps.oas)), ..Self::default() }
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
        self.d_addr.next = self.f6_addr.q.val();
        self.d_level.next = self.f6_level.q.val();
        self.d_hier.next = self.f6_hier.q.val();
        // The decision.
        self.beyond.next = self.f6_req.q.val().get_bits::<16>(32) & self.beyond_output.val();
        self.too_far.next = self.f6_req.q.val().get_bit(48) | self.beyond.val().any();
        self.active.next = self.fault_active.val() >> self.f6_bank.q.val();
        self.blocked.next = self.active.val().get_bit(0) & !self.f6_cfg.q.val().get_bit(3);
        self.mode.next = self.f6_cfg.q.val().get_bits::<2>(5);
        self.d_walk.next = false;
        self.d_refuse.next = false;
        self.d_record.next = false;
        self.d_global.next = false;
        self.d_code.next = 0.into();
        self.d_raz.next = !self.f6_cfg.q.val().get_bit(2);
        if self.f6_bypass.q.val() {
            self.d_ppn.next = 0.into();
            self.d_mask.next = 0x7f.into();
            self.d_perm.next = 0x3f.into();
            self.d_ng.next = false;
        } else {
            if self.f6_code.q.val().any() {
                self.d_refuse.next = true;
                self.d_record.next = true;
                self.d_global.next = true;
                self.d_code.next = self.f6_code.q.val();
            } else {
                if (self.mode.val() != 1) | (self.f6_cfg.q.val().get_bit(0) & !self.f6_cfg.q.val().get_bit(7)) {
                    self.d_refuse.next = true;
                    self.d_record.next = true;
                    self.d_global.next = true;
                    self.d_code.next = 1.into();
                } else {
                    if !self.f6_cfg.q.val().get_bit(0) {
                        self.d_ppn.next = 0.into();
                        self.d_mask.next = 0x7f.into();
                        self.d_perm.next = 0x3f.into();
                        self.d_ng.next = false;
                        if self.too_far.val() {
                            self.d_refuse.next = true;
                            self.d_record.next = true;
                            self.d_code.next = 0x80.into();
                        }
                    } else {
                        if self.blocked.val() {
                            self.d_refuse.next = true;
                            self.d_record.next = true;
                        } else {
                            if self.f6_range_bad.q.val() {
                                self.d_refuse.next = true;
                                self.d_record.next = true;
                                self.d_code.next = 2.into();
                            } else {
                                if !self.f6_hit.q.val() {
                                    if self.f6_cfg.q.val().get_bit(14) {
                                        self.d_refuse.next = true;
                                        self.d_record.next = true;
                                        self.d_code.next = 2.into();
                                    } else {
                                        if self.f6_ttbr_bad.q.val() {
                                            self.d_refuse.next = true;
                                            self.d_record.next = true;
                                            self.d_code.next = 0x80.into();
                                        } else {
                                            self.d_walk.next = true;
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        if self.d_refuse.val() {
            if self.d_global.val() {
                self.d_raz.next = self.f6_raz.q.val();
            }
            self.d_level.next = 0.into();
        }
        self.d_valid.next = self.f6_valid.q.val();
        self.d_row.next = self.f6_row.q.val();
        self.d_req.next = self.f6_req.q.val();
        self.d_va.next = self.f6_va.q.val();
        self.d_granule.next = self.f6_granule.q.val();
        self.d_cfg.next = self.f6_cfg.q.val();
        self.d_bank.next = self.f6_bank.q.val();
        self.d_asid.next = self.f6_asid.q.val();
        self.d_vmid.next = self.f6_vmid.q.val();
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
        synthesis_check(Decide::<4>::new(&crate::params::MINI));
    }

    #[test]
    fn verilog_agrees_decide() {
        equivalence(
            || Decide::<4>::new(&crate::params::MINI),
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
                i_asid,
                i_vmid,
                i_range_bad,
                i_ttbr_bad,
                i_hit,
                i_ppn,
                i_mask,
                i_perm,
                i_ng,
                i_way,
                i_addr,
                i_level,
                i_hier,
                fault_active
            ),
            |s| {
                let _ = s;
            },
        );
    }
}
