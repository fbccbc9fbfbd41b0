//! What the scoreboard tells an observer: facts about transactions and maintenance, read from the pins and the models.
//!
//! Nothing here decides whether something is right, and nothing runs without an observer.

use super::flight::{Slot, Stage};
use super::stale;
use super::trace::Ends;
use super::Scoreboard;
use crate::axi::burst;
use crate::bench::observe::{Accepted, Answered, Event, Fate, Format, Forwarded, Path, SecondLeaf, StreamCase, Translation};
use crate::memory::Memory;
use smmu_rtl::params::Aarch32;
use smmu_rtl::registers as regs;
use smmu_sim::model::stream::{match_stream, Match};
use smmu_sim::model::{Fault, Verdict};

/// Cycles from acceptance to downstream of a hit.
const HIT: u64 = 2;

impl Scoreboard {
    /// Begins to note events, for [`Scoreboard::take_events`].
    pub fn note_events(&mut self) {
        self.events.get_or_insert_default();
    }

    /// Hands over what happened since the last call, in order. `into` is emptied first.
    pub fn take_events(&mut self, into: &mut Vec<Event>) {
        into.clear();
        if let Some(events) = &mut self.events {
            std::mem::swap(into, events);
        }
    }

    /// Notes an event, if anybody looks.
    pub(super) fn note(&mut self, event: impl FnOnce(&Scoreboard) -> Event) {
        if self.events.is_some() {
            let event = event(self);
            self.events.get_or_insert_default().push(event);
        }
    }

    /// Transactions that wait for their translation, and those downstream.
    pub(super) fn crowd(&self) -> (usize, usize) {
        let stages = self.flight.live().map(|slot| self.flight.slots[slot].stage);
        stages.fold((0, 0), |(waiting, downstream), stage| match stage {
            Stage::Waiting => (waiting + 1, downstream),
            Stage::Forwarded { .. } => (waiting, downstream + 1),
            Stage::Refusing { .. } => (waiting, downstream),
        })
    }

    pub(super) fn note_accepted(&mut self, slot: Slot) {
        self.note(|this| {
            let t = &this.flight.slots[slot];
            let older = |other: &Slot| {
                let o = &this.flight.slots[*other];
                *other != slot && o.stage == Stage::Waiting && o.write == t.write && o.port == t.port
            };
            let others: Vec<_> = this.flight.live().filter(older).map(|other| this.flight.slots[other].beat).collect();
            let same_page =
                |o: &smmu_sim::dut::AddrBeat| o.user == t.beat.user && o.addr / burst::PAGE == t.beat.addr / burst::PAGE;
            Event::Accepted(Accepted {
                serial: t.serial,
                port: t.port,
                write: t.write,
                beat: t.beat,
                illegal_burst: t.access.illegal_burst,
                stream: this.stream_case(t.beat.user),
                waiting: others.len(),
                same_page_waits: others.iter().any(same_page),
                same_id_waits: others.iter().any(|o| o.id == t.beat.id),
            })
        });
        if self.events.is_some() {
            let t = &self.flight.slots[slot];
            let (user, page, write, port) = (t.beat.user, t.beat.addr / burst::PAGE, t.write, t.port);
            let shares = |o: &super::flight::Transaction| {
                o.in_use && o.stage == Stage::Waiting && o.write == write && o.port == port && o.beat.user == user
            };
            let merged =
                self.flight.slots.iter().enumerate().any(|(n, o)| n != slot && shares(o) && o.beat.addr / burst::PAGE == page);
            let t = &mut self.flight.slots[slot];
            t.shared = merged;
            t.walks_before = self.stats.walk_reads;
        }
    }

