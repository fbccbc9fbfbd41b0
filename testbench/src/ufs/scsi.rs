//! SCSI commands of the device: what a CDB asks for, and sense data.

use super::presets::DeviceConfig;
use super::store::{Store, BLOCK_BYTES};

/// Well-known logical units.
pub mod wlun {
    /// REPORT LUNS.
    pub const REPORT_LUNS: u8 = 0x81;
    /// UFS device.
    pub const DEVICE: u8 = 0xd0;
    /// Boot.
    pub const BOOT: u8 = 0xb0;
    /// Replay protected memory block.
    pub const RPMB: u8 = 0xc4;
    /// All of them.
    pub const ALL: [u8; 4] = [REPORT_LUNS, DEVICE, BOOT, RPMB];
}

/// SCSI status GOOD.
pub const GOOD: u8 = 0x00;
/// SCSI status CHECK CONDITION.
pub const CHECK_CONDITION: u8 = 0x02;
/// SCSI status TASK SET FULL.
pub const TASK_SET_FULL: u8 = 0x28;

/// Why a command ended in CHECK CONDITION.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sense {
    /// Sense key.
    pub key: u8,
    /// Additional sense code.
    pub asc: u8,
    /// Its qualifier.
    pub ascq: u8,
}

impl Sense {
    /// Nothing to report.
    pub const NONE: Sense = Sense { key: 0, asc: 0, ascq: 0 };
    /// Becoming ready.
    pub const NOT_READY: Sense = Sense { key: 2, asc: 0x04, ascq: 0x01 };
    /// Invalid command operation code.
    pub const INVALID_COMMAND: Sense = Sense { key: 5, asc: 0x20, ascq: 0 };
    /// Logical block address out of range.
    pub const OUT_OF_RANGE: Sense = Sense { key: 5, asc: 0x21, ascq: 0 };
    /// Invalid field in CDB.
    pub const INVALID_FIELD: Sense = Sense { key: 5, asc: 0x24, ascq: 0 };
    /// Logical unit not supported.
    pub const NO_UNIT: Sense = Sense { key: 5, asc: 0x25, ascq: 0 };
    /// Power on, reset, or bus device reset occurred.
    pub const POWER_ON: Sense = Sense { key: 6, asc: 0x29, ascq: 0 };

    /// Fixed format, 18 bytes.
    pub fn to_bytes(self) -> [u8; 18] {
        let mut out = [0; 18];
        out[0] = 0x70;
        out[2] = self.key;
        out[7] = 10;
        out[12] = self.asc;
        out[13] = self.ascq;
        out
    }
}

/// What a command is going to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ends without data.
    Done,
    /// Ends with CHECK CONDITION.
    Fail(Sense),
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends from the medium: byte offset and bytes.
    Read(u64, u64),
    /// Takes to the medium: byte offset and bytes.
    Write(u64, u64),
    /// Flushes the cache.
    Flush,
}

/// Decodes a CDB for a logical unit. `store` is `None` for a well-known unit; `ready` is false until the device is initialised.
/// Unit attention is the caller's.
pub fn decode(config: &DeviceConfig, lun: u8, store: Option<&Store>, ready: bool, cdb: &[u8; 16]) -> Action {
    match cdb[0] {
        0x12 => inquiry(config, lun, cdb),
        0xa0 => report_luns(config, cdb),
        0x03 => Action::Send(cut(Sense::NONE.to_bytes().to_vec(), cdb[4].into())),
        // START STOP UNIT goes to the device unit; nothing here has a motor or a sleep state that data transfers would see.
        0x1b => Action::Done,
        _ if !ready => Action::Fail(Sense::NOT_READY),
        0x00 => Action::Done,
        opcode => match store {
            Some(store) => media(opcode, store, cdb),
            None => Action::Fail(Sense::INVALID_COMMAND),
        },
    }
}

