//! What is left of the modules when constants and need are known.

use super::super::tree::{print, Statement};
use super::super::{declarations, splice, Module};
use super::{taken, targets, Circuit, Expr, Here, Kind, Node, Scope, Unit};
use crate::verilog::token::Token;
use std::collections::{BTreeMap, BTreeSet};

/// Which signals each signal is computed from.
type Sources = BTreeMap<usize, BTreeSet<usize>>;

impl Circuit {
    /// The modules that are left. The error is the name of one in which nothing that varies is read.
    pub(super) fn rewritten(&self, all: &BTreeMap<String, Module>) -> Result<BTreeMap<String, Module>, String> {
        let simple: Vec<Vec<Vec<Node>>> = self
            .units
            .iter()
            .map(|u| u.blocks.iter().map(|(_, nodes)| self.simplified(nodes, &mut Scope::default())).collect())
            .collect();
        let needed = self.needed(&simple);
        let mut out = all.clone();
        let mut ports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (at, (unit, blocks)) in self.units.iter().zip(&simple).enumerate() {
            let is_top = at + 1 == self.units.len();
            if !is_top && unit.outputs().is_some_and(|mut outputs| outputs.all(|id| !needed.contains(&id))) {
                out.remove(&unit.name);
            } else {
                let kept = match (unit.kind, out.get_mut(&unit.name)) {
                    (Kind::Plain, Some(module)) => self.rewrite(module, unit, blocks, &needed, &ports, is_top)?,
                    _ => unit.declared.keys().cloned().collect(),
                };
                ports.insert(unit.name.clone(), kept);
            }
        }
        Ok(out)
    }

    /// Without branches that are never taken, and without assignments to constants.
    fn simplified(&self, nodes: &[Node], scope: &mut Scope) -> Vec<Node> {
        let mut out = Vec::new();
        for node in nodes {
            let here = Here(self, scope);
            match node {
                Node::Assign { target, .. } if self.constant(*target).is_some() => {}
                Node::Assign { target, name, part, place, value } => {
                    let place = match place {
                        Expr::Element(..) => place.simple(&here),
                        place => place.clone(),
                    };
                    out.push(Node::Assign {
                        target: *target,
                        name: name.clone(),
                        part: *part,
                        place,
                        value: value.simple(&here),
                    });
                }
                Node::If(condition, then, otherwise) => match condition.bits(&here).truth(condition.width()) {
                    (true, false) => out.extend(self.simplified(then, &mut scope.inner())),
                    (false, true) => out.extend(self.simplified(otherwise, &mut scope.inner())),
                    _ => out.push(Node::If(
                        condition.simple(&here),
                        self.simplified(then, &mut scope.inner()),
                        self.simplified(otherwise, &mut scope.inner()),
                    )),
                },
                Node::Case(subject, arms) => {
                    let (may, open) = taken(subject, arms, &here);
                    let mut left: Vec<_> = arms.iter().zip(may).filter(|(_, may)| *may).map(|(arm, _)| arm).collect();
                    if let (1, false) = (left.len(), open) {
                        left.drain(..).for_each(|(.., nodes)| out.extend(self.simplified(nodes, &mut scope.inner())));
                    } else {
                        let arm = |(label, labels, nodes): &(String, Vec<Expr>, Vec<Node>)| {
                            (label.clone(), labels.clone(), self.simplified(nodes, &mut scope.inner()))
                        };
                        out.push(Node::Case(subject.simple(&here), left.into_iter().map(arm).collect()));
                    }
                }
            }
            self.execute(std::slice::from_ref(node), scope);
        }
        out
    }

