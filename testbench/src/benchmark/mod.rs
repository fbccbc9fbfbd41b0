//! What is measured: cycles of the hardware ([`hardware`]) and the speed of the simulation ([`simulation`]).
//!
//! A measurement becomes a [`Row`]: what was measured, what it must be, and whether it is. The hardware's cycles are exact and
//! repeat on every machine and engine; the simulation's speed is that of the machine it runs on.

use serde::Serialize;
use smmu_sim::dut::DeviceError;

pub mod hardware;
mod rig;
pub mod simulation;

pub use rig::Rig;

/// A measured figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// Sizes of the hardware.
    pub preset: &'static str,
    /// Memory latency in cycles, where it matters: an address accepted in cycle c has its data valid in cycle c + latency.
    pub latency: Option<u32>,
    /// The figure; `None` if it could not be measured ([`Row::note`] says why).
    pub value: Option<f64>,
    /// Unit of the figure and its bound.
    pub unit: &'static str,
    /// What it must be: at most or at least this; `None` if nothing is demanded.
    pub bound: Option<f64>,
    /// Which side of the bound is good.
    pub relation: Relation,
    /// True if the figure keeps to its bound.
    pub ok: bool,
    /// What it says beyond its name, or what went wrong.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// Which side of a bound is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The figure must not be above the bound.
    AtMost,
    /// The figure must not be below the bound.
    AtLeast,
}

impl Relation {
    /// Whether `value` keeps to `bound`.
    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Relation::AtMost => value <= bound,
            Relation::AtLeast => value >= bound,
        }
    }
}

/// Why something could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchmarkError {
    /// The engine failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The hardware did not do what was waited for.
    #[error("no {what} within {cycles} cycles")]
    Stuck {
        /// What was waited for.
        what: &'static str,
        /// For how long.
        cycles: u64,
    },
    /// Something came back wrong, so the cycles mean nothing.
    #[error("{0}")]
    Wrong(String),
    /// The benchmark's own page tables do not fit.
    #[error("the benchmark's memory: {0}")]
    Memory(#[from] crate::memory::MemoryError),
}
