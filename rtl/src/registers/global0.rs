//! Page 0: global register space 0.

use super::{f, reg, Access, Count, Field, Register, Space::Global0 as G, SGFSR as FSR};

pub(super) const SCR0: Register = reg(G, 0x000, "sCR0", "Global configuration").rw(0x0FDF_FCC7).reset(0x0020_0001).fields(&[
    f("VMID16EN", 31, 1, "16-bit VMIDs; read-only 0 where IDR2.VMID16S is 0"),
    f("HYPMODE", 30, 1, "hypervisor mode of the later extension; read-only 0"),
    f("NSCFG", 28, 2, "security state of bypassing transactions; secure view only, read-only 0"),
    f("WACFG", 26, 2, "write allocation of bypassing transactions: 0 default, 2 allocate, 3 do not"),
    f("RACFG", 24, 2, "read allocation of bypassing transactions: 0 default, 2 allocate, 3 do not"),
    f("SHCFG", 22, 2, "shareability of bypassing transactions: 0 default, 1 outer, 2 inner, 3 none"),
    f("SMCFCFG", 21, 1, "multiple stream match: 0 bypass, 1 fault (SMCF); read-only 1 where the strap says so"),
    f("MTCFG", 20, 1, "MemAttr applies to bypassing transactions"),
    f("MemAttr", 16, 4, "memory attributes of bypassing transactions"),
    f("BSU", 14, 2, "barrier upgrade: 0 none, 1 inner, 2 outer, 3 full system"),
    f("FB", 13, 1, "force broadcast of maintenance"),
    f("PTM", 12, 1, "ignore broadcast TLB maintenance"),
    f("VMIDPNE", 11, 1, "private VMID namespace"),
    f("USFCFG", 10, 1, "unmatched stream: 0 bypass, 1 fault (USF)"),
    f("GSE", 9, 1, "global stall enable; read-only 0"),
    f("STALLD", 8, 1, "stall disable; read-only 0"),
    f("TRANSIENTCFG", 6, 2, "transient hint of bypassing transactions"),
    f("GCFGFIE", 5, 1, "configuration fault interrupt enable; read-only 0"),
    f("GCFGFRE", 4, 1, "configuration fault report enable; read-only 0"),
    f("EXIDENABLE", 3, 1, "extended stream ids; read-only 0 where IDR0.EXIDS is 0"),
    f("GFIE", 2, 1, "interrupt on a global fault"),
    f("GFRE", 1, 1, "global fault: 1 abort, 0 read as zero and ignore writes"),
    f("CLIENTPD", 0, 1, "every client transaction bypasses"),
]);
pub(super) const SCR1: Register = reg(G, 0x004, "sCR1", "Secure configuration; secure view only");
pub(super) const SCR2: Register = reg(G, 0x008, "sCR2", "Bypass VMID").rw(0xFF).fields(&[f(
    "BPVMID",
    0,
    16,
    "VMID of bypassing transactions; 8 bits where IDR2.VMID16S is 0",
)]);
pub(super) const SACR: Register =
    reg(G, 0x010, "sACR", "Auxiliary configuration (implementation defined)").rw(0x0700_071C).reset(0x0400_001C).fields(&[
        f("NORMALIZE", 27, 1, "attribute normalization; secure view only, read-only 0"),
        f("CACHE_LOCK", 26, 1, "every bank's ACTLR is read-only"),
        f("DP4K_TBUDISB", 25, 1, "stored, no effect"),
        f("DP4K_TCUDISB", 24, 1, "stored, no effect"),
        f("PAGESIZE", 16, 1, "register page size; secure view only, read-only 0"),
        f("S2CRB_TLBEN", 10, 1, "S2CR bypass may allocate a TLB entry; stored, no effect"),
        f("MMUDISB_TLBEN", 9, 1, "a disabled bank may allocate a TLB entry; stored, no effect"),
        f("SMTNMB_TLBEN", 8, 1, "unmatched bypass may allocate a TLB entry; stored, no effect"),
        f("IPA2PA_CEN", 4, 1, "IPA to PA cache enable; stored, no effect"),
        f("S2WC2EN", 3, 1, "stage-2 walk cache of level 2; stored, no effect"),
        f("S1WC2EN", 2, 1, "stage-1 walk cache of level 2; stored, no effect"),
    ]);

