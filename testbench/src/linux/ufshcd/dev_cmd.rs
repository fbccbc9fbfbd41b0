//! Commands of the driver's own on the reserved slot: NOP OUT and QUERY.

use super::{reg, Hba, Platform, Result, UCD_BYTES, UCD_RESPONSE};
use crate::linux::errno;
use crate::linux::kernel::msecs_to_jiffies;
use crate::ufs::upiu::{code, Query, Upiu, HEADER_BYTES};
use crate::ufs::utrd::{Ocs, UtrdControl, CT_UFS_STORAGE, OCS_OFFSET, UTRD_BYTES};

/// Time for a query.
const QUERY_TIMEOUT_MS: u64 = 1500;

/// Query opcodes and ids of flags.
pub(super) mod flag {
    pub const READ: u8 = 5;
    pub const SET: u8 = 6;
    pub const DEVICE_INIT: u8 = 0x01;
}

/// Query opcodes and ids of attributes.
pub(super) mod attribute {
    pub const READ: u8 = 3;
    pub const WRITE: u8 = 4;
    pub const MAX_NUM_OF_RTT: u8 = 0x0c;
}

/// Query function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SetOrGet {
    Get = 0x01,
    Set = 0x81,
}

/// A query without value.
pub(super) fn query(opcode: u8, idn: u8) -> Query {
    Query { opcode, idn, ..Query::default() }
}

impl Hba {
    /// One NOP OUT. Returns an error number.
    pub(super) fn nop_out(&mut self, p: &mut Platform, timeout_ms: u64) -> Result<i32> {
        let upiu = Upiu::new(code::NOP_OUT, 0, 0, self.reserved_slot());
        let (error, answer) = self.dev_cmd(p, &upiu, timeout_ms)?;
        Ok(match error {
            0 if answer.code() != code::NOP_IN => errno::EINVAL,
            error => error,
        })
    }

    /// One QUERY. Returns an error number and the value that the device answered.
    pub(super) fn query(&mut self, p: &mut Platform, what: SetOrGet, request: Query) -> Result<(i32, u32)> {
        let upiu = Upiu::query(what as u8, self.reserved_slot(), request);
        let (error, answer) = self.dev_cmd(p, &upiu, QUERY_TIMEOUT_MS)?;
        Ok(match error {
            0 if answer.code() != code::QUERY_RESPONSE => (errno::EINVAL, 0),
            0 => (i32::from(answer.dw1().response()), answer.query_fields().value),
            error => (error, 0),
        })
    }

    /// Puts a UPIU into the reserved slot, rings the doorbell and sleeps until the interrupt or the time-out. A time-out of a command
    /// that can be cleared is "try again".
    fn dev_cmd(&mut self, p: &mut Platform, upiu: &Upiu, timeout_ms: u64) -> Result<(i32, Upiu)> {
        let slot = self.reserved_slot();
        self.dev_cmd_done = false;
        self.compose(p, slot, upiu, 0, 0)?;
        self.ring(p, slot)?;
        let until = p.kernel.timer(msecs_to_jiffies(timeout_ms));
        if self.sleep_until(p, Some(until), "a device command", |hba| hba.dev_cmd_done)? {
            let ocs = self.ocs(p, slot)?;
            let answer = self.response(p, slot)?;
            return Ok((if ocs == Ocs::Success as u8 { 0 } else { i32::from(ocs) }, answer));
        }
        let error = if self.clear(p, slot)? { errno::EAGAIN } else { errno::ETIMEDOUT };
        Ok((error, Upiu::default()))
    }

    /// Drops a command from the controller. True: its doorbell bit is gone.
    fn clear(&mut self, p: &mut Platform, slot: u8) -> Result<bool> {
        let mask = 1u32 << slot;
        p.kernel.ufs_write(reg::UTRLCLR, !mask)?;
        let cleared = self.poll(p, reg::UTRLDBR, 1000, 1_000_000, |dbr| dbr & mask == 0)?;
        if cleared {
            self.outstanding &= !mask;
        }
        Ok(cleared)
    }

    /// Writes command UPIU, empty response and descriptor of a slot. `direction`: 0 none, 1 to the device, 2 from it.
    pub(super) fn compose(&mut self, p: &mut Platform, slot: u8, upiu: &Upiu, direction: u8, prdt_entries: u16) -> Result<()> {
        let base = u64::from(slot) * UCD_BYTES;
        self.ucd.write(p.kernel, base, &upiu.to_bytes())?;
        self.ucd.write(p.kernel, base + UCD_RESPONSE, &[0; HEADER_BYTES])?;
        let mut utrd = self.utrd(slot);
        utrd.control = UtrdControl::new().with_command_type(CT_UFS_STORAGE).with_interrupt(true).with_direction(direction);
        utrd.prdt = utrd.prdt.with_length(prdt_entries);
        self.utrl.write(p.kernel, u64::from(slot) * UTRD_BYTES, &utrd.to_bytes())
    }

    /// Rings a slot's doorbell.
    pub(super) fn ring(&mut self, p: &mut Platform, slot: u8) -> Result<()> {
        self.outstanding |= 1 << slot;
        p.kernel.ufs_write(reg::UTRLDBR, 1 << slot)
    }

    /// Overall command status of a slot, from its descriptor.
    pub(super) fn ocs(&mut self, p: &mut Platform, slot: u8) -> Result<u8> {
        let mut word = [0; 4];
        self.utrl.read(p.kernel, u64::from(slot) * UTRD_BYTES + OCS_OFFSET, &mut word)?;
        Ok(word[0])
    }

    /// Response UPIU of a slot, header only.
    pub(super) fn response(&mut self, p: &mut Platform, slot: u8) -> Result<Upiu> {
        let mut bytes = [0; HEADER_BYTES];
        self.ucd.read(p.kernel, u64::from(slot) * UCD_BYTES + UCD_RESPONSE, &mut bytes)?;
        Ok(Upiu::from_bytes(&bytes))
    }
}
