//! Front of the TCU, stages F2 and F3: the registers of a context bank, decoded for one address.
//!
//! The registers that a walk needs are kept in RAM, one word a bank, read in the cycle in which the bank number is known (F2). Which half of the
//! address space it is (SEP, sign) is known in that cycle too. In F3 the rest is decoded: granule, size, ASID. The cache RAMs are addressed in the same cycle
//! (`lk_*` go to [`super::va_index::VaIndex`]); everything else is registered for F4.
//!
//! # Packed words
//!
//! `o_cfg` (F4): 0 M, 1 AFFD, 2 CFRE, 3 HUPCF, 4 WXN, 6:5 CBAR.TYPE, 7 VA64, 13:8 TxSZ, 14 EPD, 15 granule or size not usable, 18:16 PASize.

use crate::params::Params;
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
    pub i_req: Signal<In, Word<72>>,
    pub i_row: Signal<In, Word<4>>,
    pub i_bypass: Signal<In, Bit>,
    pub i_code: Signal<In, Word<9>>,
    pub i_raz: Signal<In, Bit>,
    pub i_bank: Signal<In, Word<7>>,
    // Configuration writes.
    pub cw_valid: Signal<In, Bit>,
    pub cw_kind: Signal<In, Word<4>>,
    pub cw_index: Signal<In, Word<7>>,
    pub cw_data: Signal<In, Word<64>>,
    /// F3: canonical address and granule, for the cache RAMs.
    pub lk_va: Signal<Out, Word<49>>,
    pub lk_granule: Signal<Out, Word<2>>,
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
    /// Bit k: the half has address bit 25 + k (TxSZ at most 38 - k).
    pub o_reach: Signal<Out, Word<23>>,
    pub o_ttbr: Signal<Out, Word<48>>,
    pub o_asid: Signal<Out, Word<16>>,
    /// {HYPC, VMID}.
    pub o_vmid: Signal<Out, Word<9>>,
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
    f3_valid: DFF<Bit>,
    f3_req: DFF<Word<72>>,
    f3_row: DFF<Word<4>>,
    f3_bypass: DFF<Bit>,
    f3_code: DFF<Word<9>>,
    f3_raz: DFF<Bit>,
    f3_bank: DFF<Word<7>>,
    /// The address belongs to the upper half.
    f3_upper: DFF<Bit>,
    f3_granule: DFF<Word<2>>,
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
    f4_reach: DFF<Word<23>>,
    f4_ttbr: DFF<Word<48>>,
    f4_asid: DFF<Word<16>>,
    f4_vmid: DFF<Word<9>>,
    output_size: Strap<Word<3>>,
    has_16k: Strap<Bit>,
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
}

impl<const BI: usize> Bank<BI> {
    /// The block for hardware of these sizes.
    pub fn new(params: &Params) -> Self {
        Self {
            output_size: Strap::new(params.straps.oas.min(5)),
            has_16k: Strap::new(params.straps.granule_16k),
            ..Self::default()
        }
    }
}

impl<const BI: usize> Logic for Bank<BI> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, f3_valid, f3_req, f3_row, f3_bypass, f3_code, f3_raz, f3_bank, f3_upper, f3_granule, f4_valid, f4_req,
            f4_row, f4_bypass, f4_code, f4_raz, f4_bank, f4_va, f4_granule, f4_cfg, f4_reach, f4_ttbr, f4_asid, f4_vmid
        );
        clock!(self, clock, sctlr, tcr, reach0, reach1, tcr2, seps, granules, ttbr0, ttbr1, cbar, cba2r);

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
        self.f3_upper.d.next = self.is_upper.val();
        self.granules.raddr.next = bit_cast::<BI, 7>(self.i_bank.val());
        self.f3_granule.d.next = self.granules.rdata.val().get_bits::<2>(0);
        if self.is_upper.val() {
            self.f3_granule.d.next = self.granules.rdata.val().get_bits::<2>(2);
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
        self.sign_bits.next = 0.into();
        if self.sign.val() {
            self.sign_bits.next = self.above.val();
        }
        self.low.next = (self.raw.val() & !self.above.val()) | self.sign_bits.val();
        self.lk_va.next = self.low.val();
        self.lk_granule.next = self.f3_granule.q.val();

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
        self.pasize.next = self.tcr2.rdata.val().get_bits::<3>(0);
        if self.pasize.val() > self.output_size.val() {
            self.pasize.next = self.output_size.val();
        }
        self.asid.next = self.ttbr0.rdata.val().get_bits::<16>(48);
        if self.tcr.rdata.val().get_bit(14) {
            self.asid.next = self.ttbr1.rdata.val().get_bits::<16>(48);
        }
        if !self.tcr2.rdata.val().get_bit(3) {
            self.asid.next = self.asid.val() & 0xff;
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
        self.f4_vmid.d.next = self.cbar.rdata.val().get_bits::<9>(2);

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
        // CBAR: VMID 7:0, HYPC 10, TYPE 17:16.
        self.cbar.wdata.next = bit_cast::<11, 2>(self.cw_data.val().get_bits::<2>(16))
            | (bit_cast::<11, 8>(self.cw_data.val().get_bits::<8>(0)) << 2)
            | (bit_cast::<11, 1>(self.cw_data.val().get_bits::<1>(10)) << 10);
        self.cba2r.wdata.next = self.cw_data.val().get_bits::<1>(0);

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
            drive!(clock, aresetn, i_valid, i_req, i_row, i_bypass, i_code, i_raz, i_bank, cw_valid, cw_kind, cw_index, cw_data),
            |s| {
                s.often("cw_valid", 1, 2);
            },
        );
    }
}
