//! A device for tests of the bench itself: a slow SMMU made of the reference model, one translation at a time on each channel,
//! with walks on its walk port, and a bug that a test may choose. Out of reset it is a wire: everything bypasses.

mod bug;
mod parts;

pub(crate) use bug::Bug;
use parts::{access, Channel, Fetched, Job, Route};

use smmu_rtl::params::Params;
use smmu_rtl::registers as regs;
use smmu_sim::dut::{
    AddrBeat, Device, DeviceError, Inputs, LiteToMaster, LiteToSlave, Outputs, ReadBeat, RespBeat, WaveRequest, WriteBeat,
};
use smmu_sim::model::{Access, Model, Verdict};
use std::collections::{BTreeSet, HashMap, VecDeque};

/// See the module's header.
pub(crate) struct TestSmmu {
    params: Params,
    bug: Bug,
    model: Model,
    outputs: Outputs,
    cycles: u64,
    skipped: u64,
    next_serial: u64,
    in_flight: BTreeSet<u64>,
    reads: Channel,
    writes: Channel,
    r_queue: VecDeque<ReadBeat>,
    /// The burst whose beats came last has more.
    r_open: bool,
    b_queue: VecDeque<RespBeat>,
    w_out: VecDeque<WriteBeat>,
    routes: VecDeque<Route>,
    aw: Option<u32>,
    w: Option<(u64, u8)>,
    late: VecDeque<(u64, u32, u64, u8)>,
    /// Synchronizations: status register's offset, and the first serial that they do not wait for.
    syncs: Vec<(u32, u64)>,
    irq_delay: VecDeque<[u64; 2]>,
    reads_seen: u64,
    forwarded: u64,
}

impl TestSmmu {
    pub(crate) fn new(params: &Params, bug: Bug) -> Box<Self> {
        let channel = || Channel { by_id: vec![VecDeque::new(); 64], outstanding: vec![0; 64], ..Channel::default() };
        Box::new(TestSmmu {
            params: *params,
            bug,
            model: Model::new(params),
            outputs: Outputs::low(params),
            cycles: 0,
            skipped: 0,
            next_serial: 1,
            in_flight: BTreeSet::new(),
            reads: channel(),
            writes: channel(),
            r_queue: VecDeque::new(),
            r_open: false,
            b_queue: VecDeque::new(),
            w_out: VecDeque::new(),
            routes: VecDeque::new(),
            aw: None,
            w: None,
            late: VecDeque::new(),
            syncs: Vec::new(),
            irq_delay: VecDeque::new(),
            reads_seen: 0,
            forwarded: 0,
        })
    }

    fn job(&mut self, beat: AddrBeat, write: bool) {
        let serial = self.next_serial;
        self.next_serial += 1;
        self.in_flight.insert(serial);
        let channel = if write { &mut self.writes } else { &mut self.reads };
        channel.by_id[beat.id as usize].push_back(serial);
        channel.queue.push_back(Job { serial, beat });
    }

    fn finish(&mut self, id: u32, write: bool) {
        let channel = if write { &mut self.writes } else { &mut self.reads };
        if let Some(serial) = channel.by_id[id as usize].pop_front() {
            self.in_flight.remove(&serial);
        }
    }

    /// What is handed over in this cycle.
    fn handshakes(&mut self, o: &Outputs, i: &Inputs) {
        let (client, hw) = (&i.s_axi[0], &o.s_axi[0]);
        if client.arvalid && hw.arready {
            self.reads_seen += 1;
            self.job(client.ar, false);
        }
        if client.awvalid && hw.awready {
            self.job(client.aw, true);
        }
        if hw.rvalid && client.rready {
            self.r_queue.pop_front();
            if hw.r.last {
                self.finish(hw.r.id, false);
            }
        }
        if hw.bvalid && client.bready {
            self.b_queue.pop_front();
            self.finish(hw.b.id, true);
        }
        if client.wvalid && hw.wready {
            self.route(client.w);
        }
        if o.m_axi[0].arvalid && i.m_axi[0].arready {
            self.reads.out.pop_front();
        }
        if o.m_axi[0].awvalid && i.m_axi[0].awready {
            self.writes.out.pop_front();
        }
        if o.m_axi[0].wvalid && i.m_axi[0].wready {
            self.w_out.pop_front();
        }
        if i.m_axi[0].rvalid && o.m_axi[0].rready {
            let mut r = i.m_axi[0].r;
            r.data ^= u128::from(self.bug == Bug::CorruptRead);
            self.r_queue.push_back(r);
            self.r_open = !r.last;
            self.reads.outstanding[r.id as usize] -= u32::from(r.last);
        }
        if i.m_axi[0].bvalid && o.m_axi[0].bready {
            let mut b = i.m_axi[0].b;
            if self.bug == Bug::WrongResponse {
                b.resp = 2;
            }
            self.writes.outstanding[b.id as usize] -= 1;
            self.b_queue.push_back(b);
        }
        self.walk_handshakes(o, i);
    }

