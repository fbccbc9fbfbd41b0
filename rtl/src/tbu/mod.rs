//! The translation buffer unit: one client port's hot path.
//!
//! ```text
//!  s_axi_ar -> pack -> rd_pipe (look-up, select, miss queue) -> unpack -> m_axi_ar
//!                        |  ^ \
//!                        |  |  +---> rd_req_* .. rsp_* (translation control unit)
//!                     micro_tlb <--- inv_*, drop_all, fills
//!                        |  |  +---> wr_req_* .. rsp_*
//!                        |  v /
//!  s_axi_aw -> pack -> wr_pipe (the same, in order)          -> unpack -> m_axi_aw
//!  s_axi_w  ------------------------ write_path ------------------------> m_axi_w
//!  s_axi_b  <----------------------- write_path <------------------------ m_axi_b
//!  s_axi_r  <----------------------- read_path  <------------------------ m_axi_r
//!                                 rd_out, wr_out: what is outstanding
//! ```
//!
//! Here are only wires; what each block does and why is in its own header:
//!
//! | block | |
//! | --- | --- |
//! | [`micro_tlb`] | tags, selection, fill, invalidation; every race among them |
//! | [`attribute_out`] | memory attributes: what an entry keeps, and what goes out |
//! | [`addr_pipe`] | the pipeline of an address channel, parked transactions, order, progress |
//! | [`park_table`], [`credits`], [`replay_pick`], [`request_queue`], [`refusals`], [`out_stage`], [`burst_check`] | its parts |
//! | [`read_path`], [`write_path`] | data and responses, error responses |
//! | [`held`], [`write_store`] | transactions that a context fault stalls, and the data of such writes |
//! | [`outstanding`] | who may get an error response now; has the old epoch drained? |
//!
//! # Timing
//!
//! | from | to | cycles |
//! | --- | --- | --- |
//! | `s_axi_arvalid` accepted, hit | `m_axi_arvalid` | 2 (AW the same) |
//! | hits back to back | | 1 a cycle on AR and on AW, at the same time |
//! | accepted, miss | `*_req_valid` | 2 |
//! | `rsp_valid` | `m_axi_arvalid` | 1 |
//! | W, R and B beats | | 1 a cycle, 1 cycle of latency |
//!
//! All outputs come from flip-flops (`old_drained`: from two). For 2^`IDW` cycles after reset nothing is accepted.
//!
//! # Against hostile neighbours
//!
//! | who stops | what stops |
//! | --- | --- |
//! | client's `rready` | read data, hence at last reads; not writes, not translation, not invalidation |
//! | client's W data, `bready` | writes; not reads, not translation, not invalidation |
//! | downstream | what it is asked for; responses of the control unit are still taken |
//! | control unit | misses; hits of other ids pass them on the read channel, until the miss queue is full |
//!
//! `old_drained` waits for downstream, and so for a client that keeps downstream waiting.

pub mod addr_pipe;
pub mod attribute_out;
pub mod beat;
pub mod burst_check;
pub mod credits;
pub mod group;
pub mod held;
pub mod micro_tlb;
pub mod out_stage;
pub mod outstanding;
pub mod park_table;
pub mod read_path;
pub mod refusals;
pub mod replay_pick;
pub mod request_queue;
pub mod tickets;
pub mod write_path;
pub mod write_store;

use crate::axi::*;
use crate::params::{AbortResponse, Params};
use crate::prelude::*;
use addr_pipe::AddrPipe;
use attribute_out::AttributeFill;
use beat::{Pack, Unpack};
use micro_tlb::MicroTlb;
use outstanding::Outstanding;
use read_path::ReadPath;
use write_path::WritePath;

