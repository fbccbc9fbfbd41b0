//! Register accesses that do not wait for each other: up to [`DEPTH`] writes and as many reads under way at once.
//!
//! Addresses, data and responses of each direction keep their order; reads and writes have none between them.

use super::pause::{Dice, Pauses};
use smmu_sim::dut::{LiteToMaster, LiteToSlave};
use std::collections::VecDeque;

/// Accesses of one direction that are under way at most.
const DEPTH: usize = 4;

/// One direction's accesses: those that have not been offered, and the number of those without an answer.
#[derive(Debug, Default)]
pub(super) struct Pipeline {
    addresses: VecDeque<u32>,
    data: VecDeque<(u64, u8)>,
    writes: usize,
    reads: VecDeque<(u32, u8)>,
    /// Reads that were offered, oldest first.
    asked: VecDeque<(u32, u8)>,
    aw_taken: bool,
    w_taken: bool,
    ar_taken: bool,
}

impl Pipeline {
    /// Queues a write of that word with those strobes.
    pub(super) fn write(&mut self, offset: u32, data: u64, strobes: u8) {
        self.addresses.push_back(offset);
        self.data.push_back((data, strobes));
    }

    /// Queues a read.
    pub(super) fn read(&mut self, offset: u32, bytes: u8) {
        self.reads.push_back((offset, bytes));
    }

    /// Nothing is queued or under way.
    pub(super) fn idle(&self) -> bool {
        self.addresses.is_empty() && self.data.is_empty() && self.writes == 0 && self.reads.is_empty() && self.asked.is_empty()
    }

    /// Decides the pins of this cycle. `done` gets the values of reads as they come, and 0 for each write.
    pub(super) fn drive(
        &mut self,
        hardware: &LiteToMaster,
        pins: &mut LiteToSlave,
        pauses: Pauses,
        dice: &mut Dice,
        done: &mut VecDeque<u64>,
    ) {
        pins.awvalid &= !std::mem::take(&mut self.aw_taken);
        pins.wvalid &= !std::mem::take(&mut self.w_taken);
        pins.arvalid &= !std::mem::take(&mut self.ar_taken);
        if !pins.awvalid && self.writes < DEPTH && !dice.percent(pauses.aw) {
            if let Some(offset) = self.addresses.pop_front() {
                pins.awvalid = true;
                pins.awaddr = offset;
                self.writes += 1;
            }
        }
        // Data goes with its address or after it, so that it is clear which writes are under way.
        let offered = self.data.len() > self.addresses.len();
        if !pins.wvalid && offered && !dice.percent(pauses.w) {
            if let Some((data, strobes)) = self.data.pop_front() {
                pins.wvalid = true;
                (pins.wdata, pins.wstrb) = (data, strobes);
            }
        }
        if !pins.arvalid && self.asked.len() < DEPTH && !dice.percent(pauses.ar) {
            if let Some(read) = self.reads.pop_front() {
                pins.arvalid = true;
                pins.araddr = read.0;
                self.asked.push_back(read);
            }
        }
        self.aw_taken = pins.awvalid && hardware.awready;
        self.w_taken = pins.wvalid && hardware.wready;
        self.ar_taken = pins.arvalid && hardware.arready;
        pins.bready = !dice.percent(pauses.b);
        if pins.bready && hardware.bvalid && self.writes > 0 {
            self.writes -= 1;
            done.push_back(0);
        }
        pins.rready = !dice.percent(pauses.r);
        if pins.rready && hardware.rvalid {
            if let Some((offset, bytes)) = self.asked.pop_front() {
                done.push_back(match (bytes, offset & 4) {
                    (4, 0) => hardware.rdata & 0xffff_ffff,
                    (4, _) => hardware.rdata >> 32,
                    _ => hardware.rdata,
                });
            }
        }
    }
}
