//! Memory that is slow, or stands still: how much goes on meanwhile, and what has to wait.

use super::entries::read;
use super::speed::{access, demand, options, set_up, HIT};
use super::{smooth, Outcome, Scene, ASID, BANK, RAM, SETTLED, STREAM, TABLES};
use crate::axi::master::{Burst, Holds, MasterOptions};
use crate::axi::pause::Pauses;
use crate::bench::fixture::{Tables, READ_WRITE};
use crate::bench::{Bench, BenchOptions};
use crate::memory::latency::Latency;
use smmu_rtl::registers as regs;

/// Latency of data memory where synchronizations wait, and of table reads where hits do not.
const SLOW: u64 = 700;
/// Cycles of a synchronization that waits for nothing, reads of its status included.
const SYNC: u64 = 40;
/// Transactions of a direction that may be downstream: at least, and at most.
const DOWNSTREAM: std::ops::RangeInclusive<u64> = 192..=225;

pub(super) fn scenes() -> Vec<Scene> {
    let master = MasterOptions { max_reads: 512, max_writes: 512, ..MasterOptions::default() };
    let slow = BenchOptions { latency: Latency::Fixed(SLOW as u32), walk_latency: Some(Latency::Fixed(4)), master, ..smooth() };
    let walks = BenchOptions { latency: Latency::Fixed(4), walk_latency: Some(Latency::Fixed(SLOW as u32)), ..slow.clone() };
    vec![
        ("synchronizations wait for what is downstream", slow.clone(), synchronizations),
        ("hundreds downstream", slow.clone(), hundreds),
        ("hundreds of one id downstream", slow.clone(), hundreds_of_one),
        ("reset with every id downstream", slow, reset_downstream),
        ("write addresses far ahead of their data", BenchOptions { master, ..options() }, ahead),
        ("refused reads between others", options(), between),
        ("hits at full rate beside what waits", walks, full_rate),
        ("a client that is alone is taken at once", options(), at_once),
        ("downstream stands still", BenchOptions { master, ..options() }, still),
    ]
}

fn map_pages(bench: &mut Bench, count: u64) -> Result<Tables, crate::bench::BenchError> {
    let mut tables = Tables::usual(TABLES);
    for page in 0..count {
        tables.map(bench.memory(), page << 12, RAM + (page << 12), READ_WRITE)?;
    }
    set_up(bench, &tables)?;
    Ok(tables)
}

/// Pages that [`start`] goes to.
const USED: u64 = 4;

/// Maps these pages and uses each.
fn use_pages(bench: &mut Bench) -> Outcome {
    map_pages(bench, USED)?;
    (0..USED).try_for_each(|page| read(bench, page << 12))
}

/// Starts number `n` of many bursts.
fn start(bench: &mut Bench, n: u64, id: u32, write: bool) {
    let bus_bytes = bench.params().data_width / 8;
    let burst = Burst::read(STREAM, (n % USED) << 12 | (n % 64) << 6, 1, 3).id(id);
    bench.port(0).start(if write { burst.into_write(bus_bytes, |_| n.into()) } else { burst });
}

fn synchronize_at_once(bench: &mut Bench) -> Outcome {
    let start = bench.cycle();
    bench.sync(BANK)?;
    let took = bench.cycle() - start;
    demand(bench, "cycles of a synchronization that waits for nothing", took, 0..=SYNC)
}

/// A read or a write with a translation that has been dropped is downstream: the end comes when it is answered, and then soon.
fn synchronizations(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let bus_bytes = params.data_width / 8;
    map_pages(bench, 1)?;
    for round in 0..12u64 {
        read(bench, 0)?;
        bench.run_cycles(SETTLED)?;
        let burst = Burst::read(STREAM, 0x80, 1, 3);
        let start = bench.cycle();
        bench.port(0).start(if round & 2 == 0 { burst } else { burst.into_write(bus_bytes, |_| 1) });
        bench.run_cycles(SETTLED)?;
        bench.write64(regs::CB_TLBIVAL.offset(&params, BANK), u64::from(ASID) << 48)?;
        bench.sync(BANK)?;
        let took = bench.cycle() - start;
        demand(bench, "cycles of a synchronization behind a burst", took, SLOW..=SLOW + SYNC)?;
        let start = bench.cycle();
        bench.drain()?;
        if round % 3 == 2 {
            // Both directions meet both halves of the count.
            synchronize_at_once(bench)?;
        }
        demand(bench, "cycles until everything rests", bench.cycle() - start, 0..=4 * SYNC + SETTLED)?;
    }
    Ok(())
}

