//! Who is held and who goes on: the two forms, and each row of the header's tables.

use super::*;
use crate::drive;
use crate::params::{MINI, MULTI, SC8180X};
use crate::testing::{equivalence, synthesis_check, tick, Stimulus};

type Dut = Stalls<4, 4, 5, 32>;
/// Of four ports.
type Four = Stalls<16, 24, 7, 128>;

macro_rules! pins {
    () => {
        drive!(
            clock, aresetn, rsp_valid, rsp_wr, rsp_of, rsp_tag, rsp_fault, flt_valid, flt_global, flt_bank, flt_code, left,
            rd_crowded, wr_crowded, ask_wr, ask_of, ask_tag, cw_valid, cw_kind, cw_index, cw_data
        )
    };
}

/// Faults in few banks, SCTLR with CFCFG, RESUME.
fn plausible(s: &mut Stimulus) {
    plausible_of(s, 1);
}

/// The same of that many ports.
fn plausible_of(s: &mut Stimulus, ports: u32) {
    for pin in ["rsp_of", "ask_of"] {
        let port = 1u64 << s.random.below(u64::from(ports));
        s.set(pin, port);
    }
    s.below("flt_bank", 3);
    s.often("rsp_valid", 1, 3);
    s.often("rsp_fault", 3, 4);
    let fault = s.get("rsp_valid") & s.get("rsp_fault");
    s.set("flt_valid", fault);
    s.often("flt_global", 1, 12);
    s.below("rsp_tag", 4);
    s.often("cw_valid", 1, 8);
    let kind = s.random.pick(&[2u64, 15, 15, 3]);
    s.set("cw_kind", kind);
    s.below("cw_index", 3);
    let data = s.random.pick(&[0x80u64, 0x80, 0xa1, 0x20, 0]);
    s.set("cw_data", data);
    let phase = s.cycle / 100 % 3 == 2;
    let crowded = s.random.below(1 << ports) | 1;
    s.set("rd_crowded", u64::from(phase) * crowded);
    let mostly = u64::from(s.random.below(40) != 0);
    s.set("wr_crowded", mostly * crowded);
    // What is sent on is little of all that there can be.
    let left = (0..ports)
        .fold(0, |left, port| left | u128::from(s.random.below(16) == 0) << (u64::from(32 * port) + s.random.below(32)));
    s.set("left", left);
}

#[test]
fn synthesizes() {
    synthesis_check(Dut::new(&MINI.with_everything()));
    synthesis_check(Dut::new(&MINI));
    synthesis_check(Four::new(&MULTI));
    synthesis_check(Stalls::<128, 16, 5, 32>::new(&SC8180X.with_everything()));
}

#[test]
fn verilog_agrees() {
    equivalence(|| Dut::new(&MINI.with_everything()), 6000, 1, pins!(), plausible);
    equivalence(|| Four::new(&MULTI), 4000, 3, pins!(), |s| plausible_of(s, 4));
    equivalence(|| Stalls::<128, 16, 5, 32>::new(&SC8180X.with_everything()), 3000, 2, pins!(), plausible);
}

const RESUME: u64 = 15;
const SCTLR: u64 = 2;
const CFRE: u64 = 1 << 5;
const CFCFG: u64 = 1 << 7;

fn dut() -> Dut {
    let mut b = Dut::new(&MINI.with_everything());
    b.connect_all();
    for cycle in 0..3 {
        b.aresetn.next = cycle == 2;
        b.rsp_of.next = 1.into();
        b.ask_of.next = 1.into();
        tick(&mut b, |b| &mut b.clock);
    }
    for bank in 0..4 {
        write(&mut b, SCTLR, bank, CFCFG | CFRE);
    }
    b
}

fn step(b: &mut Dut) {
    tick(b, |b| &mut b.clock);
    assert!(simulate(b, 100));
}

