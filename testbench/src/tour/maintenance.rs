//! Every invalidation: what it drops, what it spares, and with everything that can be in flight.

use super::{smooth, Outcome, Scene, RAM, SETTLED, TABLES};
use crate::axi::master::Burst;
use crate::bench::fixture::{Tables, NOT_GLOBAL, READ_WRITE, SCTLR_USUAL};
use crate::bench::{Bench, BenchError, BenchOptions};
use crate::memory::latency::Latency;
use smmu_rtl::registers::{self as regs, RegId};

pub(super) fn scenes() -> Vec<Scene> {
    let slow = BenchOptions { latency: Latency::Fixed(150), ..smooth() };
    vec![
        ("what invalidations drop and spare", smooth(), effects),
        ("moved pages and blocks of every granule", smooth(), moved),
        ("a queue of invalidations", smooth(), queued),
        ("as many invalidations before a synchronization as the queue takes", smooth(), counted),
        ("invalidations with everything in flight", slow.clone(), in_flight),
        ("synchronizations with everything in flight", slow.clone(), synchronizations),
        ("synchronizations of other banks", slow.clone(), other_banks),
        ("synchronizations behind each other", slow, one_behind_another),
    ]
}

/// Commands: register, whether it names Hyp entries.
const COMMANDS: [(RegId, bool); 13] = [
    (regs::CB_TLBIALL, false),
    (regs::CB_TLBIASID, false),
    (regs::CB_TLBIVA, false),
    (regs::CB_TLBIVAA, false),
    (regs::CB_TLBIVAL, false),
    (regs::CB_TLBIVAAL, false),
    (regs::TLBIVMID, false),
    (regs::TLBIVMIDS1, false),
    (regs::TLBIALLNSNH, false),
    (regs::TLBIALLH, true),
    (regs::TLBIVAH, true),
    (regs::TLBIVAH64, true),
    (regs::TLBIVALH64, true),
];

/// Reads of a status after which a synchronization has no end: of one cycle at least, and no access here takes a tenth of this.
const READS: u64 = 5000;

/// A plain bank and a Hyp bank, each with a stream, a VMID and an ASID.
#[derive(Clone, Copy)]
struct Side {
    bank: usize,
    stream: u32,
    vmid: u32,
    asid: u16,
    hyp: bool,
}

const PLAIN: Side = Side { bank: 1, stream: 0x300, vmid: 5, asid: 0x105, hyp: false };
const HYP: Side = Side { bank: 2, stream: 0x301, vmid: 9, asid: 0x22, hyp: true };

/// A page, a global page, a page that no command here names, and a block.
const PAGE: u64 = 0x1000;
const GLOBAL: u64 = 0x10_0000;
const OTHER: u64 = 0x2000_0000;
const BLOCK: u64 = 0x4000_0000;

fn set_up(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    for (side, root) in [(PLAIN, TABLES), (HYP, TABLES + 0x10_0000)] {
        let mut tables = Tables::usual(root);
        for n in 0..16 {
            tables.map(bench.memory(), OTHER + (n << 16), RAM + 0x10_0000 + (n << 12), READ_WRITE)?;
        }
        for n in 0..16.max(crowded(bench).end) {
            tables.map(bench.memory(), PAGE + (n << 12), RAM + PAGE + (n << 12), READ_WRITE)?;
        }
        tables.map(bench.memory(), GLOBAL, RAM + GLOBAL, READ_WRITE & !NOT_GLOBAL)?;
        tables.map_block(bench.memory(), BLOCK, RAM, 2, READ_WRITE)?;
        bench.route_stream(side.bank, side.stream, side.bank)?;
        bench.setup_bank(side.bank, &tables, side.asid, SCTLR_USUAL)?;
        bench.write32(regs::CBAR.offset(&params, side.bank), 1 << 16 | u32::from(side.hyp) << 10 | side.vmid)?;
    }
    bench.enable()?;
    bench.run_cycles(SETTLED)
}

