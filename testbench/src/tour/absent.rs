//! What is not there is not found: pages of a line that were never valid or have been dropped, entries that nobody has written, bases
//! that stand as reset left them.
//!
//! How it works: as in [`super::caches`]. Which pages of a line are valid, and which of them goes, is drawn, from the same seed in every run.
//! An entry out of reset is all zeros, so the bank, VMID, ASID and address that such an entry would be of are the ones that are used.

use super::speed::{access, cycles, forget_hits, options, set_up};
use super::translation::granules;
use super::{Outcome, Scene, BANK, RAM, SETTLED, STREAM, TABLES};
use crate::axi::pause::Dice;
use crate::bench::fixture::{Tables, READ_WRITE, SCTLR_USUAL, TCR2_USUAL};
use crate::bench::Bench;
use smmu_rtl::registers as regs;

pub(super) fn scenes() -> Vec<Scene> {
    let options = options();
    vec![
        ("lines with pages that are not there", options.clone(), holes),
        ("lines that pages are dropped from", options.clone(), dropped),
        ("invalidations of others", options.clone(), others),
        ("entries that nobody has written", options.clone(), zeros),
        ("bases that nobody has written", options, bases),
    ]
}

/// Lines that stand in every way, and their pages.
const LINES: u64 = 8;
const LINE: u64 = 8;

fn page(line: u64, sector: u64) -> u64 {
    (line * LINE + sector) << 12
}

/// A place for a page, another one in each round.
fn place(line: u64, sector: u64, round: u64) -> u64 {
    RAM + (round % 8) * ((LINES * LINE) << 12) + page(line, sector)
}

/// A walk comes for one page of each line, and brings those of its neighbours that are valid.
fn fill(bench: &mut Bench, sector: impl Fn(u64) -> u64) -> Outcome {
    bench.invalidate_bank(BANK)?;
    for line in 0..LINES {
        bench.burst_read(STREAM, page(line, sector(line)), 1, 3)?;
        bench.run_cycles(SETTLED)?;
    }
    forget_hits(bench)
}

/// Each way has lines of some pages. Those are found; any other has to be walked for, though it is valid by now.
fn holes(bench: &mut Bench) -> Outcome {
    const ROUNDS: u64 = 16;
    let mut dice = Dice::new(1, 0);
    let mut tables = Tables::usual(TABLES);
    tables.map(bench.memory(), 0, RAM, READ_WRITE)?;
    set_up(bench, &tables)?;
    for round in 0..ROUNDS {
        // The page that the walk is for, and the one that is missing for sure.
        let first = |line: u64| (line + round) % LINE;
        let missing = |line: u64| (line + 3 * round + round / LINE + 1) % LINE;
        let mut valid = Vec::new();
        for line in 0..LINES {
            let gone = if missing(line) == first(line) { 0 } else { 1 << missing(line) };
            let pages = (dice.word() | 1 << first(line)) & !gone & 0xff;
            for sector in 0..LINE {
                let va = page(line, sector);
                if pages >> sector & 1 == 1 {
                    tables.map(bench.memory(), va, place(line, sector, round), READ_WRITE)?;
                } else {
                    tables.unmap(bench.memory(), va)?;
                }
            }
            valid.push(pages);
        }
        fill(bench, first)?;
        for (line, pages) in (0..).zip(&valid) {
            for sector in (0..LINE).filter(|sector| pages >> sector & 1 == 1) {
                access(bench, "a valid page of a line", page(line, sector) | 0x80, round % 2 == 1, 0, cycles(0))?;
            }
        }
        for (line, pages) in (0..).zip(&valid).filter(|(line, pages)| *pages >> missing(*line) & 1 == 0) {
            let sector = missing(line);
            tables.map(bench.memory(), page(line, sector), place(line, sector, round), READ_WRITE)?;
            let what = format!("a page that its line, of pages {pages:#x}, did not have");
            access(bench, &what, page(line, sector) | 0x40, round % 2 == 0, 1, cycles(1))?;
        }
    }
    Ok(())
}

