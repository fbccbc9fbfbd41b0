//! Line and toggle coverage of the generated Verilog, out of Verilator's `coverage.dat`.
//!
//! A *line* is covered when a statement block or branch that it belongs to was run. A *branch* is one way out of an `if` or `case`, the one
//! that does nothing included; branches are shown, and have no goal. A *toggle* is one bit of one signal of one module (in any
//! instance of it). Verilator leaves out signals and memories of more than 256 bits.
//!
//! What cannot be reached is excluded in a text file, one rule a line:
//!
//! ```text
//! toggle smmu s_axil_ctrl_awprot[*]: every access is taken, whatever its protection says
//! line smmu_tbu_out default:*: every value of the selector has a branch of its own
//! ```
//!
//! that is kind, module, pattern (of a signal's bit, or of the text of a line), colon and blank, reason. `*` stands for any text, and
//! `[15:4]` at the end of a signal for each of these bits.
//! A rule that excludes nothing is reported, and so is one whose points were all hit: it has become wrong.

use super::report::percent;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

/// Key of a point: module, source line, what.
type Spot = (String, u32, String);

/// Counts of one preset's Verilog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeCounts {
    toggles: BTreeMap<Spot, u64>,
    /// Blocks and branches, with the lines that belong to them.
    blocks: BTreeMap<Spot, (Vec<u32>, u64)>,
}

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something in it is not as it should be.
    #[error("{}: line {line}: {why}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        why: &'static str,
    },
}

fn read(path: &Path) -> Result<String, CodeError> {
    std::fs::read_to_string(path).map_err(|source| CodeError::File { path: path.into(), source })
}

impl CodeCounts {
    /// Reads a `coverage.dat`.
    ///
    /// # Errors
    /// It is not there, or no such file.
    pub fn read(path: &Path) -> Result<Self, CodeError> {
        Self::parse(&read(path)?).map_err(|(line, why)| CodeError::Format { path: path.into(), line, why })
    }

