//! The tables of a program: trees that grow when a descriptor below them is first needed, in every format.

use super::layout::{ALIAS, ARENA, DATA, DATA_BYTES, MAX_TREES, TABLES};
use super::program::{Environment, Spot, Tree};
use crate::memory::Memory;

const VALID: u64 = 1;
const TABLE: u64 = 2;
const ADDRESS: u64 = 0xffff_ffff_f000;
const TABLES_END: u64 = TABLES + ARENA * MAX_TREES as u64;
/// Short descriptors: of a group of sixteen, and bytes of the group.
const SUPERSECTION: u32 = 1 << 18;
const GROUP: u64 = 64;
/// Bytes of a level-2 table of short descriptors.
const SHORT_TABLE: u64 = 1 << 10;

/// The trees in memory.
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
        let trees = if environment.trees.is_empty() { vec![Tree::usual(12, 16)] } else { environment.trees.clone() };
        let root = |n: usize, tree: &Tree| TABLES + ARENA * (n % MAX_TREES) as u64 + tree.root_bytes();
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

    /// Address of a tree's first table in memory.
    fn start(&self, tree: u8) -> u64 {
        TABLES + ARENA * (self.number(tree) % MAX_TREES) as u64
    }

    /// The same as registers name it.
    pub fn root(&self, tree: u8) -> u64 {
        self.named(tree, self.start(tree))
    }

    /// A table's address as this tree's descriptors name it.
    pub fn named(&self, tree: u8, table: u64) -> u64 {
        let tables = (TABLES..TABLES_END).contains(&table);
        table + if tables && self.tree(tree).alias { ALIAS - TABLES } else { 0 }
    }

    /// A new, empty table; none if the tree's memory is used up.
    pub fn grow(&mut self, tree: u8) -> Option<u64> {
        let n = self.number(tree);
        let size = if self.trees[n].is_short() { SHORT_TABLE } else { 1 << self.trees[n].granule_bits() };
        let table = self.next[n];
        if table + size > TABLES + ARENA * (n % MAX_TREES + 1) as u64 {
            return None;
        }
        self.next[n] += size;
        Some(table)
    }

    /// The table that a descriptor of this tree points to, if it is a table in memory.
    fn below(&self, tree: u8, descriptor: u64) -> Option<u64> {
        let geometry = self.tree(tree);
        let (is_table, address) = if geometry.is_short() {
            (descriptor & 3 == 1, descriptor & 0xffff_fc00)
        } else {
            (descriptor & 3 == VALID | TABLE, descriptor & ADDRESS & !((1 << geometry.granule_bits()) - 1))
        };
        let alias = ALIAS..ALIAS + (TABLES_END - TABLES);
        let table = if geometry.alias && alias.contains(&address) { address - (ALIAS - TABLES) } else { address };
        (is_table && (TABLES..TABLES_END).contains(&table)).then_some(table)
    }

    /// A descriptor of this tree, whatever its width and byte order.
    pub fn read(&self, memory: &Memory, tree: u8, slot: u64) -> Option<u64> {
        let geometry = self.tree(tree);
        let word = memory.read_u64(slot & !7).ok()?;
        if geometry.is_short() {
            let half = if slot & 4 == 0 { word } else { word >> 32 } as u32;
            return Some(if geometry.big { half.swap_bytes() } else { half }.into());
        }
        Some(if geometry.big { word.swap_bytes() } else { word })
    }

    fn store(&self, memory: &mut Memory, tree: u8, slot: u64, value: u64) -> Option<()> {
        let geometry = self.tree(tree);
        if geometry.is_short() {
            let half = if geometry.big { (value as u32).swap_bytes() } else { value as u32 };
            return memory.write(slot, &half.to_le_bytes()).ok();
        }
        memory.write_u64(slot, if geometry.big { value.swap_bytes() } else { value }).ok()
    }

    /// Writes a descriptor. A slot that another tree's odd descriptor led to may be anywhere: where nothing is, nothing is written.
    ///
    /// The sixteen descriptors of a large page or a supersection are always written together: hardware may answer for all of the leaf from any of
    /// them, so sixteen that differ would mean nothing.
    pub fn write(&self, memory: &mut Memory, tree: u8, slot: u64, value: u64, level: u8) -> Option<()> {
        if !self.tree(tree).is_short() {
            return self.store(memory, tree, slot, value);
        }
        let first = level < 3 && level > 0;
        let grouped = |word: u64| if first { word & 2 != 0 && word as u32 & SUPERSECTION != 0 } else { word & 3 == 1 };
        let mut places = vec![slot];
        // The upper region has the table's last entries, the lower one its first.
        let start = self.start(tree);
        if first && (start..start + (1 << 14)).contains(&slot) {
            let entries = 1u64 << (self.tree(tree).input_bits() - 20);
            let twin = start + (slot - start) % (4 * entries) + 4 * (4096 - entries);
            if twin != slot {
                places.push(twin);
            }
        }
        for slot in places {
            let group = slot & !(GROUP - 1);
            let all = || (group..group + GROUP).step_by(4);
            let was = all().any(|slot| self.read(memory, tree, slot).is_some_and(grouped));
            if was || grouped(value) {
                for other in all().filter(|other| *other != slot) {
                    self.store(memory, tree, other, if grouped(value) { value } else { 0 })?;
                }
            }
            self.store(memory, tree, slot, value)?;
        }
        Some(())
    }

    /// Address of the descriptor of a spot at `level` (the first level, if the tree starts below it). Whatever is no table on the way
    /// gives way to one. None if there is no memory left for it.
    pub fn slot(&mut self, memory: &mut Memory, at: Spot, level: u8) -> Option<u64> {
        let va = self.tree(at.tree).spot(at.spot);
        self.slot_of(memory, at.tree, va, level)
    }

    /// The same of an address. Of short descriptors, levels 1 and 2 are those of sections and tables, the others those of pages.
    pub fn slot_of(&mut self, memory: &mut Memory, number: u8, va: u64, level: u8) -> Option<u64> {
        let tree = self.tree(number);
        let va = va & ((1 << tree.input_bits()) - 1);
        let start = self.start(number);
        if tree.is_short() {
            let first = start + 4 * (va >> 20);
            if level == 1 || level == 2 {
                return Some(first);
            }
            let table = self.next_table(memory, number, first, 2)?;
            return Some(table + 4 * (va >> 12 & 0xff));
        }
        let level = u32::from(level).clamp(tree.start_level(), 3);
        let mut table = start;
        for here in tree.start_level()..=level {
            let index = if here == tree.start_level() {
                va >> tree.entry_bits(here)
            } else {
                va >> tree.entry_bits(here) & ((1 << tree.level_bits()) - 1)
            };
            let slot = table + 8 * index;
            if here == level {
                return Some(slot);
            }
            table = self.next_table(memory, number, slot, here as u8)?;
        }
        None
    }

    /// The table that a slot leads to, made if there is none.
    fn next_table(&mut self, memory: &mut Memory, tree: u8, slot: u64, level: u8) -> Option<u64> {
        let descriptor = self.read(memory, tree, slot)?;
        if let Some(table) = self.below(tree, descriptor) {
            return Some(table);
        }
        let new = self.grow(tree)?;
        let kind = if self.tree(tree).is_short() { VALID } else { VALID | TABLE };
        self.write(memory, tree, slot, self.named(tree, new) | kind, level)?;
        Some(new)
    }
}

