//! One state of the record registers after another: faults, register writes, and the orders in which they may have come.

use super::{poke, Cause, Potential, Records, State, Store, Written, FORMAT, MAX_WRITTEN, MULTI, SS};
use smmu_rtl::registers as regs;

impl Records {
    /// Reads the scratch oracle's registers of recorder `n`.
    pub(super) fn read_back(&self, n: usize, owner: u64) -> State {
        let (registers, index) = self.layout(n);
        let values = registers.map(|(id, bytes)| self.scratch.read(id.offset(&self.params, index), bytes));
        State { values, owner }
    }

    /// Puts a state into the scratch oracle.
    fn load(&mut self, n: usize, state: &State) {
        let (registers, index) = self.layout(n);
        let restore = if n == self.global() { regs::SGFSRRESTORE } else { regs::CB_FSRRESTORE };
        let scratch = &mut *self.scratch;
        poke(scratch, registers[0].0.offset(&self.params, index), u64::MAX, 4);
        poke(scratch, restore.offset(&self.params, index), state.values[0], 4);
        if restore == regs::CB_FSRRESTORE {
            scratch.set_stalled(index, state.values[0] & SS != 0);
        }
        for ((id, bytes), value) in registers.iter().zip(state.values).skip(1) {
            poke(scratch, id.offset(&self.params, index), value, *bytes);
        }
    }

    /// The state after one more fault.
    pub(super) fn after(&mut self, n: usize, state: &State, serial: u64, cause: &Cause) -> State {
        let was_active = self.recorded(n, state);
        if cause.only_multi() && !self.pending(n, state) {
            // It was refused on account of a fault that is not (any more, or yet) in this state.
            return *state;
        }
        self.load(n, state);
        match cause {
            Cause::Access(access, fault) => self.scratch.record(access, fault),
            Cause::Stall(access, fault) => {
                self.scratch.record(access, fault);
                self.scratch.set_stalled(fault.bank, true);
            }
            Cause::Load(offset) => {
                self.scratch.load(*offset, 4);
            }
            Cause::Store(offset, data, strobes) => self.scratch.write_strobed(*offset, *data, *strobes),
        }
        let after = self.read_back(n, if was_active { state.owner } else { serial });
        self.in_format(n, state, after)
    }

    /// A status that was not zero keeps its format, whatever the registers that it came from have become.
    fn in_format(&self, n: usize, before: &State, after: State) -> State {
        if n != self.global() && self.recorded(n, before) && self.recorded(n, &after) {
            after.with_format((before.values[0] & FORMAT) >> 9)
        } else {
            after
        }
    }

    /// The record of a fault alone, then others after it.
    fn first_of_many(&mut self, n: usize, state: &State, serial: u64, cause: &Cause) -> State {
        let mut blank = *state;
        blank.values[0] = 0;
        let mut first = self.after(n, &blank, serial, cause);
        first.values[0] |= MULTI;
        first
    }

    /// The record of a fault whose status was cleared since; nothing of it is left if another one stands.
    fn wiped(&mut self, n: usize, state: &State, cause: &Cause) -> Option<State> {
        if self.recorded(n, state) || cause.only_multi() {
            return None;
        }
        let mut left = self.after(n, state, 0, cause);
        left.values[0] = state.values[0];
        Some(left)
    }

    /// The state after a register write.
    pub(super) fn after_write(&mut self, n: usize, state: &State, store: Store) -> State {
        let key = (n, *state, store);
        if let Some(after) = self.written.get(&key) {
            return *after;
        }
        let (offset, data, strobes) = store;
        self.load(n, state);
        self.scratch.write_strobed(offset, data, strobes);
        let after = self.read_back(n, state.owner);
        let mut after = self.in_format(n, state, after);
        if !self.recorded(n, &after) {
            after.owner = 0;
        }
        if self.written.len() >= MAX_WRITTEN {
            self.written.clear();
        }
        self.written.insert(key, after);
        after
    }

