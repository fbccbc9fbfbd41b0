//! What is known of mutations that no check notices: the rules of `testbench/mutants.txt`.
//!
//! Lines `KIND MODULE PATTERN: reason`, where the pattern is of `MODE PORT CELL WIRE TEXT`, `*` stands for any text and `[4..15]` for an index in that
//! range. Kinds:
//!
//! * `equivalent`: the mutated design does the same at its pins in every cycle. Such a mutation is no fault; it is left out when
//!   mutations are drawn, and another is drawn for it. A rule that says so of a fault would hide it, so each is argued.
//! * `slower`: the mutated design only takes longer or walks more often than it needs, where nothing bounds that. It counts as a survivor.

use super::list::Mutation;
use anyhow::{bail, Context};
use std::fmt;
use std::path::Path;

/// What a rule says of a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is no fault.
    Equivalent,
    /// It costs time only.
    Slower,
}

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    kind: Kind,
    module: String,
    pattern: String,
    reason: String,
}

impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({} {})", self.reason, self.module, self.pattern)
    }
}

impl Rule {
    fn parse(line: &str) -> anyhow::Result<Self> {
        let (what, reason) = line.rsplit_once(": ").with_context(|| format!("no reason in '{line}'"))?;
        let mut words = what.splitn(3, ' ');
        let kind = match words.next() {
            Some("equivalent") => Kind::Equivalent,
            Some("slower") => Kind::Slower,
            _ => bail!("neither 'equivalent' nor 'slower': '{line}'"),
        };
        let (Some(module), Some(pattern)) = (words.next(), words.next()) else { bail!("no pattern in '{line}'") };
        Ok(Rule { kind, module: module.to_string(), pattern: pattern.to_string(), reason: reason.to_string() })
    }

    fn fits(&self, mutation: &Mutation) -> bool {
        let Mutation { mode, module, cell, port, wire, text, .. } = mutation;
        glob(&self.module, module) && glob(&self.pattern, &format!("{mode} {port} {cell} {wire} {text}"))
    }
}

/// All rules.
#[derive(Debug, Default)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Reads the file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    /// Reads the lines of the file.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(Rule::parse).collect::<anyhow::Result<_>>().map(Rules)
    }

    fn find(&self, kind: Kind, mutation: &Mutation) -> Option<&Rule> {
        self.0.iter().find(|rule| rule.kind == kind && rule.fits(mutation))
    }

    /// The rule by which the mutation is no fault.
    pub fn equivalent(&self, mutation: &Mutation) -> Option<&Rule> {
        self.find(Kind::Equivalent, mutation)
    }

    /// The rule by which it costs time only.
    pub fn slower(&self, mutation: &Mutation) -> Option<&Rule> {
        self.find(Kind::Slower, mutation)
    }

    /// Rules of that kind that concern none of these.
    pub fn without_use<'a>(&'a self, kind: Kind, mutations: &'a [Mutation]) -> impl Iterator<Item = &'a Rule> {
        self.0.iter().filter(move |rule| rule.kind == kind && !mutations.iter().any(|mutation| rule.fits(mutation)))
    }
}

/// Whether the pattern is the whole of `text`. In it, `*` stands for any text and `[A..B]` for a number in brackets from A to B.
fn glob(pattern: &str, text: &str) -> bool {
    let Some(special) = pattern.find(['*', '[']) else { return pattern == text };
    let (before, rest) = pattern.split_at(special);
    let Some(text) = text.strip_prefix(before) else { return false };
    if let Some(after) = rest.strip_prefix('*') {
        return text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| glob(after, &text[at..]));
    }
    match (range(rest), text[1.min(text.len())..].split_once(']')) {
        (Some((numbers, after)), Some((number, rest))) if text.starts_with('[') => {
            number.parse().is_ok_and(|n: u32| numbers.contains(&n)) && glob(after, rest)
        }
        (Some(_), _) => false,
        (None, _) => text.strip_prefix('[').is_some_and(|text| glob(&rest[1..], text)),
    }
}

/// The range that the pattern begins with, and what follows it.
fn range(pattern: &str) -> Option<(std::ops::RangeInclusive<u32>, &str)> {
    let (inside, after) = pattern.strip_prefix('[')?.split_once(']')?;
    let (first, last) = inside.split_once("..")?;
    Some((first.parse().ok()?..=last.parse().ok()?, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutants::list::parse;

    const LINES: &str = "mutate -mode const1 -module smmu -cell $flatten\\a.\\b.$or$smmu_mini.v:1$20 -port Y -portbit 5 -wire a.b.w -wirebit 5 -src smmu_mini.v:1.3-1.9\n\
        mutate -mode inv -module smmu -cell $auto$ff.cc:266:slice$3 -port Q -portbit 0 -wire c.q -wirebit 0 -src smmu_mini.v:1.1-1.2\n";

    #[test]
    fn rules_name_kind_module_and_mutation() {
        let drawn = parse(LINES, "assign w = a | b;\n").expect("two");
        let text = "# why\n\nequivalent a.* const1 Y[*] $or a.b.w[5] assign w =*: a is never alone\nslower a* *: costs time\n";
        let rules = Rules::parse(text).expect("rules");
        assert_eq!(rules.equivalent(&drawn[0]).map(|rule| rule.reason.as_str()), Some("a is never alone"));
        assert_eq!(rules.slower(&drawn[0]).map(|rule| rule.reason.as_str()), Some("costs time"));
        assert_eq!((rules.equivalent(&drawn[1]), rules.slower(&drawn[1])), (None, None));
        assert_eq!(rules.without_use(Kind::Equivalent, &drawn).count(), 0);
        assert_eq!(rules.without_use(Kind::Equivalent, &drawn[1..]).count(), 1);
        for wrong in ["equivalent m x", "never m x: y", "slower m: y"] {
            assert!(Rules::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn patterns_know_text_and_ranges() {
        for (pattern, text, fits) in [
            ("inv A[*] x*", "inv A[3] xyz", true),
            ("inv A[4..15] *", "inv A[4] x", true),
            ("inv A[4..15] *", "inv A[15] x", true),
            ("inv A[4..15] *", "inv A[16] x", false),
            ("inv A[4..15] *", "inv A", false),
            ("* w[0..1] x[0]", "inv A[3] w[1] x[0]", true),
            ("* w[0..1] x[0]", "inv A[3] w[1] x[1]", false),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }
}
