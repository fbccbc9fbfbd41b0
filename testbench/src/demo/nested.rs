//! A guest's tables under a hypervisor's: the stream's bank has CBAR.TYPE 3 and names a bank of TYPE 0.
//!
//! The guest maps VA to IPA in tables that lie in IPA space; the hypervisor maps IPA to PA, the pages of those tables included.

use super::Stage;
use crate::axi::master::Burst;
use crate::bench::fixture::{Tables, ACCESSED, READ_WRITE, SCTLR_USUAL, TABLE, VALID};
use crate::bench::BenchError;
use smmu_rtl::registers as regs;

const RAM: u64 = 0x8000_0000;
const HOST_TABLES: u64 = 0x4000_0000;
const GUEST_TABLES: u64 = 0x4020_0000;
/// An IPA is this much below the physical address.
const DELTA: u64 = 0x1000_0000;
const VA: u64 = 0x12_3450_0000;
const STREAM: u32 = 0x300;
const GUEST_BANK: usize = 1;
const HOST_BANK: usize = 3;
const ASID: u16 = 5;
const GUEST_VMID: u32 = 0x44;
const HOST_VMID: u32 = 0x21;

/// Stage-2 leaf: may be read and written, Normal memory, accessed.
const S2_ALL: u64 = 3 << 6 | 0xf << 2 | ACCESSED;
const FORMAT: u64 = 2 << 9;
const TF: u64 = 1 << 1;
const PF: u64 = 1 << 3;
const NESTED: u64 = 1 << 2;
const WNR: u64 = 1 << 4;

pub(super) fn play(stage: &mut Stage) -> Result<(), BenchError> {
    let mut host = Tables::new(HOST_TABLES, 12, 25);
    set_up(stage, &mut host)?;
    let ipa = |n: u64| RAM - DELTA + 0x1000 * n;
    let va = |n: u64| VA + 0x1000 * n;

    stage.read("nothing cached", STREAM, va(2) + 0x40, 0x102)?;
    stage.read("in the micro TLB", STREAM, va(2) + 0x40, 0x102)?;
    stage.read("the page beside, in known tables", STREAM, va(3) + 0x40, 0x103)?;

    host.map(stage.bench.memory(), ipa(2), RAM + 0x9000, S2_ALL)?;
    invalidate(stage, ipa(2))?;
    stage.tell(format!("the hypervisor moves IPA {:#x} to {:#x}: TLBIIPAS2L, SYNC, TLBIVMIDS1, SYNC", ipa(2), RAM + 0x9000));
    stage.read("the same address", STREAM, va(2) + 0x40, 0x109)?;

    host.map(stage.bench.memory(), ipa(4), RAM + 0x4000, S2_ALL & !(1 << 7))?;
    invalidate(stage, ipa(4))?;
    stage.tell(format!("the hypervisor has IPA {:#x} for reading only, and invalidates it", ipa(4)));
    let bus = stage.bench.params().data_width / 8;
    let syndrome = 3 | NESTED | WNR | (GUEST_BANK as u64) << 16;
    let write = Burst::read(STREAM, va(4) + 0x40, 1, 3).into_write(bus, |_| 7);
    stage.refused("stage 2 forbids it", write, HOST_BANK, FORMAT | PF, syndrome)?;
    shows_ipa(stage, ipa(4) | 0x40)?;

    host.unmap(stage.bench.memory(), ipa(5))?;
    invalidate(stage, ipa(5))?;
    stage.tell(format!("the hypervisor takes IPA {:#x} away, and invalidates it", ipa(5)));
    let syndrome = 3 | NESTED | (GUEST_BANK as u64) << 16;
    stage.refused("not mapped in stage 2", Burst::read(STREAM, va(5) + 0x40, 1, 3), HOST_BANK, FORMAT | TF, syndrome)?;
    shows_ipa(stage, ipa(5) | 0x40)?;
    host.map(stage.bench.memory(), ipa(5), RAM + 0x5000, S2_ALL)?;
    stage.tell("the hypervisor maps it");
    stage.read("again", STREAM, va(5) + 0x40, 0x105)
}

