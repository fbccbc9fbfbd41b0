//! AArch32 banks: long descriptors of both stages, short descriptors.

use super::super::context_code::{AFF, ASF, EF, PF, TF};
use super::super::testing::nested::{nested, stage2_only, FIRST, FULL, GO_ON, ON, PA, SECOND, SECOND_LEAF};
use super::super::testing::rig::{read, write, Rig, BANK};
use super::super::testing::Ram;
use super::super::{global_code, Access, Fault, Stage2Record};
use smmu_rtl::params::{Aarch32, Features, ZYNQMP};
use smmu_rtl::registers as regs;

const ROOT: u64 = 0x8000_4000;
const EAE: u64 = 1 << 31;
/// `SCTLR`: M, CFRE, CFIE, HUPCF, AFE.
const SHORT: u64 = ON | GO_ON | 4;

fn bank(tcr: u64, sctlr: u64) -> Rig {
    let mut rig = Rig::with_params(&FULL);
    rig.ram = Ram::new(0x8000_0000..0x9000_0000);
    rig.set(regs::CBA2R, BANK, 0);
    rig.set(regs::CB_TCR, BANK, tcr);
    rig.set(regs::CB_TTBR0, BANK, ROOT);
    rig.set(regs::CB_SCTLR, BANK, sctlr);
    rig
}

/// A short-descriptor bank; words are 32 bits.
fn short(sctlr: u64) -> Rig {
    bank(0, sctlr)
}

fn set32(rig: &mut Rig, pa: u64, word: u64) {
    let at = pa & !7;
    let old = rig.ram.get(at);
    rig.ram.set(at, if pa & 4 == 0 { old & !0xFFFF_FFFF | word } else { old & 0xFFFF_FFFF | word << 32 });
}

/// Level 1 entry of an address.
fn first(va: u64) -> u64 {
    ROOT + (va >> 20) * 4
}

fn kinds(rig: &mut Rig, va: u64) -> String {
    let all = [("R", true, false, false), ("W", true, true, false), ("X", true, false, true), ("r", false, false, false)]
        .into_iter()
        .chain([("w", false, true, false), ("x", false, false, true)]);
    all.filter(|&(_, privileged, write, instruction)| {
        rig.go(Access { privileged, write, instruction, ..read(va) }).pa().is_some()
    })
    .map(|(letter, ..)| letter)
    .collect()
}

#[test]
fn sections_and_pages() {
    let mut rig = short(SHORT);
    // Section at 0x1230_0000, AP = 3 (AF, user), read-write.
    set32(&mut rig, first(0x1230_0000), 0x4560_0000 | 3 << 10 | 2);
    assert_eq!(rig.read(0x1234_5678), Some(0x4564_5678));
    // The odd half of the same 64-bit word.
    set32(&mut rig, first(0x1210_0000), 0x7890_0000 | 3 << 10 | 2);
    assert_eq!(rig.read(0x1214_5678), Some(0x7894_5678));
    // A table of level 2 at 0x8000_0400 with a small and a large page.
    set32(&mut rig, first(0x2000_0000), 0x8000_0401);
    set32(&mut rig, 0x8000_0400 + 0x55 * 4, 0xABCD_E000 | 3 << 4 | 2);
    for n in 0x60..0x70 {
        set32(&mut rig, 0x8000_0400 + n * 4, 0x1357_0000 | 3 << 4 | 1);
    }
    assert_eq!(rig.read(0x2005_5123), Some(0xABCD_E123));
    assert_eq!(rig.read(0x2006_0004), Some(0x1357_0004));
    assert_eq!(rig.read(0x2006_F004), Some(0x1357_F004));
}

#[test]
fn supersections_have_forty_bits() {
    let mut rig = short(SHORT);
    // PA[39:36] in 8:5, PA[35:32] in 23:20.
    for n in 0..16 {
        set32(&mut rig, first(0x3000_0000) + n * 4, 0x2A00_0000 | 0xB << 20 | 0xC << 5 | 1 << 18 | 3 << 10 | 2);
    }
    assert_eq!(rig.read(0x30FE_DCBA), Some(0xCB_2AFE_DCBA));
    assert_eq!(rig.read(0x3012_3456), Some(0xCB_2A12_3456));
    let small = smmu_rtl::params::SM8550.with_everything();
    let mut other = Rig::with_params(&small);
    other.ram = rig.ram.clone();
    for (id, value) in [(regs::CBA2R, 0), (regs::CB_TCR, 0), (regs::CB_TTBR0, ROOT), (regs::CB_SCTLR, SHORT)] {
        other.set(id, BANK, value);
    }
    assert_eq!(other.refused(read(0x3000_0000)), Fault::context(BANK, ASF, 1), "36 bits can go out");
}

