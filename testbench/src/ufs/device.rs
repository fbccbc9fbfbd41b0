//! The UFS device: takes UPIUs, works on several commands at once, answers after its latencies.
//!
//! Reads come back as DATA IN UPIUs, one command after the other in turn, at the medium's rate; writes are asked for by READY TO
//! TRANSFER, at most `bMaxNumOfRTT` outstanding, and reach the medium when all of their data is there.
//! SCSI is in [`super::scsi`], QUERY in [`super::query`], the medium in [`super::store`].

use super::link::Frame;
use super::presets::{DeviceConfig, CLOCK_HZ};
use super::query::QueryState;
use super::scsi::{self, Action, Sense};
use super::store::Store;
use super::upiu::{code, flag, Upiu};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;

/// Task management functions.
pub mod task {
    /// Abort one command.
    pub const ABORT: u8 = 0x01;
    /// Abort all commands of the logical unit.
    pub const ABORT_SET: u8 = 0x02;
    /// As `ABORT_SET`, whoever sent them.
    pub const CLEAR_SET: u8 = 0x04;
    /// Reset the logical unit.
    pub const LU_RESET: u8 = 0x08;
    /// Is the command there?
    pub const QUERY: u8 = 0x80;
    /// Is any command of the logical unit there?
    pub const QUERY_SET: u8 = 0x81;
    /// Service response: done.
    pub const COMPLETE: u32 = 0x00;
    /// Service response: no such function.
    pub const NOT_SUPPORTED: u32 = 0x04;
    /// Service response: a query found the command.
    pub const SUCCEEDED: u32 = 0x08;
    /// Service response: no such logical unit.
    pub const WRONG_LUN: u32 = 0x09;
}

/// What a command waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing: acts at that cycle.
    Until(u64),
    /// Sends data: the next piece is there from that cycle on.
    Sending { sent: u64, ready_at: u64 },
    /// Takes data: asked for, and got, so many bytes.
    Taking { asked: u64, got: u64 },
    /// Responds at that cycle.
    Responding(u64),
}

#[derive(Clone, Debug)]
struct Task {
    handle: u64,
    request: Upiu,
    action: Action,
    /// Bytes to move: the lesser of what the command and the host want.
    bytes: u64,
    buffer: Vec<u8>,
    phase: Phase,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Device {
    config: DeviceConfig,
    query: QueryState,
    units: Vec<Store>,
    /// Units that still have to report their reset; by LUN.
    attention: Vec<u8>,
    tasks: VecDeque<Task>,
    /// READY TO TRANSFERs without their data.
    rtts: u32,
    /// Cycle from which the medium is free for the next piece of a read.
    medium_free: u64,
    replies: VecDeque<(u64, Frame)>,
    rng: ChaCha8Rng,
    /// The next so many requests are swallowed, so that the host runs into its time-out.
    pub ignore_requests: u32,
}

impl Device {
    /// A device with empty media, after reset.
    pub fn new(config: DeviceConfig) -> Device {
        let mut config = config;
        config.luns.truncate(32);
        config.data_in_bytes = config.data_in_bytes.clamp(4, 65_532) & !3;
        config.data_out_bytes = config.data_out_bytes.clamp(4, 65_532) & !3;
        let mut device = Device {
            query: QueryState::new(&config),
            units: config.luns.iter().map(|blocks| Store::new(*blocks)).collect(),
            attention: Vec::new(),
            tasks: VecDeque::new(),
            rtts: 0,
            medium_free: 0,
            replies: VecDeque::new(),
            rng: ChaCha8Rng::seed_from_u64(config.seed),
            ignore_requests: 0,
            config,
        };
        device.reset();
        device
    }

    /// Reset: commands, flags and attributes are lost, the media stay.
    pub fn reset(&mut self) {
        self.query = QueryState::new(&self.config);
        self.link_reset();
        if self.config.unit_attention {
            self.attention = (0..self.units.len() as u8).chain(scsi::wlun::ALL).collect();
        }
    }

    /// The link went down: commands are lost.
    pub fn link_reset(&mut self) {
        self.tasks.clear();
        self.replies.clear();
        self.rtts = 0;
    }

    /// Parameters.
    pub fn config(&self) -> &DeviceConfig {
        &self.config
    }

    /// The medium of a logical unit.
    pub fn unit(&self, lun: u8) -> Option<&Store> {
        self.units.get(usize::from(lun))
    }

