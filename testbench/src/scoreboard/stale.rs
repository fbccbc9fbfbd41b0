//! What caches may still hold: old descriptors, old bank configurations, and the maintenance that ends their lives.
//!
//! Between a change and the end of the synchronization that covers it, the old value is as right as the new one, at every level
//! of a walk on its own (leaves and tables are cached apart). So old values are kept with the moment at which they were
//! replaced, and a translation that needs one is right until an invalidation that names it, begun after that moment, has been
//! synchronized. Moments are *epochs*: a counter that goes up with every change that can matter.

use super::oracle::Oracle;
use super::trace::{Ends, Span};
use crate::memory::{Change, PageMap};
use smmu_rtl::params::{Aarch32, Params};
use smmu_rtl::registers::{self as regs, RegId};
use smmu_sim::model::stream::{match_stream, Match};

/// Counts changes that can matter to a translation.
pub(super) type Epoch = u64;

/// Completed commands that are remembered. Forgetting one only makes the check more permissive.
const MAX_COMMANDS: usize = 1 << 16;
/// Old values of one descriptor that are remembered, and old configurations of one bank.
const MAX_OLD: usize = 64;

/// A value that was replaced in epoch `until`: it held before that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Old<T> {
    pub value: T,
    pub until: Epoch,
}

/// Registers of a bank that its cached translations depend on, as offset, value and bytes.
pub(super) type BankConfig = [(u32, u64, u8); 7];
/// Of them, `SCTLR`, and `CBAR`, which chooses stages and is not a walk's own.
pub(super) const SCTLR: usize = 0;
pub(super) const CBAR: usize = 6;

/// The tags of a stream's cached translations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tags {
    /// The bank that the stream names.
    pub bank: usize,
    /// Those of stage 1, or of both stages together, if stage 1 is on.
    pub first: Option<First>,
    /// Those of stage 2, if it is on.
    pub second: Option<Second>,
    /// There are two stages, on or off.
    pub nested: bool,
}

/// The tags of entries of stage 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct First {
    /// `{HYPC, VMID}`.
    pub vmid: u16,
    pub asid: u16,
}

/// The tags of entries of stage 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Second {
    pub bank: usize,
    pub vmid: u16,
}

/// What an invalidation drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Hyp,
    NotHyp,
    /// Of both stages.
    Vmid(u16),
    /// Of stage 1, and what was made of both.
    VmidFirst(u16),
    Asid(u16, u16),
    /// VMID, ASID (none: any), VA[48:12], leaves only.
    Address(u16, Option<u16>, u64, bool),
    /// VMID, IPA[47:12], leaves only.
    Ipa(u16, u64, bool),
}

#[derive(Clone, Copy, Debug)]
struct Command {
    scope: Scope,
    /// The bank whose page the command was written to; none for a global one.
    bank: Option<usize>,
    begun: Epoch,
    /// Epoch in which a status read showed the end of its synchronization.
    synchronized: Option<Epoch>,
}

#[derive(Clone, Copy, Debug)]
struct Sync {
    bank: Option<usize>,
    begun: Epoch,
    /// Cycle of its write response.
    answered: u64,
}

/// A translation as far as invalidation looks at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Stage 2 alone.
    stage2: bool,
    vmid: u16,
    asid: u16,
    span: Span,
}

impl Entry {
    /// Of stage 1, or of both stages.
    pub(super) fn first(tags: First, span: Span) -> Self {
        Entry { stage2: false, vmid: tags.vmid, asid: tags.asid, span }
    }

    /// Of stage 2.
    pub(super) fn second(vmid: u16, span: Span) -> Self {
        Entry { stage2: true, vmid, asid: 0, span }
    }

    /// The same as if its leaf were the smallest there is, for all ASIDs and for one.
    fn smallest(&self) -> [Self; 2] {
        [true, false].map(|global| Entry { span: Span { bits: 12, global, ..self.span }, ..*self })
    }

    /// What commands have to name so that a translation with these ends goes: the entry of its stage 1, else that of its stage 2.
    pub(super) fn of(tags: Tags, ends: &Ends) -> Option<Self> {
        match (tags.first, ends.first, tags.second, ends.second) {
            (Some(first), Some(span), ..) => Some(Entry::first(first, span)),
            (None, _, Some(second), Some(span)) => Some(Entry::second(second.vmid, span)),
            _ => None,
        }
    }
}

