//! Which physical pages tables lead to: descriptors followed level by level, with every value that one of them may still have.

use super::registers::{Cached, Registers};
use crate::memory::{Change, Memory, PageMap};

/// Old values of one descriptor that are remembered.
const MAX_OLD: usize = 64;

/// The registers of a bank that its walks depend on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Config {
    pub tcr: u32,
    pub tcr2: u32,
    pub ttbr: [u64; 2],
}

/// Where a transaction may go.
#[derive(Clone, Copy, Debug)]
pub(super) enum Route {
    /// To its own address.
    Through,
    /// Through tables.
    Tables(Way),
}

/// A configuration that a bank has, or had until that cycle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub config: Config,
    pub until: Option<u64>,
    pub vmid: u32,
    pub output_bits: u32,
    pub granule_16k: bool,
}

/// A region of the address space as a walk sees it.
struct Region {
    granule: u32,
    input_bits: u32,
    base: u64,
    output_bits: u32,
}

/// What a walk has met so far.
#[derive(Clone, Default)]
struct Path {
    /// Old descriptors: when they were replaced, and whether they are tables.
    old: Vec<(u64, bool)>,
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
    asid: u32,
}

/// Old values of descriptors, with the cycle in which they were replaced.
#[derive(Default)]
pub(super) struct Descriptors {
    olds: PageMap<Vec<(u64, u64)>>,
}

impl Config {
    fn asid_mask(&self) -> u32 {
        if self.tcr2 >> 4 & 1 == 1 {
            0xffff
        } else {
            0xff
        }
    }

    fn asid(&self) -> u32 {
        (self.ttbr[(self.tcr >> 22 & 1) as usize] >> 48) as u32 & self.asid_mask()
    }

    /// The 64-bit address of a 49-bit one: the sign bit is where TCR2.SEP says.
    fn extended(&self, addr: u64) -> u64 {
        let sign = [31, 35, 39, 41, 43, 47, 48, 48][(self.tcr2 >> 15 & 7) as usize];
        ((addr << (63 - sign)) as i64 >> (63 - sign)) as u64
    }

    /// The region of an extended address, if it lies in one that may be walked.
    fn region(&self, va: u64, way: &Way) -> Option<Region> {
        let upper = va >> 63 == 1;
        let half = if upper { self.tcr >> 16 } else { self.tcr };
        let code = half >> 14 & 3;
        let granule = match if upper { [0, 14, 12, 16][code as usize] } else { [12, 16, 14, 0][code as usize] } {
            0 => return None,
            14 if !way.granule_16k => return None,
            granule => granule,
        };
        let size = half & 0x3f;
        if half >> 7 & 1 == 1 || !(16..=39).contains(&size) {
            return None;
        }
        let outside = if upper { !va } else { va } >> (64 - size);
        let physical = [32, 36, 40, 42, 44, 48, 48, 48][(self.tcr2 & 7) as usize].min(way.output_bits);
        let base = self.ttbr[usize::from(upper)] & 0xffff_ffff_ffc0;
        (outside == 0).then_some(Region { granule, input_bits: 64 - size, base, output_bits: physical })
    }
}

impl Descriptors {
    /// A word of memory was replaced. Only what is valid can be of use.
    pub(super) fn replaced(&mut self, change: &Change, cycle: u64) {
        if change.old & 1 == 0 {
            return;
        }
        let olds = self.olds.entry(change.addr).or_default();
        olds.retain(|(value, _)| *value != change.old);
        if olds.len() == MAX_OLD {
            olds.remove(0);
        }
        olds.push((change.old, cycle));
    }

    /// Whether this way leads from client page `va` (49 bits) to physical page `pa` for such an access.
    #[allow(clippy::too_many_arguments)] // Two pages, two kinds of access and where to look: a structure would only be built for this call.
    pub(super) fn lead(
        &self,
        way: &Way,
        registers: &Registers,
        memory: &Memory,
        va: u64,
        pa: u64,
        write: bool,
        privileged: bool,
    ) -> bool {
        let va = way.config.extended(va);
        let Some(region) = way.config.region(va, way) else { return false };
        let stride = region.granule - 3;
        let mut level = 3;
        let mut covered = region.granule;
        while covered + stride < region.input_bits {
            level -= 1;
            covered += stride;
        }
        let table_bits = (region.input_bits - covered + 3).max(6);
        let table = region.base & !((1 << table_bits) - 1);
        let goal = Goal { registers, memory, way, va, pa, write, privileged, asid: way.config.asid() };
        let index = (va & ((1 << region.input_bits) - 1)) >> covered;
        region.base >> region.output_bits == 0 && self.step(&goal, &region, level, covered, table + 8 * index, Path::default())
    }

    /// One descriptor, in every value that it may have.
    fn step(&self, goal: &Goal, region: &Region, level: u32, covered: u32, at: u64, path: Path) -> bool {
        let now = goal.memory.read_u64(at).ok();
        let olds = self.olds.get(&at).into_iter().flatten().map(|(value, until)| (*value, Some(*until)));
        now.map(|value| (value, None)).into_iter().chain(olds).any(|(value, until)| {
            let mut path = path.clone();
            match (value & 3, level) {
                (3, 0..=2) => {
                    path.old.extend(until.map(|until| (until, true)));
                    path.no_write |= value >> 62 & 1 == 1;
                    path.no_user |= value >> 61 & 1 == 1;
                    let next = value & 0xffff_ffff_f000;
                    let inside = next >> region.output_bits == 0;
                    let next = next & !((1 << region.granule) - 1);
                    let below = covered - (region.granule - 3);
                    let index = goal.va >> below & ((1 << (region.granule - 3)) - 1);
                    inside && self.step(goal, region, level + 1, below, next + 8 * index, path)
                }
                (3, 3) | (1, 2) => self.leaf(goal, region, covered, value, until, path),
                (1, 1) if region.granule == 12 => self.leaf(goal, region, covered, value, until, path),
                _ => false,
            }
        })
    }

    fn leaf(&self, goal: &Goal, region: &Region, covered: u32, value: u64, until: Option<u64>, mut path: Path) -> bool {
        path.old.extend(until.map(|until| (until, false)));
        let output = value & 0xffff_ffff_f000 & !((1 << covered) - 1);
        let inside = output >> region.output_bits == 0;
        let page = output | goal.va & ((1 << covered) - 1) & !0xfff;
        let read_only = path.no_write || value >> 7 & 1 == 1;
        let user = !path.no_user && value >> 6 & 1 == 1;
        let allowed = !(goal.write && read_only) && (goal.privileged || user);
        if page != goal.pa || !inside || !allowed {
            return false;
        }
        let cached = Cached { vmid: goal.way.vmid, asid: goal.asid, va: goal.va, bits: covered, global: value >> 11 & 1 == 0 };
        let gone = |table, since| goal.registers.dropped(&cached, table, since);
        goal.way.until.is_none_or(|until| !gone(true, until)) && path.old.iter().all(|&(until, table)| !gone(table, until))
    }
}
