//! What one AArch32 short descriptor means: table, leaf, or which fault.
//!
//! Combinational. The first level has sections (1 MiB), supersections (16 MiB) and tables, the second large (64 KiB) and small (4 KiB)
//! pages. Its levels are numbered 2 and 3 here, as the levels of the other formats that are cached in the same place.
//!
//! | bits 1:0 | first level | second level |
//! | --- | --- | --- |
//! | 0 | fault | fault |
//! | 1 | table | large page |
//! | 2, 3 | section, or supersection (bit 18); bit 0 is PXN | small page; bit 0 is XN |
//!
//! Neither 1 MiB nor 16 MiB is a size that the micro TLBs know: the answer is given for 64 KiB or 2 MiB of it (`page`, `mask`, `part`).
//! The walk caches keep the whole leaf (`ppn`, `place`).

use crate::prelude::*;

/// The block.
#[derive(LogicBlock, Default)]
pub struct DescriptorShort {
    pub desc: Signal<In, Word<32>>,
    /// Second level.
    pub second: Signal<In, Bit>,
    /// PXN of the table above.
    pub pxn_above: Signal<In, Bit>,
    /// VA[31:12].
    pub page_number: Signal<In, Word<20>>,
    /// Output size code: only a supersection can lie beyond it.
    pub pasize: Signal<In, Word<3>>,
    pub affd: Signal<In, Bit>,
    pub wxn: Signal<In, Bit>,
    pub uwxn: Signal<In, Bit>,
    pub afe: Signal<In, Bit>,
    /// The permission that the access needs, one of {px, pw, pr, ux, uw, ur}.
    pub need: Signal<In, Word<6>>,
    pub to_table: Signal<Out, Bit>,
    pub leaf: Signal<Out, Bit>,
    /// Fault as FSR bits (TF 2, AFF 4, PF 8, ASF 0x80), 0 for none.
    pub code: Signal<Out, Word<9>>,
    /// Table: PA[47:12] of the next table. Leaf: PA[47:12] of its base.
    pub ppn: Signal<Out, Word<36>>,
    /// Leaf: PA[47:12] of the part that `mask` names.
    pub page: Signal<Out, Word<36>>,
    pub mask: Signal<Out, Word<7>>,
    /// Leaf: larger than `mask` says.
    pub part: Signal<Out, Bit>,
    /// Leaf: {px, pw, pr, ux, uw, ur}.
    pub perm: Signal<Out, Word<6>>,
    pub ng: Signal<Out, Bit>,
    /// Leaf: attribute fields, as [`super::attribute_leaf`] takes them.
    pub attr: Signal<Out, Word<8>>,
    /// Table: {PXN, 0, PA[11:10]}.
    pub next_hier: Signal<Out, Word<4>>,
    /// Where a cache keeps it: 3 small page, 2 section or table, 1 supersection, 0 large page.
    pub place: Signal<Out, Word<2>>,
    is_table: Signal<Local, Bit>,
    is_leaf: Signal<Local, Bit>,
    super_section: Signal<Local, Bit>,
    is_large: Signal<Local, Bit>,
    ap: Signal<Local, Word<3>>,
    tex: Signal<Local, Word<3>>,
    shared: Signal<Local, Bit>,
    xn: Signal<Local, Bit>,
    pxn: Signal<Local, Bit>,
    pr: Signal<Local, Bit>,
    pw: Signal<Local, Bit>,
    ur: Signal<Local, Bit>,
    uw: Signal<Local, Bit>,
    px: Signal<Local, Bit>,
    ux: Signal<Local, Bit>,
    high: Signal<Local, Word<8>>,
    beyond: Signal<Local, Word<8>>,
    permitted: Signal<Local, Word<6>>,
}

