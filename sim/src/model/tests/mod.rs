//! Tests of the model as a whole.

mod aarch32;
mod commands;
mod context_faults;
mod features;
mod global_faults;
mod nested;
mod operations;
mod properties;
mod register_space;
mod stage2;
mod stalls;
mod walks;
