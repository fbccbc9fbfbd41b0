//! The register table: the only place where a register's offset, a bit's position, a reset value or a write mask is written.
//!
//! What it is for: the hardware's address decoder, the reference model, the drivers of the test bench, the kernel-log decoder and
//! `docs/registers.md` all read this table. A change here changes all of them.
//!
//! How it works: one [`Register`] per register or register array, collected in [`REGISTERS`]; one named [`RegId`] per row
//! ([`SCR0`], [`SMR`], [`CB_FSR`], ...), which can be matched on. The register space is `2 * num_page` pages of 4 KiB
//! ([`crate::params::Params`]): global space 0 is page 0, global space 1 page 1, the implementation page 2, the performance
//! monitors page 3, and page `num_page + n` is context bank `n`.
//!
//! Everything is the non-secure view. Registers that only secure software has are listed as [`Access::Reserved`]: they have a
//! name, read as zero and ignore writes. The alias range 0x400..0x5FF of page 0 belongs to secure software alone and is not
//! listed.

use crate::params::{Aarch32, Params};

mod bank;
mod global0;
mod global1;
mod markdown;
mod pmu;
#[cfg(test)]
mod tests;

pub use markdown::markdown;

/// The page that a register lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Space {
    /// Global register space 0: page 0.
    Global0,
    /// Global register space 1: page 1.
    Global1,
    /// Implementation defined: page 2.
    Imp,
    /// Performance monitors: page 3.
    Pmu,
    /// A context bank's page: page `num_page + bank`, one for each bank.
    Bank,
}

/// What reads and writes do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Keeps what is written under the write mask.
    ReadWrite,
    /// Shows a constant or a state; writes are ignored.
    ReadOnly,
    /// Reads as zero; a write is a command.
    WriteOnly,
    /// Reads a state; ones that are written under the write mask clear bits of it.
    WriteOneToClear,
    /// Reads a state; ones that are written under the write mask set bits of it.
    WriteOneToSet,
    /// Reads as zero; ones that are written under the write mask set bits of the register [`Register::shared`].
    Restore,
    /// Known by name, but not there in this hardware: reads as zero, writes are ignored.
    Reserved,
}

/// How many registers an array has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Count {
    /// This many in every preset; 1 for a single register.
    Fixed(usize),
    /// One for each stream match group.
    StreamGroups,
    /// One for each context bank.
    Banks,
    /// One for each counter group of the performance monitors: one group for each TBU.
    CounterGroups,
    /// One for each counter: [`COUNTERS_PER_GROUP`] for each group.
    Counters,
}

/// Counters in one counter group of the performance monitors.
pub const COUNTERS_PER_GROUP: usize = 4;

impl Count {
    /// The number of registers in hardware of that size.
    pub fn of(self, params: &Params) -> usize {
        match self {
            Count::Fixed(n) => n,
            Count::StreamGroups => params.num_smr,
            Count::Banks => params.num_cb,
            Count::CounterGroups => params.tbus,
            Count::Counters => params.tbus * COUNTERS_PER_GROUP,
        }
    }
}

/// A group of bits in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Name as the architecture has it.
    pub name: &'static str,
    /// Lowest bit.
    pub lsb: u8,
    /// Number of bits.
    pub width: u8,
    /// What it means.
    pub doc: &'static str,
}

impl Field {
    /// The bits of the register that belong to the field.
    pub const fn mask(self) -> u64 {
        (u64::MAX >> (64 - self.width as u32)) << self.lsb
    }

    /// The field's value in a register value.
    pub const fn get(self, value: u64) -> u64 {
        (value & self.mask()) >> self.lsb
    }

    /// The register value with the field replaced by the low bits of `v`.
    pub const fn put(self, value: u64, v: u64) -> u64 {
        (value & !self.mask()) | ((v << self.lsb) & self.mask())
    }
}

/// A register, or an array of registers of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Register {
    /// Name as the architecture has it; arrays end in `n`.
    pub name: &'static str,
    /// Where it lives.
    pub space: Space,
    /// Byte offset of the first one in its page.
    pub offset: u32,
    /// 32 or 64 bits.
    pub width: u8,
    /// How many there are, in a page.
    pub count: Count,
    /// Bytes from one to the next.
    pub stride: u32,
    /// What reads and writes do.
    pub access: Access,
    /// Bits that a write reaches, before straps ([`write_mask`]).
    pub write_mask: u64,
    /// Value after reset, before straps ([`reset_value`]).
    pub reset: u64,
    /// The register whose state this one shows or changes, where that is not its own.
    pub shared: Option<RegId>,
    /// The bits.
    pub fields: &'static [Field],
    /// What it is for.
    pub doc: &'static str,
}

/// A row of [`REGISTERS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegId(u16);

