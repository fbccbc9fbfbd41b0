//! Registers of features: 16-bit StreamIDs and VMIDs, stream indexing, pages of 64 KiB, performance monitors.

use super::*;
use crate::params::Features;

const WIDE: Params = MINI.with_features(Features { exids: true, vmid16: true, ..Features::STAGE1 });
const EXIDENABLE: u32 = 1 << 3;
const VMID16EN: u32 = 1 << 31;

fn wide() -> MiniBench {
    Bench::new(&WIDE)
}

#[test]
fn bit_15_of_an_smr_is_writable_with_extended_ids_only() {
    let mut b = wide();
    b.write32(SMR, 1, 0xFFFF_FFFF);
    assert_eq!(b.read(SMR, 1), 0xFFFF_7FFF);
    b.write32(SCR0, 0, EXIDENABLE);
    b.changes.clear();
    b.write32(SMR, 1, 0x1234_8765);
    assert_eq!(b.changes, [(0, 1, 0x1234_8765)]);
    b.write32(SCR0, 0, 0);
    assert_eq!(b.read(SMR, 1), 0x1234_8765, "what is stored shows");
    b.write32(SMR, 1, 0);
    assert_eq!(b.read(SMR, 1), 0x8000, "and stays");
    b.write32(S2CR, 1, 1 << 10);
    assert_eq!(b.read(S2CR, 1), 1 << 10, "EXIDVALID");
    assert_eq!(b.read(SGFSYNR1, 0), 0);
    b.write32(SGFSYNR1, 0, 0xFFFF_FFFF);
    assert_eq!(b.read(SGFSYNR1, 0), 0xFFFF);
    b.reset();
    b.write32(SMR, 1, 0xFFFF_FFFF);
    assert_eq!(b.read(SMR, 1), 0xFFFF_7FFF, "reset clears EXIDENABLE");
}

#[test]
fn a_fault_records_16_bits_of_the_stream_id() {
    let mut b = wide();
    b.fault(Fault { bank: Some(2), code: 2, va: 0x5000, stream: 0xFACE, ..Default::default() });
    b.fault(Fault { code: 2, va: 0x5000, stream: 0x8001, ..Default::default() });
    assert_eq!((b.read(CBFRSYNRA, 2), b.read(SGFSYNR1, 0)), (0xFACE, 0x8001));
}

#[test]
fn commands_take_16_bit_vmids_while_they_are_enabled() {
    let mut b = wide();
    b.write32(CBA2R, 2, 0xBEEF_0001);
    b.write32(CBAR, 2, 0x1_0042);
    b.write32(CBA2R, 3, 0x1234_0001);
    b.write32(CBAR, 3, 0x1_0442);
    assert_eq!(b.read(CBA2R, 2), 0xBEEF_0001);
    b.write32(SCR2, 0, 0xFFFF_FFFF);
    assert_eq!(b.read(SCR2, 0), 0xFFFF, "BPVMID");
    for (scr0, global, banks) in [(0, 0xCD, [0x42, 0x1_0042]), (VMID16EN, 0xABCD, [0xBEEF, 0x1_1234])] {
        b.write32(SCR0, 0, scr0);
        b.ops.clear();
        b.write32(TLBIVMID, 0, 0xFFFF_ABCD);
        b.write32(TLBIVMIDS1, 0, 0xABCD);
        b.write32(CB_TLBIALL, 2, 0);
        b.write64(CB_TLBIVA, 3, 0x0007_0000_0000_0123);
        b.until(100, |b| b.ops.len() == 4);
        let vmids: Vec<_> = b.ops.iter().map(|op| op.vmid).collect();
        assert_eq!(vmids, [Some(global), Some(global), Some(banks[0]), Some(banks[1])]);
        assert_eq!((b.ops[3].asid, b.ops[3].vpn), (Some(7), Some(0x123)), "the other fields as ever");
    }
    b.reset();
    b.ops.clear();
    b.write32(TLBIVMID, 0, 0xABCD);
    b.until(100, |b| b.ops.len() == 1);
    assert_eq!(b.ops[0].vmid, Some(0xCD), "reset clears VMID16EN");
}

#[test]
fn without_match_registers_smrs_are_not_there() {
    const INDEXED: Params = MINI.with_features(Features { stream_indexing: true, ..Features::STAGE1 });
    let mut b: MiniBench = Bench::new(&INDEXED);
    b.write32(SMR, 3, 0xFFFF_FFFF);
    assert_eq!(b.read(SMR, 3), 0);
    assert_eq!(b.read(IDR0, 0) & 0x0800_1EFF, 0x0600, "SMS, NUMSIDB = 3, NUMSMRG");
    b.changes.clear();
    b.write32(S2CR, 3, 2);
    assert_eq!(b.changes, [(1, 3, 2)]);
    assert_eq!(b.read(SGFSR, 0), 0);
}

