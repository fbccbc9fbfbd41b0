//! The `smmu` command as a user or a script meets it: output, JSON, messages, exit status.

use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

fn smmu(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_smmu")).args(args).stdin(Stdio::null()).output().expect("the command runs")
}

fn smmu_with_input(args: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_smmu"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    child.stdin.take().expect("a pipe").write_all(input).expect("input taken");
    child.wait_with_output().expect("it ends")
}

fn status(output: &Output) -> i32 {
    output.status.code().expect("no signal")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stdout(output)))
}

fn log(name: &str) -> String {
    format!("{}/tests/data/{name}.log", env!("CARGO_MANIFEST_DIR"))
}

/// A folder of this test's own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("smmu-cli-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("text").to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The field of that name in a decoded register.
fn field(register: &Value, name: &str) -> u64 {
    let fields = register["fields"].as_array().expect("fields");
    fields.iter().find(|f| f["name"] == name).unwrap_or_else(|| panic!("{name} in {register}"))["value"]
        .as_u64()
        .expect("a number")
}

#[test]
fn decode_explains_both_logs() {
    for (name, iova, stream, level, hardware_bank, bank) in
        [("sc8180x", 0x1_032d_b3e0_u64, 0x300, 0, 19, 4), ("sm8550", 0x8_8510_93e0, 0x60, 1, 59, 2)]
    {
        let text = smmu(&["decode", &log(name)]);
        assert_eq!(status(&text), 0, "{}", stderr(&text));
        let out = stdout(&text);
        for part in
            ["slot 31's transfer request descriptor, UTRLBA + 0x3e0", "translation fault", "DME_LINKSTARTUP", "SBFES", "EAGAIN"]
        {
            assert!(out.contains(part), "{name}: {part} in\n{out}");
        }
        let value = json(&smmu(&["decode", "--json", &log(name)]));
        let fault = &value["context_faults"][0];
        assert_eq!(fault["iova"], iova);
        assert_eq!(fault["cb"], bank);
        assert_eq!(field(&fault["fsr"], "TF"), 1);
        assert_eq!(field(&fault["fsr"], "FORMAT"), 2);
        assert_eq!(field(&fault["fsynr0"], "PLVL"), level);
        assert_eq!(field(&fault["fsynr0"], "S1CBNDX"), hardware_bank);
        assert_eq!(field(&fault["cbfrsynra"], "StreamID"), stream);
        assert_eq!(value["host_regs"][0]["registers"].as_array().map(Vec::len), Some(40));
        assert_eq!(value["warnings"].as_array().map(Vec::len), Some(0));
    }
}

#[test]
fn decode_reads_standard_input_and_noise() {
    let noisy = b"From: someone\r\n> [    3.846856] arm-smmu 15000000.iommu: Unhandled context fault: fsr=0x402,\r\n\
                 > iova=0x1032db3e0, fsynr=0x130000, cbfrsynra=0x300, cb=4\r\n\xff\xfe";
    for args in [&["decode"][..], &["decode", "-"][..]] {
        let output = smmu_with_input(args, noisy);
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        assert!(stdout(&output).contains("0x1032db3e0") && stdout(&output).contains("stream 0x300"), "{}", stdout(&output));
    }
}

