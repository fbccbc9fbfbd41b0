//! `AddrPipe<Q, IDW>`: the look-up pipeline of one address channel and its queue of parked transactions.
//!
//! The read channel lets hits pass parked misses of other ids. The write channel sets `in_order`: all ids count as one, so a
//! parked transaction holds all later ones (their W data comes in the order of their addresses).
//!
//! # Stages
//!
//! ```text
//!   s_* --+                                        +--hit---> output FIFO --> m_*
//!         +--> look-up (0) --> select (1) ---------+
//!   replay+                                        +--else--> parked --> request FIFO --> req_* .. rsp_*
//!     ^                                                          |                               |
//!     +---- fetch <---- pick <-----------------------------------+<------------------------------+
//! ```
//!
//! | cycle | a hit | a miss |
//! | --- | --- | --- |
//! | 0 | accepted: `s_valid` and `s_ready`; tags are compared in the micro TLB | the same |
//! | 1 | selected, checked, put into the output FIFO | parked, put into the request FIFO |
//! | 2 | `m_valid` | `req_valid` |
//! | r | | `rsp_valid`: leaves directly |
//! | r+1 | | `m_valid` |
//!
//! # Parked transactions
//!
//! A parked transaction is in exactly one of these states; each is a bit vector over the entries:
//!
//! | state | vector | it leaves the state when |
//! | --- | --- | --- |
//! | asked | `parked` alone (`open`: others may wait for its answer) | its response comes: directly out, or replay, or fault |
//! | waiting | `waiting` | the response to the transaction of the same page that asked has come: replay |
//! | replay | `replay` | picked, when nothing older of its id is in front: flying |
//! | flying | `flying` | select stage: out, or back to replay (older ones did not leave), or asked, or waiting |
//! | fault | `fault` (`raz`) | everything older of its id has left and come back: the path's error responder takes it |
//!
//! Why it is built so:
//!
//! * **A waiting transaction never takes the answer of another.** It looks up again, and asks for itself if the answer did not
//!   fill the micro TLB. So an answer that is older than an invalidation, or a refusal of another access, can never reach it. Not
//!   waiting for requests in flight at `drop_all` (`open` is cleared) then only saves it a useless wait.
//! * **Order.** A transaction that has an older parked one of its id is parked too, also when it hits. It records those older ones
//!   (dependencies in [`ParkTable`]); it leaves when all have left. Replays of one id may follow each other closely (a dependency
//!   on a flying entry does not hinder picking), because the pipe keeps their order and the select stage checks again.
//! * **A response always finds a place.** Every accepted transaction owns a place in the queue and a place in the output FIFO from
//!   acceptance on (credits), until it leaves. So nothing in the pipe can be stuck, and no response waits.
//! * **One way into the output FIFO, two sources.** If the select stage holds a transaction when a response comes, the response is
//!   replayed, since its page is being filled. If it will not be filled, or if any parked transaction was replayed in vain before
//!   (`must`), it claims the output, and the select stage's hit is parked for replay.
//! * **No livelock, whatever is invalidated meanwhile.** A transaction waits for another's answer only when it is new; a replay that
//!   misses asks for itself. (Else an old one could wait, again and again, for younger ones, which in turn may not leave before it.)
//!   The oldest of an id is behind nobody, so its second answer at the latest leaves directly.
//! * **Fairness.** Requests leave in the order of their misses. Replays go before new transactions, so the queue drains. Faults are
//!   taken in turn.
//! * **Back-pressure.** `s_ready` is a flip-flop. Responses, invalidations and requests never wait for `m_ready` or for the client.
//!
//! # Illegal bursts
//!
//! A burst that could leave its 4 KiB page (decision of `docs/compliance.md`: AxBURST 3, AxSIZE wider than the bus, INCR across
//! 4 KiB, WRAP of a length other than 2, 4, 8, 16) never hits, and asks with `req_uut`.
//!
//! # Words
//!
//! A transaction travels in one word, see [`super::beat`].

