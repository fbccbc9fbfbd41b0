use super::*;
use crate::drive;
use crate::testing::{equivalence, synthesis_check};

#[test]
fn synthesizes_attribute_out() {
    synthesis_check(AttributeFill::new(true));
    synthesis_check(AttributeOut::new(true, false));
    synthesis_check(AttributeOut::new(true, true));
}

#[test]
fn verilog_agrees_attribute_out() {
    equivalence(|| AttributeFill::new(true), 4000, 1, drive!(answer, perm), |_| {});
    equivalence(|| AttributeFill::new(false), 500, 2, drive!(answer, perm), |_| {});
    equivalence(|| AttributeOut::new(true, false), 6000, 3, drive!(cache, prot, attr), |_| {});
    equivalence(|| AttributeOut::new(true, true), 6000, 4, drive!(cache, prot, attr), |_| {});
    equivalence(|| AttributeOut::new(false, true), 500, 5, drive!(cache, prot, attr), |_| {});
}

/// AxCACHE, AxPROT and user bits 21:16 of a transaction.
fn out(write: bool, cache: u64, prot: u64, attr: u64) -> (u64, u64, u64) {
    let mut uut = AttributeOut::new(true, write);
    uut.connect_all();
    uut.cache.next = cache.into();
    uut.prot.next = prot.into();
    uut.attr.next = attr.into();
    assert!(simulate(&mut uut, 10), "settles");
    (uut.o_cache.val().u64(), uut.o_prot.val().u64(), uut.o_user.val().u64())
}

/// An entry that changes nothing.
const PASSES: u64 = 0x7e;
const NSH: u64 = 0;
const ISH: u64 = 1;
const OSH: u64 = 2;

#[test]
fn every_axcache_as_it_comes() {
    for cache in 0..16u64 {
        // The code, less what is not an attribute; a hint stays where it is.
        let expected = |write: bool| {
            let (always, hint) = if write { (4, 8) } else { (8, 4) };
            match cache {
                0 | 4 | 8 | 12 => (0, OSH),
                1 | 5 | 9 | 13 => (1, OSH),
                2 | 3 => (3, OSH),
                _ => (2 | cache & 1 | always | cache & hint, NSH),
            }
        };
        for write in [false, true] {
            let (code, domain) = expected(write);
            assert_eq!(out(write, cache, 5, PASSES), (code, 5, code << 2 | domain), "{cache:#x}, write {write}");
        }
    }
}

#[test]
fn replaced_types_hints_and_shareabilities() {
    // Outer WT, inner WB, inner shareable, both hints.
    let entry = 1 | 0x37 << 1 | 1 << 7 | 1 << 8 | 0xf << 10;
    assert_eq!(out(false, 0, 0, entry), (0b1110, 0, 0b1111 << 2 | ISH));
    assert_eq!(out(true, 0, 0, entry), (0b1110, 0, 0b1111 << 2 | ISH));
    // Only one hint of the two.
    let read_only = entry & !(1 << 13);
    assert_eq!(out(false, 0xf, 0, read_only).0, 0b1110);
    assert_eq!(out(true, 0xf, 0, read_only).0, 0b0110);
    // Neither replaced: the transaction's own.
    let own = entry & !(0xf << 10);
    assert_eq!((out(false, 4, 0, own).0, out(false, 8, 0, own).0), (0b1110, 0b1010));
    assert_eq!((out(true, 4, 0, own).0, out(true, 8, 0, own).0), (0b0110, 0b1110));
    // Device, and Normal that nobody caches: outer shareable whatever was said.
    assert_eq!(out(false, 0xf, 0, 1 | 1 << 7), (0, 0, OSH));
    assert_eq!(out(false, 0xf, 0, 1 | 1 << 1 | 1 << 7), (1, 0, 1 << 2 | OSH));
    assert_eq!(out(false, 0xf, 0, 1 | 3 << 1 | 1 << 7), (3, 0, 3 << 2 | OSH));
    // Outer NC, inner WT: cacheable.
    assert_eq!(out(false, 0, 0, 1 | 0x13 << 1 | 1 << 7), (3, 0, 0b1010 << 2 | NSH));
}

#[test]
fn combined_with_the_transactions_own() {
    // An entry whose stage 2 is WT, inner shareable.
    let entry = 0x17 << 1 | 1 << 8;
    assert_eq!(out(false, 0b1111, 0, entry), (0b1110, 0, 0b1110 << 2 | ISH));
    assert_eq!(out(false, 0b0011, 0, entry), (0b0011, 0, 0b0011 << 2 | OSH));
    assert_eq!(out(false, 0b0001, 0, entry), (1, 0, 1 << 2 | OSH));
    // Device of stage 2.
    assert_eq!(out(true, 0b1111, 0, 1 << 1), (1, 0, 1 << 2 | OSH));
    assert_eq!(out(true, 0b0000, 0, 1 << 1), (0, 0, OSH));
}

#[test]
fn privilege_and_instruction() {
    for prot in 0..8 {
        for write in [false, true] {
            let with = |bits: u64| out(write, 0, prot, PASSES | bits).1;
            assert_eq!(with(0), prot);
            assert_eq!(with(1 << 14), prot & 6);
            assert_eq!(with(3 << 14), prot | 1);
            assert_eq!(with(1 << 16), if write { prot } else { prot & 3 });
            assert_eq!(with(3 << 16), if write { prot } else { prot | 4 });
        }
    }
}

/// Index of the permission {px, pw, pr, ux, uw, ur} that an access needs.
fn needs(privileged: bool, write: bool, fetch: bool) -> u64 {
    let kind = match (write, fetch) {
        (true, _) => 1,
        (false, true) => 2,
        (false, false) => 0,
    };
    kind + if privileged { 3 } else { 0 }
}

#[test]
fn an_entry_permits_the_access_as_it_comes_if_what_becomes_of_it_is_permitted() {
    for perm in 0..64u64 {
        for case in 0..16u64 {
            let mut uut = AttributeFill::new(true);
            uut.connect_all();
            uut.answer.next = (case << 16).into();
            uut.perm.next = perm.into();
            assert!(simulate(&mut uut, 10), "settles");
            let held = uut.o_perm.val().u64();
            let (privcfg, instcfg) = (case & 3, case >> 2);
            for access in 0..8u64 {
                let (privileged, write, fetch) = (access & 1 == 1, access & 2 == 2, access & 4 == 4);
                let becomes = |own: bool, how: u64| if how & 1 == 1 { how & 2 == 2 } else { own };
                let (p, f) = (becomes(privileged, privcfg), becomes(fetch, instcfg) && !write);
                let expected = perm >> needs(p, write, f) & 1;
                assert_eq!(held >> needs(privileged, write, fetch && !write) & 1, expected, "{perm:#b} {case:#b} {access}");
            }
        }
    }
}

#[test]
fn an_entry_keeps_what_the_pins_show() {
    let mut uut = AttributeFill::new(true);
    uut.connect_all();
    // Device nGRE, replaced, OSH, read hint set, privileged.
    uut.answer.next = (1 | 3 << 1 | 1 << 9 | 3 << 10 | 3 << 12 | 3 << 16).into();
    assert!(simulate(&mut uut, 10), "settles");
    assert_eq!(uut.o_attr.val().u64(), 1 | 1 << 1 | 1 << 7 | 3 << 8 | 3 << 10 | 3 << 14);
}
