//! Reads the kernel's `rwmmio` trace events as register traffic.
//!
//! ```text
//!   modprobe-81 [001] d..1. 12.345678: rwmmio_write: arm_smmu_write+0x18 -> .. width=32 val=0x1 addr=0xffff800010000000
//!   modprobe-81 [001] d..1. 12.345680: rwmmio_post_read: .. width=32 val=0x4e011e30 addr=0xffff800010000020
//! ```
//! A write counts when it is issued (`rwmmio_write`), a read when its value is there (`rwmmio_post_read`). `addr` is a kernel
//! virtual address: the base of the register space has to be told. Addresses outside of it are of other devices.

use super::parse::{number, ParseError};
use super::{Item, Layout, Line, Recording};

/// Pages of the register space, if the trace does not show `IDR1`.
const PAGES: u64 = 16;
/// Bytes that a register space has at most: 256 pages of 64 KiB a half.
const MOST: u64 = 2 * 256 * 0x1_0000;

/// One event.
struct Event {
    line: usize,
    write: bool,
    bytes: u8,
    value: u64,
    addr: u64,
}

/// The text is a trace with such events.
pub fn is_trace(text: &str) -> bool {
    text.lines().any(|line| line.contains("rwmmio_"))
}

/// Reads a trace. `base`: kernel virtual address of the register space.
///
/// # Errors
/// An event that cannot be read, no base, or no event in the register space.
pub fn parse(text: &str, base: Option<u64>) -> Result<Recording, ParseError> {
    let mut events = Vec::new();
    let mut ignored = 0;
    for (number, text) in (1..).zip(text.lines()) {
        match event(number, text)? {
            Some(event) => events.push(event),
            None => ignored += usize::from(!text.trim().is_empty() && !text.trim_start().starts_with('#')),
        }
    }
    let lowest = events.iter().map(|event| event.addr & !0xFFF).min();
    let nothing = |what: String, advice: String| ParseError { line: 1, column: 1, what, advice };
    let Some(lowest) = lowest else {
        let advice = "enable rwmmio_write and rwmmio_post_read in the machine's tracing".to_string();
        return Err(nothing("the trace has no rwmmio_write or rwmmio_post_read event".into(), advice));
    };
    let Some(base) = base else {
        let advice = format!("say where it is with --base VA=0; the lowest page of the trace is {lowest:#x}");
        return Err(nothing("the addresses of a trace are virtual, and the register space is not known".into(), advice));
    };
    let inside = |event: &Event| event.addr.checked_sub(base).filter(|&offset| offset < MOST);
    let idr1 = events.iter().find(|event| !event.write && inside(event) == Some(0x24)).map(|event| event.value);
    let (page_shift, pages) = idr1.map_or((12, PAGES), |idr1| (if idr1 >> 31 & 1 == 1 { 16 } else { 12 }, 2 << (idr1 >> 28 & 7)));
    let end = (2 * pages) << page_shift;
    let mut lines = Vec::new();
    for event in &events {
        let Some(offset) = inside(event).filter(|&offset| offset < end) else {
            ignored += 1;
            continue;
        };
        let (bytes, value, name) = (event.bytes, event.value, String::new());
        let item =
            if event.write { Item::Write { bytes, offset, value, name } } else { Item::Read { bytes, offset, value, name } };
        lines.push(Line { number: event.line, item });
    }
    if lines.is_empty() {
        let advice = format!("the lowest page of the trace is {lowest:#x}; is that where the register space is?");
        return Err(nothing(format!("no event of the trace lies in the register space at {base:#x}"), advice));
    }
    Ok(Recording { layout: Layout { ram: 0, ram_bytes: 0, page_shift, pages }, lines, trace: true, ignored })
}