impl RegId {
    /// The row.
    pub fn register(self) -> &'static Register {
        &REGISTERS[self.0 as usize]
    }

    /// How many there are in one page of hardware of that size.
    pub fn count(self, params: &Params) -> usize {
        self.register().count.of(params)
    }

    /// Byte offset in the whole register space. `index` is the array index; for registers of a context bank it is
    /// `bank * count + array index`, that is the bank for single registers.
    pub fn offset(self, params: &Params, index: usize) -> u32 {
        let r = self.register();
        let (page, element) = match r.space {
            Space::Global0 => (0, index),
            Space::Global1 => (1, index),
            Space::Imp => (2, index),
            Space::Pmu => (3, index),
            Space::Bank => {
                let count = self.count(params);
                (params.num_page + index / count, index % count)
            }
        };
        page as u32 * params.reg_page() + r.offset + element as u32 * r.stride
    }

    /// The field of that name.
    ///
    /// # Panics
    /// If the register has no such field: names are written in code, never taken from a user ([`RegId::find_field`] for those).
    pub fn field(self, name: &str) -> Field {
        match self.find_field(name) {
            Some(f) => f,
            None => panic!("register {} has no field {name}", self.register().name),
        }
    }

    /// The field of that name, if there is one.
    pub fn find_field(self, name: &str) -> Option<Field> {
        self.register().fields.iter().copied().find(|f| f.name == name)
    }

    /// All rows, in the order of [`REGISTERS`].
    pub fn all() -> impl Iterator<Item = RegId> {
        (0..REGISTERS.len() as u16).map(RegId)
    }
}

/// Which register a byte offset of the register space belongs to, and its index as in [`RegId::offset`]. The upper word of a
/// 64-bit register belongs to it. `None`: nothing there, read as zero, writes ignored; for a context bank that does not exist
/// see [`missing_bank`].
pub fn at(params: &Params, offset: u32) -> Option<(RegId, usize)> {
    let page = (offset / params.reg_page()) as usize;
    let byte = offset % params.reg_page();
    let (space, bank) = match page {
        _ if page >= params.num_page => (Space::Bank, page - params.num_page),
        0 => (Space::Global0, 0),
        1 => (Space::Global1, 0),
        2 => (Space::Imp, 0),
        3 => (Space::Pmu, 0),
        _ => return None,
    };
    if space == Space::Bank && bank >= params.num_cb {
        return None;
    }
    RegId::all().find_map(|id| {
        let r = id.register();
        if r.space != space || byte < r.offset {
            return None;
        }
        let element = ((byte - r.offset) / r.stride) as usize;
        let count = id.count(params);
        let inside = element < count && (byte - r.offset) % r.stride < u32::from(r.width) / 8;
        inside.then_some((id, bank * count + element))
    })
}

/// True if the byte offset lies in the page of a context bank that this hardware does not have: a configuration access fault.
pub fn missing_bank(params: &Params, offset: u32) -> bool {
    let page = (offset / params.reg_page()) as usize;
    page >= params.num_page + params.num_cb && page < 2 * params.num_page
}

/// What reads and writes do in hardware with these features: [`Register::access`], or what a feature makes of a row that is
/// [`Access::Reserved`] without it.
pub fn access(params: &Params, id: RegId) -> Access {
    let features = &params.features;
    match id {
        CB_ATS1PR | CB_ATS1PW | CB_ATS1UR | CB_ATS1UW if features.ats => Access::WriteOnly,
        GATS1UR | GATS1UW | GATS1PR | GATS1PW | GATS12UR | GATS12UW | GATS12PR | GATS12PW if features.ats => Access::WriteOnly,
        GPAR if features.ats => Access::ReadWrite,
        GATSR if features.ats => Access::ReadOnly,
        CB_PMEVCNTR | CB_PMEVTYPER | CB_PMCR if features.pmu => Access::ReadWrite,
        CB_PMCNTENSET | CB_PMINTENSET | CB_PMOVSSET if features.pmu => Access::WriteOneToSet,
        CB_PMCNTENCLR | CB_PMINTENCLR | CB_PMOVSCLR if features.pmu => Access::WriteOneToClear,
        CB_PMCFGR | CB_PMCEID | CB_PMAUTHSTATUS if features.pmu => Access::ReadOnly,
        SMR if features.stream_indexing => Access::Reserved,
        _ => id.register().access,
    }
}

