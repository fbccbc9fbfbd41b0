//! Stage 2 alone: banks of TYPE 0.

use super::super::context_code::{AFF, ASF, EF, PF, TF};
use super::super::testing::nested::{at, clear, record, stage2_only, FULL, GO_ON, IPA, ON, PA, SECOND, SECOND_LEAF, SECOND_SLOT};
use super::super::testing::rig::{write, Rig, STREAM};
use super::super::{global_code, Access, Fault, Model, Stage2Record};
use smmu_rtl::params::{Aarch32, Features, Params, ZYNQMP};
use smmu_rtl::registers as regs;

fn stage2_fault(code: u32, level: u8, ipa: u64) -> Fault {
    Fault { stage2: Some(Stage2Record { ipa, stage1_bank: None, on_walk: false }), ..Fault::context(SECOND, code, level) }
}

#[test]
fn an_ipa_is_translated() {
    let mut rig = stage2_only();
    assert_eq!(rig.read(IPA + 0x123), Some(PA + 0x123));
    assert_eq!(rig.go(write(IPA + 8)).pa(), Some(PA + 8));
    assert_eq!(rig.read(0x10_0000_1008), Some(0x8200_5008), "concatenated root: entry 64 of the first");
    let reads = rig.ram.reads;
    assert_eq!(rig.read(IPA + 0x456), Some(PA + 0x456));
    assert_eq!(rig.ram.reads, reads, "cached");
}

#[test]
fn the_record_of_a_fault() {
    let mut rig = stage2_only();
    // The entry of level 3 beside the mapped one is empty.
    let access = Access { privileged: true, ..write(0x20_0000_8ABC) };
    assert_eq!(rig.refused(access), stage2_fault(TF, 3, 0x20_0000_8ABC));
    // FORMAT 2, TF; FSYNR0: level 3, WNR, PNU; no NESTED, no S1CBNDX.
    assert_eq!(record(&mut rig, SECOND), [0x402, 0x20_0000_8ABC, 0x33, 0x20_0000_8ABC, STREAM.into()]);
    assert!(rig.model.irq_context(SECOND));
    clear(&mut rig, SECOND);
    assert_eq!(rig.get(regs::CB_FSR, SECOND), 0);
    // Without CFRE: zeros.
    rig.set(regs::CB_SCTLR, SECOND, 0x41 | GO_ON);
    let verdict = rig.go(access);
    assert!(matches!(verdict, super::super::Verdict::Refused { raz: true, .. }), "{verdict:?}");
}

#[test]
fn low_bits_of_ipafar_are_those_of_far() {
    let mut rig = stage2_only();
    rig.set(regs::CB_FAR, SECOND, 0x1234);
    rig.set(regs::CB_IPAFAR, SECOND, 0xFFFF_FFFF_FFFF_FFFF);
    assert_eq!(rig.get(regs::CB_IPAFAR, SECOND), 0xFFFF_FFFF_F234);
}

#[test]
fn levels_and_kinds_of_faults() {
    for (slot, word, code, level, ptwf) in [
        (0x8100_0400, 0, TF, 1, false),
        (0x8100_4000, 0, TF, 2, false),
        (SECOND_SLOT, 0, TF, 3, false),
        (SECOND_SLOT, PA | SECOND_LEAF & !2, TF, 3, false),
        (0x8100_0400, 0xA000_0003, EF, 2, true),
        (0x8100_4000, 0x1_0000_0000_0003 | 0x9000_0000, EF, 3, true),
        (SECOND_SLOT, PA | SECOND_LEAF & !(1 << 10), AFF, 3, false),
        (SECOND_SLOT, PA | SECOND_LEAF & !(1 << 6), PF, 3, false),
    ] {
        let mut rig = stage2_only();
        rig.ram.set(slot, word);
        assert_eq!(rig.refused(at(IPA)), Fault { ptwf, ..stage2_fault(code, level, IPA) }, "{slot:#x}: {word:#x}");
        let [fsr, _, fsynr0, ..] = record(&mut rig, SECOND);
        assert_eq!((fsr, fsynr0), (0x400 | u64::from(code), u64::from(level) | u64::from(ptwf) << 10));
    }
}

