//! Fill stage: what the caches keep of a descriptor, decided one cycle after the walker has decided what it means.
//!
//! The walker's verdict (E2) is registered here (rank X). In the next cycle it is decided whether it is kept, and where: pages go to the
//! main TLB, blocks and tables to the walk cache of their level. That decision is registered again and stands on the write ports one cycle
//! later. So no path leads from a descriptor through the verdict to a RAM, which would be the longest of the design.
//!
//! # Timing
//!
//! E2 in cycle c, decision in c + 1, write in c + 2. Poison is looked at in c + 1: a row that is poisoned up to and including that cycle
//! fills nothing. An invalidation reads its first set in the cycle after it poisons, so what was decided before the poison is written
//! before that set is read. A row that is free again in c + 1 may be taken, but its poison bit changes one cycle after that.
//!
//! # A line of eight
//!
//! The wanted page of a level-3 line comes first: it opens the line (tag with no page valid, first data word). Its neighbours follow, each
//! with its own data word; the last beat writes the tag once more, with a bit for each page that was a valid leaf. One line is open at a
//! time; lines of other rows that come in meanwhile are not kept, but for the answer that their requester gets.
//!
//! A level-3 read of one descriptor only (first beat and last beat in one) writes its line at once, with one page valid, if no line is open.
//!
//! # Ports
//!
//! `i_*` from the walker in E2, `poisoned` and `poison` at any time, the rest to the caches.

use super::va_index::VaIndex;
use crate::params::Params;
use crate::prelude::*;

