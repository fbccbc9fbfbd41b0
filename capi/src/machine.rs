//! What runs behind the interface: the reference model, or hardware.

use crate::host::Host;
use smmu_rtl::params::{Params, VA_WIDTH};
use smmu_sim::model::{Access, Model, Verdict};

/// How a client transaction ended, as `SMMU_OK` and its like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// It went downstream.
    Ok = 0,
    /// It was answered with an error.
    Fault = 1,
    /// It was answered with zeros, or ignored.
    Zeros = 2,
    /// It waits for `RESUME`.
    Stalled = 3,
}

/// A client transaction's flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(pub u32);

impl Flags {
    /// A write.
    pub fn write(self) -> bool {
        self.0 & 1 != 0
    }

    /// AxPROT.
    pub fn prot(self) -> u8 {
        (self.0 >> 1 & 1 | self.0 >> 2 & 2 | self.0 & 4) as u8
    }
}

/// Something with registers, a client port and interrupt lines. Addresses and offsets are legal here ([`check_access`],
/// [`check_register`]).
pub trait Machine: Send {
    /// Its sizes.
    fn params(&self) -> &Params;
    /// A register read.
    ///
    /// # Errors
    /// The hardware failed.
    fn read(&mut self, offset: u32, bytes: u8) -> Result<u64, String>;
    /// A register write.
    ///
    /// # Errors
    /// The hardware failed.
    fn write(&mut self, offset: u32, value: u64, bytes: u8) -> Result<(), String>;
    /// A transaction without data; its downstream address.
    ///
    /// # Errors
    /// The hardware failed.
    fn translate(&mut self, sid: u32, addr: u64, flags: Flags) -> Result<(Status, u64), String>;
    /// A transfer inside one 4 KiB page.
    ///
    /// # Errors
    /// The hardware failed.
    fn transfer(&mut self, sid: u32, addr: u64, flags: Flags, data: &mut [u8]) -> Result<Status, String>;
    /// Time passes.
    ///
    /// # Errors
    /// The hardware failed.
    fn tick(&mut self, ns: u64) -> Result<(), String>;
    /// Hardware reset.
    ///
    /// # Errors
    /// The hardware failed.
    fn reset(&mut self) -> Result<(), String>;
    /// Level of a line: 0 global, 1 + n bank n; low for one that is not there.
    fn line(&self, line: usize) -> bool;
    /// The host.
    fn host(&self) -> &Host;
    /// Ends it.
    ///
    /// # Errors
    /// A wave could not be written.
    fn finish(&mut self) -> Result<(), String>;
}

/// The client address that goes onto the port.
///
/// # Errors
/// It does not fit.
pub fn check_access(params: &Params, sid: u32, iova: u64) -> Result<u64, String> {
    let ids = if params.features.exids { 16 } else { 15 };
    if sid >> ids != 0 {
        return Err(format!("StreamID {sid:#x} has more than {ids} bits"));
    }
    let unused = 64 - VA_WIDTH as u32;
    let sign = (((iova << unused) as i64) >> unused) as u64;
    if iova >> VA_WIDTH != 0 && sign != iova {
        return Err(format!("address {iova:#x} is not one of {VA_WIDTH} bits, nor sign-extended"));
    }
    Ok(iova & (u64::MAX >> unused))
}

/// The register offset that goes onto the port.
///
/// # Errors
/// There is none, or the access is cut wrongly.
pub fn check_register(params: &Params, off: u64, size: u32) -> Result<(u32, u8), String> {
    if size != 4 && size != 8 {
        return Err(format!("a register access has 4 or 8 bytes, not {size}"));
    }
    if !off.is_multiple_of(size.into()) {
        return Err(format!("offset {off:#x} is no multiple of {size}"));
    }
    if off >= u64::from(params.register_space()) {
        return Err(format!("offset {off:#x} is beyond the register space of {:#x} bytes", params.register_space()));
    }
    Ok((off as u32, size as u8))
}

