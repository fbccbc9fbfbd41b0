//! Nothing takes longer than it has to: walks that are no longer than the caches allow, hits that are hits.
//!
//! A design that loses what it has cached translates correctly, so no comparison with the model notices it. Here every step says how many
//! table reads it may take, and how many cycles; both follow from sizes ([`Params`]) and `docs/architecture.md`.
//!
//! [`Params`]: smmu_rtl::params::Params

use super::translation::granules;
use super::{smooth, Outcome, Scene, ASID, BANK, RAM, SETTLED, STREAM, TABLES};
use crate::axi::master::Burst;
use crate::bench::fixture::{Tables, READ_WRITE, SCTLR_USUAL};
use crate::bench::{Bench, BenchError, BenchOptions};
use crate::memory::latency::Latency;
use smmu_rtl::registers as regs;

/// Cycles from a table read's address to its data in these scenes.
const L: u64 = 10;
/// Cycles of a hit in the micro TLB; of a walk of one read beside L; of each further level beside L.
pub(super) const HIT: u64 = 2;
const WALK: u64 = 12;
const LEVEL: u64 = 3;
/// Entries of the walk cache of level 0, and of the others at least.
const LEVEL0: u64 = 4;
const LEVELS: u64 = 8;
/// Pages that a line of the main TLB has, and its ways.
pub(super) const LINE: u64 = 8;
pub(super) const WAYS: u64 = 4;

pub(super) fn scenes() -> Vec<Scene> {
    let options = options();
    vec![
        ("the length of walks", options.clone(), lengths),
        ("as many pages as fit", options.clone(), pages),
        ("as many tables and blocks as fit", options.clone(), tables_and_blocks),
        ("misses that share a walk", options, shared),
    ]
}

/// What these scenes run with.
pub(super) fn options() -> BenchOptions {
    BenchOptions { latency: Latency::Fixed(L as u32), ..smooth() }
}

/// Fails if a figure is not what it has to be.
pub(super) fn demand(bench: &Bench, what: &str, figure: u64, wanted: std::ops::RangeInclusive<u64>) -> Outcome {
    if wanted.contains(&figure) {
        return Ok(());
    }
    Err(BenchError::Figure { cycle: bench.cycle(), what: what.to_string(), figure, least: *wanted.start(), most: *wanted.end() })
}

/// Cycles of a transaction that needs so many table reads. Without any, it is no slower than a walk would be.
pub(super) fn cycles(walks: u64) -> std::ops::RangeInclusive<u64> {
    match walks {
        0 => HIT..=WALK,
        _ => WALK + L + (walks - 1) * (LEVEL + L)..=WALK + L + (walks - 1) * (LEVEL + L),
    }
}

/// A read, or a write if `write`, that takes so many table reads and cycles.
pub(super) fn access(
    bench: &mut Bench,
    what: &str,
    va: u64,
    write: bool,
    walks: u64,
    cycles: std::ops::RangeInclusive<u64>,
) -> Outcome {
    bench.reset_stats();
    if write {
        bench.burst_write(STREAM, va, 1, 3, |_| 7)?;
    } else {
        bench.burst_read(STREAM, va, 1, 3)?;
    }
    let (reads, latency) = (bench.stats().walk_reads, bench.stats().latency.max());
    demand(bench, &format!("table reads of {what} at {va:#x}"), reads, walks..=walks)?;
    demand(bench, &format!("cycles of {what} at {va:#x}"), latency, cycles)
}

/// Drops the micro TLB and nothing else: a stream match register is written.
pub(super) fn forget_hits(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    bench.write32(regs::SMR.offset(&params, params.num_smr - 1), 0)?;
    bench.run_cycles(SETTLED)
}

/// The stream's bank with these tables, and nothing cached.
pub(super) fn set_up(bench: &mut Bench, tables: &Tables) -> Outcome {
    bench.route_stream(0, STREAM, BANK)?;
    bench.setup_bank(BANK, tables, ASID, SCTLR_USUAL)?;
    bench.enable()?;
    bench.invalidate_bank(BANK)?;
    bench.run_cycles(SETTLED)
}

