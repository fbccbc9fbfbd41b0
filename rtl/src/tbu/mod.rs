//! The translation buffer unit: one client port's hot path.
//!
//! (Ports only so far.)

use crate::axi::*;
use crate::params::Params;
use crate::prelude::*;

/// One client port. `UTLB` micro TLB entries (at most 32), `MISSQ` parked reads (at most 16), `IDW` id bits (at most 8), `DW` data
/// bits, `SW` = `DW` / 8.
#[derive(LogicBlock)]
pub struct Tbu<const UTLB: usize, const MISSQ: usize, const IDW: usize, const DW: usize, const SW: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub s_axi_aw: AddrIn<IDW, 49>,
    pub s_axi_w: WriteIn<DW, SW>,
    pub s_axi_b: RespOut<IDW>,
    pub s_axi_ar: AddrIn<IDW, 49>,
    pub s_axi_r: ReadOut<IDW, DW>,
    pub m_axi_aw: AddrOut<IDW, 48>,
    pub m_axi_w: WriteOut<DW, SW>,
    pub m_axi_b: RespIn<IDW>,
    pub m_axi_ar: AddrOut<IDW, 48>,
    pub m_axi_r: ReadIn<IDW, DW>,
    pub rd_req_valid: Signal<Out, Bit>,
    pub rd_req_ready: Signal<In, Bit>,
    pub rd_req_tag: Signal<Out, Word<4>>,
    pub rd_req_sid: Signal<Out, Word<15>>,
    pub rd_req_va: Signal<Out, Word<49>>,
    pub rd_req_prot: Signal<Out, Word<3>>,
    pub rd_req_uut: Signal<Out, Bit>,
    pub wr_req_valid: Signal<Out, Bit>,
    pub wr_req_ready: Signal<In, Bit>,
    pub wr_req_tag: Signal<Out, Word<4>>,
    pub wr_req_sid: Signal<Out, Word<15>>,
    pub wr_req_va: Signal<Out, Word<49>>,
    pub wr_req_prot: Signal<Out, Word<3>>,
    pub wr_req_uut: Signal<Out, Bit>,
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
    pub rsp_vmid: Signal<In, Word<9>>,
    /// Reserved for attributes.
    pub rsp_attr: Signal<In, Word<8>>,
    pub inv_valid: Signal<In, Bit>,
    pub inv_use_hyp: Signal<In, Bit>,
    pub inv_hyp: Signal<In, Bit>,
    pub inv_use_vmid: Signal<In, Bit>,
    pub inv_vmid: Signal<In, Word<9>>,
    pub inv_use_asid: Signal<In, Bit>,
    pub inv_asid: Signal<In, Word<16>>,
    pub inv_use_va: Signal<In, Bit>,
    pub inv_vpn: Signal<In, Word<37>>,
    /// Last level only: no difference here, a micro TLB holds leaves.
    pub inv_leaf: Signal<In, Bit>,
    pub drop_all: Signal<In, Bit>,
    pub sync_flip: Signal<In, Bit>,
    pub old_drained: Signal<Out, Bit>,
}

impl<const UTLB: usize, const MISSQ: usize, const IDW: usize, const DW: usize, const SW: usize> Tbu<UTLB, MISSQ, IDW, DW, SW> {
    /// The block with the straps of `params` (output address size, abort response).
    pub fn new(_params: &Params) -> Self {
        Self {
            clock: Default::default(),
            aresetn: Default::default(),
            s_axi_aw: Default::default(),
            s_axi_w: Default::default(),
            s_axi_b: Default::default(),
            s_axi_ar: Default::default(),
            s_axi_r: Default::default(),
            m_axi_aw: Default::default(),
            m_axi_w: Default::default(),
            m_axi_b: Default::default(),
            m_axi_ar: Default::default(),
            m_axi_r: Default::default(),
            rd_req_valid: Default::default(),
            rd_req_ready: Default::default(),
            rd_req_tag: Default::default(),
            rd_req_sid: Default::default(),
            rd_req_va: Default::default(),
            rd_req_prot: Default::default(),
            rd_req_uut: Default::default(),
            wr_req_valid: Default::default(),
            wr_req_ready: Default::default(),
            wr_req_tag: Default::default(),
            wr_req_sid: Default::default(),
            wr_req_va: Default::default(),
            wr_req_prot: Default::default(),
            wr_req_uut: Default::default(),
            rsp_valid: Default::default(),
            rsp_wr: Default::default(),
            rsp_tag: Default::default(),
            rsp_fault: Default::default(),
            rsp_raz: Default::default(),
            rsp_fill: Default::default(),
            rsp_ppn: Default::default(),
            rsp_mask: Default::default(),
            rsp_perm: Default::default(),
            rsp_ng: Default::default(),
            rsp_asid: Default::default(),
            rsp_vmid: Default::default(),
            rsp_attr: Default::default(),
            inv_valid: Default::default(),
            inv_use_hyp: Default::default(),
            inv_hyp: Default::default(),
            inv_use_vmid: Default::default(),
            inv_vmid: Default::default(),
            inv_use_asid: Default::default(),
            inv_asid: Default::default(),
            inv_use_va: Default::default(),
            inv_vpn: Default::default(),
            inv_leaf: Default::default(),
            drop_all: Default::default(),
            sync_flip: Default::default(),
            old_drained: Default::default(),
        }
    }
}

impl<const UTLB: usize, const MISSQ: usize, const IDW: usize, const DW: usize, const SW: usize> Logic
    for Tbu<UTLB, MISSQ, IDW, DW, SW>
{
    fn update(&mut self) {}
}
