//! Fault records and interrupt levels: what the record registers of each bank, and the global ones, may hold.
//!
//! The pins do not show when the hardware records a fault, only when its refusal reaches the client. With several faults, clears
//! and reads on the way, more than one state of the record registers is possible. So each recorder (a bank, or the global one)
//! keeps the *set of states* that it may be in:
//!
//! - a refusal that reached its client is applied to every state; when it may have been recorded before something that is
//!   already applied, or wiped by a clear since, those outcomes join the set;
//! - a register write is applied to every state;
//! - a register read keeps the states that show what was read. A read may also show the fault of a transaction whose refusal is
//!   still on its way; then the state with it is the one. No state left: the record is wrong.
//!
//! In the ordinary run the set has one member, and the comparison is exact. How a fault changes the registers is not known here:
//! a scratch oracle is loaded with the state (all record registers can be written by software), told the fault, and read back.

mod orders;

use super::oracle::{poke, Oracle};
use smmu_rtl::params::{Aarch32, Params};
use smmu_rtl::registers::{self as regs, RegId};
use smmu_sim::model::{Access, Fault};
use std::collections::{HashMap, VecDeque};

/// Cycles that an interrupt level may lag behind its record.
pub const IRQ_LAG: u64 = 4;

/// Registers of one recorder, and their widths in bytes.
const BANK_REGISTERS: [(RegId, u8); 6] = [
    (regs::CB_FSR, 4),
    (regs::CB_FAR, 8),
    (regs::CB_FSYNR0, 4),
    (regs::CB_FSYNR1, 4),
    (regs::CBFRSYNRA, 4),
    (regs::CB_IPAFAR, 8),
];
/// The last one stands twice: a bank has one register more.
const GLOBAL_REGISTERS: [(RegId, u8); 6] =
    [(regs::SGFSR, 4), (regs::SGFAR, 8), (regs::SGFSYNR0, 4), (regs::SGFSYNR1, 4), (regs::SGFSYNR2, 4), (regs::SGFSYNR2, 4)];

/// Bits of the status registers that say that a fault is recorded.
const BANK_RECORDED: u64 = 0x8000_01fe;
const GLOBAL_RECORDED: u64 = 0x8000_01ff;
const MULTI: u64 = 1 << 31;
/// `FSR.SS`: a transaction of the bank is stalled.
const SS: u64 = 1 << 30;
/// Halves of register writes that a fault may be older than.
const MAX_WRITES: usize = 6;
/// Faults that a read may be older than.
const MAX_BEFORE: usize = 16;
/// Results of register writes that are remembered.
const MAX_WRITTEN: usize = 1 << 16;

/// A register write: offset, data, strobes.
type Store = (u32, u64, u8);

/// A register write that reached a recorder, or half of one.
#[derive(Clone, Copy, Debug)]
struct Written {
    /// Cycle of its response.
    cycle: u64,
    store: Store,
    /// It takes bits of the status away if they are there.
    clears: bool,
    /// A fault may have been recorded when it was performed.
    found: bool,
}

/// One possible state of a recorder: status, address, three syndromes, IPA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct State {
    values: [u64; 6],
    /// Serial of the transaction whose fault it is, 0 for none or for what software wrote.
    owner: u64,
}

/// FSR.FORMAT.
const FORMAT: u64 = 3 << 9;

impl State {
    /// The same with another FSR.FORMAT.
    fn with_format(&self, code: u64) -> Self {
        let mut other = *self;
        other.values[0] = self.values[0] & !FORMAT | code << 9;
        other
    }
}

/// What is recorded.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cause {
    /// A transaction's fault.
    Access(Access, Fault),
    /// The same, and the transaction is stalled.
    Stall(Access, Fault),
    /// An illegal register read at this offset.
    Load(u32),
    /// An illegal register write: offset, data, strobes.
    Store(u32, u64, u8),
}

impl Cause {
    /// Refused because a fault is pending: it can set `MULTI` and nothing else.
    fn only_multi(&self) -> bool {
        matches!(self, Cause::Access(_, fault) if fault.code == 0)
    }
}

/// A fault that may be recorded already: its transaction's refusal has not wholly reached the client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Potential {
    /// Serial of the transaction.
    pub serial: u64,
    /// Cycle of acceptance.
    pub accepted: u64,
    /// The fault.
    pub cause: Cause,
}

