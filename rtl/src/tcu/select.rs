//! Front of the TCU, stage F5: what the caches know about the address.
//!
//! Registers what F4 found out, and chooses: the translation of a hit (page, then block of level 2, then of level 1), and the table from
//! which a walk would go on (the deepest one that is cached, else the start table).
//!
//! A cached leaf that does not permit the access is no hit: the walk goes again, from a table above it, and faults with the true level.
//!
//! Short descriptors have their sections in the level-2 cache, supersections in that of level 1 and large pages in that of level 0. A section or
//! supersection is answered as 64 KiB or 2 MiB of it (`o_part`). So are blocks of 1 GiB of long descriptors of AArch32, as 2 MiB, because the
//! regions of TTBR0 and TTBR1 may meet inside one.
//!
//! A stage-2 leaf of a Device type is no hit for the read of a stage-1 descriptor while `PTW` is set.
//!
//! `tlb_*` come in F5 (the main TLB has a register behind its comparison), all other inputs in F4. Outputs stand in F5.

use super::table_address::TableAddress;
use crate::prelude::*;

/// The block.
#[derive(LogicBlock, Default)]
pub struct Select {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    // F4, from `Bank`.
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
    // F4, from `Start`.
    pub range_bad: Signal<In, Bit>,
    pub ttbr_bad: Signal<In, Bit>,
    pub start: Signal<In, Word<48>>,
    pub start_level: Signal<In, Word<2>>,
    // F4, from the walk caches.
    pub wc2_hit: Signal<In, Bit>,
    pub wc2: Signal<In, Word<121>>,
    pub wc1_hit: Signal<In, Bit>,
    pub wc1: Signal<In, Word<121>>,
    pub wc0_hit: Signal<In, Bit>,
    pub wc0: Signal<In, Word<121>>,
    // F5, from the main TLB.
    pub tlb_hit: Signal<In, Bit>,
    pub tlb_ng: Signal<In, Bit>,
    pub tlb_data: Signal<In, Word<50>>,
    pub tlb_way: Signal<In, Word<2>>,
    // F5, to `Decide`.
    pub o_valid: Signal<Out, Bit>,
    pub o_req: Signal<Out, Word<75>>,
    pub o_row: Signal<Out, Word<4>>,
    pub o_bypass: Signal<Out, Bit>,
    pub o_code: Signal<Out, Word<9>>,
    pub o_raz: Signal<Out, Bit>,
    pub o_bank: Signal<Out, Word<7>>,
    pub o_va: Signal<Out, Word<49>>,
    pub o_granule: Signal<Out, Word<2>>,
    pub o_cfg: Signal<Out, Word<19>>,
    pub o_ext: Signal<Out, Word<26>>,
    pub o_asid: Signal<Out, Word<16>>,
    pub o_vmid: Signal<Out, Word<17>>,
    pub o_range_bad: Signal<Out, Bit>,
    /// The walk would start at a TTBR beyond PASize.
    pub o_ttbr_bad: Signal<Out, Bit>,
    /// A cached leaf permits the access.
    pub o_hit: Signal<Out, Bit>,
    pub o_ppn: Signal<Out, Word<36>>,
    pub o_mask: Signal<Out, Word<7>>,
    pub o_perm: Signal<Out, Word<6>>,
    pub o_ng: Signal<Out, Bit>,
    /// The leaf's attribute fields.
    pub o_attr: Signal<Out, Word<8>>,
    /// The leaf is larger than `o_mask` says.
    pub o_part: Signal<Out, Bit>,
    pub o_way: Signal<Out, Word<2>>,
    pub o_addr: Signal<Out, Word<48>>,
    pub o_level: Signal<Out, Word<2>>,
    pub o_hier: Signal<Out, Word<4>>,
    next_table: TableAddress,
    f5_valid: DFF<Bit>,
    f5_req: DFF<Word<75>>,
    f5_row: DFF<Word<4>>,
    f5_bypass: DFF<Bit>,
    f5_code: DFF<Word<9>>,
    f5_raz: DFF<Bit>,
    f5_bank: DFF<Word<7>>,
    f5_va: DFF<Word<49>>,
    f5_granule: DFF<Word<2>>,
    f5_cfg: DFF<Word<19>>,
    f5_ext: DFF<Word<26>>,
    f5_asid: DFF<Word<16>>,
    f5_vmid: DFF<Word<17>>,
    f5_start: DFF<Word<48>>,
    f5_start_level: DFF<Word<2>>,
    f5_ttbr_bad: DFF<Bit>,
    f5_range_bad: DFF<Bit>,
    f5_wc2_hit: DFF<Bit>,
    f5_wc2: DFF<Word<52>>,
    f5_wc1_hit: DFF<Bit>,
    f5_wc1: DFF<Word<52>>,
    f5_wc0_hit: DFF<Bit>,
    f5_wc0: DFF<Word<52>>,
    need: Signal<Local, Word<6>>,
    permitted: Signal<Local, Word<6>>,
    tlb_ok: Signal<Local, Bit>,
    block2_ok: Signal<Local, Bit>,
    block1_ok: Signal<Local, Bit>,
    block0_ok: Signal<Local, Bit>,
    short: Signal<Local, Bit>,
    /// What the level-1 cache has of this bank is answered in pieces of 2 MiB.
    pieces: Signal<Local, Bit>,
    guard: Signal<Local, Bit>,
    section: Signal<Local, Word<36>>,
    found: Signal<Local, Word<52>>,
    use_table: Signal<Local, Bit>,
    level: Signal<Local, Word<2>>,
    page_mask: Signal<Local, Word<7>>,
    block_mask: Signal<Local, Word<7>>,
}

