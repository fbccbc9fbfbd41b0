//! The words of a random program: plain data that can be printed, stored and read back.
//!
//! A program says what to do in terms of small pools (trees of tables, streams, frames of memory) and never in terms of what a run has
//! shown so far, so any part of it may be left out and the rest still means something. That is what makes shrinking work.

mod beside;
mod setup;

pub use beside::*;
pub use setup::*;

use crate::axi::pause::Pauses;
use crate::memory::latency::Latency;
use serde::{Deserialize, Serialize};

/// A whole program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Seed of latencies, pauses, orders and data.
    #[serde(with = "super::hex")]
    pub seed: u64,
    /// What is around the hardware.
    pub environment: Environment,
    /// What is done, in order.
    pub steps: Vec<Timed>,
}

/// What is around the hardware.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Latency of data memory.
    pub latency: Latency,
    /// Latency of table reads.
    pub walk_latency: Latency,
    /// Memory answers different ids in any order.
    pub out_of_order: bool,
    /// Back-pressure of the client, on its five channels.
    pub client: Pauses,
    /// Back-pressure of data memory.
    pub downstream: Pauses,
    /// Back-pressure of table memory (AR and R).
    pub walk: Pauses,
    /// Back-pressure of the register master.
    pub control: Pauses,
    /// Reads, and writes, that the client has in flight at most.
    pub outstanding: (u8, u8),
    /// The client may offer write data before its address.
    pub data_leads: bool,
    /// Geometry of each tree of tables.
    pub trees: Vec<Tree>,
}

/// Geometry of a tree of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tree {
    /// log2 of a page: 12, 14 or 16.
    pub granule: u8,
    /// The region has `2^(64 - size)` bytes (TCR.TxSZ), 16 to 39.
    pub size: u8,
    /// Format and stage.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub form: Form,
    /// Descriptors are big-endian, and banks are set up for that.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub big: bool,
    /// Of stage 1: descriptors name tables by their second address in IPA space (`layout::ALIAS`).
    #[serde(default, skip_serializing_if = "is_usual")]
    pub alias: bool,
}

/// Format and stage of a tree of tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// AArch64, stage 1.
    #[default]
    Usual,
    /// AArch64, stage 2. `deep`: starts a level further down, with concatenated tables, where that is legal.
    Second {
        /// See above.
        deep: bool,
    },
    /// AArch32 long descriptors, stage 1.
    Long,
    /// AArch32 long descriptors, stage 2.
    LongSecond {
        /// See [`Form::Second`].
        deep: bool,
    },
    /// AArch32 short descriptors.
    Short,
}

fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A step, and how many cycles pass before the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timed {
    /// What is done.
    #[serde(flatten)]
    pub step: Step,
    /// Cycles until the next step.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub then: u16,
}

fn is_zero_port(n: &u8) -> bool {
    *n == 0
}

fn is_zero(n: &u16) -> bool {
    *n == 0
}

/// One thing that is done. Register accesses are queued and performed in order; memory changes at once; bursts go to the client's queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Sets a context bank up, with all its registers.
    Bank(Bank),
    /// Changes one thing of a context bank.
    Adjust(Adjust),
    /// Sets a stream match group up.
    Stream(Stream),
    /// Writes `sCR0`.
    Global(Global),
    /// Writes a leaf, with the tables that lead to it.
    Map(Map),
    /// Writes a table descriptor at a level, with the tables that lead there.
    Table(Table),
    /// Maps a whole window of IPA space in a tree of stage 2.
    Cover(Cover),
    /// Writes any descriptor at a level.
    Word {
        /// Where.
        at: Spot,
        /// Level of the table.
        level: u8,
        /// The 64 bits.
        #[serde(with = "super::hex")]
        value: u64,
    },
    /// Starts a burst.
    Burst(Burst),
    /// Writes an invalidation command.
    Invalidate(Invalidate),
    /// Moves a page of a stream to another frame, with the invalidation that belongs to it.
    Move(Move),
    /// Asks for a synchronization.
    Sync {
        /// The bank, or none for the global one.
        bank: Option<u8>,
        /// Polls the status until it has ended before anything else is done.
        wait: bool,
    },
    /// Reads a 32-bit or 64-bit word of the register space.
    Read {
        /// Byte offset.
        #[serde(with = "super::hex")]
        offset: u32,
        /// 4 or 8.
        bytes: u8,
    },
    /// Writes to the register space.
    Write {
        /// Byte offset.
        #[serde(with = "super::hex")]
        offset: u32,
        /// The aligned 64-bit word.
        #[serde(with = "super::hex")]
        data: u64,
        /// Its byte strobes.
        #[serde(with = "super::hex")]
        strobes: u8,
    },
    /// Reads a fault record (of a bank, or the global one) and perhaps clears its status.
    Fault {
        /// The bank, or none for the global one.
        bank: Option<u8>,
        /// Reads all record registers.
        read: bool,
        /// Clears the status.
        clear: bool,
    },
    /// Serves a bank's fault as a driver does.
    Serve(Serve),
    /// Writes `RESUME`.
    Resume {
        /// The bank.
        bank: u8,
        /// TnR.
        terminate: bool,
    },
    /// Lets bus accesses to some bytes fail, in data or in tables.
    Errors {
        /// Where.
        place: ErrorPlace,
        /// Reads fail.
        reads: bool,
        /// Writes fail.
        writes: bool,
    },
    /// Takes all those errors away.
    NoErrors,
    /// Chooses another latency of data and of tables.
    Latency {
        /// Of data.
        data: Latency,
        /// Of tables.
        walk: Latency,
    },
    /// Chooses other back-pressure on one port.
    Pauses {
        /// The port.
        port: Port,
        /// Per cent.
        pauses: Pauses,
    },
    /// The client stops some of its channels for some cycles.
    Hold {
        /// Channels: 1 AW, 2 W, 4 B, 8 AR, 16 R.
        channels: u8,
        /// Cycles.
        cycles: u16,
    },
    /// Waits until nothing is in flight.
    Drain,
    /// Nothing but time passes.
    Wait,
    /// Hardware reset, whatever is in flight.
    Reset,
    /// Does an address translation operation, on hardware that has them.
    Operation(Operation),
    /// Sets the performance counters up, on hardware that has them.
    Count(Count),
}

