//! Two stages: granules, start levels and leaves of stage 2, alone and under a guest's tables; its faults; what invalidations drop
//! and spare. Only hardware that has stage 2 and nesting has these scenes.

use super::faults::refused;
use super::maintenance::global_sync;
use super::translation::granules;
use super::{smooth, Outcome, Scene, HOLE, RAM, SETTLED, TABLES};
use crate::bench::fixture::{
    Tables, ACCESSED, READ_WRITE, SCTLR_CFIE, SCTLR_CFRE, SCTLR_HUPCF, SCTLR_M, SCTLR_USUAL, TABLE, VALID,
};
use crate::bench::Bench;
use smmu_rtl::params::{Aarch32, Params};
use smmu_rtl::registers::{self as regs, RegId};

pub(super) fn scenes(params: &Params) -> Vec<Scene> {
    if !params.features.nested {
        return Vec::new();
    }
    let mut scenes: Vec<Scene> = vec![
        ("leaves of stage 2", smooth(), leaves),
        ("leaves of one stage over leaves of the other", smooth(), over_each_other),
        ("nested banks with stages off", smooth(), stages_off),
        ("faults of stage 2", smooth(), faults),
        ("what invalidations of two stages drop and spare", smooth(), effects),
    ];
    if params.features.aarch32 == Aarch32::Both {
        scenes.push(("large pages over stage 2", smooth(), large_pages));
    }
    scenes
}

/// Leaf of stage 2: may be read and written, Normal memory, accessed.
const S2_ALL: u64 = 3 << 6 | 0xf << 2 | ACCESSED;
/// The guest's bank, and the stream that goes to it.
const GUEST: usize = 1;
const GUEST_STREAM: u32 = 0x300;
const GUEST_VMID: u32 = 5;
const ASID: u16 = 0x33;
/// The hypervisor's bank, and a stream that goes to it alone.
const HOST: usize = 3;
const HOST_STREAM: u32 = 0x302;
const HOST_VMID: u32 = 7;
/// Where the hypervisor's tables start; the guest's are at the start of the memory for tables.
const HOST_TABLES: u64 = TABLES + 0x400_0000;
/// Where a level of tables ends and the next begins.
const ROOM: u64 = 0x40_0000;
/// A place for data and one for addresses of it, aligned to every block.
const PLACE: u64 = 1 << 34;
const IPA: u64 = 1 << 35;
/// TCR.PS of stage 2: 48-bit output addresses, a reserved size, which counts as the same, 32-bit ones.
const WIDE: u32 = 5 << 16;
const RESERVED: u32 = 7 << 16;
const NARROW: u32 = 0;

fn granule_bits(granule: u32) -> u32 {
    match granule {
        12 => 0,
        16 => 1 << 14,
        _ => 2 << 14,
    }
}

/// Tables of stage 2: granule, level of the first ones, log2 of the bytes that they cover.
#[derive(Clone, Copy)]
struct Second {
    granule: u32,
    start: u32,
    bits: u32,
}

impl Second {
    fn new(granule: u32, start: u32, bits: u32) -> Self {
        Second { granule, start, bits }
    }

    /// log2 of the bytes that an entry of the level covers.
    fn entry_bits(&self, level: u32) -> u32 {
        self.granule + (3 - level) * (self.granule - 3)
    }

    /// `TCR` without the output size.
    fn tcr(&self) -> u32 {
        let sl0 = if self.granule == 12 { 2 - self.start } else { 3 - self.start };
        (64 - self.bits) | sl0 << 6 | granule_bits(self.granule)
    }

    /// Address of the descriptor for `ipa` at `level`; missing tables are made, each level of them at a place of its own.
    fn slot(&self, bench: &mut Bench, ipa: u64, level: u32) -> Result<u64, crate::bench::BenchError> {
        let mut table = HOST_TABLES;
        for here in self.start..=level {
            let mask = if here == self.start { u64::MAX } else { (1 << (self.granule - 3)) - 1 };
            let slot = table + 8 * (ipa >> self.entry_bits(here) & mask);
            if here == level {
                return Ok(slot);
            }
            // One table for each part of the address space that scenes use: these numbers are different.
            let part = ipa >> self.entry_bits(here);
            table = HOST_TABLES + (1 + u64::from(here)) * (ROOM << 1) + (part % 29) * 0x1_0000;
            bench.memory().write_u64(slot, table | VALID | TABLE)?;
        }
        unreachable!("levels go from the first to the leaf's")
    }

