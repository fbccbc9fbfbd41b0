//! What goes into the model and what comes out: an access, its verdict, a fault, and the memory that the tables lie in.

use super::bank::BankView;

/// The memory that translation tables lie in.
pub trait TableMemory {
    /// The little-endian 64-bit word at `pa` (a multiple of 8, below 2^48), or `None` where the read ends in an error response:
    /// to the walker that is an external abort.
    fn read64(&mut self, pa: u64) -> Option<u64>;

    /// The descriptor that is read next. For those who follow a walk.
    fn reading(&mut self, _what: &Reading) {}

    /// A walk found a leaf. For those who follow it.
    fn found(&mut self, _what: &Reading) {}

    /// The registers of stage 2 that a nested translation looks a descriptor of stage 1 up with (`on_walk`), or its result; `None`: it is
    /// off. Whoever asks what hardware may do that looks at them later than at those of stage 1 gives others back.
    fn stage2(&mut self, now: Option<BankView>, _on_walk: bool) -> Option<BankView> {
        now
    }
}

/// A descriptor, as a walk sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// It is one of stage 2.
    pub stage2: bool,
    /// The address that is translated: a virtual one, sign-extended, or an intermediate one.
    pub address: u64,
    /// Level of the table that it stands in.
    pub level: u8,
    /// log2 of the bytes that it covers. Before a short descriptor is read: those of the smallest leaf there.
    pub bits: u32,
    /// A leaf that is valid for one ASID only.
    pub not_global: bool,
}

/// One client transaction, as far as translation and fault records look at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Access {
    /// StreamID, 15 bits; 16 where the hardware has extended ids.
    pub stream_id: u32,
    /// AxADDR, 49 bits.
    pub addr: u64,
    /// A write (AW) and not a read (AR).
    pub write: bool,
    /// AxPROT bit 0.
    pub privileged: bool,
    /// AxPROT bit 2. Means nothing on a write.
    pub instruction: bool,
    /// AxPROT bit 1. Passed on; no verdict depends on it.
    pub non_secure: bool,
    /// The burst breaks AXI so that it could leave its page: refused before anything else is looked at.
    pub illegal_burst: bool,
}

impl Access {
    /// An instruction fetch: `AxPROT[2]` counts on reads alone.
    pub fn is_fetch(&self) -> bool {
        self.instruction && !self.write
    }
}

/// Fault codes as bits of `CBn_FSR`.
pub mod context_code {
    /// Translation fault.
    pub const TF: u32 = 1 << 1;
    /// Access flag fault.
    pub const AFF: u32 = 1 << 2;
    /// Permission fault.
    pub const PF: u32 = 1 << 3;
    /// External abort on a table walk.
    pub const EF: u32 = 1 << 4;
    /// Address size fault.
    pub const ASF: u32 = 1 << 7;
    /// More than one fault since the register was clear.
    pub const MULTI: u32 = 1 << 31;
    /// All bits that say that a fault is recorded.
    pub const RECORDED: u32 = MULTI | 0x1FE;
}

/// Fault codes as bits of `sGFSR`.
pub mod global_code {
    /// Invalid context: the stream or its bank is set to fault, or to something that is not there.
    pub const ICF: u32 = 1 << 0;
    /// No stream match register matches.
    pub const USF: u32 = 1 << 1;
    /// More than one stream match register matches.
    pub const SMCF: u32 = 1 << 2;
    /// The stream names a context bank that is not there.
    pub const UCBF: u32 = 1 << 3;
    /// Configuration access fault: an illegal register access.
    pub const CAF: u32 = 1 << 5;
    /// Unsupported upstream transaction.
    pub const UUT: u32 = 1 << 8;
    /// More than one fault since the register was clear.
    pub const MULTI: u32 = 1 << 31;
    /// All bits that say that a fault is recorded.
    pub const RECORDED: u32 = MULTI | 0x1FF;
}

/// Why an access is refused, with what the record registers need beside the access itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// Recorded in the global registers and not in those of a bank.
    pub global: bool,
    /// The context bank that records it; 0 if `global`.
    pub bank: usize,
    /// One bit of [`context_code`] or [`global_code`]. 0: the bank refuses because a fault is pending there and `HUPCF` is 0,
    /// which sets `MULTI` and changes nothing else.
    pub code: u32,
    /// Translation level, 0 to 3; 0 if `global`.
    pub level: u8,
    /// The walk's own read failed (`FSYNR0.PTWF`).
    pub ptwf: bool,
    /// What a stage-2 fault has to say beside; `None` for all others.
    pub stage2: Option<Stage2Record>,
    /// Privilege and instruction of the access as its checks saw it, where `PRIVCFG` or `INSTCFG` made another access of it.
    pub seen: Option<Seen>,
}

/// What checks and records see of an access after `PRIVCFG` and `INSTCFG`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seen {
    /// As [`Access::privileged`].
    pub privileged: bool,
    /// As [`Access::instruction`].
    pub instruction: bool,
}

/// What the record of a stage-2 fault has beside that of any fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stage2Record {
    /// The intermediate address that stage 2 had to translate.
    pub ipa: u64,
    /// The stage-1 bank of a nested translation.
    pub stage1_bank: Option<usize>,
    /// It was the address of a stage-1 descriptor (`FSYNR0.S1PTWF`).
    pub on_walk: bool,
}

impl Fault {
    /// A fault of the global registers.
    pub fn global(code: u32) -> Self {
        Fault { global: true, bank: 0, code, level: 0, ptwf: false, stage2: None, seen: None }
    }

    /// A fault that bank `bank` records, found at `level`.
    pub fn context(bank: usize, code: u32, level: u8) -> Self {
        Fault { global: false, bank, code, level, ptwf: false, stage2: None, seen: None }
    }

    /// The access as its checks saw it.
    pub fn access(&self, access: &Access) -> Access {
        match self.seen {
            Some(Seen { privileged, instruction }) => Access { privileged, instruction, ..*access },
            None => *access,
        }
    }
}

/// What becomes of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It goes downstream.
    Translated {
        /// The downstream address, 48 bits.
        pa: u64,
    },
    /// It is answered here.
    Refused {
        /// Answered OKAY, reads with zeros, writes ignored; else with an error response on every beat.
        raz: bool,
        /// Why.
        fault: Fault,
    },
    /// It has no answer: it waits for `RESUME` of a bank (`SCTLR.CFCFG`).
    Stalled {
        /// The fault that stalls it. Code 0: another transaction of that bank is stalled, and this one waits for it.
        fault: Fault,
    },
}

impl Verdict {
    /// The downstream address, if it goes downstream.
    pub fn pa(&self) -> Option<u64> {
        match self {
            Verdict::Translated { pa } => Some(*pa),
            Verdict::Refused { .. } | Verdict::Stalled { .. } => None,
        }
    }

    /// The fault, if it is refused or stalled.
    pub fn fault(&self) -> Option<Fault> {
        match self {
            Verdict::Translated { .. } => None,
            Verdict::Refused { fault, .. } | Verdict::Stalled { fault } => Some(*fault),
        }
    }
}
