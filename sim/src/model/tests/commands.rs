//! Maintenance through registers. What was dropped shows by changing the tables underneath: an entry that a command did not
//! name still gives the old address, one that it named gives what the tables say now.

use super::super::testing::rig::{read, Rig, BANK, LEAF, SCTLR, STREAM, TABLES};
use super::super::Access;
use smmu_rtl::params::ZYNQMP;
use smmu_rtl::registers::{self as regs, RegId};

const OTHER_BANK: usize = 5;
const OTHER_STREAM: u32 = 0x400;

/// Addresses that the stream of the rig uses, and what they are.
const PAGE: u64 = 0x1000;
const PAGE_2: u64 = 0x2000;
const GLOBAL: u64 = 0x3000;
const BLOCK: u64 = 0x20_0000;
const OLD: u64 = 0x4_0000_0000;

/// Five cached entries: three pages (one global) and a 2 MiB block of the rig's bank with ASID 7, and a page of another bank
/// with ASID 9. Then all of them are removed from the tables.
fn cached() -> Rig {
    let mut rig = Rig::new();
    for (id, value) in [
        (regs::CBAR, 0x1_F300),
        (regs::CBA2R, 1),
        (regs::CB_TCR2, 0x3_8015),
        (regs::CB_TCR, 0x80_3510),
        (regs::CB_TTBR0, 9 << 48 | TABLES),
        (regs::CB_SCTLR, SCTLR | 0x100),
    ] {
        rig.set(id, OTHER_BANK, value);
    }
    rig.set(regs::CB_SCTLR, BANK, SCTLR | 0x100);
    rig.set(regs::SMR, 1, 1 << 31 | u64::from(OTHER_STREAM));
    rig.set(regs::S2CR, 1, OTHER_BANK as u64);
    rig.page(PAGE, OLD);
    rig.page(PAGE_2, OLD);
    rig.leaf(GLOBAL, OLD, 3, LEAF & !(1 << 11));
    rig.leaf(BLOCK, OLD, 2, LEAF);
    assert_eq!(alive(&mut rig), 0b11111);
    rig.unmap(PAGE, 3);
    rig.unmap(PAGE_2, 3);
    rig.unmap(GLOBAL, 3);
    rig.unmap(BLOCK, 2);
    assert_eq!(alive(&mut rig), 0b11111, "nothing was dropped yet");
    rig
}

/// Which of them still answer: bit 0 page, 1 second page, 2 global page, 3 block, 4 the other bank's page.
fn alive(rig: &mut Rig) -> u32 {
    let other = Access { stream_id: OTHER_STREAM, ..read(PAGE) };
    let accesses = [read(PAGE + 8), read(PAGE_2 + 8), read(GLOBAL + 8), read(BLOCK + 0x12_3458), other];
    (0..).zip(accesses).map(|(n, access)| u32::from(rig.go(access).pa().is_some()) << n).sum()
}

fn address(asid: u64, va: u64) -> u64 {
    asid << 48 | va >> 12
}

#[test]
fn every_command_of_a_bank() {
    let cases: &[(RegId, u64, u32)] = &[
        (regs::CB_TLBIALL, 0xFFFF_FFFF, 0),
        (regs::CB_TLBIASID, 7, 0b10100),
        (regs::CB_TLBIASID, 9, 0b01111),
        (regs::CB_TLBIASID, 0x107, 0b11111),
        (regs::CB_TLBIVA, address(7, PAGE), 0b11110),
        (regs::CB_TLBIVAL, address(7, PAGE), 0b11110),
        (regs::CB_TLBIVAL, address(9, PAGE), 0b01111),
        (regs::CB_TLBIVAL, address(9, PAGE_2), 0b11111),
        (regs::CB_TLBIVAL, address(9, GLOBAL), 0b11011),
        (regs::CB_TLBIVAL, address(7, BLOCK), 0b10111),
        (regs::CB_TLBIVAL, address(7, BLOCK + 0x1F_F000), 0b10111),
        (regs::CB_TLBIVA, address(7, BLOCK + 0x20_0000), 0b11111),
        (regs::CB_TLBIVAA, address(0, PAGE), 0b01110),
        (regs::CB_TLBIVAAL, address(0x1234, PAGE), 0b01110),
        (regs::CB_TLBIVAAL, address(0, BLOCK + 0x5000), 0b10111),
        (regs::CB_TLBIIPAS2, PAGE >> 12, 0b11111),
        (regs::CB_TLBSYNC, 0xFFFF_FFFF, 0b11111),
    ];
    for &(register, payload, left) in cases {
        for bank in [BANK, OTHER_BANK] {
            let mut rig = cached();
            rig.set(register, bank, payload);
            assert_eq!(alive(&mut rig), left, "{} {payload:#x} from bank {bank}", register.register().name);
        }
    }
}

