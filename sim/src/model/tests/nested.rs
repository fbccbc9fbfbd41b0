//! Both stages: banks of TYPE 3, and the ways in which either fails.

use super::super::context_code::{AFF, ASF, EF, PF, TF};
use super::super::testing::nested::{
    at, clear, nested, nested_on, record, FIRST, FIRST_LEAF, FIRST_SLOTS, FULL, GO_ON, IPA, ON, PA, SECOND, SECOND_LEAF,
    SECOND_SLOT, VA, WALK_SLOTS,
};
use super::super::testing::rig::{write, Rig, STREAM};
use super::super::{global_code, Access, Fault, Stage2Record, Verdict};
use smmu_rtl::params::{Features, ZYNQMP};
use smmu_rtl::registers as regs;

fn of_stage1(code: u32, level: u8) -> Fault {
    Fault::context(FIRST, code, level)
}

fn of_stage2(code: u32, level: u8, ipa: u64, on_walk: bool) -> Fault {
    Fault { stage2: Some(Stage2Record { ipa, stage1_bank: Some(FIRST), on_walk }), ..Fault::context(SECOND, code, level) }
}

#[test]
fn two_stages_in_one() {
    let mut rig = nested();
    assert_eq!(rig.read(VA + 0x678), Some(PA + 0x678));
    assert_eq!(rig.ram.reads, 4 * 3 + 3, "three stage-1 descriptors and the leaf, each through three of stage 2");
    let reads = rig.ram.reads;
    assert_eq!(rig.go(write(VA)).pa(), Some(PA));
    assert_eq!(rig.ram.reads, reads, "cached");
}

#[test]
fn stage_2_fault_on_a_stage_1_walk() {
    // Level of the stage-1 descriptor, its IPA.
    for (n, ipa) in [(0, 0x10_0000_0000), (1, 0x10_0000_1010), (2, 0x10_0000_2010)] {
        let mut rig = nested();
        rig.ram.set(WALK_SLOTS[n], 0);
        assert_eq!(rig.refused(write(VA + 0x123)), of_stage2(TF, 3, ipa, true));
        // FAR: the virtual address; FSYNR0: level 3, NESTED, S1PTWF, WNR, S1CBNDX = 5; IPAFAR: the page of the descriptor.
        let expected = [0x402, VA + 0x123, 0x5_001F, ipa & !0xFFF | 0x123, STREAM.into()];
        assert_eq!(record(&mut rig, SECOND), expected);
        assert_eq!(rig.get(regs::CB_FSR, FIRST), 0);
        assert!(rig.model.irq_context(SECOND) && !rig.model.irq_context(FIRST));
    }
}

#[test]
fn stage_2_fault_of_the_result() {
    for (word, code) in [(0, TF), (PA | SECOND_LEAF & !(1 << 10), AFF), (PA | SECOND_LEAF & !(1 << 6), PF)] {
        let mut rig = nested();
        rig.ram.set(SECOND_SLOT, word);
        assert_eq!(rig.refused(at(VA + 0x40)), of_stage2(code, 3, IPA + 0x40, false));
        assert_eq!(record(&mut rig, SECOND), [0x400 | u64::from(code), VA + 0x40, 0x5_0007, IPA + 0x40, STREAM.into()]);
    }
}

#[test]
fn stage_2_levels_of_the_result() {
    for (slot, level) in [(0x8100_0400, 1), (0x8100_4000, 2)] {
        let mut rig = nested();
        rig.ram.set(slot, 0);
        assert_eq!(rig.refused(at(VA)), of_stage2(TF, level, IPA, false));
        assert_eq!(rig.get(regs::CB_FSYNR0, SECOND), 0x5_0004 | u64::from(level));
    }
}

