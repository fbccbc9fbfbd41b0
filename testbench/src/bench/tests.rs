//! The bench around a wire (the test device out of reset): masters, slaves, memory, time and counts.

use super::testing::{Bug, TestSmmu};
use super::*;
use crate::axi::burst::{DECERR, FIXED, INCR, OKAY, SLVERR, WRAP};
use crate::axi::checks::Rule;
use crate::axi::master::{Burst, Holds};
use crate::axi::port::{AxiPort, Transfer};
use smmu_rtl::params::MINI;
use smmu_rtl::registers as regs;

const RAM: u64 = 0x8000_0000;

fn bench(options: BenchOptions) -> Bench {
    let mut bench = Bench::with_device(TestSmmu::new(&MINI, Bug::None), options).expect("the test device resets");
    bench.memory().add_region(RAM, 0x10_0000);
    bench
}

/// Any pauses, latencies and orders.
fn rough(seed: u64) -> BenchOptions {
    BenchOptions {
        seed,
        latency: Latency::Random { min: 1, max: 40 },
        out_of_order: true,
        pauses: Pauses::all(30),
        ..BenchOptions::default()
    }
}

#[test]
fn a_write_is_in_memory_and_a_read_gets_it_back() {
    let mut bench = bench(BenchOptions::default());
    let done = bench.burst_write(5, RAM + 0x40, 4, 3, |n| 0x1111 * n as u128 + 1).expect("clean");
    assert_eq!((done.resp, done.write), (OKAY, true));
    assert_eq!(bench.memory().read_u64(RAM + 0x58), Ok(0x3334));
    let done = bench.burst_read(5, RAM + 0x40, 4, 3).expect("clean");
    let data: Vec<u128> = done.beats.iter().map(|beat| beat.data).collect();
    assert_eq!(data, [1, 0x1112, 0x2223, 0x3334]);
    bench.drain().expect("at rest");
    assert_eq!((bench.stats().reads, bench.stats().writes), (1, 1));
    assert_eq!((bench.stats().read_bytes, bench.stats().write_bytes), (32, 32));
}

#[test]
fn every_burst_shape_touches_its_own_bytes() {
    for (seed, kind, size, len, offset) in [
        (1, INCR, 3u8, 256usize, 0u64),
        (2, INCR, 0, 7, 3),
        (3, INCR, 2, 5, 0x1e6),
        (4, WRAP, 3, 8, 0x30),
        (5, WRAP, 1, 4, 6),
        (6, FIXED, 2, 3, 9),
        (7, INCR, 1, 256, 0x101),
    ] {
        let mut bench = bench(rough(seed));
        let shape = Burst::read(1, RAM + offset, len, size).kind(kind).id(seed as u32);
        let write = shape.clone().into_write(8, |n| 0x0807_0605_0403_0201 * (n as u128 + 1));
        // What memory must be: byte by byte, in the order of the beats.
        let mut expected = std::collections::BTreeMap::new();
        for (n, w) in write.data.clone().expect("a write").iter().enumerate() {
            let addr = crate::axi::burst::beat_addr(&write.addr, n) & !7;
            let lanes = (0..8u64).filter(|lane| w.strb >> lane & 1 == 1);
            expected.extend(lanes.map(|lane| (addr + lane, (w.data >> (8 * lane)) as u8)));
        }
        bench.burst(write).expect("clean");
        let mut image = vec![0; 0x1000];
        bench.memory().read(RAM, &mut image).expect("in the region");
        for (n, byte) in image.iter().enumerate() {
            assert_eq!(*byte, expected.get(&(RAM + n as u64)).copied().unwrap_or(0), "seed {seed}, byte {n:#x}");
        }
        let done = bench.burst(shape).expect("clean");
        assert_eq!(done.beats.len(), len);
        bench.drain().expect("at rest");
    }
}

#[test]
fn transfers_cross_pages_and_come_back_whole() {
    for seed in 0..4 {
        let mut bench = bench(rough(seed));
        let bytes: Vec<u8> = (0..9001u32).map(|n| (n * 7 + seed as u32) as u8).collect();
        let addr = RAM + 0xff3;
        let write = Transfer { tag: 1, addr, data: Some(bytes.clone()), stream_id: 7, id: 2, ..Transfer::default() };
        assert!(bench.port(0).post(write));
        assert_eq!(bench.port(0).outstanding(), 1);
        bench.run_until("the write", |bench| bench.port(0).in_flight() == 0).expect("clean");
        assert_eq!(bench.port(0).completed().map(|done| (done.tag, done.resp)), Some((1, OKAY)));
        let read = Transfer { tag: 2, addr, bytes: bytes.len(), stream_id: 7, id: 3, ..Transfer::default() };
        assert!(bench.port(0).post(read));
        bench.run_until("the read", |bench| bench.port(0).in_flight() == 0).expect("clean");
        let done = bench.port(0).completed().expect("it is done");
        assert!(done.data == bytes, "seed {seed}");
        assert_eq!(bench.port(0).outstanding(), 0);
    }
}

