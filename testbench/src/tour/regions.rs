//! Both regions side by side: pages of the lower and of the upper one whose addresses differ in the highest bit alone, and in one more bit.
//!
//! How it works: as in [`super::entries`] and [`super::caches`]. The pages are drawn, from the same seed in every run.

use super::entries::read;
use super::speed::{access, cycles, forget_hits, options, HIT};
use super::{Outcome, Scene, ASID, BANK, RAM, SETTLED, STREAM, TABLES};
use crate::axi::pause::Dice;
use crate::bench::fixture::{Tables, READ_WRITE, SCTLR_USUAL};
use crate::bench::Bench;
use smmu_rtl::registers as regs;

pub(super) fn scenes() -> Vec<Scene> {
    let options = options();
    vec![
        ("both regions in every hit entry", options.clone(), hits),
        ("both regions in every way", options.clone(), ways),
        ("both regions below the same tables", options.clone(), below),
        ("invalidations in the other region", options, invalidations),
    ]
}

/// What tells the regions apart.
const UPPER: u64 = 1 << 48;
/// Other pages are here.
const FILLERS: u64 = 1 << 47;
/// log2 of a line of 4 KiB pages.
const LINE_BITS: u32 = 15;

/// Tables of the lower and the upper region.
struct Both {
    tables: [Tables; 2],
    /// Pages that have a place.
    count: u64,
}

impl Both {
    /// The stream's bank with both regions of 48 bits, and nothing mapped.
    fn set_up(bench: &mut Bench) -> Result<Self, crate::bench::BenchError> {
        let params = *bench.params();
        let tables = [Tables::usual(TABLES), Tables::usual(TABLES + 0x400_0000)];
        bench.route_stream(0, STREAM, BANK)?;
        bench.setup_bank(BANK, &tables[0], ASID, SCTLR_USUAL)?;
        bench.write32(regs::CB_TCR.offset(&params, BANK), 16 | 16 << 16 | 2 << 30)?;
        bench.write64(regs::CB_TTBR1.offset(&params, BANK), tables[1].root)?;
        bench.enable()?;
        bench.invalidate_bank(BANK)?;
        bench.run_cycles(SETTLED)?;
        Ok(Both { tables, count: 0 })
    }

    /// A page with a place of its own.
    fn map(&mut self, bench: &mut Bench, va: u64) -> Outcome {
        self.count += 1;
        let tables = &mut self.tables[usize::from(va & UPPER != 0)];
        Ok(tables.map(bench.memory(), va, RAM + ((self.count % 0x4000) << 12), READ_WRITE)?)
    }
}

/// A page of the lower region, no filler.
fn draw(dice: &mut Dice) -> u64 {
    dice.word() & (FILLERS - 1) & !0xfff
}

/// Each entry of the micro TLB has a page of either region beside the same one of the other.
fn hits(bench: &mut Bench) -> Outcome {
    const ROUNDS: u64 = 4;
    let entries = bench.params().micro_tlb as u64;
    let mut dice = Dice::new(1, 0);
    let mut both = Both::set_up(bench)?;
    let filler = |n: u64| FILLERS | n << LINE_BITS;
    for n in 0..entries {
        both.map(bench, filler(n))?;
    }
    for entry in 0..entries {
        for round in 0..ROUNDS {
            let va = draw(&mut dice);
            let pages = if round % 2 == 0 { [va, va ^ UPPER] } else { [va ^ UPPER, va] };
            for va in pages {
                both.map(bench, va)?;
            }
            forget_hits(bench)?;
            for n in 0..entry {
                read(bench, filler(n))?;
            }
            for (n, va) in pages.into_iter().enumerate() {
                if (n as u64 + round / 2).is_multiple_of(2) {
                    read(bench, va)?;
                } else {
                    bench.burst_write(STREAM, va | 0x80, 1, 3, |_| 1)?;
                }
            }
            // Behind the last entry, the other page has taken this one's place.
            for va in pages.into_iter().skip(usize::from(entry + 1 == entries)) {
                access(bench, "a page in the micro TLB", va | 0x80, true, 0, HIT..=HIT)?;
                access(bench, "a page in the micro TLB", va | 0xc0, false, 0, HIT..=HIT)?;
            }
        }
    }
    Ok(())
}