fn media(opcode: u8, store: &Store, cdb: &[u8; 16]) -> Action {
    let be = |range: std::ops::Range<usize>| cdb[range].iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    let last = store.blocks().saturating_sub(1);
    match opcode {
        0x25 => {
            let mut out = u32::try_from(last).unwrap_or(u32::MAX).to_be_bytes().to_vec();
            out.extend_from_slice(&(BLOCK_BYTES as u32).to_be_bytes());
            Action::Send(out)
        }
        0x9e if cdb[1] & 0x1f == 0x10 => {
            let mut out = vec![0; 32];
            out[..8].copy_from_slice(&last.to_be_bytes());
            out[8..12].copy_from_slice(&(BLOCK_BYTES as u32).to_be_bytes());
            Action::Send(cut(out, be(10..14)))
        }
        0x28 => extent(store, be(2..6), be(7..9), Action::Read),
        0x2a => extent(store, be(2..6), be(7..9), Action::Write),
        0x88 => extent(store, be(2..10), be(10..14), Action::Read),
        0x8a => extent(store, be(2..10), be(10..14), Action::Write),
        0x35 => extent(store, be(2..6), be(7..9), |_, _| Action::Flush),
        0x91 => extent(store, be(2..10), be(10..14), |_, _| Action::Flush),
        // MODE SENSE(10): no pages, no block descriptors.
        0x5a => Action::Send(cut(vec![0, 6, 0, 0, 0, 0, 0, 0], be(7..9))),
        0x9e => Action::Fail(Sense::INVALID_FIELD),
        _ => Action::Fail(Sense::INVALID_COMMAND),
    }
}

fn extent(store: &Store, block: u64, count: u64, action: impl Fn(u64, u64) -> Action) -> Action {
    match block.checked_add(count) {
        Some(end) if end <= store.blocks() => action(block * BLOCK_BYTES, count * BLOCK_BYTES),
        _ => Action::Fail(Sense::OUT_OF_RANGE),
    }
}

fn cut(mut data: Vec<u8>, allocation: u64) -> Vec<u8> {
    data.truncate(usize::try_from(allocation).unwrap_or(usize::MAX));
    data
}

/// ASCII, padded with spaces.
fn padded(text: &str, width: usize) -> Vec<u8> {
    let mut out: Vec<u8> = text.bytes().take(width).collect();
    out.resize(width, b' ');
    out
}

fn inquiry(config: &DeviceConfig, lun: u8, cdb: &[u8; 16]) -> Action {
    let allocation = u64::from(cdb[3]) << 8 | u64::from(cdb[4]);
    let known = lun & 0x80 != 0 || usize::from(lun) < config.luns.len();
    // Peripheral: well-known unit 0x1e, disk 0; 0x7f: nothing can be there.
    let peripheral = match lun {
        _ if !known => 0x7f,
        lun if lun & 0x80 != 0 => 0x1e,
        _ => 0,
    };
    let page = |code: u8, body: Vec<u8>| {
        let mut out = vec![peripheral, code, 0, body.len() as u8];
        out.extend(body);
        Action::Send(cut(out, allocation))
    };
    match (cdb[1] & 1, cdb[2]) {
        (1, 0x00) => page(0x00, vec![0x00, 0x80, 0x83]),
        (1, 0x80) => page(0x80, config.serial.bytes().take(200).collect()),
        (1, 0x83) => {
            // One designator: ASCII, T10 vendor id.
            let mut id = padded(config.vendor, 8);
            id.extend(config.serial.bytes().take(200));
            id.push(b'0' + lun % 10);
            let mut body = vec![0x02, 0x01, 0, id.len() as u8];
            body.extend(id);
            page(0x83, body)
        }
        (0, 0) => {
            // SPC-4, response format 2, command queueing.
            let mut out = vec![peripheral, 0, 6, 2, 31, 0, 0, 2];
            out.extend(padded(config.vendor, 8));
            out.extend(padded(config.product, 16));
            out.extend(padded("0100", 4));
            Action::Send(cut(out, allocation))
        }
        _ => Action::Fail(Sense::INVALID_FIELD),
    }
}

