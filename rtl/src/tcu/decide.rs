//! Front of the TCU, stages F4 and F5: range check, where a walk would start, and what becomes of the request.
//!
//! F4: the caches compare (their outputs come in as `tlb_*` and `wc*`), the range and the start table are worked out; all is registered.
//! F5: one decision for the row: answer (a hit, bypass, identity), refuse (a fault), or walk, from the deepest table that is known.
//!
//! # Checks, in their order
//!
//! global fault or bypass from F2 - `CBAR.TYPE` other than 1 (ICF) - `SCTLR.M` = 0 (identity; ASF level 0 beyond the output size) -
//! `VA64` = 0 (ICF) - blocked by HUPCF - size, granule and range (TF level 0) - cached leaf - `EPD` (TF level 0) - cached table - TTBR beyond
//! PASize (ASF level 0) - start table.
//!
//! A cached leaf that does not permit the access is no hit: the walk goes again, from a table above it, and faults with the true level.
//!
//! `d_*` is combinational in F5 and taken by [`super::walker`] in that cycle, always.

use super::table_address::TableAddress;
use crate::params::Params;
use crate::prelude::*;

/// The block. `CB` context banks.
#[derive(LogicBlock)]
pub struct Decide<const CB: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    // F4, from `Bank`.
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
    pub i_ttbr: Signal<In, Word<48>>,
    pub i_asid: Signal<In, Word<16>>,
    pub i_vmid: Signal<In, Word<9>>,
    // F4, from the caches.
    pub tlb_hit: Signal<In, Bit>,
    pub tlb_ng: Signal<In, Bit>,
    pub tlb_data: Signal<In, Word<50>>,
    pub tlb_way: Signal<In, Word<2>>,
    pub wc2_hit: Signal<In, Bit>,
    pub wc2: Signal<In, Word<121>>,
    pub wc1_hit: Signal<In, Bit>,
    pub wc1: Signal<In, Word<121>>,
    pub wc0_hit: Signal<In, Bit>,
    pub wc0: Signal<In, Word<121>>,
    /// Banks whose FSR holds a fault.
    pub fault_active: Signal<In, Word<CB>>,
    // F5: the decision.
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
    /// F5 holds a request.
    pub busy: Signal<Out, Bit>,
    next_table: TableAddress,
    f5_valid: DFF<Bit>,
    f5_req: DFF<Word<72>>,
    f5_row: DFF<Word<4>>,
    f5_bypass: DFF<Bit>,
    f5_code: DFF<Word<9>>,
    f5_raz: DFF<Bit>,
    f5_bank: DFF<Word<7>>,
    f5_va: DFF<Word<49>>,
    f5_granule: DFF<Word<2>>,
    f5_cfg: DFF<Word<19>>,
    f5_asid: DFF<Word<16>>,
    f5_vmid: DFF<Word<9>>,
    f5_start: DFF<Word<48>>,
    f5_start_level: DFF<Word<2>>,
    f5_ttbr_bad: DFF<Bit>,
    f5_range_bad: DFF<Bit>,
    f5_tlb_hit: DFF<Bit>,
    f5_tlb_ng: DFF<Bit>,
    f5_tlb: DFF<Word<50>>,
    f5_way: DFF<Word<2>>,
    f5_wc2_hit: DFF<Bit>,
    f5_wc2: DFF<Word<52>>,
    f5_wc1_hit: DFF<Bit>,
    f5_wc1: DFF<Word<52>>,
    f5_wc0_hit: DFF<Bit>,
    f5_wc0: DFF<Word<52>>,
    beyond_output: Constant<Word<16>>,
    tsz: Signal<Local, Word<6>>,
    /// Address bits that the input size covers (bits 47:0).
    in_range: Signal<Local, Word<48>>,
    outside: Signal<Local, Word<49>>,
    size: Signal<Local, Word<6>>,
    level: Signal<Local, Word<2>>,
    covered: Signal<Local, Word<48>>,
    index: Signal<Local, Word<13>>,
    index_mask: Signal<Local, Word<13>>,
    base: Signal<Local, Word<48>>,
    beyond_pa: Signal<Local, Word<16>>,
    beyond: Signal<Local, Word<16>>,
    need: Signal<Local, Word<6>>,
    permitted: Signal<Local, Word<6>>,
    tlb_ok: Signal<Local, Bit>,
    block2_ok: Signal<Local, Bit>,
    block1_ok: Signal<Local, Bit>,
    found: Signal<Local, Word<52>>,
    use_table: Signal<Local, Bit>,
    too_far: Signal<Local, Bit>,
    mode: Signal<Local, Word<2>>,
    blocked: Signal<Local, Bit>,
    active: Signal<Local, Word<CB>>,
    page_mask: Signal<Local, Word<7>>,
    block_mask: Signal<Local, Word<7>>,
}

