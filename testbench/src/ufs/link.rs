//! The M-PHY link between host and device: UPIUs take their bytes' time, one after the other in each direction.
//!
//! A frame is a UPIU and the host's handle for its request. (The real host finds the request by logical unit and task tag; the
//! handle stands for that look-up, and tells a request from an older one with the same tag.)

use super::presets::CLOCK_HZ;
use super::upiu::Upiu;
use std::collections::VecDeque;

/// Speed of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkMode {
    /// HS gears; otherwise PWM gears.
    pub high_speed: bool,
    /// Gear, from 1.
    pub gear: u8,
    /// Rate series B (HS only).
    pub rate_b: bool,
    /// Active lanes.
    pub lanes: u8,
}

impl LinkMode {
    /// PWM gear 1 on one lane: the mode after link start-up.
    pub const SLOWEST: LinkMode = LinkMode { high_speed: false, gear: 1, rate_b: false, lanes: 1 };

    /// Payload bytes a second: ten line bits carry one byte.
    pub fn bytes_per_second(&self) -> u64 {
        let gear_1_bits = match (self.high_speed, self.rate_b) {
            (true, false) => 1_248_000_000,
            (true, true) => 1_457_600_000,
            (false, _) => 9_000_000,
        };
        (gear_1_bits << u32::from(self.gear.clamp(1, 7) - 1)) / 10 * u64::from(self.lanes.max(1))
    }

    /// Cycles that so many bytes take, rounded up.
    pub fn cycles(&self, bytes: u64) -> u64 {
        (bytes * CLOCK_HZ).div_ceil(self.bytes_per_second())
    }
}

/// A UPIU under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The host's number for the request; 0 is none.
    pub handle: u64,
    /// The UPIU.
    pub upiu: Upiu,
}

/// One direction.
#[derive(Clone, Debug)]
struct Lane {
    mode: LinkMode,
    busy_until: u64,
    frames: VecDeque<(u64, Frame)>,
}

impl Lane {
    fn new() -> Lane {
        Lane { mode: LinkMode::SLOWEST, busy_until: 0, frames: VecDeque::new() }
    }

    fn send(&mut self, now: u64, latency: u64, frame: Frame) {
        self.busy_until = self.busy_until.max(now) + self.mode.cycles(frame.upiu.wire_bytes());
        self.frames.push_back((self.busy_until + latency, frame));
    }

    fn receive(&mut self, now: u64) -> Option<Frame> {
        self.frames.front().filter(|(at, _)| *at <= now)?;
        self.frames.pop_front().map(|(_, frame)| frame)
    }
}

/// Both directions.
#[derive(Clone, Debug)]
pub struct Link {
    /// Frames may start. Off while the link is down or hibernates.
    pub active: bool,
    latency: u64,
    to_device: Lane,
    to_host: Lane,
}

impl Link {
    /// A link that is down. `latency` in cycles, one way.
    pub fn new(latency: u64) -> Link {
        Link { active: false, latency, to_device: Lane::new(), to_host: Lane::new() }
    }

    /// Back to the slowest mode, everything under way is lost.
    pub fn reset(&mut self) {
        *self = Link::new(self.latency);
    }

    /// New speeds, as the host sees transmit and receive.
    pub fn set_modes(&mut self, tx: LinkMode, rx: LinkMode) {
        self.to_device.mode = tx;
        self.to_host.mode = rx;
    }

    /// Transmit and receive speed as the host sees them.
    pub fn modes(&self) -> (LinkMode, LinkMode) {
        (self.to_device.mode, self.to_host.mode)
    }

    /// Host to device.
    pub fn send_to_device(&mut self, now: u64, frame: Frame) {
        self.to_device.send(now, self.latency, frame);
    }

    /// Device to host.
    pub fn send_to_host(&mut self, now: u64, frame: Frame) {
        self.to_host.send(now, self.latency, frame);
    }

    /// Cycle from which the direction to the host is free.
    pub fn to_host_free_at(&self) -> u64 {
        self.to_host.busy_until
    }

    /// Bytes of payload on their way to the host.
    pub fn bytes_to_host(&self) -> u64 {
        self.to_host.frames.iter().map(|(_, frame)| frame.upiu.data.len() as u64).sum()
    }

    /// Next frame that has arrived at the device.
    pub fn receive_at_device(&mut self, now: u64) -> Option<Frame> {
        self.to_device.receive(now)
    }

    /// Next frame that has arrived at the host.
    pub fn receive_at_host(&mut self, now: u64) -> Option<Frame> {
        self.to_host.receive(now)
    }

    /// Cycle of the next arrival.
    pub fn next_event(&self) -> Option<u64> {
        let first = |lane: &Lane| lane.frames.front().map(|(at, _)| *at);
        first(&self.to_device).into_iter().chain(first(&self.to_host)).min()
    }

    /// Nothing is under way.
    pub fn quiet(&self) -> bool {
        self.to_device.frames.is_empty() && self.to_host.frames.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::upiu::code;
    use super::*;

    #[test]
    fn rates_are_those_of_the_gears() {
        let mode = |gear, rate_b| LinkMode { high_speed: true, gear, rate_b, lanes: 2 };
        // Two lanes, rate B: gear 3 to 5 carry 1166, 2332 and 4664 MB/s; gear 5 rate A 3994 MB/s.
        for (gear, rate_b, megabytes) in [(3, true, 1166), (4, true, 2332), (5, true, 4664), (5, false, 3993)] {
            assert_eq!(mode(gear, rate_b).bytes_per_second() / 1_000_000, megabytes);
        }
        assert_eq!(LinkMode::SLOWEST.bytes_per_second(), 900_000);
        assert_eq!(mode(4, true).cycles(4096), (4096u64 * 300_000_000).div_ceil(2_332_160_000));
    }

    #[test]
    fn frames_queue_behind_each_other() {
        let mut link = Link::new(90);
        link.set_modes(LinkMode::SLOWEST, LinkMode::SLOWEST);
        let frame = |handle| Frame { handle, upiu: Upiu::new(code::NOP_OUT, 0, 0, 0) };
        let each = LinkMode::SLOWEST.cycles(32);
        link.send_to_device(1000, frame(1));
        link.send_to_device(1000, frame(2));
        assert_eq!(link.next_event(), Some(1000 + each + 90));
        assert!(link.receive_at_device(1000 + each + 89).is_none());
        assert_eq!(link.receive_at_device(1000 + each + 90).map(|f| f.handle), Some(1));
        assert_eq!(link.next_event(), Some(1000 + 2 * each + 90));
        assert!(link.receive_at_host(u64::MAX).is_none());
        link.reset();
        assert!(link.quiet());
    }
}