    /// The medium of a logical unit, to prepare it.
    pub fn unit_mut(&mut self, lun: u8) -> Option<&mut Store> {
        self.units.get_mut(usize::from(lun))
    }

    /// Commands in work.
    pub fn busy(&self) -> usize {
        self.tasks.len()
    }

    /// Cycle of the next thing that the device does by itself.
    pub fn next_event(&self) -> Option<u64> {
        let task = |task: &Task| match task.phase {
            Phase::Until(at) | Phase::Responding(at) => Some(at),
            Phase::Sending { .. } => self.piece_ready(task),
            // A READY TO TRANSFER may be due; if not, the next data is what happens.
            Phase::Taking { asked, .. } => (asked < task.bytes && self.rtts < self.query.max_rtt()).then_some(0),
        };
        self.tasks.iter().filter_map(task).chain(self.replies.front().map(|(at, _)| *at)).min()
    }

    /// A UPIU from the host.
    pub fn receive(&mut self, now: u64, frame: Frame) {
        let Frame { handle, upiu } = frame;
        if upiu.code() == code::DATA_OUT {
            self.take_data(now, handle, &upiu);
            return;
        }
        if self.ignore_requests > 0 {
            self.ignore_requests -= 1;
            return;
        }
        let command = self.config.timing.command;
        match upiu.code() {
            code::NOP_OUT => {
                let reply = Upiu::new(code::NOP_IN, 0, 0, upiu.dw0().tag());
                self.reply(now + command, handle, reply);
            }
            code::QUERY_REQUEST => {
                let reply = self.query.respond(now, &upiu);
                self.reply(now + command + self.config.timing.query, handle, reply);
            }
            code::TASK_REQUEST => {
                let reply = self.manage(&upiu);
                self.reply(now + command, handle, reply);
            }
            code::COMMAND => self.start(now, handle, upiu),
            other => {
                let mut reply = Upiu::new(code::REJECT, 0, upiu.dw0().lun(), upiu.dw0().tag());
                reply.set_result(1, 0);
                reply.header[12] = 1;
                reply.header[14] = other;
                self.reply(now + command, handle, reply);
            }
        }
    }

    /// The next UPIU for the host, if one is ready. `with_data` false: the host has no room for data.
    pub fn next_frame(&mut self, now: u64, with_data: bool) -> Option<Frame> {
        self.advance(now);
        if self.replies.front().is_some_and(|(at, _)| *at <= now) {
            return self.replies.pop_front().map(|(_, frame)| frame);
        }
        if let Some(frame) = self.ready_to_transfer() {
            return Some(frame);
        }
        if with_data {
            self.data_in(now)
        } else {
            None
        }
    }

    fn reply(&mut self, at: u64, handle: u64, upiu: Upiu) {
        let behind = self.replies.partition_point(|(other, _)| *other <= at);
        self.replies.insert(behind, (at, Frame { handle, upiu }));
    }

    /// Takes a COMMAND into the queue.
    fn start(&mut self, now: u64, handle: u64, request: Upiu) {
        let (lun, tag) = (request.dw0().lun(), request.dw0().tag());
        // A second command with the tag of one in work takes its place.
        self.drop_tasks(|task| task.request.dw0().lun() == lun && task.request.dw0().tag() == tag);
        if self.tasks.len() >= usize::from(self.config.queue_depth) {
            let reply = response(&request, scsi::TASK_SET_FULL, None, 0, 0);
            self.reply(now + self.config.timing.command, handle, reply);
            return;
        }
        let action = self.decode(now, lun, &request);
        let wants = |direction: u8| if request.dw0().flags() & direction != 0 { u64::from(request.dword(3)) } else { 0 };
        let timing = &self.config.timing;
        let (bytes, latency, jitter) = match &action {
            Action::Done | Action::Fail(_) => (0, 0, false),
            Action::Flush => (0, timing.flush, false),
            Action::Send(data) => (wants(flag::READ).min(data.len() as u64), 0, false),
            Action::Read(_, bytes) => (wants(flag::READ).min(*bytes), timing.read, true),
            Action::Write(_, bytes) => (wants(flag::WRITE).min(*bytes), 0, false),
        };
        let until = now + timing.command + latency + if jitter { self.jitter() } else { 0 };
        self.tasks.push_back(Task { handle, request, action, bytes, buffer: Vec::new(), phase: Phase::Until(until) });
    }

