//! Main TLB: leaf descriptors of level 3 (pages), four ways of lines of eight neighbouring pages, in RAM.
//!
//! One tag stands for eight pages: a level-3 table read fetches a line of eight descriptors, and the valid leaves among them are
//! filled together (`docs/architecture.md`, decision 4). Blocks live in the walk cache ([`super::walk_cache`]), at the level of the
//! table that holds them.
//!
//! # Tag word (91 bits)
//!
//! | bits | field | | bits | field |
//! | --- | --- | --- | --- | --- |
//! | 7:0 | valid, a bit a page | | 47:32 | ASID |
//! | 9:8 | granule code | | 48 | nG |
//! | 16:10 | context bank | | 82:49 | VA[48:15] of the line |
//! | 25:17 | {HYPC, VMID[7:0]} | | 90:83 | VMID[15:8], in memories of their own |
//!
//! (27:26 are the kind: 0 stage 1 alone, 1 stage 2, 2 stage 1 of a nested bank, whose output is an IPA; 31:28 are zero.) Data word (50 bits): 35:0 PA[47:12], 41:36 permissions {px,pw,pr,ux,uw,ur}, 49:42 attributes.
//!
//! # Timing
//!
//! | cycle | look-up | maintenance |
//! | --- | --- | --- |
//! | c | `lk_set`, `lk_sector` | `pr_valid` and `pr_set` |
//! | c + 1 | `cmp_*` compared with what was read; in c + 2 `hit`, `hit_*`, `way` | the set compared with `inv_*`; matching pages lose their valid bit in c + 2 |
//!
//! Tag and data of a line are read in one cycle. A fill first writes the tag with no page valid together with the first data word,
//! then the data words, last the tag with the valid pages: no look-up sees a tag with another line's data. The caller lets only one
//! fill run at a time, and none while maintenance runs.
//!
//! Two ways may hold the same line after two walks that raced; the lowest way answers, and maintenance drops both.

use crate::params::Params;
use crate::prelude::*;
use crate::prim::ram::RamSync;
use crate::prim::strap::Strap;

