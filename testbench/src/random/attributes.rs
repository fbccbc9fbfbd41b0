//! Memory attributes of random programs, for hardware that has them.
//!
//! A program says nothing of attributes, so that programs are the same whatever the hardware has: the fields follow from the rest of what is written.

use smmu_rtl::registers::{self as regs, RegId};

/// Bits that follow from a number, and look as if they did not.
fn scattered(number: u64) -> u64 {
    let mixed = (number ^ number >> 29).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

/// A register with attribute fields that follow from the rest of it, in every other write. A program says nothing of them, so that programs are
/// the same whatever the hardware has.
pub(super) fn dressed(id: RegId, index: usize, value: u64) -> u64 {
    let fields = match id {
        // SHCFG, MTCFG, MemAttr, RACFG, WACFG, PRIVCFG, INSTCFG.
        regs::S2CR => 0x0ff0_fb00,
        // BPSHCFG, MemAttr, RACFG, WACFG of TYPE 1.
        regs::CBAR if value >> 16 & 3 == 1 => 0x00f0_f300,
        // MemAttr, MTCFG, SHCFG, RACFG, WACFG, and TRE.
        regs::SCR0 => 0x0fdf_0000,
        regs::CB_SCTLR => 0x0fdf_0002,
        _ => return value,
    };
    let bits = scattered(value ^ (index as u64) << 40) >> 16;
    if bits >> 40 & 1 == 1 {
        value & !fields | bits & fields
    } else {
        value
    }
}

/// MAIR of a bank, or PRRR, NMRR.
pub(super) fn mair(bank: usize, asid: u16) -> u64 {
    scattered(bank as u64 ^ u64::from(asid) << 8) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attribute_fields_change_and_nothing_else_does() {
        for (id, other) in [
            (regs::S2CR, 0xf00f_04ffu64),
            (regs::CBAR, 0xff0f_0cff),
            (regs::SCR0, 0xf020_ffff),
            (regs::CB_SCTLR, 0xf020_fffd),
            (regs::CB_TCR, u64::MAX),
        ] {
            let mut seen = 0;
            for n in 0..64u64 {
                let value = 1 << 16 | n;
                let written = dressed(id, 1, value);
                assert_eq!(written & other, value & other, "{id:?}");
                assert_eq!(written, dressed(id, 1, value), "the same again");
                seen |= written;
            }
            assert_eq!(
                seen | other,
                if id == regs::CB_TCR { u64::MAX } else { 0xffff_ffff },
                "{id:?}: every bit is set now and then"
            );
        }
        // A stage-2 bank in the middle of CBAR stays.
        assert_eq!((0..64).find(|n| dressed(regs::CBAR, 1, 3 << 16 | n) != 3 << 16 | n), None);
    }
}
