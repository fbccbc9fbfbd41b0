//! Stalled context faults: groups of presets whose hardware can stall.
//!
//! The pins do not show that a transaction is held. What is certain: a read of FSR that has SS, with the FAR and FSYNR0 of that record, says that
//! one was, until `RESUME` appears on the register port. What is sampled is what came after that read: the transaction at the recorded address,
//! and transactions of the same bank that were accepted meanwhile.

use super::faults::{context_kind, CONTEXT};
use super::{access, touched, Sampler, Touched, ACCESS};
use crate::bench::fixture::{SCTLR_CFCFG, SCTLR_HUPCF};
use crate::bench::observe::{Answered, Event, Fate, Forwarded, RegisterAccess, StreamCase};
use crate::coverage::collector::{Counts, Life, Now};
use crate::coverage::plan::{Group, GroupId, Plan};
use smmu_rtl::params::Params;
use smmu_rtl::registers as regs;
use smmu_sim::dut::{Inputs, Outputs};

const SS: u64 = 1 << 30;
const RECORDED: u32 = 0x1fe;
const CFCFG: u64 = SCTLR_CFCFG as u64;
const HUPCF: u64 = SCTLR_HUPCF as u64;
/// The axis "control".
const CONTROL: [&str; 3] = ["waits: HUPCF 0, CFCFG 1", "refused: HUPCF 0, CFCFG 0", "free: HUPCF 1"];

/// A bank with a stalled transaction.
#[derive(Clone, Copy, Debug)]
struct Stalled {
    /// Number on the axis "kind"; unknown if the status was cleared before it was read.
    kind: Option<usize>,
    /// FAR, once it has been read.
    address: Option<u64>,
    /// The last transaction that was accepted before the read.
    last: u64,
    /// The status has been cleared before `RESUME`.
    cleared: bool,
    /// The last transaction before `RESUME` was on the port, once it was.
    resumed: Option<u64>,
}

/// Samples the groups of this file.
pub(super) struct Stalls {
    params: Params,
    groups: Option<(GroupId, GroupId)>,
    stalled: Vec<Option<Stalled>>,
    /// SCTLR of each bank; unknown while it is written.
    sctlr: Vec<Option<u64>>,
    /// The last transaction that was accepted.
    accepted: u64,
    /// Transactions that were accepted while their bank had a stalled one: number, bank, SCTLR then.
    waiting: Vec<(u64, usize, u64)>,
}

fn bank_of(stream: StreamCase) -> Option<usize> {
    match stream {
        StreamCase::Translated { bank }
        | StreamCase::Aarch32 { bank }
        | StreamCase::Second { bank }
        | StreamCase::Nested { bank, .. } => Some(bank),
        _ => None,
    }
}

impl Stalls {
    pub(super) fn new(params: &Params, plan: &mut Plan) -> Self {
        let ended = Group::new("CV-51", "stalled fault", "transactions that a fault had stalled, by what came of them")
            .axis("kind", CONTEXT)
            .axis("access", ACCESS)
            .axis("order", ["status first", "RESUME first"])
            .axis("result", ["goes on", "refused"]);
        let beside = Group::new("CV-52", "beside a stalled fault", "transactions of a bank that has a stalled one")
            .axis("control", CONTROL)
            .axis("access", ACCESS)
            .axis("result", ["goes on at once", "goes on after RESUME", "refused"])
            .exclude(|v| (!v[0].contains("HUPCF 1") && v[2] == "goes on at once").then_some("a stalled fault blocks its bank"));
        let groups = params.features.stall.then(|| (plan.add(ended), plan.add(beside)));
        Stalls {
            params: *params,
            groups,
            stalled: vec![None; params.num_cb],
            sctlr: vec![Some(0); params.num_cb],
            accepted: 0,
            waiting: Vec::new(),
        }
    }

