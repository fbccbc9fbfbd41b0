//! Data of one transfer request: which bytes of memory a piece of it is, by the request's PRDT.
//!
//! Pieces (DATA IN UPIUs to write to memory, READY TO TRANSFERs to read for) are worked on in the order of their arrival. The
//! PRDT is fetched in chunks, only as far as a piece needs it, and the newest chunk is kept: a request that is moved front to
//! back reads each entry once. A piece in front of the kept chunk starts over at entry 0, because only walking the entries tells
//! where in the data they are.

use super::utrd::{Ocs, PrdtEntry, PRDT_ENTRY_BYTES};
use std::collections::VecDeque;

/// A piece of the data.
#[derive(Clone, Debug)]
struct Piece {
    number: u32,
    /// Place in the request's data.
    offset: u64,
    /// Bytes: payload to write, or room for what is read.
    bytes: Vec<u8>,
    to_memory: bool,
    /// Bytes for which jobs were made.
    planned: usize,
    /// Jobs not finished.
    jobs: usize,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing until a job ends or a piece comes.
    Wait,
    /// Fetch PRDT entries.
    FetchPrdt {
        /// First.
        index: u32,
        /// How many.
        entries: u32,
    },
    /// Move bytes between memory and a piece.
    Move {
        /// To be given back with the end of the job.
        user: u64,
        /// First byte in memory.
        addr: u64,
        /// Bytes.
        bytes: usize,
        /// Bytes to write; `None`: read.
        data: Option<Vec<u8>>,
    },
    /// The request cannot go on.
    Fail(Ocs),
}

/// Data read for a READY TO TRANSFER: its offset and bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered {
    /// Buffer offset.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct DataMover {
    waiting: VecDeque<Piece>,
    moving: Vec<Piece>,
    next_number: u32,
    prdt_length: u32,
    chunk_entries: u32,
    chunk: Vec<PrdtEntry>,
    /// Index of the chunk's first entry, and its place in the data.
    chunk_first: u32,
    chunk_offset: u64,
    fetching: bool,
    broken: bool,
}

impl DataMover {
    /// For a request with so many PRDT entries, fetched so many at once.
    pub fn new(prdt_length: u32, chunk_entries: u32) -> DataMover {
        DataMover { prdt_length, chunk_entries: chunk_entries.max(1), ..DataMover::default() }
    }

    /// A DATA IN: these bytes go to memory.
    pub fn scatter(&mut self, offset: u64, bytes: Vec<u8>) {
        self.add(offset, bytes, true);
    }

    /// A READY TO TRANSFER: so many bytes are to be read.
    pub fn gather(&mut self, offset: u64, count: usize) {
        self.add(offset, vec![0; count], false);
    }

    fn add(&mut self, offset: u64, bytes: Vec<u8>, to_memory: bool) {
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        if !bytes.is_empty() {
            self.waiting.push_back(Piece { number, offset, bytes, to_memory, planned: 0, jobs: 0 });
        }
    }

    /// Every piece is done.
    pub fn idle(&self) -> bool {
        self.waiting.is_empty() && self.moving.is_empty()
    }

    /// Bytes from the device that memory has not got yet.
    pub fn buffered(&self) -> u64 {
        self.waiting.iter().chain(&self.moving).filter(|piece| piece.to_memory).map(|piece| piece.bytes.len() as u64).sum()
    }

    /// What to do next. To be called until [`Step::Wait`].
    pub fn step(&mut self) -> Step {
        if self.fetching || self.broken {
            return Step::Wait;
        }
        let Some(piece) = self.waiting.front_mut() else { return Step::Wait };
        let position = piece.offset + piece.planned as u64;
        if position < self.chunk_offset {
            self.chunk.clear();
            (self.chunk_first, self.chunk_offset) = (0, 0);
        }
        let mut start = self.chunk_offset;
        for entry in &self.chunk {
            let end = start + u64::from(entry.bytes);
            if position < end {
                let bytes = (piece.bytes.len() - piece.planned).min((end - position) as usize);
                let user = u64::from(piece.number) << 32 | piece.planned as u64;
                let data = piece.to_memory.then(|| piece.bytes[piece.planned..piece.planned + bytes].to_vec());
                piece.planned += bytes;
                piece.jobs += 1;
                if piece.planned == piece.bytes.len() {
                    self.moving.extend(self.waiting.pop_front());
                }
                return Step::Move { user, addr: entry.addr.wrapping_add(position - start), bytes, data };
            }
            start = end;
        }
        self.chunk_first += self.chunk.len() as u32;
        self.chunk_offset = start;
        self.chunk.clear();
        let entries = (self.prdt_length - self.chunk_first.min(self.prdt_length)).min(self.chunk_entries);
        if entries == 0 {
            self.broken = true;
            return Step::Fail(Ocs::DataMismatch);
        }
        self.fetching = true;
        Step::FetchPrdt { index: self.chunk_first, entries }
    }

