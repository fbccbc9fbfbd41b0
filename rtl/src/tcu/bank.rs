//! Front of the TCU, stages F2 and F3: the registers of a context bank, decoded for one address.
//!
//! The registers that a walk needs are kept in RAM, one word a bank, read in the cycle in which the bank number is known (F2). In F3 they
//! are decoded: which half of the address space (SEP, sign), granule, size, ASID. The cache RAMs are addressed in the same cycle
//! (`lk_*` go to [`super::va_index::VaIndex`], one a half); everything else is registered for F4.
//!
//! # Packed words
//!
//! `o_cfg` (F4): 0 M, 1 AFFD, 2 CFRE, 3 HUPCF, 4 WXN, 6:5 CBAR.TYPE, 7 VA64, 13:8 TxSZ, 14 EPD, 15 granule not usable (AArch32: address in no
//! region), 18:16 PASize.
//!
//! `o_ext` (F4), what is beyond stage 1 of AArch64; all zero but bit 10 without the features: 0 look-up of stage 2, 1 asked by a walk (`sub`), 2
//! of the output of stage 1 (`final`), 3 TYPE 3, 4 PTW, 5 E, 6 short descriptors, 7 AArch32, 8 AFE, 9 UWXN, 10 this bank's format is not there,
//! 24:23 SL0; of the stage-2 bank that CBAR of TYPE 3 names: 11 it is there and of TYPE 0, 12 M, 13 CFRE, 14 HUPCF, 15 its format is not there,
//! 22:16 its number.
//!
//! # Stage 2
//!
//! A bank of TYPE 0, and any bank that a walk asks for (`i_sub`), is looked up as stage 2: the address is an IPA, not sign-extended, `T0SZ`,
//! `SL0`, `TG0` and `PASize` are TCR's, there is no ASID. What the checks need of the stage-2 bank of a nested one is in copies of the
//! registers, read one cycle later, when CBAR has named it.

use crate::params::{Aarch32, Params};
use crate::prelude::*;
use crate::prim::ram::RamSync;
use crate::prim::strap::Strap;

