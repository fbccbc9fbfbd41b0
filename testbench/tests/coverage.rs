//! Functional coverage on the hardware: a bin is hit by what happens, and by nothing else; and `smmu coverage` on files of counts.

use smmu_rtl::params::{Params, MINI};
use smmu_rtl::registers as regs;
use smmu_testbench::axi::master::Burst;
use smmu_testbench::bench::fixture::{Tables, READ_ONLY, READ_WRITE, SCTLR_USUAL};
use smmu_testbench::bench::{Bench, BenchError, BenchOptions};
use smmu_testbench::coverage::{Collector, Database};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

type Outcome = Result<(), BenchError>;

const PARAMS: &Params = &MINI;
const RAM: u64 = 0x8000_0000;
const TABLES: u64 = 0x4000_0000;
const VA: u64 = 0x12_3450_0000;
const STREAM: u32 = 0x300;
const BANK: usize = 1;
const ASID: u16 = 0x105;

/// A stream in a bank, four pages, the last of them read-only, and somebody who counts.
fn counted() -> Result<(Bench, Tables, Collector), BenchError> {
    let mut bench = Bench::new(PARAMS, "rusthdl", BenchOptions::default())?;
    bench.memory().add_region(RAM, 0x10_0000);
    bench.memory().add_region(TABLES, 0x10_0000);
    let mut tables = Tables::usual(TABLES);
    for page in 0..4 {
        let attributes = if page == 3 { READ_WRITE | READ_ONLY } else { READ_WRITE };
        tables.map(bench.memory(), VA + 0x1000 * page, RAM + 0x1000 * page, attributes)?;
    }
    bench.route_stream(0, STREAM, BANK)?;
    bench.setup_bank(BANK, &tables, ASID, SCTLR_USUAL)?;
    bench.enable()?;
    // What software wrote a moment ago may or may not concern what comes now: wait.
    bench.run_cycles(100)?;
    let collector = Collector::new(PARAMS);
    bench.observe_with(Box::new(collector.clone()));
    Ok((bench, tables, collector))
}

/// The bins of a group that were hit, with their counts.
fn bins(collector: &Collector, group: &str) -> Vec<(String, u64)> {
    let database = collector.database();
    let bins = database.presets["mini"].groups.get(group).cloned().unwrap_or_default();
    bins.into_iter().collect()
}

fn hit(bins: &[(&str, u64)]) -> Vec<(String, u64)> {
    bins.iter().map(|(name, hits)| (name.to_string(), *hits)).collect()
}

#[test]
fn translations_are_counted_once_each_by_what_they_were() -> Outcome {
    let (mut bench, _, collector) = counted()?;
    bench.burst_read(STREAM, VA, 4, 3)?;
    bench.burst_read(STREAM, VA + 0x40, 4, 3)?;
    bench.burst_write(STREAM, VA + 0x1000, 1, 3, |_| 7)?;
    bench.drain()?;
    assert_eq!(bins(&collector, "leaf"), hit(&[("4k/3/page/read", 2), ("4k/3/page/write", 1)]));
    assert_eq!(bins(&collector, "region"), hit(&[("4k/0/TTBR0", 3)]));
    assert_eq!(bins(&collector, "scope"), hit(&[("4k/page/one ASID", 3)]));
    assert_eq!(bins(&collector, "walk"), hit(&[("4k/0", 2), ("4k/4", 1)]), "the second page came with the line of the first");
    assert_eq!(bins(&collector, "permission"), hit(&[("all rw/user/read", 2), ("all rw/user/write", 1)]));
    assert_eq!(bins(&collector, "path"), hit(&[("hit/read", 1), ("no walk of its own/write", 1), ("walk/read", 1)]));
    assert_eq!(bins(&collector, "burst"), hit(&[("INCR/1/write/forwarded", 1), ("INCR/4/read/forwarded", 2)]));
    assert_eq!(
        bins(&collector, "stream"),
        hit(&[("translating bank/forwarded/read", 2), ("translating bank/forwarded/write", 1)])
    );
    assert_eq!(bins(&collector, "context fault"), []);
    assert_eq!(bins(&collector, "invalidation"), []);
    Ok(())
}

