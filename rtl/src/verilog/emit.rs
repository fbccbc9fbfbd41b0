//! From a block to one Verilog text: modules merged, names made flat.

use super::module::{finish, instances, modules, normal_form, tidy, Instance, Module};
use super::ports::flat_name;
use super::token::{join, Token};
use super::{block_ports, EmitError, Port};
use crate::lint;
use crate::prelude::*;
use rust_hdl::core::check_error::{CheckError, PathedName};
use std::collections::{BTreeMap, BTreeSet};

/// What is emitted of one group of identical modules.
struct Group {
    /// Paths of the members, in order.
    members: Vec<String>,
    /// Body of the first, with flat names; instance types still stand as group numbers behind [`MARK`].
    body: Vec<Token>,
}

/// Stands before a group number in a body until the groups have names. Not legal in Verilog, so it meets no name.
const MARK: &str = "#";

/// The Verilog of a connected block, without the file header. The top module is called `top_name`; the others begin with that name.
pub fn emit_block(block: &dyn Block, top_name: &str) -> Result<String, EmitError> {
    check_all(block).map_err(|e| EmitError::Check(check_text(&e)))?;
    let findings = lint::check(block);
    if !findings.is_empty() {
        return Err(EmitError::Lint(findings.iter().map(|v| format!("  {v}")).collect::<Vec<_>>().join("\n")));
    }
    let mut defines = ModuleDefines::default();
    block.accept("top", &mut defines);
    let mut all: BTreeMap<String, Module> = modules(&defines.defines())?.into_iter().map(|m| (m.name.clone(), m)).collect();
    let known: BTreeSet<String> = all.keys().cloned().collect();
    all.values_mut().for_each(|m| tidy(m, &known));
    finish(&mut all, "top");

    let mut merger =
        Merger { modules: &all, known: &known, groups: Vec::new(), by_key: BTreeMap::new(), group_of: BTreeMap::new() };
    merger.group("top")?;
    let groups = merger.groups;
    let names = group_names(&groups, top_name)?;
    let mut text = String::new();
    for (group, name) in groups.iter().zip(&names) {
        let body: Vec<Token> = group
            .body
            .iter()
            .map(|t| match t {
                Token::Word(w) => match w.strip_prefix(MARK).and_then(|n| n.parse::<usize>().ok()) {
                    Some(number) => Token::Word(names[number].clone()),
                    None => t.clone(),
                },
                t => t.clone(),
            })
            .collect();
        text.push_str(&format!("\nmodule {name}{}endmodule\n", layout(&join(&body))));
    }
    Ok(text)
}

/// RustHDL's finding in words.
fn check_text(error: &CheckError) -> String {
    let list = |names: &mut Vec<String>| {
        names.sort();
        names.join(", ")
    };
    let shown = |p: &PathedName| format!("{}.{}", p.path, p.name).replace('$', ".");
    match error {
        CheckError::OpenSignal(open) => format!("never driven: {}", list(&mut open.values().map(shown).collect())),
        CheckError::LogicLoops(names) => format!("read before it is written: {}", list(&mut names.iter().map(shown).collect())),
        CheckError::WritesToInputs(names) => format!("an input is written: {}", list(&mut names.iter().map(shown).collect())),
    }
}

/// The ports of a block as [`emit_block`] names them.
pub fn flat_ports(block: &dyn Block) -> Vec<Port> {
    block_ports(block).into_iter().map(|p| Port { name: flat_name(&p.name), ..p }).collect()
}

struct Merger<'a> {
    modules: &'a BTreeMap<String, Module>,
    known: &'a BTreeSet<String>,
    groups: Vec<Group>,
    by_key: BTreeMap<String, usize>,
    group_of: BTreeMap<String, usize>,
}

impl Merger<'_> {
    /// The number of the group that a module belongs to; children get theirs first.
    fn group(&mut self, path: &str) -> Result<usize, EmitError> {
        if let Some(number) = self.group_of.get(path) {
            return Ok(*number);
        }
        let module = self.modules.get(path).ok_or_else(|| EmitError::Text(format!("module '{path}' is missing")))?;
        let found = instances(&module.body, self.known);
        let mut kinds = Vec::new();
        for instance in &found {
            kinds.push(self.group(&instance.kind)?);
        }
        let body = rename(module, &found, &kinds)?;
        let key = normal_form(&body);
        let next = self.groups.len();
        let number = *self.by_key.entry(key).or_insert(next);
        if number == next {
            self.groups.push(Group { members: Vec::new(), body });
        }
        self.groups[number].members.push(path.to_string());
        self.group_of.insert(path.to_string(), number);
        Ok(number)
    }
}

