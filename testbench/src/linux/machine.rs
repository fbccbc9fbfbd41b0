//! The machine as its CPU sees it: registers, memory, interrupt lines, time. The drivers know nothing else of the simulation.

use smmu_rtl::params::Params;

/// The hardware, or the check of it, failed: the run cannot go on.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct MachineError(Box<dyn std::error::Error + Send + Sync>);

impl MachineError {
    /// Wraps what went wrong below.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        MachineError(source.into())
    }
}

/// Short form.
pub type MachineResult<T> = Result<T, MachineError>;

/// A machine with an SMMU in front of a UFS host controller.
pub trait Machine {
    /// Sizes and straps of the SMMU.
    fn params(&self) -> &'static Params;
    /// Reads `bytes` (4 or 8) at a byte offset of the SMMU's register space; returns when the value is there.
    fn smmu_read(&mut self, offset: u32, bytes: u8) -> MachineResult<u64>;
    /// Writes; returns when the write response is there.
    fn smmu_write(&mut self, offset: u32, value: u64, bytes: u8) -> MachineResult<()>;
    /// Reads a 32-bit register of the UFS host controller.
    fn ufs_read(&mut self, offset: u32) -> MachineResult<u32>;
    /// Writes one.
    fn ufs_write(&mut self, offset: u32, value: u32) -> MachineResult<()>;
    /// Reads memory at a physical address.
    fn memory_read(&mut self, pa: u64, bytes: &mut [u8]) -> MachineResult<()>;
    /// Writes memory.
    fn memory_write(&mut self, pa: u64, bytes: &[u8]) -> MachineResult<()>;
    /// Level of the SMMU's global fault interrupt.
    fn irq_global(&self) -> bool;
    /// Level of the interrupt of a (physical) context bank.
    fn irq_context(&self, bank: usize) -> bool;
    /// Level of the UFS host controller's interrupt.
    fn irq_ufs(&self) -> bool;
    /// Lets the hardware run for one cycle.
    fn tick(&mut self) -> MachineResult<()>;
    /// Nothing is in flight on any bus, and has not been for so long that no interrupt can still be on its way: time may be jumped
    /// over.
    fn idle(&self) -> bool;
    /// Something will happen by itself: a timer runs inside a device.
    fn waits(&self) -> bool;
    /// Jumps over `ns` nanoseconds, or less: never beyond the next thing that happens by itself. Only when [`Machine::idle`].
    fn skip_ns(&mut self, ns: u64) -> MachineResult<()>;
    /// Nanoseconds since the machine was switched on.
    fn now_ns(&self) -> u64;
}