/// See the module's header.
#[derive(Default)]
pub(super) struct Stale {
    /// Descriptors come in several formats and byte orders.
    formats: bool,
    nested: bool,
    descriptors: PageMap<Vec<Old<u64>>>,
    configs: Vec<(usize, Old<BankConfig>)>,
    commands: Vec<Command>,
    syncs: Vec<Sync>,
    /// Upper words of 64-bit commands written in halves, by register offset.
    upper: PageMap<u32>,
    /// Some old value is of an invalid descriptor: of use only to what was in flight.
    transient: bool,
}

impl Stale {
    pub(super) fn new(params: &Params) -> Self {
        let features = params.features;
        let formats = features.aarch32 != Aarch32::None || features.big_endian;
        Stale { formats, nested: features.nested, ..Stale::default() }
    }

    /// A bank's registers count although its stage is off: stage 1 of another may have been walked with this stage 2 off.
    pub(super) fn counts_off(&self) -> bool {
        self.nested
    }

    /// The word may be a valid descriptor.
    pub(super) fn may_be_valid(&self, word: u64) -> bool {
        word & 1 == 1 || self.formats && word & 0x0300_0003_0300_0003 != 0
    }

    /// Whether anything old may still be in use.
    pub(super) fn any(&self) -> bool {
        !self.descriptors.is_empty() || !self.configs.is_empty()
    }

    /// A word of a watched page was replaced in this epoch. `in_flight`: transactions may have read it.
    pub(super) fn descriptor(&mut self, change: &Change, epoch: Epoch, in_flight: bool) {
        let valid = self.may_be_valid(change.old);
        if !valid && !in_flight {
            return;
        }
        self.transient |= !valid;
        let olds = self.descriptors.entry(change.addr).or_default();
        olds.retain(|old| old.value != change.old);
        if olds.len() == MAX_OLD {
            olds.remove(0);
        }
        olds.push(Old { value: change.old, until: epoch });
    }

    /// Nothing is in flight: what was kept for that alone goes.
    pub(super) fn at_rest(&mut self) {
        if std::mem::take(&mut self.transient) {
            let mut descriptors = std::mem::take(&mut self.descriptors);
            descriptors.retain(|_, olds| {
                olds.retain(|old| self.may_be_valid(old.value));
                !olds.is_empty()
            });
            self.descriptors = descriptors;
        }
    }

    /// Old values of the descriptor at `addr`.
    pub(super) fn olds(&self, addr: u64) -> &[Old<u64>] {
        self.descriptors.get(&addr).map_or(&[], Vec::as_slice)
    }

    /// A bank that translated got another configuration in this epoch.
    pub(super) fn config(&mut self, bank: usize, value: BankConfig, epoch: Epoch) {
        // The same again: what counts is when it ended last.
        self.configs.retain(|(other, old)| *other != bank || old.value != value);
        if self.configs.iter().filter(|(other, _)| *other == bank).count() == MAX_OLD {
            if let Some(oldest) = self.configs.iter().position(|(other, _)| *other == bank) {
                self.configs.remove(oldest);
            }
        }
        self.configs.push((bank, Old { value, until: epoch }));
    }

    /// Old configurations of a bank.
    pub(super) fn configs(&self, bank: usize) -> impl Iterator<Item = &Old<BankConfig>> {
        self.configs.iter().filter(move |(other, _)| *other == bank).map(|(_, old)| old)
    }

    /// Looks at one 32-bit half of a register write that has been answered; `begun` is the epoch in which it began.
    pub(super) fn written(&mut self, half: &Half, oracle: &dyn Oracle, params: &Params, begun: Epoch, cycle: u64) {
        let Half { id, index, offset, value } = *half;
        if id.register().width == 64 && offset & 4 != 0 {
            self.upper.insert(u64::from(offset & !7), value);
            return;
        }
        let upper = self.upper.get(&u64::from(offset)).copied().unwrap_or_default();
        let payload = u64::from(value) | u64::from(upper) << 32;
        let bank = (id.register().space == regs::Space::Bank).then_some(index);
        match id {
            regs::CB_TLBSYNC | regs::STLBGSYNC => {
                self.syncs.push(Sync { bank, begun, answered: cycle });
                return;
            }
            _ => {}
        }
        let Some(scope) = scope(id, index, payload, oracle, params) else { return };
        if self.commands.len() == MAX_COMMANDS {
            self.commands.drain(..MAX_COMMANDS / 2);
        }
        self.commands.push(Command { scope, bank, begun, synchronized: None });
        if self.descriptors.is_empty() && self.configs.is_empty() {
            // Nothing old is left for earlier commands to end.
            self.commands.retain(|command| command.synchronized.is_none());
        }
    }

