//! UIC commands: the UniPro stack's control side, behind `UICCMD` and `UCMDARG1..3`.
//!
//! A command runs alone, takes its time ([`super::presets::HostTiming`]) and ends in a result code and an interrupt. Power mode
//! changes and hibernation go on after that and end in an interrupt of their own, with the outcome in `HCS.UPMCRS`.
//!
//! `UCMDARG3` is two registers at one offset. A write goes to the value of the next SET; a read shows the result of the last
//! GET, which SETs and control commands leave alone.

use super::link::LinkMode;
use super::mib::{attr, Mib, UicResult};
use super::presets::{HostConfig, HostTiming};

/// Opcodes.
pub mod opcode {
    /// Read a local attribute.
    pub const GET: u8 = 0x01;
    /// Write a local attribute.
    pub const SET: u8 = 0x02;
    /// Read an attribute of the peer.
    pub const PEER_GET: u8 = 0x03;
    /// Write an attribute of the peer.
    pub const PEER_SET: u8 = 0x04;
    /// Power the stack on.
    pub const POWERON: u8 = 0x10;
    /// Power the stack off.
    pub const POWEROFF: u8 = 0x11;
    /// Enable the stack.
    pub const ENABLE: u8 = 0x12;
    /// Reset the stack: the link goes down.
    pub const RESET: u8 = 0x14;
    /// Reset the peer.
    pub const ENDPOINTRESET: u8 = 0x15;
    /// Bring the link up.
    pub const LINKSTARTUP: u8 = 0x16;
    /// Enter hibernation.
    pub const HIBER_ENTER: u8 = 0x17;
    /// Leave hibernation.
    pub const HIBER_EXIT: u8 = 0x18;
    /// Enter test mode.
    pub const TEST_MODE: u8 = 0x1a;
}

/// `HCS.UPMCRS`: how the last power mode change ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PowerChange {
    /// None since reset.
    None = 0,
    /// Asked for by this side, done.
    Local = 1,
    /// Refused: more than a side can do.
    ErrorCap = 4,
}

/// What a command brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UicEvent {
    /// The command is complete: `IS.UCCS`.
    Complete,
    /// The link is up: the lists are ready, and the PHY adapter has seen its LINERESET.
    LinkUp,
    /// The link is down.
    LinkDown,
    /// Power mode change over: `IS.UPMS`; the new modes, transmit and receive, if it worked.
    PowerChanged(Option<(LinkMode, LinkMode)>),
    /// `IS.UHES`.
    HibernateEntered,
    /// `IS.UHXS`.
    HibernateExited,
    /// `IS.UTMS`.
    TestMode,
    /// The peer is to be reset.
    ResetPeer,
}

/// Registers and state of the command interface.
#[derive(Clone, Debug)]
pub struct Uic {
    /// The host's attributes.
    pub mib: Mib,
    /// The device's attributes.
    pub peer: Mib,
    /// The next so many link start-ups fail.
    pub failing_link_startups: u32,
    timing: HostTiming,
    lanes: u8,
    arg1_reset: u32,
    up: bool,
    opcode: u8,
    arg1: u32,
    arg2: u32,
    set_value: u32,
    get_latch: u32,
    /// End of the running command.
    busy_until: Option<u64>,
    /// What goes on behind a complete command.
    later: Option<(u64, UicEvent)>,
}

impl Uic {
    /// The stack after reset, with a peer of that gear.
    pub fn new(config: &HostConfig, peer_gear: u8) -> Uic {
        Uic {
            mib: Mib::host(config),
            peer: Mib::device(peer_gear, config.lanes),
            failing_link_startups: 0,
            timing: config.timing.clone(),
            lanes: config.lanes,
            arg1_reset: config.arg1_reset,
            up: false,
            opcode: 0,
            arg1: config.arg1_reset,
            arg2: 0,
            set_value: 0,
            get_latch: 0,
            busy_until: None,
            later: None,
        }
    }

    /// No command is running.
    pub fn ready(&self) -> bool {
        self.busy_until.is_none()
    }

    /// The link is up.
    pub fn link_up(&self) -> bool {
        self.up
    }

