//! The driver's accesses, in order, on the reference model.

use super::*;
use crate::linux::hypervisor::Hypervisor;
use crate::linux::io_pgtable::Prot;
use crate::linux::pages::FreeMemory;
use crate::linux::testing::{FakeMachine, Mmio};
use crate::scenario::Region;
use crate::ufs::host::UfsHost;
use smmu_rtl::params::{Params, SC8180X, SM8550};
use smmu_sim::model::{Access, Verdict};

const FREE: FreeMemory =
    FreeMemory { pages: 0x8000_0000, pages_end: 0x8100_0000, contiguous: 0x8100_0000, contiguous_end: 0x8200_0000 };
const NODE: SmmuNode = SmmuNode { name: "15000000.iommu", coherent_walk: true };

fn machine(params: &'static Params) -> FakeMachine {
    FakeMachine::new(params, UfsHost::preset("sc8180x").unwrap(), &[Region { start: 0x8000_0000, bytes: 1 << 28 }])
}

/// Runs `with` on a kernel of that machine; returns what it gives and the accesses that it made.
fn traced<T>(machine: &mut FakeMachine, hypervisor: Hypervisor, with: impl FnOnce(&mut Kernel) -> Result<T>) -> (T, Vec<Mmio>) {
    machine.mmio.clear();
    let mut kernel = Kernel::new(machine, hypervisor, FREE, 0, Level::Info);
    let got = with(&mut kernel).unwrap();
    assert!(kernel.log().is_empty(), "{:?}", kernel.log());
    (got, std::mem::take(&mut machine.mmio))
}

fn read(offset: u32) -> Mmio {
    Mmio::Read { offset, bytes: 4 }
}

fn write(offset: u32, value: u32) -> Mmio {
    Mmio::Write { offset, value: value.into(), bytes: 4 }
}

#[test]
fn probe_and_reset_in_the_kernels_order() {
    let mut machine = machine(&SC8180X);
    let (smmu, trace) = traced(&mut machine, Hypervisor::none(&SC8180X), |k| ArmSmmu::probe(k, NODE));
    let features = smmu.features;
    assert_eq!((features.pages, features.banks, features.groups, features.va_bits), (128, 128, 128, 48));
    assert_eq!((features.streamid_mask, features.smr_mask), (0x7fff, 0x7fff));

    // Identification, the bypass quirk of the last group, firmware's stream mappings.
    assert_eq!(trace[..3], [read(0x20), read(0x24), read(0x28)]);
    assert_eq!(trace[3..5], [write(0xdfc, 0x0001_00ff), read(0xdfc)]);
    assert_eq!(trace[5..133], (0..128).map(|n| read(0x800 + 4 * n)).collect::<Vec<_>>());
    // Bypass held, faults cleared.
    assert_eq!(trace[133..137], [read(0), write(0, 0x0020_0001), read(0x48), write(0x48, 0)]);
    // Every group refuses; S2CR before SMR.
    assert_eq!(trace[137..141], [write(0xc00, 0x0002_0000), write(0x800, 0), write(0xc04, 0x0002_0000), write(0x804, 0)]);
    // Every bank off and clear.
    let banks = 137 + 256;
    assert_eq!(trace[banks..banks + 2], [write(0x80000, 0), write(0x80058, 0xc000_01fe)]);
    let after = banks + 256;
    assert_eq!(trace[after - 1], write(0x80058 + 127 * 0x1000, 0xc000_01fe));
    assert_eq!(trace[after..after + 3], [write(0x6c, u32::MAX), write(0x68, u32::MAX), read(0)]);
    // MMU-500: unlocked, bypass entries cached, prefetcher off.
    assert_eq!(trace[after + 3..after + 6], [read(0x3c), read(0x10), write(0x10, 0x0000_051c)]);
    assert_eq!(trace[after + 6..after + 9], [read(0x80004), write(0x80004, 1), read(0x80004)]);
    // Sync, and only then the end of bypassing.
    let end = after + 6 + 3 * 128;
    assert_eq!(trace[end..end + 3], [write(0x70, u32::MAX), read(0x74), write(0, 0x0020_1c36)]);
    // Which SMR bits exist.
    let probe = [write(0x800, 0x7fff), read(0x800), write(0x800, 0x7fff_0000), read(0x800)];
    assert_eq!(trace[end + 3..], probe);
}

#[test]
fn attaching_a_domain_writes_the_bank_then_the_stream() {
    let mut machine = machine(&SM8550);
    let hypervisor = Hypervisor::new(&SM8550, 57, 70).unwrap();
    let (mut smmu, _) = traced(&mut machine, hypervisor, |k| ArmSmmu::probe(k, NODE));
    assert_eq!((smmu.features.banks, smmu.features.va_bits), (70, 36));
    let (_, trace) = traced(&mut machine, hypervisor, |k| {
        let group = smmu.add_stream(k, 0x60, 0)?;
        let domain = smmu.new_domain(k)?;
        smmu.attach(k, &domain, &[group])
    });
    // Linux's bank 0 is the hardware's 57.
    let page = (128 + 57) * 0x1000;
    let want = [
        write(0xc00, 0x0002_0000),
        write(0x800, 0x8000_0060),
        write(0x1800 + 4 * 57, 1),
        write(0x1000 + 4 * 57, 0x0001_f300),
        write(page + 0x10, 0x0003_8011),
        write(page + 0x30, 0x0080_351c),
        Mmio::Write { offset: page + 0x20, value: 0x8000_0000, bytes: 8 },
        Mmio::Write { offset: page + 0x28, value: 0, bytes: 8 },
        write(page + 0x38, 0xf404_ff44),
        write(page + 0x3c, 0),
        write(page, 0x1067),
        write(0xc00, 57),
    ];
    assert_eq!(trace, want);
}

