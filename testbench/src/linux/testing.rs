//! A machine for tests of the drivers: the reference model for the SMMU, a map for memory, the real UFS controller on a port that
//! answers after a fixed time. It keeps a list of all SMMU register accesses.

use super::machine::{Machine, MachineResult};
use crate::axi::port::{AxiPort, Completion, Transfer};
use crate::scenario::Region;
use crate::ufs::host::UfsHost;
use smmu_rtl::params::Params;
use smmu_sim::model::{Access, Model, TableMemory, Verdict};
use std::collections::{HashMap, VecDeque};

/// Cycles from request to completion.
const LATENCY: u64 = 20;

/// An SMMU register access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mmio {
    Read { offset: u32, bytes: u8 },
    Write { offset: u32, value: u64, bytes: u8 },
}

#[derive(Default)]
pub struct Ram {
    regions: Vec<Region>,
    pages: HashMap<u64, Box<[u8; 4096]>>,
}

impl Ram {
    fn has(&self, pa: u64) -> bool {
        self.regions.iter().any(|r| pa >= r.start && pa - r.start < r.bytes)
    }

    fn byte(&mut self, pa: u64) -> Option<&mut u8> {
        self.has(pa).then(|| &mut self.pages.entry(pa >> 12).or_insert_with(|| Box::new([0; 4096]))[pa as usize & 0xfff])
    }
}

impl TableMemory for Ram {
    fn read64(&mut self, pa: u64) -> Option<u64> {
        let mut word = [0; 8];
        for (n, to) in word.iter_mut().enumerate() {
            *to = *self.byte(pa + n as u64)?;
        }
        Some(u64::from_le_bytes(word))
    }
}

/// The bus between the UFS controller and memory.
struct Bus<'a> {
    model: &'a mut Model,
    ram: &'a mut Ram,
    queue: &'a mut VecDeque<(u64, Transfer)>,
    now: u64,
}

impl AxiPort for Bus<'_> {
    fn post(&mut self, transfer: Transfer) -> bool {
        self.queue.push_back((self.now + LATENCY, transfer));
        true
    }

    fn completed(&mut self) -> Option<Completion> {
        if self.queue.front()?.0 > self.now {
            return None;
        }
        let (_, transfer) = self.queue.pop_front()?;
        let write = transfer.data.is_some();
        let mut data = transfer.data.clone().unwrap_or_else(|| vec![0; transfer.bytes]);
        let mut resp = 0;
        let mut pa = 0;
        for (n, byte) in data.iter_mut().enumerate() {
            let addr = transfer.addr + n as u64;
            if n == 0 || addr & 0xfff == 0 {
                let access = Access {
                    stream_id: transfer.stream_id,
                    addr,
                    write,
                    privileged: transfer.prot & 1 != 0,
                    non_secure: transfer.prot & 2 != 0,
                    ..Access::default()
                };
                match self.model.translate(&access, self.ram) {
                    Verdict::Translated { pa: page } => pa = page,
                    Verdict::Refused { .. } | Verdict::Stalled { .. } => {
                        resp = 2;
                        break;
                    }
                }
            }
            match self.ram.byte(pa) {
                Some(cell) if write => *cell = *byte,
                Some(cell) => *byte = *cell,
                None => resp = 3,
            }
            pa += 1;
        }
        Some(Completion { tag: transfer.tag, resp, data: if write { Vec::new() } else { data } })
    }

    fn outstanding(&self) -> usize {
        self.queue.len()
    }
}

pub struct FakeMachine {
    params: &'static Params,
    pub model: Model,
    pub ram: Ram,
    pub ufs: UfsHost,
    queue: VecDeque<(u64, Transfer)>,
    cycles: u64,
    pub mmio: Vec<Mmio>,
}

impl FakeMachine {
    pub fn new(params: &'static Params, ufs: UfsHost, regions: &[Region]) -> Self {
        FakeMachine {
            params,
            model: Model::new(params),
            ram: Ram { regions: regions.to_vec(), ..Ram::default() },
            ufs,
            queue: VecDeque::new(),
            cycles: 0,
            mmio: Vec::new(),
        }
    }
}

impl Machine for FakeMachine {
    fn params(&self) -> &'static Params {
        self.params
    }

    fn smmu_read(&mut self, offset: u32, bytes: u8) -> MachineResult<u64> {
        self.mmio.push(Mmio::Read { offset, bytes });
        Ok(self.model.read(offset, bytes))
    }

    fn smmu_write(&mut self, offset: u32, value: u64, bytes: u8) -> MachineResult<()> {
        self.mmio.push(Mmio::Write { offset, value, bytes });
        self.model.write(offset, value, bytes);
        Ok(())
    }

    fn ufs_read(&mut self, offset: u32) -> MachineResult<u32> {
        Ok(self.ufs.read32(offset))
    }

    fn ufs_write(&mut self, offset: u32, value: u32) -> MachineResult<()> {
        self.ufs.write32(offset, value);
        Ok(())
    }

    fn memory_read(&mut self, pa: u64, bytes: &mut [u8]) -> MachineResult<()> {
        for (n, to) in bytes.iter_mut().enumerate() {
            *to = *self.ram.byte(pa + n as u64).expect("the CPU reads memory only");
        }
        Ok(())
    }

    fn memory_write(&mut self, pa: u64, bytes: &[u8]) -> MachineResult<()> {
        for (n, from) in bytes.iter().enumerate() {
            *self.ram.byte(pa + n as u64).expect("the CPU writes memory only") = *from;
        }
        Ok(())
    }

    fn irq_global(&self) -> bool {
        self.model.irq_global()
    }

    fn irq_context(&self, bank: usize) -> bool {
        self.model.irq_context(bank)
    }

    fn irq_ufs(&self) -> bool {
        self.ufs.irq()
    }

    fn tick(&mut self) -> MachineResult<()> {
        self.cycles += 1;
        let mut bus = Bus { model: &mut self.model, ram: &mut self.ram, queue: &mut self.queue, now: self.cycles };
        self.ufs.tick(&mut bus);
        Ok(())
    }

    fn idle(&self) -> bool {
        self.queue.is_empty() && self.ufs.idle()
    }

    fn waits(&self) -> bool {
        self.ufs.next_event_in().is_some()
    }

    fn skip_ns(&mut self, ns: u64) -> MachineResult<()> {
        let cycles = ((u128::from(ns) * 3).div_ceil(10) as u64).min(self.ufs.next_event_in().unwrap_or(u64::MAX));
        self.cycles += cycles;
        self.ufs.skip(cycles);
        Ok(())
    }

    fn now_ns(&self) -> u64 {
        self.cycles * 10 / 3
    }
}
