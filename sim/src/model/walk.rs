//! The table walk: from a regime and an address to a leaf, one descriptor a level.
//!
//! At each level the checks come in this order: external abort, translation (invalid descriptor), address size. Access flag
//! and permission are the leaf's and come after them ([`super::permission`]).
//!
//! A walk does not know where its descriptors come from: [`Fetch`] gets them from memory, or from memory through stage 2.

use super::access::{context_code, Reading, TableMemory};
use super::attributes::{Attributes, Share};
use super::bits::{bit, field, ones};
use super::descriptor::{Descriptor, LeafBits, Stage2Bits, TableLimits};
use super::regime::{Format, MemoryRules, Stage, WalkRegime};
use super::short;

/// Why a translation has no result: one bit of [`context_code`], the level, and whether the walk's own read failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkFault {
    /// One bit of [`context_code`].
    pub code: u32,
    /// Translation level, 0 to 3.
    pub level: u8,
    /// The read of the descriptor failed.
    pub ptwf: bool,
}

impl WalkFault {
    /// A translation fault.
    pub fn translation(level: u8) -> Self {
        WalkFault { code: context_code::TF, level, ptwf: false }
    }

    /// An address size fault.
    pub fn address_size(level: u8) -> Self {
        WalkFault { code: context_code::ASF, level, ptwf: false }
    }

    /// An external abort of the walk's read.
    pub fn external_abort(level: u8) -> Self {
        WalkFault { code: context_code::EF, level, ptwf: true }
    }
}

/// A fault of stage 2, with the address that it had to translate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage2Fault {
    /// What went wrong.
    pub fault: WalkFault,
    /// The intermediate address.
    pub ipa: u64,
    /// It was the address of a stage-1 descriptor.
    pub on_walk: bool,
}

/// What ends a translation: a fault of its stage 1, or of its stage 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Stage 1.
    One(WalkFault),
    /// Stage 2.
    Two(Stage2Fault),
}

impl From<WalkFault> for Stop {
    fn from(fault: WalkFault) -> Self {
        Stop::One(fault)
    }
}

/// Where the descriptors of a walk come from.
pub trait Fetch {
    /// The little-endian 64-bit word at `address` (a multiple of 8) of the walk's output space; `None` for an external abort.
    ///
    /// # Errors
    /// The fault of a stage that translates the address of the descriptor.
    fn fetch(&mut self, address: u64, what: &Reading) -> Result<Option<u64>, Stage2Fault>;

    /// The walk ends with this leaf.
    fn found(&mut self, what: &Reading);
}

/// Descriptors straight from memory.
pub struct Direct<'a>(pub &'a mut dyn TableMemory);

impl Fetch for Direct<'_> {
    fn fetch(&mut self, address: u64, what: &Reading) -> Result<Option<u64>, Stage2Fault> {
        self.0.reading(what);
        Ok(self.0.read64(address))
    }

    fn found(&mut self, what: &Reading) {
        self.0.found(what);
    }
}

/// The end of a stage-1 walk that found something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Output address, aligned to `size_bits`.
    pub address: u64,
    /// log2 of the bytes that the leaf covers.
    pub size_bits: u32,
    /// Level it stands at.
    pub level: u8,
    /// Access bits, with those of the tables above worked in.
    pub bits: LeafBits,
    /// Memory attributes.
    pub attributes: Attributes,
}

impl Leaf {
    /// The output address for an input address that the leaf covers.
    pub fn output(&self, va: u64) -> u64 {
        self.address | va & ones(self.size_bits)
    }
}

/// The end of a stage-2 walk that found something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage2Leaf {
    /// Output address, aligned to `size_bits`.
    pub address: u64,
    /// log2 of the bytes that the leaf covers.
    pub size_bits: u32,
    /// Level it stands at.
    pub level: u8,
    /// Access bits.
    pub bits: Stage2Bits,
    /// Memory attributes, to be combined with those of stage 1.
    pub attributes: Attributes,
}

impl Stage2Leaf {
    /// The output address for an intermediate address that the leaf covers.
    pub fn output(&self, ipa: u64) -> u64 {
        self.address | ipa & ones(self.size_bits)
    }
}

/// A leaf of a 64-bit format before a stage has read its bits.
struct Found {
    address: u64,
    size_bits: u32,
    level: u8,
    word: u64,
    bits: LeafBits,
}

