//! A context bank's page.

use super::{f, reg, Access, Count, Field, Register, Space::Bank as B, CB_FSR as FSR};

pub(super) const CB_SCTLR: Register =
    reg(B, 0x000, "CB_SCTLR", "System control of the bank; reset value by strap").rw(0x7FFF_E7FF).reset(0x100).fields(&[
        f("UCI", 30, 1, "user cache maintenance"),
        f("NSCFG", 28, 2, "security state when M=0"),
        f("WACFG", 26, 2, "write allocation when M=0"),
        f("RACFG", 24, 2, "read allocation when M=0"),
        f("SHCFG", 22, 2, "shareability when M=0"),
        f("FB", 21, 1, "force broadcast"),
        f("MTCFG", 20, 1, "MemAttr applies when M=0"),
        f("MemAttr", 16, 4, "memory attributes when M=0"),
        f("TRANSIENTCFG", 14, 2, "stage 1: transient hint; stage 2: barrier upgrade"),
        f("PTW", 13, 1, "stage 2: protect stage-1 walks"),
        f("ASIDPNE", 12, 1, "private ASID namespace; read-only 0"),
        f("UWXN", 10, 1, "AArch32 banks: unprivileged-writable is not privileged-executable"),
        f("WXN", 9, 1, "writable is not executable"),
        f("HUPCF", 8, 1, "1: transactions go on while a fault is recorded; 0: they are refused"),
        f("CFCFG", 7, 1, "context fault: 0 terminate, 1 stall (feature stall)"),
        f("CFIE", 6, 1, "interrupt on a context fault"),
        f("CFRE", 5, 1, "context fault: 1 abort, 0 read as zero and ignore writes"),
        f("E", 4, 1, "big-endian descriptors (feature big_endian)"),
        f("AFFD", 3, 1, "no access flag faults"),
        f("AFE", 2, 1, "AArch32 short descriptors only"),
        f("TRE", 1, 1, "AArch32 short descriptors only"),
        f("M", 0, 1, "translate"),
    ]);
pub(super) const CB_ACTLR: Register = reg(B, 0x004, "CB_ACTLR", "Auxiliary control; read-only while sACR.CACHE_LOCK is set")
    .rw(0x3)
    .reset(0x3)
    .fields(&[f("CPRE", 1, 1, "next-page prefetch; stored, no effect"), f("CMTLB", 0, 1, "stored, no effect")]);
pub(super) const CB_RESUME: Register = reg(B, 0x008, "CB_RESUME", "Resumes a stalled transaction; no effect while none is")
    .wo(0x1)
    .fields(&[f("TnR", 0, 1, "0 retry, 1 terminate")]);
pub(super) const CB_TCR2: Register = reg(B, 0x010, "CB_TCR2", "Translation control, upper word").rw(0x4003_C077).fields(&[
    f("NSCFG1", 30, 1, "AArch32 banks: security state of TTBR1 walks"),
    f("SEP", 15, 3, "sign extension from bit: 0..5 = 31, 35, 39, 41, 43, 47; 6, 7 = 48"),
    f("NSCFG0", 14, 1, "AArch32 banks: security state of TTBR0 walks"),
    f("HD", 11, 1, "hardware dirty state; read-only 0, IDR1.HAFDBS is 0"),
    f("HA", 10, 1, "hardware access flag; read-only 0, IDR1.HAFDBS is 0"),
    f("HAD1", 9, 1, "hierarchical attribute disable; read-only 0, IDR2.HADS is 0"),
    f("HAD0", 8, 1, "hierarchical attribute disable; read-only 0, IDR2.HADS is 0"),
    f("TBI1", 6, 1, "top byte ignored, region 1"),
    f("TBI0", 5, 1, "top byte ignored, region 0"),
    f("AS", 4, 1, "16-bit ASIDs"),
    f("PASize", 0, 3, "output address size: 0..5 = 32, 36, 40, 42, 44, 48 bits"),
]);
const TTBR: &[Field] = &[
    f("ASID", 48, 16, "address space; the upper 8 bits count only if TCR2.AS is set"),
    f("BADDR", 0, 48, "table base; bits below the table's size are taken as zero"),
];
pub(super) const CB_TTBR0: Register =
    reg(B, 0x020, "CB_TTBR0", "Table base of region 0").wide().rw(0xFFFF_FFFF_FFFF_FFFF).fields(TTBR);
pub(super) const CB_TTBR1: Register =
    reg(B, 0x028, "CB_TTBR1", "Table base of region 1").wide().rw(0xFFFF_FFFF_FFFF_FFFF).fields(TTBR);
