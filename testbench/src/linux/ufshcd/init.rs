//! From power-on to a working link with an initialised device.

use super::dev_cmd::{attribute, flag, query, SetOrGet};
use super::uic::op;
use super::{reg, Hba, HbaState, Level, Platform, Result, UfsNode, UfsQcom, UCD_BYTES, UCD_PRDT, UCD_RESPONSE};
use crate::linux::{errno, LinuxError};
use crate::ufs::mib::attr;
use crate::ufs::registers::{Cap, Hce, Hcs, Interrupts};
use crate::ufs::utrd::{Utrd, UtrdPlace, UTMRD_BYTES, UTRD_BYTES};

/// Core clock that the platform's clock framework sets, MHz.
const CORE_MHZ: u32 = 300;
/// Tries to enable the controller, and to start the link.
const ENABLE_TRIES: u32 = 3;
const LINK_TRIES: u32 = 3;
/// NOP OUT: tries, and milliseconds for each.
const NOP_OUT_TRIES: u32 = 10;
const NOP_OUT_TIMEOUT_MS: u64 = 50;
/// Tries of a query.
const QUERY_TRIES: u32 = 3;
/// Device initialisation: time for the device to clear the flag.
const DEVICE_INIT_MS: u64 = 1500;
/// Taking the controller down after a failed scan: clocks off, regulators discharged.
const TEARDOWN_US: u64 = 10_000;

/// Interrupts of UIC commands: enabled with the controller.
fn uic_interrupts() -> Interrupts {
    Interrupts::new().with_uccs(true).with_upms(true).with_uhxs(true).with_uhes(true)
}

/// Interrupts of the UTP layer and errors: enabled when the lists run.
fn utp_interrupts() -> Interrupts {
    super::intr::fatal().with_utrcs(true).with_ue(true).with_ulls(true).with_utmrcs(true)
}

impl Hba {
    /// Probe: read what the controller is, make the lists, enable it. Prints the SCSI host's line.
    pub fn probe(p: &mut Platform, node: UfsNode) -> Result<Self> {
        let qcom = UfsQcom::new(p, CORE_MHZ)?;
        let cap = Cap::from(p.kernel.ufs_read(reg::CAP)?);
        p.kernel.ufs_read(reg::MCQCAP)?;
        p.kernel.ufs_read(reg::VER)?;
        let slots = u32::from(cap.nutrs()) + 1;
        let task_slots = u64::from(cap.nutmrs()) + 1;
        let ucd = p.alloc_coherent(u64::from(slots) * UCD_BYTES)?;
        let utrl = p.alloc_coherent(u64::from(slots) * UTRD_BYTES)?;
        let utmrl = p.alloc_coherent(task_slots * UTMRD_BYTES)?;
        let mut hba = Hba {
            node,
            qcom,
            slots,
            ucd,
            utrl,
            utmrl,
            state: HbaState::Reset,
            saved_err: 0,
            saved_uic_err: 0,
            eh_work: false,
            powered: true,
            shutting_down: false,
            force_reset: false,
            uic_done: None,
            power_done: false,
            dev_cmd_done: false,
            outstanding: 0,
            done: Vec::new(),
            dump: None,
        };
        hba.fill_lists(p)?;
        let pending = p.kernel.ufs_read(reg::IS)?;
        p.kernel.ufs_write(reg::IS, pending)?;
        p.kernel.ufs_write(reg::IE, 0)?;
        p.kernel.ufs_read(reg::IE)?;
        p.kernel.printk(Level::Info, "scsi host0: ufshcd")?;
        // The device's reset line: 10 us low, 10 us until it may be used.
        hba.usleep(p, 20)?;
        if node.ice {
            let header = p.kernel.ufs_read(reg::CCAP)?;
            for n in 0..header & 0xff {
                p.kernel.ufs_read(reg::CRYPTOCAP + 4 * n)?;
            }
        }
        match hba.enable(p)? {
            0 => Ok(hba),
            errno => Err(LinuxError::Probe {
                driver: format!("ufshcd-qcom {}", node.name),
                why: "the controller cannot be enabled".into(),
                errno,
            }),
        }
    }

    /// The parts of the transfer request descriptors that never change.
    fn fill_lists(&self, p: &mut Platform) -> Result<()> {
        for slot in 0..u64::from(self.slots) {
            let utrd = self.utrd(slot as u8);
            self.utrl.write(p.kernel, slot * UTRD_BYTES, &utrd.to_bytes())?;
        }
        Ok(())
    }

