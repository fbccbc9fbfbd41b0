//! Granules, start levels, regions, leaves, permissions.

use super::{smooth, Outcome, Scene, ASID, BANK, RAM, SETTLED, STREAM, TABLES};
use crate::axi::master::Burst;
use crate::bench::fixture::{Tables, NOT_GLOBAL, READ_ONLY, READ_WRITE, SCTLR_USUAL, USER};
use crate::bench::Bench;
use smmu_rtl::registers as regs;

pub(super) fn scenes() -> Vec<Scene> {
    vec![("start levels", smooth(), start_levels), ("leaves", smooth(), leaves), ("permissions", smooth(), permissions)]
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
