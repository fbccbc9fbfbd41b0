//! The top of the hardware: ports, and what is wired to what.
//!
//! ```text
//!  s_axi ----> tbu ----> m_axi          regs <---- s_axil_ctrl
//!              | ^ rsp, drop_all         | ^ flt       |          (stalls: between translate and both)
//!      rd_req, v |                  cw_*, v |          `--> irq_*
//!      wr_req  translate <--------- op, inv_*
//!                 |
//!                 `---> m_axi_ptw
//! ```
//!
//! Every output pin is driven from registers: no pin depends on another in the same cycle. The emitted module is called `smmu`, its
//! ports are flat (`s_axi_awvalid`; see [`crate::verilog`]).

use crate::axi::*;
use crate::params::{Params, MINI, MULTI, SC8180X, SM8550, ZYNQMP};
use crate::prelude::*;
use crate::tbu::group::TbuGroup;
use crate::tbu::Tbu;
use crate::tcu::regs::Regs;
use crate::tcu::stalls::Stalls;
use crate::tcu::translate::Translate;

/// A top: its name, what stands in front of the translation control unit, and the names of the channels of its client and downstream
/// ports. What is behind them is the same whatever their number, but for how many transactions can be held by stalled faults, and of how many.
macro_rules! top {
    (
        $(#[$about:meta])*
        $top:ident, $tbu:ident,
        held: $held:tt of $transactions:literal, $index:literal bits;
        clients: $($s_aw:ident $s_w:ident $s_b:ident $s_ar:ident $s_r:ident),+;
        downstream: $($m_aw:ident $m_w:ident $m_b:ident $m_ar:ident $m_r:ident),+;
    ) => {
$(#[$about])*
#[derive(LogicBlock)]
pub struct $top<
    const SMR: usize,
    const SI: usize,
    const CB: usize,
    const BI: usize,
    const RI: usize,
    const RA: usize,
    const UTLB: usize,
    const SW: usize,
    const DA: usize,
    const W2: usize,
    const MISSQ: usize,
    const IDW: usize,
    const DW: usize,
    const DS: usize,
    const RAW: usize,
> {
    pub aclk: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    $(
    pub $s_aw: AddrIn<IDW, 49, 16>,
    pub $s_w: WriteIn<DW, DS>,
    pub $s_b: RespOut<IDW>,
    pub $s_ar: AddrIn<IDW, 49, 16>,
    pub $s_r: ReadOut<IDW, DW>,
    )+
    $(
    pub $m_aw: AddrOut<IDW, 48, 22>,
    pub $m_w: WriteOut<DW, DS>,
    pub $m_b: RespIn<IDW>,
    pub $m_ar: AddrOut<IDW, 48, 22>,
    pub $m_r: ReadIn<IDW, DW>,
    )+
    pub m_axi_ptw_ar: AddrOut<4, 48, 16>,
    pub m_axi_ptw_r: ReadIn<4, 64>,
    pub s_axil_ctrl_aw: LiteAddrIn<RAW>,
    pub s_axil_ctrl_w: LiteWriteIn,
    pub s_axil_ctrl_b: LiteRespOut,
    pub s_axil_ctrl_ar: LiteAddrIn<RAW>,
    pub s_axil_ctrl_r: LiteReadOut,
    pub irq_global: Signal<Out, Bit>,
    pub irq_context: Signal<Out, Word<CB>>,
    pub irq_pmu: Signal<Out, Bit>,
    tbu: $tbu<UTLB, MISSQ, IDW, DW, DS>,
    translate: Translate<SMR, SI, CB, BI, SW, DA, W2>,
    regs: Regs<CB, BI, RI, RA, RAW>,
    stalls: Stalls<CB, $held, $index, $transactions>,
}

impl<
        const SMR: usize,
        const SI: usize,
        const CB: usize,
        const BI: usize,
        const RI: usize,
        const RA: usize,
        const UTLB: usize,
        const SW: usize,
        const DA: usize,
        const W2: usize,
        const MISSQ: usize,
        const IDW: usize,
        const DW: usize,
        const DS: usize,
        const RAW: usize,
    > $top<SMR, SI, CB, BI, RI, RA, UTLB, SW, DA, W2, MISSQ, IDW, DW, DS, RAW>
{
    /// The hardware of a preset.
    ///
    /// # Panics
    /// If the generics are not the sizes of `params`.
    pub fn new(params: &Params) -> Self {
        let sizes = [
            (SMR, params.num_smr),
            (CB, params.num_cb),
            (UTLB, params.micro_tlb),
            (32 << SW, params.main_tlb),
            (MISSQ, params.miss_queue),
            ($tbu::<UTLB, MISSQ, IDW, DW, DS>::PORTS, params.tbus),
            (IDW, params.id_width),
            (DW, params.data_width),
            (8 * DS, params.data_width),
            (1 << RAW, params.register_space() as usize),
        ];
        for (generic, size) in sizes {
            assert_eq!(generic, size, "generics of the top and sizes of preset {}", params.name);
        }
        Self {
            aclk: Default::default(),
            aresetn: Default::default(),
            $($s_aw: Default::default(), $s_w: Default::default(), $s_b: Default::default(), $s_ar: Default::default(), $s_r: Default::default(),)+
            $($m_aw: Default::default(), $m_w: Default::default(), $m_b: Default::default(), $m_ar: Default::default(), $m_r: Default::default(),)+
            m_axi_ptw_ar: Default::default(),
            m_axi_ptw_r: Default::default(),
            s_axil_ctrl_aw: Default::default(),
            s_axil_ctrl_w: Default::default(),
            s_axil_ctrl_b: Default::default(),
            s_axil_ctrl_ar: Default::default(),
            s_axil_ctrl_r: Default::default(),
            irq_global: Default::default(),
            irq_context: Default::default(),
            irq_pmu: Default::default(),
            tbu: $tbu::new(params),
            translate: Translate::new(params),
            regs: Regs::new(params),
            stalls: Stalls::new(params),
        }
    }
}

impl<
        const SMR: usize,
        const SI: usize,
        const CB: usize,
        const BI: usize,
        const RI: usize,
        const RA: usize,
        const UTLB: usize,
        const SW: usize,
        const DA: usize,
        const W2: usize,
        const MISSQ: usize,
        const IDW: usize,
        const DW: usize,
        const DS: usize,
        const RAW: usize,
    > Logic for $top<SMR, SI, CB, BI, RI, RA, UTLB, SW, DA, W2, MISSQ, IDW, DW, DS, RAW>
{
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, aclk, tbu, translate, regs, stalls);
        self.stalls.aresetn.next = self.aresetn.val();
        self.tbu.aresetn.next = self.aresetn.val();
        self.translate.aresetn.next = self.aresetn.val();
        self.regs.aresetn.next = self.aresetn.val();

        // Client and downstream.
        $(
        AddrIn::<IDW, 49, 16>::link(&mut self.$s_aw, &mut self.tbu.$s_aw);
        WriteIn::<DW, DS>::link(&mut self.$s_w, &mut self.tbu.$s_w);
        RespOut::<IDW>::link(&mut self.$s_b, &mut self.tbu.$s_b);
        AddrIn::<IDW, 49, 16>::link(&mut self.$s_ar, &mut self.tbu.$s_ar);
        ReadOut::<IDW, DW>::link(&mut self.$s_r, &mut self.tbu.$s_r);
        )+
        $(
        AddrOut::<IDW, 48, 22>::link(&mut self.$m_aw, &mut self.tbu.$m_aw);
        WriteOut::<DW, DS>::link(&mut self.$m_w, &mut self.tbu.$m_w);
        RespIn::<IDW>::link(&mut self.$m_b, &mut self.tbu.$m_b);
        AddrOut::<IDW, 48, 22>::link(&mut self.$m_ar, &mut self.tbu.$m_ar);
        ReadIn::<IDW, DW>::link(&mut self.$m_r, &mut self.tbu.$m_r);
        )+

        // Table walks and registers.
        AddrOut::<4, 48, 16>::link(&mut self.m_axi_ptw_ar, &mut self.translate.m_axi_ptw_ar);
        ReadIn::<4, 64>::link(&mut self.m_axi_ptw_r, &mut self.translate.m_axi_ptw_r);
        LiteAddrIn::<RAW>::link(&mut self.s_axil_ctrl_aw, &mut self.regs.s_axil_ctrl_aw);
        LiteWriteIn::link(&mut self.s_axil_ctrl_w, &mut self.regs.s_axil_ctrl_w);
        LiteRespOut::link(&mut self.s_axil_ctrl_b, &mut self.regs.s_axil_ctrl_b);
        LiteAddrIn::<RAW>::link(&mut self.s_axil_ctrl_ar, &mut self.regs.s_axil_ctrl_ar);
        LiteReadOut::link(&mut self.s_axil_ctrl_r, &mut self.regs.s_axil_ctrl_r);

        // Misses and answers.
        self.translate.rd_req_valid.next = self.tbu.rd_req_valid.val();
        self.translate.rd_req_tag.next = self.tbu.rd_req_tag.val();
        self.translate.rd_req_sid.next = self.tbu.rd_req_sid.val();
        self.translate.rd_req_va.next = self.tbu.rd_req_va.val();
        self.translate.rd_req_prot.next = self.tbu.rd_req_prot.val();
        self.translate.rd_req_uut.next = self.tbu.rd_req_uut.val();
        self.tbu.rd_req_ready.next = self.translate.rd_req_ready.val();
        self.translate.wr_req_valid.next = self.tbu.wr_req_valid.val();
        self.translate.wr_req_tag.next = self.tbu.wr_req_tag.val();
        self.translate.wr_req_sid.next = self.tbu.wr_req_sid.val();
        self.translate.wr_req_va.next = self.tbu.wr_req_va.val();
        self.translate.wr_req_prot.next = self.tbu.wr_req_prot.val();
        self.translate.wr_req_uut.next = self.tbu.wr_req_uut.val();
        self.tbu.wr_req_ready.next = self.translate.wr_req_ready.val();
        self.tbu.rsp_valid.next = self.translate.rsp_valid.val();
        self.tbu.rsp_wr.next = self.translate.rsp_wr.val();
        self.tbu.rsp_tag.next = self.translate.rsp_tag.val();
        self.tbu.rsp_fault.next = self.translate.rsp_fault.val();
        self.tbu.rsp_raz.next = self.translate.rsp_raz.val();
        self.tbu.rsp_fill.next = self.translate.rsp_fill.val();
        self.tbu.rsp_ppn.next = self.translate.rsp_ppn.val();
        self.tbu.rsp_mask.next = self.translate.rsp_mask.val();
        self.tbu.rsp_perm.next = self.translate.rsp_perm.val();
        self.tbu.rsp_ng.next = self.translate.rsp_ng.val();
        self.tbu.rsp_asid.next = self.translate.rsp_asid.val();
        self.tbu.rsp_vmid.next = self.translate.rsp_vmid.val();
        self.tbu.rsp_attr.next = self.translate.rsp_attr.val();
        self.tbu.rsp_part.next = self.translate.rsp_part.val();
        self.tbu.rsp_bank.next = self.translate.rsp_bank.val();
        self.tbu.drop_all.next = self.translate.drop_all.val();

        // Configuration and faults.
        self.translate.init_done.next = self.regs.init_done.val();
        self.translate.cw_req.next = self.regs.cw_req.val();
        self.translate.cw_valid.next = self.regs.cw_valid.val();
        self.translate.cw_kind.next = self.regs.cw_kind.val();
        self.translate.cw_index.next = self.regs.cw_index.val();
        self.translate.cw_data.next = self.regs.cw_data.val();
        self.regs.cw_grant.next = self.translate.cw_grant.val();
        self.regs.flt_valid.next = self.stalls.o_flt_valid.val();
        self.regs.flt_global.next = self.stalls.o_flt_global.val();
        self.regs.flt_bank.next = self.stalls.o_flt_bank.val();
        self.regs.flt_code.next = self.stalls.o_flt_code.val();
        self.regs.flt_plvl.next = self.translate.flt_plvl.val();
        self.regs.flt_ptwf.next = self.translate.flt_ptwf.val();
        self.regs.flt_wnr.next = self.translate.flt_wnr.val();
        self.regs.flt_pnu.next = self.translate.flt_pnu.val();
        self.regs.flt_ind.next = self.translate.flt_ind.val();
        self.regs.flt_sid.next = self.translate.flt_sid.val();
        self.regs.flt_va.next = self.translate.flt_va.val();
        self.regs.flt_stage2.next = self.translate.flt_stage2.val();
        self.regs.flt_nested.next = self.translate.flt_nested.val();
        self.regs.flt_s1ptwf.next = self.translate.flt_s1ptwf.val();
        self.regs.flt_s1bank.next = self.translate.flt_s1bank.val();
        self.regs.flt_ipa.next = self.translate.flt_ipa.val();
        self.translate.fault_active.next = self.regs.fault_active.val() | self.stalls.stalled.val();

        // Stalled transactions.
        self.stalls.rsp_valid.next = self.translate.rsp_valid.val();
        self.stalls.rsp_wr.next = self.translate.rsp_wr.val();
        self.stalls.rsp_of.next = self.tbu.rsp_of.val();
        self.stalls.rsp_tag.next = self.tbu.rsp_tag_of.val();
        self.stalls.rsp_fault.next = self.translate.rsp_fault.val();
        self.stalls.flt_valid.next = self.translate.flt_valid.val();
        self.stalls.flt_global.next = self.translate.flt_global.val();
        self.stalls.flt_bank.next = self.translate.flt_bank.val();
        self.stalls.flt_code.next = self.translate.flt_code.val();
        self.stalls.ask_wr.next = self.translate.ask_wr.val();
        self.tbu.ask_tag.next = self.translate.ask_tag.val();
        self.stalls.ask_of.next = self.tbu.ask_of.val();
        self.stalls.ask_tag.next = self.tbu.ask_tag_of.val();
        self.translate.forgive.next = self.stalls.forgive.val();
        self.translate.pause.next = self.stalls.pause.val();
        self.stalls.cw_valid.next = self.regs.cw_valid.val();
        self.stalls.cw_kind.next = self.regs.cw_kind.val();
        self.stalls.cw_index.next = self.regs.cw_index.val();
        self.stalls.cw_data.next = self.regs.cw_data.val();
        self.regs.stalled.next = self.stalls.stalled.val();
        self.tbu.rsp_hold.next = self.stalls.hold.val();
        self.tbu.wake_valid.next = self.stalls.wake_valid.val();
        self.tbu.wake_wr.next = self.stalls.wake_wr.val();
        self.tbu.wake_tag.next = self.stalls.wake_tag.val();
        self.tbu.wake_refuse.next = self.stalls.wake_refuse.val();
        self.tbu.wake_raz.next = self.stalls.wake_raz.val();
        self.stalls.left.next = self.tbu.left.val();
        self.stalls.rd_crowded.next = self.tbu.rd_crowded.val();
        self.stalls.wr_crowded.next = self.tbu.wr_crowded.val();

        // Maintenance.
        self.translate.op_valid.next = self.regs.op_valid.val();
        self.regs.op_ready.next = self.translate.op_ready.val();
        self.tbu.inv_valid.next = self.regs.inv_valid.val();
        self.tbu.inv_use_hyp.next = self.regs.inv_use_hyp.val();
        self.tbu.inv_hyp.next = self.regs.inv_hyp.val();
        self.tbu.inv_use_vmid.next = self.regs.inv_use_vmid.val();
        self.tbu.inv_vmid.next = self.regs.inv_vmid.val();
        self.tbu.inv_use_asid.next = self.regs.inv_use_asid.val();
        self.tbu.inv_asid.next = self.regs.inv_asid.val();
        self.tbu.inv_use_va.next = self.regs.inv_use_va.val();
        self.tbu.inv_vpn.next = self.regs.inv_vpn.val();
        self.tbu.inv_leaf.next = self.regs.inv_leaf.val();
        self.translate.inv_use_hyp.next = self.regs.inv_use_hyp.val();
        self.translate.inv_hyp.next = self.regs.inv_hyp.val();
        self.translate.inv_use_vmid.next = self.regs.inv_use_vmid.val();
        self.translate.inv_vmid.next = self.regs.inv_vmid.val();
        self.translate.inv_use_asid.next = self.regs.inv_use_asid.val();
        self.translate.inv_asid.next = self.regs.inv_asid.val();
        self.translate.inv_use_va.next = self.regs.inv_use_va.val();
        self.translate.inv_vpn.next = self.regs.inv_vpn.val();
        self.translate.inv_leaf.next = self.regs.inv_leaf.val();
        self.regs.rows_busy.next = self.translate.rows_busy.val();
        self.tbu.sync_flip.next = self.regs.sync_flip.val();
        self.regs.old_drained.next = self.tbu.old_drained.val();

        // Address translation operations.
        self.translate.ats_req_valid.next = self.regs.ats_req_valid.val();
        self.translate.ats_req_page.next = self.regs.ats_req_page.val();
        self.translate.ats_req_write.next = self.regs.ats_req_write.val();
        self.translate.ats_req_privileged.next = self.regs.ats_req_privileged.val();
        self.translate.ats_req_single.next = self.regs.ats_req_single.val();
        self.translate.ats_req_bank.next = self.regs.ats_req_bank.val();
        self.regs.ats_req_ready.next = self.translate.ats_req_ready.val();
        self.regs.ats_valid.next = self.translate.ats_valid.val();
        self.regs.ats_fault.next = self.translate.rsp_fault.val();
        self.regs.ats_ppn.next = self.translate.rsp_ppn.val();
        self.regs.ats_mask.next = self.translate.rsp_mask.val();
        self.regs.ats_attr.next = self.translate.rsp_attr.val();

        // Events.
        self.regs.ev_read.next = self.tbu.ev_read.val();
        self.regs.ev_written.next = self.tbu.ev_written.val();
        self.regs.ev_refused.next = self.tbu.ev_refused.val();
        self.tbu.walked.next = self.translate.ev_refill.val();
        self.regs.ev_refill.next = self.tbu.ev_refill.val();

        // Interrupts.
        self.irq_global.next = self.regs.irq_global.val();
        self.irq_context.next = self.regs.irq_context.val();
        self.irq_pmu.next = self.regs.irq_pmu.val();
    }
}
    };
}

