//! The DMA engine: carries out transfer requests, slot by slot and many at once.
//!
//! | step | bus | |
//! | --- | --- | --- |
//! | 1 | read 32 bytes at `UTRLBA + 32 * slot` | the descriptor, fetched in the order of the doorbells |
//! | 2 | read 32 bytes at the command descriptor | the command UPIU; the data segment too, if there is one |
//! | 3 | read PRDT entries | in chunks, as data asks for them |
//! | 4 | write or read data | a DATA IN is written where its offset falls, a READY TO TRANSFER reads and sends |
//! | 5 | write the response UPIU | when the device has responded and all data is in memory |
//! | 6 | write the status, 4 bytes at descriptor + 8 | when the response is in memory |
//! | 7 | | when the status is in memory: doorbell bit falls, notification and interrupt |
//!
//! "In memory" means that the write response has come. Requests go to the device in the order of their doorbells.
//!
//! Any bus error is [`EngineEvent::BusFatal`]: all requests are dropped, nothing more is posted, and no status is written.
//! An error that the engine itself finds in a descriptor ends that request with a status and no response.

use super::data::{DataMover, Step};
use super::link::{Frame, Link};
use super::mover::{Job, JobEnd, Mover};
use super::presets::{DmaConfig, WriteErrorPolicy};
use super::tasks::TaskEngine;
use super::trace::Owner;
use super::upiu::{code, Dw0, Upiu, HEADER_BYTES};
use super::utrd::{Ocs, Utrd, CT_UFS_STORAGE, OCS_OFFSET, PRDT_ENTRY_BYTES, UTRD_BYTES};
use crate::axi::port::Purpose;
use std::collections::VecDeque;

/// Bytes of a command UPIU that tell its length.
const UPIU_PEEK: usize = 12;
/// Longest data segment of a request: a descriptor in a QUERY.
const MAX_REQUEST_DATA: usize = 255;

/// What the registers must be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineEvent {
    /// A transfer request is complete.
    TransferDone {
        /// Its slot.
        slot: u8,
        /// Its descriptor asks for an interrupt.
        interrupt: bool,
        /// Its status is an error.
        error: bool,
    },
    /// A cleared transfer request is gone.
    TransferCleared(u8),
    /// A task management request is complete; the flag: interrupt.
    TaskDone(u8, bool),
    /// A bus error: everything has been dropped.
    BusFatal,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Idle,
    /// Step 1.
    Descriptor,
    /// Step 2.
    Upiu,
    /// To be sent when its turn comes.
    Ready,
    /// Steps 3 and 4.
    Device,
    /// Step 5.
    Response,
    /// Ends with this status when nothing of it is on the bus any more.
    Closing(Ocs),
    /// Step 6.
    Status(Ocs),
    /// Cleared by software: gone when nothing of it is on the bus any more.
    Clearing,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    phase: Phase,
    /// Number of this request, never used again.
    handle: u64,
    descriptor: u64,
    utrd: Utrd,
    command: Vec<u8>,
    /// First dword of the command, once it has been sent.
    request: Dw0,
    data: DataMover,
    response: Option<Upiu>,
}

/// See the module.
#[derive(Debug)]
pub struct Engine {
    config: DmaConfig,
    /// The bus side.
    pub mover: Mover,
    /// Task management requests.
    pub tasks: TaskEngine,
    slots: Vec<Slot>,
    /// Slots whose requests have not been sent, in the order of their doorbells.
    to_send: VecDeque<u8>,
    next_handle: u64,
}

impl Engine {
    /// An engine with so many slots.
    pub fn new(config: &DmaConfig, transfer_slots: u8, task_slots: u8) -> Engine {
        Engine {
            config: config.clone(),
            mover: Mover::new(config),
            tasks: TaskEngine::new(task_slots),
            slots: vec![Slot::default(); transfer_slots.into()],
            to_send: VecDeque::new(),
            next_handle: 1,
        }
    }

    /// A doorbell: fetches the slot's descriptor from the list.
    pub fn ring(&mut self, slot: u8, list: u64) {
        let handle = self.take_handle();
        let Some(state) = self.slots.get_mut(usize::from(slot)) else { return };
        let descriptor = list.wrapping_add(UTRD_BYTES * u64::from(slot));
        *state = Slot { phase: Phase::Descriptor, handle, descriptor, ..Slot::default() };
        self.to_send.push_back(slot);
        self.read(slot, Purpose::Utrd, 0, descriptor, UTRD_BYTES as usize);
    }

