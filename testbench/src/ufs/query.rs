//! QUERY requests of the device: flags, attributes, descriptors.

use super::presets::{DeviceConfig, CLOCK_HZ};
use super::store::BLOCK_BYTES;
use super::upiu::{Query, Upiu};
use std::collections::BTreeMap;

/// Query response codes.
pub mod response {
    /// Done.
    pub const SUCCESS: u8 = 0x00;
    /// The parameter cannot be read.
    pub const NOT_READABLE: u8 = 0xf6;
    /// The parameter cannot be written.
    pub const NOT_WRITEABLE: u8 = 0xf7;
    /// The length does not fit.
    pub const INVALID_LENGTH: u8 = 0xf9;
    /// The value is not allowed.
    pub const INVALID_VALUE: u8 = 0xfa;
    /// No such index.
    pub const INVALID_INDEX: u8 = 0xfc;
    /// No such flag, attribute or descriptor.
    pub const INVALID_IDN: u8 = 0xfd;
    /// No such opcode, or one that does not go with the function.
    pub const INVALID_OPCODE: u8 = 0xfe;
}

/// Query function of standard reads.
pub const READ: u8 = 0x01;
/// Query function of standard writes.
pub const WRITE: u8 = 0x81;
/// `fDeviceInit`.
pub const FLAG_DEVICE_INIT: u8 = 0x01;
/// `bMaxNumOfRTT`.
pub const ATTR_MAX_RTT: u8 = 0x0c;

/// Flags besides `fDeviceInit`: which exist, and whether host software may write them.
const FLAGS: &[(u8, bool)] = &[
    (0x02, true),
    (0x03, true),
    (0x04, true),
    (0x05, true),
    (0x06, true),
    (0x08, true),
    (0x09, false),
    (0x0b, true),
    (0x0e, true),
];

/// Attributes: id, reset value, writable.
const ATTRIBUTES: &[(u8, u32, bool)] = &[
    (0x00, 0, true),         // boot LUN
    (0x02, 0x11, false),     // current power mode
    (0x03, 0, true),         // active ICC level
    (0x04, 0, false),        // out-of-order data
    (0x05, 0, false),        // background operations status
    (0x06, 0, false),        // purge status
    (0x07, 8, true),         // max data in, 512-byte units
    (0x08, 8, true),         // max data out
    (0x09, 0, false),        // dynamic capacity needed
    (0x0a, 0, true),         // reference clock
    (0x0b, 0, true),         // configuration lock
    (ATTR_MAX_RTT, 2, true), // outstanding RTTs
    (0x0d, 0, true),         // exception event control
    (0x0e, 0, false),        // exception event status
    (0x0f, 0, true),         // seconds passed
    (0x17, 20, false),       // reference clock gating wait, us
];

/// Highest `bMaxNumOfRTT`.
const MAX_RTT_LIMIT: u32 = 16;

/// Flags, attributes and what descriptors are built from.
#[derive(Clone, Debug)]
pub struct QueryState {
    config: DeviceConfig,
    flags: BTreeMap<u8, bool>,
    attributes: BTreeMap<u8, u32>,
    /// End of the initialisation that `fDeviceInit` started; `None`: never started.
    init_until: Option<u64>,
}

impl QueryState {
    /// After a device reset.
    pub fn new(config: &DeviceConfig) -> QueryState {
        let mut attributes: BTreeMap<u8, u32> = ATTRIBUTES.iter().map(|(idn, value, _)| (*idn, *value)).collect();
        attributes.insert(ATTR_MAX_RTT, u32::from(config.max_rtt).clamp(1, MAX_RTT_LIMIT));
        let flags = FLAGS.iter().map(|(idn, _)| (*idn, false)).collect();
        QueryState { config: config.clone(), flags, attributes, init_until: None }
    }

    /// The device has been initialised: logical units take media commands.
    pub fn ready(&self, now: u64) -> bool {
        self.init_until.is_some_and(|end| end <= now)
    }

