//! Every fault at every level, read and written, with both kinds of answers, one at a time.

use super::translation::{bank, granules};
use super::{smooth, Outcome, Scene, ASID, BANK, HOLE, RAM, SETTLED, STREAM, TABLES};
use crate::axi::burst::RESERVED;
use crate::axi::master::Burst;
use crate::bench::fixture::{
    Tables, ACCESSED, READ_ONLY, READ_WRITE, SCTLR_CFIE, SCTLR_CFRE, SCTLR_HUPCF, SCTLR_M, SCTLR_USUAL, TABLE, USER, VALID,
};
use crate::bench::Bench;
use smmu_rtl::registers as regs;

/// An address beyond 32 bits, for tables and leaves.
const BEYOND: u64 = 1 << 40;
/// `TCR2`: output addresses of 32 bits, 16-bit ASIDs, no sign extension.
const TCR2_NARROW: u32 = 1 << 4 | 7 << 15;

pub(super) fn scenes() -> Vec<Scene> {
    vec![
        ("faults of walks", smooth(), walks),
        ("faults before walks", smooth(), before_walks),
        ("global faults", smooth(), global),
        ("pending faults", smooth(), pending),
        ("restored faults", smooth(), restored),
        ("restored faults of other banks", smooth(), restored_beside),
    ]
}

/// What is wrong at the level.
#[derive(Clone, Copy)]
pub(super) enum Wrong {
    Invalid,
    NotAccessed,
    NotPermitted,
    Hole,
    Beyond,
}

/// Faults of every granule and level.
fn walks(bench: &mut Bench) -> Outcome {
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    let mut root = TABLES;
    for granule in granules(bench) {
        let start = Tables::new(0, granule, 16).start_level();
        for level in start..4 {
            let leaf = level == 3 || level == 2 || granule == 12 && level == 1;
            let mut wrongs = vec![Wrong::Invalid, Wrong::Hole, Wrong::Beyond];
            if leaf {
                wrongs.extend([Wrong::NotAccessed, Wrong::NotPermitted]);
            }
            for wrong in wrongs {
                root = root.next_multiple_of(1 << granule);
                let mut tables = Tables::new(root, granule, 16);
                root += 4 << granule;
                let va = 3 << granule;
                plant(bench, &mut tables, va, level, wrong)?;
                bank(bench, &tables, false, SCTLR_USUAL)?;
                narrow(bench)?;
                refused_every_way(bench, va)?;
            }
        }
    }
    Ok(())
}

/// Output addresses of 32 bits from now on, for everything.
pub(super) fn narrow(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    bench.write32(regs::CB_TCR2.offset(&params, BANK), TCR2_NARROW)?;
    bench.invalidate_bank(BANK)?;
    bench.run_cycles(SETTLED)
}

/// Makes the descriptor for `va` at `level` wrong.
pub(super) fn plant(bench: &mut Bench, tables: &mut Tables, va: u64, level: u32, wrong: Wrong) -> Outcome {
    let kind = if level == 3 { VALID | TABLE } else { VALID };
    let start = tables.start_level();
    let memory = bench.memory();
    let slot = tables.slot(memory, va, level)?;
    match wrong {
        Wrong::Invalid => {}
        Wrong::NotAccessed => memory.write_u64(slot, READ_WRITE & !ACCESSED | kind)?,
        // Nobody may write, and unprivileged software may not read either.
        Wrong::NotPermitted => memory.write_u64(slot, READ_WRITE & !USER | READ_ONLY | kind)?,
        Wrong::Beyond => memory.write_u64(slot, BEYOND | READ_WRITE | VALID | TABLE)?,
        Wrong::Hole if level == start => tables.root = HOLE,
        Wrong::Hole => {
            let above = tables.slot(memory, va, level - 1)?;
            memory.write_u64(above, HOLE | VALID | TABLE)?;
        }
    }
    Ok(())
}

/// A read and a write that are refused, with an error and with zeros; each record is read and cleared.
fn refused_every_way(bench: &mut Bench, va: u64) -> Outcome {
    let params = *bench.params();
    for response in [SCTLR_CFRE, 0] {
        bench.write32(regs::CB_SCTLR.offset(&params, BANK), SCTLR_M | SCTLR_CFIE | SCTLR_HUPCF | response)?;
        bench.run_cycles(SETTLED)?;
        refused(bench, (STREAM, va), BANK)?;
    }
    Ok(())
}