/// A fault that has happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event<'a> {
    /// Serial of the transaction, 0 for a register access.
    pub serial: u64,
    /// Cycle of its acceptance.
    pub accepted: u64,
    /// What it may have been.
    pub causes: &'a [Cause],
    /// Not certain: it may have happened in another recorder.
    pub certain: bool,
}

/// A fault that was applied, kept in case that it came later than it seemed.
#[derive(Debug)]
struct Applied {
    recorder: usize,
    serial: u64,
    accepted: u64,
    causes: Vec<Cause>,
}

/// What a level should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Low,
    High,
    Unsure,
}

struct Recorder {
    states: Vec<State>,
    /// States before the last faults, each with the cycle in which the fault was applied: a read that is older may show them.
    before: VecDeque<(u64, Vec<State>)>,
    /// Writes that reached it, the last one first.
    writes: VecDeque<Written>,
    /// Cycle of the last fault that was applied, or of the last write that changed something.
    last_event: u64,
    /// Cycle of the last write that cleared the status of a state.
    last_clear: u64,
    /// Cycle of the last refusal on account of what stood there.
    last_multi: u64,
    /// The record's owner, known from a read since the last clear.
    known_owner: Option<u64>,
    level: Level,
    level_since: u64,
    /// Formats that its status would have shown earlier, each with the cycle of the response that ended it.
    formats: Vec<(u64, u64)>,
}

/// All recorders: one a bank, and the global one, number `num_cb`.
pub(super) struct Records {
    params: Params,
    scratch: Box<dyn Oracle>,
    /// What the scratch oracle made of a register write to a state of a recorder. Held transactions live long, so the same few writes are
    /// tried on the same states again and again.
    written: HashMap<(usize, State, Store), State>,
    recorders: Vec<Recorder>,
    /// Faults that were applied while a register write was under way: they may have been recorded after it.
    during_write: Option<Vec<Applied>>,
    /// Banks in which a fault may be recorded.
    active_banks: usize,
    /// Levels that must be high, and levels that may be either, by bank.
    high: [u64; 2],
    unsure: [u64; 2],
}

impl Records {
    pub(super) fn new(params: &Params, oracle: &dyn Oracle) -> Self {
        let mut records = Records {
            params: *params,
            scratch: oracle.copy(),
            written: HashMap::new(),
            recorders: Vec::new(),
            during_write: None,
            active_banks: 0,
            high: [0; 2],
            unsure: [0; 2],
        };
        for n in 0..=params.num_cb {
            let state = records.read_back(n, 0);
            records.recorders.push(Recorder {
                states: vec![state],
                before: VecDeque::new(),
                writes: VecDeque::new(),
                last_event: 0,
                last_clear: 0,
                last_multi: 0,
                known_owner: None,
                level: Level::Low,
                level_since: 0,
                formats: Vec::new(),
            });
        }
        records
    }

    /// Number of the global recorder.
    pub(super) fn global(&self) -> usize {
        self.params.num_cb
    }

    /// A register write that decides which format a bank's status shows, answered in that cycle.
    pub(super) fn configured(&mut self, offset: u32, data: u64, strobes: u8, cycle: u64) {
        let banks: Vec<usize> = [offset & !7, offset & !7 | 4]
            .into_iter()
            .filter_map(|word| regs::at(&self.params, word))
            .filter(|(id, _)| matches!(*id, regs::CBAR | regs::CBA2R | regs::CB_TCR))
            .map(|(_, bank)| bank)
            .collect();
        let before: Vec<u64> = banks.iter().map(|&bank| self.format(bank)).collect();
        if !banks.is_empty() {
            self.written.clear();
            self.scratch.write_strobed(offset, data, strobes);
        }
        for (bank, old) in banks.into_iter().zip(before) {
            let new = self.format(bank);
            if new == old {
                continue;
            }
            self.recorders[bank].formats.push((cycle, old));
            // A fault of the meantime may have been recorded after it.
            let meantime: Vec<u64> =
                self.during_write.iter().flatten().filter(|f| f.recorder == bank).map(|f| f.serial).collect();
            let states = &mut self.recorders[bank].states;
            let late = states.iter().filter(|state| meantime.contains(&state.owner)).map(|state| state.with_format(new));
            let late: Vec<State> = late.filter(|late| !states.contains(late)).collect();
            states.extend(late);
        }
    }

