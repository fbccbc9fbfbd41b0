//! Coverage of many runs in many threads: each has a collector of its own, and counts only if it passed.

use super::{Collector, Database};
use crate::bench::observe::{Event, Observer};
use smmu_rtl::params::Params;
use smmu_sim::dut::{Inputs, Outputs};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Gathers the counts of runs that are told apart by a number. Clones share what they gather.
#[derive(Clone)]
pub struct Gather {
    params: &'static Params,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    /// Runs that have ended and not been judged.
    ended: BTreeMap<u64, Database>,
    passed: Database,
}

impl Gather {
    /// Nothing gathered yet, for hardware of this preset.
    pub fn new(params: &'static Params) -> Self {
        Gather { params, shared: Arc::default() }
    }

    /// Looks on at run `number`, in any thread. What it counted is handed over when it is dropped.
    pub fn observer(&self, number: u64) -> Box<dyn Observer> {
        Box::new(Watch { collector: Collector::new(self.params), number, gather: self.clone() })
    }

    /// Run `number` has ended and its observer is gone: it counts if it passed, and for nothing if not.
    pub fn judge(&self, number: u64, passed: bool) {
        let mut shared = self.lock();
        if let Some(database) = shared.ended.remove(&number).filter(|_| passed) {
            shared.passed.merge(&database);
        }
    }

    /// The counts of all runs that passed.
    pub fn database(&self) -> Database {
        self.lock().passed.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A thread that panicked while it held the lock was between two whole counts.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Watch {
    collector: Collector,
    number: u64,
    gather: Gather,
}

impl Observer for Watch {
    fn cycle(&mut self, cycle: u64, inputs: &Inputs, outputs: &Outputs) {
        self.collector.cycle(cycle, inputs, outputs);
    }

    fn event(&mut self, event: &Event) {
        self.collector.event(event);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let database = self.collector.database();
        self.gather.lock().ended.insert(self.number, database);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smmu_rtl::params::MINI;

    #[test]
    fn only_runs_that_passed_count() {
        let gather = Gather::new(&MINI);
        std::thread::scope(|scope| {
            for number in 0..3 {
                let gather = &gather;
                scope.spawn(move || gather.observer(number).event(&Event::Reset { in_flight: number as usize }));
            }
        });
        assert_eq!(gather.database(), Database::default(), "nobody has said that they passed");
        gather.judge(0, true);
        gather.judge(1, false);
        gather.judge(2, true);
        let counts = gather.database();
        assert_eq!(counts.presets["mini"].runs, 2);
        assert_eq!((counts.hits("mini", "reset", "nothing"), counts.hits("mini", "reset", "transactions")), (1, 1));
    }
}
