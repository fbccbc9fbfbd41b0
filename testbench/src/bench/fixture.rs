//! The least software that makes the hardware translate: page tables, a stream, a bank, invalidation. For directed tests; the
//! Linux drivers' view is in `linux`.
//!
//! Written from the architecture, not from the model: a test that uses it checks both.

use super::{Bench, BenchError};
use crate::memory::{Memory, MemoryError};
use smmu_rtl::registers as regs;

/// Descriptor: valid; with [`TABLE`], a table or (at level 3) a page.
pub const VALID: u64 = 1;
/// Descriptor: table or page, not block.
pub const TABLE: u64 = 2;
/// Leaf: unprivileged accesses are allowed (AP[1]).
pub const USER: u64 = 1 << 6;
/// Leaf: no writes (AP[2]).
pub const READ_ONLY: u64 = 1 << 7;
/// Leaf: accessed; without it an access flag fault comes.
pub const ACCESSED: u64 = 1 << 10;
/// Leaf: belongs to its ASID (nG); without it, it is global.
pub const NOT_GLOBAL: u64 = 1 << 11;
/// Leaf: no privileged instruction fetch.
pub const PXN: u64 = 1 << 53;
/// Leaf: no unprivileged instruction fetch.
pub const XN: u64 = 1 << 54;
/// The usual leaf: anybody may read and write.
pub const READ_WRITE: u64 = USER | ACCESSED | NOT_GLOBAL;

/// `SCTLR`: translate.
pub const SCTLR_M: u32 = 1 << 0;
/// `SCTLR`: a refused access gets an error response.
pub const SCTLR_CFRE: u32 = 1 << 5;
/// `SCTLR`: a context fault raises the bank's interrupt.
pub const SCTLR_CFIE: u32 = 1 << 6;
/// `SCTLR`: a context fault stalls its transaction.
pub const SCTLR_CFCFG: u32 = 1 << 7;
/// `SCTLR`: transactions go on while a fault is recorded.
pub const SCTLR_HUPCF: u32 = 1 << 8;
/// `SCTLR` as the stock driver has it, as far as it matters here: translate, report, interrupt, stop after a fault.
pub const SCTLR_USUAL: u32 = SCTLR_M | SCTLR_CFRE | SCTLR_CFIE;

/// Page tables of one region, built in memory.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Physical address of the first table.
    pub root: u64,
    /// log2 of a page: 12, 14 or 16.
    pub granule: u32,
    /// The region has `2^(64 - size)` bytes (TCR.TnSZ).
    pub size: u32,
    next: u64,
}

impl Tables {
    /// Empty tables. They take memory from `root` upwards, which has to be zero and aligned to a page of the granule.
    pub fn new(root: u64, granule: u32, size: u32) -> Self {
        Tables { root, granule, size, next: root + (1 << granule) }
    }

    /// Four levels of 4 KiB tables for 48-bit addresses.
    pub fn usual(root: u64) -> Self {
        Tables::new(root, 12, 16)
    }

    fn level_bits(&self) -> u32 {
        self.granule - 3
    }

    /// Level of the first table, 0 to 3.
    pub fn start_level(&self) -> u32 {
        4 - (64 - self.size - self.granule).div_ceil(self.level_bits())
    }

    /// log2 of the bytes that an entry of this level covers.
    pub fn entry_bits(&self, level: u32) -> u32 {
        self.granule + (3 - level) * self.level_bits()
    }

    /// Address of the descriptor for `va` at `level`. Tables on the way are made if they are missing.
    ///
    /// # Errors
    /// The memory for tables is used up.
    pub fn slot(&mut self, memory: &mut Memory, va: u64, level: u32) -> Result<u64, MemoryError> {
        let va = va & ((1 << (64 - self.size)) - 1);
        let mut table = self.root;
        let mut here = self.start_level();
        loop {
            let index_mask = if here == self.start_level() { u64::MAX } else { (1 << self.level_bits()) - 1 };
            let slot = table + 8 * (va >> self.entry_bits(here) & index_mask);
            if here == level {
                return Ok(slot);
            }
            let descriptor = memory.read_u64(slot)?;
            table = if descriptor & 3 == VALID | TABLE {
                descriptor & 0xffff_ffff_f000 & !((1 << self.granule) - 1)
            } else {
                let new = self.next;
                self.next += 1 << self.granule;
                memory.write_u64(slot, new | VALID | TABLE)?;
                new
            };
            here += 1;
        }
    }

    /// Maps one page.
    ///
    /// # Errors
    /// As [`Tables::slot`].
    pub fn map(&mut self, memory: &mut Memory, va: u64, pa: u64, attributes: u64) -> Result<(), MemoryError> {
        let slot = self.slot(memory, va, 3)?;
        memory.write_u64(slot, pa & !((1 << self.granule) - 1) | attributes | VALID | TABLE)
    }

    /// Maps one block of `level`.
    ///
    /// # Errors
    /// As [`Tables::slot`].
    pub fn map_block(&mut self, memory: &mut Memory, va: u64, pa: u64, level: u32, attributes: u64) -> Result<(), MemoryError> {
        let slot = self.slot(memory, va, level)?;
        memory.write_u64(slot, pa & !((1 << self.entry_bits(level)) - 1) | attributes | VALID)
    }

    /// Makes the page of `va` invalid. Caches may still hold it.
    ///
    /// # Errors
    /// As [`Tables::slot`].
    pub fn unmap(&mut self, memory: &mut Memory, va: u64) -> Result<(), MemoryError> {
        let slot = self.slot(memory, va, 3)?;
        memory.write_u64(slot, 0)
    }