    /// The payload, if this half of a register write is a command or a synchronization.
    pub(super) fn command(&self, half: &Half) -> Option<u64> {
        let Half { id, offset, value, .. } = *half;
        let name = id.register().name;
        let wide = id.register().width == 64;
        let sync = matches!(id, regs::CB_TLBSYNC | regs::STLBGSYNC);
        let acts = (sync || name.contains("TLBI")) && !(wide && offset & 4 != 0);
        let upper = if wide { self.upper.get(&u64::from(offset)).copied().unwrap_or_default() } else { 0 };
        acts.then_some(u64::from(value) | u64::from(upper) << 32)
    }

    /// Since when a synchronization of this bank, or a global one, goes on as far as status reads have shown.
    pub(super) fn asked(&self, bank: Option<usize>) -> Option<u64> {
        self.syncs.iter().filter(|sync| sync.bank == bank).map(|sync| sync.answered).min()
    }

    /// A status register was read: `bank` of a bank, or the global one. `asked`: cycle in which the read was accepted; `now`: epoch of its answer. False: it
    /// shows activity although no synchronization was asked for.
    pub(super) fn status(&mut self, bank: Option<usize>, active: bool, asked: u64, now: Epoch) -> bool {
        let here = |sync: &Sync| sync.bank == bank;
        if active {
            return self.syncs.iter().any(here);
        }
        let done = |sync: &Sync| here(sync) && sync.answered <= asked;
        let Some(begun) = self.syncs.iter().filter(|sync| done(sync)).map(|sync| sync.begun).max() else { return true };
        self.syncs.retain(|sync| !done(sync));
        for command in &mut self.commands {
            if command.begun <= begun && (bank.is_none() || command.bank == bank) {
                command.synchronized.get_or_insert(now);
            }
        }
        true
    }

    /// An invalidation that began after `since`, and was synchronized before epoch `before`, names the translation. `table`: what is old
    /// is a table, not the leaf.
    pub(super) fn ended(&self, entry: &Entry, table: bool, since: Epoch, before: Epoch) -> bool {
        let over = |c: &Command| c.synchronized.is_some_and(|end| end <= before) && c.begun >= since;
        self.commands.iter().rev().any(|c| over(c) && c.scope.names(entry, table))
    }

    /// Ended whatever is found at its end: a leaf of any size and scope, or a table.
    pub(super) fn surely_ended(&self, entry: &Entry, since: Epoch, before: Epoch) -> bool {
        entry.smallest().iter().all(|entry| self.ended(entry, true, since, before))
    }

    /// The same of an entry of stage 2 that went into one of stage 1.
    pub(super) fn surely_ended_both(&self, second: &Entry, first: &Entry, since: Epoch, before: Epoch) -> bool {
        let [second, _] = second.smallest();
        first.smallest().iter().all(|first| self.ended_both((&second, first), (true, true), since, before))
    }

    /// The same as [`Stale::ended`] of an entry of stage 2 that went into one of stage 1: that one has to be named, too, at the same time or later, or it
    /// may have been made anew between the two.
    pub(super) fn ended_both(
        &self,
        (second, first): (&Entry, &Entry),
        tables: (bool, bool),
        since: Epoch,
        before: Epoch,
    ) -> bool {
        let over = |c: &&Command| c.synchronized.is_some_and(|end| end <= before) && c.begun >= since;
        let named = self.commands.iter().filter(over).filter(|c| c.scope.names(second, tables.0)).map(|c| c.begun).min();
        named.is_some_and(|begun| self.ended(first, tables.1, begun, before))
    }
}

/// One 32-bit half of a register write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Half {
    pub id: RegId,
    pub index: usize,
    /// Byte offset of the half.
    pub offset: u32,
    pub value: u32,
}

impl Scope {
    fn names(&self, entry: &Entry, table: bool) -> bool {
        let hyp = entry.vmid & 0x100 != 0;
        let Span { address, bits, global, .. } = entry.span;
        let covered = |page: u64| (address >> 12 ^ page) & 0x1f_ffff_ffff & !((1 << (bits - 12)) - 1) == 0;
        match *self {
            Scope::Hyp => hyp,
            Scope::NotHyp => !hyp,
            Scope::Vmid(vmid) => vmid == entry.vmid,
            Scope::VmidFirst(vmid) => vmid == entry.vmid && !entry.stage2,
            Scope::Ipa(vmid, page, leaves) => vmid == entry.vmid && entry.stage2 && covered(page) && !(leaves && table),
            Scope::Asid(..) | Scope::Address(..) if entry.stage2 => false,
            Scope::Asid(vmid, asid) => vmid == entry.vmid && !global && asid == entry.asid,
            Scope::Address(vmid, asid, page, leaves) => {
                let asid = asid.is_none_or(|asid| global || asid == entry.asid);
                vmid == entry.vmid && asid && covered(page) && !(leaves && table)
            }
        }
    }
}