top! {
    /// The SMMU.
    ///
    /// | generic | is | generic | is |
    /// | --- | --- | --- | --- |
    /// | `SMR` | stream match groups | `W2` | log2 of the level-2 walk cache's entries |
    /// | `SI` | log2 of `SMR`, rounded up | `MISSQ` | parked reads |
    /// | `CB` | context banks | `IDW` | AXI id bits |
    /// | `BI` | log2 of `CB`, rounded up | `DW` | data bits |
    /// | `RI` | `BI` + 1 | `DS` | strobe bits, `DW` / 8 |
    /// | `RA` | `BI` + 6 | `RAW` | register address bits |
    /// | `UTLB` | micro TLB entries | `SW` | log2 of the main TLB's sets |
    /// | | | `DA` | `SW` + 3 |
    Smmu, Tbu,
    held: MISSQ of 32, 5 bits;
    clients: s_axi_aw s_axi_w s_axi_b s_axi_ar s_axi_r;
    downstream: m_axi_aw m_axi_w m_axi_b m_axi_ar m_axi_r;
}

top! {
    /// The SMMU with four client ports, each with a TBU and a downstream port of its own. Generics as [`Smmu`]'s.
    SmmuMulti, TbuGroup,
    held: 24 of 128, 7 bits;
    clients:
        s0_axi_aw s0_axi_w s0_axi_b s0_axi_ar s0_axi_r,
        s1_axi_aw s1_axi_w s1_axi_b s1_axi_ar s1_axi_r,
        s2_axi_aw s2_axi_w s2_axi_b s2_axi_ar s2_axi_r,
        s3_axi_aw s3_axi_w s3_axi_b s3_axi_ar s3_axi_r;
    downstream:
        m0_axi_aw m0_axi_w m0_axi_b m0_axi_ar m0_axi_r,
        m1_axi_aw m1_axi_w m1_axi_b m1_axi_ar m1_axi_r,
        m2_axi_aw m2_axi_w m2_axi_b m2_axi_ar m2_axi_r,
        m3_axi_aw m3_axi_w m3_axi_b m3_axi_ar m3_axi_r;
}

