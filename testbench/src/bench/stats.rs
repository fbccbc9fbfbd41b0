//! What a run counted: transactions, bytes, hits, walk reads, and how long addresses took.

/// Latencies below this are counted one by one; longer ones share the last place.
const BUCKETS: usize = 4096;

/// Distribution of a latency, in cycles.
#[derive(Clone, Debug)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    sum: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { buckets: vec![0; BUCKETS], count: 0, sum: 0, max: 0 }
    }
}

impl Histogram {
    /// Adds one value.
    pub fn add(&mut self, cycles: u64) {
        self.buckets[(cycles as usize).min(BUCKETS - 1)] += 1;
        self.count += 1;
        self.sum += cycles;
        self.max = self.max.max(cycles);
    }

    /// Values added.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Largest value, 0 if there is none.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// Arithmetic mean, 0 if there is no value.
    pub fn mean(&self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            self.sum as f64 / self.count as f64
        }
    }

    /// The smallest value that at least `percent` per cent (0 to 100) of all values do not exceed; 0 if there is none. Values of
    /// 4095 and more all read as the largest one.
    pub fn percentile(&self, percent: f64) -> u64 {
        let wanted = ((self.count as f64 * percent / 100.0).ceil() as u64).clamp(1, self.count.max(1));
        let mut seen = 0;
        for (cycles, &n) in self.buckets.iter().enumerate() {
            seen += n;
            if seen >= wanted {
                return if cycles == BUCKETS - 1 { self.max } else { cycles as u64 };
            }
        }
        0
    }
}

/// Counts of a run since the bench was made or [`Stats::reset`] was called.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Reads that went downstream.
    pub reads: u64,
    /// Writes that went downstream.
    pub writes: u64,
    /// Bytes that those reads moved.
    pub read_bytes: u64,
    /// Bytes that those writes moved, counted as if all their strobes were set.
    pub write_bytes: u64,
    /// Transactions that were downstream two cycles after their acceptance, cycles in which downstream was not ready not counted.
    pub hits: u64,
    /// Transactions that the SMMU answered itself.
    pub refused: u64,
    /// Bursts on the walk port.
    pub walk_reads: u64,
    /// Cycles from acceptance at the client port to valid downstream, of all transactions that went there.
    pub latency: Histogram,
}

impl Stats {
    /// Transactions that ended or are on their way downstream, reads and writes, and refused ones.
    pub fn transactions(&self) -> u64 {
        self.reads + self.writes + self.refused
    }

    /// Share of hits among the transactions that went downstream, 0 to 1.
    pub fn hit_rate(&self) -> f64 {
        let all = self.reads + self.writes;
        if all == 0 {
            0.0
        } else {
            self.hits as f64 / all as f64
        }
    }

    /// Starts to count anew.
    pub fn reset(&mut self) {
        *self = Stats::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(50.0), 0);
        for cycles in 1..=100 {
            histogram.add(cycles);
        }
        assert_eq!(histogram.percentile(50.0), 50);
        assert_eq!(histogram.percentile(99.0), 99);
        assert_eq!(histogram.percentile(100.0), 100);
        histogram.add(10_000);
        assert_eq!((histogram.percentile(100.0), histogram.max(), histogram.count()), (10_000, 10_000, 101));
    }

    #[test]
    fn a_hit_rate_needs_no_transactions() {
        assert_eq!(Stats::default().hit_rate(), 0.0);
        let stats = Stats { reads: 3, writes: 1, hits: 3, ..Stats::default() };
        assert_eq!(stats.hit_rate(), 0.75);
    }
}
