//! Many seeds on all cores.
//!
//! Each seed is a program, a fresh device and a bench of its own, so that its result does not depend on what ran before it, on which
//! thread, or on how many there are. A program that fails is shrunk on the spot by the thread that found it.

use super::execute::{execute, Extras, Failure, Outcome};
use super::regression::Regression;
use super::shrink::{shrink, Shrunk};
use super::tree::ProgramTree;
use crate::bench::observe::Observer;
use crate::coverage::{Collector, Database};
use smmu_rtl::params::Params;
use smmu_sim::dut::{Device, DeviceError};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Runs that shrinking may take.
pub const MAX_SHRINK_RUNS: usize = 600;

/// Makes a device of this preset.
pub type Factory<'a> = dyn Fn(&'static Params) -> Result<Box<dyn Device>, DeviceError> + Sync + 'a;

/// What is run.
pub struct Runner<'a> {
    /// Sizes and straps.
    pub params: &'static Params,
    /// What makes devices.
    pub factory: &'a Factory<'a>,
    /// Count what is covered. A run that fails counts for nothing.
    pub coverage: bool,
    /// Threads.
    pub jobs: usize,
    /// Failures after which no new seed is begun.
    pub max_failures: usize,
    /// Runs that shrinking may take, for each failure.
    pub max_shrink_runs: usize,
}

/// A part of a range of seeds: those whose number leaves this remainder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// 1 to `of`.
    pub number: u64,
    /// How many there are.
    pub of: u64,
}

impl Shard {
    /// All seeds.
    pub const WHOLE: Shard = Shard { number: 1, of: 1 };

    /// The seeds of a range that are in this part.
    pub fn seeds(self, range: Range<u64>) -> impl Iterator<Item = u64> {
        let Shard { number, of } = self;
        range.filter(move |seed| seed % of == number - 1)
    }
}

/// The result of one seed.
#[derive(Clone, Debug)]
pub struct SeedResult {
    /// The seed.
    pub seed: u64,
    /// What its run did.
    pub outcome: Outcome,
    /// Time that it took, shrinking included.
    pub time: Duration,
    /// The small program, if it failed.
    pub shrunk: Option<Shrunk>,
}

impl SeedResult {
    /// What is to be kept of a failure.
    pub fn regression(&self, params: &Params) -> Option<Regression> {
        let shrunk = self.shrunk.as_ref()?;
        let Failure { kind, text, .. } = &shrunk.failure;
        let failure = format!("{kind}: {text}");
        Some(Regression { preset: params.name.to_string(), failure, program: shrunk.program.clone() })
    }
}

/// The results of many.
#[derive(Clone, Debug)]
pub struct Results {
    /// Seed by seed, in their order.
    pub seeds: Vec<SeedResult>,
    /// What they covered, if that was asked for.
    pub coverage: Option<Database>,
}

impl Runner<'_> {
    /// Runs seeds. `each` is called as they end, in any order, by one thread at a time.
    ///
    /// # Errors
    /// A device that cannot be made.
    pub fn run(&self, seeds: &[u64], each: &(dyn Fn(&SeedResult) + Sync)) -> Result<Results, DeviceError> {
        let next = AtomicU64::new(0);
        let failures = AtomicU64::new(0);
        let stop = AtomicBool::new(false);
        let results = Mutex::new(Results { seeds: Vec::new(), coverage: self.coverage.then(Database::default) });
        let broken = Mutex::new(None);
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.max(1) {
                scope.spawn(|| loop {
                    let at = next.fetch_add(1, Ordering::Relaxed) as usize;
                    let Some(&seed) = seeds.get(at).filter(|_| !stop.load(Ordering::Relaxed)) else { return };
                    match self.seed(seed) {
                        Ok((result, covered)) => {
                            let failed = result.outcome.failure.is_some();
                            if failed && failures.fetch_add(1, Ordering::Relaxed) + 1 >= self.max_failures as u64 {
                                stop.store(true, Ordering::Relaxed);
                            }
                            if let Ok(mut results) = results.lock() {
                                each(&result);
                                results.seeds.push(result);
                                if let (Some(all), Some(covered)) = (&mut results.coverage, covered) {
                                    all.merge(&covered);
                                }
                            }
                        }
                        Err(error) => {
                            stop.store(true, Ordering::Relaxed);
                            if let Ok(mut broken) = broken.lock() {
                                broken.get_or_insert(error);
                            }
                            return;
                        }
                    }
                });
            }
        });
        if let Some(error) = broken.into_inner().ok().flatten() {
            return Err(error);
        }
        let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        results.seeds.sort_by_key(|result| result.seed);
        Ok(results)
    }

    /// Runs one seed, and shrinks its program if it fails.
    ///
    /// # Errors
    /// A device that cannot be made.
    pub fn seed(&self, seed: u64) -> Result<(SeedResult, Option<Database>), DeviceError> {
        let start = Instant::now();
        let tree = ProgramTree::draw(seed, self.params);
        let collector = self.coverage.then(|| Collector::new(self.params));
        let observer = collector.clone().map(|collector| Box::new(collector) as Box<dyn Observer>);
        let outcome = execute(&tree.current(), (self.factory)(self.params)?, Extras { observer, ..Extras::default() });
        let mut shrunk = None;
        if let Some(failure) = &outcome.failure {
            let mut broken = None;
            let mut run = |program: &_| match (self.factory)(self.params) {
                Ok(device) => execute(program, device, Extras::default()),
                Err(error) => {
                    broken.get_or_insert(error);
                    Outcome::default()
                }
            };
            shrunk = Some(shrink(tree, failure.clone(), self.max_shrink_runs, &mut run));
            if let Some(error) = broken {
                return Err(error);
            }
        }
        let covered = collector.filter(|_| outcome.failure.is_none()).map(|collector| collector.database());
        Ok((SeedResult { seed, outcome, time: start.elapsed(), shrunk }, covered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_share_all_seeds_out() {
        let mut all: Vec<u64> = (1..=7).flat_map(|number| Shard { number, of: 7 }.seeds(100..200)).collect();
        all.sort_unstable();
        assert_eq!(all, (100..200).collect::<Vec<u64>>());
        assert_eq!(Shard::WHOLE.seeds(3..6).collect::<Vec<u64>>(), [3, 4, 5]);
    }
}