#[test]
fn faults_of_short_descriptors() {
    let mut rig = short(SHORT);
    set32(&mut rig, first(0x1000_0000), 0x8000_0401);
    set32(&mut rig, first(0x1010_0000), 0xA000_0001);
    set32(&mut rig, first(0x1020_0000), 0x4000_0000 | 2 << 10 | 2);
    set32(&mut rig, first(0x1030_0000), 0x4000_0000 | 1 << 10 | 2);
    set32(&mut rig, 0x8000_0400, 0x4000_0000 | 3 << 4 | 1 << 9 | 2);
    for (access, code, level, ptwf) in [
        (read(0x4000_0000), TF, 1, false),
        (read(0x1000_1000), TF, 2, false),
        (read(0x1010_0000), EF, 2, true),
        (read(0x1020_0000), AFF, 1, false),
        (read(0x1030_0000), PF, 1, false),
        (write(0x1000_0123), PF, 2, false),
        (read(0x1_0000_0000), TF, 1, false),
    ] {
        assert_eq!(rig.refused(access), Fault { ptwf, ..Fault::context(BANK, code, level) }, "{:#x}", access.addr);
        assert_eq!(rig.get(regs::CB_FSR, BANK), u64::from(code), "FORMAT 0");
        assert_eq!(rig.get(regs::CB_FAR, BANK), access.addr);
        rig.set(regs::CB_FSR, BANK, 0xFFFF_FFFF);
    }
}

#[test]
fn access_permissions_without_afe() {
    for (ap, expected) in [(0, ""), (1, "RWX"), (2, "RWXrx"), (3, "RWXrwx"), (4, ""), (5, "RX"), (6, "RXrx"), (7, "RXrx")] {
        let mut rig = short(SHORT & !4);
        set32(&mut rig, first(0), 0x4000_0000 | (ap & 3) << 10 | (ap >> 2) << 15 | 2);
        assert_eq!(kinds(&mut rig, 0x1000), expected, "section, AP={ap}");
        let mut rig = short(SHORT & !4);
        set32(&mut rig, first(0), 0x8000_0401);
        set32(&mut rig, 0x8000_0404, 0x4000_0000 | (ap & 3) << 4 | (ap >> 2) << 9 | 2);
        assert_eq!(kinds(&mut rig, 0x1000), expected, "page, AP={ap}");
    }
}

#[test]
fn execute_never_bits() {
    // Word of a section with everything allowed, and what it takes away.
    for (bits, sctlr, expected) in [
        (0, SHORT, "RWXrwx"),
        (1 << 4, SHORT, "RWrw"),
        (1, SHORT, "RWrwx"),
        (0, SHORT | 1 << 9, "RWrw"),
        (0, SHORT | 1 << 10, "RWrwx"),
        (1 << 15, SHORT | 1 << 10, "RXrx"),
    ] {
        let mut rig = short(sctlr);
        set32(&mut rig, first(0), 0x4000_0000 | 3 << 10 | 2 | bits);
        assert_eq!(kinds(&mut rig, 0x1000), expected, "bits {bits:#x}, SCTLR={sctlr:#x}");
    }
    // Pages: XN is bit 0 of a small and bit 15 of a large one; PXN is bit 2 of the table entry.
    for (table, page, expected) in
        [(1, 3 << 4 | 3, "RWrw"), (1, 3 << 4 | 1 | 1 << 15, "RWrw"), (5, 3 << 4 | 2, "RWrwx"), (1, 3 << 4 | 2, "RWXrwx")]
    {
        let mut rig = short(SHORT);
        set32(&mut rig, first(0), 0x8000_0400 | table);
        set32(&mut rig, 0x8000_0404, 0x4000_0000 | page);
        assert_eq!(kinds(&mut rig, 0x1000), expected, "table {table}, page {page:#x}");
    }
}

#[test]
fn two_tables_of_short_descriptors() {
    // N = 1: TTBR0 has the lower half with 8 KiB, TTBR1 the rest.
    let mut rig = bank(1, SHORT);
    rig.set(regs::CB_TTBR0, BANK, 0x8000_6000);
    rig.set(regs::CB_TTBR1, BANK, 0x8001_0000);
    set32(&mut rig, 0x8000_6000 + 0x7FF * 4, 0x4000_0000 | 3 << 10 | 2);
    set32(&mut rig, 0x8001_0000 + 0x800 * 4, 0x5000_0000 | 3 << 10 | 2);
    assert_eq!(rig.read(0x7FF1_2345), Some(0x4001_2345));
    assert_eq!(rig.read(0x8001_2345), Some(0x5001_2345));
    // PD0, PD1: no walks; what is cached stays.
    rig.set(regs::CB_TCR, BANK, 1 | 1 << 4 | 1 << 5);
    assert_eq!(rig.read(0x7FF1_2345), Some(0x4001_2345));
    rig.set(regs::CB_TLBIALL, BANK, 0);
    assert_eq!(rig.refused(read(0x7FF1_2345)), Fault::context(BANK, TF, 1));
    assert_eq!(rig.refused(read(0x8001_2345)), Fault::context(BANK, TF, 1));
}

