//! Granules, start levels, regions, leaves, permissions.

use super::speed::forget_hits;
use super::{smooth, Outcome, Scene, ASID, BANK, RAM, SETTLED, STREAM, TABLES};
use crate::axi::master::Burst;
use crate::axi::pause::Dice;
use crate::bench::fixture::{Tables, NOT_GLOBAL, READ_ONLY, READ_WRITE, SCTLR_USUAL, USER};
use crate::bench::Bench;
use smmu_rtl::registers as regs;

pub(super) fn scenes() -> Vec<Scene> {
    vec![
        ("start levels", smooth(), start_levels),
        ("leaves", smooth(), leaves),
        ("address bits that descriptors do not have", smooth(), low_bits),
        ("permissions", smooth(), permissions),
    ]
}

/// Granules that the hardware has.
pub(super) fn granules(bench: &Bench) -> Vec<u32> {
    let all = [12, 14, 16];
    all.into_iter().filter(|&granule| granule != 14 || bench.params().straps.granule_16k).collect()
}

/// A bank with these tables in region 0, or, with `upper`, in region 1.
pub(super) fn bank(bench: &mut Bench, tables: &Tables, upper: bool, sctlr: u32) -> Outcome {
    let params = *bench.params();
    bench.setup_bank(BANK, tables, ASID, sctlr)?;
    if upper {
        let granule = match tables.granule {
            12 => 2,
            14 => 1,
            _ => 3,
        };
        let tcr = tables.size | 1 << 7 | tables.size << 16 | granule << 30;
        bench.write32(regs::CB_TCR.offset(&params, BANK), tcr)?;
        bench.write64(regs::CB_TTBR1.offset(&params, BANK), tables.root)?;
    }
    bench.invalidate_bank(BANK)?;
    bench.run_cycles(SETTLED)
}

/// Every start level of every granule, in both regions.
fn start_levels(bench: &mut Bench) -> Outcome {
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    let mut root = TABLES;
    for granule in granules(bench) {
        for size in [16, 21, 22, 27, 28, 33, 34, 38, 39] {
            for upper in [false, true] {
                root = root.next_multiple_of(1 << granule);
                let mut tables = Tables::new(root, granule, size);
                root += 4 << granule;
                let va = if upper { (1 << 49) - (1 << (64 - size)) + 0x1_0000 } else { 0x1_0000 };
                tables.map(bench.memory(), va, RAM + 0x1_0000, READ_WRITE)?;
                bank(bench, &tables, upper, SCTLR_USUAL)?;
                bench.burst_read(STREAM, va + 0x40, 2, 3)?;
                bench.burst_write(STREAM, va + 0x80, 2, 3, |_| 5)?;
            }
        }
    }
    Ok(())
}

/// Pages and blocks of every granule, global and not.
fn leaves(bench: &mut Bench) -> Outcome {
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    let mut root = TABLES;
    for granule in granules(bench) {
        for level in if granule == 12 { 1..4 } else { 2..4 } {
            for attributes in [READ_WRITE, READ_WRITE & !NOT_GLOBAL] {
                root = root.next_multiple_of(1 << granule);
                let mut tables = Tables::new(root, granule, 16);
                root += 4 << granule;
                let (va, pa) = (2 << tables.entry_bits(level), RAM & !((1 << tables.entry_bits(level)) - 1));
                match level {
                    3 => tables.map(bench.memory(), va, pa, attributes)?,
                    _ => tables.map_block(bench.memory(), va, pa, level, attributes)?,
                }
                bank(bench, &tables, false, SCTLR_USUAL)?;
                let offset = RAM - pa;
                bench.burst_read(STREAM, va + offset + 0x40, 2, 3)?;
                bench.burst_write(STREAM, va + offset + 0x80, 2, 3, |_| 5)?;
            }
        }
    }
    Ok(())
}

/// What stands below the address of a block, a page or a table means nothing, whether it comes from the walk or from a cache: each bit, all of
/// them, and some that are drawn.
fn low_bits(bench: &mut Bench) -> Outcome {
    let mut dice = Dice::new(1, 0);
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    let mut root = TABLES;
    for granule in granules(bench) {
        for level in if granule == 12 { 1..3 } else { 2..4 } {
            root = root.next_multiple_of(1 << granule);
            let mut tables = Tables::new(root, granule, 16);
            root += 8 << granule;
            let (size, page) = (1u64 << tables.entry_bits(level), 1u64 << granule);
            let (va, pa) = (3 * size, RAM & !(size - 1));
            match level {
                3 => tables.map(bench.memory(), va, pa, READ_WRITE)?,
                _ => tables.map_block(bench.memory(), va, pa, level, READ_WRITE)?,
            }
            bank(bench, &tables, false, SCTLR_USUAL)?;
            let slot = tables.slot(bench.memory(), va, level)?;
            let above = tables.slot(bench.memory(), va, level - 1)?;
            let [leaf, table] = [bench.memory().read_u64(slot)?, bench.memory().read_u64(above)?];
            let single = (12..tables.entry_bits(level)).map(|bit| 1 << bit);
            let drawn: Vec<u64> = (0..4).map(|_| dice.word()).collect();
            for bits in single.chain([u64::MAX]).chain(drawn) {
                bench.memory().write_u64(slot, leaf | bits & (size - 1) & !0xfff)?;
                bench.memory().write_u64(above, table | bits & (page - 1) & !0xfff)?;
                bench.invalidate_bank(BANK)?;
                // From the walk, from the micro TLB, and from what else has it.
                let first = va + (RAM - pa);
                bench.burst_read(STREAM, first | 0x40, 1, 3)?;
                bench.run_cycles(SETTLED)?;
                bench.burst_write(STREAM, first | 0x80, 1, 3, |_| 5)?;
                forget_hits(bench)?;
                bench.burst_read(STREAM, first + page - 0x40, 1, 3)?;
                bench.burst_write(STREAM, first | 0xc0, 1, 3, |_| 6)?;
            }
        }
    }
    Ok(())
}

/// Every kind of access to every kind of leaf, under tables with and without limits.
fn permissions(bench: &mut Bench) -> Outcome {
    const NO_WRITES: u64 = 1 << 62;
    let params = *bench.params();
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    let bus_bytes = params.data_width / 8;
    let mut root = TABLES;
    for limit in [0, NO_WRITES] {
        let mut tables = Tables::new(root, 12, 16);
        root += 0x1_0000;
        let leaves = [READ_WRITE & !USER, READ_WRITE, READ_WRITE & !USER | READ_ONLY, READ_WRITE | READ_ONLY];
        for (page, attributes) in (0..).zip(leaves) {
            tables.map(bench.memory(), page << 12, RAM + (page << 12), attributes)?;
        }
        let slot = tables.slot(bench.memory(), 0, 2)?;
        let table = bench.memory().read_u64(slot)?;
        bench.memory().write_u64(slot, table | limit)?;
        // With HUPCF, a fault stops nobody.
        bank(bench, &tables, false, SCTLR_USUAL | 1 << 8)?;
        for page in 0..4u64 {
            for prot in [0, 1, 4, 5] {
                let read = Burst::read(STREAM, page << 12, 1, 3).prot(prot);
                bench.burst(read.clone())?;
                bench.burst(read.into_write(bus_bytes, |_| 3))?;
                bench.clear_fault(BANK)?;
                bench.run_cycles(SETTLED)?;
            }
        }
    }
    Ok(())
}
