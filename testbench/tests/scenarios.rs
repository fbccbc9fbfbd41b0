//! The scenarios on the RustHDL hardware, scoreboard on.

use smmu_testbench::bench::BenchOptions;
use smmu_testbench::scenario::{run, Choices, DmaOps, DomainKind, Report, RunOptions, Workload};

fn on_hardware(name: &str, dma_ops: DmaOps, domain: DomainKind, requests: usize) -> Report {
    let workload = Workload { requests, ..Choices::default().workload };
    let choices = Choices { dma_ops, domain, workload };
    let options = RunOptions { engine: "rusthdl".into(), preset: None, choices, bench: BenchOptions::default(), coverage: false };
    let started = std::time::Instant::now();
    let report = run(name, &options).unwrap_or_else(|error| panic!("{name} {choices:?}: {error}"));
    println!("{name} {choices:?}: {} cycles in {:?}", report.cycles, started.elapsed());
    assert!(report.outcome.ok, "{name} {choices:?}: {}", report.outcome.reason);
    report
}

/// The values of the posted logs, and the time of the failure after the fault.
#[test]
fn the_logged_bug() {
    for (name, far, fsynr0, cbfrsynra, cb) in
        [("sc8180x", 0x1_032d_b3e0, 0x13_0000, 0x300, 4), ("sm8550", 0x8_8510_93e0, 0x3b_0001, 0x60, 2)]
    {
        let report = on_hardware(name, DmaOps::Direct, DomainKind::Dma, 0);
        let [fault] = report.outcome.faults[..] else { panic!("one fault") };
        assert_eq!((fault.fsr, fault.far, fault.fsynr0, fault.cbfrsynra, fault.cb), (0x402, far, fsynr0, cbfrsynra, cb));
        let time = |what: &str| report.outcome.log.iter().find(|line| line.text.contains(what)).unwrap().time_ns;
        let ms = (time("NOP OUT failed -11") - time("Unhandled context fault")) as f64 / 1e6;
        assert!((556.0..=560.0).contains(&ms), "{name}: {ms} ms");
    }
}

#[test]
fn the_mirror_image() {
    for name in ["sc8180x", "sm8550"] {
        let report = on_hardware(name, DmaOps::Iommu, DomainKind::Identity, 0);
        assert!(report.outcome.log.iter().all(|line| !line.text.contains("arm-smmu")));
    }
}

/// A short run of each; the command line's default is 1,000 requests.
#[test]
fn ops_and_domain_in_agreement() {
    for name in ["sc8180x", "sm8550"] {
        for (ops, domain) in [(DmaOps::Iommu, DomainKind::Dma), (DmaOps::Direct, DomainKind::Identity)] {
            let report = on_hardware(name, ops, domain, 20);
            assert!(report.stats.hits > 0);
        }
    }
}
