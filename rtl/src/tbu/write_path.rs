//! `WritePath<IDW, DW, SW>`: write data to downstream, responses back, and refused writes.
//!
//! ```text
//!   s_w ---+--> register, skid --> m_w          m_b --> skid --+--> output register --> s_b
//!          +--> swallowed                            refused --+
//! ```
//!
//! Write data carries no id, so it is routed by the order of the addresses. The address pipe is in order: while a write is refused
//! and not yet answered, no later one is sent on. So the only thing to remember is how many bursts were sent whose data has not
//! passed yet (`routes`); data is taken only while there are any, or while a refused burst is being swallowed.
//!
//! | state | |
//! | --- | --- |
//! | `Forward` | data of `routes` bursts passes. A refused write (`err_valid`) waits until the data of all before it has passed |
//! | `Swallow` | data is eaten up to and with `last` |
//! | `Store` | data goes into the store up to and with `last`; then `store_done` for a cycle |
//! | `Respond` | the response of the refused write goes out once nothing of its id is outstanding (`err_idle`); `err_done` for a cycle |
//!
//! With stalls, the data of a write that is held goes into a [`WriteStore`] (`Store`), and from there downstream behind the data of all whose addresses
//! were sent before: the store's `turn` stops the client's data meanwhile. The response of a refused write whose data is in the store already
//! goes out in any state, when nothing of its id is outstanding.
//!
//! A client that holds back its data or its `bready` stops its own later writes, which AXI's order of write data demands anyway,
//! and nothing else.
//!
//! Both `s_w.ready` and `m_b.ready` come from flip-flops; one beat a cycle, one cycle of latency. `done_*` reports, one cycle late, a
//! response of downstream passing into the output register.

use super::write_store::WriteStore;
use crate::axi::*;
use crate::params::Params;
use crate::prelude::*;
use crate::prim::strap::Strap;

/// Where write data goes.
#[derive(Copy, Clone, Debug, PartialEq, LogicState)]
pub enum WriteState {
    Forward,
    Swallow,
    Respond,
    Store,
}

/// Write data and response path with `IDW` id bits, `DW` data bits, `SW` strobes.
#[derive(LogicBlock, Default)]
pub struct WritePath<const IDW: usize, const DW: usize, const SW: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub s_w: WriteIn<DW, SW>,
    pub m_w: WriteOut<DW, SW>,
    pub s_b: RespOut<IDW>,
    pub m_b: RespIn<IDW>,
    /// A write was sent on in the cycle before.
    pub issue_valid: Signal<In, Bit>,
    /// A refused write; nothing is sent on before `err_done`.
    pub err_valid: Signal<In, Bit>,
    pub err_id: Signal<In, Word<IDW>>,
    pub err_raz: Signal<In, Bit>,
    /// Nothing of `err_id` is outstanding.
    pub err_idle: Signal<In, Bit>,
    pub err_done: Signal<Out, Bit>,
    /// Its data has been taken already.
    pub err_stored: Signal<In, Bit>,
    /// The data of the next write goes into the store, at this place; nothing but what is in the store is sent on before `store_done`.
    pub store_valid: Signal<In, Bit>,
    pub store_place: Signal<In, Bit>,
    pub store_done: Signal<Out, Bit>,
    /// The data of the write that was sent on is in the store, at this place.
    pub issue_stored: Signal<In, Bit>,
    pub issue_place: Signal<In, Bit>,
    /// A burst has left this place.
    pub store_sent: Signal<Out, Bit>,
    pub store_sent_place: Signal<Out, Bit>,
    /// A response came back.
    pub done_valid: Signal<Out, Bit>,
    pub done_id: Signal<Out, Word<IDW>>,
    abort: Strap<Word<2>>,
    has_store: Strap<Bit>,
    store: WriteStore<DW, SW>,
    stored: DFF<Bit>,
    state: DFF<WriteState>,
    routes: DFF<Word<8>>,
    /// `s_w.ready`
    take: DFF<Bit>,
    w_valid: DFF<Bit>,
    w_data: DFF<Word<DW>>,
    w_strb: DFF<Word<SW>>,
    w_last: DFF<Bit>,
    wskid_valid: DFF<Bit>,
    wskid_data: DFF<Word<DW>>,
    wskid_strb: DFF<Word<SW>>,
    wskid_last: DFF<Bit>,
    b_valid: DFF<Bit>,
    b_id: DFF<Word<IDW>>,
    b_resp: DFF<Word<2>>,
    bskid_valid: DFF<Bit>,
    bskid_id: DFF<Word<IDW>>,
    bskid_resp: DFF<Word<2>>,
    /// `m_b.ready`
    b_ready: DFF<Bit>,
    done: DFF<Bit>,
    l_beat: Signal<Local, Bit>,
    l_forward: Signal<Local, Bit>,
    l_passed: Signal<Local, Bit>,
    l_stored: Signal<Local, Bit>,
    l_from_store: Signal<Local, Bit>,
    l_w_have: Signal<Local, Bit>,
    l_w_free: Signal<Local, Bit>,
    l_w_keep: Signal<Local, Bit>,
    l_data: Signal<Local, Word<DW>>,
    l_strb: Signal<Local, Word<SW>>,
    l_last: Signal<Local, Bit>,
    l_routes: Signal<Local, Word<8>>,
    l_b_have: Signal<Local, Bit>,
    l_b_free: Signal<Local, Bit>,
    l_b_pass: Signal<Local, Bit>,
    l_b_keep: Signal<Local, Bit>,
    l_b_id: Signal<Local, Word<IDW>>,
    l_b_resp: Signal<Local, Word<2>>,
    l_refuse: Signal<Local, Bit>,
}

