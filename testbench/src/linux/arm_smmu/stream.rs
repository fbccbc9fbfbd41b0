//! Stream mapping: which stream goes to which context bank. One group is an SMR (what matches) and an S2CR (what happens).

use super::{regs, ArmSmmu, Kernel, Result};
use crate::linux::errno;

/// `S2CR.TYPE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamType {
    /// Translate with a context bank.
    Translate = 0,
    /// Pass untranslated.
    Bypass = 1,
    /// Refuse: what the driver gives to groups that nobody uses.
    #[default]
    Fault = 2,
}

/// One group as the driver remembers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    valid: bool,
    id: u16,
    mask: u16,
    kind: StreamType,
    bank: u8,
    users: u32,
}

impl ArmSmmu {
    /// Qualcomm: looks at the bypass quirk and keeps streams that firmware left valid, in bypass.
    pub(super) fn inherit(&mut self, kernel: &mut Kernel) -> Result<()> {
        let last = self.features.groups - 1;
        let bypass = regs::S2CR.field("TYPE").put(0xff, StreamType::Bypass as u64);
        let s2cr = self.global(regs::S2CR, last);
        kernel.smmu_write32(s2cr, bypass as u32)?;
        let back = u64::from(kernel.smmu_read32(s2cr)?);
        if regs::S2CR.field("TYPE").get(back) != StreamType::Bypass as u64 {
            return Err(self.probe_error("the hypervisor does not let S2CR bypass through", errno::ENODEV));
        }
        for n in 0..self.features.groups {
            let smr = u64::from(kernel.smmu_read32(self.global(regs::SMR, n))?);
            if regs::SMR.field("VALID").get(smr) == 1 {
                self.groups[n] = Group {
                    valid: true,
                    id: regs::SMR.field("ID").get(smr) as u16,
                    mask: regs::SMR.field("MASK").get(smr) as u16,
                    kind: StreamType::Bypass,
                    bank: 0xff,
                    users: 0,
                };
            }
        }
        Ok(())
    }

    /// Writes one group, S2CR first.
    pub(super) fn write_group(&self, kernel: &mut Kernel, n: usize) -> Result<()> {
        self.write_s2cr(kernel, n)?;
        let group = self.groups[n];
        let mut smr = 0;
        if group.valid {
            for (field, to) in [("VALID", 1), ("MASK", u64::from(group.mask)), ("ID", u64::from(group.id))] {
                smr = regs::SMR.field(field).put(smr, to);
            }
        }
        kernel.smmu_write32(self.global(regs::SMR, n), smr as u32)
    }

    fn write_s2cr(&self, kernel: &mut Kernel, n: usize) -> Result<()> {
        let group = self.groups[n];
        let value = regs::S2CR.field("TYPE").put(u64::from(group.bank), group.kind as u64);
        kernel.smmu_write32(self.global(regs::S2CR, n), value as u32)
    }

    /// Finds out which SMR bits exist. ID and mask are tried one after the other: some parts clear ID bits where the mask is set.
    pub(super) fn test_smr_masks(&mut self, kernel: &mut Kernel) -> Result<()> {
        let Some(free) = self.groups.iter().position(|group| !group.valid) else { return Ok(()) };
        let smr = self.global(regs::SMR, free);
        kernel.smmu_write32(smr, u32::from(self.features.streamid_mask))?;
        self.features.streamid_mask = kernel.smmu_read32(smr)? as u16;
        kernel.smmu_write32(smr, u32::from(self.features.streamid_mask) << 16)?;
        self.features.smr_mask = (kernel.smmu_read32(smr)? >> 16) as u16;
        Ok(())
    }

    /// Finds or makes the group of a stream of a new device, still refusing it. Returns the group.
    pub fn add_stream(&mut self, kernel: &mut Kernel, id: u16, mask: u16) -> Result<usize> {
        if id & !self.features.streamid_mask != 0 || mask & !self.features.smr_mask != 0 {
            let what = format!("stream {id:#x} mask {mask:#x} is out of range for the SMMU");
            return Err(self.probe_error(&what, errno::EINVAL));
        }
        let same = |group: &Group| group.valid && mask & group.mask == mask && (id ^ group.id) & !group.mask == 0;
        if let Some(n) = self.groups.iter().position(same) {
            self.groups[n].users += 1;
            return Ok(n);
        }
        let overlaps = |group: &Group| group.valid && (id ^ group.id) & !(group.mask | mask) == 0;
        if self.groups.iter().any(overlaps) {
            return Err(self.probe_error(&format!("stream {id:#x} mask {mask:#x} overlaps another"), errno::EINVAL));
        }
        let Some(n) = self.groups.iter().position(|group| !group.valid) else {
            return Err(self.probe_error("no stream match group is free", errno::ENODEV));
        };
        self.groups[n] = Group { valid: true, id, mask, users: 1, ..Group::default() };
        self.write_group(kernel, n)?;
        Ok(n)
    }

    /// Sets what happens to a group's streams.
    pub(super) fn set_stream(&mut self, kernel: &mut Kernel, group: usize, kind: StreamType, bank: u8) -> Result<()> {
        self.groups[group].kind = kind;
        self.groups[group].bank = bank;
        self.write_s2cr(kernel, group)
    }
}
