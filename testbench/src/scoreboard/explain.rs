//! Is what the pins show right? First against the verdicts that held in the transaction's life; if they do not explain it, against
//! what caches may still hold: old descriptors, old bank configurations, and a register write that is being performed.

use super::flight::{Held, Outcome, Slot};
use super::stale::{self, BankConfig, Entry, Epoch, Stale, Tags};
use super::trace::{Ends, Span};
use super::traffic::attributes;
use super::verdict::pending_refusal;
use super::{oracle, Oracle, Scoreboard};
use crate::memory::Memory;
use smmu_rtl::registers as regs;
use smmu_sim::dut::AddrBeat;
use smmu_sim::model::stage2::Stage2Registers;
use smmu_sim::model::{context_code, Access, BankView, Fault, Reading, TableMemory, Verdict};
use std::rc::Rc;

/// Combinations of old descriptors that are tried for one transaction.
const MAX_COMBINATIONS: usize = 4096;
/// The same with two stages, each of which has its own, for each look-up.
const MAX_NESTED: usize = 1 << 15;

/// Something old that a walk used: when it ended, and what it is.
#[derive(Clone, Copy, Debug)]
struct Used {
    until: Epoch,
    part: Part,
    /// Look-up of stage 2 that it belongs to, 0 being the first.
    lookup: usize,
    /// It came so many readings of its stage and look-up before the last.
    at: usize,
}

/// Part of a translation that may be old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// A descriptor of stage 1.
    First,
    /// A descriptor of stage 2.
    Second,
    /// The registers of stage 2.
    SecondRegisters,
    /// Another stage 2, or none: of what stage 1 was cached with.
    OtherSecond,
}

/// A look-up of stage 2.
#[derive(Clone, Copy, Debug, Default)]
struct LookUp {
    /// Its readings, and the last of them.
    readings: usize,
    span: Option<Span>,
    /// The reading of stage 1 that it was for; none: it was for the result.
    feeds: Option<usize>,
}

/// Registers of stage 2 that a nested translation may look something up with.
#[derive(Clone, Copy, Debug)]
struct Behind {
    view: Option<BankView>,
    /// Only what caches keep has them, and they ended then.
    until: Option<(Epoch, Part)>,
    /// They count for descriptors of stage 1 alone.
    walks_only: bool,
}

/// The tables with a choice of old values: `picks[n]` says which one the n-th word with old values shows, 0 being memory's own. Likewise
/// for the registers of stage 2.
struct OldTables<'a> {
    memory: &'a mut Memory,
    stale: &'a Stale,
    born: Epoch,
    picks: &'a [usize],
    behind: &'a [Behind],
    /// Until when descriptors of stage 1 had the other byte order, if they had.
    turned: Option<Epoch>,
    tags: Option<Tags>,
    /// Values to choose from at each word that had a choice.
    choices: Vec<usize>,
    used: Vec<Used>,
    ends: Ends,
    /// Readings of stage 1, and look-ups of stage 2.
    firsts: usize,
    seconds: Vec<LookUp>,
    /// The next reading is of stage 2.
    stage2: bool,
    /// The last word was an old one that is not valid in the usual format.
    odd_end: bool,
}

impl OldTables<'_> {
    /// A choice of one of so many.
    fn pick(&mut self, count: usize) -> usize {
        let pick = self.picks.get(self.choices.len()).copied().unwrap_or_default();
        self.choices.push(count);
        pick
    }

    /// What is read now, in an old value, is not surely gone.
    fn may_live(&self, part: Part, until: Epoch) -> bool {
        let Some(tags) = self.tags else { return true };
        let first = tags.first.zip(self.ends.first).map(|(tags, span)| Entry::first(tags, span));
        let second = tags.second.zip(self.ends.second).map(|(tags, span)| Entry::second(tags.vmid, span));
        let (stale, born) = (self.stale, self.born);
        match (part, first, second) {
            (Part::First | Part::OtherSecond, Some(first), _) => !stale.surely_ended(&first, until, born),
            (Part::Second, Some(first), Some(second)) => !stale.surely_ended_both(&second, &first, until, born),
            (Part::Second, None, Some(second)) if tags.first.is_none() => !stale.surely_ended(&second, until, born),
            _ => true,
        }
    }

    fn uses(&mut self, until: Epoch, part: Part) {
        let lookup = self.seconds.len().saturating_sub(1);
        let at = match part {
            Part::First | Part::OtherSecond => self.firsts,
            Part::Second => self.seconds.last().map_or(0, |look_up| look_up.readings),
            Part::SecondRegisters => 0,
        };
        self.used.push(Used { until, part, lookup, at });
    }
}

