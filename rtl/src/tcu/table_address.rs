//! Address of the descriptor that a walk reads next: table base and the index for the table's level.
//!
//! Combinational. `base` is PA[47:12] of a table that a table descriptor named (bits below the granule are ignored), so its tables are
//! whole granules and the index has `g - 3` bits. (Start tables, which may be smaller, are found by [`super::start`], [`super::start_s2`] and [`super::start_short`].)
//!
//! A second-level table of short descriptors (`short`) has 1 KiB and 4 bytes an entry: `low` is PA[11:10] of it, and the address is that of the
//! pair of descriptors.

use crate::prelude::*;

/// The block.
#[derive(LogicBlock, Default)]
pub struct TableAddress {
    pub base: Signal<In, Word<36>>,
    /// Canonical virtual address.
    pub va: Signal<In, Word<49>>,
    /// Granule code: 0 = 4 KiB, 1 = 64 KiB, 2 = 16 KiB.
    pub granule: Signal<In, Word<2>>,
    /// Level of the table: 1, 2 or 3.
    pub level: Signal<In, Word<2>>,
    pub short: Signal<In, Bit>,
    pub low: Signal<In, Word<2>>,
    pub addr: Signal<Out, Word<48>>,
    index: Signal<Local, Word<13>>,
    page: Signal<Local, Word<36>>,
}

impl Logic for TableAddress {
    #[hdl_gen]
    fn update(&mut self) {
        self.index.next = bit_cast::<13, 9>(self.va.val().get_bits::<9>(12));
        self.page.next = self.base.val();
        if self.level.val() == 1 {
            self.index.next = bit_cast::<13, 9>(self.va.val().get_bits::<9>(30));
        }
        if self.level.val() == 2 {
            self.index.next = bit_cast::<13, 9>(self.va.val().get_bits::<9>(21));
        }
        if self.granule.val() == 1 {
            self.page.next = self.base.val() & 0xf_ffff_fff0_u64;
            self.index.next = self.va.val().get_bits::<13>(16);
            if self.level.val() == 2 {
                self.index.next = self.va.val().get_bits::<13>(29);
            }
        }
        if self.granule.val() == 2 {
            self.page.next = self.base.val() & 0xf_ffff_fffc_u64;
            self.index.next = bit_cast::<13, 11>(self.va.val().get_bits::<11>(14));
            if self.level.val() == 1 {
                self.index.next = bit_cast::<13, 11>(self.va.val().get_bits::<11>(36));
            }
            if self.level.val() == 2 {
                self.index.next = bit_cast::<13, 11>(self.va.val().get_bits::<11>(25));
            }
        }
        if self.short.val() {
            self.page.next = self.base.val();
            self.index.next = bit_cast::<13, 7>(self.va.val().get_bits::<7>(13)) | (bit_cast::<13, 2>(self.low.val()) << 7);
        }
        self.addr.next = (bit_cast::<48, 36>(self.page.val()) << 12) | (bit_cast::<48, 13>(self.index.val()) << 3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_tableaddress() {
        synthesis_check(TableAddress::default());
    }

    #[test]
    fn verilog_agrees_tableaddress() {
        equivalence(TableAddress::default, 2000, 1, drive!(base, va, granule, level, short, low), |s| {
            let _ = s;
        });
    }
}