/// The block.
#[derive(LogicBlock, Default)]
pub struct FillStage {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    /// E2 decides on a beat in this cycle.
    pub i_valid: Signal<In, Bit>,
    /// The beat that the row waits for; else a neighbour of it.
    pub i_first: Signal<In, Bit>,
    /// Last beat of its read.
    pub i_last: Signal<In, Bit>,
    /// The beat came with an error.
    pub i_error: Signal<In, Bit>,
    /// A usable leaf.
    pub i_leaf: Signal<In, Bit>,
    /// The verdict is a fault.
    pub i_fault: Signal<In, Bit>,
    /// A usable table.
    pub i_table: Signal<In, Bit>,
    pub i_row: Signal<In, Word<4>>,
    /// Where it is kept: 3 the main TLB, else the walk cache of that number. The descriptor's level, but for short descriptors.
    pub i_level: Signal<In, Word<2>>,
    /// Beats of the line before this one.
    pub i_count: Signal<In, Word<3>>,
    /// Main TLB way that the front chose.
    pub i_way: Signal<In, Word<2>>,
    /// Canonical address.
    pub i_va: Signal<In, Word<49>>,
    pub i_granule: Signal<In, Word<2>>,
    pub i_bank: Signal<In, Word<7>>,
    /// {HYPC, VMID}.
    pub i_vmid: Signal<In, Word<17>>,
    pub i_asid: Signal<In, Word<16>>,
    /// PA[47:12] of the leaf or of the next table.
    pub i_ppn: Signal<In, Word<36>>,
    /// Leaf: {px, pw, pr, ux, uw, ur}.
    pub i_perm: Signal<In, Word<6>>,
    /// Leaf: attributes.
    pub i_attr: Signal<In, Word<8>>,
    /// Kind, as in [`super::walk_cache`].
    pub i_kind: Signal<In, Word<3>>,
    /// Leaf: not global.
    pub i_ng: Signal<In, Bit>,
    /// Table: hierarchical attributes for the tables below.
    pub i_hier: Signal<In, Word<4>>,
    /// Rows that were poisoned before this cycle.
    pub poisoned: Signal<In, Word<16>>,
    /// All rows are poisoned in this cycle.
    pub poison: Signal<In, Bit>,
    // Main TLB.
    pub tlb_tag_we: Signal<Out, Bit>,
    pub tlb_tag: Signal<Out, Word<91>>,
    pub tlb_data_we: Signal<Out, Bit>,
    pub tlb_data: Signal<Out, Word<50>>,
    pub tlb_set: Signal<Out, Word<7>>,
    pub tlb_sector: Signal<Out, Word<3>>,
    pub tlb_way: Signal<Out, Word<2>>,
    // Walk caches.
    pub wc2_we: Signal<Out, Bit>,
    pub wc1_we: Signal<Out, Bit>,
    pub wc0_we: Signal<Out, Bit>,
    pub wc_index: Signal<Out, Word<7>>,
    pub wc_entry: Signal<Out, Word<121>>,
    /// Its VMID[15:8].
    pub wc_vmid: Signal<Out, Word<8>>,
    keys: VaIndex,
    x_valid: DFF<Bit>,
    /// 0 first, 1 last, 2 error, 3 leaf, 4 fault, 5 table, 6 not global.
    x_flags: DFF<Word<7>>,
    x_row: DFF<Word<4>>,
    x_level: DFF<Word<2>>,
    x_count: DFF<Word<3>>,
    x_way: DFF<Word<2>>,
    x_va: DFF<Word<49>>,
    x_granule: DFF<Word<2>>,
    x_bank: DFF<Word<7>>,
    x_vmid: DFF<Word<17>>,
    x_asid: DFF<Word<16>>,
    x_ppn: DFF<Word<36>>,
    x_perm: DFF<Word<6>>,
    x_hier: DFF<Word<4>>,
    x_attr: DFF<Word<8>>,
    x_kind: DFF<Word<3>>,
    /// A line is open.
    filling: DFF<Bit>,
    fill_row: DFF<Word<4>>,
    fill_tag: DFF<Word<91>>,
    fill_set: DFF<Word<7>>,
    fill_way: DFF<Word<2>>,
    fill_pages: DFF<Word<8>>,
    /// Write enables: 0 tag, 1 data, 2 level 2, 3 level 1, 4 level 0.
    enables: DFF<Word<5>>,
    tag: DFF<Word<91>>,
    /// 49:0 data, 56:50 set, 59:57 sector, 61:60 way.
    page: DFF<Word<62>>,
    index: DFF<Word<7>>,
    entry: DFF<Word<121>>,
    entry_vmid: DFF<Word<8>>,
    vmid: Signal<Local, Word<9>>,
    flags: Signal<Local, Word<7>>,
    first: Signal<Local, Bit>,
    leaf: Signal<Local, Bit>,
    ng: Signal<Local, Bit>,
    clean: Signal<Local, Bit>,
    mine: Signal<Local, Word<16>>,
    keep: Signal<Local, Bit>,
    opens: Signal<Local, Bit>,
    single: Signal<Local, Bit>,
    neighbour: Signal<Local, Bit>,
    joins: Signal<Local, Bit>,
    closes: Signal<Local, Bit>,
    stale: Signal<Local, Bit>,
    line_tag: Signal<Local, Word<91>>,
    new_tag: Signal<Local, Word<91>>,
    sector: Signal<Local, Word<3>>,
    here: Signal<Local, Word<8>>,
    pages: Signal<Local, Word<8>>,
    set: Signal<Local, Word<7>>,
    way: Signal<Local, Word<2>>,
    enable: Signal<Local, Word<5>>,
    tag_we: Signal<Local, Bit>,
    data_we: Signal<Local, Bit>,
    we2: Signal<Local, Bit>,
    we1: Signal<Local, Bit>,
    we0: Signal<Local, Bit>,
    key: Signal<Local, Word<28>>,
    table_bits: Signal<Local, Word<6>>,
    new_entry: Signal<Local, Word<121>>,
}

impl FillStage {
    /// The block for hardware with these formats.
    pub fn new(params: &Params) -> Self {
        Self { keys: VaIndex::new(params), ..Self::default() }
    }
}