    fn walk_handshakes(&mut self, o: &Outputs, i: &Inputs) {
        let walk = &i.m_axi_ptw;
        for (id, channel) in [(0, &mut self.reads), (1, &mut self.writes)] {
            if o.m_axi_ptw.arvalid && walk.arready && o.m_axi_ptw.ar.id == id {
                channel.asked = true;
            }
            if walk.rvalid && o.m_axi_ptw.rready && walk.r.id == id {
                if let Some(pa) = channel.wanted.take() {
                    channel.words.insert(pa, (walk.r.resp == 0).then_some(walk.r.data as u64));
                    channel.asked = false;
                    if std::mem::take(&mut channel.outdated) {
                        channel.words.clear();
                    }
                }
            }
        }
    }

    fn route(&mut self, mut w: WriteBeat) {
        match self.routes.front_mut() {
            Some(Route::Forward) => {
                let last = w.last;
                w.data ^= u128::from(self.bug == Bug::CorruptWrite);
                if self.bug == Bug::LoseStrobe {
                    w.strb &= !1;
                }
                self.w_out.push_back(w);
                if last {
                    self.routes.pop_front();
                }
            }
            Some(Route::Swallow { eaten, .. }) => *eaten = w.last,
            None => {}
        }
    }

    /// Registers: a write is performed when both halves are there, a read at once.
    fn control(&mut self, o: &LiteToMaster, i: &LiteToSlave) -> LiteToMaster {
        let mut next = LiteToMaster { bvalid: o.bvalid && !i.bready, rvalid: o.rvalid && !i.rready, ..*o };
        if i.awvalid && o.awready {
            self.aw = Some(i.awaddr);
        }
        if i.wvalid && o.wready {
            self.w = Some((i.wdata, i.wstrb));
        }
        while self.late.front().is_some_and(|(due, ..)| *due <= self.cycles) {
            if let Some((_, offset, data, strobes)) = self.late.pop_front() {
                self.model.write_strobed(offset, data, strobes);
            }
        }
        if let (Some(offset), Some((data, strobes)), false) = (self.aw, self.w, next.bvalid) {
            (self.aw, self.w) = (None, None);
            self.write(offset, data, strobes);
            next.bvalid = true;
            next.bresp = if self.bug == Bug::RegisterError { 2 } else { 0 };
        }
        if i.arvalid && o.arready {
            next.rvalid = true;
            next.rdata = self.read(i.araddr);
        }
        next.awready = self.aw.is_none();
        next.wready = self.w.is_none();
        next.arready = !next.rvalid;
        next
    }

    fn write(&mut self, offset: u32, data: u64, strobes: u8) {
        let lower = regs::at(&self.params, offset & !7).map(|(id, _)| id);
        let command = lower.is_some_and(|id| id.register().name.contains("TLBI"));
        if command {
            for channel in [&mut self.reads, &mut self.writes] {
                channel.words.clear();
                channel.outdated = channel.wanted.is_some();
            }
        }
        match lower {
            _ if self.bug == Bug::NoInvalidation && command => {}
            Some(regs::CB_TLBSYNC | regs::STLBGSYNC) => self.syncs.push(((offset & !7) + 4, self.next_serial)),
            _ => match self.bug {
                Bug::LateWrite(cycles) => self.late.push_back((self.cycles + cycles, offset, data, strobes)),
                _ => self.model.write_strobed(offset, data, strobes),
            },
        }
    }

    fn read(&mut self, offset: u32) -> u64 {
        let word = offset & !7;
        let mut value = self.model.load(offset, 8);
        let status = matches!(regs::at(&self.params, word + 4), Some((regs::CB_TLBSTATUS | regs::STLBGSTATUS, _)));
        if status {
            let oldest = self.in_flight.first().copied().unwrap_or(u64::MAX);
            self.syncs.retain(|(at, until)| *at != word + 4 || oldest < *until && self.bug != Bug::EarlySync);
            let active = self.syncs.iter().any(|(at, _)| *at == word + 4) || self.bug == Bug::EndlessSync;
            value |= u64::from(active) << 32;
        }
        if self.bug == Bug::WrongRegister && matches!(regs::at(&self.params, word), Some((regs::CB_MAIR0, _))) {
            value ^= 1;
        }
        value
    }

