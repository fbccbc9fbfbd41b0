//! Descriptors full of nonsense: a status or silence, never a panic, never a hang.

use super::*;
use crate::axi::port::Purpose;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Status of slot 0 after a request whose descriptor was changed by `change`.
fn status_after(command: &Upiu, direction: u8, change: impl FnOnce(&mut Rig, &mut Utrd)) -> (u8, Rig) {
    let mut rig = Rig::ready();
    rig.prepare(0, command, direction, &[at(0, 4096)]);
    let mut utrd = Utrd::from_bytes(&rig.port.read(LIST, 32));
    change(&mut rig, &mut utrd);
    rig.port.write(LIST, &utrd.to_bytes());
    rig.ring(1);
    rig.settle();
    assert_eq!((rig.read(UTRLDBR), rig.read(IS) & 1), (0, 1));
    (rig.status(0), rig)
}

#[test]
fn each_bad_descriptor_has_its_status() {
    let read = transfer(false, 0, 0, 1);
    let write = transfer(true, 0, 0, 1);
    let status = |command: &Upiu, direction, change: fn(&mut Rig, &mut Utrd)| status_after(command, direction, change).0;
    assert_eq!(status(&read, 2, |_, utrd| utrd.control.set_command_type(0)), 1);
    assert_eq!(status(&read, 3, |_, _| {}), 1);
    assert_eq!(status(&read, 2, |_, utrd| utrd.control.set_crypto(true)), 9);
    assert_eq!(status(&read, 1, |_, _| {}), 3, "DATA IN for a request that writes");
    assert_eq!(status(&write, 2, |_, _| {}), 3, "READY TO TRANSFER for a request that reads");
    assert_eq!(status(&read, 2, |_, utrd| utrd.prdt.set_length(0)), 3);
    assert_eq!(status(&read, 2, |rig, _| rig.port.write(UCD + 0x400 + 12, &[0xfe, 0x0f])), 2);
    assert_eq!(status(&read, 2, |rig, _| rig.port.write(UCD + 0x400 + 12, &[0xfb, 0x0f])), 3, "four bytes too few");
    assert_eq!(status(&read, 2, |_, utrd| utrd.response.set_length(7)), 4);
    assert_eq!(status(&read, 2, |_, utrd| utrd.response.set_length(8)), 0);
    for first in [0x02u8, 0x04, 0x21, 0x3f, 0x81, 0x41] {
        let (ocs, rig) = status_after(&read, 2, |rig, _| rig.port.write(UCD, &[first]));
        assert_eq!((ocs, rig.host.device().busy()), (1, 0), "{first:#x} is not sent");
    }
    assert_eq!(status(&read, 2, |rig, _| rig.port.write(UCD + 8, &[1])), 1, "extra header segments");
    assert_eq!(status(&read, 2, |rig, _| rig.port.write(UCD + 10, &[0xff, 0xff])), 1, "a data segment of 64 KiB");
}

#[test]
fn a_prdt_of_65535_tiny_entries_is_read_only_as_far_as_needed() {
    let (ocs, rig) = status_after(&transfer(false, 0, 0, 1), 2, |rig, utrd| {
        utrd.prdt.set_length(u16::MAX);
        utrd.prdt.set_offset(u16::MAX);
        for n in 0..u64::from(u16::MAX) {
            let entry = PrdtEntry { addr: DATA + 4 * (n % 1024), bytes: 4 };
            rig.port.write(UCD + 4 * u64::from(u16::MAX) + 16 * n, &entry.to_bytes());
        }
    });
    assert_eq!(ocs, 0);
    assert_eq!(rig.host.trace().of(Purpose::Data).writes, 1024);
    assert_eq!(rig.host.trace().of(Purpose::Prdt).bytes, 1024 * 16);
}

#[test]
fn addresses_wrap_instead_of_overflowing() {
    let (ocs, _) = status_after(&transfer(false, 0, 0, 1), 2, |rig, _| {
        let entry = PrdtEntry { addr: u64::MAX - 2047, bytes: 4096 };
        rig.port.write(UCD + 0x400, &entry.to_bytes());
    });
    assert_eq!(ocs, 0);
    let mut rig = Rig::ready();
    rig.write(UTRLBA, u32::MAX);
    rig.write(UTRLBAU, u32::MAX);
    rig.ring(u32::MAX);
    rig.settle();
    assert_eq!(rig.read(UTRLDBR), 0, "zeros are no requests");
}

#[test]
fn equal_tags_in_two_slots() {
    let mut rig = Rig::ready();
    for slot in [0, 1] {
        rig.prepare(slot, &transfer(false, 7, 0, 1), 2, &[at(0, 4096)]);
    }
    rig.ring(0b11);
    rig.settle();
    // The device takes the second for a replacement of the first, which then never ends: software has to clear it.
    assert_eq!((rig.read(UTRLDBR), rig.status(1)), (1, 0));
    rig.write(UTRLCLR, !1);
    assert_eq!(rig.read(UTRLDBR), 0);
}

