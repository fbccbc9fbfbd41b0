//! The device trait: hardware under test, one call a cycle.
//!
//! Every output pin of the SMMU is a function of its registers alone (no combinational path from pin to pin), so one cycle is:
//! look at [`Outputs`], decide [`Inputs`], call [`Device::cycle`], which clocks the hardware once and returns the outputs that
//! stand in the next cycle. A handshake happens in a cycle in which `valid` of one side and `ready` of the other are both set.

use bitvec::prelude::*;
use smmu_rtl::params::Params;
use std::path::PathBuf;

#[cfg(test)]
mod fields;
pub mod lockstep;
pub mod pins;
pub mod rust_hdl;
#[cfg(test)]
mod stimulus;
#[cfg(feature = "verilator")]
pub mod verilator;

/// Levels of `irq_context`, one bit a context bank.
pub type ContextIrqs = BitArr!(for 128, in u64, Lsb0);

/// Payload of an address channel (AW or AR). Widths as in `docs/architecture.md`; bits that a port does not have are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddrBeat {
    /// AxID.
    pub id: u32,
    /// AxADDR: 49 bits on the client port, 48 downstream.
    pub addr: u64,
    /// AxLEN: beats - 1.
    pub len: u8,
    /// AxSIZE: log2 of the bytes in a beat.
    pub size: u8,
    /// AxBURST: 0 FIXED, 1 INCR, 2 WRAP.
    pub burst: u8,
    /// AxLOCK.
    pub lock: bool,
    /// AxCACHE.
    pub cache: u8,
    /// AxPROT: bit 0 privileged, bit 1 non-secure, bit 2 instruction.
    pub prot: u8,
    /// AxQOS.
    pub qos: u8,
    /// AxREGION.
    pub region: u8,
    /// AxUSER: StreamID in bits 15:0; downstream also domain 17:16 and inner cacheability 21:18.
    pub user: u32,
}

/// Payload of the write data channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteBeat {
    /// WDATA.
    pub data: u128,
    /// WSTRB, one bit a byte.
    pub strb: u16,
    /// WLAST.
    pub last: bool,
}

/// Payload of the write response channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RespBeat {
    /// BID.
    pub id: u32,
    /// BRESP: 0 OKAY, 1 EXOKAY, 2 SLVERR, 3 DECERR.
    pub resp: u8,
}

/// Payload of the read data channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadBeat {
    /// RID.
    pub id: u32,
    /// RDATA.
    pub data: u128,
    /// RRESP, coded as BRESP.
    pub resp: u8,
    /// RLAST.
    pub last: bool,
}

/// What a bus master drives into a slave port of the hardware (`s_axi_*`), or the hardware into its downstream (`m_axi_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AxiToSlave {
    pub awvalid: bool,
    pub aw: AddrBeat,
    pub wvalid: bool,
    pub w: WriteBeat,
    pub bready: bool,
    pub arvalid: bool,
    pub ar: AddrBeat,
    pub rready: bool,
}

/// What a slave drives back to its master.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AxiToMaster {
    pub awready: bool,
    pub wready: bool,
    pub bvalid: bool,
    pub b: RespBeat,
    pub arready: bool,
    pub rvalid: bool,
    pub r: ReadBeat,
}

/// What a register master drives into `s_axil_ctrl_*` (AXI4-Lite, 64-bit data).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiteToSlave {
    pub awvalid: bool,
    /// Byte offset from the start of the register space.
    pub awaddr: u32,
    pub wvalid: bool,
    pub wdata: u64,
    pub wstrb: u8,
    pub bready: bool,
    pub arvalid: bool,
    pub araddr: u32,
    pub rready: bool,
}

/// What `s_axil_ctrl_*` drives back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiteToMaster {
    pub awready: bool,
    pub wready: bool,
    pub bvalid: bool,
    pub bresp: u8,
    pub arready: bool,
    pub rvalid: bool,
    /// The whole aligned 64-bit word.
    pub rdata: u64,
    pub rresp: u8,
}

