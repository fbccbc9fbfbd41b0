//! Offsets, bits and access rules of the host controller's registers (UFSHCI 3.0/4.0 without the multi-circular queues, and the
//! vendor block behind it).
//!
//! All registers are 32 bits wide, little-endian, word-aligned. What a read or a write does is in [`super::host`].

use bitfield_struct::bitfield;

/// Host controller capabilities, RO.
pub const CAP: u32 = 0x00;
/// Multi-circular-queue capabilities, RO.
pub const MCQCAP: u32 = 0x04;
/// UFSHCI version, RO: 15:8 major, 7:4 minor.
pub const VER: u32 = 0x08;
/// Extended capabilities, RO.
pub const EXT_CAP: u32 = 0x0c;
/// Product id, RO.
pub const HCPID: u32 = 0x10;
/// Manufacturer id, RO.
pub const HCMID: u32 = 0x14;
/// Auto-hibernate idle timer, RW: 9:0 value, 12:10 scale.
pub const AHIT: u32 = 0x18;
/// Interrupt status, W1C.
pub const IS: u32 = 0x20;
/// Interrupt enable, RW.
pub const IE: u32 = 0x24;
/// Host controller status extended, RO.
pub const HCSEXT: u32 = 0x2c;
/// Host controller status, RO.
pub const HCS: u32 = 0x30;
/// Host controller enable, RW.
pub const HCE: u32 = 0x34;
/// PHY adapter layer errors, cleared by reading.
pub const UECPA: u32 = 0x38;
/// Data link layer errors, cleared by reading.
pub const UECDL: u32 = 0x3c;
/// Network layer errors, cleared by reading.
pub const UECN: u32 = 0x40;
/// Transport layer errors, cleared by reading.
pub const UECT: u32 = 0x44;
/// DME errors, cleared by reading.
pub const UECDME: u32 = 0x48;
/// Interrupt aggregation control.
pub const UTRIACR: u32 = 0x4c;
/// Transfer request list base, low word (1 KiB aligned).
pub const UTRLBA: u32 = 0x50;
/// Transfer request list base, high word.
pub const UTRLBAU: u32 = 0x54;
/// Transfer request doorbell, write 1 sets.
pub const UTRLDBR: u32 = 0x58;
/// Transfer request clear: a bit written 0 acts; reads 0.
pub const UTRLCLR: u32 = 0x5c;
/// Transfer request list run-stop.
pub const UTRLRSR: u32 = 0x60;
/// Transfer request completion notification, W1C.
pub const UTRLCNR: u32 = 0x64;
/// Task management list base, low word.
pub const UTMRLBA: u32 = 0x70;
/// Task management list base, high word.
pub const UTMRLBAU: u32 = 0x74;
/// Task management doorbell, write 1 sets.
pub const UTMRLDBR: u32 = 0x78;
/// Task management clear: a bit written 0 acts; reads 0.
pub const UTMRLCLR: u32 = 0x7c;
/// Task management list run-stop.
pub const UTMRLRSR: u32 = 0x80;
/// UIC command: a write starts it.
pub const UICCMD: u32 = 0x90;
/// UIC argument 1: 31:16 attribute, 15:0 selector.
pub const UCMDARG1: u32 = 0x94;
/// UIC argument 2: 23:16 set type; 7:0 result.
pub const UCMDARG2: u32 = 0x98;
/// UIC argument 3: a write is the value of a SET, a read the result of the last GET.
pub const UCMDARG3: u32 = 0x9c;
/// Vendor: core clock cycles in one microsecond.
pub const SYS1CLK_1US: u32 = 0xc0;
/// Vendor: parameters, 6:4 highest HS gear, RO.
pub const PARAM0: u32 = 0xd0;
/// Vendor: configuration 0.
pub const CFG0: u32 = 0xd8;
/// Vendor: configuration 1.
pub const CFG1: u32 = 0xdc;
/// Vendor: configuration 2, 7:0 clock gates.
pub const CFG2: u32 = 0xe0;
/// Vendor: hardware version, RO: 31:28 major, 27:16 minor, 15:0 step.
pub const HW_VERSION: u32 = 0xe4;
/// Crypto capability header, RO.
pub const CCAP: u32 = 0x100;
/// First crypto capability, RO; one word each.
pub const CRYPTOCAP: u32 = 0x104;

/// Length of the kernel's dump: 0x00 to 0x9f.
pub const DUMP_BYTES: u32 = 0xa0;