    /// `UICCMD`, `UCMDARG1`, `UCMDARG2`, `UCMDARG3` as read, by number 0 to 3.
    pub fn read(&self, number: usize) -> u32 {
        match number {
            0 => self.opcode.into(),
            1 => self.arg1,
            2 => self.arg2,
            _ => self.get_latch,
        }
    }

    /// A write to `UCMDARG1`, `UCMDARG2` or `UCMDARG3` (1 to 3). While a command runs it is ignored.
    pub fn write_argument(&mut self, number: usize, value: u32) {
        if !self.ready() {
            return;
        }
        match number {
            1 => self.arg1 = value,
            2 => self.arg2 = value & 0x00ff_00ff,
            _ => self.set_value = value,
        }
    }

    /// A write to `UICCMD`. Ignored while a command runs.
    pub fn start(&mut self, now: u64, value: u32) {
        if !self.ready() {
            return;
        }
        self.opcode = value as u8;
        let time = match self.opcode {
            opcode::LINKSTARTUP => self.timing.link_startup,
            opcode::PEER_GET | opcode::PEER_SET | opcode::ENDPOINTRESET => self.timing.uic_peer,
            _ => self.timing.uic_local,
        };
        self.busy_until = Some(now + time);
    }

    /// Cycle of the next event.
    pub fn next_event(&self) -> Option<u64> {
        self.busy_until.into_iter().chain(self.later.map(|(at, _)| at)).min()
    }

    /// Appends what is due by `now`.
    pub fn poll(&mut self, now: u64, out: &mut Vec<UicEvent>) {
        if let Some((at, event)) = self.later {
            if at <= now {
                self.later = None;
                self.settle(event);
                out.push(event);
            }
        }
        if self.busy_until.is_some_and(|at| at <= now) {
            self.busy_until = None;
            let result = self.execute(now, out);
            self.arg2 = self.arg2 & !0xff | result as u32;
            out.push(UicEvent::Complete);
        }
    }

    /// Link down without a command: host or device was reset.
    pub fn link_lost(&mut self) {
        self.up = false;
        self.later = None;
    }

    /// Back to reset values, link down. Scripted failures stay.
    pub fn reset(&mut self, config: &HostConfig, peer_gear: u8) {
        let failing = self.failing_link_startups;
        *self = Uic { failing_link_startups: failing, ..Uic::new(config, peer_gear) };
        self.arg1 = self.arg1_reset;
    }

    fn execute(&mut self, now: u64, out: &mut Vec<UicEvent>) -> UicResult {
        let (id, selector) = ((self.arg1 >> 16) as u16, self.arg1 as u16);
        match self.opcode {
            opcode::GET => self.get(false, id, selector),
            opcode::PEER_GET => self.get(true, id, selector),
            opcode::SET if id == attr::POWER_MODE && selector == 0 => self.change_power(now),
            opcode::SET => self.mib.set(id, selector, self.set_value).err().unwrap_or(UicResult::Success),
            opcode::PEER_SET if !self.up => UicResult::PeerFailure,
            opcode::PEER_SET => self.peer.set(id, selector, self.set_value).err().unwrap_or(UicResult::Success),
            opcode::POWERON | opcode::ENABLE => UicResult::Success,
            opcode::POWEROFF | opcode::RESET => {
                self.link_lost();
                out.push(UicEvent::LinkDown);
                UicResult::Success
            }
            opcode::ENDPOINTRESET if self.up => {
                out.push(UicEvent::ResetPeer);
                UicResult::Success
            }
            opcode::LINKSTARTUP => self.link_startup(out),
            opcode::HIBER_ENTER | opcode::HIBER_EXIT if self.up => {
                let enter = self.opcode == opcode::HIBER_ENTER;
                let event = if enter { UicEvent::HibernateEntered } else { UicEvent::HibernateExited };
                self.later = Some((now + self.timing.power_change, event));
                UicResult::Success
            }
            opcode::TEST_MODE => {
                out.push(UicEvent::TestMode);
                UicResult::Success
            }
            _ => UicResult::InvalidAttribute,
        }
    }

