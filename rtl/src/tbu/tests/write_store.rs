//! The store: the two forms, and that data comes out as it went in, in the order of the addresses.

use super::*;
use crate::drive;
use crate::params::MINI;
use crate::testing::{equivalence, synthesis_check, tick, Random, Stimulus};

#[test]
fn synthesizes() {
    synthesis_check(WriteStore::<64, 8>::new(&MINI.with_everything()));
    synthesis_check(WriteStore::<128, 16>::new(&MINI.with_everything()));
}

#[test]
fn verilog_agrees() {
    let close = |s: &mut Stimulus| {
        s.often("in_last", 1, 3);
        s.often("issue_stored", 1, 10);
        s.below("ahead", 3);
    };
    equivalence(
        || WriteStore::<64, 8>::new(&MINI.with_everything()),
        4000,
        1,
        drive!(clock, aresetn, in_valid, in_place, in_data, in_strb, in_last, issue_stored, issue_place, ahead, passed, out_take),
        close,
    );
}

/// Two bursts at a time, of up to 256 beats, between bursts of the client's.
#[test]
fn keeps_data_and_order() {
    let mut b = WriteStore::<64, 8>::new(&MINI.with_everything());
    b.connect_all();
    let mut random = Random::new(3);
    for cycle in 0..3 {
        b.aresetn.next = cycle == 2;
        tick(&mut b, |b| &mut b.clock);
    }
    for round in 0..30u64 {
        let lengths = [[1, 256], [256, 3], [7, 7]][round as usize % 3];
        for (place, length) in lengths.into_iter().enumerate() {
            for n in 0..length {
                b.in_valid.next = true;
                b.in_place.next = place == 1;
                b.in_data.next = (round << 32 | (place as u64) << 16 | n).into();
                b.in_strb.next = (n & 0xff).into();
                b.in_last.next = n == length - 1;
                tick(&mut b, |b| &mut b.clock);
            }
        }
        b.in_valid.next = false;
        // Place 1 is sent first; `ahead` bursts of the client's come before it, more before place 0.
        let (before, between) = (random.below(3), random.below(3));
        for (place, ahead) in [(1, before), (0, before + between)] {
            b.issue_stored.next = true;
            b.issue_place.next = place == 1;
            b.ahead.next = ahead.into();
            tick(&mut b, |b| &mut b.clock);
        }
        b.issue_stored.next = false;
        for (place, ahead) in [(1, before), (0, between)] {
            for _ in 0..ahead {
                assert!(simulate(&mut b, 100));
                assert!(!b.turn.val() && !b.out_valid.val(), "the client's data goes first");
                b.passed.next = true;
                tick(&mut b, |b| &mut b.clock);
                b.passed.next = false;
            }
            let length = lengths[place];
            let mut n = 0;
            while n < length {
                b.out_take.next = random.chance(2, 3);
                assert!(simulate(&mut b, 100));
                assert!(b.turn.val());
                if b.out_valid.val() && b.out_take.val() {
                    assert_eq!(b.out_data.val().u64(), round << 32 | (place as u64) << 16 | n);
                    assert_eq!(b.out_strb.val().u64(), n & 0xff);
                    assert_eq!(b.out_last.val(), n == length - 1);
                    assert_eq!((b.sent.val(), b.sent_place.val()), (n == length - 1, place == 1));
                    n += 1;
                }
                tick(&mut b, |b| &mut b.clock);
            }
            b.out_take.next = false;
        }
    }
    assert!(simulate(&mut b, 100));
    assert!(!b.turn.val());
}
