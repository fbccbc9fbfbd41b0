//! Traffic: the way that transactions take through the hardware, where their streams lead, and what is in flight.

use super::{access, Sampler, ACCESS};
use crate::bench::observe::{Answered, Event, Fate, Forwarded, Path, StreamCase};
use crate::coverage::collector::{Counts, Life, Now};
use crate::coverage::plan::{Group, GroupId, Plan};
use smmu_rtl::params::Params;
use smmu_sim::dut::{Inputs, Outputs};
use smmu_sim::model::global_code;

/// Where a stream leads.
const CASES: [&str; 13] = [
    "client port off",
    "no match",
    "several match",
    "bypass",
    "fault",
    "reserved type",
    "missing bank",
    "bank of type 0",
    "bank of type 2",
    "bank of type 3",
    "bank off",
    "AArch32 bank",
    "translating bank",
];

/// Samples the groups of this file.
pub(super) struct Traffic {
    miss_queue: usize,
    path: GroupId,
    raced: GroupId,
    stream: GroupId,
    queue: GroupId,
    walks: GroupId,
    order: GroupId,
    reset: GroupId,
    /// Transactions that wait for their translation, reads and writes.
    waiting: [usize; 2],
    walks_in_flight: usize,
    /// Serials downstream or waiting, in order of acceptance, reads and writes.
    open: [Vec<u64>; 2],
}

impl Traffic {
    pub(super) fn new(params: &Params, plan: &mut Plan) -> Self {
        let path = Group::new("CV-22", "path", "translated transactions by the way they took")
            .axis("path", ["hit", "hit under miss", "merged miss", "no walk of its own", "walk"])
            .axis("access", ACCESS)
            .exclude(|v| {
                (v == ["hit under miss", "write"])
                    .then_some("writes go downstream in their order, because their data does: none passes a miss")
            });
        let raced =
            Group::new("CV-23", "race", "transactions that waited while a register write or a change of tables was under way")
                .axis("access", ACCESS)
                .axis("fate", ["forwarded", "refused"]);
        let stream = Group::new("CV-24", "stream", "transactions by where their stream led")
            .axis("case", CASES)
            .axis("fate", ["forwarded", "refused"])
            .axis("access", ACCESS)
            .exclude(|v| {
                let fault = "this case is a fault";
                match (v[0], v[1]) {
                    ("fault" | "reserved type" | "missing bank" | "AArch32 bank", "forwarded") => Some(fault),
                    ("bank of type 0" | "bank of type 2" | "bank of type 3", "forwarded") => {
                        Some("there is no stage 2 yet: banks of this type are faults")
                    }
                    ("several match", "forwarded") if params.straps.smcfcfg_ro_one => {
                        Some("sCR0.SMCFCFG is read-only one by strap: several matches always fault")
                    }
                    _ => None,
                }
            });
        let queue = Group::new("CV-25", "miss queue", "cycles with transactions that wait for their translation")
            .axis("access", ACCESS)
            .axis("waiting", ["one", "several", "all places, and the next one held"]);
        let walks = Group::new("CV-26", "walks in flight", "cycles by table reads on their way").axis("reads", 1..=params.walks);
        let order = Group::new("CV-27", "order", "answers by what else was in flight in their direction")
            .axis("access", ACCESS)
            .axis("answer", ["alone", "the oldest of several", "before an older one"]);
        let reset =
            Group::new("CV-28", "reset", "hardware resets after the first").axis("in flight", ["nothing", "transactions"]);
        Traffic {
            miss_queue: params.miss_queue,
            path: plan.add(path),
            raced: plan.add(raced),
            stream: plan.add(stream),
            queue: plan.add(queue),
            walks: plan.add(walks),
            order: plan.add(order),
            reset: plan.add(reset),
            waiting: [0; 2],
            walks_in_flight: 0,
            open: [Vec::new(), Vec::new()],
        }
    }
}

