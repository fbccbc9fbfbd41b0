//! Stage 2, nesting and AArch32 formats on the hardware: variant `full`, which has the sizes of `mini`. The bench compares everything that the
//! pins do with the model; a test here adds what it knows beyond that: records, data, and how many tables were read.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use smmu_rtl::params::{Params, FULL};
use smmu_rtl::registers::{self as regs, RegId};
use smmu_testbench::axi::burst::{OKAY, SLVERR};
use smmu_testbench::axi::master::{Burst, BurstDone};
use smmu_testbench::axi::pause::Pauses;
use smmu_testbench::bench::fixture::{
    Tables, ACCESSED, READ_ONLY, READ_WRITE, SCTLR_HUPCF, SCTLR_M, SCTLR_USUAL, TABLE, VALID, XN,
};
use smmu_testbench::bench::{Bench, BenchError, BenchOptions};
use smmu_testbench::memory::latency::Latency;

type Outcome = Result<(), BenchError>;

const PARAMS: &Params = &FULL;
const RAM: u64 = 0x8000_0000;
/// Tables of stage 2, and of stage 1 at their physical address.
const TABLES2: u64 = 0x4000_0000;
const TABLES1: u64 = 0x4020_0000;
/// An IPA is this much below the physical address that stage 2 gives.
const DELTA: u64 = 0x1000_0000;
const VA: u64 = 0x12_3450_0000;
const STREAM: u32 = 0x300;
/// The bank that the stream is in, and the stage-2 bank.
const BANK: usize = 1;
const BANK2: usize = 3;
const ASID: u16 = 0x105;
const VMID: u32 = 0x21;

const TF: u64 = 1 << 1;
const AFF: u64 = 1 << 2;
const PF: u64 = 1 << 3;
const EF: u64 = 1 << 4;
const ASF: u64 = 1 << 7;
const FORMAT: u64 = 2 << 9;
const NESTED: u64 = 1 << 2;
const S1PTWF: u64 = 1 << 3;
const WNR: u64 = 1 << 4;
const IND: u64 = 1 << 6;
const PTWF: u64 = 1 << 10;

/// Stage-2 leaf: S2AP, access flag, Normal memory.
const S2_READ: u64 = 1 << 6;
const S2_WRITE: u64 = 1 << 7;
const S2_NORMAL: u64 = 0xf << 2;
const S2_ALL: u64 = S2_READ | S2_WRITE | S2_NORMAL | ACCESSED;

fn smooth() -> BenchOptions {
    BenchOptions { watchdog: 40_000, ..BenchOptions::default() }
}

fn rough(seed: u64) -> BenchOptions {
    BenchOptions {
        seed,
        latency: Latency::Random { min: 1, max: 50 },
        out_of_order: true,
        pauses: Pauses::all([5, 25, 60][seed as usize % 3]),
        ..smooth()
    }
}

fn options(seed: u64) -> BenchOptions {
    if seed == 0 {
        smooth()
    } else {
        rough(seed)
    }
}

fn bench(options: BenchOptions) -> Result<Bench, BenchError> {
    let mut bench = Bench::new(PARAMS, "rusthdl", options)?;
    bench.memory().add_region(RAM, 0x100_0000);
    bench.memory().add_region(TABLES2, 0x80_0000);
    Ok(bench)
}

fn at(id: RegId, bank: usize) -> u32 {
    id.offset(PARAMS, bank)
}

/// A bank of TYPE 0 over tables with 39-bit or 48-bit addresses.
fn setup_stage2(bench: &mut Bench, bank: usize, tables: &Tables, sctlr: u32) -> Outcome {
    let sl0 = match (tables.granule, tables.start_level()) {
        (12, level) => 2 - level,
        (_, level) => 3 - level,
    };
    let tg0 = match tables.granule {
        12 => 0,
        16 => 1,
        _ => 2,
    };
    bench.write32(at(regs::CBAR, bank), VMID)?;
    bench.write32(at(regs::CBA2R, bank), 1)?;
    bench.write32(at(regs::CB_TCR, bank), tables.size | sl0 << 6 | tg0 << 14 | 5 << 16)?;
    bench.write64(at(regs::CB_TTBR0, bank), tables.root)?;
    bench.write32(at(regs::CB_SCTLR, bank), sctlr)
}

/// Stage-1 tables of 4 KiB that lie in IPA space: every table address in a descriptor is an IPA.
struct Guest {
    root: u64,
    next: u64,
}

impl Guest {
    fn new() -> Self {
        Guest { root: TABLES1, next: TABLES1 + 0x1000 }
    }

    /// Physical address of the descriptor of `va` at `level`.
    fn slot(&mut self, bench: &mut Bench, va: u64, level: u32) -> Result<u64, BenchError> {
        let mut table = self.root;
        for here in 0..level {
            let slot = table + 8 * (va >> (39 - 9 * here) & 0x1ff);
            let descriptor = bench.memory().read_u64(slot)?;
            table = if descriptor & 3 == 3 {
                (descriptor & 0xffff_ffff_f000) + DELTA
            } else {
                let new = self.next;
                self.next += 0x1000;
                bench.memory().write_u64(slot, (new - DELTA) | VALID | TABLE)?;
                new
            };
        }
        Ok(table + 8 * (va >> (39 - 9 * level) & 0x1ff))
    }

    fn map(&mut self, bench: &mut Bench, va: u64, ipa: u64, attributes: u64) -> Outcome {
        let slot = self.slot(bench, va, 3)?;
        Ok(bench.memory().write_u64(slot, ipa | attributes | VALID | TABLE)?)
    }
}

