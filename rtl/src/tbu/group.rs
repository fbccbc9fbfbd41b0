//! `TbuGroup`: four TBUs, each between a client port and a downstream port of its own, as one front of the translation control unit.
//!
//! ```text
//!  s0_axi --> tbus[0] --> m0_axi
//!  s1_axi --> tbus[1] --> m1_axi      requests --> tickets --> rd_req_*, wr_req_*
//!  s2_axi --> tbus[2] --> m2_axi      answers  <-- tickets <-- rsp_*
//!  s3_axi --> tbus[3] --> m3_axi      inv_*, drop_all, sync_flip go to all; old_drained comes from all
//! ```
//!
//! * **Nothing is shared but the control unit**: hits of all ports go on at full rate at the same time, and a client that stops its channels stops
//!   its own port only.
//! * **One invalidation, all micro TLBs.** A command reaches all TBUs in the same cycle, and a synchronization waits until the old
//!   epochs of all are drained.
//! * **One order of faults**: that of the control unit's answers.
//!
//! The ports towards the control unit are those of a [`Tbu`]; timing is that of a [`Tbu`] and of [`Tickets`].

use super::tickets::Tickets;
use super::Tbu;
use crate::axi::*;
use crate::params::Params;
use crate::prelude::*;

/// The block. Generics as [`Tbu`]'s.
#[derive(LogicBlock, Default)]
pub struct TbuGroup<const UTLB: usize, const MISSQ: usize, const IDW: usize, const DW: usize, const SW: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub s0_axi_aw: AddrIn<IDW, 49, 16>,
    pub s0_axi_w: WriteIn<DW, SW>,
    pub s0_axi_b: RespOut<IDW>,
    pub s0_axi_ar: AddrIn<IDW, 49, 16>,
    pub s0_axi_r: ReadOut<IDW, DW>,
    pub s1_axi_aw: AddrIn<IDW, 49, 16>,
    pub s1_axi_w: WriteIn<DW, SW>,
    pub s1_axi_b: RespOut<IDW>,
    pub s1_axi_ar: AddrIn<IDW, 49, 16>,
    pub s1_axi_r: ReadOut<IDW, DW>,
    pub s2_axi_aw: AddrIn<IDW, 49, 16>,
    pub s2_axi_w: WriteIn<DW, SW>,
    pub s2_axi_b: RespOut<IDW>,
    pub s2_axi_ar: AddrIn<IDW, 49, 16>,
    pub s2_axi_r: ReadOut<IDW, DW>,
    pub s3_axi_aw: AddrIn<IDW, 49, 16>,
    pub s3_axi_w: WriteIn<DW, SW>,
    pub s3_axi_b: RespOut<IDW>,
    pub s3_axi_ar: AddrIn<IDW, 49, 16>,
    pub s3_axi_r: ReadOut<IDW, DW>,
    pub m0_axi_aw: AddrOut<IDW, 48, 22>,
    pub m0_axi_w: WriteOut<DW, SW>,
    pub m0_axi_b: RespIn<IDW>,
    pub m0_axi_ar: AddrOut<IDW, 48, 22>,
    pub m0_axi_r: ReadIn<IDW, DW>,
    pub m1_axi_aw: AddrOut<IDW, 48, 22>,
    pub m1_axi_w: WriteOut<DW, SW>,
    pub m1_axi_b: RespIn<IDW>,
    pub m1_axi_ar: AddrOut<IDW, 48, 22>,
    pub m1_axi_r: ReadIn<IDW, DW>,
    pub m2_axi_aw: AddrOut<IDW, 48, 22>,
    pub m2_axi_w: WriteOut<DW, SW>,
    pub m2_axi_b: RespIn<IDW>,
    pub m2_axi_ar: AddrOut<IDW, 48, 22>,
    pub m2_axi_r: ReadIn<IDW, DW>,
    pub m3_axi_aw: AddrOut<IDW, 48, 22>,
    pub m3_axi_w: WriteOut<DW, SW>,
    pub m3_axi_b: RespIn<IDW>,
    pub m3_axi_ar: AddrOut<IDW, 48, 22>,
    pub m3_axi_r: ReadIn<IDW, DW>,
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
    pub rsp_hold: Signal<In, Bit>,
    /// One-hot by port.
    pub wake_valid: Signal<In, Word<4>>,
    pub wake_wr: Signal<In, Bit>,
    pub wake_tag: Signal<In, Word<4>>,
    pub wake_refuse: Signal<In, Bit>,
    pub wake_raz: Signal<In, Bit>,
    /// As [`Tbu`]'s, those of TBU i in bits 32i to 32i+31.
    pub left: Signal<Out, Word<128>>,
    /// A bit of each port.
    pub rd_crowded: Signal<Out, Word<4>>,
    pub wr_crowded: Signal<Out, Word<4>>,
    /// Whose the answer is, and whose the request of ticket `ask_tag`: port (one-hot) and tag there.
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
    /// Attributes ([`super::attribute_out`]).
    pub rsp_attr: Signal<In, Word<20>>,
    /// The leaf is larger than `rsp_mask` says.
    pub rsp_part: Signal<In, Bit>,
    /// The bank that S2CR names, 7: there is one.
    pub rsp_bank: Signal<In, Word<8>>,
    /// Events of [`crate::tcu::pmu`] as a [`Tbu`] has them, those of TBU i in bits 27i to 27i+26.
    pub walked: Signal<In, Word<27>>,
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
    tbus: [Tbu<UTLB, MISSQ, IDW, DW, SW>; 4],
    tickets: Tickets,
    l_rd_valid: Signal<Local, Word<4>>,
    l_wr_valid: Signal<Local, Word<4>>,
    l_rd_pick: Signal<Local, Word<4>>,
    l_wr_pick: Signal<Local, Word<4>>,
    l_rd_tag: Signal<Local, Word<4>>,
    l_wr_tag: Signal<Local, Word<4>>,
    l_rd_taken: Signal<Local, Bit>,
    l_wr_taken: Signal<Local, Bit>,
    l_drained: Signal<Local, Word<4>>,
    l_read: Signal<Local, Word<108>>,
    l_written: Signal<Local, Word<108>>,
    l_refused: Signal<Local, Word<108>>,
    l_refill: Signal<Local, Word<108>>,
    l_left: Signal<Local, Word<128>>,
    l_of_one: Signal<Local, Word<32>>,
    l_rd_crowded: Signal<Local, Word<4>>,
    l_wr_crowded: Signal<Local, Word<4>>,
}

