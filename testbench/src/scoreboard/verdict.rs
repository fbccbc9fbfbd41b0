//! Asking the model: at acceptance, and again for everything in flight when something changes.

use super::flight::{Slot, Stage};
use super::oracle::poke;
use super::records::{Cause, Potential};
use super::stale::{self, Tags};
use super::trace::{NoTables, Tables};
use super::{Oracle, Past, Scoreboard};
use crate::axi::burst;
use crate::bench::observe::Event;
use crate::memory::Memory;
use smmu_rtl::registers as regs;
use smmu_sim::dut::AddrBeat;
use smmu_sim::model::{Access, Verdict};

/// Earlier states of the registers that are kept for what is in flight.
const MAX_PAST: usize = 32;

/// What the model needs of a client address.
pub(super) fn access(beat: &AddrBeat, write: bool, bus_bytes: usize) -> Access {
    Access {
        stream_id: beat.user,
        addr: beat.addr,
        write,
        privileged: beat.prot & 1 != 0,
        non_secure: beat.prot & 2 != 0,
        instruction: beat.prot & 4 != 0,
        illegal_burst: burst::leaves_page(beat, bus_bytes),
    }
}

/// The refusal on account of a pending fault, if the bank of the access would refuse.
pub(super) fn pending_refusal(blocked: &dyn Oracle, access: &Access) -> Option<(Verdict, usize)> {
    let verdict = blocked.check(access, &mut NoTables);
    match verdict {
        Verdict::Refused { fault, .. } if fault.code == 0 && !fault.global => Some((verdict, fault.bank)),
        _ => None,
    }
}

impl Scoreboard {
    /// A client address was handed over.
    pub(super) fn accept(&mut self, port: usize, write: bool, beat: &AddrBeat, memory: &mut Memory) {
        let access = access(beat, write, self.params.data_width / 8);
        let slot = self.flight.accept(port, write, beat, access, self.cycle);
        let t = &mut self.flight.slots[slot];
        t.born = self.epoch;
        t.stalls = self.flight.ports[port].down.stalls[usize::from(write)];
        if self.options.compare {
            self.ask(slot, memory);
        }
        self.note_accepted(slot);
    }

    /// Asks the model about one transaction, as things are now.
    fn ask(&mut self, slot: Slot, memory: &mut Memory) {
        let (access, cache) = (self.flight.slots[slot].access, self.flight.slots[slot].beat.cache);
        let mut tables = Tables::new(memory);
        let outcome = self.open.check_attributes(&access, cache, &mut tables);
        let ends = tables.ends;
        let active = self.records.any_active();
        let pending = if active { pending_refusal(&*self.blocked, &access) } else { None };
        let t = &mut self.flight.slots[slot];
        t.hold(outcome, ends, self.epoch);
        let born = t.born;
        for past in self.past.iter().filter(|past| born < past.until) {
            // It may act on the registers of its earlier life, but its walk sees the tables as they are.
            let mut tables = Tables::new(memory);
            let outcome = past.open.check_attributes(&access, cache, &mut tables);
            t.hold_too(outcome, tables.ends, self.epoch);
            // And a fault that it met under them may stop it, which the pins show only now.
            if let Some((refusal, bank)) = pending_refusal(&*past.blocked, &access).filter(|_| active) {
                if self.records.may_stop(bank, t.serial) {
                    t.maybe_pending = true;
                    if !t.blocked.contains(&refusal) {
                        t.blocked.push(refusal);
                    }
                }
            }
        }
        let Some((refusal, bank)) = pending else {
            t.maybe_clear = true;
            return;
        };
        // Its own fault, which a read may have shown before its refusal, does not stop it.
        t.maybe_pending |= self.records.may_stop(bank, t.serial);
        let mut lets_go = self.records.may_let_go(bank, t.serial);
        if self.params.features.nested {
            // Behind the stage-1 bank stands the stage-2 bank.
            if self.records.may_stop(bank, t.serial) && !t.blocked.contains(&refusal) {
                t.blocked.push(refusal);
            }
            let mut behind = self.blocked.copy();
            poke(&mut *behind, regs::CB_FSR.offset(&self.params, bank), 0xffff_ffff, 4);
            if let Some((refusal, bank)) = pending_refusal(&*behind, &access).filter(|_| lets_go) {
                if self.records.may_stop(bank, t.serial) {
                    t.maybe_pending = true;
                    if !t.blocked.contains(&refusal) {
                        t.blocked.push(refusal);
                    }
                }
                lets_go = self.records.may_let_go(bank, t.serial);
            }
        } else if !t.blocked.contains(&refusal) {
            t.blocked.push(refusal);
        }
        t.maybe_clear |= lets_go;
    }

