//! What a measurement of the hardware runs on: a device, a memory behind its ports, page tables, and a client that sends
//! address beats back to back and notes the cycle of every handover.
//!
//! The test bench proper ([`crate::bench`]) cuts transfers into bursts and checks everything; here a figure depends on which cycle
//! an address stands on the pins, so the client is driven directly.

use super::BenchmarkError;
use crate::axi::burst::{self, INCR, OKAY};
use crate::axi::lite::LiteMaster;
use crate::axi::pause::{Dice, Pauses};
use crate::memory::latency::Latency;
use crate::memory::slave::{MemorySlave, SlaveOptions};
use crate::memory::Memory;
use smmu_rtl::params::{Params, PTW_DATA_WIDTH};
use smmu_rtl::registers::{self as regs, RegId};
use smmu_sim::dut::{self, AddrBeat, Device, Inputs, WriteBeat};
use std::collections::VecDeque;

/// Stream that the rig's context bank translates.
pub const TRANSLATED: u32 = 0x21;
/// Stream that bypasses.
pub const BYPASSED: u32 = 0x42;
/// The first virtual page of the rig's tables, and how many follow it.
pub const VA: u64 = 0x7f_8000_0000;
/// Pages that are mapped: 64 lines of 8 descriptors, all in one table of the last level.
pub const PAGES: u64 = 512;
/// Where [`VA`] is mapped to.
pub const PA: u64 = 0x4000_0000;

/// Where the page tables are.
const TABLES: u64 = 0x1000_0000;
/// Cycles after which something that has not come will not come.
const PATIENCE: u64 = 20_000;

/// An address beat and the cycle of its handover.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Cycle in which `valid` and `ready` were both high.
    pub cycle: u64,
    /// The beat.
    pub beat: AddrBeat,
}

/// Handovers of every address channel, in order.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Accepted from the client, reads.
    pub ar_in: Vec<Seen>,
    /// Accepted from the client, writes.
    pub aw_in: Vec<Seen>,
    /// First seen valid downstream, reads.
    pub ar_out: Vec<Seen>,
    /// First seen valid downstream, writes.
    pub aw_out: Vec<Seen>,
    /// Table reads accepted.
    pub walks: u64,
    /// Most table reads that were in flight at once.
    pub walks_in_flight: usize,
    /// Read bursts and write responses that came back to the client.
    pub answers: u64,
    /// Those of them with an error.
    pub errors: u64,
}

/// See the module's header.
pub struct Rig {
    device: Box<dyn Device>,
    inputs: Inputs,
    memory: Memory,
    downstream: MemorySlave,
    walk: MemorySlave,
    ctrl: LiteMaster,
    cycle: u64,
    ar: VecDeque<AddrBeat>,
    aw: VecDeque<AddrBeat>,
    w: VecDeque<WriteBeat>,
    record: Record,
}

impl Rig {
    /// A device of that engine and preset behind reset, with its registers set and nothing cached. `latency` is that of the
    /// table memory; data memory answers after two cycles.
    ///
    /// # Errors
    /// An engine that fails, or hardware that does not answer register accesses.
    pub fn new(engine: &str, params: &'static Params, latency: u32) -> Result<Self, BenchmarkError> {
        let device = dut::device(engine, params)?;
        let slave = |bytes, latency, stream| {
            let options = SlaveOptions { latency: Latency::Fixed(latency), ..SlaveOptions::default() };
            MemorySlave::new(bytes, options, Dice::new(0, stream))
        };
        let mut rig = Rig {
            device,
            inputs: Inputs::idle(params),
            memory: Memory::new(),
            downstream: slave(params.data_width / 8, 2, 0),
            walk: slave(PTW_DATA_WIDTH / 8, latency, 1),
            ctrl: LiteMaster::new(Pauses::NONE, Dice::new(0, 2)),
            cycle: 0,
            ar: VecDeque::new(),
            aw: VecDeque::new(),
            w: VecDeque::new(),
            record: Record::default(),
        };
        rig.tables()?;
        rig.reset()?;
        rig.set_up()?;
        rig.quiet()?;
        rig.record = Record::default();
        Ok(rig)
    }

