//! RustHDL's output taken apart into modules, each tidied by itself.

use super::token::{join, sized_number, tokenize, Token};
use super::EmitError;
use std::collections::{BTreeMap, BTreeSet};

mod fold;
mod shift;
mod split;
mod tree;

/// One module as RustHDL printed it.
#[derive(Clone, Debug)]
pub struct Module {
    /// Its name: the path of instance names joined by `$`.
    pub name: String,
    /// All between the name and `endmodule`.
    pub body: Vec<Token>,
}

/// An instance inside a body: where its type stands, and the connections as (port, argument) token positions.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Position of the type's name.
    pub kind_at: usize,
    /// The module that it is an instance of.
    pub kind: String,
    /// Positions of the port names.
    pub ports_at: Vec<usize>,
    /// Positions of the arguments, where an argument is one name.
    pub args_at: Vec<usize>,
}

/// Splits a text into its modules.
pub fn modules(text: &str) -> Result<Vec<Module>, EmitError> {
    let mut found = Vec::new();
    let mut tokens = tokenize(text).into_iter().filter(|t| !matches!(t, Token::Comment(c) if is_boilerplate(c)));
    while let Some(token) = tokens.next() {
        if token.is_blank() {
            continue;
        }
        if !token.is_word("module") {
            return Err(EmitError::Text(format!("'{}' stands outside of any module", token.text())));
        }
        let name = tokens.by_ref().find(|t| !t.is_blank()).map(|t| t.text()).unwrap_or_default();
        let body = tokens.by_ref().take_while(|t| !t.is_word("endmodule")).collect();
        found.push(Module { name, body });
    }
    Ok(found)
}

/// Comments that RustHDL puts into every module and that tell a reader nothing; the one behind `endmodule` is written anew.
fn is_boilerplate(comment: &str) -> bool {
    comment.starts_with("// v--") || comment.starts_with("// Update code") || comment.starts_with("// top")
}

/// Position of the next token after `at` that is neither space nor comment.
fn next_solid(body: &[Token], at: usize) -> Option<usize> {
    (at + 1..body.len()).find(|i| !body[*i].is_blank())
}

fn word_at(body: &[Token], at: Option<usize>) -> Option<&str> {
    match body.get(at?) {
        Some(Token::Word(w)) => Some(w),
        _ => None,
    }
}

/// The instances of modules in `known` inside a body.
pub fn instances(body: &[Token], known: &BTreeSet<String>) -> Vec<Instance> {
    let mut found = Vec::new();
    for (kind_at, token) in body.iter().enumerate() {
        let Token::Word(kind) = token else { continue };
        let name_at = next_solid(body, kind_at);
        if !known.contains(kind) || word_at(body, name_at).is_none() {
            continue;
        }
        let Some(mut at) = name_at.and_then(|n| next_solid(body, n)).filter(|i| body[*i] == Token::Mark('(')) else { continue };
        let mut instance = Instance { kind_at, kind: kind.clone(), ports_at: Vec::new(), args_at: Vec::new() };
        let mut depth = 1;
        while depth > 0 {
            let Some(next) = next_solid(body, at) else { break };
            at = next;
            match &body[at] {
                Token::Mark('(') => depth += 1,
                Token::Mark(')') => depth -= 1,
                Token::Mark('.') if depth == 1 => instance.ports_at.extend(next_solid(body, at)),
                Token::Word(_) if depth == 2 => instance.args_at.push(at),
                _ => {}
            }
        }
        found.push(instance);
    }
    found
}

/// How a name is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Declared {
    input: bool,
    output: bool,
    /// Bits of a vector or a scalar; `None` for a memory.
    width: Option<usize>,
    /// Tokens of the declaration: from..to, the semicolon included.
    span: (usize, usize),
}

