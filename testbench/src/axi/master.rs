//! A bus master at pin level on one client port.
//!
//! Tests post raw [`Burst`]s of any shape, legal or not, and get [`BurstDone`]s with every beat. DMA engines use the same port
//! through [`AxiPort`](super::port::AxiPort), which cuts transfers into bursts. Both may be mixed.
//!
//! Timing: at most one beat a cycle on each channel, all channels at the same time, no idle cycles between bursts. Write data
//! follows its address in the same cycle at the earliest (or leads it, with [`MasterOptions::data_leads`]).

use super::burst::{self, INCR, OKAY};
use super::pause::{Dice, Pauses};
use super::transfer::Transfers;
use smmu_rtl::params::Params;
use smmu_sim::dut::{AddrBeat, AxiToMaster, AxiToSlave, ReadBeat, WriteBeat};
use std::collections::VecDeque;

/// Limits and habits of a master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MasterOptions {
    /// Reads accepted and not yet finished, at most.
    pub max_reads: usize,
    /// Writes accepted and not yet finished, at most.
    pub max_writes: usize,
    /// Transfers that [`AxiPort::post`](super::port::AxiPort::post) takes before it refuses.
    pub max_transfers: usize,
    /// Longest burst that a transfer is cut into, in beats (1 to 256).
    pub max_beats: usize,
    /// Back-pressure.
    pub pauses: Pauses,
    /// Write data may be offered before its address.
    pub data_leads: bool,
}

impl Default for MasterOptions {
    fn default() -> Self {
        MasterOptions { max_reads: 32, max_writes: 32, max_transfers: 32, max_beats: 16, pauses: Pauses::NONE, data_leads: false }
    }
}

/// Channels that a hostile client stops altogether, for as long as the flag is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holds {
    /// No write address is started.
    pub aw: bool,
    /// No write data beat is started.
    pub w: bool,
    /// Write responses are not taken.
    pub b: bool,
    /// No read address is started.
    pub ar: bool,
    /// Read data is not taken.
    pub r: bool,
}

impl Holds {
    /// Whether anything is stopped.
    pub fn any(&self) -> bool {
        self.aw || self.w || self.b || self.ar || self.r
    }
}

/// One burst as it goes onto the pins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Burst {
    /// The whole address payload.
    pub addr: AddrBeat,
    /// Write data, one entry a beat with `last` where the test wants it; `None` for a read.
    pub data: Option<Vec<WriteBeat>>,
}

impl Burst {
    /// A read of `beats` beats (1 to 256) of `1 << size` bytes, INCR, id 0, unprivileged.
    pub fn read(stream_id: u32, addr: u64, beats: usize, size: u8) -> Self {
        let len = (beats.clamp(1, 256) - 1) as u8;
        Burst { addr: AddrBeat { addr, len, size, burst: INCR, user: stream_id, ..AddrBeat::default() }, data: None }
    }

    /// A write of the same shape. `pattern(n)` is the data of beat `n`; every byte that the beat may write has its strobe set.
    pub fn write(stream_id: u32, addr: u64, beats: usize, size: u8, bus_bytes: usize, pattern: impl Fn(usize) -> u128) -> Self {
        Burst::read(stream_id, addr, beats, size).into_write(bus_bytes, pattern)
    }

    /// The same shape as a write on a bus of `bus_bytes` (8 or 16). Bytes outside the lanes of a beat are zero.
    pub fn into_write(mut self, bus_bytes: usize, pattern: impl Fn(usize) -> u128) -> Self {
        let count = burst::beats(&self.addr);
        let beat = |n: usize| {
            let strb = burst::full_strobe(&self.addr, n, bus_bytes);
            WriteBeat { data: pattern(n) & strobe_mask(strb), strb, last: n + 1 == count }
        };
        self.data = Some((0..count).map(beat).collect());
        self
    }

    /// With this AXI id.
    pub fn id(mut self, id: u32) -> Self {
        self.addr.id = id;
        self
    }

    /// With this AxBURST code. For a write, call it before [`Burst::into_write`].
    pub fn kind(mut self, burst: u8) -> Self {
        self.addr.burst = burst;
        self
    }

    /// With this AxPROT.
    pub fn prot(mut self, prot: u8) -> Self {
        self.addr.prot = prot;
        self
    }
}

/// All bits of the bytes whose strobe is set.
pub fn strobe_mask(strb: u16) -> u128 {
    (0..16).filter(|lane| strb >> lane & 1 == 1).fold(0, |mask, lane| mask | 0xff << (8 * lane))
}

/// A burst that has its last response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BurstDone {
    /// What [`AxiMaster::start`] returned.
    pub handle: u64,
    /// The address payload as driven.
    pub addr: AddrBeat,
    /// Whether it was a write.
    pub write: bool,
    /// Worst response of all beats: 0 OKAY, 1 EXOKAY, 2 SLVERR, 3 DECERR.
    pub resp: u8,
    /// Read beats as they came; empty for a write.
    pub beats: Vec<ReadBeat>,
    /// Cycle in which the address was accepted.
    pub accepted: u64,
    /// Cycle in which the last response was taken.
    pub finished: u64,
}

