//! Is what the pins show right? First against the verdicts that held in the transaction's life; if they do not explain it, against
//! what caches may still hold: old descriptors, old bank configurations, and a register write that is being performed.

use super::flight::{Held, Slot};
use super::stale::{self, BankConfig, Epoch, Stale, Tags};
use super::verdict::pending_refusal;
use super::{oracle, Oracle, Scoreboard};
use crate::memory::Memory;
use smmu_sim::model::{Access, Fault, TableMemory, Verdict};
use std::rc::Rc;

/// Combinations of old descriptors that are tried for one transaction.
const MAX_COMBINATIONS: usize = 4096;

/// An old descriptor that a walk used: when it ended, and whether it is the leaf.
#[derive(Clone, Copy, Debug)]
struct Used {
    until: Epoch,
    position: u8,
}

/// The tables with a choice of old values: `picks[n]` says which one the n-th word with old values shows, 0 being memory's own.
struct OldTables<'a> {
    memory: &'a mut Memory,
    stale: &'a Stale,
    born: Epoch,
    picks: &'a [usize],
    /// Values to choose from at each word that had a choice.
    choices: Vec<usize>,
    used: Vec<Used>,
    leaf: u64,
    depth: u8,
}

impl TableMemory for OldTables<'_> {
    fn read64(&mut self, pa: u64) -> Option<u64> {
        self.depth += 1;
        let now = self.memory.table_word(pa);
        // Nothing invalid is ever cached: such an old value is of use only to a walk that was under way.
        let usable = |old: &&super::stale::Old<u64>| old.value & 1 == 1 || self.born < old.until;
        let olds = self.stale.olds(pa);
        let count = olds.iter().filter(usable).count();
        let mut word = now;
        if count > 0 {
            let pick = self.picks.get(self.choices.len()).copied().unwrap_or_default();
            self.choices.push(count + 1);
            if let Some(old) = pick.checked_sub(1).and_then(|n| olds.iter().filter(usable).nth(n)) {
                word = Some(old.value);
                self.used.push(Used { until: old.until, position: self.depth });
            }
        }
        self.leaf = word.unwrap_or_default();
        word
    }
}

/// The next combination of picks, counted like a number whose digits are `choices` wide; `None` after the last.
fn next_picks(mut picks: Vec<usize>, choices: &[usize]) -> Option<Vec<usize>> {
    picks.resize(choices.len(), 0);
    while let Some(last) = picks.pop() {
        if last + 1 < choices[picks.len()] {
            picks.push(last + 1);
            return Some(picks);
        }
    }
    None
}

/// Another state of the registers that the hardware may have acted on.
struct World {
    oracle: Option<Rc<dyn Oracle>>,
    /// It has an old configuration of the bank, which held until this epoch.
    until: Option<Epoch>,
    /// The tags of the access in it.
    tags: Option<Tags>,
}

impl Scoreboard {
    /// Whether a transaction may go downstream at `pa`.
    pub(super) fn may_go(&mut self, slot: Slot, pa: u64, memory: &mut Memory) -> bool {
        let tags = self.tags(self.flight.slots[slot].access.stream_id);
        let t = &self.flight.slots[slot];
        let wanted = Verdict::Translated { pa };
        let fits = |held: &&Held| held.verdict == wanted;
        let ended = |held: &Held| match (held.until, tags) {
            (Some(until), Some(tags)) => self
                .entry(&*self.open, tags, t.access.addr, held.leaf, held.depth)
                .is_some_and(|entry| self.stale.ended(&entry, false, until, Epoch::MAX)),
            _ => false,
        };
        if t.maybe_clear && t.held.iter().filter(fits).any(|held| !ended(held)) {
            return true;
        }
        if !t.maybe_clear && !self.control.writing() {
            return false;
        }
        !self.search(slot, memory, |verdict| *verdict == wanted).is_empty()
    }

    /// The faults that explain that a transaction is refused, answered with zeros (`raz`) or with an error. Empty: none does.
    pub(super) fn causes(&mut self, slot: Slot, raz: bool, memory: &mut Memory) -> Vec<Fault> {
        let t = &self.flight.slots[slot];
        let mut causes: Vec<Fault> = Vec::new();
        if t.maybe_clear {
            causes.extend(t.faults().filter(|(zeros, _)| *zeros == raz).map(|(_, fault)| fault));
        }
        // A fault on its way to another client may stop it, under the registers as they are or as they were in its life.
        let past = self.past.iter().filter(|past| t.born < past.until).map(|past| &*past.blocked);
        let stops = std::iter::once(&*self.blocked).chain(past).filter_map(|blocked| pending_refusal(blocked, &t.access));
        let known = t.blocked.iter().map(|verdict| (*verdict, t.maybe_pending));
        for (verdict, known) in known.chain(stops.map(|(verdict, _)| (verdict, false))) {
            let Verdict::Refused { raz: zeros, fault } = verdict else { continue };
            let maybe = || {
                let others = self.potential(fault.bank, Some(slot));
                // While one is stalled, the others of its bank wait, if they may.
                let stops = |other: &super::records::Potential| match other.cause {
                    super::records::Cause::Stall(..) => {
                        self.may_end(t, fault.bank)
                            || self.resumes.since(fault.bank, other.accepted, false)
                            || self.resumes.since(fault.bank, other.accepted, true)
                    }
                    _ => true,
                };
                let resuming = || self.resuming(fault.bank).is_some();
                known || others.iter().any(stops) || resuming() || self.stale.any() && self.flight.len() > 1
            };
            if zeros == raz && !causes.contains(&fault) && maybe() {
                causes.push(fault);
            }
        }
        for fault in self.ended_stalls(slot, raz) {
            if !causes.contains(&fault) {
                causes.push(fault);
            }
        }
        // Something cached may refuse too, for another reason than the tables give.
        if causes.is_empty() || self.stale.any() && self.flight.slots[slot].maybe_clear {
            let fits = |verdict: &Verdict| matches!(verdict, Verdict::Refused { raz: zeros, .. } if *zeros == raz);
            for fault in self.search(slot, memory, fits).iter().filter_map(Verdict::fault) {
                if !causes.contains(&fault) {
                    causes.push(fault);
                }
            }
        }
        causes
    }

