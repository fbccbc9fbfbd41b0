//! Invalidation driver: applies one TLB maintenance operation to the caches of the TCU, and clears them after reset.
//!
//! An operation by address probes each cache once a granule (three cycles; four with short descriptors); any other reads every set. The front is held empty meanwhile,
//! so look-ups and probes never compete for the RAMs, and all walks in flight are poisoned first, so that nothing older is filled
//! afterwards. Between two operations the front may take a request, so a flood of operations does not starve the clients.
//!
//! | state | does | next |
//! | --- | --- | --- |
//! | `Clear` | after reset: every set is cleared, one a cycle | `Idle` |
//! | `Idle` | `op_valid`: holds the front | `Drain` |
//! | `Drain` | waits until the front is empty (at most 7 cycles) | `Poison` |
//! | `Poison` | poisons the walks in flight | `Probe` |
//! | `Probe` | one set a cycle | `Settle` |
//! | `Settle` | the last set is compared; `op_ready` | `Grace` |
//! | `Grace` | the front is open for one cycle | `Idle` |

use crate::params::{Aarch32, Params};
use crate::prelude::*;

/// States of [`Invalidate`].
#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
pub enum InvalidateState {
    Clear,
    Idle,
    Drain,
    Poison,
    Probe,
    Settle,
    Grace,
}

/// The block.
#[derive(LogicBlock)]
pub struct Invalidate {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub op_valid: Signal<In, Bit>,
    /// One cycle: the operation is done. The operation's fields must stand until then.
    pub op_ready: Signal<Out, Bit>,
    pub inv_use_va: Signal<In, Bit>,
    pub front_empty: Signal<In, Bit>,
    pub hold: Signal<Out, Bit>,
    /// One cycle: walks in flight may fill nothing any more.
    pub poison: Signal<Out, Bit>,
    pub pr_valid: Signal<Out, Bit>,
    pub pr_clear: Signal<Out, Bit>,
    /// Set to read when all sets are read.
    pub pr_set: Signal<Out, Word<7>>,
    /// Granule of a probe by address.
    pub pr_granule: Signal<Out, Word<2>>,
    state: DFF<InvalidateState>,
    count: DFF<Word<7>>,
    last_set: Constant<Word<7>>,
    last_granule: Constant<Word<7>>,
}

impl Invalidate {
    /// The block for caches of at most `sets` sets (1 to 128).
    pub fn new(params: &Params, sets: usize) -> Self {
        assert!((1..=128).contains(&sets), "1 to 128 sets");
        Self {
            clock: Signal::default(),
            aresetn: Signal::default(),
            op_valid: Signal::default(),
            op_ready: Signal::default(),
            inv_use_va: Signal::default(),
            front_empty: Signal::default(),
            hold: Signal::default(),
            poison: Signal::default(),
            pr_valid: Signal::default(),
            pr_clear: Signal::default(),
            pr_set: Signal::default(),
            pr_granule: Signal::default(),
            state: DFF::default(),
            count: DFF::default(),
            last_set: Constant::new((sets - 1).into()),
            last_granule: Constant::new(if params.features.aarch32 == Aarch32::Both { 3u32 } else { 2 }.into()),
        }
    }
}

impl Logic for Invalidate {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state, count);
        self.op_ready.next = false;
        self.hold.next = true;
        self.poison.next = false;
        self.pr_valid.next = false;
        self.pr_clear.next = false;
        self.pr_set.next = self.count.q.val();
        self.pr_granule.next = self.count.q.val().get_bits::<2>(0);
        match self.state.q.val() {
            InvalidateState::Clear => {
                self.pr_valid.next = true;
                self.pr_clear.next = true;
                self.count.d.next = self.count.q.val() + 1;
                if self.count.q.val().all() {
                    self.state.d.next = InvalidateState::Idle;
                }
            }
            InvalidateState::Idle => {
                self.hold.next = self.op_valid.val();
                self.count.d.next = 0.into();
                if self.op_valid.val() {
                    self.state.d.next = InvalidateState::Drain;
                }
            }
            InvalidateState::Drain => {
                if self.front_empty.val() {
                    self.state.d.next = InvalidateState::Poison;
                }
            }
            InvalidateState::Poison => {
                self.poison.next = true;
                self.state.d.next = InvalidateState::Probe;
            }
            InvalidateState::Probe => {
                self.pr_valid.next = true;
                self.count.d.next = self.count.q.val() + 1;
                if self.inv_use_va.val() {
                    if self.count.q.val() == self.last_granule.val() {
                        self.state.d.next = InvalidateState::Settle;
                    }
                } else {
                    if self.count.q.val() == self.last_set.val() {
                        self.state.d.next = InvalidateState::Settle;
                    }
                }
            }
            InvalidateState::Settle => {
                self.op_ready.next = true;
                self.state.d.next = InvalidateState::Grace;
            }
            InvalidateState::Grace => {
                self.hold.next = false;
                self.state.d.next = InvalidateState::Idle;
            }
            _ => {
                self.state.d.next = InvalidateState::Clear;
            }
        }
        if !self.aresetn.val() {
            self.state.d.next = InvalidateState::Clear;
            self.count.d.next = 0.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_invalidate() {
        synthesis_check(Invalidate::new(&crate::params::MINI.with_everything(), 16));
    }

    #[test]
    fn verilog_agrees_invalidate() {
        equivalence(
            || Invalidate::new(&crate::params::MINI.with_everything(), 16),
            4000,
            1,
            drive!(clock, aresetn, op_valid, inv_use_va, front_empty),
            |s| {
                s.often("op_valid", 1, 2);
            },
        );
    }
}
