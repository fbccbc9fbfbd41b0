//! Stalled context faults on the hardware: `mini` with the feature `stall`, and variant `full` for stage 2 and nesting. The bench compares all
//! that the pins do with the model; the tests here add what the pins do not show by themselves: that nothing happens before `RESUME`, what it
//! does, and that everything else goes on meanwhile.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use smmu_rtl::params::{Features, Params, FULL, MINI};
use smmu_rtl::registers::{self as regs, RegId};
use smmu_testbench::axi::burst::{OKAY, SLVERR};
use smmu_testbench::axi::master::{Burst, BurstDone};
use smmu_testbench::axi::pause::Pauses;
use smmu_testbench::bench::fixture::{Tables, READ_WRITE, SCTLR_CFCFG, SCTLR_CFRE, SCTLR_HUPCF, SCTLR_M, SCTLR_USUAL};
use smmu_testbench::bench::{Bench, BenchError, BenchOptions};
use smmu_testbench::memory::latency::Latency;
use std::collections::HashMap;

type Outcome = Result<(), BenchError>;

const PARAMS: &Params = &MINI.with_features(Features { stall: true, ..Features::STAGE1 });
const RAM: u64 = 0x8000_0000;
const TABLES: u64 = 0x4000_0000;
const TABLES2: u64 = 0x4020_0000;
const TABLES3: u64 = 0x4040_0000;
const VA: u64 = 0x12_3450_0000;
/// The stream whose faults stall, and one that has nothing to do with it.
const STREAM: u32 = 0x300;
const OTHER: u32 = 0x301;
const BANK: usize = 1;
const BANK2: usize = 2;
const STAGE2: usize = 3;
const ASID: u16 = 0x105;
/// Cycles after which something would have happened.
const LONG: u64 = 1500;

const STALLING: u32 = SCTLR_USUAL | SCTLR_CFCFG;
const TF: u64 = 1 << 1;
const FORMAT: u64 = 2 << 9;
const SS: u64 = 1 << 30;
const MULTI: u64 = 1 << 31;
const RETRY: u32 = 0;
const TERMINATE: u32 = 1;

fn options(seed: u64) -> BenchOptions {
    let smooth = BenchOptions { watchdog: 40_000, ..BenchOptions::default() };
    if seed == 0 {
        return smooth;
    }
    BenchOptions {
        seed,
        latency: Latency::Random { min: 1, max: 50 },
        out_of_order: true,
        pauses: Pauses::all([5, 25, 60][seed as usize % 3]),
        ..smooth
    }
}

fn at(id: RegId, bank: usize) -> u32 {
    id.offset(PARAMS, bank)
}

fn va(page: u64) -> u64 {
    VA + 0x1000 * page
}

/// The hardware with both streams set up, and what was started and has ended.
struct Rig {
    bench: Bench,
    tables: Tables,
    done: HashMap<u64, BurstDone>,
}

impl Rig {
    /// Pages 0 to 7 of the stalling stream are mapped, all 64 of the other one.
    fn new(seed: u64, sctlr: u32) -> Result<Self, BenchError> {
        let mut bench = Bench::new(PARAMS, "rusthdl", options(seed))?;
        bench.memory().add_region(RAM, 0x100_0000);
        bench.memory().add_region(TABLES, 0x80_0000);
        let mut tables = Tables::usual(TABLES);
        let mut others = Tables::usual(TABLES2);
        for page in 0..8 {
            tables.map(bench.memory(), va(page), RAM + 0x1000 * page, READ_WRITE)?;
        }
        for page in 0..64 {
            others.map(bench.memory(), va(page), RAM + 0x80_0000 + 0x1000 * page, READ_WRITE)?;
        }
        bench.route_stream(0, STREAM, BANK)?;
        bench.route_stream(1, OTHER, BANK2)?;
        bench.setup_bank(BANK, &tables, ASID, sctlr)?;
        bench.setup_bank(BANK2, &others, 7, SCTLR_USUAL)?;
        bench.enable()?;
        Ok(Rig { bench, tables, done: HashMap::new() })
    }

