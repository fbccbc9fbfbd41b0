//! The UFS host controller: register file, DMA engine, link and device in one clocked object.
//!
//! Software's side is [`UfsHost::read32`], [`UfsHost::write32`] and [`UfsHost::irq`]; the bus side is [`UfsHost::tick`], one AXI
//! clock at a time. What a register access starts goes on in later ticks.
//!
//! | access | registers |
//! | --- | --- |
//! | read-only | `CAP`..`HCMID`, `HCSEXT`, `HCS`, `HW_VERSION`, `PARAM0`, crypto capabilities |
//! | write one clears | `IS`, `UTRLCNR` |
//! | write one sets | `UTRLDBR`, `UTMRLDBR`: only while the list runs; otherwise the write is ignored |
//! | write zero acts | `UTRLCLR`, `UTMRLCLR`: only while the list runs; they read 0 |
//! | read clears | `UECPA`..`UECDME` |
//! | gated | `UTRLRSR`, `UTMRLRSR` are set only while the lists are ready (`HCS`), `UICCMD` and its arguments only while `HCS.UCRDY` |
//!
//! `AHIT` is stored, and the link never hibernates by itself.
//!
//! Clearing a run-stop bit drops the list's requests. `UTRLCNR` gains a bit whenever a bit of `UTRLDBR` falls, for whatever reason.
//!
//! A bus error ([`EngineEvent::BusFatal`]) does, in one cycle: `IS.SBFES` is set (and nothing else in `IS`), both run-stop bits
//! and both doorbells fall to 0, `UTRLCNR` gains the dropped slots. Status, enable, UIC and base registers stay. Nothing is
//! written back. So retries find doorbells that ignore them, and a clear finds nothing to clear, until software starts over.
//!
//! Time: events lie at absolute cycles. While [`UfsHost::idle`], up to [`UfsHost::next_event_in`] cycles may be
//! [`UfsHost::skip`]ped at once instead of ticked.

use super::device::Device;
use super::dma::{Engine, EngineEvent};
use super::link::{Link, LinkMode};
use super::presets::{ns, DeviceConfig, HostConfig};
use super::registers::*;
use super::trace::{Injection, Trace};
use super::uic::{PowerChange, Uic, UicEvent};
use super::vendor::Vendor;
use crate::axi::port::AxiPort;

/// Time-out unit of interrupt aggregation.
const AGGREGATION_UNIT: u64 = ns(40_000);

/// Layers of the interconnect that report errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UicLayer {
    /// `UECPA`.
    PhyAdapter,
    /// `UECDL`.
    DataLink,
    /// `UECN`.
    Network,
    /// `UECT`.
    Transport,
    /// `UECDME`.
    Dme,
}

/// Error present, in every `UECx`.
const UEC_ERROR: u32 = 1 << 31;
/// `UECPA`: the lanes were reset.
const UECPA_LINERESET: u32 = 1 << 4;

/// Registers that `HCE` = 0 resets.
#[derive(Clone, Debug, Default)]
pub(super) struct Registers {
    ahit: u32,
    pub(super) is: Interrupts,
    ie: u32,
    pub(super) hce: Hce,
    upmcrs: u8,
    pub(super) uec: [u32; 5],
    aggregation: Utriacr,
    pub(super) list: u64,
    pub(super) doorbell: u32,
    pub(super) run: bool,
    notification: u32,
    pub(super) task_list: u64,
    pub(super) task_doorbell: u32,
    pub(super) task_run: bool,
}

/// See the module.
#[derive(Debug)]
pub struct UfsHost {
    pub(super) config: HostConfig,
    pub(super) now: u64,
    pub(super) regs: Registers,
    pub(super) vendor: Vendor,
    pub(super) uic: Uic,
    pub(super) link: Link,
    pub(super) device: Device,
    pub(super) engine: Engine,
    /// End of the enable sequence.
    pub(super) enabled_at: Option<u64>,
    /// Completions counted for aggregation, and when they are reported at the latest.
    pub(super) counted: u8,
    pub(super) report_at: Option<u64>,
    pub(super) fatal_errors: u64,
}

