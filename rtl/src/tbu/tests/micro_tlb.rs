//! The micro TLB: its two forms, and what it keeps and drops.

use super::*;
use crate::drive;
use crate::testing::{equivalence, synthesis_check, tick, Stimulus};

macro_rules! pins {
    () => {
        drive!(
            clock,
            aresetn,
            rd_sid,
            rd_vpn,
            rd_need,
            rd_over,
            wr_sid,
            wr_vpn,
            wr_need,
            wr_over,
            drop_all,
            inv_valid,
            inv_use_hyp,
            inv_hyp,
            inv_use_vmid,
            inv_vmid,
            inv_use_asid,
            inv_asid,
            inv_use_va,
            inv_vpn,
            fill_valid,
            fill_sid,
            fill_vpn,
            fill_ppn,
            fill_mask,
            fill_perm,
            fill_ng,
            fill_asid,
            fill_vmid,
            fill_part,
            fill_attr,
            fill_bank
        )
    };
}

#[test]
fn synthesizes() {
    synthesis_check(MicroTlb::<8>::default());
    synthesis_check(MicroTlb::<8>::new(false, true));
    synthesis_check(MicroTlb::<32>::default());
    synthesis_check(MicroTlb::<8>::new(true, false));
}

/// Stimulus that hits, overlaps and invalidates often: few streams, pages, spaces, and legal masks.
fn crowded(s: &mut Stimulus) {
    for pin in ["rd_sid", "wr_sid", "fill_sid"] {
        s.below(pin, 2);
    }
    for pin in ["rd_vpn", "wr_vpn", "fill_vpn", "inv_vpn"] {
        let low = s.random.below(16);
        let shift = s.random.pick(&[0, 1, 2, 5, 9, 13, 17, 18]);
        s.set(pin, low << shift);
    }
    let size = s.random.below(8);
    s.set("fill_mask", (1u64 << size) - 1);
    for pin in ["inv_vmid", "fill_vmid"] {
        let vmid = s.random.pick(&[0u64, 1, 0x101, 0x1_0000]);
        s.set(pin, vmid);
    }
    for pin in ["rd_need", "wr_need"] {
        let permission = s.random.below(6);
        s.set(pin, 1u64 << permission);
    }
    s.below("inv_asid", 2);
    s.below("fill_asid", 2);
    s.often("fill_valid", 1, 3);
    s.often("inv_valid", 1, 8);
    s.often("drop_all", 1, 60);
    s.often("inv_use_va", 3, 4);
}

#[test]
fn verilog_agrees() {
    equivalence(MicroTlb::<8>::default, 3000, 1, pins!(), crowded);
    equivalence(|| MicroTlb::<8>::new(true, false), 3000, 4, pins!(), crowded);
    equivalence(MicroTlb::<32>::default, 1500, 2, pins!(), crowded);
    equivalence(|| MicroTlb::<8>::new(true, true), 1500, 5, pins!(), crowded);
    equivalence(MicroTlb::<16>::default, 500, 3, pins!(), |_| {});
}

struct Bench {
    tlb: MicroTlb<4>,
}

impl Bench {
    fn new() -> Self {
        let mut tlb = MicroTlb::default();
        tlb.connect_all();
        tlb.aresetn.next = true;
        tlb.rd_need.next = 1.into();
        Bench { tlb }
    }

    /// One cycle; operations of the cycle are cleared behind it.
    fn step(&mut self) {
        tick(&mut self.tlb, |b| &mut b.clock);
        self.tlb.fill_valid.next = false;
        self.tlb.inv_valid.next = false;
        self.tlb.drop_all.next = false;
    }

    fn fill(&mut self, sid: u64, vpn: u64, mask: u64, ppn: u64) {
        let t = &mut self.tlb;
        t.fill_valid.next = true;
        t.fill_sid.next = sid.into();
        t.fill_vpn.next = vpn.into();
        t.fill_mask.next = mask.into();
        t.fill_ppn.next = ppn.into();
        t.fill_perm.next = 0x3f.into();
        t.fill_vmid.next = 5.into();
        t.fill_asid.next = 7.into();
        t.fill_ng.next = true;
    }

    fn inv_va(&mut self, vpn: u64) {
        self.tlb.inv_valid.next = true;
        self.tlb.inv_use_va.next = true;
        self.tlb.inv_vpn.next = vpn.into();
    }

    fn aim(&mut self, sid: u64, vpn: u64) {
        self.tlb.rd_sid.next = sid.into();
        self.tlb.rd_vpn.next = vpn.into();
    }

    /// Output page of a look-up (two cycles).
    fn look(&mut self, sid: u64, vpn: u64) -> Option<u64> {
        self.aim(sid, vpn);
        self.step();
        self.tlb.rd_hit.val().then(|| self.tlb.rd_ppn.val().u64())
    }

    fn settle(&mut self) {
        self.step();
        self.step();
    }
}

#[test]
fn a_fill_is_seen_two_cycles_later_and_only_by_its_stream() {
    let mut b = Bench::new();
    b.fill(1, 0x10, 0, 0x99);
    assert_eq!(b.look(1, 0x10), None);
    assert_eq!(b.look(1, 0x10), None);
    assert_eq!(b.look(1, 0x10), Some(0x99));
    assert_eq!(b.look(2, 0x10), None);
    assert_eq!(b.look(1, 0x11), None);
}

