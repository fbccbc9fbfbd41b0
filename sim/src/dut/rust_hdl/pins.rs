//! The pins of the top, between the device trait's structures and the circuit's port fields.

use crate::dut::{AddrBeat, AxiToMaster, Inputs, LiteToSlave, Outputs};
use ::rust_hdl::prelude::Block;
use bitvec::field::BitField;
use smmu_rtl::axi::{AddrIn, AddrOut};
use smmu_rtl::smmu::{Smmu, SmmuMulti};

/// A circuit with the SMMU's pins.
pub trait Pins: Block {
    /// Sets the clock pin.
    fn set_clock(&mut self, level: bool);
    /// Sets every other input pin.
    fn drive(&mut self, inputs: &Inputs);
    /// Reads every output pin.
    fn sample(&self, outputs: &mut Outputs);
}

/// An address payload onto a channel that the circuit receives.
fn drive_addr<const IDW: usize, const AW: usize, const UW: usize>(
    channel: &mut AddrIn<IDW, AW, UW>,
    valid: bool,
    beat: &AddrBeat,
) {
    channel.valid.next = valid;
    channel.id.next = beat.id.into();
    channel.addr.next = beat.addr.into();
    channel.len.next = beat.len.into();
    channel.size.next = beat.size.into();
    channel.burst.next = beat.burst.into();
    channel.lock.next = beat.lock;
    channel.cache.next = beat.cache.into();
    channel.prot.next = beat.prot.into();
    channel.qos.next = beat.qos.into();
    channel.region.next = beat.region.into();
    channel.user.next = beat.user.into();
}

/// The address payload of a channel that the circuit drives.
fn sample_addr<const IDW: usize, const AW: usize, const UW: usize>(channel: &AddrOut<IDW, AW, UW>) -> AddrBeat {
    AddrBeat {
        id: channel.id.val().raw() as u32,
        addr: channel.addr.val().u64(),
        len: channel.len.val().raw() as u8,
        size: channel.size.val().raw() as u8,
        burst: channel.burst.val().raw() as u8,
        lock: channel.lock.val(),
        cache: channel.cache.val().raw() as u8,
        prot: channel.prot.val().raw() as u8,
        qos: channel.qos.val().raw() as u8,
        region: channel.region.val().raw() as u8,
        user: channel.user.val().raw() as u32,
    }
}