    fn get(&mut self, peer: bool, id: u16, selector: u16) -> UicResult {
        if peer && !self.up {
            return UicResult::PeerFailure;
        }
        match if peer { &self.peer } else { &self.mib }.get(id, selector) {
            Ok(value) => {
                self.get_latch = value;
                UicResult::Success
            }
            Err(result) => result,
        }
    }

    fn link_startup(&mut self, out: &mut Vec<UicEvent>) -> UicResult {
        if self.failing_link_startups > 0 {
            self.failing_link_startups -= 1;
            return UicResult::InvalidAttribute;
        }
        if self.up {
            return UicResult::InvalidAttribute;
        }
        self.up = true;
        for mib in [&mut self.mib, &mut self.peer] {
            mib.update(attr::CONNECTED_TX_LANES, self.lanes.into());
            mib.update(attr::CONNECTED_RX_LANES, self.lanes.into());
            mib.update(attr::TX_FSM_STATE, 2);
            mib.update(0x15a0, mib.value(0x15a9));
        }
        // What a receiver can do is negotiated: each side shows the lower of both.
        let gear = self.mib.value(attr::MAX_RX_HS_GEAR).min(self.peer.value(attr::MAX_RX_HS_GEAR));
        self.mib.update(attr::MAX_RX_HS_GEAR, gear);
        out.push(UicEvent::LinkUp);
        UicResult::Success
    }

    /// A SET of PA_PWRMODE: completes as a command, then changes (or refuses to).
    fn change_power(&mut self, now: u64) -> UicResult {
        let mode = self.set_value;
        let event = self.up.then(|| UicEvent::PowerChanged(self.modes(mode)));
        let Some(event) = event else { return UicResult::InvalidValue };
        self.later = Some((now + self.timing.power_change, event));
        self.mib.update(attr::POWER_MODE, mode);
        UicResult::Success
    }

    /// Transmit and receive mode that the attributes ask for; `None`: more than the sides can do.
    fn modes(&self, power_mode: u32) -> Option<(LinkMode, LinkMode)> {
        let series = self.mib.value(attr::HS_SERIES);
        let side = |code: u32, gear: u16, lanes: u16, connected: u16| {
            let high_speed = match code {
                1 | 4 => true,
                2 | 5 => false,
                _ => return None,
            };
            let (gear, lanes) = (self.mib.value(gear), self.mib.value(lanes));
            let highest = if high_speed { self.mib.value(attr::MAX_RX_HS_GEAR) } else { self.mib.value(0x1586) };
            let fits = (1..=highest).contains(&gear) && (1..=self.mib.value(connected)).contains(&lanes);
            let fits = fits && (!high_speed || matches!(series, 1 | 2));
            fits.then_some(LinkMode { high_speed, gear: gear as u8, rate_b: series == 2, lanes: lanes as u8 })
        };
        let tx = side(power_mode & 0xf, attr::TX_GEAR, attr::ACTIVE_TX_LANES, attr::CONNECTED_TX_LANES)?;
        let rx = side(power_mode >> 4 & 0xf, attr::RX_GEAR, attr::ACTIVE_RX_LANES, attr::CONNECTED_RX_LANES)?;
        Some((tx, rx))
    }

