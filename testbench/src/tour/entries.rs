//! Every bit of every entry: what one entry of a cache compares, keeps or gives away wrongly shows.
//!
//! How it works: entries are taken in order where nothing is cached, so fillers decide which entry a page comes into. Beside the page that
//! is looked at stands another whose name differs in one bit: it must not be taken for it, and an invalidation that names it must leave the
//! page alone. What has to be there still is asked for with the cycles of a hit.

use super::caches::places;
use super::speed::{access, cycles, demand, forget_hits, options, set_up, HIT};
use super::{Outcome, Scene, BANK, RAM, RAM_BYTES, SETTLED, STREAM, TABLES};
use crate::bench::fixture::{Tables, NOT_GLOBAL, READ_WRITE, SCTLR_USUAL};
use crate::bench::Bench;
use smmu_rtl::params::PA_WIDTH;
use smmu_rtl::registers::{self as regs, RegId};

pub(super) fn scenes() -> Vec<Scene> {
    let options = options();
    vec![
        ("every page bit of every hit entry", options.clone(), micro_pages),
        ("every page bit of every hit entry of a block", options.clone(), micro_blocks),
        ("every stream bit of every hit entry", options.clone(), micro_streams),
        ("every output bit of every hit entry", options.clone(), micro_outputs),
        ("every address bit of every hit entry of a bypass", options.clone(), micro_bypasses),
        ("every page bit of every way", options.clone(), main_pages),
        ("invalidations beside every entry by address", options.clone(), beside_addresses),
        ("invalidations beside every entry by identity", options.clone(), beside_identities),
        ("global leaves and others", options, global_leaves),
    ]
}

/// Bits of a page's address in the lower region of 48 bits.
const PAGE_BITS: std::ops::Range<u32> = 12..47;
/// Fillers are here: their names share no bit with those of the pages that are looked at.
const FILLERS: u64 = 1 << 47;

fn filler(n: u64) -> u64 {
    FILLERS | n << 15
}

/// A page with a place of its own.
fn map(bench: &mut Bench, tables: &mut Tables, va: u64, n: u64) -> Outcome {
    Ok(tables.map(bench.memory(), va, RAM + (n << 12) % RAM_BYTES, READ_WRITE)?)
}

pub(super) fn read(bench: &mut Bench, va: u64) -> Outcome {
    bench.burst_read(STREAM, va | 0x40, 1, 3)?;
    Ok(())
}

/// Each entry of the micro TLB gets a page with one bit; the page without it is another, for reads and for writes.
fn micro_pages(bench: &mut Bench) -> Outcome {
    let entries = bench.params().micro_tlb as u64;
    let mut tables = Tables::usual(TABLES);
    map(bench, &mut tables, 0, 1)?;
    for bit in PAGE_BITS {
        map(bench, &mut tables, 1 << bit, 2 + u64::from(bit))?;
    }
    for n in 0..entries {
        map(bench, &mut tables, filler(n), 64 + n)?;
    }
    set_up(bench, &tables)?;
    for bit in PAGE_BITS {
        for entry in 0..entries {
            forget_hits(bench)?;
            for n in 0..entry {
                read(bench, filler(n))?;
            }
            let page = 1 << bit;
            if bit % 2 == 0 {
                read(bench, page)?;
                bench.burst_write(STREAM, 0x80, 1, 3, |_| 1)?;
            } else {
                bench.burst_write(STREAM, page | 0x80, 1, 3, |_| 1)?;
                read(bench, 0)?;
            }
            // Behind the last entry, the other page may have taken this one's place.
            let both = if entry + 1 < entries { vec![page, 0] } else { vec![0] };
            for va in both {
                access(bench, "a page in the micro TLB", va | 0x80, true, 0, HIT..=HIT)?;
                access(bench, "a page in the micro TLB", va | 0xc0, false, 0, HIT..=HIT)?;
            }
        }
    }
    Ok(())
}

