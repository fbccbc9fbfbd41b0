//! Tests of the model as a whole.

mod commands;
mod context_faults;
mod global_faults;
mod nested;
mod properties;
mod register_space;
mod stage2;
mod walks;
