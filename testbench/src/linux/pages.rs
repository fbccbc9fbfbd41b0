//! Physical pages, as the kernel's page allocator hands them to drivers on an otherwise quiet machine early in its boot.
//!
//! Single pages come from a per-CPU list: first the pages that were freed, newest first, then fresh ones in ascending order from
//! where the boot had got to. Buffers of several contiguous pages come from the machine's contiguous area. Both starting points
//! are inputs: they are part of what a machine *is* (its memory map and how far its boot had used memory), see
//! [`crate::scenario`].

use super::{LinuxError, Result};

/// Bytes in a page.
pub const PAGE: u64 = 4096;

/// Where memory is free when the first driver of the run starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreeMemory {
    /// First fresh single page.
    pub pages: u64,
    /// One past the last byte for single pages.
    pub pages_end: u64,
    /// First byte of the contiguous area.
    pub contiguous: u64,
    /// One past its last byte.
    pub contiguous_end: u64,
}

/// The allocator.
#[derive(Debug)]
pub struct PageAllocator {
    free: FreeMemory,
    list: Vec<u64>,
}

impl PageAllocator {
    /// All of `free` is free.
    pub fn new(free: FreeMemory) -> Self {
        PageAllocator { free, list: Vec::new() }
    }

    /// One page. Its contents are not cleared.
    pub fn alloc(&mut self) -> Result<u64> {
        if let Some(page) = self.list.pop() {
            return Ok(page);
        }
        let page = self.free.pages;
        if page + PAGE > self.free.pages_end {
            return Err(LinuxError::OutOfMemory { bytes: PAGE });
        }
        self.free.pages += PAGE;
        Ok(page)
    }

    /// Gives a single page back.
    pub fn free(&mut self, page: u64) {
        self.list.push(page);
    }

    /// Contiguous pages for a buffer that lives as long as the machine.
    pub fn alloc_contiguous(&mut self, bytes: u64) -> Result<u64> {
        let start = self.free.contiguous;
        let end = start + bytes.next_multiple_of(PAGE);
        if end > self.free.contiguous_end {
            return Err(LinuxError::OutOfMemory { bytes });
        }
        self.free.contiguous = end;
        Ok(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_pages_come_back_newest_first_then_fresh_ones() {
        let free =
            FreeMemory { pages: 0x8000_0000, pages_end: 0x8000_4000, contiguous: 0x9000_0000, contiguous_end: 0x9000_3000 };
        let mut pages = PageAllocator::new(free);
        assert_eq!((pages.alloc().unwrap(), pages.alloc().unwrap()), (0x8000_0000, 0x8000_1000));
        pages.free(0x8000_0000);
        pages.free(0x8000_1000);
        let got: Vec<_> = (0..4).map(|_| pages.alloc().unwrap()).collect();
        assert_eq!(got, [0x8000_1000, 0x8000_0000, 0x8000_2000, 0x8000_3000]);
        assert!(matches!(pages.alloc(), Err(LinuxError::OutOfMemory { .. })));
        assert_eq!(pages.alloc_contiguous(0x1001).unwrap(), 0x9000_0000);
        assert_eq!(pages.alloc_contiguous(0x1000).unwrap(), 0x9000_2000);
        assert!(pages.alloc_contiguous(1).is_err());
    }
}
