//! Stalled transactions and `RESUME`.

use super::super::context_code::{PF, TF};
use super::super::testing::nested::{at, nested, FIRST, FULL, GO_ON, ON, PA, SECOND, SECOND_LEAF, SECOND_SLOT, VA};
use super::super::testing::rig::{read, write, Rig, BANK, LEAF, STREAM};
use super::super::{Access, Fault, Released, Verdict};
use smmu_rtl::params::{Features, ZYNQMP};
use smmu_rtl::registers as regs;

/// `SCTLR`: M, CFRE, CFIE, CFCFG.
const STALLS: u64 = 0xE1;
const RETRY: u64 = 0;
const TERMINATE: u64 = 1;
/// `FSR.SS`.
const SS: u64 = 1 << 30;
const MULTI: u64 = 1 << 31;

fn rig(sctlr: u64) -> Rig {
    let mut rig = Rig::with_params(&FULL);
    rig.set(regs::CB_SCTLR, BANK, sctlr);
    rig
}

fn stalled(access: &Access, rig: &mut Rig) -> Fault {
    match rig.go(*access) {
        Verdict::Stalled { fault } => fault,
        other => panic!("{other:?}"),
    }
}

fn settle(rig: &mut Rig) -> Vec<Verdict> {
    released(rig).into_iter().map(|released| released.verdict).collect()
}

fn released(rig: &mut Rig) -> Vec<Released> {
    rig.model.settle(&mut rig.ram)
}

fn resume(rig: &mut Rig, how: u64) -> Vec<Verdict> {
    rig.set(regs::CB_RESUME, BANK, how);
    settle(rig)
}

fn fsr(rig: &mut Rig) -> u64 {
    rig.get(regs::CB_FSR, BANK)
}

fn refused() -> Verdict {
    Verdict::Refused { raz: false, fault: Fault::context(BANK, 0, 0) }
}

#[test]
fn a_fault_stalls_and_is_recorded() {
    let mut rig = rig(STALLS);
    assert_eq!(stalled(&write(0x1234), &mut rig), Fault::context(BANK, TF, 0));
    assert_eq!(fsr(&mut rig), SS | 0x402);
    assert_eq!(rig.get(regs::CB_FAR, BANK), 0x1234);
    assert_eq!(rig.get(regs::CBFRSYNRA, BANK), u64::from(STREAM));
    assert!(rig.model.irq_context(BANK));
    assert_eq!(rig.model.held().len(), 1);
    assert!(settle(&mut rig).is_empty(), "nothing lets it go");
}

#[test]
fn retry_after_mapping_in_both_orders() {
    for clear_first in [true, false] {
        let mut rig = rig(STALLS);
        stalled(&read(0x1234), &mut rig);
        rig.page(0x1000, 0x4_0000_0000);
        if clear_first {
            rig.set(regs::CB_FSR, BANK, SS | 0x402);
            assert_eq!(fsr(&mut rig), SS, "RESUME alone clears SS");
            assert!(rig.model.irq_context(BANK), "and it holds the interrupt");
        }
        assert_eq!(resume(&mut rig, RETRY), [Verdict::Translated { pa: 0x4_0000_0234 }], "clear first: {clear_first}");
        assert_eq!(fsr(&mut rig), if clear_first { 0 } else { 0x402 });
        assert_eq!(rig.model.irq_context(BANK), !clear_first);
        rig.set(regs::CB_FSR, BANK, 0x402);
        assert!(!rig.model.irq_context(BANK));
        assert!(rig.model.held().is_empty());
    }
}

#[test]
fn terminate_in_both_orders() {
    for clear_first in [true, false] {
        let mut rig = rig(STALLS);
        stalled(&read(0x1234), &mut rig);
        if clear_first {
            rig.set(regs::CB_FSR, BANK, 0x402);
        }
        assert_eq!(resume(&mut rig, TERMINATE), [refused()]);
        assert_eq!(fsr(&mut rig), if clear_first { 0 } else { 0x402 });
    }
    // CFRE = 0: zeros.
    let mut rig = rig(STALLS & !0x20);
    stalled(&read(0x1234), &mut rig);
    assert!(matches!(resume(&mut rig, TERMINATE)[..], [Verdict::Refused { raz: true, .. }]));
}