/// The same with blocks and with pages of other granules: what is inside them is not compared, and does not count for what is.
fn micro_blocks(bench: &mut Bench) -> Outcome {
    let entries = bench.params().micro_tlb as u64;
    let mut root = TABLES;
    for granule in super::translation::granules(bench) {
        root = root.next_multiple_of(1 << granule);
        let mut tables = Tables::new(root, granule, 16);
        root += 0x200_0000;
        let levels = if granule == 12 { [1, 2] } else { [2, 3] };
        // Far from each other: no size covers two of them.
        for n in 0..entries {
            tables.map(bench.memory(), filler(n << 2), RAM + (n << granule), READ_WRITE)?;
        }
        set_up(bench, &tables)?;
        for level in levels {
            let size = 1u64 << tables.entry_bits(level);
            let place = RAM & !(size - 1);
            // One place for the one without the bit, another for those with it.
            let near = if size > RAM_BYTES { TABLES & !(size - 1) } else { place ^ size };
            let put = |bench: &mut Bench, tables: &mut Tables, va: u64, pa: u64| match level {
                3 => tables.map(bench.memory(), va, pa, READ_WRITE),
                _ => tables.map_block(bench.memory(), va, pa, level, READ_WRITE),
            };
            // Apart from the other level's.
            let base = u64::from(level) << 45;
            put(bench, &mut tables, base, near)?;
            for bit in tables.entry_bits(level)..45 {
                let va = base | 1 << bit;
                put(bench, &mut tables, va, place)?;
                for entry in 0..entries {
                    forget_hits(bench)?;
                    for n in 0..entry {
                        read(bench, filler(n << 2))?;
                    }
                    let offset = (size.min(RAM_BYTES) - 1) & !0xfff;
                    bench.burst_read(STREAM, va, 1, 3)?;
                    for part in [0, offset, offset & 0x5555_5555_5000, offset & 0xaaaa_aaaa_a000] {
                        access(bench, "a block in the micro TLB", va + part, part & 0x1000 == 0, 0, HIT..=HIT)?;
                    }
                    bench.burst_write(STREAM, base + offset, 1, 3, |_| 1)?;
                    bench.burst_read(STREAM, base + offset, 1, 3)?;
                }
            }
        }
    }
    Ok(())
}

/// The same with StreamIDs: of two streams that differ in a bit, one translates and the other passes.
fn micro_streams(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let entries = params.micro_tlb as u64;
    let mut tables = Tables::usual(TABLES);
    map(bench, &mut tables, RAM, 1)?;
    for n in 0..entries {
        map(bench, &mut tables, filler(n), 64 + n)?;
    }
    set_up(bench, &tables)?;
    bench.write32(regs::S2CR.offset(&params, 2), 1 << 16)?;
    for bit in 0..15u32 {
        // The filler's stream has neither bit.
        let own = 1 << ((bit + 1) % 15);
        bench.route_stream(0, own, BANK)?;
        bench.route_stream(1, own | 1 << bit, BANK)?;
        bench.write32(regs::SMR.offset(&params, 2), 1 << 31)?;
        bench.run_cycles(SETTLED)?;
        for entry in 0..entries {
            let (with, without) = (own | 1 << bit, own);
            let [first, second] = if entry % 2 == 0 { [with, without] } else { [without, with] };
            // Which of the two translates changes, and with it every register write that drops the micro TLB.
            for translated in [first, second] {
                bench.write32(regs::S2CR.offset(&params, 0), if translated == without { BANK as u32 } else { 1 << 16 })?;
                bench.write32(regs::S2CR.offset(&params, 1), if translated == with { BANK as u32 } else { 1 << 16 })?;
                bench.run_cycles(SETTLED)?;
                for n in 0..entry {
                    bench.burst_read(translated, filler(n), 1, 3)?;
                }
                bench.burst_read(translated, RAM + 0x40, 1, 3)?;
                bench.burst_write(translated ^ 1 << bit, RAM + 0x80, 1, 3, |_| 2)?;
                bench.burst_write(translated, RAM + 0x80, 1, 3, |_| 2)?;
                bench.burst_read(translated ^ 1 << bit, RAM + 0x40, 1, 3)?;
            }
        }
    }
    Ok(())
}

