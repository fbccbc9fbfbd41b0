//! The register space: reset values, halves, strobes, locks, illegal accesses. Offsets and values are written out here.

use super::super::testing::rig::Rig;
use super::super::Model;
use smmu_rtl::params::{Features, Params, MINI, PRESETS, SM8550, ZYNQMP};
use smmu_rtl::registers as regs;

/// First bank page of the default preset.
const CB0: u32 = 0x1_0000;

#[test]
fn reset_values() {
    let model = Model::new(&ZYNQMP);
    for (offset, value) in [
        (0x000, 0x0020_0001),
        (0x010, 0x0400_001C),
        (0x020, 0x7801_1E30),
        (0x024, 0x3000_8010),
        (0x028, 0x0000_7555),
        (0x03C, 0x21),
        (0x048, 0),
        (0x074, 0),
        (0x800, 0),
        (0xC00, 0),
        (0xFE0, 0x81),
        (0xFF4, 0xF0),
        (0x1000, 0x2_0000),
        (0x103C, 0x2_0000),
        (0x1040, 0),
        (0x1800, 0),
        (CB0, 0x100),
        (CB0 + 4, 3),
        (CB0 + 0x30, 0),
        (CB0 + 0x58, 0),
        (CB0 + 0xF000, 0x100),
        (CB0 + 0xF004, 3),
    ] {
        assert_eq!(model.read(offset, 4), value, "{offset:#x}");
    }
    assert_eq!(Model::new(&SM8550).read(0x24, 4), 0x6000_8080, "128 pages, 128 banks");
    assert_eq!(Model::new(&SM8550).read(0x28, 4), 0x5111);
    assert_eq!(Model::new(&MINI).read(0x20, 4), 0x4E01_1E08);
}

#[test]
fn what_the_driver_writes_to_the_global_registers() {
    let mut model = Model::new(&ZYNQMP);
    model.write(0, 0x0020_1C36, 4);
    assert_eq!(model.read(0, 4), 0x0020_1C06, "GCFGFIE and GCFGFRE are not there");
    model.write(0, 0, 4);
    assert_eq!(model.read(0, 4), 0x0020_0000, "SMCFCFG is one");
    model.write(0x800, 0x7FFF_7FFF, 4);
    assert_eq!(model.read(0x800, 4), 0x7FFF_7FFF, "read back without VALID");
    model.write(0xC00 + 4 * 47, 0x0001_00FF, 4);
    assert_eq!(model.read(0xC00 + 4 * 47, 4), 0x0001_00FF);
    model.write(0x800 + 4 * 48, 0xFFFF_FFFF, 4);
    assert_eq!(model.read(0x800 + 4 * 48, 4), 0, "group 48 is not there");
    for offset in (0x400..0x600).step_by(4) {
        model.write(offset, 0xFFFF_FFFF, 4);
        assert_eq!(model.read(offset, 4), 0, "{offset:#x} is the secure view's");
    }
    assert_eq!(model.read(0x48, 4), 0, "and none of that is a fault");
}

#[test]
fn the_lock_of_actlr() {
    let mut model = Model::new(&ZYNQMP);
    model.write(CB0 + 4, 1, 4);
    assert_eq!(model.read(CB0 + 4, 4), 3);
    model.write(0x10, 0x0000_051C, 4);
    model.write(CB0 + 4, 1, 4);
    assert_eq!(model.read(CB0 + 4, 4), 1);
}

#[test]
fn wide_registers_in_one_piece_and_in_two() {
    let ttbr = CB0 + 0x2000 + 0x20;
    for order in [[0u32, 4], [4, 0]] {
        let mut model = Model::new(&ZYNQMP);
        for half in order {
            model.write(ttbr + half, 0x1234_5678_9ABC_DEF0 >> (8 * half) & 0xFFFF_FFFF, 4);
        }
        assert_eq!(model.read(ttbr, 8), 0x1234_5678_9ABC_DEF0);
        assert_eq!((model.read(ttbr, 4), model.read(ttbr + 4, 4)), (0x9ABC_DEF0, 0x1234_5678));
    }
    let mut model = Model::new(&ZYNQMP);
    model.write(ttbr, 0xFEDC_BA98_7654_3210, 8);
    assert_eq!(model.read(ttbr, 8), 0xFEDC_BA98_7654_3210);
    assert_eq!(model.read(ttbr - 0x1000, 8), 0, "another bank's");
}