/// What a command register drops.
fn scope(id: RegId, index: usize, payload: u64, oracle: &dyn Oracle, params: &Params) -> Option<Scope> {
    Some(match id {
        regs::TLBIALLH => Scope::Hyp,
        regs::TLBIALLNSNH => Scope::NotHyp,
        regs::TLBIVMID => Scope::Vmid(payload as u16 & 0xff),
        regs::TLBIVMIDS1 => Scope::VmidFirst(payload as u16 & 0xff),
        _ => {
            let vmid = vmid(oracle, params, index);
            // Of an 8-bit ASID the upper half has to be written as zero: hardware need not ignore it, so such a command ends nothing.
            let wide = params.features.aarch32 == Aarch32::None || oracle.read(regs::CBA2R.offset(params, index), 4) & 1 == 1;
            let (asid, page) = if wide {
                ((payload >> 48) as u16, payload & 0x1f_ffff_ffff)
            } else {
                (payload as u16 & 0xff, payload >> 12 & 0xf_ffff)
            };
            match id {
                regs::CB_TLBIIPAS2 if params.features.stage2 => Scope::Ipa(vmid, payload & 0xf_ffff_ffff, false),
                regs::CB_TLBIIPAS2L if params.features.stage2 => Scope::Ipa(vmid, payload & 0xf_ffff_ffff, true),
                regs::CB_TLBIALL => Scope::Vmid(vmid),
                regs::CB_TLBIASID => Scope::Asid(vmid, payload as u16),
                regs::CB_TLBIVA => Scope::Address(vmid, Some(asid), page, false),
                regs::CB_TLBIVAL => Scope::Address(vmid, Some(asid), page, true),
                regs::CB_TLBIVAA => Scope::Address(vmid, None, page, false),
                regs::CB_TLBIVAAL => Scope::Address(vmid, None, page, true),
                _ => return None,
            }
        }
    })
}

/// `{HYPC, VMID}` of a bank as it is.
fn vmid(oracle: &dyn Oracle, params: &Params, bank: usize) -> u16 {
    let cbar = oracle.read(regs::CBAR.offset(params, bank), 4);
    let stage1 = regs::CBAR.field("TYPE").get(cbar) == 1;
    (cbar & 0xff) as u16 | if stage1 && cbar >> 10 & 1 == 1 { 0x100 } else { 0 }
}

/// The bank that translates a stream, with its tags; `None` if none does.
pub(super) fn tags(oracle: &dyn Oracle, params: &Params, stream_id: u32) -> Option<Tags> {
    if oracle.read(regs::SCR0.offset(params, 0), 4) & 1 == 1 {
        return None;
    }
    let smr = |n| oracle.read(regs::SMR.offset(params, n), 4) as u32;
    let Match::One(group) = match_stream(stream_id, (0..params.num_smr).map(smr)) else { return None };
    let s2cr = oracle.read(regs::S2CR.offset(params, group), 4);
    let bank = (s2cr & 0xff) as usize;
    if s2cr >> 16 & 3 != 0 || bank >= params.num_cb {
        return None;
    }
    let cbar = oracle.read(regs::CBAR.offset(params, bank), 4);
    let vmid_of = |bank| vmid(oracle, params, bank);
    let first = |bank| oracle.stage(bank).map(|view| First { vmid: vmid_of(bank), asid: view.context.asid });
    let second = |bank| oracle.stage(bank).map(|_| Second { bank, vmid: vmid_of(bank) });
    let tags = match cbar >> 16 & 3 {
        0 if params.features.stage2 => Tags { bank, first: None, second: second(bank), nested: false },
        3 if params.features.nested => {
            let behind = (cbar >> 8 & 0xff) as usize;
            let there = behind < params.num_cb;
            Tags { bank, first: first(bank), second: if there { second(behind) } else { None }, nested: true }
        }
        _ => Tags { bank, first: first(bank), second: None, nested: false },
    };
    (tags.first.is_some() || tags.second.is_some()).then_some(tags)
}

/// The configuration of a bank that cached translations depend on.
pub(super) fn bank_config(oracle: &dyn Oracle, params: &Params, bank: usize) -> BankConfig {
    let registers = [
        (regs::CB_SCTLR, 4),
        (regs::CB_TCR2, 4),
        (regs::CB_TTBR0, 8),
        (regs::CB_TTBR1, 8),
        (regs::CB_TCR, 4),
        (regs::CBA2R, 4),
        (regs::CBAR, 4),
    ];
    registers.map(|(id, bytes)| {
        let offset = id.offset(params, bank);
        (offset, oracle.read(offset, bytes), bytes)
    })
}