    /// The format that a fault of this bank would show.
    fn format(&self, bank: usize) -> u64 {
        let read = |id: RegId| self.scratch.read(id.offset(&self.params, bank), 4);
        if self.params.features.aarch32 == Aarch32::None || read(regs::CBA2R) & 1 == 1 {
            2
        } else if read(regs::CBAR) >> 16 & 3 == 0 || read(regs::CB_TCR) >> 31 == 1 {
            1
        } else {
            0
        }
    }

    /// The recorder that a fault goes to.
    pub(super) fn of(&self, fault: &Fault) -> usize {
        if fault.global {
            self.global()
        } else {
            fault.bank
        }
    }

    fn layout(&self, n: usize) -> (&'static [(RegId, u8); 6], usize) {
        if n == self.global() {
            (&GLOBAL_REGISTERS, 0)
        } else {
            (&BANK_REGISTERS, n)
        }
    }

    /// The recorder whose registers hold the 32-bit word at `offset`, with the word's place: register, and bit in it.
    pub(super) fn find(&self, offset: u32) -> Option<(usize, Word)> {
        let (id, index) = regs::at(&self.params, offset & !3)?;
        let restore = matches!(id, regs::CB_FSRRESTORE | regs::SGFSRRESTORE);
        let n = match id {
            regs::SGFSRRESTORE => self.global(),
            regs::CB_FSRRESTORE => index,
            // It clears FSR.SS, and reads as zero.
            regs::CB_RESUME if self.params.features.stall => index,
            // Without stage 2 it is a register like any other.
            regs::CB_IPAFAR if !self.params.features.stage2 => return None,
            _ if GLOBAL_REGISTERS.iter().any(|(register, _)| *register == id) => self.global(),
            _ if BANK_REGISTERS.iter().any(|(register, _)| *register == id) => index,
            _ => return None,
        };
        let (registers, _) = self.layout(n);
        let place = registers.iter().position(|(register, _)| *register == id);
        let shift = if offset & 4 != 0 && id.register().width == 64 { 32 } else { 0 };
        Some((n, if restore { Word::Restore } else { place.map_or(Word::Restore, |place| Word::Of(place, shift)) }))
    }

    fn recorded(&self, n: usize, state: &State) -> bool {
        state.values[0] & if n == self.global() { GLOBAL_RECORDED } else { BANK_RECORDED } != 0
    }

    /// A transaction is stalled in that state of a bank.
    fn stalled(&self, n: usize, state: &State) -> bool {
        n != self.global() && state.values[0] & SS != 0
    }

    /// A fault is recorded, or a transaction stalled: what blocks a bank whose `HUPCF` is 0, and drives its interrupt.
    fn pending(&self, n: usize, state: &State) -> bool {
        self.recorded(n, state) || self.stalled(n, state)
    }

    /// A fault may be pending in the bank.
    pub(super) fn may_be_active(&self, bank: usize) -> bool {
        self.recorders[bank].states.iter().any(|state| self.pending(bank, state))
    }

    /// Perhaps no fault is pending in the bank.
    pub(super) fn may_be_clear(&self, bank: usize) -> bool {
        self.recorders[bank].states.iter().any(|state| !self.pending(bank, state))
    }

    /// A fault of another transaction may be pending in the bank, on account of which this one is refused. `waits`: while one is stalled,
    /// others wait instead (`CFCFG`).
    pub(super) fn may_stop(&self, bank: usize, serial: u64, waits: bool) -> bool {
        let stops = |state: &State| self.pending(bank, state) && state.owner != serial && !(waits && self.stalled(bank, state));
        self.recorders[bank].states.iter().any(stops)
    }

    /// Perhaps no fault of another transaction is pending in the bank.
    pub(super) fn may_let_go(&self, bank: usize, serial: u64) -> bool {
        self.recorders[bank].states.iter().any(|state| !self.pending(bank, state) || state.owner == serial)
    }

    /// A fault may be recorded in some bank.
    pub(super) fn any_active(&self) -> bool {
        self.active_banks != 0
    }