/// One page of each line is named: it goes, and no other does.
fn dropped(bench: &mut Bench) -> Outcome {
    const ROUNDS: u64 = 2 * LINE;
    let params = *bench.params();
    let mut tables = Tables::usual(TABLES);
    for line in 0..LINES {
        for sector in 0..LINE {
            tables.map(bench.memory(), page(line, sector), place(line, sector, 0), READ_WRITE)?;
        }
    }
    set_up(bench, &tables)?;
    let commands = [regs::CB_TLBIVAL, regs::CB_TLBIVA, regs::CB_TLBIVAAL, regs::CB_TLBIVAA];
    for round in 0..ROUNDS {
        let command = commands[((round + round / LINE) % 4) as usize];
        let leaves_only = [regs::CB_TLBIVAL, regs::CB_TLBIVAAL].contains(&command);
        let named = |line: u64| (3 * line + round) % LINE;
        fill(bench, |line| (line + round) % LINE)?;
        for line in 0..LINES {
            let (va, sector) = (page(line, named(line)), named(line));
            tables.map(bench.memory(), va, place(line, sector, round + 1), READ_WRITE)?;
            bench.write64(command.offset(&params, BANK), va >> 12 | u64::from(super::ASID) << 48)?;
        }
        bench.sync(BANK)?;
        for line in 0..LINES {
            for sector in (0..LINE).filter(|sector| *sector != named(line)) {
                let what = format!("a page beside the one that {command:?} has named");
                access(bench, &what, page(line, sector) | 0x80, round % 2 == 0, 0, cycles(0))?;
            }
        }
        for line in 0..LINES {
            let reads = if leaves_only || line > 0 { 1 } else { 4 };
            access(bench, "a page that was named", page(line, named(line)) | 0x40, line % 2 == 0, reads, cycles(reads))?;
            bench.run_cycles(SETTLED)?;
        }
    }
    Ok(())
}

/// What an invalidation names by VMID, by ASID or as Hyp is dropped from no cache if it is of another by one bit: tables of each level, a line
/// of pages, blocks.
fn others(bench: &mut Bench) -> Outcome {
    const VMID: u32 = 0x5a;
    const VA: u64 = 0x2a5a_a5a0_0000;
    // Of different numbers in the walk caches.
    const BLOCKS: [u64; 2] = [3 << 40, 5 << 40 | 1 << 30];
    let params = *bench.params();
    let mut tables = Tables::usual(TABLES);
    // A page that shares the tables of a level and no deeper ones; one of the same line.
    let beside = [1u64 << 30, 1 << 21, 1 << 15, 1 << 12].map(|bit| VA ^ bit);
    for (n, va) in (1..).zip(beside.into_iter().chain([VA])) {
        tables.map(bench.memory(), va, RAM + (n << 12), READ_WRITE)?;
    }
    for (level, va) in (1..).zip(BLOCKS) {
        let size = 1u64 << tables.entry_bits(level);
        tables.map_block(bench.memory(), va, RAM & !(size - 1), level, READ_WRITE)?;
    }
    set_up(bench, &tables)?;
    for hyp in [false, true] {
        bench.write32(regs::CBAR.offset(&params, BANK), 1 << 16 | u32::from(hyp) << 10 | VMID)?;
        bench.run_cycles(SETTLED)?;
        let asids = (0..16).map(|bit| (regs::CB_TLBIASID, u32::from(super::ASID) ^ 1 << bit));
        let vmids = (0..8).map(|bit| (regs::TLBIVMID, VMID ^ 1 << bit));
        let apart = if hyp { vec![(regs::TLBIVMID, VMID), (regs::TLBIALLNSNH, 0)] } else { vec![(regs::TLBIALLH, 0)] };
        for (id, value) in asids.chain(vmids).chain(apart) {
            let what = format!("what {id:?} of {value:#x} has not named");
            let index = if id == regs::CB_TLBIASID { BANK } else { 0 };
            for (n, near) in beside.into_iter().enumerate() {
                bench.invalidate_bank(BANK)?;
                access(bench, "a cold walk", VA, false, 4, cycles(4))?;
                bench.run_cycles(SETTLED)?;
                bench.write32(id.offset(&params, index), value)?;
                bench.sync(BANK)?;
                let reads = 3 - n as u64;
                access(bench, &what, near, n % 2 == 1, reads, cycles(reads))?;
                bench.run_cycles(SETTLED)?;
            }
            bench.invalidate_bank(BANK)?;
            for (level, va) in (1..).zip(BLOCKS) {
                let offset = RAM & ((1 << tables.entry_bits(level)) - 1);
                access(bench, "a cold walk", va | offset, false, u64::from(level) + 1, cycles(u64::from(level) + 1))?;
            }
            bench.write32(id.offset(&params, index), value)?;
            bench.sync(BANK)?;
            forget_hits(bench)?;
            for (level, va) in (1..).zip(BLOCKS) {
                let offset = RAM & ((1 << tables.entry_bits(level)) - 1);
                access(bench, &what, va | offset | 0x1040, true, 0, cycles(0))?;
            }
        }
    }
    Ok(())
}

