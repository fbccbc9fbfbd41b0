//! Front of the TCU, stages F0 to F2: takes a request, finds its stream's context bank.
//!
//! | stage | does |
//! | --- | --- |
//! | F0 | chooses read or write request (in turn), reserves a walk row; the StreamID goes to [`StreamMatch`] |
//! | F1 | the number of the group that matched addresses the S2CR memory |
//! | F2 | S2CR is there: translate in bank CBNDX, bypass, or a global fault |
//!
//! Nothing in the front ever waits: a request enters only with a row of its own, and leaves F5 six cycles later. So "the front is
//! empty" is at most seven cycles away whenever `hold` is up, which is what register writes and invalidations wait for.
//!
//! # Checks, in their order (docs/compliance.md, "Order of checks")
//!
//! illegal burst (UUT) - `sCR0.CLIENTPD` (bypass) - no group (USF, or bypass if `USFCFG` is 0) - several groups (SMCF, or bypass if
//! `SMCFCFG` is 0) - `S2CR.TYPE` (1 bypass; 2, 3 ICF) - `CBNDX` beyond the last bank (UCBF). A bypassed address beyond the output size is
//! an UUT.

use super::attribute_stream::AttributeStream;
use super::stream_match::StreamMatch;
use crate::params::Params;
use crate::prelude::*;
use crate::prim::ram::RamSync;

/// The block. `SMR` groups, numbered in `SI` bits.
#[derive(LogicBlock)]
pub struct Accept<const SMR: usize, const SI: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    // Requests of the two channels.
    pub rd_req_valid: Signal<In, Bit>,
    pub rd_req_ready: Signal<Out, Bit>,
    pub rd_req_tag: Signal<In, Word<4>>,
    pub rd_req_sid: Signal<In, Word<16>>,
    pub rd_req_va: Signal<In, Word<49>>,
    pub rd_req_prot: Signal<In, Word<3>>,
    pub rd_req_uut: Signal<In, Bit>,
    pub wr_req_valid: Signal<In, Bit>,
    pub wr_req_ready: Signal<Out, Bit>,
    pub wr_req_tag: Signal<In, Word<4>>,
    pub wr_req_sid: Signal<In, Word<16>>,
    pub wr_req_va: Signal<In, Word<49>>,
    pub wr_req_prot: Signal<In, Word<3>>,
    pub wr_req_uut: Signal<In, Bit>,
    /// An address translation operation in a bank: enters before the others, has no stream.
    pub ats_req_valid: Signal<In, Bit>,
    pub ats_req_ready: Signal<Out, Bit>,
    pub ats_req_page: Signal<In, Word<37>>,
    pub ats_req_write: Signal<In, Bit>,
    pub ats_req_privileged: Signal<In, Bit>,
    pub ats_req_single: Signal<In, Bit>,
    /// Stands until the answer.
    pub ats_req_bank: Signal<In, Word<7>>,
    /// No request may enter.
    pub hold: Signal<In, Bit>,
    /// A walk row is free, and which.
    pub row_free: Signal<In, Bit>,
    pub row_next: Signal<In, Word<4>>,
    /// The row is taken.
    pub row_take: Signal<Out, Bit>,
    // Configuration writes (docs/architecture.md, "Configuration bus").
    pub cw_valid: Signal<In, Bit>,
    pub cw_kind: Signal<In, Word<4>>,
    pub cw_index: Signal<In, Word<7>>,
    pub cw_data: Signal<In, Word<64>>,
    // To the next stages: valid in F2.
    pub o_valid: Signal<Out, Bit>,
    /// 48:0 address, 63:49 StreamID[14:0], 64 write, 67:65 AxPROT, 71:68 tag, 72 StreamID[15],
    /// 73 an address translation operation, 74 of stage 1 only.
    pub o_req: Signal<Out, Word<75>>,
    pub o_row: Signal<Out, Word<4>>,
    /// The request passes untranslated.
    pub o_bypass: Signal<Out, Bit>,
    /// Global fault as sGFSR bits, 0 for none.
    pub o_code: Signal<Out, Word<9>>,
    /// A global fault answers OKAY with zeros (`GFRE` = 0).
    pub o_raz: Signal<Out, Bit>,
    pub o_bank: Signal<Out, Word<7>>,
    /// What the stream does to the attributes ([`super::attribute_stream`]).
    pub o_attr: Signal<Out, Word<23>>,
    /// F1 or F2 hold a request.
    pub busy: Signal<Out, Bit>,
    streams: StreamMatch<SMR>,
    attributes: AttributeStream<SI>,
    s2cr: RamSync<SI, 10>,
    f1_valid: DFF<Bit>,
    f1_req: DFF<Word<75>>,
    f1_uut: DFF<Bit>,
    f1_row: DFF<Word<4>>,
    f2_valid: DFF<Bit>,
    f2_req: DFF<Word<75>>,
    f2_uut: DFF<Bit>,
    f2_row: DFF<Word<4>>,
    f2_hit: DFF<Bit>,
    f2_multi: DFF<Bit>,
    last_was_write: DFF<Bit>,
    client_pd: DFF<Bit>,
    gfre: DFF<Bit>,
    usfcfg: DFF<Bit>,
    smcfcfg: DFF<Bit>,
    /// sCR0.EXIDENABLE.
    extended: DFF<Bit>,
    has_index: Constant<Bit>,
    groups: Constant<Word<16>>,
    stream: Signal<Local, Word<16>>,
    banks: Constant<Word<8>>,
    /// Bits 47:32 of an address that are beyond the output size.
    beyond_output: Constant<Word<16>>,
    has_ats: Constant<Bit>,
    take_ats: Signal<Local, Bit>,
    take_read: Signal<Local, Bit>,
    take_write: Signal<Local, Bit>,
    open: Signal<Local, Bit>,
    too_far: Signal<Local, Bit>,
    top: Signal<Local, Word<16>>,
    s2cr_type: Signal<Local, Word<2>>,
    cbndx: Signal<Local, Word<8>>,
    translated: Signal<Local, Bit>,
    matched: Signal<Local, Bit>,
    bypasses: Signal<Local, Bit>,
    plain: Signal<Local, Bit>,
    request: Signal<Local, Word<75>>,
}