    /// READY TO TRANSFERs that may be outstanding.
    pub fn max_rtt(&self) -> u32 {
        self.attributes.get(&ATTR_MAX_RTT).copied().unwrap_or(1).max(1)
    }

    /// The QUERY RESPONSE for a QUERY REQUEST.
    pub fn respond(&mut self, now: u64, request: &Upiu) -> Upiu {
        let mut reply = Upiu::new(super::upiu::code::QUERY_RESPONSE, 0, request.dw0().lun(), request.dw0().tag());
        let query = request.query_fields();
        let mut answer = Query { length: 0, value: 0, ..query };
        let function = request.dw1().function();
        let result = match (function, query.opcode) {
            (_, 0) => Ok(Vec::new()),
            (READ, 1) => self.descriptor(query).map(|mut data| {
                data.truncate(query.length.into());
                data
            }),
            (WRITE, 2) => Err(response::NOT_WRITEABLE),
            (READ, 3) => self.read_attribute(now, query.idn, &mut answer),
            (WRITE, 4) => self.write_attribute(query, &mut answer),
            (READ, 5) => self.flag(now, query, &mut answer),
            (WRITE, 6..=8) => self.write_flag(now, query, &mut answer),
            _ => Err(response::INVALID_OPCODE),
        };
        reply.set_dword(1, super::upiu::Dw1::new().with_function(function).into());
        match result {
            Ok(data) => {
                answer.length = data.len() as u16;
                reply.set_query(answer);
                reply.set_data(data);
            }
            Err(code) => {
                reply.set_query(answer);
                reply.set_result(code, 0);
            }
        }
        reply
    }

    fn read_attribute(&self, now: u64, idn: u8, answer: &mut Query) -> Result<Vec<u8>, u8> {
        let value = *self.attributes.get(&idn).ok_or(response::INVALID_IDN)?;
        answer.value = if idn == 0x0f { value.wrapping_add((now / CLOCK_HZ) as u32) } else { value };
        Ok(Vec::new())
    }

    fn write_attribute(&mut self, query: Query, answer: &mut Query) -> Result<Vec<u8>, u8> {
        let (_, _, writable) = ATTRIBUTES.iter().find(|(idn, ..)| *idn == query.idn).ok_or(response::INVALID_IDN)?;
        if !writable {
            return Err(response::NOT_WRITEABLE);
        }
        if query.idn == ATTR_MAX_RTT && !(1..=MAX_RTT_LIMIT).contains(&query.value) {
            return Err(response::INVALID_VALUE);
        }
        self.attributes.insert(query.idn, query.value);
        answer.value = query.value;
        Ok(Vec::new())
    }

    fn flag(&self, now: u64, query: Query, answer: &mut Query) -> Result<Vec<u8>, u8> {
        let value = if query.idn == FLAG_DEVICE_INIT {
            self.init_until.is_some_and(|end| now < end)
        } else {
            *self.flags.get(&query.idn).ok_or(response::INVALID_IDN)?
        };
        answer.value = value.into();
        Ok(Vec::new())
    }

    fn write_flag(&mut self, now: u64, query: Query, answer: &mut Query) -> Result<Vec<u8>, u8> {
        if query.idn == FLAG_DEVICE_INIT {
            if query.opcode != 6 {
                return Err(response::NOT_WRITEABLE);
            }
            // It cannot be cleared by hand: the device does when it has come up.
            self.init_until.get_or_insert(now + self.config.timing.init);
            return self.flag(now, query, answer);
        }
        let (_, writable) = FLAGS.iter().find(|(idn, _)| *idn == query.idn).ok_or(response::INVALID_IDN)?;
        if !writable {
            return Err(response::NOT_WRITEABLE);
        }
        let flag = self.flags.entry(query.idn).or_default();
        *flag = match query.opcode {
            6 => true,
            7 => false,
            _ => !*flag,
        };
        answer.value = (*flag).into();
        Ok(Vec::new())
    }

