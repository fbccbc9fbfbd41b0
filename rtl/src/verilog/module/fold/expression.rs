//! Expressions as trees, and which values each of their bits may have.

use super::super::super::token::{sized_number, tokenize, Token};
use std::collections::{BTreeMap, BTreeSet};

/// For each bit whether it may be 0 and whether it may be 1; neither: nothing is known to reach it yet. Bits above a value's width are
/// those that Verilog puts there: zeros, or for `~` ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Bits {
    zero: u128,
    one: u128,
}

/// The low `width` bits.
pub fn mask(width: usize) -> u128 {
    u128::MAX.checked_shr(128 - width.min(128) as u32).unwrap_or(0)
}

impl Bits {
    /// Any value.
    pub const ANY: Bits = Bits { zero: u128::MAX, one: u128::MAX };

    /// This value and no other.
    pub fn of(value: u128) -> Bits {
        Bits { zero: !value, one: value }
    }

    /// What either may be.
    pub fn join(self, other: Bits) -> Bits {
        Bits { zero: self.zero | other.zero, one: self.one | other.one }
    }

    /// The low bits of `self`, zeros above.
    pub fn cut(self, width: usize) -> Bits {
        Bits { zero: self.zero | !mask(width), one: self.one & mask(width) }
    }

    /// The value of the low bits, if they have one.
    pub fn value(self, width: usize) -> Option<u128> {
        ((self.zero ^ self.one) & mask(width) == mask(width)).then_some(self.one & mask(width))
    }

    /// The bits that may have a value, and those of the low ones that have none yet are given any.
    pub fn settled(self, width: usize) -> Bits {
        let none = !(self.zero | self.one) & mask(width);
        Bits { zero: self.zero | none, one: self.one | none }
    }

    /// `width` bits replaced from bit `low` up.
    pub fn replaced(self, low: usize, width: usize, by: Bits) -> Bits {
        let place = mask(width) << low;
        Bits { zero: self.zero & !place | by.zero << low & place, one: self.one & !place | by.one << low & place }
    }

    /// May it be true, and may it be false, as a condition?
    pub fn truth(self, width: usize) -> (bool, bool) {
        let low = self.cut(width);
        (low.one != 0, low.zero == u128::MAX)
    }

    fn flag((may_hold, may_fail): (bool, bool)) -> Bits {
        Bits { zero: if may_fail { u128::MAX } else { u128::MAX - 1 }, one: u128::from(may_hold) }
    }

    fn not(self) -> Bits {
        Bits { zero: self.one, one: self.zero }
    }

    fn equal(self, other: Bits) -> (bool, bool) {
        let same = self.zero & other.zero | self.one & other.one;
        let differ = self.zero & other.one | self.one & other.zero;
        (same == u128::MAX, differ != 0)
    }

    fn shifted(self, low: usize) -> Bits {
        Bits { zero: self.zero >> low | !(u128::MAX >> low), one: self.one >> low }
    }
}

