//! What the parts of a log say together.
//!
//! Three questions: what was being fetched when the SMMU refused it (the faulting address against the descriptor lists of the
//! register dump); whose addresses these are (physical, or from the IOMMU's allocator) and so what kind of mistake looks like this;
//! and what the time between fault and failure says. Each finding tells what it rests on.

use super::{ContextFault, Decoded, HostRegs, UfsEventKind};
use crate::ufs::registers as r;
use serde::Serialize;

/// Bytes of a transfer request descriptor.
const UTRD_BYTES: u64 = 32;
/// Bytes of a task management request descriptor.
const UTMRD_BYTES: u64 = 80;
/// The bus error bit of the interrupt status and of `saved_err`.
const SBFES: i64 = 1 << 17;
/// How far below the top of an address space its allocator can have come with what a driver maps at start-up.
const NEAR_THE_TOP: u64 = 64 << 20;

/// A conclusion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind.
    pub kind: FindingKind,
    /// The conclusion in one sentence.
    pub what: String,
    /// What it rests on and what it means.
    pub why: String,
}

/// Kinds of conclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// What the faulting access was after.
    Fetched,
    /// Which mistake this looks like.
    Cause,
    /// What state the controller was in.
    Controller,
    /// What the times say.
    Timing,
}

/// All conclusions of a log.
pub fn findings(found: &Decoded) -> Vec<Finding> {
    let mut out = Vec::new();
    for dump in &found.host_regs {
        let lists = Lists::of(dump);
        for fault in &found.context_faults {
            out.extend(lists.as_ref().and_then(|lists| fetched(lists, fault)));
        }
        out.extend(controller(dump, found));
        match found.context_faults.iter().find(|f| f.iova.is_some()) {
            Some(fault) => out.extend(lists.as_ref().and_then(|lists| cause(lists, fault))),
            None => out.extend(bus_error_alone(lists.as_ref(), found)),
        }
    }
    if found.host_regs.is_empty() && found.context_faults.is_empty() {
        out.extend(bus_error_alone(None, found));
    }
    out.extend(timing(found));
    out
}

/// The descriptor lists as a dump shows them.
struct Lists {
    utrlba: u64,
    slots: u64,
    utmrlba: u64,
    tm_slots: u64,
}

impl Lists {
    /// `None` if the dump does not have them, or the driver had not set them yet.
    fn of(dump: &HostRegs) -> Option<Self> {
        let cap = dump.word(r::CAP)?;
        let base = |low, high| Some(u64::from(dump.word(low)?) | u64::from(dump.word(high)?) << 32);
        let utrlba = base(r::UTRLBA, r::UTRLBAU)?;
        (utrlba != 0).then_some(Lists {
            utrlba,
            slots: u64::from(cap & 0x1f) + 1,
            utmrlba: base(r::UTMRLBA, r::UTMRLBAU)?,
            tm_slots: u64::from(cap >> 16 & 7) + 1,
        })
    }
}

