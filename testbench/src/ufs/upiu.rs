//! UFS protocol information units: what travels between host and device. Big-endian, a 32-byte header and a data segment.

use bitfield_struct::bitfield;

/// Bytes of every UPIU's header.
pub const HEADER_BYTES: usize = 32;

/// Transaction codes.
pub mod code {
    /// NOP OUT.
    pub const NOP_OUT: u8 = 0x00;
    /// COMMAND.
    pub const COMMAND: u8 = 0x01;
    /// DATA OUT.
    pub const DATA_OUT: u8 = 0x02;
    /// TASK MANAGEMENT REQUEST.
    pub const TASK_REQUEST: u8 = 0x04;
    /// QUERY REQUEST.
    pub const QUERY_REQUEST: u8 = 0x16;
    /// NOP IN.
    pub const NOP_IN: u8 = 0x20;
    /// RESPONSE.
    pub const RESPONSE: u8 = 0x21;
    /// DATA IN.
    pub const DATA_IN: u8 = 0x22;
    /// TASK MANAGEMENT RESPONSE.
    pub const TASK_RESPONSE: u8 = 0x24;
    /// READY TO TRANSFER.
    pub const READY_TO_TRANSFER: u8 = 0x31;
    /// QUERY RESPONSE.
    pub const QUERY_RESPONSE: u8 = 0x36;
    /// REJECT.
    pub const REJECT: u8 = 0x3f;
}

/// Flags of COMMAND and RESPONSE.
pub mod flag {
    /// COMMAND: data goes from device to host. RESPONSE: overflow.
    pub const READ: u8 = 0x40;
    /// COMMAND: data goes from host to device. RESPONSE: underflow.
    pub const WRITE: u8 = 0x20;
    /// RESPONSE: the command wanted to move more than the host expected.
    pub const OVERFLOW: u8 = 0x40;
    /// RESPONSE: less was moved than the host expected.
    pub const UNDERFLOW: u8 = 0x20;
}

/// DW0 of the header.
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct Dw0 {
    /// Task tag.
    pub tag: u8,
    /// Logical unit number; bit 7 marks a well-known logical unit.
    pub lun: u8,
    /// Flags, by transaction code.
    pub flags: u8,
    /// Transaction code.
    #[bits(6)]
    pub code: u8,
    /// Data segment ends in a CRC.
    pub data_digest: bool,
    /// Header ends in a CRC.
    pub header_digest: bool,
}

/// DW1 of the header.
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct Dw1 {
    /// SCSI status.
    pub status: u8,
    /// Response: 0 target success, 1 target failure; QUERY: a query response code.
    pub response: u8,
    /// Query or task management function.
    pub function: u8,
    /// Command set type.
    #[bits(4)]
    pub command_set: u8,
    /// Initiator.
    #[bits(4)]
    pub initiator: u8,
}

/// DW2 of the header.
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct Dw2 {
    /// Bytes of the data segment.
    pub data_length: u16,
    /// Device information: bit 0 an exception event is pending.
    pub device_info: u8,
    /// Extra header segments, 32-byte units.
    pub ehs_length: u8,
}

/// One UPIU.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upiu {
    /// The header.
    pub header: [u8; HEADER_BYTES],
    /// The data segment, without padding.
    pub data: Vec<u8>,
}

impl Upiu {
    /// A UPIU of that code for that logical unit and tag, otherwise zero.
    pub fn new(code: u8, flags: u8, lun: u8, tag: u8) -> Upiu {
        let mut upiu = Upiu::default();
        upiu.set_dword(0, Dw0::new().with_code(code).with_flags(flags).with_lun(lun).with_tag(tag).into());
        upiu
    }

    /// A COMMAND that expects `bytes` of data in the direction of `flags` ([`flag`]).
    pub fn command(flags: u8, lun: u8, tag: u8, bytes: u32, cdb: &[u8]) -> Upiu {
        let mut upiu = Upiu::new(code::COMMAND, flags, lun, tag);
        upiu.set_dword(3, bytes);
        for (to, from) in upiu.header[16..].iter_mut().zip(cdb) {
            *to = *from;
        }
        upiu
    }

    /// A QUERY REQUEST: `function` 0x01 read or 0x81 write.
    pub fn query(function: u8, tag: u8, request: Query) -> Upiu {
        let mut upiu = Upiu::new(code::QUERY_REQUEST, 0, 0, tag);
        upiu.set_dword(1, Dw1::new().with_function(function).into());
        upiu.set_query(request);
        upiu
    }

    /// A UPIU from memory or from the link: 32 bytes of header and the data segment. Missing bytes read as zero.
    pub fn from_bytes(bytes: &[u8]) -> Upiu {
        let mut upiu = Upiu::default();
        for (to, from) in upiu.header.iter_mut().zip(bytes) {
            *to = *from;
        }
        let data = bytes.get(HEADER_BYTES..).unwrap_or_default();
        upiu.data = data[..data.len().min(usize::from(upiu.dw2().data_length()))].to_vec();
        upiu
    }