    /// Four levels of tables with 4 KiB granules that map [`PAGES`] pages from [`VA`] to [`PA`].
    fn tables(&mut self) -> Result<(), BenchmarkError> {
        const TABLE: u64 = 0x3;
        const PAGE: u64 = 0x3 | 1 << 6 | 1 << 10; // page, unprivileged access, access flag
        self.memory.add_region(TABLES, 4 << 12);
        self.memory.add_region(PA, PAGES << 12);
        for level in 0..3u64 {
            let index = VA >> (39 - 9 * level) & 0x1ff;
            self.memory.write_u64(TABLES + (level << 12) + 8 * index, (TABLES + ((level + 1) << 12)) | TABLE)?;
        }
        for page in 0..PAGES {
            let index = ((VA >> 12) + page) & 0x1ff;
            self.memory.write_u64(TABLES + (3 << 12) + 8 * index, (PA + (page << 12)) | PAGE)?;
        }
        Ok(())
    }

    fn reset(&mut self) -> Result<(), BenchmarkError> {
        self.inputs.aresetn = false;
        for _ in 0..8 {
            self.device.cycle(&self.inputs)?;
        }
        self.inputs.aresetn = true;
        Ok(())
    }

    /// One translated stream, one that bypasses; bank 0 with four levels of 4 KiB tables.
    fn set_up(&mut self) -> Result<(), BenchmarkError> {
        const VALID: u64 = 1 << 31;
        let put = |id: RegId, fields: &[(&str, u64)]| fields.iter().fold(0, |v, (name, x)| id.field(name).put(v, *x));
        self.write(regs::SMR, 0, VALID | u64::from(TRANSLATED))?;
        self.write(regs::S2CR, 0, put(regs::S2CR, &[("TYPE", 0), ("CBNDX", 0)]))?;
        self.write(regs::SMR, 1, VALID | u64::from(BYPASSED))?;
        self.write(regs::S2CR, 1, put(regs::S2CR, &[("TYPE", 1)]))?;
        self.write(regs::CBA2R, 0, put(regs::CBA2R, &[("VA64", 1)]))?;
        self.write(regs::CBAR, 0, put(regs::CBAR, &[("TYPE", 1)]))?;
        self.write(regs::CB_TCR2, 0, put(regs::CB_TCR2, &[("SEP", 7), ("PASize", 5), ("AS", 1)]))?;
        self.write(regs::CB_TCR, 0, put(regs::CB_TCR, &[("T0SZ", 16), ("EPD1", 1)]))?;
        self.write(regs::CB_TTBR0, 0, TABLES)?;
        self.write(regs::CB_SCTLR, 0, put(regs::CB_SCTLR, &[("M", 1), ("CFRE", 1), ("CFIE", 1)]))?;
        self.write(regs::SCR0, 0, put(regs::SCR0, &[("USFCFG", 1), ("GFRE", 1)]))
    }

    /// Drops everything that is cached.
    pub fn invalidate(&mut self) -> Result<(), BenchmarkError> {
        self.write(regs::TLBIALLNSNH, 0, 0)?;
        self.write(regs::STLBGSYNC, 0, 0)?;
        for _ in 0..100 {
            if self.read(regs::STLBGSTATUS)? & 1 == 0 {
                return Ok(());
            }
        }
        Err(BenchmarkError::Stuck { what: "end of the TLB synchronization", cycles: PATIENCE })
    }

    /// Writes a register.
    fn write(&mut self, id: RegId, index: usize, value: u64) -> Result<(), BenchmarkError> {
        let offset = id.offset(self.device.params(), index);
        self.ctrl.post_write(offset, value, id.register().width / 8);
        self.wait("response to a register write", |rig| rig.ctrl.poll()).map(|_| ())
    }

    /// Reads a register.
    fn read(&mut self, id: RegId) -> Result<u64, BenchmarkError> {
        let offset = id.offset(self.device.params(), 0);
        self.ctrl.post_read(offset, id.register().width / 8);
        self.wait("answer to a register read", |rig| rig.ctrl.poll())
    }

    /// Runs until `done` gives something.
    fn wait<T>(&mut self, what: &'static str, mut done: impl FnMut(&mut Self) -> Option<T>) -> Result<T, BenchmarkError> {
        for _ in 0..PATIENCE {
            self.tick()?;
            if let Some(value) = done(self) {
                return Ok(value);
            }
        }
        Err(BenchmarkError::Stuck { what, cycles: PATIENCE })
    }

