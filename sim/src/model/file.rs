//! The register file: what every word of the register space holds, and what reads and writes of it do.
//!
//! One word of storage for each word of the register space, at its own offset. Which words are there, what a write reaches and
//! what reset leaves comes from the register table; what is not a matter of storage (commands, the lock of `ACTLR`,
//! `FSR.FORMAT`) stands here. Words of command registers are kept although they read as zero: the high word of a 64-bit command
//! waits there for its low word.

use super::access::context_code;
use smmu_rtl::params::Params;
use smmu_rtl::registers::{self as regs, RegId};

/// `FSR.FORMAT` of an AArch64 bank.
const FORMAT_AARCH64: u32 = 2 << 9;

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

    /// What a read of the 32-bit word at `offset` shows.
    pub fn read_word(&self, offset: u32) -> u32 {
        let Some((id, index)) = regs::at(&self.params, offset) else { return 0 };
        let state = id.register().shared.unwrap_or(id);
        let half = if offset & 4 != 0 && id.register().width == 64 { 32 } else { 0 };
        match id.register().access {
            regs::Access::WriteOnly | regs::Access::Restore | regs::Access::Reserved => 0,
            _ if id == regs::CB_FSR => {
                let fsr = self.get(id, index) as u32;
                fsr | if self.recorded(index) != 0 { FORMAT_AARCH64 } else { 0 }
            }
            _ => (self.get(state, index) >> half) as u32,
        }
    }

    /// A write of the 32-bit word at `offset`. A command comes back, if the write is one.
    pub fn write_word(&mut self, offset: u32, value: u32) -> Option<Command> {
        let (id, index) = regs::at(&self.params, offset)?;
        let register = id.register();
        let upper = register.width == 64 && offset & 4 != 0;
        let half = if upper { 32 } else { 0 };
        let mask = regs::write_mask(&self.params, id) & 0xFFFF_FFFF << half;
        let value = u64::from(value) << half & mask;
        let target = register.shared.unwrap_or(id);
        let old = self.get(target, index);
        match register.access {
            regs::Access::ReadOnly | regs::Access::Reserved => {}
            regs::Access::ReadWrite if id == regs::CB_ACTLR && self.cache_locked() => {}
            regs::Access::ReadWrite => self.set(id, index, old & !mask | value),
            regs::Access::WriteOneToClear => self.set(target, index, old & !value),
            regs::Access::WriteOneToSet | regs::Access::Restore => self.set(target, index, old | value),
            regs::Access::WriteOnly => {
                self.set(id, index, old & !mask | value);
                return (!upper).then(|| Command { register: id, index, payload: self.get(id, index) });
            }
        }
        None
    }

    /// `sACR.CACHE_LOCK`.
    fn cache_locked(&self) -> bool {
        self.get(regs::SACR, 0) & 1 << 26 != 0
    }
}