#[test]
fn stage_1_faults_stay_with_stage_1() {
    for (n, word, fault) in [
        (0, 0, of_stage1(TF, 1)),
        (1, 0, of_stage1(TF, 2)),
        (2, 0, of_stage1(TF, 3)),
        (2, IPA | FIRST_LEAF & !(1 << 10), of_stage1(AFF, 3)),
        (2, IPA | FIRST_LEAF | 1 << 7, of_stage1(PF, 3)),
    ] {
        let mut rig = nested();
        rig.ram.set(FIRST_SLOTS[n], word);
        // Whatever stage 2 makes of the result: stage 1 comes first.
        rig.ram.set(SECOND_SLOT, 0);
        assert_eq!(rig.refused(write(VA)), fault);
        let [fsr, far, fsynr0, ipafar, stream] = record(&mut rig, FIRST);
        assert_eq!((fsr, far, stream), (0x400 | u64::from(fault.code), VA, STREAM.into()));
        assert_eq!((fsynr0, ipafar), (0x10 | u64::from(fault.level), VA & 0xFFF), "not NESTED, no S1CBNDX, no IPA");
        assert_eq!(rig.get(regs::CB_FSR, SECOND), 0);
    }
}

#[test]
fn external_aborts_belong_to_the_stage_whose_descriptor_is_read() {
    // Stage 2 sends the stage-1 table of level 2 to a hole.
    let mut rig = nested();
    rig.ram.set(WALK_SLOTS[1], 0xA000_0000 | SECOND_LEAF);
    assert_eq!(rig.refused(at(VA)), Fault { ptwf: true, ..of_stage1(EF, 2) });
    assert_eq!(rig.get(regs::CB_FSYNR0, FIRST), 0x402);
    // A stage-2 table lies in a hole.
    let mut rig = nested();
    rig.ram.set(0x8100_2000, 0xA000_0003);
    assert_eq!(rig.refused(at(VA)), Fault { ptwf: true, ..of_stage2(EF, 3, 0x10_0000_0000, true) });
    assert_eq!(rig.get(regs::CB_FSYNR0, SECOND), 0x5_040F);
}

#[test]
fn a_stage_1_walk_is_a_data_read_of_stage_2() {
    // Write-only, and not executable: only the read permission counts.
    let mut rig = nested();
    rig.ram.set(WALK_SLOTS[2], 0x8200_A000 | SECOND_LEAF & !(1 << 6));
    assert_eq!(rig.refused(write(VA)), of_stage2(PF, 3, 0x10_0000_2010, true));
    let mut rig = nested();
    rig.ram.set(WALK_SLOTS[2], 0x8200_A000 | SECOND_LEAF & !(1 << 7) | 1 << 54);
    assert_eq!(rig.go(Access { instruction: true, ..at(VA) }).pa(), Some(PA));
}

#[test]
fn protected_walks_may_not_meet_device_memory() {
    for (memattr, ptw, passes) in [(0x1, true, false), (0x3, true, false), (0x1, false, true), (0x5, true, true)] {
        let mut rig = nested();
        rig.ram.set(WALK_SLOTS[1], 0x8200_5000 | SECOND_LEAF & !(0xF << 2) | memattr << 2);
        rig.set(regs::CB_SCTLR, SECOND, ON | GO_ON | u64::from(ptw) << 13);
        let verdict = rig.go(at(VA));
        if passes {
            assert_eq!(verdict.pa(), Some(PA), "MemAttr={memattr:#x} PTW={ptw}");
        } else {
            assert_eq!(verdict.fault(), Some(of_stage2(PF, 3, 0x10_0000_1010, true)), "MemAttr={memattr:#x} PTW={ptw}");
        }
    }
    // The result itself may be Device.
    let mut rig = nested();
    rig.ram.set(SECOND_SLOT, PA | SECOND_LEAF & !(0xF << 2));
    rig.set(regs::CB_SCTLR, SECOND, ON | GO_ON | 1 << 13);
    assert_eq!(rig.read(VA), Some(PA));
}

