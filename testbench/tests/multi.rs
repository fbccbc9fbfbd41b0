//! Several client ports: preset `multi`. The bench compares everything that the pins do with the model; a test here adds what holds between
//! the ports: one invalidation for all micro TLBs, turns on the way to the control unit, nobody waits for a stranger.

use smmu_rtl::params::{Features, Params, MULTI};
use smmu_rtl::registers as regs;
use smmu_testbench::axi::burst::{OKAY, SLVERR};
use smmu_testbench::axi::master::{Burst, BurstDone, Holds};
use smmu_testbench::axi::pause::Pauses;
use smmu_testbench::bench::fixture::{Tables, READ_WRITE, SCTLR_CFCFG, SCTLR_HUPCF, SCTLR_USUAL};
use smmu_testbench::bench::{Bench, BenchError, BenchOptions};
use smmu_testbench::memory::latency::Latency;

type Outcome = Result<(), BenchError>;

const PARAMS: &Params = &MULTI;
const PORTS: usize = 4;
const RAM: u64 = 0x8000_0000;
const TABLES: u64 = 0x4000_0000;
const VA: u64 = 0x12_3450_0000;
const STREAM: u32 = 0x300;
const BANK: usize = 1;
const ASID: u16 = 0x105;
const PAGES: u64 = 256;

fn options(seed: u64) -> BenchOptions {
    let usual = BenchOptions { watchdog: 20_000, isolation: true, ..BenchOptions::default() };
    if seed == 0 {
        return usual;
    }
    let pauses = Pauses::all([5, 25, 60][seed as usize % 3]);
    BenchOptions { seed, latency: Latency::Random { min: 1, max: 50 }, out_of_order: true, pauses, ..usual }
}

/// Page `n` at `VA`, in the frame `n` of RAM; one stream in one bank, whichever port it comes from.
fn bench(options: BenchOptions) -> Result<(Bench, Tables), BenchError> {
    bench_of(PARAMS, options)
}

fn bench_of(params: &'static Params, options: BenchOptions) -> Result<(Bench, Tables), BenchError> {
    let mut bench = Bench::new(params, "rusthdl", options)?;
    bench.memory().add_region(RAM, 0x100_0000);
    bench.memory().add_region(TABLES, 0x40_0000);
    let mut tables = Tables::usual(TABLES);
    for page in 0..PAGES {
        tables.map(bench.memory(), VA + 0x1000 * page, RAM + 0x1000 * page, READ_WRITE)?;
        bench.memory().write_u64(RAM + 0x1000 * page, page)?;
    }
    bench.route_stream(0, STREAM, BANK)?;
    bench.setup_bank(BANK, &tables, ASID, SCTLR_USUAL)?;
    bench.enable()?;
    Ok((bench, tables))
}

fn page(page: u64) -> Burst {
    Burst::read(STREAM, VA + 0x1000 * page, 1, 3)
}

/// One read on each port at once; the lowest word of each answer.
fn read_on_all(bench: &mut Bench, burst: &Burst) -> Result<Vec<u64>, BenchError> {
    (0..PORTS).for_each(|port| {
        bench.port(port).start(burst.clone());
    });
    bench.drain()?;
    Ok((0..PORTS).map(|port| answers(bench, port)).map(|done| low(&done[0])).collect())
}

fn answers(bench: &mut Bench, port: usize) -> Vec<BurstDone> {
    std::iter::from_fn(|| bench.port(port).finished()).collect()
}

fn low(done: &BurstDone) -> u64 {
    assert_eq!(done.resp, OKAY, "{done:x?}");
    done.beats[0].data as u64
}

#[test]
fn every_port_reads_and_writes_through_the_same_bank() -> Outcome {
    for seed in 0..4 {
        let (mut bench, _) = bench(options(seed))?;
        for port in 0..PORTS {
            let base = 16 * port as u64;
            for n in 0..16u64 {
                let write = Burst::read(STREAM, VA + 0x1000 * (base + n) + 0x40, 2, 4);
                bench.port(port).start(write.into_write(16, |beat| u128::from(base + n) << 8 | beat as u128).id(n as u32 % 3));
                bench.port(port).start(page(base + n).id(n as u32 % 5));
            }
        }
        bench.drain()?;
        for port in 0..PORTS {
            let done = answers(&mut bench, port);
            assert_eq!(done.len(), 32);
            assert!(done.iter().all(|done| done.resp == OKAY));
        }
        for n in 0..16 * PORTS as u64 {
            assert_eq!(bench.memory().read_u64(RAM + 0x1000 * n + 0x50)?, n << 8 | 1);
        }
    }
    Ok(())
}

