//! Isolation as a rule of its own: no access reaches the memory that its stream has no way to.
//!
//! Every address that comes downstream must be *reachable*: there is a client transaction in flight with the same payload, and the
//! registers and tables, as they stood at some moment that the hardware may still act on, lead from its stream and address to every
//! byte of the access, for a read or a write as it is. Anything else is a [`Leak`], whatever the reference model or the scoreboard say:
//! nothing of them is used here. [`registers`] mirrors the few registers that count from the writes on the register port, [`tables`]
//! follows descriptors by plain recursion, over every value that a descriptor may still have for the hardware.
//!
//! What the hardware may still act on:
//!
//! | what | until |
//! | --- | --- |
//! | stream mapping, kind of the bank, translation on or off | the response of the write that changed it; a transaction accepted until then may have either |
//! | a bank's table configuration (TCR, TCR2, TTBRs), a descriptor | the end of a synchronization of an invalidation that began after the change and names the translation |
//!
//! The rule looks at addresses and at who may read and write. It does not look at access flags, execute permissions, walk
//! errors or faults that are pending: those are the scoreboard's.

mod registers;
mod tables;
#[cfg(test)]
mod tests;

use crate::memory::{Change, Memory};
use registers::Registers;
use smmu_rtl::params::Params;
use smmu_sim::dut::{AddrBeat, Inputs, Outputs};
use tables::{Descriptors, Route};

/// An access that its stream has no way to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cycle {cycle}: isolation is broken: {text}")]
pub struct Leak {
    /// Cycle in which the address stood downstream for the first time.
    pub cycle: u64,
    /// The access, and who may have asked for it.
    pub text: String,
}

/// A client transaction in flight.
#[derive(Clone, Copy, Debug)]
struct Asked {
    beat: AddrBeat,
    accepted: u64,
    gone: bool,
}

/// The rule. See the module's header.
pub struct Isolation {
    params: Params,
    registers: Registers,
    descriptors: Descriptors,
    /// In flight, oldest first, for each client port: reads, writes.
    asked: Vec<[Vec<Asked>; 2]>,
    /// The read, and the write address that stands downstream was looked at, for each port.
    seen: Vec<[bool; 2]>,
    changes: Vec<Change>,
}

impl Isolation {
    /// For hardware out of reset.
    pub fn new(params: &Params) -> Self {
        Isolation {
            params: *params,
            registers: Registers::new(params),
            descriptors: Descriptors::default(),
            asked: (0..params.tbus).map(|_| [Vec::new(), Vec::new()]).collect(),
            seen: vec![[false; 2]; params.tbus],
            changes: Vec::new(),
        }
    }

    /// Hardware reset.
    pub fn reset(&mut self) {
        *self = Isolation::new(&self.params);
    }

    /// One cycle.
    ///
    /// # Errors
    /// An access that is not reachable.
    pub fn observe(&mut self, cycle: u64, outputs: &Outputs, inputs: &Inputs, memory: &mut Memory) -> Result<(), Leak> {
        memory.take_journal(&mut self.changes);
        for change in &self.changes {
            self.descriptors.replaced(change, cycle);
        }
        self.registers.observe(cycle, &outputs.ctrl, &inputs.ctrl);
        for (port, (client, hardware)) in inputs.s_axi.iter().zip(&outputs.s_axi).enumerate() {
            if client.arvalid && hardware.arready {
                self.asked[port][0].push(Asked { beat: client.ar, accepted: cycle, gone: false });
            }
            if client.awvalid && hardware.awready {
                self.asked[port][1].push(Asked { beat: client.aw, accepted: cycle, gone: false });
            }
        }
        for (port, (down, slave)) in outputs.m_axi.iter().zip(&inputs.m_axi).enumerate() {
            for (write, valid, beat, ready) in
                [(false, down.arvalid, &down.ar, slave.arready), (true, down.awvalid, &down.aw, slave.awready)]
            {
                if valid && !self.seen[port][usize::from(write)] {
                    self.judge(cycle, port, write, beat, memory)?;
                }
                self.seen[port][usize::from(write)] = valid && !ready;
            }
        }
        for (port, (client, hardware)) in inputs.s_axi.iter().zip(&outputs.s_axi).enumerate() {
            if hardware.rvalid && client.rready && hardware.r.last {
                answered(&mut self.asked[port][0], hardware.r.id);
            }
            if hardware.bvalid && client.bready {
                answered(&mut self.asked[port][1], hardware.b.id);
            }
        }
        let oldest = self.asked.iter().flatten().flatten().map(|asked| asked.accepted).min();
        self.registers.forget(oldest.unwrap_or(cycle));
        Ok(())
    }

    /// An address stands downstream of that client port.
    fn judge(&mut self, cycle: u64, port: usize, write: bool, beat: &AddrBeat, memory: &Memory) -> Result<(), Leak> {
        let queue = &self.asked[port][usize::from(write)];
        let same = |asked: &Asked| !asked.gone && asked.beat.id == beat.id && asked.beat.user == beat.user & 0xffff;
        let found = queue.iter().position(|asked| same(asked) && self.reaches(asked, beat, write, memory));
        if let Some(n) = found {
            self.asked[port][usize::from(write)][n].gone = true;
            return Ok(());
        }
        let suspects: Vec<String> =
            queue.iter().filter(|asked| same(asked)).map(|asked| format!("{:#x}", asked.beat.addr)).collect();
        let kind = if write { "write" } else { "read" };
        let whose = if suspects.is_empty() {
            "no transaction of this stream and id is in flight".to_string()
        } else {
            format!("no way leads there from {}", suspects.join(", "))
        };
        let (addr, user, id) = (beat.addr, beat.user & 0xffff, beat.id);
        Err(Leak { cycle, text: format!("{kind} at {addr:#x} by stream {user:#x}, id {id}: {whose}") })
    }

    /// Whether a client transaction may have become this access.
    fn reaches(&self, asked: &Asked, beat: &AddrBeat, write: bool, memory: &Memory) -> bool {
        let client = &asked.beat;
        let same_shape = (client.len, client.size, client.burst) == (beat.len, beat.size, beat.burst);
        if !same_shape || (client.addr ^ beat.addr) & 0xfff != 0 {
            return false;
        }
        let (first, last) = span(beat);
        // The client's bytes lie around its address as the access's do around its own.
        let shift = client.addr.wrapping_sub(beat.addr);
        let routes = self.registers.routes(asked.accepted, client.user);
        (first >> 12..=last >> 12).all(|page| {
            let pa = page << 12;
            routes.iter().any(|route| match route {
                Route::Through => pa.wrapping_add(shift) == pa && pa >> self.params.output_bits() == 0,
                Route::Tables(way) => {
                    let privileged = way.privileged.unwrap_or(client.prot & 1 == 1);
                    self.descriptors.lead(way, &self.registers, memory, pa.wrapping_add(shift), pa, write, privileged)
                }
            })
        })
    }
}

/// The oldest of this id has its last answer.
fn answered(queue: &mut Vec<Asked>, id: u32) {
    if let Some(n) = queue.iter().position(|asked| asked.beat.id == id) {
        queue.remove(n);
    }
}

/// First and last byte that an access may touch.
fn span(beat: &AddrBeat) -> (u64, u64) {
    let bytes = 1u64 << beat.size;
    let all = bytes * (u64::from(beat.len) + 1);
    let aligned = beat.addr / bytes * bytes;
    match beat.burst {
        0 => (beat.addr, aligned + bytes - 1),
        2 => (beat.addr / all * all, beat.addr / all * all + all - 1),
        _ => (beat.addr, aligned + all - 1),
    }
}
