//! The tour: directed programs that go where random ones seldom come.
//!
//! What it is for: together with the random programs it closes the functional coverage (`docs/testplan.md`), and it finds mutations
//! that need a certain order of things. Everything that happens is checked by the bench; the tour adds next to nothing of its own.
//!
//! How it works: a few dozen scenes, each on a bench of its own, out of reset, at the speeds that it needs.

mod absent;
mod addresses;
mod asids;
mod bus;
mod caches;
mod counters;
mod entries;
mod faults;
mod hits;
mod maintenance;
mod queues;
mod regions;
mod registers;
mod second;
mod setups;
mod speed;
mod stalls;
mod streams;
mod translation;
mod waiting;

use crate::bench::{Bench, BenchError, BenchOptions};
use crate::coverage::{Collector, Database};
use smmu_rtl::params::Params;

/// Data memory: this much from here on.
const RAM: u64 = 0x8000_0000;
const RAM_BYTES: u64 = 0x400_0000;
/// Memory for tables.
const TABLES: u64 = 0x4000_0000;
const TABLE_BYTES: u64 = 0x800_0000;
/// An address where no memory is.
const HOLE: u64 = 0x7000_0000;
/// The stream and the bank of most scenes.
const STREAM: u32 = 0x300;
const BANK: usize = 1;
const ASID: u16 = 0x105;
/// Cycles after which a register write concerns everything that comes.
const SETTLED: u64 = 40;

/// What a step of a scene returns.
type Outcome = Result<(), BenchError>;

/// A scene that failed.
#[derive(Debug, thiserror::Error)]
#[error("scene '{scene}': {source}")]
pub struct TourError {
    /// Its name.
    pub scene: &'static str,
    /// What went wrong.
    pub source: BenchError,
}

/// Runs all scenes; what they covered.
///
/// # Errors
/// The first scene that fails.
pub fn run(params: &'static Params, engine: &str) -> Result<Database, TourError> {
    play(params, engine, scenes(params))
}

fn play(params: &'static Params, engine: &str, scenes: Vec<Scene>) -> Result<Database, TourError> {
    let mut covered = Database::default();
    for (scene, options, play) in scenes {
        let failed = |source| TourError { scene, source };
        let mut bench = Bench::new(params, engine, options).map_err(failed)?;
        bench.memory().add_region(RAM, RAM_BYTES);
        bench.memory().add_region(TABLES, TABLE_BYTES);
        let collector = Collector::new(params);
        bench.observe_with(Box::new(collector.clone()));
        play(&mut bench).and_then(|()| bench.drain()).map_err(failed)?;
        covered.merge(&collector.database());
    }
    Ok(covered)
}

type Scene = (&'static str, BenchOptions, fn(&mut Bench) -> Outcome);

fn scenes(params: &Params) -> Vec<Scene> {
    [
        absent::scenes(),
        addresses::scenes(),
        asids::scenes(),
        bus::scenes(),
        caches::scenes(),
        counters::scenes(params),
        entries::scenes(),
        faults::scenes(),
        hits::scenes(),
        maintenance::scenes(),
        queues::scenes(),
        regions::scenes(),
        registers::scenes(),
        second::scenes(params),
        setups::scenes(),
        speed::scenes(),
        stalls::scenes(params),
        streams::scenes(params),
        translation::scenes(),
        waiting::scenes(),
    ]
    .concat()
}

/// No pauses, short latencies; a hang is told soon.
fn smooth() -> BenchOptions {
    BenchOptions { watchdog: 20_000, ..BenchOptions::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smmu_rtl::params::{FULL, MINI};

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = scenes(&FULL).iter().map(|(name, ..)| *name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn the_tour_is_clean_and_covers_what_it_is_for() {
        let covered = run(&MINI, "rusthdl").expect("clean");
        let groups = ["region", "fault in walk", "global status", "fault handling", "invalidation", "invalidation effect"];
        all_hit(&covered, &groups);
        all_hit(&covered, &["register access"]);
    }

    #[test]
    fn the_scenes_of_two_stages_are_clean_and_cover_what_they_are_for() {
        let covered = play(&FULL, "rusthdl", second::scenes(&FULL)).expect("clean");
        all_hit(&covered, &["stage 2 leaf", "stage 2 region", "stage 2 fault", "nested leaf", "nested stream"]);
        all_hit(&covered, &["stage 2 invalidation effect"]);
    }

    #[test]
    fn the_scene_of_asids_is_clean() {
        play(&MINI, "rusthdl", asids::scenes()).expect("clean");
    }

    #[test]
    fn the_scenes_of_stalls_are_clean_and_cover_what_they_are_for() {
        let covered = play(&FULL, "rusthdl", stalls::scenes(&FULL)).expect("clean");
        all_hit(&covered, &["stalled fault", "beside a stalled fault"]);
    }

    #[test]
    fn the_scene_of_counters_is_clean_and_covers_refills() {
        let covered = play(&FULL, "rusthdl", counters::scenes(&FULL)).expect("clean");
        let report = crate::coverage::report::Report::new(&covered).expect("the preset is known");
        let group = report.presets[0].groups.iter().find(|group| group.name == "counter").expect("there is such a group");
        let holes = group.in_state(crate::coverage::report::State::Hole).map(|bin| bin.name());
        let holes: Vec<String> = holes.filter(|bin| bin.contains("refills") && !bin.contains("nothing")).collect();
        assert_eq!(holes, Vec::<String>::new());
    }

    fn all_hit(covered: &Database, groups: &[&str]) {
        let mut missing: Vec<String> = Vec::new();
        let report = crate::coverage::report::Report::new(covered).expect("the preset is known");
        for name in groups {
            let group = report.presets[0].groups.iter().find(|group| group.name == *name).expect("there is such a group");
            let holes: Vec<String> = group.in_state(crate::coverage::report::State::Hole).map(|bin| bin.name()).collect();
            missing.extend(holes.into_iter().map(|bin| format!("{name}: {bin}")));
        }
        assert!(missing.is_empty(), "{missing:#?}");
    }
}
