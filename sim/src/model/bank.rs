//! An access in its context bank: pending fault, region, cached leaf or walk, access flag, permission.

use super::access::{Access, Fault, TableMemory};
use super::bits::{bit, field};
use super::file::RegisterFile;
use super::permission::{AccessKind, LeafRules};
use super::regime::Stage1Registers;
use super::tlb::{Context, Tlb, Vmid};
use super::walk::{walk, Leaf, WalkFault};
use smmu_rtl::params::Params;
use smmu_rtl::registers as regs;

/// A context bank's registers as translation sees them.
#[derive(Clone, Copy, Debug)]
pub struct BankView {
    bank: usize,
    sctlr: u32,
    /// The registers of stage 1.
    pub stage1: Stage1Registers,
    /// Whose entries the bank uses and makes.
    pub context: Context,
    /// `CBA2R.VA64`: maintenance payloads are those of an AArch64 bank.
    pub aarch64: bool,
}

/// An access that may go downstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Downstream address.
    pub pa: u64,
    /// Kinds of access that may go to the same page, a bit each at [`AccessKind::index`].
    pub allowed: u8,
    /// What a walk found and the cache does not have yet.
    pub fill: Option<Fill>,
}

/// A leaf to be cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Its owner.
    pub context: Context,
    /// An address that it covers.
    pub va: u64,
    /// The leaf.
    pub leaf: Leaf,
}

impl BankView {
    /// The bank's registers as they are.
    pub fn of(registers: &RegisterFile, bank: usize) -> Self {
        let word = |id| registers.get(id, bank) as u32;
        let stage1 = Stage1Registers {
            tcr: word(regs::CB_TCR),
            tcr2: word(regs::CB_TCR2),
            ttbr: [registers.get(regs::CB_TTBR0, bank), registers.get(regs::CB_TTBR1, bank)],
        };
        let cbar = registers.get(regs::CBAR, bank);
        let hyp = field(cbar, 17, 16) == 1 && bit(cbar, 10);
        let context = Context { bank, vmid: Vmid::new(hyp, cbar as u8), asid: stage1.asid() };
        let aarch64 = bit(registers.get(regs::CBA2R, bank), 0);
        BankView { bank, sctlr: word(regs::CB_SCTLR), stage1, context, aarch64 }
    }

    /// `SCTLR.HUPCF`: accesses go on while a fault is recorded.
    fn goes_on(&self) -> bool {
        self.sctlr & 1 << 8 != 0
    }

    /// Translates. With `tlb`, cached leaves are used; without, the tables alone count.
    ///
    /// # Errors
    /// The fault that refuses the access.
    pub fn translate(
        &self,
        registers: &RegisterFile,
        params: &Params,
        access: &Access,
        memory: &mut dyn TableMemory,
        tlb: Option<&Tlb>,
    ) -> Result<Passed, Fault> {
        if !self.goes_on() && registers.recorded(self.bank) != 0 {
            return Err(Fault::context(self.bank, 0, 0));
        }
        self.stage1(params, access, memory, tlb)
            .map_err(|fault| Fault { ptwf: fault.ptwf, ..Fault::context(self.bank, fault.code, fault.level) })
    }

    fn stage1(
        &self,
        params: &Params,
        access: &Access,
        memory: &mut dyn TableMemory,
        tlb: Option<&Tlb>,
    ) -> Result<Passed, WalkFault> {
        let va = self.stage1.virtual_address(access.addr);
        let region = self.stage1.region(va, params.straps.granule_16k, params.output_bits())?;
        let rules = LeafRules::from_sctlr(self.sctlr);
        let cached = tlb.and_then(|tlb| tlb.lookup(self.context, va)).filter(|leaf| rules.usable(leaf.bits));
        let leaf = match cached {
            Some(leaf) => leaf,
            None if region.walks_off => return Err(WalkFault::translation(0)),
            None => walk(&region.walk, va, memory)?,
        };
        rules.check(leaf.bits, AccessKind::of(access), leaf.level)?;
        let kinds = (0u8..).zip(AccessKind::ALL);
        let allowed = kinds.map(|(index, kind)| u8::from(rules.allows(leaf.bits, kind)) << index).sum();
        let fill = cached.is_none().then_some(Fill { context: self.context, va, leaf });
        Ok(Passed { pa: leaf.output(va), allowed, fill })
    }
}
