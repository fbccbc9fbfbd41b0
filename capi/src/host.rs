//! The host: memory and interrupt lines behind three function pointers.

use smmu_sim::model::TableMemory;
use std::ffi::{c_int, c_uint, c_void};

/// Version of the structure that this library understands.
pub const ABI_VERSION: u32 = 1;

type ReadMemory = unsafe extern "C" fn(*mut c_void, u64, *mut c_void, usize) -> c_int;
type WriteMemory = unsafe extern "C" fn(*mut c_void, u64, *const c_void, usize) -> c_int;
type Interrupt = unsafe extern "C" fn(*mut c_void, c_uint, c_int);

/// `struct smmu_host` of `smmu_model.h`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SmmuHost {
    /// [`ABI_VERSION`].
    pub abi_version: u32,
    /// Unused.
    pub pad: u32,
    /// Handed back with every call.
    pub ctx: *mut c_void,
    /// Reads physical memory; 0, or -1 where there is none.
    pub mem_read: Option<ReadMemory>,
    /// Writes physical memory; 0, or -1 where there is none.
    pub mem_write: Option<WriteMemory>,
    /// A line has changed its level.
    pub irq: Option<Interrupt>,
}

/// The host as the rest of this library calls it.
pub struct Host {
    raw: SmmuHost,
    read: ReadMemory,
    write: WriteMemory,
}

// Safety: the interface is for one thread; the lock around the state refuses a second one while a call runs, and whether `ctx`
// may be used from another thread later is the host's promise, as in any C library with a context pointer.
unsafe impl Send for Host {}

impl Host {
    /// The host of that structure.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(raw: SmmuHost) -> Result<Self, String> {
        if raw.abi_version != ABI_VERSION {
            return Err(format!("abi_version is {}, and this library has {ABI_VERSION}", raw.abi_version));
        }
        let read = raw.mem_read.ok_or("mem_read is NULL: tables have to be read from somewhere")?;
        let write = raw.mem_write.ok_or("mem_write is NULL: client writes have to go somewhere")?;
        Ok(Host { raw, read, write })
    }

    /// Reads memory; false where there is none.
    pub fn read(&self, pa: u64, into: &mut [u8]) -> bool {
        // Safety: the pointer and its length are those of `into`; the function is the host's promise.
        unsafe { (self.read)(self.raw.ctx, pa, into.as_mut_ptr().cast(), into.len()) == 0 }
    }

    /// Writes memory; false where there is none.
    pub fn write(&self, pa: u64, from: &[u8]) -> bool {
        // Safety: as in `read`.
        unsafe { (self.write)(self.raw.ctx, pa, from.as_ptr().cast(), from.len()) == 0 }
    }

    /// Tells the level of a line.
    pub fn interrupt(&self, line: usize, level: bool) {
        if let Some(irq) = self.raw.irq {
            // Safety: the function is the host's promise.
            unsafe { irq(self.raw.ctx, line as c_uint, c_int::from(level)) }
        }
    }
}

impl TableMemory for &Host {
    fn read64(&mut self, pa: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        self.read(pa, &mut bytes).then(|| u64::from_le_bytes(bytes))
    }
}
