//! What straps leave out is not printed.
//!
//! A feature that is off is a strap that is zero: conditions never hold, flip-flops keep the value that they start with, memories are
//! never read. This pass finds which bits of which signals never change, over all modules together, and what nothing needs:
//!
//! 1. Values. Every bit of every signal has the set of values that it may have, first none. Top inputs, and outputs of leaf blocks with
//!    Verilog of their own, may have any; flip-flops what they start with, and what their input may be; variables what an assignment
//!    that may be executed gives them. Sets only grow, so this ends, and a bit with one value has it in every run of the hardware.
//! 2. Rewriting. Reads of constants become literals; branches that are never taken go.
//! 3. Need. The top's outputs are needed, and what a needed signal is computed from; a leaf with a needed output needs all its inputs.
//!    Assignments, declarations, ports and instances that nothing needs go.
//!
//! RustHDL prints one module an instance, so a port and what it is connected to are one signal, whose constants hold for that instance.
//! A module with something in it that is not understood is left as it is, all its signals unknown and needed.

mod expression;
mod print;

use super::tree::{Parser, Statement};
use super::{declarations, instances, normal_form, word_at, Declared, Module};
use crate::verilog::token::{sized_number, Token};
use expression::{mask, parse, Bits, Expr, Known, Meaning};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Stands before the number of a signal among values.
const HOLD: u128 = 1 << 64;

/// A statement with its expressions read.
#[derive(Clone, Debug)]
enum Node {
    /// Target by number and name, the part of it that is written (first bit and width; `None`: one bit somewhere), place and value.
    Assign {
        target: usize,
        name: String,
        part: Option<(usize, usize)>,
        place: Expr,
        value: Expr,
    },
    If(Expr, Vec<Node>, Vec<Node>),
    /// Subject and arms, in order; no labels: `default`.
    Case(Expr, Vec<(String, Vec<Expr>, Vec<Node>)>),
}

/// What a module is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Kernels and instances only.
    Plain,
    /// RustHDL's flip-flop, with its first value.
    Register(u128),
    /// Anything else.
    Opaque,
}

/// An instance: type, name, (port, argument), and where it stands.
#[derive(Clone, Debug)]
struct Child {
    kind: String,
    name: String,
    pins: Vec<(String, String)>,
    span: Range<usize>,
}

/// A module with its signals numbered.
#[derive(Debug)]
struct Unit {
    name: String,
    kind: Kind,
    declared: BTreeMap<String, Declared>,
    names: BTreeMap<String, Meaning>,
    children: Vec<Child>,
    blocks: Vec<(Range<usize>, Vec<Node>)>,
}

/// Takes out of all modules below `top` what never happens and what nothing needs.
pub fn fold(all: &mut BTreeMap<String, Module>, top: &str) {
    let mut kept = BTreeSet::new();
    loop {
        let mut circuit = Circuit::default();
        circuit.add(all, top, &BTreeMap::new(), &kept);
        circuit.run();
        while circuit.enumerate() {}
        match circuit.rewritten(all) {
            Ok(new) => {
                *all = new;
                return;
            }
            // Nothing in it would ever be evaluated.
            Err(module) => kept.insert(module),
        };
    }
}

#[derive(Default)]
struct Circuit {
    /// Children before parents.
    units: Vec<Unit>,
    /// Units that are printed alike: they stay alike, so that they become one module.
    twins: BTreeMap<String, Vec<usize>>,
    values: Vec<Bits>,
    widths: Vec<usize>,
    /// The values of signals that are only ever given constants: states.
    few: BTreeMap<usize, BTreeSet<u128>>,
    /// Every value that an assignment gives, also one that a later assignment of the same block replaces.
    given: RefCell<BTreeMap<usize, Bits>>,
}

/// What is known at a place in a block: a signal that the block has written already has another value there than at its end.
struct Here<'a>(&'a Circuit, &'a Scope<'a>);