fn write(b: &mut Dut, kind: u64, bank: u64, data: u64) {
    b.cw_valid.next = true;
    b.cw_kind.next = kind.into();
    b.cw_index.next = bank.into();
    b.cw_data.next = data.into();
    step(b);
    b.cw_valid.next = false;
    assert!(simulate(b, 100));
}

/// A refusal of (write, tag): is it held, and does the recorder hear of it?
fn fault(b: &mut Dut, write: bool, tag: u64, bank: u64, code: u64) -> (bool, bool) {
    b.rsp_valid.next = true;
    b.rsp_fault.next = true;
    b.rsp_wr.next = write;
    b.rsp_tag.next = tag.into();
    b.flt_valid.next = true;
    b.flt_bank.next = bank.into();
    b.flt_code.next = code.into();
    assert!(simulate(b, 100));
    let seen = (b.hold.val(), b.o_flt_valid.val());
    step(b);
    b.rsp_valid.next = false;
    b.flt_valid.next = false;
    assert!(simulate(b, 100));
    seen
}

fn granted(b: &mut Dut, write: bool, tag: u64) {
    b.rsp_valid.next = true;
    b.rsp_fault.next = false;
    b.rsp_wr.next = write;
    b.rsp_tag.next = tag.into();
    step(b);
    b.rsp_valid.next = false;
    assert!(simulate(b, 100));
}

/// The next wake within some cycles: write, tag, refused.
fn wake(b: &mut Dut) -> Option<(bool, u64, bool)> {
    for _ in 0..8 {
        let seen = b.wake_valid.val().any().then(|| (b.wake_wr.val(), b.wake_tag.val().u64(), b.wake_refuse.val()));
        step(b);
        if seen.is_some() {
            return seen;
        }
    }
    None
}

#[test]
fn the_first_is_stalled_and_the_others_wait() {
    let mut b = dut();
    assert_eq!(fault(&mut b, false, 2, 1, 2), (true, true));
    assert_eq!(b.stalled.val().u64(), 0b10);
    assert_eq!(fault(&mut b, true, 3, 1, 0), (true, false), "blocked by it");
    assert_eq!(fault(&mut b, false, 1, 1, 8), (true, false), "a fault of its own");
    assert_eq!(fault(&mut b, true, 1, 2, 0), (false, true), "blocked, but nothing stalled");
    assert_eq!(wake(&mut b), None);
    // Retry, then one after the other by age.
    write(&mut b, RESUME, 1, 0);
    assert_eq!(b.stalled.val().u64(), 0);
    assert_eq!(wake(&mut b), Some((false, 2, false)));
    assert_eq!(wake(&mut b), None, "until the retried one is decided");
    b.ask_tag.next = 2.into();
    step(&mut b);
    assert_eq!(b.forgive.val().u64(), 1 << 1 | 1);
    granted(&mut b, false, 2);
    assert_eq!(wake(&mut b), Some((true, 3, false)));
    assert_eq!(b.forgive.val().u64(), 1 << 1 | 1, "until it has left");
    b.left.next = Word::new(1 << 2);
    step(&mut b);
    b.left.next = 0.into();
    step(&mut b);
    assert!(!b.forgive.val().get_bit(0));
    assert_eq!(fault(&mut b, true, 3, 1, 2), (true, true), "the next one that is stalled");
    assert_eq!(wake(&mut b), Some((false, 1, false)));
    assert_eq!(fault(&mut b, false, 1, 1, 0), (true, false));
    assert_eq!(wake(&mut b), None);
}

#[test]
fn terminate_refuses_by_cfre_and_lets_the_others_look() {
    let mut b = dut();
    fault(&mut b, true, 0, 3, 4);
    fault(&mut b, false, 0, 3, 0);
    write(&mut b, SCTLR, 0, CFCFG);
    assert_eq!(wake(&mut b), None, "another bank's SCTLR");
    write(&mut b, RESUME, 0, 1);
    assert_eq!(wake(&mut b), None, "nothing is stalled there");
    write(&mut b, RESUME, 3, 1);
    step(&mut b);
    assert!(b.wake_valid.val().any() && !b.wake_raz.val());
    assert_eq!(wake(&mut b), Some((true, 0, true)));
    assert_eq!(wake(&mut b), Some((false, 0, false)));
    assert_eq!(fault(&mut b, false, 0, 3, 0), (false, true), "SS is clear: refused, MULTI");
    write(&mut b, RESUME, 3, 0);
    assert_eq!(wake(&mut b), None);
}

