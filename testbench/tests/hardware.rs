//! The hardware on the bench: directed and random runs of preset `mini`. Everything that the pins do is compared with the model by
//! the bench itself; a test here adds what it knows beyond that.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use smmu_rtl::params::{Params, MINI};
use smmu_rtl::registers as regs;
use smmu_testbench::axi::burst::{FIXED, OKAY, SLVERR, WRAP};
use smmu_testbench::axi::master::{Burst, Holds};
use smmu_testbench::axi::pause::Pauses;
use smmu_testbench::bench::fixture::{
    Tables, ACCESSED, NOT_GLOBAL, PXN, READ_ONLY, READ_WRITE, SCTLR_CFRE, SCTLR_HUPCF, SCTLR_M, SCTLR_USUAL, TABLE, USER, VALID,
    XN,
};
use smmu_testbench::bench::{Bench, BenchError, BenchOptions};
use smmu_testbench::memory::latency::Latency;

type Outcome = Result<(), BenchError>;

const PARAMS: &Params = &MINI;
const RAM: u64 = 0x8000_0000;
const TABLES: u64 = 0x4000_0000;
/// Page `n` of a mapped range is `VA + n` pages, and at `RAM + n` pages.
const VA: u64 = 0x12_3450_0000;
const STREAM: u32 = 0x300;
const BANK: usize = 1;
const ASID: u16 = 0x105;

const TF: u64 = 1 << 1;
const AFF: u64 = 1 << 2;
const PF: u64 = 1 << 3;
const EF: u64 = 1 << 4;
const ASF: u64 = 1 << 7;
const FORMAT: u64 = 2 << 9;
const MULTI: u64 = 1 << 31;

/// Everything at full speed.
fn smooth() -> BenchOptions {
    BenchOptions { watchdog: 20_000, ..BenchOptions::default() }
}

/// Pauses on every channel, random latencies, answers out of order.
fn rough(seed: u64) -> BenchOptions {
    BenchOptions {
        seed,
        latency: Latency::Random { min: 1, max: 50 },
        out_of_order: true,
        pauses: Pauses::all([5, 25, 60][seed as usize % 3]),
        ..smooth()
    }
}

fn bench(options: BenchOptions) -> Result<Bench, BenchError> {
    let mut bench = Bench::new(PARAMS, "rusthdl", options)?;
    bench.memory().add_region(RAM, 0x100_0000);
    bench.memory().add_region(TABLES, 0x40_0000);
    Ok(bench)
}

/// A stream in a bank with 16 pages mapped.
fn translated(options: BenchOptions, sctlr: u32) -> Result<(Bench, Tables), BenchError> {
    let mut bench = bench(options)?;
    let mut tables = Tables::usual(TABLES);
    for page in 0..16 {
        tables.map(bench.memory(), VA + 0x1000 * page, RAM + 0x1000 * page, READ_WRITE)?;
    }
    bench.route_stream(0, STREAM, BANK)?;
    bench.setup_bank(BANK, &tables, ASID, sctlr)?;
    bench.enable()?;
    Ok((bench, tables))
}

/// One of every shape that AXI has, with `base` aligned to 4 KiB.
fn shapes(stream: u32, base: u64) -> Vec<Burst> {
    let reads = [
        Burst::read(stream, base + 0x800, 256, 3),
        Burst::read(stream, base + 0x101, 200, 0),
        Burst::read(stream, base + 0xff9, 1, 3),
        Burst::read(stream, base + 0x386, 5, 2),
        Burst::read(stream, base + 0x38, 8, 3).kind(WRAP),
        Burst::read(stream, base + 0x74, 16, 2).kind(WRAP),
        Burst::read(stream, base + 0xfff, 2, 0).kind(WRAP),
        Burst::read(stream, base + 0x39, 16, 0).kind(FIXED),
        Burst::read(stream, base + 0xffd, 3, 3).kind(FIXED),
    ];
    let writes = reads.clone().map(|burst| burst.into_write(8, |n| 0x0102_0304_0506_0708 * (n as u128 + 1)));
    reads.into_iter().chain(writes).enumerate().map(|(n, burst)| burst.id(n as u32 % 7)).collect()
}

