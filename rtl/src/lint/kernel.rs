//! Walks one kernel with its loops unrolled.

use super::expression::{bits_needed, inner, is_comparison, is_exact, is_number, literal_value, show};
use super::scope::Scope;
use super::Rule;
use crate::prelude::ast::{
    VerilogBlock, VerilogBlockOrConditional, VerilogConditional, VerilogExpression as E, VerilogLink, VerilogMatch,
    VerilogOp as Op, VerilogOpUnary as Un, VerilogStatement as S,
};
use evalexpr::{eval_int_with_context, ContextWithMutableVariables, HashMapContext};

struct Walk<'a> {
    scope: &'a Scope,
    loops: Vec<(String, usize)>,
    found: Vec<(Rule, String)>,
    reads_outside: bool,
    writes: bool,
}

/// The findings in one kernel.
pub fn check(code: &VerilogBlock, scope: &Scope) -> Vec<(Rule, String)> {
    let mut walk = Walk { scope, loops: Vec::new(), found: Vec::new(), reads_outside: false, writes: false };
    walk.block(code);
    if walk.writes && !walk.reads_outside {
        let text = "the kernel reads no input and no output of a child: 'always @(*)' never runs; use a leaf block or an input";
        walk.found.push((Rule::Constant, text.to_string()));
    }
    walk.found
}

