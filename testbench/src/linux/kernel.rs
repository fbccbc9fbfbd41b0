//! The kernel proper: the log, time in jiffies, timers, delays, and the CPU's way to registers and memory.
//!
//! Time is the machine's, plus what had passed of the boot when the machine was switched on (an input of the scenario). A timer
//! goes off on a tick of the timer wheel, which rounds up: on its first level one tick, on higher levels up to their granularity.
//! This is why a time-out of 50 ms at 250 Hz takes 14 jiffies.

use super::hypervisor::Hypervisor;
use super::io_pgtable::TableStore;
use super::machine::Machine;
use super::pages::{FreeMemory, PageAllocator, PAGE};
use super::Result;

/// Ticks a second.
pub const HZ: u64 = 250;
/// Nanoseconds in a jiffy.
pub const JIFFY_NS: u64 = 1_000_000_000 / HZ;
/// What a line of the log costs the CPU (a buffered console).
const PRINTK_NS: u64 = 5_000;
/// What an access to a device register costs the CPU beyond the hardware's own latency.
const MMIO_NS: u64 = 40;
/// From the tick that ends a sleep until the sleeper runs: timer softirq and scheduler.
const WAKE_NS: u64 = 12_000;

/// Severity of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `KERN_ERR`.
    Err = 3,
    /// `KERN_WARNING`.
    Warning = 4,
    /// `KERN_NOTICE`.
    Notice = 5,
    /// `KERN_INFO`.
    Info = 6,
}

/// A line of the kernel log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Kernel time, nanoseconds.
    pub time_ns: u64,
    /// Severity.
    pub level: Level,
    /// Text without time stamp.
    pub text: String,
}

impl std::fmt::Display for LogLine {
    /// As the kernel shows it: `[    3.846856] text`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let us = self.time_ns / 1000;
        write!(f, "[{:5}.{:06}] {}", us / 1_000_000, us % 1_000_000, self.text)
    }
}

/// Jiffies that a time in milliseconds takes, rounded up.
pub fn msecs_to_jiffies(ms: u64) -> u64 {
    (ms * HZ).div_ceil(1000)
}

/// The jiffy on which a timer that is armed at `now` for `expires` goes off. The wheel has levels of 64 buckets, each level eight
/// times coarser; a timer goes to the first level that reaches far enough and fires at the end of its bucket.
pub fn wheel_expiry(now: u64, expires: u64) -> u64 {
    let delta = expires.saturating_sub(now);
    let level = (0..8).find(|n| delta < 63 << (3 * n)).unwrap_or(8);
    let shift = 3 * level;
    ((expires >> shift) + 1) << shift
}

/// At most `BURST` messages in `INTERVAL_NS`, as the kernel limits a source of many.
#[derive(Clone, Debug, Default)]
pub struct RateLimit {
    begin_ns: Option<u64>,
    printed: u32,
}

impl RateLimit {
    const INTERVAL_NS: u64 = 5_000_000_000;
    const BURST: u32 = 10;

    /// May a message of this source be printed now?
    pub fn allows(&mut self, now_ns: u64) -> bool {
        if self.begin_ns.is_none_or(|begin| now_ns > begin + Self::INTERVAL_NS) {
            *self = RateLimit { begin_ns: Some(now_ns), printed: 0 };
        }
        self.printed += 1;
        self.printed <= Self::BURST
    }
}

/// The kernel on its machine.
pub struct Kernel<'m> {
    machine: &'m mut dyn Machine,
    hypervisor: Hypervisor,
    /// Physical pages.
    pub pages: PageAllocator,
    boot_ns: u64,
    console: Level,
    log: Vec<LogLine>,
}

impl<'m> Kernel<'m> {
    /// A kernel that is `boot_ns` into its boot and shows log lines up to the severity `console`.
    pub fn new(machine: &'m mut dyn Machine, hypervisor: Hypervisor, free: FreeMemory, boot_ns: u64, console: Level) -> Self {
        Kernel { machine, hypervisor, pages: PageAllocator::new(free), boot_ns, console, log: Vec::new() }
    }

    /// The machine.
    pub fn machine(&self) -> &dyn Machine {
        self.machine
    }

    /// The lines shown, oldest first.
    pub fn into_log(self) -> Vec<LogLine> {
        self.log
    }

    /// The lines shown so far.
    pub fn log(&self) -> &[LogLine] {
        &self.log
    }

    /// Kernel time in nanoseconds.
    pub fn now_ns(&self) -> u64 {
        self.boot_ns + self.machine.now_ns()
    }

    /// Ticks so far.
    pub fn jiffies(&self) -> u64 {
        self.now_ns() / JIFFY_NS
    }

    /// Kernel time at which a sleep of `jiffies` that starts now is ended by its timer.
    pub fn timer(&self, jiffies: u64) -> u64 {
        let now = self.jiffies();
        wheel_expiry(now, now + jiffies) * JIFFY_NS + WAKE_NS
    }

    /// Appends a line to the log, if the console shows its severity.
    pub fn printk(&mut self, level: Level, text: impl Into<String>) -> Result<()> {
        if level <= self.console {
            let time_ns = self.now_ns();
            self.log.push(LogLine { time_ns, level, text: text.into() });
            self.delay_ns(PRINTK_NS)?;
        }
        Ok(())
    }

