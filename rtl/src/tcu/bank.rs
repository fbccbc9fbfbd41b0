//! Front of the TCU, stages F2 and F3: the registers of a context bank, decoded for one address.
//!
//! The registers that a walk needs are kept in RAM, one word a bank, read in the cycle in which the bank number is known (F2). Which half of the
//! address space it is (SEP, sign) is known in that cycle too. In F3 the rest is decoded: granule, size, ASID. The cache RAMs are addressed in the same cycle
//! (`lk_*` go to [`super::va_index::VaIndex`]); everything else is registered for F4.
//!
//! # Packed words
//!
//! `o_cfg` (F4): 0 M, 1 AFFD, 2 CFRE, 3 HUPCF, 4 WXN, 6:5 CBAR.TYPE, 7 VA64, 13:8 TxSZ, 14 EPD, 15 granule or size not usable
//! (AArch32: address in no region), 18:16 PASize.
//!
//! `o_ext` (F4), what is beyond stage 1 of AArch64; all zero but bit 10 without the features: 0 look-up of stage 2, 1 asked by a walk (`sub`), 2
//! of the output of stage 1 (`final`), 3 TYPE 3, 4 PTW, 5 E, 6 short descriptors, 7 AArch32, 8 AFE, 9 UWXN, 10 this bank's format is not there,
//! 24:23 SL0, 25 TTBR1's region of long descriptors of AArch32; of the stage-2 bank that CBAR of TYPE 3 names: 11 it is there and of TYPE 0, 12 M,
//! 13 CFRE, 14 HUPCF, 15 its format is not there, 22:16 its number.
//!
//! # Stage 2
//!
//! A bank of TYPE 0, and any bank that a walk asks for (`i_sub`), is looked up as stage 2: the address is an IPA, not sign-extended, `T0SZ`,
//! `SL0`, `TG0` and `PASize` are TCR's, there is no ASID. What the checks need of the stage-2 bank of a nested one is in copies of the
//! registers, read one cycle later, when CBAR has named it.
//!
//! # AArch32
//!
//! The region is found by up to seven address bits, 31:25; sizes count from 32 bits. Short descriptors have a granule code of their own (3).
//! With long descriptors a table or a block of level 1 (1 GiB) may reach beyond its region: the walk caches keep the region as a part of the
//! kind, and a block is answered in pieces of 2 MiB.

use crate::params::{Aarch32, Params};
use crate::prelude::*;
use crate::prim::ram::{RamAsync, RamSync};
use crate::prim::strap::Strap;

