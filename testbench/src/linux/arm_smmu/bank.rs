//! Domains and context banks: attach, detach, map, unmap and the TLB maintenance that goes with them.

use super::{regs, ArmSmmu, Kernel, Result, StreamType};
use crate::linux::errno;
use crate::linux::io_pgtable::{Flush, PageTable, Prot};

/// `CBAR` of a stage-1 bank: type 1, write-back and non-shareable as the neutral stage-2 attributes.
const CBAR_STAGE1: u32 = 0x0001_f300;
/// `SCTLR` of a stage-1 bank: ASIDPNE, CFIE, CFRE, AFE, TRE, M; neither HUPCF nor stalls.
const SCTLR_STAGE1: u32 = 0x1067;
/// `TCR2.SEP`: addresses are extended from the upstream bus's top bit.
const SEP_UPSTREAM: u32 = 7 << 15;
/// `TCR2.AS`: 16-bit ASIDs.
const TCR2_AS: u32 = 1 << 4;

/// A translating domain: a page table and, once a device is attached, a context bank.
#[derive(Debug)]
pub struct Domain {
    table: PageTable,
    bank: usize,
}

impl Domain {
    /// Linux's number of its context bank.
    pub fn bank(&self) -> usize {
        self.bank
    }

    /// The last address that the domain translates.
    pub fn last_address(&self) -> u64 {
        (1 << self.table.ias()) - 1
    }

    /// Its ASID: the driver takes the bank's number.
    fn asid(&self) -> u64 {
        self.bank as u64
    }
}

impl ArmSmmu {
    /// Makes a domain: an empty page table of the widest format and a context bank that walks it.
    pub fn new_domain(&mut self, kernel: &mut Kernel) -> Result<Domain> {
        if !self.features.granule_4k {
            return Err(self.probe_error("the 4 KiB granule is not there", errno::EINVAL));
        }
        let bank = (self.features.s2_banks..self.features.banks).find(|&n| !self.banks[n]);
        let Some(bank) = bank else { return Err(self.probe_error("no context bank is free", errno::ENODEV)) };
        let table = PageTable::new(kernel, self.features.va_bits, self.features.ipa_bits, self.node.coherent_walk)?;
        self.banks[bank] = true;
        let domain = Domain { table, bank };
        self.write_bank(kernel, &domain)?;
        Ok(domain)
    }

    /// The context bank's registers; `TCR2` before the TTBRs, because it says how wide their ASID is, `SCTLR` last.
    fn write_bank(&self, kernel: &mut Kernel, domain: &Domain) -> Result<()> {
        let (bank, table, asid) = (domain.bank, &domain.table, domain.asid() << 48);
        kernel.smmu_write32(self.global(regs::CBA2R, bank), 1)?;
        kernel.smmu_write32(self.global(regs::CBAR, bank), CBAR_STAGE1)?;
        kernel.smmu_write32(self.bank(bank, regs::CB_TCR2), SEP_UPSTREAM | TCR2_AS | table.pasize())?;
        kernel.smmu_write32(self.bank(bank, regs::CB_TCR), table.tcr())?;
        kernel.smmu_write64(self.bank(bank, regs::CB_TTBR0), table.root() | asid)?;
        kernel.smmu_write64(self.bank(bank, regs::CB_TTBR1), asid)?;
        kernel.smmu_write32(self.bank(bank, regs::CB_MAIR0), table.mair0())?;
        kernel.smmu_write32(self.bank(bank, regs::CB_MAIR1), 0)?;
        kernel.smmu_write32(self.bank(bank, regs::CB_SCTLR), SCTLR_STAGE1)
    }

    /// Lets the streams of these groups translate in the domain.
    pub fn attach(&mut self, kernel: &mut Kernel, domain: &Domain, groups: &[usize]) -> Result<()> {
        groups.iter().try_for_each(|&n| self.set_stream(kernel, n, StreamType::Translate, domain.bank as u8))
    }

    /// Lets the streams of these groups pass untranslated (an identity domain).
    pub fn attach_identity(&mut self, kernel: &mut Kernel, groups: &[usize]) -> Result<()> {
        groups.iter().try_for_each(|&n| self.set_stream(kernel, n, StreamType::Bypass, 0))
    }

    /// Maps a range. No invalidation: nothing invalid is ever cached.
    pub fn map(&mut self, kernel: &mut Kernel, domain: &mut Domain, iova: u64, pa: u64, size: u64, prot: Prot) -> Result<()> {
        domain.table.map(kernel, iova, pa, size, prot)
    }

    /// Unmaps a range, with strict invalidation: when this returns, no access can use the old mapping.
    pub fn unmap(&mut self, kernel: &mut Kernel, domain: &mut Domain, iova: u64, size: u64) -> Result<()> {
        let gather = domain.table.unmap(kernel, iova, size)?;
        for flush in gather.flushes {
            match flush {
                Flush::Leaf { iova } => {
                    let payload = iova >> 12 | domain.asid() << 48;
                    kernel.smmu_write64(self.bank(domain.bank, regs::CB_TLBIVAL), payload)?;
                }
                // Qualcomm: the whole ASID rather than every granule of the range.
                Flush::Walk { .. } => {
                    kernel.smmu_write32(self.bank(domain.bank, regs::CB_TLBIASID), domain.asid() as u32)?;
                }
            }
        }
        self.sync_bank(kernel, domain.bank)?;
        gather.tables.into_iter().for_each(|table| kernel.pages.free(table));
        Ok(())
    }

    /// Ends a domain: its bank is off, its ASID is gone from the TLB, its tables are freed.
    pub fn free_domain(&mut self, kernel: &mut Kernel, domain: Domain) -> Result<()> {
        kernel.smmu_write32(self.bank(domain.bank, regs::CB_SCTLR), 0)?;
        kernel.smmu_write32(self.bank(domain.bank, regs::CB_TLBIASID), domain.asid() as u32)?;
        self.sync_bank(kernel, domain.bank)?;
        self.banks[domain.bank] = false;
        domain.table.destroy(kernel)
    }

    /// Where the domain sends an address, by a software walk of its tables.
    pub fn iova_to_phys(&self, kernel: &mut Kernel, domain: &Domain, iova: u64) -> Result<Option<u64>> {
        domain.table.iova_to_phys(kernel, iova)
    }

    fn sync_bank(&self, kernel: &mut Kernel, bank: usize) -> Result<()> {
        self.sync(kernel, self.bank(bank, regs::CB_TLBSYNC), self.bank(bank, regs::CB_TLBSTATUS))
    }
}
