//! Runs a program on a bench.
//!
//! Steps come one after the other, each with its gap; register accesses and bursts are queued and run beside what follows. A queue that
//! gets long holds the next step back. At the end everything that is stopped goes on, the bench drains, and all fault records are read
//! and compared.

use super::act::Machine;
use super::beside::Counting;
use super::bounds::Bounds;
use super::forest::Forest;
use super::program::{Program, Step, SyncAfter};
use crate::axi::master::{Holds, MasterOptions};
use crate::bench::observe::Observer;
use crate::bench::{Bench, BenchError, BenchOptions};
use crate::scoreboard::Mismatch;
use smmu_sim::dut::{Device, WaveRequest};

/// Register accesses, and bursts, that may wait before the next step waits too.
const MAX_POSTED: usize = 6;
const MAX_BURSTS: usize = 24;

/// How a program is run.
#[derive(Default)]
pub struct Extras {
    /// A wave of the run.
    pub wave: Option<WaveRequest>,
    /// Somebody who looks on.
    pub observer: Option<Box<dyn Observer>>,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which check: the same one has to fail for a smaller program to count as the same failure.
    pub kind: String,
    /// Cycle in which it was seen.
    pub cycle: u64,
    /// Step that was being done then; the number of steps, if all were done.
    pub step: usize,
    /// The whole message.
    pub text: String,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Cycles clocked.
    pub cycles: u64,
    /// Transactions that were accepted and have ended or gone downstream.
    pub transactions: u64,
    /// Those of them that the hardware refused.
    pub refused: u64,
    /// Bursts on the walk port.
    pub walk_reads: u64,
    /// What went wrong, if something did.
    pub failure: Option<Failure>,
}

/// Runs a program on this device, fresh or not. A panic of the bench is a failure like any other.
pub fn execute(program: &Program, device: Box<dyn Device>, extras: Extras) -> Outcome {
    let mut done = 0;
    let mut outcome = Outcome::default();
    let run = || {
        let mut run = Run::new(program, device, extras)?;
        let result = run.whole(&mut done);
        let stats = run.bench.stats();
        outcome.cycles = run.bench.cycle();
        outcome.transactions = stats.transactions();
        outcome.refused = stats.refused;
        outcome.walk_reads = stats.walk_reads;
        let wave = run.bench.finish_wave();
        result.and(wave)
    };
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
    let failure = match result {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some((kind(&error), error.to_string())),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
            Some(("panic".to_string(), format!("the bench panics: {text}")))
        }
    };
    outcome.failure = failure.map(|(kind, text)| Failure { kind, cycle: outcome.cycles, step: done, text });
    outcome
}

/// Which check an error comes from.
fn kind(error: &BenchError) -> String {
    match error {
        BenchError::Mismatch(Mismatch { kind, .. }) => format!("scoreboard {kind:?}"),
        BenchError::Protocol(violation) => format!("protocol {} {:?}", violation.port, violation.rule),
        BenchError::Leak(_) => "isolation".to_string(),
        BenchError::Device(_) => "device".to_string(),
        BenchError::Timeout { .. } => "timeout".to_string(),
        BenchError::Memory(_) | BenchError::Figure { .. } | BenchError::Ended(_) => "bench".to_string(),
    }
}

/// A program under way.
pub(super) struct Run<'a> {
    program: &'a Program,
    pub(super) bench: Bench,
    pub(super) forest: Forest,
    pub(super) machine: Machine,
    pub(super) bounds: Bounds,
    /// What the performance counters count, as far as that is known.
    pub(super) counting: Option<Counting>,
    /// Cycle in which the client takes its channels up again.
    release: Option<u64>,
}

impl<'a> Run<'a> {
    fn new(program: &'a Program, device: Box<dyn Device>, extras: Extras) -> Result<Self, BenchError> {
        let around = &program.environment;
        let bounds = Bounds::of(program, device.params());
        let options = BenchOptions {
            seed: program.seed,
            latency: around.latency,
            walk_latency: Some(around.walk_latency),
            out_of_order: around.out_of_order,
            master: MasterOptions {
                max_reads: around.outstanding.0.max(1).into(),
                max_writes: around.outstanding.1.max(1).into(),
                pauses: around.client,
                data_leads: around.data_leads,
                ..MasterOptions::default()
            },
            watchdog: bounds.transaction,
            register_watchdog: Some(bounds.register),
            isolation: true,
            wave: extras.wave,
            ..BenchOptions::default()
        };
        let mut bench = Bench::with_device(device, options)?;
        bench.all_ports().for_each(|port| port.options_mut().pauses = around.client);
        bench.slaves().for_each(|slave| slave.options_mut().pauses = around.downstream);
        bench.walk_slave().options_mut().pauses = around.walk;
        bench.control().set_pauses(around.control);
        let forest = Forest::plant(around, bench.memory());
        let machine = Machine::new(bench.params());
        if let Some(observer) = extras.observer {
            bench.observe_with(observer);
        }
        Ok(Run { program, bench, forest, machine, bounds, counting: None, release: None })
    }

