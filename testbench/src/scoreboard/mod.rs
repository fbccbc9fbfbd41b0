//! The scoreboard: every transaction, register access, fault record and interrupt against the reference model, always on.
//!
//! It looks at pins only, plus the log of changes of the memory that tables lie in. What it demands:
//!
//! | what | rule |
//! | --- | --- |
//! | a client transaction | goes downstream once, at the model's address with its payload untouched, or is refused as the model says, with the right beats; never both |
//! | a downstream access | belongs to a client transaction: anything else is a leak |
//! | data and responses | equal on both sides, in the order of each id |
//! | in flight during a change | any verdict that held at some moment of the transaction's life is right ([`flight`]) |
//! | caches | what held before a change stays right until a synchronized invalidation names it ([`stale`]), and a synchronization waits for the transactions that it concerns |
//! | registers | a read shows what the model has; a write holds from its response on, and may hold from its acceptance on |
//! | stalled faults (`CFCFG`) | a transaction that the model stalls may have no answer until `RESUME` ([`stall`]) |
//! | fault records, interrupts | one of the states that the order of events allows ([`records`]) |
//! | walks | read table pages only, that some transaction leads to |
//!
//! The model is kept twice: once with no fault recorded in any bank, once with one in all of them. The first says what the tables
//! say; the second whom a pending fault (`HUPCF` = 0) stops. Which of them counts for a transaction is decided by the records.
//!
//! Cost: a look at the pins each cycle; the model is asked when a transaction is accepted, and again for each one in flight when
//! something changes. Everything else happens only where the quick comparison fails.

mod answer;
mod control;
mod explain;
mod facts;
mod flight;
mod oracle;
mod records;
mod stale;
mod stall;
#[cfg(test)]
mod tests;
mod trace;
mod traffic;
mod verdict;

pub use oracle::Oracle;
pub use records::IRQ_LAG;

use crate::bench::observe::Event;
use crate::bench::stats::Stats;
use crate::memory::{Change, Memory};
use control::Control;
use flight::{Flight, Slot, Stage};
use records::{Level, Records};
use smmu_rtl::params::Params;
use smmu_rtl::registers as regs;
use smmu_sim::dut::{Inputs, Outputs};
use smmu_sim::model::Verdict;
use stale::{Epoch, Stale, Tags};
use std::rc::Rc;
use trace::Tables;

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A downstream access that no client transaction explains: isolation is broken.
    Leak,
    /// A client transaction went downstream with another address than the model's, or although it had to be refused.
    Address,
    /// A payload field of an address changed on the way.
    Payload,
    /// A transaction was refused that had to go downstream, or in the wrong way.
    Refusal,
    /// Data changed on the way, or a refused read shows data.
    Data,
    /// A response changed on the way, or has no cause.
    Response,
    /// A register read shows something else than the model.
    Register,
    /// A fault record is wrong.
    Record,
    /// An interrupt level is wrong.
    Interrupt,
    /// A synchronization ended too early, or shows activity without being asked for.
    Sync,
    /// The walker read memory that no table of an accepted transaction lies in.
    Walk,
    /// Nothing happens any more.
    Hang,
}

/// The first thing that was wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cycle {cycle}: {text}")]
pub struct Mismatch {
    /// Cycle in which it was seen.
    pub cycle: u64,
    /// Kind.
    pub kind: Kind,
    /// What was seen and what was expected.
    pub text: String,
}

/// Settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreboardOptions {
    /// Verdicts, registers, records and interrupts are compared with the model. Without it only data, payload and order are.
    pub compare: bool,
    /// Cycles without any event after which a transaction counts as hanging.
    pub watchdog: u64,
    /// The same for register accesses.
    pub register_watchdog: u64,
}

impl Default for ScoreboardOptions {
    fn default() -> Self {
        ScoreboardOptions { compare: true, watchdog: 100_000, register_watchdog: 100_000 }
    }
}

