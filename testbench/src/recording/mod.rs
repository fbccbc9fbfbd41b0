//! Recorded driver runs: what a stock driver wrote, read and expected, played back against the model or the hardware.
//!
//! A recording is a text of one item a line ([`parse`]; register traffic of a real machine comes from the kernel's `rwmmio` trace
//! events, [`rwmmio`]). [`fit`] finds the hardware that it fits, and says what that hardware cannot present. [`replay`] plays it on
//! a [`target`] and compares; [`explain`] puts the first difference into words; [`report`] is what comes out.

pub mod explain;
pub mod fit;
pub mod parse;
pub mod replay;
pub mod report;
pub mod rwmmio;
pub mod target;
#[cfg(test)]
mod tests;

/// Table memory, and how the register space was laid out when the recording was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// First byte of table memory.
    pub ram: u64,
    /// Its bytes; 0 for none.
    pub ram_bytes: u64,
    /// log2 of the bytes of a register page.
    pub page_shift: u32,
    /// Pages of the global half; page `pages + n` is bank n.
    pub pages: u64,
}

/// What a transaction should come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It goes downstream.
    Ok,
    /// It is answered with an error.
    Aborted,
    /// It is answered with zeros, or ignored.
    Zeros,
    /// It has no answer.
    Stalled,
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Status::Ok => "goes downstream",
            Status::Aborted => "is aborted",
            Status::Zeros => "reads as zero or is ignored",
            Status::Stalled => "stalls",
        })
    }
}

/// A client transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// StreamID.
    pub stream: u32,
    /// Address, 64 bits, sign-extended.
    pub iova: u64,
    /// A write.
    pub write: bool,
    /// Privileged.
    pub privileged: bool,
    /// An instruction fetch.
    pub instruction: bool,
}

/// What a line of a recording says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A comment that is none of those below.
    Comment,
    /// A new phase.
    Phase(String),
    /// The driver was asked to map: domain, address, physical address, bytes.
    Map {
        /// The driver's domain.
        domain: String,
        /// First byte.
        iova: u64,
        /// Where it goes.
        pa: u64,
        /// Bytes.
        bytes: u64,
    },
    /// The driver was asked to unmap.
    Unmap {
        /// The driver's domain.
        domain: String,
        /// First byte.
        iova: u64,
        /// Bytes.
        bytes: u64,
    },
    /// A word of table memory changes.
    Memory {
        /// Its address.
        pa: u64,
        /// Its value.
        word: u64,
    },
    /// A register write.
    Write {
        /// 4 or 8.
        bytes: u8,
        /// Byte offset in the recorded register space.
        offset: u64,
        /// Value.
        value: u64,
        /// Register name as recorded.
        name: String,
    },
    /// A register read.
    Read {
        /// 4 or 8.
        bytes: u8,
        /// Byte offset in the recorded register space.
        offset: u64,
        /// What was read.
        value: u64,
        /// Register name as recorded.
        name: String,
    },
    /// A client transaction.
    Transaction {
        /// What is issued.
        access: Transaction,
        /// What should become of it.
        status: Status,
        /// Where it should go, if it goes.
        pa: u64,
        /// What it is for.
        why: String,
    },
    /// The level of an interrupt line: 0 global, 1 + n bank n.
    Interrupt {
        /// The line.
        line: u32,
        /// High.
        level: bool,
    },
    /// Time passes.
    Pass {
        /// Nanoseconds.
        ns: u64,
    },
    /// Hardware reset.
    Reset,
}

/// A line with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub number: usize,
    /// What it says.
    pub item: Item,
}

/// A recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Layout of memory and registers.
    pub layout: Layout,
    /// All lines that say something, in order.
    pub lines: Vec<Line>,
    /// It is a trace of a live machine: there is no table memory and no client traffic in it.
    pub trace: bool,
    /// Lines of a trace that are not register accesses of this SMMU.
    pub ignored: usize,
}

impl Recording {
    /// The first value that was read at `offset` of the recorded register space.
    pub fn first_read(&self, offset: u64) -> Option<u64> {
        self.lines.iter().find_map(|line| match line.item {
            Item::Read { offset: at, value, .. } if at == offset => Some(value),
            _ => None,
        })
    }
}