    /// Decides about the oldest transaction of a direction, if everything for it is there.
    fn decide(&mut self, write: bool) {
        let bug = self.bug;
        let channel = if write { &mut self.writes } else { &mut self.reads };
        if bug == Bug::Overtake && channel.queue.len() == 2 && channel.words.is_empty() {
            channel.queue.swap(0, 1);
        }
        let Some(&job) = channel.queue.front() else { return };
        if channel.wanted.is_some() {
            return;
        }
        if bug == Bug::LoseRead && !write && self.reads_seen >= 3 {
            return;
        }
        let access = access(&job.beat, write, self.params.data_width as u64 / 8);
        let mut fetched = Fetched { words: &channel.words, missing: None };
        let verdict = self.model.check(&access, &mut fetched);
        if let Some(pa) = fetched.missing {
            channel.wanted = Some(pa);
            return;
        }
        let refused = verdict.fault().is_some() && bug != Bug::PassFaults || bug == Bug::RefuseAll;
        let busy = channel.outstanding[job.beat.id as usize] > 0 || self.r_open;
        if refused && !write && (busy || self.r_queue.len() > 4) || channel.out.len() > 4 {
            return;
        }
        let words = std::mem::take(&mut channel.words);
        let verdict = self.perform(&access, &words);
        self.act(job, write, verdict);
    }

    /// Translates for good: with the cache, and with a record.
    fn perform(&mut self, access: &Access, words: &HashMap<u64, Option<u64>>) -> Verdict {
        if !matches!(self.bug, Bug::IgnoreHupcf | Bug::NoMulti | Bug::LastFaultWins | Bug::WrongFar) {
            return self.model.translate(access, &mut Fetched { words, missing: None });
        }
        let before = self.model.clone();
        let mut fetched = Fetched { words, missing: None };
        let mut verdict = self.model.translate(access, &mut fetched);
        let Verdict::Refused { fault, .. } = verdict else { return verdict };
        let pending = before.fault_active(fault.bank) && !fault.global;
        if self.bug == Bug::WrongFar {
            self.model.write(regs::CB_FAR.offset(&self.params, fault.bank), access.addr & !0xfff, 8);
        }
        if pending && self.bug == Bug::IgnoreHupcf {
            let mut clear = before.clone();
            clear.write(regs::CB_FSR.offset(&self.params, fault.bank), 0xffff_ffff, 4);
            verdict = clear.translate(access, &mut fetched);
            self.model = before;
        } else if pending && self.bug == Bug::NoMulti {
            self.model = before;
        } else if pending && self.bug == Bug::LastFaultWins {
            let far = regs::CB_FAR.offset(&self.params, fault.bank);
            self.model.write(far, access.addr, 8);
        }
        verdict
    }

    fn act(&mut self, job: Job, write: bool, verdict: Verdict) {
        let bug = self.bug;
        let pa = match verdict {
            Verdict::Translated { pa } if bug != Bug::RefuseAll => Some(pa),
            _ if bug == Bug::PassFaults => Some(job.beat.addr & 0xffff_ffff_ffff),
            _ => None,
        };
        let raz = matches!(verdict, Verdict::Refused { raz: true, .. }) || bug == Bug::WrongRefusal;
        let resp = if raz { 0 } else { 2 };
        let channel = if write { &mut self.writes } else { &mut self.reads };
        channel.queue.pop_front();
        let id = job.beat.id;
        if let Some(pa) = pa {
            let mut beat = AddrBeat { addr: pa, ..job.beat };
            beat.addr ^= if bug == Bug::WrongAddress { 1 << 12 } else { 0 };
            beat.cache &= if bug == Bug::WrongCache { 0 } else { 15 };
            channel.out.push_back(beat);
            channel.outstanding[id as usize] += 1;
            self.forwarded += 1;
            if bug == Bug::Speculate && self.forwarded == 2 {
                channel.out.push_back(AddrBeat { addr: beat.addr ^ 0x2000, id: 7, ..beat });
                channel.outstanding[7] += 1;
            }
            if write {
                self.routes.push_back(Route::Forward);
            }
        } else if write {
            self.routes.push_back(Route::Swallow { id, resp, eaten: false });
        } else {
            let data = if bug == Bug::ShowData { 0xdead } else { 0 };
            let beats = 0..=job.beat.len;
            self.r_queue.extend(beats.map(|n| ReadBeat { id, data, resp, last: n == job.beat.len }));
        }
        debug_assert!(self.in_flight.contains(&job.serial));
    }