impl Known for Here<'_> {
    fn bits(&self, signal: usize) -> Bits {
        self.1.get(signal).unwrap_or(self.0.values[signal])
    }

    fn values(&self, signal: usize) -> Option<&BTreeSet<u128>> {
        self.0.few.get(&signal)
    }
}

/// Values of a branch over those around it.
#[derive(Default)]
struct Scope<'a> {
    around: Option<&'a Scope<'a>>,
    values: BTreeMap<usize, Bits>,
}

impl Scope<'_> {
    fn inner(&self) -> Scope<'_> {
        Scope { around: Some(self), values: BTreeMap::new() }
    }

    fn get(&self, signal: usize) -> Option<Bits> {
        self.values.get(&signal).copied().or_else(|| self.around.and_then(|a| a.get(signal)))
    }
}

impl Circuit {
    /// Numbers the signals of a module and those below it; ports have the numbers of what they are connected to.
    fn add(&mut self, all: &BTreeMap<String, Module>, name: &str, ports: &BTreeMap<String, usize>, kept: &BTreeSet<String>) {
        let Some(module) = all.get(name) else { return };
        let known: BTreeSet<String> = all.keys().cloned().collect();
        let declared = declarations(&module.body);
        let children = children(module, &known);
        let mut names = constants(&module.body);
        for (signal, Declared { width, .. }) in &declared {
            let width = width.filter(|w| *w <= 128);
            let id = ports.get(signal).copied().unwrap_or(self.values.len());
            if id == self.values.len() {
                self.values.push(if width.is_some() { Bits::default() } else { Bits::ANY });
                self.widths.push(width.unwrap_or(128));
            }
            names.insert(signal.clone(), Meaning::Signal(id, self.widths[id]));
        }
        let blocks = blocks(&module.body, &names);
        let kind = match (register(&module.body), &children, blocks) {
            (Some(start), ..) => (Kind::Register(start), Vec::new(), Vec::new()),
            (None, Some(children), Some(blocks)) if !kept.contains(name) => (Kind::Plain, children.clone(), blocks),
            (None, children, _) => (Kind::Opaque, children.clone().unwrap_or_default(), Vec::new()),
        };
        let (kind, children, blocks) = kind;
        let unit = Unit { name: name.to_string(), kind, declared, names, children, blocks };
        for child in &unit.children {
            let ports = child.pins.iter().filter_map(|(port, arg)| Some((port.clone(), unit.signal(arg)?))).collect();
            self.add(all, &child.kind, &ports, kept);
        }
        let is_top = ports.is_empty();
        for (signal, declared) in &unit.declared {
            // What comes from outside, and what is not looked into.
            let unknown = (is_top && declared.input) || (unit.kind == Kind::Opaque && !declared.input);
            if let (true, Some(id)) = (unknown, unit.signal(signal)) {
                self.values[id] = Bits::ANY;
            }
        }
        if unit.kind == Kind::Plain {
            let alike = normal_form(&module.body).replace(name, "");
            self.twins.entry(alike).or_default().push(self.units.len());
        }
        self.units.push(unit);
    }

    /// Lets the sets of values grow until they are what they are.
    fn run(&mut self) {
        let units = std::mem::take(&mut self.units);
        loop {
            let before = self.values.clone();
            for twins in self.twins.values().filter(|t| t.len() > 1) {
                for (name, _) in units[twins[0]].declared.iter().filter(|(_, d)| d.input) {
                    let all: Vec<usize> = twins.iter().filter_map(|t| units[*t].signal(name)).collect();
                    let bits = all.iter().fold(Bits::default(), |bits, id| bits.join(self.values[*id]));
                    all.into_iter().for_each(|id| self.values[id] = bits);
                }
            }
            for unit in &units {
                if let (Kind::Register(start), Some(d), Some(q)) = (unit.kind, unit.signal("d"), unit.signal("q")) {
                    self.values[q] = self.values[q].join(Bits::of(start)).join(self.values[d]);
                }
                for (_, nodes) in &unit.blocks {
                    let mut scope = Scope::default();
                    self.execute(nodes, &mut scope);
                    scope.values.into_iter().for_each(|(id, bits)| self.values[id] = self.values[id].join(bits));
                }
            }
            if self.values == before {
                // What nothing drives, or what waits for itself.
                self.values.iter_mut().zip(&self.widths).for_each(|(v, w)| *v = v.settled(*w));
                if self.values == before {
                    break;
                }
            }
        }
        self.units = units;
    }