/// An expression. A name is the number of its signal.
#[derive(Clone, Debug)]
pub enum Expr {
    /// A number or a constant, as it is written.
    Number(usize, u128, String),
    /// A signal and its width.
    Name(usize, usize, String),
    /// Bits of a signal: from `low` up `width`.
    Slice {
        signal: usize,
        low: usize,
        width: usize,
        text: String,
    },
    /// One bit of a signal at a place that is computed.
    Element(usize, Box<Expr>, String),
    /// In parentheses.
    Group(Box<Expr>),
    Unary(&'static str, Box<Expr>),
    Binary(&'static str, Box<Expr>, Box<Expr>),
    Cat(Vec<Expr>),
    /// Not understood: any value of what it reads.
    Other(Vec<usize>, String),
}

/// What is known of signals.
pub trait Known {
    /// The values of each bit.
    fn bits(&self, signal: usize) -> Bits;
    /// The values of the whole, if they are few and known.
    fn values(&self, signal: usize) -> Option<&BTreeSet<u128>>;
}

/// What a word stands for.
#[derive(Clone, Copy, Debug)]
pub enum Meaning {
    /// A signal and its width.
    Signal(usize, usize),
    /// A constant: width and value.
    Constant(usize, u128),
}

/// Operators, with how tightly they bind. A longer one stands before its beginning.
const BINARY: [(&str, u8); 18] = [
    ("&&", 2),
    ("||", 1),
    ("==", 6),
    ("!=", 6),
    ("<=", 7),
    (">=", 7),
    ("<<", 8),
    (">>", 8),
    ("~^", 4),
    ("<", 7),
    (">", 7),
    ("+", 9),
    ("-", 9),
    ("*", 10),
    ("&", 5),
    ("^", 4),
    ("|", 3),
    ("%", 10),
];
const UNARY: [&str; 8] = ["~|", "~&", "~^", "~", "!", "|", "&", "^"];

struct Reader<'a> {
    tokens: Vec<Token>,
    /// Whether a blank stands before each token: `a | |b` is not `a || b`.
    apart: Vec<bool>,
    at: usize,
    names: &'a BTreeMap<String, Meaning>,
}

/// The expression of a text.
pub fn parse(text: &str, names: &BTreeMap<String, Meaning>) -> Expr {
    let all = tokenize(text);
    let solid: Vec<usize> = (0..all.len()).filter(|i| !all[*i].is_blank()).collect();
    let apart = solid.iter().map(|i| *i > 0 && all[i - 1].is_blank()).collect();
    let mut reader = Reader { tokens: solid.iter().map(|i| all[*i].clone()).collect(), apart, at: 0, names };
    match reader.binary(0) {
        Some(expr) if reader.at == reader.tokens.len() => expr,
        _ => {
            let signal = |t: &Token| match names.get(&t.text()) {
                Some(Meaning::Signal(id, _)) => Some(*id),
                _ => None,
            };
            Expr::Other(reader.tokens.iter().filter_map(signal).collect(), text.to_string())
        }
    }
}

impl Reader<'_> {
    fn take(&mut self, text: &str) -> Option<()> {
        let together = |at: usize| at == self.at || !self.apart[at];
        let mark = |at: usize, c: char| self.tokens.get(at) == Some(&Token::Mark(c)) && together(at);
        let there = text.chars().enumerate().all(|(n, c)| mark(self.at + n, c));
        there.then(|| self.at += text.len())
    }

    fn binary(&mut self, least: u8) -> Option<Expr> {
        let mut left = self.unary()?;
        loop {
            let start = self.at;
            let Some((op, tight)) = BINARY.iter().find(|(op, _)| self.take(op).is_some()) else { return Some(left) };
            if *tight <= least {
                self.at = start;
                return Some(left);
            }
            left = Expr::Binary(op, Box::new(left), Box::new(self.binary(*tight)?));
        }
    }

    fn unary(&mut self) -> Option<Expr> {
        if let Some(op) = UNARY.iter().find(|op| self.take(op).is_some()) {
            return Some(Expr::Unary(op, Box::new(self.unary()?)));
        }
        if self.take("(").is_some() {
            let inner = self.binary(0)?;
            self.take(")")?;
            return Some(Expr::Group(Box::new(inner)));
        }
        if self.take("{").is_some() {
            let mut parts = vec![self.binary(0)?];
            while self.take(",").is_some() {
                parts.push(self.binary(0)?);
            }
            self.take("}")?;
            return Some(Expr::Cat(parts));
        }
        let token = self.tokens.get(self.at)?.clone();
        self.at += 1;
        match token {
            Token::Number(n) => {
                let (width, value) = sized_number(&n).or_else(|| Some((32, n.parse().ok()?)))?;
                (width <= 128).then_some(Expr::Number(width, value, n))
            }
            Token::Word(name) => match *self.names.get(&name)? {
                Meaning::Constant(width, value) => Some(Expr::Number(width, value, name)),
                Meaning::Signal(signal, width) if self.take("[").is_some() => self.index(signal, width, name),
                Meaning::Signal(signal, width) => Some(Expr::Name(signal, width, name)),
            },
            _ => None,
        }
    }

