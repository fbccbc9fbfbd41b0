//! What `smmu run` prints of a run: the kernel log and a summary, as text or as JSON.

use crate::bench::stats::Stats;
use crate::linux::kernel::LogLine;
use crate::scenario::{Choices, DmaOps, DomainKind, Outcome, Report};
use serde::Serialize;
use std::fmt::{self, Display, Formatter};

/// A run, ready to be printed. The field names are an interface: scripts read the JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunReport {
    /// Name of the scenario.
    pub scenario: String,
    /// Engine of the hardware.
    pub engine: String,
    /// Sizes and straps of the hardware.
    pub preset: String,
    /// `direct` or `iommu`.
    pub dma_ops: &'static str,
    /// `dma` or `identity`.
    pub domain: &'static str,
    /// Seed of everything random.
    pub seed: u64,
    /// It ended as this combination should.
    pub ok: bool,
    /// Why, in a sentence.
    pub reason: String,
    /// Cycles that the hardware was clocked.
    pub cycles: u64,
    /// Simulated time in nanoseconds, skipped idle time included.
    pub time_ns: u64,
    /// The kernel log, without time stamps.
    pub log: Vec<String>,
    /// Context faults that the SMMU's driver handled.
    pub faults: Vec<Fault>,
    /// UFS registers 0x00 to 0x9f as the driver dumped them; empty if it did not.
    pub host_regs: Vec<u32>,
    /// What went over the SMMU's client port.
    pub transactions: Transactions,
    /// Cycles from acceptance at the client port to valid downstream.
    pub latency: Latency,
    /// What the UFS driver did once the device worked.
    pub requests: Requests,
    /// The log as the kernel shows it, for the text form.
    #[serde(skip)]
    stamped: Vec<String>,
}

/// Registers of a context fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// `FSR`.
    pub fsr: u32,
    /// `FAR`.
    pub far: u64,
    /// `FSYNR0`.
    pub fsynr0: u32,
    /// `CBFRSYNRA`.
    pub cbfrsynra: u32,
    /// Context bank as Linux numbers it.
    pub cb: usize,
}

/// Counts of AXI transactions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Transactions {
    /// Reads and writes that went downstream, and those that were refused.
    pub total: u64,
    /// Reads that went downstream.
    pub reads: u64,
    /// Writes that went downstream.
    pub writes: u64,
    /// Bytes that those reads moved.
    pub read_bytes: u64,
    /// Bytes that those writes moved.
    pub write_bytes: u64,
    /// Refused by the SMMU.
    pub refused: u64,
    /// Left two cycles after they were accepted.
    pub hits: u64,
    /// Share of hits among those that went downstream, 0 to 1.
    pub hit_rate: f64,
    /// Reads of the walker.
    pub walk_reads: u64,
}

/// Percentiles of a latency, cycles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// Half of all values are not above this.
    pub p50: u64,
    /// 90 of 100.
    pub p90: u64,
    /// 99 of 100.
    pub p99: u64,
    /// The largest.
    pub max: u64,
}

/// Requests of the file system's kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Requests {
    /// Reads, each with its data compared.
    pub reads: usize,
    /// Writes.
    pub writes: usize,
    /// Most that were in flight together.
    pub most_in_flight: usize,
}

/// As the command line takes it.
pub fn dma_ops_name(ops: DmaOps) -> &'static str {
    match ops {
        DmaOps::Direct => "direct",
        DmaOps::Iommu => "iommu",
    }
}

/// As the command line takes it.
pub fn domain_name(domain: DomainKind) -> &'static str {
    match domain {
        DomainKind::Dma => "dma",
        DomainKind::Identity => "identity",
    }
}

impl From<&Report> for RunReport {
    fn from(report: &Report) -> Self {
        let mut out = RunReport {
            scenario: report.scenario.to_string(),
            engine: report.engine.clone(),
            preset: report.preset.to_string(),
            cycles: report.cycles,
            time_ns: report.time_ns,
            ..RunReport::default()
        };
        out.set_choices(&report.choices);
        out.set_outcome(&report.outcome);
        out.set_stats(&report.stats);
        out
    }
}

impl RunReport {
    /// A run that broke off: not good, with the log up to there.
    pub fn broken(scenario: &str, engine: &str, preset: &str, choices: &Choices, error: String, log: &[LogLine]) -> Self {
        let mut out = RunReport {
            scenario: scenario.to_string(),
            engine: engine.to_string(),
            preset: preset.to_string(),
            reason: error,
            ..RunReport::default()
        };
        out.set_choices(choices);
        out.set_log(log);
        out
    }

    fn set_choices(&mut self, choices: &Choices) {
        self.dma_ops = dma_ops_name(choices.dma_ops);
        self.domain = domain_name(choices.domain);
        self.seed = choices.workload.seed;
    }

    fn set_log(&mut self, log: &[LogLine]) {
        self.log = log.iter().map(|line| line.text.clone()).collect();
        self.stamped = log.iter().map(LogLine::to_string).collect();
    }

    fn set_outcome(&mut self, outcome: &Outcome) {
        self.ok = outcome.ok;
        self.reason = outcome.reason.clone();
        self.set_log(&outcome.log);
        self.faults = outcome
            .faults
            .iter()
            .map(|f| Fault { fsr: f.fsr, far: f.far, fsynr0: f.fsynr0, cbfrsynra: f.cbfrsynra, cb: f.cb })
            .collect();
        self.host_regs = outcome.host_regs.map(|words| words.to_vec()).unwrap_or_default();
        let traffic = &outcome.traffic;
        self.requests = Requests { reads: traffic.reads, writes: traffic.writes, most_in_flight: traffic.most_in_flight };
    }