    /// The pins of the next cycle.
    fn drive(&mut self, ctrl: LiteToMaster) {
        if let Some(&Route::Swallow { id, resp, eaten: true }) = self.routes.front() {
            if self.writes.outstanding[id as usize] == 0 {
                self.b_queue.push_back(RespBeat { id, resp });
                self.routes.pop_front();
            }
        }
        if self.bug == Bug::ExtraResponse && self.cycles == 40 {
            self.b_queue.push_back(RespBeat { id: 1, resp: 0 });
        }
        let o = &mut self.outputs;
        let client = &mut o.s_axi[0];
        client.arready = self.reads.queue.len() < 4;
        client.awready = self.writes.queue.len() < 4;
        let route_open = matches!(self.routes.front(), Some(Route::Forward | Route::Swallow { eaten: false, .. }));
        client.wready = route_open && self.w_out.len() < 4;
        client.rvalid = !self.r_queue.is_empty();
        client.r = self.r_queue.front().copied().unwrap_or_default();
        client.bvalid = !self.b_queue.is_empty();
        client.b = self.b_queue.front().copied().unwrap_or_default();
        let drop = self.bug == Bug::DropValid && o.m_axi[0].arvalid;
        o.m_axi[0].arvalid = !self.reads.out.is_empty() && !drop;
        o.m_axi[0].ar = self.reads.out.front().copied().unwrap_or_default();
        o.m_axi[0].awvalid = !self.writes.out.is_empty();
        o.m_axi[0].aw = self.writes.out.front().copied().unwrap_or_default();
        o.m_axi[0].wvalid = !self.w_out.is_empty();
        o.m_axi[0].w = self.w_out.front().copied().unwrap_or_default();
        o.m_axi[0].rready = self.r_queue.len() < 8;
        o.m_axi[0].bready = self.b_queue.len() < 8;
        o.m_axi_ptw.rready = true;
        let asking = [(0, &self.reads), (1, &self.writes)].into_iter().find(|(_, c)| c.wanted.is_some() && !c.asked);
        let held = o.m_axi_ptw.arvalid && self.channel_waits(self.outputs.m_axi_ptw.ar.id);
        let o = &mut self.outputs;
        if !held {
            o.m_axi_ptw.arvalid = false;
            if let Some((id, channel)) = asking {
                let wild = if self.bug == Bug::WildWalk { 0x10_0000 } else { 0 };
                o.m_axi_ptw.arvalid = true;
                let addr = channel.wanted.unwrap_or_default() ^ wild;
                o.m_axi_ptw.ar = AddrBeat { id, addr, size: 3, burst: 1, ..AddrBeat::default() };
            }
        }
        o.ctrl = ctrl;
        o.irq_pmu = self.bug == Bug::IrqPmu;
        o.irq_global = self.model.irq_global();
        let mut levels = [0u64; 2];
        for bank in 0..self.params.num_cb {
            let level = match self.bug {
                Bug::IrqLow => false,
                Bug::IrqHigh => bank == 1 || self.model.irq_context(bank),
                _ => self.model.irq_context(bank),
            };
            levels[bank / 64] |= u64::from(level) << (bank % 64);
        }
        if let Bug::IrqLate(cycles) = self.bug {
            self.irq_delay.push_back(levels);
            levels = if self.irq_delay.len() as u64 > cycles { self.irq_delay.pop_front().unwrap_or_default() } else { [0; 2] };
        }
        o.irq_context.data = levels;
    }

    fn channel_waits(&self, id: u32) -> bool {
        let channel = if id == 0 { &self.reads } else { &self.writes };
        channel.wanted.is_some() && !channel.asked
    }
}

impl Device for TestSmmu {
    fn params(&self) -> &Params {
        &self.params
    }

    fn engine(&self) -> &'static str {
        "test"
    }

    fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    fn cycle(&mut self, inputs: &Inputs) -> Result<(), DeviceError> {
        if !inputs.aresetn {
            let (cycles, skipped) = (self.cycles + 1, self.skipped);
            *self = *TestSmmu::new(&self.params, self.bug);
            (self.cycles, self.skipped) = (cycles, skipped);
            return Ok(());
        }
        self.cycles += 1;
        let before = self.outputs.clone();
        self.handshakes(&before, inputs);
        let ctrl = self.control(&before.ctrl, &inputs.ctrl);
        self.decide(false);
        self.decide(true);
        self.drive(ctrl);
        Ok(())
    }

    fn cycles(&self) -> u64 {
        self.cycles
    }

    fn skip(&mut self, cycles: u64) {
        self.skipped += cycles;
    }

    fn start_wave(&mut self, _request: WaveRequest) -> Result<(), DeviceError> {
        Ok(())
    }

    fn finish_wave(&mut self) -> Result<(), DeviceError> {
        Ok(())
    }
}
