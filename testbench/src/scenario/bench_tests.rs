//! The scenarios at pin level, with a slow SMMU made of the reference model as the device, the scoreboard on.

use super::tests::{sorted, texts, SC8180X, SM8550};
use super::*;
use crate::axi::pause::Pauses;
use crate::bench::testing::{Bug, TestSmmu};
use crate::bench::{Bench, BenchOptions};
use crate::memory::latency::Latency;

fn run(
    name: &str,
    dma_ops: DmaOps,
    domain: DomainKind,
    requests: usize,
    bench: BenchOptions,
    bug: Bug,
) -> std::result::Result<Report, RunError> {
    let params = smmu_rtl::params::preset(name).unwrap();
    let workload = Workload { requests, ..Choices::default().workload };
    let options = RunOptions {
        engine: "test".into(),
        preset: None,
        choices: Choices { dma_ops, domain, workload },
        bench,
        coverage: false,
    };
    let bench = Bench::with_device(TestSmmu::new(params, bug), options.bench.clone())?;
    Ok(run_on(soc(name).unwrap(), params, &options, bench)?.unwrap())
}

#[test]
fn the_logged_bug_through_the_pins() {
    for (name, log) in [("sc8180x", SC8180X), ("sm8550", SM8550)] {
        let report = run(name, DmaOps::Direct, DomainKind::Dma, 0, BenchOptions::default(), Bug::None).unwrap();
        assert!(report.outcome.ok, "{name}: {}", report.outcome.reason);
        assert_eq!(sorted(texts(&report.outcome)), sorted(log.lines().collect()), "{name}");
        assert_eq!((report.stats.refused, report.stats.reads, report.stats.writes), (1, 0, 0));
        assert!(report.time_ns > 556_000_000 && report.cycles < 100_000, "idle time is jumped over: {} cycles", report.cycles);
    }
}

#[test]
fn the_mirror_image_through_the_pins() {
    for name in ["sc8180x", "sm8550"] {
        let report = run(name, DmaOps::Iommu, DomainKind::Identity, 0, BenchOptions::default(), Bug::None).unwrap();
        assert!(report.outcome.ok, "{name}: {}", report.outcome.reason);
        assert!(texts(&report.outcome).iter().all(|line| !line.contains("arm-smmu")));
        assert_eq!((report.stats.refused, report.stats.reads), (0, 1), "the fetch went downstream");
    }
}

#[test]
fn reads_and_writes_through_the_pins() {
    let rough = BenchOptions {
        latency: Latency::Random { min: 4, max: 60 },
        out_of_order: true,
        pauses: Pauses::all(20),
        ..BenchOptions::default()
    };
    for (name, ops, domain, bench) in [
        ("sc8180x", DmaOps::Iommu, DomainKind::Dma, BenchOptions::default()),
        ("sm8550", DmaOps::Direct, DomainKind::Identity, BenchOptions::default()),
        ("sm8550", DmaOps::Iommu, DomainKind::Dma, rough),
    ] {
        let report = run(name, ops, domain, 30, bench, Bug::None).unwrap();
        assert!(report.outcome.ok, "{name}: {}", report.outcome.reason);
        let traffic = report.outcome.traffic;
        assert_eq!(traffic.reads + traffic.writes, 30);
        // The device writes what is read, and the other way round; lists and responses come on top.
        assert!(report.stats.write_bytes > traffic.bytes_read && report.stats.read_bytes > traffic.bytes_written);
        assert_eq!(report.stats.walk_reads > 0, domain == DomainKind::Dma);
    }
}

#[test]
fn broken_hardware_breaks_the_run_and_keeps_the_log() {
    let broken = run("sm8550", DmaOps::Direct, DomainKind::Dma, 0, BenchOptions::default(), Bug::WrongFar);
    let Err(RunError::Broken(broken)) = broken else { panic!("{broken:?}") };
    assert_eq!(broken.log[0].text, "scsi host0: ufshcd");
    assert!(broken.source.to_string().contains("scoreboard"), "{}", broken.source);
}