/// The block. `2^SW` sets, `DA` = `SW` + 3 address bits of the data RAMs.
#[derive(LogicBlock)]
pub struct MainTlb<const SW: usize, const DA: usize> {
    pub clock: Signal<In, Clock>,
    // Look-up, first cycle.
    pub lk_set: Signal<In, Word<7>>,
    pub lk_sector: Signal<In, Word<3>>,
    // Look-up, second cycle.
    pub cmp_line: Signal<In, Word<34>>,
    pub cmp_sector: Signal<In, Word<3>>,
    pub cmp_granule: Signal<In, Word<2>>,
    pub cmp_bank: Signal<In, Word<7>>,
    pub cmp_vmid: Signal<In, Word<17>>,
    pub cmp_asid: Signal<In, Word<16>>,
    pub cmp_kind: Signal<In, Word<2>>,
    /// Bits of the kind that the hardware has.
    pub cmp_kinds: Signal<In, Word<2>>,
    pub hit: Signal<Out, Bit>,
    pub hit_ng: Signal<Out, Bit>,
    /// Data word of the page that hit, zero if none did.
    pub hit_data: Signal<Out, Word<50>>,
    /// Way that a fill of this line should take: the one that has the line, else an empty one, else the next in turn.
    pub way: Signal<Out, Word<2>>,
    // Fill.
    pub fl_tag_we: Signal<In, Bit>,
    pub fl_tag: Signal<In, Word<91>>,
    pub fl_data_we: Signal<In, Bit>,
    pub fl_data: Signal<In, Word<50>>,
    pub fl_set: Signal<In, Word<7>>,
    pub fl_sector: Signal<In, Word<3>>,
    pub fl_way: Signal<In, Word<2>>,
    // Maintenance.
    pub pr_valid: Signal<In, Bit>,
    /// The tag read in this cycle is cleared whatever it holds (reset).
    pub pr_clear: Signal<In, Bit>,
    pub pr_set: Signal<In, Word<7>>,
    pub pr_line: Signal<In, Word<34>>,
    pub pr_sector: Signal<In, Word<3>>,
    pub pr_granule: Signal<In, Word<2>>,
    pub inv_use_hyp: Signal<In, Bit>,
    pub inv_hyp: Signal<In, Bit>,
    pub inv_use_vmid: Signal<In, Bit>,
    pub inv_vmid: Signal<In, Word<17>>,
    pub inv_use_asid: Signal<In, Bit>,
    pub inv_asid: Signal<In, Word<16>>,
    pub inv_use_va: Signal<In, Bit>,
    tag: [RamSync<SW, 75>; 4],
    vmids: [RamSync<SW, 8>; 4],
    has_vmid16: Strap<Bit>,
    tag_vmid: Signal<Local, Word<17>>,
    vmid_low: Signal<Local, Word<8>>,
    vmid_high: Signal<Local, Word<8>>,
    hyp: Signal<Local, Word<1>>,
    pages: [RamSync<SW, 8>; 4],
    data: [RamSync<DA, 50>; 4],
    turn: DFF<Word<2>>,
    probing: DFF<Bit>,
    probe_clear: DFF<Bit>,
    probe_set: DFF<Word<7>>,
    probe_line: DFF<Word<34>>,
    probe_sector: DFF<Word<3>>,
    probe_granule: DFF<Word<2>>,
    select: Signal<Local, Word<4>>,
    same_line: Signal<Local, Word<4>>,
    empty: Signal<Local, Word<4>>,
    drop: Signal<Local, Word<4>>,
    tags_match: Signal<Local, Bit>,
    page: Signal<Local, Word<8>>,
    probe_page: Signal<Local, Word<8>>,
    kept: Signal<Local, Word<8>>,
    valid_pages: Signal<Local, Word<8>>,
    set_address: Signal<Local, Word<SW>>,
    data_address: Signal<Local, Word<DA>>,
    set_and_sector: Signal<Local, Word<10>>,
    fill_set_and_sector: Signal<Local, Word<10>>,
    fill_way: Signal<Local, Word<4>>,
    is_empty: Signal<Local, Bit>,
    kind: Signal<Local, Word<2>>,
    dropping: DFF<Word<4>>,
    selected: DFF<Word<4>>,
    words: [DFF<Word<51>>; 4],
    way_q: DFF<Word<2>>,
    matched: Signal<Local, Bit>,
    data_read: Signal<Local, Word<50>>,
    ng_read: Signal<Local, Word<1>>,
    answered: Signal<Local, Bit>,
    choice: Signal<Local, Word<2>>,
    drop_pages: [DFF<Word<8>>; 4],
    drop_set: DFF<Word<7>>,
}

