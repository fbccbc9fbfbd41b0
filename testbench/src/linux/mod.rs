//! The Linux side: what the kernel's drivers do with the hardware, access by access.
//!
//! ```text
//!   ufshcd + ufs_qcom        drivers (this module)        arm_smmu
//!        |     \                                            |
//!        |      dma (direct | iommu ops) -- iova, io_pgtable
//!        |            |                                     |
//!   -----+------------+------- kernel: time, log, pages ----+-----
//!        |            |                                     |
//!        |            |                                hypervisor (bank numbers)
//!   UFS registers   memory                             SMMU registers        -> machine::Machine
//! ```
//!
//! The drivers are written as plain sequential code. A register access or a delay lets the simulated hardware run; interrupts are
//! taken wherever a driver sleeps. Nothing here knows how the machine below is simulated: all goes through
//! [`machine::Machine`].

use thiserror::Error;

pub mod arm_smmu;
pub mod dma;
pub mod hypervisor;
pub mod io_pgtable;
pub mod iova;
pub mod kernel;
pub mod machine;
pub mod pages;
pub mod platform;
pub mod sd;
#[cfg(test)]
pub mod testing;
pub mod ufs_qcom;
pub mod ufshcd;

/// Negative error numbers as drivers print them.
pub mod errno {
    /// Try again: a command timed out and was cleared.
    pub const EAGAIN: i32 = -11;
    /// No such device.
    pub const ENODEV: i32 = -19;
    /// Invalid argument.
    pub const EINVAL: i32 = -22;
    /// Input/output error.
    pub const EIO: i32 = -5;
    /// Timed out.
    pub const ETIMEDOUT: i32 = -110;
}

/// What stops a run. A failure that a real kernel reports and survives is not an error here: it is a log line and an error number.
#[derive(Debug, Error)]
pub enum LinuxError {
    /// The simulated hardware failed, or a check of it did.
    #[error(transparent)]
    Machine(#[from] machine::MachineError),
    /// The machine's memory map has no room left.
    #[error("no memory for {bytes} bytes: the scenario's memory map is too small")]
    OutOfMemory {
        /// Bytes asked for.
        bytes: u64,
    },
    /// The IOVA space is used up.
    #[error("no I/O virtual addresses for {bytes} bytes")]
    OutOfIova {
        /// Bytes asked for.
        bytes: u64,
    },
    /// A mapping that is not in whole pages, beyond the output size, or without any permission.
    #[error("cannot map {size:#x} bytes at {iova:#x} to {pa:#x}")]
    BadMapping {
        /// I/O virtual address.
        iova: u64,
        /// Physical address.
        pa: u64,
        /// Bytes.
        size: u64,
    },
    /// A range that is not in whole pages or beyond the input size.
    #[error("{iova:#x} + {size:#x} is no range of whole pages inside the input size")]
    BadRange {
        /// I/O virtual address.
        iova: u64,
        /// Bytes.
        size: u64,
    },
    /// Something is mapped there.
    #[error("{iova:#x} is already mapped")]
    AlreadyMapped {
        /// I/O virtual address.
        iova: u64,
    },
    /// Nothing is mapped there.
    #[error("{iova:#x} is not mapped")]
    NotMapped {
        /// I/O virtual address.
        iova: u64,
    },
    /// A buffer that a device with direct DMA ops cannot reach.
    #[error("{address:#x} is beyond the device's DMA mask {mask:#x}")]
    BeyondMask {
        /// Bus address.
        address: u64,
        /// DMA mask.
        mask: u64,
    },
    /// An access outside a buffer: a mistake in a driver.
    #[error("access at {offset:#x} + {bytes} is outside a buffer of {size} bytes")]
    OutsideBuffer {
        /// Offset into the buffer.
        offset: u64,
        /// Bytes.
        bytes: u64,
        /// Size of the buffer.
        size: u64,
    },
    /// The SMMU has something that the driver does not take.
    #[error("the SMMU driver does not support {0}")]
    Unsupported(String),
    /// A driver's probe failed.
    #[error("{driver}: probe failed: {why} ({errno})")]
    Probe {
        /// Driver and device.
        driver: String,
        /// What was wrong.
        why: String,
        /// Error number.
        errno: i32,
    },
    /// Nothing is in flight, no timer runs, and still something is waited for.
    #[error("the kernel waits for {0} with nothing in flight and no timer set")]
    Hung(String),
}

/// Short form.
pub type Result<T> = std::result::Result<T, LinuxError>;
