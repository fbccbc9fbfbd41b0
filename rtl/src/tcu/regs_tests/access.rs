//! Reset values, read and write behaviour of every register, refused accesses, the configuration bus.

use super::*;

/// Registers whose reads show something else than what is written, or whose writes have conditions.
const SPECIAL: &[RegId] = &[CB_ACTLR];

#[test]
fn every_register_reads_its_reset_value() {
    let mut b = zynqmp();
    for id in RegId::all().filter(|id| id.register().access != Access::WriteOnly) {
        for index in [0, id.count(&ZYNQMP) - 1] {
            let expected = if id.register().access == Access::Reserved { 0 } else { reset_value(&ZYNQMP, id) };
            assert_eq!(b.read(id, index), expected, "{}", id.register().name);
        }
    }
    // The last bank too.
    assert_eq!(b.read(CB_SCTLR, 15), 0x100);
    assert_eq!(b.read(CB_ACTLR, 15), 3);
}

#[test]
fn the_reset_sequence_tells_the_translation_everything() {
    let b = mini();
    let of = |kind: u128| b.changes.iter().filter(|c| c.0 == kind).map(|c| (c.1, c.2)).collect::<Vec<_>>();
    let all = |count: u128, value: u64| (0..count).map(|i| (i, value)).collect::<Vec<_>>();
    assert_eq!(of(0), all(8, 0), "SMR: no group is valid");
    assert_eq!(of(1), all(8, 0), "S2CR");
    assert_eq!(of(2), all(4, 0x100), "SCTLR: HUPCF");
    assert_eq!(of(7), all(4, 0x2_0000), "CBAR: type 2");
    for kind in [3, 4, 5, 6, 8, 10] {
        assert_eq!(of(kind), all(4, 0), "kind {kind}");
    }
    assert_eq!(of(9), [(0, 0x20_0001)], "sCR0: CLIENTPD");
}

#[test]
fn a_second_reset_forgets_everything() {
    let mut b = mini();
    b.write64(CB_TTBR0, 3, 0x1234_5678_9ABC_DEF0);
    b.write32(SMR, 7, 0x8000_0123);
    b.write32(SCR0, 0, 0x6);
    b.write32(CB_SCTLR, 1, 0x67);
    b.write32(CB_TLBIVAL, 2, 0);
    b.write32_at(CB_TLBIVAL.offset(&MINI, 2) + 4, 0xFFFF_FFFF);
    b.fault(Fault { bank: Some(1), code: 2, va: 0x5000, stream: 9, ..Default::default() });
    b.fault(Fault { code: 2, va: 0x5000, stream: 9, ..Default::default() });
    b.reset();
    assert!(!b.uut.irq_global.val() && b.uut.irq_context.val() == 0 && b.uut.fault_active.val() == 0);
    for id in RegId::all().filter(|id| !matches!(id.register().access, Access::WriteOnly | Access::Reserved)) {
        let banks = if id.register().space == Space::Bank { 4 } else { 1 };
        for index in 0..banks * id.count(&MINI) {
            assert_eq!(b.read(id, index), reset_value(&MINI, id), "{}[{index}]", id.register().name);
        }
    }
    b.ops.clear();
    b.write32(CB_TLBIVAL, 2, 0x77);
    b.until(50, |b| !b.ops.is_empty());
    assert_eq!((b.ops[0].asid, b.ops[0].vpn), (Some(0), Some(0x77)), "the upper word of a command is forgotten too");
}

#[test]
fn every_register_keeps_what_its_mask_lets_through() {
    let mut b = mini();
    for id in RegId::all().filter(|id| id.register().access == Access::ReadWrite && !SPECIAL.contains(id)) {
        let banks = if id.register().space == Space::Bank { 4 } else { 1 };
        let last = banks * id.count(&MINI) - 1;
        let mask = write_mask(&MINI, id);
        for index in [0, last / 2, last] {
            for value in [u64::MAX, 0, 0xA5C3_9669_5AF0_1E87] {
                let offset = id.offset(&MINI, index);
                if id.register().width == 64 {
                    b.write_strobed(offset, value, 0xFF);
                } else {
                    b.write32_at(offset, value as u32);
                }
                let expected = (value & mask) | (reset_value(&MINI, id) & !mask);
                let expected = if id.register().width == 64 { expected } else { expected & 0xFFFF_FFFF };
                assert_eq!(b.read(id, index), expected, "{}[{index}] after {value:#x}", id.register().name);
            }
        }
    }
}

