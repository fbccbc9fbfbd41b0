//! Register access sequencer: does one register access, and what follows from it.
//!
//! An access is done as two 32-bit words, low word first, each through the same steps. The two ROMs of [`super::regs_map`] say
//! what a word is ([`super::regs_decode`] looks it up); most values live in one register RAM, which holds them XOR their reset value. Reads go through all steps too.
//!
//! | state | does | next |
//! | --- | --- | --- |
//! | `Wait` | refuses accesses that are a configuration access fault | `Decode`, `Refuse` |
//! | `Decode` | the first ROM looks up the address | `Look` |
//! | `Look` | its answer is registered | `Kind` |
//! | `Kind` | the second ROM looks up the kind, the RAM and the fault record are read | `Fetch` |
//! | `Fetch` | what was read is registered | `Apply` |
//! | `Apply` | new value to RAM, fault record or synchronization | `Grant`, `BankRead`, `Push`, next word |
//! | `Grant` | waits until the translation front is empty | `Effect` |
//! | `Effect` | configuration bus pulse, or change of the fault status | next word |
//! | `BankRead` | reads the bank's CBAR for its VMID | `BankTake` |
//! | `BankTake` | the VMID is registered | `Push`; with AArch32 formats or 16-bit VMIDs `FormRead` |
//! | `FormRead`, `FormTake` | the same for the bank's CBA2R: its VMID, whether the command's words are those of AArch32 | `Push` |
//! | `Push` | hands a TLB maintenance command to the queue | next word |
//! | `Refuse` | records the configuration access fault | `Finish` |
//! | `Finish` | `access_done` | `Wait` |
//! | `Operate` | hands an address translation operation over, once none is under way; drops it if one with the same result is | next word |
//!
//! The result of such an operation goes into the RAM in two cycles of `Wait` or `Operate`.
//!
//! Timing: 12 cycles from `access` to `access_done` if nothing waits. `Grant` waits a few cycles, `Push` for room in the queue,
//! `Apply`, `Effect` and `Refuse` for the port of the fault recorder: all bounded, none by a client.
//!
//! A change of the fault status waits for the grant too, so no transaction is between its check of the status and its record.

use super::regs_decode::RegsDecode;
use super::regs_map::RegsMap;
use crate::params::{Aarch32, Params};
use crate::prelude::*;
use crate::prim::ram::RamSync;
use crate::registers::{reset_value, CBA2R, CBAR, CB_PAR, GPAR, SACR};

/// States of [`RegsAccess`].
#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
pub enum AccessState {
    Wait,
    Decode,
    Look,
    Kind,
    Fetch,
    Apply,
    Grant,
    Effect,
    BankRead,
    BankTake,
    FormRead,
    FormTake,
    Push,
    Refuse,
    Finish,
    Operate,
}

