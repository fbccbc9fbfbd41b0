//! Watching a run without taking part: what functional coverage counts, and what a trace prints.
//!
//! An [`Observer`] given to [`Bench::observe_with`](super::Bench::observe_with) sees the pins of every cycle, and, after the pins of
//! the same cycle, the [`Event`]s that the scoreboard read from them: what a transaction was and what became of it, with the tables'
//! and registers' reasons as the reference model gives them. A bench without an observer pays nothing for this.

use crate::axi::pause::Pauses;
use crate::memory::Change;
use smmu_rtl::registers::RegId;
use smmu_sim::dut::{AddrBeat, Inputs, Outputs};
use smmu_sim::model::Fault;

/// Looks on. See the module's header.
pub trait Observer {
    /// The pins of one cycle.
    fn cycle(&mut self, cycle: u64, inputs: &Inputs, outputs: &Outputs);
    /// Something happened in the cycle whose pins came last (or, for [`Event::Pauses`] and [`Event::Reset`], between two cycles).
    fn event(&mut self, event: &Event);
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A register access was answered.
    Register(RegisterAccess),
    /// A client address was accepted.
    Accepted(Accepted),
    /// A transaction's address stands downstream for the first time.
    Forwarded(Forwarded),
    /// The client took a transaction's last answer.
    Answered(Answered),
    /// An invalidation command was answered.
    Invalidation {
        /// The command's register.
        id: RegId,
        /// The bank whose page it was written to; `None` for a global one.
        bank: Option<usize>,
        /// Its payload, both halves.
        payload: u64,
        /// Transactions that wait for their translation, and transactions downstream without their last answer.
        waiting: usize,
        /// See `waiting`.
        downstream: usize,
    },
    /// A synchronization was asked for (its write was answered).
    SyncIssued {
        /// The bank, `None` for the global one.
        bank: Option<usize>,
        /// As for [`Event::Invalidation`].
        waiting: usize,
        /// As for [`Event::Invalidation`].
        downstream: usize,
    },
    /// A status read showed the end of every synchronization that was asked for.
    SyncCompleted {
        /// The bank, `None` for the global one.
        bank: Option<usize>,
        /// Cycles since the first of them was answered.
        cycles: u64,
    },
    /// A status read showed a synchronization that still goes on.
    SyncActive {
        /// The bank, `None` for the global one.
        bank: Option<usize>,
    },
    /// A word of a table that some walk has read changed.
    TableChanged {
        /// Where, and from what to what.
        change: Change,
        /// As for [`Event::Invalidation`].
        waiting: usize,
    },
    /// The test chose back-pressure.
    Pauses {
        /// Which port: `s_axi`, `m_axi`, `m_axi_ptw` or `s_axil_ctrl`.
        port: &'static str,
        /// Per cent, by channel.
        pauses: Pauses,
    },
    /// Hardware reset.
    Reset {
        /// Transactions in flight that it killed.
        in_flight: usize,
    },
}

/// A register access with its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterAccess {
    /// Byte offset as it stood on the bus.
    pub offset: u32,
    /// Write.
    pub write: bool,
    /// The aligned 64-bit word that was written or read.
    pub data: u64,
    /// Byte strobes of the word; all of them for a read.
    pub strobes: u8,
    /// Cycles from the address (of a write: from the later of address and data) to the answer.
    pub cycles: u64,
    /// A read beside a write that was being performed.
    pub overlapped: bool,
    /// Transactions in flight.
    pub in_flight: usize,
}

/// Where a stream led when its transaction was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamCase {
    /// `sCR0.CLIENTPD`.
    ClientOff,
    /// No group matches.
    Unmatched,
    /// More than one group matches.
    Several,
    /// `S2CR.TYPE` is bypass.
    Bypass,
    /// `S2CR.TYPE` is fault.
    Fault,
    /// `S2CR.TYPE` is reserved.
    Reserved,
    /// `S2CR.CBNDX` of a bank that is not there.
    NoBank,
    /// `CBAR.TYPE` of another kind than stage 1 with bypass.
    BankType {
        /// The bank.
        bank: usize,
        /// `CBAR.TYPE`.
        kind: u8,
    },
    /// `SCTLR.M` is clear.
    Identity {
        /// The bank.
        bank: usize,
    },
    /// A bank of the AArch32 formats.
    Aarch32 {
        /// The bank.
        bank: usize,
    },
    /// A bank of stage 2.
    Second {
        /// The bank.
        bank: usize,
    },
    /// A bank of two stages.
    Nested {
        /// The bank of stage 1.
        bank: usize,
        /// The bank of stage 2.
        second: usize,
        /// Stage 1 is on.
        first_on: bool,
        /// Stage 2 is on.
        second_on: bool,
    },
    /// A bank translates.
    Translated {
        /// The bank.
        bank: usize,
    },
}