#[test]
fn out_of_reset_everything_bypasses() -> Outcome {
    for seed in 0..6 {
        let mut bench = bench(if seed == 0 { smooth() } else { rough(seed) })?;
        let streams = [0, 1, 0x300, 0x7fff];
        let all = streams.iter().enumerate().flat_map(|(n, stream)| shapes(*stream, RAM + 0x1000 * n as u64));
        for done in bench.bursts(0, all)? {
            assert_eq!(done.resp, OKAY, "{done:x?}");
        }
        bench.drain()?;
        assert_eq!(bench.stats().refused, 0);
    }
    Ok(())
}

#[test]
fn a_bypassed_address_beyond_the_output_size_is_refused() -> Outcome {
    let mut bench = bench(smooth())?;
    assert_eq!(bench.burst_read(1, 1 << 48 | RAM, 2, 3)?.resp, OKAY, "GFRE is clear out of reset");
    assert_eq!(bench.read32(regs::SGFSR.offset(PARAMS, 0))?, 1 << 8);
    assert_eq!(bench.read64(regs::SGFAR.offset(PARAMS, 0))?, 1 << 48 | RAM);
    bench.drain()
}

#[test]
fn bursts_that_could_leave_their_page_are_refused() -> Outcome {
    for seed in 0..3 {
        let (mut bench, _) = translated(rough(seed), SCTLR_USUAL)?;
        for read in [
            Burst::read(STREAM, VA + 0xff8, 2, 3),
            Burst::read(STREAM, VA + 0xfff, 256, 0),
            Burst::read(STREAM, VA + 0x40, 3, 3).kind(WRAP),
            Burst::read(STREAM, VA + 0x40, 4, 4),
            Burst::read(STREAM, VA + 0x40, 4, 3).kind(3),
        ] {
            let done = bench.bursts(0, [read.clone(), read.into_write(8, |n| n as u128)])?;
            assert_eq!([done[0].resp, done[1].resp], [SLVERR; 2]);
            assert_eq!(bench.read32(regs::SGFSR.offset(PARAMS, 0))?, 1 << 31 | 1 << 8);
            bench.write32(regs::SGFSR.offset(PARAMS, 0), u32::MAX)?;
        }
        bench.drain()?;
    }
    Ok(())
}

#[test]
fn stream_mapping_faults_are_recorded() -> Outcome {
    let (mut bench, _) = translated(smooth(), SCTLR_USUAL)?;
    let s2cr = |group| regs::S2CR.offset(PARAMS, group);
    // Bypass, fault, reserved type, a bank that is not there, a bank that no stage-1 table format belongs to.
    for (group, stream, value) in [(1, 0x11, 1 << 16), (2, 0x12, 2 << 16), (3, 0x13, 3 << 16), (4, 0x14, 99), (5, 0x15, 3)] {
        bench.route_stream(group, stream, 0)?;
        bench.write32(s2cr(group), value)?;
    }
    bench.route_stream(6, 0x16, BANK)?;
    bench.route_stream(7, 0x16, BANK)?;
    assert_eq!(bench.burst_read(0x11, RAM, 1, 3)?.resp, OKAY);
    for (stream, code) in [(0x12, 1), (0x13, 1), (0x14, 1 << 3), (0x15, 1), (0x16, 1 << 2), (0x99, 1 << 1)] {
        for write in [false, true] {
            let burst = Burst::read(stream, VA + 0x18, 3, 3).prot(1);
            let burst = if write { burst.into_write(8, |_| 1) } else { burst };
            assert_eq!(bench.burst(burst)?.resp, SLVERR, "stream {stream:#x}");
            assert_eq!(bench.read32(regs::SGFSR.offset(PARAMS, 0))?, code, "stream {stream:#x}");
            assert_eq!(bench.read64(regs::SGFAR.offset(PARAMS, 0))?, VA + 0x18);
            assert_eq!(bench.read32(regs::SGFSYNR0.offset(PARAMS, 0))?, 4 | if write { 2 } else { 0 });
            assert_eq!(bench.read32(regs::SGFSYNR1.offset(PARAMS, 0))?, stream);
            assert!(bench.irq_global());
            bench.write32(regs::SGFSR.offset(PARAMS, 0), u32::MAX)?;
            bench.run_cycles(8)?;
            assert!(!bench.irq_global());
        }
    }
    // Unmatched streams bypass when USFCFG is clear.
    bench.write32(regs::SCR0.offset(PARAMS, 0), 0x6)?;
    assert_eq!(bench.burst_read(0x99, RAM, 1, 3)?.resp, OKAY);
    bench.drain()
}

