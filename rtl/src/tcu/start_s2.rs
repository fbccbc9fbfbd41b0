//! Range check and start table of a stage-2 walk (front stage F4).
//!
//! Combinational. Here the start level is not derived from the input size: `SL0` says it, and the first table may be up to 16 tables that
//! lie one after the other (concatenated), so that the first index has up to four bits more.
//!
//! | granule | `SL0` 0 | `SL0` 1 | `SL0` 2 |
//! | --- | --- | --- | --- |
//! | 4 KiB | level 2, T0SZ 30 to 39 | level 1, 21 to 33 | level 0, 16 to 24 |
//! | 16 KiB | level 3, 35 to 39 | level 2, 24 to 38 | level 1, 16 to 27 |
//! | 64 KiB | level 3, 31 to 39 | level 2, 18 to 34 | level 1, 16 to 21 |
//!
//! An AArch32 bank has the rows of 4 KiB with `T0SZ` counted from 32 bits (`tsz` of the bank stage is 32 + T0SZ), and no `SL0` 2.

use crate::prelude::*;

/// The block.
#[derive(LogicBlock, Default)]
pub struct StartS2 {
    /// Intermediate physical address.
    pub ipa: Signal<In, Word<49>>,
    /// Granule code: 0 = 4 KiB, 1 = 64 KiB, 2 = 16 KiB.
    pub granule: Signal<In, Word<2>>,
    /// As `bank` packs it.
    pub cfg: Signal<In, Word<19>>,
    /// Bit k: the IPA has bit 25 + k (T0SZ at most 38 - k).
    pub reach: Signal<In, Word<23>>,
    pub sl0: Signal<In, Word<2>>,
    pub aarch32: Signal<In, Bit>,
    /// TTBR0[47:0].
    pub ttbr: Signal<In, Word<48>>,
    /// Start level, size or granule not usable, or the address beyond the size: translation fault.
    pub range_bad: Signal<Out, Bit>,
    /// The table lies beyond PASize: address size fault, level 0.
    pub ttbr_bad: Signal<Out, Bit>,
    /// Address of the first descriptor.
    pub start: Signal<Out, Word<48>>,
    pub start_level: Signal<Out, Word<2>>,
    tsz: Signal<Local, Word<6>>,
    in_range: Signal<Local, Word<48>>,
    outside: Signal<Local, Word<48>>,
    covered: Signal<Local, Word<48>>,
    least: Signal<Local, Word<6>>,
    most: Signal<Local, Word<6>>,
    level: Signal<Local, Word<2>>,
    index: Signal<Local, Word<17>>,
    index_mask: Signal<Local, Word<17>>,
    base: Signal<Local, Word<48>>,
    beyond_pa: Signal<Local, Word<16>>,
    beyond: Signal<Local, Word<16>>,
}

