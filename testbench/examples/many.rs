use smmu_rtl::params::*;
use smmu_testbench::random::*;
fn main() {
    let a: Vec<u64> = std::env::args().skip(1).map(|x| x.parse().unwrap()).collect();
    let p = if a.len() > 3 { &ZYNQMP } else { &MINI };
    let factory = |p| smmu_sim::dut::device("rusthdl", p);
    let r = runner::Runner {
        params: p,
        factory: &factory,
        watchers: None,
        jobs: 2,
        max_failures: 1000,
        max_shrink_runs: a[2] as usize,
    };
    let seeds: Vec<u64> = (a[0]..a[1]).collect();
    let t = std::time::Instant::now();
    let res = r
        .run(&seeds, &|s| {
            if let Some(f) = &s.outcome.failure {
                println!(
                    "seed {} cycles {} {} | {:?} {}",
                    s.seed,
                    s.outcome.cycles,
                    f.text,
                    s.time,
                    s.shrunk.as_ref().map_or(0, |x| x.program.steps.len())
                );
                if let Some(r) = s.regression(p) {
                    r.save(std::path::Path::new(&format!("/tmp/reg/{}.json", s.seed))).unwrap();
                }
            } else if s.time.as_secs() > 20 {
                println!("slow {} {:?}", s.seed, s.time);
            }
        })
        .unwrap();
    println!(
        "{} seeds {} cycles {} trans {:?}",
        res.len(),
        res.iter().map(|r| r.outcome.cycles).sum::<u64>(),
        res.iter().map(|r| r.outcome.transactions).sum::<u64>(),
        t.elapsed()
    );
}
