//! Memory attributes and longer ids of random programs, for hardware that has them.
//!
//! A program says nothing of them, so that programs are the same whatever the hardware has: the fields follow from the rest of what is written.

use smmu_rtl::params::Params;
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
        // ORGN of both regions; short descriptors have nothing there.
        regs::CB_TCR => 0x0c00_0c00,
        _ => return value,
    };
    let bits = scattered(value ^ (index as u64) << 40) >> 16;
    if bits >> 40 & 1 == 1 {
        value & !fields | bits & fields
    } else {
        value
    }
}

/// sCR0.EXIDENABLE and VMID16EN for the write of this value in a program with this seed, each in a part of the programs and there now and then.
pub(super) fn ids(params: &Params, seed: u64, value: u64) -> u64 {
    let bits = scattered(seed.rotate_left(16) ^ value);
    let drawn = |there: bool, of_seed: u32, of_write: u32| there && seed >> of_seed & 1 == 1 && bits >> of_write & 3 != 0;
    u64::from(drawn(params.features.exids, 2, 8)) << 3 | u64::from(drawn(params.features.vmid16, 3, 12)) << 31
}

/// The 16-bit VMID that goes with an 8-bit one.
pub(super) fn wide_vmid(params: &Params, vmid: u64) -> u64 {
    vmid | if params.features.vmid16 { (vmid & 1) << 9 } else { 0 }
}

/// MAIR of a bank, or PRRR, NMRR.
pub(super) fn mair(bank: usize, asid: u16) -> u64 {
    scattered(bank as u64 ^ u64::from(asid) << 8) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use smmu_rtl::params::{FULL, MINI};

    #[test]
    fn longer_ids_are_drawn_where_there_are_some() {
        let seen = (0..64).fold([0, u64::MAX], |[any, all], seed| {
            let bits = ids(&FULL, seed, seed >> 4);
            [any | bits, all & bits]
        });
        assert_eq!(seen, [1 << 31 | 1 << 3, 0]);
        assert!((0..64).all(|seed| ids(&MINI, seed, 7) == 0));
        assert_eq!([wide_vmid(&FULL, 3), wide_vmid(&FULL, 2), wide_vmid(&MINI, 3)], [0x203, 2, 3]);
    }

    #[test]
    fn attribute_fields_change_and_nothing_else_does() {
        for (id, other) in [
            (regs::S2CR, 0xf00f_04ffu64),
            (regs::CBAR, 0xff0f_0cff),
            (regs::SCR0, 0xf020_ffff),
            (regs::CB_SCTLR, 0xf020_fffd),
            (regs::CB_TCR, 0xf3ff_f3ff),
            (regs::CB_TTBR0, u64::MAX),
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
                if id == regs::CB_TTBR0 { u64::MAX } else { 0xffff_ffff },
                "{id:?}: every bit is set now and then"
            );
        }
        // A stage-2 bank in the middle of CBAR stays.
        assert_eq!((0..64).find(|n| dressed(regs::CBAR, 1, 3 << 16 | n) != 3 << 16 | n), None);
    }
}