/// A nested stream: 16 pages at VA, IPA RAM - DELTA, physical RAM. Stage 2 maps the pages one by one, and those of the tables.
fn nested(options: BenchOptions, sctlr2: u32) -> Result<(Bench, Guest, Tables), BenchError> {
    let mut bench = bench(options)?;
    let mut guest = Guest::new();
    let mut host = Tables::new(TABLES2, 12, 25);
    for page in 0..32 {
        host.map(bench.memory(), TABLES1 - DELTA + 0x1000 * page, TABLES1 + 0x1000 * page, S2_ALL)?;
    }
    for page in 0..16 {
        guest.map(&mut bench, VA + 0x1000 * page, RAM - DELTA + 0x1000 * page, READ_WRITE)?;
        host.map(bench.memory(), RAM - DELTA + 0x1000 * page, RAM + 0x1000 * page, S2_ALL)?;
    }
    setup_stage2(&mut bench, BANK2, &host, sctlr2)?;
    bench.route_stream(0, STREAM, BANK)?;
    let mut view = Tables::usual(TABLES1);
    view.root = TABLES1 - DELTA;
    bench.setup_bank(BANK, &view, ASID, 0)?;
    bench.write32(at(regs::CBAR, BANK), 3 << 16 | (BANK2 as u32) << 8 | 0x44)?;
    bench.write32(at(regs::CB_SCTLR, BANK), SCTLR_USUAL)?;
    bench.enable()?;
    Ok((bench, guest, host))
}

/// The low 64 bits of each beat of a read.
fn words(done: &BurstDone) -> Vec<u64> {
    done.beats.iter().map(|beat| beat.data as u64).collect()
}

/// A fault of the burst is recorded in the bank as FSR, FAR, FSYNR0, IPAFAR (stage 2), and cleared.
fn expect_fault(bench: &mut Bench, burst: Burst, bank: usize, record: [u64; 3], ipa: Option<u64>) -> Outcome {
    let what = format!("{burst:x?}");
    assert_eq!(bench.burst(burst)?.resp, SLVERR, "{what}");
    let [fsr, far, fsynr0, sid] = bench.fault_record(bank)?;
    assert_eq!([fsr, far, fsynr0], record, "{what}");
    assert_eq!(sid, u64::from(STREAM));
    if let Some(ipa) = ipa {
        assert_eq!(bench.read64(at(regs::CB_IPAFAR, bank))?, ipa & 0xffff_ffff_f000 | far & 0xfff, "{what}");
    }
    bench.clear_fault(bank)
}

#[test]
fn identification_shows_the_features() -> Outcome {
    let mut bench = bench(smooth())?;
    // S1TS, S2TS, NTS, SMS; ATOSNS = 0 (there are address translation operations); PTFS = 0.
    assert_eq!(bench.read32(at(regs::IDR0, 0))? >> 24 & 0x7f, 0x78);
    bench.drain()
}

#[test]
fn a_stage_2_bank_translates_by_its_own_tables() -> Outcome {
    for (seed, granule, size) in [(0, 12, 25), (1, 12, 16), (2, 14, 28), (3, 16, 22), (4, 16, 21), (5, 12, 34)] {
        let mut bench = bench(options(seed))?;
        let mut host = Tables::new(TABLES2, granule, size);
        let page = 1u64 << granule;
        for n in 0..10 {
            host.map(bench.memory(), 0x1000_0000 + n * page, RAM + n * page, S2_ALL)?;
        }
        setup_stage2(&mut bench, BANK, &host, SCTLR_USUAL)?;
        bench.route_stream(0, STREAM, BANK)?;
        bench.enable()?;
        for round in 0..2 {
            let bursts = (0..10).map(|n| Burst::read(STREAM, 0x1000_0000 + n * page + 0x48, 4, 3).id(n as u32));
            for done in bench.bursts(0, bursts)? {
                assert_eq!(done.resp, OKAY, "granule {granule}, size {size}, round {round}: {done:x?}");
            }
        }
        // Beyond the input size, and SL0 against the size.
        let top = 1u64 << (64 - size);
        expect_fault(&mut bench, Burst::read(STREAM, top | 0x30, 1, 3), BANK, [FORMAT | TF, top | 0x30, 0], Some(top))?;
        let tcr = bench.read32(at(regs::CB_TCR, BANK))?;
        bench.write32(at(regs::CB_TCR, BANK), tcr | 3 << 6)?;
        expect_fault(&mut bench, Burst::read(STREAM, 0x1000_0000, 1, 3), BANK, [FORMAT | TF, 0x1000_0000, 0], Some(0x1000_0000))?;
        bench.drain()?;
    }
    Ok(())
}

#[test]
fn concatenated_start_tables() -> Outcome {
    // 40 bits from level 1: two tables. The second one is a region of 39 bits of its own behind the first.
    let mut bench = bench(smooth())?;
    let mut low = Tables::new(TABLES2 + 0x8000, 12, 25);
    low.root = TABLES2;
    let mut high = Tables::new(TABLES2 + 0x10_0000, 12, 25);
    high.root = TABLES2 + 0x1000;
    low.map(bench.memory(), 0x5000, RAM + 0x5000, S2_ALL)?;
    high.map(bench.memory(), 0x6000, RAM + 0x6000, S2_ALL)?;
    setup_stage2(&mut bench, BANK, &low, SCTLR_USUAL)?;
    bench.write32(at(regs::CB_TCR, BANK), 24 | 1 << 6 | 5 << 16)?;
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    assert_eq!(bench.burst_read(STREAM, 0x5010, 1, 3)?.resp, OKAY);
    assert_eq!(bench.burst_read(STREAM, 1 << 39 | 0x6010, 1, 3)?.resp, OKAY);
    bench.drain()
}

