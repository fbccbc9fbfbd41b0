//! One scenario over everything, run with each bug.

use super::setup::*;
use crate::axi::burst::{FIXED, WRAP};
use crate::axi::master::Burst;
use crate::bench::testing::Bug;
use crate::bench::{BenchError, BenchOptions};
use crate::scoreboard::Kind;
use smmu_rtl::params::MINI;
use smmu_rtl::registers as regs;

/// Good traffic, registers, faults with their records and interrupts, invalidation with traffic in flight.
fn everything(bug: Bug, options: BenchOptions) -> Result<(), BenchError> {
    let (mut bench, mut tables) = translated(bug, options)?;
    bench.write32(regs::CB_MAIR0.offset(&MINI, BANK), 0xf404_ff44)?;
    bench.read32(regs::CB_MAIR0.offset(&MINI, BANK))?;
    bench.read64(regs::IDR0.offset(&MINI, 0))?;
    // Good traffic.
    bench.memory().write(RAM, &[0x5a; 64])?;
    let ids = |n: u64| (n % 3) as u32;
    let reads = (0..6u64).map(|n| {
        let mut burst = Burst::read(STREAM, VA + 0x1000 * n + 8 * n, 4, 3).id(ids(n));
        burst.addr.cache = 3;
        burst
    });
    bench.bursts(0, reads)?;
    let writes = (0..6u64).map(|n| Burst::write(STREAM, VA + 0x1000 * n, 4, 3, 8, |beat| beat as u128 + 7).id(ids(n)));
    bench.bursts(0, writes)?;
    // The register write that was answered last holds for what comes next.
    let far = tables.slot(bench.memory(), VA + 0x20_0000, 3)?;
    bench.memory().write_u64(far, RAM | 0x443)?;
    bench.burst_read(STREAM, VA + 0x20_0000, 1, 3)?;
    // Faults: a record, an interrupt, a second fault.
    let hole = VA + 0x40_0678;
    bench.burst_read(STREAM, hole, 3, 2)?;
    bench.run_cycles(20)?;
    bench.fault_record(BANK)?;
    bench.burst_write(STREAM, VA, 2, 3, |_| 1)?;
    bench.fault_record(BANK)?;
    bench.clear_fault(BANK)?;
    bench.run_cycles(20)?;
    bench.fault_record(BANK)?;
    bench.burst_write(STREAM, VA, 2, 3, |_| 1)?;
    // A stream that nobody knows, and a burst that AXI does not have.
    bench.burst_read(0x77, VA, 2, 3)?;
    bench.burst(Burst::read(STREAM, VA, 3, 3).kind(WRAP))?;
    bench.read64(regs::SGFAR.offset(&MINI, 0))?;
    bench.read32(regs::SGFSR.offset(&MINI, 0))?;
    bench.write32(regs::SGFSR.offset(&MINI, 0), 0xffff_ffff)?;
    // A page moves, while a read that went to its old place has no answer.
    bench.burst_read(STREAM, VA + 0x3000, 1, 3)?;
    bench.slave(0).options_mut().latency = crate::memory::latency::Latency::Fixed(400);
    bench.port(0).start(Burst::read(STREAM, VA + 0x3000, 1, 3));
    bench.run_cycles(60)?;
    tables.map(bench.memory(), VA + 0x3000, RAM + 0x7000, crate::bench::fixture::READ_WRITE)?;
    bench.invalidate_page(BANK, ASID, VA + 0x3000)?;
    bench.burst_read(STREAM, VA + 0x3000, 1, 3)?;
    bench.drain()
}

#[test]
fn a_device_without_bugs_is_clean() {
    everything(Bug::None, BenchOptions { watchdog: 5_000, ..BenchOptions::default() }).expect("clean");
    for seed in 0..12 {
        everything(Bug::None, rough(seed)).expect("clean");
    }
}

#[test]
fn every_bug_is_reported_as_what_it_is() {
    for (bug, expected) in [
        (Bug::WrongAddress, Kind::Address),
        (Bug::WrongCache, Kind::Payload),
        (Bug::Speculate, Kind::Leak),
        (Bug::PassFaults, Kind::Address),
        (Bug::RefuseAll, Kind::Refusal),
        (Bug::WrongRefusal, Kind::Refusal),
        (Bug::ShowData, Kind::Data),
        (Bug::CorruptRead, Kind::Data),
        (Bug::CorruptWrite, Kind::Data),
        (Bug::LoseStrobe, Kind::Data),
        (Bug::WrongResponse, Kind::Response),
        (Bug::WrongRegister, Kind::Register),
        (Bug::RegisterError, Kind::Register),
        (Bug::WrongFar, Kind::Record),
        (Bug::NoMulti, Kind::Record),
        (Bug::LastFaultWins, Kind::Record),
        (Bug::IrqLow, Kind::Interrupt),
        (Bug::IrqHigh, Kind::Interrupt),
        (Bug::IrqLate(12), Kind::Interrupt),
        (Bug::IrqPmu, Kind::Interrupt),
        (Bug::NoInvalidation, Kind::Address),
        (Bug::EarlySync, Kind::Sync),
        (Bug::IgnoreHupcf, Kind::Address),
        (Bug::WildWalk, Kind::Walk),
        (Bug::LoseRead, Kind::Hang),
        (Bug::LateWrite(300), Kind::Register),
    ] {
        let result = everything(bug, BenchOptions { watchdog: 2_000, ..BenchOptions::default() });
        let text = result.as_ref().err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(kind(result), Some(expected), "{bug:?}: {text}");
    }
}

