//! Fault records, as software reads them, and interrupts, as they stand on the pins.
//!
//! Sampled when a register read is answered; the scoreboard has compared the value.

use super::faults::{context_kind, CONTEXT};
use super::{Sampler, OPERATION, PRIVILEGE};
use crate::bench::observe::{Event, RegisterAccess};
use crate::coverage::collector::{Counts, Now};
use crate::coverage::plan::{Group, GroupId, Plan};
use smmu_rtl::params::Params;
use smmu_rtl::registers as regs;
use smmu_sim::dut::{Inputs, Outputs};
use smmu_sim::model::{context_code, global_code};

/// Kinds of global faults.
const GLOBAL: [(u32, &str); 6] = [
    (global_code::USF, "USF"),
    (global_code::SMCF, "SMCF"),
    (global_code::ICF, "ICF"),
    (global_code::UCBF, "UCBF"),
    (global_code::CAF, "CAF"),
    (global_code::UUT, "UUT"),
];

/// What software last read of a status register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Known {
    /// Nothing since it wrote it.
    #[default]
    Nothing,
    /// A fault.
    Fault,
    /// A fault, and then wrote ones to it.
    Clearing,
    /// No fault, and then wrote to the restore register.
    Restoring,
    /// No fault.
    Clear,
}

/// Samples the groups of this file.
pub(super) struct Records {
    params: Params,
    context_status: GroupId,
    global_status: GroupId,
    syndrome: GroupId,
    walk_syndrome: GroupId,
    handled: GroupId,
    interrupt: GroupId,
    /// What is known of each bank's status, and of the global one.
    known: Vec<Known>,
    /// Software wrote the status or the syndrome itself: what they show is not the hardware's, until the status was clear once.
    tainted: Vec<bool>,
    global_level: bool,
    context_levels: Vec<bool>,
}

impl Records {
    pub(super) fn new(params: &Params, plan: &mut Plan) -> Self {
        let context_status = Group::new("CV-12", "context status", "reads of FSR that show a fault")
            .axis("kind", CONTEXT)
            .axis("faults", ["one", "several"]);
        let global_status = Group::new("CV-13", "global status", "reads of sGFSR that show a fault")
            .axis("kind", GLOBAL.map(|(_, name)| name))
            .axis("faults", ["one", "several"]);
        let syndrome = Group::new("CV-14", "syndrome", "reads of FSYNR0 after FSR showed a fault")
            .axis("privilege", PRIVILEGE)
            .axis("operation", OPERATION);
        let walk_syndrome = Group::new("CV-15", "walk syndrome", "reads of FSYNR0 after FSR showed a fault")
            .axis("level", 0..4)
            .axis("PTWF", ["0", "1"]);
        let handled = Group::new("CV-16", "fault handling", "what software did to a fault status and then read back")
            .axis("status", ["FSR", "sGFSR"])
            .axis("handling", ["cleared", "restored", "a fault came"]);
        let interrupt = Group::new("CV-17", "interrupt", "levels of the interrupt pins")
            .axis("line", ["context", "global"])
            .axis("level", ["rises", "falls", "high at a read of a fault", "low at a read of a fault"]);
        Records {
            params: *params,
            context_status: plan.add(context_status),
            global_status: plan.add(global_status),
            syndrome: plan.add(syndrome),
            walk_syndrome: plan.add(walk_syndrome),
            handled: plan.add(handled),
            interrupt: plan.add(interrupt),
            known: vec![Known::Nothing; params.num_cb + 1],
            tainted: vec![false; params.num_cb + 1],
            global_level: false,
            context_levels: vec![false; params.num_cb],
        }
    }