#[test]
fn maintenance_of_an_aarch32_bank() {
    for (id, payload, dropped) in [
        (regs::CB_TLBIVA, 0x1234_5000 | 0x42, true),
        (regs::CB_TLBIVAL, 0x123F_F000 | 0x42, true),
        (regs::CB_TLBIVA, 0x1234_5000 | 0x43, false),
        (regs::CB_TLBIVA, 0x1244_5000 | 0x42, false),
        (regs::CB_TLBIVAA, 0x1234_5000, true),
        (regs::CB_TLBIASID, 0x42, true),
        (regs::CB_TLBIASID, 0x142, true),
        (regs::CB_TLBIASID, 0x43, false),
    ] {
        let mut rig = short(SHORT);
        rig.set(regs::CB_CONTEXTIDR, BANK, 0x9942);
        set32(&mut rig, first(0x1230_0000), 0x4560_0000 | 1 << 17 | 3 << 10 | 2);
        assert_eq!(rig.read(0x1234_5678), Some(0x4564_5678));
        set32(&mut rig, first(0x1230_0000), 0);
        // The driver's 32-bit write.
        rig.model.write(id.offset(&FULL, BANK), payload, 4);
        assert_eq!(rig.read(0x1234_5678).is_none(), dropped, "{} {payload:#x}", id.register().name);
    }
}

#[test]
fn long_descriptors() {
    let mut rig = bank(EAE, ON | GO_ON);
    // Level 1 has four entries.
    rig.ram.set(ROOT + 8, 0x8000_1003);
    rig.ram.set(0x8000_1000 + 5 * 8, 0x8000_2003);
    rig.ram.set(0x8000_2000 + 7 * 8, 0x12_3456_7000 | 3 << 6 | 1 << 10 | 3);
    rig.ram.set(0x8000_1000 + 6 * 8, 0x12_0020_0000 | 1 << 6 | 1 << 10 | 1);
    rig.ram.set(ROOT + 24, 0x80_0000_0000 | 1 << 6 | 1 << 10 | 1);
    assert_eq!(rig.read(0x40A0_7123), Some(0x12_3456_7123));
    assert_eq!(rig.read(0x40D2_3456), Some(0x12_0032_3456));
    assert_eq!(rig.read(0xC123_4567), Some(0x80_0123_4567));
    assert_eq!(rig.refused(write(0x40A0_7000)), Fault::context(BANK, PF, 3));
    assert_eq!(rig.get(regs::CB_FSR, BANK), 0x208, "FORMAT 1");
    rig.set(regs::CB_FSR, BANK, 0xFFFF_FFFF);
    assert_eq!(rig.get(regs::CB_FSR, BANK), 0);
    for (access, code, level) in
        [(read(0), TF, 1), (read(0x4000_0000), TF, 2), (read(0x40A0_0000), TF, 3), (read(0x1_0000_0000), TF, 1)]
    {
        assert_eq!(rig.refused(access), Fault::context(BANK, code, level), "{:#x}", access.addr);
    }
    // User-writable, and still executable privileged.
    assert_eq!(kinds(&mut rig, 0x40D2_3456), "RWXrwx");
}

#[test]
fn long_descriptors_have_forty_address_bits() {
    let mut rig = bank(EAE, ON | GO_ON);
    rig.ram.set(ROOT, 0x100_0000_0000 | 1 << 6 | 1 << 10 | 1);
    assert_eq!(rig.refused(read(0)), Fault::context(BANK, ASF, 1));
    rig.set(regs::CB_TTBR0, BANK, 0x100_0000_0000);
    assert_eq!(rig.refused(read(0)), Fault::context(BANK, ASF, 0));
    // TCR2.PASize has no meaning.
    rig.set(regs::CB_TTBR0, BANK, ROOT);
    rig.set(regs::CB_TCR2, BANK, 0);
    rig.ram.set(ROOT, 0xFF_0000_0000 & !0x3FFF_FFFF | 1 << 6 | 1 << 10 | 1);
    assert_eq!(rig.read(4), Some(0xFF_0000_0004));
}

