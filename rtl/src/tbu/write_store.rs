//! `WriteStore<DW, SW>`: the write data of bursts that may not go yet, and the order of their data among all others.
//!
//! Two places of 256 beats (AXI's longest burst), each for one burst. A burst comes in whole (`in_*`), and goes out when its address has been
//! sent (`issue_stored`), behind the data of those whose addresses were sent before, and in front of those after it. So the order of the
//! data downstream is that of the addresses:
//!
//! | register | |
//! | --- | --- |
//! | `first_*`, `next_*` | bursts whose addresses are sent and whose data is still here, in order: place, and how many bursts of the client's go before it |
//!
//! `turn`: the first of them is next, and the client's data has to wait.
//!
//! # Timing
//!
//! Data comes in at one beat a cycle and goes out at one every two cycles. `sent` stands in the cycle in which the last beat is taken.

use crate::params::Params;
use crate::prelude::*;
use crate::prim::ram::RamSync;
use crate::prim::strap::Strap;

/// The store for `DW` data bits and `SW` strobes.
#[derive(LogicBlock, Default)]
pub struct WriteStore<const DW: usize, const SW: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    /// A beat for `in_place`; after the last one the next burst begins.
    pub in_valid: Signal<In, Bit>,
    pub in_place: Signal<In, Bit>,
    pub in_data: Signal<In, Word<DW>>,
    pub in_strb: Signal<In, Word<SW>>,
    pub in_last: Signal<In, Bit>,
    /// The address of the burst in `issue_place` was sent in the cycle before, when the data of `ahead` bursts of the client's had yet to pass.
    pub issue_stored: Signal<In, Bit>,
    pub issue_place: Signal<In, Bit>,
    pub ahead: Signal<In, Word<8>>,
    /// The last beat of a burst of the client's passes.
    pub passed: Signal<In, Bit>,
    /// No data of the client's may pass.
    pub turn: Signal<Out, Bit>,
    /// The same in the next cycle.
    pub turn_next: Signal<Out, Bit>,
    pub out_valid: Signal<Out, Bit>,
    pub out_take: Signal<In, Bit>,
    pub out_data: Signal<Out, Word<DW>>,
    pub out_strb: Signal<Out, Word<SW>>,
    pub out_last: Signal<Out, Bit>,
    /// A burst is out.
    pub sent: Signal<Out, Bit>,
    pub sent_place: Signal<Out, Bit>,
    present: Strap<Bit>,
    data: RamSync<9, DW>,
    strb: RamSync<9, SW>,
    last: RamSync<9, 1>,
    fill: DFF<Word<8>>,
    read: DFF<Word<8>>,
    fetched: DFF<Bit>,
    first_valid: DFF<Bit>,
    first_place: DFF<Bit>,
    first_ahead: DFF<Word<8>>,
    next_valid: DFF<Bit>,
    next_place: DFF<Bit>,
    next_ahead: DFF<Word<8>>,
    l_in_place: Signal<Local, Word<1>>,
    l_out_place: Signal<Local, Word<1>>,
    l_waddr: Signal<Local, Word<9>>,
    l_raddr: Signal<Local, Word<9>>,
    l_turn: Signal<Local, Bit>,
    l_take: Signal<Local, Bit>,
    l_done: Signal<Local, Bit>,
    l_first_ahead: Signal<Local, Word<8>>,
    l_next_ahead: Signal<Local, Word<8>>,
    l_new_ahead: Signal<Local, Word<8>>,
    l_first_valid: Signal<Local, Bit>,
    l_next_valid: Signal<Local, Bit>,
    /// One stands in front when all that leaves has left.
    l_kept: Signal<Local, Bit>,
}

impl<const DW: usize, const SW: usize> WriteStore<DW, SW> {
    /// The store, if stalls are there.
    pub fn new(params: &Params) -> Self {
        Self { present: Strap::new(params.features.stall), ..Self::default() }
    }
}

