//! The controller's clock: what happens in one cycle, in order, and how far time may jump.
//!
//! 1. The bus: finished bursts are taken, the engine goes on with what they brought.
//! 2. Timers: enable sequence, UIC commands, interrupt aggregation.
//! 3. The link: UPIUs that have arrived at the device, then one that the device sends, then those that have arrived at the host.
//! 4. The engine does what can be done now; one read and one write burst go to the bus.

use super::host::UfsHost;
use super::link::Link;
use crate::axi::port::AxiPort;

pub(super) fn tick(host: &mut UfsHost, port: &mut dyn AxiPort) {
    let now = host.now;
    let mut events = Vec::new();
    let mut ends = Vec::new();
    host.engine.mover.collect(now, port, &mut ends);
    host.engine.ended(now, ends, &mut host.link, &mut events);
    host.apply(std::mem::take(&mut events));

    timers(host);

    while let Some(frame) = host.link.receive_at_device(now) {
        host.device.receive(now, frame);
    }
    if device_may_send_at(host).is_some_and(|at| at <= now) {
        let waiting = host.link.bytes_to_host() + host.engine.buffered();
        let next = u64::from(host.device.config().data_in_bytes);
        // A buffer smaller than one UPIU would never take any.
        let room = waiting + next <= host.config.dma.receive_buffer.max(next);
        if let Some(frame) = host.device.next_frame(now, room) {
            host.link.send_to_host(now, frame);
        }
    }
    while let Some(frame) = host.link.receive_at_host(now) {
        host.engine.received(frame);
    }

    host.engine.step(now, &mut host.link, &mut events);
    host.apply(events);
    host.engine.mover.post(now, port);
    host.now += 1;
}

fn timers(host: &mut UfsHost) {
    let now = host.now;
    // The core comes up with a quiet bus: bursts from before the reset must have come back.
    if host.enabled_at.is_some_and(|at| at <= now) && host.engine.mover.outstanding() == 0 {
        host.enabled_at = None;
        host.regs.hce.set_enable(true);
    }
    if host.uic.next_event().is_some_and(|at| at <= now) {
        let mut events = Vec::new();
        host.uic.poll(now, &mut events);
        host.apply_uic(events);
    }
    if host.report_at.is_some_and(|at| at <= now) {
        host.report_aggregated();
    }
}

/// Cycle from which the device has something to send and the link takes it.
fn device_may_send_at(host: &UfsHost) -> Option<u64> {
    let free = |link: &Link| link.active.then(|| link.to_host_free_at());
    Some(host.device.next_event()?.max(free(&host.link)?))
}

impl UfsHost {
    /// Nothing is on the bus or waits for it: ticks have nothing to do until [`UfsHost::next_event_in`] or a register write.
    pub fn idle(&self) -> bool {
        self.engine.mover.idle()
    }

    /// Cycles until something happens: `Some(0)` now (or the bus is in use), `None` never without a register write.
    pub fn next_event_in(&self) -> Option<u64> {
        if !self.idle() {
            return Some(0);
        }
        let events = [self.enabled_at, self.uic.next_event(), self.report_at, self.link.next_event(), device_may_send_at(self)]
            .into_iter();
        events.flatten().min().map(|at| at.saturating_sub(self.now))
    }

    /// Lets time pass without ticks. `cycles` must not exceed [`UfsHost::next_event_in`]: what falls into the gap happens late,
    /// at the next tick.
    pub fn skip(&mut self, cycles: u64) {
        self.now += cycles;
    }
}
