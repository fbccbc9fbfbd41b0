//! The translation cache: leaves under their tags, and the maintenance commands, exact by tag.
//!
//! An entry covers what its leaf covers (a block stays one entry) and belongs to a bank, a [`Vmid`], and one ASID or all of them.
//! There are two caches: one of what stage 1 gives, with stage 2 worked in where a bank is nested, and one of stage 2 alone.
//! Nothing is evicted but by a command, a fill that overlaps, or (rarely) everything at once when [`CAPACITY`] is reached:
//! so an entry that no command named is still there, whatever became of the tables. Tables above leaves are not cached.

use super::bits::ones;
use super::walk::{Leaf, Stage2Leaf};
use std::collections::HashMap;

/// Entries that the cache holds. Real caches are smaller; here it only bounds memory.
pub const CAPACITY: usize = 1 << 16;

/// Address bits that entries are compared on: the client port's.
const COMPARED_BITS: u32 = 49;

/// VMID with the Hyp flag (`CBAR.HYPC`) above its sixteen bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Vmid(pub u32);

impl Vmid {
    /// From `HYPC` and `VMID`.
    pub fn new(hyp: bool, vmid: u16) -> Self {
        Vmid(u32::from(hyp) << 16 | u32::from(vmid))
    }

    /// The Hyp flag.
    pub fn hyp(self) -> bool {
        self.0 & 0x1_0000 != 0
    }
}

/// What can be cached.
pub trait Cached: Copy {
    /// log2 of the bytes that one entry answers for.
    fn size_bits(&self) -> u32;

    /// log2 of the bytes of the stage-1 leaf that it came from: a command that names any address of it drops the entry.
    fn named_bits(&self) -> u32 {
        self.size_bits()
    }

    /// Valid for its ASID only.
    fn not_global(&self) -> bool {
        true
    }
}

impl Cached for Leaf {
    fn size_bits(&self) -> u32 {
        self.size_bits
    }

    fn not_global(&self) -> bool {
        self.bits.not_global
    }
}

impl Cached for Stage2Leaf {
    fn size_bits(&self) -> u32 {
        self.size_bits
    }
}

/// What a bank with a stage 1 caches: its leaf, and what stage 2 makes of the part that was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Translation {
    /// Stage 1.
    pub leaf: Leaf,
    /// Stage 2, if it is on.
    pub second: Option<Stage2Leaf>,
    /// log2 of the aligned bytes around the address that surely lie in its region (TTBR0's or TTBR1's): no entry covers more.
    pub region_bits: u32,
}

impl Translation {
    /// The downstream address for an input address that both leaves cover.
    pub fn output(&self, va: u64) -> u64 {
        let ipa = self.leaf.output(va);
        self.second.map_or(ipa, |second| second.output(ipa))
    }
}

impl Cached for Translation {
    fn size_bits(&self) -> u32 {
        let first = self.leaf.size_bits.min(self.region_bits);
        self.second.map_or(first, |second| second.size_bits.min(first))
    }

    fn named_bits(&self) -> u32 {
        self.leaf.size_bits
    }

    fn not_global(&self) -> bool {
        self.leaf.bits.not_global
    }
}

/// Whose translations are looked up or filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// Context bank.
    pub bank: usize,
    /// VMID of that bank.
    pub vmid: Vmid,
    /// ASID in use there.
    pub asid: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Tag {
    bank: u16,
    vmid: Vmid,
    /// `None`: global, all ASIDs.
    asid: Option<u16>,
    size_bits: u8,
    /// The address above `size_bits`.
    page: u64,
}

impl Tag {
    /// The entry, whose leaf has `named_bits`, covers `va`.
    fn covers(&self, va: u64, named_bits: u32) -> bool {
        let above = named_bits - u32::from(self.size_bits);
        va >> named_bits == self.page >> above
    }

    /// Both would answer for some address.
    fn overlaps(&self, other: &Tag) -> bool {
        let bits = self.size_bits.max(other.size_bits);
        self.bank == other.bank
            && self.vmid == other.vmid
            && (self.asid.is_none() || other.asid.is_none() || self.asid == other.asid)
            && self.page >> (bits - self.size_bits) == other.page >> (bits - other.size_bits)
    }
}