impl Sampler for Traffic {
    fn cycle(&mut self, _now: &Now, inputs: &Inputs, outputs: &Outputs, counts: &mut Counts) {
        let (walk, memory) = (&outputs.m_axi_ptw, &inputs.m_axi_ptw);
        self.walks_in_flight += usize::from(walk.arvalid && memory.arready);
        if self.walks_in_flight > 0 {
            counts.hit(self.walks, &[self.walks_in_flight - 1]);
        }
        self.walks_in_flight -= usize::from(memory.rvalid && walk.rready && memory.r.last);
        for direction in 0..2 {
            let waiting = self.waiting[direction];
            if waiting > 0 {
                counts.hit(self.queue, &[direction, usize::from(waiting > 1)]);
            }
            let held = inputs.s_axi.iter().zip(&outputs.s_axi).any(|(client, hardware)| match direction {
                0 => client.arvalid && !hardware.arready,
                _ => client.awvalid && !hardware.awready,
            });
            if held && waiting >= self.miss_queue {
                counts.hit(self.queue, &[direction, 2]);
            }
        }
    }

    fn event(&mut self, _now: &Now, event: &Event, counts: &mut Counts) {
        match event {
            Event::Accepted(accepted) => {
                self.waiting[access(accepted.write)] += 1;
                self.open[access(accepted.write)].push(accepted.serial);
            }
            Event::Reset { in_flight } => {
                counts.hit(self.reset, &[usize::from(*in_flight > 0)]);
                self.waiting = [0; 2];
                self.walks_in_flight = 0;
                self.open = [Vec::new(), Vec::new()];
            }
            _ => {}
        }
    }

    fn forwarded(&mut self, _now: &Now, life: &Life, forwarded: &Forwarded, counts: &mut Counts) {
        let direction = access(life.accepted.write);
        self.waiting[direction] -= 1;
        if forwarded.translation.is_some() {
            let path = match forwarded.path {
                Path::Hit => 0,
                Path::HitUnderMiss => 1,
                Path::Merged => 2,
                Path::NoWalk => 3,
                Path::Walked => 4,
            };
            counts.hit(self.path, &[path, direction]);
        }
    }

    fn ended(&mut self, _now: &Now, life: &Life, answered: &Answered, counts: &mut Counts) {
        let direction = access(answered.write);
        let refused = matches!(answered.fate, Fate::Refused { .. });
        if life.forwarded.is_none() {
            self.waiting[direction] -= 1;
        }
        let open = &mut self.open[direction];
        if let Some(at) = open.iter().position(|&serial| serial == answered.serial) {
            let answer = match (at, open.len()) {
                (_, 1) => 0,
                (0, _) => 1,
                _ => 2,
            };
            counts.hit(self.order, &[direction, answer]);
            open.remove(at);
        }
        if life.disturbed {
            counts.hit(self.raced, &[direction, usize::from(refused)]);
            return;
        }
        if let Fate::Refused { fault: Some(fault), .. } = answered.fate {
            if fault.global && fault.code == global_code::UUT && life.accepted.illegal_burst {
                // Refused before its stream was looked at.
                return;
            }
        }
        let case = match life.accepted.stream {
            StreamCase::ClientOff => 0,
            StreamCase::Unmatched => 1,
            StreamCase::Several => 2,
            StreamCase::Bypass => 3,
            StreamCase::Fault => 4,
            StreamCase::Reserved => 5,
            StreamCase::NoBank => 6,
            StreamCase::BankType { kind: 0, .. } | StreamCase::Second { .. } => 7,
            StreamCase::BankType { kind: 2, .. } => 8,
            StreamCase::BankType { .. } | StreamCase::Nested { .. } => 9,
            StreamCase::Identity { .. } => 10,
            StreamCase::Aarch32 { .. } => 11,
            StreamCase::Translated { .. } => 12,
        };
        counts.hit(self.stream, &[case, usize::from(refused), direction]);
    }
}