    /// A half of a status register was read.
    fn status(&mut self, now: &Now, recorder: usize, value: u32, counts: &mut Counts) {
        let global = recorder == self.params.num_cb;
        let recorded = if global { global_code::RECORDED } else { context_code::RECORDED };
        let (level, row) =
            if global { (now.irq_global, 1) } else { (now.irq_context.get(recorder).is_some_and(|level| *level), 0) };
        if value & recorded == 0 {
            if self.known[recorder] == Known::Clearing {
                counts.hit(self.handled, &[row, 0]);
            }
            self.known[recorder] = Known::Clear;
            self.tainted[recorder] = false;
            return;
        }
        match self.known[recorder] {
            Known::Restoring => counts.hit(self.handled, &[row, 1]),
            Known::Clear => counts.hit(self.handled, &[row, 2]),
            _ => {}
        }
        self.known[recorder] = Known::Fault;
        if self.tainted[recorder] {
            return;
        }
        counts.hit(self.interrupt, &[row, if level { 2 } else { 3 }]);
        let several = usize::from(value >> 31 != 0);
        if global {
            for (at, _) in GLOBAL.iter().enumerate().filter(|(_, (code, _))| value & code != 0) {
                counts.hit(self.global_status, &[at, several]);
            }
        } else {
            let bits = (1..9).map(|bit| value & 1 << bit).filter_map(context_kind);
            bits.for_each(|kind| counts.hit(self.context_status, &[kind, several]));
        }
    }

    fn access(&mut self, now: &Now, done: &RegisterAccess, counts: &mut Counts) {
        for half in 0..2u32 {
            let offset = done.offset & !7 | (4 * half);
            let touched = if done.write { done.strobes >> (4 * half) & 0xf == 0xf } else { true };
            let Some((id, index)) = regs::at(&self.params, offset).filter(|_| touched) else { continue };
            let value = (done.data >> (32 * half)) as u32;
            let global = self.params.num_cb;
            match (id, done.write) {
                (regs::CB_FSR, false) => self.status(now, index, value, counts),
                (regs::SGFSR, false) => self.status(now, global, value, counts),
                (regs::CB_FSR | regs::SGFSR, true) => {
                    let known = &mut self.known[if id == regs::SGFSR { global } else { index }];
                    *known = if *known == Known::Fault && value != 0 { Known::Clearing } else { Known::Nothing };
                }
                (regs::CB_FSRRESTORE | regs::SGFSRRESTORE, true) => {
                    let recorder = if id == regs::SGFSRRESTORE { global } else { index };
                    self.tainted[recorder] |= value != 0;
                    let known = &mut self.known[recorder];
                    *known = if *known == Known::Clear && value != 0 { Known::Restoring } else { Known::Nothing };
                }
                (regs::CB_FSYNR0, true) => self.tainted[index] = true,
                (regs::CB_FSYNR0, false) if self.known[index] == Known::Fault && !self.tainted[index] => {
                    let field = |name: &str| regs::CB_FSYNR0.field(name).get(value.into()) as usize;
                    let operation = match (field("WNR"), field("IND")) {
                        (1, _) => 1,
                        (_, 1) => 2,
                        _ => 0,
                    };
                    counts.hit(self.syndrome, &[field("PNU"), operation]);
                    counts.hit(self.walk_syndrome, &[field("PLVL"), field("PTWF")]);
                }
                _ => {}
            }
        }
    }
}

impl Sampler for Records {
    fn cycle(&mut self, _now: &Now, _inputs: &Inputs, outputs: &Outputs, counts: &mut Counts) {
        if outputs.irq_global != self.global_level {
            self.global_level = outputs.irq_global;
            counts.hit(self.interrupt, &[1, usize::from(!self.global_level)]);
        }
        for (bank, known) in self.context_levels.iter_mut().enumerate() {
            let level = outputs.irq_context.get(bank).is_some_and(|level| *level);
            if *known != level {
                *known = level;
                counts.hit(self.interrupt, &[0, usize::from(!level)]);
            }
        }
    }

    fn event(&mut self, now: &Now, event: &Event, counts: &mut Counts) {
        match event {
            Event::Register(done) => self.access(now, done, counts),
            Event::Reset { .. } => {
                self.known.fill(Known::Nothing);
                self.tainted.fill(false);
                self.global_level = false;
                self.context_levels.fill(false);
            }
            _ => {}
        }
    }
}