#[test]
fn a_retry_that_fails_again() {
    let mut rig = rig(STALLS);
    stalled(&read(0x1234), &mut rig);
    rig.set(regs::CB_FSR, BANK, 0x402);
    rig.leaf(0x1000, 0x4_0000_0000, 3, LEAF & !(1 << 6));
    assert!(resume(&mut rig, RETRY).is_empty());
    assert_eq!(fsr(&mut rig), SS | 0x408, "another fault, and stalled again");
    assert_eq!(rig.get(regs::CB_FSYNR0, BANK), 3);
    // Without clearing: MULTI.
    assert!(resume(&mut rig, RETRY).is_empty());
    assert_eq!(fsr(&mut rig), MULTI | SS | 0x408);
    // CFCFG is looked at when the fault is taken: the next retry is refused.
    rig.set(regs::CB_SCTLR, BANK, STALLS & !0x80);
    assert!(matches!(resume(&mut rig, RETRY)[..], [Verdict::Refused { fault: Fault { code: PF, .. }, .. }]));
    assert_eq!(fsr(&mut rig), MULTI | 0x408);
}

#[test]
fn followers_wait_behind_a_stalled_one() {
    let mut rig = rig(STALLS);
    rig.page(0x5000, 0x5_0000_0000);
    stalled(&read(0x1234), &mut rig);
    assert_eq!(stalled(&read(0x5678), &mut rig), Fault::context(BANK, 0, 0), "even one that would pass");
    assert_eq!(stalled(&read(0x9ABC), &mut rig).code, 0);
    assert_eq!(fsr(&mut rig), SS | 0x402, "no MULTI");
    rig.page(0x1000, 0x4_0000_0000);
    rig.set(regs::CB_FSR, BANK, 0x402);
    // The first is retried, the second passes, the third is the next to stall.
    rig.set(regs::CB_RESUME, BANK, RETRY);
    let done = released(&mut rig);
    assert_eq!(done.iter().map(|r| (r.ticket, r.access.addr)).collect::<Vec<_>>(), [(1, 0x1234), (2, 0x5678)]);
    assert!(done.iter().all(|r| r.verdict.pa().is_some()));
    assert_eq!(fsr(&mut rig), SS | 0x402);
    assert_eq!(rig.get(regs::CB_FAR, BANK), 0x9ABC);
}

#[test]
fn terminate_before_clear_terminates_the_followers() {
    let mut rig = rig(STALLS);
    stalled(&read(0x1234), &mut rig);
    stalled(&read(0x5678), &mut rig);
    assert_eq!(resume(&mut rig, TERMINATE), [refused(), refused()]);
    assert_eq!(fsr(&mut rig), MULTI | 0x402);
    assert_eq!(rig.go(read(0x9000)), refused(), "until FSR is clear");
}

#[test]
fn clear_before_terminate_lets_the_followers_go() {
    let mut rig = rig(STALLS);
    rig.page(0x5000, 0x5_0000_0000);
    stalled(&read(0x1234), &mut rig);
    stalled(&read(0x5678), &mut rig);
    rig.set(regs::CB_FSR, BANK, 0x402);
    assert!(settle(&mut rig).is_empty());
    assert_eq!(resume(&mut rig, TERMINATE), [refused(), Verdict::Translated { pa: 0x5_0000_0678 }]);
}

#[test]
fn with_hupcf_others_go_on() {
    let mut rig = rig(STALLS | GO_ON);
    rig.page(0x5000, 0x5_0000_0000);
    stalled(&read(0x1234), &mut rig);
    assert_eq!(rig.read(0x5678), Some(0x5_0000_0678));
    assert_eq!(stalled(&read(0x9ABC), &mut rig).code, 0, "one that fails waits");
    assert_eq!(fsr(&mut rig), SS | 0x402, "without a record");
    // No longer stalling: the next failing one is refused.
    rig.set(regs::CB_SCTLR, BANK, (STALLS | GO_ON) & !0x80);
    assert_eq!(settle(&mut rig).len(), 1, "the one that waits is looked at again");
    assert_eq!(fsr(&mut rig), MULTI | SS | 0x402);
    assert!(matches!(rig.go(read(0xD000)), Verdict::Refused { fault: Fault { code: TF, .. }, .. }));
    assert!(resume(&mut rig, TERMINATE).len() == 1);
}