/// `CAP`.
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct Cap {
    /// Transfer request slots - 1.
    #[bits(5)]
    pub nutrs: u8,
    #[bits(3)]
    __: u8,
    /// READY TO TRANSFER requests that the host can hold - 1.
    pub nortt: u8,
    /// Task management slots - 1.
    #[bits(3)]
    pub nutmrs: u8,
    #[bits(3)]
    __: u8,
    /// Extra header segments are in the descriptor's length field.
    pub ehslutrds: bool,
    /// Auto-hibernate is there.
    pub autoh8: bool,
    /// 64-bit addressing.
    pub addr64: bool,
    /// Out-of-order data delivery.
    pub oodds: bool,
    /// DME test mode command.
    pub uicdmetms: bool,
    __: bool,
    /// Inline crypto.
    pub crypto: bool,
    /// Legacy doorbell removed.
    pub lsdbs: bool,
    /// Multi-circular queues.
    pub mcqs: bool,
    /// Event specific interrupts.
    pub esi: bool,
}

/// `IS` and `IE`.
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct Interrupts {
    /// Transfer request completed.
    pub utrcs: bool,
    /// Endpoint reset by the peer.
    pub udepri: bool,
    /// UIC error.
    pub ue: bool,
    /// Test mode.
    pub utms: bool,
    /// Power mode changed.
    pub upms: bool,
    /// Hibernate left.
    pub uhxs: bool,
    /// Hibernate entered.
    pub uhes: bool,
    /// Link lost.
    pub ulls: bool,
    /// Link start-up by the peer.
    pub ulss: bool,
    /// Task management completed.
    pub utmrcs: bool,
    /// UIC command completed.
    pub uccs: bool,
    /// Device fatal.
    pub dfes: bool,
    /// UTP error.
    pub utpes: bool,
    #[bits(3)]
    __: u8,
    /// Host controller fatal.
    pub hcfes: bool,
    /// System bus fatal.
    pub sbfes: bool,
    /// Crypto fatal.
    pub cefes: bool,
    #[bits(13)]
    __: u16,
}

/// Bits of `IS` and `IE` that exist.
pub const INTERRUPTS: u32 = 0x0007_1fff;

/// `HCS`.
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct Hcs {
    /// Device present: the link is up.
    pub dp: bool,
    /// Transfer request list ready.
    pub utrlrdy: bool,
    /// Task management list ready.
    pub utmrlrdy: bool,
    /// UIC command ready.
    pub ucrdy: bool,
    #[bits(4)]
    __: u8,
    /// Power mode change result: [`super::uic::PowerChange`].
    #[bits(3)]
    pub upmcrs: u8,
    #[bits(21)]
    __: u32,
}

/// `HCE`.
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct Hce {
    /// Enabled; reads 0 until the start is done.
    pub enable: bool,
    /// Crypto general enable.
    pub crypto: bool,
    #[bits(30)]
    __: u32,
}

/// `UTRIACR`.
#[bitfield(u32)]
#[derive(PartialEq, Eq)]
pub struct Utriacr {
    /// Time-out in units of 40 us.
    pub timeout: u8,
    /// Completions until the interrupt.
    #[bits(5)]
    pub threshold: u8,
    #[bits(3)]
    __: u8,
    /// Write 1: counter and timer start over. Reads 0.
    pub reset: bool,
    #[bits(3)]
    __: u8,
    /// Completions are counted and not yet reported, RO.
    pub status: bool,
    #[bits(3)]
    __: u8,
    /// Write 1: `timeout` and `threshold` of this write are taken. Reads 0.
    pub parameter_write: bool,
    #[bits(6)]
    __: u8,
    /// Aggregation on.
    pub enable: bool,
}

/// Name of a standard register, for traces and dumps.
pub fn name(offset: u32) -> Option<&'static str> {
    const NAMES: &[(u32, &str)] = &[
        (CAP, "CAP"),
        (MCQCAP, "MCQCAP"),
        (VER, "VER"),
        (EXT_CAP, "EXT_CAP"),
        (HCPID, "HCPID"),
        (HCMID, "HCMID"),
        (AHIT, "AHIT"),
        (IS, "IS"),
        (IE, "IE"),
        (HCSEXT, "HCSEXT"),
        (HCS, "HCS"),
        (HCE, "HCE"),
        (UECPA, "UECPA"),
        (UECDL, "UECDL"),
        (UECN, "UECN"),
        (UECT, "UECT"),
        (UECDME, "UECDME"),
        (UTRIACR, "UTRIACR"),
        (UTRLBA, "UTRLBA"),
        (UTRLBAU, "UTRLBAU"),
        (UTRLDBR, "UTRLDBR"),
        (UTRLCLR, "UTRLCLR"),
        (UTRLRSR, "UTRLRSR"),
        (UTRLCNR, "UTRLCNR"),
        (UTMRLBA, "UTMRLBA"),
        (UTMRLBAU, "UTMRLBAU"),
        (UTMRLDBR, "UTMRLDBR"),
        (UTMRLCLR, "UTMRLCLR"),
        (UTMRLRSR, "UTMRLRSR"),
        (UICCMD, "UICCMD"),
        (UCMDARG1, "UCMDARG1"),
        (UCMDARG2, "UCMDARG2"),
        (UCMDARG3, "UCMDARG3"),
    ];
    NAMES.iter().find(|(at, _)| *at == offset).map(|(_, name)| *name)
}
