//! What a translation is made of: the descriptors that a walk of the model reads, in both stages.

use crate::memory::Memory;
use smmu_sim::model::{Reading, TableMemory};

/// Addresses that a descriptor covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// An address in it: virtual and sign-extended, or intermediate.
    pub address: u64,
    /// log2 of its bytes.
    pub bits: u32,
    /// Level of the table that it stands in.
    pub level: u8,
    /// A leaf for all ASIDs. Of what is no leaf: what its bit says.
    pub global: bool,
}

impl Span {
    pub(super) fn of(what: &Reading) -> Self {
        Span { address: what.address, bits: what.bits, level: what.level, global: !what.not_global }
    }
}

/// The last descriptors that were read for a verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ends {
    /// The last word of all.
    pub word: u64,
    /// The last descriptor of stage 1.
    pub first: Option<Span>,
    /// The last one of stage 2, if it came after that.
    pub second: Option<Span>,
    /// The last word of stage 1.
    pub first_word: u64,
}

impl Ends {
    /// A descriptor is read next.
    pub(super) fn reading(&mut self, what: &Reading) {
        if what.stage2 {
            self.second = Some(Span::of(what));
        } else {
            self.first = Some(Span::of(what));
            self.second = None;
        }
    }

    /// It is this word.
    pub(super) fn read(&mut self, word: u64) {
        self.word = word;
        if let (Some(first), None) = (&mut self.first, self.second) {
            first.global = word >> 11 & 1 == 0;
            self.first_word = word;
        }
    }

    /// It was a leaf.
    pub(super) fn found(&mut self, what: &Reading) {
        if !what.stage2 {
            self.first = Some(Span::of(what));
        }
    }
}

/// The tables as memory holds them, with note of what was read last.
pub(super) struct Tables<'a> {
    memory: &'a mut Memory,
    pub ends: Ends,
}

impl<'a> Tables<'a> {
    pub(super) fn new(memory: &'a mut Memory) -> Self {
        Tables { memory, ends: Ends::default() }
    }
}

impl TableMemory for Tables<'_> {
    fn read64(&mut self, pa: u64) -> Option<u64> {
        let word = self.memory.table_word(pa);
        self.ends.read(word.unwrap_or_default());
        word
    }

    fn reading(&mut self, what: &Reading) {
        self.ends.reading(what);
    }

    fn found(&mut self, what: &Reading) {
        self.ends.found(what);
    }
}

/// For questions whose answer needs no table.
pub(super) struct NoTables;

impl TableMemory for NoTables {
    fn read64(&mut self, _pa: u64) -> Option<u64> {
        None
    }
}