    /// Queues a read of one beat.
    pub fn send_read(&mut self, stream: u32, id: u32, addr: u64) {
        let beat = self.beat(stream, id, addr);
        self.ar.push_back(beat);
    }

    /// Queues a write of one beat.
    pub fn send_write(&mut self, stream: u32, id: u32, addr: u64) {
        let beat = self.beat(stream, id, addr);
        let bytes = self.device.params().data_width / 8;
        self.w.push_back(WriteBeat { data: 0, strb: burst::full_strobe(&beat, 0, bytes), last: true });
        self.aw.push_back(beat);
    }

    fn beat(&self, user: u32, id: u32, addr: u64) -> AddrBeat {
        let size = (self.device.params().data_width / 8).trailing_zeros() as u8;
        AddrBeat { id, addr, size, burst: INCR, prot: 0b010, user, ..AddrBeat::default() }
    }

    /// Runs until everything that was queued is answered, then hands out what was seen since the last call.
    ///
    /// # Errors
    /// Something is never answered, or answered with an error: the cycles would mean nothing.
    pub fn run(&mut self) -> Result<Record, BenchmarkError> {
        self.quiet()?;
        let record = std::mem::take(&mut self.record);
        if record.errors != 0 {
            let text = format!(
                "{} of {} transactions were refused: the registers or tables are not as meant",
                record.errors, record.answers
            );
            return Err(BenchmarkError::Wrong(text));
        }
        Ok(record)
    }

    /// Runs until nothing is queued, in flight or unanswered, and some cycles more.
    fn quiet(&mut self) -> Result<(), BenchmarkError> {
        self.wait("answer to every transaction", |rig| {
            let sent = rig.record.ar_in.len() + rig.record.aw_in.len();
            let done = rig.ar.is_empty() && rig.aw.is_empty() && rig.w.is_empty() && rig.record.answers == sent as u64;
            (done && rig.walk.idle() && rig.downstream.idle()).then_some(())
        })?;
        for _ in 0..32 {
            self.tick()?;
        }
        Ok(())
    }

    /// Cycles since the device was made.
    pub fn cycles(&self) -> u64 {
        self.cycle
    }

    /// One cycle.
    pub fn tick(&mut self) -> Result<(), BenchmarkError> {
        let (cycle, out) = (self.cycle, self.device.outputs());
        let pins = &mut self.inputs.s_axi[0];
        let client = out.s_axi[0];
        pins.bready = true;
        pins.rready = true;
        pins.arvalid = !self.ar.is_empty();
        pins.ar = self.ar.front().copied().unwrap_or_default();
        pins.awvalid = !self.aw.is_empty();
        pins.aw = self.aw.front().copied().unwrap_or_default();
        pins.wvalid = !self.w.is_empty();
        pins.w = self.w.front().copied().unwrap_or_default();
        if client.arready {
            self.record.ar_in.extend(self.ar.pop_front().map(|beat| Seen { cycle, beat }));
        }
        if client.awready {
            self.record.aw_in.extend(self.aw.pop_front().map(|beat| Seen { cycle, beat }));
        }
        if client.wready {
            self.w.pop_front();
        }
        let (read, written) = (client.rvalid && client.r.last, client.bvalid);
        self.record.answers += u64::from(read) + u64::from(written);
        self.record.errors += u64::from(read && client.r.resp != OKAY) + u64::from(written && client.b.resp != OKAY);

        self.downstream.drive(cycle, &out.m_axi[0], &mut self.inputs.m_axi[0], &mut self.memory);
        self.walk.drive(cycle, &out.m_axi_ptw, &mut self.inputs.m_axi_ptw, &mut self.memory);
        self.ctrl.drive(cycle, &out.ctrl, &mut self.inputs.ctrl);
        // The memory is always ready, so an address is valid for one cycle.
        if out.m_axi[0].arvalid {
            self.record.ar_out.push(Seen { cycle, beat: out.m_axi[0].ar });
        }
        if out.m_axi[0].awvalid {
            self.record.aw_out.push(Seen { cycle, beat: out.m_axi[0].aw });
        }
        self.record.walks += u64::from(out.m_axi_ptw.arvalid);
        self.record.walks_in_flight = self.record.walks_in_flight.max(self.walk.reads_in_flight());

        self.device.cycle(&self.inputs)?;
        self.cycle += 1;
        Ok(())
    }
}