    /// Finds the values of signals that are only ever given constants, leaving out what is given where the sets so far rule it out. True
    /// if a set is smaller than it was.
    fn enumerate(&mut self) -> bool {
        let mut given: BTreeMap<usize, Option<BTreeSet<u128>>> = BTreeMap::new();
        let mut registers = BTreeMap::new();
        for unit in &self.units {
            unit.blocks.iter().for_each(|(_, nodes)| self.constants(nodes, &mut Scope::default(), &mut given));
            if let (Kind::Register(start), Some(d), Some(q)) = (unit.kind, unit.signal("d"), unit.signal("q")) {
                registers.insert(d, (q, start));
            }
        }
        let mut few = BTreeMap::new();
        for (d, (q, start)) in registers {
            // A flip-flop's own value, given to its input, adds nothing.
            if let Some(Some(values)) = given.get(&d).cloned() {
                let holds = values.iter().filter_map(|v| v.checked_sub(HOLD)).all(|from| from == q as u128);
                if holds && self.widths[q] < 64 {
                    few.insert(q, values.into_iter().filter(|v| *v < HOLD).chain([start]).collect::<BTreeSet<u128>>());
                }
            }
        }
        let changed = few != self.few;
        self.few = few;
        changed
    }

    /// Collects the constants that each signal is given, and the signals as [`HOLD`] and their number; `None`: something else as well.
    fn constants(&self, nodes: &[Node], scope: &mut Scope, into: &mut BTreeMap<usize, Option<BTreeSet<u128>>>) {
        for node in nodes {
            let here = Here(self, scope);
            match node {
                Node::Assign { target, part, value, .. } => {
                    let all = into.entry(*target).or_insert_with(|| Some(BTreeSet::new()));
                    let whole = *part == Some((0, self.widths[*target]));
                    match (value, all.as_mut()) {
                        (Expr::Number(_, value, _), Some(all)) if whole && *value < HOLD => {
                            all.insert(*value & mask(self.widths[*target]));
                        }
                        (Expr::Name(signal, ..), Some(all)) if whole => {
                            all.insert(HOLD + *signal as u128);
                        }
                        _ => *all = None,
                    }
                }
                Node::If(condition, then, otherwise) => {
                    let (holds, fails) = condition.bits(&here).truth(condition.width());
                    for (_, nodes) in [(holds, then), (fails, otherwise)].iter().filter(|(may, _)| *may) {
                        self.constants(nodes, &mut scope.inner(), into);
                    }
                }
                Node::Case(subject, arms) => {
                    let (may, _) = taken(subject, arms, &here);
                    for ((.., nodes), _) in arms.iter().zip(may).filter(|(_, may)| *may) {
                        self.constants(nodes, &mut scope.inner(), into);
                    }
                }
            }
            self.execute(std::slice::from_ref(node), scope);
        }
    }

