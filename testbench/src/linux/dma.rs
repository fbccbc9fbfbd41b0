//! The DMA API: what address a driver gives its device for a buffer.
//!
//! With *direct* ops it is the physical address. With *IOMMU* ops it is an address of the domain's IOVA space, mapped in the domain's
//! page table for as long as the buffer is mapped. Which ops a device has and which domain its stream is attached to are two
//! decisions of the kernel; the logged bug is that they disagreed.

use super::arm_smmu::{ArmSmmu, Domain};
use super::io_pgtable::Prot;
use super::iova::IovaAllocator;
use super::kernel::Kernel;
use super::pages::PAGE;
use super::{LinuxError, Result};

/// Longest piece of a scatter list that the UFS driver's PRDT takes.
pub const MAX_SEGMENT: u64 = 256 << 10;

/// Which ops a device has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DmaOps {
    /// Physical addresses.
    #[default]
    Direct,
    /// IOVAs from the domain's allocator.
    Iommu,
}

/// Who moves the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The device reads: mapped read-only.
    ToDevice,
    /// The device writes.
    FromDevice,
}

/// Properties of a device that the DMA API looks at.
#[derive(Clone, Copy, Debug)]
pub struct DmaDevice {
    /// Its ops.
    pub ops: DmaOps,
    /// `dma-coherent`: its accesses snoop the CPU's caches.
    pub coherent: bool,
    /// Highest bus address it can send (mask), after the device tree's `dma-ranges`.
    pub limit: u64,
}

/// A buffer that CPU and device share for as long as the driver lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coherent {
    /// Address for the device.
    pub dma: u64,
    size: u64,
    pages: Vec<u64>,
}

impl Coherent {
    /// Physical runs of `bytes` at `offset`.
    fn runs(&self, offset: u64, bytes: u64) -> Result<Vec<(u64, usize)>> {
        if offset.checked_add(bytes).is_none_or(|end| end > self.size) {
            return Err(LinuxError::OutsideBuffer { offset, bytes, size: self.size });
        }
        let mut runs = Vec::new();
        let mut at = offset;
        while at < offset + bytes {
            let n = (PAGE - at % PAGE).min(offset + bytes - at);
            runs.push((self.pages[(at / PAGE) as usize] + at % PAGE, n as usize));
            at += n;
        }
        Ok(runs)
    }

    /// CPU write.
    pub fn write(&self, kernel: &mut Kernel, offset: u64, mut bytes: &[u8]) -> Result<()> {
        for (pa, n) in self.runs(offset, bytes.len() as u64)? {
            let (now, rest) = bytes.split_at(n);
            kernel.write(pa, now)?;
            bytes = rest;
        }
        Ok(())
    }

    /// CPU read.
    pub fn read(&self, kernel: &mut Kernel, offset: u64, mut bytes: &mut [u8]) -> Result<()> {
        for (pa, n) in self.runs(offset, bytes.len() as u64)? {
            let (now, rest) = bytes.split_at_mut(n);
            kernel.read(pa, now)?;
            bytes = rest;
        }
        Ok(())
    }
}

/// A piece of a mapped scatter list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Address for the device.
    pub dma: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A mapped scatter list; to be given back to [`DmaApi::unmap`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// What the device gets, each at most [`MAX_SEGMENT`].
    pub segments: Vec<Segment>,
    bytes: u64,
}

/// The DMA API of one device.
#[derive(Debug)]
pub struct DmaApi {
    device: DmaDevice,
    /// The domain that IOMMU ops map into, and its IOVA space.
    space: Option<(Domain, IovaAllocator)>,
}

impl DmaApi {
    /// The API of `device`, whose DMA domain (if it has one) is `domain`.
    pub fn new(device: DmaDevice, domain: Option<Domain>) -> Self {
        let space = domain.map(|domain| {
            let last = device.limit.min(domain.last_address());
            (domain, IovaAllocator::new(PAGE, last))
        });
        DmaApi { device, space }
    }

    /// The device's properties.
    pub fn device(&self) -> DmaDevice {
        self.device
    }

    fn prot(&self, read: bool, write: bool) -> Prot {
        Prot { read, write, cache: self.device.coherent, ..Prot::default() }
    }

    fn space(&mut self) -> Result<&mut (Domain, IovaAllocator)> {
        self.space.as_mut().ok_or_else(|| LinuxError::Unsupported("IOMMU DMA ops without a DMA domain".into()))
    }

    /// Checks that the device can send the last address of a buffer.
    fn reachable(&self, address: u64, bytes: u64) -> Result<u64> {
        if address + bytes - 1 > self.device.limit {
            return Err(LinuxError::BeyondMask { address, mask: self.device.limit });
        }
        Ok(address)
    }

