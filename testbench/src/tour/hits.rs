//! Entries of the micro TLB beside each other: what they permit, which of them goes, which is taken next.
//!
//! How it works: as in [`super::entries`]. Entries are taken in order where nothing is cached, so each page stands in the entry of its number.

use super::caches::{burst, leaf, permits, set_up_lenient, ACCESSES};
use super::entries::{all_in, pages, read};
use super::speed::{access, demand, forget_hits, options, set_up, HIT};
use super::{Outcome, Scene, ASID, BANK, RAM, SETTLED, STREAM, TABLES};
use crate::axi::master::Burst;
use crate::bench::fixture::{Tables, NOT_GLOBAL, READ_ONLY, READ_WRITE, VALID};
use crate::bench::Bench;
use smmu_rtl::registers as regs;

pub(super) fn scenes() -> Vec<Scene> {
    let options = options();
    vec![
        ("permissions of every hit entry", options.clone(), permissions),
        ("hits of every stream", options.clone(), streams),
        ("an entry that is free is taken first", options.clone(), free),
        ("the oldest entry goes first", options.clone(), oldest),
        ("global entries and invalidations by ASID", options.clone(), globals),
        ("blocks over pages and pages over blocks", options.clone(), sizes),
        ("pages over themselves", options, itself),
    ]
}

/// Each leaf in each entry, asked for every access.
fn permissions(bench: &mut Bench) -> Outcome {
    let entries = bench.params().micro_tlb as u64;
    let mut tables = Tables::usual(TABLES);
    set_up_lenient(bench, &tables)?;
    for n in 0..16 {
        tables.map(bench.memory(), n << 12, RAM + (n << 12), leaf(n))?;
    }
    bench.invalidate_bank(BANK)?;
    for first in 0..16 {
        forget_hits(bench)?;
        let held: Vec<u64> = (first..first + entries).map(|n| n % 16).collect();
        for n in &held {
            burst(bench, n << 12, (false, 1))?;
        }
        bench.run_cycles(SETTLED)?;
        for how in ACCESSES {
            for n in &held {
                burst(bench, n << 12, how)?;
                let permitted = permits(leaf(*n), how);
                let (hits, refused) = (bench.stats().hits, bench.stats().refused);
                let what = format!("access {how:?} to leaf {n} in the micro TLB");
                demand(bench, &format!("hits of {what}"), hits, if permitted { 1..=1 } else { 0..=0 })?;
                demand(bench, &format!("refusals of {what}"), refused, if permitted { 0..=0 } else { 1..=1 })?;
                if !permitted {
                    bench.clear_fault(BANK)?;
                }
            }
        }
    }
    Ok(())
}

/// Streams of one bit, and of all but one, hit in every entry.
fn streams(bench: &mut Bench) -> Outcome {
    const ALL: u32 = 0x7fff;
    let params = *bench.params();
    let bus_bytes = params.data_width / 8;
    let mut tables = Tables::usual(TABLES);
    tables.map(bench.memory(), 0, RAM, READ_WRITE)?;
    set_up(bench, &tables)?;
    bench.write32(regs::SMR.offset(&params, 0), 1 << 31 | ALL << 16)?;
    let streams: Vec<u32> = (0..15).flat_map(|bit| [1 << bit, ALL ^ 1 << bit]).collect();
    for first in 0..streams.len() {
        forget_hits(bench)?;
        let held = (first..first + params.micro_tlb).map(|n| streams[n % streams.len()]);
        for stream in held.clone() {
            bench.burst_read(stream, 0x40, 1, 3)?;
        }
        bench.run_cycles(SETTLED)?;
        for (n, stream) in held.enumerate() {
            for write in [false, true] {
                bench.reset_stats();
                let read = Burst::read(stream, 0x80, 1, 3);
                bench.burst(if write { read.into_write(bus_bytes, |_| n as u128) } else { read })?;
                let hits = bench.stats().hits;
                demand(bench, &format!("hits of stream {stream:#x} in the micro TLB, write {write}"), hits, 1..=1)?;
            }
        }
    }
    Ok(())
}

