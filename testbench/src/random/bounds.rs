//! How long things may take: the limits of the watchdogs, from the program and the sizes of the hardware.
//!
//! With p per cent of pauses on a channel, a beat takes `100 / (100 - p)` cycles on average, and longer than
//! `tail(p) = 40 / -ln(p / 100)` once in e^40 beats. So, with
//!
//! - `L`, `Lw`: the longest latencies of data memory and of table memory anywhere in the program;
//! - `N`: transactions in flight at most, `B`: beats of the longest burst;
//! - `c`, `d`, `w`, `r`: the slowest channel of client, data memory, table memory and register master;
//!
//! | what | may go without an event for |
//! | --- | --- |
//! | a walk | `4 (Lw + 8 mean(w) + 2 tail(w) + 24)`: four reads, the last of a line of eight; with nesting 24 reads instead of four |
//! | a transaction | `N (walk + L + B (mean(c) + mean(d))) + 4 tail(c) + 4 tail(d) + 1000`: all others in flight before it, one after the other |
//! | a register access | `16 (main TLB / 8 + 256) + 4 tail(r) + 256`: a full queue of invalidations that look at every set |
//! | a synchronization | the last two together |
//!
//! Reads of the status of a synchronization are register accesses of their own. Time in which the client holds a channel does not count.

use super::program::{Program, Step};
use crate::axi::pause::Pauses;
use crate::memory::latency::Latency;
use smmu_rtl::params::Params;

/// Limits in cycles. See the module's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// For a transaction.
    pub transaction: u64,
    /// For a register access.
    pub register: u64,
    /// For a synchronization.
    pub synchronization: u64,
}

impl Bounds {
    /// The limits that hold for a program on hardware of these sizes.
    pub fn of(program: &Program, params: &Params) -> Self {
        let around = &program.environment;
        let (mut data, mut walk) = (longest(around.latency), longest(around.walk_latency));
        let mut client = slowest(around.client);
        let mut downstream = slowest(around.downstream);
        let mut table = slowest(around.walk);
        let (mut reads, mut writes, mut beats) = (0, 0, 1);
        for timed in &program.steps {
            match timed.step {
                Step::Latency { data: other, walk: tables } => {
                    data = data.max(longest(other));
                    walk = walk.max(longest(tables));
                }
                Step::Pauses { port, pauses } => {
                    use super::program::Port;
                    let slower = match port {
                        Port::Client => &mut client,
                        Port::Downstream => &mut downstream,
                        Port::Walk => &mut table,
                    };
                    *slower = (*slower).max(slowest(pauses));
                }
                Step::Burst(burst) => {
                    *(if burst.write { &mut writes } else { &mut reads }) += 1;
                    beats = beats.max(u64::from(burst.len) + 1);
                }
                _ => {}
            }
        }
        let in_flight = reads.min(u64::from(around.outstanding.0)) + writes.min(u64::from(around.outstanding.1));
        let table_reads = if params.features.nested { 24 } else { 4 };
        let one_walk = table_reads * (walk + 8 * mean(table) + 2 * tail(table) + 24);
        let one = one_walk + data + beats * (mean(client) + mean(downstream));
        let transaction = in_flight * one + 4 * (tail(client) + tail(downstream)) + 1000;
        let register = 16 * (params.main_tlb as u64 / 8 + 256) + 4 * tail(slowest(around.control)) + 256;
        Bounds { transaction, register, synchronization: transaction + register }
    }
}

fn longest(latency: Latency) -> u64 {
    match latency {
        Latency::Fixed(cycles) => cycles.into(),
        Latency::Random { min, max } => min.max(max).into(),
    }
}

fn slowest(p: Pauses) -> u8 {
    p.aw.max(p.w).max(p.b).max(p.ar).max(p.r)
}

/// Cycles of a beat on average, rounded up.
fn mean(per_cent: u8) -> u64 {
    100u64.div_ceil(100 - u64::from(per_cent.min(99)))
}

/// Cycles that no beat takes.
fn tail(per_cent: u8) -> u64 {
    match per_cent.min(99) {
        0 => 1,
        p => (40.0 / -(f64::from(p) / 100.0).ln()).ceil() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::super::program::Environment;
    use super::*;
    use smmu_rtl::params::MINI;

    #[test]
    fn slower_memory_and_more_traffic_allow_more() {
        let mut program = Program { seed: 0, environment: Environment::calm(), steps: Vec::new() };
        let nothing = Bounds::of(&program, &MINI);
        program.environment.walk_latency = Latency::Random { min: 1, max: 500 };
        assert_eq!(Bounds::of(&program, &MINI).transaction, nothing.transaction, "no traffic, no walks");
        let steps = vec![super::super::tree::ProgramTree::draw(1, &MINI).current().steps; 4].concat();
        program.steps = steps;
        let busy = Bounds::of(&program, &MINI);
        assert!(busy.transaction > nothing.transaction + 4 * 500 * 16);
        program.environment.walk = Pauses::all(90);
        assert!(Bounds::of(&program, &MINI).transaction > busy.transaction);
        assert_eq!((tail(0), mean(0), mean(50), mean(75)), (1, 1, 2, 4));
        assert!((57..=59).contains(&tail(50)), "0.5^58 = e^-40");
    }
}
