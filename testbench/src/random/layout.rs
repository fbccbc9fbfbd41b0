//! Where things are: the memory map of a program, the spots of a tree, and the tables themselves.
//!
//! ```text
//! 0x4000_0000  tables, 4 MiB a tree
//! 0x8000_0000  data memory, 32 MiB: frames
//! elsewhere    nothing: DECERR
//! ```

use super::program::{Environment, Spot, Tree};
use crate::memory::Memory;

/// Trees of tables at most.
pub const MAX_TREES: usize = 6;
/// First byte of the tables.
pub const TABLES: u64 = 0x4000_0000;
/// Bytes for the tables of one tree.
pub const ARENA: u64 = 0x40_0000;
/// First byte of data memory.
pub const DATA: u64 = 0x8000_0000;
/// Bytes of data memory.
pub const DATA_BYTES: u64 = 0x200_0000;
/// An address where no memory is.
pub const HOLE: u64 = 0x7000_0000;
/// An address beyond 40 bits of output.
pub const BEYOND: u64 = 0x0400_0000_0000;
/// StreamIDs that programs use: a few beside each other, and a few far away.
pub const STREAMS: [u32; 8] = [0x300, 0x301, 0x302, 0x310, 0x7fff, 0x000, 0x2aaa, 0x4300];
/// Places in a tree.
pub const SPOTS: u8 = 20;
/// Frames of data memory.
pub const FRAMES: u8 = 64;

const VALID: u64 = 1;
const TABLE: u64 = 2;
const ADDRESS: u64 = 0xffff_ffff_f000;

impl Tree {
    fn granule_bits(self) -> u32 {
        match self.granule {
            14 => 14,
            16 => 16,
            _ => 12,
        }
    }

    fn input_bits(self) -> u32 {
        64 - u32::from(self.size.clamp(16, 39))
    }

    fn level_bits(self) -> u32 {
        self.granule_bits() - 3
    }

    /// Level of the first table.
    pub fn start_level(self) -> u32 {
        4 - (self.input_bits() - self.granule_bits()).div_ceil(self.level_bits())
    }

    /// The level that a leaf meant for `level` gets: one that has leaves in this granule, and is there.
    pub fn leaf_level(self, level: u8) -> u32 {
        let highest = if self.granule_bits() == 12 { 1 } else { 2 };
        u32::from(level).clamp(self.start_level().max(highest), 3)
    }

    /// log2 of the bytes that a descriptor at `level` covers.
    pub fn entry_bits(self, level: u32) -> u32 {
        self.granule_bits() + (3 - level.min(3)) * self.level_bits()
    }

    /// Offset of a spot in the region, below `2^input_bits`. Spots 0 to 9 are pages beside each other, which have two lines of
    /// descriptors; 10 to 12 are in other tables of level 3, 13 to 15 in others of level 2 and 1, where the region has these; 16 and 17
    /// are the ends of the region; 18 and 19 lie just beyond it.
    pub fn spot(self, spot: u8) -> u64 {
        let page = 1u64 << self.granule_bits();
        let top = 1u64 << self.input_bits();
        let middle = top / 2;
        let step = |level| 1u64.checked_shl(self.entry_bits(level)).unwrap_or(0);
        let at = match spot % SPOTS {
            n @ 0..=9 => middle + u64::from(n) * page,
            n @ 10..=12 => middle + u64::from(n - 9) * step(2) + u64::from(n) * page,
            n @ 13..=14 => middle + u64::from(n - 12) * step(1) + page,
            15 => middle + step(0) + page,
            16 => 0,
            17 => top - page,
            18 => return top,
            _ => return top + page,
        };
        at & (top - 1)
    }

    /// The 49-bit client address of a spot in the lower or upper region.
    pub fn address(self, spot: u8, upper: bool) -> u64 {
        let at = self.spot(spot);
        let top = 1u64 << self.input_bits();
        let at = if upper { at.wrapping_sub(top) } else { at };
        at & ((1 << 49) - 1)
    }

    /// TCR.TG0, or TCR.TG1.
    pub fn granule_code(self, upper: bool) -> u32 {
        match (self.granule_bits(), upper) {
            (12, false) => 0,
            (14, false) => 2,
            (_, false) => 1,
            (12, true) => 2,
            (14, true) => 1,
            (_, true) => 3,
        }
    }
}

/// Data memory at a frame, for pages or blocks of `2^bits` bytes. The last eight frames of blocks lie where no memory is.
pub fn frame(frame: u8, bits: u32) -> u64 {
    let number = u64::from(frame % FRAMES);
    let there = (DATA_BYTES >> bits.min(40)).max(1);
    let number = if number + 8 < u64::from(FRAMES) { number % there } else { number };
    DATA + (number << bits.min(40))
}