use super::burst_check::BurstCheck;
use super::credits::Credits;
use super::out_stage::OutStage;
use super::park_table::ParkTable;
use super::refusals::Refusals;
use super::replay_pick::ReplayPick;
use super::request_queue::RequestQueue;
use crate::prelude::*;
use crate::prim::ram::RamAsync;
use crate::prim::strap::Strap;

/// Look-up pipeline and miss queue: `Q` parked transactions (at most 16), `IDW` id bits (at most 8).
#[derive(LogicBlock, Default)]
pub struct AddrPipe<const Q: usize, const IDW: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    /// New transactions.
    pub s_valid: Signal<In, Bit>,
    pub s_ready: Signal<Out, Bit>,
    pub s_beat: Signal<In, Word<103>>,
    /// Look-up stage, to the micro TLB.
    pub look_sid: Signal<Out, Word<16>>,
    pub look_vpn: Signal<Out, Word<37>>,
    /// The permission that the access needs, one of {px, pw, pr, ux, uw, ur}.
    pub look_need: Signal<Out, Word<6>>,
    /// The address is beyond the output size.
    pub look_over: Signal<Out, Bit>,
    /// Select stage, from the micro TLB.
    pub sel_hit: Signal<In, Bit>,
    pub sel_ppn: Signal<In, Word<36>>,
    pub sel_mask: Signal<In, Word<7>>,
    pub sel_attr: Signal<In, Word<18>>,
    pub sel_bank: Signal<In, Word<8>>,
    /// Translated transactions.
    pub m_valid: Signal<Out, Bit>,
    pub m_ready: Signal<In, Bit>,
    pub m_beat: Signal<Out, Word<103>>,
    pub m_attr: Signal<Out, Word<6>>,
    /// Requests to the translation control unit.
    pub req_valid: Signal<Out, Bit>,
    pub req_ready: Signal<In, Bit>,
    pub req_tag: Signal<Out, Word<4>>,
    pub req_sid: Signal<Out, Word<16>>,
    pub req_va: Signal<Out, Word<49>>,
    pub req_prot: Signal<Out, Word<3>>,
    pub req_uut: Signal<Out, Bit>,
    /// Its responses.
    pub rsp_valid: Signal<In, Bit>,
    pub rsp_tag: Signal<In, Word<4>>,
    pub rsp_fault: Signal<In, Bit>,
    pub rsp_raz: Signal<In, Bit>,
    pub rsp_fill: Signal<In, Bit>,
    pub rsp_ppn: Signal<In, Word<36>>,
    pub rsp_mask: Signal<In, Word<7>>,
    pub rsp_attr: Signal<In, Word<18>>,
    pub rsp_bank: Signal<In, Word<8>>,
    /// A transaction that went into the output FIFO in the cycle before, one that was refused, as events of [`crate::tcu::pmu`].
    pub ev_issued: Signal<Out, Word<27>>,
    pub ev_refused: Signal<Out, Word<27>>,
    /// StreamID and page of the transaction that `rsp_tag` answers, for the fill.
    pub fill_sid: Signal<Out, Word<16>>,
    pub fill_vpn: Signal<Out, Word<37>>,
    /// Requests in flight are not waited for by later transactions.
    pub drop_all: Signal<In, Bit>,
    /// A transaction went into the output FIFO in the cycle before.
    pub issue_valid: Signal<Out, Bit>,
    pub issue_id: Signal<Out, Word<IDW>>,
    /// Too much is outstanding: accept nothing.
    pub limit: Signal<In, Bit>,
    /// A refused transaction whose turn has come, as soon as nothing of its id is outstanding. Holds until `err_done`.
    pub err_valid: Signal<Out, Bit>,
    pub err_id: Signal<Out, Word<IDW>>,
    pub err_len: Signal<Out, Word<8>>,
    pub err_raz: Signal<Out, Bit>,
    pub err_done: Signal<In, Bit>,

    check: BurstCheck,
    credits: Credits,
    park: ParkTable<Q>,
    pick: ReplayPick<Q>,
    payload: RamAsync<4, 103>,
    issued: DFF<Word<27>>,
    refused: DFF<Word<27>>,
    is_counting: Strap<Bit>,
    l_event: Signal<Local, Word<27>>,
    l_bank: Signal<Local, Word<8>>,
    l_parked: Signal<Local, Word<103>>,
    requests: RequestQueue,
    refusals: Refusals<Q>,
    out: OutStage<IDW>,

    in_order: Strap<Bit>,
    is_write: Strap<Bit>,
    /// VA bits above the output size.
    over_mask: Strap<Word<49>>,

    // Select stage.
    sel_valid: DFF<Bit>,
    sel_new: DFF<Bit>,
    sel_index: DFF<Word<4>>,
    sel_entry: DFF<Word<Q>>,
    sel_beat: DFF<Word<103>>,
    // States of the entries.
    parked: DFF<Word<Q>>,
    open: DFF<Word<Q>>,
    waiting: DFF<Word<Q>>,
    replay: DFF<Word<Q>>,
    flying: DFF<Word<Q>>,
    fault: DFF<Word<Q>>,
    raz: DFF<Word<Q>>,
    /// Replayed in vain; and: there is one.
    again: DFF<Word<Q>>,
    must: DFF<Bit>,

    l_take: Signal<Local, Bit>,
    l_new: Signal<Local, Word<103>>,
    l_look: Signal<Local, Word<103>>,
    l_over: Signal<Local, Word<49>>,
    l_one: Signal<Local, Word<Q>>,
    l_answer: Signal<Local, Word<Q>>,
    l_answer_first: Signal<Local, Word<Q>>,
    l_claim: Signal<Local, Bit>,
    l_granted: Signal<Local, Bit>,
    l_direct: Signal<Local, Bit>,
    l_need: Signal<Local, Word<6>>,
    l_legal: Signal<Local, Bit>,
    l_hit: Signal<Local, Bit>,
    l_rivals: Signal<Local, Word<Q>>,
    l_first: Signal<Local, Word<Q>>,
    l_behind: Signal<Local, Bit>,
    l_commit: Signal<Local, Bit>,
    l_gone: Signal<Local, Word<Q>>,
    l_leave: Signal<Local, Word<Q>>,
    l_above: Signal<Local, Word<Q>>,
    l_place: Signal<Local, Word<Q>>,
    l_some_place: Signal<Local, Bit>,
    l_place_index: Signal<Local, Word<4>>,
    l_index: Signal<Local, Word<4>>,
    l_park: Signal<Local, Bit>,
    l_alloc: Signal<Local, Word<Q>>,
    l_stay: Signal<Local, Word<Q>>,
    l_peers: Signal<Local, Word<Q>>,
    l_miss: Signal<Local, Bit>,
    l_join: Signal<Local, Bit>,
    l_ask: Signal<Local, Bit>,
    l_awake: Signal<Local, Word<Q>>,
    l_back: Signal<Local, Word<Q>>,
    l_sleep: Signal<Local, Word<Q>>,
    l_open: Signal<Local, Word<Q>>,
    l_landed: Signal<Local, Word<Q>>,
    l_vain: Signal<Local, Word<Q>>,
    l_fault: Signal<Local, Word<Q>>,
    l_raz: Signal<Local, Word<Q>>,
    l_from: Signal<Local, Word<103>>,
    l_ppn: Signal<Local, Word<36>>,
    l_mask: Signal<Local, Word<7>>,
    l_attr: Signal<Local, Word<18>>,
    l_privileged: Signal<Local, Bit>,
    l_push: Signal<Local, Bit>,
    l_label_id: Signal<Local, Word<8>>,
    l_label_len: Signal<Local, Word<8>>,
    l_label: Signal<Local, Word<16>>,
    l_label_low: Signal<Local, Word<16>>,
}