/// The event of a line; `None` if it has none that counts.
fn event(line: usize, text: &str) -> Result<Option<Event>, ParseError> {
    let find = |name: &str| text.find(name).map(|at| (at, at + name.len()));
    let (write, (start, after)) = match (find("rwmmio_write:"), find("rwmmio_post_read:")) {
        (Some(at), _) => (true, at),
        (None, Some(at)) => (false, at),
        (None, None) => return Ok(None),
    };
    let error = |byte: usize, what: String, advice: &str| ParseError {
        line,
        column: text[..byte].chars().count() + 1,
        what,
        advice: advice.into(),
    };
    let field = |name: &str| {
        let found = text[after..].split_whitespace().find_map(|word| {
            let value = word.strip_prefix(name)?.strip_prefix('=')?;
            let at = value.as_ptr() as usize - text.as_ptr() as usize;
            Some((at, value))
        });
        let Some((at, value)) = found else {
            let advice = "an event has width=, val= and addr=; is the line cut?";
            return Err(error(start, format!("the event has no {name}="), advice));
        };
        number(value)
            .map(|value| (at, value))
            .ok_or_else(|| error(at, format!("'{value}' is no number"), "it is hexadecimal with 0x, or decimal"))
    };
    let (at, width) = field("width")?;
    let bytes = match width {
        32 => 4,
        64 => 8,
        // Registers have no bytes or halves: such an access is of another device.
        8 | 16 => return Ok(None),
        _ => return Err(error(at, format!("no access has {width} bits"), "the width is 8, 16, 32 or 64")),
    };
    let (_, value) = field("val")?;
    let (at, addr) = field("addr")?;
    if addr % u64::from(bytes) != 0 {
        return Err(error(at, format!("{addr:#x} is not the address of an access of {bytes} bytes"), "is the line cut?"));
    }
    Ok(Some(Event { line, write, bytes, value, addr }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "\
# tracer: nop
 modprobe-81 [001] d..1. 12.3: rwmmio_read: a+0x1/0x2 -> b width=32 addr=0xffff800010000024
 modprobe-81 [001] d..1. 12.3: rwmmio_post_read: a+0x1/0x2 -> b width=32 val=0x50000040 addr=0xffff800010000024
 modprobe-81 [001] d..1. 12.4: rwmmio_write: a -> b width=64 val=0x880100000 addr=0xffff800010040020
 modprobe-81 [001] d..1. 12.4: rwmmio_post_write: a -> b width=64 val=0x880100000 addr=0xffff800010040020
 other-82 [001] d..1. 12.5: rwmmio_write: a -> b width=32 val=0 addr=0xffff800020000000
 other-82 [001] d..1. 12.5: rwmmio_write: a -> b width=8 val=0 addr=0xffff800020000003
";

    #[test]
    fn events_become_register_accesses() {
        assert!(is_trace(TRACE) && !is_trace("W 4 0 0 sCR0"));
        let recording = parse(TRACE, Some(0xFFFF_8000_1000_0000)).expect("good");
        assert_eq!((recording.layout.page_shift, recording.layout.pages), (12, 64), "out of IDR1");
        let read = Item::Read { bytes: 4, offset: 0x24, value: 0x5000_0040, name: String::new() };
        let write = Item::Write { bytes: 8, offset: 0x4_0020, value: 0x8_8010_0000, name: String::new() };
        assert_eq!(recording.lines, [Line { number: 3, item: read }, Line { number: 4, item: write }]);
        assert_eq!(recording.ignored, 4);
    }

    #[test]
    fn what_is_wrong_with_a_trace() {
        let error = |text: &str, base| parse(text, base).expect_err("bad").to_string();
        assert!(error(TRACE, None).contains("--base VA=0; the lowest page of the trace is 0xffff800010000000"));
        assert!(error(TRACE, Some(0x1000)).contains("no event of the trace lies in the register space at 0x1000"));
        assert!(error("rwmmio_read: width=32 addr=0x0", Some(0)).contains("has no rwmmio_write or rwmmio_post_read"));
        assert_eq!(
            error("x: rwmmio_write: a width=32 val=0x1", Some(0)),
            "line 1, column 4: the event has no addr=; an event has width=, val= and addr=; is the line cut?"
        );
        assert_eq!(
            error("rwmmio_write: width=32 val=zz addr=0x0", Some(0)),
            "line 1, column 28: 'zz' is no number; it is hexadecimal with 0x, or decimal"
        );
    }
}
