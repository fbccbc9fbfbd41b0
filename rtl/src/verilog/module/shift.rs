//! Shifts by a constant as concatenations, and the replacement of one bit as an assignment to that bit.
//!
//! Both read better, and simulators are faster with them: a concatenation of words wider than a machine word is a few copies where a
//! shift is a loop over words.

use super::super::token::{join, sized_number, Token};
use super::{declarations, splice, Module};
use std::ops::Range;

/// The tokens of a module that are neither space nor comment, with their positions.
struct Solid<'a> {
    body: &'a [Token],
    at: Vec<usize>,
}

impl<'a> Solid<'a> {
    fn new(module: &'a Module) -> Self {
        let at = (0..module.body.len()).filter(|i| !module.body[*i].is_blank()).collect();
        Solid { body: &module.body, at }
    }

    fn get(&self, k: usize) -> Option<&'a Token> {
        self.at.get(k).map(|i| &self.body[*i])
    }

    fn mark(&self, k: usize, c: char) -> bool {
        self.get(k) == Some(&Token::Mark(c))
    }

    fn marks(&self, k: usize, text: &str) -> bool {
        text.chars().enumerate().all(|(n, c)| self.mark(k + n, c))
    }

    fn word(&self, k: usize) -> Option<&'a str> {
        match self.get(k) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn number(&self, k: usize) -> Option<u128> {
        match self.get(k) {
            Some(Token::Number(n)) => sized_number(n).map(|(_, value)| value).or_else(|| n.parse().ok()),
            _ => None,
        }
    }

    /// The token that closes the bracket at `k`.
    fn close(&self, k: usize) -> Option<usize> {
        let mut depth = 0usize;
        for n in k..self.at.len() {
            match self.get(n) {
                Some(Token::Mark('(' | '{' | '[')) => depth += 1,
                Some(Token::Mark(')' | '}' | ']')) => depth = depth.checked_sub(1)?,
                Some(Token::Mark(';')) => return None,
                _ => {}
            }
            if depth == 0 {
                return Some(n);
            }
        }
        None
    }

    /// The text of these tokens, with what stands between them.
    fn text(&self, range: Range<usize>) -> String {
        match (self.at.get(range.start), range.end.checked_sub(1).and_then(|last| self.at.get(last))) {
            (Some(first), Some(last)) if !range.is_empty() => join(&self.body[*first..=*last]),
            _ => String::new(),
        }
    }

    /// A shift left by a constant at `k`: the amount, and the token behind it.
    fn shift(&self, k: usize) -> Option<(usize, usize)> {
        let open = self.marks(k, "<<(");
        let amount = self.number(if open { k + 3 } else { k + 2 }).filter(|_| self.marks(k, "<<"))?;
        let after = if open { self.mark(k + 4, ')').then_some(k + 5)? } else { k + 3 };
        Some((usize::try_from(amount).ok()?, after))
    }
}

/// `({57'h0, x} << 32'h31)` becomes `{8'h0, x, 49'h0}`: the same whatever is around, as no bit of `x` is shifted out of the
/// concatenation. `wide << 32'h4` becomes `{wide[67:0], 4'h0}` where no more than the width of `wide` is kept of the result.
pub fn plain_shifts(module: &mut Module) {
    let declared = declarations(&module.body);
    let width = |name: &str| declared.get(name).and_then(|d| d.width);
    let solid = Solid::new(module);
    let mut replace: Vec<(usize, usize, String)> = Vec::new();
    // The width that the statement under way assigns to, if nothing in it looks at high bits.
    let mut kept: Option<usize> = None;
    let mut k = 0;
    while k < solid.at.len() {
        if let (Some(name), true) = (solid.word(k), starts_statement(&solid, k) && solid.mark(k + 1, '=')) {
            kept = width(name).filter(|_| only_low_bits_matter(&solid, k + 2));
            k += 2;
            continue;
        }
        if solid.mark(k, ';') {
            kept = None;
        }
        // ({n'h0, x} << c)
        if solid.mark(k, '{') && solid.mark(k + 2, ',') {
            let zeros = match solid.get(k + 1) {
                Some(Token::Number(n)) => sized_number(n).filter(|(_, value)| *value == 0).map(|(bits, _)| bits),
                _ => None,
            };
            let close = solid.close(k);
            if let (Some(zeros), Some(close)) = (zeros, close) {
                let fits = |(by, after): &(usize, usize)| *by > 0 && *by <= zeros && stands_alone(&solid, k, *after);
                if let Some((by, after)) = solid.shift(close + 1).filter(fits) {
                    let inner = solid.text(k + 3..close);
                    let head = if zeros > by { format!("{}'h0, ", zeros - by) } else { String::new() };
                    let text = format!("{{{head}{inner}, {by}'h0}}");
                    let parentheses = k > 0 && solid.mark(k - 1, '(') && solid.mark(after, ')');
                    let (first, last) = if parentheses { (k - 1, after) } else { (k, after - 1) };
                    replace.push((solid.at[first], solid.at[last], text));
                    k = after;
                    continue;
                }
            }
        }
        // wide << c
        if let (Some(name), Some(kept)) = (solid.word(k), kept) {
            if let (Some(have), Some((by, after))) = (width(name), solid.shift(k + 1)) {
                if have >= kept && by > 0 && by < have && stands_alone(&solid, k, after) {
                    let high = have - by - 1;
                    let slice = if have == 1 { name.to_string() } else { format!("{name}[{high}:0]") };
                    replace.push((solid.at[k], solid.at[after - 1], format!("{{{slice}, {by}'h0}}")));
                    k = after;
                    continue;
                }
            }
        }
        k += 1;
    }
    splice(module, replace);
}