/// The block. Banks are numbered in `BI` bits; `RI` = `BI` + 1 index the fault record, `AW` = `BI` + 6 the register RAM; `RAW`
/// register address bits.
#[derive(LogicBlock)]
pub struct RegsAccess<const BI: usize, const RI: usize, const AW: usize, const RAW: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    /// After reset: clears the word `clear_index` of the register RAM in each cycle. No access may be under way.
    pub clear: Signal<In, Bit>,
    pub clear_index: Signal<In, Word<AW>>,
    /// An access is to be done. `access_*` must stand until `access_done`.
    pub access: Signal<In, Bit>,
    pub access_write: Signal<In, Bit>,
    pub access_addr: Signal<In, Word<RAW>>,
    pub access_data: Signal<In, Word<64>>,
    pub access_strb: Signal<In, Word<8>>,
    pub access_done: Signal<Out, Bit>,
    pub access_value: Signal<Out, Word<64>>,
    /// Fault record that is read and written: the bank, or `2^BI` for the global one.
    pub rec_index: Signal<Out, Word<RI>>,
    pub rec_data: Signal<Out, Word<32>>,
    pub rec_far_low: Signal<Out, Bit>,
    pub rec_far_high: Signal<Out, Bit>,
    pub rec_ipa_low: Signal<Out, Bit>,
    pub rec_ipa_high: Signal<Out, Bit>,
    pub rec_syn: Signal<Out, Bit>,
    pub rec_sid: Signal<Out, Bit>,
    pub rec_clear: Signal<Out, Bit>,
    pub rec_set: Signal<Out, Bit>,
    /// A configuration access fault is to be recorded.
    pub rec_caf: Signal<Out, Bit>,
    /// Byte offset of the refused access.
    pub rec_caf_addr: Signal<Out, Word<32>>,
    /// The recorder takes what is asked for in this cycle.
    pub rec_ready: Signal<In, Bit>,
    /// The record at `rec_index` of the cycle before.
    pub rec_far: Signal<In, Word<64>>,
    /// IPA[47:12].
    pub rec_ipa: Signal<In, Word<36>>,
    pub rec_syndrome: Signal<In, Word<24>>,
    pub rec_stream: Signal<In, Word<16>>,
    /// The fault status at `rec_index`.
    pub rec_status: Signal<In, Word<32>>,
    /// A TLB maintenance command, fields as in [`super::maintenance`]; taken with `push_ready`.
    pub push: Signal<Out, Bit>,
    pub push_op: Signal<Out, Word<76>>,
    pub push_ready: Signal<In, Bit>,
    /// Bank of `sync` and `sync_active`.
    pub bank: Signal<Out, Word<BI>>,
    /// One cycle: synchronization starts, for `bank` or for everything.
    pub sync_bank: Signal<Out, Bit>,
    pub sync_global: Signal<Out, Bit>,
    /// `bank` has a synchronization under way.
    pub bank_active: Signal<In, Bit>,
    pub global_active: Signal<In, Bit>,
    /// A register of the performance monitors ([`super::pmu`]): what it is, what it shows, and the write of it.
    pub pmu_code: Signal<Out, Word<5>>,
    pub pmu_number: Signal<Out, Word<4>>,
    pub pmu_bank: Signal<Out, Word<7>>,
    pub pmu_we: Signal<Out, Bit>,
    pub pmu_value: Signal<In, Word<32>>,
    /// Address translation operations ([`super::ats`]): start, what is under way, the result.
    pub ats_start: Signal<Out, Bit>,
    pub ats_how: Signal<Out, Word<4>>,
    pub ats_page: Signal<Out, Word<37>>,
    pub ats_bank: Signal<Out, Word<8>>,
    pub ats_busy: Signal<In, Bit>,
    pub ats_to_global: Signal<In, Bit>,
    pub ats_to_bank: Signal<In, Word<7>>,
    pub par_valid: Signal<In, Bit>,
    pub par_value: Signal<In, Word<64>>,
    pub par_done: Signal<Out, Bit>,
    pub cw_req: Signal<Out, Bit>,
    pub cw_grant: Signal<In, Bit>,
    pub cw_valid: Signal<Out, Bit>,
    pub cw_kind: Signal<Out, Word<4>>,
    pub cw_index: Signal<Out, Word<7>>,
    pub cw_data: Signal<Out, Word<64>>,
    decode: RegsDecode<BI, RI, AW, RAW>,
    ram: RamSync<AW, 32>,
    state: DFF<AccessState>,
    high: DFF<Bit>,
    stored: DFF<Word<32>>,
    elsewhere: DFF<Word<32>>,
    controls: DFF<Word<31>>,
    value_low: DFF<Word<32>>,
    value_high: DFF<Word<32>>,
    cache_lock: DFF<Bit>,
    vmid: DFF<Word<17>>,
    refused_addr: DFF<Word<32>>,
    cbar_reset: Constant<Word<32>>,
    cba2r_reset: Constant<Word<32>>,
    has_stage2: Constant<Bit>,
    has_aarch32: Constant<Bit>,
    has_pmu: Constant<Bit>,
    has_ats: Constant<Bit>,
    par_slot: Constant<Word<AW>>,
    gpar_slot: Constant<Word<AW>>,
    /// The operation under way has the result register of this access.
    ats_same: Signal<Local, Bit>,
    par_addr: Signal<Local, Word<AW>>,
    par_high: DFF<Bit>,
    operation: Signal<Local, Bit>,
    has_exids: Constant<Bit>,
    has_vmid16: Constant<Bit>,
    /// sCR0.EXIDENABLE and VMID16EN.
    wide_ids: DFF<Bit>,
    wide_vmids: DFF<Bit>,
    smr_top: Signal<Local, Bit>,
    aarch32: DFF<Bit>,
    cba2r: Signal<Local, Word<32>>,
    lock_reset: Constant<Bit>,
    upper: Signal<Local, Bit>,
    ram_addr: Signal<Local, Word<AW>>,
    write_low: Signal<Local, Bit>,
    write_word: Signal<Local, Bit>,
    written: Signal<Local, Word<32>>,
    fetched: Signal<Local, Word<31>>,
    mask: Signal<Local, Word<32>>,
    reset: Signal<Local, Word<32>>,
    source: Signal<Local, Word<32>>,
    old: Signal<Local, Word<32>>,
    to_ram: Signal<Local, Bit>,
    select: Signal<Local, Word<32>>,
    replace: Signal<Local, Word<32>>,
    updated: Signal<Local, Word<32>>,
    record: Signal<Local, Bit>,
    applying: Signal<Local, Bit>,
    effect_status: Signal<Local, Bit>,
    effect_change: Signal<Local, Bit>,
    command: Signal<Local, Bit>,
    advance: Signal<Local, Bit>,
    cbar: Signal<Local, Word<32>>,
    hyp_bank: Signal<Local, Bit>,
    asid: Signal<Local, Word<16>>,
    vpn: Signal<Local, Word<37>>,
    how: Signal<Local, Word<7>>,
}