/// The same for the ways of the main TLB, which are taken in order.
fn ways(bench: &mut Bench) -> Outcome {
    const ROUNDS: u64 = 4;
    let sets = (bench.params().main_tlb as u64 / 32).max(1);
    let set_bits = (sets - 1) << LINE_BITS;
    let mut dice = Dice::new(2, 0);
    let mut both = Both::set_up(bench)?;
    for way in 0..3u64 {
        for round in 0..ROUNDS {
            let va = draw(&mut dice);
            let pages = if round % 2 == 0 { [va, va ^ UPPER] } else { [va ^ UPPER, va] };
            let fillers = (0..way).map(|n| FILLERS | (n * sets) << LINE_BITS | (va & set_bits));
            let order: Vec<u64> = fillers.chain(pages).collect();
            for va in &order {
                both.map(bench, *va)?;
            }
            bench.invalidate_bank(BANK)?;
            for va in &order {
                read(bench, *va)?;
                bench.run_cycles(SETTLED)?;
            }
            forget_hits(bench)?;
            for va in pages {
                access(bench, "a page in the main TLB", va | 0x80, way % 2 == 1, 0, cycles(0))?;
            }
        }
    }
    Ok(())
}

/// No table of a region is one of the other, whichever of the walk caches are asked.
fn below(bench: &mut Bench) -> Outcome {
    const ROUNDS: u64 = 4;
    let mut dice = Dice::new(3, 0);
    let mut both = Both::set_up(bench)?;
    // The other page is below the same entries of all levels, or of fewer.
    for step in [0, 1 << LINE_BITS, 1 << 21, 1 << 30] {
        for round in 0..ROUNDS {
            let va = draw(&mut dice);
            let pages = if round % 2 == 0 { [va, va ^ UPPER ^ step] } else { [va ^ UPPER, va ^ step] };
            bench.invalidate_bank(BANK)?;
            for va in pages {
                both.map(bench, va)?;
                access(bench, "a cold walk", va, round / 2 == 1, 4, cycles(4))?;
                bench.run_cycles(SETTLED)?;
            }
        }
    }
    Ok(())
}

/// An invalidation that names the same page of the other region, or one beside it, drops nothing; then the page itself is named.
fn invalidations(bench: &mut Bench) -> Outcome {
    const ROUNDS: u64 = 3;
    let params = *bench.params();
    let commands = [regs::CB_TLBIVAL, regs::CB_TLBIVAAL, regs::CB_TLBIVA, regs::CB_TLBIVAA];
    let mut dice = Dice::new(4, 0);
    let mut both = Both::set_up(bench)?;
    for (n, command) in (0..).zip(commands) {
        for round in 0..ROUNDS {
            for upper in [0, UPPER] {
                let va = draw(&mut dice) | upper;
                let near = va ^ 1 << LINE_BITS;
                both.map(bench, va)?;
                both.map(bench, near)?;
                bench.invalidate_bank(BANK)?;
                access(bench, "a cold walk", va, false, 4, cycles(4))?;
                bench.run_cycles(SETTLED)?;
                let name = |va: u64| va >> 12 | u64::from(ASID) << 48;
                // The other region alone; then one bit beside it.
                let drawn = 1u64 << (12 + (5 * round + 11 * n) % 36);
                for wrong in [UPPER, drawn] {
                    bench.write64(command.offset(&params, BANK), name(va ^ wrong))?;
                    bench.sync(BANK)?;
                    access(bench, "a page that nothing has dropped", va | 0x80, true, 0, HIT..=HIT)?;
                }
                forget_hits(bench)?;
                access(bench, "a page that nothing has dropped", va | 0xc0, false, 0, cycles(0))?;
                both.map(bench, va)?;
                bench.write64(command.offset(&params, BANK), name(va))?;
                bench.sync(BANK)?;
                // By leaf only, the tables are still there.
                let reads = if n < 2 { 1 } else { 4 };
                access(bench, "a page that was dropped", va, false, reads, cycles(reads))?;
                bench.run_cycles(SETTLED)?;
                access(bench, "a page of the next line", near, true, 1, cycles(1))?;
            }
        }
    }
    Ok(())
}
