//! Transactions in flight: where each stands, what it may become, and the queues that the order of AXI asks for.

use super::stale::{Epoch, Tags};
use super::trace::Ends;
use crate::axi::burst;
use smmu_sim::dut::{AddrBeat, ReadBeat, WriteBeat};
use smmu_sim::model::{Access, Fault, OutputAttributes, Verdict};
use std::collections::VecDeque;

/// Index of a transaction in [`Flight::slots`].
pub(super) type Slot = usize;

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// Accepted; neither seen downstream nor answered.
    #[default]
    Waiting,
    /// Seen downstream in that epoch.
    Forwarded { epoch: Epoch },
    /// The SMMU has begun to answer it.
    Refusing { resp: u8 },
}

/// A verdict, and for what goes downstream the attributes with which it does.
pub(super) type Outcome = (Verdict, Option<OutputAttributes>);

/// A verdict that held at some time in a transaction's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub verdict: Verdict,
    pub attributes: Option<OutputAttributes>,
    /// Epoch in which it ceased to hold; `None` while it holds.
    pub until: Option<Epoch>,
    /// The descriptors that it was read from last: for the tags of its cached form.
    pub ends: Ends,
}

impl Held {
    /// Verdict and attributes.
    pub(super) fn outcome(&self) -> Outcome {
        (self.verdict, self.attributes)
    }
}

/// One client transaction.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    pub in_use: bool,
    pub serial: u64,
    pub port: usize,
    pub write: bool,
    pub beat: AddrBeat,
    pub access: Access,
    /// Cycle and epoch of acceptance, and the cycles that its channel had stalled downstream until then.
    pub accepted: u64,
    pub born: Epoch,
    pub stalls: u64,
    /// Cycle of the last event of this transaction.
    pub progress: u64,
    pub stage: Stage,
    /// What the tables say, with no fault pending in its bank.
    pub held: Vec<Held>,
    /// Refusals on account of a fault that is pending in its bank.
    pub blocked: Vec<Verdict>,
    /// A fault may have been pending, or not, in its bank when it was looked at.
    pub maybe_pending: bool,
    pub maybe_clear: bool,
    /// A younger one of its id went downstream before it: it can only be refused.
    pub must_refuse: bool,
    /// The tags of its translation when it went downstream.
    pub tags: Option<Tags>,
    /// Faults that explain the refusal that is under way.
    pub causes: Vec<Fault>,
    /// Answer beats that the client has taken.
    pub answered: usize,
    /// First beat of its write data in the client's stream, and beats of it that went downstream.
    pub data_start: u64,
    pub data_sent: usize,
    /// Beats that came from downstream and the client has not taken.
    pub beats: VecDeque<ReadBeat>,
    pub resp: Option<u8>,
    /// For observers: the worst response that the client saw, whether one of its stream and page waited when it came, and the walk
    /// reads that had been made until then.
    pub worst: u8,
    pub shared: bool,
    pub walks_before: u64,
}

impl Transaction {
    fn clear(&mut self) {
        let mut old = std::mem::take(self);
        old.held.clear();
        old.blocked.clear();
        old.beats.clear();
        // The lists keep their memory: a steady stream allocates nothing.
        *self = Transaction { held: old.held, blocked: old.blocked, beats: old.beats, ..Transaction::default() };
    }

    /// One line for messages.
    pub(super) fn describe(&self) -> String {
        let a = &self.beat;
        let kind = if self.write { "write" } else { "read" };
        format!(
            "{kind} of stream {:#x} at {:#x}, id {}, {} beats of {} bytes, burst {}, prot {}, accepted in cycle {}",
            a.user,
            a.addr,
            a.id,
            burst::beats(a),
            burst::beat_bytes(a),
            a.burst,
            a.prot,
            self.accepted
        )
    }

    /// What the model says, for messages.
    pub(super) fn expectation(&self) -> String {
        let mut parts: Vec<String> = self.held.iter().map(|held| outcome_text(&held.outcome())).collect();
        if self.maybe_pending {
            parts.extend(self.blocked.iter().map(verdict_text));
        }
        parts.dedup();
        parts.join(", or ")
    }

