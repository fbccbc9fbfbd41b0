//! The emitted modules as one: variables, wires, clocked and initial statements, all with names that begin with the instance's path.

use super::super::token::Token;
use super::statement::{Reader, Statement};
use std::collections::{BTreeMap, BTreeSet};

/// A variable, or a port of the top module.
#[derive(Clone, Debug)]
pub struct Variable {
    /// `[7:0]`, or nothing.
    pub range: String,
    /// `[0:15]` of a memory, or nothing.
    pub memory: String,
    /// A port of the top module; true for an input.
    pub port: Option<bool>,
    /// A loop's variable.
    pub integer: bool,
}

/// Statements that belong together.
#[derive(Clone, Debug)]
pub struct Part {
    /// What they do.
    pub statement: Statement,
    /// Variables that they assign.
    pub writes: BTreeSet<String>,
    /// Variables that they read; of a wire, without those that it writes.
    pub reads: BTreeSet<String>,
    /// The instance that they come from: names joined by `$`.
    pub path: String,
}

/// The flat module.
#[derive(Clone, Debug, Default)]
pub struct Flat {
    /// Ports of the top module, in order.
    pub ports: Vec<String>,
    /// By name.
    pub variables: BTreeMap<String, Variable>,
    /// `localparam`s, without that word.
    pub constants: Vec<String>,
    /// What is combinational, as blocking assignments.
    pub wires: Vec<Part>,
    /// What happens at the clock edge.
    pub clocked: Vec<Part>,
    /// What happens once.
    pub initial: Vec<Statement>,
}

/// A module as it stands in the text.
struct Source {
    ports: Vec<String>,
    items: Vec<Item>,
}

enum Item {
    Declaration { name: String, variable: Variable },
    Constant { range: String, name: String, value: Vec<Token> },
    Wire(Statement),
    Clocked(Statement),
    Initial(Statement),
    Instance { kind: String, name: String, ports: Vec<(String, String)> },
}

/// The text's module `top` with all that is in it.
pub fn flatten(text: &str, top: &str) -> Result<Flat, String> {
    let sources = sources(text)?;
    let mut flat = Flat::default();
    place(&sources, top, "", &BTreeMap::new(), &mut flat)?;
    flat.ports = sources[top].ports.clone();
    let variables = &flat.variables;
    let is_variable = |name: &String| variables.get(name).is_some_and(|v| !v.integer);
    for part in flat.wires.iter_mut().chain(&mut flat.clocked) {
        part.writes.retain(is_variable);
        part.reads.retain(is_variable);
    }
    for part in &mut flat.wires {
        part.reads = part.reads.difference(&part.writes).cloned().collect();
    }
    Ok(flat)
}

/// Puts an instance of a module into the flat one. `given` has what its ports are connected to.
fn place(
    sources: &BTreeMap<String, Source>,
    kind: &str,
    path: &str,
    given: &BTreeMap<String, String>,
    flat: &mut Flat,
) -> Result<(), String> {
    let source = sources.get(kind).ok_or_else(|| format!("there is no module '{kind}'"))?;
    let below = |name: &str| if path.is_empty() { name.to_string() } else { format!("{path}${name}") };
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    for item in &source.items {
        let (Item::Declaration { name, .. } | Item::Constant { name, .. }) = item else { continue };
        names.insert(name, given.get(name).cloned().unwrap_or_else(|| below(name)));
    }
    let rename = |name: &str| names.get(name).cloned().unwrap_or_else(|| name.to_string());
    let part = |statement: &Statement| {
        let statement = statement.renamed(&rename);
        let (mut writes, mut reads) = (BTreeSet::new(), BTreeSet::new());
        statement.names(&mut writes, &mut reads);
        Part { statement, writes, reads, path: path.to_string() }
    };
    for item in &source.items {
        match item {
            Item::Declaration { name, .. } if given.contains_key(name) => {}
            Item::Declaration { name, variable } => {
                let port = variable.port.filter(|_| path.is_empty());
                flat.variables.insert(rename(name), Variable { port, ..variable.clone() });
            }
            Item::Constant { range, name, value } => {
                let value: String = value.iter().map(|t| if let Token::Word(w) = t { rename(w) } else { t.text() }).collect();
                flat.constants.push(format!("{range} {} = {value}", rename(name)));
            }
            Item::Wire(statement) => flat.wires.extend(split(statement).iter().map(part)),
            Item::Clocked(statement) => flat.clocked.push(part(statement)),
            Item::Initial(statement) => flat.initial.push(statement.renamed(&rename)),
            Item::Instance { kind, name, ports } => {
                let given = ports.iter().map(|(port, net)| (port.clone(), rename(net))).collect();
                place(sources, kind, &below(name), &given, flat)?;
            }
        }
    }
    Ok(())
}

