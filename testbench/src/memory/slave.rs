//! The AXI slave that serves [`Memory`] on `m_axi` and, with its read half, on `m_axi_ptw`.
//!
//! Timing: an address handed over in cycle c with latency L has its first data beat (or, counted from the last write beat, its
//! response) valid in cycle c + L at the earliest, then one beat a cycle. Any number of transactions may be in flight. A read
//! sees the memory as it is when its address is handed over; write beats change it when they are handed over. Write data is
//! taken once its address is (the same cycle is enough).

use super::latency::{InFlight, Latency};
use super::Memory;
use crate::axi::burst::{self, OKAY};
use crate::axi::pause::{Dice, Pauses};
use smmu_sim::dut::{AddrBeat, AxiToMaster, AxiToSlave, ReadBeat, RespBeat};
use std::collections::VecDeque;

/// How a slave behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlaveOptions {
    /// Time to the first answer.
    pub latency: Latency,
    /// Transactions of different ids may answer in any order.
    pub out_of_order: bool,
    /// Back-pressure.
    pub pauses: Pauses,
}

/// A read with its data, as the memory was when its address was accepted.
#[derive(Debug)]
struct Read {
    addr: AddrBeat,
    /// Data and response of every beat.
    beats: Vec<(u128, u8)>,
}

/// The slave. See the module's header.
pub struct MemorySlave {
    options: SlaveOptions,
    bus_bytes: usize,
    dice: Dice,
    reads: InFlight<Read>,
    /// The burst on the R channel and its next beat.
    sending: Option<(Read, usize)>,
    /// Accepted write addresses whose data is not complete, with the worst response so far.
    writes: VecDeque<(AddrBeat, u8)>,
    w_beat: usize,
    responses: InFlight<RespBeat>,
    /// Emptied beat lists, kept so that a steady stream allocates nothing.
    spare: Vec<Vec<(u128, u8)>>,
    r_taken: bool,
    b_taken: bool,
    reads_accepted: u64,
}

impl MemorySlave {
    /// A slave on a bus of `bus_bytes` (8 or 16). `dice` decides latencies, order and pauses.
    pub fn new(bus_bytes: usize, options: SlaveOptions, dice: Dice) -> Self {
        MemorySlave {
            options,
            bus_bytes,
            dice,
            reads: InFlight::new(options.out_of_order),
            sending: None,
            writes: VecDeque::new(),
            w_beat: 0,
            responses: InFlight::new(options.out_of_order),
            spare: Vec::new(),
            r_taken: false,
            b_taken: false,
            reads_accepted: 0,
        }
    }

    /// Latency and pauses.
    pub fn options(&self) -> &SlaveOptions {
        &self.options
    }

    /// Latency and pauses, to be read or changed at any time. Order can only be chosen at [`MemorySlave::new`].
    pub fn options_mut(&mut self) -> &mut SlaveOptions {
        &mut self.options
    }

    /// Whether nothing is in flight.
    pub fn idle(&self) -> bool {
        self.reads.len() == 0 && self.sending.is_none() && self.writes.is_empty() && self.responses.len() == 0 && !self.b_taken
    }

    /// Read addresses accepted since the slave was made.
    pub fn reads_accepted(&self) -> u64 {
        self.reads_accepted
    }

    /// Reads accepted and not wholly answered.
    pub fn reads_in_flight(&self) -> usize {
        self.reads.len() + usize::from(self.sending.is_some())
    }

    /// Write addresses accepted whose response is not taken.
    pub fn writes_in_flight(&self) -> usize {
        self.writes.len() + self.responses.len()
    }

    /// Forgets everything in flight, as hardware reset does to both sides. The memory stays.
    pub fn reset(&mut self) {
        let accepted = self.reads_accepted;
        *self = MemorySlave::new(self.bus_bytes, self.options, self.dice.clone());
        self.reads_accepted = accepted;
    }