    fn start(&mut self, burst: Burst) -> u64 {
        self.bench.port(0).start(burst)
    }

    fn run(&mut self, cycles: u64) -> Outcome {
        self.bench.run_cycles(cycles)?;
        self.collect();
        Ok(())
    }

    fn collect(&mut self) {
        while let Some(done) = self.bench.port(0).finished() {
            self.done.insert(done.handle, done);
        }
    }

    fn is_done(&mut self, handle: u64) -> bool {
        self.collect();
        self.done.contains_key(&handle)
    }

    /// Runs until a burst has its answer; the response.
    fn answer(&mut self, handle: u64) -> Result<u8, BenchError> {
        for _ in 0..40_000 {
            if self.is_done(handle) {
                return Ok(self.done[&handle].resp);
            }
            self.bench.tick()?;
        }
        panic!("burst {handle} has no answer");
    }

    fn map(&mut self, page: u64) -> Outcome {
        Ok(self.tables.map(self.bench.memory(), va(page), RAM + 0x1000 * page, READ_WRITE)?)
    }

    fn unmap(&mut self, page: u64) -> Outcome {
        self.tables.unmap(self.bench.memory(), va(page))?;
        self.bench.invalidate_page(BANK, ASID, va(page))
    }

    fn resume(&mut self, how: u32) -> Outcome {
        self.bench.write32(at(regs::CB_RESUME, BANK), how)
    }

    fn fsr(&mut self) -> Result<u64, BenchError> {
        Ok(self.bench.read32(at(regs::CB_FSR, BANK))?.into())
    }

    fn far(&mut self) -> Result<u64, BenchError> {
        self.bench.read64(at(regs::CB_FAR, BANK))
    }

    /// Starts a burst and runs until its fault raises the interrupt.
    fn stall(&mut self, burst: Burst) -> Result<u64, BenchError> {
        let far = burst.addr.addr;
        let handle = self.start(burst);
        self.bench.run_until("the interrupt", |bench| bench.irq_context(BANK))?;
        assert_eq!(self.fsr()?, FORMAT | TF | SS);
        assert_eq!(self.far()?, far);
        assert!(!self.is_done(handle));
        Ok(handle)
    }

    /// Other streams, registers and synchronization go on.
    fn others_go_on(&mut self) -> Outcome {
        let reads = (0..16).map(|n| Burst::read(OTHER, va(n * 3) + 0x40, 4, 3).id(n as u32 % 16));
        let writes = (0..16).map(|n| Burst::read(OTHER, va(n * 2) + 0x80, 3, 3).id(n as u32 % 16));
        let writes = writes.map(|write| write.into_write(8, |n| n as u128 + 0x55));
        let mut handles: Vec<u64> = Vec::new();
        for (read, write) in reads.zip(writes).collect::<Vec<_>>() {
            // Not with the ids that the tests hold.
            if ![1, 2].contains(&read.addr.id) {
                handles.push(self.start(read));
                handles.push(self.start(write));
            }
        }
        for handle in handles {
            assert_eq!(self.answer(handle)?, OKAY);
        }
        self.bench.sync(BANK)?;
        self.bench.sync(BANK2)?;
        self.bench.write32(regs::STLBGSYNC.offset(PARAMS, 0), 0)?;
        while self.bench.read32(regs::STLBGSTATUS.offset(PARAMS, 0))? & 1 == 1 {}
        assert_eq!(self.bench.read32(regs::IDR0.offset(PARAMS, 0))? >> 30 & 1, 1);
        Ok(())
    }
}

fn read(page: u64) -> Burst {
    Burst::read(STREAM, va(page) + 0x48, 6, 3).id(1)
}

fn write(page: u64) -> Burst {
    Burst::read(STREAM, va(page) + 0x100, 16, 3).id(1).into_write(8, move |n| u128::from(page) << 32 | n as u128)
}

fn written(rig: &mut Rig, page: u64) -> Outcome {
    for n in 0..16 {
        assert_eq!(rig.bench.memory().read_u64(RAM + 0x1000 * page + 0x100 + 8 * n)?, page << 32 | n);
    }
    Ok(())
}

