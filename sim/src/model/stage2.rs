//! Stage 2: which walk an intermediate address gets.
//!
//! A stage-2 bank has one table, whose first level software chooses (`SL0`); up to sixteen tables of that level may stand side by
//! side. Decisions D19 and D27 of `docs/compliance.md`.

use super::bits::{bit, field, ones};
use super::regime::{Format, Granule, MemoryRules, Stage, WalkRegime};
use super::walk::WalkFault;
use smmu_rtl::params::size_code_bits;

/// Address bits of the AArch32 long format.
pub(super) const LONG_OUTPUT_BITS: u32 = 40;

/// The registers that steer a stage-2 walk, as they read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stage2Registers {
    /// `TCR`, with the fields of a stage-2 bank.
    pub tcr: u32,
    /// `TTBR0`.
    pub ttbr: u64,
    /// `SCTLR`.
    pub sctlr: u32,
    /// `CBA2R.VA64`.
    pub aarch64: bool,
}

/// `T0SZ` that go with a start level, by granule and `SL0`.
fn legal_t0sz(granule: Granule, sl0: u64) -> Option<std::ops::RangeInclusive<u64>> {
    Some(match (granule, sl0) {
        (Granule::K4, 0) => 30..=39,
        (Granule::K4, 1) => 21..=33,
        (Granule::K4, 2) => 16..=24,
        (Granule::K16, 0) => 35..=39,
        (Granule::K16, 1) => 24..=38,
        (Granule::K16, 2) => 16..=27,
        (Granule::K64, 0) => 31..=39,
        (Granule::K64, 1) => 18..=34,
        (Granule::K64, 2) => 16..=21,
        _ => return None,
    })
}

impl Stage2Registers {
    /// The format of the bank.
    pub fn format(&self) -> Format {
        if self.aarch64 {
            Format::AArch64
        } else {
            Format::Long
        }
    }

    /// `AFFD`: the access flag is not looked at.
    pub fn affd(&self) -> bool {
        bit(self.sctlr.into(), 3)
    }

    /// `PTW`: stage-1 tables may not lie in Device memory.
    pub fn protects_walks(&self) -> bool {
        bit(self.sctlr.into(), 13)
    }

