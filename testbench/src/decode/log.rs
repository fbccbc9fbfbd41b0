//! Lines of a kernel log, cleaned.
//!
//! A log comes as `dmesg` prints it, from a serial console, out of the journal, or quoted in a mail. Taken off: terminal colours,
//! carriage returns, quote marks, priorities, and the time stamp, whose value is kept. A line that has none while the line
//! before it did, and that starts with nothing a kernel line of interest starts with, is the wrapped rest of that line.

/// A line of the log, wrapped rests joined.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Number of its first physical line, from 1.
    pub number: usize,
    /// Kernel time in seconds.
    pub time: Option<f64>,
    /// The text, with a line feed wherever it was wrapped.
    text: String,
}

/// Words that start a kernel line which somebody here reads. A wrapped rest has none of them.
const STARTS: &[&str] = &["arm-smmu", "ufshcd", "host_regs:", "scsi host"];

/// Physical lines that one kernel line is wrapped into at most.
const MAX_WRAPS: usize = 4;

impl Line {
    /// The text with each wrap read as a blank, and, if it was wrapped, also with nothing in its place: a terminal cuts words in
    /// two, a mail program does not.
    pub fn readings(&self) -> impl Iterator<Item = String> + '_ {
        let wrapped = self.text.contains('\n');
        let seam = wrapped.then(|| self.text.replace('\n', ""));
        std::iter::once(self.text.replace('\n', " ")).chain(seam)
    }

    /// The text with each wrap read as a blank.
    pub fn text(&self) -> String {
        self.text.replace('\n', " ")
    }

    /// The device's name in `driver device: message`, for that driver.
    pub fn device(&self, driver: &str) -> Option<String> {
        let text = self.text();
        let start = text.find(driver)?;
        let mut words = text[start..].split_whitespace();
        words.next()?;
        let device = words.next()?.strip_suffix(':')?;
        (!device.is_empty()).then(|| device.to_string())
    }
}

/// The lines of a log.
pub fn lines(text: &str) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::new();
    let mut wraps = 0;
    for (index, raw) in text.lines().enumerate() {
        let (time, stamped, text) = clean(raw);
        let starts = STARTS.iter().any(|word| text.contains(word));
        let may_continue = !stamped && !starts && !text.is_empty() && wraps + 1 < MAX_WRAPS;
        match out.last_mut() {
            Some(last) if may_continue && STARTS.iter().any(|word| last.text.contains(word)) => {
                last.text.push('\n');
                last.text.push_str(&text);
                wraps += 1;
            }
            _ => {
                out.push(Line { number: index + 1, time, text });
                wraps = 0;
            }
        }
    }
    out
}

/// Takes off what is not the kernel's text: its time, whether there was a stamp at all, and the text.
fn clean(raw: &str) -> (Option<f64>, bool, String) {
    let mut text = without_escapes(raw);
    loop {
        let trimmed = text.trim_start();
        match trimmed.strip_prefix('>').or_else(|| trimmed.strip_prefix('|')) {
            Some(rest) => text = rest.to_string(),
            None => break,
        }
    }
    match stamp(&text) {
        Some((time, end)) => (time, true, text[end..].trim().to_string()),
        None => (None, false, text.trim().to_string()),
    }
}