/// Every granule, start level and leaf: a cold walk, a hit, a neighbour, a page of another line.
fn lengths(bench: &mut Bench) -> Outcome {
    let mut root = TABLES;
    for granule in granules(bench) {
        for size in [16, 25, 34] {
            for leaf in if granule == 12 { 1..4 } else { 2..4 } {
                root = root.next_multiple_of(1 << granule);
                let mut tables = Tables::new(root, granule, size);
                root += 8 << granule;
                let start = tables.start_level();
                if leaf < start {
                    continue;
                }
                let entry = 1u64 << tables.entry_bits(leaf);
                let page = 1u64 << granule;
                let va = entry % (1 << (64 - size));
                let pa = RAM & !(entry - 1);
                if leaf == 3 {
                    for n in [0, 1, LINE] {
                        tables.map(bench.memory(), va + n * page, RAM + n * page, READ_WRITE)?;
                    }
                } else {
                    tables.map_block(bench.memory(), va, pa, leaf, READ_WRITE)?;
                }
                set_up(bench, &tables)?;
                let first = if leaf == 3 { va } else { va + (RAM - pa) };
                let walks = u64::from(leaf - start + 1);
                access(bench, "a cold walk", first, root.is_multiple_of(3), walks, cycles(walks))?;
                for (write, addr) in [(false, first + 0x40), (true, first + 0x80), (false, first + page - 8)] {
                    bench.run_cycles(SETTLED)?;
                    access(bench, "a hit", addr, write, 0, HIT..=HIT)?;
                }
                // The line is filled behind the answer.
                access(bench, "a neighbour", first + page, true, 0, if leaf == 3 { cycles(0) } else { HIT..=HIT })?;
                let far = if leaf == 3 { 1 } else { 0 };
                access(
                    bench,
                    "a page of another line",
                    first + LINE * page,
                    false,
                    far,
                    if far == 1 { cycles(1) } else { HIT..=HIT },
                )?;
                forget_hits(bench)?;
                access(bench, "what another cache still has", first, false, 0, cycles(0))?;
            }
        }
    }
    Ok(())
}

/// As many pages as the micro TLB has entries; as many lines as the main TLB has.
fn pages(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let lines = params.main_tlb as u64 / LINE;
    let mut tables = Tables::usual(TABLES);
    for page in 0..lines * LINE {
        tables.map(bench.memory(), page << 12, RAM + (page << 12), READ_WRITE)?;
    }
    for page in 0..4 * WAYS * LINE {
        tables.map(bench.memory(), 1 << 30 | page << 12, RAM + (page << 12), READ_WRITE)?;
    }
    set_up(bench, &tables)?;
    for round in 0..3 {
        // Another order in each round, and other pages of the lines.
        let order = (0..lines).map(|n| (n * (2 * round + 1) + round) % lines);
        for line in order.clone() {
            bench.burst_read(STREAM, (line * LINE + round) << 12, 1, 3)?;
            bench.run_cycles(SETTLED)?;
        }
        for line in order {
            access(bench, "a line of the main TLB", (line * LINE + 7 - round) << 12, round == 1, 0, cycles(0))?;
        }
        // What is used last stays in the micro TLB, whatever was there.
        for _ in 0..2 {
            forget_hits(bench)?;
            for page in 0..params.micro_tlb as u64 {
                bench.burst_read(STREAM, (page * LINE + round) << 12, 1, 3)?;
            }
            bench.run_cycles(SETTLED)?;
            for page in 0..params.micro_tlb as u64 {
                access(bench, "a page of the micro TLB", (page * LINE + round) << 12 | 0x80, page % 2 == 0, 0, HIT..=HIT)?;
            }
        }
        if round == 1 {
            // Empty again, the ways fill again.
            bench.invalidate_bank(BANK)?;
        }
    }
    // Nothing but the oldest goes: what was used last is there, wherever. `caches` asks the main TLB alone.
    for line in 0..4 * WAYS {
        bench.burst_read(STREAM, 1 << 30 | (line * LINE) << 12, 1, 3)?;
        bench.run_cycles(SETTLED)?;
        for back in 0..=line.min(WAYS - 1) {
            let addr = 1 << 30 | ((line - back) * LINE) << 12;
            access(bench, "one of the last lines", addr, false, 0, HIT..=WALK)?;
        }
    }
    Ok(())
}

