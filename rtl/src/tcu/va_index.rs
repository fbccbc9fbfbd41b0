//! Where the caches keep a virtual address: sets and keys for one granule.
//!
//! Combinational. Level `n` of granule 2^g resolves from bit `g + (3-n)*(g-3)` up:
//!
//! | granule | code | level 3 line (8 pages) | level 2 | level 1 | level 0 |
//! | --- | --- | --- | --- | --- | --- |
//! | 4 KiB | 0 | 15 | 21 | 30 | 39 |
//! | 64 KiB | 1 | 19 | 29 | 42 | - |
//! | 16 KiB | 2 | 17 | 25 | 36 | 47 |
//! | short descriptors | 3 | 15 | 20 (1 MiB) | 24 (16 MiB) | 16 (64 KiB) |
//!
//! The sizes of AArch32 short descriptors have a code of their own, if the hardware has that format. Their addresses have 32 bits, and bit 20
//! takes the place of bit 48 in the key of level 2.
//!
//! A key is the address from that bit up, left where it is and with the bits below cleared, so that keys of one level and one
//! granule are equal exactly if the addresses agree above the boundary. An index is the lowest bits above the boundary.

use crate::params::{Aarch32, Params};
use crate::prelude::*;
use crate::prim::strap::Strap;

/// The block.
#[derive(LogicBlock, Default)]
pub struct VaIndex {
    /// Canonical virtual address (bit 48 is the sign).
    pub va: Signal<In, Word<49>>,
    /// Granule code: 0 = 4 KiB, 1 = 64 KiB, 2 = 16 KiB, 3 = sizes of short descriptors.
    pub granule: Signal<In, Word<2>>,
    /// VA[48:15], bits below the line of 8 pages cleared.
    pub line: Signal<Out, Word<34>>,
    /// Lowest bits of the line number.
    pub line_index: Signal<Out, Word<7>>,
    /// Page number inside its line of 8.
    pub sector: Signal<Out, Word<3>>,
    /// VA[48:21], bits below the level-2 boundary cleared.
    pub key2: Signal<Out, Word<28>>,
    pub index2: Signal<Out, Word<7>>,
    /// VA[48:30], bits below the level-1 boundary cleared.
    pub key1: Signal<Out, Word<19>>,
    pub index1: Signal<Out, Word<7>>,
    /// VA[48:39], bits below the level-0 boundary cleared (short descriptors: VA[31:16]).
    pub key0: Signal<Out, Word<16>>,
    pub index0: Signal<Out, Word<7>>,
    has_short: Strap<Bit>,
}

impl VaIndex {
    /// The block for hardware with these formats.
    pub fn new(params: &Params) -> Self {
        Self { has_short: Strap::new(params.features.aarch32 == Aarch32::Both), ..Self::default() }
    }
}

impl Logic for VaIndex {
    #[hdl_gen]
    fn update(&mut self) {
        self.line.next = self.va.val().get_bits::<34>(15);
        self.line_index.next = self.va.val().get_bits::<7>(15);
        self.sector.next = self.va.val().get_bits::<3>(12);
        self.key2.next = self.va.val().get_bits::<28>(21);
        self.index2.next = self.va.val().get_bits::<7>(21);
        self.key1.next = self.va.val().get_bits::<19>(30);
        self.index1.next = self.va.val().get_bits::<7>(30);
        self.key0.next = bit_cast::<16, 10>(self.va.val().get_bits::<10>(39));
        self.index0.next = self.va.val().get_bits::<7>(39);
        if self.granule.val() == 2 {
            self.line.next = self.va.val().get_bits::<34>(15) & 0x3_ffff_fffc_u64;
            self.line_index.next = self.va.val().get_bits::<7>(17);
            self.sector.next = self.va.val().get_bits::<3>(14);
            self.key2.next = self.va.val().get_bits::<28>(21) & 0xfff_fff0_u64;
            self.index2.next = self.va.val().get_bits::<7>(25);
            self.key1.next = self.va.val().get_bits::<19>(30) & 0x7_ffc0;
            self.index1.next = self.va.val().get_bits::<7>(36);
            self.key0.next = bit_cast::<16, 2>(self.va.val().get_bits::<2>(47)) << 8;
            self.index0.next = bit_cast::<7, 2>(self.va.val().get_bits::<2>(47));
        }
        if self.granule.val() == 1 {
            self.line.next = self.va.val().get_bits::<34>(15) & 0x3_ffff_fff0_u64;
            self.line_index.next = self.va.val().get_bits::<7>(19);
            self.sector.next = self.va.val().get_bits::<3>(16);
            self.key2.next = self.va.val().get_bits::<28>(21) & 0xfff_ff00_u64;
            self.index2.next = self.va.val().get_bits::<7>(29);
            self.key1.next = self.va.val().get_bits::<19>(30) & 0x7_f000;
            self.index1.next = self.va.val().get_bits::<7>(42);
            self.key0.next = 0.into();
            self.index0.next = 0.into();
        }
        if self.has_short.val() & (self.granule.val() == 3) {
            self.key2.next = self.va.val().get_bits::<28>(21).replace_bit(27, self.va.val().get_bit(20));
            self.index2.next = self.va.val().get_bits::<7>(20);
            self.key1.next = bit_cast::<19, 8>(self.va.val().get_bits::<8>(24));
            self.index1.next = self.va.val().get_bits::<7>(24);
            self.key0.next = self.va.val().get_bits::<16>(16);
            self.index0.next = self.va.val().get_bits::<7>(16);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::params::MINI;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_vaindex() {
        synthesis_check(VaIndex::new(&MINI.with_everything()));
    }

    #[test]
    fn verilog_agrees_vaindex() {
        equivalence(VaIndex::default, 2000, 1, drive!(va, granule), |_| {});
        equivalence(|| VaIndex::new(&MINI.with_everything()), 2000, 1, drive!(va, granule), |_| {});
    }
}
