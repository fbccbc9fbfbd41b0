//! Tests of the register table.

use super::*;
use crate::params::{Params, MINI, PRESETS, SC8180X, SM8550, ZYNQMP};
use std::collections::HashSet;

#[test]
fn registers_do_not_overlap_in_any_preset() {
    for params in PRESETS {
        let mut taken = HashSet::new();
        for id in RegId::all() {
            let pages = if id.register().space == Space::Bank { params.num_cb } else { 1 };
            for index in 0..pages * id.count(params) {
                let offset = id.offset(params, index);
                assert_eq!(offset % (u32::from(id.register().width) / 8), 0, "{} is aligned", id.register().name);
                assert!(offset < params.register_space());
                for word in 0..u32::from(id.register().width) / 32 {
                    assert!(taken.insert(offset + 4 * word), "{}[{index}] overlaps in {}", id.register().name, params.name);
                }
            }
        }
    }
}

#[test]
fn fields_lie_inside_their_register_and_do_not_overlap() {
    for id in RegId::all() {
        let r = id.register();
        let all = u64::MAX >> (64 - u32::from(r.width));
        assert_eq!(r.write_mask & !all, 0, "write mask of {}", r.name);
        assert_eq!(r.reset & !all, 0, "reset value of {}", r.name);
        let mut taken = 0u64;
        for f in r.fields {
            assert!(f.width >= 1 && f.lsb + f.width <= r.width, "{}.{}", r.name, f.name);
            assert_eq!(taken & f.mask(), 0, "{}.{} overlaps", r.name, f.name);
            taken |= f.mask();
            assert_eq!(r.fields.iter().filter(|g| g.name == f.name).count(), 1, "{}.{} is there twice", r.name, f.name);
        }
        // These two have other fields in other bank formats, which use the remaining bits.
        let by_format = [CB_TCR, CB_PAR].contains(&id);
        if !r.fields.is_empty() && r.access == Access::ReadWrite && !by_format {
            assert_eq!(r.write_mask & !taken, 0, "{} has writable bits that no field names", r.name);
        }
    }
}

#[test]
fn names_are_unique_in_their_space() {
    let mut names = HashSet::new();
    for id in RegId::all() {
        assert!(names.insert((id.register().space, id.register().name)), "{}", id.register().name);
    }
}

#[test]
fn decode_is_the_inverse_of_offset() {
    for params in PRESETS {
        for id in RegId::all() {
            let pages = if id.register().space == Space::Bank { params.num_cb } else { 1 };
            for index in 0..pages * id.count(params) {
                for byte in 0..u32::from(id.register().width) / 8 {
                    assert_eq!(at(params, id.offset(params, index) + byte), Some((id, index)));
                }
            }
        }
    }
}

#[test]
fn nothing_is_found_where_there_is_nothing() {
    assert_eq!(at(&ZYNQMP, 0x800 + 4 * 48), None, "group 48 of 48");
    assert_eq!(at(&ZYNQMP, 0x1000 + 4 * 16), None, "bank 16 of 16");
    assert_eq!(at(&ZYNQMP, 0x448), None, "secure alias of sGFSR");
    assert_eq!(at(&ZYNQMP, 0x4000), None, "SSD table");
    assert_eq!(at(&MINI, 0x14000), None, "page of bank 4 of 4");
    assert!(missing_bank(&MINI, 0x14000) && missing_bank(&MINI, 0x1FFFC));
    assert!(!missing_bank(&MINI, 0x13FFC) && !missing_bank(&MINI, 0xFFFC));
    assert!(!missing_bank(&ZYNQMP, 0x1FFFC), "all pages of this half are banks");
}

