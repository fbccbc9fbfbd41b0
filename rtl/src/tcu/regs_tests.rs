//! Tests of the register block as a whole: a master on the register port, a translation front that grants, caches that apply.

use super::regs::*;
use crate::params::{Params, MINI, ZYNQMP};
use crate::prelude::*;
use crate::registers::*;

mod access;
mod blocks;
mod faults;
mod features;
mod maintenance;

type Mini = Regs<4, 2, 3, 8, 17>;

/// One pulse of the configuration bus: kind, index, value.
type Change = (u128, u128, u64);

/// What a TLB maintenance command asks for.
#[derive(Debug, PartialEq, Eq, Clone, Copy, Default)]
struct Op {
    hyp: Option<bool>,
    vmid: Option<u128>,
    asid: Option<u128>,
    vpn: Option<u128>,
    leaf: bool,
}

/// The block and its surroundings.
struct Bench<const CB: usize, const BI: usize, const RI: usize, const AW: usize, const RAW: usize> {
    uut: Regs<CB, BI, RI, AW, RAW>,
    params: &'static Params,
    /// Cycles from `cw_req` to the grant, and from `op_valid` to `op_ready`; `None`: never.
    grant_after: Option<usize>,
    apply_after: Option<usize>,
    waited_grant: usize,
    waited_apply: usize,
    changes: Vec<Change>,
    ops: Vec<Op>,
    flips: usize,
    cycles: usize,
}

impl<const CB: usize, const BI: usize, const RI: usize, const AW: usize, const RAW: usize> Bench<CB, BI, RI, AW, RAW> {
    /// A block out of reset, its reset sequence done.
    fn new(params: &'static Params) -> Self {
        let mut uut = Regs::new(params);
        uut.connect_all();
        let mut bench = Self {
            uut,
            params,
            grant_after: Some(3),
            apply_after: Some(5),
            waited_grant: 0,
            waited_apply: 0,
            changes: vec![],
            ops: vec![],
            flips: 0,
            cycles: 0,
        };
        bench.reset();
        bench
    }

    fn reset(&mut self) {
        self.uut.aresetn.next = false;
        self.uut.old_drained.next = true;
        for _ in 0..3 {
            self.tick();
        }
        self.changes.clear();
        self.uut.aresetn.next = true;
        self.until(32 * CB + 1000, |b| b.uut.init_done.val());
    }

    /// One clock cycle.
    fn tick(&mut self) {
        let uut = &mut self.uut;
        let due = |after: Option<usize>, waited: usize| after.is_some_and(|after| waited >= after);
        self.waited_grant = if uut.cw_req.val() { self.waited_grant + 1 } else { 0 };
        uut.cw_grant.next = uut.cw_req.val() && due(self.grant_after, self.waited_grant);
        self.waited_apply = if uut.op_valid.val() { self.waited_apply + 1 } else { 0 };
        let apply = uut.op_valid.val() && due(self.apply_after, self.waited_apply);
        if apply {
            self.waited_apply = 0;
        }
        uut.op_ready.next = apply;
        uut.clock.next = Clock { clk: false };
        assert!(simulate(uut, 100), "settles");
        // All inputs of the cycle stand: these are the pulses that the next edge takes.
        if uut.cw_valid.val() {
            self.changes.push((uut.cw_kind.val().raw(), uut.cw_index.val().raw(), uut.cw_data.val().u64()));
        }
        assert_eq!(uut.inv_valid.val(), apply, "micro TLBs get the command when it is applied");
        if apply {
            let some = |used: bool, value: u128| used.then_some(value);
            self.ops.push(Op {
                hyp: uut.inv_use_hyp.val().then_some(uut.inv_hyp.val()),
                vmid: some(uut.inv_use_vmid.val(), uut.inv_vmid.val().raw()),
                asid: some(uut.inv_use_asid.val(), uut.inv_asid.val().raw()),
                vpn: some(uut.inv_use_va.val(), uut.inv_vpn.val().raw()),
                leaf: uut.inv_leaf.val(),
            });
        }
        self.flips += usize::from(uut.sync_flip.val());
        uut.clock.next = Clock { clk: true };
        assert!(simulate(uut, 100), "settles");
        self.cycles += 1;
    }

    fn until(&mut self, limit: usize, condition: impl Fn(&Self) -> bool) {
        for _ in 0..limit {
            if condition(self) {
                return;
            }
            self.tick();
        }
        panic!("not within {limit} cycles");
    }

    /// Puts a write on the channels and returns when both have taken it.
    fn post_write(&mut self, offset: u32, data: u64, strb: u8) {
        self.uut.s_axil_ctrl_aw.valid.next = true;
        self.uut.s_axil_ctrl_aw.addr.next = u64::from(offset).into();
        self.uut.s_axil_ctrl_w.valid.next = true;
        self.uut.s_axil_ctrl_w.data.next = data.into();
        self.uut.s_axil_ctrl_w.strb.next = strb.into();
        assert!(self.uut.s_axil_ctrl_aw.ready.val() && self.uut.s_axil_ctrl_w.ready.val(), "no write before is pending");
        self.tick();
        self.uut.s_axil_ctrl_aw.valid.next = false;
        self.uut.s_axil_ctrl_w.valid.next = false;
    }

    /// A write with strobes, to its response.
    fn write_strobed(&mut self, offset: u32, data: u64, strb: u8) {
        self.post_write(offset, data, strb);
        self.until(200, |b| b.uut.s_axil_ctrl_b.valid.val());
        assert_eq!(self.uut.s_axil_ctrl_b.resp.val(), 0, "always OKAY");
        self.uut.s_axil_ctrl_b.ready.next = true;
        self.tick();
        self.uut.s_axil_ctrl_b.ready.next = false;
    }

