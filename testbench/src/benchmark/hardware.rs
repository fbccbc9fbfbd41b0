//! Cycles of the hardware.
//!
//! All figures are taken at the pins. The latency of a transaction is the number of cycles from the one in which the client's
//! address was accepted to the one in which it stands valid downstream; downstream is always ready. The memory latency L of a walk
//! is the number of cycles from the handover of a table read's address to its first data beat.

use super::rig::{Record, Rig, Seen, BYPASSED, PA, PAGES, TRANSLATED, VA};
use super::{BenchmarkError, Relation, Row};
use smmu_rtl::params::Params;

/// Memory latencies at which walks are measured, cycles.
pub const LATENCIES: &[u32] = &[4, 10, 30, 100];

/// Transactions of a throughput measurement, on each channel.
const STREAM: u64 = 512;
/// Pages that they go round.
const STREAM_PAGES: u64 = 8;
/// Cycles in which a hit goes through.
const HIT: f64 = 2.0;

/// The name, the measurement's function and what it takes: a table entry.
struct Figure {
    name: &'static str,
    unit: &'static str,
    relation: Relation,
    /// The bound at memory latency L.
    bound: fn(&Params, u32) -> f64,
    /// Memory latencies to measure at; empty if it does not matter.
    latencies: &'static [u32],
    measure: fn(&mut Rig) -> Result<f64, BenchmarkError>,
    note: &'static str,
}

const FIGURES: &[Figure] = &[
    Figure {
        name: "hit_read",
        unit: "cycles",
        relation: Relation::AtMost,
        bound: |_, _| HIT,
        latencies: &[],
        measure: |rig| hit(rig, TRANSLATED, Channel::Read),
        note: "a hit, AR accepted to AR out",
    },
    Figure {
        name: "hit_write",
        unit: "cycles",
        relation: Relation::AtMost,
        bound: |_, _| HIT,
        latencies: &[],
        measure: |rig| hit(rig, TRANSLATED, Channel::Write),
        note: "a hit, AW accepted to AW out",
    },
    Figure {
        name: "hit_rate_read",
        unit: "transactions/cycle",
        relation: Relation::AtLeast,
        bound: |_, _| 1.0,
        latencies: &[],
        measure: |rig| rate(rig).map(|rates| rates.0),
        note: "hits back to back over 8 pages, while writes do the same",
    },
    Figure {
        name: "hit_rate_write",
        unit: "transactions/cycle",
        relation: Relation::AtLeast,
        bound: |_, _| 1.0,
        latencies: &[],
        measure: |rig| rate(rig).map(|rates| rates.1),
        note: "hits back to back over 8 pages, while reads do the same",
    },
    Figure {
        name: "bypass_read",
        unit: "cycles",
        relation: Relation::AtMost,
        bound: |_, _| HIT,
        latencies: &[],
        measure: |rig| hit(rig, BYPASSED, Channel::Read),
        note: "a stream that bypasses, AR accepted to AR out",
    },
    Figure {
        name: "bypass_write",
        unit: "cycles",
        relation: Relation::AtMost,
        bound: |_, _| HIT,
        latencies: &[],
        measure: |rig| hit(rig, BYPASSED, Channel::Write),
        note: "a stream that bypasses, AW accepted to AW out",
    },
    Figure {
        name: "hit_under_miss",
        unit: "cycles",
        relation: Relation::AtMost,
        bound: |_, _| HIT,
        latencies: &[30],
        measure: hit_under_miss,
        note: "a hit accepted one cycle after a miss with another id",
    },
    Figure {
        name: "walks_in_flight",
        unit: "walks",
        relation: Relation::AtLeast,
        bound: |params, _| params.walks.min(8) as f64,
        latencies: &[100],
        measure: walks_in_flight,
        note: "table reads in flight at once on the walk port",
    },
    Figure {
        name: "walk_cold",
        unit: "cycles",
        relation: Relation::AtMost,
        bound: |_, latency| 4.0 * f64::from(latency) + 24.0,
        latencies: LATENCIES,
        measure: walk_cold,
        note: "four levels of 4K tables, nothing cached, AR accepted to AR out; bound 4L + 24",
    },
    Figure {
        name: "walk_upper_levels_cached",
        unit: "cycles",
        relation: Relation::AtMost,
        bound: |_, latency| f64::from(latency) + 12.0,
        latencies: LATENCIES,
        measure: walk_upper_cached,
        note: "the same with the upper levels in the walk cache; bound L + 12",
    },
];

