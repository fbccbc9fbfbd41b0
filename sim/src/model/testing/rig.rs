//! A model with a stream, a bank and tables, set up through its registers.

use super::mapper::Mapper;
use super::Ram;
use crate::model::{Access, Fault, Model, Verdict};
use smmu_rtl::params::{Params, ZYNQMP};
use smmu_rtl::registers::{self as regs, RegId};

/// Table memory of the rig.
pub const TABLES: u64 = 0x8000_0000;
/// First address without memory behind it.
pub const HOLE: u64 = 0x9000_0000;
/// StreamID of the rig.
pub const STREAM: u32 = 0x300;
/// Its context bank.
pub const BANK: usize = 3;
/// `SCTLR` as the stock driver writes it: M, TRE, AFE, CFRE, CFIE (ASIDPNE is read-only).
pub const SCTLR: u64 = 0x1067;
/// A leaf as the stock driver makes it: AF, nG, user, read-write, inner shareable.
pub const LEAF: u64 = 1 << 11 | 1 << 10 | 3 << 8 | 1 << 6;

/// Model, memory, and the tables of region 0.
#[derive(Clone)]
pub struct Rig {
    pub model: Model,
    pub ram: Ram,
    pub tables: Mapper,
    params: Params,
}

impl Rig {
    /// Out of reset, with no register written.
    pub fn bare(params: &Params) -> Self {
        let tables = Mapper::new(12, 48, TABLES);
        Rig { model: Model::new(params), ram: Ram::new(TABLES..HOLE), tables, params: *params }
    }

    /// The stream translates in its bank: 4 KiB granule, 48-bit region 0, no region 1, ASID 7.
    pub fn new() -> Self {
        Rig::with_params(&ZYNQMP)
    }

    /// The same on other hardware.
    pub fn with_params(params: &Params) -> Self {
        let mut rig = Rig::bare(params);
        rig.set(regs::SMR, 0, 1 << 31 | u64::from(STREAM));
        rig.set(regs::S2CR, 0, BANK as u64);
        rig.set(regs::CBAR, BANK, 0x1_F300);
        rig.set(regs::CBA2R, BANK, 1);
        rig.set(regs::CB_TCR2, BANK, 0x3_8015);
        rig.set(regs::CB_TCR, BANK, 0x80_3510);
        rig.set(regs::CB_TTBR0, BANK, 7 << 48 | TABLES);
        rig.set(regs::CB_TTBR1, BANK, 7 << 48);
        rig.set(regs::CB_SCTLR, BANK, SCTLR);
        rig.set(regs::SCR0, 0, 0x20_1C36);
        rig
    }

    /// Writes a register in one access.
    pub fn set(&mut self, id: RegId, index: usize, value: u64) {
        self.model.write(id.offset(&self.params, index), value, id.register().width / 8);
    }

    /// Reads a register in one access.
    pub fn get(&mut self, id: RegId, index: usize) -> u64 {
        self.model.load(id.offset(&self.params, index), id.register().width / 8)
    }

    /// Maps a 4 KiB page as the stock driver does.
    pub fn page(&mut self, va: u64, pa: u64) {
        self.leaf(va, pa, 3, LEAF);
    }

    /// Maps a leaf of that level.
    pub fn leaf(&mut self, va: u64, pa: u64, level: u8, attributes: u64) {
        assert!(self.tables.map(&mut self.ram, va, pa, level, attributes), "{va:#x} is in use");
    }

    /// Removes a leaf from the tables, and nothing from the cache.
    pub fn unmap(&mut self, va: u64, level: u8) {
        self.tables.unmap(&mut self.ram, va, level);
    }

    /// Performs an access.
    pub fn go(&mut self, access: Access) -> Verdict {
        self.model.translate(&access, &mut self.ram)
    }

    /// Performs a read; where it went.
    pub fn read(&mut self, addr: u64) -> Option<u64> {
        self.go(read(addr)).pa()
    }

    /// Performs a read that is refused; why.
    pub fn refused(&mut self, access: Access) -> Fault {
        self.go(access).fault().expect("it should be refused")
    }
}

/// An unprivileged read of the rig's stream.
pub fn read(addr: u64) -> Access {
    Access { stream_id: STREAM, addr, ..Access::default() }
}

/// An unprivileged write of the rig's stream.
pub fn write(addr: u64) -> Access {
    Access { write: true, ..read(addr) }
}