    /// Decides the pins of this cycle from the hardware's outputs, and takes note of what is handed over in it.
    pub fn drive(&mut self, cycle: u64, hardware: &AxiToSlave, pins: &mut AxiToMaster, memory: &mut Memory) {
        let pauses = self.options.pauses;
        self.drive_r(cycle, hardware, pins);
        self.drive_b(cycle, hardware, pins);
        pins.awready = !self.dice.percent(pauses.aw);
        if pins.awready && hardware.awvalid {
            self.writes.push_back((hardware.aw, OKAY));
        }
        pins.wready = !self.writes.is_empty() && !self.dice.percent(pauses.w);
        if pins.wready && hardware.wvalid {
            self.take_w(cycle, hardware, memory);
        }
        pins.arready = !self.dice.percent(pauses.ar);
        if pins.arready && hardware.arvalid {
            self.take_ar(cycle, &hardware.ar, memory);
        }
    }

    fn drive_r(&mut self, cycle: u64, hardware: &AxiToSlave, pins: &mut AxiToMaster) {
        if std::mem::take(&mut self.r_taken) {
            pins.rvalid = false;
        }
        if !pins.rvalid {
            if self.sending.is_none() {
                self.sending = self.reads.take_due(cycle, &mut self.dice).map(|read| (read, 0));
            }
            let Some((read, beat)) = &self.sending else { return };
            if self.dice.percent(self.options.pauses.r) {
                return;
            }
            let (data, resp) = read.beats[*beat];
            pins.rvalid = true;
            pins.r = ReadBeat { id: read.addr.id, data, resp, last: beat + 1 == read.beats.len() };
        }
        if hardware.rready {
            self.r_taken = true;
            if let Some((_, beat)) = &mut self.sending {
                *beat += 1;
            }
            if pins.r.last {
                self.spare.extend(self.sending.take().map(|(read, _)| read.beats));
            }
        }
    }

    fn drive_b(&mut self, cycle: u64, hardware: &AxiToSlave, pins: &mut AxiToMaster) {
        if std::mem::take(&mut self.b_taken) {
            pins.bvalid = false;
        }
        if !pins.bvalid {
            if self.responses.len() == 0 || self.dice.percent(self.options.pauses.b) {
                return;
            }
            let Some(b) = self.responses.take_due(cycle, &mut self.dice) else { return };
            pins.bvalid = true;
            pins.b = b;
        }
        self.b_taken = hardware.bready;
    }

    fn take_w(&mut self, cycle: u64, hardware: &AxiToSlave, memory: &mut Memory) {
        let Some((addr, worst)) = self.writes.front_mut() else { return };
        let base = burst::beat_addr(addr, self.w_beat) & !(self.bus_bytes as u64 - 1);
        *worst = (*worst).max(memory.bus_write(base, hardware.w.data, hardware.w.strb));
        self.w_beat += 1;
        // The count decides, not WLAST: a wrong WLAST is for the protocol checker to report.
        if self.w_beat == burst::beats(addr) {
            let due = cycle + self.options.latency.draw(&mut self.dice);
            self.responses.push(addr.id, due, RespBeat { id: addr.id, resp: *worst });
            self.w_beat = 0;
            self.writes.pop_front();
        }
    }

    fn take_ar(&mut self, cycle: u64, addr: &AddrBeat, memory: &mut Memory) {
        self.reads_accepted += 1;
        let due = cycle + self.options.latency.draw(&mut self.dice);
        let mut beats = self.spare.pop().unwrap_or_default();
        beats.clear();
        for n in 0..burst::beats(addr) {
            let base = burst::beat_addr(addr, n) & !(self.bus_bytes as u64 - 1);
            let mut bytes = [0; 16];
            let lanes = burst::lanes(addr, n, self.bus_bytes);
            // A beat that is narrower than the bus touches its own bytes only: its neighbours may be errors.
            let resp = memory.bus_read(base + lanes.start as u64, &mut bytes[lanes]);
            beats.push((u128::from_le_bytes(bytes), resp));
        }
        self.reads.push(addr.id, due, Read { addr: *addr, beats });
    }
}