/// Declarations of the form that RustHDL writes: `input wire [7:0] a;`, `reg b;`.
fn declarations(body: &[Token]) -> BTreeMap<String, Declared> {
    let solid: Vec<usize> = (0..body.len()).filter(|i| !body[*i].is_blank()).collect();
    let mut found = BTreeMap::new();
    let mut at = 0;
    while at < solid.len() {
        let start = at;
        let word = |k: usize| solid.get(k).and_then(|i| word_at(body, Some(*i)));
        let (input, output) = (word(at) == Some("input"), word(at) == Some("output"));
        if matches!(word(at), Some("input" | "output")) {
            at += 1;
        }
        if !matches!(word(at), Some("wire" | "reg")) {
            at = start + 1;
            continue;
        }
        at += 1;
        let mut width = Some(1);
        if solid.get(at).is_some_and(|i| body[*i] == Token::Mark('[')) {
            // [high:0]
            width = solid.get(at + 1).and_then(|i| body[*i].text().parse::<usize>().ok()).map(|high| high + 1);
            at += 5;
        }
        let (Some(name), Some(end)) = (word(at), solid.get(at + 1)) else { continue };
        if body[*end] == Token::Mark('[') {
            width = None;
        }
        if matches!(body[*end], Token::Mark(';' | '[')) {
            found.insert(name.to_string(), Declared { input, output, width, span: (solid[start], *end + 1) });
        }
        at += 1;
    }
    found
}

/// Makes the text shorter and quieter without changing what it means:
/// a child's input that is always one of this module's inputs (clocks and resets, mostly) is connected directly; enum constants get
/// the width of their enum, unused ones go; a literal that is alone beside a signal gets that signal's width; a constant index is
/// written plainly, and so are casts, shifts by a constant and the replacement of one bit.
pub fn tidy(module: &mut Module, known: &BTreeSet<String>) {
    connect_directly(module, known);
    size_enums(module);
    size_literals(module);
    plain_indices(module);
    plain_casts(module);
    shift::plain_shifts(module);
    shift::plain_bits(module);
}

/// Makes of all modules below `top` what is printed: without what straps leave out, and with `always` blocks that are cut in parts.
pub fn finish(all: &mut BTreeMap<String, Module>, top: &str) {
    fold::fold(all, top);
    all.values_mut().for_each(split::split_always);
}

fn connect_directly(module: &mut Module, known: &BTreeSet<String>) {
    let declared = declarations(&module.body);
    let body = &module.body;
    let mut writes: BTreeMap<String, usize> = BTreeMap::new();
    let mut candidates: BTreeMap<String, (String, (usize, usize))> = BTreeMap::new();
    let solid: Vec<usize> = (0..body.len()).filter(|i| !body[*i].is_blank()).collect();
    let mut depth = 0usize;
    let mut combinational = false;
    for k in 0..solid.len() {
        let token = |d: usize| solid.get(k + d).map(|i| &body[*i]);
        match token(0) {
            Some(Token::Word(w)) if w == "begin" || w == "case" => depth += 1,
            Some(Token::Word(w)) if w == "end" || w == "endcase" => depth = depth.saturating_sub(1),
            Some(Token::Word(w)) if w == "always" => {
                combinational = token(1) == Some(&Token::Mark('@')) && token(3) == Some(&Token::Mark('*')) && depth == 0;
            }
            Some(Token::Word(target)) if matches!(token(1), Some(Token::Mark('=' | '['))) && declared.contains_key(target) => {
                let equality = token(2) == Some(&Token::Mark('='));
                if !equality {
                    *writes.entry(target.clone()).or_default() += 1;
                }
                if let (true, 1, Some(Token::Word(source)), Some(Token::Mark(';'))) = (combinational, depth, token(2), token(3)) {
                    candidates.insert(target.clone(), (source.clone(), (solid[k], solid[k + 3] + 1)));
                }
            }
            _ => {}
        }
    }
    let arguments: BTreeSet<usize> = instances(body, known).into_iter().flat_map(|i| i.args_at).collect();
    let mut replace: BTreeMap<usize, String> = BTreeMap::new();
    let mut cut: Vec<(usize, usize)> = Vec::new();
    for (target, (source, span)) in candidates {
        let Some(Declared { input: false, width, span: declaration, .. }) = declared.get(&target).copied() else { continue };
        let Some(Declared { input: true, width: from, .. }) = declared.get(&source).copied() else { continue };
        let uses: Vec<usize> = (0..body.len())
            .filter(|i| body[*i].is_word(&target) && !(span.0..span.1).contains(i) && !(declaration.0..declaration.1).contains(i))
            .collect();
        let only_arguments = !uses.is_empty() && uses.iter().all(|i| arguments.contains(i));
        if writes.get(&target) == Some(&1) && width.is_some() && width == from && only_arguments {
            replace.extend(uses.into_iter().map(|i| (i, source.clone())));
            cut.extend([span, declaration]);
        }
    }
    module.body = module
        .body
        .iter()
        .enumerate()
        .filter(|(i, _)| !cut.iter().any(|(from, to)| (*from..*to).contains(i)))
        .map(|(i, t)| replace.get(&i).map_or_else(|| t.clone(), |name| Token::Word(name.clone())))
        .collect();
}

