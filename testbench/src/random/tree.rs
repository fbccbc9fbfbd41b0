//! A program as a tree of proptest values: drawn from a seed, cut down step by step.

use super::program::{Environment, Program, Timed};
use super::stalls;
use super::strategy;
use super::swarm::{Kind, Swarm};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use smmu_rtl::params::Params;

/// A value that shrinks.
pub(super) type Tree<T> = Box<dyn ValueTree<Value = T>>;

/// A program that shrinks. See [`super::shrink`].
pub(super) struct ProgramTree {
    pub seed: u64,
    pub environment: Tree<Environment>,
    pub steps: Vec<Tree<Timed>>,
    /// Steps that have not been cut away.
    pub kept: Vec<bool>,
}

impl ProgramTree {
    /// The program of a seed.
    pub fn draw(seed: u64, params: &'static Params) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..16].copy_from_slice(b"smmurand");
        // Nothing of the environment's proptest settings: a seed is the same program everywhere.
        let config = Config { failure_persistence: None, ..Config::with_cases(1) };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let swarm = Swarm::draw(&mut rng, params);
        let environment = tree(&strategy::environment(params, &swarm), &mut runner);
        let mut steps = Vec::new();
        for step in strategy::set_up(&swarm) {
            steps.push(tree(&strategy::timed(step, 0), &mut runner));
        }
        for _ in 0..swarm.steps {
            let kind = swarm.kind(&mut rng);
            let around = match kind {
                Kind::Move => strategy::move_page(&mut rng, &swarm),
                Kind::Early => stalls::use_early(&mut rng, &swarm),
                _ => Vec::new(),
            };
            if !around.is_empty() {
                let around = around.into_iter();
                steps.extend(around.map(|step| tree(&strategy::timed(step, swarm.gap), &mut runner)));
                continue;
            }
            steps.push(tree(&strategy::timed(strategy::step(kind, params, &swarm), swarm.gap), &mut runner));
            if kind == Kind::Reset {
                let registers = strategy::registers(&swarm).into_iter();
                steps.extend(registers.map(|step| tree(&strategy::timed(step, 0), &mut runner)));
            }
        }
        let kept = vec![true; steps.len()];
        ProgramTree { seed, environment, steps, kept }
    }

    /// The program as it is now.
    pub fn current(&self) -> Program {
        let steps = self.steps.iter().zip(&self.kept).filter(|(_, kept)| **kept).map(|(step, _)| step.current()).collect();
        Program { seed: self.seed, environment: self.environment.current(), steps }
    }
}

/// One value. The strategies here accept every draw, so one is there.
fn tree<T: std::fmt::Debug + 'static>(strategy: &impl Strategy<Value = T, Tree: 'static>, runner: &mut TestRunner) -> Tree<T> {
    loop {
        if let Ok(tree) = strategy.new_tree(runner) {
            return Box::new(tree);
        }
    }
}
