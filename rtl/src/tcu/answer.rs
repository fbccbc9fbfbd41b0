//! Answers and fault events: one register each, filled by the front (F6) or by the walker (E2).
//!
//! F6 has priority; the walker then holds its event (see [`super::walker`]). A fault event stands in the cycle of its answer, so the recorder has
//! the fault no later than the requester has the refusal.
//!
//! A context fault in a bank with HUPCF = 0 blocks the bank: once the recorder shows that to the front, which takes two cycles, `block` says
//! that all micro TLBs and all walks in flight are out of date.
//!
//! # Packed words
//!
//! Answer: 0 write channel, 4:1 tag, 5 fault, 6 raz, 7 fill, 43:8 ppn, 50:44 mask, 56:51 perm, 57 ng, 73:58 asid, 82:74 {hyp, vmid[7:0]}, 83 part,
//! 91:84 vmid[15:8], 98:92 bank that S2CR names, 99 there is one.
//! Event: 0 global, 7:1 bank, 16:8 code, 18:17 level, 19 ptwf, 20 wnr, 21 pnu, 22 ind, 37:23 sid[14:0], 86:38 va, 87 sid[15].
//! Its stage-2 part: 35:0 IPA[47:12], 42:36 stage-1 bank, 43 stage 2, 44 nested, 45 on a stage-1 descriptor.

use crate::prelude::*;

