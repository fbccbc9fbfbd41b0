//! Mutations: how Yosys is asked for them, what it writes, which are taken, and why some cannot be noticed.

use anyhow::{bail, Context};
use std::fmt;
use std::path::Path;

/// Name of the select input.
const SELECT: &str = "mutsel";

/// The script that draws mutations: `list.txt`, and the design as it stands in `base.il`.
pub fn draw(count: usize, seed: u32, select_bits: usize) -> String {
    format!(
        "read_verilog smmu_mini.v\n\
         hierarchy -check -top smmu\n\
         proc\n\
         flatten\n\
         opt -full\n\
         memory_collect\n\
         wreduce\n\
         opt_clean -purge\n\
         opt -full\n\
         opt_clean -purge\n\
         write_ilang base.il\n\
         mutate -list {count} -seed {seed} -o list.txt -ctrl {SELECT} {select_bits} 1\n"
    )
}

/// The script that puts them into one netlist, `mutated.v`.
pub fn apply(mutations: &[Mutation]) -> String {
    let mut text = "read_ilang base.il\n".to_string();
    for mutation in mutations {
        text.push_str(&mutation.command);
        text.push('\n');
    }
    text + "hierarchy -check -top smmu\nopt_clean\nwrite_verilog -noattr mutated.v\n"
}

/// One mutation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// The command that makes it, with its number.
    command: String,
    /// `inv`, `const0`, `const1`, `cnot0`, `cnot1`.
    pub mode: String,
    /// The instance that it is in: `translate.walker`.
    pub module: String,
    /// Cell as Yosys calls it, without file and line: `$and`.
    pub cell: String,
    /// Port of the cell and bit of it.
    pub port: String,
    /// The bit of a wire that it is at, where Yosys knows one.
    pub wire: String,
    /// The line of the Verilog that it is in, and its number.
    pub text: String,
    line: usize,
}

impl fmt::Display for Mutation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mutation { mode, module, cell, port, wire, text, line, .. } = self;
        let wire = if wire.is_empty() { String::new() } else { format!(", {wire}") };
        write!(out, "{mode} {port} in {module} {cell}{wire}, line {line}: {text}")
    }
}

/// Takes `count` of the mutations that Yosys has drawn, and numbers them from 1.
pub fn choose(lines: &str, verilog: &str, count: usize, select_bits: usize) -> anyhow::Result<Vec<Mutation>> {
    let source: Vec<&str> = verilog.lines().map(str::trim).collect();
    let mut chosen = Vec::new();
    for line in lines.lines().filter(|line| line.starts_with("mutate ")) {
        let mut mutation = Mutation::parse(line, &source)?;
        let port = mutation.port.split('[').next().unwrap_or_default();
        if matches!(port, "clock" | "aclk" | "CLK" | "WR_CLK" | "RD_CLK") || chosen.len() == count {
            continue;
        }
        let (_, rest) = line.split_once(" -mode ").context("a mutation without a mode")?;
        mutation.command = format!("mutate -ctrl {SELECT} {select_bits} {} -mode {rest}", chosen.len() + 1);
        chosen.push(mutation);
    }
    if chosen.len() < count {
        bail!("Yosys has drawn only {} mutations of {count}", chosen.len());
    }
    Ok(chosen)
}

impl Mutation {
    fn parse(line: &str, source: &[&str]) -> anyhow::Result<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let option = |name: &str| words.windows(2).find(|pair| pair[0] == name).map(|pair| pair[1].to_string());
        let need = |name: &str| option(name).with_context(|| format!("no {name} in '{line}'"));
        let line_number = place(&words);
        let name = need("-cell")?;
        let module = instance(&name, option("-wire").as_deref());
        let last = split(&name).map_or(name.as_str(), |(_, cell)| cell);
        let cell = if name.starts_with("$auto") { "register".to_string() } else { kind(last) };
        let text = line_number.checked_sub(1).and_then(|n| source.get(n)).copied().unwrap_or_default().to_string();
        Ok(Mutation {
            command: line.to_string(),
            mode: need("-mode")?,
            module,
            cell,
            wire: option("-wire").map_or(String::new(), |wire| match option("-wirebit") {
                Some(bit) => format!("{wire}[{bit}]"),
                None => wire,
            }),
            port: format!("{}[{}]", need("-port")?, need("-portbit")?),
            text,
            line: line_number,
        })
    }
}

/// The line of the source that the mutation is in: of the places that Yosys names, the last that is within one line; the others are of
/// instances around it, or of a wire's declaration.
fn place(words: &[&str]) -> usize {
    let places = words.windows(2).filter(|pair| pair[0] == "-src").filter_map(|pair| {
        let (_, span) = pair[1].rsplit_once(':')?;
        let (first, last) = span.split_once('-')?;
        let line = |at: &str| at.split('.').next()?.parse::<usize>().ok();
        Some((line(first)?, line(last)?))
    });
    let places: Vec<(usize, usize)> = places.collect();
    let within = places.iter().rev().find(|(first, last)| first == last);
    within.or(places.last()).map_or(0, |(first, _)| *first)
}