/// The trees in memory. Tables are made when a descriptor below them is first needed.
#[derive(Debug)]
pub struct Forest {
    trees: Vec<Tree>,
    next: Vec<u64>,
}

impl Forest {
    /// Empty trees, and the memory that a program needs.
    pub fn plant(environment: &Environment, memory: &mut Memory) -> Self {
        memory.add_region(TABLES, ARENA * MAX_TREES as u64);
        memory.add_region(DATA, DATA_BYTES);
        let trees = if environment.trees.is_empty() { vec![Tree { granule: 12, size: 16 }] } else { environment.trees.clone() };
        let root = |n: usize, tree: &Tree| TABLES + ARENA * (n % MAX_TREES) as u64 + (1 << tree.granule_bits());
        let next = trees.iter().enumerate().map(|(n, tree)| root(n, tree)).collect();
        Forest { trees, next }
    }

    fn number(&self, tree: u8) -> usize {
        tree as usize % self.trees.len()
    }

    /// Geometry of a tree.
    pub fn tree(&self, tree: u8) -> Tree {
        self.trees[self.number(tree)]
    }

    /// Address of a tree's first table.
    pub fn root(&self, tree: u8) -> u64 {
        TABLES + ARENA * (self.number(tree) % MAX_TREES) as u64
    }

    /// A new, empty table; none if the tree's memory is used up.
    pub fn grow(&mut self, tree: u8) -> Option<u64> {
        let n = self.number(tree);
        let size = 1 << self.trees[n].granule_bits();
        let table = self.next[n];
        if table + size > TABLES + ARENA * (n % MAX_TREES + 1) as u64 {
            return None;
        }
        self.next[n] += size;
        Some(table)
    }

    /// Address of the descriptor of a spot at `level` (the first level, if the tree starts below it). Whatever is no table on the way
    /// gives way to one. None if there is no memory left for it.
    pub fn slot(&mut self, memory: &mut Memory, at: Spot, level: u8) -> Option<u64> {
        let tree = self.tree(at.tree);
        let va = tree.spot(at.spot) & ((1 << tree.input_bits()) - 1);
        let start = tree.start_level();
        let level = u32::from(level).clamp(start, 3);
        let mut table = self.root(at.tree);
        for here in start..=level {
            let index = if here == start {
                va >> tree.entry_bits(here)
            } else {
                va >> tree.entry_bits(here) & ((1 << tree.level_bits()) - 1)
            };
            let slot = table + 8 * index;
            if here == level {
                return Some(slot);
            }
            let descriptor = memory.read_u64(slot).ok()?;
            let next = descriptor & ADDRESS & !((1 << tree.granule_bits()) - 1);
            let usable = descriptor & 3 == VALID | TABLE && (TABLES..TABLES + ARENA * MAX_TREES as u64).contains(&next);
            table = if usable {
                next
            } else {
                let new = self.grow(at.tree)?;
                memory.write_u64(slot, new | VALID | TABLE).ok()?;
                new
            };
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spots_lie_in_their_region_except_for_the_last_two() {
        for granule in [12, 14, 16] {
            for size in 16..=39 {
                let tree = Tree { granule, size };
                let top = 1u64 << (64 - size);
                assert!((0..18).all(|spot| tree.spot(spot) < top), "{tree:?}");
                assert!(tree.spot(18) >= top && tree.spot(19) >= top);
                assert_eq!(tree.address(0, true) | u64::MAX << 49, tree.spot(0).wrapping_sub(top));
            }
        }
    }

    #[test]
    fn a_slot_is_where_the_indices_say() {
        let environment =
            Environment { trees: vec![Tree { granule: 14, size: 28 }], ..super::super::program::Environment::calm() };
        let mut memory = Memory::new();
        let mut forest = Forest::plant(&environment, &mut memory);
        let at = Spot { tree: 0, spot: 3 };
        // 36 bits: level 2 resolves 35:25, level 3 resolves 24:14; the middle of the region is bit 35.
        let second = forest.slot(&mut memory, at, 2).expect("room");
        assert_eq!(second, TABLES + 8 * (1 << 10));
        assert_eq!(forest.slot(&mut memory, at, 0), Some(second), "there is no level 0");
        let third = forest.slot(&mut memory, at, 3).expect("room");
        assert_eq!(third, (memory.read_u64(second).expect("room") & ADDRESS) + 8 * 3);
    }

    #[test]
    fn a_tree_without_room_says_so() {
        let environment =
            Environment { trees: vec![Tree { granule: 16, size: 22 }], ..super::super::program::Environment::calm() };
        let mut memory = Memory::new();
        let mut forest = Forest::plant(&environment, &mut memory);
        let made = std::iter::from_fn(|| forest.grow(0)).count() as u64;
        assert_eq!(made, ARENA / 0x1_0000 - 1);
        assert_eq!(forest.slot(&mut memory, Spot { tree: 0, spot: 0 }, 3), None);
    }
}
