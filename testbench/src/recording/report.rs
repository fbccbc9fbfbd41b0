//! What comes out of a replay: a result per phase, the first difference in words, what was skipped.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

/// The result of one phase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// Line that it starts at.
    pub line: usize,
    /// Items that were played.
    pub played: usize,
    /// Values, responses, addresses and levels that were compared.
    pub compared: usize,
    /// Of these, those that differ.
    pub differences: usize,
    /// Values that differ where implementations may.
    pub notes: usize,
    /// Items that this hardware cannot be given.
    pub skipped: usize,
}

/// Something that is not as recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Line of the recording.
    pub line: usize,
    /// Its phase.
    pub phase: String,
    /// What was done.
    pub what: String,
    /// What the recording says.
    pub recorded: String,
    /// What happened.
    pub here: String,
    /// Why, in words, a sentence each.
    pub explanation: Vec<String>,
}

/// A value that may differ, and does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Register.
    pub register: String,
    /// Value in the recording.
    pub recorded: u64,
    /// Value here.
    pub here: u64,
    /// How often.
    pub times: usize,
    /// Line of the first one.
    pub line: usize,
}

/// The whole replay.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// The recording.
    pub file: String,
    /// What it was played on.
    pub engine: String,
    /// Sizes and straps of the hardware.
    pub preset: String,
    /// It ended, and nothing differs.
    pub ok: bool,
    /// Phases in order.
    pub phases: Vec<Phase>,
    /// The first difference.
    pub first_difference: Option<Difference>,
    /// Why it broke off, if it did.
    pub broken: Option<String>,
    /// What was skipped, and how often.
    pub skipped: BTreeMap<String, usize>,
    /// Lines of a trace that are of other devices.
    pub ignored: usize,
    /// Values that may differ, and do.
    pub notes: Vec<Note>,
    /// Clock cycles; 0 on the model.
    pub cycles: u64,
    /// Real time in seconds.
    pub seconds: f64,
}

impl Report {
    /// Sum over all phases.
    pub fn total(&self) -> Phase {
        let add = |sum: Phase, phase: &Phase| Phase {
            played: sum.played + phase.played,
            compared: sum.compared + phase.compared,
            differences: sum.differences + phase.differences,
            notes: sum.notes + phase.notes,
            skipped: sum.skipped + phase.skipped,
            ..sum
        };
        self.phases.iter().fold(Phase { name: "all".into(), line: 1, ..Phase::default() }, add)
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} on {}, preset {}", self.file, self.engine, self.preset)?;
        let row = |f: &mut Formatter<'_>, phase: &Phase, verdict: &str| {
            let Phase { name, played, compared, differences, notes, skipped, .. } = phase;
            writeln!(f, "  {name:<26} {played:>7} {compared:>9} {differences:>12} {notes:>6} {skipped:>8}  {verdict}")
        };
        writeln!(f, "  {:<26} {:>7} {:>9} {:>12} {:>6} {:>8}", "phase", "played", "compared", "differences", "notes", "skipped")?;
        for phase in &self.phases {
            row(f, phase, if phase.differences > 0 { "DIFFERS" } else { "ok" })?;
        }
        if self.phases.len() > 1 {
            row(f, &self.total(), if self.ok { "ok" } else { "DIFFERS" })?;
        }
        if !self.skipped.is_empty() {
            let reasons: Vec<_> = self.skipped.iter().map(|(reason, count)| format!("{reason} ({count})")).collect();
            writeln!(f, "skipped, because this hardware has not: {}", reasons.join(", "))?;
        }
        if self.ignored > 0 {
            writeln!(f, "{} lines of the trace are not register accesses of this SMMU", self.ignored)?;
        }
        if let Some(difference) = &self.first_difference {
            let Difference { line, phase, what, recorded, here, explanation } = difference;
            writeln!(f, "first difference: line {line}, phase {phase}: {what}")?;
            writeln!(f, "  recorded: {recorded}\n  here:     {here}")?;
            for sentence in explanation {
                writeln!(f, "  {sentence}")?;
            }
        }
        if let Some(broken) = &self.broken {
            writeln!(f, "broke off: {broken}")?;
        }
        let cycles = if self.cycles > 0 { format!(", {} cycles", self.cycles) } else { String::new() };
        writeln!(f, "{} in {:.2} s{cycles}", if self.ok { "no difference" } else { "NOT AS RECORDED" }, self.seconds)
    }
}
