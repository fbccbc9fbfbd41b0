//! AArch32 short descriptors: two levels of 32-bit descriptors.
//!
//! ```text
//!  bits 1:0   level 1 (an entry a MiB)                        level 2 (an entry a 4 KiB)
//!  0          invalid                                         invalid
//!  1          table of level 2, 1 KiB                         large page, 64 KiB
//!  2, 3       section 1 MiB, supersection 16 MiB (bit 18);    small page, 4 KiB; bit 0 is XN
//!             bit 0 is PXN
//! ```
//! Domains and NS are ignored. Decision D28 of `docs/compliance.md`.

use super::access::Reading;
use super::attributes::Attributes;
use super::bits::{bit, field, ones};
use super::descriptor::LeafBits;
use super::regime::{MemoryRules, WalkRegime};
use super::walk::{fetch_short, Fetch, Leaf, Stop, WalkFault};

/// Where a kind of leaf has its bits.
struct Places {
    ap2: u32,
    ap: u32,
    tex: u32,
    xn: u32,
    s: u32,
    not_global: u32,
}

const SECTION: Places = Places { ap2: 15, ap: 10, tex: 12, xn: 4, s: 16, not_global: 17 };
const LARGE: Places = Places { ap2: 9, ap: 4, tex: 12, xn: 15, s: 10, not_global: 11 };
const SMALL: Places = Places { ap2: 9, ap: 4, tex: 6, xn: 0, s: 10, not_global: 11 };

/// Walks for `va` (32 bits). `afe`: `AP[0]` is the access flag.
///
/// # Errors
/// Faults of this walk, and of the stage that translates the addresses of its descriptors.
pub fn walk(regime: &WalkRegime, afe: bool, va: u64, fetch: &mut dyn Fetch) -> Result<Leaf, Stop> {
    let leaf = find(regime, afe, va, fetch)?;
    let Leaf { size_bits: bits, level, bits: LeafBits { not_global, .. }, .. } = leaf;
    fetch.found(&Reading { stage2: false, address: va, level, bits, not_global });
    Ok(leaf)
}

fn find(regime: &WalkRegime, afe: bool, va: u64, fetch: &mut dyn Fetch) -> Result<Leaf, Stop> {
    let first_index = field(va & ones(regime.input_bits), 31, 20);
    let first = fetch_short(regime, regime.base + first_index * 4, (va, 1), fetch)?;
    let leaf = |word: u64, places: &Places, address: u64, size_bits: u32, level: u8, pxn: bool| Leaf {
        address,
        size_bits,
        level,
        bits: LeafBits { pxn, ..access_bits(word, places, afe) },
        attributes: attributes(word, places, regime.memory),
    };
    match field(first, 1, 0) {
        0 => Err(WalkFault::translation(1).into()),
        1 => {
            let pxn = bit(first, 2);
            let table = first & ones(32) & !ones(10);
            let second = fetch_short(regime, table + field(va, 19, 12) * 4, (va, 2), fetch)?;
            match field(second, 1, 0) {
                0 => Err(WalkFault::translation(2).into()),
                1 => Ok(leaf(second, &LARGE, second & ones(32) & !ones(16), 16, 2, pxn)),
                _ => Ok(leaf(second, &SMALL, second & ones(32) & !ones(12), 12, 2, pxn)),
            }
        }
        _ => {
            let pxn = bit(first, 0);
            if !bit(first, 18) {
                return Ok(leaf(first, &SECTION, first & ones(32) & !ones(20), 20, 1, pxn));
            }
            let address = first & ones(32) & !ones(24) | field(first, 23, 20) << 32 | field(first, 8, 5) << 36;
            if address >> regime.output_bits != 0 {
                return Err(WalkFault::address_size(1).into());
            }
            Ok(leaf(first, &SECTION, address, 24, 1, pxn))
        }
    }
}

fn access_bits(word: u64, places: &Places, afe: bool) -> LeafBits {
    let ap = field(word, places.ap + 1, places.ap);
    let ap2 = bit(word, places.ap2);
    let bits =
        LeafBits { xn: bit(word, places.xn), not_global: bit(word, places.not_global), aarch32: true, ..LeafBits::default() };
    if afe {
        return LeafBits { af: bit(ap, 0), user: bit(ap, 1), read_only: ap2, ..bits };
    }
    LeafBits { af: true, no_access: ap == 0, user: ap >= 2, user_read_only: ap == 2, read_only: ap2, ..bits }
}

fn attributes(word: u64, places: &Places, rules: MemoryRules) -> Attributes {
    let tex = field(word, places.tex + 2, places.tex);
    let (c, b, s) = (bit(word, 3), bit(word, 2), bit(word, places.s));
    match rules {
        MemoryRules::Remap { prrr, nmrr } => {
            Attributes::from_remap((tex & 1) << 2 | u64::from(c) << 1 | u64::from(b), s, prrr, nmrr)
        }
        _ => Attributes::from_tex(tex, c, b, s),
    }
}
