//! Stream mapping and global faults.

use super::super::testing::rig::{read, write, Rig, BANK, SCTLR, STREAM};
use super::super::{context_code, global_code, Access, Fault, Verdict};
use smmu_rtl::params::{Features, Straps, SM8550, ZYNQMP};
use smmu_rtl::registers as regs;

#[test]
fn out_of_reset_everything_bypasses() {
    let mut rig = Rig::bare(&ZYNQMP);
    assert_eq!(rig.go(write(0xFFFF_FFFF_F123)), Verdict::Translated { pa: 0xFFFF_FFFF_F123 });
    assert!(!rig.model.irq_global());
}

#[test]
fn bypass_beyond_the_output_size() {
    let mut rig = Rig::bare(&ZYNQMP);
    assert_eq!(rig.refused(read(1 << 48)), Fault::global(global_code::UUT));
    let mut rig = Rig::bare(&SM8550);
    assert_eq!(rig.read(0xF_FFFF_FFFF), Some(0xF_FFFF_FFFF));
    assert_eq!(rig.refused(read(0x10_0000_0000)), Fault::global(global_code::UUT));
    assert_eq!(rig.get(regs::SGFSR, 0), 0x100);
    assert_eq!(rig.get(regs::SGFAR, 0), 0x10_0000_0000);
}

#[test]
fn illegal_bursts_come_before_everything() {
    let mut rig = Rig::bare(&ZYNQMP);
    let broken = Access { illegal_burst: true, ..read(0x1000) };
    assert_eq!(rig.read(0x1000), Some(0x1000), "the page is in the short cut");
    assert_eq!(rig.refused(broken), Fault::global(global_code::UUT));
    rig.set(regs::SGFSR, 0, 0x100);
    rig.set(regs::SCR0, 0, 0x406);
    assert_eq!(rig.refused(Access { stream_id: 1, ..broken }), Fault::global(global_code::UUT), "and not USF");
}

#[test]
fn unmatched_stream() {
    let mut rig = Rig::new();
    let other = Access { stream_id: 0x7ABC, privileged: true, instruction: true, ..read(0x1_2345_6789_ABCD) };
    assert_eq!(rig.go(other), Verdict::Refused { raz: false, fault: Fault::global(global_code::USF) });
    assert_eq!(rig.get(regs::SGFSR, 0), 2);
    assert_eq!(rig.get(regs::SGFAR, 0), 0x1_2345_6789_ABCD);
    assert_eq!(rig.get(regs::SGFSYNR0, 0), 0b1100, "IND and PNU");
    assert_eq!(rig.get(regs::SGFSYNR1, 0), 0x7ABC);
    rig.set(regs::SCR0, 0, 0x2);
    assert_eq!(rig.go(Access { addr: 0x5000, ..other }), Verdict::Translated { pa: 0x5000 }, "USFCFG=0 bypasses");
}

#[test]
fn answer_and_interrupt_follow_gfre_and_gfie() {
    for (scr0, raz, line) in [(0x400, true, false), (0x402, false, false), (0x404, true, true), (0x406, false, true)] {
        let mut rig = Rig::new();
        rig.set(regs::SCR0, 0, scr0);
        let verdict = rig.go(Access { stream_id: 1, ..read(0) });
        assert_eq!(verdict, Verdict::Refused { raz, fault: Fault::global(global_code::USF) }, "sCR0={scr0:#x}");
        assert_eq!(rig.model.irq_global(), line, "sCR0={scr0:#x}");
        rig.set(regs::SGFSR, 0, 2);
        assert!(!rig.model.irq_global());
    }
}

#[test]
fn first_global_fault_wins() {
    let mut rig = Rig::new();
    rig.go(Access { stream_id: 1, ..write(0x1000) });
    rig.set(regs::S2CR, 0, 2 << 16);
    assert_eq!(rig.refused(read(0x2000)).code, global_code::ICF);
    assert_eq!(rig.get(regs::SGFSR, 0), 0x8000_0002, "the second one shows in MULTI alone");
    assert_eq!((rig.get(regs::SGFAR, 0), rig.get(regs::SGFSYNR0, 0), rig.get(regs::SGFSYNR1, 0)), (0x1000, 2, 1));
    rig.set(regs::SGFSR, 0, 2);
    assert_eq!(rig.get(regs::SGFSR, 0), 0x8000_0000);
    assert!(rig.model.irq_global(), "MULTI alone is still a record");
    rig.go(read(0x3000));
    assert_eq!((rig.get(regs::SGFSR, 0), rig.get(regs::SGFAR, 0)), (0x8000_0000, 0x1000));
    rig.set(regs::SGFSR, 0, 0xFFFF_FFFF);
    rig.go(read(0x3000));
    assert_eq!((rig.get(regs::SGFSR, 0), rig.get(regs::SGFAR, 0)), (1, 0x3000));
}

