//! IOVA allocator: I/O virtual addresses for the DMA API's IOMMU ops.
//!
//! Works as the kernel's does, because the addresses that a device sees decide what the TLB sees: top-down from a ceiling, every
//! size aligned to its own power of two, small sizes rounded up to a power of two, and a last-in-first-out cache of freed
//! ranges for each of the six smallest sizes, so that the next mapping of a size gets the range that was freed last.
//!
//! Units are pages of the granule (4 KiB), called page frame numbers (`pfn`) as in the kernel.

use std::collections::BTreeMap;

/// Sizes of 2^0 to 2^5 pages have a cache.
const CACHED_ORDERS: usize = 6;
/// Ranges in one magazine of the cache.
const MAGAZINE: usize = 127;
/// A CPU's two magazines and the shared depot's 32.
const CACHE_DEPTH: usize = MAGAZINE * (2 + 32);
/// Page shift of the allocation granule.
pub const IOVA_SHIFT: u32 = 12;

/// An allocator of one domain. One CPU allocates, so there is one cache a size.
#[derive(Debug)]
pub struct IovaAllocator {
    /// Lowest page frame that may be given out.
    start: u64,
    /// One above the highest page frame that may be given out.
    limit: u64,
    /// Allocated ranges, first page frame to last.
    ranges: BTreeMap<u64, u64>,
    /// First page frame of the range at which the next search starts; `None`: at the top.
    cached: Option<u64>,
    /// Freed ranges by order, newest last.
    cache: [Vec<u64>; CACHED_ORDERS],
}

impl IovaAllocator {
    /// Addresses from `base` to `last` (both bytes, inclusive; the partial pages at the ends are left out).
    pub fn new(base: u64, last: u64) -> Self {
        IovaAllocator {
            start: base.div_ceil(1 << IOVA_SHIFT).max(1),
            limit: (last >> IOVA_SHIFT) + u64::from(last & 0xfff == 0xfff),
            ranges: BTreeMap::new(),
            cached: None,
            cache: Default::default(),
        }
    }

    /// Pages that a request of `bytes` takes: sizes below 32 pages are rounded up to a power of two, so that their cache works.
    fn pages(bytes: u64) -> u64 {
        let pages = bytes.div_ceil(1 << IOVA_SHIFT).max(1);
        if pages < 1 << (CACHED_ORDERS - 1) {
            pages.next_power_of_two()
        } else {
            pages
        }
    }

    /// The cache of a size in pages, if it has one.
    fn order(pages: u64) -> Option<usize> {
        let order = pages.next_power_of_two().trailing_zeros() as usize;
        (order < CACHED_ORDERS).then_some(order)
    }

    /// First byte of a new range of at least `bytes`; `None` if the space is used up.
    pub fn alloc(&mut self, bytes: u64) -> Option<u64> {
        let pages = Self::pages(bytes);
        if let Some(pfn) = Self::order(pages).and_then(|order| self.cache[order].pop()) {
            return Some(pfn << IOVA_SHIFT);
        }
        self.alloc_range(pages).map(|pfn| pfn << IOVA_SHIFT)
    }

    /// Gives a range back. `iova` and `bytes` as they were allocated.
    pub fn free(&mut self, iova: u64, bytes: u64) {
        let (pfn, pages) = (iova >> IOVA_SHIFT, Self::pages(bytes));
        match Self::order(pages) {
            Some(order) if self.cache[order].len() < CACHE_DEPTH => self.cache[order].push(pfn),
            _ => self.free_range(pfn),
        }
    }

    /// Searches downwards from the last place, then once more from the top.
    fn alloc_range(&mut self, pages: u64) -> Option<u64> {
        let align = pages.next_power_of_two();
        let from_cached = match self.cached {
            Some(lo) => self.search(lo, pages, align, self.start),
            None => self.search(self.limit, pages, align, self.start),
        };
        let found = match (from_cached, self.cached) {
            (None, Some(lo)) => {
                let low = self.ranges.get(&lo).map_or(self.start, |hi| hi + 1);
                self.search(self.limit, pages, align, low)
            }
            (found, _) => found,
        }?;
        self.ranges.insert(found, found + pages - 1);
        self.cached = Some(found);
        Some(found)
    }

