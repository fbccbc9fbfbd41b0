//! Every bit of what a bank's registers say of its tables, and what reset makes of them.

use super::caches::{burst, places, ACCESSES};
use super::speed::{access, cycles, options, set_up};
use super::translation::{bank, granules};
use super::{smooth, Outcome, Scene, ASID, BANK, RAM, SETTLED, STREAM, TABLES};
use crate::axi::master::Burst;
use crate::bench::fixture::{Tables, ACCESSED, READ_ONLY, READ_WRITE, SCTLR_HUPCF, SCTLR_M, SCTLR_USUAL, TCR2_USUAL, USER};
use crate::bench::Bench;
use smmu_rtl::params::PA_WIDTH;
use smmu_rtl::registers as regs;

pub(super) fn scenes() -> Vec<Scene> {
    vec![
        ("every address bit of the first table", options(), bases),
        ("every index bit of the first table", options(), indices),
        ("first tables that are not aligned", smooth(), unaligned),
        ("every bit of what controls a bank", smooth(), controls),
        ("beside regions of every size", smooth(), outside),
        ("every sign bit", smooth(), signs),
        ("beyond every output size", smooth(), output_sizes),
        ("every ASID bit of the upper region", options(), upper_asids),
        ("what reset leaves", smooth(), resets),
    ]
}

/// First tables of both regions where one address bit is set.
fn bases(bench: &mut Bench) -> Outcome {
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    for place in places(bench) {
        // The tables below are in the usual memory.
        let mut below = Tables::usual(TABLES);
        for upper in [false, true] {
            let va = if upper { (1 << 49) - (1 << 39) } else { 1 << 12 };
            let mut tables = below.clone();
            tables.root = place;
            below.map(bench.memory(), va, RAM + 0x1000, READ_WRITE)?;
            let slot = below.slot(bench.memory(), va, 0)?;
            let descriptor = bench.memory().read_u64(slot)?;
            bench.memory().write_u64(place + (slot - below.root), descriptor)?;
            bank(bench, &tables, upper, SCTLR_USUAL)?;
            access(bench, "a cold walk", va | 0x40, upper, 4, cycles(4))?;
            bench.memory().write_u64(place + (slot - below.root), 0)?;
        }
    }
    Ok(())
}

/// Every granule and start level, both regions: addresses with one bit, and with one bit missing.
fn indices(bench: &mut Bench) -> Outcome {
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    for granule in granules(bench) {
        let bits = granule - 3;
        for start in if granule == 16 { 1..4 } else { 0..4 } {
            // The largest region with this start level, within the sizes that there are.
            let size = (64 - (granule + bits * (4 - start))).max(16);
            if size > 39 {
                continue;
            }
            let mut tables = Tables::new(TABLES, granule, size);
            let region = 64 - size;
            for upper in [false, true] {
                let top = if upper { (1u64 << 49) - (1 << region) } else { 0 };
                bank(bench, &tables, upper, SCTLR_USUAL)?;
                for bit in granule..region {
                    for offset in [1u64 << bit, (1u64 << region) - (1 << granule) - (1 << bit)] {
                        let va = top | offset;
                        let place = RAM + (u64::from(bit) << 17 | u64::from(offset.count_ones() > 1) << 16);
                        tables.map(bench.memory(), va, place, READ_WRITE)?;
                        bench.burst_read(STREAM, va | 0x40, 1, 3)?;
                        tables.unmap(bench.memory(), va)?;
                    }
                }
            }
            // Nothing of these tables may be there for the next.
            for address in (TABLES..TABLES + 0x40_0000).step_by(8) {
                if bench.memory().read_u64(address)? != 0 {
                    bench.memory().write_u64(address, 0)?;
                }
            }
        }
    }
    Ok(())
}