/// The body with flat names and group numbers for instance types. Ports of children get the flat names that the children give them.
fn rename(module: &Module, found: &[Instance], kinds: &[usize]) -> Result<Vec<Token>, EmitError> {
    let kind_at: BTreeMap<usize, usize> = found.iter().zip(kinds).map(|(i, kind)| (i.kind_at, *kind)).collect();
    let ports_at: BTreeSet<usize> = found.iter().flat_map(|i| i.ports_at.iter().copied()).collect();
    let mut flat: BTreeMap<String, String> = BTreeMap::new();
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    let own: BTreeSet<&str> = (0..module.body.len())
        .filter(|i| !kind_at.contains_key(i) && !ports_at.contains(i))
        .filter_map(|i| match &module.body[i] {
            Token::Word(w) => Some(w.as_str()),
            _ => None,
        })
        .collect();
    // Ports have no choice of name; then come names that need no change, then the rest.
    let end = module.body.iter().position(|t| *t == Token::Mark(')')).unwrap_or(0);
    let is_port = |word: &str| module.body[..end].iter().any(|t| t.is_word(word));
    let mut order: Vec<&str> = own.into_iter().collect();
    order.sort_by_key(|w| (!is_port(w), w.contains('$')));
    for word in order {
        let mut name = flat_name(word);
        if taken.contains_key(&name) && !is_port(word) {
            name = word.replace('$', "__");
        }
        if name != word && lint::is_keyword(&name) {
            return Err(EmitError::Keyword { module: module.name.clone(), name });
        }
        if let Some(other) = taken.insert(name.clone(), word.to_string()) {
            return Err(EmitError::Clash { module: module.name.clone(), first: other, second: word.to_string(), name });
        }
        flat.insert(word.to_string(), name);
    }
    let body = module.body.iter().enumerate().map(|(at, token)| match token {
        Token::Word(w) => Token::Word(match kind_at.get(&at) {
            Some(kind) => format!("{MARK}{kind}"),
            None if ports_at.contains(&at) => flat_name(w),
            None => flat[w].clone(),
        }),
        t => t.clone(),
    });
    Ok(body.collect())
}

/// Names of the groups: the path if it has one member; what the paths have in common, and the last word, if it has several;
/// flip-flops after their width.
fn group_names(groups: &[Group], top_name: &str) -> Result<Vec<String>, EmitError> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut names = Vec::new();
    for group in groups {
        let paths: Vec<Vec<&str>> = group.members.iter().map(|m| m.split('$').skip(1).collect()).collect();
        let first = &paths[0];
        let stem = match flip_flop(&group.body) {
            Some(name) => name,
            None if paths.len() == 1 => first.join("_"),
            None => {
                let common = (0..first.len()).take_while(|i| paths.iter().all(|p| p.get(*i) == first.get(*i))).count();
                let last = first.iter().rev().find(|w| !w.bytes().all(|b| b.is_ascii_digit())).copied().unwrap_or("block");
                let mut words = first[..common].to_vec();
                if words.last() != Some(&last) {
                    words.push(last);
                }
                words.join("_")
            }
        };
        let base = if stem.is_empty() { top_name.to_string() } else { format!("{top_name}_{stem}") };
        let name = (1..).map(|n| if n == 1 { base.clone() } else { format!("{base}_v{n}") }).find(|n| !taken.contains(n));
        let name = name.ok_or_else(|| EmitError::Text(format!("no name is free for '{base}'")))?;
        taken.insert(name.clone());
        names.push(name);
    }
    Ok(names)
}

/// `dff_8` for RustHDL's flip-flop of 8 bits, `dff_8_reset_3` if it starts as 3.
fn flip_flop(body: &[Token]) -> Option<String> {
    let text = normal_form(body);
    let rest = text.strip_prefix("( d , q , clock ) ; input wire ")?;
    let width = match rest.strip_prefix("[ ") {
        Some(rest) => rest.split(' ').next()?.parse::<usize>().ok()? + 1,
        None => 1,
    };
    let start = text.split("initial begin q = ").nth(1)?.split(' ').next()?.split_once("'h")?.1.to_string();
    text.ends_with("always @ ( posedge clock ) begin q < = d ; end ").then_some(())?;
    Some(if start == "0" { format!("dff_{width}") } else { format!("dff_{width}_reset_{start}") })
}

/// The text with empty lines, trailing blanks and headings of nothing gone.
fn layout(text: &str) -> String {
    let mut out = String::new();
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect();
    for (at, line) in lines.iter().enumerate() {
        let heading = line.trim_start() == "// Enums";
        if !heading || lines.get(at + 1).is_some_and(|next| next.trim_start().starts_with("localparam")) {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}
