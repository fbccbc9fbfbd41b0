//! `Held<Q>`: parked transactions that have no answer because a context fault stalls them, or because they wait for one that is stalled.
//!
//! The control unit decides what is held and when it goes on ([`crate::tcu::stalls`]); here is only which entries of the queue they are.
//!
//! | vector | an entry is in it from .. to |
//! | --- | --- |
//! | `held` | the answer "hold" .. `wake_*` |
//! | `again` | a wake without refusal .. it has asked again. It asks whether it hits or not, and whatever is in front of it |
//! | `marked` | its first "hold" .. it leaves. Its answers fill nothing: a bank may be blocked for all but the one that is retried |
//! | `loose` | its write data is in the store .. it leaves (write channel) |
//!
//! # Writes
//!
//! Write data comes in the order of the addresses, so a held write would stop all later ones. Its data goes into the store of
//! [`super::write_store`] instead as soon as all data before it has gone (`store_valid` until `store_done`); from then on the entry is
//! *loose*: only writes of its own id wait for it. The same is done with a write that is behind loose ones only, that is behind one of its own id: else
//! its data would stop those behind it. There are two places. At most one entry at a time is first among those that are not loose.
//!
//! # Room
//!
//! `crowded` says that held transactions stop others for good: the queue is full of entries that are held or behind such, or a write's data needs a
//! place in the store and both are taken by such. The control unit then ends held ones. A queue that is full of transactions that go on by
//! themselves is not crowded, however long that takes.
//!
//! Without the feature nothing of this is there.

use crate::params::Params;
use crate::prelude::*;
use crate::prim::strap::Strap;

/// States of `Q` entries.
#[derive(LogicBlock, Default)]
pub struct Held<const Q: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    // Of the control unit.
    /// The entry that is answered (one-hot), with "hold".
    pub answer: Signal<In, Word<Q>>,
    pub rsp_hold: Signal<In, Bit>,
    pub wake_valid: Signal<In, Bit>,
    pub wake_tag: Signal<In, Word<4>>,
    pub wake_refuse: Signal<In, Bit>,
    // Of the queue.
    pub parked: Signal<In, Word<Q>>,
    pub flying: Signal<In, Word<Q>>,
    /// In the select stage.
    pub landed: Signal<In, Word<Q>>,
    pub alloc: Signal<In, Word<Q>>,
    pub leave: Signal<In, Word<Q>>,
    /// Entry that is sent on in this cycle.
    pub sent: Signal<In, Word<Q>>,
    /// Entry that is refused.
    pub refused: Signal<In, Word<Q>>,
    /// The refusal is over.
    pub refused_done: Signal<In, Bit>,
    /// Nothing is in front; nothing but loose ones is in front.
    pub dep_none: Signal<In, Word<Q>>,
    pub dep_loose: Signal<In, Word<Q>>,
    pub full: Signal<In, Bit>,
    /// Entries that wait for older ones of their id, to be looked up again or to be refused.
    pub behind: Signal<In, Word<Q>>,
    /// The answer of this cycle is no refusal but "hold".
    pub holds: Signal<Out, Bit>,
    /// Woken entries: to be looked up again, to be refused.
    pub wake_again: Signal<Out, Word<Q>>,
    pub wake_end: Signal<Out, Word<Q>>,
    pub again: Signal<Out, Word<Q>>,
    pub marked: Signal<Out, Word<Q>>,
    /// Loose entries, the one of this cycle included; that one alone.
    pub loose: Signal<Out, Word<Q>>,
    pub loosened: Signal<Out, Word<Q>>,
    /// Its data is on its way into the store: it may not leave.
    pub storing: Signal<Out, Word<Q>>,
    pub crowded: Signal<Out, Bit>,
    // Of the store.
    pub store_valid: Signal<Out, Bit>,
    pub store_place: Signal<Out, Bit>,
    pub store_done: Signal<In, Bit>,
    /// A burst went out of this place.
    pub store_sent: Signal<In, Bit>,
    pub store_sent_place: Signal<In, Bit>,
    /// In the cycle before, an entry was sent on whose data is in this place.
    pub issue_stored: Signal<Out, Bit>,
    pub issue_place: Signal<Out, Bit>,
    /// The data of the entry that is refused has been taken already.
    pub refused_stored: Signal<Out, Bit>,
    present: Strap<Bit>,
    stores: Strap<Bit>,
    held_q: DFF<Word<Q>>,
    again_q: DFF<Word<Q>>,
    marked_q: DFF<Word<Q>>,
    loose_q: DFF<Word<Q>>,
    second_q: DFF<Word<Q>>,
    storing_q: DFF<Word<Q>>,
    store_second: DFF<Bit>,
    taken_first: DFF<Bit>,
    taken_second: DFF<Bit>,
    stored_q: DFF<Bit>,
    place_q: DFF<Bit>,
    crowded_q: DFF<Bit>,
    l_one: Signal<Local, Word<Q>>,
    l_woken: Signal<Local, Word<Q>>,
    l_hold: Signal<Local, Word<Q>>,
    l_want: Signal<Local, Word<Q>>,
    l_loosened: Signal<Local, Word<Q>>,
    l_sent: Signal<Local, Word<Q>>,
    l_place: Signal<Local, Word<Q>>,
    l_refused: Signal<Local, Word<Q>>,
    l_below: Signal<Local, Word<Q>>,
    l_goes: Signal<Local, Word<Q>>,
    l_loose_goes: Signal<Local, Word<Q>>,
    l_two: Signal<Local, Bit>,
    l_start: Signal<Local, Bit>,
    l_no_place: Signal<Local, Bit>,
}

