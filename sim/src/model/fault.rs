//! Fault records and interrupts: what the registers show after a fault.
//!
//! The first fault is recorded; while it stands, a further one sets `MULTI` and is lost.

use super::access::{context_code, global_code, Access, Fault};
use super::bits::bit;
use super::file::RegisterFile;
use smmu_rtl::params::{S1CbndxStrap, Straps};
use smmu_rtl::registers::{self as regs, RegId};

/// Sets the bits of a fault status register; true if it is the first fault there.
fn note(registers: &mut RegisterFile, status: RegId, index: usize, code: u32, recorded: u32, multi: u32) -> bool {
    let old = registers.get(status, index) as u32;
    let first = old & recorded == 0 && code != 0;
    registers.set(status, index, u64::from(old | if first { code } else { multi }));
    first
}

fn flag(value: bool, bit: u32) -> u64 {
    u64::from(value) << bit
}

/// Records the fault of an access.
pub fn record(registers: &mut RegisterFile, straps: &Straps, access: &Access, fault: &Fault) {
    if fault.global {
        if note(registers, regs::SGFSR, 0, fault.code, global_code::RECORDED, global_code::MULTI) {
            let syndrome = flag(access.write, 1)
                | flag(access.privileged, 2)
                | flag(access.is_fetch(), 3)
                | flag(straps.nsstate, 4)
                | flag(straps.nsattr, 5);
            registers.set(regs::SGFAR, 0, access.addr);
            registers.set(regs::SGFSYNR0, 0, syndrome);
            registers.set(regs::SGFSYNR1, 0, access.stream_id.into());
        }
    } else if note(registers, regs::CB_FSR, fault.bank, fault.code, context_code::RECORDED, context_code::MULTI) {
        let s1cbndx = match straps.s1cbndx {
            S1CbndxStrap::Zero => 0,
            S1CbndxStrap::PhysicalBank => fault.bank as u64 & 0xFF,
        };
        let syndrome = u64::from(fault.level)
            | flag(access.write, 4)
            | flag(access.privileged, 5)
            | flag(access.is_fetch(), 6)
            | flag(straps.nsstate, 7)
            | flag(straps.nsattr, 8)
            | flag(fault.ptwf, 10)
            | s1cbndx << 16;
        registers.set(regs::CB_FAR, fault.bank, access.addr);
        registers.set(regs::CB_FSYNR0, fault.bank, syndrome);
        registers.set(regs::CBFRSYNRA, fault.bank, access.stream_id.into());
    }
}

/// Records an illegal register access at `offset`.
pub fn record_register_access(registers: &mut RegisterFile, offset: u32, write: bool) {
    if note(registers, regs::SGFSR, 0, global_code::CAF, global_code::RECORDED, global_code::MULTI) {
        registers.set(regs::SGFAR, 0, offset.into());
        registers.set(regs::SGFSYNR0, 0, flag(write, 1));
        registers.set(regs::SGFSYNR1, 0, 0);
    }
}

/// Level of a bank's interrupt: `CFIE` and a recorded fault.
pub fn context_interrupt(registers: &RegisterFile, bank: usize) -> bool {
    bit(registers.get(regs::CB_SCTLR, bank), 6) && registers.recorded(bank) != 0
}

/// Level of the global interrupt: `GFIE` and a recorded fault.
pub fn global_interrupt(registers: &RegisterFile) -> bool {
    bit(registers.get(regs::SCR0, 0), 2) && registers.get(regs::SGFSR, 0) as u32 & global_code::RECORDED != 0
}

/// A refused access is answered OKAY with zeros: `CFRE` of its bank, or `GFRE`, is clear.
pub fn reads_as_zero(registers: &RegisterFile, fault: &Fault) -> bool {
    if fault.global {
        !bit(registers.get(regs::SCR0, 0), 1)
    } else {
        !bit(registers.get(regs::CB_SCTLR, fault.bank), 5)
    }
}
