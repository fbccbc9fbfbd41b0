//! Planted straps: what they decide goes, everything else stays.

use super::super::{modules, tidy};
use super::*;

/// The modules of a text, folded, with even blanks.
fn folded(text: &str) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, Module> = modules(text).unwrap().into_iter().map(|m| (m.name.clone(), m)).collect();
    let known: BTreeSet<String> = all.keys().cloned().collect();
    all.values_mut().for_each(|m| tidy(m, &known));
    fold(&mut all, "top");
    all.into_iter().map(|(name, m)| (name, normal_form(&m.body))).collect()
}

/// A top module with these declarations and statements, and the inputs `a` and `b` of 8 bits, `clock` and the output `y`.
fn top(declared: &str, instances: &str, statements: &str) -> String {
    format!(
        "module top(clock,a,b,y);\ninput wire clock; input wire [7:0] a; input wire [7:0] b; output reg [7:0] y;\n\
         {declared}\n{instances}\nalways @(*) begin {statements} end endmodule\n"
    )
}

const FLIP_FLOP: &str = "module top$r(d,q,clock); input wire [7:0] d; output reg [7:0] q; input wire clock;\n\
    initial begin q = 8'h5; end always @(posedge clock) begin q <= d; end endmodule\n";
const REGISTER: &str = "top$r r(.d(r$d),.q(r$q),.clock(clock));";
const REGISTER_SIGNALS: &str = "reg [7:0] r$d; wire [7:0] r$q;";

#[test]
fn a_branch_that_a_strap_forbids_goes_with_all_that_only_it_needs() {
    let text = top(
        "localparam on = 1'b0; reg [7:0] x; reg f;",
        "",
        "x = a + 8'h1; f = on & a[0]; y = b; if (f) begin y = x; end else begin if (a[1] & ~f) begin y = 8'h3; end end",
    );
    let out = &folded(&text)["top"];
    assert!(out.contains("begin y = b ; if ( a [ 1 ] ) begin y = 8'h3 ; end end"), "{out}");
    assert!(!out.contains("localparam") && !out.contains("reg f") && !out.contains(" x "), "{out}");
}

#[test]
fn the_same_branch_stays_if_the_strap_is_set() {
    let text = top("localparam on = 1'b1; reg f;", "", "f = on & a[0]; y = b; if (f) begin y = a; end");
    let out = &folded(&text)["top"];
    assert!(out.contains("f = a [ 0 ] ;") && out.contains("if ( f ) begin y = a ; end"), "{out}");
}

#[test]
fn what_varies_is_not_taken_for_constant() {
    // Joined over branches; over a slice; through `~` at another width; with a reduction behind `|`; over one bit somewhere.
    for (statements, kept) in [
        ("x = 8'h0; if (a[0]) begin x = 8'h1; end y = x;", "y = x ;"),
        ("x = 8'h0; x[3:2] = a[1:0]; y = x;", "y = x ;"),
        ("x = {7'h0, ~a[0]}; y = x;", "y = x ;"),
        ("x = 8'h2; y = 8'h0; if (x == {6'h0, a[1:0]}) begin y = b; end", "if ( 8'h2 = = { 6'h0 , a [ 1 : 0 ] } )"),
        ("x = a | |b; y = x;", "x = a | | b ;"),
        ("x = 8'h0; x[a[2:0]] = b[0]; y = x;", "y = x ;"),
        // A value that a later assignment of the block replaces.
        ("x = a; y = x; x = 8'h0;", "x = a ; y = x ;"),
        ("x = a; x = {x[3:0], 4'h0}; y = x; x = 8'h0;", "x = { x [ 3 : 0 ] , 4'h0 } ;"),
        ("x = 8'h0; y = (~x[0]) + a;", "y = ( ~ 1'h0 ) + a ;"),
    ] {
        let out = &folded(&top("reg [7:0] x;", "", statements))["top"];
        assert!(out.contains(kept), "{statements}: {out}");
    }
}

#[test]
fn a_flip_flop_that_keeps_its_first_value_goes_and_one_that_may_leave_it_stays() {
    let text = |next: &str| {
        let statements = format!("r$d = r$q; if (a[0]) begin r$d = {next}; end y = r$q ^ b;");
        FLIP_FLOP.to_string() + &top(REGISTER_SIGNALS, REGISTER, &statements)
    };
    let out = folded(&text("8'h5"));
    assert!(!out.contains_key("top$r") && out["top"].contains("y = 8'h5 ^ b ;"), "{out:?}");
    assert!(!out["top"].contains("r$d") && !out["top"].contains("top$r"), "{out:?}");
    let out = folded(&text("8'h4"));
    assert!(out.contains_key("top$r") && out["top"].contains("y = r$q ^ b ;"), "{out:?}");
}

#[test]
fn a_state_that_is_never_entered_goes() {
    let text = |next: &str| {
        let states = "localparam S$A = 0; localparam S$B = 1; localparam S$C = 2; localparam S$D = 3;";
        let statements = format!(
            "r$d = r$q; y = a; case (r$q) S$A: begin r$d = S$B; end S$B: begin r$d = {next}; end \
             S$C: begin r$d = S$D; y = b; end S$D: begin r$d = S$A; end default: begin y = 8'h9; end endcase"
        );
        FLIP_FLOP.replace("8'h5", "8'h0") + &top(&(states.to_string() + REGISTER_SIGNALS), REGISTER, &statements)
    };
    let out = &folded(&text("S$A"))["top"];
    assert!(out.contains("S$B : begin") && !out.contains("S$C") && !out.contains("S$D") && !out.contains("y = b"), "{out}");
    assert!(out.contains("default : begin y = 8'h9"), "{out}");
    let out = &folded(&text("S$C"))["top"];
    assert!(out.contains("S$D : begin") && out.contains("y = b"), "{out}");
    // Another value than a constant: nothing is known.
    let out = &folded(&text("a"))["top"];
    assert!(out.contains("S$C : begin") && out.contains("y = b"), "{out}");
}

