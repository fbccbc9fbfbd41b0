//! The attribute in the result of an address translation operation, from the step of its answer ([`super::attribute`]): 8:7 shareability, 11 set, 63:56 the type
//! as a byte of MAIR.
//!
//! The access of an operation is write-back with both hints and not shareable: what a step combines with it is what the step says, so its type
//! and its shareability are the result's, replaced or not. A short format has none of it. Combinational.

use crate::prelude::*;

/// The block.
#[derive(LogicBlock, Default)]
pub struct AttributePar {
    /// 15:0 step, 18 the bank's format is the short one.
    pub answer: Signal<In, Word<20>>,
    /// The bits in their places; all others 0.
    pub par: Signal<Out, Word<64>>,
    step: Signal<Local, Word<16>>,
    hints: Signal<Local, Word<2>>,
    outer: Signal<Local, Word<2>>,
    inner: Signal<Local, Word<2>>,
    outer_code: Signal<Local, Word<4>>,
    inner_code: Signal<Local, Word<4>>,
    device: Signal<Local, Word<2>>,
    mair: Signal<Local, Word<8>>,
    share: Signal<Local, Word<2>>,
    code: Signal<Local, Word<2>>,
    flag: Signal<Local, Bit>,
}

impl Logic for AttributePar {
    #[hdl_gen]
    fn update(&mut self) {
        self.flag.next = false;
        self.step.next = self.answer.val().get_bits::<16>(0);
        // Read hint, write hint.
        self.hints.next = 3.into();
        if self.step.val().get_bit(12) {
            self.hints.next = self.hints.val().replace_bit(1, self.step.val().get_bit(13));
        }
        if self.step.val().get_bit(14) {
            self.hints.next = self.hints.val().replace_bit(0, self.step.val().get_bit(15));
        }
        self.outer.next = self.step.val().get_bits::<2>(5);
        self.inner.next = self.step.val().get_bits::<2>(7);
        // 4 NC, 8 WT, 12 WB.
        self.outer_code.next = 4.into();
        if self.outer.val().any() {
            self.outer_code.next = bit_cast::<4, 2>(self.hints.val());
            self.outer_code.next = self.outer_code.val().replace_bit(3, true);
            self.flag.next = self.outer.val().all();
            self.outer_code.next = self.outer_code.val().replace_bit(2, self.flag.val());
        }
        self.inner_code.next = 4.into();
        if self.inner.val().any() {
            self.inner_code.next = bit_cast::<4, 2>(self.hints.val());
            self.inner_code.next = self.inner_code.val().replace_bit(3, true);
            self.flag.next = self.inner.val().all();
            self.inner_code.next = self.inner_code.val().replace_bit(2, self.flag.val());
        }
        // 0 NSH, 3 ISH, 2 OSH; OSH whatever was said where nothing is cacheable.
        self.share.next = self.step.val().get_bits::<2>(10);
        self.code.next = 0.into();
        if self.share.val().get_bit(0) {
            self.code.next = 3.into();
        }
        if self.share.val().get_bit(1) | (!self.outer.val().any() & !self.inner.val().any()) {
            self.code.next = 2.into();
        }
        self.mair.next = (bit_cast::<8, 4>(self.outer_code.val()) << 4) | bit_cast::<8, 4>(self.inner_code.val());
        self.device.next = 0.into();
        if !self.step.val().get_bit(4) {
            self.code.next = 2.into();
            if self.step.val().get_bit(1) {
                self.device.next = 1.into();
            }
            if self.step.val().get_bit(2) {
                self.device.next = 2.into();
            }
            if self.step.val().get_bit(3) {
                self.device.next = 3.into();
            }
            self.mair.next = bit_cast::<8, 2>(self.device.val()) << 2;
        }
        self.par.next = 0.into();
        if !self.answer.val().get_bit(18) {
            self.par.next =
                (bit_cast::<64, 2>(self.code.val()) << 7) | (bit_cast::<64, 8>(self.mair.val()) << 56) | bits::<64>(0x800);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_attributepar() {
        synthesis_check(AttributePar::default());
    }

    #[test]
    fn verilog_agrees_attributepar() {
        equivalence(AttributePar::default, 3000, 1, drive!(answer), |_| {});
    }

    /// ATTR and SH of a step: its type (as in `tcu::attribute`), its shareability, and what replaces the hints.
    fn shown(kind: u64, share: u64, hints: u64) -> (u64, u64) {
        let mut block = AttributePar::default();
        block.connect_all();
        let mut of = |short: u64| {
            block.answer.next = (kind << 1 | share << 10 | hints << 12 | short << 18).into();
            assert!(simulate(&mut block, 10));
            block.par.val().u64()
        };
        assert_eq!(of(1), 0, "short format");
        let par = of(0);
        assert_eq!(par & !(0xff << 56 | 3 << 7), 0x800);
        (par >> 56, par >> 7 & 3)
    }

    #[test]
    fn attributes_are_bytes_of_mair() {
        let normal = |outer: u64, inner: u64| 15 | outer << 4 | inner << 6;
        // Device types in their order, outer shareable whatever is said.
        for (kind, byte) in [(0, 0x00), (1, 0x04), (3, 0x08), (7, 0x0c)] {
            assert_eq!(shown(kind, 0, 0), (byte, 2));
            assert_eq!(shown(kind | 0xf0, 1, 0), (byte, 2));
        }
        assert_eq!(shown(normal(0, 0), 1, 0), (0x44, 2));
        assert_eq!(shown(normal(3, 3), 0, 0), (0xff, 0));
        assert_eq!(shown(normal(3, 1), 1, 0), (0xfb, 3));
        assert_eq!(shown(normal(1, 3), 3, 0), (0xbf, 2));
        assert_eq!(shown(normal(0, 3), 1, 0), (0x4f, 3));
        assert_eq!(shown(normal(1, 0), 0, 0), (0xb4, 0));
        // Hints replaced: the read hint goes; the write hint goes; both are set again.
        assert_eq!(shown(normal(3, 3), 0, 0b0001), (0xdd, 0));
        assert_eq!(shown(normal(3, 3), 0, 0b0100), (0xee, 0));
        assert_eq!(shown(normal(1, 1), 0, 0b1111), (0xbb, 0));
        assert_eq!(shown(normal(1, 1), 0, 0b0101), (0x88, 0));
    }
}