#[test]
fn several_matches() {
    let mut rig = Rig::new();
    rig.set(regs::SMR, 5, 1 << 31 | 0xFF << 16 | 0x300);
    assert_eq!(rig.refused(read(0)), Fault::global(global_code::SMCF));
    assert_eq!(rig.get(regs::SGFSYNR1, 0), u64::from(STREAM));
    rig.set(regs::SCR0, 0, 0x2);
    assert_eq!(rig.refused(read(0)).code, global_code::SMCF, "SMCFCFG is read-only one");

    let params = smmu_rtl::params::Params { straps: Straps { smcfcfg_ro_one: false, ..ZYNQMP.straps }, ..ZYNQMP };
    let mut rig = Rig::with_params(&params);
    rig.set(regs::SMR, 5, 1 << 31 | 0xFF << 16 | 0x300);
    rig.set(regs::SCR0, 0, 0x2);
    assert_eq!(rig.read(0x4000), Some(0x4000), "SMCFCFG=0 bypasses");
}

#[test]
fn types_of_s2cr_and_banks() {
    for (s2cr, code) in
        [(2 << 16, global_code::ICF), (3 << 16, global_code::ICF), (16, global_code::UCBF), (255, global_code::UCBF)]
    {
        let mut rig = Rig::new();
        rig.set(regs::S2CR, 0, s2cr);
        assert_eq!(rig.refused(read(0x1000)), Fault::global(code), "S2CR={s2cr:#x}");
        assert_eq!(rig.get(regs::SGFSYNR1, 0), u64::from(STREAM));
    }
    let mut rig = Rig::new();
    rig.set(regs::S2CR, 0, 1 << 16 | 0xFF);
    assert_eq!(rig.read(0x1234), Some(0x1234), "TYPE=1 bypasses, whatever CBNDX");
}

#[test]
fn types_of_banks() {
    let plain = ZYNQMP.with_features(Features::STAGE1);
    for kind in [0, 2, 3] {
        let mut rig = Rig::with_params(&plain);
        rig.set(regs::CBAR, BANK, kind << 16);
        assert_eq!(rig.refused(read(0x1000)), Fault::global(global_code::ICF), "CBAR.TYPE={kind}");
        rig.set(regs::CB_SCTLR, BANK, 0);
        assert_eq!(rig.refused(read(0x1000)), Fault::global(global_code::ICF), "CBAR.TYPE={kind}, M=0");
    }
    let mut rig = Rig::with_params(&plain);
    rig.set(regs::CBA2R, BANK, 0);
    assert_eq!(rig.refused(read(0x1000)), Fault::global(global_code::ICF), "an AArch32 bank that walks");
    rig.set(regs::CB_SCTLR, BANK, SCTLR & !1);
    assert_eq!(rig.read(0x1000), Some(0x1000), "one that does not walk");
}

#[test]
fn a_bank_that_is_off_is_identity() {
    let mut rig = Rig::new();
    rig.refused(read(0x5000));
    assert!(rig.model.fault_active(BANK));
    rig.set(regs::CB_SCTLR, BANK, SCTLR & !1);
    assert_eq!(rig.read(0xFFFF_FFFF_FFFF), Some(0xFFFF_FFFF_FFFF), "a pending fault does not matter");
    rig.set(regs::CB_FSR, BANK, 2);
    let fault = Fault::context(BANK, context_code::ASF, 0);
    assert_eq!(rig.refused(read(1 << 48)), fault);
    assert_eq!(rig.get(regs::CB_FSR, BANK), 0x480);
}

#[test]
fn changes_of_the_mapping_hold_at_once() {
    let mut rig = Rig::new();
    rig.page(0x1000, 0x4_0000_0000);
    assert_eq!(rig.read(0x1000), Some(0x4_0000_0000));
    rig.set(regs::S2CR, 0, 1 << 16);
    assert_eq!(rig.read(0x1000), Some(0x1000));
    rig.set(regs::S2CR, 0, BANK as u64);
    assert_eq!(rig.read(0x1000), Some(0x4_0000_0000));
    rig.set(regs::SMR, 0, u64::from(STREAM));
    assert_eq!(rig.refused(read(0x1000)).code, global_code::USF, "no longer valid");
    rig.set(regs::SCR0, 0, 1);
    assert_eq!(rig.read(0x1000), Some(0x1000), "CLIENTPD");
}
