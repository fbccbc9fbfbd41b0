//! arm-smmu lines.
//!
//! A context fault comes in one line (all kernels), followed on newer ones by two more of the same device that repeat FSR and
//! FSYNR0 with their fields named:
//!
//! ```text
//! arm-smmu D: Unhandled context fault: fsr=0x.., iova=0x.., fsynr=0x.., cbfrsynra=0x.., cb=N
//! arm-smmu D: FSR    = ........ [.. Format=N ..], SID=0x..
//! arm-smmu D: FSYNR0 = ........ [S1CBNDX=N .. PLVL=N]
//! ```
//!
//! (Old kernels have no `cbfrsynra`, very old ones no `fsr`.) A global fault is a line of text and one of registers:
//!
//! ```text
//! arm-smmu D: Blocked unknown Stream ID 0x..; boot with ..       (or: Unexpected global fault, this could be serious)
//! arm-smmu D:    GFSR 0x........, GFSYNR0 0x........, GFSYNR1 0x........, GFSYNR2 0x........
//! ```

use super::log::{after, number, Line};
use super::{fields_of, ContextFault, Decoded, GlobalFault, Place, RegisterValue};
use smmu_rtl::registers::{self as regs, RegId};

/// Takes a line.
pub fn line(line: &Line, found: &mut Decoded) {
    let Some(device) = line.device("arm-smmu") else { return };
    let text = line.text();
    let place = || Place { line: line.number, time: line.time, device: Some(device.clone()) };
    if text.contains("context fault:") {
        let fault = context_fault(line, place(), &mut found.warnings);
        found.context_faults.push(fault);
    } else if let Some(value) = named(&text, "FSR") {
        let sid = after(&text, "SID=").and_then(|token| number(token, 16));
        add(found, place(), |fault| {
            fill(&mut fault.fsr, register(regs::CB_FSR, value), "FSR")?;
            match sid {
                Some(sid) => fill(&mut fault.cbfrsynra, register(regs::CBFRSYNRA, sid), "SID"),
                None => Ok(()),
            }
        });
    } else if let Some(value) = named(&text, "FSYNR0") {
        add(found, place(), |fault| fill(&mut fault.fsynr0, register(regs::CB_FSYNR0, value), "FSYNR0"));
    } else if text.contains("Blocked unknown Stream ID") || text.contains("Unexpected global fault") {
        found.global_faults.push(GlobalFault { place: place(), registers: Vec::new(), summary: text });
    } else if text.contains("GFSR 0x") {
        global_registers(&text, place(), found);
    }
}

/// Ends the log: the sentences that need the whole fault.
pub fn finish(found: &mut Decoded) {
    for fault in &mut found.context_faults {
        fault.summary = context_summary(fault);
    }
    for fault in &mut found.global_faults {
        fault.summary = global_summary(fault);
    }
}

/// The value in `NAME = value [..`, blanks as in the log.
fn named(text: &str, name: &str) -> Option<u64> {
    let at = text.find(&format!("{name} "))?;
    let before_is_blank = text[..at].chars().next_back().is_none_or(|c| c == ' ');
    let rest = text[at + name.len()..].trim_start().strip_prefix('=')?.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_hexdigit() && c != 'x').unwrap_or(rest.len());
    before_is_blank.then(|| number(&rest[..end], 16)).flatten()
}

/// A value of an SMMU register with its fields.
fn register(id: RegId, value: u64) -> RegisterValue {
    let r = id.register();
    RegisterValue {
        name: r.name.trim_start_matches("CB_").trim_end_matches('n').to_string(),
        offset: None,
        value,
        meaning: r.doc.to_string(),
        fields: fields_of(value, r.fields.iter().map(|f| (f.name, f.lsb, f.width, f.doc)), |name, v| explain(id, name, v)),
    }
}

