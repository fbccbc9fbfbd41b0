//! Sizes, presets and straps.
//!
//! A size is how much hardware there is; a strap is a choice that the architecture leaves to the implementation and that real
//! parts make differently. Both are fixed when the hardware is elaborated. Nothing else in the project decides such a thing.

/// What `FSYNR0.S1CBNDX` shows for a stage-1 fault (`docs/compliance.md`, implementation defined).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum S1CbndxStrap {
    /// Reads as zero, as MMU-500 without a hypervisor shows it.
    Zero,
    /// The number of the context bank that took the fault.
    PhysicalBank,
}

/// Which AXI response a refused transaction gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbortResponse {
    /// `SLVERR` (0b10), the default.
    Slverr,
    /// `DECERR` (0b11).
    Decerr,
}

/// Implementation-defined behaviour, per preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Straps {
    /// `FSYNR0.S1CBNDX` of stage-1 faults.
    pub s1cbndx: S1CbndxStrap,
    /// `FSYNR0.NSATTR` / `sGFSYNR0.NSATTR` as reported for a non-secure stream.
    pub nsattr: bool,
    /// `FSYNR0.NSSTATE` / `sGFSYNR0.NSSTATE` as reported for a non-secure stream.
    pub nsstate: bool,
    /// `sCR0.SMCFCFG` is read-only one: a multiple stream match always faults.
    pub smcfcfg_ro_one: bool,
    /// `IDR2.UBS`: upstream address size code (0..4 = 32, 36, 40, 42, 44 bits; 5 = 49 bits).
    pub ubs: u8,
    /// `IDR2.OAS`: output address size code (0..5 = 32, 36, 40, 42, 44, 48 bits).
    pub oas: u8,
    /// `IDR2.IAS`: intermediate address size code, coded as `oas`.
    pub ias: u8,
    /// `IDR2.PTFSv8` bit for the 16 KiB granule.
    pub granule_16k: bool,
    /// Response of a refused transaction with `CFRE`/`GFRE` set.
    pub abort: AbortResponse,
    /// Reset value of every bank's `SCTLR` (MMU-500: 0x100, HUPCF set).
    pub sctlr_reset: u32,
}

/// Which AArch32 table formats there are (`IDR0.PTFS`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aarch32 {
    /// None: every bank that walks is an AArch64 one. PTFS = 2.
    #[default]
    None,
    /// Long descriptors, stage 1 and stage 2. PTFS = 1.
    Long,
    /// Long descriptors, and short descriptors in stage 1. PTFS = 0.
    Both,
}

/// Parts of the architecture that hardware may have or leave out. The identification registers say which are there, and what
/// belongs to a missing one reads as zero, ignores writes, or is refused (`docs/compliance.md`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Stage-2 banks, `CBAR.TYPE` 0 (`IDR0.S2TS`).
    pub stage2: bool,
    /// Nested translation, `CBAR.TYPE` 3 (`IDR0.NTS`). Needs `stage2`.
    pub nested: bool,
    /// AArch32 table formats (`IDR0.PTFS`).
    pub aarch32: Aarch32,
    /// Context faults can stall: `SCTLR.CFCFG`, `FSR.SS`, `RESUME`.
    pub stall: bool,
    /// Address translation operations: `ATS1*`, `GATS*`, `PAR`, `GPAR` (`IDR0.ATOSNS` = 0).
    pub ats: bool,
    /// Memory attributes and privilege overrides reach the downstream port (`docs/architecture.md`).
    pub attributes: bool,
    /// 16-bit StreamIDs (`IDR0.EXIDS`).
    pub exids: bool,
    /// 16-bit VMIDs (`IDR2.VMID16S`).
    pub vmid16: bool,
    /// The StreamID indexes `S2CR`, and there are no match registers (`IDR0.SMS` = 0).
    pub stream_indexing: bool,
    /// Register pages of 64 KiB (`IDR1.PAGESIZE`).
    pub reg_pages_64k: bool,
    /// Performance counters count.
    pub pmu: bool,
    /// `SCTLR.E`: big-endian descriptors.
    pub big_endian: bool,
}