#[cfg(test)]
mod tests {
    use super::super::program::Form;
    use super::*;

    fn forest(tree: Tree) -> (Forest, Memory) {
        let environment = Environment { trees: vec![tree], ..Environment::calm() };
        let mut memory = Memory::new();
        (Forest::plant(&environment, &mut memory), memory)
    }

    #[test]
    fn a_slot_is_where_the_indices_say() {
        let (mut forest, mut memory) = forest(Tree::usual(14, 28));
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
        let (mut forest, mut memory) = forest(Tree::usual(16, 22));
        let made = std::iter::from_fn(|| forest.grow(0)).count() as u64;
        assert_eq!(made, ARENA / 0x1_0000 - 1);
        assert_eq!(forest.slot(&mut memory, Spot { tree: 0, spot: 0 }, 3), None);
    }

    #[test]
    fn tables_are_named_by_their_second_address_if_they_have_one() {
        let (mut forest, mut memory) = forest(Tree { alias: true, big: true, ..Tree::usual(12, 16) });
        assert_eq!(forest.root(0), ALIAS);
        let slot = forest.slot(&mut memory, Spot { tree: 0, spot: 0 }, 3).expect("room");
        assert!((TABLES..TABLES_END).contains(&slot));
        let first = memory.read_u64(TABLES + 8 * (1 << 8)).expect("room").swap_bytes();
        assert_eq!(first, (ALIAS + 0x1000) | VALID | TABLE, "big-endian");
    }

    #[test]
    fn short_descriptors_of_one_leaf_are_written_together() {
        let (mut forest, mut memory) = forest(Tree { form: Form::Short, ..Tree::usual(12, 34) });
        let at = Spot { tree: 0, spot: 0 };
        // 30 bits, N = 2: 1024 entries, the middle one; TTBR1 sees the same at the end of its table.
        let slot = forest.slot(&mut memory, at, 2).expect("room");
        assert_eq!(slot, TABLES + 4 * 512);
        let section = u64::from(SUPERSECTION) | 2;
        forest.write(&mut memory, 0, slot + 4, section, 1).expect("room");
        let both = section << 32 | section;
        assert!((0..8).all(|n| memory.read_u64(TABLES + 4 * 512 + 8 * n) == Ok(both)));
        assert_eq!(memory.read_u64(TABLES + 4 * (3072 + 512)), Ok(both));
        let page = forest.slot(&mut memory, at, 3).expect("room");
        let table = forest.read(&memory, 0, slot).expect("room");
        assert_eq!((table & 3, page), (1, table & 0xffff_fc00));
        assert_eq!(forest.read(&memory, 0, slot + 4), Some(0), "the others are gone");
    }
}
