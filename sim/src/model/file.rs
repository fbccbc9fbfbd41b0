//! The register file: what every word of the register space holds, and what reads and writes of it do.
//!
//! One word of storage for each word of the register space, at its own offset. Which words are there, what a write reaches and
//! what reset leaves comes from the register table; what is not a matter of storage (commands, the lock of `ACTLR`,
//! `FSR.FORMAT`) stands here. Words of command registers are kept although they read as zero: the high word of a 64-bit command
//! waits there for its low word.

use super::access::context_code;
use super::bits::{bit, field};
use super::pmu;
use smmu_rtl::params::{Aarch32, Params};
use smmu_rtl::registers::{self as regs, RegId};

/// `FSR.FORMAT`.
const FORMAT: u32 = 3 << 9;
/// `FSR.SS`.
const STALLED: u32 = 1 << 30;

/// A write that does more than store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// The command register.
    pub register: RegId,
    /// Its index: the bank, for commands of a bank.
    pub index: usize,
    /// What was written, masked.
    pub payload: u64,
}

/// All registers.
#[derive(Clone, Debug)]
pub struct RegisterFile {
    params: Params,
    words: Vec<u32>,
}

impl RegisterFile {
    /// Registers of that hardware, reset.
    pub fn new(params: &Params) -> Self {
        let mut file = RegisterFile { params: *params, words: vec![0; params.register_space() as usize / 4] };
        file.reset();
        file
    }

    /// Back to the reset values.
    pub fn reset(&mut self) {
        self.words.fill(0);
        for id in RegId::all() {
            let in_each_page = id.count(&self.params);
            let pages = if id.register().space == regs::Space::Bank { self.params.num_cb } else { 1 };
            for index in 0..in_each_page * pages {
                self.set(id, index, regs::reset_value(&self.params, id));
            }
        }
    }

    /// Sizes, straps and features.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Context banks.
    pub fn banks(&self) -> usize {
        self.params.num_cb
    }

    fn word_index(&self, id: RegId, index: usize) -> usize {
        id.offset(&self.params, index) as usize / 4
    }

    /// Value of a register; `index` as in [`RegId::offset`].
    pub fn get(&self, id: RegId, index: usize) -> u64 {
        let word = self.word_index(id, index);
        let high = if id.register().width == 64 { u64::from(self.words[word + 1]) << 32 } else { 0 };
        u64::from(self.words[word]) | high
    }

    /// Sets a register, whatever software could write of it.
    pub fn set(&mut self, id: RegId, index: usize, value: u64) {
        let word = self.word_index(id, index);
        self.words[word] = value as u32;
        if id.register().width == 64 {
            self.words[word + 1] = (value >> 32) as u32;
        }
    }

    /// All registers of an array of 32-bit registers that stand side by side.
    pub fn all(&self, id: RegId) -> &[u32] {
        let first = self.word_index(id, 0);
        &self.words[first..first + id.count(&self.params)]
    }

    /// Fault bits of a bank, with `MULTI`.
    pub fn recorded(&self, bank: usize) -> u32 {
        self.get(regs::CB_FSR, bank) as u32 & context_code::RECORDED
    }

    /// Sets `FSR` of a bank. `FORMAT` is taken when the register starts to hold a fault, and goes with the last one.
    pub fn set_fault_status(&mut self, bank: usize, value: u32) {
        let format = match (self.recorded(bank), value & context_code::RECORDED) {
            (_, 0) => 0,
            (0, _) => self.format(bank) << 9,
            (_, _) => self.get(regs::CB_FSR, bank) as u32 & FORMAT,
        };
        self.set(regs::CB_FSR, bank, u64::from(value & !FORMAT | format));
    }

    /// Format of a bank as `FSR.FORMAT` says it.
    pub fn format(&self, bank: usize) -> u32 {
        let aarch32 = self.params.features.aarch32 != Aarch32::None && !bit(self.get(regs::CBA2R, bank), 0);
        if !aarch32 {
            2
        } else {
            let stage2 = field(self.get(regs::CBAR, bank), 17, 16) == 0;
            u32::from(stage2 || bit(self.get(regs::CB_TCR, bank), 31))
        }
    }

