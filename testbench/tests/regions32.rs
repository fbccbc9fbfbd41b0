//! The two regions of an AArch32 bank with long descriptors may meet inside one entry of a level-1 table (1 GiB): what is cached of one
//! region's table must not answer for an address of the other. Found by `smmu random --preset multi`, seed 34.

use smmu_rtl::params::FULL;
use smmu_rtl::registers as regs;
use smmu_testbench::axi::burst::OKAY;
use smmu_testbench::bench::fixture::{Tables, ACCESSED, READ_WRITE, SCTLR_USUAL, VALID};
use smmu_testbench::bench::{Bench, BenchError, BenchOptions};

type Outcome = Result<(), BenchError>;

const RAM: u64 = 0x8000_0000;
const LOWER_TABLES: u64 = 0x4000_0000;
const UPPER_TABLES: u64 = 0x4020_0000;
const STREAM: u32 = 0x300;
const BANK: usize = 1;
/// T0SZ = 6: TTBR0 has the first 64 MiB, TTBR1 the rest.
const LOWER_END: u64 = 1 << 26;
const LOWER_VA: u64 = 0x100_0000;
const UPPER_VA: u64 = LOWER_END + 0x100_0000;
const LOWER_PA: u64 = RAM + 0x1000;
const EAE: u32 = 1 << 31;

/// TTBR0 over level-2 tables of 64 MiB that map one page, TTBR1 over level-1 tables of 4 GiB.
fn bench(upper: &Tables) -> Result<Bench, BenchError> {
    let mut bench = Bench::new(&FULL, "rusthdl", BenchOptions { watchdog: 40_000, ..BenchOptions::default() })?;
    bench.memory().add_region(RAM, 0x800_0000);
    bench.memory().add_region(LOWER_TABLES, 0x40_0000);
    let mut lower = Tables::new(LOWER_TABLES, 12, 38);
    lower.map(bench.memory(), LOWER_VA, LOWER_PA, READ_WRITE)?;
    bench.memory().write_u64(LOWER_PA, 0x10)?;
    bench.route_stream(0, STREAM, BANK)?;
    bench.setup_bank(BANK, &lower, 0, 0)?;
    bench.write32(regs::CBA2R.offset(&FULL, BANK), 0)?;
    bench.write32(regs::CB_TCR.offset(&FULL, BANK), EAE | 6)?;
    bench.write64(regs::CB_TTBR1.offset(&FULL, BANK), upper.root)?;
    bench.write32(regs::CB_SCTLR.offset(&FULL, BANK), SCTLR_USUAL)?;
    bench.enable()?;
    Ok(bench)
}

fn read(bench: &mut Bench, va: u64) -> Result<u64, BenchError> {
    let done = bench.burst_read(STREAM, va, 1, 3)?;
    assert_eq!(done.resp, OKAY, "read at {va:#x}");
    Ok(done.beats[0].data as u64)
}

#[test]
fn tables_of_one_region_do_not_serve_the_other() -> Outcome {
    let mut upper = Tables::new(UPPER_TABLES, 12, 32);
    let mut bench = bench(&upper)?;
    upper.map(bench.memory(), UPPER_VA, RAM + 0x4000, READ_WRITE)?;
    // What TTBR1's tables say of an address that is TTBR0's.
    upper.map(bench.memory(), LOWER_VA, RAM + 0x5000, READ_WRITE)?;
    bench.memory().write_u64(RAM + 0x4000, 0x40)?;
    bench.memory().write_u64(RAM + 0x5000, 0x50)?;
    assert_eq!(read(&mut bench, UPPER_VA)?, 0x40);
    assert_eq!(read(&mut bench, LOWER_VA)?, 0x10);
    assert_eq!(read(&mut bench, UPPER_VA)?, 0x40);
    bench.drain()
}

#[test]
fn a_block_that_straddles_the_regions_serves_its_own_only() -> Outcome {
    let upper = Tables::new(UPPER_TABLES, 12, 32);
    let mut bench = bench(&upper)?;
    // A block of 1 GiB in the first entry of TTBR1's table: RAM, and beyond.
    bench.memory().write_u64(UPPER_TABLES, RAM | READ_WRITE | ACCESSED | VALID)?;
    bench.memory().write_u64(RAM + UPPER_VA, 0x60)?;
    bench.memory().write_u64(RAM + LOWER_VA, 0x61)?;
    assert_eq!(read(&mut bench, UPPER_VA)?, 0x60);
    assert_eq!(read(&mut bench, LOWER_VA)?, 0x10, "from the micro TLB");
    // Another piece of the block, from the walk cache, then TTBR0's page once more.
    bench.memory().write_u64(RAM + UPPER_VA + 0x60_0000, 0x62)?;
    assert_eq!(read(&mut bench, UPPER_VA + 0x60_0000)?, 0x62);
    assert_eq!(read(&mut bench, LOWER_VA)?, 0x10);
    // An invalidation by an address of TTBR1 drops all pieces of the block, whichever it names.
    bench.memory().write_u64(UPPER_TABLES, (RAM + 0x4000_0000) | READ_WRITE | ACCESSED | VALID)?;
    bench.memory().add_region(RAM + 0x4000_0000, 0x800_0000);
    bench.memory().write_u64(RAM + 0x4000_0000 + UPPER_VA, 0x70)?;
    bench.memory().write_u64(RAM + 0x4000_0000 + UPPER_VA + 0x60_0000, 0x72)?;
    bench.write32(regs::CB_TLBIVA.offset(&FULL, BANK), (UPPER_VA + 0x20_0000) as u32)?;
    bench.sync(BANK)?;
    assert_eq!(read(&mut bench, UPPER_VA)?, 0x70);
    assert_eq!(read(&mut bench, UPPER_VA + 0x60_0000)?, 0x72);
    bench.drain()
}