/// One client port. `UTLB` micro TLB entries (at most 32), `MISSQ` parked reads (at most 16), `IDW` id bits (at most 8), `DW` data
/// bits, `SW` = `DW` / 8.
#[derive(LogicBlock, Default)]
pub struct Tbu<const UTLB: usize, const MISSQ: usize, const IDW: usize, const DW: usize, const SW: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub s_axi_aw: AddrIn<IDW, 49, 16>,
    pub s_axi_w: WriteIn<DW, SW>,
    pub s_axi_b: RespOut<IDW>,
    pub s_axi_ar: AddrIn<IDW, 49, 16>,
    pub s_axi_r: ReadOut<IDW, DW>,
    pub m_axi_aw: AddrOut<IDW, 48, 22>,
    pub m_axi_w: WriteOut<DW, SW>,
    pub m_axi_b: RespIn<IDW>,
    pub m_axi_ar: AddrOut<IDW, 48, 22>,
    pub m_axi_r: ReadIn<IDW, DW>,
    pub rd_req_valid: Signal<Out, Bit>,
    pub rd_req_ready: Signal<In, Bit>,
    pub rd_req_tag: Signal<Out, Word<4>>,
    pub rd_req_sid: Signal<Out, Word<16>>,
    pub rd_req_va: Signal<Out, Word<49>>,
    pub rd_req_prot: Signal<Out, Word<3>>,
    pub rd_req_uut: Signal<Out, Bit>,
    pub wr_req_valid: Signal<Out, Bit>,
    pub wr_req_ready: Signal<In, Bit>,
    pub wr_req_tag: Signal<Out, Word<4>>,
    pub wr_req_sid: Signal<Out, Word<16>>,
    pub wr_req_va: Signal<Out, Word<49>>,
    pub wr_req_prot: Signal<Out, Word<3>>,
    pub wr_req_uut: Signal<Out, Bit>,
    /// The answer is "hold": neither a translation nor a refusal, until `wake_*` (with the feature `stall`).
    pub rsp_hold: Signal<In, Bit>,
    /// The held transaction `wake_tag` of a channel asks again, or is refused. One-hot by port: a TBU listens to bit 0.
    pub wake_valid: Signal<In, Word<4>>,
    pub wake_wr: Signal<In, Bit>,
    pub wake_tag: Signal<In, Word<4>>,
    pub wake_refuse: Signal<In, Bit>,
    pub wake_raz: Signal<In, Bit>,
    /// Parked transactions that were sent on: reads by tag in bits 15:0, writes in bits 31:16.
    pub left: Signal<Out, Word<32>>,
    /// Ports (this is the first) in which room is short, and something is held.
    pub rd_crowded: Signal<Out, Word<4>>,
    pub wr_crowded: Signal<Out, Word<4>>,
    /// Whose the answer of `rsp_tag` is, and whose a request of `ask_tag`: port (one-hot) and tag there. With one port nothing is looked up.
    pub rsp_of: Signal<Out, Word<4>>,
    pub rsp_tag_of: Signal<Out, Word<4>>,
    pub ask_tag: Signal<In, Word<4>>,
    pub ask_of: Signal<Out, Word<4>>,
    pub ask_tag_of: Signal<Out, Word<4>>,
    pub rsp_valid: Signal<In, Bit>,
    pub rsp_wr: Signal<In, Bit>,
    pub rsp_tag: Signal<In, Word<4>>,
    pub rsp_fault: Signal<In, Bit>,
    pub rsp_raz: Signal<In, Bit>,
    pub rsp_fill: Signal<In, Bit>,
    pub rsp_ppn: Signal<In, Word<36>>,
    pub rsp_mask: Signal<In, Word<7>>,
    pub rsp_perm: Signal<In, Word<6>>,
    pub rsp_ng: Signal<In, Bit>,
    pub rsp_asid: Signal<In, Word<16>>,
    pub rsp_vmid: Signal<In, Word<17>>,
    /// Attributes ([`attribute_out`]).
    pub rsp_attr: Signal<In, Word<20>>,
    /// The leaf is larger than `rsp_mask` says.
    pub rsp_part: Signal<In, Bit>,
    /// The bank that S2CR names, 7: there is one.
    pub rsp_bank: Signal<In, Word<8>>,
    /// A walk has delivered a leaf for the answer of this cycle, as an event of [`crate::tcu::pmu`].
    pub walked: Signal<In, Word<27>>,
    /// Client bursts that went downstream, and refused ones, as such events, one cycle later; and what `walked` says.
    pub ev_read: Signal<Out, Word<108>>,
    pub ev_written: Signal<Out, Word<108>>,
    pub ev_refused: Signal<Out, Word<108>>,
    pub ev_refill: Signal<Out, Word<108>>,
    pub inv_valid: Signal<In, Bit>,
    pub inv_use_hyp: Signal<In, Bit>,
    pub inv_hyp: Signal<In, Bit>,
    pub inv_use_vmid: Signal<In, Bit>,
    pub inv_vmid: Signal<In, Word<17>>,
    pub inv_use_asid: Signal<In, Bit>,
    pub inv_asid: Signal<In, Word<16>>,
    pub inv_use_va: Signal<In, Bit>,
    pub inv_vpn: Signal<In, Word<37>>,
    /// Last level only: no difference here, a micro TLB holds leaves.
    pub inv_leaf: Signal<In, Bit>,
    pub drop_all: Signal<In, Bit>,
    pub sync_flip: Signal<In, Bit>,
    pub old_drained: Signal<Out, Bit>,
    ar_pack: Pack<IDW>,
    aw_pack: Pack<IDW>,
    attributes: AttributeFill,
    micro_tlb: MicroTlb<UTLB>,
    rd_pipe: AddrPipe<MISSQ, IDW>,
    wr_pipe: AddrPipe<4, IDW>,
    ar_unpack: Unpack<IDW>,
    aw_unpack: Unpack<IDW>,
    read_path: ReadPath<IDW, DW>,
    write_path: WritePath<IDW, DW, SW>,
    rd_out: Outstanding<IDW>,
    wr_out: Outstanding<IDW>,
    refused: Signal<Local, Word<27>>,
    keeps: Signal<Local, Bit>,
    first_bit: Signal<Local, Word<32>>,
    left_read: Signal<Local, Word<32>>,
    left_write: Signal<Local, Word<32>>,
}

