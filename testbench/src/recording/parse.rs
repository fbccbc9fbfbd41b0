//! Reads the text of a recording.
//!
//! | line | meaning |
//! | --- | --- |
//! | `# ram BASE SIZE pgshift P numpage N` | table memory and the layout of the register space |
//! | `# phase NAME`; `# map D iova=.. pa=.. size=.. prot=..`; `# unmap D iova=.. size=..`; other `#` | comments, of which the first three are understood |
//! | `P PA WORD` | a word of table memory changes |
//! | `W SIZE OFF VALUE NAME`, `R SIZE OFF VALUE NAME` | register accesses of 4 or 8 bytes |
//! | `T SID IOVA FLAGS STATUS PA WHY` | a client transaction |
//! | `I LINE LEVEL` | level of an interrupt |
//! | `K NS`, `H` | time passes; hardware reset |
//!
//! Numbers are in C notation.

use super::{Item, Layout, Line, Recording, Status, Transaction};

/// Something in a recording that cannot be read, with its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}; {advice}")]
pub struct ParseError {
    /// Line, from 1.
    pub line: usize,
    /// Column of the word that is wrong, in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub advice: String,
}

/// The words of a line, with their columns.
struct Words<'a> {
    number: usize,
    text: &'a str,
    /// Byte where the next word may start.
    at: usize,
}

impl<'a> Words<'a> {
    fn new(number: usize, text: &'a str) -> Self {
        Words { number, text, at: 0 }
    }

    fn column(&self, byte: usize) -> usize {
        self.text[..byte].chars().count() + 1
    }

    fn error(&self, byte: usize, what: impl Into<String>, advice: impl Into<String>) -> ParseError {
        ParseError { line: self.number, column: self.column(byte), what: what.into(), advice: advice.into() }
    }

    fn next(&mut self) -> Option<(usize, &'a str)> {
        let rest = &self.text[self.at..];
        let start = self.at + rest.len() - rest.trim_start().len();
        let word = self.text[start..].split_whitespace().next()?;
        self.at = start + word.len();
        Some((start, word))
    }

    fn rest(&mut self) -> &'a str {
        let rest = self.text[self.at..].trim();
        self.at = self.text.len();
        rest
    }

    fn expect(&mut self, what: &str, form: &str) -> Result<(usize, &'a str), ParseError> {
        let end = self.text.trim_end().len();
        self.next().ok_or_else(|| self.error(end, format!("the {what} is missing"), format!("the form is `{form}`")))
    }

    fn number(&mut self, what: &str, form: &str, max: u64) -> Result<u64, ParseError> {
        let (at, word) = self.expect(what, form)?;
        let value = number(word).ok_or_else(|| {
            self.error(at, format!("'{word}' is no number for the {what}"), "write it as 123, 0x7b or 0173, at most 64 bits")
        })?;
        if value > max {
            return Err(self.error(at, format!("{word} is too big for the {what}"), format!("it is at most {max:#x}")));
        }
        Ok(value)
    }

    /// Refuses what stands after a complete line.
    fn end(&mut self, form: &str) -> Result<(), ParseError> {
        match self.next() {
            Some((at, word)) => Err(self.error(at, format!("'{word}' is too much"), format!("the form is `{form}`"))),
            None => Ok(()),
        }
    }
}

/// A number in C notation.
pub(super) fn number(word: &str) -> Option<u64> {
    let radix = |digits: &str, radix| {
        let plain = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
        plain.then(|| u64::from_str_radix(digits, radix).ok()).flatten()
    };
    if let Some(hex) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        radix(hex, 16)
    } else if word.len() > 1 && word.starts_with('0') {
        radix(&word[1..], 8)
    } else {
        radix(word, 10)
    }
}

/// Layout of a recording that does not say one: no table memory, 4 KiB pages, 16 of them.
const DEFAULT: Layout = Layout { ram: 0, ram_bytes: 0, page_shift: 12, pages: 16 };

