//! The machine at pin level: the SMMU on its bench with the UFS host controller as the master of client port 0.
//!
//! One tick is one cycle of both. The UFS controller acts first: what it posts is on the pins in the same cycle. A register access
//! of the CPU lets both run until the SMMU has answered. While nothing is in flight on any bus, time may be skipped, but not beyond
//! the next event inside the UFS controller.

use crate::bench::{Bench, BenchError};
use crate::linux::machine::{Machine, MachineError, MachineResult};
use crate::ufs::host::UfsHost;
use crate::ufs::presets::CLOCK_HZ;
use smmu_rtl::params::Params;

/// Bench and UFS host controller.
pub struct System {
    params: &'static Params,
    /// The SMMU with everything around it.
    pub bench: Bench,
    /// The DMA master.
    pub ufs: UfsHost,
}

impl System {
    /// Puts the UFS host controller on client port 0 of the bench, whose hardware is of that preset.
    pub fn new(params: &'static Params, bench: Bench, ufs: UfsHost) -> Self {
        System { params, bench, ufs }
    }

    /// Clocks everything once.
    pub fn tick(&mut self) -> Result<(), BenchError> {
        self.ufs.tick(self.bench.port(0));
        self.bench.tick()
    }

    /// Ticks until the posted register access is answered. The bench's watchdog bounds it.
    fn answer(&mut self) -> Result<u64, BenchError> {
        loop {
            if let Some(value) = self.bench.mmio_poll() {
                return Ok(value);
            }
            self.tick()?;
        }
    }
}

impl Machine for System {
    fn params(&self) -> &'static Params {
        self.params
    }

    fn smmu_read(&mut self, offset: u32, bytes: u8) -> MachineResult<u64> {
        self.bench.mmio_post_read(offset, bytes);
        self.answer().map_err(MachineError::new)
    }

    fn smmu_write(&mut self, offset: u32, value: u64, bytes: u8) -> MachineResult<()> {
        self.bench.mmio_post_write(offset, value, bytes);
        self.answer().map(|_| ()).map_err(MachineError::new)
    }

    fn ufs_read(&mut self, offset: u32) -> MachineResult<u32> {
        Ok(self.ufs.read32(offset))
    }

    fn ufs_write(&mut self, offset: u32, value: u32) -> MachineResult<()> {
        self.ufs.write32(offset, value);
        Ok(())
    }

    fn memory_read(&mut self, pa: u64, bytes: &mut [u8]) -> MachineResult<()> {
        self.bench.memory().read(pa, bytes).map_err(MachineError::new)
    }

    fn memory_write(&mut self, pa: u64, bytes: &[u8]) -> MachineResult<()> {
        self.bench.memory().write(pa, bytes).map_err(MachineError::new)
    }

    fn irq_global(&self) -> bool {
        self.bench.irq_global()
    }

    fn irq_context(&self, bank: usize) -> bool {
        self.bench.irq_context(bank)
    }

    fn irq_ufs(&self) -> bool {
        self.ufs.irq()
    }

    fn tick(&mut self) -> MachineResult<()> {
        System::tick(self).map_err(MachineError::new)
    }

    fn idle(&self) -> bool {
        self.ufs.idle() && self.bench.quiet()
    }

    fn waits(&self) -> bool {
        self.ufs.next_event_in().is_some()
    }

    fn skip_ns(&mut self, ns: u64) -> MachineResult<()> {
        let wanted = ns_to_cycles(ns);
        let cycles = wanted.min(self.ufs.next_event_in().unwrap_or(wanted));
        // The bench is quiet, so it jumps and does not tick: the UFS controller would miss those ticks.
        self.bench.skip_ns(cycles_to_ns(cycles)).map_err(MachineError::new)?;
        self.ufs.skip(cycles);
        Ok(())
    }

    fn now_ns(&self) -> u64 {
        self.bench.now_ns()
    }
}

/// Cycles that last at least `ns` nanoseconds.
fn ns_to_cycles(ns: u64) -> u64 {
    (u128::from(ns) * u128::from(CLOCK_HZ)).div_ceil(1_000_000_000) as u64
}

/// Nanoseconds of so many cycles, rounded down: as an argument of [`Bench::skip_ns`], which rounds up, exactly those cycles.
fn cycles_to_ns(cycles: u64) -> u64 {
    (u128::from(cycles) * 1_000_000_000 / u128::from(CLOCK_HZ)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_survive_the_way_through_nanoseconds() {
        for cycles in (0..1000).chain([299_999_999, 170_703_025, 1 << 40]) {
            assert_eq!(ns_to_cycles(cycles_to_ns(cycles)), cycles);
        }
    }
}
