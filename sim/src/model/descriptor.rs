//! 64-bit descriptors of stage 1 and stage 2: what a word at a level means. AArch32 long descriptors are those of the 4 KiB granule.
//!
//! ```text
//!  bits 1:0   level 0         level 1, 2        level 3
//!  0, 2       invalid         invalid           invalid
//!  1          invalid         block if legal    invalid
//!  3          table           table             page
//! ```
//! Ignored wherever they stand: NSTable/NS, the contiguous hint, DBM, software bits. In stage 2 the bits of a table are ignored too.

use super::bits::{bit, field, ones};
use super::regime::Granule;

/// What tables above a leaf take away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TableLimits {
    /// `APTable[0]`: no unprivileged data access.
    pub no_unprivileged: bool,
    /// `APTable[1]`: no writes.
    pub no_write: bool,
    /// `XNTable`.
    pub xn: bool,
    /// `PXNTable`.
    pub pxn: bool,
}

impl TableLimits {
    /// Both limits together.
    pub fn and(self, other: Self) -> Self {
        TableLimits {
            no_unprivileged: self.no_unprivileged | other.no_unprivileged,
            no_write: self.no_write | other.no_write,
            xn: self.xn | other.xn,
            pxn: self.pxn | other.pxn,
        }
    }
}

/// The access bits of a leaf, with the limits of the tables above it worked in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LeafBits {
    /// `AP[1]`: unprivileged data accesses are allowed.
    pub user: bool,
    /// `AP[2]`: read-only.
    pub read_only: bool,
    /// `XN` (UXN): not executable unprivileged.
    pub xn: bool,
    /// `PXN`: not executable privileged.
    pub pxn: bool,
    /// `AF`: the access flag.
    pub af: bool,
    /// `nG`: valid for its ASID only.
    pub not_global: bool,
    /// Short descriptors without `AFE`: no access at all.
    pub no_access: bool,
    /// Short descriptors without `AFE`: read-only for unprivileged accesses.
    pub user_read_only: bool,
    /// The execute rules are those of AArch32.
    pub aarch32: bool,
}

/// The access bits of a stage-2 leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stage2Bits {
    /// `S2AP[0]`.
    pub read: bool,
    /// `S2AP[1]`.
    pub write: bool,
    /// `XN`.
    pub xn: bool,
    /// `AF`.
    pub af: bool,
    /// `MemAttr` says Device.
    pub device: bool,
}

impl Stage2Bits {
    /// Out of a leaf descriptor.
    pub fn of(word: u64) -> Self {
        Stage2Bits {
            read: bit(word, 6),
            write: bit(word, 7),
            xn: bit(word, 54),
            af: bit(word, 10),
            device: field(word, 5, 4) == 0,
        }
    }
}

impl LeafBits {
    /// What is left of them under `limits`.
    pub fn under(self, limits: TableLimits) -> Self {
        LeafBits {
            user: self.user && !limits.no_unprivileged,
            read_only: self.read_only || limits.no_write,
            xn: self.xn || limits.xn,
            pxn: self.pxn || limits.pxn,
            ..self
        }
    }
}

/// A 64-bit descriptor; limits and bits as stage 1 reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descriptor {
    /// Invalid, reserved, or a block where there may be none.
    Invalid,
    /// Points to a table of the next level.
    Table {
        /// Its address, aligned to the granule.
        address: u64,
        /// What it takes away from all below.
        limits: TableLimits,
    },
    /// A block or a page.
    Leaf {
        /// Output address, aligned to what the leaf covers.
        address: u64,
        /// Access bits as they stand in it.
        bits: LeafBits,
    },
}

impl Descriptor {
    /// Decodes `word` as a descriptor of `level`.
    pub fn decode(word: u64, granule: Granule, level: u8) -> Self {
        let address = |low_bits: u32| word & ones(48) & !ones(low_bits);
        match (word & 3, level) {
            (3, 0..=2) => Descriptor::Table {
                address: address(granule.page_bits()),
                limits: TableLimits {
                    no_unprivileged: bit(word, 61),
                    no_write: bit(word, 62),
                    xn: bit(word, 60),
                    pxn: bit(word, 59),
                },
            },
            (3, 3) => Descriptor::Leaf { address: address(granule.page_bits()), bits: leaf_bits(word) },
            (1, _) if granule.has_block(level) => {
                Descriptor::Leaf { address: address(granule.entry_bits(level)), bits: leaf_bits(word) }
            }
            _ => Descriptor::Invalid,
        }
    }
}

