//! Counting tests in what the runners print.

/// Passed and failed checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Passed.
    pub passed: usize,
    /// Failed.
    pub failed: usize,
}

impl Tally {
    /// One check more.
    pub fn count(&mut self, ok: bool) {
        if ok {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
    }

    /// Adds another tally.
    pub fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The number before a word: `12` in `.. 12 passed ..`.
fn number_before(line: &str, word: &str) -> usize {
    let words: Vec<&str> = line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    words.windows(2).find(|w| w[1] == word).and_then(|w| w[0].parse().ok()).unwrap_or(0)
}

/// Tests in the output of `cargo test` (`test result: ..` lines) or of nextest (its `Summary` line).
pub fn tests_in(text: &str) -> Tally {
    let mut tally = Tally::default();
    for line in text.lines().map(str::trim_start) {
        let nextest = line.starts_with("Summary [") && line.contains(" run: ");
        if line.starts_with("test result: ") || nextest {
            tally.add(Tally { passed: number_before(line, "passed"), failed: number_before(line, "failed") });
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_runners_are_read() {
        let cargo = "running 3 tests\ntest a ... ok\ntest result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured\n\n\
                     test result: ok. 5 passed; 0 failed; 0 ignored\n";
        assert_eq!(tests_in(cargo), Tally { passed: 7, failed: 1 });
        let nextest = "     Summary [   1.234s] 33 tests run: 31 passed (1 slow), 2 failed, 4 skipped\n";
        assert_eq!(tests_in(nextest), Tally { passed: 31, failed: 2 });
        assert_eq!(tests_in("error: could not compile"), Tally::default());
    }
}
