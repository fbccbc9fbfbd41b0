//! The whole controller on a plain memory: a rig that clocks it, and the few steps that a driver takes.

mod errors;
mod hostile;
mod init;
mod io;
mod port;
mod registers;

use super::host::UfsHost;
use super::presets::{us, DeviceConfig, HostConfig};
use super::registers::*;
use super::uic::opcode;
use super::upiu::{flag, Query, Upiu};
use super::utrd::{Ocs, PrdtEntry, Utrd, UtrdControl, UtrdPlace};
use port::MemoryPort;

/// Where a test's memory has the lists, the command descriptors (0xC00 bytes a slot) and the data.
const LIST: u64 = 0x1_032d_b000;
const TASK_LIST: u64 = 0x1_032d_d000;
const UCD: u64 = 0x1_032c_0000;
const UCD_BYTES: u64 = 0xc00;
const DATA: u64 = 0x2_0000_0000;

/// Controller and memory.
struct Rig {
    host: UfsHost,
    port: MemoryPort,
}

impl Rig {
    fn new(host: HostConfig, device: DeviceConfig) -> Rig {
        Rig { host: UfsHost::new(host, device), port: MemoryPort::new(40) }
    }

    /// SC8180X with a device that is quick to answer and has a small LUN.
    fn quick() -> Rig {
        let mut device = DeviceConfig { luns: vec![1024, 16], ..DeviceConfig::ufs31() };
        device.timing.read = us(5);
        device.timing.init = us(1000);
        Rig::new(HostConfig::sc8180x(), device)
    }

    /// Quick, initialised, in HS gear 4, lists running.
    fn ready() -> Rig {
        let mut rig = Rig::quick();
        rig.initialise();
        rig
    }

    fn initialise(&mut self) {
        self.start_link();
        self.start_lists();
        self.set_flag(1);
        self.run_while(|rig| rig.read_flag(1) != 0);
        self.fast_link();
    }

    fn read(&mut self, offset: u32) -> u32 {
        self.host.read32(offset)
    }

    fn write(&mut self, offset: u32, value: u32) {
        self.host.write32(offset, value);
    }

    fn tick(&mut self) {
        self.port.now = self.host.now();
        self.host.tick(&mut self.port);
    }

    /// Ticks, or jumps to the next event.
    fn advance(&mut self) {
        if let Some(cycles) = self.host.next_event_in() {
            self.host.skip(cycles);
        }
        self.tick();
    }

    /// Lets time go on while the condition holds. 200 ms of simulated time are a hang.
    fn run_while(&mut self, mut condition: impl FnMut(&mut Rig) -> bool) {
        let limit = self.host.now() + us(200_000);
        while condition(self) {
            assert!(self.host.now() < limit, "nothing happens");
            self.advance();
        }
    }

    /// Until nothing is going on at all.
    fn settle(&mut self) {
        self.run_while(|rig| rig.host.next_event_in().is_some());
    }

    /// One UIC command as the driver gives it. Returns the result code.
    fn uic(&mut self, opcode: u8, arg1: u32, arg3: u32) -> u32 {
        assert!(Hcs::from(self.read(HCS)).ucrdy());
        for (offset, value) in [(UCMDARG1, arg1), (UCMDARG2, 0), (UCMDARG3, arg3), (UICCMD, opcode.into())] {
            self.write(offset, value);
        }
        self.run_while(|rig| rig.read(IS) & 1 << 10 == 0);
        self.write(IS, 1 << 10);
        self.read(UCMDARG2) & 0xff
    }

    /// Enable and link start-up, register by register.
    fn start_link(&mut self) {
        let crypto = u32::from(self.host.config().driver_sets_crypto) << 1;
        let pending = self.read(IS);
        self.write(IS, pending);
        self.write(IE, 0);
        self.write(HCE, 1 | crypto);
        self.run_while(|rig| rig.read(HCE) & 1 == 0);
        self.write(IE, 0x470);
        assert_eq!(self.uic(opcode::GET, 0x41 << 16, 0), 0);
        assert_eq!(self.read(UCMDARG3), 1, "transmitter in HIBERN8");
        for attribute in [0xa00bu32, 0x9004, 0xd002, 0x9007] {
            assert_eq!(self.uic(opcode::GET, attribute << 16, 0), 0);
            let value = self.read(UCMDARG3);
            assert_eq!(self.uic(opcode::SET, attribute << 16, value), 0);
        }
        assert_eq!(self.uic(opcode::SET, 0x155e << 16, 0), 0);
        assert_eq!(self.uic(opcode::LINKSTARTUP, 0, 0), 0);
        assert!(Hcs::from(self.read(HCS)).dp());
        self.read(UECPA);
    }

