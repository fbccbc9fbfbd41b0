//! Makes a failing program small.
//!
//! A smaller program counts if the same check fails, wherever and whatever it says. In order: steps after the failure go; then runs of
//! steps, from half of them down to single ones, until no single one can go; then each step that is left, and the environment, is simplified
//! as proptest does it (towards zero, false, the first choice), and steps are tried once more. The number of runs is limited; the result
//! does not depend on the machine or on time.

use super::execute::{Failure, Outcome};
use super::program::Program;
use super::tree::{ProgramTree, Tree};

/// Simplifications of one value that are tried at most.
const MAX_SIMPLIFY: usize = 48;

/// A program that fails, as small as it became.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The program.
    pub program: Program,
    /// How it fails.
    pub failure: Failure,
    /// Runs that it took.
    pub runs: usize,
    /// Steps that it had.
    pub steps_before: usize,
}

struct Shrinker<'a> {
    tree: ProgramTree,
    best: Program,
    failure: Failure,
    runs: usize,
    max_runs: usize,
    run: &'a mut dyn FnMut(&Program) -> Outcome,
}

/// Shrinks the program of `tree`, which fails with `failure`, with at most `max_runs` calls of `run`.
pub(super) fn shrink(tree: ProgramTree, failure: Failure, max_runs: usize, run: &mut dyn FnMut(&Program) -> Outcome) -> Shrunk {
    let best = tree.current();
    let steps_before = best.steps.len();
    let mut shrinker = Shrinker { tree, best, failure, runs: 0, max_runs, run };
    shrinker.cut_tail();
    shrinker.cut_steps();
    if shrinker.simplify_all() {
        shrinker.cut_steps();
    }
    Shrunk { program: shrinker.best, failure: shrinker.failure, runs: shrinker.runs, steps_before }
}

impl Shrinker<'_> {
    fn spent(&self) -> bool {
        self.runs >= self.max_runs
    }

    /// Runs the program as the tree has it now. True: it fails in the same way, and is the best one so far.
    fn fails(&mut self) -> bool {
        let program = self.tree.current();
        if program == self.best {
            return true;
        }
        if self.spent() {
            return false;
        }
        self.runs += 1;
        match (self.run)(&program).failure {
            Some(failure) if failure.kind == self.failure.kind => {
                self.best = program;
                self.failure = failure;
                true
            }
            _ => false,
        }
    }

    /// Positions of the steps that are left.
    fn left(&self) -> Vec<usize> {
        (0..self.tree.kept.len()).filter(|&n| self.tree.kept[n]).collect()
    }

    /// Tries to do without some steps.
    fn without(&mut self, steps: &[usize]) -> bool {
        steps.iter().for_each(|&n| self.tree.kept[n] = false);
        let good = self.fails();
        if !good {
            steps.iter().for_each(|&n| self.tree.kept[n] = true);
        }
        good
    }

    /// Steps that had not begun when the check failed.
    fn cut_tail(&mut self) {
        let left = self.left();
        if let Some(tail) = left.get(self.failure.step + 1..).filter(|tail| !tail.is_empty()) {
            self.without(tail);
        }
    }

    fn cut_steps(&mut self) {
        let mut size = self.left().len().div_ceil(2).max(1);
        loop {
            let mut cut = false;
            // From the end: what comes last depends on what came before.
            let left = self.left();
            for chunk in left.rchunks(size) {
                if self.spent() {
                    return;
                }
                cut |= self.without(chunk);
            }
            self.cut_tail();
            if size > 1 {
                size = size.div_ceil(2);
            } else if !cut {
                return;
            }
        }
    }

    /// True if something became simpler.
    fn simplify_all(&mut self) -> bool {
        let before = self.best.clone();
        for n in self.left() {
            self.simplify(|tree| &mut tree.steps[n]);
        }
        self.simplify(|tree| &mut tree.environment);
        self.best != before
    }

    fn simplify<T: std::fmt::Debug>(&mut self, part: impl Fn(&mut ProgramTree) -> &mut Tree<T>) {
        let mut moved = part(&mut self.tree).simplify();
        let mut tries = 0;
        while moved && tries < MAX_SIMPLIFY && !self.spent() {
            tries += 1;
            let good = self.fails();
            let tree = part(&mut self.tree);
            moved = if good { tree.simplify() } else { tree.complicate() };
        }
        // Left in between: back to the last one that fails.
        while moved && !self.fails_already() {
            if !part(&mut self.tree).complicate() {
                break;
            }
        }
    }

    /// Whether the tree shows the best program.
    fn fails_already(&self) -> bool {
        self.tree.current() == self.best
    }
}