impl<const UTLB: usize, const MISSQ: usize, const IDW: usize, const DW: usize, const SW: usize>
    TbuGroup<UTLB, MISSQ, IDW, DW, SW>
{
    /// Client ports.
    pub const PORTS: usize = 4;

    /// The block with the straps of `params`.
    ///
    /// # Panics
    ///
    /// As [`Tbu::new`].
    pub fn new(params: &Params) -> Self {
        Self { tbus: std::array::from_fn(|_| Tbu::new(params)), ..Self::default() }
    }
}

impl<const UTLB: usize, const MISSQ: usize, const IDW: usize, const DW: usize, const SW: usize> Logic
    for TbuGroup<UTLB, MISSQ, IDW, DW, SW>
{
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, tickets);
        self.tickets.aresetn.next = self.aresetn.val();
        AddrIn::<IDW, 49, 16>::link(&mut self.s0_axi_aw, &mut self.tbus[0].s_axi_aw);
        WriteIn::<DW, SW>::link(&mut self.s0_axi_w, &mut self.tbus[0].s_axi_w);
        RespOut::<IDW>::link(&mut self.s0_axi_b, &mut self.tbus[0].s_axi_b);
        AddrIn::<IDW, 49, 16>::link(&mut self.s0_axi_ar, &mut self.tbus[0].s_axi_ar);
        ReadOut::<IDW, DW>::link(&mut self.s0_axi_r, &mut self.tbus[0].s_axi_r);
        AddrOut::<IDW, 48, 22>::link(&mut self.m0_axi_aw, &mut self.tbus[0].m_axi_aw);
        WriteOut::<DW, SW>::link(&mut self.m0_axi_w, &mut self.tbus[0].m_axi_w);
        RespIn::<IDW>::link(&mut self.m0_axi_b, &mut self.tbus[0].m_axi_b);
        AddrOut::<IDW, 48, 22>::link(&mut self.m0_axi_ar, &mut self.tbus[0].m_axi_ar);
        ReadIn::<IDW, DW>::link(&mut self.m0_axi_r, &mut self.tbus[0].m_axi_r);
        AddrIn::<IDW, 49, 16>::link(&mut self.s1_axi_aw, &mut self.tbus[1].s_axi_aw);
        WriteIn::<DW, SW>::link(&mut self.s1_axi_w, &mut self.tbus[1].s_axi_w);
        RespOut::<IDW>::link(&mut self.s1_axi_b, &mut self.tbus[1].s_axi_b);
        AddrIn::<IDW, 49, 16>::link(&mut self.s1_axi_ar, &mut self.tbus[1].s_axi_ar);
        ReadOut::<IDW, DW>::link(&mut self.s1_axi_r, &mut self.tbus[1].s_axi_r);
        AddrOut::<IDW, 48, 22>::link(&mut self.m1_axi_aw, &mut self.tbus[1].m_axi_aw);
        WriteOut::<DW, SW>::link(&mut self.m1_axi_w, &mut self.tbus[1].m_axi_w);
        RespIn::<IDW>::link(&mut self.m1_axi_b, &mut self.tbus[1].m_axi_b);
        AddrOut::<IDW, 48, 22>::link(&mut self.m1_axi_ar, &mut self.tbus[1].m_axi_ar);
        ReadIn::<IDW, DW>::link(&mut self.m1_axi_r, &mut self.tbus[1].m_axi_r);
        AddrIn::<IDW, 49, 16>::link(&mut self.s2_axi_aw, &mut self.tbus[2].s_axi_aw);
        WriteIn::<DW, SW>::link(&mut self.s2_axi_w, &mut self.tbus[2].s_axi_w);
        RespOut::<IDW>::link(&mut self.s2_axi_b, &mut self.tbus[2].s_axi_b);
        AddrIn::<IDW, 49, 16>::link(&mut self.s2_axi_ar, &mut self.tbus[2].s_axi_ar);
        ReadOut::<IDW, DW>::link(&mut self.s2_axi_r, &mut self.tbus[2].s_axi_r);
        AddrOut::<IDW, 48, 22>::link(&mut self.m2_axi_aw, &mut self.tbus[2].m_axi_aw);
        WriteOut::<DW, SW>::link(&mut self.m2_axi_w, &mut self.tbus[2].m_axi_w);
        RespIn::<IDW>::link(&mut self.m2_axi_b, &mut self.tbus[2].m_axi_b);
        AddrOut::<IDW, 48, 22>::link(&mut self.m2_axi_ar, &mut self.tbus[2].m_axi_ar);
        ReadIn::<IDW, DW>::link(&mut self.m2_axi_r, &mut self.tbus[2].m_axi_r);
        AddrIn::<IDW, 49, 16>::link(&mut self.s3_axi_aw, &mut self.tbus[3].s_axi_aw);
        WriteIn::<DW, SW>::link(&mut self.s3_axi_w, &mut self.tbus[3].s_axi_w);
        RespOut::<IDW>::link(&mut self.s3_axi_b, &mut self.tbus[3].s_axi_b);
        AddrIn::<IDW, 49, 16>::link(&mut self.s3_axi_ar, &mut self.tbus[3].s_axi_ar);
        ReadOut::<IDW, DW>::link(&mut self.s3_axi_r, &mut self.tbus[3].s_axi_r);
        AddrOut::<IDW, 48, 22>::link(&mut self.m3_axi_aw, &mut self.tbus[3].m_axi_aw);
        WriteOut::<DW, SW>::link(&mut self.m3_axi_w, &mut self.tbus[3].m_axi_w);
        RespIn::<IDW>::link(&mut self.m3_axi_b, &mut self.tbus[3].m_axi_b);
        AddrOut::<IDW, 48, 22>::link(&mut self.m3_axi_ar, &mut self.tbus[3].m_axi_ar);
        ReadIn::<IDW, DW>::link(&mut self.m3_axi_r, &mut self.tbus[3].m_axi_r);

        // Who asks.
        self.l_rd_valid.next = 0.into();
        self.l_wr_valid.next = 0.into();
        for i in 0..4 {
            self.tbus[i].clock.next = self.clock.val();
            self.tbus[i].aresetn.next = self.aresetn.val();
            if self.tbus[i].rd_req_valid.val() {
                self.l_rd_valid.next = self.l_rd_valid.val().replace_bit(i, true);
            }
            if self.tbus[i].wr_req_valid.val() {
                self.l_wr_valid.next = self.l_wr_valid.val().replace_bit(i, true);
            }
        }
        self.tickets.rd_valid.next = self.l_rd_valid.val();
        self.tickets.wr_valid.next = self.l_wr_valid.val();

        // Whose turn it is.
        self.l_rd_pick.next = self.tickets.rd_pick.val();
        self.l_wr_pick.next = self.tickets.wr_pick.val();
        self.l_rd_tag.next = 0.into();
        self.l_wr_tag.next = 0.into();
        self.rd_req_sid.next = 0.into();
        self.rd_req_va.next = 0.into();
        self.rd_req_prot.next = 0.into();
        self.rd_req_uut.next = false;
        self.wr_req_sid.next = 0.into();
        self.wr_req_va.next = 0.into();
        self.wr_req_prot.next = 0.into();
        self.wr_req_uut.next = false;
        for i in 0..4 {
            if self.l_rd_pick.val().get_bit(i) {
                self.l_rd_tag.next = self.tbus[i].rd_req_tag.val();
                self.rd_req_sid.next = self.tbus[i].rd_req_sid.val();
                self.rd_req_va.next = self.tbus[i].rd_req_va.val();
                self.rd_req_prot.next = self.tbus[i].rd_req_prot.val();
                self.rd_req_uut.next = self.tbus[i].rd_req_uut.val();
            }
            if self.l_wr_pick.val().get_bit(i) {
                self.l_wr_tag.next = self.tbus[i].wr_req_tag.val();
                self.wr_req_sid.next = self.tbus[i].wr_req_sid.val();
                self.wr_req_va.next = self.tbus[i].wr_req_va.val();
                self.wr_req_prot.next = self.tbus[i].wr_req_prot.val();
                self.wr_req_uut.next = self.tbus[i].wr_req_uut.val();
            }
        }
        self.tickets.rd_tag.next = self.l_rd_tag.val();
        self.rd_req_valid.next = self.tickets.rd_go.val();
        self.rd_req_tag.next = self.tickets.ticket.val();
        self.tickets.rd_ready.next = self.rd_req_ready.val();
        self.l_rd_taken.next = self.rd_req_ready.val() & self.tickets.rd_go.val();
        self.tickets.wr_tag.next = self.l_wr_tag.val();
        self.wr_req_valid.next = self.tickets.wr_go.val();
        self.wr_req_tag.next = self.tickets.ticket.val();
        self.tickets.wr_ready.next = self.wr_req_ready.val();
        self.l_wr_taken.next = self.wr_req_ready.val() & self.tickets.wr_go.val();

        // Answers to one, everything else to all.
        self.tickets.rsp_valid.next = self.rsp_valid.val();
        self.tickets.rsp_tag.next = self.rsp_tag.val();
        self.l_drained.next = 0.into();
        for i in 0..4 {
            self.tbus[i].rd_req_ready.next = self.l_rd_taken.val() & self.l_rd_pick.val().get_bit(i);
            self.tbus[i].wr_req_ready.next = self.l_wr_taken.val() & self.l_wr_pick.val().get_bit(i);
            self.tbus[i].rsp_valid.next = self.tickets.rsp_of.val().get_bit(i);
            self.tbus[i].rsp_tag.next = self.tickets.rsp_tag_of.val();
            self.tbus[i].rsp_wr.next = self.rsp_wr.val();
            self.tbus[i].rsp_fault.next = self.rsp_fault.val();
            self.tbus[i].rsp_raz.next = self.rsp_raz.val();
            self.tbus[i].rsp_fill.next = self.rsp_fill.val();
            self.tbus[i].rsp_ppn.next = self.rsp_ppn.val();
            self.tbus[i].rsp_mask.next = self.rsp_mask.val();
            self.tbus[i].rsp_perm.next = self.rsp_perm.val();
            self.tbus[i].rsp_ng.next = self.rsp_ng.val();
            self.tbus[i].rsp_asid.next = self.rsp_asid.val();
            self.tbus[i].rsp_vmid.next = self.rsp_vmid.val();
            self.tbus[i].rsp_attr.next = self.rsp_attr.val();
            self.tbus[i].rsp_part.next = self.rsp_part.val();
            self.tbus[i].rsp_bank.next = self.rsp_bank.val();
            self.tbus[i].rsp_hold.next = self.rsp_hold.val();
            self.tbus[i].wake_valid.next = 0.into();
            if self.wake_valid.val().get_bit(i) {
                self.tbus[i].wake_valid.next = 1.into();
            }
            self.tbus[i].wake_wr.next = self.wake_wr.val();
            self.tbus[i].wake_tag.next = self.wake_tag.val();
            self.tbus[i].wake_refuse.next = self.wake_refuse.val();
            self.tbus[i].wake_raz.next = self.wake_raz.val();
            self.tbus[i].ask_tag.next = 0.into();
            self.tbus[i].inv_valid.next = self.inv_valid.val();
            self.tbus[i].inv_use_hyp.next = self.inv_use_hyp.val();
            self.tbus[i].inv_hyp.next = self.inv_hyp.val();
            self.tbus[i].inv_use_vmid.next = self.inv_use_vmid.val();
            self.tbus[i].inv_vmid.next = self.inv_vmid.val();
            self.tbus[i].inv_use_asid.next = self.inv_use_asid.val();
            self.tbus[i].inv_asid.next = self.inv_asid.val();
            self.tbus[i].inv_use_va.next = self.inv_use_va.val();
            self.tbus[i].inv_vpn.next = self.inv_vpn.val();
            self.tbus[i].inv_leaf.next = self.inv_leaf.val();
            self.tbus[i].drop_all.next = self.drop_all.val();
            self.tbus[i].sync_flip.next = self.sync_flip.val();
            if self.tbus[i].old_drained.val() {
                self.l_drained.next = self.l_drained.val().replace_bit(i, true);
            }
        }
        self.old_drained.next = self.l_drained.val().all();

        // Events, the first TBU's lowest.
        self.l_read.next = 0.into();
        self.l_written.next = 0.into();
        self.l_refused.next = 0.into();
        self.l_refill.next = 0.into();
        for i in 0..4 {
            self.tbus[i].walked.next = 0.into();
            if self.tickets.rsp_of.val().get_bit(i) {
                self.tbus[i].walked.next = self.walked.val();
            }
            self.l_read.next = (self.l_read.val() >> 27) | (self.tbus[i].ev_read.val() << 81);
            self.l_written.next = (self.l_written.val() >> 27) | (self.tbus[i].ev_written.val() << 81);
            self.l_refused.next = (self.l_refused.val() >> 27) | (self.tbus[i].ev_refused.val() << 81);
            self.l_refill.next = (self.l_refill.val() >> 27) | (self.tbus[i].ev_refill.val() << 81);
        }
        self.ev_read.next = self.l_read.val();
        self.ev_written.next = self.l_written.val();
        self.ev_refused.next = self.l_refused.val();
        self.ev_refill.next = self.l_refill.val();

        // Held transactions.
        self.rsp_of.next = self.tickets.rsp_of.val();
        self.rsp_tag_of.next = self.tickets.rsp_tag_of.val();
        self.tickets.ask_tag.next = self.ask_tag.val();
        self.ask_of.next = self.tickets.ask_of.val();
        self.ask_tag_of.next = self.tickets.ask_tag_of.val();
        self.l_left.next = 0.into();
        self.l_rd_crowded.next = 0.into();
        self.l_wr_crowded.next = 0.into();
        for i in 0..4 {
            self.l_of_one.next = self.tbus[i].left.val();
            self.l_left.next = (self.l_left.val() >> 32) | (bit_cast::<128, 32>(self.l_of_one.val()) << 96);
            self.l_rd_crowded.next = (self.l_rd_crowded.val() >> 1) | (self.tbus[i].rd_crowded.val() << 3);
            self.l_wr_crowded.next = (self.l_wr_crowded.val() >> 1) | (self.tbus[i].wr_crowded.val() << 3);
        }
        self.left.next = self.l_left.val();
        self.rd_crowded.next = self.l_rd_crowded.val();
        self.wr_crowded.next = self.l_wr_crowded.val();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::synthesis_check;

    #[test]
    fn synthesizes() {
        synthesis_check(TbuGroup::<4, 4, 2, 64, 8>::default());
    }
}
