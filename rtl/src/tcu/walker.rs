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
//! | in the front | busy | F6 answers (free) or walks (reading) |
//! | reading level n | busy, words in `rows` and `state` | its descriptor: next level, or answer; a level-3 line goes on to its last beat |
//!
//! Nested walks are further states of the same row.
//!
//! # Timing
//!
//! Descriptor on `m_axi_ptw_r` in cycle c, which is E1; E2 in c + 1. The answer stands on `rsp_*` in c + 2; a table's
//! next read is queued in c + 2 (E3) and stands on `m_axi_ptw_ar` in c + 3. F6 has priority over E2; E2 then waits one cycle, and the front takes no new request while an event waits, so that neither
//! starves.
//!
//! Upper levels read one descriptor. Level 3 reads the line of eight that holds the descriptor, wanted one first (WRAP burst); valid leaves
//! among the neighbours go to the main TLB. What is kept of a descriptor is decided by [`super::fill_stage`] one cycle after E2.
//!
//! # Poison
//!
//! A register write that changes translation, an invalidation, or a bank that becomes blocked marks all busy rows: they still answer their
//! requester, and fill nothing.
//!
//! # Packed words
//!
//! Row: 48:0 address as issued, 65:49 canonical address bits 48:32, 80:66 StreamID, 81 write, 84:82 AxPROT, 88:85 tag, 95:89 bank, 104:96
//! {HYPC, VMID}, 120:105 ASID, 122:121 granule, 125:123 PASize, 126 AFFD, 127 WXN.
//! State: 1:0 level, 5:2 hierarchical attributes, 6 CFRE, 7 HUPCF, 9:8 main TLB way.

use super::descriptor::Descriptor;
use super::table_address::TableAddress;
use crate::axi::{AddrOut, ReadIn};
use crate::params::Params;
use crate::prelude::*;
use crate::prim::queue::Queue;
use crate::prim::ram::RamAsync;
use crate::prim::strap::Strap;

