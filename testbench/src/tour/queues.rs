//! What waits for what: misses of one page, ids, refusals behind others, walks that an invalidation has met.

use super::speed::{demand, forget_hits, HIT};
use super::{smooth, Outcome, Scene, ASID, BANK, RAM, SETTLED, STREAM, TABLES};
use crate::axi::master::Burst;
use crate::bench::fixture::{Tables, READ_ONLY, READ_WRITE, SCTLR_HUPCF, SCTLR_USUAL};
use crate::bench::{Bench, BenchOptions};
use crate::memory::latency::Latency;
use smmu_rtl::registers as regs;

/// Cycles of a table read, of a walk of four levels with nothing cached (`docs/architecture.md`), and of one that walks two levels.
const L: u64 = 40;
const COLD: u64 = 12 + L + 3 * (3 + L);
/// Cycles after which a request that needs no walk has left the queue of misses, and the walks are still on their way.
const SOON: u64 = 30;

pub(super) fn scenes() -> Vec<Scene> {
    let options = BenchOptions { latency: Latency::Fixed(4), walk_latency: Some(Latency::Fixed(L as u32)), ..smooth() };
    vec![
        ("who waits for an answer", options.clone(), answers),
        ("who waits for an id", options.clone(), ids),
        ("refusals behind many others", smooth(), refusals),
        ("walks beside poisoned ones", options.clone(), poisoned),
        ("fills over what is there", smooth(), overlaps),
    ]
}

/// Misses of a page that stand beside each other walk once; of two pages, or of two streams, at the same time. For every bit that tells
/// pages apart, and every place in the queue.
fn answers(bench: &mut Bench) -> Outcome {
    const PAGE_BITS: u64 = 18;
    const STREAM_BITS: u64 = 6;
    let params = *bench.params();
    let bus_bytes = params.data_width / 8;
    let mut tables = Tables::usual(TABLES);
    let base = 1 << 40;
    // Fillers differ from both pages in many of the bits that are compared.
    let fillers: Vec<u64> = (0..4).map(|n| 2 << 40 | (0x3_ffff - 8 * n) << 12).collect();
    for bit in 0..PAGE_BITS {
        tables.map(bench.memory(), base | 1 << (12 + bit), RAM + (bit << 12), READ_WRITE)?;
    }
    for (n, va) in (0..).zip(fillers.iter().copied().chain([base])) {
        tables.map(bench.memory(), va, RAM + ((32 + n) << 12), READ_WRITE)?;
    }
    bench.setup_bank(BANK, &tables, ASID, SCTLR_USUAL)?;
    bench.route_stream(0, STREAM, BANK)?;
    bench.write32(regs::SMR.offset(&params, 0), 1 << 31 | 0x3f << 16 | STREAM)?;
    bench.enable()?;
    for bit in 0..PAGE_BITS + STREAM_BITS {
        // The page with the bit, and the one without it.
        let (with, without) = match bit.checked_sub(PAGE_BITS) {
            None => ((STREAM, base | 1 << (12 + bit)), (STREAM, base)),
            Some(bit) => ((STREAM | 1 << bit, base), (STREAM, base)),
        };
        for write in [false, true] {
            for place in 0..4usize {
                for (same, gap) in [(true, 0), (false, 0), (true, 4), (false, 4)] {
                    bench.invalidate_bank(BANK)?;
                    // The last place is the older one's only if another has become free before.
                    let early = place == 3;
                    if early {
                        bench.burst_read(STREAM, fillers[0], 1, 3)?;
                        bench.run_cycles(SETTLED)?;
                        forget_hits(bench)?;
                    }
                    bench.run_cycles(SETTLED)?;
                    bench.reset_stats();
                    let send = |bench: &mut Bench, (stream, va): (u32, u64), id: usize| {
                        let read = Burst::read(stream, va | 0x40, 1, 3).id(id as u32);
                        bench.port(0).start(if write { read.into_write(bus_bytes, |_| 5) } else { read });
                    };
                    for (n, va) in fillers.iter().enumerate().take(place) {
                        send(bench, (STREAM, *va), n);
                    }
                    send(bench, with, place);
                    bench.run_cycles(if early { SOON } else { gap })?;
                    send(bench, if same { with } else { without }, place + 1);
                    bench.drain()?;
                    // Early, the first filler is cached, and so are the tables of the other two.
                    let pages = 1 + u64::from(!same);
                    let wanted = if early { 4 * pages + 2 } else { 4 * (place as u64 + pages) };
                    let (reads, latency) = (bench.stats().walk_reads, bench.stats().latency.max());
                    let what = format!("neighbours in the queue, bit {bit}, write {write}, place {place}, same {same}");
                    demand(bench, &format!("table reads of {what}"), reads, wanted..=wanted)?;
                    // A few cycles for each that is in front.
                    demand(bench, &format!("cycles of {what}"), latency, COLD - SOON..=COLD + SOON)?;
                }
            }
        }
    }
    Ok(())
}

/// Hits of an id do not wait for misses of another, whichever bit tells them apart and whatever place the miss has in the queue. (In the
/// last one, there is no place left for the hit.)
fn ids(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let mut tables = Tables::usual(TABLES);
    // The page that is hit is far from those that are walked.
    const HITS: u64 = 2 << 40;
    for va in [0, 1 << 15, 2 << 15, HITS] {
        tables.map(bench.memory(), va, RAM + (va >> 3 & 0xf000) + (va & 0x1000), READ_WRITE)?;
    }
    bench.setup_bank(BANK, &tables, ASID, SCTLR_USUAL)?;
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    let all = (1u32 << params.id_width) - 1;
    for bit in 0..params.id_width {
        for place in 0..3u64 {
            bench.invalidate_bank(BANK)?;
            bench.burst_read(STREAM, HITS, 1, 3)?;
            bench.run_cycles(SETTLED)?;
            let other = all & !(1 << bit);
            for n in 0..=place {
                let id = if n == place { 1 << bit } else { other };
                bench.port(0).start(Burst::read(STREAM, n << 15, 1, 3).id(id));
            }
            bench.run_cycles(SOON)?;
            let start = bench.cycle();
            bench.burst(Burst::read(STREAM, HITS + 0x80, 1, 3).id(0))?;
            demand(bench, "cycles of a hit beside misses of other ids", bench.cycle() - start, 0..=SOON)?;
            bench.drain()?;
        }
    }
    Ok(())
}

