//! What a driver of a device behind the SMMU works with: the kernel, the SMMU's driver, the DMA API of its device.

use super::arm_smmu::ArmSmmu;
use super::dma::{Coherent, Direction, DmaApi, Mapping};
use super::kernel::Kernel;
use super::Result;

/// The platform under one device.
pub struct Platform<'k, 'm> {
    /// The kernel.
    pub kernel: &'k mut Kernel<'m>,
    /// The SMMU's driver.
    pub smmu: ArmSmmu,
    /// The DMA API of the device.
    pub dma: DmaApi,
}

impl Platform<'_, '_> {
    /// See [`DmaApi::alloc_coherent`].
    pub fn alloc_coherent(&mut self, bytes: u64) -> Result<Coherent> {
        self.dma.alloc_coherent(self.kernel, &mut self.smmu, bytes)
    }

    /// See [`DmaApi::map`].
    pub fn map(&mut self, pages: &[u64], direction: Direction) -> Result<Mapping> {
        self.dma.map(self.kernel, &mut self.smmu, pages, direction)
    }

    /// See [`DmaApi::unmap`].
    pub fn unmap(&mut self, mapping: &Mapping) -> Result<()> {
        self.dma.unmap(self.kernel, &mut self.smmu, mapping)
    }
}