    fn start_lists(&mut self) {
        self.write(IE, 0x470 + 0x70a85);
        self.write(UTRIACR, 0);
        for (offset, base) in [(UTRLBA, LIST), (UTMRLBA, TASK_LIST)] {
            self.write(offset, base as u32);
            self.write(offset + 4, (base >> 32) as u32);
        }
        assert_eq!(self.read(HCS) & 0xe, 0xe);
        self.write(UTMRLRSR, 1);
        self.write(UTRLRSR, 1);
    }

    fn fast_link(&mut self) {
        for (attribute, value) in [(0x1568u32, 4), (0x1583, 4), (0x1560, 2), (0x1580, 2), (0x156a, 2)] {
            assert_eq!(self.uic(opcode::SET, attribute << 16, value), 0);
        }
        assert_eq!(self.uic(opcode::SET, 0x1571 << 16, 0x11), 0);
        self.run_while(|rig| rig.read(IS) & 1 << 4 == 0);
        self.write(IS, 1 << 4);
        assert_eq!(Hcs::from(self.read(HCS)).upmcrs(), 1);
    }

    /// Puts a request into memory. `direction`: 0 none, 1 write, 2 read.
    fn prepare(&mut self, slot: u8, command: &Upiu, direction: u8, prdt: &[PrdtEntry]) {
        let ucd = UCD + UCD_BYTES * u64::from(slot);
        let utrd = Utrd {
            control: UtrdControl::new().with_command_type(1).with_interrupt(true).with_direction(direction),
            ucd,
            response: UtrdPlace::new().with_length(0x80).with_offset(0x80),
            prdt: UtrdPlace::new().with_length(prdt.len() as u16).with_offset(0x100),
        };
        self.port.write(LIST + 32 * u64::from(slot), &utrd.to_bytes());
        self.port.write(ucd, &command.to_bytes());
        self.port.write(ucd + 0x200, &[0xee; 0x200]);
        for (n, entry) in prdt.iter().enumerate() {
            self.port.write(ucd + 0x400 + 16 * n as u64, &entry.to_bytes());
        }
    }

    fn ring(&mut self, slots: u32) {
        self.write(UTRLDBR, slots);
    }

    /// Status of a slot's last request, in its descriptor.
    fn status(&self, slot: u8) -> u8 {
        self.port.read(LIST + 32 * u64::from(slot) + 8, 1)[0]
    }

    /// The response UPIU of a slot.
    fn response(&self, slot: u8) -> Upiu {
        Upiu::from_bytes(&self.port.read(UCD + UCD_BYTES * u64::from(slot) + 0x200, 0x200))
    }

    /// Rings and waits until the doorbell bit falls.
    fn finish(&mut self, slot: u8) {
        self.ring(1 << slot);
        self.run_while(|rig| rig.read(UTRLDBR) & 1 << slot != 0);
        assert_eq!(self.read(IS) & 1, 1);
        self.write(IS, 1);
    }

    /// A request from preparation to response; it must end with status success.
    fn run(&mut self, slot: u8, command: &Upiu, direction: u8, prdt: &[PrdtEntry]) -> Upiu {
        self.prepare(slot, command, direction, prdt);
        self.finish(slot);
        assert_eq!(self.status(slot), Ocs::Success as u8);
        self.response(slot)
    }

    fn query(&mut self, function: u8, query: Query) -> Upiu {
        self.run(31, &Upiu::query(function, 31, query), 0, &[])
    }

    fn set_flag(&mut self, idn: u8) {
        assert_eq!(self.query(0x81, Query { opcode: 6, idn, ..Query::default() }).dw1().response(), 0);
    }

    fn read_flag(&mut self, idn: u8) -> u32 {
        let reply = self.query(1, Query { opcode: 5, idn, ..Query::default() });
        assert_eq!((reply.code(), reply.dw1().response()), (0x36, 0));
        reply.query_fields().value
    }
}

/// READ(10) or WRITE(10) of LUN 0.
fn transfer(write: bool, tag: u8, block: u32, blocks: u16) -> Upiu {
    let mut cdb = [if write { 0x2a } else { 0x28 }, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    cdb[2..6].copy_from_slice(&block.to_be_bytes());
    cdb[7..9].copy_from_slice(&blocks.to_be_bytes());
    Upiu::command(if write { flag::WRITE } else { flag::READ }, 0, tag, u32::from(blocks) * 4096, &cdb)
}

/// One entry over contiguous data at an offset from [`DATA`].
fn at(offset: u64, bytes: u32) -> PrdtEntry {
    PrdtEntry { addr: DATA + offset, bytes }
}

/// Bytes that differ everywhere and by seed.
fn pattern(seed: u32, bytes: usize) -> Vec<u8> {
    (0..bytes as u32).map(|n| (n.wrapping_mul(2_654_435_761) ^ seed.wrapping_mul(40_503)).to_be_bytes()[1]).collect()
}
