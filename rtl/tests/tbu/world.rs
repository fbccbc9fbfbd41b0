//! What the unit's surroundings know: pages, transactions, and which outcome each may have.

use smmu_rtl::tbu::micro_tlb::offset_bits;

/// One state of a page: where it leads, or that it refuses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leaf {
    /// Output page number.
    pub ppn: u64,
    /// Size thermometer.
    pub mask: u64,
    /// {px, pw, pr, ux, uw, ur}; 0 refuses everything.
    pub perm: u64,
    /// A refusal is answered with zeros and OKAY.
    pub raz: bool,
}

/// A page of one stream, with every state it has had.
#[derive(Clone, Debug)]
pub struct Page {
    pub sid: u64,
    pub vpn: u64,
    pub mask: u64,
    pub asid: u64,
    pub vmid: u64,
    pub states: Vec<Leaf>,
    /// The oldest state that may still be seen.
    pub floor: usize,
}

/// All pages.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub pages: Vec<Page>,
}

/// An address transaction of the client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Txn {
    pub serial: u64,
    pub write: bool,
    pub id: u64,
    pub sid: u64,
    pub va: u64,
    pub len: u64,
    pub size: u64,
    pub burst: u64,
    pub prot: u64,
}

/// What may become of a transaction: the address it leaves with, or the response it is refused with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    Address(u64),
    Refused { raz: bool },
}

impl Txn {
    /// Whether the burst could leave its 4 KiB page, on a bus of 8 bytes.
    pub fn illegal(&self) -> bool {
        let bytes = 1u64 << self.size;
        let last = (self.va & !(bytes - 1)) + self.len * bytes;
        match self.burst {
            _ if bytes > 8 => true,
            0 => false,
            1 => last >> 12 != self.va >> 12,
            2 => !matches!(self.len, 1 | 3 | 7 | 15),
            _ => true,
        }
    }

    /// The permission bit that it needs.
    pub fn needs(&self) -> u64 {
        let privileged = self.prot & 1;
        let kind = match (self.write, self.prot >> 2 & 1) {
            (true, _) => 1,
            (false, 0) => 0,
            (false, _) => 2,
        };
        1 << (kind + 3 * privileged)
    }
}

impl Leaf {
    /// What becomes of a transaction on this page.
    pub fn outcome(&self, t: &Txn) -> Outcome {
        let offset = offset_bits(self.mask);
        let whole = self.mask == 0x7f;
        if t.illegal() || self.perm & t.needs() == 0 || (whole && t.va >> 48 != 0) {
            return Outcome::Refused { raz: self.raz };
        }
        let page = (t.va >> 12 & offset & 0xf_ffff_ffff) | self.ppn;
        Outcome::Address(page << 12 | t.va & 0xfff)
    }
}

impl World {
    /// Adds a page.
    pub fn map(&mut self, sid: u64, vpn: u64, leaf: Leaf) {
        let (asid, vmid) = (vpn % 3, sid % 2);
        self.pages.push(Page { sid, vpn, mask: leaf.mask, asid, vmid, states: vec![leaf], floor: 0 });
    }

    /// The page of an address. Every address of a test has one.
    pub fn find(&self, sid: u64, va: u64) -> usize {
        let inside = |p: &Page| p.sid == sid && (p.vpn ^ va >> 12) & !offset_bits(p.mask) == 0;
        self.pages.iter().position(inside).unwrap_or_else(|| panic!("no page for stream {sid} at {va:x}"))
    }

    /// Outcomes that a transaction may have now.
    pub fn allowed(&self, t: &Txn) -> Vec<Outcome> {
        self.allowed_since(t, self.pages[self.find(t.sid, t.va)].floor)
    }

    /// Outcomes in the states of its page from number `floor` on.
    pub fn allowed_since(&self, t: &Txn, floor: usize) -> Vec<Outcome> {
        let page = &self.pages[self.find(t.sid, t.va)];
        page.states[floor..].iter().map(|leaf| leaf.outcome(t)).collect()
    }
}