/// What the access was after.
fn fetched(lists: &Lists, fault: &ContextFault) -> Option<Finding> {
    let iova = fault.iova?;
    let at = |base: u64, size: u64, count: u64| {
        let offset = iova.checked_sub(base).filter(|offset| *offset < size * count)?;
        Some((offset, offset / size, offset % size))
    };
    let (what, why) = if let Some((offset, slot, inside)) = at(lists.utrlba, UTRD_BYTES, lists.slots) {
        let part = if inside == 0 { String::new() } else { format!(", byte {inside} of it") };
        let which = if slot + 1 == lists.slots {
            "The last slot is the one that kernels keep for NOP OUT and QUERY (newer ones keep slot 0), so this is the driver's \
             first command to the device"
        } else if slot == 0 {
            "Newer kernels keep slot 0 for NOP OUT and QUERY, so this may be the driver's first command to the device"
        } else {
            "A slot for ordinary requests: the controller had worked with this list before, or started with several requests"
        };
        let what = format!("slot {slot}'s transfer request descriptor, UTRLBA + {offset:#x}{part}");
        let why = format!(
            "UTRLBA is {:#x} and a descriptor takes {UTRD_BYTES} bytes. The descriptor is the first thing that the controller reads \
             when its doorbell rings: no command, data or status was touched. {which}.",
            lists.utrlba
        );
        (what, why)
    } else if let Some((offset, slot, _)) = at(lists.utmrlba, UTMRD_BYTES, lists.tm_slots) {
        let what = format!("slot {slot}'s task management request descriptor, UTMRLBA + {offset:#x}");
        (what, format!("UTMRLBA is {:#x} and a descriptor takes {UTMRD_BYTES} bytes.", lists.utmrlba))
    } else {
        let what = format!("not a descriptor: {iova:#x} is in neither descriptor list");
        let why = format!(
            "The lists start at {:#x} (transfers) and {:#x} (task management). The access was for a command descriptor, a PRDT or \
             data, whose addresses stand in memory and not in the dump; or another device of the same SMMU faulted.",
            lists.utrlba, lists.utmrlba
        );
        (what, why)
    };
    Some(Finding { kind: FindingKind::Fetched, what, why })
}

/// True if `address` lies where an allocator that goes down from the top of an address space starts.
fn near_the_top(address: u64) -> Option<u32> {
    [32u32, 36, 39, 40, 42, 44, 48, 49].into_iter().find(|bits| {
        let top = 1u64 << bits;
        address < top && top - address <= NEAR_THE_TOP
    })
}

/// Which mistake this looks like.
fn cause(lists: &Lists, fault: &ContextFault) -> Option<Finding> {
    let iova = fault.iova?;
    let fsr = fault.fsr.as_ref()?;
    let level = fault.fsynr0.as_ref().map(|s| s.field("PLVL"));
    let (what, why) = if fsr.field("TF") == 1 {
        match near_the_top(lists.utrlba) {
            Some(bits) => (
                "the address looks like one of the IOMMU's allocator, and is not mapped (any more)".to_string(),
                format!(
                    "It lies just below 2^{bits}, where the allocator starts. Look for a mapping that was taken away too early, or \
                     that went into the tables of another domain."
                ),
            ),
            None => {
                let depth = match level {
                    Some(l) if l <= 1 => format!(
                        "the walk failed at level {l}, so nothing is mapped for at least {} around it",
                        if l == 0 { "512 GiB (4 KiB granules)" } else { "1 GiB (4 KiB granules)" }
                    ),
                    _ => "the tables have no entry for it".to_string(),
                };
                (
                    "the controller uses physical addresses while its stream is attached to a translating domain".to_string(),
                    format!(
                        "{iova:#x} looks like the address of RAM: the IOMMU's allocator hands out addresses from the top of the \
                         address space downwards (just below 2^32, 2^36, 2^40, ..), and {depth}. That is what direct DMA ops on a device \
                         with a DMA domain look like: check that the DMA ops of the device were set after its domain was."
                    ),
                )
            }
        }
    } else if fsr.field("PF") == 1 {
        (
            "the address is mapped, but not for this kind of access".to_string(),
            "Look at the DMA direction that the driver mapped the buffer with.".to_string(),
        )
    } else if fsr.field("EF") == 1 {
        (
            "the page tables themselves cannot be read".to_string(),
            "A table is in memory that is not there, is protected, or was freed.".to_string(),
        )
    } else {
        return None;
    };
    Some(Finding { kind: FindingKind::Cause, what, why })
}