    /// A fault happened.
    pub(super) fn fault(&mut self, n: usize, event: &Event, cycle: u64, cfg: &dyn Oracle) {
        let Event { serial, accepted, causes, certain } = *event;
        if let Some(events) = &mut self.during_write {
            events.push(Applied { recorder: n, serial, accepted, causes: causes.to_vec() });
        }
        if causes.iter().any(Cause::only_multi) {
            self.recorders[n].last_multi = cycle;
        }
        let wiped = accepted <= self.recorders[n].last_clear;
        let may_be_first = self.recorders[n].known_owner.is_none_or(|owner| owner == serial);
        let recorder = &mut self.recorders[n];
        recorder.before.truncate(MAX_BEFORE - 1);
        recorder.before.push_front((cycle, recorder.states.clone()));
        let mut next = Vec::new();
        let mut keep = |state: State| {
            if !next.contains(&state) {
                next.push(state);
            }
        };
        for state in std::mem::take(&mut self.recorders[n].states) {
            if state.owner == serial && serial != 0 {
                keep(state);
                // One that was stalled may have been translated anew, and have one fault more.
                if !causes.iter().any(|cause| matches!(cause, Cause::Stall(..))) {
                    continue;
                }
            }
            for cause in causes {
                self.orders(n, &state, (serial, accepted), cause, (may_be_first, false)).into_iter().for_each(&mut keep);
            }
            if wiped || !certain {
                keep(state);
            }
        }
        let recorder = &mut self.recorders[n];
        recorder.states = next;
        recorder.last_event = cycle;
        recorder.writes.iter_mut().filter(|write| accepted <= write.cycle).for_each(|write| write.found = true);
        self.settle(n, cycle, cfg);
    }

    /// A register write may be performed from now on, until [`Records::end_write`].
    pub(super) fn begin_write(&mut self) {
        self.during_write.get_or_insert_default();
    }

    /// The write has been answered, and [`Records::write`] called for what it reached. Faults of the meantime may have come after
    /// it.
    pub(super) fn end_write(&mut self, reached: &[usize], cycle: u64, cfg: &dyn Oracle) {
        for Applied { recorder, serial, accepted, causes } in self.during_write.take().unwrap_or_default() {
            if reached.contains(&recorder) {
                self.fault(recorder, &Event { serial, accepted, causes: &causes, certain: false }, cycle, cfg);
            }
        }
    }

    /// A register write that reaches the 32-bit words of recorder `n`.
    pub(super) fn write(&mut self, n: usize, offset: u32, data: u64, strobes: u8, cycle: u64, cfg: &dyn Oracle) {
        let mut next = Vec::new();
        let found = self.recorders[n].states.iter().any(|state| self.recorded(n, state));
        for state in std::mem::take(&mut self.recorders[n].states) {
            let after = self.after_write(n, &state, (offset, data, strobes));
            if !next.contains(&after) {
                next.push(after);
            }
        }
        // Whether it clears anything does not depend on what is known to be recorded: the pins may not have shown it yet.
        let all = State { values: [if n == self.global() { GLOBAL_RECORDED } else { BANK_RECORDED }, 0, 0, 0, 0, 0], owner: 0 };
        let cleared = self.after_write(n, &all, (offset, data, strobes)).values[0] & all.values[0] != all.values[0];
        let recorder = &mut self.recorders[n];
        recorder.states = next;
        recorder.last_event = cycle;
        recorder.writes.truncate(MAX_WRITES - 2);
        // The hardware performs a 64-bit write in two halves, the low one first: a fault may come between them.
        for half in [0x0f, 0xf0].into_iter().filter(|half| strobes & half != 0) {
            recorder.writes.push_front(Written { cycle, store: (offset, data, strobes & half), clears: cleared, found });
        }
        if cleared {
            recorder.last_clear = cycle;
            recorder.known_owner = None;
        }
        self.settle(n, cycle, cfg);
    }