    /// Takes note of a verdict that holds from this epoch on. True if it is another one than before.
    pub(super) fn hold(&mut self, outcome: Outcome, ends: Ends, epoch: Epoch) -> bool {
        if let Some(now) = self.held.iter_mut().find(|held| held.until.is_none()) {
            if now.outcome() == outcome {
                now.ends = ends;
                return false;
            }
            now.until = Some(epoch);
        }
        match self.held.iter_mut().find(|held| held.outcome() == outcome && held.ends == ends) {
            Some(again) => again.until = None,
            None => self.held.push(Held { verdict: outcome.0, attributes: outcome.1, until: None, ends }),
        }
        true
    }

    /// Takes note of a verdict that is right in this epoch beside the one that holds: under registers of its earlier life.
    pub(super) fn hold_too(&mut self, outcome: Outcome, ends: Ends, epoch: Epoch) {
        match self.held.iter_mut().find(|held| held.outcome() == outcome && held.ends == ends) {
            Some(held) => held.until = held.until.map(|_| epoch),
            None => self.held.push(Held { verdict: outcome.0, attributes: outcome.1, until: Some(epoch), ends }),
        }
    }

    /// Faults that it may have, each with the answer that goes with it.
    pub(super) fn faults(&self) -> impl Iterator<Item = (bool, Fault)> + '_ {
        let refused = |verdict: &Verdict| match *verdict {
            Verdict::Refused { raz, fault } => Some((raz, fault)),
            Verdict::Translated { .. } | Verdict::Stalled { .. } => None,
        };
        self.held.iter().filter_map(move |held| refused(&held.verdict))
    }
}

/// A verdict in words, with the attributes.
pub(super) fn outcome_text(outcome: &Outcome) -> String {
    let text = verdict_text(&outcome.0);
    match outcome.1 {
        Some(OutputAttributes { cache, domain, inner, prot }) => {
            format!("{text} with AxCACHE {cache:#06b}, domain {domain}, inner {inner:#06b}, AxPROT {prot:#05b}")
        }
        None => text,
    }
}

/// A verdict in words.
pub(super) fn verdict_text(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Translated { pa } => format!("goes to {pa:#x}"),
        Verdict::Stalled { fault } => format!("stalled in bank {}", fault.bank),
        Verdict::Refused { raz, fault } => {
            let answer = if *raz { "with zeros" } else { "with an error" };
            if fault.global {
                format!("refused {answer}, global fault {:#x}", fault.code)
            } else if fault.code == 0 {
                format!("refused {answer}, a fault is pending in bank {}", fault.bank)
            } else {
                format!("refused {answer}, bank {} fault {:#x} level {}", fault.bank, fault.code, fault.level)
            }
        }
    }
}

/// Queues of one client port.
#[derive(Debug)]
pub(super) struct Port {
    /// Per id, oldest first, until the last answer is taken.
    pub reads: Vec<VecDeque<Slot>>,
    pub writes: Vec<VecDeque<Slot>>,
    /// Client write data that is still needed: beat number of the front, and the beats.
    pub data: VecDeque<WriteBeat>,
    pub data_first: u64,
    /// Beat number at which the next write's data starts.
    pub data_next: u64,
    /// Writes in order of acceptance whose data may still be needed.
    pub order: VecDeque<(Slot, u64)>,
    /// Its downstream port.
    pub down: Down,
}

/// What stands on a downstream port.
#[derive(Debug)]
pub(super) struct Down {
    /// Per id: transactions seen there, oldest first, until their last answer came.
    pub reads: Vec<VecDeque<Slot>>,
    pub writes: Vec<VecDeque<Slot>>,
    /// Forwarded writes in order, whose data has not all gone downstream, and data that came before its address.
    pub order: VecDeque<Slot>,
    pub data: VecDeque<WriteBeat>,
    /// Cycles in which an address waited: of reads, of writes.
    pub stalls: [u64; 2],
    /// The address that stands there was looked at.
    pub seen: [bool; 2],
}

