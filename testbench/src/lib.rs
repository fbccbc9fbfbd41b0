//! Everything around the hardware.
//!
//! [`axi`] bus-functional models and protocol checks, [`memory`] what is behind the ports, [`ufs`] the DMA master, [`linux`] the
//! drivers' view, [`scoreboard`] the always-on check against the model, [`scenario`] whole runs, [`report`] what the
//! command line prints of them, [`benchmark`] what it measures, [`decode`] what it explains, [`recording`] what it
//! replays. Nothing here knows which engine runs:
//! all goes through [`smmu_sim::dut::Device`].

pub mod axi;
pub mod bench;
pub mod benchmark;
pub mod coverage;
pub mod decode;
pub mod demo;
pub mod isolation;
pub mod linux;
pub mod memory;
pub mod random;
pub mod recording;
pub mod report;
pub mod scenario;
pub mod scoreboard;
pub mod system;
pub mod tour;
pub mod ufs;
