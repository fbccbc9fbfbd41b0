//! Attributes through registers, extended ids, wide VMIDs, stream indexing, 64 KiB pages, performance monitors.

use super::super::attributes::OutputAttributes;
use super::super::testing::nested::{
    at, nested, FIRST, FIRST_LEAF, FIRST_SLOTS, FULL, IPA, PA, SECOND, SECOND_LEAF, SECOND_SLOT, VA,
};
use super::super::testing::rig::{read, write, Rig, BANK, LEAF, SCTLR, STREAM};
use super::super::{global_code, Access, Fault, Model};
use smmu_rtl::params::{Features, Params, MINI, ZYNQMP};
use smmu_rtl::registers as regs;

/// AxCACHE of a write-back access that allocates.
const WB: u8 = 0b1111;

fn leaves(rig: &mut Rig, access: Access, cache: u8) -> OutputAttributes {
    let (_, checked) = rig.model.check_attributes(&access, cache, &mut rig.ram);
    let (verdict, output) = rig.model.translate_attributes(&access, cache, &mut rig.ram);
    assert_eq!(checked, output, "cached and uncached agree");
    output.unwrap_or_else(|| panic!("{verdict:?}"))
}

fn pins(rig: &mut Rig, access: Access, cache: u8) -> (u8, u8, u8) {
    let output = leaves(rig, access, cache);
    (output.cache, output.domain, output.inner)
}

#[test]
fn without_the_feature_attributes_pass() {
    let mut rig = Rig::with_params(&ZYNQMP.with_features(Features::STAGE1));
    rig.page(0x1000, 0x4_0000_0000);
    let access = Access { privileged: true, instruction: true, non_secure: true, ..read(0x1000) };
    rig.set(regs::S2CR, 0, BANK as u64 | 2 << 24 | 2 << 26 | 1 << 11);
    rig.set(regs::CB_SCTLR, BANK, SCTLR);
    for cache in 0..16 {
        let expected = OutputAttributes { cache, domain: 0, inner: 0, prot: 7 };
        let (_, output) = rig.model.translate_attributes(&Access { instruction: false, ..access }, cache, &mut rig.ram);
        assert_eq!(output, Some(OutputAttributes { prot: 3, ..expected }));
    }
}

#[test]
fn stage_1_attributes_replace_the_clients() {
    let mut rig = Rig::with_params(&FULL);
    rig.set(regs::CB_MAIR0, BANK, 0xF404_FF44);
    // Index 0 non-cacheable, 1 write-back, 2 Device-nGnRE; SH inner in each.
    for (index, expected) in
        [(0, (0b0011, 2, 0b0011)), (1, (0b1111, 1, 0b1111)), (2, (0b0001, 2, 0b0001)), (3, (0b1111, 1, 0b0011))]
    {
        let va = 0x1000 * (index + 1);
        rig.leaf(va, 0x4_0000_0000, 3, LEAF | index << 2);
        for cache in [0, 0b0011, WB] {
            assert_eq!(pins(&mut rig, read(va), cache), expected, "index {index}, AxCACHE={cache:#x}");
        }
    }
    // MAIR1.
    rig.set(regs::CB_MAIR1, BANK, 0xAA << 24);
    rig.leaf(0x9000, 0x4_0000_0000, 3, LEAF | 7 << 2);
    assert_eq!(pins(&mut rig, read(0x9000), 0), (0b1110, 1, 0b1110));
}

#[test]
fn cbar_of_stage_1_combines() {
    let mut rig = Rig::with_params(&FULL);
    rig.set(regs::CB_MAIR0, BANK, 0xFF);
    rig.page(0x1000, 0x4_0000_0000);
    rig.set(regs::CBAR, BANK, 0x1_5300);
    assert_eq!(pins(&mut rig, read(0x1000), WB), (0b0011, 2, 0b0011), "MemAttr 5: not cacheable");
    rig.set(regs::CBAR, BANK, 0x1_F100);
    assert_eq!(pins(&mut rig, read(0x1000), WB), (0b1111, 2, 0b1111), "BPSHCFG 1: outer");
    rig.set(regs::CBAR, BANK, 0x1_F300 | 3 << 20 | 3 << 22);
    assert_eq!(pins(&mut rig, read(0x1000), WB), (0b1011, 1, 0b1011), "RACFG 3");
    assert_eq!(pins(&mut rig, write(0x1000), WB), (0b0111, 1, 0b0111), "WACFG 3");
}

#[test]
fn a_stage_that_is_off_overrides() {
    let mut rig = Rig::with_params(&FULL);
    rig.set(regs::CB_SCTLR, BANK, 0);
    assert_eq!(pins(&mut rig, read(0x1000), WB), (0b1111, 0, 0b1111));
    // MTCFG, MemAttr = A, SHCFG = 1, RACFG = 3.
    rig.set(regs::CB_SCTLR, BANK, 1 << 20 | 0xA << 16 | 1 << 22 | 3 << 24);
    assert_eq!(pins(&mut rig, read(0x1000), WB), (0b1010, 2, 0b1010));
}

