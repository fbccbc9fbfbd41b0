//! The reference model: the architecture as plain Rust, untimed.
//!
//! What it is for: it says what the hardware has to do with every access and every register, and is written from the
//! architecture alone, without a look at the hardware's blocks. It shares with them only the register table and the sizes.
//!
//! How it works: [`stream`] takes an access to a bypass, its banks or a global fault; [`bank`] finds its region and gets a leaf
//! from [`tlb`] or by [`walk`]ing the tables under a [`regime`] ([`regime32`], [`stage2`]); [`permission`] decides; [`fault`]
//! records, [`stall`] holds. [`attributes`] says how it leaves. [`file`] keeps the registers, [`maintenance`] turns command
//! writes into what they drop, [`ats`] into translations. [`micro`] is a short cut that makes hits fast and can say nothing else
//! than the full path. What is there of the architecture, the features of the [`Params`] say.
//!
//! There is no time: a command has its effect with its write, and a synchronization is complete when it is asked for. A caller
//! that compares hardware with the model therefore allows, for a transaction in flight, what held at any moment of its life.
//! What needs the tables and has no access to wait for (translation operations, transactions that `RESUME` retries) is done when
//! [`Model::settle`] is called.
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
pub mod ats;
pub mod attributes;
pub mod bank;
pub mod bench;
mod bits;
pub mod descriptor;
pub mod fault;
pub mod file;
pub mod maintenance;
pub mod micro;
pub mod permission;
pub mod pmu;
pub mod regime;
pub mod regime32;
pub mod short;
pub mod stage2;
pub mod stall;
pub mod stream;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod tlb;
pub mod walk;

pub use access::{context_code, global_code, Access, Fault, Reading, Seen, Stage2Record, TableMemory, Verdict};
pub use attributes::OutputAttributes;
pub use stall::{Held, Released};

use ats::Operation;
use attributes::Attributes;
pub use bank::BankView;
use bank::{Fills, Passed, Request, Translator};
use file::{Command, RegisterFile};
use micro::MicroTlb;
use smmu_rtl::params::Params;
use smmu_rtl::registers as regs;
use stall::{Disposition, Stalls};
use stream::Route;
use tlb::Caches;

/// The whole SMMU.
#[derive(Clone, Debug)]
pub struct Model {
    params: Params,
    registers: RegisterFile,
    caches: Caches,
    micro: MicroTlb,
    stalls: Stalls,
    operations: Vec<Operation>,
    /// A performance counter counts: no access may take the short cut.
    counting: bool,
}

impl Model {
    /// A model of that hardware, out of reset.
    pub fn new(params: &Params) -> Self {
        Model {
            params: *params,
            registers: RegisterFile::new(params),
            caches: Caches::default(),
            micro: MicroTlb::default(),
            stalls: Stalls::default(),
            operations: Vec::new(),
            counting: false,
        }
    }

