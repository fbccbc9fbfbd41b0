//! Fault records, status, interrupts.

use super::*;
use crate::params::{Params, S1CbndxStrap, Straps, FULL};

const TF: u64 = 1 << 1;
const PF: u64 = 1 << 3;
const EF: u64 = 1 << 4;
const USF: u64 = 1 << 1;
const ICF: u64 = 1;
const MULTI: u64 = 1 << 31;
/// FSR.FORMAT of an AArch64 bank.
const FORMAT: u64 = 2 << 9;

#[test]
fn a_context_fault_is_recorded_as_the_driver_reads_it() {
    let mut b = mini();
    b.write32(CB_SCTLR, 2, 0x67);
    let fault = Fault {
        bank: Some(2),
        code: TF,
        level: 1,
        write: true,
        privileged: true,
        stream: 0x300,
        va: 0x8_8510_93E0,
        ..Default::default()
    };
    b.fault(fault);
    assert!(b.uut.fault_active.val() == 0b100, "seen by the next transaction of the bank");
    b.until(3, |b| b.uut.irq_context.val() == 0b100);
    assert_eq!(b.read(CB_FAR, 2), 0x8_8510_93E0);
    assert_eq!(b.read(CB_FSR, 2), FORMAT | TF);
    assert_eq!(b.read(CB_FSYNR0, 2), 1 << 5 | 1 << 4 | 1, "PNU, WNR, level 1");
    assert_eq!(b.read(CBFRSYNRA, 2), 0x300);
    assert_eq!(b.read(CB_FSYNR1, 2), 0);
    for bank in [0, 1, 3] {
        assert_eq!((b.read(CB_FSR, bank), b.read(CBFRSYNRA, bank), b.read(CB_FAR, bank)), (0, 0, 0));
    }
    // The handler writes back what it read.
    b.write32(CB_FSR, 2, (FORMAT | TF) as u32);
    assert_eq!(b.read(CB_FSR, 2), 0);
    assert!(b.uut.irq_context.val() == 0 && b.uut.fault_active.val() == 0);
    assert_eq!(b.read(CB_FAR, 2), 0x8_8510_93E0, "the record stays until the next fault");
}

#[test]
fn the_syndrome_tells_the_access() {
    let mut b = mini();
    b.fault(Fault { bank: Some(0), code: EF, level: 3, ptwf: true, instruction: true, ..Default::default() });
    assert_eq!(b.read(CB_FSYNR0, 0), 1 << 10 | 1 << 6 | 3, "PTWF, IND, level 3");
    assert_eq!(b.read(CB_FSR, 0), FORMAT | EF);
}

#[test]
fn the_straps_of_the_syndrome() {
    static STRAPPED: Params =
        Params { straps: Straps { s1cbndx: S1CbndxStrap::PhysicalBank, nsattr: true, nsstate: true, ..MINI.straps }, ..MINI };
    let mut b = MiniBench::new(&STRAPPED);
    b.fault(Fault { bank: Some(3), code: TF, ..Default::default() });
    assert_eq!(b.read(CB_FSYNR0, 3), 3 << 16 | 1 << 8 | 1 << 7, "bank, NSATTR, NSSTATE");
    b.fault(Fault { code: USF, ..Default::default() });
    assert_eq!(b.read(SGFSYNR0, 0), 1 << 5 | 1 << 4, "NSATTR, NSSTATE");
}

#[test]
fn addresses_are_recorded_as_issued() {
    let mut b = mini();
    b.fault(Fault { bank: Some(1), code: TF, va: 0x1_8000_0000_1234, ..Default::default() });
    b.fault(Fault { code: USF, va: 0x1_8000_0000_1234, ..Default::default() });
    assert_eq!(b.read(CB_FAR, 1), 0x0001_8000_0000_1234);
    assert_eq!(b.read(SGFAR, 0), 0x0001_8000_0000_1234);
}