#[test]
fn two_narrow_registers_in_one_access() {
    let mut model = Model::new(&ZYNQMP);
    model.write(CB0 + 0x38, 0xAAAA_BBBB_CCCC_DDDD, 8);
    assert_eq!((model.read(CB0 + 0x38, 4), model.read(CB0 + 0x3C, 4)), (0xCCCC_DDDD, 0xAAAA_BBBB));
    // FSR and FSRRESTORE, in the AArch64 format: FSR is written first, so what is restored stays.
    model.write(0x1800, 1, 4);
    model.write(CB0 + 0x5C, 0x2, 4);
    model.write(CB0 + 0x58, 0x0000_0008_0000_000A, 8);
    assert_eq!(model.read(CB0 + 0x58, 8), 0x408);
}

#[test]
fn strobes() {
    let mut model = Model::new(&ZYNQMP);
    let mair = CB0 + 0x38;
    model.write_strobed(mair, 0x1111_1111_2222_2222, 0xF0);
    assert_eq!(model.read(mair, 8), 0x1111_1111_0000_0000);
    model.write_strobed(mair + 4, 0x3333_3333_4444_4444, 0x0F);
    assert_eq!(model.read(mair, 8), 0x1111_1111_4444_4444, "strobes say which word, not the address");
    model.write_strobed(mair, !0, 0);
    assert_eq!((model.read(mair, 8), model.read(0x48, 4)), (0x1111_1111_4444_4444, 0), "no strobe, no write, no fault");
    for strobes in [0x01, 0x7F, 0xF1, 0x3C] {
        model.write_strobed(mair, !0, strobes);
        assert_eq!(model.read(mair, 8), 0x1111_1111_4444_4444);
        assert_eq!(model.read(0x48, 4), 0x20, "CAF, once");
        assert_eq!((model.read(0x40, 8), model.read(0x50, 4), model.read(0x54, 4)), (mair.into(), 2, 0));
        model.write(0x48, 0x20, 4);
    }
}

#[test]
fn banks_that_are_not_there() {
    let mut model = Model::new(&MINI);
    let missing = CB0 + 4 * 0x1000;
    model.write(0, 0x4, 4);
    assert_eq!(model.read(missing, 4), 0);
    assert!(!model.irq_global(), "looking is no access");
    assert_eq!(model.load(missing, 8), 0);
    assert_eq!((model.read(0x48, 4), model.read(0x40, 8), model.read(0x50, 4)), (0x20, missing.into(), 0));
    assert!(model.irq_global());
    model.write(missing + 0x20, !0, 8);
    assert_eq!((model.read(0x48, 4), model.read(0x40, 8)), (0x8000_0020, missing.into()));
    model.write(0x48, 0x8000_0020, 4);
    model.write(missing + 0xB004, 1, 4);
    assert_eq!((model.read(0x48, 4), model.read(0x40, 8), model.read(0x50, 4)), (0x20, u64::from(missing) + 0xB004, 2));
}

#[test]
fn unimplemented_offsets_are_silent() {
    for params in PRESETS {
        let mut model = Model::new(params);
        for offset in [0x0C, 0x5C, 0x7FC, 0x1FFC, 0x2FFC, 0x3FFC, 0x4000, 0x5FF8, params.register_space(), 0xFFFF_FFF8] {
            model.write(offset, 0xFFFF_FFFF, 4);
            assert_eq!(model.load(offset, 4), 0, "{} {offset:#x}", params.name);
        }
        assert_eq!(model.read(0x48, 4), 0, "{}", params.name);
    }
}