    /// The signals that the top's ports are computed from.
    fn needed(&self, simple: &[Vec<Vec<Node>>]) -> BTreeSet<usize> {
        let mut sources = Sources::new();
        let mut open: Vec<usize> = Vec::new();
        for (at, (unit, blocks)) in self.units.iter().zip(simple).enumerate() {
            blocks.iter().for_each(|nodes| collect(nodes, &mut Vec::new(), &mut sources));
            let mine: BTreeSet<usize> = unit.declared.keys().filter_map(|name| unit.signal(name)).collect();
            match unit.outputs() {
                Some(outputs) if at + 1 < self.units.len() => {
                    if unit.kind != Kind::Plain {
                        outputs.for_each(|id| sources.entry(id).or_default().extend(&mine));
                    }
                }
                // A module that is not understood needs all that it has.
                _ if unit.kind != Kind::Plain => open.extend(mine),
                _ => open.extend(unit.ports().filter_map(|name| unit.signal(name))),
            }
        }
        for twins in self.twins.values().filter(|t| t.len() > 1) {
            for (name, _) in self.units[twins[0]].declared.iter().filter(|(_, d)| d.output) {
                let all: BTreeSet<usize> = twins.iter().filter_map(|t| self.units[*t].signal(name)).collect();
                all.iter().for_each(|id| sources.entry(*id).or_default().extend(&all));
            }
        }
        let mut needed = BTreeSet::new();
        while let Some(id) = open.pop() {
            if needed.insert(id) {
                open.extend(sources.get(&id).into_iter().flatten());
            }
        }
        needed
    }

    /// Rewrites a module whose children are done; the ports that it keeps.
    fn rewrite(
        &self,
        module: &mut Module,
        unit: &Unit,
        blocks: &[Vec<Node>],
        needed: &BTreeSet<usize>,
        ports: &BTreeMap<String, BTreeSet<String>>,
        is_top: bool,
    ) -> Result<BTreeSet<String>, String> {
        let mut replace = Vec::new();
        for child in &unit.children {
            let text = ports.get(&child.kind).map_or(String::new(), |kept| {
                let pins: Vec<String> =
                    child.pins.iter().filter(|(p, _)| kept.contains(p)).map(|(p, a)| format!("        .{p}({a})")).collect();
                format!("{} {}(\n{}\n    );", child.kind, child.name, pins.join(",\n"))
            });
            replace.push((child.span.start, child.span.end - 1, text));
        }
        for ((span, before), nodes) in unit.blocks.iter().zip(blocks) {
            let mut written = BTreeSet::new();
            targets(before, &mut written);
            let mut statements = statements(nodes, needed);
            let mut reads = Sources::new();
            collect(nodes, &mut Vec::new(), &mut reads);
            let awake = reads.iter().any(|(target, from)| needed.contains(target) && !from.is_empty());
            for id in written.iter().rev().filter(|id| needed.contains(id)) {
                let (Some(value), Some(name)) = (self.constant(*id), name_of(before, *id)) else { continue };
                let text = format!("{name} = {}'h{value:x};", self.widths[*id]);
                statements.insert(0, Statement::Assign { target: name, reads: Vec::new(), text });
            }
            if !awake && !statements.is_empty() {
                return Err(unit.name.clone());
            }
            let mut text = String::new();
            if !statements.is_empty() {
                text.push_str("always @(*) begin\n");
                print(&statements, 2, &mut text);
                text.push_str("    end\n");
            }
            replace.push((span.start, span.end - 1, text));
        }
        replace.sort();
        splice(module, replace);
        Ok(undeclare(module, unit, needed, is_top))
    }
}

impl Unit {
    fn ports(&self) -> impl Iterator<Item = &String> {
        self.declared.iter().filter(|(_, d)| d.input || d.output).map(|(name, _)| name)
    }

    /// The numbers of the outputs, if there are any.
    fn outputs(&self) -> Option<impl Iterator<Item = usize> + '_> {
        let ids: Vec<usize> = self.declared.iter().filter(|(_, d)| d.output).filter_map(|(name, _)| self.signal(name)).collect();
        (!ids.is_empty()).then_some(ids.into_iter())
    }
}

