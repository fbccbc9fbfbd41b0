//! Waves: one VCD writer for every engine, and the GTKWave file beside it.
//!
//! # How it is used
//!
//! An engine describes its signals as a tree ([`layout::Scope`]), opens a [`Wave`], and once a cycle asks [`Wave::wants`] how
//! much it has to hand over: nothing (outside the window), every value (first cycle of the window), or what may have changed.
//! The writer keeps the last value of each variable and writes real changes only.
//!
//! # What is in the file
//!
//! - Scopes follow the blocks of the hardware. A channel of a bus is a scope inside its block (VCD type `begin`), and its
//!   signals carry the flat port names: `smmu.s_axi_ar.s_axi_arvalid`.
//! - The state of a state machine is a variable of type `string` that holds the state's name. GTKWave and Surfer show it as
//!   text, in the window as well as in a search, and no translate file has to be found beside the wave.
//! - `cycle`, in the top scope, is the cycle's number as error messages and summaries give it: cycles that were clocked.
//!
//! # Time
//!
//! The time unit is 1 ps and the clock runs at 300 MHz: cycle *n* starts at the rising edge at ⌊*n* · 10000 / 3⌋ ps, so a cycle
//! takes 3333 or 3334 ps, and three take 10 ns exactly however long the run is. All values of a cycle, inputs and outputs, change
//! at its rising edge; so a handshake is seen where `valid` and `ready` are both high at the same time. Idle time that the
//! simulation jumped over is a gap in which nothing changes, and the *n* above counts it; the window and `cycle` do not.

pub mod gtkw;
pub mod layout;
mod writer;

pub use writer::{ps_of_cycle, Sample, Wants, Wave};