#[test]
fn bugs_are_found_under_back_pressure_too() {
    for bug in [Bug::WrongAddress, Bug::PassFaults, Bug::CorruptWrite, Bug::NoInvalidation, Bug::IgnoreHupcf, Bug::NoMulti] {
        for seed in 0..4 {
            assert!(kind(everything(bug, rough(seed))).is_some(), "{bug:?} with seed {seed}");
        }
    }
}

#[test]
fn reads_of_an_id_keep_their_order() {
    for (bug, expected) in [(Bug::None, None), (Bug::Overtake, Some(Kind::Address))] {
        let run = || {
            let (mut bench, _) = translated(bug, BenchOptions { watchdog: 2_000, ..BenchOptions::default() })?;
            let reads = (0..4u64).map(|n| Burst::read(STREAM, VA + 0x1000 * n, 1, 3).id(2));
            bench.bursts(0, reads)?;
            bench.drain()
        };
        assert_eq!(kind(run()), expected);
    }
}

#[test]
fn a_register_write_holds_from_its_response_on() {
    for (bug, expected) in [(Bug::None, None), (Bug::LateWrite(300), Some(Kind::Address))] {
        let run = || {
            let (mut bench, _) = translated(bug, BenchOptions::default())?;
            bench.run_cycles(400)?;
            bench.burst_read(STREAM, VA, 1, 3)?;
            bench.write32(regs::SMR.offset(&MINI, 0), STREAM)?;
            bench.burst_read(STREAM, VA, 1, 3)
        };
        assert_eq!(kind(run()), expected);
    }
}

#[test]
fn activity_without_a_synchronization_is_reported() {
    for (bug, expected) in [(Bug::None, None), (Bug::EndlessSync, Some(Kind::Sync))] {
        let run = || {
            let (mut bench, _) = translated(bug, BenchOptions::default())?;
            bench.read32(regs::CB_TLBSTATUS.offset(&MINI, BANK))
        };
        assert_eq!(kind(run()), expected);
    }
}

#[test]
fn without_comparison_data_and_payload_are_still_checked() {
    let options = || BenchOptions { scoreboard: false, watchdog: 2_000, ..BenchOptions::default() };
    for (bug, expected) in [
        (Bug::None, None),
        (Bug::WrongAddress, None),
        (Bug::WrongCache, Some(Kind::Payload)),
        (Bug::CorruptRead, Some(Kind::Data)),
        (Bug::LoseRead, Some(Kind::Hang)),
    ] {
        assert_eq!(kind(everything(bug, options())), expected, "{bug:?}");
    }
}

#[test]
fn every_shape_of_burst_passes_or_is_refused_whole() {
    for seed in 0..6 {
        let (mut bench, _) = translated(Bug::None, rough(seed)).expect("clean");
        let shapes = [
            Burst::read(STREAM, VA + 0x800, 256, 3),
            Burst::read(STREAM, VA + 0x801, 256, 0),
            Burst::read(STREAM, VA + 0x38, 8, 3).kind(WRAP),
            Burst::read(STREAM, VA + 0x39, 16, 0).kind(FIXED),
            Burst::read(STREAM, VA + 0xff8, 2, 3),
            Burst::read(STREAM, VA + 0xff8, 1, 4),
            Burst::read(STREAM, VA + 0xff8, 4, 3).kind(3),
            Burst::read(STREAM, VA + 0x40_0000, 200, 3),
        ];
        let refused = [false, false, false, false, true, true, true, true];
        let all: Vec<Burst> =
            shapes.iter().cloned().chain(shapes.iter().map(|s| s.clone().into_write(8, |n| n as u128))).collect();
        let done = bench.bursts(0, all.into_iter().enumerate().map(|(n, burst)| burst.id(n as u32 % 5))).expect("clean");
        for (n, done) in done.iter().enumerate() {
            assert_eq!(done.resp == 2, refused[n % 8], "seed {seed}, {:x?}", done.addr);
        }
        bench.drain().expect("at rest");
        assert_eq!(bench.stats().refused, 8);
    }
}
