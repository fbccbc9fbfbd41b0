//! Stalled transactions: what a context fault does to its transaction, and what `RESUME` does.
//!
//! A bank has one stalled transaction at most (`FSR.SS`). Others of the bank wait for it, or are refused, or go on, as `HUPCF` and
//! `CFCFG` say. Decisions D32 to D36 of `docs/compliance.md`.

use super::access::{Access, Fault, Verdict};
use super::bits::bit;
use super::file::RegisterFile;
use smmu_rtl::registers as regs;

/// What becomes of a transaction with a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// It is answered with an error, and recorded.
    Refuse,
    /// It is recorded and has no answer: it is the stalled transaction of the bank.
    Stall,
    /// It has no answer and no record: it waits until the stalled transaction of the bank is gone.
    Wait,
}

/// What becomes of a transaction with this fault under the registers as they are.
pub fn disposition(registers: &RegisterFile, fault: &Fault) -> Disposition {
    let stalls = || bit(registers.get(regs::CB_SCTLR, fault.bank), 7);
    if !registers.params().features.stall || fault.global || !stalls() {
        return Disposition::Refuse;
    }
    match (fault.code, registers.stalled(fault.bank)) {
        (_, true) => Disposition::Wait,
        (0, false) => Disposition::Refuse,
        (_, false) => Disposition::Stall,
    }
}

/// Why a transaction is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is the stalled transaction of its bank.
    Stalled,
    /// It waits for that one.
    Waiting,
    /// `RESUME` lets it be translated anew.
    Retry,
    /// It waits, and has to be looked at again.
    Again,
}

/// A transaction without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its number, in the order of arrival.
    pub ticket: u64,
    /// The access.
    pub access: Access,
    /// AxCACHE.
    pub cache: u8,
    /// The bank that holds it.
    pub bank: usize,
    state: State,
}

impl Held {
    /// It is the one that `FSR.SS` stands for; else it waits for that one.
    pub fn is_stalled(&self) -> bool {
        self.state == State::Stalled
    }

    /// `RESUME` lets it be translated anew: the bank's pending fault does not hold it up.
    pub fn is_retry(&self) -> bool {
        self.state == State::Retry
    }
}

/// A transaction that was held, and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Released {
    /// Number under which it was held.
    pub ticket: u64,
    /// The access.
    pub access: Access,
    /// Its answer: translated or refused.
    pub verdict: Verdict,
}

/// All transactions without an answer, and those that have just got one.
#[derive(Clone, Debug, Default)]
pub struct Stalls {
    held: Vec<Held>,
    /// Terminated ones, not yet handed over.
    released: Vec<Released>,
    tickets: u64,
}

impl Stalls {
    /// All that are held, oldest first.
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    /// Holds an access, under a number of its own or the one that it had before.
    pub fn hold(&mut self, ticket: Option<u64>, access: &Access, cache: u8, bank: usize, disposition: Disposition) {
        let ticket = ticket.unwrap_or_else(|| {
            self.tickets += 1;
            self.tickets
        });
        let state = if disposition == Disposition::Stall { State::Stalled } else { State::Waiting };
        let held = Held { ticket, access: *access, cache, bank, state };
        let at = self.held.partition_point(|other| other.ticket < ticket);
        self.held.insert(at, held);
    }

    /// `RESUME` of a bank whose `SS` is set. Returns the terminated transaction, if that is what is asked for.
    pub fn resume(&mut self, bank: usize, terminate: bool) -> Option<Held> {
        self.look_again(bank);
        let at = self.held.iter().position(|held| held.bank == bank && held.state == State::Stalled)?;
        if terminate {
            return Some(self.held.remove(at));
        }
        self.held[at].state = State::Retry;
        None
    }

    /// Those that wait in the bank have to be looked at again.
    pub fn look_again(&mut self, bank: usize) {
        for held in self.held.iter_mut().filter(|held| held.bank == bank && held.state == State::Waiting) {
            held.state = State::Again;
        }
    }

    /// The next one that has to be looked at again: the retried ones first, then by age.
    pub fn next_due(&mut self) -> Option<Held> {
        let find = |held: &[Held], state| held.iter().position(|one| one.state == state);
        let at = find(&self.held, State::Retry).or_else(|| find(&self.held, State::Again))?;
        Some(self.held.remove(at))
    }

    /// One that was held has an answer.
    pub fn release(&mut self, released: Released) {
        self.released.push(released);
    }

    /// Hands over those that have an answer.
    pub fn take_released(&mut self) -> Vec<Released> {
        std::mem::take(&mut self.released)
    }

    /// Forgets everything, as hardware reset does.
    pub fn reset(&mut self) {
        self.held.clear();
        self.released.clear();
    }
}
