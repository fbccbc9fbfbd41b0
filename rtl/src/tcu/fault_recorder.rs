//! Fault recorder: keeps the first fault of each bank and the first global fault, counts the others as MULTI, and drives the
//! interrupts.
//!
//! | source | how often | effect |
//! | --- | --- | --- |
//! | `flt_*` | an event a cycle, never waits | FSR clear: everything is recorded; not clear, or code 0: MULTI |
//! | `rec_caf` | waits while a first fault is recorded | configuration access fault in the global record |
//! | register writes | wait as `rec_caf` | replace the record, clear or set bits of the status |
//!
//! One record is one word in each of five RAMs (address low and high, syndrome, StreamID, status code), so that a fault is
//! recorded in the cycle of its event; the record after the last bank's is the global one. What is needed for all banks at once
//! is in flip-flops: whether a fault is recorded, MULTI, CFIE.
//!
//! A stage-2 fault also leaves the IPA, and says whether it is nested, in which stage-1 bank, and whether a stage-1 descriptor was to be read.
//! With AArch32 formats the bank's format is taken when its status leaves zero, from the registers as they are then (copies that follow the
//! configuration bus).
//!
//! Timing: `fault_active` follows the event by one cycle, `irq_context` and `irq_global` by two. `rec_far`, `rec_syndrome` and
//! `rec_stream` show the record at `rec_index` of the cycle before, `rec_status` that of the same cycle. An event in the cycle of
//! a status write counts as before it.

use crate::params::{Aarch32, Params, S1CbndxStrap};
use crate::prelude::*;
use crate::prim::ram::{RamAsync, RamAsync2, RamSync};

