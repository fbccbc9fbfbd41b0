//! What a preset may have beyond stages and formats, on the whole hardware: 16-bit StreamIDs and VMIDs, stream indexing, register pages of
//! 64 KiB, performance monitors, address translation operations. The bench compares everything that the pins do with the model; a test here adds what it knows beyond that.

use smmu_rtl::params::{Features, Params, FULL, MINI};
use smmu_rtl::registers::{self as regs, RegId};
use smmu_testbench::axi::burst::{OKAY, SLVERR};
use smmu_testbench::axi::master::Burst;
use smmu_testbench::axi::pause::Pauses;
use smmu_testbench::bench::fixture::{Tables, READ_ONLY, READ_WRITE, SCTLR_USUAL, USER};
use smmu_testbench::bench::{Bench, BenchError, BenchOptions};
use smmu_testbench::memory::latency::Latency;

type Outcome = Result<(), BenchError>;

const RAM: u64 = 0x8000_0000;
const TABLES: u64 = 0x4000_0000;
const VA: u64 = 0x12_3450_0000;
const ASID: u16 = 0x105;

const USF: u64 = 1 << 1;
const EXIDENABLE: u32 = 1 << 3;
const VMID16EN: u32 = 1 << 31;
/// sCR0: unmatched streams fault, faults are reported and raise the interrupt.
const SCR0: u32 = 0x406;

fn options(seed: u64) -> BenchOptions {
    let smooth = BenchOptions { watchdog: 40_000, isolation: true, ..BenchOptions::default() };
    if seed == 0 {
        return smooth;
    }
    let latency = Latency::Random { min: 1, max: 40 };
    BenchOptions { seed, latency, out_of_order: true, pauses: Pauses::all([10, 40][seed as usize % 2]), ..smooth }
}

fn bench(params: &'static Params, seed: u64) -> Result<Bench, BenchError> {
    let mut bench = Bench::new(params, "rusthdl", options(seed))?;
    bench.memory().add_region(RAM, 0x100_0000);
    bench.memory().add_region(TABLES, 0x80_0000);
    Ok(bench)
}

fn at(bench: &Bench, id: RegId, index: usize) -> u32 {
    id.offset(bench.params(), index)
}

fn write(bench: &mut Bench, id: RegId, index: usize, value: u32) -> Outcome {
    let offset = at(bench, id, index);
    bench.write32(offset, value)
}

fn read(bench: &mut Bench, id: RegId, index: usize) -> Result<u64, BenchError> {
    let offset = at(bench, id, index);
    Ok(bench.read32(offset)?.into())
}

/// Nine pages from VA on lead to `RAM + bank * 1 MiB`, in tables of the bank's own; the bank is set up for them.
fn bank(bench: &mut Bench, bank: usize) -> Result<Tables, BenchError> {
    let mut tables = Tables::usual(TABLES + 0x10_0000 * bank as u64);
    for page in (0..8).chain([32]) {
        tables.map(bench.memory(), VA + 0x1000 * page, RAM + 0x10_0000 * bank as u64 + 0x1000 * page, READ_WRITE)?;
    }
    bench.setup_bank(bank, &tables, ASID, SCTLR_USUAL)?;
    Ok(tables)
}

/// The burst is refused as a global fault, whose record shows the StreamID.
fn expect_global(bench: &mut Bench, burst: Burst, code: u64, stream: u64) -> Outcome {
    assert_eq!(bench.burst(burst)?.resp, SLVERR);
    assert_eq!((read(bench, regs::SGFSR, 0)?, read(bench, regs::SGFSYNR1, 0)?), (code, stream));
    write(bench, regs::SGFSR, 0, u32::MAX)
}