fn set_up(stage: &mut Stage, host: &mut Tables) -> Result<(), BenchError> {
    let bench = &mut stage.bench;
    bench.memory().add_region(RAM, 0x10_0000);
    bench.memory().add_region(HOST_TABLES, 0x40_0000);
    // The guest's tables as the hypervisor sees them: what a descriptor names is an IPA.
    let tables = [GUEST_TABLES, GUEST_TABLES + 0x1000, GUEST_TABLES + 0x2000, GUEST_TABLES + 0x3000];
    for (level, pair) in tables.windows(2).enumerate() {
        let slot = pair[0] + 8 * (VA >> (39 - 9 * level) & 0x1ff);
        bench.memory().write_u64(slot, (pair[1] - DELTA) | VALID | TABLE)?;
    }
    for n in 0..16 {
        let slot = tables[3] + 8 * (VA >> 12 & 0x1ff) + 8 * n;
        bench.memory().write_u64(slot, (RAM - DELTA + 0x1000 * n) | READ_WRITE | VALID | TABLE)?;
        host.map(bench.memory(), RAM - DELTA + 0x1000 * n, RAM + 0x1000 * n, S2_ALL)?;
        bench.memory().write_u64(RAM + 0x1000 * n + 0x40, 0x100 + n)?;
    }
    for table in tables {
        host.map(bench.memory(), table - DELTA, table, S2_ALL)?;
    }
    let params = *bench.params();
    let at = |id: regs::RegId, bank| id.offset(&params, bank);
    bench.write32(at(regs::CBAR, HOST_BANK), HOST_VMID)?;
    bench.write32(at(regs::CBA2R, HOST_BANK), 1)?;
    // 39 bits from level 1, 48 bits out.
    bench.write32(at(regs::CB_TCR, HOST_BANK), 25 | 1 << 6 | 5 << 16)?;
    bench.write64(at(regs::CB_TTBR0, HOST_BANK), host.root)?;
    bench.write32(at(regs::CB_SCTLR, HOST_BANK), SCTLR_USUAL)?;
    let mut guest = Tables::usual(GUEST_TABLES);
    guest.root = GUEST_TABLES - DELTA;
    bench.route_stream(0, STREAM, GUEST_BANK)?;
    bench.setup_bank(GUEST_BANK, &guest, ASID, 0)?;
    bench.write32(at(regs::CBAR, GUEST_BANK), 3 << 16 | (HOST_BANK as u32) << 8 | GUEST_VMID)?;
    bench.write32(at(regs::CB_SCTLR, GUEST_BANK), SCTLR_USUAL)?;
    bench.enable()?;
    stage.tell(format!(
        "bank {GUEST_BANK}: TYPE 3, VMID {GUEST_VMID:#x}, tables at IPA {:#x}; bank {HOST_BANK}: TYPE 0, VMID {HOST_VMID:#x}, tables at PA {HOST_TABLES:#x}",
        GUEST_TABLES - DELTA
    ));
    stage.tell(format!("VA {VA:#x} is IPA {:#x} is PA {RAM:#x}, 16 pages", RAM - DELTA));
    Ok(())
}

/// What a hypervisor does after a change of stage 2: the stage-2 leaf goes by its IPA, then what was combined with it by the guest's VMID.
fn invalidate(stage: &mut Stage, ipa: u64) -> Result<(), BenchError> {
    let (by_ipa, by_vmid) = (stage.at(regs::CB_TLBIIPAS2L, HOST_BANK), stage.at(regs::TLBIVMIDS1, 0));
    stage.bench.write64(by_ipa, ipa >> 12)?;
    stage.bench.sync(HOST_BANK)?;
    stage.bench.write32(by_vmid, GUEST_VMID)?;
    let (sync, status) = (stage.at(regs::STLBGSYNC, 0), stage.at(regs::STLBGSTATUS, 0));
    stage.bench.write32(sync, 0)?;
    while stage.bench.read32(status)? & 1 == 1 {}
    Ok(())
}

/// IPAFAR, then the fault is cleared.
fn shows_ipa(stage: &mut Stage, ipa: u64) -> Result<(), BenchError> {
    let offset = stage.at(regs::CB_IPAFAR, HOST_BANK);
    let found = stage.bench.read64(offset)?;
    stage.expect(found == ipa, format!("bank {HOST_BANK}: IPAFAR {found:#x}"));
    stage.bench.clear_fault(HOST_BANK)
}
