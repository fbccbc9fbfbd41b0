//! `smmu replay` as a user meets it, and the recordings on the simulated hardware.

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

fn smmu(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_smmu")).arg("replay").args(args).stdin(Stdio::null()).output().expect("the command runs")
}

fn status(output: &Output) -> i32 {
    output.status.code().expect("no signal")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn recording(name: &str) -> String {
    format!("{}/recordings/linux-6.1-{name}.rec", env!("CARGO_MANIFEST_DIR"))
}

/// A file of this test's own, removed at the end.
struct File(PathBuf);

impl File {
    fn new(name: &str, content: &str) -> Self {
        let path = std::env::temp_dir().join(format!("smmu-replay-{}-{name}", std::process::id()));
        std::fs::write(&path, content).expect("a file");
        File(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("text")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn all_three_on_the_model() {
    let files = ["mmu500", "qcom", "s2"].map(recording);
    let args: Vec<&str> = ["--engine", "model", "--json"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let output = smmu(&args);
    assert_eq!(status(&output), 0, "{}", text(&output.stderr));
    let reports: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for report in reports.as_array().expect("a list") {
        assert_eq!((&report["ok"], &report["engine"]), (&true.into(), &"model".into()));
        assert_eq!(report["phases"].as_array().map(Vec::len), Some(16));
        assert_eq!(report["phases"][10]["name"], "second-device");
        assert_eq!(report["skipped"], serde_json::json!({}));
    }
}

fn on_hardware(name: &str, preset: &str) {
    let output = smmu(&["--json", &recording(name)]);
    assert_eq!(status(&output), 0, "{}{}", text(&output.stdout), text(&output.stderr));
    let report = &serde_json::from_slice::<Value>(&output.stdout).expect("JSON")[0];
    assert_eq!((&report["preset"], &report["engine"]), (&preset.into(), &"rusthdl".into()));
    assert_eq!(report["first_difference"], Value::Null);
    assert!(report["cycles"].as_u64().is_some_and(|cycles| cycles > 10_000));
}

#[test]
fn stage_1_on_the_hardware() {
    on_hardware("mmu500", "zynqmp");
}

#[test]
fn the_qualcomm_flavour_on_the_hardware() {
    on_hardware("qcom", "sm8550");
}

#[test]
fn stage_2_on_the_hardware() {
    on_hardware("s2", "zynqmp");
}

#[test]
fn a_difference_is_status_1_and_is_explained() {
    let file =
        File::new("bad.rec", "# ram 0x80000000 0x1000 pgshift 12 numpage 16\n# phase only\nT 0x1 0x5000 0 1 0x0 should fail\n");
    let output = smmu(&["--engine", "model", "--preset", "mini", file.path()]);
    assert_eq!(status(&output), 1);
    let text = text(&output.stdout);
    assert!(text.contains("first difference: line 3, phase only: read of stream 0x1 at 0x5000 (should fail)"), "{text}");
    assert!(text.contains("recorded: is aborted") && text.contains("here:     goes to 0x5000"), "{text}");
}

#[test]
fn the_hardware_says_it_too_and_writes_its_wave() {
    let file = File::new("bad2.rec", "T 0x1 0x5000 0 1 0x0 x\nT 0x1 0x6000 1 0 0x6000 y\n");
    let wave = File::new("w.vcd", "");
    let output = smmu(&["--preset", "mini", "--vcd", wave.path(), file.path()]);
    assert_eq!(status(&output), 1);
    assert!(text(&output.stdout).contains("here:     goes to 0x5000"), "{}", text(&output.stdout));
    assert!(std::fs::read_to_string(&wave.0).expect("a wave").contains("$enddefinitions"));
    let _ = std::fs::remove_file(wave.0.with_extension("gtkw"));
}

#[test]
fn wrong_use_is_status_2() {
    let good = recording("s2");
    let bad = File::new("syntax.rec", "H\nW 4 0x1 0 x\n");
    let trace = File::new("trace.txt", "a: rwmmio_write: f -> g width=32 val=0x1 addr=0xffff800010000000\n");
    for (args, message) in [
        (vec!["--engine", "fpga", good.as_str()], "there is no engine 'fpga'; choose one of: model, rusthdl"),
        (vec!["--preset", "none", good.as_str()], "there is no preset 'none'"),
        (vec!["/nowhere/x.rec"], "cannot read '/nowhere/x.rec'"),
        (vec!["--engine", "model", bad.path()], "line 2, column 5: 0x1 is not the offset of an access of 4 bytes"),
        (vec!["--engine", "model", "--vcd", "x.vcd", good.as_str()], "the model has no wave"),
        (vec!["--vcd", "x.vcd", good.as_str(), good.as_str()], "one file with --vcd"),
        (vec!["--engine", "model", trace.path()], "--base VA=0"),
        (vec!["--engine", "model", "--base", "zz=0", trace.path()], "give a virtual address"),
        (vec![], "required"),
    ] {
        let output = smmu(&args);
        assert_eq!(status(&output), 2, "{args:?}");
        assert!(text(&output.stderr).contains(message), "{args:?}: {}", text(&output.stderr));
    }
}

#[test]
fn a_trace_with_its_base() {
    let trace = File::new(
        "trace2.txt",
        "a-1 [000] 1.0: rwmmio_write: f -> g width=32 val=0x7fff addr=0xffff800010000800
a-1 [000] 1.0: rwmmio_post_read: f -> g width=32 val=0x7fff addr=0xffff800010000800\n",
    );
    let output = smmu(&["--engine", "model", "--base", "0xffff800010000000=0", trace.path()]);
    assert_eq!(status(&output), 0, "{}", text(&output.stdout));
    // The same, with another register at the known address.
    let output = smmu(&["--engine", "model", "--base", "0xffff800010000800=0x800", trace.path()]);
    assert_eq!(status(&output), 0, "{}", text(&output.stdout));
}
