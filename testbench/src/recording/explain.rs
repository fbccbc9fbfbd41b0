//! Puts a difference into words: which mapping the driver asked for, what the walk reads, who wrote that, and which TLB
//! maintenance should have dropped what is still cached.

use super::fit::Presenter;
use super::target::{Answer, Words};
use super::{Recording, Status};
use smmu_rtl::registers::{self as regs, RegId};
use smmu_sim::model::stream::Route;
use smmu_sim::model::{Access, TableMemory, Verdict};
use std::collections::HashMap;

/// Fault bits of `FSR`, and what they are called.
const FSR_BITS: &[(u32, &str)] = &[
    (31, "MULTI"),
    (30, "SS"),
    (8, "UUT"),
    (7, "ASF"),
    (6, "TLBLKF"),
    (5, "TLBMCF"),
    (4, "EF"),
    (3, "PF"),
    (2, "AFF"),
    (1, "TF"),
];
/// Fault bits of `sGFSR`.
const GFSR_BITS: &[(u32, &str)] =
    &[(31, "MULTI"), (8, "UUT"), (7, "PF"), (6, "EF"), (5, "CAF"), (4, "UCIF"), (3, "UCBF"), (2, "SMCF"), (1, "USF"), (0, "ICF")];

/// A request of the driver's user.
#[derive(Clone, Debug)]
struct Mapping {
    line: usize,
    domain: String,
    iova: u64,
    bytes: u64,
    /// `None`: to unmap.
    pa: Option<u64>,
}

impl Mapping {
    fn covers(&self, addr: u64) -> bool {
        addr.wrapping_sub(self.iova) < self.bytes
    }
}

/// A maintenance command.
#[derive(Clone, Debug)]
struct Command {
    line: usize,
    id: RegId,
    bank: usize,
    payload: u64,
}

/// A table word's last change.
#[derive(Clone, Copy, Debug)]
struct Change {
    line: usize,
    old: u64,
}

/// What the recording did so far.
pub struct History {
    words: Words,
    changes: HashMap<u64, Change>,
    mappings: Vec<Mapping>,
    commands: Vec<Command>,
    /// Line of the last hardware reset.
    reset: usize,
}

/// Table memory that remembers what was read.
struct Traced<'a> {
    words: &'a mut Words,
    /// Words that have another value here.
    instead: HashMap<u64, u64>,
    reads: Vec<(u64, Option<u64>)>,
}

impl TableMemory for Traced<'_> {
    fn read64(&mut self, pa: u64) -> Option<u64> {
        let word = self.words.read64(pa).map(|word| self.instead.get(&pa).copied().unwrap_or(word));
        self.reads.push((pa, word));
        word
    }
}

fn answer(verdict: &Verdict) -> Answer {
    let status = match verdict {
        Verdict::Translated { .. } => Status::Ok,
        Verdict::Refused { raz: false, .. } => Status::Aborted,
        Verdict::Refused { raz: true, .. } => Status::Zeros,
        Verdict::Stalled { .. } => Status::Stalled,
    };
    Answer { status, pa: verdict.pa() }
}

fn names_of(bits: &[(u32, &str)], value: u64) -> String {
    let names: Vec<&str> = bits.iter().filter(|(bit, _)| value >> bit & 1 == 1).map(|(_, name)| *name).collect();
    if names.is_empty() {
        "none".into()
    } else {
        names.join(" ")
    }
}

fn verdict_text(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Translated { pa } => format!("it goes to {pa:#x}"),
        Verdict::Refused { fault, .. } | Verdict::Stalled { fault } if fault.global => {
            format!("it is refused, global fault {}", names_of(GFSR_BITS, fault.code.into()))
        }
        Verdict::Refused { fault, .. } | Verdict::Stalled { fault } if fault.code == 0 => {
            format!("it is refused, because a fault is pending in bank {} and HUPCF is 0", fault.bank)
        }
        Verdict::Refused { fault, .. } | Verdict::Stalled { fault } => {
            let stage = if fault.stage2.is_some() { "stage 2, " } else { "" };
            format!(
                "it has a fault, {} at {stage}level {} in bank {}",
                names_of(FSR_BITS, fault.code.into()),
                fault.level,
                fault.bank
            )
        }
    }
}

impl History {
    /// Of a recording that has not begun.
    pub fn new(recording: &Recording) -> Self {
        let mut words = Words::default();
        words.region(recording.layout.ram, recording.layout.ram_bytes);
        History { words, changes: HashMap::new(), mappings: Vec::new(), commands: Vec::new(), reset: 0 }
    }

    /// Table memory as the recording has left it.
    pub fn words(&mut self) -> &mut Words {
        &mut self.words
    }

