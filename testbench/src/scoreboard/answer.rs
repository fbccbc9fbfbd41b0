//! The client's side of responses: what came from downstream passes untouched, and what the SMMU answers itself is as the model says.

use super::flight::{Slot, Stage};
use super::records::{Cause, Event};
use super::{Kind, Mismatch, Scoreboard};
use crate::axi::burst::{self, DECERR, OKAY, SLVERR};
use crate::memory::Memory;
use smmu_rtl::params::AbortResponse;
use smmu_sim::dut::{ReadBeat, RespBeat};
use smmu_sim::model::Fault;

impl Scoreboard {
    /// A read data beat was handed to the client.
    pub(super) fn client_r(&mut self, port: usize, r: &ReadBeat, memory: &mut Memory) -> Result<(), Mismatch> {
        let oldest = self.flight.ports[port].reads.get(r.id as usize).and_then(|queue| queue.front());
        let Some(&slot) = oldest else {
            return self.fail(Kind::Response, format!("read data {r:x?} belongs to no read"));
        };
        self.flight.slots[slot].progress = self.cycle;
        if let Stage::Forwarded { .. } = self.flight.slots[slot].stage {
            let expected = self.flight.slots[slot].beats.pop_front();
            if expected.as_ref() != Some(r) {
                let kind = if expected.is_some_and(|e| e.resp == r.resp) { Kind::Data } else { Kind::Response };
                let name = self.flight.slots[slot].describe();
                return self.fail(kind, format!("answer of the {name}: client gets {r:x?}, downstream gave {expected:x?}"));
            }
        } else {
            self.refusal(slot, r.resp, memory)?;
            if r.data != 0 {
                let name = self.flight.slots[slot].describe();
                return self.fail(Kind::Data, format!("the refused {name} shows data {:#x}", r.data));
            }
        }
        let t = &mut self.flight.slots[slot];
        t.worst = t.worst.max(r.resp);
        t.answered += 1;
        if t.answered == burst::beats(&t.beat) {
            self.answered(slot, memory);
        }
        Ok(())
    }

    /// A write response was handed to the client.
    pub(super) fn client_b(&mut self, port: usize, b: &RespBeat, memory: &mut Memory) -> Result<(), Mismatch> {
        let oldest = self.flight.ports[port].writes.get(b.id as usize).and_then(|queue| queue.front());
        let Some(&slot) = oldest else {
            return self.fail(Kind::Response, format!("write response {b:x?} belongs to no write"));
        };
        if let Stage::Forwarded { .. } = self.flight.slots[slot].stage {
            let expected = self.flight.slots[slot].resp;
            if expected != Some(b.resp) {
                let name = self.flight.slots[slot].describe();
                let text = format!("answer of the {name}: client gets {}, downstream gave {expected:?}", b.resp);
                return self.fail(Kind::Response, text);
            }
        } else {
            self.refusal(slot, b.resp, memory)?;
            if !self.flight.data_complete(slot) {
                let name = self.flight.slots[slot].describe();
                return self.fail(Kind::Response, format!("the refused {name} is answered before its data was taken"));
            }
        }
        self.flight.slots[slot].worst = b.resp;
        self.answered(slot, memory);
        Ok(())
    }

    /// An answer that the SMMU gives itself.
    fn refusal(&mut self, slot: Slot, resp: u8, memory: &mut Memory) -> Result<(), Mismatch> {
        if let Stage::Refusing { resp: before } = self.flight.slots[slot].stage {
            if before != resp {
                let name = self.flight.slots[slot].describe();
                return self.fail(Kind::Refusal, format!("the refused {name} gets response {resp} after {before}"));
            }
            return Ok(());
        }
        if self.options.compare {
            let abort = match self.params.straps.abort {
                AbortResponse::Slverr => SLVERR,
                AbortResponse::Decerr => DECERR,
            };
            let causes = if resp == OKAY || resp == abort { self.causes(slot, resp == OKAY, memory) } else { Vec::new() };
            if causes.is_empty() {
                let t = &self.flight.slots[slot];
                let text = format!("the {} is answered with response {resp}, but it {}", t.describe(), t.expectation());
                return self.fail(Kind::Refusal, text);
            }
            self.flight.slots[slot].causes = causes;
        }
        self.flight.slots[slot].stage = Stage::Refusing { resp };
        Ok(())
    }

    /// The client has the last answer beat.
    fn answered(&mut self, slot: Slot, memory: &mut Memory) {
        let t = &mut self.flight.slots[slot];
        let refused = matches!(t.stage, Stage::Refusing { .. });
        let causes = std::mem::take(&mut t.causes);
        self.note_answered(slot, &causes);
        let t = &self.flight.slots[slot];
        let (serial, accepted, access) = (t.serial, t.accepted, t.access);
        let stalls: Vec<Fault> = t.stalls().collect();
        let ended: Vec<Fault> = stalls.iter().filter_map(|fault| self.ended_waiting(t, fault)).collect();
        self.flight.finish(slot);
        if refused {
            self.stats.refused += 1;
            let mut recorders: Vec<usize> = causes.iter().map(|fault| self.records.of(fault)).collect();
            recorders.sort_unstable();
            recorders.dedup();
            // One, but for a change of the stream's bank at the wrong moment; and what was held was recorded when it was stalled, or never.
            let certain = recorders.len() == 1 && stalls.is_empty();
            recorders.extend(stalls.iter().map(|fault| fault.bank));
            recorders.sort_unstable();
            recorders.dedup();
            for recorder in recorders {
                let here = causes.iter().filter(|fault| self.records.of(fault) == recorder);
                let held = stalls.iter().filter(|fault| fault.bank == recorder);
                let causes: Vec<Cause> = here
                    .map(|fault| Cause::Access(access, *fault))
                    .chain(held.map(|fault| Cause::Stall(access, *fault)))
                    .chain(ended.iter().filter(|fault| fault.bank == recorder).map(|fault| Cause::Access(access, *fault)))
                    .collect();
                let event = Event { serial, accepted, causes: &causes, certain };
                self.records.fault(recorder, &event, self.cycle, &*self.blocked);
            }
            self.ask_again(memory);
        }
        if self.flight.is_empty() {
            self.stale.at_rest();
            self.past.clear();
        }
    }
}
