//! What the test device is made of: its address paths, and the tables as far as they were fetched.

use smmu_sim::dut::AddrBeat;
use smmu_sim::model::{Access, TableMemory};
use std::collections::{HashMap, VecDeque};

/// A transaction on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) serial: u64,
    pub(super) beat: AddrBeat,
}

/// Where write data goes, in order of acceptance.
#[derive(Clone, Copy, Debug)]
pub(super) enum Route {
    Forward,
    Swallow { id: u32, resp: u8, eaten: bool },
}

/// The address path of one direction.
#[derive(Default)]
pub(super) struct Channel {
    pub(super) queue: VecDeque<Job>,
    pub(super) out: VecDeque<AddrBeat>,
    pub(super) outstanding: Vec<u32>,
    pub(super) by_id: Vec<VecDeque<u64>>,
    pub(super) words: HashMap<u64, Option<u64>>,
    pub(super) wanted: Option<u64>,
    pub(super) asked: bool,
    /// An invalidation came: what the walk has read so far must not be cached.
    pub(super) outdated: bool,
}

/// The tables as far as they were fetched.
pub(super) struct Fetched<'a> {
    pub(super) words: &'a HashMap<u64, Option<u64>>,
    pub(super) missing: Option<u64>,
}

impl TableMemory for Fetched<'_> {
    fn read64(&mut self, pa: u64) -> Option<u64> {
        match self.words.get(&pa) {
            Some(word) => *word,
            None => {
                self.missing = self.missing.or(Some(pa));
                None
            }
        }
    }
}

/// Written out here again, so that the scoreboard's own reading of a beat is tested too.
pub(super) fn access(beat: &AddrBeat, write: bool, bus_bytes: u64) -> Access {
    let bytes = 1u64 << beat.size;
    let end = beat.addr / bytes * bytes + (u64::from(beat.len) + 1) * bytes - 1;
    let illegal_burst = beat.burst == 3
        || bytes > bus_bytes
        || beat.burst == 1 && end >> 12 != beat.addr >> 12
        || beat.burst == 2 && ![1, 3, 7, 15].contains(&beat.len);
    Access {
        stream_id: beat.user,
        addr: beat.addr,
        write,
        privileged: beat.prot & 1 == 1,
        non_secure: beat.prot & 2 == 2,
        instruction: beat.prot & 4 == 4,
        illegal_burst,
    }
}