impl Logic for Select {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            f5_valid,
            f5_req,
            f5_row,
            f5_bypass,
            f5_code,
            f5_raz,
            f5_bank,
            f5_va,
            f5_granule,
            f5_cfg,
            f5_ext,
            f5_asid,
            f5_vmid,
            f5_start,
            f5_start_level,
            f5_ttbr_bad,
            f5_range_bad,
            f5_wc2_hit,
            f5_wc2,
            f5_wc1_hit,
            f5_wc1,
            f5_wc0_hit,
            f5_wc0
        );
        self.f5_valid.d.next = self.i_valid.val();
        self.f5_req.d.next = self.i_req.val();
        self.f5_row.d.next = self.i_row.val();
        self.f5_bypass.d.next = self.i_bypass.val();
        self.f5_code.d.next = self.i_code.val();
        self.f5_raz.d.next = self.i_raz.val();
        self.f5_bank.d.next = self.i_bank.val();
        self.f5_va.d.next = self.i_va.val();
        self.f5_granule.d.next = self.i_granule.val();
        self.f5_cfg.d.next = self.i_cfg.val();
        self.f5_ext.d.next = self.i_ext.val();
        self.f5_asid.d.next = self.i_asid.val();
        self.f5_vmid.d.next = self.i_vmid.val();
        self.f5_start.d.next = self.start.val();
        self.f5_start_level.d.next = self.start_level.val();
        self.f5_ttbr_bad.d.next = self.ttbr_bad.val();
        self.f5_range_bad.d.next = self.range_bad.val();
        // Of a walk cache entry F5 needs {nG, block, attributes, permissions, address}.
        self.f5_wc2_hit.d.next = self.wc2_hit.val();
        self.f5_wc2.d.next =
            bit_cast::<52, 50>(self.wc2.val().get_bits::<50>(65)) | (bit_cast::<52, 2>(self.wc2.val().get_bits::<2>(1)) << 50);
        self.f5_wc1_hit.d.next = self.wc1_hit.val();
        self.f5_wc1.d.next =
            bit_cast::<52, 50>(self.wc1.val().get_bits::<50>(65)) | (bit_cast::<52, 2>(self.wc1.val().get_bits::<2>(1)) << 50);
        self.f5_wc0_hit.d.next = self.wc0_hit.val();
        self.f5_wc0.d.next =
            bit_cast::<52, 50>(self.wc0.val().get_bits::<50>(65)) | (bit_cast::<52, 2>(self.wc0.val().get_bits::<2>(1)) << 50);

        // F5: which permission the access needs: {px, pw, pr, ux, uw, ur}.
        self.need.next = 1.into();
        if self.f5_req.q.val().get_bit(67) {
            self.need.next = 4.into();
        }
        if self.f5_req.q.val().get_bit(64) {
            self.need.next = 2.into();
        }
        if self.f5_req.q.val().get_bit(65) {
            self.need.next = self.need.val() << 3;
        }
        self.short.next = self.f5_ext.q.val().get_bit(6);
        self.pieces.next = self.f5_ext.q.val().get_bit(7) & !self.f5_ext.q.val().get_bit(0);
        self.guard.next = self.f5_ext.q.val().get_bit(1) & !self.f5_ext.q.val().get_bit(2) & self.f5_ext.q.val().get_bit(4);
        self.permitted.next = self.tlb_data.val().get_bits::<6>(36) & self.need.val();
        self.tlb_ok.next =
            self.tlb_hit.val() & self.permitted.val().any() & !(self.guard.val() & (self.tlb_data.val().get_bits::<2>(44) == 0));
        self.permitted.next = self.f5_wc2.q.val().get_bits::<6>(36) & self.need.val();
        self.block2_ok.next = self.f5_wc2_hit.q.val()
            & self.f5_wc2.q.val().get_bit(50)
            & self.permitted.val().any()
            & !(self.guard.val() & (self.f5_wc2.q.val().get_bits::<2>(44) == 0));
        self.permitted.next = self.f5_wc1.q.val().get_bits::<6>(36) & self.need.val();
        self.block1_ok.next = self.f5_wc1_hit.q.val()
            & self.f5_wc1.q.val().get_bit(50)
            & self.permitted.val().any()
            & !(self.guard.val() & (self.f5_wc1.q.val().get_bits::<2>(44) == 0));
        self.permitted.next = self.f5_wc0.q.val().get_bits::<6>(36) & self.need.val();
        self.block0_ok.next =
            self.short.val() & self.f5_wc0_hit.q.val() & self.f5_wc0.q.val().get_bit(50) & self.permitted.val().any();

        // F5: page and block sizes of the granule.
        self.page_mask.next = 0.into();
        self.block_mask.next = 0x07.into();
        if self.f5_granule.q.val() == 1 {
            self.page_mask.next = 0x03.into();
            self.block_mask.next = 0x1f.into();
        }
        if self.f5_granule.q.val() == 2 {
            self.page_mask.next = 0x01.into();
            self.block_mask.next = 0x0f.into();
        }

        // F5: the deepest table that is known.
        self.use_table.next = true;
        self.level.next = 3.into();
        self.found.next = self.f5_wc2.q.val();
        if !self.f5_wc2_hit.q.val() | self.f5_wc2.q.val().get_bit(50) {
            self.level.next = 2.into();
            self.found.next = self.f5_wc1.q.val();
            if !self.f5_wc1_hit.q.val() | self.f5_wc1.q.val().get_bit(50) {
                self.level.next = 1.into();
                self.found.next = self.f5_wc0.q.val();
                self.use_table.next = self.f5_wc0_hit.q.val() & !self.short.val();
            }
        }
        if self.short.val() {
            self.use_table.next = self.f5_wc2_hit.q.val() & !self.f5_wc2.q.val().get_bit(50);
        }
        self.next_table.base.next = self.found.val().get_bits::<36>(0);
        self.next_table.va.next = self.f5_va.q.val();
        self.next_table.granule.next = self.f5_granule.q.val();
        self.next_table.level.next = self.level.val();
        self.next_table.short.next = self.short.val();
        self.next_table.low.next = self.found.val().get_bits::<2>(36);
        self.o_addr.next = self.next_table.addr.val();
        self.o_hier.next = self.found.val().get_bits::<4>(36);
        if !self.use_table.val() {
            self.o_addr.next = self.f5_start.q.val();
            self.level.next = self.f5_start_level.q.val();
            self.o_hier.next = 0.into();
        }

        // F5: translation of a hit, or the address itself.
        self.o_part.next = false;
        self.section.next = 0.into();
        self.o_ppn.next = self.tlb_data.val().get_bits::<36>(0);
        self.o_perm.next = self.tlb_data.val().get_bits::<6>(36);
        self.o_attr.next = self.tlb_data.val().get_bits::<8>(42);
        self.o_mask.next = self.page_mask.val();
        self.o_ng.next = self.tlb_ng.val();
        if !self.tlb_ok.val() {
            self.o_ppn.next = self.f5_wc2.q.val().get_bits::<36>(0);
            self.o_perm.next = self.f5_wc2.q.val().get_bits::<6>(36);
            self.o_attr.next = self.f5_wc2.q.val().get_bits::<8>(42);
            self.o_mask.next = self.block_mask.val();
            self.o_ng.next = self.f5_wc2.q.val().get_bit(51);
            if self.short.val() {
                self.section.next = bit_cast::<36, 4>(self.f5_va.q.val().get_bits::<4>(16)) << 4;
                self.o_ppn.next = self.f5_wc2.q.val().get_bits::<36>(0) | self.section.val();
                self.o_mask.next = 0x03.into();
                self.o_part.next = true;
            }
            if !self.block2_ok.val() {
                self.o_ppn.next = self.f5_wc1.q.val().get_bits::<36>(0);
                self.o_perm.next = self.f5_wc1.q.val().get_bits::<6>(36);
                self.o_attr.next = self.f5_wc1.q.val().get_bits::<8>(42);
                self.o_mask.next = 0x3f.into();
                self.o_ng.next = self.f5_wc1.q.val().get_bit(51);
                if self.pieces.val() {
                    self.section.next = bit_cast::<36, 9>(self.f5_va.q.val().get_bits::<9>(21)) << 9;
                    if self.short.val() {
                        self.section.next = bit_cast::<36, 3>(self.f5_va.q.val().get_bits::<3>(21)) << 9;
                    }
                    self.o_ppn.next = self.f5_wc1.q.val().get_bits::<36>(0) | self.section.val();
                    self.o_mask.next = 0x07.into();
                    self.o_part.next = true;
                }
                if self.block0_ok.val() {
                    self.o_ppn.next = self.f5_wc0.q.val().get_bits::<36>(0);
                    self.o_perm.next = self.f5_wc0.q.val().get_bits::<6>(36);
                    self.o_attr.next = self.f5_wc0.q.val().get_bits::<8>(42);
                    self.o_mask.next = 0x03.into();
                    self.o_ng.next = self.f5_wc0.q.val().get_bit(51);
                    self.o_part.next = false;
                }
            }
        }
        self.o_hit.next = self.tlb_ok.val() | self.block2_ok.val() | self.block1_ok.val() | self.block0_ok.val();
        self.o_level.next = self.level.val();
        self.o_way.next = self.tlb_way.val();
        self.o_range_bad.next = self.f5_range_bad.q.val();
        self.o_ttbr_bad.next = self.f5_ttbr_bad.q.val() & !self.use_table.val();
        self.o_valid.next = self.f5_valid.q.val();
        self.o_req.next = self.f5_req.q.val();
        self.o_row.next = self.f5_row.q.val();
        self.o_bypass.next = self.f5_bypass.q.val();
        self.o_code.next = self.f5_code.q.val();
        self.o_raz.next = self.f5_raz.q.val();
        self.o_bank.next = self.f5_bank.q.val();
        self.o_va.next = self.f5_va.q.val();
        self.o_granule.next = self.f5_granule.q.val();
        self.o_cfg.next = self.f5_cfg.q.val();
        self.o_ext.next = self.f5_ext.q.val();
        self.o_asid.next = self.f5_asid.q.val();
        self.o_vmid.next = self.f5_vmid.q.val();

        if !self.aresetn.val() {
            self.f5_valid.d.next = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_select() {
        synthesis_check(Select::default());
    }

    #[test]
    fn verilog_agrees_select() {
        equivalence(
            Select::default,
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
                range_bad,
                ttbr_bad,
                start,
                start_level,
                wc2_hit,
                wc2,
                wc1_hit,
                wc1,
                wc0_hit,
                wc0,
                tlb_hit,
                tlb_ng,
                tlb_data,
                tlb_way
            ),
            |s| {
                let _ = s;
            },
        );
    }
}
