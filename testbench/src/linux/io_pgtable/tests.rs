//! The tables are read back by a small walker written from the format, not from the code under test.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
struct Ram {
    words: BTreeMap<u64, u64>,
    live: BTreeSet<u64>,
    next: u64,
}

impl TableStore for Ram {
    fn read64(&mut self, pa: u64) -> Result<u64> {
        Ok(self.words.get(&pa).copied().unwrap_or(0))
    }
    fn write64(&mut self, pa: u64, value: u64) -> Result<()> {
        self.words.insert(pa, value);
        Ok(())
    }
    fn alloc_table(&mut self) -> Result<u64> {
        self.next += 0x1000;
        let pa = 0x8000_0000 + self.next;
        self.live.insert(pa);
        Ok(pa)
    }
    fn free_table(&mut self, pa: u64) {
        assert!(self.live.remove(&pa), "{pa:#x} freed twice");
    }
}

/// Follows the format by bit positions: `(output address, leaf word, level)`.
fn walk(ram: &Ram, root: u64, t0sz: u32, va: u64) -> std::result::Result<(u64, u64, u32), u32> {
    let top = 64 - t0sz;
    let first = match top {
        40..=48 => 0,
        31..=39 => 1,
        _ => 2,
    };
    let mut base = root;
    for level in first..=3u32 {
        let low = [39, 30, 21, 12][level as usize];
        let high = if level == first { top } else { low + 9 };
        let index = (va % (1 << high)) >> low;
        let word = ram.words.get(&(base + index * 8)).copied().unwrap_or(0);
        match (word % 4, level) {
            (3, 0..=2) => base = ((word >> 12) % (1 << 36)) << 12,
            (3, 3) | (1, 1..=2) => {
                let page = ((word >> low) % (1 << (48 - low))) << low;
                return Ok((page + va % (1 << low), word, level));
            }
            _ => return Err(level),
        }
    }
    unreachable!("level 3 always ends a walk")
}

const RW: Prot = Prot { read: true, write: true, cache: true, noexec: false, privileged: false };

fn t0sz(table: &PageTable) -> u32 {
    table.tcr() & 0x3f
}

#[test]
fn golden_registers() {
    let mut ram = Ram::default();
    for (ias, oas, coherent, tcr, pasize) in [
        (48, 48, true, 0x0080_3510, 5),
        (48, 48, false, 0x0080_2010, 5),
        (36, 36, true, 0x0080_351c, 1),
        (39, 40, true, 0x0080_3519, 2),
    ] {
        let table = PageTable::new(&mut ram, ias, oas, coherent).unwrap();
        assert_eq!((table.tcr(), table.pasize()), (tcr, pasize), "{ias} bits");
        assert_eq!(table.root() % 64, 0);
    }
    assert!(PageTable::new(&mut ram, 49, 48, true).is_err());
}

#[test]
fn an_empty_table_fails_at_its_start_level() {
    let mut ram = Ram::default();
    for (ias, level) in [(48, 0), (39, 1), (36, 1), (30, 2)] {
        let table = PageTable::new(&mut ram, ias, 40, true).unwrap();
        assert_eq!(walk(&ram, table.root(), t0sz(&table), 0x1032_db3e0 % (1 << ias)), Err(level), "{ias} bits");
    }
}

#[test]
fn a_page_carries_its_permissions_and_attributes() {
    let mut ram = Ram::default();
    let mut table = PageTable::new(&mut ram, 48, 48, false).unwrap();
    let ro = Prot { read: true, ..Prot::default() };
    table.map(&mut ram, 0xf_fffd_f000, 0x1_032d_b000, 0x1000, ro).unwrap();
    table.map(&mut ram, 0xf_fffd_e000, 0x1_032d_d000, 0x1000, Prot { noexec: true, ..RW }).unwrap();
    let (pa, word, level) = walk(&ram, table.root(), 16, 0xf_fffd_f3e0).unwrap();
    assert_eq!((pa, level), (0x1_032d_b3e0, 3));
    // Page, non-cacheable (index 0), user, read-only, outer shareable, accessed, not global.
    assert_eq!(word, 0x1_032d_b000 | 0b1110_1100_0011);
    let (_, word, _) = walk(&ram, table.root(), 16, 0xf_fffd_e000).unwrap();
    // Page, write-back (index 1), user, writable, inner shareable, accessed, not global, no execution.
    assert_eq!(word, 0x0060_0001_032d_d000 | 0b1111_0100_0111);
    assert_eq!(table.iova_to_phys(&mut ram, 0xf_fffd_f3e0).unwrap(), Some(0x1_032d_b3e0));
    assert_eq!(table.iova_to_phys(&mut ram, 0xf_fffd_d000).unwrap(), None);
}