    /// Lets one step of time pass: a cycle, or, on an idle machine, everything up to `until_ns` or to the next event inside a device.
    pub fn step(&mut self, until_ns: Option<u64>) -> Result<()> {
        let now = self.now_ns();
        let jump = match until_ns {
            Some(until) => until.saturating_sub(now),
            None if self.machine.waits() => u64::MAX,
            None => 0,
        };
        if jump > 0 && self.machine.idle() {
            self.machine.skip_ns(jump)?;
            if self.now_ns() > now {
                return Ok(());
            }
        }
        Ok(self.machine.tick()?)
    }

    /// Nothing is in flight, and nothing will happen by itself.
    pub fn at_rest(&self) -> bool {
        self.machine.idle() && !self.machine.waits()
    }

    /// Busy-waits; no interrupt is taken.
    pub fn delay_ns(&mut self, ns: u64) -> Result<()> {
        let until = self.now_ns() + ns;
        while self.now_ns() < until {
            self.step(Some(until))?;
        }
        Ok(())
    }

    /// 32-bit SMMU register read, as the hypervisor lets it through.
    pub fn smmu_read32(&mut self, offset: u32) -> Result<u32> {
        Ok(self.hypervisor.read(self.machine, offset, 4)? as u32)
    }

    /// 64-bit SMMU register read.
    pub fn smmu_read64(&mut self, offset: u32) -> Result<u64> {
        Ok(self.hypervisor.read(self.machine, offset, 8)?)
    }

    /// 32-bit SMMU register write.
    pub fn smmu_write32(&mut self, offset: u32, value: u32) -> Result<()> {
        Ok(self.hypervisor.write(self.machine, offset, u64::from(value), 4)?)
    }

    /// 64-bit SMMU register write.
    pub fn smmu_write64(&mut self, offset: u32, value: u64) -> Result<()> {
        Ok(self.hypervisor.write(self.machine, offset, value, 8)?)
    }

    /// Level of the interrupt of one of Linux's context banks.
    pub fn irq_context(&self, bank: usize) -> bool {
        self.hypervisor.physical(bank).is_some_and(|physical| self.machine.irq_context(physical))
    }

    /// UFS register read.
    pub fn ufs_read(&mut self, offset: u32) -> Result<u32> {
        self.delay_ns(MMIO_NS)?;
        Ok(self.machine.ufs_read(offset)?)
    }

    /// UFS register write.
    pub fn ufs_write(&mut self, offset: u32, value: u32) -> Result<()> {
        self.delay_ns(MMIO_NS)?;
        Ok(self.machine.ufs_write(offset, value)?)
    }

    /// Reads memory.
    pub fn read(&mut self, pa: u64, bytes: &mut [u8]) -> Result<()> {
        Ok(self.machine.memory_read(pa, bytes)?)
    }

    /// Writes memory.
    pub fn write(&mut self, pa: u64, bytes: &[u8]) -> Result<()> {
        Ok(self.machine.memory_write(pa, bytes)?)
    }

    /// A cleared page.
    pub fn zeroed_page(&mut self) -> Result<u64> {
        let page = self.pages.alloc()?;
        self.write(page, &[0; PAGE as usize])?;
        Ok(page)
    }
}

impl TableStore for Kernel<'_> {
    fn read64(&mut self, pa: u64) -> Result<u64> {
        let mut word = [0; 8];
        self.read(pa, &mut word)?;
        Ok(u64::from_le_bytes(word))
    }

    fn write64(&mut self, pa: u64, value: u64) -> Result<()> {
        self.write(pa, &value.to_le_bytes())
    }

    fn alloc_table(&mut self) -> Result<u64> {
        self.zeroed_page()
    }

    fn free_table(&mut self, pa: u64) {
        self.pages.free(pa);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_milliseconds_are_fourteen_ticks() {
        assert_eq!(msecs_to_jiffies(50), 13);
        assert_eq!(wheel_expiry(1000, 1013), 1014);
    }

    #[test]
    fn the_wheel_never_fires_early_and_gets_coarser_with_distance() {
        for delta in 0..5000u64 {
            let fired = wheel_expiry(12345, 12345 + delta);
            let granularity = [(63, 1), (504, 8), (4032, 64), (u64::MAX, 512)].iter().find(|l| delta < l.0).unwrap().1;
            assert!(fired > 12345 + delta && fired <= 12345 + delta + granularity, "{delta}: {fired}");
            assert_eq!(fired % granularity, 0);
        }
    }

    #[test]
    fn lines_look_like_the_kernels() {
        let line = LogLine { time_ns: 3_846_856_999, level: Level::Err, text: "arm-smmu x: y".into() };
        assert_eq!(line.to_string(), "[    3.846856] arm-smmu x: y");
        let line = LogLine { time_ns: 123_456_000_001_000, ..line };
        assert_eq!(line.to_string(), "[123456.000001] arm-smmu x: y");
    }

    #[test]
    fn a_source_may_print_ten_lines_in_five_seconds() {
        let mut limit = RateLimit::default();
        let printed = (0..20).filter(|n| limit.allows(n * 1000)).count();
        assert_eq!(printed, 10);
        assert!(limit.allows(5_000_000_001));
    }
}