/// As many tables, and as many blocks, of each level as its walk cache has entries.
fn tables_and_blocks(bench: &mut Bench) -> Outcome {
    let mut tables = Tables::usual(TABLES);
    // Level of the entries, how many there are, and how many levels are below.
    let cases = [(0u32, LEVEL0, 3u64), (1, LEVELS, 2), (2, LEVELS, 1)];
    for (level, count, _) in cases {
        let base = u64::from(level + 1) << 44;
        let reach = 1u64 << tables.entry_bits(level);
        for n in 0..count {
            // Two pages under each entry that share no table below it.
            for half in 0..2 {
                let va = base + n * reach + half * (reach / 2);
                tables.map(bench.memory(), va, RAM + (n << 13 | half << 12), READ_WRITE)?;
            }
        }
    }
    for level in 1..3u32 {
        let reach = 1u64 << tables.entry_bits(level);
        for n in 0..LEVELS {
            tables.map_block(bench.memory(), ((4 + u64::from(level)) << 44) | (n * reach), RAM, level, READ_WRITE)?;
        }
    }
    set_up(bench, &tables)?;
    for (level, count, below) in cases {
        let base = u64::from(level + 1) << 44;
        let reach = 1u64 << tables.entry_bits(level);
        bench.invalidate_bank(BANK)?;
        for n in 0..count {
            bench.burst_read(STREAM, base + n * reach, 1, 3)?;
            bench.run_cycles(SETTLED)?;
        }
        for n in 0..count {
            access(bench, "a walk below a known table", base + n * reach + reach / 2, n % 2 == 0, below, cycles(below))?;
            bench.run_cycles(SETTLED)?;
        }
    }
    for level in 1..3u32 {
        let reach = 1u64 << tables.entry_bits(level);
        let at = |n: u64| ((4 + u64::from(level)) << 44) | (n * reach) | if level == 1 { RAM & (reach - 1) } else { 0 };
        bench.invalidate_bank(BANK)?;
        for n in 0..LEVELS {
            bench.burst_read(STREAM, at(n), 1, 3)?;
        }
        forget_hits(bench)?;
        for n in 0..LEVELS {
            access(bench, "a known block", at(n) + 0x1000, n % 2 == 1, 0, cycles(0))?;
        }
    }
    Ok(())
}

/// Reads and writes of one page at once walk once; a bank's other pages go their own way.
fn shared(bench: &mut Bench) -> Outcome {
    let mut tables = Tables::usual(TABLES);
    for page in 0..64 {
        tables.map(bench.memory(), page << 12, RAM + (page << 12), READ_WRITE)?;
    }
    set_up(bench, &tables)?;
    let bus_bytes = bench.params().data_width / 8;
    for page in 0..8u64 {
        bench.invalidate_bank(BANK)?;
        bench.reset_stats();
        let bursts = (0..3u32).map(|id| {
            let read = Burst::read(STREAM, page << 15 | u64::from(id) << 6, 1, 3).id(id);
            if page % 2 == 1 && id == 1 {
                read.into_write(bus_bytes, |_| 3)
            } else {
                read
            }
        });
        bench.bursts(0, bursts.collect::<Vec<_>>())?;
        let reads = bench.stats().walk_reads;
        demand(bench, "table reads of three misses on a page", reads, 4..=if page % 2 == 1 { 8 } else { 4 })?;
    }
    Ok(())
}
