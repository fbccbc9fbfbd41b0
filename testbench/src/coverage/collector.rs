//! The observer that counts: follows transactions from acceptance to answer and hands them to the samplers of the groups.

use super::database::Database;
use super::groups::{samplers, Sampler};
use super::plan::{GroupId, Plan};
use crate::bench::observe::{Accepted, Answered, Event, Forwarded, Observer};
use smmu_rtl::params::Params;
use smmu_rtl::registers as regs;
use smmu_sim::dut::{Inputs, Outputs};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Cycles for which a register write may still concern what is accepted after its answer: the depth of the hardware's front.
const SETTLE: u64 = 16;

/// Hits, bin by bin, of all groups of a plan.
#[derive(Clone, Debug)]
pub struct Counts {
    plan: Plan,
    hits: Vec<Vec<u64>>,
}

impl Counts {
    fn new(plan: Plan) -> Self {
        let hits = plan.groups.iter().map(|group| vec![0; group.len()]).collect();
        Counts { plan, hits }
    }

    /// Counts one bin: that value of each axis.
    pub(super) fn hit(&mut self, group: GroupId, values: &[usize]) {
        let bin = self.plan.groups[group].bin(values);
        self.hits[group][bin] += 1;
    }

    /// Hits of the bin of that name; `None` if there is no such bin.
    pub fn of(&self, group: &str, bin: &str) -> Option<u64> {
        let at = self.plan.groups.iter().position(|g| g.name == group)?;
        let number = (0..self.plan.groups[at].len()).find(|&number| self.plan.groups[at].bin_name(number) == bin)?;
        Some(self.hits[at][number])
    }
}

/// One transaction, as far as it has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub accepted: Accepted,
    pub forwarded: Option<Forwarded>,
    /// Registers or tables changed, or may have, between its acceptance and its way downstream or its answer: which of the old and
    /// new values it met is not known.
    pub disturbed: bool,
    /// An invalidation was under way meanwhile.
    pub commanded: bool,
    /// Nothing else waited for its translation meanwhile.
    pub alone: bool,
    /// Walk reads handed over before it was accepted, and until it went downstream.
    pub walk_reads: (u64, u64),
}

/// What samplers may ask about.
#[derive(Default)]
pub(super) struct Now {
    pub cycle: u64,
    /// Read addresses handed over on the walk port.
    pub walk_reads: u64,
    /// Levels of the interrupt pins, as they stand.
    pub irq_global: bool,
    pub irq_context: Vec<bool>,
    /// Transactions that wait for their translation, and those downstream without their last answer.
    pub waiting: usize,
    pub downstream: usize,
    /// Last cycle in which a register that translations depend on was being written, or a table changed.
    disturbance: Option<u64>,
    /// Last cycle in which an invalidation was being written.
    command: Option<u64>,
    /// What the register write on the port is to.
    write: Write,
}

/// What a register write can do to a transaction in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Write {
    /// No write, or one that concerns no translation.
    #[default]
    Nothing,
    /// It configures translations, or stops or starts a bank.
    Configures,
    /// It is an invalidation.
    Command,
}

impl Write {
    /// A write to the aligned 64-bit word at `offset`.
    fn of(params: &Params, offset: u32) -> Self {
        let word = offset & !7;
        let kinds = [word, word + 4].map(|offset| match regs::at(params, offset) {
            None => Write::Nothing,
            Some((id, _)) => match id {
                regs::SCR0
                | regs::SMR
                | regs::S2CR
                | regs::CBAR
                | regs::CBA2R
                | regs::CB_SCTLR
                | regs::CB_TCR
                | regs::CB_TCR2 => Write::Configures,
                regs::CB_TTBR0 | regs::CB_TTBR1 | regs::CB_FSR | regs::CB_FSRRESTORE | regs::CB_MAIR0 | regs::CB_MAIR1 => {
                    Write::Configures
                }
                _ if id.register().name.contains("TLBI") => Write::Command,
                _ => Write::Nothing,
            },
        });
        kinds.into_iter().max_by_key(|kind| *kind as u8).unwrap_or_default()
    }
}

struct Inner {
    params: Params,
    counts: Counts,
    samplers: Vec<Box<dyn Sampler>>,
    now: Now,
    lives: BTreeMap<u64, Life>,
    transactions: u64,
    cycles: u64,
}

/// Counts what a bench does. Clones share their counts: one goes to the bench, one stays with whoever wants them.
#[derive(Clone)]
pub struct Collector(Rc<RefCell<Inner>>);

impl Collector {
    /// Nothing counted yet, for hardware of this preset.
    pub fn new(params: &Params) -> Self {
        let mut plan = Plan::empty(params);
        let samplers = samplers(params, &mut plan);
        let counts = Counts::new(plan);
        let inner =
            Inner { params: *params, counts, samplers, now: Now::default(), lives: BTreeMap::new(), transactions: 0, cycles: 0 };
        Collector(Rc::new(RefCell::new(inner)))
    }

