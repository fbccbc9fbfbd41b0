//! Context faults: when, and what the bank's registers show.

use super::super::context_code::{AFF, ASF, EF, PF, TF};
use super::super::testing::mapper::Slot;
use super::super::testing::rig::{read, write, Rig, BANK, HOLE, LEAF, SCTLR, STREAM, TABLES};
use super::super::{Access, Fault, Verdict};
use smmu_rtl::params::{Straps, SC8180X, SM8550, ZYNQMP};
use smmu_rtl::registers as regs;

fn record(rig: &mut Rig) -> (u64, u64, u64, u64) {
    let bank = |rig: &mut Rig, id| rig.get(id, BANK);
    (bank(rig, regs::CB_FSR), bank(rig, regs::CB_FAR), bank(rig, regs::CB_FSYNR0), bank(rig, regs::CBFRSYNRA))
}

#[test]
fn translation_fault_record() {
    let mut rig = Rig::new();
    rig.page(0x40_1000, 0x4_0000_0000);
    for (access, level, syndrome) in [
        (read(0x40_2004), 3, 0x03),
        (write(0x60_0000), 2, 0x12),
        (Access { privileged: true, ..read(0x4000_0000) }, 1, 0x21),
        (Access { instruction: true, ..read(0x80_0000_0000) }, 0, 0x40),
        (Access { instruction: true, privileged: true, ..write(0x80_0000_0001) }, 0, 0x30),
    ] {
        assert_eq!(rig.go(access), Verdict::Refused { raz: false, fault: Fault::context(BANK, TF, level) });
        assert_eq!(record(&mut rig), (0x402, access.addr, syndrome, STREAM.into()), "{access:x?}");
        assert!(rig.model.irq_context(BANK) && rig.model.fault_active(BANK));
        assert!(!rig.model.irq_context(BANK + 1) && !rig.model.irq_global());
        rig.set(regs::CB_FSR, BANK, 0x402);
        assert_eq!(rig.get(regs::CB_FSR, BANK), 0);
        assert!(!rig.model.irq_context(BANK));
    }
}

/// The two kernel logs: an empty 48-bit space, and an empty 36-bit one, with the bank's number in S1CBNDX.
#[test]
fn logged_faults() {
    for (params, bank, stream, tcr, tcr2, addr, syndrome) in [
        (&SC8180X, 19, 0x300, 0x80_3510, 0x3_8015, 0x1_032D_B3E0, 0x13_0000),
        (&SM8550, 59, 0x060, 0x80_351C, 0x3_8011, 0x8_8510_93E0, 0x3B_0001),
    ] {
        let mut rig = Rig::bare(params);
        rig.set(regs::SMR, 9, 1 << 31 | u64::from(stream));
        rig.set(regs::S2CR, 9, bank as u64);
        rig.set(regs::CBAR, bank, 0x1_F300);
        rig.set(regs::CBA2R, bank, 1);
        rig.set(regs::CB_TCR2, bank, tcr2);
        rig.set(regs::CB_TCR, bank, tcr);
        rig.set(regs::CB_TTBR0, bank, TABLES);
        rig.set(regs::CB_SCTLR, bank, SCTLR);
        rig.set(regs::SCR0, 0, 0x20_1C36);
        rig.refused(Access { stream_id: stream, ..read(addr) });
        assert_eq!(rig.get(regs::CB_FSR, bank), 0x402);
        assert_eq!(rig.get(regs::CB_FAR, bank), addr);
        assert_eq!(rig.get(regs::CB_FSYNR0, bank), syndrome);
        assert_eq!(rig.get(regs::CBFRSYNRA, bank), u64::from(stream));
    }
}

#[test]
fn each_kind_of_fault() {
    let mut rig = Rig::new();
    rig.leaf(0x1000, 0x4_0000_0000, 3, LEAF & !(1 << 10));
    rig.leaf(0x2000, 0x4_0000_0000, 3, LEAF | 1 << 7);
    rig.page(0x4000_0000, 0x4_0000_0000);
    rig.leaf(0x8000_0000, 0xC000_0000, 1, LEAF & !(1 << 6));
    let Slot::At(slot) = rig.tables.slot(&mut rig.ram, 0x4000_0000, 2, false) else { panic!("a table stands there") };
    rig.ram.set(slot, HOLE | 3);
    for (access, code, level, ptwf) in [
        (read(0x1000), AFF, 3, false),
        (write(0x2000), PF, 3, false),
        (read(0x4000_0000), EF, 3, true),
        (read(0x8123_4567), PF, 1, false),
    ] {
        assert_eq!(rig.refused(access), Fault { ptwf, ..Fault::context(BANK, code, level) });
        let (fsr, far, fsynr0, _) = record(&mut rig);
        let expected = u64::from(level) | u64::from(access.write) << 4 | u64::from(ptwf) << 10;
        assert_eq!((fsr, far, fsynr0), (0x400 | u64::from(code), access.addr, expected));
        rig.set(regs::CB_FSR, BANK, fsr);
    }
    rig.set(regs::CB_SCTLR, BANK, SCTLR | 1 << 3);
    assert_eq!(rig.read(0x1000), Some(0x4_0000_0000), "AFFD: the access flag is not looked at");
    rig.set(regs::CB_SCTLR, BANK, SCTLR);
    assert_eq!(rig.refused(read(0x1000)).code, AFF, "nor kept for later");
}

