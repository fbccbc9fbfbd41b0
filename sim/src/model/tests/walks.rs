//! Walks: every fault at every level by hand, and random mappings of every geometry against a builder of its own.

use super::super::access::context_code::{ASF, EF, TF};
use super::super::descriptor::LeafBits;
use super::super::regime::{Format, Granule, MemoryRules, Stage, WalkRegime};
use super::super::testing::mapper::{Mapper, Slot, LEAVES};
use super::super::testing::Ram;
use super::super::walk::{walk, WalkFault};
use proptest::prelude::*;

const ARENA: u64 = 0x8000_0000;
const END: u64 = 0x9000_0000;

fn granule(page_bits: u32) -> Granule {
    match page_bits {
        12 => Granule::K4,
        14 => Granule::K16,
        _ => Granule::K64,
    }
}

fn regime(mapper: &Mapper, output_bits: u32) -> WalkRegime {
    WalkRegime {
        stage: Stage::One,
        format: Format::AArch64,
        granule: granule(mapper.page_bits),
        input_bits: mapper.input_bits,
        start_level: mapper.start_level(),
        base: mapper.root,
        output_bits,
        memory: MemoryRules::Mair(0),
        big_endian: false,
    }
}

/// A page mapped at `va` in a fresh 48-bit address space.
fn page(page_bits: u32, va: u64, attributes: u64) -> (Mapper, Ram) {
    let mut ram = Ram::new(ARENA..END);
    let mut mapper = Mapper::new(page_bits, 48, ARENA);
    assert!(mapper.map(&mut ram, va, 0x4_0000_0000, 3, attributes));
    (mapper, ram)
}

fn slot(mapper: &mut Mapper, ram: &mut Ram, va: u64, level: u8) -> u64 {
    match mapper.slot(ram, va, level, false) {
        Slot::At(pa) => pa,
        Slot::Blocked => panic!("level {level} is not reached"),
    }
}

const VA: u64 = 0x1234_5678_0000;

#[test]
fn invalid_and_reserved_descriptors_fault_at_their_level() {
    for page_bits in [12, 14, 16] {
        let (mut mapper, ram) = page(page_bits, VA, 1 << 10);
        let regime = regime(&mapper, 48);
        assert_eq!(walk(&regime, VA + 0x123, &mut ram.clone()).map(|l| l.output(VA + 0x123)), Ok(0x4_0000_0123));
        for level in mapper.start_level()..=3 {
            // What may not stand at that level: invalid, reserved, and type 1 where there is no block.
            let block = LEAVES.iter().any(|&(bits, l, _)| bits == page_bits && l == level && level != 3);
            let bad: &[u64] = if block { &[0, 2, 0xFFFF_FFFC] } else { &[0, 1, 2, 0x4000_0401] };
            for &word in bad {
                let mut ram = ram.clone();
                let at = slot(&mut mapper, &mut ram, VA, level);
                ram.set(at, word);
                let fault = WalkFault { code: TF, level, ptwf: false };
                assert_eq!(walk(&regime, VA, &mut ram), Err(fault), "{page_bits}-bit pages, level {level}, {word:#x}");
            }
        }
    }
}

#[test]
fn external_aborts_carry_the_level_being_fetched() {
    let (mut mapper, ram) = page(12, VA, 1 << 10);
    for level in 0..3 {
        let mut ram = ram.clone();
        let at = slot(&mut mapper, &mut ram, VA, level);
        ram.set(at, END | 3);
        let fault = WalkFault { code: EF, level: level + 1, ptwf: true };
        assert_eq!(walk(&regime(&mapper, 48), VA, &mut ram), Err(fault));
    }
    let nowhere = WalkRegime { base: END, ..regime(&mapper, 48) };
    assert_eq!(walk(&nowhere, VA, &mut ram.clone()), Err(WalkFault { code: EF, level: 0, ptwf: true }));
}

#[test]
fn addresses_beyond_the_output_size() {
    let (mut mapper, ram) = page(12, VA, 1 << 10);
    let small = regime(&mapper, 36);
    let asf = |level| Err(WalkFault { code: ASF, level, ptwf: false });
    assert_eq!(walk(&WalkRegime { base: 1 << 36, ..small }, VA, &mut ram.clone()), asf(0));
    assert!(walk(&small, VA, &mut ram.clone()).is_ok());
    for level in 0..=3 {
        let mut ram = ram.clone();
        let at = slot(&mut mapper, &mut ram, VA, level);
        let word = ram.get(at);
        ram.set(at, word | 1 << 36);
        assert_eq!(walk(&small, VA, &mut ram), asf(level), "level {level}");
        // Invalid comes before the address, and the level's own bits below the granule are no address.
        ram.set(at, 1 << 36 | 2);
        assert_eq!(walk(&small, VA, &mut ram), Err(WalkFault { code: TF, level, ptwf: false }));
    }
}

