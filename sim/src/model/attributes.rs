//! Memory attributes: types, their codes in registers and descriptors, how stages combine, and how they stand on the
//! downstream port.
//!
//! `docs/architecture.md`, "Attributes on the downstream port", is the contract; this follows it section by section.

use super::bits::{bit, field};

/// Cacheability, the strongest (that is the least) first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cache {
    /// Not cacheable.
    Nc,
    /// Write-through.
    Wt,
    /// Write-back.
    Wb,
}

impl Cache {
    /// Two bits of a `MemAttr`.
    fn from_memattr(code: u64) -> Self {
        match code {
            2 => Cache::Wt,
            3 => Cache::Wb,
            _ => Cache::Nc,
        }
    }
}

/// Memory type. Ordered: the stronger one is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Memory {
    /// Device: 0 nGnRnE, 1 nGnRE, 2 nGRE, 3 GRE.
    Device(u8),
    /// Normal memory.
    Normal {
        /// Outer cacheability.
        outer: Cache,
        /// Inner cacheability.
        inner: Cache,
    },
}

impl Memory {
    /// From a four-bit `MemAttr`.
    pub fn from_memattr(code: u64) -> Self {
        match field(code, 3, 2) {
            0 => Memory::Device(field(code, 1, 0) as u8),
            outer => Memory::Normal { outer: Cache::from_memattr(outer), inner: Cache::from_memattr(field(code, 1, 0)) },
        }
    }

    /// The stronger of two.
    fn combine(self, other: Self) -> Self {
        match (self, other) {
            (Memory::Device(a), Memory::Device(b)) => Memory::Device(a.min(b)),
            (device @ Memory::Device(_), _) | (_, device @ Memory::Device(_)) => device,
            (Memory::Normal { outer: o1, inner: i1 }, Memory::Normal { outer: o2, inner: i2 }) => {
                Memory::Normal { outer: o1.min(o2), inner: i1.min(i2) }
            }
        }
    }

    /// It is Device memory.
    pub fn is_device(self) -> bool {
        matches!(self, Memory::Device(_))
    }
}

/// Shareability, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Share {
    /// Outer shareable.
    Outer,
    /// Inner shareable.
    Inner,
    /// Not shareable.
    None,
}

impl Share {
    /// `SH` of a descriptor.
    pub fn from_sh(code: u64) -> Self {
        match code {
            2 => Share::Outer,
            3 => Share::Inner,
            _ => Share::None,
        }
    }

    /// `SHCFG`, `BPSHCFG`: `None` for 0.
    fn from_shcfg(code: u64) -> Option<Self> {
        [None, Some(Share::Outer), Some(Share::Inner), Some(Share::None)][code as usize & 3]
    }

    /// As `SH` of a `PAR`.
    fn to_sh(self) -> u64 {
        match self {
            Share::Outer => 2,
            Share::Inner => 3,
            Share::None => 0,
        }
    }
}

/// The attributes of a transaction or a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attributes {
    /// Memory type.
    pub memory: Memory,
    /// Hint for reads.
    pub read_allocate: bool,
    /// Hint for writes.
    pub write_allocate: bool,
    /// Shareability.
    pub share: Share,
}

/// Attributes as the downstream port shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OutputAttributes {
    /// AxCACHE: the outer cacheability.
    pub cache: u8,
    /// AxUSER 17:16: 0 not shareable, 1 inner, 2 outer.
    pub domain: u8,
    /// AxUSER 21:18: the inner cacheability, coded as AxCACHE.
    pub inner: u8,
    /// AxPROT.
    pub prot: u8,
}

impl Attributes {
    /// What a client's AxCACHE says.
    pub fn from_axcache(cache: u8, write: bool) -> Self {
        let code = u64::from(cache);
        let memory = if !bit(code, 1) {
            Memory::Device(u8::from(bit(code, 0)))
        } else {
            let kind = match (field(code, 3, 2), bit(code, 0)) {
                (0, _) => Cache::Nc,
                (_, false) => Cache::Wt,
                (_, true) => Cache::Wb,
            };
            Memory::Normal { outer: kind, inner: kind }
        };
        let hint = bit(code, if write { 3 } else { 2 });
        let cacheable = matches!(memory, Memory::Normal { outer: Cache::Wt | Cache::Wb, .. });
        let share = if cacheable { Share::None } else { Share::Outer };
        Attributes { memory, read_allocate: hint, write_allocate: hint, share }
    }

