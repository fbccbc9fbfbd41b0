//! Four client ports in one bank: each has a micro TLB of its own, and one invalidation reaches all of them.

use super::Stage;
use crate::axi::burst::OKAY;
use crate::axi::master::{Burst, BurstDone};
use crate::bench::fixture::{Tables, READ_WRITE, SCTLR_USUAL};
use crate::bench::BenchError;
use smmu_rtl::registers as regs;

const RAM: u64 = 0x8000_0000;
const TABLES: u64 = 0x4000_0000;
const VA: u64 = 0x12_3450_0000;
const STREAM: u32 = 0x300;
const BANK: usize = 1;
const ASID: u16 = 5;
const PORTS: usize = 4;
const PAGES: u64 = 64;

pub(super) fn play(stage: &mut Stage) -> Result<(), BenchError> {
    let mut tables = Tables::usual(TABLES);
    let bench = &mut stage.bench;
    bench.memory().add_region(RAM, 0x10_0000);
    bench.memory().add_region(TABLES, 0x10_0000);
    for n in 0..PAGES {
        tables.map(bench.memory(), VA + 0x1000 * n, RAM + 0x1000 * n, READ_WRITE)?;
        bench.memory().write_u64(RAM + 0x1000 * n, 0x100 + n)?;
    }
    bench.route_stream(0, STREAM, BANK)?;
    bench.setup_bank(BANK, &tables, ASID, SCTLR_USUAL)?;
    bench.enable()?;
    stage.tell(format!("bank {BANK}: VA {VA:#x} is PA {RAM:#x}, {PAGES} pages; stream {STREAM:#x} on all four ports"));

    on_all(stage, "page 3, cold", 0x103)?;
    on_all(stage, "page 3, in each port's micro TLB", 0x103)?;

    // The page moves while all ports go on with others.
    for port in 0..PORTS {
        for n in 8..PAGES {
            stage.bench.port(port).start(Burst::read(STREAM, VA + 0x1000 * n, 1, 3).id(n as u32 % 4));
        }
    }
    let start = stage.bench.cycle();
    tables.map(stage.bench.memory(), VA + 0x3000, RAM + 0x5000, READ_WRITE)?;
    stage.bench.invalidate_page(BANK, ASID, VA + 0x3000)?;
    let took = stage.bench.cycle() - start;
    stage.tell(format!("page 3 moves to {:#x} under traffic of all ports: TLBIVA and SYNC take {took} cycles", RAM + 0x5000));
    stage.bench.drain()?;
    let answers: Vec<usize> =
        (0..PORTS).map(|port| finished(stage, port).iter().filter(|done| done.resp == OKAY).count()).collect();
    let all = answers.iter().all(|answers| *answers as u64 == PAGES - 8);
    stage.expect(all, format!("the traffic meanwhile: {answers:?} good answers"));
    on_all(stage, "page 3 after it", 0x105)?;

    let status = stage.at(regs::CB_FSR, BANK);
    let fsr = stage.bench.read32(status)?;
    stage.expect(fsr == 0, format!("no fault: FSR {fsr:#x}"));
    Ok(())
}

/// A read of page 3 on every port at the same time.
fn on_all(stage: &mut Stage, what: &str, value: u64) -> Result<(), BenchError> {
    let reads = stage.bench.stats().walk_reads;
    for port in 0..PORTS {
        stage.bench.port(port).start(Burst::read(STREAM, VA + 0x3000, 1, 3));
    }
    stage.bench.drain()?;
    let done: Vec<BurstDone> = (0..PORTS).flat_map(|port| finished(stage, port)).collect();
    let words: Vec<u64> = done.iter().map(|done| done.beats[0].data as u64).collect();
    let cycles: Vec<u64> = done.iter().map(|done| done.finished - done.accepted).collect();
    let reads = stage.bench.stats().walk_reads - reads;
    let ok = words.len() == PORTS && words.iter().all(|word| *word == value) && done.iter().all(|done| done.resp == OKAY);
    stage.expect(ok, format!("{what}: {words:x?} in {cycles:?} cycles, {reads} bursts of table reads"));
    Ok(())
}

fn finished(stage: &mut Stage, port: usize) -> Vec<BurstDone> {
    std::iter::from_fn(|| stage.bench.port(port).finished()).collect()
}
