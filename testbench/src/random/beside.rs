//! Address translation operations and performance counters in random programs, for hardware that has them.
//!
//! An operation is done on caches that hold nothing and with nothing in flight, so that there is one result, which is the model's. Counters
//! run beside everything else. The run counts the bursts that it starts; when the next set-up comes, or the end, it knows exactly how many
//! accesses and reads of a stream each group must have seen, and bounds for cycles and refills. A write that a program makes of its own to a
//! counter register ends that knowledge.

use super::execute::Run;
use super::layout::STREAMS;
use super::program::*;
use crate::bench::BenchError;
use crate::scoreboard::{Kind, Mismatch};
use proptest::prelude::*;
use smmu_rtl::params::Params;
use smmu_rtl::registers::{self as regs, RegId, COUNTERS_PER_GROUP, TRANSLATION_OPERATIONS};
use std::ops::RangeInclusive;

/// Cycles from the end of a burst until its counter shows it, and more.
const SETTLED: u64 = 16;

/// A set-up of the counters that holds since `begun`.
#[derive(Clone, Debug)]
pub(super) struct Counting {
    setup: Count,
    /// Cycles in which the start was asked for, and was done.
    begun: (u64, u64),
    /// Table reads until then.
    walk_reads: u64,
    /// Accesses and reads of each port, and those of them that the filter by StreamID lets through.
    seen: Vec<[u64; 2]>,
    matched: Vec<[u64; 2]>,
}

impl Counting {
    /// A burst was started on that port.
    pub(super) fn burst(&mut self, port: usize, stream_id: u32, write: bool) {
        let id = STREAMS[self.setup.stream as usize % STREAMS.len()];
        let passes = (id ^ stream_id) & !u32::from(self.setup.mask) & 0x7fff == 0;
        for (counts, counted) in [(&mut self.seen, true), (&mut self.matched, passes)] {
            counts[port][0] += u64::from(counted);
            counts[port][1] += u64::from(counted && !write);
        }
    }

    /// What counter `n` of group `port` may have counted by now: cycles that have passed, at least and at most; table reads.
    fn increment(&self, port: usize, n: usize, cycles: (u64, u64), walk_reads: u64) -> RangeInclusive<u64> {
        let class = self.setup.classes[n];
        let (privileged, user) = ((class >> 3 ^ class >> 1) & 1 == 0, (class >> 2 ^ class) & 1 == 0);
        let on = self.setup.groups >> port & 1 == 1;
        let event = EVENTS[self.setup.events[n] as usize % EVENTS.len()];
        if !on || event == 0x1f {
            return 0..=0;
        }
        if event < 2 {
            // The divider runs on its own.
            let divided = |cycles: u64| if event == 0 { cycles } else { cycles / 64 };
            return divided(cycles.0)..=divided(cycles.1) + u64::from(event);
        }
        if !privileged && !user {
            return 0..=0;
        }
        let counts = if self.setup.filter == 1 { &self.matched[port] } else { &self.seen[port] };
        match event {
            0x08 | 0x09 => 0..=walk_reads,
            // Which bank it was, and what PRIVCFG made of it, may have changed meanwhile.
            _ if self.setup.filter == 2 || privileged != user => 0..=counts[usize::from(event == 0x11)],
            _ => counts[usize::from(event == 0x11)]..=counts[usize::from(event == 0x11)],
        }
    }
}

/// A write that may change what is counted, or the counters.
pub(super) fn disturbs(params: &Params, offset: u32) -> bool {
    let word = offset & !7;
    [word, word + 4].iter().filter_map(|&offset| regs::at(params, offset)).any(|(id, _)| id.register().name.contains("PM"))
}

pub(super) fn operation(place: BoxedStrategy<Place>, streams: u8) -> BoxedStrategy<Step> {
    let bank = prop_oneof![12 => 0..4u8, 1 => any::<u8>()];
    (0..12u8, bank, 0..streams, place)
        .prop_map(|(command, bank, stream, place)| Step::Operation(Operation { command, bank, stream, place }))
        .boxed()
}