/// The block: `2^BI` banks.
#[derive(LogicBlock, Default)]
pub struct Bank<const BI: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    // From F2.
    pub i_valid: Signal<In, Bit>,
    pub i_req: Signal<In, Word<72>>,
    pub i_row: Signal<In, Word<4>>,
    pub i_bypass: Signal<In, Bit>,
    pub i_code: Signal<In, Word<9>>,
    pub i_raz: Signal<In, Bit>,
    pub i_bank: Signal<In, Word<7>>,
    /// A walk asks for stage 2 of `i_req`'s address in `i_bank`; `i_final`: it is the output of stage 1.
    pub i_sub: Signal<In, Bit>,
    pub i_final: Signal<In, Bit>,
    // Configuration writes.
    pub cw_valid: Signal<In, Bit>,
    pub cw_kind: Signal<In, Word<4>>,
    pub cw_index: Signal<In, Word<7>>,
    pub cw_data: Signal<In, Word<64>>,
    /// F3: which half of the address space, and for either half the canonical address and the granule, for the cache RAMs.
    pub lk_upper: Signal<Out, Bit>,
    pub lk_va0: Signal<Out, Word<49>>,
    pub lk_granule0: Signal<Out, Word<2>>,
    pub lk_va1: Signal<Out, Word<49>>,
    pub lk_granule1: Signal<Out, Word<2>>,
    // F4.
    pub o_valid: Signal<Out, Bit>,
    pub o_req: Signal<Out, Word<72>>,
    pub o_row: Signal<Out, Word<4>>,
    pub o_bypass: Signal<Out, Bit>,
    pub o_code: Signal<Out, Word<9>>,
    pub o_raz: Signal<Out, Bit>,
    pub o_bank: Signal<Out, Word<7>>,
    pub o_va: Signal<Out, Word<49>>,
    pub o_granule: Signal<Out, Word<2>>,
    pub o_cfg: Signal<Out, Word<19>>,
    pub o_ext: Signal<Out, Word<25>>,
    pub o_ttbr: Signal<Out, Word<48>>,
    pub o_asid: Signal<Out, Word<16>>,
    /// {HYPC, VMID}.
    pub o_vmid: Signal<Out, Word<9>>,
    /// F3 or F4 hold a request.
    pub busy: Signal<Out, Bit>,
    sctlr: RamSync<BI, 5>,
    tcr: RamSync<BI, 21>,
    tcr2: RamSync<BI, 16>,
    ttbr0: RamSync<BI, 64>,
    ttbr1: RamSync<BI, 64>,
    cbar: RamSync<BI, 11>,
    cba2r: RamSync<BI, 1>,
    /// {PTW, UWXN, E, AFE}.
    sctlr_more: RamSync<BI, 4>,
    /// {EAE, bit 6}.
    tcr_more: RamSync<BI, 2>,
    /// CBAR 15:8.
    ndx: RamSync<BI, 8>,
    contextidr: RamSync<BI, 8>,
    /// {HUPCF, CFRE, M} of the stage-2 bank.
    s2_sctlr: RamSync<BI, 3>,
    s2_type0: RamSync<BI, 1>,
    s2_va64: RamSync<BI, 1>,
    f3_valid: DFF<Bit>,
    f3_req: DFF<Word<72>>,
    f3_row: DFF<Word<4>>,
    f3_bypass: DFF<Bit>,
    f3_code: DFF<Word<9>>,
    f3_raz: DFF<Bit>,
    f3_bank: DFF<Word<7>>,
    f3_sub: DFF<Bit>,
    f3_final: DFF<Bit>,
    f4_valid: DFF<Bit>,
    f4_req: DFF<Word<72>>,
    f4_row: DFF<Word<4>>,
    f4_bypass: DFF<Bit>,
    f4_code: DFF<Word<9>>,
    f4_raz: DFF<Bit>,
    f4_bank: DFF<Word<7>>,
    f4_va: DFF<Word<49>>,
    f4_granule: DFF<Word<2>>,
    f4_cfg: DFF<Word<19>>,
    f4_ext: DFF<Word<25>>,
    f4_there: DFF<Bit>,
    f4_ttbr: DFF<Word<48>>,
    f4_asid: DFF<Word<16>>,
    f4_vmid: DFF<Word<9>>,
    output_size: Strap<Word<3>>,
    has_16k: Strap<Bit>,
    has_stage2: Strap<Bit>,
    has_nested: Strap<Bit>,
    has_long: Strap<Bit>,
    has_short: Strap<Bit>,
    has_big_endian: Strap<Bit>,
    banks: Strap<Word<8>>,
    sep: Signal<Local, Word<6>>,
    sep_code: Signal<Local, Word<3>>,
    granule_of_1: Signal<Local, Word<2>>,
    bad0: Signal<Local, Bit>,
    bad1: Signal<Local, Bit>,
    kept_tcr: Signal<Local, Word<21>>,
    kept_tcr2: Signal<Local, Word<16>>,
    sign: Signal<Local, Bit>,
    granule: Signal<Local, Word<2>>,
    bad_granule: Signal<Local, Bit>,
    tsz: Signal<Local, Word<6>>,
    epd: Signal<Local, Bit>,
    pasize: Signal<Local, Word<3>>,
    asid: Signal<Local, Word<16>>,
    raw: Signal<Local, Word<49>>,
    low: Signal<Local, Word<49>>,
    above: Signal<Local, Word<49>>,
    tg: Signal<Local, Word<2>>,
    write_bank: Signal<Local, Word<BI>>,
    cfg: Signal<Local, Word<19>>,
    ext: Signal<Local, Word<25>>,
    bank_type: Signal<Local, Word<2>>,
    stage2: Signal<Local, Bit>,
    aarch32: Signal<Local, Bit>,
    short: Signal<Local, Bit>,
    plain: Signal<Local, Bit>,
    missing: Signal<Local, Bit>,
    flag: Signal<Local, Bit>,
    peer: Signal<Local, Word<8>>,
    size0: Signal<Local, Word<3>>,
    size1: Signal<Local, Word<3>>,
    region_mask: Signal<Local, Word<7>>,
    region_top: Signal<Local, Word<7>>,
    in_region: Signal<Local, Word<7>>,
    in0: Signal<Local, Bit>,
    in1: Signal<Local, Bit>,
    above32: Signal<Local, Word<17>>,
    upper: Signal<Local, Bit>,
    hyp: Signal<Local, Bit>,
    vmid: Signal<Local, Word<9>>,
}