impl Logic for FillStage {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, x_valid, x_flags, x_row, x_level, x_count, x_way, x_va, x_granule, x_bank, x_vmid, x_asid, x_ppn,
            x_perm, x_hier, x_attr, x_kind, filling, fill_row, fill_tag, fill_set, fill_way, fill_pages, enables, tag, page,
            index, entry, entry_vmid
        );

        // X: the verdict of E2.
        self.x_valid.d.next = self.i_valid.val();
        self.flags.next = 0.into();
        self.flags.next = self.flags.val().replace_bit(0, self.i_first.val());
        self.flags.next = self.flags.val().replace_bit(1, self.i_last.val());
        self.flags.next = self.flags.val().replace_bit(2, self.i_error.val());
        self.flags.next = self.flags.val().replace_bit(3, self.i_leaf.val());
        self.flags.next = self.flags.val().replace_bit(4, self.i_fault.val());
        self.flags.next = self.flags.val().replace_bit(5, self.i_table.val());
        self.flags.next = self.flags.val().replace_bit(6, self.i_ng.val());
        self.x_flags.d.next = self.flags.val();
        self.x_row.d.next = self.i_row.val();
        self.x_level.d.next = self.i_level.val();
        self.x_count.d.next = self.i_count.val();
        self.x_way.d.next = self.i_way.val();
        self.x_va.d.next = self.i_va.val();
        self.x_granule.d.next = self.i_granule.val();
        self.x_bank.d.next = self.i_bank.val();
        self.x_vmid.d.next = self.i_vmid.val();
        self.x_asid.d.next = self.i_asid.val();
        self.x_ppn.d.next = self.i_ppn.val();
        self.x_perm.d.next = self.i_perm.val();
        self.x_hier.d.next = self.i_hier.val();
        self.x_attr.d.next = self.i_attr.val();
        self.x_kind.d.next = self.i_kind.val();

        // Is it kept?
        self.first.next = self.x_flags.q.val().get_bit(0);
        self.leaf.next = self.x_flags.q.val().get_bit(3) & !self.x_flags.q.val().get_bit(2);
        self.ng.next = self.x_flags.q.val().get_bit(6);
        self.mine.next = bits::<16>(1) << self.x_row.q.val();
        self.mine.next = self.mine.val() & self.poisoned.val();
        self.clean.next = !self.mine.val().any() & !self.poison.val();
        self.keep.next = self.x_valid.q.val()
            & self.first.val()
            & self.clean.val()
            & !self.x_flags.q.val().get_bit(2)
            & ((self.x_flags.q.val().get_bit(3) & !self.x_flags.q.val().get_bit(4)) | self.x_flags.q.val().get_bit(5));

        // Main TLB: the wanted page opens the line, its neighbours follow, the last beat makes the line valid.
        self.keys.va.next = self.x_va.q.val();
        self.keys.granule.next = self.x_granule.q.val();
        self.vmid.next = bit_cast::<9, 8>(self.x_vmid.q.val().get_bits::<8>(0))
            | (bit_cast::<9, 1>(self.x_vmid.q.val().get_bits::<1>(16)) << 8);
        self.line_tag.next = (bit_cast::<91, 2>(self.x_granule.q.val()) << 8)
            | (bit_cast::<91, 7>(self.x_bank.q.val()) << 10)
            | (bit_cast::<91, 9>(self.vmid.val()) << 17)
            | (bit_cast::<91, 2>(self.x_kind.q.val().get_bits::<2>(0)) << 26)
            | (bit_cast::<91, 16>(self.x_asid.q.val()) << 32)
            | (bit_cast::<91, 34>(self.keys.line.val()) << 49)
            | (bit_cast::<91, 8>(self.x_vmid.q.val().get_bits::<8>(8)) << 83);
        self.line_tag.next = self.line_tag.val().replace_bit(48, self.ng.val());
        self.sector.next = self.keys.sector.val() + self.x_count.q.val();
        self.here.next = bits::<8>(1) << self.sector.val();
        self.opens.next = self.keep.val() & (self.x_level.q.val() == 3) & !self.filling.q.val();
        self.single.next = self.opens.val() & self.x_flags.q.val().get_bit(1);
        self.neighbour.next =
            self.x_valid.q.val() & !self.first.val() & self.filling.q.val() & (self.fill_row.q.val() == self.x_row.q.val());
        self.joins.next = self.neighbour.val() & self.leaf.val() & (self.ng.val() == self.fill_tag.q.val().get_bit(48));
        self.closes.next = self.neighbour.val() & self.x_flags.q.val().get_bit(1);
        // A read that ended early (its memory broke the protocol) must not leave a line open for the row's next read.
        self.stale.next =
            self.x_valid.q.val() & self.first.val() & self.filling.q.val() & (self.fill_row.q.val() == self.x_row.q.val());
        // The line's pages so far, and this one if it opens or joins the line. None are kept while no line is open.
        self.pages.next = 0.into();
        if self.filling.q.val() {
            self.pages.next = self.fill_pages.q.val();
        }
        if self.opens.val() | self.joins.val() {
            self.pages.next = self.pages.val() | self.here.val();
        }
        self.fill_pages.d.next = self.pages.val();
        self.new_tag.next = self.line_tag.val();
        self.set.next = self.keys.line_index.val();
        self.way.next = self.x_way.q.val();
        if self.filling.q.val() {
            self.new_tag.next = self.fill_tag.q.val() | bit_cast::<91, 8>(self.pages.val());
            self.set.next = self.fill_set.q.val();
            self.way.next = self.fill_way.q.val();
        }
        if self.single.val() {
            self.new_tag.next = self.line_tag.val() | bit_cast::<91, 8>(self.here.val());
        }
        if self.opens.val() {
            self.filling.d.next = !self.single.val();
            self.fill_row.d.next = self.x_row.q.val();
            self.fill_tag.d.next = self.line_tag.val();
            self.fill_set.d.next = self.keys.line_index.val();
            self.fill_way.d.next = self.x_way.q.val();
        }
        if self.closes.val() | self.stale.val() {
            self.filling.d.next = false;
        }
        self.tag_we.next = self.opens.val() | (self.closes.val() & self.clean.val());
        self.data_we.next = self.opens.val() | self.joins.val();

        // Walk caches: tables and blocks of levels 0 to 2.
        self.we2.next = self.keep.val() & (self.x_level.q.val() == 2);
        self.we1.next = self.keep.val() & (self.x_level.q.val() == 1);
        self.we0.next = self.keep.val() & (self.x_level.q.val() == 0);
        self.key.next = self.keys.key2.val();
        self.index.d.next = self.keys.index2.val();
        if self.x_level.q.val() == 1 {
            self.key.next = bit_cast::<28, 19>(self.keys.key1.val());
            self.index.d.next = self.keys.index1.val();
        }
        if self.x_level.q.val() == 0 {
            self.key.next = bit_cast::<28, 16>(self.keys.key0.val());
            self.index.d.next = self.keys.index0.val();
        }
        self.table_bits.next = bit_cast::<6, 4>(self.x_hier.q.val());
        if self.x_flags.q.val().get_bit(3) {
            self.table_bits.next = self.x_perm.q.val();
        }
        self.new_entry.next = bits::<121>(1)
            | (bit_cast::<121, 2>(self.x_granule.q.val()) << 3)
            | (bit_cast::<121, 7>(self.x_bank.q.val()) << 5)
            | (bit_cast::<121, 9>(self.vmid.val()) << 12)
            | (bit_cast::<121, 16>(self.x_asid.q.val()) << 21)
            | (bit_cast::<121, 28>(self.key.val()) << 37)
            | (bit_cast::<121, 36>(self.x_ppn.q.val()) << 65)
            | (bit_cast::<121, 6>(self.table_bits.val()) << 101)
            | (bit_cast::<121, 8>(self.x_attr.q.val()) << 107)
            | (bit_cast::<121, 3>(self.x_kind.q.val()) << 115);
        self.new_entry.next = self.new_entry.val().replace_bit(1, self.x_flags.q.val().get_bit(3));
        self.new_entry.next = self.new_entry.val().replace_bit(2, self.ng.val());

        // The write ports.
        self.enable.next = 0.into();
        self.enable.next = self.enable.val().replace_bit(0, self.tag_we.val());
        self.enable.next = self.enable.val().replace_bit(1, self.data_we.val());
        self.enable.next = self.enable.val().replace_bit(2, self.we2.val());
        self.enable.next = self.enable.val().replace_bit(3, self.we1.val());
        self.enable.next = self.enable.val().replace_bit(4, self.we0.val());
        self.enables.d.next = self.enable.val();
        self.tag.d.next = self.new_tag.val();
        self.page.d.next = bit_cast::<62, 36>(self.x_ppn.q.val())
            | (bit_cast::<62, 6>(self.x_perm.q.val()) << 36)
            | (bit_cast::<62, 8>(self.x_attr.q.val()) << 42)
            | (bit_cast::<62, 7>(self.set.val()) << 50)
            | (bit_cast::<62, 3>(self.sector.val()) << 57)
            | (bit_cast::<62, 2>(self.way.val()) << 60);
        self.entry.d.next = self.new_entry.val();
        self.entry_vmid.d.next = self.x_vmid.q.val().get_bits::<8>(8);

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
        self.wc_vmid.next = self.entry_vmid.q.val();

        if !self.aresetn.val() {
            self.x_valid.d.next = false;
            self.filling.d.next = false;
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
        synthesis_check(FillStage::new(&crate::params::MINI.with_everything()));
    }

    #[test]
    fn verilog_agrees_fillstage() {
        equivalence(
            || FillStage::new(&crate::params::MINI.with_everything()),
            4000,
            1,
            drive!(
                clock, aresetn, i_valid, i_first, i_last, i_error, i_leaf, i_fault, i_table, i_row, i_level, i_count, i_way,
                i_va, i_granule, i_bank, i_vmid, i_asid, i_ppn, i_perm, i_ng, i_attr, i_kind, i_hier, poisoned, poison
            ),
            |s| {
                s.often("i_valid", 3, 4);
                s.often("i_row", 1, 8);
                s.often("poison", 1, 8);
            },
        );
    }
}
