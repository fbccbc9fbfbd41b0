//! Every rule is broken once, by pins driven by hand, and must be reported as that rule.

use super::*;
use crate::axi::burst::{EXOKAY, FIXED, INCR, RESERVED, WRAP};
use smmu_sim::dut::{AddrBeat, AxiToMaster, AxiToSlave, LiteToMaster, LiteToSlave, ReadBeat, RespBeat, WriteBeat};

const BUS: Bus = Bus { port: "m_axi", id_bits: 4, addr_bits: 48, data_bytes: 8, legal_bursts: true };

type Cycle = (AxiToSlave, AxiToMaster);

fn run(cycles: &[Cycle]) -> Result<AxiChecker, Violation> {
    let mut checker = AxiChecker::new(BUS);
    for (n, (master, slave)) in cycles.iter().enumerate() {
        checker.observe(n as u64, master, slave)?;
    }
    Ok(checker)
}

fn broken(cycles: &[Cycle]) -> Option<Rule> {
    run(cycles).err().map(|violation| violation.rule)
}

fn addr(len: u8, burst: u8) -> AddrBeat {
    AddrBeat { id: 3, addr: 0x1000, len, size: 3, burst, ..AddrBeat::default() }
}

/// Address accepted at once.
fn aw(a: AddrBeat) -> Cycle {
    (AxiToSlave { awvalid: true, aw: a, ..Default::default() }, AxiToMaster { awready: true, ..Default::default() })
}

fn ar(a: AddrBeat) -> Cycle {
    (AxiToSlave { arvalid: true, ar: a, ..Default::default() }, AxiToMaster { arready: true, ..Default::default() })
}

fn w(strb: u16, last: bool) -> Cycle {
    let w = WriteBeat { data: 1, strb, last };
    (AxiToSlave { wvalid: true, w, ..Default::default() }, AxiToMaster { wready: true, ..Default::default() })
}

fn b(id: u32, resp: u8) -> Cycle {
    let b = RespBeat { id, resp };
    (AxiToSlave { bready: true, ..Default::default() }, AxiToMaster { bvalid: true, b, ..Default::default() })
}

fn r(id: u32, resp: u8, last: bool) -> Cycle {
    let r = ReadBeat { id, data: 0, resp, last };
    (AxiToSlave { rready: true, ..Default::default() }, AxiToMaster { rvalid: true, r, ..Default::default() })
}

#[test]
fn a_clean_read_and_write_break_nothing() {
    let checker =
        run(&[aw(addr(1, INCR)), w(0xff, false), w(0x0f, true), ar(addr(1, WRAP)), b(3, 0), r(3, 0, false), r(3, 2, true)]);
    assert!(checker.expect("no rule is broken").at_rest());
}

#[test]
fn write_data_may_come_before_its_address() {
    let checker = run(&[w(0xff, false), w(0xff, true), aw(addr(1, INCR)), b(3, 0)]);
    assert!(checker.expect("no rule is broken").at_rest());
}

#[test]
fn valid_must_stay_on_every_channel() {
    let idle = (AxiToSlave::default(), AxiToMaster::default());
    let unready = |mut cycle: Cycle| {
        cycle.0.bready = false;
        cycle.0.rready = false;
        cycle.1.awready = false;
        cycle.1.wready = false;
        cycle.1.arready = false;
        cycle
    };
    for offer in [aw(addr(0, INCR)), ar(addr(0, INCR)), w(0xff, true)] {
        assert_eq!(broken(&[unready(offer), idle]), Some(Rule::ValidDropped));
    }
    assert_eq!(broken(&[aw(addr(0, INCR)), w(0xff, true), unready(b(3, 0)), idle]), Some(Rule::ValidDropped));
    assert_eq!(broken(&[ar(addr(0, INCR)), unready(r(3, 0, true)), idle]), Some(Rule::ValidDropped));
    // Offered for a while and then taken is fine.
    assert_eq!(broken(&[unready(ar(addr(0, INCR))), unready(ar(addr(0, INCR))), ar(addr(0, INCR)), idle]), None);
}

#[test]
fn a_waiting_payload_must_not_change() {
    let mut first = ar(addr(0, INCR));
    first.1.arready = false;
    assert_eq!(broken(&[first, ar(addr(1, INCR))]), Some(Rule::PayloadChanged));
    let mut first = w(0xff, false);
    first.1.wready = false;
    assert_eq!(broken(&[first, w(0xfe, false)]), Some(Rule::PayloadChanged));
    let mut first = r(3, 0, true);
    first.0.rready = false;
    assert_eq!(broken(&[ar(addr(0, INCR)), first, r(3, 2, true)]), Some(Rule::PayloadChanged));
}

#[test]
fn shapes_that_axi_does_not_have_are_reported_on_both_channels() {
    let unaligned = AddrBeat { addr: 0x1004, ..addr(1, WRAP) };
    let crossing = AddrBeat { addr: 0x1ff8, ..addr(1, INCR) };
    let wide = AddrBeat { size: 4, ..addr(0, INCR) };
    let id = AddrBeat { id: 16, ..addr(0, INCR) };
    let high = AddrBeat { addr: 1 << 48, ..addr(0, INCR) };
    for (a, rule) in [
        (addr(0, RESERVED), Rule::BurstReserved),
        (addr(16, FIXED), Rule::FixedLength),
        (addr(2, WRAP), Rule::WrapLength),
        (unaligned, Rule::WrapUnaligned),
        (crossing, Rule::CrossesPage),
        (wide, Rule::SizeTooWide),
        (id, Rule::IdTooWide),
        (high, Rule::AddressTooWide),
    ] {
        assert_eq!(broken(&[aw(a)]), Some(rule));
        assert_eq!(broken(&[ar(a)]), Some(rule));
    }
}