/// What a field of these registers says beyond its description.
fn explain(id: RegId, field: &str, v: u64) -> Option<String> {
    let text = match (id, field, v) {
        (regs::CB_FSR | regs::SGFSR, "MULTI", 0) => "no further fault came before this one was cleared",
        (regs::CB_FSR | regs::SGFSR, "MULTI", _) => "more faults came before this one was cleared; their details are lost",
        (regs::CB_FSR, "SS", 0) => "the transaction was terminated, not stalled",
        (regs::CB_FSR, "SS", _) => "the transaction is stalled and waits for RESUME",
        (regs::CB_FSR, "FORMAT", 0) => "tables in AArch32 short-descriptor format",
        (regs::CB_FSR, "FORMAT", 1) => "tables in AArch32 long-descriptor format",
        (regs::CB_FSR, "FORMAT", 2) => "tables in AArch64 format",
        (regs::CB_FSR, "UUT", 1) => "unsupported upstream transaction: the SMMU does not translate this kind of access",
        (regs::CB_FSR, "ASF", 1) => "address size fault: an output address is wider than the bank or the SMMU allows",
        (regs::CB_FSR, "TLBLKF", 1) => "TLB lock fault",
        (regs::CB_FSR, "TLBMCF", 1) => "TLB conflict: two entries match",
        (regs::CB_FSR, "EF", 1) => "external abort: a read of the page tables got a bus error",
        (regs::CB_FSR, "PF", 1) => "permission fault: mapped, but not for this kind of access",
        (regs::CB_FSR, "AFF", 1) => "access flag fault: the entry's access flag is clear",
        (regs::CB_FSR, "TF", 1) => "translation fault: no valid entry for this address",
        (regs::CB_FSYNR0, "S1CBNDX", 0) => "zero: the hardware leaves it empty, or bank 0",
        (regs::CB_FSYNR0, "S1CBNDX", _) => return Some(format!("the hardware's own number of the bank is {v}")),
        (regs::CB_FSYNR0, "AFR", 0) => "recorded with the access itself",
        (regs::CB_FSYNR0, "ATOF", 0) => "not from an address translation operation",
        (regs::CB_FSYNR0 | regs::SGFSYNR0, "NSSTATE", 0) => "secure stream, or not reported by this hardware",
        (regs::CB_FSYNR0 | regs::SGFSYNR0, "NSSTATE", _) => "non-secure stream",
        (regs::CB_FSYNR0, "S1PTWF", 0) => "not a stage-2 fault of a stage-1 walk",
        (regs::CB_FSYNR0, "S1PTWF", _) => "stage 2 refused a read of the stage-1 tables",
        (regs::CB_FSYNR0 | regs::SGFSYNR0, "NESTED", 0) => "not reported by a nested stage 2",
        (regs::CB_FSYNR0 | regs::SGFSYNR0, "NESTED", _) => "reported by stage 2 of a nested translation",
        (regs::CBFRSYNRA | regs::SGFSYNR1, "SSD_INDEX", _) => "security state index: zero in the non-secure view",
        (regs::CB_FSYNR0, "PTWF", 0) => "the fault is the transaction's own, not that of a page-table read",
        (regs::CB_FSYNR0, "PTWF", _) => "a read of the page tables failed",
        (regs::CB_FSYNR0 | regs::SGFSYNR0, "NSATTR", 0) => "secure attribute, or not reported by this hardware",
        (regs::CB_FSYNR0 | regs::SGFSYNR0, "NSATTR", _) => "non-secure attribute",
        (regs::CB_FSYNR0 | regs::SGFSYNR0, "IND", 0) => "a data access",
        (regs::CB_FSYNR0 | regs::SGFSYNR0, "IND", _) => "an instruction fetch",
        (regs::CB_FSYNR0 | regs::SGFSYNR0, "PNU", 0) => "an unprivileged access",
        (regs::CB_FSYNR0 | regs::SGFSYNR0, "PNU", _) => "a privileged access",
        (regs::CB_FSYNR0 | regs::SGFSYNR0, "WNR", 0) => "a read",
        (regs::CB_FSYNR0 | regs::SGFSYNR0, "WNR", _) => "a write",
        (regs::CB_FSYNR0, "PLVL", _) => return Some(format!("at level {v} of the walk: {}", level_size(v))),
        (regs::CBFRSYNRA | regs::SGFSYNR1, "StreamID", _) => {
            return Some(format!("stream {v:#x}, as in the `iommus` property of the device that sent it"))
        }
        (regs::SGFSR, "ICF", 1) => "invalid context: the stream's register group, or its context bank, is set to fault",
        (regs::SGFSR, "USF", 1) => "unidentified stream: no stream match register has this StreamID",
        (regs::SGFSR, "SMCF", 1) => "stream match conflict: two stream match registers have this StreamID",
        (regs::SGFSR, "UCBF", 1) => "the stream's register group names a context bank that does not exist",
        (regs::SGFSR, "CAF", 1) => "a register access that is not allowed",
        (regs::SGFSR, "UUT", 1) => "unsupported upstream transaction: a burst that the bus rules forbid",
        _ => return None,
    };
    Some(text.to_string())
}

