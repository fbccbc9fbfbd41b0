//! The bench: a device with everything around it, and everything about it checked.
//!
//! A [`Bench`] has the hardware (any engine), one bus master a client port, the register master, the memory with its two slaves
//! (data and walks), protocol checkers on every port, and the scoreboard. [`Bench::tick`] runs one cycle: every model sees the
//! hardware's outputs, decides its pins, the checkers look at both sides, the hardware is clocked.
//!
//! ```no_run
//! use smmu_rtl::params::MINI;
//! use smmu_testbench::bench::{Bench, BenchOptions};
//!
//! let mut bench = Bench::new(&MINI, "rusthdl", BenchOptions::default())?;
//! bench.memory().add_region(0x8000_0000, 1 << 20);
//! let done = bench.burst_read(0x300, 0x8000_0040, 4, 3)?;
//! assert_eq!(done.resp, 0);
//! # Ok::<(), smmu_testbench::bench::BenchError>(())
//! ```
//!
//! The first thing that is wrong ends the run: that call and every later one give an error.

mod directed;
pub mod fixture;
pub mod observe;
pub mod stats;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use crate::axi::checks::{AxiChecker, Bus, LiteChecker, Violation};
use crate::axi::lite::LiteMaster;
use crate::axi::master::{AxiMaster, MasterOptions};
use crate::axi::pause::{Dice, Pauses};
use crate::isolation::{Isolation, Leak};
use crate::memory::latency::Latency;
use crate::memory::slave::{MemorySlave, SlaveOptions};
use crate::memory::{Memory, MemoryError};
use crate::scoreboard::{Mismatch, Oracle, Scoreboard, ScoreboardOptions};
use observe::{Event, Observer};
use smmu_rtl::params::{Params, PA_WIDTH, PTW_DATA_WIDTH, PTW_ID_WIDTH, VA_WIDTH};
use smmu_sim::dut::{self, Device, DeviceError, Inputs, WaveRequest};
use smmu_sim::model::Model;
use stats::Stats;

/// Clock periods in 10 microseconds: one cycle is 1/300 MHz.
const CYCLES_PER_10_US: u64 = 3000;
/// Cycles that reset is held.
const RESET_CYCLES: usize = 8;
/// Cycles without anything in flight after which the hardware is taken to be at rest inside too.
const SETTLE_CYCLES: u64 = 64;

