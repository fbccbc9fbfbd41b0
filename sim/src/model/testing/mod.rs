//! What the model's tests stand on: table memory, and a page-table builder that shares no code with the walk.

pub mod mapper;
pub mod nested;
pub mod rig;

use super::access::TableMemory;
use std::collections::HashMap;
use std::ops::Range;

/// Table memory: words that were not written read as zero inside the region, and every read outside it is an external abort.
#[derive(Clone, Debug)]
pub struct Ram {
    words: HashMap<u64, u64>,
    region: Range<u64>,
    /// Reads so far: a cache hit makes none.
    pub reads: usize,
}

impl Ram {
    /// Memory at these addresses.
    pub fn new(region: Range<u64>) -> Self {
        Ram { words: HashMap::new(), region, reads: 0 }
    }

    /// Writes a word.
    pub fn set(&mut self, pa: u64, word: u64) {
        assert!(self.region.contains(&pa) && pa.is_multiple_of(8), "{pa:#x} is no word of the table memory");
        self.words.insert(pa, word);
    }

    /// The word there.
    pub fn get(&self, pa: u64) -> u64 {
        self.words.get(&pa).copied().unwrap_or(0)
    }
}

impl TableMemory for Ram {
    fn read64(&mut self, pa: u64) -> Option<u64> {
        assert_eq!(pa % 8, 0, "a descriptor read that is not aligned");
        self.reads += 1;
        self.region.contains(&pa).then(|| self.get(pa))
    }
}
