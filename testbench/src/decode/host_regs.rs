//! The UFS host controller's registers as ufshcd dumps them (`host_regs:`), every register and bit.
//!
//! Offsets are those of [`crate::ufs::registers`]; what a bit means to someone who reads a log stands here.

use super::{fields_of, RegisterValue};
use crate::ufs::registers as r;

/// A register: offset, name, what it is, its fields (name, lowest bit, width, meaning).
struct Row {
    offset: u32,
    name: &'static str,
    doc: &'static str,
    fields: &'static [Bits],
}

type Bits = (&'static str, u8, u8, &'static str);

const fn row(offset: u32, name: &'static str, doc: &'static str, fields: &'static [Bits]) -> Row {
    Row { offset, name, doc, fields }
}

/// Bits of the interrupt status and enable registers, and of `saved_err`.
pub const INTERRUPT_BITS: &[Bits] = &[
    ("UTRCS", 0, 1, "transfer request completed"),
    ("UDEPRI", 1, 1, "endpoint reset by the peer"),
    ("UE", 2, 1, "UIC error, details in UECPA to UECDME"),
    ("UTMS", 3, 1, "test mode"),
    ("UPMS", 4, 1, "power mode change done"),
    ("UHXS", 5, 1, "hibernate left"),
    ("UHES", 6, 1, "hibernate entered"),
    ("ULLS", 7, 1, "link lost"),
    ("ULSS", 8, 1, "link start-up by the peer"),
    ("UTMRCS", 9, 1, "task management request completed"),
    ("UCCS", 10, 1, "UIC command completed"),
    ("DFES", 11, 1, "device fatal error"),
    ("UTPES", 12, 1, "UTP error"),
    ("HCFES", 16, 1, "host controller fatal error"),
    ("SBFES", 17, 1, "system bus fatal error: an access of the controller to memory got an error response"),
    ("CEFES", 18, 1, "crypto engine fatal error"),
    ("SQES", 19, 1, "submission queue event"),
    ("CQES", 20, 1, "completion queue event"),
    ("IAGES", 21, 1, "interrupt aggregation event"),
];

const ERROR_CODE: &str = "error flag; ufshcd skips this register in dumps because a read clears it, so zero says nothing";

