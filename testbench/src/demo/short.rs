//! An AArch32 bank with short descriptors: one table of the first level, one of the second.

use super::Stage;
use crate::axi::master::Burst;
use crate::bench::fixture::SCTLR_USUAL;
use crate::bench::BenchError;
use smmu_rtl::registers as regs;

const RAM: u64 = 0x8000_0000;
const FIRST: u64 = 0x4000_0000;
const SECOND: u64 = 0x4000_4000;
const STREAM: u32 = 0x300;
const BANK: usize = 1;
const ASID: u32 = 0x33;

const SECTION: u32 = 2;
const SUPER: u32 = 1 << 18;
/// AP of a section: everybody may read and write; of a page: the same, or read only.
const SECTION_RW: u32 = 3 << 10;
const PAGE_RW: u32 = 3 << 4;
const PAGE_RO: u32 = 1 << 9 | 3 << 4;
const SMALL: u32 = 2;
const LARGE: u32 = 1;
const PF: u64 = 1 << 3;
const WNR: u64 = 1 << 4;

pub(super) fn play(stage: &mut Stage) -> Result<(), BenchError> {
    set_up(stage)?;
    stage.read("a section of 1 MiB", STREAM, 0x1235_0000, 0x105)?;
    stage.read("another part of it, in the micro TLB or not", STREAM, 0x123f_0000, 0x10f)?;
    stage.read("a supersection of 16 MiB", STREAM, 0x20ef_0000, 0x1ef)?;
    stage.read("a small page", STREAM, 0x3011_0000, 0x102)?;
    stage.read("a large page of 64 KiB, sixteen descriptors", STREAM, 0x3012_0000, 0x107)?;

    let bus = stage.bench.params().data_width / 8;
    let write = Burst::read(STREAM, 0x3011_0040, 1, 3).into_write(bus, |_| 1);
    // FORMAT 0: short descriptors; level 2.
    stage.refused("the small page is for reading", write, BANK, PF, 2 | WNR)?;
    stage.bench.clear_fault(BANK)?;

    stage.bench.memory().write_u32(FIRST + 4 * 0x123, RAM as u32 | 0x10_0000 | SECTION_RW | SECTION)?;
    let invalidate = stage.at(regs::CB_TLBIVA, BANK);
    stage.bench.write32(invalidate, 0x1230_0000 | ASID)?;
    stage.bench.sync(BANK)?;
    stage.tell("the section moves by 1 MiB: TLBIVA of its first page, SYNC");
    stage.read("the part that was not named moves, too", STREAM, 0x123f_0000, 0x11f)
}

fn set_up(stage: &mut Stage) -> Result<(), BenchError> {
    let bench = &mut stage.bench;
    bench.memory().add_region(RAM, 0x100_0000);
    bench.memory().add_region(FIRST, 0x8000);
    for n in 0..0x100 {
        bench.memory().write_u64(RAM + 0x1_0000 * n, 0x100 + n)?;
    }
    let memory = bench.memory();
    memory.write_u32(FIRST + 4 * 0x123, RAM as u32 | SECTION_RW | SECTION)?;
    for n in 0..16 {
        memory.write_u32(FIRST + 4 * (0x200 + n), RAM as u32 | SECTION_RW | SECTION | SUPER)?;
        memory.write_u32(SECOND + 4 * (0x20 + n), RAM as u32 | 0x7_0000 | PAGE_RW | LARGE)?;
    }
    memory.write_u32(FIRST + 4 * 0x301, SECOND as u32 | 1)?;
    memory.write_u32(SECOND + 4 * 0x10, RAM as u32 | 0x2_0000 | PAGE_RO | SMALL)?;
    let params = *bench.params();
    let at = |id: regs::RegId| id.offset(&params, BANK);
    bench.route_stream(0, STREAM, BANK)?;
    bench.write32(at(regs::CBAR), 1 << 16)?;
    bench.write32(at(regs::CBA2R), 0)?;
    bench.write32(at(regs::CB_TCR), 0)?;
    bench.write64(at(regs::CB_TTBR0), FIRST)?;
    bench.write32(at(regs::CB_CONTEXTIDR), ASID)?;
    bench.write32(at(regs::CB_SCTLR), SCTLR_USUAL)?;
    bench.enable()?;
    stage.tell(format!("bank {BANK}: CBA2R.VA64 = 0, TCR.EAE = 0, TTBR0 {FIRST:#x}, CONTEXTIDR {ASID:#x}"));
    Ok(())
}
