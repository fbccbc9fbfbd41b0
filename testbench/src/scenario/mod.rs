//! Whole runs: a machine boots its SMMU and UFS drivers with a given choice of DMA ops and domain.
//!
//! | `--dma-ops` | `--domain` | what happens |
//! | --- | --- | --- |
//! | `direct` | `dma` | the logged bug: physical addresses meet a translating domain with empty tables; one context fault, SBFES, NOP OUT -11 |
//! | `iommu` | `identity` | its mirror image: IOVAs pass untranslated and meet a hole; no SMMU line, SBFES, NOP OUT -11 |
//! | `iommu` | `dma` | works |
//! | `direct` | `identity` | works |
//!
//! Where the values of the logged bug's lines arise:
//!
//! | value | computed by | from |
//! | --- | --- | --- |
//! | `iova` | DMA API, direct ops; the controller's fetch of slot 31 | [`Soc::free`]: the next free page of the boot when the list is allocated |
//! | `UTRLBA`, `UTMRLBA` | the same, two pages in the order of `Hba::probe` | the same; without `dma-coherent` each buffer's uncached alias takes a page in between |
//! | `fsr` | the hardware's walk of the empty table | the domain's bank is in AArch64 format |
//! | `fsynr` PLVL | the level at which the hardware starts the walk | `TCR.T0SZ`, which the driver takes from `IDR2.UBS` |
//! | `cb` | the driver's first free bank | [`Soc::earlier`]: how many masters were attached before |
//! | `fsynr` S1CBNDX | the hardware's bank number, by strap | `cb` moved by the hypervisor, [`Soc::first_bank`] |
//! | `cbfrsynra` | the StreamID on the bus | the controller's preset |
//! | `host_regs` | the controller's register file | what the driver's initialisation wrote, what the aborted fetch changed |
//! | `saved_err`, `eh_fatal` | interrupt handler, error check | `IS.SBFES` |
//! | -11 and its time | ten tries of NOP OUT, 13 jiffies on the timer wheel each | 50 ms at 250 Hz; a clear that succeeds at once |
//!
//! [`play`] runs the drivers on any [`Machine`]; [`run`] makes the machine too. What the machines are is in [`Soc`].

use crate::linux::arm_smmu::{ArmSmmu, FaultRecord};
use crate::linux::dma::{DmaApi, DmaDevice};
use crate::linux::hypervisor::Hypervisor;
use crate::linux::kernel::{Kernel, LogLine};
use crate::linux::machine::Machine;
use crate::linux::platform::Platform;
use crate::linux::sd::Disk;
use crate::linux::ufshcd::{Hba, DUMP_WORDS};
use crate::linux::{errno, LinuxError, Result};
use crate::ufs::utrd::UTRD_BYTES;

mod run;
mod soc;
mod workload;

pub use crate::linux::dma::DmaOps;
pub use run::{run, run_on, Report, RunError, RunOptions};
pub use soc::{soc, Region, Soc, Stream, SOCS};
pub use workload::{Traffic, Workload};

/// What the UFS's stream is attached to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DomainKind {
    /// A translating domain.
    #[default]
    Dma,
    /// An identity domain: the stream bypasses translation.
    Identity,
}

/// Choices of a run that the machine does not make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choices {
    /// DMA ops of the UFS host controller.
    pub dma_ops: DmaOps,
    /// Domain of its stream.
    pub domain: DomainKind,
    /// Reads and writes once the device works.
    pub workload: Workload,
}

impl Default for Choices {
    /// The logged bug; where the run gets that far, 1,000 requests, eight in flight.
    fn default() -> Self {
        Choices { dma_ops: DmaOps::Direct, domain: DomainKind::Dma, workload: Workload { requests: 1000, depth: 8, seed: 1 } }
    }
}

/// How a run is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// All requests done, data right, no fault.
    Works,
    /// One translation fault on the NOP OUT's descriptor, and NOP OUT fails.
    Fault,
    /// No fault, a bus error, and NOP OUT fails.
    BusError,
}

