//! The register port at pin level: reads and writes of 4 or 8 bytes, one at a time, in the order in which they were posted.
//!
//! Timing: a write offers address and data in the same cycle (or apart, with pauses); the next access starts in the cycle after
//! the response at the earliest.

use super::pause::{Dice, Pauses};
use super::pipeline::Pipeline;
use smmu_sim::dut::{LiteToMaster, LiteToSlave};
use std::collections::VecDeque;

/// One register access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Access {
    offset: u32,
    bytes: u8,
    /// Word and strobes of a write; `None` for a read.
    write: Option<(u64, u8)>,
}

/// The register master. See the module's header.
pub struct LiteMaster {
    pauses: Pauses,
    dice: Dice,
    queue: VecDeque<Access>,
    /// The access on the pins: which of its channels are still to be handed over, and since when it runs.
    current: Option<Access>,
    address_left: bool,
    data_left: bool,
    started: u64,
    done: VecDeque<u64>,
    aw_taken: bool,
    w_taken: bool,
    ar_taken: bool,
    /// Accesses that do not wait for each other, if that was chosen.
    pipeline: Option<Pipeline>,
}

impl LiteMaster {
    /// A master with these pauses.
    pub fn new(pauses: Pauses, dice: Dice) -> Self {
        LiteMaster {
            pauses,
            dice,
            queue: VecDeque::new(),
            current: None,
            address_left: false,
            data_left: false,
            started: 0,
            done: VecDeque::new(),
            aw_taken: false,
            w_taken: false,
            ar_taken: false,
            pipeline: None,
        }
    }

    /// Lets accesses that are posted from now on not wait for each other (the results of reads and writes then come in the order of
    /// their answers), or again wait. Only while nothing is queued or on the pins.
    pub fn set_pipelined(&mut self, pipelined: bool) {
        self.pipeline = pipelined.then(Pipeline::default);
    }

    /// Its back-pressure.
    pub fn pauses(&self) -> Pauses {
        self.pauses
    }

    /// Queues a read of `bytes` (4 or 8) at byte offset `offset` of the register space. An offset is aligned down to `bytes`.
    pub fn post_read(&mut self, offset: u32, bytes: u8) {
        self.queue.push_back(Access { offset: align(offset, bytes), bytes, write: None });
    }

    /// Queues a write of `bytes` (4 or 8) at byte offset `offset` of the register space. An offset is aligned down to `bytes`.
    pub fn post_write(&mut self, offset: u32, value: u64, bytes: u8) {
        let offset = align(offset, bytes);
        let write = match (bytes, offset & 4) {
            (4, 0) => (value & 0xffff_ffff, 0x0f),
            (4, _) => (value << 32, 0xf0),
            _ => (value, 0xff),
        };
        self.queue.push_back(Access { offset, bytes, write: Some(write) });
    }

    /// Queues a write as it stands on the bus: byte offset, aligned 64-bit word, byte strobes.
    pub fn post_strobed(&mut self, offset: u32, data: u64, strobes: u8) {
        self.queue.push_back(Access { offset, bytes: 8, write: Some((data, strobes)) });
    }

    /// Accesses that are queued or on the pins.
    pub fn pending(&self) -> usize {
        self.queue.len() + usize::from(self.current.is_some())
    }

    /// Chooses other pauses.
    pub fn set_pauses(&mut self, pauses: Pauses) {
        self.pauses = pauses;
    }

    /// The next finished access: a read's value (zero-extended), 0 for a write.
    pub fn poll(&mut self) -> Option<u64> {
        self.done.pop_front()
    }

    /// The last finished access, out of turn.
    pub fn take_last(&mut self) -> Option<u64> {
        self.done.pop_back()
    }

    /// Whether nothing is queued or on the pins.
    pub fn idle(&self) -> bool {
        self.current.is_none() && self.queue.is_empty() && self.pipeline.as_ref().is_none_or(Pipeline::idle)
    }

    /// Cycle in which the access on the pins started, and its offset.
    pub fn running(&self) -> Option<(u64, u32)> {
        self.current.map(|access| (self.started, access.offset))
    }

    /// Forgets everything, as hardware reset does to both sides.
    pub fn reset(&mut self) {
        *self = LiteMaster::new(self.pauses, self.dice.clone());
    }

    /// Decides the pins of this cycle from the hardware's outputs, and takes note of what is handed over in it.
    pub fn drive(&mut self, cycle: u64, hardware: &LiteToMaster, pins: &mut LiteToSlave) {
        if let Some(pipeline) = &mut self.pipeline {
            for access in self.queue.drain(..) {
                match access.write {
                    Some((data, strobes)) => pipeline.write(access.offset, data, strobes),
                    None => pipeline.read(access.offset, access.bytes),
                }
            }
            return pipeline.drive(hardware, pins, self.pauses, &mut self.dice, &mut self.done);
        }
        pins.awvalid &= !std::mem::take(&mut self.aw_taken);
        pins.wvalid &= !std::mem::take(&mut self.w_taken);
        pins.arvalid &= !std::mem::take(&mut self.ar_taken);
        if self.current.is_none() {
            self.start(cycle);
        }
        let Some(access) = self.current else {
            pins.bready = false;
            pins.rready = false;
            return;
        };
        match access.write {
            Some(write) => self.drive_write(access, write, hardware, pins),
            None => self.drive_read(access, hardware, pins),
        }
    }

    fn start(&mut self, cycle: u64) {
        self.current = self.queue.pop_front();
        if self.current.is_some() {
            self.started = cycle;
            self.address_left = true;
            self.data_left = true;
        }
    }

    fn drive_write(&mut self, access: Access, write: (u64, u8), hardware: &LiteToMaster, pins: &mut LiteToSlave) {
        if self.address_left && !pins.awvalid && !self.dice.percent(self.pauses.aw) {
            pins.awvalid = true;
            pins.awaddr = access.offset;
        }
        if self.data_left && !pins.wvalid && !self.dice.percent(self.pauses.w) {
            pins.wvalid = true;
            (pins.wdata, pins.wstrb) = write;
        }
        if pins.awvalid && hardware.awready {
            self.aw_taken = true;
            self.address_left = false;
        }
        if pins.wvalid && hardware.wready {
            self.w_taken = true;
            self.data_left = false;
        }
        pins.bready = !self.dice.percent(self.pauses.b);
        if pins.bready && hardware.bvalid {
            self.finish(0);
        }
    }

    fn drive_read(&mut self, access: Access, hardware: &LiteToMaster, pins: &mut LiteToSlave) {
        if self.address_left && !pins.arvalid && !self.dice.percent(self.pauses.ar) {
            pins.arvalid = true;
            pins.araddr = access.offset;
        }
        if pins.arvalid && hardware.arready {
            self.ar_taken = true;
            self.address_left = false;
        }
        pins.rready = !self.dice.percent(self.pauses.r);
        if pins.rready && hardware.rvalid {
            self.finish(match (access.bytes, access.offset & 4) {
                (4, 0) => hardware.rdata & 0xffff_ffff,
                (4, _) => hardware.rdata >> 32,
                _ => hardware.rdata,
            });
        }
    }

    fn finish(&mut self, value: u64) {
        self.current = None;
        self.done.push_back(value);
    }
}

fn align(offset: u32, bytes: u8) -> u32 {
    if bytes == 8 {
        offset & !7
    } else {
        offset & !3
    }
}
