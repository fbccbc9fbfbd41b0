//! The bus side of the DMA engine: jobs of contiguous bytes in, bursts out, finished jobs back.
//!
//! Each cycle hands at most one read burst and one write burst to the port, as an AXI master has one AR and one AW channel.
//! Jobs of a direction are served in the order in which they were asked for; their bursts overlap up to the configured number
//! in flight. A burst never crosses a boundary of its greatest length (so never 4 KiB).
//!
//! A job that is cancelled posts no more; what is in flight comes back and is dropped.

use super::presets::DmaConfig;
use super::trace::{BusOperation, Owner, Trace};
use crate::axi::port::{AxiPort, Purpose, Transfer};
use std::collections::{BTreeMap, VecDeque};

/// Highest AXI id bit pattern of transfer slots; task slots come above.
const TASK_ID_BASE: u32 = 32;

/// Something to move.
#[derive(Clone, Debug)]
pub struct Job {
    /// The request.
    pub owner: Owner,
    /// The user's number, returned with the end.
    pub user: u64,
    /// What for.
    pub purpose: Purpose,
    /// First byte.
    pub addr: u64,
    /// Bytes (for a read; a write takes `data.len()`).
    pub bytes: usize,
    /// Bytes to write; `None`: read.
    pub data: Option<Vec<u8>>,
}

/// The end of a job. A failed job is reported at its first bad burst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEnd {
    /// The request.
    pub owner: Owner,
    /// The user's number.
    pub user: u64,
    /// What for.
    pub purpose: Purpose,
    /// It was a write.
    pub write: bool,
    /// All bursts were answered OKAY.
    pub ok: bool,
    /// Bytes read.
    pub data: Vec<u8>,
}

#[derive(Debug)]
struct Active {
    job: Job,
    /// Read data as it arrives; bytes that this job moves.
    buffer: Vec<u8>,
    length: usize,
    posted: usize,
    in_flight: usize,
    /// Cancelled or failed: nothing is posted or reported any more.
    dead: bool,
}

#[derive(Debug)]
struct Burst {
    tag: u64,
    job: u64,
    offset: usize,
    operation: BusOperation,
    number: u64,
    forced: Option<u8>,
}

/// See the module.
#[derive(Debug)]
pub struct Mover {
    config: DmaConfig,
    next_job: u64,
    next_tag: u64,
    jobs: BTreeMap<u64, Active>,
    /// Jobs that still have bursts to post.
    reads: VecDeque<u64>,
    writes: VecDeque<u64>,
    bursts: Vec<Burst>,
    /// Bus operations, totals, injected errors.
    pub trace: Trace,
}

impl Mover {
    /// A mover with nothing to do.
    pub fn new(config: &DmaConfig) -> Mover {
        Mover {
            config: config.clone(),
            next_job: 0,
            next_tag: 0,
            jobs: BTreeMap::new(),
            reads: VecDeque::new(),
            writes: VecDeque::new(),
            bursts: Vec::new(),
            trace: Trace::new(config.trace),
        }
    }

    /// Takes a job. One without bytes must not be asked for; it is taken as one that never ends.
    pub fn add(&mut self, job: Job) {
        let length = job.data.as_ref().map_or(job.bytes, Vec::len);
        let queue = if job.data.is_some() { &mut self.writes } else { &mut self.reads };
        queue.push_back(self.next_job);
        let buffer = if job.data.is_some() { Vec::new() } else { vec![0; length] };
        self.jobs.insert(self.next_job, Active { job, buffer, length, posted: 0, in_flight: 0, dead: false });
        self.next_job += 1;
    }

    /// Nothing is posted any more for that owner. True: nothing of it is in flight either.
    pub fn cancel(&mut self, owner: Owner) -> bool {
        self.cancel_if(|job| job.owner == owner);
        !self.in_flight(owner)
    }

    /// Nothing is posted any more for anybody.
    pub fn cancel_all(&mut self) {
        self.cancel_if(|_| true);
    }

    fn cancel_if(&mut self, which: impl Fn(&Job) -> bool) {
        self.jobs.retain(|_, active| {
            active.dead |= which(&active.job);
            !active.dead || active.in_flight > 0
        });
        let jobs = &self.jobs;
        let alive = |id: &u64| jobs.get(id).is_some_and(|active| !active.dead);
        self.reads.retain(alive);
        self.writes.retain(alive);
    }

    /// Bursts of that owner are in flight.
    pub fn in_flight(&self, owner: Owner) -> bool {
        self.bursts.iter().any(|burst| burst.operation.owner == owner)
    }

