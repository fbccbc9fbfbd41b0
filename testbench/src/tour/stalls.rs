//! Stalled faults: every kind, both directions, both orders of status and RESUME, retried in vain and not; and what others of the bank do
//! meanwhile. Only hardware that can stall has these scenes.

use super::faults::{narrow, plant, Wrong};
use super::speed::demand;
use super::{smooth, Outcome, Scene, ASID, BANK, RAM, SETTLED, STREAM, TABLES};
use crate::axi::burst::OKAY;
use crate::axi::master::{Burst, BurstDone};
use crate::bench::fixture::{Tables, READ_WRITE, SCTLR_CFCFG, SCTLR_CFRE, SCTLR_HUPCF, SCTLR_USUAL};
use crate::bench::{Bench, BenchError};
use smmu_rtl::params::Params;
use smmu_rtl::registers as regs;

const SS: u64 = 1 << 30;
const RETRY: u32 = 0;
const TERMINATE: u32 = 1;

pub(super) fn scenes(params: &Params) -> Vec<Scene> {
    if !params.features.stall {
        return Vec::new();
    }
    vec![
        ("stalled faults", smooth(), every_kind),
        ("others of a stalled bank", smooth(), beside),
        ("rooms of held transactions", smooth(), rooms),
        ("stalled faults of every bank", smooth(), every_bank),
    ]
}

fn control(bench: &mut Bench, bits: u32) -> Outcome {
    let params = *bench.params();
    bench.write32(regs::CB_SCTLR.offset(&params, BANK), SCTLR_USUAL & !(SCTLR_HUPCF | SCTLR_CFCFG | SCTLR_CFRE) | bits)?;
    bench.run_cycles(SETTLED)
}

fn resume(bench: &mut Bench, how: u32) -> Outcome {
    bench.write32(regs::CB_RESUME.offset(bench.params(), BANK), how)
}

fn start(bench: &mut Bench, va: u64, write: bool, id: u32) -> u64 {
    let bus_bytes = bench.params().data_width / 8;
    let burst = Burst::read(STREAM, va, 2, 3).id(id);
    bench.port(0).start(if write { burst.into_write(bus_bytes, |n| n as u128) } else { burst })
}

/// The record's read, as a driver reads it: a transaction must be stalled.
fn stalled(bench: &mut Bench) -> Outcome {
    bench.run_until("the interrupt", |bench| bench.irq_context(BANK))?;
    let [status, ..] = bench.fault_record(BANK)?;
    demand(bench, "FSR.SS", status & SS, SS..=SS)
}

/// Runs until so many bursts have an answer, good or not: the bench compares each with the model.
fn answered_any(bench: &mut Bench, bursts: usize) -> Result<Vec<BurstDone>, BenchError> {
    let mut done = Vec::new();
    bench.run_until("the answers", |bench| {
        done.extend(std::iter::from_fn(|| bench.port(0).finished()));
        done.len() >= bursts
    })?;
    Ok(done)
}

/// The same, and each has to be good or not.
fn answered(bench: &mut Bench, bursts: usize, good: bool) -> Outcome {
    let done = answered_any(bench, bursts)?;
    let count = done.iter().filter(|burst| (burst.resp == OKAY) == good).count() as u64;
    demand(bench, "answers as they should be", count, bursts as u64..=bursts as u64)
}

fn clear(bench: &mut Bench) -> Outcome {
    bench.clear_fault(BANK)
}

/// One stalled fault of each kind for each access, order and result.
fn every_kind(bench: &mut Bench) -> Outcome {
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    let mut root = TABLES;
    let wrongs = [Wrong::Invalid, Wrong::NotAccessed, Wrong::NotPermitted, Wrong::Hole, Wrong::Beyond];
    for wrong in wrongs {
        for (write, status_first, repaired) in (0..8).map(|n| (n & 1 != 0, n & 2 != 0, n & 4 != 0)) {
            let mut tables = Tables::new(root, 12, 16);
            let mut mended = Tables::new(root + 0x8000, 12, 16);
            root += 0x1_0000;
            let va = 0x3000;
            plant(bench, &mut tables, va, 3, wrong)?;
            mended.map(bench.memory(), va, RAM, READ_WRITE)?;
            bench.setup_bank(BANK, &tables, ASID, SCTLR_USUAL)?;
            narrow(bench)?;
            control(bench, SCTLR_CFCFG | SCTLR_CFRE)?;
            let _ = start(bench, va, write, 1);
            stalled(bench)?;
            if status_first {
                clear(bench)?;
            }
            if repaired {
                // Another table, and nothing cached of the old one.
                bench.write64(regs::CB_TTBR0.offset(bench.params(), BANK), mended.root | u64::from(ASID) << 48)?;
                bench.invalidate_bank(BANK)?;
                bench.run_cycles(SETTLED)?;
            }
            resume(bench, if repaired { RETRY } else { TERMINATE })?;
            if !status_first {
                clear(bench)?;
            }
            answered(bench, 1, repaired)?;
            clear(bench)?;
            bench.run_cycles(SETTLED)?;
        }
    }
    Ok(())
}

