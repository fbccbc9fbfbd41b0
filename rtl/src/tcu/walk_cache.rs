//! Walk cache: what one level of the tables said, for levels 0, 1 and 2.
//!
//! One instance a level, direct mapped, in RAM. An entry is either a table (where the next level's table is, and what the tables so far
//! took away) or a block (a leaf). So a block is one entry, whatever part of it is named when it is invalidated.
//!
//! # Entry word (121 bits)
//!
//! | bits | field | | bits | field |
//! | --- | --- | --- | --- | --- |
//! | 0 | valid | | 36:21 | ASID |
//! | 1 | block (else table) | | 64:37 | key: VA[48:21], or VA[48:30], VA[48:39] at the low end |
//! | 2 | nG (block; tables count as nG) | | 100:65 | PA[47:12] of table or block |
//! | 4:3 | granule code | | 106:101 | block: permissions {px,pw,pr,ux,uw,ur}; table: {-,-,PXNTable,XNTable,APTable[1:0]} so far |
//! | 11:5 | context bank | | 114:107 | block: attributes |
//! | 20:12 | {HYPC, VMID[7:0]} | | 116:115 | kind, as in [`super::main_tlb`] |
//! | | | | 117 | TTBR1's region of long descriptors of AArch32, a part of the kind |
//! | | | | 120:118 | zero |
//!
//! VMID[15:8] are in a memory of their own.
//!
//! # Timing
//!
//! Cycle c: `lk_index` (or `pr_index` with `pr_valid`). Cycle c + 1: `cmp_*` compared, `hit` and `entry` valid; a probed entry that
//! matches `inv_*` is written invalid in cycle c + 2. `fl_we` writes in its cycle; the caller never fills while maintenance runs.
//!
//! # Maintenance
//!
//! By address, a table entry goes whatever its ASID, but only for the operations that are not "last level" (`inv_leaf`): a global page
//! may hang below it.

use crate::params::Params;
use crate::prelude::*;
use crate::prim::ram::RamSync;
use crate::prim::strap::Strap;

/// The block: `2^IW` entries.
#[derive(LogicBlock, Default)]
pub struct WalkCache<const IW: usize> {
    pub clock: Signal<In, Clock>,
    pub lk_index: Signal<In, Word<7>>,
    pub cmp_key: Signal<In, Word<28>>,
    pub cmp_granule: Signal<In, Word<2>>,
    pub cmp_bank: Signal<In, Word<7>>,
    pub cmp_vmid: Signal<In, Word<17>>,
    pub cmp_asid: Signal<In, Word<16>>,
    pub cmp_kind: Signal<In, Word<3>>,
    /// Bits of the kind that the hardware has.
    pub cmp_kinds: Signal<In, Word<3>>,
    pub hit: Signal<Out, Bit>,
    /// The entry that was read, whether it hit or not.
    pub entry: Signal<Out, Word<121>>,
    pub fl_we: Signal<In, Bit>,
    pub fl_index: Signal<In, Word<7>>,
    pub fl_entry: Signal<In, Word<121>>,
    /// VMID[15:8].
    pub fl_vmid: Signal<In, Word<8>>,
    pub pr_valid: Signal<In, Bit>,
    pub pr_clear: Signal<In, Bit>,
    pub pr_index: Signal<In, Word<7>>,
    pub pr_key: Signal<In, Word<28>>,
    pub pr_granule: Signal<In, Word<2>>,
    pub inv_use_hyp: Signal<In, Bit>,
    pub inv_hyp: Signal<In, Bit>,
    pub inv_use_vmid: Signal<In, Bit>,
    pub inv_vmid: Signal<In, Word<17>>,
    pub inv_use_asid: Signal<In, Bit>,
    pub inv_asid: Signal<In, Word<16>>,
    pub inv_use_va: Signal<In, Bit>,
    pub inv_leaf: Signal<In, Bit>,
    store: RamSync<IW, 121>,
    vmids: RamSync<IW, 8>,
    has_vmid16: Strap<Bit>,
    vmid: Signal<Local, Word<17>>,
    probing: DFF<Bit>,
    probe_clear: DFF<Bit>,
    probe_index: DFF<Word<7>>,
    probe_key: DFF<Word<28>>,
    probe_granule: DFF<Word<2>>,
    dropping: DFF<Bit>,
    drop_index: DFF<Word<7>>,
    is_block: Signal<Local, Bit>,
    kind: Signal<Local, Word<3>>,
    ng: Signal<Local, Bit>,
    same_asid: Signal<Local, Bit>,
    same_space: Signal<Local, Bit>,
    drop: Signal<Local, Bit>,
}

impl<const IW: usize> WalkCache<IW> {
    /// The block for hardware with these features.
    pub fn new(params: &Params) -> Self {
        Self { has_vmid16: Strap::new(params.features.vmid16), ..Self::default() }
    }
}

