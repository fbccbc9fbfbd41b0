//! Registers: the register port of the SMMU and everything behind it that is not translation.
//!
//! ```text
//!  s_axil_ctrl -> axil -> access --- cw_* ---------> translation front (also: reset values from init)
//!                           |  |---- push, sync ---> maintenance -- op_*, inv_* --> caches, micro TLBs
//!                           |  `---- rec_* --------> recorder <-- flt_* -- translation
//!                           |                          `--> fault_active, irq_context, irq_global
//!                          init: reset sequence
//! ```
//!
//! | part | file |
//! | --- | --- |
//! | AXI4-Lite end | `regs_axil.rs` |
//! | address decoder, and its ROM contents | `regs_decode.rs`, `regs_map.rs` |
//! | one access, step by step | `regs_access.rs` |
//! | reset sequence | `regs_init.rs` |
//! | fault records and interrupts | `fault_recorder.rs` |
//! | TLB maintenance queue and synchronization | `maintenance.rs` |
//! | performance monitors | `pmu.rs` |
//! | address translation operations | `ats.rs` |
//!
//! Timing: a register read or write takes 14 cycles from address to response if nothing waits; writes that change the translation
//! or clear a fault status wait a few cycles more for the front, TLB commands for room in their queue. A master that does not take
//! its response stops neither fault records nor maintenance.

use super::ats::Ats;
use super::fault_recorder::FaultRecorder;
use super::maintenance::Maintenance;
use super::pmu::Pmu;
use super::regs_access::RegsAccess;
use super::regs_axil::RegsAxil;
use super::regs_init::RegsInit;
use crate::axi::{LiteAddrIn, LiteReadOut, LiteRespOut, LiteWriteIn};
use crate::params::Params;
use crate::prelude::*;

/// The block. `CB` banks numbered in `BI` bits (at least 1), `RI` = `BI` + 1, `AW` = `BI` + 6, `RAW` register address bits.
#[derive(LogicBlock)]
pub struct Regs<const CB: usize, const BI: usize, const RI: usize, const AW: usize, const RAW: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub s_axil_ctrl_aw: LiteAddrIn<RAW>,
    pub s_axil_ctrl_w: LiteWriteIn,
    pub s_axil_ctrl_b: LiteRespOut,
    pub s_axil_ctrl_ar: LiteAddrIn<RAW>,
    pub s_axil_ctrl_r: LiteReadOut,
    /// All registers have their reset values; until then accesses wait.
    pub init_done: Signal<Out, Bit>,
    /// Asks the translation front to run empty. May fall without a `cw_valid`: a change of a fault status waits for it too.
    pub cw_req: Signal<Out, Bit>,
    pub cw_grant: Signal<In, Bit>,
    pub cw_valid: Signal<Out, Bit>,
    /// 0 SMR, 1 S2CR, 2 SCTLR, 3 TCR, 4 TCR2, 5 TTBR0, 6 TTBR1, 7 CBAR, 8 CBA2R, 9 sCR0, 10 MAIR, 11 CONTEXTIDR (short descriptors).
    pub cw_kind: Signal<Out, Word<4>>,
    pub cw_index: Signal<Out, Word<7>>,
    pub cw_data: Signal<Out, Word<64>>,
    pub flt_valid: Signal<In, Bit>,
    pub flt_global: Signal<In, Bit>,
    pub flt_bank: Signal<In, Word<7>>,
    pub flt_code: Signal<In, Word<9>>,
    pub flt_plvl: Signal<In, Word<2>>,
    pub flt_ptwf: Signal<In, Bit>,
    pub flt_wnr: Signal<In, Bit>,
    pub flt_pnu: Signal<In, Bit>,
    pub flt_ind: Signal<In, Bit>,
    pub flt_sid: Signal<In, Word<16>>,
    pub flt_va: Signal<In, Word<49>>,
    pub flt_stage2: Signal<In, Bit>,
    pub flt_nested: Signal<In, Bit>,
    pub flt_s1ptwf: Signal<In, Bit>,
    pub flt_s1bank: Signal<In, Word<7>>,
    pub flt_ipa: Signal<In, Word<36>>,
    pub fault_active: Signal<Out, Word<CB>>,
    pub op_valid: Signal<Out, Bit>,
    pub op_ready: Signal<In, Bit>,
    pub inv_valid: Signal<Out, Bit>,
    pub inv_use_hyp: Signal<Out, Bit>,
    pub inv_hyp: Signal<Out, Bit>,
    pub inv_use_vmid: Signal<Out, Bit>,
    pub inv_vmid: Signal<Out, Word<17>>,
    pub inv_use_asid: Signal<Out, Bit>,
    pub inv_asid: Signal<Out, Word<16>>,
    pub inv_use_va: Signal<Out, Bit>,
    pub inv_vpn: Signal<Out, Word<37>>,
    pub inv_leaf: Signal<Out, Bit>,
    pub rows_busy: Signal<In, Word<16>>,
    pub sync_flip: Signal<Out, Bit>,
    pub old_drained: Signal<In, Bit>,
    pub irq_global: Signal<Out, Bit>,
    pub irq_context: Signal<Out, Word<CB>>,
    pub irq_pmu: Signal<Out, Bit>,
    /// What happened in this cycle, for the performance monitors ([`super::pmu`]).
    pub ev_read: Signal<In, Word<108>>,
    pub ev_written: Signal<In, Word<108>>,
    pub ev_refused: Signal<In, Word<108>>,
    pub ev_refill: Signal<In, Word<108>>,
    // Address translation operations ([`super::ats`]); what a failure is comes as `flt_*`.
    pub ats_req_valid: Signal<Out, Bit>,
    pub ats_req_ready: Signal<In, Bit>,
    pub ats_req_page: Signal<Out, Word<37>>,
    pub ats_req_write: Signal<Out, Bit>,
    pub ats_req_privileged: Signal<Out, Bit>,
    pub ats_req_single: Signal<Out, Bit>,
    pub ats_req_bank: Signal<Out, Word<7>>,
    pub ats_valid: Signal<In, Bit>,
    pub ats_fault: Signal<In, Bit>,
    pub ats_ppn: Signal<In, Word<36>>,
    pub ats_mask: Signal<In, Word<7>>,
    pub ats_attr: Signal<In, Word<20>>,
    axil: RegsAxil<RAW>,
    access: RegsAccess<BI, RI, AW, RAW>,
    init: RegsInit<AW, RI>,
    recorder: FaultRecorder<CB, BI, RI>,
    maintenance: Maintenance<CB, BI>,
    pmu: Pmu,
    ats: Ats,
    bus_valid: Signal<Local, Bit>,
    bus_kind: Signal<Local, Word<4>>,
    bus_index: Signal<Local, Word<7>>,
    bus_data: Signal<Local, Word<64>>,
}