    /// All verdicts that fit among everything that caches and a write under way allow.
    pub(super) fn search(&mut self, slot: Slot, memory: &mut Memory, fits: impl Fn(&Verdict) -> bool) -> Vec<Verdict> {
        let access = self.flight.slots[slot].access;
        let born = self.flight.slots[slot].born;
        let mut found = Vec::new();
        for world in self.worlds(&access, born) {
            self.search_world(&access, born, &world, memory, &fits, &mut found);
        }
        // A write under way may also change what a pending fault does.
        if let Some((offset, data, strobes)) = self.control.pending() {
            let mut blocked = self.blocked.copy();
            blocked.write_strobed(offset, data, strobes);
            found.extend(pending_refusal(&*blocked, &access).map(|(verdict, _)| verdict).filter(fits));
        }
        found
    }

    /// The registers that count for an access: as they are, as they were in its life, and as a write under way makes them; each of them
    /// also with what caches may have kept of its bank's old configurations.
    fn worlds(&mut self, access: &Access, born: Epoch) -> Vec<World> {
        let mut bases = Vec::new();
        let now = self.tags(access.stream_id);
        let tags = |oracle: &dyn Oracle| stale::tags(oracle, &self.params, access.stream_id);
        if self.stale.any() {
            bases.push(World { oracle: None, until: None, tags: now });
            let past = self.past.iter().filter(|past| born < past.until);
            bases.extend(past.map(|past| World { oracle: Some(past.open.clone()), until: None, tags: tags(&*past.open) }));
        }
        if let Some((offset, data, strobes)) = self.control.pending() {
            let mut oracle = self.open.copy();
            oracle.write_strobed(offset, data, strobes);
            bases.push(World { tags: tags(&*oracle), oracle: Some(oracle.into()), until: None });
        }
        let mut worlds = Vec::new();
        for base in bases {
            if let Some(bank) = base.tags.map(|tags| tags.bank) {
                for old in self.stale.configs(bank) {
                    let oracle = with_config(base.oracle.as_deref().unwrap_or(&*self.open), &old.value);
                    worlds.push(World { oracle: Some(oracle.into()), until: Some(old.until), tags: base.tags });
                }
            }
            worlds.push(base);
        }
        worlds
    }

    fn search_world(
        &mut self,
        access: &Access,
        born: Epoch,
        world: &World,
        memory: &mut Memory,
        fits: &impl Fn(&Verdict) -> bool,
        found: &mut Vec<Verdict>,
    ) {
        let tags = world.tags;
        let oracle = world.oracle.as_deref().unwrap_or(&*self.open);
        let mut picks = Vec::new();
        for _ in 0..MAX_COMBINATIONS {
            let mut tables = OldTables {
                memory,
                stale: &self.stale,
                born,
                picks: &picks,
                choices: Vec::new(),
                used: Vec::new(),
                leaf: 0,
                depth: 0,
            };
            let verdict = oracle.check(access, &mut tables);
            let OldTables { choices, used, leaf, depth, .. } = tables;
            if fits(&verdict) && !found.contains(&verdict) {
                let entry = tags.and_then(|tags| self.entry(oracle, tags, access.addr, leaf, depth));
                // A synchronization waits for what went downstream with a dropped translation, not for a refusal on its way to the client.
                let before = if verdict.fault().is_some() { born } else { Epoch::MAX };
                let alive = |table, until| entry.is_none_or(|entry| !self.stale.ended(&entry, table, until, before));
                let config_alive = world.until.is_none_or(|until| alive(true, until));
                if config_alive && used.iter().all(|used| alive(used.position != depth, used.until)) {
                    found.push(verdict);
                }
            }
            let Some(next) = next_picks(picks, &choices) else { return };
            picks = next;
        }
    }
}

/// The model with an old configuration of a bank. What is not cached with a translation stays as it is: M, CFRE, CFIE, HUPCF.
fn with_config(open: &dyn Oracle, config: &BankConfig) -> Box<dyn Oracle> {
    const LIVE: u64 = 0x161;
    let mut oracle = open.copy();
    for (n, &(offset, value, bytes)) in config.iter().enumerate() {
        let value = if n == 0 { value & !LIVE | open.read(offset, bytes) & LIVE } else { value };
        oracle::poke(&mut *oracle, offset, value, bytes);
    }
    oracle
}

#[cfg(test)]
mod tests {
    use super::next_picks;

    #[test]
    fn picks_go_through_all_combinations_once() {
        let mut seen = vec![vec![0, 0]];
        let mut picks = Some(vec![]);
        while let Some(next) = picks.and_then(|picks| next_picks(picks, &[2, 3])) {
            seen.push(next.clone());
            picks = Some(next);
        }
        seen.iter_mut().for_each(|picks| picks.resize(2, 0));
        assert_eq!(seen, [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
    }

    #[test]
    fn a_walk_without_old_values_has_one_combination() {
        assert_eq!(next_picks(vec![], &[]), None);
    }
}