    /// Maps a leaf.
    fn map(&self, bench: &mut Bench, ipa: u64, pa: u64, level: u32) -> Outcome {
        let slot = self.slot(bench, ipa, level)?;
        let kind = if level == 3 { VALID | TABLE } else { VALID };
        let base = pa >> self.entry_bits(level) << self.entry_bits(level);
        Ok(bench.memory().write_u64(slot, base | S2_ALL | kind)?)
    }

    /// Maps the memory for the guest's tables to itself, in leaves of level 2.
    fn map_tables(&self, bench: &mut Bench) -> Outcome {
        let step = 1 << self.entry_bits(2);
        for base in (TABLES..TABLES + ROOM).step_by(step) {
            self.map(bench, base, base, 2)?;
        }
        Ok(())
    }

    /// The hypervisor's bank with these tables.
    fn bank(&self, bench: &mut Bench, ps: u32) -> Outcome {
        let params = *bench.params();
        let at = |id: RegId| id.offset(&params, HOST);
        bench.write32(at(regs::CBAR), HOST_VMID)?;
        bench.write32(at(regs::CBA2R), 1)?;
        bench.write32(at(regs::CB_TCR), self.tcr() | ps)?;
        bench.write64(at(regs::CB_TTBR0), HOST_TABLES)?;
        bench.write32(at(regs::CB_SCTLR), SCTLR_USUAL)?;
        bench.route_stream(HOST, HOST_STREAM, HOST)
    }
}

/// The guest's bank on its tables, which lie where they say that they lie.
fn guest(bench: &mut Bench, tables: &Tables) -> Outcome {
    let params = *bench.params();
    bench.setup_bank(GUEST, tables, ASID, 0)?;
    bench.write32(regs::CBAR.offset(&params, GUEST), 3 << 16 | (HOST as u32) << 8 | GUEST_VMID)?;
    bench.write32(regs::CB_SCTLR.offset(&params, GUEST), SCTLR_USUAL)?;
    bench.route_stream(GUEST, GUEST_STREAM, GUEST)
}

/// Forgets everything that was translated.
fn forget(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    bench.write32(regs::TLBIALLNSNH.offset(&params, 0), 0)?;
    global_sync(bench)?;
    bench.run_cycles(SETTLED)
}

fn both_ways(bench: &mut Bench, stream: u32, address: u64) -> Outcome {
    bench.burst_read(stream, address + 0x40, 2, 3)?;
    bench.burst_write(stream, address + 0x80, 2, 3, |beat| beat as u128 + 3)?;
    bench.run_cycles(SETTLED)
}

/// First tables of stage 2: start level, bits of addresses, so that there is one and so that there are several of them.
fn first_tables(granule: u32) -> &'static [(u32, u32)] {
    match granule {
        12 => &[(0, 48), (1, 39), (1, 41), (2, 30), (2, 34)],
        14 => &[(1, 47), (1, 48), (2, 36), (2, 40), (3, 25), (3, 29)],
        _ => &[(1, 48), (2, 42), (2, 46), (3, 29), (3, 33)],
    }
}

/// Pages and blocks of every granule from every start level, one first table and several.
fn leaves(bench: &mut Bench) -> Outcome {
    bench.memory().add_region(PLACE, 0x10_0000);
    bench.enable()?;
    for granule in granules(bench) {
        for &(start, bits) in first_tables(granule) {
            let host = Second::new(granule, start, bits);
            host.bank(bench, WIDE)?;
            let highest = if granule == 12 { start.max(1) } else { start.max(2) };
            for level in highest..4 {
                // The last leaf that fits, so that every bit of the first index counts.
                let ipa = (1 << bits) - (1 << host.entry_bits(level));
                host.map(bench, ipa, PLACE, level)?;
                forget(bench)?;
                both_ways(bench, HOST_STREAM, ipa)?;
            }
        }
    }
    Ok(())
}

/// Pages and blocks of a guest over those of its hypervisor, in every pair of granules.
fn over_each_other(bench: &mut Bench) -> Outcome {
    bench.memory().add_region(PLACE, 0x10_0000);
    bench.enable()?;
    let mut root = TABLES;
    for under in granules(bench) {
        let host = Second::new(under, if under == 12 { 0 } else { 1 }, 48);
        host.map_tables(bench)?;
        host.bank(bench, RESERVED)?;
        for granule in granules(bench) {
            for level in [2, 3] {
                root = root.next_multiple_of(0x1_0000);
                let mut tables = Tables::new(root, granule, 16);
                root += 4 << granule;
                let va = 5 << tables.entry_bits(2);
                match level {
                    3 => tables.map(bench.memory(), va, IPA, READ_WRITE)?,
                    _ => tables.map_block(bench.memory(), va, IPA, 2, READ_WRITE)?,
                }
                guest(bench, &tables)?;
                for level in [2, 3] {
                    host.map(bench, IPA, PLACE, level)?;
                    forget(bench)?;
                    both_ways(bench, GUEST_STREAM, va)?;
                }
            }
        }
    }
    Ok(())
}

