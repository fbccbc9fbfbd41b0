//! `Stalls<CB, N, XW, PW>`: which transactions a context fault stalls, which wait for a stalled one, and when they go on (`SCTLR.CFCFG`, `FSR.SS`,
//! `RESUME`; decisions D32 to D36 of `docs/compliance.md`).
//!
//! It stands between the translation and those who hear of a fault: the recorder and the transaction's TBU. The decision is made in the
//! cycle of the fault event, so all channels agree which fault of a bank was the first.
//!
//! | event in bank B | B.SS | CFCFG = 1 | CFCFG = 0 |
//! | --- | --- | --- | --- |
//! | fault | 0 | *stalled*: recorded, SS := 1, the TBU is told to hold | refused, recorded |
//! | fault, or blocked by HUPCF = 0 | 1 | *waiting*: nothing recorded, the TBU is told to hold | refused, recorded (MULTI) |
//! | blocked by HUPCF = 0 | 0 | refused (MULTI) | refused (MULTI) |
//!
//! # The list
//!
//! Held transactions stand in a list of `N` places, in the order in which they were held. A transaction is {port, channel, tag}, which its TBU
//! keeps while it is held. There is one list for all client ports, as `FSR.SS` and `RESUME` are of a bank, whichever ports use it. Each is in one of these states, a bit vector each:
//!
//! | state | until |
//! | --- | --- |
//! | `stalled` | `RESUME`: due, or ending |
//! | `waiting` | `RESUME` (SS is 1), or a write of the bank's SCTLR: look |
//! | `ending` | the TBU is told to refuse it (by `CFRE` as it is then) |
//! | `due` | the TBU is told to ask again, as the retried one: asking |
//! | `look` | nothing is due, ending or asking: the TBU is told to ask again: asking |
//! | `asking` | the answer: it leaves the list, or is held again |
//!
//! One at a time asks, the retried one first, then by age: so what the first one meets is known before the next one is looked at. A retried one
//! ignores the block of HUPCF in its bank, as often as it asks, until it is sent on (`pass`).
//!
//! # Room
//!
//! Not more than `read_places` and `write_places` of a port are held: what comes above that is treated as with CFCFG = 0, so no port takes another's
//! places. And if a TBU is `crowded` for 32 cycles, the oldest stalled or waiting one of such a port and channel is ended: it is refused, a waiting
//! one with `MULTI`; SS stays. So held transactions never stop others for good.
//!
//! # Timing
//!
//! `hold` and `o_flt_*` follow `rsp_*` and `flt_*` in the same cycle, `stalled` one cycle later. Who goes on is chosen in a cycle without an answer
//! and stands in a register then, from which the TBU and the recorder are told in the next cycle without an answer: so the choice shares no cycle
//! with what they do. If a wake has waited for 31 cycles, `pause` stops new requests until it has come, so that no traffic keeps a held
//! transaction from going on.
//! `forgive` belongs to `ask_*` of the cycle before.

use crate::params::Params;
use crate::prelude::*;
use crate::prim::ram::RamAsync;
use crate::prim::strap::Strap;

