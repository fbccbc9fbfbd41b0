//! FPGA flow: how big is the SMMU and how fast, on an ECP5-85F of speed grade 6.
//!
//! ```text
//! preset -> smmu.v ---+
//!           wrapper.v +-> Yosys synth_ecp5 -> netlist.json -> nextpnr-ecp5 -> report.json
//!                           (synth.log)                         (pnr.log)      report.txt
//! ```
//!
//! * [`wrapper`] puts a register at every port, so that every path that is timed goes from register to register and three pins
//!   are enough for any preset.
//! * [`flow`] runs the tools. They are PyPI wheels at the versions of `requirements.txt`; `cargo xtask setup` installs them.
//! * [`report`] reads what they found out and tells the critical path in block names.
//!
//! The figures are of the whole wrapped design less the wrapper's own registers and XOR gates, which are counted exactly.

pub mod flow;
pub mod report;
pub mod wrapper;

pub use flow::{run, run_verilog, Options, Stage};
pub use report::Report;

use std::path::PathBuf;

/// What a preset must reach on this device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Lowest clock frequency, MHz.
    pub fmax_mhz: f64,
    /// Most LUT4.
    pub lut4: usize,
}

/// The limits of a preset; `None` where the flow only has to complete.
pub fn limits(preset: &str) -> Option<Limits> {
    (preset == "mini").then_some(Limits { fmax_mhz: 90.0, lut4: 14_000 })
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum FpgaError {
    /// No Verilog for the preset.
    #[error(transparent)]
    Emit(#[from] smmu_rtl::verilog::EmitError),
    /// A tool is not installed.
    #[error("'{}' cannot be started ({source}); `cargo xtask setup` installs it", tool.display())]
    ToolMissing {
        /// Path of the tool.
        tool: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A tool failed.
    #[error("{tool} failed; its log is {}\n{tail}", log.display())]
    ToolFailed {
        /// Its name.
        tool: &'static str,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A tool's report does not have what is looked for in it.
    #[error("{}: no {what} in the report; is the tool's version the pinned one?", path.display())]
    Report {
        /// The report.
        path: PathBuf,
        /// What is missing.
        what: &'static str,
    },
}
