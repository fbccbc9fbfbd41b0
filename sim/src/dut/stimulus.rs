//! For tests of engines: inputs that keep the hardware busy, without a test bench around it.

use super::{
    rust_hdl, AddrBeat, AxiToMaster, AxiToSlave, Device, DeviceError, Inputs, LiteToSlave, Outputs, ReadBeat, WriteBeat,
};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use smmu_rtl::params::{Params, MINI};
use smmu_rtl::registers as regs;
use std::collections::VecDeque;

/// Writes that set up stream 1 and bank 0 to translate, with tables at address zero.
fn set_up(params: &Params) -> [(u32, u64); 7] {
    [
        (regs::SMR.offset(params, 0), 1 << 31 | 1),
        (regs::S2CR.offset(params, 0), 0),
        (regs::CBAR.offset(params, 0), 1 << 16),
        (regs::CBA2R.offset(params, 0), 1),
        (regs::CB_TCR.offset(params, 0), 0x19),
        (regs::CB_SCTLR.offset(params, 0), 0x161),
        (regs::SCR0.offset(params, 0), 0x20_0406),
    ]
}

/// A register write on its way: offset and value, and what is not accepted yet.
#[derive(Clone, Copy)]
struct Write {
    offset: u32,
    value: u64,
    address_left: bool,
    data_left: bool,
}

/// Inputs that keep the hardware busy: register writes, most of them to registers that matter, client bursts of three streams, answers to
/// whatever the hardware asks. Valid signals stay until they are taken.
pub struct Stimulus {
    rng: SmallRng,
    params: &'static Params,
    writes: u64,
    write: Option<Write>,
    ports: Vec<Port>,
    /// Beats that are still to come back: id, last.
    walks: VecDeque<(u32, bool)>,
}

/// What goes on at one client port and the memory behind it.
#[derive(Clone, Default)]
struct Port {
    ar: Option<AddrBeat>,
    aw: Option<AddrBeat>,
    /// Beats that the client still has to send, `true` for the last of a burst.
    data: VecDeque<bool>,
    /// Beats that are still to come back: id, last.
    reads: VecDeque<(u32, bool)>,
    /// Write bursts downstream, and how many of them have all their data.
    written: VecDeque<u32>,
    complete: usize,
}

impl Stimulus {
    /// The stimulus of that seed.
    pub fn new(params: &'static Params, seed: u64) -> Self {
        Stimulus {
            rng: SmallRng::seed_from_u64(seed),
            params,
            writes: 0,
            write: None,
            ports: vec![Port::default(); params.tbus],
            walks: VecDeque::new(),
        }
    }

    fn beat(&mut self) -> AddrBeat {
        let rng = &mut self.rng;
        AddrBeat {
            id: rng.random_range(0..4),
            addr: rng.random_range(0..8u64) << 12 | rng.random_range(0..0xf0u64) << 4,
            len: rng.random_range(0..3),
            size: 3,
            burst: 1,
            prot: rng.random_range(0..4),
            user: rng.random_range(0..3),
            ..AddrBeat::default()
        }
    }

    /// The next register write: the set-up first, then one of it again, or any register with any value.
    fn draw(&mut self) -> Write {
        let known = set_up(self.params);
        self.writes += 1;
        let (offset, value) = match self.rng.random_range(0..30) {
            _ if self.writes <= known.len() as u64 => known[self.writes as usize - 1],
            0 => (self.rng.random_range(0..self.params.register_space() / 4) * 4, self.rng.random()),
            _ => known[self.rng.random_range(0..known.len())],
        };
        Write { offset, value, address_left: true, data_left: true }
    }

    fn registers(&mut self, out: &Outputs) -> LiteToSlave {
        let early = self.writes < set_up(self.params).len() as u64;
        if self.write.is_none() && self.rng.random_bool(if early { 0.9 } else { 0.02 }) {
            self.write = Some(self.draw());
        }
        let mut ctrl = LiteToSlave {
            bready: true,
            arvalid: self.rng.random_bool(0.05),
            araddr: self.rng.random_range(0..self.params.register_space()),
            rready: self.rng.random_bool(0.8),
            ..LiteToSlave::default()
        };
        if let Some(write) = &mut self.write {
            ctrl.awvalid = write.address_left;
            ctrl.awaddr = write.offset;
            ctrl.wvalid = write.data_left;
            ctrl.wdata = (write.value & 0xffff_ffff) << (8 * (write.offset & 4));
            ctrl.wstrb = 0xf << (write.offset & 4);
            write.address_left &= !out.ctrl.awready;
            write.data_left &= !out.ctrl.wready;
            if !(write.address_left || write.data_left) {
                self.write = None;
            }
        }
        ctrl
    }

