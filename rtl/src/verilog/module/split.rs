//! One `always @(*)` block a group of variables instead of one a kernel.
//!
//! A kernel computes everything that a block has in one `update`, so RustHDL prints one `always` block. Where a child's output depends
//! on one of its inputs in the same cycle, such a block reads what hangs on what it writes: a simulator takes that for a loop and
//! evaluates the block until nothing changes any more, and a change of one input has everything computed again. Here the block is
//! cut into parts that each compute one variable, or several that depend on each other's order; each part keeps the order of its
//! statements and as much of the `if`s and `case`s around them as it needs.
//!
//! What may be cut: a part may read a variable of another part if every write of it comes before the read, for then the read sees the
//! final value, as it does through a net. Where a write comes later, the parts are joined.

use super::tree::{print, Parser, Statement};
use super::{splice, Module};
use std::collections::{BTreeMap, BTreeSet};

/// An assignment in program order: what it writes, and what it and the conditions around it read, each with the place of the read.
struct Leaf {
    target: String,
    reads: Vec<(String, usize)>,
}

/// Cuts every combinational block of the module.
pub fn split_always(module: &mut Module) {
    let mut parser = Parser::new(&module.body);
    let mut replace = Vec::new();
    while let Some((tokens, statements)) = parser.next_block() {
        let parts = parts(&statements);
        if parts.len() < 2 {
            continue;
        }
        let mut text = String::new();
        for (n, part) in parts.iter().enumerate() {
            text.push_str(if n == 0 { "always @(*) begin\n" } else { "    always @(*) begin\n" });
            print(part, 2, &mut text);
            text.push_str("    end\n");
        }
        replace.push((tokens.start, tokens.end - 1, text));
    }
    splice(module, replace);
}

/// The parts, in the order of their first assignments.
fn parts(statements: &[Statement]) -> Vec<Vec<Statement>> {
    let mut leaves = Vec::new();
    collect(statements, &mut Vec::new(), &mut leaves);
    let mut last_write: BTreeMap<&str, usize> = BTreeMap::new();
    let mut first_write: BTreeMap<&str, usize> = BTreeMap::new();
    for (n, leaf) in leaves.iter().enumerate() {
        last_write.insert(&leaf.target, n);
        first_write.entry(&leaf.target).or_insert(n);
    }
    let mut groups = Groups((0..leaves.len()).collect());
    for (n, leaf) in leaves.iter().enumerate() {
        groups.join(n, first_write[leaf.target.as_str()]);
        for (name, at) in &leaf.reads {
            if let Some(last) = last_write.get(name.as_str()).filter(|last| **last >= *at) {
                groups.join(n, *last);
            }
        }
    }
    join_constants(&leaves, &mut groups);
    let mut seen = BTreeSet::new();
    let roots: Vec<usize> = (0..leaves.len()).map(|n| groups.root(n)).collect();
    let order: Vec<usize> = roots.iter().copied().filter(|root| seen.insert(*root)).collect();
    order.iter().map(|root| filter(statements, &mut 0, &|n| roots[n] == *root)).collect()
}

/// A part that reads nothing from outside of the block, and nothing of a part that does, would never be evaluated: it goes to the
/// first part that does.
fn join_constants(leaves: &[Leaf], groups: &mut Groups) {
    let written: BTreeMap<&str, usize> = leaves.iter().enumerate().map(|(n, leaf)| (leaf.target.as_str(), n)).collect();
    let mut awake = BTreeSet::new();
    loop {
        let before = awake.len();
        for (n, leaf) in leaves.iter().enumerate() {
            let wakes = |name: &str, awake: &BTreeSet<usize>, groups: &mut Groups| match written.get(name) {
                Some(writer) => awake.contains(&groups.root(*writer)),
                None => !is_constant(name),
            };
            if leaf.reads.iter().any(|(name, _)| wakes(name, &awake, groups)) {
                awake.insert(groups.root(n));
            }
        }
        if awake.len() == before {
            break;
        }
    }
    let asleep: Vec<usize> = (0..leaves.len()).filter(|n| !awake.contains(&groups.root(*n))).collect();
    let home = (0..leaves.len()).find(|n| awake.contains(&groups.root(*n))).unwrap_or(0);
    asleep.into_iter().for_each(|n| groups.join(n, home));
}

/// RustHDL's enum constants: `ReadState$Pass`. No other name begins with a capital letter.
fn is_constant(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
}