/// What a burst belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// Posted by [`AxiMaster::start`].
    Raw,
    /// Part of a transfer: its slot, and where this burst's bytes start in it.
    Transfer { slot: usize, offset: usize, bytes: usize },
}

#[derive(Clone, Debug)]
struct Op {
    owner: Owner,
    data: Option<Vec<WriteBeat>>,
    done: BurstDone,
}

/// The master. See the module's header.
pub struct AxiMaster {
    pub(super) options: MasterOptions,
    pub(super) bus_bytes: usize,
    pub(super) transfers: Transfers,
    holds: Holds,
    dice: Dice,
    next_handle: u64,
    ops: Vec<Option<Op>>,
    free: Vec<usize>,
    /// Bursts whose address is not yet accepted, oldest first.
    aw_queue: VecDeque<usize>,
    ar_queue: VecDeque<usize>,
    /// Writes whose data is not all accepted, in address order.
    w_queue: VecDeque<usize>,
    w_beat: usize,
    /// Write addresses offered, and data bursts finished, since reset: data waits for its address.
    aw_offered: u64,
    w_finished: u64,
    reads: Vec<VecDeque<usize>>,
    writes: Vec<VecDeque<usize>>,
    reads_in_flight: usize,
    writes_in_flight: usize,
    finished: VecDeque<BurstDone>,
    /// The beat on the pins was taken: it goes away at the start of the next cycle.
    aw_taken: bool,
    w_taken: bool,
    ar_taken: bool,
}

impl AxiMaster {
    /// A master for a client port of this hardware. `dice` decides its pauses.
    pub fn new(params: &Params, options: MasterOptions, dice: Dice) -> Self {
        AxiMaster::at_rest(1 << params.id_width, params.data_width / 8, options, dice)
    }

    fn at_rest(ids: usize, bus_bytes: usize, options: MasterOptions, dice: Dice) -> Self {
        AxiMaster {
            options,
            bus_bytes,
            transfers: Transfers::default(),
            holds: Holds::default(),
            dice,
            next_handle: 0,
            ops: Vec::new(),
            free: Vec::new(),
            aw_queue: VecDeque::new(),
            ar_queue: VecDeque::new(),
            w_queue: VecDeque::new(),
            w_beat: 0,
            aw_offered: 0,
            w_finished: 0,
            reads: vec![VecDeque::new(); ids],
            writes: vec![VecDeque::new(); ids],
            reads_in_flight: 0,
            writes_in_flight: 0,
            finished: VecDeque::new(),
            aw_taken: false,
            w_taken: false,
            ar_taken: false,
        }
    }

    /// Queues a burst and returns its handle. An id wider than the port's is cut to its low bits.
    pub fn start(&mut self, burst: Burst) -> u64 {
        self.queue(burst, Owner::Raw)
    }

    /// The next raw burst that finished, in the order in which they finish.
    pub fn finished(&mut self) -> Option<BurstDone> {
        self.finished.pop_front()
    }

    /// Bursts queued or in flight (finished ones that nobody took do not count).
    pub fn in_flight(&self) -> usize {
        self.ops.len() - self.free.len()
    }

    /// Bytes of the data bus, 8 or 16.
    pub fn bus_bytes(&self) -> usize {
        self.bus_bytes
    }

    /// Limits and habits.
    pub fn options(&self) -> &MasterOptions {
        &self.options
    }

    /// Limits and habits, to be read or changed at any time.
    pub fn options_mut(&mut self) -> &mut MasterOptions {
        &mut self.options
    }

    /// Channels that are stopped.
    pub fn holds(&self) -> Holds {
        self.holds
    }

    /// Stops or releases channels.
    pub fn hold(&mut self, holds: Holds) {
        self.holds = holds;
    }

    /// Forgets everything in flight, as hardware reset does to both sides.
    pub fn reset(&mut self) {
        let mut fresh = AxiMaster::at_rest(self.reads.len(), self.bus_bytes, self.options, self.dice.clone());
        fresh.holds = self.holds;
        fresh.next_handle = self.next_handle;
        *self = fresh;
    }