const ROWS: &[Row] = &[
    row(
        r::CAP,
        "CAP",
        "host controller capabilities",
        &[
            ("NUTRS", 0, 5, "transfer request slots, less one"),
            ("NORTT", 8, 8, "outstanding READY TO TRANSFER requests, less one"),
            ("NUTMRS", 16, 3, "task management slots, less one"),
            ("EHSLUTRDS", 22, 1, "length of extra header segments in the descriptor"),
            ("AUTOH8", 23, 1, "automatic hibernate"),
            ("64AS", 24, 1, "64-bit addressing"),
            ("OODDS", 25, 1, "out-of-order data delivery"),
            ("UICDMETMS", 26, 1, "DME test mode command"),
            ("CS", 28, 1, "inline encryption"),
            ("LSDBS", 29, 1, "legacy doorbell removed (some parts set this and have it all the same)"),
            ("MCQS", 30, 1, "multiple circular queues"),
            ("EIS", 31, 1, "event specific interrupts"),
        ],
    ),
    row(
        r::MCQCAP,
        "MCQCAP",
        "multiple circular queue capabilities",
        &[
            ("MAXQ", 0, 8, "queues, less one"),
            ("SP", 8, 1, "strict priority"),
            ("RRP", 9, 1, "round robin"),
            ("EIS", 10, 1, "extended initiator id"),
            ("QCFGPTR", 16, 8, "queue configuration pointer, in units of 0x200 bytes"),
            ("MIAG", 24, 8, "interrupt aggregation"),
        ],
    ),
    row(
        r::VER,
        "VER",
        "version of the host controller interface",
        &[("MAJOR", 8, 8, "major version"), ("MINOR", 4, 4, "minor version"), ("SUFFIX", 0, 4, "version suffix")],
    ),
    row(r::EXT_CAP, "EXT_CAP", "extended capabilities", &[("HHC", 0, 16, "size of the host hint cache")]),
    row(r::HCPID, "HCPID", "product id", &[]),
    row(
        r::HCMID,
        "HCMID",
        "manufacturer id",
        &[
            ("PID", 16, 16, "product id (interface 1.x only)"),
            ("BI", 8, 8, "bank of the manufacturer's id"),
            ("MIC", 0, 8, "manufacturer's id code"),
        ],
    ),
    row(
        r::AHIT,
        "AHIT",
        "automatic hibernate idle timer",
        &[("AH8ITV", 0, 10, "timer value"), ("TS", 10, 3, "scale: 0 to 5 = 1, 10, 100 us, 1, 10, 100 ms")],
    ),
    row(0x1c, "(reserved)", "reserved", &[]),
    row(r::IS, "IS", "interrupt status; the driver clears what it has seen before it prints a dump", INTERRUPT_BITS),
    row(r::IE, "IE", "interrupt enable", INTERRUPT_BITS),
    row(0x28, "(reserved)", "reserved", &[]),
    row(
        r::HCSEXT,
        "HCSEXT",
        "host controller status, extended",
        &[("IIDUTPE", 0, 4, "initiator of the UTP error"), ("EXT_IIDUTPE", 4, 4, "its extension")],
    ),
    row(
        r::HCS,
        "HCS",
        "host controller status",
        &[
            ("DP", 0, 1, "device present: the link is up"),
            ("UTRLRDY", 1, 1, "transfer request list ready"),
            ("UTMRLRDY", 2, 1, "task management list ready"),
            ("UCRDY", 3, 1, "UIC command ready"),
            ("UPMCRS", 8, 3, "power mode change: 0 and 1 good, 2 remote, 3 busy, 4 error, 5 fatal"),
            ("UTPEC", 12, 4, "UTP error code"),
            ("TTAGUTPE", 16, 8, "task tag of the UTP error"),
            ("TLUNUTPE", 24, 8, "logical unit of the UTP error"),
        ],
    ),
    row(r::HCE, "HCE", "host controller enable", &[("HCE", 0, 1, "enabled"), ("CGE", 1, 1, "inline encryption enabled")]),
    row(
        r::UECPA,
        "UECPA",
        "UIC error code, PHY adapter layer",
        &[("ERR", 31, 1, ERROR_CODE), ("EC", 0, 5, "3:0 lane errors, 4 generic or line reset")],
    ),
    row(
        r::UECDL,
        "UECDL",
        "UIC error code, data link layer",
        &[
            ("ERR", 31, 1, ERROR_CODE),
            ("EC", 0, 16, "0 NAC, 1 replay time-out, 2 AFC time-out, 3 FC protection time-out, 5 overflow, 13 PA_INIT"),
        ],
    ),
    row(r::UECN, "UECN", "UIC error code, network layer", &[("ERR", 31, 1, ERROR_CODE), ("EC", 0, 3, "error code")]),
    row(r::UECT, "UECT", "UIC error code, transport layer", &[("ERR", 31, 1, ERROR_CODE), ("EC", 0, 7, "error code")]),
    row(r::UECDME, "UECDME", "UIC error code, DME", &[("ERR", 31, 1, ERROR_CODE), ("EC", 0, 4, "error code")]),
    row(
        r::UTRIACR,
        "UTRIACR",
        "transfer request interrupt aggregation",
        &[
            ("IATOVAL", 0, 8, "time-out in units of 40 us"),
            ("IACTH", 8, 5, "count threshold"),
            ("CTR", 16, 1, "counter and timer reset"),
            ("IASB", 20, 1, "completions are counted and not reported yet"),
            ("IAPWEN", 24, 1, "parameter write enable"),
            ("IAEN", 31, 1, "aggregation on"),
        ],
    ),
    row(
        r::UTRLBA,
        "UTRLBA",
        "transfer request list base, bits 31:0: where the driver put the list of transfer request descriptors",
        &[("UTRLBA", 10, 22, "address bits 31:10")],
    ),
    row(r::UTRLBAU, "UTRLBAU", "transfer request list base, bits 63:32", &[]),
    row(r::UTRLDBR, "UTRLDBR", "transfer request doorbell: slots that wait for completion", &[]),
    row(r::UTRLCLR, "UTRLCLR", "transfer request clear: reads zero", &[]),
    row(
        r::UTRLRSR,
        "UTRLRSR",
        "transfer request list run-stop",
        &[("RSR", 0, 1, "1: running. A fatal bus error clears it, and the controller takes no more requests")],
    ),
    row(
        r::UTRLCNR,
        "UTRLCNR",
        "transfer request completion notification: slots whose doorbell bit has fallen since the bit was last cleared",
        &[],
    ),
    row(0x68, "(reserved)", "reserved", &[]),
    row(0x6c, "(reserved)", "reserved", &[]),
    row(r::UTMRLBA, "UTMRLBA", "task management list base, bits 31:0", &[("UTMRLBA", 10, 22, "address bits 31:10")]),
    row(r::UTMRLBAU, "UTMRLBAU", "task management list base, bits 63:32", &[]),
    row(r::UTMRLDBR, "UTMRLDBR", "task management doorbell", &[("DBR", 0, 8, "slots that wait for completion")]),
    row(r::UTMRLCLR, "UTMRLCLR", "task management clear: reads zero", &[]),
    row(
        r::UTMRLRSR,
        "UTMRLRSR",
        "task management list run-stop",
        &[("RSR", 0, 1, "1: running. A fatal bus error clears it, too")],
    ),
    row(0x84, "(reserved)", "reserved", &[]),
    row(0x88, "(reserved)", "reserved", &[]),
    row(0x8c, "(reserved)", "reserved", &[]),
    row(r::UICCMD, "UICCMD", "the last UIC command", &[("CMDOP", 0, 8, "operation code")]),
    row(
        r::UCMDARG1,
        "UCMDARG1",
        "its first argument",
        &[("MIBattribute", 16, 16, "attribute"), ("GenSelectorIndex", 0, 16, "selector")],
    ),
    row(
        r::UCMDARG2,
        "UCMDARG2",
        "its second argument",
        &[("AttrSetType", 16, 8, "0 normal, 1 static"), ("ResultCode", 0, 8, "result: 0 is success")],
    ),
    row(r::UCMDARG3, "UCMDARG3", "its third argument: the value of the attribute that was read last", &[]),
];