    fn descriptor(&self, query: Query) -> Result<Vec<u8>, u8> {
        if query.length < 2 {
            return Err(response::INVALID_LENGTH);
        }
        match query.idn {
            0x00 => Ok(self.device_descriptor()),
            0x02 => self.unit_descriptor(query.index),
            0x04 => Ok(filled(0x04, 6, &[(2, &[0x01, 0x80]), (4, &[0x05, 0x00])])),
            0x05 => self.string_descriptor(query.index),
            0x07 => Ok(self.geometry_descriptor()),
            0x08 => Ok(filled(0x08, 0x62, &[])),
            0x09 => Ok(filled(0x09, 0x2d, &[(2, &[1, 1, 1])])),
            _ => Err(response::INVALID_IDN),
        }
    }

    fn device_descriptor(&self) -> Vec<u8> {
        let config = &self.config;
        let version = config.spec_version.to_be_bytes();
        let units = [config.luns.len() as u8, super::scsi::wlun::ALL.len() as u8];
        // Manufacturer, product, serial number, OEM id and product revision are string descriptors 0 to 4.
        let fields: &[(usize, &[u8])] = &[
            (0x06, &units),
            (0x0b, &[0x7f]), // all logical units have the same priority
            (0x10, &version),
            (0x14, &[0, 1, 2, 3]),
            (0x1a, &[0x16, 0x1a]),
            (0x1c, &[MAX_RTT_LIMIT as u8]),
            (0x21, &[config.queue_depth]),
            (0x2a, &[4]),
        ];
        filled(0x00, 0x59, fields)
    }

    fn geometry_descriptor(&self) -> Vec<u8> {
        // Capacities count 512-byte sectors.
        let total = self.config.luns.iter().map(|blocks| blocks * (BLOCK_BYTES / 512)).sum::<u64>().to_be_bytes();
        let more_units = [u8::from(self.config.luns.len() > 8)];
        let segment = 0x2000u32.to_be_bytes();
        let fields: &[(usize, &[u8])] = &[
            (0x04, &total),
            (0x0c, &more_units),
            (0x0d, &segment),
            (0x11, &[1]),
            (0x12, &[8]), // smallest block: 4096 bytes
            (0x15, &[8, 8]),
        ];
        filled(0x07, 0x57, fields)
    }

    fn unit_descriptor(&self, index: u8) -> Result<Vec<u8>, u8> {
        let blocks = *self.config.luns.get(usize::from(index)).ok_or(response::INVALID_INDEX)?;
        let unit = [index];
        let depth = [self.config.queue_depth];
        let count = blocks.to_be_bytes();
        let block_size = [BLOCK_BYTES.ilog2() as u8];
        Ok(filled(0x02, 0x2d, &[(0x02, &unit), (0x03, &[1]), (0x06, &depth), (0x0a, &block_size), (0x0b, &count)]))
    }

    fn string_descriptor(&self, index: u8) -> Result<Vec<u8>, u8> {
        let text = match index {
            0 => self.config.vendor,
            1 => self.config.product,
            2 => self.config.serial,
            3 => "OEM",
            4 => "0100",
            _ => return Err(response::INVALID_INDEX),
        };
        let mut out = vec![0, 0x05];
        out.extend(text.encode_utf16().take(126).flat_map(u16::to_be_bytes));
        out[0] = out.len() as u8;
        Ok(out)
    }
}