#[test]
fn an_entry_that_does_not_permit_the_access_does_not_hit() {
    for permission in 0..6 {
        let mut b = Bench::new();
        b.fill(1, 0x10, 0, 0x99);
        b.tlb.fill_perm.next = (1u64 << permission).into();
        b.settle();
        for need in 0..6 {
            b.tlb.rd_need.next = (1u64 << need).into();
            assert_eq!(b.look(1, 0x10).is_some(), need == permission, "permission {permission}, needed {need}");
        }
    }
}

#[test]
fn the_whole_space_does_not_answer_beyond_the_output_size() {
    for (mask, whole) in [(0b111_1111, true), (0b011_1111, false)] {
        let mut b = Bench::new();
        b.fill(1, 0, mask, 0x99);
        b.settle();
        b.tlb.rd_over.next = true;
        assert_eq!(b.look(1, 0x10).is_some(), !whole);
        b.tlb.rd_over.next = false;
        assert!(b.look(1, 0x10).is_some());
    }
}

#[test]
fn a_block_answers_for_all_its_pages_and_a_smaller_page_replaces_it() {
    let mut b = Bench::new();
    b.fill(1, 0x200, 0b111, 0x4000);
    b.settle();
    assert_eq!(b.look(1, 0x200), Some(0x4000));
    assert_eq!(b.look(1, 0x3ff), Some(0x4000));
    assert_eq!(b.look(1, 0x400), None);
    b.fill(1, 0x3ff, 0, 0x77);
    b.settle();
    assert_eq!(b.look(1, 0x3ff), Some(0x77));
    assert_eq!(b.look(1, 0x200), None);
}

#[test]
fn an_invalidation_beside_or_just_before_a_fill_wins() {
    let mut b = Bench::new();
    b.fill(1, 0x10, 0, 0x99);
    b.inv_va(0x55);
    b.settle();
    assert_eq!(b.look(1, 0x10), None);
    b.inv_va(0x55);
    b.step();
    b.fill(1, 0x10, 0, 0x99);
    b.settle();
    assert_eq!(b.look(1, 0x10), None);
    b.inv_va(0x10);
    b.step();
    b.step();
    b.fill(1, 0x10, 0, 0x99);
    b.settle();
    assert_eq!(b.look(1, 0x10), Some(0x99));
}

#[test]
fn an_invalidation_right_behind_a_fill_finds_it() {
    let mut b = Bench::new();
    b.fill(1, 0x10, 0, 0x99);
    b.step();
    b.inv_va(0x10);
    b.settle();
    assert_eq!(b.look(1, 0x10), None);
}

#[test]
fn no_look_up_sees_mixed_contents_while_an_entry_is_overwritten() {
    let mut b = Bench::new();
    for page in 0..4 {
        b.fill(1, page, 0, 0x100 + page);
        b.step();
    }
    b.settle();
    // Round robin: page 0 is the victim of the next fill. Look-ups for it go on in every cycle.
    b.fill(1, 9, 0, 0x109);
    let seen: Vec<_> = (0..5).map(|_| b.look(1, 0)).collect();
    assert_eq!(seen, [Some(0x100), None, None, None, None]);
    assert_eq!(b.look(1, 9), Some(0x109));
}

#[test]
fn tags_of_invalidations() {
    // (use_hyp, hyp, use_vmid, vmid, use_asid, asid, use_va, vpn) against the entry {vmid 5, asid 7, nG, page 0x10}.
    let cases = [
        ((true, true, false, 0, false, 0, false, 0), true),
        ((true, false, false, 0, false, 0, false, 0), false),
        ((false, false, true, 5, false, 0, false, 0), false),
        ((false, false, true, 0x105, false, 0, false, 0), true),
        ((false, false, true, 5, true, 7, false, 0), false),
        ((false, false, true, 5, true, 8, false, 0), true),
        ((false, false, true, 5, true, 8, true, 0x10), true),
        ((false, false, true, 5, true, 7, true, 0x10), false),
        ((false, false, true, 5, false, 0, true, 0x10), false),
        ((false, false, true, 5, false, 0, true, 0x11), true),
    ];
    for (case, survives) in cases {
        let mut b = Bench::new();
        b.fill(1, 0x10, 0, 0x99);
        b.settle();
        let t = &mut b.tlb;
        t.inv_valid.next = true;
        t.inv_use_hyp.next = case.0;
        t.inv_hyp.next = case.1;
        t.inv_use_vmid.next = case.2;
        t.inv_vmid.next = case.3.into();
        t.inv_use_asid.next = case.4;
        t.inv_asid.next = case.5.into();
        t.inv_use_va.next = case.6;
        t.inv_vpn.next = case.7.into();
        b.settle();
        assert_eq!(b.look(1, 0x10).is_some(), survives, "{case:?}");
    }
}

#[test]
fn a_global_entry_is_kept_by_asid_and_dropped_by_address() {
    for use_va in [false, true] {
        let mut b = Bench::new();
        b.fill(1, 0x10, 0, 0x99);
        b.tlb.fill_ng.next = false;
        b.settle();
        b.tlb.inv_valid.next = true;
        b.tlb.inv_use_asid.next = true;
        b.tlb.inv_asid.next = if use_va { 8 } else { 7 }.into();
        b.tlb.inv_use_va.next = use_va;
        b.tlb.inv_vpn.next = 0x10.into();
        b.settle();
        assert_eq!(b.look(1, 0x10).is_some(), !use_va);
    }
}