    fn set_stats(&mut self, stats: &Stats) {
        self.transactions = Transactions {
            total: stats.transactions(),
            reads: stats.reads,
            writes: stats.writes,
            read_bytes: stats.read_bytes,
            write_bytes: stats.write_bytes,
            refused: stats.refused,
            hits: stats.hits,
            hit_rate: stats.hit_rate(),
            walk_reads: stats.walk_reads,
        };
        let at = |percent| stats.latency.percentile(percent);
        self.latency = Latency { p50: at(50.0), p90: at(90.0), p99: at(99.0), max: stats.latency.max() };
    }
}

impl Display for RunReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for line in &self.stamped {
            writeln!(f, "{line}")?;
        }
        let verdict = if self.ok { "as it should" } else { "NOT AS IT SHOULD" };
        writeln!(f)?;
        writeln!(
            f,
            "{}: {} DMA ops, {} domain, preset {}, engine {}, seed {}",
            self.scenario, self.dma_ops, self.domain, self.preset, self.engine, self.seed
        )?;
        writeln!(f, "ended {verdict}: {}", self.reason)?;
        let (t, l) = (&self.transactions, &self.latency);
        writeln!(f, "  cycles        {} (simulated time {:.3} ms)", self.cycles, self.time_ns as f64 / 1e6)?;
        writeln!(f, "  transactions  {}: {} reads, {} writes, {} refused", t.total, t.reads, t.writes, t.refused)?;
        writeln!(f, "  bytes         {} read, {} written", t.read_bytes, t.write_bytes)?;
        writeln!(f, "  hits          {} ({:.1} %)", t.hits, t.hit_rate * 100.0)?;
        writeln!(f, "  walks         {} table reads", t.walk_reads)?;
        writeln!(f, "  faults        {}", self.faults.len())?;
        writeln!(f, "  latency       {} {} {} {} cycles (50, 90, 99 %, longest)", l.p50, l.p90, l.p99, l.max)?;
        let r = &self.requests;
        if r.reads + r.writes != 0 {
            writeln!(f, "  requests      {} reads, {} writes, at most {} at once", r.reads, r.writes, r.most_in_flight)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::arm_smmu::FaultRecord;
    use crate::linux::kernel::Level;
    use crate::scenario::Traffic;

    fn report() -> Report {
        let mut stats = Stats { reads: 3, writes: 1, hits: 2, refused: 1, walk_reads: 7, ..Stats::default() };
        (1..=100).for_each(|cycles| stats.latency.add(cycles));
        Report {
            scenario: "sc8180x",
            engine: "rusthdl".to_string(),
            preset: "mini",
            choices: Choices { dma_ops: DmaOps::Iommu, domain: DomainKind::Identity, ..Choices::default() },
            outcome: Outcome {
                ok: true,
                reason: "because".to_string(),
                log: vec![LogLine { time_ns: 1_234_567_890, level: Level::Err, text: "ufshcd: line".to_string() }],
                faults: vec![FaultRecord { fsr: 0x402, far: 0x1_0000_0000, fsynr0: 0x13_0000, cbfrsynra: 0x300, cb: 4 }],
                host_regs: Some(std::array::from_fn(|n| n as u32)),
                scan: -11,
                traffic: Traffic { reads: 5, writes: 6, most_in_flight: 2, ..Traffic::default() },
            },
            cycles: 4321,
            time_ns: 14_403,
            stats,
            coverage: None,
        }
    }

    #[test]
    fn json_has_the_fields_that_scripts_read() {
        let value = serde_json::to_value(RunReport::from(&report())).expect("JSON");
        assert_eq!(value["scenario"], "sc8180x");
        assert_eq!(value["engine"], "rusthdl");
        assert_eq!(value["ok"], true);
        assert_eq!(value["cycles"], 4321);
        assert_eq!(value["log"][0], "ufshcd: line");
        assert_eq!(
            value["faults"][0],
            serde_json::json!({"fsr": 0x402, "far": 0x1_0000_0000u64, "fsynr0": 0x13_0000, "cbfrsynra": 0x300, "cb": 4})
        );
        assert_eq!(value["host_regs"].as_array().map(Vec::len), Some(40));
        assert_eq!(value["host_regs"][39], 39);
        assert_eq!((&value["dma_ops"], &value["domain"]), (&"iommu".into(), &"identity".into()));
        assert_eq!((&value["latency"]["p90"], &value["transactions"]["total"]), (&90.into(), &5.into()));
    }

    #[test]
    fn text_has_the_log_with_its_time_and_the_verdict() {
        let text = RunReport::from(&report()).to_string();
        assert!(text.starts_with("[    1.234567] ufshcd: line\n"), "{text}");
        assert!(text.contains("ended as it should: because"), "{text}");
        let bad = Report { outcome: Outcome { ok: false, ..report().outcome }, ..report() };
        assert!(RunReport::from(&bad).to_string().contains("NOT AS IT SHOULD"));
    }

    #[test]
    fn a_run_that_broke_off_keeps_its_log() {
        let log = report().outcome.log;
        let broken = RunReport::broken("sm8550", "rusthdl", "sm8550", &Choices::default(), "cycle 7: x".to_string(), &log);
        assert!(!broken.ok);
        assert_eq!(broken.log, ["ufshcd: line"]);
        assert_eq!(broken.reason, "cycle 7: x");
    }
}