#[test]
fn commands_read_as_zero() {
    let mut model = Model::new(&ZYNQMP.with_features(Features::STAGE1));
    for offset in [0x64, 0x68, 0x6C, 0x70, 0x4C, CB0 + 8, CB0 + 0x5C, CB0 + 0x600, CB0 + 0x620, CB0 + 0x7F0, CB0 + 0x800] {
        model.write(offset, !0, 8);
        assert_eq!(model.read(offset, 4), 0, "{offset:#x}");
    }
    assert_eq!((model.read(0x74, 4), model.read(CB0 + 0x7F4, 4), model.read(CB0 + 0x8F0, 4)), (0, 0, 0), "always idle");
}

#[test]
fn saved_fault_state_can_be_written_back() {
    let mut rig = Rig::bare(&ZYNQMP);
    for (id, value, kept) in [
        (regs::CB_FAR, 0x1_2345_6789_ABCD, 0x1_2345_6789_ABCD),
        (regs::CB_FSYNR0, 0x13_0412, 0x13_0412),
        (regs::CB_FSYNR1, 0xFFFF_FFFF, 0xFFFF_FFFF),
        (regs::CBFRSYNRA, 0xFFFF_FFFF, 0x7FFF),
        (regs::CB_PAR, 0x8000_0000_0000_0001, 0x8000_0000_0000_0001),
    ] {
        rig.set(id, 2, value);
        assert_eq!(rig.get(id, 2), kept, "{}", id.register().name);
        assert_eq!(rig.get(id, 1), 0);
    }
    rig.set(regs::SGFAR, 0, !0);
    assert_eq!(rig.get(regs::SGFAR, 0), 0x1_FFFF_FFFF_FFFF);
    rig.set(regs::SGFSRRESTORE, 0, !0);
    assert_eq!(rig.get(regs::SGFSR, 0), 0x8000_01FF);
}

#[test]
fn set_and_clear_pairs_of_the_counters() {
    let mut model = Model::new(&ZYNQMP);
    for (set, clear) in [(0x3C00, 0x3C20), (0x3C40, 0x3C60), (0x3CC0, 0x3C80)] {
        model.write(set, 0xFFFF_FFFF, 4);
        assert_eq!((model.read(set, 4), model.read(clear, 4)), (0xF, 0xF), "one group of four counters");
        model.write(clear, 0x5, 4);
        assert_eq!((model.read(set, 4), model.read(clear, 4)), (0xA, 0xA));
    }
}

/// Every word of the space, in every preset: what reset leaves is what a reset brings back after everything was written.
#[test]
fn reset_brings_everything_back() {
    for params in PRESETS {
        let fresh = Model::new(params);
        let mut model = Model::new(params);
        for offset in (0..params.register_space()).step_by(8) {
            model.write(offset, !0, 8);
        }
        model.reset();
        for offset in (0..params.register_space()).step_by(8) {
            assert_eq!(model.read(offset, 8), fresh.read(offset, 8), "{} {offset:#x}", params.name);
        }
    }
}

/// A write in two halves does what a write in one piece does, in either order, wherever the word is storage.
#[test]
fn halves_are_as_good_as_one_piece() {
    let value = 0xA5A5_5A5A_0FF0_F00F_u64;
    let params: &Params = &MINI;
    for offset in (0..params.register_space()).step_by(8) {
        let command = |o| regs::at(params, o).is_some_and(|(id, _)| id.register().access != regs::Access::ReadWrite);
        if regs::missing_bank(params, offset) || command(offset) || command(offset + 4) {
            continue;
        }
        let mut models = [Model::new(params), Model::new(params), Model::new(params)];
        models[0].write(offset, value, 8);
        models[1].write(offset, value & 0xFFFF_FFFF, 4);
        models[1].write(offset + 4, value >> 32, 4);
        models[2].write(offset + 4, value >> 32, 4);
        models[2].write(offset, value & 0xFFFF_FFFF, 4);
        let [whole, low_first, high_first] = models.map(|m| m.read(offset, 8));
        assert_eq!((low_first, high_first), (whole, whole), "{offset:#x}");
    }
}