/// Takes out declarations of what is not there any more; the ports that are left.
fn undeclare(module: &mut Module, unit: &Unit, needed: &BTreeSet<usize>, is_top: bool) -> BTreeSet<String> {
    let body = &module.body;
    let declared = declarations(body);
    let list_end = body.iter().position(|t| *t == Token::Mark(')')).unwrap_or(0);
    let mut declares = vec![false; body.len()];
    declares[..=list_end].fill(true);
    declared.values().for_each(|d| declares[d.span.0..d.span.1].fill(true));
    let words = (0..body.len()).filter(|at| !declares[*at]).filter_map(|at| match &body[at] {
        Token::Word(w) => Some(w.as_str()),
        _ => None,
    });
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    words.for_each(|w| *uses.entry(w).or_default() += 1);
    let stays = |name: &String| {
        let port = declared[name].input || declared[name].output;
        let wanted = declared[name].output && unit.signal(name).is_some_and(|id| needed.contains(&id));
        uses.contains_key(name.as_str()) || wanted || (is_top && port)
    };
    let mut replace: Vec<(usize, usize, String)> = Vec::new();
    for (name, d) in &declared {
        if !stays(name) {
            replace.push((d.span.0, d.span.1 - 1, String::new()));
        }
    }
    for at in (0..body.len()).filter(|at| body[*at].is_word("localparam")) {
        let equals = (at..body.len()).find(|i| body[*i] == Token::Mark('=')).unwrap_or(at);
        let name = body[at..equals].iter().rev().find_map(|t| match t {
            Token::Word(w) => Some(w.as_str()),
            _ => None,
        });
        let end = (at..body.len()).find(|i| body[*i] == Token::Mark(';')).unwrap_or(at);
        if name.is_some_and(|name| uses.get(name) == Some(&1)) {
            replace.push((at, end, String::new()));
        }
    }
    let listed = |t: &Token| matches!(t, Token::Word(w) if declared.contains_key(w));
    let order: Vec<String> = body[..=list_end].iter().filter(|t| listed(t)).map(Token::text).filter(|n| stays(n)).collect();
    let open = body.iter().position(|t| *t == Token::Mark('(')).unwrap_or(0);
    replace.push((open, list_end, format!("({})", order.join(","))));
    replace.sort();
    splice(module, replace);
    order.into_iter().collect()
}

/// What each target is computed from: what is read beside it, and in the conditions around it.
fn collect(nodes: &[Node], around: &mut Vec<usize>, sources: &mut Sources) {
    let depth = around.len();
    for node in nodes {
        match node {
            Node::Assign { target, place, value, .. } => {
                let all = sources.entry(*target).or_default();
                let mut reads = Vec::new();
                if let Expr::Element(..) | Expr::Other(..) = place {
                    place.reads(&mut reads);
                }
                value.reads(&mut reads);
                all.extend(around.iter().copied().chain(reads));
            }
            Node::If(condition, then, otherwise) => {
                condition.reads(around);
                collect(then, around, sources);
                collect(otherwise, around, sources);
            }
            Node::Case(subject, arms) => {
                subject.reads(around);
                arms.iter().for_each(|(_, labels, _)| labels.iter().for_each(|l| l.reads(around)));
                arms.iter().for_each(|(.., nodes)| collect(nodes, around, sources));
            }
        }
        around.truncate(depth);
    }
}

/// The statements for needed targets.
fn statements(nodes: &[Node], needed: &BTreeSet<usize>) -> Vec<Statement> {
    let mut out = Vec::new();
    for node in nodes {
        match node {
            Node::Assign { target, name, place, value, .. } if needed.contains(target) => {
                let text = format!("{} = {};", place.text(), value.text());
                out.push(Statement::Assign { target: name.clone(), reads: Vec::new(), text });
            }
            Node::Assign { .. } => {}
            Node::If(condition, then, otherwise) => {
                let (then, otherwise) = (statements(then, needed), statements(otherwise, needed));
                let condition = match condition {
                    Expr::Group(_) => condition.text(),
                    _ => format!("({})", condition.text()),
                };
                if !(then.is_empty() && otherwise.is_empty()) {
                    out.push(Statement::If { reads: Vec::new(), condition, then, otherwise });
                }
            }
            Node::Case(subject, arms) => {
                let arms: Vec<_> = arms.iter().map(|(label, _, nodes)| (label.clone(), statements(nodes, needed))).collect();
                let subject = match subject {
                    Expr::Group(_) => subject.text(),
                    _ => format!("({})", subject.text()),
                };
                if arms.iter().any(|(_, arm)| !arm.is_empty()) {
                    out.push(Statement::Case { reads: Vec::new(), subject, arms });
                }
            }
        }
    }
    out
}

/// How the block writes a signal.
fn name_of(nodes: &[Node], signal: usize) -> Option<String> {
    nodes.iter().find_map(|node| match node {
        Node::Assign { target, name, .. } => (*target == signal).then(|| name.clone()),
        Node::If(_, then, otherwise) => name_of(then, signal).or_else(|| name_of(otherwise, signal)),
        Node::Case(_, arms) => arms.iter().find_map(|(.., nodes)| name_of(nodes, signal)),
    })
}
