//! AXI bundles. A bundle's name ends in `In` or `Out` by the direction of its payload as the block that owns the field sees it.
//!
//! A field `s_axi_ar: AddrIn<..>` goes out as the flat ports `s_axi_arvalid`, `s_axi_arready`, `s_axi_araddr`, ... (see
//! [`crate::verilog`]).

use crate::prelude::*;

/// An address channel (AW or AR) that the block receives. `IDW` id bits, `AW` address bits, `UW` user bits.
#[derive(LogicInterface, Bundle, Clone, Debug, Default)]
#[join = "AddrOut"]
pub struct AddrIn<const IDW: usize, const AW: usize, const UW: usize> {
    pub valid: Signal<In, Bit>,
    pub ready: Signal<Out, Bit>,
    pub id: Signal<In, Word<IDW>>,
    pub addr: Signal<In, Word<AW>>,
    pub len: Signal<In, Word<8>>,
    pub size: Signal<In, Word<3>>,
    pub burst: Signal<In, Word<2>>,
    pub lock: Signal<In, Bit>,
    pub cache: Signal<In, Word<4>>,
    pub prot: Signal<In, Word<3>>,
    pub qos: Signal<In, Word<4>>,
    pub region: Signal<In, Word<4>>,
    /// StreamID; downstream also shareability and inner cacheability (`docs/architecture.md`).
    pub user: Signal<In, Word<UW>>,
}

/// An address channel (AW or AR) that the block drives.
#[derive(LogicInterface, Bundle, Clone, Debug, Default)]
#[join = "AddrIn"]
pub struct AddrOut<const IDW: usize, const AW: usize, const UW: usize> {
    pub valid: Signal<Out, Bit>,
    pub ready: Signal<In, Bit>,
    pub id: Signal<Out, Word<IDW>>,
    pub addr: Signal<Out, Word<AW>>,
    pub len: Signal<Out, Word<8>>,
    pub size: Signal<Out, Word<3>>,
    pub burst: Signal<Out, Word<2>>,
    pub lock: Signal<Out, Bit>,
    pub cache: Signal<Out, Word<4>>,
    pub prot: Signal<Out, Word<3>>,
    pub qos: Signal<Out, Word<4>>,
    pub region: Signal<Out, Word<4>>,
    /// StreamID; downstream also shareability and inner cacheability (`docs/architecture.md`).
    pub user: Signal<Out, Word<UW>>,
}

/// A write data channel that the block receives. `DW` data bits, `SW` = `DW` / 8 strobes.
#[derive(LogicInterface, Bundle, Clone, Debug, Default)]
#[join = "WriteOut"]
pub struct WriteIn<const DW: usize, const SW: usize> {
    pub valid: Signal<In, Bit>,
    pub ready: Signal<Out, Bit>,
    pub data: Signal<In, Word<DW>>,
    pub strb: Signal<In, Word<SW>>,
    pub last: Signal<In, Bit>,
}

/// A write data channel that the block drives.
#[derive(LogicInterface, Bundle, Clone, Debug, Default)]
#[join = "WriteIn"]
pub struct WriteOut<const DW: usize, const SW: usize> {
    pub valid: Signal<Out, Bit>,
    pub ready: Signal<In, Bit>,
    pub data: Signal<Out, Word<DW>>,
    pub strb: Signal<Out, Word<SW>>,
    pub last: Signal<Out, Bit>,
}

/// A write response channel that the block receives.
#[derive(LogicInterface, Bundle, Clone, Debug, Default)]
#[join = "RespOut"]
pub struct RespIn<const IDW: usize> {
    pub valid: Signal<In, Bit>,
    pub ready: Signal<Out, Bit>,
    pub id: Signal<In, Word<IDW>>,
    pub resp: Signal<In, Word<2>>,
}

/// A write response channel that the block drives.
#[derive(LogicInterface, Bundle, Clone, Debug, Default)]
#[join = "RespIn"]
pub struct RespOut<const IDW: usize> {
    pub valid: Signal<Out, Bit>,
    pub ready: Signal<In, Bit>,
    pub id: Signal<Out, Word<IDW>>,
    pub resp: Signal<Out, Word<2>>,
}