    /// A cleared buffer of at least `bytes`, in whole pages.
    ///
    /// One page comes from the page allocator; with direct ops a longer buffer comes from the contiguous area, with IOMMU ops from
    /// single pages that only the IOVA range makes contiguous. A device that does not snoop needs an uncached alias of the buffer in
    /// the kernel's address space, whose tables take a page.
    pub fn alloc_coherent(&mut self, kernel: &mut Kernel, smmu: &mut ArmSmmu, bytes: u64) -> Result<Coherent> {
        let size = bytes.next_multiple_of(PAGE);
        let count = size / PAGE;
        let pages: Vec<u64> = if self.device.ops == DmaOps::Direct && count > 1 {
            let start = kernel.pages.alloc_contiguous(size)?;
            (0..count).map(|n| start + n * PAGE).collect()
        } else {
            (0..count).map(|_| kernel.pages.alloc()).collect::<Result<_>>()?
        };
        for &page in &pages {
            kernel.write(page, &[0; PAGE as usize])?;
        }
        if !self.device.coherent {
            kernel.pages.alloc()?;
        }
        let dma = match self.device.ops {
            DmaOps::Direct => self.reachable(pages[0], size)?,
            DmaOps::Iommu => {
                let prot = self.prot(true, true);
                self.map_pages(kernel, smmu, &pages, prot)?
            }
        };
        Ok(Coherent { dma, size, pages })
    }

    /// Maps single pages into one IOVA range.
    fn map_pages(&mut self, kernel: &mut Kernel, smmu: &mut ArmSmmu, pages: &[u64], prot: Prot) -> Result<u64> {
        let bytes = pages.len() as u64 * PAGE;
        let (domain, iovas) = self.space()?;
        let iova = iovas.alloc(bytes).ok_or(LinuxError::OutOfIova { bytes })?;
        for (run, at) in runs(pages).into_iter().zip(offsets(pages)) {
            smmu.map(kernel, domain, iova + at, run.dma, run.bytes, prot)?;
        }
        Ok(iova)
    }

    /// Maps whole pages for one transfer.
    pub fn map(&mut self, kernel: &mut Kernel, smmu: &mut ArmSmmu, pages: &[u64], direction: Direction) -> Result<Mapping> {
        let bytes = pages.len() as u64 * PAGE;
        let whole = match self.device.ops {
            DmaOps::Direct => runs(pages),
            DmaOps::Iommu => {
                let prot = self.prot(true, direction == Direction::FromDevice);
                vec![Segment { dma: self.map_pages(kernel, smmu, pages, prot)?, bytes }]
            }
        };
        let mut segments = Vec::new();
        for segment in whole {
            self.reachable(segment.dma, segment.bytes)?;
            let mut at = 0;
            while at < segment.bytes {
                let bytes = (segment.bytes - at).min(MAX_SEGMENT);
                segments.push(Segment { dma: segment.dma + at, bytes });
                at += bytes;
            }
        }
        Ok(Mapping { segments, bytes })
    }

    /// Ends a mapping. With IOMMU ops the device cannot reach the pages any more when this returns, and only then is the range free.
    pub fn unmap(&mut self, kernel: &mut Kernel, smmu: &mut ArmSmmu, mapping: &Mapping) -> Result<()> {
        if self.device.ops == DmaOps::Iommu {
            let iova = mapping.segments[0].dma;
            let (domain, iovas) = self.space()?;
            smmu.unmap(kernel, domain, iova, mapping.bytes)?;
            iovas.free(iova, mapping.bytes);
        }
        Ok(())
    }
}

/// Physically contiguous runs of a list of pages.
fn runs(pages: &[u64]) -> Vec<Segment> {
    let mut out: Vec<Segment> = Vec::new();
    for &page in pages {
        match out.last_mut() {
            Some(last) if last.dma + last.bytes == page => last.bytes += PAGE,
            _ => out.push(Segment { dma: page, bytes: PAGE }),
        }
    }
    out
}

/// Where each of these runs begins in the list, bytes.
fn offsets(pages: &[u64]) -> Vec<u64> {
    runs(pages)
        .iter()
        .scan(0, |at, run| {
            let begin = *at;
            *at += run.bytes;
            Some(begin)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_pages_make_one_run() {
        let pages = [0x5000, 0x6000, 0x9000, 0x8000, 0x9000];
        let want = [(0x5000, 0x2000), (0x9000, 0x1000), (0x8000, 0x2000)].map(|(dma, bytes)| Segment { dma, bytes });
        assert_eq!(runs(&pages), want);
        assert_eq!(offsets(&pages), [0, 0x2000, 0x3000]);
    }

    #[test]
    fn a_buffer_is_read_and_written_page_by_page() {
        let buffer = Coherent { dma: 0, size: 0x3000, pages: vec![0x7000, 0x2000, 0x9000] };
        assert_eq!(buffer.runs(0xff0, 0x1020).unwrap(), [(0x7ff0, 0x10), (0x2000, 0x1000), (0x9000, 0x10)]);
        assert!(matches!(buffer.runs(0x2fff, 2), Err(LinuxError::OutsideBuffer { .. })));
    }
}
