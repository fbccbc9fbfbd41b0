//! Requests that work: data compared on both sides, many at once, every shape of PRDT.

use super::*;
use crate::axi::port::Purpose;
use crate::ufs::device::task;
use crate::ufs::scsi::wlun;
use crate::ufs::trace::Owner;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[test]
fn write_then_read_back() {
    let mut rig = Rig::ready();
    let data = pattern(1, 3 * 4096);
    rig.port.write(DATA, &data);
    let reply = rig.run(0, &transfer(true, 0, 100, 3), 1, &[at(0, 3 * 4096)]);
    assert_eq!((reply.code(), reply.dw1().status(), reply.dword(3)), (0x21, 0, 0));
    assert_eq!(rig.host.device().unit(0).map(|unit| unit.read(100 * 4096, 3 * 4096)), Some(data.clone()));
    let reply = rig.run(1, &transfer(false, 1, 99, 5), 2, &[at(0x10_0000, 5 * 4096)]);
    assert_eq!((reply.dw1().status(), reply.dw0().tag()), (0, 1));
    let expected = [vec![0; 4096], data, vec![0; 4096]].concat();
    assert_eq!(rig.port.read(DATA + 0x10_0000, 5 * 4096), expected);
}

#[test]
fn prdt_of_many_small_pieces_over_several_chunks() {
    let mut rig = Rig::ready();
    // 40 KiB in entries of very different sizes, scattered, two of them across 4 KiB boundaries: more than two chunks of 8.
    let sizes = [4u32, 4096, 8, 512, 12, 3580, 16384, 4, 8192, 100, 4, 4, 4, 60, 2000, 1000, 900, 96, 200, 20];
    let used: u32 = sizes.iter().sum();
    let mut prdt: Vec<PrdtEntry> = sizes.iter().enumerate().map(|(n, bytes)| at(0x8000 * n as u64 + 0xff8, *bytes)).collect();
    prdt.push(at(0x20_0000, 10 * 4096 - used));
    let data = pattern(2, 10 * 4096);
    let mut from = 0;
    for entry in &prdt {
        rig.port.write(entry.addr, &data[from..from + entry.bytes as usize]);
        from += entry.bytes as usize;
    }
    rig.run(3, &transfer(true, 3, 0, 10), 1, &prdt);
    assert_eq!(rig.host.device().unit(0).map(|unit| unit.read(0, 10 * 4096)), Some(data.clone()));
    rig.host.trace_mut().clear();
    for entry in &mut prdt {
        entry.addr += 0x100_0000;
    }
    rig.run(4, &transfer(false, 4, 0, 10), 2, &prdt);
    let got: Vec<u8> = prdt.iter().flat_map(|entry| rig.port.read(entry.addr, entry.bytes as usize)).collect();
    assert_eq!(got, data);
    let prdt_bytes = rig.host.trace().of(Purpose::Prdt).bytes;
    assert_eq!(prdt_bytes, 21 * 16, "front to back: each entry is read once");
    assert_eq!(rig.host.trace().of(Purpose::Data).bytes, 10 * 4096);
}

#[test]
fn many_slots_at_once_on_a_bus_that_reorders() {
    let mut rig = Rig::ready();
    rig.port.jitter = 200;
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for round in 0..6u32 {
        let write = round % 2 == 0;
        let seed = round / 2;
        let mut doorbell = 0u32;
        for slot in 0..31u8 {
            let blocks = 1 + (seed + u32::from(slot)) % 4;
            let block = u32::from(slot) * 8;
            let base = u64::from(slot) * 0x1_0000 + 0x100_0000 * u64::from(!write);
            let cut = 4 * rng.random_range(1..1023u32);
            let prdt = [at(base, cut), at(base + u64::from(cut), blocks * 4096 - cut)];
            if write {
                rig.port.write(DATA + base, &pattern(seed * 100 + u32::from(slot), blocks as usize * 4096));
            }
            rig.prepare(slot, &transfer(write, slot, block, blocks as u16), if write { 1 } else { 2 }, &prdt);
            doorbell |= 1 << slot;
        }
        rig.ring(doorbell);
        assert_eq!(rig.read(UTRLDBR), doorbell);
        rig.run_while(|rig| rig.read(UTRLDBR) != 0);
        for slot in 0..31u8 {
            assert_eq!((rig.status(slot), rig.response(slot).dw1().status()), (0, 0), "slot {slot}");
            if !write {
                let blocks = 1 + (seed + u32::from(slot)) % 4;
                let got = rig.port.read(DATA + 0x100_0000 + u64::from(slot) * 0x1_0000, blocks as usize * 4096);
                assert!(got == pattern(seed * 100 + u32::from(slot), blocks as usize * 4096), "slot {slot}");
            }
        }
    }
    assert_eq!(rig.read(UTRLCNR), u32::MAX);
}