impl<const UTLB: usize, const MISSQ: usize, const IDW: usize, const DW: usize, const SW: usize> Tbu<UTLB, MISSQ, IDW, DW, SW> {
    /// Client ports.
    pub const PORTS: usize = 1;

    /// The block with the straps of `params` (output address size, abort response).
    ///
    /// # Panics
    ///
    /// If a size is out of range: `UTLB` 2 to 64, `MISSQ` 2 to 16, `IDW` 1 to 8, `DW` 8 times `SW`.
    pub fn new(params: &Params) -> Self {
        assert_eq!(DW, 8 * SW, "strobe bits");
        let abort = match params.straps.abort {
            AbortResponse::Slverr => 2,
            AbortResponse::Decerr => 3,
        };
        Self {
            ar_pack: Pack::new(params),
            aw_pack: Pack::new(params),
            attributes: AttributeFill::new(params.features.attributes),
            micro_tlb: MicroTlb::new(params.features.attributes, params.features.pmu),
            rd_pipe: AddrPipe::new(false, DW, params.output_bits(), params).counting(params.features.pmu),
            wr_pipe: AddrPipe::new(true, DW, params.output_bits(), params).counting(params.features.pmu),
            read_path: ReadPath::new(abort),
            write_path: WritePath::new(abort, params),
            ..Self::default()
        }
    }
}