impl Choices {
    /// How these choices end.
    pub fn expected(&self) -> Expected {
        match (self.dma_ops, self.domain) {
            (DmaOps::Direct, DomainKind::Dma) => Expected::Fault,
            (DmaOps::Iommu, DomainKind::Identity) => Expected::BusError,
            _ => Expected::Works,
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// It ended as its choices should.
    pub ok: bool,
    /// Why, in a sentence.
    pub reason: String,
    /// The kernel log.
    pub log: Vec<LogLine>,
    /// Context faults that the SMMU's driver handled.
    pub faults: Vec<FaultRecord>,
    /// The UFS registers 0x00 to 0x9f as the driver dumped them.
    pub host_regs: Option<[u32; DUMP_WORDS]>,
    /// What the drivers' scan returned: 0 or a negative error number.
    pub scan: i32,
    /// Reads and writes.
    pub traffic: Traffic,
}

/// A run that could not be finished: the hardware failed, or a check of it.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct Broken {
    /// What went wrong.
    pub source: LinuxError,
    /// The kernel log up to there.
    pub log: Vec<LogLine>,
}

/// Runs the drivers of `soc` on `machine`.
pub fn play(soc: &Soc, choices: &Choices, machine: &mut dyn Machine) -> std::result::Result<Outcome, Broken> {
    let params = machine.params();
    // A preset with fewer banks than the machine's hypervisor deals with has no hypervisor.
    let hypervisor = Hypervisor::new(params, soc.first_bank, soc.banks).unwrap_or(Hypervisor::none(params));
    let mut kernel = Kernel::new(machine, hypervisor, soc.free, soc.boot_ns, soc.console);
    match boot(soc, choices, &mut kernel) {
        Ok(end) => Ok(end.judge(choices, kernel.into_log())),
        Err(source) => Err(Broken { source, log: kernel.into_log() }),
    }
}

/// What a run leaves to be judged.
struct End {
    scan: i32,
    faults: Vec<FaultRecord>,
    host_regs: Option<[u32; DUMP_WORDS]>,
    utrl_base: u64,
    slots: u64,
    traffic: Traffic,
    /// What went wrong in the workload.
    trouble: Option<String>,
}

/// From the SMMU driver's probe to the end of the workload.
fn boot(soc: &Soc, choices: &Choices, kernel: &mut Kernel) -> Result<End> {
    let mut smmu = ArmSmmu::probe(kernel, soc.smmu)?;
    // A preset with few banks leaves earlier masters out, so that the UFS gets one.
    for master in soc.earlier.iter().take(smmu.features.banks - 1) {
        let group = smmu.add_stream(kernel, master.id, master.mask)?;
        let domain = smmu.new_domain(kernel)?;
        smmu.attach(kernel, &domain, &[group])?;
        // The domain lives as long as the machine.
    }
    let group = smmu.add_stream(kernel, soc.stream.id, soc.stream.mask)?;
    let translating = choices.domain == DomainKind::Dma || choices.dma_ops == DmaOps::Iommu;
    let domain = if translating {
        let domain = smmu.new_domain(kernel)?;
        smmu.attach(kernel, &domain, &[group])?;
        Some(domain)
    } else {
        None
    };
    if choices.domain == DomainKind::Identity {
        // With IOMMU ops this is the second mix-up: the ops stay with the first domain.
        smmu.attach_identity(kernel, &[group])?;
    }
    let device = DmaDevice { ops: choices.dma_ops, coherent: soc.ufs_coherent, limit: soc.dma_limit };
    let mut platform = Platform { kernel, smmu, dma: DmaApi::new(device, domain) };
    let p = &mut platform;
    let mut hba = Hba::probe(p, soc.ufs)?;
    let scan = hba.async_scan(p)?;
    let mut traffic = Traffic::default();
    let trouble = match scan {
        0 => match Disk::attach(&mut hba, p, 0)? {
            Ok(disk) => choices.workload.run(&mut hba, p, disk, &mut traffic)?.err(),
            Err(error) => Some(format!("the disk does not answer ({error})")),
        },
        _ => None,
    };
    Ok(End {
        scan,
        faults: platform.smmu.faults,
        host_regs: hba.dump,
        utrl_base: hba.utrl_base(),
        slots: u64::from(hba.slots()),
        traffic,
        trouble,
    })
}

impl End {
    /// Compares how it ended with how it should have.
    fn judge(self, choices: &Choices, log: Vec<LogLine>) -> Outcome {
        let verdict = match choices.expected() {
            Expected::Works => self.works(choices),
            Expected::Fault => self.failed_scan().and_then(|()| self.one_translation_fault()),
            Expected::BusError => self.failed_scan().and_then(|()| match self.faults.len() {
                0 => Ok("the descriptor fetch met a hole; the SMMU has nothing to record".to_string()),
                n => Err(format!("the SMMU recorded {n} faults on an identity domain")),
            }),
        };
        Outcome {
            ok: verdict.is_ok(),
            reason: verdict.unwrap_or_else(|why| why),
            log,
            faults: self.faults,
            host_regs: self.host_regs,
            scan: self.scan,
            traffic: self.traffic,
        }
    }

    fn works(&self, choices: &Choices) -> std::result::Result<String, String> {
        let done = self.traffic.reads + self.traffic.writes;
        match &self.trouble {
            _ if self.scan != 0 => Err(format!("the scan failed with {}", self.scan)),
            Some(why) => Err(why.clone()),
            None if !self.faults.is_empty() => Err(format!("{} context faults", self.faults.len())),
            None if self.host_regs.is_some() => Err("the controller reported a fatal error".into()),
            None if done < choices.workload.requests => Err(format!("only {done} of {} requests", choices.workload.requests)),
            None => Ok(format!("{} reads and {} writes, all data right, no fault", self.traffic.reads, self.traffic.writes)),
        }
    }

    fn failed_scan(&self) -> std::result::Result<(), String> {
        if self.host_regs.is_none() {
            return Err("the controller reported no fatal error".into());
        }
        if self.scan != errno::EAGAIN {
            return Err(format!("the scan returned {} instead of {}", self.scan, errno::EAGAIN));
        }
        Ok(())
    }

    fn one_translation_fault(&self) -> std::result::Result<String, String> {
        const TF: u32 = 1 << 1;
        let [fault] = self.faults[..] else { return Err(format!("{} context faults instead of one", self.faults.len())) };
        let fetched = self.utrl_base + (self.slots - 1) * UTRD_BYTES;
        if fault.fsr & TF == 0 {
            return Err(format!("the fault is no translation fault: fsr {:#x}", fault.fsr));
        }
        if fault.far != fetched {
            return Err(format!("the fault is at {:#x}, the reserved slot's descriptor at {fetched:#x}", fault.far));
        }
        Ok(format!("one translation fault on the fetch of slot {}'s transfer request descriptor", self.slots - 1))
    }
}

#[cfg(test)]
mod bench_tests;
#[cfg(test)]
mod tests;