impl<const IW: usize> Logic for WalkCache<IW> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, probing, probe_clear, probe_index, probe_key, probe_granule, dropping, drop_index);
        clock!(self, clock, store, vmids);
        self.probing.d.next = self.pr_valid.val();
        self.probe_clear.d.next = self.pr_clear.val();
        self.probe_index.d.next = self.pr_index.val();
        self.probe_key.d.next = self.pr_key.val();
        self.probe_granule.d.next = self.pr_granule.val();

        self.store.raddr.next = bit_cast::<IW, 7>(self.lk_index.val());
        if self.pr_valid.val() {
            self.store.raddr.next = bit_cast::<IW, 7>(self.pr_index.val());
        }
        self.vmids.raddr.next = bit_cast::<IW, 7>(self.lk_index.val());
        if self.pr_valid.val() {
            self.vmids.raddr.next = bit_cast::<IW, 7>(self.pr_index.val());
        }

        // Look-up.
        self.vmid.next = bit_cast::<17, 8>(self.store.rdata.val().get_bits::<8>(12))
            | (bit_cast::<17, 1>(self.store.rdata.val().get_bits::<1>(20)) << 16);
        if self.has_vmid16.val() {
            self.vmid.next = self.vmid.val() | (bit_cast::<17, 8>(self.vmids.rdata.val()) << 8);
        }
        self.is_block.next = self.store.rdata.val().get_bit(1);
        self.ng.next = self.store.rdata.val().get_bit(2) | !self.is_block.val();
        self.same_asid.next = self.store.rdata.val().get_bits::<16>(21) == self.cmp_asid.val();
        self.kind.next = self.store.rdata.val().get_bits::<3>(115) & self.cmp_kinds.val();
        self.hit.next = self.store.rdata.val().get_bit(0)
            & (self.store.rdata.val().get_bits::<28>(37) == self.cmp_key.val())
            & (self.store.rdata.val().get_bits::<2>(3) == self.cmp_granule.val())
            & (self.store.rdata.val().get_bits::<7>(5) == self.cmp_bank.val())
            & (self.vmid.val() == self.cmp_vmid.val())
            & (self.kind.val() == self.cmp_kind.val())
            & (self.same_asid.val() | !self.ng.val());
        self.entry.next = self.store.rdata.val();

        // Maintenance.
        self.same_asid.next = self.store.rdata.val().get_bits::<16>(21) == self.inv_asid.val();
        self.same_space.next = (!self.inv_use_hyp.val() | (self.store.rdata.val().get_bit(20) == self.inv_hyp.val()))
            & (!self.inv_use_vmid.val() | (self.vmid.val() == self.inv_vmid.val()));
        self.drop.next = self.same_space.val();
        if self.inv_use_va.val() {
            self.drop.next = self.same_space.val()
                & (self.store.rdata.val().get_bits::<28>(37) == self.probe_key.q.val())
                & (self.store.rdata.val().get_bits::<2>(3) == self.probe_granule.q.val())
                & (self.is_block.val() | !self.inv_leaf.val())
                & (!self.inv_use_asid.val() | !self.is_block.val() | self.same_asid.val() | !self.ng.val());
        } else {
            if self.inv_use_asid.val() {
                self.drop.next = self.same_space.val() & self.same_asid.val() & self.ng.val();
            }
        }
        self.dropping.d.next = self.probing.q.val() & (self.drop.val() | self.probe_clear.q.val());
        self.drop_index.d.next = self.probe_index.q.val();
        self.store.we.next = self.dropping.q.val();
        self.store.waddr.next = bit_cast::<IW, 7>(self.drop_index.q.val());
        self.store.wdata.next = 0.into();
        if self.fl_we.val() {
            self.store.we.next = true;
            self.store.waddr.next = bit_cast::<IW, 7>(self.fl_index.val());
            self.store.wdata.next = self.fl_entry.val();
        }
        self.vmids.we.next = self.fl_we.val();
        self.vmids.waddr.next = bit_cast::<IW, 7>(self.fl_index.val());
        self.vmids.wdata.next = self.fl_vmid.val();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::params::MINI;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_walkcache() {
        synthesis_check(WalkCache::<2>::new(&MINI.with_everything()));
    }

    #[test]
    fn verilog_agrees_walkcache() {
        equivalence(
            || WalkCache::<2>::new(&MINI.with_everything()),
            4000,
            1,
            drive!(
                clock,
                lk_index,
                cmp_key,
                cmp_granule,
                cmp_bank,
                cmp_vmid,
                cmp_asid,
                cmp_kind,
                cmp_kinds,
                fl_we,
                fl_index,
                fl_entry,
                fl_vmid,
                pr_valid,
                pr_clear,
                pr_index,
                pr_key,
                pr_granule,
                inv_use_hyp,
                inv_hyp,
                inv_use_vmid,
                inv_vmid,
                inv_use_asid,
                inv_asid,
                inv_use_va,
                inv_leaf
            ),
            |s| {
                let _ = s;
            },
        );
    }
}