#[test]
fn stream_ids_of_16_bits() -> Outcome {
    static WIDE: Params = MINI.with_features(Features { exids: true, ..Features::STAGE1 });
    for params in [&WIDE, &FULL] {
        for seed in 0..2 {
            let mut bench = bench(params, seed)?;
            bank(&mut bench, 1)?;
            bank(&mut bench, 2)?;
            // Without extended ids: group 0 matches 0x300 whatever bit 15 of its register says, and nothing matches an id with bit 15.
            bench.route_stream(0, 0x300, 1)?;
            write(&mut bench, regs::SCR0, 0, SCR0)?;
            assert_eq!(bench.burst_read(0x300, VA, 1, 3)?.resp, OKAY);
            expect_global(&mut bench, Burst::read(0x8300, VA, 1, 3), USF, 0x8300)?;
            // With them: the whole register is mask and id, and S2CR says what is valid.
            write(&mut bench, regs::SCR0, 0, SCR0 | EXIDENABLE)?;
            expect_global(&mut bench, Burst::read(0x300, VA, 1, 3), USF, 0x300)?;
            write(&mut bench, regs::SMR, 0, 0x8300)?;
            write(&mut bench, regs::S2CR, 0, 1 << 10 | 1)?;
            write(&mut bench, regs::SMR, 1, 0x800F_4560)?;
            write(&mut bench, regs::S2CR, 1, 1 << 10 | 2)?;
            assert_eq!(bench.burst_read(0x8300, VA, 2, 3)?.resp, OKAY);
            expect_global(&mut bench, Burst::read(0x300, VA, 1, 3), USF, 0x300)?;
            for (n, stream) in [0x4560, 0xC56F, 0x4561, 0xC560, 0x8300].into_iter().enumerate() {
                let page = VA + 0x1000 * n as u64;
                assert_eq!(bench.burst_read(stream, page, 2, 3)?.resp, OKAY, "stream {stream:#x}");
                let done = bench.burst(Burst::read(stream, page, 2, 3).into_write(8, |_| 1))?;
                assert_eq!(done.resp, OKAY);
            }
            // A context fault keeps all 16 bits too.
            assert_eq!(bench.burst_read(0xC567, VA + 0x10_0000, 1, 3)?.resp, SLVERR);
            assert_eq!(bench.fault_record(2)?[3], 0xC567);
            bench.clear_fault(2)?;
            bench.drain()?;
        }
    }
    Ok(())
}

#[test]
fn vmids_of_16_bits() -> Outcome {
    static WIDE: Params = MINI.with_features(Features { vmid16: true, ..Features::STAGE1 });
    for params in [&WIDE, &FULL] {
        let mut bench = bench(params, 0)?;
        write(&mut bench, regs::SCR0, 0, SCR0 | VMID16EN)?;
        // Two VMIDs that differ in their upper halves only, and one that the old field would give.
        for (n, vmid) in [(1, 0x1221), (2, 0x3421), (3, 0x0021)] {
            bank(&mut bench, n)?;
            bench.route_stream(n, 0x300 + n as u32, n)?;
            write(&mut bench, regs::CBA2R, n, vmid << 16 | 1)?;
            write(&mut bench, regs::CBAR, n, 1 << 16 | 0x77)?;
        }
        let walks_of = |bench: &mut Bench, n: u32| -> Result<u64, BenchError> {
            let before = bench.stats().walk_reads;
            assert_eq!(bench.burst_read(0x300 + n, VA + 0x3000, 1, 3)?.resp, OKAY);
            Ok(bench.stats().walk_reads - before)
        };
        let all = |bench: &mut Bench| -> Result<[bool; 3], BenchError> {
            Ok([walks_of(bench, 1)? > 0, walks_of(bench, 2)? > 0, walks_of(bench, 3)? > 0])
        };
        assert_eq!(all(&mut bench)?, [true; 3], "nothing is known yet");
        assert_eq!(all(&mut bench)?, [false; 3]);
        let drop = |bench: &mut Bench, vmid: u32| {
            write(bench, regs::TLBIVMID, 0, vmid)?;
            bench.sync(0)
        };
        drop(&mut bench, 0x1221)?;
        assert_eq!(all(&mut bench)?, [true, false, false], "by VMID");
        drop(&mut bench, 0x77)?;
        assert_eq!(all(&mut bench)?, [false; 3], "CBAR does not count");
        bench.invalidate_bank(2)?;
        assert_eq!(all(&mut bench)?, [false, true, false], "by bank");
        bench.invalidate_page(3, ASID, VA + 0x3000)?;
        assert_eq!(all(&mut bench)?, [false, false, true], "by address");
        // 8 bits again: all three banks have the VMID of their CBAR.
        write(&mut bench, regs::SCR0, 0, SCR0)?;
        assert_eq!(all(&mut bench)?, [true; 3], "other tags");
        drop(&mut bench, 0xFF77)?;
        assert_eq!(all(&mut bench)?, [true; 3]);
        bench.drain()?;
    }
    Ok(())
}