#[test]
fn masked_stream_match() -> Outcome {
    let (mut bench, _) = translated(smooth(), SCTLR_USUAL)?;
    bench.write32(regs::S2CR.offset(PARAMS, 3), 1 << 16)?;
    bench.write32(regs::SMR.offset(PARAMS, 3), 1 << 31 | 0x00ff << 16 | 0x4200)?;
    for (stream, resp) in [(0x4200, OKAY), (0x42ff, OKAY), (0x4300, SLVERR), (0x0200, SLVERR)] {
        assert_eq!(bench.burst_read(stream, RAM, 1, 3)?.resp, resp, "{stream:#x}");
    }
    bench.drain()
}

#[test]
fn mapped_pages_take_every_shape_of_burst() -> Outcome {
    for seed in 0..6 {
        let (mut bench, _) = translated(if seed == 0 { smooth() } else { rough(seed) }, SCTLR_USUAL)?;
        let all = (0..6).flat_map(|page| shapes(STREAM, VA + 0x1000 * page));
        for done in bench.bursts(0, all)? {
            assert_eq!(done.resp, OKAY, "{done:x?}");
        }
        bench.drain()?;
    }
    Ok(())
}

#[test]
fn granules_blocks_and_region_sizes() -> Outcome {
    for (seed, granule, size) in [
        (0, 12, 16),
        (1, 12, 25),
        (2, 12, 28),
        (3, 12, 39),
        (4, 14, 16),
        (5, 14, 28),
        (6, 14, 36),
        (7, 16, 16),
        (8, 16, 22),
        (9, 16, 39),
    ] {
        let mut bench = bench(if seed % 2 == 0 { smooth() } else { rough(seed) })?;
        let mut tables = Tables::new(TABLES, granule, size);
        let page = 1u64 << granule;
        let top = 1u64 << (64 - size);
        for n in 0..4 {
            tables.map(bench.memory(), n * page, RAM + n * page, READ_WRITE)?;
            tables.map(bench.memory(), top - (n + 1) * page, RAM + (n + 4) * page, READ_WRITE)?;
        }
        let block_level = if granule == 12 && tables.start_level() <= 1 { 1 } else { 2 };
        let block = 1u64 << tables.entry_bits(block_level);
        let block_va = block * ((top / block) / 2);
        let has_block = tables.start_level() <= block_level && top > 2 * block;
        if has_block {
            tables.map_block(bench.memory(), block_va, RAM & !(block - 1), block_level, READ_WRITE)?;
        }
        bench.route_stream(0, STREAM, BANK)?;
        bench.setup_bank(BANK, &tables, ASID, SCTLR_USUAL | SCTLR_HUPCF)?;
        bench.enable()?;
        let mut all: Vec<Burst> =
            (0..4).flat_map(|n| [n * page + 0x48, top - (n + 1) * page + 0x80]).map(|va| Burst::read(STREAM, va, 4, 3)).collect();
        if has_block {
            all.push(Burst::read(STREAM, block_va + RAM % block + 0x123, 3, 0));
        }
        for done in bench.bursts(0, all)? {
            assert_eq!(done.resp, OKAY, "granule {granule}, size {size}: {done:x?}");
        }
        // Just outside the region.
        assert_eq!(bench.burst_read(STREAM, top, 2, 3)?.resp, SLVERR);
        assert_eq!(bench.fault_record(BANK)?[..3], [FORMAT | TF, top, 0]);
        bench.drain()?;
    }
    Ok(())
}

