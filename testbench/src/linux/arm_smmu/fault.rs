//! Fault interrupts: read the record, print it, write the status back to clear it.

use super::{regs, ArmSmmu, Kernel, Level, Result, FSR_FAULT};

/// What the driver read from a context bank's fault registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultRecord {
    /// `FSR`.
    pub fsr: u32,
    /// `FAR`.
    pub far: u64,
    /// `FSYNR0`.
    pub fsynr0: u32,
    /// `CBFRSYNRA`: StreamID.
    pub cbfrsynra: u32,
    /// Context bank as Linux numbers it.
    pub cb: usize,
}

impl ArmSmmu {
    /// Runs the handlers of all interrupts that are up. True: there was a fault to handle.
    pub fn interrupts(&mut self, kernel: &mut Kernel) -> Result<bool> {
        let mut handled = false;
        if kernel.machine().irq_global() {
            handled |= self.global_fault(kernel)?;
        }
        for bank in 0..self.banks.len() {
            if self.banks[bank] && kernel.irq_context(bank) {
                handled |= self.context_fault(kernel, bank)?;
            }
        }
        Ok(handled)
    }

    /// Context fault: nobody asked to handle it, so it is printed and cleared.
    fn context_fault(&mut self, kernel: &mut Kernel, cb: usize) -> Result<bool> {
        let far = kernel.smmu_read64(self.bank(cb, regs::CB_FAR))?;
        let fsr = kernel.smmu_read32(self.bank(cb, regs::CB_FSR))?;
        let fsynr0 = kernel.smmu_read32(self.bank(cb, regs::CB_FSYNR0))?;
        let cbfrsynra = kernel.smmu_read32(self.global(regs::CBFRSYNRA, cb))?;
        if fsr & FSR_FAULT == 0 {
            return Ok(false);
        }
        self.faults.push(FaultRecord { fsr, far, fsynr0, cbfrsynra, cb });
        if self.ratelimit.allows(kernel.now_ns()) {
            let name = self.node.name;
            kernel.printk(
                Level::Err,
                format!(
                    "arm-smmu {name}: Unhandled context fault: \
                     fsr=0x{fsr:x}, iova=0x{far:08x}, fsynr=0x{fsynr0:x}, cbfrsynra=0x{cbfrsynra:x}, cb={cb}"
                ),
            )?;
        }
        kernel.smmu_write32(self.bank(cb, regs::CB_FSR), fsr)?;
        const STALLED: u32 = 1 << 30;
        const TERMINATE: u32 = 1;
        if fsr & STALLED != 0 {
            kernel.smmu_write32(self.bank(cb, regs::CB_RESUME), TERMINATE)?;
        }
        Ok(true)
    }

    /// Global fault: an unmatched stream is named, everything else is printed as it is.
    fn global_fault(&mut self, kernel: &mut Kernel) -> Result<bool> {
        const USF: u32 = 1 << 1;
        let sgfsr = self.global(regs::SGFSR, 0);
        let gfsr = kernel.smmu_read32(sgfsr)?;
        let synr0 = kernel.smmu_read32(self.global(regs::SGFSYNR0, 0))?;
        let synr1 = kernel.smmu_read32(self.global(regs::SGFSYNR1, 0))?;
        let synr2 = kernel.smmu_read32(self.global(regs::SGFSYNR2, 0))?;
        if gfsr == 0 {
            return Ok(false);
        }
        if self.global_ratelimit.allows(kernel.now_ns()) {
            let what = if gfsr & USF != 0 {
                format!(
                    "Blocked unknown Stream ID 0x{:x}; boot with \"arm-smmu.disable_bypass=0\" to allow, \
                     but this may have security implications",
                    synr1 & 0xffff
                )
            } else {
                "Unexpected global fault, this could be serious".to_string()
            };
            let name = self.node.name;
            kernel.printk(Level::Err, format!("arm-smmu {name}: {what}"))?;
            kernel.printk(
                Level::Err,
                format!(
                    "arm-smmu {name}: \tGFSR 0x{gfsr:08x}, GFSYNR0 0x{synr0:08x}, GFSYNR1 0x{synr1:08x}, GFSYNR2 0x{synr2:08x}"
                ),
            )?;
        }
        kernel.smmu_write32(sgfsr, gfsr)?;
        Ok(true)
    }
}
