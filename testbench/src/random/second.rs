//! Stage 2, nesting and AArch32 in random programs: weights of a program, and the strategies that only such hardware needs.
//!
//! Trees of stage 2 come behind those of stage 1. Each bank has a role, mostly; each tree of stage 2 first gets a cover: tables and data memory
//! mapped to themselves, or data with leaves that changed places. On hardware without these features nothing here draws anything.

use super::layout::{FRAMES, MAX_TREES, SPOTS};
use super::program::*;
use super::strategy;
use super::swarm::Swarm;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::Union;
use rand::Rng;
use smmu_rtl::params::{Aarch32, Params};

/// What a bank is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Stage 1 alone.
    First,
    /// Stage 2 alone, and that of nested banks.
    Second,
    /// Stage 1 over stage 2.
    Nested,
}

/// Weights of one program.
#[derive(Clone, Debug)]
pub(super) struct Second {
    /// Trees of stage 2.
    pub trees: u8,
    /// Roles of the banks.
    pub roles: [Role; 4],
    /// VMIDs in use: few, so that both stages often share one.
    pub vmids: u8,
    /// Per cent of steps on tables that are for stage 2.
    pub share: u32,
    /// Weights of AArch64, long and short descriptors.
    forms: [u32; 3],
    /// Per cent of trees that are big-endian, and that use their tables' second addresses.
    big: u32,
    alias: u32,
}

impl Second {
    /// Draws weights; nothing for hardware that has neither stage 2 nor other formats.
    pub fn draw(rng: &mut impl Rng, params: &Params) -> Option<Self> {
        use Role::*;
        let features = params.features;
        if !features.stage2 && features.aarch32 == Aarch32::None {
            return None;
        }
        let nested = if features.nested { Nested } else { Second };
        let roles = match rng.random_range(0..6) {
            _ if !features.stage2 => [First; 4],
            0 => [First; 4],
            1 => [Second, First, Second, Second],
            2 => [First, nested, Second, nested],
            3 => [nested, nested, First, Second],
            _ => [nested, nested, nested, Second],
        };
        let stage2 = roles.contains(&Second);
        let formats = match features.aarch32 {
            Aarch32::None => 1,
            Aarch32::Long => 2,
            Aarch32::Both => 3,
        };
        let mut forms = [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [2, 1, 1]][rng.random_range(0..5)];
        forms[formats..].fill(0);
        if forms == [0; 3] {
            forms[0] = 1;
        }
        Some(super::second::Second {
            trees: if stage2 { rng.random_range(1..=2) } else { 0 },
            roles,
            vmids: [1, 1, 3][rng.random_range(0..3)],
            share: if stage2 { [20, 40, 60][rng.random_range(0..3)] } else { 0 },
            forms,
            big: if features.big_endian { [0, 0, 0, 30][rng.random_range(0..4)] } else { 0 },
            alias: if roles.contains(&Nested) { [0, 0, 30, 100][rng.random_range(0..4)] } else { 0 },
        })
    }

    fn per_cent(n: u32) -> impl Strategy<Value = bool> + Clone {
        prop::bool::weighted(f64::from(n) / 100.0)
    }

    /// The formats of the trees of stage 1, and the trees of stage 2.
    pub fn trees(&self, params: &Params, trees: Vec<Tree>) -> BoxedStrategy<Vec<Tree>> {
        let [wide, long, short] = self.forms;
        let form = Union::new_weighted(
            [(wide, Just(Form::Usual).boxed()), (long, Just(Form::Long).boxed()), (short, Just(Form::Short).boxed())]
                .into_iter()
                .filter(|(weight, _)| *weight > 0)
                .collect::<Vec<_>>(),
        );
        let size = prop_oneof![3 => Just(None), 1 => (32..=39u8).prop_map(Some)];
        let first = (form, size, Self::per_cent(self.big), Self::per_cent(self.alias));
        let granules: &[u8] = if params.straps.granule_16k { &[12, 14, 16] } else { &[12, 16] };
        let long = if params.features.aarch32 == Aarch32::None || wide > 0 && long + short == 0 { 0 } else { 50 };
        let size = prop_oneof![4 => prop::sample::select(vec![16u8, 24, 25, 28, 31, 32]), 1 => 16..=32u8, 1 => 16..=39u8];
        let second =
            (prop::sample::select(granules.to_vec()), size, any::<bool>(), Self::per_cent(long), Self::per_cent(self.big))
                .prop_map(|(granule, size, deep, long, big)| {
                    let form = if long { Form::LongSecond { deep } } else { Form::Second { deep } };
                    Tree { form, big, ..Tree::usual(granule, size) }
                });
        (vec(first, trees.len()), vec(second, self.trees as usize))
            .prop_map(move |(firsts, seconds)| {
                let usual = trees.iter().zip(firsts).map(|(tree, (form, size, big, alias))| {
                    let size = if form == Form::Usual { tree.size } else { size.unwrap_or(32) };
                    Tree { form, size, big, alias, ..*tree }
                });
                usual.chain(seconds).collect()
            })
            .boxed()
    }