/// How much one entry of that level covers with 4 KiB granules.
fn level_size(level: u64) -> &'static str {
    match level {
        0 => "one entry covers 512 GiB with 4 KiB granules; also reported for an address outside the table's range",
        1 => "one entry covers 1 GiB with 4 KiB granules",
        2 => "one entry covers 2 MiB with 4 KiB granules",
        _ => "one entry covers one page",
    }
}

/// The first line of a context fault.
fn context_fault(line: &Line, place: Place, warnings: &mut Vec<String>) -> ContextFault {
    const KEYS: [(&str, u32); 5] = [("fsr=", 16), ("iova=", 16), ("fsynr=", 16), ("cbfrsynra=", 16), ("cb=", 10)];
    // Of the readings of a wrapped line, the one in which most keys have a number.
    let mut best: Vec<Option<u64>> = vec![None; KEYS.len()];
    let mut text = line.text();
    for reading in line.readings() {
        let values: Vec<Option<u64>> = KEYS.iter().map(|(key, radix)| value(&reading, key, *radix)).collect();
        if values.iter().flatten().count() > best.iter().flatten().count() {
            (best, text) = (values, reading);
        }
    }
    for ((key, _), value) in KEYS.iter().zip(&best) {
        if let (Some(token), None) = (after(&text, key), value) {
            warnings.push(format!("line {}: {key} is followed by '{token}', which is not a number", line.number));
        }
    }
    ContextFault {
        place,
        fsr: best[0].map(|v| register(regs::CB_FSR, v)),
        iova: best[1],
        fsynr0: best[2].map(|v| register(regs::CB_FSYNR0, v)),
        cbfrsynra: best[3].map(|v| register(regs::CBFRSYNRA, v)),
        cb: best[4],
        summary: String::new(),
    }
}

/// The number after a key of the one-line form. `cb=`, the last one, may be followed by anything.
fn value(text: &str, key: &str, radix: u32) -> Option<u64> {
    let token = after(text, key)?;
    let token = if key == "cb=" { token.split_whitespace().next()? } else { token };
    number(token, radix)
}

/// Adds a value of the three-line form to the last fault of its device, or starts one if the first line is missing. A value that
/// says something else than the first line starts a fault of its own, too.
fn add(found: &mut Decoded, place: Place, mut fill: impl FnMut(&mut ContextFault) -> Result<(), String>) {
    if let Some(last) = found.context_faults.iter_mut().rev().find(|f| f.place.device == place.device) {
        match fill(last) {
            Ok(()) => return,
            Err(what) => {
                found.warnings.push(format!("line {}: {what} differs from the fault's first line", place.line));
            }
        }
    }
    let mut fault =
        ContextFault { place, fsr: None, iova: None, fsynr0: None, cbfrsynra: None, cb: None, summary: String::new() };
    if fill(&mut fault).is_ok() {
        found.context_faults.push(fault);
    }
}

/// Puts a value where there is none; an error if there is another one.
fn fill(place: &mut Option<RegisterValue>, value: RegisterValue, what: &str) -> Result<(), String> {
    match place {
        Some(old) if old.value != value.value => Err(what.to_string()),
        _ => {
            *place = Some(value);
            Ok(())
        }
    }
}

/// The register line of a global fault.
fn global_registers(text: &str, place: Place, found: &mut Decoded) {
    const NAMES: [(&str, RegId); 4] =
        [("GFSR ", regs::SGFSR), ("GFSYNR0 ", regs::SGFSYNR0), ("GFSYNR1 ", regs::SGFSYNR1), ("GFSYNR2 ", regs::SGFSYNR2)];
    let mut registers = Vec::new();
    for (key, id) in NAMES {
        match after(text, key).map(|token| (token, number(token.split_whitespace().next().unwrap_or(""), 16))) {
            Some((_, Some(value))) => registers.push(register(id, value)),
            Some((token, None)) => {
                found.warnings.push(format!("line {}: {key}is followed by '{token}', which is not a number", place.line));
            }
            None => {}
        }
    }
    match found.global_faults.last_mut() {
        Some(last) if last.registers.is_empty() && last.place.device == place.device => last.registers = registers,
        _ => found.global_faults.push(GlobalFault { place, registers, summary: String::new() }),
    }
}

