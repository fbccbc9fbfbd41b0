//! Address translation operations: `ATS1*` of a bank, `GATS1*` and `GATS12*`, and their results. Decision D37 of
//! `docs/compliance.md`.

use super::access::TableMemory;
use super::attributes::Attributes;
use super::bank::{Fills, Translator};
use super::bits::ones;
use super::file::{Command, RegisterFile};
use super::permission::AccessKind;
use super::stream::banks_of;
use super::walk::{Stage2Fault, Stop};
use smmu_rtl::registers as regs;

/// `PAR.F`: the operation failed.
const FAILED: u64 = 1;
/// The operation could not be done.
const ATOT: u64 = 1 << 31;
/// The bank is not there.
const UCBF: u64 = 1 << 30;
/// The fault is of stage 2.
const STAGE2: u64 = 1 << 35;
/// Long format of the result.
const LONG: u64 = 1 << 11;
/// Non-secure.
const NS: u64 = 1 << 9;
/// Address bits of an operation: those of a client port.
const ADDRESS_BITS: u32 = 49;

/// An operation that was asked for and has no result yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    bank: usize,
    /// Result in `GPAR` instead of the bank's `PAR`.
    global: bool,
    /// Both stages.
    both: bool,
    kind: AccessKind,
    addr: u64,
}

impl Operation {
    /// The operation that a command is, if it is one.
    pub fn of(command: &Command) -> Option<Self> {
        let (global, both, privileged, write) = match command.register {
            regs::CB_ATS1PR => (false, false, true, false),
            regs::CB_ATS1PW => (false, false, true, true),
            regs::CB_ATS1UR => (false, false, false, false),
            regs::CB_ATS1UW => (false, false, false, true),
            regs::GATS1PR => (true, false, true, false),
            regs::GATS1PW => (true, false, true, true),
            regs::GATS1UR => (true, false, false, false),
            regs::GATS1UW => (true, false, false, true),
            regs::GATS12PR => (true, true, true, false),
            regs::GATS12PW => (true, true, true, true),
            regs::GATS12UR => (true, true, false, false),
            regs::GATS12UW => (true, true, false, true),
            _ => return None,
        };
        let bank = if global { (command.payload & 0xFF) as usize } else { command.index };
        let kind = AccessKind { write, privileged, fetch: false };
        Some(Operation { bank, global, both, kind, addr: command.payload & (ones(ADDRESS_BITS) & !ones(12)) })
    }

    /// The status register that shows it in progress, and its index.
    fn status(&self) -> (regs::RegId, usize) {
        if self.global {
            (regs::GATSR, 0)
        } else {
            (regs::CB_ATSR, self.bank)
        }
    }

    /// Another one is in progress there.
    pub fn is_busy(&self, registers: &RegisterFile) -> bool {
        let (id, index) = self.status();
        registers.get(id, index) & 1 != 0
    }

    /// Shows it in progress.
    pub fn start(&self, registers: &mut RegisterFile) {
        let (id, index) = self.status();
        registers.set(id, index, 1);
    }

    /// Does it: the result is in its register, and it is no longer in progress.
    pub fn finish(&self, registers: &mut RegisterFile, memory: &mut dyn TableMemory) {
        let result = self.result(registers, memory);
        let (id, index) = self.status();
        registers.set(id, index, 0);
        if self.global {
            registers.set(regs::GPAR, 0, result);
        } else {
            registers.set(regs::CB_PAR, self.bank, result);
        }
    }

    fn result(&self, registers: &RegisterFile, memory: &mut dyn TableMemory) -> u64 {
        if self.bank >= registers.banks() {
            return FAILED | UCBF | ATOT;
        }
        let Some(banks) = banks_of(registers, self.bank).filter(|banks| self.both || banks.first.is_some()) else {
            return FAILED | ATOT;
        };
        let mut translator = Translator { registers, caches: None, memory, fills: Fills::default() };
        let found = if self.both {
            translator.translate(&banks, self.addr, self.kind)
        } else {
            translator.stage1_alone(&banks, self.addr, self.kind)
        };
        match found {
            Ok(found) => {
                let used = if self.both { banks } else { super::stream::BankUse { second: None, ..banks } };
                let input = Attributes::from_axcache(0b1111, self.kind.write);
                let attributes = translator.attributes(&used, input, 0, &found);
                let long = registers.format(self.bank) != 0 && registers.params().features.attributes;
                let extra = if long { LONG | attributes.par_bits() } else { 0 };
                found.pa & (ones(48) & !ones(12)) | NS | extra
            }
            Err(Stop::One(fault)) => failed(fault.code, fault.level),
            Err(Stop::Two(Stage2Fault { fault, .. })) => failed(fault.code, fault.level) | STAGE2,
        }
    }
}

fn failed(code: u32, level: u8) -> u64 {
    FAILED | u64::from(code & 0xFE) | u64::from(level) << 32
}
