//! From reset to the first requests, and the two dumps of the aborted fetch.

use super::*;
use crate::axi::port::Purpose;
use crate::ufs::link::LinkMode;
use crate::ufs::trace::Owner;

#[test]
fn initialisation_as_the_driver_does_it() {
    let mut rig = Rig::quick();
    assert_eq!((rig.read(CAP), rig.read(VER), rig.read(HW_VERSION) >> 28), (0x1587_031f, 0x300, 4));
    assert_eq!((rig.read(HCS), rig.read(HCE), rig.read(UCMDARG1)), (0, 0, 1));
    rig.write(HCE, 1);
    assert_eq!(rig.read(HCE), 0, "not yet");
    rig.write(HCE, 0);
    rig.start_link();
    assert_eq!(rig.host.link_modes().0, LinkMode::SLOWEST);
    assert_eq!(rig.read(HCS), 0xf);
    rig.start_lists();
    let nop = Upiu::new(0x00, 0, 0, 31);
    let reply = rig.run(31, &nop, 0, &[]);
    assert_eq!((reply.code(), reply.dw0().tag(), reply.dw1().response()), (0x20, 31, 0));
    assert_eq!(rig.read_flag(1), 0);
    rig.set_flag(1);
    assert_eq!(rig.read_flag(1), 1);
    rig.run_while(|rig| rig.read_flag(1) != 0);
    rig.fast_link();
    let fast = LinkMode { high_speed: true, gear: 4, rate_b: true, lanes: 2 };
    assert_eq!(rig.host.link_modes(), (fast, fast));
    assert_eq!(rig.read(UTRLCNR), 1 << 31);
}

#[test]
fn enabled_but_without_a_link() {
    let mut rig = Rig::quick();
    rig.write(HCE, 1);
    rig.run_while(|rig| rig.read(HCE) == 0);
    assert_eq!(rig.read(HCS), 8);
    rig.write(UTRLRSR, 1);
    rig.write(UTMRLRSR, 1);
    assert_eq!((rig.read(UTRLRSR), rig.read(UTMRLRSR)), (0, 0));
    rig.host.fail_link_startups(1);
    assert_eq!(rig.uic(opcode::LINKSTARTUP, 0, 0), 1);
    assert_eq!(rig.read(HCS), 8);
    assert_eq!(rig.uic(opcode::LINKSTARTUP, 0, 0), 0);
    assert_eq!(rig.read(HCS), 0xf);
    assert_eq!(rig.read(UECPA), 1 << 31 | 1 << 4, "the lanes were reset");
    assert_eq!(rig.read(UECPA), 0, "reading clears");
}

#[test]
fn the_nop_takes_four_bus_accesses_in_order() {
    let mut rig = Rig::quick();
    rig.start_link();
    rig.start_lists();
    rig.run(31, &Upiu::new(0x00, 0, 0, 31), 0, &[]);
    let ucd = UCD + 31 * UCD_BYTES;
    let seen: Vec<_> = rig.host.trace().operations().map(|op| (op.purpose, op.write, op.addr, op.bytes)).collect();
    assert_eq!(
        seen,
        [
            (Purpose::Utrd, false, LIST + 0x3e0, 32),
            (Purpose::CommandUpiu, false, ucd, 32),
            (Purpose::ResponseUpiu, true, ucd + 0x200, 32),
            (Purpose::Ocs, true, LIST + 0x3e0 + 8, 4),
        ]
    );
    for pair in rig.host.trace().operations().collect::<Vec<_>>().windows(2) {
        assert!(pair[0].completed.is_some_and(|(at, _)| at <= pair[1].posted));
    }
    for transfer in &rig.port.log {
        assert_eq!((transfer.stream_id, transfer.prot, transfer.cache), (0x300, 0b010, 0b0011));
        assert_eq!(transfer.id, 31);
    }
    assert!(rig.host.trace().operations().all(|op| op.owner == Owner::Transfer(31)));
}