#[test]
fn stream_indexing() -> Outcome {
    static INDEXED: Params = MINI.with_features(Features { stream_indexing: true, ..Features::STAGE1 });
    for seed in 0..2 {
        let mut bench = bench(&INDEXED, seed)?;
        bank(&mut bench, 1)?;
        bank(&mut bench, 2)?;
        write(&mut bench, regs::SCR0, 0, SCR0)?;
        for (stream, s2cr) in [(0, 1), (1, 2), (3, 1 << 16), (4, 2 << 16), (7, 1)] {
            write(&mut bench, regs::S2CR, stream, s2cr)?;
        }
        write(&mut bench, regs::SMR, 2, 0x8000_0009)?;
        assert_eq!(read(&mut bench, regs::SMR, 2)?, 0);
        for stream in [0, 1, 7] {
            assert_eq!(bench.burst_read(stream, VA + 0x2000, 1, 3)?.resp, OKAY, "stream {stream}");
        }
        assert_eq!(bench.burst_read(3, RAM, 1, 3)?.resp, OKAY, "bypass");
        expect_global(&mut bench, Burst::read(4, VA, 1, 3), 1, 4)?;
        for stream in [8, 9, 0x107, 0x7FFF] {
            expect_global(&mut bench, Burst::read(stream, VA, 1, 3), USF, stream.into())?;
        }
        write(&mut bench, regs::SCR0, 0, SCR0 & !0x400)?;
        assert_eq!(bench.burst_read(9, RAM, 1, 3)?.resp, OKAY, "unmatched ones bypass");
        bench.drain()?;
    }
    Ok(())
}

#[test]
fn register_pages_of_64_kib() -> Outcome {
    static PAGES: Params = MINI.with_features(Features { reg_pages_64k: true, ..Features::STAGE1 });
    for seed in 0..2 {
        let mut bench = bench(&PAGES, seed)?;
        bank(&mut bench, 3)?;
        bench.route_stream(5, 0x300, 3)?;
        write(&mut bench, regs::SCR0, 0, SCR0)?;
        assert_eq!(at(&bench, regs::CB_SCTLR, 3), 0x13_0000);
        assert_eq!(bench.burst_read(0x300, VA + 0x1000, 4, 3)?.resp, OKAY);
        assert_eq!(bench.burst_read(0x300, VA + 0x10_0000, 1, 3)?.resp, SLVERR);
        assert_eq!(bench.fault_record(3)?[1], VA + 0x10_0000);
        bench.clear_fault(3)?;
        for hole in [0x1020, 0x3_2E00, 0x13_1000] {
            bench.write32(hole, u32::MAX)?;
            assert_eq!(bench.read32(hole)?, 0);
        }
        assert_eq!(read(&mut bench, regs::SGFSR, 0)?, 0);
        assert_eq!(bench.read32(0x1C_0058)?, 0);
        assert_eq!((read(&mut bench, regs::SGFSR, 0)?, read(&mut bench, regs::SGFAR, 0)?), (1 << 5, 0x1C_0058));
        bench.invalidate_page(3, ASID, VA)?;
        bench.drain()?;
    }
    Ok(())
}

/// Configures the counters: cycles, accesses, reads, refills, with a filter.
fn count(bench: &mut Bench, cgcr: u32, stream: u32) -> Outcome {
    for (n, event) in [0, 0x10, 0x11, 8].into_iter().enumerate() {
        write(bench, regs::PMEVTYPER, n, event)?;
    }
    write(bench, regs::PMCGSMR, 0, stream)?;
    write(bench, regs::PMCGCR, 0, 1 << 11 | cgcr)?;
    write(bench, regs::PMCNTENSET, 0, 15)?;
    write(bench, regs::PMCR, 0, 3)
}

/// Stops counting; accesses, reads and refills.
fn counted(bench: &mut Bench) -> Result<[u64; 3], BenchError> {
    write(bench, regs::PMCR, 0, 0)?;
    Ok([read(bench, regs::PMEVCNTR, 1)?, read(bench, regs::PMEVCNTR, 2)?, read(bench, regs::PMEVCNTR, 3)?])
}