/// Value after reset, straps, features and sizes included. Constant registers (identification) always read this.
pub fn reset_value(params: &Params, id: RegId) -> u64 {
    let s = &params.straps;
    let features = &params.features;
    let put = |name: &str, value: u64, v: u64| id.field(name).put(value, v);
    let r = id.register().reset;
    match id {
        IDR0 => {
            let formats = match features.aarch32 {
                Aarch32::None => 2,
                Aarch32::Long => 1,
                Aarch32::Both => 0,
            };
            let r = put("S2TS", put("NTS", r, features.nested.into()), features.stage2.into());
            let r = put("ATOSNS", put("PTFS", r, formats), (!features.ats).into());
            let r = put("EXIDS", r, features.exids.into());
            if features.stream_indexing {
                let bits = params.num_smr.next_power_of_two().trailing_zeros();
                put("SMS", put("NUMSIDB", r, bits.into()), 0)
            } else {
                put("NUMSMRG", r, params.num_smr as u64)
            }
        }
        IDR1 => {
            let ndxb = u64::from(params.num_page.trailing_zeros()) - 1;
            let r = put("PAGESIZE", r, features.reg_pages_64k.into());
            put("NUMPAGENDXB", put("NUMCB", r, params.num_cb as u64), ndxb)
        }
        IDR2 => {
            let r = put("UBS", put("OAS", put("IAS", r, s.ias.into()), s.oas.into()), s.ubs.into());
            put("VMID16S", put("PTFSV8_16K", r, s.granule_16k.into()), features.vmid16.into())
        }
        CB_SCTLR => u64::from(s.sctlr_reset),
        PMCFGR => {
            let groups = Count::CounterGroups.of(params) as u64;
            put("NCG", put("N", r, Count::Counters.of(params) as u64 - 1), groups - 1)
        }
        PMCEID0 if features.pmu => COUNTED_EVENTS,
        _ => r,
    }
}

/// Events that the performance monitors count, a bit each: cycles, cycles / 64, refills, refills of reads, accesses, reads.
pub const COUNTED_EVENTS: u64 = 0x0003_0303;

/// The address translation operations: of stage 1 in a bank's page, of stage 1 by bank number, of both stages by bank number; each of them
/// privileged read, privileged write, unprivileged read, unprivileged write.
pub const TRANSLATION_OPERATIONS: [RegId; 12] =
    [CB_ATS1PR, CB_ATS1PW, CB_ATS1UR, CB_ATS1UW, GATS1PR, GATS1PW, GATS1UR, GATS1UW, GATS12PR, GATS12PW, GATS12UR, GATS12UW];

/// Bits that a write reaches, straps and features included.
pub fn write_mask(params: &Params, id: RegId) -> u64 {
    let features = &params.features;
    let r = id.register().write_mask;
    let counters = (1u64 << Count::Counters.of(params)) - 1;
    let when = |there: bool, bits: u64| if there { bits } else { 0 };
    match id {
        SCR0 => {
            r | when(!params.straps.smcfcfg_ro_one, id.field("SMCFCFG").mask())
                | when(features.exids, id.field("EXIDENABLE").mask())
                | when(features.vmid16, id.field("VMID16EN").mask())
        }
        SCR2 if features.vmid16 => 0xFFFF,
        TLBIVMID | TLBIVMIDS1 if features.vmid16 => 0xFFFF,
        CBA2R => r | when(features.vmid16, id.field("VMID16").mask()),
        SMR if features.stream_indexing => 0,
        SMR | SGFSYNR1 | CBFRSYNRA => r | when(features.exids, 1 << 15),
        S2CR => r | when(features.exids, id.field("EXIDVALID").mask()),
        CB_FSYNR0 => r | when(features.nested, id.field("S1PTWF").mask() | id.field("NESTED").mask()),
        CB_IPAFAR if features.stage2 => r & !0xFFF,
        CB_ATS1PR | CB_ATS1PW | CB_ATS1UR | CB_ATS1UW => when(features.ats, 0xFFFF_FFFF_FFFF_F000),
        GATS1UR | GATS1UW | GATS1PR | GATS1PW | GATS12UR | GATS12UW | GATS12PR | GATS12PW => {
            when(features.ats, 0xFFFF_FFFF_FFFF_F0FF)
        }
        GPAR => when(features.ats, u64::MAX),
        CB_PMEVCNTR if features.pmu => 0xFFFF_FFFF,
        CB_PMEVTYPER if features.pmu => PMEVTYPER.register().write_mask,
        CB_PMCR if features.pmu => PMCR.register().write_mask,
        CB_PMCNTENSET | CB_PMCNTENCLR | CB_PMINTENSET | CB_PMINTENCLR | CB_PMOVSCLR | CB_PMOVSSET if features.pmu => {
            (1 << COUNTERS_PER_GROUP) - 1
        }
        PMCNTENSET | PMCNTENCLR | PMINTENSET | PMINTENCLR | PMOVSCLR | PMOVSSET => r & counters,
        _ => r,
    }
}

/// Makes a field.
const fn f(name: &'static str, lsb: u8, width: u8, doc: &'static str) -> Field {
    Field { name, lsb, width, doc }
}