    /// `FSR.SS`: a transaction of the bank is stalled.
    pub fn stalled(&self, bank: usize) -> bool {
        self.get(regs::CB_FSR, bank) as u32 & STALLED != 0
    }

    /// Sets `FSR.SS`.
    pub fn set_stalled(&mut self, bank: usize, stalled: bool) {
        let fsr = self.get(regs::CB_FSR, bank) as u32 & !STALLED;
        self.set(regs::CB_FSR, bank, u64::from(fsr | if stalled { STALLED } else { 0 }));
    }

    /// `sCR0.VMID16EN`.
    pub fn wide_vmids(&self) -> bool {
        bit(self.get(regs::SCR0, 0), 31)
    }

    /// VMID of a bank.
    pub fn vmid(&self, bank: usize) -> u16 {
        if self.wide_vmids() {
            (self.get(regs::CBA2R, bank) >> 16) as u16
        } else {
            self.get(regs::CBAR, bank) as u16 & 0xFF
        }
    }

    /// What a read of the 32-bit word at `offset` shows.
    pub fn read_word(&self, offset: u32) -> u32 {
        let Some((id, index)) = regs::at(&self.params, offset) else { return 0 };
        if pmu::is_bank_view(id) {
            return pmu::bank_read(self, id, index);
        }
        let state = id.register().shared.unwrap_or(id);
        let half = if offset & 4 != 0 && id.register().width == 64 { 32 } else { 0 };
        let value = match regs::access(&self.params, id) {
            regs::Access::WriteOnly | regs::Access::Restore | regs::Access::Reserved => 0,
            _ if id == regs::CB_IPAFAR && self.params.features.stage2 => {
                // The offset in the page is that of FAR.
                self.get(id, index) & !0xFFF | self.get(regs::CB_FAR, index) & 0xFFF
            }
            _ => self.get(state, index),
        };
        (value >> half) as u32
    }

    /// A write of the 32-bit word at `offset`. A command comes back, if the write is one.
    pub fn write_word(&mut self, offset: u32, value: u32) -> Option<Command> {
        let (id, index) = regs::at(&self.params, offset)?;
        if pmu::is_bank_view(id) {
            pmu::bank_write(self, id, index, value);
            return None;
        }
        let register = id.register();
        let upper = register.width == 64 && offset & 4 != 0;
        let half = if upper { 32 } else { 0 };
        let half_value = value;
        let mask = self.write_mask(id) & 0xFFFF_FFFF << half;
        let value = u64::from(value) << half & mask;
        let target = register.shared.unwrap_or(id);
        let old = self.get(target, index);
        match regs::access(&self.params, id) {
            regs::Access::ReadOnly | regs::Access::Reserved => {}
            regs::Access::ReadWrite if id == regs::CB_ACTLR && self.cache_locked() => {}
            regs::Access::ReadWrite => {
                if id == regs::PMCR {
                    pmu::control(self, half_value);
                }
                self.set(id, index, old & !mask | value);
            }
            regs::Access::WriteOneToClear if target == regs::CB_FSR => self.set_fault_status(index, (old & !value) as u32),
            regs::Access::WriteOneToClear => self.set(target, index, old & !value),
            regs::Access::Restore if target == regs::CB_FSR => self.set_fault_status(index, (old | value) as u32),
            regs::Access::WriteOneToSet | regs::Access::Restore => self.set(target, index, old | value),
            regs::Access::WriteOnly => {
                self.set(id, index, old & !mask | value);
                return (!upper).then(|| Command { register: id, index, payload: self.get(id, index) });
            }
        }
        None
    }

    /// Bits of a register that a write reaches now.
    fn write_mask(&self, id: RegId) -> u64 {
        let mask = regs::write_mask(&self.params, id);
        match id {
            // Bit 15 belongs to extended ids alone.
            regs::SMR if !self.extended_ids() => mask & !(1 << 15),
            _ => mask,
        }
    }

    /// `sCR0.EXIDENABLE`.
    pub fn extended_ids(&self) -> bool {
        bit(self.get(regs::SCR0, 0), 3)
    }

    /// `sACR.CACHE_LOCK`.
    fn cache_locked(&self) -> bool {
        self.get(regs::SACR, 0) & 1 << 26 != 0
    }
}