impl Features {
    /// Stage 1 of AArch64 banks, and nothing else.
    pub const STAGE1: Features = Features {
        stage2: false,
        nested: false,
        aarch32: Aarch32::None,
        stall: false,
        ats: false,
        attributes: false,
        exids: false,
        vmid16: false,
        stream_indexing: false,
        reg_pages_64k: false,
        pmu: false,
        big_endian: false,
    };

    /// What the MMU-500 of the ZynqMP has.
    pub const MMU500: Features = Features { exids: false, vmid16: false, ..Features::EVERYTHING };

    /// All that can be together: everything but stream indexing and 64 KiB register pages, which exclude something else.
    pub const EVERYTHING: Features = Features {
        stage2: true,
        nested: true,
        aarch32: Aarch32::Both,
        stall: true,
        ats: true,
        attributes: true,
        exids: true,
        vmid16: true,
        stream_indexing: false,
        reg_pages_64k: false,
        pmu: true,
        big_endian: true,
    };
}

/// One elaboration of the hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// Preset name as the command line takes it.
    pub name: &'static str,
    /// What the preset is for, one line.
    pub purpose: &'static str,
    /// Stream match register groups.
    pub num_smr: usize,
    /// Context banks.
    pub num_cb: usize,
    /// Number of pages of the global half, and of the context-bank half, of the register space (a power of two).
    pub num_page: usize,
    /// Translation buffer units, that is client ports.
    pub tbus: usize,
    /// Entries of each micro TLB.
    pub micro_tlb: usize,
    /// Leaf descriptors that the main TLB holds (lines of 8, 4 ways).
    pub main_tlb: usize,
    /// Rows of the walker's table: walks in flight.
    pub walks: usize,
    /// Parked read transactions (miss queue).
    pub miss_queue: usize,
    /// AXI id bits on client and downstream ports.
    pub id_width: usize,
    /// Data bits of client and downstream ports: 64 or 128.
    pub data_width: usize,
    /// Straps.
    pub straps: Straps,
    /// Parts of the architecture that are there.
    pub features: Features,
}

/// Address bits of a client port: 48 bits and the sub-range bit 48 (MMU-500).
pub const VA_WIDTH: usize = 49;
/// Address bits of the downstream and the walk port.
pub const PA_WIDTH: usize = 48;
/// StreamID bits in `awuser`/`aruser`; bit 15 counts only with [`Features::exids`].
pub const SID_WIDTH: usize = 16;
/// User bits of a downstream address: StreamID 15:0, domain 17:16, inner cacheability 21:18 (`docs/architecture.md`).
pub const USER_WIDTH: usize = 22;
/// Data bits of the walk port: one descriptor a beat.
pub const PTW_DATA_WIDTH: usize = 64;
/// AXI id bits of the walk port: the walker's row number.
pub const PTW_ID_WIDTH: usize = 4;
/// Bytes in a page of the register space without [`Features::reg_pages_64k`] (IDR1.PAGESIZE = 0).
pub const REG_PAGE: u32 = 0x1000;

const MMU500: Straps = Straps {
    s1cbndx: S1CbndxStrap::Zero,
    nsattr: false,
    nsstate: false,
    smcfcfg_ro_one: true,
    ubs: 5,
    oas: 5,
    ias: 5,
    granule_16k: true,
    abort: AbortResponse::Slverr,
    sctlr_reset: 0x100,
};

/// Formal proofs, gate-level runs, small FPGAs.
pub const MINI: Params = Params {
    name: "mini",
    purpose: "formal proofs, gate-level runs, small FPGAs",
    num_smr: 8,
    num_cb: 4,
    num_page: 16,
    tbus: 1,
    micro_tlb: 8,
    main_tlb: 64,
    walks: 4,
    miss_queue: 4,
    id_width: 4,
    data_width: 64,
    straps: MMU500,
    features: Features::STAGE1,
};

