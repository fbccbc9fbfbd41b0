//! Performance monitors: registers, the banks' views of them, and the events that an untimed model can count.
//!
//! The model counts accesses and reads (events 0x10, 0x11) and the leaves that its own walks deliver (8, 9: real caches are
//! smaller and walk more often). There are no cycles here; hardware counts them. Decision D43 of `docs/compliance.md`.

use super::access::Access;
use super::bits::{bit, field};
use super::file::RegisterFile;
use smmu_rtl::registers::{self as regs, RegId, COUNTERS_PER_GROUP};

/// Events.
mod event {
    pub const REFILL: u64 = 0x08;
    pub const REFILL_READ: u64 = 0x09;
    pub const ACCESS: u64 = 0x10;
    pub const ACCESS_READ: u64 = 0x11;
}

/// `PMCFGR` as a bank sees it: one group of four counters.
const BANK_PMCFGR: u32 = 0x0001_1F00 | (COUNTERS_PER_GROUP as u32 - 1);

/// The register is a bank's view.
pub fn is_bank_view(id: RegId) -> bool {
    global_of(id).is_some() || id == regs::CB_PMCFGR || id == regs::CB_PMAUTHSTATUS
}

/// The register that a bank's view shows.
fn global_of(id: RegId) -> Option<RegId> {
    Some(match id {
        regs::CB_PMEVCNTR => regs::PMEVCNTR,
        regs::CB_PMEVTYPER => regs::PMEVTYPER,
        regs::CB_PMCR => regs::PMCR,
        regs::CB_PMCEID => regs::PMCEID0,
        regs::CB_PMCNTENSET => regs::PMCNTENSET,
        regs::CB_PMCNTENCLR => regs::PMCNTENCLR,
        regs::CB_PMINTENSET => regs::PMINTENSET,
        regs::CB_PMINTENCLR => regs::PMINTENCLR,
        regs::CB_PMOVSCLR => regs::PMOVSCLR,
        regs::CB_PMOVSSET => regs::PMOVSSET,
        _ => return None,
    })
}

/// The counter group that a bank may access: the lowest one that names it.
fn group_of(registers: &RegisterFile, bank: usize) -> Option<usize> {
    let groups = registers.params().tbus;
    registers.params().features.pmu.then_some(())?;
    (0..groups).find(|&group| {
        let pmcgcr = registers.get(regs::PMCGCR, group);
        bit(pmcgcr, 10) && field(pmcgcr, 7, 0) as usize == bank
    })
}

/// Where a bank's view leads: the offset of the global register and the shift of its bits. `None` where there is nothing.
fn lead(registers: &RegisterFile, id: RegId, index: usize) -> Option<(u32, u32)> {
    let params = registers.params();
    let in_bank = id.count(params);
    let (bank, element) = (index / in_bank, index % in_bank);
    let group = group_of(registers, bank)?;
    let global = global_of(id)?;
    let (place, shift) = match id {
        regs::CB_PMEVCNTR | regs::CB_PMEVTYPER => {
            (element < COUNTERS_PER_GROUP).then_some((group * COUNTERS_PER_GROUP + element, 0))?
        }
        regs::CB_PMCEID => (element == 0).then_some((0, 0))?,
        regs::CB_PMCR => (0, 0),
        _ => (0, group * COUNTERS_PER_GROUP),
    };
    Some((global.offset(params, place), shift as u32))
}

/// A bank's read.
pub fn bank_read(registers: &RegisterFile, id: RegId, index: usize) -> u32 {
    if id == regs::CB_PMCFGR {
        return group_of(registers, index).map_or(0, |_| BANK_PMCFGR);
    }
    let masked = matches!(
        id,
        regs::CB_PMCNTENSET
            | regs::CB_PMCNTENCLR
            | regs::CB_PMINTENSET
            | regs::CB_PMINTENCLR
            | regs::CB_PMOVSCLR
            | regs::CB_PMOVSSET
    );
    let mask = if masked { (1 << COUNTERS_PER_GROUP) - 1 } else { u32::MAX };
    lead(registers, id, index).map_or(0, |(offset, shift)| registers.read_word(offset) >> shift & mask)
}

/// A bank's write.
pub fn bank_write(registers: &mut RegisterFile, id: RegId, index: usize, value: u32) {
    if let Some((offset, shift)) = lead(registers, id, index) {
        let value = if shift == 0 && matches!(id, regs::CB_PMEVCNTR | regs::CB_PMEVTYPER | regs::CB_PMCR) {
            value
        } else {
            (value & ((1 << COUNTERS_PER_GROUP) - 1)) << shift
        };
        registers.write_word(offset, value);
    }
}

/// A write of `PMCR`: its bit 1 clears the counters.
pub fn control(registers: &mut RegisterFile, value: u32) {
    if registers.params().features.pmu && value & 2 != 0 {
        for counter in 0..regs::PMEVCNTR.count(registers.params()) {
            registers.set(regs::PMEVCNTR, counter, 0);
        }
    }
}

/// Something counts now.
pub fn running(registers: &RegisterFile) -> bool {
    registers.params().features.pmu && bit(registers.get(regs::PMCR, 0), 0) && registers.get(regs::PMCNTENSET, 0) != 0
}

/// Counts an access of client port `tbu` through `bank` (if it has one) that made `refills` walks deliver a leaf.
pub fn count(registers: &mut RegisterFile, tbu: usize, access: &Access, bank: Option<usize>, refills: usize) {
    if !running(registers) || tbu >= registers.params().tbus {
        return;
    }
    let pmcgcr = registers.get(regs::PMCGCR, tbu);
    let matched = match field(pmcgcr, 9, 8) {
        0 | 3 => true,
        1 => {
            let pmcgsmr = registers.get(regs::PMCGSMR, tbu);
            (u64::from(access.stream_id) ^ pmcgsmr) & !(pmcgsmr >> 16) & 0x7FFF == 0
        }
        _ => bank == Some(field(pmcgcr, 7, 0) as usize),
    };
    if !bit(pmcgcr, 11) || !matched {
        return;
    }
    for counter in tbu * COUNTERS_PER_GROUP..(tbu + 1) * COUNTERS_PER_GROUP {
        let kind = registers.get(regs::PMEVTYPER, counter);
        // All is non-secure: a class is counted if its two bits agree.
        let class = if access.privileged { (31, 29) } else { (30, 28) };
        let enabled = bit(registers.get(regs::PMCNTENSET, 0), counter as u32);
        if !enabled || bit(kind, class.0) != bit(kind, class.1) {
            continue;
        }
        let step = match field(kind, 4, 0) {
            event::REFILL => refills as u64,
            event::REFILL_READ if !access.write => refills as u64,
            event::ACCESS => 1,
            event::ACCESS_READ => u64::from(!access.write),
            _ => 0,
        };
        let sum = registers.get(regs::PMEVCNTR, counter) + step;
        registers.set(regs::PMEVCNTR, counter, sum & 0xFFFF_FFFF);
        if sum >> 32 != 0 {
            let overflow = registers.get(regs::PMOVSCLR, 0) | 1 << counter;
            registers.set(regs::PMOVSCLR, 0, overflow);
        }
    }
}

/// Level of `irq_pmu`.
pub fn interrupt(registers: &RegisterFile) -> bool {
    registers.params().features.pmu && registers.get(regs::PMOVSCLR, 0) & registers.get(regs::PMINTENSET, 0) != 0
}