/// The driver's sequence up to a NOP whose descriptor fetch is refused, then the interrupt handler and the dump.
fn dump_after_refused_fetch(config: HostConfig, list: u64, task_list: u64) -> Vec<u32> {
    let mut rig = Rig::new(config, DeviceConfig::ufs31());
    rig.start_link();
    rig.start_lists();
    for (offset, base) in [(UTRLBA, list), (UTMRLBA, task_list)] {
        rig.write(offset, base as u32);
        rig.write(offset + 4, (base >> 32) as u32);
    }
    rig.port.errors.push((list..list + 0x400, false, 2));
    rig.ring(1 << 31);
    rig.run_while(|rig| !rig.host.irq());
    let (is, ie) = (rig.read(IS), rig.read(IE));
    rig.write(IS, is);
    assert_eq!(is & ie, 0x20000, "system bus fatal error and no completion");
    // Retries with the list stopped: nothing happens, and a clear finds nothing.
    for _ in 0..9 {
        rig.ring(1 << 31);
        assert_eq!(rig.read(UTRLDBR), 0);
        rig.settle();
        rig.write(UTRLCLR, !(1 << 31));
        assert_eq!(rig.read(UTRLDBR), 0);
    }
    assert_eq!(rig.port.log.len(), 1, "one fetch, ever");
    assert_eq!((rig.port.log[0].addr, rig.port.log[0].bytes), (list + 31 * 32, 32));
    // As the kernel dumps: it leaves out the registers that reading would clear, and prints zeros there.
    (0..DUMP_BYTES).step_by(4).map(|offset| if (UECPA..=UECDME).contains(&offset) { 0 } else { rig.read(offset) }).collect()
}

#[test]
fn the_dumps_of_both_kernel_logs() {
    let common = |cap, ver, hce, list: u64, task_list: u64| {
        let mut words = vec![0u32; 40];
        for (offset, value) in [
            (CAP, cap),
            (VER, ver),
            (HCPID, 0x0100_0000),
            (HCMID, 0x0001_0217),
            (IE, 0x0007_0ef5),
            (HCS, 0xf),
            (HCE, hce),
            (UTRLBA, list as u32),
            (UTRLBAU, (list >> 32) as u32),
            (UTRLCNR, 0x8000_0000),
            (UTMRLBA, task_list as u32),
            (UTMRLBAU, (task_list >> 32) as u32),
            (UICCMD, 0x16),
            (UCMDARG3, 0xc),
        ] {
            words[offset as usize / 4] = value;
        }
        words
    };
    let dump = dump_after_refused_fetch(HostConfig::sc8180x(), 0x1_032d_b000, 0x1_032d_d000);
    assert_eq!(dump, common(0x1587_031f, 0x300, 1, 0x1_032d_b000, 0x1_032d_d000));
    let dump = dump_after_refused_fetch(HostConfig::sm8550(), 0x8_8510_9000, 0x8_8510_a000);
    assert_eq!(dump, common(0x3587_031f, 0x400, 3, 0x8_8510_9000, 0x8_8510_a000));
}

#[test]
fn a_reset_and_a_second_initialisation() {
    let mut rig = Rig::ready();
    rig.port.errors.push((LIST..LIST + 0x400, false, 3));
    rig.ring(1);
    rig.run_while(|rig| rig.read(IS) & 0x20000 == 0);
    rig.write(HCE, 0);
    assert_eq!((rig.read(HCE), rig.read(HCS), rig.read(IS), rig.read(UTRLCNR), rig.read(UTRLBA)), (0, 0, 0, 0, 0));
    rig.port.errors.clear();
    rig.initialise();
    let reply = rig.run(0, &transfer(false, 0, 0, 1), 2, &[at(0, 4096)]);
    assert_eq!((reply.code(), reply.dw1().status()), (0x21, 0));
}

#[test]
fn a_reset_in_the_middle_waits_for_the_bus() {
    let mut config = HostConfig::sc8180x();
    config.timing.enable = 1;
    let mut rig = Rig::new(config, DeviceConfig::ufs31());
    rig.initialise();
    rig.prepare(4, &transfer(false, 4, 0, 8), 2, &[at(0, 8 * 4096)]);
    rig.ring(1 << 4);
    rig.run_while(|rig| rig.host.trace().of(Purpose::Data).writes == 0);
    assert!(rig.port.in_flight() > 0);
    rig.write(HCE, 0);
    let posted = rig.port.log.len();
    rig.write(HCE, 1);
    rig.run_while(|rig| rig.read(HCE) == 0);
    assert_eq!((rig.port.in_flight(), rig.port.log.len()), (0, posted), "in flight comes back, nothing new goes out");
    rig.settle();
    assert_eq!(rig.port.log.len(), posted);
}