/// As many as may be, and no more, are downstream; synchronizations in the midst of them and behind them.
fn hundreds(bench: &mut Bench) -> Outcome {
    const BURSTS: u64 = 300;
    let params = *bench.params();
    use_pages(bench)?;
    for round in 0..5u32 {
        for write in [false, true] {
            for n in 0..BURSTS {
                let id = (n as u32 * (round + 1)) % (1 << params.id_width);
                start(bench, n, id, write);
            }
            if write != (round % 2 == 0) {
                bench.run_cycles(BURSTS + SETTLED)?;
                let slave = bench.slave(0);
                let downstream = if write { slave.writes_in_flight() } else { slave.reads_in_flight() };
                demand(bench, &format!("bursts downstream, write {write}"), downstream as u64, DOWNSTREAM)?;
            }
        }
        bench.run_cycles(u64::from(round) * 100)?;
        bench.reset_stats();
        bench.sync(BANK)?;
        bench.drain()?;
        for _ in 0..=round % 2 {
            synchronize_at_once(bench)?;
        }
    }
    Ok(())
}

/// The same of a single id, as many as make each bit of its counts differ alone while synchronizations wait.
fn hundreds_of_one(bench: &mut Bench) -> Outcome {
    use_pages(bench)?;
    for round in 0..12u64 {
        for write in [false, true] {
            for n in 0..150 + 7 * round {
                start(bench, n, 5 + u32::from(write), write);
            }
        }
        // In some rounds while they come, in others while they go.
        bench.run_cycles(100 + round % 4 * 200)?;
        bench.sync(BANK)?;
        bench.drain()?;
        for _ in 0..=round % 2 {
            synchronize_at_once(bench)?;
        }
    }
    Ok(())
}

/// Reset forgets what is downstream, of every id: passed and refused bursts of each are answered behind it, and a synchronization waits for
/// none.
fn reset_downstream(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let bus_bytes = params.data_width / 8;
    let both = |bench: &mut Bench, stream: u32, id: u32| {
        let read = Burst::read(stream, 0x80, 1, 3).id(id);
        bench.port(0).start(read.clone().into_write(bus_bytes, |_| 1));
        bench.port(0).start(read);
    };
    for round in 0..3 {
        map_pages(bench, 1)?;
        read(bench, 0)?;
        for id in 0..1u32 << params.id_width.min(4) {
            (0..=round).for_each(|_| both(bench, STREAM, id));
        }
        bench.run_cycles(3 * SETTLED)?;
        bench.reset_hardware()?;
        map_pages(bench, 1)?;
        read(bench, 0)?;
        for id in 0..1u32 << params.id_width.min(4) {
            both(bench, STREAM, id);
            both(bench, STREAM + 1, id);
        }
        bench.drain()?;
        bench.write32(regs::SGFSR.offset(&params, 0), u32::MAX)?;
        synchronize_at_once(bench)?;
        bench.reset_hardware()?;
    }
    Ok(())
}

/// The client gives write data only when as many addresses as may be have gone downstream, some of them refused.
fn ahead(bench: &mut Bench) -> Outcome {
    const BURSTS: u64 = 240;
    let bus_bytes = bench.params().data_width / 8;
    use_pages(bench)?;
    for refused in [u64::MAX, 40] {
        bench.port(0).hold(Holds { w: true, ..Holds::default() });
        for n in 0..BURSTS {
            let stream = if n % refused == refused - 1 { STREAM + 1 } else { STREAM };
            let burst = Burst::read(stream, (n % 4) << 12 | (n % 64) << 6, 2, 3).id((n % 7) as u32);
            bench.port(0).start(burst.into_write(bus_bytes, |beat| (n << 1 | beat as u64).into()));
        }
        bench.run_cycles(BURSTS + SETTLED)?;
        let ahead = bench.slave(0).writes_in_flight() as u64;
        demand(bench, "write addresses downstream", ahead, if refused == u64::MAX { DOWNSTREAM } else { 1..=*DOWNSTREAM.end() })?;
        bench.port(0).hold(Holds::default());
        bench.run_until("the bursts", |bench| bench.port(0).in_flight() == 0)?;
        while bench.port(0).finished().is_some() {}
        bench.invalidate_bank(BANK)?;
        for page in 0..4 {
            read(bench, page << 12)?;
        }
    }
    Ok(())
}