fn report_luns(config: &DeviceConfig, cdb: &[u8; 16]) -> Action {
    let allocation = u64::from(u32::from_be_bytes([cdb[6], cdb[7], cdb[8], cdb[9]]));
    let standard = (0..config.luns.len()).map(|lun| [0, lun as u8]);
    // Extended addressing of well-known units: 0xc1 and the number without its top bit.
    let known = wlun::ALL.into_iter().map(|lun| [0xc1, lun & 0x7f]);
    let units: Vec<[u8; 2]> = match cdb[2] {
        0 => standard.collect(),
        1 => known.collect(),
        2 => standard.chain(known).collect(),
        _ => return Action::Fail(Sense::INVALID_FIELD),
    };
    let mut out = ((units.len() * 8) as u32).to_be_bytes().to_vec();
    out.extend([0; 4]);
    for unit in units {
        out.extend(unit);
        out.extend([0; 6]);
    }
    Action::Send(cut(out, allocation))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> DeviceConfig {
        DeviceConfig { luns: vec![100, 200], ..DeviceConfig::ufs31() }
    }

    fn run(lun: u8, cdb: &[u8]) -> Action {
        let config = config();
        let mut full = [0; 16];
        full[..cdb.len()].copy_from_slice(cdb);
        let store = config.luns.get(usize::from(lun)).map(|blocks| Store::new(*blocks));
        decode(&config, lun, store.as_ref(), true, &full)
    }

    #[test]
    fn capacity_names_the_last_block() {
        assert_eq!(run(0, &[0x25]), Action::Send(vec![0, 0, 0, 99, 0, 0, 0x10, 0]));
        let Action::Send(long) = run(1, &[0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32]) else { panic!("no data") };
        assert_eq!(long[..12], [0, 0, 0, 0, 0, 0, 0, 199, 0, 0, 0x10, 0]);
        assert_eq!(long.len(), 32);
    }

    #[test]
    fn extents_are_checked_against_the_end() {
        assert_eq!(run(0, &[0x28, 0, 0, 0, 0, 98, 0, 0, 2]), Action::Read(98 * 4096, 8192));
        assert_eq!(run(0, &[0x28, 0, 0, 0, 0, 98, 0, 0, 3]), Action::Fail(Sense::OUT_OF_RANGE));
        assert_eq!(run(0, &[0x2a, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 1]), Action::Fail(Sense::OUT_OF_RANGE));
        let huge = [0x88, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(run(0, &huge), Action::Fail(Sense::OUT_OF_RANGE));
    }

    #[test]
    fn inquiry_tells_units_apart() {
        let peripheral = |lun| match run(lun, &[0x12, 0, 0, 0, 36]) {
            Action::Send(data) if data.len() == 36 => data[0],
            other => panic!("{other:?}"),
        };
        assert_eq!([peripheral(0), peripheral(1), peripheral(2), peripheral(wlun::DEVICE)], [0, 0, 0x7f, 0x1e]);
        assert_eq!(run(0, &[0x12, 0, 0, 0, 5]), Action::Send(vec![0, 0, 6, 2, 31]));
        assert_eq!(run(0, &[0x12, 1, 0x55, 0, 36]), Action::Fail(Sense::INVALID_FIELD));
    }

    #[test]
    fn luns_are_listed() {
        let Action::Send(data) = run(wlun::REPORT_LUNS, &[0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0]) else { panic!("no data") };
        assert_eq!(data[..4], 16u32.to_be_bytes());
        assert_eq!((data[9], data[17]), (0, 1));
        assert_eq!(run(0, &[0xa0, 0, 9]), Action::Fail(Sense::INVALID_FIELD));
    }

    #[test]
    fn not_ready_before_initialisation() {
        let config = config();
        let mut cdb = [0; 16];
        assert_eq!(decode(&config, 0, Some(&Store::new(1)), false, &cdb), Action::Fail(Sense::NOT_READY));
        cdb[0] = 0xee;
        assert_eq!(decode(&config, 0, Some(&Store::new(1)), true, &cdb), Action::Fail(Sense::INVALID_COMMAND));
        assert_eq!(decode(&config, wlun::BOOT, None, true, &[0x28; 16]), Action::Fail(Sense::INVALID_COMMAND));
    }
}
