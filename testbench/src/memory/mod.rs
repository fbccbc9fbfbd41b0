//! What is behind the ports: a sparse memory with holes, error injection and a log of changes, and the AXI slaves that serve it.
//!
//! Memory exists in declared regions only, whole 4 KiB pages; every other address is a hole and answers DECERR on the bus. Bytes
//! that nobody wrote read as zero. Drivers and devices use [`Memory::read`] and [`Memory::write`], which take no simulated time
//! and do not see injected errors; bus accesses go through [`slave`].
//!
//! Pages that a table walk has read are *watched*: every change of theirs is logged word by word, so that whoever depends on
//! them (the scoreboard) can look again. Pages that nobody watches cost nothing.

pub mod latency;
pub mod slave;

use crate::axi::burst::{DECERR, OKAY, SLVERR};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

/// Bytes of a page.
pub const PAGE: u64 = 4096;
/// Addresses at and above this do not exist on the bus (48 bits).
pub const ADDRESS_END: u64 = 1 << 48;

/// What can be wrong with a driver's access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// No region holds this byte address.
    #[error("no memory at {0:#x}; declare a region first")]
    Hole(u64),
}

/// A 64-bit word of a watched page that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Byte address, a multiple of 8.
    pub addr: u64,
    /// Value before.
    pub old: u64,
    /// Value now.
    pub new: u64,
}

/// Spreads page numbers: they are dense in their low bits, so one multiplication is enough.
#[derive(Clone, Copy, Debug, Default)]
pub struct PageHasher(u64);

impl Hasher for PageHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0 ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }
}

/// A map whose keys are page numbers or addresses.
pub type PageMap<V> = HashMap<u64, V, BuildHasherDefault<PageHasher>>;

struct Page {
    bytes: [u8; PAGE as usize],
    watched: bool,
}

impl Page {
    fn blank() -> Box<Page> {
        Box::new(Page { bytes: [0; PAGE as usize], watched: false })
    }

    fn word(&self, at: usize) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.bytes[at..at + 8]);
        u64::from_le_bytes(bytes)
    }
}

/// Addresses that answer SLVERR on the bus.
#[derive(Clone, Debug)]
struct Bad {
    range: Range<u64>,
    reads: bool,
    writes: bool,
}

/// The memory. See the module's header.
#[derive(Default)]
pub struct Memory {
    pages: PageMap<Box<Page>>,
    regions: Vec<Range<u64>>,
    bad: Vec<Bad>,
    changes: Vec<Change>,
    /// All changes, if somebody wants them.
    journal: Option<Vec<Change>>,
    watched_holes: PageMap<()>,
    generation: u64,
}

impl Memory {
    /// A memory that is one hole.
    pub fn new() -> Self {
        Self::default()
    }

    /// Declares memory of `bytes` bytes from `start`, rounded out to whole 4 KiB pages. Regions may overlap.
    pub fn add_region(&mut self, start: u64, bytes: u64) {
        let first = start & !(PAGE - 1);
        let end = start.saturating_add(bytes).saturating_add(PAGE - 1) & !(PAGE - 1);
        self.regions.push(first..end.min(ADDRESS_END));
        self.generation += 1;
    }

    /// Lets bus reads and/or writes that touch `range` (byte addresses) answer SLVERR. Drivers' accesses are not affected.
    ///
    /// To whoever follows the tables, a descriptor that cannot be read any more is one that changed: caches may hold it.
    pub fn inject_errors(&mut self, range: Range<u64>, reads: bool, writes: bool) {
        if reads {
            let words = (range.start & !7..range.end).step_by(8);
            let lost = words.filter_map(|addr| {
                let page = self.pages.get(&(addr / PAGE)).filter(|page| page.watched)?;
                let old = page.word((addr % PAGE) as usize);
                (old != 0 && self.bus_error(addr, 8, false) == OKAY).then_some(Change { addr, old, new: 0 })
            });
            let lost: Vec<Change> = lost.collect();
            self.changes.extend(lost);
        }
        self.bad.push(Bad { range, reads, writes });
        self.generation += 1;
    }