/// Reads of many beats of one id, one behind the other, and refused ones of other ids: no burst is broken up.
fn between(bench: &mut Bench) -> Outcome {
    const BURSTS: u64 = 60;
    map_pages(bench, 1)?;
    read(bench, 0)?;
    for pause in 0..8 {
        for n in 0..BURSTS {
            let (stream, id) = if n % 4 == 3 { (STREAM + 1, 1 + n as u32 % 15) } else { (STREAM, 0) };
            bench.port(0).start(Burst::read(stream, (n % 32) << 6, 3 + pause % 6, 3).id(id));
            if n % 4 == 3 {
                bench.run_cycles(pause as u64)?;
            }
        }
        bench.run_until("the bursts", |bench| bench.port(0).in_flight() == 0)?;
        while bench.port(0).finished().is_some() {}
        let params = *bench.params();
        bench.write32(regs::SGFSR.offset(&params, 0), u32::MAX)?;
    }
    Ok(())
}

/// Misses wait for their walks, and hits of their ids for them. Hits of another id come one a cycle.
fn full_rate(bench: &mut Bench) -> Outcome {
    const HITS: u64 = 64;
    let mut tables = map_pages(bench, 1)?;
    for n in 1..8 {
        tables.map(bench.memory(), n << 21, RAM + (n << 12), READ_WRITE)?;
    }
    for (misses, dependants) in [(0, 0), (1, 0), (2, 0), (1, 1)] {
        bench.invalidate_bank(BANK)?;
        read(bench, 0)?;
        bench.run_cycles(SETTLED)?;
        for n in 0..misses {
            bench.port(0).start(Burst::read(STREAM, (n + 1) << 21, 1, 3).id(1 + n as u32));
        }
        for _ in 0..dependants {
            bench.port(0).start(Burst::read(STREAM, 0x40, 1, 3).id(misses as u32));
        }
        bench.run_cycles(SETTLED)?;
        let start = bench.cycle();
        let hits = (0..HITS).map(|n| Burst::read(STREAM, n << 6, 1, 3).id(0));
        bench.bursts(0, hits.collect::<Vec<_>>())?;
        let took = bench.cycle() - start;
        // Places come back two cycles late.
        let free = bench.params().miss_queue as u64 - misses - dependants;
        let least = HITS.max(HITS * 3 / free);
        demand(
            bench,
            &format!("cycles of {HITS} hits beside {misses} misses and {dependants} that wait for them"),
            took,
            least..=least + 16,
        )?;
        bench.drain()?;
    }
    Ok(())
}

/// An address is taken in the cycle in which it comes, and the answer is there as soon as it can be, however long nothing has happened.
fn at_once(bench: &mut Bench) -> Outcome {
    map_pages(bench, 1)?;
    read(bench, 0)?;
    for pause in 0..40 {
        for write in [false, true] {
            bench.run_cycles(pause)?;
            access(bench, "a hit out of rest", 0x40, write, 0, HIT..=HIT)?;
            bench.run_cycles(pause)?;
            let start = bench.cycle();
            let burst = Burst::read(STREAM, 0x80, 1, 3);
            let bus_bytes = bench.params().data_width / 8;
            let done = bench.burst(if write { burst.into_write(bus_bytes, |_| 1) } else { burst })?;
            demand(bench, "cycles until an address is taken", done.accepted - start, 0..=0)?;
            demand(bench, "cycles from address to answer", done.finished - done.accepted, 0..=HIT + 10 + 4)?;
        }
    }
    Ok(())
}

/// No address is taken downstream: the hardware takes as many as it has places for. Then all of them go.
fn still(bench: &mut Bench) -> Outcome {
    const BURSTS: u64 = 48;
    let params = *bench.params();
    let bus_bytes = params.data_width / 8;
    use_pages(bench)?;
    for round in 0..4u64 {
        bench.drain()?;
        bench.slave(0).options_mut().pauses = Pauses { ar: 100, aw: 100, ..Pauses::NONE };
        let bursts: Vec<Burst> = (0..BURSTS)
            .flat_map(|n| {
                let read = Burst::read(STREAM, (n % 4) << 12 | (n % 64) << 6, 1, 3).id((n % 16) as u32);
                [read.clone(), read.into_write(bus_bytes, |_| (n + round).into())]
            })
            .collect();
        for burst in bursts {
            bench.port(0).start(burst);
        }
        bench.run_cycles(4 * BURSTS + round)?;
        bench.slave(0).options_mut().pauses = Pauses::NONE;
        let start = bench.cycle();
        bench.run_until("the bursts", |bench| bench.port(0).in_flight() == 0)?;
        let took = bench.cycle() - start;
        demand(bench, "cycles of what had waited", took, BURSTS..=BURSTS + SYNC)?;
        while bench.port(0).finished().is_some() {}
    }
    Ok(())
}
