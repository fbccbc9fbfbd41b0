//! Directed runs of preset `mini` for entries of the test plan that need one situation each: table walks at the edges of what TCR and
//! TTBR may say, and which entries an invalidation takes. The bench compares with the model all the while.

use smmu_rtl::params::{Params, MINI};
use smmu_rtl::registers as regs;
use smmu_testbench::axi::burst::{OKAY, SLVERR};
use smmu_testbench::bench::fixture::{Tables, ACCESSED, READ_WRITE, SCTLR_HUPCF, SCTLR_USUAL, USER};
use smmu_testbench::bench::{Bench, BenchError, BenchOptions};

type Outcome = Result<(), BenchError>;

const PARAMS: &Params = &MINI;
const RAM: u64 = 0x8000_0000;
const TABLES: u64 = 0x4000_0000;
const VA: u64 = 0x12_3450_0000;
const BANK: usize = 1;
const ASID: u16 = 0x105;
const STREAM: u32 = 0x301;
const TRANSLATION_FAULT: u64 = 1 << 1 | 2 << 9;

fn bench() -> Result<Bench, BenchError> {
    let mut bench = Bench::new(PARAMS, "rusthdl", BenchOptions { watchdog: 20_000, ..BenchOptions::default() })?;
    bench.memory().add_region(RAM, 0x100_0000);
    bench.memory().add_region(TABLES, 0x40_0000);
    Ok(bench)
}

/// One stream in one bank, 16 pages mapped.
fn translated(tables: &mut Tables) -> Result<Bench, BenchError> {
    let mut bench = bench()?;
    for page in 0..16u64 {
        let step = page << tables.granule;
        tables.map(bench.memory(), VA % (1 << (64 - tables.size)) + step, RAM + step, READ_WRITE)?;
    }
    bench.route_stream(0, STREAM, BANK)?;
    bench.setup_bank(BANK, tables, ASID, SCTLR_USUAL)?;
    bench.enable()?;
    Ok(bench)
}

#[test]
fn a_walk_that_is_switched_off_faults_on_a_miss_only() -> Outcome {
    let mut tables = Tables::usual(TABLES);
    let mut bench = translated(&mut tables)?;
    bench.memory().write_u64(RAM, 0x77)?;
    assert_eq!(bench.burst_read(STREAM, VA, 1, 3)?.resp, OKAY);
    // EPD0: what the main TLB holds goes on, page 12 is not in it.
    bench.write32(regs::CB_TCR.offset(PARAMS, BANK), tables.tcr() | 1 << 7)?;
    let done = bench.burst_read(STREAM, VA, 1, 3)?;
    assert_eq!((done.resp, done.beats[0].data), (OKAY, 0x77));
    assert_eq!(bench.burst_read(STREAM, VA + 0xc000, 1, 3)?.resp, SLVERR);
    assert_eq!(bench.fault_record(BANK)?[..3], [TRANSLATION_FAULT, VA + 0xc000, 0]);
    bench.clear_fault(BANK)?;
    // Once it is invalidated, the first page faults too.
    bench.invalidate_bank(BANK)?;
    assert_eq!(bench.burst_read(STREAM, VA, 1, 3)?.resp, SLVERR);
    bench.drain()
}

#[test]
fn sizes_and_granules_that_do_not_exist_are_translation_faults_of_level_0() -> Outcome {
    let mut tables = Tables::usual(TABLES);
    let mut bench = translated(&mut tables)?;
    // T0SZ below 16, above 39; TG0 reserved. T1SZ and TG1 of the other region do not matter.
    for (tcr, good) in [(15, false), (40, false), (0x3f, false), (16 | 3 << 14, false), (16 | 15 << 16 | 1 << 23, true)] {
        bench.write32(regs::CB_TCR.offset(PARAMS, BANK), tcr)?;
        bench.invalidate_bank(BANK)?;
        let done = bench.burst_read(STREAM, VA + 8, 1, 3)?;
        assert_eq!(done.resp, if good { OKAY } else { SLVERR }, "TCR {tcr:#x}");
        if !good {
            assert_eq!(bench.fault_record(BANK)?[..3], [TRANSLATION_FAULT, VA + 8, 0], "TCR {tcr:#x}");
            bench.clear_fault(BANK)?;
        }
    }
    bench.drain()
}

