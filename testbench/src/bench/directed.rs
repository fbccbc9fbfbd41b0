//! Blocking calls for directed tests: each runs the bench until its answer is there.

use super::{Bench, BenchError};
use crate::axi::master::{Burst, BurstDone};

impl Bench {
    /// Reads a 32-bit register.
    ///
    /// # Errors
    /// As [`Bench::tick`], or no answer long after the watchdog.
    pub fn read32(&mut self, offset: u32) -> Result<u32, BenchError> {
        self.lite.post_read(offset, 4);
        Ok(self.register_done(offset)? as u32)
    }

    /// Reads a 64-bit register.
    ///
    /// # Errors
    /// As [`Bench::read32`].
    pub fn read64(&mut self, offset: u32) -> Result<u64, BenchError> {
        self.lite.post_read(offset, 8);
        self.register_done(offset)
    }

    /// Writes a 32-bit register and waits for the response.
    ///
    /// # Errors
    /// As [`Bench::read32`].
    pub fn write32(&mut self, offset: u32, value: u32) -> Result<(), BenchError> {
        self.lite.post_write(offset, value.into(), 4);
        self.register_done(offset).map(|_| ())
    }

    /// Writes a 64-bit register and waits for the response.
    ///
    /// # Errors
    /// As [`Bench::read32`].
    pub fn write64(&mut self, offset: u32, value: u64) -> Result<(), BenchError> {
        self.lite.post_write(offset, value, 8);
        self.register_done(offset).map(|_| ())
    }

    /// Runs until all register accesses are done; the last one's value. Those posted before stay for [`Bench::mmio_poll`].
    fn register_done(&mut self, offset: u32) -> Result<u64, BenchError> {
        let start = self.cycle();
        while !self.lite.idle() {
            if self.cycle() - start > self.patience() {
                return self.timeout(format!("the answer to the register access at {offset:#x}"));
            }
            self.tick()?;
        }
        Ok(self.lite.take_last().unwrap_or_default())
    }

    pub(super) fn timeout<T>(&self, what: String) -> Result<T, BenchError> {
        Err(BenchError::Timeout { cycle: self.cycle(), what, limit: self.patience() })
    }

    /// Cycles that a blocking call waits: longer than the scoreboard's watchdog, which can say more.
    pub(super) fn patience(&self) -> u64 {
        2 * self.watchdog + 1024
    }

    /// Runs `cycles` cycles.
    ///
    /// # Errors
    /// As [`Bench::tick`].
    pub fn run_cycles(&mut self, cycles: u64) -> Result<(), BenchError> {
        for _ in 0..cycles {
            self.tick()?;
        }
        Ok(())
    }

    /// Runs until `done` says so.
    ///
    /// # Errors
    /// As [`Bench::tick`], or `what` did not come.
    pub fn run_until(&mut self, what: &str, mut done: impl FnMut(&mut Bench) -> bool) -> Result<(), BenchError> {
        let start = self.cycle();
        while !done(self) {
            if self.cycle() - start > self.patience() {
                return self.timeout(what.to_string());
            }
            self.tick()?;
        }
        Ok(())
    }

    /// Runs until the bench is [quiet](Bench::quiet), and checks that every port is at rest.
    ///
    /// # Errors
    /// As [`Bench::run_until`], or a port that has something left.
    pub fn drain(&mut self) -> Result<(), BenchError> {
        self.run_until("rest on all ports", |bench| bench.quiet())?;
        let cycle = self.cycle();
        for check in self.client_checks.iter().chain(&self.downstream_checks).chain([&self.walk_check]) {
            check.finish(cycle)?;
        }
        Ok(())
    }

    /// Starts bursts on client port `port` and runs until all of them, and none but them, are answered. In the order in which they
    /// were given.
    ///
    /// # Errors
    /// As [`Bench::tick`], or no end long after the watchdog (counted from the last answer).
    pub fn bursts(&mut self, port: usize, bursts: impl IntoIterator<Item = Burst>) -> Result<Vec<BurstDone>, BenchError> {
        let handles: Vec<u64> = bursts.into_iter().map(|burst| self.port(port).start(burst)).collect();
        let mut done: Vec<BurstDone> = Vec::with_capacity(handles.len());
        let mut last = self.cycle();
        while done.len() < handles.len() {
            while let Some(burst) = self.port(port).finished() {
                last = self.cycle();
                if handles.contains(&burst.handle) {
                    done.push(burst);
                }
            }
            if self.cycle() - last > self.patience() {
                return self.timeout(format!("the answer to {} bursts", handles.len() - done.len()));
            }
            if done.len() < handles.len() {
                self.tick()?;
            }
        }
        done.sort_by_key(|burst| burst.handle);
        Ok(done)
    }

    /// One burst on client port 0, to its end.
    ///
    /// # Errors
    /// As [`Bench::bursts`].
    pub fn burst(&mut self, burst: Burst) -> Result<BurstDone, BenchError> {
        let mut done = self.bursts(0, [burst])?;
        Ok(done.pop().unwrap_or_default())
    }

    /// An INCR read of `beats` beats of `1 << size` bytes on client port 0.
    ///
    /// # Errors
    /// As [`Bench::bursts`].
    pub fn burst_read(&mut self, stream_id: u32, addr: u64, beats: usize, size: u8) -> Result<BurstDone, BenchError> {
        self.burst(Burst::read(stream_id, addr, beats, size))
    }

    /// An INCR write of the same shape; `pattern(n)` is the data of beat `n`.
    ///
    /// # Errors
    /// As [`Bench::bursts`].
    pub fn burst_write(
        &mut self,
        stream_id: u32,
        addr: u64,
        beats: usize,
        size: u8,
        pattern: impl Fn(usize) -> u128,
    ) -> Result<BurstDone, BenchError> {
        let bus_bytes = self.port(0).bus_bytes();
        self.burst(Burst::write(stream_id, addr, beats, size, bus_bytes, pattern))
    }
}
