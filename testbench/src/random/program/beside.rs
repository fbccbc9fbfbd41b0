//! Words for what is done beside translation: address translation operations and performance counters.

use super::Place;
use serde::{Deserialize, Serialize};

/// An address translation operation. Everything that is cached is invalidated first, so that its result is that of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Which: 0 to 3 ATS1PR, PW, UR, UW, 4 to 7 GATS1*, 8 to 11 GATS12*.
    pub command: u8,
    /// Its bank; of `GATS*` any number, of `ATS1*` counted around the number of banks.
    pub bank: u8,
    /// Whose tree `place` is of.
    pub stream: u8,
    /// The address.
    pub place: Place,
}

/// A set-up of all counter groups. What the last one counted is compared first, with nothing in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// What each counter of a group counts, of `EVENTS`.
    pub events: [u8; 4],
    /// PMEVTYPER bits 31:28 of each: P, U, NSP, NSU.
    pub classes: [u8; 4],
    /// Where each begins.
    pub first: [u32; 4],
    /// PMCGCR.TCEFCFG: 0 counts everything, 1 by StreamID, 2 by bank.
    pub filter: u8,
    /// Stream of the pool, and the bits of its id that do not count.
    pub stream: u8,
    /// See above.
    pub mask: u16,
    /// Bank.
    pub bank: u8,
    /// Groups that count: a bit for each.
    pub groups: u8,
    /// PMINTENSET of each group.
    pub interrupts: u8,
}

/// Events: cycles, cycles / 64, refills, refills of reads, accesses, reads, none.
pub const EVENTS: [u8; 7] = [0x00, 0x01, 0x08, 0x09, 0x10, 0x11, 0x1f];
