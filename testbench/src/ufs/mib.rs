//! Attributes of the UniPro stack (MIB), read and written by `DME_GET` and `DME_SET`.

use super::presets::HostConfig;
use std::collections::BTreeMap;

/// Result code of a UIC command (`UCMDARG2`, bits 7:0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum UicResult {
    /// Done.
    Success = 0x0,
    /// No such attribute; also the generic failure of control commands.
    InvalidAttribute = 0x1,
    /// The value is not allowed.
    InvalidValue = 0x2,
    /// The attribute is read-only.
    ReadOnly = 0x3,
    /// The selector is not one of this attribute.
    BadIndex = 0x5,
    /// The peer does not answer.
    PeerFailure = 0x8,
}

/// Attribute ids that the controller itself looks at.
pub mod attr {
    /// State of a transmitter: 1 HIBERN8, 2 SLEEP, 4 LS burst, 5 HS burst. One a lane.
    pub const TX_FSM_STATE: u16 = 0x0041;
    /// Local PA_TX_LCC_ENABLE.
    pub const TX_LCC_ENABLE: u16 = 0x155e;
    /// Active transmit lanes.
    pub const ACTIVE_TX_LANES: u16 = 0x1560;
    /// Connected transmit lanes.
    pub const CONNECTED_TX_LANES: u16 = 0x1561;
    /// Transmit gear.
    pub const TX_GEAR: u16 = 0x1568;
    /// HS rate series: 1 A, 2 B.
    pub const HS_SERIES: u16 = 0x156a;
    /// Power mode: 7:4 receive, 3:0 transmit. A SET starts the change.
    pub const POWER_MODE: u16 = 0x1571;
    /// Active receive lanes.
    pub const ACTIVE_RX_LANES: u16 = 0x1580;
    /// Connected receive lanes.
    pub const CONNECTED_RX_LANES: u16 = 0x1581;
    /// Receive gear.
    pub const RX_GEAR: u16 = 0x1583;
    /// Highest receive HS gear of the peer.
    pub const MAX_RX_HS_GEAR: u16 = 0x1587;
    /// Vendor: clock configuration of the PHY adapter.
    pub const VS_CLK_CFG: u16 = 0x9004;
    /// Vendor: core clock cycles in 40 ns.
    pub const VS_CORE_CLK_40NS_CYCLES: u16 = 0x9007;
    /// Vendor: clock configuration of the data link layer.
    pub const DL_VS_CLK_CFG: u16 = 0xa00b;
    /// Vendor: 27:16 core clock cycles in 1 us, bit 9 clock gating.
    pub const VS_CORE_CLK_CTRL: u16 = 0xd002;
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    value: u32,
    read_only: bool,
}

/// One side's attributes.
#[derive(Clone, Debug)]
pub struct Mib {
    entries: BTreeMap<(u16, u16), Entry>,
}

/// Read-write attributes that both sides have, with their reset values: PHY adapter (15xx), data link (20xx), network, transport
/// and DME layers (30xx, 40xx, D0xx).
const COMMON: &[(u16, u32)] = &[
    (attr::TX_LCC_ENABLE, 1),
    (attr::ACTIVE_TX_LANES, 1),
    (attr::TX_GEAR, 1),
    (0x1569, 0), // transmit termination
    (attr::HS_SERIES, 1),
    (attr::POWER_MODE, 0x55),
    (attr::ACTIVE_RX_LANES, 1),
    (attr::RX_GEAR, 1),
    (0x1584, 0), // receive termination
    (0x1585, 0), // scrambling
    (0x15a7, 1), // hibernate time
    (0x15a8, 1), // activate time
    (0x15aa, 1), // granularity
    (0x15b0, 8191),
    (0x15b1, 65535),
    (0x15b2, 32767),
    (0x15b3, 8191),
    (0x15b4, 65535),
    (0x15b5, 32767),
    (0x15b6, 0),
    (0x15b7, 0),
    (0x15b8, 0),
    (0x15b9, 0),
    (0x15ba, 0),
    (0x15bb, 0),
    (0x15d4, 0), // HS adapt type
    (0x2041, 8191),
    (0x2042, 65535),
    (0x2043, 32767),
    (0x3000, 0), // device id
    (0x3001, 0), // device id is valid
    (0x4020, 0), // connection state
    (0x4021, 0), // peer device id
    (0x4022, 0), // peer CPort
    (0x4025, 0), // traffic class
    (0x402b, 0), // CPort flags
    (0xd041, 8191),
    (0xd042, 65535),
    (0xd043, 32767),
];