#[test]
fn decode_says_when_there_is_nothing() {
    let output = smmu_with_input(&["decode"], b"nothing of interest\n");
    assert_eq!(status(&output), 1);
    assert!(stderr(&output).contains("nothing in standard input was recognised"), "{}", stderr(&output));
    let output = smmu_with_input(&["decode", "--json"], b"");
    assert_eq!(status(&output), 1);
    assert_eq!(json(&output)["context_faults"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_missing_file_is_wrong_use() {
    let output = smmu(&["decode", "/no/such/file.log"]);
    assert_eq!(status(&output), 2);
    assert!(stderr(&output).contains("/no/such/file.log"), "{}", stderr(&output));
    assert!(stdout(&output).is_empty());
}

#[test]
fn list_names_everything() {
    let output = smmu(&["list"]);
    assert_eq!(status(&output), 0);
    for name in ["sc8180x", "sm8550", "mini", "zynqmp", "rusthdl"] {
        assert!(stdout(&output).contains(name), "{name}");
    }
    let value = json(&smmu(&["list", "--json"]));
    assert_eq!(value["presets"].as_array().map(Vec::len), Some(smmu_rtl::params::PRESETS.len()));
    assert_eq!(value["engines"][0]["name"], "rusthdl");
    assert_eq!(value["scenarios"][0]["name"], "sc8180x");
}

#[test]
fn a_tour_without_stream_matching_is_wrong_use() {
    let output = smmu(&["tour", "--preset", "indexed"]);
    assert_eq!(status(&output), 2);
    assert!(stderr(&output).contains("stream indexing"), "{}", stderr(&output));
}

#[test]
fn a_demonstration_tells_its_story() {
    let folder = Folder::new("demo");
    let wave = folder.path("nested.vcd");
    let output = smmu(&["demo", "nested", "--vcd", &wave]);
    assert_eq!(status(&output), 0);
    for part in ["TYPE 3", "IPAFAR", "TLBIIPAS2L", "as it should be"] {
        assert!(stdout(&output).contains(part), "{part}: {}", stdout(&output));
    }
    assert!(std::fs::metadata(&wave).is_ok_and(|file| file.len() > 10_000));
    let value = json(&smmu(&["demo", "ports", "--json"]));
    assert_eq!((&value["ok"], &value["preset"]), (&true.into(), &"multi".into()));
    for (args, part) in [
        (&["demo", "ports", "--preset", "mini"][..], "four client ports"),
        (&["demo", "nested", "--preset", "sm8550"], "full"),
        (&["demo", "toaster"], "nested"),
    ] {
        let output = smmu(args);
        assert_eq!(status(&output), 2, "{args:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(part), "{args:?}");
    }
}

#[test]
fn wrong_names_are_told_with_the_right_ones() {
    let folder = Folder::new("names");
    let out = folder.path("x");
    for (args, parts) in [
        (&["verilog", "--preset", "huge", "--out", &out][..], &["huge", "mini", "zynqmp", "sm8550"][..]),
        (&["bench", "hw", "--preset", "huge"], &["huge", "mini", "zynqmp"]),
        (&["bench", "hw", "--engine", "fpga"], &["fpga", "rusthdl"]),
        (&["bench", "sim", "--seconds", "-1"], &["seconds"]),
        (&["run", "toaster"], &["toaster", "sc8180x", "sm8550"]),
        (&["run"], &["Usage"]),
        (&["run", "sc8180x", "--preset", "huge"], &["huge", "mini", "zynqmp"]),
        (&["run", "sc8180x", "--engine", "fpga"], &["fpga", "rusthdl"]),
        (&["run", "sc8180x", "--dma-ops", "magic"], &["magic", "direct", "iommu"]),
        (&["run", "sc8180x", "--domain", "magic"], &["magic", "dma", "identity"]),
        (&["run", "sc8180x", "--vcd", "/no/such/folder/x.vcd"], &["/no/such/folder/x.vcd"]),
        (&["run", "sc8180x", "--vcd-from", "3"], &["--vcd"]),
        (&["run", "sc8180x", "--vcd", &out, "--vcd-from", "3", "--vcd-to", "2"], &["before it starts"]),
        (&["run", "sc8180x", "--latency", "0"], &["latency"]),
        (&["bench"], &["Usage"]),
        (&["frobnicate"], &["frobnicate"]),
        (&["verilog"], &["--out"]),
    ] {
        let output = smmu(args);
        assert_eq!(status(&output), 2, "{args:?}: {}", stderr(&output));
        for part in parts {
            assert!(stderr(&output).contains(part), "{args:?}: {part} in {}", stderr(&output));
        }
    }
}

#[test]
fn help_and_version_are_good() {
    let help = smmu(&["--help"]);
    assert_eq!(status(&help), 0);
    for command in ["run", "list", "decode", "verilog", "bench"] {
        assert!(stdout(&help).contains(command), "{command}");
    }
    assert!(stdout(&smmu(&["--version"])).starts_with("smmu "));
}

#[test]
fn a_folder_that_cannot_be_made_is_wrong_use() {
    let folder = Folder::new("verilog");
    let file = folder.path("file");
    std::fs::write(&file, "").expect("a file");
    let output = smmu(&["verilog", "--preset", "mini", "--out", &format!("{file}/below")]);
    assert_eq!(status(&output), 2, "{}", stderr(&output));
    assert!(stderr(&output).contains("below"), "{}", stderr(&output));
}