impl<const CB: usize> Decide<CB> {
    /// The block for hardware of these sizes.
    pub fn new(params: &Params) -> Self {
        Self {
            clock: Signal::default(),
            aresetn: Signal::default(),
            i_valid: Signal::default(),
            i_req: Signal::default(),
            i_row: Signal::default(),
            i_bypass: Signal::default(),
            i_code: Signal::default(),
            i_raz: Signal::default(),
            i_bank: Signal::default(),
            i_va: Signal::default(),
            i_granule: Signal::default(),
            i_cfg: Signal::default(),
            i_ttbr: Signal::default(),
            i_asid: Signal::default(),
            i_vmid: Signal::default(),
            tlb_hit: Signal::default(),
            tlb_ng: Signal::default(),
            tlb_data: Signal::default(),
            tlb_way: Signal::default(),
            wc2_hit: Signal::default(),
            wc2: Signal::default(),
            wc1_hit: Signal::default(),
            wc1: Signal::default(),
            wc0_hit: Signal::default(),
            wc0: Signal::default(),
            fault_active: Signal::default(),
            d_valid: Signal::default(),
            d_walk: Signal::default(),
            d_row: Signal::default(),
            d_req: Signal::default(),
            d_va: Signal::default(),
            d_granule: Signal::default(),
            d_cfg: Signal::default(),
            d_bank: Signal::default(),
            d_asid: Signal::default(),
            d_vmid: Signal::default(),
            d_way: Signal::default(),
            d_addr: Signal::default(),
            d_level: Signal::default(),
            d_hier: Signal::default(),
            d_refuse: Signal::default(),
            d_record: Signal::default(),
            d_global: Signal::default(),
            d_code: Signal::default(),
            d_raz: Signal::default(),
            d_ppn: Signal::default(),
            d_mask: Signal::default(),
            d_perm: Signal::default(),
            d_ng: Signal::default(),
            busy: Signal::default(),
            next_table: TableAddress::default(),
            f5_valid: DFF::default(),
            f5_req: DFF::default(),
            f5_row: DFF::default(),
            f5_bypass: DFF::default(),
            f5_code: DFF::default(),
            f5_raz: DFF::default(),
            f5_bank: DFF::default(),
            f5_va: DFF::default(),
            f5_granule: DFF::default(),
            f5_cfg: DFF::default(),
            f5_asid: DFF::default(),
            f5_vmid: DFF::default(),
            f5_start: DFF::default(),
            f5_start_level: DFF::default(),
            f5_ttbr_bad: DFF::default(),
            f5_range_bad: DFF::default(),
            f5_tlb_hit: DFF::default(),
            f5_tlb_ng: DFF::default(),
            f5_tlb: DFF::default(),
            f5_way: DFF::default(),
            f5_wc2_hit: DFF::default(),
            f5_wc2: DFF::default(),
            f5_wc1_hit: DFF::default(),
            f5_wc1: DFF::default(),
            f5_wc0_hit: DFF::default(),
            f5_wc0: DFF::default(),
            beyond_output: Constant::new(super::beyond_size(params.straps.oas)),
            tsz: Signal::default(),
            in_range: Signal::default(),
            outside: Signal::default(),
            size: Signal::default(),
            level: Signal::default(),
            covered: Signal::default(),
            index: Signal::default(),
            index_mask: Signal::default(),
            base: Signal::default(),
            beyond_pa: Signal::default(),
            beyond: Signal::default(),
            need: Signal::default(),
            permitted: Signal::default(),
            tlb_ok: Signal::default(),
            block2_ok: Signal::default(),
            block1_ok: Signal::default(),
            found: Signal::default(),
            use_table: Signal::default(),
            too_far: Signal::default(),
            mode: Signal::default(),
            blocked: Signal::default(),
            active: Signal::default(),
            page_mask: Signal::default(),
            block_mask: Signal::default(),
        }
    }
}

