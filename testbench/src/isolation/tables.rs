//! Which physical pages tables lead to: descriptors followed level by level, with every value that one of them may still have, in both stages.

use super::registers::{Cached, Registers};
use crate::memory::{Change, Memory, PageMap};
use smmu_rtl::params::{Aarch32, Params};

/// Old values of one descriptor that are remembered.
const MAX_OLD: usize = 64;
/// Output bits of the AArch32 formats.
const NARROW_OUTPUT: u32 = 40;

/// The registers of a bank that its walks depend on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Config {
    pub cbar: u32,
    pub cba2r: u32,
    pub sctlr: u32,
    pub tcr: u32,
    pub tcr2: u32,
    pub ttbr: [u64; 2],
    pub contextidr: u32,
}

/// Where a transaction may go.
#[derive(Clone, Debug)]
pub(super) enum Route {
    /// To its own address.
    Through,
    /// Through tables.
    Tables(Box<Way>),
}

/// The registers of a stage, now or until that cycle. None: the stage is off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    pub config: Option<Config>,
    pub until: Option<u64>,
    pub vmid: u32,
    /// It is another stage 2 than the one that is there: of what stage 1 was cached with.
    pub in_first: bool,
}

/// Registers that a transaction may find on its way.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// Stage 1, if it is on.
    pub first: Option<Stage>,
    /// Stages 2 that its result, and the addresses of its descriptors, may go through.
    pub results: Vec<Stage>,
    pub walks: Vec<Stage>,
    /// Privilege that the stream gives to what it asks; none: the client's own.
    pub privileged: Option<bool>,
    pub params: Params,
}

/// A region of the address space as a walk sees it.
struct Region {
    granule: u32,
    input_bits: u32,
    start_level: u32,
    base: u64,
    output_bits: u32,
    short: bool,
    big: bool,
    stage2: bool,
}

/// Something old on the way. `table`: it is a table, not the leaf.
#[derive(Clone, Copy)]
enum Old {
    First {
        since: u64,
        table: bool,
    },
    /// Of stage 2, with the address that it translated; `below`: what it led to is a table of stage 1.
    Second {
        since: u64,
        table: bool,
        vmid: u32,
        ipa: u64,
        bits: u32,
        below: bool,
    },
}

/// What a walk has met so far.
#[derive(Clone, Default)]
struct Path {
    old: Vec<Old>,
    no_write: bool,
    no_user: bool,
}

/// What the walk looks for.
struct Goal<'a> {
    registers: &'a Registers,
    memory: &'a Memory,
    way: &'a Way,
    va: u64,
    pa: u64,
    write: bool,
    privileged: bool,
}

/// A walk of stage 1.
struct First<'a> {
    stage: &'a Stage,
    config: &'a Config,
    region: Region,
}

/// A look-up in stage 2: the address, whether the access writes, and its registers.
struct Second<'a> {
    stage: &'a Stage,
    region: Region,
    ipa: u64,
    write: bool,
    below: bool,
}

/// Where a look-up goes on.
type Then<'a> = dyn FnMut(u64, Path) -> bool + 'a;

/// Old values of descriptors, with the cycle in which they were replaced.
#[derive(Default)]
pub(super) struct Descriptors {
    olds: PageMap<Vec<(u64, u64)>>,
}

impl Config {
    /// CBAR.TYPE.
    pub fn kind(&self) -> u32 {
        self.cbar >> 16 & 3
    }

    /// CBAR.CBNDX: the bank of stage 2.
    pub fn behind(&self) -> usize {
        (self.cbar >> 8 & 0xff) as usize
    }

    /// `{HYPC, VMID}`, with VMIDs of 16 bits or of 8.
    pub fn vmid(&self, wide: bool) -> u32 {
        let vmid = if wide { self.cba2r >> 16 } else { self.cbar & 0xff };
        vmid | if self.kind() == 1 { self.cbar << 6 & 1 << 16 } else { 0 }
    }

    /// SCTLR.M.
    pub fn on(&self) -> bool {
        self.sctlr & 1 == 1
    }

    fn is_wide(&self) -> bool {
        self.cba2r & 1 == 1
    }

    fn is_short(&self) -> bool {
        !self.is_wide() && self.tcr >> 31 == 0
    }

    fn asid(&self) -> u32 {
        if self.is_short() {
            return self.contextidr & 0xff;
        }
        let mask = if self.is_wide() && self.tcr2 >> 4 & 1 == 1 { 0xffff } else { 0xff };
        (self.ttbr[(self.tcr >> 22 & 1) as usize] >> 48) as u32 & mask
    }