#[test]
fn ranges_use_the_largest_pages_that_fit() {
    let mut ram = Ram::default();
    let mut table = PageTable::new(&mut ram, 39, 40, true).unwrap();
    let base = 0x40_0000_0000 - 0x20_1000;
    table.map(&mut ram, base, 0x9000_0000 - 0x1000, 0x20_1000, RW).unwrap();
    assert_eq!(walk(&ram, table.root(), 25, base).unwrap().2, 3);
    assert_eq!(walk(&ram, table.root(), 25, base + 0x1000).unwrap(), (0x9000_0000, 0x9000_0000 | 0b1111_0100_0101, 2));
    table.map(&mut ram, 0x8000_0000, 0xc000_0000, 0x4000_0000, RW).unwrap();
    assert_eq!(walk(&ram, table.root(), 25, 0x8123_4567).map(|w| (w.0, w.2)), Ok((0xc123_4567, 1)));
}

#[test]
fn mistakes_are_refused() {
    let mut ram = Ram::default();
    let mut table = PageTable::new(&mut ram, 36, 36, true).unwrap();
    table.map(&mut ram, 0x1000, 0x1000, 0x1000, RW).unwrap();
    assert!(matches!(table.map(&mut ram, 0x1000, 0x2000, 0x1000, RW), Err(LinuxError::AlreadyMapped { iova: 0x1000 })));
    assert!(matches!(table.map(&mut ram, 0x10_0000_0000, 0, 0x1000, RW), Err(LinuxError::BadRange { .. })));
    assert!(matches!(table.map(&mut ram, 0x3000, 0x10_0000_0000, 0x1000, RW), Err(LinuxError::BadMapping { .. })));
    assert!(matches!(table.map(&mut ram, 0x3000, 0x1000, 0x1000, Prot::default()), Err(LinuxError::BadMapping { .. })));
    assert!(matches!(table.unmap(&mut ram, 0x5000, 0x1000), Err(LinuxError::NotMapped { iova: 0x5000 })));
}

#[test]
fn unmapping_pages_gives_one_leaf_invalidation_a_page() {
    let mut ram = Ram::default();
    let mut table = PageTable::new(&mut ram, 48, 48, true).unwrap();
    table.map(&mut ram, 0x7000, 0x8_0000_7000, 0x3000, RW).unwrap();
    let gather = table.unmap(&mut ram, 0x7000, 0x3000).unwrap();
    assert_eq!(gather.flushes, [0x7000, 0x8000, 0x9000].map(|iova| Flush::Leaf { iova }));
    assert!(gather.tables.is_empty(), "a table stays while its whole range is not unmapped at once");
    assert_eq!(walk(&ram, table.root(), 16, 0x7000), Err(3));
}

#[test]
fn unmapping_a_whole_tables_range_frees_it() {
    let mut ram = Ram::default();
    let mut table = PageTable::new(&mut ram, 48, 48, true).unwrap();
    for page in 0..512 {
        table.map(&mut ram, 0x20_0000 + page * 0x1000, 0x9000_0000 + page * 0x2000, 0x1000, RW).unwrap();
    }
    let before = ram.live.len();
    let gather = table.unmap(&mut ram, 0x20_0000, 0x20_0000).unwrap();
    assert_eq!(gather.flushes, [Flush::Walk { iova: 0x20_0000, size: 0x20_0000 }]);
    assert_eq!(gather.tables.len(), 1);
    gather.tables.iter().for_each(|t| ram.free_table(*t));
    assert_eq!(ram.live.len(), before - 1);
    assert_eq!(walk(&ram, table.root(), 16, 0x20_0000), Err(2));
}

