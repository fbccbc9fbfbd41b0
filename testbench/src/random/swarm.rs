//! The swarm: weights that are drawn anew for each program, so that odd mixes occur.
//!
//! Weights are not part of a program and do not shrink.

use super::layout::{SPOTS, STREAMS};
use super::second::Second;
use super::stalls::Stalls;
use proptest::prelude::*;
use rand::Rng;
use smmu_rtl::params::Params;

/// Kinds of steps that a swarm weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Burst,
    Map,
    Table,
    Word,
    Invalidate,
    Move,
    Sync,
    Fault,
    Serve,
    Resume,
    Early,
    Adjust,
    Bank,
    Stream,
    Global,
    Read,
    Write,
    Errors,
    Around,
    Hold,
    Drain,
    Wait,
    Reset,
    Operation,
    Count,
}

/// Weights of one program.
#[derive(Clone, Debug)]
pub(super) struct Swarm {
    /// Weight of each kind of step.
    pub kinds: Vec<(Kind, u32)>,
    /// Steps after the set-up.
    pub steps: usize,
    /// Per cent of descriptors and bursts that are odd, and of set-ups of banks and streams.
    pub odd: u32,
    pub odd_setup: u32,
    /// Per cent of pauses that are possible.
    pub pauses: u8,
    /// Longest latency.
    pub latency: u32,
    /// Streams and spots that are used: few make collisions, many make misses.
    pub streams: u8,
    pub spots: u8,
    /// Cycles between steps at most.
    pub gap: u16,
    /// Longest burst, in beats.
    pub beats: u8,
    /// AXI ids in use.
    pub ids: u8,
    /// Trees of tables.
    pub trees: u8,
    /// Per cent of leaves that do not let everybody in.
    pub strict: u32,
    /// Client ports of the hardware.
    pub ports: u8,
    /// Stage 2 and other formats; `None` on hardware without them.
    pub second: Option<Second>,
    /// Stalled faults; `None` on hardware without them.
    pub stalls: Option<Stalls>,
}

impl Swarm {
    /// Draws weights.
    pub fn draw(rng: &mut impl Rng, params: &Params) -> Self {
        use Kind::*;
        // Usual weight, and whether a program may do without it.
        let usual = [
            (Burst, 120),
            (Map, 8),
            (Table, 2),
            (Word, 1),
            (Invalidate, 4),
            (Move, 3),
            (Sync, 4),
            (Fault, 6),
            (Adjust, 2),
            (Bank, 1),
            (Stream, 2),
            (Global, 1),
            (Read, 3),
            (Write, 2),
            (Errors, 1),
            (Around, 1),
            (Hold, 1),
            (Drain, 1),
            (Wait, 2),
            (Reset, 1),
        ];
        let mut weight = |(kind, usual): (Kind, u32)| {
            let factor = match rng.random_range(0..8) {
                0..=2 => 0,
                3..=5 => 10,
                6 => 30,
                _ => 80,
            };
            let rare = matches!(kind, Write | Reset | Global | Errors | Word | Bank);
            let factor = match kind {
                Burst => factor.max(5),
                _ if rare && rng.random_range(0..2) == 0 => 0,
                Reset | Drain | Hold => factor.min(10),
                _ => factor,
            };
            (kind, usual * factor)
        };
        let kinds = usual.map(&mut weight).to_vec();
        let mut swarm = Swarm {
            kinds,
            steps: rng.random_range(60..220),
            odd: [0, 2, 10, 30][rng.random_range(0..4)],
            odd_setup: [0, 0, 2, 8][rng.random_range(0..4)],
            pauses: [0, 0, 20, 50, 80][rng.random_range(0..5)],
            latency: [1, 4, 12, 40, 120][rng.random_range(0..5)],
            streams: rng.random_range(1..=STREAMS.len() as u8),
            spots: [2, 6, 12, SPOTS][rng.random_range(0..4)],
            gap: [0, 1, 4, 16][rng.random_range(0..4)],
            beats: [1, 4, 16, 64, 255][rng.random_range(0..5)],
            ids: [1, 2, 4, 16][rng.random_range(0..4)],
            trees: rng.random_range(1..=4),
            strict: [0, 3, 10, 40][rng.random_range(0..4)],
            ports: params.tbus as u8,
            second: None,
            stalls: None,
        };
        // Last, so that hardware without all that gets the programs that it would get anyway.
        swarm.second = Second::draw(rng, params);
        for (kind, usual, there) in [(Operation, 2, params.features.ats), (Count, 1, params.features.pmu)] {
            if there {
                swarm.kinds.push((kind, usual * [0, 0, 10, 30][rng.random_range(0..4)]));
            }
        }
        swarm.stalls = Stalls::draw(rng, params);
        if let Some(stalls) = &swarm.stalls {
            swarm.kinds.extend([Serve, Resume, Early].into_iter().zip(stalls.weights));
        }
        swarm
    }

    /// The kind of the next step.
    pub fn kind(&self, rng: &mut impl Rng) -> Kind {
        let total = self.kinds.iter().map(|(_, weight)| weight).sum::<u32>().max(1);
        let mut pick = rng.random_range(0..total);
        for &(kind, weight) in &self.kinds {
            if pick < weight {
                return kind;
            }
            pick -= weight;
        }
        Kind::Burst
    }

    /// True in `odd` per cent of the draws.
    pub(super) fn odd(&self) -> impl Strategy<Value = bool> + Clone {
        prop::bool::weighted(f64::from(self.odd) / 100.0)
    }

    /// True in `odd_setup` per cent of the draws.
    pub(super) fn odd_setup(&self) -> impl Strategy<Value = bool> + Clone {
        prop::bool::weighted(f64::from(self.odd_setup) / 100.0)
    }
}