#[test]
fn pages_of_64_kib_have_registers_in_their_first_4_kib() {
    const PAGES: Params = MINI.with_features(Features { reg_pages_64k: true, ..Features::STAGE1 });
    let mut b: Bench<4, 2, 3, 8, 21> = Bench::new(&PAGES);
    assert_eq!(b.read(IDR1, 0) >> 31, 1, "PAGESIZE");
    assert_eq!((CBAR.offset(&PAGES, 0), CB_SCTLR.offset(&PAGES, 3)), (0x1_0000, 0x13_0000));
    for id in RegId::all().filter(|id| !matches!(access(&PAGES, *id), Access::WriteOnly | Access::Reserved)) {
        let banks = if id.register().space == Space::Bank { 4 } else { 1 };
        let index = banks * id.count(&PAGES) - 1;
        assert_eq!(b.read(id, index), reset_value(&PAGES, id), "{}", id.register().name);
    }
    b.write64(CB_TTBR0, 3, 0x1234_5678_9000);
    assert_eq!(b.read(CB_TTBR0, 3), 0x1234_5678_9000);
    b.changes.clear();
    for hole in [0x1000, 0x2_0020, 0x4_0000, 0x10_1000, 0x13_F020, 0xF000, 0x1_8000] {
        b.write_strobed(hole, u64::MAX, 0xFF);
        assert_eq!(b.read64_at(hole), 0, "{hole:#x}");
    }
    assert_eq!((b.read(SGFSR, 0), b.changes.len()), (0, 0), "holes are no faults");
    for offset in [0x14_0058, 0x1F_F000] {
        assert_eq!(b.read64_at(offset), 0);
        assert_eq!((b.read(SGFSR, 0), b.read(SGFAR, 0)), (1 << 5, u64::from(offset)), "a bank that is not there: CAF");
        b.write32(SGFSR, 0, 0xFFFF_FFFF);
    }
    b.write_strobed(0x3_1000, 1, 0x01);
    assert_eq!(b.read(SGFSR, 0), 1 << 5, "part of a word, where nothing is: CAF");
}

const COUNTING: Params = MINI.with_features(Features { pmu: true, ..Features::STAGE1 });

#[test]
fn the_registers_of_the_performance_monitors() {
    let mut b: MiniBench = Bench::new(&COUNTING);
    for id in RegId::all().filter(|id| !matches!(access(&COUNTING, *id), Access::WriteOnly | Access::Reserved)) {
        let view = id.register().name.starts_with("CB_PM");
        let expected = if view { 0 } else { reset_value(&COUNTING, id) };
        assert_eq!(b.read(id, 0), expected, "{}", id.register().name);
    }
    assert_eq!(b.read(PMCEID0, 0), 0x0003_0303);
    for id in [PMEVCNTR, PMEVTYPER, PMCGCR, PMCGSMR] {
        for value in [u32::MAX, 0x5AC3_9669] {
            let last = id.count(&COUNTING) - 1;
            b.write32(id, last, value);
            let mask = write_mask(&COUNTING, id);
            let expected = u64::from(value) & mask | reset_value(&COUNTING, id) & !mask;
            assert_eq!(b.read(id, last), expected, "{}", id.register().name);
        }
    }
    for (set, clear) in [(PMCNTENSET, PMCNTENCLR), (PMINTENSET, PMINTENCLR), (PMOVSSET, PMOVSCLR)] {
        b.write32(set, 0, 0xFFFF_FFF5);
        assert_eq!((b.read(set, 0), b.read(clear, 0)), (5, 5), "four counters");
        b.write32(clear, 0, 4);
        b.write32(set, 0, 2);
        assert_eq!((b.read(set, 0), b.read(clear, 0)), (3, 3));
    }
    assert!(b.uut.irq_pmu.val(), "OVS and INTEN");
    b.write32(PMCR, 0, 0xFFFF_FFFF);
    assert_eq!((b.read(PMCR, 0), b.read(PMEVCNTR, 3)), (1, 0), "P: all counters are zero");
    b.reset();
    assert!(!b.uut.irq_pmu.val());
    assert_eq!((b.read(PMCR, 0), b.read(PMCNTENSET, 0), b.read(PMCGCR, 0)), (0, 0, 0x0400_0000));
}

#[test]
fn a_bank_sees_its_counter_group() {
    let mut b: MiniBench = Bench::new(&COUNTING);
    b.write32(PMCGCR, 0, 1 << 11 | 1 << 10 | 2);
    b.write32(PMEVCNTR, 3, 33);
    b.write32(PMCNTENSET, 0, 9);
    for bank in 0..4 {
        let shown = |value: u64| if bank == 2 { value } else { 0 };
        let of = |id: RegId, n: usize| bank * id.count(&COUNTING) + n;
        assert_eq!(b.read(CB_PMEVCNTR, of(CB_PMEVCNTR, 3)), shown(33), "bank {bank}");
        assert_eq!(b.read(CB_PMEVCNTR, of(CB_PMEVCNTR, 4)), 0);
        assert_eq!(b.read(CB_PMCFGR, bank), shown(0x0001_1F03));
        assert_eq!(b.read(CB_PMCEID, of(CB_PMCEID, 0)), shown(0x0003_0303));
        assert_eq!(b.read(CB_PMCEID, of(CB_PMCEID, 1)), 0);
        assert_eq!((b.read(CB_PMCNTENSET, bank), b.read(CB_PMCNTENCLR, bank)), (shown(9), shown(9)));
        b.write32(CB_PMEVTYPER, of(CB_PMEVTYPER, 1), 0x8000_0011);
        b.write32(CB_PMINTENSET, bank, 0xFF);
        b.write32(CB_PMCR, bank, 1);
        let taken = bank >= 2;
        assert_eq!(b.read(PMEVTYPER, 1), if taken { 0x8000_0011 } else { 0 });
        assert_eq!(b.read(PMINTENSET, 0), if taken { 0xF } else { 0 });
        assert_eq!(b.read(PMCR, 0), u64::from(taken));
    }
    assert_eq!(b.read(SGFSR, 0), 0);
}