    /// A task management doorbell.
    pub fn ring_task(&mut self, slot: u8, list: u64) {
        let handle = self.take_handle();
        self.tasks.ring(slot, handle, list, &mut self.mover);
    }

    fn take_handle(&mut self) -> u64 {
        self.next_handle += 1;
        self.next_handle - 1
    }

    /// Drops one request. It is reported when nothing of it is on the bus any more.
    pub fn clear(&mut self, slot: u8) {
        self.to_send.retain(|other| *other != slot);
        self.mover.cancel(Owner::Transfer(slot));
        if let Some(state) = self.slots.get_mut(usize::from(slot)) {
            if state.phase != Phase::Idle {
                *state = Slot { phase: Phase::Clearing, ..Slot::default() };
            }
        }
    }

    /// Drops all transfer requests at once.
    pub fn drop_transfers(&mut self) {
        for slot in 0..self.slots.len() as u8 {
            self.clear(slot);
            self.slots[usize::from(slot)].phase = Phase::Idle;
        }
    }

    /// Drops everything at once.
    pub fn drop_all(&mut self) {
        self.drop_transfers();
        self.tasks.drop_all(&mut self.mover);
        self.mover.cancel_all();
    }

    /// Bytes from the device that memory has not got yet.
    pub fn buffered(&self) -> u64 {
        self.slots.iter().map(|slot| slot.data.buffered()).sum()
    }

    /// Ends of bus jobs.
    pub fn ended(&mut self, now: u64, ends: Vec<JobEnd>, link: &mut Link, events: &mut Vec<EngineEvent>) {
        for end in ends {
            if !end.ok {
                let spare = end.write && self.config.write_error == WriteErrorPolicy::FailRequest;
                match end.owner {
                    Owner::Transfer(slot) if spare => self.write_failed(slot, events),
                    _ => {
                        self.drop_all();
                        events.push(EngineEvent::BusFatal);
                        return;
                    }
                }
                continue;
            }
            match end.owner {
                Owner::Transfer(slot) => self.transfer_ended(now, slot, end, link, events),
                Owner::Task(slot) => self.tasks.ended(slot, &end, &mut self.mover, events),
            }
        }
    }

    /// A UPIU from the device.
    pub fn received(&mut self, frame: Frame) {
        let Frame { handle, upiu } = frame;
        if upiu.code() == code::TASK_RESPONSE {
            self.tasks.received(handle, &upiu, &mut self.mover);
            return;
        }
        let Some(at) = self.slots.iter().position(|slot| slot.handle == handle && slot.phase == Phase::Device) else { return };
        let slot = &mut self.slots[at];
        let offset = u64::from(upiu.dword(3));
        let direction = slot.utrd.control.direction();
        match (upiu.code(), direction) {
            (code::DATA_IN, 2) => slot.data.scatter(offset, upiu.data),
            (code::READY_TO_TRANSFER, 1) => slot.data.gather(offset, (upiu.dword(4) as usize).min(usize::from(u16::MAX))),
            (code::DATA_IN | code::READY_TO_TRANSFER, _) => self.close(at as u8, Ocs::DataMismatch),
            _ => slot.response = Some(upiu),
        }
    }

    /// Everything that can go on without waiting.
    pub fn step(&mut self, now: u64, link: &mut Link, events: &mut Vec<EngineEvent>) {
        self.send_ready(now, link);
        self.tasks.step(now, link);
        for slot in 0..self.slots.len() as u8 {
            if self.slots[usize::from(slot)].phase == Phase::Device {
                self.plan_data(slot);
                self.write_response(slot);
            }
            // Planning may have ended the request, so this is looked at behind it.
            if let Phase::Closing(ocs) = self.slots[usize::from(slot)].phase {
                if !self.mover.in_flight(Owner::Transfer(slot)) {
                    self.write_status(slot, ocs);
                }
            }
        }
        self.report_cleared(events);
    }

