//! Which walk an address gets: the two stage-1 regions of an AArch64 bank, their sizes, granules and tables.
//!
//! [`WalkRegime`] is all that a walk needs to know; nothing in [`super::walk`] looks at a register. Another stage or another
//! table format is another value of it: [`super::stage2`] and [`super::regime32`] make those.

use super::bits::{bit, field, ones};
use super::walk::WalkFault;
use smmu_rtl::params::size_code_bits;

/// Translation stage that a walk serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Virtual address to physical (or intermediate) address.
    One,
    /// Intermediate address to physical address.
    Two,
}

/// Layout of the descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// VMSAv8-64: 64-bit descriptors, levels 0 to 3.
    AArch64,
    /// AArch32 long: the same descriptors, levels 1 to 3, with AArch32's execute rules.
    Long,
    /// AArch32 short: 32-bit descriptors, levels 1 and 2.
    Short {
        /// `SCTLR.AFE`: `AP[0]` is the access flag.
        afe: bool,
    },
}

impl Format {
    /// As `FSR.FORMAT` says it.
    pub fn code(self) -> u32 {
        match self {
            Format::Short { .. } => 0,
            Format::Long => 1,
            Format::AArch64 => 2,
        }
    }

    /// The level that a fault before the first table shows.
    pub fn first_level(self) -> u8 {
        u8::from(self != Format::AArch64)
    }
}

/// How the attribute bits of a leaf become attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryRules {
    /// An index into `MAIR0` (bits 31:0) and `MAIR1` (63:32).
    Mair(u64),
    /// `TEX`, `C`, `B` of a short descriptor.
    Tex,
    /// `TEX[0]`, `C`, `B` through `PRRR` and `NMRR`.
    Remap {
        /// `PRRR`.
        prrr: u32,
        /// `NMRR`.
        nmrr: u32,
    },
    /// `MemAttr` of a stage-2 descriptor.
    Stage2,
}

/// Size of a page and of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Granule {
    /// 4 KiB.
    K4,
    /// 16 KiB.
    K16,
    /// 64 KiB.
    K64,
}

impl Granule {
    /// Coding of `TCR.TG0`.
    pub(super) fn from_tg0(code: u64) -> Option<Self> {
        [Some(Granule::K4), Some(Granule::K64), Some(Granule::K16), None][code as usize & 3]
    }

    /// Coding of `TCR.TG1`, another one.
    fn from_tg1(code: u64) -> Option<Self> {
        [None, Some(Granule::K16), Some(Granule::K4), Some(Granule::K64)][code as usize & 3]
    }

    /// Address bits inside a page.
    pub fn page_bits(self) -> u32 {
        match self {
            Granule::K4 => 12,
            Granule::K16 => 14,
            Granule::K64 => 16,
        }
    }

    /// Address bits that one table resolves: a table fills a page with 8-byte descriptors.
    pub fn level_bits(self) -> u32 {
        self.page_bits() - 3
    }

    /// Address bits below those that tables of `level` resolve, that is log2 of the bytes that one entry there covers.
    pub fn entry_bits(self, level: u8) -> u32 {
        self.page_bits() + (3 - u32::from(level)) * self.level_bits()
    }

    /// Level of the first stage-1 table for that many address bits: as many levels as they need and no more.
    pub fn start_level(self, input_bits: u32) -> u8 {
        4 - (input_bits - self.page_bits()).div_ceil(self.level_bits()) as u8
    }

    /// A block descriptor is allowed at `level`.
    pub fn has_block(self, level: u8) -> bool {
        match self {
            Granule::K4 => level == 1 || level == 2,
            Granule::K16 | Granule::K64 => level == 2,
        }
    }
}

/// All that a walk depends on beside the address and the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalkRegime {
    /// Stage.
    pub stage: Stage,
    /// Descriptor layout.
    pub format: Format,
    /// Granule.
    pub granule: Granule,
    /// Address bits that the tables resolve.
    pub input_bits: u32,
    /// Level of the first table.
    pub start_level: u8,
    /// Bits 47:6 of the translation table base register, in place.
    pub base: u64,
    /// Address bits that tables and leaves may use.
    pub output_bits: u32,
    /// Meaning of attribute bits.
    pub memory: MemoryRules,
    /// `SCTLR.E`: descriptors are big-endian.
    pub big_endian: bool,
}

impl WalkRegime {
    /// Address bits that the first table resolves: 1 up to the granule's, and up to 4 more in stage 2.
    pub fn start_index_bits(&self) -> u32 {
        self.input_bits - self.granule.entry_bits(self.start_level)
    }

    /// Address of the first table: aligned to its own size, and to 64 bytes at least.
    pub fn start_table(&self) -> u64 {
        self.base & !ones((self.start_index_bits() + 3).max(6))
    }
}

