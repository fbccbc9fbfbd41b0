//! Builds AArch64 stage-1 tables the way an operating system does, from tables of numbers and not from the walk's formulas.

use super::Ram;

/// Lowest address bit that a table of levels 0 to 3 resolves, by granule; 63 where there is no such level.
const SHIFTS: [(u32, [u32; 4]); 3] = [(12, [39, 30, 21, 12]), (14, [47, 36, 25, 14]), (16, [63, 42, 29, 16])];

/// Input address bits above which the walk starts at level 0, 1, 2; below the last it starts at level 3.
const STARTS: [(u32, [u32; 3]); 3] = [(12, [39, 30, 21]), (14, [47, 36, 25]), (16, [63, 42, 29])];

/// Leaf sizes as log2, by granule, and the level that they stand at.
pub const LEAVES: [(u32, u8, u32); 7] =
    [(12, 3, 12), (12, 2, 21), (12, 1, 30), (14, 3, 14), (14, 2, 25), (16, 3, 16), (16, 2, 29)];

/// Page-table under construction.
#[derive(Clone, Debug)]
pub struct Mapper {
    /// log2 of the granule: 12, 14 or 16.
    pub page_bits: u32,
    /// Input address bits.
    pub input_bits: u32,
    /// First table.
    pub root: u64,
    next_table: u64,
}

/// Where the descriptor of an address at a level lies, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// At this address.
    At(u64),
    /// A block or an invalid entry of a level above is in the way.
    Blocked,
}

impl Mapper {
    /// Tables of this granule for `input_bits` address bits; memory is taken from `arena` (64 KiB aligned) upwards.
    pub fn new(page_bits: u32, input_bits: u32, arena: u64) -> Self {
        assert_eq!(arena % 0x1_0000, 0);
        Mapper { page_bits, input_bits, root: arena, next_table: arena + 0x1_0000 }
    }

    /// Level of the first table.
    pub fn start_level(&self) -> u8 {
        let limits = STARTS.iter().find(|(bits, _)| *bits == self.page_bits).expect("a granule").1;
        limits.iter().position(|&limit| self.input_bits > limit).unwrap_or(3) as u8
    }

    fn shift(&self, level: u8) -> u32 {
        SHIFTS.iter().find(|(bits, _)| *bits == self.page_bits).expect("a granule").1[usize::from(level)]
    }

    /// Address of the descriptor of `va` at `level`; with `build`, tables on the way are made.
    pub fn slot(&mut self, ram: &mut Ram, va: u64, level: u8, build: bool) -> Slot {
        let inside = va % (1 << self.input_bits);
        let mut table = self.root;
        let mut at = self.start_level();
        loop {
            let shift = self.shift(at);
            let entries = if at == self.start_level() { u64::MAX } else { 1 << (self.page_bits - 3) };
            let slot = table + (inside / (1 << shift) % entries) * 8;
            if at == level {
                return Slot::At(slot);
            }
            let word = ram.get(slot);
            table = if word % 4 == 3 {
                word % (1 << 48) / (1 << self.page_bits) * (1 << self.page_bits)
            } else if build && word == 0 {
                let fresh = self.next_table;
                self.next_table += 1 << self.page_bits;
                ram.set(slot, fresh | 3);
                fresh
            } else {
                return Slot::Blocked;
            };
            at += 1;
        }
    }

    /// Maps one leaf of `leaf_level` at `va` to `pa` with these upper and lower attribute bits. False: something is in the way.
    pub fn map(&mut self, ram: &mut Ram, va: u64, pa: u64, leaf_level: u8, attributes: u64) -> bool {
        match self.slot(ram, va, leaf_level, true) {
            Slot::At(slot) if ram.get(slot) == 0 => {
                let kind = if leaf_level == 3 { 3 } else { 1 };
                ram.set(slot, pa | attributes | kind);
                true
            }
            _ => false,
        }
    }

    /// Removes the leaf of `leaf_level` at `va`.
    pub fn unmap(&mut self, ram: &mut Ram, va: u64, leaf_level: u8) {
        if let Slot::At(slot) = self.slot(ram, va, leaf_level, false) {
            ram.set(slot, 0);
        }
    }
}