    fn register(&mut self, done: &RegisterAccess) {
        let params = self.params;
        for Touched { id, index: bank, value, whole } in touched(&params, done) {
            match (id, done.write) {
                (regs::CB_SCTLR, true) => self.sctlr[bank] = whole.then_some(value),
                (regs::CB_FSR, true) => {
                    if let Some(stalled) = self.stalled[bank].as_mut().filter(|stalled| stalled.resumed.is_none()) {
                        stalled.cleared = true;
                    }
                }
                (regs::CB_FSR, false) if value & SS == 0 => self.stalled[bank] = None,
                (regs::CB_FSR, false) if self.stalled[bank].is_none_or(|stalled| stalled.resumed.is_some()) => {
                    let kind = context_kind(value as u32 & RECORDED);
                    let stalled = Stalled { kind, address: None, last: self.accepted, cleared: false, resumed: None };
                    self.stalled[bank] = Some(stalled);
                }
                (regs::CB_FAR, false) => {
                    if let Some(stalled) = self.stalled[bank].as_mut().filter(|stalled| !stalled.cleared) {
                        stalled.address.get_or_insert(value);
                    }
                }
                _ => {}
            }
        }
    }

    /// Something came of a transaction: it went downstream, or it was refused.
    fn result(&mut self, life: &Life, refused: bool, counts: &mut Counts) {
        let Some((ended, beside)) = self.groups else { return };
        let (serial, address, write) = (life.accepted.serial, life.accepted.beat.addr, life.accepted.write);
        if let Some(at) = self.waiting.iter().position(|waiting| waiting.0 == serial) {
            let (_, bank, then) = self.waiting.swap_remove(at);
            let same = self.sctlr[bank].is_some_and(|now| (now ^ then) & (CFCFG | HUPCF) == 0);
            let Some(stalled) = self.stalled[bank].filter(|_| same) else { return };
            let control = match (then & HUPCF, then & CFCFG) {
                (0, 0) => 1,
                (0, _) => 0,
                _ => 2,
            };
            let later = stalled.resumed.is_some_and(|last| serial <= last);
            match (refused, later) {
                (true, _) => counts.hit(beside, &[control, access(write), 2]),
                (false, true) => counts.hit(beside, &[control, access(write), 1]),
                (false, false) if stalled.resumed.is_none() && !life.disturbed => {
                    counts.hit(beside, &[control, access(write), 0])
                }
                (false, false) => {}
            }
            return;
        }
        let Some(bank) = bank_of(life.accepted.stream) else { return };
        let Some(stalled) = self.stalled[bank].filter(|stalled| serial <= stalled.last && stalled.resumed.is_some()) else {
            return;
        };
        if let (Some(kind), true) = (stalled.kind, stalled.address == Some(address)) {
            counts.hit(ended, &[kind, access(write), usize::from(!stalled.cleared), usize::from(refused)]);
        }
    }
}

impl Sampler for Stalls {
    fn cycle(&mut self, _now: &Now, inputs: &Inputs, _outputs: &Outputs, _counts: &mut Counts) {
        if self.groups.is_none() || !inputs.ctrl.awvalid {
            return;
        }
        let word = inputs.ctrl.awaddr & !7;
        for offset in [word, word + 4] {
            match regs::at(&self.params, offset) {
                Some((regs::CB_RESUME, bank)) => {
                    let last = self.accepted;
                    if let Some(stalled) = &mut self.stalled[bank] {
                        stalled.resumed.get_or_insert(last);
                    }
                }
                Some((regs::CB_SCTLR, bank)) => self.sctlr[bank] = None,
                _ => {}
            }
        }
    }

    fn event(&mut self, _now: &Now, event: &Event, _counts: &mut Counts) {
        if self.groups.is_none() {
            return;
        }
        match event {
            Event::Register(done) => self.register(done),
            Event::Accepted(accepted) => {
                self.accepted = accepted.serial;
                let Some(bank) = bank_of(accepted.stream) else { return };
                let stalled = self.stalled[bank].is_some_and(|stalled| stalled.resumed.is_none());
                if let (true, Some(sctlr)) = (stalled, self.sctlr[bank]) {
                    self.waiting.push((accepted.serial, bank, sctlr));
                }
            }
            Event::Reset { .. } => {
                self.stalled.fill(None);
                self.sctlr.fill(Some(0));
                self.waiting.clear();
            }
            _ => {}
        }
    }

    fn forwarded(&mut self, _now: &Now, life: &Life, _forwarded: &Forwarded, counts: &mut Counts) {
        self.result(life, false, counts);
    }

    fn ended(&mut self, _now: &Now, life: &Life, answered: &Answered, counts: &mut Counts) {
        if matches!(answered.fate, Fate::Refused { .. }) {
            self.result(life, true, counts);
        }
    }
}