/// `localparam WalkState$Idle = 0;` becomes `localparam [1:0] WalkState$Idle = 2'h0;`, or goes if nothing uses it.
fn size_enums(module: &mut Module) {
    let body = &module.body;
    let mut found: Vec<(usize, usize, String, u128)> = Vec::new();
    let mut variants: BTreeMap<String, u128> = BTreeMap::new();
    for at in (0..body.len()).filter(|i| body[*i].is_word("localparam")) {
        let mut solid = (at..body.len()).filter(|i| !body[*i].is_blank());
        let parts: Vec<usize> = solid.by_ref().take(5).collect();
        let [_, name, _, value, end] = parts[..] else { continue };
        let (Token::Word(name), Token::Number(value), Token::Mark(';')) = (&body[name], &body[value], &body[end]) else {
            continue;
        };
        let (Some((kind, _)), Ok(value)) = (name.split_once('$'), value.parse::<u128>()) else { continue };
        let highest = variants.entry(kind.to_string()).or_default();
        *highest = (*highest).max(value);
        found.push((at, end, name.clone(), value));
    }
    let mut out = Vec::with_capacity(body.len());
    let mut at = 0;
    for (from, to, name, value) in found {
        out.extend_from_slice(&body[at..from]);
        at = to + 1;
        let used = body.iter().filter(|t| t.is_word(&name)).count() > 1;
        if used {
            let highest = name.split_once('$').and_then(|(kind, _)| variants.get(kind)).copied().unwrap_or(value);
            let width = (128 - highest.leading_zeros() as usize).max(1);
            out.extend(tokenize(&format!("localparam [{}:0] {name} = {width}'h{value:x};", width - 1)));
        }
    }
    out.extend_from_slice(&body[at..]);
    module.body = out;
}

/// `q = 64'h0;`, `(a == 32'h5)` and `y = a + 32'h1;` get literals of the signal's width. Nowhere else is it safe to tell from the
/// text alone, and in these three the value of the whole stays the same.
fn size_literals(module: &mut Module) {
    let declared = declarations(&module.body);
    let solid: Vec<usize> = (0..module.body.len()).filter(|i| !module.body[*i].is_blank()).collect();
    let width = |token: &Token| match token {
        Token::Word(w) => declared.get(w).and_then(|d| d.width),
        _ => None,
    };
    let mut sized: Vec<(usize, String)> = Vec::new();
    for window in solid.windows(7) {
        let t: Vec<&Token> = window.iter().map(|i| &module.body[*i]).collect();
        let number = |k: usize| match t[k] {
            Token::Number(n) => sized_number(n),
            _ => None,
        };
        let mut set = |k: usize, bits: usize, value: u128| sized.push((window[k], format!("{bits}'h{value:x}")));
        let fits = |bits: usize, value: u128| bits >= 128 || value >> bits == 0;
        let m = |k: usize, c: char| *t[k] == Token::Mark(c);
        // a = N ;     a <= N ;
        for skip in [1, 2] {
            let assigns = if skip == 1 { m(1, '=') } else { m(1, '<') && m(2, '=') };
            if let (true, Some(bits), Some((_, value)), true) = (assigns, width(t[0]), number(1 + skip), m(2 + skip, ';')) {
                set(1 + skip, bits, if bits >= 128 { value } else { value & ((1 << bits) - 1) });
            }
        }
        // ( a == N )    and the other comparisons
        let two = (m(2, '=') || m(2, '!') || m(2, '<') || m(2, '>')) && m(3, '=');
        let one = m(2, '<') || m(2, '>');
        let at = if two { 4 } else { 3 };
        if let (true, Some(bits), Some((_, value)), true) = (m(0, '(') && (one || two), width(t[1]), number(at), m(at + 1, ')')) {
            if fits(bits, value) {
                set(at, bits, value);
            }
        }
        // y = a + N ;
        let operator = ['+', '-', '&', '|', '^'].iter().any(|c| m(3, *c));
        if let (true, true, Some(to), Some(bits), Some((_, value))) =
            (m(1, '='), operator && m(5, ';'), width(t[0]), width(t[2]), number(4))
        {
            if to == bits && fits(bits, value) {
                set(4, bits, value);
            }
        }
    }
    for (at, text) in sized {
        module.body[at] = Token::Number(text);
    }
}

