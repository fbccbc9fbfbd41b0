//! What the controller did on its bus: the newest operations one by one, all of them as counters, and errors put in on purpose.

use crate::axi::port::Purpose;
use std::collections::{BTreeMap, VecDeque};

/// Which request a bus operation belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// Transfer request slot.
    Transfer(u8),
    /// Task management slot.
    Task(u8),
}

/// One burst on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusOperation {
    /// Cycle in which it was handed to the port.
    pub posted: u64,
    /// Cycle of its completion, and the response (0 OKAY, 2 SLVERR, 3 DECERR); `None` while it is in flight.
    pub completed: Option<(u64, u8)>,
    /// What for.
    pub purpose: Purpose,
    /// Whose.
    pub owner: Owner,
    /// Write or read.
    pub write: bool,
    /// First byte.
    pub addr: u64,
    /// Bytes.
    pub bytes: usize,
    /// AXI id.
    pub id: u32,
}

/// Totals of one purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Completed read bursts.
    pub reads: u64,
    /// Completed write bursts.
    pub writes: u64,
    /// Bytes of both.
    pub bytes: u64,
    /// Completions with an error response.
    pub errors: u64,
    /// Shortest time from post to completion, cycles; 0 before the first.
    pub latency_min: u64,
    /// Longest.
    pub latency_max: u64,
    /// Sum, for the mean.
    pub latency_sum: u64,
    /// `latency_log2[n]`: completions that took 2^n to 2^(n+1)-1 cycles.
    pub latency_log2: [u64; 32],
}

impl Counters {
    fn count(&mut self, operation: &BusOperation, latency: u64, resp: u8) {
        let first = self.reads + self.writes == 0;
        if operation.write {
            self.writes += 1;
        } else {
            self.reads += 1;
        }
        self.bytes += operation.bytes as u64;
        self.errors += u64::from(resp != 0);
        self.latency_min = if first { latency } else { self.latency_min.min(latency) };
        self.latency_max = self.latency_max.max(latency);
        self.latency_sum += latency;
        self.latency_log2[(latency.max(1).ilog2() as usize).min(31)] += 1;
    }
}

/// An error response put in place of the real one. The access itself still happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injection {
    /// Accesses for this.
    pub purpose: Purpose,
    /// Of this request; `None`: of any.
    pub owner: Option<Owner>,
    /// Which of the matching bursts, counted from 1 in the order in which they are posted.
    pub nth: u64,
    /// The response: 2 SLVERR, 3 DECERR.
    pub resp: u8,
}

/// The trace of one controller.
#[derive(Clone, Debug)]
pub struct Trace {
    capacity: usize,
    operations: VecDeque<BusOperation>,
    /// Number of the operation at the front of `operations`.
    first: u64,
    counters: BTreeMap<Purpose, Counters>,
    injections: Vec<(Injection, u64)>,
}

impl Trace {
    /// Keeps the newest `capacity` operations; the counters take all.
    pub fn new(capacity: usize) -> Trace {
        Trace { capacity, operations: VecDeque::new(), first: 0, counters: BTreeMap::new(), injections: Vec::new() }
    }

    /// The newest operations, oldest first.
    pub fn operations(&self) -> impl DoubleEndedIterator<Item = &BusOperation> + ExactSizeIterator {
        self.operations.iter()
    }

    /// Totals by purpose.
    pub fn counters(&self) -> &BTreeMap<Purpose, Counters> {
        &self.counters
    }

    /// Totals of one purpose.
    pub fn of(&self, purpose: Purpose) -> Counters {
        self.counters.get(&purpose).cloned().unwrap_or_default()
    }

    /// Forgets operations and totals, not the injections that are still to come.
    pub fn clear(&mut self) {
        self.first += self.operations.len() as u64;
        self.operations.clear();
        self.counters.clear();
    }

    /// Adds an error to come.
    pub fn inject(&mut self, injection: Injection) {
        self.injections.push((injection, 0));
    }

    /// Notes a burst handed to the port. Returns its number and the response that it is to end with whatever the bus says.
    pub(super) fn posted(&mut self, operation: BusOperation) -> (u64, Option<u8>) {
        let mut forced = None;
        self.injections.retain_mut(|(injection, seen)| {
            if injection.purpose != operation.purpose || injection.owner.is_some_and(|owner| owner != operation.owner) {
                return true;
            }
            *seen += 1;
            if *seen < injection.nth {
                return true;
            }
            forced = Some(injection.resp);
            false
        });
        let number = self.first + self.operations.len() as u64;
        self.operations.push_back(operation);
        while self.operations.len() > self.capacity {
            self.operations.pop_front();
            self.first += 1;
        }
        (number, forced)
    }

    /// Notes the end of a burst.
    pub(super) fn completed(&mut self, number: u64, operation: &BusOperation, now: u64, resp: u8) {
        let latency = now.saturating_sub(operation.posted);
        self.counters.entry(operation.purpose).or_default().count(operation, latency, resp);
        let kept = number.checked_sub(self.first).and_then(|at| self.operations.get_mut(at as usize));
        if let Some(kept) = kept {
            kept.completed = Some((now, resp));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(owner: Owner, purpose: Purpose) -> BusOperation {
        BusOperation { posted: 10, completed: None, purpose, owner, write: false, addr: 0, bytes: 32, id: 0 }
    }

    #[test]
    fn the_nth_matching_access_gets_the_error() {
        let mut trace = Trace::new(8);
        trace.inject(Injection { purpose: Purpose::Data, owner: Some(Owner::Transfer(3)), nth: 2, resp: 2 });
        let mut post = |owner, purpose| trace.posted(operation(owner, purpose)).1;
        assert_eq!(post(Owner::Transfer(3), Purpose::Data), None);
        assert_eq!(post(Owner::Transfer(4), Purpose::Data), None);
        assert_eq!(post(Owner::Transfer(3), Purpose::Prdt), None);
        assert_eq!(post(Owner::Transfer(3), Purpose::Data), Some(2));
        assert_eq!(post(Owner::Transfer(3), Purpose::Data), None);
    }

    #[test]
    fn old_operations_fall_out_but_stay_counted() {
        let mut trace = Trace::new(2);
        for n in 0..3 {
            let op = operation(Owner::Task(n), Purpose::Utmrd);
            let (number, _) = trace.posted(op);
            trace.completed(number, &op, 10 + 8 * (u64::from(n) + 1), if n == 2 { 3 } else { 0 });
        }
        assert_eq!(trace.operations().map(|op| op.owner).collect::<Vec<_>>(), [Owner::Task(1), Owner::Task(2)]);
        assert_eq!(trace.operations().next_back().and_then(|op| op.completed), Some((34, 3)));
        let counters = trace.of(Purpose::Utmrd);
        assert_eq!((counters.reads, counters.bytes, counters.errors), (3, 96, 1));
        assert_eq!((counters.latency_min, counters.latency_max, counters.latency_sum), (8, 24, 48));
        assert_eq!((counters.latency_log2[3], counters.latency_log2[4]), (1, 2));
    }

    #[test]
    fn no_trace_still_counts() {
        let mut trace = Trace::new(0);
        let op = operation(Owner::Transfer(0), Purpose::Ocs);
        let (number, _) = trace.posted(op);
        trace.completed(number, &op, 11, 0);
        assert_eq!(trace.operations().len(), 0);
        assert_eq!(trace.of(Purpose::Ocs).reads, 1);
    }
}