#[test]
fn both_stages_combine() {
    let mut rig = nested();
    assert_eq!(pins(&mut rig, at(VA), 0), (0b1111, 0, 0b1111));
    rig.ram.set(SECOND_SLOT, PA | SECOND_LEAF & !(0xF << 2) | 0xA << 2 | 3 << 8);
    rig.set(regs::TLBIALLNSNH, 0, 0);
    assert_eq!(pins(&mut rig, at(VA), 0), (0b1110, 1, 0b1110), "write-through, inner");
    rig.ram.set(SECOND_SLOT, PA | SECOND_LEAF & !(0xF << 2) | 1 << 2);
    rig.set(regs::TLBIALLNSNH, 0, 0);
    assert_eq!(pins(&mut rig, at(VA), 0), (0b0001, 2, 0b0001), "Device");
    // Stage 1 off: the client's own attribute, combined.
    rig.set(regs::CB_SCTLR, FIRST, 0);
    rig.ram.set(SECOND_SLOT, PA | SECOND_LEAF);
    rig.set(regs::TLBIALLNSNH, 0, 0);
    assert_eq!(pins(&mut rig, at(IPA), 0b0011), (0b0011, 2, 0b0011));
    assert_eq!(pins(&mut rig, at(IPA), WB), (0b1111, 0, 0b1111));
    // Stage 2 off as well: its SCTLR overrides.
    rig.set(regs::CB_SCTLR, SECOND, 1 << 20 | 5 << 16);
    assert_eq!(pins(&mut rig, at(IPA), WB), (0b0011, 2, 0b0011));
}

#[test]
fn streams_and_bypasses_override() {
    let mut rig = Rig::with_params(&FULL);
    // Bypass: MTCFG, MemAttr F, SHCFG 2, WACFG 2.
    rig.set(regs::S2CR, 0, 1 << 16 | 1 << 11 | 0xF << 12 | 2 << 8 | 2 << 22);
    assert_eq!(pins(&mut rig, write(0x1000), 0b0011), (0b1111, 1, 0b1111));
    assert_eq!(pins(&mut rig, read(0x1000), 0b0011), (0b1011, 1, 0b1011));
    // No match: sCR0. USFCFG off; MTCFG, MemAttr 5.
    rig.set(regs::SCR0, 0, 1 << 20 | 5 << 16);
    assert_eq!(pins(&mut rig, Access { stream_id: 7, ..read(0x1000) }, WB), (0b0011, 2, 0b0011));
    // CLIENTPD.
    rig.set(regs::SCR0, 0, 1 | 1 << 20 | 1 << 16);
    assert_eq!(pins(&mut rig, read(0x1000), WB), (0b0001, 2, 0b0001));
}

#[test]
fn privilege_and_instruction_overrides() {
    let mut rig = Rig::with_params(&FULL);
    rig.set(regs::CB_SCTLR, BANK, SCTLR | 0x100);
    rig.leaf(0x1000, 0x4_0000_0000, 3, LEAF & !(1 << 6)); // privileged only
    rig.leaf(0x2000, 0x4_0000_0000, 3, LEAF | 1 << 54); // not executable unprivileged
    let privileged = Access { privileged: true, ..read(0x1000) };
    let fetch = Access { instruction: true, ..read(0x2000) };
    assert!(rig.go(privileged).pa().is_some() && rig.go(read(0x1000)).pa().is_none());
    rig.set(regs::S2CR, 0, BANK as u64 | 2 << 24);
    assert!(rig.go(privileged).pa().is_none(), "unprivileged");
    rig.set(regs::S2CR, 0, BANK as u64 | 3 << 24);
    assert_eq!(leaves(&mut rig, read(0x1000), WB).prot, 1, "privileged");
    assert!(rig.go(fetch).pa().is_none());
    rig.set(regs::CB_FSR, BANK, 0xFFFF_FFFF);
    rig.set(regs::S2CR, 0, BANK as u64 | 2 << 26);
    assert_eq!(leaves(&mut rig, fetch, WB).prot, 0, "data");
    rig.set(regs::S2CR, 0, BANK as u64 | 3 << 24 | 3 << 26);
    rig.refused(read(0x8000));
    assert_eq!(rig.get(regs::CB_FSYNR0, BANK), 0x63, "the record shows PNU and IND as checked");
    rig.set(regs::CB_FSR, BANK, 0xFFFF_FFFF);
    rig.refused(write(0x8000));
    assert_eq!(rig.get(regs::CB_FSYNR0, BANK), 0x33, "INSTCFG is for reads");
}

