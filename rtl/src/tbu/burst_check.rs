//! `BurstCheck`: a burst that breaks AXI so that it could leave its 4 KiB page.
//!
//! A hit is checked for its first byte only, so a burst must stay inside the page that was checked. AXI demands it; a client
//! that does not keep to it is refused before translation. Illegal are:
//!
//! | burst | illegal if |
//! | --- | --- |
//! | any | AxSIZE is wider than the data bus; AxBURST = 3 (reserved) |
//! | INCR | its last beat begins in another 4 KiB (beats are aligned to AxSIZE, so a beat never crosses) |
//! | WRAP | AxLEN is not 1, 3, 7, 15: then it is at most 2 KiB, aligned to its length |
//! | FIXED | never: all beats lie in the first one's container |
//!
//! Combinational.

use crate::prelude::*;
use crate::prim::strap::Strap;

/// Checks a transaction word (see [`super::beat`]).
#[derive(LogicBlock, Default)]
pub struct BurstCheck {
    pub beat: Signal<In, Word<103>>,
    pub illegal: Signal<Out, Bit>,
    size_max: Strap<Word<3>>,
    l_len: Signal<Local, Word<8>>,
    l_size: Signal<Local, Word<3>>,
    l_burst: Signal<Local, Word<2>>,
    l_ones: Signal<Local, Word<12>>,
    l_aligned: Signal<Local, Word<12>>,
    l_start: Signal<Local, Word<16>>,
    l_beats: Signal<Local, Word<16>>,
    l_bytes: Signal<Local, Word<16>>,
    l_last: Signal<Local, Word<16>>,
    l_beyond: Signal<Local, Word<4>>,
    l_wrap_ok: Signal<Local, Bit>,
}

impl BurstCheck {
    /// For a bus of `data_width` bits.
    pub fn new(data_width: usize) -> Self {
        Self { size_max: Strap::new((data_width / 8).trailing_zeros()), ..Self::default() }
    }
}

impl Logic for BurstCheck {
    #[hdl_gen]
    fn update(&mut self) {
        self.l_len.next = self.beat.val().get_bits::<8>(49);
        self.l_size.next = self.beat.val().get_bits::<3>(57);
        self.l_burst.next = self.beat.val().get_bits::<2>(60);
        // Offset of the last beat: the aligned start and len beats more. At most 4095 + 255 * 128.
        self.l_ones.next = 4095.into();
        self.l_ones.next = self.l_ones.val() << self.l_size.val();
        self.l_aligned.next = self.beat.val().get_bits::<12>(0) & self.l_ones.val();
        self.l_start.next = bit_cast::<16, 12>(self.l_aligned.val());
        self.l_beats.next = bit_cast::<16, 8>(self.l_len.val());
        self.l_bytes.next = self.l_beats.val() << self.l_size.val();
        self.l_last.next = self.l_start.val() + self.l_bytes.val();
        self.l_beyond.next = self.l_last.val().get_bits::<4>(12);
        self.l_wrap_ok.next =
            (self.l_len.val() == 1) | (self.l_len.val() == 3) | (self.l_len.val() == 7) | (self.l_len.val() == 15);
        self.illegal.next = (self.l_burst.val() == 3)
            | (self.l_size.val() > self.size_max.val())
            | ((self.l_burst.val() == 1) & self.l_beyond.val().any())
            | ((self.l_burst.val() == 2) & !self.l_wrap_ok.val());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check, Random};

    #[test]
    fn synthesizes() {
        synthesis_check(BurstCheck::new(64));
        synthesis_check(BurstCheck::new(128));
    }

    #[test]
    fn verilog_agrees() {
        equivalence(|| BurstCheck::new(64), 3000, 1, drive!(beat), |_| {});
    }

    /// The bytes that a burst touches, beat by beat as AXI has it, against what the block says.
    #[test]
    fn refuses_what_could_leave_the_page() {
        let mut block = BurstCheck::new(128);
        block.connect_all();
        let mut random = Random::new(2);
        let (mut legal, mut illegal) = (0, 0);
        for _ in 0..20_000 {
            let addr = if random.chance(1, 2) { 0x1_f000 + random.below(0x1000) } else { 0x1_ff00 + random.below(0x100) };
            let (len, size, burst) = (random.pick(&[0, 1, 2, 3, 7, 15, 16, 31, 255]), random.below(6), random.below(4));
            let bytes = 1u64 << size;
            let page = |a: u64| a >> 12;
            let leaves = match burst {
                0 => false,
                1 => (0..=len).any(|n| page((addr & !(bytes - 1)) + n * bytes) != page(addr)),
                2 => !matches!(len, 1 | 3 | 7 | 15),
                _ => true,
            };
            block.beat.next =
                (u128::from(addr) | u128::from(len) << 49 | u128::from(size) << 57 | u128::from(burst) << 60).into();
            assert!(simulate(&mut block, 10));
            assert_eq!(block.illegal.val(), leaves || bytes > 16, "{addr:x} len {len} size {size} burst {burst}");
            if block.illegal.val() {
                illegal += 1;
            } else {
                legal += 1;
            }
        }
        assert!(legal > 1000 && illegal > 1000);
    }
}
