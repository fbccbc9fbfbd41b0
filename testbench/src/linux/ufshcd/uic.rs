//! UIC commands: the way to the link's own attributes.

use super::{reg, Hba, Platform, Result};
use crate::linux::errno;
use crate::linux::kernel::msecs_to_jiffies;
use crate::ufs::registers::Hcs;

/// Opcodes.
pub(in crate::linux) mod op {
    pub const DME_GET: u32 = 0x01;
    pub const DME_SET: u32 = 0x02;
    pub const LINK_STARTUP: u32 = 0x16;
}

/// Time for a command to end.
const TIMEOUT_MS: u64 = 500;
/// `HCS.UPMCRS`: the power mode was changed locally, as asked.
const PWR_LOCAL: u8 = 1;

impl Hba {
    /// Sends a command and waits for its end. Error number (0: success) and the value read.
    pub(in crate::linux) fn uic(&mut self, p: &mut Platform, opcode: u32, args: [u32; 3]) -> Result<(i32, u32)> {
        if !self.poll(p, reg::HCS, 10, TIMEOUT_MS * 1000, |hcs| Hcs::from(hcs).ucrdy())? {
            return Ok((errno::EIO, 0));
        }
        self.uic_done = None;
        for (offset, value) in [reg::UCMDARG1, reg::UCMDARG2, reg::UCMDARG3].into_iter().zip(args) {
            p.kernel.ufs_write(offset, value)?;
        }
        p.kernel.ufs_write(reg::UICCMD, opcode)?;
        let until = p.kernel.timer(msecs_to_jiffies(TIMEOUT_MS));
        self.sleep_until(p, Some(until), "a UIC command", |hba| hba.uic_done.is_some())?;
        Ok(match self.uic_done.take() {
            Some((0, value)) => (0, value),
            Some((result, value)) => (i32::from(result), value),
            None => (errno::ETIMEDOUT, 0),
        })
    }

    /// Reads a local attribute.
    pub(in crate::linux) fn dme_get(&mut self, p: &mut Platform, attribute: u16) -> Result<(i32, u32)> {
        self.uic(p, op::DME_GET, [u32::from(attribute) << 16, 0, 0])
    }

    /// Writes a local attribute.
    pub(in crate::linux) fn dme_set(&mut self, p: &mut Platform, attribute: u16, value: u32) -> Result<i32> {
        Ok(self.uic(p, op::DME_SET, [u32::from(attribute) << 16, 0, value])?.0)
    }

    /// Read, change, write of a local attribute.
    pub(in crate::linux) fn dme_update(&mut self, p: &mut Platform, attribute: u16, clear: u32, set: u32) -> Result<i32> {
        match self.dme_get(p, attribute)? {
            (0, value) => self.dme_set(p, attribute, value & !clear | set),
            (error, _) => Ok(error),
        }
    }

    /// A SET that starts a change of the link's power mode: it ends with an interrupt of its own.
    pub(super) fn dme_set_power_mode(&mut self, p: &mut Platform, attribute: u16, value: u32) -> Result<i32> {
        self.power_done = false;
        let error = self.dme_set(p, attribute, value)?;
        if error != 0 {
            return Ok(error);
        }
        let until = p.kernel.timer(msecs_to_jiffies(TIMEOUT_MS));
        if !self.sleep_until(p, Some(until), "a power mode change", |hba| hba.power_done)? {
            return Ok(errno::ETIMEDOUT);
        }
        let status = Hcs::from(p.kernel.ufs_read(reg::HCS)?).upmcrs();
        Ok(if status == PWR_LOCAL { 0 } else { i32::from(status) })
    }
}