/// Preset `mini`.
pub type SmmuMini = Smmu<8, 3, 4, 2, 3, 8, 8, 1, 4, 3, 4, 4, 64, 8, 17>;

impl Default for SmmuMini {
    fn default() -> Self {
        Self::new(&MINI)
    }
}

/// The sizes of `mini` with register pages of 64 KiB.
pub type SmmuMiniPages = Smmu<8, 3, 4, 2, 3, 8, 8, 1, 4, 3, 4, 4, 64, 8, 21>;

/// Preset `zynqmp`.
pub type SmmuZynqmp = Smmu<48, 6, 16, 4, 5, 10, 16, 4, 7, 5, 8, 6, 128, 16, 17>;

impl Default for SmmuZynqmp {
    fn default() -> Self {
        Self::new(&ZYNQMP)
    }
}

/// Preset `sc8180x`.
pub type SmmuSc8180x = Smmu<128, 7, 128, 7, 8, 13, 32, 6, 9, 6, 16, 6, 64, 8, 20>;

impl Default for SmmuSc8180x {
    fn default() -> Self {
        Self::new(&SC8180X)
    }
}

/// Preset `sm8550`.
pub type SmmuSm8550 = Smmu<128, 7, 128, 7, 8, 13, 32, 6, 9, 6, 16, 6, 128, 16, 20>;

impl Default for SmmuSm8550 {
    fn default() -> Self {
        Self::new(&SM8550)
    }
}

/// Preset `multi`.
pub type SmmuFour = SmmuMulti<48, 6, 16, 4, 5, 10, 16, 5, 8, 6, 8, 6, 128, 16, 17>;

impl Default for SmmuFour {
    fn default() -> Self {
        Self::new(&MULTI)
    }
}
