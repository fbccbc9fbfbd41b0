//! Mutations: what Yosys writes about them, and which are taken.

use super::rules::Rules;
use anyhow::{bail, Context};
use std::fmt;

/// One mutation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// What the command that makes it says after the name of its select input.
    pub command: String,
    /// `inv`, `const0`, `const1`, `cnot0`, `cnot1`.
    pub mode: String,
    /// The instance that it is in: `translate.walker`.
    pub module: String,
    /// Cell as Yosys calls it, without file and line: `$and`.
    pub cell: String,
    /// Port of the cell and bit of it: `A[3]`; and the bit that decides about it, if one does: `A[3] by [5]`.
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

/// Ports that mean nothing: a gated clock is another design, and memories here are read without a clock, so that their ports for reading
/// have no use for enable and reset.
const NO_LOGIC: [&str; 9] = ["clock", "aclk", "CLK", "WR_CLK", "RD_CLK", "RD_EN", "RD_ARST", "RD_SRST", "RD_TRANSPARENT"];

/// The mutations that Yosys has drawn, in its order.
pub fn parse(lines: &str, verilog: &str) -> anyhow::Result<Vec<Mutation>> {
    let source: Vec<&str> = verilog.lines().map(str::trim).collect();
    let all = lines.lines().filter(|line| line.starts_with("mutate ")).map(|line| Mutation::parse(line, &source));
    let logic = |mutation: &Mutation| !NO_LOGIC.contains(&mutation.port.split('[').next().unwrap_or_default());
    all.filter(|mutation| mutation.as_ref().map_or(true, logic)).collect()
}

/// The mutations that are tried, and how many were left out for which reason.
#[derive(Debug, Default)]
pub struct Choice {
    /// Numbered from 1 in this order.
    pub taken: Vec<Mutation>,
    /// Reasons and counts.
    pub left_out: Vec<(String, usize)>,
    /// Rules that leave out none of the drawn ones.
    pub unused: Vec<String>,
}

/// Takes `count` of the drawn mutations: not those that `idle` says nothing depends on, and not those that a rule calls equivalent.
pub fn choose(drawn: Vec<Mutation>, idle: &[bool], rules: &Rules, count: usize) -> anyhow::Result<Choice> {
    let mut choice = Choice::default();
    let mut leave_out = |reason: String| match choice.left_out.iter_mut().find(|(known, _)| *known == reason) {
        Some((_, count)) => *count += 1,
        None => choice.left_out.push((reason, 1)),
    };
    for (mutation, idle) in drawn.into_iter().zip(idle) {
        if choice.taken.len() == count {
            break;
        }
        match rules.equivalent(&mutation) {
            _ if *idle => leave_out("no pin depends on it, as Yosys finds".to_string()),
            Some(rule) => leave_out(rule.to_string()),
            None => choice.taken.push(mutation),
        }
    }
    if choice.taken.len() < count {
        bail!("only {} of the drawn mutations are left, not {count}", choice.taken.len());
    }
    Ok(choice)
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
            command: format!("-mode {}", line.split_once(" -mode ").with_context(|| format!("no mode in '{line}'"))?.1),
            mode: need("-mode")?,
            module,
            cell,
            wire: option("-wire").map_or(String::new(), |wire| match option("-wirebit") {
                Some(bit) => format!("{wire}[{bit}]"),
                None => wire,
            }),
            port: match option("-ctrlbit") {
                Some(bit) => format!("{}[{}] by [{bit}]", need("-port")?, need("-portbit")?),
                None => format!("{}[{}]", need("-port")?, need("-portbit")?),
            },
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

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "mutate -ctrl mutsel 12 1 -mode const1 -module smmu -cell $flatten\\a.\\b.$or$smmu_mini.v:2$20 -port Y -portbit 5 -wire a.b.w -wirebit 5 -src smmu_mini.v:1.3-1.9 -src smmu_mini.v:2.3-2.9 -src smmu_mini.v:1.1-3.9\n\
        mutate -ctrl mutsel 12 2 -mode inv -module smmu -cell $auto$ff.cc:266:slice$2 -port CLK -portbit 0 -src smmu_mini.v:1.1-1.2\n\
        mutate -ctrl mutsel 12 3 -mode cnot1 -module smmu -cell $auto$ff.cc:266:slice$3 -port Q -portbit 0 -ctrlbit 7 -wire c.q -wirebit 0 -src smmu_mini.v:1.1-1.2\n";
    const SOURCE: &str = "wire w;\n  assign w = a | b;\n";

    #[test]
    fn mutations_are_read_and_named_without_clocks() {
        let drawn = parse(LINES, SOURCE).expect("they are read");
        assert_eq!(drawn.len(), 2, "one is at a clock");
        assert_eq!(drawn[0].to_string(), "const1 Y[5] in a.b $or, a.b.w[5], line 2: assign w = a | b;");
        assert_eq!(drawn[1].to_string(), "cnot1 Q[0] by [7] in c register, c.q[0], line 1: wire w;");
        assert!(drawn[1].command.starts_with("-mode cnot1 -module smmu -cell $auto$ff.cc:266:slice$3 "), "{}", drawn[1].command);
    }

    #[test]
    fn what_cannot_be_seen_is_left_out_and_counted() {
        let drawn = || parse(LINES, SOURCE).expect("they are read");
        let none = Rules::parse("").expect("no rules");
        let rule = Rules::parse("equivalent c *: c leads nowhere\n").expect("a rule");
        let names = |choice: &Choice| choice.taken.iter().map(|m| m.module.clone()).collect::<Vec<_>>();
        let choice = choose(drawn(), &[false, false], &none, 1).expect("enough");
        assert_eq!((names(&choice), choice.left_out.len()), (vec!["a.b".to_string()], 0));
        let choice = choose(drawn(), &[true, false], &none, 1).expect("enough");
        assert_eq!((names(&choice), choice.left_out[0].1), (vec!["c".to_string()], 1));
        assert!(choose(drawn(), &[true, false], &rule, 1).is_err(), "none is left");
    }
}