#[test]
fn address_size_faults_of_a_bank() {
    let mut rig = Rig::new();
    rig.page(0x1000, 0x10_0000_0000);
    rig.set(regs::CB_TCR2, BANK, 0x3_8011);
    assert_eq!(rig.refused(read(0x1000)), Fault::context(BANK, ASF, 3), "PASize 36 bits");
    rig.set(regs::CB_FSR, BANK, 0x80);
    rig.set(regs::CB_TTBR0, BANK, 0x10_0000_0000 | TABLES);
    assert_eq!(rig.refused(read(0x1000)), Fault::context(BANK, ASF, 0), "the table base");
    rig.set(regs::CB_FSR, BANK, 0x80);
    rig.set(regs::CB_TCR2, BANK, 0x3_8015);
    rig.set(regs::CB_TTBR0, BANK, TABLES);
    assert_eq!(rig.read(0x1000), Some(0x10_0000_0000));
}

#[test]
fn regions_and_walk_disable() {
    let mut rig = Rig::new();
    rig.page(0x1000, 0x4_0000_0000);
    // Region 1 of 36 bits with the same tables: the page at the same place counted from its start.
    rig.set(regs::CB_TCR, BANK, 0x10 | 28 << 16 | 2 << 30);
    let upper = 0x1_FFF0_0000_1000;
    let Slot::At(level1) = rig.tables.slot(&mut rig.ram, 0x1000, 1, false) else { panic!("a table stands there") };
    rig.set(regs::CB_TTBR1, BANK, 7 << 48 | level1 & !0xFFF);
    assert_eq!(rig.read(upper), Some(0x4_0000_0000));
    assert_eq!(rig.refused(read(0x1_FFEF_FFFF_F000)), Fault::context(BANK, TF, 0), "between the regions");
    assert_eq!(rig.get(regs::CB_FAR, BANK), 0x1_FFEF_FFFF_F000);
    rig.set(regs::CB_FSR, BANK, 2);
    // EPD1: what is cached goes on, a miss faults at level 0.
    rig.set(regs::CB_TCR, BANK, 0x10 | 28 << 16 | 2 << 30 | 1 << 23);
    assert_eq!(rig.read(upper), Some(0x4_0000_0000));
    rig.set(regs::CB_TLBIALL, BANK, 0);
    assert_eq!(rig.refused(read(upper)), Fault::context(BANK, TF, 0));
    rig.set(regs::CB_FSR, BANK, 2);
    assert_eq!(rig.read(0x1000), Some(0x4_0000_0000), "EPD1 is nothing to region 0");
}

#[test]
fn sign_extension_replaces_the_upper_bits() {
    let mut rig = Rig::new();
    rig.page(0x7000_1000, 0x4_0000_0000);
    rig.set(regs::CB_TCR2, BANK, 0x15);
    assert_eq!(rig.read(0x1_2345_7000_1000), Some(0x4_0000_0000), "SEP=0: bits above 31 do not count");
    assert_eq!(rig.refused(read(0x8000_0000)), Fault::context(BANK, TF, 0), "bit 31 makes it region 1, which is not there");
    assert_eq!(rig.get(regs::CB_FAR, BANK), 0x8000_0000, "as it was issued");
}

#[test]
fn pending_fault_without_hupcf_refuses_the_rest() {
    let mut rig = Rig::new();
    rig.page(0x1000, 0x4_0000_0000);
    assert_eq!(rig.read(0x1000), Some(0x4_0000_0000));
    rig.refused(read(0x5000));
    let before = rig.ram.reads;
    assert_eq!(rig.go(write(0x1000)), Verdict::Refused { raz: false, fault: Fault::context(BANK, 0, 0) });
    assert_eq!(rig.ram.reads, before, "nothing is walked");
    assert_eq!(record(&mut rig), (0x8000_0402, 0x5000, 3, STREAM.into()));
    rig.set(regs::CB_FSR, BANK, 2);
    assert_eq!(rig.refused(read(0x1000)).code, 0, "MULTI alone refuses too");
    rig.set(regs::CB_FSR, BANK, 0x8000_0402);
    assert_eq!(rig.read(0x1000), Some(0x4_0000_0000));
}

