//! Seeded back-pressure: how often each channel of a bus-functional model holds back.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Per cent of the cycles in which a channel holds back: a sender does not start a new beat, a receiver keeps `ready` low.
/// 0 never pauses, 100 never moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pauses {
    /// Write address.
    pub aw: u8,
    /// Write data.
    pub w: u8,
    /// Write response.
    pub b: u8,
    /// Read address.
    pub ar: u8,
    /// Read data.
    pub r: u8,
}

impl Pauses {
    /// No pauses at all: every channel moves every cycle.
    pub const NONE: Pauses = Pauses { aw: 0, w: 0, b: 0, ar: 0, r: 0 };

    /// The same share of pauses, in per cent, on every channel.
    pub const fn all(percent: u8) -> Self {
        Pauses { aw: percent, w: percent, b: percent, ar: percent, r: percent }
    }
}

/// The random source of one model: the same seed and stream give the same run on every machine.
#[derive(Clone, Debug)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// A source of its own for `stream`, so that one more draw in one model does not change another.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Dice(rng)
    }

    /// True in `percent` of the calls. Draws nothing for 0, so a model without pauses costs nothing.
    pub fn percent(&mut self, percent: u8) -> bool {
        percent != 0 && self.0.random_range(0..100u8) < percent
    }

    /// A number of `low..=high`; `low` when the range is empty.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        if low >= high {
            low
        } else {
            self.0.random_range(low..=high)
        }
    }

    /// Any 64-bit number.
    pub fn word(&mut self) -> u64 {
        self.0.random()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_zero_never_and_of_a_hundred_always_pauses() {
        let mut dice = Dice::new(1, 0);
        assert!((0..1000).all(|_| !dice.percent(0)));
        assert!((0..1000).all(|_| dice.percent(100)));
        let half = (0..10_000).filter(|_| dice.percent(50)).count();
        assert!((4_500..5_500).contains(&half), "{half}");
    }

    #[test]
    fn streams_of_one_seed_differ_and_repeat() {
        assert_ne!(Dice::new(1, 0).word(), Dice::new(1, 1).word());
        assert_eq!(Dice::new(7, 3).word(), Dice::new(7, 3).word());
        assert_eq!(Dice::new(7, 3).between(5, 5), 5);
    }
}