/// Writes a command that names the address on its side.
fn command(bench: &mut Bench, id: RegId, side: Side, va: u64) -> Outcome {
    let params = *bench.params();
    let offset = id.offset(&params, side.bank);
    match id {
        regs::CB_TLBIALL => bench.write32(offset, 0),
        regs::CB_TLBIASID => bench.write32(offset, side.asid.into()),
        regs::CB_TLBIVA | regs::CB_TLBIVAA | regs::CB_TLBIVAL | regs::CB_TLBIVAAL => {
            bench.write64(offset, va >> 12 | u64::from(side.asid) << 48)
        }
        regs::TLBIVMID | regs::TLBIVMIDS1 => bench.write32(id.offset(&params, 0), side.vmid),
        regs::TLBIVAH => bench.write32(id.offset(&params, 0), va as u32),
        regs::TLBIVAH64 | regs::TLBIVALH64 => bench.write64(id.offset(&params, 0), va >> 12),
        _ => bench.write32(id.offset(&params, 0), 0),
    }
}

/// Waits until the command is complete: of a bank's with the bank's own synchronization, of a global one with the global one.
fn complete(bench: &mut Bench, id: RegId, side: Side) -> Outcome {
    if id.register().space == regs::Space::Bank {
        bench.sync(side.bank)?;
    } else {
        global_sync(bench)?;
    }
    bench.run_cycles(SETTLED)
}

pub(super) fn global_sync(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    bench.write32(regs::STLBGSYNC.offset(&params, 0), 0)?;
    ended(bench, regs::STLBGSTATUS.offset(&params, 0))
}

/// Reads a status until it shows no activity.
fn ended(bench: &mut Bench, status: u32) -> Outcome {
    for _ in 0..READS {
        if bench.read32(status)? & 1 == 0 {
            return Ok(());
        }
    }
    Err(BenchError::Timeout { cycle: bench.cycle(), what: "the end of a synchronization".to_string(), limit: READS })
}

fn read(bench: &mut Bench, side: Side, va: u64) -> Outcome {
    bench.burst_read(side.stream, va + 0x40, 1, 3)?;
    bench.run_cycles(SETTLED)
}

/// For each command: entries that it names are walked again, one that it does not name is not.
fn effects(bench: &mut Bench) -> Outcome {
    set_up(bench)?;
    for (id, hyp) in COMMANDS {
        let (side, apart) = if hyp { (HYP, PLAIN) } else { (PLAIN, HYP) };
        for va in [PAGE, BLOCK, GLOBAL] {
            read(bench, side, va)?;
            command(bench, id, side, va)?;
            complete(bench, id, side)?;
            read(bench, side, va)?;
        }
        // The other side's entries are never named, and of this side's another page is not by a command with an address.
        for (side_of_entry, va) in [(apart, PAGE), (apart, BLOCK), (side, OTHER)] {
            read(bench, side_of_entry, va)?;
            command(bench, id, side, PAGE)?;
            complete(bench, id, side)?;
            read(bench, side_of_entry, va)?;
        }
    }
    Ok(())
}

/// Two places for what is moved, aligned to every block.
const PLACES: [u64; 2] = [1 << 34, 1 << 35];
const PLACE_BYTES: u64 = 0x4_0000;

/// A page and a block of every granule moves to another place, for each command of a bank: its old place must not be seen again.
fn moved(bench: &mut Bench) -> Outcome {
    PLACES.iter().for_each(|place| bench.memory().add_region(*place, PLACE_BYTES));
    bench.route_stream(PLAIN.bank, PLAIN.stream, PLAIN.bank)?;
    bench.enable()?;
    let mut root = TABLES;
    for granule in super::translation::granules(bench) {
        for level in if granule == 12 { 1..4 } else { 2..4 } {
            root = root.next_multiple_of(1 << granule);
            let mut tables = Tables::new(root, granule, 16);
            root += 4 << granule;
            let va = 1 << tables.entry_bits(level);
            bench.setup_bank(PLAIN.bank, &tables, PLAIN.asid, SCTLR_USUAL)?;
            bench.invalidate_bank(PLAIN.bank)?;
            let commands = COMMANDS.into_iter().map(|(id, _)| id).filter(|id| id.register().space == regs::Space::Bank);
            for (n, id) in commands.enumerate() {
                let place = PLACES[n % 2];
                match level {
                    3 => tables.map(bench.memory(), va, place, READ_WRITE)?,
                    _ => tables.map_block(bench.memory(), va, place, level, READ_WRITE)?,
                }
                // Of a block, another part of it is named than was used.
                let named = if level == 3 { va } else { va + (1 << (tables.entry_bits(level) - 1)) };
                command(bench, id, PLAIN, named)?;
                complete(bench, id, PLAIN)?;
                read(bench, PLAIN, va)?;
                bench.burst_write(PLAIN.stream, va + 0x80, 2, 3, |beat| beat as u128 + 1)?;
            }
        }
    }
    Ok(())
}

