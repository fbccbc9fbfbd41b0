//! The GTKWave save file beside a wave: what to show first, grouped.
//!
//! Groups, top to bottom: clock, reset and interrupts; the way of a read (client address, walk port, downstream address, read
//! data); the state machines; the walker; then, closed, all other channels. Of an address channel the signals that one looks at are
//! rows of the group, the rest is in a closed group inside it. The view opens at the first table read of the wave, with the marker
//! on it.

use super::layout::{Scope, ScopeKind, Var, VarKind};
use std::fmt::Write as _;
use std::path::Path;

/// Trace flags of the format: how a row is drawn.
mod flag {
    /// Hexadecimal, right-justified.
    pub const HEX: u32 = 0x22;
    /// Decimal, right-justified.
    pub const DECIMAL: u32 = 0x24;
    /// Binary, right-justified.
    pub const BINARY: u32 = 0x28;
    /// First row of a group, open or closed, and its last row.
    pub const OPEN: u32 = 0x80_0200;
    pub const CLOSED: u32 = 0xc0_0200;
    pub const OPEN_END: u32 = 0x100_0200;
    pub const CLOSED_END: u32 = 0x140_0200;
}

/// Blocks whose own registers get a group.
const HIGHLIGHTS: &[&str] = &["walker"];

/// Channels that are shown open, in this order. The others follow, closed.
const OPEN_CHANNELS: &[&str] = &["s_axi_ar", "m_axi_ptw_ar", "m_axi_ptw_r", "m_axi_ar", "s_axi_r"];

/// The signal that rises with a table read.
pub const WALK_SIGNAL: &str = "m_axi_ptw_arvalid";

/// Ends of names of address channel signals that are rarely looked at.
const MINOR: &[&str] = &["size", "burst", "lock", "cache", "prot", "qos", "region"];

/// GTKWave's own number for the zoom, more negative for more time: this one shows about 50 cycles.
const ZOOM: f32 = -15.0;

/// Shown before the place that the view opens at, in picoseconds.
const BEFORE: u64 = 40_000;

/// The text of the save file for the wave at `path`. `focus`: the time to open at.
pub fn text(path: &Path, top: &Scope, focus: Option<u64>) -> String {
    let mut view = View { out: String::new() };
    let file = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    view.line("[*] smmu wave: rows grouped by channel; states are text");
    view.line(&format!("[dumpfile] \"{}\"", file.display()));
    view.line(&format!("[timestart] {}", focus.unwrap_or(0).saturating_sub(BEFORE)));
    view.line("[size] 1600 1000");
    view.line("[pos] -1 -1");
    if let Some(focus) = focus {
        view.line(&format!("*{ZOOM:.6} {focus}{}", " -1".repeat(26)));
    }
    view.line(&format!("[treeopen] {}.", top.name));
    view.line("[sst_width] 220");
    view.line("[signals_width] 240");
    view.line(&format!("@{:x}", flag::DECIMAL));
    view.line(&format!("{}.cycle[63:0]", top.name));
    view.rows(&top.name, top.vars());
    let channel = |name: &&str| top.scopes().find(|s| s.kind == ScopeKind::Channel && s.name == **name);
    for channel in OPEN_CHANNELS.iter().filter_map(channel) {
        view.channel(&top.name, channel, true);
    }
    let mut states = Vec::new();
    find_states(top, &top.name, &mut states);
    if !states.is_empty() {
        view.line(&format!("@{:x}", flag::OPEN));
        view.line("-state machines");
        view.line(&format!("@{:x}", flag::HEX));
        for row in &states {
            view.line(row);
        }
        view.line(&format!("@{:x}", flag::OPEN_END));
        view.line("-state machines");
    }
    view.highlights(top, &top.name);
    for channel in top.scopes().filter(|s| s.kind == ScopeKind::Channel && !OPEN_CHANNELS.contains(&s.name.as_str())) {
        view.channel(&top.name, channel, false);
    }
    view.line("[pattern_trace] 1");
    view.line("[pattern_trace] 0");
    view.out
}

/// Full names of the state variables, without those that only repeat a register's next state.
fn find_states(scope: &Scope, path: &str, found: &mut Vec<String>) {
    for var in scope.vars().filter(|v| v.kind == VarKind::Text && !v.name.ends_with("_d")) {
        found.push(format!("{path}.{}", var.name));
    }
    for inner in scope.scopes() {
        find_states(inner, &format!("{path}.{}", inner.name), found);
    }
}