    /// Attributes that follow a finished change.
    fn settle(&mut self, event: UicEvent) {
        let state = match event {
            UicEvent::PowerChanged(Some((tx, _))) if tx.high_speed => 3,
            UicEvent::PowerChanged(Some(_)) | UicEvent::HibernateExited => 2,
            UicEvent::HibernateEntered => 1,
            _ => return,
        };
        self.mib.update(attr::TX_FSM_STATE, state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uic() -> Uic {
        Uic::new(&HostConfig::sc8180x(), 4)
    }

    /// Runs one command to its end, returns the result code and the events.
    fn run(uic: &mut Uic, opcode: u8, attribute: u16, value: u32) -> (u32, Vec<UicEvent>) {
        uic.write_argument(1, u32::from(attribute) << 16);
        uic.write_argument(2, 0);
        uic.write_argument(3, value);
        uic.start(0, opcode.into());
        let mut events = Vec::new();
        uic.poll(uic.next_event().unwrap_or(0), &mut events);
        (uic.read(2) & 0xff, events)
    }

    #[test]
    fn argument_3_reads_the_last_get_whatever_came_after_it() {
        let mut uic = uic();
        assert_eq!(uic.read(1), 1, "reset value of this vendor");
        assert_eq!(uic.read(3), 0);
        assert_eq!(run(&mut uic, opcode::GET, attr::VS_CORE_CLK_40NS_CYCLES, 0).0, 0);
        let cycles = uic.read(3);
        run(&mut uic, opcode::SET, attr::TX_LCC_ENABLE, 0);
        let (result, events) = run(&mut uic, opcode::LINKSTARTUP, 0, 0);
        assert_eq!((result, events), (0, vec![UicEvent::LinkUp, UicEvent::Complete]));
        assert_eq!([uic.read(0), uic.read(1), uic.read(2), uic.read(3)], [0x16, 0, 0, cycles]);
        assert_eq!(u64::from(cycles), HostConfig::sc8180x().unipro_hz * 40 / 1_000_000_000);
    }

    #[test]
    fn a_failed_get_leaves_the_latch() {
        let mut uic = uic();
        run(&mut uic, opcode::GET, attr::VS_CORE_CLK_40NS_CYCLES, 0);
        assert_eq!(run(&mut uic, opcode::GET, 0x7777, 0).0, UicResult::InvalidAttribute as u32);
        assert_eq!(uic.read(3), 12);
    }

    #[test]
    fn a_command_takes_its_time_and_holds_the_arguments() {
        let mut uic = uic();
        uic.write_argument(1, u32::from(attr::TX_GEAR) << 16);
        uic.start(100, opcode::GET.into());
        assert!(!uic.ready());
        uic.write_argument(1, 0);
        uic.start(101, opcode::LINKSTARTUP.into());
        let mut events = Vec::new();
        uic.poll(399, &mut events);
        assert!(events.is_empty());
        uic.poll(400, &mut events);
        assert_eq!(events, [UicEvent::Complete]);
        assert_eq!((uic.read(0), uic.read(3)), (u32::from(opcode::GET), 1));
    }

    #[test]
    fn power_mode_within_and_beyond_the_capabilities() {
        let mut uic = uic();
        assert_eq!(run(&mut uic, opcode::SET, attr::POWER_MODE, 0x11).0, UicResult::InvalidValue as u32, "no link yet");
        run(&mut uic, opcode::LINKSTARTUP, 0, 0);
        for (attribute, value) in
            [(attr::TX_GEAR, 4), (attr::RX_GEAR, 4), (attr::ACTIVE_TX_LANES, 2), (attr::ACTIVE_RX_LANES, 2), (attr::HS_SERIES, 2)]
        {
            assert_eq!(run(&mut uic, opcode::SET, attribute, value).0, 0);
        }
        assert_eq!(run(&mut uic, opcode::SET, attr::POWER_MODE, 0x11), (0, vec![UicEvent::Complete]));
        let mut events = Vec::new();
        let at = uic.next_event().unwrap_or(0);
        uic.poll(at, &mut events);
        let mode = LinkMode { high_speed: true, gear: 4, rate_b: true, lanes: 2 };
        assert_eq!(events, [UicEvent::PowerChanged(Some((mode, mode)))]);
        run(&mut uic, opcode::SET, attr::RX_GEAR, 5);
        run(&mut uic, opcode::SET, attr::POWER_MODE, 0x11);
        events.clear();
        uic.poll(uic.next_event().unwrap_or(0), &mut events);
        assert_eq!(events, [UicEvent::PowerChanged(None)]);
    }

    #[test]
    fn peer_commands_need_a_link() {
        let mut uic = uic();
        assert_eq!(run(&mut uic, opcode::PEER_GET, attr::TX_GEAR, 0).0, UicResult::PeerFailure as u32);
        uic.failing_link_startups = 1;
        assert_eq!(run(&mut uic, opcode::LINKSTARTUP, 0, 0).0, 1);
        assert_eq!(run(&mut uic, opcode::LINKSTARTUP, 0, 0).0, 0);
        assert_eq!(run(&mut uic, opcode::PEER_GET, attr::MAX_RX_HS_GEAR, 0).0, 0);
        assert_eq!(uic.read(3), 4);
    }
}