    /// All states after a fault of a transaction that was accepted in that cycle: it may have been recorded before what `state` has
    /// already. `first`: it may be the first of the record; `others`: another fault may have come before it that is not in any state.
    pub(super) fn orders(
        &mut self,
        n: usize,
        state: &State,
        (serial, accepted): (u64, u64),
        cause: &Cause,
        (first, others): (bool, bool),
    ) -> Vec<State> {
        let mut reached = vec![self.after(n, state, serial, cause)];
        // Recorded before a register write that chose another format.
        let formats = &self.recorders[n].formats;
        let earlier: Vec<u64> = formats.iter().filter(|(until, _)| accepted <= *until).map(|(_, format)| *format).collect();
        if !self.recorded(n, state) && self.recorded(n, &reached[0]) {
            let others = earlier.iter().map(|format| reached[0].with_format(*format));
            let others: Vec<State> = others.filter(|other| *other != reached[0]).collect();
            reached.extend(others);
        }
        if first && accepted <= self.recorders[n].last_event && !cause.only_multi() {
            let many = self.first_of_many(n, state, serial, cause);
            reached.extend(earlier.iter().map(|format| many.with_format(*format)));
            reached.push(many);
        }
        if accepted <= self.recorders[n].last_clear {
            reached.extend(self.wiped(n, state, cause));
        }
        // Before the last writes, or some of them.
        let since = |write: &&Written| accepted <= write.cycle;
        let writes: Vec<Written> = self.recorders[n].writes.iter().rev().filter(since).copied().collect();
        for from in 0..writes.len() {
            let mut starts = reached.clone();
            if writes[from].clears && (writes[from].found || others) {
                // It came behind another fault, of which this write has left nothing but that it was not the only one.
                for mut more in self.with_multi(n, state, &earlier) {
                    more.values[0] |= if matches!(cause, Cause::Stall(..)) { SS } else { 0 };
                    starts.push(more);
                }
            }
            for state in starts {
                let later = writes[from..].iter().fold(state, |state, write| self.after_write(n, &state, write.store));
                if !reached.contains(&later) {
                    reached.push(later);
                }
            }
        }
        if cause.only_multi() {
            self.while_stalled(n, state, &mut reached, &writes, &earlier);
        }
        if matches!(cause, Cause::Stall(..)) && accepted <= self.recorders[n].last_multi {
            self.others_meanwhile(n, &mut reached, &writes, &earlier);
        }
        reached
    }

    /// States after a refusal on account of a stalled transaction that one of these writes, `RESUME`, has let go since: the status may have been
    /// cleared before it, so that `MULTI` stands beside what is left of the older record.
    fn while_stalled(&mut self, n: usize, state: &State, reached: &mut Vec<State>, writes: &[Written], earlier: &[u64]) {
        if n == self.global() || self.stalled(n, state) {
            return;
        }
        for from in 0..writes.len() {
            let mut stalled = *state;
            stalled.values[0] |= SS;
            let resumed = writes[from..].iter().fold(stalled, |state, write| self.after_write(n, &state, write.store));
            if self.stalled(n, &resumed) {
                continue;
            }
            for more in self.with_multi(n, &stalled, earlier) {
                let later = writes[from..].iter().fold(more, |state, write| self.after_write(n, &state, write.store));
                if !reached.contains(&later) {
                    reached.push(later);
                }
            }
        }
    }

    /// `MULTI` joins a state. A status that leaves zero with it, as one that was cleared while its transaction is stalled, takes the format of the
    /// bank at that moment: that of now, or an earlier one.
    fn with_multi(&self, n: usize, state: &State, earlier: &[u64]) -> Vec<State> {
        let mut more = *state;
        more.values[0] |= MULTI;
        if n == self.global() || self.recorded(n, state) {
            return vec![more];
        }
        let formats = std::iter::once(self.format(n)).chain(earlier.iter().copied());
        formats.map(|format| more.with_format(format)).collect()
    }

    /// States after a stalled fault, with others that were refused on account of it between these writes: all that may be left of them is `MULTI`.
    fn others_meanwhile(&mut self, n: usize, reached: &mut Vec<State>, writes: &[Written], earlier: &[u64]) {
        for start in reached.clone() {
            for from in 0..=writes.len() {
                let mut state = start;
                for to in from..=writes.len() {
                    if to > from {
                        state = self.after_write(n, &state, writes[to - 1].store);
                    }
                    if !self.stalled(n, &state) {
                        break;
                    }
                    for more in self.with_multi(n, &state, earlier) {
                        let later = writes[to..].iter().fold(more, |state, write| self.after_write(n, &state, write.store));
                        if !reached.contains(&later) {
                            reached.push(later);
                        }
                    }
                }
            }
        }
    }

    /// All states that two or fewer potential faults, the rest of them setting `MULTI`, lead to.
    pub(super) fn with_potential(&mut self, n: usize, potential: &[Potential]) -> Vec<State> {
        self.and_potential(n, self.recorders[n].states.clone(), potential)
    }

    /// The same from these states.
    pub(super) fn and_potential(&mut self, n: usize, mut states: Vec<State>, potential: &[Potential]) -> Vec<State> {
        let others = potential.iter().any(|p| p.serial != potential[0].serial);
        for _ in 0..2 {
            for state in states.clone() {
                for p in potential {
                    for state in self.orders(n, &state, (p.serial, p.accepted), &p.cause, (true, others)) {
                        if !states.contains(&state) {
                            states.push(state);
                        }
                    }
                }
            }
        }
        states
    }
}
