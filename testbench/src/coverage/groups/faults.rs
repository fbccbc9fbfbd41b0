//! Refused transactions.
//!
//! Sampled when the client has the last beat of the refusal, which the scoreboard has compared with the model's.

use super::{access, granule, operation, Sampler, ACCESS, GRANULE, NO_16K, OPERATION, PRIVILEGE, RESPONSE};
use crate::bench::observe::{Answered, Event, Fate};
use crate::coverage::collector::{Counts, Life, Now};
use crate::coverage::plan::{Group, GroupId, Plan};
use smmu_rtl::params::{Aarch32, Params};
use smmu_rtl::registers as regs;
use smmu_sim::model::{context_code, global_code};

/// Kinds of context faults, as numbered by [`context_kind`].
pub(super) const CONTEXT: [&str; 5] = ["TF", "AFF", "PF", "EF", "ASF"];

/// Samples the groups of this file.
pub(super) struct Faults {
    params: Params,
    context: GroupId,
    by_granule: GroupId,
    denied: GroupId,
    blocked: GroupId,
    global: GroupId,
    register: GroupId,
}

/// Number of a context fault's kind.
pub(super) fn context_kind(code: u32) -> Option<usize> {
    let codes = [context_code::TF, context_code::AFF, context_code::PF, context_code::EF, context_code::ASF];
    codes.iter().position(|&known| known == code)
}

impl Faults {
    pub(super) fn new(params: &Params, plan: &mut Plan) -> Self {
        let no_leaf = |kind: &str, level: &str| {
            (matches!(kind, "AFF" | "PF") && level == "0")
                .then_some("there are no leaves at level 0 to have a flag or permission")
        };
        let context = Group::new("CV-6", "context fault", "refusals for a context fault")
            .axis("kind", CONTEXT)
            .axis("level", 0..4)
            .axis("access", ACCESS)
            .axis("response", RESPONSE)
            .exclude(|v| no_leaf(v[0], v[1]));
        let by_granule = Group::new("CV-7", "fault in walk", "context faults of addresses inside their region")
            .axis("kind", CONTEXT)
            .axis("granule", GRANULE)
            .axis("level", 0..4)
            .exclude(|v| (v[1] == "16k" && !params.straps.granule_16k).then_some(NO_16K))
            .exclude(|v| no_leaf(v[0], v[2]))
            .exclude(|v| match (v[0], v[1], v[2]) {
                ("AFF" | "PF", "16k" | "64k", "1") => Some("16K and 64K have no leaves at level 1"),
                ("EF", "64k", "0") => Some("walks of 64K tables start at level 1 or below"),
                _ => None,
            });
        let denied = Group::new("CV-8", "permission fault", "accesses that a leaf does not permit")
            .axis("privilege", PRIVILEGE)
            .axis("operation", OPERATION)
            .exclude(|v| {
                let features = params.features;
                let out = v == ["privileged", "read"] && !features.stage2 && features.aarch32 != Aarch32::Both;
                out.then_some("every AArch64 leaf of stage 1 lets privileged software read")
            });
        let blocked = Group::new("CV-9", "blocked", "refusals because a fault is pending and HUPCF is 0")
            .axis("access", ACCESS)
            .axis("response", RESPONSE);
        let global = Group::new("CV-10", "global fault", "refusals for a global fault")
            .axis("cause", ["USF", "SMCF", "ICF", "UCBF", "UUT, burst", "UUT, address"])
            .axis("access", ACCESS)
            .axis("response", RESPONSE)
            .exclude(|v| {
                let out = v[0] == "UUT, address" && params.output_bits() > 48;
                out.then_some("no address is beyond the output size")
            });
        let register = Group::new("CV-11", "register fault", "register accesses that are configuration access faults")
            .axis("cause", ["missing bank", "part of a word"])
            .axis("access", ACCESS)
            .exclude(|v| match (v[0], v[1]) {
                ("part of a word", "read") => Some("reads have no strobes"),
                ("missing bank", _) if params.num_cb == params.num_page => {
                    Some("every page of the register space's upper half has a bank")
                }
                _ => None,
            });
        Faults {
            params: *params,
            context: plan.add(context),
            by_granule: plan.add(by_granule),
            denied: plan.add(denied),
            blocked: plan.add(blocked),
            global: plan.add(global),
            register: plan.add(register),
        }
    }
}

impl Sampler for Faults {
    fn ended(&mut self, _now: &Now, life: &Life, answered: &Answered, counts: &mut Counts) {
        let Fate::Refused { raz, fault: Some(fault) } = answered.fate else { return };
        let (access, response) = (access(answered.write), usize::from(raz));
        if fault.global {
            let cause = match fault.code {
                global_code::USF => 0,
                global_code::SMCF => 1,
                global_code::ICF => 2,
                global_code::UCBF => 3,
                global_code::UUT if life.accepted.illegal_burst => 4,
                global_code::UUT => 5,
                _ => return,
            };
            counts.hit(self.global, &[cause, access, response]);
        } else if fault.code == 0 {
            counts.hit(self.blocked, &[access, response]);
        } else if let Some(kind) = context_kind(fault.code) {
            counts.hit(self.context, &[kind, fault.level.into(), access, response]);
            if let (Some(bits), false) = (answered.granule, life.disturbed) {
                counts.hit(self.by_granule, &[kind, granule(bits), fault.level.into()]);
            }
            if fault.code == context_code::PF {
                counts.hit(self.denied, &operation(answered.beat.prot, answered.write));
            }
        }
    }

    fn event(&mut self, _now: &Now, event: &Event, counts: &mut Counts) {
        let Event::Register(done) = event else { return };
        let part = |half: u8| !matches!(half, 0 | 0xf);
        if regs::missing_bank(&self.params, done.offset) {
            counts.hit(self.register, &[0, access(done.write)]);
        } else if done.write && (part(done.strobes & 0xf) || part(done.strobes >> 4)) {
            counts.hit(self.register, &[1, 1]);
        }
    }
}
