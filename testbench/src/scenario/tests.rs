//! The four combinations on both machines, with the reference model in the place of the hardware.
//!
//! Expected lines are those of the two posted logs.

use super::*;
use crate::linux::testing::FakeMachine;
use crate::ufs::host::UfsHost;

fn run(name: &str, dma_ops: DmaOps, domain: DomainKind, requests: usize) -> (Outcome, FakeMachine) {
    let soc = soc(name).unwrap();
    let params = smmu_rtl::params::preset(name).unwrap();
    let mut machine = FakeMachine::new(params, UfsHost::preset(name).unwrap(), soc.ram);
    let workload = Workload { requests, ..Choices::default().workload };
    let outcome = play(soc, &Choices { dma_ops, domain, workload }, &mut machine).unwrap();
    (outcome, machine)
}

/// The lines' texts.
pub(super) fn texts(outcome: &Outcome) -> Vec<&str> {
    outcome.log.iter().map(|line| line.text.as_str()).collect()
}

/// The order of the two interrupt handlers' lines is the machine's own: logs are compared as sets of lines.
pub(super) fn sorted(mut lines: Vec<&str>) -> Vec<&str> {
    lines.sort_unstable();
    lines
}

/// Kernel time of the line that contains `what`, nanoseconds.
fn time(outcome: &Outcome, what: &str) -> u64 {
    let mut lines = outcome.log.iter().filter(|line| line.text.contains(what));
    let line = lines.next().unwrap_or_else(|| panic!("no line with {what}"));
    assert!(lines.next().is_none(), "two lines with {what}");
    line.time_ns
}

/// What was posted, without time stamps.
pub(super) const SC8180X: &str = "\
arm-smmu 15000000.iommu: Unhandled context fault: fsr=0x402, iova=0x1032db3e0, fsynr=0x130000, cbfrsynra=0x300, cb=4
ufshcd-qcom 1d84000.ufshc: ufshcd_check_errors: saved_err 0x20000 saved_uic_err 0x0
host_regs: 00000000: 1587031f 00000000 00000300 00000000
host_regs: 00000010: 01000000 00010217 00000000 00000000
host_regs: 00000020: 00000000 00070ef5 00000000 00000000
host_regs: 00000030: 0000000f 00000001 00000000 00000000
host_regs: 00000040: 00000000 00000000 00000000 00000000
host_regs: 00000050: 032db000 00000001 00000000 00000000
host_regs: 00000060: 00000000 80000000 00000000 00000000
host_regs: 00000070: 032dd000 00000001 00000000 00000000
host_regs: 00000080: 00000000 00000000 00000000 00000000
host_regs: 00000090: 00000016 00000000 00000000 0000000c
ufshcd-qcom 1d84000.ufshc: ufshcd_err_handler started; HBA state eh_fatal; powered 1; shutting down 0; saved_err = 131072; \
saved_uic_err = 0; force_reset = 0
ufshcd-qcom 1d84000.ufshc: ufshcd_verify_dev_init: NOP OUT failed -11
ufshcd-qcom 1d84000.ufshc: ufshcd_async_scan failed: -11";

/// What was posted, without time stamps.
pub(super) const SM8550: &str = "\
scsi host0: ufshcd
ufshcd-qcom 1d84000.ufs: ufshcd_check_errors: saved_err 0x20000 saved_uic_err 0x0
host_regs: 00000000: 3587031f 00000000 00000400 00000000
host_regs: 00000010: 01000000 00010217 00000000 00000000
host_regs: 00000020: 00000000 00070ef5 00000000 00000000
host_regs: 00000030: 0000000f 00000003 00000000 00000000
host_regs: 00000040: 00000000 00000000 00000000 00000000
host_regs: 00000050: 85109000 00000008 00000000 00000000
host_regs: 00000060: 00000000 80000000 00000000 00000000
host_regs: 00000070: 8510a000 00000008 00000000 00000000
host_regs: 00000080: 00000000 00000000 00000000 00000000
host_regs: 00000090: 00000016 00000000 00000000 0000000c
arm-smmu 15000000.iommu: Unhandled context fault: fsr=0x402, iova=0x8851093e0, fsynr=0x3b0001, cbfrsynra=0x60, cb=2
ufshcd-qcom 1d84000.ufs: ufshcd_err_handler started; HBA state eh_fatal; powered 1; shutting down 0; saved_err = 131072; \
saved_uic_err = 0; force_reset = 0
ufshcd-qcom 1d84000.ufs: ufshcd_verify_dev_init: NOP OUT failed -11
ufshcd-qcom 1d84000.ufs: ufshcd_async_scan failed: -11";