    pub(super) fn queue(&mut self, burst: Burst, owner: Owner) -> u64 {
        let handle = self.next_handle;
        self.next_handle += 1;
        let mut addr = burst.addr;
        addr.id &= self.reads.len() as u32 - 1;
        let write = burst.data.is_some();
        let beats = if write { Vec::new() } else { Vec::with_capacity(burst::beats(&addr)) };
        let done = BurstDone { handle, addr, write, resp: OKAY, beats, accepted: 0, finished: 0 };
        let op = Op { owner, data: burst.data, done };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.ops[slot] = Some(op);
                slot
            }
            None => {
                self.ops.push(Some(op));
                self.ops.len() - 1
            }
        };
        if write {
            self.aw_queue.push_back(slot);
            self.w_queue.push_back(slot);
        } else {
            self.ar_queue.push_back(slot);
        }
        handle
    }

    /// Decides the pins of this cycle from the hardware's outputs, and takes note of what is handed over in it.
    pub fn drive(&mut self, cycle: u64, hardware: &AxiToMaster, pins: &mut AxiToSlave) {
        self.drive_aw(cycle, hardware, pins);
        self.drive_w(hardware, pins);
        self.drive_ar(cycle, hardware, pins);
        pins.bready = !self.holds.b && !self.dice.percent(self.options.pauses.b);
        pins.rready = !self.holds.r && !self.dice.percent(self.options.pauses.r);
        if pins.bready && hardware.bvalid {
            self.take_b(cycle, hardware);
        }
        if pins.rready && hardware.rvalid {
            self.take_r(cycle, hardware);
        }
    }

    fn drive_aw(&mut self, cycle: u64, hardware: &AxiToMaster, pins: &mut AxiToSlave) {
        if std::mem::take(&mut self.aw_taken) {
            pins.awvalid = false;
        }
        let Some(&slot) = self.aw_queue.front() else { return };
        if !pins.awvalid {
            let full = self.writes_in_flight >= self.options.max_writes;
            if full || self.holds.aw || self.dice.percent(self.options.pauses.aw) {
                return;
            }
            pins.awvalid = true;
            pins.aw = self.ops[slot].as_ref().map(|op| op.done.addr).unwrap_or_default();
            self.aw_offered += 1;
        }
        if hardware.awready {
            self.aw_queue.pop_front();
            self.aw_taken = true;
            self.writes_in_flight += 1;
            self.writes[pins.aw.id as usize].push_back(slot);
            self.stamp(slot, cycle);
        }
    }

    fn drive_ar(&mut self, cycle: u64, hardware: &AxiToMaster, pins: &mut AxiToSlave) {
        if std::mem::take(&mut self.ar_taken) {
            pins.arvalid = false;
        }
        let Some(&slot) = self.ar_queue.front() else { return };
        if !pins.arvalid {
            let full = self.reads_in_flight >= self.options.max_reads;
            if full || self.holds.ar || self.dice.percent(self.options.pauses.ar) {
                return;
            }
            pins.arvalid = true;
            pins.ar = self.ops[slot].as_ref().map(|op| op.done.addr).unwrap_or_default();
        }
        if hardware.arready {
            self.ar_queue.pop_front();
            self.ar_taken = true;
            self.reads_in_flight += 1;
            self.reads[pins.ar.id as usize].push_back(slot);
            self.stamp(slot, cycle);
        }
    }

    fn stamp(&mut self, slot: usize, cycle: u64) {
        if let Some(op) = &mut self.ops[slot] {
            op.done.accepted = cycle;
        }
    }

    fn drive_w(&mut self, hardware: &AxiToMaster, pins: &mut AxiToSlave) {
        if std::mem::take(&mut self.w_taken) {
            pins.wvalid = false;
        }
        let Some(&slot) = self.w_queue.front() else { return };
        let Some(data) = self.ops[slot].as_ref().and_then(|op| op.data.as_ref()) else { return };
        if !pins.wvalid {
            let early = self.w_finished >= self.aw_offered && !self.options.data_leads;
            if early || self.holds.w || self.dice.percent(self.options.pauses.w) {
                return;
            }
            pins.wvalid = true;
            pins.w = data[self.w_beat];
        }
        if hardware.wready {
            self.w_taken = true;
            self.w_beat += 1;
            if self.w_beat == data.len() {
                self.w_beat = 0;
                self.w_finished += 1;
                self.w_queue.pop_front();
            }
        }
    }

    fn take_b(&mut self, cycle: u64, hardware: &AxiToMaster) {
        // A response for an id that has nothing outstanding is for the protocol checker to report.
        let Some(slot) = self.writes.get_mut(hardware.b.id as usize).and_then(VecDeque::pop_front) else { return };
        self.writes_in_flight -= 1;
        if let Some(op) = &mut self.ops[slot] {
            op.done.resp = hardware.b.resp;
        }
        self.finish(slot, cycle);
    }

    fn take_r(&mut self, cycle: u64, hardware: &AxiToMaster) {
        let Some(&slot) = self.reads.get(hardware.r.id as usize).and_then(VecDeque::front) else { return };
        let Some(op) = &mut self.ops[slot] else { return };
        op.done.resp = op.done.resp.max(hardware.r.resp);
        op.done.beats.push(hardware.r);
        // The count decides, not RLAST: a wrong RLAST is for the protocol checker to report.
        if op.done.beats.len() == burst::beats(&op.done.addr) {
            self.reads[hardware.r.id as usize].pop_front();
            self.reads_in_flight -= 1;
            self.finish(slot, cycle);
        }
    }

    fn finish(&mut self, slot: usize, cycle: u64) {
        let Some(mut op) = self.ops[slot].take() else { return };
        self.free.push(slot);
        op.done.finished = cycle;
        match op.owner {
            Owner::Raw => self.finished.push_back(op.done),
            Owner::Transfer { slot, offset, bytes } => self.transfers.burst_done(slot, offset, bytes, &op.done, self.bus_bytes),
        }
    }
}