    fn execute(&self, nodes: &[Node], scope: &mut Scope) {
        for node in nodes {
            let here = Here(self, scope);
            match node {
                Node::Assign { target, part, value, .. } => {
                    let bits = value.bits(&here);
                    let new = match part {
                        Some((0, width)) if *width == self.widths[*target] => bits.cut(*width),
                        Some((low, width)) => here.bits(*target).replaced(*low, *width, bits),
                        None => Bits::ANY.cut(self.widths[*target]),
                    };
                    self.given.borrow_mut().entry(*target).and_modify(|all| *all = all.join(new)).or_insert(new);
                    scope.values.insert(*target, new);
                }
                Node::If(condition, then, otherwise) => {
                    let (holds, fails) = condition.bits(&here).truth(condition.width());
                    self.either(&[(holds, then), (fails, otherwise)], scope);
                }
                Node::Case(subject, arms) => {
                    let taken = taken(subject, arms, &here);
                    let mut branches: Vec<_> = arms.iter().zip(&taken.0).map(|((.., nodes), may)| (*may, nodes)).collect();
                    let none = Vec::new();
                    branches.push((taken.1, &none));
                    self.either(&branches, scope);
                }
            }
        }
    }

    /// One of the branches that may be taken; none yet: what they write has no value yet.
    fn either(&self, branches: &[(bool, &Vec<Node>)], scope: &mut Scope) {
        let mut joined: BTreeMap<usize, Bits> = BTreeMap::new();
        let mut written = BTreeSet::new();
        branches.iter().for_each(|(_, nodes)| targets(nodes, &mut written));
        for (_, nodes) in branches.iter().filter(|(may, _)| *may) {
            let mut inner = scope.inner();
            self.execute(nodes, &mut inner);
            for id in &written {
                let value = inner.get(*id).unwrap_or(self.values[*id]);
                joined.entry(*id).and_modify(|b| *b = b.join(value)).or_insert(value);
            }
        }
        written.into_iter().for_each(|id| {
            scope.values.insert(id, joined.get(&id).copied().unwrap_or_default());
        });
    }

    /// The value of a signal that never changes, not even inside a block.
    fn constant(&self, signal: usize) -> Option<u128> {
        let given = self.given.borrow().get(&signal).copied().unwrap_or_default();
        self.values[signal].join(given).value(self.widths[signal])
    }
}

impl Unit {
    fn signal(&self, name: &str) -> Option<usize> {
        match self.names.get(name) {
            Some(Meaning::Signal(id, _)) => Some(*id),
            _ => None,
        }
    }
}

/// Which arms may be taken, and whether none may.
fn taken(subject: &Expr, arms: &[(String, Vec<Expr>, Vec<Node>)], of: &dyn Known) -> (Vec<bool>, bool) {
    let mut open = subject.bits(of).truth(subject.width()) != (false, false);
    let mut may = Vec::new();
    for (_, labels, _) in arms {
        let equals = |label: &Expr| {
            let equal = Expr::Binary("==", Box::new(subject.clone()), Box::new(label.clone()));
            equal.bits(of).truth(1)
        };
        let each: Vec<(bool, bool)> = labels.iter().map(equals).collect();
        may.push(open && (labels.is_empty() || each.iter().any(|(holds, _)| *holds)));
        open &= !labels.is_empty() && each.iter().all(|(_, fails)| *fails);
    }
    (may, open)
}

fn targets(nodes: &[Node], into: &mut BTreeSet<usize>) {
    for node in nodes {
        match node {
            Node::Assign { target, .. } => {
                into.insert(*target);
            }
            Node::If(_, then, otherwise) => {
                targets(then, into);
                targets(otherwise, into);
            }
            Node::Case(_, arms) => arms.iter().for_each(|(.., nodes)| targets(nodes, into)),
        }
    }
}

/// `localparam [1:0] name = 2'h3;`: names with widths and values.
fn constants(body: &[Token]) -> BTreeMap<String, Meaning> {
    let text = normal_form(body);
    let words: Vec<&str> = text.split("localparam ").skip(1).filter_map(|rest| rest.split(" ;").next()).collect();
    let read = |text: &&str| {
        let (left, value) = text.split_once(" = ")?;
        let (width, value) = sized_number(value).or_else(|| Some((32, value.parse().ok()?)))?;
        Some((left.rsplit(' ').next()?.to_string(), Meaning::Constant(width, value)))
    };
    words.iter().filter_map(read).collect()
}