    /// The 64-bit address of a 49-bit one: the sign bit is where TCR2.SEP says. AArch32 has no sign.
    fn extended(&self, addr: u64) -> u64 {
        if !self.is_wide() {
            return addr;
        }
        let sign = [31, 35, 39, 41, 43, 47, 48, 48][(self.tcr2 >> 15 & 7) as usize];
        ((addr << (63 - sign)) as i64 >> (63 - sign)) as u64
    }

    fn big(&self, params: &Params) -> bool {
        params.features.big_endian && self.sctlr >> 4 & 1 == 1
    }

    /// The region of an extended address, if it lies in one that may be walked.
    fn region(&self, va: u64, params: &Params) -> Option<Region> {
        match (self.is_wide(), self.is_short()) {
            (true, _) => self.wide_region(va, params),
            (_, true) if params.features.aarch32 == Aarch32::Both => self.short_region(va, params),
            (_, false) if params.features.aarch32 != Aarch32::None => self.long_region(va, params),
            _ => None,
        }
    }

    fn wide_region(&self, va: u64, params: &Params) -> Option<Region> {
        let upper = va >> 63 == 1;
        let half = if upper { self.tcr >> 16 } else { self.tcr };
        let code = half >> 14 & 3;
        let granule = match if upper { [0, 14, 12, 16][code as usize] } else { [12, 16, 14, 0][code as usize] } {
            0 => return None,
            14 if !params.straps.granule_16k => return None,
            granule => granule,
        };
        let size = half & 0x3f;
        if half >> 7 & 1 == 1 || !(16..=39).contains(&size) {
            return None;
        }
        let outside = if upper { !va } else { va } >> (64 - size);
        let output_bits = [32, 36, 40, 42, 44, 48, 48, 48][(self.tcr2 & 7) as usize].min(params.output_bits());
        let base = self.ttbr[usize::from(upper)] & 0xffff_ffff_ffc0;
        let start_level = first_level(granule, 64 - size);
        (outside == 0).then_some(Region {
            granule,
            input_bits: 64 - size,
            start_level,
            base,
            output_bits,
            short: false,
            big: self.big(params),
            stage2: false,
        })
    }

    fn long_region(&self, va: u64, params: &Params) -> Option<Region> {
        let (t0, t1) = (self.tcr & 7, self.tcr >> 16 & 7);
        let lower = va >> (32 - t0) == 0;
        let upper = va >> 32 == 0 && if t1 == 0 { !lower } else { va >> (32 - t1) == (1 << t1) - 1 };
        let (size, off) = if upper { (t1, self.tcr >> 23 & 1) } else { (t0, self.tcr >> 7 & 1) };
        (va >> 32 == 0 && (upper || lower) && off == 0).then_some(Region {
            granule: 12,
            input_bits: 32 - size,
            start_level: first_level(12, 32 - size),
            base: self.ttbr[usize::from(upper)] & 0xffff_ffff_ffc0,
            output_bits: NARROW_OUTPUT.min(params.output_bits()),
            short: false,
            big: self.big(params),
            stage2: false,
        })
    }

    fn short_region(&self, va: u64, params: &Params) -> Option<Region> {
        let n = self.tcr & 7;
        let upper = va >> (32 - n) != 0;
        let off = self.tcr >> if upper { 5 } else { 4 } & 1;
        (va >> 32 == 0 && off == 0).then_some(Region {
            granule: 12,
            input_bits: if upper { 32 } else { 32 - n },
            start_level: 1,
            base: self.ttbr[usize::from(upper)] & 0xffff_ffff,
            output_bits: NARROW_OUTPUT.min(params.output_bits()),
            short: true,
            big: self.big(params),
            stage2: false,
        })
    }

