//! Fault records and interrupts: what the registers show after a fault.
//!
//! The first fault is recorded; while it stands, a further one sets `MULTI` and is lost.

use super::access::{context_code, global_code, Access, Fault};
use super::bits::{bit, ones};
use super::file::RegisterFile;
use smmu_rtl::params::{S1CbndxStrap, Straps};
use smmu_rtl::registers as regs;

/// Sets the bits of `sGFSR`; true if it is the first fault there.
fn note_global(registers: &mut RegisterFile, code: u32) -> bool {
    let old = registers.get(regs::SGFSR, 0) as u32;
    let first = old & global_code::RECORDED == 0;
    registers.set(regs::SGFSR, 0, u64::from(old | if first { code } else { global_code::MULTI }));
    first
}

/// Sets the bits of a bank's `FSR`; true if it is the first fault there. Code 0 is a transaction that the bank did not look at.
fn note(registers: &mut RegisterFile, bank: usize, code: u32) -> bool {
    let first = registers.recorded(bank) == 0 && code != 0;
    let old = registers.get(regs::CB_FSR, bank) as u32;
    registers.set_fault_status(bank, old | if first { code } else { context_code::MULTI });
    first
}

fn flag(value: bool, bit: u32) -> u64 {
    u64::from(value) << bit
}

/// Records the fault of an access as its checks saw it ([`Fault::access`]).
pub fn record(registers: &mut RegisterFile, straps: &Straps, access: &Access, fault: &Fault) {
    if fault.global {
        if note_global(registers, fault.code) {
            let syndrome = flag(access.write, 1)
                | flag(access.privileged, 2)
                | flag(access.is_fetch(), 3)
                | flag(straps.nsstate, 4)
                | flag(straps.nsattr, 5);
            registers.set(regs::SGFAR, 0, access.addr);
            registers.set(regs::SGFSYNR0, 0, syndrome);
            registers.set(regs::SGFSYNR1, 0, access.stream_id.into());
        }
    } else if note(registers, fault.bank, fault.code) {
        let s1cbndx = match (fault.stage2, straps.s1cbndx) {
            (Some(stage2), _) => stage2.stage1_bank.unwrap_or(0),
            (None, S1CbndxStrap::Zero) => 0,
            (None, S1CbndxStrap::PhysicalBank) => fault.bank,
        } as u64
            & 0xFF;
        let nested = fault.stage2.is_some_and(|stage2| stage2.stage1_bank.is_some());
        let on_walk = fault.stage2.is_some_and(|stage2| stage2.on_walk);
        let syndrome = u64::from(fault.level)
            | flag(nested, 2)
            | flag(on_walk, 3)
            | flag(access.write, 4)
            | flag(access.privileged, 5)
            | flag(access.is_fetch(), 6)
            | flag(straps.nsstate, 7)
            | flag(straps.nsattr, 8)
            | flag(fault.ptwf, 10)
            | s1cbndx << 16;
        registers.set(regs::CB_FAR, fault.bank, access.addr);
        if let Some(stage2) = fault.stage2 {
            registers.set(regs::CB_IPAFAR, fault.bank, stage2.ipa & (ones(48) & !ones(12)));
        }
        registers.set(regs::CB_FSYNR0, fault.bank, syndrome);
        registers.set(regs::CBFRSYNRA, fault.bank, access.stream_id.into());
    }
}

/// Records an illegal register access at `offset`.
pub fn record_register_access(registers: &mut RegisterFile, offset: u32, write: bool) {
    if note_global(registers, global_code::CAF) {
        registers.set(regs::SGFAR, 0, offset.into());
        registers.set(regs::SGFSYNR0, 0, flag(write, 1));
        registers.set(regs::SGFSYNR1, 0, 0);
    }
}

/// Level of a bank's interrupt: `CFIE`, and a recorded fault or a stalled transaction.
pub fn context_interrupt(registers: &RegisterFile, bank: usize) -> bool {
    bit(registers.get(regs::CB_SCTLR, bank), 6) && (registers.recorded(bank) != 0 || registers.stalled(bank))
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