#[test]
fn neighbours_are_not_touched() {
    let mut b = mini();
    b.write64(CB_TTBR0, 1, 0x1111_2222_3333_4444);
    b.write64(CB_TTBR0, 2, 0x5555_6666_7777_8888);
    b.write32(CBAR, 0, 0x1_F305);
    b.write32(CBAR, 1, 0x1_0006);
    b.write32_at(CB_TTBR0.offset(&MINI, 1) + 4, 0xAAAA_BBBB);
    assert_eq!(b.read(CB_TTBR0, 1), 0xAAAA_BBBB_3333_4444);
    assert_eq!(b.read(CB_TTBR0, 2), 0x5555_6666_7777_8888);
    assert_eq!((b.read(CBAR, 0), b.read(CBAR, 1), b.read(CBAR, 2)), (0x1_F305, 0x1_0006, 0x2_0000));
}

#[test]
fn read_only_registers_ignore_writes() {
    let mut b = mini();
    for id in [IDR0, IDR1, IDR2, IDR7, PIDR0, CIDR3, CB_TLBSTATUS, STLBGSTATUS, PMCFGR, PMDEVTYPE] {
        b.write32(id, 0, !(reset_value(&MINI, id) as u32));
        assert_eq!(b.read(id, 0), reset_value(&MINI, id), "{}", id.register().name);
    }
    b.write32(SCR0, 0, 0xFFFF_FFFF);
    assert_eq!(b.read(SCR0, 0) & 0x0020_0330, 0x0020_0000, "read-only bits");
    assert!(b.ops.is_empty());
}

#[test]
fn what_is_not_there_reads_as_zero_and_is_no_fault() {
    let mut b = mini();
    let holes = [0x400, 0x410, 0x448, 0x588, 0x820, 0xC20, 0x1010, 0x1410, 0x1810, 0x2000, 0x2204, 0x2670, 0x4000, 0xFFF8];
    for offset in holes.into_iter().chain([0x1_0400, 0x1_3FF8]) {
        b.write_strobed(offset, u64::MAX, 0xFF);
        assert_eq!(b.read64_at(offset), 0, "{offset:#x}");
    }
    assert_eq!(b.read(SGFSR, 0), 0);
    assert_eq!(b.changes.iter().filter(|c| c.0 == 0).count(), 8, "only the reset sequence wrote SMRs");
}

#[test]
fn a_bank_that_is_not_there_is_a_configuration_access_fault() {
    let mut b = mini();
    b.write32(SCR0, 0, 0x4 | 0x1);
    assert_eq!(b.read64_at(0x1_4060), 0, "reads as zero");
    assert_eq!(b.read(SGFSR, 0), 1 << 5, "CAF");
    assert_eq!(b.read(SGFAR, 0), 0x1_4060);
    assert_eq!(b.read(SGFSYNR0, 0), 0, "a read");
    assert!(b.uut.irq_global.val());
    b.write32(SGFSR, 0, 1 << 5);
    b.write_strobed(0x1_F004, 0, 0xF0);
    assert_eq!(b.read(SGFAR, 0), 0x1_F004, "the address of the write");
    assert_eq!(b.read(SGFSYNR0, 0), 2, "WNR");
    b.write_strobed(0x1_5058, 0, 0xFF);
    assert_eq!(b.read(SGFSR, 0), 1 << 31 | 1 << 5, "the second one only sets MULTI");
    assert_eq!(b.read(SGFAR, 0), 0x1_F004);
}