impl Logic for StartS2 {
    #[hdl_gen]
    fn update(&mut self) {
        self.tsz.next = self.cfg.val().get_bits::<6>(8);
        self.in_range.next = (bit_cast::<48, 23>(self.reach.val()) << 25) | 0x1ff_ffff;
        self.outside.next = self.ipa.val().get_bits::<48>(0) & !self.in_range.val();
        self.covered.next = self.ipa.val().get_bits::<48>(0) & self.in_range.val();

        // Start level and legal sizes; the index down to the level's lowest bit.
        self.least.next = 30.into();
        self.most.next = 39.into();
        self.level.next = 2.into();
        self.index.next = self.covered.val().get_bits::<17>(21);
        self.index_mask.next = self.in_range.val().get_bits::<17>(21);
        if self.sl0.val() == 1 {
            self.least.next = 21.into();
            self.most.next = 33.into();
            self.level.next = 1.into();
            self.index.next = self.covered.val().get_bits::<17>(30);
            self.index_mask.next = self.in_range.val().get_bits::<17>(30);
        }
        if self.sl0.val() == 2 {
            self.least.next = 16.into();
            self.most.next = 24.into();
            self.level.next = 0.into();
            self.index.next = bit_cast::<17, 9>(self.covered.val().get_bits::<9>(39));
            self.index_mask.next = bit_cast::<17, 9>(self.in_range.val().get_bits::<9>(39));
        }
        if self.granule.val() == 1 {
            self.least.next = 31.into();
            self.level.next = 3.into();
            self.most.next = 39.into();
            self.index.next = self.covered.val().get_bits::<17>(16);
            self.index_mask.next = self.in_range.val().get_bits::<17>(16);
            if self.sl0.val() == 1 {
                self.least.next = 18.into();
                self.most.next = 34.into();
                self.level.next = 2.into();
                self.index.next = self.covered.val().get_bits::<17>(29);
                self.index_mask.next = self.in_range.val().get_bits::<17>(29);
            }
            if self.sl0.val() == 2 {
                self.least.next = 16.into();
                self.most.next = 21.into();
                self.level.next = 1.into();
                self.index.next = bit_cast::<17, 6>(self.covered.val().get_bits::<6>(42));
                self.index_mask.next = bit_cast::<17, 6>(self.in_range.val().get_bits::<6>(42));
            }
        }
        if self.granule.val() == 2 {
            self.least.next = 35.into();
            self.level.next = 3.into();
            self.most.next = 39.into();
            self.index.next = self.covered.val().get_bits::<17>(14);
            self.index_mask.next = self.in_range.val().get_bits::<17>(14);
            if self.sl0.val() == 1 {
                self.least.next = 24.into();
                self.most.next = 38.into();
                self.level.next = 2.into();
                self.index.next = self.covered.val().get_bits::<17>(25);
                self.index_mask.next = self.in_range.val().get_bits::<17>(25);
            }
            if self.sl0.val() == 2 {
                self.least.next = 16.into();
                self.most.next = 27.into();
                self.level.next = 1.into();
                self.index.next = bit_cast::<17, 12>(self.covered.val().get_bits::<12>(36));
                self.index_mask.next = bit_cast::<17, 12>(self.in_range.val().get_bits::<12>(36));
            }
        }
        self.range_bad.next = self.outside.val().any()
            | self.ipa.val().get_bit(48)
            | self.cfg.val().get_bit(15)
            | (self.sl0.val() == 3)
            | (self.aarch32.val() & self.sl0.val().get_bit(1))
            | (self.tsz.val() < self.least.val())
            | (self.tsz.val() > self.most.val());
        self.start_level.next = self.level.val();

        // The tables, all of them.
        self.base.next = (bit_cast::<48, 17>(self.index_mask.val()) << 3) | 0x3f;
        self.base.next = self.ttbr.val() & !self.base.val();
        self.start.next = self.base.val() | (bit_cast::<48, 17>(self.index.val()) << 3);
        self.beyond_pa.next = 0.into();
        if self.cfg.val().get_bits::<3>(16) == 0 {
            self.beyond_pa.next = 0xffff.into();
        }
        if self.cfg.val().get_bits::<3>(16) == 1 {
            self.beyond_pa.next = 0xfff0.into();
        }
        if self.cfg.val().get_bits::<3>(16) == 2 {
            self.beyond_pa.next = 0xff00.into();
        }
        if self.cfg.val().get_bits::<3>(16) == 3 {
            self.beyond_pa.next = 0xfc00.into();
        }
        if self.cfg.val().get_bits::<3>(16) == 4 {
            self.beyond_pa.next = 0xf000.into();
        }
        self.beyond.next = self.beyond_pa.val() & self.ttbr.val().get_bits::<16>(32);
        self.ttbr_bad.next = self.beyond.val().any();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_starts2() {
        synthesis_check(StartS2::default());
    }

    #[test]
    fn verilog_agrees_starts2() {
        equivalence(StartS2::default, 6000, 1, drive!(ipa, granule, cfg, reach, sl0, aarch32, ttbr), |s| {
            let size = s.random.below(24);
            s.set("reach", (1u64 << size) - 1);
        });
    }

    /// The start table of (granule code, SL0, T0SZ) for an address with all bits set below the size.
    fn top(granule: u64, sl0: u64, tsz: u64) -> Option<(u64, u64)> {
        let mut uut = StartS2::default();
        uut.connect_all();
        uut.ipa.next = ((1u64 << (64 - tsz)) - 1).into();
        uut.granule.next = granule.into();
        uut.cfg.next = (tsz << 8 | 5 << 16).into();
        uut.reach.next = ((1u64 << 39 >> tsz) - 1).into();
        uut.sl0.next = sl0.into();
        uut.ttbr.next = 0xffff_ffff_ffff_u64.into();
        assert!(simulate(&mut uut, 10), "settles");
        (!uut.range_bad.val()).then_some((uut.start_level.val().u64(), uut.start.val().u64()))
    }

    #[test]
    fn concatenated_tables_lie_one_after_the_other() {
        // 40 bits at level 1: two tables of 512; the last entry of the second one ends the 8 KiB that TTBR is aligned to.
        assert_eq!(top(0, 1, 24), Some((1, 0xffff_ffff_fff8)));
        // 43 bits at level 1: 16 tables; 44 bits are too many.
        assert_eq!(top(0, 1, 21), Some((1, 0xffff_ffff_fff8)));
        assert_eq!(top(0, 1, 20), None);
        assert_eq!(top(0, 0, 30), Some((2, 0xffff_ffff_fff8)));
        assert_eq!(top(0, 2, 16), Some((0, 0xffff_ffff_fff8)));
        assert_eq!(top(0, 2, 25), None);
        assert_eq!(top(0, 3, 25), None);
        assert_eq!(
            (top(1, 0, 31).map(|t| t.0), top(1, 1, 18).map(|t| t.0), top(1, 2, 16).map(|t| t.0)),
            (Some(3), Some(2), Some(1))
        );
        assert_eq!((top(1, 0, 30), top(1, 1, 17), top(1, 2, 22)), (None, None, None));
        assert_eq!(
            (top(2, 0, 35).map(|t| t.0), top(2, 1, 24).map(|t| t.0), top(2, 2, 16).map(|t| t.0)),
            (Some(3), Some(2), Some(1))
        );
        assert_eq!((top(2, 0, 34), top(2, 1, 39), top(2, 2, 28)), (None, None, None));
    }

    #[test]
    fn the_bits_of_ttbr_below_all_tables_count_as_zero() {
        // 34 bits at level 2: 16 tables of 4 KiB. Index 0 starts at TTBR rounded down to 64 KiB.
        let mut uut = StartS2::default();
        uut.connect_all();
        uut.ipa.next = 0x1000u64.into();
        uut.cfg.next = (30u64 << 8 | 5 << 16).into();
        uut.reach.next = 0x1ffu64.into();
        uut.ttbr.next = 0x1234_5678_9abc_u64.into();
        assert!(simulate(&mut uut, 10), "settles");
        assert_eq!(uut.start.val(), 0x1234_5678_0000);
        assert!(!uut.range_bad.val());
    }
}