#[test]
fn one_invalidation_reaches_every_micro_tlb() -> Outcome {
    for seed in 0..4 {
        let (mut bench, mut tables) = bench(options(seed))?;
        let tlbiva = regs::CB_TLBIVA.offset(PARAMS, BANK);
        let (sync, status) = (regs::CB_TLBSYNC.offset(PARAMS, BANK), regs::CB_TLBSTATUS.offset(PARAMS, BANK));
        for round in 0..6 {
            assert_eq!(read_on_all(&mut bench, &page(3))?, [3 + round; PORTS], "seed {seed}, round {round}");
            // All ports go on with other pages while this one moves.
            for port in 0..PORTS {
                (20..60).for_each(|n| {
                    bench.port(port).start(page(n + 40 * port as u64).id(n as u32 % 8));
                });
            }
            tables.map(bench.memory(), VA + 0x3000, RAM + 0x1000 * (4 + round), READ_WRITE)?;
            bench.write64(tlbiva, VA >> 12 | 3 | u64::from(ASID) << 48)?;
            bench.write32(sync, 0)?;
            while bench.read32(status)? & 1 == 1 {}
            bench.drain()?;
            for port in 0..PORTS {
                assert_eq!(answers(&mut bench, port).len(), 40);
            }
        }
    }
    Ok(())
}

#[test]
fn a_synchronization_waits_for_the_old_answers_of_every_port() -> Outcome {
    for port in 0..PORTS {
        let (mut bench, _) = bench(options(0))?;
        // A read with a translation of before, whose data does not come for a while.
        bench.slave(port).options_mut().latency = Latency::Fixed(2_000);
        bench.port(port).start(page(1));
        bench.run_until("the address downstream", |bench| bench.device().outputs().m_axi[port].arvalid)?;
        bench.write32(regs::CB_TLBIALL.offset(PARAMS, BANK), 0)?;
        bench.write32(regs::CB_TLBSYNC.offset(PARAMS, BANK), 0)?;
        let status = regs::CB_TLBSTATUS.offset(PARAMS, BANK);
        assert_eq!(bench.read32(status)? & 1, 1, "port {port}");
        bench.drain()?;
        assert_eq!(bench.read32(status)? & 1, 0, "port {port}");
    }
    Ok(())
}

#[test]
fn ports_take_turns_on_the_way_to_the_control_unit() -> Outcome {
    let (mut bench, _) = bench(BenchOptions { latency: Latency::Fixed(3), ..options(0) })?;
    // Every page is on another line and in another set; the pages of all ports are far more than the micro TLBs hold.
    for port in 0..PORTS {
        for round in 0..24u64 {
            let base = 64 * port as u64;
            (0..64).for_each(|n| {
                bench.port(port).start(page(base + (n * 8 + n / 8 + round) % 64).id(n as u32 % 16));
            });
        }
    }
    let mut done = [0usize; PORTS];
    while done.iter().all(|done| *done < 1_000) {
        bench.run_cycles(50)?;
        (0..PORTS).for_each(|port| done[port] += answers(&mut bench, port).len());
    }
    let (least, most) = (done.iter().min(), done.iter().max());
    assert!(done.iter().all(|done| *done > 900), "{least:?} to {most:?} answers of a port: {done:?}");
    bench.drain()
}