#[test]
fn a_write_of_part_of_a_word_is_refused_as_a_whole() {
    let mut b = mini();
    b.write64(CB_TTBR1, 0, 0x0123_4567_89AB_CDEF);
    let changes = b.changes.len();
    for (strb, offset) in [(0x01, 0x1_0028), (0x7F, 0x1_0028), (0x3C, 0x1_002A), (0x80, 0x1_002F)] {
        b.write_strobed(offset, u64::MAX, strb);
        assert_eq!(b.read(SGFSR, 0), 1 << 5, "strobes {strb:#x}");
        assert_eq!(b.read(SGFAR, 0), u64::from(offset), "strobes {strb:#x}: the address as issued");
        assert_eq!(b.read(SGFSYNR0, 0), 2);
        b.write32(SGFSR, 0, 0xFFFF_FFFF);
    }
    b.write_strobed(0x1_0028, u64::MAX, 0);
    assert_eq!(b.read(SGFSR, 0), 0, "a write without strobes is nothing");
    assert_eq!(b.read(CB_TTBR1, 0), 0x0123_4567_89AB_CDEF);
    assert_eq!(b.changes.len(), changes);
}

#[test]
fn changes_go_out_with_the_whole_new_value() {
    let mut b = mini();
    let mut expect = |what: &str, action: &dyn Fn(&mut MiniBench), changes: &[Change]| {
        b.changes.clear();
        action(&mut b);
        assert_eq!(b.changes, changes, "{what}");
    };
    expect("64-bit TTBR0", &|b| b.write64(CB_TTBR0, 2, 0x00AB_0000_8765_4321), &[(5, 2, 0x00AB_0000_8765_4321)]);
    expect("lower word of TTBR0", &|b| b.write32(CB_TTBR0, 2, 0x1000), &[(5, 2, 0x00AB_0000_0000_1000)]);
    expect("upper word of TTBR0", &|b| b.write32_at(0x1_2024, 0xCD_0000), &[(5, 2, 0x00CD_0000_0000_1000)]);
    expect("TTBR1", &|b| b.write64(CB_TTBR1, 3, 7), &[(6, 3, 7)]);
    expect("MAIR0", &|b| b.write32(CB_MAIR0, 1, 0xF404_FF44), &[(10, 1, 0xF404_FF44)]);
    expect("MAIR1", &|b| b.write32(CB_MAIR1, 1, 0x1), &[(10, 1, 0x1_F404_FF44)]);
    expect("both MAIRs", &|b| b.write64(CB_MAIR0, 1, 0x2_0000_0003), &[(10, 1, 0x2_0000_0003)]);
    expect("two groups", &|b| b.write64(SMR, 4, 0x8000_0055_8001_00AA), &[(0, 4, 0x8001_00AA), (0, 5, 0x8000_0055)]);
    expect("one group", &|b| b.write32(S2CR, 7, 0x0001_00FF), &[(1, 7, 0x0001_00FF)]);
    expect("masked bits", &|b| b.write32(SMR, 0, 0xFFFF_FFFF), &[(0, 0, 0xFFFF_7FFF)]);
    expect("TCR and CONTEXTIDR", &|b| b.write64(CB_TCR, 0, 0x9_0080_3510), &[(3, 0, 0x0080_3510)]);
    expect("TCR2", &|b| b.write32(CB_TCR2, 0, 0x0003_8015), &[(4, 0, 0x0003_8015)]);
    expect("CBA2R", &|b| b.write32(CBA2R, 3, 0xFFFF_FFFF), &[(8, 3, 1)]);
    expect("CBAR", &|b| b.write64(CBAR, 2, 0x1_0001_0001_F302), &[(7, 2, 0x1_F302), (7, 3, 0x1_0001)]);
    expect("sCR0", &|b| b.write32(SCR0, 0, 0x0020_1C36), &[(9, 0, 0x0020_1C06)]);
    expect("SCTLR", &|b| b.write32(CB_SCTLR, 0, 0x1067), &[(2, 0, 0x67)]);
    expect("nothing of it", &|b| b.write32(CB_CONTEXTIDR, 0, 0x67), &[]);
    expect("a register that nobody copies", &|b| b.write32(SACR, 0, 0), &[]);
}