#[test]
fn the_first_fault_wins_and_the_others_set_multi() {
    let mut b = mini();
    b.fault(Fault { bank: Some(1), code: TF, va: 0x1000, stream: 1, ..Default::default() });
    b.fault(Fault { bank: Some(1), code: PF, va: 0x2000, stream: 2, ..Default::default() });
    b.fault(Fault { bank: Some(3), code: PF, va: 0x3000, stream: 3, ..Default::default() });
    assert_eq!(b.read(CB_FSR, 1), MULTI | FORMAT | TF);
    assert_eq!((b.read(CB_FAR, 1), b.read(CBFRSYNRA, 1)), (0x1000, 1));
    assert_eq!(b.read(CB_FSR, 3), FORMAT | PF);
    assert_eq!((b.read(CB_FAR, 3), b.read(CBFRSYNRA, 3)), (0x3000, 3));
    // Clearing only the code leaves MULTI, and with it the interrupt.
    b.write32(CB_SCTLR, 1, 1 << 6);
    b.write32(CB_FSR, 1, TF as u32);
    assert_eq!(b.read(CB_FSR, 1), MULTI | FORMAT);
    assert_eq!(b.uut.irq_context.val(), 0b10);
    b.write32(CB_FSR, 1, MULTI as u32);
    assert_eq!(b.read(CB_FSR, 1), 0);
    assert_eq!(b.uut.irq_context.val(), 0);
}

#[test]
fn a_transaction_refused_by_hupcf_sets_multi_only() {
    let mut b = mini();
    b.fault(Fault { bank: Some(0), code: TF, va: 0x1000, ..Default::default() });
    b.fault(Fault { bank: Some(0), code: 0, va: 0x2000, stream: 5, ..Default::default() });
    assert_eq!(b.read(CB_FSR, 0), MULTI | FORMAT | TF);
    assert_eq!((b.read(CB_FAR, 0), b.read(CBFRSYNRA, 0)), (0x1000, 0));
}

#[test]
fn events_every_cycle_are_all_taken() {
    let mut b = mini();
    for bank in [3, 0, 2, 1] {
        b.fault(Fault { bank: Some(bank), code: TF, va: 0x1000 * bank as u64, stream: bank as u64, ..Default::default() });
    }
    b.fault(Fault { code: ICF, va: 0x7000, stream: 7, ..Default::default() });
    for bank in 0..4 {
        assert_eq!(b.read(CB_FSR, bank), FORMAT | TF);
        assert_eq!((b.read(CB_FAR, bank), b.read(CBFRSYNRA, bank)), (0x1000 * bank as u64, bank as u64));
    }
    assert_eq!((b.read(SGFSR, 0), b.read(SGFAR, 0), b.read(SGFSYNR1, 0)), (ICF, 0x7000, 7));
}

#[test]
fn global_faults() {
    let mut b = mini();
    b.fault(Fault {
        code: USF,
        va: 0xABCD,
        stream: 0x123,
        write: true,
        instruction: true,
        privileged: true,
        ..Default::default()
    });
    assert_eq!(b.read(SGFSR, 0), USF);
    assert_eq!(b.read(SGFSYNR0, 0), 1 << 3 | 1 << 2 | 1 << 1, "IND, PNU, WNR");
    assert_eq!(b.read(SGFSYNR1, 0), 0x123);
    assert_eq!(b.read(SGFSYNR2, 0), 0);
    assert!(!b.uut.irq_global.val(), "GFIE is clear");
    b.write32(SCR0, 0, 1 << 2);
    assert!(b.uut.irq_global.val(), "GFIE with a fault recorded");
    b.fault(Fault { code: 0x100, va: 0x9999, stream: 0x77, ..Default::default() });
    assert_eq!(b.read(SGFSR, 0), MULTI | USF);
    assert_eq!((b.read(SGFAR, 0), b.read(SGFSYNR1, 0)), (0xABCD, 0x123));
    b.write32(SGFSR, 0, (MULTI | USF) as u32);
    assert_eq!(b.read(SGFSR, 0), 0);
    assert!(!b.uut.irq_global.val());
}

#[test]
fn a_context_fault_raises_its_own_line_only_with_cfie() {
    let mut b = zynqmp();
    b.write32(CB_SCTLR, 9, 1 << 6);
    for bank in [8, 9, 10] {
        b.fault(Fault { bank: Some(bank), code: PF, ..Default::default() });
    }
    for _ in 0..4 {
        b.tick();
    }
    assert_eq!(b.uut.irq_context.val(), 1 << 9);
    b.write32(CB_SCTLR, 10, 1 << 6);
    assert_eq!(b.uut.irq_context.val(), 3 << 9, "enabled after the fault");
    b.write32(CB_SCTLR, 9, 0);
    assert_eq!(b.uut.irq_context.val(), 1 << 10);
    assert!(!b.uut.irq_global.val());
}

