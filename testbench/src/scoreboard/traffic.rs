//! A downstream port: which client transaction an access belongs to, and the data that goes with it.

use super::flight::{Down, Slot, Stage};
use super::{Kind, Mismatch, Scoreboard};
use crate::axi::burst;
use crate::memory::Memory;
use smmu_sim::dut::{AddrBeat, AxiToMaster, AxiToSlave};
use smmu_sim::model::{OutputAttributes, Verdict};

/// Write data beats that may stand downstream before their address does.
const MAX_EARLY_DATA: usize = 64;

impl Scoreboard {
    /// One cycle of the `m_axi` of a client port.
    pub(super) fn downstream(
        &mut self,
        port: usize,
        hardware: &AxiToSlave,
        slave: &AxiToMaster,
        memory: &mut Memory,
    ) -> Result<(), Mismatch> {
        for (write, valid, beat, ready) in
            [(true, hardware.awvalid, &hardware.aw, slave.awready), (false, hardware.arvalid, &hardware.ar, slave.arready)]
        {
            let channel = usize::from(write);
            if valid {
                if !self.flight.ports[port].down.seen[channel] {
                    self.forward(port, write, beat, memory)?;
                }
                let down = &mut self.flight.ports[port].down;
                down.seen[channel] = !ready;
                down.stalls[channel] += u64::from(!ready);
            }
        }
        if hardware.wvalid && slave.wready {
            self.flight.ports[port].down.data.push_back(hardware.w);
        }
        if !self.flight.ports[port].down.data.is_empty() {
            self.write_data(port)?;
        }
        if slave.rvalid && hardware.rready {
            let id = slave.r.id as usize;
            let Some(&slot) = self.flight.ports[port].down.reads.get(id).and_then(|queue| queue.front()) else { return Ok(()) };
            self.flight.slots[slot].beats.push_back(slave.r);
            self.flight.slots[slot].progress = self.cycle;
            if slave.r.last {
                self.flight.ports[port].down.reads[id].pop_front();
            }
        }
        if slave.bvalid && hardware.bready {
            let id = slave.b.id as usize;
            if let Some(slot) = self.flight.ports[port].down.writes.get_mut(id).and_then(|queue| queue.pop_front()) {
                self.flight.slots[slot].resp = Some(slave.b.resp);
                self.flight.slots[slot].progress = self.cycle;
            }
        }
        Ok(())
    }

    /// An address stands downstream for the first time.
    fn forward(&mut self, port: usize, write: bool, beat: &AddrBeat, memory: &mut Memory) -> Result<(), Mismatch> {
        let mut waiting = Vec::new();
        let mut found = None;
        let queues = &self.flight.ports[port];
        let queue = (if write { &queues.writes } else { &queues.reads }).get(beat.id as usize);
        for at in 0..queue.map_or(0, |queue| queue.len()) {
            let queues = &self.flight.ports[port];
            let slot = if write { queues.writes[beat.id as usize][at] } else { queues.reads[beat.id as usize][at] };
            let t = &self.flight.slots[slot];
            if t.stage != Stage::Waiting || t.must_refuse {
                continue;
            }
            if self.same_payload(&t.beat, beat) && self.may_stand(slot, beat, memory) {
                found = Some(slot);
                break;
            }
            waiting.push(slot);
        }
        let Some(slot) = found else { return self.unexplained(write, beat, &waiting) };
        for older in waiting {
            if self.options.compare && self.causes(older, false, memory).is_empty() && self.causes(older, true, memory).is_empty()
            {
                let text = format!(
                    "the {} went downstream before the older {}",
                    self.flight.slots[slot].describe(),
                    self.flight.slots[older].describe()
                );
                return self.fail(Kind::Address, text);
            }
            self.flight.slots[older].must_refuse = true;
        }
        self.gone(slot, beat.addr, memory);
        Ok(())
    }

    /// Everything but the address is equal, and what the hardware's features change: that is compared with the model.
    fn same_payload(&self, client: &AddrBeat, downstream: &AddrBeat) -> bool {
        let mut expected = AddrBeat { addr: downstream.addr, ..*client };
        if self.params.features.attributes {
            expected.cache = downstream.cache;
            expected.prot = downstream.prot;
            expected.user |= downstream.user & !STREAM;
        }
        expected == *downstream
    }

    fn may_stand(&mut self, slot: Slot, beat: &AddrBeat, memory: &mut Memory) -> bool {
        if self.options.compare {
            self.may_go(slot, beat, memory)
        } else {
            (beat.addr ^ self.flight.slots[slot].beat.addr).is_multiple_of(burst::PAGE)
        }
    }

