//! The address pipe: its two forms. What it does is tested in the whole unit (`rtl/tests/tbu.rs`).

use super::*;
use crate::drive;
use crate::testing::{equivalence, synthesis_check, Stimulus};

macro_rules! pins {
    () => {
        drive!(
            clock, aresetn, s_valid, s_beat, sel_hit, sel_ppn, sel_mask, sel_attr, sel_bank, m_ready, req_ready, rsp_valid,
            rsp_tag, rsp_fault, rsp_raz, rsp_fill, rsp_ppn, rsp_mask, rsp_attr, rsp_bank, drop_all, limit, err_done
        )
    };
}

#[test]
fn synthesizes() {
    synthesis_check(AddrPipe::<4, 4>::new(false, 64, 48, false));
    synthesis_check(AddrPipe::<16, 6>::new(true, 128, 36, true));
}

/// Tags that are asked, errors only when shown, few ids and pages.
fn plausible(s: &mut Stimulus, entries: u64) {
    let id = u128::from(s.random.below(3));
    let page = u128::from(s.random.below(3));
    let prot = u128::from(s.random.below(8));
    let beat = s.random.bits(12) | page << 12 | id << 93 | prot << 67 | 2 << 57 | 1 << 60 | 3 << 49;
    let odd = s.random.chance(1, 10);
    let odd_beat = s.random.bits(103);
    s.set("s_beat", if odd { odd_beat } else { beat });
    s.often("sel_hit", 1, 2);
    s.often("rsp_valid", 1, 4);
    s.below("rsp_tag", entries);
    s.often("limit", 1, 20);
    s.often("drop_all", 1, 30);
    s.often("rsp_fault", 1, 3);
    let shown = s.output("err_valid") == 1 && s.random.chance(1, 2);
    s.set("err_done", u8::from(shown));
    let size = s.random.below(8);
    s.set("rsp_mask", (1u8 << size) - 1);
}

#[test]
fn verilog_agrees() {
    equivalence(|| AddrPipe::<4, 4>::new(false, 64, 48, false), 3000, 1, pins!(), |s| plausible(s, 4));
    equivalence(|| AddrPipe::<4, 4>::new(true, 128, 36, true).counting(true), 3000, 2, pins!(), |s| plausible(s, 4));
    equivalence(|| AddrPipe::<16, 6>::new(false, 64, 48, false), 2000, 3, pins!(), |s| plausible(s, 16));
}