fn collect(statements: &[Statement], around: &mut Vec<(String, usize)>, leaves: &mut Vec<Leaf>) {
    let depth = around.len();
    for statement in statements {
        let at = leaves.len();
        let here = |reads: &Vec<String>| reads.iter().map(|name| (name.clone(), at)).collect::<Vec<_>>();
        match statement {
            Statement::Assign { target, reads, .. } => {
                let reads = around.iter().cloned().chain(here(reads)).collect();
                leaves.push(Leaf { target: target.clone(), reads });
            }
            Statement::If { reads, then, otherwise, .. } => {
                around.extend(here(reads));
                collect(then, around, leaves);
                collect(otherwise, around, leaves);
            }
            Statement::Case { reads, arms, .. } => {
                around.extend(here(reads));
                arms.iter().for_each(|(_, statements)| collect(statements, around, leaves));
            }
        }
        around.truncate(depth);
    }
}

/// The statements without the assignments that `keep` refuses, by their number in program order, and without what is then empty.
fn filter(statements: &[Statement], number: &mut usize, keep: &dyn Fn(usize) -> bool) -> Vec<Statement> {
    let mut kept = Vec::new();
    for statement in statements {
        match statement {
            Statement::Assign { .. } => {
                if keep(*number) {
                    kept.push(statement.clone());
                }
                *number += 1;
            }
            Statement::If { reads, condition, then, otherwise } => {
                let then = filter(then, number, keep);
                let otherwise = filter(otherwise, number, keep);
                if !(then.is_empty() && otherwise.is_empty()) {
                    kept.push(Statement::If { reads: reads.clone(), condition: condition.clone(), then, otherwise });
                }
            }
            Statement::Case { reads, subject, arms } => {
                // An empty arm stays: without it, its value would fall to another.
                let arms: Vec<(String, Vec<Statement>)> =
                    arms.iter().map(|(label, arm)| (label.clone(), filter(arm, number, keep))).collect();
                if arms.iter().any(|(_, arm)| !arm.is_empty()) {
                    kept.push(Statement::Case { reads: reads.clone(), subject: subject.clone(), arms });
                }
            }
        }
    }
    kept
}

/// Sets of assignments that are joined, each known by its first.
struct Groups(Vec<usize>);

impl Groups {
    fn root(&mut self, n: usize) -> usize {
        let mut root = n;
        while self.0[root] != root {
            root = self.0[root];
        }
        self.0[n] = root;
        root
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::super::modules;
    use super::*;

    /// The parts of a block with these statements, blanks left out.
    fn split(statements: &str) -> Vec<String> {
        let text = format!("module top(a); input wire a; always @(*) begin {statements} end endmodule");
        let mut all = modules(&text).unwrap();
        split_always(&mut all[0]);
        let out: String = all[0].body.iter().filter(|t| !t.is_blank()).map(|t| format!("{} ", t.text())).collect();
        let out = out.replace("; end", ";end").replace(' ', "");
        out.split("always@(*)begin")
            .skip(1)
            .map(|part| part.trim_end_matches("endmodule").strip_suffix("end").unwrap().to_string())
            .collect()
    }

    #[test]
    fn variables_that_do_not_meet_are_parted() {
        assert_eq!(split("x = a; y = b & x; z = c;"), ["x=a;", "y=b&x;", "z=c;"]);
        // The order of the two writes matters: one part.
        assert_eq!(split("x = a; z = c; x = x | b;"), ["x=a;x=x|b;", "z=c;"]);
    }

    #[test]
    fn a_read_before_a_later_write_joins() {
        assert_eq!(split("x = a; y = x; x = b; z = c;"), ["x=a;y=x;x=b;", "z=c;"]);
        // The condition is read before the write inside.
        assert_eq!(split("x = a; if (x) begin y = b; x = c; end z = d;"), ["x=a;if(x)beginy=b;x=c;end", "z=d;"]);
    }

    #[test]
    fn conditions_go_with_what_they_guard() {
        assert_eq!(
            split("x = a; y = b; if (r) begin x = c; y = d; end else begin y = e; end"),
            ["x=a;if(r)beginx=c;end", "y=b;if(r)beginy=d;endelsebeginy=e;end"]
        );
        assert_eq!(
            split("x = a; y = b; case (s) S$A: begin x = c; end S$B: begin y = d; end endcase"),
            ["x=a;case(s)S$A:beginx=c;endS$B:beginendendcase", "y=b;case(s)S$A:beginendS$B:beginy=d;endendcase"]
        );
    }

    #[test]
    fn a_part_that_nothing_wakes_goes_to_one_that_something_does() {
        assert_eq!(split("x = 1; w = x; y = b; z = c;"), ["x=1;w=x;y=b;", "z=c;"]);
        assert_eq!(split("x = 1; y = S$A;"), ["x=1;y=S$A;"]);
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        assert_eq!(split("x = a; y <= b;"), ["x=a;y<=b;"]);
        assert_eq!(split("x = a; {y, z} = b;"), ["x=a;{y,z}=b;"]);
    }
}