impl UfsHost {
    /// A controller after power-on, with that device behind it.
    pub fn new(config: HostConfig, device: DeviceConfig) -> UfsHost {
        let cap = Cap::from(config.cap);
        let device = Device::new(device);
        UfsHost {
            now: 0,
            regs: Registers::default(),
            vendor: Vendor::new(&config),
            uic: Uic::new(&config, device.config().max_gear),
            link: Link::new(config.timing.link_latency),
            engine: Engine::new(&config.dma, cap.nutrs() + 1, cap.nutmrs() + 1),
            device,
            enabled_at: None,
            counted: 0,
            report_at: None,
            fatal_errors: 0,
            config,
        }
    }

    /// Controller and device of a SoC; `None`: no such preset ([`HostConfig::preset`]).
    pub fn preset(name: &str) -> Option<UfsHost> {
        Some(UfsHost::new(HostConfig::preset(name)?, DeviceConfig::preset(name)?))
    }

    /// Parameters.
    pub fn config(&self) -> &HostConfig {
        &self.config
    }

    /// Cycles since power-on, skipped ones included.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Level of the interrupt line.
    pub fn irq(&self) -> bool {
        u32::from(self.regs.is) & self.regs.ie != 0
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The device, to prepare its media or its behaviour.
    pub fn device_mut(&mut self) -> &mut Device {
        &mut self.device
    }

    /// Bus operations and totals.
    pub fn trace(&self) -> &Trace {
        &self.engine.mover.trace
    }

    /// To forget them.
    pub fn trace_mut(&mut self) -> &mut Trace {
        &mut self.engine.mover.trace
    }

    /// An error to come on the bus.
    pub fn inject(&mut self, injection: Injection) {
        self.engine.mover.trace.inject(injection);
    }

    /// The next so many link start-ups fail.
    pub fn fail_link_startups(&mut self, count: u32) {
        self.uic.failing_link_startups = count;
    }

    /// Transmit and receive speed of the link.
    pub fn link_modes(&self) -> (LinkMode, LinkMode) {
        self.link.modes()
    }

    /// Bus errors that stopped the controller, since power-on.
    pub fn fatal_errors(&self) -> u64 {
        self.fatal_errors
    }

    /// An interconnect layer reports an error: its `UECx` and `IS.UE`.
    pub fn report_uic_error(&mut self, layer: UicLayer, code: u32) {
        self.regs.uec[layer as usize] |= UEC_ERROR | code & !UEC_ERROR;
        self.regs.is.set_ue(true);
    }

    /// The platform's reset of the whole core, vendor registers included.
    pub fn core_reset(&mut self) {
        self.reset_controller();
        self.vendor = Vendor::new(&self.config);
    }

    /// The platform's reset line of the device. Its media stay.
    pub fn device_reset(&mut self) {
        self.device.reset();
    }

    /// `HCS` as it stands.
    fn status(&self) -> Hcs {
        let enabled = self.regs.hce.enable();
        let up = enabled && self.uic.link_up();
        Hcs::new()
            .with_dp(up)
            .with_utrlrdy(up)
            .with_utmrlrdy(up)
            .with_ucrdy(enabled && self.uic.ready())
            .with_upmcrs(self.regs.upmcrs)
    }

    /// Reads a register. What is unaligned, unknown or behind the aperture reads 0.
    pub fn read32(&mut self, offset: u32) -> u32 {
        let regs = &mut self.regs;
        match offset {
            CAP => self.config.cap,
            VER => self.config.ver,
            HCPID => self.config.hcpid,
            HCMID => self.config.hcmid,
            AHIT => regs.ahit,
            IS => regs.is.into(),
            IE => regs.ie,
            HCS => self.status().into(),
            HCE => regs.hce.into(),
            UECPA | UECDL | UECN | UECT | UECDME => std::mem::take(&mut regs.uec[(offset - UECPA) as usize / 4]),
            UTRIACR => regs.aggregation.with_status(self.counted > 0).into(),
            UTRLBA => regs.list as u32,
            UTRLBAU => (regs.list >> 32) as u32,
            UTRLDBR => regs.doorbell,
            UTRLRSR => regs.run.into(),
            UTRLCNR => regs.notification,
            UTMRLBA => regs.task_list as u32,
            UTMRLBAU => (regs.task_list >> 32) as u32,
            UTMRLDBR => regs.task_doorbell,
            UTMRLRSR => regs.task_run.into(),
            UICCMD | UCMDARG1 | UCMDARG2 | UCMDARG3 => self.uic.read((offset - UICCMD) as usize / 4),
            _ if offset < DUMP_BYTES => 0,
            _ => self.vendor.read(offset),
        }
    }

    /// Writes a register. What is unaligned, unknown, read-only or behind the aperture is ignored.
    pub fn write32(&mut self, offset: u32, value: u32) {
        let base = |old: u64, high: bool| match high {
            false => old & !0xffff_ffff | u64::from(value & !0x3ff),
            true => old & 0xffff_ffff | u64::from(value) << 32,
        };
        let wide = Cap::from(self.config.cap).addr64();
        match offset {
            AHIT => self.regs.ahit = value & 0x1fff,
            IS => self.regs.is = (u32::from(self.regs.is) & !value).into(),
            IE => self.regs.ie = value & INTERRUPTS,
            HCE => self.write_enable(value.into()),
            UTRIACR => self.write_aggregation(value.into()),
            UTRLBA => self.regs.list = base(self.regs.list, false),
            UTRLBAU if wide => self.regs.list = base(self.regs.list, true),
            UTRLDBR => self.ring(value),
            UTRLCLR if self.regs.run => self.clear(!value & self.regs.doorbell),
            UTRLRSR => self.write_run(value & 1 != 0),
            UTRLCNR => self.regs.notification &= !value,
            UTMRLBA => self.regs.task_list = base(self.regs.task_list, false),
            UTMRLBAU if wide => self.regs.task_list = base(self.regs.task_list, true),
            UTMRLDBR => self.ring_tasks(value),
            UTMRLCLR if self.regs.task_run => self.clear_tasks(!value & self.regs.task_doorbell),
            UTMRLRSR => self.write_task_run(value & 1 != 0),
            UICCMD if self.status().ucrdy() => self.uic.start(self.now, value),
            UCMDARG1 | UCMDARG2 | UCMDARG3 => self.uic.write_argument((offset - UICCMD) as usize / 4, value),
            _ if offset < DUMP_BYTES => {}
            _ => self.vendor.write(offset, value),
        }
    }

    fn write_enable(&mut self, value: Hce) {
        let crypto = value.crypto() && Cap::from(self.config.cap).crypto();
        if !value.enable() {
            self.reset_controller();
        } else if !self.regs.hce.enable() && self.enabled_at.is_none() {
            self.enabled_at = Some(self.now + self.config.timing.enable);
        }
        self.regs.hce.set_crypto(crypto && value.enable());
    }

    /// Everything but the vendor registers; the link goes down.
    fn reset_controller(&mut self) {
        self.engine.drop_all();
        self.regs = Registers::default();
        self.enabled_at = None;
        (self.counted, self.report_at) = (0, None);
        self.uic.reset(&self.config, self.device.config().max_gear);
        self.link_down();
    }

    fn link_down(&mut self) {
        self.link.reset();
        self.device.link_reset();
    }

    fn write_aggregation(&mut self, value: Utriacr) {
        let regs = &mut self.regs.aggregation;
        regs.set_enable(value.enable());
        if value.parameter_write() {
            regs.set_timeout(value.timeout());
            regs.set_threshold(value.threshold());
        }
        if value.reset() {
            (self.counted, self.report_at) = (0, None);
        }
    }

    fn write_run(&mut self, run: bool) {
        if run {
            self.regs.run |= self.status().utrlrdy();
        } else {
            self.engine.drop_transfers();
            self.fall(self.regs.doorbell);
            self.regs.run = false;
        }
    }

    fn write_task_run(&mut self, run: bool) {
        if run {
            self.regs.task_run |= self.status().utmrlrdy();
        } else {
            self.clear_tasks(self.regs.task_doorbell);
            self.regs.task_run = false;
        }
    }

    /// New transfer requests, lowest slot first.
    fn ring(&mut self, value: u32) {
        if !self.regs.run {
            return;
        }
        let slots = u32::from(Cap::from(self.config.cap).nutrs()) + 1;
        let new = value & !self.regs.doorbell & u32::MAX >> (32 - slots);
        self.regs.doorbell |= new;
        for slot in bits(new) {
            self.engine.ring(slot, self.regs.list);
        }
    }

    fn ring_tasks(&mut self, value: u32) {
        if !self.regs.task_run {
            return;
        }
        let slots = u32::from(Cap::from(self.config.cap).nutmrs()) + 1;
        let new = value & !self.regs.task_doorbell & u32::MAX >> (32 - slots);
        self.regs.task_doorbell |= new;
        for slot in bits(new) {
            self.engine.ring_task(slot, self.regs.task_list);
        }
    }

    /// Drops requests; their doorbell bits fall when nothing of them is on the bus any more (at once, if nothing is).
    fn clear(&mut self, slots: u32) {
        for slot in bits(slots) {
            self.engine.clear(slot);
        }
        let mut events = Vec::new();
        self.engine.report_cleared(&mut events);
        self.apply(events);
    }

    fn clear_tasks(&mut self, slots: u32) {
        for slot in bits(slots) {
            self.engine.clear_task(slot);
        }
        self.regs.task_doorbell &= !slots;
    }

    /// Doorbell bits fall.
    fn fall(&mut self, slots: u32) {
        self.regs.notification |= self.regs.doorbell & slots;
        self.regs.doorbell &= !slots;
    }

    /// What the engine did, as the registers show it.
    pub(super) fn apply(&mut self, events: Vec<EngineEvent>) {
        for event in events {
            match event {
                EngineEvent::TransferDone { slot, interrupt, error } => {
                    self.fall(1 << slot);
                    self.count_completion(interrupt || error);
                }
                EngineEvent::TransferCleared(slot) => self.fall(1 << slot),
                EngineEvent::TaskDone(slot, interrupt) => {
                    self.regs.task_doorbell &= !(1 << slot);
                    if interrupt {
                        self.regs.is.set_utmrcs(true);
                    }
                }
                EngineEvent::BusFatal => {
                    self.regs.is.set_sbfes(true);
                    self.fall(self.regs.doorbell);
                    self.regs.task_doorbell = 0;
                    self.regs.run = false;
                    self.regs.task_run = false;
                    self.fatal_errors += 1;
                    (self.counted, self.report_at) = (0, None);
                }
            }
        }
    }

    /// `IS.UTRCS` for a completion: at once if its descriptor asks for it or it failed, otherwise by aggregation, if that is on.
    fn count_completion(&mut self, at_once: bool) {
        let aggregation = self.regs.aggregation;
        if at_once {
            self.regs.is.set_utrcs(true);
        } else if aggregation.enable() {
            self.counted = self.counted.saturating_add(1);
            if aggregation.timeout() > 0 {
                self.report_at.get_or_insert(self.now + AGGREGATION_UNIT * u64::from(aggregation.timeout()));
            }
            if aggregation.threshold() > 0 && self.counted >= aggregation.threshold() {
                self.report_aggregated();
            }
        }
    }

    pub(super) fn report_aggregated(&mut self) {
        (self.counted, self.report_at) = (0, None);
        self.regs.is.set_utrcs(true);
    }

    /// What the interconnect did, as registers, link and device see it.
    pub(super) fn apply_uic(&mut self, events: Vec<UicEvent>) {
        for event in events {
            match event {
                UicEvent::Complete => self.regs.is.set_uccs(true),
                UicEvent::LinkUp => {
                    self.link.active = true;
                    // The lanes are reset on the way up. That is noted here, and is not an interrupt.
                    self.regs.uec[UicLayer::PhyAdapter as usize] |= UEC_ERROR | UECPA_LINERESET;
                }
                UicEvent::LinkDown => {
                    self.write_run(false);
                    self.write_task_run(false);
                    self.link_down();
                }
                UicEvent::PowerChanged(modes) => {
                    if let Some((tx, rx)) = modes {
                        self.link.set_modes(tx, rx);
                    }
                    let result = if modes.is_some() { PowerChange::Local } else { PowerChange::ErrorCap };
                    self.regs.upmcrs = result as u8;
                    self.regs.is.set_upms(true);
                }
                UicEvent::HibernateEntered => {
                    self.link.active = false;
                    self.regs.upmcrs = PowerChange::Local as u8;
                    self.regs.is.set_uhes(true);
                }
                UicEvent::HibernateExited => {
                    self.link.active = true;
                    self.regs.upmcrs = PowerChange::Local as u8;
                    self.regs.is.set_uhxs(true);
                }
                UicEvent::TestMode => self.regs.is.set_utms(true),
                UicEvent::ResetPeer => self.device.reset(),
            }
        }
    }

    /// One AXI clock. `port` is the controller's own: everything that completes on it belongs to it.
    pub fn tick(&mut self, port: &mut dyn AxiPort) {
        super::clock::tick(self, port);
    }
}

/// Numbers of the bits that are set, lowest first.
fn bits(mask: u32) -> impl Iterator<Item = u8> {
    (0..32).filter(move |bit| mask >> bit & 1 != 0)
}
