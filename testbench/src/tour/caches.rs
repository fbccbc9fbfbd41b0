//! What stands in the main TLB and in the walk caches, bit by bit: whose it is, where it leads, what it permits.
//!
//! How it works: something is cached, the micro TLB forgets it, and what is asked for next has to come from the cache that is looked at. The
//! number of table reads says whether it did, the scoreboard whether it was right. Two sets have four ways each (`mini`); the lines
//! 0 to 7 of an empty main TLB fill all of them, so eight lines of eight pages stand in every way.

use super::speed::{access, cycles, demand, forget_hits, options, set_up, LINE, WAYS};
use super::translation::granules;
use super::{Outcome, Scene, ASID, BANK, RAM, SETTLED, STREAM, TABLES};
use crate::axi::master::Burst;
use crate::bench::fixture::{
    Tables, ACCESSED, NOT_GLOBAL, PXN, READ_ONLY, READ_WRITE, SCTLR_HUPCF, SCTLR_USUAL, TABLE, USER, VALID, XN,
};
use crate::bench::Bench;
use smmu_rtl::params::PA_WIDTH;
use smmu_rtl::registers as regs;

pub(super) fn scenes() -> Vec<Scene> {
    let options = options();
    vec![
        ("every output bit of every way", options.clone(), outputs),
        ("the last lines of a set", options.clone(), last_lines),
        ("a line that comes again stays in its way", options.clone(), same_way),
        ("every address bit of tables in walk caches", options.clone(), tables_anywhere),
        ("every bit that tables tell apart", options.clone(), prefixes),
        ("tables that an address names, and those beside them", options.clone(), named_tables),
        ("permissions of what is cached", options.clone(), permissions),
        ("limits of cached tables", options.clone(), limits),
        ("whose a cached translation is", options, owners),
    ]
}

/// Pages that fill all ways of two sets, eight to a line.
const PAGES: u64 = 64;
/// Pages in two lines: those that stand in the same way.
const WAY_PAGES: u64 = 16;
/// log2 of a line of 4 KiB pages.
const LINE_BITS: u32 = 15;

/// Places with one bit that the others of them do not have, as far as the memories allow.
pub(super) fn places(bench: &mut Bench) -> Vec<u64> {
    let high = (22..bench.params().output_bits().min(PA_WIDTH as u32)).filter(|bit| ![30, 31].contains(bit));
    let high: Vec<u64> = high.map(|bit| 1 << bit).collect();
    for place in &high {
        bench.memory().add_region(*place, 0x1000);
    }
    let low = (12..22).map(|bit| RAM + 0x80_0000 + (1 << bit));
    high.into_iter().chain(low).chain([RAM + 0x80_0000, TABLES + 0x780_0000]).collect()
}

/// Each way gives away each output address bit.
fn outputs(bench: &mut Bench) -> Outcome {
    let places = places(bench);
    let mut tables = Tables::usual(TABLES);
    tables.map(bench.memory(), 0, RAM, READ_WRITE)?;
    set_up(bench, &tables)?;
    for round in 0..PAGES / WAY_PAGES {
        for page in 0..PAGES {
            let place = places[((page + round * WAY_PAGES) % PAGES) as usize % places.len()];
            tables.map(bench.memory(), page << 12, place, READ_WRITE)?;
        }
        bench.invalidate_bank(BANK)?;
        for line in 0..PAGES / 8 {
            bench.burst_read(STREAM, line << LINE_BITS, 1, 3)?;
            bench.run_cycles(SETTLED)?;
        }
        forget_hits(bench)?;
        for page in 0..PAGES {
            access(bench, "a page in the main TLB", page << 12 | 0x80, page % 2 == 1, 0, cycles(0))?;
        }
    }
    Ok(())
}

/// Addresses of lines that stand in one set of the main TLB, by number.
fn lines_of_a_set(bench: &Bench) -> impl Fn(u64) -> u64 {
    let sets = bench.params().main_tlb as u64 / (LINE * WAYS);
    move |line| (line * sets) << LINE_BITS
}

