//! ufshcd lines: register dumps and the messages around them.

use super::host_regs::{explain, names};
use super::log::{after, number, Line};
use super::{Decoded, HostRegs, Place, UfsEvent, UfsEventKind};

/// Words in a row of a dump.
const ROW_WORDS: usize = 4;

/// Reads the lines of the UFS host controller.
#[derive(Default)]
pub struct Reader {
    /// Rows of a dump carry no device: that of the line before counts.
    device: Option<String>,
    /// The dump that is being read, with the offset that a further row would have.
    dump: Option<(HostRegs, u32)>,
}

impl Reader {
    /// Takes a line.
    pub fn line(&mut self, line: &Line, found: &mut Decoded) {
        if let Some(device) = line.device("ufshcd") {
            self.device = Some(device);
        }
        let text = line.text();
        let place = Place { line: line.number, time: line.time, device: self.device.clone() };
        if let Some(at) = text.find("host_regs:") {
            self.row(&text[at + "host_regs:".len()..], line, place, found);
        } else if let Some((kind, value)) = event(&text) {
            let meaning = meaning(kind, value);
            found.ufs_events.push(UfsEvent { place, kind, value, meaning });
        }
    }

    /// Ends the log.
    pub fn finish(&mut self, found: &mut Decoded) {
        if let Some((dump, _)) = self.dump.take() {
            found.host_regs.push(dump);
        }
    }

    /// A row: `00000050: 032db000 00000001 00000000 00000000`.
    fn row(&mut self, text: &str, line: &Line, place: Place, found: &mut Decoded) {
        let Some((offset, words)) = text.split_once(':').and_then(|(offset, rest)| {
            let words: Option<Vec<u32>> = rest
                .split_whitespace()
                .take(ROW_WORDS)
                .map(|w| u32::from_str_radix(w, 16).ok().filter(|_| w.len() == 8))
                .collect();
            Some((u32::from_str_radix(offset.trim(), 16).ok()?, words?))
        }) else {
            found.warnings.push(format!("line {}: a row of host_regs that cannot be read: '{}'", line.number, text.trim()));
            return;
        };
        let next = offset + 4 * words.len() as u32;
        let continues = self.dump.as_ref().is_some_and(|(_, expected)| offset >= *expected);
        if !continues {
            self.finish(found);
            self.dump = Some((HostRegs { place, registers: Vec::new() }, 0));
        }
        if let Some((dump, expected)) = &mut self.dump {
            if *expected != offset {
                let text = format!("line {}: host_regs {expected:#x} to {:#x} are missing", line.number, offset - 1);
                found.warnings.push(text);
            }
            dump.registers.extend(words.iter().enumerate().map(|(i, word)| explain(offset + 4 * i as u32, *word)));
            *expected = next;
        }
    }
}

/// What kind of line it is, and its number.
fn event(text: &str) -> Option<(UfsEventKind, i64)> {
    let value_of = |key| after(text, key).and_then(|t| number(t.split_whitespace().next()?, 10)).map(|v| v as i64);
    let last = || text.split_whitespace().next_back()?.parse().ok();
    if text.contains("ufshcd_check_errors:") {
        // Newer kernels print the same with an equals sign.
        Some((
            UfsEventKind::CheckErrors,
            value_of("saved_err ").filter(|_| !text.contains("saved_err =")).or_else(|| value_of("saved_err ="))?,
        ))
    } else if text.contains("ufshcd_err_handler started") {
        Some((UfsEventKind::ErrorHandler, value_of("saved_err =")?))
    } else if text.contains("NOP OUT failed") {
        Some((UfsEventKind::NopOutFailed, last()?))
    } else if text.contains("ufshcd_async_scan failed") {
        Some((UfsEventKind::ScanFailed, last()?))
    } else {
        None
    }
}

fn meaning(kind: UfsEventKind, value: i64) -> String {
    match kind {
        UfsEventKind::CheckErrors => {
            format!("the interrupt handler saw {}{}", names(value as u64), bus_error(value))
        }
        UfsEventKind::ErrorHandler => {
            format!("the error handler starts on {}{}", names(value as u64), bus_error(value))
        }
        UfsEventKind::NopOutFailed => format!("the first command to the device, NOP OUT, failed: {}", errno(value)),
        UfsEventKind::ScanFailed => format!("the driver gives the controller up: {}", errno(value)),
    }
}

