//! How fast the model is.

use super::access::{Access, TableMemory};
use super::Model;
use smmu_rtl::params::ZYNQMP;
use smmu_rtl::registers as regs;
use std::hint::black_box;
use std::time::{Duration, Instant};

const STREAM: u32 = 0x300;
const ROOT: u64 = 0x8000_0000;
const PAGES: u64 = 8;

/// Three levels of tables for a 39-bit address space that map the first pages, one after the other from 0x4_0000_0000.
struct EightPages;

impl TableMemory for EightPages {
    fn read64(&mut self, pa: u64) -> Option<u64> {
        match pa {
            ROOT => Some((ROOT + 0x1000) | 3),
            _ if pa == ROOT + 0x1000 => Some((ROOT + 0x2000) | 3),
            _ if (ROOT + 0x2000..ROOT + 0x2000 + PAGES * 8).contains(&pa) => {
                let page = (pa - ROOT - 0x2000) / 8;
                Some(0x4_0000_0443 + (page << 12))
            }
            _ => Some(0),
        }
    }
}

/// Translations a second on traffic that the cache holds: reads and writes of one stream over eight 4 KiB pages, one thread,
/// measured for about `seconds` of real time. 0 if a translation fails, which would be a bug of the model.
pub fn hits_per_second(seconds: f64) -> f64 {
    let mut model = Model::new(&ZYNQMP);
    let mut set = |id: regs::RegId, index, value| {
        let bytes = id.register().width / 8;
        model.write(id.offset(&ZYNQMP, index), value, bytes);
    };
    set(regs::SMR, 0, 1 << 31 | u64::from(STREAM));
    set(regs::S2CR, 0, 0);
    set(regs::CBAR, 0, 0x1_0000);
    set(regs::CBA2R, 0, 1);
    set(regs::CB_TCR2, 0, 0x3_8015);
    set(regs::CB_TCR, 0, 0x80_0019);
    set(regs::CB_TTBR0, 0, ROOT);
    set(regs::CB_SCTLR, 0, 0x61);
    set(regs::SCR0, 0, 0x20_0406);

    let accesses: Vec<Access> = (0..1024)
        .map(|n| Access { stream_id: STREAM, addr: n * 0x1040 % (PAGES << 12), write: n % 2 == 1, ..Access::default() })
        .collect();
    let limit = Duration::from_secs_f64(seconds.clamp(0.0, 60.0));
    let start = Instant::now();
    let mut done = 0u64;
    loop {
        for access in &accesses {
            if model.translate(black_box(access), &mut EightPages).pa().is_none() {
                return 0.0;
            }
        }
        done += accesses.len() as u64;
        let passed = start.elapsed();
        if passed >= limit {
            return done as f64 / passed.as_secs_f64().max(1e-9);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measured_traffic_translates() {
        assert!(hits_per_second(0.0) > 0.0);
    }
}
