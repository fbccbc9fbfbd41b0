//! Reset sequence: puts every register at its reset value.
//!
//! Two counters run after reset. One clears the register RAM and the fault records, a word a cycle. The other sends the reset
//! value of each register that the translation keeps a copy of over the configuration bus, one a cycle, once the bus is granted:
//! for each index all kinds 0 to 10 (11 with short descriptors). `init_done` rises when both are through, and stays.
//!
//! Timing: about `32 * banks + 200` cycles.

use super::regs_map::{RegsMap, BANK_SLOTS};
use crate::params::{Aarch32, Params};
use crate::prelude::*;
use crate::registers::{reset_value, CBAR, CB_SCTLR, SCR0};

/// The block. `AW` register RAM address bits; `RI` fault record index bits.
#[derive(LogicBlock)]
pub struct RegsInit<const AW: usize, const RI: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    /// Clears word `index` of the register RAM.
    pub clear: Signal<Out, Bit>,
    pub index: Signal<Out, Word<AW>>,
    /// Clears record `record` of the fault recorder (the same cycles).
    pub record: Signal<Out, Word<RI>>,
    pub cw_req: Signal<Out, Bit>,
    pub cw_grant: Signal<In, Bit>,
    pub cw_valid: Signal<Out, Bit>,
    pub cw_kind: Signal<Out, Word<4>>,
    pub cw_index: Signal<Out, Word<7>>,
    pub cw_data: Signal<Out, Word<64>>,
    pub init_done: Signal<Out, Bit>,
    clearing: DFF<Bit>,
    word: DFF<Word<AW>>,
    sending: DFF<Bit>,
    kind: DFF<Word<4>>,
    number: DFF<Word<7>>,
    done: DFF<Bit>,
    started: DFF<Bit>,
    last_word: Constant<Word<AW>>,
    last_number: Constant<Word<7>>,
    last_kind: Constant<Word<4>>,
    groups: Constant<Word<8>>,
    banks: Constant<Word<8>>,
    sctlr: Constant<Word<64>>,
    cbar: Constant<Word<64>>,
    scr0: Constant<Word<64>>,
    number_wide: Signal<Local, Word<8>>,
    exists: Signal<Local, Bit>,
}

impl<const AW: usize, const RI: usize> RegsInit<AW, RI> {
    /// The block for hardware of that size.
    pub fn new(params: &Params) -> Self {
        let map = RegsMap::new(params);
        let global_base = 1usize << (AW - 1);
        assert!(global_base >= BANK_SLOTS * params.num_cb && AW >= RI, "register RAM address bits");
        let value = |id| Constant::new(Word::new(reset_value(params, id).into()));
        Self {
            clock: Signal::default(),
            aresetn: Signal::default(),
            clear: Signal::default(),
            index: Signal::default(),
            record: Signal::default(),
            cw_req: Signal::default(),
            cw_grant: Signal::default(),
            cw_valid: Signal::default(),
            cw_kind: Signal::default(),
            cw_index: Signal::default(),
            cw_data: Signal::default(),
            init_done: Signal::default(),
            clearing: DFF::default(),
            word: DFF::default(),
            sending: DFF::default(),
            kind: DFF::default(),
            number: DFF::default(),
            done: DFF::default(),
            started: DFF::default(),
            last_word: Constant::new(Word::new((global_base + map.global_slots - 1) as u128)),
            last_number: Constant::new(Word::new(params.num_cb.max(params.num_smr) as u128 - 1)),
            last_kind: Constant::new(if params.features.aarch32 == Aarch32::Both { 11u32 } else { 10 }.into()),
            groups: Constant::new(Word::new(params.num_smr as u128)),
            banks: Constant::new(Word::new(params.num_cb as u128)),
            sctlr: value(CB_SCTLR),
            cbar: value(CBAR),
            scr0: value(SCR0),
            number_wide: Signal::default(),
            exists: Signal::default(),
        }
    }
}

impl<const AW: usize, const RI: usize> Logic for RegsInit<AW, RI> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, clearing, word, sending, kind, number, done, started);

        // Clearing; record numbers repeat.
        self.clear.next = self.clearing.q.val();
        self.index.next = self.word.q.val();
        self.record.next = self.word.q.val().get_bits::<RI>(0);
        if self.clearing.q.val() {
            self.word.d.next = self.word.q.val() + 1;
            if self.word.q.val() == self.last_word.val() {
                self.clearing.d.next = false;
            }
        }

        // Configuration bus: kinds 0 and 1 exist for each group, 9 once, the others for each bank.
        self.cw_req.next = self.sending.q.val();
        self.number_wide.next = bit_cast::<8, 7>(self.number.q.val());
        self.exists.next = self.number_wide.val() < self.banks.val();
        if (self.kind.q.val() == 0) | (self.kind.q.val() == 1) {
            self.exists.next = self.number_wide.val() < self.groups.val();
        }
        if self.kind.q.val() == 9 {
            self.exists.next = self.number.q.val() == 0;
        }
        self.cw_valid.next = self.sending.q.val() & self.cw_grant.val() & self.exists.val();
        self.cw_kind.next = self.kind.q.val();
        self.cw_index.next = self.number.q.val();
        self.cw_data.next = 0.into();
        if self.kind.q.val() == 2 {
            self.cw_data.next = self.sctlr.val();
        }
        if self.kind.q.val() == 7 {
            self.cw_data.next = self.cbar.val();
        }
        if self.kind.q.val() == 9 {
            self.cw_data.next = self.scr0.val();
        }
        if self.sending.q.val() & self.cw_grant.val() {
            self.kind.d.next = self.kind.q.val() + 1;
            if self.kind.q.val() == self.last_kind.val() {
                self.kind.d.next = 0.into();
                self.number.d.next = self.number.q.val() + 1;
                if self.number.q.val() == self.last_number.val() {
                    self.sending.d.next = false;
                }
            }
        }

        if self.started.q.val() & !self.clearing.q.val() & !self.sending.q.val() {
            self.done.d.next = true;
        }
        self.init_done.next = self.done.q.val();

        if !self.aresetn.val() {
            self.clearing.d.next = true;
            self.word.d.next = 0.into();
            self.sending.d.next = true;
            self.kind.d.next = 0.into();
            self.number.d.next = 0.into();
            self.done.d.next = false;
            self.started.d.next = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::params::MINI;
    use crate::testing::{equivalence, synthesis_check};

    type Mini = RegsInit<8, 3>;

    #[test]
    fn synthesizes() {
        synthesis_check(Mini::new(&MINI));
    }

    #[test]
    fn verilog_agrees() {
        equivalence(|| Mini::new(&MINI), 3000, 2, drive!(clock, aresetn, cw_grant), |s| s.often("cw_grant", 3, 4));
    }
}