#[test]
fn the_logged_bug_prints_the_logged_lines() {
    for (name, log) in [("sc8180x", SC8180X), ("sm8550", SM8550)] {
        let (outcome, _) = run(name, DmaOps::Direct, DomainKind::Dma, 0);
        assert!(outcome.ok, "{name}: {}", outcome.reason);
        assert_eq!(sorted(texts(&outcome)), sorted(log.lines().collect()), "{name}");
    }
}

#[test]
fn ten_tries_of_fourteen_jiffies() {
    for name in ["sc8180x", "sm8550"] {
        let (outcome, _) = run(name, DmaOps::Direct, DomainKind::Dma, 0);
        let ms = (time(&outcome, "NOP OUT failed") - time(&outcome, "Unhandled context fault")) as f64 / 1e6;
        assert!((556.0..=560.0).contains(&ms), "{name}: {ms} ms");
        assert!(outcome.log.windows(2).all(|pair| pair[0].time_ns < pair[1].time_ns));
    }
}

#[test]
fn the_mirror_image_has_no_line_of_the_smmu() {
    for name in ["sc8180x", "sm8550"] {
        let (outcome, _) = run(name, DmaOps::Iommu, DomainKind::Identity, 0);
        assert!(outcome.ok, "{name}: {}", outcome.reason);
        assert!(texts(&outcome).iter().all(|line| !line.contains("arm-smmu")));
        time(&outcome, "NOP OUT failed -11");
        time(&outcome, "saved_err 0x20000");
        let regs = outcome.host_regs.unwrap();
        assert_eq!([regs[0x50 / 4], regs[0x54 / 4]], [0xfffd_f000, 0xf], "an IOVA as the list's base");
        assert_eq!([regs[0x70 / 4], regs[0x74 / 4]], [0xfffd_e000, 0xf]);
    }
}

#[test]
fn with_ops_and_domain_in_agreement_everything_works() {
    for name in ["sc8180x", "sm8550"] {
        for (ops, domain) in [(DmaOps::Iommu, DomainKind::Dma), (DmaOps::Direct, DomainKind::Identity)] {
            let (outcome, machine) = run(name, ops, domain, 300);
            assert!(outcome.ok, "{name}: {}", outcome.reason);
            assert!(outcome.faults.is_empty() && outcome.host_regs.is_none());
            assert_eq!(outcome.traffic.reads + outcome.traffic.writes, 300);
            assert_eq!(outcome.traffic.most_in_flight, 8);
            assert!(outcome.traffic.reads > 100 && outcome.traffic.writes > 100);
            assert!(machine.ufs.device().unit(0).unwrap().written() > 100);
            time(&outcome, "[sda]");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let logs: Vec<_> = (0..2).map(|_| run("sc8180x", DmaOps::Iommu, DomainKind::Dma, 50).0).collect();
    assert_eq!(logs[0].log, logs[1].log);
    assert_eq!(logs[0].traffic, logs[1].traffic);
}

#[test]
fn a_run_that_does_not_end_as_it_should_is_not_ok() {
    let soc = soc("sc8180x").unwrap();
    let params = smmu_rtl::params::preset("sc8180x").unwrap();
    let mut machine = FakeMachine::new(params, UfsHost::preset("sc8180x").unwrap(), soc.ram);
    // Another stream than the device tree's: nothing matches, a global fault.
    let mut config = crate::ufs::presets::HostConfig::sc8180x();
    config.dma.stream_id = 0x301;
    machine.ufs = UfsHost::new(config, crate::ufs::presets::DeviceConfig::ufs31());
    let outcome = play(soc, &Choices::default(), &mut machine).unwrap();
    assert!(!outcome.ok);
    assert!(outcome.reason.contains("0 context faults"), "{}", outcome.reason);
    time(&outcome, "Blocked unknown Stream ID 0x301");
}

#[test]
fn other_presets_run_the_scenarios_with_their_own_values() {
    for preset in ["mini", "zynqmp"] {
        for (ops, domain) in [
            (DmaOps::Direct, DomainKind::Dma),
            (DmaOps::Iommu, DomainKind::Identity),
            (DmaOps::Iommu, DomainKind::Dma),
            (DmaOps::Direct, DomainKind::Identity),
        ] {
            let soc = soc("sm8550").unwrap();
            let params = smmu_rtl::params::preset(preset).unwrap();
            let mut machine = FakeMachine::new(params, UfsHost::preset("sm8550").unwrap(), soc.ram);
            let workload = Workload { requests: 20, ..Choices::default().workload };
            let outcome = play(soc, &Choices { dma_ops: ops, domain, workload }, &mut machine).unwrap();
            assert!(outcome.ok, "{preset}: {}", outcome.reason);
            if outcome.faults.len() == 1 {
                // No hypervisor, the strap off, 48-bit addresses: no bank number, level 0.
                assert_eq!((outcome.faults[0].fsynr0, outcome.faults[0].cb), (0, 2));
            }
        }
    }
}