#[test]
fn every_global_command() {
    for (register, payload, left) in [
        (regs::TLBIVMID, 0, 0),
        (regs::TLBIVMID, 0x100, 0),
        (regs::TLBIVMID, 1, 0b11111),
        (regs::TLBIVMIDS1, 0, 0),
        (regs::TLBIALLNSNH, 0xFFFF_FFFF, 0),
        (regs::TLBIALLH, 0xFFFF_FFFF, 0b11111),
        (regs::TLBIVAH64, PAGE >> 12, 0b11111),
        (regs::STLBGSYNC, 0xFFFF_FFFF, 0b11111),
        (regs::STLBIALL, 0xFFFF_FFFF, 0b11111),
    ] {
        let mut rig = cached();
        rig.set(register, 0, payload);
        assert_eq!(alive(&mut rig), left, "{} {payload:#x}", register.register().name);
    }
}

/// The other bank is a Hyp bank: its page answers to the Hyp commands and to its own, and to nothing else.
#[test]
fn hyp_banks() {
    for (register, bank, payload, left) in [
        (regs::TLBIALLH, 0, 0, 0b01111),
        (regs::TLBIALLNSNH, 0, 0, 0b10000),
        (regs::TLBIVMID, 0, 0, 0b10000),
        (regs::TLBIVAH64, 0, PAGE >> 12, 0b01111),
        (regs::TLBIVAH64, 0, PAGE_2 >> 12, 0b11111),
        (regs::TLBIVALH64, 0, PAGE >> 12, 0b01111),
        (regs::TLBIVAH, 0, PAGE, 0b01111),
        (regs::TLBIVAH, 0, PAGE_2, 0b11111),
        (regs::CB_TLBIALL, BANK, 0, 0b10000),
        (regs::CB_TLBIALL, OTHER_BANK, 0, 0b01111),
        (regs::CB_TLBIVAA, BANK, PAGE >> 12, 0b11110),
        (regs::CB_TLBIVAA, OTHER_BANK, PAGE >> 12, 0b01111),
    ] {
        let mut rig = cached();
        rig.set(regs::CBAR, OTHER_BANK, 0x1_F700);
        assert_eq!(alive(&mut rig), 0b01111, "entries of the bank as it was do not serve it now");
        rig.page(PAGE, OLD);
        assert_eq!(alive(&mut rig), 0b11111);
        rig.unmap(PAGE, 3);
        rig.set(register, bank, payload);
        let name = register.register().name;
        assert_eq!(alive(&mut rig), left, "{name} {payload:#x} from bank {bank}");
    }
}

#[test]
fn a_split_command_acts_on_its_low_word() {
    let offset = regs::CB_TLBIVAL.offset(&ZYNQMP, BANK);
    let payload = address(7, PAGE);
    let mut rig = cached();
    rig.model.write(offset + 4, payload >> 32, 4);
    assert_eq!(alive(&mut rig), 0b11111, "the high word waits");
    rig.model.write(offset, payload & 0xFFFF_FFFF, 4);
    assert_eq!(alive(&mut rig), 0b11110);
    rig.model.write(offset, PAGE_2 >> 12, 4);
    assert_eq!(alive(&mut rig), 0b11100, "the high word stays for the next");

    let mut rig = cached();
    rig.model.write(offset, payload & 0xFFFF_FFFF, 4);
    assert_eq!(alive(&mut rig), 0b11111, "no high word yet: ASID 0");
    rig.model.write(offset + 4, payload >> 32, 4);
    assert_eq!(alive(&mut rig), 0b11111, "and the high word alone is no command");
}