    /// `TCR` for these tables in region 0, region 1 switched off.
    pub fn tcr(&self) -> u32 {
        let tg0 = match self.granule {
            12 => 0,
            16 => 1,
            _ => 2,
        };
        self.size | tg0 << 14 | 1 << 23
    }
}

/// `TCR2`: 16-bit ASIDs, 48-bit output addresses, no sign extension below bit 48.
pub const TCR2_USUAL: u32 = 5 | 1 << 4 | 7 << 15;

impl Bench {
    /// Lets streams through their contexts: unmatched ones fault, faults are reported and raise the interrupt.
    ///
    /// # Errors
    /// As [`Bench::read32`], here and below.
    pub fn enable(&mut self) -> Result<(), BenchError> {
        self.write32(regs::SCR0.offset(&self.params, 0), 0x406)
    }

    /// Maps a stream to a bank, with stream match group `group`.
    pub fn route_stream(&mut self, group: usize, stream_id: u32, bank: usize) -> Result<(), BenchError> {
        let params = self.params;
        self.write32(regs::S2CR.offset(&params, group), bank as u32)?;
        self.write32(regs::SMR.offset(&params, group), 1 << 31 | stream_id)
    }

    /// Sets a bank up for AArch64 stage-1 translation.
    pub fn setup_bank(&mut self, bank: usize, tables: &Tables, asid: u16, sctlr: u32) -> Result<(), BenchError> {
        let params = self.params;
        self.write32(regs::CBAR.offset(&params, bank), 1 << 16)?;
        self.write32(regs::CBA2R.offset(&params, bank), 1)?;
        self.write32(regs::CB_TCR2.offset(&params, bank), TCR2_USUAL)?;
        self.write32(regs::CB_TCR.offset(&params, bank), tables.tcr())?;
        self.write64(regs::CB_TTBR0.offset(&params, bank), tables.root | u64::from(asid) << 48)?;
        self.write32(regs::CB_SCTLR.offset(&params, bank), sctlr)
    }

    /// Drops the entries of one page, leaves only, and waits for the end.
    pub fn invalidate_page(&mut self, bank: usize, asid: u16, va: u64) -> Result<(), BenchError> {
        let params = self.params;
        self.write64(regs::CB_TLBIVAL.offset(&params, bank), va >> 12 & 0xfff_ffff_ffff | u64::from(asid) << 48)?;
        self.sync(bank)
    }

    /// Drops everything of the bank's VMID and waits for the end.
    pub fn invalidate_bank(&mut self, bank: usize) -> Result<(), BenchError> {
        let params = self.params;
        self.write32(regs::CB_TLBIALL.offset(&params, bank), 0)?;
        self.sync(bank)
    }

    /// Waits until the bank's earlier invalidations are complete.
    ///
    /// # Errors
    /// As [`Bench::read32`], or no end.
    pub fn sync(&mut self, bank: usize) -> Result<(), BenchError> {
        let params = self.params;
        self.write32(regs::CB_TLBSYNC.offset(&params, bank), 0)?;
        let start = self.cycle();
        while self.read32(regs::CB_TLBSTATUS.offset(&params, bank))? & 1 == 1 {
            if self.cycle() - start > self.patience() {
                return self.timeout(format!("the end of the synchronization of bank {bank}"));
            }
        }
        Ok(())
    }

    /// The fault record of a bank: FSR, FAR, FSYNR0, CBFRSYNRA.
    pub fn fault_record(&mut self, bank: usize) -> Result<[u64; 4], BenchError> {
        let params = self.params;
        Ok([
            self.read32(regs::CB_FSR.offset(&params, bank))?.into(),
            self.read64(regs::CB_FAR.offset(&params, bank))?,
            self.read32(regs::CB_FSYNR0.offset(&params, bank))?.into(),
            self.read32(regs::CBFRSYNRA.offset(&params, bank))?.into(),
        ])
    }

    /// Clears a bank's fault status.
    pub fn clear_fault(&mut self, bank: usize) -> Result<(), BenchError> {
        let params = self.params;
        self.write32(regs::CB_FSR.offset(&params, bank), 0xffff_ffff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_the_levels_that_the_region_needs() {
        for (granule, size, level) in [(12, 16, 0), (12, 25, 1), (12, 39, 2), (14, 16, 0), (14, 28, 2), (16, 22, 2), (16, 21, 1)]
        {
            assert_eq!(Tables::new(0, granule, size).start_level(), level, "granule {granule}, size {size}");
        }
    }

    #[test]
    fn a_page_lies_where_its_indices_say() {
        let mut memory = Memory::new();
        memory.add_region(0x10_0000, 0x10_0000);
        let mut tables = Tables::usual(0x10_0000);
        let va = 1 << 39 | 2 << 30 | 3 << 21 | 4 << 12;
        tables.map(&mut memory, va, 0x8765_4000, READ_WRITE).expect("room");
        let mut table = 0x10_0000;
        for index in [1, 2, 3] {
            let descriptor = memory.read_u64(table + 8 * index).expect("room");
            assert_eq!(descriptor & 0xfff, 3);
            table = descriptor & !0xfff;
        }
        assert_eq!(memory.read_u64(table + 32), Ok(0x8765_4000 | READ_WRITE | 3));
        tables.unmap(&mut memory, va).expect("room");
        assert_eq!(memory.read_u64(table + 32), Ok(0));
    }
}