/// Names of the one-bit fields that are set, without those that say how and not what.
fn causes(register: &RegisterValue) -> Vec<&str> {
    let how = ["MULTI", "SS"];
    let set = register.fields.iter().filter(|f| f.value == 1 && !f.bits.contains(':') && !how.contains(&f.name.as_str()));
    set.map(|f| f.meaning.split(':').next().unwrap_or(&f.meaning)).collect()
}

fn context_summary(fault: &ContextFault) -> String {
    let synr = fault.fsynr0.as_ref();
    let kind = synr.map_or("an access", |s| match (s.field("WNR"), s.field("IND")) {
        (1, _) => "a write",
        (_, 1) => "an instruction fetch",
        _ => "a read",
    });
    let stream = fault.cbfrsynra.as_ref().map_or(String::new(), |s| format!(" by stream {:#x}", s.field("StreamID")));
    let address = fault.iova.map_or(String::new(), |iova| format!(" of address {iova:#x}"));
    let bank = fault.cb.map_or(String::new(), |cb| format!(" in context bank {cb}"));
    let cause = match fault.fsr.as_ref().map(|r| (r, causes(r))) {
        Some((_, causes)) if !causes.is_empty() => causes.join(" and "),
        Some(_) => "no cause that is known".to_string(),
        None => "cause not in the log".to_string(),
    };
    let level = synr.map_or(String::new(), |s| format!(" at level {} of the walk", s.field("PLVL")));
    let mut out = format!("{kind}{address}{stream} was refused{bank}: {cause}{level}");
    if let Some(first) = out.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    if let (Some(cb), Some(ndx)) = (fault.cb, synr.map(|s| s.field("S1CBNDX"))) {
        if ndx != 0 && ndx != cb {
            out += &format!(
                ". The hardware calls the bank {ndx}, Linux {cb}: a hypervisor hands out banks under numbers of its own"
            );
        }
    }
    out + "."
}

fn global_summary(fault: &GlobalFault) -> String {
    let of = |name: &str| fault.registers.iter().find(|r| r.name == name);
    let Some(status) = of("sGFSR") else { return fault.summary.clone() };
    let causes = causes(status);
    let cause = if causes.is_empty() { "no cause that is known".to_string() } else { causes.join(" and ") };
    let kind = of("sGFSYNR0").map_or("An access", |s| if s.field("WNR") == 1 { "A write" } else { "A read" });
    let stream = of("sGFSYNR1").map_or(String::new(), |s| format!(" of stream {:#x}", s.field("StreamID")));
    format!("{kind}{stream} was refused before any context bank was found: {cause}.")
}

#[cfg(test)]
mod tests {
    use crate::decode::decode;

    #[test]
    fn both_forms_of_a_context_fault_say_the_same() {
        let one = "arm-smmu 15000000.iommu: Unhandled context fault: fsr=0x402, iova=0x1032db3e0, fsynr=0x130000, cbfrsynra=0x300, cb=4";
        let three = format!(
            "{one}\narm-smmu 15000000.iommu: FSR    = 00000402 [Format=2 TF], SID=0x300\n\
             arm-smmu 15000000.iommu: FSYNR0 = 00130000 [S1CBNDX=19 PLVL=0]\n"
        );
        let (a, b) = (decode(one), decode(&three));
        assert_eq!(a.context_faults, b.context_faults);
        assert!(b.warnings.is_empty(), "{:?}", b.warnings);
        let fault = &a.context_faults[0];
        let fsr = fault.fsr.as_ref().expect("fsr");
        assert_eq!((fsr.field("TF"), fsr.field("FORMAT"), fsr.field("MULTI"), fsr.field("PF")), (1, 2, 0, 0));
        let synr = fault.fsynr0.as_ref().expect("fsynr");
        assert_eq!((synr.field("S1CBNDX"), synr.field("PLVL"), synr.field("WNR")), (0x13, 0, 0));
        assert_eq!((fault.iova, fault.cb), (Some(0x1_032d_b3e0), Some(4)));
        for part in ["read", "0x1032db3e0", "0x300", "translation fault", "level 0", "bank 4", "19", "hypervisor"] {
            assert!(fault.summary.contains(part), "{part}: {}", fault.summary);
        }
    }