    /// What was counted so far, as one run.
    pub fn database(&self) -> Database {
        let inner = self.0.borrow();
        let counts = &inner.counts;
        let groups = counts.plan.groups.iter().zip(&counts.hits).map(|(group, hits)| {
            let seen = hits.iter().enumerate().filter(|(_, &hits)| hits > 0);
            (group.name.to_string(), seen.map(|(bin, &hits)| (group.bin_name(bin), hits)).collect())
        });
        Database::of_run(counts.plan.preset, inner.cycles, inner.transactions, groups.collect())
    }

    /// Hits of one bin; `None` if there is no such bin.
    pub fn hits(&self, group: &str, bin: &str) -> Option<u64> {
        self.0.borrow().counts.of(group, bin)
    }
}

impl Observer for Collector {
    fn cycle(&mut self, cycle: u64, inputs: &Inputs, outputs: &Outputs) {
        self.0.borrow_mut().cycle(cycle, inputs, outputs);
    }

    fn event(&mut self, event: &Event) {
        self.0.borrow_mut().event(event);
    }
}

impl Inner {
    fn cycle(&mut self, cycle: u64, inputs: &Inputs, outputs: &Outputs) {
        self.cycles += 1;
        self.now.cycle = cycle;
        self.now.walk_reads += u64::from(outputs.m_axi_ptw.arvalid && inputs.m_axi_ptw.arready);
        let ctrl = &inputs.ctrl;
        if ctrl.awvalid {
            self.now.write = Write::of(&self.params, ctrl.awaddr);
        }
        match self.now.write {
            Write::Nothing => {}
            Write::Configures => self.disturb(),
            Write::Command => {
                self.now.command = Some(cycle);
                self.lives.values_mut().filter(|life| life.forwarded.is_none()).for_each(|life| life.commanded = true);
            }
        }
        if outputs.ctrl.bvalid && ctrl.bready {
            self.now.write = Write::Nothing;
        }
        for sampler in &mut self.samplers {
            sampler.cycle(&self.now, inputs, outputs, &mut self.counts);
        }
        self.now.irq_global = outputs.irq_global;
        self.now.irq_context.clear();
        self.now.irq_context.extend(outputs.irq_context.iter().by_vals());
    }

    /// Something changed that translations in flight may or may not have seen.
    fn disturb(&mut self) {
        self.now.disturbance = Some(self.now.cycle);
        self.lives.values_mut().filter(|life| life.forwarded.is_none()).for_each(|life| life.disturbed = true);
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Accepted(accepted) => {
                self.transactions += 1;
                self.begin(accepted);
            }
            Event::Forwarded(forwarded) => self.forward(forwarded),
            Event::TableChanged { .. } => self.disturb(),
            Event::Reset { .. } => {
                self.lives.clear();
                self.now.waiting = 0;
                self.now.downstream = 0;
            }
            _ => {}
        }
        for sampler in &mut self.samplers {
            sampler.event(&self.now, event, &mut self.counts);
        }
        if let Event::Answered(answered) = event {
            self.end(answered);
        }
    }

    fn begin(&mut self, accepted: &Accepted) {
        let soon = |last: Option<u64>| last.is_some_and(|last| self.now.cycle - last < SETTLE);
        let (disturbed, commanded) = (soon(self.now.disturbance), soon(self.now.command));
        // Those that wait are no longer alone, and neither is this one.
        let mut others = false;
        for life in self.lives.values_mut().filter(|life| life.forwarded.is_none()) {
            life.alone = false;
            others = true;
        }
        let reads = self.now.walk_reads;
        let life =
            Life { accepted: *accepted, forwarded: None, disturbed, commanded, alone: !others, walk_reads: (reads, reads) };
        self.lives.insert(accepted.serial, life);
        self.now.waiting += 1;
    }

    fn forward(&mut self, forwarded: &Forwarded) {
        let Some(life) = self.lives.get_mut(&forwarded.serial) else { return };
        life.forwarded = Some(*forwarded);
        life.walk_reads.1 = self.now.walk_reads;
        self.now.waiting -= 1;
        self.now.downstream += 1;
        let life = *life;
        for sampler in &mut self.samplers {
            sampler.forwarded(&self.now, &life, forwarded, &mut self.counts);
        }
    }

    fn end(&mut self, answered: &Answered) {
        let Some(life) = self.lives.remove(&answered.serial) else { return };
        match life.forwarded {
            Some(_) => self.now.downstream -= 1,
            None => self.now.waiting -= 1,
        }
        for sampler in &mut self.samplers {
            sampler.ended(&self.now, &life, answered, &mut self.counts);
        }
    }
}