#[test]
fn eight_bit_asids() {
    let mut rig = cached();
    rig.set(regs::CB_TCR2, BANK, 0x3_8005);
    rig.set(regs::CB_TTBR0, BANK, 0xAB07 << 48 | TABLES);
    assert_eq!(alive(&mut rig), 0b11111, "the upper eight bits do not count");
    rig.set(regs::CB_TLBIVA, BANK, address(0x4407, PAGE));
    assert_eq!(alive(&mut rig), 0b11110);
    rig.set(regs::CB_TLBIASID, BANK, 0x4407);
    assert_eq!(alive(&mut rig), 0b10100);
}

#[test]
fn another_asid_sees_only_global_entries() {
    let mut rig = cached();
    rig.set(regs::CB_TTBR0, BANK, 8 << 48 | TABLES);
    assert_eq!(alive(&mut rig), 0b10100);
    rig.set(regs::CB_TTBR0, BANK, 7 << 48 | TABLES);
    assert_eq!(alive(&mut rig), 0b11111, "and the others wait for their ASID");
}

#[test]
fn splitting_a_live_block() {
    let mut rig = Rig::new();
    rig.leaf(BLOCK, OLD, 2, LEAF);
    assert_eq!(rig.read(BLOCK + 0x5000), Some(OLD + 0x5000));
    // The table is written over the block entry: the same pages but for a hole at +0x3000.
    rig.unmap(BLOCK, 2);
    for page in (0..512).filter(|&page| page != 3) {
        rig.page(BLOCK + page * 0x1000, OLD + 0x80_0000 + page * 0x1000);
    }
    assert_eq!(rig.read(BLOCK + 0x3000), Some(OLD + 0x3000), "the block is still cached");
    rig.set(regs::CB_TLBIVAL, BANK, address(7, BLOCK + 0x3000));
    assert_eq!(rig.read(BLOCK + 0x5000), Some(OLD + 0x80_5000));
    assert_eq!(rig.read(BLOCK + 0x3000), None);
}

/// The other way round: pages give way to a block, and an access beside them makes the block's entry.
#[test]
fn a_block_takes_the_place_of_cached_pages() {
    let mut rig = Rig::new();
    rig.page(BLOCK + 0x1000, OLD + 0x1000);
    assert_eq!(rig.read(BLOCK + 0x1008), Some(OLD + 0x1008));
    rig.unmap(BLOCK, 2);
    rig.leaf(BLOCK, OLD + 0x4000_0000, 2, LEAF);
    assert_eq!(rig.read(BLOCK + 0x1008), Some(OLD + 0x1008), "the page is still cached");
    assert_eq!(rig.read(BLOCK + 0x2000), Some(OLD + 0x4000_2000));
    assert_eq!(rig.read(BLOCK + 0x1008), Some(OLD + 0x4000_1008), "the fill dropped what it overlaps");
    assert_eq!(rig.model.cached(), 1);
}

/// An entry that was made without a look at the access flag is none once the flag counts.
#[test]
fn entries_without_the_access_flag() {
    let mut rig = Rig::new();
    rig.set(regs::CB_SCTLR, BANK, SCTLR | 1 << 3);
    rig.leaf(PAGE, OLD, 3, LEAF & !(1 << 10));
    assert_eq!(rig.read(PAGE), Some(OLD));
    rig.unmap(PAGE, 3);
    rig.page(PAGE, OLD + 0x1000);
    assert_eq!(rig.read(PAGE), Some(OLD), "cached");
    rig.set(regs::CB_SCTLR, BANK, SCTLR);
    assert_eq!(rig.read(PAGE), Some(OLD + 0x1000), "walked again");
}

#[test]
fn hits_read_no_tables_and_faults_are_not_kept() {
    let mut rig = cached();
    let before = rig.ram.reads;
    assert_eq!(alive(&mut rig), 0b11111);
    assert_eq!(rig.ram.reads, before);
    assert_eq!(rig.read(0x9000), None);
    rig.page(0x9000, OLD);
    assert_eq!(rig.read(0x9000), Some(OLD), "an entry that becomes valid needs no command");
    assert_eq!(rig.go(Access { stream_id: STREAM, write: true, ..read(0x9000) }).pa(), Some(OLD));
}

#[test]
fn reset_empties_the_cache() {
    let mut rig = cached();
    assert_eq!(rig.model.cached(), 5);
    rig.model.reset();
    assert_eq!(rig.model.cached(), 0);
    assert_eq!(rig.read(PAGE), Some(PAGE), "and everything bypasses");
}
