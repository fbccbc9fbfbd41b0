//! The explanation as text.

use super::findings::FindingKind;
use super::{ContextFault, Decoded, FieldValue, GlobalFault, HostRegs, Place, RegisterValue};
use std::fmt::{self, Display, Formatter};

impl Display for Decoded {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "* {}: {}", label(finding.kind), finding.what)?;
            paragraph(f, &finding.why, "  ")?;
        }
        for fault in &self.context_faults {
            writeln!(f)?;
            fault.fmt(f)?;
        }
        for fault in &self.global_faults {
            writeln!(f)?;
            fault.fmt(f)?;
        }
        for dump in &self.host_regs {
            writeln!(f)?;
            dump.fmt(f)?;
        }
        if !self.ufs_events.is_empty() {
            writeln!(f, "\nUFS driver")?;
        }
        for event in &self.ufs_events {
            writeln!(f, "  {}: {}", position(&event.place), event.meaning)?;
        }
        for warning in &self.warnings {
            writeln!(f, "\nwarning: {warning}")?;
        }
        Ok(())
    }
}

fn label(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Fetched => "What was being fetched",
        FindingKind::Cause => "What it looks like",
        FindingKind::Controller => "What became of the controller",
        FindingKind::Timing => "What the times say",
    }
}

/// Columns of running text.
const WIDTH: usize = 110;

fn paragraph(f: &mut Formatter<'_>, text: &str, indent: &str) -> fmt::Result {
    let mut column = 0;
    for word in text.split_whitespace() {
        if column == 0 {
            write!(f, "{indent}{word}")?;
            column = indent.len() + word.len();
        } else if column + 1 + word.len() > WIDTH {
            write!(f, "\n{indent}{word}")?;
            column = indent.len() + word.len();
        } else {
            write!(f, " {word}")?;
            column += 1 + word.len();
        }
    }
    writeln!(f)
}

fn position(place: &Place) -> String {
    let time = place.time.map_or(String::new(), |t| format!(", {t:.6} s"));
    format!("line {}{time}", place.line)
}

fn title(f: &mut Formatter<'_>, what: &str, place: &Place) -> fmt::Result {
    let device = place.device.as_deref().map_or(String::new(), |d| format!(" of {d}"));
    writeln!(f, "{what}{device} ({})", position(place))
}

impl Display for ContextFault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        title(f, "Context fault", &self.place)?;
        paragraph(f, &self.summary, "  ")?;
        register(f, self.fsr.as_ref())?;
        if let Some(iova) = self.iova {
            let offset = iova & 0xfff;
            writeln!(f, "  {:<10} {iova:#x}  fault address: page {:#x}, byte {offset:#x} of it", "iova", iova - offset)?;
        }
        register(f, self.fsynr0.as_ref())?;
        register(f, self.cbfrsynra.as_ref())?;
        if let Some(cb) = self.cb {
            writeln!(f, "  {:<10} {cb}  context bank, as Linux numbers it", "cb")?;
        }
        Ok(())
    }
}

impl Display for GlobalFault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        title(f, "Global fault", &self.place)?;
        paragraph(f, &self.summary, "  ")?;
        self.registers.iter().try_for_each(|r| register(f, Some(r)))
    }
}

impl Display for HostRegs {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        title(f, "Registers of the UFS host controller", &self.place)?;
        for r in &self.registers {
            let offset = r.offset.map_or(String::new(), |o| format!("{o:02x} "));
            writeln!(f, "  {offset}{:<10} {:08x}  {}", r.name, r.value, r.meaning)?;
            // A register of zeros is said in one line.
            if r.value != 0 {
                fields(f, &r.fields)?;
            }
        }
        Ok(())
    }
}

fn register(f: &mut Formatter<'_>, register: Option<&RegisterValue>) -> fmt::Result {
    let Some(r) = register else { return Ok(()) };
    writeln!(f, "  {:<10} {:#x}  {}", r.name, r.value, r.meaning)?;
    fields(f, &r.fields)
}

fn fields(f: &mut Formatter<'_>, fields: &[FieldValue]) -> fmt::Result {
    for field in fields {
        let value = if field.value < 10 { field.value.to_string() } else { format!("{:#x}", field.value) };
        writeln!(f, "       {:>7} {:<16} {:<9} {}", field.bits, field.name, value, field.meaning)?;
    }
    Ok(())
}
