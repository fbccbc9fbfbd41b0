//! Words for what is set up and changed: banks, streams, leaves, tables.

use super::Spot;
use serde::{Deserialize, Serialize};

/// All registers of a bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bank {
    /// Bank, counted around the number of banks.
    pub bank: u8,
    /// Trees of TTBR0 and TTBR1.
    pub trees: (u8, u8),
    /// ASID.
    pub asid: u16,
    /// The ASID is that of TTBR1 (TCR.A1).
    pub a1: bool,
    /// TCR2.AS: 16-bit ASIDs.
    pub wide_asid: bool,
    /// VMID.
    pub vmid: u8,
    /// CBAR.HYPC.
    pub hyp: bool,
    /// CBAR.TYPE.
    pub kind: u8,
    /// CBA2R.VA64 is what the tree of TTBR0 needs.
    pub va64: bool,
    /// SCTLR.
    #[serde(with = "super::super::hex")]
    pub sctlr: u32,
    /// TCR2.PASize.
    pub pa_size: u8,
    /// TCR2.SEP.
    pub sep: u8,
    /// TCR.EPD0 and EPD1.
    pub epd: (bool, bool),
    /// Bits of TCR that are flipped.
    #[serde(with = "super::super::hex")]
    pub odd_tcr: u32,
    /// Bits that are set in TTBR0 and TTBR1 below and above the table's address.
    #[serde(with = "super::super::hex")]
    pub odd_ttbr: u64,
    /// CBAR.CBNDX of TYPE 3: the bank of stage 2.
    #[serde(default, skip_serializing_if = "super::is_usual")]
    pub second: u8,
}

/// One register of a bank gets a new value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adjust {
    /// SCTLR.
    Sctlr {
        /// Bank.
        bank: u8,
        /// Value.
        #[serde(with = "super::super::hex")]
        value: u32,
    },
    /// A TTBR, to a tree and an ASID.
    Ttbr {
        /// Bank.
        bank: u8,
        /// TTBR1.
        upper: bool,
        /// Tree.
        tree: u8,
        /// ASID.
        asid: u16,
    },
    /// TCR2.
    Tcr2 {
        /// Bank.
        bank: u8,
        /// TCR2.PASize.
        pa_size: u8,
        /// TCR2.SEP.
        sep: u8,
        /// TCR2.AS.
        wide_asid: bool,
    },
    /// CBAR.
    Cbar {
        /// Bank.
        bank: u8,
        /// CBAR.TYPE.
        kind: u8,
        /// VMID.
        vmid: u8,
        /// CBAR.HYPC.
        hyp: bool,
        /// CBAR.CBNDX of TYPE 3.
        #[serde(default, skip_serializing_if = "super::is_usual")]
        second: u8,
    },
    /// CBA2R.
    Cba2r {
        /// Bank.
        bank: u8,
        /// CBA2R.VA64.
        va64: bool,
    },
}

/// A stream match group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// Group, counted around the number of groups.
    pub group: u8,
    /// Stream of the pool (`layout::STREAMS`).
    pub stream: u8,
    /// SMR.MASK.
    pub mask: u16,
    /// SMR.VALID.
    pub valid: bool,
    /// S2CR.TYPE: 0 translate, 1 bypass, 2 fault, 3 reserved.
    pub kind: u8,
    /// S2CR.CBNDX.
    pub bank: u8,
}

/// `sCR0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Global {
    /// CLIENTPD.
    pub client_off: bool,
    /// GFRE.
    pub report: bool,
    /// GFIE.
    pub interrupt: bool,
    /// USFCFG.
    pub unmatched_fault: bool,
    /// SMCFCFG, where it can be written.
    pub conflict_fault: bool,
}

/// A leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Map {
    /// Where.
    pub at: Spot,
    /// Level of the leaf, moved to one that has leaves in this granule (illegal ones are for [`Step::Word`]).
    pub level: u8,
    /// Frame of data memory.
    pub frame: u8,
    /// Attributes and other bits of the descriptor, in place.
    #[serde(with = "super::super::hex")]
    pub bits: u64,
    /// The descriptor is not valid.
    pub invalid: bool,
}

/// A window of IPA space, all mapped in leaves of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cover {
    /// Tree of stage 2.
    pub tree: u8,
    /// 0: the tables, to themselves; 1: the tables' second window (`layout::ALIAS`); 2: data memory.
    pub window: u8,
    /// Level of the leaves, moved to one that has leaves in this granule.
    pub level: u8,
    /// Leaves of data change places: number n gets the memory of number n ^ swap.
    pub swap: u8,
    /// Attributes, as those of a [`Map`].
    #[serde(with = "super::super::hex")]
    pub bits: u64,
}

/// A table descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Where.
    pub at: Spot,
    /// Level of the table that holds the descriptor, 0 to 2.
    pub level: u8,
    /// Where it points.
    pub to: TableTarget,
    /// NSTable, APTable, XNTable, PXNTable and ignored bits, in place.
    #[serde(with = "super::super::hex")]
    pub bits: u64,
}

/// Where a table descriptor points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableTarget {
    /// Where it points already, or to a new table.
    Same,
    /// To a new, empty table.
    New,
    /// To the table of the same level in another tree.
    Other {
        /// That tree.
        tree: u8,
    },
    /// To where no memory is.
    Hole,
    /// Beyond every output size but the largest.
    Beyond,
    /// Nowhere: the descriptor is not valid.
    Nothing,
}