#[test]
fn performance_monitors() -> Outcome {
    static COUNTING: Params = MINI.with_features(Features { pmu: true, ..Features::STAGE1 });
    const BY_STREAM: u32 = 1 << 8;
    const BY_BANK: u32 = 2 << 8;
    for (params, seed) in [(&COUNTING, 0), (&COUNTING, 1), (&FULL, 2)] {
        for (cgcr, stream, expected) in [
            (0, 0, [27, 17, 3]),
            (BY_STREAM, 0x301, [13, 9, 1]),
            (BY_STREAM, 0x000F_0300, [24, 16, 3]),
            (BY_BANK | 2, 0, [11, 7, 2]),
            (BY_BANK, 0, [0, 0, 0]),
        ] {
            let mut bench = bench(params, seed)?;
            bank(&mut bench, 1)?;
            bank(&mut bench, 2)?;
            for n in 1..3 {
                bench.route_stream(n as usize, 0x300 + n, n as usize)?;
            }
            // A stream that bypasses, and an unmatched one, which is refused.
            write(&mut bench, regs::S2CR, 0, 1 << 16)?;
            write(&mut bench, regs::SMR, 0, 1 << 31 | 0x310)?;
            write(&mut bench, regs::SCR0, 0, SCR0)?;
            count(&mut bench, cgcr, stream)?;
            // One page of bank 1, two of bank 2, so far apart that one walk does not bring both.
            let page = |n: u64| VA + 0x1000 * n + 0x40;
            for _ in 0..8 {
                assert_eq!(bench.burst_read(0x301, page(0), 4, 3)?.resp, OKAY);
            }
            for n in 0..4 {
                let done = bench.burst(Burst::read(0x301, page(0) + 8 * n, 1, 3).into_write(8, |_| 1))?;
                assert_eq!(done.resp, OKAY);
            }
            // A faulting read: an access, but no refill.
            assert_eq!(bench.burst_read(0x301, VA + 0x10_0000, 1, 3)?.resp, SLVERR);
            for n in 0..7 {
                assert_eq!(bench.burst_read(0x302, page(32 * (n % 2)), 1, 3)?.resp, OKAY);
            }
            for n in 0..4 {
                let done = bench.burst(Burst::read(0x302, page(32 * (n % 2)), 1, 3).into_write(8, |_| 1))?;
                assert_eq!(done.resp, OKAY);
            }
            let done = bench.burst(Burst::read(0x310, RAM, 1, 3).into_write(8, |_| 1))?;
            assert_eq!(done.resp, OKAY);
            let done = bench.burst(Burst::read(0x311, RAM, 1, 3).into_write(8, |_| 1))?;
            assert_eq!(done.resp, SLVERR);
            assert_eq!(bench.burst_read(0x310, RAM, 1, 3)?.resp, OKAY);
            let start = bench.cycle();
            assert_eq!(counted(&mut bench)?, expected, "PMCGCR {cgcr:#x}");
            let cycles = read(&mut bench, regs::PMEVCNTR, 0)?;
            assert!(cycles > 200 && cycles < start, "cycles are never filtered: {cycles} of {start}");
            bench.drain()?;
        }
    }
    Ok(())
}

#[test]
fn a_counter_that_wraps_raises_the_interrupt() -> Outcome {
    let mut bench = bench(&FULL, 0)?;
    bank(&mut bench, 1)?;
    bench.route_stream(0, 0x300, 1)?;
    write(&mut bench, regs::SCR0, 0, SCR0)?;
    count(&mut bench, 1 << 10 | 1, 0)?;
    write(&mut bench, regs::PMEVCNTR, 1, 0xFFFF_FFFE)?;
    write(&mut bench, regs::PMINTENSET, 0, 2)?;
    for (n, level) in [(1, false), (2, true), (3, true)] {
        assert_eq!(bench.burst_read(0x300, VA, 1, 3)?.resp, OKAY);
        let shown = read(&mut bench, regs::CB_PMEVCNTR, 15 + 1)?;
        assert_eq!(shown, (0xFFFF_FFFEu64 + n) & 0xFFFF_FFFF, "seen from the bank");
        assert_eq!(bench.device().outputs().irq_pmu, level);
    }
    assert_eq!(read(&mut bench, regs::PMOVSCLR, 0)?, 2);
    write(&mut bench, regs::CB_PMOVSCLR, 1, 2)?;
    assert_eq!(read(&mut bench, regs::PMOVSSET, 0)?, 0);
    assert!(!bench.device().outputs().irq_pmu);
    bench.drain()
}