/// The lowest addresses of bank 0, VMID 0 and ASID 0, in every granule, out of reset and behind invalidations: nothing of them is known.
fn zeros(bench: &mut Bench) -> Outcome {
    const FIRST: usize = 0;
    let mut root = TABLES;
    for granule in granules(bench) {
        root = root.next_multiple_of(1 << granule);
        let mut tables = Tables::new(root, granule, 16);
        root += 0x40_0000;
        let pages: Vec<u64> = (0..2 * LINE).map(|n| n << granule).collect();
        for (n, va) in (0..).zip(&pages) {
            tables.map(bench.memory(), *va, RAM + (n << granule), READ_WRITE)?;
        }
        let reads = u64::from(4 - tables.start_level());
        for (n, va) in pages.iter().enumerate() {
            // Out of reset for the first pages, behind an invalidation of everything for the others.
            if n < LINE as usize {
                bench.reset_hardware()?;
            }
            bench.route_stream(0, STREAM, FIRST)?;
            bench.setup_bank(FIRST, &tables, 0, SCTLR_USUAL)?;
            bench.enable()?;
            if n >= LINE as usize {
                bench.invalidate_bank(FIRST)?;
            }
            bench.run_cycles(SETTLED)?;
            access(bench, "the first page that was ever asked for", *va, n % 2 == 1, reads, cycles(reads))?;
            bench.run_cycles(SETTLED)?;
        }
    }
    Ok(())
}

/// Out of reset every base is 0, in every bank: a first table there is found, if the base has its upper word from software, or its lower
/// word, or none. So small a table has a base of all bits but the lowest six.
fn bases(bench: &mut Bench) -> Outcome {
    const SIZE: u32 = 24;
    const BYTES: u64 = 0x1_0000;
    let params = *bench.params();
    bench.memory().add_region(0, BYTES);
    let lower = 1u64 << 39 | 0x1000;
    let upper = (1u64 << 49) - (1 << (64 - SIZE)) + (1 << 39) + 0x2000;
    let mut tables = Tables::new(0, 12, SIZE);
    for (n, va) in [(1, lower), (2, upper)] {
        tables.map(bench.memory(), va, RAM + (n << 12), READ_WRITE)?;
    }
    for bank in 0..params.num_cb {
        for written in 0..3u32 {
            for (va, base) in [(lower, regs::CB_TTBR0), (upper, regs::CB_TTBR1)] {
                bench.reset_hardware()?;
                bench.route_stream(0, STREAM, bank)?;
                bench.write32(regs::CBAR.offset(&params, bank), 1 << 16)?;
                bench.write32(regs::CBA2R.offset(&params, bank), 1)?;
                bench.write32(regs::CB_TCR2.offset(&params, bank), TCR2_USUAL)?;
                // Both regions of that size, with pages of 4 KiB.
                bench.write32(regs::CB_TCR.offset(&params, bank), SIZE | SIZE << 16 | 2 << 30)?;
                if written > 0 {
                    bench.write32(base.offset(&params, bank) + 4 * (written - 1), 0)?;
                }
                bench.write32(regs::CB_SCTLR.offset(&params, bank), SCTLR_USUAL)?;
                bench.enable()?;
                bench.run_cycles(SETTLED)?;
                access(bench, "a walk from a table at 0", va, written == 1, 4, cycles(4))?;
                bench.run_cycles(SETTLED)?;
                // Of ASID 0.
                bench.write32(regs::CB_TLBIASID.offset(&params, bank), 0)?;
                bench.sync(bank)?;
                access(bench, "a page of ASID 0 that was dropped", va, written == 2, 4, cycles(4))?;
            }
        }
    }
    Ok(())
}
