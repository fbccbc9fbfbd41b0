//! Tests of the register block as a whole.