/// Makes a 32-bit register that reads as zero and ignores writes; the methods below make more of it.
const fn reg(space: Space, offset: u32, name: &'static str, doc: &'static str) -> Register {
    Register {
        name,
        space,
        offset,
        width: 32,
        count: Count::Fixed(1),
        stride: 4,
        access: Access::Reserved,
        write_mask: 0,
        reset: 0,
        shared: None,
        fields: &[],
        doc,
    }
}

impl Register {
    const fn wide(mut self) -> Self {
        self.width = 64;
        self.stride = 8;
        self
    }

    const fn array(mut self, count: Count) -> Self {
        self.count = count;
        self
    }

    const fn access(mut self, access: Access, write_mask: u64) -> Self {
        self.access = access;
        self.write_mask = write_mask;
        self
    }

    const fn rw(self, write_mask: u64) -> Self {
        self.access(Access::ReadWrite, write_mask)
    }

    const fn ro(self, value: u64) -> Self {
        self.access(Access::ReadOnly, 0).reset(value)
    }

    const fn wo(self, write_mask: u64) -> Self {
        self.access(Access::WriteOnly, write_mask)
    }

    const fn reset(mut self, value: u64) -> Self {
        self.reset = value;
        self
    }

    const fn shared(mut self, id: RegId) -> Self {
        self.shared = Some(id);
        self
    }

    const fn fields(mut self, fields: &'static [Field]) -> Self {
        self.fields = fields;
        self
    }
}

/// Numbers the rows and makes a handle for each.
macro_rules! table {
    ($($module:ident: $($name:ident)+;)+) => {
        #[allow(clippy::upper_case_acronyms, non_camel_case_types)]
        enum Row { $($($name),+),+ }

        /// All registers, page by page.
        pub static REGISTERS: &[Register] = &[$($($module::$name),+),+];

        $($(
            #[doc = concat!("Handle of the register `", stringify!($name), "`.")]
            pub const $name: RegId = RegId(Row::$name as u16);
        )+)+
    };
}

table! {
    global0:
        SCR0 SCR1 SCR2 SACR IDR0 IDR1 IDR2 IDR3 IDR4 IDR5 IDR6 IDR7
        SGFAR SGFSR SGFSRRESTORE SGFSYNR0 SGFSYNR1 SGFSYNR2
        STLBIALL TLBIVMID TLBIALLNSNH TLBIALLH STLBGSYNC STLBGSTATUS TLBIVAH
        DBGRPTRTBU DBGRDATATBU DBGRPTRTCU DBGRDATATCU
        STLBIVALM STLBIVAM TLBIVALH64 TLBIVMIDS1 STLBIALLM TLBIVAH64
        GATS1UR GATS1UW GATS1PR GATS1PW GATS12UR GATS12UW GATS12PR GATS12PW GPAR GATSR
        SMR S2CR
        PIDR4 PIDR5 PIDR6 PIDR7 PIDR0 PIDR1 PIDR2 PIDR3 CIDR0 CIDR1 CIDR2 CIDR3;
    global1:
        CBAR CBFRSYNRA CBA2R
        ITCTRL ITIP ITOP_GLBL ITOP_PERF_INDEX ITOP_CXT_RAM0 TBUQOS0 PER TBU_PWR_STATUS
        STATS_SYNC_INV_TBU_ACK MMU2QSS_AND_SAFE_WAIT_CNTR;
    pmu:
        PMEVCNTR PMEVTYPER PMCGCR PMCGSMR
        PMCNTENSET PMCNTENCLR PMINTENSET PMINTENCLR PMOVSCLR PMOVSSET
        PMCFGR PMCR PMCEID0 PMAUTHSTATUS PMDEVTYPE;
    bank:
        CB_SCTLR CB_ACTLR CB_RESUME CB_TCR2 CB_TTBR0 CB_TTBR1 CB_TCR CB_CONTEXTIDR CB_MAIR0 CB_MAIR1
        CB_PAR CB_FSR CB_FSRRESTORE CB_FAR CB_FSYNR0 CB_FSYNR1 CB_IPAFAR
        CB_TLBIVA CB_TLBIVAA CB_TLBIASID CB_TLBIALL CB_TLBIVAL CB_TLBIVAAL CB_TLBIIPAS2 CB_TLBIIPAS2L
        CB_TLBSYNC CB_TLBSTATUS CB_ATS1PR CB_ATS1PW CB_ATS1UR CB_ATS1UW CB_ATSR
        CB_PMEVCNTR CB_PMEVTYPER CB_PMCFGR CB_PMCR CB_PMCEID CB_PMCNTENSET CB_PMCNTENCLR
        CB_PMINTENSET CB_PMINTENCLR CB_PMOVSCLR CB_PMOVSSET CB_PMAUTHSTATUS;
}
