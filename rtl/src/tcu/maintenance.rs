//! TLB maintenance: the queue of commands, and synchronization.
//!
//! Commands come from the register port into a queue of 9 and are applied one after the other: `op_valid` with the `inv_*` fields
//! stands until the caches of the TCU have applied it (`op_ready`); in that cycle `inv_valid` gives it to the micro TLBs.
//!
//! Synchronization runs in rounds. A round takes all requests that are pending; those that come later go into the next one.
//!
//! | state | does | next |
//! | --- | --- | --- |
//! | `Quiet` | starts a round if one is asked for | `Commands` |
//! | `Commands` | waits until the commands that were queued at the start are applied | `Rows` |
//! | `Rows` | waits until each walk that was in flight then has ended once | `Settle` |
//! | `Settle` | 4 cycles: the last answers reach their TBU | `Before` |
//! | `Before` | waits until the older half of the transactions in flight has drained | `Flip` |
//! | `Flip` | transactions from now on count in the other half; 2 cycles | `After` |
//! | `After` | waits until those from before the flip have their responses | `Quiet` |
//!
//! All waits but the last two are bounded by walks; the last two by the transactions themselves, which is what a synchronization
//! is for. Register accesses never wait for it.

use crate::prelude::*;
use crate::prim::queue::Queue;

/// States of [`Maintenance`].
#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
pub enum SyncState {
    Quiet,
    Commands,
    Rows,
    Settle,
    Before,
    Flip,
    After,
}

/// The block: `CB` banks numbered in `BI` bits.
///
/// A command is 76 bits: `[36:0]` VA bits 48:12, `[52:37]` ASID, `[61:53]` `{HYPC, VMID 7:0}`, from bit 62 up: use Hyp, Hyp, use VMID,
/// use ASID, use VA, leaf only; `[75:68]` VMID 15:8.
#[derive(LogicBlock, Default)]
pub struct Maintenance<const CB: usize, const BI: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    /// A command; taken with `push_ready`.
    pub push: Signal<In, Bit>,
    pub push_op: Signal<In, Word<76>>,
    pub push_ready: Signal<Out, Bit>,
    /// Bank of `sync_bank` and `bank_active`.
    pub bank: Signal<In, Word<BI>>,
    /// One cycle: asks for a synchronization.
    pub sync_bank: Signal<In, Bit>,
    pub sync_global: Signal<In, Bit>,
    /// The bank has a synchronization pending or under way.
    pub bank_active: Signal<Out, Bit>,
    pub global_active: Signal<Out, Bit>,
    pub op_valid: Signal<Out, Bit>,
    /// One cycle: the caches of the TCU have applied the command.
    pub op_ready: Signal<In, Bit>,
    /// One cycle: micro TLBs apply the command.
    pub inv_valid: Signal<Out, Bit>,
    pub inv_use_hyp: Signal<Out, Bit>,
    pub inv_hyp: Signal<Out, Bit>,
    pub inv_use_vmid: Signal<Out, Bit>,
    pub inv_vmid: Signal<Out, Word<17>>,
    pub inv_use_asid: Signal<Out, Bit>,
    pub inv_asid: Signal<Out, Word<16>>,
    pub inv_use_va: Signal<Out, Bit>,
    pub inv_vpn: Signal<Out, Word<37>>,
    pub inv_leaf: Signal<Out, Bit>,
    /// Walks in flight, by row.
    pub rows_busy: Signal<In, Word<16>>,
    /// One cycle: transactions that are accepted from now on count in the other half.
    pub sync_flip: Signal<Out, Bit>,
    /// No transaction from before the last flip waits for its response.
    pub old_drained: Signal<In, Bit>,
    queue: Queue<3, 76>,
    level: DFF<Word<4>>,
    state: DFF<SyncState>,
    pending: DFF<Word<CB>>,
    pending_global: DFF<Bit>,
    current: DFF<Word<CB>>,
    current_global: DFF<Bit>,
    left: DFF<Word<4>>,
    rows: DFF<Word<16>>,
    count: DFF<Word<2>>,
    flip: DFF<Bit>,
    room: Signal<Local, Bit>,
    pushed: Signal<Local, Bit>,
    applied: Signal<Local, Bit>,
    one: Signal<Local, Word<CB>>,
    bank_hot: Signal<Local, Word<CB>>,
    asked: Signal<Local, Word<CB>>,
    active: Signal<Local, Word<CB>>,
    active_shift: Signal<Local, Word<CB>>,
    command: Signal<Local, Word<76>>,
}