    /// A word of table memory changes.
    pub fn word(&mut self, line: usize, pa: u64, word: u64) {
        let old = self.words.read64(pa).unwrap_or(0);
        self.words.set(pa, word);
        self.changes.insert(pa, Change { line, old });
    }

    /// The driver was asked to map or, without `pa`, to unmap.
    pub fn map(&mut self, line: usize, domain: &str, iova: u64, bytes: u64, pa: Option<u64>) {
        self.mappings.push(Mapping { line, domain: domain.into(), iova, bytes, pa });
    }

    /// A register was written.
    pub fn write(&mut self, line: usize, place: Option<(RegId, usize)>, payload: u64) {
        if let Some((id, bank)) = place.filter(|(id, _)| is_maintenance(*id)) {
            self.commands.push(Command { line, id, bank, payload });
        }
    }

    /// Hardware reset: nothing is cached any more.
    pub fn reset(&mut self, line: usize) {
        self.reset = line;
        self.commands.clear();
    }

    /// Why an access does not come out as recorded.
    pub fn explain_access(&mut self, presenter: &Presenter, access: &Access, expected: &Answer, here: &Answer) -> Vec<String> {
        let mut sentences = vec![self.mapping_text(access.addr)];
        let (verdict, reads) = self.walk(presenter, access, HashMap::new());
        if !reads.is_empty() {
            sentences.push(format!("The walk reads {}.", self.reads_text(&reads)));
        }
        sentences.push(format!("By the registers and tables as they are, {}.", verdict_text(&verdict)));
        let now = answer(&verdict);
        if now == *here {
            sentences.push("So what the recording expects is not what it wrote into registers and tables.".into());
            return sentences;
        }
        if now != *expected {
            sentences.push("That is neither what the recording expects nor what happens here.".into());
            return sentences;
        }
        // Was it so before? Take back the changes of the words on the way, the last one first.
        let mut changed: Vec<(u64, Change)> =
            reads.iter().filter_map(|(pa, _)| self.changes.get(pa).map(|change| (*pa, *change))).collect();
        changed.sort_by_key(|(_, change)| std::cmp::Reverse(change.line));
        let mut instead = HashMap::new();
        for (pa, change) in changed {
            instead.insert(pa, change.old);
            let (before, _) = self.walk(presenter, access, instead.clone());
            if answer(&before) == *here {
                sentences.push(format!("What happens here is what the tables said before line {}.", change.line));
                sentences.push(self.maintenance_text(presenter, access, change.line));
                return sentences;
            }
        }
        sentences.push("No earlier state of the tables that it reads gives what happens here.".into());
        sentences
    }

    /// Why a register does not read as recorded.
    pub fn explain_read(
        &mut self,
        presenter: &Presenter,
        place: Option<(RegId, usize)>,
        recorded: u64,
        here: u64,
    ) -> Vec<String> {
        let Some((id, index)) = place else { return Vec::new() };
        let mut sentences = Vec::new();
        let bits = match id {
            regs::CB_FSR => FSR_BITS,
            regs::SGFSR => GFSR_BITS,
            _ => &[],
        };
        if !bits.is_empty() {
            let (recorded, here) = (names_of(bits, recorded), names_of(bits, here));
            sentences.push(format!("Recorded are the bits {recorded}, here are {here}."));
        }
        if matches!(id, regs::CB_PAR | regs::GPAR) {
            let last = self.commands.iter().rev().find(|command| is_translation(command.id));
            if let Some(command) = last {
                let addr = command.payload & !0xFFF;
                let name = command.id.register().name;
                sentences.push(format!("The operation is {name} of {addr:#x} in line {}.", command.line));
                sentences.push(self.mapping_text(addr));
            }
        }
        let model = presenter.shadow();
        let offset = id.offset(model.params(), index);
        let there = model.read(offset, id.register().width / 8);
        let says = if there == recorded {
            "as recorded"
        } else if there == here {
            "as here"
        } else {
            "neither"
        };
        sentences.push(format!("The reference model after the same accesses shows {there:#x}: {says}."));
        sentences
    }

    /// Why an interrupt line has not its level.
    pub fn explain_interrupt(&self, presenter: &Presenter, line: u32) -> Vec<String> {
        let model = presenter.shadow();
        let read = |id: RegId, index| model.read(id.offset(model.params(), index), 4);
        let (status, control, bits, enable) = match line.checked_sub(1) {
            None => (read(regs::SGFSR, 0), read(regs::SCR0, 0) >> 2 & 1, GFSR_BITS, "GFIE"),
            Some(bank) => (read(regs::CB_FSR, bank as usize), read(regs::CB_SCTLR, bank as usize) >> 6 & 1, FSR_BITS, "CFIE"),
        };
        vec![format!(
            "The reference model after the same accesses has the fault bits {} and {enable} = {control}.",
            names_of(bits, status)
        )]
    }