impl<const SMR: usize, const SI: usize> Accept<SMR, SI> {
    /// The block for hardware of these sizes.
    pub fn new(params: &Params) -> Self {
        Self {
            clock: Signal::default(),
            aresetn: Signal::default(),
            rd_req_valid: Signal::default(),
            rd_req_ready: Signal::default(),
            rd_req_tag: Signal::default(),
            rd_req_sid: Signal::default(),
            rd_req_va: Signal::default(),
            rd_req_prot: Signal::default(),
            rd_req_uut: Signal::default(),
            wr_req_valid: Signal::default(),
            wr_req_ready: Signal::default(),
            wr_req_tag: Signal::default(),
            wr_req_sid: Signal::default(),
            wr_req_va: Signal::default(),
            wr_req_prot: Signal::default(),
            wr_req_uut: Signal::default(),
            ats_req_valid: Signal::default(),
            ats_req_ready: Signal::default(),
            ats_req_page: Signal::default(),
            ats_req_write: Signal::default(),
            ats_req_privileged: Signal::default(),
            ats_req_single: Signal::default(),
            ats_req_bank: Signal::default(),
            has_ats: Constant::new(params.features.ats),
            take_ats: Signal::default(),
            hold: Signal::default(),
            row_free: Signal::default(),
            row_next: Signal::default(),
            row_take: Signal::default(),
            cw_valid: Signal::default(),
            cw_kind: Signal::default(),
            cw_index: Signal::default(),
            cw_data: Signal::default(),
            o_valid: Signal::default(),
            o_req: Signal::default(),
            o_row: Signal::default(),
            o_bypass: Signal::default(),
            o_code: Signal::default(),
            o_raz: Signal::default(),
            o_bank: Signal::default(),
            o_attr: Signal::default(),
            busy: Signal::default(),
            streams: StreamMatch::new(params.features.exids),
            attributes: AttributeStream::new(params.features.attributes),
            s2cr: RamSync::default(),
            f1_valid: DFF::default(),
            f1_req: DFF::default(),
            f1_uut: DFF::default(),
            f1_row: DFF::default(),
            f2_valid: DFF::default(),
            f2_req: DFF::default(),
            f2_uut: DFF::default(),
            f2_row: DFF::default(),
            f2_hit: DFF::default(),
            f2_multi: DFF::default(),
            last_was_write: DFF::default(),
            client_pd: DFF::default(),
            gfre: DFF::default(),
            usfcfg: DFF::default(),
            smcfcfg: DFF::default(),
            extended: DFF::default(),
            has_index: Constant::new(params.features.stream_indexing),
            groups: Constant::new(params.num_smr.into()),
            stream: Signal::default(),
            banks: Constant::new(params.num_cb.into()),
            beyond_output: Constant::new(super::beyond_size(params.straps.oas)),
            take_read: Signal::default(),
            take_write: Signal::default(),
            open: Signal::default(),
            too_far: Signal::default(),
            top: Signal::default(),
            s2cr_type: Signal::default(),
            cbndx: Signal::default(),
            translated: Signal::default(),
            matched: Signal::default(),
            bypasses: Signal::default(),
            plain: Signal::default(),
            request: Signal::default(),
        }
    }
}