#[test]
fn stage_2_faults_are_recorded_as_what_they_are() -> Outcome {
    for seed in 0..3 {
        let mut bench = bench(options(seed))?;
        let mut host = Tables::new(TABLES2, 12, 25);
        let page = |n: u64| 0x1000_0000 + 0x1000 * n;
        for (n, attributes) in [
            (0, S2_ALL),
            (1, S2_ALL & !S2_WRITE),
            (2, S2_ALL & !S2_READ),
            (3, S2_ALL | XN),
            (4, S2_ALL & !ACCESSED),
            (6, S2_ALL | 1 << 46),
        ] {
            host.map(bench.memory(), page(n), RAM + 0x1000 * n, attributes)?;
        }
        let hole = host.slot(bench.memory(), 1 << 31, 1)?;
        bench.memory().write_u64(hole, 0x7000_0000 | VALID | TABLE)?;
        setup_stage2(&mut bench, BANK, &host, SCTLR_USUAL)?;
        // PASize: 44 bits.
        bench.write32(at(regs::CB_TCR, BANK), 25 | 1 << 6 | 4 << 16)?;
        bench.route_stream(0, STREAM, BANK)?;
        bench.enable()?;
        let read = |n| Burst::read(STREAM, page(n) + 0x7c, 5, 2);
        let write = |n| read(n).into_write(8, |_| 3);
        let far = |n| page(n) + 0x7c;
        assert_eq!(bench.burst(read(0).prot(4))?.resp, OKAY, "fetch");
        assert_eq!(bench.burst(read(1))?.resp, OKAY);
        assert_eq!(bench.burst(write(2).prot(1))?.resp, OKAY, "privileged write");
        expect_fault(&mut bench, write(1), BANK, [FORMAT | PF, far(1), 3 | WNR], Some(page(1)))?;
        expect_fault(&mut bench, read(2), BANK, [FORMAT | PF, far(2), 3], Some(page(2)))?;
        expect_fault(&mut bench, read(3).prot(4), BANK, [FORMAT | PF, far(3), 3 | IND], Some(page(3)))?;
        expect_fault(&mut bench, read(4), BANK, [FORMAT | AFF, far(4), 3], Some(page(4)))?;
        expect_fault(&mut bench, read(5), BANK, [FORMAT | TF, far(5), 3], Some(page(5)))?;
        expect_fault(&mut bench, read(6), BANK, [FORMAT | ASF, far(6), 3], Some(page(6)))?;
        let gone = Burst::read(STREAM, 1 << 31, 1, 3);
        expect_fault(&mut bench, gone, BANK, [FORMAT | EF, 1 << 31, 2 | PTWF], Some(1 << 31))?;
        bench.drain()?;
    }
    Ok(())
}

#[test]
fn nested_translation_goes_through_both_stages() -> Outcome {
    for seed in 0..4 {
        let (mut bench, _, _) = nested(options(seed), SCTLR_USUAL)?;
        for page in 0..16u64 {
            bench.memory().write_u64(RAM + 0x1000 * page + 0x40, 0x1111 * page)?;
        }
        for round in 0..2 {
            let bursts = (0..16).map(|n| Burst::read(STREAM, VA + 0x1000 * n + 0x40, 2, 3).id(n as u32 % 5));
            for (n, done) in bench.bursts(0, bursts)?.into_iter().enumerate() {
                assert_eq!(done.resp, OKAY, "round {round}, page {n}: {done:x?}");
            }
            let writes = (0..16).map(|n| Burst::read(STREAM, VA + 0x1000 * n + 0x80, 2, 3).into_write(8, move |_| u128::from(n)));
            for done in bench.bursts(0, writes)? {
                assert_eq!(done.resp, OKAY);
            }
        }
        for page in 0..16 {
            assert_eq!(bench.memory().read_u64(RAM + 0x1000 * page + 0x80)?, page);
        }
        bench.drain()?;
    }
    Ok(())
}