/// Does an address translation operation and gives its result. `bank`: the bank of ATS1*, or that of GATS* in the address word.
fn operation(bench: &mut Bench, id: RegId, bank: usize, address: u64) -> Result<u64, BenchError> {
    let global = id.register().space == regs::Space::Global0;
    let (result, status) = if global { (regs::GPAR, regs::GATSR) } else { (regs::CB_PAR, regs::CB_ATSR) };
    let index = if global { 0 } else { bank };
    let word = address & !0xfff | if global { bank as u64 } else { 0 };
    let offset = at(bench, id, index);
    bench.write64(offset, word)?;
    let start = bench.cycle();
    while read(bench, status, index)? & 1 == 1 {
        assert!(bench.cycle() - start < 2_000, "50 us at 40 MHz");
    }
    let offset = at(bench, result, index);
    bench.read64(offset)
}

const PAR_NS: u64 = 1 << 9;
/// What a result has of the attributes beside, where there are any: long format, Device nGnRnE by MAIR, outer shareable.
const PAR_DEVICE: u64 = 1 << 11 | 2 << 7;
const CANNOT: u64 = 1 << 31 | 1;
const TF: u64 = 1 << 1;
const PF: u64 = 1 << 3;
const ASF: u64 = 1 << 7;
const STAGE2: u64 = 1 << 35;

fn failed(code: u64, level: u64) -> u64 {
    1 | code | level << 32
}

#[test]
fn address_translation_operations_of_stage_1() -> Outcome {
    static OPERATIONS: Params = MINI.with_features(Features { ats: true, ..Features::STAGE1 });
    for (params, seed) in [(&OPERATIONS, 0), (&OPERATIONS, 1), (&FULL, 2)] {
        let mut bench = bench(params, seed)?;
        let good = if params.features.attributes { PAR_NS | PAR_DEVICE } else { PAR_NS };
        assert_eq!(read(&mut bench, regs::IDR0, 0)? >> 26 & 1, 0, "ATOSNS");
        let mut tables = bank(&mut bench, 1)?;
        bench.route_stream(0, 0x300, 1)?;
        write(&mut bench, regs::SCR0, 0, SCR0)?;
        tables.map(bench.memory(), VA + 0x9000, RAM + 0x9000, READ_WRITE | READ_ONLY)?;
        tables.map(bench.memory(), VA + 0xA000, RAM + 0xA000, READ_WRITE & !USER)?;
        // The next 2 MiB have no table, those after them are a block.
        tables.map_block(bench.memory(), VA + 0x30_0000, RAM + 0x20_0000, 2, READ_WRITE)?;
        let pa = |n: u64| (RAM + 0x10_0000 + n) | good;
        // Twice: walked, and known.
        for _ in 0..2 {
            assert_eq!(operation(&mut bench, regs::CB_ATS1UR, 1, VA + 0x3000)?, pa(0x3000));
            assert_eq!(operation(&mut bench, regs::CB_ATS1PW, 1, VA + 0x4123)?, pa(0x4000), "bits 11:0 do not matter");
            assert_eq!(operation(&mut bench, regs::CB_ATS1PR, 1, VA + 0x30_5000)?, (RAM + 0x20_5000) | good, "in a block");
            assert_eq!(operation(&mut bench, regs::CB_ATS1PR, 1, VA + 0x9000)?, (RAM + 0x9000) | good);
            assert_eq!(operation(&mut bench, regs::CB_ATS1PW, 1, VA + 0x9000)?, failed(PF, 3));
            assert_eq!(operation(&mut bench, regs::CB_ATS1PW, 1, VA + 0xA000)?, (RAM + 0xA000) | good);
            assert_eq!(operation(&mut bench, regs::CB_ATS1UW, 1, VA + 0xA000)?, failed(PF, 3));
            assert_eq!(operation(&mut bench, regs::CB_ATS1UR, 1, VA + 0x4_0000)?, failed(TF, 3));
            assert_eq!(operation(&mut bench, regs::CB_ATS1UR, 1, VA + 0x10_0000)?, failed(TF, 2));
            assert_eq!(operation(&mut bench, regs::CB_ATS1UR, 1, 1 << 48)?, failed(TF, 0));
            assert_eq!(operation(&mut bench, regs::GATS1PR, 1, VA + 0x5000)?, pa(0x5000));
            assert_eq!(operation(&mut bench, regs::GATS12UW, 1, VA + 0x6000)?, pa(0x6000), "there is no stage 2");
        }
        assert_eq!(operation(&mut bench, regs::GATS1PR, 4, VA)?, 1 << 30 | CANNOT, "no such bank");
        assert_eq!(operation(&mut bench, regs::GATS1PR, 2, VA)?, CANNOT, "TYPE 2 after reset");
        assert_eq!(operation(&mut bench, regs::CB_ATS1PR, 2, VA)?, CANNOT);
        // Stage 1 off: identity; as a bank of short descriptors, where there are some, it has no attributes in its result.
        write(&mut bench, regs::CBAR, 2, 1 << 16)?;
        assert_eq!(operation(&mut bench, regs::CB_ATS1PR, 2, 0x1234_5678_9000)?, 0x1234_5678_9000 | PAR_NS);
        assert_eq!(operation(&mut bench, regs::CB_ATS1PR, 2, 1 << 48)?, failed(ASF, 0));
        // Nothing was recorded, no interrupt came.
        for n in 0..4 {
            assert_eq!(read(&mut bench, regs::CB_FSR, n)?, 0, "bank {n}");
            assert!(!bench.irq_context(n));
        }
        assert_eq!(read(&mut bench, regs::SGFSR, 0)?, 0);
        // A pending fault does not matter, and stays as it is.
        assert_eq!(bench.burst_read(0x300, VA + 0x10_0000, 1, 3)?.resp, SLVERR);
        let record = bench.fault_record(1)?;
        assert_eq!(operation(&mut bench, regs::CB_ATS1UR, 1, VA + 0x2000)?, pa(0x2000));
        assert_eq!(operation(&mut bench, regs::CB_ATS1UR, 1, VA + 0x11_0000)?, failed(TF, 2));
        assert_eq!(bench.fault_record(1)?, record);
        bench.clear_fault(1)?;
        assert_eq!(bench.burst_read(0x300, VA, 1, 3)?.resp, OKAY);
        // PAR is a register like any other.
        let par = at(&bench, regs::CB_PAR, 1);
        bench.write64(par, 0x1122_3344_5566_7788)?;
        assert_eq!(bench.read64(par)?, 0x1122_3344_5566_7788);
        bench.drain()?;
    }
    Ok(())
}