/// Each entry of the micro TLB gives away each output address bit, to reads and to writes.
fn micro_outputs(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let entries = params.micro_tlb as u64;
    let bits: Vec<u32> = (22..params.output_bits().min(PA_WIDTH as u32)).filter(|bit| ![30, 31].contains(bit)).collect();
    let mut tables = Tables::usual(TABLES);
    // Low bits inside a memory at the high one.
    let places = bits.iter().map(|bit| 1u64 << bit).chain((12..22).map(|bit| RAM + (1 << bit)));
    let places: Vec<u64> = places.collect();
    for bit in &bits {
        bench.memory().add_region(1 << bit, 0x1000);
    }
    for (n, place) in places.iter().enumerate() {
        tables.map(bench.memory(), (n as u64) << 12, *place, READ_WRITE)?;
    }
    for n in 0..entries {
        map(bench, &mut tables, filler(n), 64 + n)?;
    }
    set_up(bench, &tables)?;
    for entry in 0..entries {
        for n in 0..places.len() as u64 {
            forget_hits(bench)?;
            for n in 0..entry {
                read(bench, filler(n))?;
            }
            read(bench, n << 12)?;
            access(bench, "a page in the micro TLB", n << 12 | 0x80, true, 0, HIT..=HIT)?;
            access(bench, "a page in the micro TLB", n << 12 | 0xc0, false, 0, HIT..=HIT)?;
        }
    }
    Ok(())
}

/// An entry of a stream that bypasses is good for every address, whichever bit it has, to reads and to writes.
fn micro_bypasses(bench: &mut Bench) -> Outcome {
    const FIRST: u32 = 0x400;
    let (params, entries) = (*bench.params(), bench.params().micro_tlb as u32);
    let places = places(bench);
    let tables = Tables::usual(TABLES);
    set_up(bench, &tables)?;
    bench.write32(regs::SMR.offset(&params, 1), 1 << 31 | 0xff << 16 | FIRST)?;
    bench.write32(regs::S2CR.offset(&params, 1), 1 << 16)?;
    bench.run_cycles(SETTLED)?;
    for n in 0..entries {
        bench.burst_read(FIRST + n, RAM, 1, 3)?;
    }
    bench.run_cycles(SETTLED)?;
    for place in places {
        for n in 0..2 * entries {
            bench.reset_stats();
            let stream = FIRST + n / 2;
            if n % 2 == 0 {
                bench.burst_read(stream, place, 1, 3)?;
            } else {
                bench.burst_write(stream, place, 1, 3, |_| 7)?;
            }
            let latency = bench.stats().latency.max();
            demand(bench, &format!("cycles of a bypass that is known, at {place:#x}"), latency, HIT..=HIT)?;
        }
    }
    Ok(())
}

/// Each way of the main TLB gets a line with one bit; the line without it is another.
fn main_pages(bench: &mut Bench) -> Outcome {
    let mut tables = Tables::usual(TABLES);
    let sets = bench.params().main_tlb as u64 / 32;
    let set_bit = 15 + sets.trailing_zeros();
    map(bench, &mut tables, 0, 1)?;
    for bit in 15..47u32 {
        map(bench, &mut tables, 1 << bit, 2 + u64::from(bit))?;
    }
    // All in the set of page 0, and in that of the others of its set.
    for n in 0..4 {
        for set in 0..2 {
            map(bench, &mut tables, FILLERS | n << set_bit | set << 15, 64 + n)?;
        }
    }
    set_up(bench, &tables)?;
    for bit in 15..47u32 {
        for way in 0..3u64 {
            bench.invalidate_bank(BANK)?;
            let set = u64::from(bit == 15 && sets > 1);
            for n in 0..way {
                read(bench, FILLERS | n << set_bit | set << 15)?;
            }
            let pages = if way % 2 == 0 { [1 << bit, 0] } else { [0, 1 << bit] };
            for va in pages {
                read(bench, va)?;
                bench.run_cycles(SETTLED)?;
            }
            forget_hits(bench)?;
            for va in [pages[1], pages[0]] {
                access(bench, "a page in the main TLB", va | 0x80, way == 1, 0, cycles(0))?;
            }
        }
    }
    Ok(())
}