#[test]
fn faults_of_a_nested_translation_name_stage_and_bank() -> Outcome {
    for seed in 0..3 {
        let (mut bench, mut guest, mut host) = nested(options(seed), SCTLR_USUAL)?;
        let s1 = (BANK as u64) << 16;
        let read = |n: u64| Burst::read(STREAM, VA + 0x1000 * n + 0x18, 1, 3);
        let write = |n: u64| read(n).into_write(8, |_| 7);
        let far = |n: u64| VA + 0x1000 * n + 0x18;
        let ipa = |n: u64| RAM - DELTA + 0x1000 * n;
        // Stage 1 refuses first: page 1 is read-only there, and not mapped in stage 2.
        guest.map(&mut bench, VA + 0x1000, ipa(1), READ_WRITE | READ_ONLY)?;
        host.unmap(bench.memory(), ipa(1))?;
        host.map(bench.memory(), ipa(2), RAM + 0x2000, S2_ALL & !S2_WRITE)?;
        host.map(bench.memory(), ipa(3), RAM + 0x3000, S2_ALL & !ACCESSED)?;
        expect_fault(&mut bench, write(1), BANK, [FORMAT | PF, far(1), 3 | WNR], None)?;
        expect_fault(&mut bench, read(1), BANK2, [FORMAT | TF, far(1), 3 | NESTED | s1], Some(ipa(1)))?;
        assert_eq!(bench.burst(read(2))?.resp, OKAY);
        expect_fault(&mut bench, write(2), BANK2, [FORMAT | PF, far(2), 3 | NESTED | WNR | s1], Some(ipa(2)))?;
        expect_fault(&mut bench, read(3), BANK2, [FORMAT | AFF, far(3), 3 | NESTED | s1], Some(ipa(3)))?;
        // A level-3 table of stage 1 elsewhere: its page is not there in stage 2, then may not be read, then cannot be read.
        let far_va = VA + (1 << 21);
        guest.map(&mut bench, far_va, ipa(4), READ_WRITE)?;
        let table = guest.slot(&mut bench, far_va, 3)? & !0xfff;
        let table_ipa = table - DELTA;
        host.unmap(bench.memory(), table_ipa)?;
        let walk = 3 | NESTED | S1PTWF | s1;
        let there = || Burst::read(STREAM, far_va | 0x20, 1, 3);
        let descriptor = table_ipa | (far_va >> 12 & 0x1ff) << 3;
        expect_fault(&mut bench, there(), BANK2, [FORMAT | TF, far_va | 0x20, walk], Some(descriptor))?;
        expect_fault(
            &mut bench,
            there().into_write(8, |_| 1),
            BANK2,
            [FORMAT | TF, far_va | 0x20, walk | WNR],
            Some(descriptor),
        )?;
        host.map(bench.memory(), table_ipa, table, S2_ALL & !S2_READ)?;
        expect_fault(&mut bench, there(), BANK2, [FORMAT | PF, far_va | 0x20, walk], Some(descriptor))?;
        // Device memory for tables: refused only with PTW.
        host.map(bench.memory(), table_ipa, table, S2_ALL & !S2_NORMAL)?;
        bench.write32(at(regs::CB_SCTLR, BANK2), SCTLR_USUAL | 1 << 13)?;
        expect_fault(&mut bench, there(), BANK2, [FORMAT | PF, far_va | 0x20, walk], Some(descriptor))?;
        bench.write32(at(regs::CB_SCTLR, BANK2), SCTLR_USUAL)?;
        assert_eq!(bench.burst(there())?.resp, OKAY);
        // The device page is cached by now: PTW is looked at whenever it is used.
        bench.write32(at(regs::CB_SCTLR, BANK2), SCTLR_USUAL | 1 << 13)?;
        bench.write32(at(regs::TLBIVMIDS1, 0), 0x44)?;
        bench.write32(at(regs::STLBGSYNC, 0), 0)?;
        expect_fault(&mut bench, there(), BANK2, [FORMAT | PF, far_va | 0x20, walk], Some(descriptor))?;
        bench.write32(at(regs::CB_SCTLR, BANK2), SCTLR_USUAL)?;
        // The read of the stage-1 descriptor fails: that is a fault of stage 1. The read of a stage-2 table fails: of stage 2.
        bench.memory().inject_errors(table..table + 0x1000, true, false);
        bench.invalidate_bank(BANK)?;
        expect_fault(&mut bench, there(), BANK, [FORMAT | EF, far_va | 0x20, 3 | PTWF], None)?;
        bench.memory().clear_errors();
        let slot = host.slot(bench.memory(), table_ipa, 3)?;
        bench.invalidate_bank(BANK2)?;
        bench.invalidate_bank(BANK)?;
        bench.memory().inject_errors(slot & !0xfff..slot | 0xfff, true, false);
        let done = bench.burst(there())?;
        assert_eq!(done.resp, SLVERR);
        let [fsr, _, fsynr0, _] = bench.fault_record(BANK2)?;
        assert_eq!((fsr, fsynr0), (FORMAT | EF, walk | PTWF));
        bench.drain()?;
    }
    Ok(())
}

#[test]
fn either_stage_may_be_off() -> Outcome {
    for seed in 0..2 {
        let (mut bench, _, _) = nested(options(seed), SCTLR_USUAL)?;
        // Stage 1 off: the address is the IPA, recorded as nested.
        bench.write32(at(regs::CB_SCTLR, BANK), 0)?;
        let ipa = RAM - DELTA + 0x3000;
        assert_eq!(bench.burst_read(STREAM, ipa | 0x10, 1, 3)?.resp, OKAY);
        let bad = 0x3000_0000u64;
        let synd = 2 | NESTED | (BANK as u64) << 16;
        expect_fault(&mut bench, Burst::read(STREAM, bad, 1, 3), BANK2, [FORMAT | TF, bad, synd], Some(bad))?;
        let beyond = 1u64 << 39 | 0x40;
        let synd = NESTED | (BANK as u64) << 16;
        expect_fault(&mut bench, Burst::read(STREAM, beyond, 1, 3), BANK2, [FORMAT | TF, beyond, synd], Some(beyond))?;
        // Both off: the address itself.
        bench.write32(at(regs::CB_SCTLR, BANK2), 0)?;
        assert_eq!(bench.burst_read(STREAM, RAM | 0x20, 1, 3)?.resp, OKAY);
        // Stage 2 off: stage 1 reads its tables where its descriptors say, and here they are not there.
        bench.write32(at(regs::CB_SCTLR, BANK), SCTLR_USUAL)?;
        expect_fault(&mut bench, Burst::read(STREAM, VA, 1, 3), BANK, [FORMAT | EF, VA, PTWF], None)?;
        bench.drain()?;
    }
    Ok(())
}

#[test]
fn what_cannot_be_nested_is_a_configuration_fault() -> Outcome {
    let (mut bench, _, _) = nested(smooth(), SCTLR_USUAL)?;
    let icf = |bench: &mut Bench, what: &str| -> Outcome {
        assert_eq!(bench.burst_read(STREAM, VA, 1, 3)?.resp, SLVERR, "{what}");
        assert_eq!(bench.read32(at(regs::SGFSR, 0))?, 1, "{what}");
        bench.write32(at(regs::SGFSR, 0), u32::MAX)
    };
    bench.write32(at(regs::CBAR, BANK), 2 << 16)?;
    icf(&mut bench, "TYPE 2")?;
    bench.write32(at(regs::CBAR, BANK), 3 << 16 | 9 << 8)?;
    icf(&mut bench, "no such bank")?;
    bench.write32(at(regs::CBAR, BANK), 3 << 16 | 2 << 8)?;
    icf(&mut bench, "the other bank is of TYPE 2")?;
    bench.write32(at(regs::CBAR, BANK), 3 << 16 | (BANK2 as u32) << 8)?;
    assert_eq!(bench.burst_read(STREAM, VA, 1, 3)?.resp, OKAY);
    bench.drain()
}