    /// Sizes, straps and features.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Hardware reset: registers at their reset values, caches empty, stalled transactions gone.
    pub fn reset(&mut self) {
        self.registers.reset();
        self.caches.clear();
        self.stalls.reset();
        self.operations.clear();
        self.counting = false;
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
            let offset = word + 4 * half as u32;
            if let Some(command) = self.registers.write_word(offset, value) {
                self.command(&command);
            }
            if let Some((regs::CB_SCTLR, bank)) = regs::at(&self.params, offset) {
                self.stalls.look_again(bank);
            }
        }
        self.counting = pmu::running(&self.registers);
        self.micro.forget();
    }

    fn command(&mut self, command: &Command) {
        if let Some(drop) = maintenance::invalidation(&self.registers, command) {
            self.caches.invalidate(drop);
        }
        if let Some(operation) = Operation::of(command).filter(|operation| !operation.is_busy(&self.registers)) {
            operation.start(&mut self.registers);
            self.operations.push(operation);
        }
        if command.register == regs::CB_RESUME && self.registers.stalled(command.index) {
            self.registers.set_stalled(command.index, false);
            if let Some(held) = self.stalls.resume(command.index, command.payload & 1 != 0) {
                let fault = Fault::context(held.bank, 0, 0);
                let verdict = Verdict::Refused { raz: fault::reads_as_zero(&self.registers, &fault), fault };
                self.stalls.release(Released { ticket: held.ticket, access: held.access, verdict });
            }
        }
    }

    /// Does what register writes have started and needs the tables: address translation operations, then transactions that
    /// `RESUME` or `SCTLR` let go. Returns the transactions that have their answer now, in the order in which they got it.
    pub fn settle(&mut self, memory: &mut dyn TableMemory) -> Vec<Released> {
        for operation in std::mem::take(&mut self.operations) {
            operation.finish(&mut self.registers, memory);
        }
        while let Some(held) = self.stalls.next_due() {
            let retried = held.is_retry().then_some(held.bank);
            let (verdict, _) = self.attempt(&held.access, held.cache, retried, Some(held.ticket), memory);
            if !matches!(verdict, Verdict::Stalled { .. }) {
                self.stalls.release(Released { ticket: held.ticket, access: held.access, verdict });
            }
        }
        self.stalls.take_released()
    }

    /// Transactions without an answer, oldest first. The last one is the one that stalled last.
    pub fn held(&self) -> &[Held] {
        self.stalls.held()
    }

    fn register_fault(&mut self, offset: u32, write: bool) {
        fault::record_register_access(&mut self.registers, offset, write);
        self.micro.forget();
    }

    /// What should become of an access under the registers and the tables as they are now: nothing cached is used, and nothing
    /// changes.
    pub fn check(&self, access: &Access, memory: &mut dyn TableMemory) -> Verdict {
        self.check_attributes(access, 0, memory).0
    }

    /// The same, and the attributes with which an access with this AxCACHE leaves, if it does.
    pub fn check_attributes(
        &self,
        access: &Access,
        cache: u8,
        memory: &mut dyn TableMemory,
    ) -> (Verdict, Option<OutputAttributes>) {
        match self.evaluate(access, cache, None, None, memory) {
            Ok(passed) => (Verdict::Translated { pa: passed.pa }, Some(self.output(&passed, access, cache))),
            Err(fault) => (self.answer(fault), None),
        }
    }

    /// A bank's registers as translation sees them; `None` if its stage is off.
    pub fn stage(&self, bank: usize) -> Option<BankView> {
        (self.registers.get(regs::CB_SCTLR, bank) & 1 != 0).then(|| BankView::of(&self.registers, bank))
    }

    /// Where stream mapping takes an access under the registers as they are.
    pub fn route(&self, access: &Access) -> Route {
        stream::route(&self.registers, access)
    }

    /// Records a fault as the hardware's recorder does.
    pub fn record(&mut self, access: &Access, fault: &Fault) {
        fault::record(&mut self.registers, &self.params.straps, &fault.access(access), fault);
        self.micro.forget();
    }

    /// An access as the hardware performs it: cached translations are used and made, a fault is recorded.
    #[inline]
    pub fn translate(&mut self, access: &Access, memory: &mut dyn TableMemory) -> Verdict {
        if !access.illegal_burst && !self.counting {
            if let Some(pa) = self.micro.lookup(access) {
                return Verdict::Translated { pa };
            }
        }
        self.attempt(access, 0, None, None, memory).0
    }

    /// The same with AxCACHE, and the attributes with which the access leaves, if it does.
    pub fn translate_attributes(
        &mut self,
        access: &Access,
        cache: u8,
        memory: &mut dyn TableMemory,
    ) -> (Verdict, Option<OutputAttributes>) {
        self.attempt(access, cache, None, None, memory)
    }

    /// One attempt of an access; `retried` and `ticket` if it was held before.
    fn attempt(
        &mut self,
        access: &Access,
        cache: u8,
        retried: Option<usize>,
        ticket: Option<u64>,
        memory: &mut dyn TableMemory,
    ) -> (Verdict, Option<OutputAttributes>) {
        match self.evaluate(access, cache, retried, Some(&self.caches), memory) {
            Ok(passed) => {
                let output = self.output(&passed, access, cache);
                let refills = self.fill(passed.fills);
                self.micro.fill(access, passed.pa, passed.allowed);
                pmu::count(&mut self.registers, 0, &passed.access, passed.bank, refills);
                (Verdict::Translated { pa: passed.pa }, Some(output))
            }
            Err(fault) => {
                let verdict = self.answer(fault);
                match stall::disposition(&self.registers, &fault) {
                    Disposition::Refuse => {
                        self.record(access, &fault);
                        let bank = (!fault.global).then_some(fault.bank);
                        pmu::count(&mut self.registers, 0, &fault.access(access), bank, 0);
                    }
                    stall @ (Disposition::Stall | Disposition::Wait) => {
                        if stall == Disposition::Stall {
                            self.record(access, &fault);
                            self.registers.set_stalled(fault.bank, true);
                        }
                        self.stalls.hold(ticket, access, cache, fault.bank, stall);
                    }
                }
                (verdict, None)
            }
        }
    }

    /// Caches what walks found; how many leaves that were.
    fn fill(&mut self, fills: Fills) -> usize {
        let refills = usize::from(fills.stage1.is_some()) + fills.stage2.len();
        let mut dropped = false;
        for (context, ipa, leaf) in fills.stage2 {
            dropped |= self.caches.stage2.fill(context, ipa, leaf);
        }
        if let Some((context, va, translation)) = fills.stage1 {
            dropped |= self.caches.stage1.fill(context, va, translation);
        }
        if dropped {
            self.micro.forget();
        }
        refills
    }

    fn evaluate(
        &self,
        access: &Access,
        cache: u8,
        retried: Option<usize>,
        caches: Option<&Caches>,
        memory: &mut dyn TableMemory,
    ) -> Result<Passed, Fault> {
        let input = Attributes::from_axcache(cache, access.write);
        match stream::route(&self.registers, access) {
            Route::Refused(fault) => Err(fault),
            Route::Bypass(overrides) => Ok(Passed {
                pa: access.addr,
                allowed: 0xFF,
                attributes: input.overridden(overrides),
                access: *access,
                bank: None,
                fills: Fills::default(),
            }),
            Route::Bank { banks, s2cr } => {
                let mut translator = Translator { registers: &self.registers, caches, memory, fills: Fills::default() };
                let seen = stream::effective(&self.registers, access, s2cr);
                let differs = seen != *access;
                let seen = differs.then_some(Seen { privileged: seen.privileged, instruction: seen.instruction });
                translator.access(&banks, &Request { access, input, s2cr, retried }).map_err(|fault| Fault { seen, ..fault })
            }
        }
    }

    /// How an access leaves. Without the feature as it came.
    fn output(&self, passed: &Passed, access: &Access, cache: u8) -> OutputAttributes {
        let prot =
            |access: &Access| u8::from(access.privileged) | u8::from(access.non_secure) << 1 | u8::from(access.instruction) << 2;
        if self.params.features.attributes {
            passed.attributes.output(access.write, prot(&passed.access))
        } else {
            OutputAttributes { cache, domain: 0, inner: 0, prot: prot(access) }
        }
    }

    /// What an access with this fault is answered.
    fn answer(&self, fault: Fault) -> Verdict {
        match stall::disposition(&self.registers, &fault) {
            Disposition::Refuse => Verdict::Refused { raz: fault::reads_as_zero(&self.registers, &fault), fault },
            Disposition::Stall => Verdict::Stalled { fault },
            Disposition::Wait => Verdict::Stalled { fault: Fault::context(fault.bank, 0, 0) },
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

    /// Level of `irq_pmu`.
    pub fn irq_pmu(&self) -> bool {
        pmu::interrupt(&self.registers)
    }

    /// Entries of the translation caches.
    pub fn cached(&self) -> usize {
        self.caches.stage1.len() + self.caches.stage2.len()
    }
}