/// Reads a recording.
///
/// # Errors
/// The first line that cannot be read.
pub fn parse(text: &str) -> Result<Recording, ParseError> {
    let mut recording = Recording { layout: DEFAULT, lines: Vec::new(), trace: false, ignored: 0 };
    let mut has_layout = false;
    for (number, text) in (1..).zip(text.lines()) {
        let mut words = Words::new(number, text);
        let Some((at, head)) = words.next() else { continue };
        let item = match head {
            "P" => memory(&mut words)?,
            "W" => register(&mut words, true)?,
            "R" => register(&mut words, false)?,
            "T" => transaction(&mut words)?,
            "I" => interrupt(&mut words)?,
            "K" => {
                let ns = words.number("time in nanoseconds", "K NS", 1 << 50)?;
                words.end("K NS")?;
                Item::Pass { ns }
            }
            "H" => {
                words.end("H")?;
                Item::Reset
            }
            _ if head.starts_with('#') => {
                words.at = at + 1;
                match comment(&mut words)? {
                    Comment::Layout(layout) if has_layout && layout != recording.layout => {
                        return Err(words.error(at, "the layout changes", "one recording has one `# ram` line; cut the file"));
                    }
                    Comment::Layout(layout) => {
                        recording.layout = layout;
                        has_layout = true;
                        Item::Comment
                    }
                    Comment::Item(item) => item,
                }
            }
            other => {
                let advice = "a line starts with P, W, R, T, I, K, H or #";
                return Err(words.error(at, format!("'{other}' is no kind of line"), advice));
            }
        };
        recording.lines.push(Line { number, item });
    }
    if recording.lines.iter().all(|line| matches!(line.item, Item::Comment | Item::Phase(_))) {
        return Err(ParseError {
            line: text.lines().count().max(1),
            column: 1,
            what: "there is nothing to replay".into(),
            advice: "give a recording (lines P, W, R, T, I, K, H) or a trace with rwmmio events".into(),
        });
    }
    Ok(recording)
}

fn memory(words: &mut Words) -> Result<Item, ParseError> {
    const FORM: &str = "P PA WORD";
    let (at, _) = words.text[words.at..].char_indices().find(|(_, c)| !c.is_whitespace()).unwrap_or((0, ' '));
    let start = words.at + at;
    let pa = words.number("address", FORM, (1 << 48) - 1)?;
    if pa % 8 != 0 {
        return Err(words.error(start, format!("{pa:#x} is not the address of a 64-bit word"), "it is a multiple of 8"));
    }
    let word = words.number("word", FORM, u64::MAX)?;
    words.end(FORM)?;
    Ok(Item::Memory { pa, word })
}

fn register(words: &mut Words, write: bool) -> Result<Item, ParseError> {
    let form = if write { "W SIZE OFF VALUE NAME" } else { "R SIZE OFF VALUE NAME" };
    let (at, size) = words.expect("size", form)?;
    let bytes = match size {
        "4" => 4,
        "8" => 8,
        _ => return Err(words.error(at, format!("no register access has {size} bytes"), "the size is 4 or 8")),
    };
    let (at, _) = words.text[words.at..].char_indices().find(|(_, c)| !c.is_whitespace()).unwrap_or((0, ' '));
    let start = words.at + at;
    let offset = words.number("offset", form, 0xFFFF_FFFF)?;
    if offset % u64::from(bytes) != 0 {
        let what = format!("{offset:#x} is not the offset of an access of {bytes} bytes");
        return Err(words.error(start, what, format!("it is a multiple of {bytes}")));
    }
    let value = words.number("value", form, if bytes == 4 { 0xFFFF_FFFF } else { u64::MAX })?;
    let name = words.rest().to_string();
    Ok(if write { Item::Write { bytes, offset, value, name } } else { Item::Read { bytes, offset, value, name } })
}