#[test]
fn a_change_waits_for_the_grant_and_its_response_for_the_change() {
    let mut b = mini();
    b.grant_after = None;
    b.changes.clear();
    b.post_write(CB_SCTLR.offset(&MINI, 0), 1, 0x0F);
    for _ in 0..100 {
        b.tick();
    }
    assert!(b.uut.cw_req.val() && b.changes.is_empty() && !b.uut.s_axil_ctrl_b.valid.val());
    b.grant_after = Some(0);
    b.until(20, |b| b.uut.s_axil_ctrl_b.valid.val());
    assert_eq!(b.changes, [(2, 0, 1)]);
    assert!(!b.uut.cw_req.val());
}

#[test]
fn actlr_is_locked_by_the_cache_lock() {
    let mut b = mini();
    b.write32(CB_ACTLR, 1, 0);
    assert_eq!(b.read(CB_ACTLR, 1), 3, "locked after reset");
    // What the driver does: clears CACHE_LOCK, then CPRE of each bank.
    b.write32(SACR, 0, 0x0000_051C);
    b.write32(CB_ACTLR, 1, 1);
    assert_eq!(b.read(CB_ACTLR, 1), 1);
    b.write32(SACR, 0, 0x0400_051C);
    b.write32(CB_ACTLR, 1, 3);
    assert_eq!(b.read(CB_ACTLR, 1), 1, "locked again");
}

#[test]
fn set_and_clear_registers_share_their_state() {
    let mut b = mini();
    for (set, clear) in [(PMCNTENSET, PMCNTENCLR), (PMINTENSET, PMINTENCLR), (PMOVSSET, PMOVSCLR)] {
        b.write32(set, 0, 0xFFFF_FFF5);
        assert_eq!((b.read(set, 0), b.read(clear, 0)), (5, 5), "four counters");
        b.write32(clear, 0, 4);
        b.write32(set, 0, 2);
        assert_eq!((b.read(set, 0), b.read(clear, 0)), (3, 3));
    }
}

#[test]
fn an_access_takes_14_cycles() {
    let mut b = mini();
    let start = b.cycles;
    b.post_read(IDR0.offset(&MINI, 0));
    b.until(50, |b| b.uut.s_axil_ctrl_r.valid.val());
    assert_eq!(b.cycles - start, 14);
}

#[test]
fn accesses_during_the_reset_sequence_wait_for_it() {
    let mut b = mini();
    b.write32(CB_SCTLR, 1, 0x67);
    b.uut.aresetn.next = false;
    b.tick();
    b.tick();
    b.uut.aresetn.next = true;
    b.changes.clear();
    // Both channels are taken at once; what is asked is done when all registers have their reset values.
    b.post_write(CB_TTBR0.offset(&MINI, 1), 0x1_2345_6789_A000, 0xFF);
    b.post_read(CB_SCTLR.offset(&MINI, 1));
    assert!(!b.uut.init_done.val());
    while !b.uut.init_done.val() {
        assert!(!b.uut.s_axil_ctrl_b.valid.val() && !b.uut.s_axil_ctrl_r.valid.val(), "no response before");
        b.tick();
    }
    let told = b.changes.len();
    b.until(100, |b| b.uut.s_axil_ctrl_b.valid.val() && b.uut.s_axil_ctrl_r.valid.val());
    assert_eq!(b.uut.s_axil_ctrl_r.data.val().u64() as u32, 0x100, "the reset value");
    assert_eq!(b.changes[told..], [(5, 1, 0x1_2345_6789_A000)], "the write comes after the reset sequence");
    b.uut.s_axil_ctrl_b.ready.next = true;
    b.uut.s_axil_ctrl_r.ready.next = true;
    b.tick();
    b.uut.s_axil_ctrl_b.ready.next = false;
    b.uut.s_axil_ctrl_r.ready.next = false;
    assert_eq!(b.read(CB_TTBR0, 1), 0x1_2345_6789_A000);
}