/// Pages that fill the micro TLB.
pub(super) fn pages(bench: &Bench) -> impl Iterator<Item = u64> {
    (0..bench.params().micro_tlb as u64).map(|n| FILLERS | n << 15)
}

/// All pages are used, then each of them must be in the micro TLB.
pub(super) fn all_in(bench: &mut Bench, flip: u64) -> Outcome {
    for va in pages(bench) {
        read(bench, va ^ flip)?;
    }
    bench.run_cycles(SETTLED)?;
    all_still_in(bench, flip)
}

fn all_still_in(bench: &mut Bench, flip: u64) -> Outcome {
    for va in pages(bench) {
        access(bench, "a page that nothing has dropped", (va ^ flip) | 0xc0, false, 0, HIT..=HIT)?;
    }
    Ok(())
}

/// Names every page with one bit of its address wrong: all stay. Then half of them, right: those go, and are found at new places.
fn beside_addresses(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let mut tables = Tables::usual(TABLES);
    let commands = [regs::CB_TLBIVAL, regs::CB_TLBIVAAL, regs::CB_TLBIVA, regs::CB_TLBIVAA];
    for bit in PAGE_BITS {
        if (15..21).contains(&bit) {
            // These tell the pages apart from each other.
            continue;
        }
        let flip = 1u64 << bit;
        let command = commands[bit as usize % commands.len()];
        let payload = |va: u64| va >> 12 | u64::from(super::ASID) << 48;
        for va in pages(bench) {
            map(bench, &mut tables, va ^ flip, (va >> 15 & 0xff) + 1)?;
        }
        set_up(bench, &tables)?;
        all_in(bench, flip)?;
        for va in pages(bench) {
            bench.write64(command.offset(&params, BANK), payload(va))?;
        }
        bench.sync(BANK)?;
        all_still_in(bench, flip)?;
        for (n, va) in pages(bench).enumerate() {
            if (n + bit as usize).is_multiple_of(2) {
                map(bench, &mut tables, va ^ flip, 0x80 + n as u64)?;
                bench.write64(command.offset(&params, BANK), payload(va ^ flip))?;
            }
        }
        bench.sync(BANK)?;
        for (n, va) in pages(bench).enumerate() {
            if !(n + bit as usize).is_multiple_of(2) {
                access(bench, "a page that nothing has dropped", (va ^ flip) | 0xc0, false, 0, HIT..=HIT)?;
            }
        }
        for va in pages(bench) {
            bench.burst_write(STREAM, (va ^ flip) | 0x100, 1, 3, |_| 9)?;
        }
        for va in pages(bench) {
            tables.unmap(bench.memory(), va ^ flip)?;
        }
        bench.invalidate_bank(BANK)?;
    }
    Ok(())
}

