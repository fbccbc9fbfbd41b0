//! The HDL lint: what RustHDL translates without a warning and Verilog understands differently, or not at all.
//!
//! RustHDL prints a kernel's expressions as they stand. Verilog gives operators another precedence, and evaluates an operand at
//! the width of what surrounds it, while in Rust every value wraps at its own width. So the rules ask one thing above all: that
//! where the width of the surroundings could matter, the operand is *exact* - its value is the same at any width. Exact are
//! signals, literals, bits and slices of signals, reductions, comparisons, casts, right shifts, `replace_bit`, and `&`, `|`, `^` of exact
//! operands. Not exact are `+`, `-`, `*`, `<<` and `!`: give such a value a `Signal<Local, _>` of its own first.
//!
//! | rule | says |
//! | --- | --- |
//! | [`Rule::Operand`] | operands of casts, slices, bit indices, comparisons, shifts, reductions, `replace_bit` and `match` are exact |
//! | [`Rule::Base`] | a slice or a bit is taken of a plain signal, nothing else |
//! | [`Rule::Precedence`] | both sides of a comparison have parentheses if they are operations |
//! | [`Rule::Literal`] | a literal fits the width of what it is compared or combined with or assigned to |
//! | [`Rule::Range`] | a constant bit index or slice lies inside its signal |
//! | [`Rule::Pattern`] | `match` patterns are decimal or variants of an enum; the last is `_` |
//! | [`Rule::Unknown`] | every name is a signal of the block, a port of a child, a variant, or a loop variable |
//! | [`Rule::Index`] | at most one index a name, made of loop variables and numbers |
//! | [`Rule::EnumName`] | no two enums of one name in sight of a block |
//! | [`Rule::Keyword`] | no signal or instance is named like a Verilog keyword |
//! | [`Rule::Constant`] | a kernel reads at least one input or child output (Icarus would never run it) |
//! | [`Rule::Signed`] | no signed arithmetic |
//!
//! [`check`] runs over the AST of every block below the one that it is given. Leaf blocks with Verilog of their own are checked for
//! names only: their proof is [`crate::testing::equivalence`].

mod expression;
mod kernel;
mod keywords;
mod scope;

pub use keywords::is_keyword;

use crate::prelude::*;
use std::collections::BTreeSet;
use std::fmt;

/// What a [`Violation`] violates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// An operand depends on the width of its surroundings.
    Operand,
    /// A slice or bit of something that is no plain signal.
    Base,
    /// A comparison next to an operator that binds differently in Verilog.
    Precedence,
    /// A literal that is too wide.
    Literal,
    /// A constant index outside its signal.
    Range,
    /// A pattern that Verilog does not take, or a `match` without `_`.
    Pattern,
    /// A name that the Verilog will not declare.
    Unknown,
    /// An index that RustHDL does not resolve.
    Index,
    /// Two enums of one name.
    EnumName,
    /// A Verilog keyword as a name.
    Keyword,
    /// A kernel that depends on nothing.
    Constant,
    /// Signed arithmetic.
    Signed,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The block, as a path of instance names with dots.
    pub block: String,
    /// The rule.
    pub rule: Rule,
    /// What stands there, and what to write instead.
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}: {}", self.block, self.rule, self.text)
    }
}

/// Checks the kernels of a block and of all blocks below it. The findings are sorted, each is there once; empty is good.
pub fn check(block: &dyn Block) -> Vec<Violation> {
    let mut found = BTreeSet::new();
    for scope in scope::scopes(block, "top") {
        let mut add = |rule, text| {
            found.insert(Violation { block: scope.path.clone(), rule, text });
        };
        for name in scope.names.keys().chain(&scope.children) {
            if is_keyword(name) {
                add(Rule::Keyword, format!("'{name}' is a Verilog keyword; choose another name"));
            }
        }
        for (name, lists) in scope.enums.iter().filter(|(_, lists)| lists.len() > 1) {
            add(Rule::EnumName, format!("{} different enums are called '{name}' here; name each after its block", lists.len()));
        }
        if let Verilog::Combinatorial(code) = &scope.hdl {
            for (rule, text) in kernel::check(code, &scope) {
                add(rule, text);
            }
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests;