    fn index(&mut self, signal: usize, have: usize, name: String) -> Option<Expr> {
        let place = self.binary(0)?;
        let slice = |low: usize, width: usize, text| (low + width <= have).then_some(Expr::Slice { signal, low, width, text });
        let expr = match place {
            Expr::Number(_, high, ref top) if self.take(":").is_some() => {
                let Expr::Number(_, low, bottom) = self.binary(0)? else { return None };
                slice(low as usize, (high + 1).checked_sub(low)? as usize, format!("{name}[{top}:{bottom}]"))?
            }
            Expr::Number(_, at, ref text) => slice(at as usize, 1, format!("{name}[{text}]"))?,
            place => Expr::Element(signal, Box::new(place), name),
        };
        self.take("]")?;
        Some(expr)
    }
}

impl Expr {
    /// Bits that it has by itself.
    pub fn width(&self) -> usize {
        match self {
            Expr::Number(width, ..) | Expr::Name(_, width, _) | Expr::Slice { width, .. } => *width,
            Expr::Element(..) => 1,
            Expr::Group(inner) | Expr::Unary("~", inner) => inner.width(),
            Expr::Unary(..) | Expr::Binary("&&" | "||" | "==" | "!=" | "<" | ">" | "<=" | ">=", ..) => 1,
            Expr::Binary("<<" | ">>", left, _) => left.width(),
            Expr::Binary(_, left, right) => left.width().max(right.width()),
            Expr::Cat(parts) => parts.iter().map(Expr::width).sum(),
            Expr::Other(..) => 128,
        }
    }

    /// What it may be, given what signals may be.
    pub fn bits(&self, of: &dyn Known) -> Bits {
        match self {
            Expr::Number(_, value, _) => Bits::of(*value),
            Expr::Name(signal, width, _) => of.bits(*signal).cut(*width),
            Expr::Slice { signal, low, width, .. } => of.bits(*signal).shifted(*low).cut(*width),
            Expr::Element(..) | Expr::Other(..) => Bits::ANY.cut(self.width()),
            Expr::Group(inner) => inner.bits(of),
            Expr::Unary(op, inner) => {
                let (width, value) = (inner.width(), inner.bits(of));
                let (holds, fails) = match *op {
                    "~" => return value.not(),
                    "|" => value.truth(width),
                    "!" | "~|" => value.truth(width).swapped(),
                    "&" => value.not().truth(width).swapped(),
                    "~&" => value.not().truth(width),
                    _ => (true, true),
                };
                Bits::flag((holds, fails))
            }
            Expr::Binary(op, left, right) => {
                let (a, b) = (left.bits(of), right.bits(of));
                let width = left.width().max(right.width());
                match *op {
                    "&" => Bits { zero: a.zero | b.zero, one: a.one & b.one },
                    "|" => Bits { zero: a.zero & b.zero, one: a.one | b.one },
                    "^" => Bits { zero: a.zero & b.zero | a.one & b.one, one: a.zero & b.one | a.one & b.zero },
                    "==" | "!=" if never(left, right, of) => Bits::of(u128::from(*op == "!=")),
                    "==" => Bits::flag(a.cut(width).equal(b.cut(width))),
                    "!=" => Bits::flag(a.cut(width).equal(b.cut(width)).swapped()),
                    "<<" | ">>" if a == Bits::of(0) => a,
                    "&&" | "||" | "<" | ">" | "<=" | ">=" => Bits::ANY.cut(1),
                    _ => Bits::ANY,
                }
            }
            Expr::Cat(parts) => {
                if self.width() > 128 {
                    return Bits::ANY;
                }
                let mut all = Bits::of(0);
                let mut low = 0;
                for part in parts.iter().rev() {
                    all = all.replaced(low, part.width(), part.bits(of));
                    low += part.width();
                }
                all
            }
        }
    }

