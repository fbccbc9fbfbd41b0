//! The whole unit: its two forms. Behaviour is in `rtl/tests/tbu.rs`.

use super::*;
use crate::drive;
use crate::params::{Params, MINI, SM8550};
use crate::testing::{equivalence, synthesis_check, Stimulus};

#[test]
fn synthesizes() {
    synthesis_check(Tbu::<8, 4, 4, 64, 8>::new(&MINI));
    synthesis_check(Tbu::<8, 4, 4, 64, 8>::new(&MINI.with_everything()));
}

#[test]
fn keeps_to_the_house_rules() {
    let mut unit = Tbu::<8, 4, 4, 64, 8>::new(&MINI);
    unit.connect_all();
    let violations = crate::lint::check(&unit);
    assert!(violations.is_empty(), "{violations:#?}");
}

#[test]
fn synthesizes_at_full_size() {
    synthesis_check(Tbu::<32, 16, 6, 128, 16>::new(&SM8550));
}

/// Random traffic in which requests are answered, with the tags that were asked.
fn traffic(asked: &mut [Vec<u64>; 2]) -> impl FnMut(&mut Stimulus) + '_ {
    move |s| {
        if s.get("aresetn") == 0 {
            asked.iter_mut().for_each(Vec::clear);
        }
        for ch in ["s_axi_ar", "s_axi_aw"] {
            let page = s.random.below(6);
            let offset = s.random.below(4096);
            s.set(&format!("{ch}.addr"), page << 12 | offset);
            s.below(&format!("{ch}.user"), 2);
            s.below(&format!("{ch}.id"), 4);
            s.below(&format!("{ch}.len"), 4);
            s.below(&format!("{ch}.size"), 4);
            s.set(&format!("{ch}.burst"), 1u8);
        }
        let mut rsp = None;
        for (ch, name) in ["rd", "wr"].into_iter().enumerate() {
            let ready = s.get(&format!("{name}_req_ready")) == 1;
            if s.output(&format!("{name}_req_valid")) == 1 && ready && s.get("aresetn") == 1 {
                asked[ch].push(s.output(&format!("{name}_req_tag")) as u64);
            }
        }
        let ch = s.random.below(2) as usize;
        if s.random.chance(1, 6) && !asked[ch].is_empty() {
            let at = s.random.below(asked[ch].len() as u64) as usize;
            rsp = Some(asked[ch].swap_remove(at));
        }
        s.set("rsp_valid", u8::from(rsp.is_some()));
        s.set("rsp_wr", ch as u64);
        s.set("rsp_tag", rsp.unwrap_or(0));
        s.often("rsp_fault", 1, 6);
        s.often("rsp_hold", 1, 2);
        s.often("wake_valid", 1, 8);
        s.below("wake_tag", 4);
        s.often("rsp_fill", 3, 4);
        s.often("inv_valid", 1, 40);
        s.often("drop_all", 1, 100);
        s.often("sync_flip", 1, 50);
        for pin in ["m_axi_r.valid", "m_axi_b.valid"] {
            s.often(pin, 1, 4);
        }
        s.often("m_axi_r.last", 1, 2);
        s.often("s_axi_w.last", 1, 2);
        let size = s.random.pick(&[0, 0, 0, 1, 3, 7]);
        s.set("rsp_mask", (1u64 << size) - 1);
    }
}

#[test]
fn verilog_agrees() {
    agrees(&MINI, 1);
}

#[test]
fn verilog_agrees_with_everything() {
    agrees(&MINI.with_everything(), 2);
}

fn agrees(params: &Params, seed: u64) {
    let mut asked = [Vec::new(), Vec::new()];
    equivalence(
        || Tbu::<8, 4, 4, 64, 8>::new(params),
        4000,
        seed,
        drive!(
            clock,
            aresetn,
            s_axi_aw,
            s_axi_w,
            s_axi_b,
            s_axi_ar,
            s_axi_r,
            m_axi_aw,
            m_axi_w,
            m_axi_b,
            m_axi_ar,
            m_axi_r,
            rd_req_ready,
            wr_req_ready,
            rsp_hold,
            wake_valid,
            wake_wr,
            wake_tag,
            ask_tag,
            wake_refuse,
            wake_raz,
            rsp_valid,
            rsp_wr,
            rsp_tag,
            rsp_fault,
            rsp_raz,
            rsp_fill,
            rsp_ppn,
            rsp_mask,
            rsp_perm,
            rsp_ng,
            rsp_asid,
            rsp_vmid,
            rsp_attr,
            rsp_part,
            rsp_bank,
            walked,
            inv_valid,
            inv_use_hyp,
            inv_hyp,
            inv_use_vmid,
            inv_vmid,
            inv_use_asid,
            inv_asid,
            inv_use_va,
            inv_vpn,
            inv_leaf,
            drop_all,
            sync_flip
        ),
        traffic(&mut asked),
    );
}