/// Register writes (register, bank, value) as fast as the port takes them.
pub(super) fn at_once(bench: &mut Bench, writes: &[(RegId, usize, u64)]) -> Outcome {
    let params = *bench.params();
    bench.control().set_pipelined(true);
    for (id, bank, value) in writes {
        bench.mmio_post_write(id.offset(&params, *bank), *value, id.register().width / 8);
    }
    bench.run_until("the register writes", |bench| bench.quiet())?;
    bench.control().set_pipelined(false);
    Ok(())
}

/// Pages behind [`PAGE`], none of its line and more than the micro TLB holds.
fn crowded(bench: &Bench) -> std::ops::Range<u64> {
    8..8 + 2 * bench.params().micro_tlb as u64
}

/// So many reads of these pages, one after the other, so that each misses the micro TLB. A command then waits until the front is empty, and takes
/// longer than the write of the next one: the queue fills.
pub(super) fn keep_missing(bench: &mut Bench, stream: u32, vas: &[u64], reads: usize) {
    for va in vas.iter().cycle().take(reads) {
        bench.port(0).start(Burst::read(stream, *va, 1, 3));
    }
}

/// Commands faster than they are performed, behind one that takes a whole sweep; then a synchronization. None may be lost.
fn queued(bench: &mut Bench) -> Outcome {
    const PAGES: u64 = 12;
    let params = *bench.params();
    PLACES.iter().for_each(|place| bench.memory().add_region(*place, PLACE_BYTES));
    let mut tables = Tables::usual(TABLES);
    bench.route_stream(PLAIN.bank, PLAIN.stream, PLAIN.bank)?;
    bench.setup_bank(PLAIN.bank, &tables, PLAIN.asid, SCTLR_USUAL)?;
    bench.enable()?;
    for round in 0..6u64 {
        for page in 0..PAGES {
            // Not neighbours: each has a line of its own.
            tables.map(bench.memory(), page << 16, PLACES[round as usize % 2] + (page << 12), READ_WRITE)?;
        }
        // As many as the queue takes, each of them a sweep, in every other round.
        let mut writes = if round % 2 == 1 { vec![(regs::TLBIALLH, 0, 0); 24] } else { Vec::new() };
        for page in 0..PAGES {
            if page % 5 == round % 5 {
                writes.push((regs::TLBIALLH, 0, 0));
            }
            writes.push((regs::CB_TLBIVAL, PLAIN.bank, page << 4 | u64::from(PLAIN.asid) << 48));
        }
        writes.push((regs::CB_TLBSYNC, PLAIN.bank, 0));
        at_once(bench, &writes)?;
        ended(bench, regs::CB_TLBSTATUS.offset(&params, PLAIN.bank))?;
        for page in 0..PAGES {
            bench.burst_read(PLAIN.stream, page << 16, 2, 3)?;
        }
    }
    Ok(())
}

/// So many sweeps, one more each time, and a synchronization behind them: it comes to its end, and not before theirs.
fn counted(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    set_up(bench)?;
    let crowd: Vec<u64> = crowded(bench).map(|n| PAGE + (n << 12)).collect();
    for round in 0..2 {
        for commands in (0..20).chain((20..60).step_by(5)) {
            read(bench, PLAIN, PAGE)?;
            keep_missing(bench, PLAIN.stream, &crowd, 8 * commands);
            let mut writes = vec![(regs::TLBIALLH, 0, 0); commands];
            if round == 1 {
                writes.push((regs::TLBIALLNSNH, 0, 0));
            }
            writes.push((regs::CB_TLBSYNC, PLAIN.bank, 0));
            at_once(bench, &writes)?;
            ended(bench, regs::CB_TLBSTATUS.offset(&params, PLAIN.bank))?;
            bench.reset_stats();
            read(bench, PLAIN, PAGE)?;
            let walked = u64::from(bench.stats().walk_reads > 0);
            super::speed::demand(bench, "a walk for what was dropped", walked, round..=round)?;
        }
    }
    Ok(())
}