/// What the dump says about the controller after the fault.
fn controller(dump: &HostRegs, found: &Decoded) -> Option<Finding> {
    let bus_error = found.ufs_events.iter().any(|e| matches!(e.kind, UfsEventKind::CheckErrors) && e.value & SBFES != 0);
    let stopped = dump.word(r::UTRLRSR)? & 1 == 0 && dump.word(r::UTMRLRSR)? & 1 == 0;
    let doorbell = dump.word(r::UTRLDBR)?;
    let done = dump.word(r::UTRLCNR)?;
    if !bus_error || !stopped {
        return None;
    }
    let slots: Vec<String> = (0..32).filter(|bit| done >> bit & 1 == 1).map(|bit| bit.to_string()).collect();
    let cleared = match (doorbell, slots.len()) {
        (0, 0) => "no doorbell is left".to_string(),
        (0, 1) => format!("the doorbell of slot {} was dropped", slots[0]),
        (0, _) => format!("the doorbells of slots {} have been dropped or answered", slots.join(", ")),
        _ => format!("doorbells {doorbell:#x} are still set"),
    };
    Some(Finding {
        kind: FindingKind::Controller,
        what: "the controller has stopped itself".to_string(),
        why: format!(
            "It took the error response as a fatal bus error (SBFES): both run-stop registers read 0, {cleared}, and no status was \
             written to memory. Commands that the driver rings for afterwards are ignored until it starts the lists again, so each \
             of them times out."
        ),
    })
}

/// A bus error that no SMMU line goes with.
fn bus_error_alone(lists: Option<&Lists>, found: &Decoded) -> Option<Finding> {
    found.ufs_events.iter().find(|e| e.value & SBFES != 0 && matches!(e.kind, UfsEventKind::CheckErrors))?;
    if !found.global_faults.is_empty() {
        return None;
    }
    let address = match lists.map(|lists| (lists.utrlba, near_the_top(lists.utrlba))) {
        Some((base, Some(bits))) => format!(
            " UTRLBA, {base:#x}, lies just below 2^{bits}, where the IOMMU's allocator starts: IOVAs that reach memory untranslated, \
             because the stream is in an identity domain or bypasses, look like this."
        ),
        Some((base, None)) => format!(" UTRLBA is {base:#x}: check that there is memory, and that the controller may read it."),
        None => String::new(),
    };
    Some(Finding {
        kind: FindingKind::Cause,
        what: "a bus error that the SMMU did not cause, as far as this log goes".to_string(),
        why: format!(
            "The controller got an error response, and there is no arm-smmu line: the access went through the SMMU and met nothing \
             behind it.{address}"
        ),
    })
}