    /// From a `MAIR` byte; not shareable.
    pub fn from_mair(byte: u8) -> Self {
        let code = u64::from(byte);
        let nibble = |n: u64| match (n, n >> 2) {
            (0 | 4, _) => Cache::Nc,
            (_, 0 | 2) => Cache::Wt,
            _ => Cache::Wb,
        };
        let outer = field(code, 7, 4);
        let memory = if outer == 0 {
            Memory::Device(field(code, 3, 2) as u8)
        } else {
            Memory::Normal { outer: nibble(outer), inner: nibble(field(code, 3, 0)) }
        };
        let cacheable = outer != 0 && outer != 4;
        Attributes {
            memory,
            read_allocate: cacheable && bit(code, 5),
            write_allocate: cacheable && bit(code, 4),
            share: Share::None,
        }
    }

    /// From the four-bit `MemAttr` and `SH` of a stage-2 descriptor: no hints of its own.
    pub fn from_stage2(memattr: u64, sh: u64) -> Self {
        Attributes {
            memory: Memory::from_memattr(memattr),
            read_allocate: false,
            write_allocate: false,
            share: Share::from_sh(sh),
        }
    }

    /// From `TEX` (three bits), `C`, `B` and `S` of a short descriptor, without remapping.
    pub fn from_tex(tex: u64, c: bool, b: bool, s: bool) -> Self {
        let share = if s { Share::Outer } else { Share::None };
        let normal = |outer, inner, reads, writes| Attributes {
            memory: Memory::Normal { outer, inner },
            read_allocate: reads,
            write_allocate: writes,
            share,
        };
        let device = |kind| Attributes { memory: Memory::Device(kind), ..normal(Cache::Nc, Cache::Nc, false, false) };
        match (tex, c, b) {
            (0, false, false) => device(0),
            (0, false, true) | (2, false, false) => device(1),
            (0, true, false) => normal(Cache::Wt, Cache::Wt, true, false),
            (0, true, true) => normal(Cache::Wb, Cache::Wb, true, false),
            (1, true, true) => normal(Cache::Wb, Cache::Wb, true, true),
            (4..=7, _, _) => {
                let (outer, reads, writes) = region_code(tex & 3);
                let (inner, _, _) = region_code(u64::from(c) << 1 | u64::from(b));
                normal(outer, inner, reads, writes)
            }
            _ => normal(Cache::Nc, Cache::Nc, false, false),
        }
    }

    /// From `{TEX[0], C, B}` and `S` of a short descriptor, remapped by `PRRR` and `NMRR`.
    pub fn from_remap(n: u64, s: bool, prrr: u32, nmrr: u32) -> Self {
        let (prrr, nmrr, n) = (u64::from(prrr), u64::from(nmrr), n as u32);
        let (outer, read_allocate, write_allocate) = region_code(field(nmrr, 2 * n + 17, 2 * n + 16));
        let (inner, _, _) = region_code(field(nmrr, 2 * n + 1, 2 * n));
        let shareable = bit(prrr, 18 + u32::from(s));
        let share = match (shareable, bit(prrr, 24 + n)) {
            (false, _) => Share::None,
            (true, true) => Share::Inner,
            (true, false) => Share::Outer,
        };
        match field(prrr, 2 * n + 1, 2 * n) {
            2 => Attributes { memory: Memory::Normal { outer, inner }, read_allocate, write_allocate, share },
            kind => Attributes {
                memory: Memory::Device(u8::from(kind == 1)),
                read_allocate: false,
                write_allocate: false,
                share: Share::Outer,
            },
        }
    }

    /// Combined with a later stage's: the stronger of each, the hints stay.
    #[must_use]
    pub fn combine(self, later: Attributes) -> Self {
        Attributes { memory: self.memory.combine(later.memory), share: self.share.min(later.share), ..self }
    }