pub(super) const IDR0: Register = reg(G, 0x020, "IDR0", "Identification: features").ro(0x4E01_1E00).fields(&[
    f("SES", 31, 1, "security extensions"),
    f("S1TS", 30, 1, "stage 1"),
    f("S2TS", 29, 1, "stage 2"),
    f("NTS", 28, 1, "nested translation"),
    f("SMS", 27, 1, "stream matching"),
    f("ATOSNS", 26, 1, "1: no address translation operations"),
    f("PTFS", 24, 2, "AArch32 formats: 0 both, 1 long only, 2 none"),
    f("NUMIRPT", 16, 8, "reads 1 on SMMUv2"),
    f("EXSMRGS", 15, 1, "extended number of stream match groups"),
    f("CTTW", 14, 1, "coherent table walks"),
    f("BTM", 13, 1, "broadcast TLB maintenance"),
    f("NUMSIDB", 9, 4, "StreamID bits"),
    f("EXIDS", 8, 1, "16-bit StreamIDs"),
    f("NUMSMRG", 0, 8, "stream match groups"),
]);
pub(super) const IDR1: Register = reg(G, 0x024, "IDR1", "Identification: sizes").ro(0x0000_8000).fields(&[
    f("PAGESIZE", 31, 1, "0: 4 KiB register pages"),
    f("NUMPAGENDXB", 28, 3, "log2 of the number of pages of a half, less one"),
    f("HAFDBS", 24, 2, "hardware update of access flag and dirty state"),
    f("NUMS2CB", 16, 8, "banks that have stage 2 only"),
    f("SMCD", 15, 1, "multiple stream matches are always detected"),
    f("SSDTP", 12, 2, "security state determination table"),
    f("NUMSSDNDXB", 8, 4, "bits of its index"),
    f("NUMCB", 0, 8, "context banks"),
]);
pub(super) const IDR2: Register = reg(G, 0x028, "IDR2", "Identification: address sizes, granules").ro(0x0000_5000).fields(&[
    f("DIPANS", 30, 1, "DIPAN (later extension)"),
    f("COMPINDEXS", 29, 1, "compressed indexing (later extension)"),
    f("HADS", 28, 1, "hierarchical attribute disable (later extension)"),
    f("E2HS", 27, 1, "hypervisor mode (later extension)"),
    f("EXNUMSMRG", 16, 11, "extended number of stream match groups"),
    f("VMID16S", 15, 1, "16-bit VMIDs"),
    f("PTFSV8_64K", 14, 1, "64 KiB granule"),
    f("PTFSV8_16K", 13, 1, "16 KiB granule"),
    f("PTFSV8_4K", 12, 1, "4 KiB granule"),
    f("UBS", 8, 4, "upstream address size: 0..4 = 32, 36, 40, 42, 44 bits; 5 = 49 bits"),
    f("OAS", 4, 4, "output address size: 0..5 = 32, 36, 40, 42, 44, 48 bits"),
    f("IAS", 0, 4, "intermediate address size, coded as OAS"),
]);
pub(super) const IDR3: Register = reg(G, 0x02C, "IDR3", "Identification, reserved").ro(0);
pub(super) const IDR4: Register = reg(G, 0x030, "IDR4", "Identification, reserved").ro(0);
pub(super) const IDR5: Register = reg(G, 0x034, "IDR5", "Identification, reserved").ro(0);
pub(super) const IDR6: Register = reg(G, 0x038, "IDR6", "Identification, reserved").ro(0);
pub(super) const IDR7: Register = reg(G, 0x03C, "IDR7", "Identification: revision rXpY")
    .ro(0x21)
    .fields(&[f("MAJOR", 4, 4, "X; 2 and above: CACHE_LOCK is there"), f("MINOR", 0, 4, "Y")]);

pub(super) const SGFAR: Register = reg(G, 0x040, "sGFAR", "Global fault address: AxADDR, or the register offset of a CAF")
    .wide()
    .rw(0x0001_FFFF_FFFF_FFFF)
    .fields(&[f("FADDR", 0, 49, "not sign-extended")]);

const SGFSR_FIELDS: &[Field] = &[
    f("MULTI", 31, 1, "another fault came while one was recorded"),
    f("UUT", 8, 1, "unsupported upstream transaction"),
    f("PF", 7, 1, "permission"),
    f("EF", 6, 1, "external abort"),
    f("CAF", 5, 1, "configuration access fault: illegal register access"),
    f("UCIF", 4, 1, "unimplemented context interrupt"),
    f("UCBF", 3, 1, "unimplemented context bank"),
    f("SMCF", 2, 1, "multiple stream match"),
    f("USF", 1, 1, "unidentified stream"),
    f("ICF", 0, 1, "invalid context"),
];
pub(super) const SGFSR: Register =
    reg(G, 0x048, "sGFSR", "Global fault status").access(Access::WriteOneToClear, 0x8000_01FF).fields(SGFSR_FIELDS);