#[test]
fn a_reset_in_the_middle_of_an_access_leaves_no_trace_of_it() {
    for cycles in 1..16 {
        let mut b = mini();
        b.post_write(CB_TTBR0.offset(&MINI, 1), 0x1_2345_6789_A000, 0xFF);
        b.post_read(SACR.offset(&MINI, 0));
        for _ in 0..cycles {
            b.tick();
        }
        b.reset();
        assert!(!b.uut.s_axil_ctrl_b.valid.val() && !b.uut.s_axil_ctrl_r.valid.val(), "no response to what was before");
        assert_eq!((b.read(CB_TTBR0, 1), b.read(SACR, 0)), (0, 0x0400_001C), "after {cycles} cycles");
        b.write64(CB_TTBR0, 1, 7);
        assert_eq!(b.read(CB_TTBR0, 1), 7);
    }
}

#[test]
fn a_synchronization_that_does_not_end_holds_up_no_access() {
    let mut b = mini();
    b.uut.old_drained.next = false;
    b.write32(CB_TLBSYNC, 1, 0);
    b.write32(STLBGSYNC, 0, 0);
    for bank in 0..4 {
        b.write64(CB_TTBR0, bank, 0x1000 * bank as u64);
        b.write32(CB_SCTLR, bank, 0x67);
        assert_eq!((b.read(CB_TTBR0, bank), b.read(CB_SCTLR, bank)), (0x1000 * bank as u64, 0x67));
        b.write32(CB_TLBIALL, bank, 0);
    }
    b.until(200, |b| b.ops.len() == 4);
    assert_eq!(b.read64_at(0x1_7060), 0, "neither does a refused one");
    b.write32(SGFSR, 0, 0xFFFF_FFFF);
    assert_eq!((b.read(CB_TLBSTATUS, 1), b.read(CB_TLBSTATUS, 2), b.read(STLBGSTATUS, 0)), (1, 0, 1));
    b.uut.old_drained.next = true;
    b.until(200, |b| b.flips >= 2);
    for _ in 0..20 {
        b.tick();
    }
    assert_eq!((b.read(CB_TLBSTATUS, 1), b.read(STLBGSTATUS, 0)), (0, 0));
}

#[test]
fn a_64_bit_access_of_two_registers_is_both() {
    let mut b = mini();
    let pair = CB_TCR.offset(&MINI, 2);
    assert_eq!(CB_CONTEXTIDR.offset(&MINI, 2), pair + 4);
    b.write_strobed(pair, 0x0000_0077_0080_3510, 0xFF);
    assert_eq!((b.read32_at(pair), b.read32_at(pair + 4)), (0x0080_3510, 0x77));
    assert_eq!(b.read64_at(pair), 0x0000_0077_0080_3510);
    // One half alone, the other one keeps its value; and one half of which is not there.
    b.write_strobed(pair, 0x0000_0011_FFFF_FFFF, 0xF0);
    assert_eq!(b.read64_at(pair), 0x0000_0011_0080_3510);
    b.write_strobed(CB_FSYNR1.offset(&MINI, 2) & !7, u64::MAX, 0xFF);
    assert_eq!(b.read(SGFSR, 0), 0);
}

#[test]
fn a_64_bit_register_in_two_writes_of_either_order() {
    for upper_first in [false, true] {
        for (id, value) in [
            (CB_TTBR0, 0x0105_0000_8000_1000u64),
            (CB_TTBR1, 0x0106_0000_8000_2000),
            (CB_FAR, 0x0001_2345_6789_ABCD),
            (SGFAR, 0x0001_0000_1234_5678),
            (CB_PAR, 0xFF00_0012_3456_7B88),
        ] {
            let mut b = mini();
            let offset = id.offset(&MINI, 0);
            let mut halves = [(offset, value as u32), (offset + 4, (value >> 32) as u32)];
            if upper_first {
                halves.reverse();
            }
            for (offset, half) in halves {
                b.write32_at(offset, half);
            }
            assert_eq!(b.read(id, 0), value, "{}", id.register().name);
            assert_eq!((b.read32_at(offset), b.read32_at(offset + 4)), (value as u32, (value >> 32) as u32));
        }
    }
}