/// `x[(32'h4)+:(4)]` becomes `x[7:4]`, and `x[32'h4]` becomes `x[4]`.
fn plain_indices(module: &mut Module) {
    let body = &module.body;
    let solid: Vec<usize> = (0..body.len()).filter(|i| !body[*i].is_blank()).collect();
    let number = |k: usize| match solid.get(k).map(|i| &body[*i]) {
        Some(Token::Number(n)) => sized_number(n).map(|(_, value)| value).or_else(|| n.parse().ok()),
        _ => None,
    };
    let marks = |from: usize, text: &str| {
        text.chars().enumerate().all(|(k, c)| c == ' ' || solid.get(from + k).is_some_and(|i| body[*i] == Token::Mark(c)))
    };
    let mut replace: Vec<(usize, usize, String)> = Vec::new();
    for k in 0..solid.len() {
        if let (true, Some(low), Some(width)) = (marks(k, "[( )+:( )]"), number(k + 2), number(k + 7)) {
            let high = (low + width).saturating_sub(1);
            let text = if width == 1 { format!("[{low}]") } else { format!("[{high}:{low}]") };
            replace.push((solid[k], solid[k + 9], text));
        } else if let (true, Some(at)) = (marks(k, "[ ]"), number(k + 1)) {
            replace.push((solid[k], solid[k + 2], format!("[{at}]")));
        }
    }
    splice(module, replace);
}

/// `((x) & 16'hffff)`, which is RustHDL's cast, becomes `{8'h0, x}` for an 8-bit `x`, and `x[15:0]` for a wider one; so for a slice.
fn plain_casts(module: &mut Module) {
    let declared = declarations(&module.body);
    let body = &module.body;
    let solid: Vec<usize> = (0..body.len()).filter(|i| !body[*i].is_blank()).collect();
    let token = |k: usize| solid.get(k).map(|i| &body[*i]);
    let mark = |k: usize, c: char| token(k) == Some(&Token::Mark(c));
    let index = |k: usize| match token(k) {
        Some(Token::Number(n)) => n.parse::<usize>().ok(),
        _ => None,
    };
    let mut replace: Vec<(usize, usize, String)> = Vec::new();
    for k in 0..solid.len() {
        let (true, Some(Token::Word(name))) = (mark(k, '(') && mark(k + 1, '('), token(k + 2)) else { continue };
        let Some(have) = declared.get(name).and_then(|d| d.width) else { continue };
        // The operand: from bit `low` up `width` bits, and the token behind it.
        let (low, width, after) = match (mark(k + 3, '['), index(k + 4), mark(k + 5, ':'), index(k + 6), mark(k + 7, ']')) {
            (true, Some(high), true, Some(low), true) if high >= low => (low, high - low + 1, k + 8),
            (true, Some(at), false, ..) if mark(k + 5, ']') => (at, 1, k + 6),
            (false, ..) => (0, have, k + 3),
            _ => continue,
        };
        let mask = match token(after + 2) {
            Some(Token::Number(n)) => sized_number(n),
            _ => None,
        };
        let (true, Some((to, mask))) = (mark(after, ')') && mark(after + 1, '&') && mark(after + 3, ')'), mask) else { continue };
        let ones = mask.trailing_ones() as usize == to.min(128) && (to >= 128 || mask >> to == 0);
        if !ones || to == 0 {
            continue;
        }
        let kept = width.min(to);
        let bits = match (have, low, kept) {
            (have, 0, kept) if kept == have => name.clone(),
            (_, low, 1) => format!("{name}[{low}]"),
            (_, low, kept) => format!("{name}[{}:{low}]", low + kept - 1),
        };
        let text = if to > kept { format!("{{{}'h0, {bits}}}", to - kept) } else { bits };
        replace.push((solid[k], solid[after + 3], text));
    }
    splice(module, replace);
}

