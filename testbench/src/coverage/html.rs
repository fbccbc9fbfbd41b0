//! The page for people: self-contained HTML, holes first.
//!
//! Everything is in the one file, styles and the few lines of script too: it can be mailed, archived and opened anywhere. It works
//! without the script (all groups can be opened), with a keyboard, in light and dark.

use super::code::{CodeReport, Tally, TOGGLE_GOAL};
use super::report::{percent, BinReport, GroupReport, PresetReport, Report, State};
use super::xml::escape;
use std::fmt::Write;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Toggles that are listed by name, of each preset; the others are counted by module.
const LISTED: usize = 200;

/// The page.
pub fn page(report: &Report) -> String {
    let mut out = String::new();
    let presets: Vec<&str> = report.presets.iter().map(|preset| preset.preset.as_str()).collect();
    let title = format!("Coverage of {}", presets.join(" and "));
    put(
        &mut out,
        &format!("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{}</title>", escape(&title)),
    );
    put(&mut out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    put(&mut out, &format!("<style>\n{STYLE}</style>\n</head>\n<body>"));
    put(&mut out, &format!("<header><h1>{}</h1>", escape(&title)));
    put(&mut out, "<p>What the hardware was seen to do, on its pins, in runs in which every check passed.</p></header>");
    put(&mut out, "<main>");
    cards(&mut out, report);
    put(&mut out, TOOLS);
    holes(&mut out, report);
    for preset in &report.presets {
        preset_section(&mut out, preset, report.presets.len() > 1);
    }
    for code in &report.code {
        code_section(&mut out, code);
    }
    put(&mut out, &format!("</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>"));
    out
}

const TOOLS: &str = r#"<div class="tools" role="search">
<label for="filter">Filter</label>
<input id="filter" type="search" placeholder="tlbi, 16k block, refused .." autocomplete="off">
<button type="button" id="open">Open all</button>
<button type="button" id="close">Close all</button>
<label><input type="checkbox" id="excluded" checked> show excluded bins</label>
<output id="found" aria-live="polite"></output>
</div>"#;

fn put(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// A bar with its share in words: the bar alone says nothing to those who do not see it. It looks full from the `goal` on, in per cent.
fn bar(hit: usize, whole: usize, goal: f64) -> String {
    let share = percent(hit, whole);
    let width = if whole == 0 { 100.0 } else { 100.0 * hit as f64 / whole as f64 };
    let class = if reached(hit, whole, goal) { "full" } else { "part" };
    format!(
        "<span class=\"bar {class}\" role=\"img\" aria-label=\"{share}\"><span style=\"width:{width:.2}%\"></span></span><span class=\"share\">{share}</span>"
    )
}

/// Whether a share is at its goal, in per cent.
fn reached(hit: usize, whole: usize, goal: f64) -> bool {
    100.0 * hit as f64 >= goal * whole as f64
}

fn card(out: &mut String, title: &str, (hit, whole): (usize, usize), goal: f64, below: &str) {
    let class = if reached(hit, whole, goal) { "card full" } else { "card part" };
    let _ = writeln!(
        out,
        "<li class=\"{class}\"><h3>{}</h3><p class=\"big\">{}</p>{}<p>{hit} of {whole}{below}</p></li>",
        escape(title),
        percent(hit, whole),
        bar(hit, whole, goal)
    );
}

fn cards(out: &mut String, report: &Report) {
    put(out, "<ul class=\"cards\">");
    for preset in &report.presets {
        let excluded = preset.in_state(State::Excluded).count();
        card(
            out,
            &format!("{}: functional bins", preset.preset),
            (preset.hit, preset.bins),
            100.0,
            &format!(", {excluded} excluded"),
        );
    }
    for code in &report.code {
        for (name, tally, goal) in [("lines", &code.lines, 100.0), ("toggles", &code.toggles, TOGGLE_GOAL)] {
            let below = format!(", {} excluded; goal {goal} %", tally.excluded);
            card(out, &format!("{}: Verilog {name}", code.preset), (tally.hit, tally.points), goal, &below);
        }
    }
    put(out, "</ul>");
}

fn holes(out: &mut String, report: &Report) {
    put(out, "<section aria-labelledby=\"holes\"><h2 id=\"holes\">Holes</h2>");
    let rows: Vec<String> = report.presets.iter().flat_map(hole_rows).collect();
    if rows.is_empty() {
        put(out, "<p class=\"good\">None: every bin that can be hit was hit, and no excluded one.</p></section>");
        return;
    }
    put(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Holes\"><table class=\"bins\"><thead><tr><th scope=\"col\">preset</th><th scope=\"col\">group</th><th scope=\"col\">bin</th><th scope=\"col\">what is wrong</th></tr></thead><tbody>");
    rows.iter().for_each(|row| put(out, row));
    put(out, "</tbody></table></div></section>");
}

fn hole_rows(preset: &PresetReport) -> Vec<String> {
    let row = |group: &GroupReport, bin: &BinReport, what: &str| {
        format!(
            "<tr class=\"hole\"><td>{}</td><td><a href=\"#{}-{}\">{} {}</a></td><td>{}</td><td>{}</td></tr>",
            escape(&preset.preset),
            escape(&preset.preset),
            escape(&group.id),
            escape(&group.id),
            escape(&group.name),
            escape(&bin.values.join(" · ")),
            escape(what)
        )
    };
    let wrong = |bin: &BinReport| {
        let reason = bin.excluded.as_deref().unwrap_or_default();
        format!("hit {} times, although excluded: {reason}", bin.hits)
    };
    let contradictions = preset.in_state(State::Contradiction).map(|(group, bin)| row(group, bin, &wrong(bin)));
    contradictions.chain(preset.in_state(State::Hole).map(|(group, bin)| row(group, bin, "not hit"))).collect()
}

fn preset_section(out: &mut String, preset: &PresetReport, several: bool) {
    let name = escape(&preset.preset);
    put(out, &format!("<section aria-labelledby=\"p-{name}\"><h2 id=\"p-{name}\">Preset {name}</h2>"));
    let PresetReport { runs, cycles, transactions, .. } = preset;
    put(out, &format!("<p>{runs} runs, {} clock cycles, {} transactions.</p>", grouped(*cycles), grouped(*transactions)));
    // Groups with holes come first and are open; of one preset alone, the order of the plan says more than that of the shares.
    let mut order: Vec<&GroupReport> = preset.groups.iter().collect();
    order.sort_by_key(|group| group.complete());
    for group in order {
        group_section(out, &preset.preset, group, !several && !group.complete());
    }
    put(out, "</section>");
}

fn group_section(out: &mut String, preset: &str, group: &GroupReport, open: bool) {
    let open = if open { " open" } else { "" };
    let state = if group.complete() { "full" } else { "part" };
    put(out, &format!("<details class=\"group {state}\" id=\"{}-{}\"{open}>", escape(preset), escape(&group.id)));
    let excluded = group.in_state(State::Excluded).count();
    let note = if excluded > 0 { format!("{excluded} excluded") } else { String::new() };
    put(
        out,
        &format!(
            "<summary><span class=\"id\">{}</span> <span class=\"name\">{}</span> {}<span class=\"count\">{} of {}</span> <span class=\"note\">{note}</span></summary>",
            escape(&group.id),
            escape(&group.name),
            bar(group.hit, group.bins, 100.0),
            group.hit,
            group.bins
        ),
    );
    put(out, &format!("<p>{}</p><table class=\"bins\"><thead><tr>", escape(&group.about)));
    for axis in &group.axes {
        put(out, &format!("<th scope=\"col\">{}</th>", escape(axis)));
    }
    put(out, "<th scope=\"col\" class=\"number\">hits</th><th scope=\"col\">if excluded, why</th></tr></thead><tbody>");
    let most = group.all.iter().map(|bin| bin.hits).max().unwrap_or(0);
    for state in [State::Contradiction, State::Hole, State::Hit, State::Excluded] {
        group.in_state(state).for_each(|bin| bin_row(out, bin, state, most));
    }
    put(out, "</tbody></table></details>");
}

fn bin_row(out: &mut String, bin: &BinReport, state: State, most: u64) {
    let class = match state {
        State::Hit => "hit",
        State::Hole => "hole",
        State::Excluded => "excluded",
        State::Contradiction => "hole contradiction",
    };
    let cells: String = bin.values.iter().map(|value| format!("<td>{}</td>", escape(value))).collect();
    // Counts differ by orders of magnitude: the bar shows their logarithm.
    let length = if most == 0 || bin.hits == 0 { 0.0 } else { 100.0 * (1.0 + bin.hits as f64).ln() / (1.0 + most as f64).ln() };
    let hits = match state {
        State::Excluded => "–".to_string(),
        State::Hole => "0".to_string(),
        _ => grouped(bin.hits),
    };
    let reason = escape(bin.excluded.as_deref().unwrap_or_default());
    put(
        out,
        &format!(
            "<tr class=\"{class}\">{cells}<td class=\"number\"><span class=\"log\" style=\"width:{length:.1}%\"></span>{hits}</td><td>{reason}</td></tr>"
        ),
    );
}

fn code_section(out: &mut String, code: &CodeReport) {
    let name = escape(&code.preset);
    put(out, &format!("<section aria-labelledby=\"v-{name}\"><h2 id=\"v-{name}\">Verilog of {name}</h2>"));
    put(out, "<details class=\"group\"><summary><span class=\"name\">By module</span></summary>");
    put(out, "<table class=\"bins\"><thead><tr><th scope=\"col\">module</th><th scope=\"col\">lines</th><th scope=\"col\"></th><th scope=\"col\">toggles</th><th scope=\"col\"></th></tr></thead><tbody>");
    let mut modules: Vec<_> = code.modules.iter().collect();
    modules.sort_by_key(|(_, (lines, toggles))| {
        let missed = |tally: &Tally| tally.points - tally.hit;
        std::cmp::Reverse(missed(lines) + missed(toggles))
    });
    for (module, (lines, toggles)) in modules {
        let cell =
            |tally: &Tally| format!("<td>{}</td><td>{} of {}</td>", bar(tally.hit, tally.points, 100.0), tally.hit, tally.points);
        let class = if lines.hit == lines.points && toggles.hit == toggles.points { "hit" } else { "hole" };
        put(out, &format!("<tr class=\"{class}\"><td>{}</td>{}{}</tr>", escape(module), cell(lines), cell(toggles)));
    }
    put(out, "</tbody></table></details>");
    let (branches, taken) = code.branches;
    put(out, &format!("<p>Branches: {taken} of {branches} ({}), without a goal.</p>", percent(taken, branches)));
    missed(out, "Lines that were not run", &code.lines);
    missed(out, "Bits that never changed", &code.toggles);
    put(out, "<details class=\"group\"><summary><span class=\"name\">Exclusions</span></summary><table class=\"bins\"><thead><tr><th scope=\"col\">rule</th><th scope=\"col\" class=\"number\">points</th><th scope=\"col\">why</th></tr></thead><tbody>");
    for (rule, reason, points) in &code.exclusions {
        put(
            out,
            &format!(
                "<tr class=\"excluded\"><td><code>{}</code></td><td class=\"number\">{points}</td><td>{}</td></tr>",
                escape(rule),
                escape(reason)
            ),
        );
    }
    for (rule, why) in &code.useless {
        put(
            out,
            &format!(
                "<tr class=\"hole\"><td><code>{}</code></td><td class=\"number\">0</td><td>of no use: {why}</td></tr>",
                escape(rule)
            ),
        );
    }
    put(out, "</tbody></table></details></section>");
}

fn missed(out: &mut String, title: &str, tally: &Tally) {
    if tally.missed.is_empty() {
        return;
    }
    let all = tally.missed.len();
    put(out, &format!("<details class=\"group part\"><summary><span class=\"name\">{title}</span> <span class=\"count\">{all}</span></summary>"));
    put(out, "<table class=\"bins\"><thead><tr><th scope=\"col\">module</th><th scope=\"col\" class=\"number\">line</th><th scope=\"col\">what</th></tr></thead><tbody>");
    for (module, line, text) in tally.missed.iter().take(LISTED) {
        put(
            out,
            &format!(
                "<tr class=\"hole\"><td>{}</td><td class=\"number\">{line}</td><td><code>{}</code></td></tr>",
                escape(module),
                escape(text)
            ),
        );
    }
    put(out, "</tbody></table>");
    if all > LISTED {
        put(out, &format!("<p>and {} more</p>", all - LISTED));
    }
    put(out, "</details>");
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::{full, with_a_hole};
    use super::*;

    #[test]
    fn the_page_needs_nothing_else() {
        let page = page(&Report::new(&full()).expect("mini is known"));
        for outside in ["http://", "https://", "src=", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(page.contains("prefers-color-scheme: dark"));
        assert!(page.contains("<html lang=\"en\">"));
        assert!(page.contains("None: every bin that can be hit was hit"));
    }

    #[test]
    fn holes_come_first_and_reasons_are_there() {
        let page = page(&Report::new(&with_a_hole()).expect("mini is known"));
        let hole = page.find("16k · 2 · block · write").expect("the hole is listed");
        let first_group = page.find("<details").expect("there are groups");
        assert!(hole < first_group);
        let leaf = page.find("id=\"mini-CV-1\" open").expect("the group with the hole is open");
        assert!(page[leaf..].find("id=\"mini-CV-2\"").is_some(), "and comes before the others");
        assert!(page.contains("descriptor type 1 is reserved at level 3: a translation fault"));
    }

    #[test]
    fn every_tag_is_closed() {
        let page = page(&Report::new(&with_a_hole()).expect("mini is known"));
        let body = &page[page.find("<body>").expect("a body")..page.find("<script>").expect("a script")];
        for tag in ["section", "details", "summary", "table", "thead", "tbody", "tr", "td", "th", "span", "ul", "li", "p", "div"]
        {
            let opened = body.matches(&format!("<{tag}>")).count() + body.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, body.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }

    #[test]
    fn thousands_are_apart() {
        assert_eq!([grouped(7), grouped(1234), grouped(1_000_000)], ["7", "1\u{202f}234", "1\u{202f}000\u{202f}000"]);
    }
}