impl TableMemory for OldTables<'_> {
    fn read64(&mut self, pa: u64) -> Option<u64> {
        let now = self.memory.table_word(pa);
        // Nothing invalid is ever cached: such an old value is of use only to a walk that was under way.
        let (stale, born) = (self.stale, self.born);
        let part = if self.stage2 { Part::Second } else { Part::First };
        let usable = |old: &&super::stale::Old<u64>| {
            (stale.may_be_valid(old.value) || born < old.until) && Some(old.value) != now && self.may_live(part, old.until)
        };
        let olds: Vec<_> = stale.olds(pa).iter().filter(usable).copied().collect();
        let mut word = now;
        self.odd_end = false;
        // What was cached of a descriptor in the other byte order: of 8 bytes, or of each half.
        let mut choices: Vec<(u64, Epoch, bool)> = olds.iter().map(|old| (old.value, old.until, old.value & 1 == 0)).collect();
        if let Some(turned) = self.turned.filter(|until| part == Part::First && self.may_live(part, *until)) {
            let words =
                now.map(|word| (word, turned)).into_iter().chain(olds.iter().map(|old| (old.value, old.until.min(turned))));
            let both = |(word, until): (u64, Epoch)| {
                let other = word.swap_bytes();
                [(other, until, false), (other.rotate_left(32), until, false)]
            };
            choices.extend(words.flat_map(both));
        }
        if !choices.is_empty() {
            let pick = self.pick(choices.len() + 1);
            if let Some(&(value, until, odd)) = pick.checked_sub(1).and_then(|n| choices.get(n)) {
                word = Some(value);
                self.odd_end = odd && born >= until;
                self.uses(until, part);
            }
        }
        self.ends.read(word.unwrap_or_default());
        word
    }

    fn reading(&mut self, what: &Reading) {
        self.ends.reading(what);
        self.stage2 = what.stage2;
        if !what.stage2 {
            self.firsts += 1;
            return;
        }
        if self.seconds.is_empty() {
            self.seconds.push(LookUp::default());
        }
        if let Some(look_up) = self.seconds.last_mut() {
            look_up.readings += 1;
            look_up.span = Some(Span::of(what));
        }
    }

    fn found(&mut self, what: &Reading) {
        self.ends.found(what);
    }

    fn stage2(&mut self, now: Option<BankView>, on_walk: bool) -> Option<BankView> {
        self.seconds.push(LookUp { feeds: on_walk.then_some(self.firsts + 1), ..LookUp::default() });
        let behind = self.behind;
        let here = essence(now);
        let fits = |choice: &&Behind| {
            let live = choice.until.is_none_or(|(until, part)| part != Part::OtherSecond || self.may_live(part, until));
            (on_walk || !choice.walks_only) && essence(choice.view) != here && live
        };
        let choices: Vec<&Behind> = behind.iter().filter(fits).collect();
        if choices.is_empty() {
            return now;
        }
        let pick = self.pick(choices.len() + 1);
        let Some(choice) = pick.checked_sub(1).and_then(|n| choices.get(n)) else { return now };
        if let Some((until, part)) = choice.until {
            self.uses(until, part);
        }
        choice.view
    }
}