impl<const SMR: usize, const SI: usize> Logic for Accept<SMR, SI> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            f1_valid,
            f1_req,
            f1_uut,
            f1_row,
            f2_valid,
            f2_req,
            f2_uut,
            f2_row,
            f2_hit,
            f2_multi,
            last_was_write,
            client_pd,
            gfre,
            usfcfg,
            smcfcfg,
            extended
        );
        clock!(self, clock, streams, s2cr, attributes);
        self.streams.aresetn.next = self.aresetn.val();

        // F0: one request a cycle, reads and writes in turn.
        self.open.next = self.row_free.val() & !self.hold.val();
        self.take_ats.next = self.has_ats.val() & self.open.val() & self.ats_req_valid.val();
        self.ats_req_ready.next = self.take_ats.val();
        self.take_read.next = self.open.val()
            & !self.take_ats.val()
            & self.rd_req_valid.val()
            & (!self.wr_req_valid.val() | self.last_was_write.q.val());
        self.take_write.next = self.open.val() & !self.take_ats.val() & self.wr_req_valid.val() & !self.take_read.val();
        self.rd_req_ready.next = self.take_read.val();
        self.wr_req_ready.next = self.take_write.val();
        self.row_take.next = self.take_read.val() | self.take_write.val() | self.take_ats.val();
        self.f1_valid.d.next = self.take_read.val() | self.take_write.val() | self.take_ats.val();
        self.f1_row.d.next = self.row_next.val();
        self.streams.sid.next = self.rd_req_sid.val();
        self.f1_uut.d.next = self.rd_req_uut.val();
        self.f1_req.d.next = bit_cast::<75, 49>(self.rd_req_va.val())
            | (bit_cast::<75, 15>(self.rd_req_sid.val().get_bits::<15>(0)) << 49)
            | (bit_cast::<75, 1>(self.rd_req_sid.val().get_bits::<1>(15)) << 72)
            | (bit_cast::<75, 3>(self.rd_req_prot.val()) << 65)
            | (bit_cast::<75, 4>(self.rd_req_tag.val()) << 68);
        if self.take_write.val() {
            self.streams.sid.next = self.wr_req_sid.val();
            self.f1_uut.d.next = self.wr_req_uut.val();
            self.f1_req.d.next = bit_cast::<75, 49>(self.wr_req_va.val())
                | (bit_cast::<75, 15>(self.wr_req_sid.val().get_bits::<15>(0)) << 49)
                | (bit_cast::<75, 1>(self.wr_req_sid.val().get_bits::<1>(15)) << 72)
                | (bits::<75>(1) << 64)
                | (bit_cast::<75, 3>(self.wr_req_prot.val()) << 65)
                | (bit_cast::<75, 4>(self.wr_req_tag.val()) << 68);
        }
        // Nothing asks: what follows need not see what the pipelines hold out to it.
        if !self.rd_req_valid.val() & !self.wr_req_valid.val() {
            self.f1_req.d.next = self.f1_req.q.val();
        }
        if self.take_ats.val() {
            self.f1_uut.d.next = false;
            self.f1_req.d.next = (bit_cast::<75, 37>(self.ats_req_page.val()) << 12)
                | (bit_cast::<75, 1>(self.ats_req_write.val().into()) << 64)
                | (bit_cast::<75, 1>(self.ats_req_privileged.val().into()) << 65)
                | (bits::<75>(1) << 73)
                | (bit_cast::<75, 1>(self.ats_req_single.val().into()) << 74);
        }
        if self.take_read.val() | self.take_write.val() {
            self.last_was_write.d.next = self.take_write.val();
        }

        // F1: the group's number is known.
        self.f2_valid.d.next = self.f1_valid.q.val();
        self.f2_req.d.next = self.f1_req.q.val();
        self.f2_uut.d.next = self.f1_uut.q.val();
        self.f2_row.d.next = self.f1_row.q.val();
        self.f2_hit.d.next = self.streams.hit.val();
        self.f2_multi.d.next = self.streams.multi.val();
        self.s2cr.raddr.next = bit_cast::<SI, 7>(self.streams.index.val());
        self.attributes.raddr.next = bit_cast::<SI, 7>(self.streams.index.val());
        self.stream.next = bit_cast::<16, 15>(self.f1_req.q.val().get_bits::<15>(49))
            | (bit_cast::<16, 1>(self.f1_req.q.val().get_bits::<1>(72)) << 15);
        if self.has_index.val() {
            self.s2cr.raddr.next = self.stream.val().get_bits::<SI>(0);
            self.attributes.raddr.next = self.stream.val().get_bits::<SI>(0);
            self.f2_hit.d.next = self.stream.val() < self.groups.val();
            self.f2_multi.d.next = false;
        }

        // F2: S2CR is known.
        self.s2cr_type.next = self.s2cr.rdata.val().get_bits::<2>(8);
        self.cbndx.next = self.s2cr.rdata.val().get_bits::<8>(0);
        self.top.next = self.f2_req.q.val().get_bits::<16>(32) & self.beyond_output.val();
        self.too_far.next = self.f2_req.q.val().get_bit(48) | self.top.val().any();
        self.o_valid.next = self.f2_valid.q.val();
        self.o_row.next = self.f2_row.q.val();
        self.o_bank.next = bit_cast::<7, 8>(self.cbndx.val());
        self.o_raz.next = !self.gfre.q.val();
        self.o_bypass.next = false;
        self.o_code.next = 0.into();
        if self.client_pd.q.val() {
            self.o_bypass.next = true;
        } else {
            if !self.f2_hit.q.val() {
                if self.usfcfg.q.val() {
                    self.o_code.next = 2.into();
                } else {
                    self.o_bypass.next = true;
                }
            } else {
                if self.f2_multi.q.val() {
                    if self.smcfcfg.q.val() {
                        self.o_code.next = 4.into();
                    } else {
                        self.o_bypass.next = true;
                    }
                } else {
                    if self.s2cr_type.val() == 1 {
                        self.o_bypass.next = true;
                    } else {
                        if self.s2cr_type.val().get_bit(1) {
                            self.o_code.next = 1.into();
                        } else {
                            if self.cbndx.val() >= self.banks.val() {
                                self.o_code.next = 8.into();
                            }
                        }
                    }
                }
            }
        }
        if self.f2_uut.q.val() | (self.o_bypass.val() & self.too_far.val()) {
            self.o_bypass.next = false;
            self.o_code.next = 256.into();
        }
        if self.has_ats.val() & self.f2_req.q.val().get_bit(73) {
            self.o_bypass.next = false;
            self.o_code.next = 0.into();
            self.o_bank.next = self.ats_req_bank.val();
        }
        self.busy.next = self.f1_valid.q.val() | self.f2_valid.q.val();

        // F2: attributes; privilege and instruction of what is translated are those after PRIVCFG and INSTCFG.
        self.matched.next = !self.client_pd.q.val() & self.f2_hit.q.val() & !self.f2_multi.q.val();
        self.bypasses.next = self.o_bypass.val();
        self.translated.next = !self.bypasses.val() & !self.o_code.val().any();
        self.plain.next = self.has_ats.val() & self.f2_req.q.val().get_bit(73);
        self.attributes.plain.next = self.plain.val();
        self.attributes.matched.next = self.matched.val();
        self.attributes.bypass.next = self.bypasses.val();
        self.attributes.translated.next = self.translated.val();
        self.attributes.write.next = self.f2_req.q.val().get_bit(64);
        self.attributes.privileged.next = self.f2_req.q.val().get_bit(65);
        self.attributes.fetch.next = self.f2_req.q.val().get_bit(67);
        self.request.next = self.f2_req.q.val();
        self.request.next = self.request.val().replace_bit(65, self.attributes.o_privileged.val());
        self.request.next = self.request.val().replace_bit(67, self.attributes.o_fetch.val());
        self.o_req.next = self.request.val();
        self.o_attr.next = self.attributes.o_attr.val();
        self.attributes.cw_valid.next = self.cw_valid.val();
        self.attributes.cw_kind.next = self.cw_kind.val();
        self.attributes.cw_index.next = self.cw_index.val();
        self.attributes.cw_data.next = self.cw_data.val();

        // Configuration writes.
        self.streams.we.next = self.cw_valid.val() & (self.cw_kind.val() == 0);
        self.streams.windex.next = self.cw_index.val();
        self.streams.wvalid.next = self.cw_data.val().get_bit(31);
        self.streams.wmask.next = self.cw_data.val().get_bits::<16>(16);
        self.streams.wid.next = self.cw_data.val().get_bits::<16>(0);
        self.streams.we_extended.next = self.cw_valid.val() & (self.cw_kind.val() == 1);
        self.streams.wvalid_extended.next = self.cw_data.val().get_bit(10);
        self.streams.extended.next = self.extended.q.val();
        self.s2cr.we.next = self.cw_valid.val() & (self.cw_kind.val() == 1);
        self.s2cr.waddr.next = bit_cast::<SI, 7>(self.cw_index.val());
        self.s2cr.wdata.next = bit_cast::<10, 8>(self.cw_data.val().get_bits::<8>(0))
            | (bit_cast::<10, 2>(self.cw_data.val().get_bits::<2>(16)) << 8);
        if self.cw_valid.val() & (self.cw_kind.val() == 9) {
            self.client_pd.d.next = self.cw_data.val().get_bit(0);
            self.gfre.d.next = self.cw_data.val().get_bit(1);
            self.usfcfg.d.next = self.cw_data.val().get_bit(10);
            self.smcfcfg.d.next = self.cw_data.val().get_bit(21);
            self.extended.d.next = self.cw_data.val().get_bit(3);
        }

        if !self.aresetn.val() {
            self.f1_valid.d.next = false;
            self.f2_valid.d.next = false;
            self.client_pd.d.next = true;
            self.extended.d.next = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::params::{Features, MINI};
    use crate::testing::{equivalence, synthesis_check, tick};

    #[test]
    fn synthesizes_accept() {
        synthesis_check(Accept::<8, 3>::new(&MINI));
        synthesis_check(Accept::<8, 3>::new(&MINI.with_everything()));
    }

    #[test]
    fn verilog_agrees_accept() {
        let indexed = Features { stream_indexing: true, ..Features::STAGE1 };
        for params in [MINI, MINI.with_everything(), MINI.with_features(indexed)] {
            equivalence(
                || Accept::<8, 3>::new(&params),
                4000,
                1,
                drive!(
                    clock,
                    aresetn,
                    rd_req_valid,
                    rd_req_tag,
                    rd_req_sid,
                    rd_req_va,
                    rd_req_prot,
                    rd_req_uut,
                    wr_req_valid,
                    wr_req_tag,
                    wr_req_sid,
                    wr_req_va,
                    wr_req_prot,
                    wr_req_uut,
                    ats_req_valid,
                    ats_req_page,
                    ats_req_write,
                    ats_req_privileged,
                    ats_req_single,
                    ats_req_bank,
                    hold,
                    row_free,
                    row_next,
                    cw_valid,
                    cw_kind,
                    cw_index,
                    cw_data
                ),
                |s| {
                    s.often("cw_valid", 1, 2);
                    // Few streams, so that groups match.
                    for pin in ["rd_req_sid", "wr_req_sid"] {
                        let value = s.random.below(12) | s.random.below(2) << 15;
                        s.set(pin, value);
                    }
                },
            );
        }
    }

    /// What a read of stream 5 is answered with when groups 0 and 1 both match it: (bypass, global fault).
    fn answer_of_two_groups(smcfcfg: u64, va: u64) -> (bool, u64) {
        let mut accept = Accept::<8, 3>::new(&MINI);
        accept.connect_all();
        tick(&mut accept, |b| &mut b.clock);
        accept.aresetn.next = true;
        let s2cr_translates_in_bank = |bank: u64| (1, bank, bank);
        let (group, cr0) = (0x8000_0005, (smcfcfg << 21) | (1 << 10));
        for (kind, index, data) in
            [(0, 0, group), (0, 1, group), s2cr_translates_in_bank(0), s2cr_translates_in_bank(1), (9, 0, cr0)]
        {
            accept.cw_valid.next = true;
            accept.cw_kind.next = kind.into();
            accept.cw_index.next = index.into();
            accept.cw_data.next = data.into();
            tick(&mut accept, |b| &mut b.clock);
        }
        accept.cw_valid.next = false;
        accept.row_free.next = true;
        accept.rd_req_valid.next = true;
        accept.rd_req_sid.next = 5.into();
        accept.rd_req_va.next = va.into();
        tick(&mut accept, |b| &mut b.clock);
        accept.rd_req_valid.next = false;
        for _ in 0..3 {
            assert!(simulate(&mut accept, 100));
            if accept.o_valid.val() {
                return (accept.o_bypass.val(), accept.o_code.val().u64());
            }
            tick(&mut accept, |b| &mut b.clock);
        }
        panic!("no answer in F2");
    }

    #[test]
    fn several_groups_fault_or_bypass_by_smcfcfg() {
        assert_eq!(answer_of_two_groups(1, 0x1000), (false, 4), "SMCF");
        assert_eq!(answer_of_two_groups(0, 0x1000), (true, 0), "bypass");
        assert_eq!(answer_of_two_groups(0, 1 << 48), (false, 256), "a bypass beyond the output size: UUT");
    }
}