/// Walks stage-1 tables in memory for `va`, whose bits above the regime's input size are not looked at.
///
/// # Errors
/// Translation, address size and external-abort faults.
pub fn walk(regime: &WalkRegime, va: u64, memory: &mut dyn TableMemory) -> Result<Leaf, WalkFault> {
    walk_through(regime, va, &mut Direct(memory)).map_err(|stop| match stop {
        Stop::One(fault) | Stop::Two(Stage2Fault { fault, .. }) => fault,
    })
}

/// Walks stage-1 tables for `va`, wherever their descriptors come from.
///
/// # Errors
/// Faults of this walk, and of the stage that translates the addresses of its descriptors.
pub fn walk_through(regime: &WalkRegime, va: u64, fetch: &mut dyn Fetch) -> Result<Leaf, Stop> {
    if let Format::Short { afe } = regime.format {
        return short::walk(regime, afe, va, fetch);
    }
    let found = find(regime, va, fetch)?;
    let mair = match regime.memory {
        MemoryRules::Mair(mair) => mair,
        _ => 0,
    };
    let attributes = Attributes {
        share: Share::from_sh(field(found.word, 9, 8)),
        ..Attributes::from_mair((mair >> (8 * field(found.word, 4, 2))) as u8)
    };
    let bits = LeafBits { aarch32: regime.format == Format::Long, ..found.bits };
    Ok(Leaf { address: found.address, size_bits: found.size_bits, level: found.level, bits, attributes })
}

/// Walks stage-2 tables in memory for `ipa`.
///
/// # Errors
/// Translation, address size and external-abort faults.
pub fn walk_stage2(regime: &WalkRegime, ipa: u64, memory: &mut dyn TableMemory) -> Result<Stage2Leaf, WalkFault> {
    debug_assert_eq!(regime.stage, Stage::Two);
    let found = find(regime, ipa, &mut Direct(memory)).map_err(|stop| match stop {
        Stop::One(fault) | Stop::Two(Stage2Fault { fault, .. }) => fault,
    })?;
    Ok(Stage2Leaf {
        address: found.address,
        size_bits: found.size_bits,
        level: found.level,
        bits: Stage2Bits::of(found.word),
        attributes: Attributes::from_stage2(field(found.word, 5, 2), field(found.word, 9, 8)),
    })
}

fn find(regime: &WalkRegime, va: u64, fetch: &mut dyn Fetch) -> Result<Found, Stop> {
    let too_big = |address: u64| address >> regime.output_bits != 0;
    if too_big(regime.base) {
        return Err(WalkFault::address_size(0).into());
    }
    let granule = regime.granule;
    let mut level = regime.start_level;
    let mut table = regime.start_table();
    let mut index_bits = regime.start_index_bits();
    let mut limits = TableLimits::default();
    loop {
        let index = va >> granule.entry_bits(level) & ones(index_bits);
        let stage2 = regime.stage == Stage::Two;
        let what = Reading { stage2, address: va, level, bits: granule.entry_bits(level), not_global: false };
        let word = fetch.fetch(table + index * 8, &what).map_err(Stop::Two)?.ok_or(WalkFault::external_abort(level))?;
        let word = if regime.big_endian { word.swap_bytes() } else { word };
        match Descriptor::decode(word, granule, level) {
            Descriptor::Invalid => return Err(WalkFault::translation(level).into()),
            Descriptor::Table { address, .. } | Descriptor::Leaf { address, .. } if too_big(address) => {
                return Err(WalkFault::address_size(level).into());
            }
            Descriptor::Leaf { address, bits } => {
                let size_bits = granule.entry_bits(level);
                fetch.found(&Reading { not_global: bits.not_global, ..what });
                return Ok(Found { address, size_bits, level, word, bits: bits.under(limits) });
            }
            Descriptor::Table { address, limits: more } => {
                table = address;
                limits = limits.and(more);
                level += 1;
                index_bits = granule.level_bits();
            }
        }
    }
}

/// The 32-bit word at `address` (a multiple of 4) of a walk.
pub(super) fn fetch_short(regime: &WalkRegime, address: u64, (va, level): (u64, u8), fetch: &mut dyn Fetch) -> Result<u64, Stop> {
    let bits = if level == 1 { 20 } else { 12 };
    let what = Reading { stage2: false, address: va, level, bits, not_global: false };
    let word = fetch.fetch(address & !7, &what).map_err(Stop::Two)?.ok_or(WalkFault::external_abort(level))?;
    let half = if bit(address, 2) { word >> 32 } else { word } as u32;
    Ok(if regime.big_endian { half.swap_bytes() } else { half }.into())
}