/// A block cut into what has variables in common, or reads one before another statement writes it.
fn split(statement: &Statement) -> Vec<Statement> {
    let Statement::Block(inner) = statement else { return vec![statement.clone()] };
    let mut names: Vec<(BTreeSet<String>, BTreeSet<String>)> = Vec::new();
    let mut root: Vec<usize> = (0..inner.len()).collect();
    for (later, statement) in inner.iter().enumerate() {
        let (mut writes, mut reads) = (BTreeSet::new(), BTreeSet::new());
        statement.names(&mut writes, &mut reads);
        for (earlier, (other_writes, other_reads)) in names.iter().enumerate() {
            if !writes.is_disjoint(other_writes) || !writes.is_disjoint(other_reads) {
                let (from, to) = (root[later].max(root[earlier]), root[later].min(root[earlier]));
                root.iter_mut().filter(|r| **r == from).for_each(|r| *r = to);
            }
        }
        names.push((writes, reads));
    }
    let firsts: BTreeSet<usize> = root.iter().copied().collect();
    let part = |first: &usize| inner.iter().zip(&root).filter(|(_, r)| *r == first).map(|(s, _)| s.clone()).collect();
    firsts.iter().map(part).map(Statement::Block).collect()
}

fn sources(text: &str) -> Result<BTreeMap<String, Source>, String> {
    let mut reader = Reader::new(text);
    let mut found = BTreeMap::new();
    while !reader.ended() {
        reader.word("module")?;
        let name = reader.name()?;
        let ports = reader.enclosed('(', ')')?.iter().filter(|t| matches!(t, Token::Word(_))).map(Token::text).collect();
        reader.mark(';')?;
        let mut items = Vec::new();
        while !reader.is_word("endmodule") {
            item(&mut reader, &mut items)?;
        }
        reader.word("endmodule")?;
        found.insert(name, Source { ports, items });
    }
    Ok(found)
}

fn range(reader: &mut Reader) -> Result<String, String> {
    if !reader.is_mark('[') {
        return Ok(String::new());
    }
    let inner: String = reader.enclosed('[', ']')?.iter().map(Token::text).collect();
    Ok(format!("[{inner}]"))
}

fn item(reader: &mut Reader, out: &mut Vec<Item>) -> Result<(), String> {
    let word = reader.name()?;
    match word.as_str() {
        "input" | "output" | "wire" | "reg" | "integer" => declaration(reader, &word, out),
        "localparam" => {
            let (range, name) = (range(reader)?, reader.name()?);
            reader.mark('=')?;
            let value = reader.until(&[';'])?;
            out.push(Item::Constant { range, name, value });
            reader.mark(';')
        }
        "assign" => {
            out.push(Item::Wire(reader.statement()?));
            Ok(())
        }
        "initial" => {
            out.push(Item::Initial(reader.statement()?));
            Ok(())
        }
        "always" => {
            reader.mark('@')?;
            let when = reader.enclosed('(', ')')?;
            let statement = reader.statement()?;
            match &when[..] {
                [Token::Mark('*')] => out.push(Item::Wire(statement)),
                [edge, Token::Word(_)] if edge.is_word("posedge") => out.push(Item::Clocked(statement)),
                _ => return Err("an 'always' is neither combinational nor at one edge".to_string()),
            }
            Ok(())
        }
        _ => instance(reader, word, out),
    }
}

/// `input wire [7:0] a;`, `reg [7:0] m [0:15], n;`, `wire b = c;`, from behind the first word.
fn declaration(reader: &mut Reader, word: &str, out: &mut Vec<Item>) -> Result<(), String> {
    let port = match word {
        "input" => Some(true),
        "output" => Some(false),
        _ => None,
    };
    if port.is_some() && (reader.is_word("wire") || reader.is_word("reg")) {
        reader.name()?;
    }
    let width = range(reader)?;
    loop {
        let name = reader.name()?;
        let variable = Variable { range: width.clone(), memory: range(reader)?, port, integer: word == "integer" };
        out.push(Item::Declaration { name: name.clone(), variable });
        if reader.is_mark('=') {
            reader.mark('=')?;
            let value = reader.until(&[',', ';'])?;
            out.push(Item::Wire(Statement::Assign { target: vec![Token::Word(name)], delayed: false, value }));
        }
        if reader.is_mark(';') {
            return reader.mark(';');
        }
        reader.mark(',')?;
    }
}

fn instance(reader: &mut Reader, kind: String, out: &mut Vec<Item>) -> Result<(), String> {
    let name = reader.name()?;
    let list = reader.enclosed('(', ')')?;
    reader.mark(';')?;
    let mut ports = Vec::new();
    for port in list.split(|t| *t == Token::Mark(',')) {
        let [Token::Mark('.'), Token::Word(port), Token::Mark('('), Token::Word(net), Token::Mark(')')] = port else {
            return Err(format!("instance '{name}' of '{kind}' has a port that is connected to something other than one net"));
        };
        ports.push((port.clone(), net.clone()));
    }
    out.push(Item::Instance { kind, name, ports });
    Ok(())
}