/// What a maintenance command names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalidate {
    /// TLBIALL of a bank, TLBIVMID: all of that VMID, of both stages.
    Vmid(Vmid),
    /// TLBIVMIDS1: all of that VMID but what is of stage 2 alone.
    VmidStage1(Vmid),
    /// TLBIASID: entries of that ASID, not the global ones.
    Asid(Vmid, u16),
    /// TLBIVA, TLBIVAL: entries of that address that are global or of that ASID.
    Address(Vmid, u16, u64),
    /// TLBIVAA, TLBIVAAL: entries of that address, whatever the ASID.
    AddressAnyAsid(Vmid, u64),
    /// TLBIVAH and its 64-bit forms: entries of that address with the Hyp flag.
    HypAddress(u64),
    /// TLBIIPAS2, TLBIIPAS2L: entries of stage 2 alone that cover the intermediate address.
    Ipa(Vmid, u64),
    /// TLBIALLH: all with the Hyp flag.
    Hyp,
    /// TLBIALLNSNH: all without it.
    NotHyp,
}

impl Invalidate {
    /// It drops an entry of this tag, whose leaf has `named_bits`. Which cache it is for is not looked at.
    fn names(&self, tag: &Tag, named_bits: u32) -> bool {
        let covers = |va: u64| tag.covers(va & ones(COMPARED_BITS), named_bits);
        match *self {
            Invalidate::Vmid(vmid) | Invalidate::VmidStage1(vmid) => tag.vmid == vmid,
            Invalidate::Asid(vmid, asid) => tag.vmid == vmid && tag.asid == Some(asid),
            Invalidate::Address(vmid, asid, va) => {
                tag.vmid == vmid && tag.asid.is_none_or(|of_entry| of_entry == asid) && covers(va)
            }
            Invalidate::AddressAnyAsid(vmid, va) | Invalidate::Ipa(vmid, va) => tag.vmid == vmid && covers(va),
            Invalidate::HypAddress(va) => tag.vmid.hyp() && covers(va),
            Invalidate::Hyp => tag.vmid.hyp(),
            Invalidate::NotHyp => !tag.vmid.hyp(),
        }
    }

    /// It is for the cache of stage 1 and combined entries; for that of stage 2.
    fn reaches(&self) -> (bool, bool) {
        match self {
            Invalidate::Vmid(_) | Invalidate::NotHyp => (true, true),
            Invalidate::Ipa(..) => (false, true),
            _ => (true, false),
        }
    }
}

/// Both caches.
#[derive(Clone, Debug, Default)]
pub struct Caches {
    /// Stage 1 and combined entries.
    pub stage1: Tlb<Translation>,
    /// Stage 2 alone.
    pub stage2: Tlb<Stage2Leaf>,
}

impl Caches {
    /// Drops what the command names and nothing else.
    pub fn invalidate(&mut self, command: Invalidate) {
        let (stage1, stage2) = command.reaches();
        if stage1 {
            self.stage1.invalidate(command);
        }
        if stage2 {
            self.stage2.invalidate(command);
        }
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        *self = Caches::default();
    }
}

/// A cache.
#[derive(Clone, Debug)]
pub struct Tlb<L> {
    entries: HashMap<Tag, L>,
    /// Entries of each size: only sizes that are there are looked for.
    by_size: [usize; 32],
    globals: usize,
}

impl<L> Default for Tlb<L> {
    fn default() -> Self {
        Tlb { entries: HashMap::new(), by_size: [0; 32], globals: 0 }
    }
}

impl<L: Cached> Tlb<L> {
    /// The leaf for `va`, if it is cached.
    pub fn lookup(&self, context: Context, va: u64) -> Option<L> {
        self.find(context, va).map(|(_, leaf)| leaf)
    }

    fn find(&self, context: Context, va: u64) -> Option<(Tag, L)> {
        let va = va & ones(COMPARED_BITS);
        (12..=30u8).filter(|&bits| self.by_size[usize::from(bits)] != 0).find_map(|size_bits| {
            [Some(context.asid), None].into_iter().find_map(|asid| {
                let tag = Tag { bank: context.bank as u16, vmid: context.vmid, asid, size_bits, page: va >> size_bits };
                self.entries.get(&tag).map(|&leaf| (tag, leaf))
            })
        })
    }