#[test]
fn a_blocked_stage_2_bank_stops_nested_transactions() -> Outcome {
    let (mut bench, _, mut host) = nested(smooth(), SCTLR_USUAL)?;
    host.unmap(bench.memory(), RAM - DELTA + 0x5000)?;
    assert_eq!(bench.burst_read(STREAM, VA, 1, 3)?.resp, OKAY);
    assert_eq!(bench.burst_read(STREAM, VA + 0x5000, 1, 3)?.resp, SLVERR);
    assert_eq!(bench.burst_read(STREAM, VA, 1, 3)?.resp, SLVERR, "refused by the stage-2 bank");
    assert_eq!(bench.read32(at(regs::CB_FSR, BANK2))?, 1 << 31 | (FORMAT | TF) as u32);
    assert_eq!(bench.read32(at(regs::CB_FSR, BANK))?, 0);
    bench.write32(at(regs::CB_SCTLR, BANK2), SCTLR_USUAL | SCTLR_HUPCF)?;
    assert_eq!(bench.burst_read(STREAM, VA, 1, 3)?.resp, OKAY);
    bench.drain()
}

#[test]
fn stage_2_is_cached_for_walks() -> Outcome {
    let (mut bench, _, _) = nested(smooth(), SCTLR_USUAL)?;
    assert_eq!(bench.burst_read(STREAM, VA, 1, 3)?.resp, OKAY);
    // Cold: 4 descriptors of stage 1, each with up to 3 of stage 2, and 3 for the output.
    let cold = bench.stats().walk_reads;
    assert!(cold <= 4 + 5 * 3, "{cold} reads");
    assert_eq!(bench.burst_read(STREAM, VA + 0x1000, 1, 3)?.resp, OKAY);
    // Next page: its own stage-1 descriptor; the table's page and the line of the output are known.
    let warm = bench.stats().walk_reads - cold;
    assert!(warm <= 2, "{warm} reads for a neighbour");
    bench.drain()
}

#[test]
fn invalidation_finds_each_stage() -> Outcome {
    for seed in 0..3 {
        let (mut bench, mut guest, mut host) = nested(options(seed), SCTLR_USUAL)?;
        let page = |n: u64| RAM + 0x1000 * n;
        let ipa = |n: u64| RAM - DELTA + 0x1000 * n;
        for n in 0..16 {
            bench.memory().write_u64(page(n), 0x100 + n)?;
        }
        let value = |bench: &mut Bench, n: u64| -> Result<u64, BenchError> {
            let done = bench.burst_read(STREAM, VA + 0x1000 * n, 1, 3)?;
            assert_eq!(done.resp, OKAY);
            Ok(words(&done)[0])
        };
        assert_eq!(value(&mut bench, 2)?, 0x102);
        // Stage 2 of a page changes: by IPA in the stage-2 bank, then what is combined by VMID in stage 1.
        host.map(bench.memory(), ipa(2), page(9), S2_ALL)?;
        bench.write64(at(regs::CB_TLBIIPAS2L, BANK2), ipa(2) >> 12)?;
        bench.sync(BANK2)?;
        bench.write32(at(regs::TLBIVMIDS1, 0), 0x44)?;
        bench.write32(at(regs::STLBGSYNC, 0), 0)?;
        while bench.read32(at(regs::STLBGSTATUS, 0))? & 1 == 1 {}
        assert_eq!(value(&mut bench, 2)?, 0x109);
        // Stage 1 of a page changes: by address.
        guest.map(&mut bench, VA + 0x2000, ipa(7), READ_WRITE)?;
        bench.invalidate_page(BANK, ASID, VA + 0x2000)?;
        assert_eq!(value(&mut bench, 2)?, 0x107);
        // The whole of stage 2, by VMID.
        host.map(bench.memory(), ipa(7), page(11), S2_ALL)?;
        bench.write32(at(regs::TLBIVMID, 0), VMID)?;
        bench.write32(at(regs::TLBIVMID, 0), 0x44)?;
        bench.write32(at(regs::STLBGSYNC, 0), 0)?;
        while bench.read32(at(regs::STLBGSTATUS, 0))? & 1 == 1 {}
        assert_eq!(value(&mut bench, 2)?, 0x10b);
        bench.drain()?;
    }
    Ok(())
}

#[test]
fn an_invalidation_by_address_drops_every_part_of_a_stage_1_block() -> Outcome {
    for seed in 0..2 {
        let (mut bench, mut guest, mut host) = nested(options(seed), SCTLR_USUAL)?;
        // A block of 2 MiB over stage-2 pages; all of it moves by 2 MiB.
        let block_va = (VA + (4 << 21)) & !0x1f_ffff;
        let low = 0x6000_0000u64;
        for n in [0, 3, 9] {
            host.map(bench.memory(), low + 0x1000 * n, RAM + 0x1000 * n, S2_ALL)?;
            host.map(bench.memory(), low + 0x20_0000 + 0x1000 * n, RAM + 0x10_0000 + 0x1000 * n, S2_ALL)?;
            bench.memory().write_u64(RAM + 0x1000 * n, n)?;
            bench.memory().write_u64(RAM + 0x10_0000 + 0x1000 * n, 0x40 + n)?;
        }
        let slot = guest.slot(&mut bench, block_va, 2)?;
        bench.memory().write_u64(slot, low | READ_WRITE | VALID)?;
        for n in [0u64, 3, 9] {
            assert_eq!(words(&bench.burst_read(STREAM, block_va + 0x1000 * n, 1, 3)?), [n]);
        }
        bench.memory().write_u64(slot, (low + 0x20_0000) | READ_WRITE | VALID)?;
        // Another page of the block is named.
        bench.invalidate_page(BANK, ASID, block_va + 0x1f_0000)?;
        for n in [0u64, 3, 9] {
            assert_eq!(words(&bench.burst_read(STREAM, block_va + 0x1000 * n, 1, 3)?), [0x40 + n]);
        }
        bench.drain()?;
    }
    Ok(())
}

