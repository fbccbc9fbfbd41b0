//! Invalidation with two stages: commands that name or spare translations of stage 2, and those that both stages made.
//!
//! As in [`maintenance`](super::maintenance), what a command hit is seen when its synchronization has ended and the translation is
//! used again: a dropped one is walked again, a spared one is not.

use super::watch::{retagged, Shown, Watch, MAX_USED};
use super::{in_flight, Sampler, IN_FLIGHT};
use crate::bench::observe::{Event, Format, Forwarded, SecondLeaf, Translation};
use crate::coverage::collector::{Counts, Life, Now};
use crate::coverage::plan::{Group, GroupId, Plan};
use smmu_rtl::params::Params;
use smmu_rtl::registers::{self as regs, RegId};
use std::collections::BTreeMap;

/// The commands.
const COMMANDS: [RegId; 8] = [
    regs::CB_TLBIIPAS2,
    regs::CB_TLBIIPAS2L,
    regs::TLBIVMID,
    regs::TLBIVMIDS1,
    regs::TLBIALLNSNH,
    regs::CB_TLBIALL,
    regs::CB_TLBIASID,
    regs::CB_TLBIVAA,
];
/// The first commands of the list, which exist only with stage 2.
const OWN: usize = 2;
/// What may be seen of them.
const EFFECTS: [&str; 4] =
    ["stage 2: walked again", "stage 2: spared, no walk", "both stages: walked again", "both stages: spared, no walk"];
/// A cached translation and the stream that used it: bank of the first stage that is on, page.
type Key = (u32, usize, u64);

/// What happened to a translation since it was last used.
#[derive(Clone, Debug)]
struct Used {
    translation: Translation,
    watch: Watch,
}

/// Samples the groups of this file.
pub(super) struct SecondMaintenance {
    params: Params,
    groups: Option<(GroupId, GroupId)>,
    used: BTreeMap<Key, Used>,
    /// The VMID with which each bank translated last, while its registers stay.
    vmids: BTreeMap<usize, u32>,
}

/// What tells cached translations of a page apart: VMID and ASID, that of stage 2, leaves.
fn tags(t: &Translation) -> (u32, u16, Option<u32>, u32, Option<u32>) {
    (t.vmid, t.asid, t.second.map(|second| second.vmid), t.bits, t.second.map(|second| second.bits))
}

/// Only stage 2 made it.
fn alone(t: &Translation, second: &SecondLeaf) -> bool {
    second.bank == t.bank && t.leaf == 0
}

impl SecondMaintenance {
    pub(super) fn new(params: &Params, plan: &mut Plan) -> Self {
        let features = params.features;
        let command =
            Group::new("CV-47", "stage 2 invalidation", "commands on stage 2 by what was in flight when they were answered")
                .axis("command", COMMANDS[..OWN].iter().map(|id| id.register().name))
                .axis("in flight", IN_FLIGHT);
        let names = COMMANDS.map(|id| id.register().name);
        let effect = Group::new(
            "CV-48",
            "stage 2 invalidation effect",
            "translations of stage 2 and of both stages used again after a command and its synchronization",
        )
        .axis("command", names)
        .axis("effect", EFFECTS)
        .exclude(|v| (v[1].starts_with("both") && !features.nested).then_some("there is no nesting (IDR0.NTS)"))
        .exclude(|v| match (v[0], v[1]) {
            ("TLBIVMIDS1" | "CB_TLBIASID" | "CB_TLBIVAA", "stage 2: walked again") => {
                Some("the command is on stage 1, and on what both stages made")
            }
            ("CB_TLBIIPAS2" | "CB_TLBIIPAS2L", "both stages: walked again") => {
                Some("the command is on stage 2: what both stages made need not go")
            }
            ("TLBIALLNSNH", "stage 2: spared, no walk" | "both stages: spared, no walk") => {
                Some("it names every translation that is not a hypervisor's own, and those have no stage 2")
            }
            _ => None,
        });
        let groups = features.stage2.then(|| (plan.add(command), plan.add(effect)));
        SecondMaintenance { params: *params, groups, used: BTreeMap::new(), vmids: BTreeMap::new() }
    }

