//! What can run the SMMU, and what it is compared with.
//!
//! [`dut`] has the device trait and the engines behind it, [`model`] the untimed reference, [`wave`] VCD files and viewer
//! files. `testbench` speaks to hardware through [`dut::Device`] alone.

pub mod dut;
pub mod model;
pub mod wave;
