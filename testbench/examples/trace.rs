use smmu_rtl::params::*;
use smmu_testbench::bench::observe::*;
use smmu_testbench::random::*;
struct T(u64);
impl Observer for T {
    fn cycle(&mut self, c: u64, _: &smmu_sim::dut::Inputs, o: &smmu_sim::dut::Outputs) {
        self.0 = c;
        if o.m_axi_ptw.arvalid {
            println!("{c} PTW AR {:x} id {} len {}", o.m_axi_ptw.ar.addr, o.m_axi_ptw.ar.id, o.m_axi_ptw.ar.len);
        }
    }
    fn event(&mut self, e: &Event) {
        match e {
            Event::Accepted(a) => println!(
                "{} ACC #{} w={} id={} sid={:x} addr={:x} len={} size={} burst={} prot={} {:?}",
                self.0,
                a.serial,
                a.write,
                a.beat.id,
                a.beat.user,
                a.beat.addr,
                a.beat.len,
                a.beat.size,
                a.beat.burst,
                a.beat.prot,
                a.stream
            ),
            Event::Forwarded(f) => println!("{} FWD #{} pa={:x} {:?} lat {}", self.0, f.serial, f.pa, f.path, f.latency),
            Event::Answered(a) => println!("{} ANS #{} {:?}", self.0, a.serial, a.fate),
            Event::Register(r) => println!(
                "{} REG {} {:x} data={:x} strb={:x} took {} {}",
                self.0,
                if r.write { "W" } else { "R" },
                r.offset,
                r.data,
                r.strobes,
                r.cycles,
                smmu_rtl::registers::at(&MINI, r.offset).map_or("-", |x| x.0.register().name)
            ),
            other => println!("{} {:x?}", self.0, other),
        }
    }
}
fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    let r = regression::Regression::load(std::path::Path::new(&a[0])).unwrap();
    let p = preset(&r.preset).unwrap();
    let o = execute::execute(
        &r.program,
        smmu_sim::dut::device("rusthdl", p).unwrap(),
        execute::Extras { observer: Some(Box::new(T(0))), ..Default::default() },
    );
    println!("{:?}", o);
}