impl<const SW: usize, const DA: usize> Default for MainTlb<SW, DA> {
    fn default() -> Self {
        assert!(DA == SW + 3 && SW <= 7, "a data RAM holds eight words a set, at most 128 sets");
        Self {
            clock: Signal::default(),
            lk_set: Signal::default(),
            lk_sector: Signal::default(),
            cmp_line: Signal::default(),
            cmp_sector: Signal::default(),
            cmp_granule: Signal::default(),
            cmp_bank: Signal::default(),
            cmp_vmid: Signal::default(),
            cmp_asid: Signal::default(),
            cmp_kind: Signal::default(),
            cmp_kinds: Signal::default(),
            kind: Signal::default(),
            hit: Signal::default(),
            hit_ng: Signal::default(),
            hit_data: Signal::default(),
            way: Signal::default(),
            fl_tag_we: Signal::default(),
            fl_tag: Signal::default(),
            fl_data_we: Signal::default(),
            fl_data: Signal::default(),
            fl_set: Signal::default(),
            fl_sector: Signal::default(),
            fl_way: Signal::default(),
            pr_valid: Signal::default(),
            pr_clear: Signal::default(),
            pr_set: Signal::default(),
            pr_line: Signal::default(),
            pr_sector: Signal::default(),
            pr_granule: Signal::default(),
            inv_use_hyp: Signal::default(),
            inv_hyp: Signal::default(),
            inv_use_vmid: Signal::default(),
            inv_vmid: Signal::default(),
            inv_use_asid: Signal::default(),
            inv_asid: Signal::default(),
            inv_use_va: Signal::default(),
            tag: std::array::from_fn(|_| RamSync::default()),
            vmids: std::array::from_fn(|_| RamSync::default()),
            has_vmid16: Strap::default(),
            tag_vmid: Signal::default(),
            vmid_low: Signal::default(),
            vmid_high: Signal::default(),
            hyp: Signal::default(),
            pages: std::array::from_fn(|_| RamSync::default()),
            data: std::array::from_fn(|_| RamSync::default()),
            turn: DFF::default(),
            probing: DFF::default(),
            probe_clear: DFF::default(),
            probe_set: DFF::default(),
            probe_line: DFF::default(),
            probe_sector: DFF::default(),
            probe_granule: DFF::default(),
            select: Signal::default(),
            same_line: Signal::default(),
            empty: Signal::default(),
            drop: Signal::default(),
            tags_match: Signal::default(),
            page: Signal::default(),
            probe_page: Signal::default(),
            kept: Signal::default(),
            valid_pages: Signal::default(),
            set_address: Signal::default(),
            data_address: Signal::default(),
            set_and_sector: Signal::default(),
            fill_set_and_sector: Signal::default(),
            fill_way: Signal::default(),
            is_empty: Signal::default(),
            dropping: DFF::default(),
            selected: DFF::default(),
            words: std::array::from_fn(|_| DFF::default()),
            way_q: DFF::default(),
            matched: Signal::default(),
            data_read: Signal::default(),
            ng_read: Signal::default(),
            answered: Signal::default(),
            choice: Signal::default(),
            drop_pages: std::array::from_fn(|_| DFF::default()),
            drop_set: DFF::default(),
        }
    }
}

impl<const SW: usize, const DA: usize> MainTlb<SW, DA> {
    /// The block for hardware with these features.
    pub fn new(params: &Params) -> Self {
        Self { has_vmid16: Strap::new(params.features.vmid16), ..Self::default() }
    }
}

