//! What the attribute fields of a stage-1 leaf mean: a step ([`super::attribute`]) that replaces everything.
//!
//! Combinational. Long descriptors name a byte of MAIR; short ones are read with `TEX`, `C`, `B` and `S` alone (`SCTLR.TRE` = 0), or through PRRR
//! and NMRR, which are the same registers as MAIR0 and MAIR1.
//!
//! | `leaf` | 0 | 1 | 2 | 3 | 4 | 5 |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | long | `AttrIndx` | | | - | `SH` | |
//! | short | B | C | TEX | | | S |
//!
//! The form that MAIR bytes and the short formats have in common is: Device and which, outer, inner (0 NC, 1 WT, 3 WB), read hint, write hint.

use crate::prelude::*;

/// The block.
#[derive(LogicBlock, Default)]
pub struct AttributeLeaf {
    pub leaf: Signal<In, Word<8>>,
    /// {MAIR1, MAIR0}, or {NMRR, PRRR}.
    pub mair: Signal<In, Word<64>>,
    /// A short descriptor.
    pub short: Signal<In, Bit>,
    /// `SCTLR.TRE`.
    pub tre: Signal<In, Bit>,
    pub step: Signal<Out, Word<16>>,
    index: Signal<Local, Word<3>>,
    attr: Signal<Local, Word<8>>,
    bytes: Signal<Local, Word<64>>,
    places: Signal<Local, Word<6>>,
    nibble: Signal<Local, Word<4>>,
    code: Signal<Local, Word<2>>,
    tex: Signal<Local, Word<3>>,
    cb: Signal<Local, Word<2>>,
    remap: Signal<Local, Word<2>>,
    region: Signal<Local, Word<16>>,
    inner_codes: Signal<Local, Word<16>>,
    outer_codes: Signal<Local, Word<16>>,
    outers: Signal<Local, Word<8>>,
    s: Signal<Local, Bit>,
    shareable: Signal<Local, Bit>,
    device: Signal<Local, Bit>,
    which: Signal<Local, Word<2>>,
    outer: Signal<Local, Word<2>>,
    inner: Signal<Local, Word<2>>,
    read: Signal<Local, Bit>,
    write: Signal<Local, Bit>,
    share: Signal<Local, Word<2>>,
    kind: Signal<Local, Word<8>>,
    flag: Signal<Local, Bit>,
}