/// The first value, if it is RustHDL's flip-flop.
fn register(body: &[Token]) -> Option<u128> {
    let text = normal_form(body);
    let rest = text.strip_prefix("( d , q , clock ) ; ")?.split_once("initial begin q = ")?.1;
    let (start, rest) = rest.split_once(" ; end ")?;
    (rest.trim() == "always @ ( posedge clock ) begin q < = d ; end").then_some(())?;
    Some(sized_number(start)?.1)
}

/// The instances; `None` if an argument is not a name.
fn children(module: &Module, known: &BTreeSet<String>) -> Option<Vec<Child>> {
    let body = &module.body;
    let solid: Vec<usize> = (0..body.len()).filter(|i| !body[*i].is_blank()).collect();
    let after = |at: usize, n: usize| solid.get(solid.binary_search(&at).ok()? + n).copied();
    let read = |found: super::Instance| {
        let pin = |port: &usize| {
            let arg = word_at(body, after(*port, 2))?;
            (body[after(*port, 3)?] == Token::Mark(')')).then(|| (body[*port].text(), arg.to_string()))
        };
        let pins = found.ports_at.iter().map(pin).collect::<Option<Vec<_>>>()?;
        let end = solid.iter().copied().find(|i| *i > found.kind_at && body[*i] == Token::Mark(';'))?;
        let name = word_at(body, after(found.kind_at, 1))?.to_string();
        Some(Child { kind: found.kind, name, pins, span: found.kind_at..end + 1 })
    };
    instances(body, known).into_iter().map(read).collect()
}

/// The combinational blocks; `None` if there is something else.
fn blocks(body: &[Token], names: &BTreeMap<String, Meaning>) -> Option<Vec<(Range<usize>, Vec<Node>)>> {
    let mut parser = Parser::new(body);
    let mut found = Vec::new();
    while let Some((span, statements)) = parser.next_block() {
        found.push((span, statements.iter().map(|s| node(s, names)).collect::<Option<Vec<_>>>()?));
    }
    let other = ["always", "assign", "initial", "function", "task", "generate", "integer"];
    let inside = |at: usize| found.iter().any(|(span, _)| span.contains(&at));
    let strange = (0..body.len()).any(|at| other.iter().any(|word| body[at].is_word(word)) && !inside(at));
    (!strange).then_some(found)
}

fn node(statement: &Statement, names: &BTreeMap<String, Meaning>) -> Option<Node> {
    let all = |list: &[Statement]| list.iter().map(|s| node(s, names)).collect::<Option<Vec<_>>>();
    Some(match statement {
        Statement::Assign { target, text, .. } => {
            let Some(Meaning::Signal(id, width)) = names.get(target) else { return None };
            let (place, value) = text.trim_end_matches(';').split_once('=')?;
            let place = parse(place, names);
            let part = match &place {
                Expr::Name(..) => Some((0, *width)),
                Expr::Slice { low, width, .. } => Some((*low, *width)),
                _ => None,
            };
            Node::Assign { target: *id, name: target.clone(), part, place, value: parse(value.trim(), names) }
        }
        Statement::If { condition, then, otherwise, .. } => Node::If(parse(condition, names), all(then)?, all(otherwise)?),
        Statement::Case { subject, arms, .. } => {
            let arm = |(label, list): &(String, Vec<Statement>)| {
                let labels = match label.trim() {
                    "default" => Vec::new(),
                    label => label.split(',').map(|l| parse(l, names)).collect(),
                };
                Some((label.clone(), labels, all(list)?))
            };
            Node::Case(parse(subject, names), arms.iter().map(arm).collect::<Option<Vec<_>>>()?)
        }
    })
}

#[cfg(test)]
mod tests;
