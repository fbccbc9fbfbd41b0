//! Plays a recording and compares.
//!
//! What a read is compared on is [`compared_bits`]; everything else is noted. A transaction is compared in its response and, if it
//! goes downstream, in its address. `SMR`, `sGFSR` and `FSR` have no architected reset value: until software has written one, a read of
//! it is only noted. Going on after a difference makes more of them: only the first one is explained.

use super::explain::History;
use super::fit::{Presenter, Reason};
use super::report::{Difference, Note, Phase, Report};
use super::target::{Answer, Target};
use super::{Item, Recording, Status, Transaction};
use crate::bench::BenchError;
use smmu_rtl::params::Params;
use smmu_rtl::registers::{self as regs, RegId};
use std::collections::HashSet;
use std::time::Instant;

/// Polls of a status register that is to become idle, a microsecond each.
const POLLS: usize = 100;
/// Name of what stands before the first phase.
const BEFORE: &str = "(start)";

/// How the value of a read is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compared {
    /// Under this mask.
    Mask(u64),
    /// It becomes idle (bit 0 clear), if it was recorded idle.
    Idle,
    /// Bit 0, and bits 39:12 if that is clear.
    Par,
    /// Not; a difference is a note.
    Not,
}

/// How reads of a register are compared. `trace`: nothing of the traffic that made the machine's faults is there.
fn compared_bits(id: Option<RegId>, trace: bool) -> Compared {
    match id {
        Some(regs::SMR) => Compared::Mask(0x7FFF_7FFF),
        Some(regs::CB_TLBSTATUS | regs::CB_ATSR | regs::GATSR | regs::STLBGSTATUS) => Compared::Idle,
        _ if trace => Compared::Not,
        Some(regs::CB_FSR) => Compared::Mask(0xC000_01FE),
        Some(regs::CB_FSYNR0) => Compared::Mask(1 << 4),
        Some(regs::CB_FAR) => Compared::Mask(u64::MAX),
        Some(regs::CB_PAR | regs::GPAR) => Compared::Par,
        Some(regs::SGFSR) => Compared::Mask(0x8000_0007),
        Some(regs::SGFSYNR1 | regs::CBFRSYNRA) => Compared::Mask(0xFFFF),
        _ => Compared::Not,
    }
}

/// Plays `recording` on `target`, which is hardware of `params`. `progress` is called with the lines done.
pub fn replay(recording: &Recording, params: &Params, target: &mut dyn Target, progress: &mut dyn FnMut(usize)) -> Report {
    let start = Instant::now();
    let mut player = Player {
        recording,
        params,
        target,
        presenter: Presenter::new(recording, params),
        history: History::new(recording),
        report: Report { ignored: recording.ignored, ..Report::default() },
        written: HashSet::new(),
    };
    let result = player.play(progress);
    let mut report = player.report;
    report.broken = result.err().map(|error| error.to_string());
    report.cycles = target.cycles();
    report.ok = report.broken.is_none() && report.phases.iter().all(|phase| phase.differences == 0);
    report.seconds = start.elapsed().as_secs_f64();
    report
}

struct Player<'a> {
    recording: &'a Recording,
    params: &'a Params,
    target: &'a mut dyn Target,
    presenter: Presenter,
    history: History,
    report: Report,
    /// Registers that were written since the last reset.
    written: HashSet<u32>,
}

