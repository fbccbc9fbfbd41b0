//! Arm LPAE 64-bit page tables, stage 1, as the kernel's `io-pgtable-arm` makes them in memory.
//!
//! A table has `ias` input bits, the 4 KiB granule and up to four levels; a range is mapped with the largest pages that its
//! alignment allows (4 KiB, 2 MiB, 1 GiB). The empty entry is the word 0. Unmapping says which TLB entries have to go, in the
//! order in which the driver must write the invalidations; tables that became unreachable are handed back with them, to be freed
//! only after the invalidation.

use super::{LinuxError, Result};

/// Physical memory as the CPU sees it, and pages for tables.
pub trait TableStore {
    /// Reads the little-endian 64-bit word at `pa`.
    fn read64(&mut self, pa: u64) -> Result<u64>;
    /// Writes it.
    fn write64(&mut self, pa: u64, value: u64) -> Result<()>;
    /// A zeroed page for a table.
    fn alloc_table(&mut self) -> Result<u64>;
    /// Gives such a page back.
    fn free_table(&mut self, pa: u64);
}

/// What a mapping allows and how it is cached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prot {
    /// The device may read. Stage 1 has no write-only: a writable page is readable too.
    pub read: bool,
    /// The device may write.
    pub write: bool,
    /// The device snoops the CPU's caches: write-back, inner shareable.
    pub cache: bool,
    /// Not executable.
    pub noexec: bool,
    /// Privileged accesses only.
    pub privileged: bool,
}

/// A TLB invalidation that follows from a change of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// One leaf: the entry of that page, walk caches may stay.
    Leaf {
        /// First address of the page or block.
        iova: u64,
    },
    /// A table below a range went away: leaves and walk-cache entries of the range.
    Walk {
        /// First address of the range.
        iova: u64,
        /// Bytes that the table covered.
        size: u64,
    },
}

/// What an unmapping leaves to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Gather {
    /// Invalidations, in order.
    pub flushes: Vec<Flush>,
    /// Tables to be freed after the invalidation.
    pub tables: Vec<u64>,
}

const SHIFT: u32 = 12;
const BITS: u32 = 9;
const ADDR_MASK: u64 = 0x0000_ffff_ffff_f000;
const TYPE_BLOCK: u64 = 1;
const TYPE_TABLE_OR_PAGE: u64 = 3;
const AP_UNPRIV: u64 = 1 << 6;
const AP_READ_ONLY: u64 = 1 << 7;
const SH_OUTER: u64 = 2 << 8;
const SH_INNER: u64 = 3 << 8;
const AF: u64 = 1 << 10;
const NOT_GLOBAL: u64 = 1 << 11;
const PXN_XN: u64 = 3 << 53;
/// Software bit: this table entry has been written back from the CPU's cache (only where walks do not snoop).
const SW_SYNC: u64 = 1 << 55;
/// `MAIR0` index of write-back memory; index 0 is non-cacheable.
const ATTR_WRITE_BACK: u64 = 1 << 2;
/// The page and block sizes of the 4 KiB granule, largest first.
pub const PAGE_SIZES: [u64; 3] = [1 << 30, 1 << 21, 1 << 12];

/// One stage-1 page table.
#[derive(Debug)]
pub struct PageTable {
    ias: u32,
    oas: u32,
    start_level: u32,
    coherent_walk: bool,
    root: u64,
}

impl PageTable {
    /// An empty table of `ias` input and `oas` output address bits. `coherent_walk`: the SMMU's table reads snoop.
    pub fn new(store: &mut dyn TableStore, ias: u32, oas: u32, coherent_walk: bool) -> Result<Self> {
        if !(25..=48).contains(&ias) || !(32..=48).contains(&oas) {
            return Err(LinuxError::Unsupported(format!("a page table of {ias} input and {oas} output bits")));
        }
        let levels = (ias - SHIFT).div_ceil(BITS);
        Ok(PageTable { ias, oas, start_level: 4 - levels, coherent_walk, root: store.alloc_table()? })
    }

    /// Physical address of the root table (TTBR0's base).
    pub fn root(&self) -> u64 {
        self.root
    }

    /// Input address bits.
    pub fn ias(&self) -> u32 {
        self.ias
    }