#[test]
fn address_translation_operations_of_both_stages() -> Outcome {
    const DELTA: u64 = 0x1000_0000;
    const GOOD: u64 = PAR_NS | PAR_DEVICE;
    const S2: u64 = 3 << 6 | 0xf << 2 | 1 << 10;
    let mut bench = bench(&FULL, 0)?;
    // Bank 3 translates IPAs; bank 1 is nested, and its tables lie DELTA above their IPAs, one block of 2 MiB.
    let mut host = Tables::new(TABLES + 0x40_0000, 12, 25);
    host.map_block(bench.memory(), TABLES - DELTA, TABLES, 2, S2)?;
    for page in 0..4 {
        host.map(bench.memory(), RAM - DELTA + 0x1000 * page, RAM + 0x8000 + 0x1000 * page, S2)?;
    }
    write(&mut bench, regs::CBAR, 3, 0x21)?;
    write(&mut bench, regs::CBA2R, 3, 1)?;
    write(&mut bench, regs::CB_TCR, 3, 25 | 1 << 6 | 5 << 16)?;
    let ttbr0 = at(&bench, regs::CB_TTBR0, 3);
    bench.write64(ttbr0, host.root)?;
    write(&mut bench, regs::CB_SCTLR, 3, SCTLR_USUAL)?;
    // Tables of stage 1 by hand: one a level, each at its place in the block.
    for (level, next) in [(0u64, 0x1000), (1, 0x2000), (2, 0x3000)] {
        let index = VA >> (39 - 9 * level) & 0x1ff;
        bench.memory().write_u64(TABLES + 0x1000 * level + 8 * index, (TABLES - DELTA + next) | 3)?;
    }
    for page in 0..8 {
        let slot = TABLES + 0x3000 + 8 * ((VA >> 12 & 0x1ff) + page);
        bench.memory().write_u64(slot, (RAM - DELTA + 0x1000 * page) | READ_WRITE | 3)?;
    }
    let mut view = Tables::usual(TABLES);
    view.root = TABLES - DELTA;
    bench.setup_bank(1, &view, ASID, SCTLR_USUAL)?;
    write(&mut bench, regs::CBAR, 1, 3 << 16 | 3 << 8 | 0x44)?;
    write(&mut bench, regs::SCR0, 0, SCR0)?;
    for _ in 0..2 {
        assert_eq!(operation(&mut bench, regs::CB_ATS1UR, 1, VA + 0x1000)?, (RAM - DELTA + 0x1000) | GOOD, "the IPA");
        assert_eq!(operation(&mut bench, regs::GATS1UR, 1, VA + 0x2000)?, (RAM - DELTA + 0x2000) | GOOD);
        assert_eq!(operation(&mut bench, regs::GATS12UR, 1, VA + 0x1000)?, (RAM + 0x9000) | GOOD, "the address");
        assert_eq!(operation(&mut bench, regs::CB_ATS1PW, 1, VA + 0x6000)?, (RAM - DELTA + 0x6000) | GOOD, "no stage 2 of that");
        assert_eq!(operation(&mut bench, regs::GATS12PW, 1, VA + 0x6000)?, failed(TF, 3) | STAGE2);
        assert_eq!(operation(&mut bench, regs::GATS12PW, 1, VA + 0x1_0000)?, failed(TF, 3), "stage 1");
        assert_eq!(
            operation(&mut bench, regs::GATS12PR, 3, RAM - DELTA + 0x3000)?,
            (RAM + 0xB000) | PAR_NS | 1 << 11 | 0xff << 56,
            "a stage-2 bank: write-back"
        );
        assert_eq!(operation(&mut bench, regs::GATS12PR, 3, RAM - DELTA + 0x6000)?, failed(TF, 3) | STAGE2);
    }
    assert_eq!(operation(&mut bench, regs::GATS1PR, 3, RAM - DELTA)?, CANNOT, "stage 1 of a stage-2 bank");
    assert_eq!(operation(&mut bench, regs::CB_ATS1PR, 3, RAM - DELTA)?, CANNOT);
    // A stage-1 walk that stage 2 refuses.
    let slot = host.slot(bench.memory(), TABLES - DELTA, 2)?;
    bench.memory().write_u64(slot, 0)?;
    bench.invalidate_bank(1)?;
    bench.invalidate_bank(3)?;
    assert_eq!(operation(&mut bench, regs::CB_ATS1UR, 1, VA + 0x1000)?, failed(TF, 2) | STAGE2);
    // The stage-2 bank is none any more.
    write(&mut bench, regs::CBAR, 3, 1 << 16)?;
    assert_eq!(operation(&mut bench, regs::CB_ATS1UR, 1, VA + 0x1000)?, CANNOT);
    for n in [1, 3] {
        assert_eq!(read(&mut bench, regs::CB_FSR, n)?, 0, "bank {n}");
    }
    bench.drain()
}

