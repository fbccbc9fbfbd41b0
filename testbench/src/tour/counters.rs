//! Performance counters: refills counted, filtered, and wrapping. Only hardware that has counters has these scenes.

use super::speed::demand;
use super::{smooth, Outcome, Scene, ASID, BANK, RAM, SETTLED, STREAM, TABLES};
use crate::bench::fixture::{Tables, READ_WRITE, SCTLR_USUAL};
use crate::bench::Bench;
use smmu_rtl::params::Params;
use smmu_rtl::registers::{self as regs, RegId};

/// PMEVTYPER: refills, refills of reads.
const REFILLS: [u64; 2] = [0x08, 0x09];
/// PMCGCR: the group counts; TCEFCFG by StreamID, by bank.
const ENABLED: u64 = 1 << 11;
const BY_STREAM: u64 = 1 << 8;
const BY_BANK: u64 = 2 << 8;
/// Pages so far apart that no walk brings two of them.
const APART: u64 = 0x1_0000;

pub(super) fn scenes(params: &Params) -> Vec<Scene> {
    if !params.features.pmu {
        return Vec::new();
    }
    vec![("counters of refills", smooth(), refills)]
}

fn write(bench: &mut Bench, id: RegId, index: usize, value: u64) -> Outcome {
    bench.write32(id.offset(bench.params(), index), value as u32)
}

/// Two counters of each event, one from zero on and one that wraps at once, behind each filter, in both classes of its hits and misses.
fn refills(bench: &mut Bench) -> Outcome {
    let mut tables = Tables::usual(TABLES);
    for page in 0..8 {
        tables.map(bench.memory(), APART * page, RAM + APART * page, READ_WRITE)?;
    }
    bench.setup_bank(BANK, &tables, ASID, SCTLR_USUAL)?;
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    for filter in [0, BY_STREAM, BY_BANK] {
        for matches in [true, false] {
            bench.invalidate_bank(BANK)?;
            write(bench, regs::PMCR, 0, 0)?;
            write(bench, regs::PMOVSCLR, 0, 0xffff)?;
            let bank = if matches { BANK } else { BANK + 1 };
            write(bench, regs::PMCGCR, 0, ENABLED | filter | bank as u64)?;
            write(bench, regs::PMCGSMR, 0, u64::from(STREAM) ^ u64::from(!matches))?;
            for n in 0..4 {
                write(bench, regs::PMEVTYPER, n, REFILLS[n % 2])?;
                write(bench, regs::PMEVCNTR, n, if n < 2 { 0 } else { u64::from(u32::MAX) })?;
            }
            write(bench, regs::PMCNTENSET, 0, 0xf)?;
            write(bench, regs::PMCR, 0, 1)?;
            // Three pages read, two written, each walked once and used twice.
            for page in [0, 1, 2, 0, 1, 2] {
                bench.burst_read(STREAM, APART * page, 1, 3)?;
            }
            for page in [3, 4, 3, 4] {
                bench.burst_write(STREAM, APART * page, 1, 3, |_| 7)?;
            }
            bench.run_cycles(SETTLED)?;
            write(bench, regs::PMCR, 0, 0)?;
            let params = *bench.params();
            let counts = matches || filter == 0;
            let overflows = bench.read32(regs::PMOVSSET.offset(&params, 0))?;
            demand(bench, "overflows", overflows.into(), if counts { 0xc..=0xc } else { 0..=0 })?;
            for n in 0..4 {
                let refills = if !counts { 0 } else { [5, 3][n % 2] };
                let first = if n < 2 { 0 } else { u32::MAX };
                let value = bench.read32(regs::PMEVCNTR.offset(&params, n))?;
                demand(bench, "refills", value.wrapping_sub(first).into(), refills..=refills)?;
            }
        }
    }
    Ok(())
}