/// The default: sizes and ID values of the MMU-500 in that SoC.
pub const ZYNQMP: Params = Params {
    name: "zynqmp",
    purpose: "default; ID values of that SoC's MMU-500; the recorded driver runs",
    num_smr: 48,
    num_cb: 16,
    num_page: 16,
    tbus: 1,
    micro_tlb: 16,
    main_tlb: 512,
    walks: 8,
    miss_queue: 8,
    id_width: 6,
    data_width: 128,
    straps: MMU500,
    features: Features::MMU500,
};

/// Several masters: four client ports under one control unit.
pub const MULTI: Params = Params {
    name: "multi",
    purpose: "several masters: four client ports under one control unit",
    tbus: 4,
    main_tlb: 1024,
    walks: 16,
    ..ZYNQMP
};

/// The SC8180X kernel log.
pub const SC8180X: Params = Params {
    name: "sc8180x",
    purpose: "the SC8180X kernel log",
    num_smr: 128,
    num_cb: 128,
    num_page: 128,
    tbus: 1,
    micro_tlb: 32,
    main_tlb: 2048,
    walks: 16,
    miss_queue: 16,
    id_width: 6,
    data_width: 64,
    straps: Straps { s1cbndx: S1CbndxStrap::PhysicalBank, granule_16k: false, ..MMU500 },
    features: Features::STAGE1,
};

/// The SM8550 kernel log.
pub const SM8550: Params = Params {
    name: "sm8550",
    purpose: "the SM8550 kernel log",
    data_width: 128,
    straps: Straps { s1cbndx: S1CbndxStrap::PhysicalBank, granule_16k: false, ubs: 1, oas: 1, ias: 1, ..MMU500 },
    ..SC8180X
};

/// The sizes of `mini` with every feature that the hardware has.
pub const FULL: Params = Params {
    name: "full",
    purpose: "the sizes of mini with every feature that the hardware has",
    features: Features { exids: true, vmid16: true, ..Features::MMU500 },
    ..MINI
};

/// The sizes of `mini` with what an SMMU may have instead of stream matching and 4 KiB register pages.
pub const INDEXED: Params = Params {
    name: "indexed",
    purpose: "the sizes of mini with stream indexing and register pages of 64 KiB",
    features: Features { stream_indexing: true, reg_pages_64k: true, ..Features::STAGE1 },
    ..MINI
};

/// All presets, in the order in which they are listed.
pub const PRESETS: &[Params] = &[MINI, ZYNQMP, SC8180X, SM8550, MULTI, FULL, INDEXED];

/// The preset of that name.
pub fn preset(name: &str) -> Option<&'static Params> {
    PRESETS.iter().find(|p| p.name == name)
}

impl Params {
    /// Bytes of the register space: both halves.
    pub fn register_space(&self) -> u32 {
        2 * self.num_page as u32 * self.reg_page()
    }

    /// Bytes in a page of the register space: 4 KiB or 64 KiB.
    pub const fn reg_page(&self) -> u32 {
        if self.features.reg_pages_64k {
            0x1_0000
        } else {
            REG_PAGE
        }
    }

    /// The same hardware with these features.
    pub const fn with_features(self, features: Features) -> Params {
        Params { features, ..self }
    }

    /// The same hardware with every feature that can be together with the others ([`Features::EVERYTHING`]).
    pub const fn with_everything(self) -> Params {
        self.with_features(Features::EVERYTHING)
    }

    /// Reads of a client port that can be held by stalled context faults ([`Features::stall`]): half of the miss queue.
    pub const fn held_reads(&self) -> usize {
        self.miss_queue / 2
    }

    /// Writes of a client port that can be held: as many as the store for their data has places.
    pub const fn held_writes(&self) -> usize {
        2
    }

    /// Output address bits (`IDR2.OAS`): never more than [`PA_WIDTH`].
    pub fn output_bits(&self) -> u32 {
        size_code_bits(self.straps.oas)
    }
}

/// Address bits of an OAS, IAS or PASize code: 0..5 = 32, 36, 40, 42, 44, 48; above 5 reads as 48.
pub fn size_code_bits(code: u8) -> u32 {
    match code {
        0 => 32,
        1 => 36,
        2 => 40,
        3 => 42,
        4 => 44,
        _ => 48,
    }
}