#[test]
fn a_retry_after_mapping_the_page_goes_on_as_if_nothing_had_been() -> Outcome {
    for seed in 0..4 {
        for (burst, writes, hupcf) in
            [(read(20), false, 0), (write(20), true, 0), (read(20), false, SCTLR_HUPCF), (write(20), true, SCTLR_HUPCF)]
        {
            let mut rig = Rig::new(seed, STALLING | hupcf)?;
            let held = rig.stall(burst)?;
            rig.others_go_on()?;
            // Nothing but RESUME wakes it: no mapping, no invalidation, no clear of the status.
            rig.map(20)?;
            rig.bench.invalidate_bank(BANK)?;
            rig.run(LONG)?;
            assert!(!rig.is_done(held));
            if seed % 2 == 0 {
                rig.bench.clear_fault(BANK)?;
                assert_eq!(rig.fsr()?, SS);
                assert!(rig.bench.irq_context(BANK), "SS alone keeps it");
                rig.resume(RETRY)?;
            } else {
                rig.resume(RETRY)?;
                assert_eq!(rig.fsr()?, FORMAT | TF);
            }
            assert_eq!(rig.answer(held)?, OKAY);
            rig.bench.clear_fault(BANK)?;
            rig.run(8)?;
            assert!(!rig.bench.irq_context(BANK));
            assert_eq!(rig.fsr()?, 0);
            if writes {
                written(&mut rig, 20)?;
            }
            rig.others_go_on()?;
            rig.bench.drain()?;
        }
    }
    Ok(())
}

#[test]
fn terminate_refuses_by_cfre() -> Outcome {
    for seed in 0..3 {
        for (burst, cfre, order) in [(read(20), SCTLR_CFRE, 0), (read(20), 0, 1), (write(20), SCTLR_CFRE, 1), (write(20), 0, 0)] {
            let mut rig = Rig::new(seed, STALLING & !SCTLR_CFRE | cfre)?;
            rig.bench.memory().write_u64(RAM + 0x14100, 0x77)?;
            let held = rig.stall(burst)?;
            rig.map(20)?;
            if order == 0 {
                rig.bench.clear_fault(BANK)?;
            }
            rig.resume(TERMINATE)?;
            assert_eq!(rig.answer(held)?, if cfre == 0 { OKAY } else { SLVERR });
            assert_eq!(rig.fsr()?, if order == 0 { 0 } else { FORMAT | TF });
            rig.bench.clear_fault(BANK)?;
            // RESUME without anything stalled does nothing.
            rig.resume(TERMINATE)?;
            rig.resume(RETRY)?;
            let next = rig.start(read(20));
            assert_eq!(rig.answer(next)?, OKAY);
            assert_eq!(rig.bench.memory().read_u64(RAM + 0x14100)?, 0x77, "a refused write leaves nothing");
            rig.bench.drain()?;
        }
    }
    Ok(())
}

#[test]
fn a_retry_that_faults_again_stalls_again_or_is_refused() -> Outcome {
    for seed in 0..3 {
        let mut rig = Rig::new(seed, STALLING)?;
        let held = rig.stall(write(20))?;
        rig.resume(RETRY)?;
        rig.bench.run_until("the second stall", |bench| bench.irq_context(BANK))?;
        rig.run(LONG)?;
        assert_eq!(rig.fsr()?, MULTI | FORMAT | TF | SS);
        assert!(!rig.is_done(held));
        rig.bench.clear_fault(BANK)?;
        rig.resume(RETRY)?;
        rig.run(LONG)?;
        assert_eq!(rig.fsr()?, FORMAT | TF | SS);
        // CFCFG is looked at when the fault is recorded.
        rig.bench.write32(at(regs::CB_SCTLR, BANK), SCTLR_USUAL)?;
        rig.run(LONG)?;
        assert!(!rig.is_done(held), "a stalled one stays stalled");
        rig.resume(RETRY)?;
        assert_eq!(rig.answer(held)?, SLVERR);
        assert_eq!(rig.fsr()?, MULTI | FORMAT | TF);
        rig.bench.clear_fault(BANK)?;
        rig.bench.drain()?;
    }
    Ok(())
}