#[test]
fn a_burst_that_was_only_started_counts_for_nothing() -> Outcome {
    let (mut bench, _, collector) = counted()?;
    bench.port(0).start(Burst::read(STREAM, VA, 4, 3));
    bench.run_cycles(12)?;
    for group in ["leaf", "burst", "path", "stream", "protection", "response"] {
        assert_eq!(bins(&collector, group), [], "{group}");
    }
    bench.drain()?;
    assert_eq!(bins(&collector, "leaf"), hit(&[("4k/3/page/read", 1)]));
    Ok(())
}

#[test]
fn faults_are_counted_as_refused_recorded_and_handled() -> Outcome {
    let (mut bench, _, collector) = counted()?;
    assert_eq!(bench.read32(regs::CB_FSR.offset(PARAMS, BANK))?, 0);
    bench.burst_write(STREAM, VA + 0x3000, 2, 3, |_| 1)?;
    assert_eq!(bins(&collector, "context fault"), hit(&[("PF/3/write/error", 1)]));
    assert_eq!(bins(&collector, "permission fault"), hit(&[("user/write", 1)]));
    assert_eq!(bins(&collector, "context status"), [], "nobody has read it yet");
    bench.burst_read(STREAM, VA, 1, 3)?;
    assert_eq!(bins(&collector, "blocked"), hit(&[("read/error", 1)]));
    bench.fault_record(BANK)?;
    assert_eq!(bins(&collector, "context status"), hit(&[("PF/several", 1)]));
    assert_eq!(bins(&collector, "syndrome"), hit(&[("user/write", 1)]));
    bench.clear_fault(BANK)?;
    bench.read32(regs::CB_FSR.offset(PARAMS, BANK))?;
    assert_eq!(bins(&collector, "fault handling"), hit(&[("FSR/a fault came", 1), ("FSR/cleared", 1)]));
    let lines = [("context/falls", 1), ("context/high at a read of a fault", 1), ("context/rises", 1)];
    assert_eq!(bins(&collector, "interrupt"), hit(&lines));
    Ok(())
}

#[test]
fn a_status_that_software_wrote_is_no_fault_of_the_hardware() -> Outcome {
    let (mut bench, _, collector) = counted()?;
    let fsr = regs::CB_FSR.offset(PARAMS, BANK);
    assert_eq!(bench.read32(fsr)?, 0);
    bench.write32(regs::CB_FSRRESTORE.offset(PARAMS, BANK), 1 << 1)?;
    assert_eq!(bench.read32(fsr)? & 2, 2);
    assert_eq!(bins(&collector, "context status"), []);
    assert_eq!(bins(&collector, "fault handling"), hit(&[("FSR/restored", 1)]));
    Ok(())
}

#[test]
fn an_invalidation_counts_for_its_effect_only_when_that_is_seen() -> Outcome {
    let (mut bench, _, collector) = counted()?;
    bench.burst_read(STREAM, VA, 1, 3)?;
    bench.drain()?;
    bench.invalidate_page(BANK, ASID, VA)?;
    assert_eq!(bins(&collector, "invalidation"), hit(&[("CB_TLBIVAL/nothing", 1)]));
    assert_eq!(bins(&collector, "invalidation effect"), []);
    assert_eq!(bins(&collector, "synchronization").len(), 1);
    bench.run_cycles(100)?;
    bench.burst_read(STREAM, VA, 1, 3)?;
    bench.drain()?;
    assert_eq!(bins(&collector, "invalidation effect"), hit(&[("CB_TLBIVAL/page walked again", 1)]));
    // Another page's entry is not named, and does not walk.
    bench.invalidate_page(BANK, ASID, VA + 0x10_0000)?;
    bench.run_cycles(100)?;
    bench.burst_read(STREAM, VA, 1, 3)?;
    bench.drain()?;
    let both = [("CB_TLBIVAL/not named: no walk", 1), ("CB_TLBIVAL/page walked again", 1)];
    assert_eq!(bins(&collector, "invalidation effect"), hit(&both));
    Ok(())
}