/// A descriptor of that type and length, zero but for the given fields.
fn filled(kind: u8, length: u8, fields: &[(usize, &[u8])]) -> Vec<u8> {
    let mut out = vec![0; usize::from(length)];
    out[0] = length;
    out[1] = kind;
    for (at, bytes) in fields {
        for (to, from) in out.iter_mut().skip(*at).zip(bytes.iter()) {
            *to = *from;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::presets::us;
    use super::*;

    fn ask(state: &mut QueryState, now: u64, function: u8, opcode: u8, idn: u8, value: u32) -> (u8, u32, Vec<u8>) {
        let query = Query { opcode, idn, length: 255, value, ..Query::default() };
        let reply = state.respond(now, &Upiu::query(function, 9, query));
        assert_eq!((reply.code(), reply.dw0().tag()), (0x36, 9));
        (reply.dw1().response(), reply.query_fields().value, reply.data)
    }

    #[test]
    fn device_init_reads_one_until_it_is_done() {
        let mut state = QueryState::new(&DeviceConfig::ufs31());
        assert_eq!(ask(&mut state, 0, READ, 5, FLAG_DEVICE_INIT, 0).1, 0);
        assert!(!state.ready(us(1_000_000)));
        assert_eq!(ask(&mut state, 100, WRITE, 6, FLAG_DEVICE_INIT, 0).1, 1);
        let end = 100 + DeviceConfig::ufs31().timing.init;
        assert_eq!(ask(&mut state, end - 1, READ, 5, FLAG_DEVICE_INIT, 0).1, 1);
        assert_eq!(ask(&mut state, end, READ, 5, FLAG_DEVICE_INIT, 0).1, 0);
        assert!(state.ready(end) && !state.ready(end - 1));
    }

    #[test]
    fn flags_and_attributes_keep_their_rules() {
        let mut state = QueryState::new(&DeviceConfig::ufs31());
        assert_eq!(ask(&mut state, 0, WRITE, 8, 0x04, 0).1, 1);
        assert_eq!(ask(&mut state, 0, WRITE, 8, 0x04, 0).1, 0);
        assert_eq!(ask(&mut state, 0, WRITE, 6, 0x09, 0).0, response::NOT_WRITEABLE);
        assert_eq!(ask(&mut state, 0, READ, 5, 0x77, 0).0, response::INVALID_IDN);
        assert_eq!(ask(&mut state, 0, WRITE, 4, ATTR_MAX_RTT, 4).0, 0);
        assert_eq!(state.max_rtt(), 4);
        assert_eq!(ask(&mut state, 0, WRITE, 4, ATTR_MAX_RTT, 99).0, response::INVALID_VALUE);
        assert_eq!(ask(&mut state, 0, WRITE, 4, 0x02, 0).0, response::NOT_WRITEABLE);
        assert_eq!(ask(&mut state, 0, READ, 4, ATTR_MAX_RTT, 0).0, response::INVALID_OPCODE);
        assert_eq!(ask(&mut state, 0, READ, 3, ATTR_MAX_RTT, 0).1, 4);
    }

    #[test]
    fn descriptors_carry_their_length() {
        let mut state = QueryState::new(&DeviceConfig { luns: vec![5, 7], ..DeviceConfig::ufs31() });
        for idn in [0x00, 0x02, 0x04, 0x05, 0x07, 0x08, 0x09] {
            let (code, _, data) = ask(&mut state, 0, READ, 1, idn, 0);
            assert_eq!((code, usize::from(data[0]), data[1]), (0, data.len(), idn));
        }
        let (_, _, device) = ask(&mut state, 0, READ, 1, 0x00, 0);
        assert_eq!((device[6], device[0x10], device[0x11]), (2, 0x03, 0x10));
        let (_, _, geometry) = ask(&mut state, 0, READ, 1, 0x07, 0);
        assert_eq!(geometry[4..12], (12u64 * 8).to_be_bytes());
        let query = Query { opcode: 1, idn: 2, index: 1, length: 4, ..Query::default() };
        let reply = state.respond(0, &Upiu::query(READ, 0, query));
        assert_eq!((reply.query_fields().length, reply.data), (4, vec![0x2d, 2, 1, 1]));
        let missing = Query { index: 2, length: 255, ..query };
        assert_eq!(state.respond(0, &Upiu::query(READ, 0, missing)).dw1().response(), response::INVALID_INDEX);
    }
}