#[test]
fn aarch32_long_descriptors() -> Outcome {
    for seed in 0..3 {
        let mut bench = bench(options(seed))?;
        // Region 0 of 4 GiB from level 1: the tables of AArch64 with 32-bit addresses.
        let mut tables = Tables::new(TABLES1, 12, 32);
        for n in 0..4 {
            tables.map(bench.memory(), 0x7654_0000 + 0x1000 * n, RAM + 0x1000 * n, READ_WRITE)?;
        }
        bench.route_stream(0, STREAM, BANK)?;
        bench.setup_bank(BANK, &tables, ASID, 0)?;
        bench.write32(at(regs::CBA2R, BANK), 0)?;
        bench.write32(at(regs::CB_TCR, BANK), 1 << 31)?;
        bench.write32(at(regs::CB_SCTLR, BANK), SCTLR_USUAL)?;
        bench.enable()?;
        for n in 0..4 {
            assert_eq!(bench.burst_read(STREAM, 0x7654_0008 + 0x1000 * n, 2, 3)?.resp, OKAY);
        }
        const LONG: u64 = 1 << 9;
        let high = 1u64 << 32 | 0x7654_0000;
        expect_fault(&mut bench, Burst::read(STREAM, high, 1, 3), BANK, [LONG | TF, high, 1], None)?;
        let hole = 0x7650_0000u64;
        expect_fault(&mut bench, Burst::read(STREAM, hole, 1, 3), BANK, [LONG | TF, hole, 3], None)?;
        // Two regions: T0SZ 1, T1SZ 1; the upper one is switched off.
        bench.write32(at(regs::CB_TCR, BANK), 1 << 31 | 1 << 16 | 1 | 1 << 23)?;
        assert_eq!(bench.burst_read(STREAM, 0x7654_0008, 2, 3)?.resp, OKAY);
        let upper = 0x8000_0000u64;
        expect_fault(&mut bench, Burst::read(STREAM, upper, 1, 3), BANK, [LONG | TF, upper, 1], None)?;
        // Maintenance words of AArch32: the address and the ASID in the lower word.
        tables.map(bench.memory(), 0x7654_1000, RAM + 0x9000, READ_WRITE)?;
        bench.memory().write_u64(RAM + 0x9000, 0x77)?;
        bench.write32(at(regs::CB_TLBIVA, BANK), 0x7654_1000 | u32::from(ASID & 0xff))?;
        bench.sync(BANK)?;
        assert_eq!(words(&bench.burst_read(STREAM, 0x7654_1000, 1, 3)?), [0x77]);
        bench.drain()?;
    }
    Ok(())
}

/// The formats of short descriptors that the tests use.
const SECTION: u32 = 2;
const SHORT_RW: u32 = 3 << 10;
const SMALL_RW: u32 = 3 << 4 | 2;

#[test]
fn aarch32_short_descriptors() -> Outcome {
    for seed in 0..4 {
        for big in [false, true] {
            let mut bench = bench(options(seed))?;
            let (first, second) = (TABLES1, TABLES1 + 0x4000);
            let word = |bench: &mut Bench, addr: u64, value: u32| -> Outcome {
                Ok(bench.memory().write_u32(addr, if big { value.swap_bytes() } else { value })?)
            };
            // 0x123: section; 0x200 to 0x20f: supersection; 0x301: table with small and large pages.
            word(&mut bench, first + 4 * 0x123, RAM as u32 | SHORT_RW | SECTION)?;
            for n in 0..16 {
                word(&mut bench, first + 4 * (0x200 + n), RAM as u32 | SHORT_RW | SECTION | 1 << 18)?;
            }
            word(&mut bench, first + 4 * 0x301, second as u32 | 1)?;
            for n in 0..5 {
                word(&mut bench, second + 4 * (0x10 + n), RAM as u32 | (n as u32) << 12 | SMALL_RW)?;
            }
            for n in 0..16 {
                word(&mut bench, second + 4 * (0x20 + n), RAM as u32 | 0x5_0000 | 3 << 4 | 1)?;
            }
            for n in 0..0x100u64 {
                bench.memory().write_u64(RAM + 0x1_0000 * n, 0xabc0 + n)?;
            }
            bench.route_stream(0, STREAM, BANK)?;
            bench.write32(at(regs::CBAR, BANK), 1 << 16)?;
            bench.write32(at(regs::CBA2R, BANK), 0)?;
            bench.write32(at(regs::CB_TCR, BANK), 0)?;
            bench.write64(at(regs::CB_TTBR0, BANK), first)?;
            bench.write32(at(regs::CB_CONTEXTIDR, BANK), 0x33)?;
            bench.write32(at(regs::CB_SCTLR, BANK), SCTLR_USUAL | u32::from(big) << 4)?;
            bench.enable()?;
            for _ in 0..2 {
                for (va, value) in [
                    (0x1230_0000u64, 0xabc0u64),
                    (0x1235_0000, 0xabc5),
                    (0x123f_0000, 0xabcf),
                    (0x2012_0000, 0xabc0 + 0x12),
                    (0x20ef_0000, 0xabc0 + 0xef),
                    (0x3012_0000, 0xabc5),
                ] {
                    let done = bench.burst_read(STREAM, va, 1, 3)?;
                    assert_eq!((done.resp, words(&done)), (OKAY, vec![value]), "{va:#x}");
                }
                for n in 0..5u64 {
                    assert_eq!(bench.burst_read(STREAM, 0x3011_0000 + 0x1000 * n, 1, 3)?.resp, OKAY, "small page {n}");
                }
                for n in [0u64, 7, 15] {
                    assert_eq!(bench.burst_read(STREAM, 0x3012_0000 + 0x1000 * n + 0x20, 1, 3)?.resp, OKAY, "large page {n}");
                }
            }
            expect_fault(&mut bench, Burst::read(STREAM, 0x3020_0000, 1, 3), BANK, [TF, 0x3020_0000, 1], None)?;
            expect_fault(&mut bench, Burst::read(STREAM, 0x3013_0000, 1, 3), BANK, [TF, 0x3013_0000, 2], None)?;
            // The section moves; another part of it is named.
            word(&mut bench, first + 4 * 0x123, (RAM as u32 + 0x10_0000) | SHORT_RW | SECTION)?;
            bench.write32(at(regs::CB_TLBIVA, BANK), 0x123a_0000 | 0x33)?;
            bench.sync(BANK)?;
            assert_eq!(words(&bench.burst_read(STREAM, 0x1235_0000, 1, 3)?), [0xabc0 + 0x15]);
            bench.drain()?;
        }
    }
    Ok(())
}