impl Walk<'_> {
    fn add(&mut self, rule: Rule, text: String) {
        self.found.push((rule, text));
    }

    fn block(&mut self, code: &VerilogBlock) {
        code.iter().for_each(|s| self.statement(s));
    }

    fn statement(&mut self, statement: &S) {
        match statement {
            S::Assignment(to, value) => {
                self.expression(value);
                let width = self.target(to);
                self.fits(value, width);
            }
            S::SliceAssignment { base, width, offset, replacement } => {
                self.expression(offset);
                self.expression(replacement);
                self.target(base);
                self.fits(replacement, Some(*width));
            }
            S::If(c) => self.conditional(c),
            S::Match(m) => self.cases(m),
            S::Loop(l) => {
                for value in l.from.as_usize()..l.to.as_usize() {
                    self.loops.push((l.index.clone(), value));
                    self.block(&l.block);
                    self.loops.pop();
                }
            }
            S::Link(links) => {
                // Joined bundles are wires to a child or to a port; RustHDL itself checks their names.
                self.writes |= !links.is_empty();
                self.reads_outside |= links.iter().any(|l| !matches!(l, VerilogLink::Bidirectional(_)));
            }
            S::Macro(block) => self.block(block),
            S::Comment(_) => {}
        }
    }

    fn conditional(&mut self, c: &VerilogConditional) {
        self.expression(&c.test);
        self.block(&c.then);
        match &c.otherwise {
            VerilogBlockOrConditional::Block(b) => self.block(b),
            VerilogBlockOrConditional::Conditional(s) => self.statement(s),
            VerilogBlockOrConditional::None => {}
        }
    }

    fn cases(&mut self, m: &VerilogMatch) {
        self.expression(&m.test);
        self.exact(&m.test, "the value of a match");
        let width = self.width(&m.test);
        for case in &m.cases {
            let pattern = case.condition.as_str();
            let decimal = !pattern.is_empty() && pattern.bytes().all(|b| b.is_ascii_digit());
            if decimal {
                let value: u128 = pattern.parse().unwrap_or(u128::MAX);
                if width.is_some_and(|w| bits_needed(value) > w) {
                    self.add(Rule::Pattern, format!("pattern {pattern} does not fit {}", show(&m.test)));
                }
            } else if pattern != "default" && !self.is_variant(pattern) {
                self.add(Rule::Pattern, format!("pattern '{pattern}': write it in decimal, or as a variant of an enum"));
            }
            self.block(&case.block);
        }
        if m.cases.last().is_none_or(|c| c.condition != "default") {
            self.add(Rule::Pattern, format!("match {}: the last arm must be '_'", show(&m.test)));
        }
    }

    fn is_variant(&self, name: &str) -> bool {
        let wanted = name.replace('$', "::");
        self.scope.enums.values().flatten().flatten().any(|v| *v == wanted)
    }

    fn is_loop_variable(&self, name: &str) -> bool {
        self.loops.iter().any(|(variable, _)| variable == name)
    }

    /// The name as the scope knows it: the index resolved, `$next` gone.
    fn resolve(&mut self, raw: &str) -> Option<String> {
        let mut name = raw.trim_start_matches('.').replace("::", "$");
        if let Some(short) = name.strip_suffix("$next") {
            name = short.to_string();
        }
        let Some(open) = name.find('[') else { return Some(name) };
        let close = name[open..].find(']').map(|at| open + at)?;
        if name[close + 1..].contains('[') {
            self.add(Rule::Index, format!("'{name}': only the first index of a name is resolved"));
            return None;
        }
        let mut context = HashMapContext::new();
        for (variable, value) in &self.loops {
            // Setting an integer in an empty context cannot fail.
            let _ = context.set_value(variable.clone(), (*value as i64).into());
        }
        let Ok(index) = eval_int_with_context(&name[open + 1..close], &context) else {
            self.add(Rule::Index, format!("'{name}': an index is made of loop variables and numbers only"));
            return None;
        };
        Some(format!("{}${index}{}", &name[..open], &name[close + 1..]))
    }

    /// Checks the left side of an assignment and gives its width.
    fn target(&mut self, e: &E) -> Option<usize> {
        self.writes = true;
        let E::Signal(raw) = e else {
            self.add(Rule::Base, format!("cannot assign to {}", show(e)));
            return None;
        };
        let name = self.resolve(raw)?;
        let width = self.scope.names.get(&name).map(|n| n.width);
        if width.is_none() {
            self.add(Rule::Unknown, format!("'{}' is no signal of this block and no port of a child", name.replace('$', ".")));
        }
        width
    }

    fn width(&mut self, e: &E) -> Option<usize> {
        match e {
            E::Signal(raw) if !self.is_loop_variable(raw) && !self.is_variant(raw) => {
                let name = self.resolve(raw)?;
                self.scope.names.get(&name).map(|n| n.width)
            }
            E::Paren(e) => self.width(e),
            E::Cast(_, width) | E::Slice(_, width, _) => Some(*width),
            E::IndexReplace(e, _, _) => self.width(e),
            E::Index(..) | E::Unary(Un::All | Un::Any | Un::Xor, _) => Some(1),
            E::Unary(_, e) => self.width(e),
            E::Binary(_, op, _) if is_comparison(op) || matches!(op, Op::LogicalAnd | Op::LogicalOr) => Some(1),
            E::Binary(l, Op::Shl | Op::Shr, _) => self.width(l),
            E::Binary(l, _, r) => match self.width(l) {
                Some(width) => Some(width),
                None => self.width(r),
            },
            E::Signal(_) | E::Literal(_) | E::Signed(_) | E::Unsigned(_) => None,
        }
    }

    /// A literal as `e` must fit `width`.
    fn fits(&mut self, e: &E, width: Option<usize>) {
        if let (E::Literal(literal), Some(width)) = (inner(e), width) {
            if literal_value(literal).is_none_or(|value| bits_needed(value) > width) {
                self.add(Rule::Literal, format!("{literal} does not fit the {width} bits that it is used with"));
            }
        }
    }

    fn exact(&mut self, e: &E, what: &str) {
        let ok = is_exact(e, &|name| self.is_loop_variable(name));
        if !ok {
            let text = format!("{what}: '{}' depends on the width around it; put it into a Local first", show(e));
            self.add(Rule::Operand, text);
        }
    }

    fn plain(&mut self, e: &E, what: &str) {
        let ok = matches!(e, E::Signal(name) if !self.is_loop_variable(name) && !self.is_variant(name));
        if !ok {
            self.add(Rule::Base, format!("{what} of '{}': only a plain signal has bits; put it into a Local first", show(e)));
        }
    }

    fn number(&mut self, e: &E) -> Option<u128> {
        match e {
            E::Literal(l) => literal_value(l),
            E::Signal(name) => self.loops.iter().rev().find(|(v, _)| v == name).map(|(_, value)| *value as u128),
            E::Paren(e) => self.number(e),
            E::Binary(l, op, r) => {
                let (l, r) = (self.number(l)?, self.number(r)?);
                match op {
                    Op::Add => l.checked_add(r),
                    Op::Sub => l.checked_sub(r),
                    Op::Mul => l.checked_mul(r),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn in_range(&mut self, base: &E, at: &E, width: usize) {
        let (Some(have), Some(at)) = (self.width(base), self.number(at)) else { return };
        if at + width as u128 > have as u128 {
            let text = format!("bits {at} to {} of {}, which has {have}", at + width as u128 - 1, show(base));
            self.add(Rule::Range, text);
        }
    }

    fn expression(&mut self, e: &E) {
        match e {
            E::Signal(raw) => self.read(raw),
            E::Literal(_) => {}
            E::Paren(e) => self.expression(e),
            E::Cast(e, _) => {
                self.exact(e, "operand of bit_cast");
                self.expression(e);
            }
            E::Signed(e) | E::Unsigned(e) => {
                self.add(Rule::Signed, format!("signed arithmetic on {}", show(e)));
                self.expression(e);
            }
            E::Unary(op, e) => {
                if matches!(op, Un::All | Un::Any | Un::Xor) {
                    self.exact(e, "operand of any, all or xor");
                }
                self.expression(e);
            }
            E::Index(base, at) => {
                self.plain(base, "a bit");
                self.exact(at, "bit index");
                self.in_range(base, at, 1);
                self.expression(base);
                self.expression(at);
            }
            E::Slice(base, width, at) => {
                self.plain(base, "a slice");
                self.exact(at, "slice offset");
                self.in_range(base, at, *width);
                self.expression(base);
                self.expression(at);
            }
            E::IndexReplace(base, at, value) => {
                self.exact(base, "operand of replace_bit");
                self.exact(at, "bit index");
                self.exact(value, "new bit of replace_bit");
                self.in_range(base, at, 1);
                [base, at, value].into_iter().for_each(|e| self.expression(e));
            }
            E::Binary(l, op, r) => self.binary(l, op, r),
        }
    }

    fn binary(&mut self, l: &E, op: &Op, r: &E) {
        if is_comparison(op) {
            for side in [l, r] {
                let bare = matches!(side, E::Binary(..)) && !is_number(side, &|name| self.is_loop_variable(name));
                if bare {
                    let text = format!("'{}' beside a comparison: Verilog binds it differently; write parentheses", show(side));
                    self.add(Rule::Precedence, text);
                }
                self.exact(side, "operand of a comparison");
            }
        }
        if matches!(op, Op::Shl | Op::Shr) {
            self.exact(l, "operand of a shift");
            self.exact(r, "shift amount");
        } else if !matches!(op, Op::LogicalAnd | Op::LogicalOr) {
            let (wl, wr) = (self.width(l), self.width(r));
            self.fits(r, wl);
            self.fits(l, wr);
        }
        self.expression(l);
        self.expression(r);
    }

    fn read(&mut self, raw: &str) {
        if self.is_loop_variable(raw) || self.is_variant(raw) {
            return;
        }
        let Some(name) = self.resolve(raw) else { return };
        match self.scope.names.get(&name) {
            Some(known) => self.reads_outside |= known.from_outside,
            None => {
                let text = format!("'{}' is no signal of this block, no port of a child and no variant", name.replace('$', "."));
                self.add(Rule::Unknown, text);
            }
        }
    }
}