/// Region 1 through TTBR1, with the sign bit where TCR2.SEP says.
#[test]
fn the_upper_region_has_its_own_tables() -> Outcome {
    let (mut bench, _) = translated(smooth(), SCTLR_USUAL)?;
    let mut upper = Tables::new(TABLES + 0x20_0000, 16, 25);
    upper.map(bench.memory(), 0xffff_ffff_fffb_0000, RAM + 0x5_0000, READ_WRITE)?;
    bench.write64(regs::CB_TTBR1.offset(PARAMS, BANK), upper.root)?;
    // T1SZ 25, TG1 64K, T0SZ 16, TG0 4K.
    bench.write32(regs::CB_TCR.offset(PARAMS, BANK), 16 | 25 << 16 | 3 << 30)?;
    for (sep, addr) in [(7, 0x1_ffff_fffb_0010), (2, 0xff_fffb_0010), (0, 0xfffb_0010)] {
        bench.write32(regs::CB_TCR2.offset(PARAMS, BANK), 5 | 1 << 4 | sep << 15)?;
        bench.invalidate_bank(BANK)?;
        assert_eq!(bench.burst_read(STREAM, addr, 2, 3)?.resp, OKAY, "SEP {sep}");
    }
    bench.drain()
}

#[test]
fn faults_are_recorded_as_what_they_are() -> Outcome {
    for seed in 0..3 {
        let (mut bench, mut tables) = translated(if seed == 0 { smooth() } else { rough(seed) }, SCTLR_USUAL | 1 << 9)?;
        let page = |n: u64| VA + 0x1000 * n;
        let leaf = |tables: &mut Tables, bench: &mut Bench, n, value| -> Outcome {
            let slot = tables.slot(bench.memory(), page(n), 3)?;
            Ok(bench.memory().write_u64(slot, value)?)
        };
        leaf(&mut tables, &mut bench, 20, 0)?;
        leaf(&mut tables, &mut bench, 21, RAM | USER | VALID | TABLE)?;
        leaf(&mut tables, &mut bench, 22, RAM | READ_WRITE | READ_ONLY | VALID | TABLE)?;
        leaf(&mut tables, &mut bench, 23, RAM | ACCESSED | VALID | TABLE)?;
        leaf(&mut tables, &mut bench, 24, RAM | READ_WRITE | READ_ONLY | XN | VALID | TABLE)?;
        leaf(&mut tables, &mut bench, 25, RAM | ACCESSED | READ_ONLY | PXN | VALID | TABLE)?;
        leaf(&mut tables, &mut bench, 26, RAM | READ_WRITE | VALID)?;
        let hole = tables.slot(bench.memory(), VA + (1 << 30), 1)?;
        bench.memory().write_u64(hole, 0x7000_0000 | VALID | TABLE)?;
        bench.write32(regs::CB_TCR2.offset(PARAMS, BANK), 2 | 1 << 4 | 7 << 15)?;
        leaf(&mut tables, &mut bench, 27, 1 << 40 | READ_WRITE | VALID | TABLE)?;
        let (read, write, privileged, fetch) = (0, 0x100, 1, 4);
        for (va, how, fsr, fsynr) in [
            (page(20), read, TF, 3),
            (page(21), write, AFF, 3 | 1 << 4),
            (page(22), write, PF, 3 | 1 << 4),
            (page(23), read, PF, 3),
            (page(24), fetch, PF, 3 | 1 << 6),
            (page(25), fetch | privileged, PF, 3 | 1 << 6 | 1 << 5),
            (page(1), fetch, PF, 3 | 1 << 6),
            (page(26), read, TF, 3),
            (page(27), read, ASF, 3),
            (VA + (1 << 30), read, EF, 2 | 1 << 10),
            (VA + (1 << 40), write | privileged, TF, 1 << 5 | 1 << 4),
        ] {
            let burst = Burst::read(STREAM, va + 0x7c, 5, 2).prot((how & 7) as u8);
            let burst = if how & write != 0 { burst.into_write(8, |_| 3) } else { burst };
            let done = bench.burst(burst)?;
            assert_eq!((done.resp, done.beats.len()), (SLVERR, if done.write { 0 } else { 5 }));
            assert_eq!(bench.fault_record(BANK)?, [FORMAT | fsr, va + 0x7c, fsynr, STREAM.into()], "{va:#x} {how:#x}");
            bench.run_cycles(4)?;
            assert!(bench.irq_context(BANK) && !bench.irq_context(0) && !bench.irq_global());
            bench.clear_fault(BANK)?;
        }
        bench.drain()?;
    }
    Ok(())
}