fn must_be_in(bench: &mut Bench, vas: &[u64]) -> Outcome {
    for va in vas {
        access(bench, "a page that nothing has dropped", va | 0xc0, false, 0, HIT..=HIT)?;
    }
    Ok(())
}

fn by_address(bench: &mut Bench, asid: u16, va: u64) -> Outcome {
    let params = *bench.params();
    bench.write64(regs::CB_TLBIVAL.offset(&params, BANK), va >> 12 | u64::from(asid) << 48)
}

/// Some entries go, and others come for them: those that stayed are still there.
fn free(bench: &mut Bench) -> Outcome {
    let mut tables = Tables::usual(TABLES);
    let vas: Vec<u64> = pages(bench).collect();
    for (n, va) in (0..).zip(&vas) {
        tables.map(bench.memory(), *va, RAM + (n << 12), READ_WRITE)?;
    }
    set_up(bench, &tables)?;
    all_in(bench, 0)?;
    let entries = vas.len();
    for round in 0..3 * entries {
        let gone: Vec<u64> = (0..entries).filter(|n| ((round * 0x9d) >> n) & 1 == 1).map(|n| vas[n]).collect();
        for va in &gone {
            by_address(bench, ASID, *va)?;
        }
        bench.sync(BANK)?;
        for va in &gone {
            read(bench, *va)?;
        }
        bench.run_cycles(SETTLED)?;
        must_be_in(bench, &vas)?;
    }
    Ok(())
}

/// However many pages were used, the last ones are there, as many as there are entries.
fn oldest(bench: &mut Bench) -> Outcome {
    let entries = bench.params().micro_tlb;
    let mut tables = Tables::usual(TABLES);
    let vas: Vec<u64> = (0..2 * entries as u64).map(|n| n << 12).collect();
    for va in &vas {
        tables.map(bench.memory(), *va, RAM + va, READ_WRITE)?;
    }
    set_up(bench, &tables)?;
    for va in &vas[..entries] {
        read(bench, *va)?;
    }
    for used in entries..5 * entries {
        read(bench, vas[used % vas.len()])?;
        bench.run_cycles(SETTLED)?;
        let last: Vec<u64> = (used + 1 - entries..=used).map(|n| vas[n % vas.len()]).collect();
        must_be_in(bench, &last)?;
    }
    Ok(())
}

/// By address and another ASID, global entries go and others stay; by ASID alone, the other way round.
fn globals(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let mut tables = Tables::usual(TABLES);
    let vas: Vec<u64> = pages(bench).collect();
    for pattern in [0x55u32, 0xaa, 0x0f, 0xf0] {
        for by_asid in [false, true] {
            let is_global = |n: usize| pattern >> (n % 8) & 1 == 1;
            let place = |n: usize, moved: bool| RAM + ((n as u64) << 13 | u64::from(moved) << 12);
            let attributes = |n: usize| if is_global(n) { READ_WRITE & !NOT_GLOBAL } else { READ_WRITE };
            for (n, va) in vas.iter().enumerate() {
                tables.map(bench.memory(), *va, place(n, false), attributes(n))?;
            }
            set_up(bench, &tables)?;
            all_in(bench, 0)?;
            let goes = |n: usize| is_global(n) != by_asid;
            for (n, va) in vas.iter().enumerate().filter(|(n, _)| goes(*n)) {
                tables.map(bench.memory(), *va, place(n, true), attributes(n))?;
            }
            if by_asid {
                bench.write32(regs::CB_TLBIASID.offset(&params, BANK), ASID.into())?;
            } else {
                for va in &vas {
                    by_address(bench, ASID ^ 0x10, *va)?;
                }
            }
            bench.sync(BANK)?;
            let stayed: Vec<u64> = vas.iter().enumerate().filter(|(n, _)| !goes(*n)).map(|(_, va)| *va).collect();
            must_be_in(bench, &stayed)?;
            for va in &vas {
                bench.burst_write(STREAM, va | 0x80, 1, 3, |_| 2)?;
            }
        }
    }
    Ok(())
}