    /// Overridden by a configuration register.
    #[must_use]
    pub fn overridden(self, by: Overrides) -> Self {
        let hint = |old: bool, code: u64| match code {
            2 => true,
            3 => false,
            _ => old,
        };
        Attributes {
            memory: if by.mtcfg { Memory::from_memattr(by.memattr) } else { self.memory },
            read_allocate: hint(self.read_allocate, by.racfg),
            write_allocate: hint(self.write_allocate, by.wacfg),
            share: Share::from_shcfg(by.shcfg).unwrap_or(self.share),
        }
    }

    /// Device, and what is not cacheable at all, is outer shareable.
    #[must_use]
    pub fn resolved(self) -> Self {
        let strong = matches!(self.memory, Memory::Device(_) | Memory::Normal { outer: Cache::Nc, inner: Cache::Nc });
        Attributes { share: if strong { Share::Outer } else { self.share }, ..self }
    }

    /// As the pins of a read or a write show it.
    pub fn output(self, write: bool, prot: u8) -> OutputAttributes {
        let resolved = self.resolved();
        let hint = if write { self.write_allocate } else { self.read_allocate };
        let code = |kind: Cache| {
            let back = u8::from(kind == Cache::Wb);
            match (kind, write) {
                (Cache::Nc, _) => 0b0011,
                (_, false) => 0b1010 | u8::from(hint) << 2 | back,
                (_, true) => 0b0110 | u8::from(hint) << 3 | back,
            }
        };
        let (cache, inner) = match resolved.memory {
            Memory::Device(kind) => (u8::from(kind != 0), u8::from(kind != 0)),
            Memory::Normal { outer, inner } => (code(outer), code(inner)),
        };
        let domain = match resolved.share {
            Share::None => 0,
            Share::Inner => 1,
            Share::Outer => 2,
        };
        OutputAttributes { cache, domain, inner, prot }
    }

    /// `ATTR` (63:56) and `SH` (8:7) of a `PAR`, in place.
    pub fn par_bits(self) -> u64 {
        let resolved = self.resolved();
        let hints = u64::from(self.read_allocate) << 1 | u64::from(self.write_allocate);
        let nibble = |kind| match kind {
            Cache::Nc => 4,
            Cache::Wt => 8 | hints,
            Cache::Wb => 12 | hints,
        };
        let byte = match resolved.memory {
            Memory::Device(kind) => u64::from(kind) << 2,
            Memory::Normal { outer, inner } => nibble(outer) << 4 | nibble(inner),
        };
        byte << 56 | resolved.share.to_sh() << 7
    }
}

/// A cacheability of the short format: type, read hint, write hint.
fn region_code(code: u64) -> (Cache, bool, bool) {
    match code {
        1 => (Cache::Wb, true, true),
        2 => (Cache::Wt, true, false),
        3 => (Cache::Wb, true, false),
        _ => (Cache::Nc, false, false),
    }
}

/// The fields by which a register overrides attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    mtcfg: bool,
    memattr: u64,
    shcfg: u64,
    racfg: u64,
    wacfg: u64,
}

impl Overrides {
    /// The fields of `S2CR`. `CBAR` of TYPE 1 has its own at the same places, without `MTCFG`.
    pub fn of_s2cr(value: u64) -> Self {
        Overrides {
            mtcfg: bit(value, 11),
            memattr: field(value, 15, 12),
            shcfg: field(value, 9, 8),
            racfg: field(value, 21, 20),
            wacfg: field(value, 23, 22),
        }
    }

    /// The fields of `sCR0` and of `SCTLR`.
    pub fn of_control(value: u64) -> Self {
        Overrides {
            mtcfg: bit(value, 20),
            memattr: field(value, 19, 16),
            shcfg: field(value, 23, 22),
            racfg: field(value, 25, 24),
            wacfg: field(value, 27, 26),
        }
    }

    /// What `CBAR` of TYPE 1 does to attributes: combined, then its hints.
    pub fn apply_cbar(cbar: u64, before: Attributes) -> Attributes {
        let fields = Overrides::of_s2cr(cbar);
        let later = Attributes {
            memory: Memory::from_memattr(fields.memattr),
            share: Share::from_shcfg(fields.shcfg).unwrap_or(Share::None),
            ..before
        };
        before.combine(later).overridden(Overrides { mtcfg: false, shcfg: 0, ..fields })
    }
}

#[cfg(test)]
mod tests;