/// A read and a write of a stream that this bank refuses; each record is read and cleared.
pub(super) fn refused(bench: &mut Bench, (stream, address): (u32, u64), bank: usize) -> Outcome {
    bench.burst_read(stream, address, 2, 3)?;
    record(bench, bank)?;
    bench.burst_write(stream, address, 2, 3, |_| 9)?;
    record(bench, bank)
}

/// Reads the bank's record, clears it and looks.
fn record(bench: &mut Bench, bank: usize) -> Outcome {
    let params = *bench.params();
    bench.fault_record(bank)?;
    if params.features.stage2 {
        bench.read64(regs::CB_IPAFAR.offset(&params, bank))?;
    }
    bench.clear_fault(bank)?;
    bench.read32(regs::CB_FSR.offset(&params, bank))?;
    bench.run_cycles(SETTLED)
}

/// Faults that need no table: walks that are switched off, a table base beyond the output size, addresses between the regions.
fn before_walks(bench: &mut Bench) -> Outcome {
    const EPD0: u32 = 1 << 7;
    let params = *bench.params();
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    for granule in granules(bench) {
        let tables = Tables::new(TABLES, granule, 16);
        bank(bench, &tables, false, SCTLR_USUAL)?;
        narrow(bench)?;
        bench.write32(regs::CB_TCR.offset(&params, BANK), tables.tcr() | EPD0)?;
        bench.invalidate_bank(BANK)?;
        bench.run_cycles(SETTLED)?;
        refused_every_way(bench, 0x1000)?;
        bench.write32(regs::CB_TCR.offset(&params, BANK), tables.tcr())?;
        bench.write64(regs::CB_TTBR0.offset(&params, BANK), BEYOND | u64::from(ASID) << 48)?;
        bench.invalidate_bank(BANK)?;
        bench.run_cycles(SETTLED)?;
        refused_every_way(bench, 0x1000)?;
        // Reserved sizes, reserved granule, neither region.
        for tcr in [15, 40, 16 | 3 << 14] {
            bench.write32(regs::CB_TCR.offset(&params, BANK), tcr | 1 << 23)?;
            bench.run_cycles(SETTLED)?;
            refused_every_way(bench, 0x1000)?;
        }
        bench.write32(regs::CB_TCR.offset(&params, BANK), tables.tcr() | 20)?;
        bench.run_cycles(SETTLED)?;
        refused_every_way(bench, 1 << 47)?;
    }
    Ok(())
}

/// `sCR0`: translate, report, unmatched streams fault; with and without GFRE.
const SCR0_ERROR: u32 = 0x406;
const SCR0_ZEROS: u32 = 0x404;

/// Every global fault alone, with both answers, and its record read and cleared.
fn global(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let bus_bytes = params.data_width / 8;
    let (several, wrong_type, no_bank, off) = (0x310, 0x320, 0x330, 0x340);
    for (group, stream) in [(0, several), (1, several), (2, wrong_type), (3, no_bank), (4, off)] {
        bench.route_stream(group, stream, BANK)?;
    }
    bench.write32(regs::S2CR.offset(&params, 2), 2 << 16)?;
    bench.write32(regs::S2CR.offset(&params, 3), 0xff)?;
    bench.write32(regs::S2CR.offset(&params, 4), 1 << 16)?;
    for scr0 in [SCR0_ERROR, SCR0_ZEROS] {
        bench.write32(regs::SCR0.offset(&params, 0), scr0)?;
        bench.run_cycles(SETTLED)?;
        let plain = [0x7ff, several, wrong_type, no_bank].map(|stream| Burst::read(stream, RAM, 2, 3));
        let odd = [Burst::read(off, RAM, 2, 3).kind(RESERVED), Burst::read(off, 1 << 48 | RAM, 2, 3)];
        for read in plain.into_iter().chain(odd) {
            let write = read.clone().into_write(bus_bytes, |_| 4);
            for burst in [&read, &write] {
                bench.burst(burst.clone())?;
                global_record(bench)?;
            }
            // Both before the record is read: MULTI.
            bench.burst(read)?;
            bench.burst(write)?;
            global_record(bench)?;
        }
        // A register access that is refused is a global fault, too.
        let missing = (params.num_page + params.num_cb) as u32 * 0x1000;
        if params.num_cb < params.num_page {
            bench.read32(missing)?;
            global_record(bench)?;
            bench.write32(missing, 1)?;
            global_record(bench)?;
        }
        bench.control().post_strobed(regs::SCR1.offset(&params, 0), 0, 0x03);
        bench.run_until("the register write", |bench| bench.quiet())?;
        global_record(bench)?;
    }
    Ok(())
}