#[test]
fn unmapping_is_strict() {
    let mut machine = machine(&SC8180X);
    let hypervisor = Hypervisor::new(&SC8180X, 15, 106).unwrap();
    let (mut smmu, _) = traced(&mut machine, hypervisor, |k| ArmSmmu::probe(k, NODE));
    let ((), trace) = traced(&mut machine, hypervisor, |k| {
        smmu.new_domain(k)?;
        let mut domain = smmu.new_domain(k)?;
        assert_eq!(domain.bank(), 1);
        let prot = Prot { read: true, write: true, ..Prot::default() };
        smmu.map(k, &mut domain, 0xf_fffd_e000, 0x8000_5000, 0x2000, prot)?;
        assert_eq!(smmu.iova_to_phys(k, &domain, 0xf_fffd_f008)?, Some(0x8000_6008));
        smmu.unmap(k, &mut domain, 0xf_fffd_e000, 0x2000)?;
        assert_eq!(smmu.iova_to_phys(k, &domain, 0xf_fffd_f008)?, None);
        smmu.free_domain(k, domain)
    });
    let page = (128 + 16) * 0x1000;
    let leaf = |value| Mmio::Write { offset: page + 0x620, value, bytes: 8 };
    let sync = [write(page + 0x7f0, u32::MAX), read(page + 0x7f4)];
    let end = [&[leaf(0xf_fffd_e000 >> 12 | 1 << 48), leaf(0xf_fffd_f000 >> 12 | 1 << 48)][..], &sync].concat();
    let off = [&[write(page, 0), write(page + 0x610, 1)][..], &sync].concat();
    // Bank registers of two domains, nothing for the map, then the two invalidations.
    assert_eq!(trace[18..22], end);
    assert_eq!(trace[22..], off);
}

#[test]
fn a_fault_is_read_in_order_printed_and_cleared() {
    let mut machine = machine(&SC8180X);
    let hypervisor = Hypervisor::new(&SC8180X, 15, 106).unwrap();
    let (mut smmu, _) = traced(&mut machine, hypervisor, |k| ArmSmmu::probe(k, NODE));
    traced(&mut machine, hypervisor, |k| {
        let group = smmu.add_stream(k, 0x140, 0)?;
        let domain = smmu.new_domain(k)?;
        smmu.attach(k, &domain, &[group])
    });
    let access = Access { stream_id: 0x140, addr: 0x1234_5678, write: true, ..Access::default() };
    for _ in 0..2 {
        assert!(matches!(machine.model.translate(&access, &mut machine.ram), Verdict::Refused { raz: false, .. }));
    }
    machine.mmio.clear();
    let mut kernel = Kernel::new(&mut machine, hypervisor, FREE, 0, Level::Info);
    assert!(smmu.interrupts(&mut kernel).unwrap());
    let line = "arm-smmu 15000000.iommu: Unhandled context fault: \
                fsr=0x80000402, iova=0x12345678, fsynr=0xf0010, cbfrsynra=0x140, cb=0";
    assert_eq!(kernel.log()[0].text, line);
    assert!(!smmu.interrupts(&mut kernel).unwrap(), "the line is low again");
    assert_eq!(smmu.faults, [FaultRecord { fsr: 0x8000_0402, far: 0x1234_5678, fsynr0: 0xf_0010, cbfrsynra: 0x140, cb: 0 }]);
    let page = (128 + 15) * 0x1000;
    let want = [
        Mmio::Read { offset: page + 0x60, bytes: 8 },
        read(page + 0x58),
        read(page + 0x68),
        read(0x1400 + 4 * 15),
        write(page + 0x58, 0x8000_0402),
    ];
    assert_eq!(machine.mmio, want);
}

#[test]
fn streams_are_checked_and_shared() {
    let mut machine = machine(&SC8180X);
    let (mut smmu, _) = traced(&mut machine, Hypervisor::none(&SC8180X), |k| ArmSmmu::probe(k, NODE));
    let mut kernel = Kernel::new(&mut machine, Hypervisor::none(&SC8180X), FREE, 0, Level::Info);
    let k = &mut kernel;
    assert_eq!(smmu.add_stream(k, 0x800, 0x420).unwrap(), 0);
    assert_eq!(smmu.add_stream(k, 0x820, 0x400).unwrap(), 0, "covered by the first");
    assert_eq!(smmu.add_stream(k, 0x801, 0).unwrap(), 1);
    for (id, mask) in [(0x8000, 0), (0x800, 0x8000), (0x400, 0xc01)] {
        assert!(matches!(smmu.add_stream(k, id, mask), Err(LinuxError::Probe { errno: errno::EINVAL, .. })), "{id:#x} {mask:#x}");
    }
}