/// The block: `CB` banks numbered in `BI` bits, `RI` = `BI` + 1.
#[derive(LogicBlock)]
pub struct FaultRecorder<const CB: usize, const BI: usize, const RI: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    /// After reset: clears the record `clear_index` in each cycle. No events may come.
    pub clear: Signal<In, Bit>,
    pub clear_index: Signal<In, Word<RI>>,
    pub flt_valid: Signal<In, Bit>,
    pub flt_global: Signal<In, Bit>,
    pub flt_bank: Signal<In, Word<7>>,
    /// FSR or sGFSR bits 8:0; 0 is a transaction that was refused because a fault is recorded.
    pub flt_code: Signal<In, Word<9>>,
    pub flt_plvl: Signal<In, Word<2>>,
    pub flt_ptwf: Signal<In, Bit>,
    pub flt_wnr: Signal<In, Bit>,
    pub flt_pnu: Signal<In, Bit>,
    pub flt_ind: Signal<In, Bit>,
    pub flt_sid: Signal<In, Word<16>>,
    pub flt_va: Signal<In, Word<49>>,
    /// A stage-2 fault: on this IPA[47:12]; of a nested translation of stage-1 bank `flt_s1bank`; on a stage-1 descriptor.
    pub flt_stage2: Signal<In, Bit>,
    pub flt_nested: Signal<In, Bit>,
    pub flt_s1ptwf: Signal<In, Bit>,
    pub flt_s1bank: Signal<In, Word<7>>,
    pub flt_ipa: Signal<In, Word<36>>,
    /// Record that is read and written: the bank, or `2^BI` for the global one.
    pub rec_index: Signal<In, Word<RI>>,
    pub rec_data: Signal<In, Word<32>>,
    pub rec_far_low: Signal<In, Bit>,
    pub rec_far_high: Signal<In, Bit>,
    pub rec_ipa_low: Signal<In, Bit>,
    pub rec_ipa_high: Signal<In, Bit>,
    pub rec_syn: Signal<In, Bit>,
    pub rec_sid: Signal<In, Bit>,
    /// Clears the bits of the status that are one in `rec_data`.
    pub rec_clear: Signal<In, Bit>,
    /// Sets them.
    pub rec_set: Signal<In, Bit>,
    /// A refused register access; `access_write` is its direction.
    pub rec_caf: Signal<In, Bit>,
    pub rec_caf_addr: Signal<In, Word<32>>,
    pub access_write: Signal<In, Bit>,
    /// What the `rec_*` inputs ask for is done in this cycle.
    pub rec_ready: Signal<Out, Bit>,
    pub rec_far: Signal<Out, Word<64>>,
    /// IPA[47:12].
    pub rec_ipa: Signal<Out, Word<36>>,
    pub rec_syndrome: Signal<Out, Word<24>>,
    pub rec_stream: Signal<Out, Word<16>>,
    pub rec_status: Signal<Out, Word<32>>,
    /// Configuration bus: SCTLR brings CFIE, sCR0 GFIE.
    pub cw_valid: Signal<In, Bit>,
    pub cw_kind: Signal<In, Word<4>>,
    pub cw_index: Signal<In, Word<7>>,
    pub cw_data: Signal<In, Word<64>>,
    /// FSR.SS of each bank ([`super::stalls`]).
    pub stalled: Signal<In, Word<CB>>,
    /// Banks whose FSR has a fault.
    pub fault_active: Signal<Out, Word<CB>>,
    pub irq_context: Signal<Out, Word<CB>>,
    pub irq_global: Signal<Out, Bit>,
    far_low: RamSync<RI, 32>,
    far_high: RamSync<RI, 32>,
    syndrome: RamSync<RI, 24>,
    stream: RamSync<RI, 16>,
    code: RamAsync<BI, 8>,
    ipa_low: RamSync<RI, 20>,
    ipa_high: RamSync<RI, 16>,
    format: RamAsync<BI, 2>,
    va64: RamAsync2<BI, 1>,
    stage2_bank: RamAsync2<BI, 1>,
    eae: RamAsync2<BI, 1>,
    active: DFF<Word<CB>>,
    multi: DFF<Word<CB>>,
    cfie: DFF<Word<CB>>,
    context_irq: DFF<Word<CB>>,
    global_code: DFF<Word<9>>,
    global_multi: DFF<Bit>,
    gfie: DFF<Bit>,
    global_irq: DFF<Bit>,
    show_bank: Constant<Bit>,
    nsattr: Constant<Bit>,
    nsstate: Constant<Bit>,
    global_index: Constant<Word<RI>>,
    has_stage2: Constant<Bit>,
    has_aarch32: Constant<Bit>,
    event_format: Signal<Local, Word<2>>,
    soft_format: Signal<Local, Word<2>>,
    is_stage2: Signal<Local, Bit>,
    flag: Signal<Local, Bit>,
    held: Signal<Local, Word<CB>>,
    old_active: Signal<Local, Bit>,
    shown_format: Signal<Local, Word<2>>,
    one: Signal<Local, Word<CB>>,
    event_bank: Signal<Local, Word<BI>>,
    event_hot: Signal<Local, Word<CB>>,
    event_shift: Signal<Local, Word<CB>>,
    event_active: Signal<Local, Bit>,
    coded: Signal<Local, Bit>,
    global_active: Signal<Local, Bit>,
    first_bank: Signal<Local, Bit>,
    first_global: Signal<Local, Bit>,
    more_bank: Signal<Local, Bit>,
    more_global: Signal<Local, Bit>,
    first_event: Signal<Local, Bit>,
    more_hot: Signal<Local, Word<CB>>,
    first_hot: Signal<Local, Word<CB>>,
    free: Signal<Local, Bit>,
    caf_record: Signal<Local, Bit>,
    index: Signal<Local, Word<RI>>,
    bank_syndrome: Signal<Local, Word<24>>,
    global_syndrome: Signal<Local, Word<24>>,
    global_bit: Signal<Local, Word<RI>>,
    is_global: Signal<Local, Bit>,
    next_active: Signal<Local, Word<CB>>,
    next_multi: Signal<Local, Word<CB>>,
    soft_bank: Signal<Local, Word<BI>>,
    soft_hot: Signal<Local, Word<CB>>,
    soft_shift: Signal<Local, Word<CB>>,
    soft_more: Signal<Local, Word<CB>>,
    old_multi: Signal<Local, Bit>,
    new_multi: Signal<Local, Bit>,
    old_code: Signal<Local, Word<9>>,
    new_code: Signal<Local, Word<9>>,
    soft_status: Signal<Local, Bit>,
    new_active: Signal<Local, Bit>,
    bank_format: Signal<Local, Bit>,
    shown_multi: Signal<Local, Bit>,
    shown_code: Signal<Local, Word<9>>,
    cfg_bank: Signal<Local, Word<BI>>,
    cfg_hot: Signal<Local, Word<CB>>,
}