    /// A read of a 32-bit word of recorder `n`, accepted in cycle `asked`, showed `seen`. `potential`: faults that may be recorded
    /// already. False: no state explains it.
    pub(super) fn read(
        &mut self,
        n: usize,
        word: Word,
        seen: u32,
        potential: &[Potential],
        (asked, cycle): (u64, u64),
        cfg: &dyn Oracle,
    ) -> bool {
        let Word::Of(place, shift) = word else { return seen == 0 };
        let shows = |state: &State| (state.values[place] >> shift) as u32 == seen;
        // Faults on their way may have led to the same sight, even if the state without them shows it too.
        let mut possible =
            if potential.is_empty() { self.recorders[n].states.clone() } else { self.with_potential(n, potential) };
        possible.retain(shows);
        // It may have looked before a fault that was answered since it was accepted: then it tells nothing about what is there now.
        // Another one, whose refusal is still on its way, may have been there alone at that time.
        let earlier = self.recorders[n].before.iter().filter(|(until, _)| *until >= asked);
        let earlier: Vec<Vec<State>> = earlier.map(|(_, states)| states.clone()).collect();
        if earlier.into_iter().any(|states| {
            states.iter().any(shows) || !potential.is_empty() && self.and_potential(n, states, potential).iter().any(shows)
        }) {
            return true;
        }
        let recorder = &mut self.recorders[n];
        if possible.is_empty() {
            return false;
        }
        if !recorder.states.iter().any(shows) {
            recorder.last_event = cycle;
        }
        recorder.states = possible;
        self.learn(n);
        self.settle(n, cycle, cfg);
        true
    }

    /// After a read: whose record it is may be known now.
    fn learn(&mut self, n: usize) {
        let Some(owner) = self.recorders[n].states.first().map(|state| state.owner) else { return };
        let same = |state: &State| state.owner == owner && self.recorded(n, state);
        if owner != 0 && self.recorders[n].states.iter().all(same) {
            self.recorders[n].known_owner = Some(owner);
        }
    }

    /// A transaction went downstream: no record is its own.
    pub(super) fn passed(&mut self, serial: u64, cycle: u64, cfg: &dyn Oracle) {
        for n in 0..self.recorders.len() {
            let states = &mut self.recorders[n].states;
            if states.len() > 1
                && states.iter().any(|state| state.owner == serial)
                && states.iter().any(|state| state.owner != serial)
            {
                states.retain(|state| state.owner != serial);
                self.settle(n, cycle, cfg);
            }
        }
    }

    /// What the registers may show, for messages.
    pub(super) fn describe(&self, n: usize) -> String {
        let all = &self.recorders[n].states;
        let shown = all.iter().take(3).map(|s| {
            let [fsr, far, syn0, syn1, syn2, ipafar] = s.values;
            format!("fsr={fsr:#x} far={far:#x} fsynr={syn0:#x},{syn1:#x} frsynra={syn2:#x} ipafar={ipafar:#x}")
        });
        let text = shown.collect::<Vec<String>>().join(" or ");
        match all.len() {
            0..=3 => text,
            n => format!("{text} or {} more", n - 3),
        }
    }

    /// A register write may have changed an interrupt enable.
    pub(super) fn enables_changed(&mut self, n: usize, cycle: u64, cfg: &dyn Oracle) {
        self.settle(n, cycle, cfg);
    }

    /// Recomputes what follows from the states of recorder `n`. `cfg` has every status set, so its levels are the enables.
    fn settle(&mut self, n: usize, cycle: u64, cfg: &dyn Oracle) {
        let global = n == self.global();
        let enabled = if global { cfg.irq_global() } else { cfg.irq_context(n) };
        let (may_active, may_clear) = (self.may_be_active(n), self.may_be_clear(n));
        let level = match (enabled && may_active, may_clear) {
            (false, _) => Level::Low,
            (true, false) => Level::High,
            (true, true) => Level::Unsure,
        };
        let recorder = &mut self.recorders[n];
        if recorder.level != level {
            recorder.level = level;
            recorder.level_since = cycle;
        }
        if !global {
            let bit = 1 << (n % 64);
            self.high[n / 64] = self.high[n / 64] & !bit | if level == Level::High { bit } else { 0 };
            self.unsure[n / 64] = self.unsure[n / 64] & !bit | if level == Level::Unsure { bit } else { 0 };
            self.active_banks = (0..self.params.num_cb).filter(|&bank| self.may_be_active(bank)).count();
        }
    }

    /// Banks whose level is not what it must be, one bit each.
    pub(super) fn wrong_levels(&self, seen: &[u64; 2]) -> [u64; 2] {
        std::array::from_fn(|n| (seen[n] ^ self.high[n]) & !self.unsure[n])
    }

    /// What the level of recorder `n` must be, and since when.
    pub(super) fn level(&self, n: usize) -> (Level, u64) {
        (self.recorders[n].level, self.recorders[n].level_since)
    }
}

/// A 32-bit word of a recorder's registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Register number in the recorder's list, and the word's lowest bit in it.
    Of(usize, u32),
    /// The restore register: reads as zero.
    Restore,
}