    /// Nothing that waits explains the address: says why in the best way.
    fn unexplained(&mut self, write: bool, beat: &AddrBeat, waiting: &[Slot]) -> Result<(), Mismatch> {
        let kind = if write { "write" } else { "read" };
        let shape = format!(
            "downstream {kind} at {:#x}, stream {:#x}, id {}, {} beats",
            beat.addr,
            beat.user & STREAM,
            beat.id,
            burst::beats(beat)
        );
        let slots = &self.flight.slots;
        if let Some(&slot) = waiting.iter().find(|&&slot| self.same_payload(&slots[slot].beat, beat)) {
            let t = &slots[slot];
            let seen = attributes(beat);
            let otherwise = |held: &super::flight::Held| {
                held.verdict == Verdict::Translated { pa: beat.addr } && held.attributes != Some(seen)
            };
            let (kind, with) = if t.held.iter().any(otherwise) {
                (Kind::Payload, format!(" with {seen:x?}"))
            } else {
                (Kind::Address, String::new())
            };
            return self.fail(kind, format!("{shape}{with}: the {} {}", t.describe(), t.expectation()));
        }
        if let Some(&slot) = waiting.iter().find(|&&slot| (slots[slot].beat.addr ^ beat.addr).is_multiple_of(burst::PAGE)) {
            let t = &slots[slot];
            return self.fail(Kind::Payload, format!("{shape}: {beat:x?} is not the payload of the client's {:x?}", t.beat));
        }
        self.fail(Kind::Leak, format!("{shape}: no client transaction asked for it"))
    }

    /// A transaction went downstream.
    fn gone(&mut self, slot: Slot, pa: u64, memory: &mut Memory) {
        let (cycle, epoch) = (self.cycle, self.epoch);
        let tags = if self.options.compare { self.tags(self.flight.slots[slot].access.stream_id) } else { None };
        self.records.passed(self.flight.slots[slot].serial, cycle, &*self.blocked);
        let t = &mut self.flight.slots[slot];
        t.stage = Stage::Forwarded { epoch };
        t.progress = cycle;
        t.tags = tags;
        let latency = cycle - t.accepted;
        let down = &mut self.flight.ports[t.port].down;
        let stalled = down.stalls[usize::from(t.write)] - t.stalls;
        let bytes = burst::total_bytes(&t.beat);
        let id = t.beat.id as usize;
        if t.write {
            down.writes[id].push_back(slot);
            down.order.push_back(slot);
            self.stats.writes += 1;
            self.stats.write_bytes += bytes;
        } else {
            down.reads[id].push_back(slot);
            self.stats.reads += 1;
            self.stats.read_bytes += bytes;
        }
        self.stats.latency.add(latency);
        self.stats.hits += u64::from(latency.saturating_sub(stalled) <= 2);
        self.note_forwarded(slot, pa, latency, stalled, memory);
    }

    /// Gives downstream data to the oldest forwarded write that is not complete, and compares it with the client's.
    fn write_data(&mut self, port: usize) -> Result<(), Mismatch> {
        let ends = |down: &Down| Some((*down.order.front()?, *down.data.front()?));
        while let Some((slot, w)) = ends(&self.flight.ports[port].down) {
            let n = self.flight.slots[slot].data_sent;
            let expected = self.flight.client_beat(slot, n).copied();
            if expected != Some(w) {
                let text = format!(
                    "data beat {n} of the {}: downstream {w:x?}, client {expected:x?}",
                    self.flight.slots[slot].describe()
                );
                return self.fail(Kind::Data, text);
            }
            let down = &mut self.flight.ports[port].down;
            down.data.pop_front();
            let t = &mut self.flight.slots[slot];
            t.progress = self.cycle;
            t.data_sent += 1;
            if t.data_sent == burst::beats(&t.beat) {
                down.order.pop_front();
            }
        }
        if self.flight.ports[port].down.data.len() > MAX_EARLY_DATA {
            return self.fail(Kind::Leak, format!("{MAX_EARLY_DATA} write data beats went downstream without an address"));
        }
        Ok(())
    }
}

/// The StreamID in user bits.
const STREAM: u32 = 0xffff;

/// The attributes of a downstream address.
pub(super) fn attributes(beat: &AddrBeat) -> OutputAttributes {
    OutputAttributes {
        cache: beat.cache,
        domain: (beat.user >> 16 & 3) as u8,
        inner: (beat.user >> 18 & 15) as u8,
        prot: beat.prot,
    }
}
