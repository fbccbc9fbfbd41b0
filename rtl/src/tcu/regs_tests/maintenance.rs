//! TLB maintenance commands and synchronization.

use super::*;
use crate::params::FULL;

/// Runs until the queue is empty and returns what was applied.
fn applied(b: &mut MiniBench) -> Vec<Op> {
    for _ in 0..60 {
        b.tick();
    }
    std::mem::take(&mut b.ops)
}

#[test]
fn global_commands() {
    let mut b = mini();
    let mut expect = |id: RegId, value: u64, op: Op| {
        if id.register().width == 64 {
            b.write64(id, 0, value);
        } else {
            b.write32(id, 0, value as u32);
        }
        assert_eq!(applied(&mut b), [op], "{}", id.register().name);
    };
    expect(TLBIALLNSNH, 0xFFFF_FFFF, Op { hyp: Some(false), ..Op::default() });
    expect(TLBIALLH, 0, Op { hyp: Some(true), ..Op::default() });
    expect(TLBIVMID, 0x3C, Op { vmid: Some(0x3C), ..Op::default() });
    expect(TLBIVMIDS1, 0xFF, Op { vmid: Some(0xFF), ..Op::default() });
    expect(TLBIVAH, 0x8765_4FFF, Op { hyp: Some(true), vpn: Some(0x8_7654), ..Op::default() });
    expect(TLBIVAH64, 0x1F_8765_4321, Op { hyp: Some(true), vpn: Some(0x1F_8765_4321), ..Op::default() });
    expect(TLBIVALH64, 0xFFF_FFFF_FFFF, Op { hyp: Some(true), vpn: Some(0x1F_FFFF_FFFF), leaf: true, ..Op::default() });
}

#[test]
fn bank_commands_carry_the_banks_vmid() {
    let mut b = mini();
    // VA 0x1_8765_4321_0000: payload is VA[55:12] with the ASID above.
    let payload = 0xBEEF_0000_0000_0000 | 0x1_8765_4321_0000 >> 12;
    let vpn = Some(0x1_8765_4321_0000 >> 12);
    for (cbar, vmid) in [(0x1_F307, 0x07), (0x1_0442, 0x1_0042), (0x3_0442, 0x42), (0x0_0011, 0x11)] {
        b.write32(CBAR, 2, cbar);
        let mut expect = |id: RegId, op: Op| {
            if id.register().width == 64 {
                b.write64(id, 2, payload);
            } else {
                b.write32(id, 2, 0x1234);
            }
            assert_eq!(applied(&mut b), [Op { vmid: Some(vmid), ..op }], "{} with CBAR {cbar:#x}", id.register().name);
        };
        expect(CB_TLBIALL, Op::default());
        expect(CB_TLBIASID, Op { asid: Some(0x1234), ..Op::default() });
        expect(CB_TLBIVA, Op { asid: Some(0xBEEF), vpn, ..Op::default() });
        expect(CB_TLBIVAA, Op { vpn, ..Op::default() });
        expect(CB_TLBIVAL, Op { asid: Some(0xBEEF), vpn, leaf: true, ..Op::default() });
        expect(CB_TLBIVAAL, Op { vpn, leaf: true, ..Op::default() });
    }
    for id in [CB_TLBIIPAS2, CB_TLBIIPAS2L, CB_ATS1PR, CB_RESUME] {
        b.write64(id, 2, payload);
        assert_eq!(applied(&mut b), [], "{} does nothing", id.register().name);
    }
}

#[test]
fn the_vmid_is_the_one_at_the_time_of_the_write() {
    let mut b = mini();
    b.apply_after = None;
    b.write32(CBAR, 1, 0x1_0005);
    b.write32(CB_TLBIALL, 1, 0);
    b.write32(CBAR, 1, 0x1_0006);
    b.write32(CB_TLBIALL, 1, 0);
    b.apply_after = Some(1);
    let vmids: Vec<_> = applied(&mut b).iter().map(|op| op.vmid).collect();
    assert_eq!(vmids, [Some(5), Some(6)]);
}