    fn walk(&mut self, presenter: &Presenter, access: &Access, instead: HashMap<u64, u64>) -> (Verdict, Vec<(u64, Option<u64>)>) {
        let mut traced = Traced { words: &mut self.words, instead, reads: Vec::new() };
        let verdict = presenter.shadow().check(access, &mut traced);
        (verdict, traced.reads)
    }

    fn reads_text(&self, reads: &[(u64, Option<u64>)]) -> String {
        let one = |(pa, word): &(u64, Option<u64>)| {
            let word = word.map_or("no memory".to_string(), |word| format!("{word:#x}"));
            match self.changes.get(pa) {
                Some(change) => format!("{pa:#x}: {word} (line {})", change.line),
                None => format!("{pa:#x}: {word}"),
            }
        };
        reads.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// The last request for an address. What the client port drops of it is not compared.
    fn mapping_text(&self, addr: u64) -> String {
        let last = self.mappings.iter().rev().find(|mapping| mapping.covers(addr) || mapping.covers(addr | !0 << 48));
        match last {
            None => format!("The driver was never asked to map {addr:#x}."),
            Some(Mapping { line, domain, iova, bytes, pa: Some(pa) }) => {
                format!("Line {line} maps it: domain {domain}, {bytes:#x} bytes at {iova:#x} to {pa:#x}.")
            }
            Some(Mapping { line, domain, iova, bytes, pa: None }) => {
                format!("Line {line} unmaps it: domain {domain}, {bytes:#x} bytes at {iova:#x}.")
            }
        }
    }

    /// Which command since `line` should have dropped what is cached for an access.
    fn maintenance_text(&self, presenter: &Presenter, access: &Access, line: usize) -> String {
        let banks = match presenter.shadow().route(access) {
            Route::Bank { banks, .. } => [banks.first, banks.second].map(|stage| stage.map(|stage| stage.bank)),
            _ => [None, None],
        };
        // A mapping of a whole block is one entry: a command names it by any address of it.
        let range = self.mappings.iter().rev().find(|mapping| mapping.pa.is_some() && mapping.covers(access.addr));
        let page = |addr: u64| addr & ((1 << 49) - 1) & !0xFFF;
        let named = |command: &&Command| {
            let of_bank = banks.contains(&Some(command.bank));
            let addr = match command.id {
                regs::CB_TLBIIPAS2 | regs::CB_TLBIIPAS2L => (command.payload & 0xF_FFFF_FFFF) << 12,
                _ => (command.payload & 0xFFF_FFFF_FFFF) << 12,
            };
            let here = page(addr) == page(access.addr) || range.is_some_and(|range| range.covers(page(addr)));
            match command.id {
                regs::TLBIVMID | regs::TLBIVMIDS1 | regs::TLBIALLNSNH => true,
                regs::CB_TLBIALL | regs::CB_TLBIASID => of_bank,
                _ => of_bank && here,
            }
        };
        let since = self.commands.iter().filter(|command| command.line > line.max(self.reset) && !is_translation(command.id));
        match since.clone().find(named) {
            Some(command) => {
                let name = command.id.register().name;
                let bank = if command.id.register().space == regs::Space::Bank {
                    format!(" of bank {}", command.bank)
                } else {
                    String::new()
                };
                let payload = command.payload;
                format!("{name}{bank} in line {} ({payload:#x}) names it and should have dropped it.", command.line)
            }
            None => {
                format!("Of {} maintenance commands since then none names it: it is still cached.", since.count())
            }
        }
    }
}

fn is_translation(id: RegId) -> bool {
    matches!(
        id,
        regs::CB_ATS1PR
            | regs::CB_ATS1PW
            | regs::CB_ATS1UR
            | regs::CB_ATS1UW
            | regs::GATS1PR
            | regs::GATS1PW
            | regs::GATS1UR
            | regs::GATS1UW
            | regs::GATS12PR
            | regs::GATS12PW
            | regs::GATS12UR
            | regs::GATS12UW
    )
}

fn is_maintenance(id: RegId) -> bool {
    is_translation(id)
        || matches!(
            id,
            regs::TLBIVMID
                | regs::TLBIVMIDS1
                | regs::TLBIALLNSNH
                | regs::CB_TLBIALL
                | regs::CB_TLBIASID
                | regs::CB_TLBIVA
                | regs::CB_TLBIVAA
                | regs::CB_TLBIVAL
                | regs::CB_TLBIVAAL
                | regs::CB_TLBIIPAS2
                | regs::CB_TLBIIPAS2L
        )
}