/// The block: `2^BI` banks.
#[derive(LogicBlock, Default)]
pub struct Bank<const BI: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    // From F2.
    pub i_valid: Signal<In, Bit>,
    pub i_req: Signal<In, Word<75>>,
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
    /// F3: canonical address and granule, for the cache RAMs.
    pub lk_va: Signal<Out, Word<49>>,
    pub lk_granule: Signal<Out, Word<2>>,
    /// F3: the address belongs to the region of TTBR1.
    pub lk_upper: Signal<Out, Bit>,
    // F4.
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
    /// Bit k: the half has address bit 25 + k (TxSZ at most 38 - k).
    pub o_reach: Signal<Out, Word<23>>,
    pub o_ttbr: Signal<Out, Word<48>>,
    pub o_asid: Signal<Out, Word<16>>,
    /// {HYPC, VMID[15:0]}.
    pub o_vmid: Signal<Out, Word<17>>,
    /// F3 or F4 hold a request.
    pub busy: Signal<Out, Bit>,
    sctlr: RamSync<BI, 5>,
    tcr: RamSync<BI, 17>,
    /// The address bits of either half, decoded when TCR is written: a comparison in F4 would be late.
    reach0: RamSync<BI, 23>,
    reach1: RamSync<BI, 23>,
    tcr2: RamSync<BI, 10>,
    /// TCR2.SEP, one-hot: the sign is address bit 31, 35, 39, 41, 43, 47, 48. Read in F2, so that F3 begins with the half.
    seps: RamAsync<BI, 7>,
    /// The granules of both halves, {upper, lower}, for the same reason.
    granules: RamAsync<BI, 4>,
    ttbr0: RamSync<BI, 64>,
    ttbr1: RamSync<BI, 64>,
    cbar: RamSync<BI, 11>,
    cba2r: RamSync<BI, 1>,
    /// CBA2R.VMID16, which counts while sCR0.VMID16EN is set.
    vmid16: RamSync<BI, 16>,
    wide_vmids: DFF<Bit>,
    /// Read in F2: TYPE is 0; VA64; {EAE, T1SZ, T0SZ} of AArch32.
    type0: RamAsync<BI, 1>,
    va64: RamAsync<BI, 1>,
    regions: RamAsync<BI, 7>,
    /// {PTW, UWXN, E, AFE}.
    sctlr_more: RamSync<BI, 4>,
    /// {EAE, bit 6}.
    tcr_more: RamSync<BI, 2>,
    /// The address bits of an AArch32 stage-2 bank.
    reach_s2: RamSync<BI, 23>,
    /// CBAR 15:8.
    ndx: RamSync<BI, 8>,
    contextidr: RamSync<BI, 8>,
    /// {HUPCF, CFRE, M} of the stage-2 bank.
    s2_sctlr: RamSync<BI, 3>,
    s2_type0: RamSync<BI, 1>,
    s2_va64: RamSync<BI, 1>,
    f3_valid: DFF<Bit>,
    f3_req: DFF<Word<75>>,
    f3_row: DFF<Word<4>>,
    f3_bypass: DFF<Bit>,
    f3_code: DFF<Word<9>>,
    f3_raz: DFF<Bit>,
    f3_bank: DFF<Word<7>>,
    /// The address belongs to the upper half.
    f3_upper: DFF<Bit>,
    f3_granule: DFF<Word<2>>,
    f3_sub: DFF<Bit>,
    f3_final: DFF<Bit>,
    f3_stage2: DFF<Bit>,
    f3_aarch32: DFF<Bit>,
    f3_short: DFF<Bit>,
    /// An AArch32 address in no region.
    f3_outside: DFF<Bit>,
    f4_valid: DFF<Bit>,
    f4_req: DFF<Word<75>>,
    f4_row: DFF<Word<4>>,
    f4_bypass: DFF<Bit>,
    f4_code: DFF<Word<9>>,
    f4_raz: DFF<Bit>,
    f4_bank: DFF<Word<7>>,
    f4_va: DFF<Word<49>>,
    f4_granule: DFF<Word<2>>,
    f4_cfg: DFF<Word<19>>,
    f4_ext: DFF<Word<26>>,
    f4_there: DFF<Bit>,
    f4_reach: DFF<Word<23>>,
    f4_ttbr: DFF<Word<48>>,
    f4_asid: DFF<Word<16>>,
    f4_vmid: DFF<Word<17>>,
    output_size: Strap<Word<3>>,
    has_16k: Strap<Bit>,
    has_stage2: Strap<Bit>,
    has_nested: Strap<Bit>,
    has_long: Strap<Bit>,
    has_short: Strap<Bit>,
    has_big_endian: Strap<Bit>,
    has_vmid16: Strap<Bit>,
    banks: Strap<Word<8>>,
    sep: Signal<Local, Word<7>>,
    kept_sep: Signal<Local, Word<7>>,
    sep_code: Signal<Local, Word<3>>,
    new_tsz: Signal<Local, Word<6>>,
    shift: Signal<Local, Word<5>>,
    all: Signal<Local, Word<23>>,
    bad_size: Signal<Local, Bit>,
    granule_of_1: Signal<Local, Word<2>>,
    bad0: Signal<Local, Bit>,
    bad1: Signal<Local, Bit>,
    kept_tcr: Signal<Local, Word<17>>,
    kept_tcr2: Signal<Local, Word<10>>,
    is_upper: Signal<Local, Bit>,
    sign: Signal<Local, Bit>,
    kept_granules: Signal<Local, Word<4>>,
    sign_bits: Signal<Local, Word<49>>,
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
    ext: Signal<Local, Word<26>>,
    stage2: Signal<Local, Bit>,
    aarch32: Signal<Local, Bit>,
    short: Signal<Local, Bit>,
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
    hyp: Signal<Local, Bit>,
    vmid: Signal<Local, Word<9>>,
    bank_vmid: Signal<Local, Word<17>>,
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
            has_vmid16: Strap::new(params.features.vmid16),
            banks: Strap::new(params.num_cb),
            ..Self::default()
        }
    }
}