    fn client(&mut self, n: usize, out: &AxiToMaster) -> AxiToSlave {
        if self.ports[n].ar.is_none() && self.rng.random_bool(0.5) {
            self.ports[n].ar = Some(self.beat());
        }
        if self.ports[n].aw.is_none() && self.ports[n].data.len() < 8 && self.rng.random_bool(0.3) {
            self.ports[n].aw = Some(self.beat());
        }
        let port = &mut self.ports[n];
        let mask = u128::MAX >> (128 - self.params.data_width);
        let strobes = u16::MAX >> (16 - self.params.data_width / 8);
        let pins = AxiToSlave {
            awvalid: port.aw.is_some(),
            aw: port.aw.unwrap_or_default(),
            wvalid: !port.data.is_empty(),
            w: WriteBeat {
                data: self.rng.random::<u128>() & mask,
                strb: self.rng.random::<u16>() & strobes,
                last: port.data.front().copied().unwrap_or_default(),
            },
            bready: self.rng.random_bool(0.7),
            arvalid: port.ar.is_some(),
            ar: port.ar.unwrap_or_default(),
            rready: self.rng.random_bool(0.7),
        };
        if out.arready {
            port.ar = None;
        }
        if let (true, Some(beat)) = (out.awready, port.aw) {
            port.data.extend((0..=beat.len).map(|n| n == beat.len));
            port.aw = None;
        }
        if pins.wvalid && out.wready {
            port.data.pop_front();
        }
        pins
    }

    /// A memory that takes most of what comes and answers at once; `beats` are the read beats that it owes.
    fn memory(rng: &mut SmallRng, out: &AxiToSlave, beats: &mut VecDeque<(u32, bool)>, data: u128) -> AxiToMaster {
        let mut pins = AxiToMaster { arready: rng.random_bool(0.8), ..AxiToMaster::default() };
        if let Some((id, last)) = beats.front().copied() {
            pins.rvalid = true;
            pins.r = ReadBeat { id, data, resp: 0, last };
            if out.rready {
                beats.pop_front();
            }
        }
        if out.arvalid && pins.arready {
            beats.extend((0..=out.ar.len).map(|n| (out.ar.id, n == out.ar.len)));
        }
        pins
    }

    /// Next cycle's inputs, from what stands on the outputs.
    pub fn next(&mut self, cycle: u64, out: &Outputs) -> Inputs {
        let mut inputs = Inputs { aresetn: cycle >= 4 && cycle % 1500 != 1499, ..Inputs::idle(self.params) };
        if !inputs.aresetn {
            // Whatever was under way is gone, and the set-up begins again.
            let rng = self.rng.clone();
            *self = Stimulus { rng, ..Stimulus::new(self.params, 0) };
            return inputs;
        }
        inputs.ctrl = self.registers(out);
        for n in 0..self.ports.len() {
            inputs.s_axi[n] = self.client(n, &out.s_axi[n]);
        }
        // Tables and pages in the lowest 4 GiB; now and then no valid descriptor.
        let descriptor = u128::from(self.rng.random::<u32>() & 0xffff_f000 | if self.rng.random_bool(0.9) { 0x443 } else { 0 });
        inputs.m_axi_ptw = Self::memory(&mut self.rng, &out.m_axi_ptw, &mut self.walks, descriptor);
        for ((port, slave), hardware) in self.ports.iter_mut().zip(&mut inputs.m_axi).zip(&out.m_axi) {
            *slave = Self::memory(&mut self.rng, hardware, &mut port.reads, 0x55);
            slave.awready = self.rng.random_bool(0.8);
            slave.wready = self.rng.random_bool(0.8);
            if let (true, Some(id)) = (port.complete > 0, port.written.front().copied()) {
                slave.bvalid = true;
                slave.b.id = id;
                if hardware.bready {
                    port.complete -= 1;
                    port.written.pop_front();
                }
            }
            if hardware.awvalid && slave.awready {
                port.written.push_back(hardware.aw.id);
            }
            port.complete += usize::from(hardware.wvalid && slave.wready && hardware.w.last);
        }
        inputs
    }
}

/// Runs a device on the stimulus of that seed.
pub fn run(device: &mut dyn Device, params: &'static Params, seed: u64, cycles: u64) -> Result<(), DeviceError> {
    let mut stimulus = Stimulus::new(params, seed);
    for cycle in 0..cycles {
        let inputs = stimulus.next(cycle, device.outputs());
        if cycle == cycles / 2 {
            device.skip(12_345);
        }
        device.cycle(&inputs)?;
    }
    Ok(())
}

#[test]
fn the_stimulus_reaches_walks_and_refusals() {
    let mut device = rust_hdl::device(&MINI).unwrap();
    let mut stimulus = Stimulus::new(&MINI, 1);
    let (mut walks, mut refused, mut issued) = (0, 0, 0);
    for cycle in 0..6_000 {
        let inputs = stimulus.next(cycle, device.outputs());
        device.cycle(&inputs).unwrap();
        let out = device.outputs();
        walks += u32::from(out.m_axi_ptw.arvalid);
        refused += u32::from(out.s_axi[0].rvalid && out.s_axi[0].r.resp == 2);
        issued += u32::from(out.m_axi[0].arvalid);
    }
    assert!(walks > 50 && refused > 50 && issued > 50, "{walks} walks, {refused} beats refused, {issued} issued");
}