/// What is started before a command: nothing, a miss, a hit, both.
fn crowd(bench: &mut Bench, side: Side, case: usize, fresh: &mut u64) -> Outcome {
    read(bench, side, PAGE)?;
    bench.drain()?;
    if case & 2 != 0 {
        bench.port(0).start(Burst::read(side.stream, PAGE + 0x80, 4, 3).id(1));
    }
    if case & 1 != 0 {
        bench.port(0).start(Burst::read(side.stream, OTHER + (*fresh << 16), 4, 3).id(2));
        *fresh = (*fresh + 1) % 16;
    }
    bench.run_cycles(6)
}

fn in_flight(bench: &mut Bench) -> Outcome {
    set_up(bench)?;
    let mut fresh = 0;
    for (id, hyp) in COMMANDS {
        let side = if hyp { HYP } else { PLAIN };
        for case in 0..4 {
            // What the last round has cached of the fresh pages goes first.
            command(bench, regs::TLBIALLH, HYP, 0)?;
            command(bench, regs::TLBIALLNSNH, PLAIN, 0)?;
            global_sync(bench)?;
            crowd(bench, side, case, &mut fresh)?;
            command(bench, id, side, PAGE)?;
            complete(bench, id, side)?;
            bench.drain()?;
        }
    }
    Ok(())
}

fn synchronizations(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    set_up(bench)?;
    let mut fresh = 0;
    for case in 0..4 {
        for global in [false, true] {
            for wait in [0, 600] {
                bench.invalidate_bank(PLAIN.bank)?;
                crowd(bench, PLAIN, case, &mut fresh)?;
                let (ask, status) = if global {
                    (regs::STLBGSYNC.offset(&params, 0), regs::STLBGSTATUS.offset(&params, 0))
                } else {
                    (regs::CB_TLBSYNC.offset(&params, PLAIN.bank), regs::CB_TLBSTATUS.offset(&params, PLAIN.bank))
                };
                bench.write32(ask, 0)?;
                bench.run_cycles(wait)?;
                ended(bench, status)?;
                bench.drain()?;
            }
        }
    }
    Ok(())
}

/// While one bank waits for a walk, the status of no other shows a synchronization.
fn other_banks(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    set_up(bench)?;
    let mut fresh = 0;
    for bank in 0..params.num_cb {
        crowd(bench, PLAIN, 1, &mut fresh)?;
        bench.write32(regs::CB_TLBIALL.offset(&params, bank), 0)?;
        bench.write32(regs::CB_TLBSYNC.offset(&params, bank), 0)?;
        for other in (0..params.num_cb).filter(|other| *other != bank) {
            let status = bench.read32(regs::CB_TLBSTATUS.offset(&params, other))?;
            super::speed::demand(bench, "the status of a bank that synchronizes nothing", status.into(), 0..=0)?;
        }
        ended(bench, regs::CB_TLBSTATUS.offset(&params, bank))?;
        bench.drain()?;
    }
    Ok(())
}

/// A bank asks while another one's synchronization waits for a walk: its own goes on after that one.
fn one_behind_another(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    set_up(bench)?;
    let mut fresh = 0;
    for first in 0..params.num_cb {
        for second in (0..params.num_cb).filter(|second| *second != first) {
            // What the last round has cached of the fresh pages goes first.
            command(bench, regs::TLBIALLNSNH, PLAIN, 0)?;
            global_sync(bench)?;
            crowd(bench, PLAIN, 1, &mut fresh)?;
            let status = regs::CB_TLBSTATUS.offset(&params, second);
            bench.write32(regs::CB_TLBSYNC.offset(&params, first), 0)?;
            bench.write32(regs::CB_TLBSYNC.offset(&params, second), 0)?;
            for _ in 0..2 {
                let active = bench.read32(status)?;
                super::speed::demand(bench, "the status of a bank that waits for another", active.into(), 1..=1)?;
            }
            ended(bench, regs::CB_TLBSTATUS.offset(&params, first))?;
            ended(bench, status)?;
            bench.drain()?;
        }
    }
    Ok(())
}