/// Number of rows that [`measure`] gives.
pub fn count() -> usize {
    FIGURES.iter().map(|figure| figure.latencies.len().max(1)).sum()
}

/// Measures everything, each figure on hardware fresh from reset; `done` is called after each row.
pub fn measure(engine: &str, params: &'static Params, mut done: impl FnMut(&Row)) -> Vec<Row> {
    let mut rows = Vec::new();
    for figure in FIGURES {
        let latencies: Vec<Option<u32>> =
            if figure.latencies.is_empty() { vec![None] } else { figure.latencies.iter().copied().map(Some).collect() };
        for latency in latencies {
            let row = figure.row(engine, params, latency);
            done(&row);
            rows.push(row);
        }
    }
    rows
}

impl Figure {
    fn row(&self, engine: &str, params: &'static Params, latency: Option<u32>) -> Row {
        // Where it does not matter the latency is short, so that warming up is quick.
        let cycles = latency.unwrap_or(4);
        let bound = (self.bound)(params, cycles);
        let measured = Rig::new(engine, params, cycles).and_then(|mut rig| (self.measure)(&mut rig));
        let (value, note) = match measured {
            Ok(value) => (Some(value), self.note.to_string()),
            Err(error) => (None, format!("not measured: {error}")),
        };
        Row {
            name: self.name.to_string(),
            preset: params.name,
            latency,
            value,
            unit: self.unit,
            bound: Some(bound),
            relation: self.relation,
            ok: value.is_some_and(|value| self.relation.holds(value, bound)),
            note,
        }
    }
}

/// Reads or writes.
#[derive(Clone, Copy)]
enum Channel {
    Read,
    Write,
}

/// Cycles from the client to downstream of the transaction with that id.
fn latency(record: &Record, channel: Channel, id: u32) -> Result<f64, BenchmarkError> {
    let (accepted, out) = match channel {
        Channel::Read => (&record.ar_in, &record.ar_out),
        Channel::Write => (&record.aw_in, &record.aw_out),
    };
    let at = |seen: &[Seen]| seen.iter().find(|s| s.beat.id == id).copied();
    match (at(accepted), at(out)) {
        (Some(a), Some(b)) => {
            let right = if a.beat.user == TRANSLATED { PA + (a.beat.addr - VA) } else { a.beat.addr };
            if b.beat.addr != right {
                return Err(BenchmarkError::Wrong(format!("address {:#x} came out for {right:#x}", b.beat.addr)));
            }
            Ok((b.cycle - a.cycle) as f64)
        }
        _ => Err(BenchmarkError::Wrong("the transaction never left".to_string())),
    }
}

/// The second access to a page.
fn hit(rig: &mut Rig, stream: u32, channel: Channel) -> Result<f64, BenchmarkError> {
    let addr = if stream == TRANSLATED { VA + 0x40 } else { PA + 0x40 };
    for id in [1, 2] {
        match channel {
            Channel::Read => rig.send_read(stream, id, addr),
            Channel::Write => rig.send_write(stream, id, addr),
        }
        let record = rig.run()?;
        if id == 2 {
            return latency(&record, channel, id);
        }
    }
    Err(BenchmarkError::Wrong("nothing was sent".to_string()))
}

/// Loads the first pages into the micro TLB.
fn warm(rig: &mut Rig, pages: u64) -> Result<(), BenchmarkError> {
    for page in 0..pages {
        rig.send_read(TRANSLATED, 0, VA + (page << 12));
        rig.run()?;
        rig.send_write(TRANSLATED, 0, VA + (page << 12));
        rig.run()?;
    }
    Ok(())
}

