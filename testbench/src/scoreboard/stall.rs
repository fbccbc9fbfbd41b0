//! Transactions that have no answer because a context fault stalls them, or because they wait for one that is stalled.
//!
//! The pins do not show that a transaction is held, only that nothing comes. So one whose verdict is "stalled", at some time in its life,
//! may
//!
//! - stay without answer as long as it likes;
//! - have its fault in the record of its bank, with `FSR.SS`, or not (one that waits has none);
//! - go downstream at an address that the tables gave at some time in its life;
//! - be refused, if `RESUME` with `TnR` has been written to its bank in its life, or if room was short (`Params::held_reads`,
//!   `Params::held_writes`; `docs/compliance.md`): then one more than can be held were in its channel at some time in its life.
//!
//! That nothing happens before `RESUME`, and that the right thing happens after it, is for directed tests.

use super::flight::{Slot, Stage, Transaction};
use super::oracle::Oracle;
use super::records::{Cause, Event};
use super::stale::Epoch;
use super::trace::{Ends, Tables};
use super::verdict::pending_refusal;
use super::Scoreboard;
use crate::memory::Memory;
use smmu_rtl::params::Params;
use smmu_rtl::registers as regs;
use smmu_sim::model::{Fault, Verdict};

/// When `RESUME` was written last, by bank.
#[derive(Debug)]
pub(super) struct Resumes {
    /// Cycle of the response; to retry, and to terminate.
    last: Vec<[Option<u64>; 2]>,
}

impl Resumes {
    pub(super) fn new(params: &Params) -> Self {
        Resumes { last: vec![[None; 2]; params.num_cb] }
    }

    /// A `RESUME` of that kind has been answered in that cycle or later.
    pub(super) fn since(&self, bank: usize, cycle: u64, terminate: bool) -> bool {
        self.last[bank][usize::from(terminate)].is_some_and(|last| last >= cycle)
    }
}

/// Whether faults of the bank stall their transactions.
pub(super) fn holds(oracle: &dyn Oracle, params: &Params, bank: usize) -> bool {
    params.features.stall && oracle.read(regs::CB_SCTLR.offset(params, bank), 4) >> 7 & 1 == 1
}

/// Bank and payload of a write of `RESUME`.
fn resume(params: &Params, offset: u32, data: u64, strobes: u8) -> Option<(usize, u64)> {
    let (word, low) = (offset & !7, regs::CB_RESUME.register().offset & 7 == 0);
    let (id, bank) = regs::at(params, if low { word } else { word + 4 })?;
    let written = strobes & if low { 0x0f } else { 0xf0 } != 0;
    (id == regs::CB_RESUME && params.features.stall && written).then_some((bank, if low { data } else { data >> 32 }))
}

impl Scoreboard {
    /// A register write has been answered: perhaps a `RESUME`.
    pub(super) fn note_resume(&mut self, offset: u32, data: u64, strobes: u8) {
        if let Some((bank, payload)) = resume(&self.params, offset, data, strobes) {
            self.resumes.last[bank][(payload & 1) as usize] = Some(self.cycle);
        }
    }

    /// A transaction came into this channel.
    pub(super) fn note_crowd(&mut self, port: usize, write: bool) {
        if !self.params.features.stall {
            return;
        }
        let room = if write { self.params.held_writes() } else { self.params.held_reads() };
        let inside =
            |t: &&mut Transaction| t.in_use && t.port == port && t.write == write && !matches!(t.stage, Stage::Forwarded { .. });
        if self.flight.slots.iter_mut().filter(inside).count() > room {
            self.flight.slots.iter_mut().filter(inside).for_each(|t| t.crowded = true);
        }
    }

    /// The bank's `RESUME` with `TnR`, or want of room, may have ended a transaction.
    pub(super) fn may_end(&self, t: &Transaction, bank: usize) -> bool {
        t.crowded || self.resumes.since(bank, t.accepted, true) || self.resuming(bank).is_some_and(|payload| payload & 1 == 1)
    }

    /// One that waited on account of this fault, and was ended without a look at it: for want of room, or because its bank was blocked when
    /// `RESUME` came. The bank has `MULTI` of it at most.
    pub(super) fn ended_waiting(&self, t: &Transaction, fault: &Fault) -> Option<Fault> {
        let resumed = |terminate| self.resumes.since(fault.bank, t.accepted, terminate);
        let may = t.crowded || resumed(false) || resumed(true) || self.resuming(fault.bank).is_some();
        may.then_some(Fault { code: 0, ..*fault })
    }

    /// Payload of a `RESUME` of the bank that is being performed.
    pub(super) fn resuming(&self, bank: usize) -> Option<u64> {
        let (offset, data, strobes) = self.control.pending()?;
        resume(&self.params, offset, data, strobes).filter(|(at, _)| *at == bank).map(|(_, payload)| payload)
    }