#[test]
fn a_hole_in_a_block_splits_it() {
    let mut ram = Ram::default();
    let mut table = PageTable::new(&mut ram, 36, 36, false).unwrap();
    table.map(&mut ram, 0x4000_0000, 0x8000_0000, 0x4000_0000, RW).unwrap();
    let gather = table.unmap(&mut ram, 0x4030_5000, 0x1000).unwrap();
    assert_eq!(gather.flushes, [Flush::Leaf { iova: 0x4030_5000 }]);
    for (va, want) in [
        (0x4030_5000, Err(3)),
        (0x4030_4ff8, Ok((0x8030_4ff8, 3))),
        (0x4030_6000, Ok((0x8030_6000, 3))),
        (0x4000_0000, Ok((0x8000_0000, 2))),
        (0x7fff_ffff, Ok((0xbfff_ffff, 2))),
    ] {
        assert_eq!(walk(&ram, table.root(), 28, va).map(|w| (w.0, w.2)), want, "{va:#x}");
    }
}

#[test]
fn destroying_frees_every_table() {
    let mut ram = Ram::default();
    let mut table = PageTable::new(&mut ram, 48, 48, true).unwrap();
    for n in 0..8u64 {
        table.map(&mut ram, n << 36, 0x8000_0000, 0x1000, RW).unwrap();
    }
    assert!(ram.live.len() > 8);
    table.destroy(&mut ram).unwrap();
    assert!(ram.live.is_empty());
}

/// Regression (`random_maps_and_unmaps`): pages that are unmapped one by one leave an empty table, and a block's range is mapped over it.
#[test]
fn a_block_over_an_empty_table() {
    let mut ram = Ram::default();
    let mut table = PageTable::new(&mut ram, 36, 36, false).unwrap();
    table.map(&mut ram, 0x4000_0000, 0x8000_0000, 0x1000, RW).unwrap();
    table.unmap(&mut ram, 0x4000_0000, 0x1000).unwrap();
    table.map(&mut ram, 0x4000_0000, 0x9000_0000, 0x20_0000, RW).unwrap();
    for (va, pa) in [(0x4000_0000, 0x9000_0000), (0x401f_f000, 0x901f_f000)] {
        assert_eq!(walk(&ram, table.root(), 28, va).map(|w| w.0), Ok(pa));
    }
}

/// Pages of the window that the random operations use: 4 MiB over a 2 MiB boundary.
const WINDOW: u64 = 1024;
const WINDOW_BASE: u64 = 0x4020_0000 - 512 * 0x1000;

proptest::proptest! {
    /// Any sequence of maps and unmaps leaves what a plain list of pages says, and every page that went is invalidated.
    #[test]
    fn random_maps_and_unmaps(ops in proptest::collection::vec((0..WINDOW, 1..WINDOW, proptest::bool::ANY), 1..24)) {
        let mut ram = Ram::default();
        let mut table = PageTable::new(&mut ram, 36, 36, true).unwrap();
        let mut pages: BTreeMap<u64, u64> = BTreeMap::new();
        for (first, count, map) in ops {
            let range = first..(first + count).min(WINDOW);
            let (iova, size) = (WINDOW_BASE + first * 0x1000, (range.end - range.start) * 0x1000);
            if map && !range.clone().any(|page| pages.contains_key(&page)) {
                // Physical addresses have the same offset in 2 MiB, so that blocks come up.
                table.map(&mut ram, iova, iova + 0x4000_0000, size, RW).unwrap();
                pages.extend(range.map(|page| (page, WINDOW_BASE + page * 0x1000 + 0x4000_0000)));
            } else if !map && range.clone().all(|page| pages.contains_key(&page)) {
                let level = |page: u64| walk(&ram, table.root(), 28, WINDOW_BASE + page * 0x1000).unwrap().2;
                let levels: Vec<_> = range.clone().map(level).collect();
                let gather = table.unmap(&mut ram, iova, size).unwrap();
                for (page, level) in range.zip(levels) {
                    let va = WINDOW_BASE + page * 0x1000;
                    let covered = gather.flushes.iter().any(|flush| match *flush {
                        // Any address in a block drops the block's entry.
                        Flush::Leaf { iova } => va == iova || (level == 2 && va / 0x20_0000 == iova / 0x20_0000),
                        Flush::Walk { iova, size } => (iova..iova + size).contains(&va),
                    });
                    proptest::prop_assert!(covered, "{va:#x} is not invalidated");
                    pages.remove(&page);
                }
                gather.tables.iter().for_each(|page| ram.free_table(*page));
            }
        }
        for page in 0..WINDOW {
            let va = WINDOW_BASE + page * 0x1000;
            proptest::prop_assert_eq!(walk(&ram, table.root(), 28, va).ok().map(|w| w.0), pages.get(&page).copied());
        }
    }
}
