//! A model with two stages, set up through its registers: stage-1 tables at intermediate addresses that stage 2 scatters.
//!
//! ```text
//! VA  0x40_2000       stage-1 tables (IPA): root 0x10_0000_0000 [0], level 2 0x10_0000_1000 [2], level 3 0x10_0000_2000 [2]
//! IPA 0x20_0000_7000  stage-2 tables (PA): two roots of level 1 at 0x8100_0000, 40 bits
//!     IPA 0x10_0000_0000 + n * 0x1000 lies at PA 0x8200_0000 + n * 0x5000, n = 0, 1, 2
//! PA  0x4_5678_9000
//! ```

use super::rig::{Rig, STREAM};
use super::Ram;
use crate::model::{Access, Model};
use smmu_rtl::params::{Params, ZYNQMP};
use smmu_rtl::registers as regs;

/// Hardware with every feature.
pub const FULL: Params = ZYNQMP.with_everything();

/// The stage-1 bank, and the stage-2 bank.
pub const FIRST: usize = 5;
/// The stage-2 bank.
pub const SECOND: usize = 9;

/// The mapped page.
pub const VA: u64 = 0x40_2000;
/// What stage 1 makes of it.
pub const IPA: u64 = 0x20_0000_7000;
/// What stage 2 makes of that.
pub const PA: u64 = 0x4_5678_9000;

/// Where the stage-1 descriptors of [`VA`] lie: levels 1, 2, 3.
pub const FIRST_SLOTS: [u64; 3] = [0x8200_0000, 0x8200_5010, 0x8200_A010];
/// Where the stage-2 descriptors of the stage-1 tables' pages lie.
pub const WALK_SLOTS: [u64; 3] = [0x8100_3000, 0x8100_3008, 0x8100_3010];
/// Where the stage-2 descriptor of [`IPA`] lies.
pub const SECOND_SLOT: u64 = 0x8100_5038;
/// A stage-1 leaf: AF, nG, user, read-write, attribute 1.
pub const FIRST_LEAF: u64 = 3 | 1 << 2 | 1 << 6 | 1 << 10 | 1 << 11;
/// A stage-2 leaf: write-back, read, write, AF.
pub const SECOND_LEAF: u64 = 3 | 0xF << 2 | 3 << 6 | 1 << 10;

/// `SCTLR`: M, CFRE, CFIE.
pub const ON: u64 = 0x61;
/// `HUPCF`.
pub const GO_ON: u64 = 0x100;

/// Both stages on, nothing recorded.
pub fn nested() -> Rig {
    nested_on(&FULL)
}

/// The same on other hardware.
pub fn nested_on(params: &Params) -> Rig {
    let mut rig = Rig::bare(params);
    rig.model = Model::new(params);
    rig.ram = Ram::new(0x8000_0000..0x9000_0000);
    for (slot, word) in [
        // Stage 2: IPA 0x10_xxxx_xxxx and 0x20_xxxx_xxxx.
        (0x8100_0000 + 64 * 8, 0x8100_2003),
        (0x8100_2000, 0x8100_3003),
        (WALK_SLOTS[0], 0x8200_0000 | SECOND_LEAF),
        (WALK_SLOTS[1], 0x8200_5000 | SECOND_LEAF),
        (WALK_SLOTS[2], 0x8200_A000 | SECOND_LEAF),
        (0x8100_0000 + 128 * 8, 0x8100_4003),
        (0x8100_4000, 0x8100_5003),
        (SECOND_SLOT, PA | SECOND_LEAF),
        // Stage 1.
        (FIRST_SLOTS[0], 0x10_0000_1003),
        (FIRST_SLOTS[1], 0x10_0000_2003),
        (FIRST_SLOTS[2], IPA | FIRST_LEAF),
    ] {
        rig.ram.set(slot, word);
    }
    rig.set(regs::SMR, 0, 1 << 31 | u64::from(STREAM));
    rig.set(regs::S2CR, 0, FIRST as u64);
    // Stage 1: 4 KiB, 39 bits, ASID 3, VMID 0x21.
    rig.set(regs::CBAR, FIRST, 3 << 16 | (SECOND as u64) << 8 | 0x21);
    rig.set(regs::CBA2R, FIRST, 1);
    rig.set(regs::CB_TCR2, FIRST, 0x3_8015);
    rig.set(regs::CB_TCR, FIRST, 0x80_0019);
    rig.set(regs::CB_TTBR0, FIRST, 3 << 48 | 0x10_0000_0000);
    rig.set(regs::CB_MAIR0, FIRST, 0xF404_FF44);
    // Stage 2: 4 KiB, 40 bits, two tables of level 1, 48-bit output, VMID 0x21.
    rig.set(regs::CBAR, SECOND, 0x21);
    rig.set(regs::CBA2R, SECOND, 1);
    rig.set(regs::CB_TCR, SECOND, 0x8005_0058);
    rig.set(regs::CB_TTBR0, SECOND, 0x8100_0000);
    rig.set(regs::CB_SCTLR, SECOND, ON | GO_ON);
    rig.set(regs::CB_SCTLR, FIRST, ON | GO_ON);
    rig.set(regs::SCR0, 0, 0x20_0406);
    rig
}

/// The stream goes through the stage-2 bank alone.
pub fn stage2_only() -> Rig {
    let mut rig = nested();
    rig.set(regs::S2CR, 0, SECOND as u64);
    rig
}

/// `FSR`, `FAR`, `FSYNR0`, `IPAFAR`, `CBFRSYNRA` of a bank.
pub fn record(rig: &mut Rig, bank: usize) -> [u64; 5] {
    [regs::CB_FSR, regs::CB_FAR, regs::CB_FSYNR0, regs::CB_IPAFAR, regs::CBFRSYNRA].map(|id| rig.get(id, bank))
}

/// Clears the record of a bank.
pub fn clear(rig: &mut Rig, bank: usize) {
    rig.set(regs::CB_FSR, bank, 0xFFFF_FFFF);
}

/// A read of the rig's stream.
pub fn at(addr: u64) -> Access {
    super::rig::read(addr)
}