    pub(super) fn seed(&self) -> u64 {
        self.program.seed
    }

    fn whole(&mut self, done: &mut usize) -> Result<(), BenchError> {
        let program = self.program;
        for (n, timed) in program.steps.iter().enumerate() {
            *done = n;
            self.make_room()?;
            match timed.step {
                Step::Hold { channels, cycles } => self.hold(channels, cycles),
                Step::Drain => self.drain()?,
                Step::Reset => {
                    self.bench.reset_hardware()?;
                    self.machine.reset();
                    self.counting = None;
                }
                Step::Sync { bank, wait } => {
                    self.post_sync(bank);
                    if wait {
                        self.wait_for_sync(bank)?;
                    }
                }
                Step::Move(ref moved) => {
                    let bank = self.move_page(moved);
                    if moved.sync != SyncAfter::None {
                        self.post_sync(bank);
                    }
                    if moved.sync == SyncAfter::Wait {
                        self.wait_for_sync(bank)?;
                    }
                }
                Step::Serve(ref serve) => self.serve(serve)?,
                Step::Operation(ref operation) => self.operation(operation)?,
                Step::Count(ref count) => self.count(count)?,
                ref step => self.act(step, n),
            }
            self.pass(timed.then.into())?;
        }
        *done = program.steps.len();
        self.counted()?;
        self.drain()?;
        self.post_sync(None);
        self.wait_for_sync(None)?;
        self.post_all_records();
        self.drain()
    }

    /// One cycle.
    pub(super) fn tick(&mut self) -> Result<(), BenchError> {
        if self.release.is_some_and(|cycle| cycle <= self.bench.cycle()) {
            self.release();
        }
        self.bench.tick()?;
        self.forget_finished();
        Ok(())
    }

    fn forget_finished(&mut self) {
        self.bench.all_ports().for_each(|port| while port.finished().is_some() {});
    }

    pub(super) fn pass(&mut self, cycles: u64) -> Result<(), BenchError> {
        for _ in 0..cycles {
            self.tick()?;
        }
        Ok(())
    }

    /// Waits until the queues are short. What hangs in them is for the watchdogs.
    fn make_room(&mut self) -> Result<(), BenchError> {
        self.run_while(|run| {
            run.bench.control().pending() > MAX_POSTED || run.bench.all_ports().any(|port| port.in_flight() > MAX_BURSTS)
        })
    }

    fn hold(&mut self, channels: u8, cycles: u16) {
        let bit = |n: u8| channels >> n & 1 == 1;
        let holds = Holds { aw: bit(0), w: bit(1), b: bit(2), ar: bit(3), r: bit(4) };
        self.bench.all_ports().for_each(|port| port.hold(holds));
        self.release = Some(self.bench.cycle() + u64::from(cycles));
    }

    /// The client holds channels back.
    pub(super) fn is_holding(&self) -> bool {
        self.release.is_some()
    }

    fn release(&mut self) {
        self.release = None;
        self.bench.all_ports().for_each(|port| port.hold(Holds::default()));
    }

    pub(super) fn drain(&mut self) -> Result<(), BenchError> {
        self.release();
        if self.bench.params().features.stall {
            self.run_while(|run| run.bench.all_ports().any(|port| port.in_flight() > 0))?;
        }
        // Each access has its own limit; how many wait is no sign of anything (128 banks have 512 registers of records).
        self.settle_registers()?;
        self.bench.drain()?;
        self.forget_finished();
        Ok(())
    }

    /// Polls a synchronization to its end.
    pub(super) fn wait_for_sync(&mut self, bank: Option<u8>) -> Result<(), BenchError> {
        self.release();
        let status = self.machine.sync_status(bank);
        self.settle_registers()?;
        let start = self.bench.cycle();
        loop {
            self.bench.mmio_post_read(status, 4);
            self.settle_registers()?;
            if self.machine.last_value & 1 == 0 {
                return Ok(());
            }
            if self.bench.cycle() - start > self.bounds.synchronization {
                let what = format!("the end of the synchronization at {status:#x}");
                return Err(BenchError::Timeout { cycle: self.bench.cycle(), what, limit: self.bounds.synchronization });
            }
        }
    }

    /// Runs until no register access is left; keeps the last one's value.
    pub(super) fn settle_registers(&mut self) -> Result<(), BenchError> {
        while self.bench.control().pending() > 0 {
            self.tick()?;
        }
        while let Some(value) = self.bench.mmio_poll() {
            self.machine.last_value = value;
        }
        Ok(())
    }
}