/// Everything in flight.
#[derive(Debug)]
pub(super) struct Flight {
    pub slots: Vec<Transaction>,
    free: Vec<Slot>,
    pub ports: Vec<Port>,
    next_serial: u64,
}

impl Flight {
    pub(super) fn new(ports: usize, id_width: usize) -> Self {
        let ids = 1 << id_width;
        let queues = || vec![VecDeque::new(); ids];
        let port = || Port {
            reads: queues(),
            writes: queues(),
            data: VecDeque::new(),
            data_first: 0,
            data_next: 0,
            order: VecDeque::new(),
            down: Down {
                reads: queues(),
                writes: queues(),
                order: VecDeque::new(),
                data: VecDeque::new(),
                stalls: [0; 2],
                seen: [false; 2],
            },
        };
        Flight { slots: Vec::new(), free: Vec::new(), ports: (0..ports).map(|_| port()).collect(), next_serial: 1 }
    }

    /// Transactions in flight.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Nothing is in flight.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Slots of transactions in flight.
    pub(super) fn live(&self) -> impl Iterator<Item = Slot> + '_ {
        self.slots.iter().enumerate().filter(|(_, t)| t.in_use).map(|(slot, _)| slot)
    }

    /// A transaction was accepted.
    pub(super) fn accept(&mut self, port: usize, write: bool, beat: &AddrBeat, access: Access, cycle: u64) -> Slot {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Transaction::default());
            self.slots.len() - 1
        });
        let t = &mut self.slots[slot];
        t.in_use = true;
        t.serial = self.next_serial;
        t.port = port;
        t.write = write;
        t.beat = *beat;
        t.access = access;
        t.accepted = cycle;
        t.progress = cycle;
        self.next_serial += 1;
        let queues = &mut self.ports[port];
        if write {
            t.data_start = queues.data_next;
            queues.data_next += burst::beats(beat) as u64;
            queues.order.push_back((slot, t.serial));
            queues.writes[beat.id as usize].push_back(slot);
        } else {
            queues.reads[beat.id as usize].push_back(slot);
        }
        slot
    }

    /// Beat `n` of a write's data, if the client has handed it over.
    pub(super) fn client_beat(&self, slot: Slot, n: usize) -> Option<&WriteBeat> {
        let t = &self.slots[slot];
        let port = &self.ports[t.port];
        let at = (t.data_start + n as u64).checked_sub(port.data_first)?;
        port.data.get(at as usize)
    }

    /// Whether the client has handed over all of a write's data.
    pub(super) fn data_complete(&self, slot: Slot) -> bool {
        let t = &self.slots[slot];
        let port = &self.ports[t.port];
        port.data_first + port.data.len() as u64 >= t.data_start + burst::beats(&t.beat) as u64
    }

    /// A transaction has its last answer.
    pub(super) fn finish(&mut self, slot: Slot) {
        let t = &self.slots[slot];
        let (port, id, write) = (t.port, t.beat.id as usize, t.write);
        let queues = &mut self.ports[port];
        if write {
            queues.writes[id].pop_front();
        } else {
            queues.reads[id].pop_front();
        }
        self.slots[slot].clear();
        self.free.push(slot);
        if write {
            self.drop_data(port);
        }
    }

    /// Forgets client data of finished writes, from the oldest on.
    fn drop_data(&mut self, port: usize) {
        while let Some(&(slot, serial)) = self.ports[port].order.front() {
            let t = &self.slots[slot];
            if t.in_use && t.serial == serial {
                let keep_from = t.data_start;
                self.cut_data(port, keep_from);
                return;
            }
            self.ports[port].order.pop_front();
        }
        let next = self.ports[port].data_next;
        self.cut_data(port, next);
    }

    fn cut_data(&mut self, port: usize, keep_from: u64) {
        let queues = &mut self.ports[port];
        while queues.data_first < keep_from && queues.data.pop_front().is_some() {
            queues.data_first += 1;
        }
    }
}