    /// Cleared requests of which nothing is on the bus any more.
    pub fn report_cleared(&mut self, events: &mut Vec<EngineEvent>) {
        for slot in 0..self.slots.len() as u8 {
            if self.slots[usize::from(slot)].phase == Phase::Clearing && !self.mover.in_flight(Owner::Transfer(slot)) {
                self.slots[usize::from(slot)].phase = Phase::Idle;
                events.push(EngineEvent::TransferCleared(slot));
            }
        }
    }

    /// Drops one task management request.
    pub fn clear_task(&mut self, slot: u8) {
        self.tasks.clear(slot, &mut self.mover);
    }

    /// Sends what is ready, in the order of the doorbells.
    fn send_ready(&mut self, now: u64, link: &mut Link) {
        while let Some(&slot) = self.to_send.front() {
            let state = &mut self.slots[usize::from(slot)];
            if state.phase != Phase::Ready || !link.active {
                break;
            }
            self.to_send.pop_front();
            state.phase = Phase::Device;
            let upiu = Upiu::from_bytes(&std::mem::take(&mut state.command));
            state.request = upiu.dw0();
            link.send_to_device(now, Frame { handle: state.handle, upiu });
        }
    }

    fn transfer_ended(&mut self, now: u64, slot: u8, end: JobEnd, link: &mut Link, events: &mut Vec<EngineEvent>) {
        let state = &mut self.slots[usize::from(slot)];
        match (end.purpose, state.phase) {
            (Purpose::Utrd, Phase::Descriptor) => self.take_descriptor(slot, &end.data),
            (Purpose::CommandUpiu, Phase::Upiu) => self.take_upiu(slot, end.user, end.data),
            (Purpose::Prdt, Phase::Device) => {
                if let Err(ocs) = state.data.prdt(&end.data) {
                    self.close(slot, ocs);
                }
            }
            (Purpose::Data, Phase::Device) => {
                if let Some(piece) = state.data.moved(end.user, &end.data) {
                    let mut upiu = Upiu::new(code::DATA_OUT, 0, state.request.lun(), state.request.tag());
                    upiu.set_dword(3, piece.offset as u32);
                    upiu.set_dword(4, piece.bytes.len() as u32);
                    upiu.set_data(piece.bytes);
                    link.send_to_device(now, Frame { handle: state.handle, upiu });
                }
            }
            (Purpose::ResponseUpiu, Phase::Response) => self.write_status(slot, Ocs::Success),
            (Purpose::Ocs, Phase::Status(ocs)) => self.complete(slot, ocs, events),
            _ => {}
        }
    }

    /// End of step 1.
    fn take_descriptor(&mut self, slot: u8, bytes: &[u8]) {
        let utrd = Utrd::from_bytes(bytes);
        let state = &mut self.slots[usize::from(slot)];
        state.utrd = utrd;
        let control = utrd.control;
        if control.command_type() != CT_UFS_STORAGE || control.direction() == 3 {
            return self.close(slot, Ocs::InvalidCommandTable);
        }
        if control.crypto() {
            // The crypto registers are there for software to read, but there is no cipher.
            return self.close(slot, Ocs::InvalidCrypto);
        }
        state.data = DataMover::new(utrd.prdt.length().into(), self.config.prdt_chunk);
        state.phase = Phase::Upiu;
        let (stage, bytes) = if self.config.two_touch_upiu { (0, UPIU_PEEK) } else { (1, HEADER_BYTES) };
        self.read(slot, Purpose::CommandUpiu, stage, utrd.ucd, bytes);
    }

    /// Step 2, by stages: 0 the first bytes, 1 the header or all of it, 2 what is behind the header.
    fn take_upiu(&mut self, slot: u8, stage: u64, bytes: Vec<u8>) {
        let ucd = self.slots[usize::from(slot)].utrd.ucd;
        let Some(total) = request_bytes(if stage == 2 { &self.slots[usize::from(slot)].command } else { &bytes }) else {
            return self.close(slot, Ocs::InvalidCommandTable);
        };
        if stage == 0 {
            return self.read(slot, Purpose::CommandUpiu, 1, ucd, total);
        }
        let state = &mut self.slots[usize::from(slot)];
        state.command.extend(bytes);
        if state.command.len() < total {
            let from = state.command.len();
            return self.read(slot, Purpose::CommandUpiu, 2, ucd.wrapping_add(from as u64), total - from);
        }
        state.phase = Phase::Ready;
    }

