//! Range check and start table of a walk (front stage F4).
//!
//! Combinational. The input size (64 - TxSZ, here as the address bits that it covers) decides which address bits a walk resolves and at which level it starts:
//!
//! | granule | level 0 | level 1 | level 2 | level 3 |
//! | --- | --- | --- | --- | --- |
//! | 4 KiB | 40 to 48 bits | 31 to 39 | 25 to 30 | |
//! | 16 KiB | 48 | 37 to 47 | 26 to 36 | 25 |
//! | 64 KiB | | 43 to 48 | 30 to 42 | 25 to 29 |
//!
//! The start table may be smaller than a granule: TTBR bits below its size count as zero, and so do the index bits above the input size.

use crate::prelude::*;

/// The block.
#[derive(LogicBlock, Default)]
pub struct Start {
    /// Canonical address.
    pub va: Signal<In, Word<49>>,
    /// Granule code: 0 = 4 KiB, 1 = 64 KiB, 2 = 16 KiB.
    pub granule: Signal<In, Word<2>>,
    /// As `bank` packs it.
    pub cfg: Signal<In, Word<19>>,
    /// Bit k: the region has address bit 25 + k (TxSZ at most 38 - k).
    pub reach: Signal<In, Word<23>>,
    /// TTBR[47:0] of the half.
    pub ttbr: Signal<In, Word<48>>,
    /// Size or granule not usable, or the address beyond the size: translation fault, level 0.
    pub range_bad: Signal<Out, Bit>,
    /// The table lies beyond PASize: address size fault, level 0.
    pub ttbr_bad: Signal<Out, Bit>,
    /// Address of the first descriptor.
    pub start: Signal<Out, Word<48>>,
    pub start_level: Signal<Out, Word<2>>,
    /// Address bits that the input size covers (bits 47:0).
    in_range: Signal<Local, Word<48>>,
    outside: Signal<Local, Word<49>>,
    level: Signal<Local, Word<2>>,
    covered: Signal<Local, Word<48>>,
    index: Signal<Local, Word<13>>,
    index_mask: Signal<Local, Word<13>>,
    base: Signal<Local, Word<48>>,
    beyond_pa: Signal<Local, Word<16>>,
    beyond: Signal<Local, Word<16>>,
}

impl Logic for Start {
    #[hdl_gen]
    fn update(&mut self) {
        // F4: the range. Bits 47:size of the address must all be what bit 48 is.
        self.in_range.next = (bit_cast::<48, 23>(self.reach.val()) << 25) | 0x1ff_ffff;
        self.outside.next = self.va.val();
        if self.va.val().get_bit(48) {
            self.outside.next = !self.va.val();
        }
        self.covered.next = self.outside.val().get_bits::<48>(0) & !self.in_range.val();
        self.range_bad.next = self.covered.val().any() | self.cfg.val().get_bit(15);

        // F4: the start table. 4 KiB granule unless said otherwise.
        self.covered.next = self.va.val().get_bits::<48>(0) & self.in_range.val();
        self.level.next = 2.into();
        self.index.next = bit_cast::<13, 9>(self.covered.val().get_bits::<9>(21));
        self.index_mask.next = bit_cast::<13, 9>(self.in_range.val().get_bits::<9>(21));
        if self.in_range.val().get_bit(30) {
            self.level.next = 1.into();
            self.index.next = bit_cast::<13, 9>(self.covered.val().get_bits::<9>(30));
            self.index_mask.next = bit_cast::<13, 9>(self.in_range.val().get_bits::<9>(30));
        }
        if self.in_range.val().get_bit(39) {
            self.level.next = 0.into();
            self.index.next = bit_cast::<13, 9>(self.covered.val().get_bits::<9>(39));
            self.index_mask.next = bit_cast::<13, 9>(self.in_range.val().get_bits::<9>(39));
        }
        if self.granule.val() == 1 {
            self.level.next = 3.into();
            self.index.next = self.covered.val().get_bits::<13>(16);
            self.index_mask.next = self.in_range.val().get_bits::<13>(16);
            if self.in_range.val().get_bit(29) {
                self.level.next = 2.into();
                self.index.next = self.covered.val().get_bits::<13>(29);
                self.index_mask.next = self.in_range.val().get_bits::<13>(29);
            }
            if self.in_range.val().get_bit(42) {
                self.level.next = 1.into();
                self.index.next = bit_cast::<13, 6>(self.covered.val().get_bits::<6>(42));
                self.index_mask.next = bit_cast::<13, 6>(self.in_range.val().get_bits::<6>(42));
            }
        }
        if self.granule.val() == 2 {
            self.level.next = 3.into();
            self.index.next = bit_cast::<13, 11>(self.covered.val().get_bits::<11>(14));
            self.index_mask.next = bit_cast::<13, 11>(self.in_range.val().get_bits::<11>(14));
            if self.in_range.val().get_bit(25) {
                self.level.next = 2.into();
                self.index.next = bit_cast::<13, 11>(self.covered.val().get_bits::<11>(25));
                self.index_mask.next = bit_cast::<13, 11>(self.in_range.val().get_bits::<11>(25));
            }
            if self.in_range.val().get_bit(36) {
                self.level.next = 1.into();
                self.index.next = bit_cast::<13, 11>(self.covered.val().get_bits::<11>(36));
                self.index_mask.next = bit_cast::<13, 11>(self.in_range.val().get_bits::<11>(36));
            }
            if self.in_range.val().get_bit(47) {
                self.level.next = 0.into();
                self.index.next = bit_cast::<13, 1>(self.covered.val().get_bits::<1>(47));
                self.index_mask.next = bit_cast::<13, 1>(self.in_range.val().get_bits::<1>(47));
            }
        }
        self.base.next = (bit_cast::<48, 13>(self.index_mask.val()) << 3) | 0x3f;
        self.base.next = self.ttbr.val() & !self.base.val();
        self.start.next = self.base.val() | (bit_cast::<48, 13>(self.index.val()) << 3);
        self.start_level.next = self.level.val();
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
    fn synthesizes_start() {
        synthesis_check(Start::default());
    }

    #[test]
    fn verilog_agrees_start() {
        equivalence(Start::default, 4000, 1, drive!(va, granule, cfg, reach, ttbr), |s| {
            let size = s.random.below(24);
            s.set("reach", (1u64 << size) - 1);
        });
    }
}