fn transaction(words: &mut Words) -> Result<Item, ParseError> {
    const FORM: &str = "T SID IOVA FLAGS STATUS PA WHY";
    let stream = words.number("StreamID", FORM, 0xFFFF)? as u32;
    let iova = words.number("address", FORM, u64::MAX)?;
    let flags = words.number("flags", FORM, 7)?;
    let (at, status) = words.expect("status", FORM)?;
    let status = match status {
        "0" => Status::Ok,
        "1" => Status::Aborted,
        "2" => Status::Zeros,
        "3" => Status::Stalled,
        other => {
            let advice = "0 is OK, 1 aborted, 2 read as zero or ignored, 3 stalled";
            return Err(words.error(at, format!("'{other}' is no status"), advice));
        }
    };
    let pa = words.number("physical address", FORM, (1 << 48) - 1)?;
    let why = words.rest().to_string();
    let access = Transaction { stream, iova, write: flags & 1 != 0, privileged: flags & 2 != 0, instruction: flags & 4 != 0 };
    Ok(Item::Transaction { access, status, pa, why })
}

fn interrupt(words: &mut Words) -> Result<Item, ParseError> {
    const FORM: &str = "I LINE LEVEL";
    let line = words.number("line", FORM, 128)? as u32;
    let level = words.number("level", FORM, 1)? == 1;
    Ok(Item::Interrupt { line, level })
}

enum Comment {
    Layout(Layout),
    Item(Item),
}

fn comment(words: &mut Words) -> Result<Comment, ParseError> {
    let Some((_, head)) = words.next() else { return Ok(Comment::Item(Item::Comment)) };
    Ok(match head {
        "ram" => Comment::Layout(layout(words)?),
        "phase" => Comment::Item(Item::Phase(words.rest().to_string())),
        // Comments are free text: one that only looks like these is a comment.
        "map" => Comment::Item(mapping(words, true).unwrap_or(Item::Comment)),
        "unmap" => Comment::Item(mapping(words, false).unwrap_or(Item::Comment)),
        _ => Comment::Item(Item::Comment),
    })
}

fn layout(words: &mut Words) -> Result<Layout, ParseError> {
    const FORM: &str = "# ram BASE SIZE pgshift P numpage N";
    let ram = words.number("base", FORM, (1 << 48) - 1)?;
    let ram_bytes = words.number("size", FORM, 1 << 40)?;
    let mut named = |name: &str, max| {
        let (at, word) = words.expect(name, FORM)?;
        if word != name {
            return Err(words.error(at, format!("'{word}' stands where `{name}` should"), format!("the form is `{FORM}`")));
        }
        words.number(name, FORM, max)
    };
    let page_shift = named("pgshift", 16)? as u32;
    let pages = named("numpage", 256)?;
    if ![12, 16].contains(&page_shift) || !pages.is_power_of_two() || pages < 4 {
        let advice = "pgshift is 12 or 16, numpage a power of two from 4 to 256";
        return Err(words.error(0, "no register space looks like that", advice));
    }
    Ok(Layout { ram, ram_bytes, page_shift, pages })
}

