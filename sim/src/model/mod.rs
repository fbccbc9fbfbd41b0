//! The architecture as plain Rust (to be written).
