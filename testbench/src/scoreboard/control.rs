//! The register port: writes go into the model when they are answered, reads are compared with it.

use super::records::{Cause, Event};
use super::stale::{self, Epoch, Half};
use super::{Kind, Mismatch, Scoreboard, IRQ_LAG};
use crate::axi::burst::OKAY;
use crate::bench::observe::{Event as Seen, RegisterAccess};
use crate::memory::Memory;
use smmu_rtl::params::{Aarch32, Params};
use smmu_rtl::registers as regs;
use smmu_sim::dut::{Inputs, Outputs};
use std::collections::VecDeque;

/// What the performance monitors count, in the global page and in a bank's. The model counts too, but not in the same cycle.
const COUNTED: [regs::RegId; 6] =
    [regs::PMEVCNTR, regs::PMOVSCLR, regs::PMOVSSET, regs::CB_PMEVCNTR, regs::CB_PMOVSCLR, regs::CB_PMOVSSET];

/// Results of address translation operations, and whether one is under way.
const RESULTS: [regs::RegId; 4] = [regs::CB_PAR, regs::CB_ATSR, regs::GPAR, regs::GATSR];

/// A write whose address and data have been handed over, and whose response has not.
#[derive(Clone, Copy, Debug)]
struct Write {
    offset: u32,
    data: u64,
    strobes: u8,
    begun: Epoch,
    cycle: u64,
}

/// A read that has not been answered.
#[derive(Clone, Copy, Debug)]
struct Read {
    offset: u32,
    cycle: u64,
    /// The word as the model had it when the read was accepted.
    before: u64,
    /// A write was, or came, under way: old and new are right.
    overlapped: bool,
}

/// What is in flight on the register port.
#[derive(Debug, Default)]
pub(super) struct Control {
    addresses: VecDeque<(u32, u64)>,
    data: VecDeque<(u64, u8)>,
    writes: VecDeque<Write>,
    reads: VecDeque<Read>,
}

impl Control {
    pub(super) fn idle(&self) -> bool {
        self.addresses.is_empty() && self.data.is_empty() && self.writes.is_empty() && self.reads.is_empty()
    }

    /// A write is being performed.
    pub(super) fn writing(&self) -> bool {
        !self.writes.is_empty()
    }

    /// A read of a bank that is not there is on its way: its fault may be recorded already.
    pub(super) fn illegal_read(&self, params: &Params) -> bool {
        self.reads.iter().any(|read| regs::missing_bank(params, read.offset))
    }

    /// The write that is being performed: offset, data, strobes.
    pub(super) fn pending(&self) -> Option<(u32, u64, u8)> {
        self.writes.front().map(|write| (write.offset, write.data, write.strobes))
    }

    /// Since when the oldest access waits, and what it is.
    pub(super) fn oldest(&self) -> Option<(u64, String)> {
        let write = self.writes.front().map(|write| (write.cycle, format!("the register write at {:#x}", write.offset)));
        let read = self.reads.front().map(|read| (read.cycle, format!("the register read at {:#x}", read.offset)));
        write.into_iter().chain(read).min()
    }
}

impl Scoreboard {
    /// One cycle of `s_axil_ctrl`.
    pub(super) fn control_port(&mut self, outputs: &Outputs, inputs: &Inputs, memory: &mut Memory) -> Result<(), Mismatch> {
        let (master, hardware) = (&inputs.ctrl, &outputs.ctrl);
        if hardware.bvalid && master.bready {
            if let Some(write) = self.control.writes.pop_front() {
                if hardware.bresp != OKAY {
                    let text = format!("register write at {:#x} got response {}", write.offset, hardware.bresp);
                    return self.fail(Kind::Register, text);
                }
                if self.options.compare {
                    self.apply(&write, memory);
                }
                let Write { offset, data, strobes, cycle, .. } = write;
                self.note(|this| {
                    let (in_flight, cycles) = (this.flight.len(), this.cycle - cycle);
                    Seen::Register(RegisterAccess { offset, write: true, data, strobes, cycles, overlapped: false, in_flight })
                });
            }
        }
        if hardware.rvalid && master.rready {
            if let Some(read) = self.control.reads.pop_front() {
                if hardware.rresp != OKAY {
                    let text = format!("register read at {:#x} got response {}", read.offset, hardware.rresp);
                    return self.fail(Kind::Register, text);
                }
                if self.options.compare {
                    self.compare(&read, hardware.rdata, memory)?;
                }
                let Read { offset, overlapped, cycle, .. } = read;
                self.note(|this| {
                    let (in_flight, cycles, data) = (this.flight.len(), this.cycle - cycle, hardware.rdata);
                    Seen::Register(RegisterAccess { offset, write: false, data, strobes: 0xff, cycles, overlapped, in_flight })
                });
            }
        }
        if master.awvalid && hardware.awready {
            self.control.addresses.push_back((master.awaddr, self.cycle));
        }
        if master.wvalid && hardware.wready {
            self.control.data.push_back((master.wdata, master.wstrb));
        }
        if !self.control.addresses.is_empty() && !self.control.data.is_empty() {
            self.begin();
        }
        if master.arvalid && hardware.arready {
            let read = Read {
                offset: master.araddr,
                cycle: self.cycle,
                before: self.open.read(master.araddr, 8),
                overlapped: self.control.writing(),
            };
            self.control.reads.push_back(read);
        }
        Ok(())
    }

