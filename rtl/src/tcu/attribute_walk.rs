//! Attributes of walks: what a row keeps of them, and what a leaf makes of it (E1 to E3).
//!
//! Beside [`super::walker`], with the same addresses at the same times. The row's words are written by F6 with the row, the word `seen` (the steps so far,
//! which the leaf of stage 2 is combined with) by F6 or by E3, as the walker's `leaf`.
//!
//! What goes with the walker's queues of reads and of results is in queues beside them: `TCR.ORGN` for the port, and the step that stage 2 is.
//!
//! Row: 63:0 MAIR, 79:64 the step after stage 1, 83:80 what replaces privilege and instruction, 84 `TRE`, 86:85 `TCR.ORGN`.

use super::attribute::{AttributeStage2, AttributeThen};
use super::attribute_leaf::AttributeLeaf;
use crate::prelude::*;
use crate::prim::queue::Queue;
use crate::prim::ram::RamAsync;
use crate::prim::strap::Strap;

/// The block.
#[derive(LogicBlock, Default)]
pub struct AttributeWalk {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    // F6.
    pub d_valid: Signal<In, Bit>,
    pub d_row: Signal<In, Word<4>>,
    /// The row is written; `seen` is; `ORGN` of stage 2 is.
    pub d_enters: Signal<In, Bit>,
    pub d_sees: Signal<In, Bit>,
    pub d_enters2: Signal<In, Bit>,
    pub d_entry: Signal<In, Word<85>>,
    pub d_seen: Signal<In, Word<16>>,
    pub d_orgn: Signal<In, Word<2>>,
    /// The queues of the walker: a read goes in, or out; a result does.
    pub read_push: Signal<In, Bit>,
    pub read_pop: Signal<In, Bit>,
    pub result_push: Signal<In, Bit>,
    pub takes: Signal<In, Bit>,
    /// For the read at the port.
    pub walk_orgn: Signal<Out, Word<2>>,
    // E1.
    pub e1_row: Signal<In, Word<4>>,
    /// An event goes on to E2.
    pub e1_go: Signal<In, Bit>,
    // E2.
    pub stage2: Signal<In, Bit>,
    pub short: Signal<In, Bit>,
    /// The event is a result.
    pub result: Signal<In, Bit>,
    /// The attribute fields of the descriptor.
    pub fields: Signal<In, Word<8>>,
    /// E2 is through.
    pub go: Signal<In, Bit>,
    /// What follows is a read of a stage-2 table.
    pub to_stage2: Signal<In, Bit>,
    pub answer: Signal<Out, Word<20>>,
    // E3.
    pub e3_row: Signal<In, Word<4>>,
    /// The leaf of stage 1 is kept.
    pub e3_sees: Signal<In, Bit>,
    read_orgns: Queue<4, 2>,
    results: Queue<4, 16>,
    entries: RamAsync<4, 87>,
    seen: RamAsync<4, 16>,
    orgns: RamAsync<4, 2>,
    stage1_leaf: AttributeLeaf,
    stage2_leaf: AttributeStage2,
    both: AttributeThen,
    e2_entry: DFF<Word<87>>,
    e2_seen: DFF<Word<16>>,
    e2_orgn: DFF<Word<2>>,
    e2_result: DFF<Word<16>>,
    e3_step: DFF<Word<16>>,
    e3_orgn: DFF<Word<2>>,
    there: Strap<Bit>,
    has_stage2: Strap<Bit>,
    has_nested: Strap<Bit>,
    has_short: Strap<Bit>,
    first: Signal<Local, Word<16>>,
    second: Signal<Local, Word<16>>,
    read_orgn: Signal<Local, Word<2>>,
}

impl AttributeWalk {
    /// The block for hardware with these features.
    pub fn new(features: &crate::params::Features) -> Self {
        Self {
            there: Strap::new(features.attributes),
            has_stage2: Strap::new(features.stage2),
            has_nested: Strap::new(features.nested),
            has_short: Strap::new(features.aarch32 == crate::params::Aarch32::Both),
            ..Self::default()
        }
    }
}

