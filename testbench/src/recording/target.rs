//! What a recording is played on: the reference model, or hardware on any engine behind the bench.

use super::Status;
use crate::axi::master::Burst;
use crate::bench::{Bench, BenchError, BenchOptions};
use smmu_rtl::params::Params;
use smmu_sim::model::{Access, Model, TableMemory, Verdict};
use std::collections::HashMap;
use std::ops::Range;

/// Cycles after which an interrupt line has followed a fault record or a register write.
const INTERRUPT_CYCLES: u64 = 16;
/// Cycles after which a transaction without an answer is taken to be stalled. Walks of the bench's memory are far shorter.
const STALL_CYCLES: u64 = 2000;

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub status: Status,
    /// The downstream address, if it went downstream.
    pub pa: Option<u64>,
}

/// Something that a recording can be played on. Offsets are byte offsets in its own register space.
pub trait Target {
    /// Declares table memory.
    fn add_memory(&mut self, start: u64, bytes: u64);
    /// A word of table memory changes.
    ///
    /// # Errors
    /// There is no memory.
    fn set_word(&mut self, pa: u64, word: u64) -> Result<(), BenchError>;
    /// A register write.
    ///
    /// # Errors
    /// The run broke off.
    fn write(&mut self, offset: u32, value: u64, bytes: u8) -> Result<(), BenchError>;
    /// A register read.
    ///
    /// # Errors
    /// The run broke off.
    fn read(&mut self, offset: u32, bytes: u8) -> Result<u64, BenchError>;
    /// A client transaction, to its answer. `stalls`: it is expected to have none.
    ///
    /// # Errors
    /// The run broke off.
    fn transact(&mut self, access: &Access, stalls: bool) -> Result<Answer, BenchError>;
    /// Level of an interrupt: line 0 global, 1 + n bank n.
    ///
    /// # Errors
    /// The run broke off.
    fn interrupt(&mut self, line: u32) -> Result<bool, BenchError>;
    /// Time passes.
    ///
    /// # Errors
    /// The run broke off.
    fn pass(&mut self, ns: u64) -> Result<(), BenchError>;
    /// Hardware reset.
    ///
    /// # Errors
    /// The run broke off.
    fn reset(&mut self) -> Result<(), BenchError>;
    /// Clock cycles so far; 0 where there are none.
    fn cycles(&self) -> u64;
    /// Ends the run.
    ///
    /// # Errors
    /// The run broke off, or a wave could not be written.
    fn finish(&mut self) -> Result<(), BenchError>;
}

/// Words of table memory in one region; all other addresses are holes.
#[derive(Clone, Debug, Default)]
pub struct Words {
    region: Range<u64>,
    words: HashMap<u64, u64>,
}

impl Words {
    /// Memory at these addresses, instead of any before.
    pub fn region(&mut self, start: u64, bytes: u64) {
        self.region = start..start.saturating_add(bytes);
    }

    /// Sets a word; false where there is no memory.
    pub fn set(&mut self, pa: u64, word: u64) -> bool {
        let there = self.region.contains(&pa);
        if there {
            self.words.insert(pa, word);
        }
        there
    }
}

impl TableMemory for Words {
    fn read64(&mut self, pa: u64) -> Option<u64> {
        self.region.contains(&pa).then(|| self.words.get(&pa).copied().unwrap_or(0))
    }
}

/// The reference model.
pub struct ModelTarget {
    model: Model,
    memory: Words,
}

impl ModelTarget {
    /// Of hardware of that size, out of reset.
    pub fn new(params: &Params) -> Self {
        ModelTarget { model: Model::new(params), memory: Words::default() }
    }
}

impl Target for ModelTarget {
    fn add_memory(&mut self, start: u64, bytes: u64) {
        self.memory.region(start, bytes);
    }

    fn set_word(&mut self, pa: u64, word: u64) -> Result<(), BenchError> {
        if self.memory.set(pa, word) {
            Ok(())
        } else {
            Err(crate::memory::MemoryError::Hole(pa).into())
        }
    }

    fn write(&mut self, offset: u32, value: u64, bytes: u8) -> Result<(), BenchError> {
        self.model.write(offset, value, bytes);
        self.model.settle(&mut self.memory);
        Ok(())
    }

    fn read(&mut self, offset: u32, bytes: u8) -> Result<u64, BenchError> {
        Ok(self.model.load(offset, bytes))
    }

    fn transact(&mut self, access: &Access, _stalls: bool) -> Result<Answer, BenchError> {
        let verdict = self.model.translate(access, &mut self.memory);
        let status = match verdict {
            Verdict::Translated { .. } => Status::Ok,
            Verdict::Refused { raz: false, .. } => Status::Aborted,
            Verdict::Refused { raz: true, .. } => Status::Zeros,
            Verdict::Stalled { .. } => Status::Stalled,
        };
        Ok(Answer { status, pa: verdict.pa() })
    }