    /// PRDT entries have come.
    pub fn prdt(&mut self, bytes: &[u8]) -> Result<(), Ocs> {
        self.fetching = false;
        let entries: Option<Vec<PrdtEntry>> = bytes.chunks_exact(PRDT_ENTRY_BYTES as usize).map(PrdtEntry::from_bytes).collect();
        self.chunk = entries.ok_or(Ocs::InvalidPrdt).inspect_err(|_| self.broken = true)?;
        Ok(())
    }

    /// A job of [`Step::Move`] is over. Returns the piece if it was read for the device and is complete.
    pub fn moved(&mut self, user: u64, data: &[u8]) -> Option<Gathered> {
        let number = (user >> 32) as u32;
        let position = (user & u64::from(u32::MAX)) as usize;
        let piece = self.waiting.iter_mut().chain(&mut self.moving).find(|piece| piece.number == number)?;
        piece.jobs = piece.jobs.saturating_sub(1);
        if !piece.to_memory {
            for (to, from) in piece.bytes.iter_mut().skip(position).zip(data) {
                *to = *from;
            }
        }
        if piece.jobs > 0 || piece.planned < piece.bytes.len() {
            return None;
        }
        let at = self.moving.iter().position(|piece| piece.number == number)?;
        let piece = self.moving.remove(at);
        (!piece.to_memory).then_some(Gathered { offset: piece.offset, bytes: piece.bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(list: &[(u64, u32)]) -> Vec<u8> {
        list.iter().flat_map(|(addr, bytes)| PrdtEntry { addr: *addr, bytes: *bytes }.to_bytes()).collect()
    }

    #[test]
    fn a_piece_across_entries_and_chunks() {
        let mut mover = DataMover::new(3, 2);
        mover.gather(4, 20);
        assert_eq!(mover.step(), Step::FetchPrdt { index: 0, entries: 2 });
        assert_eq!(mover.step(), Step::Wait);
        assert_eq!(mover.prdt(&entries(&[(0x1000, 8), (0x2000, 8)])), Ok(()));
        assert_eq!(mover.step(), Step::Move { user: 0, addr: 0x1004, bytes: 4, data: None });
        assert_eq!(mover.step(), Step::Move { user: 4, addr: 0x2000, bytes: 8, data: None });
        assert_eq!(mover.step(), Step::FetchPrdt { index: 2, entries: 1 });
        assert_eq!(mover.moved(4, &[2; 8]), None);
        assert_eq!(mover.prdt(&entries(&[(0x3000, 256)])), Ok(()));
        assert_eq!(mover.step(), Step::Move { user: 12, addr: 0x3000, bytes: 8, data: None });
        assert_eq!(mover.moved(0, &[1; 4]), None);
        let all = mover.moved(12, &[3; 8]);
        assert_eq!(all, Some(Gathered { offset: 4, bytes: [[1; 4].as_slice(), &[2; 8], &[3; 8]].concat() }));
        assert!(mover.idle());
    }

    #[test]
    fn backwards_starts_over() {
        let mut mover = DataMover::new(2, 1);
        mover.scatter(8, vec![7; 4]);
        assert_eq!(mover.step(), Step::FetchPrdt { index: 0, entries: 1 });
        assert_eq!(mover.prdt(&entries(&[(0x1000, 8)])), Ok(()));
        assert_eq!(mover.step(), Step::FetchPrdt { index: 1, entries: 1 });
        assert_eq!(mover.prdt(&entries(&[(0x2000, 8)])), Ok(()));
        assert_eq!(mover.step(), Step::Move { user: 0, addr: 0x2000, bytes: 4, data: Some(vec![7; 4]) });
        mover.scatter(0, vec![9; 4]);
        assert_eq!((mover.buffered(), mover.step()), (8, Step::FetchPrdt { index: 0, entries: 1 }));
    }

    #[test]
    fn too_short_and_broken_tables_end_the_request() {
        let mut mover = DataMover::new(1, 8);
        mover.scatter(0, vec![1; 12]);
        assert_eq!(mover.step(), Step::FetchPrdt { index: 0, entries: 1 });
        assert_eq!(mover.prdt(&entries(&[(0, 8)])), Ok(()));
        assert!(matches!(mover.step(), Step::Move { bytes: 8, .. }));
        assert_eq!(mover.step(), Step::Fail(Ocs::DataMismatch));
        assert_eq!(mover.step(), Step::Wait);

        let mut mover = DataMover::new(u16::MAX.into(), 4);
        mover.gather(1 << 40, 4);
        assert_eq!(mover.step(), Step::FetchPrdt { index: 0, entries: 4 });
        assert_eq!(mover.prdt(&entries(&[(0, 8), (0, 6), (0, 4), (0, 4)])), Err(Ocs::InvalidPrdt));
        assert_eq!(mover.step(), Step::Wait);
        assert_eq!(DataMover::new(0, 4).step(), Step::Wait);
    }
}
