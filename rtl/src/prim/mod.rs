//! Primitives: leaf blocks whose simulation is plain Rust and whose Verilog is written by hand, each proved equal by a test.

pub mod dff;
pub mod fifo;
pub mod queue;
pub mod ram;
pub mod rom;
pub mod strap;
pub mod word;
