//! Walker: one engine, many walks. A walk is a row in a table, not a copy of a state machine.
//!
//! Every request of the front has a row from F0 on. In F6 it is answered at once, or its row is written and the first descriptor read is
//! queued. A returned descriptor is one event: the row is read (E1), the descriptor is decided on (E2), and the outcome is another read, or
//! an answer. The row's number is the AXI id on the walk port, so reads of different rows may come back in any order.
//!
//! # A row's states
//!
//! | state | kept as | leaves when |
//! | --- | --- | --- |
//! | free | `busy` bit clear | the front takes it |
//! | in the front | busy | F6 answers (free), walks (reading), or asks stage 2 (asking) |
//! | reading level n, stage 1 | busy, words in `rows` and `state` | its descriptor: next level, or answer; nested: asking |
//! | asking stage 2 for an IPA | the same, and a word in the queue to the front | F6: known (an event of its own), or reading, stage 2 |
//! | reading level n, stage 2 | also words in `rows2` and `state2`; `phase` set | its descriptor: next level; the stage-1 descriptor is read, or answer |
//!
//! # Nested walks
//!
//! What stage 1 needs of stage 2 (the address of each descriptor, then its output) goes back into the front as a look-up in the stage-2 bank
//! (`inj_*`), so stage 2 has the same caches, checks and start tables as any other look-up. What the caches know comes back as an event beside
//! the descriptors (`results`). The stage-1 leaf waits in `leaf`. The answer is the smaller of both leaves and the permissions that both give;
//! the caches keep each stage's own leaf, so an invalidation of either finds it.
//!
//! A bank of TYPE 0 is a row whose only walk is one of stage 2.
//!
//! # Timing
//!
//! Descriptor on `m_axi_ptw_r` in cycle c, which is E1; E2 in c + 1. The answer stands on `rsp_*` in c + 2 ([`super::answer`]); a table's
//! next read is queued in c + 2 (E3) and stands on `m_axi_ptw_ar` in c + 3. F6 has priority over E2; E2 then waits one cycle, and the front
//! takes no new request while an event waits, so that neither starves. A look-up of stage 2 takes 7 cycles from E3 to its event.
//!
//! Upper levels read one descriptor. Level 3 reads the line of eight that holds the descriptor, wanted one first (WRAP burst); valid leaves
//! among the neighbours go to the main TLB. A read whose row goes on afterwards (nested: all but the last of stage 2) is of one descriptor, so
//! that no beat comes for a row that has moved on. Short descriptors are read in pairs. What is kept of a descriptor is decided by
//! [`super::fill_stage`] one cycle after E2.
//!
//! # Poison
//!
//! A register write that changes translation, an invalidation, or a bank that becomes blocked marks all busy rows: they still answer their
//! requester, and fill nothing.
//!
//! # Packed words
//!
//! Row: 48:0 address as issued, 65:49 canonical address bits 48:32, 80:66 StreamID, 81 write, 84:82 AxPROT, 88:85 tag, 95:89 bank, 104:96
//! {HYPC, VMID[7:0]}, 120:105 ASID, 122:121 granule, 125:123 PASize, 126 AFFD, 127 WXN.
//! State: 1:0 level, 5:2 hierarchical attributes, 6 CFRE, 7 HUPCF, 9:8 main TLB way. Short descriptors: levels 2 and 3.
//! Wide: 7:0 VMID[15:8], 8 StreamID[15], 9 an address translation operation, 10 of stage 1 only. Wide of stage 2: VMID[15:8].
//! More: 0 stage 2 is on, 1 TYPE 3, 2 short descriptors, 3 AArch32, 4 AFE, 5 UWXN, 6 big-endian, 7 TTBR1's region of AArch32's long descriptors.
//! Row of stage 2: 48:0 IPA, 55:49 bank, 64:56 VMID, 66:65 granule, 69:67 PASize, 70 AFFD, 71 PTW, 72 final (else of a stage-1 descriptor),
//! 73 CFRE, 74 HUPCF, 75 big-endian. Its state: 1:0 level, 3:2 main TLB way.
//! Stage-1 leaf: 6:0 mask, 12:7 permissions, 13 nG, 14 larger than the mask, 15 there is no stage 1.
//! Result: 35:0 PPN, 42:36 mask, 48:43 permissions, 49 known, 50 TF, 51 ASF, 52 level 1, 56:53 row.
//! What a row has of attributes is in [`super::attribute_walk`].

use super::answer::Answer;
use super::attribute_walk::AttributeWalk;
use super::descriptor::Descriptor;
use super::descriptor_short::DescriptorShort;
use super::merge::Merge;
use super::table_address::TableAddress;
use crate::axi::{AddrOut, ReadIn};
use crate::params::{Aarch32, Params};
use crate::prelude::*;
use crate::prim::queue::Queue;
use crate::prim::ram::RamAsync;
use crate::prim::strap::Strap;

