//! The `ufshcd` driver with the Qualcomm glue ([`super::ufs_qcom`]): from power-on to requests in the queue, and what it does when the
//! controller reports a fatal error.
//!
//! | file | what |
//! | --- | --- |
//! | `init` | enable, link start-up, lists, run-stop, NOP OUT, device-init query, power mode |
//! | `uic` | UIC commands |
//! | `dev_cmd` | NOP OUT and QUERY on the reserved slot, with time-outs on jiffies |
//! | `queue` | SCSI commands on the other slots |
//! | `intr` | interrupt handler, error check, register dump, error handler |
//!
//! The driver sleeps in [`Hba::sleep_until`] only; there time passes and interrupts are taken.

use super::dma::Coherent;
use super::kernel::Level;
use super::platform::Platform;
use super::ufs_qcom::UfsQcom;
use super::{LinuxError, Result};
use crate::ufs::registers as reg;

mod dev_cmd;
mod init;
mod intr;
mod queue;
mod uic;

pub use intr::dump_lines;
pub use queue::{Done, ScsiCommand};

/// Bytes of a command descriptor: 512 for the command UPIU, 512 for the response, 128 PRDT entries.
const UCD_BYTES: u64 = 0xc00;
/// Offset of the response UPIU in it.
const UCD_RESPONSE: u64 = 0x200;
/// Offset of the PRDT in it.
const UCD_PRDT: u64 = 0x400;
/// Words of the register dump.
pub const DUMP_WORDS: usize = (reg::DUMP_BYTES / 4) as usize;

/// What the device tree says about the controller.
#[derive(Clone, Copy, Debug)]
pub struct UfsNode {
    /// Device name: `1d84000.ufshc`.
    pub name: &'static str,
    /// `qcom,ice`: the inline crypto engine is there and used.
    pub ice: bool,
}

/// State of the driver, as it prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HbaState {
    /// Not yet operational.
    Reset,
    /// Requests are taken.
    Operational,
    /// A fatal error waits for, or is in, the error handler.
    EhFatal,
}

impl HbaState {
    /// The driver's name of the state.
    pub fn name(self) -> &'static str {
        match self {
            HbaState::Reset => "reset",
            HbaState::Operational => "operational",
            HbaState::EhFatal => "eh_fatal",
        }
    }
}

/// The driver's state.
#[derive(Debug)]
pub struct Hba {
    node: UfsNode,
    qcom: UfsQcom,
    /// Transfer request slots, task management slots.
    slots: u32,
    ucd: Coherent,
    utrl: Coherent,
    utmrl: Coherent,
    state: HbaState,
    /// Fatal interrupt bits, collected for the error handler.
    saved_err: u32,
    /// UIC errors, collected for the error handler.
    saved_uic_err: u32,
    /// The error handler is queued.
    eh_work: bool,
    /// Supplies and clocks are on: from the probe to the teardown of a failed scan.
    powered: bool,
    /// The machine goes down.
    shutting_down: bool,
    /// The error handler has to reset the controller in any case.
    force_reset: bool,
    /// Result and value of the UIC command that just ended.
    uic_done: Option<(u8, u32)>,
    /// A power mode change ended.
    power_done: bool,
    /// The command on the reserved slot ended.
    dev_cmd_done: bool,
    /// Slots that the controller has.
    outstanding: u32,
    /// SCSI commands that ended and nobody has looked at yet.
    done: Vec<u8>,
    /// The registers as the error check dumped them.
    pub dump: Option<[u32; DUMP_WORDS]>,
}

impl Hba {
    /// The slot that NOP OUT and QUERY use: the last one.
    fn reserved_slot(&self) -> u8 {
        (self.slots - 1) as u8
    }

    /// Address of the transfer request list as the device sees it.
    pub fn utrl_base(&self) -> u64 {
        self.utrl.dma
    }

    /// Transfer request slots.
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// Address of the task management list as the device sees it.
    pub fn utmrl_base(&self) -> u64 {
        self.utmrl.dma
    }

    /// Prints a line of this driver.
    fn print(&self, p: &mut Platform, level: Level, text: &str) -> Result<()> {
        p.kernel.printk(level, format!("ufshcd-qcom {}: {text}", self.node.name))
    }

    /// Takes interrupts and runs queued work once. The SMMU's handlers come first, as its line rises first.
    pub fn dispatch(&mut self, p: &mut Platform) -> Result<()> {
        p.smmu.interrupts(p.kernel)?;
        if p.kernel.machine().irq_ufs() {
            self.interrupt(p)?;
        }
        if self.eh_work {
            self.eh_work = false;
            self.error_handler(p)?;
        }
        Ok(())
    }

    /// Sleeps until `done` holds (true) or the kernel's time is `until_ns` (false). Without a time limit, a machine at rest with
    /// nothing done is an error.
    pub fn sleep_until(
        &mut self,
        p: &mut Platform,
        until_ns: Option<u64>,
        what: &str,
        done: impl Fn(&Hba) -> bool,
    ) -> Result<bool> {
        loop {
            self.dispatch(p)?;
            if done(self) {
                return Ok(true);
            }
            if until_ns.is_some_and(|until| p.kernel.now_ns() >= until) {
                return Ok(false);
            }
            if until_ns.is_none() && p.kernel.at_rest() {
                return Err(LinuxError::Hung(what.into()));
            }
            p.kernel.step(until_ns)?;
        }
    }

    /// Sleeps for a time given in microseconds (high-resolution timer).
    pub fn usleep(&mut self, p: &mut Platform, us: u64) -> Result<()> {
        let until = p.kernel.now_ns() + us * 1000;
        self.sleep_until(p, Some(until), "a delay", |_| false).map(|_| ())
    }

    /// Polls a register until `ready`; pauses of `step_us`, up to `limit_us`. Returns whether it got ready.
    fn poll(&mut self, p: &mut Platform, offset: u32, step_us: u64, limit_us: u64, ready: impl Fn(u32) -> bool) -> Result<bool> {
        let limit = p.kernel.now_ns() + limit_us * 1000;
        loop {
            if ready(p.kernel.ufs_read(offset)?) {
                return Ok(true);
            }
            if p.kernel.now_ns() >= limit {
                return Ok(false);
            }
            self.usleep(p, step_us)?;
        }
    }

    /// Read, change, write.
    pub(super) fn update(&mut self, p: &mut Platform, offset: u32, clear: u32, set: u32) -> Result<()> {
        let value = p.kernel.ufs_read(offset)?;
        p.kernel.ufs_write(offset, value & !clear | set)
    }
}