/// The block.
#[derive(LogicBlock, Default)]
pub struct Answer {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    // F6.
    pub d_valid: Signal<In, Bit>,
    /// F6 answers (else it walks, asks stage 2, or has a result for a row).
    pub d_answer: Signal<In, Bit>,
    pub d_req: Signal<In, Word<75>>,
    pub d_bank: Signal<In, Word<7>>,
    pub d_asid: Signal<In, Word<16>>,
    pub d_vmid: Signal<In, Word<17>>,
    /// The bank that S2CR names, 7: there is one.
    pub d_owner: Signal<In, Word<8>>,
    pub d_hupcf: Signal<In, Bit>,
    /// The bank is one of stage 2.
    pub d_stage2: Signal<In, Bit>,
    pub d_level: Signal<In, Word<2>>,
    pub d_refuse: Signal<In, Bit>,
    pub d_record: Signal<In, Bit>,
    pub d_global: Signal<In, Bit>,
    pub d_code: Signal<In, Word<9>>,
    pub d_raz: Signal<In, Bit>,
    pub d_ppn: Signal<In, Word<36>>,
    pub d_mask: Signal<In, Word<7>>,
    pub d_perm: Signal<In, Word<6>>,
    pub d_ng: Signal<In, Bit>,
    pub d_part: Signal<In, Bit>,
    pub d_attr: Signal<In, Word<20>>,
    /// All rows are poisoned in this cycle.
    pub poison: Signal<In, Bit>,
    // E2.
    /// E2 answers, if F6 holds nothing.
    pub e_valid: Signal<In, Bit>,
    /// Nothing poisoned the row.
    pub e_clean: Signal<In, Bit>,
    /// The row, as the walker packs it.
    pub e_row: Signal<In, Word<128>>,
    /// Its StreamID.
    pub e_sid: Signal<In, Word<16>>,
    /// It is of an address translation operation.
    pub e_ats: Signal<In, Bit>,
    /// A table was read for it.
    pub e_walked: Signal<In, Bit>,
    pub e_bank: Signal<In, Word<7>>,
    pub e_vmid: Signal<In, Word<17>>,
    pub e_cfre: Signal<In, Bit>,
    pub e_hupcf: Signal<In, Bit>,
    /// Fault code, 0 for none; the level; the walk's own read failed.
    pub e_code: Signal<In, Word<9>>,
    pub e_level: Signal<In, Word<2>>,
    pub e_error: Signal<In, Bit>,
    pub e_ppn: Signal<In, Word<36>>,
    pub e_mask: Signal<In, Word<7>>,
    pub e_perm: Signal<In, Word<6>>,
    pub e_ng: Signal<In, Bit>,
    pub e_part: Signal<In, Bit>,
    pub e_attr: Signal<In, Word<20>>,
    /// A stage-2 verdict: on this IPA, of a nested translation, on a stage-1 descriptor.
    pub e_stage2: Signal<In, Bit>,
    pub e_ipa: Signal<In, Word<36>>,
    pub e_nested: Signal<In, Bit>,
    pub e_s1ptwf: Signal<In, Bit>,
    /// A bank was blocked (HUPCF = 0): everything cached in micro TLBs goes.
    pub block: Signal<Out, Bit>,
    // Answer.
    pub rsp_valid: Signal<Out, Bit>,
    pub rsp_wr: Signal<Out, Bit>,
    pub rsp_tag: Signal<Out, Word<4>>,
    pub rsp_fault: Signal<Out, Bit>,
    pub rsp_raz: Signal<Out, Bit>,
    pub rsp_fill: Signal<Out, Bit>,
    pub rsp_ppn: Signal<Out, Word<36>>,
    pub rsp_mask: Signal<Out, Word<7>>,
    pub rsp_perm: Signal<Out, Word<6>>,
    pub rsp_ng: Signal<Out, Bit>,
    pub rsp_asid: Signal<Out, Word<16>>,
    pub rsp_vmid: Signal<Out, Word<17>>,
    /// The leaf is larger than `rsp_mask` says.
    pub rsp_part: Signal<Out, Bit>,
    /// As [`super::attribute_front`] packs it.
    pub rsp_attr: Signal<Out, Word<20>>,
    /// The bank that S2CR names, 7: there is one.
    pub rsp_bank: Signal<Out, Word<8>>,
    /// A leaf that a walk delivered, as an event of [`super::pmu`].
    pub ev_refill: Signal<Out, Word<27>>,
    /// The answer is to an address translation operation: the fields of `rsp_*` and `flt_*` are its result.
    pub ats_valid: Signal<Out, Bit>,
    // Fault event, in the cycle of its answer.
    pub flt_valid: Signal<Out, Bit>,
    pub flt_global: Signal<Out, Bit>,
    pub flt_bank: Signal<Out, Word<7>>,
    pub flt_code: Signal<Out, Word<9>>,
    pub flt_plvl: Signal<Out, Word<2>>,
    pub flt_ptwf: Signal<Out, Bit>,
    pub flt_wnr: Signal<Out, Bit>,
    pub flt_pnu: Signal<Out, Bit>,
    pub flt_ind: Signal<Out, Bit>,
    pub flt_sid: Signal<Out, Word<16>>,
    pub flt_va: Signal<Out, Word<49>>,
    pub flt_stage2: Signal<Out, Bit>,
    pub flt_nested: Signal<Out, Bit>,
    pub flt_s1ptwf: Signal<Out, Bit>,
    pub flt_s1bank: Signal<Out, Word<7>>,
    pub flt_ipa: Signal<Out, Word<36>>,
    rsp_valid_q: DFF<Bit>,
    refill_q: DFF<Bit>,
    ats_q: DFF<Bit>,
    ats: Signal<Local, Bit>,
    refill_d: Signal<Local, Bit>,
    refill: Signal<Local, Word<27>>,
    rsp_q: DFF<Word<100>>,
    rsp_attr_q: DFF<Word<20>>,
    flt_valid_q: DFF<Bit>,
    flt_q: DFF<Word<88>>,
    flt_s2_q: DFF<Word<46>>,
    blocks_q: DFF<Word<3>>,
    flag: Signal<Local, Bit>,
    rsp_valid_d: Signal<Local, Bit>,
    rsp_d: Signal<Local, Word<100>>,
    flt_valid_d: Signal<Local, Bit>,
    flt_d: Signal<Local, Word<88>>,
    flt_s2_d: Signal<Local, Word<46>>,
    blocks_d: Signal<Local, Word<3>>,
}