/// All input pins of one cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Reset, low active.
    pub aresetn: bool,
    /// `s_axi_*`, one a TBU.
    pub s_axi: Vec<AxiToSlave>,
    /// `m_axi_*`, one a TBU.
    pub m_axi: Vec<AxiToMaster>,
    /// `m_axi_ptw_*`: only AR and R exist.
    pub m_axi_ptw: AxiToMaster,
    /// `s_axil_ctrl_*`.
    pub ctrl: LiteToSlave,
}

impl Inputs {
    /// All pins low but `aresetn`, for hardware of these sizes.
    pub fn idle(params: &Params) -> Self {
        let (s_axi, m_axi) = (vec![AxiToSlave::default(); params.tbus], vec![AxiToMaster::default(); params.tbus]);
        Inputs { aresetn: true, s_axi, m_axi, ..Inputs::default() }
    }
}

impl Outputs {
    /// All pins low, for hardware of these sizes.
    pub fn low(params: &Params) -> Self {
        let (s_axi, m_axi) = (vec![AxiToMaster::default(); params.tbus], vec![AxiToSlave::default(); params.tbus]);
        Outputs { s_axi, m_axi, ..Outputs::default() }
    }
}

/// All output pins as they stand in one cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outputs {
    /// `s_axi_*`, one a TBU.
    pub s_axi: Vec<AxiToMaster>,
    /// `m_axi_*`, one a TBU.
    pub m_axi: Vec<AxiToSlave>,
    /// `m_axi_ptw_*`: only AR and `rready` exist.
    pub m_axi_ptw: AxiToSlave,
    /// `s_axil_ctrl_*`.
    pub ctrl: LiteToMaster,
    /// `irq_global`.
    pub irq_global: bool,
    /// `irq_context`.
    pub irq_context: ContextIrqs,
    /// `irq_pmu`.
    pub irq_pmu: bool,
}

/// What went wrong with an engine.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The name is none of [`ENGINES`].
    #[error("no engine is called '{0}'; `smmu list` shows those that there are")]
    UnknownEngine(String),
    /// The engine is there, but not in this build.
    #[error(
        "this build has no engine '{0}': build with '--features verilator', or with 'cargo xtask build'; it takes Verilator 5 and a C++ \
         compiler (Debian: 'apt-get install verilator g++')"
    )]
    NotBuilt(&'static str),
    /// The engine has no circuit of that preset.
    #[error("this engine has no preset '{0}'; `smmu list` shows those that there are")]
    UnknownPreset(String),
    /// The system gave no thread with room to build the circuit in.
    #[error("the circuit cannot be built: {0}; free some memory or allow more threads")]
    Elaboration(std::io::Error),
    /// The combinational logic of the circuit did not come to rest: a bug in the hardware description.
    #[error("cycle {0}: the circuit does not settle (a combinational loop)")]
    NotSettled(u64),
    /// Two engines that run side by side do not agree.
    #[error("cycle {cycle}: pin {pin} is 0x{:x} in {} and 0x{:x} in {}; {wave}", values[0], engines[0], values[1], engines[1])]
    Lockstep {
        /// The cycle, as [`Device::cycles`] counts.
        cycle: u64,
        /// The first pin that differs, in the order of the port list.
        pin: String,
        /// Names of the engines.
        engines: [&'static str; 2],
        /// What they have on the pin.
        values: Box<[u128; 2]>,
        /// Where the wave of the last cycles is, or why there is none.
        wave: String,
    },
    /// The engine has to know of a wave before its first cycle.
    #[error(
        "engine '{engine}' has run {cycles} cycles without a wave, and can start its first one before cycle 0 only; ask for it \
             then, with the cycles that it is to show, or take engine 'rusthdl'"
    )]
    LateWave {
        /// The engine.
        engine: &'static str,
        /// Cycles that it has run.
        cycles: u64,
    },
    /// A wave file could not be written.
    #[error("wave file {}: {source}; check the folder and the space left on the disk", path.display())]
    Wave { path: PathBuf, source: std::io::Error },
}

