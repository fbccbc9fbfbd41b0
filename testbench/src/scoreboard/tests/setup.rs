//! A bench with two streams in two banks, on the test device.

use crate::axi::pause::Pauses;
use crate::bench::fixture::{Tables, READ_WRITE, SCTLR_USUAL};
use crate::bench::testing::{Bug, TestSmmu};
use crate::bench::{Bench, BenchError, BenchOptions};
use crate::memory::latency::Latency;
use crate::scoreboard::Kind;
use smmu_rtl::params::MINI;

pub(super) const RAM: u64 = 0x8000_0000;
pub(super) const TABLES: u64 = 0x4000_0000;
/// Virtual address of the first mapped page: page `n` from here is at `RAM + n * 0x1000`, for 16 pages.
pub(super) const VA: u64 = 0x12_3450_0000;
pub(super) const BANK: usize = 1;
pub(super) const STREAM: u32 = 0x300;
pub(super) const ASID: u16 = 5;

/// Options with pauses and random latencies.
pub(super) fn rough(seed: u64) -> BenchOptions {
    BenchOptions {
        seed,
        latency: Latency::Random { min: 1, max: 30 },
        out_of_order: true,
        pauses: Pauses::all(20),
        watchdog: 5_000,
        ..BenchOptions::default()
    }
}

/// The bench, and the tables of [`BANK`]. Pages 0 to 15 are mapped.
pub(super) fn translated(bug: Bug, options: BenchOptions) -> Result<(Bench, Tables), BenchError> {
    let mut bench = Bench::with_device(TestSmmu::new(&MINI, bug), options)?;
    bench.memory().add_region(RAM, 0x10_0000);
    bench.memory().add_region(TABLES, 0x10_0000);
    let mut tables = Tables::usual(TABLES);
    for page in 0..16 {
        tables.map(bench.memory(), VA + 0x1000 * page, RAM + 0x1000 * page, READ_WRITE)?;
    }
    bench.route_stream(0, STREAM, BANK)?;
    bench.setup_bank(BANK, &tables, ASID, SCTLR_USUAL)?;
    bench.enable()?;
    Ok((bench, tables))
}

/// The kind of mismatch that a run ended with.
pub(super) fn kind<T>(result: Result<T, BenchError>) -> Option<Kind> {
    match result {
        Ok(_) => None,
        Err(BenchError::Mismatch(mismatch)) => Some(mismatch.kind),
        Err(other) => panic!("another error: {other}"),
    }
}