impl<const IDW: usize, const DW: usize, const SW: usize> WritePath<IDW, DW, SW> {
    /// With the response (2 SLVERR, 3 DECERR) of a refused write.
    pub fn new(abort: u8, params: &Params) -> Self {
        let has_store = Strap::new(params.features.stall);
        Self { abort: Strap::new(abort), has_store, store: WriteStore::new(params), ..Self::default() }
    }
}

impl<const IDW: usize, const DW: usize, const SW: usize> Logic for WritePath<IDW, DW, SW> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            state,
            routes,
            take,
            w_valid,
            w_data,
            w_strb,
            w_last,
            wskid_valid,
            wskid_data,
            wskid_strb,
            wskid_last,
            b_valid,
            b_id,
            b_resp,
            bskid_valid,
            bskid_id,
            bskid_resp,
            b_ready,
            done,
            stored
        );
        clock!(self, clock, store);
        self.store.aresetn.next = self.aresetn.val();
        self.s_w.ready.next = self.take.q.val();
        self.m_w.valid.next = self.w_valid.q.val();
        self.m_w.data.next = self.w_data.q.val();
        self.m_w.strb.next = self.w_strb.q.val();
        self.m_w.last.next = self.w_last.q.val();
        self.s_b.valid.next = self.b_valid.q.val();
        self.s_b.id.next = self.b_id.q.val();
        self.s_b.resp.next = self.b_resp.q.val();
        self.m_b.ready.next = self.b_ready.q.val();

        // Write data: the skid register's beat before the port's.
        self.l_beat.next = self.s_w.valid.val() & self.take.q.val();
        self.l_forward.next = self.l_beat.val() & (self.state.q.val() == WriteState::Forward);
        self.l_passed.next = self.l_forward.val() & self.s_w.last.val();
        self.l_w_have.next = self.l_forward.val() | self.wskid_valid.q.val();
        self.l_data.next = self.s_w.data.val();
        self.l_strb.next = self.s_w.strb.val();
        self.l_last.next = self.s_w.last.val();
        if self.wskid_valid.q.val() {
            self.l_data.next = self.wskid_data.q.val();
            self.l_strb.next = self.wskid_strb.q.val();
            self.l_last.next = self.wskid_last.q.val();
        }
        self.l_w_free.next = !self.w_valid.q.val() | self.m_w.ready.val();
        self.l_w_keep.next = self.l_w_have.val() & !self.l_w_free.val();
        self.l_from_store.next =
            self.has_store.val() & self.store.out_valid.val() & !self.wskid_valid.q.val() & self.l_w_free.val();
        if self.l_w_free.val() {
            self.w_valid.d.next = self.l_w_have.val() | self.l_from_store.val();
            self.w_data.d.next = self.l_data.val();
            self.w_strb.d.next = self.l_strb.val();
            self.w_last.d.next = self.l_last.val();
            if self.l_from_store.val() {
                self.w_data.d.next = self.store.out_data.val();
                self.w_strb.d.next = self.store.out_strb.val();
                self.w_last.d.next = self.store.out_last.val();
            }
        }
        self.wskid_valid.d.next = self.l_w_keep.val();
        self.wskid_data.d.next = self.l_data.val();
        self.wskid_strb.d.next = self.l_strb.val();
        self.wskid_last.d.next = self.l_last.val();

        // Bursts whose data has yet to pass.
        self.l_routes.next = self.routes.q.val();
        if self.issue_valid.val() & !self.issue_stored.val() {
            self.l_routes.next = self.routes.q.val() + 1;
        }
        if self.l_passed.val() {
            self.l_routes.next = self.l_routes.val() - 1;
        }
        self.routes.d.next = self.l_routes.val();

        // The store.
        self.store.in_valid.next = self.has_store.val() & self.l_beat.val() & (self.state.q.val() == WriteState::Store);
        self.store.in_place.next = self.store_place.val();
        self.store.in_data.next = self.s_w.data.val();
        self.store.in_strb.next = self.s_w.strb.val();
        self.store.in_last.next = self.s_w.last.val();
        self.store.issue_stored.next = self.issue_stored.val();
        self.store.issue_place.next = self.issue_place.val();
        self.store.ahead.next = self.routes.q.val();
        self.store.passed.next = self.l_passed.val();
        self.store.out_take.next = self.l_from_store.val();
        self.store_sent.next = self.has_store.val() & self.store.sent.val();
        self.store_sent_place.next = self.store.sent_place.val();
        self.store_done.next = self.stored.q.val();
        self.stored.d.next = false;

        // Responses.
        self.l_b_have.next = (self.m_b.valid.val() & self.b_ready.q.val()) | self.bskid_valid.q.val();
        self.l_b_id.next = self.m_b.id.val();
        self.l_b_resp.next = self.m_b.resp.val();
        if self.bskid_valid.q.val() {
            self.l_b_id.next = self.bskid_id.q.val();
            self.l_b_resp.next = self.bskid_resp.q.val();
        }
        self.l_b_free.next = !self.b_valid.q.val() | self.s_b.ready.val();

        // A refused write.
        self.l_stored.next = self.has_store.val() & self.err_stored.val();
        self.l_refuse.next = self.l_stored.val() & self.err_valid.val() & self.err_idle.val() & self.l_b_free.val();
        self.take.d.next = false;
        match self.state.q.val() {
            WriteState::Forward => {
                self.take.d.next = self.l_routes.val().any() & !self.l_w_keep.val() & !self.store.turn_next.val();
                if self.err_valid.val() & !self.l_stored.val() & !self.routes.q.val().any() & !self.issue_valid.val() {
                    self.state.d.next = WriteState::Swallow;
                    self.take.d.next = true;
                }
                if self.has_store.val()
                    & self.store_valid.val()
                    & !self.stored.q.val()
                    & !self.routes.q.val().any()
                    & !self.issue_valid.val()
                {
                    self.state.d.next = WriteState::Store;
                    self.take.d.next = true;
                }
            }
            WriteState::Store => {
                self.take.d.next = true;
                if self.l_beat.val() & self.s_w.last.val() {
                    self.take.d.next = false;
                    self.stored.d.next = true;
                    self.state.d.next = WriteState::Forward;
                }
            }
            WriteState::Swallow => {
                self.take.d.next = true;
                if self.l_beat.val() & self.s_w.last.val() {
                    self.take.d.next = false;
                    self.state.d.next = WriteState::Respond;
                }
            }
            WriteState::Respond => {
                if self.err_idle.val() & self.l_b_free.val() {
                    self.l_refuse.next = true;
                    self.state.d.next = WriteState::Forward;
                }
            }
            _ => {
                self.state.d.next = WriteState::Forward;
            }
        }
        self.err_done.next = self.l_refuse.val();

        self.l_b_pass.next = self.l_b_have.val() & self.l_b_free.val() & !self.l_refuse.val();
        self.l_b_keep.next = self.l_b_have.val() & !self.l_b_pass.val();
        if self.l_b_free.val() {
            self.b_valid.d.next = self.l_b_pass.val() | self.l_refuse.val();
            self.b_id.d.next = self.l_b_id.val();
            self.b_resp.d.next = self.l_b_resp.val();
            if self.l_refuse.val() {
                self.b_id.d.next = self.err_id.val();
                self.b_resp.d.next = self.abort.val();
                if self.err_raz.val() {
                    self.b_resp.d.next = 0.into();
                }
            }
        }
        self.bskid_valid.d.next = self.l_b_keep.val();
        self.bskid_id.d.next = self.l_b_id.val();
        self.bskid_resp.d.next = self.l_b_resp.val();
        self.b_ready.d.next = !self.l_b_keep.val();
        self.done.d.next = self.l_b_pass.val();
        self.done_valid.next = self.done.q.val();
        self.done_id.next = self.b_id.q.val();

        if !self.aresetn.val() {
            self.state.d.next = WriteState::Forward;
            self.routes.d.next = 0.into();
            self.take.d.next = false;
            self.w_valid.d.next = false;
            self.wskid_valid.d.next = false;
            self.b_valid.d.next = false;
            self.bskid_valid.d.next = false;
            self.b_ready.d.next = false;
            self.done.d.next = false;
            self.stored.d.next = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::params::MINI;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes() {
        synthesis_check(WritePath::<4, 64, 8>::new(2, &MINI));
        synthesis_check(WritePath::<4, 64, 8>::new(2, &MINI.with_everything()));
        synthesis_check(WritePath::<6, 128, 16>::new(3, &MINI.with_everything()));
    }

    #[test]
    fn verilog_agrees() {
        for (seed, params) in [(1, MINI), (2, MINI.with_everything())] {
            equivalence(
                || WritePath::<4, 64, 8>::new(2, &params),
                4000,
                seed,
                drive!(
                    clock,
                    aresetn,
                    s_w,
                    m_w,
                    s_b,
                    m_b,
                    issue_valid,
                    issue_stored,
                    issue_place,
                    err_valid,
                    err_stored,
                    err_id,
                    err_raz,
                    err_idle,
                    store_valid,
                    store_place
                ),
                |s| {
                    s.often("s_w.last", 1, 2);
                    s.often("issue_valid", 1, 4);
                    s.often("issue_stored", 1, 8);
                    s.often("err_valid", 1, 8);
                    s.often("store_valid", 1, 8);
                },
            );
        }
    }
}