/// First tables smaller than a page stand anywhere; what the base has below its table's size means nothing.
fn unaligned(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    for granule in granules(bench) {
        for size in 16..40 {
            let mut tables = Tables::new(TABLES + (u64::from(size - 16) << 18), granule, size);
            let region = 64 - size;
            let start = tables.start_level();
            let table_bits = (region - tables.entry_bits(start) + 3).max(6);
            // All bits of a table's number inside 64 KiB are set, and all bits below.
            let place = TABLES + 0x780_0000 + (0x1_0000 - (1u64 << table_bits.min(16)));
            let junk = (1u64 << table_bits) - (1 << 6);
            for upper in [false, true] {
                let top = if upper { (1u64 << 49) - (1 << region) } else { 0 };
                bank(bench, &tables, upper, SCTLR_USUAL | SCTLR_HUPCF)?;
                let base = if upper { regs::CB_TTBR1 } else { regs::CB_TTBR0 };
                bench.write64(base.offset(&params, BANK), place | junk)?;
                bench.invalidate_bank(BANK)?;
                for (n, offset) in (1..).zip([0, (1u64 << region) - (1 << granule), 1 << tables.entry_bits(start)]) {
                    tables.map(bench.memory(), top | offset, RAM + (n << 16), READ_WRITE)?;
                    let slot = tables.slot(bench.memory(), top | offset, start)?;
                    let descriptor = bench.memory().read_u64(slot)?;
                    bench.memory().write_u64(place + (slot - tables.root), descriptor)?;
                    bench.burst_read(STREAM, top | offset | 0x40, 1, 3)?;
                    bench.memory().write_u64(place + (slot - tables.root), 0)?;
                    bench.clear_fault(BANK)?;
                }
            }
        }
    }
    Ok(())
}

/// Every combination of the bits of SCTLR that decide about an access.
fn controls(bench: &mut Bench) -> Outcome {
    const BITS: [u32; 5] = [3, 5, 6, 8, 9];
    let params = *bench.params();
    let bus_bytes = params.data_width / 8;
    let mut tables = Tables::usual(TABLES);
    // Not accessed, anybody's, nobody's to write, not there.
    let leaves = [READ_WRITE & !ACCESSED, READ_WRITE, READ_WRITE | READ_ONLY, READ_WRITE & !USER];
    for (n, leaf) in (0..).zip(leaves) {
        tables.map(bench.memory(), n << 15, RAM + (n << 12), leaf)?;
    }
    set_up(bench, &tables)?;
    for combination in 0..1u32 << BITS.len() {
        let chosen = (0..BITS.len()).filter(|n| combination >> n & 1 == 1).map(|n| 1 << BITS[n]);
        bench.write32(regs::CB_SCTLR.offset(&params, BANK), chosen.fold(SCTLR_M, |all, bit| all | bit))?;
        bench.invalidate_bank(BANK)?;
        bench.run_cycles(SETTLED)?;
        for page in 0..=leaves.len() as u64 {
            for how in ACCESSES {
                burst(bench, page << 15, how)?;
                if page % 2 == 0 {
                    bench.run_cycles(SETTLED)?;
                    bench.burst(Burst::read(STREAM, 1 << 15, 1, 3).into_write(bus_bytes, |_| 1))?;
                }
                bench.clear_fault(BANK)?;
                bench.run_cycles(SETTLED)?;
            }
        }
    }
    Ok(())
}

/// Addresses that are out of their region by one bit, and the first and the last one in it.
fn outside(bench: &mut Bench) -> Outcome {
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    for size in 16..40 {
        let mut tables = Tables::new(TABLES + (u64::from(size) << 16), 12, size);
        let region = 64 - size;
        for upper in [false, true] {
            let top = if upper { (1u64 << 49) - (1 << region) } else { 0 };
            bank(bench, &tables, upper, SCTLR_USUAL | SCTLR_HUPCF)?;
            for (n, va) in [(1, top), (2, top | ((1u64 << region) - 0x1000))] {
                tables.map(bench.memory(), va, RAM + (n << 12), READ_WRITE)?;
                bench.burst_read(STREAM, va | 0x40, 1, 3)?;
            }
            for bit in region..49 {
                bench.burst_read(STREAM, (top | 0x40) ^ 1 << bit, 1, 3)?;
                bench.clear_fault(BANK)?;
            }
        }
    }
    Ok(())
}