/// Replaces token ranges (first, last) by texts. Ranges are in order; one that begins inside the one before is left out.
fn splice(module: &mut Module, replace: Vec<(usize, usize, String)>) {
    let body = &module.body;
    let mut out = Vec::with_capacity(body.len());
    let mut at = 0;
    for (first, last, text) in replace {
        if first >= at {
            out.extend_from_slice(&body[at..first]);
            out.extend(tokenize(&text));
            at = last + 1;
        }
    }
    out.extend_from_slice(&body[at..]);
    module.body = out;
}

/// The body with blanks made even, for comparison.
pub fn normal_form(body: &[Token]) -> String {
    let solid: Vec<Token> = body.iter().filter(|t| !t.is_blank()).flat_map(|t| [t.clone(), Token::Space(" ".into())]).collect();
    join(&solid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tidied(text: &str, known: &[&str]) -> String {
        let mut all = modules(text).unwrap();
        tidy(&mut all[0], &known.iter().map(|s| s.to_string()).collect());
        normal_form(&all[0].body)
    }

    #[test]
    fn a_clock_is_connected_directly() {
        let text =
            "module top(clock,d); input wire clock; input wire d; reg q$clock; reg q$d;\n top$q q(.clock(q$clock),\n.d(q$d));\n\
                    always @(*) begin\n q$clock = clock;\n q$d = d;\n if (d) begin q$d = 1'h0; end\n end\nendmodule // top";
        let out = tidied(text, &["top$q"]);
        assert!(out.contains("top$q q ( . clock ( clock ) , . d ( q$d ) )"), "{out}");
        assert!(!out.contains("q$clock") && out.contains("reg q$d ;"), "{out}");
    }

    #[test]
    fn casts_become_slices_and_concatenations() {
        let text = "module top(a,f); input wire [7:0] a; input wire f; reg [15:0] y; reg [3:0] z;\n\
                    always @(*) begin y = ((a) & 16'hffff); z = ((a) & 4'hf); z = ((a[(32'h2)+:(2)]) & 4'hf); y = ((f) & 16'hffff);\n\
                    y = ((a + f) & 16'hffff); y = ((a) & 16'h00ff); z = ((a[7:2]) & 4'hf); end endmodule";
        let out = tidied(text, &[]);
        for wanted in ["y = { 8'h0 , a } ;", "z = a [ 3 : 0 ] ;", "z = { 2'h0 , a [ 3 : 2 ] } ;", "y = { 15'h0 , f } ;"] {
            assert!(out.contains(wanted), "{wanted}: {out}");
        }
        for kept in ["y = ( ( a + f ) & 16'hffff ) ;", "y = ( ( a ) & 16'h00ff ) ;", "z = a [ 5 : 2 ] ;"] {
            assert!(out.contains(kept), "{kept}: {out}");
        }
    }

    #[test]
    fn enums_and_literals_get_widths() {
        let text = "module top(a,y); input wire [7:0] a; output reg [7:0] y; localparam E$A = 0; localparam E$B = 1; localparam E$C = 2;\n\
                    always @(*) begin y = 64'h3; if (a == 32'h5) begin y = a + 32'h1; end if (a - 1 == 32'h5) begin y = E$C; end end endmodule";
        let out = tidied(text, &[]);
        assert!(out.contains("localparam [ 1 : 0 ] E$C = 2'h2 ;") && !out.contains("E$A"), "{out}");
        assert!(out.contains("y = 8'h3 ;") && out.contains("( a = = 8'h5 )") && out.contains("y = a + 8'h1 ;"), "{out}");
        assert!(out.contains("a - 1 = = 32'h5"), "{out}");
    }
}
