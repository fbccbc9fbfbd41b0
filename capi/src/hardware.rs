//! Hardware on any engine: its pins, clocked until an access is done.

use crate::host::Host;
use crate::machine::{Flags, Machine, Status};
use smmu_rtl::params::{Params, PTW_DATA_WIDTH};
use smmu_sim::dut::{self, AddrBeat, AxiToMaster, AxiToSlave, Device, Inputs, ReadBeat, RespBeat, WaveRequest, WriteBeat};
use smmu_testbench::axi::burst::{beat_addr, beats, lanes, DECERR, OKAY};
use smmu_testbench::axi::lite::LiteMaster;
use smmu_testbench::axi::master::{AxiMaster, Burst, MasterOptions};
use smmu_testbench::axi::pause::{Dice, Pauses};
use smmu_testbench::axi::port::{AxiPort, Transfer};
use std::collections::VecDeque;
use std::path::PathBuf;

/// Cycles that reset is held.
const RESET_CYCLES: usize = 8;
/// Cycles after which an interrupt line has followed.
const INTERRUPT_CYCLES: u64 = 8;
/// Cycles without an answer after which a transaction is taken to be stalled, and a register access to hang.
const PATIENCE: u64 = 4000;
/// Idle cycles that are clocked; the rest of a long wait is skipped.
const CLOCKED: u64 = 2000;
/// Clock periods in 10 microseconds.
const CYCLES_PER_10_US: u64 = 3000;

/// An AXI slave in front of the host's memory. Answers in order, a beat a cycle.
struct HostSlave {
    bus_bytes: usize,
    reads: VecDeque<ReadBeat>,
    responses: VecDeque<RespBeat>,
    addresses: VecDeque<AddrBeat>,
    data: VecDeque<WriteBeat>,
    worst: u8,
    /// Address of the last transaction.
    seen: Option<u64>,
}

impl HostSlave {
    fn new(bus_bytes: usize) -> Self {
        HostSlave {
            bus_bytes,
            reads: VecDeque::new(),
            responses: VecDeque::new(),
            addresses: VecDeque::new(),
            data: VecDeque::new(),
            worst: OKAY,
            seen: None,
        }
    }

    /// Decides this cycle's pins and takes what is handed over in it. `probe`: the memory is not touched.
    fn drive(&mut self, hardware: &AxiToSlave, pins: &mut AxiToMaster, host: &Host, probe: bool) {
        pins.arready = true;
        pins.awready = true;
        pins.wready = true;
        pins.rvalid = !self.reads.is_empty();
        if let Some(beat) = self.reads.front() {
            pins.r = *beat;
        }
        pins.bvalid = !self.responses.is_empty();
        if let Some(beat) = self.responses.front() {
            pins.b = *beat;
        }
        if pins.rvalid && hardware.rready {
            self.reads.pop_front();
        }
        if pins.bvalid && hardware.bready {
            self.responses.pop_front();
        }
        if hardware.arvalid {
            self.seen = Some(hardware.ar.addr);
            for n in 0..beats(&hardware.ar) {
                let beat = self.read_beat(&hardware.ar, n, host, probe);
                self.reads.push_back(beat);
            }
        }
        if hardware.awvalid {
            self.seen = Some(hardware.aw.addr);
            self.addresses.push_back(hardware.aw);
        }
        if hardware.wvalid {
            self.data.push_back(hardware.w);
        }
        self.write_beats(host, probe);
    }

    fn read_beat(&self, address: &AddrBeat, n: usize, host: &Host, probe: bool) -> ReadBeat {
        let range = lanes(address, n, self.bus_bytes);
        let mut bytes = [0u8; 16];
        let at = beat_addr(address, n);
        let there = probe || host.read(at, &mut bytes[range.clone()]);
        if !there {
            bytes = [0; 16];
        }
        ReadBeat {
            id: address.id,
            data: u128::from_le_bytes(bytes),
            resp: if there { OKAY } else { DECERR },
            last: n + 1 == beats(address),
        }
    }