impl<const CB: usize, const BI: usize, const RI: usize> FaultRecorder<CB, BI, RI> {
    /// The block for hardware with these straps.
    ///
    /// # Panics
    /// If the const generics are not those of the parameters.
    pub fn new(params: &Params) -> Self {
        assert!(params.num_cb == CB && CB <= 1 << BI && RI == BI + 1, "bank index bits");
        Self {
            clock: Signal::default(),
            aresetn: Signal::default(),
            clear: Signal::default(),
            clear_index: Signal::default(),
            flt_valid: Signal::default(),
            flt_global: Signal::default(),
            flt_bank: Signal::default(),
            flt_code: Signal::default(),
            flt_plvl: Signal::default(),
            flt_ptwf: Signal::default(),
            flt_wnr: Signal::default(),
            flt_pnu: Signal::default(),
            flt_ind: Signal::default(),
            flt_sid: Signal::default(),
            flt_va: Signal::default(),
            flt_stage2: Signal::default(),
            flt_nested: Signal::default(),
            flt_s1ptwf: Signal::default(),
            flt_s1bank: Signal::default(),
            flt_ipa: Signal::default(),
            rec_index: Signal::default(),
            rec_data: Signal::default(),
            rec_far_low: Signal::default(),
            rec_far_high: Signal::default(),
            rec_ipa_low: Signal::default(),
            rec_ipa_high: Signal::default(),
            rec_syn: Signal::default(),
            rec_sid: Signal::default(),
            rec_clear: Signal::default(),
            rec_set: Signal::default(),
            rec_caf: Signal::default(),
            rec_caf_addr: Signal::default(),
            access_write: Signal::default(),
            rec_ready: Signal::default(),
            rec_far: Signal::default(),
            rec_ipa: Signal::default(),
            rec_syndrome: Signal::default(),
            rec_stream: Signal::default(),
            rec_status: Signal::default(),
            cw_valid: Signal::default(),
            cw_kind: Signal::default(),
            cw_index: Signal::default(),
            cw_data: Signal::default(),
            stalled: Signal::default(),
            fault_active: Signal::default(),
            irq_context: Signal::default(),
            irq_global: Signal::default(),
            far_low: RamSync::default(),
            far_high: RamSync::default(),
            syndrome: RamSync::default(),
            stream: RamSync::default(),
            code: RamAsync::default(),
            ipa_low: RamSync::default(),
            ipa_high: RamSync::default(),
            format: RamAsync::default(),
            va64: RamAsync2::default(),
            stage2_bank: RamAsync2::default(),
            eae: RamAsync2::default(),
            active: DFF::default(),
            multi: DFF::default(),
            cfie: DFF::default(),
            context_irq: DFF::default(),
            global_code: DFF::default(),
            global_multi: DFF::default(),
            gfie: DFF::default(),
            global_irq: DFF::default(),
            show_bank: Constant::new(params.straps.s1cbndx == S1CbndxStrap::PhysicalBank),
            nsattr: Constant::new(params.straps.nsattr),
            nsstate: Constant::new(params.straps.nsstate),
            global_index: Constant::new(Word::new(1 << BI)),
            has_stage2: Constant::new(params.features.stage2),
            has_aarch32: Constant::new(params.features.aarch32 != Aarch32::None),
            event_format: Signal::default(),
            soft_format: Signal::default(),
            is_stage2: Signal::default(),
            flag: Signal::default(),
            held: Signal::default(),
            old_active: Signal::default(),
            shown_format: Signal::default(),
            one: Signal::default(),
            event_bank: Signal::default(),
            event_hot: Signal::default(),
            event_shift: Signal::default(),
            event_active: Signal::default(),
            coded: Signal::default(),
            global_active: Signal::default(),
            first_bank: Signal::default(),
            first_global: Signal::default(),
            more_bank: Signal::default(),
            more_global: Signal::default(),
            first_event: Signal::default(),
            more_hot: Signal::default(),
            first_hot: Signal::default(),
            free: Signal::default(),
            caf_record: Signal::default(),
            index: Signal::default(),
            bank_syndrome: Signal::default(),
            global_syndrome: Signal::default(),
            global_bit: Signal::default(),
            is_global: Signal::default(),
            next_active: Signal::default(),
            next_multi: Signal::default(),
            soft_bank: Signal::default(),
            soft_hot: Signal::default(),
            soft_shift: Signal::default(),
            soft_more: Signal::default(),
            old_multi: Signal::default(),
            new_multi: Signal::default(),
            old_code: Signal::default(),
            new_code: Signal::default(),
            soft_status: Signal::default(),
            new_active: Signal::default(),
            bank_format: Signal::default(),
            shown_multi: Signal::default(),
            shown_code: Signal::default(),
            cfg_bank: Signal::default(),
            cfg_hot: Signal::default(),
        }
    }
}

