//! A UFS host controller (UFSHCI 3.0/4.0, one DMA master) and the device behind it.
//!
//! ```text
//!  driver: read32 / write32 / irq
//!     |
//!  +--v-------------------------------- UfsHost ------------------------------------+
//!  | host      registers      uic, mib   control of the interconnect                |
//!  | dma, data, tasks         requests, slot by slot -------+                       |
//!  | mover, trace             jobs -> bursts                | UPIUs                 |
//!  +--|------------------------------------------------- link ----------------------+
//!     | AxiPort                                             |
//!    bus                                    device (scsi, query, store)
//! ```
//!
//! The bus is [`crate::axi::port::AxiPort`], nothing else: neither pins nor what is behind them is known here.
//! Every access carries the controller's StreamID, and what it is for.
//!
//! One [`host::UfsHost::tick`] is one AXI clock at [`presets::CLOCK_HZ`].

mod clock;
pub mod data;
pub mod device;
pub mod dma;
pub mod host;
pub mod link;
pub mod mib;
pub mod mover;
pub mod presets;
pub mod query;
pub mod registers;
pub mod scsi;
pub mod store;
pub mod tasks;
pub mod trace;
pub mod uic;
pub mod upiu;
pub mod utrd;
pub mod vendor;

#[cfg(test)]
mod tests;
