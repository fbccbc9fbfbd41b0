//! Changes under traffic: what may and what may not be seen while tables and registers change.

use super::setup::*;
use crate::axi::master::{Burst, Holds};
use crate::bench::fixture::{Tables, READ_ONLY, READ_WRITE, SCTLR_HUPCF, SCTLR_USUAL};
use crate::bench::testing::Bug;
use crate::bench::{Bench, BenchError, BenchOptions};
use crate::scoreboard::Kind;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use smmu_rtl::params::MINI;
use smmu_rtl::registers as regs;

fn quick() -> BenchOptions {
    BenchOptions { watchdog: 2_000, ..BenchOptions::default() }
}

/// A page moves; without invalidation the cached translation may be used.
#[test]
fn an_old_translation_is_right_until_its_invalidation_is_synchronized() {
    let (mut bench, mut tables) = translated(Bug::None, quick()).expect("clean");
    bench.burst_read(STREAM, VA, 1, 3).expect("cached now");
    tables.map(bench.memory(), VA, RAM + 0x9000, READ_WRITE).expect("room");
    bench.memory().write_u64(RAM + 0x9000, 9).expect("in the region");
    // The test device has a cache: this goes to the old place, and that is right.
    assert_eq!(bench.burst_read(STREAM, VA, 1, 3).expect("clean").beats[0].data, 0);
    // An invalidation of another page, of another ASID, or without synchronization changes nothing.
    bench.invalidate_page(BANK, ASID, VA + 0x1000).expect("clean");
    bench.invalidate_page(BANK, ASID + 1, VA).expect("clean");
    assert_eq!(bench.burst_read(STREAM, VA, 1, 3).expect("clean").beats[0].data, 0);
    bench.invalidate_page(BANK, ASID, VA).expect("clean");
    assert_eq!(bench.burst_read(STREAM, VA, 1, 3).expect("clean").beats[0].data, 9);
}

/// The same with a device that drops nothing: each command that names the page must be found to be ignored, and none that does not.
#[test]
fn every_command_ends_what_it_names() {
    let vmid = 0u32;
    let page = VA >> 12;
    let wide = |id: regs::RegId, value: u64| (id.offset(&MINI, BANK), value, 8u8);
    let narrow = |id: regs::RegId, value: u32| (id.offset(&MINI, BANK), u64::from(value), 4u8);
    let global = |id: regs::RegId, value: u32| (id.offset(&MINI, 0), u64::from(value), 4u8);
    let asid = u64::from(ASID) << 48;
    for ((offset, value, bytes), global_sync, ends) in [
        (wide(regs::CB_TLBIVA, page | asid), false, true),
        (wide(regs::CB_TLBIVAL, page | asid), false, true),
        (wide(regs::CB_TLBIVAA, page), false, true),
        (wide(regs::CB_TLBIVAAL, page), false, true),
        (narrow(regs::CB_TLBIASID, ASID.into()), false, true),
        (narrow(regs::CB_TLBIALL, 0), false, true),
        (global(regs::TLBIVMID, vmid), true, true),
        (global(regs::TLBIALLNSNH, 0), true, true),
        // Another page, ASID, VMID; Hyp entries; and a synchronization of somebody else.
        (wide(regs::CB_TLBIVA, (page + 1) | asid), false, false),
        (wide(regs::CB_TLBIVAL, page | (asid + (1 << 48))), false, false),
        (narrow(regs::CB_TLBIASID, u32::from(ASID) + 1), false, false),
        (global(regs::TLBIVMID, vmid + 1), true, false),
        (global(regs::TLBIALLH, 0), true, false),
        (global(regs::TLBIALLNSNH, 0), false, false),
    ] {
        let run = || -> Result<(), BenchError> {
            let (mut bench, mut tables) = translated(Bug::NoInvalidation, quick())?;
            bench.burst_read(STREAM, VA, 1, 3)?;
            tables.map(bench.memory(), VA, RAM + 0x9000, READ_WRITE)?;
            if bytes == 8 {
                bench.write64(offset, value)?;
            } else {
                bench.write32(offset, value as u32)?;
            }
            if global_sync {
                bench.write32(regs::STLBGSYNC.offset(&MINI, 0), 0)?;
                bench.read32(regs::STLBGSTATUS.offset(&MINI, 0))?;
            } else {
                bench.sync(BANK)?;
            }
            bench.burst_read(STREAM, VA, 1, 3)?;
            Ok(())
        };
        assert_eq!(kind(run()), ends.then_some(Kind::Address), "{offset:#x} {value:#x}");
    }
}

#[test]
fn a_command_in_two_halves_acts_with_the_low_one() {
    for (high_first, ends) in [(true, true), (false, false)] {
        let run = || -> Result<(), BenchError> {
            let (mut bench, mut tables) = translated(Bug::NoInvalidation, quick())?;
            bench.burst_read(STREAM, VA, 1, 3)?;
            tables.map(bench.memory(), VA, RAM + 0x9000, READ_WRITE)?;
            let offset = regs::CB_TLBIVAL.offset(&MINI, BANK);
            let payload = VA >> 12 | u64::from(ASID) << 48;
            let halves = [(offset + 4, (payload >> 32) as u32), (offset, payload as u32)];
            for n in if high_first { [0, 1] } else { [1, 0] } {
                bench.write32(halves[n].0, halves[n].1)?;
            }
            bench.sync(BANK)?;
            bench.burst_read(STREAM, VA, 1, 3)?;
            Ok(())
        };
        assert_eq!(kind(run()), ends.then_some(Kind::Address));
    }
}