#[test]
fn sctlr_lets_waiting_ones_look_and_not_the_stalled_one() {
    let mut b = dut();
    fault(&mut b, false, 0, 0, 2);
    fault(&mut b, false, 1, 0, 0);
    write(&mut b, SCTLR, 0, 0);
    assert_eq!(wake(&mut b), Some((false, 1, false)));
    assert_eq!(fault(&mut b, false, 1, 0, 0), (false, true), "CFCFG is clear");
    assert_eq!(b.stalled.val().u64(), 1);
    write(&mut b, RESUME, 0, 1);
    step(&mut b);
    assert!(b.wake_valid.val().any() && b.wake_raz.val(), "CFRE is clear");
    assert_eq!(wake(&mut b), Some((false, 0, true)));
}

#[test]
fn room_is_limited() {
    let mut b = dut();
    fault(&mut b, false, 0, 0, 2);
    fault(&mut b, false, 1, 1, 2);
    assert_eq!(fault(&mut b, false, 2, 2, 2), (false, true), "a third read is refused");
    assert_eq!(b.stalled.val().u64(), 0b11);
    assert_eq!(fault(&mut b, true, 2, 0, 0), (true, false), "writes have places of their own");
    fault(&mut b, true, 1, 2, 2);
    // Crowded: the oldest one of the channel goes, after a while.
    b.rd_crowded.next = 1.into();
    for _ in 0..3 {
        assert_eq!(wake(&mut b), None);
    }
    for _ in 0..4 {
        step(&mut b);
    }
    assert_eq!(wake(&mut b), Some((false, 0, true)));
    assert!(b.stalled.val().get_bit(0), "SS stays");
    b.rd_crowded.next = 0.into();
    b.wr_crowded.next = 1.into();
    for _ in 0..32 {
        assert!(!b.o_flt_valid.val());
        step(&mut b);
    }
    // A waiting one: MULTI, told with its wake, and so not in the cycle of another event.
    assert_eq!(fault(&mut b, false, 6, 3, 0), (false, true));
    assert!(b.wake_valid.val().any());
    assert!(b.o_flt_valid.val() && !b.o_flt_code.val().any() && !b.o_flt_bank.val().any());
    assert_eq!(wake(&mut b), Some((true, 2, true)));
    b.wr_crowded.next = 0.into();
    write(&mut b, RESUME, 0, 0);
    assert_eq!(wake(&mut b), None, "nothing is left to retry");
    assert_eq!(b.stalled.val().u64(), 0b110);
}