#[test]
fn extended_ids() {
    let mut rig = Rig::with_params(&FULL);
    rig.page(0x1000, 0x4_0000_0000);
    let wide = Access { stream_id: 0x8300, ..read(0x1000) };
    assert_eq!(rig.refused(wide), Fault::global(global_code::USF), "bit 15 does not match");
    assert_eq!(rig.get(regs::SGFSYNR1, 0), 0x8300);
    rig.set(regs::SMR, 0, 0x8300);
    assert_eq!(rig.get(regs::SMR, 0), 0x0300, "bit 15 is not there yet");
    rig.set(regs::SCR0, 0, 0x20_040E);
    rig.set(regs::SMR, 0, 0x8300);
    assert_eq!(rig.get(regs::SMR, 0), 0x8300);
    rig.set(regs::SGFSR, 0, 0xFFFF_FFFF);
    assert_eq!(rig.refused(wide), Fault::global(global_code::USF), "not valid");
    rig.set(regs::S2CR, 0, 1 << 10 | BANK as u64);
    assert_eq!(rig.go(wide).pa(), Some(0x4_0000_0000));
    rig.set(regs::SMR, 0, 0x8000_0300);
    assert_eq!(rig.go(wide).pa(), Some(0x4_0000_0000), "bit 31 is a mask bit: 15 does not matter");
    assert_eq!(rig.read(0x1000), Some(0x4_0000_0000));
    rig.refused(Access { addr: 0x9000, ..wide });
    assert_eq!(rig.get(regs::CBFRSYNRA, BANK), 0x8300);
}

#[test]
fn wide_vmids() {
    let mut rig = nested();
    rig.set(regs::SCR0, 0, 1 << 31 | 0x20_0406);
    rig.set(regs::CBA2R, FIRST, 1 | 0x1234 << 16);
    rig.set(regs::CBA2R, SECOND, 1 | 0x1234 << 16);
    assert_eq!(rig.read(VA), Some(PA));
    rig.ram.set(FIRST_SLOTS[2], IPA | FIRST_LEAF & !(1 << 10));
    rig.ram.set(SECOND_SLOT, 0);
    for (vmid, dropped) in [(0x34, false), (0x21, false), (0x1234, true)] {
        rig.set(regs::TLBIVMID, 0, vmid);
        assert_eq!(rig.read(VA).is_none(), dropped, "{vmid:#x}");
    }
    // With 8 bits the payload's upper bits do not matter.
    let mut rig = nested();
    assert_eq!(rig.read(VA), Some(PA));
    rig.ram.set(FIRST_SLOTS[2], 0);
    rig.set(regs::TLBIVMID, 0, 0x1221);
    assert_eq!(rig.read(VA), None);
}

#[test]
fn stream_indexing() {
    let params = MINI.with_features(Features { stream_indexing: true, ..Features::STAGE1 });
    let mut rig = Rig::bare(&params);
    let idr0 = rig.get(regs::IDR0, 0);
    assert_eq!((idr0 >> 27 & 1, idr0 >> 9 & 15, idr0 & 0xFF), (0, 3, 0), "no matching, 3 bits, no groups");
    rig.set(regs::SMR, 0, 0xFFFF_FFFF);
    assert_eq!(rig.get(regs::SMR, 0), 0);
    rig.set(regs::S2CR, 6, 1 << 16);
    rig.set(regs::S2CR, 5, 2 << 16);
    rig.set(regs::SCR0, 0, 0x20_0406);
    let of = |stream_id| Access { stream_id, ..read(0x5000) };
    assert_eq!(rig.go(of(6)).pa(), Some(0x5000));
    assert_eq!(rig.refused(of(5)), Fault::global(global_code::ICF));
    assert_eq!(rig.refused(of(8)), Fault::global(global_code::USF), "group 8 of 8");
    rig.set(regs::SCR0, 0, 0x20_0006);
    assert_eq!(rig.go(of(8)).pa(), Some(0x5000));
}

#[test]
fn register_pages_of_64_kib() {
    let params: Params = ZYNQMP.with_features(Features { reg_pages_64k: true, ..Features::STAGE1 });
    let mut model = Model::new(&params);
    assert_eq!(params.register_space(), 0x20_0000);
    assert_eq!(model.read(0x24, 4) >> 31, 1);
    assert_eq!(model.read(0x10_0000, 4), 0x100, "SCTLR of bank 0");
    assert_eq!(model.read(0x1F_0000, 4), 0x100, "of bank 15");
    assert_eq!(model.read(0x1_0000, 4), 0x2_0000, "CBAR0");
    assert_eq!(model.read(0x1000, 4), 0, "page 0 ends after 4 KiB");
    model.write(0x11_0020, 0x1234_5678_9ABC, 8);
    assert_eq!(model.read(0x11_0020, 8), 0x1234_5678_9ABC);
    assert_eq!(model.read(0x48, 4), 0, "nothing of it was a fault");
    let mini = MINI.with_features(params.features);
    let mut model = Model::new(&mini);
    model.load(0x14_0000, 4);
    assert_eq!(model.read(0x48, 4), 1 << 5, "bank 4 of 4");
}