/// Without terminal escape sequences and carriage returns.
fn without_escapes(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => {
                // ESC [ parameters letter
                if chars.next() == Some('[') {
                    let _ = chars.by_ref().find(|c| c.is_ascii_alphabetic());
                }
            }
            '\r' => {}
            '\t' => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// The first thing in square brackets that is a time: seconds with a fraction, or a date. Its value and where it ends.
fn stamp(text: &str) -> Option<(Option<f64>, usize)> {
    let mut from = 0;
    while let Some(open) = text[from..].find('[').map(|at| from + at) {
        let close = open + text[open..].find(']')?;
        let inside = text[open + 1..close].trim();
        if inside.contains('.') && inside.chars().all(|c| c.is_ascii_digit() || c == '.') {
            if let Ok(seconds) = inside.parse() {
                return Some((Some(seconds), close + 1));
            }
        }
        let is_date = inside.len() > 12 && inside.matches(':').count() == 2 && inside.contains(' ');
        if is_date && inside.chars().all(|c| c.is_ascii_alphanumeric() || c == ':' || c == ' ') {
            return Some((None, close + 1));
        }
        from = close + 1;
    }
    // The journal's form: date, host, `kernel:`.
    text.find(" kernel: ").map(|at| (None, at + " kernel: ".len()))
}

/// A number as the kernel prints it: `0x..` hexadecimal, otherwise in `radix`.
pub fn number(token: &str, radix: u32) -> Option<u64> {
    match token.strip_prefix("0x").or_else(|| token.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => u64::from_str_radix(token, radix).ok(),
    }
}

/// The token that follows `key` up to a comma, semicolon, bracket or the end; `None` if the key is not there. `fsr=` does not
/// match inside `xfsr=`.
pub fn after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut from = 0;
    while let Some(at) = text[from..].find(key).map(|at| from + at) {
        let before = text[..at].chars().next_back();
        if !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
            let rest = &text[at + key.len()..];
            let end = rest.find([',', ';', '[', ']']).unwrap_or(rest.len());
            return Some(rest[..end].trim());
        }
        from = at + key.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> Line {
        let mut all = lines(text);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    #[test]
    fn time_stamps_of_every_kind_come_off() {
        for (raw, time) in [
            ("[    3.846856] arm-smmu 15000000.iommu: x", Some(3.846856)),
            ("[12345.000001] arm-smmu 15000000.iommu: x", Some(12345.000001)),
            ("<3>[    3.846856] arm-smmu 15000000.iommu: x", Some(3.846856)),
            ("kern  :err   : [    3.846856] arm-smmu 15000000.iommu: x", Some(3.846856)),
            ("[    3.846856][  T112] arm-smmu 15000000.iommu: x", Some(3.846856)),
            ("[Tue Apr 30 12:00:01 2024] arm-smmu 15000000.iommu: x", None),
            ("Apr 30 12:00:01 phone kernel: arm-smmu 15000000.iommu: x", None),
            ("> > [    3.846856] arm-smmu 15000000.iommu: x", Some(3.846856)),
            ("\u{1b}[33m[    3.846856]\u{1b}[0m arm-smmu 15000000.iommu: x\r", Some(3.846856)),
            ("arm-smmu 15000000.iommu: x", None),
        ] {
            let line = only(raw);
            assert_eq!(line.time, time, "{raw}");
            assert!(line.text().ends_with("arm-smmu 15000000.iommu: x"), "{raw}: {}", line.text());
            assert_eq!(line.device("arm-smmu").as_deref(), Some("15000000.iommu"), "{raw}");
        }
    }

    #[test]
    fn a_wrapped_line_is_one_line_and_has_two_readings() {
        let line = only("[    3.8] arm-smmu 1.iommu: Unhandled context fault: fsr=0x402, iova=0x10\n32db3e0, cb=4");
        let readings: Vec<_> = line.readings().collect();
        assert_eq!(after(&readings[0], "iova="), Some("0x10 32db3e0"));
        assert_eq!(after(&readings[1], "iova="), Some("0x1032db3e0"));
        let apart = lines("[    3.8] arm-smmu 1.iommu: a\n[    3.9] other\nufshcd-qcom 2.ufs: b\n");
        assert_eq!(apart.iter().map(|l| l.number).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn keys_are_whole_words() {
        assert_eq!(after("cbfsr=1, fsr=0x2, x", "fsr="), Some("0x2"));
        assert_eq!(after("saved_err = 131072; y", "saved_err ="), Some("131072"));
        assert_eq!(after("nothing", "fsr="), None);
        assert_eq!(number("0x402", 10), Some(0x402));
        assert_eq!(number("12", 10), Some(12));
        assert_eq!(number("0x4O2", 10), None);
    }
}