impl<const BI: usize> Bank<BI> {
    /// The block for hardware of these sizes.
    pub fn new(params: &Params) -> Self {
        Self {
            output_size: Strap::new(params.straps.oas.min(5)),
            has_16k: Strap::new(params.straps.granule_16k),
            has_stage2: Strap::new(params.features.stage2),
            has_nested: Strap::new(params.features.nested),
            has_long: Strap::new(params.features.aarch32 >= Aarch32::Long),
            has_short: Strap::new(params.features.aarch32 == Aarch32::Both),
            has_big_endian: Strap::new(params.features.big_endian),
            banks: Strap::new(params.num_cb),
            ..Self::default()
        }
    }
}

impl<const BI: usize> Logic for Bank<BI> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, f3_valid, f3_req, f3_row, f3_bypass, f3_code, f3_raz, f3_bank, f3_sub, f3_final, f4_valid, f4_req,
            f4_row, f4_bypass, f4_code, f4_raz, f4_bank, f4_va, f4_granule, f4_cfg, f4_ttbr, f4_asid, f4_vmid, f4_ext, f4_there
        );
        clock!(self, clock, sctlr, tcr, tcr2, ttbr0, ttbr1, cbar, cba2r);
        clock!(self, clock, sctlr_more, tcr_more, ndx, contextidr, s2_sctlr, s2_type0, s2_va64);

        // F2: the bank's registers are addressed.
        self.sctlr.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.tcr.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.tcr2.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.ttbr0.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.ttbr1.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.cbar.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.cba2r.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.sctlr_more.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.tcr_more.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.ndx.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.contextidr.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.f3_sub.d.next = self.i_sub.val();
        self.f3_final.d.next = self.i_final.val();
        self.f3_valid.d.next = self.i_valid.val();
        self.f3_req.d.next = self.i_req.val();
        self.f3_row.d.next = self.i_row.val();
        self.f3_bypass.d.next = self.i_bypass.val();
        self.f3_code.d.next = self.i_code.val();
        self.f3_raz.d.next = self.i_raz.val();
        self.f3_bank.d.next = self.i_bank.val();

        // F3: which format, and which stage.
        self.bank_type.next = self.cbar.rdata.val().get_bits::<2>(0);
        self.stage2.next = self.has_stage2.val() & (self.f3_sub.q.val() | (self.bank_type.val() == 0));
        self.aarch32.next = self.has_long.val() & !self.cba2r.rdata.val().get_bit(0);
        self.short.next = self.has_short.val() & self.aarch32.val() & !self.stage2.val() & !self.tcr_more.rdata.val().get_bit(1);
        self.missing.next = !self.cba2r.rdata.val().get_bit(0)
            & (!self.has_long.val() | (!self.has_short.val() & !self.stage2.val() & !self.tcr_more.rdata.val().get_bit(1)));
        // Addresses are sign-extended in stage 1 of AArch64 only.
        self.plain.next = self.stage2.val() | self.aarch32.val();

        // F3: the regions of AArch32, by up to seven bits 31:25. Region 1 wins where both fit.
        self.size0.next = self.tcr.rdata.val().get_bits::<3>(0);
        self.size1.next = self.tcr.rdata.val().get_bits::<3>(10);
        self.region_top.next = self.f3_req.q.val().get_bits::<7>(25);
        self.region_mask.next = 0x7f.into();
        self.region_mask.next = self.region_mask.val() >> self.size0.val();
        self.in_region.next = self.region_top.val() & !self.region_mask.val();
        self.in0.next = !self.in_region.val().any();
        self.region_mask.next = 0x7f.into();
        self.region_mask.next = self.region_mask.val() >> self.size1.val();
        self.in_region.next = !self.region_top.val() & !self.region_mask.val();
        self.in1.next = !self.in_region.val().any();
        if self.short.val() | (self.size1.val() == 0) {
            self.in1.next = !self.in0.val();
        }
        self.above32.next = self.f3_req.q.val().get_bits::<17>(32);

        // F3: sign extension from the SEP bit; bits above it are replaced. Both halves are worked out side by side with the question
        // which of them it is, so that the cache RAMs get their addresses early.
        self.raw.next = self.f3_req.q.val().get_bits::<49>(0);
        self.sep.next = self.tcr2.rdata.val().get_bits::<6>(10);
        self.sign.next = (self.sep.val().get_bit(0) & self.raw.val().get_bit(31))
            | (self.sep.val().get_bit(1) & self.raw.val().get_bit(35))
            | (self.sep.val().get_bit(2) & self.raw.val().get_bit(39))
            | (self.sep.val().get_bit(3) & self.raw.val().get_bit(41))
            | (self.sep.val().get_bit(4) & self.raw.val().get_bit(43))
            | (self.sep.val().get_bit(5) & self.raw.val().get_bit(47))
            | (!self.tcr2.rdata.val().get_bit(9) & self.raw.val().get_bit(48));
        self.above.next = 0.into();
        if self.tcr2.rdata.val().get_bit(4) {
            self.above.next = self.above.val() | 0x0_000f_0000_0000_u64;
        }
        if self.tcr2.rdata.val().get_bit(5) {
            self.above.next = self.above.val() | 0x0_00f0_0000_0000_u64;
        }
        if self.tcr2.rdata.val().get_bit(6) {
            self.above.next = self.above.val() | 0x0_0300_0000_0000_u64;
        }
        if self.tcr2.rdata.val().get_bit(7) {
            self.above.next = self.above.val() | 0x0_0c00_0000_0000_u64;
        }
        if self.tcr2.rdata.val().get_bit(8) {
            self.above.next = self.above.val() | 0x0_f000_0000_0000_u64;
        }
        if self.tcr2.rdata.val().get_bit(9) {
            self.above.next = self.above.val() | 0x1_0000_0000_0000_u64;
        }
        self.upper.next = self.sign.val() & !self.stage2.val();
        if self.plain.val() {
            self.above.next = 0.into();
        }
        if self.aarch32.val() & !self.stage2.val() {
            self.upper.next = self.in1.val();
        }
        self.lk_va0.next = self.raw.val() & !self.above.val();
        self.lk_va1.next = self.raw.val() | self.above.val();
        self.lk_granule0.next = self.tcr.rdata.val().get_bits::<2>(7);
        self.lk_granule1.next = self.tcr.rdata.val().get_bits::<2>(18);
        if self.aarch32.val() {
            self.lk_granule0.next = 0.into();
            self.lk_granule1.next = 0.into();
            if self.short.val() {
                self.lk_granule0.next = 3.into();
                self.lk_granule1.next = 3.into();
            }
        }
        self.lk_upper.next = self.upper.val();

        // The half's own fields of TCR.
        self.tsz.next = self.tcr.rdata.val().get_bits::<6>(0);
        self.epd.next = self.tcr.rdata.val().get_bit(6);
        self.granule.next = self.lk_granule0.val();
        self.bad_granule.next = self.tcr.rdata.val().get_bit(9);
        self.low.next = self.lk_va0.val();
        if self.upper.val() {
            self.tsz.next = self.tcr.rdata.val().get_bits::<6>(10);
            self.epd.next = self.tcr.rdata.val().get_bit(17);
            self.granule.next = self.lk_granule1.val();
            self.bad_granule.next = self.tcr.rdata.val().get_bit(20);
            self.low.next = self.lk_va1.val();
        }
        if self.aarch32.val() {
            // Sizes count from 32 bits: 32 + TxSZ. Stage 2: T0SZ is signed, -8 to 7. Short descriptors: N.
            self.bad_granule.next = (!self.in0.val() & !self.in1.val()) | self.above32.val().any();
            self.tsz.next = bit_cast::<6, 3>(self.size0.val()) | 32;
            if self.upper.val() {
                self.tsz.next = bit_cast::<6, 3>(self.size1.val()) | 32;
                if self.short.val() {
                    self.tsz.next = 32.into();
                }
            }
            if self.short.val() {
                self.epd.next = self.tcr.rdata.val().get_bit(4);
                if self.upper.val() {
                    self.epd.next = self.tcr.rdata.val().get_bit(5);
                }
            }
        }
        if self.stage2.val() {
            self.epd.next = false;
            if self.aarch32.val() {
                self.bad_granule.next = false;
                self.tsz.next = bit_cast::<6, 4>(self.tcr.rdata.val().get_bits::<4>(0)) | 16;
                if !self.tcr.rdata.val().get_bit(3) {
                    self.tsz.next = bit_cast::<6, 3>(self.size0.val()) | 32;
                }
            }
        }
        self.pasize.next = self.tcr2.rdata.val().get_bits::<3>(0);
        if self.stage2.val() {
            self.pasize.next = self.size1.val();
        }
        if self.aarch32.val() {
            self.pasize.next = 2.into();
            if self.short.val() {
                self.pasize.next = 5.into();
            }
        }
        if self.pasize.val() > self.output_size.val() {
            self.pasize.next = self.output_size.val();
        }
        self.asid.next = self.ttbr0.rdata.val().get_bits::<16>(48);
        if self.tcr.rdata.val().get_bit(16) {
            self.asid.next = self.ttbr1.rdata.val().get_bits::<16>(48);
        }
        if !self.tcr2.rdata.val().get_bit(3) | self.aarch32.val() {
            self.asid.next = self.asid.val() & 0xff;
        }
        if self.short.val() {
            self.asid.next = bit_cast::<16, 8>(self.contextidr.rdata.val());
        }
        if self.stage2.val() {
            self.asid.next = 0.into();
        }

        self.f4_valid.d.next = self.f3_valid.q.val();
        self.f4_req.d.next = self.f3_req.q.val();
        self.f4_row.d.next = self.f3_row.q.val();
        self.f4_bypass.d.next = self.f3_bypass.q.val();
        self.f4_code.d.next = self.f3_code.q.val();
        self.f4_raz.d.next = self.f3_raz.q.val();
        self.f4_bank.d.next = self.f3_bank.q.val();
        self.f4_va.d.next = self.low.val();
        self.f4_granule.d.next = self.granule.val();
        self.cfg.next = bit_cast::<19, 5>(self.sctlr.rdata.val())
            | (bit_cast::<19, 2>(self.cbar.rdata.val().get_bits::<2>(0)) << 5)
            | (bit_cast::<19, 1>(self.cba2r.rdata.val()) << 7)
            | (bit_cast::<19, 6>(self.tsz.val()) << 8)
            | (bit_cast::<19, 3>(self.pasize.val()) << 16);
        self.cfg.next = self.cfg.val().replace_bit(14, self.epd.val());
        self.cfg.next = self.cfg.val().replace_bit(15, self.bad_granule.val());
        self.f4_cfg.d.next = self.cfg.val();
        self.f4_ttbr.d.next = self.ttbr0.rdata.val().get_bits::<48>(0);
        if self.upper.val() {
            self.f4_ttbr.d.next = self.ttbr1.rdata.val().get_bits::<48>(0);
        }
        self.f4_asid.d.next = self.asid.val();
        self.f4_vmid.d.next = self.cbar.rdata.val().get_bits::<9>(2);
        self.ext.next = 0.into();
        self.ext.next = self.ext.val().replace_bit(10, self.missing.val());
        if self.has_stage2.val() {
            self.ext.next = self.ext.val().replace_bit(0, self.stage2.val());
            self.flag.next = self.f3_sub.q.val();
            self.ext.next = self.ext.val().replace_bit(1, self.flag.val());
            self.flag.next = self.f3_final.q.val();
            self.ext.next = self.ext.val().replace_bit(2, self.flag.val());
            self.flag.next = self.sctlr_more.rdata.val().get_bit(3);
            self.ext.next = self.ext.val().replace_bit(4, self.flag.val());
            self.flag.next = self.tcr_more.rdata.val().get_bit(0);
            self.ext.next = self.ext.val().replace_bit(23, self.flag.val());
            self.flag.next = self.tcr.rdata.val().get_bit(6);
            self.ext.next = self.ext.val().replace_bit(24, self.flag.val());
        }
        self.peer.next = self.ndx.rdata.val();
        self.f4_there.d.next = self.peer.val() < self.banks.val();
        if self.has_nested.val() {
            self.flag.next = self.bank_type.val() == 3;
            self.ext.next = self.ext.val().replace_bit(3, self.flag.val());
            self.ext.next = self.ext.val() | (bit_cast::<25, 7>(self.peer.val().get_bits::<7>(0)) << 16);
        }
        if self.has_big_endian.val() {
            self.flag.next = self.sctlr_more.rdata.val().get_bit(1);
            self.ext.next = self.ext.val().replace_bit(5, self.flag.val());
        }
        self.ext.next = self.ext.val().replace_bit(6, self.short.val());
        self.ext.next = self.ext.val().replace_bit(7, self.aarch32.val());
        if self.has_long.val() {
            self.flag.next = self.sctlr_more.rdata.val().get_bit(0);
            self.ext.next = self.ext.val().replace_bit(8, self.flag.val());
            self.flag.next = self.sctlr_more.rdata.val().get_bit(2);
            self.ext.next = self.ext.val().replace_bit(9, self.flag.val());
        }
        self.f4_ext.d.next = self.ext.val();

        // F4: the stage-2 bank's copies.
        self.s2_sctlr.raddr.next = bit_cast::<BI, 8>(self.ndx.rdata.val());
        self.s2_type0.raddr.next = bit_cast::<BI, 8>(self.ndx.rdata.val());
        self.s2_va64.raddr.next = bit_cast::<BI, 8>(self.ndx.rdata.val());
        self.o_ext.next = self.f4_ext.q.val();
        if self.has_nested.val() {
            self.flag.next = self.f4_there.q.val() & self.s2_type0.rdata.val().get_bit(0);
            self.o_ext.next = self.o_ext.val().replace_bit(11, self.flag.val());
            self.o_ext.next = self.o_ext.val() | (bit_cast::<25, 3>(self.s2_sctlr.rdata.val()) << 12);
            self.flag.next = !self.has_long.val() & !self.s2_va64.rdata.val().get_bit(0);
            self.o_ext.next = self.o_ext.val().replace_bit(15, self.flag.val());
        }

        self.o_valid.next = self.f4_valid.q.val();
        self.o_req.next = self.f4_req.q.val();
        self.o_row.next = self.f4_row.q.val();
        self.o_bypass.next = self.f4_bypass.q.val();
        self.o_code.next = self.f4_code.q.val();
        self.o_raz.next = self.f4_raz.q.val();
        self.o_bank.next = self.f4_bank.q.val();
        self.o_va.next = self.f4_va.q.val();
        self.o_granule.next = self.f4_granule.q.val();
        self.o_cfg.next = self.f4_cfg.q.val();
        self.o_ttbr.next = self.f4_ttbr.q.val();
        self.o_asid.next = self.f4_asid.q.val();
        self.o_vmid.next = self.f4_vmid.q.val();
        self.busy.next = self.f3_valid.q.val() | self.f4_valid.q.val();

        // Configuration writes keep only the bits that a walk looks at.
        self.write_bank.next = bit_cast::<BI, 7>(self.cw_index.val());
        self.sctlr.waddr.next = self.write_bank.val();
        self.tcr.waddr.next = self.write_bank.val();
        self.tcr2.waddr.next = self.write_bank.val();
        self.ttbr0.waddr.next = self.write_bank.val();
        self.ttbr1.waddr.next = self.write_bank.val();
        self.cbar.waddr.next = self.write_bank.val();
        self.cba2r.waddr.next = self.write_bank.val();
        self.sctlr.we.next = self.cw_valid.val() & (self.cw_kind.val() == 2);
        self.tcr.we.next = self.cw_valid.val() & (self.cw_kind.val() == 3);
        self.tcr2.we.next = self.cw_valid.val() & (self.cw_kind.val() == 4);
        self.ttbr0.we.next = self.cw_valid.val() & (self.cw_kind.val() == 5);
        self.ttbr1.we.next = self.cw_valid.val() & (self.cw_kind.val() == 6);
        self.cbar.we.next = self.cw_valid.val() & (self.cw_kind.val() == 7);
        self.cba2r.we.next = self.cw_valid.val() & (self.cw_kind.val() == 8);
        // SCTLR: M 0, AFFD 3, CFRE 5, HUPCF 8, WXN 9.
        self.sctlr.wdata.next = bit_cast::<5, 1>(self.cw_data.val().get_bits::<1>(0))
            | (bit_cast::<5, 1>(self.cw_data.val().get_bits::<1>(3)) << 1)
            | (bit_cast::<5, 1>(self.cw_data.val().get_bits::<1>(5)) << 2)
            | (bit_cast::<5, 2>(self.cw_data.val().get_bits::<2>(8)) << 3);
        // TCR: T0SZ 5:0, EPD0 7, TG0 15:14, T1SZ 21:16, A1 22, EPD1 23, TG1 31:30. Kept as {bad1, granule1, EPD1, A1, T1SZ, bad0,
        // granule0, EPD0, T0SZ} with granules in TG0's code; bad: reserved, or not there. TG1: 1 = 16 KiB, 2 = 4 KiB, 3 = 64 KiB.
        self.tg.next = self.cw_data.val().get_bits::<2>(30);
        self.granule_of_1.next = 0.into();
        if self.tg.val() == 1 {
            self.granule_of_1.next = 2.into();
        }
        if self.tg.val() == 3 {
            self.granule_of_1.next = 1.into();
        }
        self.bad1.next = (self.tg.val() == 0) | ((self.tg.val() == 1) & !self.has_16k.val());
        self.tg.next = self.cw_data.val().get_bits::<2>(14);
        self.bad0.next = (self.tg.val() == 3) | ((self.tg.val() == 2) & !self.has_16k.val());
        self.kept_tcr.next = bit_cast::<21, 6>(self.cw_data.val().get_bits::<6>(0))
            | (bit_cast::<21, 1>(self.cw_data.val().get_bits::<1>(7)) << 6)
            | (bit_cast::<21, 2>(self.tg.val()) << 7)
            | (bit_cast::<21, 8>(self.cw_data.val().get_bits::<8>(16)) << 10)
            | (bit_cast::<21, 2>(self.granule_of_1.val()) << 18);
        self.kept_tcr.next = self.kept_tcr.val().replace_bit(9, self.bad0.val());
        self.kept_tcr.next = self.kept_tcr.val().replace_bit(20, self.bad1.val());
        self.tcr.wdata.next = self.kept_tcr.val();
        // TCR2: PASize 2:0, AS 4, SEP 17:15. Kept: 2:0 PASize, 3 AS, 9:4 whether bits 35:32, 39:36, 41:40, 43:42, 47:44, 48 are above the
        // SEP bit, 15:10 whether the SEP bit is 31, 35, 39, 41, 43, 47.
        self.kept_tcr2.next = bit_cast::<16, 3>(self.cw_data.val().get_bits::<3>(0))
            | (bit_cast::<16, 1>(self.cw_data.val().get_bits::<1>(4)) << 3);
        self.sep_code.next = self.cw_data.val().get_bits::<3>(15);
        if self.sep_code.val() == 0 {
            self.kept_tcr2.next = self.kept_tcr2.val() | 0x07f0;
        }
        if self.sep_code.val() == 1 {
            self.kept_tcr2.next = self.kept_tcr2.val() | 0x0be0;
        }
        if self.sep_code.val() == 2 {
            self.kept_tcr2.next = self.kept_tcr2.val() | 0x13c0;
        }
        if self.sep_code.val() == 3 {
            self.kept_tcr2.next = self.kept_tcr2.val() | 0x2380;
        }
        if self.sep_code.val() == 4 {
            self.kept_tcr2.next = self.kept_tcr2.val() | 0x4300;
        }
        if self.sep_code.val() == 5 {
            self.kept_tcr2.next = self.kept_tcr2.val() | 0x8200;
        }
        self.tcr2.wdata.next = self.kept_tcr2.val();
        self.ttbr0.wdata.next = self.cw_data.val();
        self.ttbr1.wdata.next = self.cw_data.val();
        // CBAR: VMID 7:0, HYPC 10 (TYPE 1), stage-2 bank 15:8 (TYPE 3), TYPE 17:16.
        self.hyp.next = self.cw_data.val().get_bit(10) & (!self.has_stage2.val() | (self.cw_data.val().get_bits::<2>(16) == 1));
        self.vmid.next = bit_cast::<9, 8>(self.cw_data.val().get_bits::<8>(0));
        self.vmid.next = self.vmid.val().replace_bit(8, self.hyp.val());
        self.cbar.wdata.next =
            bit_cast::<11, 2>(self.cw_data.val().get_bits::<2>(16)) | (bit_cast::<11, 9>(self.vmid.val()) << 2);
        self.cba2r.wdata.next = self.cw_data.val().get_bits::<1>(0);
        // SCTLR: AFE 2, E 4, UWXN 10, PTW 13. TCR: bit 6, EAE 31.
        self.sctlr_more.waddr.next = self.write_bank.val();
        self.sctlr_more.we.next = self.cw_valid.val() & (self.cw_kind.val() == 2);
        self.sctlr_more.wdata.next = bit_cast::<4, 1>(self.cw_data.val().get_bits::<1>(2))
            | (bit_cast::<4, 1>(self.cw_data.val().get_bits::<1>(4)) << 1)
            | (bit_cast::<4, 1>(self.cw_data.val().get_bits::<1>(10)) << 2)
            | (bit_cast::<4, 1>(self.cw_data.val().get_bits::<1>(13)) << 3);
        self.tcr_more.waddr.next = self.write_bank.val();
        self.tcr_more.we.next = self.cw_valid.val() & (self.cw_kind.val() == 3);
        self.tcr_more.wdata.next =
            bit_cast::<2, 1>(self.cw_data.val().get_bits::<1>(6)) | (bit_cast::<2, 1>(self.cw_data.val().get_bits::<1>(31)) << 1);
        self.ndx.waddr.next = self.write_bank.val();
        self.ndx.we.next = self.cw_valid.val() & (self.cw_kind.val() == 7);
        self.ndx.wdata.next = self.cw_data.val().get_bits::<8>(8);
        self.contextidr.waddr.next = self.write_bank.val();
        self.contextidr.we.next = self.cw_valid.val() & (self.cw_kind.val() == 11);
        self.contextidr.wdata.next = self.cw_data.val().get_bits::<8>(0);
        self.s2_sctlr.waddr.next = self.write_bank.val();
        self.s2_sctlr.we.next = self.cw_valid.val() & (self.cw_kind.val() == 2);
        self.s2_sctlr.wdata.next = bit_cast::<3, 1>(self.cw_data.val().get_bits::<1>(0))
            | (bit_cast::<3, 1>(self.cw_data.val().get_bits::<1>(5)) << 1)
            | (bit_cast::<3, 1>(self.cw_data.val().get_bits::<1>(8)) << 2);
        self.flag.next = self.cw_data.val().get_bits::<2>(16) == 0;
        self.s2_type0.waddr.next = self.write_bank.val();
        self.s2_type0.we.next = self.cw_valid.val() & (self.cw_kind.val() == 7);
        self.s2_type0.wdata.next = self.flag.val().into();
        self.s2_va64.waddr.next = self.write_bank.val();
        self.s2_va64.we.next = self.cw_valid.val() & (self.cw_kind.val() == 8);
        self.s2_va64.wdata.next = self.cw_data.val().get_bits::<1>(0);

        if !self.aresetn.val() {
            self.f3_valid.d.next = false;
            self.f4_valid.d.next = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_bank() {
        synthesis_check(Bank::<2>::new(&crate::params::MINI));
    }

    #[test]
    fn verilog_agrees_bank() {
        equivalence(
            || Bank::<2>::new(&crate::params::MINI),
            4000,
            1,
            drive!(
                clock, aresetn, i_valid, i_req, i_row, i_bypass, i_code, i_raz, i_bank, i_sub, i_final, cw_valid, cw_kind,
                cw_index, cw_data
            ),
            |s| {
                s.often("cw_valid", 1, 2);
            },
        );
    }

    #[test]
    fn verilog_agrees_bank_with_everything() {
        equivalence(
            || Bank::<2>::new(&crate::params::MINI.with_everything()),
            6000,
            2,
            drive!(
                clock, aresetn, i_valid, i_req, i_row, i_bypass, i_code, i_raz, i_bank, i_sub, i_final, cw_valid, cw_kind,
                cw_index, cw_data
            ),
            |s| {
                s.often("cw_valid", 1, 2);
                s.below("cw_kind", 12);
            },
        );
    }
}