    #[test]
    fn the_second_and_third_line_stand_alone_and_contradictions_are_told() {
        let text = "arm-smmu a: FSR    = 80000008 [MULTI Format=0 PF], SID=0x12\narm-smmu a: FSYNR0 = 00000031 [S1CBNDX=0 PNU WNR PLVL=1]\n";
        let found = decode(text);
        let fault = &found.context_faults[0];
        assert_eq!(found.context_faults.len(), 1);
        assert_eq!(fault.fsr.as_ref().map(|r| (r.field("MULTI"), r.field("PF"), r.field("TF"))), Some((1, 1, 0)));
        assert!(fault.summary.contains("write") && fault.summary.contains("permission"), "{}", fault.summary);

        let text = "arm-smmu a: Unhandled context fault: fsr=0x2, iova=0x0, fsynr=0x0, cbfrsynra=0x1, cb=0\narm-smmu a: FSR    = 00000008 [Format=0 PF], SID=0x1\n";
        let found = decode(text);
        assert_eq!(found.context_faults.len(), 2);
        assert!(found.warnings[0].contains("line 2") && found.warnings[0].contains("FSR"), "{:?}", found.warnings);
    }

    #[test]
    fn two_faults_and_two_devices_do_not_mix() {
        let text = "arm-smmu a: Unhandled context fault: fsr=0x402, iova=0x1000, fsynr=0x3, cbfrsynra=0x1, cb=0\n\
                    arm-smmu b: Unhandled context fault: fsr=0x408, iova=0x2000, fsynr=0x13, cbfrsynra=0x2, cb=1\n\
                    arm-smmu a: FSYNR0 = 00000003 [S1CBNDX=0 PLVL=3]\n";
        let found = decode(text);
        assert_eq!(found.context_faults.len(), 2);
        assert_eq!(found.context_faults[1].fsynr0.as_ref().map(|r| r.value), Some(0x13));
        assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    }

    #[test]
    fn a_line_cut_by_a_terminal_is_read_right() {
        let text = "[    3.8] arm-smmu a: Unhandled context fault: fsr=0x402, iova=0x1032db3e0, fsynr=0x130000, cbfrsynra=0x3\n00, cb=4\n";
        let fault = &decode(text).context_faults[0];
        assert_eq!(fault.cbfrsynra.as_ref().map(|r| r.value), Some(0x300));
        assert_eq!(fault.cb, Some(4));
    }

    #[test]
    fn a_value_that_is_no_number_is_a_warning() {
        let found = decode("arm-smmu a: Unhandled context fault: fsr=0x4O2, iova=0x1000, fsynr=0x3, cbfrsynra=0x1, cb=0\n");
        assert!(found.context_faults[0].fsr.is_none());
        assert!(found.warnings[0].contains("fsr=") && found.warnings[0].contains("0x4O2"), "{:?}", found.warnings);
    }

    #[test]
    fn a_global_fault_has_its_registers() {
        let text = "[ 1.0] arm-smmu a: Blocked unknown Stream ID 0x881; boot with \"arm-smmu.disable_bypass=0\" to allow\n\
                    [ 1.0] arm-smmu a: \tGFSR 0x80000002, GFSYNR0 0x00000002, GFSYNR1 0x00000881, GFSYNR2 0x00000000\n";
        let found = decode(text);
        assert_eq!(found.global_faults.len(), 1);
        let fault = &found.global_faults[0];
        assert_eq!(fault.registers.iter().map(|r| r.value).collect::<Vec<_>>(), [0x8000_0002, 2, 0x881, 0]);
        assert_eq!((fault.registers[0].field("USF"), fault.registers[0].field("MULTI")), (1, 1));
        for part in ["write", "0x881", "unidentified stream"] {
            assert!(fault.summary.to_lowercase().contains(part), "{part}: {}", fault.summary);
        }
    }
}
