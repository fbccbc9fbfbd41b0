//! A memory behind an [`AxiPort`]: fixed or random latency, error ranges, a limit of outstanding transfers.

use crate::axi::port::{AxiPort, Completion, Transfer};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use std::ops::Range;

pub struct MemoryPort {
    /// Cycle, set by the owner before each tick.
    pub now: u64,
    /// Addresses that answer with an error: range, writes, response.
    pub errors: Vec<(Range<u64>, bool, u8)>,
    /// Transfers in flight, at most.
    pub limit: usize,
    /// Completions come up to that much later, so not in order.
    pub jitter: u64,
    /// Every transfer, without its data.
    pub log: Vec<Transfer>,
    latency: u64,
    pages: HashMap<u64, Box<[u8]>>,
    in_flight: Vec<(u64, Completion)>,
    rng: ChaCha8Rng,
}

impl MemoryPort {
    pub fn new(latency: u64) -> MemoryPort {
        MemoryPort {
            now: 0,
            errors: Vec::new(),
            limit: 64,
            jitter: 0,
            log: Vec::new(),
            latency,
            pages: HashMap::new(),
            in_flight: Vec::new(),
            rng: ChaCha8Rng::seed_from_u64(1),
        }
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    pub fn read(&self, addr: u64, bytes: usize) -> Vec<u8> {
        let byte = |at: u64| self.pages.get(&(at >> 12)).map_or(0, |page| page[(at & 0xfff) as usize]);
        (0..bytes as u64).map(|n| byte(addr.wrapping_add(n))).collect()
    }

    pub fn write(&mut self, addr: u64, data: &[u8]) {
        for (n, value) in data.iter().enumerate() {
            let at = addr.wrapping_add(n as u64);
            self.pages.entry(at >> 12).or_insert_with(|| vec![0; 4096].into())[(at & 0xfff) as usize] = *value;
        }
    }
}

impl AxiPort for MemoryPort {
    fn post(&mut self, transfer: Transfer) -> bool {
        if self.in_flight.len() >= self.limit {
            return false;
        }
        assert!(transfer.bytes > 0 && transfer.addr >> 49 == 0, "{transfer:?}");
        let last = transfer.addr + transfer.bytes as u64 - 1;
        assert_eq!(transfer.addr >> 12, last >> 12, "crosses 4 KiB");
        let write = transfer.data.is_some();
        let hit = |(range, writes, _): &&(Range<u64>, bool, u8)| range.contains(&transfer.addr) && *writes == write;
        let resp = self.errors.iter().find(hit).map_or(0, |(_, _, resp)| *resp);
        let data = match &transfer.data {
            Some(data) => {
                assert_eq!(data.len(), transfer.bytes);
                if resp == 0 {
                    self.write(transfer.addr, data);
                }
                Vec::new()
            }
            None => self.read(transfer.addr, transfer.bytes),
        };
        let late = self.rng.random_range(0..=self.jitter);
        self.in_flight.push((self.now + self.latency + late, Completion { tag: transfer.tag, resp, data }));
        self.log.push(Transfer { data: transfer.data.map(|_| Vec::new()), ..transfer });
        true
    }

    fn completed(&mut self) -> Option<Completion> {
        let at = self.in_flight.iter().position(|(due, _)| *due <= self.now)?;
        Some(self.in_flight.remove(at).1)
    }

    fn outstanding(&self) -> usize {
        self.in_flight.len()
    }
}