    /// Writes the data that has its address.
    fn write_beats(&mut self, host: &Host, probe: bool) {
        while let (Some(address), Some(beat)) = (self.addresses.front(), self.data.front()) {
            // A burst of which beats are gone is one that starts later: this client's bursts are all INCR.
            let (address, beat) = (*address, *beat);
            self.data.pop_front();
            let at = beat_addr(&address, 0) & !(self.bus_bytes as u64 - 1);
            if !probe && !self.write_runs(at, &beat, host) {
                self.worst = DECERR;
            }
            if beat.last {
                self.responses.push_back(RespBeat { id: address.id, resp: self.worst });
                self.addresses.pop_front();
                self.worst = OKAY;
            } else if let Some(front) = self.addresses.front_mut() {
                let next = beat_addr(&address, 1);
                front.addr = next;
                front.len = front.len.saturating_sub(1);
            }
        }
    }

    fn write_runs(&self, at: u64, beat: &WriteBeat, host: &Host) -> bool {
        let bytes = beat.data.to_le_bytes();
        let mut lane = 0;
        let mut good = true;
        while lane < self.bus_bytes {
            let run = (beat.strb >> lane).trailing_ones() as usize;
            if run == 0 {
                lane += 1;
                continue;
            }
            good &= host.write(at + lane as u64, &bytes[lane..lane + run]);
            lane += run;
        }
        good
    }
}

/// The hardware and its surroundings.
pub struct Hardware {
    device: Box<dyn Device>,
    params: Params,
    inputs: Inputs,
    port: AxiMaster,
    lite: LiteMaster,
    memory: HostSlave,
    walks: HostSlave,
    host: Host,
    probe: bool,
    next_id: u32,
}

// Safety: an engine may hold pointers of its own that are not marked as movable between threads; the interface is for one thread,
// and the lock around the state lets no two calls run at a time.
unsafe impl Send for Hardware {}

impl Hardware {
    /// Of that preset on that engine, out of reset.
    ///
    /// # Errors
    /// An engine that cannot run it, or a wave that cannot be written.
    pub fn new(params: &'static Params, engine: &str, vcd: Option<PathBuf>, host: Host) -> Result<Self, String> {
        let mut device = dut::device(engine, params).map_err(|error| error.to_string())?;
        if let Some(path) = vcd {
            let wave = WaveRequest { path, from: 0, to: u64::MAX };
            device.start_wave(wave).map_err(|error| error.to_string())?;
        }
        let bus_bytes = params.data_width / 8;
        let mut hardware = Hardware {
            device,
            params: *params,
            inputs: Inputs::idle(params),
            port: AxiMaster::new(params, MasterOptions::default(), Dice::new(1, 1)),
            lite: LiteMaster::new(Pauses::NONE, Dice::new(1, 0)),
            memory: HostSlave::new(bus_bytes),
            walks: HostSlave::new(PTW_DATA_WIDTH / 8),
            host,
            probe: false,
            next_id: 0,
        };
        hardware.reset()?;
        Ok(hardware)
    }

    fn cycle(&mut self) -> Result<(), String> {
        let cycle = self.device.cycles();
        let outputs = self.device.outputs();
        self.port.drive(cycle, &outputs.s_axi[0], &mut self.inputs.s_axi[0]);
        self.lite.drive(cycle, &outputs.ctrl, &mut self.inputs.ctrl);
        self.memory.drive(&outputs.m_axi[0], &mut self.inputs.m_axi[0], &self.host, self.probe);
        self.walks.drive(&outputs.m_axi_ptw, &mut self.inputs.m_axi_ptw, &self.host, false);
        self.device.cycle(&self.inputs).map_err(|error| error.to_string())
    }

    fn cycles(&mut self, count: u64) -> Result<(), String> {
        (0..count).try_for_each(|_| self.cycle())
    }

    fn register_access(&mut self) -> Result<u64, String> {
        let start = self.device.cycles();
        while !self.lite.idle() {
            if self.device.cycles() - start > PATIENCE {
                return Err(format!("a register access has no answer after {PATIENCE} cycles"));
            }
            self.cycle()?;
        }
        self.cycles(INTERRUPT_CYCLES)?;
        Ok(self.lite.take_last().unwrap_or_default())
    }