impl<const UTLB: usize, const MISSQ: usize, const IDW: usize, const DW: usize, const SW: usize> Logic
    for Tbu<UTLB, MISSQ, IDW, DW, SW>
{
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, micro_tlb, rd_pipe, wr_pipe, read_path, write_path, rd_out, wr_out);
        self.micro_tlb.aresetn.next = self.aresetn.val();
        self.rd_pipe.aresetn.next = self.aresetn.val();
        self.wr_pipe.aresetn.next = self.aresetn.val();
        self.read_path.aresetn.next = self.aresetn.val();
        self.write_path.aresetn.next = self.aresetn.val();
        self.rd_out.aresetn.next = self.aresetn.val();
        self.wr_out.aresetn.next = self.aresetn.val();

        // Client and downstream.
        AddrIn::<IDW, 49, 16>::link(&mut self.s_axi_ar, &mut self.ar_pack.s);
        AddrIn::<IDW, 49, 16>::link(&mut self.s_axi_aw, &mut self.aw_pack.s);
        AddrOut::<IDW, 48, 22>::link(&mut self.m_axi_ar, &mut self.ar_unpack.m);
        AddrOut::<IDW, 48, 22>::link(&mut self.m_axi_aw, &mut self.aw_unpack.m);
        ReadOut::<IDW, DW>::link(&mut self.s_axi_r, &mut self.read_path.s);
        ReadIn::<IDW, DW>::link(&mut self.m_axi_r, &mut self.read_path.m);
        WriteIn::<DW, SW>::link(&mut self.s_axi_w, &mut self.write_path.s_w);
        WriteOut::<DW, SW>::link(&mut self.m_axi_w, &mut self.write_path.m_w);
        RespOut::<IDW>::link(&mut self.s_axi_b, &mut self.write_path.s_b);
        RespIn::<IDW>::link(&mut self.m_axi_b, &mut self.write_path.m_b);

        // Read addresses.
        self.rd_pipe.s_valid.next = self.ar_pack.valid.val();
        self.rd_pipe.s_beat.next = self.ar_pack.beat.val();
        self.ar_pack.ready.next = self.rd_pipe.s_ready.val();
        self.micro_tlb.rd_sid.next = self.rd_pipe.look_sid.val();
        self.micro_tlb.rd_vpn.next = self.rd_pipe.look_vpn.val();
        self.rd_pipe.sel_hit.next = self.micro_tlb.rd_hit.val();
        self.rd_pipe.sel_ppn.next = self.micro_tlb.rd_ppn.val();
        self.rd_pipe.sel_mask.next = self.micro_tlb.rd_mask.val();
        self.rd_pipe.sel_attr.next = self.micro_tlb.rd_attr.val();
        self.rd_pipe.sel_bank.next = self.micro_tlb.rd_bank.val();
        self.micro_tlb.rd_need.next = self.rd_pipe.look_need.val();
        self.micro_tlb.rd_over.next = self.rd_pipe.look_over.val();
        self.ar_unpack.valid.next = self.rd_pipe.m_valid.val();
        self.ar_unpack.beat.next = self.rd_pipe.m_beat.val();
        self.ar_unpack.attr.next = self.rd_pipe.m_attr.val();
        self.rd_pipe.m_ready.next = self.ar_unpack.ready.val();
        self.rd_req_valid.next = self.rd_pipe.req_valid.val();
        self.rd_req_tag.next = self.rd_pipe.req_tag.val();
        self.rd_req_sid.next = self.rd_pipe.req_sid.val();
        self.rd_req_va.next = self.rd_pipe.req_va.val();
        self.rd_req_prot.next = self.rd_pipe.req_prot.val();
        self.rd_req_uut.next = self.rd_pipe.req_uut.val();
        self.rd_pipe.req_ready.next = self.rd_req_ready.val();
        self.rd_pipe.rsp_valid.next = self.rsp_valid.val() & !self.rsp_wr.val();
        self.rd_pipe.rsp_tag.next = self.rsp_tag.val();
        self.rd_pipe.rsp_fault.next = self.rsp_fault.val();
        self.rd_pipe.rsp_raz.next = self.rsp_raz.val();
        self.rd_pipe.rsp_fill.next = self.rsp_fill.val();
        self.rd_pipe.rsp_ppn.next = self.rsp_ppn.val();
        self.rd_pipe.rsp_mask.next = self.rsp_mask.val();
        self.rd_pipe.rsp_attr.next = self.attributes.o_attr.val();
        self.rd_pipe.rsp_bank.next = self.rsp_bank.val();
        self.ev_read.next = bit_cast::<108, 27>(self.rd_pipe.ev_issued.val());
        self.rd_pipe.drop_all.next = self.drop_all.val();

        // Write addresses.
        self.wr_pipe.s_valid.next = self.aw_pack.valid.val();
        self.wr_pipe.s_beat.next = self.aw_pack.beat.val();
        self.aw_pack.ready.next = self.wr_pipe.s_ready.val();
        self.micro_tlb.wr_sid.next = self.wr_pipe.look_sid.val();
        self.micro_tlb.wr_vpn.next = self.wr_pipe.look_vpn.val();
        self.wr_pipe.sel_hit.next = self.micro_tlb.wr_hit.val();
        self.wr_pipe.sel_ppn.next = self.micro_tlb.wr_ppn.val();
        self.wr_pipe.sel_mask.next = self.micro_tlb.wr_mask.val();
        self.wr_pipe.sel_attr.next = self.micro_tlb.wr_attr.val();
        self.wr_pipe.sel_bank.next = self.micro_tlb.wr_bank.val();
        self.micro_tlb.wr_need.next = self.wr_pipe.look_need.val();
        self.micro_tlb.wr_over.next = self.wr_pipe.look_over.val();
        self.aw_unpack.valid.next = self.wr_pipe.m_valid.val();
        self.aw_unpack.beat.next = self.wr_pipe.m_beat.val();
        self.aw_unpack.attr.next = self.wr_pipe.m_attr.val();
        self.wr_pipe.m_ready.next = self.aw_unpack.ready.val();
        self.wr_req_valid.next = self.wr_pipe.req_valid.val();
        self.wr_req_tag.next = self.wr_pipe.req_tag.val();
        self.wr_req_sid.next = self.wr_pipe.req_sid.val();
        self.wr_req_va.next = self.wr_pipe.req_va.val();
        self.wr_req_prot.next = self.wr_pipe.req_prot.val();
        self.wr_req_uut.next = self.wr_pipe.req_uut.val();
        self.wr_pipe.req_ready.next = self.wr_req_ready.val();
        self.wr_pipe.rsp_valid.next = self.rsp_valid.val() & self.rsp_wr.val();
        self.wr_pipe.rsp_tag.next = self.rsp_tag.val();
        self.wr_pipe.rsp_fault.next = self.rsp_fault.val();
        self.wr_pipe.rsp_raz.next = self.rsp_raz.val();
        self.wr_pipe.rsp_fill.next = self.rsp_fill.val();
        self.wr_pipe.rsp_ppn.next = self.rsp_ppn.val();
        self.wr_pipe.rsp_mask.next = self.rsp_mask.val();
        self.wr_pipe.rsp_attr.next = self.attributes.o_attr.val();
        self.wr_pipe.rsp_bank.next = self.rsp_bank.val();
        self.ev_written.next = bit_cast::<108, 27>(self.wr_pipe.ev_issued.val());
        self.refused.next = self.rd_pipe.ev_refused.val() | self.wr_pipe.ev_refused.val();
        self.ev_refused.next = bit_cast::<108, 27>(self.refused.val());
        self.ev_refill.next = bit_cast::<108, 27>(self.walked.val());
        self.wr_pipe.drop_all.next = self.drop_all.val();

        // Fill and invalidation.
        self.keeps.next = self.rd_pipe.rsp_keeps.val();
        if self.rsp_wr.val() {
            self.keeps.next = self.wr_pipe.rsp_keeps.val();
        }
        self.micro_tlb.fill_valid.next = self.rsp_valid.val() & self.rsp_fill.val() & !self.rsp_fault.val() & self.keeps.val();
        self.micro_tlb.fill_sid.next = self.rd_pipe.fill_sid.val();
        self.micro_tlb.fill_vpn.next = self.rd_pipe.fill_vpn.val();
        if self.rsp_wr.val() {
            self.micro_tlb.fill_sid.next = self.wr_pipe.fill_sid.val();
            self.micro_tlb.fill_vpn.next = self.wr_pipe.fill_vpn.val();
        }
        self.micro_tlb.fill_ppn.next = self.rsp_ppn.val();
        self.micro_tlb.fill_mask.next = self.rsp_mask.val();
        self.attributes.answer.next = self.rsp_attr.val();
        self.attributes.perm.next = self.rsp_perm.val();
        self.micro_tlb.fill_perm.next = self.attributes.o_perm.val();
        self.micro_tlb.fill_attr.next = self.attributes.o_attr.val();
        self.micro_tlb.fill_ng.next = self.rsp_ng.val();
        self.micro_tlb.fill_asid.next = self.rsp_asid.val();
        self.micro_tlb.fill_vmid.next = self.rsp_vmid.val();
        self.micro_tlb.fill_part.next = self.rsp_part.val();
        self.micro_tlb.fill_bank.next = self.rsp_bank.val();
        self.micro_tlb.drop_all.next = self.drop_all.val();
        self.micro_tlb.inv_valid.next = self.inv_valid.val();
        self.micro_tlb.inv_use_hyp.next = self.inv_use_hyp.val();
        self.micro_tlb.inv_hyp.next = self.inv_hyp.val();
        self.micro_tlb.inv_use_vmid.next = self.inv_use_vmid.val();
        self.micro_tlb.inv_vmid.next = self.inv_vmid.val();
        self.micro_tlb.inv_use_asid.next = self.inv_use_asid.val();
        self.micro_tlb.inv_asid.next = self.inv_asid.val();
        self.micro_tlb.inv_use_va.next = self.inv_use_va.val();
        self.micro_tlb.inv_vpn.next = self.inv_vpn.val();

        // What is outstanding on the read channel, and its refused transactions.
        self.rd_out.issue_valid.next = self.rd_pipe.issue_valid.val();
        self.rd_out.issue_id.next = self.rd_pipe.issue_id.val();
        self.rd_out.done_valid.next = self.read_path.done_valid.val();
        self.rd_out.done_id.next = self.read_path.done_id.val();
        self.rd_out.flip.next = self.sync_flip.val();
        self.rd_out.check_id.next = self.rd_pipe.err_id.val();
        self.rd_pipe.limit.next = self.rd_out.limit.val();
        self.read_path.err_valid.next = self.rd_pipe.err_valid.val();
        self.read_path.err_id.next = self.rd_pipe.err_id.val();
        self.read_path.err_raz.next = self.rd_pipe.err_raz.val();
        self.read_path.err_idle.next = self.rd_out.check_idle.val();
        self.rd_pipe.err_done.next = self.read_path.err_done.val();

        // What is outstanding on the write channel, and its refused transactions.
        self.wr_out.issue_valid.next = self.wr_pipe.issue_valid.val();
        self.wr_out.issue_id.next = self.wr_pipe.issue_id.val();
        self.wr_out.done_valid.next = self.write_path.done_valid.val();
        self.wr_out.done_id.next = self.write_path.done_id.val();
        self.wr_out.flip.next = self.sync_flip.val();
        self.wr_out.check_id.next = self.wr_pipe.err_id.val();
        self.wr_pipe.limit.next = self.wr_out.limit.val();
        self.write_path.err_valid.next = self.wr_pipe.err_valid.val();
        self.write_path.err_id.next = self.wr_pipe.err_id.val();
        self.write_path.err_raz.next = self.wr_pipe.err_raz.val();
        self.write_path.err_idle.next = self.wr_out.check_idle.val();
        self.wr_pipe.err_done.next = self.write_path.err_done.val();
        self.read_path.err_len.next = self.rd_pipe.err_len.val();
        self.write_path.issue_valid.next = self.wr_pipe.issue_valid.val();

        // Held transactions.
        self.rd_pipe.rsp_hold.next = self.rsp_hold.val();
        self.rd_pipe.wake_valid.next = self.wake_valid.val().get_bit(0) & !self.wake_wr.val();
        self.rd_pipe.wake_tag.next = self.wake_tag.val();
        self.rd_pipe.wake_refuse.next = self.wake_refuse.val();
        self.rd_pipe.wake_raz.next = self.wake_raz.val();
        self.rd_pipe.store_done.next = false;
        self.rd_pipe.store_sent.next = false;
        self.rd_pipe.store_sent_place.next = false;
        self.wr_pipe.rsp_hold.next = self.rsp_hold.val();
        self.wr_pipe.wake_valid.next = self.wake_valid.val().get_bit(0) & self.wake_wr.val();
        self.wr_pipe.wake_tag.next = self.wake_tag.val();
        self.wr_pipe.wake_refuse.next = self.wake_refuse.val();
        self.wr_pipe.wake_raz.next = self.wake_raz.val();
        self.first_bit.next = 1.into();
        self.left_read.next = 0.into();
        if self.rd_pipe.left_valid.val() {
            self.left_read.next = self.first_bit.val() << self.rd_pipe.left_tag.val();
        }
        self.left_write.next = 0.into();
        if self.wr_pipe.left_valid.val() {
            self.left_write.next = self.first_bit.val() << self.wr_pipe.left_tag.val();
        }
        self.left.next = self.left_read.val() | (self.left_write.val() << 16);
        self.rd_crowded.next = bit_cast::<4, 1>(self.rd_pipe.crowded.val().into());
        self.wr_crowded.next = bit_cast::<4, 1>(self.wr_pipe.crowded.val().into());
        self.rsp_of.next = 1.into();
        self.rsp_tag_of.next = self.rsp_tag.val();
        self.ask_of.next = 1.into();
        self.ask_tag_of.next = self.ask_tag.val();
        self.write_path.err_stored.next = self.wr_pipe.err_stored.val();
        self.write_path.store_valid.next = self.wr_pipe.store_valid.val();
        self.write_path.store_place.next = self.wr_pipe.store_place.val();
        self.wr_pipe.store_done.next = self.write_path.store_done.val();
        self.write_path.issue_stored.next = self.wr_pipe.issue_stored.val();
        self.write_path.issue_place.next = self.wr_pipe.issue_place.val();
        self.wr_pipe.store_sent.next = self.write_path.store_sent.val();
        self.wr_pipe.store_sent_place.next = self.write_path.store_sent_place.val();
        self.old_drained.next = self.rd_out.drained.val() & self.wr_out.drained.val();
    }
}

#[cfg(test)]
#[path = "tests/tbu.rs"]
mod tests;
