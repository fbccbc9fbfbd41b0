//! AXI4: bus-functional models of masters, protocol checks, and the arithmetic of bursts.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`burst`] | which bytes a beat of a burst touches, and which bursts could leave their page |
//! | [`port`] | a DMA engine's view of its port: transfers out, completions back |
//! | [`master`] | one client port at pin level: raw bursts for tests, transfers for DMA engines |
//! | [`lite`] | the register port at pin level |
//! | [`checks`] | protocol rules, watched on both sides of a port |
//! | [`pause`] | seeded back-pressure |
//!
//! Timing of every model here: in a cycle the outputs of the hardware are known first (they come from its registers), then the
//! model decides what it drives in that same cycle, and a handshake counts when `valid` and `ready` are both set in it.

pub mod burst;
pub mod checks;
pub mod lite;
pub mod master;
pub mod pause;
mod pipeline;
pub mod port;
mod transfer;