#[test]
fn size_faults() {
    // Stage-1 PASize 32: TTBR0 at 0x10_0000_0000 is beyond it.
    let mut rig = nested();
    rig.set(regs::CB_TCR2, FIRST, 0x3_8010);
    assert_eq!(rig.refused(at(VA)), of_stage1(ASF, 0));
    // The IPA is beyond the 40 bits of stage 2.
    let mut rig = nested();
    rig.ram.set(FIRST_SLOTS[2], 0x100_0000_0000 | FIRST_LEAF);
    assert_eq!(rig.refused(at(VA)), of_stage2(TF, 0, 0x100_0000_0000, false));
}

#[test]
fn one_stage_off() {
    // Stage 1 off: the address is the IPA, and a fault of stage 2 is still nested.
    let mut rig = nested();
    rig.set(regs::CB_SCTLR, FIRST, 0x60);
    assert_eq!(rig.read(IPA + 4), Some(PA + 4));
    assert_eq!(rig.refused(at(VA)), of_stage2(TF, 1, VA, false));
    assert_eq!(rig.get(regs::CB_FSYNR0, SECOND), 0x5_0005);
    // Stage 2 off: stage 1 alone.
    let mut rig = nested();
    rig.set(regs::CB_SCTLR, SECOND, 0x60);
    rig.set(regs::CB_TTBR0, FIRST, 3 << 48 | 0x8300_0000);
    for (slot, word) in [(0x8300_0000, 0x8300_1003), (0x8300_1010, 0x8300_2003), (0x8300_2010, IPA | FIRST_LEAF)] {
        rig.ram.set(slot, word);
    }
    assert_eq!(rig.read(VA + 4), Some(IPA + 4));
    // Both off: identity, and too big an address belongs to the bank that the stream names.
    let mut rig = nested();
    rig.set(regs::CB_SCTLR, FIRST, 0x60);
    rig.set(regs::CB_SCTLR, SECOND, 0x60);
    assert_eq!(rig.read(VA), Some(VA));
    assert_eq!(rig.refused(at(1 << 48)), of_stage1(ASF, 0));
}

#[test]
fn banks_that_do_not_go_together() {
    let icf = Fault::global(global_code::ICF);
    for cbar in [3 << 16 | 2 << 8, 3 << 16 | 16 << 8, 3 << 16 | 200 << 8, 2 << 16] {
        let mut rig = nested();
        rig.set(regs::CBAR, FIRST, cbar);
        assert_eq!(rig.refused(at(VA)), icf, "CBAR={cbar:#x}");
    }
    // Stage 2 alone, and no nesting.
    let params = ZYNQMP.with_features(Features { nested: false, ..FULL.features });
    assert_eq!(nested_on(&params).refused(at(VA)), icf);
}

#[test]
fn a_pending_fault_of_either_bank_blocks() {
    for (bank, other) in [(FIRST, SECOND), (SECOND, FIRST)] {
        let mut rig = nested();
        rig.set(regs::CB_SCTLR, bank, ON);
        rig.set(regs::CB_FSRRESTORE, bank, 8);
        assert_eq!(rig.go(at(VA)), Verdict::Refused { raz: false, fault: Fault::context(bank, 0, 0) });
        assert_eq!(rig.get(regs::CB_FSR, bank), 0x8000_0408);
        assert_eq!(rig.get(regs::CB_FSR, other), 0);
        clear(&mut rig, bank);
        assert_eq!(rig.read(VA), Some(PA));
        // With HUPCF it does not.
        rig.set(regs::CB_SCTLR, bank, ON | GO_ON);
        rig.set(regs::CB_FSRRESTORE, bank, 8);
        assert_eq!(rig.read(VA), Some(PA));
    }
    // A stage that is off does not count.
    let mut rig = nested();
    rig.set(regs::CB_SCTLR, FIRST, 0x60);
    rig.set(regs::CB_FSRRESTORE, FIRST, 8);
    assert_eq!(rig.read(IPA), Some(PA));
}

