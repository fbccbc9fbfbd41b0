//! Which walk an address gets in an AArch32 stage-1 bank: long or short descriptors, two regions of a 32-bit space.
//!
//! Decisions D25, D26 and D28 of `docs/compliance.md`. Addresses are not sign-extended, and `TCR2` does not matter.

use super::bits::{bit, field, ones};
use super::regime::{Format, Granule, MemoryRules, Region, Stage, Stage1Registers, WalkRegime};
use super::stage2::LONG_OUTPUT_BITS;
use super::walk::WalkFault;

/// Bits of a virtual address.
const VA_BITS: u32 = 32;

impl Stage1Registers {
    /// The format of a bank with `CBA2R.VA64` = 0.
    pub fn format32(&self) -> Format {
        if bit(self.tcr.into(), 31) {
            Format::Long
        } else {
            Format::Short { afe: bit(self.sctlr.into(), 2) }
        }
    }

    /// The ASID in use in an AArch32 bank: eight bits.
    pub fn asid32(&self) -> u16 {
        let asid = match self.format32() {
            Format::Long => self.ttbr[usize::from(bit(self.tcr.into(), 22))] >> 48,
            _ => self.contextidr.into(),
        };
        (asid & 0xFF) as u16
    }

    /// The region of an AArch32 bank that `va` lies in. `output_bits`: address bits that the hardware can put out.
    ///
    /// # Errors
    /// A translation fault of level 1 where the address is in neither region.
    pub fn region32(&self, va: u64, output_bits: u32) -> Result<Region, WalkFault> {
        if va >> VA_BITS != 0 {
            return Err(WalkFault::translation(1));
        }
        let output_bits = output_bits.min(LONG_OUTPUT_BITS);
        match self.format32() {
            Format::Long => self.long_region(va, output_bits),
            short => Ok(self.short_region(va, short, output_bits)),
        }
    }

    fn long_region(&self, va: u64, output_bits: u32) -> Result<Region, WalkFault> {
        let tcr = u64::from(self.tcr);
        let (t0sz, t1sz) = (field(tcr, 2, 0) as u32, field(tcr, 18, 16) as u32);
        let in_0 = va >> (VA_BITS - t0sz) == 0;
        let in_1 = if t1sz == 0 { !in_0 } else { va >> (VA_BITS - t1sz) == ones(t1sz) };
        let (upper, size, walks_off) = match (in_1, in_0) {
            (true, _) => (true, t1sz, bit(tcr, 23)),
            (false, true) => (false, t0sz, bit(tcr, 7)),
            (false, false) => return Err(WalkFault::translation(1)),
        };
        let input_bits = VA_BITS - size;
        let walk = WalkRegime {
            stage: Stage::One,
            format: Format::Long,
            granule: Granule::K4,
            input_bits,
            start_level: if input_bits > 30 { 1 } else { 2 },
            base: self.ttbr[usize::from(upper)] & (ones(48) & !ones(6)),
            output_bits,
            memory: MemoryRules::Mair(self.mair),
            big_endian: self.big_endian(),
        };
        Ok(Region { upper, walks_off, walk })
    }

