//! Expressions: are they exact, how wide are they, how do they read.

use crate::prelude::ast::{VerilogExpression as E, VerilogLiteral, VerilogOp as Op, VerilogOpUnary as Un};

/// Value of a literal; `None` above 128 bits.
pub fn literal_value(literal: &VerilogLiteral) -> Option<u128> {
    let text = format!("{literal:x}");
    text.split_once("'h").and_then(|(_, digits)| u128::from_str_radix(digits, 16).ok())
}

/// Bits that a value needs.
pub fn bits_needed(value: u128) -> usize {
    128 - value.leading_zeros() as usize
}

/// True for `==`, `!=`, `<`, `<=`, `>`, `>=`.
pub fn is_comparison(op: &Op) -> bool {
    matches!(op, Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge)
}

/// The expression without the parentheses around it.
pub fn inner(e: &E) -> &E {
    match e {
        E::Paren(e) => inner(e),
        e => e,
    }
}

/// True if the expression is made of literals and loop variables alone: Verilog computes it as a number.
pub fn is_number(e: &E, is_loop_variable: &dyn Fn(&str) -> bool) -> bool {
    match e {
        E::Literal(_) => true,
        E::Signal(name) => is_loop_variable(name),
        E::Paren(e) => is_number(e, is_loop_variable),
        E::Binary(l, _, r) => is_number(l, is_loop_variable) && is_number(r, is_loop_variable),
        _ => false,
    }
}

/// True if the expression has the same value at every width of its surroundings.
pub fn is_exact(e: &E, is_loop_variable: &dyn Fn(&str) -> bool) -> bool {
    let exact = |e: &E| is_exact(e, is_loop_variable);
    if is_number(e, is_loop_variable) {
        return true;
    }
    match e {
        E::Signal(_) | E::Literal(_) | E::Index(..) | E::Slice(..) | E::IndexReplace(..) => true,
        // The operand of a cast has its own check; a cast of an exact value masks it, which is exact.
        E::Cast(e, _) | E::Paren(e) => exact(e),
        E::Unary(Un::All | Un::Any | Un::Xor, _) => true,
        // `~|x` is one operator in Verilog, and gives one bit.
        E::Unary(Un::Not, e) if matches!(&**e, E::Unary(Un::All | Un::Any | Un::Xor, _)) => true,
        E::Unary(Un::Not | Un::Neg, _) => false,
        E::Binary(_, op, _) if is_comparison(op) => true,
        E::Binary(_, Op::LogicalAnd | Op::LogicalOr, _) => true,
        E::Binary(l, Op::BitAnd | Op::BitOr | Op::BitXor, r) => exact(l) && exact(r),
        E::Binary(l, Op::Shr, _) => exact(l),
        E::Binary(..) => false,
        E::Signed(_) | E::Unsigned(_) => false,
    }
}

/// The expression as the Verilog will have it, for messages.
pub fn show(e: &E) -> String {
    match e {
        E::Signal(name) => name.trim_start_matches('.').replace("$next", "").replace('$', "."),
        E::Literal(l) => l.to_string(),
        E::Cast(e, bits) => format!("bit_cast::<{bits}>({})", show(e)),
        E::Signed(e) => format!("$signed({})", show(e)),
        E::Unsigned(e) => format!("$unsigned({})", show(e)),
        E::Paren(e) => format!("({})", show(e)),
        E::Binary(l, op, r) => format!("{} {} {}", show(l), symbol(op), show(r)),
        E::Unary(Un::Not, e) => format!("~{}", show(e)),
        E::Unary(Un::Neg, e) => format!("-{}", show(e)),
        E::Unary(Un::All, e) => format!("&{}", show(e)),
        E::Unary(Un::Any, e) => format!("|{}", show(e)),
        E::Unary(Un::Xor, e) => format!("^{}", show(e)),
        E::Index(e, at) => format!("{}[{}]", show(e), show(at)),
        E::Slice(e, width, at) => format!("{}[{} +: {width}]", show(e), show(at)),
        E::IndexReplace(e, at, value) => format!("{}.replace_bit({}, {})", show(e), show(at), show(value)),
    }
}

fn symbol(op: &Op) -> &'static str {
    match op {
        Op::Add => "+",
        Op::Sub => "-",
        Op::Mul => "*",
        Op::LogicalAnd => "&&",
        Op::LogicalOr => "||",
        Op::BitXor => "^",
        Op::BitAnd => "&",
        Op::BitOr => "|",
        Op::Shl => "<<",
        Op::Shr => ">>",
        Op::Eq => "==",
        Op::Lt => "<",
        Op::Le => "<=",
        Op::Ne => "!=",
        Op::Ge => ">=",
        Op::Gt => ">",
    }
}