    /// Takes all injected errors away.
    pub fn clear_errors(&mut self) {
        self.bad.clear();
        self.generation += 1;
    }

    /// Whether `addr` is in a declared region.
    pub fn exists(&self, addr: u64) -> bool {
        self.regions.iter().any(|region| region.contains(&addr))
    }

    /// Counts changes of regions and injected errors, which the log of changes does not show.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Reads bytes; may cross pages.
    pub fn read(&self, addr: u64, into: &mut [u8]) -> Result<(), MemoryError> {
        for (at, offset, len) in pieces(addr, into.len()) {
            let bytes = &mut into[offset..offset + len];
            match self.pages.get(&(at / PAGE)) {
                Some(page) => bytes.copy_from_slice(&page.bytes[(at % PAGE) as usize..][..len]),
                None if self.exists(at) => bytes.fill(0),
                None => return Err(MemoryError::Hole(at)),
            }
        }
        Ok(())
    }

    /// Writes bytes; may cross pages. Nothing is written when any byte is in a hole.
    pub fn write(&mut self, addr: u64, from: &[u8]) -> Result<(), MemoryError> {
        for (at, _, _) in pieces(addr, from.len()) {
            self.page(at).ok_or(MemoryError::Hole(at))?;
        }
        for (at, offset, len) in pieces(addr, from.len()) {
            self.write_in_page(at, &from[offset..offset + len]);
        }
        Ok(())
    }