    fn interrupt(&mut self, line: u32) -> Result<bool, BenchError> {
        Ok(match line.checked_sub(1) {
            None => self.model.irq_global(),
            Some(bank) => self.model.irq_context(bank as usize),
        })
    }

    fn pass(&mut self, _ns: u64) -> Result<(), BenchError> {
        Ok(())
    }

    fn reset(&mut self) -> Result<(), BenchError> {
        self.model.reset();
        Ok(())
    }

    fn cycles(&self) -> u64 {
        0
    }

    fn finish(&mut self) -> Result<(), BenchError> {
        Ok(())
    }
}

/// Hardware behind the bench: every access goes over its pins, and the bench checks the bus protocol and compares with the
/// model of that hardware all the while.
pub struct BenchTarget {
    bench: Bench,
    /// Accesses without an answer so far.
    stalled: usize,
}

impl BenchTarget {
    /// Hardware of that preset on that engine, out of reset.
    ///
    /// # Errors
    /// As [`Bench::new`].
    pub fn new(params: &'static Params, engine: &str, options: BenchOptions) -> Result<Self, BenchError> {
        Ok(BenchTarget { bench: Bench::new(params, engine, options)?, stalled: 0 })
    }
}

impl Target for BenchTarget {
    fn add_memory(&mut self, start: u64, bytes: u64) {
        self.bench.memory().add_region(start, bytes);
    }

    fn set_word(&mut self, pa: u64, word: u64) -> Result<(), BenchError> {
        Ok(self.bench.memory().write_u64(pa, word)?)
    }

    fn write(&mut self, offset: u32, value: u64, bytes: u8) -> Result<(), BenchError> {
        if bytes == 8 {
            self.bench.write64(offset, value)
        } else {
            self.bench.write32(offset, value as u32)
        }
    }

    fn read(&mut self, offset: u32, bytes: u8) -> Result<u64, BenchError> {
        if bytes == 8 {
            self.bench.read64(offset)
        } else {
            Ok(self.bench.read32(offset)?.into())
        }
    }

    fn transact(&mut self, access: &Access, stalls: bool) -> Result<Answer, BenchError> {
        let bus_bytes = self.bench.params().data_width / 8;
        let size = access.addr.trailing_zeros().min(3) as u8;
        let prot = u8::from(access.privileged) | u8::from(access.non_secure) << 1 | u8::from(access.instruction) << 2;
        let mut burst = Burst::read(access.stream_id, access.addr, 1, size).prot(prot);
        if access.write {
            burst = burst.into_write(bus_bytes, |_| 0);
            // No byte is written: what lies at the other end is not this recording's.
            burst.data.iter_mut().flatten().for_each(|beat| beat.strb = 0);
        }
        let handle = self.bench.port(0).start(burst);
        let start = self.bench.cycle();
        let mut pa = None;
        loop {
            let pins = &self.bench.device().outputs().m_axi[0];
            if pins.arvalid && !access.write {
                pa = Some(pins.ar.addr);
            } else if pins.awvalid && access.write {
                pa = Some(pins.aw.addr);
            }
            self.bench.tick()?;
            // Others that end are those that were stalled.
            while let Some(done) = self.bench.port(0).finished() {
                if done.handle != handle {
                    self.stalled = self.stalled.saturating_sub(1);
                    continue;
                }
                let status = match (pa, done.resp) {
                    (Some(_), _) => Status::Ok,
                    (None, 0) => Status::Zeros,
                    (None, _) => Status::Aborted,
                };
                return Ok(Answer { status, pa });
            }
            if stalls && self.bench.cycle() - start > STALL_CYCLES {
                self.stalled += 1;
                return Ok(Answer { status: Status::Stalled, pa: None });
            }
        }
    }

    fn interrupt(&mut self, line: u32) -> Result<bool, BenchError> {
        self.bench.run_cycles(INTERRUPT_CYCLES)?;
        Ok(match line.checked_sub(1) {
            None => self.bench.irq_global(),
            Some(bank) => self.bench.irq_context(bank as usize),
        })
    }

    fn pass(&mut self, ns: u64) -> Result<(), BenchError> {
        self.bench.skip_ns(ns)
    }

    fn reset(&mut self) -> Result<(), BenchError> {
        self.stalled = 0;
        self.bench.reset_hardware()
    }

    fn cycles(&self) -> u64 {
        self.bench.cycle()
    }

    fn finish(&mut self) -> Result<(), BenchError> {
        if self.stalled == 0 {
            self.bench.drain()?;
        }
        self.bench.finish_wave()
    }
}