impl<const Q: usize> Held<Q> {
    /// Of the write channel or of the read channel.
    pub fn new(is_write: bool, params: &Params) -> Self {
        let present = params.features.stall;
        Self { present: Strap::new(present), stores: Strap::new(present && is_write), ..Self::default() }
    }
}

impl<const Q: usize> Logic for Held<Q> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            held_q,
            again_q,
            marked_q,
            loose_q,
            second_q,
            storing_q,
            store_second,
            taken_first,
            taken_second,
            stored_q,
            place_q,
            crowded_q
        );
        // Held and woken.
        self.l_one.next = 1.into();
        self.l_woken.next = 0.into();
        if self.present.val() & self.wake_valid.val() {
            self.l_woken.next = self.l_one.val() << self.wake_tag.val();
        }
        self.holds.next = self.present.val() & self.rsp_hold.val();
        self.l_hold.next = 0.into();
        if self.present.val() & self.rsp_hold.val() {
            self.l_hold.next = self.answer.val();
        }
        self.wake_again.next = self.l_woken.val();
        self.wake_end.next = 0.into();
        if self.wake_refuse.val() {
            self.wake_again.next = 0.into();
            self.wake_end.next = self.l_woken.val();
        }
        self.held_q.d.next = (self.held_q.q.val() & !self.l_woken.val()) | self.l_hold.val();
        self.again_q.d.next = (self.again_q.q.val() & !self.landed.val()) | self.wake_again.val();
        self.marked_q.d.next = (self.marked_q.q.val() & !self.alloc.val()) | self.l_hold.val();
        self.again.next = 0.into();
        self.marked.next = 0.into();
        if self.present.val() {
            self.again.next = self.again_q.q.val();
            self.marked.next = self.marked_q.q.val();
        }

        // Data of a write goes into the store: of one that is held, or that is behind loose ones.
        self.l_loosened.next = 0.into();
        if self.store_done.val() {
            self.l_loosened.next = self.storing_q.q.val();
        }
        self.loosened.next = 0.into();
        self.loose.next = 0.into();
        self.storing.next = 0.into();
        if self.stores.val() {
            self.loosened.next = self.l_loosened.val();
            self.loose.next = self.loose_q.q.val() | self.l_loosened.val();
            self.storing.next = self.storing_q.q.val();
        }
        self.l_want.next = self.parked.val() & self.dep_loose.val() & (self.held_q.q.val() | !self.dep_none.val());
        self.l_want.next = self.l_want.val() & !self.flying.val() & !self.loose_q.q.val() & !self.storing_q.q.val();
        self.l_no_place.next = self.taken_first.q.val() & self.taken_second.q.val();
        self.l_start.next = self.stores.val() & self.l_want.val().any() & !self.l_no_place.val() & !self.storing_q.q.val().any();
        self.loose_q.d.next = (self.loose_q.q.val() | self.l_loosened.val()) & !self.leave.val();
        self.storing_q.d.next = self.storing_q.q.val() & !self.l_loosened.val();
        if self.l_start.val() {
            self.storing_q.d.next = self.l_want.val();
            self.store_second.d.next = self.taken_first.q.val();
            self.second_q.d.next = self.second_q.q.val() & !self.l_want.val();
            if self.taken_first.q.val() {
                self.second_q.d.next = self.second_q.q.val() | self.l_want.val();
            }
        }
        self.store_valid.next = self.stores.val() & self.storing_q.q.val().any();
        self.store_place.next = self.store_second.q.val();

        // Places come back when the data is on its way downstream, or the refusal is over.
        self.l_sent.next = self.sent.val() & self.loose_q.q.val();
        self.l_place.next = self.sent.val() & self.second_q.q.val();
        self.stored_q.d.next = self.l_sent.val().any();
        self.place_q.d.next = self.l_place.val().any();
        self.issue_stored.next = self.stores.val() & self.stored_q.q.val();
        self.issue_place.next = self.place_q.q.val();
        self.l_refused.next = self.refused.val() & self.loose_q.q.val();
        self.l_place.next = self.refused.val() & self.second_q.q.val();
        self.refused_stored.next = self.stores.val() & self.l_refused.val().any();
        if self.refused_done.val() & self.l_refused.val().any() {
            if self.l_place.val().any() {
                self.taken_second.d.next = false;
            } else {
                self.taken_first.d.next = false;
            }
        }
        if self.store_sent.val() {
            if self.store_sent_place.val() {
                self.taken_second.d.next = false;
            } else {
                self.taken_first.d.next = false;
            }
        }
        if self.l_start.val() {
            if self.taken_first.q.val() {
                self.taken_second.d.next = true;
            } else {
                self.taken_first.d.next = true;
            }
        }

        // Is room short for good? Places whose data is on its way downstream come back by themselves.
        self.l_goes.next = self.parked.val() & !self.held_q.q.val() & !self.behind.val();
        self.l_goes.next = self.l_goes.val() | self.storing_q.q.val();
        self.l_loose_goes.next = self.l_goes.val() & self.loose_q.q.val();
        self.l_below.next = self.loose_q.q.val() - 1;
        self.l_below.next = self.loose_q.q.val() & self.l_below.val();
        self.l_two.next = self.stores.val() & self.l_below.val().any() & !self.l_loose_goes.val().any();
        self.crowded_q.d.next = self.held_q.q.val().any()
            & ((self.full.val() & !self.l_goes.val().any()) | (self.l_two.val() & self.l_want.val().any()));
        self.crowded.next = self.present.val() & self.crowded_q.q.val();

        if !self.aresetn.val() {
            self.held_q.d.next = 0.into();
            self.again_q.d.next = 0.into();
            self.marked_q.d.next = 0.into();
            self.loose_q.d.next = 0.into();
            self.storing_q.d.next = 0.into();
            self.taken_first.d.next = false;
            self.taken_second.d.next = false;
            self.stored_q.d.next = false;
            self.crowded_q.d.next = false;
        }
    }
}

#[cfg(test)]
#[path = "tests/held.rs"]
mod tests;