#[test]
fn others_of_the_bank_wait_while_it_is_blocked() -> Outcome {
    for seed in 0..4 {
        for terminate in [false, true] {
            let mut rig = Rig::new(seed, STALLING)?;
            let held = rig.stall(read(20))?;
            let waiting = [rig.start(read(1).id(2)), rig.start(write(2).id(2))];
            rig.run(LONG)?;
            assert!(waiting.iter().all(|&handle| !rig.is_done(handle)));
            rig.others_go_on()?;
            assert_eq!(rig.fsr()?, FORMAT | TF | SS, "no MULTI");
            if terminate {
                // Before the status is clear: they are refused, too.
                rig.resume(TERMINATE)?;
                assert_eq!(rig.answer(held)?, SLVERR);
                for handle in waiting {
                    assert_eq!(rig.answer(handle)?, SLVERR);
                }
                assert_eq!(rig.fsr()?, MULTI | FORMAT | TF);
                assert_eq!(rig.far()?, va(20) + 0x48);
            } else {
                rig.map(20)?;
                rig.bench.clear_fault(BANK)?;
                rig.run(LONG)?;
                assert!(waiting.iter().all(|&handle| !rig.is_done(handle)), "SS alone blocks");
                rig.resume(RETRY)?;
                assert_eq!(rig.answer(held)?, OKAY);
                for handle in waiting {
                    assert_eq!(rig.answer(handle)?, OKAY);
                }
                assert_eq!(rig.fsr()?, 0);
                written(&mut rig, 2)?;
            }
            rig.bench.clear_fault(BANK)?;
            rig.bench.drain()?;
        }
    }
    Ok(())
}

#[test]
fn with_hupcf_others_go_on_and_a_second_fault_waits_without_a_record() -> Outcome {
    for seed in 0..4 {
        let mut rig = Rig::new(seed, STALLING | SCTLR_HUPCF)?;
        let first = rig.stall(read(20))?;
        let good = rig.start(write(3).id(3));
        assert_eq!(rig.answer(good)?, OKAY);
        let second = rig.start(write(21).id(2));
        rig.run(LONG)?;
        assert!(!rig.is_done(second));
        assert_eq!((rig.fsr()?, rig.far()?), (FORMAT | TF | SS, va(20) + 0x48));
        // The first goes on, then the second is looked at: it is the next stalled one.
        rig.map(20)?;
        rig.bench.clear_fault(BANK)?;
        rig.resume(RETRY)?;
        assert_eq!(rig.answer(first)?, OKAY);
        rig.bench.run_until("the second one's interrupt", |bench| bench.irq_context(BANK))?;
        assert_eq!((rig.fsr()?, rig.far()?), (FORMAT | TF | SS, va(21) + 0x100));
        rig.map(21)?;
        rig.resume(RETRY)?;
        assert_eq!(rig.answer(second)?, OKAY);
        written(&mut rig, 21)?;
        rig.bench.clear_fault(BANK)?;
        rig.bench.drain()?;
    }
    Ok(())
}

#[test]
fn cfcfg_cleared_while_stalled_lets_the_waiting_ones_go() -> Outcome {
    for seed in 0..4 {
        let mut rig = Rig::new(seed, STALLING)?;
        let held = rig.stall(write(20))?;
        let waiting = [rig.start(read(1).id(2)), rig.start(write(2).id(2))];
        rig.run(LONG)?;
        rig.bench.write32(at(regs::CB_SCTLR, BANK), SCTLR_USUAL)?;
        for handle in waiting {
            assert_eq!(rig.answer(handle)?, SLVERR);
        }
        let late = rig.start(read(1).id(3));
        assert_eq!(rig.answer(late)?, SLVERR);
        assert_eq!(rig.fsr()?, MULTI | FORMAT | TF | SS);
        assert!(!rig.is_done(held));
        rig.map(20)?;
        rig.bench.clear_fault(BANK)?;
        rig.resume(RETRY)?;
        assert_eq!(rig.answer(held)?, OKAY);
        written(&mut rig, 20)?;
        // HUPCF set while one waits lets it be translated.
        rig.bench.write32(at(regs::CB_SCTLR, BANK), STALLING)?;
        let held = rig.stall(read(22))?;
        let waiting = rig.start(read(1).id(2));
        rig.run(LONG)?;
        assert!(!rig.is_done(waiting));
        rig.bench.write32(at(regs::CB_SCTLR, BANK), STALLING | SCTLR_HUPCF)?;
        assert_eq!(rig.answer(waiting)?, OKAY);
        rig.resume(TERMINATE)?;
        assert_eq!(rig.answer(held)?, SLVERR);
        rig.bench.clear_fault(BANK)?;
        rig.bench.drain()?;
    }
    Ok(())
}