/// However many lines of a set were used, the last ones are in the main TLB, as many as it has ways.
fn last_lines(bench: &mut Bench) -> Outcome {
    let va = lines_of_a_set(bench);
    let mut tables = Tables::usual(TABLES);
    for line in 0..6 * WAYS {
        tables.map(bench.memory(), va(line), RAM + (line << 12), READ_WRITE)?;
    }
    set_up(bench, &tables)?;
    for line in 0..6 * WAYS {
        bench.burst_read(STREAM, va(line), 1, 3)?;
        bench.run_cycles(SETTLED)?;
        // Empty ways are taken in another order than full ones.
        if line < 2 * WAYS {
            continue;
        }
        forget_hits(bench)?;
        for last in line + 1 - WAYS..=line {
            access(bench, "one of the last lines", va(last) | 0x80, false, 0, cycles(0))?;
        }
    }
    Ok(())
}

/// A set is full; a page of one of its lines, which was not there, is there now and walks: its line stays where it is, and so do the others.
fn same_way(bench: &mut Bench) -> Outcome {
    let va = lines_of_a_set(bench);
    let mut tables = Tables::usual(TABLES);
    set_up(bench, &tables)?;
    for way in 0..WAYS {
        for page in 1..LINE {
            bench.invalidate_bank(BANK)?;
            for line in 0..WAYS {
                tables.map(bench.memory(), va(line), RAM + (line << 12), READ_WRITE)?;
                bench.burst_read(STREAM, va(line), 1, 3)?;
                bench.run_cycles(SETTLED)?;
            }
            let slot = tables.slot(bench.memory(), va(way) | page << 12, 3)?;
            bench.memory().write_u64(slot, (RAM + 0x10_0000) | READ_WRITE | VALID | TABLE)?;
            access(bench, "a page that was not there", va(way) | page << 12, false, 1, cycles(1))?;
            bench.run_cycles(SETTLED)?;
            forget_hits(bench)?;
            for line in 0..WAYS {
                access(bench, "a line beside it", va(line) | 0x80, false, 0, cycles(0))?;
            }
            bench.memory().write_u64(slot, 0)?;
        }
    }
    Ok(())
}

/// Tables of each level stand where one address bit is set; a second walk begins at the cached one.
fn tables_anywhere(bench: &mut Bench) -> Outcome {
    let mut tables = Tables::usual(TABLES);
    let places = places(bench);
    set_up(bench, &tables)?;
    for level in 0..3u32 {
        let va = u64::from(level + 1) << 40;
        let slot = tables.slot(bench.memory(), va, level)?;
        // Another table below this one, or another line of the last one.
        let step = if level == 2 { 1 << LINE_BITS } else { 1 << tables.entry_bits(level + 1) };
        for table in &places {
            bench.memory().write_u64(slot, table | 3)?;
            for n in [0, 1] {
                tables.map(bench.memory(), va + n * step, RAM + (n << 12), READ_WRITE)?;
            }
            bench.invalidate_bank(BANK)?;
            access(bench, "a cold walk", va, false, 4, cycles(4))?;
            bench.run_cycles(SETTLED)?;
            let below = u64::from(3 - level);
            access(bench, "a walk below a known table", va + step, true, below, cycles(below))?;
            for n in [0, if level == 2 { 8 } else { 1 }] {
                bench.memory().write_u64(table + 8 * n, 0)?;
            }
        }
    }
    Ok(())
}

/// Two pages whose addresses differ in one bit share the tables above that bit and no others, in every granule.
fn prefixes(bench: &mut Bench) -> Outcome {
    const TOP: u32 = 47;
    let mut root = TABLES;
    for granule in granules(bench) {
        root = root.next_multiple_of(1 << granule);
        let mut tables = Tables::new(root, granule, 16);
        root += 0x280_0000;
        let start = tables.start_level();
        let cold = u64::from(4 - start);
        set_up(bench, &tables)?;
        for bit in granule + 3..TOP + 1 {
            let all = (1u64 << (TOP + 1)) - (1 << (granule + 3));
            for (n, base) in [0, all].into_iter().enumerate() {
                let pages = [base, base ^ 1 << bit];
                for (n, va) in (0..).zip(pages) {
                    tables.map(bench.memory(), va, RAM + (n << granule), READ_WRITE)?;
                }
                let level = (start..4).find(|level| bit >= tables.entry_bits(*level)).unwrap_or(3);
                let below = u64::from(4 - level);
                bench.invalidate_bank(BANK)?;
                access(bench, "a cold walk", pages[0], false, cold, cycles(cold))?;
                bench.run_cycles(SETTLED)?;
                access(bench, "a walk below a known table", pages[1], n == 0, below, cycles(below))?;
                bench.run_cycles(SETTLED)?;
                forget_hits(bench)?;
                for va in pages {
                    access(bench, "a page in the main TLB", va | 0x80, n == 1, 0, cycles(0))?;
                }
            }
        }
    }
    Ok(())
}