    /// Runs until `done` or patience is at an end.
    fn wait<T>(&mut self, mut done: impl FnMut(&mut Self) -> Option<T>) -> Result<Option<T>, String> {
        let start = self.device.cycles();
        while self.device.cycles() - start <= PATIENCE {
            self.cycle()?;
            if let Some(result) = done(self) {
                self.cycles(INTERRUPT_CYCLES)?;
                return Ok(Some(result));
            }
        }
        Ok(None)
    }
}

impl Machine for Hardware {
    fn params(&self) -> &Params {
        &self.params
    }

    fn read(&mut self, offset: u32, bytes: u8) -> Result<u64, String> {
        self.lite.post_read(offset, bytes);
        self.register_access()
    }

    fn write(&mut self, offset: u32, value: u64, bytes: u8) -> Result<(), String> {
        self.lite.post_write(offset, value, bytes);
        self.register_access().map(|_| ())
    }

    fn translate(&mut self, sid: u32, addr: u64, flags: Flags) -> Result<(Status, u64), String> {
        let size = addr.trailing_zeros().min(3) as u8;
        // Every access has an id of its own, so that none waits for a stalled one.
        self.next_id = (self.next_id + 1) % (1 << self.params.id_width);
        let mut burst = Burst::read(sid, addr, 1, size).prot(flags.prot()).id(self.next_id);
        if flags.write() {
            burst = burst.into_write(self.params.data_width / 8, |_| 0);
            burst.data.iter_mut().flatten().for_each(|beat| beat.strb = 0);
        }
        let handle = self.port.start(burst);
        self.memory.seen = None;
        self.probe = true;
        let done = self.wait(|hardware| {
            std::iter::from_fn(|| hardware.port.finished()).find(|done| done.handle == handle).map(|done| done.resp)
        });
        self.probe = false;
        Ok(match (done?, self.memory.seen) {
            (None, _) => (Status::Stalled, 0),
            (Some(_), Some(pa)) => (Status::Ok, pa),
            (Some(OKAY), None) => (Status::Zeros, 0),
            (Some(_), None) => (Status::Fault, 0),
        })
    }

    fn transfer(&mut self, sid: u32, addr: u64, flags: Flags, data: &mut [u8]) -> Result<Status, String> {
        self.next_id = (self.next_id + 1) % (1 << self.params.id_width);
        let transfer = Transfer {
            id: self.next_id,
            addr,
            bytes: data.len(),
            data: flags.write().then(|| data.to_vec()),
            stream_id: sid,
            prot: flags.prot(),
            ..Transfer::default()
        };
        if !self.port.post(transfer) {
            return Err("too many transfers wait for RESUME".into());
        }
        self.memory.seen = None;
        let Some(done) = self.wait(|hardware| hardware.port.completed())? else { return Ok(Status::Stalled) };
        if !flags.write() && done.data.len() == data.len() {
            data.copy_from_slice(&done.data);
        }
        Ok(match (done.resp, self.memory.seen) {
            (OKAY, Some(_)) => Status::Ok,
            (OKAY, None) => Status::Zeros,
            _ => Status::Fault,
        })
    }

    fn tick(&mut self, ns: u64) -> Result<(), String> {
        let cycles = (ns * CYCLES_PER_10_US).div_ceil(10_000);
        self.cycles(cycles.min(CLOCKED))?;
        if cycles > CLOCKED {
            self.device.skip(cycles - CLOCKED);
        }
        Ok(())
    }

    fn reset(&mut self) -> Result<(), String> {
        self.inputs = Inputs { aresetn: false, ..Inputs::idle(&self.params) };
        for _ in 0..RESET_CYCLES {
            self.device.cycle(&self.inputs).map_err(|error| error.to_string())?;
        }
        self.inputs.aresetn = true;
        self.port.reset();
        self.lite.reset();
        self.memory = HostSlave::new(self.params.data_width / 8);
        self.walks = HostSlave::new(PTW_DATA_WIDTH / 8);
        Ok(())
    }

    fn line(&self, line: usize) -> bool {
        let outputs = self.device.outputs();
        match line.checked_sub(1) {
            None => outputs.irq_global,
            Some(bank) => outputs.irq_context.get(bank).is_some_and(|level| *level),
        }
    }

    fn host(&self) -> &Host {
        &self.host
    }

    fn finish(&mut self) -> Result<(), String> {
        self.device.finish_wave().map_err(|error| error.to_string())
    }
}
