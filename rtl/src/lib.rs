//! An Arm SMMUv2 (MMU-500 class) in RustHDL: the hardware and its Verilog writer.
//!
//! Rooms: [`params`] (sizes, presets, straps), [`registers`] (the one register table), [`prim`] (RAM, CAM, FIFO, words),
//! [`axi`] (bundles), [`quick`] (how it is simulated), [`tbu`] (hot path), [`tcu`] (translation, registers, maintenance), [`smmu`] (the top), [`verilog`]
//! (emission), [`lint`] (what RustHDL does not check), [`testing`] (RustHDL against its Verilog).

// The derives name this crate as its users do.
extern crate self as smmu_rtl;

pub mod axi;
pub mod circuit;
pub mod lint;
pub mod params;
pub mod prelude;
pub mod prim;
pub mod quick;
pub mod registers;
pub mod smmu;
pub mod tbu;
pub mod tcu;
pub mod testing;
pub mod verilog;
