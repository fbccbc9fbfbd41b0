//! Maintenance: invalidations, what became of the translations that they name or spare, synchronizations, changes of tables.
//!
//! What an invalidation hits cannot be seen when it is written. It is seen afterwards, when the synchronization has ended and the
//! translation is used again: a dropped one is walked again, a spared one is not. So that is when it is sampled.

use super::translation::is_block;
use super::watch::{retagged, Shown, Watch, HYP, MAX_USED};
use super::{in_flight, Sampler, IN_FLIGHT};
use crate::bench::observe::{Event, Forwarded, Translation};
use crate::coverage::collector::{Counts, Life, Now};
use crate::coverage::plan::{Group, GroupId, Plan};
use smmu_rtl::params::Params;
use smmu_rtl::registers::{self as regs, RegId};
use std::collections::BTreeMap;

/// The commands.
const COMMANDS: [RegId; 13] = [
    regs::CB_TLBIALL,
    regs::CB_TLBIASID,
    regs::CB_TLBIVA,
    regs::CB_TLBIVAA,
    regs::CB_TLBIVAL,
    regs::CB_TLBIVAAL,
    regs::TLBIVMID,
    regs::TLBIVMIDS1,
    regs::TLBIALLNSNH,
    regs::TLBIALLH,
    regs::TLBIVAH,
    regs::TLBIVAH64,
    regs::TLBIVALH64,
];
/// Tags and place of a cached translation, with the stream that used it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    stream: u32,
    bank: usize,
    vmid: u32,
    asid: u16,
    /// VA[63:12].
    page: u64,
}

/// What happened to a translation since it was last used.
#[derive(Clone, Debug)]
struct Used {
    translation: Translation,
    watch: Watch,
}

/// Samples the groups of this file.
pub(super) struct Maintenance {
    params: Params,
    command: GroupId,
    effect: GroupId,
    sync: GroupId,
    change: GroupId,
    used: BTreeMap<Key, Used>,
    /// The VMID with which each bank translated last, while its registers stay.
    vmids: BTreeMap<usize, u32>,
    /// What was in flight when a synchronization was asked for, and whether a status read showed it busy: by bank, global last.
    asked: BTreeMap<Option<usize>, (usize, bool)>,
}

impl Maintenance {
    pub(super) fn new(params: &Params, plan: &mut Plan) -> Self {
        let names = COMMANDS.map(|id| id.register().name);
        let command = Group::new("CV-18", "invalidation", "commands by what was in flight when they were answered")
            .axis("command", names)
            .axis("in flight", IN_FLIGHT);
        let effect =
            Group::new("CV-19", "invalidation effect", "translations used again after a command and its synchronization")
                .axis("command", names)
                .axis("effect", ["page walked again", "block walked again", "global leaf walked again", "not named: no walk"])
                .exclude(|v| {
                    let out = v[0] == regs::CB_TLBIASID.register().name && v[1] == "global leaf walked again";
                    out.then_some("an invalidation by ASID does not name global leaves")
                });
        let sync = Group::new("CV-20", "synchronization", "synchronizations that ended")
            .axis("scope", ["bank", "global"])
            .axis("in flight", IN_FLIGHT)
            .axis("status", ["busy at first", "done at the first look"]);
        let change = Group::new("CV-21", "table change", "descriptors that changed after some walk had read their table")
            .axis("change", ["made valid", "made invalid", "replaced"])
            .axis("in flight", ["nothing", "translations"]);
        Maintenance {
            params: *params,
            command: plan.add(command),
            effect: plan.add(effect),
            sync: plan.add(sync),
            change: plan.add(change),
            used: BTreeMap::new(),
            vmids: BTreeMap::new(),
            asked: BTreeMap::new(),
        }
    }

    fn invalidation(&mut self, command: usize, bank: Option<usize>, payload: u64) {
        let vmid = match bank {
            Some(bank) => self.vmids.get(&bank).copied(),
            None => Some(0),
        };
        for (key, used) in &mut self.used {
            // Of a bank whose VMID is not known, what it names is not either.
            let named = vmid.map(|vmid| names(COMMANDS[command], payload, vmid, key, &used.translation));
            used.watch.command(Some(command), named);
        }
    }

