//! Several client ports: preset `multi`. The bench compares everything that the pins do with the model; a test here adds what holds between
//! the ports: one invalidation for all micro TLBs, turns on the way to the control unit, nobody waits for a stranger.

use smmu_rtl::params::{Params, MULTI};
use smmu_rtl::registers as regs;
use smmu_testbench::axi::burst::OKAY;
use smmu_testbench::axi::master::{Burst, BurstDone, Holds};
use smmu_testbench::axi::pause::Pauses;
use smmu_testbench::bench::fixture::{Tables, READ_WRITE, SCTLR_USUAL};
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
    let mut bench = Bench::new(PARAMS, "rusthdl", options)?;
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