/// An invalidation by address drops the tables that cover it, of every granule, and no others: those that differ in one bit are still there.
fn named_tables(bench: &mut Bench) -> Outcome {
    const TOP: u32 = 47;
    let params = *bench.params();
    let commands = [regs::CB_TLBIVA, regs::CB_TLBIVAA];
    let mut root = TABLES;
    for granule in granules(bench) {
        root = root.next_multiple_of(1 << granule);
        let mut tables = Tables::new(root, granule, 16);
        root += 0x280_0000;
        let start = tables.start_level();
        let cold = u64::from(4 - start);
        let va = 0x2a5a_a5a5_0000_u64 & !((1 << (granule + 4)) - 1);
        // One that shares all tables of a level and no deeper ones.
        let beside = |level: u32| va ^ if level == 2 { 1 << (granule + 3) } else { 1 << (granule + (2 - level) * (granule - 3)) };
        for page in (start..3).map(beside).chain([va]) {
            tables.map(bench.memory(), page, RAM + (page >> 8 & 0x3f_0000), READ_WRITE)?;
        }
        set_up(bench, &tables)?;
        for bit in granule + 3..TOP + 1 {
            bench.invalidate_bank(BANK)?;
            access(bench, "a cold walk", va, false, cold, cycles(cold))?;
            bench.run_cycles(SETTLED)?;
            let command = commands[bit as usize % 2];
            bench.write64(command.offset(&params, BANK), (va ^ 1 << bit) >> 12 | u64::from(ASID) << 48)?;
            bench.sync(BANK)?;
            let mut walked = false;
            for level in (start..3).rev() {
                let stays = walked || bit >= tables.entry_bits(level);
                let reads = if stays { u64::from(3 - level) } else { cold };
                walked |= !stays;
                let what = format!("a walk below level {level} when bit {bit} of its address was named wrong");
                access(bench, &what, beside(level), level == 1, reads, cycles(reads))?;
                bench.run_cycles(SETTLED)?;
            }
        }
    }
    Ok(())
}

/// Accesses: write, and protection bits (1 privileged, 4 instruction).
pub(super) const ACCESSES: [(bool, u8); 6] = [(false, 0), (false, 1), (false, 4), (false, 5), (true, 0), (true, 1)];

/// Leaves with every combination of access bits.
pub(super) fn leaf(n: u64) -> u64 {
    let bits = [(1, USER), (2, READ_ONLY), (4, PXN), (8, XN)];
    bits.into_iter().filter(|(bit, _)| n & bit != 0).fold(ACCESSED | NOT_GLOBAL, |all, (_, attribute)| all | attribute)
}

/// What the architecture says of an access to such a leaf without WXN.
pub(super) fn permits(leaf: u64, (write, prot): (bool, u8)) -> bool {
    let (user, writable) = (leaf & USER != 0, leaf & READ_ONLY == 0);
    match (write, prot & 4 != 0, prot & 1 != 0) {
        (true, _, privileged) => writable && (privileged || user),
        (_, true, true) => leaf & PXN == 0 && !(user && writable),
        (_, true, false) => leaf & XN == 0 && user,
        (_, _, privileged) => privileged || user,
    }
}

pub(super) fn burst(bench: &mut Bench, va: u64, (write, prot): (bool, u8)) -> Outcome {
    let bus_bytes = bench.params().data_width / 8;
    let read = Burst::read(STREAM, va | 0x40, 1, 3).prot(prot);
    bench.reset_stats();
    bench.burst(if write { read.into_write(bus_bytes, |_| 4) } else { read })?;
    Ok(())
}