#[test]
fn a_port_that_stops_delays_no_other() -> Outcome {
    for victim in 0..PORTS {
        let (mut bench, _) = bench(options(0))?;
        bench.port(victim).hold(Holds { w: true, r: true, b: true, ..Holds::default() });
        for n in 0..40u64 {
            bench.port(victim).start(page(n).id(n as u32 % 16));
            bench.port(victim).start(page(n).into_write(16, |_| 1).id(n as u32 % 16));
        }
        bench.run_cycles(3_000)?;
        assert!(answers(&mut bench, victim).is_empty());
        for port in (0..PORTS).filter(|port| *port != victim) {
            let start = bench.cycle();
            let burst = page(100 + port as u64);
            let done = bench.bursts(port, [burst.clone(), burst.into_write(16, |_| 2)])?;
            assert!(done.iter().all(|done| done.resp == OKAY));
            assert!(bench.cycle() - start < 200, "port {port} took {} cycles beside {victim}", bench.cycle() - start);
        }
        assert!(bench.read32(regs::IDR0.offset(PARAMS, 0))? != 0);
        bench.port(victim).hold(Holds::default());
        bench.drain()?;
    }
    Ok(())
}

#[test]
fn faults_of_all_ports_are_recorded_once_and_name_the_stream() -> Outcome {
    let (mut bench, _) = bench(options(2))?;
    for port in 0..PORTS {
        let done = bench.bursts(port, [page(PAGES + port as u64).id(port as u32)])?;
        assert_ne!(done[0].resp, OKAY);
        let [fsr, far, _, sid] = bench.fault_record(BANK)?;
        assert_eq!((fsr & 0x8000_0002, far, sid), (2, VA + 0x1000 * (PAGES + port as u64), u64::from(STREAM)));
        bench.clear_fault(BANK)?;
    }
    for port in 0..PORTS {
        bench.port(port).start(page(PAGES + port as u64));
    }
    bench.drain()?;
    assert_eq!(bench.fault_record(BANK)?[0] & 0x8000_0002, 0x8000_0002, "four faults: one record and MULTI");
    bench.clear_fault(BANK)?;
    bench.drain()
}

#[test]
fn each_port_counts_in_a_group_of_its_own() -> Outcome {
    static COUNTING: Params = MULTI.with_features(Features { pmu: true, ..Features::STAGE1 });
    let (mut bench, _) = bench_of(&COUNTING, options(1))?;
    let register = |id: regs::RegId, n: usize| id.offset(&COUNTING, n);
    for port in 0..PORTS {
        // Accesses, and the refills among them.
        bench.write32(register(regs::PMEVTYPER, 4 * port), 0x10)?;
        bench.write32(register(regs::PMEVTYPER, 4 * port + 1), 8)?;
        bench.write32(register(regs::PMCGCR, port), 1 << 11)?;
    }
    bench.write32(register(regs::PMCNTENSET, 0), 0xFFFF)?;
    bench.write32(register(regs::PMCR, 0), 1)?;
    for port in 0..PORTS {
        // Lines of eight pages of each port's own: one walk each.
        for n in 0..=port as u64 {
            let done = bench.bursts(port, [page(16 * port as u64), page(16 * port as u64).into_write(16, |_| u128::from(n))])?;
            assert!(done.iter().all(|done| done.resp == OKAY));
        }
    }
    // All at once, on pages that the others have brought.
    (0..PORTS).for_each(|port| {
        bench.port(port).start(page(16 * ((port as u64 + 1) % 4)));
    });
    bench.drain()?;
    bench.write32(register(regs::PMCR, 0), 0)?;
    for port in 0..PORTS {
        let count = |bench: &mut Bench, n: usize| bench.read32(register(regs::PMEVCNTR, 4 * port + n));
        let counts = [count(&mut bench, 0)?, count(&mut bench, 1)?];
        assert_eq!(counts[0], 2 * port as u32 + 3, "accesses of port {port}");
        // The first read and the first write may both have missed, and share a walk.
        assert!((1..=2).contains(&counts[1]), "refills of port {port}: {}", counts[1]);
    }
    Ok(())
}

const OTHER: u32 = 0x301;
const OTHER_BANK: usize = 2;
/// FSR.SS, FSR.MULTI.
const SS: u64 = 1 << 30;
const MULTI_FAULT: u64 = 1 << 31;
/// RESUME.
const RETRY: u32 = 0;
const TERMINATE: u32 = 1;
/// Cycles after which something would have happened.
const LONG: u64 = 1_500;

