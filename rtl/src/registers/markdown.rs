//! `docs/registers.md`, made from the table.

use super::{reset_value, write_mask, Access, Count, Field, RegId, Register, Space, COUNTERS_PER_GROUP, IDR0, IDR1, IDR2};
use crate::params::PRESETS;
use std::fmt::Write;

const SPACES: &[(Space, &str)] = &[
    (Space::Global0, "Global space 0: page 0"),
    (Space::Global1, "Global space 1: page 1"),
    (Space::Imp, "Implementation defined: page 2"),
    (Space::Pmu, "Performance monitors: page 3"),
    (Space::Bank, "Context bank n: page NUMPAGE + n"),
];

/// The text of `docs/registers.md`: the same for every preset, with the values that presets choose in a table of their own.
pub fn markdown() -> String {
    let mut t = String::from(
        "# Registers\n\n\
         Generated from the register table (`rtl/src/registers`) by the example `registers_md` of `smmu-rtl`; a test compares it.\n\n\
         The register space is 2 x NUMPAGE pages of 4 KiB. Registers are 32 or 64 bits, little endian; a read returns the whole\n\
         aligned 64-bit word, a write takes 32-bit words by strobes. A 64-bit write over two 32-bit registers is two writes, low\n\
         word first; a 64-bit command written as two words acts on its low word. A write of part of a 32-bit word, and any\n\
         access to the page of a bank that is not there, is a configuration access fault (sGFSR.CAF). Whatever is not listed\n\
         reads as zero and ignores writes. This is the non-secure view.\n\n\
         Access: RW read and write under the mask; RO read only; WO a command, reads as zero; W1C ones clear; W1S ones set;\n\
         RESTORE ones set bits of another register, reads as zero; RAZ/WI has a name and nothing behind it.\n\n\
         Counts: groups = IDR0.NUMSMRG, banks = IDR1.NUMCB, counter groups = one for each TBU with ",
    );
    let _ = writeln!(t, "{COUNTERS_PER_GROUP} counters.");
    identification(&mut t);
    for &(space, title) in SPACES {
        let _ = write!(
            t,
            "\n## {title}\n\n| offset | name | access | bits | reset | writable | what |\n| --- | --- | --- | --- | --- | --- | --- |\n"
        );
        for id in in_space(space) {
            row(&mut t, id);
        }
        for id in in_space(space).filter(|id| !id.register().fields.is_empty()) {
            fields(&mut t, id.register());
        }
    }
    t
}

fn in_space(space: Space) -> impl Iterator<Item = RegId> {
    RegId::all().filter(move |id| id.register().space == space)
}

fn identification(t: &mut String) {
    t.push_str("\n## Values by preset\n\n| preset | IDR0 | IDR1 | IDR2 | SCTLR reset | register space |\n");
    t.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for p in PRESETS {
        let _ = writeln!(
            t,
            "| `{}` | `{:#010x}` | `{:#010x}` | `{:#010x}` | `{:#x}` | `{:#x}` |",
            p.name,
            reset_value(p, IDR0),
            reset_value(p, IDR1),
            reset_value(p, IDR2),
            p.straps.sctlr_reset,
            p.register_space()
        );
    }
}

fn row(t: &mut String, id: RegId) {
    let r = id.register();
    let end = match r.count {
        Count::Fixed(1) => String::new(),
        Count::Fixed(n) => format!(" + {}n, n < {n}", r.stride),
        Count::StreamGroups => format!(" + {}n, n < groups", r.stride),
        Count::Banks => format!(" + {}n, n < banks", r.stride),
        Count::CounterGroups => format!(" + {}n, n < counter groups", r.stride),
        Count::Counters => format!(" + {}n, n < counters", r.stride),
    };
    let access = match r.access {
        Access::ReadWrite => "RW",
        Access::ReadOnly => "RO",
        Access::WriteOnly => "WO",
        Access::WriteOneToClear => "W1C",
        Access::WriteOneToSet => "W1S",
        Access::Restore => "RESTORE",
        Access::Reserved => "RAZ/WI",
    };
    let same = |value: fn(&crate::params::Params, RegId) -> u64| {
        let first = value(&PRESETS[0], id);
        if PRESETS.iter().all(|p| value(p, id) == first) {
            hex(first)
        } else {
            "by preset".into()
        }
    };
    let reset = if r.access == Access::WriteOnly || r.access == Access::Reserved { "-".into() } else { same(reset_value) };
    let mask = if r.write_mask == 0 { "-".into() } else { same(write_mask) };
    let shared = r.shared.map_or(String::new(), |s| format!(" (state of {})", s.register().name));
    let _ =
        writeln!(t, "| `{:#05x}`{end} | {} | {access} | {} | {reset} | {mask} | {}{shared} |", r.offset, r.name, r.width, r.doc);
}

fn fields(t: &mut String, r: &Register) {
    let _ = write!(t, "\n### {}\n\n| bits | field | meaning |\n| --- | --- | --- |\n", r.name);
    for &Field { name, lsb, width, doc } in r.fields {
        let bits = if width == 1 { format!("{lsb}") } else { format!("{}:{lsb}", lsb + width - 1) };
        let _ = writeln!(t, "| {bits} | {name} | {doc} |");
    }
}

fn hex(value: u64) -> String {
    if value == 0 {
        "0".into()
    } else {
        format!("`{value:#x}`")
    }
}
