//! Waves (to be written).
