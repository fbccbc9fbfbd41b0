//! Random programs against the reference model.
//!
//! A seed gives a [`program::Program`]: tables, banks, streams, traffic, changes, invalidation, faults, register accesses, errors and
//! resets, with weights that differ from program to program. [`execute`] runs it on a bench, where the scoreboard, the protocol
//! checkers, the isolation rule and the watchdogs look at every cycle. [`shrink`] makes a failing program small, [`regression`] keeps it,
//! [`runner`] does all that for many seeds on all cores.

mod act;
mod attributes;
mod beside;
pub mod bounds;
pub mod execute;
mod forest;
mod hex;
pub mod junit;
mod layout;
pub mod program;
pub mod regression;
pub mod runner;
mod second;
pub mod shrink;
mod stalls;
mod strategy;
mod swarm;
mod tree;

use program::Program;
use smmu_rtl::params::Params;

/// The program of a seed, the same on every machine.
pub fn program(seed: u64, params: &'static Params) -> Program {
    tree::ProgramTree::draw(seed, params).current()
}