/// Name of a UIC command.
fn uic_command(code: u64) -> Option<&'static str> {
    Some(match code {
        0x01 => "DME_GET",
        0x02 => "DME_SET",
        0x03 => "DME_PEER_GET",
        0x04 => "DME_PEER_SET",
        0x10 => "DME_POWERON",
        0x11 => "DME_POWEROFF",
        0x12 => "DME_ENABLE",
        0x14 => "DME_RESET",
        0x15 => "DME_ENDPOINTRESET",
        0x16 => "DME_LINKSTARTUP",
        0x17 => "DME_HIBERNATE_ENTER",
        0x18 => "DME_HIBERNATE_EXIT",
        0x1a => "DME_TEST_MODE",
        _ => return None,
    })
}

/// The register at that offset with every bit explained. Offsets that have no name are reserved.
pub fn explain(offset: u32, value: u32) -> RegisterValue {
    let value = u64::from(value);
    let Some(row) = ROWS.iter().find(|row| row.offset == offset) else {
        let meaning = "not a standard register".to_string();
        return RegisterValue { name: format!("({offset:#x})"), offset: Some(offset), value, meaning, fields: Vec::new() };
    };
    RegisterValue {
        name: row.name.to_string(),
        offset: Some(offset),
        value,
        meaning: whole(row, value),
        fields: fields_of(value, row.fields.iter().copied(), |name, v| field(row.offset, name, v)),
    }
}