/// The reference model.
pub struct ModelMachine {
    model: Model,
    host: Host,
}

impl ModelMachine {
    /// Of that hardware.
    pub fn new(params: &Params, host: Host) -> Self {
        ModelMachine { model: Model::new(params), host }
    }

    fn access(sid: u32, addr: u64, flags: Flags) -> Access {
        let prot = flags.prot();
        Access {
            stream_id: sid,
            addr,
            write: flags.write(),
            privileged: prot & 1 != 0,
            non_secure: prot & 2 != 0,
            instruction: prot & 4 != 0,
            illegal_burst: false,
        }
    }
}

impl Machine for ModelMachine {
    fn params(&self) -> &Params {
        self.model.params()
    }

    fn read(&mut self, offset: u32, bytes: u8) -> Result<u64, String> {
        Ok(self.model.load(offset, bytes))
    }

    fn write(&mut self, offset: u32, value: u64, bytes: u8) -> Result<(), String> {
        self.model.write(offset, value, bytes);
        self.model.settle(&mut &self.host);
        Ok(())
    }

    fn translate(&mut self, sid: u32, addr: u64, flags: Flags) -> Result<(Status, u64), String> {
        let verdict = self.model.translate(&Self::access(sid, addr, flags), &mut &self.host);
        Ok(match verdict {
            Verdict::Translated { pa } => (Status::Ok, pa),
            Verdict::Refused { raz: false, .. } => (Status::Fault, 0),
            Verdict::Refused { raz: true, .. } => (Status::Zeros, 0),
            Verdict::Stalled { .. } => (Status::Stalled, 0),
        })
    }

    fn transfer(&mut self, sid: u32, addr: u64, flags: Flags, data: &mut [u8]) -> Result<Status, String> {
        let (status, pa) = self.translate(sid, addr, flags)?;
        if status != Status::Ok {
            if status == Status::Zeros && !flags.write() {
                data.fill(0);
            }
            return Ok(status);
        }
        let done = if flags.write() { self.host.write(pa, data) } else { self.host.read(pa, data) };
        Ok(if done { Status::Ok } else { Status::Fault })
    }

    fn tick(&mut self, _ns: u64) -> Result<(), String> {
        Ok(())
    }

    fn reset(&mut self) -> Result<(), String> {
        self.model.reset();
        Ok(())
    }

    fn line(&self, line: usize) -> bool {
        match line.checked_sub(1) {
            None => self.model.irq_global(),
            Some(bank) => self.model.irq_context(bank),
        }
    }

    fn host(&self) -> &Host {
        &self.host
    }

    fn finish(&mut self) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smmu_rtl::params::ZYNQMP;

    #[test]
    fn what_fits_the_ports() {
        assert_eq!(check_access(&ZYNQMP, 0x7FFF, 0x1_FFFF_FFFF_FFFF), Ok(0x1_FFFF_FFFF_FFFF));
        assert_eq!(check_access(&ZYNQMP, 0, u64::MAX), Ok(0x1_FFFF_FFFF_FFFF));
        assert!(check_access(&ZYNQMP, 0x8000, 0).is_err());
        assert!(check_access(&ZYNQMP.with_everything(), 0x8000, 0).is_ok());
        assert!(check_access(&ZYNQMP, 0, 1 << 50).is_err());
        assert_eq!(check_register(&ZYNQMP, 0x1_FFFC, 4), Ok((0x1_FFFC, 4)));
        for (off, size) in [(0, 0), (0, 2), (4, 8), (2, 4), (0x2_0000, 4), (u64::MAX - 3, 4)] {
            assert!(check_register(&ZYNQMP, off, size).is_err(), "{off:#x} {size}");
        }
    }

    #[test]
    fn flags_as_axprot() {
        assert_eq!([1, 2, 4, 8].map(|flags| Flags(flags).prot()), [0, 1, 4, 2]);
        assert!(Flags(1).write() && !Flags(14).write());
    }
}