#[test]
fn each_port_has_its_own_room_and_is_woken_alone() {
    let mut b = Four::new(&MULTI);
    b.connect_all();
    let step = |b: &mut Four| {
        tick(b, |b| &mut b.clock);
        assert!(simulate(b, 100));
    };
    for cycle in 0..3 {
        b.aresetn.next = cycle == 2;
        step(&mut b);
    }
    let write = |b: &mut Four, kind: u64, data: u64| {
        b.cw_valid.next = true;
        b.cw_kind.next = kind.into();
        b.cw_data.next = data.into();
        step(b);
        b.cw_valid.next = false;
        assert!(simulate(b, 100));
    };
    write(&mut b, SCTLR, CFCFG | CFRE);
    // Writes of one tag in all ports, more than a port has places for; the first one is stalled, the others wait.
    let fault = |b: &mut Four, port: u32, tag: u64| {
        b.rsp_valid.next = true;
        b.rsp_fault.next = true;
        b.rsp_wr.next = true;
        b.rsp_of.next = Word::new(1 << port);
        b.rsp_tag.next = tag.into();
        b.flt_valid.next = true;
        b.flt_code.next = 2.into();
        assert!(simulate(b, 100));
        let held = b.hold.val();
        step(b);
        b.rsp_valid.next = false;
        b.flt_valid.next = false;
        assert!(simulate(b, 100));
        held
    };
    for tag in 0..3 {
        for port in [2, 0, 3, 1] {
            assert_eq!(fault(&mut b, port, tag), tag < 2, "port {port}, tag {tag}");
        }
    }
    // Port 3 is crowded: its oldest goes, and none of another port.
    b.wr_crowded.next = Word::new(1 << 3);
    for _ in 0..32 {
        assert!(!b.wake_valid.val().any());
        step(&mut b);
    }
    assert_eq!((b.wake_valid.val().raw(), b.wake_tag.val().raw(), b.wake_refuse.val()), (1 << 3, 0, true));
    step(&mut b);
    b.wr_crowded.next = 0.into();
    assert!(fault(&mut b, 3, 5), "a place is free again");
    assert!(!fault(&mut b, 0, 5));
    // Retry: the stalled one of port 2, and it alone passes the block of its bank.
    write(&mut b, RESUME, 0);
    step(&mut b);
    assert_eq!((b.wake_valid.val().raw(), b.wake_tag.val().raw(), b.wake_refuse.val()), (1 << 2, 0, false));
    step(&mut b);
    b.ask_wr.next = true;
    for port in 0..4 {
        b.ask_of.next = Word::new(1 << port);
        step(&mut b);
        assert_eq!(b.forgive.val().get_bit(0), port == 2, "port {port}");
    }
    // An answer for the same tag of another port is not its answer.
    b.rsp_valid.next = true;
    b.rsp_fault.next = false;
    b.rsp_of.next = Word::new(1 << 1);
    b.rsp_tag.next = 0.into();
    step(&mut b);
    b.rsp_valid.next = false;
    step(&mut b);
    assert!(!b.wake_valid.val().any());
    b.rsp_valid.next = true;
    b.rsp_of.next = Word::new(1 << 2);
    step(&mut b);
    b.rsp_valid.next = false;
    assert!(simulate(&mut b, 100));
    step(&mut b);
    assert_eq!((b.wake_valid.val().raw(), b.wake_tag.val().raw()), (1, 0), "then the next by age");
    b.left.next = Word::new(1 << (2 * 32 + 16));
    step(&mut b);
    b.left.next = 0.into();
    b.ask_of.next = Word::new(1 << 2);
    step(&mut b);
    assert!(!b.forgive.val().get_bit(0), "the retried one was sent on");
}

#[test]
fn no_traffic_keeps_a_wake_away_for_good() {
    let mut b = dut();
    fault(&mut b, false, 2, 1, 2);
    assert!(!b.pause.val());
    // An answer in every cycle, from RESUME on.
    b.rsp_valid.next = true;
    b.rsp_fault.next = false;
    b.rsp_tag.next = 1.into();
    write(&mut b, RESUME, 1, 0);
    let mut waited = 0;
    while !b.pause.val() {
        assert!(!b.wake_valid.val().any());
        step(&mut b);
        waited += 1;
        assert!(waited < 40);
    }
    assert!(waited > 30);
    // The last ones in flight.
    step(&mut b);
    assert!(b.pause.val());
    b.rsp_valid.next = false;
    step(&mut b);
    assert!(b.pause.val() && b.wake_valid.val().any());
    step(&mut b);
    assert!(!b.pause.val() && !b.wake_valid.val().any());
}

#[test]
fn reset_forgets() {
    let mut b = dut();
    fault(&mut b, false, 0, 0, 2);
    b.aresetn.next = false;
    step(&mut b);
    b.aresetn.next = true;
    step(&mut b);
    assert_eq!(b.stalled.val().u64(), 0);
    write(&mut b, RESUME, 0, 0);
    assert_eq!(wake(&mut b), None);
}