/// The same, with stalled faults in the bank; and a second stream in a bank of its own, with the same tables.
fn stalling(options: BenchOptions, more: u32) -> Result<(Bench, Tables), BenchError> {
    let (mut bench, tables) = bench(options)?;
    bench.route_stream(1, OTHER, OTHER_BANK)?;
    bench.setup_bank(OTHER_BANK, &tables, ASID + 1, SCTLR_USUAL)?;
    bench.write32(regs::CB_SCTLR.offset(PARAMS, BANK), SCTLR_USUAL & !SCTLR_HUPCF | SCTLR_CFCFG | more)?;
    Ok((bench, tables))
}

fn resume(bench: &mut Bench, how: u32) -> Outcome {
    bench.write32(regs::CB_RESUME.offset(PARAMS, BANK), how)
}

/// A burst at this port whose fault stalls it.
fn stall(bench: &mut Bench, port: usize, burst: Burst) -> Outcome {
    bench.port(port).start(burst);
    bench.run_until("the interrupt", |bench| bench.irq_context(BANK))?;
    assert_eq!(bench.fault_record(BANK)?[0] & (SS | MULTI_FAULT), SS);
    Ok(())
}

/// Reads of the second stream are answered at all ports.
fn others_go_on(bench: &mut Bench) -> Outcome {
    for port in 0..PORTS {
        let before = bench.cycle();
        // With ids that no test holds.
        for n in 0..4 {
            bench.port(port).start(Burst::read(OTHER, VA + 0x1000 * (7 * port as u64 + n), 1, 3).id(20 + n as u32));
        }
        let mut done = Vec::new();
        while done.len() < 4 {
            bench.tick()?;
            assert!(bench.cycle() - before < LONG, "port {port}: {done:x?}");
            done.extend(answers(bench, port));
        }
        assert!(done.iter().all(|done| done.resp == OKAY && done.addr.id >= 20), "{done:x?}");
    }
    bench.sync(BANK)?;
    bench.sync(OTHER_BANK)
}

#[test]
fn a_stalled_fault_holds_its_bank_at_every_port_and_no_other_bank() -> Outcome {
    for (seed, victim) in (0..4).zip([2, 0, 3, 1]) {
        for write in [false, true] {
            let (mut bench, mut tables) = stalling(options(seed), 0)?;
            // What the micro TLBs hold of the bank does not help either.
            read_on_all(&mut bench, &page(5))?;
            let absent = page(PAGES + 3).id(1);
            stall(&mut bench, victim, if write { absent.into_write(16, |_| 0x77) } else { absent })?;
            for port in (0..PORTS).filter(|port| *port != victim) {
                bench.port(port).start(page(5).id(port as u32));
                bench.port(port).start(page(6).into_write(16, |_| 6).id(port as u32));
            }
            others_go_on(&mut bench)?;
            bench.run_cycles(LONG)?;
            assert!((0..PORTS).all(|port| answers(&mut bench, port).is_empty()), "seed {seed}");
            assert_eq!(bench.fault_record(BANK)?[0] & (SS | MULTI_FAULT), SS, "one that waits has no record");
            // The status first: else the bank stays blocked, and those that wait are refused.
            tables.map(bench.memory(), VA + 0x1000 * (PAGES + 3), RAM + 0x3000, READ_WRITE)?;
            bench.clear_fault(BANK)?;
            resume(&mut bench, RETRY)?;
            bench.drain()?;
            for port in 0..PORTS {
                let done = answers(&mut bench, port);
                assert_eq!(done.len(), if port == victim { 1 } else { 2 });
                assert!(done.iter().all(|done| done.resp == OKAY), "seed {seed}, port {port}: {done:x?}");
            }
            assert_eq!(bench.fault_record(BANK)?[0], 0);
        }
    }
    Ok(())
}