#[test]
fn a_port_refuses_more_transfers_than_its_limit() {
    let mut bench =
        bench(BenchOptions { master: MasterOptions { max_transfers: 2, ..Default::default() }, ..Default::default() });
    let read = |tag| Transfer { tag, addr: RAM, bytes: 4, ..Transfer::default() };
    assert!(bench.port(0).post(read(0)) && bench.port(0).post(read(1)) && !bench.port(0).post(read(2)));
    bench.drain().expect("clean");
    assert!(!bench.port(0).post(read(2)), "what nobody took back still counts");
    assert!(bench.port(0).completed().is_some() && bench.port(0).post(read(2)));
}

#[test]
fn holes_and_injected_errors_come_back_as_responses() {
    let mut bench = bench(rough(3));
    assert_eq!(bench.burst_read(0, 0x1000, 2, 3).expect("clean").resp, DECERR);
    assert_eq!(bench.burst_write(0, 0x1000, 2, 3, |_| 1).expect("clean").resp, DECERR);
    bench.memory().inject_errors(RAM + 8..RAM + 16, true, true);
    let done = bench.burst_read(0, RAM, 3, 3).expect("clean");
    let responses: Vec<u8> = done.beats.iter().map(|beat| beat.resp).collect();
    assert_eq!(responses, [OKAY, SLVERR, OKAY]);
    assert_eq!(bench.burst_write(0, RAM, 3, 3, |_| 1).expect("clean").resp, SLVERR);
}

#[test]
fn a_fixed_latency_is_counted_from_the_address_to_the_first_beat() {
    for latency in [1, 2, 25] {
        let mut bench = bench(BenchOptions { latency: Latency::Fixed(latency), ..BenchOptions::default() });
        bench.port(0).start(Burst::read(0, RAM, 2, 3));
        let mut handed_over = None;
        loop {
            let cycle = bench.cycle();
            bench.tick().expect("clean");
            // The pins of the cycle that has just been run: the slave was ready all the time.
            if bench.slave(0).reads_accepted() == 1 && handed_over.is_none() {
                handed_over = Some(cycle);
            }
            if bench.inputs.m_axi[0].rvalid {
                assert_eq!(cycle - handed_over.expect("an answer follows its address"), u64::from(latency));
                break;
            }
        }
    }
}

#[test]
fn a_stopped_client_is_no_hang_and_a_lost_read_is() {
    let mut bench = bench(BenchOptions { watchdog: 500, ..BenchOptions::default() });
    bench.port(0).hold(Holds { r: true, ..Holds::default() });
    bench.port(0).start(Burst::read(0, RAM, 16, 3));
    bench.run_cycles(3000).expect("waiting for the client is no error");
    bench.port(0).hold(Holds::default());
    bench.drain().expect("clean");
    assert_eq!(bench.port(0).finished().map(|done| done.beats.len()), Some(16));
}

#[test]
fn registers_answer_in_order_with_pauses() {
    for seed in 0..3 {
        let mut bench = bench(rough(seed));
        let ttbr = regs::CB_TTBR0.offset(&MINI, 1);
        bench.write64(ttbr, 0x1234_5678_9abc_def0).expect("clean");
        bench.write32(ttbr + 4, 0x55).expect("clean");
        assert_eq!(bench.read64(ttbr).expect("clean"), 0x0000_0055_9abc_def0);
        bench.mmio_post_read(ttbr, 4);
        bench.mmio_post_write(ttbr, 7, 4);
        assert_eq!(bench.read32(ttbr).expect("clean"), 7);
        assert_eq!((bench.mmio_poll(), bench.mmio_poll(), bench.mmio_poll()), (Some(0x9abc_def0), Some(0), None));
    }
}

#[test]
fn time_goes_on_while_it_is_skipped() {
    let mut bench = bench(BenchOptions::default());
    let start = bench.now_ns();
    bench.skip_ns(1_000_000).expect("clean");
    let passed = bench.now_ns() - start;
    assert!((1_000_000..1_000_010).contains(&passed), "{passed}");
    assert!(bench.cycle() < 1000, "a quiet bench is not clocked");
    bench.port(0).start(Burst::read(0, RAM, 1, 3));
    bench.run_cycles(1).expect("clean");
    assert!(!bench.quiet());
    bench.skip_ns(100_000).expect("clean");
    assert!(bench.quiet() && bench.port(0).finished().is_some());
}

