//! Address translation operations: does one at a time, as a requester of the translation front whose answer goes to a register.
//!
//! ```text
//!  registers -- start --> Ask -- req --> front ... walker -- answer --> Give -- par --> PAR or GPAR
//! ```
//!
//! | state | does | next |
//! | --- | --- | --- |
//! | `Idle` | takes an operation | `Ask`; `Give` if its bank is not there |
//! | `Ask` | holds out the request | `Wait` |
//! | `Wait` | waits for the answer | `Give` |
//! | `Give` | holds out the result until it is written | `Idle` |
//!
//! The request is none of a client: pending faults do not refuse it, it records nothing and fills no micro TLB (`tcu::decide`, `tcu::answer`).
//!
//! # Result
//!
//! Success: 47:12 address, 9 non-secure; in hardware with attributes, of a long format, also 63:56, 11 and 8:7
//! ([`super::attribute_par`]). Failure: 0 set, 7:1 as FSR, 33:32 level, 35 stage 2; the operation cannot be done: 0 and 31, and 30 if there
//! is no such bank.
//!
//! Timing: `busy` from the cycle after `start` on, until the result is written. A walk takes what a client's takes.

use super::attribute_par::AttributePar;
use super::merge::Merge;
use crate::params::Params;
use crate::prelude::*;
use crate::prim::strap::Strap;

/// States of [`Ats`].
#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
pub enum AtsState {
    Idle,
    Ask,
    Wait,
    Give,
}

/// The block.
#[derive(LogicBlock, Default)]
pub struct Ats {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    /// An operation; only while not `busy`.
    pub start: Signal<In, Bit>,
    /// 0 write, 1 privileged, 2 both stages, 3 the result goes to GPAR.
    pub how: Signal<In, Word<4>>,
    /// Address bits 48:12.
    pub page: Signal<In, Word<37>>,
    pub bank: Signal<In, Word<8>>,
    pub busy: Signal<Out, Bit>,
    /// What the operation under way writes: GPAR, or the PAR of a bank.
    pub to_global: Signal<Out, Bit>,
    pub to_bank: Signal<Out, Word<7>>,
    // To the front.
    pub req_valid: Signal<Out, Bit>,
    pub req_ready: Signal<In, Bit>,
    pub req_page: Signal<Out, Word<37>>,
    pub req_write: Signal<Out, Bit>,
    pub req_privileged: Signal<Out, Bit>,
    /// Stage 1 only.
    pub req_single: Signal<Out, Bit>,
    pub req_bank: Signal<Out, Word<7>>,
    // The answer; with `ans_fault` the fields of the fault event that it would be.
    pub ans_valid: Signal<In, Bit>,
    pub ans_fault: Signal<In, Bit>,
    pub ans_global: Signal<In, Bit>,
    pub ans_code: Signal<In, Word<9>>,
    pub ans_level: Signal<In, Word<2>>,
    pub ans_stage2: Signal<In, Bit>,
    pub ans_ppn: Signal<In, Word<36>>,
    pub ans_mask: Signal<In, Word<7>>,
    /// As [`super::attribute_front`] packs it.
    pub ans_attr: Signal<In, Word<20>>,
    // To the registers.
    pub par_valid: Signal<Out, Bit>,
    /// The result is written.
    pub par_done: Signal<In, Bit>,
    pub par_value: Signal<Out, Word<64>>,
    state: DFF<AtsState>,
    kind: DFF<Word<4>>,
    address: DFF<Word<37>>,
    number: DFF<Word<7>>,
    value: DFF<Word<64>>,
    merge: Merge,
    attribute: AttributePar,
    banks: Strap<Word<8>>,
    has_attributes: Strap<Bit>,
    found: Signal<Local, Word<64>>,
    flag: Signal<Local, Bit>,
    failed: Signal<Local, Word<64>>,
}

impl Ats {
    /// The block for hardware of that size.
    pub fn new(params: &Params) -> Self {
        Self { banks: Strap::new(params.num_cb), has_attributes: Strap::new(params.features.attributes), ..Self::default() }
    }
}

impl Logic for Ats {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state, kind, address, number, value);
        self.busy.next = self.state.q.val() != AtsState::Idle;
        self.to_global.next = self.kind.q.val().get_bit(3);
        self.to_bank.next = self.number.q.val();
        self.req_valid.next = self.state.q.val() == AtsState::Ask;
        self.req_page.next = self.address.q.val();
        self.req_write.next = self.kind.q.val().get_bit(0);
        self.req_privileged.next = self.kind.q.val().get_bit(1);
        self.req_single.next = !self.kind.q.val().get_bit(2);
        self.req_bank.next = self.number.q.val();
        self.par_valid.next = self.state.q.val() == AtsState::Give;
        self.par_value.next = self.value.q.val();
        self.merge.ppn.next = self.ans_ppn.val();
        self.merge.mask.next = self.ans_mask.val();
        self.merge.page.next = self.address.q.val().get_bits::<36>(0);
        self.failed.next = bits::<64>(1)
            | (bit_cast::<64, 7>(self.ans_code.val().get_bits::<7>(1)) << 1)
            | (bit_cast::<64, 2>(self.ans_level.val()) << 32);
        self.flag.next = self.ans_stage2.val();
        self.failed.next = self.failed.val().replace_bit(35, self.flag.val());
        if self.ans_global.val() {
            self.failed.next = 0x8000_0001_u64.into();
        }
        self.attribute.answer.next = self.ans_attr.val();
        self.found.next = (bit_cast::<64, 36>(self.merge.out.val()) << 12) | bits::<64>(0x200);
        if self.has_attributes.val() {
            self.found.next = self.found.val() | self.attribute.par.val();
        }
        match self.state.q.val() {
            AtsState::Idle => {
                if self.start.val() {
                    self.kind.d.next = self.how.val();
                    self.address.d.next = self.page.val();
                    self.number.d.next = self.bank.val().get_bits::<7>(0);
                    self.value.d.next = 0xc000_0001_u64.into();
                    self.state.d.next = AtsState::Ask;
                    if self.bank.val() >= self.banks.val() {
                        self.state.d.next = AtsState::Give;
                    }
                }
            }
            AtsState::Ask => {
                if self.req_ready.val() {
                    self.state.d.next = AtsState::Wait;
                }
            }
            AtsState::Wait => {
                if self.ans_valid.val() {
                    self.value.d.next = self.found.val();
                    if self.ans_fault.val() {
                        self.value.d.next = self.failed.val();
                    }
                    self.state.d.next = AtsState::Give;
                }
            }
            AtsState::Give => {
                if self.par_done.val() {
                    self.state.d.next = AtsState::Idle;
                }
            }
            _ => {
                self.state.d.next = AtsState::Idle;
            }
        }
        if !self.aresetn.val() {
            self.state.d.next = AtsState::Idle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::params::{Params, MINI};
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_ats() {
        synthesis_check(Ats::new(&MINI));
        synthesis_check(Ats::new(&MINI.with_everything()));
    }

    #[test]
    fn verilog_agrees_ats() {
        agrees(&MINI, 1);
        agrees(&MINI.with_everything(), 2);
    }

    fn agrees(params: &Params, seed: u64) {
        equivalence(
            || Ats::new(params),
            4000,
            seed,
            drive!(
                clock, aresetn, start, how, page, bank, req_ready, ans_valid, ans_fault, ans_global, ans_code, ans_level,
                ans_stage2, ans_ppn, ans_mask, ans_attr, par_done
            ),
            |s| {
                s.below("bank", 6);
                s.often("par_done", 1, 3);
            },
        );
    }
}
