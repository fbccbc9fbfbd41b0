//! The `arm-smmu` driver: probe, reset, stream mapping, context banks, TLB maintenance, fault handlers, as register accesses.
//!
//! The order of accesses is that of the stock driver with the MMU-500 and Qualcomm flavours: identification registers, stream
//! mapping and banks brought to a known state, invalidation, then `sCR0` as the last write, which is the one that lets the SMMU
//! act. All register offsets come from [`smmu_rtl::registers`]; where a page lies comes from `IDR1`, as the driver finds it.

use super::errno;
use super::kernel::{Kernel, Level, RateLimit};
use super::{LinuxError, Result};
use smmu_rtl::registers::{self as regs, RegId};

mod bank;
mod fault;
mod stream;

pub use bank::Domain;
pub use fault::FaultRecord;
pub use stream::StreamType;

/// Data of a TLBI or SYNC write: the hypervisor's trap handler mis-emulates stores of zero, so the Qualcomm flavour writes ones.
const QCOM_DUMMY: u32 = u32::MAX;
/// `FSR` bits that say that a fault is recorded.
const FSR_FAULT: u32 = 0xc000_01fe;
/// Polls of a sync's status without a pause.
const SYNC_SPINS: u32 = 10;
/// After that pauses of 1, 2, 4.. microseconds up to this many in all.
const SYNC_TIMEOUT_US: u64 = 1_000_000;
/// The driver's own limit.
const MAX_BANKS: usize = 128;

/// What the probe found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Byte shift of a register page.
    pub page_shift: u32,
    /// Pages of the global half.
    pub pages: u32,
    /// Context banks, and how many of them do stage 2 only.
    pub banks: usize,
    /// Stage-2-only banks.
    pub s2_banks: usize,
    /// Stream match groups.
    pub groups: usize,
    /// Implemented StreamID bits.
    pub streamid_mask: u16,
    /// Implemented SMR mask bits.
    pub smr_mask: u16,
    /// Input address bits of stage 1.
    pub va_bits: u32,
    /// Output address bits of stage 1.
    pub ipa_bits: u32,
    /// Physical address bits.
    pub pa_bits: u32,
    /// The 4 KiB granule is there.
    pub granule_4k: bool,
}

/// Options that the device tree gives.
#[derive(Clone, Copy, Debug)]
pub struct SmmuNode {
    /// Device name: `15000000.iommu`.
    pub name: &'static str,
    /// `dma-coherent`: table walks snoop the CPU's caches.
    pub coherent_walk: bool,
}

/// The driver's state.
#[derive(Debug)]
pub struct ArmSmmu {
    node: SmmuNode,
    /// What the probe found.
    pub features: Features,
    groups: Vec<stream::Group>,
    banks: Vec<bool>,
    /// Context faults handled, oldest first.
    pub faults: Vec<FaultRecord>,
    ratelimit: RateLimit,
    global_ratelimit: RateLimit,
}

impl ArmSmmu {
    /// Probes and resets the SMMU: after this unmatched streams fault and nothing is translated yet.
    pub fn probe(kernel: &mut Kernel, node: SmmuNode) -> Result<Self> {
        let mut smmu = ArmSmmu {
            node,
            features: Features::default(),
            groups: Vec::new(),
            banks: Vec::new(),
            faults: Vec::new(),
            ratelimit: RateLimit::default(),
            global_ratelimit: RateLimit::default(),
        };
        smmu.features = smmu.identify(kernel)?;
        smmu.groups = vec![stream::Group::default(); smmu.features.groups];
        smmu.banks = vec![false; smmu.features.banks];
        smmu.inherit(kernel)?;
        // Reserved-memory step: bypass stays as it is until the reset below is through.
        let scr0 = smmu.global(regs::SCR0, 0);
        let value = kernel.smmu_read32(scr0)?;
        kernel.smmu_write32(scr0, value | 1)?;
        smmu.reset(kernel)?;
        smmu.test_smr_masks(kernel)?;
        Ok(smmu)
    }

