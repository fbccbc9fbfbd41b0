//! Bus errors: what the registers are afterwards, and that nothing more happens on the bus.

use super::*;
use crate::axi::port::Purpose;
use crate::ufs::presets::WriteErrorPolicy;
use crate::ufs::trace::{Injection, Owner};

/// The standard registers but those that reading clears.
fn dump(rig: &mut Rig) -> Vec<(u32, u32)> {
    (0..DUMP_BYTES)
        .step_by(4)
        .filter(|offset| !(UECPA..=UECDME).contains(offset))
        .map(|offset| (offset, rig.read(offset)))
        .collect()
}

/// Three requests in work, one of which meets an error on an access for that purpose. Checks the registers and the silence.
fn refused(purpose: Purpose, write: bool) {
    let mut rig = Rig::ready();
    let cnr = rig.read(UTRLCNR);
    rig.write(UTRLCNR, cnr);
    rig.write(IS, u32::MAX);
    rig.prepare(12, &transfer(true, 12, 0, 4), 1, &[at(0, 16384)]);
    rig.prepare(13, &transfer(false, 13, 8, 4), 2, &[at(0x10_0000, 16384)]);
    rig.prepare(31, &Upiu::command(0, 0, 31, 0, &[0x35]), 0, &[]);
    let mut task = vec![0; 80];
    task[16] = 0x04;
    rig.port.write(TASK_LIST, &task);
    let before = dump(&mut rig);
    rig.host.trace_mut().clear();
    let logged = rig.port.log.len();

    let owner = match (purpose, write) {
        (Purpose::Utmrd, _) => Owner::Task(0),
        (Purpose::Data, false) => Owner::Transfer(12),
        _ => Owner::Transfer(13),
    };
    rig.host.inject(Injection { purpose, owner: Some(owner), nth: 1, resp: 2 });
    rig.ring(1 << 12 | 1 << 13 | 1 << 31);
    rig.write(UTMRLDBR, 1);
    let mut doorbell = rig.read(UTRLDBR);
    let mut completed = 0;
    rig.run_while(|rig| {
        if rig.host.fatal_errors() == 0 {
            // What completed before the error did so properly.
            let now = rig.read(UTRLDBR);
            completed |= doorbell & !now;
            doorbell = now;
        }
        rig.host.fatal_errors() == 0
    });
    let posted = rig.port.log.len();
    assert!(posted > logged);
    assert!(rig.port.log.iter().skip(logged).any(|t| t.purpose == purpose && t.data.is_some() == write));

    let mut expected = before;
    for (offset, value) in &mut expected {
        match *offset {
            IS => *value = 0x20000 | u32::from(completed != 0),
            UTRLRSR | UTMRLRSR => *value = 0,
            UTRLCNR => *value = 1 << 12 | 1 << 13 | 1 << 31,
            _ => {}
        }
    }
    let seen = dump(&mut rig);
    // A task that was complete before the error has its own interrupt.
    let seen: Vec<_> =
        seen.into_iter().map(|(offset, value)| (offset, if offset == IS { value & !(1 << 9) } else { value })).collect();
    assert_eq!(seen, expected, "{purpose:?}");
    assert!(rig.host.irq());
    // (An injected error does not keep the access itself from memory.)
    assert!(rig.status(13) == 0xf || purpose == Purpose::Ocs, "no status for what was dropped");

    rig.settle();
    rig.ring(1);
    rig.write(UTMRLDBR, 1);
    rig.settle();
    assert_eq!((rig.read(UTRLDBR), rig.read(UTMRLDBR), rig.port.log.len()), (0, 0, posted), "{purpose:?}: silence");
    assert_eq!(rig.host.fatal_errors(), 1);
}

#[test]
fn every_access_that_may_be_refused_stops_the_controller() {
    refused(Purpose::Utrd, false);
    refused(Purpose::CommandUpiu, false);
    refused(Purpose::Prdt, false);
    refused(Purpose::Data, false);
    refused(Purpose::Data, true);
    refused(Purpose::ResponseUpiu, true);
    refused(Purpose::Ocs, true);
    refused(Purpose::Utmrd, false);
}

