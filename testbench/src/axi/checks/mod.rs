//! AXI protocol rules, watched on the pins of a port, both sides.
//!
//! [`AxiChecker`] and [`LiteChecker`] are shown what stood on a port in each cycle and give the first rule that was broken, with
//! the cycle, the port and the beat. They know nothing of the SMMU: what the data should be is the scoreboard's concern.
//!
//! Cost: a few comparisons a cycle; state grows with what is in flight.

mod axi4;
mod lite;
#[cfg(test)]
mod tests;

pub use axi4::{AxiChecker, Bus};
pub use lite::LiteChecker;

/// A rule of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// `valid` went away before `ready` came.
    ValidDropped,
    /// The payload changed while `valid` waited for `ready`.
    PayloadChanged,
    /// AxBURST is the reserved code.
    BurstReserved,
    /// A FIXED burst of more than 16 beats.
    FixedLength,
    /// A WRAP burst whose length is not 2, 4, 8 or 16.
    WrapLength,
    /// A WRAP burst whose address is not aligned to its beats.
    WrapUnaligned,
    /// A burst with bytes in two 4 KiB pages.
    CrossesPage,
    /// Beats wider than the data bus.
    SizeTooWide,
    /// An id that the port's bits cannot hold.
    IdTooWide,
    /// An address that the port's bits cannot hold.
    AddressTooWide,
    /// WSTRB set for a lane that the beat does not use.
    StrobeOutside,
    /// WLAST or RLAST before the last beat.
    LastEarly,
    /// No WLAST or RLAST on the last beat.
    LastMissing,
    /// A write response for an id with no write outstanding.
    UnexpectedB,
    /// A write response before the last data beat of its write was taken.
    BeforeData,
    /// Read data for an id with no read outstanding.
    UnexpectedR,
    /// Beats of two reads mixed. AXI allows that of different ids; no memory here does it, and the hardware must not begin with it.
    Interleaved,
    /// EXOKAY for a transaction that is not exclusive.
    ExclusiveOkay,
    /// Write data that no address ever came for, or the other way round, when the port should be at rest.
    Unfinished,
}

impl Rule {
    /// The rule in words.
    pub fn text(self) -> &'static str {
        match self {
            Rule::ValidDropped => "valid must stay until ready",
            Rule::PayloadChanged => "the payload must not change while valid waits for ready",
            Rule::BurstReserved => "AxBURST 3 is reserved",
            Rule::FixedLength => "a FIXED burst has at most 16 beats",
            Rule::WrapLength => "a WRAP burst has 2, 4, 8 or 16 beats",
            Rule::WrapUnaligned => "a WRAP burst starts aligned to its beats",
            Rule::CrossesPage => "a burst must not cross a 4 KiB boundary",
            Rule::SizeTooWide => "a beat must not be wider than the data bus",
            Rule::IdTooWide => "the id does not fit the port",
            Rule::AddressTooWide => "the address does not fit the port",
            Rule::StrobeOutside => "WSTRB must be clear outside the lanes of the beat",
            Rule::LastEarly => "last came before the last beat",
            Rule::LastMissing => "last is missing on the last beat",
            Rule::UnexpectedB => "a write response came for an id with no write outstanding",
            Rule::BeforeData => "a write response came before the last data beat of its write",
            Rule::UnexpectedR => "read data came for an id with no read outstanding",
            Rule::Interleaved => "beats of two reads must not mix where the memory does not mix them",
            Rule::ExclusiveOkay => "EXOKAY answers exclusive accesses only",
            Rule::Unfinished => "address and data do not match up at rest",
        }
    }
}

/// A rule was broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cycle {cycle}, port {port}, channel {channel}: {}; seen: {detail}", rule.text())]
pub struct Violation {
    /// Cycle of the offence.
    pub cycle: u64,
    /// Port name as in the Verilog (`s_axi`, `m_axi`, ...).
    pub port: &'static str,
    /// Channel: `aw`, `w`, `b`, `ar` or `r`.
    pub channel: &'static str,
    /// Which rule.
    pub rule: Rule,
    /// The beat, or what it was compared with.
    pub detail: String,
}

/// Watches one channel: `valid` stays until `ready`, and the payload with it.
#[derive(Clone, Copy, Debug, Default)]
struct Stable<T> {
    waiting: Option<T>,
}

impl<T: Copy + PartialEq> Stable<T> {
    /// One cycle of the channel.
    fn observe(&mut self, valid: bool, ready: bool, payload: &T) -> Option<Rule> {
        if let Some(before) = &self.waiting {
            if !valid {
                self.waiting = None;
                return Some(Rule::ValidDropped);
            }
            if before != payload {
                self.waiting = None;
                return Some(Rule::PayloadChanged);
            }
            if ready {
                self.waiting = None;
            }
        } else if valid && !ready {
            self.waiting = Some(*payload);
        }
        None
    }
}