impl<const CB: usize, const BI: usize> Logic for Maintenance<CB, BI> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, level, state, pending, pending_global, current, current_global, left, rows, count, flip);
        clock!(self, clock, queue);

        // The queue.
        self.queue.aresetn.next = self.aresetn.val();
        self.room.next = self.level.q.val() != 9;
        self.push_ready.next = self.room.val();
        self.pushed.next = self.push.val() & self.room.val();
        self.applied.next = self.queue.valid.val() & self.op_ready.val();
        self.queue.push.next = self.pushed.val();
        self.queue.din.next = self.push_op.val();
        self.queue.pop.next = self.applied.val();
        if self.pushed.val() & !self.applied.val() {
            self.level.d.next = self.level.q.val() + 1;
        }
        if !self.pushed.val() & self.applied.val() {
            self.level.d.next = self.level.q.val() - 1;
        }
        self.op_valid.next = self.queue.valid.val();
        self.inv_valid.next = self.applied.val();
        self.command.next = self.queue.dout.val();
        self.inv_vpn.next = self.command.val().get_bits::<37>(0);
        self.inv_asid.next = self.command.val().get_bits::<16>(37);
        self.inv_vmid.next = bit_cast::<17, 8>(self.command.val().get_bits::<8>(53))
            | (bit_cast::<17, 8>(self.command.val().get_bits::<8>(68)) << 8)
            | (bit_cast::<17, 1>(self.command.val().get_bits::<1>(61)) << 16);
        self.inv_use_hyp.next = self.command.val().get_bit(62);
        self.inv_hyp.next = self.command.val().get_bit(63);
        self.inv_use_vmid.next = self.command.val().get_bit(64);
        self.inv_use_asid.next = self.command.val().get_bit(65);
        self.inv_use_va.next = self.command.val().get_bit(66);
        self.inv_leaf.next = self.command.val().get_bit(67);

        // What is asked for.
        self.one.next = 1.into();
        self.bank_hot.next = self.one.val() << self.bank.val();
        self.active.next = self.pending.q.val() | self.current.q.val();
        self.active_shift.next = self.active.val() >> self.bank.val();
        self.bank_active.next = self.active_shift.val().get_bit(0);
        self.global_active.next = self.pending_global.q.val() | self.current_global.q.val();

        // Rounds.
        self.asked.next = self.pending.q.val();
        self.flip.d.next = false;
        self.sync_flip.next = self.flip.q.val();
        match self.state.q.val() {
            SyncState::Quiet => {
                self.count.d.next = 0.into();
                if self.pending.q.val().any() | self.pending_global.q.val() {
                    self.current.d.next = self.pending.q.val();
                    self.current_global.d.next = self.pending_global.q.val();
                    self.asked.next = 0.into();
                    self.pending_global.d.next = false;
                    self.left.d.next = self.level.q.val();
                    if self.applied.val() {
                        self.left.d.next = self.level.q.val() - 1;
                    }
                    self.state.d.next = SyncState::Commands;
                }
            }
            SyncState::Commands => {
                if self.left.q.val() == 0 {
                    self.rows.d.next = self.rows_busy.val();
                    self.state.d.next = SyncState::Rows;
                } else if self.applied.val() {
                    self.left.d.next = self.left.q.val() - 1;
                }
            }
            SyncState::Rows => {
                self.rows.d.next = self.rows.q.val() & self.rows_busy.val();
                if !self.rows.q.val().any() {
                    self.state.d.next = SyncState::Settle;
                }
            }
            SyncState::Settle => {
                self.count.d.next = self.count.q.val() + 1;
                if self.count.q.val() == 3 {
                    self.state.d.next = SyncState::Before;
                }
            }
            SyncState::Before => {
                self.count.d.next = 0.into();
                if self.old_drained.val() {
                    self.flip.d.next = true;
                    self.state.d.next = SyncState::Flip;
                }
            }
            SyncState::Flip => {
                self.count.d.next = self.count.q.val() + 1;
                if self.count.q.val() == 2 {
                    self.state.d.next = SyncState::After;
                }
            }
            SyncState::After => {
                if self.old_drained.val() {
                    self.current.d.next = 0.into();
                    self.current_global.d.next = false;
                    self.state.d.next = SyncState::Quiet;
                }
            }
            _ => {
                self.state.d.next = SyncState::Quiet;
            }
        }

        // A request in the cycle in which a round starts belongs to the next round.
        if self.sync_bank.val() {
            self.asked.next = self.asked.val() | self.bank_hot.val();
        }
        self.pending.d.next = self.asked.val();
        if self.sync_global.val() {
            self.pending_global.d.next = true;
        }

        if !self.aresetn.val() {
            self.level.d.next = 0.into();
            self.state.d.next = SyncState::Quiet;
            self.pending.d.next = 0.into();
            self.pending_global.d.next = false;
            self.current.d.next = 0.into();
            self.current_global.d.next = false;
            self.flip.d.next = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    type Uut = Maintenance<4, 2>;

    #[test]
    fn synthesizes() {
        synthesis_check(Uut::default());
    }

    #[test]
    fn verilog_agrees() {
        equivalence(
            Uut::default,
            5000,
            4,
            drive!(clock, aresetn, push, push_op, bank, sync_bank, sync_global, op_ready, rows_busy, old_drained),
            |s| {
                s.often("push", 1, 3);
                s.often("op_ready", 1, 3);
                s.often("sync_bank", 1, 20);
                s.often("sync_global", 1, 40);
                s.often("old_drained", 1, 2);
            },
        );
    }
}
