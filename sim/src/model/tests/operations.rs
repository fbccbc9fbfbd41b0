//! Address translation operations.

use super::super::testing::nested::{
    nested, FIRST, FIRST_LEAF, FIRST_SLOTS, FULL, GO_ON, IPA, ON, PA, SECOND, SECOND_LEAF, SECOND_SLOT, VA, WALK_SLOTS,
};
use super::super::testing::rig::{read, Rig, BANK, LEAF};
use smmu_rtl::params::{Features, ZYNQMP};
use smmu_rtl::registers::{self as regs, RegId};

/// The feature alone: results without attributes.
fn rig() -> Rig {
    Rig::with_params(&ZYNQMP.with_features(Features { ats: true, ..Features::STAGE1 }))
}

/// Result of an operation of a bank.
fn par(rig: &mut Rig, id: RegId, bank: usize, address: u64) -> u64 {
    rig.set(id, bank, address);
    assert_eq!(rig.get(regs::CB_ATSR, bank), 1, "in progress");
    assert!(rig.model.settle(&mut rig.ram).is_empty());
    assert_eq!(rig.get(regs::CB_ATSR, bank), 0);
    rig.get(regs::CB_PAR, bank)
}

/// Result of a global operation.
fn gpar(rig: &mut Rig, id: RegId, address: u64, bank: u64) -> u64 {
    rig.set(id, 0, address | bank);
    assert_eq!(rig.get(regs::GATSR, 0), 1);
    rig.model.settle(&mut rig.ram);
    assert_eq!(rig.get(regs::GATSR, 0), 0);
    rig.get(regs::GPAR, 0)
}

#[test]
fn the_four_kinds_of_a_bank() {
    let mut rig = rig();
    rig.page(0x1000, 0x4_0000_0000);
    // Read-only, privileged only.
    rig.leaf(0x2000, 0x4_0000_1000, 3, LEAF & !(1 << 6) | 1 << 7);
    const OK: u64 = 0x4_0000_1200;
    const PF3: u64 = 1 | 8 | 3 << 32;
    for (id, first, second) in [
        (regs::CB_ATS1PR, 0x4_0000_0200, OK),
        (regs::CB_ATS1PW, 0x4_0000_0200, PF3),
        (regs::CB_ATS1UR, 0x4_0000_0200, PF3),
        (regs::CB_ATS1UW, 0x4_0000_0200, PF3),
    ] {
        assert_eq!(par(&mut rig, id, BANK, 0x1FFF), first, "{}", id.register().name);
        assert_eq!(par(&mut rig, id, BANK, 0x2000), second, "{}", id.register().name);
    }
    assert_eq!(rig.get(regs::CB_FSR, BANK), 0, "a failed one is not recorded");
    assert!(!rig.model.irq_context(BANK));
}

#[test]
fn failures_by_level() {
    let mut rig = rig();
    rig.page(0x1000, 0x4_0000_0000);
    rig.leaf(0x3000, 0x4_0000_0000, 3, LEAF & !(1 << 10));
    for (address, expected) in [
        (0x2000, 1 | 2 | 3 << 32),
        (0x20_0000, 1 | 2 | 2 << 32),
        (0x4000_0000, 1 | 2 | 1 << 32),
        (0x80_0000_0000, 1 | 2),
        (0x1_0000_0000_0000, 1 | 2),
        (0x3000, 1 | 4 | 3 << 32),
    ] {
        assert_eq!(par(&mut rig, regs::CB_ATS1PR, BANK, address), expected, "{address:#x}");
    }
}

#[test]
fn pending_faults_and_hupcf_do_not_matter() {
    let mut rig = rig();
    rig.page(0x1000, 0x4_0000_0000);
    rig.refused(read(0x9000));
    assert_eq!(par(&mut rig, regs::CB_ATS1PR, BANK, 0x1000), 0x4_0000_0200);
    assert_eq!(rig.get(regs::CB_FSR, BANK), 0x402, "and MULTI stays clear");
}

#[test]
fn a_bank_that_is_off_is_an_identity() {
    let mut rig = rig();
    rig.set(regs::CB_SCTLR, BANK, 0);
    assert_eq!(par(&mut rig, regs::CB_ATS1PR, BANK, 0x1234_5000), 0x1234_5200);
    assert_eq!(par(&mut rig, regs::CB_ATS1PR, BANK, 1 << 48), 1 | 0x80, "beyond the output size");
}

#[test]
fn what_cannot_be_done() {
    let mut rig = rig();
    const ATOT: u64 = 1 | 1 << 31;
    rig.set(regs::CBAR, BANK, 2 << 16);
    assert_eq!(par(&mut rig, regs::CB_ATS1PR, BANK, 0x1000), ATOT);
    assert_eq!(gpar(&mut rig, regs::GATS1PR, 0x1000, BANK as u64), ATOT);
    assert_eq!(gpar(&mut rig, regs::GATS12PR, 0x1000, 16), ATOT | 1 << 30, "bank 16 of 16");
    let mut rig = nested();
    assert_eq!(par(&mut rig, regs::CB_ATS1PR, SECOND, 0x1000), ATOT, "a stage-2 bank has no stage 1");
}