/// Asks all leaves for every access: those that are permitted need no table, the others at least one.
fn ask(bench: &mut Bench, leaves: &[(u64, u64)]) -> Outcome {
    bench.invalidate_bank(BANK)?;
    for (va, _) in leaves {
        burst(bench, *va, (false, 1))?;
        bench.run_cycles(SETTLED)?;
    }
    for how in ACCESSES {
        forget_hits(bench)?;
        for (va, leaf) in leaves {
            burst(bench, *va, how)?;
            let wanted = if permits(*leaf, how) { 0..=0 } else { 1..=4 };
            let reads = bench.stats().walk_reads;
            demand(bench, &format!("table reads of access {how:?} to a cached leaf {leaf:#x} at {va:#x}"), reads, wanted)?;
            if !permits(*leaf, how) {
                bench.clear_fault(BANK)?;
            }
        }
    }
    Ok(())
}

/// A bank whose faults stop nobody.
pub(super) fn set_up_lenient(bench: &mut Bench, tables: &Tables) -> Outcome {
    bench.route_stream(0, STREAM, BANK)?;
    bench.setup_bank(BANK, tables, ASID, SCTLR_USUAL | SCTLR_HUPCF)?;
    bench.enable()?;
    bench.run_cycles(SETTLED)
}

/// Every leaf as a page in every way, and as a block in the walk caches.
fn permissions(bench: &mut Bench) -> Outcome {
    let mut tables = Tables::usual(TABLES);
    set_up_lenient(bench, &tables)?;
    let pages: Vec<(u64, u64)> = (0..PAGES).map(|n| (n << 12, leaf(n % 16))).collect();
    for (va, leaf) in &pages {
        tables.map(bench.memory(), *va, RAM + va, *leaf)?;
    }
    ask(bench, &pages)?;
    // In an entry, the ASID stands beside the permissions: one of both has each of its bits.
    for (level, asid) in [1, 2].into_iter().flat_map(|level| [(level, ASID), (level, !ASID)]) {
        bench.write64(regs::CB_TTBR0.offset(bench.params(), BANK), tables.root | u64::from(asid) << 48)?;
        for half in [0, 8] {
            let blocks: Vec<(u64, u64)> =
                (0..8).map(|n| (u64::from(level) << 44 | (half + n) << tables.entry_bits(level), leaf(half + n))).collect();
            for (va, leaf) in &blocks {
                tables.map_block(bench.memory(), *va, RAM, level, *leaf)?;
            }
            ask(bench, &blocks)?;
        }
    }
    Ok(())
}

/// Every combination of the bits of a table that limit what is below it, at every level, when a walk begins below the cached table.
fn limits(bench: &mut Bench) -> Outcome {
    const LIMITS: u32 = 59;
    let leaves = [READ_WRITE, READ_WRITE | READ_ONLY];
    let mut tables = Tables::usual(TABLES);
    set_up_lenient(bench, &tables)?;
    // In an entry, the ASID stands beside the limits: one of both has each of its bits.
    for (level, asid) in (0..3u32).flat_map(|level| [(level, ASID), (level, !ASID)]) {
        bench.write64(regs::CB_TTBR0.offset(bench.params(), BANK), tables.root | u64::from(asid) << 48)?;
        let base = u64::from(level + 1) << 40;
        let step = if level == 2 { 1 << LINE_BITS } else { 1 << tables.entry_bits(level + 1) };
        let at = |n: usize| base + n as u64 * step;
        let count = ACCESSES.len() * leaves.len();
        for n in 0..=count {
            tables.map(bench.memory(), at(n), RAM + ((n as u64) << 12), leaves[n % 2])?;
        }
        let slot = tables.slot(bench.memory(), base, level)?;
        let table = bench.memory().read_u64(slot)?;
        for limit in 0..16u64 {
            bench.memory().write_u64(slot, table | limit << LIMITS)?;
            bench.invalidate_bank(BANK)?;
            burst(bench, at(count), (false, 1))?;
            bench.run_cycles(SETTLED)?;
            for n in 0..count {
                burst(bench, at(n), ACCESSES[n / 2])?;
                let (reads, below) = (bench.stats().walk_reads, u64::from(3 - level));
                demand(bench, &format!("table reads below a table with limits {limit:#x}"), reads, below..=below)?;
                bench.clear_fault(BANK)?;
            }
        }
    }
    Ok(())
}

