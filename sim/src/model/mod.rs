//! The reference model: the architecture as plain Rust, untimed.
//!
//! What it is for: it says what the hardware has to do with every access and every register, and is written from the
//! architecture alone, without a look at the hardware's blocks. It shares with them only the register table and the sizes.
//!
//! How it works: [`stream`] takes an access to a bypass, a bank or a global fault; [`bank`] finds its region and gets a leaf from
//! [`tlb`] or by [`walk`]ing the tables under a [`regime`]; [`permission`] decides; [`fault`] records. [`file`] keeps the
//! registers, [`maintenance`] turns command writes into what they drop. [`micro`] is a short cut that makes hits fast and can
//! say nothing else than the full path.
//!
//! There is no time: a command has its effect with its write, and a synchronization is complete when it is asked for. A caller
//! that compares hardware with the model therefore allows, for a transaction in flight, what held at any moment of its life.
//!
//! ```
//! use smmu_rtl::params::ZYNQMP;
//! use smmu_rtl::registers as regs;
//! use smmu_sim::model::{Access, Model, TableMemory, Verdict};
//!
//! struct NoTables;
//! impl TableMemory for NoTables {
//!     fn read64(&mut self, _pa: u64) -> Option<u64> {
//!         None
//!     }
//! }
//!
//! let mut model = Model::new(&ZYNQMP);
//! let access = Access { stream_id: 0x300, addr: 0x1000, ..Access::default() };
//! assert_eq!(model.translate(&access, &mut NoTables), Verdict::Translated { pa: 0x1000 }, "out of reset all bypass");
//! model.write(regs::SCR0.offset(&ZYNQMP, 0), 0x406, 4); // translate; unmatched streams fault, with an interrupt
//! assert!(model.translate(&access, &mut NoTables).fault().is_some());
//! assert!(model.irq_global());
//! ```

pub mod access;
pub mod bank;
pub mod bench;
mod bits;
pub mod descriptor;
pub mod fault;
pub mod file;
pub mod maintenance;
pub mod micro;
pub mod permission;
pub mod regime;
pub mod stream;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod tlb;
pub mod walk;

pub use access::{context_code, global_code, Access, Fault, TableMemory, Verdict};

use bank::{BankView, Passed};
use file::RegisterFile;
use micro::MicroTlb;
use smmu_rtl::params::Params;
use smmu_rtl::registers as regs;
use stream::Route;
use tlb::Tlb;

/// The whole SMMU.
#[derive(Clone, Debug)]
pub struct Model {
    params: Params,
    registers: RegisterFile,
    tlb: Tlb,
    micro: MicroTlb,
}

impl Model {
    /// A model of that hardware, out of reset.
    pub fn new(params: &Params) -> Self {
        let registers = RegisterFile::new(params);
        Model { params: *params, registers, tlb: Tlb::default(), micro: MicroTlb::default() }
    }

    /// Hardware reset: registers at their reset values, caches empty.
    pub fn reset(&mut self) {
        self.registers.reset();
        self.tlb.clear();
        self.micro.forget();
    }

    /// What a register read shows: `bytes` 8 for the 64-bit word that holds `offset`, else the 32-bit word. Nothing changes;
    /// a read that the hardware performs is [`Model::load`].
    pub fn read(&self, offset: u32, bytes: u8) -> u64 {
        if bytes == 8 {
            let low = offset & !7;
            u64::from(self.registers.read_word(low)) | u64::from(self.registers.read_word(low + 4)) << 32
        } else {
            self.registers.read_word(offset & !3).into()
        }
    }

    /// A register read with its effect: in the page of a context bank that is not there it is a configuration access fault.
    pub fn load(&mut self, offset: u32, bytes: u8) -> u64 {
        let value = self.read(offset, bytes);
        if regs::missing_bank(&self.params, offset) {
            self.register_fault(offset, false);
        }
        value
    }

    /// A register write of 4 or 8 bytes at a multiple of them. Of two 32-bit registers the lower one is written first.
    pub fn write(&mut self, offset: u32, value: u64, bytes: u8) {
        if bytes == 8 {
            self.write_strobed(offset, value, 0xFF);
        } else if offset & 4 != 0 {
            self.write_strobed(offset, value << 32, 0xF0);
        } else {
            self.write_strobed(offset, value & 0xFFFF_FFFF, 0x0F);
        }
    }