impl<const BI: usize> Logic for Bank<BI> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, f3_valid, f3_req, f3_row, f3_bypass, f3_code, f3_raz, f3_bank, f3_upper, f3_granule, f4_valid, f4_req,
            f4_row, f4_bypass, f4_code, f4_raz, f4_bank, f4_va, f4_granule, f4_cfg, f4_reach, f4_ttbr, f4_asid, f4_vmid, f3_sub,
            f3_final, f3_stage2, f3_aarch32, f3_short, f3_outside, f4_ext, f4_there, wide_vmids
        );
        clock!(self, clock, type0, va64, regions, sctlr_more, tcr_more, reach_s2, ndx, contextidr, s2_sctlr, s2_type0, s2_va64);
        clock!(self, clock, sctlr, tcr, reach0, reach1, tcr2, seps, granules, ttbr0, ttbr1, cbar, cba2r, vmid16);

        // F2: the bank's registers are addressed.
        self.sctlr.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.tcr.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.reach0.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.reach1.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.tcr2.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.ttbr0.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.ttbr1.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.cbar.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.cba2r.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.vmid16.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.sctlr_more.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.tcr_more.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.reach_s2.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
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

        // F2: the half, by the address bit that TCR2.SEP names.
        self.seps.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.sep.next = self.seps.rdata.val();
        self.is_upper.next = (self.sep.val().get_bit(0) & self.i_req.val().get_bit(31))
            | (self.sep.val().get_bit(1) & self.i_req.val().get_bit(35))
            | (self.sep.val().get_bit(2) & self.i_req.val().get_bit(39))
            | (self.sep.val().get_bit(3) & self.i_req.val().get_bit(41))
            | (self.sep.val().get_bit(4) & self.i_req.val().get_bit(43))
            | (self.sep.val().get_bit(5) & self.i_req.val().get_bit(47))
            | (self.sep.val().get_bit(6) & self.i_req.val().get_bit(48));
        // F2: which stage and format. Addresses are sign-extended in stage 1 of AArch64 only.
        self.type0.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.va64.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.regions.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.stage2.next = self.has_stage2.val() & (self.i_sub.val() | self.type0.rdata.val().any());
        self.aarch32.next = self.has_long.val() & !self.va64.rdata.val().any();
        self.short.next = self.has_short.val() & self.aarch32.val() & !self.stage2.val() & !self.regions.rdata.val().get_bit(6);
        // F2: the regions of AArch32. Region 1 wins where both fit.
        self.size0.next = self.regions.rdata.val().get_bits::<3>(0);
        self.size1.next = self.regions.rdata.val().get_bits::<3>(3);
        self.region_top.next = self.i_req.val().get_bits::<7>(25);
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
        self.above32.next = self.i_req.val().get_bits::<17>(32);
        self.f3_outside.d.next = (!self.in0.val() & !self.in1.val()) | self.above32.val().any();
        self.f3_stage2.d.next = self.stage2.val();
        self.f3_aarch32.d.next = self.aarch32.val();
        self.f3_short.d.next = self.short.val();
        if self.aarch32.val() {
            self.is_upper.next = self.in1.val();
        }
        if self.stage2.val() {
            self.is_upper.next = false;
        }
        self.f3_upper.d.next = self.is_upper.val();
        self.granules.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.f3_granule.d.next = self.granules.rdata.val().get_bits::<2>(0);
        if self.is_upper.val() {
            self.f3_granule.d.next = self.granules.rdata.val().get_bits::<2>(2);
        }
        if self.aarch32.val() {
            self.f3_granule.d.next = 0.into();
        }
        if self.short.val() {
            self.f3_granule.d.next = 3.into();
        }

        // F3: sign extension from the SEP bit; bits above it are replaced.
        self.raw.next = self.f3_req.q.val().get_bits::<49>(0);
        self.sign.next = self.f3_upper.q.val();
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
        if self.f3_stage2.q.val() | self.f3_aarch32.q.val() {
            self.above.next = 0.into();
        }
        self.sign_bits.next = 0.into();
        if self.sign.val() {
            self.sign_bits.next = self.above.val();
        }
        self.low.next = (self.raw.val() & !self.above.val()) | self.sign_bits.val();
        self.lk_va.next = self.low.val();
        self.lk_granule.next = self.f3_granule.q.val();
        self.lk_upper.next = self.f3_upper.q.val();

        // The half's own fields of TCR.
        self.tsz.next = self.tcr.rdata.val().get_bits::<6>(0);
        self.epd.next = self.tcr.rdata.val().get_bit(6);
        self.bad_granule.next = self.tcr.rdata.val().get_bit(7);
        self.f4_reach.d.next = self.reach0.rdata.val();
        if self.sign.val() {
            self.f4_reach.d.next = self.reach1.rdata.val();
            self.tsz.next = self.tcr.rdata.val().get_bits::<6>(8);
            self.epd.next = self.tcr.rdata.val().get_bit(15);
            self.bad_granule.next = self.tcr.rdata.val().get_bit(16);
        }
        self.size0.next = self.tcr.rdata.val().get_bits::<3>(0);
        self.size1.next = self.tcr.rdata.val().get_bits::<3>(8);
        self.region_mask.next = 0x7f.into();
        if self.f3_aarch32.q.val() {
            // Sizes count from 32 bits: 32 + TxSZ. Stage 2: T0SZ is signed, -8 to 7. Short descriptors: N, 0 for TTBR1.
            self.bad_granule.next = self.f3_outside.q.val();
            self.tsz.next = bit_cast::<6, 3>(self.size0.val()) | 32;
            self.region_mask.next = self.region_mask.val() >> self.size0.val();
            if self.sign.val() {
                self.tsz.next = 32.into();
                self.region_mask.next = 0x7f.into();
                if !self.f3_short.q.val() {
                    self.tsz.next = bit_cast::<6, 3>(self.size1.val()) | 32;
                    self.region_mask.next = self.region_mask.val() >> self.size1.val();
                }
            }
            self.f4_reach.d.next = bit_cast::<23, 7>(self.region_mask.val());
            if self.f3_short.q.val() {
                self.epd.next = self.tcr.rdata.val().get_bit(4);
                if self.sign.val() {
                    self.epd.next = self.tcr.rdata.val().get_bit(5);
                }
            }
        }
        if self.f3_stage2.q.val() {
            self.epd.next = false;
            if self.f3_aarch32.q.val() {
                self.bad_granule.next = false;
                self.f4_reach.d.next = self.reach_s2.rdata.val();
                self.tsz.next = bit_cast::<6, 4>(self.tcr.rdata.val().get_bits::<4>(0)) | 16;
                if !self.tcr.rdata.val().get_bit(3) {
                    self.tsz.next = bit_cast::<6, 3>(self.size0.val()) | 32;
                }
            }
        }
        self.pasize.next = self.tcr2.rdata.val().get_bits::<3>(0);
        if self.f3_stage2.q.val() {
            self.pasize.next = self.size1.val();
        }
        if self.f3_aarch32.q.val() {
            self.pasize.next = 2.into();
            if self.f3_short.q.val() {
                self.pasize.next = 5.into();
            }
        }
        if self.pasize.val() > self.output_size.val() {
            self.pasize.next = self.output_size.val();
        }
        self.asid.next = self.ttbr0.rdata.val().get_bits::<16>(48);
        if self.tcr.rdata.val().get_bit(14) {
            self.asid.next = self.ttbr1.rdata.val().get_bits::<16>(48);
        }
        if !self.tcr2.rdata.val().get_bit(3) | self.f3_aarch32.q.val() {
            self.asid.next = self.asid.val() & 0xff;
        }
        if self.f3_short.q.val() {
            self.asid.next = bit_cast::<16, 8>(self.contextidr.rdata.val());
        }
        if self.f3_stage2.q.val() {
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
        self.f4_granule.d.next = self.f3_granule.q.val();
        self.cfg.next = bit_cast::<19, 5>(self.sctlr.rdata.val())
            | (bit_cast::<19, 2>(self.cbar.rdata.val().get_bits::<2>(0)) << 5)
            | (bit_cast::<19, 1>(self.cba2r.rdata.val()) << 7)
            | (bit_cast::<19, 6>(self.tsz.val()) << 8)
            | (bit_cast::<19, 3>(self.pasize.val()) << 16);
        self.cfg.next = self.cfg.val().replace_bit(14, self.epd.val());
        self.cfg.next = self.cfg.val().replace_bit(15, self.bad_granule.val());
        self.f4_cfg.d.next = self.cfg.val();
        self.f4_ttbr.d.next = self.ttbr0.rdata.val().get_bits::<48>(0);
        if self.sign.val() {
            self.f4_ttbr.d.next = self.ttbr1.rdata.val().get_bits::<48>(0);
        }
        self.f4_asid.d.next = self.asid.val();
        self.bank_vmid.next = bit_cast::<17, 8>(self.cbar.rdata.val().get_bits::<8>(2));
        if self.has_vmid16.val() & self.wide_vmids.q.val() {
            self.bank_vmid.next = bit_cast::<17, 16>(self.vmid16.rdata.val());
        }
        self.f4_vmid.d.next = self.bank_vmid.val() | (bit_cast::<17, 1>(self.cbar.rdata.val().get_bits::<1>(10)) << 16);
        self.missing.next = !self.cba2r.rdata.val().any()
            & (!self.has_long.val() | (!self.has_short.val() & !self.f3_stage2.q.val() & !self.tcr_more.rdata.val().get_bit(1)));
        self.ext.next = 0.into();
        self.ext.next = self.ext.val().replace_bit(10, self.missing.val());
        if self.has_stage2.val() {
            self.flag.next = self.f3_stage2.q.val();
            self.ext.next = self.ext.val().replace_bit(0, self.flag.val());
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
            self.flag.next = self.cbar.rdata.val().get_bits::<2>(0) == 3;
            self.ext.next = self.ext.val().replace_bit(3, self.flag.val());
            self.ext.next = self.ext.val() | (bit_cast::<26, 7>(self.peer.val().get_bits::<7>(0)) << 16);
        }
        if self.has_big_endian.val() {
            self.flag.next = self.sctlr_more.rdata.val().get_bit(1);
            self.ext.next = self.ext.val().replace_bit(5, self.flag.val());
        }
        self.flag.next = self.f3_short.q.val();
        self.ext.next = self.ext.val().replace_bit(6, self.flag.val());
        self.flag.next = self.f3_aarch32.q.val();
        self.ext.next = self.ext.val().replace_bit(7, self.flag.val());
        if self.has_long.val() {
            self.flag.next = self.sctlr_more.rdata.val().get_bit(0);
            self.ext.next = self.ext.val().replace_bit(8, self.flag.val());
            self.flag.next = self.sctlr_more.rdata.val().get_bit(2);
            self.ext.next = self.ext.val().replace_bit(9, self.flag.val());
            self.flag.next = self.f3_aarch32.q.val() & self.f3_upper.q.val() & !self.f3_short.q.val();
            self.ext.next = self.ext.val().replace_bit(25, self.flag.val());
        }
        self.f4_ext.d.next = self.ext.val();

        // F4: the stage-2 bank's copies.
        self.s2_sctlr.raddr.next = bit_cast::<BI, 8>(self.ndx.rdata.val());
        self.s2_type0.raddr.next = bit_cast::<BI, 8>(self.ndx.rdata.val());
        self.s2_va64.raddr.next = bit_cast::<BI, 8>(self.ndx.rdata.val());
        self.o_ext.next = self.f4_ext.q.val();
        if self.has_nested.val() {
            self.flag.next = self.f4_there.q.val() & self.s2_type0.rdata.val().any();
            self.o_ext.next = self.o_ext.val().replace_bit(11, self.flag.val());
            self.o_ext.next = self.o_ext.val() | (bit_cast::<26, 3>(self.s2_sctlr.rdata.val()) << 12);
            self.flag.next = !self.has_long.val() & !self.s2_va64.rdata.val().any();
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
        self.o_reach.next = self.f4_reach.q.val();
        self.o_ttbr.next = self.f4_ttbr.q.val();
        self.o_asid.next = self.f4_asid.q.val();
        self.o_vmid.next = self.f4_vmid.q.val();
        self.busy.next = self.f3_valid.q.val() | self.f4_valid.q.val();

        // Configuration writes keep only the bits that a walk looks at.
        self.write_bank.next = bit_cast::<BI, 7>(self.cw_index.val());
        self.sctlr.waddr.next = self.write_bank.val();
        self.tcr.waddr.next = self.write_bank.val();
        self.reach0.waddr.next = self.write_bank.val();
        self.reach1.waddr.next = self.write_bank.val();
        self.tcr2.waddr.next = self.write_bank.val();
        self.ttbr0.waddr.next = self.write_bank.val();
        self.ttbr1.waddr.next = self.write_bank.val();
        self.cbar.waddr.next = self.write_bank.val();
        self.cba2r.waddr.next = self.write_bank.val();
        self.sctlr.we.next = self.cw_valid.val() & (self.cw_kind.val() == 2);
        self.tcr.we.next = self.cw_valid.val() & (self.cw_kind.val() == 3);
        self.reach0.we.next = self.cw_valid.val() & (self.cw_kind.val() == 3);
        self.reach1.we.next = self.cw_valid.val() & (self.cw_kind.val() == 3);
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
        // TCR: T0SZ 5:0, EPD0 7, TG0 15:14, T1SZ 21:16, A1 22, EPD1 23, TG1 31:30. Kept as {bad1, EPD1, A1, T1SZ, bad0,
        // EPD0, T0SZ}, and the granules in TG0's code; bad: granule or size reserved, or not there. TG1: 1 = 16 KiB, 2 = 4 KiB, 3 = 64 KiB.
        self.tg.next = self.cw_data.val().get_bits::<2>(30);
        self.granule_of_1.next = 0.into();
        if self.tg.val() == 1 {
            self.granule_of_1.next = 2.into();
        }
        if self.tg.val() == 3 {
            self.granule_of_1.next = 1.into();
        }
        // Sizes from 16 to 39 exist. Less 16, they are {bit 5, bits 3:0}.
        self.new_tsz.next = self.cw_data.val().get_bits::<6>(16);
        self.shift.next =
            bit_cast::<5, 4>(self.new_tsz.val().get_bits::<4>(0)) | (bit_cast::<5, 1>(self.new_tsz.val().get_bits::<1>(5)) << 4);
        self.all.next = 0x7f_ffff.into();
        self.reach1.wdata.next = self.all.val() >> self.shift.val();
        self.bad_size.next = (self.new_tsz.val().get_bit(5) == self.new_tsz.val().get_bit(4))
            | (self.new_tsz.val().get_bit(5) & self.new_tsz.val().get_bit(3));
        self.bad1.next = (self.tg.val() == 0) | ((self.tg.val() == 1) & !self.has_16k.val()) | self.bad_size.val();
        self.new_tsz.next = self.cw_data.val().get_bits::<6>(0);
        self.shift.next =
            bit_cast::<5, 4>(self.new_tsz.val().get_bits::<4>(0)) | (bit_cast::<5, 1>(self.new_tsz.val().get_bits::<1>(5)) << 4);
        self.reach0.wdata.next = self.all.val() >> self.shift.val();
        self.bad_size.next = (self.new_tsz.val().get_bit(5) == self.new_tsz.val().get_bit(4))
            | (self.new_tsz.val().get_bit(5) & self.new_tsz.val().get_bit(3));
        self.tg.next = self.cw_data.val().get_bits::<2>(14);
        self.bad0.next = (self.tg.val() == 3) | ((self.tg.val() == 2) & !self.has_16k.val()) | self.bad_size.val();
        self.kept_tcr.next = bit_cast::<17, 6>(self.cw_data.val().get_bits::<6>(0))
            | (bit_cast::<17, 1>(self.cw_data.val().get_bits::<1>(7)) << 6)
            | (bit_cast::<17, 8>(self.cw_data.val().get_bits::<8>(16)) << 8);
        self.kept_tcr.next = self.kept_tcr.val().replace_bit(7, self.bad0.val());
        self.kept_tcr.next = self.kept_tcr.val().replace_bit(16, self.bad1.val());
        self.tcr.wdata.next = self.kept_tcr.val();
        self.kept_granules.next = bit_cast::<4, 2>(self.tg.val()) | (bit_cast::<4, 2>(self.granule_of_1.val()) << 2);
        self.granules.wdata.next = self.kept_granules.val();
        self.granules.waddr.next = self.write_bank.val();
        self.granules.we.next = self.cw_valid.val() & (self.cw_kind.val() == 3);
        // TCR2: PASize 2:0, AS 4, SEP 17:15. Kept: 2:0 PASize, 3 AS, 9:4 whether bits 35:32, 39:36, 41:40, 43:42, 47:44, 48 are above the
        // SEP bit; and which it is.
        self.kept_tcr2.next = bit_cast::<10, 3>(self.cw_data.val().get_bits::<3>(0))
            | (bit_cast::<10, 1>(self.cw_data.val().get_bits::<1>(4)) << 3);
        self.kept_sep.next = 0x40.into();
        self.sep_code.next = self.cw_data.val().get_bits::<3>(15);
        if self.sep_code.val() == 0 {
            self.kept_tcr2.next = self.kept_tcr2.val() | 0x3f0;
            self.kept_sep.next = 0x01.into();
        }
        if self.sep_code.val() == 1 {
            self.kept_tcr2.next = self.kept_tcr2.val() | 0x3e0;
            self.kept_sep.next = 0x02.into();
        }
        if self.sep_code.val() == 2 {
            self.kept_tcr2.next = self.kept_tcr2.val() | 0x3c0;
            self.kept_sep.next = 0x04.into();
        }
        if self.sep_code.val() == 3 {
            self.kept_tcr2.next = self.kept_tcr2.val() | 0x380;
            self.kept_sep.next = 0x08.into();
        }
        if self.sep_code.val() == 4 {
            self.kept_tcr2.next = self.kept_tcr2.val() | 0x300;
            self.kept_sep.next = 0x10.into();
        }
        if self.sep_code.val() == 5 {
            self.kept_tcr2.next = self.kept_tcr2.val() | 0x200;
            self.kept_sep.next = 0x20.into();
        }
        self.tcr2.wdata.next = self.kept_tcr2.val();
        self.seps.waddr.next = self.write_bank.val();
        self.seps.we.next = self.cw_valid.val() & (self.cw_kind.val() == 4);
        self.seps.wdata.next = self.kept_sep.val();
        self.ttbr0.wdata.next = self.cw_data.val();
        self.ttbr1.wdata.next = self.cw_data.val();
        // CBAR: VMID 7:0, HYPC 10 (TYPE 1), stage-2 bank 15:8 (TYPE 3), TYPE 17:16.
        self.hyp.next = self.cw_data.val().get_bit(10) & (!self.has_stage2.val() | (self.cw_data.val().get_bits::<2>(16) == 1));
        self.vmid.next = bit_cast::<9, 8>(self.cw_data.val().get_bits::<8>(0));
        self.vmid.next = self.vmid.val().replace_bit(8, self.hyp.val());
        self.cbar.wdata.next =
            bit_cast::<11, 2>(self.cw_data.val().get_bits::<2>(16)) | (bit_cast::<11, 9>(self.vmid.val()) << 2);
        self.cba2r.wdata.next = self.cw_data.val().get_bits::<1>(0);
        self.vmid16.waddr.next = self.write_bank.val();
        self.vmid16.we.next = self.cw_valid.val() & (self.cw_kind.val() == 8);
        self.vmid16.wdata.next = self.cw_data.val().get_bits::<16>(16);
        if self.cw_valid.val() & (self.cw_kind.val() == 9) {
            self.wide_vmids.d.next = self.cw_data.val().get_bit(31);
        }
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
        // T0SZ of an AArch32 stage-2 bank: 16 + T0SZ more than the least size, -8 to 7.
        self.shift.next = bit_cast::<5, 4>(self.cw_data.val().get_bits::<4>(0)) | 16;
        if self.cw_data.val().get_bit(3) {
            self.shift.next = bit_cast::<5, 4>(self.cw_data.val().get_bits::<4>(0));
        }
        self.reach_s2.waddr.next = self.write_bank.val();
        self.reach_s2.we.next = self.cw_valid.val() & (self.cw_kind.val() == 3);
        self.reach_s2.wdata.next = self.all.val() >> self.shift.val();
        self.regions.waddr.next = self.write_bank.val();
        self.regions.we.next = self.cw_valid.val() & (self.cw_kind.val() == 3);
        self.regions.wdata.next = bit_cast::<7, 3>(self.cw_data.val().get_bits::<3>(0))
            | (bit_cast::<7, 3>(self.cw_data.val().get_bits::<3>(16)) << 3)
            | (bit_cast::<7, 1>(self.cw_data.val().get_bits::<1>(31)) << 6);
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
        self.type0.waddr.next = self.write_bank.val();
        self.type0.we.next = self.cw_valid.val() & (self.cw_kind.val() == 7);
        self.type0.wdata.next = self.flag.val().into();
        self.va64.waddr.next = self.write_bank.val();
        self.va64.we.next = self.cw_valid.val() & (self.cw_kind.val() == 8);
        self.va64.wdata.next = self.cw_data.val().get_bits::<1>(0);
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
