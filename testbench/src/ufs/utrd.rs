//! Descriptors that host software puts into memory: transfer request (UTRD), PRDT entry, task management request (UTMRD).
//!
//! All are little-endian. A UTRD is 32 bytes at `UTRLBA + 32 * slot`, a UTMRD 80 bytes at `UTMRLBA + 80 * slot`.

use bitfield_struct::bitfield;

/// Bytes of a transfer request descriptor.
pub const UTRD_BYTES: u64 = 32;
/// Offset of the dword that holds the overall command status, in UTRD and UTMRD.
pub const OCS_OFFSET: u64 = 8;
/// Bytes of a PRDT entry.
pub const PRDT_ENTRY_BYTES: u64 = 16;
/// Bytes of a task management request descriptor.
pub const UTMRD_BYTES: u64 = 80;
/// Offset of the request UPIU in a UTMRD.
pub const UTMRD_REQUEST: usize = 16;
/// Offset of the response UPIU in a UTMRD.
pub const UTMRD_RESPONSE: u64 = 48;
/// Command type "UFS storage" of UFSHCI 2.0 and later.
pub const CT_UFS_STORAGE: u8 = 1;

/// Overall command status, written by the host controller at the end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Ocs {
    /// The response UPIU tells the rest.
    Success = 0x0,
    /// A field of the descriptor or of the command UPIU that the host cannot carry out.
    InvalidCommandTable = 0x1,
    /// A PRDT entry whose length is not a multiple of four bytes.
    InvalidPrdt = 0x2,
    /// The PRDT or the data direction does not fit what the device transfers.
    DataMismatch = 0x3,
    /// The response does not fit the space given for it.
    ResponseMismatch = 0x4,
    /// A write of this request met a bus error (only with [`super::presets::WriteErrorPolicy::FailRequest`]).
    HostFatal = 0x7,
    /// Inline crypto was asked for, and no valid configuration is there.
    InvalidCrypto = 0x9,
    /// What host software presets.
    Invalid = 0xf,
}

/// DW0 of a UTRD.
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct UtrdControl {
    /// Crypto configuration index.
    pub crypto_index: u8,
    /// Extra header segment length, used only if `CAP.EHSLUTRDS`.
    pub ehs_length: u8,
    #[bits(7)]
    __: u8,
    /// Crypto enable.
    pub crypto: bool,
    /// Interrupt on completion.
    pub interrupt: bool,
    /// 0 no data, 1 host to device, 2 device to host.
    #[bits(2)]
    pub direction: u8,
    __: bool,
    /// Command type: 1 = UFS storage.
    #[bits(4)]
    pub command_type: u8,
}

/// DW6 or DW7 of a UTRD: a place in the command descriptor.
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct UtrdPlace {
    /// Dwords for the response, entries for the PRDT.
    pub length: u16,
    /// Offset in dwords from the command descriptor's base.
    pub offset: u16,
}

/// A transfer request descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Utrd {
    /// DW0.
    pub control: UtrdControl,
    /// Command descriptor base, 128-byte aligned (lower bits are ignored).
    pub ucd: u64,
    /// Response UPIU: length in dwords.
    pub response: UtrdPlace,
    /// PRDT: length in entries.
    pub prdt: UtrdPlace,
}

impl Utrd {
    /// Decodes 32 bytes; shorter input reads as zeros behind its end.
    pub fn from_bytes(bytes: &[u8]) -> Utrd {
        let dword = |n: usize| dword_le(bytes, n);
        Utrd {
            control: UtrdControl::from(dword(0)),
            ucd: u64::from(dword(5)) << 32 | u64::from(dword(4) & !0x7f),
            response: UtrdPlace::from(dword(6)),
            prdt: UtrdPlace::from(dword(7)),
        }
    }

    /// The 32 bytes as host software writes them, status preset to [`Ocs::Invalid`].
    pub fn to_bytes(&self) -> [u8; 32] {
        let mut out = [0; 32];
        let dwords = [
            self.control.into(),
            0,
            Ocs::Invalid as u32,
            0,
            self.ucd as u32,
            (self.ucd >> 32) as u32,
            self.response.into(),
            self.prdt.into(),
        ];
        for (n, dword) in dwords.into_iter().enumerate() {
            out[4 * n..4 * n + 4].copy_from_slice(&dword.to_le_bytes());
        }
        out
    }

    /// Address of the response UPIU.
    pub fn response_addr(&self) -> u64 {
        self.ucd.wrapping_add(4 * u64::from(self.response.offset()))
    }

    /// Address of PRDT entry `index`.
    pub fn prdt_addr(&self, index: u32) -> u64 {
        self.ucd.wrapping_add(4 * u64::from(self.prdt.offset()) + PRDT_ENTRY_BYTES * u64::from(index))
    }
}

/// One PRDT entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrdtEntry {
    /// First byte, 4-byte aligned (lower bits are ignored).
    pub addr: u64,
    /// Bytes, 1 to 256 Ki.
    pub bytes: u32,
}

impl PrdtEntry {
    /// Decodes 16 bytes. `None`: the length is not a multiple of four bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<PrdtEntry> {
        let count = dword_le(bytes, 3) & 0x3_ffff;
        let addr = u64::from(dword_le(bytes, 1)) << 32 | u64::from(dword_le(bytes, 0) & !3);
        (count & 3 == 3).then_some(PrdtEntry { addr, bytes: count + 1 })
    }

    /// The 16 bytes as host software writes them.
    pub fn to_bytes(&self) -> [u8; 16] {
        let mut out = [0; 16];
        out[..8].copy_from_slice(&self.addr.to_le_bytes());
        out[12..].copy_from_slice(&(self.bytes.wrapping_sub(1) & 0x3_ffff).to_le_bytes());
        out
    }
}

/// Little-endian dword `n`; bytes behind the end read as zero.
pub fn dword_le(bytes: &[u8], n: usize) -> u32 {
    let mut word = [0; 4];
    for (to, from) in word.iter_mut().zip(bytes.iter().skip(4 * n)) {
        *to = *from;
    }
    u32::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utrd_fields_sit_where_linux_puts_them() {
        let mut bytes = [0u8; 32];
        // A READ as Linux builds it: device to host, interrupt, response at dword 0x80 of 0x80 dwords, PRDT at dword 0x100.
        for (n, dword) in [0x1500_0000u32, 0, 0xf, 0, 0x8513_a400, 0x8, 0x0080_0080, 0x0100_0003].into_iter().enumerate() {
            bytes[4 * n..4 * n + 4].copy_from_slice(&dword.to_le_bytes());
        }
        let utrd = Utrd::from_bytes(&bytes);
        assert_eq!((utrd.control.command_type(), utrd.control.direction(), utrd.control.interrupt()), (1, 2, true));
        assert_eq!(utrd.response_addr(), 0x8_8513_a600);
        assert_eq!(utrd.prdt_addr(1), 0x8_8513_a810);
        assert_eq!(utrd.prdt.length(), 3);
        assert_eq!(utrd.to_bytes(), bytes);
    }

    #[test]
    fn prdt_length_must_be_a_multiple_of_four() {
        let entry = PrdtEntry { addr: 0xf_1234_5678, bytes: 0x4_0000 };
        assert_eq!(PrdtEntry::from_bytes(&entry.to_bytes()), Some(entry));
        assert_eq!(entry.to_bytes()[12..], [0xff, 0xff, 3, 0]);
        let odd = PrdtEntry { addr: 0, bytes: 6 };
        assert_eq!(PrdtEntry::from_bytes(&odd.to_bytes()), None);
        assert_eq!(PrdtEntry::from_bytes(&[]), None);
    }
}