#[test]
fn restore_registers_set_bits_and_raise_the_interrupt() {
    let mut b = mini();
    b.write32(CB_SCTLR, 0, 1 << 6);
    b.write32(CB_FSRRESTORE, 0, 0xFFFF_FFFF);
    assert_eq!(b.read(CB_FSR, 0), 0x8000_01FE | FORMAT);
    assert_eq!(b.read(CB_FSRRESTORE, 0), 0, "write only");
    assert_eq!(b.uut.irq_context.val(), 1);
    assert_eq!(b.uut.fault_active.val(), 1);
    b.fault(Fault { bank: Some(0), code: TF, va: 0x4000, ..Default::default() });
    assert_eq!(b.read(CB_FAR, 0), 0, "a restored fault is a fault: the next one is not recorded");
    b.write32(SGFSRRESTORE, 0, 0xFFFF_FFFF);
    assert_eq!(b.read(SGFSR, 0), 0x8000_01FF);
    // What the driver writes at reset.
    b.write32(CB_FSR, 0, 0xC000_01FE);
    assert_eq!(b.read(CB_FSR, 0), 0);
}

#[test]
fn a_64_bit_write_clears_then_sets() {
    let mut b = mini();
    b.fault(Fault { bank: Some(1), code: TF, ..Default::default() });
    b.write64(CB_FSR, 1, PF << 32 | 0xFFFF_FFFF);
    assert_eq!(b.read(CB_FSR, 1), FORMAT | PF, "low word first");
}

#[test]
fn a_status_change_waits_until_the_front_is_empty() {
    let mut b = mini();
    b.fault(Fault { bank: Some(1), code: TF, ..Default::default() });
    b.grant_after = None;
    b.post_write(CB_FSR.offset(&MINI, 1), 0xFFFF_FFFF, 0x0F);
    for _ in 0..50 {
        b.tick();
    }
    assert!(b.uut.cw_req.val(), "asks for it");
    // A refusal that was on its way counts as before the write.
    b.fault(Fault { bank: Some(1), code: 0, ..Default::default() });
    let changes = b.changes.len();
    b.grant_after = Some(0);
    b.until(20, |b| b.uut.s_axil_ctrl_b.valid.val());
    b.uut.s_axil_ctrl_b.ready.next = true;
    b.tick();
    assert_eq!(b.read(CB_FSR, 1), 0);
    assert_eq!(b.changes.len(), changes, "nothing goes out on the configuration bus");
}

#[test]
fn an_event_in_the_cycle_of_a_clear_counts_as_before_it() {
    // The event comes in every cycle of the write, so one of them meets the clear whatever the timing is.
    let mut b = mini();
    b.fault(Fault { bank: Some(1), code: TF, va: 0x1000, ..Default::default() });
    b.uut.flt_valid.next = true;
    b.uut.flt_code.next = TF.into();
    b.uut.flt_bank.next = 1u64.into();
    b.uut.flt_va.next = 0x2000u64.into();
    b.post_write(CB_FSR.offset(&MINI, 1), 0xFFFF_FFFF, 0x0F);
    let mut cleared = false;
    for _ in 0..40 {
        b.tick();
        cleared |= !b.uut.fault_active.val().get_bit(1);
    }
    assert!(cleared, "the write has its moment");
    b.uut.flt_valid.next = false;
    b.until(40, |b| b.uut.s_axil_ctrl_b.valid.val());
    b.uut.s_axil_ctrl_b.ready.next = true;
    b.tick();
    assert_eq!(b.read(CB_FSR, 1), MULTI | FORMAT | TF);
    assert_eq!(b.read(CB_FAR, 1), 0x2000, "recorded anew after the clear");
}

#[test]
fn records_are_writable_for_save_and_restore() {
    let mut b = zynqmp();
    for bank in [0, 7, 15] {
        b.write64(CB_FAR, bank, 0xFFFF_9ABC_DEF0_1234 + bank as u64);
        b.write32(CB_FSYNR0, bank, 0xFFFF_FFFF);
        b.write32(CB_FSYNR1, bank, 0x1234_5678);
        b.write32(CBFRSYNRA, bank, 0xFFFF_0000 | bank as u32);
    }
    b.write64(SGFAR, 0, u64::MAX);
    b.write64(SGFSYNR0, 0, u64::MAX);
    for bank in [0, 7, 15] {
        assert_eq!(b.read(CB_FAR, bank), 0xFFFF_9ABC_DEF0_1234 + bank as u64);
        assert_eq!((b.read(CB_FSYNR0, bank), b.read(CB_FSYNR1, bank)), (0x00FF_0FFF, 0x1234_5678));
        assert_eq!(b.read(CBFRSYNRA, bank), bank as u64);
    }
    assert_eq!(b.read(SGFAR, 0), 0x1_FFFF_FFFF_FFFF);
    assert_eq!((b.read(SGFSYNR0, 0), b.read(SGFSYNR1, 0)), (0x7F, 0x7FFF));
    b.write32_at(CB_FAR.offset(&ZYNQMP, 7) + 4, 0x55);
    assert_eq!(b.read(CB_FAR, 7), 0x55_DEF0_123B, "one word of it");
}