    /// The descriptor of a slot, without a command.
    pub(super) fn utrd(&self, slot: u8) -> Utrd {
        let place = |bytes: u64, length: u16| UtrdPlace::new().with_offset((bytes / 4) as u16).with_length(length);
        Utrd {
            ucd: self.ucd.dma + u64::from(slot) * UCD_BYTES,
            response: place(UCD_RESPONSE, ((UCD_PRDT - UCD_RESPONSE) / 4) as u16),
            prdt: place(UCD_PRDT, 0),
            ..Utrd::default()
        }
    }

    /// Enables the controller. Returns an error number.
    fn enable(&mut self, p: &mut Platform) -> Result<i32> {
        let enabled = |hce: u32| Hce::from(hce).enable();
        for _ in 0..ENABLE_TRIES {
            if enabled(p.kernel.ufs_read(reg::HCE)?) {
                p.kernel.ufs_write(reg::HCE, 0)?;
                self.poll(p, reg::HCE, 10, 1000, |hce| !enabled(hce))?;
            }
            let qcom = self.qcom;
            qcom.before_enable(self, p)?;
            p.kernel.ufs_write(reg::HCE, Hce::new().with_enable(true).with_crypto(self.node.ice).into())?;
            self.usleep(p, 100)?;
            if self.poll(p, reg::HCE, 1000, 50_000, enabled)? {
                self.update(p, reg::IE, 0, uic_interrupts().into())?;
                return qcom.after_enable(self, p);
            }
        }
        self.print(p, Level::Err, "Controller enable failed")?;
        Ok(errno::EIO)
    }

    /// The asynchronous part of the probe: link, device, power mode. Prints its failure; returns the error number.
    pub fn async_scan(&mut self, p: &mut Platform) -> Result<i32> {
        let error = self.device_init(p)?;
        if error != 0 {
            self.usleep(p, TEARDOWN_US)?;
            self.powered = false;
            self.print(p, Level::Err, &format!("ufshcd_async_scan failed: {error}"))?;
        }
        Ok(error)
    }

    fn device_init(&mut self, p: &mut Platform) -> Result<i32> {
        let steps = [
            Self::link_startup as fn(&mut Self, &mut Platform) -> Result<i32>,
            Self::make_operational,
            Self::verify_dev_init,
            Self::complete_dev_init,
            Self::device_parameters,
            Self::power_mode,
        ];
        for step in steps {
            let error = step(self, p)?;
            if error != 0 {
                return Ok(error);
            }
        }
        Ok(0)
    }

    fn link_startup(&mut self, p: &mut Platform) -> Result<i32> {
        let mut error = errno::ENODEV;
        for attempt in 0..LINK_TRIES {
            if attempt > 0 {
                error = self.enable(p)?;
                if error != 0 {
                    return Ok(error);
                }
            }
            let qcom = self.qcom;
            error = qcom.before_link(self, p)?;
            if error != 0 {
                return Ok(error);
            }
            error = self.uic(p, op::LINK_STARTUP, [0; 3])?.0;
            if error == 0 && Hcs::from(p.kernel.ufs_read(reg::HCS)?).dp() {
                // The first link start-up may leave a line reset in the error register: read, and thrown away.
                p.kernel.ufs_read(reg::UECPA)?;
                return Ok(0);
            }
        }
        self.print(p, Level::Err, &format!("link startup failed {error}"))?;
        Ok(if error == 0 { errno::ENODEV } else { error })
    }

    /// Lists and run-stop.
    fn make_operational(&mut self, p: &mut Platform) -> Result<i32> {
        self.update(p, reg::IE, 0, utp_interrupts().into())?;
        p.kernel.ufs_write(reg::UTRIACR, 0)?;
        p.kernel.ufs_write(reg::UTRLBA, self.utrl.dma as u32)?;
        p.kernel.ufs_write(reg::UTRLBAU, (self.utrl.dma >> 32) as u32)?;
        p.kernel.ufs_write(reg::UTMRLBA, self.utmrl.dma as u32)?;
        p.kernel.ufs_write(reg::UTMRLBAU, (self.utmrl.dma >> 32) as u32)?;
        let hcs = Hcs::from(p.kernel.ufs_read(reg::HCS)?);
        if !(hcs.utrlrdy() && hcs.utmrlrdy() && hcs.ucrdy()) {
            self.print(p, Level::Err, "Host controller not ready to process requests")?;
            return Ok(errno::EIO);
        }
        p.kernel.ufs_write(reg::UTMRLRSR, 1)?;
        p.kernel.ufs_write(reg::UTRLRSR, 1)?;
        self.state = HbaState::Operational;
        Ok(0)
    }