#[test]
fn a_command_in_two_words_acts_on_the_low_word() {
    let mut b = mini();
    let (low, high) = (CB_TLBIVA.offset(&MINI, 0), CB_TLBIVA.offset(&MINI, 0) + 4);
    b.write32_at(low, 0x11);
    assert_eq!(applied(&mut b)[0].vpn, Some(0x11), "upper word is 0 after reset");
    b.write32_at(high, 0x0042_0003);
    assert_eq!(applied(&mut b), [], "the upper word alone does nothing");
    // Another bank and another command in between have upper words of their own.
    b.write32_at(CB_TLBIVA.offset(&MINI, 3) + 4, 0x0099_0001);
    b.write32_at(CB_TLBIVAL.offset(&MINI, 0) + 4, 0x0077_0002);
    b.write32_at(low, 0x22);
    b.write32_at(low, 0x33);
    let ops = applied(&mut b);
    assert_eq!((ops[0].asid, ops[0].vpn), (Some(0x42), Some(0x3_0000_0022)));
    assert_eq!((ops[1].asid, ops[1].vpn), (Some(0x42), Some(0x3_0000_0033)), "as last written");
    b.write64(CB_TLBIVA, 0, 0x0001_0000_0000_0044);
    let op = applied(&mut b)[0];
    assert_eq!((op.asid, op.vpn), (Some(1), Some(0x44)), "a 64-bit write brings its own");
    assert_eq!(b.read(CB_TLBIVA, 0), 0, "write only");
}

#[test]
fn two_commands_in_one_access() {
    let mut b = mini();
    b.write_strobed(TLBIALLNSNH.offset(&MINI, 0), 0, 0xFF);
    let hyps: Vec<_> = applied(&mut b).iter().map(|op| op.hyp).collect();
    assert_eq!(hyps, [Some(false), Some(true)], "TLBIALLNSNH, then TLBIALLH");
    b.write_strobed(CB_TLBSYNC.offset(&MINI, 1), 0, 0xFF);
    b.until(60, |b| b.flips == 1);
}

#[test]
fn a_full_queue_holds_the_write_and_nothing_else() {
    let mut b = mini();
    b.apply_after = None;
    for k in 0..9 {
        b.write32(TLBIVMID, 0, k);
    }
    b.post_write(TLBIVMID.offset(&MINI, 0), 9 << 32, 0xF0);
    for _ in 0..50 {
        b.tick();
    }
    assert!(!b.uut.s_axil_ctrl_b.valid.val(), "the tenth waits for room");
    b.fault(Fault { bank: Some(0), code: 2, va: 0x5000, ..Default::default() });
    assert_eq!(b.uut.fault_active.val(), 1);
    b.apply_after = Some(2);
    b.until(30, |b| b.uut.s_axil_ctrl_b.valid.val());
    b.uut.s_axil_ctrl_b.ready.next = true;
    b.tick();
    b.uut.s_axil_ctrl_b.ready.next = false;
    let vmids: Vec<_> = applied(&mut b).iter().map(|op| op.vmid.unwrap_or(99)).collect();
    assert_eq!(vmids, (0..10).collect::<Vec<_>>(), "all, in order");
    assert_eq!(b.read(CB_FAR, 0), 0x5000);
}

#[test]
fn a_synchronization_ends_by_itself_when_nothing_is_in_flight() {
    let mut b = mini();
    b.write32(CB_TLBSYNC, 3, 0);
    b.until(60, |b| b.flips == 1);
    assert_eq!(b.read(CB_TLBSTATUS, 3), 0);
    b.write32(STLBGSYNC, 0, 0xFFFF_FFFF);
    b.until(60, |b| b.flips == 2);
    assert_eq!(b.read(STLBGSTATUS, 0), 0);
}

#[test]
fn a_synchronization_waits_for_earlier_commands() {
    let mut b = mini();
    b.apply_after = None;
    b.write32(CB_TLBIALL, 1, 0);
    b.write32(CB_TLBIALL, 2, 0);
    b.write32(CB_TLBSYNC, 1, 0);
    for _ in 0..100 {
        b.tick();
    }
    assert_eq!(b.flips, 0);
    assert_eq!(b.read(CB_TLBSTATUS, 1), 1);
    assert_eq!(b.read(CB_TLBSTATUS, 2), 0, "no synchronization of that bank");
    assert_eq!(b.read(STLBGSTATUS, 0), 0);
    b.apply_after = Some(3);
    b.until(60, |b| b.flips == 1);
    assert_eq!(b.ops.len(), 2);
    b.until(60, |b| b.uut.op_valid.val() || b.cycles > 0);
    assert_eq!(b.read(CB_TLBSTATUS, 1), 0);
}

#[test]
fn later_commands_do_not_prolong_it() {
    let mut b = mini();
    b.apply_after = Some(40);
    b.write32(CB_TLBIALL, 1, 0);
    b.write32(CB_TLBSYNC, 1, 0);
    // From now on the queue never runs empty.
    for k in 0..20 {
        b.write32(TLBIVMID, 0, k);
        if b.flips == 1 {
            assert!(b.uut.op_valid.val(), "commands are still waiting");
            return;
        }
    }
    panic!("the synchronization never ended");
}