impl Logic for AttributeWalk {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, e2_entry, e2_seen, e2_orgn, e2_result, e3_step, e3_orgn);
        clock!(self, clock, entries, seen, orgns, read_orgns, results);
        self.read_orgns.aresetn.next = self.aresetn.val();
        self.results.aresetn.next = self.aresetn.val();

        // F6, and E3.
        self.entries.we.next = self.d_enters.val();
        self.entries.waddr.next = self.d_row.val();
        self.entries.wdata.next = bit_cast::<87, 85>(self.d_entry.val()) | (bit_cast::<87, 2>(self.d_orgn.val()) << 85);
        self.seen.we.next = self.d_sees.val() | self.e3_sees.val();
        self.seen.waddr.next = self.e3_row.val();
        self.seen.wdata.next = self.e3_step.q.val();
        if self.d_sees.val() {
            self.seen.waddr.next = self.d_row.val();
            self.seen.wdata.next = self.d_seen.val();
        }
        self.orgns.we.next = self.d_enters2.val();
        self.orgns.waddr.next = self.d_row.val();
        self.orgns.wdata.next = self.d_orgn.val();

        // E1.
        self.entries.raddr.next = self.e1_row.val();
        self.seen.raddr.next = self.e1_row.val();
        self.orgns.raddr.next = self.e1_row.val();
        if self.e1_go.val() {
            self.e2_entry.d.next = self.entries.rdata.val();
            self.e2_seen.d.next = self.seen.rdata.val();
            self.e2_orgn.d.next = self.orgns.rdata.val();
            self.e2_result.d.next = self.results.dout.val();
        }

        // E2: a leaf of stage 1 and what comes after it, or what was seen so far and a leaf of stage 2.
        self.stage1_leaf.leaf.next = self.fields.val();
        self.stage1_leaf.mair.next = self.e2_entry.q.val().get_bits::<64>(0);
        self.stage1_leaf.short.next = self.has_short.val() & self.short.val();
        self.stage1_leaf.tre.next = self.e2_entry.q.val().get_bit(84);
        self.stage2_leaf.leaf.next = self.fields.val().get_bits::<6>(0);
        self.first.next = self.stage1_leaf.step.val();
        self.second.next = self.e2_entry.q.val().get_bits::<16>(64);
        if self.has_stage2.val() & self.stage2.val() {
            self.first.next = self.e2_seen.q.val();
            self.second.next = self.stage2_leaf.step.val();
        }
        if self.has_nested.val() & self.result.val() {
            self.second.next = self.e2_result.q.val();
        }
        self.both.first.next = self.first.val();
        self.both.second.next = self.second.val();
        self.answer.next = 0.into();
        if self.there.val() {
            self.answer.next =
                bit_cast::<20, 16>(self.both.step.val()) | (bit_cast::<20, 4>(self.e2_entry.q.val().get_bits::<4>(80)) << 16);
        }

        // E3.
        if self.go.val() {
            self.e3_step.d.next = self.stage1_leaf.step.val();
            self.e3_orgn.d.next = self.e2_entry.q.val().get_bits::<2>(85);
            if self.has_stage2.val() & self.to_stage2.val() {
                self.e3_orgn.d.next = self.e2_orgn.q.val();
            }
        }

        // The queues.
        self.read_orgn.next = self.e3_orgn.q.val();
        if self.d_valid.val() {
            self.read_orgn.next = self.d_orgn.val();
        }
        self.read_orgns.push.next = self.read_push.val();
        self.read_orgns.din.next = self.read_orgn.val();
        self.read_orgns.pop.next = self.read_pop.val();
        self.walk_orgn.next = 0.into();
        if self.there.val() {
            self.walk_orgn.next = self.read_orgns.dout.val();
        }
        self.results.push.next = self.result_push.val();
        self.results.din.next = self.d_seen.val();
        self.results.pop.next = self.takes.val();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::params::Features;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_attributewalk() {
        synthesis_check(AttributeWalk::new(&Features::EVERYTHING));
    }

    #[test]
    fn verilog_agrees_attributewalk() {
        equivalence(
            || AttributeWalk::new(&Features::EVERYTHING),
            4000,
            1,
            drive!(
                clock,
                aresetn,
                d_valid,
                d_row,
                d_enters,
                d_sees,
                d_enters2,
                d_entry,
                d_seen,
                d_orgn,
                read_push,
                read_pop,
                result_push,
                takes,
                e1_row,
                e1_go,
                stage2,
                short,
                result,
                fields,
                go,
                to_stage2,
                e3_row,
                e3_sees
            ),
            |_| {},
        );
    }
}
