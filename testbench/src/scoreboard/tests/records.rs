//! Sets of record states: what a clear may leave of faults that are older than it.

use crate::scoreboard::oracle::poke;
use crate::scoreboard::records::{Cause, Event, Records};
use crate::scoreboard::Oracle;
use smmu_rtl::params::MINI;
use smmu_rtl::registers as regs;
use smmu_sim::model::{Access, Fault, Model};

const BANK: usize = 1;
/// Translation fault, as FSR has it.
const TF: u64 = 2;
const MULTI: u64 = 1 << 31;
/// AArch64, shown while anything is recorded.
const FORMAT: u64 = 2 << 9;

/// Whether FSR may read as MULTI without a code after the first fault (accepted and answered in these cycles), the clear of `cleared` answered in
/// cycle 200, and the second fault.
fn multi_left(first: (u64, u64), cleared: u64, second: (u64, u64)) -> bool {
    let model = Model::new(&MINI);
    let mut enables = model.copy();
    poke(&mut *enables, regs::CB_FSRRESTORE.offset(&MINI, BANK), 2, 4);
    let mut records = Records::new(&MINI, &model);
    let fsr = regs::CB_FSR.offset(&MINI, BANK);
    let mut is_cleared = false;
    for (serial, (accepted, answered)) in [(1, first), (2, second)] {
        if answered > 200 && !std::mem::replace(&mut is_cleared, true) {
            records.write(BANK, fsr, cleared, 0x0f, 200, &*enables);
        }
        let fault = Fault { global: false, bank: BANK, code: TF as u32, level: 3, ptwf: false, stage2: None, seen: None };
        let access = Access { stream_id: 0x300, addr: serial << 12, ..Access::default() };
        let causes = [Cause::Access(access, fault)];
        records.fault(BANK, &Event { serial, accepted, causes: &causes, certain: true }, answered, &*enables);
    }
    let (n, word) = records.find(fsr).expect("it is a record register");
    records.read(n, word, (MULTI | FORMAT) as u32, &[], (1000, 1010), &*enables)
}

#[test]
fn a_clear_may_leave_of_two_faults_that_there_were_two() {
    // Both are older than the clear; the second one, or both of them, are answered after it.
    assert!(multi_left((100, 120), TF, (150, 220)));
    assert!(multi_left((100, 210), TF, (150, 220)));
}

#[test]
fn a_clear_leaves_multi_of_nothing_else() {
    assert!(!multi_left((100, 120), MULTI | TF, (150, 220)), "it is cleared, too");
    assert!(!multi_left((100, 120), TF, (205, 220)), "the second is younger than the clear");
    assert!(!multi_left((100, 120), 0x100, (150, 220)), "the first is not cleared");
}