/// What is left of a combined entry and of the stage-2 entries behind it, seen by changing the tables underneath.
fn after(id: regs::RegId, index: usize, payload: u64) -> (bool, bool, bool) {
    let cached = || {
        let mut rig = nested();
        assert_eq!(rig.read(VA), Some(PA));
        rig
    };
    let drop = |rig: &mut Rig| rig.set(id, index, payload);
    // The combined entry: all descriptors of both stages are gone.
    let mut rig = cached();
    rig.ram.set(FIRST_SLOTS[2], 0);
    drop(&mut rig);
    let combined = rig.read(VA).is_some();
    // The stage-2 entry of the result, seen through the stage-2 bank itself.
    let mut rig = cached();
    rig.ram.set(SECOND_SLOT, 0);
    drop(&mut rig);
    rig.set(regs::S2CR, 0, SECOND as u64);
    let result = rig.read(IPA).is_some();
    // The stage-2 entry of a stage-1 table.
    let mut rig = cached();
    rig.ram.set(WALK_SLOTS[1], 0);
    drop(&mut rig);
    rig.set(regs::S2CR, 0, SECOND as u64);
    let table = rig.read(0x10_0000_1000).is_some();
    (combined, result, table)
}

#[test]
fn what_each_command_drops() {
    let address = |asid: u64, va: u64| asid << 48 | va >> 12;
    for (id, index, payload, expected) in [
        (regs::CB_TLBSYNC, FIRST, 0, (true, true, true)),
        (regs::CB_TLBIVA, FIRST, address(3, VA), (false, true, true)),
        (regs::CB_TLBIVAL, FIRST, address(3, VA), (false, true, true)),
        (regs::CB_TLBIVAL, FIRST, address(4, VA), (true, true, true)),
        (regs::CB_TLBIVAA, FIRST, address(0, VA), (false, true, true)),
        (regs::CB_TLBIASID, FIRST, 3, (false, true, true)),
        (regs::CB_TLBIASID, FIRST, 4, (true, true, true)),
        (regs::CB_TLBIALL, FIRST, 0, (false, false, false)),
        (regs::CB_TLBIIPAS2, SECOND, IPA >> 12, (true, false, true)),
        (regs::CB_TLBIIPAS2L, SECOND, 0x10_0000_1000 >> 12, (true, true, false)),
        (regs::TLBIVMIDS1, 0, 0x21, (false, true, true)),
        (regs::TLBIVMID, 0, 0x21, (false, false, false)),
        (regs::TLBIVMID, 0, 0x20, (true, true, true)),
        (regs::TLBIALLNSNH, 0, 0, (false, false, false)),
        (regs::TLBIALLH, 0, 0, (true, true, true)),
    ] {
        assert_eq!(after(id, index, payload), expected, "{} {payload:#x}", id.register().name);
    }
}

#[test]
fn a_stage_1_block_in_stage_2_pages_goes_as_a_whole() {
    let mut rig = nested();
    // 2 MiB of stage 1 at VA 0x40_0000; two pages of it are there in stage 2.
    rig.ram.set(FIRST_SLOTS[1], 0x20_0000_0000 | FIRST_LEAF & !2);
    rig.ram.set(SECOND_SLOT + 8, 0x4_1111_1000 | SECOND_LEAF);
    assert_eq!(rig.read(0x40_7004), Some(PA + 4));
    assert_eq!(rig.read(0x40_8004), Some(0x4_1111_1004));
    assert_eq!(rig.refused(at(0x40_9000)), of_stage2(TF, 3, 0x20_0000_9000, false));
    rig.ram.set(FIRST_SLOTS[1], 0);
    assert_eq!(rig.read(0x40_8004), Some(0x4_1111_1004), "it is cached");
    rig.set(regs::CB_TLBIVAL, FIRST, 3 << 48 | 0x41_F000 >> 12);
    assert_eq!(rig.refused(at(0x40_8004)), of_stage1(TF, 2));
    assert_eq!(rig.refused(at(0x40_7004)), of_stage1(TF, 2));
}