fn global_record(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let status = regs::SGFSR.offset(&params, 0);
    bench.read32(status)?;
    bench.read64(regs::SGFAR.offset(&params, 0))?;
    bench.read64(regs::SGFSYNR0.offset(&params, 0))?;
    bench.write32(status, u32::MAX)?;
    bench.read32(status)?;
    bench.run_cycles(SETTLED)
}

/// HUPCF = 0: a pending fault stops the bank, with both answers, until it is cleared; several faults set MULTI.
fn pending(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let mut tables = Tables::usual(TABLES);
    tables.map(bench.memory(), 0x1000, RAM, READ_WRITE)?;
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    for response in [SCTLR_CFRE, 0] {
        for interrupt in [SCTLR_CFIE, 0] {
            bank(bench, &tables, false, SCTLR_M | interrupt | response)?;
            bench.burst_read(STREAM, 0x1000, 1, 3)?;
            bench.burst_read(STREAM, 0x5000, 1, 3)?;
            bench.run_cycles(SETTLED)?;
            bench.burst_read(STREAM, 0x1000, 4, 3)?;
            bench.burst_write(STREAM, 0x1000, 4, 3, |_| 2)?;
            record(bench, BANK)?;
            bench.burst_read(STREAM, 0x1000, 4, 3)?;
        }
    }
    bench.write32(regs::CB_SCTLR.offset(&params, BANK), SCTLR_USUAL)
}

/// Status registers that software sets: interrupts, and, with HUPCF = 0, refusals.
fn restored(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let tables = Tables::usual(TABLES);
    bench.route_stream(0, STREAM, BANK)?;
    bench.enable()?;
    bank(bench, &tables, false, SCTLR_USUAL)?;
    let context = (regs::CB_FSR.offset(&params, BANK), regs::CB_FSRRESTORE.offset(&params, BANK), 1 << 1);
    let global = (regs::SGFSR.offset(&params, 0), regs::SGFSRRESTORE.offset(&params, 0), 1 << 1);
    for (status, restore, value) in [context, global] {
        bench.read32(status)?;
        bench.write32(restore, value)?;
        bench.run_cycles(SETTLED)?;
        bench.read32(status)?;
        bench.burst_read(STREAM, 0x1000, 1, 3)?;
        bench.write32(status, u32::MAX)?;
        bench.read32(status)?;
        bench.run_cycles(SETTLED)?;
    }
    // The records themselves can be written.
    for id in [regs::CB_FAR, regs::CB_FSYNR0, regs::CB_FSYNR1] {
        bench.write32(id.offset(&params, BANK), 0x5a5a_5a5a)?;
        bench.read32(id.offset(&params, BANK))?;
    }
    bench.write32(regs::CBFRSYNRA.offset(&params, BANK), 0x7a5a)?;
    bench.read32(regs::CBFRSYNRA.offset(&params, BANK))?;
    Ok(())
}

/// What is restored in one bank, and cleared there, shows in no other.
fn restored_beside(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    for bank in 0..params.num_cb {
        for status in [2, 1 << 31, 1 << 31 | 8] {
            bench.write32(regs::CB_FSRRESTORE.offset(&params, bank), status)?;
            // The lowest code bit goes, and MULTI stays.
            bench.write32(regs::CB_FSR.offset(&params, bank), 2)?;
            for other in 0..params.num_cb {
                bench.read32(regs::CB_FSR.offset(&params, other))?;
            }
            bench.clear_fault(bank)?;
        }
    }
    Ok(())
}