    /// The walk of `ipa`. `has_16k`: the hardware has that granule; `output_bits`: address bits that it can put out.
    ///
    /// # Errors
    /// A translation fault of the format's first level where the registers contradict each other or `ipa` is out of range.
    pub fn regime(&self, ipa: u64, has_16k: bool, output_bits: u32) -> Result<WalkRegime, WalkFault> {
        let none = WalkFault::translation(self.format().first_level());
        let tcr = u64::from(self.tcr);
        let sl0 = field(tcr, 7, 6);
        let (granule, input_bits, start_level, output_bits) = if self.aarch64 {
            let granule = Granule::from_tg0(field(tcr, 15, 14)).filter(|&g| has_16k || g != Granule::K16).ok_or(none)?;
            let t0sz = field(tcr, 5, 0);
            if !legal_t0sz(granule, sl0).is_some_and(|legal| legal.contains(&t0sz)) {
                return Err(none);
            }
            let deepest = if granule == Granule::K4 { 2 } else { 3 };
            let output_bits = output_bits.min(size_code_bits(field(tcr, 18, 16) as u8));
            (granule, 64 - t0sz as u32, deepest - sl0 as u8, output_bits)
        } else {
            // T0SZ is a signed number of four bits.
            let size = field(tcr, 3, 0) as i32;
            let input_bits = (32 - if size >= 8 { size - 16 } else { size }) as u32;
            let (start_level, legal) = match sl0 {
                0 => (2, 25..=34),
                1 => (1, 31..=40),
                _ => return Err(none),
            };
            if !legal.contains(&input_bits) {
                return Err(none);
            }
            (Granule::K4, input_bits, start_level, output_bits.min(LONG_OUTPUT_BITS))
        };
        if ipa >> input_bits != 0 {
            return Err(none);
        }
        Ok(WalkRegime {
            stage: Stage::Two,
            format: self.format(),
            granule,
            input_bits,
            start_level,
            base: self.ttbr & (ones(48) & !ones(6)),
            output_bits,
            memory: MemoryRules::Stage2,
            big_endian: bit(self.sctlr.into(), 4),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(tcr: u32, aarch64: bool) -> Option<(u8, u32)> {
        let registers = Stage2Registers { tcr, aarch64, ..Stage2Registers::default() };
        registers.regime(0, true, 48).ok().map(|walk| (walk.start_level, 1 << walk.start_index_bits()))
    }

    /// Start level and entries of the first tables together: at most 16 tables, and every address bit resolved.
    #[test]
    fn start_levels_and_concatenation() {
        for (tg0, sl0, t0sz, expected) in [
            (0, 2, 16, Some((0, 512))),
            (0, 2, 24, Some((0, 2))),
            (0, 2, 25, None),
            (0, 1, 20, None),
            (0, 1, 21, Some((1, 16 * 512))),
            (0, 1, 24, Some((1, 2 * 512))),
            (0, 1, 25, Some((1, 512))),
            (0, 1, 33, Some((1, 2))),
            (0, 1, 34, None),
            (0, 0, 29, None),
            (0, 0, 30, Some((2, 16 * 512))),
            (0, 0, 39, Some((2, 16))),
            (0, 0, 40, None),
            (0, 3, 24, None),
            (2, 2, 16, Some((1, 2 * 2048))),
            (2, 2, 27, Some((1, 2))),
            (2, 1, 24, Some((2, 16 * 2048))),
            (2, 1, 38, Some((2, 2))),
            (2, 0, 35, Some((3, 16 * 2048))),
            (2, 0, 34, None),
            (1, 2, 16, Some((1, 64))),
            (1, 2, 15, None),
            (1, 1, 18, Some((2, 16 * 8192))),
            (1, 1, 34, Some((2, 2))),
            (1, 0, 31, Some((3, 16 * 8192))),
            (1, 0, 30, None),
            (1, 0, 39, Some((3, 512))),
            (3, 1, 25, None),
        ] {
            assert_eq!(start(t0sz | sl0 << 6 | tg0 << 14, true), expected, "TG0={tg0} SL0={sl0} T0SZ={t0sz}");
        }
    }

    #[test]
    fn long_format_sizes() {
        // 24 & 0xF = 8, that is -8: 40 bits, two tables of level 1 side by side.
        assert_eq!(start(0x18 | 1 << 6, false), Some((1, 1024)));
        assert_eq!(start(1 << 6, false), Some((1, 4)), "32 bits");
        assert_eq!(start(1 | 1 << 6, false), Some((1, 2)), "31 bits");
        assert_eq!(start(2 | 1 << 6, false), None, "30 bits");
        assert_eq!(start(7, false), Some((2, 16)), "25 bits");
        assert_eq!(start(0xE, false), Some((2, 16 * 512)), "34 bits");
        assert_eq!(start(0xD, false), None, "35 bits");
        assert_eq!(start(2 << 6, false), None);
        let fault = Stage2Registers { tcr: 2 << 6, ..Stage2Registers::default() }.regime(0, true, 48);
        assert_eq!(fault, Err(WalkFault::translation(1)));
    }

    #[test]
    fn range_granule_and_output_size() {
        let registers = |tcr| Stage2Registers { tcr, aarch64: true, ..Stage2Registers::default() };
        // The stock driver's: 40-bit IPA and PA.
        let stock = registers(0x8002_3558);
        let walk = stock.regime(0xFF_FFFF_FFFF, false, 48).expect("the last byte");
        assert_eq!((walk.start_level, walk.input_bits, walk.output_bits), (1, 40, 40));
        assert_eq!(stock.regime(0x100_0000_0000, false, 48), Err(WalkFault::translation(0)));
        assert_eq!(stock.regime(0, false, 36).map(|w| w.output_bits), Ok(36));
        let k16 = registers(16 | 2 << 6 | 2 << 14);
        assert_eq!(k16.regime(0, false, 48), Err(WalkFault::translation(0)), "16K that is not there");
        assert!(k16.regime(0, true, 48).is_ok());
    }

    #[test]
    fn concatenated_tables_align_the_base() {
        let registers =
            |t0sz: u32| Stage2Registers { tcr: t0sz | 1 << 6, ttbr: 0x8000_FFC0, aarch64: true, ..Stage2Registers::default() };
        let table = |t0sz| registers(t0sz).regime(0, true, 48).map(|w| w.start_table());
        assert_eq!(table(25), Ok(0x8000_F000), "one table");
        assert_eq!(table(24), Ok(0x8000_E000), "two");
        assert_eq!(table(21), Ok(0x8000_0000), "sixteen");
    }
}
