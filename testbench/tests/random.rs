//! Random programs on the hardware: a small dose of seeds, everything that failed once, and hardware that is broken on purpose.

use smmu_rtl::params::{preset, Params, FULL, MINI, MULTI};
use smmu_rtl::registers as regs;
use smmu_sim::dut::{self, Device, DeviceError, Inputs, Outputs, WaveRequest};
use smmu_testbench::random::execute::{execute, Extras};
use smmu_testbench::random::program;
use smmu_testbench::random::program::Step;
use smmu_testbench::random::regression::Regression;
use smmu_testbench::random::runner::{Results, Runner, SeedResult};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

const ENGINE: &str = "rusthdl";

fn good(params: &'static Params) -> Result<Box<dyn Device>, DeviceError> {
    dut::device(ENGINE, params)
}

fn run(seeds: &[u64], jobs: usize) -> Results {
    let runner = Runner { params: &MINI, factory: &good, coverage: false, jobs, max_failures: 1, max_shrink_runs: 0 };
    runner.run(seeds, &|_| ()).expect("the engine is there")
}

#[test]
fn a_dose_of_seeds_is_clean() {
    let seeds: Vec<u64> = (10_000..10_016).collect();
    let results = run(&seeds, 2);
    for result in &results.seeds {
        assert_eq!(result.outcome.failure, None, "seed {}", result.seed);
    }
    let sum = |of: fn(&SeedResult) -> u64| results.seeds.iter().map(of).sum::<u64>();
    assert_eq!(results.seeds.len(), seeds.len());
    assert!(sum(|r| r.outcome.transactions) > 1000 && sum(|r| r.outcome.walk_reads) > 200, "{results:?}");
}

#[test]
fn a_dose_of_seeds_is_clean_on_four_ports() {
    for seed in 10_000..10_006 {
        let program = program(seed, &MULTI);
        let ports: HashSet<u8> = program
            .steps
            .iter()
            .filter_map(|step| match &step.step {
                Step::Burst(burst) => Some(burst.port),
                _ => None,
            })
            .collect();
        assert_eq!(ports.len(), 4, "seed {seed} uses all ports");
        let outcome = execute(&program, good(&MULTI).expect("the engine is there"), Extras::default());
        assert_eq!(outcome.failure, None, "seed {seed}");
    }
}

#[test]
fn a_dose_of_seeds_with_two_stages_is_clean() {
    let seeds: Vec<u64> = (20_000..20_016).collect();
    let runner = Runner { params: &FULL, factory: &good, coverage: false, jobs: 2, max_failures: 1, max_shrink_runs: 0 };
    let results = runner.run(&seeds, &|_| ()).expect("the engine is there");
    for result in &results.seeds {
        assert_eq!(result.outcome.failure, None, "seed {}", result.seed);
    }
    let sum = |of: fn(&SeedResult) -> u64| results.seeds.iter().map(of).sum::<u64>();
    assert!(sum(|r| r.outcome.transactions - r.outcome.refused) > 200 && sum(|r| r.outcome.walk_reads) > 200, "{results:?}");
}

#[test]
fn a_seed_is_the_same_run_whatever_runs_beside_it() {
    let outcomes = |results: Results| results.seeds.into_iter().map(|r| (r.seed, r.outcome)).collect::<Vec<_>>();
    let together = outcomes(run(&[3, 5, 11], 3));
    let apart: Vec<_> = [11, 5, 3].iter().rev().flat_map(|seed| outcomes(run(&[*seed], 1))).collect();
    assert_eq!(together, apart);
}

/// Programs that failed once, of the hardware or of the bench.
#[test]
fn everything_that_failed_once_is_clean() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../regressions");
    let files = std::fs::read_dir(&folder).expect("the folder is there");
    let mut files: Vec<PathBuf> =
        files.flatten().map(|entry| entry.path()).filter(|path| path.extension() == Some("json".as_ref())).collect();
    files.sort();
    assert!(!files.is_empty());
    for path in files {
        let kept = Regression::load(&path).expect("it is a program");
        let params = preset(&kept.preset).expect("its preset is there");
        let outcome = execute(&kept.program, good(params).expect("the engine is there"), Extras::default());
        assert_eq!(outcome.failure, None, "{}; it was kept because of: {}", path.display(), kept.failure);
    }
}