/// The instance of a cell: `$flatten\translate.\walker.$and..` is in `translate.walker`; a register that Yosys has put together is where its
/// wire is.
fn instance(cell: &str, wire: Option<&str>) -> String {
    let path = cell.strip_prefix("$flatten").and_then(split).map(|(path, _)| path.replace('\\', ""));
    let of_wire = wire.and_then(|wire| wire.rsplit_once('.')).map(|(path, _)| path.to_string());
    path.or(of_wire).unwrap_or_else(|| "smmu".to_string())
}

/// Path and cell. The names of cells that Yosys has made hold a file name, with a dot of its own.
fn split(name: &str) -> Option<(&str, &str)> {
    match name.rfind(".$") {
        Some(at) => Some((&name[..at], &name[at + 1..])),
        None => name.rsplit_once('.'),
    }
}

/// The kind of a cell: `$and` of `$and$smmu_mini.v:4001$1869`.
fn kind(cell: &str) -> String {
    match cell.strip_prefix('$').and_then(|rest| rest.split('$').next()) {
        Some(kind) => format!("${kind}"),
        None => cell.to_string(),
    }
}

/// Why mutations cannot be noticed: lines `MODULE PATTERN: reason`, where the pattern is of `MODE PORT CELL WIRE TEXT` and `*` stands
/// for any text.
#[derive(Debug, Default)]
pub struct Rules(Vec<(String, String, String)>);

impl Rules {
    /// Reads the file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    /// Reads the lines of the file.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let rules = lines.map(|line| {
            let (what, reason) = line.rsplit_once(": ").with_context(|| format!("no reason in '{line}'"))?;
            let (module, pattern) = what.split_once(' ').with_context(|| format!("no pattern in '{line}'"))?;
            Ok((module.to_string(), pattern.to_string(), reason.to_string()))
        });
        rules.collect::<anyhow::Result<_>>().map(Rules)
    }

    /// Why the mutation cannot be noticed.
    pub fn reason(&self, mutation: &Mutation) -> Option<&str> {
        let Mutation { mode, module, cell, port, wire, text, .. } = mutation;
        let name = format!("{mode} {port} {cell} {wire} {text}");
        self.0.iter().find(|(m, pattern, _)| glob(m, module) && glob(pattern, &name)).map(|(_, _, reason)| reason.as_str())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "mutate -ctrl mutsel 12 1 -mode const1 -module smmu -cell $flatten\\a.\\b.$or$smmu_mini.v:2$20 -port Y -portbit 5 -wire a.b.w -wirebit 5 -src smmu_mini.v:1.3-1.9 -src smmu_mini.v:2.3-2.9 -src smmu_mini.v:1.1-3.9\n\
        mutate -ctrl mutsel 12 2 -mode inv -module smmu -cell $auto$ff.cc:266:slice$2 -port CLK -portbit 0 -src smmu_mini.v:1.1-1.2\n\
        mutate -ctrl mutsel 12 3 -mode inv -module smmu -cell $auto$ff.cc:266:slice$3 -port Q -portbit 0 -wire c.q -wirebit 0 -src smmu_mini.v:1.1-1.2\n";
    const SOURCE: &str = "wire w;\n  assign w = a | b;\n";

    #[test]
    fn mutations_are_read_numbered_and_named_without_clocks() {
        let chosen = choose(LINES, SOURCE, 2, 12).expect("two are left");
        assert_eq!(chosen[0].to_string(), "const1 Y[5] in a.b $or, a.b.w[5], line 2: assign w = a | b;");
        assert_eq!(chosen[1].to_string(), "inv Q[0] in c register, c.q[0], line 1: wire w;");
        let script = apply(&chosen);
        assert!(script.contains("\nmutate -ctrl mutsel 12 2 -mode inv -module smmu -cell $auto$ff.cc:266:slice$3 "), "{script}");
        assert!(!script.contains("-port CLK"));
        assert!(choose(LINES, SOURCE, 3, 12).is_err(), "a third one was left out");
    }

    #[test]
    fn rules_name_module_and_mutation() {
        let chosen = choose(LINES, SOURCE, 2, 12).expect("two are left");
        let rules = Rules::parse("# why\n\na.* const1 Y[*] $or a.b.w[5] assign w =*: a is never alone\n").expect("a rule");
        assert_eq!(rules.reason(&chosen[0]), Some("a is never alone"));
        assert_eq!(rules.reason(&chosen[1]), None);
        assert!(Rules::parse("m x").is_err());
    }
}