pub(super) const SGFSRRESTORE: Register =
    reg(G, 0x04C, "sGFSRRESTORE", "Sets bits of sGFSR").access(Access::Restore, 0x8000_01FF).shared(FSR).fields(SGFSR_FIELDS);
pub(super) const SGFSYNR0: Register = reg(G, 0x050, "sGFSYNR0", "Global fault syndrome: the access").rw(0x7F).fields(&[
    f("ATS", 6, 1, "from an address translation operation"),
    f("NSATTR", 5, 1, "non-secure attribute"),
    f("NSSTATE", 4, 1, "security state of the stream"),
    f("IND", 3, 1, "instruction"),
    f("PNU", 2, 1, "privileged"),
    f("WNR", 1, 1, "write"),
    f("NESTED", 0, 1, "nested translation"),
]);
pub(super) const SGFSYNR1: Register = reg(G, 0x054, "sGFSYNR1", "Global fault syndrome: the stream").rw(0x7FFF).fields(&[
    f("SSD_INDEX", 16, 16, "secure view only, read-only 0"),
    f("StreamID", 0, 16, "of the faulting transaction; 15 bits where IDR0.EXIDS is 0"),
]);
pub(super) const SGFSYNR2: Register =
    reg(G, 0x058, "sGFSYNR2", "Global fault syndrome, implementation defined: stored, never written by a fault").rw(0xFFFF_FFFF);

pub(super) const STLBIALL: Register = reg(G, 0x060, "STLBIALL", "Drops all secure TLB entries; secure view only");
pub(super) const TLBIVMID: Register = reg(G, 0x064, "TLBIVMID", "Drops the entries of a VMID, not those of Hyp banks")
    .wo(0xFF)
    .fields(&[f("VMID", 0, 16, "8 bits where IDR2.VMID16S is 0")]);
pub(super) const TLBIALLNSNH: Register =
    reg(G, 0x068, "TLBIALLNSNH", "Drops all entries that are not of Hyp banks").wo(0xFFFF_FFFF);
pub(super) const TLBIALLH: Register = reg(G, 0x06C, "TLBIALLH", "Drops all entries of Hyp banks").wo(0xFFFF_FFFF);
pub(super) const STLBGSYNC: Register =
    reg(G, 0x070, "sTLBGSYNC", "Starts a synchronization of all earlier TLB maintenance").wo(0xFFFF_FFFF);
pub(super) const STLBGSTATUS: Register =
    reg(G, 0x074, "sTLBGSTATUS", "State of sTLBGSYNC").ro(0).fields(&[f("GSACTIVE", 0, 1, "synchronization is not complete")]);
pub(super) const TLBIVAH: Register = reg(G, 0x078, "TLBIVAH", "Drops the entries of Hyp banks that cover a 32-bit address")
    .wo(0xFFFF_F000)
    .fields(&[f("VA", 12, 20, "address bits 31:12")]);

pub(super) const DBGRPTRTBU: Register = reg(G, 0x080, "DBGRPTRTBU", "TLB debug read pointer of a TBU");
pub(super) const DBGRDATATBU: Register = reg(G, 0x084, "DBGRDATATBU", "TLB debug read data of a TBU");
pub(super) const DBGRPTRTCU: Register = reg(G, 0x088, "DBGRPTRTCU", "TLB debug read pointer of the TCU");
pub(super) const DBGRDATATCU: Register = reg(G, 0x08C, "DBGRDATATCU", "TLB debug read data of the TCU");

const VA64: &[Field] = &[f("ADDRESS", 0, 44, "VA[55:12]; bits 48:12 are compared")];
pub(super) const STLBIVALM: Register = reg(G, 0x0A0, "STLBIVALM", "Secure monitor, last level; secure view only").wide();
pub(super) const STLBIVAM: Register = reg(G, 0x0A8, "STLBIVAM", "Secure monitor; secure view only").wide();
pub(super) const TLBIVALH64: Register = reg(G, 0x0B0, "TLBIVALH64", "Drops the leaf entries of Hyp banks that cover an address")
    .wide()
    .wo(0xFFF_FFFF_FFFF)
    .fields(VA64);
pub(super) const TLBIVMIDS1: Register = reg(G, 0x0B8, "TLBIVMIDS1", "As TLBIVMID, stage-1 and combined entries only")
    .wo(0xFF)
    .fields(&[f("VMID", 0, 16, "8 bits where IDR2.VMID16S is 0")]);