    fn write32_at(&mut self, offset: u32, value: u32) {
        let (shift, strb) = if offset & 4 == 0 { (0, 0x0F) } else { (32, 0xF0) };
        self.write_strobed(offset, u64::from(value) << shift, strb);
    }

    fn write32(&mut self, id: RegId, index: usize, value: u32) {
        self.write32_at(id.offset(self.params, index), value);
    }

    fn write64(&mut self, id: RegId, index: usize, value: u64) {
        self.write_strobed(id.offset(self.params, index) & !7, value, 0xFF);
    }

    fn post_read(&mut self, offset: u32) {
        self.uut.s_axil_ctrl_ar.valid.next = true;
        self.uut.s_axil_ctrl_ar.addr.next = u64::from(offset).into();
        assert!(self.uut.s_axil_ctrl_ar.ready.val(), "no read before is pending");
        self.tick();
        self.uut.s_axil_ctrl_ar.valid.next = false;
    }

    /// The whole aligned word at an offset.
    fn read64_at(&mut self, offset: u32) -> u64 {
        self.post_read(offset);
        self.until(200, |b| b.uut.s_axil_ctrl_r.valid.val());
        assert_eq!(self.uut.s_axil_ctrl_r.resp.val(), 0, "always OKAY");
        let value = self.uut.s_axil_ctrl_r.data.val().u64();
        self.uut.s_axil_ctrl_r.ready.next = true;
        self.tick();
        self.uut.s_axil_ctrl_r.ready.next = false;
        value
    }

    fn read32_at(&mut self, offset: u32) -> u32 {
        (self.read64_at(offset) >> (8 * (offset & 4))) as u32
    }

    /// A register's value, 32 or 64 bits.
    fn read(&mut self, id: RegId, index: usize) -> u64 {
        let offset = id.offset(self.params, index);
        if id.register().width == 64 {
            self.read64_at(offset)
        } else {
            self.read32_at(offset).into()
        }
    }

    /// One fault event; `global` or the bank.
    fn fault(&mut self, fault: Fault) {
        let uut = &mut self.uut;
        uut.flt_valid.next = true;
        uut.flt_global.next = fault.bank.is_none();
        uut.flt_bank.next = fault.bank.unwrap_or(0).into();
        uut.flt_code.next = fault.code.into();
        uut.flt_plvl.next = fault.level.into();
        uut.flt_ptwf.next = fault.ptwf;
        uut.flt_wnr.next = fault.write;
        uut.flt_pnu.next = fault.privileged;
        uut.flt_ind.next = fault.instruction;
        uut.flt_sid.next = fault.stream.into();
        uut.flt_va.next = fault.va.into();
        self.tick();
        self.uut.flt_valid.next = false;
    }
}

/// A fault event.
#[derive(Clone, Copy, Default)]
struct Fault {
    bank: Option<usize>,
    code: u64,
    level: u64,
    ptwf: bool,
    write: bool,
    privileged: bool,
    instruction: bool,
    stream: u64,
    va: u64,
}

type MiniBench = Bench<4, 2, 3, 8, 17>;
type ZynqmpBench = Bench<16, 4, 5, 10, 17>;

fn mini() -> MiniBench {
    Bench::new(&MINI)
}

fn zynqmp() -> ZynqmpBench {
    Bench::new(&ZYNQMP)
}

#[test]
fn synthesizes() {
    crate::testing::synthesis_check(Mini::new(&MINI.with_everything()));
}

#[test]
fn verilog_agrees() {
    let offsets: Vec<u32> = RegId::all().map(|id| id.offset(&MINI, 0)).collect();
    let mut pick = 0usize;
    crate::testing::equivalence(
        || Mini::new(&MINI.with_everything()),
        8000,
        21,
        crate::drive!(
            clock,
            aresetn,
            s_axil_ctrl_aw,
            s_axil_ctrl_w,
            s_axil_ctrl_b,
            s_axil_ctrl_ar,
            s_axil_ctrl_r,
            cw_grant,
            flt_valid,
            flt_global,
            flt_bank,
            flt_code,
            flt_plvl,
            flt_ptwf,
            flt_wnr,
            flt_pnu,
            flt_ind,
            flt_sid,
            flt_va,
            flt_stage2,
            flt_nested,
            flt_s1ptwf,
            flt_s1bank,
            flt_ipa,
            ev_read,
            ev_written,
            ev_refused,
            ev_refill,
            ats_req_ready,
            ats_valid,
            ats_fault,
            ats_ppn,
            ats_mask,
            ats_attr,
            op_ready,
            rows_busy,
            old_drained
        ),
        |s| {
            // Reset now and then, seldom enough for the reset sequence (about 250 cycles) to end.
            if s.output("init_done") == 0 || !pick.is_multiple_of(1500) {
                let low = pick < 3;
                s.set("aresetn", u128::from(!low));
            }
            pick += 1;
            s.set("s_axil_ctrl_aw$addr", u128::from(offsets[pick * 5 % offsets.len()]));
            s.set("s_axil_ctrl_ar$addr", u128::from(offsets[pick * 11 % offsets.len()]));
            if !pick.is_multiple_of(9) {
                let strobes = [0xFFu128, 0x0F, 0xF0, 0xFF][pick % 4];
                s.set("s_axil_ctrl_w$strb", strobes);
            }
            s.often("flt_valid", 1, 20);
            s.below("flt_bank", 4);
            s.often("op_ready", 1, 4);
            s.often("cw_grant", 1, 2);
            s.often("old_drained", 1, 2);
        },
    );
}