#[test]
fn constants_go_through_ports_and_unused_ports_go() {
    let child = "module top$c(on,x,z,v,w); input wire on; input wire [7:0] x; input wire [7:0] z; output reg [7:0] v; output reg [7:0] w;\n\
        always @(*) begin v = x; w = x; if (on) begin v = z; end end endmodule\n";
    let text = |on: &str| {
        let signals = "reg c$on; reg [7:0] c$x; reg [7:0] c$z; wire [7:0] c$v; wire [7:0] c$w;";
        let instance = "top$c c(.on(c$on),.x(c$x),.z(c$z),.v(c$v),.w(c$w));";
        child.to_string() + &top(signals, instance, &format!("c$on = {on}; c$x = a & 8'h7; c$z = b; y = c$v;"))
    };
    let out = folded(&text("1'h0"));
    assert!(out["top$c"].starts_with("( x , v ) ; input wire [ 7 : 0 ] x ; output reg [ 7 : 0 ] v ;"), "{out:?}");
    assert!(out["top$c"].ends_with("always @ ( * ) begin v = x ; end "), "{out:?}");
    assert!(out["top"].contains("top$c c ( . x ( c$x ) , . v ( c$v ) ) ;") && !out["top"].contains(". z"), "{out:?}");
    let out = folded(&text("a[7]"));
    assert!(out["top$c"].starts_with("( on , x , z , v ) ;") && out["top"].contains(". z ( b )"), "{out:?}");
}

#[test]
fn a_leaf_keeps_its_inputs_while_an_output_is_needed() {
    let leaf = "module top$m(clock,we,q); input wire clock; input wire we; output wire q; reg mem [0:1];\n\
        always @(posedge clock) if (we) mem[0] <= ~mem[0]; assign q = mem[0]; endmodule\n";
    let text = |value: &str| {
        let instance = "top$m m(.clock(clock),.we(m$we),.q(m$q));";
        leaf.to_string() + &top("reg m$we; wire m$q;", instance, &format!("m$we = 1'h0; y = a; y[0] = {value};"))
    };
    let out = folded(&text("m$q"));
    assert!(out.contains_key("top$m") && out["top"].contains("m$we = 1'h0 ;"), "{out:?}");
    let out = folded(&text("b[0]"));
    assert!(!out.contains_key("top$m") && !out["top"].contains("m$"), "{out:?}");
}

#[test]
fn what_is_not_understood_is_left_alone() {
    let text = "module top(a,y); input wire a; output reg y; reg x; always @(a) begin x = 0; y = a & x; end endmodule";
    assert_eq!(folded(text)["top"], normal_form(&modules(text).unwrap()[0].body));
}

/// Every operation on all values of two small signals, against what the bits promise.
#[test]
fn bits_promise_nothing_that_a_value_breaks() {
    let names: BTreeMap<String, Meaning> =
        [("p".to_string(), Meaning::Signal(0, 2)), ("q".to_string(), Meaning::Signal(1, 2))].into_iter().collect();
    struct Given([Bits; 2]);
    impl Known for Given {
        fn bits(&self, signal: usize) -> Bits {
            self.0[signal]
        }
        fn values(&self, _: usize) -> Option<&BTreeSet<u128>> {
            None
        }
    }
    let flag = |b: bool| u128::from(b);
    type Meant<'a> = &'a dyn Fn(u128, u128) -> u128;
    let operations: [(&str, Meant); 12] = [
        ("p & q", &|p, q| p & q),
        ("p | q", &|p, q| p | q),
        ("p ^ q", &|p, q| p ^ q),
        ("p & ~q", &|p, q| p & !q & 3),
        ("p == q", &|p, q| flag(p == q)),
        ("p != q", &|p, q| flag(p != q)),
        ("|p & &q", &|p, q| flag(p != 0 && q == 3)),
        ("~|p | ~&q", &|p, q| flag(p == 0 || q != 3)),
        ("{p[0], q}", &|p, q| (p & 1) << 2 | q),
        ("{1'h1, q[1]} & p", &|p, q| (2 | q >> 1) & p),
        ("p + q", &|p, q| (p + q) & 3),
        ("!p | (q[1:0] == 2'h2)", &|p, q| flag(p == 0 || q == 2)),
    ];
    // Each signal: one value, or two.
    let sets: Vec<[u128; 2]> = (0..4).flat_map(|a| (a..4).map(move |b| [a, b])).collect();
    for (text, meant) in operations {
        let expr = parse(text, &names);
        assert!(!matches!(expr, Expr::Other(..)), "{text}");
        for (p, q) in sets.iter().flat_map(|p| sets.iter().map(move |q| (p, q))) {
            let known = Given([p, q].map(|all| Bits::of(all[0]).join(Bits::of(all[1]))));
            let width = expr.width();
            let promise = expr.bits(&known).value(width);
            let simple = expr.simple(&known);
            for (p, q) in p.iter().flat_map(|p| q.iter().map(move |q| (*p, *q))) {
                let value = meant(p, q);
                assert!(promise.is_none_or(|v| v == value), "{text} at {p}, {q}: {promise:?}");
                let exact = simple.bits(&Given([Bits::of(p), Bits::of(q)])).value(width);
                assert!(exact.is_none_or(|v| v == value), "{text} as {} at {p}, {q}: {exact:?}", simple.text());
            }
        }
    }
}