pub(super) fn count(streams: u8) -> BoxedStrategy<Step> {
    let event = || 0..EVENTS.len() as u8;
    // Mostly all classes: then the count is known.
    let class = || prop_oneof![3 => Just(0u8), 1 => Just(15u8), 2 => 0..16u8];
    let first = || prop_oneof![2 => Just(0u32), 2 => (0..64u32).prop_map(|n| u32::MAX - n), 1 => any::<u32>()];
    let all = (
        [event(), event(), event(), event()],
        [class(), class(), class(), class()],
        [first(), first(), first(), first()],
        prop_oneof![2 => Just(0u8), 3 => Just(1), 1 => Just(2)],
        0..streams,
        prop_oneof![2 => Just(0u16), 1 => Just(3u16), 1 => Just(0x7fffu16), 1 => any::<u16>()],
        0..4u8,
        prop_oneof![3 => Just(15u8), 1 => 0..16u8],
        0..16u8,
    );
    all.prop_map(|(events, classes, first, filter, stream, mask, bank, groups, interrupts)| {
        Step::Count(Count { events, classes, first, filter, stream, mask, bank, groups, interrupts })
    })
    .boxed()
}

impl Run<'_> {
    fn reads_as(&mut self, id: RegId, index: usize) -> Result<u64, BenchError> {
        let offset = id.offset(self.bench.params(), index);
        self.bench.mmio_post_read(offset, id.register().width / 8);
        self.settle_registers()?;
        Ok(self.machine.last_value)
    }

    fn wrong<T>(&self, text: String) -> Result<T, BenchError> {
        Err(BenchError::Mismatch(Mismatch { cycle: self.bench.cycle(), kind: Kind::Register, text }))
    }

    /// Does an operation and compares its result.
    pub(super) fn operation(&mut self, o: &Operation) -> Result<(), BenchError> {
        let params = *self.bench.params();
        if !params.features.ats {
            return Ok(());
        }
        let stream = o.stream % STREAMS.len() as u8;
        let address = self.address(&o.place, stream) & !0xfff;
        self.drain()?;
        for id in [regs::TLBIALLNSNH, regs::TLBIALLH] {
            self.write(id, 0, 0);
        }
        self.post_sync(None);
        self.wait_for_sync(None)?;
        let id = TRANSLATION_OPERATIONS[o.command as usize % TRANSLATION_OPERATIONS.len()];
        let global = id.register().space == regs::Space::Global0;
        let index = if global { 0 } else { o.bank as usize % params.num_cb };
        let word = address | if global { o.bank.into() } else { 0 };
        let (status, result) = if global { (regs::GATSR, regs::GPAR) } else { (regs::CB_ATSR, regs::CB_PAR) };
        let expected = self.bench.result_of((id.offset(&params, index), word), result.offset(&params, index));
        self.write(id, index, word);
        let start = self.bench.cycle();
        while self.reads_as(status, index)? & 1 == 1 {
            let limit = self.bounds.synchronization;
            if self.bench.cycle() - start > limit {
                let what = format!("the end of {}", id.register().name);
                return Err(BenchError::Timeout { cycle: self.bench.cycle(), what, limit });
            }
        }
        let seen = self.reads_as(result, index)?;
        if seen != expected {
            let name = result.register().name;
            return self.wrong(format!("{} of {word:#x}: {name} reads {seen:#x}, must be {expected:#x}", id.register().name));
        }
        Ok(())
    }

    /// Starts counting anew.
    pub(super) fn count(&mut self, c: &Count) -> Result<(), BenchError> {
        let params = *self.bench.params();
        if !params.features.pmu {
            return Ok(());
        }
        self.counted()?;
        self.drain()?;
        self.write(regs::PMCR, 0, 0);
        let all = (1u64 << (COUNTERS_PER_GROUP * params.tbus)) - 1;
        for id in [regs::PMCNTENCLR, regs::PMINTENCLR, regs::PMOVSCLR] {
            self.write(id, 0, all);
        }
        let stream = STREAMS[c.stream as usize % STREAMS.len()];
        for group in 0..params.tbus {
            let control = u64::from(c.bank) | u64::from(c.filter & 3) << 8 | u64::from(c.groups >> group & 1) << 11;
            self.write(regs::PMCGCR, group, control);
            self.write(regs::PMCGSMR, group, u64::from(c.mask) << 16 | u64::from(stream));
            for n in 0..COUNTERS_PER_GROUP {
                let event = EVENTS[c.events[n] as usize % EVENTS.len()];
                self.write(
                    regs::PMEVTYPER,
                    COUNTERS_PER_GROUP * group + n,
                    u64::from(c.classes[n] & 15) << 28 | u64::from(event),
                );
                self.write(regs::PMEVCNTR, COUNTERS_PER_GROUP * group + n, c.first[n].into());
            }
        }
        let interrupts =
            (0..params.tbus).fold(0, |bits, group| bits | u64::from(c.interrupts & 15) << (COUNTERS_PER_GROUP * group));
        self.write(regs::PMINTENSET, 0, interrupts);
        self.write(regs::PMCNTENSET, 0, all);
        self.settle_registers()?;
        let begun = self.bench.cycle();
        self.write(regs::PMCR, 0, 1);
        self.settle_registers()?;
        self.counting = Some(Counting {
            setup: *c,
            begun: (begun, self.bench.cycle()),
            walk_reads: self.bench.stats().walk_reads,
            seen: vec![[0; 2]; params.tbus],
            matched: vec![[0; 2]; params.tbus],
        });
        Ok(())
    }

    /// Compares what was counted, if that is known, and stops counting.
    pub(super) fn counted(&mut self) -> Result<(), BenchError> {
        if self.counting.is_none() {
            return Ok(());
        }
        self.drain()?;
        self.pass(SETTLED)?;
        let Some(counting) = self.counting.take() else { return Ok(()) };
        let params = *self.bench.params();
        let at_least = self.bench.cycle() - counting.begun.1;
        self.write(regs::PMCR, 0, 0);
        self.settle_registers()?;
        let cycles = (at_least, self.bench.cycle() - counting.begun.0);
        let walk_reads = self.bench.stats().walk_reads - counting.walk_reads;
        let overflows = self.reads_as(regs::PMOVSSET, 0)?;
        for port in 0..params.tbus {
            for n in 0..COUNTERS_PER_GROUP {
                let first = counting.setup.first[n];
                let value = self.reads_as(regs::PMEVCNTR, COUNTERS_PER_GROUP * port + n)? as u32;
                let counted = u64::from(value.wrapping_sub(first));
                let range = counting.increment(port, n, cycles, walk_reads);
                let over = overflows >> (COUNTERS_PER_GROUP * port + n) & 1 == 1;
                if !range.contains(&counted) || over != ((u64::from(first) + counted) >> 32 != 0) {
                    return self.wrong(format!(
                        "counter {n} of group {port} has counted {counted}, must be {range:?}; from {first:#x} on, overflow {over}"
                    ));
                }
            }
        }
        let interrupts = self.reads_as(regs::PMINTENSET, 0)?;
        let (level, due) = (self.bench.device().outputs().irq_pmu, overflows & interrupts != 0);
        if level != due {
            return self.wrong(format!("irq_pmu is {level}: overflows {overflows:#x}, interrupts {interrupts:#x}"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smmu_rtl::params::FULL;

    const ALL: Count = Count {
        events: [0, 1, 4, 5],
        classes: [0; 4],
        first: [0; 4],
        filter: 1,
        stream: 0,
        mask: 0,
        bank: 0,
        groups: 1,
        interrupts: 0,
    };

    fn counting(setup: Count) -> Counting {
        Counting { setup, begun: (0, 0), walk_reads: 0, seen: vec![[0; 2]], matched: vec![[0; 2]] }
    }

    #[test]
    fn accesses_are_known_exactly_unless_the_filter_is_not() {
        let mut known = counting(ALL);
        known.burst(0, STREAMS[0], true);
        known.burst(0, STREAMS[0], false);
        known.burst(0, STREAMS[1], false);
        let increments = |counting: &Counting| [0, 1, 2, 3].map(|n| counting.increment(0, n, (100, 140), 9));
        assert_eq!(increments(&known), [100..=140, 1..=3, 2..=2, 1..=1]);
        let all = Counting { setup: Count { filter: 0, ..ALL }, ..known.clone() };
        assert_eq!(increments(&all)[2..], [3..=3, 2..=2]);
        let by_bank = Counting { setup: Count { filter: 2, ..ALL }, ..known.clone() };
        assert_eq!(increments(&by_bank)[2..], [0..=3, 0..=2]);
        // P alone differs from NSP: user accesses only, and which those are is not known.
        let users = Counting { setup: Count { classes: [8; 4], ..ALL }, ..known.clone() };
        assert_eq!(increments(&users)[2..], [0..=2, 0..=1]);
        let nobody = Counting { setup: Count { classes: [12; 4], ..ALL }, ..known.clone() };
        assert_eq!(increments(&nobody), [100..=140, 1..=3, 0..=0, 0..=0]);
        let off = Counting { setup: Count { groups: 0, ..ALL }, ..known };
        assert_eq!(increments(&off), [0..=0, 0..=0, 0..=0, 0..=0]);
    }

    #[test]
    fn writes_to_counter_registers_are_known() {
        assert!(disturbs(&FULL, regs::PMCR.offset(&FULL, 0)));
        assert!(disturbs(&FULL, regs::CB_PMEVCNTR.offset(&FULL, 1) ^ 4));
        assert!(!disturbs(&FULL, regs::CB_SCTLR.offset(&FULL, 1)));
    }
}
