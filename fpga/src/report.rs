//! What the tools found out: cells, clock frequency, critical path.

use crate::flow::DEVICE_NAME;
use crate::wrapper::Overhead;
use crate::FpgaError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// Area and timing of a preset, without the scan wrapper's own cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Preset, or the block that was tried.
    pub preset: String,
    /// Device, package and speed grade.
    pub device: String,
    /// 4-input LUTs of logic.
    pub lut4: usize,
    /// Flip-flops.
    pub ff: usize,
    /// Block RAMs of 18 kbit (DP16KD).
    pub block_ram: usize,
    /// LUT RAMs of 16 x 4 bits (TRELLIS_DPR16X4); each takes the place of 4 LUTs.
    pub lut_ram: usize,
    /// Carry cells of 2 bits (CCU2C); each takes the place of 2 LUTs.
    pub carry: usize,
    /// LUT places taken after packing, logic, carry and LUT RAM together, the wrapper's XOR gates included.
    pub lut_places: usize,
    /// LUT places of the device.
    pub lut_places_available: usize,
    /// Highest clock frequency after routing, MHz.
    pub fmax_mhz: f64,
    /// Frequency that place and route worked towards, MHz.
    pub target_mhz: f64,
    /// Logic on the critical path, ns (with clock-to-output and set-up).
    pub logic_ns: f64,
    /// Wires on the critical path, ns.
    pub routing_ns: f64,
    /// The critical path: one step a wire, the first driven by the register that it starts at.
    pub critical_path: Vec<Step>,
    /// The register that it ends at.
    pub critical_end: String,
}

/// One wire on the critical path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The signal that the wire is, or is computed from, as block path and name: `tcu.walker.state_q`.
    pub signal: String,
    /// What drives it: `register`, `logic`, `carry`, `block RAM`, `LUT RAM`, `multiplexer`.
    pub driver: String,
    /// Delay of the driver, ns.
    pub logic_ns: f64,
    /// Delay of the wire, ns.
    pub routing_ns: f64,
    /// Time since the clock edge at the wire's end, ns.
    pub at_ns: f64,
}

#[derive(Deserialize)]
struct Stat {
    design: StatDesign,
}