#[test]
fn hupcf_goes_on() {
    let mut rig = Rig::new();
    rig.page(0x1000, 0x4_0000_0000);
    rig.set(regs::CB_SCTLR, BANK, SCTLR | 0x100);
    rig.refused(read(0x5000));
    assert_eq!(rig.read(0x1000), Some(0x4_0000_0000));
    assert_eq!(rig.get(regs::CB_FSR, BANK), 0x402);
    assert_eq!(rig.refused(write(0x6000)).code, TF);
    assert_eq!(record(&mut rig), (0x8000_0402, 0x5000, 3, STREAM.into()));
}

#[test]
fn answer_and_interrupt_follow_cfre_and_cfie() {
    for (sctlr, raz, line) in [(0x01, true, false), (0x21, false, false), (0x41, true, true), (0x61, false, true)] {
        let mut rig = Rig::new();
        rig.set(regs::CB_SCTLR, BANK, sctlr);
        assert_eq!(rig.go(read(0)), Verdict::Refused { raz, fault: Fault::context(BANK, TF, 0) }, "SCTLR={sctlr:#x}");
        assert_eq!(rig.model.irq_context(BANK), line, "SCTLR={sctlr:#x}");
        assert_eq!(rig.get(regs::CB_FSR, BANK), 0x402);
        assert_eq!(rig.go(read(0)), Verdict::Refused { raz, fault: Fault::context(BANK, 0, 0) }, "the follower alike");
    }
}

#[test]
fn restored_fault_acts_like_a_recorded_one() {
    let mut rig = Rig::new();
    rig.page(0x1000, 0x4_0000_0000);
    assert_eq!(rig.read(0x1000), Some(0x4_0000_0000));
    rig.set(regs::CB_FSRRESTORE, BANK, 0xFFFF_FFFF);
    assert_eq!(rig.get(regs::CB_FSR, BANK), 0x8000_05FE, "no SS, no reserved bit 0; FORMAT shows");
    assert_eq!(rig.get(regs::CB_FSRRESTORE, BANK), 0);
    assert!(rig.model.irq_context(BANK));
    assert_eq!(rig.refused(read(0x1000)).code, 0);
    rig.set(regs::CB_FSR, BANK, 0xFFFF_FFFF);
    assert_eq!(rig.get(regs::CB_FSR, BANK), 0);
    assert_eq!(rig.read(0x1000), Some(0x4_0000_0000));
}

#[test]
fn straps_show_in_the_syndromes() {
    let straps = Straps { nsattr: true, nsstate: true, ..ZYNQMP.straps };
    let mut rig = Rig::with_params(&smmu_rtl::params::Params { straps, ..ZYNQMP });
    rig.refused(read(0));
    assert_eq!(rig.get(regs::CB_FSYNR0, BANK), 0x180);
    rig.refused(Access { stream_id: 1, ..read(0) });
    assert_eq!(rig.get(regs::SGFSYNR0, 0), 0x30);
}

#[test]
fn other_banks_are_not_touched() {
    let mut rig = Rig::new();
    rig.set(regs::SMR, 1, 1 << 31 | 0x400);
    rig.set(regs::S2CR, 1, 5);
    rig.set(regs::CBAR, 5, 0x1_0000);
    rig.set(regs::CBA2R, 5, 1);
    rig.set(regs::CB_TCR2, 5, 0x3_8015);
    rig.set(regs::CB_TCR, 5, 0x80_3510);
    rig.set(regs::CB_TTBR0, 5, TABLES);
    rig.set(regs::CB_SCTLR, 5, SCTLR);
    rig.page(0x1000, 0x4_0000_0000);
    rig.refused(read(0x9000));
    assert_eq!(rig.go(Access { stream_id: 0x400, ..read(0x1000) }).pa(), Some(0x4_0000_0000));
    assert_eq!(rig.refused(Access { stream_id: 0x400, ..read(0xA000) }), Fault::context(5, TF, 3));
    assert_eq!((rig.get(regs::CB_FAR, BANK), rig.get(regs::CB_FAR, 5)), (0x9000, 0xA000));
    assert_eq!(rig.get(regs::CBFRSYNRA, 5), 0x400);
}