/// A read data channel that the block receives.
#[derive(LogicInterface, Bundle, Clone, Debug, Default)]
#[join = "ReadOut"]
pub struct ReadIn<const IDW: usize, const DW: usize> {
    pub valid: Signal<In, Bit>,
    pub ready: Signal<Out, Bit>,
    pub id: Signal<In, Word<IDW>>,
    pub data: Signal<In, Word<DW>>,
    pub resp: Signal<In, Word<2>>,
    pub last: Signal<In, Bit>,
}

/// A read data channel that the block drives.
#[derive(LogicInterface, Bundle, Clone, Debug, Default)]
#[join = "ReadIn"]
pub struct ReadOut<const IDW: usize, const DW: usize> {
    pub valid: Signal<Out, Bit>,
    pub ready: Signal<In, Bit>,
    pub id: Signal<Out, Word<IDW>>,
    pub data: Signal<Out, Word<DW>>,
    pub resp: Signal<Out, Word<2>>,
    pub last: Signal<Out, Bit>,
}

/// An AXI4-Lite address channel that the block receives.
#[derive(LogicInterface, Bundle, Clone, Debug, Default)]
#[join = "LiteAddrOut"]
pub struct LiteAddrIn<const AW: usize> {
    pub valid: Signal<In, Bit>,
    pub ready: Signal<Out, Bit>,
    pub addr: Signal<In, Word<AW>>,
    /// Ignored: everything is non-secure.
    pub prot: Signal<In, Word<3>>,
}

/// An AXI4-Lite address channel that the block drives.
#[derive(LogicInterface, Bundle, Clone, Debug, Default)]
#[join = "LiteAddrIn"]
pub struct LiteAddrOut<const AW: usize> {
    pub valid: Signal<Out, Bit>,
    pub ready: Signal<In, Bit>,
    pub addr: Signal<Out, Word<AW>>,
    pub prot: Signal<Out, Word<3>>,
}

/// An AXI4-Lite write data channel that the block receives (64-bit data).
#[derive(LogicInterface, Bundle, Clone, Debug, Default)]
#[join = "LiteWriteOut"]
pub struct LiteWriteIn {
    pub valid: Signal<In, Bit>,
    pub ready: Signal<Out, Bit>,
    pub data: Signal<In, Word<64>>,
    pub strb: Signal<In, Word<8>>,
}

/// An AXI4-Lite write data channel that the block drives.
#[derive(LogicInterface, Bundle, Clone, Debug, Default)]
#[join = "LiteWriteIn"]
pub struct LiteWriteOut {
    pub valid: Signal<Out, Bit>,
    pub ready: Signal<In, Bit>,
    pub data: Signal<Out, Word<64>>,
    pub strb: Signal<Out, Word<8>>,
}

/// An AXI4-Lite write response channel that the block drives.
#[derive(LogicInterface, Bundle, Clone, Debug, Default)]
#[join = "LiteRespIn"]
pub struct LiteRespOut {
    pub valid: Signal<Out, Bit>,
    pub ready: Signal<In, Bit>,
    pub resp: Signal<Out, Word<2>>,
}

/// An AXI4-Lite write response channel that the block receives.
#[derive(LogicInterface, Bundle, Clone, Debug, Default)]
#[join = "LiteRespOut"]
pub struct LiteRespIn {
    pub valid: Signal<In, Bit>,
    pub ready: Signal<Out, Bit>,
    pub resp: Signal<In, Word<2>>,
}

/// An AXI4-Lite read data channel that the block drives (64-bit data).
#[derive(LogicInterface, Bundle, Clone, Debug, Default)]
#[join = "LiteReadIn"]
pub struct LiteReadOut {
    pub valid: Signal<Out, Bit>,
    pub ready: Signal<In, Bit>,
    pub data: Signal<Out, Word<64>>,
    pub resp: Signal<Out, Word<2>>,
}

/// An AXI4-Lite read data channel that the block receives.
#[derive(LogicInterface, Bundle, Clone, Debug, Default)]
#[join = "LiteReadOut"]
pub struct LiteReadIn {
    pub valid: Signal<In, Bit>,
    pub ready: Signal<Out, Bit>,
    pub data: Signal<In, Word<64>>,
    pub resp: Signal<In, Word<2>>,
}
