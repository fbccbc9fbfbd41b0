//! Random reads and writes with the data checked.
//!
//! Requests are as a file system's on a busy phone: mostly 4 KiB, some longer up to 128 KiB, several in flight, in a small part of the
//! disk so that reads find what was written. Every block's contents follow from the seed, its address and how often it was
//! written, so nothing has to be remembered but counts. Two requests that overlap are never in flight together.

use crate::linux::dma::{Direction, Mapping};
use crate::linux::pages::PAGE;
use crate::linux::platform::Platform;
use crate::linux::sd::Disk;
use crate::linux::ufshcd::{Done, Hba, ScsiCommand};
use crate::linux::Result;
use rand::rngs::SmallRng;
use rand::{Rng, RngCore, SeedableRng};
use std::collections::HashMap;

/// Blocks of the disk that are used, from block 0.
const WINDOW: u32 = 1024;
/// Pages of a request and how often, of 1000.
const SIZES: [(u32, u32); 6] = [(1, 970), (2, 15), (4, 7), (8, 4), (16, 2), (32, 2)];

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Requests.
    pub requests: usize,
    /// Most requests in flight.
    pub depth: usize,
    /// Seed.
    pub seed: u64,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Reads, each with its data compared.
    pub reads: usize,
    /// Writes.
    pub writes: usize,
    /// Bytes read.
    pub bytes_read: u64,
    /// Bytes written.
    pub bytes_written: u64,
    /// Most requests that were in flight together.
    pub most_in_flight: usize,
}

/// A request in flight.
struct Request {
    write: bool,
    lba: u32,
    pages: Vec<u64>,
    mapping: Mapping,
}

impl Request {
    fn overlaps(&self, lba: u32, blocks: u32) -> bool {
        lba < self.lba + self.pages.len() as u32 && self.lba < lba + blocks
    }
}

/// The state of a run.
struct Run<'a> {
    disk: Disk,
    seed: u64,
    rng: SmallRng,
    in_flight: HashMap<u8, Request>,
    /// How often each block was written.
    versions: HashMap<u32, u32>,
    traffic: &'a mut Traffic,
}

impl Workload {
    /// Runs the requests. The inner error says what went wrong in the run's own terms: a failed command, or data that differ.
    pub fn run(
        &self,
        hba: &mut Hba,
        p: &mut Platform,
        disk: Disk,
        traffic: &mut Traffic,
    ) -> Result<std::result::Result<(), String>> {
        if u64::from(disk.block_bytes) != PAGE || disk.blocks < u64::from(WINDOW) {
            return Ok(Err(format!("the disk has {} blocks of {} bytes", disk.blocks, disk.block_bytes)));
        }
        let rng = SmallRng::seed_from_u64(self.seed);
        let mut run = Run { disk, seed: self.seed, rng, in_flight: HashMap::new(), versions: HashMap::new(), traffic };
        let mut issued = 0;
        while issued < self.requests || !run.in_flight.is_empty() {
            while issued < self.requests && run.in_flight.len() < self.depth {
                let Some(slot) = hba.free_slot() else { break };
                run.issue(hba, p, slot)?;
                issued += 1;
            }
            hba.wait_done(p)?;
            if hba.stopped() {
                return Ok(Err("the controller stopped on a fatal error".into()));
            }
            while let Some(done) = hba.next_done(p)? {
                if let Err(why) = run.finish(p, done)? {
                    return Ok(Err(why));
                }
            }
        }
        Ok(Ok(()))
    }
}

impl Run<'_> {
    /// Pages of the next request, by [`SIZES`].
    fn size(&mut self) -> u32 {
        let mut at = self.rng.random_range(0..1000);
        for (pages, weight) in SIZES {
            if at < weight {
                return pages;
            }
            at -= weight;
        }
        1
    }

    fn issue(&mut self, hba: &mut Hba, p: &mut Platform, slot: u8) -> Result<()> {
        let blocks = self.size();
        let lba = loop {
            let lba = self.rng.random_range(0..=WINDOW - blocks);
            if !self.in_flight.values().any(|request| request.overlaps(lba, blocks)) {
                break lba;
            }
        };
        let write = self.rng.random();
        let mut pages = Vec::new();
        for block in lba..lba + blocks {
            let page = p.kernel.pages.alloc()?;
            if write {
                *self.versions.entry(block).or_default() += 1;
                p.kernel.write(page, &self.contents(block))?;
            } else {
                // What the page held before must not pass for data.
                p.kernel.write(page, &[0xa5; PAGE as usize])?;
            }
            pages.push(page);
        }
        let direction = if write { Direction::ToDevice } else { Direction::FromDevice };
        let mapping = p.map(&pages, direction)?;
        let cdb = self.disk.cdb(write, lba, blocks as u16);
        let command = ScsiCommand { lun: self.disk.lun, cdb: &cdb, bytes: blocks * PAGE as u32, direction };
        hba.queue(p, slot, command, Some(&mapping))?;
        self.in_flight.insert(slot, Request { write, lba, pages, mapping });
        self.traffic.most_in_flight = self.traffic.most_in_flight.max(self.in_flight.len());
        Ok(())
    }

    fn finish(&mut self, p: &mut Platform, done: Done) -> Result<std::result::Result<(), String>> {
        let Some(request) = self.in_flight.remove(&done.slot) else {
            return Ok(Err(format!("slot {} ended without a request", done.slot)));
        };
        let name = format!(
            "{} of {} blocks at block {}",
            if request.write { "WRITE(10)" } else { "READ(10)" },
            request.pages.len(),
            request.lba
        );
        if !done.good() {
            return Ok(Err(format!("{name} failed: {done:?}")));
        }
        p.unmap(&request.mapping)?;
        let bytes = request.pages.len() as u64 * PAGE;
        for (n, &page) in request.pages.iter().enumerate() {
            if !request.write {
                let mut got = [0; PAGE as usize];
                p.kernel.read(page, &mut got)?;
                let want = self.contents(request.lba + n as u32);
                if let Some(at) = (0..got.len()).find(|&i| got[i] != want[i]) {
                    let (got, want) = (got[at], want[at]);
                    return Ok(Err(format!("{name}: byte {at} of block {n} is {got:#04x}, written was {want:#04x}")));
                }
            }
            p.kernel.pages.free(page);
        }
        if request.write {
            self.traffic.writes += 1;
            self.traffic.bytes_written += bytes;
        } else {
            self.traffic.reads += 1;
            self.traffic.bytes_read += bytes;
        }
        Ok(Ok(()))
    }

    /// What a block holds: zeros until it is written, then random bytes of its own.
    fn contents(&self, block: u32) -> [u8; PAGE as usize] {
        let mut bytes = [0; PAGE as usize];
        if let Some(version) = self.versions.get(&block) {
            let key = self.seed ^ u64::from(block) << 32 ^ u64::from(*version);
            SmallRng::seed_from_u64(key).fill_bytes(&mut bytes);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mix_of_sizes_adds_up() {
        assert_eq!(SIZES.iter().map(|(_, weight)| weight).sum::<u32>(), 1000);
        assert!(SIZES.iter().all(|(pages, _)| *pages <= 32));
    }
}