/// A port with back-pressure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Port {
    /// `s_axi`.
    Client,
    /// `m_axi`.
    Downstream,
    /// `m_axi_ptw`.
    Walk,
}

/// How a bank's fault is served: its record is read; if a transaction is stalled its page may be mapped; then comes `RESUME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serve {
    /// The bank.
    pub bank: u8,
    /// The page is mapped and the transaction retried; otherwise it is ended.
    pub repair: bool,
    /// When the status is cleared.
    pub clear: ClearStatus,
    /// Frame of data memory that the page leads to.
    pub frame: u8,
}

/// When FSR is cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClearStatus {
    /// Before `RESUME`.
    Before,
    /// After it.
    After,
    /// Not at all.
    Never,
}

/// Where bus accesses fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorPlace {
    /// Lines of 64 bytes in a frame of data memory.
    Frame {
        /// Frame.
        frame: u8,
        /// First line, in its first 4 KiB.
        first: u8,
        /// How many.
        lines: u8,
    },
    /// The descriptor of a spot.
    Descriptor {
        /// Spot.
        at: Spot,
        /// Level of the table.
        level: u8,
    },
}

/// A place in a region's address space, of which every tree has the same few: pages beside each other, blocks, ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    /// Tree, counted around the number of trees.
    pub tree: u8,
    /// Number of the place, 0 to 19 (`layout::SPOTS`).
    pub spot: u8,
}

/// Where a burst goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// To a spot of the tree that the stream's bank was last set up with.
    Own {
        /// In the region of TTBR1.
        upper: bool,
        /// Spot.
        spot: u8,
        /// Byte in its first 4 KiB.
        offset: u16,
    },
    /// To a spot of that tree.
    At {
        /// Spot.
        at: Spot,
        /// In the upper region.
        upper: bool,
        /// Byte in its first 4 KiB.
        offset: u16,
    },
    /// To a frame of data memory, by its physical address.
    Frame {
        /// Frame.
        frame: u8,
        /// Byte in its first 4 KiB.
        offset: u16,
    },
    /// To any address of 49 bits.
    Raw {
        /// Address.
        #[serde(with = "super::hex")]
        addr: u64,
    },
}

/// A client burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Burst {
    /// Stream of the pool.
    pub stream: u8,
    /// Where.
    pub place: Place,
    /// Write.
    pub write: bool,
    /// AxID, cut to the port's.
    pub id: u8,
    /// AxLEN.
    pub len: u8,
    /// AxSIZE.
    pub size: u8,
    /// AxBURST.
    pub kind: u8,
    /// AxPROT.
    pub prot: u8,
    /// AxLOCK, AxCACHE, AxQOS and AxREGION, 1, 4, 4 and 4 bits from bit 0 up.
    pub extras: u16,
    /// Cut length and size down to what AXI allows at that address.
    pub fit: bool,
    /// Leave some strobes out.
    pub sparse: bool,
    /// Client port, counted around the number of ports.
    #[serde(default, skip_serializing_if = "is_zero_port")]
    pub port: u8,
}

/// An invalidation command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invalidate {
    /// Kind.
    pub kind: InvalidateKind,
    /// Bank of the commands that have one.
    pub bank: u8,
    /// ASID, or VMID.
    pub tag: u16,
    /// Address.
    pub at: Spot,
    /// It is in the upper region.
    pub upper: bool,
    /// A 64-bit command is written in two halves.
    pub halves: bool,
}

/// A page that moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// Stream of the pool; its bank's tree, tags and bank are used.
    pub stream: u8,
    /// In the region of TTBR1.
    pub upper: bool,
    /// Spot.
    pub spot: u8,
    /// Level of the leaf.
    pub level: u8,
    /// Frame of data memory.
    pub frame: u8,
    /// Attributes.
    #[serde(with = "super::hex")]
    pub bits: u64,
    /// The invalidation.
    pub kind: InvalidateKind,
    /// It names this page; otherwise something else.
    pub named: bool,
    /// What follows.
    pub sync: SyncAfter,
    /// The page is one of stage 2: a spot in the tree of the stream's stage-2 bank.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub second: bool,
}

/// Synchronization after an invalidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncAfter {
    /// None.
    None,
    /// It is asked for.
    Post,
    /// It is waited for.
    Wait,
}

/// Invalidation commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvalidateKind {
    /// TLBIVA.
    Va,
    /// TLBIVAL.
    Val,
    /// TLBIVAA.
    Vaa,
    /// TLBIVAAL.
    Vaal,
    /// TLBIASID.
    Asid,
    /// TLBIALL.
    All,
    /// TLBIVMID.
    Vmid,
    /// TLBIVMIDS1.
    VmidS1,
    /// TLBIALLNSNH.
    AllNsnh,
    /// TLBIALLH.
    AllH,
    /// TLBIVAH64.
    VaH64,
    /// TLBIVAH.
    VaH,
    /// TLBIVALH64.
    ValH64,
    /// TLBIIPAS2.
    Ipas2,
    /// TLBIIPAS2L.
    Ipas2L,
}
