//! SCSI commands on the slots below the reserved one.

use super::{Hba, HbaState, Platform, Result, UCD_BYTES, UCD_PRDT};
use crate::linux::dma::{Direction, Mapping};
use crate::linux::LinuxError;
use crate::ufs::upiu::{code, flag, Upiu};
use crate::ufs::utrd::{Ocs, PrdtEntry, PRDT_ENTRY_BYTES};

/// PRDT entries that a slot has room for.
const PRDT_ENTRIES: usize = 128;

/// A SCSI command.
#[derive(Clone, Copy, Debug)]
pub struct ScsiCommand<'a> {
    /// Logical unit.
    pub lun: u8,
    /// Command descriptor block, up to 16 bytes.
    pub cdb: &'a [u8],
    /// Bytes that are expected to move.
    pub bytes: u32,
    /// Who moves them.
    pub direction: Direction,
}

/// How a SCSI command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Its slot.
    pub slot: u8,
    /// Overall command status: 0 success.
    pub ocs: u8,
    /// The response is a RESPONSE UPIU of this slot with target success.
    pub response_ok: bool,
    /// SCSI status: 0 good.
    pub status: u8,
    /// Bytes expected and not moved.
    pub residual: u32,
}

impl Done {
    /// Everything went as asked.
    pub fn good(&self) -> bool {
        self.ocs == Ocs::Success as u8 && self.response_ok && self.status == 0 && self.residual == 0
    }
}

impl Hba {
    /// A slot that no command uses, if the controller takes commands.
    pub fn free_slot(&self) -> Option<u8> {
        let busy = self.outstanding | self.done.iter().fold(0, |mask, slot| mask | 1 << slot);
        (0..self.reserved_slot()).find(|slot| self.state == HbaState::Operational && busy >> slot & 1 == 0)
    }

    /// The controller has stopped on a fatal error.
    pub fn stopped(&self) -> bool {
        self.state == HbaState::EhFatal
    }

    /// Puts a command with its mapped data into a free slot and rings the doorbell.
    pub fn queue(&mut self, p: &mut Platform, slot: u8, command: ScsiCommand, data: Option<&Mapping>) -> Result<()> {
        let segments = data.map_or(&[][..], |mapping| &mapping.segments);
        if segments.len() > PRDT_ENTRIES {
            let bytes = segments.len() as u64 * PRDT_ENTRY_BYTES;
            return Err(LinuxError::OutsideBuffer { offset: UCD_PRDT, bytes, size: UCD_BYTES });
        }
        let (flags, direction) = match (command.bytes, command.direction) {
            (0, _) => (0, 0),
            (_, Direction::ToDevice) => (flag::WRITE, 1),
            (_, Direction::FromDevice) => (flag::READ, 2),
        };
        let mut left = u64::from(command.bytes);
        for (n, segment) in segments.iter().enumerate() {
            // The last page may be longer than what is moved.
            let bytes = segment.bytes.min(left);
            left -= bytes;
            let entry = PrdtEntry { addr: segment.dma, bytes: bytes as u32 };
            let at = u64::from(slot) * UCD_BYTES + UCD_PRDT + n as u64 * PRDT_ENTRY_BYTES;
            self.ucd.write(p.kernel, at, &entry.to_bytes())?;
        }
        let upiu = Upiu::command(flags, command.lun, slot, command.bytes, command.cdb);
        self.compose(p, slot, &upiu, direction, segments.len() as u16)?;
        self.ring(p, slot)
    }

    /// The next command that ended.
    pub fn next_done(&mut self, p: &mut Platform) -> Result<Option<Done>> {
        if self.done.is_empty() {
            return Ok(None);
        }
        let slot = self.done.remove(0);
        let ocs = self.ocs(p, slot)?;
        let answer = self.response(p, slot)?;
        let response_ok = answer.code() == code::RESPONSE && answer.dw1().response() == 0 && answer.dw0().tag() == slot;
        Ok(Some(Done { slot, ocs, response_ok, status: answer.dw1().status(), residual: answer.dword(3) }))
    }

    /// Sleeps until a command has ended or the controller has stopped.
    pub fn wait_done(&mut self, p: &mut Platform) -> Result<()> {
        self.sleep_until(p, None, "a SCSI command", |hba| !hba.done.is_empty() || hba.stopped()).map(|_| ())
    }
}