/// True if what is between `k` and `after` is an operand of its own: nothing beside it binds more tightly than a shift. An operator
/// that has no operand on its left is a unary one, and does.
fn stands_alone(solid: &Solid, k: usize, after: usize) -> bool {
    let operand = |k: usize| matches!(solid.get(k), Some(Token::Word(_) | Token::Number(_) | Token::Mark(')' | ']' | '}')));
    let left = match k.checked_sub(1).and_then(|before| solid.get(before)) {
        Some(Token::Mark('(' | '=' | '{' | ',')) => true,
        Some(Token::Mark('|' | '&' | '^')) => k >= 2 && operand(k - 2),
        _ => false,
    };
    left && matches!(solid.get(after), Some(Token::Mark(')' | ';' | '|' | '&' | '^' | '}' | ',')))
}

/// True if an assignment begins at `k`: so a label, a condition or a connection does not count.
fn starts_statement(solid: &Solid, k: usize) -> bool {
    k > 0 && (solid.mark(k - 1, ';') || matches!(solid.word(k - 1), Some("begin" | "end" | "endcase")))
}

/// True if a bit of the expression from `k` to the semicolon depends on no higher bit of what is in it.
fn only_low_bits_matter(solid: &Solid, k: usize) -> bool {
    let mut n = k;
    while let Some(token) = solid.get(n) {
        match token {
            Token::Mark(';') => return true,
            Token::Mark('<') if solid.mark(n + 1, '<') => n += 1,
            Token::Mark('(' | ')' | '{' | '}' | '[' | ']' | ',' | '|' | '&' | '^' | '~' | '+' | '-' | ':') => {}
            Token::Word(_) | Token::Number(_) => {}
            _ => return false,
        }
        n += 1;
    }
    false
}

/// `x = (y & ~(1 << (32'h3e)) | ((flag) << (32'h3e)));`, which is RustHDL's replacement of one bit, becomes `x = y; x[62] = flag;`.
pub fn plain_bits(module: &mut Module) {
    let solid = Solid::new(module);
    let declared = declarations(&module.body);
    let mut replace: Vec<(usize, usize, String)> = Vec::new();
    for k in 0..solid.at.len() {
        let Some(text) = bit_replacement(&solid, k, &|name| declared.get(name).and_then(|d| d.width)) else { continue };
        let end = (k..solid.at.len()).find(|n| solid.mark(*n, ';')).unwrap_or(k);
        replace.push((solid.at[k], solid.at[end], text));
    }
    splice(module, replace);
}

fn bit_replacement(solid: &Solid, k: usize, width: &dyn Fn(&str) -> Option<usize>) -> Option<String> {
    let target = solid.word(k).filter(|_| starts_statement(solid, k) && solid.marks(k + 1, "=("))?;
    let source = solid.word(k + 3)?;
    let one = solid.marks(k + 4, "&~(") && solid.number(k + 7) == Some(1);
    let (bit, after) = solid.shift(k + 8).filter(|_| one)?;
    if !solid.marks(after, ")|((") {
        return None;
    }
    let close = solid.close(after + 3)?;
    let (again, end) = solid.shift(close + 1)?;
    let bits = width(target)?;
    // A name of one bit has no bits to index.
    if again != bit || bit >= bits || bits == 1 || width(source)? != bits || !solid.marks(end, "));") {
        return None;
    }
    let value = after + 4..close;
    if source == target {
        return Some(format!("{target}[{bit}] = {};", solid.text(value)));
    }
    let reads_target = value.clone().any(|n| solid.word(n) == Some(target));
    (!reads_target).then(|| format!("{target} = {source}; {target}[{bit}] = {};", solid.text(value)))
}

