//! Translation: front, caches and walker wired together. Requests and maintenance in, answers and fault events out.
//!
//! ```text
//!  rd_req/wr_req -> accept (F0..F2) -> bank (F2..F3) -> start, select, decide (F4..F6) -> walker -> rsp, flt
//!                                        |  lk_va          ^ hit            | fills
//!                                        v                 |                v
//!                                      va_index ->  main_tlb, walk caches 2, 1, 0
//!                                                          ^ probes
//!                                                     invalidate  <- op
//! ```
//!
//! A nested walk asks for stage 2 of an address by sending it into the bank stage again (`walker.inj_*`), in a cycle in which `accept` gives it
//! nothing; while one waits, `accept` takes no request, so that it waits at most two cycles.
//!
//! `cw_req` / `cw_grant`: a configuration write waits until the front is empty; `cw_valid` then takes effect in one cycle. `drop_all` tells the
//! micro TLBs that everything they hold may be out of date.

use super::accept::Accept;
use super::attribute_front::AttributeFront;
use super::bank::Bank;
use super::decide::Decide;
use super::fill_stage::FillStage;
use super::invalidate::Invalidate;
use super::main_tlb::MainTlb;
use super::select::Select;
use super::start::Start;
use super::start_s2::StartS2;
use super::start_short::StartShort;
use super::va_index::VaIndex;
use super::walk_cache::WalkCache;
use super::walker::Walker;
use crate::axi::{AddrOut, ReadIn};
use crate::params::{Aarch32, Params};
use crate::prelude::*;
use crate::prim::strap::Strap;

/// The block. `SMR` groups numbered in `SI` bits, `CB` banks numbered in `BI` bits, `2^SW` main TLB sets (`DA` = `SW` + 3), `2^W2` level-2
/// walk cache entries.
#[derive(LogicBlock)]
pub struct Translate<
    const SMR: usize,
    const SI: usize,
    const CB: usize,
    const BI: usize,
    const SW: usize,
    const DA: usize,
    const W2: usize,
> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub m_axi_ptw_ar: AddrOut<4, 48, 16>,
    pub m_axi_ptw_r: ReadIn<4, 64>,
    pub rd_req_valid: Signal<In, Bit>,
    pub rd_req_ready: Signal<Out, Bit>,
    pub rd_req_tag: Signal<In, Word<4>>,
    pub rd_req_sid: Signal<In, Word<16>>,
    pub rd_req_va: Signal<In, Word<49>>,
    pub rd_req_prot: Signal<In, Word<3>>,
    pub rd_req_uut: Signal<In, Bit>,
    pub wr_req_valid: Signal<In, Bit>,
    pub wr_req_ready: Signal<Out, Bit>,
    pub wr_req_tag: Signal<In, Word<4>>,
    pub wr_req_sid: Signal<In, Word<16>>,
    pub wr_req_va: Signal<In, Word<49>>,
    pub wr_req_prot: Signal<In, Word<3>>,
    pub wr_req_uut: Signal<In, Bit>,
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
    /// As [`super::attribute_front`] packs it.
    pub rsp_attr: Signal<Out, Word<20>>,
    pub rsp_part: Signal<Out, Bit>,
    pub rsp_bank: Signal<Out, Word<8>>,
    pub ev_refill: Signal<Out, Word<27>>,
    /// Address translation operations (see `accept`); the answer is in `rsp_*` and `flt_*`.
    pub ats_req_valid: Signal<In, Bit>,
    pub ats_req_ready: Signal<Out, Bit>,
    pub ats_req_page: Signal<In, Word<37>>,
    pub ats_req_write: Signal<In, Bit>,
    pub ats_req_privileged: Signal<In, Bit>,
    pub ats_req_single: Signal<In, Bit>,
    pub ats_req_bank: Signal<In, Word<7>>,
    pub ats_valid: Signal<Out, Bit>,
    pub cw_req: Signal<In, Bit>,
    pub cw_grant: Signal<Out, Bit>,
    pub cw_valid: Signal<In, Bit>,
    pub cw_kind: Signal<In, Word<4>>,
    pub cw_index: Signal<In, Word<7>>,
    pub cw_data: Signal<In, Word<64>>,
    /// The registers have their reset values.
    pub init_done: Signal<In, Bit>,
    /// Micro TLBs drop everything (one cycle).
    pub drop_all: Signal<Out, Bit>,
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
    pub fault_active: Signal<In, Word<CB>>,
    /// Transaction in F5, and what [`super::stalls`] knows of it in the next cycle.
    pub ask_wr: Signal<Out, Bit>,
    pub ask_tag: Signal<Out, Word<4>>,
    /// Accept nothing: a held transaction has waited for a cycle without an answer for long.
    pub pause: Signal<In, Bit>,
    pub forgive: Signal<In, Word<8>>,
    pub op_valid: Signal<In, Bit>,
    pub op_ready: Signal<Out, Bit>,
    pub inv_use_hyp: Signal<In, Bit>,
    pub inv_hyp: Signal<In, Bit>,
    pub inv_use_vmid: Signal<In, Bit>,
    pub inv_vmid: Signal<In, Word<17>>,
    pub inv_use_asid: Signal<In, Bit>,
    pub inv_asid: Signal<In, Word<16>>,
    pub inv_use_va: Signal<In, Bit>,
    pub inv_vpn: Signal<In, Word<37>>,
    pub inv_leaf: Signal<In, Bit>,
    pub rows_busy: Signal<Out, Word<16>>,
    accept: Accept<SMR, SI>,
    attributes: AttributeFront<BI>,
    bank: Bank<BI>,
    keys: VaIndex,
    probe: VaIndex,
    f4_keys: DFF<Word<100>>,
    tlb: MainTlb<SW, DA>,
    wc2: WalkCache<W2>,
    wc1: WalkCache<3>,
    wc0: WalkCache<2>,
    start: Start,
    start_s2: StartS2,
    start_short: StartShort,
    select: Select,
    decide: Decide<CB>,
    walker: Walker,
    fills: FillStage,
    invalidate: Invalidate,
    scan: Signal<Local, Bit>,
    empty: Signal<Local, Bit>,
    hold: Signal<Local, Bit>,
    poison: Signal<Local, Bit>,
    probe_va: Signal<Local, Word<49>>,
    line: Signal<Local, Word<34>>,
    sector: Signal<Local, Word<3>>,
    key2: Signal<Local, Word<28>>,
    key1: Signal<Local, Word<19>>,
    key0: Signal<Local, Word<16>>,
    kind: Signal<Local, Word<2>>,
    region_kind: Signal<Local, Word<3>>,
    kinds: Strap<Word<3>>,
    stage2: Signal<Local, Bit>,
    short: Signal<Local, Bit>,
    range_bad: Signal<Local, Bit>,
    ttbr_bad: Signal<Local, Bit>,
    start_addr: Signal<Local, Word<48>>,
    start_level: Signal<Local, Word<2>>,
    inject: Signal<Local, Bit>,
    stays: Signal<Local, Bit>,
    look_tlb: Signal<Local, Word<7>>,
    look_wc2: Signal<Local, Word<7>>,
    look_wc1: Signal<Local, Word<7>>,
    look_wc0: Signal<Local, Word<7>>,
    set_tlb: Signal<Local, Word<7>>,
    set_wc2: Signal<Local, Word<7>>,
    set_wc1: Signal<Local, Word<7>>,
    set_wc0: Signal<Local, Word<7>>,
}