/// What can end a run.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The engine failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A port broke the bus protocol.
    #[error("bus protocol: {0}")]
    Protocol(#[from] Violation),
    /// The hardware did something else than the model.
    #[error("scoreboard: {0}")]
    Mismatch(#[from] Mismatch),
    /// An access that its stream has no way to.
    #[error(transparent)]
    Leak(#[from] Leak),
    /// The test touched memory that is not there.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// Something that a test waits for did not come.
    #[error("cycle {cycle}: {what} did not come within {limit} cycles")]
    Timeout {
        /// Cycle in which waiting ended.
        cycle: u64,
        /// What was waited for.
        what: String,
        /// Cycles that were waited.
        limit: u64,
    },
    /// A figure of the hardware that a test bounds is out of its bounds.
    #[error("cycle {cycle}: {what}: {figure}, must be {least} to {most}")]
    Figure {
        /// Cycle in which it was known.
        cycle: u64,
        /// What was counted.
        what: String,
        /// The count.
        figure: u64,
        /// The least that it may be.
        least: u64,
        /// The most that it may be.
        most: u64,
    },
    /// The run has ended with an error before.
    #[error("the run ended before: {0}")]
    Ended(String),
}

/// How a bench is set up. Everything random follows from `seed`.
#[derive(Clone, Debug)]
pub struct BenchOptions {
    /// Seed of all pauses, latencies and orders.
    pub seed: u64,
    /// Latency of data memory, in cycles from address to first data.
    pub latency: Latency,
    /// Latency of walks; `None` for that of data.
    pub walk_latency: Option<Latency>,
    /// Memory answers transactions of different ids in any order.
    pub out_of_order: bool,
    /// Back-pressure on every channel of every port.
    pub pauses: Pauses,
    /// Limits of the client masters (their pauses are `pauses`).
    pub master: MasterOptions,
    /// Compare with the reference model. Off, only data, payload and order are compared, and the bus protocol.
    pub scoreboard: bool,
    /// Cycles without an event after which a transaction or register access counts as hanging.
    pub watchdog: u64,
    /// The same for register accesses alone; `None`: no other than `watchdog`.
    pub register_watchdog: Option<u64>,
    /// Check isolation by its own rule, too.
    pub isolation: bool,
    /// A wave to be written.
    pub wave: Option<WaveRequest>,
}

impl Default for BenchOptions {
    fn default() -> Self {
        BenchOptions {
            seed: 1,
            latency: Latency::Fixed(10),
            walk_latency: None,
            out_of_order: false,
            pauses: Pauses::NONE,
            master: MasterOptions::default(),
            scoreboard: true,
            watchdog: ScoreboardOptions::default().watchdog,
            register_watchdog: None,
            isolation: false,
            wave: None,
        }
    }
}

/// See the module's header.
pub struct Bench {
    params: Params,
    device: Box<dyn Device>,
    inputs: Inputs,
    ports: Vec<AxiMaster>,
    lite: LiteMaster,
    memory: Memory,
    slaves: Vec<MemorySlave>,
    walk_slave: MemorySlave,
    client_checks: Vec<AxiChecker>,
    downstream_checks: Vec<AxiChecker>,
    walk_check: AxiChecker,
    control_check: LiteChecker,
    scoreboard: Scoreboard,
    isolation: Option<Isolation>,
    /// Cycles that were jumped over.
    skipped: u64,
    /// Cycles for which nothing has been in flight.
    idle_cycles: u64,
    watchdog: u64,
    ended: Option<String>,
    observer: Option<Box<dyn Observer>>,
    events: Vec<Event>,
}

impl Bench {
    /// A bench around hardware of this preset on this engine, out of reset.
    ///
    /// # Errors
    /// An unknown engine, a wave file that cannot be written, or hardware that fails in reset.
    pub fn new(params: &'static Params, engine: &str, options: BenchOptions) -> Result<Self, BenchError> {
        Self::with_device(dut::device(engine, params)?, options)
    }

    /// A bench around this device, out of reset.
    ///
    /// # Errors
    /// As [`Bench::new`].
    pub fn with_device(device: Box<dyn Device>, options: BenchOptions) -> Result<Self, BenchError> {
        let oracle = Box::new(Model::new(device.params()));
        Self::with_oracle(device, oracle, options)
    }

    /// A bench around this device, compared with this oracle, out of reset.
    ///
    /// # Errors
    /// As [`Bench::new`].
    pub fn with_oracle(mut device: Box<dyn Device>, oracle: Box<dyn Oracle>, options: BenchOptions) -> Result<Self, BenchError> {
        let params = *device.params();
        let bus_bytes = params.data_width / 8;
        let dice = |stream| Dice::new(options.seed, stream);
        if let Some(wave) = options.wave {
            device.start_wave(wave)?;
        }
        let slave = |latency| SlaveOptions { latency, out_of_order: options.out_of_order, pauses: options.pauses };
        let master = MasterOptions { pauses: options.pauses, ..options.master };
        let client = |_| AxiChecker::new(bus("s_axi", params.id_width, VA_WIDTH, bus_bytes, false));
        let downstream = |_| AxiChecker::new(bus("m_axi", params.id_width, PA_WIDTH, bus_bytes, true));
        // Numbers of dice: 1 for the first port, from 32 on for further ones.
        let memory = |n: usize| MemorySlave::new(bus_bytes, slave(options.latency), dice(if n == 0 { 1 } else { 31 + n as u64 }));
        let port = |n| AxiMaster::new(&params, master, dice(16 + n as u64));
        let register_watchdog = options.register_watchdog.unwrap_or(options.watchdog);
        let checks = ScoreboardOptions { compare: options.scoreboard, watchdog: options.watchdog, register_watchdog };
        let walk_latency = options.walk_latency.unwrap_or(options.latency);
        let mut bench = Bench {
            params,
            inputs: Inputs::idle(&params),
            ports: (0..params.tbus).map(port).collect(),
            lite: LiteMaster::new(options.pauses, dice(0)),
            memory: Memory::new(),
            slaves: (0..params.tbus).map(memory).collect(),
            walk_slave: MemorySlave::new(PTW_DATA_WIDTH / 8, slave(walk_latency), dice(2)),
            client_checks: (0..params.tbus).map(client).collect(),
            downstream_checks: (0..params.tbus).map(downstream).collect(),
            walk_check: AxiChecker::new(bus("m_axi_ptw", PTW_ID_WIDTH, PA_WIDTH, PTW_DATA_WIDTH / 8, true)),
            control_check: LiteChecker::new(),
            scoreboard: Scoreboard::new(&params, oracle, checks),
            isolation: options.isolation.then(|| Isolation::new(&params)),
            skipped: 0,
            idle_cycles: 0,
            watchdog: options.watchdog,
            ended: None,
            observer: None,
            events: Vec::new(),
            device,
        };
        if bench.isolation.is_some() {
            bench.memory.keep_journal();
        }
        bench.reset_hardware()?;
        Ok(bench)
    }

    /// Sizes and straps of the hardware.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The device under test.
    pub fn device(&self) -> &dyn Device {
        &*self.device
    }

    /// Lets somebody look on from now on. Every cycle's pins and events go to `observer`, which is told the back-pressure at once.
    pub fn observe_with(&mut self, mut observer: Box<dyn Observer>) {
        self.scoreboard.note_events();
        let pauses = |port, pauses| Event::Pauses { port, pauses };
        for port in &self.ports {
            observer.event(&pauses("s_axi", port.options().pauses));
        }
        observer.event(&pauses("s_axil_ctrl", self.lite.pauses()));
        for slave in &self.slaves {
            observer.event(&pauses("m_axi", slave.options().pauses));
        }
        observer.event(&pauses("m_axi_ptw", self.walk_slave.options().pauses));
        self.observer = Some(observer);
    }

    /// Gives the observer back.
    pub fn take_observer(&mut self) -> Option<Box<dyn Observer>> {
        self.observer.take()
    }

    /// Runs one cycle.
    ///
    /// # Errors
    /// The first thing that is wrong; the run has ended then.
    pub fn tick(&mut self) -> Result<(), BenchError> {
        if let Some(reason) = &self.ended {
            return Err(BenchError::Ended(reason.clone()));
        }
        let result = self.run_cycle();
        if let Err(error) = &result {
            self.ended = Some(error.to_string());
        }
        result
    }

    fn run_cycle(&mut self) -> Result<(), BenchError> {
        let cycle = self.device.cycles();
        let outputs = self.device.outputs();
        let inputs = &mut self.inputs;
        for (n, port) in self.ports.iter_mut().enumerate() {
            port.drive(cycle, &outputs.s_axi[n], &mut inputs.s_axi[n]);
        }
        self.lite.drive(cycle, &outputs.ctrl, &mut inputs.ctrl);
        for (n, slave) in self.slaves.iter_mut().enumerate() {
            slave.drive(cycle, &outputs.m_axi[n], &mut inputs.m_axi[n], &mut self.memory);
        }
        self.walk_slave.drive(cycle, &outputs.m_axi_ptw, &mut inputs.m_axi_ptw, &mut self.memory);
        for (n, check) in self.client_checks.iter_mut().enumerate() {
            check.observe(cycle, &inputs.s_axi[n], &outputs.s_axi[n])?;
        }
        for (n, check) in self.downstream_checks.iter_mut().enumerate() {
            check.observe(cycle, &outputs.m_axi[n], &inputs.m_axi[n])?;
        }
        self.walk_check.observe(cycle, &outputs.m_axi_ptw, &inputs.m_axi_ptw)?;
        self.control_check.observe(cycle, &inputs.ctrl, &outputs.ctrl)?;
        if let Some(isolation) = &mut self.isolation {
            isolation.observe(cycle, outputs, inputs, &mut self.memory)?;
        }
        let held = self.ports.iter().any(|port| port.holds().any());
        self.scoreboard.observe(cycle, outputs, inputs, &mut self.memory, held)?;
        if let Some(observer) = &mut self.observer {
            observer.cycle(cycle, inputs, outputs);
            self.scoreboard.take_events(&mut self.events);
            self.events.iter().for_each(|event| observer.event(event));
        }
        self.device.cycle(&self.inputs)?;
        self.idle_cycles = if self.nothing_in_flight() { self.idle_cycles + 1 } else { 0 };
        Ok(())
    }

    fn nothing_in_flight(&self) -> bool {
        self.ports.iter().all(|port| port.in_flight() == 0)
            && self.lite.idle()
            && self.scoreboard.quiet()
            && self.slaves.iter().all(MemorySlave::idle)
            && self.walk_slave.idle()
    }

    /// Nothing is in flight on any port, and has not been for long enough that the hardware is at rest inside too.
    pub fn quiet(&self) -> bool {
        self.idle_cycles >= SETTLE_CYCLES && self.nothing_in_flight()
    }

    /// Cycles clocked since the device was made.
    pub fn cycle(&self) -> u64 {
        self.device.cycles()
    }

    /// Nanoseconds since the device was made, at 300 MHz, skipped time included.
    pub fn now_ns(&self) -> u64 {
        let cycles = u128::from(self.device.cycles() + self.skipped);
        (cycles * 10_000 / u128::from(CYCLES_PER_10_US)) as u64
    }

    /// Lets `ns` nanoseconds pass (rounded up to cycles). As soon as the bench is [quiet](Bench::quiet), the rest is jumped over
    /// without clocking the hardware.
    ///
    /// # Errors
    /// As [`Bench::tick`].
    pub fn skip_ns(&mut self, ns: u64) -> Result<(), BenchError> {
        let mut cycles = (u128::from(ns) * u128::from(CYCLES_PER_10_US)).div_ceil(10_000) as u64;
        while cycles > 0 && !self.quiet() {
            self.tick()?;
            cycles -= 1;
        }
        if cycles > 0 {
            self.device.skip(cycles);
            self.skipped += cycles;
        }
        Ok(())
    }

    /// Hardware reset: everything in flight is forgotten on all sides; memory and counts stay.
    ///
    /// # Errors
    /// As [`Bench::tick`]. A run that has ended is not revived.
    pub fn reset_hardware(&mut self) -> Result<(), BenchError> {
        self.inputs = Inputs { aresetn: false, ..Inputs::idle(&self.params) };
        for _ in 0..RESET_CYCLES {
            self.device.cycle(&self.inputs)?;
        }
        self.inputs.aresetn = true;
        self.ports.iter_mut().for_each(AxiMaster::reset);
        self.client_checks.iter_mut().for_each(AxiChecker::reset);
        self.lite.reset();
        self.slaves.iter_mut().for_each(MemorySlave::reset);
        self.walk_slave.reset();
        self.downstream_checks.iter_mut().for_each(AxiChecker::reset);
        self.walk_check.reset();
        self.control_check.reset();
        if let Some(isolation) = &mut self.isolation {
            isolation.reset();
        }
        let in_flight = self.scoreboard.in_flight();
        self.scoreboard.reset();
        self.idle_cycles = 0;
        if let Some(observer) = &mut self.observer {
            observer.event(&Event::Reset { in_flight });
        }
        Ok(())
    }

    /// Queues a register read of 4 or 8 bytes. Accesses are performed one at a time, in order.
    pub fn mmio_post_read(&mut self, offset: u32, bytes: u8) {
        self.lite.post_read(offset, bytes);
    }

    /// Queues a register write of 4 or 8 bytes.
    pub fn mmio_post_write(&mut self, offset: u32, value: u64, bytes: u8) {
        self.lite.post_write(offset, value, bytes);
    }

    /// The register master, for accesses as they stand on the bus, and to change its pauses.
    pub fn control(&mut self) -> &mut LiteMaster {
        &mut self.lite
    }

    /// The next finished register access: a read's value, 0 for a write.
    pub fn mmio_poll(&mut self) -> Option<u64> {
        self.lite.poll()
    }

    /// The bus master on client port `n`.
    ///
    /// # Panics
    /// If there is no such port: port numbers are written in code.
    pub fn port(&mut self, n: usize) -> &mut AxiMaster {
        &mut self.ports[n]
    }

    /// The bus masters on all client ports.
    pub fn all_ports(&mut self) -> impl Iterator<Item = &mut AxiMaster> {
        self.ports.iter_mut()
    }

    /// The memory behind the hardware.
    pub fn memory(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// The slave on downstream port `n`, to change its latency and pauses.
    ///
    /// # Panics
    /// If there is no such port: port numbers are written in code.
    pub fn slave(&mut self, n: usize) -> &mut MemorySlave {
        &mut self.slaves[n]
    }

    /// The slaves on all downstream ports.
    pub fn slaves(&mut self) -> impl Iterator<Item = &mut MemorySlave> {
        self.slaves.iter_mut()
    }

    /// The slave on the walk port.
    pub fn walk_slave(&mut self) -> &mut MemorySlave {
        &mut self.walk_slave
    }

    /// Level of `irq_global`.
    pub fn irq_global(&self) -> bool {
        self.device.outputs().irq_global
    }

    /// Level of `irq_context[bank]`; low for a bank that does not exist.
    pub fn irq_context(&self, bank: usize) -> bool {
        self.device.outputs().irq_context.get(bank).is_some_and(|level| *level)
    }

    /// What the run counted so far.
    pub fn stats(&self) -> &Stats {
        self.scoreboard.stats()
    }

    /// What the register at `result` must show after an address translation operation: its offset and its 64-bit word.
    pub fn result_of(&mut self, operation: (u32, u64), result: u32) -> u64 {
        self.scoreboard.result_of(operation, result, &mut self.memory)
    }

    /// Starts to count anew.
    pub fn reset_stats(&mut self) {
        self.scoreboard.stats_mut().reset();
    }

    /// Ends the wave, if there is one.
    ///
    /// # Errors
    /// A write error that came up on the way.
    pub fn finish_wave(&mut self) -> Result<(), BenchError> {
        Ok(self.device.finish_wave()?)
    }
}

fn bus(port: &'static str, id_bits: usize, addr_bits: usize, data_bytes: usize, legal_bursts: bool) -> Bus {
    Bus { port, id_bits, addr_bits, data_bytes, legal_bursts }
}