#[test]
fn offsets_are_where_drivers_find_them() {
    // The offsets that the stock driver uses, written out from the register map of the architecture.
    let expected: &[(RegId, usize, u32)] = &[
        (SCR0, 0, 0x0),
        (SACR, 0, 0x10),
        (IDR0, 0, 0x20),
        (IDR7, 0, 0x3C),
        (SGFAR, 0, 0x40),
        (SGFSR, 0, 0x48),
        (SGFSYNR0, 0, 0x50),
        (TLBIVMID, 0, 0x64),
        (TLBIALLNSNH, 0, 0x68),
        (TLBIALLH, 0, 0x6C),
        (STLBGSYNC, 0, 0x70),
        (STLBGSTATUS, 0, 0x74),
        (SMR, 47, 0x8BC),
        (S2CR, 47, 0xCBC),
        (CBAR, 3, 0x100C),
        (CBFRSYNRA, 3, 0x140C),
        (CBA2R, 3, 0x180C),
        (PMCFGR, 0, 0x3E00),
        (CB_SCTLR, 0, 0x10000),
        (CB_TTBR1, 2, 0x12028),
        (CB_FSR, 15, 0x1F058),
        (CB_FAR, 1, 0x11060),
        (CB_FSYNR0, 1, 0x11068),
        (CB_TLBIVAL, 4, 0x14620),
        (CB_TLBSTATUS, 4, 0x147F4),
    ];
    for &(id, index, offset) in expected {
        assert_eq!(id.offset(&ZYNQMP, index), offset, "{}", id.register().name);
    }
    assert_eq!(CB_SCTLR.offset(&SC8180X, 4), 0x84000);
}

#[test]
fn identification_of_zynqmp() {
    // S1TS, S2TS, NTS, SMS, PTFS=0, NUMIRPT=1, NUMSIDB=15, 48 groups.
    let idr0 = 0xf << 27 | 1 << 16 | 15 << 9 | 48;
    assert_eq!(reset_value(&ZYNQMP, IDR0), idr0);
    // 16 pages, multiple matches always detected, 16 banks.
    assert_eq!(reset_value(&ZYNQMP, IDR1), 3 << 28 | 1 << 15 | 16);
    // 64K, 16K, 4K; UBS, OAS, IAS = 5.
    assert_eq!(reset_value(&ZYNQMP, IDR2), 7 << 12 | 0x555);
    assert_eq!(reset_value(&ZYNQMP, IDR7), 0x21);
    for id in [IDR3, IDR4, IDR5, IDR6] {
        assert_eq!(reset_value(&ZYNQMP, id), 0);
    }
    assert_eq!(reset_value(&SM8550, IDR2), 5 << 12 | 0x111, "36 bits everywhere, no 16K");
    assert_eq!(reset_value(&SC8180X, IDR1), 6 << 28 | 1 << 15 | 128);
    assert_eq!(reset_value(&SC8180X, IDR0) & 0xFF, 128);
}

#[test]
fn reset_values_as_decided() {
    assert_eq!(reset_value(&ZYNQMP, SCR0), 0x0020_0001);
    assert_eq!(reset_value(&ZYNQMP, SACR), 0x0400_001C);
    assert_eq!(reset_value(&ZYNQMP, CB_SCTLR), 0x100);
    assert_eq!(reset_value(&ZYNQMP, CB_ACTLR), 3);
    assert_eq!(reset_value(&ZYNQMP, CBAR), 0x0002_0000);
    let others = [CB_TCR, CB_TCR2, CB_TTBR0, CB_FSR, SGFSR, SMR, S2CR, CBA2R, CB_MAIR0];
    assert!(others.iter().all(|&id| reset_value(&ZYNQMP, id) == 0));
    let strapped = Params { straps: crate::params::Straps { sctlr_reset: 0, ..ZYNQMP.straps }, ..ZYNQMP };
    assert_eq!(reset_value(&strapped, CB_SCTLR), 0);
}

#[test]
fn read_only_bits_of_scr0() {
    assert_eq!(write_mask(&ZYNQMP, SCR0) & 0x0020_0330, 0);
    let strapped = Params { straps: crate::params::Straps { smcfcfg_ro_one: false, ..ZYNQMP.straps }, ..ZYNQMP };
    assert_eq!(write_mask(&strapped, SCR0) & 0x0020_0330, 0x0020_0000);
    // What the driver writes at boot reads back without GCFGFIE and GCFGFRE.
    assert_eq!(0x0020_1C36 & write_mask(&ZYNQMP, SCR0) | 0x0020_0000, 0x0020_1C06);
}