/// What is wrong with broken hardware.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Plant {
    /// Invalidation commands of banks do nothing.
    DeafToInvalidation,
    /// Reads of one stream go to the page beside theirs.
    WrongPage,
    /// A translation fault reads as an access flag fault.
    WrongFault,
    /// RESUME does nothing: what is stalled stays so.
    DeafToResume,
}

impl Plant {
    /// Hardware that has what is broken.
    fn preset(self) -> &'static Params {
        match self {
            Plant::DeafToInvalidation | Plant::WrongPage | Plant::WrongFault => &MINI,
            Plant::DeafToResume => &FULL,
        }
    }
}

/// Good hardware with something planted on its pins.
struct Broken {
    inner: Box<dyn Device>,
    plant: Plant,
    outputs: Outputs,
    reading: u32,
    nowhere: u32,
}

impl Broken {
    fn device(params: &'static Params, plant: Plant) -> Result<Box<dyn Device>, DeviceError> {
        let inner = good(params)?;
        let free = |offset: &u32| regs::at(params, *offset).is_none() && regs::at(params, *offset + 4).is_none();
        let nowhere = (0..0x1000).step_by(8).find(free).unwrap_or_default();
        let outputs = inner.outputs().clone();
        Ok(Box::new(Broken { inner, plant, outputs, reading: 0, nowhere }))
    }
}

impl Device for Broken {
    fn params(&self) -> &Params {
        self.inner.params()
    }

    fn engine(&self) -> &'static str {
        "broken"
    }

    fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    fn cycle(&mut self, inputs: &Inputs) -> Result<(), DeviceError> {
        let mut inputs = inputs.clone();
        if inputs.ctrl.arvalid && self.outputs.ctrl.arready {
            self.reading = inputs.ctrl.araddr & !7;
        }
        let written = regs::at(self.inner.params(), inputs.ctrl.awaddr & !7).map(|(id, _)| id.register().name);
        let deaf = match self.plant {
            Plant::DeafToInvalidation => "CB_TLBI",
            Plant::DeafToResume => "CB_RESUME",
            Plant::WrongPage | Plant::WrongFault => "nothing",
        };
        if written.is_some_and(|name| name.starts_with(deaf)) {
            inputs.ctrl.awaddr = self.nowhere;
        }
        self.inner.cycle(&inputs)?;
        self.outputs.clone_from(self.inner.outputs());
        let out = &mut self.outputs;
        match self.plant {
            Plant::DeafToInvalidation | Plant::DeafToResume => {}
            Plant::WrongPage if out.m_axi[0].ar.user == 0x301 => out.m_axi[0].ar.addr ^= 0x1000,
            Plant::WrongPage => {}
            Plant::WrongFault => {
                let status = matches!(regs::at(self.inner.params(), self.reading), Some((regs::CB_FSR, _)));
                if status && out.ctrl.rdata & 2 != 0 {
                    out.ctrl.rdata ^= 6;
                }
            }
        }
        Ok(())
    }

    fn cycles(&self) -> u64 {
        self.inner.cycles()
    }

    fn skip(&mut self, cycles: u64) {
        self.inner.skip(cycles);
    }

    fn start_wave(&mut self, request: WaveRequest) -> Result<(), DeviceError> {
        self.inner.start_wave(request)
    }

    fn finish_wave(&mut self) -> Result<(), DeviceError> {
        self.inner.finish_wave()
    }
}

