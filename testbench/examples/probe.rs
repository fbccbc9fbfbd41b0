use smmu_rtl::params::*;
use smmu_testbench::random::*;
use std::time::Instant;
fn main() {
    let a: Vec<u64> = std::env::args().skip(1).map(|x| x.parse().unwrap()).collect();
    let p = if a.len() > 2 { &ZYNQMP } else { &MINI };
    let t = Instant::now();
    let mut cyc = 0;
    let mut tr = 0;
    let mut rf = 0;
    let mut fails = 0;
    let mut wr = 0;
    for seed in a[0]..a[1] {
        let prog = program(seed, p);
        let t1 = Instant::now();
        let o = execute::execute(&prog, smmu_sim::dut::device("rusthdl", p).unwrap(), Default::default());
        cyc += o.cycles;
        tr += o.transactions;
        rf += o.refused;
        wr += o.walk_reads;
        if let Some(f) = &o.failure {
            fails += 1;
            println!("seed {seed} steps {} cycles {} {:?}", prog.steps.len(), o.cycles, f);
        } else if a[1] - a[0] <= 30 {
            println!(
                "seed {seed} steps {} cycles {} trans {} refused {} walks {} {:?}",
                prog.steps.len(),
                o.cycles,
                o.transactions,
                o.refused,
                o.walk_reads,
                t1.elapsed()
            );
        }
    }
    println!("{fails} fails, {cyc} cycles, {tr} transactions {rf} refused {wr} walk reads {:?}", t.elapsed());
}