#[test]
fn counters() {
    let mut rig = Rig::with_params(&FULL);
    rig.page(0x1000, 0x4_0000_0000);
    assert_eq!(rig.get(regs::PMCEID0, 0), 0x0003_0303);
    for (counter, event) in [(0, 0x10), (1, 0x11), (2, 0x08), (3, 0x10)] {
        rig.set(regs::PMEVTYPER, counter, event);
    }
    rig.set(regs::PMEVTYPER, 3, 0x10 | 1 << 30); // not the unprivileged ones
    rig.set(regs::PMEVCNTR, 0, 0xFFFF_FFFE);
    rig.set(regs::PMCGCR, 0, 1 << 11);
    rig.set(regs::PMCNTENSET, 0, 0xF);
    rig.set(regs::PMINTENSET, 0, 1);
    rig.read(0x1000);
    assert_eq!(rig.get(regs::PMEVCNTR, 0), 0xFFFF_FFFE, "PMCR.E is off");
    rig.set(regs::CB_TLBIALL, BANK, 0);
    rig.set(regs::PMCR, 0, 1);
    for access in [read(0x1000), read(0x1008), write(0x1000)] {
        rig.go(access);
    }
    let counts = |rig: &mut Rig| [0, 1, 2, 3].map(|n| rig.get(regs::PMEVCNTR, n));
    assert_eq!(counts(&mut rig), [1, 2, 1, 0], "the first one wrapped");
    assert_eq!(rig.get(regs::PMOVSCLR, 0), 1);
    assert!(rig.model.irq_pmu());
    rig.set(regs::PMOVSCLR, 0, 1);
    assert!(!rig.model.irq_pmu());
    rig.set(regs::PMCR, 0, 3);
    assert_eq!((counts(&mut rig), rig.get(regs::PMCR, 0)), ([0; 4], 1));
}

#[test]
fn counter_filters_and_the_banks_view() {
    let mut rig = Rig::with_params(&FULL);
    rig.page(0x1000, 0x4_0000_0000);
    rig.set(regs::PMEVTYPER, 0, 0x10);
    rig.set(regs::PMCNTENSET, 0, 1);
    rig.set(regs::PMCR, 0, 1);
    let mut counted = |pmcgcr: u64, pmcgsmr: u64| {
        rig.set(regs::PMCGCR, 0, 1 << 11 | pmcgcr);
        rig.set(regs::PMCGSMR, 0, pmcgsmr);
        rig.set(regs::PMEVCNTR, 0, 0);
        rig.read(0x1000);
        rig.get(regs::PMEVCNTR, 0)
    };
    assert_eq!(counted(1 << 8, STREAM.into()), 1);
    assert_eq!(counted(1 << 8, 0x301), 0);
    assert_eq!(counted(1 << 8, 0x301 | 1 << 16), 1);
    assert_eq!(counted(2 << 8 | BANK as u64, 0), 1);
    assert_eq!(counted(2 << 8 | 4, 0), 0);
    // The bank's view.
    let view = |rig: &mut Rig, id: regs::RegId, bank: usize, n: usize| {
        let index = bank * id.count(&FULL) + n;
        rig.model.read(id.offset(&FULL, index), 4)
    };
    assert_eq!(view(&mut rig, regs::CB_PMCFGR, BANK, 0), 0, "no group for it");
    rig.set(regs::PMCGCR, 0, 1 << 11 | 1 << 10 | BANK as u64);
    rig.set(regs::PMEVCNTR, 2, 77);
    assert_eq!(view(&mut rig, regs::CB_PMCFGR, BANK, 0), 0x0001_1F03);
    assert_eq!(view(&mut rig, regs::CB_PMEVCNTR, BANK, 2), 77);
    assert_eq!(view(&mut rig, regs::CB_PMEVCNTR, BANK, 4), 0);
    assert_eq!(view(&mut rig, regs::CB_PMEVCNTR, BANK + 1, 2), 0);
    assert_eq!(view(&mut rig, regs::CB_PMCNTENSET, BANK, 0), 1);
    rig.model.write(regs::CB_PMEVCNTR.offset(&FULL, BANK * 15 + 1), 99, 4);
    rig.set(regs::CB_PMCNTENCLR, BANK, 1);
    assert_eq!((rig.get(regs::PMEVCNTR, 1), rig.get(regs::PMCNTENSET, 0)), (99, 0));
}