    /// Device name.
    pub fn name(&self) -> &'static str {
        self.node.name
    }

    fn identify(&self, kernel: &mut Kernel) -> Result<Features> {
        let idr0 = read_fields(kernel, regs::IDR0)?;
        let idr1 = read_fields(kernel, regs::IDR1)?;
        let idr2 = read_fields(kernel, regs::IDR2)?;
        let fail = |why: &str| self.probe_error(why, errno::ENODEV);
        if idr0("S1TS") == 0 {
            return Err(fail("no stage 1 translation"));
        }
        if idr0("SMS") == 0 || idr0("NUMSMRG") == 0 {
            return Err(fail("stream-matching supported, but no SMRs present"));
        }
        let banks = idr1("NUMCB") as usize;
        if banks == 0 || banks > MAX_BANKS || idr1("NUMS2CB") as usize > banks {
            return Err(fail("impossible number of context banks"));
        }
        Ok(Features {
            page_shift: if idr1("PAGESIZE") == 1 { 16 } else { 12 },
            pages: 1 << (idr1("NUMPAGENDXB") + 1),
            banks,
            s2_banks: idr1("NUMS2CB") as usize,
            groups: idr0("NUMSMRG") as usize,
            streamid_mask: ((1u32 << idr0("NUMSIDB")) - 1) as u16,
            smr_mask: 0,
            va_bits: size_bits(idr2("UBS")),
            ipa_bits: size_bits(idr2("IAS")),
            pa_bits: size_bits(idr2("OAS")),
            granule_4k: idr2("PTFSV8_4K") == 1,
        })
    }

    /// Brings everything to a known state; ends with the `sCR0` write that ends bypassing.
    fn reset(&mut self, kernel: &mut Kernel) -> Result<()> {
        let sgfsr = self.global(regs::SGFSR, 0);
        let pending = kernel.smmu_read32(sgfsr)?;
        kernel.smmu_write32(sgfsr, pending)?;
        for group in 0..self.features.groups {
            self.write_group(kernel, group)?;
        }
        for bank in 0..self.features.banks {
            kernel.smmu_write32(self.bank(bank, regs::CB_SCTLR), 0)?;
            kernel.smmu_write32(self.bank(bank, regs::CB_FSR), FSR_FAULT)?;
        }
        kernel.smmu_write32(self.global(regs::TLBIALLH, 0), QCOM_DUMMY)?;
        kernel.smmu_write32(self.global(regs::TLBIALLNSNH, 0), QCOM_DUMMY)?;
        let scr0 = self.global(regs::SCR0, 0);
        let mut value = u64::from(kernel.smmu_read32(scr0)?);
        for (field, to) in [
            ("GFRE", 1),
            ("GFIE", 1),
            ("GCFGFRE", 1),
            ("GCFGFIE", 1),
            ("VMIDPNE", 1),
            ("PTM", 1),
            ("CLIENTPD", 0),
            ("USFCFG", 1),
            ("FB", 0),
            ("BSU", 0),
        ] {
            value = regs::SCR0.field(field).put(value, to);
        }
        self.reset_mmu500(kernel)?;
        self.sync(kernel, self.global(regs::STLBGSYNC, 0), self.global(regs::STLBGSTATUS, 0))?;
        kernel.smmu_write32(scr0, value as u32)
    }

    /// MMU-500: unlock `ACTLR`, let bypass entries allocate, switch the next-page prefetcher off (errata).
    fn reset_mmu500(&mut self, kernel: &mut Kernel) -> Result<()> {
        const CACHE_LOCK: u32 = 1 << 26;
        const S2CRB_TLBEN: u32 = 1 << 10;
        const SMTNMB_TLBEN: u32 = 1 << 8;
        const CPRE: u32 = 1 << 1;
        let major = kernel.smmu_read32(self.global(regs::IDR7, 0))? >> 4 & 0xf;
        let sacr = self.global(regs::SACR, 0);
        let mut value = kernel.smmu_read32(sacr)?;
        if major >= 2 {
            value &= !CACHE_LOCK;
        }
        kernel.smmu_write32(sacr, value | SMTNMB_TLBEN | S2CRB_TLBEN)?;
        let mut warned = false;
        for bank in 0..self.features.banks {
            let actlr = self.bank(bank, regs::CB_ACTLR);
            let value = kernel.smmu_read32(actlr)?;
            kernel.smmu_write32(actlr, value & !CPRE)?;
            if kernel.smmu_read32(actlr)? & CPRE != 0 && !warned {
                warned = true;
                let text = format!(
                    "arm-smmu {}: Failed to disable prefetcher for errata workarounds, check SACR.CACHE_LOCK",
                    self.node.name
                );
                kernel.printk(Level::Warning, text)?;
            }
        }
        Ok(())
    }

    /// Starts a sync and waits for its end; after a second the driver says so and carries on.
    fn sync(&self, kernel: &mut Kernel, start: u32, status: u32) -> Result<()> {
        kernel.smmu_write32(start, QCOM_DUMMY)?;
        let mut pause_us = 1;
        while pause_us < SYNC_TIMEOUT_US {
            for _ in 0..SYNC_SPINS {
                if kernel.smmu_read32(status)? & 1 == 0 {
                    return Ok(());
                }
            }
            kernel.delay_ns(pause_us * 1000)?;
            pause_us *= 2;
        }
        kernel.printk(Level::Err, format!("arm-smmu {}: TLB sync timed out -- SMMU may be deadlocked", self.node.name))
    }

    /// Offset of a register of global page 0 or 1.
    fn global(&self, id: RegId, index: usize) -> u32 {
        let register = id.register();
        let page = match register.space {
            regs::Space::Global1 => 1 << self.features.page_shift,
            _ => 0,
        };
        page + register.offset + index as u32 * register.stride
    }

    /// Offset of a register of a context bank.
    fn bank(&self, bank: usize, id: RegId) -> u32 {
        ((self.features.pages + bank as u32) << self.features.page_shift) + id.register().offset
    }

    fn probe_error(&self, why: &str, errno: i32) -> LinuxError {
        LinuxError::Probe { driver: format!("arm-smmu {}", self.node.name), why: why.into(), errno }
    }
}

/// Reads an ID register of global page 0; the result gives its fields by name.
fn read_fields(kernel: &mut Kernel, id: RegId) -> Result<impl Fn(&str) -> u64> {
    let value = u64::from(kernel.smmu_read32(id.register().offset)?);
    Ok(move |field: &str| id.field(field).get(value))
}

/// Address bits of a UBS, IAS or OAS code; the driver takes all codes above 4 as 48 bits.
fn size_bits(code: u64) -> u32 {
    [32, 36, 40, 42, 44].get(code as usize).copied().unwrap_or(48)
}

#[cfg(test)]
mod tests;
