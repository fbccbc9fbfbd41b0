//! Maintenance commands: from a register write to what it drops.
//!
//! Everything is dropped at once, so a synchronization has nothing to wait for and its status always reads idle. The cache holds
//! leaves only; a command that names leaves and one that names tables too are therefore the same.

use super::bank::BankView;
use super::file::{Command, RegisterFile};
use super::tlb::{Invalidate, Vmid};
use smmu_rtl::registers as regs;

/// Address bits of a payload, `VA[55:12]` in bits 43:0, as an address.
fn payload_address(payload: u64) -> u64 {
    (payload & 0xFFF_FFFF_FFFF) << 12
}

/// What the command drops; `None` where it drops nothing (synchronization, commands of stages that are not there).
pub fn invalidation(registers: &RegisterFile, command: &Command) -> Option<Invalidate> {
    let payload = command.payload;
    // With 8-bit VMIDs the upper bits of the payload do not matter.
    let named = || Vmid::new(false, if registers.wide_vmids() { payload as u16 } else { payload as u16 & 0xFF });
    match command.register {
        regs::TLBIVMID => Some(Invalidate::Vmid(named())),
        regs::TLBIVMIDS1 => Some(Invalidate::VmidStage1(named())),
        regs::TLBIALLNSNH => Some(Invalidate::NotHyp),
        regs::TLBIALLH => Some(Invalidate::Hyp),
        regs::TLBIVAH => Some(Invalidate::HypAddress(payload & 0xFFFF_F000)),
        regs::TLBIVAH64 | regs::TLBIVALH64 => Some(Invalidate::HypAddress(payload_address(payload))),
        regs::CB_TLBIALL | regs::CB_TLBIASID | regs::CB_TLBIVA | regs::CB_TLBIVAL | regs::CB_TLBIVAA | regs::CB_TLBIVAAL => {
            Some(of_bank(&BankView::of(registers, command.index), command))
        }
        regs::CB_TLBIIPAS2 | regs::CB_TLBIIPAS2L if registers.params().features.stage2 => {
            let vmid = BankView::of(registers, command.index).context.vmid;
            Some(Invalidate::Ipa(vmid, (payload & 0xF_FFFF_FFFF) << 12))
        }
        _ => None,
    }
}

/// A command of a bank: it names that bank's VMID as it is now.
fn of_bank(bank: &BankView, command: &Command) -> Invalidate {
    let vmid = bank.context.vmid;
    let payload = command.payload;
    let asid_mask = bank.asid_mask();
    let (address, asid) = if bank.aarch64 {
        (payload_address(payload), payload >> 48 & asid_mask)
    } else {
        (payload & 0xFFFF_F000, payload & asid_mask)
    };
    match command.register {
        regs::CB_TLBIASID => Invalidate::Asid(vmid, (payload & asid_mask) as u16),
        regs::CB_TLBIVA | regs::CB_TLBIVAL => Invalidate::Address(vmid, asid as u16, address),
        regs::CB_TLBIVAA | regs::CB_TLBIVAAL => Invalidate::AddressAnyAsid(vmid, address),
        _ => Invalidate::Vmid(vmid),
    }
}
