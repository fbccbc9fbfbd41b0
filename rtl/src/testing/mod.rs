//! What every block's tests use: RustHDL and its Verilog must be the same hardware.
//!
//! Two tests a block, in its own file:
//!
//! ```ignore
//! #[test]
//! fn synthesizes() {
//!     synthesis_check(Fifo::<4, 8>::default());
//! }
//!
//! #[test]
//! fn verilog_agrees() {
//!     equivalence(Fifo::<4, 8>::default, 2000, 1, drive!(clock, aresetn, push, data, out.ready), |s| {
//!         s.often("push", 3, 4); // three cycles out of four
//!     });
//! }
//! ```
//!
//! * [`equivalence`] drives the same random vectors into the RustHDL form and, through Icarus, into the Verilog form, and compares
//!   every output before and after every clock edge. An `x` in Verilog is a difference.
//! * [`synthesis_check`] runs the HDL lint over the block and passes its Verilog through Yosys, Verilator's lint and Icarus.
//! * [`drive!`](crate::drive) lists the fields with input pins, the clock among them. The list is checked against the block's ports.
//!
//! The stimulus: each pin gets a random value every cycle, wide pins more often a corner (0, all ones, small, unchanged). A pin
//! called `aresetn` is low in the first 3 cycles and in about one of 500 later. The bias hook runs after that and may change
//! any pin of the cycle; it sees the outputs of the cycle before, so that it can follow a protocol.
//!
//! Both need `iverilog`, `yosys` and `verilator`, which `cargo xtask setup` installs. Files of a failed run stay in
//! `target/hdl-check`, and the failure names the folder.

mod drive;
mod equivalence;
mod frontends;
mod random;
mod tools;

pub use drive::{Drive, Value};
pub use equivalence::{compare, Stimulus};
pub use frontends::{check_block, check_verilog, VERILATOR_ERRORS};
pub use random::Random;
pub use tools::{run, CheckFailure, Difference, Workdir};

use crate::prelude::*;

/// The type of a block without the paths of its modules: `Fifo<4, 8>`.
pub fn block_name<B>() -> String {
    let full = std::any::type_name::<B>();
    let mut out = String::new();
    for part in full.split_inclusive(['<', ',', ' ', '>']) {
        out.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    out
}

/// One clock cycle of a block that is stepped by hand: the inputs settle, the clock rises, the clock falls.
///
/// # Panics
///
/// If the block does not come to rest.
pub fn tick<B: Block>(block: &mut B, clock: fn(&mut B) -> &mut Signal<In, Clock>) {
    for level in [false, true, false] {
        clock(block).next = level.into();
        assert!(simulate(block, 100), "the block does not come to rest");
    }
}

/// Compares a block with its own Verilog over `cycles` cycles of random stimulus drawn from `seed`.
///
/// `make` gives a fresh block, `drive` is [`drive!`](crate::drive) with the block's input fields, `bias` may change the stimulus of
/// each cycle (`|_| {}` for none).
///
/// # Panics
///
/// If the forms differ: the text has block, cycle, port, both values and the seed, and names the folder with the files. Also if
/// a tool is missing or refuses the Verilog.
pub fn equivalence<B, D, F>(make: impl Fn() -> B, cycles: usize, seed: u64, drive: D, bias: F)
where
    B: Block,
    D: Fn(&mut B, &mut dyn FnMut(&str) -> Option<u128>),
    F: FnMut(&mut Stimulus),
{
    if let Err(failure) = compare(make, cycles, seed, drive, bias) {
        panic!("{failure}");
    }
}

/// Passes a block through `check_all` and the HDL lint, and its Verilog through Yosys, Verilator's lint and Icarus.
///
/// # Panics
///
/// If one of them refuses it, with what the tool said.
pub fn synthesis_check<B: Block>(block: B) {
    if let Err(failure) = check_block(block) {
        panic!("{failure}");
    }
}

#[cfg(test)]
mod tests;