#[test]
fn one_doorbell_write_is_fetched_in_ascending_order_and_overlaps() {
    let mut rig = Rig::ready();
    rig.host.trace_mut().clear();
    for slot in [9, 2, 30, 0] {
        rig.prepare(slot, &transfer(false, slot, 0, 1), 2, &[at(u64::from(slot) << 16, 4096)]);
    }
    rig.ring(1 << 9 | 1 << 2 | 1 << 30 | 1);
    rig.run_while(|rig| rig.read(UTRLDBR) != 0);
    let fetches: Vec<_> = rig.host.trace().operations().filter(|op| op.purpose == Purpose::Utrd).copied().collect();
    assert_eq!(fetches.iter().map(|op| op.owner).collect::<Vec<_>>(), [0, 2, 9, 30].map(Owner::Transfer));
    // All four leave before the first has come back.
    let first_back = fetches[0].completed.map(|(at, _)| at);
    assert!(first_back.is_some_and(|at| fetches[3].posted < at));
}

#[test]
fn bursts_stay_within_their_size_and_number() {
    let device = DeviceConfig { luns: vec![1024], ..DeviceConfig::ufs40() };
    let mut rig = Rig::new(HostConfig::sm8550(), device);
    rig.initialise();
    rig.run(0, &transfer(false, 0, 0, 16), 2, &[at(0x40, 16 * 4096)]);
    for op in rig.host.trace().operations().filter(|op| op.purpose == Purpose::Data) {
        assert!(op.bytes <= 256 && op.addr / 256 == (op.addr + op.bytes as u64 - 1) / 256);
    }
    for write in [false, true] {
        let ops: Vec<_> = rig.host.trace().operations().filter(|op| op.write == write).collect();
        for op in &ops {
            let live = |other: &&&crate::ufs::trace::BusOperation| {
                other.posted <= op.posted && other.completed.is_some_and(|(at, _)| at > op.posted)
            };
            assert!(ops.iter().filter(live).count() <= 16);
            assert_eq!(ops.iter().filter(|other| other.posted == op.posted).count(), 1, "one address a cycle");
        }
    }
}

#[test]
fn response_status_and_doorbell_wait_for_what_is_before_them() {
    let mut rig = Rig::ready();
    rig.port.jitter = 500;
    for round in 0..20 {
        rig.host.trace_mut().clear();
        rig.prepare(1, &transfer(false, 1, round, 2), 2, &[at(0, 8192)]);
        rig.ring(1 << 1);
        rig.run_while(|rig| rig.read(UTRLDBR) != 0);
        let fell = rig.host.now();
        let of = |purpose| rig.host.trace().operations().filter(move |op| op.purpose == purpose && op.write).copied();
        let ends = |purpose| of(purpose).map(|op| op.completed.map_or(u64::MAX, |(at, _)| at)).max();
        let starts = |purpose| of(purpose).map(|op| op.posted).min();
        assert!(ends(Purpose::Data) <= starts(Purpose::ResponseUpiu));
        assert!(ends(Purpose::ResponseUpiu) <= starts(Purpose::Ocs));
        assert!(ends(Purpose::Ocs) < Some(fell));
        assert_eq!(of(Purpose::Data).count(), 64);
    }
}

#[test]
fn long_transfers_run_at_the_rate_of_link_and_medium() {
    let mut cycles = [0; 2];
    for (n, gear) in [4u32, 1].into_iter().enumerate() {
        let mut rig = Rig::ready();
        for attribute in [0x1568u32, 0x1583] {
            assert_eq!(rig.uic(opcode::SET, attribute << 16, gear), 0);
        }
        assert_eq!(rig.uic(opcode::SET, 0x1571 << 16, 0x11), 0);
        rig.run_while(|rig| rig.read(IS) & 1 << 4 == 0);
        let start = rig.host.now();
        let prdt = [at(0, 256 << 10), at(256 << 10, 256 << 10)];
        rig.run(0, &transfer(false, 0, 0, 128), 2, &prdt);
        cycles[n] = rig.host.now() - start;
    }
    // 512 KiB at 300 MHz: the medium gives 2100 MB/s, which gear 4 carries; gear 1, rate B, two lanes carries 291.5 MB/s.
    let bytes = 512u64 << 10;
    for (cycles, rate) in [(cycles[0], 2_100_000_000), (cycles[1], 291_520_000)] {
        let least = bytes * 300_000_000 / rate;
        assert!((least..least + least / 10 + us(30)).contains(&cycles), "{cycles} cycles, least {least}");
    }
}

