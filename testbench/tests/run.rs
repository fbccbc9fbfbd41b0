//! `smmu run` and `smmu bench` on the hardware: the JSON that scripts read, waves, and what comes out of them.

use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

fn smmu(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_smmu")).args(args).stdin(Stdio::null()).output().expect("the command runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stdout)))
}

/// A folder of this test's own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("smmu-run-{name}-{}", std::process::id()));
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

/// The lines of a log as posted, without time stamps.
fn posted(name: &str) -> Vec<String> {
    let path = format!("{}/tests/data/{name}.log", env!("CARGO_MANIFEST_DIR"));
    let log = std::fs::read_to_string(path).expect("the log");
    log.lines().filter_map(|line| line.split_once("] ")).map(|(_, text)| text.to_string()).collect()
}

#[test]
fn both_machines_print_every_line_of_their_log() {
    for name in ["sc8180x", "sm8550"] {
        let output = smmu(&["run", name, "--dma-ops", "direct", "--domain", "dma", "--json"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(output.stderr.is_empty(), "nothing but JSON when piped: {}", text(&output.stderr));
        let value = json(&output);
        let log: Vec<&str> = value["log"].as_array().expect("log").iter().filter_map(Value::as_str).collect();
        let posted = posted(name);
        assert!(posted.len() >= 15, "{name}");
        for line in &posted {
            assert!(log.contains(&line.as_str()), "{name}: '{line}' in {log:#?}");
        }
        assert_eq!((&value["scenario"], &value["engine"], &value["ok"]), (&name.into(), &"rusthdl".into(), &true.into()));
        assert!(value["cycles"].as_u64().is_some_and(|cycles| cycles > 0));
        assert_eq!(value["host_regs"].as_array().map(Vec::len), Some(40));
        let faults = value["faults"].as_array().expect("faults");
        assert_eq!(faults.len(), 1);
        for key in ["fsr", "far", "fsynr0", "cbfrsynra", "cb"] {
            assert!(faults[0][key].is_u64(), "{key}");
        }
    }
}

#[test]
fn the_command_s_own_log_can_be_decoded() {
    let folder = Folder::new("decode");
    let run = smmu(&["run", "sc8180x", "--preset", "zynqmp"]);
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stdout));
    assert!(text(&run.stdout).contains("ended as it should"));
    let file = folder.path("run.log");
    std::fs::write(&file, &run.stdout).expect("written");
    let decoded = smmu(&["decode", &file]);
    assert_eq!(decoded.status.code(), Some(0), "{}", text(&decoded.stderr));
    assert!(text(&decoded.stdout).contains("slot 31's transfer request descriptor, UTRLBA + 0x3e0"), "{}", text(&decoded.stdout));
    assert!(!text(&decoded.stdout).contains("warning"), "{}", text(&decoded.stdout));
}

/// Values of a variable over the wave: (cycle, bits).
fn values(wave: &[u8], path: &[&str]) -> Vec<(u64, u64)> {
    let mut parser = vcd::Parser::new(wave);
    let header = parser.parse_header().expect("a header");
    let wanted = header.find_var(path).unwrap_or_else(|| panic!("{path:?}")).code;
    let cycle_code = header.find_var(&["smmu", "cycle"]).expect("cycle").code;
    let (mut cycle, mut out) = (0, Vec::new());
    for command in parser {
        // Other variables may be wider than a word.
        let (code, value) = match command.expect("a command") {
            vcd::Command::ChangeVector(code, v) if code == wanted || code == cycle_code => {
                (code, u64::from_str_radix(&v.to_string(), 2).expect("bits"))
            }
            vcd::Command::ChangeScalar(code, v) => (code, u64::from(v == vcd::Value::V1)),
            _ => continue,
        };
        if code == cycle_code {
            cycle = value;
        }
        if code == wanted {
            out.push((cycle, value));
        }
    }
    out
}

