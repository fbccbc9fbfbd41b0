//! Task management requests: read the 80-byte descriptor, ask the device, write the response UPIU at +48 and the status at +8.

use super::dma::EngineEvent;
use super::link::{Frame, Link};
use super::mover::{Job, JobEnd, Mover};
use super::trace::Owner;
use super::upiu::{code, Upiu, HEADER_BYTES};
use super::utrd::{dword_le, Ocs, OCS_OFFSET, UTMRD_BYTES, UTMRD_REQUEST, UTMRD_RESPONSE};
use crate::axi::port::Purpose;

/// Interrupt bit of a task management descriptor's DW0.
const INTERRUPT: u32 = 1 << 24;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Idle,
    Descriptor,
    /// Waits for the link.
    Ready(Box<Upiu>),
    Device,
    Response,
    Status(Ocs),
}

#[derive(Clone, Debug, Default)]
struct Slot {
    phase: Phase,
    handle: u64,
    descriptor: u64,
    interrupt: bool,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct TaskEngine {
    slots: Vec<Slot>,
}

impl TaskEngine {
    /// With so many slots.
    pub fn new(slots: u8) -> TaskEngine {
        TaskEngine { slots: vec![Slot::default(); slots.into()] }
    }

    /// A doorbell.
    pub(super) fn ring(&mut self, slot: u8, handle: u64, list: u64, mover: &mut Mover) {
        let Some(state) = self.slots.get_mut(usize::from(slot)) else { return };
        let descriptor = list.wrapping_add(UTMRD_BYTES * u64::from(slot));
        *state = Slot { phase: Phase::Descriptor, handle, descriptor, interrupt: false };
        mover.add(job(slot, descriptor, UTMRD_BYTES as usize, None));
    }

    /// Drops one request.
    pub(super) fn clear(&mut self, slot: u8, mover: &mut Mover) {
        mover.cancel(Owner::Task(slot));
        if let Some(state) = self.slots.get_mut(usize::from(slot)) {
            *state = Slot::default();
        }
    }

    /// Drops all requests.
    pub(super) fn drop_all(&mut self, mover: &mut Mover) {
        for slot in 0..self.slots.len() as u8 {
            self.clear(slot, mover);
        }
    }

    /// End of a bus job.
    pub(super) fn ended(&mut self, slot: u8, end: &JobEnd, mover: &mut Mover, events: &mut Vec<EngineEvent>) {
        let Some(state) = self.slots.get_mut(usize::from(slot)) else { return };
        match state.phase.clone() {
            Phase::Descriptor => {
                state.interrupt = dword_le(&end.data, 0) & INTERRUPT != 0;
                let request = end.data.get(UTMRD_REQUEST..UTMRD_REQUEST + HEADER_BYTES).unwrap_or_default();
                let upiu = Upiu::from_bytes(request);
                if upiu.code() == code::TASK_REQUEST {
                    state.phase = Phase::Ready(Box::new(upiu));
                } else {
                    state.status(slot, Ocs::InvalidCommandTable, mover);
                }
            }
            Phase::Response => state.status(slot, Ocs::Success, mover),
            Phase::Status(ocs) => {
                events.push(EngineEvent::TaskDone(slot, state.interrupt || ocs != Ocs::Success));
                *state = Slot::default();
            }
            Phase::Idle | Phase::Ready(_) | Phase::Device => {}
        }
    }

    /// A TASK MANAGEMENT RESPONSE from the device.
    pub(super) fn received(&mut self, handle: u64, upiu: &Upiu, mover: &mut Mover) {
        let found = self.slots.iter_mut().enumerate().find(|(_, slot)| slot.handle == handle && slot.phase == Phase::Device);
        let Some((slot, state)) = found else { return };
        state.phase = Phase::Response;
        let addr = state.descriptor.wrapping_add(UTMRD_RESPONSE);
        mover.add(job(slot as u8, addr, HEADER_BYTES, Some(upiu.header.to_vec())));
    }

    /// Sends what is ready.
    pub(super) fn step(&mut self, now: u64, link: &mut Link) {
        if !link.active {
            return;
        }
        for state in &mut self.slots {
            if let Phase::Ready(upiu) = &mut state.phase {
                link.send_to_device(now, Frame { handle: state.handle, upiu: std::mem::take(upiu.as_mut()) });
                state.phase = Phase::Device;
            }
        }
    }
}

impl Slot {
    fn status(&mut self, slot: u8, ocs: Ocs, mover: &mut Mover) {
        self.phase = Phase::Status(ocs);
        mover.add(job(slot, self.descriptor.wrapping_add(OCS_OFFSET), 4, Some(vec![ocs as u8, 0, 0, 0])));
    }
}

fn job(slot: u8, addr: u64, bytes: usize, data: Option<Vec<u8>>) -> Job {
    Job { owner: Owner::Task(slot), user: 0, purpose: Purpose::Utmrd, addr, bytes, data }
}