/// The registers that steer a stage-1 walk, as they read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stage1Registers {
    /// `TCR`.
    pub tcr: u32,
    /// `TCR2`.
    pub tcr2: u32,
    /// `TTBR0`, `TTBR1`.
    pub ttbr: [u64; 2],
    /// `MAIR0` (bits 31:0) and `MAIR1` (63:32).
    pub mair: u64,
    /// `SCTLR`.
    pub sctlr: u32,
    /// `CONTEXTIDR`.
    pub contextidr: u32,
}

impl Stage1Registers {
    /// `addr` (49 bits) as a 64-bit virtual address: the bit that `TCR2.SEP` names replaces all bits above it.
    pub fn virtual_address(&self, addr: u64) -> u64 {
        let sign = match field(self.tcr2.into(), 17, 15) {
            0 => 31,
            1 => 35,
            2 => 39,
            3 => 41,
            4 => 43,
            5 => 47,
            _ => 48,
        };
        let shift = 63 - sign;
        (((addr << shift) as i64) >> shift) as u64
    }

    /// The ASID in use. Without `TCR2.AS` it has eight bits.
    pub fn asid(&self) -> u16 {
        let ttbr = self.ttbr[usize::from(bit(self.tcr.into(), 22))];
        (field(ttbr, 63, 48) & self.asid_mask()) as u16
    }

    /// `SCTLR.E`.
    pub(super) fn big_endian(&self) -> bool {
        bit(self.sctlr.into(), 4)
    }

    /// The bits that an ASID has.
    pub fn asid_mask(&self) -> u64 {
        if bit(self.tcr2.into(), 4) {
            0xFFFF
        } else {
            0xFF
        }
    }

    /// The region that `va` lies in. `has_16k`: the hardware has that granule; `output_bits`: address bits that it can put out.
    ///
    /// # Errors
    /// A translation fault of level 0 where the address is outside the region, or the region's size or granule is none.
    pub fn region(&self, va: u64, has_16k: bool, output_bits: u32) -> Result<Region, WalkFault> {
        let tcr = u64::from(self.tcr);
        let upper = bit(va, 63);
        let (size, granule, walks_off) = if upper {
            (field(tcr, 21, 16), Granule::from_tg1(field(tcr, 31, 30)), bit(tcr, 23))
        } else {
            (field(tcr, 5, 0), Granule::from_tg0(field(tcr, 15, 14)), bit(tcr, 7))
        };
        let Some(granule) = granule.filter(|&g| has_16k || g != Granule::K16) else {
            return Err(WalkFault::translation(0));
        };
        if !(16..=39).contains(&size) {
            return Err(WalkFault::translation(0));
        }
        let input_bits = 64 - size as u32;
        let above = va >> input_bits;
        if above != if upper { u64::MAX >> input_bits } else { 0 } {
            return Err(WalkFault::translation(0));
        }
        let base = self.ttbr[usize::from(upper)] & (ones(48) & !ones(6));
        let output_bits = output_bits.min(size_code_bits((self.tcr2 & 7) as u8));
        let walk = WalkRegime {
            stage: Stage::One,
            format: Format::AArch64,
            granule,
            input_bits,
            start_level: granule.start_level(input_bits),
            base,
            output_bits,
            memory: MemoryRules::Mair(self.mair),
            big_endian: self.big_endian(),
        };
        Ok(Region { upper, walks_off, walk })
    }
}