impl<const SMR: usize, const SI: usize, const CB: usize, const BI: usize, const SW: usize, const DA: usize, const W2: usize>
    Translate<SMR, SI, CB, BI, SW, DA, W2>
{
    /// The block for hardware of these sizes.
    pub fn new(params: &Params) -> Self {
        Self {
            clock: Signal::default(),
            aresetn: Signal::default(),
            m_axi_ptw_ar: AddrOut::default(),
            m_axi_ptw_r: ReadIn::default(),
            rd_req_valid: Signal::default(),
            rd_req_ready: Signal::default(),
            rd_req_tag: Signal::default(),
            rd_req_sid: Signal::default(),
            rd_req_va: Signal::default(),
            rd_req_prot: Signal::default(),
            rd_req_uut: Signal::default(),
            wr_req_valid: Signal::default(),
            wr_req_ready: Signal::default(),
            wr_req_tag: Signal::default(),
            wr_req_sid: Signal::default(),
            wr_req_va: Signal::default(),
            wr_req_prot: Signal::default(),
            wr_req_uut: Signal::default(),
            rsp_valid: Signal::default(),
            rsp_wr: Signal::default(),
            rsp_tag: Signal::default(),
            rsp_fault: Signal::default(),
            rsp_raz: Signal::default(),
            rsp_fill: Signal::default(),
            rsp_ppn: Signal::default(),
            rsp_mask: Signal::default(),
            rsp_perm: Signal::default(),
            rsp_ng: Signal::default(),
            rsp_asid: Signal::default(),
            rsp_vmid: Signal::default(),
            rsp_attr: Signal::default(),
            rsp_part: Signal::default(),
            rsp_bank: Signal::default(),
            ev_refill: Signal::default(),
            ats_req_valid: Signal::default(),
            ats_req_ready: Signal::default(),
            ats_req_page: Signal::default(),
            ats_req_write: Signal::default(),
            ats_req_privileged: Signal::default(),
            ats_req_single: Signal::default(),
            ats_req_bank: Signal::default(),
            ats_valid: Signal::default(),
            cw_req: Signal::default(),
            cw_grant: Signal::default(),
            cw_valid: Signal::default(),
            cw_kind: Signal::default(),
            cw_index: Signal::default(),
            cw_data: Signal::default(),
            init_done: Signal::default(),
            drop_all: Signal::default(),
            flt_valid: Signal::default(),
            flt_global: Signal::default(),
            flt_bank: Signal::default(),
            flt_code: Signal::default(),
            flt_plvl: Signal::default(),
            flt_ptwf: Signal::default(),
            flt_wnr: Signal::default(),
            flt_pnu: Signal::default(),
            flt_ind: Signal::default(),
            flt_sid: Signal::default(),
            flt_va: Signal::default(),
            flt_stage2: Signal::default(),
            flt_nested: Signal::default(),
            flt_s1ptwf: Signal::default(),
            flt_s1bank: Signal::default(),
            flt_ipa: Signal::default(),
            fault_active: Signal::default(),
            ask_wr: Signal::default(),
            ask_tag: Signal::default(),
            pause: Signal::default(),
            forgive: Signal::default(),
            op_valid: Signal::default(),
            op_ready: Signal::default(),
            inv_use_hyp: Signal::default(),
            inv_hyp: Signal::default(),
            inv_use_vmid: Signal::default(),
            inv_vmid: Signal::default(),
            inv_use_asid: Signal::default(),
            inv_asid: Signal::default(),
            inv_use_va: Signal::default(),
            inv_vpn: Signal::default(),
            inv_leaf: Signal::default(),
            rows_busy: Signal::default(),
            accept: Accept::new(params),
            attributes: AttributeFront::new(&params.features),
            bank: Bank::new(params),
            keys: VaIndex::new(params),
            probe: VaIndex::new(params),
            f4_keys: DFF::default(),
            tlb: MainTlb::new(params),
            wc2: WalkCache::new(params),
            wc1: WalkCache::new(params),
            wc0: WalkCache::new(params),
            start: Start::default(),
            start_s2: StartS2::default(),
            start_short: StartShort::default(),
            select: Select::default(),
            decide: Decide::new(params),
            walker: Walker::new(params),
            fills: FillStage::new(params),
            invalidate: Invalidate::new(params, (1 << SW).max(1 << W2).max(8)),
            scan: Signal::default(),
            empty: Signal::default(),
            hold: Signal::default(),
            poison: Signal::default(),
            probe_va: Signal::default(),
            line: Signal::default(),
            sector: Signal::default(),
            key2: Signal::default(),
            key1: Signal::default(),
            key0: Signal::default(),
            kind: Signal::default(),
            region_kind: Signal::default(),
            kinds: Strap::new(
                (if params.features.stage2 { 3u32 } else { 0 }) | (if params.features.aarch32 >= Aarch32::Long { 4 } else { 0 }),
            ),
            stage2: Signal::default(),
            short: Signal::default(),
            range_bad: Signal::default(),
            ttbr_bad: Signal::default(),
            start_addr: Signal::default(),
            start_level: Signal::default(),
            inject: Signal::default(),
            stays: Signal::default(),
            look_tlb: Signal::default(),
            look_wc2: Signal::default(),
            look_wc1: Signal::default(),
            look_wc0: Signal::default(),
            set_tlb: Signal::default(),
            set_wc2: Signal::default(),
            set_wc1: Signal::default(),
            set_wc0: Signal::default(),
        }
    }
}