#[test]
fn a_second_one_is_ignored_while_one_is_in_progress() {
    let mut rig = rig();
    rig.page(0x1000, 0x4_0000_0000);
    rig.set(regs::CB_ATS1PR, BANK, 0x1000);
    rig.set(regs::CB_ATS1PR, BANK, 0x9000);
    rig.model.settle(&mut rig.ram);
    assert_eq!(rig.get(regs::CB_PAR, BANK), 0x4_0000_0200);
}

#[test]
fn two_halves_act_with_the_low_one() {
    let mut rig = rig();
    rig.page(0xF_0000_1000, 0x4_0000_0000);
    let offset = regs::CB_ATS1PR.offset(&ZYNQMP, BANK);
    rig.model.write(offset + 4, 0xF, 4);
    assert_eq!(rig.get(regs::CB_ATSR, BANK), 0);
    rig.model.write(offset, 0x1000, 4);
    rig.model.settle(&mut rig.ram);
    assert_eq!(rig.get(regs::CB_PAR, BANK), 0x4_0000_0200);
}

#[test]
fn stage_1_of_a_nested_bank_gives_the_ipa() {
    let mut rig = nested();
    rig.ram.set(SECOND_SLOT, 0);
    // Attributes: index 1 is write-back (0xFF), not shareable; long format, non-secure.
    assert_eq!(par(&mut rig, regs::CB_ATS1PR, FIRST, VA), IPA | 0xFF << 56 | 1 << 11 | 1 << 9);
    assert_eq!(gpar(&mut rig, regs::GATS1UR, VA, FIRST as u64), IPA | 0xFF << 56 | 1 << 11 | 1 << 9);
    // A stage-1 table that stage 2 does not map: a fault of stage 2.
    rig.ram.set(WALK_SLOTS[1], 0);
    assert_eq!(par(&mut rig, regs::CB_ATS1PR, FIRST, VA), 1 | 2 | 3 << 32 | 1 << 35);
    rig.ram.set(FIRST_SLOTS[0], 0);
    assert_eq!(par(&mut rig, regs::CB_ATS1PR, FIRST, VA), 1 | 2 | 1 << 32);
}

#[test]
fn both_stages() {
    let mut rig = nested();
    assert_eq!(gpar(&mut rig, regs::GATS12PW, VA, FIRST as u64), PA | 0xFF << 56 | 1 << 11 | 1 << 9);
    // Stage 2 makes it non-cacheable and read-only.
    rig.ram.set(SECOND_SLOT, PA | SECOND_LEAF & !(0xF << 2 | 1 << 7) | 5 << 2);
    assert_eq!(gpar(&mut rig, regs::GATS12UR, VA, FIRST as u64), PA | 0x44 << 56 | 2 << 7 | 1 << 11 | 1 << 9);
    assert_eq!(gpar(&mut rig, regs::GATS12UW, VA, FIRST as u64), 1 | 8 | 3 << 32 | 1 << 35);
    // A stage-2 bank alone.
    assert_eq!(gpar(&mut rig, regs::GATS12PR, IPA, SECOND as u64) & 0xFFFF_FFFF_F001, PA);
    // Stage 1 says no first.
    rig.ram.set(FIRST_SLOTS[2], IPA | FIRST_LEAF & !(1 << 6));
    assert_eq!(gpar(&mut rig, regs::GATS12UW, VA, FIRST as u64), 1 | 8 | 3 << 32);
    rig.set(regs::CB_SCTLR, FIRST, ON | GO_ON);
    assert_eq!(rig.get(regs::CB_FSR, FIRST) | rig.get(regs::CB_FSR, SECOND), 0);
}

#[test]
fn without_the_feature_they_are_ignored() {
    let mut rig = Rig::with_params(&ZYNQMP.with_features(Features::STAGE1));
    rig.page(0x1000, 0x4_0000_0000);
    rig.set(regs::CB_PAR, BANK, 0x55);
    rig.set(regs::CB_ATS1PR, BANK, 0x1000);
    assert_eq!(rig.get(regs::CB_ATSR, BANK), 0);
    rig.model.settle(&mut rig.ram);
    assert_eq!(rig.get(regs::CB_PAR, BANK), 0x55);
    rig.set(regs::GATS12PR, 0, 0x1000);
    rig.set(regs::GPAR, 0, 0x55);
    assert_eq!((rig.get(regs::GATSR, 0), rig.get(regs::GPAR, 0)), (0, 0));
    assert_eq!(regs::reset_value(&FULL, regs::IDR0) >> 26 & 1, 0);
}