/// The same by ASID and by VMID, of one bit each.
fn beside_identities(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let mut tables = Tables::usual(TABLES);
    for bit in 0..16u32 {
        let (asid, vmid) = (1u16 << bit, 1u32 << (bit % 8));
        let hyp = bit >= 8;
        for va in pages(bench) {
            map(bench, &mut tables, va, (va >> 15 & 0xff) + 1)?;
        }
        bench.route_stream(0, STREAM, BANK)?;
        bench.setup_bank(BANK, &tables, asid, SCTLR_USUAL)?;
        bench.write32(regs::CBAR.offset(&params, BANK), 1 << 16 | u32::from(hyp) << 10 | vmid)?;
        bench.enable()?;
        bench.invalidate_bank(BANK)?;
        bench.run_cycles(SETTLED)?;
        all_in(bench, 0)?;
        let mut beside: Vec<(RegId, u32)> = vec![(regs::CB_TLBIASID, 0), (regs::TLBIVMID, 0), (regs::TLBIVMIDS1, 0)];
        beside.push((regs::CB_TLBIASID, u32::from(asid) | 1 << ((bit + 1) % 16)));
        beside.push((regs::TLBIVMID, vmid | 1 << ((bit + 1) % 8)));
        beside.push(if hyp { (regs::TLBIALLNSNH, 0) } else { (regs::TLBIALLH, 0) });
        if hyp {
            // The same number, but not of a Hyp bank.
            beside.push((regs::TLBIVMID, vmid));
        }
        for (id, value) in beside {
            let index = if id == regs::CB_TLBIASID { BANK } else { 0 };
            bench.write32(id.offset(&params, index), value)?;
            bench.sync(BANK)?;
            all_still_in(bench, 0)?;
        }
        let mut named: Vec<(RegId, u32)> = vec![(regs::CB_TLBIASID, asid.into()), (regs::CB_TLBIALL, 0)];
        named.push(if hyp { (regs::TLBIALLH, 0) } else { (regs::TLBIVMID, vmid) });
        named.push(if hyp { (regs::TLBIALLH, 0) } else { (regs::TLBIALLNSNH, 0) });
        for (n, (id, value)) in (1..).zip(named) {
            for va in pages(bench) {
                map(bench, &mut tables, va, (va >> 15 & 0xff) + 0x20 * n)?;
            }
            let index = if [regs::CB_TLBIASID, regs::CB_TLBIALL].contains(&id) { BANK } else { 0 };
            bench.write32(id.offset(&params, index), value)?;
            bench.sync(BANK)?;
            super::maintenance::global_sync(bench)?;
            bench.run_cycles(SETTLED)?;
            for va in pages(bench) {
                bench.burst_write(STREAM, va | 0x80, 1, 3, |_| 1)?;
            }
            bench.run_cycles(SETTLED)?;
            all_in(bench, 0)?;
        }
    }
    Ok(())
}

/// An invalidation by ASID drops what is not global and nothing else, of every leaf, wherever it is cached.
fn global_leaves(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let mut root = TABLES;
    for granule in super::translation::granules(bench) {
        for level in if granule == 12 { 1..4 } else { 2..4 } {
            for global in [true, false] {
                root = root.next_multiple_of(1 << granule);
                let mut tables = Tables::new(root, granule, 16);
                root += 8 << granule;
                let size = 1u64 << tables.entry_bits(level);
                let attributes = if global { READ_WRITE & !NOT_GLOBAL } else { READ_WRITE };
                let places = [RAM, if size > RAM_BYTES { TABLES } else { RAM + size }].map(|place| place & !(size - 1));
                let put = |bench: &mut Bench, tables: &mut Tables, pa: u64| match level {
                    3 => tables.map(bench.memory(), size, pa, attributes),
                    _ => tables.map_block(bench.memory(), size, pa, level, attributes),
                };
                put(bench, &mut tables, places[0])?;
                set_up(bench, &tables)?;
                // At the end of the leaf, where no table is.
                let va = size + (size.min(RAM_BYTES) - 0x1000);
                // From the walk, from what the other caches have, and from the micro TLB that they filled.
                for (n, (forgotten, again)) in [(false, false), (true, false), (true, true)].into_iter().enumerate() {
                    bench.burst_read(STREAM, va, 1, 3)?;
                    bench.run_cycles(SETTLED)?;
                    if forgotten {
                        forget_hits(bench)?;
                    }
                    if again {
                        bench.burst_read(STREAM, va, 1, 3)?;
                        bench.run_cycles(SETTLED)?;
                    }
                    if !global {
                        put(bench, &mut tables, places[(n + 1) % 2])?;
                    }
                    bench.write32(regs::CB_TLBIASID.offset(&params, BANK), super::ASID.into())?;
                    bench.sync(BANK)?;
                    let wanted = if forgotten && !again { cycles(0) } else { HIT..=HIT };
                    if global {
                        access(bench, "a global leaf", va | 0x80, level % 2 == 0, 0, wanted)?;
                    }
                    bench.burst_read(STREAM, va | 0x40, 1, 3)?;
                    bench.burst_write(STREAM, va | 0x80, 1, 3, |_| 3)?;
                }
            }
        }
    }
    Ok(())
}
