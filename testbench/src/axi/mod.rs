//! AXI4: bus-functional models of master and slave, and protocol checks.

pub mod port;