/// A page that may only be read is cached, moves, and may be written: nobody says so, but the write walks, and what it brings takes the place of
/// the old entry, wherever that stands.
fn itself(bench: &mut Bench) -> Outcome {
    let entries = bench.params().micro_tlb as u64;
    let mut tables = Tables::usual(TABLES);
    let fillers: Vec<u64> = (0..entries).map(|n| 1 << 46 | n << 15).collect();
    for (n, va) in (0..).zip(&fillers) {
        tables.map(bench.memory(), *va, RAM + (n << 12), READ_WRITE)?;
    }
    set_up(bench, &tables)?;
    // Places each of which has bits that the other has not.
    let (old, new) = (RAM + 0x5_5000, RAM + 0xa_a000);
    for va in [0x1234_5678_9000, 0x5a5a_5a5a_5000, 0x25a5_a5a5_a000] {
        for entry in 0..entries - 1 {
            tables.map(bench.memory(), va, old, READ_WRITE | READ_ONLY)?;
            bench.invalidate_bank(BANK)?;
            for va in &fillers[..entry as usize] {
                read(bench, *va)?;
            }
            read(bench, va)?;
            bench.run_cycles(SETTLED)?;
            tables.map(bench.memory(), va, new, READ_WRITE)?;
            bench.burst_write(STREAM, va | 0x80, 1, 3, |_| 2)?;
            bench.run_cycles(SETTLED)?;
            bench.burst_read(STREAM, va | 0x40, 1, 3)?;
        }
    }
    Ok(())
}

/// A page that may only be read is cached, and becomes part of a block that may be written, or the other way round. Nobody says so, but the
/// table that led to it is known no more. The write walks, and what it brings takes the place of what it overlaps, whichever bits of their
/// addresses differ and wherever the old entry stands.
fn sizes(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let entries = params.micro_tlb as u64;
    let mut tables = Tables::usual(TABLES);
    let fillers: Vec<u64> = (0..entries).map(|n| 1 << 46 | n << 15).collect();
    for (n, va) in (0..).zip(&fillers) {
        tables.map(bench.memory(), *va, RAM + (n << 12), READ_WRITE)?;
    }
    set_up(bench, &tables)?;
    for level in [1, 2u32] {
        let size = tables.entry_bits(level);
        let base = u64::from(level) << 44;
        let slot = tables.slot(bench.memory(), base, level)?;
        // Of the same number in its walk cache as the table above the page.
        let evicts = base | 1 << 43;
        tables.map(bench.memory(), evicts, RAM + 0x9000, READ_WRITE)?;
        for bit in 12..size.min(25) {
            let (page, near) = (base, base | 1 << bit);
            // Places with a bit that the block's does not have, above all that is offset: two entries that answer together show.
            tables.map(bench.memory(), page, TABLES + 0x780_0000, READ_WRITE | READ_ONLY)?;
            tables.map(bench.memory(), near, TABLES + 0x780_2000, READ_WRITE)?;
            let table = bench.memory().read_u64(slot)?;
            let near_slot = tables.slot(bench.memory(), near, 3)?;
            let near_leaf = bench.memory().read_u64(near_slot)?;
            let block = RAM | READ_WRITE | VALID;
            for entry in 0..entries - 1 {
                for block_first in [false, true] {
                    bench.memory().write_u64(slot, if block_first { block | READ_ONLY } else { table })?;
                    // A leaf beside the page would come along with it, and the block would not be asked for.
                    bench.memory().write_u64(near_slot, if block_first { near_leaf } else { 0 })?;
                    bench.invalidate_bank(BANK)?;
                    for va in &fillers[..entry as usize] {
                        read(bench, *va)?;
                    }
                    read(bench, page)?;
                    bench.run_cycles(SETTLED)?;
                    bench.memory().write_u64(slot, if block_first { table } else { block })?;
                    read(bench, evicts)?;
                    bench.run_cycles(SETTLED)?;
                    bench.burst_write(STREAM, near | 0x80, 1, 3, |_| 2)?;
                    bench.run_cycles(SETTLED)?;
                    for va in [page, near] {
                        bench.burst_read(STREAM, va | 0x40, 1, 3)?;
                    }
                }
            }
            bench.memory().write_u64(slot, table)?;
        }
    }
    Ok(())
}