#[test]
fn big_endian_descriptors() -> Outcome {
    let mut bench = bench(smooth())?;
    let mut tables = Tables::usual(TABLES1);
    tables.map(bench.memory(), VA, RAM, READ_WRITE)?;
    for level in 0..4 {
        // From the leaf up, so that the way down can still be read.
        let slot = tables.slot(bench.memory(), VA, 3 - level)?;
        let value = bench.memory().read_u64(slot)?;
        bench.memory().write_u64(slot, value.swap_bytes())?;
    }
    bench.route_stream(0, STREAM, BANK)?;
    bench.setup_bank(BANK, &tables, ASID, SCTLR_M | SCTLR_USUAL | 1 << 4)?;
    bench.enable()?;
    assert_eq!(bench.burst_read(STREAM, VA, 1, 3)?.resp, OKAY);
    bench.drain()
}

/// Streams in a stage-1 bank, a stage-2 bank and a nested one at once, with traffic of all of them mixed.
#[test]
fn stages_of_different_streams_do_not_disturb_each_other() -> Outcome {
    for seed in 1..6 {
        let (mut bench, _, _) = nested(rough(seed), SCTLR_USUAL)?;
        let mut plain = Tables::usual(TABLES2 + 0x40_0000);
        for n in 0..16 {
            plain.map(bench.memory(), VA + 0x1000 * n, RAM + 0x10_0000 + 0x1000 * n, READ_WRITE)?;
        }
        bench.route_stream(1, 0x301, 2)?;
        bench.setup_bank(2, &plain, ASID, SCTLR_USUAL)?;
        bench.route_stream(2, 0x302, BANK2)?;
        for n in 0..16 {
            bench.memory().write_u64(RAM + 0x1000 * n, n)?;
            bench.memory().write_u64(RAM + 0x10_0000 + 0x1000 * n, 0x80 + n)?;
        }
        let mut wanted = Vec::new();
        let mut bursts = Vec::new();
        for n in 0..96u64 {
            let page = n * 7 % 16;
            let (stream, va, value) = match n % 3 {
                0 => (STREAM, VA + 0x1000 * page, page),
                1 => (0x301, VA + 0x1000 * page, 0x80 + page),
                _ => (0x302, RAM - DELTA + 0x1000 * page, page),
            };
            bursts.push(Burst::read(stream, va, 1, 3).id(n as u32 % 8));
            wanted.push(value);
        }
        for (n, done) in bench.bursts(0, bursts)?.into_iter().enumerate() {
            assert_eq!((done.resp, words(&done)), (OKAY, vec![wanted[n]]), "burst {n}");
        }
        bench.drain()?;
    }
    Ok(())
}

/// Pages of both stages move, go and come at random, each change followed by the maintenance that it asks for; faults on either side are
/// recorded and cleared. Which page holds what is kept here, beside the model.
#[test]
fn changes_of_either_stage_at_random() -> Outcome {
    for seed in 1..7 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (mut bench, mut guest, mut host) = nested(rough(seed), SCTLR_USUAL | SCTLR_HUPCF)?;
        bench.write32(at(regs::CB_SCTLR, BANK), SCTLR_USUAL | SCTLR_HUPCF)?;
        for n in 0..16 {
            bench.memory().write_u64(RAM + 0x1000 * n, 0x5500 + n)?;
        }
        let ipa = |n: u64| RAM - DELTA + 0x1000 * n;
        let mut first: Vec<Option<u64>> = (0..16).map(Some).collect();
        let mut second: Vec<Option<u64>> = (0..16).map(Some).collect();
        for _ in 0..40 {
            let n = rng.random_range(0..16u64);
            let to = rng.random_bool(0.8).then(|| rng.random_range(0..16u64));
            if rng.random_bool(0.5) {
                match to {
                    Some(to) => guest.map(&mut bench, VA + 0x1000 * n, ipa(to), READ_WRITE)?,
                    None => {
                        let slot = guest.slot(&mut bench, VA + 0x1000 * n, 3)?;
                        bench.memory().write_u64(slot, 0)?;
                    }
                }
                first[n as usize] = to;
                if rng.random_bool(0.5) {
                    bench.invalidate_page(BANK, ASID, VA + 0x1000 * n)?;
                } else {
                    bench.invalidate_bank(BANK)?;
                }
            } else {
                match to {
                    Some(to) => host.map(bench.memory(), ipa(n), RAM + 0x1000 * to, S2_ALL)?,
                    None => host.unmap(bench.memory(), ipa(n))?,
                }
                second[n as usize] = to;
                if rng.random_bool(0.5) {
                    bench.write64(at(regs::CB_TLBIIPAS2L, BANK2), ipa(n) >> 12)?;
                    bench.sync(BANK2)?;
                } else {
                    bench.invalidate_bank(BANK2)?;
                }
                bench.write32(at(regs::TLBIVMIDS1, 0), 0x44)?;
                bench.write32(at(regs::STLBGSYNC, 0), 0)?;
                while bench.read32(at(regs::STLBGSTATUS, 0))? & 1 == 1 {}
            }
            let pages: Vec<u64> = (0..8).map(|_| rng.random_range(0..16)).collect();
            let bursts = pages.iter().map(|page| Burst::read(STREAM, VA + 0x1000 * page, 1, 3).id(*page as u32 % 4));
            let done = bench.bursts(0, bursts.collect::<Vec<_>>())?;
            for (page, done) in pages.iter().zip(done) {
                let value = first[*page as usize].and_then(|page| second[page as usize]).map(|page| 0x5500 + page);
                match value {
                    Some(value) => assert_eq!((done.resp, words(&done)), (OKAY, vec![value]), "seed {seed}, page {page}"),
                    None => assert_eq!(done.resp, SLVERR, "seed {seed}, page {page}"),
                }
            }
            bench.clear_fault(BANK)?;
            bench.clear_fault(BANK2)?;
        }
        bench.drain()?;
    }
    Ok(())
}

