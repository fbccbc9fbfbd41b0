//! The file of counts: JSON, one a run, merged by addition.
//!
//! ```json
//! { "format": "smmu-coverage", "version": 1,
//!   "presets": { "mini": { "runs": 1, "cycles": 5120, "transactions": 77,
//!                          "groups": { "leaf": { "4k/3/page/read": 12 } } } } }
//! ```
//!
//! Bins that were not hit are not in the file, and neither are definitions: [`super::report`] holds the counts against the plan of
//! the version that reads them. A count is a number of times, saturating at 2^64 - 1. Keys are sorted, so equal counts give equal
//! files.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Value of `format`.
const FORMAT: &str = "smmu-coverage";
/// Value of `version`. It goes up when a reader of the earlier one would misunderstand a file.
const VERSION: u32 = 1;

/// Hits by name of the bin.
pub type Bins = BTreeMap<String, u64>;

/// Counts of one preset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresetCounts {
    /// Runs that were merged.
    pub runs: u64,
    /// Clock cycles that were looked at.
    pub cycles: u64,
    /// Client transactions that were accepted.
    pub transactions: u64,
    /// Hits by group and bin.
    pub groups: BTreeMap<String, Bins>,
}

/// Counts of any number of runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    format: String,
    version: u32,
    /// By name of the preset.
    pub presets: BTreeMap<String, PresetCounts>,
}

impl Default for Database {
    fn default() -> Self {
        Database { format: FORMAT.to_string(), version: VERSION, presets: BTreeMap::new() }
    }
}

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// It cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no such file.
    #[error("{} is no coverage file: {why}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl Database {
    /// The counts of one run.
    pub fn of_run(preset: &str, cycles: u64, transactions: u64, groups: BTreeMap<String, Bins>) -> Self {
        let counts = PresetCounts { runs: 1, cycles, transactions, groups };
        Database { presets: BTreeMap::from([(preset.to_string(), counts)]), ..Database::default() }
    }

    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Database) {
        for (preset, theirs) in &other.presets {
            let ours = self.presets.entry(preset.clone()).or_default();
            ours.runs = ours.runs.saturating_add(theirs.runs);
            ours.cycles = ours.cycles.saturating_add(theirs.cycles);
            ours.transactions = ours.transactions.saturating_add(theirs.transactions);
            for (group, bins) in &theirs.groups {
                let group = ours.groups.entry(group.clone()).or_default();
                for (bin, hits) in bins {
                    let count = group.entry(bin.clone()).or_default();
                    *count = count.saturating_add(*hits);
                }
            }
        }
    }

    /// Hits of a bin; 0 if the file does not have it.
    pub fn hits(&self, preset: &str, group: &str, bin: &str) -> u64 {
        let group = self.presets.get(preset).and_then(|preset| preset.groups.get(group));
        group.and_then(|bins| bins.get(bin)).copied().unwrap_or(0)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// It is not there, is no coverage file, or one of another version.
    pub fn read(path: &Path) -> Result<Self, DatabaseError> {
        let text = std::fs::read_to_string(path).map_err(|source| DatabaseError::File { path: path.into(), source })?;
        Self::parse(&text).map_err(|why| DatabaseError::Format { path: path.into(), why })
    }

    fn parse(text: &str) -> Result<Self, String> {
        /// What every version has.
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }
        let head: Head = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if head.format != FORMAT {
            return Err(format!("its format is '{}', not '{FORMAT}'", head.format));
        }
        if head.version != VERSION {
            return Err(format!("it has version {}; this program reads version {VERSION}", head.version));
        }
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// The file's text.
    pub fn to_json(&self) -> String {
        // Maps of strings and numbers always serialize.
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    /// Writes a file: whole or not at all, so that an interrupted run leaves no half of one.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), DatabaseError> {
        let failed = |source| DatabaseError::File { path: path.into(), source };
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".{}.part", std::process::id()));
        let part = path.with_file_name(name);
        std::fs::write(&part, self.to_json()).map_err(failed)?;
        std::fs::rename(&part, path).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(preset: &str, bins: &[(&str, &str, u64)]) -> Database {
        let mut groups: BTreeMap<String, Bins> = BTreeMap::new();
        for (group, bin, hits) in bins {
            groups.entry(group.to_string()).or_default().insert(bin.to_string(), *hits);
        }
        Database::of_run(preset, 100, 7, groups)
    }

    #[test]
    fn counts_add_up_and_order_does_not_matter() {
        let a = run("mini", &[("leaf", "x", 2), ("leaf", "y", 1)]);
        let b = run("mini", &[("leaf", "x", 3), ("path", "z", 4)]);
        let c = run("zynqmp", &[("leaf", "x", 5)]);
        let mut merged = a.clone();
        merged.merge(&b);
        merged.merge(&c);
        let hits = |preset, group, bin| merged.hits(preset, group, bin);
        assert_eq!((hits("mini", "leaf", "x"), hits("mini", "leaf", "y"), hits("mini", "path", "z")), (5, 1, 4));
        assert_eq!((hits("zynqmp", "leaf", "x"), hits("zynqmp", "path", "z")), (5, 0));
        let mini = &merged.presets["mini"];
        assert_eq!((mini.runs, mini.cycles, mini.transactions), (2, 200, 14));
        let mut other = c;
        other.merge(&b);
        other.merge(&a);
        assert_eq!(merged.to_json(), other.to_json());
    }

    #[test]
    fn full_counters_stay_full() {
        let mut a = run("mini", &[("leaf", "x", u64::MAX)]);
        a.merge(&run("mini", &[("leaf", "x", 1)]));
        assert_eq!(a.hits("mini", "leaf", "x"), u64::MAX);
    }

    #[test]
    fn a_file_comes_back_as_it_was() {
        let folder = std::env::temp_dir().join(format!("smmu-coverage-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("a.json");
        let database = run("mini", &[("leaf", "x", 2)]);
        database.write(&path).expect("written");
        assert_eq!(Database::read(&path).expect("read"), database);
        assert_eq!(std::fs::read_dir(&folder).expect("the folder").count(), 1, "nothing is left over");
        std::fs::remove_dir_all(&folder).expect("removed");
        assert!(matches!(Database::read(&path), Err(DatabaseError::File { .. })));
    }

    #[test]
    fn other_files_are_refused_with_a_reason() {
        let reason = |text: &str| Database::parse(text).expect_err("it is refused");
        assert!(reason("{}").contains("format"));
        assert!(reason("not JSON").contains("expected"));
        assert!(reason(r#"{"format": "other", "version": 1, "presets": {}}"#).contains("'other'"));
        assert!(reason(r#"{"format": "smmu-coverage", "version": 9, "presets": [1]}"#).contains("version 9"));
        assert!(reason(r#"{"format": "smmu-coverage", "version": 1, "presets": {"mini": {}}}"#).contains("runs"));
    }
}
