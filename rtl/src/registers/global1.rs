//! Page 1: global register space 1. Page 2: implementation defined.

use super::{f, reg, Count, Register, Space::Global1 as G, Space::Imp};

pub(super) const CBAR: Register = reg(G, 0x000, "CBARn", "Type and attributes of a context bank")
    .array(Count::Banks)
    .rw(0x00FF_FFFF)
    .reset(0x0002_0000)
    .fields(&[
        f("IRPTNDX", 24, 8, "SMMUv1 only, read-only 0"),
        f("WACFG", 22, 2, "TYPE 1: write allocation"),
        f("RACFG", 20, 2, "TYPE 1: read allocation"),
        f("BSU", 18, 2, "TYPE 1: barrier upgrade"),
        f("TYPE", 16, 2, "0 stage 2, 1 stage 1 with stage-2 bypass, 2 stage 1 with stage-2 fault, 3 nested"),
        f("MemAttr", 12, 4, "TYPE 1: memory attributes. TYPE 3: bits 15:8 are the stage-2 bank"),
        f("FB", 11, 1, "TYPE 1: force broadcast"),
        f("HYPC", 10, 1, "TYPE 1: a Hyp bank"),
        f("BPSHCFG", 8, 2, "TYPE 1: shareability: 1 outer, 2 inner, 3 none"),
        f("VMID", 0, 8, "VMID of the bank's entries"),
    ]);
pub(super) const CBFRSYNRA: Register =
    reg(G, 0x400, "CBFRSYNRAn", "Stream of a bank's recorded fault").array(Count::Banks).rw(0x7FFF).fields(&[
        f("SSD_INDEX", 16, 16, "secure view only, read-only 0"),
        f("StreamID", 0, 16, "of the faulting transaction; 15 bits where IDR0.EXIDS is 0"),
    ]);
pub(super) const CBA2R: Register = reg(G, 0x800, "CBA2Rn", "Format of a context bank").array(Count::Banks).rw(0x1).fields(&[
    f("VMID16", 16, 16, "16-bit VMID; read-only 0 where IDR2.VMID16S is 0"),
    f("MONC", 1, 1, "secure monitor bank; secure view only, read-only 0"),
    f("VA64", 0, 1, "AArch64 bank"),
]);

pub(super) const ITCTRL: Register = reg(Imp, 0x000, "ITCTRL", "Integration test: control");
pub(super) const ITIP: Register = reg(Imp, 0x004, "ITIP", "Integration test: inputs");
pub(super) const ITOP_GLBL: Register = reg(Imp, 0x008, "ITOP_GLBL", "Integration test: global interrupts");
pub(super) const ITOP_PERF_INDEX: Register = reg(Imp, 0x00C, "ITOP_PERF_INDEX", "Integration test: performance interrupts");
pub(super) const ITOP_CXT_RAM0: Register = reg(Imp, 0x010, "ITOP_CXT0TO31_RAM0", "Integration test: context interrupts 0 to 31");
pub(super) const TBUQOS0: Register = reg(Imp, 0x100, "TBUQOS0", "Walk priority, 4 bits for each TBU");
pub(super) const PER: Register = reg(Imp, 0x200, "PER", "Parity errors: 15:8 TCU, 7:0 TBU");
pub(super) const TBU_PWR_STATUS: Register = reg(Imp, 0x204, "TBU_PWR_STATUS", "Power state of the TBUs");
pub(super) const STATS_SYNC_INV_TBU_ACK: Register =
    reg(Imp, 0x5DC, "STATS_SYNC_INV_TBU_ACK", "Qualcomm: which TBUs acknowledged a synchronization");
pub(super) const MMU2QSS_AND_SAFE_WAIT_CNTR: Register =
    reg(Imp, 0x670, "MMU2QSS_AND_SAFE_WAIT_CNTR", "Qualcomm: wait counters of a synchronization");