    fn parse(text: &str) -> Result<Self, (usize, &'static str)> {
        let mut counts = CodeCounts::default();
        for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.is_empty()) {
            counts.point(line).map_err(|why| (n + 1, why))?;
        }
        Ok(counts)
    }

    /// One point: `C '\x01key\x02value..' count`.
    fn point(&mut self, line: &str) -> Result<(), &'static str> {
        let (keys, hits) = line.rsplit_once(' ').ok_or("no count")?;
        let hits: u64 = hits.parse().map_err(|_| "the count is no number")?;
        let keys = keys.strip_prefix("C '").and_then(|keys| keys.strip_suffix('\'')).ok_or("no point")?;
        let fields: BTreeMap<&str, &str> = keys.split('\x01').filter_map(|pair| pair.split_once('\x02')).collect();
        let field = |name| fields.get(name).copied();
        let (kind, module) = field("page").and_then(|page| page.split_once('/')).ok_or("no page")?;
        let number = field("l").and_then(|line| line.parse().ok()).ok_or("no line")?;
        let what = field("o").ok_or("no name")?;
        let spot = (module.to_string(), number, what.to_string());
        match kind {
            "v_toggle" => {
                let count = self.toggles.entry(spot).or_default();
                *count = count.saturating_add(hits);
            }
            "v_line" | "v_branch" => {
                // Several branches may start in one line: their columns tell them apart.
                let column = field("n").unwrap_or_default();
                let lines = spans(field("S").unwrap_or_default()).unwrap_or_else(|| vec![number]);
                let (module, number, what) = spot;
                let block = self.blocks.entry((module, number, format!("{what}@{column}"))).or_insert((lines, 0));
                block.1 = block.1.saturating_add(hits);
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds the counts of another run of the same Verilog.
    pub fn merge(&mut self, other: &CodeCounts) {
        for (spot, hits) in &other.toggles {
            let count = self.toggles.entry(spot.clone()).or_default();
            *count = count.saturating_add(*hits);
        }
        for (spot, (lines, hits)) in &other.blocks {
            let block = self.blocks.entry(spot.clone()).or_insert((lines.clone(), 0));
            block.1 = block.1.saturating_add(*hits);
        }
    }
}

/// Lines of `4-6,9`.
fn spans(text: &str) -> Option<Vec<u32>> {
    let mut lines = Vec::new();
    for span in text.split(',').filter(|span| !span.is_empty()) {
        let (first, last) = span.split_once('-').unwrap_or((span, span));
        lines.extend(first.parse::<u32>().ok()?..=last.parse::<u32>().ok()?);
    }
    (!lines.is_empty()).then_some(lines)
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Toggle,
    Line,
}

#[derive(Clone, Debug)]
struct Rule {
    what: What,
    /// For this preset alone.
    preset: Option<String>,
    module: String,
    pattern: String,
    reason: String,
    /// As it stands in the file.
    text: String,
}

/// The rules of an exclusion file.
#[derive(Clone, Debug, Default)]
pub struct Exclusions(Vec<Rule>);

impl Exclusions {
    /// Reads the file.
    ///
    /// # Errors
    /// It is not there, or a line of it is no rule.
    pub fn read(path: &Path) -> Result<Self, CodeError> {
        Self::parse(&read(path)?).map_err(|(line, why)| CodeError::Format { path: path.into(), line, why })
    }

    fn parse(text: &str) -> Result<Self, (usize, &'static str)> {
        let lines = text.lines().map(str::trim).enumerate();
        let rules = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        rules.map(|(n, line)| Rule::parse(line).map_err(|why| (n + 1, why))).collect::<Result<_, _>>().map(Exclusions)
    }
}

impl Rule {
    fn parse(line: &str) -> Result<Self, &'static str> {
        let (text, reason) = line.rsplit_once(": ").ok_or("a rule needs a colon, a blank and a reason")?;
        let mut words = text.splitn(3, ' ');
        let (what, preset) = words.next().map_or(("", None), |word| match word.split_once('@') {
            Some((what, preset)) => (what, Some(preset.to_string())),
            None => (word, None),
        });
        let what = match what {
            "toggle" => What::Toggle,
            "line" => What::Line,
            _ => return Err("a rule begins with 'toggle' or 'line'"),
        };
        let (Some(module), Some(pattern)) = (words.next(), words.next()) else {
            return Err("a rule needs a module and a pattern");
        };
        let own = |text: &str| text.trim().to_string();
        Ok(Rule { what, preset, module: own(module), pattern: own(pattern), reason: own(reason), text: own(text) })
    }

    fn covers(&self, preset: &str, what: What, module: &str, name: &str) -> bool {
        let here = self.preset.as_deref().is_none_or(|only| only == preset);
        here && self.what == what && glob(&self.module, module) && (glob(&self.pattern, name) || in_range(&self.pattern, name))
    }
}

/// Whether the pattern is a signal with a range of bits, `x[15:4]`, and the name one of these bits.
fn in_range(pattern: &str, name: &str) -> bool {
    let bits = |text: &str| -> Option<(String, String)> {
        let (signal, bits) = text.strip_suffix(']')?.rsplit_once('[')?;
        Some((signal.to_string(), bits.to_string()))
    };
    let (Some((signal, range)), Some((this, bit))) = (bits(pattern), bits(name)) else { return false };
    let number = |text: &str| text.parse::<u32>().ok();
    let ends = range.split_once(':').and_then(|(high, low)| Some((number(high)?, number(low)?)));
    let inside = ends.zip(number(&bit)).is_some_and(|((high, low), bit)| (low..=high).contains(&bit));
    inside && glob(&signal, &this)
}

/// Whether the pattern, in which `*` stands for any text, is the whole of `text`.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text
            .strip_prefix(before)
            .is_some_and(|rest| rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| glob(after, &rest[at..]))),
    }
}

/// Lines or toggles of a module, or of all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Points that can be hit, and those that were.
    pub points: usize,
    /// See `points`.
    pub hit: usize,
    /// Points that were excluded.
    pub excluded: usize,
    /// Points that can be hit and were not: module, source line, and the signal's bit or the line's text.
    pub missed: Vec<(String, u32, String)>,
}