#[test]
fn a_port_that_refuses_is_asked_again() {
    let mut rig = Rig::ready();
    rig.port.limit = 1;
    let data = pattern(5, 2 * 4096);
    rig.port.write(DATA, &data);
    rig.run(0, &transfer(true, 0, 0, 2), 1, &[at(0, 8192)]);
    rig.run(0, &transfer(false, 0, 0, 2), 2, &[at(0x8000, 8192)]);
    assert_eq!(rig.port.read(DATA + 0x8000, 8192), data);
}

#[test]
fn scsi_commands_without_media() {
    let mut rig = Rig::ready();
    let mut send = |lun: u8, cdb: &[u8], bytes: u32| {
        let reply = rig.run(7, &Upiu::command(flag::READ, lun, 7, bytes, cdb), 2, &[at(0, bytes)]);
        (reply, rig.port.read(DATA, bytes as usize))
    };
    let (reply, data) = send(0, &[0x12, 0, 0, 0, 36], 36);
    assert_eq!((reply.dw1().status(), &data[8..15]), (0, "OPENUFS".as_bytes()));
    let (reply, data) = send(wlun::REPORT_LUNS, &[0xa0, 0, 0, 0, 0, 0, 0, 0, 16, 0], 4096);
    assert_eq!((reply.dw1().status(), data[3]), (0, 16));
    assert_eq!((reply.dw0().flags(), reply.dword(3)), (flag::UNDERFLOW, 4096 - 24));
    let (_, data) = send(0, &[0x25], 8);
    assert_eq!(data, [0, 0, 3, 0xff, 0, 0, 0x10, 0]);
    let (_, data) = send(1, &[0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32], 32);
    assert_eq!(data[7], 15);
    let (reply, data) = send(0, &[0x03, 0, 0, 0, 18], 20);
    assert_eq!((reply.dw1().status(), data[0], data[2]), (0, 0x70, 0));

    let tur = rig.run(8, &Upiu::command(0, 0, 8, 0, &[0x00]), 0, &[]);
    assert_eq!((tur.dw1().status(), tur.data.len()), (0, 0));
    let flush = rig.run(8, &Upiu::command(0, 0, 8, 0, &[0x35]), 0, &[]);
    assert_eq!(flush.dw1().status(), 0);
}

#[test]
fn failing_commands_bring_sense_data() {
    let mut rig = Rig::ready();
    for (command, key, asc) in [
        (transfer(false, 5, 1023, 2), 5, 0x21),
        (Upiu::command(0, 0, 5, 0, &[0xee]), 5, 0x20),
        (Upiu::command(0, 9, 5, 0, &[0x00]), 5, 0x25),
        (Upiu::command(flag::READ, 0, 5, 36, &[0x12, 1, 0x55, 0, 36]), 5, 0x24),
    ] {
        let reply = rig.run(5, &command, 2, &[at(0, 8192)]);
        assert_eq!((reply.code(), reply.dw1().status()), (0x21, 2));
        assert_eq!((reply.data.len(), reply.data[1]), (20, 18));
        assert_eq!((reply.data[2], reply.data[2 + 2], reply.data[2 + 12]), (0x70, key, asc));
        assert_eq!(reply.dword(3), command.dword(3), "nothing was moved");
    }
}

#[test]
fn media_commands_wait_for_device_init_and_unit_attention_comes_once() {
    let mut device = DeviceConfig { luns: vec![16], unit_attention: true, ..DeviceConfig::ufs31() };
    device.timing.init = us(300);
    let mut rig = Rig::new(HostConfig::sc8180x(), device);
    rig.start_link();
    rig.start_lists();
    let tur = Upiu::command(0, 0, 0, 0, &[0x00]);
    let sense = |rig: &mut Rig| {
        let reply = rig.run(0, &tur, 0, &[]);
        reply.data.get(14).map(|asc| (reply.data[4], *asc))
    };
    assert_eq!(sense(&mut rig), Some((6, 0x29)));
    assert_eq!(sense(&mut rig), Some((2, 0x04)));
    rig.set_flag(1);
    rig.run_while(|rig| rig.read_flag(1) != 0);
    assert_eq!(sense(&mut rig), None);
}

