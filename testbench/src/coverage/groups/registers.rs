//! The register port: every register, every shape of access, and accesses beside each other.
//!
//! Sampled when an access is answered; the scoreboard has compared a read's value, and a later read shows what a write did.

use super::{access, Sampler, ACCESS};
use crate::bench::observe::{Event, RegisterAccess};
use crate::coverage::collector::{Counts, Now};
use crate::coverage::plan::{Group, GroupId, Plan};
use smmu_rtl::params::{Params, REG_PAGE};
use smmu_rtl::registers::{self as regs, RegId};
use smmu_sim::dut::{Inputs, Outputs};

/// Where an access goes, as numbered by [`Registers::place`].
const PLACES: [&str; 7] =
    ["global space 0", "global space 1", "implementation", "performance monitors", "bank", "missing bank", "no register"];

/// Samples the groups of this file.
pub(super) struct Registers {
    params: Params,
    register: GroupId,
    size: GroupId,
    race: GroupId,
    handshake: GroupId,
    /// Cycles since the first half of a write was handed over; which half it was.
    early: Option<Early>,
}

/// The half of a write that came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Early {
    Address,
    Data,
}

impl Registers {
    pub(super) fn new(params: &Params, plan: &mut Plan) -> Self {
        let names = RegId::all().map(|id| id.register().name);
        let register =
            Group::new("CV-36", "register", "registers that were accessed").axis("register", names).axis("access", ACCESS);
        let missing = params.num_cb < params.num_page;
        let size = Group::new("CV-37", "register access", "register accesses by place and shape")
            .axis("place", PLACES)
            .axis(
                "shape",
                [
                    "read, low address",
                    "read, high address",
                    "write low",
                    "write high",
                    "write both",
                    "no strobe",
                    "part of a word",
                ],
            )
            .exclude(|v| (v[0] == "missing bank" && !missing).then_some("every page of the upper half has a bank"));
        let race = Group::new("CV-38", "register race", "register accesses by what else was under way")
            .axis("access", ACCESS)
            .axis("beside", ["nothing", "client transactions", "a register write"])
            .exclude(|v| (v == ["write", "a register write"]).then_some("the port performs one write at a time"));
        let handshake = Group::new("CV-39", "register handshake", "register writes by the order of their address and data")
            .axis("first", ["both at once", "address", "data"]);
        Registers {
            params: *params,
            register: plan.add(register),
            size: plan.add(size),
            race: plan.add(race),
            handshake: plan.add(handshake),
            early: None,
        }
    }

    fn place(&self, offset: u32, found: bool) -> usize {
        let page = (offset / REG_PAGE) as usize;
        match page {
            _ if regs::missing_bank(&self.params, offset) => 5,
            _ if !found => 6,
            0..=3 => page,
            _ => 4,
        }
    }

    fn access(&self, done: &RegisterAccess, counts: &mut Counts) {
        let word = done.offset & !7;
        let halves = [done.strobes & 0xf, done.strobes >> 4];
        let whole = halves.iter().all(|half| matches!(half, 0 | 0xf));
        let mut found = false;
        let mut last = None;
        for n in 0..2u32 {
            let touched = if done.write { halves[n as usize] != 0 } else { done.offset >> 2 & 1 == n };
            let at = regs::at(&self.params, word + 4 * n);
            found |= at.is_some() && (touched || done.strobes == 0);
            if let Some((id, _)) = at.filter(|_| touched && whole) {
                if last != Some(id) {
                    last = Some(id);
                    let row = RegId::all().position(|known| known == id).unwrap_or_default();
                    counts.hit(self.register, &[row, access(done.write)]);
                }
            }
        }
        let shape = match (done.write, done.strobes) {
            (false, _) => (done.offset >> 2 & 1) as usize,
            (true, 0x0f) => 2,
            (true, 0xf0) => 3,
            (true, 0xff) => 4,
            (true, 0) => 5,
            (true, _) => 6,
        };
        counts.hit(self.size, &[self.place(done.offset, found), shape]);
        let beside = match (done.overlapped, done.in_flight) {
            (true, _) => 2,
            (false, 0) => 0,
            _ => 1,
        };
        counts.hit(self.race, &[access(done.write), beside]);
    }
}

impl Sampler for Registers {
    fn cycle(&mut self, _now: &Now, inputs: &Inputs, outputs: &Outputs, counts: &mut Counts) {
        let (software, registers) = (&inputs.ctrl, &outputs.ctrl);
        let address = software.awvalid && registers.awready;
        let data = software.wvalid && registers.wready;
        match (self.early, address, data) {
            (None, true, true) => counts.hit(self.handshake, &[0]),
            (None, true, false) => self.early = Some(Early::Address),
            (None, false, true) => self.early = Some(Early::Data),
            (Some(Early::Address), _, true) => {
                counts.hit(self.handshake, &[1]);
                self.early = address.then_some(Early::Address);
            }
            (Some(Early::Data), true, _) => {
                counts.hit(self.handshake, &[2]);
                self.early = data.then_some(Early::Data);
            }
            _ => {}
        }
    }

    fn event(&mut self, _now: &Now, event: &Event, counts: &mut Counts) {
        match event {
            Event::Register(done) => self.access(done, counts),
            Event::Reset { .. } => self.early = None,
            _ => {}
        }
    }
}
