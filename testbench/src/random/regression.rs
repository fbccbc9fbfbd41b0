//! Programs in files: what failed once is kept, and run by the test suite ever after.
//!
//! The file is JSON with one step a line, so that a difference of two of them is readable:
//!
//! ```json
//! {
//!  "preset": "mini",
//!  "seed": "0x17",
//!  "failure": "scoreboard Record: cycle 812: ..",
//!  "environment": {..},
//!  "steps": [
//!   {"bank":{..}},
//!   {"burst":{..},"then":3}
//!  ]
//! }
//! ```

use super::program::{Environment, Program, Timed};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A stored program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regression {
    /// Preset that it is for.
    pub preset: String,
    /// What failed when it was stored, or what it is about.
    pub failure: String,
    /// The program.
    #[serde(flatten)]
    pub program: Program,
}

/// What can be wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum RegressionError {
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no program.
    #[error("{} is no random program: {source}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
}

impl Regression {
    /// The text of the file.
    pub fn to_text(&self) -> String {
        let json = |value: &dyn erased::Json| value.json();
        let Program { seed, environment, steps } = &self.program;
        let mut text = String::from("{\n");
        let _ = writeln!(text, " \"preset\": {},", json(&self.preset));
        let _ = writeln!(text, " \"failure\": {},", json(&self.failure));
        let _ = writeln!(text, " \"seed\": \"{seed:#x}\",");
        let _ = writeln!(text, " \"environment\": {},", json(environment));
        let _ = writeln!(text, " \"steps\": [");
        for (n, step) in steps.iter().enumerate() {
            let comma = if n + 1 < steps.len() { "," } else { "" };
            let _ = writeln!(text, "  {}{comma}", json(step));
        }
        text.push_str(" ]\n}\n");
        text
    }

    /// Reads a file.
    ///
    /// # Errors
    /// No such file, or something else in it.
    pub fn load(path: &Path) -> Result<Self, RegressionError> {
        let text = std::fs::read_to_string(path).map_err(|source| RegressionError::File { path: path.into(), source })?;
        serde_json::from_str(&text).map_err(|source| RegressionError::Text { path: path.into(), source })
    }

    /// Writes a file, and the folder that it is to be in.
    ///
    /// # Errors
    /// What the system says.
    pub fn save(&self, path: &Path) -> Result<(), RegressionError> {
        let error = |source| RegressionError::File { path: path.into(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(error)?;
        }
        std::fs::write(path, self.to_text()).map_err(error)
    }
}

mod erased {
    use super::{Environment, Timed};

    /// Values whose serialisation cannot fail: numbers, texts, lists, names.
    pub(super) trait Json {
        fn json(&self) -> String;
    }

    macro_rules! json {
        ($($type:ty),+) => {$(
            impl Json for $type {
                fn json(&self) -> String {
                    serde_json::to_string(self).unwrap_or_default()
                }
            }
        )+};
    }
    json!(String, Environment, Timed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use smmu_rtl::params::{FULL, MINI};

    #[test]
    fn every_word_comes_back_from_its_file() {
        for (seed, params) in (0..40).flat_map(|seed| [(seed, &MINI), (seed, &FULL)]) {
            let program = crate::random::program(seed, params);
            let regression = Regression { preset: "mini".into(), failure: "a \"quoted\"\nreason".into(), program };
            let back: Regression = serde_json::from_str(&regression.to_text()).expect("it is JSON");
            assert_eq!(back, regression, "seed {seed}");
        }
    }

    #[test]
    fn what_is_no_program_is_told_with_its_place() {
        let path = std::env::temp_dir().join(format!("smmu-regression-{}.json", std::process::id()));
        assert!(matches!(Regression::load(&path), Err(RegressionError::File { .. })));
        std::fs::write(&path, "{\"preset\": \"mini\"}").expect("the folder can be written");
        let error = Regression::load(&path).expect_err("half of it is missing").to_string();
        std::fs::remove_file(&path).expect("it is there");
        assert!(error.contains("missing field"), "{error}");
    }
}