    fn used_again(&mut self, life: &Life, forwarded: &Forwarded, counts: &mut Counts) {
        let Some(t) = forwarded.translation.filter(Translation::is_plain) else { return };
        if forwarded.raced || life.disturbed || life.commanded {
            return;
        }
        let key = Key { stream: life.accepted.beat.user, bank: t.bank, vmid: t.vmid, asid: t.asid, page: t.va >> 12 };
        self.vmids.insert(t.bank, t.vmid);
        if let Some(before) = self.used.get(&key) {
            match before.watch.used_again(life, forwarded) {
                Shown::Dropped(command) => {
                    counts.hit(self.effect, &[command, usize::from(is_block(&before.translation))]);
                    if before.translation.leaf >> 11 & 1 == 0 {
                        counts.hit(self.effect, &[command, 2]);
                    }
                }
                Shown::Spared(commands) => commands.iter().for_each(|&command| counts.hit(self.effect, &[command, 3])),
                Shown::Nothing => {}
            }
        }
        if self.used.len() == MAX_USED && !self.used.contains_key(&key) {
            self.used.pop_first();
        }
        self.used.insert(key, Used { translation: t, watch: Watch::default() });
    }
}

impl Sampler for Maintenance {
    fn event(&mut self, _now: &Now, event: &Event, counts: &mut Counts) {
        match *event {
            Event::Invalidation { id, bank, payload, waiting, downstream } => {
                let Some(command) = COMMANDS.iter().position(|&known| known == id) else { return };
                counts.hit(self.command, &[command, in_flight(waiting, downstream)]);
                self.invalidation(command, bank, payload);
            }
            Event::SyncIssued { bank, waiting, downstream } => {
                self.asked.entry(bank).or_insert((in_flight(waiting, downstream), false));
            }
            Event::SyncActive { bank } => {
                if let Some((_, busy)) = self.asked.get_mut(&bank) {
                    *busy = true;
                }
            }
            Event::SyncCompleted { bank, .. } => {
                if let Some((crowd, busy)) = self.asked.remove(&bank) {
                    counts.hit(self.sync, &[usize::from(bank.is_none()), crowd, usize::from(!busy)]);
                }
                self.used.values_mut().for_each(|used| used.watch.synchronize());
            }
            Event::TableChanged { change, waiting } => {
                let kind = match (change.old & 1, change.new & 1) {
                    (0, 1) => 0,
                    (1, 0) => 1,
                    (1, 1) => 2,
                    _ => return,
                };
                counts.hit(self.change, &[kind, usize::from(waiting > 0)]);
            }
            Event::Register(done) => {
                retagged(&self.params, &done).for_each(|bank| {
                    self.vmids.remove(&bank);
                });
            }
            Event::Reset { .. } => {
                self.used.clear();
                self.vmids.clear();
                self.asked.clear();
            }
            _ => {}
        }
    }

    fn forwarded(&mut self, _now: &Now, life: &Life, forwarded: &Forwarded, counts: &mut Counts) {
        self.used_again(life, forwarded, counts);
    }
}

/// Whether the command names the translation. `vmid`: that of the command's bank, `{HYPC, VMID}`.
fn names(id: RegId, payload: u64, vmid: u32, key: &Key, t: &Translation) -> bool {
    let covers = |page: u64, bits: u64| (key.page ^ page) & ((1 << bits) - 1) & !((1 << (t.bits - 12)) - 1) == 0;
    let address = covers(payload, 37);
    let global = t.leaf >> 11 & 1 == 0;
    let asid = |payload: u64| payload as u16 == key.asid;
    let here = key.vmid == vmid;
    match id {
        regs::CB_TLBIALL => here,
        regs::CB_TLBIASID => here && !global && asid(payload),
        regs::CB_TLBIVA | regs::CB_TLBIVAL => here && address && (global || asid(payload >> 48)),
        regs::CB_TLBIVAA | regs::CB_TLBIVAAL => here && address,
        regs::TLBIVMID | regs::TLBIVMIDS1 => key.vmid == payload as u32 & 0xff,
        regs::TLBIALLNSNH => key.vmid & HYP == 0,
        regs::TLBIALLH => key.vmid & HYP != 0,
        regs::TLBIVAH => key.vmid & HYP != 0 && covers(payload >> 12 & 0xf_ffff, 37),
        _ => key.vmid & HYP != 0 && address,
    }
}