/// The block.
#[derive(LogicBlock, Default)]
pub struct Walker {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub m_axi_ptw_ar: AddrOut<4, 48>,
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
    pub d_req: Signal<In, Word<72>>,
    pub d_va: Signal<In, Word<49>>,
    pub d_granule: Signal<In, Word<2>>,
    pub d_cfg: Signal<In, Word<19>>,
    pub d_bank: Signal<In, Word<7>>,
    pub d_asid: Signal<In, Word<16>>,
    pub d_vmid: Signal<In, Word<9>>,
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
    pub rsp_vmid: Signal<Out, Word<9>>,
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
    pub flt_sid: Signal<Out, Word<15>>,
    pub flt_va: Signal<Out, Word<49>>,
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
    pub f_vmid: Signal<Out, Word<9>>,
    pub f_asid: Signal<Out, Word<16>>,
    pub f_ppn: Signal<Out, Word<36>>,
    pub f_perm: Signal<Out, Word<6>>,
    pub f_ng: Signal<Out, Bit>,
    pub f_hier: Signal<Out, Word<4>>,
    pub f_poisoned: Signal<Out, Word<16>>,
    pub f_poison: Signal<Out, Bit>,
    rows: RamAsync<4, 128>,
    state: RamAsync<4, 10>,
    beats: RamAsync<4, 3>,
    reads: Queue<4, 53>,
    desc: Descriptor,
    next_table: TableAddress,
    busy: DFF<Word<16>>,
    poisoned: DFF<Word<16>>,
    r1_valid: DFF<Bit>,
    r1: DFF<Word<71>>,
    e2_valid: DFF<Bit>,
    e2_beat: DFF<Word<71>>,
    e2_row: DFF<Word<128>>,
    e2_state: DFF<Word<10>>,
    e2_count: DFF<Word<3>>,
    e3_valid: DFF<Bit>,
    e3_row: DFF<Word<4>>,
    e3_addr: DFF<Word<48>>,
    e3_state: DFF<Word<10>>,
    rsp_valid_q: DFF<Bit>,
    /// 0 wr, 4:1 tag, 5 fault, 6 raz, 7 fill, 43:8 ppn, 50:44 mask, 56:51 perm, 57 ng, 73:58 asid, 82:74 vmid.
    rsp_q: DFF<Word<83>>,
    flt_valid_q: DFF<Bit>,
    /// 0 global, 7:1 bank, 16:8 code, 18:17 level, 19 ptwf, 20 wnr, 21 pnu, 22 ind, 37:23 sid, 86:38 va.
    flt_q: DFF<Word<87>>,
    blocks_q: DFF<Word<3>>,
    rows_there: Strap<Word<16>>,
    free: Signal<Local, Word<16>>,
    arriving: Signal<Local, Word<71>>,
    arrives: Signal<Local, Bit>,
    e1_go: Signal<Local, Bit>,
    go: Signal<Local, Bit>,
    first: Signal<Local, Bit>,
    last: Signal<Local, Bit>,
    error: Signal<Local, Bit>,
    row_id: Signal<Local, Word<4>>,
    level: Signal<Local, Word<2>>,
    clean: Signal<Local, Bit>,
    mine: Signal<Local, Word<16>>,
    code: Signal<Local, Word<9>>,
    va: Signal<Local, Word<49>>,
    need: Signal<Local, Word<6>>,
    read_on: Signal<Local, Bit>,
    flag: Signal<Local, Bit>,
    beat: Signal<Local, Word<71>>,
    has_beat: Signal<Local, Bit>,
    rsp_valid_d: Signal<Local, Bit>,
    rsp_d: Signal<Local, Word<83>>,
    flt_valid_d: Signal<Local, Bit>,
    flt_d: Signal<Local, Word<87>>,
    blocks_d: Signal<Local, Word<3>>,
    read_d: Signal<Local, Word<53>>,
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
        Self { rows_there: Strap::new(Word::new((1u128 << params.walks) - 1)), ..Self::default() }
    }
}