impl<const SW: usize, const DA: usize> Logic for MainTlb<SW, DA> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            turn,
            probing,
            probe_clear,
            probe_set,
            probe_line,
            probe_sector,
            probe_granule,
            dropping,
            drop_set,
            selected,
            way_q
        );
        self.probing.d.next = self.pr_valid.val();
        self.probe_clear.d.next = self.pr_clear.val();
        self.probe_set.d.next = self.pr_set.val();
        self.probe_line.d.next = self.pr_line.val();
        self.probe_sector.d.next = self.pr_sector.val();
        self.probe_granule.d.next = self.pr_granule.val();

        // Read addresses: maintenance has the RAMs to itself while it runs.
        self.set_address.next = bit_cast::<SW, 7>(self.lk_set.val());
        if self.pr_valid.val() {
            self.set_address.next = bit_cast::<SW, 7>(self.pr_set.val());
        }
        self.set_and_sector.next = (bit_cast::<10, 7>(self.lk_set.val()) << 3) | bit_cast::<10, 3>(self.lk_sector.val());
        self.data_address.next = bit_cast::<DA, 10>(self.set_and_sector.val());
        self.fill_set_and_sector.next = (bit_cast::<10, 7>(self.fl_set.val()) << 3) | bit_cast::<10, 3>(self.fl_sector.val());

        // The page inside its line, one bit a page.
        self.page.next = bits::<8>(1) << self.cmp_sector.val();
        self.probe_page.next = bits::<8>(1) << self.probe_sector.q.val();

        self.fill_way.next = bits::<4>(1) << self.fl_way.val();
        self.hit_data.next = 0.into();
        self.hit_ng.next = false;
        self.answered.next = false;
        self.select.next = 0.into();
        self.same_line.next = 0.into();
        self.empty.next = 0.into();
        self.drop.next = 0.into();
        for i in 0..4 {
            self.tag[i].clock.next = self.clock.val();
            self.data[i].clock.next = self.clock.val();
            self.pages[i].clock.next = self.clock.val();
            self.tag[i].raddr.next = self.set_address.val();
            self.vmids[i].clock.next = self.clock.val();
            self.vmids[i].raddr.next = self.set_address.val();
            self.pages[i].raddr.next = self.set_address.val();
            self.data[i].raddr.next = self.data_address.val();

            self.vmid_low.next = self.tag[i].rdata.val().get_bits::<8>(9);
            self.vmid_high.next = self.vmids[i].rdata.val();
            self.hyp.next = self.tag[i].rdata.val().get_bits::<1>(17);
            self.tag_vmid.next = bit_cast::<17, 8>(self.vmid_low.val()) | (bit_cast::<17, 1>(self.hyp.val()) << 16);
            if self.has_vmid16.val() {
                self.tag_vmid.next = self.tag_vmid.val() | (bit_cast::<17, 8>(self.vmid_high.val()) << 8);
            }

            // Look-up.
            self.valid_pages.next = self.pages[i].rdata.val();
            self.kind.next = self.tag[i].rdata.val().get_bits::<2>(18) & self.cmp_kinds.val();
            self.tags_match.next = (self.tag[i].rdata.val().get_bits::<34>(41) == self.cmp_line.val())
                & (self.tag[i].rdata.val().get_bits::<2>(0) == self.cmp_granule.val())
                & (self.tag[i].rdata.val().get_bits::<7>(2) == self.cmp_bank.val())
                & (self.tag_vmid.val() == self.cmp_vmid.val())
                & (self.kind.val() == self.cmp_kind.val())
                & ((self.tag[i].rdata.val().get_bits::<16>(24) == self.cmp_asid.val()) | !self.tag[i].rdata.val().get_bit(40));
            self.same_line.next = self.same_line.val().replace_bit(i, self.tags_match.val());
            self.is_empty.next = !self.valid_pages.val().any();
            self.empty.next = self.empty.val().replace_bit(i, self.is_empty.val());
            self.kept.next = self.valid_pages.val() & self.page.val();
            // The lowest way that has the page answers.
            self.matched.next = self.tags_match.val() & self.kept.val().any();
            self.select.next = self.select.val().replace_bit(i, self.matched.val());
            self.words[i].clock.next = self.clock.val();
            self.data_read.next = self.data[i].rdata.val();
            self.ng_read.next = self.tag[i].rdata.val().get_bits::<1>(40);
            self.words[i].d.next = bit_cast::<51, 50>(self.data_read.val()) | (bit_cast::<51, 1>(self.ng_read.val()) << 50);
            if self.selected.q.val().get_bit(i) & !self.answered.val() {
                self.answered.next = true;
                self.hit_data.next = self.words[i].q.val().get_bits::<50>(0);
                self.hit_ng.next = self.words[i].q.val().get_bit(50);
            }

            // Maintenance: what the set read in the cycle before keeps.
            self.tags_match.next = (!self.inv_use_hyp.val() | (self.tag[i].rdata.val().get_bit(17) == self.inv_hyp.val()))
                & (!self.inv_use_vmid.val() | (self.tag_vmid.val() == self.inv_vmid.val()))
                & (!self.inv_use_asid.val()
                    | (self.tag[i].rdata.val().get_bits::<16>(24) == self.inv_asid.val())
                    | (self.inv_use_va.val() & !self.tag[i].rdata.val().get_bit(40)))
                & (!self.inv_use_asid.val() | self.inv_use_va.val() | self.tag[i].rdata.val().get_bit(40))
                & (!self.inv_use_va.val()
                    | ((self.tag[i].rdata.val().get_bits::<34>(41) == self.probe_line.q.val())
                        & (self.tag[i].rdata.val().get_bits::<2>(0) == self.probe_granule.q.val())));
            self.drop.next =
                self.drop.val().replace_bit(i, self.probing.q.val() & (self.tags_match.val() | self.probe_clear.q.val()));
            self.kept.next = 0.into();
            if self.inv_use_va.val() & !self.probe_clear.q.val() {
                self.kept.next = self.valid_pages.val() & !self.probe_page.val();
            }

            self.drop_pages[i].clock.next = self.clock.val();
            self.drop_pages[i].d.next = self.kept.val();

            // Write ports. An invalidation writes the valid bits only, one cycle after it compared.
            self.pages[i].we.next = self.dropping.q.val().get_bit(i);
            self.pages[i].waddr.next = bit_cast::<SW, 7>(self.drop_set.q.val());
            self.pages[i].wdata.next = self.drop_pages[i].q.val();
            if self.fl_tag_we.val() & self.fill_way.val().get_bit(i) {
                self.pages[i].we.next = true;
                self.pages[i].waddr.next = bit_cast::<SW, 7>(self.fl_set.val());
                self.pages[i].wdata.next = self.fl_tag.val().get_bits::<8>(0);
            }
            self.tag[i].we.next = self.fl_tag_we.val() & self.fill_way.val().get_bit(i);
            self.tag[i].waddr.next = bit_cast::<SW, 7>(self.fl_set.val());
            self.tag[i].wdata.next = self.fl_tag.val().get_bits::<75>(8);
            self.vmids[i].we.next = self.fl_tag_we.val() & self.fill_way.val().get_bit(i);
            self.vmids[i].waddr.next = bit_cast::<SW, 7>(self.fl_set.val());
            self.vmids[i].wdata.next = self.fl_tag.val().get_bits::<8>(83);
            self.data[i].we.next = self.fl_data_we.val() & self.fill_way.val().get_bit(i);
            self.data[i].waddr.next = bit_cast::<DA, 10>(self.fill_set_and_sector.val());
            self.data[i].wdata.next = self.fl_data.val();
        }
        self.dropping.d.next = self.drop.val();
        self.drop_set.d.next = self.probe_set.q.val();
        self.selected.d.next = self.select.val();
        self.hit.next = self.answered.val();

        // Where a fill goes.
        self.choice.next = self.turn.q.val();
        for i in 0..4 {
            if self.empty.val().get_bit(i) {
                self.choice.next = i.into();
            }
        }
        for i in 0..4 {
            if self.same_line.val().get_bit(i) {
                self.choice.next = i.into();
            }
        }
        self.way_q.d.next = self.choice.val();
        self.way.next = self.way_q.q.val();
        // A line writes its tag twice, when it opens and when its pages become valid; it has had one turn.
        if self.fl_tag_we.val() & self.fl_tag.val().get_bits::<8>(0).any() {
            self.turn.d.next = self.turn.q.val() + 1;
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
    fn synthesizes_maintlb() {
        synthesis_check(MainTlb::<1, 4>::new(&MINI.with_everything()));
    }

    #[test]
    fn verilog_agrees_maintlb() {
        equivalence(
            || MainTlb::<1, 4>::new(&MINI.with_everything()),
            4000,
            1,
            drive!(
                clock,
                lk_set,
                lk_sector,
                cmp_line,
                cmp_sector,
                cmp_granule,
                cmp_bank,
                cmp_vmid,
                cmp_asid,
                cmp_kind,
                cmp_kinds,
                fl_tag_we,
                fl_tag,
                fl_data_we,
                fl_data,
                fl_set,
                fl_sector,
                fl_way,
                pr_valid,
                pr_clear,
                pr_set,
                pr_line,
                pr_sector,
                pr_granule,
                inv_use_hyp,
                inv_hyp,
                inv_use_vmid,
                inv_vmid,
                inv_use_asid,
                inv_asid,
                inv_use_va
            ),
            |s| {
                let _ = s;
            },
        );
    }
}