#[test]
fn query_descriptors_and_attributes_over_the_bus() {
    let mut rig = Rig::ready();
    let reply = rig.query(1, Query { opcode: 1, idn: 7, length: 255, ..Query::default() });
    assert_eq!((reply.data.len(), reply.data[0], reply.data[1]), (0x57, 0x57, 7));
    let reply = rig.query(1, Query { opcode: 1, idn: 5, index: 0, length: 255, ..Query::default() });
    assert_eq!(reply.data[2..6], [0, b'O', 0, b'P']);
    let attribute = Query { opcode: 4, idn: 0x0c, value: 3, ..Query::default() };
    assert_eq!(rig.query(0x81, attribute).dw1().response(), 0);
    assert_eq!(rig.query(1, Query { opcode: 3, value: 0, ..attribute }).query_fields().value, 3);
    // A descriptor write has a data segment behind the header: it is fetched too, and this device refuses it.
    rig.host.trace_mut().clear();
    let mut write = Upiu::query(0x81, 31, Query { opcode: 2, idn: 1, length: 10, ..Query::default() });
    write.set_data(vec![1; 10]);
    assert_eq!(rig.run(31, &write, 0, &[]).dw1().response(), 0xf7);
    assert_eq!(rig.host.trace().of(Purpose::CommandUpiu).bytes, 32 + 12);
}

#[test]
fn two_touch_fetch_of_the_command() {
    let mut config = HostConfig::sc8180x();
    config.dma.two_touch_upiu = true;
    let mut rig = Rig::new(config, DeviceConfig::ufs31());
    rig.start_link();
    rig.start_lists();
    rig.run(2, &Upiu::new(0x00, 0, 0, 2), 0, &[]);
    let upiu: Vec<_> = rig.host.trace().operations().filter(|op| op.purpose == Purpose::CommandUpiu).map(|op| op.bytes).collect();
    assert_eq!(upiu, [12, 32]);
}

#[test]
fn task_management() {
    let mut rig = Rig::ready();
    // A read that takes long, and is aborted meanwhile: it never ends by itself.
    rig.prepare(6, &transfer(false, 6, 0, 1), 2, &[at(0, 4096)]);
    rig.ring(1 << 6);
    rig.run_while(|rig| rig.host.device().busy() == 0);
    let manage = |rig: &mut Rig, slot: u8, function: u8| {
        let mut request = Upiu::new(0x04, 0, 0, slot);
        request.header[5] = function;
        request.set_dword(3, 0);
        request.set_dword(4, 6);
        let mut descriptor = vec![0; 80];
        descriptor[3] = 1;
        descriptor[8] = 0xf;
        descriptor[16..48].copy_from_slice(&request.header);
        let at = TASK_LIST + 80 * u64::from(slot);
        rig.port.write(at, &descriptor);
        rig.write(UTMRLDBR, 1 << slot);
        rig.run_while(|rig| rig.read(UTMRLDBR) != 0);
        assert_eq!(rig.read(IS) & 1 << 9, 1 << 9);
        rig.write(IS, 1 << 9);
        assert_eq!(rig.port.read(at + 8, 1), [0]);
        let reply = Upiu::from_bytes(&rig.port.read(at + 48, 32));
        assert_eq!((reply.code(), reply.dw0().tag()), (0x24, slot));
        reply.dword(3)
    };
    assert_eq!(manage(&mut rig, 0, task::QUERY), task::SUCCEEDED);
    assert_eq!(manage(&mut rig, 7, task::ABORT), task::COMPLETE);
    assert_eq!(manage(&mut rig, 1, task::QUERY), task::COMPLETE);
    assert_eq!(manage(&mut rig, 1, 0x55), task::NOT_SUPPORTED);
    rig.settle();
    assert_eq!(rig.read(UTRLDBR), 1 << 6);
    rig.write(UTRLCLR, !(1 << 6));
    assert_eq!((rig.read(UTRLDBR), rig.status(6)), (0, 0xf));
    assert_eq!(rig.read(UTRLCLR), 0);
}