    /// The tables of a bank of stage 2, if its registers agree with each other and the address is in range.
    fn second_region(&self, ipa: u64, params: &Params) -> Option<Region> {
        let sl0 = self.tcr >> 6 & 3;
        let (granule, input_bits, output_bits, legal) = if self.is_wide() {
            let granule = [12, 16, 14, 0][(self.tcr >> 14 & 3) as usize];
            let legal = match (granule, sl0) {
                (12, 0) => 30..=39,
                (12, 1) => 21..=33,
                (12, 2) => 16..=24,
                (14, 0) if params.straps.granule_16k => 35..=39,
                (14, 1) if params.straps.granule_16k => 24..=38,
                (14, 2) if params.straps.granule_16k => 16..=27,
                (16, 0) => 31..=39,
                (16, 1) => 18..=34,
                (16, 2) => 16..=21,
                _ => return None,
            };
            let size = self.tcr & 0x3f;
            let output = [32, 36, 40, 42, 44, 48, 48, 48][(self.tcr >> 16 & 7) as usize];
            (granule, 64u32.wrapping_sub(size), output, legal.contains(&size))
        } else {
            if params.features.aarch32 == Aarch32::None {
                return None;
            }
            let size = ((self.tcr & 15) << 28) as i32 >> 28;
            let bits = (32 - size) as u32;
            let legal = match sl0 {
                0 => 25..=34,
                1 => 31..=40,
                _ => return None,
            };
            (12, bits, NARROW_OUTPUT, legal.contains(&bits))
        };
        let start_level = if granule == 12 { 2 } else { 3u32 }.checked_sub(sl0)?;
        (legal && ipa >> input_bits == 0).then_some(Region {
            granule,
            input_bits,
            start_level,
            base: self.ttbr[0] & 0xffff_ffff_ffc0,
            output_bits: output_bits.min(params.output_bits()),
            short: false,
            big: self.big(params),
            stage2: true,
        })
    }
}

/// The level of a first table that resolves so many bits with as few tables as there can be.
fn first_level(granule: u32, input_bits: u32) -> u32 {
    let mut level = 3;
    let mut covered = granule;
    while covered + granule - 3 < input_bits {
        level -= 1;
        covered += granule - 3;
    }
    level
}

/// A 64-bit descriptor.
enum Kind {
    Nothing,
    Table,
    Leaf,
}

impl Region {
    /// log2 of the bytes below a descriptor of that level.
    fn covered(&self, level: u32) -> u32 {
        self.granule + (3 - level) * (self.granule - 3)
    }

    /// Address of the first descriptor.
    fn start(&self, address: u64) -> u64 {
        let address = address & ((1 << self.input_bits) - 1);
        if self.short {
            return (self.base & !((1 << (self.input_bits - 18)) - 1)) + (address >> 20) * 4;
        }
        let covered = self.covered(self.start_level);
        let table_bits = (self.input_bits - covered + 3).max(6);
        (self.base & !((1 << table_bits) - 1)) + 8 * (address >> covered)
    }

    /// Address of the next one.
    fn next(&self, table: u64, address: u64, level: u32) -> u64 {
        let table = table & 0xffff_ffff_f000 & !((1 << self.granule) - 1);
        table + 8 * (address >> self.covered(level) & ((1 << (self.granule - 3)) - 1))
    }

    fn kind(&self, value: u64, level: u32) -> Kind {
        match (value & 3, level) {
            (3, 0..=2) => Kind::Table,
            (3, 3) | (1, 2) => Kind::Leaf,
            (1, 1) if self.granule == 12 => Kind::Leaf,
            _ => Kind::Nothing,
        }
    }

    /// The page that a leaf leads to.
    fn output(&self, value: u64, address: u64, level: u32) -> Option<u64> {
        let below = (1u64 << self.covered(level)) - 1;
        let output = value & 0xffff_ffff_f000 & !below;
        (output >> self.output_bits == 0).then_some(output | address & below & !0xfff)
    }

    /// A descriptor points to where the hardware has addresses.
    fn fits(&self, address: u64) -> bool {
        (address & 0xffff_ffff_f000) >> self.output_bits == 0
    }
}

impl Descriptors {
    /// A word of memory was replaced. Only what may be a valid descriptor can be of use.
    pub(super) fn replaced(&mut self, change: &Change, cycle: u64) {
        if change.old & 0x0300_0003_0300_0003 == 0 {
            return;
        }
        let olds = self.olds.entry(change.addr).or_default();
        olds.retain(|(value, _)| *value != change.old);
        if olds.len() == MAX_OLD {
            olds.remove(0);
        }
        olds.push((change.old, cycle));
    }

    /// Whether this way leads from client page `addr` (49 bits) to physical page `pa` for such an access.
    #[allow(clippy::too_many_arguments)] // Two pages, two kinds of access and where to look: a structure would only be built for this call.
    pub(super) fn lead(
        &self,
        way: &Way,
        registers: &Registers,
        memory: &Memory,
        addr: u64,
        pa: u64,
        write: bool,
        privileged: bool,
    ) -> bool {
        let mut goal = Goal { registers, memory, way, va: addr, pa, write, privileged };
        let Some((stage, config)) = way.first.as_ref().and_then(|stage| Some((stage, stage.config.as_ref()?))) else {
            return self.through(&goal, &way.results, addr, write, false, Path::default(), &mut |page, path| {
                page == goal.pa && path.is_alive(&goal, None)
            });
        };
        goal.va = config.extended(addr);
        let Some(region) = config.region(goal.va, &way.params) else { return false };
        if region.base >> region.output_bits != 0 {
            return false;
        }
        let mut path = Path::default();
        path.old.extend(stage.until.map(|since| Old::First { since, table: true }));
        let (level, at) = (region.start_level, region.start(goal.va));
        let first = First { stage, config, region };
        self.step(&goal, &first, level, at, path)
    }