/// What a look-up of stage 2 depends on: of SCTLR, M, AFFD, E and PTW.
fn essence(view: Option<BankView>) -> Option<Stage2Registers> {
    view.map(|view| Stage2Registers { sctlr: view.stage2.sctlr & 0x2019, ..view.stage2 })
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
    /// Whether a transaction may go downstream like this, address and attributes.
    pub(super) fn may_go(&mut self, slot: Slot, beat: &AddrBeat, memory: &mut Memory) -> bool {
        let tags = self.tags(self.flight.slots[slot].access.stream_id);
        let t = &self.flight.slots[slot];
        let wanted = (Verdict::Translated { pa: beat.addr }, Some(attributes(beat)));
        let fits = |held: &&Held| held.outcome() == wanted;
        let ended = |held: &Held| match (held.until, tags) {
            (Some(until), Some(tags)) => {
                let gone = |entry: Entry| self.stale.ended(&entry, false, until, Epoch::MAX);
                let second = tags.second.zip(held.ends.second).map(|(second, span)| Entry::second(second.vmid, span));
                // Of two stages, which one changed is for the search to say.
                Entry::of(tags, &held.ends).is_some_and(gone) || tags.nested && second.is_some_and(gone)
            }
            _ => false,
        };
        if t.maybe_clear && t.held.iter().filter(fits).any(|held| !ended(held)) {
            return true;
        }
        if !t.maybe_clear && !self.control.writing() {
            return false;
        }
        !self.search(slot, memory, |outcome| *outcome == wanted).is_empty()
    }

    /// The faults that explain that a transaction is refused, answered with zeros (`raz`) or with an error. Empty: none does.
    pub(super) fn causes(&mut self, slot: Slot, raz: bool, memory: &mut Memory) -> Vec<Fault> {
        self.note_cached_stalls(slot, memory);
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
            let fits = |outcome: &Outcome| matches!(outcome.0, Verdict::Refused { raz: zeros, .. } if zeros == raz);
            for fault in self.search(slot, memory, fits).iter().filter_map(|(verdict, _)| verdict.fault()) {
                if !causes.contains(&fault) {
                    causes.push(fault);
                }
            }
        }
        causes
    }

    /// All refusals that the search finds, kept until something changes.
    pub(super) fn search_faults(&mut self, slot: Slot, memory: &mut Memory) -> Vec<Verdict> {
        let at = (self.flight.slots[slot].serial, self.epoch, self.control.pending());
        if let Some((_, verdicts)) = self.searched.iter().find(|(other, _)| *other == at) {
            return verdicts.clone();
        }
        let outcomes = self.search(slot, memory, |(verdict, _)| verdict.fault().is_some());
        let verdicts: Vec<Verdict> = outcomes.into_iter().map(|(verdict, _)| verdict).collect();
        self.searched.retain(|((_, epoch, _), _)| *epoch == at.1);
        self.searched.push((at, verdicts.clone()));
        verdicts
    }

    /// All verdicts that fit among everything that caches and a write under way allow.
    pub(super) fn search(&mut self, slot: Slot, memory: &mut Memory, fits: impl Fn(&Outcome) -> bool) -> Vec<Outcome> {
        let (access, cache) = (self.flight.slots[slot].access, self.flight.slots[slot].beat.cache);
        let born = self.flight.slots[slot].born;
        let mut found = Vec::new();
        for world in self.worlds(&access, born) {
            let behind = self.behind(&world, born);
            self.search_world((&access, cache), born, (&world, &behind), memory, &fits, &mut found);
        }
        // A write under way may also change what a pending fault does.
        if let Some((offset, data, strobes)) = self.control.pending() {
            let mut blocked = self.blocked.copy();
            blocked.write_strobed(offset, data, strobes);
            found.extend(pending_refusal(&*blocked, &access).map(|(verdict, _)| (verdict, None)).filter(fits));
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
                let now = base.oracle.as_deref().unwrap_or(&*self.open);
                let known = walked_with(&stale::bank_config(now, &self.params, bank));
                let mut seen = Vec::new();
                for old in self.stale.configs(bank).collect::<Vec<_>>().into_iter().rev() {
                    let config = walked_with(&old.value);
                    if config == known || seen.contains(&config) {
                        continue;
                    }
                    seen.push(config);
                    let oracle = with_config(base.oracle.as_deref().unwrap_or(&*self.open), &old.value, true);
                    worlds.push(World { oracle: Some(oracle.into()), until: Some(old.until), tags: base.tags });
                }
            }
            worlds.push(base);
        }
        worlds
    }

    /// The registers of stage 2 that look-ups of a nested translation may find, beside those of its world: a register write holds for what a
    /// walk has not looked up yet, and caches keep what was looked up before.
    fn behind(&mut self, world: &World, born: Epoch) -> Vec<Behind> {
        let mut found = Vec::new();
        let Some(tags) = world.tags.filter(|tags| tags.nested) else { return found };
        let base = world.oracle.as_deref().unwrap_or(&*self.open);
        let cbar = |oracle: &dyn Oracle| oracle.read(regs::CBAR.offset(&self.params, tags.bank), 4);
        let of = |cbar: u64| (cbar >> 8 & 0xff) as usize;
        let there = |bank: usize| bank < self.params.num_cb;
        let here = of(cbar(base));
        if !there(here) {
            return found;
        }
        let mut add = |choice: Behind| {
            let same = |other: &&mut Behind| essence(other.view) == essence(choice.view);
            let part = |choice: &Behind| choice.until.map(|(_, part)| part);
            if found.iter_mut().find(same).is_some_and(|other| other.until.is_none() && !other.walks_only) {
                return;
            }
            // Of the same in caches, the one that ended last.
            match found.iter_mut().filter(same).find(|other| part(other) == part(&choice)) {
                Some(other) if other.until.map(|(until, _)| until) < choice.until.map(|(until, _)| until) => {
                    other.until = choice.until
                }
                Some(_) => {}
                None => found.push(choice),
            }
        };
        let pending = self.control.pending().map(|(offset, data, strobes)| {
            let mut oracle = self.open.copy();
            oracle.write_strobed(offset, data, strobes);
            oracle
        });
        // What holds, or held in its life.
        let past = self.past.iter().filter(|past| born < past.until).map(|past| &*past.open);
        for oracle in past.chain([&*self.open]).chain(pending.as_deref()) {
            add(Behind { view: oracle.stage(here), until: None, walks_only: false });
        }
        if !self.stale.any() {
            return found;
        }
        let old = |config: &BankConfig, bank: usize| {
            let oracle = with_config(&*self.open, config, false);
            oracle.stage(bank)
        };
        for config in self.stale.configs(here) {
            let view = old(&config.value, here);
            // What was cached without stage 2 is of stage 1 alone, and its result goes through the stage 2 that there is now.
            let part = if view.is_some() { Part::SecondRegisters } else { Part::OtherSecond };
            add(Behind { view, until: Some((config.until, part)), walks_only: view.is_none() });
        }
        for config in self.stale.configs(tags.bank) {
            let cbar = config.value[stale::CBAR].1;
            let other = of(cbar);
            let until = Some((config.until, Part::OtherSecond));
            match cbar >> 16 & 3 {
                1 => add(Behind { view: None, until, walks_only: true }),
                3 if other != here && there(other) => {
                    add(Behind { view: self.open.stage(other), until, walks_only: true });
                    for config in self.stale.configs(other) {
                        add(Behind { view: old(&config.value, other), until, walks_only: true });
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn search_world(
        &mut self,
        (access, cache): (&Access, u8),
        born: Epoch,
        (world, behind): (&World, &[Behind]),
        memory: &mut Memory,
        fits: &impl Fn(&Outcome) -> bool,
        found: &mut Vec<Outcome>,
    ) {
        let oracle = world.oracle.as_deref().unwrap_or(&*self.open);
        let mut picks = Vec::new();
        let bank = world.tags.map(|tags| tags.bank);
        let order = |config: &BankConfig| config[stale::SCTLR].1 >> 4 & 1;
        let turned = bank.filter(|_| self.params.features.big_endian).and_then(|bank| {
            let mut olds = self.stale.configs(bank).peekable();
            olds.peek()?;
            let now = order(&stale::bank_config(oracle, &self.params, bank));
            olds.filter(|old| order(&old.value) != now).map(|old| old.until).max()
        });
        let most = if world.tags.is_some_and(|tags| tags.nested) { MAX_NESTED } else { MAX_COMBINATIONS };
        for _ in 0..most {
            let mut tables = OldTables {
                memory,
                stale: &self.stale,
                born,
                picks: &picks,
                behind,
                turned,
                tags: world.tags,
                choices: Vec::new(),
                used: Vec::new(),
                ends: Ends::default(),
                firsts: 0,
                seconds: Vec::new(),
                stage2: false,
                odd_end: false,
            };
            let outcome = oracle.check_attributes(access, cache, &mut tables);
            let OldTables { choices, used, ends, firsts, seconds, odd_end, .. } = tables;
            // Nothing invalid is cached, in whatever format.
            let invalid = odd_end && outcome.0.fault().is_some_and(|fault| fault.code == context_code::TF);
            if fits(&outcome) && !found.contains(&outcome) && !invalid {
                let whole = Whole { verdict: &outcome.0, ends, firsts, seconds: &seconds };
                if self.alive(world, born, &used, &whole) {
                    found.push(outcome);
                }
            }
            let Some(next) = next_picks(picks, &choices) else { return };
            picks = next;
        }
    }

    /// Everything old that a translation used may still be there.
    fn alive(&self, world: &World, born: Epoch, used: &[Used], whole: &Whole) -> bool {
        let Whole { verdict, ends, firsts, seconds } = *whole;
        if firsts == 0 && seconds.iter().all(|look_up| look_up.readings == 0) {
            // What reads no table follows from the registers alone: a fault is never cached.
            return world.until.is_none_or(|until| born < until);
        }
        let Some(tags) = world.tags else { return true };
        let faults = verdict.fault().is_some();
        // A synchronization waits for what went downstream with a dropped translation, not for a refusal on its way to the client.
        let before = if faults { born } else { Epoch::MAX };
        let first = tags.first.zip(ends.first).map(|(first, span)| Entry::first(first, span));
        let config_alive = world
            .until
            .is_none_or(|until| Entry::of(tags, &ends).is_none_or(|entry| !self.stale.ended(&entry, true, until, before)));
        config_alive
            && used.iter().all(|used| {
                let of_first = |at: usize| first.map(|entry| (entry, at != firsts));
                let look_up = seconds.get(used.lookup).copied().unwrap_or_default();
                let ended = |of: Option<(Entry, bool)>| {
                    of.is_some_and(|(entry, table)| self.stale.ended(&entry, table, used.until, before))
                };
                match used.part {
                    Part::First => !ended(of_first(used.at)),
                    Part::OtherSecond => !ended(of_first(used.at + 1)),
                    Part::Second | Part::SecondRegisters => {
                        // A leaf that an old table led to stays until its own page is named, whatever became of the table.
                        let Some((second, span)) = tags.second.zip(look_up.span) else { return true };
                        let entry = Entry::second(second.vmid, span);
                        let table = used.part == Part::SecondRegisters || used.at != look_up.readings;
                        // The descriptor of stage 1, or the result, that it led to may be cached, too.
                        let led_to = match look_up.feeds {
                            Some(reading) => Some(reading).filter(|reading| *reading <= firsts),
                            None => Some(firsts).filter(|_| !faults),
                        };
                        match led_to.and_then(of_first) {
                            Some((first, below)) => !self.stale.ended_both((&entry, &first), (table, below), used.until, before),
                            None => !ended(Some((entry, table))),
                        }
                    }
                }
            })
    }
}

/// A translation that the search has made.
struct Whole<'a> {
    verdict: &'a Verdict,
    ends: Ends,
    firsts: usize,
    seconds: &'a [LookUp],
}

/// What counts of a configuration for what is cached: not what is live, and not which stages there are.
fn walked_with(config: &BankConfig) -> BankConfig {
    let mut config = *config;
    config[stale::SCTLR].1 &= !LIVE;
    config[stale::CBAR].1 = 0;
    config
}

/// Bits of SCTLR that count as they are: M, CFRE, CFIE, HUPCF, and what is said of attributes: TRE, MemAttr, MTCFG, SHCFG, RACFG, WACFG.
const LIVE: u64 = 0x161 | 2 | 0xfdf_0000;

/// The model with an old configuration of a bank. What is not cached with a translation stays as it is: the bits `LIVE` of SCTLR, if `live`; and
/// CBAR, which chooses the stages.
fn with_config(open: &dyn Oracle, config: &BankConfig, live: bool) -> Box<dyn Oracle> {
    let mut oracle = open.copy();
    for (n, &(offset, value, bytes)) in config.iter().enumerate() {
        let value = match n {
            stale::SCTLR if live => value & !LIVE | open.read(offset, bytes) & LIVE,
            stale::CBAR => continue,
            _ => value,
        };
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