impl Tally {
    /// Share in per cent.
    pub fn percent(&self) -> f64 {
        if self.points == 0 {
            100.0
        } else {
            100.0 * self.hit as f64 / self.points as f64
        }
    }
}

/// Line and toggle coverage of one preset.
#[derive(Clone, Debug, Serialize)]
pub struct CodeReport {
    /// Name of the preset.
    pub preset: String,
    /// Lines.
    pub lines: Tally,
    /// Ways out of `if` and `case`: all of them, and those that were taken.
    pub branches: (usize, usize),
    /// Toggles.
    pub toggles: Tally,
    /// By module: lines, toggles.
    pub modules: BTreeMap<String, (Tally, Tally)>,
    /// Rules that were used: text, reason, points that they exclude.
    pub exclusions: Vec<(String, String, usize)>,
    /// Rules that exclude nothing, or nothing but what was hit: text, and which of both.
    pub useless: Vec<(String, &'static str)>,
}

impl CodeReport {
    /// Counts held against the exclusions. `source`: the Verilog's text, for the texts of lines.
    pub fn new(preset: &str, counts: &CodeCounts, exclusions: &Exclusions, source: &str) -> Self {
        let source: Vec<&str> = source.lines().map(str::trim).collect();
        let text = |line: u32| source.get(line.saturating_sub(1) as usize).copied().unwrap_or_default();
        let mut used = vec![(0, 0); exclusions.0.len()];
        let mut report = CodeReport {
            preset: preset.to_string(),
            lines: Tally::default(),
            branches: (0, 0),
            toggles: Tally::default(),
            modules: BTreeMap::new(),
            exclusions: Vec::new(),
            useless: Vec::new(),
        };
        let mut add = |what, module: &str, line: u32, name: &str, hit: bool| {
            let rule = exclusions.0.iter().position(|rule| rule.covers(preset, what, module, name));
            if let Some(rule) = rule {
                used[rule].0 += 1;
                used[rule].1 += usize::from(!hit);
            }
            let of_module = report.modules.entry(module.to_string()).or_default();
            let tallies = match what {
                What::Line => [&mut report.lines, &mut of_module.0],
                What::Toggle => [&mut report.toggles, &mut of_module.1],
            };
            for tally in tallies {
                // What was hit counts, whatever a rule says of it.
                if rule.is_some() && !hit {
                    tally.excluded += 1;
                    continue;
                }
                tally.points += 1;
                tally.hit += usize::from(hit);
                if !hit {
                    tally.missed.push((module.to_string(), line, name.to_string()));
                }
            }
        };
        for ((module, line, name), hits) in &counts.toggles {
            add(What::Toggle, module, *line, name, *hits > 0);
        }
        let mut lines: BTreeMap<(&str, u32), bool> = BTreeMap::new();
        for ((module, ..), (spans, hits)) in &counts.blocks {
            for &line in spans.iter().collect::<BTreeSet<_>>() {
                *lines.entry((module, line)).or_insert(false) |= *hits > 0;
            }
        }
        for ((module, line), hit) in lines {
            add(What::Line, module, line, text(line), hit);
        }
        let branches = counts.blocks.iter().filter(|((_, _, what), _)| !what.starts_with("block"));
        for (_, (_, hits)) in branches {
            report.branches.0 += 1;
            report.branches.1 += usize::from(*hits > 0);
        }
        for (rule, (points, missed)) in exclusions.0.iter().zip(used) {
            if rule.preset.as_deref().is_some_and(|only| only != preset) {
                continue;
            }
            if missed == 0 {
                let why = if points == 0 { "matches nothing" } else { "all that it matches was hit" };
                report.useless.push((rule.text.clone(), why));
            } else {
                report.exclusions.push((rule.text.clone(), rule.reason.clone(), missed));
            }
        }
        report
    }
}

/// Share of toggles that has to be seen, in per cent.
pub const TOGGLE_GOAL: f64 = 95.0;

/// Of presets that share their rules: a rule that one of them needs is of use.
pub fn share_rules(reports: &mut [CodeReport]) {
    let used: BTreeSet<String> = reports.iter().flat_map(|report| &report.exclusions).map(|(rule, ..)| rule.clone()).collect();
    reports.iter_mut().for_each(|report| report.useless.retain(|(rule, _)| !used.contains(rule)));
}

impl CodeReport {
    /// Whether every line was run, [`TOGGLE_GOAL`] is reached, and every rule is of use.
    pub fn is_good(&self) -> bool {
        self.lines.hit == self.lines.points && self.toggles.percent() >= TOGGLE_GOAL && self.useless.is_empty()
    }
}

impl fmt::Display for CodeReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "generated Verilog of preset {}", self.preset)?;
        for (name, tally) in [("lines", &self.lines), ("toggles", &self.toggles)] {
            let Tally { points, hit, excluded, .. } = tally;
            writeln!(out, "{name:<9} {hit:>7} of {points:<7} {:>8}   {excluded} excluded", percent(*hit, *points))?;
        }
        let (branches, taken) = self.branches;
        writeln!(out, "{:<9} {taken:>7} of {branches:<7} {:>8}   no goal", "branches", percent(taken, branches))?;
        for (module, line, text) in self.lines.missed.iter() {
            writeln!(out, "  line not run: {module}, line {line}: {text}")?;
        }
        const SHOWN: usize = 40;
        for (module, _, name) in self.toggles.missed.iter().take(SHOWN) {
            writeln!(out, "  not toggled: {module}.{name}")?;
        }
        if let Some(more) = self.toggles.missed.len().checked_sub(SHOWN).filter(|&more| more > 0) {
            writeln!(out, "  .. and {more} more that were not toggled (all of them with --json)")?;
        }
        for (rule, why) in &self.useless {
            writeln!(out, "  useless exclusion: {rule}: {why}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "module m(a);\n  always @* begin\n    if (a) x = 1;\n    else\n      x = 0;\n  end\nendmodule\n";

    fn point(page: &str, line: u32, column: u32, what: &str, spans: &str, hits: u64) -> String {
        let spans = if spans.is_empty() { String::new() } else { format!("\x01S\x02{spans}") };
        format!(
            "C '\x01f\x02m.v\x01l\x02{line}\x01n\x02{column}\x01page\x02{page}/m\x01o\x02{what}{spans}\x01h\x02TOP.m' {hits}\n"
        )
    }

    fn file(points: &[String]) -> CodeCounts {
        CodeCounts::parse(&format!("# SystemC::Coverage-3\n{}", points.concat())).expect("well formed")
    }

    fn sample() -> CodeCounts {
        file(&[
            point("v_toggle", 1, 1, "a", "", 3),
            point("v_toggle", 1, 1, "b[0]", "", 0),
            point("v_toggle", 1, 1, "b[1]", "", 0),
            point("v_line", 2, 3, "block", "2", 9),
            point("v_branch", 3, 5, "if", "3", 9),
            point("v_branch", 3, 6, "else", "4-5", 0),
        ])
    }

    fn missed(tally: &Tally) -> Vec<&str> {
        tally.missed.iter().map(|(_, _, name)| name.as_str()).collect()
    }

    #[test]
    fn lines_and_toggles_are_counted() {
        let report = CodeReport::new("mini", &sample(), &Exclusions::default(), SOURCE);
        assert_eq!((report.toggles.points, report.toggles.hit, missed(&report.toggles)), (3, 1, vec!["b[0]", "b[1]"]));
        assert_eq!((report.lines.points, report.lines.hit, missed(&report.lines)), (4, 2, vec!["else", "x = 0;"]));
        assert_eq!(report.modules["m"], (report.lines.clone(), report.toggles.clone()));
    }

    #[test]
    fn a_line_needs_one_of_its_branches_and_branches_are_counted_apart() {
        let counts = file(&[point("v_branch", 3, 5, "if", "3", 9), point("v_branch", 3, 9, "else", "3", 0)]);
        let report = CodeReport::new("mini", &counts, &Exclusions::default(), SOURCE);
        assert_eq!((report.lines.points, report.lines.hit, report.branches), (1, 1, (2, 1)));
    }

    #[test]
    fn runs_add_up() {
        let mut counts = sample();
        counts.merge(&file(&[point("v_toggle", 1, 1, "b[1]", "", 2), point("v_branch", 3, 6, "else", "4-5", 1)]));
        let report = CodeReport::new("mini", &counts, &Exclusions::default(), SOURCE);
        assert_eq!(missed(&report.toggles), ["b[0]"]);
        assert_eq!((report.lines.points, report.lines.hit), (4, 4));
    }

    #[test]
    fn a_rule_for_one_preset_does_nothing_for_another() {
        let exclusions = Exclusions::parse("toggle@mini m b[0]: tied low\ntoggle@zynqmp m b[1]: spare\n").expect("rules");
        for (preset, left) in [("mini", "b[1]"), ("zynqmp", "b[0]")] {
            let report = CodeReport::new(preset, &sample(), &exclusions, SOURCE);
            assert_eq!((missed(&report.toggles), report.toggles.excluded), (vec![left], 1), "{preset}");
            assert_eq!(report.useless, []);
        }
        assert!(Exclusions::parse("toggles@mini m b: why\n").is_err());
    }

    #[test]
    fn exclusions_take_away_what_was_missed_and_nothing_that_was_hit() {
        let rules = "# why\n\ntoggle m* *[0]: it is tied low\ntoggle m a: wrong\nline m x = 0;: never\nline m none: nothing\n";
        let exclusions = Exclusions::parse(rules).expect("rules");
        let report = CodeReport::new("mini", &sample(), &exclusions, SOURCE);
        assert_eq!((report.toggles.points, report.toggles.hit, report.toggles.excluded), (2, 1, 1));
        assert_eq!(missed(&report.toggles), ["b[1]"]);
        assert_eq!((report.lines.excluded, missed(&report.lines)), (1, vec!["else"]));
        let useless = [("toggle m a", "all that it matches was hit"), ("line m none", "matches nothing")]
            .map(|(rule, why)| (rule.to_string(), why));
        let used: Vec<_> = report.exclusions.iter().map(|(_, reason, points)| (reason.as_str(), *points)).collect();
        assert_eq!(used, [("it is tied low", 1), ("never", 1)]);
        assert_eq!(report.useless, useless);
        let other = CodeReport::new("zynqmp", &file(&[point("v_toggle", 1, 1, "a", "", 0)]), &exclusions, SOURCE);
        let mut both = [report, other];
        share_rules(&mut both);
        assert_eq!(both[0].useless, useless[1..], "the other preset needs the first");
    }

    #[test]
    fn what_is_no_file_of_ours_is_told_with_its_line() {
        assert_eq!(CodeCounts::parse("# head\nC 'x' y").expect_err("no number"), (2, "the count is no number"));
        assert_eq!(CodeCounts::parse("C 'x' 1").expect_err("no page"), (1, "no page"));
        assert_eq!(Exclusions::parse("toggle a b").expect_err("no reason").0, 1);
        assert_eq!(Exclusions::parse("\nbranch a b: c").expect_err("no kind"), (2, "a rule begins with 'toggle' or 'line'"));
    }

    #[test]
    fn ranges_stand_for_their_bits() {
        for (pattern, name, fits) in [
            ("x*[15:4]", "xy[4]", true),
            ("x*[15:4]", "xy[15]", true),
            ("x*[15:4]", "xy[3]", false),
            ("x[15:4]", "y[7]", false),
            ("x[15:4]", "x", false),
            ("m[*][3:0]", "m[12][2]", true),
        ] {
            assert_eq!(in_range(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, text, fits) in
            [("*", "", true), ("a*c", "abc", true), ("a*c", "abcd", false), ("*b*", "abc", true), ("a", "ab", false)]
        {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }
}