/// One of the two halves of a bank's address space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// The half of `TTBR1`.
    pub upper: bool,
    /// `TCR.EPDn`: a miss faults instead of walking.
    pub walks_off: bool,
    /// Its walk.
    pub walk: WalkRegime,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regs(tcr: u32, tcr2: u32) -> Stage1Registers {
        Stage1Registers { tcr, tcr2, ..Stage1Registers::default() }
    }

    /// Start level and entries of the first table, worked out by hand from the bits each level resolves.
    #[test]
    fn start_levels() {
        for (granule, size, level, entries) in [
            (Granule::K4, 16, 0, 512),
            (Granule::K4, 24, 0, 2),
            (Granule::K4, 25, 1, 512),
            (Granule::K4, 28, 1, 64),
            (Granule::K4, 33, 1, 2),
            (Granule::K4, 34, 2, 512),
            (Granule::K4, 39, 2, 16),
            (Granule::K16, 16, 0, 2),
            (Granule::K16, 17, 1, 2048),
            (Granule::K16, 27, 1, 2),
            (Granule::K16, 28, 2, 2048),
            (Granule::K16, 38, 2, 2),
            (Granule::K16, 39, 3, 2048),
            (Granule::K64, 16, 1, 64),
            (Granule::K64, 21, 1, 2),
            (Granule::K64, 22, 2, 8192),
            (Granule::K64, 34, 2, 2),
            (Granule::K64, 35, 3, 8192),
            (Granule::K64, 39, 3, 512),
        ] {
            let walk = walk(granule, 64 - size, 0);
            assert_eq!((walk.start_level, 1 << walk.start_index_bits()), (level, entries), "{granule:?} TxSZ={size}");
        }
    }

    fn walk(granule: Granule, input_bits: u32, base: u64) -> WalkRegime {
        WalkRegime {
            stage: Stage::One,
            format: Format::AArch64,
            granule,
            input_bits,
            start_level: granule.start_level(input_bits),
            base,
            output_bits: 48,
            memory: MemoryRules::Mair(0),
            big_endian: false,
        }
    }

    #[test]
    fn base_below_the_first_table_is_zero() {
        let table = |input_bits| walk(Granule::K4, input_bits, 0x1234_5678_9FC0).start_table();
        assert_eq!(table(36), 0x1234_5678_9E00, "64 entries: 512 bytes");
        assert_eq!(table(48), 0x1234_5678_9000, "512 entries: 4 KiB");
        assert_eq!(table(40), 0x1234_5678_9FC0, "2 entries: still 64-byte aligned");
    }

    #[test]
    fn sign_extension_point() {
        let addr = 0x0_8888_8888_8000 | 1 << 31;
        for (sep, bits) in [(0, 31), (1, 35), (2, 39), (3, 41), (4, 43), (5, 47), (6, 48), (7, 48)] {
            let regs = regs(0, sep << 15);
            let set = regs.virtual_address(addr | 1 << bits);
            assert_eq!(set >> bits, u64::MAX >> bits, "SEP={sep}");
            let clear = regs.virtual_address((addr | !ones(bits)) & ones(49) & !(1 << bits));
            assert_eq!(clear >> bits, 0, "SEP={sep}");
            assert_eq!(clear, addr & ones(bits), "SEP={sep}");
        }
    }

    #[test]
    fn region_of_an_address() {
        // T0SZ=25, TG0=4K, T1SZ=28, TG1=64K (3), EPD1.
        let regs = regs(25 | 28 << 16 | 3 << 30 | 1 << 23, 7 << 15 | 5);
        let low = regs.region(0x7F_FFFF_FFFF, false, 48).expect("last byte of region 0");
        assert_eq!((low.upper, low.walks_off, low.walk.granule, low.walk.input_bits), (false, false, Granule::K4, 39));
        assert!(regs.region(0x80_0000_0000, false, 48).is_err(), "first byte after region 0");
        let high = regs.region(0xFFFF_FFF0_0000_0000, false, 48).expect("first byte of region 1");
        assert_eq!((high.upper, high.walks_off, high.walk.granule, high.walk.input_bits), (true, true, Granule::K64, 36));
        assert!(regs.region(0xFFFF_FFEF_FFFF_FFFF, false, 48).is_err(), "last byte before region 1");
    }

    #[test]
    fn reserved_sizes_and_granules() {
        let fault = Err(WalkFault::translation(0));
        for size in [0, 15, 40, 63] {
            assert_eq!(regs(size, 5).region(0, true, 48).map(|_| ()), fault, "T0SZ={size}");
        }
        for size in [16, 39] {
            assert!(regs(size, 5).region(0, true, 48).is_ok(), "T0SZ={size}");
        }
        assert_eq!(regs(25 | 3 << 14, 5).region(0, true, 48).map(|_| ()), fault, "TG0=3 is reserved");
        assert!(regs(25 | 2 << 14, 5).region(0, true, 48).is_ok(), "TG0=2 is 16K");
        assert_eq!(regs(25 | 2 << 14, 5).region(0, false, 48).map(|_| ()), fault, "16K that is not there");
        let top = u64::MAX;
        assert_eq!(regs(25 << 16, 5).region(top, true, 48).map(|_| ()), fault, "TG1=0 is reserved");
        assert_eq!(regs(25 << 16 | 1 << 30, 5).region(top, false, 48).map(|_| ()), fault, "TG1=1 is 16K");
        // The driver's own value: T1SZ=0, TG1=0, EPD1: nothing of it reaches region 0.
        assert!(regs(0x0080_2010, 5).region(0x1000, false, 48).is_ok());
    }

    #[test]
    fn asid_source_and_width() {
        let ttbr = [0x1234 << 48, 0xABCD << 48];
        let mut regs = Stage1Registers { tcr2: 1 << 4, ttbr, ..Stage1Registers::default() };
        assert_eq!(regs.asid(), 0x1234);
        regs.tcr = 1 << 22;
        assert_eq!(regs.asid(), 0xABCD);
        regs.tcr2 = 0;
        assert_eq!(regs.asid(), 0xCD);
    }

    #[test]
    fn output_size_is_the_smaller_one() {
        let bits = |pasize: u32, output: u32| regs(25, pasize).region(0, false, output).map(|r| r.walk.output_bits);
        assert_eq!(bits(0, 48), Ok(32));
        assert_eq!(bits(5, 36), Ok(36));
        assert_eq!(bits(7, 48), Ok(48));
        assert_eq!(bits(2, 44), Ok(40));
    }
}