/// The bit from which an address is extended, both ways; what stands above it means nothing.
fn signs(bench: &mut Bench) -> Outcome {
    const SIGNS: [u32; 8] = [31, 35, 39, 41, 43, 47, 48, 48];
    let params = *bench.params();
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    for (code, sign) in (0u32..).zip(SIGNS) {
        let size = (64 - sign).max(16);
        let mut root = TABLES;
        for upper in [false, true] {
            let mut tables = Tables::new(root, 12, size);
            root += 0x10_0000;
            tables.map(bench.memory(), 0x1000, RAM + 0x1000 + (u64::from(code) << 13), READ_WRITE)?;
            bank(bench, &tables, upper, SCTLR_USUAL | SCTLR_HUPCF)?;
            bench.write32(regs::CB_TCR2.offset(&params, BANK), TCR2_USUAL & !(7 << 15) | code << 15)?;
            bench.invalidate_bank(BANK)?;
            bench.run_cycles(SETTLED)?;
            let low = if upper { 1u64 << sign | ((1 << sign) - (1 << (64 - size))) | 0x1040 } else { 0x1040 };
            let above = ((1u64 << 49) - 1) & !((2u64 << sign) - 1);
            for bits in [0, above, above & 0x5555_5555_5555_5555, above & 0xaaaa_aaaa_aaaa_aaaa] {
                bench.burst_read(STREAM, low | bits, 1, 3)?;
                bench.clear_fault(BANK)?;
                // The other sign: of a region that is not there.
                bench.burst_read(STREAM, (low ^ 1 << sign) | bits, 1, 3)?;
                bench.clear_fault(BANK)?;
            }
            for bit in sign + 1..49 {
                bench.burst_read(STREAM, low ^ 1 << bit, 1, 3)?;
                bench.clear_fault(BANK)?;
            }
        }
    }
    Ok(())
}

/// Every output size, and every address bit that some of them do not have: of the first table, of a table below each level, and of a page.
fn output_sizes(bench: &mut Bench) -> Outcome {
    const SIZES: u32 = 7;
    const VA: u64 = 0x12_3456_7000;
    let params = *bench.params();
    places(bench);
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    let mut tables = Tables::usual(TABLES);
    tables.map(bench.memory(), VA, RAM, READ_WRITE)?;
    let mut slots = [0; 4];
    for (level, slot) in (0..).zip(&mut slots) {
        *slot = tables.slot(bench.memory(), VA, level)?;
    }
    bank(bench, &tables, false, SCTLR_USUAL | SCTLR_HUPCF)?;
    for code in 0..=SIZES {
        bench.write32(regs::CB_TCR2.offset(&params, BANK), TCR2_USUAL & !7 | code)?;
        for bit in 32..PA_WIDTH as u32 {
            let place = 1u64 << bit;
            // The last of these tables is at the place: the first one, whose base is the register, or the one that `level` leads to.
            for level in [None, Some(0), Some(1), Some(2), Some(3)] {
                let next = level.map_or(0, |level: usize| level + 1);
                if bit < params.output_bits() && next < slots.len() {
                    let descriptor = bench.memory().read_u64(slots[next])?;
                    bench.memory().write_u64(place | slots[next] & 0xfff, descriptor)?;
                }
                let root = if level.is_none() { place } else { tables.root };
                bench.write64(regs::CB_TTBR0.offset(&params, BANK), root | u64::from(ASID) << 48)?;
                let old = level.map(|level| bench.memory().read_u64(slots[level]).map(|old| (slots[level], old))).transpose()?;
                if let Some((slot, old)) = old {
                    bench.memory().write_u64(slot, old & 0xfff | place)?;
                }
                bench.invalidate_bank(BANK)?;
                bench.burst_read(STREAM, VA | 0x40, 1, 3)?;
                bench.burst_write(STREAM, VA | 0x80, 1, 3, |_| 3)?;
                bench.clear_fault(BANK)?;
                if let Some((slot, old)) = old {
                    bench.memory().write_u64(slot, old)?;
                }
            }
        }
    }
    Ok(())
}