impl<const BI: usize, const RI: usize, const AW: usize, const RAW: usize> RegsAccess<BI, RI, AW, RAW> {
    /// The block for hardware of that size.
    ///
    /// # Panics
    /// If the const generics are not those of the parameters.
    pub fn new(params: &Params) -> Self {
        let map = RegsMap::new(params);
        Self {
            clock: Signal::default(),
            aresetn: Signal::default(),
            clear: Signal::default(),
            clear_index: Signal::default(),
            access: Signal::default(),
            access_write: Signal::default(),
            access_addr: Signal::default(),
            access_data: Signal::default(),
            access_strb: Signal::default(),
            access_done: Signal::default(),
            access_value: Signal::default(),
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
            rec_ready: Signal::default(),
            rec_far: Signal::default(),
            rec_ipa: Signal::default(),
            rec_syndrome: Signal::default(),
            rec_stream: Signal::default(),
            rec_status: Signal::default(),
            push: Signal::default(),
            push_op: Signal::default(),
            push_ready: Signal::default(),
            bank: Signal::default(),
            sync_bank: Signal::default(),
            sync_global: Signal::default(),
            bank_active: Signal::default(),
            global_active: Signal::default(),
            pmu_code: Signal::default(),
            pmu_number: Signal::default(),
            pmu_bank: Signal::default(),
            pmu_we: Signal::default(),
            pmu_value: Signal::default(),
            has_pmu: Constant::new(params.features.pmu),
            ats_start: Signal::default(),
            ats_how: Signal::default(),
            ats_page: Signal::default(),
            ats_bank: Signal::default(),
            ats_busy: Signal::default(),
            ats_to_global: Signal::default(),
            ats_to_bank: Signal::default(),
            par_valid: Signal::default(),
            par_value: Signal::default(),
            par_done: Signal::default(),
            has_ats: Constant::new(params.features.ats),
            par_slot: Constant::new(Word::new(map.wide_slot(CB_PAR))),
            gpar_slot: Constant::new(Word::new((1 << (AW - 1)) | map.wide_slot(GPAR))),
            ats_same: Signal::default(),
            par_addr: Signal::default(),
            operation: Signal::default(),
            par_high: DFF::default(),
            cw_req: Signal::default(),
            cw_grant: Signal::default(),
            cw_valid: Signal::default(),
            cw_kind: Signal::default(),
            cw_index: Signal::default(),
            cw_data: Signal::default(),
            decode: RegsDecode::new(params),
            ram: RamSync::default(),
            state: DFF::default(),
            high: DFF::default(),
            stored: DFF::default(),
            elsewhere: DFF::default(),
            controls: DFF::default(),
            value_low: DFF::default(),
            value_high: DFF::default(),
            cache_lock: DFF::default(),
            vmid: DFF::default(),
            refused_addr: DFF::default(),
            cbar_reset: Constant::new(Word::new(reset_value(params, CBAR).into())),
            cba2r_reset: Constant::new(Word::new(reset_value(params, CBA2R).into())),
            has_stage2: Constant::new(params.features.stage2),
            has_aarch32: Constant::new(params.features.aarch32 != Aarch32::None),
            has_exids: Constant::new(params.features.exids),
            has_vmid16: Constant::new(params.features.vmid16),
            wide_ids: DFF::default(),
            wide_vmids: DFF::default(),
            smr_top: Signal::default(),
            aarch32: DFF::default(),
            cba2r: Signal::default(),
            lock_reset: Constant::new(SACR.field("CACHE_LOCK").get(reset_value(params, SACR)) == 1),
            upper: Signal::default(),
            ram_addr: Signal::default(),
            write_low: Signal::default(),
            write_word: Signal::default(),
            written: Signal::default(),
            fetched: Signal::default(),
            mask: Signal::default(),
            reset: Signal::default(),
            source: Signal::default(),
            old: Signal::default(),
            to_ram: Signal::default(),
            select: Signal::default(),
            replace: Signal::default(),
            updated: Signal::default(),
            record: Signal::default(),
            applying: Signal::default(),
            effect_status: Signal::default(),
            effect_change: Signal::default(),
            command: Signal::default(),
            advance: Signal::default(),
            cbar: Signal::default(),
            hyp_bank: Signal::default(),
            asid: Signal::default(),
            vpn: Signal::default(),
            how: Signal::default(),
        }
    }
}