impl<const CB: usize> Logic for Decide<CB> {
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
            f5_asid,
            f5_vmid,
            f5_start,
            f5_start_level,
            f5_ttbr_bad,
            f5_range_bad,
            f5_tlb_hit,
            f5_tlb_ng,
            f5_tlb,
            f5_way,
            f5_wc2_hit,
            f5_wc2,
            f5_wc1_hit,
            f5_wc1,
            f5_wc0_hit,
            f5_wc0
        );

        // F4: the range. Bits 47:size of the address must all be what bit 48 is.
        self.tsz.next = self.i_cfg.val().get_bits::<6>(8);
        self.size.next = bits::<6>(0) - self.tsz.val();
        self.in_range.next = bits::<48>(0xffff_ffff_ffff_u128);
        self.in_range.next = self.in_range.val() << self.size.val();
        self.in_range.next = !self.in_range.val();
        self.outside.next = self.i_va.val();
        if self.i_va.val().get_bit(48) {
            self.outside.next = !self.i_va.val();
        }
        self.covered.next = self.outside.val().get_bits::<48>(0) & !self.in_range.val();
        self.f5_range_bad.d.next =
            self.covered.val().any() | self.i_cfg.val().get_bit(15) | (self.tsz.val() < 16) | (self.tsz.val() > 39);

        // F4: the start table. 4 KiB granule unless said otherwise.
        self.covered.next = self.i_va.val().get_bits::<48>(0) & self.in_range.val();
        self.level.next = 2.into();
        self.index.next = bit_cast::<13, 9>(self.covered.val().get_bits::<9>(21));
        self.index_mask.next = bit_cast::<13, 9>(self.in_range.val().get_bits::<9>(21));
        if self.size.val() > 30 {
            self.level.next = 1.into();
            self.index.next = bit_cast::<13, 9>(self.covered.val().get_bits::<9>(30));
            self.index_mask.next = bit_cast::<13, 9>(self.in_range.val().get_bits::<9>(30));
        }
        if self.size.val() > 39 {
            self.level.next = 0.into();
            self.index.next = bit_cast::<13, 9>(self.covered.val().get_bits::<9>(39));
            self.index_mask.next = bit_cast::<13, 9>(self.in_range.val().get_bits::<9>(39));
        }
        if self.i_granule.val() == 1 {
            self.level.next = 3.into();
            self.index.next = self.covered.val().get_bits::<13>(16);
            self.index_mask.next = self.in_range.val().get_bits::<13>(16);
            if self.size.val() > 29 {
                self.level.next = 2.into();
                self.index.next = self.covered.val().get_bits::<13>(29);
                self.index_mask.next = self.in_range.val().get_bits::<13>(29);
            }
            if self.size.val() > 42 {
                self.level.next = 1.into();
                self.index.next = bit_cast::<13, 6>(self.covered.val().get_bits::<6>(42));
                self.index_mask.next = bit_cast::<13, 6>(self.in_range.val().get_bits::<6>(42));
            }
        }
        if self.i_granule.val() == 2 {
            self.level.next = 3.into();
            self.index.next = bit_cast::<13, 11>(self.covered.val().get_bits::<11>(14));
            self.index_mask.next = bit_cast::<13, 11>(self.in_range.val().get_bits::<11>(14));
            if self.size.val() > 25 {
                self.level.next = 2.into();
                self.index.next = bit_cast::<13, 11>(self.covered.val().get_bits::<11>(25));
                self.index_mask.next = bit_cast::<13, 11>(self.in_range.val().get_bits::<11>(25));
            }
            if self.size.val() > 36 {
                self.level.next = 1.into();
                self.index.next = bit_cast::<13, 11>(self.covered.val().get_bits::<11>(36));
                self.index_mask.next = bit_cast::<13, 11>(self.in_range.val().get_bits::<11>(36));
            }
            if self.size.val() > 47 {
                self.level.next = 0.into();
                self.index.next = bit_cast::<13, 1>(self.covered.val().get_bits::<1>(47));
                self.index_mask.next = bit_cast::<13, 1>(self.in_range.val().get_bits::<1>(47));
            }
        }
        self.base.next = (bit_cast::<48, 13>(self.index_mask.val()) << 3) | 0x3f;
        self.base.next = self.i_ttbr.val() & !self.base.val();
        self.f5_start.d.next = self.base.val() | (bit_cast::<48, 13>(self.index.val()) << 3);
        self.f5_start_level.d.next = self.level.val();
        self.beyond_pa.next = 0.into();
        if self.i_cfg.val().get_bits::<3>(16) == 0 {
            self.beyond_pa.next = 0xffff.into();
        }
        if self.i_cfg.val().get_bits::<3>(16) == 1 {
            self.beyond_pa.next = 0xfff0.into();
        }
        if self.i_cfg.val().get_bits::<3>(16) == 2 {
            self.beyond_pa.next = 0xff00.into();
        }
        if self.i_cfg.val().get_bits::<3>(16) == 3 {
            self.beyond_pa.next = 0xfc00.into();
        }
        if self.i_cfg.val().get_bits::<3>(16) == 4 {
            self.beyond_pa.next = 0xf000.into();
        }
        self.beyond.next = self.beyond_pa.val() & self.i_ttbr.val().get_bits::<16>(32);
        self.f5_ttbr_bad.d.next = self.beyond.val().any();

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
        self.f5_asid.d.next = self.i_asid.val();
        self.f5_vmid.d.next = self.i_vmid.val();
        self.f5_tlb_hit.d.next = self.tlb_hit.val();
        self.f5_tlb_ng.d.next = self.tlb_ng.val();
        self.f5_tlb.d.next = self.tlb_data.val();
        self.f5_way.d.next = self.tlb_way.val();
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
        self.permitted.next = self.f5_tlb.q.val().get_bits::<6>(36) & self.need.val();
        self.tlb_ok.next = self.f5_tlb_hit.q.val() & self.permitted.val().any();
        self.permitted.next = self.f5_wc2.q.val().get_bits::<6>(36) & self.need.val();
        self.block2_ok.next = self.f5_wc2_hit.q.val() & self.f5_wc2.q.val().get_bit(50) & self.permitted.val().any();
        self.permitted.next = self.f5_wc1.q.val().get_bits::<6>(36) & self.need.val();
        self.block1_ok.next = self.f5_wc1_hit.q.val() & self.f5_wc1.q.val().get_bit(50) & self.permitted.val().any();

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
        self.d_level.next = 3.into();
        self.found.next = self.f5_wc2.q.val();
        if !self.f5_wc2_hit.q.val() | self.f5_wc2.q.val().get_bit(50) {
            self.d_level.next = 2.into();
            self.found.next = self.f5_wc1.q.val();
            if !self.f5_wc1_hit.q.val() | self.f5_wc1.q.val().get_bit(50) {
                self.d_level.next = 1.into();
                self.found.next = self.f5_wc0.q.val();
                self.use_table.next = self.f5_wc0_hit.q.val();
            }
        }
        self.next_table.base.next = self.found.val().get_bits::<36>(0);
        self.next_table.va.next = self.f5_va.q.val();
        self.next_table.granule.next = self.f5_granule.q.val();
        self.next_table.level.next = self.d_level.val();
        self.d_addr.next = self.next_table.addr.val();
        self.d_hier.next = self.found.val().get_bits::<4>(36);
        if !self.use_table.val() {
            self.d_addr.next = self.f5_start.q.val();
            self.d_level.next = self.f5_start_level.q.val();
            self.d_hier.next = 0.into();
        }

        // F5: translation of a hit, or the address itself.
        self.d_ppn.next = self.f5_tlb.q.val().get_bits::<36>(0);
        self.d_perm.next = self.f5_tlb.q.val().get_bits::<6>(36);
        self.d_mask.next = self.page_mask.val();
        self.d_ng.next = self.f5_tlb_ng.q.val();
        if !self.tlb_ok.val() {
            self.d_ppn.next = self.f5_wc2.q.val().get_bits::<36>(0);
            self.d_perm.next = self.f5_wc2.q.val().get_bits::<6>(36);
            self.d_mask.next = self.block_mask.val();
            self.d_ng.next = self.f5_wc2.q.val().get_bit(51);
            if !self.block2_ok.val() {
                self.d_ppn.next = self.f5_wc1.q.val().get_bits::<36>(0);
                self.d_perm.next = self.f5_wc1.q.val().get_bits::<6>(36);
                self.d_mask.next = 0x3f.into();
                self.d_ng.next = self.f5_wc1.q.val().get_bit(51);
            }
        }

        // F5: the decision.
        self.beyond.next = self.f5_req.q.val().get_bits::<16>(32) & self.beyond_output.val();
        self.too_far.next = self.f5_req.q.val().get_bit(48) | self.beyond.val().any();
        self.active.next = self.fault_active.val() >> self.f5_bank.q.val();
        self.blocked.next = self.active.val().get_bit(0) & !self.f5_cfg.q.val().get_bit(3);
        self.mode.next = self.f5_cfg.q.val().get_bits::<2>(5);
        self.d_walk.next = false;
        self.d_refuse.next = false;
        self.d_record.next = false;
        self.d_global.next = false;
        self.d_code.next = 0.into();
        self.d_raz.next = !self.f5_cfg.q.val().get_bit(2);
        if self.f5_bypass.q.val() {
            self.d_mask.next = 0x7f.into();
            self.d_perm.next = 0x3f.into();
            self.d_ng.next = false;
        } else {
            if self.f5_code.q.val().any() {
                self.d_refuse.next = true;
                self.d_record.next = true;
                self.d_global.next = true;
                self.d_code.next = self.f5_code.q.val();
            } else {
                if (self.mode.val() != 1) | (self.f5_cfg.q.val().get_bit(0) & !self.f5_cfg.q.val().get_bit(7)) {
                    self.d_refuse.next = true;
                    self.d_record.next = true;
                    self.d_global.next = true;
                    self.d_code.next = 1.into();
                } else {
                    if !self.f5_cfg.q.val().get_bit(0) {
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
                            if self.f5_range_bad.q.val() {
                                self.d_refuse.next = true;
                                self.d_record.next = true;
                                self.d_code.next = 2.into();
                            } else {
                                if !self.tlb_ok.val() & !self.block2_ok.val() & !self.block1_ok.val() {
                                    if self.f5_cfg.q.val().get_bit(14) {
                                        self.d_refuse.next = true;
                                        self.d_record.next = true;
                                        self.d_code.next = 2.into();
                                    } else {
                                        if self.f5_ttbr_bad.q.val() & !self.use_table.val() {
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
                self.d_raz.next = self.f5_raz.q.val();
            }
            self.d_level.next = 0.into();
        }
        self.d_valid.next = self.f5_valid.q.val();
        self.d_row.next = self.f5_row.q.val();
        self.d_req.next = self.f5_req.q.val();
        self.d_va.next = self.f5_va.q.val();
        self.d_granule.next = self.f5_granule.q.val();
        self.d_cfg.next = self.f5_cfg.q.val();
        self.d_bank.next = self.f5_bank.q.val();
        self.d_asid.next = self.f5_asid.q.val();
        self.d_vmid.next = self.f5_vmid.q.val();
        self.d_way.next = self.f5_way.q.val();
        self.busy.next = self.f5_valid.q.val();

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
                i_ttbr,
                i_asid,
                i_vmid,
                tlb_hit,
                tlb_ng,
                tlb_data,
                tlb_way,
                wc2_hit,
                wc2,
                wc1_hit,
                wc1,
                wc0_hit,
                wc0,
                fault_active
            ),
            |s| {
                let _ = s;
            },
        );
    }
}