/// What the time from the first error to the failure says.
fn timing(found: &Decoded) -> Option<Finding> {
    let failed = found.ufs_events.iter().find(|e| e.kind == UfsEventKind::NopOutFailed && e.value == -11)?;
    let starts = found.context_faults.iter().map(|f| f.place.time).chain(found.ufs_events.iter().map(|e| e.place.time));
    let first = starts.flatten().reduce(f64::min)?;
    let ms = (failed.place.time? - first) * 1e3;
    if ms <= 0.0 {
        return None;
    }
    // Ten tries of 50 ms; each takes its jiffies rounded up and one more, and the first starts anywhere in a jiffy.
    let fits = [(100u32, 590.0, 600.0), (250, 556.0, 560.0), (300, 530.0, 533.4), (1000, 509.0, 510.0)]
        .into_iter()
        .find(|(_, low, high)| (*low - 0.5..=*high + 0.5).contains(&ms))
        .map(|(hz, _, _)| format!("ten tries of 50 ms that all timed out, on a kernel with HZ={hz}"));
    let what = format!("NOP OUT failed {ms:.1} ms after the first error");
    let why = match fits {
        Some(fits) => format!("That is {fits}: the controller answered none of them, the one that faulted included."),
        None => "Ten tries of 50 ms take 509 to 600 ms, by the kernel's HZ; what is beyond that is time in which the CPU was held up, \
                 by printing to a slow console for example."
            .to_string(),
    };
    Some(Finding { kind: FindingKind::Timing, what, why })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::decode;

    const SC8180X: &str = include_str!("../../tests/data/sc8180x.log");
    const SM8550: &str = include_str!("../../tests/data/sm8550.log");

    fn of(text: &str, kind: FindingKind) -> Vec<Finding> {
        decode(text).findings.into_iter().filter(|f| f.kind == kind).collect()
    }

    #[test]
    fn both_logs_show_the_descriptor_of_the_last_slot_and_direct_addresses() {
        for (log, base) in [(SC8180X, "0x1032db000"), (SM8550, "0x885109000")] {
            let fetched = of(log, FindingKind::Fetched);
            assert_eq!(fetched.len(), 1);
            assert_eq!(fetched[0].what, "slot 31's transfer request descriptor, UTRLBA + 0x3e0");
            assert!(fetched[0].why.contains(base) && fetched[0].why.contains("NOP OUT"), "{}", fetched[0].why);
            let cause = of(log, FindingKind::Cause);
            assert_eq!(cause.len(), 1);
            assert!(cause[0].what.contains("physical addresses"), "{}", cause[0].what);
            let controller = of(log, FindingKind::Controller);
            assert!(controller[0].why.contains("slot 31"), "{}", controller[0].why);
            assert!(decode(log).warnings.is_empty());
        }
    }

    #[test]
    fn the_times_fit_one_kernel_configuration_or_say_so() {
        assert!(of(SC8180X, FindingKind::Timing)[0].what.contains("559.7 ms"));
        assert!(of(SC8180X, FindingKind::Timing)[0].why.contains("HZ=250"));
        assert!(of(SM8550, FindingKind::Timing)[0].why.contains("console"));
    }

    #[test]
    fn a_bus_error_without_a_fault_is_the_mirror_image() {
        let text = SC8180X
            .lines()
            .filter(|line| !line.contains("arm-smmu"))
            .map(|line| line.replace("032db000 00000001", "fffdf000 0000000f").replace("032dd000 00000001", "fffde000 0000000f"))
            .collect::<Vec<_>>()
            .join("\n");
        let cause = of(&text, FindingKind::Cause);
        assert_eq!(cause.len(), 1);
        assert!(cause[0].what.contains("SMMU did not cause"), "{}", cause[0].what);
        assert!(cause[0].why.contains("2^36") && cause[0].why.contains("identity"), "{}", cause[0].why);
        assert!(of(&text, FindingKind::Fetched).is_empty());
    }

    #[test]
    fn an_iova_that_is_not_mapped_is_told_from_a_physical_address() {
        let text = SC8180X
            .replace("032db000 00000001", "fffdf000 0000000f")
            .replace("032dd000 00000001", "fffde000 0000000f")
            .replace("iova=0x1032db3e0", "iova=0xffffdf020");
        assert_eq!(of(&text, FindingKind::Fetched)[0].what, "slot 1's transfer request descriptor, UTRLBA + 0x20");
        assert!(of(&text, FindingKind::Cause)[0].what.contains("allocator"));
        let data = text.replace("iova=0xffffdf020", "iova=0xfffe00000");
        assert!(of(&data, FindingKind::Fetched)[0].what.contains("neither descriptor list"));
        let tm = text.replace("iova=0xffffdf020", "iova=0xffffde050");
        assert!(of(&tm, FindingKind::Fetched)[0].what.contains("slot 1's task management request descriptor"));
        // Inside a descriptor that is not the first word of it.
        let inside = text.replace("iova=0xffffdf020", "iova=0xffffdf028");
        assert!(of(&inside, FindingKind::Fetched)[0].what.ends_with("byte 8 of it"));
    }

    #[test]
    fn a_permission_fault_is_not_an_addressing_mistake() {
        let cause = of(&SC8180X.replace("fsr=0x402", "fsr=0x408"), FindingKind::Cause);
        assert!(cause[0].what.contains("not for this kind of access"), "{}", cause[0].what);
    }
}