/// Operations of two banks and the global one, one right after the other, under traffic: each has its own result.
#[test]
fn operations_of_several_banks_wait_for_each_other() -> Outcome {
    let mut bench = bench(&FULL, 1)?;
    for n in 1..3 {
        bank(&mut bench, n)?;
        bench.route_stream(n, 0x300 + n as u32, n)?;
    }
    write(&mut bench, regs::SCR0, 0, SCR0)?;
    for round in 0..6u64 {
        let va = VA + 0x1000 * round;
        let ids = [(regs::CB_ATS1UR, 1, 0), (regs::CB_ATS1UR, 2, 0), (regs::GATS1UR, 0, 1)];
        for (id, index, ndx) in ids {
            let offset = at(&bench, id, index);
            bench.write64(offset, va | ndx)?;
        }
        // While one of that bank is under way, another is ignored; afterwards it is the same again.
        let offset = at(&bench, regs::CB_ATS1UR, 2);
        bench.write64(offset, va)?;
        let bursts = (0..8).map(|n| Burst::read(0x301 + (n & 1), VA + 0x1000 * u64::from(n), 1, 3).id(n));
        for done in bench.bursts(0, bursts)? {
            assert_eq!(done.resp, OKAY);
        }
        for (status, index) in [(regs::CB_ATSR, 1), (regs::CB_ATSR, 2), (regs::GATSR, 0)] {
            while read(&mut bench, status, index)? == 1 {}
        }
        for (id, index, base) in [(regs::CB_PAR, 1, 1), (regs::CB_PAR, 2, 2), (regs::GPAR, 0, 1)] {
            let offset = at(&bench, id, index);
            assert_eq!(bench.read64(offset)?, (RAM + 0x10_0000 * base + 0x1000 * round) | PAR_NS | PAR_DEVICE, "round {round}");
        }
        bench.invalidate_bank(1)?;
    }
    bench.drain()
}
