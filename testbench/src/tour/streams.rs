//! Which group a stream matches: every bit of every group's identifier and mask; and bursts that end with their page, or one beat behind it.

use super::{smooth, Outcome, Scene, ASID, BANK, RAM, SETTLED, STREAM, TABLES};
use crate::axi::master::Burst;
use crate::bench::fixture::{Tables, READ_WRITE, SCTLR_HUPCF, SCTLR_USUAL};
use crate::bench::Bench;
use smmu_rtl::params::Params;
use smmu_rtl::registers as regs;

/// SMR.VALID.
const VALID: u32 = 1 << 31;
/// A StreamID of ones and zeros, and the other way round.
const IDS: [u32; 2] = [0x5555, 0x2aaa];
const ID_BITS: u32 = 15;
const PAGE: u64 = 0x1000;

pub(super) fn scenes(params: &Params) -> Vec<Scene> {
    let ends = ("bursts that end with their page", smooth(), page_ends as fn(&mut Bench) -> Outcome);
    if params.features.stream_indexing {
        return vec![ends];
    }
    vec![("every bit of every group", smooth(), groups), ends]
}

/// A bank that translates this page to another place, so that the address downstream tells whether a stream came to it.
fn translating(bench: &mut Bench) -> Outcome {
    let mut tables = Tables::usual(TABLES);
    tables.map(bench.memory(), RAM, RAM + PAGE, READ_WRITE)?;
    bench.setup_bank(BANK, &tables, ASID, SCTLR_USUAL | SCTLR_HUPCF)
}

/// One group at a time: a stream that differs in one bit is not its own, unless the mask has this bit.
fn groups(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    translating(bench)?;
    bench.enable()?;
    for group in 0..params.num_smr {
        let smr = regs::SMR.offset(&params, group);
        bench.write32(regs::S2CR.offset(&params, group), BANK as u32)?;
        for id in IDS {
            bench.write32(smr, VALID | id)?;
            bench.run_cycles(SETTLED)?;
            bench.burst_read(id, RAM, 1, 3)?;
            for bit in 0..ID_BITS {
                bench.burst_read(id ^ 1 << bit, RAM, 1, 3)?;
            }
        }
        for bit in 0..ID_BITS {
            bench.write32(smr, VALID | IDS[0] | 1 << (16 + bit))?;
            bench.run_cycles(SETTLED)?;
            for other in 0..ID_BITS {
                bench.burst_read(IDS[0] ^ 1 << other, RAM, 1, 3)?;
            }
        }
        bench.write32(smr, 0)?;
    }
    Ok(())
}

/// Bursts of each size and length in bytes that end where their page ends, and those that leave it by one beat, which are refused.
fn page_ends(bench: &mut Bench) -> Outcome {
    let bus_bytes = bench.params().data_width / 8;
    translating(bench)?;
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    for size in 0..=bus_bytes.ilog2() {
        let beat = 1u64 << size;
        for beats in [1, 2, 3, 4, 8, 16, 32, 64, 128, 256] {
            let bytes = beats * beat;
            if bytes > PAGE {
                continue;
            }
            for start in [PAGE - bytes, PAGE - bytes + beat, PAGE - beat] {
                let read = Burst::read(STREAM, RAM + start % PAGE, beats as usize, size as u8);
                bench.burst(read.clone().into_write(bus_bytes, |n| n as u128))?;
                bench.burst(read)?;
            }
        }
    }
    Ok(())
}
