//! Stream indexing: no groups are searched, the StreamID is the number of the S2CR.

use super::Stage;
use crate::axi::burst::OKAY;
use crate::axi::master::Burst;
use crate::bench::fixture::{Tables, READ_WRITE, SCTLR_USUAL};
use crate::bench::BenchError;
use smmu_rtl::registers as regs;

const RAM: u64 = 0x8000_0000;
const TABLES: [u64; 2] = [0x4000_0000, 0x4010_0000];
const BANKS: [usize; 2] = [1, 2];
const VA: u64 = 0x10_0000;
/// Streams of the first bank, of the second, and one that bypasses.
const FIRST: u32 = 0;
const SECOND: u32 = 5;
const BYPASS: u32 = 6;
/// sGFSR: unidentified stream fault.
const USF: u64 = 2;
const S2CR_BYPASS: u32 = 1 << 16;

pub(super) fn play(stage: &mut Stage) -> Result<(), BenchError> {
    set_up(stage)?;
    stage.read("stream 0 in bank 1", FIRST, VA, 0x1001)?;
    stage.read("stream 5 in bank 2, the same address", SECOND, VA, 0x2001)?;
    stage.read("stream 6 bypasses", BYPASS, RAM + 0x1000, 0x1001)?;

    let groups = stage.bench.params().num_smr as u32;
    let burst = Burst::read(groups, VA, 1, 3);
    let done = stage.bench.burst(burst)?;
    let [status, address, stream] = [regs::SGFSR, regs::SGFAR, regs::SGFSYNR1].map(|id| stage.at(id, 0));
    let record = (stage.bench.read64(status)? & 0xffff_ffff, stage.bench.read64(address)?, stage.bench.read32(stream)?);
    stage.expect(
        done.resp != OKAY && record == (USF, VA, groups),
        format!("stream {groups} has no S2CR: sGFSR {:#x} sGFAR {:#x} sGFSYNR1 {:#x}", record.0, record.1, record.2),
    );
    stage.bench.write32(status, u32::MAX)?;

    let s2cr = stage.at(regs::S2CR, FIRST as usize);
    stage.bench.write32(s2cr, BANKS[1] as u32)?;
    stage.tell("one write of S2CR0: stream 0 moves to bank 2");
    stage.read("stream 0 in bank 2", FIRST, VA, 0x2001)
}

fn set_up(stage: &mut Stage) -> Result<(), BenchError> {
    let bench = &mut stage.bench;
    bench.memory().add_region(RAM, 0x10_0000);
    for (n, (root, bank)) in TABLES.into_iter().zip(BANKS).enumerate() {
        bench.memory().add_region(root, 0x1_0000);
        let page = RAM + 0x1000 * (n as u64 + 1);
        let mut tables = Tables::usual(root);
        tables.map(bench.memory(), VA, page, READ_WRITE)?;
        bench.memory().write_u64(page, 0x1000 * (n as u64 + 1) + 1)?;
        bench.setup_bank(bank, &tables, bank as u16, SCTLR_USUAL)?;
    }
    let idr0 = stage.at(regs::IDR0, 0);
    let idr0 = stage.bench.read32(idr0)?;
    let (matching, bits) = (idr0 >> 27 & 1, idr0 >> 9 & 15);
    stage.expect(matching == 0, format!("IDR0 {idr0:#x}: SMS {matching}, NUMSIDB {bits}"));
    let smr = stage.at(regs::SMR, 0);
    stage.bench.write32(smr, 0x8000_0300)?;
    let kept = stage.bench.read32(smr)?;
    stage.expect(kept == 0, format!("SMR0 is not there: a write of 0x80000300 reads as {kept:#x}"));
    for (stream, value) in [(FIRST, BANKS[0] as u32), (SECOND, BANKS[1] as u32), (BYPASS, S2CR_BYPASS)] {
        let s2cr = stage.at(regs::S2CR, stream as usize);
        stage.bench.write32(s2cr, value)?;
    }
    stage.bench.enable()?;
    stage.tell(format!("S2CR{FIRST}: bank 1, S2CR{SECOND}: bank 2, S2CR{BYPASS}: bypass; a page of each bank at {VA:#x}"));
    Ok(())
}
