use super::*;

const TEXT: &str = "
// A comment.
module top(clk,aresetn,a,y,z);
    input wire clk;
    input wire aresetn;
    input wire [7:0] a;
    output reg [7:0] y;
    output wire [7:0] z;
    reg [7:0] x;
    wire [7:0] q;
    wire [7:0] w = x + 8'h1, v = {w[3:0], w[7:4]};
    top_inner one(.clk(clk), .aresetn(aresetn), .d(v), .q(q));
    top_inner two(.clk(clk), .aresetn(aresetn), .d(q), .q(z));
    always @(*) begin
        y = q ^ 8'hf;
        x = a;
        if (q[0]) begin
            x = 8'h0;
        end
    end
endmodule
module top_inner(clk,aresetn,d,q);
    input wire clk;
    input wire aresetn;
    input wire [7:0] d;
    output reg [7:0] q;
    reg [7:0] mem [0:3];
    integer k;
    initial begin q = 8'h0; for (k = 0; k < 4; k = k + 1) mem[k] = 8'h0; end
    always @(posedge clk) if (~aresetn) q <= 8'h0; else begin q <= d; mem[d[1:0]] <= d; end
endmodule
";

const GATES: [Gate; 1] = [Gate { of: &["two"], without: &[] }];

/// The clocked text without blanks and line ends.
fn dense(text: &str) -> String {
    clocked(text, "top", "clk", &GATES).unwrap().replace([' ', '\n'], "")
}

#[test]
fn wires_come_in_order_inside_and_outputs_stay_outside() {
    let out = dense(TEXT);
    let (outside, inside) = out.split_once("always@(posedgeclk)begin").unwrap();
    assert!(outside.contains("always@(*)beginy=q^8'hf;end"), "{outside}");
    assert!(!inside.contains("y=q"), "{inside}");
    let places: Vec<usize> = ["x=a;if(q[0])beginx=8'h0;end", "w=x+8'h1;", "v={w[3:0],w[7:4]};", "q<=v;"]
        .iter()
        .map(|part| inside.find(part).unwrap_or_else(|| panic!("{part} in {inside}")))
        .collect();
    assert!(places.is_sorted(), "{inside}");
}

#[test]
fn a_gated_group_compares_its_inputs_and_what_it_assigns() {
    let out = dense(TEXT);
    let expected = "if(news$1|(seen$1$aresetn!=aresetn)|(seen$1$q!=q))beginnews$1=1'h0;seen$1$aresetn=aresetn;seen$1$q=q;\
                    if(~aresetn)beginif(z!=(8'h0))news$1=1'h1;z<=8'h0;endelsebeginif(z!=(q))news$1=1'h1;z<=q;\
                    if(two$mem[q[1:0]]!=(q))news$1=1'h1;two$mem[q[1:0]]<=q;endend";
    assert!(out.contains(expected), "{out}");
    assert!(out.contains("initialnews$1=1'h1;"), "{out}");
    // The other instance is not gated.
    assert!(out.contains("endif(~aresetn)beginq<=8'h0;endelsebeginq<=v;one$mem[v[1:0]]<=v;end"), "{out}");
}

#[test]
fn wires_that_share_nothing_do_not_make_a_loop() {
    // As one part, the block would read what hangs on what it writes.
    let text = "module top(clk,y); input wire clk; output reg y; reg a, b, c; reg r; wire d = ~a;\n\
                always @(*) begin a = r; c = d; b = c; end\n always @(posedge clk) r <= b; always @(*) y = r; endmodule";
    let out = dense(text);
    assert!(out.contains("a=r;d=~a;c=d;b=c;r<=b;"), "{out}");
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |text: &str| clocked(text, "top", "clk", &GATES).unwrap_err();
    let through = "module top(clk,a,y); input wire clk; input wire a; output wire y; assign y = ~a; endmodule";
    assert!(refused(through).contains("input 'a'"), "{}", refused(through));
    let round = "module top(clk,y); input wire clk; output wire y; wire a = ~b; wire b = a; reg r; assign y = r; endmodule";
    assert!(refused(round).contains("loop"), "{}", refused(round));
    let edge = "module top(clk); input wire clk; reg r; always @(negedge clk) r <= 1'h0; endmodule";
    assert!(refused(edge).contains("one edge"), "{}", refused(edge));
    assert!(refused("module other(); endmodule").contains("no module 'top'"));
}