#[test]
fn ttbr_beyond_the_output_size_is_level_zero_whatever_the_start() {
    let mut ram = Ram::new(ARENA..END);
    for input_bits in [48, 39, 30, 25] {
        let mapper = Mapper::new(12, input_bits, ARENA);
        let outside = WalkRegime { base: 1 << 40, ..regime(&mapper, 40) };
        assert_eq!(walk(&outside, 0x1000, &mut ram), Err(WalkFault { code: ASF, level: 0, ptwf: false }));
    }
    assert_eq!(ram.reads, 0, "nothing is read there");
}

#[test]
fn limits_add_up_on_the_way_down() {
    let leaf_bits = LeafBits { user: true, af: true, ..LeafBits::default() };
    for (table_bit, expected) in [
        (59, LeafBits { pxn: true, ..leaf_bits }),
        (60, LeafBits { xn: true, ..leaf_bits }),
        (61, LeafBits { user: false, ..leaf_bits }),
        (62, LeafBits { read_only: true, ..leaf_bits }),
        (63, leaf_bits),
    ] {
        for level in 0..3 {
            let (mut mapper, mut ram) = page(12, VA, 1 << 10 | 1 << 6);
            let at = slot(&mut mapper, &mut ram, VA, level);
            let word = ram.get(at);
            ram.set(at, word | 1 << table_bit);
            let leaf = walk(&regime(&mapper, 48), VA, &mut ram).expect("a page");
            assert_eq!(leaf.bits, expected, "bit {table_bit} at level {level}");
        }
    }
}

#[test]
fn software_and_hint_bits_are_ignored() {
    // Bits 58:55 software, 52 contiguous, 51 DBM, 50:48 no address; in tables also 11:2 and 58:51.
    let (mut mapper, mut ram) = page(12, VA, 1 << 10 | 0xF << 55 | 0x1F << 48);
    for level in 0..3 {
        let at = slot(&mut mapper, &mut ram, VA, level);
        let word = ram.get(at);
        ram.set(at, word | 0xFFC | 0x7FF << 48 | 1 << 63);
    }
    let leaf = walk(&regime(&mapper, 36), VA, &mut ram).expect("a page");
    assert_eq!((leaf.address, leaf.size_bits), (0x4_0000_0000, 12));
}

fn geometry() -> impl Strategy<Value = (u32, u32)> {
    (prop::sample::select(vec![12u32, 14, 16]), 25u32..=48)
}

#[derive(Clone, Debug)]
struct Wanted {
    seed: u64,
    pa: u64,
    leaf: prop::sample::Index,
}

fn wanted() -> impl Strategy<Value = Wanted> {
    (any::<u64>(), 0u64..1 << 48, any::<prop::sample::Index>()).prop_map(|(seed, pa, leaf)| Wanted { seed, pa, leaf })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever was mapped translates to what it was mapped to, first and last byte; what was not mapped does not translate.
    #[test]
    fn random_mappings((page_bits, input_bits) in geometry(), upper: bool, wants in prop::collection::vec(wanted(), 1..12)) {
        let mut ram = Ram::new(ARENA..END);
        let mut mapper = Mapper::new(page_bits, input_bits, ARENA);
        let sign = if upper { !0u64 << input_bits } else { 0 };
        let leaves: Vec<_> = LEAVES.iter().filter(|l| l.0 == page_bits && l.1 >= mapper.start_level()).collect();
        let mut mapped: Vec<(u64, u64, u32, u8)> = Vec::new();
        for want in &wants {
            let &&(_, level, bits) = want.leaf.get(&leaves);
            let va = (want.seed % (1 << input_bits)) >> bits << bits;
            let pa = want.pa >> bits << bits;
            if mapper.map(&mut ram, va, pa, level, 1 << 10) {
                mapped.push((va, pa, bits, level));
            }
        }
        prop_assert!(!mapped.is_empty());
        let regime = regime(&mapper, 48);
        for &(va, pa, bits, level) in &mapped {
            for offset in [0, (1 << bits) - 1, 0x5A5_A5A5 % (1 << bits)] {
                let leaf = walk(&regime, sign | va | offset, &mut ram).expect("it was mapped");
                prop_assert_eq!(leaf.output(va | offset), pa | offset);
                prop_assert_eq!((leaf.size_bits, leaf.level), (bits, level));
            }
        }
        for want in &wants {
            let va = want.seed.rotate_left(17) % (1 << input_bits);
            let is_mapped = mapped.iter().any(|&(start, _, bits, _)| va >> bits == start >> bits);
            prop_assert_eq!(walk(&regime, sign | va, &mut ram).is_ok(), is_mapped);
        }
    }
}