#[test]
fn leaves_of_different_sizes_give_the_smaller_one() -> Outcome {
    // Stage 1: a block of 2 MiB and pages of 4 KiB at its end. Stage 2: granule and level of the leaf, and an AArch32 bank.
    for (seed, granule, level, aarch32) in [
        (0, 12, 3, false),
        (1, 12, 2, false),
        (2, 14, 3, false),
        (3, 14, 2, false),
        (4, 16, 3, false),
        (5, 12, 2, true),
        (6, 12, 3, true),
    ] {
        let mut bench = bench(options(seed))?;
        let mut guest = Guest::new();
        let mut host = Tables::new(TABLES2, granule, 25);
        let size = 1u64 << host.entry_bits(level);
        let block_ipa = 0x6000_0000u64;
        let block_va = 0x40_0000_0000u64;
        // Stage 2 gives RAM for the block and what follows, and the tables as they are.
        for n in 0..(0x40_0000 / size).max(1) {
            let (at, to) = (block_ipa + n * size, RAM + n * size);
            if level == 3 {
                host.map(bench.memory(), at, to, S2_ALL)?;
            } else {
                host.map_block(bench.memory(), at, to, level, S2_ALL)?;
            }
        }
        let page = 1u64 << granule;
        for n in 0..0x2_0000 / page {
            host.map(bench.memory(), TABLES1 - DELTA + n * page, TABLES1 + n * page, S2_ALL)?;
        }
        let slot = guest.slot(&mut bench, block_va, 2)?;
        bench.memory().write_u64(slot, block_ipa | READ_WRITE | VALID)?;
        for n in 0..8 {
            guest.map(&mut bench, block_va + 0x20_0000 + 0x1000 * n, block_ipa + 0x20_0000 + 0x3000 * n, READ_WRITE)?;
        }
        setup_stage2(&mut bench, BANK2, &host, if aarch32 { 0 } else { SCTLR_USUAL })?;
        if aarch32 {
            // T0SZ -7, SL0 1: 39 bits from level 1.
            bench.write32(at(regs::CBA2R, BANK2), 0)?;
            bench.write32(at(regs::CB_TCR, BANK2), 1 << 31 | 9 | 1 << 6)?;
            bench.write32(at(regs::CB_SCTLR, BANK2), SCTLR_USUAL)?;
        }
        bench.route_stream(0, STREAM, BANK)?;
        let mut view = Tables::usual(TABLES1);
        view.root = TABLES1 - DELTA;
        bench.setup_bank(BANK, &view, ASID, 0)?;
        bench.write32(at(regs::CBAR, BANK), 3 << 16 | (BANK2 as u32) << 8 | 0x44)?;
        bench.write32(at(regs::CB_SCTLR, BANK), SCTLR_USUAL)?;
        bench.enable()?;
        for n in 0..0x400u64 {
            bench.memory().write_u64(RAM + 0x1000 * n + 0x18, 0xcafe_0000 + n)?;
        }
        for round in 0..2 {
            let pages: Vec<u64> = (0..24).map(|n| n * 37 % 512).collect();
            let bursts = pages.iter().map(|n| Burst::read(STREAM, block_va + 0x1000 * n + 0x18, 1, 3).id(*n as u32 % 5));
            for (n, done) in pages.iter().zip(bench.bursts(0, bursts.collect::<Vec<_>>())?) {
                assert_eq!((done.resp, words(&done)), (OKAY, vec![0xcafe_0000 + n]), "granule {granule}, level {level}, {round}");
            }
            for n in 0..8 {
                let done = bench.burst_read(STREAM, block_va + 0x20_0018 + 0x1000 * n, 1, 3)?;
                assert_eq!((done.resp, words(&done)), (OKAY, vec![0xcafe_0200 + 3 * n]), "granule {granule}, level {level}");
            }
        }
        // The bank's own accesses, and beyond its size.
        if aarch32 {
            bench.route_stream(1, 0x301, BANK2)?;
            assert_eq!(bench.burst_read(0x301, block_ipa + 0x5018, 1, 3)?.resp, OKAY);
            assert_eq!(bench.burst_read(0x301, 1 << 39, 1, 3)?.resp, SLVERR);
            let [fsr, far, fsynr0, _] = bench.fault_record(BANK2)?;
            assert_eq!([fsr, far, fsynr0], [1 << 9 | TF, 1 << 39, 1]);
            bench.clear_fault(BANK2)?;
        }
        bench.drain()?;
    }
    Ok(())
}