impl Logic for DescriptorShort {
    #[hdl_gen]
    fn update(&mut self) {
        self.is_table.next = !self.second.val() & (self.desc.val().get_bits::<2>(0) == 1);
        self.is_leaf.next = (self.second.val() & (self.desc.val().get_bits::<2>(0) != 0)) | self.desc.val().get_bit(1);
        self.super_section.next = !self.second.val() & self.desc.val().get_bit(18);
        self.is_large.next = self.desc.val().get_bits::<2>(0) == 1;

        // Section unless said otherwise.
        self.ap.next = bit_cast::<3, 2>(self.desc.val().get_bits::<2>(10)).replace_bit(2, self.desc.val().get_bit(15));
        self.xn.next = self.desc.val().get_bit(4);
        self.pxn.next = self.desc.val().get_bit(0);
        self.ng.next = self.desc.val().get_bit(17);
        self.ppn.next = bit_cast::<36, 12>(self.desc.val().get_bits::<12>(20)) << 8;
        self.page.next = (bit_cast::<36, 12>(self.desc.val().get_bits::<12>(20)) << 8)
            | (bit_cast::<36, 4>(self.page_number.val().get_bits::<4>(4)) << 4);
        self.mask.next = 0x03.into();
        self.part.next = true;
        self.place.next = 2.into();
        self.high.next = 0.into();
        if self.super_section.val() {
            self.high.next =
                bit_cast::<8, 4>(self.desc.val().get_bits::<4>(20)) | (bit_cast::<8, 4>(self.desc.val().get_bits::<4>(5)) << 4);
            self.ppn.next =
                (bit_cast::<36, 8>(self.desc.val().get_bits::<8>(24)) << 12) | (bit_cast::<36, 8>(self.high.val()) << 20);
            self.page.next = (bit_cast::<36, 8>(self.desc.val().get_bits::<8>(24)) << 12)
                | (bit_cast::<36, 8>(self.high.val()) << 20)
                | (bit_cast::<36, 3>(self.page_number.val().get_bits::<3>(9)) << 9);
            self.mask.next = 0x07.into();
            self.place.next = 1.into();
        }
        if self.is_table.val() {
            self.high.next = 0.into();
            self.ppn.next = bit_cast::<36, 20>(self.desc.val().get_bits::<20>(12));
            self.place.next = 2.into();
        }
        if self.second.val() {
            self.ap.next = bit_cast::<3, 2>(self.desc.val().get_bits::<2>(4)).replace_bit(2, self.desc.val().get_bit(9));
            self.pxn.next = self.pxn_above.val();
            self.ng.next = self.desc.val().get_bit(11);
            self.part.next = false;
            self.mask.next = 0x00.into();
            self.place.next = 3.into();
            self.ppn.next = bit_cast::<36, 20>(self.desc.val().get_bits::<20>(12));
            self.page.next = bit_cast::<36, 20>(self.desc.val().get_bits::<20>(12));
            self.xn.next = self.desc.val().get_bit(0);
            if self.is_large.val() {
                self.mask.next = 0x03.into();
                self.place.next = 0.into();
                self.ppn.next = bit_cast::<36, 16>(self.desc.val().get_bits::<16>(16)) << 4;
                self.page.next = bit_cast::<36, 16>(self.desc.val().get_bits::<16>(16)) << 4;
                self.xn.next = self.desc.val().get_bit(15);
            }
        }
        self.next_hier.next = bit_cast::<4, 2>(self.desc.val().get_bits::<2>(10)).replace_bit(3, self.desc.val().get_bit(2));

        // Attributes: B 2, C 3, TEX 14:12, or 8:6 of a small page, S 16, or 10.
        self.tex.next = self.desc.val().get_bits::<3>(12);
        self.shared.next = self.desc.val().get_bit(16);
        if self.second.val() {
            self.shared.next = self.desc.val().get_bit(10);
            if !self.is_large.val() {
                self.tex.next = self.desc.val().get_bits::<3>(6);
            }
        }
        self.attr.next = bit_cast::<8, 2>(self.desc.val().get_bits::<2>(2)) | (bit_cast::<8, 3>(self.tex.val()) << 2);
        self.attr.next = self.attr.val().replace_bit(5, self.shared.val());

        // Bits 39:32 beyond 32, 36 or 40 bits.
        self.beyond.next = 0.into();
        if self.pasize.val() == 0 {
            self.beyond.next = self.high.val();
        }
        if self.pasize.val() == 1 {
            self.beyond.next = self.high.val() & 0xf0;
        }

        // Permissions: AP[0] is the access flag if AFE is set.
        self.pr.next = self.ap.val().get_bit(0) | self.ap.val().get_bit(1);
        self.pw.next = (self.ap.val().get_bit(0) | self.ap.val().get_bit(1)) & !self.ap.val().get_bit(2);
        self.ur.next = self.ap.val().get_bit(1);
        self.uw.next = self.ap.val().get_bit(1) & self.ap.val().get_bit(0) & !self.ap.val().get_bit(2);
        if self.afe.val() {
            self.pr.next = true;
            self.pw.next = !self.ap.val().get_bit(2);
            self.ur.next = self.ap.val().get_bit(1);
            self.uw.next = self.ap.val().get_bit(1) & !self.ap.val().get_bit(2);
        }
        self.px.next = self.pr.val()
            & !self.xn.val()
            & !self.pxn.val()
            & !(self.uwxn.val() & self.uw.val())
            & !(self.wxn.val() & self.pw.val());
        self.ux.next = self.ur.val() & !self.xn.val() & !(self.wxn.val() & self.uw.val());
        self.perm.next = 0.into();
        self.perm.next = self.perm.val().replace_bit(0, self.ur.val());
        self.perm.next = self.perm.val().replace_bit(1, self.uw.val());
        self.perm.next = self.perm.val().replace_bit(2, self.ux.val());
        self.perm.next = self.perm.val().replace_bit(3, self.pr.val());
        self.perm.next = self.perm.val().replace_bit(4, self.pw.val());
        self.perm.next = self.perm.val().replace_bit(5, self.px.val());
        self.permitted.next = self.perm.val() & self.need.val();

        // Verdict.
        self.code.next = 0.into();
        self.to_table.next = false;
        self.leaf.next = false;
        if self.is_table.val() {
            self.to_table.next = true;
        } else {
            if !self.is_leaf.val() {
                self.code.next = 2.into();
            } else {
                if self.beyond.val().any() {
                    self.code.next = 0x80.into();
                } else {
                    if self.afe.val() & !self.ap.val().get_bit(0) & !self.affd.val() {
                        self.code.next = 4.into();
                    } else {
                        self.leaf.next = true;
                        if !self.permitted.val().any() {
                            self.code.next = 8.into();
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_descriptorshort() {
        synthesis_check(DescriptorShort::default());
    }

    #[test]
    fn verilog_agrees_descriptorshort() {
        equivalence(
            DescriptorShort::default,
            6000,
            1,
            drive!(desc, second, pxn_above, page_number, pasize, affd, wxn, uwxn, afe, need),
            |_| {},
        );
    }
}