/// Reads and writes at full speed at the same time: transactions a cycle downstream, of each.
fn rate(rig: &mut Rig) -> Result<(f64, f64), BenchmarkError> {
    warm(rig, STREAM_PAGES)?;
    for n in 0..STREAM {
        let addr = VA + ((n % STREAM_PAGES) << 12) + (n / STREAM_PAGES % 64) * 16;
        rig.send_read(TRANSLATED, (n % 8) as u32, addr);
        rig.send_write(TRANSLATED, (n % 8) as u32, addr);
    }
    let record = rig.run()?;
    let rate = |seen: &[Seen]| match (seen.first(), seen.last()) {
        (Some(first), Some(last)) => seen.len() as f64 / (last.cycle - first.cycle + 1) as f64,
        _ => 0.0,
    };
    Ok((rate(&record.ar_out), rate(&record.aw_out)))
}

/// A miss, and in the next cycle a hit with another id.
fn hit_under_miss(rig: &mut Rig) -> Result<f64, BenchmarkError> {
    warm(rig, 1)?;
    rig.send_read(TRANSLATED, 3, VA + (64 << 12));
    rig.send_read(TRANSLATED, 5, VA + 0x80);
    let record = rig.run()?;
    let (hit, miss) = (latency(&record, Channel::Read, 5)?, latency(&record, Channel::Read, 3)?);
    if miss <= hit + 1.0 {
        return Err(BenchmarkError::Wrong("the first transaction was no miss".to_string()));
    }
    Ok(hit)
}

/// Misses to different lines of the tables, all at once.
fn walks_in_flight(rig: &mut Rig) -> Result<f64, BenchmarkError> {
    const LINE: u64 = 8; // pages whose descriptors come in one read
    for n in 0..PAGES / LINE / 4 {
        rig.send_read(TRANSLATED, (n % 16) as u32, VA + ((n * LINE) << 12));
    }
    Ok(rig.run()?.walks_in_flight as f64)
}

/// One access with nothing cached.
fn walk_cold(rig: &mut Rig) -> Result<f64, BenchmarkError> {
    // Something has been there and was invalidated: as cold as out of reset, or the invalidation does not work.
    rig.send_read(TRANSLATED, 1, VA + (32 << 12));
    rig.run()?;
    rig.invalidate()?;
    rig.send_read(TRANSLATED, 2, VA + (32 << 12));
    let record = rig.run()?;
    if record.walks != 4 {
        return Err(BenchmarkError::Wrong(format!("{} table reads for a cold walk of four levels", record.walks)));
    }
    latency(&record, Channel::Read, 2)
}

/// One access to another line of the same last-level table.
fn walk_upper_cached(rig: &mut Rig) -> Result<f64, BenchmarkError> {
    rig.send_read(TRANSLATED, 1, VA + (32 << 12));
    rig.run()?;
    rig.send_read(TRANSLATED, 2, VA + (256 << 12));
    let record = rig.run()?;
    if record.walks != 1 {
        return Err(BenchmarkError::Wrong(format!("{} table reads with the upper levels cached", record.walks)));
    }
    latency(&record, Channel::Read, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_bounds_follow_the_latency() {
        let mut names: Vec<_> = FIGURES.iter().map(|f| f.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FIGURES.len());
        let params = &smmu_rtl::params::ZYNQMP;
        let bound = |name| FIGURES.iter().find(|f| f.name == name).map(|f| (f.bound)(params, 30));
        assert_eq!(bound("walk_cold"), Some(144.0));
        assert_eq!(bound("walk_upper_levels_cached"), Some(42.0));
        assert_eq!(bound("walks_in_flight"), Some(8.0));
    }

    #[test]
    fn hardware_that_cannot_be_had_gives_rows_that_say_so() {
        let rows = measure("no-such-engine", &smmu_rtl::params::MINI, |_| {});
        assert_eq!(rows.len(), count());
        assert!(rows.iter().all(|row| !row.ok && row.value.is_none() && row.note.contains("no-such-engine")));
    }
}