impl Logic for AttributeLeaf {
    #[hdl_gen]
    fn update(&mut self) {
        self.flag.next = false;
        self.code.next = 0.into();
        // Long: a byte of MAIR.
        self.index.next = self.leaf.val().get_bits::<3>(0);
        self.places.next = bit_cast::<6, 3>(self.index.val()) << 3;
        self.bytes.next = self.mair.val() >> self.places.val();
        self.attr.next = self.bytes.val().get_bits::<8>(0);
        self.device.next = self.attr.val().get_bits::<4>(4) == 0;
        self.which.next = self.attr.val().get_bits::<2>(2);
        // 4 is NC; bit 2 says WB, else WT.
        self.nibble.next = self.attr.val().get_bits::<4>(4);
        self.outer.next = 1.into();
        if self.nibble.val().get_bit(2) {
            self.outer.next = 3.into();
        }
        if self.nibble.val() == 4 {
            self.outer.next = 0.into();
        }
        self.nibble.next = self.attr.val().get_bits::<4>(0);
        self.inner.next = 1.into();
        if self.nibble.val().get_bit(2) {
            self.inner.next = 3.into();
        }
        if (self.nibble.val() == 4) | (self.nibble.val() == 0) {
            self.inner.next = 0.into();
        }
        self.read.next = self.attr.val().get_bit(5);
        self.write.next = self.attr.val().get_bit(4);
        self.share.next = 0.into();
        if self.leaf.val().get_bits::<2>(4) == 2 {
            self.share.next = 3.into();
        }
        if self.leaf.val().get_bits::<2>(4) == 3 {
            self.share.next = 1.into();
        }

        // Short.
        self.tex.next = self.leaf.val().get_bits::<3>(2);
        self.cb.next = self.leaf.val().get_bits::<2>(0);
        self.s.next = self.leaf.val().get_bit(5);
        self.places.next = bit_cast::<6, 3>(self.index.val()) << 1;
        self.region.next = self.mair.val().get_bits::<16>(0);
        self.region.next = self.region.val() >> self.places.val();
        self.remap.next = self.region.val().get_bits::<2>(0);
        self.inner_codes.next = self.mair.val().get_bits::<16>(32);
        self.inner_codes.next = self.inner_codes.val() >> self.places.val();
        self.outer_codes.next = self.mair.val().get_bits::<16>(48);
        self.outer_codes.next = self.outer_codes.val() >> self.places.val();
        self.outers.next = self.mair.val().get_bits::<8>(24);
        self.outers.next = self.outers.val() >> self.index.val();
        self.shareable.next = self.mair.val().get_bit(18);
        if self.s.val() {
            self.shareable.next = self.mair.val().get_bit(19);
        }
        if self.short.val() {
            self.device.next = false;
            self.which.next = 0.into();
            self.read.next = true;
            self.write.next = false;
            if self.tre.val() {
                self.device.next = self.remap.val() != 2;
                self.flag.next = self.remap.val() == 1;
                self.which.next = self.which.val().replace_bit(0, self.flag.val());
                // Codes as those of `1oo i i` below.
                self.nibble.next = bit_cast::<4, 2>(self.inner_codes.val().get_bits::<2>(0))
                    | (bit_cast::<4, 2>(self.outer_codes.val().get_bits::<2>(0)) << 2);
                self.share.next = 0.into();
                if self.shareable.val() {
                    self.share.next = 3.into();
                    if self.outers.val().get_bit(0) {
                        self.share.next = 1.into();
                    }
                }
                if self.device.val() {
                    self.share.next = 3.into();
                }
            } else {
                // Cacheabilities as {outer, inner} codes: 0 NC, 1 WB with both hints, 2 WT, 3 WB, both with the read hint.
                self.nibble.next = 0.into();
                if self.tex.val() == 0 {
                    self.device.next = !self.cb.val().get_bit(1);
                    self.which.next = self.cb.val();
                    if self.cb.val() == 2 {
                        self.nibble.next = 10.into();
                    }
                    if self.cb.val() == 3 {
                        self.nibble.next = 15.into();
                    }
                }
                if (self.tex.val() == 1) & (self.cb.val() == 3) {
                    self.nibble.next = 5.into();
                }
                if (self.tex.val() == 2) & (self.cb.val() == 0) {
                    self.device.next = true;
                    self.which.next = 1.into();
                }
                if self.tex.val().get_bit(2) {
                    self.nibble.next = bit_cast::<4, 2>(self.cb.val()) | (bit_cast::<4, 2>(self.tex.val().get_bits::<2>(0)) << 2);
                }
                self.share.next = 0.into();
                if self.s.val() {
                    self.share.next = 3.into();
                }
            }
            self.code.next = self.nibble.val().get_bits::<2>(2);
            self.outer.next = 3.into();
            if self.code.val() == 2 {
                self.outer.next = 1.into();
            }
            self.flag.next = self.code.val() == 1;
            self.write.next = self.flag.val();
            if self.code.val() == 0 {
                self.outer.next = 0.into();
                self.read.next = false;
            }
            self.code.next = self.nibble.val().get_bits::<2>(0);
            self.inner.next = 3.into();
            if self.code.val() == 2 {
                self.inner.next = 1.into();
            }
            if self.code.val() == 0 {
                self.inner.next = 0.into();
            }
            if self.device.val() {
                self.read.next = false;
                self.write.next = false;
            }
        }

        self.kind.next = (bit_cast::<8, 2>(self.outer.val()) << 4) | (bit_cast::<8, 2>(self.inner.val()) << 6) | 15;
        if self.device.val() {
            self.flag.next = self.which.val().any();
            self.kind.next = 0.into();
            self.kind.next = self.kind.val().replace_bit(0, self.flag.val());
            self.kind.next = self.kind.val().replace_bit(1, self.which.val().get_bit(1));
            self.kind.next = self.kind.val().replace_bit(2, self.which.val().all());
        }
        self.step.next =
            (bit_cast::<16, 8>(self.kind.val()) << 1) | (bit_cast::<16, 2>(self.share.val()) << 10) | bits::<16>(0x5201);
        self.step.next = self.step.val().replace_bit(13, self.read.val());
        self.step.next = self.step.val().replace_bit(15, self.write.val());
    }
}

#[cfg(test)]
#[path = "attribute/leaf_tests.rs"]
mod tests;