#[test]
fn write_beats_are_counted_and_their_strobes_checked() {
    assert_eq!(broken(&[aw(addr(1, INCR)), w(0xff, true)]), Some(Rule::LastEarly));
    assert_eq!(broken(&[aw(addr(0, INCR)), w(0xff, false)]), Some(Rule::LastMissing));
    let narrow = AddrBeat { size: 1, ..addr(0, INCR) };
    assert_eq!(broken(&[aw(narrow), w(0x04, true)]), Some(Rule::StrobeOutside));
    assert_eq!(broken(&[aw(narrow), w(0x03, true)]), None);
}

#[test]
fn responses_need_their_request() {
    assert_eq!(broken(&[b(3, 0)]), Some(Rule::UnexpectedB));
    assert_eq!(broken(&[aw(addr(0, INCR)), w(0xff, true), b(2, 0)]), Some(Rule::UnexpectedB));
    assert_eq!(broken(&[aw(addr(1, INCR)), w(0xff, false), b(3, 0)]), Some(Rule::BeforeData));
    assert_eq!(broken(&[r(3, 0, true)]), Some(Rule::UnexpectedR));
    assert_eq!(broken(&[ar(addr(0, INCR)), r(3, 0, true), r(3, 0, true)]), Some(Rule::UnexpectedR));
    assert_eq!(broken(&[ar(addr(1, INCR)), r(3, 0, true)]), Some(Rule::LastEarly));
    assert_eq!(broken(&[ar(addr(0, INCR)), r(3, 0, false)]), Some(Rule::LastMissing));
    let other = AddrBeat { id: 2, ..addr(1, INCR) };
    assert_eq!(broken(&[ar(addr(1, INCR)), ar(other), r(3, 0, false), r(2, 0, false)]), Some(Rule::Interleaved));
    assert_eq!(broken(&[ar(addr(1, INCR)), ar(other), r(3, 0, false), r(3, 0, true), r(2, 0, false)]), None);
    assert_eq!(broken(&[ar(addr(0, INCR)), r(3, EXOKAY, true)]), Some(Rule::ExclusiveOkay));
    assert_eq!(broken(&[aw(addr(0, INCR)), w(0xff, true), b(3, EXOKAY)]), Some(Rule::ExclusiveOkay));
}

#[test]
fn a_port_that_should_rest_tells_what_is_left() {
    let checker = run(&[ar(addr(0, INCR))]).expect("no rule is broken yet");
    assert_eq!(checker.finish(9).err().map(|v| (v.rule, v.cycle)), Some((Rule::Unfinished, 9)));
    let checker = run(&[w(0xff, true)]).expect("no rule is broken yet");
    assert!(checker.finish(9).is_err());
}

#[test]
fn the_register_port_has_the_same_rules() {
    let lite = |cycles: &[(LiteToSlave, LiteToMaster)]| {
        let mut checker = LiteChecker::new();
        cycles.iter().find_map(|(master, slave)| checker.observe(0, master, slave).err()).map(|violation| violation.rule)
    };
    let aw = (LiteToSlave { awvalid: true, ..Default::default() }, LiteToMaster { awready: true, ..Default::default() });
    let w = (LiteToSlave { wvalid: true, ..Default::default() }, LiteToMaster { wready: true, ..Default::default() });
    let ar = (LiteToSlave { arvalid: true, ..Default::default() }, LiteToMaster { arready: true, ..Default::default() });
    let b =
        |bresp| (LiteToSlave { bready: true, ..Default::default() }, LiteToMaster { bvalid: true, bresp, ..Default::default() });
    let r =
        |rresp| (LiteToSlave { rready: true, ..Default::default() }, LiteToMaster { rvalid: true, rresp, ..Default::default() });
    let idle = (LiteToSlave::default(), LiteToMaster::default());
    assert_eq!(lite(&[w, aw, b(0), ar, r(0)]), None);
    assert_eq!(lite(&[b(0)]), Some(Rule::UnexpectedB));
    assert_eq!(lite(&[aw, b(0)]), Some(Rule::BeforeData));
    assert_eq!(lite(&[r(0)]), Some(Rule::UnexpectedR));
    assert_eq!(lite(&[ar, r(EXOKAY)]), Some(Rule::ExclusiveOkay));
    assert_eq!(lite(&[aw, w, b(EXOKAY)]), Some(Rule::ExclusiveOkay));
    let mut waiting = b(0);
    waiting.0.bready = false;
    assert_eq!(lite(&[aw, w, waiting, idle]), Some(Rule::ValidDropped));
    let mut changed = waiting;
    changed.1.bresp = 2;
    assert_eq!(lite(&[aw, w, waiting, changed]), Some(Rule::PayloadChanged));
}