    /// Header, data segment, and zeros up to a multiple of four bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.header.to_vec();
        out.extend_from_slice(&self.data);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }

    /// Bytes on the link, padding included.
    pub fn wire_bytes(&self) -> u64 {
        (HEADER_BYTES + self.data.len().next_multiple_of(4)) as u64
    }

    /// Big-endian dword `n` of the header (0 to 7).
    pub fn dword(&self, n: usize) -> u32 {
        let b = &self.header[4 * n..4 * n + 4];
        u32::from_be_bytes([b[0], b[1], b[2], b[3]])
    }

    /// Sets big-endian dword `n` of the header.
    pub fn set_dword(&mut self, n: usize, value: u32) {
        self.header[4 * n..4 * n + 4].copy_from_slice(&value.to_be_bytes());
    }

    /// DW0 decoded.
    pub fn dw0(&self) -> Dw0 {
        self.dword(0).into()
    }

    /// DW1 decoded.
    pub fn dw1(&self) -> Dw1 {
        self.dword(1).into()
    }

    /// DW2 decoded.
    pub fn dw2(&self) -> Dw2 {
        self.dword(2).into()
    }

    /// Transaction code.
    pub fn code(&self) -> u8 {
        self.dw0().code()
    }

    /// Sets response and SCSI status.
    pub fn set_result(&mut self, response: u8, status: u8) {
        let dw1 = self.dw1().with_response(response).with_status(status);
        self.set_dword(1, dw1.into());
    }

    /// Sets the data segment and its length field. More than 65,535 bytes are cut off.
    pub fn set_data(&mut self, mut data: Vec<u8>) {
        data.truncate(usize::from(u16::MAX));
        let dw2 = self.dw2().with_data_length(data.len() as u16);
        self.set_dword(2, dw2.into());
        self.data = data;
    }

    /// CDB of a COMMAND.
    pub fn cdb(&self) -> [u8; 16] {
        let mut cdb = [0; 16];
        cdb.copy_from_slice(&self.header[16..]);
        cdb
    }

    /// Transaction-specific fields of a QUERY.
    pub fn query_fields(&self) -> Query {
        let b = &self.header[12..16];
        Query { opcode: b[0], idn: b[1], index: b[2], selector: b[3], length: self.dword(4) as u16, value: self.dword(5) }
    }

    /// Sets the transaction-specific fields of a QUERY.
    pub fn set_query(&mut self, query: Query) {
        self.header[12..16].copy_from_slice(&[query.opcode, query.idn, query.index, query.selector]);
        self.set_dword(4, query.length.into());
        self.set_dword(5, query.value);
    }
}

/// Transaction-specific fields of QUERY REQUEST and RESPONSE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// 1/2 read/write descriptor, 3/4 attribute, 5 read flag, 6 set, 7 clear, 8 toggle.
    pub opcode: u8,
    /// Which descriptor, attribute or flag.
    pub idn: u8,
    /// Index, for example the logical unit.
    pub index: u8,
    /// Selector.
    pub selector: u8,
    /// Descriptor length, bytes.
    pub length: u16,
    /// Attribute value, or flag value in the lowest bit.
    pub value: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nop_out_is_a_tag_and_zeros() {
        let upiu = Upiu::new(code::NOP_OUT, 0, 0, 31);
        let mut expected = vec![0; 32];
        expected[3] = 31;
        assert_eq!(upiu.to_bytes(), expected);
    }

    #[test]
    fn fields_sit_in_their_bytes() {
        let mut upiu = Upiu::command(flag::READ, 2, 7, 4096, &[0x28, 0, 0, 0, 1, 2, 0, 0, 1, 0]);
        assert_eq!(upiu.header[..4], [0x01, 0x40, 2, 7]);
        assert_eq!(upiu.header[12..26], [0, 0, 0x10, 0, 0x28, 0, 0, 0, 1, 2, 0, 0, 1, 0]);
        upiu.set_result(1, 2);
        assert_eq!(upiu.header[6..8], [1, 2]);
        upiu.set_data(vec![9; 18]);
        assert_eq!(upiu.header[10..12], [0, 18]);
        assert_eq!(upiu.to_bytes().len(), 52);
        assert_eq!(Upiu::from_bytes(&upiu.to_bytes()), upiu);
    }

    #[test]
    fn query_round_trip() {
        let query = Query { opcode: 3, idn: 0xc, index: 1, selector: 2, length: 0x1234, value: 0xdead_beef };
        let upiu = Upiu::query(0x81, 5, query);
        assert_eq!(upiu.header[..6], [0x16, 0, 0, 5, 0, 0x81]);
        assert_eq!(upiu.header[12..24], [3, 0xc, 1, 2, 0, 0, 0x12, 0x34, 0xde, 0xad, 0xbe, 0xef]);
        assert_eq!(upiu.query_fields(), query);
    }

    #[test]
    fn short_input_reads_as_zero() {
        assert_eq!(Upiu::from_bytes(&[0x21]).code(), code::RESPONSE);
        assert_eq!(Upiu::from_bytes(&[]), Upiu::default());
    }
}
