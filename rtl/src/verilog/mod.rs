//! The Verilog writer.

mod ports;

pub use ports::{block_ports, Dir, Port};
