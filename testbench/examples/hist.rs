use smmu_rtl::params::*;
use smmu_testbench::bench::observe::*;
use smmu_testbench::random::*;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
#[derive(Clone, Default)]
struct H(Rc<RefCell<BTreeMap<String, u64>>>);
impl Observer for H {
    fn cycle(&mut self, _: u64, _: &smmu_sim::dut::Inputs, _: &smmu_sim::dut::Outputs) {}
    fn event(&mut self, e: &Event) {
        let k = match e {
            Event::Accepted(a) => format!("acc {}", format!("{:?}", a.stream).split(' ').next().unwrap()),
            Event::Forwarded(f) => format!(
                "fwd {:?} {}",
                f.path,
                f.translation.map_or("-".into(), |t| format!("g{} l{} r{}", t.granule, t.level, t.region))
            ),
            Event::Answered(a) => match a.fate {
                Fate::Refused { raz, fault } => format!("ref raz={raz} {:?}", fault.map(|f| (f.global, f.code, f.level, f.ptwf))),
                Fate::Done { resp } => format!("done {resp}"),
            },
            Event::Invalidation { id, .. } => format!("inv {}", id.register().name),
            Event::SyncCompleted { .. } => "synccomp".into(),
            Event::SyncIssued { .. } => "syncissue".into(),
            Event::Reset { .. } => "reset".into(),
            Event::Register(r) => format!("reg w={}", r.write),
            Event::TableChanged { .. } => "tablechange".into(),
            _ => "other".into(),
        };
        *self.0.borrow_mut().entry(k).or_default() += 1;
    }
}
fn main() {
    let a: Vec<u64> = std::env::args().skip(1).map(|x| x.parse().unwrap()).collect();
    let p = &MINI;
    let h = H::default();
    for seed in a[0]..a[1] {
        let prog = program(seed, p);
        execute::execute(
            &prog,
            smmu_sim::dut::device("rusthdl", p).unwrap(),
            execute::Extras { observer: Some(Box::new(h.clone())), ..Default::default() },
        );
    }
    for (k, v) in h.0.borrow().iter() {
        println!("{v:6} {k}");
    }
}