/// See the module's header.
pub struct Scoreboard {
    params: Params,
    options: ScoreboardOptions,
    cycle: u64,
    epoch: Epoch,
    /// The model with no fault recorded, and with faults recorded everywhere.
    open: Box<dyn Oracle>,
    blocked: Box<dyn Oracle>,
    /// Earlier states of both, for what was in flight then.
    past: Vec<Past>,
    records: Records,
    stale: Stale,
    resumes: stall::Resumes,
    control: Control,
    flight: Flight,
    stats: Stats,
    /// Memory as it was last looked at.
    generation: u64,
    changes: Vec<Change>,
    /// Tags of streams under the registers as they are.
    tags_of: Vec<(u32, Option<Tags>)>,
    walk_seen: bool,
    /// An address translation operation may be under way: it walks for no transaction.
    operating: bool,
    /// Until this cycle interrupt levels may be anything: a register write is being performed, or has just been.
    irq_settling: u64,
    /// What the search found, by transaction, epoch, and the write that was under way.
    searched: Vec<(Searched, Vec<Verdict>)>,
    /// What an observer has not been told yet; none without one.
    events: Option<Vec<Event>>,
}

/// A transaction's serial number, the epoch, and the write that is being performed.
type Searched = (u64, Epoch, Option<(u32, u64, u8)>);

/// Registers as they were before a write, in both models.
#[derive(Clone)]
struct Past {
    /// Epoch in which they ceased to hold.
    until: Epoch,
    open: Rc<dyn Oracle>,
    blocked: Rc<dyn Oracle>,
}

impl Scoreboard {
    /// A scoreboard for hardware out of reset. `oracle` is in its reset state.
    pub fn new(params: &Params, oracle: Box<dyn Oracle>, options: ScoreboardOptions) -> Self {
        let records = Records::new(params, &*oracle);
        let mut scoreboard = Scoreboard {
            params: *params,
            options,
            cycle: 0,
            epoch: 1,
            blocked: oracle.copy(),
            open: oracle,
            past: Vec::new(),
            records,
            stale: Stale::new(params),
            resumes: stall::Resumes::new(params),
            control: Control::default(),
            flight: Flight::new(params.tbus, params.id_width),
            stats: Stats::default(),
            generation: 0,
            changes: Vec::new(),
            tags_of: Vec::new(),
            walk_seen: false,
            operating: false,
            irq_settling: 0,
            searched: Vec::new(),
            events: None,
        };
        scoreboard.force_statuses();
        scoreboard
    }

    /// Hardware reset: nothing in flight, all registers at their reset values, caches empty.
    pub fn reset(&mut self) {
        self.open.reset();
        let mut fresh = Scoreboard::new(&self.params, self.open.copy(), self.options);
        fresh.stats = std::mem::take(&mut self.stats);
        fresh.events = self.events.take();
        fresh.cycle = self.cycle;
        fresh.irq_settling = self.cycle + IRQ_LAG;
        *self = fresh;
    }

    /// Counts.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Counts, to be reset.
    pub fn stats_mut(&mut self) -> &mut Stats {
        &mut self.stats
    }

    /// What the result register at `result` shows after the 64-bit write `(offset, word)` of an address translation operation, as registers
    /// and tables are.
    pub fn result_of(&self, (offset, word): (u32, u64), result: u32, memory: &mut Memory) -> u64 {
        let mut model = self.open.copy();
        let mut tables = Tables::new(memory);
        // Those before are through.
        model.settle(&mut tables);
        oracle::poke(&mut *model, offset, word, 8);
        model.settle(&mut tables);
        model.read(result, 8)
    }

    /// Transactions in flight.
    pub fn in_flight(&self) -> usize {
        self.flight.len()
    }

    /// Nothing is in flight on any port.
    pub fn quiet(&self) -> bool {
        self.flight.is_empty() && self.flight.ports.iter().all(|port| port.down.data.is_empty()) && self.control.idle()
    }