    /// NOP OUT until the device answers. Only a command that could not be cleared ends the tries early.
    fn verify_dev_init(&mut self, p: &mut Platform) -> Result<i32> {
        let mut error = 0;
        for _ in 0..NOP_OUT_TRIES {
            error = self.nop_out(p, NOP_OUT_TIMEOUT_MS)?;
            if error == 0 || error == errno::ETIMEDOUT {
                break;
            }
        }
        if error != 0 {
            self.print(p, Level::Err, &format!("ufshcd_verify_dev_init: NOP OUT failed {error}"))?;
        }
        Ok(error)
    }

    /// A query with its tries.
    fn query_retry(&mut self, p: &mut Platform, what: SetOrGet, request: crate::ufs::upiu::Query) -> Result<(i32, u32)> {
        let mut last = (errno::EIO, 0);
        for _ in 0..QUERY_TRIES {
            last = self.query(p, what, request)?;
            if last.0 == 0 {
                break;
            }
        }
        Ok(last)
    }

    /// Sets fDeviceInit and waits until the device has cleared it.
    fn complete_dev_init(&mut self, p: &mut Platform) -> Result<i32> {
        let (error, _) = self.query_retry(p, SetOrGet::Set, query(flag::SET, flag::DEVICE_INIT))?;
        if error != 0 {
            self.print(p, Level::Err, &format!("ufshcd_complete_dev_init: setting fDeviceInit flag failed with error {error}"))?;
            return Ok(error);
        }
        let limit = p.kernel.now_ns() + DEVICE_INIT_MS * 1_000_000;
        loop {
            let (error, value) = self.query_retry(p, SetOrGet::Get, query(flag::READ, flag::DEVICE_INIT))?;
            if error != 0 || value & 1 == 0 {
                return Ok(error);
            }
            if p.kernel.now_ns() > limit {
                self.print(p, Level::Err, "ufshcd_complete_dev_init: fDeviceInit was not cleared by the device")?;
                return Ok(errno::EIO);
            }
            self.usleep(p, 500)?;
        }
    }

    /// How many READY TO TRANSFERs may be outstanding: what both sides can.
    fn device_parameters(&mut self, p: &mut Platform) -> Result<i32> {
        let host = u32::from(Cap::from(p.kernel.ufs_read(reg::CAP)?).nortt()) + 1;
        let (error, device) = self.query_retry(p, SetOrGet::Get, query(attribute::READ, attribute::MAX_NUM_OF_RTT))?;
        if error != 0 || device <= host {
            return Ok(error);
        }
        let request = crate::ufs::upiu::Query { value: host, ..query(attribute::WRITE, attribute::MAX_NUM_OF_RTT) };
        Ok(self.query_retry(p, SetOrGet::Set, request)?.0)
    }

    /// All lanes, the highest gear, rate B.
    fn power_mode(&mut self, p: &mut Platform) -> Result<i32> {
        const FAST: u32 = 1;
        const RATE_B: u32 = 2;
        let (error, lanes) = self.dme_get(p, attr::CONNECTED_TX_LANES)?;
        if error != 0 {
            return Ok(error);
        }
        let (error, gear) = self.dme_get(p, attr::MAX_RX_HS_GEAR)?;
        if error != 0 {
            return Ok(error);
        }
        for (attribute, value) in [
            (attr::RX_GEAR, gear),
            (attr::ACTIVE_RX_LANES, lanes),
            (attr::TX_GEAR, gear),
            (attr::ACTIVE_TX_LANES, lanes),
            (attr::HS_SERIES, RATE_B),
        ] {
            let error = self.dme_set(p, attribute, value)?;
            if error != 0 {
                return Ok(error);
            }
        }
        let error = self.dme_set_power_mode(p, attr::POWER_MODE, FAST << 4 | FAST)?;
        if error != 0 {
            self.print(p, Level::Err, &format!("power mode change failed {error}"))?;
        }
        Ok(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the dump: 0x470 after the controller is enabled, 0x70a85 more when the lists run.
    #[test]
    fn interrupt_enables_are_the_kernels() {
        assert_eq!(u32::from(uic_interrupts()), 0x470);
        assert_eq!(u32::from(utp_interrupts()), 0x7_0a85);
    }
}
