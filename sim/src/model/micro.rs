//! The fast path: a direct-mapped array from (stream, 4 KiB page) to the downstream page and the kinds of access allowed there.
//!
//! A hit needs nothing else: no stream match, no registers, no search by tag. Whatever could change an answer (a register
//! write, a fault record, a maintenance command) starts a new generation, and entries of older ones count for nothing; they
//! come back one by one from [`super::tlb`]. So this array can never say what the full path would not say.

use super::access::Access;
use super::permission::AccessKind;

/// Log2 of the number of entries.
const INDEX_BITS: u32 = 9;

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// Stream above page: bits 51:37 and 36:0.
    key: u64,
    /// Generation of the fill; 0 is older than all.
    generation: u64,
    /// Downstream address of the page.
    page: u64,
    /// Allowed kinds, a bit each at [`AccessKind::index`].
    allowed: u8,
}

/// The array.
#[derive(Clone, Debug)]
pub struct MicroTlb {
    entries: Box<[Entry]>,
    generation: u64,
}

impl Default for MicroTlb {
    fn default() -> Self {
        MicroTlb { entries: vec![Entry::default(); 1 << INDEX_BITS].into(), generation: 1 }
    }
}

impl MicroTlb {
    /// The downstream address, if the page is there and allows the access. Not for illegal bursts.
    #[inline]
    pub fn lookup(&self, access: &Access) -> Option<u64> {
        let key = key(access);
        let entry = &self.entries[index(key)];
        let allowed = entry.allowed >> AccessKind::of(access).index() & 1 != 0;
        (entry.key == key && entry.generation == self.generation && allowed).then_some(entry.page | access.addr & 0xFFF)
    }

    /// Remembers where the page of `access` goes and which kinds of access may go there.
    pub fn fill(&mut self, access: &Access, pa: u64, allowed: u8) {
        let key = key(access);
        self.entries[index(key)] = Entry { key, generation: self.generation, page: pa & !0xFFF, allowed };
    }

    /// Forgets everything.
    pub fn forget(&mut self) {
        self.generation += 1;
    }
}

#[inline]
fn key(access: &Access) -> u64 {
    u64::from(access.stream_id) << 37 | access.addr >> 12
}

/// Neighbouring pages lie in neighbouring entries; streams are spread.
#[inline]
fn index(key: u64) -> usize {
    ((key ^ (key >> 37).wrapping_mul(0x9E37) ^ key >> 9) & ((1 << INDEX_BITS) - 1)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(stream_id: u32, addr: u64) -> Access {
        Access { stream_id, addr, ..Access::default() }
    }

    #[test]
    fn hit_needs_stream_page_kind_and_generation() {
        let mut micro = MicroTlb::default();
        assert_eq!(micro.lookup(&read(0, 0)), None, "an empty array has no entry for stream 0, page 0");
        micro.fill(&read(5, 0x1234), 0x8_0000_5678, 0b0101);
        assert_eq!(micro.lookup(&read(5, 0x1FFF)), Some(0x8_0000_5FFF));
        assert_eq!(micro.lookup(&read(6, 0x1FFF)), None);
        assert_eq!(micro.lookup(&read(5, 0x2FFF)), None);
        assert_eq!(micro.lookup(&Access { write: true, ..read(5, 0x1FFF) }), None, "bit 1 is clear");
        assert!(micro.lookup(&Access { privileged: true, ..read(5, 0x1FFF) }).is_some(), "bit 2 is set");
        micro.forget();
        assert_eq!(micro.lookup(&read(5, 0x1FFF)), None);
    }

    #[test]
    fn instruction_bit_of_a_write_does_not_matter() {
        let mut micro = MicroTlb::default();
        micro.fill(&read(1, 0), 0x1000, 0b0010);
        assert_eq!(micro.lookup(&Access { write: true, instruction: true, ..read(1, 4) }), Some(0x1004));
    }
}
