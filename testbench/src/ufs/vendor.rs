//! Registers behind the standard ones: the vendor's block at 0xC0, its debug and power blocks, and inline crypto.
//!
//! They hold what is written and act on nothing. There is no cipher: the crypto registers only tell software what it looks for.

use super::presets::HostConfig;
use super::registers::{CCAP, HW_VERSION, PARAM0};
use std::collections::BTreeMap;

/// Bytes of one crypto configuration.
const CRYPTO_CONFIG_BYTES: u32 = 0x40;
/// Read-write words: (first, last).
const READ_WRITE: &[(u32, u32)] = &[(0xc0, 0xcc), (0xd8, 0xe0), (0xe8, 0xfc), (0x271c, 0x271c)];
/// Device major version, bits 7:4.
const SPARE: u32 = 0x284c;

/// See the module.
#[derive(Clone, Debug)]
pub struct Vendor {
    aperture: u32,
    hw_version: u32,
    param0: u32,
    crypto_caps: &'static [u32],
    written: BTreeMap<u32, u32>,
}

impl Vendor {
    /// After reset.
    pub fn new(config: &HostConfig) -> Vendor {
        Vendor {
            aperture: config.aperture,
            hw_version: config.hw_version,
            param0: u32::from(config.max_gear) << 4,
            crypto_caps: config.crypto_caps,
            written: BTreeMap::new(),
        }
    }

    /// First and last word of the crypto configuration array, as `CCAP` tells.
    fn crypto_array(&self) -> Option<(u32, u32)> {
        let ccap = *self.crypto_caps.first()?;
        let (base, count) = ((ccap >> 24) * 0x100, (ccap >> 8 & 0xff) + 1);
        Some((base, base + count * CRYPTO_CONFIG_BYTES - 4))
    }

    /// A word; 0 where nothing is.
    pub fn read(&self, offset: u32) -> u32 {
        if offset >= self.aperture || offset & 3 != 0 {
            return 0;
        }
        let cap = offset.checked_sub(CCAP).and_then(|at| self.crypto_caps.get(at as usize / 4));
        match (offset, cap) {
            (HW_VERSION, _) => self.hw_version,
            (PARAM0, _) => self.param0,
            (SPARE, _) => self.hw_version >> 28 << 4,
            (_, Some(cap)) => *cap,
            _ => self.written.get(&offset).copied().unwrap_or(0),
        }
    }

    /// A word; ignored where nothing can be written.
    pub fn write(&mut self, offset: u32, value: u32) {
        let inside = |range: &(u32, u32)| (range.0..=range.1).contains(&offset);
        let known = READ_WRITE.iter().any(inside) || self.crypto_array().is_some_and(|range| inside(&range));
        if known && offset < self.aperture && offset & 3 == 0 {
            self.written.insert(offset, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::registers::{CFG1, CRYPTOCAP, SYS1CLK_1US};
    use super::*;

    #[test]
    fn written_read_only_and_absent() {
        let mut vendor = Vendor::new(&HostConfig::sm8550());
        for offset in [SYS1CLK_1US, CFG1, 0x271c, 0x1000, 0x17fc] {
            vendor.write(offset, 0x1234_5678);
            assert_eq!(vendor.read(offset), 0x1234_5678, "{offset:#x}");
        }
        for offset in [HW_VERSION, PARAM0, CCAP, CRYPTOCAP, SPARE, 0x1800, 0x3000, 0xc1] {
            let before = vendor.read(offset);
            vendor.write(offset, !before);
            assert_eq!(vendor.read(offset), before, "{offset:#x}");
        }
        assert_eq!((vendor.read(PARAM0), vendor.read(SPARE)), (5 << 4, 5 << 4));
        assert_eq!(Vendor::new(&HostConfig::sc8180x()).read(SPARE), 0, "behind the aperture");
    }
}