/// Large pages of short descriptors over pages of 64 KiB, and sections over both.
fn large_pages(bench: &mut Bench) -> Outcome {
    // Descriptors of 32 bits: a table, a large page, a section; full access.
    const SHORT_TABLE: u32 = 1;
    const LARGE: u32 = 1 | 3 << 4;
    const SECTION: u32 = 2 | 3 << 10;
    let params = *bench.params();
    bench.memory().add_region(PLACE, 0x10_0000);
    bench.enable()?;
    for granule in granules(bench) {
        let host = Second::new(granule, if granule == 12 { 0 } else { 1 }, 48);
        host.map_tables(bench)?;
        host.map(bench, 0x1000_0000, PLACE, 3)?;
        host.bank(bench, WIDE)?;
        let (first, second) = (TABLES, TABLES + 0x1_0000);
        // VA 0x0010_0000: a table with sixteen entries for a large page; VA 0x0020_0000: a section.
        let words = [(first + 4, second as u32 | SHORT_TABLE), (first + 8, 0x1000_0000 | SECTION)];
        let large = (0..16).map(|n| (second + 4 * n, 0x1000_0000 | LARGE));
        for (at, word) in words.into_iter().chain(large) {
            let old = bench.memory().read_u64(at & !7)?;
            let shift = 8 * (at & 4);
            bench.memory().write_u64(at & !7, old & !(0xffff_ffff << shift) | u64::from(word) << shift)?;
        }
        guest(bench, &Tables::usual(TABLES))?;
        bench.write32(regs::CBA2R.offset(&params, GUEST), 0)?;
        bench.write32(regs::CB_TCR.offset(&params, GUEST), 0)?;
        forget(bench)?;
        for va in [0x10_0000, 0x20_0000] {
            both_ways(bench, GUEST_STREAM, va)?;
        }
    }
    Ok(())
}

/// Every pair of stages on and off, with an address that goes through and one that is refused.
fn stages_off(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let host = Second::new(12, 0, 48);
    host.map_tables(bench)?;
    host.map(bench, RAM, RAM, 1)?;
    host.bank(bench, WIDE)?;
    let mut tables = Tables::usual(TABLES);
    tables.map(bench.memory(), RAM, RAM, READ_WRITE)?;
    guest(bench, &tables)?;
    bench.enable()?;
    for first in [0, SCTLR_M] {
        for second in [0, SCTLR_M] {
            for (bank, on) in [(GUEST, first), (HOST, second)] {
                bench.write32(regs::CB_SCTLR.offset(&params, bank), on | SCTLR_CFRE | SCTLR_HUPCF)?;
            }
            forget(bench)?;
            // Bit 48: beyond every size.
            for address in [RAM, 1 << 48 | RAM] {
                both_ways(bench, GUEST_STREAM, address)?;
                for bank in [GUEST, HOST] {
                    bench.clear_fault(bank)?;
                }
                bench.run_cycles(SETTLED)?;
            }
        }
    }
    Ok(())
}

/// What is wrong at a level.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Invalid,
    NotAccessed,
    NotPermitted,
    Hole,
    Beyond,
}