impl<const CB: usize, const BI: usize, const RI: usize, const AW: usize, const RAW: usize> Regs<CB, BI, RI, AW, RAW> {
    /// The block for hardware of that size.
    ///
    /// # Panics
    /// If the const generics are not those of the parameters.
    pub fn new(params: &Params) -> Self {
        Self {
            clock: Signal::default(),
            aresetn: Signal::default(),
            s_axil_ctrl_aw: LiteAddrIn::default(),
            s_axil_ctrl_w: LiteWriteIn::default(),
            s_axil_ctrl_b: LiteRespOut::default(),
            s_axil_ctrl_ar: LiteAddrIn::default(),
            s_axil_ctrl_r: LiteReadOut::default(),
            init_done: Signal::default(),
            cw_req: Signal::default(),
            cw_grant: Signal::default(),
            cw_valid: Signal::default(),
            cw_kind: Signal::default(),
            cw_index: Signal::default(),
            cw_data: Signal::default(),
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
            op_valid: Signal::default(),
            op_ready: Signal::default(),
            inv_valid: Signal::default(),
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
            sync_flip: Signal::default(),
            old_drained: Signal::default(),
            irq_global: Signal::default(),
            irq_context: Signal::default(),
            irq_pmu: Signal::default(),
            ev_read: Signal::default(),
            ev_written: Signal::default(),
            ev_refused: Signal::default(),
            ev_refill: Signal::default(),
            ats_req_valid: Signal::default(),
            ats_req_ready: Signal::default(),
            ats_req_page: Signal::default(),
            ats_req_write: Signal::default(),
            ats_req_privileged: Signal::default(),
            ats_req_single: Signal::default(),
            ats_req_bank: Signal::default(),
            ats_valid: Signal::default(),
            ats_fault: Signal::default(),
            ats_ppn: Signal::default(),
            ats_mask: Signal::default(),
            ats_attr: Signal::default(),
            axil: RegsAxil::default(),
            access: RegsAccess::new(params),
            init: RegsInit::new(params),
            recorder: FaultRecorder::new(params),
            maintenance: Maintenance::default(),
            pmu: Pmu::new(params),
            ats: Ats::new(params),
            bus_valid: Signal::default(),
            bus_kind: Signal::default(),
            bus_index: Signal::default(),
            bus_data: Signal::default(),
        }
    }
}