    /// Faults that had stalled a transaction, or made it wait, before it was ended with an answer of this kind.
    pub(super) fn ended_stalls(&self, slot: Slot, raz: bool) -> Vec<Fault> {
        let t = &self.flight.slots[slot];
        let past = self.past.iter().filter(|past| t.born < past.until).map(|past| &*past.open);
        let worlds: Vec<&dyn Oracle> = std::iter::once(&*self.open).chain(past).collect();
        let answers = |bank| {
            let cfre = |oracle: &&dyn Oracle| oracle.read(regs::CB_SCTLR.offset(&self.params, bank), 4) >> 5 & 1 == 1;
            worlds.iter().any(|oracle| cfre(oracle) != raz)
        };
        let mut faults: Vec<Fault> = t.stalls().filter(|fault| self.may_end(t, fault.bank) && answers(fault.bank)).collect();
        // One that waited only because its bank was blocked.
        let blocked = t.blocked.iter().filter_map(|verdict| verdict.fault());
        faults.extend(blocked.filter(|fault| t.crowded && answers(fault.bank)));
        faults.dedup();
        faults
    }

    /// Takes note of faults that something cached may have stalled a transaction with.
    pub(super) fn note_cached_stalls(&mut self, slot: Slot, memory: &mut Memory) {
        if !self.params.features.stall || !self.options.compare || !self.stale.any() && self.control.pending().is_none() {
            return;
        }
        let found = self.search(slot, memory, |(verdict, _)| verdict.fault().is_some());
        let born = self.flight.slots[slot].born;
        for (verdict, _) in found {
            let stalls = matches!(verdict, Verdict::Stalled { .. });
            for verdict in stalls.then_some(verdict).into_iter().chain(self.other_end(&verdict, born, &*self.open)) {
                self.flight.slots[slot].hold_too((verdict, None), Ends::default(), self.epoch);
            }
        }
    }

    /// `CFCFG` counts as it is when the fault is recorded, which may be later than what the translation was made with, a state of the registers in
    /// the transaction's life (from `born` on). So a fault may end the other way: this verdict of `world`, if another state has another `CFCFG`.
    fn other_end(&self, verdict: &Verdict, born: Epoch, world: &dyn Oracle) -> Option<Verdict> {
        let fault = verdict.fault().filter(|fault| self.params.features.stall && !fault.global && fault.code != 0)?;
        let past = self.past.iter().filter(|past| born < past.until).map(|past| &*past.open);
        let mut later = past.chain([&*self.open]).map(|oracle| holds(oracle, &self.params, fault.bank));
        match verdict {
            Verdict::Refused { .. } => later.any(|holds| holds).then_some(Verdict::Stalled { fault }),
            Verdict::Stalled { .. } => {
                let raz = world.read(regs::CB_SCTLR.offset(&self.params, fault.bank), 4) >> 5 & 1 == 0;
                later.any(|holds| !holds).then_some(Verdict::Refused { raz, fault })
            }
            Verdict::Translated { .. } => None,
        }
    }

    /// Takes note of those of a transaction's faults.
    pub(super) fn note_other_ends(&mut self, slot: Slot, memory: &mut Memory) {
        let (born, access) = (self.flight.slots[slot].born, self.flight.slots[slot].access);
        if !self.params.features.stall || !self.past.iter().any(|past| born < past.until) {
            return;
        }
        let past = self.past.iter().filter(|past| born < past.until).map(|past| &*past.open);
        let mut found = Vec::new();
        for oracle in past.chain([&*self.open]) {
            let mut tables = Tables::new(memory);
            let verdict = oracle.check(&access, &mut tables);
            found.extend(self.other_end(&verdict, born, oracle).map(|verdict| (verdict, tables.ends)));
        }
        for (verdict, ends) in found {
            self.flight.slots[slot].hold_too((verdict, None), ends, self.epoch);
        }
    }

    /// A transaction goes downstream. If it may have been stalled before, its fault may be in the record. True: it may.
    pub(super) fn stall_passed(&mut self, slot: Slot) -> bool {
        let t = &self.flight.slots[slot];
        let (serial, accepted, access) = (t.serial, t.accepted, t.access);
        let stalls: Vec<Fault> = t.stalls().collect();
        for fault in &stalls {
            let event = Event { serial, accepted, causes: &[Cause::Stall(access, *fault)], certain: false };
            self.records.fault(fault.bank, &event, self.cycle, &*self.blocked);
        }
        !stalls.is_empty()
    }

    /// A transaction may be held, or be behind one of its id that is.
    pub(super) fn may_be_held(&self, slot: Slot) -> bool {
        if !self.params.features.stall {
            return false;
        }
        let t = &self.flight.slots[slot];
        let held = |o: &Transaction| {
            o.stalls().next().is_some()
                || pending_refusal(&*self.blocked, &o.access).is_some_and(|(_, bank)| holds(&*self.open, &self.params, bank))
        };
        let before = |o: &Transaction| {
            o.in_use
                && o.stage == Stage::Waiting
                && (o.port, o.write, o.beat.id) == (t.port, t.write, t.beat.id)
                && o.serial <= t.serial
        };
        self.flight.slots.iter().any(|o| before(o) && held(o))
    }
}