    fn decode(&mut self, now: u64, lun: u8, request: &Upiu) -> Action {
        let cdb = request.cdb();
        let exists = usize::from(lun) < self.units.len() || scsi::wlun::ALL.contains(&lun);
        // INQUIRY, REPORT LUNS and REQUEST SENSE are answered whatever the unit's state.
        let always = matches!(cdb[0], 0x12 | 0xa0 | 0x03);
        if !exists && cdb[0] != 0x12 {
            return Action::Fail(Sense::NO_UNIT);
        }
        if let Some(at) = self.attention.iter().position(|unit| *unit == lun).filter(|_| !always || cdb[0] == 0x03) {
            self.attention.swap_remove(at);
            return match cdb[0] {
                0x03 => Action::Send(Sense::POWER_ON.to_bytes().into_iter().take(cdb[4].into()).collect()),
                _ => Action::Fail(Sense::POWER_ON),
            };
        }
        scsi::decode(&self.config, lun, self.units.get(usize::from(lun)), self.query.ready(now), &cdb)
    }

    fn jitter(&mut self) -> u64 {
        match self.config.timing.jitter {
            0 => 0,
            limit => self.rng.random_range(0..=limit),
        }
    }

    /// Moves on what is due.
    fn advance(&mut self, now: u64) {
        for at in 0..self.tasks.len() {
            let task = &mut self.tasks[at];
            if let Phase::Until(due) = task.phase {
                if due <= now {
                    task.phase = match (&task.action, task.bytes) {
                        (_, 0) => Phase::Responding(due),
                        (Action::Write(..), _) => Phase::Taking { asked: 0, got: 0 },
                        _ => Phase::Sending { sent: 0, ready_at: due },
                    };
                }
            }
        }
        while let Some(at) = self.tasks.iter().position(|task| matches!(task.phase, Phase::Responding(due) if due <= now)) {
            if let Some(task) = self.tasks.remove(at) {
                self.respond(now, &task);
            }
        }
    }

    fn respond(&mut self, now: u64, task: &Task) {
        let (status, sense, available) = match &task.action {
            Action::Fail(sense) => (scsi::CHECK_CONDITION, Some(*sense), 0),
            Action::Send(data) => (scsi::GOOD, None, data.len() as u64),
            Action::Read(_, bytes) | Action::Write(_, bytes) => (scsi::GOOD, None, *bytes),
            Action::Done | Action::Flush => (scsi::GOOD, None, 0),
        };
        let reply = response(&task.request, status, sense, available, task.bytes);
        self.reply(now, task.handle, reply);
    }

    /// A READY TO TRANSFER, if one may go out.
    fn ready_to_transfer(&mut self) -> Option<Frame> {
        if self.rtts >= self.query.max_rtt() {
            return None;
        }
        let most = u64::from(self.config.data_out_bytes);
        for task in &mut self.tasks {
            let Phase::Taking { asked, .. } = &mut task.phase else { continue };
            let count = (task.bytes - *asked).min(most);
            if count == 0 {
                continue;
            }
            let mut upiu = Upiu::new(code::READY_TO_TRANSFER, 0, task.request.dw0().lun(), task.request.dw0().tag());
            upiu.set_dword(3, *asked as u32);
            upiu.set_dword(4, count as u32);
            *asked += count;
            self.rtts += 1;
            return Some(Frame { handle: task.handle, upiu });
        }
        None
    }

    /// Cycle from which the next piece of a sending command is there. What comes from the medium waits for the medium.
    fn piece_ready(&self, task: &Task) -> Option<u64> {
        let Phase::Sending { ready_at, .. } = task.phase else { return None };
        Some(if matches!(task.action, Action::Read(..)) { ready_at.max(self.medium_free) } else { ready_at })
    }

    /// A DATA IN, if one is ready. Commands take turns.
    fn data_in(&mut self, now: u64) -> Option<Frame> {
        let at = self.tasks.iter().position(|task| self.piece_ready(task).is_some_and(|at| at <= now))?;
        let mut task = self.tasks.remove(at)?;
        let Phase::Sending { sent, .. } = task.phase else { return None };
        let count = (task.bytes - sent).min(self.config.data_in_bytes.into());
        let data = match &task.action {
            Action::Send(data) => data.iter().skip(sent as usize).take(count as usize).copied().collect(),
            Action::Read(offset, _) => {
                let unit = self.units.get(usize::from(task.request.dw0().lun()));
                // The medium delivers piece by piece: the next one is there when this one's time is over.
                self.medium_free = now + (count * CLOCK_HZ).div_ceil(self.config.read_rate.max(1));
                unit.map_or_else(Vec::new, |unit| unit.read(offset + sent, count as usize))
            }
            _ => Vec::new(),
        };
        let mut upiu = Upiu::new(code::DATA_IN, 0, task.request.dw0().lun(), task.request.dw0().tag());
        upiu.set_dword(3, sent as u32);
        upiu.set_dword(4, count as u32);
        upiu.set_data(data);
        let frame = Frame { handle: task.handle, upiu };
        let sent = sent + count;
        task.phase = if sent == task.bytes { Phase::Responding(now) } else { Phase::Sending { sent, ready_at: now } };
        self.tasks.push_back(task);
        Some(frame)
    }

