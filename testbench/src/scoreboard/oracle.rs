//! What the scoreboard asks: the reference model, behind a trait so that tests can put something else there.

use smmu_sim::model::{Access, BankView, Fault, Model, OutputAttributes, TableMemory, Verdict};

/// Says what the hardware has to do. All offsets are byte offsets in the register space.
pub trait Oracle {
    /// Hardware reset.
    fn reset(&mut self);
    /// What becomes of an access under registers and tables as they are; nothing cached, nothing changed.
    fn check(&self, access: &Access, memory: &mut dyn TableMemory) -> Verdict;
    /// The same for an access with this AxCACHE, and the attributes with which it goes downstream, if it does.
    fn check_attributes(&self, access: &Access, cache: u8, memory: &mut dyn TableMemory) -> (Verdict, Option<OutputAttributes>);
    /// The registers of a bank's stage, if it is on.
    fn stage(&self, bank: usize) -> Option<BankView>;
    /// Records a fault as the hardware's recorder does.
    fn record(&mut self, access: &Access, fault: &Fault);
    /// Sets or clears `FSR.SS` of a bank.
    fn set_stalled(&mut self, bank: usize, stalled: bool);
    /// What a register read of 4 or 8 bytes shows; nothing changes.
    fn read(&self, offset: u32, bytes: u8) -> u64;
    /// The same with its effect: an illegal one is recorded.
    fn load(&mut self, offset: u32, bytes: u8) -> u64;
    /// A register write as it stands on the bus.
    fn write_strobed(&mut self, offset: u32, data: u64, strobes: u8);
    /// Does the address translation operations that were asked for.
    fn settle(&mut self, memory: &mut dyn TableMemory);
    /// Level of `irq_global`.
    fn irq_global(&self) -> bool;
    /// Level of `irq_context[bank]`.
    fn irq_context(&self, bank: usize) -> bool;
    /// Whether a fault is recorded in the bank.
    fn fault_active(&self, bank: usize) -> bool;
    /// Another one in the same state.
    fn copy(&self) -> Box<dyn Oracle>;
}

impl Oracle for Model {
    fn reset(&mut self) {
        Model::reset(self);
    }

    fn check(&self, access: &Access, memory: &mut dyn TableMemory) -> Verdict {
        Model::check(self, access, memory)
    }

    fn check_attributes(&self, access: &Access, cache: u8, memory: &mut dyn TableMemory) -> (Verdict, Option<OutputAttributes>) {
        Model::check_attributes(self, access, cache, memory)
    }

    fn stage(&self, bank: usize) -> Option<BankView> {
        Model::stage(self, bank)
    }

    fn record(&mut self, access: &Access, fault: &Fault) {
        Model::record(self, access, fault);
    }

    fn set_stalled(&mut self, bank: usize, stalled: bool) {
        Model::set_stalled(self, bank, stalled);
    }

    fn read(&self, offset: u32, bytes: u8) -> u64 {
        Model::read(self, offset, bytes)
    }

    fn load(&mut self, offset: u32, bytes: u8) -> u64 {
        Model::load(self, offset, bytes)
    }

    fn write_strobed(&mut self, offset: u32, data: u64, strobes: u8) {
        Model::write_strobed(self, offset, data, strobes);
    }

    fn settle(&mut self, memory: &mut dyn TableMemory) {
        Model::settle(self, memory);
    }

    fn irq_global(&self) -> bool {
        Model::irq_global(self)
    }

    fn irq_context(&self, bank: usize) -> bool {
        Model::irq_context(self, bank)
    }

    fn fault_active(&self, bank: usize) -> bool {
        Model::fault_active(self, bank)
    }

    fn copy(&self) -> Box<dyn Oracle> {
        Box::new(self.clone())
    }
}

/// Writes a 32-bit or 64-bit register at once.
pub(super) fn poke(oracle: &mut dyn Oracle, offset: u32, value: u64, bytes: u8) {
    match (bytes, offset & 4) {
        (8, _) => oracle.write_strobed(offset, value, 0xff),
        (_, 0) => oracle.write_strobed(offset, value & 0xffff_ffff, 0x0f),
        _ => oracle.write_strobed(offset, value << 32, 0xf0),
    }
}