    /// A write may be performed from now on.
    fn begin(&mut self) {
        if let (Some((offset, _)), Some((data, strobes))) = (self.control.addresses.pop_front(), self.control.data.pop_front()) {
            self.epoch += 1;
            self.records.begin_write();
            let operation = regs::at(&self.params, offset & !7).is_some_and(|(id, _)| regs::TRANSLATION_OPERATIONS.contains(&id));
            self.operating |= operation && self.params.features.ats;
            self.control.writes.push_back(Write { offset, data, strobes, begun: self.epoch, cycle: self.cycle });
            self.control.reads.iter_mut().for_each(|read| read.overlapped = true);
        }
    }

    /// A write has been answered: it holds.
    fn apply(&mut self, write: &Write, memory: &mut Memory) {
        let Write { offset, data, strobes, begun, cycle } = *write;
        let word = offset & !7;
        let halves = [strobes & 0xf, strobes >> 4];
        let illegal = regs::missing_bank(&self.params, offset) || halves.iter().any(|half| !matches!(half, 0 | 0xf));
        let global = self.records.global();
        if illegal {
            self.illegal(cycle, Cause::Store(offset, data, strobes));
        }
        let bank = (offset / self.params.reg_page()) as usize;
        let bank = bank.checked_sub(self.params.num_page).filter(|&bank| bank < self.params.num_cb);
        let mut banks: Vec<usize> = bank.into_iter().collect();
        if self.stale.counts_off() || self.params.features.aarch32 != Aarch32::None {
            // Formats and stages of the banks.
            let halves = [word, word + 4].map(|word| regs::at(&self.params, word));
            let kinds = halves.iter().flatten().filter(|(id, _)| matches!(*id, regs::CBAR | regs::CBA2R));
            banks.extend(kinds.map(|(_, bank)| *bank));
        }
        let before: Vec<_> = banks.into_iter().map(|bank| (bank, stale::bank_config(&*self.open, &self.params, bank))).collect();
        if self.configures(word, data, strobes) {
            self.keep_past();
        }
        self.open.write_strobed(offset, data, strobes);
        self.blocked.write_strobed(offset, data, strobes);
        self.records.configured(offset, data, strobes, self.cycle);
        self.tags_of.clear();
        for (bank, before) in before {
            let translated = before[stale::SCTLR].1 & 1 == 1 || self.stale.counts_off();
            if translated && before != stale::bank_config(&*self.open, &self.params, bank) {
                self.stale.config(bank, before, self.epoch);
            }
        }
        if !illegal {
            self.apply_halves(word, data, halves, begun);
            self.note_resume(word, data, strobes);
            let recorders = (0..2).filter(|&n| halves[n] != 0).filter_map(|n| self.records.find(word + 4 * n as u32));
            let mut recorders: Vec<usize> = recorders.map(|(recorder, _)| recorder).collect();
            recorders.dedup();
            for &recorder in &recorders {
                self.records.write(recorder, offset, data, strobes, self.cycle, &*self.blocked);
                self.force_status(recorder);
            }
            self.records.end_write(&recorders, self.cycle, &*self.blocked);
        } else {
            self.records.end_write(&[], self.cycle, &*self.blocked);
        }
        self.records.enables_changed(bank.unwrap_or(global), self.cycle, &*self.blocked);
        self.irq_settling = self.cycle + IRQ_LAG;
        self.epoch += 1;
        self.ask_again(memory);
    }

    /// Whether a write changes registers that verdicts depend on: no command, no fault record, not the value that is there.
    fn configures(&self, word: u32, data: u64, strobes: u8) -> bool {
        (0..2u32).any(|n| {
            let offset = word + 4 * n;
            let written = strobes >> (4 * n) & 0xf != 0;
            let stored = regs::at(&self.params, offset).is_some_and(|(id, _)| id.register().access == regs::Access::ReadWrite);
            let other = self.open.read(offset, 4) != data >> (32 * n) & 0xffff_ffff;
            written && stored && other && self.records.find(offset).is_none()
        })
    }

    /// An illegal register access, which began in that cycle.
    fn illegal(&mut self, began: u64, cause: Cause) {
        let event = Event { serial: 0, accepted: began, causes: &[cause], certain: true };
        self.records.fault(self.records.global(), &event, self.cycle, &*self.blocked);
    }