fn mapping(words: &mut Words, map: bool) -> Option<Item> {
    let domain = words.next()?.1.to_string();
    let mut field = |name: &str| {
        let word = words.next()?.1;
        number(word.strip_prefix(name)?.strip_prefix('=')?)
    };
    let iova = field("iova")?;
    Some(if map {
        let pa = field("pa")?;
        Item::Map { domain, iova, pa, bytes: field("size")? }
    } else {
        Item::Unmap { domain, iova, bytes: field("size")? }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(line: &str) -> Item {
        let mut lines = parse(line).expect("a good line").lines;
        assert_eq!(lines.len(), 1);
        lines.remove(0).item
    }

    fn error(text: &str) -> String {
        parse(text).expect_err("a bad line").to_string()
    }

    #[test]
    fn every_kind_of_line() {
        assert_eq!(item("P 0x880100000 0x80000880101003"), Item::Memory { pa: 0x8_8010_0000, word: 0x0080_0008_8010_1003 });
        let write = Item::Write { bytes: 8, offset: 0x10600, value: 5, name: "CB0_TLBIVA".into() };
        assert_eq!(item("W 8 0x010600 5 CB0_TLBIVA"), write);
        assert_eq!(item("R 4 040 017 IDR0"), Item::Read { bytes: 4, offset: 32, value: 15, name: "IDR0".into() });
        let access =
            Transaction { stream: 0x300, iova: 0xFFFF_FFFF_FFFF_F000, write: true, privileged: false, instruction: true };
        assert_eq!(
            item("T 0x300 0xfffffffffffff000 5 2 0x0 write and fetch"),
            Item::Transaction { access, status: Status::Zeros, pa: 0, why: "write and fetch".into() }
        );
        assert_eq!(item("I 3 1 fault"), Item::Interrupt { line: 3, level: true });
        assert_eq!(item("K 1000"), Item::Pass { ns: 1000 });
        assert_eq!(item("H"), Item::Reset);
    }

    #[test]
    fn comments_that_are_understood() {
        let text = "# ram 0x1000 0x2000 pgshift 16 numpage 64\n# phase a b\n#plain\n#\n\nH\n# map A iova=0x10 pa=0x20 size=0x30 prot=0x3\n\
                    # unmap B iova=0x10 size=0x30\n# map of the world\n# unmap queued (DMA_FQ): no TLBI\n";
        let recording = parse(text).expect("good");
        assert_eq!(recording.layout, Layout { ram: 0x1000, ram_bytes: 0x2000, page_shift: 16, pages: 64 });
        let items: Vec<_> = recording.lines.into_iter().map(|line| (line.number, line.item)).collect();
        assert_eq!(items[1], (2, Item::Phase("a b".into())));
        assert_eq!(items[4], (6, Item::Reset));
        assert_eq!(items[5].1, Item::Map { domain: "A".into(), iova: 0x10, pa: 0x20, bytes: 0x30 });
        assert_eq!(items[6].1, Item::Unmap { domain: "B".into(), iova: 0x10, bytes: 0x30 });
        assert_eq!((&items[7].1, &items[8].1), (&Item::Comment, &Item::Comment));
    }

    #[test]
    fn errors_say_where_what_and_what_to_do() {
        assert_eq!(error("H\nX 1"), "line 2, column 1: 'X' is no kind of line; a line starts with P, W, R, T, I, K, H or #");
        assert_eq!(error("W 2 0 0 x"), "line 1, column 3: no register access has 2 bytes; the size is 4 or 8");
        assert_eq!(
            error("W 8 0x14 0 x"),
            "line 1, column 5: 0x14 is not the offset of an access of 8 bytes; it is a multiple of 8"
        );
        assert_eq!(
            error("  R 4 0x1z 0 x"),
            "line 1, column 7: '0x1z' is no number for the offset; write it as 123, 0x7b or 0173, at most 64 bits"
        );
        assert_eq!(error("P 0x10"), "line 1, column 7: the word is missing; the form is `P PA WORD`");
        assert_eq!(error("P 0x14 0"), "line 1, column 3: 0x14 is not the address of a 64-bit word; it is a multiple of 8");
        assert_eq!(
            error("T 1 2 0 4 0 x"),
            "line 1, column 9: '4' is no status; 0 is OK, 1 aborted, 2 read as zero or ignored, 3 stalled"
        );
        assert_eq!(
            error("W 4 0 0x100000000 x"),
            "line 1, column 7: 0x100000000 is too big for the value; it is at most 0xffffffff"
        );
        assert_eq!(error("H now"), "line 1, column 3: 'now' is too much; the form is `H`");
        assert!(error("# nothing").contains("there is nothing to replay"));
        assert!(error("").starts_with("line 1, column 1"));
        assert!(error("# ram 0 0 pgshift 13 numpage 16\nH").contains("pgshift is 12 or 16"));
    }

    #[test]
    fn c_numbers() {
        for (word, value) in
            [("0", Some(0)), ("010", Some(8)), ("0xFF", Some(255)), ("08", None), ("", None), ("0x", None), ("-1", None)]
        {
            assert_eq!(number(word), value, "{word}");
        }
        assert_eq!(number("0xffffffffffffffff"), Some(u64::MAX));
        assert_eq!(number("0x10000000000000000"), None);
    }
}