    /// One cycle: what stands on the pins of both sides. `held`: the test has stopped a client channel, so that time without events
    /// means nothing.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn observe(
        &mut self,
        cycle: u64,
        outputs: &Outputs,
        inputs: &Inputs,
        memory: &mut Memory,
        held: bool,
    ) -> Result<(), Mismatch> {
        self.cycle = cycle;
        if memory.changed() || memory.generation() != self.generation {
            self.tables_changed(memory);
        }
        for (port, (client, hardware)) in inputs.s_axi.iter().zip(&outputs.s_axi).enumerate() {
            if client.awvalid && hardware.awready {
                self.accept(port, true, &client.aw, memory);
            }
            if client.arvalid && hardware.arready {
                self.accept(port, false, &client.ar, memory);
            }
            if client.wvalid && hardware.wready {
                self.flight.ports[port].data.push_back(client.w);
            }
        }
        self.control_port(outputs, inputs, memory)?;
        for (port, (hardware, slave)) in outputs.m_axi.iter().zip(&inputs.m_axi).enumerate() {
            self.downstream(port, hardware, slave, memory)?;
        }
        self.walk_port(outputs, inputs, memory)?;
        for (port, (client, hardware)) in inputs.s_axi.iter().zip(&outputs.s_axi).enumerate() {
            if hardware.rvalid && client.rready {
                self.client_r(port, &hardware.r, memory)?;
            }
            if hardware.bvalid && client.bready {
                self.client_b(port, &hardware.b, memory)?;
            }
        }
        if self.options.compare {
            self.interrupts(outputs, memory)?;
        }
        if cycle.is_multiple_of(256) {
            self.watchdog(held, memory)?;
        }
        Ok(())
    }

    fn fail<T>(&self, kind: Kind, text: String) -> Result<T, Mismatch> {
        Err(Mismatch { cycle: self.cycle, kind, text })
    }

    /// Keeps the two models at "no fault" and "faults everywhere".
    fn force_statuses(&mut self) {
        for bank in 0..self.params.num_cb {
            self.force_status(bank);
        }
        self.force_status(self.params.num_cb);
    }

    fn force_status(&mut self, recorder: usize) {
        let (status, restore, index, any) = if recorder == self.params.num_cb {
            (regs::SGFSR, regs::SGFSRRESTORE, 0, 1)
        } else {
            (regs::CB_FSR, regs::CB_FSRRESTORE, recorder, 2)
        };
        oracle::poke(&mut *self.open, status.offset(&self.params, index), u64::MAX, 4);
        oracle::poke(&mut *self.blocked, restore.offset(&self.params, index), any, 4);
    }

    /// The walk port: counted, and every read must be of a page that a table lies in.
    fn walk_port(&mut self, outputs: &Outputs, inputs: &Inputs, memory: &mut Memory) -> Result<(), Mismatch> {
        let walk = &outputs.m_axi_ptw;
        if !walk.arvalid {
            self.walk_seen = false;
            return Ok(());
        }
        let known = !self.options.compare || self.operating;
        if !self.walk_seen && !known && !memory.watched(walk.ar.addr) && !self.walk_explained(walk.ar.addr, memory) {
            let text = format!("the walker reads {:#x}, where no table of any accepted transaction is", walk.ar.addr);
            return self.fail(Kind::Walk, text);
        }
        self.walk_seen = !inputs.m_axi_ptw.arready;
        if inputs.m_axi_ptw.arready {
            self.stats.walk_reads += 1;
        }
        Ok(())
    }

    /// Whether something that caches may still hold leads a transaction in flight to a table at `addr`. Looking there watches its page.
    fn walk_explained(&mut self, addr: u64, memory: &mut Memory) -> bool {
        let waiting: Vec<Slot> = self.flight.live().filter(|&slot| self.flight.slots[slot].stage == Stage::Waiting).collect();
        for slot in waiting {
            self.search(slot, memory, |_| false);
            if memory.watched(addr) {
                return true;
            }
        }
        false
    }

    fn interrupts(&mut self, outputs: &Outputs, memory: &mut Memory) -> Result<(), Mismatch> {
        // What counts when is not seen on the pins: tests of their own look at it.
        if outputs.irq_pmu && !self.params.features.pmu {
            return self.fail(Kind::Interrupt, "irq_pmu is high, although nothing counts yet".to_string());
        }
        let global = self.records.global();
        let (level, _) = self.records.level(global);
        let global_wrong = match level {
            Level::High => !outputs.irq_global,
            Level::Low => outputs.irq_global,
            Level::Unsure => false,
        };
        let wrong = self.records.wrong_levels(&outputs.irq_context.data);
        if !global_wrong && wrong == [0, 0] || self.cycle <= self.irq_settling {
            return Ok(());
        }
        if global_wrong {
            self.wrong_level(global, "irq_global".to_string(), memory)?;
        }
        for bank in 0..self.params.num_cb {
            if wrong[bank / 64] >> (bank % 64) & 1 == 1 {
                self.wrong_level(bank, format!("irq_context[{bank}]"), memory)?;
            }
        }
        let beyond = |n: usize| match self.params.num_cb.saturating_sub(64 * n) {
            0 => u64::MAX,
            banks if banks >= 64 => 0,
            banks => u64::MAX << banks,
        };
        if (0..2).any(|n| wrong[n] & beyond(n) != 0) {
            return self.fail(Kind::Interrupt, "an interrupt of a bank that does not exist is high".to_string());
        }
        Ok(())
    }

    fn wrong_level(&mut self, recorder: usize, name: String, memory: &mut Memory) -> Result<(), Mismatch> {
        let (level, since) = self.records.level(recorder);
        let explained = self.cycle <= since + IRQ_LAG
            || self.control.writing()
            || recorder == self.records.global() && self.control.illegal_read(&self.params)
            || level == Level::Low && self.enabled(recorder) && !self.potential_deep(recorder, memory).is_empty();
        if explained {
            return Ok(());
        }
        let must = if level == Level::High { "high" } else { "low" };
        let state = self.records.describe(recorder);
        self.fail(
            Kind::Interrupt,
            format!("{name} must be {must} since cycle {since} (at most {IRQ_LAG} later); record: {state}"),
        )
    }

    fn enabled(&self, recorder: usize) -> bool {
        if recorder == self.records.global() {
            self.blocked.irq_global()
        } else {
            self.blocked.irq_context(recorder)
        }
    }

    /// Looks for what has stopped. Called every 256 cycles.
    fn watchdog(&mut self, held: bool, memory: &mut Memory) -> Result<(), Mismatch> {
        if held {
            let now = self.cycle;
            self.flight.slots.iter_mut().for_each(|t| t.progress = now);
            return Ok(());
        }
        let limit = self.options.watchdog;
        let late = |slot: &Slot| self.cycle - self.flight.slots[*slot].progress > limit;
        let late: Vec<Slot> = self.flight.live().filter(late).collect();
        if !late.is_empty() && self.params.features.stall {
            self.flight.live().collect::<Vec<Slot>>().into_iter().for_each(|slot| self.note_cached_stalls(slot, memory));
        }
        let (held, lost): (Vec<Slot>, Vec<Slot>) = late.into_iter().partition(|&slot| self.may_be_held(slot));
        // The way that is left to one that is held no longer takes its time again.
        for slot in held {
            self.flight.slots[slot].progress = self.cycle;
        }
        if let Some(&slot) = lost.first() {
            let t = &self.flight.slots[slot];
            let text = format!("nothing happened for more than {limit} cycles to the {}; it is {:?}", t.describe(), t.stage);
            return self.fail(Kind::Hang, text);
        }
        if let Some((since, what)) = self.control.oldest() {
            if self.cycle - since > self.options.register_watchdog {
                return self.fail(Kind::Hang, format!("{what} has no answer since cycle {since}"));
            }
        }
        Ok(())
    }
}