impl Player<'_> {
    fn play(&mut self, progress: &mut dyn FnMut(usize)) -> Result<(), BenchError> {
        let layout = self.recording.layout;
        if layout.ram_bytes > 0 {
            self.target.add_memory(layout.ram, layout.ram_bytes);
        }
        for (done, line) in self.recording.lines.iter().enumerate() {
            self.line(line.number, &line.item)?;
            progress(done + 1);
        }
        self.target.finish()
    }

    fn phase(&mut self, line: usize) -> &mut Phase {
        if self.report.phases.is_empty() {
            self.report.phases.push(Phase { name: BEFORE.into(), line, ..Phase::default() });
        }
        let last = self.report.phases.len() - 1;
        &mut self.report.phases[last]
    }

    fn skip(&mut self, line: usize, reason: Reason) {
        self.phase(line).skipped += 1;
        *self.report.skipped.entry(reason.to_string()).or_default() += 1;
    }

    fn line(&mut self, line: usize, item: &Item) -> Result<(), BenchError> {
        match item {
            Item::Comment => return Ok(()),
            Item::Phase(name) => {
                self.report.phases.push(Phase { name: name.clone(), line, ..Phase::default() });
                return Ok(());
            }
            Item::Map { iova, pa, bytes, domain } => {
                self.history.map(line, domain, *iova, *bytes, Some(*pa));
                return Ok(());
            }
            Item::Unmap { iova, bytes, domain } => {
                self.history.map(line, domain, *iova, *bytes, None);
                return Ok(());
            }
            Item::Memory { pa, word } => {
                self.target.set_word(*pa, *word)?;
                self.history.word(line, *pa, *word);
            }
            Item::Write { bytes, offset, value, .. } => return self.write(line, *bytes, *offset, *value),
            Item::Read { bytes, offset, value, name } => return self.read(line, *bytes, *offset, *value, name),
            Item::Transaction { access, status, pa, why } => return self.transaction(line, access, *status, *pa, why),
            Item::Interrupt { line: number, level } => return self.interrupt(line, *number, *level),
            Item::Pass { ns } => self.target.pass(*ns)?,
            Item::Reset => {
                self.target.reset()?;
                self.presenter.reset();
                self.history.reset(line);
                self.written.clear();
            }
        }
        self.phase(line).played += 1;
        Ok(())
    }

    fn write(&mut self, line: usize, bytes: u8, offset: u64, value: u64) -> Result<(), BenchError> {
        let place = match self.presenter.offset(offset) {
            Ok(place) => place,
            Err(reason) => {
                self.skip(line, reason);
                return Ok(());
            }
        };
        if let Some(reason) = self.presenter.unusable(place).filter(|_| self.writes_matter(place)) {
            self.skip(line, reason);
            return Ok(());
        }
        self.target.write(place, value, bytes)?;
        self.written.insert(place);
        self.presenter.wrote(place, value, bytes, self.history.words());
        self.history.write(line, regs::at(self.params, place), value);
        self.phase(line).played += 1;
        Ok(())
    }

    /// Writes that clear what was never recorded do no harm; operations that are not there would never end.
    fn writes_matter(&self, place: u32) -> bool {
        let id = regs::at(self.params, place).map(|(id, _)| id);
        !matches!(id, Some(regs::CB_FSR | regs::CB_FAR | regs::CB_FSYNR0 | regs::CB_IPAFAR | regs::CBFRSYNRA))
    }

    fn read(&mut self, line: usize, bytes: u8, offset: u64, recorded: u64, name: &str) -> Result<(), BenchError> {
        let place = match self.presenter.offset(offset) {
            Ok(place) => place,
            Err(reason) => {
                self.skip(line, reason);
                return Ok(());
            }
        };
        if let Some(reason) = self.presenter.unusable(place) {
            self.skip(line, reason);
            return Ok(());
        }
        let found = regs::at(self.params, place);
        let id = found.map(|(id, _)| id);
        let mut here = self.target.read(place, bytes)?;
        let unknown = matches!(id, Some(regs::SMR | regs::SGFSR | regs::CB_FSR)) && !self.written.contains(&place);
        let how = if unknown { Compared::Not } else { compared_bits(id, self.recording.trace) };
        if how == Compared::Idle && recorded & 1 == 0 {
            for _ in 0..POLLS {
                if here & 1 == 0 {
                    break;
                }
                self.target.pass(1000)?;
                here = self.target.read(place, bytes)?;
            }
        }
        let width = if bytes == 8 { u64::MAX } else { 0xFFFF_FFFF };
        let mask = match how {
            Compared::Mask(mask) => mask & width,
            Compared::Idle => u64::from(recorded & 1 == 0),
            Compared::Par if recorded & 1 == 0 => 0xFF_FFFF_F001,
            Compared::Par => 1,
            Compared::Not => 0,
        };
        let name = if name.is_empty() { id.map_or("a register", |id| id.register().name) } else { name };
        let phase = self.phase(line);
        phase.played += 1;
        phase.compared += usize::from(mask != 0);
        if (recorded ^ here) & mask != 0 {
            let explanation = self.history.explain_read(&self.presenter, found, recorded, here);
            let what = format!("read of {name} ({offset:#x})");
            let under = if mask == width { String::new() } else { format!(" (compared: {mask:#x})") };
            self.differ(line, what, format!("{recorded:#x}{under}"), format!("{here:#x}"), explanation);
        } else if recorded != here {
            self.note(line, name, recorded, here);
        }
        Ok(())
    }

    fn note(&mut self, line: usize, register: &str, recorded: u64, here: u64) {
        self.phase(line).notes += 1;
        let same = |note: &&mut Note| note.register == register && note.recorded == recorded && note.here == here;
        match self.report.notes.iter_mut().find(same) {
            Some(note) => note.times += 1,
            None => self.report.notes.push(Note { register: register.into(), recorded, here, times: 1, line }),
        }
    }

    fn transaction(
        &mut self,
        line: usize,
        transaction: &Transaction,
        status: Status,
        pa: u64,
        why: &str,
    ) -> Result<(), BenchError> {
        let access = match self.presenter.access(transaction) {
            Ok(access) => access,
            Err(reason) => {
                self.skip(line, reason);
                return Ok(());
            }
        };
        if status == Status::Ok && pa >> self.params.output_bits() != 0 {
            self.skip(line, "physical addresses of that size");
            return Ok(());
        }
        let expected = Answer { status, pa: (status == Status::Ok).then_some(pa) };
        let here = self.target.transact(&access, status == Status::Stalled)?;
        let phase = self.phase(line);
        phase.played += 1;
        phase.compared += 1;
        if here != expected {
            let explanation = self.history.explain_access(&self.presenter, &access, &expected, &here);
            let kind = match (transaction.write, transaction.instruction) {
                (true, _) => "write",
                (false, true) => "fetch",
                (false, false) => "read",
            };
            let privilege = if transaction.privileged { "privileged " } else { "" };
            let what = format!("{privilege}{kind} of stream {:#x} at {:#x} ({why})", transaction.stream, transaction.iova);
            self.differ(line, what, text(&expected), text(&here), explanation);
        }
        self.presenter.performed(&access, self.history.words());
        Ok(())
    }

    fn interrupt(&mut self, line: usize, number: u32, level: bool) -> Result<(), BenchError> {
        if let Some(reason) = number.checked_sub(1).and_then(|bank| self.presenter.bank(bank as usize)) {
            self.skip(line, reason);
            return Ok(());
        }
        let here = self.target.interrupt(number)?;
        let phase = self.phase(line);
        phase.played += 1;
        phase.compared += 1;
        if here != level {
            let what = match number.checked_sub(1) {
                None => "level of the global interrupt".to_string(),
                Some(bank) => format!("level of the interrupt of bank {bank}"),
            };
            let explanation = self.history.explain_interrupt(&self.presenter, number);
            let word = |level| if level { "high" } else { "low" }.to_string();
            self.differ(line, what, word(level), word(here), explanation);
        }
        Ok(())
    }

    fn differ(&mut self, line: usize, what: String, recorded: String, here: String, explanation: Vec<String>) {
        let phase = self.phase(line);
        phase.differences += 1;
        let phase = phase.name.clone();
        let first = Difference { line, phase, what, recorded, here, explanation };
        self.report.first_difference.get_or_insert(first);
    }
}

fn text(answer: &Answer) -> String {
    match answer.pa {
        Some(pa) => format!("goes to {pa:#x}"),
        None => answer.status.to_string(),
    }
}
