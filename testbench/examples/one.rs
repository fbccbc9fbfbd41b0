use smmu_rtl::params::*;
use smmu_testbench::random::*;
fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    let p = if a.len() > 1 { &ZYNQMP } else { &MINI };
    let seed: u64 = a[0].parse().unwrap();
    let factory = |p| smmu_sim::dut::device("rusthdl", p);
    let r = runner::Runner { params: p, factory: &factory, watchers: None, jobs: 1, max_failures: 1, max_shrink_runs: 300 };
    let res = r.seed(seed).unwrap();
    println!("{:?} {:?}", res.outcome.failure, res.time);
    if let Some(s) = &res.shrunk {
        println!("runs {} steps {} -> {}", s.runs, s.steps_before, s.program.steps.len());
        println!("{}", res.regression(p).unwrap().to_text());
        res.regression(p).unwrap().save(std::path::Path::new(&format!("/tmp/r{seed}.json"))).unwrap();
    }
}