#[test]
fn each_port_has_its_own_room_for_held_transactions() -> Outcome {
    for seed in 0..3 {
        let (mut bench, mut tables) = stalling(options(seed), SCTLR_HUPCF)?;
        let (reads, writes) = (PARAMS.held_reads() as u64, PARAMS.held_writes() as u64);
        stall(&mut bench, 3, page(PAGES).id(0))?;
        // As many as fit at each port; the tables have none of these pages.
        for port in 0..PORTS {
            for n in u64::from(port == 3)..reads {
                bench.port(port).start(page(PAGES + n).id(n as u32));
            }
            for n in 0..writes {
                bench.port(port).start(page(PAGES + 8 + n).into_write(16, |_| u128::from(n)).id(n as u32));
            }
        }
        bench.run_cycles(LONG)?;
        // One more at port 1 is refused, and nobody else.
        bench.port(1).start(page(PAGES + 9).id(9));
        bench.port(1).start(page(PAGES + 9).into_write(16, |_| 9).id(9));
        bench.run_cycles(LONG)?;
        let refused = answers(&mut bench, 1);
        assert_eq!(refused.len(), 2, "seed {seed}");
        assert!(refused.iter().all(|done| done.resp == SLVERR && done.addr.id == 9));
        assert!((0..PORTS).all(|port| answers(&mut bench, port).is_empty()), "seed {seed}");
        others_go_on(&mut bench)?;
        for n in 0..16 {
            tables.map(bench.memory(), VA + 0x1000 * (PAGES + n), RAM + 0x1000 * n, READ_WRITE)?;
        }
        resume(&mut bench, RETRY)?;
        bench.drain()?;
        for port in 0..PORTS {
            let done = answers(&mut bench, port);
            assert_eq!(done.len() as u64, reads + writes, "seed {seed}, port {port}");
            assert!(done.iter().all(|done| done.resp == OKAY), "seed {seed}, port {port}: {done:x?}");
        }
        bench.clear_fault(BANK)?;
    }
    Ok(())
}

/// Nobody resumes, and one port's queue fills behind what is held there: that is ended, and nothing of another port.
#[test]
fn a_full_queue_ends_what_is_held_at_its_own_port() -> Outcome {
    for full in 0..PORTS {
        let (mut bench, _) = stalling(options(full as u64), SCTLR_HUPCF)?;
        let older = (full + 1) % PORTS;
        stall(&mut bench, older, page(PAGES).id(1))?;
        bench.port(full).start(page(PAGES + 1).id(1));
        bench.run_cycles(LONG)?;
        for n in 0..12 {
            bench.port(full).start(page(n).id(1));
        }
        let mut done = Vec::new();
        while done.len() < 13 {
            bench.tick()?;
            done.extend(answers(&mut bench, full));
        }
        assert_eq!(done[0].resp, SLVERR);
        assert!(done[1..].iter().all(|done| done.resp == OKAY), "{done:x?}");
        bench.run_cycles(LONG)?;
        assert!((0..PORTS).all(|port| answers(&mut bench, port).is_empty()));
        assert_eq!(bench.fault_record(BANK)?[0] & (SS | MULTI_FAULT), SS | MULTI_FAULT, "the ended one had no record yet");
        resume(&mut bench, TERMINATE)?;
        bench.drain()?;
        assert_eq!(answers(&mut bench, older)[0].resp, SLVERR);
        bench.clear_fault(BANK)?;
    }
    Ok(())
}

/// All ports ask the control unit for ever other pages of another bank, as fast as they can.
#[test]
fn resume_comes_through_the_traffic_of_all_ports() -> Outcome {
    let (mut bench, mut tables) = stalling(BenchOptions { latency: Latency::Fixed(3), ..options(0) }, SCTLR_HUPCF)?;
    stall(&mut bench, 1, page(PAGES).id(30))?;
    for port in 0..PORTS {
        for n in 0..2_000u64 {
            let other = Burst::read(OTHER, VA + 0x1000 * ((n * 8 + n / 8 + 64 * port as u64) % PAGES), 1, 4).id(n as u32 % 16);
            bench.port(port).start(if n % 2 == 0 { other } else { other.into_write(16, |_| 1) });
        }
    }
    bench.run_cycles(2_000)?;
    tables.map(bench.memory(), VA + 0x1000 * PAGES, RAM, READ_WRITE)?;
    resume(&mut bench, RETRY)?;
    let start = bench.cycle();
    let mut others = 0;
    loop {
        bench.tick()?;
        let done = answers(&mut bench, 1);
        if done.iter().any(|done| done.addr.id == 30) {
            break;
        }
        others += done.len();
        assert!(bench.cycle() - start < LONG, "the retried one waits behind {others} others of its port");
    }
    bench.clear_fault(BANK)?;
    bench.drain()
}