    /// The same with constants in place of what has only one value.
    pub fn simple(&self, of: &dyn Known) -> Expr {
        if matches!(self, Expr::Number(..) | Expr::Other(..)) {
            return self.clone();
        }
        let (width, bits) = (self.width(), self.bits(of));
        // Only a value that is the same whatever stands around: what has ones above its width has not.
        if let (Some(value), true) = (bits.value(width), bits == bits.cut(width) && width <= 128) {
            return Expr::Number(width, value, format!("{width}'h{value:x}"));
        }
        let boxed = |e: &Expr| Box::new(e.simple(of));
        match self {
            Expr::Element(signal, at, name) => Expr::Element(*signal, boxed(at), name.clone()),
            Expr::Group(inner) => match inner.simple(of) {
                plain @ (Expr::Number(..) | Expr::Name(..) | Expr::Slice { .. } | Expr::Group(..)) => plain,
                other => Expr::Group(Box::new(other)),
            },
            Expr::Unary(op, inner) => Expr::Unary(op, boxed(inner)),
            Expr::Binary(op, left, right) => {
                let (left, right) = (left.simple(of), right.simple(of));
                // `e` changes nothing, whatever the value of the other: neither its bits nor, by its width, its surroundings.
                let neutral = |e: &Expr, other: &Expr| {
                    let (bits, kept) = (e.bits(of), other.bits(of));
                    let same = match *op {
                        "&" => bits.zero & kept.one == 0,
                        "|" => bits.one & kept.zero == 0,
                        "^" => bits.one == 0,
                        _ => false,
                    };
                    same && e.width() <= other.width()
                };
                match () {
                    () if neutral(&left, &right) => right,
                    () if neutral(&right, &left) => left,
                    () => Expr::Binary(op, Box::new(left), Box::new(right)),
                }
            }
            Expr::Cat(parts) => Expr::Cat(parts.iter().map(|p| p.simple(of)).collect()),
            other => other.clone(),
        }
    }

    /// The signals that it reads.
    pub fn reads(&self, into: &mut Vec<usize>) {
        match self {
            Expr::Number(..) => {}
            Expr::Name(signal, ..) | Expr::Slice { signal, .. } => into.push(*signal),
            Expr::Element(signal, at, _) => {
                into.push(*signal);
                at.reads(into);
            }
            Expr::Group(inner) | Expr::Unary(_, inner) => inner.reads(into),
            Expr::Binary(_, left, right) => {
                left.reads(into);
                right.reads(into);
            }
            Expr::Cat(parts) => parts.iter().for_each(|p| p.reads(into)),
            Expr::Other(all, _) => into.extend(all),
        }
    }

    /// As Verilog.
    pub fn text(&self) -> String {
        match self {
            Expr::Number(.., text) | Expr::Name(.., text) | Expr::Slice { text, .. } | Expr::Other(_, text) => text.clone(),
            Expr::Element(_, at, name) => format!("{name}[{}]", at.text()),
            Expr::Group(inner) => format!("({})", inner.text()),
            Expr::Unary(op, inner) => format!("{op}{}", inner.text()),
            Expr::Binary(op, left, right) => format!("{} {op} {}", left.text(), right.text()),
            Expr::Cat(parts) => format!("{{{}}}", parts.iter().map(Expr::text).collect::<Vec<_>>().join(", ")),
        }
    }
}

/// A signal beside a number that it never is.
fn never(left: &Expr, right: &Expr, of: &dyn Known) -> bool {
    match (left, right) {
        (Expr::Group(inner), right) => never(inner, right, of),
        (Expr::Name(signal, ..), Expr::Number(_, value, _)) => of.values(*signal).is_some_and(|all| !all.contains(value)),
        _ => false,
    }
}

trait Swapped {
    fn swapped(self) -> Self;
}

impl Swapped for (bool, bool) {
    fn swapped(self) -> Self {
        (self.1, self.0)
    }
}