    /// Reads a little-endian 32-bit value.
    pub fn read_u32(&self, addr: u64) -> Result<u32, MemoryError> {
        let mut bytes = [0; 4];
        self.read(addr, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// Reads a little-endian 64-bit value.
    pub fn read_u64(&self, addr: u64) -> Result<u64, MemoryError> {
        let mut bytes = [0; 8];
        self.read(addr, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Writes a little-endian 32-bit value.
    pub fn write_u32(&mut self, addr: u64, value: u32) -> Result<(), MemoryError> {
        self.write(addr, &value.to_le_bytes())
    }

    /// Writes a little-endian 64-bit value.
    pub fn write_u64(&mut self, addr: u64, value: u64) -> Result<(), MemoryError> {
        self.write(addr, &value.to_le_bytes())
    }

    /// Sets `bytes` bytes to zero.
    pub fn clear(&mut self, addr: u64, bytes: usize) -> Result<(), MemoryError> {
        self.write(addr, &vec![0; bytes])
    }

    /// The aligned 64-bit word at `addr` as a table walk on the bus reads it; `None` where the bus would answer an error. From now on
    /// its page is watched.
    pub fn table_word(&mut self, addr: u64) -> Option<u64> {
        let addr = addr & !7;
        let resp = self.bus_error(addr, 8, false);
        match self.page(addr) {
            Some(page) => {
                page.watched = true;
                (resp == OKAY).then(|| page.word((addr % PAGE) as usize))
            }
            None => {
                self.watched_holes.insert(addr / PAGE, ());
                None
            }
        }
    }

    /// Whether a table walk has read the page of `addr`, be it memory or a hole.
    pub fn watched(&self, addr: u64) -> bool {
        let page = addr / PAGE;
        self.pages.get(&page).is_some_and(|page| page.watched) || self.watched_holes.contains_key(&page)
    }

    /// Hands over the changes of watched pages since the last call, oldest first. `into` is emptied first.
    pub fn take_changes(&mut self, into: &mut Vec<Change>) {
        into.clear();
        std::mem::swap(into, &mut self.changes);
    }

    /// Whether watched pages changed since the last [`Memory::take_changes`].
    pub fn changed(&self) -> bool {
        !self.changes.is_empty()
    }

    /// Logs the changes of all words from now on, watched or not, for [`Memory::take_journal`].
    pub fn keep_journal(&mut self) {
        self.journal.get_or_insert_default();
    }

    /// Hands over all changes since the last call, oldest first. `into` is emptied first.
    pub fn take_journal(&mut self, into: &mut Vec<Change>) {
        into.clear();
        if let Some(journal) = &mut self.journal {
            std::mem::swap(into, journal);
        }
    }

    /// A read on the bus, inside one page; the response, and `into` filled (with zeros on an error).
    pub(crate) fn bus_read(&mut self, addr: u64, into: &mut [u8]) -> u8 {
        let resp = self.bus_error(addr, into.len() as u64, false);
        if resp == OKAY && self.read(addr, into).is_ok() {
            return OKAY;
        }
        into.fill(0);
        resp
    }

    /// A write of one beat on the bus: byte lane 0 of `data` is at `addr`, bytes without strobe stay as they are.
    pub(crate) fn bus_write(&mut self, addr: u64, data: u128, strb: u16) -> u8 {
        if strb == 0 {
            return OKAY;
        }
        let first = strb.trailing_zeros() as u64;
        let len = 16 - u64::from(strb.leading_zeros()) - first;
        let resp = self.bus_error(addr + first, len, true);
        if resp != OKAY {
            return resp;
        }
        let bytes = data.to_le_bytes();
        let mut lane = 0;
        // Runs of strobes: a beat is one run unless its master leaves holes.
        while lane < 16 {
            if strb >> lane & 1 == 0 {
                lane += 1;
                continue;
            }
            let run = (strb >> lane).trailing_ones() as usize;
            if self.page(addr + lane as u64).is_some() {
                self.write_in_page(addr + lane as u64, &bytes[lane..lane + run]);
            }
            lane += run;
        }
        OKAY
    }

    /// Response that the bus gives to an access of `len` bytes inside one page.
    pub(crate) fn bus_error(&self, addr: u64, len: u64, write: bool) -> u8 {
        let known = self.pages.contains_key(&(addr / PAGE)) || self.exists(addr);
        if !known {
            return DECERR;
        }
        let hit =
            |bad: &Bad| (if write { bad.writes } else { bad.reads }) && bad.range.start < addr + len && addr < bad.range.end;
        if self.bad.iter().any(hit) {
            SLVERR
        } else {
            OKAY
        }
    }

    fn page(&mut self, addr: u64) -> Option<&mut Page> {
        let number = addr / PAGE;
        if !self.pages.contains_key(&number) {
            if !self.exists(addr) {
                return None;
            }
            self.pages.insert(number, Page::blank());
        }
        self.pages.get_mut(&number).map(|page| &mut **page)
    }

    /// Writes bytes into a page that exists.
    fn write_in_page(&mut self, addr: u64, from: &[u8]) {
        let Some(page) = self.pages.get_mut(&(addr / PAGE)) else { return };
        let start = (addr % PAGE) as usize;
        if !page.watched && self.journal.is_none() {
            page.bytes[start..start + from.len()].copy_from_slice(from);
            return;
        }
        let mut at = start;
        while at < start + from.len() {
            let word_start = at & !7;
            let end = (word_start + 8).min(start + from.len());
            let old = page.word(word_start);
            page.bytes[at..end].copy_from_slice(&from[at - start..end - start]);
            let new = page.word(word_start);
            if old != new {
                let change = Change { addr: (addr & !(PAGE - 1)) + word_start as u64, old, new };
                if page.watched {
                    self.changes.push(change);
                }
                if let Some(journal) = &mut self.journal {
                    journal.push(change);
                }
            }
            at = end;
        }
    }
}

/// Cuts an access into pieces inside one page: address, offset in the access, length.
fn pieces(addr: u64, len: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let mut offset = 0;
    std::iter::from_fn(move || {
        if offset >= len {
            return None;
        }
        let at = addr.wrapping_add(offset as u64);
        let size = ((PAGE - at % PAGE) as usize).min(len - offset);
        let piece = (at, offset, size);
        offset += size;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Memory {
        let mut memory = Memory::new();
        memory.add_region(0x1_0000, 0x3000);
        memory
    }

    #[test]
    fn bytes_are_kept_over_page_borders_and_unwritten_ones_are_zero() {
        let mut memory = memory();
        let bytes: Vec<u8> = (0..100).collect();
        memory.write(0x1_0fd0, &bytes).expect("in the region");
        let mut back = [0xff; 102];
        memory.read(0x1_0fcf, &mut back).expect("in the region");
        assert_eq!((back[0], &back[1..101], back[101]), (0, &bytes[..], 0));
        assert_eq!(memory.read_u32(0x1_0fd4).expect("in the region"), 0x0706_0504);
    }

    #[test]
    fn a_hole_is_refused_and_nothing_is_written() {
        let mut memory = memory();
        assert_eq!(memory.write(0x1_2ffc, &[1; 8]), Err(MemoryError::Hole(0x1_3000)));
        assert_eq!(memory.read_u32(0x1_2ffc), Ok(0));
        assert_eq!(memory.read_u64(0xfff8), Err(MemoryError::Hole(0xfff8)));
        assert_eq!(memory.bus_read(0x9_0000, &mut [0; 8]), DECERR);
        assert_eq!(memory.bus_write(0x9_0000, 1, 0xff), DECERR);
        assert!(!memory.watched(0x9_0000));
        assert_eq!(memory.table_word(0x9_0000), None);
        assert!(memory.watched(0x9_0ff8) && !memory.watched(0x9_1000));
    }

    #[test]
    fn injected_errors_hit_the_bus_only_and_only_their_bytes() {
        let mut memory = memory();
        memory.inject_errors(0x1_0100..0x1_0108, true, false);
        let mut bytes = [0xff; 8];
        assert_eq!(memory.bus_read(0x1_00f8, &mut bytes), OKAY);
        assert_eq!(memory.bus_read(0x1_0100, &mut bytes), SLVERR);
        assert_eq!(bytes, [0; 8]);
        assert_eq!(memory.bus_write(0x1_0100, 7, 0xff), OKAY);
        assert_eq!(memory.read_u64(0x1_0100), Ok(7));
        assert_eq!(memory.table_word(0x1_0100), None);
        memory.clear_errors();
        assert_eq!(memory.table_word(0x1_0100), Some(7));
    }

    #[test]
    fn strobes_choose_the_bytes() {
        let mut memory = memory();
        memory.write(0x1_0000, &[0xee; 16]).expect("in the region");
        memory.bus_write(0x1_0000, u128::from_le_bytes(std::array::from_fn(|n| n as u8)), 0b1000_0000_0110_0001);
        let mut back = [0; 16];
        memory.read(0x1_0000, &mut back).expect("in the region");
        let mut expected = [0xee; 16];
        for lane in [0, 5, 6, 15] {
            expected[lane] = lane as u8;
        }
        assert_eq!(back, expected);
    }

    #[test]
    fn watched_pages_log_changed_words_and_others_log_nothing() {
        let mut memory = memory();
        let mut log = Vec::new();
        memory.write_u64(0x1_0008, 5).expect("in the region");
        assert!(!memory.changed());
        assert_eq!(memory.table_word(0x1_0008), Some(5));
        memory.write(0x1_000c, &[1, 0, 0, 0, 9]).expect("in the region");
        memory.write_u64(0x1_0010, 9).expect("in the region");
        memory.write_u64(0x1_1000, 9).expect("in the region");
        memory.take_changes(&mut log);
        let first = Change { addr: 0x1_0008, old: 5, new: 0x1_0000_0005 };
        assert_eq!(log, [first, Change { addr: 0x1_0010, old: 0, new: 9 }]);
        memory.take_changes(&mut log);
        assert!(log.is_empty());
    }
}
