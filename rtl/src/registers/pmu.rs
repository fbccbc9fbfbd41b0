//! Page 3: performance monitors. One counter group for each TBU. The registers are kept as the architecture says; they
//! count with the feature `pmu`.

use super::{f, reg, Access, Count, Register, Space::Pmu as P, PMCNTENSET as CNTEN, PMINTENSET as INTEN, PMOVSCLR as OVS};

pub(super) const PMEVCNTR: Register = reg(P, 0x000, "PMEVCNTRn", "Event counter").array(Count::Counters).rw(0xFFFF_FFFF);
pub(super) const PMEVTYPER: Register =
    reg(P, 0x400, "PMEVTYPERn", "What a counter counts").array(Count::Counters).rw(0xF000_001F).fields(&[
        f("P", 31, 1, "privileged transactions: do not count"),
        f("U", 30, 1, "unprivileged transactions: do not count"),
        f("NSP", 29, 1, "non-secure privileged transactions: count as P says if equal"),
        f("NSU", 28, 1, "non-secure unprivileged transactions: count as U says if equal"),
        f("EVENT", 0, 5, "event number"),
    ]);
pub(super) const PMCGCR: Register =
    reg(P, 0x800, "PMCGCRn", "Counter group configuration").array(Count::CounterGroups).rw(0x1FFF).reset(0x0400_0000).fields(&[
        f("CGNC", 24, 4, "counters in the group, read-only"),
        f("SIDG", 16, 7, "StreamID group, read-only"),
        f("X", 12, 1, "export events"),
        f("E", 11, 1, "group enable"),
        f("CBAEN", 10, 1, "the bank NDX may access the group"),
        f("TCEFCFG", 8, 2, "filter: 0 none, 1 stream, 2 bank"),
        f("NDX", 0, 8, "context bank"),
    ]);
pub(super) const PMCGSMR: Register = reg(P, 0xA00, "PMCGSMRn", "Counter group stream match")
    .array(Count::CounterGroups)
    .rw(0x7FFF_7FFF)
    .fields(&[f("MASK", 16, 15, "ones: do not compare this bit"), f("ID", 0, 15, "StreamID to compare with")]);

const SET: Access = Access::WriteOneToSet;
const CLEAR: Access = Access::WriteOneToClear;
pub(super) const PMCNTENSET: Register = reg(P, 0xC00, "PMCNTENSET", "Counter enable, set").access(SET, 0xFFFF_FFFF);
pub(super) const PMCNTENCLR: Register =
    reg(P, 0xC20, "PMCNTENCLR", "Counter enable, clear").access(CLEAR, 0xFFFF_FFFF).shared(CNTEN);
pub(super) const PMINTENSET: Register = reg(P, 0xC40, "PMINTENSET", "Overflow interrupt enable, set").access(SET, 0xFFFF_FFFF);
pub(super) const PMINTENCLR: Register =
    reg(P, 0xC60, "PMINTENCLR", "Overflow interrupt enable, clear").access(CLEAR, 0xFFFF_FFFF).shared(INTEN);
pub(super) const PMOVSCLR: Register = reg(P, 0xC80, "PMOVSCLR", "Overflow status, clear").access(CLEAR, 0xFFFF_FFFF);
pub(super) const PMOVSSET: Register = reg(P, 0xCC0, "PMOVSSET", "Overflow status, set").access(SET, 0xFFFF_FFFF).shared(OVS);

pub(super) const PMCFGR: Register = reg(P, 0xE00, "PMCFGR", "Performance monitor configuration").ro(0x0001_1F00).fields(&[
    f("NCG", 24, 8, "counter groups, less one"),
    f("UEN", 19, 1, "user-mode enable register"),
    f("EX", 16, 1, "event export"),
    f("CCD", 15, 1, "cycle counter divider"),
    f("CC", 14, 1, "dedicated cycle counter"),
    f("SIZE", 8, 6, "counter bits, less one"),
    f("N", 0, 8, "counters, less one"),
]);
pub(super) const PMCR: Register = reg(P, 0xE04, "PMCR", "Performance monitor control")
    .rw(0x1)
    .fields(&[f("P", 1, 1, "write 1: reset the counters; reads 0"), f("E", 0, 1, "enable")]);
pub(super) const PMCEID0: Register = reg(P, 0xE20, "PMCEID0", "Events that can be counted; none without the feature pmu").ro(0);
pub(super) const PMAUTHSTATUS: Register = reg(P, 0xFB8, "PMAUTHSTATUS", "Authentication status").ro(0);
pub(super) const PMDEVTYPE: Register = reg(P, 0xFCC, "PMDEVTYPE", "Device type").ro(0x56);
