//! How long a memory takes, and the order in which it answers.

use crate::axi::pause::Dice;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Cycles from the handshake of an address (of the last data beat, for a write) to the first cycle in which the answer is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Latency {
    /// Always the same: address handed over in cycle c, first data valid in cycle c + L (at least 1).
    Fixed(u32),
    /// Drawn anew for every transaction from `min..=max`.
    Random {
        /// Shortest.
        min: u32,
        /// Longest.
        max: u32,
    },
}

impl Default for Latency {
    fn default() -> Self {
        Latency::Fixed(1)
    }
}

impl Latency {
    /// Latency of the next transaction, at least 1.
    pub fn draw(self, dice: &mut Dice) -> u64 {
        match self {
            Latency::Fixed(cycles) => u64::from(cycles.max(1)),
            Latency::Random { min, max } => dice.between(u64::from(min.max(1)), u64::from(max.max(1))),
        }
    }
}

/// A transaction that waits for its time.
#[derive(Clone, Copy, Debug)]
struct Waiting<T> {
    id: u32,
    due: u64,
    item: T,
}

/// Transactions on their way through the memory: in order of acceptance, or in any order that keeps each id's own.
#[derive(Debug)]
pub(super) struct InFlight<T> {
    waiting: VecDeque<Waiting<T>>,
    out_of_order: bool,
}

impl<T> InFlight<T> {
    pub(super) fn new(out_of_order: bool) -> Self {
        InFlight { waiting: VecDeque::new(), out_of_order }
    }

    pub(super) fn push(&mut self, id: u32, due: u64, item: T) {
        self.waiting.push_back(Waiting { id, due, item });
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Takes a transaction whose answer is due. Out of order, any due one that is the oldest of its id may come.
    pub(super) fn take_due(&mut self, cycle: u64, dice: &mut Dice) -> Option<T> {
        if !self.out_of_order {
            let due = self.waiting.front().is_some_and(|first| first.due <= cycle);
            return if due { self.waiting.pop_front().map(|first| first.item) } else { None };
        }
        let ready = |n: usize| {
            let this = &self.waiting[n];
            this.due <= cycle && !self.waiting.iter().take(n).any(|other| other.id == this.id)
        };
        let count = (0..self.waiting.len()).filter(|&n| ready(n)).count() as u64;
        if count == 0 {
            return None;
        }
        let pick = dice.between(0, count - 1) as usize;
        let n = (0..self.waiting.len()).filter(|&n| ready(n)).nth(pick)?;
        self.waiting.remove(n).map(|waiting| waiting.item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_order_nothing_overtakes() {
        let mut dice = Dice::new(0, 0);
        let mut flight = InFlight::new(false);
        flight.push(0, 10, 'a');
        flight.push(1, 5, 'b');
        assert_eq!(flight.take_due(9, &mut dice), None);
        assert_eq!(flight.take_due(10, &mut dice), Some('a'));
        assert_eq!(flight.take_due(10, &mut dice), Some('b'));
    }

    #[test]
    fn out_of_order_ids_overtake_but_each_keeps_its_order() {
        let mut overtaken = false;
        for seed in 0..20 {
            let mut dice = Dice::new(seed, 0);
            let mut flight = InFlight::new(true);
            for (n, id) in [0, 1, 0, 1].into_iter().enumerate() {
                flight.push(id, if n == 2 { 0 } else { 3 }, n);
            }
            assert_eq!(flight.take_due(2, &mut dice), None, "number 2 is due, but number 0 has its id and is not");
            let order: Vec<_> = (0..4).filter_map(|_| flight.take_due(3, &mut dice)).collect();
            let place = |n| order.iter().position(|&m| m == n);
            assert!(place(0) < place(2) && place(1) < place(3), "{order:?}");
            overtaken |= order != [0, 1, 2, 3];
        }
        assert!(overtaken);
    }

    #[test]
    fn a_latency_is_at_least_one_cycle() {
        let mut dice = Dice::new(0, 0);
        assert_eq!(Latency::Fixed(0).draw(&mut dice), 1);
        assert!((0..100).all(|_| (3..=7).contains(&Latency::Random { min: 3, max: 7 }.draw(&mut dice))));
    }
}