fn leaf_bits(word: u64) -> LeafBits {
    let ap = field(word, 7, 6);
    LeafBits {
        user: bit(ap, 0),
        read_only: bit(ap, 1),
        xn: bit(word, 54),
        pxn: bit(word, 53),
        af: bit(word, 10),
        not_global: bit(word, 11),
        ..LeafBits::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `I`nvalid, `T`able or `L`eaf for descriptor types 0 to 3.
    fn kinds(granule: Granule, level: u8) -> String {
        (0..4)
            .map(|word| match Descriptor::decode(word, granule, level) {
                Descriptor::Invalid => 'I',
                Descriptor::Table { .. } => 'T',
                Descriptor::Leaf { .. } => 'L',
            })
            .collect()
    }

    #[test]
    fn kinds_by_level() {
        assert_eq!([0, 1, 2, 3].map(|l| kinds(Granule::K4, l)), ["IIIT", "ILIT", "ILIT", "IIIL"]);
        assert_eq!([0, 1, 2, 3].map(|l| kinds(Granule::K16, l)), ["IIIT", "IIIT", "ILIT", "IIIL"]);
        assert_eq!([1, 2, 3].map(|l| kinds(Granule::K64, l)), ["IIIT", "ILIT", "IIIL"]);
    }

    #[test]
    fn addresses_lose_what_is_below_and_above() {
        let all = !0u64;
        let address = |word, granule, level| match Descriptor::decode(word, granule, level) {
            Descriptor::Table { address, .. } | Descriptor::Leaf { address, .. } => address,
            Descriptor::Invalid => panic!("not a valid descriptor"),
        };
        assert_eq!(address(all, Granule::K4, 3), 0xFFFF_FFFF_F000);
        assert_eq!(address(all, Granule::K16, 3), 0xFFFF_FFFF_C000);
        assert_eq!(address(all, Granule::K64, 3), 0xFFFF_FFFF_0000);
        assert_eq!(address(all, Granule::K16, 1), 0xFFFF_FFFF_C000);
        assert_eq!(address(all, Granule::K64, 1), 0xFFFF_FFFF_0000);
        assert_eq!(address(all - 2, Granule::K4, 1), 0xFFFF_C000_0000);
        assert_eq!(address(all - 2, Granule::K4, 2), 0xFFFF_FFE0_0000);
        assert_eq!(address(all - 2, Granule::K16, 2), 0xFFFF_FE00_0000);
        assert_eq!(address(all - 2, Granule::K64, 2), 0xFFFF_E000_0000);
    }

    #[test]
    fn single_bits_of_a_leaf() {
        let bits = |word: u64| match Descriptor::decode(word | 3, Granule::K4, 3) {
            Descriptor::Leaf { bits, .. } => bits,
            other => panic!("{other:?}"),
        };
        assert_eq!(bits(0), LeafBits::default());
        assert_eq!(bits(1 << 6), LeafBits { user: true, ..LeafBits::default() });
        assert_eq!(bits(1 << 7), LeafBits { read_only: true, ..LeafBits::default() });
        assert_eq!(bits(1 << 10), LeafBits { af: true, ..LeafBits::default() });
        assert_eq!(bits(1 << 11), LeafBits { not_global: true, ..LeafBits::default() });
        assert_eq!(bits(1 << 53), LeafBits { pxn: true, ..LeafBits::default() });
        assert_eq!(bits(1 << 54), LeafBits { xn: true, ..LeafBits::default() });
        let ignored = 0x1F << 55 | 1 << 63 | 3 << 51 | 7 << 2 | 1 << 5 | 3 << 8;
        assert_eq!(bits(ignored), LeafBits::default());
    }

    #[test]
    fn single_bits_of_a_stage_2_leaf() {
        // MemAttr 5:2, S2AP 7:6, AF 10, XN 54. All zero is Device.
        let none = Stage2Bits { device: true, ..Stage2Bits::default() };
        assert_eq!(Stage2Bits::of(3), none);
        assert_eq!(Stage2Bits::of(1 << 6), Stage2Bits { read: true, ..none });
        assert_eq!(Stage2Bits::of(1 << 7), Stage2Bits { write: true, ..none });
        assert_eq!(Stage2Bits::of(1 << 10), Stage2Bits { af: true, ..none });
        assert_eq!(Stage2Bits::of(1 << 54), Stage2Bits { xn: true, ..none });
        assert_eq!(Stage2Bits::of(3 << 2 | 1 << 53 | 3 << 8 | 1 << 11), none, "GRE is Device, bit 53 is ignored");
        assert_eq!(Stage2Bits::of(5 << 2), Stage2Bits::default(), "non-cacheable is Normal");
    }

    #[test]
    fn single_bits_of_a_table() {
        let limits = |word: u64| match Descriptor::decode(word | 3, Granule::K4, 1) {
            Descriptor::Table { limits, .. } => limits,
            other => panic!("{other:?}"),
        };
        assert_eq!(limits(1 << 59), TableLimits { pxn: true, ..TableLimits::default() });
        assert_eq!(limits(1 << 60), TableLimits { xn: true, ..TableLimits::default() });
        assert_eq!(limits(1 << 61), TableLimits { no_unprivileged: true, ..TableLimits::default() });
        assert_eq!(limits(1 << 62), TableLimits { no_write: true, ..TableLimits::default() });
        assert_eq!(limits(1 << 63 | 0x3F << 53 & !(0x3 << 59)), TableLimits::default());
    }
}