#[test]
fn a_bank_with_another_table_may_use_the_old_one_until_it_is_invalidated() {
    for (invalidate, expected) in [(false, None), (true, Some(Kind::Address))] {
        let run = || -> Result<(), BenchError> {
            let (mut bench, _) = translated(Bug::NoInvalidation, quick())?;
            bench.burst_read(STREAM, VA, 1, 3)?;
            let mut other = Tables::usual(TABLES + 0x8_0000);
            other.map(bench.memory(), VA, RAM + 0x9000, READ_WRITE)?;
            bench.write64(regs::CB_TTBR0.offset(&MINI, BANK), other.root | u64::from(ASID) << 48)?;
            if invalidate {
                bench.invalidate_bank(BANK)?;
            }
            bench.burst_read(STREAM, VA, 1, 3)?;
            Ok(())
        };
        assert_eq!(kind(run()), expected);
    }
}

#[test]
fn a_fault_that_is_recorded_but_not_answered_may_be_read_and_cleared() {
    let (mut bench, _) = translated(Bug::None, quick()).expect("clean");
    bench.port(0).hold(Holds { r: true, ..Holds::default() });
    bench.port(0).start(Burst::read(STREAM, VA + 0x40_0123, 3, 0));
    bench.run_cycles(200).expect("the client takes nothing");
    assert!(bench.irq_context(BANK));
    let record = bench.fault_record(BANK).expect("clean");
    assert_eq!(record[..2], [0x402, VA + 0x40_0123]);
    bench.clear_fault(BANK).expect("clean");
    assert_eq!(bench.fault_record(BANK).expect("clean")[0], 0);
    bench.port(0).hold(Holds::default());
    bench.drain().expect("clean");
    assert_eq!(bench.fault_record(BANK).expect("clean")[0], 0, "its refusal came after its record was cleared");
    assert_eq!(bench.burst_read(STREAM, VA, 1, 3).expect("clean").resp, 0);
}

#[test]
fn illegal_register_accesses_are_recorded() {
    let (mut bench, _) = translated(Bug::None, quick()).expect("clean");
    let missing = (MINI.num_page + MINI.num_cb) as u32 * 0x1000 + 0x58;
    assert_eq!(bench.read32(missing).expect("clean"), 0);
    assert_eq!(bench.read32(regs::SGFSR.offset(&MINI, 0)).expect("clean"), 1 << 5);
    assert_eq!(bench.read64(regs::SGFAR.offset(&MINI, 0)).expect("clean"), u64::from(missing));
    bench.write32(missing, 1).expect("clean");
    assert_eq!(bench.read32(regs::SGFSR.offset(&MINI, 0)).expect("clean"), 1 << 31 | 1 << 5);
    assert!(bench.irq_global());
}

/// Random traffic while tables, configuration and fault status change at random: whatever the test device makes of it is right.
#[test]
fn random_changes_under_random_traffic_are_clean() {
    for seed in 0..40 {
        random_changes(seed).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
}

fn random_changes(seed: u64) -> Result<(), BenchError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut bench, mut tables) = translated(Bug::None, rough(seed))?;
    if rng.random() {
        bench.write32(regs::CB_SCTLR.offset(&MINI, BANK), SCTLR_USUAL | SCTLR_HUPCF)?;
    }
    for _ in 0..150 {
        let va = VA + 0x1000 * rng.random_range(0..8u64);
        match rng.random_range(0..20) {
            0 => tables.unmap(bench.memory(), va)?,
            1..=3 => {
                let attributes = if rng.random() { READ_WRITE } else { READ_WRITE | READ_ONLY };
                tables.map(bench.memory(), va, RAM + 0x1000 * rng.random_range(0..64u64), attributes)?;
            }
            4 => bench.invalidate_page(BANK, ASID, va)?,
            5 => bench.mmio_post_write(regs::CB_TLBIALL.offset(&MINI, BANK), 0, 4),
            6 => bench.mmio_post_write(regs::CB_FSR.offset(&MINI, BANK), 0xffff_ffff, 4),
            7 => {
                bench.fault_record(BANK)?;
                bench.clear_fault(BANK)?;
            }
            8 => toggle(&mut bench, regs::CB_SCTLR.offset(&MINI, BANK), [1 << 5, 1 << 8, 1 << 6][rng.random_range(0..3)])?,
            9 => toggle(&mut bench, regs::SMR.offset(&MINI, 0), 1 << 31)?,
            10 => {
                // The third-level table of these pages is replaced by another one, with the same pages elsewhere.
                let slot = tables.slot(bench.memory(), VA, 2)?;
                let mut other = Tables::usual(TABLES + 0x4_0000 + 0x8000 * rng.random_range(0..4u64));
                other.map(bench.memory(), va, RAM + 0x3_0000, READ_WRITE)?;
                let third = other.slot(bench.memory(), va, 2)?;
                let table = bench.memory().read_u64(third)?;
                bench.memory().write_u64(slot, table)?;
            }
            _ => {
                let id = rng.random_range(0..4);
                let burst = Burst::read(STREAM, va + 8 * rng.random_range(0..64u64), rng.random_range(1..9), 3).id(id);
                let burst = if rng.random() { burst } else { burst.into_write(8, |n| n as u128) };
                bench.port(0).start(burst);
            }
        }
        bench.run_cycles(rng.random_range(0..25))?;
    }
    bench.drain()?;
    bench.fault_record(BANK)?;
    Ok(())
}

fn toggle(bench: &mut Bench, offset: u32, bits: u32) -> Result<(), BenchError> {
    let value = bench.read32(offset)?;
    bench.write32(offset, value ^ bits)
}