    /// `TCR` of a context bank that walks this table: 4 KiB granule, region 1 off, attributes by the walk's coherency.
    pub fn tcr(&self) -> u32 {
        const EPD1: u32 = 1 << 23;
        let (sh, orgn, irgn) = if self.coherent_walk { (3, 1, 1) } else { (2, 0, 0) };
        EPD1 | sh << 12 | orgn << 10 | irgn << 8 | (64 - self.ias)
    }

    /// Output address size code (`TCR2.PASize`).
    pub fn pasize(&self) -> u32 {
        match self.oas {
            ..=32 => 0,
            33..=36 => 1,
            37..=40 => 2,
            41..=42 => 3,
            43..=44 => 4,
            _ => 5,
        }
    }

    /// `MAIR0`: non-cacheable, write-back, device, inner non-cacheable with outer write-back.
    pub fn mair0(&self) -> u32 {
        0xf404_ff44
    }

    /// Maps `size` bytes at `iova` to `pa`. All three in whole 4 KiB pages.
    pub fn map(&mut self, store: &mut dyn TableStore, iova: u64, pa: u64, size: u64, prot: Prot) -> Result<()> {
        self.check_range(iova, size)?;
        if (iova | pa | size) & 0xfff != 0 || (pa + size - 1) >> self.oas != 0 || !(prot.read || prot.write) {
            return Err(LinuxError::BadMapping { iova, pa, size });
        }
        let mut done = 0;
        while done < size {
            let (va, to) = (iova + done, pa + done);
            let mut page = self.page_size(va | to, size - done);
            let mut level = level_of(page);
            let mut entry = self.entry_of(store, va, level)?;
            // A table that earlier unmaps left empty may stand where a block would fit. The kernel frees it and invalidates its walks; here its
            // pages are used instead, which needs no invalidation.
            while level < 3 && store.read64(entry)? & 3 == TYPE_TABLE_OR_PAGE {
                page >>= 9;
                level += 1;
                entry = self.entry_of(store, va, level)?;
            }
            if store.read64(entry)? != 0 {
                return Err(LinuxError::AlreadyMapped { iova: va });
            }
            store.write64(entry, self.leaf(level, to, prot))?;
            done += page;
        }
        Ok(())
    }

    /// Unmaps `size` bytes at `iova`. A block that is only partly in the range is split.
    pub fn unmap(&mut self, store: &mut dyn TableStore, iova: u64, size: u64) -> Result<Gather> {
        self.check_range(iova, size)?;
        let mut gather = Gather::default();
        let mut done = 0;
        while done < size {
            done += self.unmap_one(store, iova + done, size - done, &mut gather)?;
        }
        Ok(gather)
    }