#[test]
fn a_master_that_takes_no_responses_blocks_no_fault() {
    let mut b = mini();
    b.write32(CB_SCTLR, 0, 1 << 6);
    b.post_read(IDR0.offset(&MINI, 0));
    b.post_write(CB_FAR.offset(&MINI, 1), 0, 0xFF);
    for _ in 0..40 {
        b.tick();
    }
    assert!(b.uut.s_axil_ctrl_r.valid.val() && b.uut.s_axil_ctrl_b.valid.val(), "both wait");
    b.fault(Fault { bank: Some(0), code: TF, va: 0x123_4000, ..Default::default() });
    for _ in 0..4 {
        b.tick();
    }
    assert_eq!(b.uut.irq_context.val(), 1);
    b.uut.s_axil_ctrl_r.ready.next = true;
    b.uut.s_axil_ctrl_b.ready.next = true;
    b.tick();
    b.uut.s_axil_ctrl_r.ready.next = false;
    b.uut.s_axil_ctrl_b.ready.next = false;
    assert_eq!(b.read(CB_FAR, 0), 0x123_4000);
}

#[test]
fn a_stage_2_fault_leaves_its_ipa_and_where_it_comes_from() {
    let mut b = MiniBench::new(&FULL);
    b.write32(CBA2R, 2, 1);
    b.write32(CBAR, 2, 0);
    b.uut.flt_stage2.next = true;
    b.uut.flt_nested.next = true;
    b.uut.flt_s1ptwf.next = true;
    b.uut.flt_s1bank.next = 1u64.into();
    b.uut.flt_ipa.next = 0x8_7654_3210_u64.into();
    b.fault(Fault { bank: Some(2), code: TF, level: 2, va: 0xABCD_E123, ..Default::default() });
    assert_eq!(b.read(CB_FSR, 2), FORMAT | TF);
    assert_eq!(b.read(CB_FSYNR0, 2), 1 << 16 | 1 << 3 | 1 << 2 | 2, "S1CBNDX, S1PTWF, NESTED, level");
    assert_eq!(b.read(CB_IPAFAR, 2), 0x8765_4321_0123, "the page of the IPA, and the offset of FAR");
    // Saved and restored: the offset stays that of FAR.
    b.write64(CB_IPAFAR, 2, 0x1234_5678_9FFF);
    assert_eq!(b.read(CB_IPAFAR, 2), 0x1234_5678_9123);
    assert_eq!(b.read(CB_IPAFAR, 1), 0);
    // A fault of stage 1 leaves the IPA alone.
    b.uut.flt_stage2.next = false;
    b.write32(CB_FSR, 2, 0xFFFF_FFFF);
    b.fault(Fault { bank: Some(2), code: PF, va: 0x456, ..Default::default() });
    assert_eq!(b.read(CB_FSYNR0, 2), 0);
    assert_eq!(b.read(CB_IPAFAR, 2), 0x1234_5678_9456);
}

#[test]
fn the_format_is_taken_when_the_status_leaves_zero() {
    let mut b = MiniBench::new(&FULL);
    let format = |b: &mut MiniBench| b.read(CB_FSR, 1) >> 9 & 3;
    // VA64, TCR.EAE, CBAR.TYPE and what they make of it.
    for (va64, tcr, cbar, expected) in [(1, 0, 1 << 16, 2), (0, 0, 1 << 16, 0), (0, 1 << 31, 1 << 16, 1), (0, 0, 0, 1)] {
        b.write32(CBA2R, 1, va64);
        b.write32(CB_TCR, 1, tcr);
        b.write32(CBAR, 1, cbar);
        b.fault(Fault { bank: Some(1), code: TF, ..Default::default() });
        b.write32(CBA2R, 1, va64 ^ 1);
        assert_eq!(format(&mut b), expected, "as it was when the fault came");
        b.write32(CB_FSR, 1, 0xFFFF_FFFF);
        assert_eq!(format(&mut b), 0);
        b.write32(CBA2R, 1, va64);
        b.write32(CB_FSRRESTORE, 1, TF as u32);
        assert_eq!(format(&mut b), expected, "restored");
        b.write32(CB_FSR, 1, 0xFFFF_FFFF);
    }
}