/// The block.
#[derive(LogicBlock, Default)]
pub struct Walker {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub m_axi_ptw_ar: AddrOut<4, 48, 16>,
    pub m_axi_ptw_r: ReadIn<4, 64>,
    // Rows, for the front.
    pub row_free: Signal<Out, Bit>,
    pub row_next: Signal<Out, Word<4>>,
    pub row_take: Signal<In, Bit>,
    /// An event waits for F6: the front should take no request.
    pub waiting: Signal<Out, Bit>,
    pub rows_busy: Signal<Out, Word<16>>,
    // The decision of F6 (see `decide`).
    pub d_valid: Signal<In, Bit>,
    pub d_walk: Signal<In, Bit>,
    pub d_row: Signal<In, Word<4>>,
    pub d_req: Signal<In, Word<75>>,
    pub d_va: Signal<In, Word<49>>,
    pub d_granule: Signal<In, Word<2>>,
    pub d_cfg: Signal<In, Word<19>>,
    pub d_ext: Signal<In, Word<26>>,
    pub d_inject: Signal<In, Bit>,
    pub d_final: Signal<In, Bit>,
    pub d_ipa: Signal<In, Word<49>>,
    pub d_two: Signal<In, Bit>,
    pub d_whole: Signal<In, Bit>,
    pub d_bank: Signal<In, Word<7>>,
    pub d_asid: Signal<In, Word<16>>,
    pub d_vmid: Signal<In, Word<17>>,
    pub d_owner: Signal<In, Word<8>>,
    pub d_way: Signal<In, Word<2>>,
    pub d_addr: Signal<In, Word<48>>,
    pub d_level: Signal<In, Word<2>>,
    pub d_hier: Signal<In, Word<4>>,
    pub d_refuse: Signal<In, Bit>,
    pub d_record: Signal<In, Bit>,
    pub d_global: Signal<In, Bit>,
    pub d_code: Signal<In, Word<9>>,
    pub d_raz: Signal<In, Bit>,
    pub d_ppn: Signal<In, Word<36>>,
    pub d_mask: Signal<In, Word<7>>,
    pub d_perm: Signal<In, Word<6>>,
    pub d_ng: Signal<In, Bit>,
    pub d_part: Signal<In, Bit>,
    /// Attributes (see [`super::attribute_front`]).
    pub d_attr: Signal<In, Word<20>>,
    pub d_before: Signal<In, Word<16>>,
    pub d_known: Signal<In, Word<16>>,
    pub d_entry: Signal<In, Word<85>>,
    pub d_orgn: Signal<In, Word<2>>,
    // Look-ups of stage 2, for the front.
    pub inj_valid: Signal<Out, Bit>,
    pub inj_take: Signal<In, Bit>,
    pub inj_ipa: Signal<Out, Word<49>>,
    pub inj_row: Signal<Out, Word<4>>,
    pub inj_bank: Signal<Out, Word<7>>,
    /// Of the output of stage 1, with the access that it is for; else a read of a stage-1 descriptor.
    pub inj_final: Signal<Out, Bit>,
    pub inj_write: Signal<Out, Bit>,
    pub inj_fetch: Signal<Out, Bit>,
    /// A configuration write or an invalidation takes effect: poison all rows.
    pub poison: Signal<In, Bit>,
    /// After reset: beat counters are cleared one a cycle.
    pub init: Signal<In, Bit>,
    pub init_index: Signal<In, Word<4>>,
    /// A bank was blocked (HUPCF = 0): everything cached in micro TLBs goes.
    pub block: Signal<Out, Bit>,
    // Answer.
    pub rsp_valid: Signal<Out, Bit>,
    pub rsp_wr: Signal<Out, Bit>,
    pub rsp_tag: Signal<Out, Word<4>>,
    pub rsp_fault: Signal<Out, Bit>,
    pub rsp_raz: Signal<Out, Bit>,
    pub rsp_fill: Signal<Out, Bit>,
    pub rsp_ppn: Signal<Out, Word<36>>,
    pub rsp_mask: Signal<Out, Word<7>>,
    pub rsp_perm: Signal<Out, Word<6>>,
    pub rsp_ng: Signal<Out, Bit>,
    pub rsp_asid: Signal<Out, Word<16>>,
    pub rsp_vmid: Signal<Out, Word<17>>,
    pub rsp_part: Signal<Out, Bit>,
    pub rsp_attr: Signal<Out, Word<20>>,
    pub rsp_bank: Signal<Out, Word<8>>,
    /// A leaf that a walk delivered, as an event of [`super::pmu`].
    pub ev_refill: Signal<Out, Word<27>>,
    /// The answer is to an address translation operation: the fields of `rsp_*` and `flt_*` are its result.
    pub ats_valid: Signal<Out, Bit>,
    // Fault event, in the cycle of its answer.
    pub flt_valid: Signal<Out, Bit>,
    pub flt_global: Signal<Out, Bit>,
    pub flt_bank: Signal<Out, Word<7>>,
    pub flt_code: Signal<Out, Word<9>>,
    pub flt_plvl: Signal<Out, Word<2>>,
    pub flt_ptwf: Signal<Out, Bit>,
    pub flt_wnr: Signal<Out, Bit>,
    pub flt_pnu: Signal<Out, Bit>,
    pub flt_ind: Signal<Out, Bit>,
    pub flt_sid: Signal<Out, Word<16>>,
    pub flt_va: Signal<Out, Word<49>>,
    pub flt_stage2: Signal<Out, Bit>,
    pub flt_nested: Signal<Out, Bit>,
    pub flt_s1ptwf: Signal<Out, Bit>,
    pub flt_s1bank: Signal<Out, Word<7>>,
    pub flt_ipa: Signal<Out, Word<36>>,
    // The verdict, for `fill_stage` (same names there, with `i_`).
    pub f_valid: Signal<Out, Bit>,
    pub f_first: Signal<Out, Bit>,
    pub f_last: Signal<Out, Bit>,
    pub f_error: Signal<Out, Bit>,
    pub f_leaf: Signal<Out, Bit>,
    pub f_fault: Signal<Out, Bit>,
    pub f_table: Signal<Out, Bit>,
    pub f_row: Signal<Out, Word<4>>,
    pub f_level: Signal<Out, Word<2>>,
    pub f_count: Signal<Out, Word<3>>,
    pub f_way: Signal<Out, Word<2>>,
    pub f_va: Signal<Out, Word<49>>,
    pub f_granule: Signal<Out, Word<2>>,
    pub f_bank: Signal<Out, Word<7>>,
    pub f_vmid: Signal<Out, Word<17>>,
    pub f_asid: Signal<Out, Word<16>>,
    pub f_ppn: Signal<Out, Word<36>>,
    pub f_perm: Signal<Out, Word<6>>,
    pub f_ng: Signal<Out, Bit>,
    pub f_attr: Signal<Out, Word<8>>,
    pub f_kind: Signal<Out, Word<3>>,
    pub f_hier: Signal<Out, Word<4>>,
    pub f_poisoned: Signal<Out, Word<16>>,
    pub f_poison: Signal<Out, Bit>,
    rows: RamAsync<4, 128>,
    state: RamAsync<4, 10>,
    more: RamAsync<4, 8>,
    wide: RamAsync<4, 11>,
    wide2: RamAsync<4, 8>,
    /// A table was read for the row.
    walked: RamAsync<4, 1>,
    e2_walked: DFF<Bit>,
    has_pmu: Strap<Bit>,
    pushes: Signal<Local, Bit>,
    rows2: RamAsync<4, 76>,
    state2: RamAsync<4, 4>,
    leaf: RamAsync<4, 16>,
    phase: RamAsync<4, 1>,
    beats: RamAsync<4, 3>,
    reads: Queue<4, 53>,
    asks: Queue<4, 63>,
    results: Queue<4, 57>,
    answer: Answer,
    attributes: AttributeWalk,
    desc: Descriptor,
    short_desc: DescriptorShort,
    next_table: TableAddress,
    whole_page: Merge,
    bare_page: Merge,
    busy: DFF<Word<16>>,
    poisoned: DFF<Word<16>>,
    r1_valid: DFF<Bit>,
    r1: DFF<Word<71>>,
    e2_valid: DFF<Bit>,
    e2_beat: DFF<Word<71>>,
    e2_row: DFF<Word<128>>,
    e2_state: DFF<Word<10>>,
    e2_more: DFF<Word<8>>,
    e2_wide: DFF<Word<11>>,
    e2_wide2: DFF<Word<8>>,
    e2_row2: DFF<Word<76>>,
    e2_state2: DFF<Word<4>>,
    e2_leaf: DFF<Word<16>>,
    e2_stage2: DFF<Bit>,
    e2_result: DFF<Bit>,
    e2_count: DFF<Word<3>>,
    e3_valid: DFF<Bit>,
    e3_row: DFF<Word<4>>,
    e3_addr: DFF<Word<48>>,
    e3_state: DFF<Word<10>>,
    e3_state2: DFF<Word<4>>,
    e3_leaf: DFF<Word<16>>,
    /// 0 the stage-1 state changes, 1 that of stage 2 does (and stage 2 is read), 2 asks stage 2, 3 for the output of stage 1, 4 a line.
    e3_how: DFF<Word<5>>,
    /// 6:0 bank, 7 write, 8 fetch.
    e3_for: DFF<Word<9>>,
    rows_there: Strap<Word<16>>,
    has_attributes: Strap<Bit>,
    has_stage2: Strap<Bit>,
    has_nested: Strap<Bit>,
    has_long: Strap<Bit>,
    has_short: Strap<Bit>,
    has_big_endian: Strap<Bit>,
    has_ats: Strap<Bit>,
    single: Signal<Local, Bit>,
    has_exids: Strap<Bit>,
    has_vmid16: Strap<Bit>,
    vmid1: Signal<Local, Word<17>>,
    vmid2: Signal<Local, Word<17>>,
    d_vmid_low: Signal<Local, Word<9>>,
    e_sid: Signal<Local, Word<16>>,
    free: Signal<Local, Word<16>>,
    arriving: Signal<Local, Word<71>>,
    arrives: Signal<Local, Bit>,
    room: Signal<Local, Bit>,
    takes: Signal<Local, Bit>,
    e1_go: Signal<Local, Bit>,
    e1_row: Signal<Local, Word<4>>,
    e1_beat: Signal<Local, Word<71>>,
    e1_data: Signal<Local, Word<64>>,
    swapped: Signal<Local, Word<64>>,
    in_stage2: Signal<Local, Bit>,
    big: Signal<Local, Bit>,
    go: Signal<Local, Bit>,
    first: Signal<Local, Bit>,
    last: Signal<Local, Bit>,
    error: Signal<Local, Bit>,
    row_id: Signal<Local, Word<4>>,
    level: Signal<Local, Word<2>>,
    shown_level: Signal<Local, Word<2>>,
    clean: Signal<Local, Bit>,
    mine: Signal<Local, Word<16>>,
    code: Signal<Local, Word<9>>,
    va: Signal<Local, Word<49>>,
    need: Signal<Local, Word<6>>,
    stage2: Signal<Local, Bit>,
    result: Signal<Local, Bit>,
    two: Signal<Local, Bit>,
    short: Signal<Local, Bit>,
    last_ask: Signal<Local, Bit>,
    granule: Signal<Local, Word<2>>,
    pasize: Signal<Local, Word<3>>,
    affd: Signal<Local, Bit>,
    pair: Signal<Local, Word<64>>,
    half: Signal<Local, Bit>,
    short_word: Signal<Local, Word<32>>,
    is_table: Signal<Local, Bit>,
    is_leaf: Signal<Local, Bit>,
    verdict: Signal<Local, Word<9>>,
    base: Signal<Local, Word<36>>,
    perm: Signal<Local, Word<6>>,
    mask: Signal<Local, Word<7>>,
    ng: Signal<Local, Bit>,
    part: Signal<Local, Bit>,
    hier: Signal<Local, Word<4>>,
    place: Signal<Local, Word<2>>,
    raw_page: Signal<Local, Word<36>>,
    pieces: Signal<Local, Bit>,
    piece: Signal<Local, Word<36>>,
    leaf_mask: Signal<Local, Word<7>>,
    e_ppn: Signal<Local, Word<36>>,
    e_mask: Signal<Local, Word<7>>,
    e_perm: Signal<Local, Word<6>>,
    e_vmid: Signal<Local, Word<17>>,
    e_bank: Signal<Local, Word<7>>,
    e_asid: Signal<Local, Word<16>>,
    e_cfre: Signal<Local, Bit>,
    e_hupcf: Signal<Local, Bit>,
    e_ng: Signal<Local, Bit>,
    e_part: Signal<Local, Bit>,
    kind: Signal<Local, Word<3>>,
    leaf_word: Signal<Local, Word<16>>,
    how: Signal<Local, Word<5>>,
    step_table: Signal<Local, Bit>,
    step_output: Signal<Local, Bit>,
    step_fetch: Signal<Local, Bit>,
    read_on: Signal<Local, Bit>,
    flag: Signal<Local, Bit>,
    beat: Signal<Local, Word<71>>,
    has_beat: Signal<Local, Bit>,
    read_d: Signal<Local, Word<53>>,
    ask_d: Signal<Local, Word<63>>,
    result_d: Signal<Local, Word<57>>,
    fields: Signal<Local, Word<8>>,
    seen: Signal<Local, Word<16>>,
    to_stage2: Signal<Local, Bit>,
    e3_sees: Signal<Local, Bit>,
    e1_moves: Signal<Local, Bit>,
    read_taken: Signal<Local, Bit>,
    result_made: Signal<Local, Bit>,
    d_sub: Signal<Local, Bit>,
    d_stage2: Signal<Local, Bit>,
    d_enters: Signal<Local, Bit>,
    d_last: Signal<Local, Bit>,
    d_more: Signal<Local, Word<8>>,
    d_row2: Signal<Local, Word<76>>,
    next_level: Signal<Local, Word<2>>,
    taken: Signal<Local, Word<16>>,
    freed: Signal<Local, Word<16>>,
    frees: Signal<Local, Bit>,
    freed_row: Signal<Local, Word<4>>,
}