impl<const Q: usize, const IDW: usize> AddrPipe<Q, IDW> {
    /// The pipe of the write channel (`is_write`: in order, write permissions) or of the read channel, for a bus of `data_width`
    /// bits and `output_bits` output address bits. `attributes`: the hardware has them.
    pub fn new(is_write: bool, data_width: usize, output_bits: u32, attributes: bool) -> Self {
        assert!((2..=16).contains(&Q) && (1..=8).contains(&IDW), "queue entries, id bits");
        // Five transactions are on their way at full speed, beside Q parked ones.
        let out_places = if Q <= 8 { 16 } else { 32 };
        Self {
            check: BurstCheck::new(data_width),
            refusals: Refusals::new(),
            credits: Credits::new(Q, out_places),
            out: OutStage::new(out_places, attributes, is_write),
            in_order: Strap::new(is_write),
            is_write: Strap::new(is_write),
            over_mask: Strap::new(u64::MAX << output_bits),
            ..Self::default()
        }
    }

    /// The same, with or without events for the performance monitors.
    pub fn counting(self, counting: bool) -> Self {
        Self { is_counting: Strap::new(counting), ..self }
    }
}

impl<const Q: usize, const IDW: usize> Logic for AddrPipe<Q, IDW> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, sel_valid, sel_new, sel_index, sel_entry, sel_beat, parked, open, waiting, replay, flying, fault, raz,
            again, must, issued, refused
        );
        clock!(self, clock, credits, park, pick, refusals, payload, requests, out);
        self.credits.aresetn.next = self.aresetn.val();
        self.pick.aresetn.next = self.aresetn.val();
        self.refusals.aresetn.next = self.aresetn.val();
        self.requests.aresetn.next = self.aresetn.val();
        self.out.aresetn.next = self.aresetn.val();

        // Look-up stage: a replay if there is one (then nothing is accepted), else what the client offers.
        self.check.beat.next = self.s_beat.val();
        self.s_ready.next = self.credits.ready.val();
        self.l_take.next = self.s_valid.val() & self.credits.ready.val();
        self.l_new.next = self.s_beat.val();
        self.l_look.next = self.l_new.val().replace_bit(101, self.check.illegal.val());
        self.sel_entry.d.next = 0.into();
        self.sel_index.d.next = self.pick.index.val();
        if self.pick.valid.val() {
            self.l_look.next = self.pick.beat.val();
            self.sel_entry.d.next = self.pick.entry.val();
        }
        self.look_sid.next = bit_cast::<16, 15>(self.l_look.val().get_bits::<15>(78))
            | (bit_cast::<16, 1>(self.l_look.val().get_bits::<1>(102)) << 15);
        self.look_vpn.next = self.l_look.val().get_bits::<37>(12);
        self.l_need.next = 1.into();
        if self.l_look.val().get_bit(69) {
            self.l_need.next = 4.into();
        }
        if self.is_write.val() {
            self.l_need.next = 2.into();
        }
        if self.l_look.val().get_bit(67) {
            self.l_need.next = self.l_need.val() << 3;
        }
        self.look_need.next = self.l_need.val();
        self.park.key_sid.next = self.l_look.val().get_bits::<6>(78);
        self.park.key_vpn.next = self.l_look.val().get_bits::<18>(12);
        self.park.key_id.next = self.l_look.val().get_bits::<8>(93);
        self.l_over.next = self.l_look.val().get_bits::<49>(0) & self.over_mask.val();
        self.look_over.next = self.l_over.val().any();
        self.sel_beat.d.next = self.l_look.val();
        self.sel_valid.d.next = self.pick.valid.val() | self.l_take.val();
        self.sel_new.d.next = !self.pick.valid.val();

        // The answer of this cycle. It claims the output if the select stage is empty, or if it must; then it leaves directly if
        // nothing older is in front.
        self.l_one.next = 1.into();
        self.l_answer.next = 0.into();
        if self.rsp_valid.val() {
            self.l_answer.next = self.l_one.val() << self.rsp_tag.val();
        }
        self.l_answer_first.next = self.l_answer.val() & self.park.dep_none.val();
        self.l_granted.next = self.rsp_valid.val() & !self.rsp_fault.val();
        self.l_claim.next = self.l_granted.val() & (!self.rsp_fill.val() | self.must.q.val() | !self.sel_valid.q.val());
        self.l_direct.next = self.l_claim.val() & self.l_answer_first.val().any();
        self.must.d.next = self.again.q.val().any();

        // Select stage: does it hit?
        self.l_legal.next = !self.sel_beat.q.val().get_bit(101);
        self.l_hit.next = self.sel_hit.val() & self.l_legal.val();

        // Is an older one of its id parked?
        self.l_rivals.next = self.parked.q.val();
        if !self.in_order.val() {
            self.l_rivals.next = self.parked.q.val() & self.park.same_id.val();
        }
        self.l_first.next = self.sel_entry.q.val() & self.park.dep_none.val();
        self.l_behind.next = !self.l_first.val().any();
        if self.sel_new.q.val() {
            self.l_behind.next = self.l_rivals.val().any();
        }
        self.l_commit.next = self.sel_valid.q.val() & self.l_hit.val() & !self.l_behind.val() & !self.l_claim.val();

        // Who leaves the queue.
        self.l_gone.next = 0.into();
        if self.l_direct.val() {
            self.l_gone.next = self.l_answer.val();
        }
        if self.err_done.val() {
            self.l_gone.next = self.l_gone.val() | self.refusals.entry.val();
        }
        self.l_leave.next = self.l_gone.val();
        if self.l_commit.val() {
            self.l_leave.next = self.l_gone.val() | self.sel_entry.q.val();
        }

        // Where the transaction of the select stage stays if it does not leave: the lowest free entry, or its own. Its data are
        // written there in any case, and mean nothing until the entry is parked: the decision comes too late to enable writes.
        self.l_above.next = self.parked.q.val() + 1;
        self.l_place.next = !self.parked.q.val() & self.l_above.val();
        self.l_some_place.next = self.l_place.val().any();
        self.l_place_index.next = 0.into();
        for i in 0..Q {
            if self.l_place.val().get_bit(i) {
                self.l_place_index.next = i.into();
            }
        }
        self.l_park.next = self.sel_valid.q.val() & self.sel_new.q.val() & !self.l_commit.val();
        self.l_alloc.next = 0.into();
        if self.l_park.val() {
            self.l_alloc.next = self.l_place.val();
        }
        self.l_index.next = self.sel_index.q.val();
        self.l_stay.next = self.sel_entry.q.val();
        if self.sel_new.q.val() {
            self.l_index.next = self.l_place_index.val();
            self.l_stay.next = self.l_place.val();
        }

        // A miss waits for one that has asked for the page already, or asks. It waits once only.
        self.l_miss.next = self.sel_valid.q.val() & !self.l_hit.val();
        self.l_peers.next = self.park.same_page.val() & self.open.q.val();
        self.l_join.next = self.l_miss.val() & self.sel_new.q.val() & self.l_legal.val() & self.l_peers.val().any();
        self.l_ask.next = self.l_miss.val() & !self.l_join.val();
        self.park.place.next = self.l_place.val();
        self.park.place_dep.next = self.l_rivals.val() & !self.l_gone.val();
        self.park.leave.next = self.l_leave.val();
        self.park.answer.next = self.l_answer.val();
        self.park.flying.next = self.flying.q.val();
        self.park.sleep.next = self.l_stay.val();
        self.park.sleep_on.next = self.l_peers.val();

        // The next replay, whose payload is read when no answer needs the RAM.
        self.pick.can.next = self.replay.q.val() & self.park.dep_flying.val();
        self.pick.hold.next = self.rsp_valid.val();
        self.pick.payload.next = self.payload.rdata.val();
        self.payload.raddr.next = self.pick.payload_index.val();
        if self.rsp_valid.val() {
            self.payload.raddr.next = self.rsp_tag.val();
        }
        self.payload.we.next = self.l_some_place.val();
        self.payload.waddr.next = self.l_place_index.val();
        self.payload.wdata.next = self.sel_beat.q.val();
        self.fill_sid.next = bit_cast::<16, 15>(self.payload.rdata.val().get_bits::<15>(78))
            | (bit_cast::<16, 1>(self.payload.rdata.val().get_bits::<1>(102)) << 15);
        self.fill_vpn.next = self.payload.rdata.val().get_bits::<37>(12);

        // States.
        self.l_awake.next = self.park.woken.val() & self.waiting.q.val();
        self.l_back.next = self.l_awake.val();
        if self.sel_valid.q.val() & self.l_hit.val() & !self.l_commit.val() {
            self.l_back.next = self.l_awake.val() | self.l_stay.val();
        }
        if self.l_granted.val() & !self.l_direct.val() {
            self.l_back.next = self.l_back.val() | self.l_answer.val();
        }
        self.l_sleep.next = 0.into();
        if self.l_join.val() {
            self.l_sleep.next = self.l_stay.val();
        }
        self.l_open.next = 0.into();
        if self.l_ask.val() & self.l_legal.val() {
            self.l_open.next = self.l_stay.val();
        }
        self.l_landed.next = 0.into();
        if self.sel_valid.q.val() {
            self.l_landed.next = self.sel_entry.q.val();
        }
        self.l_vain.next = 0.into();
        if self.l_miss.val() {
            self.l_vain.next = self.sel_entry.q.val();
        }
        self.l_fault.next = self.fault.q.val();
        if self.err_done.val() {
            self.l_fault.next = self.fault.q.val() & !self.refusals.entry.val();
        }
        self.l_raz.next = self.raz.q.val() & !self.l_answer.val();
        if self.rsp_raz.val() {
            self.l_raz.next = self.raz.q.val() | self.l_answer.val();
        }
        self.parked.d.next = (self.parked.q.val() | self.l_alloc.val()) & !self.l_leave.val();
        self.open.d.next = (self.open.q.val() & !self.l_answer.val()) | self.l_open.val();
        if self.drop_all.val() {
            self.open.d.next = 0.into();
        }
        self.waiting.d.next = (self.waiting.q.val() & !self.l_awake.val()) | self.l_sleep.val();
        self.replay.d.next = (self.replay.q.val() & !self.pick.picked.val()) | self.l_back.val();
        self.flying.d.next = (self.flying.q.val() & !self.l_landed.val()) | self.pick.picked.val();
        self.again.d.next = (self.again.q.val() & !self.l_alloc.val()) | self.l_vain.val();
        self.fault.d.next = self.l_fault.val();
        if self.rsp_fault.val() {
            self.fault.d.next = self.l_fault.val() | self.l_answer.val();
        }
        self.raz.d.next = self.l_raz.val();

        // Output: the address, from the select stage or from the answer.
        self.l_push.next = self.l_commit.val() | self.l_direct.val();
        self.l_from.next = self.sel_beat.q.val();
        self.l_ppn.next = self.sel_ppn.val();
        self.l_mask.next = self.sel_mask.val();
        self.l_attr.next = self.sel_attr.val();
        if self.l_claim.val() {
            self.l_from.next = self.payload.rdata.val();
            self.l_ppn.next = self.rsp_ppn.val();
            self.l_mask.next = self.rsp_mask.val();
            self.l_attr.next = self.rsp_attr.val();
        }
        // Events: what goes out, and what is refused.
        self.l_bank.next = self.sel_bank.val();
        if self.l_claim.val() {
            self.l_bank.next = self.rsp_bank.val();
        }
        self.l_privileged.next = self.l_from.val().get_bit(67);
        if self.l_attr.val().get_bit(14) {
            self.l_privileged.next = self.l_attr.val().get_bit(15);
        }
        self.l_event.next = (bit_cast::<27, 1>(self.is_write.val().into()) << 1)
            | (bit_cast::<27, 1>(self.l_privileged.val().into()) << 2)
            | (bit_cast::<27, 15>(self.l_from.val().get_bits::<15>(78)) << 3)
            | (bit_cast::<27, 1>(self.l_from.val().get_bits::<1>(102)) << 18)
            | (bit_cast::<27, 8>(self.l_bank.val()) << 19);
        self.issued.d.next = 0.into();
        if self.is_counting.val() & self.l_push.val() {
            self.issued.d.next = self.l_event.val().replace_bit(0, true);
        }
        self.l_parked.next = self.payload.rdata.val();
        self.l_privileged.next = self.l_parked.val().get_bit(67);
        if self.rsp_attr.val().get_bit(14) {
            self.l_privileged.next = self.rsp_attr.val().get_bit(15);
        }
        self.l_event.next = (bit_cast::<27, 1>(self.is_write.val().into()) << 1)
            | (bit_cast::<27, 1>(self.l_privileged.val().into()) << 2)
            | (bit_cast::<27, 15>(self.l_parked.val().get_bits::<15>(78)) << 3)
            | (bit_cast::<27, 1>(self.l_parked.val().get_bits::<1>(102)) << 18)
            | (bit_cast::<27, 8>(self.rsp_bank.val()) << 19);
        self.refused.d.next = 0.into();
        if self.is_counting.val() & self.rsp_valid.val() & self.rsp_fault.val() {
            self.refused.d.next = self.l_event.val().replace_bit(0, true);
        }
        self.ev_issued.next = self.issued.q.val();
        self.ev_refused.next = self.refused.q.val();

        self.out.push.next = self.l_push.val();
        self.out.beat.next = self.l_from.val();
        self.out.ppn.next = self.l_ppn.val();
        self.out.mask.next = self.l_mask.val();
        self.out.attr.next = self.l_attr.val();
        self.out.ready.next = self.m_ready.val();
        self.m_valid.next = self.out.valid.val();
        self.m_beat.next = self.out.dout.val();
        self.m_attr.next = self.out.dout_attr.val();
        self.issue_valid.next = self.out.issue_valid.val();
        self.issue_id.next = self.out.issue_id.val();

        self.requests.push.next = self.l_ask.val();
        self.requests.tag.next = self.l_index.val();
        self.requests.beat.next = self.sel_beat.q.val();
        self.requests.req_ready.next = self.req_ready.val();
        self.req_valid.next = self.requests.req_valid.val();
        self.req_tag.next = self.requests.req_tag.val();
        self.req_sid.next = self.requests.req_sid.val();
        self.req_va.next = self.requests.req_va.val();
        self.req_prot.next = self.requests.req_prot.val();
        self.req_uut.next = self.requests.req_uut.val();

        // Refused transactions whose turn has come.
        self.l_label_id.next = self.sel_beat.q.val().get_bits::<8>(93);
        self.l_label_len.next = self.sel_beat.q.val().get_bits::<8>(49);
        self.l_label.next = bit_cast::<16, 8>(self.l_label_id.val());
        self.l_label.next = self.l_label.val() << 8;
        self.l_label_low.next = bit_cast::<16, 8>(self.l_label_len.val());
        self.refusals.write.next = self.l_some_place.val();
        self.refusals.write_index.next = self.l_place_index.val();
        self.refusals.write_label.next = self.l_label.val() | self.l_label_low.val();
        self.refusals.due.next = self.fault.q.val() & self.park.dep_none.val();
        self.refusals.raz.next = self.raz.q.val();
        self.refusals.done.next = self.err_done.val();
        self.err_valid.next = self.refusals.valid.val();
        self.err_id.next = bit_cast::<IDW, 8>(self.refusals.id.val());
        self.err_len.next = self.refusals.len.val();
        self.err_raz.next = self.refusals.okay.val();

        // Acceptance.
        self.credits.take.next = self.l_take.val();
        self.credits.left.next = self.l_push.val();
        self.credits.popped.next = self.out.valid.val() & self.m_ready.val();
        self.credits.refused.next = self.err_done.val();
        self.credits.pause.next = self.limit.val() | self.pick.next_valid.val();

        if !self.aresetn.val() {
            self.sel_valid.d.next = false;
            self.parked.d.next = 0.into();
            self.open.d.next = 0.into();
            self.waiting.d.next = 0.into();
            self.replay.d.next = 0.into();
            self.flying.d.next = 0.into();
            self.fault.d.next = 0.into();
            self.again.d.next = 0.into();
            self.must.d.next = false;
        }
    }
}

#[cfg(test)]
#[path = "tests/addr_pipe.rs"]
mod tests;