#[test]
fn without_cfre_a_refused_access_reads_zeros() -> Outcome {
    let (mut bench, _) = translated(rough(1), SCTLR_M | SCTLR_HUPCF)?;
    let done = bench.bursts(0, [Burst::read(STREAM, 0x5000, 7, 3), Burst::read(STREAM, 0x6000, 3, 3).into_write(8, |_| 1)])?;
    assert_eq!([done[0].resp, done[1].resp], [OKAY; 2]);
    assert!(done[0].beats.len() == 7 && done[0].beats.iter().all(|beat| beat.data == 0));
    assert_eq!(bench.fault_record(BANK)?[0] & MULTI, MULTI);
    bench.drain()
}

#[test]
fn a_pending_fault_stops_its_bank_and_no_other() -> Outcome {
    let (mut bench, tables) = translated(smooth(), SCTLR_USUAL)?;
    bench.route_stream(1, 0x301, 2)?;
    bench.setup_bank(2, &tables, ASID + 1, SCTLR_USUAL)?;
    assert_eq!(bench.burst_read(STREAM, VA, 1, 3)?.resp, OKAY, "cached now");
    assert_eq!(bench.burst_read(STREAM, 0x5000, 1, 3)?.resp, SLVERR);
    assert_eq!(bench.burst_read(STREAM, VA, 1, 3)?.resp, SLVERR);
    assert_eq!(bench.burst_read(0x301, VA, 1, 3)?.resp, OKAY);
    assert_eq!(bench.fault_record(BANK)?[..2], [MULTI | FORMAT | TF, 0x5000]);
    bench.clear_fault(BANK)?;
    assert_eq!(bench.burst_read(STREAM, VA, 1, 3)?.resp, OKAY);
    // With HUPCF they go on.
    bench.write32(regs::CB_SCTLR.offset(PARAMS, BANK), SCTLR_USUAL | SCTLR_HUPCF)?;
    assert_eq!(bench.burst_read(STREAM, 0x5000, 1, 3)?.resp, SLVERR);
    assert_eq!(bench.burst_read(STREAM, VA, 1, 3)?.resp, OKAY);
    bench.drain()
}

#[test]
fn a_moved_page_is_found_after_its_invalidation() -> Outcome {
    for seed in 0..4 {
        let (mut bench, mut tables) = translated(if seed == 0 { smooth() } else { rough(seed) }, SCTLR_USUAL)?;
        for (n, by_page) in [(0u64, true), (1, false), (2, true)] {
            let old = RAM + 0x1000 * n;
            let new = RAM + 0x2_0000 + 0x1000 * n;
            bench.memory().write_u64(old, 0x01d)?;
            bench.memory().write_u64(new, 0x2e3)?;
            let va = VA + 0x1000 * n;
            assert_eq!(bench.burst_read(STREAM, va, 1, 3)?.beats[0].data, 0x01d);
            tables.map(bench.memory(), va, new, READ_WRITE)?;
            if by_page {
                bench.invalidate_page(BANK, ASID, va)?;
            } else {
                bench.invalidate_bank(BANK)?;
            }
            assert_eq!(bench.burst_read(STREAM, va, 1, 3)?.beats[0].data, 0x2e3, "seed {seed}, page {n}");
        }
        bench.drain()?;
    }
    Ok(())
}