/// What the others of the bank do while one is stalled, by HUPCF and CFCFG, and after RESUME.
fn beside(bench: &mut Bench) -> Outcome {
    let mut tables = Tables::usual(TABLES);
    let (absent, second_absent, there) = (0x9000, 0xa000, 0x1000);
    tables.map(bench.memory(), there, RAM + there, READ_WRITE)?;
    bench.setup_bank(BANK, &tables, ASID, SCTLR_USUAL)?;
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    for write in [false, true] {
        // Others wait, and go on or are refused after RESUME.
        for first_clear in [true, false] {
            control(bench, SCTLR_CFCFG | SCTLR_CFRE)?;
            let _ = start(bench, absent, write, 1);
            stalled(bench)?;
            let _ = start(bench, there, write, 2);
            bench.run_cycles(SETTLED)?;
            if first_clear {
                clear(bench)?;
                resume(bench, TERMINATE)?;
                bench.run_cycles(4 * SETTLED)?;
                answered_any(bench, 2)?;
            } else {
                // The bank stays blocked: the waiting one is refused when CFCFG is gone.
                resume(bench, TERMINATE)?;
                answered(bench, 2, false)?;
                clear(bench)?;
            }
            bench.run_cycles(SETTLED)?;
            // CFCFG goes while one is stalled: others are refused, but those behind it in their id wait.
            control(bench, SCTLR_CFCFG | SCTLR_CFRE)?;
            let _ = start(bench, absent, write, 1);
            stalled(bench)?;
            control(bench, SCTLR_CFRE)?;
            let _ = start(bench, there, write, 2);
            let _ = start(bench, there, write, 1);
            bench.run_cycles(2 * SETTLED)?;
            if first_clear {
                clear(bench)?;
                resume(bench, TERMINATE)?;
            } else {
                resume(bench, TERMINATE)?;
                bench.run_cycles(2 * SETTLED)?;
                clear(bench)?;
            }
            answered_any(bench, 3)?;
            clear(bench)?;
            bench.run_cycles(SETTLED)?;
            // HUPCF: others go on, and one that faults, too, waits without a record, if it is not behind the stalled one.
            control(bench, SCTLR_CFCFG | SCTLR_CFRE | SCTLR_HUPCF)?;
            let _ = start(bench, absent, write, 1);
            stalled(bench)?;
            let _ = start(bench, there, !write, 2);
            bench.run_cycles(4 * SETTLED)?;
            answered(bench, 1, true)?;
            let _ = start(bench, second_absent, write, 2);
            let _ = start(bench, there, write, 1);
            bench.run_cycles(4 * SETTLED)?;
            clear(bench)?;
            resume(bench, TERMINATE)?;
            bench.run_cycles(4 * SETTLED)?;
            if bench.irq_context(BANK) {
                stalled(bench)?;
                clear(bench)?;
                resume(bench, TERMINATE)?;
            }
            answered_any(bench, 3)?;
            clear(bench)?;
            bench.run_cycles(SETTLED)?;
        }
    }
    Ok(())
}

/// Each bank has a stalled read while the next one has a stalled write; the later one goes on first.
fn every_bank(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let bus_bytes = params.data_width / 8;
    let absent = |stream, bank: usize| Burst::read(stream, 0x1_0000 + 0x1000 * bank as u64, 2, 3).id(bank as u32 & 1);
    bench.enable()?;
    for first in 0..params.num_cb {
        let second = (first + 1) % params.num_cb;
        for (group, bank) in [first, second].into_iter().enumerate() {
            bench.setup_bank(bank, &Tables::usual(TABLES), ASID, SCTLR_USUAL | SCTLR_CFCFG | SCTLR_CFRE)?;
            bench.route_stream(group, STREAM + group as u32, bank)?;
            let read = absent(STREAM + group as u32, bank);
            bench.port(0).start(if group == 0 { read } else { read.into_write(bus_bytes, |n| n as u128) });
            bench.run_until("the interrupt", |bench| bench.irq_context(bank))?;
            let [status, ..] = bench.fault_record(bank)?;
            demand(bench, "FSR.SS", status & SS, SS..=SS)?;
        }
        for bank in [second, first] {
            bench.clear_fault(bank)?;
            bench.write32(regs::CB_RESUME.offset(&params, bank), TERMINATE)?;
            answered(bench, 1, false)?;
            // Nothing of the other bank has moved.
            let others = usize::from(bank == second);
            let [status, ..] = bench.fault_record(first)?;
            demand(bench, "FSR.SS of the first", status >> 30 & 1, others as u64..=others as u64)?;
        }
        bench.write32(regs::CB_SCTLR.offset(&params, second), SCTLR_USUAL)?;
        bench.write32(regs::CB_SCTLR.offset(&params, first), SCTLR_USUAL)?;
    }
    Ok(())
}

/// As many stalled and waiting transactions as there is room for, and more; in each direction, with long bursts of data.
fn rooms(bench: &mut Bench) -> Outcome {
    let mut tables = Tables::usual(TABLES);
    for page in 0..8 {
        tables.map(bench.memory(), 0x1000 * page, RAM + 0x1000 * page, READ_WRITE)?;
    }
    bench.setup_bank(BANK, &tables, ASID, SCTLR_USUAL)?;
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    let bus_bytes = bench.params().data_width / 8;
    for hupcf in [0, SCTLR_HUPCF] {
        for (write, ids) in [(false, 8), (false, 1), (true, 8), (true, 1)] {
            control(bench, SCTLR_CFCFG | SCTLR_CFRE | hupcf)?;
            for n in 0..12u32 {
                let page = if n % 3 == 0 { 0x10 + u64::from(n) } else { u64::from(n) % 8 };
                let burst = Burst::read(STREAM, 0x1000 * page, 200, 3).id(n % ids);
                let _ = bench.port(0).start(if write { burst.into_write(bus_bytes, |n| n as u128) } else { burst });
            }
            stalled(bench)?;
            bench.run_cycles(600)?;
            let mut done = 0;
            for _ in 0..60 {
                clear(bench)?;
                resume(bench, TERMINATE)?;
                bench.run_cycles(400)?;
                done += std::iter::from_fn(|| bench.port(0).finished()).count();
                if done >= 12 {
                    break;
                }
            }
            demand(bench, "answers", done as u64, 12..=12)?;
            clear(bench)?;
        }
    }
    Ok(())
}
