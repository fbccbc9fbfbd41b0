//! Every preset as its users get it: the HDL lint is quiet, and three Verilog front ends take the emitted file.

use smmu_rtl::params::{Params, FULL, INDEXED, MINI, MULTI, SC8180X, SM8550, ZYNQMP};
use smmu_rtl::testing::check_verilog;
use smmu_rtl::verilog::{emit, lint, ports, Dir, TOP};

fn check(params: &Params) {
    let findings: Vec<String> = lint(params).expect("elaboration").iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "HDL lint of {}:\n{}", params.name, findings.join("\n"));
    let text = emit(params).unwrap_or_else(|e| panic!("{}: {e}", params.name));
    assert_eq!(text.matches(&format!("\nmodule {TOP}(")).count(), 1, "{}", params.name);
    for port in ports(params).expect("elaboration") {
        let direction = if port.dir == Dir::In { "input" } else { "output" };
        let declared = text.lines().any(|l| l.trim_start().starts_with(direction) && l.ends_with(&format!(" {};", port.name)));
        assert!(declared, "{}: {direction} {} is not in the file", params.name, port.name);
    }
    check_verilog(params.name, &text, TOP).unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn mini() {
    check(&MINI);
}

#[test]
fn zynqmp() {
    check(&ZYNQMP);
}

#[test]
fn sc8180x() {
    check(&SC8180X);
}

#[test]
fn sm8550() {
    check(&SM8550);
}

#[test]
fn full() {
    check(&FULL);
}

#[test]
fn indexed() {
    check(&INDEXED);
}

#[test]
fn multi() {
    check(&MULTI);
}