    /// Nothing to post, nothing in flight.
    pub fn idle(&self) -> bool {
        self.bursts.is_empty() && self.reads.is_empty() && self.writes.is_empty()
    }

    /// Bursts in flight.
    pub fn outstanding(&self) -> usize {
        self.bursts.len()
    }

    /// The first half of a cycle: takes what has finished.
    pub fn collect(&mut self, now: u64, port: &mut dyn AxiPort, ends: &mut Vec<JobEnd>) {
        while let Some(completion) = port.completed() {
            let Some(at) = self.bursts.iter().position(|burst| burst.tag == completion.tag) else { continue };
            let burst = self.bursts.swap_remove(at);
            let resp = burst.forced.unwrap_or(completion.resp);
            self.trace.completed(burst.number, &burst.operation, now, resp);
            self.finish(&burst, resp, &completion.data, ends);
        }
    }

    /// The second half of a cycle: posts at most one burst in each direction.
    pub fn post(&mut self, now: u64, port: &mut dyn AxiPort) {
        for write in [false, true] {
            let limit = if write { self.config.writes } else { self.config.reads };
            if self.bursts.iter().filter(|burst| burst.operation.write == write).count() < limit {
                self.post_one(now, port, write);
            }
        }
    }

    fn post_one(&mut self, now: u64, port: &mut dyn AxiPort, write: bool) {
        let queue = if write { &mut self.writes } else { &mut self.reads };
        let Some(&id) = queue.front() else { return };
        let Some(active) = self.jobs.get_mut(&id) else {
            queue.pop_front();
            return;
        };
        let config = &self.config;
        let addr_mask = 1u64.checked_shl(config.addr_bits).map_or(u64::MAX, |top| top - 1);
        let addr = active.job.addr.wrapping_add(active.posted as u64) & addr_mask;
        let room = config.burst_bytes - addr % config.burst_bytes;
        let bytes = (active.length - active.posted).min(room as usize);
        let owner_id = match active.job.owner {
            Owner::Transfer(slot) => u32::from(slot),
            Owner::Task(slot) => TASK_ID_BASE + u32::from(slot),
        };
        let axi_id = owner_id & 1u32.checked_shl(config.id_bits).map_or(u32::MAX, |top| top - 1);
        let transfer = Transfer {
            tag: self.next_tag,
            addr,
            bytes,
            data: active.job.data.as_ref().map(|data| data[active.posted..active.posted + bytes].to_vec()),
            id: axi_id,
            prot: config.prot,
            cache: config.cache,
            stream_id: config.stream_id,
            purpose: active.job.purpose,
        };
        if !port.post(transfer) {
            return;
        }
        let operation = BusOperation {
            posted: now,
            completed: None,
            purpose: active.job.purpose,
            owner: active.job.owner,
            write,
            addr,
            bytes,
            id: axi_id,
        };
        let (number, forced) = self.trace.posted(operation);
        self.bursts.push(Burst { tag: self.next_tag, job: id, offset: active.posted, operation, number, forced });
        self.next_tag += 1;
        active.in_flight += 1;
        active.posted += bytes;
        if active.posted == active.length {
            queue.pop_front();
        }
    }

    fn finish(&mut self, burst: &Burst, resp: u8, data: &[u8], ends: &mut Vec<JobEnd>) {
        let Some(active) = self.jobs.get_mut(&burst.job) else { return };
        active.in_flight -= 1;
        if !active.dead {
            if !burst.operation.write {
                for (to, from) in active.buffer[burst.offset..].iter_mut().zip(data).take(burst.operation.bytes) {
                    *to = *from;
                }
            }
            // A read that comes back short is as bad as an error response.
            let ok = resp & 2 == 0 && (burst.operation.write || data.len() >= burst.operation.bytes);
            if !ok || active.posted == active.length && active.in_flight == 0 {
                active.dead = true;
                ends.push(JobEnd {
                    owner: active.job.owner,
                    user: active.job.user,
                    purpose: active.job.purpose,
                    write: burst.operation.write,
                    ok,
                    data: std::mem::take(&mut active.buffer),
                });
                self.reads.retain(|id| *id != burst.job);
                self.writes.retain(|id| *id != burst.job);
            }
        }
        if self.jobs.get(&burst.job).is_some_and(|active| active.dead && active.in_flight == 0) {
            self.jobs.remove(&burst.job);
        }
    }
}