#[derive(Deserialize)]
struct StatDesign {
    num_cells_by_type: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
struct Pnr {
    fmax: BTreeMap<String, Fmax>,
    utilization: BTreeMap<String, Utilization>,
    critical_paths: Vec<Path_>,
}

#[derive(Deserialize)]
struct Fmax {
    achieved: f64,
}

#[derive(Deserialize)]
struct Utilization {
    available: usize,
    used: usize,
}

#[derive(Deserialize)]
struct Path_ {
    from: String,
    to: String,
    path: Vec<Segment>,
}

#[derive(Deserialize)]
struct Segment {
    delay: f64,
    #[serde(rename = "type")]
    kind: String,
    net: Option<String>,
    from: Place,
    to: Place,
}

#[derive(Deserialize)]
struct Place {
    cell: String,
    port: String,
}

fn parse<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, FpgaError> {
    let text = std::fs::read_to_string(path).map_err(|source| FpgaError::File { path: path.to_path_buf(), source })?;
    serde_json::from_str(&text).map_err(|e| FpgaError::File {
        path: path.to_path_buf(),
        source: std::io::Error::new(std::io::ErrorKind::InvalidData, e),
    })
}

/// Reads `cells.json` (Yosys) and `pnr.json` (nextpnr) of a run.
pub fn read_report(name: &str, dir: &Path, wrapper: Overhead, target_mhz: f64) -> Result<Report, FpgaError> {
    let cells = parse::<Stat>(&dir.join("cells.json"))?.design.num_cells_by_type;
    let path = dir.join("pnr.json");
    let pnr: Pnr = parse(&path)?;
    let count = |kind: &str| cells.get(kind).copied().unwrap_or(0);
    let missing = |what| FpgaError::Report { path: path.clone(), what };
    let places = pnr.utilization.get("TRELLIS_COMB").ok_or_else(|| missing("TRELLIS_COMB"))?;
    let fmax = pnr.fmax.values().map(|f| f.achieved).reduce(f64::min).ok_or_else(|| missing("fmax"))?;
    let worst = pnr.critical_paths.iter().filter(|p| p.from == p.to).max_by(|a, b| delay(a).total_cmp(&delay(b)));
    let worst = worst.ok_or_else(|| missing("path from register to register"))?;
    let routing_ns: f64 = worst.path.iter().filter(|s| s.kind == "routing").map(|s| s.delay).sum();
    Ok(Report {
        preset: name.to_string(),
        device: DEVICE_NAME.to_string(),
        lut4: count("LUT4").saturating_sub(wrapper.lut),
        ff: count("TRELLIS_FF").saturating_sub(wrapper.ff),
        block_ram: count("DP16KD"),
        lut_ram: count("TRELLIS_DPR16X4"),
        carry: count("CCU2C"),
        lut_places: places.used,
        lut_places_available: places.available,
        fmax_mhz: fmax,
        target_mhz,
        logic_ns: delay(worst) - routing_ns,
        routing_ns,
        critical_path: steps(&worst.path),
        critical_end: worst.path.last().map(|s| signal_name(&s.to.cell)).unwrap_or_default(),
    })
}

fn delay(path: &Path_) -> f64 {
    path.path.iter().map(|s| s.delay).sum()
}

fn steps(path: &[Segment]) -> Vec<Step> {
    let (mut at_ns, mut logic_ns, mut out) = (0.0, 0.0, Vec::new());
    for segment in path {
        at_ns += segment.delay;
        if segment.kind == "routing" {
            let net = segment.net.as_deref().unwrap_or(&segment.from.cell);
            let driver = driver(&segment.from, out.is_empty());
            out.push(Step { signal: signal_name(net), driver, logic_ns, routing_ns: segment.delay, at_ns });
            logic_ns = 0.0;
        } else {
            logic_ns += segment.delay;
        }
    }
    out
}

fn driver(from: &Place, first: bool) -> String {
    let block_ram = from.port.starts_with("DO") && from.port.len() > 2;
    let kind = match from.port.as_str() {
        "Q" => "register",
        _ if block_ram => "block RAM",
        _ if from.cell.contains("DPR16X4") => "LUT RAM",
        "OFX" | "OFX0" | "OFX1" => "multiplexer",
        _ if from.cell.contains("CCU2C") => "carry",
        _ if first => "register",
        _ => "logic",
    };
    kind.to_string()
}

/// Cell kinds that Yosys appends to the name of the signal from which it derived a name of its own.
const CELL_KINDS: &[&str] =
    &["_LUT4_", "_PFUMX_", "_L6MUX21_", "_TRELLIS_FF_", "_CCU2C_", "_TRELLIS_DPR16X4_", "_DP16KD_", "_DPR16X4_"];

/// The signal of the design that a net's or cell's name comes from, as a path of blocks: `dut.tcu.walker.state_q_LUT4_A_Z[3]` is
/// `tcu.walker.state_q`, and `dut.tcu.tlb.tags.mem.0.1_DO_3` is `tcu.tlb.tags.mem`.
fn signal_name(net: &str) -> String {
    let memory =
        net.match_indices(".mem.").map(|(at, _)| at + 4).find(|at| net[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    let cut = CELL_KINDS.iter().filter_map(|kind| net.find(kind)).chain(memory).min();
    let name = cut.map_or(net, |at| &net[..at]);
    match name.strip_prefix("dut.") {
        Some(inner) => inner.to_string(),
        None => format!("port {}", name.trim_start_matches("in_").trim_start_matches("out_").trim_start_matches("from_")),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = 100.0 * self.lut_places as f64 / self.lut_places_available.max(1) as f64;
        writeln!(f, "preset {} on {}", self.preset, self.device)?;
        writeln!(f, "  LUT4        {:>7}", self.lut4)?;
        writeln!(f, "  FF          {:>7}", self.ff)?;
        writeln!(f, "  block RAM   {:>7}  (DP16KD, 18 kbit)", self.block_ram)?;
        writeln!(f, "  LUT RAM     {:>7}  (16 x 4 bits)", self.lut_ram)?;
        writeln!(f, "  carry       {:>7}  (2 bits)", self.carry)?;
        writeln!(f, "  LUT places  {:>7}  of {} ({share:.0} %), wrapper included", self.lut_places, self.lut_places_available)?;
        writeln!(f, "  Fmax        {:>7.1}  MHz (worked towards {:.0} MHz)", self.fmax_mhz, self.target_mhz)?;
        writeln!(f, "critical path: {:.1} ns logic, {:.1} ns routing", self.logic_ns, self.routing_ns)?;
        writeln!(f, "  {:>6}  {:>6}  {:>6}  {:<12} signal", "ns", "logic", "wire", "driver")?;
        for step in &self.critical_path {
            writeln!(
                f,
                "  {:>6.2}  {:>6.2}  {:>6.2}  {:<12} {}",
                step.at_ns, step.logic_ns, step.routing_ns, step.driver, step.signal
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