/// A debugger's way: take CFCFG and CFIE away with a transaction stalled, clear, terminate, put them back.
#[test]
fn control_changes_while_stalled() {
    let mut rig = rig(STALLS);
    stalled(&read(0x1234), &mut rig);
    rig.set(regs::CB_SCTLR, BANK, STALLS & !0xC0);
    assert!(!rig.model.irq_context(BANK), "CFIE is off");
    assert_eq!(rig.go(read(0x5678)), refused(), "CFCFG is off: refused, and MULTI");
    assert_eq!(fsr(&mut rig), MULTI | SS | 0x402);
    rig.set(regs::CB_FSR, BANK, 0xFFFF_FFFF);
    assert_eq!(fsr(&mut rig), SS);
    assert_eq!(resume(&mut rig, TERMINATE), [refused()]);
    rig.set(regs::CB_SCTLR, BANK, STALLS);
    assert_eq!(fsr(&mut rig), 0);
}

#[test]
fn resume_without_a_stall_does_nothing() {
    let mut rig = rig(ON);
    rig.refused(read(0x1234));
    assert!(resume(&mut rig, RETRY).is_empty() && resume(&mut rig, TERMINATE).is_empty());
    assert_eq!(fsr(&mut rig), 0x402);
}

#[test]
fn other_banks_and_global_faults_do_not_stall() {
    let mut rig = rig(STALLS);
    stalled(&read(0x1234), &mut rig);
    assert!(matches!(rig.go(Access { stream_id: 1, ..read(0) }), Verdict::Refused { fault: Fault { global: true, .. }, .. }));
    rig.set(regs::SMR, 1, 1 << 31 | 0x400);
    rig.set(regs::S2CR, 1, 1 << 16);
    assert_eq!(rig.go(Access { stream_id: 0x400, ..read(0x77) }).pa(), Some(0x77));
}

#[test]
fn a_retry_starts_from_the_stream() {
    let mut rig = rig(STALLS);
    stalled(&read(0x1234), &mut rig);
    rig.set(regs::S2CR, 0, 1 << 16);
    assert_eq!(resume(&mut rig, RETRY), [Verdict::Translated { pa: 0x1234 }]);
}

#[test]
fn the_bank_that_records_is_the_bank_that_stalls() {
    let mut rig = nested();
    rig.set(regs::CB_SCTLR, SECOND, ON | 0x80);
    rig.ram.set(SECOND_SLOT, 0);
    let Verdict::Stalled { fault } = rig.go(at(VA)) else { panic!("it stalls") };
    assert_eq!((fault.bank, fault.code), (SECOND, TF));
    assert_eq!(rig.get(regs::CB_FSR, SECOND), SS | 0x402);
    rig.ram.set(SECOND_SLOT, PA | SECOND_LEAF);
    rig.set(regs::CB_RESUME, FIRST, RETRY);
    assert!(settle(&mut rig).is_empty(), "RESUME of the other bank");
    rig.set(regs::CB_RESUME, SECOND, RETRY);
    assert_eq!(settle(&mut rig), [Verdict::Translated { pa: PA }]);
}

#[test]
fn reset_forgets_stalled_transactions() {
    let mut rig = rig(STALLS);
    stalled(&read(0x1234), &mut rig);
    rig.model.reset();
    assert!(rig.model.held().is_empty());
    assert_eq!(fsr(&mut rig), 0);
}

#[test]
fn without_the_feature_nothing_stalls() {
    let params = ZYNQMP.with_features(Features { stall: false, ..FULL.features });
    let mut rig = Rig::with_params(&params);
    rig.set(regs::CB_SCTLR, BANK, STALLS);
    assert!(matches!(rig.go(read(0x1234)), Verdict::Refused { .. }));
    assert_eq!(fsr(&mut rig), 0x402);
}
