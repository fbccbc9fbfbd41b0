//! Performance monitors: counter groups, their registers, the interrupt. There is one group for each TBU.
//!
//! ```text
//!  events (TBU, walker) -> filter of the group -> each counter: event, privilege -> + -> overflow -> irq
//!                              ^ PMCGCR, PMCGSMR        ^ PMEVTYPER, PMCNTEN, PMCR.E, PMCGCR.E
//! ```
//!
//! # Event words (27 bits)
//!
//! 0 valid, 1 write, 2 privileged, 18:3 StreamID, 25:19 context bank, 26 there is a bank. `read` and `written` are client bursts that go
//! downstream, `refused` those that do not: so all three together are the accesses. `refill` is a leaf that a walk delivers. The words of four TBUs
//! stand beside each other, that of the first lowest.
//!
//! # Registers
//!
//! `code` says which: 0 PMEVCNTR, 1 PMEVTYPER, 2 PMCGCR, 3 PMCGSMR, 4 PMCNTENSET, 5 PMCNTENCLR, 6 PMINTENSET, 7 PMINTENCLR, 8 PMOVSCLR,
//! 9 PMOVSSET, 10 PMCR, 11 PMCFGR, 12 PMCEIDn. Counter n is number n mod 4 of group n / 4. With bit 4 it is the register of a bank's page: it shows
//! the lowest group whose `CBAEN` is set and whose `NDX` is the bank; without one it reads as zero and ignores writes.
//!
//! # Timing
//!
//! `value` follows `code`, `number` and `bank` in the same cycle. A write takes effect with the clock edge, and wins over counting. An event
//! is in the counter three cycles after it stood here, `irq` follows the overflow status by one cycle.

use crate::params::Params;
use crate::prelude::*;
use crate::prim::strap::Strap;
use crate::registers::{reset_value, COUNTED_EVENTS, PMCFGR, PMEVCNTR};

/// One counter group: four counters behind one filter.
#[derive(LogicBlock, Default)]
pub struct PmuGroup {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub read: Signal<In, Word<27>>,
    pub written: Signal<In, Word<27>>,
    pub refused: Signal<In, Word<27>>,
    pub refill: Signal<In, Word<27>>,
    /// One cycle of 64.
    pub tick64: Signal<In, Bit>,
    /// PMCR.E.
    pub run: Signal<In, Bit>,
    /// All counters become zero.
    pub zero: Signal<In, Bit>,
    /// A write of the register `code`; `data` under the register's mask.
    pub we: Signal<In, Bit>,
    pub code: Signal<In, Word<4>>,
    /// Counter.
    pub number: Signal<In, Word<2>>,
    pub data: Signal<In, Word<32>>,
    /// PMEVCNTR, PMEVTYPER, PMCGCR, PMCGSMR (without bits that are constant).
    pub value: Signal<Out, Word<32>>,
    /// PMCNTEN, PMINTEN, PMOVS.
    pub counting: Signal<Out, Word<4>>,
    pub interrupts: Signal<Out, Word<4>>,
    pub overflows: Signal<Out, Word<4>>,
    /// A bank may see the group, and which.
    pub open: Signal<Out, Bit>,
    pub ndx: Signal<Out, Word<8>>,
    count: [DFF<Word<32>>; 4],
    /// 8 P, 7 U, 6 NSP, 5 NSU, 4:0 event.
    what: [DFF<Word<9>>; 4],
    control: DFF<Word<13>>,
    stream: DFF<Word<31>>,
    counts: DFF<Word<4>>,
    asks: DFF<Word<4>>,
    over: DFF<Word<4>>,
    /// Events of the cycle before, as they pass the filter: refill, refused, written, read.
    passed: DFF<Word<4>>,
    privileged: DFF<Word<4>>,
    /// The refused one, the refill is a write.
    refused_write: DFF<Bit>,
    refill_write: DFF<Bit>,
    tick: DFF<Bit>,
    here: Signal<Local, Word<4>>,
    in_stream: Signal<Local, Word<4>>,
    in_bank: Signal<Local, Word<4>>,
    is_privileged: Signal<Local, Word<4>>,
    differs: Signal<Local, Word<15>>,
    compared: Signal<Local, Word<15>>,
    id: Signal<Local, Word<15>>,
    bank: Signal<Local, Word<8>>,
    flag: Signal<Local, Bit>,
    hot: Signal<Local, Word<4>>,
    bits4: Signal<Local, Word<4>>,
    set: Signal<Local, Word<4>>,
    clear: Signal<Local, Word<4>>,
    here_what: Signal<Local, Word<9>>,
    here_count: Signal<Local, Word<32>>,
    counted_event: Signal<Local, Word<5>>,
    counted: Signal<Local, Word<4>>,
    amount: Signal<Local, Word<2>>,
    sum: Signal<Local, Word<33>>,
    wraps: Signal<Local, Word<4>>,
    running: Signal<Local, Bit>,
    shown: Signal<Local, Word<32>>,
    shown_what: Signal<Local, Word<32>>,
}

