//! Address translation operations and performance counters: groups of presets whose hardware has them.
//!
//! Sampled when a result or a counter is read; whoever reads it compares it.

use super::{touched, Sampler, Touched};
use crate::bench::observe::{Event, RegisterAccess};
use crate::coverage::collector::{Counts, Now};
use crate::coverage::plan::{Group, GroupId, Plan};
use smmu_rtl::params::Params;
use smmu_rtl::registers::{self as regs, RegId, COUNTERS_PER_GROUP, TRANSLATION_OPERATIONS};
use std::collections::HashMap;

/// The axis "event": codes of PMEVTYPER.
const EVENTS: [(u64, &str); 6] = [
    (0x00, "cycles"),
    (0x01, "cycles / 64"),
    (0x08, "refills"),
    (0x09, "refills of reads"),
    (0x10, "accesses"),
    (0x11, "accesses of reads"),
];

/// Samples the groups of this file.
pub(super) struct Beside {
    params: Params,
    operation: Option<GroupId>,
    counter: Option<GroupId>,
    /// The operation whose result stands in the PAR of a bank, or in GPAR.
    asked: HashMap<Option<usize>, usize>,
    /// PMCGCR of each group; PMEVTYPER and what was last written to PMEVCNTR of each counter; PMOVSSET as last read.
    filters: HashMap<usize, u64>,
    kinds: HashMap<usize, u64>,
    first: HashMap<usize, u64>,
    overflows: u64,
}

impl Beside {
    pub(super) fn new(params: &Params, plan: &mut Plan) -> Self {
        let features = params.features;
        let operation = Group::new("CV-49", "translation operation", "address translation operations by their results")
            .axis("command", TRANSLATION_OPERATIONS.map(|id| id.register().name))
            .axis("result", ["address", "fault of stage 1", "fault of stage 2", "not possible"])
            .exclude(|v| (v[1] == "fault of stage 2" && !features.stage2).then_some("there is no stage 2 (IDR0.S2TS)"))
            .exclude(|v| {
                let one = !v[0].contains("GATS12") && v[1] == "fault of stage 2" && !features.nested;
                one.then_some("only a nested walk of stage 1 meets stage 2 (IDR0.NTS)")
            });
        let counter = Group::new("CV-50", "counter", "performance counters by what they count, and what came of it")
            .axis("event", EVENTS.map(|(_, name)| name))
            .axis("filter", ["none", "StreamID", "bank"])
            .axis("result", ["nothing", "counted", "wrapped"]);
        Beside {
            params: *params,
            operation: features.ats.then(|| plan.add(operation)),
            counter: features.pmu.then(|| plan.add(counter)),
            asked: HashMap::new(),
            filters: HashMap::new(),
            kinds: HashMap::new(),
            first: HashMap::new(),
            overflows: 0,
        }
    }

    fn written(&mut self, id: RegId, index: usize, value: u64) {
        if let Some(command) = TRANSLATION_OPERATIONS.iter().position(|known| *known == id) {
            let global = id.register().space == regs::Space::Global0;
            self.asked.insert((!global).then_some(index), command);
        }
        match id {
            regs::CB_PAR => drop(self.asked.remove(&Some(index))),
            regs::GPAR => drop(self.asked.remove(&None)),
            regs::PMCGCR => drop(self.filters.insert(index, value)),
            regs::PMEVTYPER => drop(self.kinds.insert(index, value)),
            regs::PMEVCNTR => drop(self.first.insert(index, value)),
            _ => {}
        }
    }

    fn seen(&mut self, id: RegId, index: usize, word: u64, value: u64, counts: &mut Counts) {
        match id {
            regs::CB_PAR | regs::GPAR => {
                let asked = self.asked.remove(&(id == regs::CB_PAR).then_some(index));
                let (Some(group), Some(command)) = (self.operation, asked) else { return };
                let result = match word {
                    _ if word & 1 == 0 => 0,
                    _ if word >> 31 & 1 == 1 => 3,
                    _ => 1 + (word >> 35 & 1) as usize,
                };
                counts.hit(group, &[command, result]);
            }
            regs::PMOVSSET => self.overflows = value,
            regs::PMEVCNTR => {
                let (Some(group), Some(first), Some(kind)) = (self.counter, self.first.get(&index), self.kinds.get(&index))
                else {
                    return;
                };
                let Some(event) = EVENTS.iter().position(|(code, _)| *code == kind & 0x1f) else { return };
                let filter = self.filters.get(&(index / COUNTERS_PER_GROUP)).map_or(0, |control| control >> 8 & 3) as usize;
                let result = match self.overflows >> index & 1 {
                    1 => 2,
                    _ => usize::from(value != *first),
                };
                counts.hit(group, &[event, filter.min(2), result]);
            }
            _ => {}
        }
    }

    fn access(&mut self, done: &RegisterAccess, counts: &mut Counts) {
        let params = self.params;
        for Touched { id, index, value, whole } in touched(&params, done) {
            match done.write {
                true if whole => self.written(id, index, value),
                true => {}
                false => self.seen(id, index, done.data, value, counts),
            }
        }
    }
}

impl Sampler for Beside {
    fn event(&mut self, _now: &Now, event: &Event, counts: &mut Counts) {
        if let Event::Register(done) = event {
            self.access(done, counts);
        }
    }
}