#[test]
fn held_writes_keep_their_data_and_the_order_of_their_id() -> Outcome {
    for seed in 0..6 {
        let mut rig = Rig::new(seed, STALLING | SCTLR_HUPCF)?;
        // As long as a burst can be; then one of the same id that hits, and many of others.
        let long = Burst::read(STREAM, va(20), 256, 3).id(1).into_write(8, |n| 0x1_0000 + n as u128);
        let held = rig.stall(long)?;
        let behind = rig.start(write(4).id(1));
        let mut others = Vec::new();
        for n in 0..12 {
            others.push(rig.start(write(n % 3).id(3 + n as u32 % 4)));
        }
        for handle in others {
            assert_eq!(rig.answer(handle)?, OKAY);
        }
        assert!(!rig.is_done(held) && !rig.is_done(behind));
        rig.map(20)?;
        // On the way out it stands between others.
        let mixed: Vec<u64> = (0..6).map(|n| rig.start(write(5).id(3 + n))).collect();
        rig.resume(RETRY)?;
        assert_eq!(rig.answer(held)?, OKAY);
        assert_eq!(rig.answer(behind)?, OKAY);
        assert!(rig.done[&held].finished <= rig.done[&behind].finished);
        for handle in mixed {
            assert_eq!(rig.answer(handle)?, OKAY);
        }
        for n in 0..256 {
            assert_eq!(rig.bench.memory().read_u64(RAM + 0x14000 + 8 * n)?, 0x1_0000 + n);
        }
        written(&mut rig, 4)?;
        rig.bench.clear_fault(BANK)?;
        rig.bench.drain()?;
    }
    Ok(())
}

#[test]
fn what_is_more_than_can_be_held_is_refused() -> Outcome {
    for seed in 0..4 {
        let mut rig = Rig::new(seed, STALLING | SCTLR_HUPCF)?;
        for (count, writes) in [(PARAMS.held_reads() as u64, false), (PARAMS.held_writes() as u64, true)] {
            let burst = |n: u64| if writes { write(20 + n).id(n as u32 + 1) } else { read(20 + n).id(n as u32 + 1) };
            let mut held = vec![rig.stall(burst(0))?];
            for n in 1..count {
                held.push(rig.start(burst(n)));
                rig.run(LONG)?;
            }
            let more = rig.start(burst(count));
            assert_eq!(rig.answer(more)?, SLVERR);
            assert!(held.iter().all(|&handle| !rig.is_done(handle)));
            assert_eq!(rig.fsr()?, MULTI | FORMAT | TF | SS);
            rig.others_go_on()?;
            for n in 0..count {
                rig.map(20 + n)?;
            }
            rig.resume(RETRY)?;
            for handle in held {
                assert_eq!(rig.answer(handle)?, OKAY);
            }
            rig.bench.clear_fault(BANK)?;
            for n in 0..count {
                rig.unmap(20 + n)?;
            }
        }
        rig.bench.drain()?;
    }
    Ok(())
}