    /// Asks again about everything whose fate the pins have not shown.
    pub(super) fn ask_again(&mut self, memory: &mut Memory) {
        if !self.options.compare || self.flight.is_empty() {
            return;
        }
        for slot in 0..self.flight.slots.len() {
            let t = &self.flight.slots[slot];
            if t.in_use && t.stage == Stage::Waiting {
                self.ask(slot, memory);
            }
        }
    }

    /// The registers are about to change: what is in flight may go on with the old ones.
    pub(super) fn keep_past(&mut self) {
        let oldest = self.flight.live().map(|slot| &self.flight.slots[slot]).filter(|t| t.stage == Stage::Waiting);
        let Some(born) = oldest.map(|t| t.born).min() else { return self.past.clear() };
        self.past.retain(|past| born < past.until);
        if self.past.len() == MAX_PAST {
            self.past.remove(0);
        }
        self.past.push(Past { until: self.epoch + 1, open: self.open.copy().into(), blocked: self.blocked.copy().into() });
    }

    /// Watched memory, or what exists of it, changed since the last cycle.
    pub(super) fn tables_changed(&mut self, memory: &mut Memory) {
        self.generation = memory.generation();
        self.epoch += 1;
        let mut changes = std::mem::take(&mut self.changes);
        memory.take_changes(&mut changes);
        let in_flight = !self.flight.is_empty();
        for change in &changes {
            self.stale.descriptor(change, self.epoch, in_flight);
            self.note(|this| Event::TableChanged { change: *change, waiting: this.crowd().0 });
        }
        self.changes = changes;
        self.ask_again(memory);
    }

    /// Faults for this recorder that the hardware may have recorded, although their refusal has not wholly reached the client.
    pub(super) fn potential(&self, recorder: usize, except: Option<Slot>) -> Vec<Potential> {
        let mut found = Vec::new();
        for slot in self.flight.live().filter(|&slot| Some(slot) != except) {
            let t = &self.flight.slots[slot];
            let mut add = |fault| {
                if self.records.of(&fault) == recorder {
                    let cause = Cause::Access(t.access, fault);
                    found.push(Potential { serial: t.serial, accepted: t.accepted, cause });
                }
            };
            match t.stage {
                Stage::Forwarded { .. } => {}
                Stage::Refusing { .. } => t.causes.iter().copied().for_each(add),
                Stage::Waiting => {
                    t.faults().for_each(|(_, fault)| add(fault));
                    t.blocked.iter().filter_map(Verdict::fault).for_each(add);
                }
            }
        }
        found
    }

    /// The same, with what caches may make of a transaction.
    pub(super) fn potential_deep(&mut self, recorder: usize, memory: &mut Memory) -> Vec<Potential> {
        let mut found = self.potential(recorder, None);
        if !self.stale.any() {
            return found;
        }
        let waiting: Vec<Slot> = self.flight.live().filter(|&slot| self.flight.slots[slot].stage == Stage::Waiting).collect();
        for slot in waiting {
            let verdicts = self.search_faults(slot, memory);
            let t = &self.flight.slots[slot];
            for fault in verdicts.iter().filter_map(Verdict::fault).filter(|fault| self.records.of(fault) == recorder) {
                let cause = Cause::Access(t.access, fault);
                found.push(Potential { serial: t.serial, accepted: t.accepted, cause });
            }
        }
        found
    }

    /// The tags of a stream's translations; `None` if no bank translates it.
    pub(super) fn tags(&mut self, stream_id: u32) -> Option<Tags> {
        if let Some(&(_, tags)) = self.tags_of.iter().find(|(stream, _)| *stream == stream_id) {
            return tags;
        }
        let tags = stale::tags(&*self.open, &self.params, stream_id);
        self.tags_of.push((stream_id, tags));
        tags
    }
}