/// The bit that matters most, in words.
fn bus_error(value: i64) -> &'static str {
    if value >> 17 & 1 == 1 {
        " (a memory access of the controller got an error response)"
    } else {
        ""
    }
}

/// Linux error numbers that the driver returns.
fn errno(value: i64) -> String {
    let what = match value {
        -11 => "EAGAIN: each try timed out, and the slot could be cleared afterwards",
        -110 => "ETIMEDOUT: a try timed out, and its slot could not be cleared",
        -5 => "EIO: input/output error",
        -19 => "ENODEV: no such device",
        -22 => "EINVAL",
        15 => "a completion without a status: the descriptor's status was never written",
        _ => return value.to_string(),
    };
    format!("{value}, {what}")
}

#[cfg(test)]
mod tests {
    use crate::decode::{decode, UfsEventKind};

    #[test]
    fn a_dump_is_read_with_its_device_and_its_gaps() {
        let text = "[ 1.0] ufshcd-qcom 1d84000.ufshc: ufshcd_check_errors: saved_err 0x20000 saved_uic_err 0x0\n\
                    [ 1.0] host_regs: 00000000: 1587031f 00000000 00000300 00000000\n\
                    [ 1.0] host_regs: 00000020: 00000000 00070ef5 00000000 00000000\n";
        let found = decode(text);
        assert_eq!(found.host_regs.len(), 1);
        let dump = &found.host_regs[0];
        assert_eq!(dump.place.device.as_deref(), Some("1d84000.ufshc"));
        assert_eq!(
            (dump.word(0), dump.word(8), dump.word(0x24), dump.word(0x10)),
            (Some(0x1587_031f), Some(0x300), Some(0x70ef5), None)
        );
        assert!(found.warnings[0].contains("0x10 to 0x1f"), "{:?}", found.warnings);
    }

    #[test]
    fn two_dumps_are_two() {
        let row = "host_regs: 00000000: 1587031f 00000000 00000300 00000000\n";
        assert_eq!(decode(&row.repeat(3)).host_regs.len(), 3);
    }

    #[test]
    fn a_wrapped_row_is_whole_and_a_bad_one_is_told() {
        let found = decode("[ 1.0] host_regs: 00000000: 1587031f 00000000\n00000300 00000000\n");
        assert_eq!(found.host_regs[0].registers.len(), 4);
        let found = decode("host_regs: 00000000: 1587o31f 00000000 00000300 00000000\n");
        assert!(found.warnings[0].contains("line 1"), "{:?}", found.warnings);
        assert!(found.host_regs.is_empty());
    }

    #[test]
    fn messages_of_old_and_new_kernels() {
        for text in [
            "ufshcd a: ufshcd_check_errors: saved_err 0x20000 saved_uic_err 0x0",
            "ufshcd a: ufshcd_err_handler started; HBA state eh_fatal; powered 1; shutting down 0; saved_err = 131072; saved_uic_err = 0; force_reset = 0",
            "ufshcd a: ufshcd_err_handler started; HBA state eh_fatal; powered 1; shutting down 0; saved_err = 0x20000; saved_uic_err = 0x0; force_reset = 0",
        ] {
            let found = decode(text);
            assert_eq!(found.ufs_events.len(), 1, "{text}");
            assert_eq!(found.ufs_events[0].value, 0x20000, "{text}");
            assert!(found.ufs_events[0].meaning.contains("SBFES"), "{}", found.ufs_events[0].meaning);
        }
        let found = decode("ufshcd-qcom 1d84000.ufs: ufshcd_verify_dev_init: NOP OUT failed -11\n");
        assert_eq!((found.ufs_events[0].kind, found.ufs_events[0].value), (UfsEventKind::NopOutFailed, -11));
        assert!(found.ufs_events[0].meaning.contains("EAGAIN"));
    }
}