#[test]
fn it_waits_for_walks_that_were_in_flight_but_not_for_later_ones() {
    let mut b = mini();
    b.uut.rows_busy.next = 0b0110u64.into();
    b.write32(CB_TLBSYNC, 0, 0);
    for _ in 0..50 {
        b.tick();
    }
    b.uut.rows_busy.next = 0b1100u64.into();
    for _ in 0..50 {
        b.tick();
    }
    assert_eq!(b.flips, 0, "row 2 is still the old walk");
    b.uut.rows_busy.next = 0b1011u64.into();
    b.until(20, |b| b.flips == 1);
}

#[test]
fn it_waits_for_the_responses_of_both_halves() {
    let mut b = mini();
    b.uut.old_drained.next = false;
    b.write32(CB_TLBSYNC, 0, 0);
    for _ in 0..50 {
        b.tick();
    }
    assert_eq!(b.flips, 0, "the older half is not through");
    b.uut.old_drained.next = true;
    b.until(10, |b| b.flips == 1);
    b.uut.old_drained.next = false;
    for _ in 0..50 {
        b.tick();
    }
    assert_eq!(b.read(CB_TLBSTATUS, 0), 1, "the transactions from before the flip are not through");
    b.uut.old_drained.next = true;
    for _ in 0..3 {
        b.tick();
    }
    assert_eq!(b.read(CB_TLBSTATUS, 0), 0);
    assert_eq!(b.flips, 1, "one flip a round");
}

#[test]
fn a_request_during_a_round_gets_a_round_of_its_own() {
    let mut b = mini();
    b.uut.rows_busy.next = 1u64.into();
    b.write32(CB_TLBSYNC, 0, 0);
    for _ in 0..10 {
        b.tick();
    }
    b.write32(CB_TLBSYNC, 0, 0);
    b.write32(STLBGSYNC, 0, 0);
    b.uut.rows_busy.next = 0u64.into();
    b.until(20, |b| b.flips == 1);
    b.uut.rows_busy.next = 2u64.into();
    for _ in 0..20 {
        b.tick();
    }
    assert_eq!((b.read(CB_TLBSTATUS, 0), b.read(STLBGSTATUS, 0)), (1, 1), "the second round");
    b.uut.rows_busy.next = 0u64.into();
    b.until(20, |b| b.flips == 2);
    for _ in 0..8 {
        b.tick();
    }
    assert_eq!((b.read(CB_TLBSTATUS, 0), b.read(STLBGSTATUS, 0)), (0, 0));
}

#[test]
fn a_master_that_takes_no_responses_blocks_no_maintenance() {
    let mut b = mini();
    b.apply_after = None;
    b.write32(CB_TLBIALL, 0, 0);
    b.write32(CB_TLBSYNC, 0, 0);
    b.post_read(0);
    for _ in 0..30 {
        b.tick();
    }
    assert!(b.uut.s_axil_ctrl_r.valid.val());
    b.apply_after = Some(1);
    b.until(60, |b| b.flips == 1);
    assert_eq!(b.ops.len(), 1);
}

#[test]
fn commands_by_ipa_are_by_address_in_the_vmid_of_the_bank() {
    let mut b = MiniBench::new(&FULL);
    b.write32(CBAR, 3, 0x77);
    b.write64(CB_TLBIIPAS2, 3, 0xFFF_FFF8_7654_3210);
    b.write64(CB_TLBIIPAS2L, 3, 0x1_2345);
    let op = Op { vmid: Some(0x77), vpn: Some(0x8_7654_3210), ..Op::default() };
    assert_eq!(applied(&mut b), [op, Op { vpn: Some(0x1_2345), leaf: true, ..op }]);
}

#[test]
fn commands_of_an_aarch32_bank_have_address_and_asid_in_one_word() {
    let mut b = MiniBench::new(&FULL);
    b.write32(CBAR, 1, 1 << 16 | 0x21);
    let whole = Op { vmid: Some(0x21), asid: Some(0x5C), vpn: Some(0x8_7654), ..Op::default() };
    b.write32(CB_TLBIVA, 1, 0x8765_4A5C);
    b.write32(CB_TLBIVAAL, 1, 0x8765_4A5C);
    b.write32(CB_TLBIASID, 1, 0xFF5C);
    let expected = [whole, Op { asid: None, leaf: true, ..whole }, Op { vpn: None, ..whole }];
    assert_eq!(applied(&mut b), expected);
    // The same words in an AArch64 bank.
    b.write32(CBA2R, 1, 1);
    b.write64(CB_TLBIVA, 1, 0x105 << 48 | 0x8765_4A5C);
    b.write32(CB_TLBIASID, 1, 0xFF5C);
    let op = Op { vmid: Some(0x21), asid: Some(0x105), vpn: Some(0x8765_4A5C), ..Op::default() };
    assert_eq!(applied(&mut b), [op, Op { asid: Some(0xFF5C), vpn: None, ..op }]);
}
