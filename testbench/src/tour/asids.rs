//! Invalidation by ASID, bit by bit: in each way of the main TLB stands the ASID that is named, and beside it others that differ in few bits.

use super::speed::{demand, WAYS};
use super::{smooth, Outcome, Scene, BANK, RAM, STREAM, TABLES};
use crate::bench::fixture::{Tables, NOT_GLOBAL, READ_WRITE, SCTLR_USUAL};
use crate::bench::Bench;
use smmu_rtl::registers as regs;

/// TCR2.AS: 16-bit ASIDs, beside 48-bit addresses and no sign extension of fewer bits.
const TCR2: u32 = 1 << 4 | 5 | 7 << 15;

pub(super) fn scenes() -> Vec<Scene> {
    vec![("ASIDs that differ in a bit", smooth(), single_bits)]
}

/// From now on the bank has this ASID.
fn become_asid(bench: &mut Bench, tables: &Tables, asid: u32) -> Outcome {
    bench.write64(regs::CB_TTBR0.offset(bench.params(), BANK), tables.root | u64::from(asid) << 48)
}

/// A read of the page, which takes so many table reads.
fn read(bench: &mut Bench, what: &str, reads: std::ops::RangeInclusive<u64>) -> Outcome {
    let before = bench.stats().walk_reads;
    bench.burst_read(STREAM, 0, 1, 3)?;
    demand(bench, what, bench.stats().walk_reads - before, reads)
}

fn single_bits(bench: &mut Bench) -> Outcome {
    let mut tables = Tables::usual(TABLES);
    tables.map(bench.memory(), 0, RAM, READ_WRITE | NOT_GLOBAL)?;
    bench.setup_bank(BANK, &tables, 0, 0)?;
    bench.route_stream(0, STREAM, BANK)?;
    bench.write32(regs::CB_TCR2.offset(bench.params(), BANK), TCR2)?;
    bench.write32(regs::CB_SCTLR.offset(bench.params(), BANK), SCTLR_USUAL)?;
    bench.enable()?;
    let ways = WAYS as u32;
    let by_asid = regs::CB_TLBIASID.offset(bench.params(), BANK);
    for named in [0x5a3cu32, 0xa5c3] {
        for bit in 0..16 {
            let near = |n: u32| named ^ 1 << bit ^ if n == 0 { 0 } else { 1 << ((bit + n) % 16) };
            for place in 0..ways {
                bench.invalidate_bank(BANK)?;
                let mut others = (0..ways - 1).map(near);
                let asids: Vec<u32> =
                    (0..ways).map(|way| if way == place { named } else { others.next().unwrap_or(named) }).collect();
                for &asid in &asids {
                    become_asid(bench, &tables, asid)?;
                    read(bench, "table reads of an ASID that is new", 1..=4)?;
                }
                bench.write32(by_asid, named)?;
                bench.sync(BANK)?;
                for &asid in asids.iter().filter(|asid| **asid != named) {
                    become_asid(bench, &tables, asid)?;
                    read(bench, "table reads of an ASID that was not named", 0..=0)?;
                }
                become_asid(bench, &tables, named)?;
                read(bench, "table reads of the ASID that was named", 1..=4)?;
            }
        }
    }
    Ok(())
}
