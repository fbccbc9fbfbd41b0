//! Read-only memory with a registered output. Leaf block: a `Vec` in simulation, an initialized array in Verilog.
//!
//! | port | meaning |
//! | --- | --- |
//! | `raddr` | word to read |
//! | `rdata` | the word at `raddr` of the cycle before |
//!
//! `AW` address bits give `2^AW` words of `DW` bits (at most 128). Words that the contents do not reach are zero.

use crate::prelude::*;
use std::fmt::Write;

/// The block.
#[derive(LogicBlock)]
pub struct RomSync<const AW: usize, const DW: usize> {
    pub clock: Signal<In, Clock>,
    pub raddr: Signal<In, Word<AW>>,
    pub rdata: Signal<Out, Word<DW>>,
    _words: Vec<Word<DW>>,
}

impl<const AW: usize, const DW: usize> RomSync<AW, DW> {
    /// A memory with these words from address 0 up.
    ///
    /// # Panics
    /// If there are more than `2^AW` words or one has more than `DW` bits: contents are made when the hardware is elaborated.
    pub fn new(contents: &[u128]) -> Self {
        assert!(contents.len() <= 1 << AW, "{} words do not fit in 2^{AW}", contents.len());
        assert!(contents.iter().all(|&w| w & !Word::<DW>::MASK == 0), "a word has more than {DW} bits");
        let mut words = vec![Word::default(); 1 << AW];
        for (word, &value) in words.iter_mut().zip(contents) {
            *word = Word::new(value);
        }
        Self { clock: Signal::default(), raddr: Signal::default(), rdata: Signal::default(), _words: words }
    }
}

impl<const AW: usize, const DW: usize> Logic for RomSync<AW, DW> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.rdata.next = self._words[self.raddr.val().index()];
        }
    }

    fn connect(&mut self) {
        self.rdata.connect();
    }

    fn hdl(&self) -> Verilog {
        let mut code = format!(
            "reg [{}:0] mem [0:{}];\ninteger k;\ninitial begin\nfor (k = 0; k < {}; k = k + 1) mem[k] = {DW}'h0;\n",
            DW - 1,
            (1usize << AW) - 1,
            1usize << AW
        );
        for (address, word) in self._words.iter().enumerate().filter(|(_, word)| word.any()) {
            let _ = writeln!(code, "mem[{address}] = {DW}'h{word:x};");
        }
        let _ = write!(code, "rdata = {DW}'h0;\nend\nalways @(posedge clock) rdata <= mem[raddr];\n");
        Verilog::Custom(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    fn rom() -> RomSync<6, 89> {
        RomSync::new(&(0..50u128).map(|k| k * 0x0123_4567_89AB_CDEF_0123).collect::<Vec<_>>())
    }

    #[test]
    fn reads_the_word_of_the_cycle_before() {
        let mut uut = RomSync::<3, 8>::new(&[7, 5, 3]);
        uut.connect_all();
        for (address, expected) in [(1u64, 5u128), (0, 7), (2, 3), (7, 0)] {
            uut.raddr.next = address.into();
            for level in [false, true] {
                uut.clock.next = Clock { clk: level };
                assert!(simulate(&mut uut, 10));
            }
            assert_eq!(uut.rdata.val().raw(), expected);
        }
    }

    #[test]
    #[should_panic(expected = "more than 8 bits")]
    fn refuses_words_that_are_too_wide() {
        RomSync::<3, 8>::new(&[256]);
    }

    #[test]
    fn synthesizes() {
        synthesis_check(rom());
    }

    #[test]
    fn verilog_agrees() {
        equivalence(rom, 1000, 3, drive!(clock, raddr), |_| {});
    }
}