/// A wave to be written while the device runs.
#[derive(Clone, Debug)]
pub struct WaveRequest {
    /// The VCD file; a `.gtkw` of the same stem is put beside it.
    pub path: PathBuf,
    /// First cycle in the file, as [`Device::cycles`] counts.
    pub from: u64,
    /// Last cycle in the file, `u64::MAX` for no end.
    pub to: u64,
}

/// Hardware under test.
pub trait Device {
    /// Sizes and straps of this hardware.
    fn params(&self) -> &Params;
    /// Name of the engine, as the command line takes it.
    fn engine(&self) -> &'static str;
    /// The outputs as they stand now.
    fn outputs(&self) -> &Outputs;
    /// Applies the inputs, clocks the hardware once. `outputs` then shows the next cycle.
    fn cycle(&mut self, inputs: &Inputs) -> Result<(), DeviceError>;
    /// Cycles clocked since the device was made.
    fn cycles(&self) -> u64;
    /// Tells the device that `cycles` idle cycles were not clocked (the wave's time goes on; counters may be told).
    fn skip(&mut self, cycles: u64);
    /// Starts a wave. At most one. Engine `verilator` runs on another model for it: its first wave has to start before the first cycle.
    fn start_wave(&mut self, request: WaveRequest) -> Result<(), DeviceError>;
    /// Ends the wave and reports any write error that came up on the way.
    fn finish_wave(&mut self) -> Result<(), DeviceError>;
}

/// Engines that this build has: name and one line.
pub const ENGINES: &[(&str, &str)] = &[
    ("rusthdl", "the RustHDL circuit, stepped in the caller's thread; needs nothing else installed"),
    ("rusthdl-passes", "the same circuit, stepped as RustHDL does by itself; for comparison, slow"),
    #[cfg(feature = "verilator")]
    ("verilator", "the emitted Verilog in a form for simulation, compiled by Verilator; the fast one"),
    #[cfg(feature = "verilator")]
    ("lockstep", "rusthdl and the emitted Verilog side by side, every output pin compared in every cycle"),
];

/// Engines that a build with the feature `verilator` has beyond the others.
pub const OPTIONAL_ENGINES: &[&str] = &["verilator", "lockstep"];

/// A device of that engine and preset.
///
/// # Errors
/// An engine that is unknown or not in this build, or one that cannot be made.
pub fn device(engine: &str, params: &'static Params) -> Result<Box<dyn Device>, DeviceError> {
    match engine {
        "rusthdl" => rust_hdl::device(params),
        "rusthdl-passes" => rust_hdl::device_by_passes(params),
        #[cfg(feature = "verilator")]
        "verilator" => verilator::device(params),
        #[cfg(feature = "verilator")]
        "lockstep" => {
            let (first, second) = (rust_hdl::device(params)?, verilator::emitted(params)?);
            Ok(Box::new(lockstep::Lockstep::new(first, second, &std::env::temp_dir())))
        }
        other => match OPTIONAL_ENGINES.iter().find(|name| **name == other) {
            Some(name) => Err(DeviceError::NotBuilt(name)),
            None => Err(DeviceError::UnknownEngine(other.to_string())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smmu_rtl::params::MINI;

    #[test]
    fn engines_are_found_by_name() {
        for (name, _) in ENGINES {
            assert_eq!(device(name, &MINI).expect("a device").engine(), *name);
        }
        let unknown = device("abacus", &MINI).map(|_| ()).expect_err("no such engine");
        assert!(unknown.to_string().contains("smmu list"), "{unknown}");
        for name in OPTIONAL_ENGINES {
            let built = ENGINES.iter().any(|(engine, _)| engine == name);
            match device(name, &MINI) {
                Ok(device) => assert!(built, "{}", device.engine()),
                Err(error) => assert!(!built && error.to_string().contains("--features verilator"), "{error}"),
            }
        }
    }
}