    /// DATA OUT of a write. Data that nobody waits for is dropped.
    fn take_data(&mut self, now: u64, handle: u64, upiu: &Upiu) {
        let jitter = self.jitter();
        let Some(task) = self.tasks.iter_mut().find(|task| task.handle == handle) else { return };
        let Phase::Taking { got, .. } = &mut task.phase else { return };
        self.rtts = self.rtts.saturating_sub(1);
        let offset = upiu.dword(3) as usize;
        let total = task.bytes as usize;
        if offset.checked_add(upiu.data.len()).is_none_or(|end| end > total) {
            return;
        }
        task.buffer.resize(total, 0);
        task.buffer[offset..offset + upiu.data.len()].copy_from_slice(&upiu.data);
        *got += upiu.data.len() as u64;
        if *got >= task.bytes {
            let lun = usize::from(task.request.dw0().lun());
            if let (Action::Write(at, _), Some(unit)) = (&task.action, self.units.get_mut(lun)) {
                unit.write(*at, &task.buffer);
            }
            task.phase = Phase::Responding(now + self.config.timing.write + jitter);
        }
    }

    fn manage(&mut self, request: &Upiu) -> Upiu {
        let (lun, tag) = (request.dword(3) as u8, request.dword(4) as u8);
        let of_unit = |task: &Task| task.request.dw0().lun() == lun;
        let exact = |task: &Task| of_unit(task) && task.request.dw0().tag() == tag;
        let found = |tasks: bool| if tasks { task::SUCCEEDED } else { task::COMPLETE };
        let exists = usize::from(lun) < self.units.len() || scsi::wlun::ALL.contains(&lun);
        let service = match request.dw1().function() {
            _ if !exists => task::WRONG_LUN,
            task::ABORT => {
                self.drop_tasks(exact);
                task::COMPLETE
            }
            task::ABORT_SET | task::CLEAR_SET | task::LU_RESET => {
                self.drop_tasks(of_unit);
                task::COMPLETE
            }
            task::QUERY => found(self.tasks.iter().any(exact)),
            task::QUERY_SET => found(self.tasks.iter().any(of_unit)),
            _ => task::NOT_SUPPORTED,
        };
        let mut reply = Upiu::new(code::TASK_RESPONSE, 0, request.dw0().lun(), request.dw0().tag());
        reply.set_dword(3, service);
        reply
    }

    fn drop_tasks(&mut self, which: impl Fn(&Task) -> bool) {
        let rtts = &mut self.rtts;
        let each = u64::from(self.config.data_out_bytes);
        self.tasks.retain(|task| {
            let drop = which(task);
            if let (true, Phase::Taking { asked, got }) = (drop, &task.phase) {
                *rtts = rtts.saturating_sub((asked - got).div_ceil(each) as u32);
            }
            !drop
        });
    }
}

/// RESPONSE to a COMMAND that could move `available` bytes and moved `moved`.
fn response(request: &Upiu, status: u8, sense: Option<Sense>, available: u64, moved: u64) -> Upiu {
    let expected = if request.dw0().flags() & (flag::READ | flag::WRITE) != 0 { u64::from(request.dword(3)) } else { 0 };
    let (flags, residual) = match (available > moved, expected > moved) {
        (true, _) => (flag::OVERFLOW, available - moved),
        (false, true) => (flag::UNDERFLOW, expected - moved),
        (false, false) => (0, 0),
    };
    let mut reply = Upiu::new(code::RESPONSE, flags, request.dw0().lun(), request.dw0().tag());
    reply.set_result(0, status);
    reply.set_dword(3, u32::try_from(residual).unwrap_or(u32::MAX));
    if let Some(sense) = sense {
        let mut data = vec![0, 18];
        data.extend(sense.to_bytes());
        reply.set_data(data);
    }
    reply
}
