//! Fill stage: a register between the walker's decision (E2) and the write ports of the caches.
//!
//! Deciding on a descriptor and writing a RAM in one cycle would be the longest path of the design. One cycle later is early enough: the
//! walker decides about poison in E2, and an invalidation reads its first set in the cycle after it poisons, so a fill that was decided
//! before the poison is written before the first set is read.
//!
//! Ports: `i_*` from the walker, the rest to the caches, one cycle later.

use crate::prelude::*;

/// The block.
#[derive(LogicBlock, Default)]
pub struct FillStage {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub i_tlb_tag_we: Signal<In, Bit>,
    pub i_tlb_tag: Signal<In, Word<83>>,
    pub i_tlb_data_we: Signal<In, Bit>,
    pub i_tlb_data: Signal<In, Word<50>>,
    pub i_tlb_set: Signal<In, Word<7>>,
    pub i_tlb_sector: Signal<In, Word<3>>,
    pub i_tlb_way: Signal<In, Word<2>>,
    pub i_wc2_we: Signal<In, Bit>,
    pub i_wc1_we: Signal<In, Bit>,
    pub i_wc0_we: Signal<In, Bit>,
    pub i_wc_index: Signal<In, Word<7>>,
    pub i_wc_entry: Signal<In, Word<121>>,
    pub tlb_tag_we: Signal<Out, Bit>,
    pub tlb_tag: Signal<Out, Word<83>>,
    pub tlb_data_we: Signal<Out, Bit>,
    pub tlb_data: Signal<Out, Word<50>>,
    pub tlb_set: Signal<Out, Word<7>>,
    pub tlb_sector: Signal<Out, Word<3>>,
    pub tlb_way: Signal<Out, Word<2>>,
    pub wc2_we: Signal<Out, Bit>,
    pub wc1_we: Signal<Out, Bit>,
    pub wc0_we: Signal<Out, Bit>,
    pub wc_index: Signal<Out, Word<7>>,
    pub wc_entry: Signal<Out, Word<121>>,
    /// Write enables: 0 tag, 1 data, 2 level 2, 3 level 1, 4 level 0.
    enables: DFF<Word<5>>,
    tag: DFF<Word<83>>,
    /// 49:0 data, 56:50 set, 59:57 sector, 61:60 way.
    page: DFF<Word<62>>,
    index: DFF<Word<7>>,
    entry: DFF<Word<121>>,
    enable: Signal<Local, Word<5>>,
}

impl Logic for FillStage {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, enables, tag, page, index, entry);
        self.enable.next = 0.into();
        self.enable.next = self.enable.val().replace_bit(0, self.i_tlb_tag_we.val());
        self.enable.next = self.enable.val().replace_bit(1, self.i_tlb_data_we.val());
        self.enable.next = self.enable.val().replace_bit(2, self.i_wc2_we.val());
        self.enable.next = self.enable.val().replace_bit(3, self.i_wc1_we.val());
        self.enable.next = self.enable.val().replace_bit(4, self.i_wc0_we.val());
        self.enables.d.next = self.enable.val();
        self.tag.d.next = self.i_tlb_tag.val();
        self.page.d.next = bit_cast::<62, 50>(self.i_tlb_data.val())
            | (bit_cast::<62, 7>(self.i_tlb_set.val()) << 50)
            | (bit_cast::<62, 3>(self.i_tlb_sector.val()) << 57)
            | (bit_cast::<62, 2>(self.i_tlb_way.val()) << 60);
        self.index.d.next = self.i_wc_index.val();
        self.entry.d.next = self.i_wc_entry.val();

        self.tlb_tag_we.next = self.enables.q.val().get_bit(0);
        self.tlb_data_we.next = self.enables.q.val().get_bit(1);
        self.wc2_we.next = self.enables.q.val().get_bit(2);
        self.wc1_we.next = self.enables.q.val().get_bit(3);
        self.wc0_we.next = self.enables.q.val().get_bit(4);
        self.tlb_tag.next = self.tag.q.val();
        self.tlb_data.next = self.page.q.val().get_bits::<50>(0);
        self.tlb_set.next = self.page.q.val().get_bits::<7>(50);
        self.tlb_sector.next = self.page.q.val().get_bits::<3>(57);
        self.tlb_way.next = self.page.q.val().get_bits::<2>(60);
        self.wc_index.next = self.index.q.val();
        self.wc_entry.next = self.entry.q.val();

        if !self.aresetn.val() {
            self.enables.d.next = 0.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_fillstage() {
        synthesis_check(FillStage::default());
    }

    #[test]
    fn verilog_agrees_fillstage() {
        equivalence(
            FillStage::default,
            2000,
            1,
            drive!(
                clock,
                aresetn,
                i_tlb_tag_we,
                i_tlb_tag,
                i_tlb_data_we,
                i_tlb_data,
                i_tlb_set,
                i_tlb_sector,
                i_tlb_way,
                i_wc2_we,
                i_wc1_we,
                i_wc0_we,
                i_wc_index,
                i_wc_entry
            ),
            |s| {
                let _ = s;
            },
        );
    }
}