struct View {
    out: String,
}

impl View {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{text}"); // a String takes everything
    }

    fn rows<'a>(&mut self, path: &str, vars: impl Iterator<Item = &'a Var>) {
        for var in vars {
            let (flags, range) = match var.kind {
                VarKind::Clock | VarKind::Bits(1) => (flag::BINARY, String::new()),
                VarKind::Bits(width) => (flag::HEX, format!("[{}:0]", width - 1)),
                VarKind::Text => (flag::HEX, String::new()),
            };
            self.line(&format!("@{flags:x}"));
            self.line(&format!("{path}.{}{range}", var.name));
        }
    }

    fn group<'a>(&mut self, title: &str, open: bool, path: &str, vars: impl Iterator<Item = &'a Var>) {
        let (first, last) = if open { (flag::OPEN, flag::OPEN_END) } else { (flag::CLOSED, flag::CLOSED_END) };
        self.line(&format!("@{first:x}"));
        self.line(&format!("-{title}"));
        self.rows(path, vars);
        self.line(&format!("@{last:x}"));
        self.line(&format!("-{title}"));
    }

    fn channel(&mut self, top: &str, channel: &Scope, open: bool) {
        let path = format!("{top}.{}", channel.name);
        let is_minor = |v: &&Var| MINOR.iter().any(|end| v.name.ends_with(end));
        let (first, last) = if open { (flag::OPEN, flag::OPEN_END) } else { (flag::CLOSED, flag::CLOSED_END) };
        self.line(&format!("@{first:x}"));
        self.line(&format!("-{}", channel.name));
        self.rows(&path, channel.vars().filter(|v| !is_minor(v)));
        if channel.vars().any(|v| is_minor(&v)) {
            self.group("more", false, &path, channel.vars().filter(is_minor));
        }
        self.line(&format!("@{last:x}"));
        self.line(&format!("-{}", channel.name));
    }

    fn highlights(&mut self, scope: &Scope, path: &str) {
        for inner in scope.scopes() {
            let path = format!("{path}.{}", inner.name);
            if HIGHLIGHTS.contains(&inner.name.as_str()) {
                let own = |v: &&Var| v.kind != VarKind::Clock && !v.name.ends_with("_d");
                self.group(&format!("{} (registers and signals)", inner.name), false, &path, inner.vars().filter(own));
            }
            self.highlights(inner, &path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wave::layout::Item;

    #[test]
    fn rows_are_grouped_and_every_row_is_a_variable_of_the_wave() {
        let mut channel = Scope::new("m_axi_ptw_ar", ScopeKind::Channel);
        channel.var("m_axi_ptw_arvalid", VarKind::Bits(1), 0);
        channel.var("m_axi_ptw_araddr", VarKind::Bits(48), 1);
        let mut walker = Scope::new("walker", ScopeKind::Block);
        walker.var("state_d", VarKind::Text, 2);
        walker.var("state_q", VarKind::Text, 3);
        let mut top = Scope::new("smmu", ScopeKind::Block);
        top.var("aclk", VarKind::Clock, 0);
        top.items.extend([Item::Scope(channel), Item::Scope(walker)]);
        let text = text(Path::new("run.vcd"), &top, Some(1_000_000));
        let lines: Vec<&str> = text.lines().collect();
        let group = lines.iter().position(|l| *l == "-m_axi_ptw_ar").expect("a group for the channel");
        assert_eq!(lines[group + 2], "smmu.m_axi_ptw_ar.m_axi_ptw_arvalid");
        assert_eq!(lines[group + 4], "smmu.m_axi_ptw_ar.m_axi_ptw_araddr[47:0]");
        assert!(lines.contains(&"[timestart] 960000"), "the view opens a little before the place");
        assert!(lines.iter().any(|l| l.starts_with('*') && l.contains(" 1000000 ")), "the marker is on it");
        let states = lines.iter().position(|l| *l == "-state machines").expect("a group of states");
        assert_eq!(lines[states + 2], "smmu.walker.state_q");
        assert!(!text.contains("state_d"), "the next state is not shown");
        assert!(lines.iter().any(|l| l.starts_with("[dumpfile]") && l.ends_with("run.vcd\"")));
    }
}
