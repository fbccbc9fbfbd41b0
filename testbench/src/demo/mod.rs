//! Demonstrations: one part of the architecture each, from its set-up over its use to a fault and its repair, told line by line.
//!
//! | name | shows | needs |
//! | --- | --- | --- |
//! | `nested` | a guest's tables under a hypervisor's: CBAR.TYPE 3, stage-2 fault with IPAFAR, invalidation by IPA and VMID | features `stage2`, `nested` |
//! | `short` | an AArch32 bank with short descriptors: section, small and large page, supersection, a permission fault | feature `aarch32` |
//! | `stall` | a fault that stalls: a driver maps the page and resumes, while another stream goes on; a second one is ended | feature `stall` |
//! | `ports` | four client ports in one bank, and one invalidation for all of them | four TBUs |
//! | `streams` | stream indexing: a StreamID is the number of its S2CR | feature `stream_indexing` |
//!
//! They run on every engine; what the hardware does is compared with the reference model as in every run of the bench, so a line that is
//! printed is true of both. What a line says beyond that is [`Stage::expect`]ed: if it is not so, the demonstration fails.

use crate::axi::burst::OKAY;
use crate::axi::master::{Burst, BurstDone};
use crate::bench::{Bench, BenchError, BenchOptions};
use serde::Serialize;
use smmu_rtl::params::{Aarch32, Params, FULL, INDEXED, MULTI};
use smmu_rtl::registers::RegId;
use std::fmt::{self, Display, Formatter};

mod nested;
mod ports;
mod short;
mod stall;
mod streams;

/// A demonstration.
#[derive(Debug)]
pub struct Demo {
    /// Name on the command line.
    pub name: &'static str,
    /// What it shows, one line.
    pub about: &'static str,
    /// The preset that it runs on if none is named.
    pub preset: &'static Params,
    /// What a preset has to have, and whether one has it.
    pub needs: (&'static str, fn(&Params) -> bool),
    play: fn(&mut Stage) -> Result<(), BenchError>,
}

/// All demonstrations.
pub const DEMOS: &[Demo] = &[
    Demo {
        name: "nested",
        about: "a guest's tables under a hypervisor's: translation, a stage-2 fault, invalidation by IPA",
        preset: &FULL,
        needs: ("stage 2 and nesting", |p| p.features.stage2 && p.features.nested),
        play: nested::play,
    },
    Demo {
        name: "short",
        about: "an AArch32 bank with short descriptors: sections, pages, a permission fault",
        preset: &FULL,
        needs: ("AArch32 short descriptors", |p| p.features.aarch32 == Aarch32::Both),
        play: short::play,
    },
    Demo {
        name: "stall",
        about: "a stalled fault: the page is mapped and the transaction goes on, another stream meanwhile; one that is ended",
        preset: &FULL,
        needs: ("stalled faults", |p| p.features.stall),
        play: stall::play,
    },
    Demo {
        name: "ports",
        about: "four client ports in one bank, one invalidation for all of them",
        preset: &MULTI,
        needs: ("four client ports", |p| p.tbus == 4),
        play: ports::play,
    },
    Demo {
        name: "streams",
        about: "stream indexing: a StreamID is the number of its S2CR, and one write moves a stream",
        preset: &INDEXED,
        needs: ("stream indexing", |p| p.features.stream_indexing),
        play: streams::play,
    },
];

/// The demonstration of that name.
pub fn demo(name: &str) -> Option<&'static Demo> {
    DEMOS.iter().find(|demo| demo.name == name)
}

/// One line of a demonstration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Cycle in which it was so.
    pub cycle: u64,
    /// What was done or seen.
    pub text: String,
    /// False: it should have been otherwise.
    pub ok: bool,
}

/// How a demonstration went. The field names are an interface: scripts read the JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Name of the demonstration.
    pub demo: &'static str,
    /// Engine of the hardware.
    pub engine: String,
    /// Sizes, straps and features of the hardware.
    pub preset: &'static str,
    /// Everything was as it should be.
    pub ok: bool,
    /// Cycles that the hardware was clocked.
    pub cycles: u64,
    /// The story.
    pub lines: Vec<Line>,
    /// What the run broke off with.
    pub broken: Option<String>,
}