impl Logic for PmuGroup {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, control, stream, counts, asks, over, passed, privileged, refused_write, refill_write, tick);

        // The filter of the group: by stream, by bank, or none.
        self.id.next = self.stream.q.val().get_bits::<15>(0);
        self.compared.next = self.stream.q.val().get_bits::<15>(16);
        self.compared.next = !self.compared.val();
        self.in_stream.next = 0.into();
        self.in_bank.next = 0.into();
        self.here.next = 0.into();
        self.is_privileged.next = 0.into();
        self.bank.next = self.control.q.val().get_bits::<8>(0);

        self.differs.next = (self.read.val().get_bits::<15>(3) ^ self.id.val()) & self.compared.val();
        self.flag.next = !self.differs.val().any();
        self.in_stream.next = self.in_stream.val().replace_bit(0, self.flag.val());
        self.flag.next = bit_cast::<8, 7>(self.read.val().get_bits::<7>(19)) == self.bank.val();
        self.flag.next = self.flag.val() & self.read.val().get_bit(26);
        self.in_bank.next = self.in_bank.val().replace_bit(0, self.flag.val());
        self.here.next = self.here.val().replace_bit(0, self.read.val().get_bit(0));
        self.is_privileged.next = self.is_privileged.val().replace_bit(0, self.read.val().get_bit(2));

        self.differs.next = (self.written.val().get_bits::<15>(3) ^ self.id.val()) & self.compared.val();
        self.flag.next = !self.differs.val().any();
        self.in_stream.next = self.in_stream.val().replace_bit(1, self.flag.val());
        self.flag.next = bit_cast::<8, 7>(self.written.val().get_bits::<7>(19)) == self.bank.val();
        self.flag.next = self.flag.val() & self.written.val().get_bit(26);
        self.in_bank.next = self.in_bank.val().replace_bit(1, self.flag.val());
        self.here.next = self.here.val().replace_bit(1, self.written.val().get_bit(0));
        self.is_privileged.next = self.is_privileged.val().replace_bit(1, self.written.val().get_bit(2));

        self.differs.next = (self.refused.val().get_bits::<15>(3) ^ self.id.val()) & self.compared.val();
        self.flag.next = !self.differs.val().any();
        self.in_stream.next = self.in_stream.val().replace_bit(2, self.flag.val());
        self.flag.next = bit_cast::<8, 7>(self.refused.val().get_bits::<7>(19)) == self.bank.val();
        self.flag.next = self.flag.val() & self.refused.val().get_bit(26);
        self.in_bank.next = self.in_bank.val().replace_bit(2, self.flag.val());
        self.here.next = self.here.val().replace_bit(2, self.refused.val().get_bit(0));
        self.is_privileged.next = self.is_privileged.val().replace_bit(2, self.refused.val().get_bit(2));

        self.differs.next = (self.refill.val().get_bits::<15>(3) ^ self.id.val()) & self.compared.val();
        self.flag.next = !self.differs.val().any();
        self.in_stream.next = self.in_stream.val().replace_bit(3, self.flag.val());
        self.flag.next = bit_cast::<8, 7>(self.refill.val().get_bits::<7>(19)) == self.bank.val();
        self.flag.next = self.flag.val() & self.refill.val().get_bit(26);
        self.in_bank.next = self.in_bank.val().replace_bit(3, self.flag.val());
        self.here.next = self.here.val().replace_bit(3, self.refill.val().get_bit(0));
        self.is_privileged.next = self.is_privileged.val().replace_bit(3, self.refill.val().get_bit(2));

        self.passed.d.next = self.here.val();
        if self.control.q.val().get_bits::<2>(8) == 1 {
            self.passed.d.next = self.here.val() & self.in_stream.val();
        }
        if self.control.q.val().get_bits::<2>(8) == 2 {
            self.passed.d.next = self.here.val() & self.in_bank.val();
        }
        self.privileged.d.next = self.is_privileged.val();
        self.refused_write.d.next = self.refused.val().get_bit(1);
        self.refill_write.d.next = self.refill.val().get_bit(1);
        self.tick.d.next = self.tick64.val();

        // The counters.
        self.running.next = self.run.val() & self.control.q.val().get_bit(11);
        self.hot.next = bits::<4>(1) << self.number.val();
        self.wraps.next = 0.into();
        self.shown.next = 0.into();
        self.shown_what.next = 0.into();
        for i in 0..4 {
            self.count[i].clock.next = self.clock.val();
            self.what[i].clock.next = self.clock.val();
            self.here_count.next = self.count[i].q.val();
            self.here_what.next = self.what[i].q.val();
            self.count[i].d.next = self.here_count.val();
            self.what[i].d.next = self.here_what.val();
            self.counted.next = 0.into();
            self.flag.next = self.here_what.val().get_bit(8) ^ self.here_what.val().get_bit(6);
            if !self.flag.val() {
                self.counted.next = self.passed.q.val() & self.privileged.q.val();
            }
            self.flag.next = self.here_what.val().get_bit(7) ^ self.here_what.val().get_bit(5);
            if !self.flag.val() {
                self.counted.next = self.counted.val() | (self.passed.q.val() & !self.privileged.q.val());
            }
            self.counted_event.next = self.here_what.val().get_bits::<5>(0);
            self.amount.next = 0.into();
            if self.counted_event.val() == 0 {
                self.amount.next = 1.into();
            }
            if self.counted_event.val() == 1 {
                self.amount.next = bit_cast::<2, 1>(self.tick.q.val().into());
            }
            if self.counted_event.val() == 8 {
                self.amount.next = bit_cast::<2, 1>(self.counted.val().get_bits::<1>(3));
            }
            if (self.counted_event.val() == 9) & !self.refill_write.q.val() {
                self.amount.next = bit_cast::<2, 1>(self.counted.val().get_bits::<1>(3));
            }
            if self.counted_event.val() == 16 {
                self.amount.next =
                    bit_cast::<2, 1>(self.counted.val().get_bits::<1>(0)) + bit_cast::<2, 1>(self.counted.val().get_bits::<1>(1));
                self.amount.next = self.amount.val() + bit_cast::<2, 1>(self.counted.val().get_bits::<1>(2));
            }
            if self.counted_event.val() == 17 {
                self.amount.next = bit_cast::<2, 1>(self.counted.val().get_bits::<1>(0));
                if self.counted.val().get_bit(2) & !self.refused_write.q.val() {
                    self.amount.next = self.amount.val() + 1;
                }
            }
            self.sum.next = bit_cast::<33, 32>(self.here_count.val()) + bit_cast::<33, 2>(self.amount.val());
            if self.running.val() & self.counts.q.val().get_bit(i) {
                self.count[i].d.next = self.sum.val().get_bits::<32>(0);
                self.wraps.next = self.wraps.val().replace_bit(i, self.sum.val().get_bit(32));
            }
            if self.zero.val() {
                self.count[i].d.next = 0.into();
            }
            if self.hot.val().get_bit(i) {
                self.shown.next = self.here_count.val();
                self.shown_what.next = (bit_cast::<32, 4>(self.here_what.val().get_bits::<4>(5)) << 28)
                    | bit_cast::<32, 5>(self.here_what.val().get_bits::<5>(0));
                if self.we.val() & (self.code.val() == 0) {
                    self.count[i].d.next = self.data.val();
                }
                if self.we.val() & (self.code.val() == 1) {
                    self.what[i].d.next = bit_cast::<9, 5>(self.data.val().get_bits::<5>(0))
                        | (bit_cast::<9, 4>(self.data.val().get_bits::<4>(28)) << 5);
                }
            }
            if !self.aresetn.val() {
                self.count[i].d.next = 0.into();
                self.what[i].d.next = 0.into();
            }
        }

        // The other registers.
        self.bits4.next = 0.into();
        if self.we.val() {
            self.bits4.next = self.data.val().get_bits::<4>(0);
        }
        if self.we.val() & (self.code.val() == 2) {
            self.control.d.next = self.data.val().get_bits::<13>(0);
        }
        if self.we.val() & (self.code.val() == 3) {
            self.stream.d.next = self.data.val().get_bits::<31>(0);
        }
        if self.code.val() == 4 {
            self.counts.d.next = self.counts.q.val() | self.bits4.val();
        }
        if self.code.val() == 5 {
            self.counts.d.next = self.counts.q.val() & !self.bits4.val();
        }
        if self.code.val() == 6 {
            self.asks.d.next = self.asks.q.val() | self.bits4.val();
        }
        if self.code.val() == 7 {
            self.asks.d.next = self.asks.q.val() & !self.bits4.val();
        }
        self.clear.next = 0.into();
        if self.code.val() == 8 {
            self.clear.next = self.bits4.val();
        }
        self.set.next = self.wraps.val();
        if self.code.val() == 9 {
            self.set.next = self.wraps.val() | self.bits4.val();
        }
        self.over.d.next = (self.over.q.val() & !self.clear.val()) | self.set.val();
        self.value.next = self.shown.val();
        if self.code.val() == 1 {
            self.value.next = self.shown_what.val();
        }
        if self.code.val() == 2 {
            self.value.next = bit_cast::<32, 13>(self.control.q.val());
        }
        if self.code.val() == 3 {
            self.value.next = bit_cast::<32, 31>(self.stream.q.val());
        }
        self.counting.next = self.counts.q.val();
        self.interrupts.next = self.asks.q.val();
        self.overflows.next = self.over.q.val();
        self.open.next = self.control.q.val().get_bit(10);
        self.ndx.next = self.control.q.val().get_bits::<8>(0);

        if !self.aresetn.val() {
            self.control.d.next = 0.into();
            self.stream.d.next = 0.into();
            self.counts.d.next = 0.into();
            self.asks.d.next = 0.into();
            self.over.d.next = 0.into();
            self.passed.d.next = 0.into();
        }
    }
}

