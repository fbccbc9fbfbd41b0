//! The rules of the registers that the other tests do not pass by.

use super::*;
use crate::axi::port::Purpose;
use crate::ufs::host::UicLayer;

#[test]
fn read_only_registers_ignore_writes() {
    let mut rig = Rig::ready();
    for offset in
        [CAP, MCQCAP, VER, EXT_CAP, HCPID, HCMID, 0x1c, 0x28, HCSEXT, HCS, 0x68, 0x6c, 0x84, 0x88, 0x8c, CCAP, HW_VERSION]
    {
        let before = rig.read(offset);
        rig.write(offset, !before);
        assert_eq!(rig.read(offset), before, "{offset:#x} {:?}", name(offset));
    }
    assert_eq!((rig.read(0x1f00), rig.read(0x2500), rig.read(2), rig.read(u32::MAX)), (0, 0, 0, 0));
    rig.write(u32::MAX, 1);
    rig.write(3, 1);
}

#[test]
fn what_can_be_written_and_how_much_of_it() {
    let mut rig = Rig::quick();
    for (offset, kept) in [
        (AHIT, 0x1fff),
        (IE, 0x0007_1fff),
        (UTRLBA, 0xffff_fc00),
        (UTRLBAU, u32::MAX),
        (UTMRLBA, 0xffff_fc00),
        (UTMRLBAU, u32::MAX),
        (UCMDARG1, u32::MAX),
        (UCMDARG2, 0x00ff_00ff),
        (UCMDARG3, 0),
        (SYS1CLK_1US, u32::MAX),
        (CFG2, u32::MAX),
        (UTRLDBR, 0),
        (UTRLCLR, 0),
        (UTMRLDBR, 0),
        (UTMRLCLR, 0),
    ] {
        rig.write(offset, u32::MAX);
        assert_eq!(rig.read(offset), kept, "{offset:#x} {:?}", name(offset));
    }
    rig.host.core_reset();
    assert_eq!((rig.read(IE), rig.read(UTRLBA), rig.read(CFG2), rig.read(UCMDARG1)), (0, 0, 0, 1));
}

#[test]
fn interrupt_status_and_line() {
    let mut rig = Rig::ready();
    rig.write(IS, u32::MAX);
    assert!(!rig.host.irq());
    rig.host.report_uic_error(UicLayer::DataLink, 1 << 13);
    assert_eq!((rig.read(IS), rig.host.irq()), (1 << 2, true));
    rig.write(IE, 0);
    assert!(!rig.host.irq());
    rig.write(IE, 1 << 2);
    rig.write(IS, !(1 << 2));
    assert!(rig.host.irq(), "a zero clears nothing");
    rig.write(IS, 1 << 2);
    assert!(!rig.host.irq());
    assert_eq!((rig.read(UECDL), rig.read(UECDL)), (1 << 31 | 1 << 13, 0));
}

#[test]
fn uic_needs_an_enabled_controller() {
    let mut rig = Rig::quick();
    rig.write(UICCMD, 0x16);
    rig.settle();
    assert_eq!((rig.read(UICCMD), rig.read(IS)), (0, 0));
}

#[test]
fn stopping_the_list_drops_what_is_in_it() {
    let mut rig = Rig::ready();
    let cnr = rig.read(UTRLCNR);
    rig.write(UTRLCNR, cnr);
    rig.prepare(3, &transfer(false, 3, 0, 1), 2, &[at(0, 4096)]);
    rig.ring(1 << 3);
    rig.run_while(|rig| rig.host.device().busy() == 0);
    rig.write(UTRLRSR, 0);
    assert_eq!((rig.read(UTRLDBR), rig.read(UTRLCNR), rig.read(UTRLRSR)), (0, 1 << 3, 0));
    rig.ring(1 << 3);
    assert_eq!(rig.read(UTRLDBR), 0);
    rig.write(UTRLRSR, 1);
    rig.settle();
    assert_eq!((rig.status(3), rig.read(IS) & 1), (0xf, 0));
    let reply = rig.run(3, &transfer(false, 3, 0, 1), 2, &[at(0, 4096)]);
    assert_eq!(reply.dw1().status(), 0);
}

#[test]
fn clear_names_slots_by_zeros_and_waits_for_the_bus() {
    let mut rig = Rig::ready();
    rig.host.device_mut().ignore_requests = 1;
    rig.prepare(5, &transfer(false, 5, 0, 1), 2, &[at(0, 4096)]);
    rig.prepare(6, &transfer(false, 6, 0, 8), 2, &[at(0x1_0000, 8 * 4096)]);
    rig.ring(1 << 5 | 1 << 6);
    rig.run_while(|rig| rig.host.trace().of(Purpose::Data).writes == 0);
    rig.write(UTRLCLR, !(1 << 5));
    assert_eq!(rig.read(UTRLDBR), 1 << 6, "nothing of slot 5 is on the bus");
    rig.write(UTRLCLR, !(1 << 6));
    assert_eq!(rig.read(UTRLDBR), 1 << 6, "slot 6 is writing data");
    let posted = rig.port.log.len();
    rig.run_while(|rig| rig.read(UTRLDBR) != 0);
    assert_eq!((rig.port.in_flight(), rig.port.log.len()), (0, posted));
    rig.settle();
    assert_eq!((rig.status(5), rig.status(6), rig.port.log.len()), (0xf, 0xf, posted), "late data is dropped");
    rig.run(6, &transfer(false, 6, 0, 8), 2, &[at(0x1_0000, 8 * 4096)]);
}