    /// The commands among the words that were written, in the order in which they take effect.
    fn apply_halves(&mut self, word: u32, data: u64, halves: [u8; 2], begun: Epoch) {
        let wide = regs::at(&self.params, word).is_some_and(|(id, _)| id.register().width == 64);
        let order = if wide { [1, 0] } else { [0, 1] };
        for n in order.into_iter().filter(|&n| halves[n] != 0) {
            let offset = word + 4 * n as u32;
            let Some((id, index)) = regs::at(&self.params, offset) else { continue };
            let value = (data >> (32 * n)) as u32;
            let half = Half { id, index, offset, value };
            if let Some(payload) = self.stale.command(&half) {
                self.note_maintenance(id, index, payload);
            }
            self.stale.written(&half, &*self.open, &self.params, begun, self.cycle);
        }
    }

    /// A read was answered with the aligned 64-bit word `seen`.
    fn compare(&mut self, read: &Read, seen: u64, memory: &mut Memory) -> Result<(), Mismatch> {
        let word = read.offset & !7;
        for half in 0..2 {
            let offset = word + 4 * half;
            let (seen, before) = ((seen >> (32 * half)) as u32, (read.before >> (32 * half)) as u32);
            self.compare_half(read, offset, seen, before, memory)?;
        }
        if regs::missing_bank(&self.params, read.offset) {
            self.illegal(read.cycle, Cause::Load(read.offset));
        }
        if self.records.find(word).or(self.records.find(word + 4)).is_some() {
            self.ask_again(memory);
        }
        Ok(())
    }

    fn compare_half(&mut self, read: &Read, offset: u32, seen: u32, before: u32, memory: &mut Memory) -> Result<(), Mismatch> {
        let at = regs::at(&self.params, offset);
        let name = at.map_or("no register", |(id, _)| id.register().name);
        if let Some((recorder, register)) = self.records.find(offset) {
            let potential = self.potential_deep(recorder, memory);
            let states = self.records.describe(recorder);
            let fits = self.records.read(recorder, register, seen, &potential, (read.cycle, self.cycle), &*self.blocked);
            if !fits && !read.overlapped {
                let text = format!("{name} at {offset:#x} reads {seen:#x}, but the record is {states}");
                return self.fail(Kind::Record, text);
            }
            return Ok(());
        }
        if let Some((id, index)) = at.filter(|(id, _)| matches!(*id, regs::CB_TLBSTATUS | regs::STLBGSTATUS)) {
            let bank = (id == regs::CB_TLBSTATUS).then_some(index);
            let asked = self.stale.asked(bank);
            match (asked, seen) {
                (Some(since), 0) => self.note(|this| Seen::SyncCompleted { bank, cycles: this.cycle - since }),
                (_, 1) => self.note(|_| Seen::SyncActive { bank }),
                _ => {}
            }
            // What is accepted from now on comes after it.
            self.epoch += 1;
            if seen > 1 || !self.stale.status(bank, seen == 1, read.cycle, self.epoch) {
                return self.fail(Kind::Sync, format!("{name} at {offset:#x} reads {seen:#x}; no synchronization was asked for"));
            }
            return if seen == 0 { self.synchronized() } else { Ok(()) };
        }
        // Neither what the counters have counted nor when an operation is done is seen on the pins: tests of their own look at it.
        if at.is_some_and(|(id, _)| {
            self.params.features.pmu && COUNTED.contains(&id) || self.params.features.ats && RESULTS.contains(&id)
        }) {
            let idle = matches!(at, Some((regs::CB_ATSR | regs::GATSR, _))) && seen == 0;
            self.operating &= !idle;
            return Ok(());
        }
        let expected = self.open.read(offset, 4) as u32;
        let pending = || {
            let Some((offset_written, data, strobes)) = self.control.pending() else { return expected };
            let mut after = self.open.copy();
            after.write_strobed(offset_written, data, strobes);
            after.read(offset, 4) as u32
        };
        if seen != expected && !(read.overlapped && (seen == before || seen == pending())) {
            return self.fail(Kind::Register, format!("{name} at {offset:#x} reads {seen:#x}, must be {expected:#x}"));
        }
        Ok(())
    }

    /// A synchronization has been seen to end: no transaction that it concerns may be in flight.
    fn synchronized(&mut self) -> Result<(), Mismatch> {
        for slot in 0..self.flight.slots.len() {
            let t = &self.flight.slots[slot];
            let super::flight::Stage::Forwarded { epoch } = t.stage else { continue };
            let Some(tags) = t.tags.filter(|_| t.in_use) else { continue };
            let ended = |held: &super::flight::Held| {
                let entry = stale::Entry::of(tags, &held.ends);
                entry.is_some_and(|entry| self.stale.ended(&entry, false, epoch + 1, Epoch::MAX))
            };
            // The one that it went with is among those that held; one of several may be the one that the command does not name.
            if !t.held.is_empty() && t.held.iter().all(ended) {
                let text =
                    format!("the synchronization ended, but the {} used a dropped translation and has no answer", t.describe());
                return self.fail(Kind::Sync, text);
            }
        }
        Ok(())
    }
}