    /// Caches the leaf that a walk for `va` found. Entries that it overlaps go; true if there were any.
    pub fn fill(&mut self, context: Context, va: u64, leaf: L) -> bool {
        let before = self.entries.len();
        if self.entries.len() >= CAPACITY {
            self.clear();
        }
        let size_bits = leaf.size_bits() as u8;
        let tag = Tag {
            bank: context.bank as u16,
            vmid: context.vmid,
            asid: leaf.not_global().then_some(context.asid),
            size_bits,
            page: (va & ones(COMPARED_BITS)) >> size_bits,
        };
        // Smaller entries under this one, and those of any ASID under a global one, have to be searched for. The usual fill, a page
        // of one ASID, can overlap only what an equal or larger entry for the same lookup is, and that is found by its tag.
        let smaller = self.by_size[..usize::from(size_bits)].iter().any(|&count| count != 0);
        if smaller || tag.asid.is_none() && self.entries.len() > self.globals {
            self.remove(|other, _| tag.overlaps(other));
        } else {
            while let Some((other, _)) = self.find(context, va) {
                self.remove_one(other);
            }
        }
        let dropped = self.entries.len() != before;
        if self.entries.insert(tag, leaf).is_none() {
            self.by_size[usize::from(size_bits)] += 1;
            self.globals += usize::from(tag.asid.is_none());
        }
        dropped
    }

    /// Drops what the command names and nothing else.
    pub fn invalidate(&mut self, command: Invalidate) {
        self.remove(|tag, leaf| command.names(tag, leaf.named_bits()));
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        *self = Tlb::default();
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// There is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn remove_one(&mut self, tag: Tag) {
        if self.entries.remove(&tag).is_some() {
            self.by_size[usize::from(tag.size_bits)] -= 1;
            self.globals -= usize::from(tag.asid.is_none());
        }
    }