/// The first failure of broken hardware, made small; then as the regression file has it, on the broken hardware and on good hardware.
fn caught(plant: Plant, seeds: std::ops::Range<u64>) -> (SeedResult, Regression) {
    let factory = |params| Broken::device(params, plant);
    let runner =
        Runner { params: plant.preset(), factory: &factory, coverage: true, jobs: 1, max_failures: 1, max_shrink_runs: 40 };
    let results = runner.run(&seeds.collect::<Vec<u64>>(), &|_| ()).expect("the engine is there");
    let result = results.seeds.into_iter().find(|result| result.outcome.failure.is_some()).expect("it is caught");
    let kept = result.regression(plant.preset()).expect("it failed");
    let back: Regression = serde_json::from_str(&kept.to_text()).expect("it is JSON");
    let again = execute(&back.program, Broken::device(plant.preset(), plant).expect("the engine is there"), Extras::default());
    assert_eq!(again.failure.as_ref(), result.shrunk.as_ref().map(|shrunk| &shrunk.failure), "reproduced");
    let without = execute(&back.program, good(plant.preset()).expect("the engine is there"), Extras::default());
    assert_eq!(without.failure, None, "good hardware runs it");
    let shrunk = result.shrunk.as_ref().expect("it failed");
    assert!(2 * shrunk.program.steps.len() < shrunk.steps_before, "{} of {}", shrunk.program.steps.len(), shrunk.steps_before);
    (result, kept)
}

fn failure(result: &SeedResult) -> &str {
    result.outcome.failure.as_ref().map_or("", |failure| &failure.kind)
}

#[test]
fn hardware_that_is_deaf_to_invalidation_is_caught() {
    let (result, kept) = caught(Plant::DeafToInvalidation, 0..40);

    assert_eq!(failure(&result), "isolation");
    assert!(["{\"move\":", "{\"invalidate\":"].iter().any(|step| kept.to_text().contains(step)), "{}", kept.to_text());
}

#[test]
fn hardware_that_reads_the_page_beside_is_caught() {
    let (result, kept) = caught(Plant::WrongPage, 0..20);
    assert_eq!(failure(&result), "isolation");
    assert!(kept.to_text().contains("{\"burst\":{\"stream\":1,"), "{}", kept.to_text());
}

#[test]
fn hardware_that_records_another_fault_is_caught() {
    let (result, kept) = caught(Plant::WrongFault, 0..20);
    assert_eq!(failure(&result), "scoreboard Record");
    assert!(kept.failure.contains("CB_FSR"), "{}", kept.failure);
}

#[test]
fn hardware_that_is_deaf_to_resume_is_caught() {
    let (result, kept) = caught(Plant::DeafToResume, 0..60);
    assert!(["scoreboard Record", "timeout"].contains(&failure(&result)), "{}", failure(&result));
    // RESUME is also written by the run itself, where it waits for what is held.
    assert!(kept.to_text().contains("{\"burst\":"), "{}", kept.to_text());
}

