//! The Qualcomm glue of `ufshcd`: what its controller needs before and after it is enabled and before the link is started.

use super::platform::Platform;
use super::ufshcd::Hba;
use super::{errno, Result};
use crate::ufs::mib::attr;
use crate::ufs::registers as reg;

/// `CFG1.QUNIPRO_SEL`.
const QUNIPRO_SEL: u32 = 1;
/// `CFG0.QUNIPRO_G4_SEL`.
const QUNIPRO_G4_SEL: u32 = 1 << 5;
/// `CFG2`: all hardware clock gates.
const CLOCK_GATES: u32 = 0xff;
/// `DME_VS_CORE_CLK_CTRL`: cycles in a microsecond, and clock gating.
const CORE_CLK_1US: u32 = 0xfff << 16;
const CORE_CLK_GATING: u32 = 1 << 9;
/// How long the transmitters may take to hibernate after the controller is enabled.
const HIBERN8_TRIES: u32 = 100;

/// What the glue remembers.
#[derive(Clone, Copy, Debug, Default)]
pub struct UfsQcom {
    hw_major: u32,
    /// Core clock in MHz, as the clock framework set it.
    core_mhz: u32,
}

impl UfsQcom {
    /// Reads the hardware version. `core_mhz`: the clock that the platform runs the controller with.
    pub fn new(p: &mut Platform, core_mhz: u32) -> Result<Self> {
        let version = p.kernel.ufs_read(reg::HW_VERSION)?;
        Ok(UfsQcom { hw_major: version >> 28, core_mhz })
    }

    /// Before the controller is enabled: core reset, PHY, UniPro selection.
    pub fn before_enable(self, hba: &mut Hba, p: &mut Platform) -> Result<()> {
        hba.usleep(p, 200)?;
        hba.update(p, reg::CFG1, 0, QUNIPRO_SEL)?;
        if self.hw_major >= 5 {
            hba.update(p, reg::CFG0, QUNIPRO_G4_SEL, 0)?;
        }
        Ok(())
    }

    /// After it: wait for the transmitters, then allow clock gating. Returns an error number.
    pub fn after_enable(self, hba: &mut Hba, p: &mut Platform) -> Result<i32> {
        const HIBERN8: u32 = 1;
        let mut tries = 0;
        while hba.dme_get(p, attr::TX_FSM_STATE)? != (0, HIBERN8) {
            tries += 1;
            if tries > HIBERN8_TRIES {
                return Ok(errno::ETIMEDOUT);
            }
            hba.usleep(p, 100)?;
        }
        hba.update(p, reg::CFG2, 0, CLOCK_GATES)?;
        for (attribute, gate) in
            [(attr::DL_VS_CLK_CFG, 1 << 9), (attr::VS_CLK_CFG, 1 << 9), (attr::VS_CORE_CLK_CTRL, CORE_CLK_GATING)]
        {
            let error = hba.dme_update(p, attribute, 0, gate)?;
            if error != 0 {
                return Ok(error);
            }
        }
        Ok(0)
    }

    /// Before the link is started: tell the controller its clock. Returns an error number.
    pub fn before_link(self, hba: &mut Hba, p: &mut Platform) -> Result<i32> {
        p.kernel.ufs_write(reg::SYS1CLK_1US, self.core_mhz)?;
        p.kernel.ufs_read(reg::SYS1CLK_1US)?;
        let error = hba.dme_update(p, attr::VS_CORE_CLK_CTRL, CORE_CLK_1US, self.core_mhz << 16)?;
        if error != 0 {
            return Ok(error);
        }
        if self.hw_major >= 4 {
            let cycles = (self.core_mhz * 40).div_ceil(1000);
            let error = hba.dme_update(p, attr::VS_CORE_CLK_40NS_CYCLES, 0x7f, cycles)?;
            if error != 0 {
                return Ok(error);
            }
        }
        hba.dme_set(p, attr::TX_LCC_ENABLE, 0)
    }
}