/// Nobody resumes, and the client goes on with the held one's id: the queue is full at last, and the held one is ended.
#[test]
fn a_full_queue_ends_held_ones() -> Outcome {
    for seed in 0..4 {
        for writes in [false, true] {
            let mut rig = Rig::new(seed, STALLING | SCTLR_HUPCF)?;
            let burst = |page, id| if writes { write(page).id(id) } else { read(page).id(id) };
            let held = rig.stall(burst(20, 1))?;
            let behind: Vec<u64> = (0..10).map(|n| rig.start(burst(n % 8, 1))).collect();
            let other = rig.start(burst(3, 5));
            assert_eq!(rig.answer(held)?, SLVERR);
            for handle in behind {
                assert_eq!(rig.answer(handle)?, OKAY);
            }
            assert_eq!(rig.answer(other)?, OKAY);
            assert_eq!(rig.fsr()?, FORMAT | TF | SS, "SS stays until RESUME");
            rig.resume(RETRY)?;
            assert_eq!(rig.fsr()?, FORMAT | TF);
            rig.bench.clear_fault(BANK)?;
            rig.bench.drain()?;
        }
    }
    Ok(())
}

#[test]
fn reset_drops_what_is_held() -> Outcome {
    let mut rig = Rig::new(1, STALLING)?;
    rig.stall(write(20))?;
    rig.start(read(1).id(2));
    rig.run(LONG)?;
    rig.bench.reset_hardware()?;
    rig.run(LONG)?;
    assert!(rig.done.is_empty());
    assert_eq!(rig.fsr()?, 0);
    assert!(!rig.bench.irq_context(BANK));
    rig.bench.route_stream(0, STREAM, BANK)?;
    let tables = rig.tables.clone();
    rig.bench.setup_bank(BANK, &tables, ASID, STALLING)?;
    rig.bench.enable()?;
    let good = rig.start(write(2));
    assert_eq!(rig.answer(good)?, OKAY);
    let held = rig.stall(write(20))?;
    rig.resume(TERMINATE)?;
    assert_eq!(rig.answer(held)?, SLVERR);
    rig.bench.clear_fault(BANK)?;
    rig.bench.drain()
}

/// A driver that serves faults as they come, in any order of its steps, while many transactions of both streams run.
#[test]
fn many_faults_at_random() -> Outcome {
    for seed in 0..10 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let hupcf = if seed % 2 == 0 { SCTLR_HUPCF } else { 0 };
        let mut rig = Rig::new(seed, STALLING | hupcf)?;
        let mut started = Vec::new();
        let (mut retried, mut ended) = (0, 0);
        for step in 0..400 {
            for _ in 0..random.random_range(0..3) {
                let stream = if random.random_bool(0.6) { STREAM } else { OTHER };
                let page = random.random_range(0..24);
                let id = random.random_range(0..6);
                let beats = [1, 4, 16, 64][random.random_range(0..4)];
                let burst = Burst::read(stream, va(page) + 0x200, beats, 3).id(id);
                let burst =
                    if random.random_bool(0.5) { burst } else { burst.into_write(8, |n| u128::from(page) << 16 | n as u128) };
                started.push(rig.start(burst));
            }
            rig.run(random.random_range(1..200))?;
            if rig.bench.irq_context(BANK) {
                let fsr = rig.fsr()?;
                let page = (rig.far()? - VA) / 0x1000;
                let good = random.random_bool(0.7);
                if good {
                    rig.map(page)?;
                }
                let how = if good { RETRY } else { TERMINATE };
                let clear_first = random.random_bool(0.5);
                if clear_first {
                    rig.bench.clear_fault(BANK)?;
                }
                if fsr & SS != 0 {
                    rig.resume(how)?;
                    if good {
                        retried += 1;
                    } else {
                        ended += 1;
                    }
                }
                if !clear_first {
                    rig.run(random.random_range(0..60))?;
                    rig.bench.clear_fault(BANK)?;
                }
            }
            if step % 20 == 19 {
                rig.unmap(random.random_range(8..24))?;
            }
            if step % 70 == 69 {
                rig.bench.write32(at(regs::CB_SCTLR, BANK), STALLING & !SCTLR_CFCFG | hupcf)?;
                rig.run(random.random_range(0..100))?;
                rig.bench.write32(at(regs::CB_SCTLR, BANK), STALLING | hupcf)?;
            }
        }
        // Until nothing is left: every fault is served.
        for _ in 0..400 {
            rig.run(100)?;
            if rig.bench.irq_context(BANK) {
                rig.bench.clear_fault(BANK)?;
                rig.resume(TERMINATE)?;
            }
            if started.iter().all(|&handle| rig.is_done(handle)) {
                break;
            }
        }
        assert!(started.iter().all(|&handle| rig.is_done(handle)), "seed {seed}");
        assert!(retried > 3 && ended > 1, "seed {seed}: {retried} {ended}");
        rig.bench.drain()?;
    }
    Ok(())
}

