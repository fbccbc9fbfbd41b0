//! What one descriptor of the long formats means, AArch64 or AArch32, stage 1 or stage 2: table, leaf, or which fault.
//!
//! Combinational. The checks follow the architecture's order inside a level: translation, address size, access flag, permission (the
//! external abort comes before them, in [`super::walker`]).
//!
//! | descriptor | level 0 | level 1 | level 2 | level 3 |
//! | --- | --- | --- | --- | --- |
//! | bits 1:0 = 3 | table | table | table | page |
//! | bits 1:0 = 1 | fault | block (4 KiB granule) | block | fault |
//! | bit 0 = 0 | fault | fault | fault | fault |
//!
//! Stage 2 differs in its permissions only: S2AP bits 7:6 and XN, the same for privileged and unprivileged accesses, nothing inherited from
//! tables. With `guard` (the read of a stage-1 descriptor while `SCTLR.PTW` is set), a leaf of a Device type permits nothing.

use crate::prelude::*;

/// The block.
#[derive(LogicBlock, Default)]
pub struct Descriptor {
    pub desc: Signal<In, Word<64>>,
    pub level: Signal<In, Word<2>>,
    /// Granule code: 0 = 4 KiB, 1 = 64 KiB, 2 = 16 KiB.
    pub granule: Signal<In, Word<2>>,
    /// {PXNTable, XNTable, APTable[1], APTable[0]} of the tables above.
    pub hier: Signal<In, Word<4>>,
    /// Effective PASize code.
    pub pasize: Signal<In, Word<3>>,
    pub affd: Signal<In, Bit>,
    pub wxn: Signal<In, Bit>,
    /// A stage-2 descriptor.
    pub stage2: Signal<In, Bit>,
    /// Stage 2: Device leaves permit nothing.
    pub guard: Signal<In, Bit>,
    /// Stage 1 of an AArch32 bank: its rules of execution, and UWXN.
    pub aarch32: Signal<In, Bit>,
    pub uwxn: Signal<In, Bit>,
    /// The permission that the access needs, one of {px, pw, pr, ux, uw, ur}.
    pub need: Signal<In, Word<6>>,
    /// A usable table descriptor.
    pub to_table: Signal<Out, Bit>,
    /// A usable leaf, whether this access may use it or not (see `code`).
    pub leaf: Signal<Out, Bit>,
    /// Fault as FSR bits (TF 2, AFF 4, PF 8, ASF 0x80), 0 for none.
    pub code: Signal<Out, Word<9>>,
    /// Table: PA[47:12] of the next table. Leaf: PA[47:12] of its base, bits below its size cleared.
    pub ppn: Signal<Out, Word<36>>,
    /// Leaf: {px, pw, pr, ux, uw, ur}.
    pub perm: Signal<Out, Word<6>>,
    /// Leaf: size thermometer (see `tbu`).
    pub mask: Signal<Out, Word<7>>,
    /// The same for any descriptor: what the size would be if it were a leaf.
    pub leaf_mask: Signal<Out, Word<7>>,
    /// Leaf: not global (never in stage 2).
    pub ng: Signal<Out, Bit>,
    /// Stage-2 leaf: {0, SH, MemAttr}.
    pub attr: Signal<Out, Word<8>>,
    /// Table: `hier` for the tables below.
    pub next_hier: Signal<Out, Word<4>>,
    is_table: Signal<Local, Bit>,
    is_leaf: Signal<Local, Bit>,
    block_level: Signal<Local, Bit>,
    beyond: Signal<Local, Word<16>>,
    beyond_pa: Signal<Local, Word<16>>,
    user: Signal<Local, Bit>,
    writable: Signal<Local, Bit>,
    user_writable: Signal<Local, Bit>,
    px: Signal<Local, Bit>,
    ux: Signal<Local, Bit>,
    permitted: Signal<Local, Word<6>>,
    keep: Signal<Local, Word<36>>,
    readable: Signal<Local, Bit>,
    s2_writable: Signal<Local, Bit>,
    fetchable: Signal<Local, Bit>,
    device: Signal<Local, Bit>,
    usable: Signal<Local, Bit>,
}