#[test]
fn long_stage_2() {
    let mut rig = stage2_only();
    rig.set(regs::CBA2R, SECOND, 0);
    // T0SZ = -8 (40 bits), SL0 = 1: the same tables as those of the AArch64 bank.
    rig.set(regs::CB_TCR, SECOND, 0x8000_0058);
    assert_eq!(rig.read(0x20_0000_7123), Some(PA + 0x123));
    let fault = rig.refused(read(0x100_0000_0000));
    let stage2 = Stage2Record { ipa: 0x100_0000_0000, stage1_bank: None, on_walk: false };
    assert_eq!(fault, Fault { stage2: Some(stage2), ..Fault::context(SECOND, TF, 1) });
    assert_eq!(rig.get(regs::CB_FSR, SECOND), 0x202, "FORMAT 1");
    // 34 bits from level 2, sixteen tables side by side.
    rig.set(regs::CB_TCR, SECOND, 0x8000_000E);
    rig.set(regs::CB_TTBR0, SECOND, 0x8300_0000);
    rig.ram.set(0x8300_0000 + (0x3_4560_0000 >> 21) * 8, 0x7_0000_0000 | SECOND_LEAF & !2);
    assert_eq!(rig.read(0x3_4567_89AB), Some(0x7_0007_89AB));
}

#[test]
fn short_descriptors_over_stage_2() {
    let mut rig = nested();
    rig.set(regs::CBA2R, FIRST, 0);
    rig.set(regs::CB_TCR, FIRST, 0);
    rig.set(regs::CB_SCTLR, FIRST, SHORT);
    // Level 1 at IPA 0x4000, which stage 2 has at 0x8400_4000 (2 MiB block at IPA 0).
    rig.set(regs::CB_TTBR0, FIRST, 0x4000);
    rig.ram.set(0x8100_0000, 0x8300_0003);
    rig.ram.set(0x8300_0000, 0x8400_0000 | SECOND_LEAF & !2);
    rig.ram.set(0x8300_0008, 0x6_0020_0000 | SECOND_LEAF & !2);
    set32(&mut rig, 0x8400_4000 + 0x123 * 4, 0x0030_0000 | 3 << 10 | 2);
    assert_eq!(rig.read(0x1234_5678), Some(0x6_0034_5678));
    // Beyond what stage 2 has: a fault of its own format.
    set32(&mut rig, 0x8400_4000 + 0x124 * 4, 0x0050_0000 | 3 << 10 | 2);
    let fault = rig.refused(read(0x1240_0000));
    assert_eq!((fault.bank, fault.code, fault.level), (SECOND, TF, 2));
    assert_eq!(rig.get(regs::CB_FSR, SECOND), 0x402);
}

#[test]
fn big_endian_tables() {
    let mut rig = short(SHORT | 1 << 4);
    let word = (0x4560_0000u32 | 3 << 10 | 2).swap_bytes();
    set32(&mut rig, first(0x1230_0000), word.into());
    assert_eq!(rig.read(0x1234_5678), Some(0x4564_5678));
    let mut rig = bank(EAE, ON | GO_ON | 1 << 4);
    rig.ram.set(ROOT, (0x40_0000_0000u64 | 1 << 6 | 1 << 10 | 1).swap_bytes());
    assert_eq!(rig.read(0x1234), Some(0x40_0000_1234));
    let mut rig = Rig::with_params(&ZYNQMP.with_features(Features { big_endian: false, ..FULL.features }));
    rig.page(0x1000, 0x4_0000_0000);
    rig.set(regs::CB_SCTLR, BANK, ON | 1 << 4);
    assert_eq!(rig.read(0x1000), Some(0x4_0000_0000), "without the feature the bit is only stored");
}

#[test]
fn formats_that_are_not_there() {
    let icf = Fault::global(global_code::ICF);
    for (formats, eae, there) in [
        (Aarch32::None, 0, false),
        (Aarch32::None, EAE, false),
        (Aarch32::Long, 0, false),
        (Aarch32::Long, EAE, true),
        (Aarch32::Both, 0, true),
        (Aarch32::Both, EAE, true),
    ] {
        let params = ZYNQMP.with_features(Features { aarch32: formats, ..Features::STAGE1 });
        let mut rig = Rig::with_params(&params);
        rig.set(regs::CBA2R, BANK, 0);
        rig.set(regs::CB_TCR, BANK, eae);
        let fault = rig.refused(read(0x1000));
        assert_eq!(fault == icf, !there, "{formats:?} EAE={}", eae >> 31);
    }
}
