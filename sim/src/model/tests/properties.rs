//! Properties of the whole model under random programs.
//!
//! *Transparency*: while software does the maintenance that it owes, an access with the cache gets what one without it gets.
//! *Exactness*: when it does not, an access gets what the tables said when the page was last walked, and exactly the entries that
//! a command names are walked again. The shadow that predicts this is a plain list with the architecture's matching rule.

use super::super::testing::rig::{Rig, BANK, LEAF, STREAM, TABLES};
use super::super::{Access, Verdict};
use proptest::prelude::*;
use smmu_rtl::registers as regs;

/// Slots of the address space that the programs use: 4 KiB pages, and 2 MiB blocks further up.
const PAGES: u64 = 6;
const BLOCKS: u64 = 3;

fn place(slot: u64) -> (u64, u8, u32) {
    if slot < PAGES {
        (slot << 12, 3, 12)
    } else {
        ((slot - PAGES + 4) << 21, 2, 21)
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// Maps a slot (anew) with these attribute bits: bit 0 global, 1 read-only, 2 privileged only, 3 execute-never.
    Map { slot: u64, pa: u64, attributes: u64 },
    /// Unmaps a slot.
    Unmap { slot: u64 },
    /// An access somewhere in a slot.
    Go { slot: u64, offset: u64, write: bool, privileged: bool, instruction: bool },
    /// A command; the kind and what it names.
    Drop { kind: u8, asid: u16, slot: u64, offset: u64 },
    /// The bank gets another ASID.
    Asid { asid: u16 },
    /// `SCTLR.WXN` changes.
    Wxn { on: bool },
}

fn slot() -> std::ops::Range<u64> {
    0..PAGES + BLOCKS
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (slot(), 0u64..1 << 27, 0u64..16).prop_map(|(slot, pa, attributes)| Step::Map { slot, pa, attributes }),
        1 => slot().prop_map(|slot| Step::Unmap { slot }),
        8 => (slot(), any::<u64>(), any::<bool>(), any::<bool>(), any::<bool>())
            .prop_map(|(slot, offset, write, privileged, instruction)| Step::Go { slot, offset, write, privileged, instruction }),
        2 => (0u8..8, 0u16..3, slot(), any::<u64>()).prop_map(|(kind, asid, slot, offset)| Step::Drop { kind, asid, slot, offset }),
        1 => (0u16..3).prop_map(|asid| Step::Asid { asid }),
        1 => any::<bool>().prop_map(|on| Step::Wxn { on }),
    ]
}

/// A rig whose accesses go on after a fault.
fn rig() -> Rig {
    let mut rig = Rig::new();
    rig.set(regs::CB_SCTLR, BANK, 0x161);
    rig.set(regs::CB_TTBR0, BANK, TABLES);
    rig
}

fn leaf(attributes: u64) -> u64 {
    let mut leaf = LEAF;
    if attributes & 1 != 0 {
        leaf &= !(1 << 11);
    }
    if attributes & 2 != 0 {
        leaf |= 1 << 7;
    }
    if attributes & 4 != 0 {
        leaf &= !(1 << 6);
    }
    if attributes & 8 != 0 {
        leaf |= 3 << 53;
    }
    leaf
}

fn remap(rig: &mut Rig, slot: u64, entry: Option<(u64, u64)>) {
    let (va, level, bits) = place(slot);
    rig.unmap(va, level);
    if let Some((pa, attributes)) = entry {
        rig.leaf(va, pa >> (bits - 12) << bits, level, leaf(attributes));
    }
}

fn access(slot: u64, offset: u64, write: bool, privileged: bool, instruction: bool) -> Access {
    let (va, _, bits) = place(slot);
    let addr = va + offset % (1 << bits);
    Access { stream_id: STREAM, addr, write, privileged, instruction, ..Access::default() }
}

fn drop_entries(rig: &mut Rig, kind: u8, asid: u16, va: u64) {
    let payload = u64::from(asid) << 48 | va >> 12;
    match kind {
        0 => rig.set(regs::CB_TLBIALL, BANK, 0),
        1 => rig.set(regs::CB_TLBIASID, BANK, asid.into()),
        2 => rig.set(regs::CB_TLBIVA, BANK, payload),
        3 => rig.set(regs::CB_TLBIVAL, BANK, payload),
        4 => rig.set(regs::CB_TLBIVAA, BANK, payload),
        5 => rig.set(regs::CB_TLBIVAAL, BANK, payload),
        6 => rig.set(regs::TLBIVMID, 0, 0),
        _ => rig.set(regs::TLBIALLNSNH, 0, 0),
    }
}

/// What a list says is cached: the slot, its ASID (`None`: global), and what the table said.
struct Shadow {
    entries: Vec<(u64, Option<u16>, u64)>,
}