    /// The highest aligned free range of `pages` that ends below `high` and starts at `low` or above.
    fn search(&self, mut high: u64, pages: u64, align: u64, low: u64) -> Option<u64> {
        loop {
            let new = high.checked_sub(pages)? & !(align - 1);
            if new < low {
                return None;
            }
            match self.ranges.range(..high).next_back() {
                Some((&lo, &hi)) if new <= hi => high = lo,
                _ => return Some(new),
            }
        }
    }

    /// Forgets a range. A range freed above the search position moves that position up to its upper neighbour.
    fn free_range(&mut self, pfn: u64) {
        if self.ranges.remove(&pfn).is_some() && self.cached.is_some_and(|cached| pfn >= cached) {
            self.cached = self.ranges.range(pfn..).next().map(|(&lo, _)| lo);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The 36-bit ceiling of both SoCs' device-tree `dma-ranges`.
    fn soc() -> IovaAllocator {
        IovaAllocator::new(0x1000, 0xf_ffff_ffff)
    }

    #[test]
    fn the_host_controllers_lists_get_the_addresses_seen_on_silicon() {
        let mut iova = soc();
        assert_eq!(iova.alloc(24 * 4096), Some(0xf_fffe_0000));
        assert_eq!(iova.alloc(1024), Some(0xf_fffd_f000));
        assert_eq!(iova.alloc(640), Some(0xf_fffd_e000));
    }

    #[test]
    fn the_last_freed_range_of_a_size_comes_back_first() {
        let mut iova = soc();
        let a = iova.alloc(4096).unwrap();
        let b = iova.alloc(4096).unwrap();
        let big = iova.alloc(8 * 4096).unwrap();
        assert_eq!(b, a - 4096);
        iova.free(b, 4096);
        iova.free(a, 4096);
        iova.free(big, 8 * 4096);
        assert_eq!(iova.alloc(100), Some(a));
        assert_eq!(iova.alloc(100), Some(b));
        assert_eq!(iova.alloc(5 * 4096), Some(big), "5 pages are rounded up to 8 and share their cache");
    }

    #[test]
    fn large_ranges_are_aligned_to_their_power_of_two_and_not_cached() {
        let mut iova = soc();
        let a = iova.alloc(64 * 4096).unwrap();
        let b = iova.alloc(33 * 4096).unwrap();
        assert_eq!(a % (64 * 4096), 0);
        assert_eq!(b % (64 * 4096), 0);
        iova.free(a, 64 * 4096);
        assert_eq!(iova.alloc(64 * 4096), Some(a), "the hole above is found again");
        assert!(iova.cache.iter().all(Vec::is_empty));
    }

    #[test]
    fn a_full_space_says_so_and_recovers() {
        let mut iova = IovaAllocator::new(0x1000, 0x4fff);
        let got: Vec<_> = (0..4).map(|_| iova.alloc(4096).unwrap()).collect();
        assert_eq!(got, [0x4000, 0x3000, 0x2000, 0x1000]);
        assert_eq!(iova.alloc(4096), None);
        iova.free(0x3000, 4096);
        assert_eq!(iova.alloc(4096), Some(0x3000));
    }

    #[test]
    fn no_two_live_ranges_overlap() {
        let mut iova = IovaAllocator::new(0x1000, 0xfff_ffff);
        let mut live: Vec<(u64, u64)> = Vec::new();
        let mut state = 1u64;
        for _ in 0..2000 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let bytes = ((state >> 33) % 70 + 1) * 4096;
            if live.len() > 40 {
                let (lo, len) = live.swap_remove((state >> 50) as usize % live.len());
                iova.free(lo, len);
            }
            let lo = iova.alloc(bytes).unwrap();
            assert!(live.iter().all(|&(l, n)| lo + bytes <= l || l + n <= lo), "{lo:#x} overlaps");
            live.push((lo, bytes));
        }
    }
}
