//! The cover groups, by theme, each beside the code that samples it.

mod beside;
mod bus;
mod faults;
mod maintenance;
mod pressure;
mod records;
mod registers;
mod second;
mod second_maintenance;
mod stalls;
mod traffic;
mod translation;
mod watch;

use super::collector::{Counts, Life, Now};
use super::plan::Plan;
use crate::bench::observe::{Answered, Event, Forwarded, RegisterAccess};
use smmu_rtl::params::Params;
use smmu_rtl::registers::{self as regs, RegId};
use smmu_sim::dut::{Inputs, Outputs};

/// Samples some groups. Of one cycle, `cycle` comes first, then the events in their order.
pub(super) trait Sampler {
    /// The pins of one cycle.
    fn cycle(&mut self, _now: &Now, _inputs: &Inputs, _outputs: &Outputs, _counts: &mut Counts) {}
    /// Anything that happened.
    fn event(&mut self, _now: &Now, _event: &Event, _counts: &mut Counts) {}
    /// A transaction went downstream.
    fn forwarded(&mut self, _now: &Now, _life: &Life, _forwarded: &Forwarded, _counts: &mut Counts) {}
    /// A transaction has its last answer.
    fn ended(&mut self, _now: &Now, _life: &Life, _answered: &Answered, _counts: &mut Counts) {}
}

/// Adds all groups to the plan, and gives their samplers.
pub(super) fn samplers(params: &Params, plan: &mut Plan) -> Vec<Box<dyn Sampler>> {
    vec![
        Box::new(translation::Translations::new(params, plan)),
        Box::new(faults::Faults::new(params, plan)),
        Box::new(records::Records::new(params, plan)),
        Box::new(maintenance::Maintenance::new(params, plan)),
        Box::new(traffic::Traffic::new(params, plan)),
        Box::new(bus::Bursts::new(params, plan)),
        Box::new(pressure::Pressure::new(params, plan)),
        Box::new(registers::Registers::new(params, plan)),
        Box::new(second::Second::new(params, plan)),
        Box::new(second_maintenance::SecondMaintenance::new(params, plan)),
        Box::new(beside::Beside::new(params, plan)),
        Box::new(stalls::Stalls::new(params, plan)),
    ]
}

/// The axis "access".
const ACCESS: [&str; 2] = ["read", "write"];
/// The axis "granule".
const GRANULE: [&str; 3] = ["4k", "16k", "64k"];
/// The axis "response" of refused transactions.
const RESPONSE: [&str; 2] = ["error", "zeros"];
/// The axis "in flight".
const IN_FLIGHT: [&str; 4] = ["nothing", "translations", "memory accesses", "both"];
/// Why a preset has no bins of the 16 KiB granule.
const NO_16K: &str = "the preset has no 16 KiB granule (IDR2.PTFSv8): selecting it is a translation fault of level 0";

/// A register that an access reads, or whose half of the word it writes.
struct Touched {
    id: RegId,
    index: usize,
    value: u64,
    /// All strobes of its first four bytes are set; always, for a read.
    whole: bool,
}

/// The registers that an access is about: of a read the one at its offset, of a write those of both halves of the word.
fn touched<'a>(params: &'a Params, done: &'a RegisterAccess) -> impl Iterator<Item = Touched> + 'a {
    let word = done.offset & !7;
    [0, 1u32].into_iter().filter_map(move |half| {
        let (id, index) = regs::at(params, word + 4 * half)?;
        let wide = id.register().width == 64;
        if wide && half == 1 || !done.write && !wide && done.offset >> 2 & 1 != half {
            return None;
        }
        let value = if wide { done.data } else { done.data >> (32 * half) & 0xffff_ffff };
        Some(Touched { id, index, value, whole: !done.write || done.strobes >> (4 * half) & 0xf == 0xf })
    })
}

fn access(write: bool) -> usize {
    usize::from(write)
}

/// Number on the axis "granule" of log2 of a page.
fn granule(page_bits: u32) -> usize {
    match page_bits {
        12 => 0,
        14 => 1,
        _ => 2,
    }
}

/// Number on the axis "in flight".
fn in_flight(waiting: usize, downstream: usize) -> usize {
    usize::from(waiting > 0) + 2 * usize::from(downstream > 0)
}

/// Who does what: the axes of permissions.
const OPERATION: [&str; 3] = ["read", "write", "fetch"];
const PRIVILEGE: [&str; 2] = ["user", "privileged"];

/// Numbers on the axes "privilege" and "operation".
fn operation(prot: u8, write: bool) -> [usize; 2] {
    let operation = match (write, prot & 4 != 0) {
        (true, _) => 1,
        (false, true) => 2,
        (false, false) => 0,
    };
    [usize::from(prot & 1 != 0), operation]
}