#[test]
fn holes_in_memory_do_the_same_as_injected_errors() {
    for (range, write) in [
        (LIST..LIST + 32, false),
        (UCD..UCD + 32, false),
        (UCD + 0x400..UCD + 0x410, false),
        (DATA..DATA + 4096, true),
        (UCD + 0x200..UCD + 0x220, true),
        (LIST + 8..LIST + 12, true),
    ] {
        let mut rig = Rig::ready();
        rig.prepare(0, &transfer(false, 0, 0, 1), 2, &[at(0, 4096)]);
        rig.port.errors.push((range, write, 3));
        rig.write(IS, u32::MAX);
        rig.ring(1);
        rig.settle();
        assert_eq!((rig.read(IS), rig.read(UTRLRSR), rig.read(UTMRLRSR), rig.read(UTRLDBR)), (0x20000, 0, 0, 0));
        assert_eq!((rig.status(0), rig.read(UTRLCNR) & 1), (0xf, 1));
    }
}

#[test]
fn the_nth_access_and_only_it() {
    let mut rig = Rig::ready();
    rig.host.trace_mut().clear();
    rig.host.inject(Injection { purpose: Purpose::Data, owner: Some(Owner::Transfer(1)), nth: 20, resp: 3 });
    rig.prepare(1, &transfer(false, 1, 0, 4), 2, &[at(0, 16384)]);
    rig.ring(2);
    rig.settle();
    let failed: Vec<_> = rig.host.trace().operations().filter(|op| op.completed.is_some_and(|(_, resp)| resp != 0)).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].addr, DATA + 19 * 128);
    assert_eq!(rig.host.trace().of(Purpose::Data).errors, 1);
}

#[test]
fn write_errors_may_end_only_the_request() {
    for purpose in [Purpose::Data, Purpose::ResponseUpiu, Purpose::Ocs] {
        let mut config = HostConfig::sc8180x();
        config.dma.write_error = WriteErrorPolicy::FailRequest;
        let mut rig = Rig::new(config, DeviceConfig { luns: vec![64], ..DeviceConfig::ufs31() });
        rig.initialise();
        rig.host.inject(Injection { purpose, owner: Some(Owner::Transfer(1)), nth: 1, resp: 2 });
        for slot in [1, 2] {
            rig.prepare(slot, &transfer(false, slot, 0, 2), 2, &[at(u64::from(slot) << 16, 8192)]);
        }
        rig.ring(0b110);
        rig.run_while(|rig| rig.read(UTRLDBR) != 0);
        // A status that could not be written stays as software preset it, unless the bus wrote it in spite of its error response.
        let told = if purpose == Purpose::Ocs { 0 } else { 7 };
        assert_eq!((rig.status(1), rig.status(2)), (told, 0));
        assert_eq!((rig.read(UTRLRSR), rig.read(IS) & 0x20001), (1, 1));
    }
}

#[test]
fn a_read_error_stops_even_then() {
    let mut config = HostConfig::sc8180x();
    config.dma.write_error = WriteErrorPolicy::FailRequest;
    let mut rig = Rig::new(config, DeviceConfig::ufs31());
    rig.start_link();
    rig.start_lists();
    rig.port.errors.push((LIST..LIST + 0x400, false, 2));
    rig.ring(1);
    rig.settle();
    assert_eq!((rig.read(IS) & 0x20000, rig.read(UTRLRSR)), (0x20000, 0));
}

#[test]
fn other_slots_dropped_by_the_error_are_noted_too() {
    let mut rig = Rig::ready();
    let cnr = rig.read(UTRLCNR);
    rig.write(UTRLCNR, cnr);
    assert_eq!(rig.read(UTRLCNR), 0);
    for slot in 0..3 {
        rig.prepare(slot, &transfer(false, slot, 0, 1), 2, &[at(u64::from(slot) << 12, 4096)]);
    }
    rig.port.errors.push((LIST + 64..LIST + 96, false, 2));
    rig.ring(0b111);
    rig.settle();
    assert_eq!((rig.read(UTRLDBR), rig.read(UTRLCNR)), (0, 0b111));
    assert_eq!([rig.status(0), rig.status(1), rig.status(2)], [0xf; 3]);
}