pub(super) const CB_TCR: Register =
    reg(B, 0x030, "CB_TCR", "Translation control (fields of an AArch64 stage-1 bank)").rw(0xFFFF_FFFF).fields(&[
        f("TG1", 30, 2, "granule of region 1: 1 = 16 KiB, 2 = 4 KiB, 3 = 64 KiB"),
        f("SH1", 28, 2, "shareability of region 1 walks: 0 none, 2 outer, 3 inner"),
        f("ORGN1", 26, 2, "outer cacheability of region 1 walks"),
        f("IRGN1", 24, 2, "inner cacheability of region 1 walks"),
        f("EPD1", 23, 1, "no walks in region 1"),
        f("A1", 22, 1, "the ASID is TTBR1's"),
        f("T1SZ", 16, 6, "region 1 has 2^(64-T1SZ) bytes"),
        f("TG0", 14, 2, "granule of region 0: 0 = 4 KiB, 1 = 64 KiB, 2 = 16 KiB"),
        f("SH0", 12, 2, "shareability of region 0 walks: 0 none, 2 outer, 3 inner"),
        f("ORGN0", 10, 2, "outer cacheability of region 0 walks"),
        f("IRGN0", 8, 2, "inner cacheability of region 0 walks"),
        f("EPD0", 7, 1, "no walks in region 0"),
        f("T0SZ", 0, 6, "region 0 has 2^(64-T0SZ) bytes"),
    ]);
pub(super) const CB_CONTEXTIDR: Register = reg(B, 0x034, "CB_CONTEXTIDR", "Context id (AArch32 short descriptors: the ASID)")
    .rw(0xFFFF_FFFF)
    .fields(&[f("PROCID", 8, 24, "process id"), f("ASID", 0, 8, "address space")]);
pub(super) const CB_MAIR0: Register = reg(B, 0x038, "CB_MAIR0", "Memory attributes 0 to 3").rw(0xFFFF_FFFF);
pub(super) const CB_MAIR1: Register = reg(B, 0x03C, "CB_MAIR1", "Memory attributes 4 to 7").rw(0xFFFF_FFFF);
pub(super) const CB_PAR: Register = reg(B, 0x050, "CB_PAR", "Result of an address translation operation; software may write it")
    .wide()
    .rw(0xFFFF_FFFF_FFFF_FFFF)
    .fields(&[
        f("PA", 12, 36, "output address if F is 0"),
        f("F", 0, 1, "the translation failed: bits 7:1 as in FSR, 31 ATOT, 33:32 level, 35 stage 2"),
    ]);

const FSR_FIELDS: &[Field] = &[
    f("MULTI", 31, 1, "another fault came while one was recorded"),
    f("SS", 30, 1, "a transaction is stalled; read-only, cleared by RESUME"),
    f("FORMAT", 9, 2, "0 AArch32 short, 1 AArch32 long, 2 AArch64, while a fault is recorded; else 0; read-only"),
    f("UUT", 8, 1, "unsupported upstream transaction"),
    f("ASF", 7, 1, "address size"),
    f("TLBLKF", 6, 1, "TLB lock"),
    f("TLBMCF", 5, 1, "TLB conflict"),
    f("EF", 4, 1, "external abort on a walk"),
    f("PF", 3, 1, "permission"),
    f("AFF", 2, 1, "access flag"),
    f("TF", 1, 1, "translation"),
];
pub(super) const CB_FSR: Register =
    reg(B, 0x058, "CB_FSR", "Fault status of the bank").access(Access::WriteOneToClear, 0x8000_01FE).fields(FSR_FIELDS);
pub(super) const CB_FSRRESTORE: Register =
    reg(B, 0x05C, "CB_FSRRESTORE", "Sets bits of FSR").access(Access::Restore, 0x8000_01FE).shared(FSR).fields(FSR_FIELDS);
pub(super) const CB_FAR: Register =
    reg(B, 0x060, "CB_FAR", "Fault address: AxADDR as issued (49 bits)").wide().rw(0xFFFF_FFFF_FFFF_FFFF);
pub(super) const CB_FSYNR0: Register = reg(B, 0x068, "CB_FSYNR0", "Fault syndrome").rw(0x00FF_0FF3).fields(&[
    f("S1CBNDX", 16, 8, "nested stage-2 fault: the stage-1 bank; stage-1 fault: by strap 0 or the bank's number"),
    f("AFR", 11, 1, "recorded asynchronously"),
    f("PTWF", 10, 1, "the walk's own access failed"),
    f("ATOF", 9, 1, "from an address translation operation"),
    f("NSATTR", 8, 1, "non-secure attribute, by strap"),
    f("NSSTATE", 7, 1, "security state of the stream, by strap"),
    f("IND", 6, 1, "instruction"),
    f("PNU", 5, 1, "privileged"),
    f("WNR", 4, 1, "write"),
    f("S1PTWF", 3, 1, "stage 2: on a stage-1 walk; read-only 0 where IDR0.NTS is 0"),
    f("NESTED", 2, 1, "stage 2: nested; read-only 0 where IDR0.NTS is 0"),
    f("PLVL", 0, 2, "level of the fault"),
]);
pub(super) const CB_FSYNR1: Register =
    reg(B, 0x06C, "CB_FSYNR1", "Fault syndrome, implementation defined: stored, never written by a fault").rw(0xFFFF_FFFF);
pub(super) const CB_IPAFAR: Register =
    reg(B, 0x070, "CB_IPAFAR", "IPA of a stage-2 fault: bits 47:12; 11:0 show FAR's where IDR0.S2TS is 1, else it is stored")
        .wide()
        .rw(0x0000_FFFF_FFFF_FFFF);