/// The block.
#[derive(LogicBlock, Default)]
pub struct Pmu {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub read: Signal<In, Word<108>>,
    pub written: Signal<In, Word<108>>,
    pub refused: Signal<In, Word<108>>,
    pub refill: Signal<In, Word<108>>,
    pub code: Signal<In, Word<5>>,
    /// Element of the array that the register belongs to.
    pub number: Signal<In, Word<4>>,
    /// The bank whose page it is, with bit 4 of `code`.
    pub bank: Signal<In, Word<7>>,
    pub we: Signal<In, Bit>,
    /// What is written, under the register's mask.
    pub data: Signal<In, Word<32>>,
    pub value: Signal<Out, Word<32>>,
    pub irq: Signal<Out, Bit>,
    groups: [PmuGroup; 4],
    run: DFF<Bit>,
    cycles: DFF<Word<6>>,
    /// `cycles` is 63: a register of its own, so that the groups do not see `cycles` move.
    tick: DFF<Bit>,
    irq_q: DFF<Bit>,
    configuration: Strap<Word<32>>,
    /// The same of one group, as a bank sees it.
    bank_configuration: Strap<Word<32>>,
    events: Strap<Word<32>>,
    /// Groups that are there.
    present: Strap<Word<4>>,
    there: Signal<Local, Word<4>>,
    which: Signal<Local, Word<4>>,
    in_bank: Signal<Local, Bit>,
    flag: Signal<Local, Bit>,
    /// Groups that the bank may see, and the first of them.
    open: Signal<Local, Word<4>>,
    open_up: Signal<Local, Word<4>>,
    open_first: Signal<Local, Word<4>>,
    place: Signal<Local, Word<2>>,
    one: Signal<Local, Word<4>>,
    /// Groups that the access is about.
    picked: Signal<Local, Word<4>>,
    mine: Signal<Local, Bit>,
    writes: Signal<Local, Bit>,
    /// Events and data of the groups that are still to be served, the next one lowest.
    reads_left: Signal<Local, Word<108>>,
    written_left: Signal<Local, Word<108>>,
    refused_left: Signal<Local, Word<108>>,
    refill_left: Signal<Local, Word<108>>,
    data_left: Signal<Local, Word<32>>,
    here: Signal<Local, Word<4>>,
    all_bits: Signal<Local, Word<16>>,
    bank_bits: Signal<Local, Word<4>>,
    asks: Signal<Local, Bit>,
    from_groups: Signal<Local, Word<32>>,
    shown: Signal<Local, Word<32>>,
}