impl Display for Shown {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} on {}, preset {}", self.demo, self.engine, self.preset)?;
        for line in &self.lines {
            writeln!(f, "{:>8}  {}{}", line.cycle, if line.ok { "" } else { "WRONG: " }, line.text)?;
        }
        match (&self.broken, self.ok) {
            (Some(why), _) => write!(f, "broken off: {why}"),
            (None, true) => write!(f, "as it should be, {} cycles", self.cycles),
            (None, false) => write!(f, "not as it should be"),
        }
    }
}

impl Demo {
    /// Runs it.
    ///
    /// # Errors
    /// The engine has no such preset, or the wave cannot be written.
    pub fn run(&'static self, params: &'static Params, engine: &str, options: BenchOptions) -> Result<Shown, BenchError> {
        let mut stage = Stage { bench: Bench::new(params, engine, options)?, lines: Vec::new() };
        let played = (self.play)(&mut stage).and_then(|()| stage.bench.drain());
        // Also a run that broke off leaves a wave that can be looked at.
        stage.bench.finish_wave()?;
        let broken = played.err().map(|error| error.to_string());
        Ok(Shown {
            demo: self.name,
            engine: engine.to_string(),
            preset: params.name,
            ok: broken.is_none() && stage.lines.iter().all(|line| line.ok),
            cycles: stage.bench.cycle(),
            lines: stage.lines,
            broken,
        })
    }
}

/// A bench, and what has been told.
pub(crate) struct Stage {
    pub bench: Bench,
    lines: Vec<Line>,
}

impl Stage {
    /// Tells what was done.
    pub fn tell(&mut self, text: impl Into<String>) {
        self.expect(true, text);
    }

    /// Tells what was seen, and whether it is as it should be.
    pub fn expect(&mut self, ok: bool, text: impl Into<String>) {
        self.lines.push(Line { cycle: self.bench.cycle(), text: text.into(), ok });
    }

    /// Offset of a register.
    pub fn at(&self, id: RegId, index: usize) -> u32 {
        id.offset(self.bench.params(), index)
    }

    /// One burst on the first port: its answer, the cycles that it took, and the table reads.
    pub fn timed(&mut self, burst: Burst) -> Result<(BurstDone, u64, u64), BenchError> {
        let (cycle, walks) = (self.bench.cycle(), self.bench.stats().walk_reads);
        let done = self.bench.burst(burst)?;
        Ok((done, self.bench.cycle() - cycle, self.bench.stats().walk_reads - walks))
    }

    /// A read of the 64-bit word at a multiple of 16 that must give `value`.
    pub fn read(&mut self, what: &str, stream: u32, addr: u64, value: u64) -> Result<(), BenchError> {
        let (done, cycles, walks) = self.timed(Burst::read(stream, addr, 1, 3))?;
        let found = (done.resp == OKAY).then(|| done.beats[0].data as u64);
        let seen = found.map_or("an error".to_string(), |found| format!("{found:#x}"));
        self.expect(
            found == Some(value),
            format!("{what}: read {addr:#x} gives {seen} after {cycles} cycles, {walks} bursts of table reads"),
        );
        Ok(())
    }

    /// A burst that must be refused, with this record in `bank`.
    pub fn refused(&mut self, what: &str, burst: Burst, bank: usize, status: u64, syndrome: u64) -> Result<(), BenchError> {
        let addr = burst.addr.addr;
        let kind = if burst.data.is_some() { "write" } else { "read" };
        let done = self.bench.burst(burst)?;
        let [fsr, far, fsynr0, sid] = self.bench.fault_record(bank)?;
        let ok = done.resp != OKAY && (fsr, far, fsynr0) == (status, addr, syndrome);
        self.expect(
            ok,
            format!(
                "{what}: {kind} at {addr:#x} gets response {}; bank {bank}: FSR {fsr:#x} FAR {far:#x} FSYNR0 {fsynr0:#x} CBFRSYNRA {sid:#x}",
                done.resp
            ),
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests;
