//! Counts held against the plan: what is covered, the holes, and what was excluded with which reason.

use super::code::CodeReport;
use super::database::Database;
use super::plan::{Group, Plan};
use serde::Serialize;
use smmu_rtl::params;
use std::fmt;

/// Coverage of all presets of a database.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// By preset, in the order of their names.
    pub presets: Vec<PresetReport>,
    /// Lines and toggles, if Verilator's counts were given, by preset.
    pub code: Vec<CodeReport>,
}

/// Coverage of one preset.
#[derive(Clone, Debug, Serialize)]
pub struct PresetReport {
    /// Its name.
    pub preset: String,
    /// Runs that were merged.
    pub runs: u64,
    /// Clock cycles that were looked at.
    pub cycles: u64,
    /// Client transactions.
    pub transactions: u64,
    /// Bins that can be hit, and those that were.
    pub bins: usize,
    /// See `bins`.
    pub hit: usize,
    /// In the order of the test plan.
    pub groups: Vec<GroupReport>,
    /// Bins of the file that the plan does not have: the file was written by another version.
    pub unknown: Vec<String>,
}

/// Coverage of one group.
#[derive(Clone, Debug, Serialize)]
pub struct GroupReport {
    /// Id in the test plan.
    pub id: String,
    /// Name.
    pub name: String,
    /// What is counted.
    pub about: String,
    /// Names of the axes.
    pub axes: Vec<String>,
    /// Bins that can be hit, and those that were.
    pub bins: usize,
    /// See `bins`.
    pub hit: usize,
    /// All bins.
    pub all: Vec<BinReport>,
}

/// One bin.
#[derive(Clone, Debug, Serialize)]
pub struct BinReport {
    /// Its values, one an axis.
    pub values: Vec<String>,
    /// How often it was hit.
    pub hits: u64,
    /// Why it cannot be hit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excluded: Option<String>,
}

/// How a bin stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It can be hit, and was.
    Hit,
    /// It can be hit, and was not.
    Hole,
    /// It cannot be hit, and was not.
    Excluded,
    /// It was hit although it cannot be: the reason of its exclusion is wrong, or its sampling.
    Contradiction,
}

impl BinReport {
    /// How it stands.
    pub fn state(&self) -> State {
        match (self.excluded.is_some(), self.hits > 0) {
            (false, true) => State::Hit,
            (false, false) => State::Hole,
            (true, false) => State::Excluded,
            (true, true) => State::Contradiction,
        }
    }

    /// Its values with slashes between, as in files.
    pub fn name(&self) -> String {
        self.values.join("/")
    }
}

impl GroupReport {
    fn new(group: &Group, preset: &str, database: &Database) -> Self {
        let all: Vec<BinReport> = (0..group.len())
            .map(|bin| BinReport {
                values: group.values(bin).into_iter().map(str::to_string).collect(),
                hits: database.hits(preset, group.name, &group.bin_name(bin)),
                excluded: group.excluded(bin).map(str::to_string),
            })
            .collect();
        let count = |state| all.iter().filter(|bin| bin.state() == state).count();
        let hit = count(State::Hit);
        GroupReport {
            id: group.id.to_string(),
            name: group.name.to_string(),
            about: group.about.to_string(),
            axes: group.axes.iter().map(|axis| axis.name.to_string()).collect(),
            bins: hit + count(State::Hole),
            hit,
            all,
        }
    }

    /// Its bins in that state.
    pub fn in_state(&self, state: State) -> impl Iterator<Item = &BinReport> {
        self.all.iter().filter(move |bin| bin.state() == state)
    }

    /// All that can be hit was, and nothing else.
    pub fn complete(&self) -> bool {
        self.hit == self.bins && self.in_state(State::Contradiction).next().is_none()
    }
}

impl PresetReport {
    /// Bins in that state, with their groups.
    pub fn in_state(&self, state: State) -> impl Iterator<Item = (&GroupReport, &BinReport)> {
        self.groups.iter().flat_map(move |group| group.in_state(state).map(move |bin| (group, bin)))
    }

    /// All that can be hit was, and nothing else.
    pub fn complete(&self) -> bool {
        self.unknown.is_empty() && self.groups.iter().all(GroupReport::complete)
    }
}

/// A database that names a preset which is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file has counts of preset '{0}', which this program does not know")]
pub struct UnknownPreset(pub String);

impl Report {
    /// Holds counts against the plan.
    ///
    /// # Errors
    /// Counts of a preset that is not there.
    pub fn new(database: &Database) -> Result<Self, UnknownPreset> {
        let presets: Result<Vec<_>, _> = database
            .presets
            .iter()
            .map(|(name, counts)| {
                let params = params::preset(name).ok_or_else(|| UnknownPreset(name.clone()))?;
                let plan = Plan::new(params);
                let groups: Vec<GroupReport> = plan.groups.iter().map(|group| GroupReport::new(group, name, database)).collect();
                let known = |group: &str, bin: &str| {
                    plan.group(group).is_some_and(|group| (0..group.len()).any(|n| group.bin_name(n) == bin))
                };
                let all = counts.groups.iter().flat_map(|(group, bins)| bins.keys().map(move |bin| (group, bin)));
                let unknown = all.filter(|(group, bin)| !known(group, bin)).map(|(group, bin)| format!("{group}: {bin}"));
                Ok(PresetReport {
                    preset: name.clone(),
                    runs: counts.runs,
                    cycles: counts.cycles,
                    transactions: counts.transactions,
                    bins: groups.iter().map(|group| group.bins).sum(),
                    hit: groups.iter().map(|group| group.hit).sum(),
                    unknown: unknown.collect(),
                    groups,
                })
            })
            .collect();
        Ok(Report { presets: presets?, code: Vec::new() })
    }