/// What the register says as a whole.
fn whole(row: &Row, value: u64) -> String {
    let more = match row.offset {
        r::VER => format!("UFSHCI {}.{}", value >> 8 & 0xff, value >> 4 & 0xf),
        r::IS if value == 0 => "none pending".to_string(),
        r::IS | r::IE => names(value),
        r::HCS if value & 0xf == 0xf => "link up, everything ready".to_string(),
        r::UTRLDBR | r::UTRLCNR | r::UTMRLDBR => slots(value),
        r::UTRLRSR | r::UTMRLRSR => (if value & 1 == 1 { "running" } else { "stopped" }).to_string(),
        r::UICCMD => uic_command(value & 0xff).unwrap_or("none").to_string(),
        r::HCMID if value & 0xffff == 0x0217 => "the id that Qualcomm's controllers show".to_string(),
        _ => return row.doc.to_string(),
    };
    format!("{}: {more}", row.doc)
}

/// What a field says beyond its description.
fn field(offset: u32, name: &str, v: u64) -> Option<String> {
    Some(match (offset, name) {
        (r::CAP, "NUTRS") => format!("{} transfer request slots", v + 1),
        (r::CAP, "NORTT") => format!("{} outstanding READY TO TRANSFER requests", v + 1),
        (r::CAP, "NUTMRS") => format!("{} task management slots", v + 1),
        (r::UICCMD, "CMDOP") => uic_command(v).unwrap_or("no command").to_string(),
        (r::UCMDARG2, "ResultCode") if v == 0 => "success".to_string(),
        (r::UCMDARG2, "ResultCode") => format!("failed with code {v:#x}"),
        (r::AHIT, "AH8ITV") if v == 0 => "automatic hibernate is off".to_string(),
        _ => return None,
    })
}

/// Slots of a bit map in words.
fn slots(value: u64) -> String {
    let set: Vec<String> = (0..32).filter(|bit| value >> bit & 1 == 1).map(|bit| bit.to_string()).collect();
    match set.len() {
        0 => "no slot".to_string(),
        1 => format!("slot {}", set[0]),
        32 => "all slots".to_string(),
        _ => format!("slots {}", set.join(", ")),
    }
}

/// Names of the interrupt bits that are set.
pub fn names(value: u64) -> String {
    let set: Vec<&str> = INTERRUPT_BITS.iter().filter(|bit| value >> bit.1 & 1 == 1).map(|bit| bit.0).collect();
    if set.is_empty() {
        "none".to_string()
    } else {
        set.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_dump_has_a_row_and_no_two_fields_overlap() {
        for offset in (0..0xa0).step_by(4) {
            assert!(ROWS.iter().any(|row| row.offset == offset), "{offset:#x}");
        }
        for row in ROWS {
            let mut used = 0u64;
            for (name, lsb, width, _) in row.fields {
                let mask = ((1u64 << width) - 1) << lsb;
                assert_eq!(used & mask, 0, "{}.{name}", row.name);
                used |= mask;
            }
            assert!(used <= u64::from(u32::MAX), "{}", row.name);
        }
    }

    #[test]
    fn capabilities_of_the_logged_controllers() {
        let cap = explain(r::CAP, 0x3587_031f);
        let of = |name| cap.field(name);
        assert_eq!((of("NUTRS"), of("NORTT"), of("NUTMRS")), (31, 3, 7));
        assert_eq!((of("AUTOH8"), of("64AS"), of("UICDMETMS"), of("CS"), of("LSDBS"), of("MCQS")), (1, 1, 1, 1, 1, 0));
        assert_eq!(explain(r::CAP, 0x1587_031f).field("LSDBS"), 0);
        assert!(explain(r::VER, 0x400).meaning.ends_with("UFSHCI 4.0"));
        assert_eq!(names(0x70ef5), "UTRCS UE UPMS UHXS UHES ULLS UTMRCS UCCS DFES HCFES SBFES CEFES");
    }

    #[test]
    fn bits_without_a_name_are_shown() {
        let hce = explain(r::HCE, 0x8000_0001);
        assert_eq!(hce.fields.last().map(|f| (f.name.as_str(), f.value)), Some(("(reserved)", 0x8000_0000)));
    }
}