impl Logic for Walker {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            busy,
            poisoned,
            r1_valid,
            r1,
            e2_valid,
            e2_beat,
            e2_row,
            e2_state,
            e2_count,
            e3_valid,
            e3_row,
            e3_addr,
            e3_state,
            rsp_valid_q,
            rsp_q,
            flt_valid_q,
            flt_q,
            blocks_q
        );
        clock!(self, clock, rows, state, beats, reads);
        self.reads.aresetn.next = self.aresetn.val();

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

        // Descriptors come in through a register slice: {last, resp, id, data}.
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
        self.e1_go.next = self.has_beat.val() & (!self.e2_valid.q.val() | self.go.val());
        if self.e1_go.val() {
            self.r1_valid.d.next = false;
        } else {
            if self.arrives.val() {
                self.r1_valid.d.next = true;
                self.r1.d.next = self.arriving.val();
            }
        }

        // E1: the row's words. A line's beats are counted a row.
        self.rows.raddr.next = self.beat.val().get_bits::<4>(64);
        self.state.raddr.next = self.beat.val().get_bits::<4>(64);
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
        if self.e1_go.val() {
            self.e2_valid.d.next = true;
            self.e2_beat.d.next = self.beat.val();
            self.e2_row.d.next = self.rows.rdata.val();
            self.e2_state.d.next = self.state.rdata.val();
            self.e2_count.d.next = self.beats.rdata.val();
        } else {
            if self.go.val() {
                self.e2_valid.d.next = false;
            }
        }

        // E2: what the descriptor means for this row.
        self.row_id.next = self.e2_beat.q.val().get_bits::<4>(64);
        self.error.next = self.e2_beat.q.val().get_bit(69);
        self.last.next = self.e2_beat.q.val().get_bit(70);
        self.first.next = !self.e2_count.q.val().any();
        self.level.next = self.e2_state.q.val().get_bits::<2>(0);
        self.va.next = (bit_cast::<49, 17>(self.e2_row.q.val().get_bits::<17>(49)) << 32)
            | bit_cast::<49, 32>(self.e2_row.q.val().get_bits::<32>(0));
        self.mine.next = bits::<16>(1) << self.row_id.val();
        self.taken.next = self.poisoned.q.val() & self.mine.val();
        self.clean.next = !self.taken.val().any() & !self.poison.val() & !self.blocks_q.q.val().get_bit(2);
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
        self.desc.desc.next = self.e2_beat.q.val().get_bits::<64>(0);
        self.desc.level.next = self.level.val();
        self.desc.granule.next = self.e2_row.q.val().get_bits::<2>(121);
        self.desc.hier.next = self.e2_state.q.val().get_bits::<4>(2);
        self.desc.pasize.next = self.e2_row.q.val().get_bits::<3>(123);
        self.desc.affd.next = self.e2_row.q.val().get_bit(126);
        self.desc.wxn.next = self.e2_row.q.val().get_bit(127);
        self.desc.need.next = self.need.val();
        self.next_table.base.next = self.desc.ppn.val();
        self.next_table.va.next = self.va.val();
        self.next_table.granule.next = self.e2_row.q.val().get_bits::<2>(121);
        self.next_level.next = self.level.val() + 1;
        self.next_table.level.next = self.next_level.val();
        self.code.next = self.desc.code.val();
        if self.error.val() {
            self.code.next = 0x10.into();
        }
        self.read_on.next = self.go.val() & self.first.val() & self.desc.to_table.val() & !self.error.val();

        // Row words: written by F6, state also by E2 for the next level.
        self.rows.we.next = self.d_valid.val() & self.d_walk.val();
        self.rows.waddr.next = self.d_row.val();
        self.rows.wdata.next = bit_cast::<128, 49>(self.d_req.val().get_bits::<49>(0))
            | (bit_cast::<128, 17>(self.d_va.val().get_bits::<17>(32)) << 49)
            | (bit_cast::<128, 23>(self.d_req.val().get_bits::<23>(49)) << 66)
            | (bit_cast::<128, 7>(self.d_bank.val()) << 89)
            | (bit_cast::<128, 9>(self.d_vmid.val()) << 96)
            | (bit_cast::<128, 16>(self.d_asid.val()) << 105)
            | (bit_cast::<128, 2>(self.d_granule.val()) << 121)
            | (bit_cast::<128, 3>(self.d_cfg.val().get_bits::<3>(16)) << 123)
            | (bit_cast::<128, 1>(self.d_cfg.val().get_bits::<1>(1)) << 126)
            | (bit_cast::<128, 1>(self.d_cfg.val().get_bits::<1>(4)) << 127);
        if self.read_on.val() {
            self.e3_valid.d.next = true;
        } else {
            self.e3_valid.d.next = self.e3_valid.q.val() & self.d_valid.val();
        }
        if self.go.val() {
            self.e3_row.d.next = self.row_id.val();
            self.e3_addr.d.next = self.next_table.addr.val();
            self.e3_state.d.next = bit_cast::<10, 2>(self.next_level.val())
                | (bit_cast::<10, 4>(self.desc.next_hier.val()) << 2)
                | (bit_cast::<10, 4>(self.e2_state.q.val().get_bits::<4>(6)) << 6);
        }
        self.state.we.next = self.e3_valid.q.val();
        self.state.waddr.next = self.e3_row.q.val();
        self.state.wdata.next = self.e3_state.q.val();
        self.reads.push.next = self.e3_valid.q.val();
        self.read_d.next = bit_cast::<53, 48>(self.e3_addr.q.val()) | (bit_cast::<53, 4>(self.e3_row.q.val()) << 48);
        if self.e3_state.q.val().get_bits::<2>(0) == 3 {
            self.read_d.next = self.read_d.val().replace_bit(52, true);
        }
        if self.d_valid.val() {
            self.state.we.next = self.d_walk.val();
            self.state.waddr.next = self.d_row.val();
            self.state.wdata.next = bit_cast::<10, 2>(self.d_level.val())
                | (bit_cast::<10, 4>(self.d_hier.val()) << 2)
                | (bit_cast::<10, 2>(self.d_cfg.val().get_bits::<2>(2)) << 6)
                | (bit_cast::<10, 2>(self.d_way.val()) << 8);
            self.reads.push.next = self.d_walk.val();
            self.read_d.next = bit_cast::<53, 48>(self.d_addr.val()) | (bit_cast::<53, 4>(self.d_row.val()) << 48);
            if self.d_level.val() == 3 {
                self.read_d.next = self.read_d.val().replace_bit(52, true);
            }
        }

        self.reads.din.next = self.read_d.val();

        // The walk port. One descriptor, or a line of eight with the wanted one first.
        self.m_axi_ptw_ar.valid.next = self.reads.valid.val();
        self.reads.pop.next = self.reads.valid.val() & self.m_axi_ptw_ar.ready.val();
        self.m_axi_ptw_ar.addr.next = self.reads.dout.val().get_bits::<48>(0);
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
        self.m_axi_ptw_ar.prot.next = 3.into();
        self.m_axi_ptw_ar.qos.next = 0.into();
        self.m_axi_ptw_ar.region.next = 0.into();
        self.m_axi_ptw_ar.user.next = 0.into();

        // Answer and fault event, of F6 or of E2.
        self.rsp_valid_d.next = self.go.val() & self.first.val() & !self.read_on.val();
        self.rsp_d.next = bit_cast::<83, 1>(self.e2_row.q.val().get_bits::<1>(81))
            | (bit_cast::<83, 4>(self.e2_row.q.val().get_bits::<4>(85)) << 1)
            | (bit_cast::<83, 36>(self.desc.ppn.val()) << 8)
            | (bit_cast::<83, 7>(self.desc.mask.val()) << 44)
            | (bit_cast::<83, 6>(self.desc.perm.val()) << 51)
            | (bit_cast::<83, 16>(self.e2_row.q.val().get_bits::<16>(105)) << 58)
            | (bit_cast::<83, 9>(self.e2_row.q.val().get_bits::<9>(96)) << 74);
        self.rsp_d.next = self.rsp_d.val().replace_bit(5, self.code.val().any());
        self.flag.next = !self.e2_state.q.val().get_bit(6);
        self.rsp_d.next = self.rsp_d.val().replace_bit(6, self.flag.val());
        self.flag.next = self.clean.val() & !self.code.val().any();
        self.rsp_d.next = self.rsp_d.val().replace_bit(7, self.flag.val());
        self.rsp_d.next = self.rsp_d.val().replace_bit(57, self.desc.ng.val());
        self.flt_valid_d.next = self.rsp_valid_d.val() & self.code.val().any();
        self.flt_d.next = (bit_cast::<87, 7>(self.e2_row.q.val().get_bits::<7>(89)) << 1)
            | (bit_cast::<87, 9>(self.code.val()) << 8)
            | (bit_cast::<87, 2>(self.level.val()) << 17)
            | (bit_cast::<87, 1>(self.e2_row.q.val().get_bits::<1>(81)) << 20)
            | (bit_cast::<87, 1>(self.e2_row.q.val().get_bits::<1>(82)) << 21)
            | (bit_cast::<87, 15>(self.e2_row.q.val().get_bits::<15>(66)) << 23)
            | (bit_cast::<87, 49>(self.e2_row.q.val().get_bits::<49>(0)) << 38);
        self.flt_d.next = self.flt_d.val().replace_bit(19, self.error.val());
        self.flag.next = self.e2_row.q.val().get_bit(84) & !self.e2_row.q.val().get_bit(81);
        self.flt_d.next = self.flt_d.val().replace_bit(22, self.flag.val());
        // HUPCF = 0: once the recorder has the fault, cached translations of the bank must go (two cycles later: see `block`). A row that was
        // poisoned may be older than a write that cleared HUPCF, so its own copy counts only if it is clean.
        self.blocks_d.next = self.blocks_q.q.val() << 1;
        if self.flt_valid_d.val() & (!self.e2_state.q.val().get_bit(7) | !self.clean.val()) {
            self.blocks_d.next = self.blocks_d.val().replace_bit(0, true);
        }
        if self.d_valid.val() {
            self.rsp_valid_d.next = !self.d_walk.val();
            self.rsp_d.next = bit_cast::<83, 1>(self.d_req.val().get_bits::<1>(64))
                | (bit_cast::<83, 4>(self.d_req.val().get_bits::<4>(68)) << 1)
                | (bit_cast::<83, 1>(self.d_raz.val().into()) << 6)
                | (bit_cast::<83, 36>(self.d_ppn.val()) << 8)
                | (bit_cast::<83, 7>(self.d_mask.val()) << 44)
                | (bit_cast::<83, 6>(self.d_perm.val()) << 51)
                | (bit_cast::<83, 16>(self.d_asid.val()) << 58)
                | (bit_cast::<83, 9>(self.d_vmid.val()) << 74);
            self.rsp_d.next = self.rsp_d.val().replace_bit(5, self.d_refuse.val());
            self.flag.next = !self.d_refuse.val() & !self.poison.val() & !self.blocks_q.q.val().get_bit(2);
            self.rsp_d.next = self.rsp_d.val().replace_bit(7, self.flag.val());
            self.rsp_d.next = self.rsp_d.val().replace_bit(57, self.d_ng.val());
            self.flt_valid_d.next = !self.d_walk.val() & self.d_record.val();
            self.flt_d.next = (bit_cast::<87, 7>(self.d_bank.val()) << 1)
                | (bit_cast::<87, 9>(self.d_code.val()) << 8)
                | (bit_cast::<87, 2>(self.d_level.val()) << 17)
                | (bit_cast::<87, 1>(self.d_req.val().get_bits::<1>(64)) << 20)
                | (bit_cast::<87, 1>(self.d_req.val().get_bits::<1>(65)) << 21)
                | (bit_cast::<87, 15>(self.d_req.val().get_bits::<15>(49)) << 23)
                | (bit_cast::<87, 49>(self.d_req.val().get_bits::<49>(0)) << 38);
            self.flt_d.next = self.flt_d.val().replace_bit(0, self.d_global.val());
            self.flag.next = self.d_req.val().get_bit(67) & !self.d_req.val().get_bit(64);
            self.flt_d.next = self.flt_d.val().replace_bit(22, self.flag.val());
            self.blocks_d.next = self.blocks_q.q.val() << 1;
            self.flag.next = !self.d_walk.val() & self.d_record.val() & !self.d_global.val() & self.d_code.val().any();
            if self.flag.val() & !self.d_cfg.val().get_bit(3) {
                self.blocks_d.next = self.blocks_d.val().replace_bit(0, true);
            }
        }
        self.rsp_valid_q.d.next = self.rsp_valid_d.val();
        self.rsp_q.d.next = self.rsp_d.val();
        self.flt_valid_q.d.next = self.flt_valid_d.val();
        self.flt_q.d.next = self.flt_d.val();
        self.blocks_q.d.next = self.blocks_d.val();
        self.block.next = self.blocks_q.q.val().get_bit(2);

        self.rsp_valid.next = self.rsp_valid_q.q.val();
        self.rsp_wr.next = self.rsp_q.q.val().get_bit(0);
        self.rsp_tag.next = self.rsp_q.q.val().get_bits::<4>(1);
        self.rsp_fault.next = self.rsp_q.q.val().get_bit(5);
        self.rsp_raz.next = self.rsp_q.q.val().get_bit(6);
        self.rsp_fill.next = self.rsp_q.q.val().get_bit(7);
        self.rsp_ppn.next = self.rsp_q.q.val().get_bits::<36>(8);
        self.rsp_mask.next = self.rsp_q.q.val().get_bits::<7>(44);
        self.rsp_perm.next = self.rsp_q.q.val().get_bits::<6>(51);
        self.rsp_ng.next = self.rsp_q.q.val().get_bit(57);
        self.rsp_asid.next = self.rsp_q.q.val().get_bits::<16>(58);
        self.rsp_vmid.next = self.rsp_q.q.val().get_bits::<9>(74);
        self.flt_valid.next = self.flt_valid_q.q.val();
        self.flt_global.next = self.flt_q.q.val().get_bit(0);
        self.flt_bank.next = self.flt_q.q.val().get_bits::<7>(1);
        self.flt_code.next = self.flt_q.q.val().get_bits::<9>(8);
        self.flt_plvl.next = self.flt_q.q.val().get_bits::<2>(17);
        self.flt_ptwf.next = self.flt_q.q.val().get_bit(19);
        self.flt_wnr.next = self.flt_q.q.val().get_bit(20);
        self.flt_pnu.next = self.flt_q.q.val().get_bit(21);
        self.flt_ind.next = self.flt_q.q.val().get_bit(22);
        self.flt_sid.next = self.flt_q.q.val().get_bits::<15>(23);
        self.flt_va.next = self.flt_q.q.val().get_bits::<49>(38);

        // What the caches may keep of it is decided one cycle later.
        self.f_valid.next = self.go.val();
        self.f_first.next = self.first.val();
        self.f_last.next = self.last.val();
        self.f_error.next = self.error.val();
        self.f_leaf.next = self.desc.leaf.val();
        self.f_fault.next = self.desc.code.val().any();
        self.f_table.next = self.desc.to_table.val();
        self.f_row.next = self.row_id.val();
        self.f_level.next = self.level.val();
        self.f_count.next = self.e2_count.q.val();
        self.f_way.next = self.e2_state.q.val().get_bits::<2>(8);
        self.f_va.next = self.va.val();
        self.f_granule.next = self.e2_row.q.val().get_bits::<2>(121);
        self.f_bank.next = self.e2_row.q.val().get_bits::<7>(89);
        self.f_vmid.next = self.e2_row.q.val().get_bits::<9>(96);
        self.f_asid.next = self.e2_row.q.val().get_bits::<16>(105);
        self.f_ppn.next = self.desc.ppn.val();
        self.f_perm.next = self.desc.perm.val();
        self.f_ng.next = self.desc.ng.val();
        self.f_hier.next = self.desc.next_hier.val();
        self.f_poisoned.next = self.poisoned.q.val();
        self.f_poison.next = self.poison.val() | self.blocks_q.q.val().get_bit(2);

        // Rows come and go.
        self.frees.next = self.go.val() & self.last.val() & !self.read_on.val();
        self.freed_row.next = self.row_id.val();
        if self.d_valid.val() {
            self.frees.next = !self.d_walk.val();
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
        if self.poison.val() | self.blocks_q.q.val().get_bit(2) {
            self.poisoned.d.next = self.busy.q.val();
        }

        if !self.aresetn.val() {
            self.busy.d.next = 0.into();
            self.poisoned.d.next = 0.into();
            self.r1_valid.d.next = false;
            self.e2_valid.d.next = false;
            self.e3_valid.d.next = false;
            self.rsp_valid_q.d.next = false;
            self.flt_valid_q.d.next = false;
            self.blocks_q.d.next = 0.into();
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
        synthesis_check(Walker::new(&crate::params::MINI));
    }

    #[test]
    fn verilog_agrees_walker() {
        equivalence(
            || Walker::new(&crate::params::MINI),
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
                d_bank,
                d_asid,
                d_vmid,
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