/// The block. `CB` banks, `N` places, `PW` = 2^`XW` transactions that there can be: 32 for each port.
#[derive(LogicBlock, Default)]
pub struct Stalls<const CB: usize, const N: usize, const XW: usize, const PW: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    /// An answer; `rsp_fault`: none that goes downstream.
    pub rsp_valid: Signal<In, Bit>,
    pub rsp_wr: Signal<In, Bit>,
    /// Its port (one-hot), and the tag there.
    pub rsp_of: Signal<In, Word<4>>,
    pub rsp_tag: Signal<In, Word<4>>,
    pub rsp_fault: Signal<In, Bit>,
    /// Its fault event.
    pub flt_valid: Signal<In, Bit>,
    pub flt_global: Signal<In, Bit>,
    pub flt_bank: Signal<In, Word<7>>,
    pub flt_code: Signal<In, Word<9>>,
    /// What the recorder hears of it.
    pub o_flt_valid: Signal<Out, Bit>,
    pub o_flt_global: Signal<Out, Bit>,
    pub o_flt_bank: Signal<Out, Word<7>>,
    pub o_flt_code: Signal<Out, Word<9>>,
    /// What the TBU hears: the transaction is held.
    pub hold: Signal<Out, Bit>,
    /// To the TBU of a port: the held one `wake_tag` asks again, or is refused.
    pub wake_valid: Signal<Out, Word<4>>,
    pub wake_wr: Signal<Out, Bit>,
    pub wake_tag: Signal<Out, Word<4>>,
    pub wake_refuse: Signal<Out, Bit>,
    pub wake_raz: Signal<Out, Bit>,
    /// To the translation: accept nothing, a wake has waited for long.
    pub pause: Signal<Out, Bit>,
    /// From the TBUs: parked transactions that were sent on, 32 bits of each port: reads by tag, then writes.
    pub left: Signal<In, Word<PW>>,
    /// Ports that are crowded.
    pub rd_crowded: Signal<In, Word<4>>,
    pub wr_crowded: Signal<In, Word<4>>,
    /// A transaction comes to its check of HUPCF in the next cycle: in that one, 0: its block in the bank 7:1 does not count.
    pub ask_wr: Signal<In, Bit>,
    pub ask_of: Signal<In, Word<4>>,
    pub ask_tag: Signal<In, Word<4>>,
    pub forgive: Signal<Out, Word<8>>,
    /// Configuration bus: SCTLR (2) brings CFRE and CFCFG and lets waiting ones look again; 15 is RESUME.
    pub cw_valid: Signal<In, Bit>,
    pub cw_kind: Signal<In, Word<4>>,
    pub cw_index: Signal<In, Word<7>>,
    pub cw_data: Signal<In, Word<64>>,
    /// FSR.SS of each bank.
    pub stalled: Signal<Out, Word<CB>>,
    present: Strap<Bit>,
    read_places: Strap<Word<5>>,
    write_places: Strap<Word<5>>,
    ss: DFF<Word<CB>>,
    cfcfg: DFF<Word<CB>>,
    cfre: DFF<Word<CB>>,
    // The list: a bit of each place.
    first_q: DFF<Word<N>>,
    waiting_q: DFF<Word<N>>,
    ending_q: DFF<Word<N>>,
    due_q: DFF<Word<N>>,
    look_q: DFF<Word<N>>,
    asking_q: DFF<Word<N>>,
    wr_q: DFF<Word<N>>,
    port_q: [DFF<Word<N>>; 4],
    tag_q: [DFF<Word<N>>; 4],
    bank_q: [DFF<Word<N>>; 7],
    /// How many of each port are in the list.
    reads: [DFF<Word<5>>; 4],
    writes: [DFF<Word<5>>; 4],
    pass: DFF<Word<PW>>,
    pass_bank: RamAsync<XW, 7>,
    forgive_q: DFF<Word<8>>,
    rd_patience: DFF<Word<5>>,
    wr_patience: DFF<Word<5>>,
    wake_patience: DFF<Word<5>>,
    /// The chosen one, until its TBU is told (`full`): it is refused, or a retried one, or ended while it waited (the recorder hears of one more).
    full: DFF<Bit>,
    wake_of: DFF<Word<4>>,
    wake_write: DFF<Bit>,
    wake_key: DFF<Word<4>>,
    wake_bank: DFF<Word<7>>,
    wake_ends: DFF<Bit>,
    wake_retries: DFF<Bit>,
    wake_more: DFF<Bit>,
    // Locals that are built up in steps belong to one use each: two uses would tie blocks of the Verilog into a ring.
    one: Signal<Local, Word<CB>>,
    flt_hot: Signal<Local, Word<CB>>,
    cw_hot: Signal<Local, Word<CB>>,
    ss_of_flt: Signal<Local, Word<CB>>,
    cfcfg_of_flt: Signal<Local, Word<CB>>,
    ss_of_cw: Signal<Local, Word<CB>>,
    cfre_of_chosen: Signal<Local, Word<CB>>,
    new_ss: Signal<Local, Word<CB>>,
    ss_here: Signal<Local, Bit>,
    stalls_here: Signal<Local, Bit>,
    same: Signal<Local, Word<N>>,
    known: Signal<Local, Bit>,
    room: Signal<Local, Bit>,
    refused: Signal<Local, Bit>,
    wants: Signal<Local, Bit>,
    holds: Signal<Local, Bit>,
    is_first: Signal<Local, Bit>,
    is_waiting: Signal<Local, Bit>,
    adds: Signal<Local, Bit>,
    used: Signal<Local, Word<N>>,
    free: Signal<Local, Word<N>>,
    tail: Signal<Local, Word<N>>,
    place: Signal<Local, Word<N>>,
    // FSM.
    tells: Signal<Local, Bit>,
    quiet: Signal<Local, Bit>,
    idle: Signal<Local, Word<N>>,
    idle_reads: Signal<Local, Word<N>>,
    idle_writes: Signal<Local, Word<N>>,
    chosen_of: Signal<Local, Word<4>>,
    goes_on: Signal<Local, Bit>,
    of_port: Signal<Local, Bit>,
    below: Signal<Local, Word<N>>,
    chosen: Signal<Local, Word<N>>,
    ends: Signal<Local, Bit>,
    crowd: Signal<Local, Bit>,
    asks: Signal<Local, Bit>,
    retries: Signal<Local, Bit>,
    chosen_tag: Signal<Local, Word<4>>,
    chosen_bank: Signal<Local, Word<7>>,
    chosen_write: Signal<Local, Bit>,
    picked: Signal<Local, Word<N>>,
    passes: Signal<Local, Bit>,
    tells_more: Signal<Local, Bit>,
    // Changes.
    remove: Signal<Local, Word<N>>,
    keep: Signal<Local, Word<N>>,
    wakes: Signal<Local, Bit>,
    resumes: Signal<Local, Bit>,
    terminate: Signal<Local, Bit>,
    new_first: Signal<Local, Word<N>>,
    new_waiting: Signal<Local, Word<N>>,
    new_ending: Signal<Local, Word<N>>,
    new_due: Signal<Local, Word<N>>,
    new_look: Signal<Local, Word<N>>,
    new_asking: Signal<Local, Word<N>>,
    plane: Signal<Local, Word<N>>,
    of_bank: Signal<Local, Word<N>>,
    same_plane: Signal<Local, Word<N>>,
    tag_plane: Signal<Local, Word<N>>,
    port_plane: Signal<Local, Word<N>>,
    bank_plane: Signal<Local, Word<N>>,
    picked_write: Signal<Local, Word<N>>,
    picked_other: Signal<Local, Word<N>>,
    bit_here: Signal<Local, Bit>,
    bank_bit: Signal<Local, Bit>,
    rsp_port: Signal<Local, Word<2>>,
    wake_port: Signal<Local, Word<2>>,
    ask_port: Signal<Local, Word<2>>,
    rsp_index: Signal<Local, Word<XW>>,
    wake_index: Signal<Local, Word<XW>>,
    ask_index: Signal<Local, Word<XW>>,
    first_bit: Signal<Local, Word<PW>>,
    wake_hot: Signal<Local, Word<PW>>,
    pass_of_ask: Signal<Local, Word<PW>>,
    lost: Signal<Local, Word<PW>>,
    removed_read: Signal<Local, Word<N>>,
    removed_write: Signal<Local, Word<N>>,
    gone: Signal<Local, Word<N>>,
    rsp_flag: Signal<Local, Word<1>>,
    wake_flag: Signal<Local, Word<1>>,
    ask_flag: Signal<Local, Word<1>>,
}