    /// Every bin of every preset that can be hit was, and no other; there is at least one preset.
    pub fn complete(&self) -> bool {
        !self.presets.is_empty() && self.presets.iter().all(PresetReport::complete)
    }
}

/// A share in per cent, rounded down, so that 100 means all of it.
pub fn percent(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "100.0 %".to_string();
    }
    let tenths = part * 1000 / whole;
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// The terminal's form: a table a preset, holes below it.
impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, preset) in self.presets.iter().enumerate() {
            if n > 0 {
                writeln!(out)?;
            }
            write!(out, "{preset}")?;
        }
        for code in &self.code {
            write!(out, "\n{code}")?;
        }
        Ok(())
    }
}

impl fmt::Display for PresetReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PresetReport { preset, runs, cycles, transactions, .. } = self;
        writeln!(out, "preset {preset}: {runs} runs, {cycles} cycles, {transactions} transactions")?;
        writeln!(out, "{:<7} {:<22} {:>11} {:>9} {:>9}", "id", "group", "bins hit", "", "excluded")?;
        for group in &self.groups {
            let share = format!("{} of {}", group.hit, group.bins);
            let excluded = group.in_state(State::Excluded).count();
            let mark = if group.complete() { "" } else { "  <-" };
            let percent = percent(group.hit, group.bins);
            writeln!(out, "{:<7} {:<22} {share:>11} {percent:>9} {excluded:>9}{mark}", group.id, group.name)?;
        }
        let share = format!("{} of {}", self.hit, self.bins);
        let excluded = self.in_state(State::Excluded).count();
        writeln!(out, "{:<7} {:<22} {share:>11} {:>9} {excluded:>9}", "", "all", percent(self.hit, self.bins))?;
        for (title, state) in [("not hit", State::Hole), ("hit although excluded", State::Contradiction)] {
            if self.in_state(state).next().is_some() {
                writeln!(out, "{title}:")?;
            }
            for (group, bin) in self.in_state(state) {
                write!(out, "  {} {}: {}", group.id, group.name, bin.name())?;
                match &bin.excluded {
                    Some(reason) => writeln!(out, " ({} times; excluded because: {reason})", bin.hits)?,
                    None => writeln!(out)?,
                }
            }
        }
        if !self.unknown.is_empty() {
            writeln!(out, "bins that this version does not have (the file is of another one):")?;
        }
        self.unknown.iter().try_for_each(|bin| writeln!(out, "  {bin}"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::coverage::database::Bins;
    use std::collections::BTreeMap;

    /// Every bin of `mini` that can be hit, hit once.
    pub(crate) fn full() -> Database {
        let plan = Plan::new(&params::MINI);
        let groups = plan.groups.iter().map(|group| {
            let bins: Bins = (0..group.len()).filter(|&n| group.excluded(n).is_none()).map(|n| (group.bin_name(n), 1)).collect();
            (group.name.to_string(), bins)
        });
        Database::of_run("mini", 10, 5, groups.collect())
    }

    /// The same without one bin of group `leaf`.
    pub(crate) fn with_a_hole() -> Database {
        let mut database = full();
        let bins = database.presets.get_mut("mini").and_then(|preset| preset.groups.get_mut("leaf"));
        assert_eq!(bins.and_then(|bins| bins.remove("16k/2/block/write")), Some(1), "the bin that is taken away was there");
        database
    }

    #[test]
    fn all_bins_make_a_complete_report() {
        let report = Report::new(&full()).expect("mini is known");
        assert!(report.complete());
        assert!(report.to_string().contains(" 100.0 %"));
        assert!(!report.to_string().contains("not hit"));
    }

    #[test]
    fn a_planted_hole_is_found_and_named() {
        let report = Report::new(&with_a_hole()).expect("mini is known");
        assert!(!report.complete());
        let holes: Vec<String> =
            report.presets[0].in_state(State::Hole).map(|(group, bin)| format!("{} {}", group.id, bin.name())).collect();
        assert_eq!(holes, ["CV-1 16k/2/block/write"]);
        let text = report.to_string();
        assert!(text.contains("not hit:\n  CV-1 leaf: 16k/2/block/write\n"), "{text}");
        assert!(text.contains("99."), "{text}");
    }

    #[test]
    fn an_excluded_bin_that_was_hit_is_a_contradiction() {
        let mut database = full();
        let wrong = BTreeMap::from([("leaf".to_string(), Bins::from([("4k/3/block/read".to_string(), 3)]))]);
        database.merge(&Database::of_run("mini", 1, 1, wrong));
        let report = Report::new(&database).expect("mini is known");
        assert!(!report.complete());
        assert!(report.to_string().contains("hit although excluded:\n  CV-1 leaf: 4k/3/block/read (3 times"), "{report}");
    }

    #[test]
    fn bins_of_another_version_and_presets_that_are_not_there_are_told() {
        let mut database = full();
        let other = BTreeMap::from([("leaf".to_string(), Bins::from([("5k/3/page/read".to_string(), 1)]))]);
        database.merge(&Database::of_run("mini", 1, 1, other.clone()));
        let report = Report::new(&database).expect("mini is known");
        assert!(!report.complete());
        assert_eq!(report.presets[0].unknown, ["leaf: 5k/3/page/read"]);
        let error = Report::new(&Database::of_run("maxi", 1, 1, other)).expect_err("there is no such preset");
        assert_eq!(error, UnknownPreset("maxi".to_string()));
        assert!(!Report::new(&Database::default()).expect("nothing is unknown").complete(), "no counts are not all counts");
    }

    #[test]
    fn shares_are_rounded_down() {
        assert_eq!(percent(9999, 10000), "99.9 %");
        assert_eq!(percent(1, 3), "33.3 %");
        assert_eq!(percent(0, 0), "100.0 %");
    }
}