#[cfg(test)]
mod tests {
    use super::super::{modules, normal_form};
    use super::*;

    fn run(pass: fn(&mut Module), statements: &str) -> String {
        let text = format!(
            "module top(a,f); input wire [7:0] a; input wire f; reg [15:0] y; reg [15:0] z; reg [3:0] n; reg g; \
             always @(*) begin {statements} end endmodule"
        );
        let mut all = modules(&text).unwrap();
        pass(&mut all[0]);
        let out = normal_form(&all[0].body).replace(' ', "");
        let from = out.find("begin").unwrap() + 5;
        out[from..out.rfind("end").unwrap()].to_string()
    }

    #[test]
    fn a_shift_of_a_padded_value_moves_the_padding() {
        let out = |text| run(plain_shifts, text);
        assert_eq!(out("y = {8'h0, a} | ({8'h0, a} << 32'h5);"), "y={8'h0,a}|{3'h0,a,5'h0};");
        assert_eq!(out("y = ({8'h0, a[3:0], n} << 32'h8) | z;"), "y={a[3:0],n,8'h0}|z;");
        // Bits that may fall out, or not, depending on what is around.
        assert_eq!(out("y = ({8'h0, a} << 32'h9);"), "y=({8'h0,a}<<32'h9);");
        // Not a padding of zeros; not a shift of the concatenation alone.
        for kept in ["y = ({8'h1, a} << 32'h5);", "y = ~{8'h0, a} << 32'h5;", "y = {8'h0, a} << 32'h5 - n;"] {
            assert_eq!(out(kept), kept.replace(' ', ""));
        }
    }

    #[test]
    fn a_shift_of_a_name_becomes_a_slice_where_the_result_is_no_wider() {
        let out = |text| run(plain_shifts, text);
        assert_eq!(out("y = y << 32'h4;"), "y={y[11:0],4'h0};");
        assert_eq!(out("y = z | (y << 32'h4);"), "y=z|({y[11:0],4'h0});");
        assert_eq!(out("n = y << 32'h2;"), "n={y[13:0],2'h0};");
        // Wider than the name: bits that leave it stay in the result.
        assert_eq!(out("y = n << 32'h2;"), "y=n<<32'h2;");
        // Something looks at the high bits.
        assert_eq!(out("g = ((y << 32'h2) == z);"), "g=((y<<32'h2)==z);");
        assert_eq!(out("y = ((y << 32'h2) >> 32'h1);"), "y=((y<<32'h2)>>32'h1);");
        // The shift is not of the name alone, or not by a constant.
        assert_eq!(out("y = y + z << 32'h1;"), "y=y+z<<32'h1;");
        for kept in ["y = z << n;", "y = ~z << 32'h1;", "y = |z << 32'h1;", "y = z << 32'h1 + n;", "y = z << 32'h1 << 32'h2;"] {
            assert_eq!(out(kept), kept.replace(' ', ""));
        }
    }

    #[test]
    fn a_replaced_bit_is_assigned() {
        let out = |text| run(plain_bits, text);
        assert_eq!(out("y = z; y = (y & ~(1 << (32'h3)) | ((f) << (32'h3)));"), "y=z;y[3]=f;");
        assert_eq!(out("y = z; y = (z & ~(1 << (32'hf)) | ((f & ~g) << (32'hf)));"), "y=z;y=z;y[15]=f&~g;");
        for kept in [
            // The value reads what the first of two assignments would overwrite.
            "y = z; y = (z & ~(1 << (32'hf)) | ((y[2]) << (32'hf)));",
            // Not one bit: two different places, or one outside.
            "y = z; y = (y & ~(1 << (32'h3)) | ((f) << (32'h4)));",
            "y = z; y = (y & ~(1 << (32'h10)) | ((f) << (32'h10)));",
            "y = z; y = (y & ~(1 << (n)) | ((f) << (n)));",
        ] {
            assert_eq!(out(kept), kept.replace(' ', ""));
        }
    }
}