#[test]
fn hints_and_software_bits_of_descriptors_change_nothing() -> Outcome {
    let mut tables = Tables::usual(TABLES);
    let mut bench = translated(&mut tables)?;
    // Contiguous 52, DBM 51, software 58:55, ignored 63; the same bits of the tables above, attributes aside.
    for (page, bits) in [(1u64, 1u64 << 52), (2, 1 << 51), (3, 0xf << 55), (4, 1 << 63), (5, 1 << 63 | 0xf << 55 | 3 << 51)] {
        let slot = tables.slot(bench.memory(), VA + 0x1000 * page, 3)?;
        let leaf = bench.memory().read_u64(slot)?;
        bench.memory().write_u64(slot, leaf | bits)?;
        bench.memory().write_u64(RAM + 0x1000 * page, 0x100 + page)?;
    }
    for level in 0..3 {
        let slot = tables.slot(bench.memory(), VA, level)?;
        let table = bench.memory().read_u64(slot)?;
        bench.memory().write_u64(slot, table | 0x3f << 52 | 0xffc)?;
    }
    for page in 1..6 {
        let done = bench.burst_read(STREAM, VA + 0x1000 * page, 1, 3)?;
        assert_eq!((done.resp, done.beats[0].data), (OKAY, 0x100 + u128::from(page)));
    }
    bench.drain()
}

#[test]
fn ttbr_bits_below_the_first_table_are_zero() -> Outcome {
    // First tables of 4096, 512 and 64 bytes.
    for size in [16, 28, 31] {
        let mut tables = Tables::new(TABLES + 0x10_0000, 12, size);
        let mut bench = translated(&mut tables)?;
        let entries = 64 - size - tables.entry_bits(tables.start_level());
        let below = (8u64 << entries).max(64) - 1;
        bench.write64(regs::CB_TTBR0.offset(PARAMS, BANK), tables.root | below & !1 | u64::from(ASID) << 48)?;
        assert_eq!(bench.burst_read(STREAM, VA % (1 << (64 - size)), 1, 3)?.resp, OKAY, "T0SZ {size}");
        bench.drain()?;
    }
    Ok(())
}

/// Banks 0 to 3 with VMIDs 5, 6, 5 as Hyp, 7. Each caches one page whose mapping then changes; an invalidation shows which go.
#[test]
fn global_commands_drop_what_they_name_and_nothing_else() -> Outcome {
    let commands = [
        (regs::TLBIVMID, 5, [true, false, false, false]),
        (regs::TLBIVMID, 7, [false, false, false, true]),
        (regs::TLBIVMID, 0x105, [true, false, false, false]),
        (regs::TLBIALLH, 0, [false, false, true, false]),
        (regs::TLBIALLNSNH, 0, [true, true, false, true]),
    ];
    for (command, payload, dropped) in commands {
        let mut bench = bench()?;
        let mut tables = Tables::usual(TABLES);
        tables.map(bench.memory(), VA, RAM, READ_WRITE)?;
        let banks = [(5, false), (6, false), (5, true), (7, false)];
        for (bank, (vmid, hyp)) in banks.iter().enumerate() {
            bench.route_stream(bank, 0x40 + bank as u32, bank)?;
            bench.setup_bank(bank, &tables, ASID, SCTLR_USUAL)?;
            bench.write32(regs::CBAR.offset(PARAMS, bank), 1 << 16 | vmid | u32::from(*hyp) << 10)?;
        }
        bench.enable()?;
        bench.memory().write_u64(RAM, 1)?;
        bench.memory().write_u64(RAM + 0x1000, 2)?;
        for stream in 0x40..0x44 {
            assert_eq!(bench.burst_read(stream, VA, 1, 3)?.beats[0].data, 1);
        }
        tables.map(bench.memory(), VA, RAM + 0x1000, USER | ACCESSED)?;
        bench.write32(command.offset(PARAMS, 0), payload)?;
        bench.write32(regs::STLBGSYNC.offset(PARAMS, 0), 0)?;
        while bench.read32(regs::STLBGSTATUS.offset(PARAMS, 0))? & 1 == 1 {}
        for (bank, dropped) in dropped.into_iter().enumerate() {
            let data = bench.burst_read(0x40 + bank as u32, VA, 1, 3)?.beats[0].data;
            assert_eq!(data, if dropped { 2 } else { 1 }, "{} {payload:#x}, bank {bank}", command.register().name);
        }
        bench.drain()?;
    }
    Ok(())
}

/// Found by `smmu random --preset zynqmp`, seed 172: a bank is blocked by a status that software restores as by a fault.
#[test]
fn a_restored_status_blocks_what_is_cached() -> Outcome {
    let mut tables = Tables::usual(TABLES);
    let mut bench = translated(&mut tables)?;
    bench.write32(regs::CB_SCTLR.offset(PARAMS, BANK), SCTLR_USUAL & !SCTLR_HUPCF)?;
    for _ in 0..2 {
        assert_eq!(bench.burst_read(STREAM, VA, 1, 3)?.resp, OKAY);
    }
    bench.write32(regs::CB_FSRRESTORE.offset(PARAMS, BANK), 2)?;
    assert_eq!(bench.burst_read(STREAM, VA, 1, 3)?.resp, SLVERR, "a hit of before");
    // Software says that it is handled: translation goes on.
    bench.write32(regs::CB_FSR.offset(PARAMS, BANK), u32::MAX)?;
    assert_eq!(bench.burst_read(STREAM, VA, 1, 3)?.resp, OKAY);
    bench.drain()
}