impl<const BI: usize, const RI: usize, const AW: usize, const RAW: usize> Logic for RegsAccess<BI, RI, AW, RAW> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            state,
            high,
            stored,
            elsewhere,
            controls,
            value_low,
            value_high,
            cache_lock,
            vmid,
            refused_addr,
            aarch32,
            wide_ids,
            wide_vmids,
            par_high
        );
        clock!(self, clock, decode, ram);

        // What the word is.
        self.decode.access_write.next = self.access_write.val();
        self.decode.access_addr.next = self.access_addr.val();
        self.decode.access_strb.next = self.access_strb.val();
        self.decode.high.next = self.high.q.val();
        self.upper.next = self.decode.upper.val();
        self.bank.next = self.decode.bank.val();
        self.rec_index.next = self.decode.rec_index.val();
        self.ram_addr.next = self.decode.slot.val();
        if (self.state.q.val() == AccessState::BankRead) | (self.state.q.val() == AccessState::BankTake) {
            self.ram_addr.next = self.decode.cbar_slot.val();
        }
        if (self.state.q.val() == AccessState::FormRead) | (self.state.q.val() == AccessState::FormTake) {
            self.ram_addr.next = self.decode.cba2r_slot.val();
        }
        self.ram.raddr.next = self.ram_addr.val();

        // What is written.
        self.write_low.next = self.access_write.val() & self.access_strb.val().get_bit(0);
        self.write_word.next = self.write_low.val();
        self.written.next = self.access_data.val().get_bits::<32>(0);
        if self.high.q.val() {
            self.write_word.next = self.access_write.val() & self.access_strb.val().get_bit(4);
            self.written.next = self.access_data.val().get_bits::<32>(32);
        }

        // What the word shows if it does not live in the RAM.
        self.fetched.next = self.decode.kind.val().get_bits::<31>(64);
        self.mask.next = self.decode.kind.val().get_bits::<32>(0);
        // Bit 15 of an SMR belongs to 16-bit StreamIDs.
        self.smr_top.next = !self.wide_ids.q.val() & self.fetched.val().get_bit(15) & (self.fetched.val().get_bits::<4>(19) == 0);
        if self.has_exids.val() & self.smr_top.val() {
            self.mask.next = self.mask.val() & 0xffff_7fff_u64;
        }
        self.reset.next = self.decode.kind.val().get_bits::<32>(32);
        self.source.next = 0.into();
        if self.fetched.val().get_bit(1) {
            self.source.next = self.source.val() | self.rec_far.val().get_bits::<32>(0);
        }
        if self.has_stage2.val() & self.fetched.val().get_bit(26) {
            self.source.next = self.source.val()
                | bit_cast::<32, 12>(self.rec_far.val().get_bits::<12>(0))
                | (bit_cast::<32, 20>(self.rec_ipa.val().get_bits::<20>(0)) << 12);
        }
        if self.has_pmu.val() & self.fetched.val().get_bit(29) {
            self.source.next = self.source.val() | self.pmu_value.val();
        }
        self.ats_same.next = self.ats_busy.val() & self.ats_to_global.val();
        if self.upper.val() {
            self.ats_same.next =
                self.ats_busy.val() & !self.ats_to_global.val() & (self.ats_to_bank.val() == self.decode.index.val());
        }
        if self.has_ats.val() & self.fetched.val().get_bit(30) & self.fetched.val().get_bit(23) & self.ats_same.val() {
            self.source.next = self.source.val() | 1;
        }
        self.pmu_code.next = self.fetched.val().get_bits::<5>(19);
        self.pmu_number.next = self.decode.element.val();
        self.pmu_bank.next = self.decode.index.val();
        if self.fetched.val().get_bit(2) {
            self.source.next = self.source.val() | bit_cast::<32, 24>(self.rec_syndrome.val());
        }
        if self.fetched.val().get_bit(3) {
            self.source.next = self.source.val() | bit_cast::<32, 16>(self.rec_stream.val());
        }
        if self.fetched.val().get_bit(4) {
            self.source.next = self.source.val() | self.rec_status.val();
        }
        if self.fetched.val().get_bit(5)
            & ((self.upper.val() & self.bank_active.val()) | (!self.upper.val() & self.global_active.val()))
        {
            self.source.next = self.source.val() | 1;
        }

        // The old value, and the new value of a word in the RAM.
        self.old.next = (self.stored.q.val() ^ self.reset.val()) | self.elsewhere.q.val();
        self.applying.next = (self.state.q.val() == AccessState::Apply) & self.write_word.val();
        self.to_ram.next = self.write_word.val()
            & (self.controls.q.val().get_bit(6) | self.controls.q.val().get_bit(7) | self.controls.q.val().get_bit(8))
            & !(self.controls.q.val().get_bit(17) & self.cache_lock.q.val());
        self.select.next = 0.into();
        if self.to_ram.val() {
            self.select.next = self.mask.val() & self.written.val();
            if self.controls.q.val().get_bit(6) {
                self.select.next = self.mask.val();
            }
        }
        self.replace.next = self.written.val();
        if self.controls.q.val().get_bit(8) {
            self.replace.next = 0.into();
        }
        self.updated.next = (self.old.val() & !self.select.val()) | (self.replace.val() & self.select.val());
        self.ram.we.next = self.clear.val() | (self.applying.val() & self.to_ram.val());
        self.ram.waddr.next = self.ram_addr.val();
        self.ram.wdata.next = self.updated.val() ^ self.reset.val();
        self.par_addr.next = (bit_cast::<AW, 7>(self.ats_to_bank.val()) << 5) | self.par_slot.val();
        if self.ats_to_global.val() {
            self.par_addr.next = self.gpar_slot.val();
        }
        self.par_done.next = false;
        self.par_high.d.next = false;
        if self.has_ats.val()
            & self.par_valid.val()
            & ((self.state.q.val() == AccessState::Wait) | (self.state.q.val() == AccessState::Operate))
        {
            self.ram.we.next = true;
            self.ram.waddr.next = self.par_addr.val();
            self.ram.wdata.next = self.par_value.val().get_bits::<32>(0);
            self.par_high.d.next = !self.par_high.q.val();
            if self.par_high.q.val() {
                self.ram.waddr.next = self.par_addr.val() + 1;
                self.ram.wdata.next = self.par_value.val().get_bits::<32>(32);
                self.par_done.next = true;
            }
        }
        if self.clear.val() {
            self.ram.waddr.next = self.clear_index.val();
            self.ram.wdata.next = 0.into();
        }

        // The fault recorder's side.
        self.rec_data.next = self.written.val() & self.mask.val();
        self.record.next = self.applying.val() & self.controls.q.val().get_bit(9);
        self.pmu_we.next = self.has_pmu.val() & self.applying.val() & self.controls.q.val().get_bit(29);
        self.rec_far_low.next = self.record.val() & self.controls.q.val().get_bit(1) & !self.high.q.val();
        self.rec_far_high.next = self.record.val() & self.controls.q.val().get_bit(1) & self.high.q.val();
        self.rec_ipa_low.next = self.record.val() & self.controls.q.val().get_bit(26) & !self.high.q.val();
        self.rec_ipa_high.next = self.record.val() & self.controls.q.val().get_bit(26) & self.high.q.val();
        self.rec_syn.next = self.record.val() & self.controls.q.val().get_bit(2);
        self.rec_sid.next = self.record.val() & self.controls.q.val().get_bit(3);
        self.effect_status.next = self.controls.q.val().get_bit(10) | self.controls.q.val().get_bit(11);
        self.effect_change.next = self.controls.q.val().get_bit(15) | self.controls.q.val().get_bit(16);
        self.rec_clear.next = (self.state.q.val() == AccessState::Effect) & self.controls.q.val().get_bit(10);
        self.rec_set.next = (self.state.q.val() == AccessState::Effect) & self.controls.q.val().get_bit(11);
        self.rec_caf.next = self.state.q.val() == AccessState::Refuse;
        self.rec_caf_addr.next = self.refused_addr.q.val();

        // Synchronization and TLB maintenance. The command's words: the lower one as written, the upper one as last written.
        self.sync_bank.next = self.applying.val() & self.controls.q.val().get_bit(14) & self.upper.val();
        self.sync_global.next = self.applying.val() & self.controls.q.val().get_bit(14) & !self.upper.val();
        self.command.next = (self.controls.q.val().get_bit(12) & self.write_word.val())
            | (self.controls.q.val().get_bit(13) & self.write_low.val());
        self.how.next = self.controls.q.val().get_bits::<7>(19);
        self.cbar.next = self.ram.rdata.val() ^ self.cbar_reset.val();
        self.cba2r.next = self.ram.rdata.val() ^ self.cba2r_reset.val();
        self.hyp_bank.next = self.cbar.val().get_bit(10) & (self.cbar.val().get_bits::<2>(16) == 1);
        self.asid.next = self.written.val().get_bits::<16>(0);
        self.vpn.next = bit_cast::<37, 32>(self.access_data.val().get_bits::<32>(0));
        if self.controls.q.val().get_bit(13) {
            self.asid.next = self.value_high.q.val().get_bits::<16>(16);
            self.vpn.next = self.vpn.val() | (bit_cast::<37, 5>(self.value_high.q.val().get_bits::<5>(0)) << 32);
        }
        if self.has_aarch32.val() & self.controls.q.val().get_bit(27) & self.upper.val() & self.aarch32.q.val() {
            self.asid.next = bit_cast::<16, 8>(self.access_data.val().get_bits::<8>(0));
            self.vpn.next = bit_cast::<37, 20>(self.access_data.val().get_bits::<20>(12));
        }
        if self.how.val().get_bit(6) {
            self.vpn.next = bit_cast::<37, 20>(self.written.val().get_bits::<20>(12));
        }
        // Address translation operations: their words as those of a command; the bank is in the global ones' lower word.
        self.operation.next =
            self.has_ats.val() & self.controls.q.val().get_bit(30) & !self.controls.q.val().get_bit(23) & self.write_low.val();
        self.ats_how.next = self.controls.q.val().get_bits::<4>(19);
        self.ats_page.next = bit_cast::<37, 20>(self.access_data.val().get_bits::<20>(12))
            | (bit_cast::<37, 17>(self.value_high.q.val().get_bits::<17>(0)) << 20);
        self.ats_bank.next = self.access_data.val().get_bits::<8>(0);
        if self.upper.val() {
            self.ats_bank.next = bit_cast::<8, 7>(self.decode.index.val());
        }
        self.ats_start.next = (self.state.q.val() == AccessState::Operate) & !self.ats_busy.val();
        self.push.next = self.state.q.val() == AccessState::Push;
        self.push_op.next = bit_cast::<76, 37>(self.vpn.val())
            | (bit_cast::<76, 16>(self.asid.val()) << 37)
            | (bit_cast::<76, 8>(self.vmid.q.val().get_bits::<8>(0)) << 53)
            | (bit_cast::<76, 1>(self.vmid.q.val().get_bits::<1>(16)) << 61)
            | (bit_cast::<76, 8>(self.vmid.q.val().get_bits::<8>(8)) << 68)
            | (bit_cast::<76, 6>(self.how.val().get_bits::<6>(0)) << 62);

        // The configuration bus.
        self.cw_req.next = (self.state.q.val() == AccessState::Grant) | (self.state.q.val() == AccessState::Effect);
        self.cw_valid.next = (self.state.q.val() == AccessState::Effect) & self.effect_change.val();
        self.cw_kind.next = self.controls.q.val().get_bits::<4>(19);
        self.cw_index.next = self.decode.index.val();
        self.cw_data.next = bit_cast::<64, 32>(self.value_low.q.val());
        if self.controls.q.val().get_bit(16) {
            self.cw_data.next = (bit_cast::<64, 32>(self.value_high.q.val()) << 32) | bit_cast::<64, 32>(self.value_low.q.val());
        } else if self.high.q.val() {
            self.cw_data.next = bit_cast::<64, 32>(self.value_high.q.val());
        }

        if self.cw_valid.val() & (self.cw_kind.val() == 9) {
            self.wide_ids.d.next = self.cw_data.val().get_bit(3);
            self.wide_vmids.d.next = self.cw_data.val().get_bit(31);
        }

        self.access_value.next = (bit_cast::<64, 32>(self.value_high.q.val()) << 32) | bit_cast::<64, 32>(self.value_low.q.val());
        self.access_done.next = self.state.q.val() == AccessState::Finish;

        self.advance.next = false;
        match self.state.q.val() {
            AccessState::Wait => {
                self.high.d.next = false;
                self.refused_addr.d.next = self.decode.refuse_addr.val();
                if self.access.val() & !(self.has_ats.val() & self.par_valid.val()) {
                    self.state.d.next = AccessState::Decode;
                    if self.decode.refuse.val() {
                        self.value_low.d.next = 0.into();
                        self.value_high.d.next = 0.into();
                        self.state.d.next = AccessState::Refuse;
                    }
                }
            }
            AccessState::Decode => {
                self.state.d.next = AccessState::Look;
            }
            AccessState::Look => {
                self.state.d.next = AccessState::Kind;
            }
            AccessState::Kind => {
                self.state.d.next = AccessState::Fetch;
            }
            AccessState::Fetch => {
                self.controls.d.next = self.fetched.val();
                self.stored.d.next = 0.into();
                if self.fetched.val().get_bit(0) | (self.fetched.val().get_bit(6) & self.access_write.val()) {
                    self.stored.d.next = self.ram.rdata.val();
                }
                self.elsewhere.d.next = self.source.val();
                // Both words of a fault address are of one moment.
                if self.high.q.val() & (self.fetched.val().get_bit(1) | (self.has_stage2.val() & self.fetched.val().get_bit(26)))
                {
                    self.elsewhere.d.next = self.value_high.q.val();
                }
                if !self.high.q.val() {
                    self.value_high.d.next = self.rec_far.val().get_bits::<32>(32);
                    if self.has_stage2.val() & self.fetched.val().get_bit(26) {
                        self.value_high.d.next = bit_cast::<32, 16>(self.rec_ipa.val().get_bits::<16>(20));
                    }
                }
                self.state.d.next = AccessState::Apply;
            }
            AccessState::Apply => {
                self.vmid.d.next = bit_cast::<17, 8>(self.written.val().get_bits::<8>(0));
                if self.has_vmid16.val() & self.wide_vmids.q.val() {
                    self.vmid.d.next = bit_cast::<17, 16>(self.written.val().get_bits::<16>(0));
                }
                if self.high.q.val() {
                    self.value_high.d.next = self.updated.val();
                } else {
                    self.value_low.d.next = self.updated.val();
                }
                if !self.record.val() | self.rec_ready.val() {
                    if self.applying.val() & self.controls.q.val().get_bit(18) {
                        self.cache_lock.d.next = self.updated.val().get_bit(26);
                    }
                    if self.command.val() {
                        self.state.d.next = AccessState::Push;
                        if self.upper.val() {
                            self.state.d.next = AccessState::BankRead;
                        }
                    } else if self.operation.val() {
                        self.state.d.next = AccessState::Operate;
                    } else if (self.write_word.val() & (self.effect_status.val() | self.controls.q.val().get_bit(15)))
                        | ((self.write_low.val() | self.write_word.val()) & self.controls.q.val().get_bit(16))
                    {
                        self.state.d.next = AccessState::Grant;
                    } else {
                        self.advance.next = true;
                    }
                }
            }
            AccessState::Grant => {
                if self.cw_grant.val() {
                    self.state.d.next = AccessState::Effect;
                }
            }
            AccessState::Effect => {
                if !self.effect_status.val() | self.rec_ready.val() {
                    self.advance.next = true;
                }
            }
            AccessState::BankRead => {
                self.state.d.next = AccessState::BankTake;
            }
            AccessState::BankTake => {
                self.vmid.d.next = bit_cast::<17, 8>(self.cbar.val().get_bits::<8>(0)).replace_bit(16, self.hyp_bank.val());
                self.state.d.next = AccessState::Push;
                if self.has_aarch32.val() | self.has_vmid16.val() {
                    self.state.d.next = AccessState::FormRead;
                }
            }
            AccessState::FormRead => {
                self.state.d.next = AccessState::FormTake;
            }
            AccessState::FormTake => {
                self.aarch32.d.next = self.has_aarch32.val() & !self.cba2r.val().get_bit(0);
                if self.has_vmid16.val() & self.wide_vmids.q.val() {
                    self.vmid.d.next = bit_cast::<17, 16>(self.cba2r.val().get_bits::<16>(16))
                        | (bit_cast::<17, 1>(self.vmid.q.val().get_bits::<1>(16)) << 16);
                }
                self.state.d.next = AccessState::Push;
            }
            AccessState::Push => {
                if self.push_ready.val() {
                    self.advance.next = true;
                }
            }
            AccessState::Refuse => {
                if self.rec_ready.val() {
                    self.state.d.next = AccessState::Finish;
                }
            }
            AccessState::Operate => {
                if self.ats_same.val() | !self.ats_busy.val() {
                    self.advance.next = true;
                }
            }
            AccessState::Finish => {
                self.state.d.next = AccessState::Wait;
            }
            _ => {
                self.state.d.next = AccessState::Wait;
            }
        }
        if self.advance.val() {
            self.high.d.next = true;
            self.state.d.next = AccessState::Decode;
            if self.high.q.val() {
                self.state.d.next = AccessState::Finish;
            }
        }

        if !self.aresetn.val() {
            self.state.d.next = AccessState::Wait;
            self.high.d.next = false;
            self.cache_lock.d.next = self.lock_reset.val();
            self.wide_ids.d.next = false;
            self.wide_vmids.d.next = false;
            self.par_high.d.next = false;
        }
    }
}