#[test]
fn blocks() {
    let mut rig = stage2_only();
    // A block of level 2: 2 MiB. Read-only.
    rig.ram.set(0x8100_4008, 0x6_0020_0000 | SECOND_LEAF & !2 & !(1 << 7));
    assert_eq!(rig.read(0x20_0034_5678), Some(0x6_0034_5678));
    assert_eq!(rig.refused(write(0x20_003F_FFF8)).code, PF);
    assert_eq!(rig.get(regs::CB_FSYNR0, SECOND), 0x12);
    // A block of level 1: 1 GiB.
    clear(&mut rig, SECOND);
    rig.ram.set(0x8100_0000 + 3 * 8, 0x7_C000_0000 | SECOND_LEAF & !2);
    assert_eq!(rig.read(0xC123_4567), Some(0x7_C123_4567));
}

#[test]
fn permissions_look_at_kind_and_not_at_privilege() {
    for (s2ap, xn, expected) in
        [(0, 0, "---"), (1, 0, "r-x"), (2, 0, "-w-"), (3, 0, "rwx"), (3, 1 << 54, "rw-"), (3, 1 << 53, "rwx")]
    {
        for privileged in [false, true] {
            let mut rig = stage2_only();
            rig.ram.set(SECOND_SLOT, PA | SECOND_LEAF & !(3 << 6) | s2ap << 6 | xn);
            let kinds = [(at(IPA), 'r'), (write(IPA), 'w'), (Access { instruction: true, ..at(IPA) }, 'x')];
            let found: String = kinds
                .map(|(access, letter)| if rig.go(Access { privileged, ..access }).pa().is_some() { letter } else { '-' })
                .iter()
                .collect();
            assert_eq!(found, expected, "S2AP={s2ap} XN={xn:#x} privileged={privileged}");
        }
    }
}

#[test]
fn access_flag_disable() {
    let mut rig = stage2_only();
    rig.ram.set(SECOND_SLOT, PA | SECOND_LEAF & !(1 << 10));
    rig.set(regs::CB_SCTLR, SECOND, ON | GO_ON | 1 << 3);
    assert_eq!(rig.read(IPA), Some(PA));
    rig.set(regs::CB_SCTLR, SECOND, ON | GO_ON);
    assert_eq!(rig.refused(at(IPA)).code, AFF, "an entry without the flag is of no use then");
}

#[test]
fn range_and_output_size() {
    let mut rig = stage2_only();
    // 40 bits of IPA; the port has 49.
    assert_eq!(rig.refused(at(0x100_0000_0000)), stage2_fault(TF, 0, 0x100_0000_0000));
    clear(&mut rig, SECOND);
    assert_eq!(rig.refused(at(0x1_0000_2000_0000)), stage2_fault(TF, 0, 0x1_0000_2000_0000));
    assert_eq!(rig.get(regs::CB_FAR, SECOND), 0x1_0000_2000_0000);
    assert_eq!(rig.get(regs::CB_IPAFAR, SECOND), 0x2000_0000, "48 bits");
    clear(&mut rig, SECOND);
    // PASize 32: the leaf at 0x4_xxxx_xxxx is beyond it; then the table.
    rig.set(regs::CB_TCR, SECOND, 0x8000_0058);
    assert_eq!(rig.refused(at(IPA)), stage2_fault(ASF, 3, IPA));
    clear(&mut rig, SECOND);
    rig.set(regs::CB_TTBR0, SECOND, 0x1_8100_0000);
    assert_eq!(rig.refused(at(IPA)), stage2_fault(ASF, 0, IPA));
}

#[test]
fn registers_that_contradict_each_other() {
    for tcr in [0x8005_00D8, 0x8005_0054, 0x8005_0062, 0x8005_C058] {
        let mut rig = stage2_only();
        rig.set(regs::CB_TCR, SECOND, tcr);
        assert_eq!(rig.refused(at(IPA)), stage2_fault(TF, 0, IPA), "TCR={tcr:#x}");
    }
}

