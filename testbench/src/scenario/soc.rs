//! The machines of the two kernel logs: what their device trees, memory maps and firmware say. All of it is input; what the logs
//! show is computed from it by drivers and hardware.

use crate::linux::arm_smmu::SmmuNode;
use crate::linux::kernel::Level;
use crate::linux::pages::FreeMemory;
use crate::linux::ufshcd::UfsNode;

/// A stream of the device tree: `iommus = <&apps_smmu ID MASK>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Whose it is.
    pub master: &'static str,
    /// StreamID.
    pub id: u16,
    /// Bits that are not compared.
    pub mask: u16,
}

/// A range of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First byte.
    pub start: u64,
    /// Bytes.
    pub bytes: u64,
}

/// One machine.
#[derive(Clone, Debug)]
pub struct Soc {
    /// Name of the scenario, of the SMMU's preset and of the UFS presets.
    pub name: &'static str,
    /// One line for lists.
    pub summary: &'static str,
    /// The SMMU.
    pub smmu: SmmuNode,
    /// The UFS host controller.
    pub ufs: UfsNode,
    /// Its stream.
    pub stream: Stream,
    /// The UFS host controller snoops (`dma-coherent`).
    pub ufs_coherent: bool,
    /// Last bus address that the device tree's `dma-ranges` let it use.
    pub dma_limit: u64,
    /// Masters that get a translating domain before the UFS, in the order of their probes: each takes the next context bank and a
    /// page for its root table. They are silent in the run.
    pub earlier: &'static [Stream],
    /// Hypervisor: the hardware's number of Linux's bank 0. The banks below it are firmware's.
    pub first_bank: usize,
    /// Hypervisor: banks that Linux sees.
    pub banks: usize,
    /// Where there is memory. Everything else is a hole.
    pub ram: &'static [Region],
    /// What of it is free when the SMMU's driver starts: how far the boot had got. It decides the physical addresses of the lists.
    pub free: FreeMemory,
    /// Kernel time at that moment, nanoseconds.
    pub boot_ns: u64,
    /// Least severe lines that the log shows (`loglevel=`).
    pub console: Level,
}

/// Shorter to write.
const fn stream(master: &'static str, id: u16, mask: u16) -> Stream {
    Stream { master, id, mask }
}

/// Shorter to write.
const fn region(start: u64, bytes: u64) -> Region {
    Region { start, bytes }
}

/// All machines, in the order of lists.
pub static SOCS: &[Soc] = &[
    Soc {
        name: "sc8180x",
        summary: "SC8180X laptop: 48-bit addresses, UFS 3.1 on stream 0x300, not coherent",
        smmu: SmmuNode { name: "15000000.iommu", coherent_walk: false },
        ufs: UfsNode { name: "1d84000.ufshc", ice: false },
        stream: stream("ufs", 0x300, 0),
        ufs_coherent: false,
        dma_limit: 0xf_ffff_ffff,
        earlier: &[stream("usb0", 0x140, 0), stream("usb1", 0x160, 0), stream("display", 0x800, 0x420), stream("qup", 0x4c3, 0)],
        first_bank: 15,
        banks: 106,
        ram: &[region(0x8000_0000, 8 << 30)],
        free: FreeMemory { pages: 0x1_032d_5000, pages_end: 0x1_0800_0000, contiguous: 0xfb00_0000, contiguous_end: 0xff00_0000 },
        boot_ns: 3_841_000_000,
        // Booted with `loglevel=6`: no informational lines.
        console: Level::Notice,
    },
    Soc {
        name: "sm8550",
        summary: "SM8550 phone: 36-bit addresses, UFS 4.0 on stream 0x60, coherent",
        smmu: SmmuNode { name: "15000000.iommu", coherent_walk: true },
        ufs: UfsNode { name: "1d84000.ufs", ice: true },
        stream: stream("ufs", 0x60, 0),
        ufs_coherent: true,
        dma_limit: 0xf_ffff_ffff,
        earlier: &[stream("usb", 0x40, 0), stream("qup", 0xa3, 0)],
        first_bank: 57,
        banks: 70,
        ram: &[region(0x8000_0000, 2 << 30), region(0x8_8000_0000, 8 << 30)],
        free: FreeMemory { pages: 0x8_8510_6000, pages_end: 0x8_9000_0000, contiguous: 0xfb00_0000, contiguous_end: 0xff00_0000 },
        boot_ns: 4_282_000_000,
        console: Level::Info,
    },
];

/// The machine of that name.
pub fn soc(name: &str) -> Option<&'static Soc> {
    SOCS.iter().find(|soc| soc.name == name)
}