    /// Where a stream leads under the registers as they are.
    fn stream_case(&self, stream_id: u32) -> StreamCase {
        let (open, params) = (&*self.open, &self.params);
        if open.read(regs::SCR0.offset(params, 0), 4) & 1 == 1 {
            return StreamCase::ClientOff;
        }
        let smr = |n| open.read(regs::SMR.offset(params, n), 4) as u32;
        let group = match match_stream(stream_id, (0..params.num_smr).map(smr)) {
            Match::None => return StreamCase::Unmatched,
            Match::Many => return StreamCase::Several,
            Match::One(group) => group,
        };
        let s2cr = open.read(regs::S2CR.offset(params, group), 4);
        let bank = (s2cr & 0xff) as usize;
        match s2cr >> 16 & 3 {
            1 => return StreamCase::Bypass,
            2 => return StreamCase::Fault,
            3 => return StreamCase::Reserved,
            _ if bank >= params.num_cb => return StreamCase::NoBank,
            _ => {}
        }
        let read = |id: regs::RegId| open.read(id.offset(params, bank), 4);
        let kind = regs::CBAR.field("TYPE").get(read(regs::CBAR)) as u8;
        if self.params.features.stage2 && kind == 0 {
            return if read(regs::CB_SCTLR) & 1 == 0 { StreamCase::Identity { bank } } else { StreamCase::Second { bank } };
        }
        if self.params.features.nested && kind == 3 {
            return self.nested_case(bank);
        }
        if kind != 1 {
            StreamCase::BankType { bank, kind }
        } else if read(regs::CB_SCTLR) & 1 == 0 {
            StreamCase::Identity { bank }
        } else if self.format(bank) != Format::Wide || read(regs::CBA2R) & 1 == 0 {
            StreamCase::Aarch32 { bank }
        } else {
            StreamCase::Translated { bank }
        }
    }

    /// Where a bank of two stages leads.
    fn nested_case(&self, bank: usize) -> StreamCase {
        let cbar = |bank| self.open.read(regs::CBAR.offset(&self.params, bank), 4);
        let second = (cbar(bank) >> 8 & 0xff) as usize;
        if second >= self.params.num_cb || cbar(second) >> 16 & 3 != 0 {
            return StreamCase::BankType { bank, kind: 3 };
        }
        let on = |bank| self.open.read(regs::CB_SCTLR.offset(&self.params, bank), 4) & 1 == 1;
        StreamCase::Nested { bank, second, first_on: on(bank), second_on: on(second) }
    }

    /// A transaction's address stands downstream at `pa`.
    pub(super) fn note_forwarded(&mut self, slot: Slot, pa: u64, latency: u64, stalled: u64, memory: &mut Memory) {
        if self.events.is_none() {
            return;
        }
        let translation = self.translation(slot, pa, memory);
        self.note(|this| {
            let t = &this.flight.slots[slot];
            let older = |o: &super::flight::Transaction| {
                o.in_use && o.stage == Stage::Waiting && o.write == t.write && o.port == t.port && o.serial < t.serial
            };
            let path = if latency.saturating_sub(stalled) <= HIT {
                // Writes go in order: older ones that have not gone are those that will be refused.
                if !t.write && this.flight.slots.iter().any(older) {
                    Path::HitUnderMiss
                } else {
                    Path::Hit
                }
            } else if t.shared {
                Path::Merged
            } else if this.stats.walk_reads == t.walks_before {
                Path::NoWalk
            } else {
                Path::Walked
            };
            let raced = t.held.len() > 1;
            Event::Forwarded(Forwarded { serial: t.serial, pa, translation, latency, stalled, path, raced })
        });
    }

    /// The translation that the tables and registers make now, if it leads to `pa`.
    fn translation(&mut self, slot: Slot, pa: u64, memory: &mut Memory) -> Option<Translation> {
        let access = self.flight.slots[slot].access;
        let tags = self.tags(access.stream_id)?;
        let mut tables = super::trace::Tables::new(memory);
        if self.open.check(&access, &mut tables) != (Verdict::Translated { pa }) {
            return None;
        }
        let (ends, tables_of) = (tables.ends, tags.first);
        let (Some(of_first), Some(first)) = (tables_of, ends.first) else {
            let second = self.second_leaf(tags, &ends)?;
            return Some(Translation { second: Some(second), ..Translation::of_second(&second) });
        };
        let view = self.open.stage(tags.bank)?;
        let format = self.format(tags.bank);
        let has_16k = self.params.straps.granule_16k;
        let region = match format {
            Format::Wide => view.stage1.region(first.address, has_16k, self.params.output_bits()),
            _ => view.stage1.region32(first.address, self.params.output_bits()),
        };
        let region = region.ok()?;
        Some(Translation {
            bank: tags.bank,
            vmid: of_first.vmid,
            asid: of_first.asid,
            va: first.address,
            region: region.upper.into(),
            granule: region.walk.granule.page_bits(),
            start_level: region.walk.start_level,
            level: first.level,
            bits: first.bits,
            leaf: ends.first_word,
            format,
            second: self.second_leaf(tags, &ends),
        })
    }