impl Walker {
    /// The block for hardware of these sizes.
    pub fn new(params: &Params) -> Self {
        assert!(params.walks >= 1 && params.walks <= 16, "1 to 16 walks");
        Self {
            rows_there: Strap::new(Word::new((1u128 << params.walks) - 1)),
            has_attributes: Strap::new(params.features.attributes),
            attributes: AttributeWalk::new(&params.features),
            has_stage2: Strap::new(params.features.stage2),
            has_nested: Strap::new(params.features.nested),
            has_long: Strap::new(params.features.aarch32 >= Aarch32::Long),
            has_short: Strap::new(params.features.aarch32 == Aarch32::Both),
            has_big_endian: Strap::new(params.features.big_endian),
            has_ats: Strap::new(params.features.ats),
            has_exids: Strap::new(params.features.exids),
            has_pmu: Strap::new(params.features.pmu),
            has_vmid16: Strap::new(params.features.vmid16),
            ..Self::default()
        }
    }
}

impl Logic for Walker {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, busy, poisoned, r1_valid, r1, e2_valid, e2_beat, e2_row, e2_state, e2_more, e2_row2, e2_state2, e2_leaf,
            e2_stage2, e2_result, e2_count, e3_valid, e3_row, e3_addr, e3_state, e3_state2, e3_leaf, e3_how, e3_for, e2_wide,
            e2_wide2, e2_walked
        );
        clock!(self, clock, wide, wide2, walked);
        clock!(self, clock, rows, state, more, rows2, state2, leaf, phase, beats, reads, asks, results, answer, attributes);
        self.reads.aresetn.next = self.aresetn.val();
        self.asks.aresetn.next = self.aresetn.val();
        self.results.aresetn.next = self.aresetn.val();
        self.answer.aresetn.next = self.aresetn.val();
        self.attributes.aresetn.next = self.aresetn.val();

        // A free row for the front: the highest.
        self.free.next = self.rows_there.val() & !self.busy.q.val();
        self.row_free.next = self.free.val().any();
        self.row_next.next = 0.into();
        for i in 0..16 {
            if self.free.val().get_bit(i) {
                self.row_next.next = i.into();
            }
        }
        self.rows_busy.next = self.busy.q.val();

        // Descriptors come in through a register slice: {last, resp, id, data}. Results of stage-2 look-ups go before them.
        self.m_axi_ptw_r.ready.next = !self.r1_valid.q.val();
        self.arrives.next = self.m_axi_ptw_r.valid.val() & !self.r1_valid.q.val();
        self.arriving.next = bit_cast::<71, 64>(self.m_axi_ptw_r.data.val())
            | (bit_cast::<71, 4>(self.m_axi_ptw_r.id.val()) << 64)
            | (bit_cast::<71, 2>(self.m_axi_ptw_r.resp.val()) << 68);
        self.arriving.next = self.arriving.val().replace_bit(70, self.m_axi_ptw_r.last.val());
        self.go.next = self.e2_valid.q.val() & !self.d_valid.val();
        self.waiting.next = (self.e2_valid.q.val() | self.e3_valid.q.val()) & self.d_valid.val();
        self.beat.next = self.arriving.val();
        self.has_beat.next = self.arrives.val();
        if self.r1_valid.q.val() {
            self.beat.next = self.r1.q.val();
            self.has_beat.next = true;
        }
        self.room.next = !self.e2_valid.q.val() | self.go.val();
        self.takes.next = self.has_nested.val() & self.results.valid.val() & self.room.val();
        self.e1_go.next = self.has_beat.val() & self.room.val() & !self.takes.val();
        if self.e1_go.val() {
            self.r1_valid.d.next = false;
        } else {
            if self.arrives.val() {
                self.r1_valid.d.next = true;
                self.r1.d.next = self.arriving.val();
            }
        }
        self.results.pop.next = self.takes.val();

        // E1: the row's words. A line's beats are counted a row.
        self.e1_row.next = self.beat.val().get_bits::<4>(64);
        if self.takes.val() {
            self.e1_row.next = self.results.dout.val().get_bits::<4>(53);
        }
        self.rows.raddr.next = self.e1_row.val();
        self.state.raddr.next = self.e1_row.val();
        self.more.raddr.next = self.e1_row.val();
        self.wide.raddr.next = self.e1_row.val();
        self.wide2.raddr.next = self.e1_row.val();
        self.walked.raddr.next = self.e1_row.val();
        self.rows2.raddr.next = self.e1_row.val();
        self.state2.raddr.next = self.e1_row.val();
        self.leaf.raddr.next = self.e1_row.val();
        self.phase.raddr.next = self.e1_row.val();
        self.beats.raddr.next = self.beat.val().get_bits::<4>(64);
        self.beats.waddr.next = self.beat.val().get_bits::<4>(64);
        self.beats.we.next = self.e1_go.val();
        self.beats.wdata.next = self.beats.rdata.val() + 1;
        if self.beat.val().get_bit(70) {
            self.beats.wdata.next = 0.into();
        }
        if self.init.val() {
            self.beats.we.next = true;
            self.beats.waddr.next = self.init_index.val();
            self.beats.wdata.next = 0.into();
        }
        // E1: big-endian descriptors are turned, 8 bytes of the long formats, 4 of the short one.
        self.in_stage2.next = self.has_stage2.val() & self.phase.rdata.val().any();
        self.e1_data.next = self.beat.val().get_bits::<64>(0);
        self.swapped.next = bit_cast::<64, 8>(self.e1_data.val().get_bits::<8>(56))
            | (bit_cast::<64, 8>(self.e1_data.val().get_bits::<8>(48)) << 8)
            | (bit_cast::<64, 8>(self.e1_data.val().get_bits::<8>(40)) << 16)
            | (bit_cast::<64, 8>(self.e1_data.val().get_bits::<8>(32)) << 24)
            | (bit_cast::<64, 8>(self.e1_data.val().get_bits::<8>(24)) << 32)
            | (bit_cast::<64, 8>(self.e1_data.val().get_bits::<8>(16)) << 40)
            | (bit_cast::<64, 8>(self.e1_data.val().get_bits::<8>(8)) << 48)
            | (bit_cast::<64, 8>(self.e1_data.val().get_bits::<8>(0)) << 56);
        self.big.next = self.more.rdata.val().get_bit(6);
        if self.in_stage2.val() {
            self.big.next = self.rows2.rdata.val().get_bit(75);
        } else if self.has_short.val() & self.more.rdata.val().get_bit(2) {
            self.swapped.next = (bit_cast::<64, 32>(self.swapped.val().get_bits::<32>(0)) << 32)
                | bit_cast::<64, 32>(self.swapped.val().get_bits::<32>(32));
        }
        self.e1_beat.next = self.beat.val();
        if self.has_big_endian.val() & self.big.val() {
            self.e1_beat.next =
                bit_cast::<71, 64>(self.swapped.val()) | (bit_cast::<71, 7>(self.beat.val().get_bits::<7>(64)) << 64);
        }
        if self.takes.val() {
            self.e1_beat.next =
                bit_cast::<71, 53>(self.results.dout.val().get_bits::<53>(0)) | (bit_cast::<71, 4>(self.e1_row.val()) << 64);
            self.e1_beat.next = self.e1_beat.val().replace_bit(70, true);
        }
        if self.e1_go.val() | self.takes.val() {
            self.e2_valid.d.next = true;
            self.e2_beat.d.next = self.e1_beat.val();
            self.e2_row.d.next = self.rows.rdata.val();
            self.e2_state.d.next = self.state.rdata.val();
            self.e2_more.d.next = self.more.rdata.val();
            self.e2_wide.d.next = self.wide.rdata.val();
            self.e2_wide2.d.next = self.wide2.rdata.val();
            self.e2_walked.d.next = self.walked.rdata.val().any();
            self.e2_row2.d.next = self.rows2.rdata.val();
            self.e2_state2.d.next = self.state2.rdata.val();
            self.e2_leaf.d.next = self.leaf.rdata.val();
            self.e2_stage2.d.next = self.in_stage2.val() | self.takes.val();
            self.e2_result.d.next = self.takes.val();
            self.e2_count.d.next = self.beats.rdata.val();
            if self.takes.val() {
                self.e2_count.d.next = 0.into();
            }
        } else {
            if self.go.val() {
                self.e2_valid.d.next = false;
            }
        }

        // E2: which row, which stage, which format.
        self.row_id.next = self.e2_beat.q.val().get_bits::<4>(64);
        self.error.next = self.e2_beat.q.val().get_bit(69);
        self.last.next = self.e2_beat.q.val().get_bit(70);
        self.first.next = !self.e2_count.q.val().any();
        self.stage2.next = self.has_stage2.val() & self.e2_stage2.q.val();
        self.result.next = self.has_nested.val() & self.e2_result.q.val();
        self.two.next = self.has_nested.val() & self.e2_more.q.val().get_bit(0);
        self.short.next = self.has_short.val() & self.e2_more.q.val().get_bit(2) & !self.stage2.val();
        self.last_ask.next = self.e2_row2.q.val().get_bit(72);
        self.level.next = self.e2_state.q.val().get_bits::<2>(0);
        self.va.next = (bit_cast::<49, 17>(self.e2_row.q.val().get_bits::<17>(49)) << 32)
            | bit_cast::<49, 32>(self.e2_row.q.val().get_bits::<32>(0));
        self.granule.next = self.e2_row.q.val().get_bits::<2>(121);
        self.pasize.next = self.e2_row.q.val().get_bits::<3>(123);
        self.affd.next = self.e2_row.q.val().get_bit(126);
        self.e_bank.next = self.e2_row.q.val().get_bits::<7>(89);
        self.vmid1.next = bit_cast::<17, 8>(self.e2_row.q.val().get_bits::<8>(96))
            | (bit_cast::<17, 1>(self.e2_row.q.val().get_bits::<1>(104)) << 16);
        self.vmid2.next = bit_cast::<17, 8>(self.e2_row2.q.val().get_bits::<8>(56))
            | (bit_cast::<17, 1>(self.e2_row2.q.val().get_bits::<1>(64)) << 16);
        if self.has_vmid16.val() {
            self.vmid1.next = self.vmid1.val() | (bit_cast::<17, 8>(self.e2_wide.q.val().get_bits::<8>(0)) << 8);
            self.vmid2.next = self.vmid2.val() | (bit_cast::<17, 8>(self.e2_wide2.q.val()) << 8);
        }
        self.e_sid.next = bit_cast::<16, 15>(self.e2_row.q.val().get_bits::<15>(66));
        if self.has_exids.val() {
            self.e_sid.next = self.e_sid.val() | (bit_cast::<16, 1>(self.e2_wide.q.val().get_bits::<1>(8)) << 15);
        }
        self.e_vmid.next = self.vmid1.val();
        self.e_asid.next = self.e2_row.q.val().get_bits::<16>(105);
        self.e_cfre.next = self.e2_state.q.val().get_bit(6);
        self.e_hupcf.next = self.e2_state.q.val().get_bit(7);
        if self.stage2.val() {
            self.level.next = self.e2_state2.q.val().get_bits::<2>(0);
            self.va.next = self.e2_row2.q.val().get_bits::<49>(0);
            self.granule.next = self.e2_row2.q.val().get_bits::<2>(65);
            self.pasize.next = self.e2_row2.q.val().get_bits::<3>(67);
            self.affd.next = self.e2_row2.q.val().get_bit(70);
            self.e_bank.next = self.e2_row2.q.val().get_bits::<7>(49);
            self.e_vmid.next = self.vmid2.val();
            self.e_asid.next = 0.into();
            self.e_cfre.next = self.e2_row2.q.val().get_bit(73);
            self.e_hupcf.next = self.e2_row2.q.val().get_bit(74);
        }
        self.mine.next = bits::<16>(1) << self.row_id.val();
        self.taken.next = self.poisoned.q.val() & self.mine.val();
        self.clean.next = !self.taken.val().any() & !self.poison.val() & !self.answer.block.val();
        self.need.next = 1.into();
        if self.e2_row.q.val().get_bit(84) {
            self.need.next = 4.into();
        }
        if self.e2_row.q.val().get_bit(81) {
            self.need.next = 2.into();
        }
        if self.e2_row.q.val().get_bit(82) {
            self.need.next = self.need.val() << 3;
        }
        if self.stage2.val() & !self.last_ask.val() {
            self.need.next = 1.into();
        }

        // E2: what the descriptor means.
        self.desc.desc.next = self.e2_beat.q.val().get_bits::<64>(0);
        self.desc.level.next = self.level.val();
        self.desc.granule.next = self.granule.val();
        self.desc.hier.next = self.e2_state.q.val().get_bits::<4>(2);
        self.desc.pasize.next = self.pasize.val();
        self.desc.affd.next = self.affd.val();
        self.desc.wxn.next = self.e2_row.q.val().get_bit(127);
        self.desc.stage2.next = self.stage2.val();
        self.desc.guard.next = self.stage2.val() & !self.last_ask.val() & self.e2_row2.q.val().get_bit(71);
        self.desc.aarch32.next = self.has_long.val() & self.e2_more.q.val().get_bit(3);
        self.desc.uwxn.next = self.e2_more.q.val().get_bit(5);
        self.desc.need.next = self.need.val();
        self.is_table.next = self.desc.to_table.val();
        self.is_leaf.next = self.desc.leaf.val();
        self.verdict.next = self.desc.code.val();
        self.base.next = self.desc.ppn.val();
        self.e_ppn.next = self.desc.ppn.val();
        self.perm.next = self.desc.perm.val();
        self.mask.next = self.desc.mask.val();
        self.ng.next = self.desc.ng.val();
        self.hier.next = self.desc.next_hier.val();
        self.part.next = false;
        self.place.next = self.level.val();
        self.shown_level.next = self.level.val();
        self.raw_page.next = self.e2_beat.q.val().get_bits::<36>(12);
        self.leaf_mask.next = self.desc.leaf_mask.val();

        self.half.next = self.va.val().get_bit(20);
        if self.level.val() == 3 {
            self.half.next = self.va.val().get_bit(12);
        }
        self.pair.next = self.e2_beat.q.val().get_bits::<64>(0);
        self.short_word.next = self.pair.val().get_bits::<32>(0);
        if self.half.val() {
            self.short_word.next = self.pair.val().get_bits::<32>(32);
        }
        self.short_desc.desc.next = self.short_word.val();
        self.short_desc.second.next = self.level.val() == 3;
        self.short_desc.pxn_above.next = self.e2_state.q.val().get_bit(5);
        self.short_desc.page_number.next = self.va.val().get_bits::<20>(12);
        self.short_desc.pasize.next = self.pasize.val();
        self.short_desc.affd.next = self.affd.val();
        self.short_desc.wxn.next = self.e2_row.q.val().get_bit(127);
        self.short_desc.uwxn.next = self.e2_more.q.val().get_bit(5);
        self.short_desc.afe.next = self.e2_more.q.val().get_bit(4);
        self.short_desc.need.next = self.need.val();
        if self.short.val() {
            self.is_table.next = self.short_desc.to_table.val();
            self.is_leaf.next = self.short_desc.leaf.val();
            self.verdict.next = self.short_desc.code.val();
            self.base.next = self.short_desc.ppn.val();
            self.e_ppn.next = self.short_desc.page.val();
            self.perm.next = self.short_desc.perm.val();
            self.mask.next = self.short_desc.mask.val();
            self.ng.next = self.short_desc.ng.val();
            self.hier.next = self.short_desc.next_hier.val();
            self.part.next = self.short_desc.part.val();
            self.place.next = self.short_desc.place.val();
            self.shown_level.next = self.level.val() - 1;
            self.raw_page.next = self.short_desc.page.val();
            self.leaf_mask.next = self.short_desc.mask.val();
        }
        if self.result.val() {
            self.is_table.next = false;
            self.is_leaf.next = self.e2_beat.q.val().get_bit(49);
            self.verdict.next = 0.into();
            if self.e2_beat.q.val().get_bit(50) {
                self.verdict.next = 2.into();
            }
            if self.e2_beat.q.val().get_bit(51) {
                self.verdict.next = 0x80.into();
            }
            self.perm.next = self.e2_beat.q.val().get_bits::<6>(43);
            self.shown_level.next = bit_cast::<2, 1>(self.e2_beat.q.val().get_bits::<1>(52));
            self.raw_page.next = self.e2_beat.q.val().get_bits::<36>(0);
            self.leaf_mask.next = self.e2_beat.q.val().get_bits::<7>(36);
        }
        // A block of AArch32 may reach beyond its region: 2 MiB of it are answered.
        self.pieces.next = self.e2_more.q.val().get_bit(3) & !self.stage2.val() & !self.short.val() & (self.level.val() == 1);
        self.piece.next = bit_cast::<36, 9>(self.va.val().get_bits::<9>(21)) << 9;
        if self.has_long.val() & self.pieces.val() {
            self.mask.next = 0x07.into();
            self.leaf_mask.next = 0x07.into();
            self.raw_page.next = (self.raw_page.val() & 0xf_fffc_0000_u64) | self.piece.val();
            self.e_ppn.next = self.raw_page.val();
            self.part.next = true;
        }
        self.code.next = self.verdict.val();
        if self.error.val() {
            self.code.next = 0x10.into();
        }

        // E2: attributes.
        self.fields.next = self.desc.attr.val();
        if self.short.val() {
            // Which format it is stays with what is cached.
            self.fields.next = self.short_desc.attr.val().replace_bit(6, true);
        }
        self.attributes.e1_row.next = self.e1_row.val();
        self.e1_moves.next = self.e1_go.val() | self.takes.val();
        self.attributes.e1_go.next = self.e1_moves.val();
        self.attributes.stage2.next = self.stage2.val();
        self.attributes.short.next = self.short.val();
        self.attributes.result.next = self.result.val();
        self.attributes.takes.next = self.takes.val();
        self.attributes.fields.next = self.fields.val();
        self.attributes.go.next = self.go.val();
        self.to_stage2.next = self.stage2.val() & self.is_table.val();
        self.attributes.to_stage2.next = self.to_stage2.val();

        // E2: the address that a leaf gives, and with both stages what they have in common.
        self.whole_page.ppn.next = self.raw_page.val();
        self.whole_page.mask.next = self.leaf_mask.val();
        self.whole_page.page.next = self.va.val().get_bits::<36>(12);
        self.e_mask.next = self.mask.val();
        self.e_perm.next = self.perm.val();
        self.e_ng.next = self.ng.val();
        self.e_part.next = self.part.val();
        self.bare_page.ppn.next = self.whole_page.out.val();
        self.bare_page.mask.next = self.leaf_mask.val() & self.e2_leaf.q.val().get_bits::<7>(0);
        self.bare_page.page.next = 0.into();
        if self.stage2.val() {
            self.e_ppn.next = self.bare_page.out.val();
            self.e_mask.next = self.leaf_mask.val() & self.e2_leaf.q.val().get_bits::<7>(0);
            self.e_perm.next = self.perm.val() & self.e2_leaf.q.val().get_bits::<6>(7);
            self.e_ng.next = self.e2_leaf.q.val().get_bit(13);
            self.e_part.next = self.e2_leaf.q.val().get_bit(14)
                | (!self.e2_leaf.q.val().get_bit(15) & (self.e_mask.val() != self.e2_leaf.q.val().get_bits::<7>(0)));
            if !self.e2_leaf.q.val().get_bit(15) {
                self.e_vmid.next = self.vmid1.val();
            }
        }

        // E2: what follows. A table leads on; nested, so does a leaf of stage 1, and a leaf of stage 2 that a stage-1 descriptor lies in.
        self.step_table.next = self.is_table.val() & !self.error.val();
        self.single.next = self.has_ats.val() & self.e2_wide.q.val().get_bit(10);
        self.step_output.next =
            self.two.val() & !self.single.val() & !self.stage2.val() & self.is_leaf.val() & !self.code.val().any();
        self.step_fetch.next = self.stage2.val() & !self.last_ask.val() & self.is_leaf.val() & !self.code.val().any();
        self.read_on.next =
            self.go.val() & self.first.val() & (self.step_table.val() | self.step_output.val() | self.step_fetch.val());
        self.next_table.base.next = self.base.val();
        self.next_table.va.next = self.va.val();
        self.next_table.granule.next = self.granule.val();
        self.next_level.next = self.level.val() + 1;
        self.next_table.level.next = self.next_level.val();
        self.next_table.short.next = self.short.val();
        self.next_table.low.next = self.hier.val().get_bits::<2>(0);

        // E3.
        if self.read_on.val() {
            self.e3_valid.d.next = true;
        } else {
            self.e3_valid.d.next = self.e3_valid.q.val() & self.d_valid.val();
        }
        self.how.next = 0.into();
        self.flag.next = self.is_table.val() & !self.stage2.val();
        self.how.next = self.how.val().replace_bit(0, self.flag.val());
        self.flag.next = self.is_table.val() & self.stage2.val();
        self.how.next = self.how.val().replace_bit(1, self.flag.val());
        self.flag.next = self.two.val() & !self.stage2.val();
        self.how.next = self.how.val().replace_bit(2, self.flag.val());
        self.flag.next = !self.is_table.val() & !self.stage2.val();
        self.how.next = self.how.val().replace_bit(3, self.flag.val());
        self.flag.next = (self.next_level.val() == 3) & !self.short.val() & !self.two.val();
        if self.stage2.val() {
            self.flag.next = (self.next_level.val() == 3) & self.last_ask.val() & self.is_table.val();
        }
        self.how.next = self.how.val().replace_bit(4, self.flag.val());
        self.leaf_word.next = bit_cast::<16, 7>(self.leaf_mask.val()) | (bit_cast::<16, 6>(self.perm.val()) << 7);
        self.leaf_word.next = self.leaf_word.val().replace_bit(13, self.ng.val());
        self.leaf_word.next = self.leaf_word.val().replace_bit(14, self.part.val());
        if self.go.val() {
            self.e3_row.d.next = self.row_id.val();
            self.e3_addr.d.next = self.next_table.addr.val();
            if (self.two.val() | self.stage2.val()) & !self.is_table.val() {
                self.e3_addr.d.next =
                    (bit_cast::<48, 36>(self.whole_page.out.val()) << 12) | bit_cast::<48, 12>(self.va.val().get_bits::<12>(0));
            }
            self.e3_state.d.next = bit_cast::<10, 2>(self.next_level.val())
                | (bit_cast::<10, 4>(self.hier.val()) << 2)
                | (bit_cast::<10, 4>(self.e2_state.q.val().get_bits::<4>(6)) << 6);
            self.e3_state2.d.next =
                bit_cast::<4, 2>(self.next_level.val()) | (bit_cast::<4, 2>(self.e2_state2.q.val().get_bits::<2>(2)) << 2);
            self.e3_leaf.d.next = self.leaf_word.val();
            self.e3_how.d.next = self.how.val();
            self.e3_for.d.next = bit_cast::<9, 7>(self.e2_row2.q.val().get_bits::<7>(49))
                | (bit_cast::<9, 1>(self.e2_row.q.val().get_bits::<1>(81)) << 7)
                | (bit_cast::<9, 1>(self.e2_row.q.val().get_bits::<1>(84)) << 8);
        }

        // What F6 wants: to answer, to walk, or to ask stage 2; a look-up of stage 2 for a row walks or has a result.
        self.d_sub.next = self.has_nested.val() & self.d_ext.val().get_bit(1);
        self.d_stage2.next = self.has_stage2.val() & self.d_ext.val().get_bit(0);
        self.d_enters.next = (self.d_walk.val() | (self.has_nested.val() & self.d_inject.val())) & !self.d_sub.val();
        self.d_last.next = !self.d_sub.val() | self.d_ext.val().get_bit(2);

        // Row words: written by F6, state also by E3 for the next level.
        self.d_vmid_low.next =
            bit_cast::<9, 8>(self.d_vmid.val().get_bits::<8>(0)) | (bit_cast::<9, 1>(self.d_vmid.val().get_bits::<1>(16)) << 8);
        self.rows.we.next = self.d_valid.val() & self.d_enters.val();
        self.rows.waddr.next = self.d_row.val();
        self.rows.wdata.next = bit_cast::<128, 49>(self.d_req.val().get_bits::<49>(0))
            | (bit_cast::<128, 17>(self.d_va.val().get_bits::<17>(32)) << 49)
            | (bit_cast::<128, 23>(self.d_req.val().get_bits::<23>(49)) << 66)
            | (bit_cast::<128, 7>(self.d_bank.val()) << 89)
            | (bit_cast::<128, 9>(self.d_vmid_low.val()) << 96)
            | (bit_cast::<128, 16>(self.d_asid.val()) << 105)
            | (bit_cast::<128, 2>(self.d_granule.val()) << 121)
            | (bit_cast::<128, 3>(self.d_cfg.val().get_bits::<3>(16)) << 123)
            | (bit_cast::<128, 1>(self.d_cfg.val().get_bits::<1>(1)) << 126)
            | (bit_cast::<128, 1>(self.d_cfg.val().get_bits::<1>(4)) << 127);
        self.d_more.next = bit_cast::<8, 1>(self.d_ext.val().get_bits::<1>(3)) << 1;
        self.d_more.next = self.d_more.val()
            | (bit_cast::<8, 4>(self.d_ext.val().get_bits::<4>(6)) << 2)
            | (bit_cast::<8, 1>(self.d_ext.val().get_bits::<1>(5)) << 6)
            | (bit_cast::<8, 1>(self.d_ext.val().get_bits::<1>(25)) << 7);
        self.d_more.next = self.d_more.val().replace_bit(0, self.d_two.val());
        self.more.we.next = self.d_valid.val() & self.d_enters.val();
        self.more.waddr.next = self.d_row.val();
        self.more.wdata.next = self.d_more.val();
        self.wide.we.next = self.d_valid.val() & self.d_enters.val();
        self.wide.waddr.next = self.d_row.val();
        self.wide.wdata.next =
            bit_cast::<11, 8>(self.d_vmid.val().get_bits::<8>(8)) | (bit_cast::<11, 3>(self.d_req.val().get_bits::<3>(72)) << 8);
        self.d_row2.next = bit_cast::<76, 49>(self.d_req.val().get_bits::<49>(0))
            | (bit_cast::<76, 7>(self.d_bank.val()) << 49)
            | (bit_cast::<76, 9>(self.d_vmid_low.val()) << 56)
            | (bit_cast::<76, 2>(self.d_granule.val()) << 65)
            | (bit_cast::<76, 3>(self.d_cfg.val().get_bits::<3>(16)) << 67)
            | (bit_cast::<76, 1>(self.d_cfg.val().get_bits::<1>(1)) << 70)
            | (bit_cast::<76, 1>(self.d_ext.val().get_bits::<1>(4)) << 71)
            | (bit_cast::<76, 2>(self.d_cfg.val().get_bits::<2>(2)) << 73)
            | (bit_cast::<76, 1>(self.d_ext.val().get_bits::<1>(5)) << 75);
        self.d_row2.next = self.d_row2.val().replace_bit(72, self.d_last.val());
        self.rows2.we.next = self.d_valid.val() & self.d_stage2.val() & (self.d_sub.val() | self.d_walk.val());
        self.rows2.waddr.next = self.d_row.val();
        self.rows2.wdata.next = self.d_row2.val();
        self.wide2.we.next = self.d_valid.val() & self.d_stage2.val() & (self.d_sub.val() | self.d_walk.val());
        self.wide2.waddr.next = self.d_row.val();
        self.wide2.wdata.next = self.d_vmid.val().get_bits::<8>(8);

        self.state.we.next = self.e3_valid.q.val() & (self.e3_how.q.val().get_bit(0) | !self.has_stage2.val());
        self.state.waddr.next = self.e3_row.q.val();
        self.state.wdata.next = self.e3_state.q.val();
        self.state2.we.next = self.e3_valid.q.val() & self.e3_how.q.val().get_bit(1);
        self.state2.waddr.next = self.e3_row.q.val();
        self.state2.wdata.next = self.e3_state2.q.val();
        self.leaf.we.next = self.e3_valid.q.val() & self.e3_how.q.val().get_bit(3);
        self.leaf.waddr.next = self.e3_row.q.val();
        self.leaf.wdata.next = self.e3_leaf.q.val();
        self.pushes.next = self.e3_valid.q.val() & !self.e3_how.q.val().get_bit(2);
        self.read_d.next = bit_cast::<53, 48>(self.e3_addr.q.val()) | (bit_cast::<53, 4>(self.e3_row.q.val()) << 48);
        self.flag.next = self.e3_state.q.val().get_bits::<2>(0) == 3;
        if self.has_stage2.val() | self.has_short.val() {
            self.flag.next = self.e3_how.q.val().get_bit(4);
        }
        self.read_d.next = self.read_d.val().replace_bit(52, self.flag.val());
        self.phase.we.next = self.e3_valid.q.val();
        self.phase.waddr.next = self.e3_row.q.val();
        self.phase.wdata.next = self.e3_how.q.val().get_bits::<1>(1);
        self.asks.push.next = self.e3_valid.q.val() & self.e3_how.q.val().get_bit(2);
        self.ask_d.next = bit_cast::<63, 48>(self.e3_addr.q.val())
            | (bit_cast::<63, 4>(self.e3_row.q.val()) << 49)
            | (bit_cast::<63, 7>(self.e3_for.q.val().get_bits::<7>(0)) << 53)
            | (bit_cast::<63, 1>(self.e3_how.q.val().get_bits::<1>(3)) << 60)
            | (bit_cast::<63, 2>(self.e3_for.q.val().get_bits::<2>(7)) << 61);
        self.results.push.next = false;
        if self.d_valid.val() {
            self.state.we.next = self.d_enters.val();
            self.state.waddr.next = self.d_row.val();
            self.state.wdata.next = bit_cast::<10, 2>(self.d_level.val())
                | (bit_cast::<10, 4>(self.d_hier.val()) << 2)
                | (bit_cast::<10, 2>(self.d_cfg.val().get_bits::<2>(2)) << 6)
                | (bit_cast::<10, 2>(self.d_way.val()) << 8);
            self.state2.we.next = self.d_walk.val() & self.d_stage2.val();
            self.state2.waddr.next = self.d_row.val();
            self.state2.wdata.next = bit_cast::<4, 2>(self.d_level.val()) | (bit_cast::<4, 2>(self.d_way.val()) << 2);
            self.leaf.we.next = self.d_enters.val() & (self.d_final.val() | self.d_stage2.val());
            self.leaf.waddr.next = self.d_row.val();
            self.leaf.wdata.next = bit_cast::<16, 7>(self.d_mask.val())
                | (bit_cast::<16, 6>(self.d_perm.val()) << 7)
                | (bit_cast::<16, 1>(self.d_ng.val().into()) << 13)
                | (bit_cast::<16, 1>(self.d_part.val().into()) << 14);
            if self.d_whole.val() | self.d_stage2.val() {
                self.leaf.wdata.next = bits::<16>(0x9fff);
            }
            self.pushes.next = self.d_walk.val();
            self.read_d.next = bit_cast::<53, 48>(self.d_addr.val()) | (bit_cast::<53, 4>(self.d_row.val()) << 48);
            if (self.d_level.val() == 3) & self.d_last.val() & !(self.has_short.val() & self.d_ext.val().get_bit(6)) {
                self.read_d.next = self.read_d.val().replace_bit(52, true);
            }
            self.phase.we.next = self.d_walk.val();
            self.phase.waddr.next = self.d_row.val();
            self.phase.wdata.next = self.d_stage2.val().into();
            self.asks.push.next = self.d_inject.val() & !self.d_sub.val();
            self.ask_d.next = bit_cast::<63, 49>(self.d_ipa.val())
                | (bit_cast::<63, 4>(self.d_row.val()) << 49)
                | (bit_cast::<63, 7>(self.d_ext.val().get_bits::<7>(16)) << 53)
                | (bit_cast::<63, 1>(self.d_final.val().into()) << 60)
                | (bit_cast::<63, 1>(self.d_req.val().get_bits::<1>(64)) << 61)
                | (bit_cast::<63, 1>(self.d_req.val().get_bits::<1>(67)) << 62);
            self.results.push.next = self.d_sub.val() & !self.d_walk.val();
        }
        self.result_d.next = bit_cast::<57, 36>(self.d_ppn.val())
            | (bit_cast::<57, 7>(self.d_mask.val()) << 36)
            | (bit_cast::<57, 6>(self.d_perm.val()) << 43)
            | (bit_cast::<57, 1>(self.d_code.val().get_bits::<1>(1)) << 50)
            | (bit_cast::<57, 1>(self.d_code.val().get_bits::<1>(7)) << 51)
            | (bit_cast::<57, 1>(self.d_level.val().get_bits::<1>(0)) << 52)
            | (bit_cast::<57, 4>(self.d_row.val()) << 53);
        self.flag.next = !self.d_refuse.val();
        self.result_d.next = self.result_d.val().replace_bit(49, self.flag.val());

        // The row's attributes.
        self.seen.next = self.d_known.val();
        if self.d_walk.val() {
            self.seen.next = self.d_before.val();
        }
        self.attributes.d_row.next = self.d_row.val();
        self.attributes.d_enters.next = self.d_valid.val() & self.d_enters.val();
        self.attributes.d_sees.next = self.d_valid.val() & self.d_enters.val() & (self.d_final.val() | self.d_stage2.val());
        self.attributes.d_enters2.next = self.d_valid.val() & self.d_stage2.val() & (self.d_sub.val() | self.d_walk.val());
        self.attributes.d_entry.next = self.d_entry.val();
        self.attributes.d_seen.next = self.seen.val();
        self.attributes.d_orgn.next = self.d_orgn.val();
        self.attributes.d_valid.next = self.d_valid.val();
        self.attributes.read_push.next = self.pushes.val();
        self.result_made.next = self.d_valid.val() & self.d_sub.val() & !self.d_walk.val();
        self.attributes.result_push.next = self.result_made.val();
        self.read_taken.next = self.reads.valid.val() & self.m_axi_ptw_ar.ready.val();
        self.attributes.read_pop.next = self.read_taken.val();
        self.e3_sees.next = self.e3_valid.q.val() & self.e3_how.q.val().get_bit(3) & !self.d_valid.val();
        self.attributes.e3_sees.next = self.e3_sees.val();
        self.attributes.e3_row.next = self.e3_row.q.val();
        self.reads.push.next = self.pushes.val();
        self.reads.din.next = self.read_d.val();
        self.walked.we.next = self.pushes.val() | (self.d_valid.val() & self.d_enters.val());
        self.walked.waddr.next = self.e3_row.q.val();
        if self.d_valid.val() {
            self.walked.waddr.next = self.d_row.val();
        }
        self.walked.wdata.next = self.pushes.val().into();
        self.asks.din.next = self.ask_d.val();
        self.results.din.next = self.result_d.val();

        // Look-ups of stage 2.
        self.inj_valid.next = self.has_nested.val() & self.asks.valid.val();
        self.asks.pop.next = self.inj_take.val();
        self.inj_ipa.next = self.asks.dout.val().get_bits::<49>(0);
        self.inj_row.next = self.asks.dout.val().get_bits::<4>(49);
        self.inj_bank.next = self.asks.dout.val().get_bits::<7>(53);
        self.inj_final.next = self.asks.dout.val().get_bit(60);
        self.inj_write.next = self.asks.dout.val().get_bit(60) & self.asks.dout.val().get_bit(61);
        self.inj_fetch.next = self.asks.dout.val().get_bit(60) & self.asks.dout.val().get_bit(62);

        // The walk port. One descriptor (or pair of short ones), or a line of eight with the wanted one first.
        self.m_axi_ptw_ar.valid.next = self.reads.valid.val();
        self.reads.pop.next = self.reads.valid.val() & self.m_axi_ptw_ar.ready.val();
        self.m_axi_ptw_ar.addr.next = self.reads.dout.val().get_bits::<48>(0) & 0xffff_ffff_fff8_u64;
        self.m_axi_ptw_ar.id.next = self.reads.dout.val().get_bits::<4>(48);
        self.m_axi_ptw_ar.len.next = 0.into();
        self.m_axi_ptw_ar.burst.next = 1.into();
        if self.reads.dout.val().get_bit(52) {
            self.m_axi_ptw_ar.len.next = 7.into();
            self.m_axi_ptw_ar.burst.next = 2.into();
        }
        self.m_axi_ptw_ar.size.next = 3.into();
        self.m_axi_ptw_ar.lock.next = false;
        self.m_axi_ptw_ar.cache.next = 3.into();
        if self.has_attributes.val() {
            if self.attributes.walk_orgn.val().get_bit(0) {
                self.m_axi_ptw_ar.cache.next = 15.into();
            } else if self.attributes.walk_orgn.val().get_bit(1) {
                self.m_axi_ptw_ar.cache.next = 14.into();
            }
        }
        self.m_axi_ptw_ar.prot.next = 3.into();
        self.m_axi_ptw_ar.qos.next = 0.into();
        self.m_axi_ptw_ar.region.next = 0.into();
        self.m_axi_ptw_ar.user.next = 0.into();

        // Answer and fault event, of F6 or of E2.
        self.answer.d_valid.next = self.d_valid.val();
        self.answer.d_answer.next = !self.d_enters.val() & !self.d_sub.val();
        self.answer.d_req.next = self.d_req.val();
        self.answer.d_bank.next = self.d_bank.val();
        self.answer.d_asid.next = self.d_asid.val();
        self.answer.d_vmid.next = self.d_vmid.val();
        self.answer.d_owner.next = self.d_owner.val();
        self.answer.e_walked.next = self.has_pmu.val() & self.e2_walked.q.val();
        self.answer.d_hupcf.next = self.d_cfg.val().get_bit(3);
        self.answer.d_stage2.next = self.d_stage2.val();
        self.answer.d_level.next = self.d_level.val();
        self.answer.d_refuse.next = self.d_refuse.val();
        self.answer.d_record.next = self.d_record.val();
        self.answer.d_global.next = self.d_global.val();
        self.answer.d_code.next = self.d_code.val();
        self.answer.d_raz.next = self.d_raz.val();
        self.answer.d_ppn.next = self.d_ppn.val();
        self.answer.d_mask.next = self.d_mask.val();
        self.answer.d_perm.next = self.d_perm.val();
        self.answer.d_ng.next = self.d_ng.val();
        self.answer.d_part.next = self.d_part.val();
        self.answer.d_attr.next = self.d_attr.val();
        self.answer.poison.next = self.poison.val();
        self.answer.e_valid.next = self.go.val() & self.first.val() & !self.read_on.val();
        self.answer.e_clean.next = self.clean.val();
        self.answer.e_row.next = self.e2_row.q.val();
        self.answer.e_sid.next = self.e_sid.val();
        self.answer.e_ats.next = self.has_ats.val() & self.e2_wide.q.val().get_bit(9);
        self.answer.e_bank.next = self.e_bank.val();
        self.answer.e_vmid.next = self.e_vmid.val();
        self.answer.e_cfre.next = self.e_cfre.val();
        self.answer.e_hupcf.next = self.e_hupcf.val();
        self.answer.e_code.next = self.code.val();
        self.answer.e_level.next = self.shown_level.val();
        self.answer.e_error.next = self.error.val();
        self.answer.e_ppn.next = self.e_ppn.val();
        self.answer.e_mask.next = self.e_mask.val();
        self.answer.e_perm.next = self.e_perm.val();
        self.answer.e_ng.next = self.e_ng.val();
        self.answer.e_part.next = self.e_part.val();
        self.answer.e_attr.next = self.attributes.answer.val();
        self.answer.e_stage2.next = self.stage2.val();
        self.answer.e_ipa.next = self.e2_row2.q.val().get_bits::<36>(12);
        self.answer.e_nested.next = self.stage2.val() & self.has_nested.val() & self.e2_more.q.val().get_bit(1);
        self.answer.e_s1ptwf.next = self.stage2.val() & !self.last_ask.val();
        self.block.next = self.answer.block.val();
        self.rsp_valid.next = self.answer.rsp_valid.val();
        self.rsp_wr.next = self.answer.rsp_wr.val();
        self.rsp_tag.next = self.answer.rsp_tag.val();
        self.rsp_fault.next = self.answer.rsp_fault.val();
        self.rsp_raz.next = self.answer.rsp_raz.val();
        self.rsp_fill.next = self.answer.rsp_fill.val();
        self.rsp_ppn.next = self.answer.rsp_ppn.val();
        self.rsp_mask.next = self.answer.rsp_mask.val();
        self.rsp_perm.next = self.answer.rsp_perm.val();
        self.rsp_ng.next = self.answer.rsp_ng.val();
        self.rsp_asid.next = self.answer.rsp_asid.val();
        self.rsp_vmid.next = self.answer.rsp_vmid.val();
        self.rsp_part.next = self.answer.rsp_part.val();
        self.rsp_attr.next = self.answer.rsp_attr.val();
        self.rsp_bank.next = 0.into();
        if self.has_pmu.val() {
            self.rsp_bank.next = self.answer.rsp_bank.val();
        }
        self.ats_valid.next = self.answer.ats_valid.val();
        self.ev_refill.next = self.answer.ev_refill.val();
        self.flt_valid.next = self.answer.flt_valid.val();
        self.flt_global.next = self.answer.flt_global.val();
        self.flt_bank.next = self.answer.flt_bank.val();
        self.flt_code.next = self.answer.flt_code.val();
        self.flt_plvl.next = self.answer.flt_plvl.val();
        self.flt_ptwf.next = self.answer.flt_ptwf.val();
        self.flt_wnr.next = self.answer.flt_wnr.val();
        self.flt_pnu.next = self.answer.flt_pnu.val();
        self.flt_ind.next = self.answer.flt_ind.val();
        self.flt_sid.next = self.answer.flt_sid.val();
        self.flt_va.next = self.answer.flt_va.val();
        self.flt_stage2.next = self.answer.flt_stage2.val();
        self.flt_nested.next = self.answer.flt_nested.val();
        self.flt_s1ptwf.next = self.answer.flt_s1ptwf.val();
        self.flt_s1bank.next = self.answer.flt_s1bank.val();
        self.flt_ipa.next = self.answer.flt_ipa.val();

        // What the caches may keep of it is decided one cycle later. Each stage's own leaf, never what both have in common.
        self.f_valid.next = self.go.val() & !self.result.val();
        self.f_first.next = self.first.val();
        self.f_last.next = self.last.val();
        self.f_error.next = self.error.val();
        self.f_leaf.next = self.is_leaf.val();
        self.f_fault.next = self.verdict.val().any();
        self.f_table.next = self.is_table.val();
        self.f_row.next = self.row_id.val();
        self.f_level.next = self.place.val();
        self.f_count.next = self.e2_count.q.val();
        self.f_way.next = self.e2_state.q.val().get_bits::<2>(8);
        if self.stage2.val() {
            self.f_way.next = self.e2_state2.q.val().get_bits::<2>(2);
        }
        self.f_va.next = self.va.val();
        self.f_granule.next = self.granule.val();
        self.f_bank.next = self.e_bank.val();
        self.f_vmid.next = self.vmid1.val();
        if self.stage2.val() {
            self.f_vmid.next = self.vmid2.val();
        }
        self.f_asid.next = self.e_asid.val();
        self.f_ppn.next = self.base.val();
        self.f_perm.next = self.perm.val();
        self.f_ng.next = self.ng.val();
        self.kind.next = 0.into();
        if self.has_nested.val() & self.e2_more.q.val().get_bit(1) {
            self.kind.next = 2.into();
        }
        self.flag.next = self.has_long.val() & self.e2_more.q.val().get_bit(7);
        self.kind.next = self.kind.val().replace_bit(2, self.flag.val());
        self.f_attr.next = 0.into();
        if self.stage2.val() {
            self.kind.next = 1.into();
            self.f_attr.next = self.desc.attr.val();
        }
        if self.has_attributes.val() {
            self.f_attr.next = self.fields.val();
        }
        self.f_kind.next = self.kind.val();
        self.f_hier.next = self.hier.val();
        self.f_poisoned.next = self.poisoned.q.val();
        self.f_poison.next = self.poison.val() | self.answer.block.val();

        // Rows come and go.
        self.frees.next = self.go.val() & self.last.val() & !self.read_on.val();
        self.freed_row.next = self.row_id.val();
        if self.d_valid.val() {
            self.frees.next = !self.d_enters.val() & !self.d_sub.val();
            self.freed_row.next = self.d_row.val();
        }
        self.freed.next = 0.into();
        if self.frees.val() {
            self.freed.next = bits::<16>(1) << self.freed_row.val();
        }
        self.taken.next = 0.into();
        if self.row_take.val() {
            self.taken.next = bits::<16>(1) << self.row_next.val();
        }
        self.busy.d.next = (self.busy.q.val() & !self.freed.val()) | self.taken.val();
        self.poisoned.d.next = self.poisoned.q.val() & !self.taken.val();
        if self.poison.val() | self.answer.block.val() {
            self.poisoned.d.next = self.busy.q.val();
        }

        if !self.aresetn.val() {
            self.busy.d.next = 0.into();
            self.poisoned.d.next = 0.into();
            self.r1_valid.d.next = false;
            self.e2_valid.d.next = false;
            self.e3_valid.d.next = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_walker() {
        synthesis_check(Walker::new(&crate::params::MINI.with_everything()));
    }

    #[test]
    fn verilog_agrees_walker() {
        equivalence(
            || Walker::new(&crate::params::MINI.with_everything()),
            4000,
            1,
            drive!(
                clock,
                aresetn,
                m_axi_ptw_ar.ready,
                m_axi_ptw_r.valid,
                m_axi_ptw_r.id,
                m_axi_ptw_r.data,
                m_axi_ptw_r.resp,
                m_axi_ptw_r.last,
                row_take,
                d_valid,
                d_walk,
                d_row,
                d_req,
                d_va,
                d_granule,
                d_cfg,
                d_ext,
                d_inject,
                d_final,
                d_ipa,
                d_two,
                d_whole,
                d_bank,
                d_asid,
                d_vmid,
                d_owner,
                d_way,
                d_addr,
                d_level,
                d_hier,
                d_refuse,
                d_record,
                d_global,
                d_code,
                d_raz,
                d_ppn,
                d_mask,
                d_perm,
                d_ng,
                d_part,
                d_attr,
                d_before,
                d_known,
                d_entry,
                d_orgn,
                inj_take,
                poison,
                init,
                init_index
            ),
            |s| {
                let _ = s;
            },
        );
    }
}