    fn short_region(&self, va: u64, format: Format, output_bits: u32) -> Region {
        let tcr = u64::from(self.tcr);
        let n = field(tcr, 2, 0) as u32;
        let upper = va >> (VA_BITS - n) != 0;
        let input_bits = if upper { VA_BITS } else { VA_BITS - n };
        // A table of level 1 has an entry of 4 bytes a MiB.
        let table_bits = input_bits - 18;
        let memory = if bit(self.sctlr.into(), 1) {
            MemoryRules::Remap { prrr: self.mair as u32, nmrr: (self.mair >> 32) as u32 }
        } else {
            MemoryRules::Tex
        };
        let walk = WalkRegime {
            stage: Stage::One,
            format,
            granule: Granule::K4,
            input_bits,
            start_level: 1,
            base: self.ttbr[usize::from(upper)] & (ones(32) & !ones(table_bits)),
            output_bits,
            memory,
            big_endian: self.big_endian(),
        };
        Region { upper, walks_off: bit(tcr, if upper { 5 } else { 4 }), walk }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regs(tcr: u32) -> Stage1Registers {
        Stage1Registers { tcr, ttbr: [0x12_3456_7FC0, 0xFFFF_FFFF_FFFF], ..Stage1Registers::default() }
    }

    const EAE: u32 = 1 << 31;

    /// Region (0 or 1), input bits and start level.
    fn long(tcr: u32, va: u64) -> Option<(bool, u32, u8)> {
        regs(tcr | EAE).region32(va, 48).ok().map(|r| (r.upper, r.walk.input_bits, r.walk.start_level))
    }

    #[test]
    fn long_regions() {
        assert_eq!(long(0, 0xFFFF_FFFF), Some((false, 32, 1)), "one region");
        assert_eq!(long(1, 0x7FFF_FFFF), Some((false, 31, 1)));
        assert_eq!(long(1, 0x8000_0000), Some((true, 32, 1)), "T1SZ=0: all that is not region 0");
        assert_eq!(long(2, 0x3FFF_FFFF), Some((false, 30, 2)));
        assert_eq!(long(2 | 2 << 16, 0xC000_0000), Some((true, 30, 2)));
        assert_eq!(long(2 | 2 << 16, 0x4000_0000), None, "between the two");
        assert_eq!(long(2 | 2 << 16, 0xBFFF_FFFF), None);
        assert_eq!(long(3 << 16, 0xDFFF_FFFF), Some((false, 32, 1)));
        assert_eq!(long(3 << 16, 0xE000_0000), Some((true, 29, 2)));
        assert_eq!(long(7, 0x01FF_FFFF), Some((false, 25, 2)));
        assert_eq!(regs(EAE).region32(1 << 32, 48).map(|_| ()), Err(WalkFault::translation(1)), "33 bits");
    }

    #[test]
    fn long_walk_disable_and_sizes() {
        let region = |tcr, va| regs(tcr | EAE).region32(va, 48).expect("in a region");
        assert!(region(1 << 7, 0).walks_off && !region(1 << 23, 0).walks_off);
        assert!(region(1 | 1 << 23, 0x8000_0000).walks_off);
        assert_eq!(region(0, 0).walk.output_bits, 40);
        assert_eq!(regs(EAE).region32(0, 36).map(|r| r.walk.output_bits), Ok(36));
        assert_eq!(region(0, 0).walk.start_table(), 0x12_3456_7FC0, "four entries: 64 bytes");
        assert_eq!(region(2, 0).walk.start_table(), 0x12_3456_7000);
    }

    #[test]
    fn short_regions() {
        let short = |tcr, va| {
            let r = regs(tcr).region32(va, 48).expect("in a region");
            (r.upper, r.walk.input_bits, r.walk.base, r.walks_off)
        };
        assert_eq!(short(0, 0xFFFF_FFFF), (false, 32, 0x3456_4000, false), "N=0: 16 KiB, TTBR0 only");
        assert_eq!(short(1, 0x7FFF_FFFF), (false, 31, 0x3456_6000, false), "8 KiB");
        assert_eq!(short(1, 0x8000_0000), (true, 32, 0xFFFF_C000, false), "16 KiB whatever N");
        assert_eq!(short(7, 0x01FF_FFFF), (false, 25, 0x3456_7F80, false), "128 bytes");
        assert!(short(1 | 1 << 4, 0).3 && !short(1 | 1 << 4, 0x8000_0000).3);
        assert!(short(1 | 1 << 5, 0x8000_0000).3 && !short(1 | 1 << 5, 0).3);
    }

    #[test]
    fn asids_have_eight_bits() {
        let mut regs =
            Stage1Registers { tcr: EAE, ttbr: [0x1234 << 48, 0xABCD << 48], contextidr: 0x5678, ..Stage1Registers::default() };
        assert_eq!(regs.asid32(), 0x34);
        regs.tcr |= 1 << 22;
        assert_eq!(regs.asid32(), 0xCD);
        regs.tcr = 0;
        assert_eq!(regs.asid32(), 0x78);
    }
}