/// What makes a translation somebody else's.
#[derive(Clone, Copy, Debug)]
enum Owner {
    /// ASID.
    Asid(u16),
    /// HYPC and VMID, as `CBAR` has them.
    Vmid(u32),
    Bank(usize),
}

/// Makes the stream's bank, or another, its owner.
fn own(bench: &mut Bench, tables: &Tables, owner: Owner) -> Outcome {
    let params = *bench.params();
    match owner {
        Owner::Asid(asid) => {
            bench.write64(regs::CB_TTBR0.offset(&params, BANK), tables.root | u64::from(asid) << 48)?;
        }
        Owner::Vmid(vmid) => bench.write32(regs::CBAR.offset(&params, BANK), 1 << 16 | vmid)?,
        Owner::Bank(bank) => bench.write32(regs::S2CR.offset(&params, 0), bank as u32)?,
    }
    bench.run_cycles(SETTLED)
}

/// Translations are of one bank, one VMID and one ASID: who differs in one bit walks from the start, and finds again what it has cached.
fn owners(bench: &mut Bench) -> Outcome {
    const HYPC: u32 = 1 << 10;
    let params = *bench.params();
    let mut tables = Tables::usual(TABLES);
    // Lines of one set; the first way that is taken is the last one.
    let line = |n: u64| n << (LINE_BITS + 1);
    for n in 0..4 {
        for page in [0, 1] {
            tables.map(bench.memory(), line(n) | page << 12, RAM + (n << 13 | page << 12), READ_WRITE)?;
        }
    }
    for bank in 0..params.num_cb {
        bench.setup_bank(bank, &tables, ASID, SCTLR_USUAL)?;
    }
    set_up(bench, &tables)?;
    let mut pairs: Vec<[Owner; 2]> = Vec::new();
    for bit in 0..16 {
        pairs.extend([0, u16::MAX].map(|asid| [asid, asid ^ 1 << bit].map(Owner::Asid)));
    }
    for bit in (0..8).chain([10]) {
        pairs.extend([0, HYPC | 0xff].map(|vmid| [vmid, vmid ^ 1 << bit].map(Owner::Vmid)));
    }
    for bank in 0..params.num_cb {
        pairs.extend((0..params.num_cb).filter(|other| *other != bank).map(|other| [bank, other].map(Owner::Bank)));
    }
    let mut before = Owner::Bank(BANK);
    for pair in pairs {
        if std::mem::discriminant(&before) != std::mem::discriminant(&pair[0]) {
            own(bench, &tables, Owner::Asid(ASID))?;
            own(bench, &tables, Owner::Vmid(0))?;
            own(bench, &tables, Owner::Bank(BANK))?;
        }
        before = pair[0];
        for ways in 1..=4u64 {
            bench.write32(regs::TLBIALLH.offset(&params, 0), 0)?;
            bench.write32(regs::TLBIALLNSNH.offset(&params, 0), 0)?;
            super::maintenance::global_sync(bench)?;
            own(bench, &tables, pair[0])?;
            for n in 0..ways {
                let reads = if n == 0 { 4 } else { 1 };
                access(bench, &format!("a new page of {:?}", pair[0]), line(n), false, reads, cycles(reads))?;
                bench.run_cycles(SETTLED)?;
                access(bench, &format!("its neighbour, of {:?}", pair[0]), line(n) | 0x1000, true, 0, cycles(0))?;
            }
            own(bench, &tables, pair[1])?;
            let what = format!("a page of {:?} beside {:?}", pair[1], pair[0]);
            access(bench, &what, line(ways - 1), true, 4, cycles(4))?;
            bench.run_cycles(SETTLED)?;
            access(bench, "its neighbour", line(ways - 1) | 0x1000, false, 0, cycles(0))?;
        }
    }
    Ok(())
}