/// A synchronization waits for a client that does not take its data; registers do not.
#[test]
fn a_client_that_never_takes_data_delays_nothing_but_itself() -> Outcome {
    let (mut bench, _) = translated(smooth(), SCTLR_USUAL)?;
    bench.burst_read(STREAM, VA, 1, 3)?;
    bench.port(0).hold(Holds { r: true, b: true, ..Holds::default() });
    for n in 0..12 {
        let read = Burst::read(STREAM, VA + 0x1000 * n, 16, 3).id(n as u32 % 4);
        bench.port(0).start(read.clone());
        bench.port(0).start(read.into_write(8, |_| 1));
    }
    // One that will be refused stands in the way of its own id alone.
    bench.port(0).start(Burst::read(STREAM, 0x5000, 4, 3).id(5));
    bench.run_cycles(3000)?;
    let before = bench.cycle();
    for bank in 0..PARAMS.num_cb {
        bench.write32(regs::CB_MAIR0.offset(PARAMS, bank), 0x1234 + bank as u32)?;
        bench.write64(regs::CB_TLBIVA.offset(PARAMS, bank), VA >> 12 | u64::from(ASID) << 48)?;
    }
    bench.write32(regs::SMR.offset(PARAMS, 7), 1 << 31 | 0x5a)?;
    bench.write32(regs::CB_TLBSYNC.offset(PARAMS, BANK), 0)?;
    assert!(bench.cycle() - before < 2000, "registers wait for nobody");
    bench.run_cycles(2000)?;
    assert_eq!(bench.read32(regs::CB_TLBSTATUS.offset(PARAMS, BANK))?, 1, "reads of a dropped page have no answer yet");
    bench.port(0).hold(Holds::default());
    bench.drain()?;
    assert_eq!(bench.read32(regs::CB_TLBSTATUS.offset(PARAMS, BANK))?, 0);
    Ok(())
}

#[test]
fn a_client_that_sends_no_write_data_does_not_stop_reads() -> Outcome {
    let (mut bench, _) = translated(smooth(), SCTLR_USUAL)?;
    bench.port(0).hold(Holds { w: true, ..Holds::default() });
    bench.port(0).start(Burst::write(STREAM, VA, 4, 3, 8, |_| 1));
    bench.run_cycles(500)?;
    let reads = (0..8).map(|n| Burst::read(STREAM, VA + 0x1000 * n, 4, 3).id(n as u32));
    for done in bench.bursts(0, reads)? {
        assert_eq!(done.resp, OKAY);
    }
    bench.write32(regs::CB_MAIR0.offset(PARAMS, 0), 1)?;
    bench.port(0).hold(Holds::default());
    bench.drain()
}

#[test]
fn a_hit_leaves_two_cycles_after_it_came() -> Outcome {
    let (mut bench, _) = translated(smooth(), SCTLR_USUAL)?;
    let warm: Vec<Burst> = (0..4).map(|n| Burst::read(STREAM, VA + 0x1000 * n, 1, 3)).collect();
    bench.bursts(0, warm.clone())?;
    bench.bursts(0, warm.iter().cloned().map(|burst| burst.into_write(8, |_| 1)))?;
    bench.reset_stats();
    let again = |n: usize| warm[n % 4].clone().id(n as u32 % 8);
    bench.bursts(0, (0..64).map(|n| if n % 2 == 0 { again(n) } else { again(n).into_write(8, |_| 1) }))?;
    assert_eq!((bench.stats().hits, bench.stats().latency.max()), (64, 2));
    assert_eq!(bench.stats().walk_reads, 0);
    bench.drain()
}