impl Logic for Descriptor {
    #[hdl_gen]
    fn update(&mut self) {
        self.block_level.next = (self.level.val() == 2) | ((self.level.val() == 1) & (self.granule.val() == 0));
        self.is_table.next = (self.desc.val().get_bits::<2>(0) == 3) & (self.level.val() != 3);
        self.is_leaf.next = ((self.desc.val().get_bits::<2>(0) == 3) & (self.level.val() == 3))
            | ((self.desc.val().get_bits::<2>(0) == 1) & self.block_level.val());

        // Output address and size.
        self.mask.next = 0x00.into();
        self.keep.next = bits::<36>(0xf_ffff_ffff_u128);
        if self.granule.val() == 1 {
            self.mask.next = 0x03.into();
            self.keep.next = bits::<36>(0xf_ffff_fff0_u128);
        }
        if self.granule.val() == 2 {
            self.mask.next = 0x01.into();
            self.keep.next = bits::<36>(0xf_ffff_fffc_u128);
        }
        if self.is_leaf.val() & (self.level.val() == 2) {
            self.mask.next = 0x07.into();
            self.keep.next = bits::<36>(0xf_ffff_fe00_u128);
            if self.granule.val() == 1 {
                self.mask.next = 0x1f.into();
                self.keep.next = bits::<36>(0xf_fffe_0000_u128);
            }
            if self.granule.val() == 2 {
                self.mask.next = 0x0f.into();
                self.keep.next = bits::<36>(0xf_ffff_e000_u128);
            }
        }
        if self.is_leaf.val() & (self.level.val() == 1) {
            self.mask.next = 0x3f.into();
            self.keep.next = bits::<36>(0xf_fffc_0000_u128);
        }
        self.ppn.next = self.desc.val().get_bits::<36>(12) & self.keep.val();
        self.leaf_mask.next = 0x00.into();
        if self.granule.val() == 1 {
            self.leaf_mask.next = 0x03.into();
        }
        if self.granule.val() == 2 {
            self.leaf_mask.next = 0x01.into();
        }
        if self.level.val() == 2 {
            self.leaf_mask.next = 0x07.into();
            if self.granule.val() == 1 {
                self.leaf_mask.next = 0x1f.into();
            }
            if self.granule.val() == 2 {
                self.leaf_mask.next = 0x0f.into();
            }
        }
        if self.level.val() == 1 {
            self.leaf_mask.next = 0x3f.into();
        }

        // Address size.
        self.beyond_pa.next = 0.into();
        if self.pasize.val() == 0 {
            self.beyond_pa.next = 0xffff.into();
        }
        if self.pasize.val() == 1 {
            self.beyond_pa.next = 0xfff0.into();
        }
        if self.pasize.val() == 2 {
            self.beyond_pa.next = 0xff00.into();
        }
        if self.pasize.val() == 3 {
            self.beyond_pa.next = 0xfc00.into();
        }
        if self.pasize.val() == 4 {
            self.beyond_pa.next = 0xf000.into();
        }
        self.beyond.next = self.beyond_pa.val() & self.desc.val().get_bits::<16>(32);

        // Permissions. AP[1] (bit 6) lets unprivileged accesses in, AP[2] (bit 7) forbids writes.
        self.user.next = self.desc.val().get_bit(6) & !self.hier.val().get_bit(0);
        self.writable.next = !self.desc.val().get_bit(7) & !self.hier.val().get_bit(1);
        self.user_writable.next = self.user.val() & self.writable.val();
        // Unprivileged accesses fetch only what they may read (recorded driver runs).
        // A page that unprivileged accesses may write is never privileged-executable; WXN: what is writable is not executable.
        self.px.next = !self.desc.val().get_bit(53)
            & !self.hier.val().get_bit(3)
            & !self.user_writable.val()
            & !(self.wxn.val() & self.writable.val());
        self.ux.next = self.user.val()
            & !self.desc.val().get_bit(54)
            & !self.hier.val().get_bit(2)
            & !(self.wxn.val() & self.user_writable.val());
        // AArch32: XN holds for both, and UWXN says whether a page that unprivileged accesses may write can be privileged-executable.
        if self.aarch32.val() {
            self.px.next = !self.desc.val().get_bit(53)
                & !self.hier.val().get_bit(3)
                & !self.desc.val().get_bit(54)
                & !self.hier.val().get_bit(2)
                & !(self.uwxn.val() & self.user_writable.val())
                & !(self.wxn.val() & self.writable.val());
        }
        self.perm.next = 8.into();
        self.perm.next = self.perm.val().replace_bit(0, self.user.val());
        self.perm.next = self.perm.val().replace_bit(1, self.user_writable.val());
        self.perm.next = self.perm.val().replace_bit(2, self.ux.val());
        self.perm.next = self.perm.val().replace_bit(4, self.writable.val());
        self.perm.next = self.perm.val().replace_bit(5, self.px.val());
        self.readable.next = self.desc.val().get_bit(6);
        self.s2_writable.next = self.desc.val().get_bit(7);
        self.fetchable.next = self.desc.val().get_bit(6) & !self.desc.val().get_bit(54);
        if self.stage2.val() {
            self.perm.next = 0.into();
            self.perm.next = self.perm.val().replace_bit(0, self.readable.val());
            self.perm.next = self.perm.val().replace_bit(1, self.s2_writable.val());
            self.perm.next = self.perm.val().replace_bit(2, self.fetchable.val());
            self.perm.next = self.perm.val().replace_bit(3, self.readable.val());
            self.perm.next = self.perm.val().replace_bit(4, self.s2_writable.val());
            self.perm.next = self.perm.val().replace_bit(5, self.fetchable.val());
        }
        self.permitted.next = self.perm.val() & self.need.val();
        self.device.next = self.guard.val() & !self.desc.val().get_bit(5) & !self.desc.val().get_bit(4);
        self.usable.next = self.permitted.val().any() & !self.device.val();
        self.ng.next = self.desc.val().get_bit(11) & !self.stage2.val();
        self.attr.next =
            bit_cast::<8, 4>(self.desc.val().get_bits::<4>(2)) | (bit_cast::<8, 2>(self.desc.val().get_bits::<2>(8)) << 4);

        self.next_hier.next = self.hier.val();
        self.next_hier.next = self.next_hier.val().replace_bit(0, self.hier.val().get_bit(0) | self.desc.val().get_bit(61));
        self.next_hier.next = self.next_hier.val().replace_bit(1, self.hier.val().get_bit(1) | self.desc.val().get_bit(62));
        self.next_hier.next = self.next_hier.val().replace_bit(2, self.hier.val().get_bit(2) | self.desc.val().get_bit(60));
        self.next_hier.next = self.next_hier.val().replace_bit(3, self.hier.val().get_bit(3) | self.desc.val().get_bit(59));

        // Verdict.
        self.code.next = 0.into();
        self.to_table.next = false;
        self.leaf.next = false;
        if !self.is_table.val() & !self.is_leaf.val() {
            self.code.next = 2.into();
        } else {
            if self.beyond.val().any() {
                self.code.next = 0x80.into();
            } else {
                if self.is_table.val() {
                    self.to_table.next = true;
                } else {
                    if !self.desc.val().get_bit(10) & !self.affd.val() {
                        self.code.next = 4.into();
                    } else {
                        self.leaf.next = true;
                        if !self.usable.val() {
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
    fn synthesizes_descriptor() {
        synthesis_check(Descriptor::default());
    }

    #[test]
    fn verilog_agrees_descriptor() {
        equivalence(
            Descriptor::default,
            4000,
            1,
            drive!(desc, level, granule, hier, pasize, affd, wxn, stage2, guard, aarch32, uwxn, need),
            |s| {
                let _ = s;
            },
        );
    }
}