#[test]
fn drivers_values_survive_where_they_must() {
    let kept = |id: RegId, value: u64| value & write_mask(&SC8180X, id);
    assert_eq!(kept(S2CR, 0x0001_00FF), 0x0001_00FF, "the probe of the hypervisor quirk");
    assert_eq!(kept(SMR, 0x7FFF_0000), 0x7FFF_0000, "mask without VALID");
    assert_eq!(kept(SMR, 0xFFFF_FFFF), 0xFFFF_7FFF);
    assert_eq!(kept(CB_TCR2, 0x0003_8015), 0x0003_8015);
    assert_eq!(kept(CBAR, 0x0001_F300), 0x0001_F300);
    assert_eq!(kept(CB_FSR, 0xC000_01FE), 0x8000_01FE);
    assert_eq!(kept(CB_TTBR0, 0xFFFF_0000_8123_4001), 0xFFFF_0000_8123_4001);
}

#[test]
fn fields_get_and_put() {
    let level = CB_FSYNR0.field("PLVL");
    assert_eq!(level.get(0x003B_0001), 1);
    assert_eq!(CB_FSYNR0.field("S1CBNDX").get(0x003B_0001), 0x3B);
    assert_eq!(level.put(0xFF, 2), 0xFE);
    assert_eq!(CB_TTBR0.field("ASID").put(0, 0x1_FFFF), 0xFFFF << 48);
    assert!(CB_FSYNR0.find_field("nothing").is_none());
}

#[test]
#[should_panic(expected = "CB_FSYNR0 has no field nothing")]
fn a_wrong_field_name_is_loud() {
    CB_FSYNR0.field("nothing");
}

#[test]
fn shared_state_has_the_same_bits() {
    for id in RegId::all() {
        if let Some(other) = id.register().shared {
            assert_eq!(id.register().write_mask, other.register().write_mask);
            assert_eq!(id.register().width, other.register().width);
        }
    }
}

#[test]
fn the_document_is_up_to_date() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/registers.md");
    let there = std::fs::read_to_string(file).expect("docs/registers.md");
    assert!(
        there == markdown(),
        "docs/registers.md is not what the table says: run `cargo run -p smmu-rtl --example registers_md docs/registers.md`"
    );
}

/// Cells of a table row.
fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}

#[test]
fn compliance_has_a_row_for_every_register_and_a_test_for_every_row() {
    let (compliance, plan) = (include_str!("../../../docs/compliance.md"), include_str!("../../../docs/testplan.md"));
    let start = compliance.find("## Registers").expect("a section on registers");
    let end = compliance.find("## Behaviour").expect("a section behind it");
    let rows: Vec<Vec<&str>> = compliance[start..end]
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(cells)
        .filter(|row| row[0] != "register")
        .collect();
    let rows: Vec<Vec<&str>> = rows.into_iter().filter(|row| !row[0].starts_with("---")).collect();
    let names: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    let registers: Vec<&str> = RegId::all().map(|id| id.register().name).collect();
    assert_eq!(names, registers, "one row for each register, in the order of the table");
    let entries: Vec<&str> = plan.lines().filter(|line| line.starts_with("| ")).map(|line| cells(line)[0]).collect();
    for row in &rows {
        assert!(matches!(row[1], "functional" | "stored" | "absent"), "{}: state {}", row[0], row[1]);
        assert!(row[1] == "functional" || !row[2].is_empty(), "{}: say why", row[0]);
        assert!(!row[3].is_empty(), "{} has no test", row[0]);
        for id in row[3].split(", ") {
            assert!(entries.contains(&id), "{}: {id} is no entry of the test plan", row[0]);
        }
    }
}