#[test]
fn commands_beyond_the_queue_of_the_device() {
    let mut device = DeviceConfig { luns: vec![64], queue_depth: 2, ..DeviceConfig::ufs31() };
    device.timing.jitter = 0;
    let mut rig = Rig::new(HostConfig::sc8180x(), device);
    rig.initialise();
    for slot in 0..4 {
        rig.prepare(slot, &transfer(false, slot, 0, 1), 2, &[at(0, 4096)]);
    }
    rig.ring(0b1111);
    rig.settle();
    let statuses: Vec<u8> = (0..4).map(|slot| rig.response(slot).dw1().status()).collect();
    assert_eq!(statuses, [0, 0, 0x28, 0x28]);
}

#[test]
fn wishes_that_do_not_fit_each_other() {
    let mut rig = Rig::ready();
    // The command moves two blocks, the host expects one.
    let mut command = transfer(false, 0, 0, 2);
    command.set_dword(3, 4096);
    let reply = rig.run(0, &command, 2, &[at(0, 4096)]);
    assert_eq!((reply.dw0().flags(), reply.dword(3)), (flag::OVERFLOW, 4096));
    // The host expects data, and does not say in which direction.
    let mut command = transfer(true, 0, 0, 1);
    command.header[1] = 0;
    let reply = rig.run(0, &command, 1, &[at(0, 4096)]);
    assert_eq!((reply.dw0().flags(), reply.dword(3)), (flag::OVERFLOW, 4096));
    // Four billion bytes for one block.
    let mut command = transfer(true, 0, 0, 1);
    command.set_dword(3, u32::MAX);
    let reply = rig.run(0, &command, 1, &[at(0, 4096)]);
    assert_eq!((reply.dw0().flags(), reply.dword(3)), (flag::UNDERFLOW, u32::MAX - 4096));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Random bytes in all descriptors, doorbells and register writes at random: the controller comes to rest, and a reset brings
    /// it back to work.
    #[test]
    fn garbage_never_hangs_it(seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut rig = Rig::ready();
        rig.port.jitter = 100;
        let mut noise = |bytes: usize| -> Vec<u8> { (0..bytes).map(|_| rng.random()).collect() };
        rig.port.write(LIST, &noise(0x400));
        rig.port.write(TASK_LIST, &noise(0x280));
        rig.port.write(UCD, &noise(0x18000));
        // Most noise dies at the descriptor's first dword. Half of the slots get a plausible frame around it.
        for slot in 0..16u8 {
            let code = [0x00, 0x01, 0x01, 0x16][usize::from(slot % 4)];
            let mut command = Upiu::from_bytes(&noise(32));
            command.header[0] = code;
            command.header[1] = if slot & 8 == 0 { flag::READ } else { flag::WRITE };
            command.header[2] &= 1;
            command.header[8..12].fill(0);
            command.header[12..16].copy_from_slice(&(4 * 3000u32).to_be_bytes());
            if code == 1 {
                command.header[16..26].copy_from_slice(&[if slot & 8 == 0 { 0x28 } else { 0x2a }, 0, 0, 0, 0, 1, 0, 0, 3, 0]);
            }
            let ucd = UCD + UCD_BYTES * u64::from(slot);
            let word = noise(4);
            let utrd = Utrd {
                control: UtrdControl::new().with_command_type(1).with_direction(1 + (slot & 8 == 0) as u8),
                ucd,
                response: UtrdPlace::new().with_length(0x80).with_offset(0x80),
                prdt: UtrdPlace::from(u32::from_le_bytes([word[0], word[1], word[2], word[3]])),
            };
            rig.port.write(LIST + 32 * u64::from(slot), &utrd.to_bytes());
            rig.port.write(ucd, &command.to_bytes());
            for n in 0..64 {
                let mut entry = noise(16);
                entry[12] |= 3;
                entry[13] &= 3;
                rig.port.write(utrd.prdt_addr(n), &entry);
            }
        }
        rig.ring(u32::MAX);
        rig.write(UTMRLDBR, u32::MAX);
        for _ in 0..rng.random_range(0..2000) {
            rig.advance();
        }
        for _ in 0..20 {
            let offset = [UTRLDBR, UTRLCLR, UTMRLDBR, UTMRLCLR, IS, IE, UTRLCNR, UTRIACR, UTRLBA, AHIT, UCMDARG1]
                [rng.random_range(0..11)];
            rig.write(offset, rng.random());
            rig.advance();
        }
        rig.settle();
        rig.write(HCE, 0);
        rig.port.jitter = 0;
        rig.initialise();
        let reply = rig.run(0, &transfer(false, 0, 0, 1), 2, &[at(0, 4096)]);
        prop_assert_eq!(reply.dw1().status(), 0);
    }
}