    /// A register write as it stands on the bus: `offset` is the address, `data` and `strobes` (a bit a byte) are of the aligned
    /// 64-bit word that holds it. Strobes that cut a 32-bit word make the whole write a configuration access fault, and so does
    /// the page of a context bank that is not there.
    pub fn write_strobed(&mut self, offset: u32, data: u64, strobes: u8) {
        let halves = [strobes & 0xF, strobes >> 4];
        if regs::missing_bank(&self.params, offset) || halves.iter().any(|half| !matches!(half, 0 | 0xF)) {
            self.register_fault(offset, true);
            return;
        }
        let word = offset & !7;
        let wide = regs::at(&self.params, word).is_some_and(|(id, _)| id.register().width == 64);
        // A 64-bit command acts with its low word, so it gets that one last; two registers are written in order.
        let order = if wide { [1, 0] } else { [0, 1] };
        for half in order.into_iter().filter(|&half| halves[half] != 0) {
            let value = (data >> (32 * half)) as u32;
            if let Some(command) = self.registers.write_word(word + 4 * half as u32, value) {
                if let Some(drop) = maintenance::invalidation(&self.registers, &command) {
                    self.tlb.invalidate(drop);
                }
            }
        }
        self.micro.forget();
    }

    fn register_fault(&mut self, offset: u32, write: bool) {
        fault::record_register_access(&mut self.registers, offset, write);
        self.micro.forget();
    }

    /// What should become of an access under the registers and the tables as they are now: nothing cached is used, and nothing
    /// changes.
    pub fn check(&self, access: &Access, memory: &mut dyn TableMemory) -> Verdict {
        self.verdict(self.evaluate(access, memory, None))
    }

    /// Records a fault as the hardware's recorder does.
    pub fn record(&mut self, access: &Access, fault: &Fault) {
        fault::record(&mut self.registers, &self.params.straps, access, fault);
        self.micro.forget();
    }

    /// An access as the hardware performs it: cached translations are used and made, a fault is recorded.
    #[inline]
    pub fn translate(&mut self, access: &Access, memory: &mut dyn TableMemory) -> Verdict {
        if !access.illegal_burst {
            if let Some(pa) = self.micro.lookup(access) {
                return Verdict::Translated { pa };
            }
        }
        self.translate_fully(access, memory)
    }

    fn translate_fully(&mut self, access: &Access, memory: &mut dyn TableMemory) -> Verdict {
        let outcome = self.evaluate(access, memory, Some(&self.tlb));
        let verdict = self.verdict(outcome);
        match outcome {
            Ok(passed) => {
                if let Some(fill) = passed.fill {
                    if self.tlb.fill(fill.context, fill.va, fill.leaf) {
                        self.micro.forget();
                    }
                }
                self.micro.fill(access, passed.pa, passed.allowed);
            }
            Err(fault) => self.record(access, &fault),
        }
        verdict
    }

    fn evaluate(&self, access: &Access, memory: &mut dyn TableMemory, tlb: Option<&Tlb>) -> Result<Passed, Fault> {
        match stream::route(&self.registers, access, self.params.output_bits()) {
            Route::Refused(fault) => Err(fault),
            Route::Bypass => Ok(Passed { pa: access.addr, allowed: 0xFF, fill: None }),
            Route::Bank(bank) => {
                BankView::of(&self.registers, bank).translate(&self.registers, &self.params, access, memory, tlb)
            }
        }
    }

    fn verdict(&self, outcome: Result<Passed, Fault>) -> Verdict {
        match outcome {
            Ok(passed) => Verdict::Translated { pa: passed.pa },
            Err(fault) => Verdict::Refused { raz: fault::reads_as_zero(&self.registers, &fault), fault },
        }
    }

    /// Level of `irq_global`.
    pub fn irq_global(&self) -> bool {
        fault::global_interrupt(&self.registers)
    }

    /// Level of `irq_context[bank]`; low for a bank that is not there.
    pub fn irq_context(&self, bank: usize) -> bool {
        bank < self.params.num_cb && fault::context_interrupt(&self.registers, bank)
    }

    /// A fault is recorded in the bank (`FSR` bits 31 and 8:1); false for a bank that is not there.
    pub fn fault_active(&self, bank: usize) -> bool {
        bank < self.params.num_cb && self.registers.recorded(bank) != 0
    }

    /// Entries of the translation cache.
    pub fn cached(&self) -> usize {
        self.tlb.len()
    }
}