/// A refusal waits for what its id has downstream, however many were there before it in this epoch and the last.
fn refusals(bench: &mut Bench) -> Outcome {
    const ROUNDS: u64 = 20;
    const BURSTS: u64 = 32;
    let params = *bench.params();
    let bus_bytes = params.data_width / 8;
    bench.route_stream(0, STREAM, 0)?;
    bench.write32(regs::S2CR.offset(&params, 0), 1 << 16)?;
    bench.enable()?;
    bench.run_cycles(SETTLED)?;
    for round in 0..ROUNDS {
        let bursts = (0..BURSTS).flat_map(|n| {
            let addr = RAM + (n << 6);
            let stream = if n % 8 == 7 { STREAM + 1 } else { STREAM };
            let id = if n % 16 == 3 { 1 + (n + round) as u32 % 15 } else { 0 };
            let read = Burst::read(stream, addr, 1, 3).id(id);
            [read.clone(), read.into_write(bus_bytes, |_| 6)]
        });
        bench.bursts(0, bursts.collect::<Vec<_>>())?;
        bench.write32(regs::SGFSR.offset(&params, 0), u32::MAX)?;
        // Epochs end now and then.
        if round % 10 == 9 || round == 3 {
            bench.invalidate_bank(BANK)?;
        }
    }
    Ok(())
}

/// A walk that began after an invalidation is kept, whichever others were on their way when it came.
fn poisoned(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    const QUICK: u32 = 0x301;
    const QUICK_BANK: usize = 2;
    let mut slow = Tables::usual(TABLES);
    // Two levels: its walks overtake the others.
    let mut quick = Tables::new(TABLES + 0x100_0000, 12, 39);
    for n in 0..8 {
        slow.map(bench.memory(), n << 15, RAM + (n << 12), READ_WRITE)?;
        quick.map(bench.memory(), n << 15, RAM + ((8 + n) << 12), READ_WRITE)?;
    }
    bench.setup_bank(BANK, &slow, ASID, SCTLR_USUAL)?;
    bench.setup_bank(QUICK_BANK, &quick, ASID, SCTLR_USUAL)?;
    bench.route_stream(0, STREAM, BANK)?;
    bench.route_stream(1, QUICK, QUICK_BANK)?;
    bench.enable()?;
    for rows in 0..4u64 {
        // The last row is poisoned only if another took the first one and has left it.
        let early = rows == 3;
        bench.invalidate_bank(BANK)?;
        if early {
            bench.burst_read(QUICK, 7 << 15, 1, 3)?;
            bench.run_cycles(SETTLED)?;
            forget_hits(bench)?;
            bench.port(0).start(Burst::read(QUICK, 7 << 15, 1, 3).id(15));
        }
        for n in 0..rows {
            bench.port(0).start(Burst::read(STREAM, n << 15, 1, 3).id(n as u32));
        }
        bench.run_cycles(SOON)?;
        bench.write32(regs::CB_TLBIALL.offset(&params, BANK), 0)?;
        bench.burst(Burst::read(QUICK, rows << 15, 1, 3).id(14))?;
        forget_hits(bench)?;
        bench.reset_stats();
        bench.burst(Burst::read(QUICK, rows << 15 | 0x80, 1, 3).id(14))?;
        let latency = bench.stats().latency.max();
        demand(bench, "cycles of a page that was walked behind an invalidation", latency, HIT..=SOON)?;
        bench.drain()?;
    }
    Ok(())
}

/// A page that may only be read gets a new place and may be written, and nobody says so: a write walks and comes to the new place, a read
/// to the old one or the new one. Two entries of one page must not answer together.
fn overlaps(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let entries = params.micro_tlb as u64;
    let (old, new) = (RAM + 0x1000, RAM + 0x2000);
    let mut tables = Tables::usual(TABLES);
    for n in 0..entries {
        tables.map(bench.memory(), 1 << 47 | n << 15, RAM + ((16 + n) << 12), READ_WRITE)?;
    }
    bench.setup_bank(BANK, &tables, ASID, SCTLR_USUAL | SCTLR_HUPCF)?;
    bench.write32(regs::S2CR.offset(&params, 0), BANK as u32)?;
    bench.write32(regs::SMR.offset(&params, 0), 1 << 31 | 0x7fff << 16)?;
    bench.enable()?;
    for bit in 0..52u32 {
        let (stream, page) = if bit < 15 { (1 << bit, 0) } else { (STREAM, 1u64 << (bit - 15 + 12) & !(3 << 47)) };
        for entry in 0..entries {
            tables.map(bench.memory(), page, old, READ_WRITE | READ_ONLY)?;
            bench.invalidate_bank(BANK)?;
            for n in 0..entry {
                bench.burst_read(stream, 1 << 47 | n << 15, 1, 3)?;
            }
            bench.burst_read(stream, page | 0x40, 1, 3)?;
            tables.map(bench.memory(), page, new, READ_WRITE)?;
            bench.burst_write(stream, page | 0x80, 1, 3, |_| 5)?;
            bench.burst_read(stream, page | 0x80, 1, 3)?;
        }
    }
    Ok(())
}