    /// Software walk: where `iova` goes, if anywhere.
    pub fn iova_to_phys(&self, store: &mut dyn TableStore, iova: u64) -> Result<Option<u64>> {
        let mut table = self.root;
        for level in self.start_level..=3 {
            let word = store.read64(table + 8 * self.index(iova, level))?;
            match word & 3 {
                TYPE_TABLE_OR_PAGE if level < 3 => table = word & ADDR_MASK,
                TYPE_TABLE_OR_PAGE | TYPE_BLOCK => {
                    let offset = (1u64 << shift_of(level)) - 1;
                    return Ok(Some((word & ADDR_MASK & !offset) | (iova & offset)));
                }
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Frees every table, the root included.
    pub fn destroy(self, store: &mut dyn TableStore) -> Result<()> {
        self.free_below(store, self.root, self.start_level)
    }

    fn check_range(&self, iova: u64, size: u64) -> Result<()> {
        if size == 0 || iova & 0xfff != 0 || size & 0xfff != 0 || (iova + size - 1) >> self.ias != 0 {
            return Err(LinuxError::BadRange { iova, size });
        }
        Ok(())
    }

    /// The largest page size that alignment and the rest of the range allow. A block at the start level is legal from level 1.
    fn page_size(&self, address: u64, rest: u64) -> u64 {
        let fits = |page: &&u64| address & (**page - 1) == 0 && rest >= **page && level_of(**page) >= self.start_level;
        *PAGE_SIZES.iter().find(fits).unwrap_or(&4096)
    }

    fn index(&self, iova: u64, level: u32) -> u64 {
        let bits = if level == self.start_level { self.ias - shift_of(level) } else { BITS };
        (iova >> shift_of(level)) & ((1 << bits) - 1)
    }

    /// Address of the entry of `iova` at `level`; makes the tables on the way.
    fn entry_of(&mut self, store: &mut dyn TableStore, iova: u64, level: u32) -> Result<u64> {
        let mut table = self.root;
        for at in self.start_level..level {
            let entry = table + 8 * self.index(iova, at);
            let word = store.read64(entry)?;
            table = match word & 3 {
                TYPE_TABLE_OR_PAGE => word & ADDR_MASK,
                0 => {
                    let new = store.alloc_table()?;
                    store.write64(entry, self.table_entry(new))?;
                    new
                }
                _ => return Err(LinuxError::AlreadyMapped { iova }),
            };
        }
        Ok(table + 8 * self.index(iova, level))
    }

    fn table_entry(&self, table: u64) -> u64 {
        table | TYPE_TABLE_OR_PAGE | if self.coherent_walk { 0 } else { SW_SYNC }
    }

    fn leaf(&self, level: u32, pa: u64, prot: Prot) -> u64 {
        let mut word = pa | AF | NOT_GLOBAL | if level == 3 { TYPE_TABLE_OR_PAGE } else { TYPE_BLOCK };
        if !prot.write {
            word |= AP_READ_ONLY;
        }
        if !prot.privileged {
            word |= AP_UNPRIV;
        }
        word |= if prot.cache { SH_INNER | ATTR_WRITE_BACK } else { SH_OUTER };
        if prot.noexec {
            word |= PXN_XN;
        }
        word
    }

    /// Unmaps what the entry that covers `iova` holds of the range; returns the bytes done.
    fn unmap_one(&mut self, store: &mut dyn TableStore, iova: u64, rest: u64, gather: &mut Gather) -> Result<u64> {
        let mut table = self.root;
        for level in self.start_level..=3 {
            let entry = table + 8 * self.index(iova, level);
            let word = store.read64(entry)?;
            let covers = 1u64 << shift_of(level);
            let whole = iova & (covers - 1) == 0 && rest >= covers;
            match word & 3 {
                0 => return Err(LinuxError::NotMapped { iova }),
                TYPE_TABLE_OR_PAGE if level < 3 && whole && level > 0 => {
                    let lower = word & ADDR_MASK;
                    store.write64(entry, 0)?;
                    gather.flushes.push(Flush::Walk { iova, size: covers });
                    self.collect(store, lower, level + 1, &mut gather.tables)?;
                    return Ok(covers);
                }
                TYPE_TABLE_OR_PAGE if level < 3 => table = word & ADDR_MASK,
                _ if whole => {
                    store.write64(entry, 0)?;
                    gather.flushes.push(Flush::Leaf { iova });
                    return Ok(covers);
                }
                _ => {
                    // Part of a block: a table of the next size takes its place, and the loop goes on in it. The invalidation of
                    // the page that goes drops the block's TLB entry.
                    table = self.split(store, word, level)?;
                    store.write64(entry, self.table_entry(table))?;
                }
            }
        }
        Err(LinuxError::NotMapped { iova })
    }

    /// A table that maps what the block `word` at `level` maps.
    fn split(&mut self, store: &mut dyn TableStore, word: u64, level: u32) -> Result<u64> {
        let lower = store.alloc_table()?;
        let kind = if level + 1 == 3 { TYPE_TABLE_OR_PAGE } else { TYPE_BLOCK };
        for n in 0..1u64 << BITS {
            store.write64(lower + 8 * n, ((word & !3) + (n << shift_of(level + 1))) | kind)?;
        }
        Ok(lower)
    }

    /// Lists a table and all tables below it.
    fn collect(&self, store: &mut dyn TableStore, table: u64, level: u32, out: &mut Vec<u64>) -> Result<()> {
        if level < 3 {
            for n in 0..512 {
                let word = store.read64(table + 8 * n)?;
                if word & 3 == TYPE_TABLE_OR_PAGE {
                    self.collect(store, word & ADDR_MASK, level + 1, out)?;
                }
            }
        }
        out.push(table);
        Ok(())
    }

    fn free_below(&self, store: &mut dyn TableStore, table: u64, level: u32) -> Result<()> {
        let mut all = Vec::new();
        self.collect(store, table, level, &mut all)?;
        all.into_iter().for_each(|page| store.free_table(page));
        Ok(())
    }
}

/// Lowest input address bit that indexes this level's table.
fn shift_of(level: u32) -> u32 {
    SHIFT + BITS * (3 - level)
}

/// Level of the leaf of this page size.
fn level_of(page: u64) -> u32 {
    3 - (page.trailing_zeros() - SHIFT) / BITS
}

#[cfg(test)]
mod tests;