impl<const DW: usize, const SW: usize> Logic for WriteStore<DW, SW> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, fill, read, fetched, first_valid, first_place, first_ahead, next_valid, next_place, next_ahead);
        clock!(self, clock, data, strb, last);

        // In.
        self.l_in_place.next = self.in_place.val().into();
        self.l_waddr.next = bit_cast::<9, 8>(self.fill.q.val()) | (bit_cast::<9, 1>(self.l_in_place.val()) << 8);
        self.data.we.next = self.in_valid.val();
        self.data.waddr.next = self.l_waddr.val();
        self.data.wdata.next = self.in_data.val();
        self.strb.we.next = self.in_valid.val();
        self.strb.waddr.next = self.l_waddr.val();
        self.strb.wdata.next = self.in_strb.val();
        self.last.we.next = self.in_valid.val();
        self.last.waddr.next = self.l_waddr.val();
        self.last.wdata.next = self.in_last.val().into();
        if self.in_valid.val() {
            self.fill.d.next = self.fill.q.val() + 1;
            if self.in_last.val() {
                self.fill.d.next = 0.into();
            }
        }

        // Out: the address stands for a cycle, then the beat until it is taken.
        self.l_turn.next = self.present.val() & self.first_valid.q.val() & !self.first_ahead.q.val().any();
        self.l_out_place.next = self.first_place.q.val().into();
        self.l_raddr.next = bit_cast::<9, 8>(self.read.q.val()) | (bit_cast::<9, 1>(self.l_out_place.val()) << 8);
        self.data.raddr.next = self.l_raddr.val();
        self.strb.raddr.next = self.l_raddr.val();
        self.last.raddr.next = self.l_raddr.val();
        self.l_take.next = self.l_turn.val() & self.fetched.q.val() & self.out_take.val();
        self.fetched.d.next = self.l_turn.val() & !self.l_take.val();
        self.l_done.next = self.l_take.val() & self.last.rdata.val().any();
        if self.l_take.val() {
            self.read.d.next = self.read.q.val() + 1;
            if self.l_done.val() {
                self.read.d.next = 0.into();
            }
        }
        self.out_valid.next = self.l_turn.val() & self.fetched.q.val();
        self.out_data.next = self.data.rdata.val();
        self.out_strb.next = self.strb.rdata.val();
        self.out_last.next = self.last.rdata.val().any();
        self.sent.next = self.l_done.val();
        self.sent_place.next = self.first_place.q.val();
        self.turn.next = self.l_turn.val();

        // The order: what passes goes before all that waits here.
        self.l_first_ahead.next = self.first_ahead.q.val();
        self.l_next_ahead.next = self.next_ahead.q.val();
        self.l_new_ahead.next = self.ahead.val();
        if self.passed.val() {
            self.l_first_ahead.next = self.first_ahead.q.val() - 1;
            self.l_next_ahead.next = self.next_ahead.q.val() - 1;
            self.l_new_ahead.next = self.ahead.val() - 1;
        }
        self.l_first_valid.next = self.first_valid.q.val();
        self.l_next_valid.next = self.next_valid.q.val();
        if self.l_done.val() {
            self.l_first_valid.next = self.next_valid.q.val();
            self.first_place.d.next = self.next_place.q.val();
            self.l_first_ahead.next = self.l_next_ahead.val();
            self.l_next_valid.next = false;
        }
        self.l_kept.next = self.l_first_valid.val();
        if self.issue_stored.val() {
            if self.l_kept.val() {
                self.l_next_valid.next = true;
                self.next_place.d.next = self.issue_place.val();
                self.l_next_ahead.next = self.l_new_ahead.val();
            } else {
                self.l_first_valid.next = true;
                self.first_place.d.next = self.issue_place.val();
                self.l_first_ahead.next = self.l_new_ahead.val();
            }
        }
        self.first_valid.d.next = self.l_first_valid.val();
        self.first_ahead.d.next = self.l_first_ahead.val();
        self.next_valid.d.next = self.l_next_valid.val();
        self.next_ahead.d.next = self.l_next_ahead.val();
        self.turn_next.next = self.present.val() & self.l_first_valid.val() & !self.l_first_ahead.val().any();

        if !self.aresetn.val() {
            self.fill.d.next = 0.into();
            self.read.d.next = 0.into();
            self.fetched.d.next = false;
            self.first_valid.d.next = false;
            self.next_valid.d.next = false;
        }
    }
}

#[cfg(test)]
#[path = "tests/write_store.rs"]
mod tests;
