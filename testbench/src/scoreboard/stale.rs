//! What caches may still hold: old descriptors, old bank configurations, and the maintenance that ends their lives.
//!
//! Between a change and the end of the synchronization that covers it, the old value is as right as the new one, at every level
//! of a walk on its own (leaves and tables are cached apart). So old values are kept with the moment at which they were
//! replaced, and a translation that needs one is right until an invalidation that names it, begun after that moment, has been
//! synchronized. Moments are *epochs*: a counter that goes up with every change that can matter.

use super::oracle::Oracle;
use crate::memory::{Change, PageMap};
use smmu_rtl::params::Params;
use smmu_rtl::registers::{self as regs, RegId};
use smmu_sim::model::regime::Stage1Registers;
use smmu_sim::model::stream::{match_extended, match_stream, Match};

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
pub(super) type BankConfig = [(u32, u64, u8); 5];

/// The tags of a bank's cached translations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tags {
    pub bank: usize,
    /// `{HYPC, VMID}`.
    pub vmid: u32,
    pub asid: u16,
}

/// What an invalidation drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Hyp,
    NotHyp,
    Vmid(u32),
    Asid(u32, u16),
    /// VMID, ASID (none: any), VA[48:12], leaves only.
    Address(u32, Option<u16>, u64, bool),
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
    pub tags: Tags,
    /// Sign-extended.
    pub va: u64,
    /// log2 of its size.
    pub bits: u32,
    pub global: bool,
}

/// See the module's header.
#[derive(Default)]
pub(super) struct Stale {
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
    /// Whether anything old may still be in use.
    pub(super) fn any(&self) -> bool {
        !self.descriptors.is_empty() || !self.configs.is_empty()
    }

    /// A word of a watched page was replaced in this epoch. `in_flight`: transactions may have read it.
    pub(super) fn descriptor(&mut self, change: &Change, epoch: Epoch, in_flight: bool) {
        let valid = change.old & 1 == 1;
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
            self.descriptors.retain(|_, olds| {
                olds.retain(|old| old.value & 1 == 1);
                !olds.is_empty()
            });
        }
    }

    /// Old values of the descriptor at `addr`.
    pub(super) fn olds(&self, addr: u64) -> &[Old<u64>] {
        self.descriptors.get(&addr).map_or(&[], Vec::as_slice)
    }

    /// A bank that translated got another configuration in this epoch.
    pub(super) fn config(&mut self, bank: usize, value: BankConfig, epoch: Epoch) {
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
        let hyp = entry.tags.vmid & HYP != 0;
        match *self {
            Scope::Hyp => hyp,
            Scope::NotHyp => !hyp,
            Scope::Vmid(vmid) => vmid == entry.tags.vmid,
            Scope::Asid(vmid, asid) => vmid == entry.tags.vmid && !entry.global && asid == entry.tags.asid,
            Scope::Address(vmid, asid, page, leaves) => {
                let covered = (entry.va >> 12 ^ page) & 0x1f_ffff_ffff & !((1 << (entry.bits - 12)) - 1) == 0;
                let asid = asid.is_none_or(|asid| entry.global || asid == entry.tags.asid);
                vmid == entry.tags.vmid && asid && covered && !(leaves && table)
            }
        }
    }
}

/// What a command register drops.
fn scope(id: RegId, index: usize, payload: u64, oracle: &dyn Oracle, params: &Params) -> Option<Scope> {
    Some(match id {
        regs::TLBIALLH => Scope::Hyp,
        regs::TLBIALLNSNH => Scope::NotHyp,
        regs::TLBIVMID | regs::TLBIVMIDS1 => Scope::Vmid(payload as u32 & if wide_vmids(oracle, params) { 0xffff } else { 0xff }),
        _ => {
            let vmid = vmid(oracle, params, index);
            // Of an 8-bit ASID the upper half has to be written as zero: hardware need not ignore it, so such a command ends nothing.
            let asid = (payload >> 48) as u16;
            let page = payload & 0x1f_ffff_ffff;
            match id {
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

/// Marks the VMID of a Hyp bank.
const HYP: u32 = 1 << 16;

/// Whether VMIDs have 16 bits now.
fn wide_vmids(oracle: &dyn Oracle, params: &Params) -> bool {
    regs::SCR0.field("VMID16EN").get(oracle.read(regs::SCR0.offset(params, 0), 4)) == 1
}

/// `{HYPC, VMID}` of a bank as it is.
fn vmid(oracle: &dyn Oracle, params: &Params, bank: usize) -> u32 {
    let cbar = oracle.read(regs::CBAR.offset(params, bank), 4);
    let stage1 = regs::CBAR.field("TYPE").get(cbar) == 1;
    let vmid = if wide_vmids(oracle, params) {
        oracle.read(regs::CBA2R.offset(params, bank), 4) as u32 >> 16
    } else {
        cbar as u32 & 0xff
    };
    vmid | if stage1 && cbar >> 10 & 1 == 1 { HYP } else { 0 }
}

/// The registers that steer a bank's stage 1.
pub(super) fn stage1(oracle: &dyn Oracle, params: &Params, bank: usize) -> Stage1Registers {
    let read = |id: RegId, bytes| oracle.read(id.offset(params, bank), bytes);
    Stage1Registers {
        tcr: read(regs::CB_TCR, 4) as u32,
        tcr2: read(regs::CB_TCR2, 4) as u32,
        ttbr: [read(regs::CB_TTBR0, 8), read(regs::CB_TTBR1, 8)],
        ..Stage1Registers::default()
    }
}

/// The group that a StreamID belongs to.
pub(super) fn stream_group(oracle: &dyn Oracle, params: &Params, stream_id: u32) -> Match {
    let read = |id: RegId, n| oracle.read(id.offset(params, n), 4) as u32;
    let groups = 0..params.num_smr;
    if params.features.stream_indexing {
        return if groups.contains(&(stream_id as usize)) { Match::One(stream_id as usize) } else { Match::None };
    }
    if regs::SCR0.field("EXIDENABLE").get(read(regs::SCR0, 0).into()) == 1 {
        match_extended(stream_id, groups.map(|n| (read(regs::SMR, n), read(regs::S2CR, n))))
    } else {
        match_stream(stream_id, groups.map(|n| read(regs::SMR, n)))
    }
}

/// The bank that translates a stream, with its tags; `None` if none does.
pub(super) fn tags(oracle: &dyn Oracle, params: &Params, stream_id: u32) -> Option<Tags> {
    if oracle.read(regs::SCR0.offset(params, 0), 4) & 1 == 1 {
        return None;
    }
    let Match::One(group) = stream_group(oracle, params, stream_id) else { return None };
    let s2cr = oracle.read(regs::S2CR.offset(params, group), 4);
    let bank = (s2cr & 0xff) as usize;
    if s2cr >> 16 & 3 != 0 || bank >= params.num_cb {
        return None;
    }
    let translates = oracle.read(regs::CB_SCTLR.offset(params, bank), 4) & 1 == 1;
    translates.then(|| Tags { bank, vmid: vmid(oracle, params, bank), asid: stage1(oracle, params, bank).asid() })
}

/// The configuration of a bank that cached translations depend on.
pub(super) fn bank_config(oracle: &dyn Oracle, params: &Params, bank: usize) -> BankConfig {
    let registers = [(regs::CB_SCTLR, 4), (regs::CB_TCR2, 4), (regs::CB_TTBR0, 8), (regs::CB_TTBR1, 8), (regs::CB_TCR, 4)];
    registers.map(|(id, bytes)| {
        let offset = id.offset(params, bank);
        (offset, oracle.read(offset, bytes), bytes)
    })
}