impl<const CB: usize, const BI: usize, const RI: usize, const AW: usize, const RAW: usize> Logic for Regs<CB, BI, RI, AW, RAW> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, axil, access, init, recorder, maintenance, pmu, ats);
        self.axil.aresetn.next = self.aresetn.val();
        self.access.aresetn.next = self.aresetn.val();
        self.init.aresetn.next = self.aresetn.val();
        self.recorder.aresetn.next = self.aresetn.val();
        self.maintenance.aresetn.next = self.aresetn.val();
        self.pmu.aresetn.next = self.aresetn.val();
        self.ats.aresetn.next = self.aresetn.val();

        LiteAddrIn::<RAW>::link(&mut self.s_axil_ctrl_aw, &mut self.axil.aw);
        LiteWriteIn::link(&mut self.s_axil_ctrl_w, &mut self.axil.w);
        LiteRespOut::link(&mut self.s_axil_ctrl_b, &mut self.axil.b);
        LiteAddrIn::<RAW>::link(&mut self.s_axil_ctrl_ar, &mut self.axil.ar);
        LiteReadOut::link(&mut self.s_axil_ctrl_r, &mut self.axil.r);

        self.access.access.next = self.axil.access.val() & self.init.init_done.val();
        self.access.access_write.next = self.axil.access_write.val();
        self.access.access_addr.next = self.axil.access_addr.val();
        self.access.access_data.next = self.axil.access_data.val();
        self.access.access_strb.next = self.axil.access_strb.val();
        self.axil.access_done.next = self.access.access_done.val();
        self.axil.access_value.next = self.access.access_value.val();

        // Reset sequence, then the accesses, on the configuration bus.
        self.init_done.next = self.init.init_done.val();
        self.access.clear.next = self.init.clear.val();
        self.access.clear_index.next = self.init.index.val();
        self.recorder.clear.next = self.init.clear.val();
        self.recorder.clear_index.next = self.init.record.val();
        self.init.cw_grant.next = self.cw_grant.val();
        self.access.cw_grant.next = self.cw_grant.val();
        self.cw_req.next = self.init.cw_req.val() | self.access.cw_req.val();
        self.bus_valid.next = self.access.cw_valid.val();
        self.bus_kind.next = self.access.cw_kind.val();
        self.bus_index.next = self.access.cw_index.val();
        self.bus_data.next = self.access.cw_data.val();
        if self.init.cw_req.val() {
            self.bus_valid.next = self.init.cw_valid.val();
            self.bus_kind.next = self.init.cw_kind.val();
            self.bus_index.next = self.init.cw_index.val();
            self.bus_data.next = self.init.cw_data.val();
        }
        self.cw_valid.next = self.bus_valid.val();
        self.cw_kind.next = self.bus_kind.val();
        self.cw_index.next = self.bus_index.val();
        self.cw_data.next = self.bus_data.val();
        self.recorder.cw_valid.next = self.bus_valid.val();
        self.recorder.cw_kind.next = self.bus_kind.val();
        self.recorder.cw_index.next = self.bus_index.val();
        self.recorder.cw_data.next = self.bus_data.val();

        // Faults.
        self.recorder.flt_valid.next = self.flt_valid.val();
        self.recorder.flt_global.next = self.flt_global.val();
        self.recorder.flt_bank.next = self.flt_bank.val();
        self.recorder.flt_code.next = self.flt_code.val();
        self.recorder.flt_plvl.next = self.flt_plvl.val();
        self.recorder.flt_ptwf.next = self.flt_ptwf.val();
        self.recorder.flt_wnr.next = self.flt_wnr.val();
        self.recorder.flt_pnu.next = self.flt_pnu.val();
        self.recorder.flt_ind.next = self.flt_ind.val();
        self.recorder.flt_sid.next = self.flt_sid.val();
        self.recorder.flt_va.next = self.flt_va.val();
        self.recorder.flt_stage2.next = self.flt_stage2.val();
        self.recorder.flt_nested.next = self.flt_nested.val();
        self.recorder.flt_s1ptwf.next = self.flt_s1ptwf.val();
        self.recorder.flt_s1bank.next = self.flt_s1bank.val();
        self.recorder.flt_ipa.next = self.flt_ipa.val();
        self.recorder.rec_ipa_low.next = self.access.rec_ipa_low.val();
        self.recorder.rec_ipa_high.next = self.access.rec_ipa_high.val();
        self.access.rec_ipa.next = self.recorder.rec_ipa.val();
        self.recorder.rec_index.next = self.access.rec_index.val();
        self.recorder.rec_data.next = self.access.rec_data.val();
        self.recorder.rec_far_low.next = self.access.rec_far_low.val();
        self.recorder.rec_far_high.next = self.access.rec_far_high.val();
        self.recorder.rec_syn.next = self.access.rec_syn.val();
        self.recorder.rec_sid.next = self.access.rec_sid.val();
        self.recorder.rec_clear.next = self.access.rec_clear.val();
        self.recorder.rec_set.next = self.access.rec_set.val();
        self.recorder.rec_caf.next = self.access.rec_caf.val();
        self.recorder.rec_caf_addr.next = self.access.rec_caf_addr.val();
        self.recorder.access_write.next = self.axil.access_write.val();
        self.access.rec_ready.next = self.recorder.rec_ready.val();
        self.access.rec_far.next = self.recorder.rec_far.val();
        self.access.rec_syndrome.next = self.recorder.rec_syndrome.val();
        self.access.rec_stream.next = self.recorder.rec_stream.val();
        self.access.rec_status.next = self.recorder.rec_status.val();
        self.fault_active.next = self.recorder.fault_active.val();
        self.irq_context.next = self.recorder.irq_context.val();
        self.irq_global.next = self.recorder.irq_global.val();

        // Address translation operations.
        self.ats.start.next = self.access.ats_start.val();
        self.ats.how.next = self.access.ats_how.val();
        self.ats.page.next = self.access.ats_page.val();
        self.ats.bank.next = self.access.ats_bank.val();
        self.access.ats_busy.next = self.ats.busy.val();
        self.access.ats_to_global.next = self.ats.to_global.val();
        self.access.ats_to_bank.next = self.ats.to_bank.val();
        self.ats_req_valid.next = self.ats.req_valid.val();
        self.ats.req_ready.next = self.ats_req_ready.val();
        self.ats_req_page.next = self.ats.req_page.val();
        self.ats_req_write.next = self.ats.req_write.val();
        self.ats_req_privileged.next = self.ats.req_privileged.val();
        self.ats_req_single.next = self.ats.req_single.val();
        self.ats_req_bank.next = self.ats.req_bank.val();
        self.ats.ans_valid.next = self.ats_valid.val();
        self.ats.ans_fault.next = self.ats_fault.val();
        self.ats.ans_global.next = self.flt_global.val();
        self.ats.ans_code.next = self.flt_code.val();
        self.ats.ans_level.next = self.flt_plvl.val();
        self.ats.ans_stage2.next = self.flt_stage2.val();
        self.ats.ans_ppn.next = self.ats_ppn.val();
        self.ats.ans_mask.next = self.ats_mask.val();
        self.ats.ans_attr.next = self.ats_attr.val();
        self.access.par_valid.next = self.ats.par_valid.val();
        self.access.par_value.next = self.ats.par_value.val();
        self.ats.par_done.next = self.access.par_done.val();

        // Performance monitors.
        self.pmu.read.next = self.ev_read.val();
        self.pmu.written.next = self.ev_written.val();
        self.pmu.refused.next = self.ev_refused.val();
        self.pmu.refill.next = self.ev_refill.val();
        self.pmu.code.next = self.access.pmu_code.val();
        self.pmu.number.next = self.access.pmu_number.val();
        self.pmu.bank.next = self.access.pmu_bank.val();
        self.pmu.we.next = self.access.pmu_we.val();
        self.pmu.data.next = self.access.rec_data.val();
        self.access.pmu_value.next = self.pmu.value.val();
        self.irq_pmu.next = self.pmu.irq.val();

        // Maintenance.
        self.maintenance.push.next = self.access.push.val();
        self.maintenance.push_op.next = self.access.push_op.val();
        self.access.push_ready.next = self.maintenance.push_ready.val();
        self.maintenance.bank.next = self.access.bank.val();
        self.maintenance.sync_bank.next = self.access.sync_bank.val();
        self.maintenance.sync_global.next = self.access.sync_global.val();
        self.access.bank_active.next = self.maintenance.bank_active.val();
        self.access.global_active.next = self.maintenance.global_active.val();
        self.op_valid.next = self.maintenance.op_valid.val();
        self.maintenance.op_ready.next = self.op_ready.val();
        self.inv_valid.next = self.maintenance.inv_valid.val();
        self.inv_use_hyp.next = self.maintenance.inv_use_hyp.val();
        self.inv_hyp.next = self.maintenance.inv_hyp.val();
        self.inv_use_vmid.next = self.maintenance.inv_use_vmid.val();
        self.inv_vmid.next = self.maintenance.inv_vmid.val();
        self.inv_use_asid.next = self.maintenance.inv_use_asid.val();
        self.inv_asid.next = self.maintenance.inv_asid.val();
        self.inv_use_va.next = self.maintenance.inv_use_va.val();
        self.inv_vpn.next = self.maintenance.inv_vpn.val();
        self.inv_leaf.next = self.maintenance.inv_leaf.val();
        self.maintenance.rows_busy.next = self.rows_busy.val();
        self.sync_flip.next = self.maintenance.sync_flip.val();
        self.maintenance.old_drained.next = self.old_drained.val();
    }
}

/// Registers of preset `mini`.
pub type RegsMini = Regs<4, 2, 3, 8, 17>;
/// Registers of preset `zynqmp`.
pub type RegsZynqmp = Regs<16, 4, 5, 10, 17>;
/// Registers of presets `sc8180x` and `sm8550`.
pub type RegsSnapdragon = Regs<128, 7, 8, 13, 20>;