    /// Steps 3 and 4.
    fn plan_data(&mut self, slot: u8) {
        loop {
            let state = &mut self.slots[usize::from(slot)];
            let utrd = state.utrd;
            match state.data.step() {
                Step::Wait => return,
                Step::FetchPrdt { index, entries } => {
                    self.read(slot, Purpose::Prdt, 0, utrd.prdt_addr(index), (PRDT_ENTRY_BYTES * u64::from(entries)) as usize);
                }
                Step::Move { user, addr, bytes, data } => {
                    self.mover.add(Job { owner: Owner::Transfer(slot), user, purpose: Purpose::Data, addr, bytes, data });
                }
                Step::Fail(ocs) => return self.close(slot, ocs),
            }
        }
    }

    /// Step 5, when it may.
    fn write_response(&mut self, slot: u8) {
        let state = &mut self.slots[usize::from(slot)];
        if state.phase != Phase::Device || !state.data.idle() {
            return;
        }
        let Some(response) = state.response.take() else { return };
        let bytes = response.to_bytes();
        if bytes.len() > 4 * usize::from(state.utrd.response.length()) {
            return self.close(slot, Ocs::ResponseMismatch);
        }
        state.phase = Phase::Response;
        let addr = state.utrd.response_addr();
        self.write(slot, Purpose::ResponseUpiu, addr, bytes);
    }

    /// Step 6.
    fn write_status(&mut self, slot: u8, ocs: Ocs) {
        let state = &mut self.slots[usize::from(slot)];
        state.phase = Phase::Status(ocs);
        let addr = state.descriptor.wrapping_add(OCS_OFFSET);
        self.write(slot, Purpose::Ocs, addr, vec![ocs as u8, 0, 0, 0]);
    }

    /// Step 7.
    fn complete(&mut self, slot: u8, ocs: Ocs, events: &mut Vec<EngineEvent>) {
        let state = std::mem::take(&mut self.slots[usize::from(slot)]);
        let (interrupt, error) = (state.utrd.control.interrupt(), ocs != Ocs::Success);
        events.push(EngineEvent::TransferDone { slot, interrupt, error });
    }

    /// Ends a request with an error status.
    fn close(&mut self, slot: u8, ocs: Ocs) {
        self.to_send.retain(|other| *other != slot);
        self.mover.cancel(Owner::Transfer(slot));
        let state = &mut self.slots[usize::from(slot)];
        state.data = DataMover::default();
        state.response = None;
        state.phase = Phase::Closing(ocs);
    }

    /// A bus error on a write, where that ends only the request.
    fn write_failed(&mut self, slot: u8, events: &mut Vec<EngineEvent>) {
        match self.slots[usize::from(slot)].phase {
            // Its status cannot be told: it is left as software preset it.
            Phase::Status(_) => self.complete(slot, Ocs::HostFatal, events),
            Phase::Device | Phase::Response => self.close(slot, Ocs::HostFatal),
            _ => {}
        }
    }

    fn read(&mut self, slot: u8, purpose: Purpose, user: u64, addr: u64, bytes: usize) {
        self.mover.add(Job { owner: Owner::Transfer(slot), user, purpose, addr, bytes, data: None });
    }

    fn write(&mut self, slot: u8, purpose: Purpose, addr: u64, data: Vec<u8>) {
        self.mover.add(Job { owner: Owner::Transfer(slot), user: 0, purpose, addr, bytes: data.len(), data: Some(data) });
    }
}

/// Bytes of a request UPIU, from its first 12. `None`: not one that a host may send by a transfer request.
fn request_bytes(bytes: &[u8]) -> Option<usize> {
    let upiu = Upiu::from_bytes(bytes);
    let (dw0, dw2) = (upiu.dw0(), upiu.dw2());
    if dw0.header_digest() || dw0.data_digest() || dw2.ehs_length() != 0 {
        return None;
    }
    match (dw0.code(), usize::from(dw2.data_length())) {
        (code::NOP_OUT | code::COMMAND | code::QUERY_REQUEST, 0) => Some(HEADER_BYTES),
        (code::QUERY_REQUEST, data) if data <= MAX_REQUEST_DATA => Some((HEADER_BYTES + data).next_multiple_of(4)),
        _ => None,
    }
}