#[test]
fn stage_off_is_identity() {
    let mut rig = stage2_only();
    rig.set(regs::CB_SCTLR, SECOND, 0x60);
    assert_eq!(rig.read(0xFFFF_1234_5678), Some(0xFFFF_1234_5678));
    let beyond = rig.refused(at(1 << 48));
    assert_eq!((beyond.bank, beyond.code, beyond.level), (SECOND, ASF, 0));
}

#[test]
fn without_the_feature_it_is_an_invalid_context() {
    for features in [Features::STAGE1, Features { nested: false, stage2: false, ..FULL.features }] {
        let params = ZYNQMP.with_features(features);
        let mut rig = Rig::with_params(&params);
        rig.set(regs::S2CR, 0, SECOND as u64);
        rig.set(regs::CBAR, SECOND, 0);
        assert_eq!(rig.refused(at(0x1000)), Fault::global(global_code::ICF));
    }
}

#[test]
fn maintenance_of_stage_2_entries() {
    for (id, index, payload, dropped) in [
        (regs::CB_TLBIIPAS2, SECOND, IPA >> 12, true),
        (regs::CB_TLBIIPAS2L, SECOND, IPA >> 12, true),
        (regs::CB_TLBIIPAS2L, SECOND, (IPA >> 12) + 1, false),
        (regs::CB_TLBIIPAS2L, 2, IPA >> 12, false),
        (regs::CB_TLBIALL, SECOND, 0, true),
        (regs::TLBIVMID, 0, 0x21, true),
        (regs::TLBIVMID, 0, 0x22, false),
        (regs::TLBIVMIDS1, 0, 0x21, false),
        (regs::TLBIALLNSNH, 0, 0, true),
        (regs::TLBIALLH, 0, 0, false),
        (regs::CB_TLBIVA, SECOND, IPA >> 12, false),
        (regs::CB_TLBIVAAL, SECOND, IPA >> 12, false),
        (regs::CB_TLBIASID, SECOND, 0, false),
    ] {
        let mut rig = stage2_only();
        assert_eq!(rig.read(IPA), Some(PA));
        rig.ram.set(SECOND_SLOT, 0);
        assert_eq!(rig.read(IPA), Some(PA), "it is cached");
        rig.set(id, index, payload);
        assert_eq!(rig.read(IPA).is_none(), dropped, "{} {payload:#x}", id.register().name);
    }
}

#[test]
fn an_address_in_a_block_drops_the_block() {
    let mut rig = stage2_only();
    rig.ram.set(0x8100_4008, 0x6_0020_0000 | SECOND_LEAF & !2);
    assert_eq!(rig.read(0x20_0034_5678), Some(0x6_0034_5678));
    rig.ram.set(0x8100_4008, 0);
    rig.set(regs::CB_TLBIIPAS2L, SECOND, 0x20_0020_0000 >> 12);
    assert_eq!(rig.read(0x20_0034_5678), None);
}

#[test]
fn identification() {
    let idr0 = |params: &Params| Model::new(params).read(0x20, 4);
    // S2TS 29, NTS 28, ATOSNS 26, PTFS 25:24, EXIDS 8.
    let mask = 3 << 28 | 7 << 24 | 1 << 8;
    assert_eq!(idr0(&ZYNQMP.with_features(Features::STAGE1)) & mask, 6 << 24);
    assert_eq!(idr0(&ZYNQMP) & mask, 3 << 28);
    assert_eq!(idr0(&FULL) & mask, 3 << 28 | 1 << 8);
    let long = ZYNQMP.with_features(Features { aarch32: Aarch32::Long, stage2: true, ..Features::STAGE1 });
    assert_eq!(idr0(&long) & mask, 1 << 29 | 5 << 24);
    assert_eq!(Model::new(&FULL).read(0x28, 4), 0xF555, "VMID16S");
}
