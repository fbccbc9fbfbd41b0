//! Held transactions: the two forms, and the way of a write's data into the store.

use super::*;
use crate::drive;
use crate::params::MINI;
use crate::testing::{equivalence, synthesis_check, tick};

macro_rules! pins {
    () => {
        drive!(
            clock,
            aresetn,
            answer,
            rsp_hold,
            wake_valid,
            wake_tag,
            wake_refuse,
            parked,
            flying,
            landed,
            alloc,
            leave,
            sent,
            refused,
            refused_done,
            dep_none,
            dep_loose,
            full,
            behind,
            store_done,
            store_sent,
            store_sent_place
        )
    };
}

#[test]
fn synthesizes() {
    synthesis_check(Held::<4>::new(true, &MINI.with_everything()));
    synthesis_check(Held::<16>::new(false, &MINI.with_everything()));
    synthesis_check(Held::<4>::new(true, &MINI));
}

/// Without the feature all outputs are constants, which Icarus does not evaluate: that form is compared as a part of the whole TBU.
#[test]
fn verilog_agrees() {
    let full = MINI.with_everything();
    equivalence(|| Held::<4>::new(true, &full), 3000, 1, pins!(), |s| s.below("wake_tag", 4));
    equivalence(|| Held::<16>::new(false, &full), 2000, 2, pins!(), |_| {});
}

fn settled(b: &mut Held<4>) {
    assert!(simulate(b, 100));
}

/// Entry 1 is held, entry 2 is behind it with its id: both go into the store, and then room is short.
#[test]
fn data_of_held_writes_goes_into_the_store() {
    let mut b = Held::<4>::new(true, &MINI.with_everything());
    b.connect_all();
    for cycle in 0..3 {
        b.aresetn.next = cycle == 2;
        tick(&mut b, |b| &mut b.clock);
    }
    b.parked.next = 0b0010.into();
    b.dep_none.next = 0b1111.into();
    b.dep_loose.next = 0b1111.into();
    b.answer.next = 0b0010.into();
    b.rsp_hold.next = true;
    tick(&mut b, |b| &mut b.clock);
    b.answer.next = 0.into();
    b.rsp_hold.next = false;
    tick(&mut b, |b| &mut b.clock);
    assert!(b.store_valid.val() && !b.store_place.val());
    assert_eq!(b.storing.val().u64(), 0b0010, "it may not leave meanwhile");
    b.store_done.next = true;
    settled(&mut b);
    assert_eq!((b.loosened.val().u64(), b.loose.val().u64()), (0b0010, 0b0010));
    tick(&mut b, |b| &mut b.clock);
    b.store_done.next = false;
    // Behind it alone.
    b.parked.next = 0b0110.into();
    b.dep_none.next = 0b1011.into();
    tick(&mut b, |b| &mut b.clock);
    assert!(b.store_valid.val() && b.store_place.val(), "the second place");
    b.store_done.next = true;
    tick(&mut b, |b| &mut b.clock);
    b.store_done.next = false;
    settled(&mut b);
    assert!(!b.store_valid.val() && !b.crowded.val());
    assert_eq!(b.loose.val().u64(), 0b0110);
    // A third one has no place. As long as one of the others may still go, that is not for good.
    b.parked.next = 0b1110.into();
    b.dep_none.next = 0b0011.into();
    tick(&mut b, |b| &mut b.clock);
    settled(&mut b);
    assert!(!b.crowded.val() && !b.store_valid.val());
    b.behind.next = 0b1100.into();
    tick(&mut b, |b| &mut b.clock);
    settled(&mut b);
    assert!(b.crowded.val() && !b.store_valid.val());
    // The held one is ended: it is refused without its data, and its place comes back.
    b.wake_valid.next = true;
    b.wake_tag.next = 1.into();
    b.wake_refuse.next = true;
    settled(&mut b);
    assert_eq!((b.wake_end.val().u64(), b.wake_again.val().u64()), (0b0010, 0));
    tick(&mut b, |b| &mut b.clock);
    b.wake_valid.next = false;
    b.refused.next = 0b0010.into();
    b.refused_done.next = true;
    b.leave.next = 0b0010.into();
    settled(&mut b);
    assert!(b.refused_stored.val());
    tick(&mut b, |b| &mut b.clock);
    b.refused_done.next = false;
    b.leave.next = 0.into();
    b.refused.next = 0.into();
    b.parked.next = 0b1100.into();
    settled(&mut b);
    assert_eq!(b.loose.val().u64(), 0b0100);
    tick(&mut b, |b| &mut b.clock);
    assert!(b.store_valid.val() && !b.store_place.val(), "the first place again");
}

/// A woken entry asks once, and its answers fill nothing until it is gone.
#[test]
fn a_woken_one_asks() {
    let mut b = Held::<4>::new(false, &MINI.with_everything());
    b.connect_all();
    for cycle in 0..3 {
        b.aresetn.next = cycle == 2;
        tick(&mut b, |b| &mut b.clock);
    }
    b.parked.next = 0b1000.into();
    b.answer.next = 0b1000.into();
    b.rsp_hold.next = true;
    tick(&mut b, |b| &mut b.clock);
    b.rsp_hold.next = false;
    b.answer.next = 0.into();
    b.wake_valid.next = true;
    b.wake_tag.next = 3.into();
    settled(&mut b);
    assert_eq!((b.wake_again.val().u64(), b.wake_end.val().u64()), (0b1000, 0));
    tick(&mut b, |b| &mut b.clock);
    b.wake_valid.next = false;
    settled(&mut b);
    assert_eq!((b.again.val().u64(), b.marked.val().u64()), (0b1000, 0b1000));
    assert!(!b.store_valid.val(), "a read has no data");
    b.landed.next = 0b1000.into();
    tick(&mut b, |b| &mut b.clock);
    b.landed.next = 0.into();
    settled(&mut b);
    assert_eq!((b.again.val().u64(), b.marked.val().u64()), (0, 0b1000));
    b.alloc.next = 0b1000.into();
    tick(&mut b, |b| &mut b.clock);
    settled(&mut b);
    assert_eq!(b.marked.val().u64(), 0);
}