impl<const CB: usize, const N: usize, const XW: usize, const PW: usize> Stalls<CB, N, XW, PW> {
    /// The block for hardware of these sizes.
    ///
    /// # Panics
    /// If the list is too short for what the ports may hold, or if the generics do not fit each other and the number of ports.
    pub fn new(params: &Params) -> Self {
        let held = if params.features.stall { params.tbus * (params.held_reads() + params.held_writes()) } else { 0 };
        assert!(held <= N, "{held} held transactions have {N} places");
        assert_eq!((1 << XW, 32 * params.tbus), (PW, PW), "transactions that there can be");
        Self {
            present: Strap::new(params.features.stall),
            read_places: Strap::new(params.held_reads()),
            write_places: Strap::new(params.held_writes()),
            ..Self::default()
        }
    }
}

impl<const CB: usize, const N: usize, const XW: usize, const PW: usize> Logic for Stalls<CB, N, XW, PW> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            ss,
            cfcfg,
            cfre,
            first_q,
            waiting_q,
            ending_q,
            due_q,
            look_q,
            asking_q,
            wr_q,
            pass,
            forgive_q,
            rd_patience,
            wr_patience,
            wake_patience,
            full,
            wake_of,
            wake_write,
            wake_key,
            wake_bank,
            wake_ends,
            wake_retries,
            wake_more
        );
        for i in 0..4 {
            self.tag_q[i].clock.next = self.clock.val();
            self.tag_q[i].d.next = self.tag_q[i].q.val();
        }
        for i in 0..7 {
            self.bank_q[i].clock.next = self.clock.val();
            self.bank_q[i].d.next = self.bank_q[i].q.val();
        }
        for i in 0..4 {
            self.port_q[i].clock.next = self.clock.val();
            self.port_q[i].d.next = self.port_q[i].q.val();
            self.reads[i].clock.next = self.clock.val();
            self.reads[i].d.next = self.reads[i].q.val();
            self.writes[i].clock.next = self.clock.val();
            self.writes[i].d.next = self.writes[i].q.val();
        }
        self.pass_bank.clock.next = self.clock.val();

        // The event of this cycle: its bank, and whether its transaction is in the list.
        self.one.next = 1.into();
        self.flt_hot.next = self.one.val() << self.flt_bank.val();
        self.ss_of_flt.next = self.ss.q.val() & self.flt_hot.val();
        self.ss_here.next = self.ss_of_flt.val().any();
        self.cfcfg_of_flt.next = self.cfcfg.q.val() & self.flt_hot.val();
        self.stalls_here.next = self.cfcfg_of_flt.val().any();
        self.same.next = !self.wr_q.q.val();
        if self.rsp_wr.val() {
            self.same.next = self.wr_q.q.val();
        }
        for i in 0..4 {
            self.same_plane.next = !self.tag_q[i].q.val();
            if self.rsp_tag.val().get_bit(i) {
                self.same_plane.next = self.tag_q[i].q.val();
            }
            self.same.next = self.same.val() & self.same_plane.val();
        }
        for i in 0..4 {
            if self.rsp_of.val().get_bit(i) {
                self.same.next = self.same.val() & self.port_q[i].q.val();
            }
        }
        self.same.next = self.same.val() & self.asking_q.q.val();
        if !self.rsp_valid.val() {
            self.same.next = 0.into();
        }
        self.known.next = self.same.val().any();

        // Refused, stalled, or waiting.
        self.room.next = false;
        for i in 0..4 {
            if self.rsp_of.val().get_bit(i) {
                self.room.next = self.reads[i].q.val() < self.read_places.val();
                if self.rsp_wr.val() {
                    self.room.next = self.writes[i].q.val() < self.write_places.val();
                }
            }
        }
        self.refused.next = self.rsp_valid.val() & self.rsp_fault.val();
        self.wants.next = self.present.val()
            & self.refused.val()
            & self.flt_valid.val()
            & !self.flt_global.val()
            & self.stalls_here.val()
            & (self.ss_here.val() | self.flt_code.val().any());
        self.holds.next = self.wants.val() & (self.known.val() | self.room.val());
        self.is_first.next = self.holds.val() & !self.ss_here.val();
        self.is_waiting.next = self.holds.val() & self.ss_here.val();
        self.adds.next = self.holds.val() & !self.known.val();
        self.hold.next = self.holds.val();

        // Its place: its own, or behind the last one.
        self.used.next = self.first_q.q.val()
            | self.waiting_q.q.val()
            | self.ending_q.q.val()
            | self.due_q.q.val()
            | self.look_q.q.val()
            | self.asking_q.q.val();
        self.tail.next = self.used.val() + 1;
        self.place.next = 0.into();
        if self.adds.val() {
            self.place.next = self.tail.val() & !self.used.val();
        }

        // In a cycle without an event one of the list is chosen to go on, in a later one it is told.
        self.tells.next = self.full.q.val() & !self.rsp_valid.val();
        self.quiet.next = self.present.val() & !self.rsp_valid.val() & !self.cw_valid.val() & !self.full.q.val();
        self.chosen.next = 0.into();
        self.ends.next = false;
        self.asks.next = false;
        self.retries.next = false;
        self.crowd.next = false;
        self.idle_reads.next = 0.into();
        self.idle_writes.next = 0.into();
        for i in 0..4 {
            if self.rd_crowded.val().get_bit(i) {
                self.idle_reads.next = self.idle_reads.val() | self.port_q[i].q.val();
            }
            if self.wr_crowded.val().get_bit(i) {
                self.idle_writes.next = self.idle_writes.val() | self.port_q[i].q.val();
            }
        }
        self.idle.next = self.first_q.q.val() | self.waiting_q.q.val();
        self.idle_reads.next = self.idle_reads.val() & self.idle.val() & !self.wr_q.q.val();
        self.idle_writes.next = self.idle_writes.val() & self.idle.val() & self.wr_q.q.val();
        if self.ending_q.q.val().any() {
            self.chosen.next = self.ending_q.q.val();
            self.ends.next = self.quiet.val();
        } else if self.due_q.q.val().any() & !self.asking_q.q.val().any() {
            self.chosen.next = self.due_q.q.val();
            self.asks.next = self.quiet.val();
            self.retries.next = self.quiet.val();
        } else if self.look_q.q.val().any() & !self.asking_q.q.val().any() {
            self.chosen.next = self.look_q.q.val();
            self.asks.next = self.quiet.val();
        } else if self.rd_patience.q.val().all() & self.idle_reads.val().any() {
            self.chosen.next = self.idle_reads.val();
            self.crowd.next = self.quiet.val();
        } else if self.wr_patience.q.val().all() & self.idle_writes.val().any() {
            self.chosen.next = self.idle_writes.val();
            self.crowd.next = self.quiet.val();
        }
        self.below.next = self.chosen.val() - 1;
        self.picked.next = self.chosen.val() & !self.below.val();
        self.chosen_tag.next = 0.into();
        for i in 0..4 {
            self.tag_plane.next = self.picked.val() & self.tag_q[i].q.val();
            self.bit_here.next = self.tag_plane.val().any();
            self.chosen_tag.next = self.chosen_tag.val().replace_bit(i, self.bit_here.val());
        }
        self.chosen_bank.next = 0.into();
        for i in 0..7 {
            self.bank_plane.next = self.picked.val() & self.bank_q[i].q.val();
            self.bank_bit.next = self.bank_plane.val().any();
            self.chosen_bank.next = self.chosen_bank.val().replace_bit(i, self.bank_bit.val());
        }
        self.picked_write.next = self.picked.val() & self.wr_q.q.val();
        self.chosen_write.next = self.picked_write.val().any();
        self.picked_other.next = self.picked.val() & !self.first_q.q.val();
        self.chosen_of.next = 0.into();
        for i in 0..4 {
            self.port_plane.next = self.picked.val() & self.port_q[i].q.val();
            self.of_port.next = self.port_plane.val().any();
            self.chosen_of.next = self.chosen_of.val().replace_bit(i, self.of_port.val());
        }
        self.goes_on.next = self.ends.val() | self.crowd.val() | self.asks.val();
        if self.tells.val() {
            self.full.d.next = false;
        }
        if self.goes_on.val() {
            self.full.d.next = true;
            self.wake_of.d.next = self.chosen_of.val();
            self.wake_write.d.next = self.chosen_write.val();
            self.wake_key.d.next = self.chosen_tag.val();
            self.wake_bank.d.next = self.chosen_bank.val();
            self.wake_ends.d.next = self.ends.val() | self.crowd.val();
            self.wake_retries.d.next = self.retries.val();
            self.wake_more.d.next = self.crowd.val() & self.picked_other.val().any();
        }
        self.wake_valid.next = 0.into();
        if self.tells.val() {
            self.wake_valid.next = self.wake_of.q.val();
        }
        self.wake_refuse.next = self.wake_ends.q.val();
        self.wake_wr.next = self.wake_write.q.val();
        self.wake_tag.next = self.wake_key.q.val();
        self.cfre_of_chosen.next = self.cfre.q.val() >> self.wake_bank.q.val();
        self.wake_raz.next = !self.cfre_of_chosen.val().get_bit(0);
        self.passes.next = self.tells.val() & self.wake_retries.q.val();
        self.tells_more.next = self.tells.val() & self.wake_more.q.val();
        self.wake_patience.d.next = 0.into();
        if (self.full.q.val() | self.chosen.val().any()) & !self.tells.val() {
            self.wake_patience.d.next = self.wake_patience.q.val();
            if !self.wake_patience.q.val().all() {
                self.wake_patience.d.next = self.wake_patience.q.val() + 1;
            }
        }
        self.pause.next = self.present.val() & self.wake_patience.q.val().all();

        // What the recorder hears: a waiting one's fault is not told; one that is ended while it waits is one more.
        self.o_flt_valid.next = (self.flt_valid.val() & !self.is_waiting.val()) | self.tells_more.val();
        self.o_flt_global.next = self.flt_global.val();
        self.o_flt_bank.next = self.flt_bank.val();
        self.o_flt_code.next = self.flt_code.val();
        if self.tells_more.val() {
            self.o_flt_global.next = false;
            self.o_flt_bank.next = self.wake_bank.q.val();
            self.o_flt_code.next = 0.into();
        }

        // New states: the event, or what was told ..
        self.new_first.next = self.first_q.q.val();
        self.new_waiting.next = self.waiting_q.q.val();
        self.new_ending.next = self.ending_q.q.val();
        self.new_due.next = self.due_q.q.val();
        self.new_look.next = self.look_q.q.val();
        self.new_asking.next = self.asking_q.q.val() & !self.same.val();
        if self.is_first.val() {
            self.new_first.next = self.first_q.q.val() | self.place.val() | self.same.val();
        }
        if self.is_waiting.val() {
            self.new_waiting.next = self.waiting_q.q.val() | self.place.val() | self.same.val();
        }
        if self.asks.val() {
            self.new_asking.next = self.asking_q.q.val() | self.picked.val();
            self.new_due.next = self.due_q.q.val() & !self.picked.val();
            self.new_look.next = self.look_q.q.val() & !self.picked.val();
        }
        for i in 0..4 {
            self.plane.next = self.tag_q[i].q.val() & !self.place.val();
            if self.rsp_tag.val().get_bit(i) {
                self.plane.next = self.tag_q[i].q.val() | self.place.val();
            }
            self.tag_q[i].d.next = self.plane.val();
        }
        for i in 0..4 {
            self.plane.next = self.port_q[i].q.val() & !self.place.val();
            if self.rsp_of.val().get_bit(i) {
                self.plane.next = self.port_q[i].q.val() | self.place.val();
            }
            self.port_q[i].d.next = self.plane.val();
        }
        self.of_bank.next = self.used.val() | self.place.val();
        for i in 0..7 {
            self.plane.next = self.bank_q[i].q.val() & !(self.place.val() | self.same.val());
            if self.flt_bank.val().get_bit(i) {
                self.plane.next = self.bank_q[i].q.val() | self.place.val() | self.same.val();
            }
            self.bank_q[i].d.next = self.plane.val();
            // .. and which places are of the bank that the configuration bus names.
            if self.cw_index.val().get_bit(i) {
                self.of_bank.next = self.of_bank.val() & self.plane.val();
            } else {
                self.of_bank.next = self.of_bank.val() & !self.plane.val();
            }
        }
        self.wr_q.d.next = self.wr_q.q.val() & !self.place.val();
        if self.rsp_wr.val() {
            self.wr_q.d.next = self.wr_q.q.val() | self.place.val();
        }

        // .. then RESUME and SCTLR, which come after it.
        self.cw_hot.next = self.one.val() << self.cw_index.val();
        self.ss_of_cw.next = self.ss.q.val() & self.cw_hot.val();
        self.resumes.next = self.cw_valid.val() & (self.cw_kind.val() == 15) & self.ss_of_cw.val().any();
        self.terminate.next = self.cw_data.val().get_bit(0);
        self.wakes.next = self.resumes.val() | (self.cw_valid.val() & (self.cw_kind.val() == 2));
        if self.resumes.val() {
            if self.terminate.val() {
                self.new_ending.next = self.new_ending.val() | (self.new_first.val() & self.of_bank.val());
            } else {
                self.new_due.next = self.new_due.val() | (self.new_first.val() & self.of_bank.val());
            }
            self.new_first.next = self.new_first.val() & !self.of_bank.val();
        }
        if self.wakes.val() {
            self.new_look.next = self.new_look.val() | (self.new_waiting.val() & self.of_bank.val());
            self.new_waiting.next = self.new_waiting.val() & !self.of_bank.val();
        }

        // .. then one that is done with leaves the list, and those behind it move up.
        self.remove.next = 0.into();
        if self.known.val() & !self.holds.val() {
            self.remove.next = self.same.val();
        }
        if self.ends.val() | self.crowd.val() {
            self.remove.next = self.picked.val();
        }
        self.keep.next = self.remove.val() - 1;
        self.free.next = !self.keep.val();
        self.first_q.d.next = (self.new_first.val() & self.keep.val()) | ((self.new_first.val() >> 1) & self.free.val());
        self.waiting_q.d.next = (self.new_waiting.val() & self.keep.val()) | ((self.new_waiting.val() >> 1) & self.free.val());
        self.ending_q.d.next = (self.new_ending.val() & self.keep.val()) | ((self.new_ending.val() >> 1) & self.free.val());
        self.due_q.d.next = (self.new_due.val() & self.keep.val()) | ((self.new_due.val() >> 1) & self.free.val());
        self.look_q.d.next = (self.new_look.val() & self.keep.val()) | ((self.new_look.val() >> 1) & self.free.val());
        self.asking_q.d.next = (self.new_asking.val() & self.keep.val()) | ((self.new_asking.val() >> 1) & self.free.val());
        if self.remove.val().any() {
            self.wr_q.d.next = (self.wr_q.q.val() & self.keep.val()) | ((self.wr_q.q.val() >> 1) & self.free.val());
            for i in 0..4 {
                self.plane.next = self.tag_q[i].q.val();
                self.tag_q[i].d.next = (self.plane.val() & self.keep.val()) | ((self.plane.val() >> 1) & self.free.val());
                self.plane.next = self.port_q[i].q.val();
                self.port_q[i].d.next = (self.plane.val() & self.keep.val()) | ((self.plane.val() >> 1) & self.free.val());
            }
            for i in 0..7 {
                self.plane.next = self.bank_q[i].q.val();
                self.bank_q[i].d.next = (self.plane.val() & self.keep.val()) | ((self.plane.val() >> 1) & self.free.val());
            }
        }

        // How many of each port and channel there are.
        self.removed_read.next = self.remove.val() & !self.wr_q.q.val();
        self.removed_write.next = self.remove.val() & self.wr_q.q.val();
        for i in 0..4 {
            if self.adds.val() & self.rsp_of.val().get_bit(i) {
                if self.rsp_wr.val() {
                    self.writes[i].d.next = self.writes[i].q.val() + 1;
                } else {
                    self.reads[i].d.next = self.reads[i].q.val() + 1;
                }
            }
            self.gone.next = self.removed_read.val() & self.port_q[i].q.val();
            if self.gone.val().any() {
                self.reads[i].d.next = self.reads[i].q.val() - 1;
            }
            self.gone.next = self.removed_write.val() & self.port_q[i].q.val();
            if self.gone.val().any() {
                self.writes[i].d.next = self.writes[i].q.val() - 1;
            }
        }

        // FSR.SS, CFCFG, CFRE.
        self.new_ss.next = self.ss.q.val();
        if self.is_first.val() {
            self.new_ss.next = self.ss.q.val() | self.flt_hot.val();
        }
        self.ss.d.next = self.new_ss.val();
        if self.resumes.val() {
            self.ss.d.next = self.new_ss.val() & !self.cw_hot.val();
        }
        if self.cw_valid.val() & (self.cw_kind.val() == 2) {
            self.cfcfg.d.next = self.cfcfg.q.val() & !self.cw_hot.val();
            if self.cw_data.val().get_bit(7) {
                self.cfcfg.d.next = self.cfcfg.q.val() | self.cw_hot.val();
            }
            self.cfre.d.next = self.cfre.q.val() & !self.cw_hot.val();
            if self.cw_data.val().get_bit(5) {
                self.cfre.d.next = self.cfre.q.val() | self.cw_hot.val();
            }
        }
        self.stalled.next = 0.into();
        if self.present.val() {
            self.stalled.next = self.ss.q.val();
        }

        // Those whose bank's block does not count: from the wake of a retried one until it is sent on, refused, or held again.
        self.rsp_flag.next = self.rsp_wr.val().into();
        self.rsp_port.next = 0.into();
        self.wake_port.next = 0.into();
        self.ask_port.next = 0.into();
        for i in 0..4 {
            if self.rsp_of.val().get_bit(i) {
                self.rsp_port.next = i.into();
            }
            if self.wake_of.q.val().get_bit(i) {
                self.wake_port.next = i.into();
            }
            if self.ask_of.val().get_bit(i) {
                self.ask_port.next = i.into();
            }
        }
        self.rsp_index.next = bit_cast::<XW, 4>(self.rsp_tag.val())
            | (bit_cast::<XW, 1>(self.rsp_flag.val()) << 4)
            | (bit_cast::<XW, 2>(self.rsp_port.val()) << 5);
        self.wake_flag.next = self.wake_write.q.val().into();
        self.wake_index.next = bit_cast::<XW, 4>(self.wake_key.q.val())
            | (bit_cast::<XW, 1>(self.wake_flag.val()) << 4)
            | (bit_cast::<XW, 2>(self.wake_port.val()) << 5);
        self.ask_flag.next = self.ask_wr.val().into();
        self.ask_index.next = bit_cast::<XW, 4>(self.ask_tag.val())
            | (bit_cast::<XW, 1>(self.ask_flag.val()) << 4)
            | (bit_cast::<XW, 2>(self.ask_port.val()) << 5);
        self.first_bit.next = 1.into();
        self.lost.next = self.left.val();
        if self.refused.val() {
            self.lost.next = self.left.val() | (self.first_bit.val() << self.rsp_index.val());
        }
        self.pass.d.next = self.pass.q.val() & !self.lost.val();
        self.wake_hot.next = self.first_bit.val() << self.wake_index.val();
        if self.passes.val() {
            self.pass.d.next = (self.pass.q.val() & !self.lost.val()) | self.wake_hot.val();
        }
        self.pass_bank.we.next = self.passes.val();
        self.pass_bank.waddr.next = self.wake_index.val();
        self.pass_bank.wdata.next = self.wake_bank.q.val();
        self.pass_bank.raddr.next = self.ask_index.val();
        self.pass_of_ask.next = self.pass.q.val() >> self.ask_index.val();
        self.forgive_q.d.next =
            (bit_cast::<8, 7>(self.pass_bank.rdata.val()) << 1) | bit_cast::<8, 1>(self.pass_of_ask.val().get_bits::<1>(0));
        self.forgive.next = 0.into();
        if self.present.val() {
            self.forgive.next = self.forgive_q.q.val();
        }

        // Patience with a crowded channel.
        self.rd_patience.d.next = 0.into();
        if self.rd_crowded.val().any() & !self.crowd.val() {
            self.rd_patience.d.next = self.rd_patience.q.val();
            if !self.rd_patience.q.val().all() {
                self.rd_patience.d.next = self.rd_patience.q.val() + 1;
            }
        }
        self.wr_patience.d.next = 0.into();
        if self.wr_crowded.val().any() & !self.crowd.val() {
            self.wr_patience.d.next = self.wr_patience.q.val();
            if !self.wr_patience.q.val().all() {
                self.wr_patience.d.next = self.wr_patience.q.val() + 1;
            }
        }

        if !self.aresetn.val() {
            self.ss.d.next = 0.into();
            self.first_q.d.next = 0.into();
            self.waiting_q.d.next = 0.into();
            self.ending_q.d.next = 0.into();
            self.due_q.d.next = 0.into();
            self.look_q.d.next = 0.into();
            self.asking_q.d.next = 0.into();
            for i in 0..4 {
                self.reads[i].d.next = 0.into();
                self.writes[i].d.next = 0.into();
            }
            self.pass.d.next = 0.into();
            self.rd_patience.d.next = 0.into();
            self.wr_patience.d.next = 0.into();
            self.wake_patience.d.next = 0.into();
            self.full.d.next = false;
        }
    }
}

#[cfg(test)]
#[path = "stalls_tests.rs"]
mod tests;
