//! Puts a leaf's base and the page bits inside the leaf together.
//!
//! Combinational. `out` is PA[47:12]: the page bits that the size thermometer covers come from `page`, the others from `ppn`. With `page` = 0
//! it clears the bits below a leaf's size.

use crate::prelude::*;

/// The block.
#[derive(LogicBlock, Default)]
pub struct Merge {
    /// Bits 47:12 of the leaf's base.
    pub ppn: Signal<In, Word<36>>,
    /// Size thermometer (see `tbu`).
    pub mask: Signal<In, Word<7>>,
    /// Bits 47:12 of the address that is translated.
    pub page: Signal<In, Word<36>>,
    pub out: Signal<Out, Word<36>>,
    offset: Signal<Local, Word<36>>,
}

impl Logic for Merge {
    #[hdl_gen]
    fn update(&mut self) {
        self.offset.next = 0.into();
        if self.mask.val().get_bit(0) {
            self.offset.next = self.offset.val() | 0x3;
        }
        if self.mask.val().get_bit(1) {
            self.offset.next = self.offset.val() | 0xc;
        }
        if self.mask.val().get_bit(2) {
            self.offset.next = self.offset.val() | 0x1f0;
        }
        if self.mask.val().get_bit(3) {
            self.offset.next = self.offset.val() | 0x1e00;
        }
        if self.mask.val().get_bit(4) {
            self.offset.next = self.offset.val() | 0x1_e000;
        }
        if self.mask.val().get_bit(5) {
            self.offset.next = self.offset.val() | 0x2_0000;
        }
        if self.mask.val().get_bit(6) {
            self.offset.next = self.offset.val() | 0xf_fffc_0000_u64;
        }
        self.out.next = (self.ppn.val() & !self.offset.val()) | (self.page.val() & self.offset.val());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_merge() {
        synthesis_check(Merge::default());
    }

    #[test]
    fn verilog_agrees_merge() {
        equivalence(Merge::default, 2000, 1, drive!(ppn, mask, page), |_| {});
    }
}
