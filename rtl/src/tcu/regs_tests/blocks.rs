//! The two largest parts by themselves: RustHDL and Verilog.

use crate::drive;
use crate::params::S1CbndxStrap;
use crate::params::{Params, Straps, MINI, ZYNQMP};
use crate::tcu::fault_recorder::FaultRecorder;
use crate::tcu::regs_access::RegsAccess;
use crate::testing::{equivalence, synthesis_check};

type MiniRecorder = FaultRecorder<4, 2, 3>;

#[test]
fn recorder_synthesizes() {
    synthesis_check(MiniRecorder::new(&MINI));
}

#[test]
fn recorder_verilog_agrees() {
    let strapped = Params { straps: Straps { s1cbndx: S1CbndxStrap::PhysicalBank, nsattr: true, ..MINI.straps }, ..MINI };
    equivalence(
        || MiniRecorder::new(&strapped.with_everything()),
        6000,
        9,
        drive!(
            clock,
            aresetn,
            clear,
            clear_index,
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
            rec_index,
            rec_data,
            rec_far_low,
            rec_far_high,
            rec_ipa_low,
            rec_ipa_high,
            rec_syn,
            rec_sid,
            rec_clear,
            rec_set,
            rec_caf,
            rec_caf_addr,
            access_write,
            cw_valid,
            cw_kind,
            cw_index,
            cw_data,
            stalled
        ),
        |s| {
            s.often("clear", 1, 200);
            s.below("flt_bank", 4);
            s.below("cw_index", 4);
            s.often("flt_valid", 1, 3);
            s.often("rec_clear", 1, 6);
            s.often("rec_set", 1, 20);
            s.often("rec_caf", 1, 10);
        },
    );
}

type MiniAccess = RegsAccess<2, 3, 8, 17>;
type ZynqmpAccess = RegsAccess<4, 5, 10, 17>;

#[test]
fn access_synthesizes() {
    synthesis_check(MiniAccess::new(&MINI));
}

#[test]
fn access_verilog_agrees() {
    // Offsets that exist more often than not; the access stands until it is done.
    let offsets: Vec<u32> = crate::registers::RegId::all().map(|id| id.offset(&ZYNQMP, 1)).collect();
    let mut pick = 0usize;
    let mut held: Option<[u128; 4]> = None;
    equivalence(
        || ZynqmpAccess::new(&ZYNQMP.with_everything()),
        6000,
        5,
        drive!(
            clock,
            aresetn,
            clear,
            clear_index,
            access,
            access_write,
            access_addr,
            access_data,
            access_strb,
            rec_ready,
            rec_far,
            rec_ipa,
            rec_syndrome,
            rec_stream,
            rec_status,
            push_ready,
            pmu_value,
            ats_busy,
            ats_to_global,
            ats_to_bank,
            par_valid,
            par_value,
            bank_active,
            global_active,
            cw_grant
        ),
        |s| {
            s.set("clear", 0u32);
            s.often("par_valid", 1, 5);
            s.often("ats_busy", 1, 2);
            s.set("access", 1u32);
            if s.output("access_done") == 1 {
                held = None;
            }
            pick += 1;
            let offset = u128::from(offsets[pick * 7 % offsets.len()]);
            let strobes = [0xFF, 0xFF, 0x0F, 0xF0, 0xFF, 0xF0, 0x0F, 0x3C][pick % 8];
            let now = held.get_or_insert([u128::from(!pick.is_multiple_of(3)), offset, s.get("access_data"), strobes]);
            let now = *now;
            s.set("access_write", now[0]);
            s.set("access_addr", now[1]);
            s.set("access_data", now[2]);
            s.set("access_strb", now[3]);
        },
    );
}