    /// A place in a tree of stage 2.
    pub fn spot(&self, first: u8, spots: u8) -> BoxedStrategy<Spot> {
        let number = prop_oneof![8 => 0..spots.max(8), 3 => 13..16u8, 1 => 0..SPOTS];
        (0..self.trees.max(1), number).prop_map(move |(tree, spot)| Spot { tree: first + tree, spot }).boxed()
    }

    /// CBNDX of a nested bank: one of stage 2, mostly.
    fn behind(&self, swarm: &Swarm) -> BoxedStrategy<u8> {
        let banks: Vec<u8> = (0..4).filter(|&n| self.roles[n as usize] == Role::Second).collect();
        let usual = if banks.is_empty() { Just(3).boxed() } else { prop::sample::select(banks).boxed() };
        let odd = prop_oneof![3 => 0..4u8, 1 => any::<u8>()];
        (swarm.odd_setup(), usual, odd).prop_map(|(strange, usual, odd)| if strange { odd } else { usual }).boxed()
    }

    /// A bank in its role.
    pub fn bank(&self, usual: BoxedStrategy<Bank>, swarm: &Swarm) -> BoxedStrategy<Bank> {
        let bit = |per_cent: f64, bits: u32| prop::bool::weighted(per_cent).prop_map(move |set| if set { bits } else { 0 });
        let sctlr = (bit(0.1, 1 << 13), bit(0.3, 1 << 2), bit(0.02, 1 << 4));
        let odd = (swarm.odd_setup(), 0..MAX_TREES as u8);
        let (this, first) = (self.clone(), swarm.trees);
        (usual, 0..this.trees.max(1), self.behind(swarm), sctlr, odd)
            .prop_map(move |(b, tree, second, (ptw, afe, big), (odd, other))| {
                let role = this.roles[(b.bank % 4) as usize];
                let trees = match role {
                    _ if odd => (other, other),
                    Role::Second => (first + tree, first + tree),
                    _ => b.trees,
                };
                let ptw = if role == Role::Second { ptw } else { 0 };
                // Short descriptors come by their trees: those of another format, read as short ones, would be leaves of sixteen descriptors that differ.
                let odd_tcr = b.odd_tcr & !(1 << 31);
                Bank { trees, second, odd_tcr, ..Bank { sctlr: b.sctlr & !(1 << 4) | ptw | afe | big, ..this.in_role(b) } }
            })
            .boxed()
    }

    fn in_role(&self, b: Bank) -> Bank {
        let kind = match (b.kind, self.roles[(b.bank % 4) as usize]) {
            (1, Role::Second) => 0,
            (1, Role::Nested) => 3,
            (kind, _) => kind,
        };
        Bank { kind, vmid: b.vmid % self.vmids, ..b }
    }

    /// A new CBAR in the bank's role.
    pub fn adjust(&self, usual: BoxedStrategy<Adjust>, swarm: &Swarm) -> BoxedStrategy<Adjust> {
        let this = self.clone();
        (usual, self.behind(swarm))
            .prop_map(move |(adjust, behind)| match adjust {
                Adjust::Cbar { bank, kind, vmid, hyp, .. } => {
                    let kind = match (kind, this.roles[(bank % 4) as usize]) {
                        (1, Role::Second) => 0,
                        (1, Role::Nested) => 3,
                        (kind, _) => kind,
                    };
                    Adjust::Cbar { bank, kind, vmid: vmid % this.vmids, hyp, second: behind }
                }
                Adjust::Sctlr { bank, value } => Adjust::Sctlr { bank, value: value & !(1 << 4) },
                other => other,
            })
            .boxed()
    }

    /// The covers of all trees of stage 2.
    pub fn covers(&self, first: u8, swarm: &Swarm) -> Vec<BoxedStrategy<Step>> {
        let mut steps = Vec::new();
        for tree in first..first + self.trees {
            for window in 0..3u8 {
                let bits = prop_oneof![12 => Just(0x0c40u64), 1 => strategy::leaf_bits(swarm)];
                let swap = prop_oneof![1 => Just(0u8), 1 => 0..8u8];
                let cover = (1..4u8, swap, bits).prop_map(move |(level, swap, bits)| {
                    Step::Cover(Cover { tree, window, level, swap, bits: bits & !(1 << 7) | 1 << 6 })
                });
                steps.push(cover.boxed());
            }
        }
        steps
    }

    /// A page of stage 2 that moves under a stream.
    pub fn moved(&self, stream: u8, spot: u8, swarm: &Swarm) -> BoxedStrategy<Step> {
        use InvalidateKind::*;
        let kind = prop::sample::select(vec![Ipas2, Ipas2L, Ipas2, Ipas2L, All, Vmid, AllNsnh, VmidS1, Va]);
        let sync = prop_oneof![1 => Just(SyncAfter::None), 1 => Just(SyncAfter::Post), 4 => Just(SyncAfter::Wait)];
        let level = prop_oneof![8 => Just(3u8), 1 => Just(2), 1 => Just(1)];
        (level, 0..FRAMES, strategy::leaf_bits(swarm), kind, (prop::bool::weighted(0.85), any::<bool>()), sync)
            .prop_map(move |(level, frame, bits, kind, (named, upper), sync)| {
                Step::Move(Move { stream, upper, spot, level, frame, bits, kind, named, sync, second: true })
            })
            .boxed()
    }
}