    fn remove(&mut self, mut named: impl FnMut(&Tag, &L) -> bool) {
        let Tlb { entries, by_size, globals } = self;
        entries.retain(|tag, leaf| {
            let goes = named(tag, leaf);
            if goes {
                by_size[usize::from(tag.size_bits)] -= 1;
                *globals -= usize::from(tag.asid.is_none());
            }
            !goes
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::attributes::Attributes;
    use super::super::descriptor::{LeafBits, Stage2Bits};
    use super::*;

    const GUEST: Vmid = Vmid(7);

    fn context(bank: usize, asid: u16) -> Context {
        Context { bank, vmid: GUEST, asid }
    }

    fn leaf(address: u64, size_bits: u32, not_global: bool) -> Leaf {
        let bits = LeafBits { not_global, af: true, ..LeafBits::default() };
        Leaf { address, size_bits, level: 3, bits, attributes: Attributes::from_mair(0xFF) }
    }

    /// Pages 0x1000 (ASID 1), 0x2000 (ASID 2), 0x3000 (global), a 2 MiB block at 0x200000 (ASID 1).
    fn sample() -> Tlb<Leaf> {
        let mut tlb = Tlb::default();
        tlb.fill(context(0, 1), 0x1000, leaf(0xA000, 12, true));
        tlb.fill(context(0, 2), 0x2000, leaf(0xB000, 12, true));
        tlb.fill(context(0, 1), 0x3000, leaf(0xC000, 12, false));
        tlb.fill(context(0, 1), 0x20_0000, leaf(0xD0_0000, 21, true));
        tlb
    }

    /// Which of the four are left, as bits.
    fn left(tlb: &Tlb<Leaf>) -> u32 {
        [(1, 0x1000), (2, 0x2000), (9, 0x3000), (1, 0x3F_F000)]
            .iter()
            .enumerate()
            .map(|(i, &(asid, va))| u32::from(tlb.lookup(context(0, asid), va).is_some()) << i)
            .sum()
    }

    #[test]
    fn tags_of_a_lookup() {
        let tlb = sample();
        assert_eq!(left(&tlb), 0b1111);
        assert!(tlb.lookup(context(0, 2), 0x1000).is_none(), "another ASID");
        assert!(tlb.lookup(context(1, 1), 0x1000).is_none(), "another bank");
        assert!(tlb.lookup(Context { vmid: Vmid::new(true, 7), ..context(0, 1) }, 0x1000).is_none(), "Hyp");
        assert!(tlb.lookup(context(0, 1), 0x4000).is_none(), "another page");
        assert_eq!(tlb.lookup(context(0, 1), 0x31_2345).map(|l| l.output(0x31_2345)), Some(0xD0_0000 | 0x11_2345));
        assert!(tlb.lookup(context(0, 1), 0x40_0000).is_none(), "after the block");
    }

    #[test]
    fn each_command_drops_what_it_names() {
        for (command, expected) in [
            (Invalidate::Vmid(GUEST), 0),
            (Invalidate::Vmid(Vmid(8)), 0b1111),
            (Invalidate::Asid(GUEST, 1), 0b0110),
            (Invalidate::Asid(GUEST, 2), 0b1101),
            (Invalidate::Asid(Vmid(8), 1), 0b1111),
            (Invalidate::Address(GUEST, 1, 0x1FFF), 0b1110),
            (Invalidate::Address(GUEST, 2, 0x1000), 0b1111),
            (Invalidate::Address(GUEST, 2, 0x3000), 0b1011),
            (Invalidate::Address(GUEST, 1, 0x2A_B000), 0b0111),
            (Invalidate::Address(Vmid(8), 1, 0x1000), 0b1111),
            (Invalidate::AddressAnyAsid(GUEST, 0x2000), 0b1101),
            (Invalidate::AddressAnyAsid(GUEST, 0x3F_F000), 0b0111),
            (Invalidate::AddressAnyAsid(GUEST, 0x40_0000), 0b1111),
            (Invalidate::Hyp, 0b1111),
            (Invalidate::NotHyp, 0),
        ] {
            let mut tlb = sample();
            tlb.invalidate(command);
            assert_eq!(left(&tlb), expected, "{command:?}");
            assert_eq!(tlb.len(), expected.count_ones() as usize, "{command:?}");
        }
    }

    #[test]
    fn hyp_entries_are_apart() {
        let mut tlb = sample();
        let hyp = Context { vmid: Vmid::new(true, 7), ..context(0, 1) };
        tlb.fill(hyp, 0x1000, leaf(0xE000, 12, true));
        tlb.invalidate(Invalidate::NotHyp);
        assert_eq!((left(&tlb), tlb.len()), (0, 1));
        assert!(tlb.lookup(hyp, 0x1000).is_some());
        tlb.invalidate(Invalidate::Hyp);
        assert!(tlb.is_empty());
    }

    #[test]
    fn a_command_reaches_all_banks_of_its_vmid() {
        let mut tlb = sample();
        tlb.fill(context(3, 1), 0x1000, leaf(0xF000, 12, true));
        tlb.invalidate(Invalidate::Address(GUEST, 1, 0x1000));
        assert!(tlb.lookup(context(3, 1), 0x1000).is_none());
        assert_eq!(left(&tlb), 0b1110);
    }

    #[test]
    fn bits_above_the_port_do_not_matter() {
        let mut tlb = Tlb::<Leaf>::default();
        let upper = 0xFFFF_FFFF_FFFF_F000u64;
        tlb.fill(context(0, 1), upper, leaf(0xA000, 12, true));
        assert!(tlb.lookup(context(0, 1), upper).is_some());
        // A TLBI payload carries the address up to bit 55 only.
        tlb.invalidate(Invalidate::Address(GUEST, 1, 0x00FF_FFFF_FFFF_F000));
        assert!(tlb.is_empty());
    }

    #[test]
    fn a_fill_drops_what_it_overlaps() {
        let mut tlb = sample();
        tlb.fill(context(0, 1), 0x0, leaf(0x4000_0000, 21, true));
        assert_eq!(tlb.lookup(context(0, 1), 0x1000).map(|l| l.address), Some(0x4000_0000));
        assert!(tlb.lookup(context(0, 2), 0x2000).is_some(), "another ASID's page stays");
        assert!(tlb.lookup(context(0, 2), 0x3000).is_none(), "the global page under the block is gone");

        let mut tlb = sample();
        tlb.fill(context(0, 9), 0x2000, leaf(0x5000, 12, false));
        assert_eq!(tlb.lookup(context(0, 2), 0x2000).map(|l| l.address), Some(0x5000), "a global page replaces all ASIDs'");
        assert_eq!(tlb.len(), 4);
    }

    #[test]
    fn a_page_of_another_asid_beside_a_block() {
        let mut tlb = sample();
        tlb.fill(context(0, 2), 0x20_1000, leaf(0x6000, 12, true));
        assert_eq!(tlb.lookup(context(0, 2), 0x20_1000).map(|l| l.address), Some(0x6000));
        assert_eq!(tlb.lookup(context(0, 1), 0x20_1000).map(|l| l.address), Some(0xD0_0000));
    }

    fn second(address: u64, size_bits: u32) -> Stage2Leaf {
        let attributes = Attributes::from_stage2(15, 0);
        Stage2Leaf { address, size_bits, level: 3, bits: Stage2Bits::default(), attributes }
    }

    #[test]
    fn a_combined_entry_is_the_smaller_and_is_named_by_the_larger() {
        let mut caches = Caches::default();
        // Pages of a 2 MiB block at 0x20_0000 of stage 1, which stage 2 has as 4 KiB pages.
        for (va, pa) in [(0x20_0000, 0x7000), (0x20_5000, 0x9000)] {
            let translation = Translation { leaf: leaf(0x80_0000, 21, true), second: Some(second(pa, 12)), region_bits: 48 };
            caches.stage1.fill(context(0, 1), va, translation);
        }
        let found = |caches: &Caches, va| caches.stage1.lookup(context(0, 1), va).map(|t| t.output(va));
        assert_eq!(found(&caches, 0x20_0123), Some(0x7123));
        assert_eq!(found(&caches, 0x20_5123), Some(0x9123));
        assert_eq!(found(&caches, 0x20_1000), None);
        caches.invalidate(Invalidate::Address(GUEST, 1, 0x40_0000));
        assert_eq!(caches.stage1.len(), 2, "after the block");
        caches.invalidate(Invalidate::Address(GUEST, 1, 0x3F_F000));
        assert_eq!(caches.stage1.len(), 0, "any address of the block drops all its pieces");
        // The other way round: a 4 KiB page of stage 1 in a block of stage 2.
        let translation = Translation { leaf: leaf(0x80_3000, 12, true), second: Some(second(0x4020_0000, 21)), region_bits: 48 };
        caches.stage1.fill(context(0, 1), 0x1000, translation);
        assert_eq!(found(&caches, 0x1004), Some(0x4020_3004));
        assert_eq!(found(&caches, 0x2004), None);
    }

    #[test]
    fn which_cache_a_command_reaches() {
        for (command, expected) in [
            (Invalidate::Vmid(GUEST), (0, 0)),
            (Invalidate::VmidStage1(GUEST), (0, 1)),
            (Invalidate::VmidStage1(Vmid(8)), (1, 1)),
            (Invalidate::Asid(GUEST, 1), (0, 1)),
            (Invalidate::Address(GUEST, 1, 0x1000), (0, 1)),
            (Invalidate::AddressAnyAsid(GUEST, 0x1000), (0, 1)),
            (Invalidate::Ipa(GUEST, 0x1000), (1, 0)),
            (Invalidate::Ipa(GUEST, 0x2000), (1, 1)),
            (Invalidate::Ipa(Vmid(8), 0x1000), (1, 1)),
            (Invalidate::Hyp, (1, 1)),
            (Invalidate::NotHyp, (0, 0)),
        ] {
            let mut caches = Caches::default();
            caches.stage1.fill(
                context(0, 1),
                0x1000,
                Translation { leaf: leaf(0xA000, 12, true), second: None, region_bits: 48 },
            );
            caches.stage2.fill(context(2, 0), 0x1000, second(0xB000, 12));
            caches.invalidate(command);
            assert_eq!((caches.stage1.len(), caches.stage2.len()), expected, "{command:?}");
        }
    }
}