impl Logic for Answer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, refill_q, ats_q, rsp_valid_q, rsp_q, rsp_attr_q, flt_valid_q, flt_q, flt_s2_q, blocks_q);

        // E2.
        self.rsp_valid_d.next = self.e_valid.val();
        self.ats.next = self.e_ats.val();
        self.refill_d.next = self.e_valid.val() & self.e_walked.val() & !self.e_code.val().any();
        self.rsp_d.next = bit_cast::<100, 1>(self.e_row.val().get_bits::<1>(81))
            | (bit_cast::<100, 4>(self.e_row.val().get_bits::<4>(85)) << 1)
            | (bit_cast::<100, 36>(self.e_ppn.val()) << 8)
            | (bit_cast::<100, 7>(self.e_mask.val()) << 44)
            | (bit_cast::<100, 6>(self.e_perm.val()) << 51)
            | (bit_cast::<100, 16>(self.e_row.val().get_bits::<16>(105)) << 58)
            | (bit_cast::<100, 8>(self.e_vmid.val().get_bits::<8>(0)) << 74)
            | (bit_cast::<100, 1>(self.e_vmid.val().get_bits::<1>(16)) << 82)
            | (bit_cast::<100, 8>(self.e_vmid.val().get_bits::<8>(8)) << 84)
            | (bit_cast::<100, 7>(self.e_row.val().get_bits::<7>(89)) << 92)
            | (bits::<100>(1) << 99);
        self.rsp_d.next = self.rsp_d.val().replace_bit(5, self.e_code.val().any());
        self.flag.next = !self.e_cfre.val();
        self.rsp_d.next = self.rsp_d.val().replace_bit(6, self.flag.val());
        self.flag.next = self.e_clean.val() & !self.e_code.val().any();
        self.rsp_d.next = self.rsp_d.val().replace_bit(7, self.flag.val());
        self.rsp_d.next = self.rsp_d.val().replace_bit(57, self.e_ng.val());
        self.rsp_d.next = self.rsp_d.val().replace_bit(83, self.e_part.val());
        self.flt_valid_d.next = self.e_valid.val() & self.e_code.val().any();
        self.flt_d.next = (bit_cast::<88, 7>(self.e_bank.val()) << 1)
            | (bit_cast::<88, 9>(self.e_code.val()) << 8)
            | (bit_cast::<88, 2>(self.e_level.val()) << 17)
            | (bit_cast::<88, 1>(self.e_row.val().get_bits::<1>(81)) << 20)
            | (bit_cast::<88, 1>(self.e_row.val().get_bits::<1>(82)) << 21)
            | (bit_cast::<88, 15>(self.e_sid.val().get_bits::<15>(0)) << 23)
            | (bit_cast::<88, 1>(self.e_sid.val().get_bits::<1>(15)) << 87)
            | (bit_cast::<88, 49>(self.e_row.val().get_bits::<49>(0)) << 38);
        self.flt_d.next = self.flt_d.val().replace_bit(19, self.e_error.val());
        self.flag.next = self.e_row.val().get_bit(84) & !self.e_row.val().get_bit(81);
        self.flt_d.next = self.flt_d.val().replace_bit(22, self.flag.val());
        self.flt_s2_d.next = bit_cast::<46, 36>(self.e_ipa.val()) | (bit_cast::<46, 7>(self.e_row.val().get_bits::<7>(89)) << 36);
        self.flt_s2_d.next = self.flt_s2_d.val().replace_bit(43, self.e_stage2.val());
        self.flt_s2_d.next = self.flt_s2_d.val().replace_bit(44, self.e_nested.val());
        self.flt_s2_d.next = self.flt_s2_d.val().replace_bit(45, self.e_s1ptwf.val());
        // HUPCF = 0: once the recorder has the fault, cached translations of the bank must go (two cycles later: see `block`). A row that
        // was poisoned may be older than a write that cleared HUPCF, so its own copy counts only if it is clean.
        self.blocks_d.next = self.blocks_q.q.val() << 1;
        if self.flt_valid_d.val() & (!self.e_hupcf.val() | !self.e_clean.val()) {
            self.blocks_d.next = self.blocks_d.val().replace_bit(0, true);
        }

        // F6.
        if self.d_valid.val() {
            self.rsp_valid_d.next = self.d_answer.val();
            self.ats.next = self.d_req.val().get_bit(73);
            self.refill_d.next = false;
            self.rsp_d.next = bit_cast::<100, 1>(self.d_req.val().get_bits::<1>(64))
                | (bit_cast::<100, 4>(self.d_req.val().get_bits::<4>(68)) << 1)
                | (bit_cast::<100, 1>(self.d_raz.val().into()) << 6)
                | (bit_cast::<100, 36>(self.d_ppn.val()) << 8)
                | (bit_cast::<100, 7>(self.d_mask.val()) << 44)
                | (bit_cast::<100, 6>(self.d_perm.val()) << 51)
                | (bit_cast::<100, 16>(self.d_asid.val()) << 58)
                | (bit_cast::<100, 8>(self.d_vmid.val().get_bits::<8>(0)) << 74)
                | (bit_cast::<100, 1>(self.d_vmid.val().get_bits::<1>(16)) << 82)
                | (bit_cast::<100, 8>(self.d_vmid.val().get_bits::<8>(8)) << 84)
                | (bit_cast::<100, 8>(self.d_owner.val()) << 92);
            self.rsp_d.next = self.rsp_d.val().replace_bit(5, self.d_refuse.val());
            self.flag.next = !self.d_refuse.val() & !self.poison.val() & !self.blocks_q.q.val().get_bit(2);
            self.rsp_d.next = self.rsp_d.val().replace_bit(7, self.flag.val());
            self.rsp_d.next = self.rsp_d.val().replace_bit(57, self.d_ng.val());
            self.rsp_d.next = self.rsp_d.val().replace_bit(83, self.d_part.val());
            self.flt_valid_d.next = self.d_answer.val() & self.d_record.val();
            self.flt_d.next = (bit_cast::<88, 7>(self.d_bank.val()) << 1)
                | (bit_cast::<88, 9>(self.d_code.val()) << 8)
                | (bit_cast::<88, 2>(self.d_level.val()) << 17)
                | (bit_cast::<88, 1>(self.d_req.val().get_bits::<1>(64)) << 20)
                | (bit_cast::<88, 1>(self.d_req.val().get_bits::<1>(65)) << 21)
                | (bit_cast::<88, 15>(self.d_req.val().get_bits::<15>(49)) << 23)
                | (bit_cast::<88, 1>(self.d_req.val().get_bits::<1>(72)) << 87)
                | (bit_cast::<88, 49>(self.d_req.val().get_bits::<49>(0)) << 38);
            self.flt_d.next = self.flt_d.val().replace_bit(0, self.d_global.val());
            self.flag.next = self.d_req.val().get_bit(67) & !self.d_req.val().get_bit(64);
            self.flt_d.next = self.flt_d.val().replace_bit(22, self.flag.val());
            self.flt_s2_d.next = bit_cast::<46, 36>(self.d_req.val().get_bits::<36>(12));
            self.flt_s2_d.next = self.flt_s2_d.val().replace_bit(43, self.d_stage2.val());
            self.blocks_d.next = self.blocks_q.q.val() << 1;
            self.flag.next = self.d_answer.val() & self.d_record.val() & !self.d_global.val() & self.d_code.val().any();
            if self.flag.val() & !self.d_hupcf.val() {
                self.blocks_d.next = self.blocks_d.val().replace_bit(0, true);
            }
        }
        self.rsp_attr_q.d.next = self.e_attr.val();
        if self.d_valid.val() {
            self.rsp_attr_q.d.next = self.d_attr.val();
        }
        // An operation of software answers to a register, records nothing and blocks nothing.
        self.ats_q.d.next = self.rsp_valid_d.val() & self.ats.val();
        if self.ats.val() {
            self.blocks_d.next = self.blocks_q.q.val() << 1;
        }
        self.rsp_valid_q.d.next = self.rsp_valid_d.val() & !self.ats.val();
        self.refill_q.d.next = self.refill_d.val() & !self.ats.val();
        self.rsp_q.d.next = self.rsp_d.val();
        self.flt_valid_q.d.next = self.flt_valid_d.val() & !self.ats.val();
        self.flt_q.d.next = self.flt_d.val();
        self.flt_s2_q.d.next = self.flt_s2_d.val();
        self.blocks_q.d.next = self.blocks_d.val();
        self.block.next = self.blocks_q.q.val().get_bit(2);

        self.ats_valid.next = self.ats_q.q.val();
        self.rsp_valid.next = self.rsp_valid_q.q.val();
        self.rsp_wr.next = self.rsp_q.q.val().get_bit(0);
        self.rsp_tag.next = self.rsp_q.q.val().get_bits::<4>(1);
        self.rsp_fault.next = self.rsp_q.q.val().get_bit(5);
        self.rsp_raz.next = self.rsp_q.q.val().get_bit(6);
        self.rsp_fill.next = self.rsp_q.q.val().get_bit(7);
        self.rsp_ppn.next = self.rsp_q.q.val().get_bits::<36>(8);
        self.rsp_mask.next = self.rsp_q.q.val().get_bits::<7>(44);
        self.rsp_perm.next = self.rsp_q.q.val().get_bits::<6>(51);
        self.rsp_ng.next = self.rsp_q.q.val().get_bit(57);
        self.rsp_asid.next = self.rsp_q.q.val().get_bits::<16>(58);
        self.rsp_vmid.next = bit_cast::<17, 8>(self.rsp_q.q.val().get_bits::<8>(74))
            | (bit_cast::<17, 8>(self.rsp_q.q.val().get_bits::<8>(84)) << 8)
            | (bit_cast::<17, 1>(self.rsp_q.q.val().get_bits::<1>(82)) << 16);
        self.rsp_part.next = self.rsp_q.q.val().get_bit(83);
        self.rsp_attr.next = self.rsp_attr_q.q.val();
        self.rsp_bank.next = self.rsp_q.q.val().get_bits::<8>(92);
        // The fields of the fault event are there for every answer.
        self.refill.next = (bit_cast::<27, 1>(self.flt_q.q.val().get_bits::<1>(20)) << 1)
            | (bit_cast::<27, 1>(self.flt_q.q.val().get_bits::<1>(21)) << 2)
            | (bit_cast::<27, 15>(self.flt_q.q.val().get_bits::<15>(23)) << 3)
            | (bit_cast::<27, 1>(self.flt_q.q.val().get_bits::<1>(87)) << 18)
            | (bit_cast::<27, 8>(self.rsp_q.q.val().get_bits::<8>(92)) << 19);
        self.ev_refill.next = 0.into();
        if self.refill_q.q.val() {
            self.ev_refill.next = self.refill.val().replace_bit(0, true);
        }
        self.flt_valid.next = self.flt_valid_q.q.val();
        self.flt_global.next = self.flt_q.q.val().get_bit(0);
        self.flt_bank.next = self.flt_q.q.val().get_bits::<7>(1);
        self.flt_code.next = self.flt_q.q.val().get_bits::<9>(8);
        self.flt_plvl.next = self.flt_q.q.val().get_bits::<2>(17);
        self.flt_ptwf.next = self.flt_q.q.val().get_bit(19);
        self.flt_wnr.next = self.flt_q.q.val().get_bit(20);
        self.flt_pnu.next = self.flt_q.q.val().get_bit(21);
        self.flt_ind.next = self.flt_q.q.val().get_bit(22);
        self.flt_sid.next = bit_cast::<16, 15>(self.flt_q.q.val().get_bits::<15>(23))
            | (bit_cast::<16, 1>(self.flt_q.q.val().get_bits::<1>(87)) << 15);
        self.flt_va.next = self.flt_q.q.val().get_bits::<49>(38);
        self.flt_ipa.next = self.flt_s2_q.q.val().get_bits::<36>(0);
        self.flt_s1bank.next = self.flt_s2_q.q.val().get_bits::<7>(36);
        self.flt_stage2.next = self.flt_s2_q.q.val().get_bit(43);
        self.flt_nested.next = self.flt_s2_q.q.val().get_bit(44);
        self.flt_s1ptwf.next = self.flt_s2_q.q.val().get_bit(45);

        if !self.aresetn.val() {
            self.rsp_valid_q.d.next = false;
            self.refill_q.d.next = false;
            self.ats_q.d.next = false;
            self.flt_valid_q.d.next = false;
            self.blocks_q.d.next = 0.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_answer() {
        synthesis_check(Answer::default());
    }

    #[test]
    fn verilog_agrees_answer() {
        equivalence(
            Answer::default,
            4000,
            1,
            drive!(
                clock, aresetn, d_valid, d_answer, d_req, d_bank, d_asid, d_vmid, d_owner, d_hupcf, d_stage2, d_level, d_refuse,
                d_record, d_global, d_code, d_raz, d_ppn, d_mask, d_perm, d_ng, d_part, poison, e_valid, e_clean, e_row, e_sid,
                e_ats, e_walked, e_bank, e_vmid, e_cfre, e_hupcf, e_code, e_level, e_error, e_ppn, e_mask, e_perm, e_ng, e_part,
                e_stage2, e_ipa, e_nested, e_s1ptwf, d_attr, e_attr
            ),
            |_| {},
        );
    }
}