fn smmu(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_smmu")).args(arguments).output().expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn wrong_use_is_told() {
    for (arguments, part) in [
        (&["random"][..], "--seeds"),
        (&["random", "--seeds", "5..5"], "no seed from 5 to before 5"),
        (&["random", "--seeds", "x"], "'x' is no number"),
        (&["random", "--seeds", "0..9", "--shard", "4/3"], "I/N"),
        (&["random", "--seeds", "0..9", "--jobs", "0"], "0 is not in"),
        (&["random", "--seeds", "1", "--preset", "maxi"], "there is no preset 'maxi'"),
        (&["random", "--seeds", "1", "--engine", "steam"], "there is no engine 'steam'"),
        (&["random", "--seeds", "1", "--junit", "/nowhere/at/all.xml"], "/nowhere/at/all.xml"),
        (&["random", "--replay", "/nowhere/at/all.json"], "/nowhere/at/all.json"),
        (&["random", "--seeds", "1", "--replay", "x.json"], "cannot be used with"),
    ] {
        let (status, _, error) = smmu(arguments);
        assert_eq!(status, Some(2), "{arguments:?}");
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
}

#[test]
fn shards_write_what_a_merge_needs() {
    let folder = std::env::temp_dir().join(format!("smmu-random-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let path = |name: &str| folder.join(name).display().to_string();
    let (coverage, junit) = (path("coverage.json"), path("junit.xml"));
    let shard = ["random", "--seeds", "20..24", "--shard", "2/4", "--coverage", &coverage, "--junit", &junit, "--json"];
    let (status, out, error) = smmu(&shard);
    assert_eq!((status, error.as_str()), (Some(0), ""));
    let report: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    assert_eq!((&report["ok"], &report["seeds"]), (&true.into(), &1.into()));
    let text = std::fs::read_to_string(&junit).expect("it is written");
    assert!(text.contains("name=\"seed 21\"") && text.contains("tests=\"1\" failures=\"0\""), "{text}");
    let (status, _, _) = smmu(&["coverage", "report", &coverage]);
    assert_eq!(status, Some(0));
    std::fs::remove_dir_all(&folder).expect("it is there");
}

#[test]
fn a_replay_writes_its_wave() {
    let folder = std::env::temp_dir().join(format!("smmu-replay-{}", std::process::id()));
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../regressions/mini-218.json").display().to_string();
    let wave = folder.join("deep/wave.vcd").display().to_string();
    let (status, out, _) = smmu(&["random", "--replay", &kept, "--vcd", &wave]);
    assert_eq!(status, Some(0), "{out}");
    assert!(out.starts_with("mini on rusthdl, 4 steps, ") && out.ends_with(" cycles: clean\n"), "{out}");
    for name in ["deep/wave.vcd", "deep/wave.gtkw"] {
        assert!(std::fs::metadata(folder.join(name)).is_ok_and(|file| file.len() > 1000), "{name}");
    }
    std::fs::remove_dir_all(&folder).expect("it is there");
}

/// The scripts for schedulers, as far as a machine without one can try them: a Slurm array of two tasks, one of them twice, and the merge.
#[test]
fn the_cluster_scripts_run_and_join_shards() {
    let cluster = Path::new(env!("CARGO_MANIFEST_DIR")).join("cluster");
    let out = std::env::temp_dir().join(format!("smmu-cluster-{}", std::process::id()));
    let script = |name: &str, arguments: &[&str], task: &str| {
        let mut command = Command::new(cluster.join(name));
        command.args(arguments).env("OUT", &out).env("SEEDS", "30..34").env("SMMU", env!("CARGO_BIN_EXE_smmu"));
        command.env("SLURM_SUBMIT_DIR", cluster.join("../..")).env("SLURM_ARRAY_TASK_ID", task).env("SLURM_ARRAY_TASK_MAX", "2");
        let output = command.output().expect("it starts");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert_eq!(script("slurm.sh", &[], "1").0, Some(0));
    assert_eq!(script("merge.sh", &["2"], "").0, Some(1), "a shard is missing");
    assert_eq!(script("slurm.sh", &[], "2").0, Some(0));
    assert_eq!(script("slurm.sh", &[], "2").0, Some(0), "done already");
    let (status, text) = script("merge.sh", &["2"], "");
    assert_eq!((status, text.starts_with("2 of 2 shards, 0 with failures;")), (Some(0), true), "{text}");
    let junit = std::fs::read_to_string(out.join("junit.xml")).expect("it is written");
    assert_eq!(
        (junit.matches("<testsuite ").count(), junit.matches("<testcase ").count(), junit.matches("<?xml").count()),
        (2, 4, 1)
    );
    let coverage = std::fs::read_to_string(out.join("coverage.json")).expect("it is written");
    let coverage: serde_json::Value = serde_json::from_str(&coverage).expect("it is JSON");
    assert_eq!(coverage["presets"]["mini"]["runs"], 4, "{coverage}");
    assert_eq!(script("shard.sh", &["1"], "").0, Some(2), "wrong use");
    std::fs::remove_dir_all(&out).expect("it is there");
}