#[test]
fn a_wave_of_the_fault_shows_the_walk() {
    let folder = Folder::new("wave");
    let file = folder.path("fault.vcd");
    let output = smmu(&["run", "sc8180x", "--preset", "mini", "--vcd", &file]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let wave = std::fs::read(&file).expect("the wave");
    let rises = |path: &[&str]| -> Vec<u64> { values(&wave, path).iter().filter(|v| v.1 == 1).map(|v| v.0).collect() };
    let client = rises(&["smmu", "s_axi_ar", "s_axi_arvalid"]);
    let walk = rises(&["smmu", "m_axi_ptw_ar", "m_axi_ptw_arvalid"]);
    assert_eq!(client.len(), 1, "one fetch");
    assert_eq!(walk.len(), 1, "one table read: the root is empty");
    assert!(walk[0] > client[0]);
    assert!(rises(&["smmu", "m_axi_ar", "m_axi_arvalid"]).is_empty(), "nothing goes downstream");
    let answer = rises(&["smmu", "s_axi_r", "s_axi_rvalid"]);
    assert!(answer[0] > walk[0], "the refusal comes after the walk");
    assert!(folder.0.join("fault.gtkw").exists());

    // The same run again, a few cycles of it: the window is kept to, and what is in it is the same.
    let (from, to) = (client[0] - 2, walk[0] + 2);
    let part = folder.path("part.vcd");
    let output = smmu(&[
        "run",
        "sc8180x",
        "--preset",
        "mini",
        "--vcd",
        &part,
        "--vcd-from",
        &from.to_string(),
        "--vcd-to",
        &to.to_string(),
    ]);
    assert_eq!(output.status.code(), Some(0));
    let part = std::fs::read(&part).expect("the wave");
    let cycles: Vec<u64> = values(&part, &["smmu", "cycle"]).iter().map(|v| v.1).collect();
    assert_eq!(cycles, (from..=to).collect::<Vec<_>>());
    let addr = ["smmu", "m_axi_ptw_ar", "m_axi_ptw_araddr"];
    let at_walk = |wave: &[u8]| values(wave, &addr).iter().rev().find(|v| v.0 <= walk[0]).map(|v| v.1);
    assert_eq!(at_walk(&part), at_walk(&wave));
    assert!(part.len() < wave.len());
}

#[test]
fn a_wave_that_ends_before_it_starts_and_a_full_disk_are_told() {
    let folder = Folder::new("disk");
    let late = folder.path("late.vcd");
    let output = smmu(&["run", "sc8180x", "--preset", "mini", "--vcd", &late, "--vcd-from", "999999999"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("the wave is empty"), "{}", text(&output.stderr));
    if cfg!(target_os = "linux") {
        let full = folder.path("full.vcd");
        std::os::unix::fs::symlink("/dev/full", &full).expect("a link");
        let output = smmu(&["run", "sc8180x", "--preset", "mini", "--vcd", &full]);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("full.vcd") && text(&output.stderr).contains("disk"), "{}", text(&output.stderr));
    }
}

#[test]
fn the_speed_table_holds() {
    let output = smmu(&["bench", "hw", "--json"]);
    let rows = json(&output);
    let rows = rows.as_array().expect("rows");
    for row in rows {
        assert_eq!(row["ok"], true, "{row}");
        assert_eq!(row["preset"], "zynqmp");
        for key in ["name", "value", "unit", "bound", "latency"] {
            assert!(row.get(key).is_some(), "{key} in {row}");
        }
    }
    let value = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name}"))["value"].as_f64();
    assert_eq!((value("hit_read"), value("hit_write")), (Some(2.0), Some(2.0)));
    assert_eq!((value("hit_rate_read"), value("hit_rate_write")), (Some(1.0), Some(1.0)));
    assert_eq!(value("walks_in_flight"), Some(8.0));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn verilog_is_one_file_with_flat_ports() {
    let folder = Folder::new("verilog");
    let output = smmu(&["verilog", "--preset", "mini", "--out", &folder.path("new/rtl")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let files: Vec<PathBuf> =
        std::fs::read_dir(folder.0.join("new/rtl")).expect("the folder").map(|f| f.expect("a file").path()).collect();
    assert_eq!(files.len(), 1);
    let verilog = std::fs::read_to_string(&files[0]).expect("text");
    assert!(verilog.contains("module smmu") && verilog.contains("s_axi_arvalid"));
    assert!(!verilog.contains("s_axi_ar$"));
}