pub(super) const STLBIALLM: Register = reg(G, 0x0BC, "STLBIALLM", "Secure monitor; secure view only");
pub(super) const TLBIVAH64: Register =
    reg(G, 0x0C0, "TLBIVAH64", "Drops the entries of Hyp banks that cover an address").wide().wo(0xFFF_FFFF_FFFF).fields(VA64);

const fn gats(offset: u32, name: &'static str) -> Register {
    reg(G, offset, name, "Global address translation operation; not there where IDR0.ATOSNS is 1").wide()
}
pub(super) const GATS1UR: Register = gats(0x100, "GATS1UR");
pub(super) const GATS1UW: Register = gats(0x108, "GATS1UW");
pub(super) const GATS1PR: Register = gats(0x110, "GATS1PR");
pub(super) const GATS1PW: Register = gats(0x118, "GATS1PW");
pub(super) const GATS12UR: Register = gats(0x120, "GATS12UR");
pub(super) const GATS12UW: Register = gats(0x128, "GATS12UW");
pub(super) const GATS12PR: Register = gats(0x130, "GATS12PR");
pub(super) const GATS12PW: Register = gats(0x138, "GATS12PW");
pub(super) const GPAR: Register = gats(0x180, "GPAR");
pub(super) const GATSR: Register = reg(G, 0x188, "GATSR", "State of GATS*; idle where IDR0.ATOSNS is 1").ro(0);

pub(super) const SMR: Register =
    reg(G, 0x800, "SMRn", "Stream match group").array(Count::StreamGroups).rw(0xFFFF_7FFF).fields(&[
        f("VALID", 31, 1, "the group takes part in matching"),
        f("MASK", 16, 15, "ones: do not compare this bit"),
        f("ID", 0, 15, "StreamID to compare with; with extended ids MASK is 31:16 and ID 15:0"),
    ]);
pub(super) const S2CR: Register =
    reg(G, 0xC00, "S2CRn", "What becomes of a matched stream").array(Count::StreamGroups).rw(0x3FF3_FBFF).fields(&[
        f("TRANSIENTCFG", 28, 2, "transient hint: 0 default, 2 not transient, 3 transient"),
        f("INSTCFG", 26, 2, "TYPE 0: 0 default, 2 data, 3 instruction (reads); TYPE 1: bit 26 is FB"),
        f("PRIVCFG", 24, 2, "TYPE 0: 0 default, 2 unprivileged, 3 privileged; TYPE 1: BSU"),
        f("WACFG", 22, 2, "write allocation: 0 default, 2 allocate, 3 do not"),
        f("RACFG", 20, 2, "read allocation: 0 default, 2 allocate, 3 do not"),
        f("NSCFG", 18, 2, "secure groups only, read-only 0"),
        f("TYPE", 16, 2, "0 translate, 1 bypass, 2 fault, 3 reserved (faults)"),
        f("MemAttr", 12, 4, "memory attributes"),
        f("MTCFG", 11, 1, "MemAttr applies"),
        f("EXIDVALID", 10, 1, "the group is valid, while sCR0.EXIDENABLE is set; read-only 0 where IDR0.EXIDS is 0"),
        f("SHCFG", 8, 2, "shareability: 0 default, 1 outer, 2 inner, 3 none"),
        f("CBNDX", 0, 8, "TYPE 0: context bank; TYPE 1: VMID"),
    ]);

const fn id(offset: u32, name: &'static str, value: u64) -> Register {
    reg(G, offset, name, "CoreSight identification").ro(value)
}
pub(super) const PIDR4: Register = id(0xFD0, "PIDR4", 0x04);
pub(super) const PIDR5: Register = id(0xFD4, "PIDR5", 0);
pub(super) const PIDR6: Register = id(0xFD8, "PIDR6", 0);
pub(super) const PIDR7: Register = id(0xFDC, "PIDR7", 0);
pub(super) const PIDR0: Register = id(0xFE0, "PIDR0", 0x81);
pub(super) const PIDR1: Register = id(0xFE4, "PIDR1", 0xB4);
pub(super) const PIDR2: Register = id(0xFE8, "PIDR2", 0x1B);
pub(super) const PIDR3: Register = id(0xFEC, "PIDR3", 0);
pub(super) const CIDR0: Register = id(0xFF0, "CIDR0", 0x0D);
pub(super) const CIDR1: Register = id(0xFF4, "CIDR1", 0xF0);
pub(super) const CIDR2: Register = id(0xFF8, "CIDR2", 0x05);
pub(super) const CIDR3: Register = id(0xFFC, "CIDR3", 0xB1);