impl Shadow {
    fn drop_entries(&mut self, kind: u8, asid: u16, slot: u64) {
        self.entries.retain(|&(cached, of, _)| match kind {
            1 => of != Some(asid),
            2 | 3 => cached != slot || of.is_some_and(|of| of != asid),
            4 | 5 => cached != slot,
            _ => false,
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// With the maintenance done, nobody can tell that there is a cache.
    #[test]
    fn transparency(steps in prop::collection::vec(step(), 1..80), forms in any::<u64>()) {
        let mut rig = rig();
        for (n, step) in steps.into_iter().enumerate() {
            match step {
                Step::Map { slot, pa, attributes } => {
                    remap(&mut rig, slot, Some((pa, attributes)));
                    // One of the forms that reach an entry of any ASID.
                    drop_entries(&mut rig, 4 + ((forms >> (2 * (n % 32))) & 3) as u8, 0, place(slot).0);
                }
                Step::Unmap { slot } => {
                    remap(&mut rig, slot, None);
                    drop_entries(&mut rig, 4 + ((forms >> (2 * (n % 32))) & 3) as u8, 0, place(slot).0);
                }
                Step::Go { slot, offset, write, privileged, instruction } => {
                    let access = access(slot, offset, write, privileged, instruction);
                    let expected = rig.model.check(&access, &mut rig.ram);
                    prop_assert_eq!(rig.go(access), expected);
                }
                Step::Drop { kind, asid, slot, .. } => drop_entries(&mut rig, kind, asid, place(slot).0),
                Step::Asid { asid } => rig.set(regs::CB_TTBR0, BANK, u64::from(asid) << 48 | TABLES),
                Step::Wxn { on } => rig.set(regs::CB_SCTLR, BANK, 0x161 | u64::from(on) << 9),
            }
        }
    }

    /// Without maintenance the cache answers as a list with the architecture's rule says, entry for entry.
    #[test]
    fn exactness(steps in prop::collection::vec(step(), 1..120)) {
        let mut rig = rig();
        let mut shadow = Shadow { entries: Vec::new() };
        let mut tables = [None::<(u64, bool)>; (PAGES + BLOCKS) as usize];
        let mut current = 0u16;
        for step in steps {
            match step {
                Step::Map { slot, pa, attributes } => {
                    // Permissions are another test's: everything may be read and written here.
                    remap(&mut rig, slot, Some((pa, attributes & 1)));
                    tables[slot as usize] = Some((pa, attributes & 1 != 0));
                }
                Step::Unmap { slot } => {
                    remap(&mut rig, slot, None);
                    tables[slot as usize] = None;
                }
                Step::Go { slot, offset, write, privileged, .. } => {
                    let (_, _, bits) = place(slot);
                    let access = access(slot, offset, write, privileged, false);
                    let cached = |&&(at, of, _): &&(u64, Option<u16>, u64)| at == slot && of.is_none_or(|of| of == current);
                    let hit = shadow.entries.iter().find(cached).map(|&(_, _, pa)| pa);
                    let frame = hit.or_else(|| tables[slot as usize].map(|(pa, _)| pa));
                    if let (None, Some((pa, global))) = (hit, tables[slot as usize]) {
                        // A global entry takes the place of those of all ASIDs.
                        shadow.entries.retain(|&(at, ..)| !global || at != slot);
                        shadow.entries.push((slot, (!global).then_some(current), pa));
                    }
                    let expected = frame.map(|pa| (pa >> (bits - 12) << bits) + offset % (1 << bits));
                    prop_assert_eq!(rig.go(access).pa(), expected);
                }
                Step::Drop { kind, asid, slot, offset } => {
                    let (va, _, bits) = place(slot);
                    drop_entries(&mut rig, kind, asid, va + offset % (1 << bits));
                    shadow.drop_entries(kind, asid, slot);
                }
                Step::Asid { asid } => {
                    current = asid;
                    rig.set(regs::CB_TTBR0, BANK, u64::from(asid) << 48 | TABLES);
                }
                Step::Wxn { .. } => {}
            }
        }
    }

    /// A check changes nothing: neither the registers, nor what is cached.
    #[test]
    fn checks_leave_no_trace(steps in prop::collection::vec(step(), 1..40)) {
        let mut rig = rig();
        for step in steps {
            match step {
                Step::Map { slot, pa, attributes } => remap(&mut rig, slot, Some((pa, attributes))),
                Step::Go { slot, offset, write, privileged, instruction } => {
                    let access = access(slot, offset, write, privileged, instruction);
                    let before = (rig.model.cached(), rig.model.fault_active(BANK), rig.get(regs::CB_FAR, BANK));
                    let verdict = rig.model.check(&access, &mut rig.ram);
                    let after = (rig.model.cached(), rig.model.fault_active(BANK), rig.get(regs::CB_FAR, BANK));
                    prop_assert_eq!(before, after);
                    if let Verdict::Refused { fault, .. } = verdict {
                        rig.model.record(&access, &fault);
                        prop_assert!(rig.model.fault_active(BANK));
                        rig.set(regs::CB_FSR, BANK, 0xFFFF_FFFF);
                    }
                }
                _ => {}
            }
        }
    }
}