impl Pmu {
    /// The block for hardware of that size.
    ///
    /// # Panics
    /// If the registers have more than four groups, or a group has not four counters.
    pub fn new(params: &Params) -> Self {
        assert!(params.tbus <= 4 && PMEVCNTR.count(params) == 4 * params.tbus, "counter groups");
        let present = if params.features.pmu { (1u32 << params.tbus) - 1 } else { 0 };
        Self {
            configuration: Strap::new(reset_value(params, PMCFGR)),
            bank_configuration: Strap::new(reset_value(params, PMCFGR) & !0xFF00_00FF | 3),
            events: Strap::new(COUNTED_EVENTS),
            present: Strap::new(present),
            ..Self::default()
        }
    }
}

impl Logic for Pmu {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, run, cycles, tick, irq_q);
        self.there.next = self.present.val();

        // Which register, and of which groups.
        self.which.next = self.code.val().get_bits::<4>(0);
        self.in_bank.next = self.code.val().get_bit(4);
        self.open.next = 0.into();
        for i in 0..4 {
            if self.there.val().get_bit(i) {
                self.flag.next = self.groups[i].ndx.val() == bit_cast::<8, 7>(self.bank.val());
                self.flag.next = self.flag.val() & self.groups[i].open.val();
                self.open.next = self.open.val().replace_bit(i, self.flag.val());
            }
        }
        self.open_up.next = !self.open.val();
        self.open_up.next = self.open_up.val() + 1;
        self.open_first.next = self.open.val() & self.open_up.val();
        self.place.next = self.number.val().get_bits::<2>(2);
        self.flag.next = (self.which.val() == 2) | (self.which.val() == 3);
        if self.flag.val() {
            self.place.next = self.number.val().get_bits::<2>(0);
        }
        self.one.next = 1.into();
        self.picked.next = self.one.val() << self.place.val();
        if self.flag.val() & self.number.val().get_bits::<2>(2).any() {
            self.picked.next = 0.into();
        }
        if self.which.val() >= 4 {
            self.picked.next = self.there.val();
        }
        self.picked.next = self.picked.val() & self.there.val();
        if self.in_bank.val() {
            self.picked.next = self.open_first.val();
            if (self.which.val() < 4) & self.number.val().get_bits::<2>(2).any() {
                self.picked.next = 0.into();
            }
        }
        self.mine.next = self.picked.val().any();
        self.writes.next = self.we.val() & self.mine.val();

        // The groups.
        self.reads_left.next = self.read.val();
        self.written_left.next = self.written.val();
        self.refused_left.next = self.refused.val();
        self.refill_left.next = self.refill.val();
        self.data_left.next = self.data.val();
        self.from_groups.next = 0.into();
        self.all_bits.next = 0.into();
        self.bank_bits.next = 0.into();
        self.asks.next = false;
        for i in 0..4 {
            self.groups[i].clock.next = self.clock.val();
            self.groups[i].aresetn.next = self.aresetn.val();
            self.groups[i].read.next = self.reads_left.val().get_bits::<27>(0);
            self.groups[i].written.next = self.written_left.val().get_bits::<27>(0);
            self.groups[i].refused.next = self.refused_left.val().get_bits::<27>(0);
            self.groups[i].refill.next = self.refill_left.val().get_bits::<27>(0);
            self.groups[i].code.next = self.which.val();
            self.groups[i].number.next = self.number.val().get_bits::<2>(0);
            self.groups[i].data.next = self.data_left.val();
            self.groups[i].we.next = self.we.val() & self.picked.val().get_bit(i);
            self.groups[i].run.next = self.run.q.val();
            self.groups[i].zero.next = self.writes.val() & (self.which.val() == 10) & self.data.val().get_bit(1);
            self.groups[i].tick64.next = self.tick.q.val();
            self.reads_left.next = self.reads_left.val() >> 27;
            self.written_left.next = self.written_left.val() >> 27;
            self.refused_left.next = self.refused_left.val() >> 27;
            self.refill_left.next = self.refill_left.val() >> 27;
            if (self.which.val() >= 4) & !self.in_bank.val() {
                self.data_left.next = self.data_left.val() >> 4;
            }
            self.all_bits.next = self.all_bits.val() >> 4;
            if self.there.val().get_bit(i) {
                self.here.next = self.groups[i].counting.val();
                if (self.which.val() == 6) | (self.which.val() == 7) {
                    self.here.next = self.groups[i].interrupts.val();
                }
                if (self.which.val() == 8) | (self.which.val() == 9) {
                    self.here.next = self.groups[i].overflows.val();
                }
                self.all_bits.next = self.all_bits.val() | (bit_cast::<16, 4>(self.here.val()) << 12);
                if self.picked.val().get_bit(i) {
                    self.bank_bits.next = self.here.val();
                    self.from_groups.next = self.groups[i].value.val();
                }
                self.here.next = self.groups[i].overflows.val() & self.groups[i].interrupts.val();
                self.asks.next = self.asks.val() | self.here.val().any();
            }
        }
        if self.writes.val() & (self.which.val() == 10) {
            self.run.d.next = self.data.val().get_bit(0);
        }
        if self.there.val().any() {
            self.cycles.d.next = self.cycles.q.val() + 1;
        }
        self.tick.d.next = self.cycles.q.val() == 62;

        self.shown.next = self.from_groups.val();
        if self.which.val() >= 4 {
            self.shown.next = bit_cast::<32, 16>(self.all_bits.val());
            if self.in_bank.val() {
                self.shown.next = bit_cast::<32, 4>(self.bank_bits.val());
            }
        }
        if self.which.val() == 10 {
            self.shown.next = bit_cast::<32, 1>(self.run.q.val().into());
        }
        if self.which.val() == 11 {
            self.shown.next = self.configuration.val();
            if self.in_bank.val() {
                self.shown.next = self.bank_configuration.val();
            }
        }
        if self.which.val() == 12 {
            self.shown.next = 0.into();
            if !self.number.val().get_bit(0) {
                self.shown.next = self.events.val();
            }
        }
        self.value.next = 0.into();
        if self.mine.val() {
            self.value.next = self.shown.val();
        }
        self.irq_q.d.next = self.asks.val();
        self.irq.next = self.irq_q.q.val();

        if !self.aresetn.val() {
            self.run.d.next = false;
            self.cycles.d.next = 0.into();
            self.tick.d.next = false;
            self.irq_q.d.next = false;
        }
    }
}

#[cfg(test)]
#[path = "pmu_tests.rs"]
mod tests;
