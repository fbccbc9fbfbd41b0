//! The XML that cocotb-coverage writes and merges: `top`, an element a preset, an element a group, an element a bin.
//!
//! Every level has `size` (bins that can be hit), `coverage` (those that were) and `cover_percentage`. Excluded bins are left
//! out, as that package leaves out bins that it is told to ignore. A bin's name is its values as a Python tuple, as for a cross.

use super::report::{GroupReport, PresetReport, Report, State};
use std::fmt::Write;

/// The document.
pub fn document(report: &Report) -> String {
    let (bins, hit) = sum(report.presets.iter().map(|preset| (preset.bins, preset.hit)));
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    element(&mut out, 0, "top", &sized(bins, hit, "top"), false);
    for preset in &report.presets {
        write_preset(&mut out, preset);
    }
    out.push_str("</top>\n");
    out
}

fn write_preset(out: &mut String, preset: &PresetReport) {
    let name = format!("top.{}", preset.preset);
    element(out, 1, &preset.preset, &sized(preset.bins, preset.hit, &name), false);
    for group in &preset.groups {
        write_group(out, &name, group);
    }
    line(out, 1, &format!("</{}>", preset.preset));
}

fn write_group(out: &mut String, parent: &str, group: &GroupReport) {
    let tag = tag(&group.name);
    let name = format!("{parent}.{tag}");
    let attributes = format!("{} weight=\"1\" at_least=\"1\"", sized(group.bins, group.hit, &name));
    element(out, 2, &tag, &attributes, false);
    let reachable = group.all.iter().filter(|bin| matches!(bin.state(), State::Hit | State::Hole));
    for (n, bin) in reachable.enumerate() {
        let values: Vec<String> = bin.values.iter().map(|value| format!("'{value}'")).collect();
        let tuple = if values.len() == 1 { values.join("") } else { format!("({})", values.join(", ")) };
        let attributes = format!("bin=\"{}\" hits=\"{}\" abs_name=\"{name}.bin{n}\"", escape(&tuple), bin.hits);
        element(out, 3, &format!("bin{n}"), &attributes, true);
    }
    line(out, 2, &format!("</{tag}>"));
}

fn sized(bins: usize, hit: usize, name: &str) -> String {
    let percent = if bins == 0 { 100.0 } else { 100.0 * hit as f64 / bins as f64 };
    format!("size=\"{bins}\" coverage=\"{hit}\" cover_percentage=\"{percent:.2}\" abs_name=\"{name}\"")
}

fn element(out: &mut String, depth: usize, tag: &str, attributes: &str, empty: bool) {
    let end = if empty { " /" } else { "" };
    line(out, depth, &format!("<{tag} {attributes}{end}>"));
}

fn line(out: &mut String, depth: usize, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{:1$}{text}", "", 2 * depth);
}

fn sum(counts: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    counts.fold((0, 0), |(bins, hit), (more_bins, more_hit)| (bins + more_bins, hit + more_hit))
}

/// A name as an element.
fn tag(name: &str) -> String {
    name.replace([' ', '-'], "_")
}

/// Text in an attribute or an element, of XML or HTML.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::{full, with_a_hole};
    use super::*;

    #[test]
    fn sizes_add_up_from_the_bins() {
        let report = Report::new(&with_a_hole()).expect("mini is known");
        let xml = document(&report);
        let bins = report.presets[0].bins;
        assert!(xml.contains(&format!("<top size=\"{bins}\" coverage=\"{}\"", bins - 1)));
        assert_eq!(xml.matches(" hits=\"1\"").count(), bins - 1);
        assert_eq!(xml.matches(" hits=\"0\"").count(), 1);
        let hole =
            "bin=\"(&#39;16k&#39;, &#39;2&#39;, &#39;block&#39;, &#39;write&#39;)\" hits=\"0\" abs_name=\"top.mini.leaf.bin";
        assert!(xml.contains(hole), "{xml}");
        assert!(!xml.contains("&#39;4k&#39;, &#39;3&#39;, &#39;block&#39;"), "excluded bins are left out");
    }

    #[test]
    fn every_element_is_closed_and_has_a_name_that_xml_allows() {
        let xml = document(&Report::new(&full()).expect("mini is known"));
        let mut open: Vec<String> = Vec::new();
        for line in xml.lines().skip(1).map(str::trim) {
            let inner = line.strip_prefix('<').and_then(|line| line.strip_suffix('>')).expect("one element a line");
            if let Some(name) = inner.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(name));
                continue;
            }
            let name = inner.split(' ').next().unwrap_or_default();
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{name}");
            if !inner.ends_with('/') {
                open.push(name.to_string());
            }
        }
        assert!(open.is_empty());
    }
}