/// Regression (`random_changes`, seed 1): a bank that is switched off while the main TLB holds the page answered with the OR of both addresses.
#[test]
fn an_identity_answer_carries_no_page() -> Outcome {
    let (mut bench, _) = translated(smooth(), SCTLR_USUAL)?;
    bench.burst_read(STREAM, VA, 1, 3)?;
    bench.write32(regs::CB_SCTLR.offset(PARAMS, BANK), SCTLR_USUAL & !SCTLR_M)?;
    // The scoreboard compares the downstream address with the model's: the address itself.
    bench.burst_read(STREAM, VA, 1, 3)?;
    bench.drain()
}

/// Everything at once: traffic, table changes, invalidation, configuration and fault status, at random.
#[test]
fn random_changes_under_random_traffic() -> Outcome {
    for seed in 0..20 {
        if let Err(error) = random_changes(seed) {
            panic!("seed {seed}: {error}");
        }
    }
    Ok(())
}

fn random_changes(seed: u64) -> Outcome {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut bench, mut tables) = translated(rough(seed), SCTLR_USUAL | if rng.random() { SCTLR_HUPCF } else { 0 })?;
    let sctlr = regs::CB_SCTLR.offset(PARAMS, BANK);
    for _ in 0..150 {
        let va = VA + 0x1000 * rng.random_range(0..10u64);
        match rng.random_range(0..24) {
            0 => tables.unmap(bench.memory(), va)?,
            1..=3 => {
                let attributes =
                    [READ_WRITE, READ_WRITE | READ_ONLY, USER | ACCESSED, NOT_GLOBAL | ACCESSED][rng.random_range(0..4)];
                tables.map(bench.memory(), va, RAM + 0x1000 * rng.random_range(0..64u64), attributes)?;
            }
            4 | 5 => bench.invalidate_page(BANK, ASID, va)?,
            6 => bench.mmio_post_write(regs::CB_TLBIALL.offset(PARAMS, BANK), 0, 4),
            7 => bench.mmio_post_write(regs::CB_FSR.offset(PARAMS, BANK), 0xffff_ffff, 4),
            8 => {
                bench.fault_record(BANK)?;
                bench.clear_fault(BANK)?;
            }
            9 => {
                let bits = [SCTLR_CFRE, SCTLR_HUPCF, 1 << 6, SCTLR_M][rng.random_range(0..4)];
                let value = bench.read32(sctlr)?;
                bench.write32(sctlr, value ^ bits)?;
            }
            10 => {
                let smr = regs::SMR.offset(PARAMS, 0);
                let value = bench.read32(smr)?;
                bench.write32(smr, value ^ 1 << 31)?;
            }
            11 => {
                let slot = tables.slot(bench.memory(), VA, 2)?;
                let mut other = Tables::usual(TABLES + 0x10_0000 + 0x8000 * rng.random_range(0..4u64));
                other.map(bench.memory(), va, RAM + 0x3_0000, READ_WRITE)?;
                let third = other.slot(bench.memory(), va, 2)?;
                let table = bench.memory().read_u64(third)?;
                bench.memory().write_u64(slot, table)?;
            }
            _ => {
                let at = va + 8 * rng.random_range(0..64u64);
                let burst =
                    Burst::read(STREAM, at, rng.random_range(1..9), 3).id(rng.random_range(0..4)).prot(rng.random_range(0..2));
                let burst = if rng.random() { burst } else { burst.into_write(8, |n| n as u128) };
                bench.port(0).start(burst);
            }
        }
        bench.run_cycles(rng.random_range(0..30))?;
    }
    bench.drain()?;
    bench.fault_record(BANK)?;
    Ok(())
}