#[test]
fn reset_forgets_what_is_in_flight() {
    let mut bench = bench(BenchOptions::default());
    bench.port(0).start(Burst::read(0, RAM, 16, 3));
    bench.run_cycles(8).expect("clean");
    bench.reset_hardware().expect("the test device resets");
    assert_eq!(bench.port(0).in_flight(), 0);
    assert_eq!(bench.burst_read(0, RAM, 2, 3).expect("clean").beats.len(), 2);
    bench.drain().expect("at rest");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut bench = bench(rough(seed));
        let bursts = (0..20u64).map(|n| Burst::read(0, RAM + 64 * n, 4, 3).id(n as u32 % 4));
        bench.bursts(0, bursts).expect("clean");
        bench.cycle()
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

#[test]
fn a_broken_protocol_ends_the_run_for_good() {
    for (bug, rule) in [(Bug::DropValid, Rule::ValidDropped), (Bug::ExtraResponse, Rule::UnexpectedB)] {
        let options = BenchOptions { pauses: Pauses { ar: 90, ..Pauses::NONE }, ..BenchOptions::default() };
        let mut bench = Bench::with_device(TestSmmu::new(&MINI, bug), options).expect("the test device resets");
        bench.memory().add_region(RAM, 0x1000);
        bench.port(0).start(Burst::read(0, RAM, 1, 3));
        let error = bench.run_cycles(200).expect_err("the bug shows");
        assert!(matches!(&error, BenchError::Protocol(violation) if violation.rule == rule), "{error}");
        assert!(matches!(bench.tick(), Err(BenchError::Ended(_))));
    }
}

#[test]
fn hits_are_told_from_others() {
    let mut bench = bench(BenchOptions::default());
    bench.burst_read(0, RAM, 1, 3).expect("clean");
    // The test device answers in the cycle after acceptance.
    assert_eq!((bench.stats().hits, bench.stats().latency.max()), (1, 1));
    bench.reset_stats();
    assert_eq!(bench.stats().transactions(), 0);
}

/// Notes every event, and counts cycles.
#[derive(Default)]
struct Notes {
    cycles: u64,
    events: Vec<observe::Event>,
}

impl Observer for std::rc::Rc<std::cell::RefCell<Notes>> {
    fn cycle(&mut self, _: u64, inputs: &Inputs, _: &dut::Outputs) {
        assert!(inputs.aresetn);
        self.borrow_mut().cycles += 1;
    }

    fn event(&mut self, event: &Event) {
        self.borrow_mut().events.push(*event);
    }
}

#[test]
fn an_observer_is_told_what_happens_in_order() {
    use observe::{Fate, Path, StreamCase};
    let mut bench = bench(BenchOptions::default());
    let notes = std::rc::Rc::new(std::cell::RefCell::new(Notes::default()));
    bench.observe_with(Box::new(notes.clone()));
    let start = bench.cycle();
    bench.burst_read(5, RAM, 2, 3).expect("clean");
    bench.write32(regs::CB_TLBIALL.offset(&MINI, 2), 0).expect("clean");
    bench.sync(2).expect("clean");
    bench.reset_hardware().expect("the test device resets");
    let notes = notes.borrow();
    assert!(notes.cycles > 0 && notes.cycles <= bench.cycle() - start);
    let what: Vec<&str> = notes
        .events
        .iter()
        .map(|event| match event {
            Event::Accepted(a) if a.stream == StreamCase::ClientOff && a.beat.user == 5 => "accepted",
            Event::Forwarded(f) if f.pa == RAM && f.translation.is_none() && f.path == Path::Hit => "forwarded",
            Event::Answered(a) if a.fate == Fate::Done { resp: OKAY } => "answered",
            Event::Invalidation { id: regs::CB_TLBIALL, bank: Some(2), .. } => "invalidation",
            Event::SyncIssued { bank: Some(2), .. } => "sync",
            Event::SyncCompleted { bank: Some(2), .. } => "end of sync",
            Event::Register(access) if access.strobes == 0x0f => "write",
            Event::Register(access) if access.strobes == 0xff => "read",
            Event::Pauses { .. } => "pauses",
            Event::Reset { in_flight: 0 } => "reset",
            other => panic!("{other:?}"),
        })
        .collect();
    let [pauses @ .., last] = &what[4..] else { panic!("{what:?}") };
    assert_eq!(what[..4], ["pauses"; 4]);
    assert_eq!(
        (pauses, last),
        (&["accepted", "forwarded", "answered", "invalidation", "write", "sync", "write", "end of sync", "read"][..], &"reset")
    );
}