    /// Every value of a word, in the byte order of the tables, with the cycle in which it was replaced.
    fn values<'a>(&'a self, memory: &Memory, at: u64, region: &Region) -> impl Iterator<Item = (u64, Option<u64>)> + 'a {
        let now = memory.read_u64(at & !7).ok();
        let olds = self.olds.get(&(at & !7)).into_iter().flatten().map(|(value, until)| (*value, Some(*until)));
        let (short, big) = (region.short, region.big);
        now.map(|value| (value, None)).into_iter().chain(olds).map(move |(value, until)| {
            let value = match (short, big) {
                (false, false) => value,
                (false, true) => value.swap_bytes(),
                (true, _) => {
                    let half = if at & 4 == 0 { value } else { value >> 32 } as u32;
                    if big { half.swap_bytes() } else { half }.into()
                }
            };
            (value, until)
        })
    }

    /// A descriptor of stage 1 at `at`, in every value that it may have, wherever stage 2 says that it lies.
    fn step(&self, goal: &Goal, first: &First, level: u32, at: u64, path: Path) -> bool {
        let region = &first.region;
        let from = path.old.len();
        self.through(goal, &goal.way.walks, at, false, true, path, &mut |page, path| {
            let at = page & !0xfff | at & 0xfff;
            self.values(goal.memory, at, region).any(|(value, until)| {
                let mut path = path.clone();
                if region.short {
                    return self.short(goal, first, (level, from), (value, until), path);
                }
                match region.kind(value, level) {
                    Kind::Table => {
                        path.old.extend(until.map(|since| Old::First { since, table: true }));
                        path.no_write |= value >> 62 & 1 == 1;
                        path.no_user |= value >> 61 & 1 == 1;
                        let next = region.next(value, goal.va, level + 1);
                        region.fits(value) && self.step(goal, first, level + 1, next, path)
                    }
                    Kind::Leaf => {
                        path.leads_to_leaf(from);
                        path.old.extend(until.map(|since| Old::First { since, table: false }));
                        let read_only = path.no_write || value >> 7 & 1 == 1;
                        let user = !path.no_user && value >> 6 & 1 == 1;
                        let allowed = !(goal.write && read_only) && (goal.privileged || user);
                        let Some(page) = region.output(value, goal.va, level).filter(|_| allowed) else { return false };
                        self.result(goal, first, page, region.covered(level), value >> 11 & 1 == 0, path)
                    }
                    Kind::Nothing => false,
                }
            })
        })
    }

    /// A short descriptor.
    fn short(
        &self,
        goal: &Goal,
        first: &First,
        (level, from): (u32, usize),
        (value, until): (u64, Option<u64>),
        mut path: Path,
    ) -> bool {
        let va = goal.va;
        let kind = value & 3;
        if level == 1 && kind == 1 {
            path.old.extend(until.map(|since| Old::First { since, table: true }));
            return self.step(goal, first, 2, (value & 0xffff_fc00) + (va >> 12 & 0xff) * 4, path);
        }
        let (bits, output, ap, read_only, global) = match (level, kind) {
            (_, 0) => return false,
            (1, _) if value >> 18 & 1 == 1 => {
                let above = (value >> 20 & 15) << 32 | (value >> 5 & 15) << 36;
                (24, value & 0xff00_0000 | above, value >> 10 & 3, value >> 15 & 1, value >> 17 & 1)
            }
            (1, _) => (20, value & 0xfff0_0000, value >> 10 & 3, value >> 15 & 1, value >> 17 & 1),
            (_, 1) => (16, value & 0xffff_0000, value >> 4 & 3, value >> 9 & 1, value >> 11 & 1),
            _ => (12, value & 0xffff_f000, value >> 4 & 3, value >> 9 & 1, value >> 11 & 1),
        };
        path.leads_to_leaf(from);
        path.old.extend(until.map(|since| Old::First { since, table: false }));
        // With AFE, AP[0] is the access flag.
        let (afe, read_only) = (first.config.sctlr >> 2 & 1 == 1, read_only == 1);
        let allowed = match (goal.privileged, goal.write) {
            (true, false) => afe || ap != 0,
            (true, true) => (afe || ap != 0) && !read_only,
            (false, false) => ap >= 2,
            (false, true) => ap >= 2 && !read_only && (afe || ap == 3),
        };
        let page = output | va & ((1 << bits) - 1) & !0xfff;
        allowed && output >> first.region.output_bits == 0 && self.result(goal, first, page, bits, global == 0, path)
    }

    /// What stage 1 gives goes through stage 2.
    fn result(&self, goal: &Goal, first: &First, page: u64, bits: u32, global: bool, path: Path) -> bool {
        let (vmid, asid) = (first.stage.vmid, first.config.asid());
        let cached = Cached { second: false, vmid, asid, va: goal.va, bits, global };
        self.through(goal, &goal.way.results, page, goal.write, false, path, &mut |page, path| {
            page == goal.pa && path.is_alive(goal, Some(&cached))
        })
    }

    /// An address through each of these stages 2; `then` gets the page and all that was met.
    #[allow(clippy::too_many_arguments)] // As above.
    fn through(&self, goal: &Goal, stages: &[Stage], ipa: u64, write: bool, below: bool, path: Path, then: &mut Then) -> bool {
        stages.iter().any(|stage| {
            let mut path = path.clone();
            match (&stage.config, stage.until) {
                (_, Some(since)) if stage.in_first => path.old.push(Old::First { since, table: below }),
                _ => {}
            }
            let Some(config) = &stage.config else { return then(ipa & !0xfff, path) };
            let Some(region) = config.second_region(ipa, &goal.way.params) else { return false };
            if region.base >> region.output_bits != 0 {
                return false;
            }
            let (level, at) = (region.start_level, region.start(ipa));
            let second = Second { stage, region, ipa, write, below };
            self.step_second(goal, &second, level, at, (path, Vec::new()), then)
        })
    }

    /// A descriptor of stage 2.
    fn step_second(
        &self,
        goal: &Goal,
        second: &Second,
        level: u32,
        at: u64,
        met: (Path, Vec<(u64, bool)>),
        then: &mut Then,
    ) -> bool {
        let region = &second.region;
        debug_assert!(region.stage2);
        for (value, until) in self.values(goal.memory, at, region) {
            let (mut path, mut old) = met.clone();
            match region.kind(value, level) {
                Kind::Table => {
                    old.extend(until.map(|since| (since, true)));
                    let next = region.next(value, second.ipa, level + 1);
                    if region.fits(value) && self.step_second(goal, second, level + 1, next, (path, old), then) {
                        return true;
                    }
                }
                Kind::Leaf => {
                    old.extend(until.map(|since| (since, false)));
                    old.extend(second.stage.until.filter(|_| !second.stage.in_first).map(|since| (since, true)));
                    let (vmid, ipa, bits, below) = (second.stage.vmid, second.ipa, region.covered(level), second.below);
                    path.old.extend(old.iter().map(|&(since, table)| Old::Second { since, table, vmid, ipa, bits, below }));
                    let allowed = value >> if second.write { 7 } else { 6 } & 1 == 1;
                    let page = region.output(value, ipa, level).filter(|_| allowed);
                    if page.is_some_and(|page| then(page, path)) {
                        return true;
                    }
                }
                Kind::Nothing => {}
            }
        }
        false
    }
}

impl Path {
    /// What was met from there on was looked up for a leaf of stage 1, and not for a table.
    fn leads_to_leaf(&mut self, from: usize) {
        for old in &mut self.old[from..] {
            match old {
                Old::Second { below, .. } => *below = false,
                Old::First { table, .. } => *table = false,
            }
        }
    }

    /// Nothing that was met has been dropped since it was replaced. `first`: what is cached of stage 1.
    fn is_alive(&self, goal: &Goal, first: Option<&Cached>) -> bool {
        let registers = goal.registers;
        self.old.iter().all(|old| match (*old, first) {
            (Old::First { since, table }, Some(first)) => !registers.dropped(first, table, since),
            (Old::First { .. }, None) => true,
            (Old::Second { since, table, vmid, ipa, bits, below }, first) => {
                let second = Cached { second: true, vmid, asid: 0, va: ipa, bits, global: false };
                match first {
                    Some(first) => !registers.dropped_both((&second, first), (table, below), since),
                    None => !registers.dropped(&second, table, since),
                }
            }
        })
    }
}