#[test]
fn what_came_just_after_a_register_write_is_not_taken_for_certain() -> Outcome {
    let (mut bench, _, collector) = counted()?;
    bench.port(0).start(Burst::read(STREAM, VA, 1, 3));
    bench.write32(regs::CB_CONTEXTIDR.offset(PARAMS, BANK), 5)?;
    bench.drain()?;
    assert_eq!(bins(&collector, "leaf"), []);
    assert_eq!(bins(&collector, "race"), hit(&[("read/forwarded", 1)]));
    Ok(())
}

fn smmu(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_smmu")).args(arguments).output().expect("the program starts")
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn files_are_merged_and_reported() -> Outcome {
    let folder = folder("coverage-merge");
    let file = |name: &str| folder.join(name).display().to_string();
    let (mut bench, _, collector) = counted()?;
    bench.burst_read(STREAM, VA, 4, 3)?;
    collector.database().write(Path::new(&file("a.json"))).expect("written");
    bench.burst_write(STREAM, VA, 4, 3, |_| 1)?;
    collector.database().write(Path::new(&file("b.json"))).expect("written");
    let merge = smmu(&["coverage", "merge", &file("a.json"), &file("b.json"), "-o", &file("all.json")]);
    assert!(merge.status.success(), "{merge:?}");
    let all = Database::read(Path::new(&file("all.json"))).expect("a database");
    assert_eq!((all.hits("mini", "leaf", "4k/3/page/read"), all.hits("mini", "leaf", "4k/3/page/write")), (2, 1));
    let report = smmu(&["coverage", "report", &file("all.json"), "--html", &file("all.html"), "--xml", &file("all.xml")]);
    let text = String::from_utf8_lossy(&report.stdout).into_owned();
    assert_eq!(report.status.code(), Some(0));
    assert!(text.contains("preset mini: 2 runs") && text.contains("CV-1 leaf: 4k/2/block/read\n"), "{text}");
    assert!(std::fs::read_to_string(file("all.html")).expect("the page").contains("<h2 id=\"holes\">"));
    assert!(std::fs::read_to_string(file("all.xml")).expect("the XML").contains("abs_name=\"top.mini.leaf\""));
    assert_eq!(smmu(&["coverage", "report", &file("all.json"), "--check"]).status.code(), Some(1), "there are holes");
    let json = smmu(&["coverage", "report", &file("all.json"), "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(json["presets"][0]["groups"][0]["name"], "leaf");
    Ok(())
}

#[test]
fn files_that_cannot_be_used_are_wrong_use() {
    let folder = folder("coverage-wrong");
    let file = |name: &str| folder.join(name).display().to_string();
    std::fs::write(file("other.json"), "{\"format\": \"other\", \"version\": 1}").expect("written");
    std::fs::write(file("none.json"), Database::default().to_json()).expect("written");
    for arguments in [
        vec!["coverage", "report", "no-such-file.json"],
        vec!["coverage", "report", &file("other.json")],
        vec!["coverage", "merge", &file("other.json"), "-o", &file("out.json")],
        vec!["coverage", "report", &file("none.json"), "--code", "mini"],
        vec!["coverage", "report", &file("none.json"), "--code", "maxi=no-such.dat"],
        vec!["coverage", "lcov", "no-such.dat", "-o", &file("out.info")],
    ] {
        let output = smmu(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert!(!output.stderr.is_empty());
    }
    assert_eq!(smmu(&["coverage", "report", &file("none.json"), "--check"]).status.code(), Some(1), "nothing is not all");
}