const VA_ASID: &[Field] = &[f("ASID", 48, 16, "address space"), f("ADDRESS", 0, 44, "VA[55:12]; bits 48:12 are compared")];
const VA: &[Field] = &[f("ADDRESS", 0, 44, "VA[55:12]; bits 48:12 are compared")];
const IPA: &[Field] = &[f("ADDRESS", 0, 36, "IPA[47:12]")];
const fn tlbi(offset: u32, name: &'static str, doc: &'static str) -> Register {
    reg(B, offset, name, doc).wide()
}
pub(super) const CB_TLBIVA: Register =
    tlbi(0x600, "CB_TLBIVA", "Drops the entries of an ASID, and global ones, that cover an address")
        .wo(0xFFFF_0FFF_FFFF_FFFF)
        .fields(VA_ASID);
pub(super) const CB_TLBIVAA: Register =
    tlbi(0x608, "CB_TLBIVAA", "Drops the entries of any ASID that cover an address").wo(0x0FFF_FFFF_FFFF).fields(VA);
pub(super) const CB_TLBIASID: Register = reg(B, 0x610, "CB_TLBIASID", "Drops the entries of an ASID, not global ones")
    .wo(0xFFFF)
    .fields(&[f("ASID", 0, 16, "address space")]);
pub(super) const CB_TLBIALL: Register = reg(B, 0x618, "CB_TLBIALL", "Drops the entries of the bank's VMID").wo(0xFFFF_FFFF);
pub(super) const CB_TLBIVAL: Register =
    tlbi(0x620, "CB_TLBIVAL", "As TLBIVA, leaf entries only").wo(0xFFFF_0FFF_FFFF_FFFF).fields(VA_ASID);
pub(super) const CB_TLBIVAAL: Register =
    tlbi(0x628, "CB_TLBIVAAL", "As TLBIVAA, leaf entries only").wo(0x0FFF_FFFF_FFFF).fields(VA);
pub(super) const CB_TLBIIPAS2: Register =
    tlbi(0x630, "CB_TLBIIPAS2", "Drops stage-2 entries that cover an IPA").wo(0xF_FFFF_FFFF).fields(IPA);
pub(super) const CB_TLBIIPAS2L: Register =
    tlbi(0x638, "CB_TLBIIPAS2L", "As TLBIIPAS2, leaf entries only").wo(0xF_FFFF_FFFF).fields(IPA);
pub(super) const CB_TLBSYNC: Register =
    reg(B, 0x7F0, "CB_TLBSYNC", "Starts a synchronization of the bank's earlier TLB maintenance").wo(0xFFFF_FFFF);
pub(super) const CB_TLBSTATUS: Register =
    reg(B, 0x7F4, "CB_TLBSTATUS", "State of TLBSYNC").ro(0).fields(&[f("SACTIVE", 0, 1, "synchronization is not complete")]);

const fn ats(offset: u32, name: &'static str) -> Register {
    reg(B, offset, name, "Address translation operation; no effect where IDR0.ATOSNS is 1").wide()
}
pub(super) const CB_ATS1PR: Register = ats(0x800, "CB_ATS1PR");
pub(super) const CB_ATS1PW: Register = ats(0x808, "CB_ATS1PW");
pub(super) const CB_ATS1UR: Register = ats(0x810, "CB_ATS1UR");
pub(super) const CB_ATS1UW: Register = ats(0x818, "CB_ATS1UW");
pub(super) const CB_ATSR: Register =
    reg(B, 0x8F0, "CB_ATSR", "State of ATS1*; idle where IDR0.ATOSNS is 1").ro(0).fields(&[f("ACTIVE", 0, 1, "in progress")]);

const fn view(offset: u32, name: &'static str) -> Register {
    reg(B, offset, name, "The bank's view of a counter group; reads as zero without the feature pmu")
}
pub(super) const CB_PMEVCNTR: Register = view(0xE00, "CB_PMEVCNTRn").array(Count::Fixed(15));
pub(super) const CB_PMEVTYPER: Register = view(0xE80, "CB_PMEVTYPERn").array(Count::Fixed(15));
pub(super) const CB_PMCFGR: Register = view(0xF00, "CB_PMCFGR");
pub(super) const CB_PMCR: Register = view(0xF04, "CB_PMCR");
pub(super) const CB_PMCEID: Register = view(0xF20, "CB_PMCEIDn").array(Count::Fixed(2));
pub(super) const CB_PMCNTENSET: Register = view(0xF40, "CB_PMCNTENSET");
pub(super) const CB_PMCNTENCLR: Register = view(0xF44, "CB_PMCNTENCLR");
pub(super) const CB_PMINTENSET: Register = view(0xF48, "CB_PMINTENSET");
pub(super) const CB_PMINTENCLR: Register = view(0xF4C, "CB_PMINTENCLR");
pub(super) const CB_PMOVSCLR: Register = view(0xF50, "CB_PMOVSCLR");
pub(super) const CB_PMOVSSET: Register = view(0xF58, "CB_PMOVSSET");
pub(super) const CB_PMAUTHSTATUS: Register = view(0xFB8, "CB_PMAUTHSTATUS");
