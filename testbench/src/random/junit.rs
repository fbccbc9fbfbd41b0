//! The results of many seeds as JUnit XML, one test case a seed. Every element that a merge has to move begins a line of its own, so that
//! the files of many shards can be joined line by line (`testbench/cluster/merge.sh`).

use super::runner::SeedResult;
use std::fmt::Write;

/// The document.
pub fn document(preset: &str, engine: &str, results: &[SeedResult]) -> String {
    let failures = results.iter().filter(|result| result.outcome.failure.is_some()).count();
    let seconds: f64 = results.iter().map(|result| result.time.as_secs_f64()).sum();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    let name = escape(&format!("smmu random {preset} {engine}"));
    let _ = writeln!(
        text,
        "<testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\" time=\"{seconds:.3}\">",
        results.len()
    );
    for result in results {
        let time = result.time.as_secs_f64();
        let _ = write!(text, "<testcase classname=\"{name}\" name=\"seed {}\" time=\"{time:.3}\"", result.seed);
        match &result.outcome.failure {
            None => text.push_str("/>\n"),
            Some(failure) => {
                let (kind, all) = (escape(&failure.kind), escape(&failure.text));
                let _ = write!(text, "><failure type=\"{kind}\" message=\"{all}\">");
                if let Some(shrunk) = &result.shrunk {
                    let (steps, small) = (shrunk.program.steps.len(), escape(&shrunk.failure.text));
                    let _ = write!(text, "{steps} steps: {small}");
                }
                text.push_str("</failure></testcase>\n");
            }
        }
    }
    text.push_str("</testsuite>\n</testsuites>\n");
    text
}

/// Text that may stand in an attribute. Characters that XML does not have become spaces.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::execute::{Failure, Outcome};
    use super::*;
    use std::time::Duration;

    #[test]
    fn good_and_bad_seeds_are_cases() {
        let good = SeedResult { seed: 1, outcome: Outcome::default(), time: Duration::from_millis(1500), shrunk: None };
        let failure = Failure { kind: "isolation".into(), cycle: 7, step: 0, text: "a < \"b\"\n& \u{1}c".into() };
        let bad = SeedResult { seed: 2, outcome: Outcome { failure: Some(failure), ..Outcome::default() }, ..good.clone() };
        let text = document("mini", "rusthdl", &[good, bad]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "<testsuites>");
        assert!(lines[2].contains("tests=\"2\" failures=\"1\"") && lines[2].contains("time=\"3.000\""), "{}", lines[2]);
        assert_eq!(lines[3], "<testcase classname=\"smmu random mini rusthdl\" name=\"seed 1\" time=\"1.500\"/>");
        assert!(lines[4].contains("message=\"a &lt; &quot;b&quot;&#10;&amp;  c\""), "{}", lines[4]);
        assert_eq!(lines[5..], ["</testsuite>", "</testsuites>"]);
    }
}
