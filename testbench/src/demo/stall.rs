//! A fault that stalls its transaction: a driver maps the page and lets it go on. Another stream does not notice anything.

use super::Stage;
use crate::axi::burst::OKAY;
use crate::axi::master::{Burst, BurstDone};
use crate::bench::fixture::{Tables, READ_WRITE, SCTLR_CFCFG, SCTLR_HUPCF, SCTLR_USUAL};
use crate::bench::BenchError;
use smmu_rtl::registers as regs;

const RAM: u64 = 0x8000_0000;
const OTHER_RAM: u64 = 0x8010_0000;
const TABLES: u64 = 0x4000_0000;
const OTHER_TABLES: u64 = 0x4010_0000;
const VA: u64 = 0x12_3450_0000;
const STREAM: u32 = 0x300;
const OTHER: u32 = 0x301;
const BANK: usize = 1;
const OTHER_BANK: usize = 2;
const ASID: u16 = 5;
const SS: u32 = 1 << 30;
const TF: u32 = 1 << 1;
const FORMAT: u32 = 2 << 9;
const RETRY: u32 = 0;
const TERMINATE: u32 = 1;
/// Beats of the burst that stalls.
const BEATS: u64 = 8;

pub(super) fn play(stage: &mut Stage) -> Result<(), BenchError> {
    let mut tables = set_up(stage)?;
    stage.read("a page that is mapped", STREAM, VA, 0x100)?;

    // A write to a page that is not there.
    let bus = stage.bench.params().data_width / 8;
    let write = Burst::read(STREAM, VA + 0x2000, BEATS as usize, 3).id(1).into_write(bus, |n| 0x700 + n as u128);
    let held = stage.bench.port(0).start(write);
    stage.bench.run_until("the interrupt", |bench| bench.irq_context(BANK))?;
    recorded(stage, "a write to a page that is not mapped has no answer; the interrupt says why", FORMAT | TF | SS, VA + 0x2000)?;

    // Everybody else.
    let others: Vec<u64> = (0..16)
        .map(|n| {
            let burst = Burst::read(OTHER, VA + 0x1000 * n, 4, 3).id(2 + n as u32 % 4);
            stage.bench.port(0).start(if n % 2 == 0 { burst } else { burst.into_write(bus, |beat| beat as u128) })
        })
        .collect();
    let start = stage.bench.cycle();
    let answers = until_answered(stage, &others)?;
    let good = answers.iter().filter(|done| done.resp == OKAY).count();
    let took = stage.bench.cycle() - start;
    stage.expect(
        good == others.len(),
        format!("another stream meanwhile: {good} of {} reads and writes are answered within {took} cycles", others.len()),
    );
    let start = stage.bench.cycle();
    stage.bench.sync(BANK)?;
    let took = stage.bench.cycle() - start;
    stage.tell(format!("a synchronization of the stalled bank ends after {took} cycles: it does not wait for what is held"));

    // The driver.
    tables.map(stage.bench.memory(), VA + 0x2000, RAM + 0x2000, READ_WRITE)?;
    stage.bench.clear_fault(BANK)?;
    let fsr = stage.bench.read32(regs::CB_FSR.offset(stage.bench.params(), BANK))?;
    stage.expect(fsr == SS, format!("the driver maps the page and clears the status: FSR {fsr:#x}, only SS is left"));
    let start = stage.bench.cycle();
    resume(stage, RETRY)?;
    let answer = until_answered(stage, &[held])?[0].resp;
    let took = stage.bench.cycle() - start;
    stage.expect(answer == OKAY, format!("RESUME, retry: the write goes on and gets response {answer} after {took} cycles"));
    let data: Vec<u64> = (0..BEATS).map(|n| stage.bench.memory().read_u64(RAM + 0x2000 + 8 * n)).collect::<Result<_, _>>()?;
    let right = data.iter().zip(0x700..).all(|(word, expected)| *word == expected);
    stage.expect(right, format!("its data, kept meanwhile, is in memory: {data:x?}"));

    // One that nobody can help.
    let read = Burst::read(STREAM, VA + 0x9000, 1, 3).id(1);
    let held = stage.bench.port(0).start(read);
    stage.bench.run_until("the interrupt", |bench| bench.irq_context(BANK))?;
    recorded(stage, "a read of a page that nobody knows", FORMAT | TF | SS, VA + 0x9000)?;
    stage.bench.clear_fault(BANK)?;
    resume(stage, TERMINATE)?;
    let answer = until_answered(stage, &[held])?[0].resp;
    stage.expect(answer != OKAY, format!("RESUME, terminate: it gets response {answer}"));
    stage.bench.run_cycles(8)?;
    let quiet = !stage.bench.irq_context(BANK);
    stage.expect(quiet, "the interrupt is gone");
    stage.read("the bank goes on", STREAM, VA + 0x2000, 0x700)
}

fn set_up(stage: &mut Stage) -> Result<Tables, BenchError> {
    let (mut tables, mut others) = (Tables::usual(TABLES), Tables::usual(OTHER_TABLES));
    let bench = &mut stage.bench;
    bench.memory().add_region(RAM, 0x20_0000);
    bench.memory().add_region(TABLES, 0x20_0000);
    tables.map(bench.memory(), VA, RAM, READ_WRITE)?;
    bench.memory().write_u64(RAM, 0x100)?;
    for n in 0..16 {
        others.map(bench.memory(), VA + 0x1000 * n, OTHER_RAM + 0x1000 * n, READ_WRITE)?;
    }
    bench.route_stream(0, STREAM, BANK)?;
    bench.route_stream(1, OTHER, OTHER_BANK)?;
    bench.setup_bank(BANK, &tables, ASID, SCTLR_USUAL | SCTLR_HUPCF | SCTLR_CFCFG)?;
    bench.setup_bank(OTHER_BANK, &others, ASID + 1, SCTLR_USUAL)?;
    bench.enable()?;
    stage.tell(format!(
        "stream {STREAM:#x}: bank {BANK}, faults stall (SCTLR.CFCFG); stream {OTHER:#x}: bank {OTHER_BANK}, they do not"
    ));
    Ok(tables)
}

fn resume(stage: &mut Stage, how: u32) -> Result<(), BenchError> {
    let offset = stage.at(regs::CB_RESUME, BANK);
    stage.bench.write32(offset, how)
}

/// The record must be this one.
fn recorded(stage: &mut Stage, what: &str, status: u32, addr: u64) -> Result<(), BenchError> {
    let [fsr, far, fsynr0, sid] = stage.bench.fault_record(BANK)?;
    let ok = (fsr, far) == (status.into(), addr);
    stage.expect(ok, format!("{what}: FSR {fsr:#x} (SS {}) FAR {far:#x} FSYNR0 {fsynr0:#x} CBFRSYNRA {sid:#x}", fsr >> 30 & 1));
    Ok(())
}

/// Runs until these bursts have their answers, and none but them.
fn until_answered(stage: &mut Stage, handles: &[u64]) -> Result<Vec<BurstDone>, BenchError> {
    let mut done: Vec<BurstDone> = Vec::new();
    stage.bench.run_until("the answers", |bench| {
        done.extend(std::iter::from_fn(|| bench.port(0).finished()));
        done.len() >= handles.len()
    })?;
    if done.iter().any(|burst| !handles.contains(&burst.handle)) {
        stage.expect(false, "something else was answered");
    }
    Ok(done)
}