impl<const CB: usize, const BI: usize, const RI: usize> Logic for FaultRecorder<CB, BI, RI> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, active, multi, cfie, context_irq, global_code, global_multi, gfie, global_irq);
        clock!(self, clock, far_low, far_high, syndrome, stream, code, ipa_low, ipa_high, format, va64, stage2_bank, eae);

        // The event of this cycle: first of its record, or one more.
        self.one.next = 1.into();
        self.event_bank.next = self.flt_bank.val().get_bits::<BI>(0);
        self.event_hot.next = self.one.val() << self.event_bank.val();
        self.event_shift.next = self.active.q.val() >> self.event_bank.val();
        self.event_active.next = self.event_shift.val().get_bit(0);
        self.coded.next = self.flt_code.val().any();
        self.global_active.next = self.global_code.q.val().any() | self.global_multi.q.val();
        self.first_bank.next = self.flt_valid.val() & !self.flt_global.val() & self.coded.val() & !self.event_active.val();
        self.first_global.next = self.flt_valid.val() & self.flt_global.val() & self.coded.val() & !self.global_active.val();
        self.more_bank.next = self.flt_valid.val() & !self.flt_global.val() & !self.first_bank.val();
        self.more_global.next = self.flt_valid.val() & self.flt_global.val() & !self.first_global.val();
        self.first_event.next = self.first_bank.val() | self.first_global.val();
        self.more_hot.next = 0.into();
        if self.more_bank.val() {
            self.more_hot.next = self.event_hot.val();
        }
        self.first_hot.next = 0.into();
        if self.first_bank.val() {
            self.first_hot.next = self.event_hot.val();
        }

        // A configuration access fault and register writes take the port when no event needs it.
        self.free.next = !self.first_event.val();
        self.rec_ready.next = self.free.val();
        self.caf_record.next = self.rec_caf.val() & !self.global_active.val();

        // What is recorded: an event, a configuration access fault, what software writes, or zero after reset.
        self.bank_syndrome.next = bit_cast::<24, 2>(self.flt_plvl.val())
            .replace_bit(4, self.flt_wnr.val())
            .replace_bit(5, self.flt_pnu.val())
            .replace_bit(6, self.flt_ind.val())
            .replace_bit(7, self.nsstate.val())
            .replace_bit(8, self.nsattr.val())
            .replace_bit(10, self.flt_ptwf.val());
        if self.show_bank.val() {
            self.bank_syndrome.next = self.bank_syndrome.val() | (bit_cast::<24, 7>(self.flt_bank.val()) << 16);
        }
        self.is_stage2.next = self.has_stage2.val() & self.flt_stage2.val();
        if self.is_stage2.val() {
            self.bank_syndrome.next =
                self.bank_syndrome.val().replace_bit(2, self.flt_nested.val()).replace_bit(3, self.flt_s1ptwf.val());
            self.bank_syndrome.next = self.bank_syndrome.val() & 0xffff;
            if self.flt_nested.val() {
                self.bank_syndrome.next = self.bank_syndrome.val() | (bit_cast::<24, 7>(self.flt_s1bank.val()) << 16);
            }
        }
        self.global_syndrome.next = 0.into();
        self.global_syndrome.next = self
            .global_syndrome
            .val()
            .replace_bit(1, self.flt_wnr.val())
            .replace_bit(2, self.flt_pnu.val())
            .replace_bit(3, self.flt_ind.val())
            .replace_bit(4, self.nsstate.val())
            .replace_bit(5, self.nsattr.val());
        self.far_low.wdata.next = self.rec_data.val();
        self.far_high.wdata.next = self.rec_data.val();
        self.syndrome.wdata.next = bit_cast::<24, 32>(self.rec_data.val());
        self.stream.wdata.next = bit_cast::<16, 32>(self.rec_data.val());
        self.ipa_low.wdata.next = self.rec_data.val().get_bits::<20>(12);
        self.ipa_high.wdata.next = self.rec_data.val().get_bits::<16>(0);
        self.ipa_low.we.next = self.rec_ipa_low.val();
        self.ipa_high.we.next = self.rec_ipa_high.val();
        self.index.next = self.rec_index.val();
        self.far_low.we.next = self.rec_far_low.val();
        self.far_high.we.next = self.rec_far_high.val();
        self.syndrome.we.next = self.rec_syn.val();
        self.stream.we.next = self.rec_sid.val();
        if self.rec_caf.val() {
            self.far_low.wdata.next = self.rec_caf_addr.val();
            self.far_high.wdata.next = 0.into();
            self.syndrome.wdata.next = bits::<24>(0).replace_bit(1, self.access_write.val());
            self.stream.wdata.next = 0.into();
            self.index.next = self.global_index.val();
            self.ipa_low.we.next = false;
            self.ipa_high.we.next = false;
            self.far_low.we.next = self.caf_record.val();
            self.far_high.we.next = self.caf_record.val();
            self.syndrome.we.next = self.caf_record.val();
            self.stream.we.next = self.caf_record.val();
        }
        if self.first_event.val() {
            self.ipa_low.wdata.next = self.flt_ipa.val().get_bits::<20>(0);
            self.ipa_high.wdata.next = self.flt_ipa.val().get_bits::<16>(20);
            self.ipa_low.we.next = self.is_stage2.val() & !self.flt_global.val();
            self.ipa_high.we.next = self.is_stage2.val() & !self.flt_global.val();
            self.far_low.wdata.next = self.flt_va.val().get_bits::<32>(0);
            self.far_high.wdata.next = bit_cast::<32, 17>(self.flt_va.val().get_bits::<17>(32));
            self.syndrome.wdata.next = self.bank_syndrome.val();
            self.stream.wdata.next = self.flt_sid.val();
            self.index.next = bit_cast::<RI, BI>(self.event_bank.val());
            if self.flt_global.val() {
                self.syndrome.wdata.next = self.global_syndrome.val();
                self.index.next = self.global_index.val();
            }
            self.far_low.we.next = true;
            self.far_high.we.next = true;
            self.syndrome.we.next = true;
            self.stream.we.next = true;
        }
        if self.clear.val() {
            self.ipa_low.wdata.next = 0.into();
            self.ipa_high.wdata.next = 0.into();
            self.ipa_low.we.next = true;
            self.ipa_high.we.next = true;
            self.far_low.wdata.next = 0.into();
            self.far_high.wdata.next = 0.into();
            self.syndrome.wdata.next = 0.into();
            self.stream.wdata.next = 0.into();
            self.index.next = self.clear_index.val();
            self.far_low.we.next = true;
            self.far_high.we.next = true;
            self.syndrome.we.next = true;
            self.stream.we.next = true;
        }
        self.ipa_low.waddr.next = self.index.val();
        self.ipa_high.waddr.next = self.index.val();
        self.far_low.waddr.next = self.index.val();
        self.far_high.waddr.next = self.index.val();
        self.syndrome.waddr.next = self.index.val();
        self.stream.waddr.next = self.index.val();

        // Reads.
        self.ipa_low.raddr.next = self.rec_index.val();
        self.ipa_high.raddr.next = self.rec_index.val();
        self.rec_ipa.next = 0.into();
        if self.has_stage2.val() {
            self.rec_ipa.next =
                (bit_cast::<36, 16>(self.ipa_high.rdata.val()) << 20) | bit_cast::<36, 20>(self.ipa_low.rdata.val());
        }
        self.far_low.raddr.next = self.rec_index.val();
        self.far_high.raddr.next = self.rec_index.val();
        self.syndrome.raddr.next = self.rec_index.val();
        self.stream.raddr.next = self.rec_index.val();
        self.rec_far.next = (bit_cast::<64, 32>(self.far_high.rdata.val()) << 32) | bit_cast::<64, 32>(self.far_low.rdata.val());
        self.rec_syndrome.next = self.syndrome.rdata.val();
        self.rec_stream.next = self.stream.rdata.val();

        // The status at `rec_index`, and what a register write makes of it.
        self.global_bit.next = self.rec_index.val() & self.global_index.val();
        self.is_global.next = self.global_bit.val().any();
        self.soft_bank.next = self.rec_index.val().get_bits::<BI>(0);
        self.soft_hot.next = self.one.val() << self.soft_bank.val();
        self.soft_shift.next = self.multi.q.val() >> self.soft_bank.val();
        self.soft_more.next = self.more_hot.val() >> self.soft_bank.val();
        self.code.raddr.next = self.soft_bank.val();
        self.shown_code.next = bit_cast::<9, 8>(self.code.rdata.val()) << 1;
        self.shown_multi.next = self.soft_shift.val().get_bit(0);
        self.old_code.next = self.shown_code.val();
        self.old_multi.next = self.shown_multi.val() | self.soft_more.val().get_bit(0);
        self.bank_format.next = self.shown_multi.val() | self.shown_code.val().any();
        if self.is_global.val() {
            self.shown_code.next = self.global_code.q.val();
            self.shown_multi.next = self.global_multi.q.val();
            self.old_code.next = self.global_code.q.val();
            self.old_multi.next = self.global_multi.q.val() | self.more_global.val();
            self.bank_format.next = false;
        }
        self.format.raddr.next = self.soft_bank.val();
        self.shown_format.next = 2.into();
        if self.has_aarch32.val() {
            self.shown_format.next = self.format.rdata.val();
        }
        self.rec_status.next = bit_cast::<32, 9>(self.shown_code.val()).replace_bit(31, self.shown_multi.val());
        self.held.next = self.stalled.val() >> self.soft_bank.val();
        self.flag.next = self.held.val().get_bit(0) & !self.is_global.val();
        self.rec_status.next = self.rec_status.val().replace_bit(30, self.flag.val());
        if self.bank_format.val() {
            self.rec_status.next = self.rec_status.val() | (bit_cast::<32, 2>(self.shown_format.val()) << 9);
        }
        self.soft_status.next = (self.rec_clear.val() | self.rec_set.val()) & self.free.val();
        self.new_code.next = self.old_code.val() | self.rec_data.val().get_bits::<9>(0);
        self.new_multi.next = self.old_multi.val() | self.rec_data.val().get_bit(31);
        if self.rec_clear.val() {
            self.new_code.next = self.old_code.val() & !self.rec_data.val().get_bits::<9>(0);
            self.new_multi.next = self.old_multi.val() & !self.rec_data.val().get_bit(31);
        }
        self.new_active.next = self.new_code.val().any() | self.new_multi.val();

        // Formats: 2 AArch64, 1 long descriptors, 0 short ones.
        self.va64.raddr.next = self.event_bank.val();
        self.va64.raddr2.next = self.soft_bank.val();
        self.stage2_bank.raddr.next = self.event_bank.val();
        self.stage2_bank.raddr2.next = self.soft_bank.val();
        self.eae.raddr.next = self.event_bank.val();
        self.eae.raddr2.next = self.soft_bank.val();
        self.event_format.next = 0.into();
        if self.stage2_bank.rdata.val().any() | self.eae.rdata.val().any() {
            self.event_format.next = 1.into();
        }
        if self.va64.rdata.val().any() {
            self.event_format.next = 2.into();
        }
        self.soft_format.next = 0.into();
        if self.stage2_bank.rdata2.val().any() | self.eae.rdata2.val().any() {
            self.soft_format.next = 1.into();
        }
        if self.va64.rdata2.val().any() {
            self.soft_format.next = 2.into();
        }
        self.old_active.next = self.old_code.val().any() | self.old_multi.val();
        self.format.we.next = self.flt_valid.val() & !self.flt_global.val() & !self.event_active.val();
        self.format.waddr.next = self.event_bank.val();
        self.format.wdata.next = self.event_format.val();
        if self.soft_status.val() & !self.is_global.val() & !self.old_active.val() {
            self.format.we.next = true;
            self.format.waddr.next = self.soft_bank.val();
            self.format.wdata.next = self.soft_format.val();
        }
        self.va64.we.next = self.cw_valid.val() & (self.cw_kind.val() == 8);
        self.va64.waddr.next = self.cw_index.val().get_bits::<BI>(0);
        self.va64.wdata.next = self.cw_data.val().get_bits::<1>(0);
        self.flag.next = self.cw_data.val().get_bits::<2>(16) == 0;
        self.stage2_bank.we.next = self.cw_valid.val() & (self.cw_kind.val() == 7);
        self.stage2_bank.waddr.next = self.cw_index.val().get_bits::<BI>(0);
        self.stage2_bank.wdata.next = self.flag.val().into();
        self.eae.we.next = self.cw_valid.val() & (self.cw_kind.val() == 3);
        self.eae.waddr.next = self.cw_index.val().get_bits::<BI>(0);
        self.eae.wdata.next = self.cw_data.val().get_bits::<1>(31);

        // Status of the banks.
        self.next_active.next = self.active.q.val() | self.first_hot.val() | self.more_hot.val();
        self.next_multi.next = self.multi.q.val() | self.more_hot.val();
        self.code.we.next = self.first_bank.val();
        self.code.waddr.next = self.event_bank.val();
        self.code.wdata.next = self.flt_code.val().get_bits::<8>(1);
        if self.soft_status.val() & !self.is_global.val() {
            self.code.we.next = true;
            self.code.waddr.next = self.soft_bank.val();
            self.code.wdata.next = self.new_code.val().get_bits::<8>(1);
            self.next_active.next = self.next_active.val() & !self.soft_hot.val();
            self.next_multi.next = self.next_multi.val() & !self.soft_hot.val();
            if self.new_active.val() {
                self.next_active.next = self.next_active.val() | self.soft_hot.val();
            }
            if self.new_multi.val() {
                self.next_multi.next = self.next_multi.val() | self.soft_hot.val();
            }
        }
        if self.clear.val() {
            self.code.we.next = true;
            self.code.waddr.next = bit_cast::<BI, RI>(self.clear_index.val());
            self.code.wdata.next = 0.into();
        }

        self.active.d.next = self.next_active.val();
        self.multi.d.next = self.next_multi.val();

        // Global status.
        if self.first_global.val() {
            self.global_code.d.next = self.flt_code.val();
        }
        if self.more_global.val() {
            self.global_multi.d.next = true;
        }
        if self.rec_caf.val() & self.free.val() {
            if self.global_active.val() {
                self.global_multi.d.next = true;
            } else {
                self.global_code.d.next = 32.into();
            }
        }
        if self.soft_status.val() & self.is_global.val() {
            self.global_code.d.next = self.new_code.val();
            self.global_multi.d.next = self.new_multi.val();
        }

        // Interrupts.
        self.cfg_bank.next = self.cw_index.val().get_bits::<BI>(0);
        self.cfg_hot.next = self.one.val() << self.cfg_bank.val();
        if self.cw_valid.val() & (self.cw_kind.val() == 2) {
            self.cfie.d.next = self.cfie.q.val() & !self.cfg_hot.val();
            if self.cw_data.val().get_bit(6) {
                self.cfie.d.next = self.cfie.q.val() | self.cfg_hot.val();
            }
        }
        if self.cw_valid.val() & (self.cw_kind.val() == 9) {
            self.gfie.d.next = self.cw_data.val().get_bit(2);
        }
        self.context_irq.d.next = (self.active.q.val() | self.stalled.val()) & self.cfie.q.val();
        self.global_irq.d.next = self.global_active.val() & self.gfie.q.val();
        self.fault_active.next = self.active.q.val();
        self.irq_context.next = self.context_irq.q.val();
        self.irq_global.next = self.global_irq.q.val();

        if !self.aresetn.val() {
            self.active.d.next = 0.into();
            self.multi.d.next = 0.into();
            self.cfie.d.next = 0.into();
            self.context_irq.d.next = 0.into();
            self.global_code.d.next = 0.into();
            self.global_multi.d.next = false;
            self.gfie.d.next = false;
            self.global_irq.d.next = false;
        }
    }
}