impl Mib {
    /// The host's attributes after reset.
    pub fn host(config: &HostConfig) -> Mib {
        let mut mib = Mib::side(config.max_gear, config.lanes);
        // The vendor's timers count the UniPro core clock, so their reset values follow from its frequency.
        mib.define(attr::VS_CLK_CFG, 0, 0, false);
        mib.define(attr::VS_CORE_CLK_40NS_CYCLES, 0, cycles_in(40, config.unipro_hz), false);
        mib.define(attr::DL_VS_CLK_CFG, 0, 0, false);
        mib.define(attr::VS_CORE_CLK_CTRL, 0, (cycles_in(1000, config.unipro_hz) & 0xfff) << 16, false);
        mib
    }

    /// The device's attributes after reset.
    pub fn device(max_gear: u8, lanes: u8) -> Mib {
        Mib::side(max_gear, lanes)
    }

    fn side(max_gear: u8, lanes: u8) -> Mib {
        let mut mib = Mib { entries: BTreeMap::new() };
        for (id, value) in COMMON {
            mib.define(*id, 0, *value, false);
        }
        mib.define(0x1520, 0, lanes.into(), true); // available transmit lanes
        mib.define(0x1540, 0, lanes.into(), true); // available receive lanes
        mib.define(attr::CONNECTED_TX_LANES, 0, 0, true);
        mib.define(attr::CONNECTED_RX_LANES, 0, 0, true);
        mib.define(0x1586, 0, 4, true); // highest receive PWM gear
        mib.define(attr::MAX_RX_HS_GEAR, 0, max_gear.into(), true);
        mib.define(0x15a9, 0, 5, true); // local version: UniPro 1.8
        mib.define(0x15a0, 0, 0, true); // peer version, known after link start-up
        for lane in 0..u16::from(lanes) {
            mib.define(attr::TX_FSM_STATE, lane, 1, true);
        }
        mib
    }

    /// Adds or replaces an attribute.
    pub fn define(&mut self, id: u16, selector: u16, value: u32, read_only: bool) {
        self.entries.insert((id, selector), Entry { value, read_only });
    }

    /// Value of an attribute as `DME_GET` sees it.
    pub fn get(&self, id: u16, selector: u16) -> Result<u32, UicResult> {
        self.entries.get(&(id, selector)).map(|entry| entry.value).ok_or_else(|| self.missing(id))
    }

    /// What `DME_SET` does.
    pub fn set(&mut self, id: u16, selector: u16, value: u32) -> Result<(), UicResult> {
        match self.entries.get_mut(&(id, selector)) {
            Some(entry) if entry.read_only => Err(UicResult::ReadOnly),
            Some(entry) => {
                entry.value = value;
                Ok(())
            }
            None => Err(self.missing(id)),
        }
    }

    /// The hardware's own write, which no access rule holds back. Attributes that do not exist stay so.
    pub fn update(&mut self, id: u16, value: u32) {
        for (_, entry) in self.entries.range_mut((id, 0)..=(id, u16::MAX)) {
            entry.value = value;
        }
    }

    /// Value with selector 0, or 0.
    pub fn value(&self, id: u16) -> u32 {
        self.get(id, 0).unwrap_or(0)
    }

    fn missing(&self, id: u16) -> UicResult {
        match self.entries.range((id, 0)..=(id, u16::MAX)).next() {
            Some(_) => UicResult::BadIndex,
            None => UicResult::InvalidAttribute,
        }
    }
}

/// Cycles of a clock in that many nanoseconds, rounded up: a timer must not run short.
fn cycles_in(nanoseconds: u64, hz: u64) -> u32 {
    u32::try_from((nanoseconds * hz).div_ceil(1_000_000_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendor_timers_follow_the_clock() {
        let mib = Mib::host(&HostConfig::sc8180x());
        assert_eq!(mib.get(attr::VS_CORE_CLK_40NS_CYCLES, 0), Ok(12));
        assert_eq!(mib.value(attr::VS_CORE_CLK_CTRL) >> 16, 300);
        let slow = Mib::host(&HostConfig { unipro_hz: 75_000_000, ..HostConfig::sc8180x() });
        assert_eq!(slow.value(attr::VS_CORE_CLK_40NS_CYCLES), 3);
    }

    #[test]
    fn errors_name_what_is_wrong() {
        let mut mib = Mib::device(4, 2);
        assert_eq!(mib.get(0x7777, 0), Err(UicResult::InvalidAttribute));
        assert_eq!(mib.get(attr::TX_GEAR, 3), Err(UicResult::BadIndex));
        assert_eq!(mib.get(attr::TX_FSM_STATE, 1), Ok(1));
        assert_eq!(mib.set(attr::MAX_RX_HS_GEAR, 0, 1), Err(UicResult::ReadOnly));
        assert_eq!(mib.set(attr::TX_GEAR, 0, 3), Ok(()));
        assert_eq!(mib.value(attr::TX_GEAR), 3);
        assert_eq!(mib.get(attr::VS_CLK_CFG, 0), Err(UicResult::InvalidAttribute));
    }
}