/// Nested, on variant `full`: the fault of stage 2 stalls in the stage-2 bank, whose RESUME counts.
#[test]
fn a_stage_2_fault_stalls_in_its_own_bank() -> Outcome {
    let at = |id: RegId, bank| id.offset(&FULL, bank);
    for seed in 0..3 {
        for hupcf in [0, SCTLR_HUPCF] {
            let mut bench = Bench::new(&FULL, "rusthdl", options(seed))?;
            bench.memory().add_region(RAM, 0x100_0000);
            bench.memory().add_region(TABLES, 0x80_0000);
            // Stage 2 is the identity over the tables of stage 1 and over the pages that are mapped.
            let mut stage1 = Tables::usual(TABLES);
            let mut stage2 = Tables::new(TABLES3, 12, 25);
            const S2_ALL: u64 = 0xf << 2 | 3 << 6 | 1 << 10;
            for page in 0..32 {
                stage2.map(bench.memory(), TABLES + 0x1000 * page, TABLES + 0x1000 * page, S2_ALL)?;
            }
            for page in 0..8 {
                stage1.map(bench.memory(), va(page), RAM + 0x1000 * page, READ_WRITE)?;
            }
            stage2.map(bench.memory(), RAM, RAM, S2_ALL)?;
            bench.write32(at(regs::CBA2R, STAGE2), 1)?;
            bench.write32(at(regs::CBAR, STAGE2), 0x21)?;
            bench.write32(at(regs::CB_TCR, STAGE2), 25 | 1 << 6 | 5 << 16)?;
            bench.write64(at(regs::CB_TTBR0, STAGE2), stage2.root)?;
            bench.write32(at(regs::CB_SCTLR, STAGE2), STALLING | hupcf)?;
            bench.route_stream(0, STREAM, BANK)?;
            bench.setup_bank(BANK, &stage1, ASID, SCTLR_M | SCTLR_CFRE)?;
            bench.write32(at(regs::CBAR, BANK), 3 << 16 | (STAGE2 as u32) << 8 | 0x44)?;
            bench.enable()?;
            assert_eq!(bench.burst(read(0))?.resp, OKAY);
            let held = bench.port(0).start(write(2));
            bench.run_until("the interrupt", |bench| bench.irq_context(STAGE2))?;
            assert_eq!(u64::from(bench.read32(at(regs::CB_FSR, STAGE2))?), FORMAT | TF | SS);
            assert_eq!(bench.read64(at(regs::CB_IPAFAR, STAGE2))?, RAM + 0x2100);
            let waiting = bench.port(0).start(read(3).id(2));
            bench.run_cycles(LONG)?;
            bench.write32(at(regs::CB_RESUME, BANK), TERMINATE)?;
            bench.run_cycles(LONG)?;
            assert!(bench.port(0).finished().is_none(), "the stage-1 bank's RESUME does nothing");
            for page in [2, 3] {
                stage2.map(bench.memory(), RAM + 0x1000 * page, RAM + 0x1000 * page, S2_ALL)?;
            }
            if seed % 2 == 0 {
                bench.clear_fault(STAGE2)?;
            }
            bench.write32(at(regs::CB_RESUME, STAGE2), RETRY)?;
            let mut done = HashMap::new();
            bench.run_until("both answers", |bench| {
                done.extend(bench.port(0).finished().map(|burst| (burst.handle, burst.resp)));
                done.len() == 2
            })?;
            assert_eq!(done[&held], OKAY);
            // Refused if the status was not clear yet, and HUPCF is not set.
            let refused = seed % 2 == 1 && hupcf == 0;
            assert_eq!(done[&waiting], if refused { SLVERR } else { OKAY });
            bench.clear_fault(STAGE2)?;
            bench.drain()?;
        }
    }
    Ok(())
}
