//! Contents of a logical unit: blocks that were written; all others read as zeros.

use std::collections::HashMap;

/// Bytes of a logical block.
pub const BLOCK_BYTES: u64 = 4096;

/// A sparse medium.
#[derive(Clone, Debug, Default)]
pub struct Store {
    blocks: u64,
    written: HashMap<u64, Box<[u8]>>,
}

impl Store {
    /// An empty medium of so many blocks.
    pub fn new(blocks: u64) -> Store {
        Store { blocks, written: HashMap::new() }
    }

    /// Blocks.
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Blocks that were ever written.
    pub fn written(&self) -> usize {
        self.written.len()
    }

    /// Bytes from a byte offset. What lies behind the end reads as zeros.
    pub fn read(&self, offset: u64, bytes: usize) -> Vec<u8> {
        let mut out = vec![0; bytes];
        each_piece(offset, bytes, |block, within, range| {
            if let Some(data) = self.written.get(&block) {
                let length = range.len();
                out[range].copy_from_slice(&data[within..within + length]);
            }
        });
        out
    }

    /// Writes bytes at a byte offset. What lies behind the end is dropped.
    pub fn write(&mut self, offset: u64, data: &[u8]) {
        each_piece(offset, data.len(), |block, within, range| {
            if block < self.blocks {
                let target = self.written.entry(block).or_insert_with(|| vec![0; BLOCK_BYTES as usize].into());
                target[within..within + range.len()].copy_from_slice(&data[range]);
            }
        });
    }
}

/// Calls with (block, offset in it, range of the data) for each block that the bytes touch.
fn each_piece(offset: u64, bytes: usize, mut piece: impl FnMut(u64, usize, std::ops::Range<usize>)) {
    let mut done = 0;
    while done < bytes {
        let at = offset.wrapping_add(done as u64);
        let within = (at % BLOCK_BYTES) as usize;
        let length = (bytes - done).min(BLOCK_BYTES as usize - within);
        piece(at / BLOCK_BYTES, within, done..done + length);
        done += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparse_and_across_blocks() {
        let mut store = Store::new(1 << 40);
        let data: Vec<u8> = (0..9000u32).map(|n| (n % 251) as u8).collect();
        store.write((1 << 40) * 2048 + 100, &data);
        assert_eq!(store.read((1 << 40) * 2048 + 100, 9000), data);
        assert_eq!(store.read((1 << 40) * 2048, 100), vec![0; 100]);
        assert_eq!(store.written(), 3);
    }

    #[test]
    fn beyond_the_end() {
        let mut store = Store::new(2);
        store.write(8188, &[1, 2, 3, 4, 5, 6]);
        assert_eq!(store.read(8188, 6), [1, 2, 3, 4, 0, 0]);
        assert_eq!(store.written(), 1);
    }
}