#[test]
fn a_rung_bit_is_not_rung_again() {
    let mut rig = Rig::ready();
    rig.prepare(2, &transfer(false, 2, 0, 1), 2, &[at(0, 4096)]);
    rig.host.trace_mut().clear();
    rig.ring(1 << 2);
    rig.ring(1 << 2);
    rig.run_while(|rig| rig.read(UTRLDBR) != 0);
    assert_eq!(rig.host.trace().of(Purpose::Utrd).reads, 1);
}

/// Rings a flush without interrupt and waits for it.
fn silent_request(rig: &mut Rig, slot: u8) {
    rig.prepare(slot, &Upiu::command(0, 0, slot, 0, &[0x00]), 0, &[]);
    rig.port.write(LIST + 32 * u64::from(slot) + 3, &[0x10]);
    rig.ring(1 << slot);
    rig.run_while(|rig| rig.read(UTRLDBR) & 1 << slot != 0);
}

#[test]
fn interrupt_aggregation_counts_and_times_out() {
    let mut rig = Rig::ready();
    rig.write(IS, u32::MAX);
    silent_request(&mut rig, 0);
    assert_eq!(rig.read(IS), 0, "no interrupt bit, no aggregation: nothing");
    // On, threshold 2, time-out 3 * 40 us; the parameters are taken only with their write bit.
    rig.write(UTRIACR, 1 << 31 | 5 << 8 | 9);
    assert_eq!(rig.read(UTRIACR), 1 << 31);
    rig.write(UTRIACR, 1 << 31 | 1 << 24 | 2 << 8 | 3);
    assert_eq!(rig.read(UTRIACR), 1 << 31 | 2 << 8 | 3);
    silent_request(&mut rig, 0);
    assert_eq!((rig.read(IS), rig.read(UTRIACR) >> 20 & 1), (0, 1));
    silent_request(&mut rig, 1);
    assert_eq!((rig.read(IS), rig.read(UTRIACR) >> 20 & 1), (1, 0));
    rig.write(IS, 1);
    silent_request(&mut rig, 0);
    let counted_at = rig.host.now();
    rig.run_while(|rig| rig.read(IS) & 1 == 0);
    let waited = rig.host.now() - counted_at;
    assert!(waited.abs_diff(us(120)) < 10, "{waited} cycles");
    silent_request(&mut rig, 0);
    rig.write(UTRIACR, 1 << 31 | 1 << 16);
    assert_eq!(rig.read(UTRIACR) >> 20 & 1, 0, "counter reset");
}

#[test]
fn hibernation_holds_requests_back() {
    let mut rig = Rig::ready();
    assert_eq!(rig.uic(opcode::HIBER_ENTER, 0, 0), 0);
    rig.run_while(|rig| rig.read(IS) & 1 << 6 == 0);
    rig.write(IS, 1 << 6);
    rig.prepare(0, &transfer(false, 0, 0, 1), 2, &[at(0, 4096)]);
    rig.ring(1);
    rig.settle();
    assert_eq!((rig.read(UTRLDBR), rig.host.device().busy()), (1, 0));
    assert_eq!(rig.uic(opcode::HIBER_EXIT, 0, 0), 0);
    rig.run_while(|rig| rig.read(IS) & 1 << 5 == 0);
    rig.run_while(|rig| rig.read(UTRLDBR) != 0);
    assert_eq!(rig.status(0), 0);
}

#[test]
fn time_may_be_skipped_without_a_difference() {
    let run = |skip: bool| {
        let mut rig = Rig::quick();
        rig.host.write32(HCE, 1);
        let mut ticks = 0u64;
        let mut step = |rig: &mut Rig| {
            if skip {
                rig.advance();
            } else {
                rig.tick();
            }
            ticks += 1;
        };
        while rig.read(HCE) == 0 {
            step(&mut rig);
        }
        rig.write(UICCMD, 0x16);
        while !Hcs::from(rig.read(HCS)).dp() {
            step(&mut rig);
        }
        rig.start_lists();
        rig.prepare(31, &Upiu::new(0, 0, 0, 31), 0, &[]);
        rig.ring(1 << 31);
        while rig.read(UTRLDBR) != 0 {
            step(&mut rig);
        }
        (rig.host.now(), rig.host.trace().operations().copied().collect::<Vec<_>>(), ticks)
    };
    let (skipped, ticked) = (run(true), run(false));
    assert_eq!((skipped.0, &skipped.1), (ticked.0, &ticked.1));
    assert!(skipped.2 * 100 < ticked.2);
}