/// A transaction at its acceptance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Number of the transaction, the same in its later events.
    pub serial: u64,
    /// Client port.
    pub port: usize,
    /// Write.
    pub write: bool,
    /// Its address payload.
    pub beat: AddrBeat,
    /// It could leave its page.
    pub illegal_burst: bool,
    /// Where its stream led.
    pub stream: StreamCase,
    /// Older ones of this direction that wait for their translation.
    pub waiting: usize,
    /// One of those is of the same stream and 4 KiB page.
    pub same_page_waits: bool,
    /// One of those has the same id.
    pub same_id_waits: bool,
}

/// A table format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// AArch64.
    Wide,
    /// AArch32 long descriptors.
    Long,
    /// AArch32 short descriptors.
    Short,
}

/// A leaf of stage 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondLeaf {
    /// The bank.
    pub bank: usize,
    /// VMID.
    pub vmid: u16,
    /// The address that it translates.
    pub ipa: u64,
    /// log2 of a page.
    pub granule: u32,
    /// Level of the first table.
    pub start_level: u8,
    /// There is more than one first table.
    pub concatenated: bool,
    /// Level of the leaf.
    pub level: u8,
    /// log2 of the bytes that the leaf covers.
    pub bits: u32,
    /// Its format.
    pub format: Format,
}

/// A translation that a bank made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Translation {
    /// The bank.
    pub bank: usize,
    /// `{HYPC, VMID}`.
    pub vmid: u16,
    /// ASID.
    pub asid: u16,
    /// Sign-extended address.
    pub va: u64,
    /// 0: TTBR0, 1: TTBR1.
    pub region: u8,
    /// log2 of a page: 12, 14 or 16.
    pub granule: u32,
    /// Level of the first table.
    pub start_level: u8,
    /// Level of the leaf.
    pub level: u8,
    /// log2 of the bytes that the leaf covers.
    pub bits: u32,
    /// The leaf.
    pub leaf: u64,
    /// The format of stage 1, or of a bank of stage 2.
    pub format: Format,
    /// The leaf of stage 2, if that is on. If it is there alone, the rest is what can be said of it.
    pub second: Option<SecondLeaf>,
}

impl Translation {
    /// A translation of stage 2 alone.
    pub fn of_second(leaf: &SecondLeaf) -> Self {
        let SecondLeaf { bank, vmid, ipa, granule, start_level, level, bits, format, .. } = *leaf;
        let second = Some(*leaf);
        Translation { bank, vmid, asid: 0, va: ipa, region: 0, granule, start_level, level, bits, leaf: 0, format, second }
    }

    /// Of stage 1 alone, in the AArch64 format.
    pub fn is_plain(&self) -> bool {
        self.format == Format::Wide && self.second.is_none()
    }
}

/// How an address came downstream, as far as the pins tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Path {
    /// After two cycles, nothing older of its direction waiting.
    Hit,
    /// After two cycles, past something older of its direction that waits for its translation.
    HitUnderMiss,
    /// Later, and one of the same stream and page was waiting when it came: they may have shared an answer.
    Merged,
    /// Later, and no walk read was made meanwhile: it was found in the main TLB, or stood behind something else.
    NoWalk,
    /// Later, with walk reads meanwhile.
    Walked,
}

/// A transaction at the moment in which its address stands downstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// Number of the transaction.
    pub serial: u64,
    /// Physical address.
    pub pa: u64,
    /// What translated it, under the tables and registers as they are (`None`: bypass, identity, or something that is no longer there).
    pub translation: Option<Translation>,
    /// Cycles from acceptance, and how many of them its channel waited downstream.
    pub latency: u64,
    /// See `latency`.
    pub stalled: u64,
    /// How it came there.
    pub path: Path,
    /// The tables or registers changed while it waited.
    pub raced: bool,
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It went downstream and has this response, the worst of its beats.
    Done {
        /// xRESP.
        resp: u8,
    },
    /// It was refused.
    Refused {
        /// With zeros instead of an error.
        raz: bool,
        /// The fault, if it is certain.
        fault: Option<Fault>,
    },
}

/// A transaction at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Number of the transaction.
    pub serial: u64,
    /// Write.
    pub write: bool,
    /// Its address payload.
    pub beat: AddrBeat,
    /// What became of it.
    pub fate: Fate,
    /// A granule that its walk has (log2 of a page), if it was refused in a bank whose walk has one.
    pub granule: Option<u32>,
    /// Cycles from acceptance to the last answer.
    pub cycles: u64,
}
