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
    let vmid = || Invalidate::Vmid(Vmid::new(false, payload as u8));
    match command.register {
        regs::TLBIVMID | regs::TLBIVMIDS1 => Some(vmid()),
        regs::TLBIALLNSNH => Some(Invalidate::NotHyp),
        regs::TLBIALLH => Some(Invalidate::Hyp),
        regs::TLBIVAH => Some(Invalidate::HypAddress(payload & 0xFFFF_F000)),
        regs::TLBIVAH64 | regs::TLBIVALH64 => Some(Invalidate::HypAddress(payload_address(payload))),
        regs::CB_TLBIALL | regs::CB_TLBIASID | regs::CB_TLBIVA | regs::CB_TLBIVAL | regs::CB_TLBIVAA | regs::CB_TLBIVAAL => {
            Some(of_bank(&BankView::of(registers, command.index), command))
        }
        _ => None,
    }
}

/// A command of a bank: it names that bank's VMID as it is now.
fn of_bank(bank: &BankView, command: &Command) -> Invalidate {
    let vmid = bank.context.vmid;
    let payload = command.payload;
    let (address, asid) = if bank.aarch64 {
        (payload_address(payload), payload >> 48 & bank.stage1.asid_mask())
    } else {
        (payload & 0xFFFF_F000, payload & 0xFF)
    };
    match command.register {
        regs::CB_TLBIASID => Invalidate::Asid(vmid, (payload & bank.stage1.asid_mask()) as u16),
        regs::CB_TLBIVA | regs::CB_TLBIVAL => Invalidate::Address(vmid, asid as u16, address),
        regs::CB_TLBIVAA | regs::CB_TLBIVAAL => Invalidate::AddressAnyAsid(vmid, address),
        _ => Invalidate::Vmid(vmid),
    }
}