/// The pins of a top with these client and downstream ports.
macro_rules! pins {
    (
        $top:ident,
        clients: $($s_aw:ident $s_w:ident $s_b:ident $s_ar:ident $s_r:ident),+;
        downstream: $($m_aw:ident $m_w:ident $m_b:ident $m_ar:ident $m_r:ident),+;
    ) => {
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
    > Pins for $top<SMR, SI, CB, BI, RI, RA, UTLB, SW, DA, W2, MISSQ, IDW, DW, DS, RAW>
{
    fn set_clock(&mut self, level: bool) {
        self.aclk.next = level.into();
    }

    fn drive(&mut self, inputs: &Inputs) {
        self.aresetn.next = inputs.aresetn;
        let mut clients = inputs.s_axi.iter().copied();
        $(
            let client = clients.next().unwrap_or_default();
            drive_addr(&mut self.$s_aw, client.awvalid, &client.aw);
            self.$s_w.valid.next = client.wvalid;
            self.$s_w.data.next = client.w.data.into();
            self.$s_w.strb.next = client.w.strb.into();
            self.$s_w.last.next = client.w.last;
            self.$s_b.ready.next = client.bready;
            drive_addr(&mut self.$s_ar, client.arvalid, &client.ar);
            self.$s_r.ready.next = client.rready;
        )+

        let mut memories = inputs.m_axi.iter().copied();
        $(
            let AxiToMaster { awready, wready, bvalid, b, arready, rvalid, r } = memories.next().unwrap_or_default();
            self.$m_aw.ready.next = awready;
            self.$m_w.ready.next = wready;
            self.$m_b.valid.next = bvalid;
            self.$m_b.id.next = b.id.into();
            self.$m_b.resp.next = b.resp.into();
            self.$m_ar.ready.next = arready;
            self.$m_r.valid.next = rvalid;
            self.$m_r.id.next = r.id.into();
            self.$m_r.data.next = r.data.into();
            self.$m_r.resp.next = r.resp.into();
            self.$m_r.last.next = r.last;
        )+

        let walk = &inputs.m_axi_ptw;
        self.m_axi_ptw_ar.ready.next = walk.arready;
        self.m_axi_ptw_r.valid.next = walk.rvalid;
        self.m_axi_ptw_r.id.next = walk.r.id.into();
        self.m_axi_ptw_r.data.next = walk.r.data.into();
        self.m_axi_ptw_r.resp.next = walk.r.resp.into();
        self.m_axi_ptw_r.last.next = walk.r.last;

        let LiteToSlave { awvalid, awaddr, wvalid, wdata, wstrb, bready, arvalid, araddr, rready } = inputs.ctrl;
        self.s_axil_ctrl_aw.valid.next = awvalid;
        self.s_axil_ctrl_aw.addr.next = awaddr.into();
        self.s_axil_ctrl_w.valid.next = wvalid;
        self.s_axil_ctrl_w.data.next = wdata.into();
        self.s_axil_ctrl_w.strb.next = wstrb.into();
        self.s_axil_ctrl_b.ready.next = bready;
        self.s_axil_ctrl_ar.valid.next = arvalid;
        self.s_axil_ctrl_ar.addr.next = araddr.into();
        self.s_axil_ctrl_r.ready.next = rready;
    }

    fn sample(&self, outputs: &mut Outputs) {
        let mut clients = outputs.s_axi.iter_mut();
        $(
            if let Some(client) = clients.next() {
                client.awready = self.$s_aw.ready.val();
                client.wready = self.$s_w.ready.val();
                client.bvalid = self.$s_b.valid.val();
                client.b.id = self.$s_b.id.val().raw() as u32;
                client.b.resp = self.$s_b.resp.val().raw() as u8;
                client.arready = self.$s_ar.ready.val();
                client.rvalid = self.$s_r.valid.val();
                client.r.id = self.$s_r.id.val().raw() as u32;
                client.r.data = self.$s_r.data.val().raw();
                client.r.resp = self.$s_r.resp.val().raw() as u8;
                client.r.last = self.$s_r.last.val();
            }
        )+
        let mut memories = outputs.m_axi.iter_mut();
        $(
            if let Some(memory) = memories.next() {
                memory.awvalid = self.$m_aw.valid.val();
                memory.aw = sample_addr(&self.$m_aw);
                memory.wvalid = self.$m_w.valid.val();
                memory.w.data = self.$m_w.data.val().raw();
                memory.w.strb = self.$m_w.strb.val().raw() as u16;
                memory.w.last = self.$m_w.last.val();
                memory.bready = self.$m_b.ready.val();
                memory.arvalid = self.$m_ar.valid.val();
                memory.ar = sample_addr(&self.$m_ar);
                memory.rready = self.$m_r.ready.val();
            }
        )+

        outputs.m_axi_ptw.arvalid = self.m_axi_ptw_ar.valid.val();
        outputs.m_axi_ptw.ar = sample_addr(&self.m_axi_ptw_ar);
        outputs.m_axi_ptw.rready = self.m_axi_ptw_r.ready.val();

        let ctrl = &mut outputs.ctrl;
        ctrl.awready = self.s_axil_ctrl_aw.ready.val();
        ctrl.wready = self.s_axil_ctrl_w.ready.val();
        ctrl.bvalid = self.s_axil_ctrl_b.valid.val();
        ctrl.bresp = self.s_axil_ctrl_b.resp.val().raw() as u8;
        ctrl.arready = self.s_axil_ctrl_ar.ready.val();
        ctrl.rvalid = self.s_axil_ctrl_r.valid.val();
        ctrl.rdata = self.s_axil_ctrl_r.data.val().u64();
        ctrl.rresp = self.s_axil_ctrl_r.resp.val().raw() as u8;

        outputs.irq_global = self.irq_global.val();
        let levels = self.irq_context.val().raw();
        outputs.irq_context[..64].store_le(levels as u64);
        outputs.irq_context[64..].store_le((levels >> 64) as u64);
        outputs.irq_pmu = self.irq_pmu.val();
    }
}
    };
}

pins! {
    Smmu,
    clients: s_axi_aw s_axi_w s_axi_b s_axi_ar s_axi_r;
    downstream: m_axi_aw m_axi_w m_axi_b m_axi_ar m_axi_r;
}

pins! {
    SmmuMulti,
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