impl<const SMR: usize, const SI: usize, const CB: usize, const BI: usize, const SW: usize, const DA: usize, const W2: usize> Logic
    for Translate<SMR, SI, CB, BI, SW, DA, W2>
{
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, f4_keys);
        clock!(self, clock, accept, attributes, bank, tlb, wc2, wc1, wc0, select, decide, walker, fills, invalidate);
        self.accept.aresetn.next = self.aresetn.val();
        self.bank.aresetn.next = self.aresetn.val();
        self.select.aresetn.next = self.aresetn.val();
        self.decide.aresetn.next = self.aresetn.val();
        self.walker.aresetn.next = self.aresetn.val();
        self.fills.aresetn.next = self.aresetn.val();
        self.invalidate.aresetn.next = self.aresetn.val();
        AddrOut::<4, 48, 16>::link(&mut self.m_axi_ptw_ar, &mut self.walker.m_axi_ptw_ar);
        ReadIn::<4, 64>::link(&mut self.m_axi_ptw_r, &mut self.walker.m_axi_ptw_r);

        // When requests may enter, and when configuration may change.
        self.empty.next = !self.accept.busy.val() & !self.bank.busy.val() & !self.select.o_valid.val() & !self.decide.busy.val();
        self.hold.next = self.invalidate.hold.val() | self.cw_req.val() | !self.init_done.val();
        self.stays.next = self.hold.val() | self.walker.waiting.val();
        self.accept.hold.next = self.stays.val() | self.walker.inj_valid.val() | self.pause.val();
        self.inject.next = self.walker.inj_valid.val() & !self.stays.val() & !self.accept.o_valid.val();
        self.walker.inj_take.next = self.inject.val();
        self.cw_grant.next = self.cw_req.val() & self.empty.val();
        self.invalidate.front_empty.next = self.empty.val();
        self.poison.next = self.cw_valid.val() | self.invalidate.poison.val();
        self.walker.poison.next = self.poison.val();
        self.drop_all.next = self.cw_valid.val() | self.walker.block.val();

        // F0 to F2: stream and bank number.
        self.accept.rd_req_valid.next = self.rd_req_valid.val();
        self.accept.rd_req_tag.next = self.rd_req_tag.val();
        self.accept.rd_req_sid.next = self.rd_req_sid.val();
        self.accept.rd_req_va.next = self.rd_req_va.val();
        self.accept.rd_req_prot.next = self.rd_req_prot.val();
        self.accept.rd_req_uut.next = self.rd_req_uut.val();
        self.rd_req_ready.next = self.accept.rd_req_ready.val();
        self.accept.wr_req_valid.next = self.wr_req_valid.val();
        self.accept.wr_req_tag.next = self.wr_req_tag.val();
        self.accept.wr_req_sid.next = self.wr_req_sid.val();
        self.accept.wr_req_va.next = self.wr_req_va.val();
        self.accept.wr_req_prot.next = self.wr_req_prot.val();
        self.accept.wr_req_uut.next = self.wr_req_uut.val();
        self.wr_req_ready.next = self.accept.wr_req_ready.val();
        self.accept.ats_req_valid.next = self.ats_req_valid.val();
        self.accept.ats_req_page.next = self.ats_req_page.val();
        self.accept.ats_req_write.next = self.ats_req_write.val();
        self.accept.ats_req_privileged.next = self.ats_req_privileged.val();
        self.accept.ats_req_single.next = self.ats_req_single.val();
        self.accept.ats_req_bank.next = self.ats_req_bank.val();
        self.ats_req_ready.next = self.accept.ats_req_ready.val();
        self.ats_valid.next = self.walker.ats_valid.val();
        self.accept.row_free.next = self.walker.row_free.val();
        self.accept.row_next.next = self.walker.row_next.val();
        self.walker.row_take.next = self.accept.row_take.val();
        self.accept.cw_valid.next = self.cw_valid.val();
        self.accept.cw_kind.next = self.cw_kind.val();
        self.accept.cw_index.next = self.cw_index.val();
        self.accept.cw_data.next = self.cw_data.val();
        self.bank.cw_valid.next = self.cw_valid.val();
        self.bank.cw_kind.next = self.cw_kind.val();
        self.bank.cw_index.next = self.cw_index.val();
        self.bank.cw_data.next = self.cw_data.val();

        // F2 to F4: the bank.
        self.bank.i_valid.next = self.accept.o_valid.val();
        self.bank.i_req.next = self.accept.o_req.val();
        self.bank.i_row.next = self.accept.o_row.val();
        self.bank.i_bypass.next = self.accept.o_bypass.val();
        self.bank.i_code.next = self.accept.o_code.val();
        self.bank.i_raz.next = self.accept.o_raz.val();
        self.bank.i_bank.next = self.accept.o_bank.val();
        self.bank.i_sub.next = self.inject.val();
        self.bank.i_final.next = self.walker.inj_final.val();
        if self.inject.val() {
            self.bank.i_valid.next = true;
            self.bank.i_req.next = bit_cast::<75, 49>(self.walker.inj_ipa.val())
                | (bit_cast::<75, 1>(self.walker.inj_write.val().into()) << 64)
                | (bit_cast::<75, 1>(self.walker.inj_fetch.val().into()) << 67);
            self.bank.i_row.next = self.walker.inj_row.val();
            self.bank.i_bypass.next = false;
            self.bank.i_code.next = 0.into();
            self.bank.i_bank.next = self.walker.inj_bank.val();
        }

        // F2 to F6: attributes, beside the bank, the caches and the decision.
        self.attributes.cw_valid.next = self.cw_valid.val();
        self.attributes.cw_kind.next = self.cw_kind.val();
        self.attributes.cw_index.next = self.cw_index.val();
        self.attributes.cw_data.next = self.cw_data.val();
        self.attributes.i_attr.next = self.accept.o_attr.val();
        self.attributes.i_bank.next = self.accept.o_bank.val();
        if self.inject.val() {
            self.attributes.i_bank.next = self.walker.inj_bank.val();
            // What stage 2 makes of nothing is what it does.
            self.attributes.i_attr.next = 0x1fe.into();
        }
        self.attributes.upper.next = self.bank.lk_upper.val();
        self.attributes.f4_cfg.next = self.bank.o_cfg.val();
        self.attributes.f4_ext.next = self.bank.o_ext.val();
        self.attributes.f4_bank.next = self.bank.o_bank.val();
        self.attributes.f5_cfg.next = self.select.o_cfg.val();
        self.attributes.f5_ext.next = self.select.o_ext.val();
        self.attributes.f5_ats.next = self.select.o_req.val().get_bit(73);
        self.attributes.f5_single.next = self.select.o_req.val().get_bit(74);
        self.attributes.f5_leaf.next = self.select.o_attr.val();
        self.decide.raw.next = self.attributes.raw.val();
        self.walker.d_attr.next = self.attributes.answer.val();
        if self.decide.d_global.val() {
            self.walker.d_attr.next = 0.into();
        }
        self.walker.d_before.next = self.attributes.so_far.val();
        self.walker.d_known.next = self.attributes.known.val();
        self.walker.d_entry.next = self.attributes.row.val();
        self.walker.d_orgn.next = self.attributes.orgn.val();

        // F3: cache addresses, of the look-up and of a probe.
        self.keys.va.next = self.bank.lk_va.val();
        self.keys.granule.next = self.bank.lk_granule.val();
        self.probe_va.next = bit_cast::<49, 37>(self.inv_vpn.val()) << 12;
        self.probe.va.next = self.probe_va.val();
        self.probe.granule.next = self.invalidate.pr_granule.val();
        self.scan.next = !self.inv_use_va.val() | self.invalidate.pr_clear.val();
        // {key0, key1, key2, sector, line} for F4.
        self.line.next = self.keys.line.val();
        self.sector.next = self.keys.sector.val();
        self.key2.next = self.keys.key2.val();
        self.key1.next = self.keys.key1.val();
        self.key0.next = self.keys.key0.val();
        self.look_tlb.next = self.keys.line_index.val();
        self.look_wc2.next = self.keys.index2.val();
        self.look_wc1.next = self.keys.index1.val();
        self.look_wc0.next = self.keys.index0.val();
        self.tlb.lk_set.next = self.look_tlb.val();
        self.tlb.lk_sector.next = self.sector.val();
        self.wc2.lk_index.next = self.look_wc2.val();
        self.wc1.lk_index.next = self.look_wc1.val();
        self.wc0.lk_index.next = self.look_wc0.val();
        self.f4_keys.d.next = bit_cast::<100, 34>(self.line.val())
            | (bit_cast::<100, 3>(self.sector.val()) << 34)
            | (bit_cast::<100, 28>(self.key2.val()) << 37)
            | (bit_cast::<100, 19>(self.key1.val()) << 65)
            | (bit_cast::<100, 16>(self.key0.val()) << 84);

        // F4: what the caches compare with.
        self.tlb.cmp_line.next = self.f4_keys.q.val().get_bits::<34>(0);
        self.tlb.cmp_sector.next = self.f4_keys.q.val().get_bits::<3>(34);
        self.wc2.cmp_key.next = self.f4_keys.q.val().get_bits::<28>(37);
        self.wc1.cmp_key.next = bit_cast::<28, 19>(self.f4_keys.q.val().get_bits::<19>(65));
        self.wc0.cmp_key.next = bit_cast::<28, 16>(self.f4_keys.q.val().get_bits::<16>(84));
        self.stage2.next = self.bank.o_ext.val().get_bit(0);
        self.short.next = self.bank.o_ext.val().get_bit(6);
        self.kind.next = 0.into();
        if self.bank.o_ext.val().get_bit(3) {
            self.kind.next = 2.into();
        }
        if self.stage2.val() {
            self.kind.next = 1.into();
        }
        self.tlb.cmp_kinds.next = self.kinds.val().get_bits::<2>(0);
        self.wc2.cmp_kinds.next = self.kinds.val();
        self.wc1.cmp_kinds.next = self.kinds.val();
        self.wc0.cmp_kinds.next = self.kinds.val();
        self.tlb.cmp_kind.next = self.kind.val();
        self.region_kind.next =
            bit_cast::<3, 2>(self.kind.val()) | (bit_cast::<3, 1>(self.bank.o_ext.val().get_bits::<1>(25)) << 2);
        self.wc2.cmp_kind.next = self.region_kind.val();
        self.wc1.cmp_kind.next = self.region_kind.val();
        self.wc0.cmp_kind.next = self.region_kind.val();
        self.tlb.cmp_granule.next = self.bank.o_granule.val();
        self.tlb.cmp_bank.next = self.bank.o_bank.val();
        self.tlb.cmp_vmid.next = self.bank.o_vmid.val();
        self.tlb.cmp_asid.next = self.bank.o_asid.val();
        self.wc2.cmp_granule.next = self.bank.o_granule.val();
        self.wc2.cmp_bank.next = self.bank.o_bank.val();
        self.wc2.cmp_vmid.next = self.bank.o_vmid.val();
        self.wc2.cmp_asid.next = self.bank.o_asid.val();
        self.wc1.cmp_granule.next = self.bank.o_granule.val();
        self.wc1.cmp_bank.next = self.bank.o_bank.val();
        self.wc1.cmp_vmid.next = self.bank.o_vmid.val();
        self.wc1.cmp_asid.next = self.bank.o_asid.val();
        self.wc0.cmp_granule.next = self.bank.o_granule.val();
        self.wc0.cmp_bank.next = self.bank.o_bank.val();
        self.wc0.cmp_vmid.next = self.bank.o_vmid.val();
        self.wc0.cmp_asid.next = self.bank.o_asid.val();
        self.start.va.next = self.bank.o_va.val();
        self.start.granule.next = self.bank.o_granule.val();
        self.start.cfg.next = self.bank.o_cfg.val();
        self.start.checked.next = self.bank.o_ext.val().get_bit(7);
        self.start.reach.next = self.bank.o_reach.val();
        self.start.ttbr.next = self.bank.o_ttbr.val();
        self.start_s2.ipa.next = self.bank.o_va.val();
        self.start_s2.granule.next = self.bank.o_granule.val();
        self.start_s2.cfg.next = self.bank.o_cfg.val();
        self.start_s2.reach.next = self.bank.o_reach.val();
        self.start_s2.sl0.next = self.bank.o_ext.val().get_bits::<2>(23);
        self.start_s2.aarch32.next = self.bank.o_ext.val().get_bit(7);
        self.start_s2.ttbr.next = self.bank.o_ttbr.val();
        self.start_short.va.next = self.bank.o_va.val();
        self.start_short.n.next = self.bank.o_cfg.val().get_bits::<3>(8);
        self.start_short.ttbr.next = self.bank.o_ttbr.val().get_bits::<32>(0);
        self.range_bad.next = self.start.range_bad.val();
        self.ttbr_bad.next = self.start.ttbr_bad.val();
        self.start_addr.next = self.start.start.val();
        self.start_level.next = self.start.start_level.val();
        if self.stage2.val() {
            self.range_bad.next = self.start_s2.range_bad.val();
            self.ttbr_bad.next = self.start_s2.ttbr_bad.val();
            self.start_addr.next = self.start_s2.start.val();
            self.start_level.next = self.start_s2.start_level.val();
        }
        if self.short.val() {
            self.range_bad.next = self.bank.o_cfg.val().get_bit(15);
            self.ttbr_bad.next = false;
            self.start_addr.next = self.start_short.start.val();
            self.start_level.next = 2.into();
        }
        self.select.i_valid.next = self.bank.o_valid.val();
        self.select.i_req.next = self.bank.o_req.val();
        self.select.i_row.next = self.bank.o_row.val();
        self.select.i_bypass.next = self.bank.o_bypass.val();
        self.select.i_code.next = self.bank.o_code.val();
        self.select.i_raz.next = self.bank.o_raz.val();
        self.select.i_bank.next = self.bank.o_bank.val();
        self.select.i_va.next = self.bank.o_va.val();
        self.select.i_granule.next = self.bank.o_granule.val();
        self.select.i_cfg.next = self.bank.o_cfg.val();
        self.select.i_ext.next = self.bank.o_ext.val();
        self.select.i_asid.next = self.bank.o_asid.val();
        self.select.i_vmid.next = self.bank.o_vmid.val();
        self.select.range_bad.next = self.range_bad.val();
        self.select.ttbr_bad.next = self.ttbr_bad.val();
        self.select.start.next = self.start_addr.val();
        self.select.start_level.next = self.start_level.val();
        self.select.wc2_hit.next = self.wc2.hit.val();
        self.select.wc2.next = self.wc2.entry.val();
        self.select.wc1_hit.next = self.wc1.hit.val();
        self.select.wc1.next = self.wc1.entry.val();
        self.select.wc0_hit.next = self.wc0.hit.val();
        self.select.wc0.next = self.wc0.entry.val();

        // F5: what is known; F6: the decision.
        self.select.tlb_hit.next = self.tlb.hit.val();
        self.select.tlb_ng.next = self.tlb.hit_ng.val();
        self.select.tlb_data.next = self.tlb.hit_data.val();
        self.select.tlb_way.next = self.tlb.way.val();
        self.decide.i_valid.next = self.select.o_valid.val();
        self.decide.i_req.next = self.select.o_req.val();
        self.decide.i_row.next = self.select.o_row.val();
        self.decide.i_bypass.next = self.select.o_bypass.val();
        self.decide.i_code.next = self.select.o_code.val();
        self.decide.i_raz.next = self.select.o_raz.val();
        self.decide.i_bank.next = self.select.o_bank.val();
        self.decide.i_va.next = self.select.o_va.val();
        self.decide.i_granule.next = self.select.o_granule.val();
        self.decide.i_cfg.next = self.select.o_cfg.val();
        self.decide.i_ext.next = self.select.o_ext.val();
        self.decide.i_asid.next = self.select.o_asid.val();
        self.decide.i_vmid.next = self.select.o_vmid.val();
        self.decide.i_range_bad.next = self.select.o_range_bad.val();
        self.decide.i_ttbr_bad.next = self.select.o_ttbr_bad.val();
        self.decide.i_hit.next = self.select.o_hit.val();
        self.decide.i_ppn.next = self.select.o_ppn.val();
        self.decide.i_mask.next = self.select.o_mask.val();
        self.decide.i_perm.next = self.select.o_perm.val();
        self.decide.i_ng.next = self.select.o_ng.val();
        self.decide.i_part.next = self.select.o_part.val();
        self.decide.i_way.next = self.select.o_way.val();
        self.decide.i_addr.next = self.select.o_addr.val();
        self.decide.i_level.next = self.select.o_level.val();
        self.decide.i_hier.next = self.select.o_hier.val();
        self.decide.fault_active.next = self.fault_active.val();
        self.decide.forgive.next = self.forgive.val();
        self.ask_wr.next = self.select.o_req.val().get_bit(64);
        self.ask_tag.next = self.select.o_req.val().get_bits::<4>(68);

        // F6: to the walker.
        self.walker.d_valid.next = self.decide.d_valid.val();
        self.walker.d_walk.next = self.decide.d_walk.val();
        self.walker.d_row.next = self.decide.d_row.val();
        self.walker.d_req.next = self.decide.d_req.val();
        self.walker.d_va.next = self.decide.d_va.val();
        self.walker.d_granule.next = self.decide.d_granule.val();
        self.walker.d_cfg.next = self.decide.d_cfg.val();
        self.walker.d_ext.next = self.decide.d_ext.val();
        self.walker.d_inject.next = self.decide.d_inject.val();
        self.walker.d_final.next = self.decide.d_final.val();
        self.walker.d_ipa.next = self.decide.d_ipa.val();
        self.walker.d_two.next = self.decide.d_two.val();
        self.walker.d_whole.next = self.decide.d_whole.val();
        self.walker.d_bank.next = self.decide.d_bank.val();
        self.walker.d_asid.next = self.decide.d_asid.val();
        self.walker.d_vmid.next = self.decide.d_vmid.val();
        self.walker.d_owner.next = self.decide.d_owner.val();
        self.walker.d_way.next = self.decide.d_way.val();
        self.walker.d_addr.next = self.decide.d_addr.val();
        self.walker.d_level.next = self.decide.d_level.val();
        self.walker.d_hier.next = self.decide.d_hier.val();
        self.walker.d_refuse.next = self.decide.d_refuse.val();
        self.walker.d_record.next = self.decide.d_record.val();
        self.walker.d_global.next = self.decide.d_global.val();
        self.walker.d_code.next = self.decide.d_code.val();
        self.walker.d_raz.next = self.decide.d_raz.val();
        self.walker.d_ppn.next = self.decide.d_ppn.val();
        self.walker.d_mask.next = self.decide.d_mask.val();
        self.walker.d_perm.next = self.decide.d_perm.val();
        self.walker.d_ng.next = self.decide.d_ng.val();
        self.walker.d_part.next = self.decide.d_part.val();

        // Fills.
        self.fills.i_valid.next = self.walker.f_valid.val();
        self.fills.i_first.next = self.walker.f_first.val();
        self.fills.i_last.next = self.walker.f_last.val();
        self.fills.i_error.next = self.walker.f_error.val();
        self.fills.i_leaf.next = self.walker.f_leaf.val();
        self.fills.i_fault.next = self.walker.f_fault.val();
        self.fills.i_table.next = self.walker.f_table.val();
        self.fills.i_row.next = self.walker.f_row.val();
        self.fills.i_level.next = self.walker.f_level.val();
        self.fills.i_count.next = self.walker.f_count.val();
        self.fills.i_way.next = self.walker.f_way.val();
        self.fills.i_va.next = self.walker.f_va.val();
        self.fills.i_granule.next = self.walker.f_granule.val();
        self.fills.i_bank.next = self.walker.f_bank.val();
        self.fills.i_vmid.next = self.walker.f_vmid.val();
        self.fills.i_asid.next = self.walker.f_asid.val();
        self.fills.i_ppn.next = self.walker.f_ppn.val();
        self.fills.i_perm.next = self.walker.f_perm.val();
        self.fills.i_ng.next = self.walker.f_ng.val();
        self.fills.i_attr.next = self.walker.f_attr.val();
        self.fills.i_kind.next = self.walker.f_kind.val();
        self.fills.i_hier.next = self.walker.f_hier.val();
        self.fills.poisoned.next = self.walker.f_poisoned.val();
        self.fills.poison.next = self.walker.f_poison.val();
        self.tlb.fl_tag_we.next = self.fills.tlb_tag_we.val();
        self.tlb.fl_tag.next = self.fills.tlb_tag.val();
        self.tlb.fl_data_we.next = self.fills.tlb_data_we.val();
        self.tlb.fl_data.next = self.fills.tlb_data.val();
        self.tlb.fl_set.next = self.fills.tlb_set.val();
        self.tlb.fl_sector.next = self.fills.tlb_sector.val();
        self.tlb.fl_way.next = self.fills.tlb_way.val();
        self.wc2.fl_we.next = self.fills.wc2_we.val();
        self.wc2.fl_index.next = self.fills.wc_index.val();
        self.wc2.fl_entry.next = self.fills.wc_entry.val();
        self.wc2.fl_vmid.next = self.fills.wc_vmid.val();
        self.wc1.fl_we.next = self.fills.wc1_we.val();
        self.wc1.fl_index.next = self.fills.wc_index.val();
        self.wc1.fl_entry.next = self.fills.wc_entry.val();
        self.wc1.fl_vmid.next = self.fills.wc_vmid.val();
        self.wc0.fl_we.next = self.fills.wc0_we.val();
        self.wc0.fl_index.next = self.fills.wc_index.val();
        self.wc0.fl_entry.next = self.fills.wc_entry.val();
        self.wc0.fl_vmid.next = self.fills.wc_vmid.val();

        // Maintenance.
        self.invalidate.op_valid.next = self.op_valid.val();
        self.op_ready.next = self.invalidate.op_ready.val();
        self.invalidate.inv_use_va.next = self.inv_use_va.val();
        self.walker.init.next = self.invalidate.pr_clear.val();
        self.walker.init_index.next = bit_cast::<4, 7>(self.invalidate.pr_set.val());
        self.tlb.pr_valid.next = self.invalidate.pr_valid.val();
        self.tlb.pr_clear.next = self.invalidate.pr_clear.val();
        self.tlb.pr_granule.next = self.invalidate.pr_granule.val();
        self.tlb.inv_use_hyp.next = self.inv_use_hyp.val();
        self.tlb.inv_hyp.next = self.inv_hyp.val();
        self.tlb.inv_use_vmid.next = self.inv_use_vmid.val();
        self.tlb.inv_vmid.next = self.inv_vmid.val();
        self.tlb.inv_use_asid.next = self.inv_use_asid.val();
        self.tlb.inv_asid.next = self.inv_asid.val();
        self.tlb.inv_use_va.next = self.inv_use_va.val();
        self.wc2.pr_valid.next = self.invalidate.pr_valid.val();
        self.wc2.pr_clear.next = self.invalidate.pr_clear.val();
        self.wc2.pr_granule.next = self.invalidate.pr_granule.val();
        self.wc2.inv_use_hyp.next = self.inv_use_hyp.val();
        self.wc2.inv_hyp.next = self.inv_hyp.val();
        self.wc2.inv_use_vmid.next = self.inv_use_vmid.val();
        self.wc2.inv_vmid.next = self.inv_vmid.val();
        self.wc2.inv_use_asid.next = self.inv_use_asid.val();
        self.wc2.inv_asid.next = self.inv_asid.val();
        self.wc2.inv_use_va.next = self.inv_use_va.val();
        self.wc1.pr_valid.next = self.invalidate.pr_valid.val();
        self.wc1.pr_clear.next = self.invalidate.pr_clear.val();
        self.wc1.pr_granule.next = self.invalidate.pr_granule.val();
        self.wc1.inv_use_hyp.next = self.inv_use_hyp.val();
        self.wc1.inv_hyp.next = self.inv_hyp.val();
        self.wc1.inv_use_vmid.next = self.inv_use_vmid.val();
        self.wc1.inv_vmid.next = self.inv_vmid.val();
        self.wc1.inv_use_asid.next = self.inv_use_asid.val();
        self.wc1.inv_asid.next = self.inv_asid.val();
        self.wc1.inv_use_va.next = self.inv_use_va.val();
        self.wc0.pr_valid.next = self.invalidate.pr_valid.val();
        self.wc0.pr_clear.next = self.invalidate.pr_clear.val();
        self.wc0.pr_granule.next = self.invalidate.pr_granule.val();
        self.wc0.inv_use_hyp.next = self.inv_use_hyp.val();
        self.wc0.inv_hyp.next = self.inv_hyp.val();
        self.wc0.inv_use_vmid.next = self.inv_use_vmid.val();
        self.wc0.inv_vmid.next = self.inv_vmid.val();
        self.wc0.inv_use_asid.next = self.inv_use_asid.val();
        self.wc0.inv_asid.next = self.inv_asid.val();
        self.wc0.inv_use_va.next = self.inv_use_va.val();
        self.wc2.inv_leaf.next = self.inv_leaf.val();
        self.wc1.inv_leaf.next = self.inv_leaf.val();
        self.wc0.inv_leaf.next = self.inv_leaf.val();
        self.tlb.pr_line.next = self.probe.line.val();
        self.tlb.pr_sector.next = self.probe.sector.val();
        self.wc2.pr_key.next = self.probe.key2.val();
        self.wc1.pr_key.next = bit_cast::<28, 19>(self.probe.key1.val());
        self.wc0.pr_key.next = bit_cast::<28, 16>(self.probe.key0.val());
        self.set_tlb.next = self.probe.line_index.val();
        self.set_wc2.next = self.probe.index2.val();
        self.set_wc1.next = self.probe.index1.val();
        self.set_wc0.next = self.probe.index0.val();
        if self.scan.val() {
            self.set_tlb.next = self.invalidate.pr_set.val();
            self.set_wc2.next = self.invalidate.pr_set.val();
            self.set_wc1.next = self.invalidate.pr_set.val();
            self.set_wc0.next = self.invalidate.pr_set.val();
        }
        self.tlb.pr_set.next = self.set_tlb.val();
        self.wc2.pr_index.next = self.set_wc2.val();
        self.wc1.pr_index.next = self.set_wc1.val();
        self.wc0.pr_index.next = self.set_wc0.val();

        // Answers and fault events.
        self.rsp_valid.next = self.walker.rsp_valid.val();
        self.rsp_wr.next = self.walker.rsp_wr.val();
        self.rsp_tag.next = self.walker.rsp_tag.val();
        self.rsp_fault.next = self.walker.rsp_fault.val();
        self.rsp_raz.next = self.walker.rsp_raz.val();
        self.rsp_fill.next = self.walker.rsp_fill.val();
        self.rsp_ppn.next = self.walker.rsp_ppn.val();
        self.rsp_mask.next = self.walker.rsp_mask.val();
        self.rsp_perm.next = self.walker.rsp_perm.val();
        self.rsp_ng.next = self.walker.rsp_ng.val();
        self.rsp_asid.next = self.walker.rsp_asid.val();
        self.rsp_vmid.next = self.walker.rsp_vmid.val();
        self.rsp_attr.next = self.walker.rsp_attr.val();
        self.rsp_part.next = self.walker.rsp_part.val();
        self.rsp_bank.next = self.walker.rsp_bank.val();
        self.ev_refill.next = self.walker.ev_refill.val();
        self.flt_valid.next = self.walker.flt_valid.val();
        self.flt_global.next = self.walker.flt_global.val();
        self.flt_bank.next = self.walker.flt_bank.val();
        self.flt_code.next = self.walker.flt_code.val();
        self.flt_plvl.next = self.walker.flt_plvl.val();
        self.flt_ptwf.next = self.walker.flt_ptwf.val();
        self.flt_wnr.next = self.walker.flt_wnr.val();
        self.flt_pnu.next = self.walker.flt_pnu.val();
        self.flt_ind.next = self.walker.flt_ind.val();
        self.flt_sid.next = self.walker.flt_sid.val();
        self.flt_va.next = self.walker.flt_va.val();
        self.flt_stage2.next = self.walker.flt_stage2.val();
        self.flt_nested.next = self.walker.flt_nested.val();
        self.flt_s1ptwf.next = self.walker.flt_s1ptwf.val();
        self.flt_s1bank.next = self.walker.flt_s1bank.val();
        self.flt_ipa.next = self.walker.flt_ipa.val();
        self.rows_busy.next = self.walker.rows_busy.val();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_translate() {
        synthesis_check(Translate::<8, 3, 4, 2, 1, 4, 3>::new(&crate::params::MINI));
    }

    #[test]
    fn verilog_agrees_translate() {
        agrees(&crate::params::MINI, 1);
    }

    #[test]
    fn verilog_agrees_translate_with_everything() {
        agrees(&crate::params::MINI.with_everything(), 2);
    }

    fn agrees(params: &Params, seed: u64) {
        equivalence(
            || Translate::<8, 3, 4, 2, 1, 4, 3>::new(params),
            3000,
            seed,
            drive!(
                clock,
                aresetn,
                m_axi_ptw_ar.ready,
                m_axi_ptw_r.valid,
                m_axi_ptw_r.id,
                m_axi_ptw_r.data,
                m_axi_ptw_r.resp,
                m_axi_ptw_r.last,
                rd_req_valid,
                rd_req_tag,
                rd_req_sid,
                rd_req_va,
                rd_req_prot,
                rd_req_uut,
                wr_req_valid,
                wr_req_tag,
                wr_req_sid,
                wr_req_va,
                wr_req_prot,
                wr_req_uut,
                ats_req_valid,
                ats_req_page,
                ats_req_write,
                ats_req_privileged,
                ats_req_single,
                ats_req_bank,
                cw_req,
                cw_valid,
                cw_kind,
                cw_index,
                cw_data,
                init_done,
                fault_active,
                forgive,
                pause,
                op_valid,
                inv_use_hyp,
                inv_hyp,
                inv_use_vmid,
                inv_vmid,
                inv_use_asid,
                inv_asid,
                inv_use_va,
                inv_vpn,
                inv_leaf
            ),
            |s| {
                let _ = s;
            },
        );
    }
}
