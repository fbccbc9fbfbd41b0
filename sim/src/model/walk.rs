//! The table walk: from a regime and an address to a leaf, one descriptor a level.
//!
//! At each level the checks come in this order: external abort, translation (invalid descriptor), address size. Access flag
//! and permission are the leaf's and come after them ([`super::permission`]).

use super::access::{context_code, TableMemory};
use super::bits::ones;
use super::descriptor::{Descriptor, LeafBits, TableLimits};
use super::regime::WalkRegime;

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

/// The end of a walk that found something.
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
}

impl Leaf {
    /// The output address for an input address that the leaf covers.
    pub fn output(&self, va: u64) -> u64 {
        self.address | va & ones(self.size_bits)
    }
}

/// Walks the tables for `va`, whose bits above the regime's input size are not looked at.
///
/// # Errors
/// Translation, address size and external-abort faults.
pub fn walk(regime: &WalkRegime, va: u64, memory: &mut dyn TableMemory) -> Result<Leaf, WalkFault> {
    let too_big = |address: u64| address >> regime.output_bits != 0;
    if too_big(regime.base) {
        return Err(WalkFault::address_size(0));
    }
    let granule = regime.granule;
    let mut level = regime.start_level();
    let mut table = regime.start_table();
    let mut index_bits = regime.start_index_bits();
    let mut limits = TableLimits::default();
    loop {
        let index = va >> granule.entry_bits(level) & ones(index_bits);
        let word = memory.read64(table + index * 8).ok_or(WalkFault::external_abort(level))?;
        match Descriptor::decode(word, granule, level) {
            Descriptor::Invalid => return Err(WalkFault::translation(level)),
            Descriptor::Table { address, .. } | Descriptor::Leaf { address, .. } if too_big(address) => {
                return Err(WalkFault::address_size(level));
            }
            Descriptor::Leaf { address, bits } => {
                return Ok(Leaf { address, size_bits: granule.entry_bits(level), level, bits: bits.under(limits) });
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