/// Faults of stage 2 at every level: of an address, and of a guest's table.
fn faults(bench: &mut Bench) -> Outcome {
    const BEYOND: u64 = 1 << 40;
    let params = *bench.params();
    bench.enable()?;
    let host = Second::new(12, 0, 48);
    for level in 0..4 {
        for wrong in [Wrong::Invalid, Wrong::NotAccessed, Wrong::NotPermitted, Wrong::Hole, Wrong::Beyond] {
            if level == 0 && matches!(wrong, Wrong::NotAccessed | Wrong::NotPermitted) {
                continue;
            }
            // The address of both: of data for the hypervisor's stream, of the first table for the guest's.
            let slot = host.slot(bench, IPA, level)?;
            let kind = if level == 3 { VALID | TABLE } else { VALID };
            let mut base = HOST_TABLES;
            match wrong {
                Wrong::Invalid => bench.memory().write_u64(slot, 0)?,
                Wrong::NotAccessed => bench.memory().write_u64(slot, RAM | (S2_ALL & !ACCESSED) | kind)?,
                Wrong::NotPermitted => bench.memory().write_u64(slot, RAM | (S2_ALL & !(3 << 6)) | kind)?,
                // The table of this level: named by the register, or by the descriptor above.
                Wrong::Hole if level == 0 => base = HOLE,
                Wrong::Hole => {
                    let above = host.slot(bench, IPA, level - 1)?;
                    bench.memory().write_u64(above, HOLE | VALID | TABLE)?;
                }
                Wrong::Beyond if level == 0 => base = BEYOND,
                Wrong::Beyond if level == 3 => bench.memory().write_u64(slot, BEYOND | S2_ALL | kind)?,
                Wrong::Beyond => bench.memory().write_u64(slot, BEYOND | VALID | TABLE)?,
            }
            host.bank(bench, NARROW)?;
            bench.write64(regs::CB_TTBR0.offset(&params, HOST), base)?;
            guest(bench, &Tables::usual(IPA))?;
            for response in [SCTLR_CFRE, 0] {
                bench.write32(regs::CB_SCTLR.offset(&params, HOST), SCTLR_M | SCTLR_CFIE | SCTLR_HUPCF | response)?;
                forget(bench)?;
                for access in [(HOST_STREAM, IPA), (GUEST_STREAM, 0x1000)] {
                    refused(bench, access, HOST)?;
                }
            }
        }
    }
    Ok(())
}

/// Pages of the guest, each at the IPA of the same number; the hypervisor's stream uses those IPAs itself.
const PAGE: u64 = 0x1000;
const OTHER: u64 = 0x20_0000;

/// Commands, with the bank to whose page they are written.
const COMMANDS: [(RegId, usize); 10] = [
    (regs::CB_TLBIIPAS2, HOST),
    (regs::CB_TLBIIPAS2L, HOST),
    (regs::TLBIVMID, HOST),
    (regs::TLBIVMID, GUEST),
    (regs::TLBIVMIDS1, GUEST),
    (regs::TLBIALLNSNH, HOST),
    (regs::CB_TLBIALL, HOST),
    (regs::CB_TLBIALL, GUEST),
    (regs::CB_TLBIASID, GUEST),
    (regs::CB_TLBIVAA, GUEST),
];

/// Writes a command that names this address, VMID or ASID, and waits for its end.
fn command(bench: &mut Bench, (id, bank): (RegId, usize), address: u64, (vmid, asid): (u32, u16)) -> Outcome {
    let params = *bench.params();
    let offset = id.offset(&params, if id.register().space == regs::Space::Bank { bank } else { 0 });
    match id {
        regs::CB_TLBIIPAS2 | regs::CB_TLBIIPAS2L | regs::CB_TLBIVAA => bench.write64(offset, address >> 12)?,
        regs::TLBIVMID | regs::TLBIVMIDS1 => bench.write32(offset, vmid)?,
        regs::CB_TLBIASID => bench.write32(offset, asid.into())?,
        _ => bench.write32(offset, 0)?,
    }
    if id.register().space == regs::Space::Bank {
        bench.sync(bank)?;
    } else {
        global_sync(bench)?;
    }
    bench.run_cycles(SETTLED)
}

/// For each command: what it names is walked again, what it does not name is not.
fn effects(bench: &mut Bench) -> Outcome {
    let host = Second::new(12, 0, 48);
    host.map_tables(bench)?;
    let mut tables = Tables::usual(TABLES);
    for va in [PAGE, OTHER] {
        tables.map(bench.memory(), va, IPA + va, READ_WRITE)?;
        host.map(bench, IPA + va, RAM + va, 3)?;
    }
    host.bank(bench, WIDE)?;
    guest(bench, &tables)?;
    bench.enable()?;
    forget(bench)?;
    let entries = [(HOST_STREAM, IPA + PAGE), (HOST_STREAM, IPA + OTHER), (GUEST_STREAM, PAGE), (GUEST_STREAM, OTHER)];
    for (id, bank) in COMMANDS {
        let vmid = if bank == HOST { HOST_VMID } else { GUEST_VMID };
        let named = if bank == HOST { IPA + PAGE } else { PAGE };
        // Named as it is, and by an address, VMID or ASID that nothing here has.
        for (address, tags) in [(named, (vmid, ASID)), (0x7000_0000, (0x99, 0x44))] {
            for (stream, entry) in entries {
                both_ways(bench, stream, entry)?;
                command(bench, (id, bank), address, tags)?;
                both_ways(bench, stream, entry)?;
            }
        }
    }
    Ok(())
}