/// With A1 the ASID is that of TTBR1, for both regions.
fn upper_asids(bench: &mut Bench) -> Outcome {
    const A1: u32 = 1 << 22;
    let params = *bench.params();
    let mut tables = Tables::usual(TABLES);
    tables.map(bench.memory(), 0, RAM, READ_WRITE)?;
    set_up(bench, &tables)?;
    bench.write32(regs::CB_TCR.offset(&params, BANK), tables.tcr() | A1)?;
    for bit in 0..16 {
        for base in [0, u16::MAX] {
            let own = |bench: &mut Bench, asid: u16| -> Outcome {
                bench.write64(regs::CB_TTBR1.offset(&params, BANK), u64::from(asid) << 48)?;
                bench.write64(regs::CB_TTBR0.offset(&params, BANK), tables.root | u64::from(!asid) << 48)?;
                bench.run_cycles(SETTLED)
            };
            bench.invalidate_bank(BANK)?;
            own(bench, base)?;
            access(bench, "a new page", 0x40, false, 4, cycles(4))?;
            own(bench, base ^ 1 << bit)?;
            access(bench, "a page of another ASID", 0x40, true, 4, cycles(4))?;
            // The new one's entries go, and those of no other.
            bench.write32(regs::CB_TLBIASID.offset(&params, BANK), (!base ^ 1 << bit).into())?;
            bench.sync(BANK)?;
            access(bench, "a page that nothing has dropped", 0x80, true, 0, 0..=HIT_ANYWHERE)?;
            bench.write32(regs::CB_TLBIASID.offset(&params, BANK), (base ^ 1 << bit).into())?;
            bench.sync(BANK)?;
            access(bench, "a page that was dropped", 0xc0, false, 4, cycles(4))?;
        }
    }
    Ok(())
}

/// Cycles of a hit, wherever it is.
const HIT_ANYWHERE: u64 = 12;

/// Steps of a bank's set-up.
const STEPS: usize = 6;

/// The steps of [`Bench::setup_bank`], but for one.
fn all_but(bench: &mut Bench, number: usize, tables: &Tables, left_out: usize) -> Outcome {
    let params = *bench.params();
    for step in (0..STEPS).filter(|step| *step != left_out) {
        match step {
            0 => bench.write32(regs::CBAR.offset(&params, number), 1 << 16 | 7)?,
            1 => bench.write32(regs::CBA2R.offset(&params, number), 1)?,
            2 => bench.write32(regs::CB_TCR2.offset(&params, number), TCR2_USUAL)?,
            3 => bench.write32(regs::CB_TCR.offset(&params, number), tables.tcr())?,
            4 => bench.write64(regs::CB_TTBR0.offset(&params, number), tables.root | u64::from(ASID) << 48)?,
            _ => bench.write32(regs::CB_SCTLR.offset(&params, number), SCTLR_USUAL | SCTLR_HUPCF)?,
        }
    }
    Ok(())
}

/// Everything is set up and used, then comes reset, then everything but one register is set up again: that one is as out of reset, in each
/// bank and group, and nothing is cached.
fn resets(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let mut tables = Tables::usual(TABLES);
    for page in 0..16 {
        tables.map(bench.memory(), page << 12, RAM + (page << 12), READ_WRITE)?;
    }
    let stream = |group: usize| 0x100 + group as u32;
    for left_out in 0..STEPS + 3 {
        for number in 0..params.num_cb {
            all_but(bench, number, &tables, STEPS)?;
        }
        for group in 0..params.num_smr {
            bench.route_stream(group, stream(group), group % params.num_cb)?;
        }
        bench.enable()?;
        bench.run_cycles(SETTLED)?;
        for group in 0..params.num_smr {
            bench.burst_read(stream(group), 0x1040, 1, 3)?;
        }
        bench.reset_hardware()?;
        // While the hardware sets itself up, accesses come already.
        bench.burst_read(stream(0), RAM + 0x80, 1, 3)?;
        for number in 0..params.num_cb {
            all_but(bench, number, &tables, left_out)?;
        }
        if left_out != STEPS {
            bench.enable()?;
        }
        for group in 0..params.num_smr {
            if left_out == STEPS + 1 {
                bench.write32(regs::SMR.offset(&params, group), 1 << 31 | stream(group))?;
            } else if left_out != STEPS + 2 {
                bench.route_stream(group, stream(group), group % params.num_cb)?;
            }
        }
        bench.run_cycles(SETTLED)?;
        for group in 0..params.num_smr {
            bench.reset_stats();
            bench.burst_read(stream(group), 0x2040, 1, 3)?;
            bench.burst_write(stream(group), 0x2080, 1, 3, |_| 1)?;
            bench.clear_fault(group % params.num_cb)?;
            bench.burst_read(stream(group), (1 << 49) - (1 << 14), 1, 3)?;
            bench.clear_fault(group % params.num_cb)?;
        }
        bench.write32(regs::SGFSR.offset(&params, 0), u32::MAX)?;
        bench.reset_hardware()?;
    }
    Ok(())
}