    fn invalidation(&mut self, id: RegId, bank: Option<usize>, payload: u64) {
        let command = COMMANDS.iter().position(|&known| known == id);
        let vmid = match bank {
            Some(bank) => self.vmids.get(&bank).copied(),
            None => Some(0),
        };
        for used in self.used.values_mut() {
            let named = vmid.map(|vmid| names(id, payload, vmid, &used.translation));
            used.watch.command(command, named);
        }
    }

    fn used_again(&mut self, effect: GroupId, life: &Life, forwarded: &Forwarded, counts: &mut Counts) {
        let Some((t, second)) = forwarded.translation.and_then(|t| t.second.map(|second| (t, second))) else { return };
        if forwarded.raced || life.disturbed || life.commanded {
            return;
        }
        let alone = alone(&t, &second);
        if !alone && t.format != Format::Wide {
            // Payloads and leaves of the other formats look otherwise, and tell the same.
            return;
        }
        self.vmids.insert(second.bank, second.vmid);
        if !alone {
            self.vmids.insert(t.bank, t.vmid);
        }
        let key = (life.accepted.beat.user, t.bank, t.va >> 12);
        if let Some(before) = self.used.get(&key).filter(|before| tags(&before.translation) == tags(&t)) {
            let row = if alone { 0 } else { 2 };
            match before.watch.used_again(life, forwarded) {
                Shown::Dropped(command) => counts.hit(effect, &[command, row]),
                Shown::Spared(commands) => commands.iter().for_each(|&command| counts.hit(effect, &[command, row + 1])),
                Shown::Nothing => {}
            }
        }
        if self.used.len() == MAX_USED && !self.used.contains_key(&key) {
            self.used.pop_first();
        }
        self.used.insert(key, Used { translation: t, watch: Watch::default() });
    }
}

impl Sampler for SecondMaintenance {
    fn event(&mut self, _now: &Now, event: &Event, counts: &mut Counts) {
        let Some((command, _)) = self.groups else { return };
        match *event {
            Event::Invalidation { id, bank, payload, waiting, downstream } => {
                if let Some(own) = COMMANDS[..OWN].iter().position(|&known| known == id) {
                    counts.hit(command, &[own, in_flight(waiting, downstream)]);
                }
                self.invalidation(id, bank, payload);
            }
            Event::SyncCompleted { .. } => self.used.values_mut().for_each(|used| used.watch.synchronize()),
            Event::Register(done) => {
                retagged(&self.params, &done).for_each(|bank| {
                    self.vmids.remove(&bank);
                });
            }
            Event::Reset { .. } => {
                self.used.clear();
                self.vmids.clear();
            }
            _ => {}
        }
    }

    fn forwarded(&mut self, _now: &Now, life: &Life, forwarded: &Forwarded, counts: &mut Counts) {
        if let Some((_, effect)) = self.groups {
            self.used_again(effect, life, forwarded, counts);
        }
    }
}

/// Whether the command names the translation. `vmid`: that of the command's bank.
fn names(id: RegId, payload: u64, vmid: u32, t: &Translation) -> bool {
    let Some(second) = &t.second else { return false };
    let alone = alone(t, second);
    let of = if alone { second.vmid } else { t.vmid };
    let covers = |page: u64, address: u64, bits: u32| (page ^ address >> 12) & ((1 << 36) - 1) >> (bits - 12) << (bits - 12) == 0;
    match id {
        regs::CB_TLBIIPAS2 | regs::CB_TLBIIPAS2L => alone && second.vmid == vmid && covers(payload, second.ipa, second.bits),
        regs::TLBIVMID => of == payload as u32 & 0xff,
        regs::TLBIVMIDS1 => !alone && of == payload as u32 & 0xff,
        regs::TLBIALLNSNH => true,
        regs::CB_TLBIALL => of == vmid,
        regs::CB_TLBIASID => !alone && of == vmid && payload as u16 == t.asid && t.leaf >> 11 & 1 == 1,
        _ => !alone && of == vmid && covers(payload, t.va, t.bits.max(12)),
    }
}
