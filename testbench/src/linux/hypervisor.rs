//! Qualcomm's hypervisor between Linux and the SMMU: it keeps some context banks (and stage 2) for itself, and shows Linux the rest
//! under numbers that begin at zero.
//!
//! Linux's bank `v` is the hardware's bank `first + v`. The shim moves accesses to bank pages and to the per-bank registers of
//! global page 1, renames banks in `S2CR.CBNDX`, and corrects what the ID registers say about banks and stages. Fault records
//! pass as they are: this is why `FSYNR0.S1CBNDX` shows a number that Linux does not know.

use super::machine::{Machine, MachineResult};
use smmu_rtl::params::{Params, REG_PAGE};
use smmu_rtl::registers as regs;

/// `S2CR.TYPE`: translate with context bank `CBNDX`.
const S2CR_TRANSLATE: u64 = 0;

/// Which banks Linux gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hypervisor {
    /// Hardware number of Linux's bank 0.
    first: usize,
    /// Banks that Linux sees.
    banks: usize,
}

impl Hypervisor {
    /// Linux sees `banks` banks, the first of which is the hardware's bank `first`. `None` if the hardware has not that many.
    pub fn new(params: &Params, first: usize, banks: usize) -> Option<Self> {
        (banks > 0 && first + banks <= params.num_cb).then_some(Hypervisor { first, banks })
    }

    /// No hypervisor: Linux sees the hardware.
    pub fn none(params: &Params) -> Self {
        Hypervisor { first: 0, banks: params.num_cb }
    }

    /// The hardware's number of Linux's bank, if Linux has it.
    pub fn physical(&self, bank: usize) -> Option<usize> {
        (bank < self.banks).then_some(self.first + bank)
    }

    /// Linux's number of the hardware's bank; a bank that Linux has not shows as the all-ones number.
    fn linux_bank(&self, physical: u64) -> u64 {
        match physical.checked_sub(self.first as u64) {
            Some(bank) if bank < self.banks as u64 => bank,
            _ => 0xff,
        }
    }

    /// Where an access goes: `None` if Linux has no such bank (reads as zero, writes are ignored).
    fn route(&self, params: &Params, offset: u32) -> Option<u32> {
        let page = (offset / REG_PAGE) as usize;
        if page == 1 {
            for array in [regs::CBAR, regs::CBFRSYNRA, regs::CBA2R] {
                let start = array.offset(params, 0);
                if (start..start + 0x200).contains(&offset) {
                    let bank = self.physical(((offset - start) / 4) as usize)?;
                    return Some(start + 4 * bank as u32);
                }
            }
        }
        if page >= params.num_page {
            let bank = self.physical(page - params.num_page)?;
            return Some((params.num_page + bank) as u32 * REG_PAGE + offset % REG_PAGE);
        }
        Some(offset)
    }

    /// A register read of `bytes` (4 or 8) by Linux.
    pub fn read(&self, machine: &mut dyn Machine, offset: u32, bytes: u8) -> MachineResult<u64> {
        let params = machine.params();
        let Some(target) = self.route(params, offset) else { return Ok(0) };
        let value = machine.smmu_read(target, bytes)?;
        Ok(match regs::at(params, offset) {
            Some((id, _)) if id == regs::IDR0 => {
                [("S2TS", 0), ("NTS", 0)].iter().fold(value, |v, (name, to)| put(id, name, v, *to))
            }
            Some((id, _)) if id == regs::IDR1 => {
                [("NUMCB", self.banks as u64), ("NUMS2CB", 0)].iter().fold(value, |v, (name, to)| put(id, name, v, *to))
            }
            Some((id, _)) if id == regs::S2CR && id.field("TYPE").get(value) == S2CR_TRANSLATE => {
                put(id, "CBNDX", value, self.linux_bank(id.field("CBNDX").get(value)))
            }
            _ => value,
        })
    }

    /// A register write of `bytes` (4 or 8) by Linux.
    pub fn write(&self, machine: &mut dyn Machine, offset: u32, value: u64, bytes: u8) -> MachineResult<()> {
        let params = machine.params();
        let Some(target) = self.route(params, offset) else { return Ok(()) };
        let value = match regs::at(params, offset) {
            Some((id, _)) if id == regs::S2CR && id.field("TYPE").get(value) == S2CR_TRANSLATE => {
                // A bank that Linux has not cannot be reached: the hardware refuses the all-ones number.
                let bank = self.physical(id.field("CBNDX").get(value) as usize).unwrap_or(0xff);
                put(id, "CBNDX", value, bank as u64)
            }
            _ => value,
        };
        machine.smmu_write(target, value, bytes)
    }
}

/// The value with one field replaced.
fn put(id: regs::RegId, field: &str, value: u64, to: u64) -> u64 {
    id.field(field).put(value, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::testing::{FakeMachine, Mmio};
    use crate::ufs::host::UfsHost;
    use smmu_rtl::params::{SC8180X, ZYNQMP};

    #[test]
    fn a_machine_has_only_the_banks_of_its_hardware() {
        assert!(Hypervisor::new(&SC8180X, 15, 113).is_some());
        assert!(Hypervisor::new(&SC8180X, 15, 114).is_none());
        assert_eq!(Hypervisor::new(&SC8180X, 15, 106).unwrap().physical(4), Some(19));
        assert_eq!(Hypervisor::new(&SC8180X, 15, 106).unwrap().physical(106), None);
        assert_eq!(Hypervisor::none(&ZYNQMP).physical(15), Some(15));
    }

    #[test]
    fn linux_sees_its_own_numbers_everywhere() {
        let mut machine = FakeMachine::new(&SC8180X, UfsHost::preset("sc8180x").unwrap(), &[]);
        let shim = Hypervisor::new(&SC8180X, 15, 106).unwrap();
        assert_eq!(shim.read(&mut machine, regs::IDR1.offset(&SC8180X, 0), 4).unwrap() & 0xff, 106);
        let s2cr = regs::S2CR.offset(&SC8180X, 3);
        // Translate with Linux's bank 4: the hardware gets 19, Linux reads 4. Bypass carries no bank.
        for (value, hardware) in [(4, 19), (0x0001_00ff, 0x0001_00ff), (110, 0xff)] {
            shim.write(&mut machine, s2cr, value, 4).unwrap();
            assert_eq!(machine.mmio.pop(), Some(Mmio::Write { offset: s2cr, value: hardware, bytes: 4 }));
        }
        shim.write(&mut machine, s2cr, 4, 4).unwrap();
        assert_eq!(shim.read(&mut machine, s2cr, 4).unwrap() & 0xff, 4);
        // Pages and arrays move; what Linux has not reads as zero and is not touched.
        for (linux, hardware) in [(0x8_4000, 0x9_3000), (0x1010, 0x104c), (0x1410, 0x144c), (0x1810, 0x184c), (0x48, 0x48)] {
            shim.read(&mut machine, linux, 4).unwrap();
            assert_eq!(machine.mmio.pop(), Some(Mmio::Read { offset: hardware, bytes: 4 }));
        }
        machine.mmio.clear();
        assert_eq!(shim.read(&mut machine, 0x8_0000 + 106 * 0x1000, 4).unwrap(), 0);
        shim.write(&mut machine, 0x1000 + 4 * 106, u64::MAX, 4).unwrap();
        assert!(machine.mmio.is_empty());
    }
}