    /// The format of a bank's tables, of either stage.
    fn format(&self, bank: usize) -> Format {
        let read = |id: regs::RegId| self.open.read(id.offset(&self.params, bank), 4);
        if self.params.features.aarch32 == Aarch32::None || read(regs::CBA2R) & 1 == 1 {
            Format::Wide
        } else if read(regs::CBAR) >> 16 & 3 == 0 || read(regs::CB_TCR) >> 31 == 1 {
            Format::Long
        } else {
            Format::Short
        }
    }

    /// The leaf of stage 2 that a translation ended with.
    fn second_leaf(&self, tags: stale::Tags, ends: &Ends) -> Option<SecondLeaf> {
        let (tags2, span) = tags.second.zip(ends.second)?;
        let view = self.open.stage(tags2.bank)?;
        let walk = view.stage2.regime(span.address, self.params.straps.granule_16k, self.params.output_bits()).ok()?;
        Some(SecondLeaf {
            bank: tags2.bank,
            vmid: tags2.vmid,
            ipa: span.address,
            granule: walk.granule.page_bits(),
            start_level: walk.start_level,
            concatenated: walk.start_index_bits() > walk.granule.level_bits(),
            level: span.level,
            bits: span.bits,
            format: self.format(tags2.bank),
        })
    }

    /// The client has the last answer of a transaction; `causes`: what explains its refusal.
    pub(super) fn note_answered(&mut self, slot: Slot, causes: &[Fault]) {
        self.note(|this| {
            let t = &this.flight.slots[slot];
            let fate = match t.stage {
                Stage::Refusing { resp } => {
                    let raz = resp == burst::OKAY;
                    // Old registers may explain it too, but where nothing is pending, what the registers say now comes first.
                    let mut direct = t.faults().filter(|(zeros, _)| *zeros == raz).map(|(_, fault)| fault);
                    let (now, more) = (direct.next(), direct.next());
                    let plain = more.is_none() && causes.iter().all(|cause| cause.code != 0);
                    let fault = if causes.len() == 1 { causes.first().copied() } else { now.filter(|_| plain) };
                    Fate::Refused { raz, fault }
                }
                _ => Fate::Done { resp: t.worst },
            };
            let granule =
                causes.first().filter(|fault| !fault.global && fault.code != 0 && fault.stage2.is_none()).and_then(|fault| {
                    let view = this.open.stage(fault.bank).filter(|_| this.format(fault.bank) == Format::Wide)?;
                    let va = view.stage1.virtual_address(t.access.addr);
                    let region = view.stage1.region(va, this.params.straps.granule_16k, this.params.output_bits());
                    region.ok().map(|region| region.walk.granule.page_bits())
                });
            let cycles = this.cycle - t.accepted;
            Event::Answered(Answered { serial: t.serial, write: t.write, beat: t.beat, fate, granule, cycles })
        });
    }

    /// A command or a synchronization among the words that were written.
    pub(super) fn note_maintenance(&mut self, id: regs::RegId, index: usize, payload: u64) {
        let bank = (id.register().space == regs::Space::Bank).then_some(index);
        self.note(|this| {
            let (waiting, downstream) = this.crowd();
            if matches!(id, regs::CB_TLBSYNC | regs::STLBGSYNC) {
                Event::SyncIssued { bank, waiting, downstream }
            } else {
                Event::Invalidation { id, bank, payload, waiting, downstream }
            }
        });
    }
}
