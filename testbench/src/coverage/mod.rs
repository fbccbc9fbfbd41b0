//! Functional coverage: what the hardware was seen to do, and checked doing.
//!
//! [`plan`] has the cover groups: crosses of axes, named as in `docs/testplan.md`, with a reason for each bin that cannot be hit.
//! A [`Collector`] looks on at a [`Bench`](crate::bench::Bench) and counts. A bin is hit by what stands on the pins and what the
//! scoreboard, which compares all of it with the model, says that it was; never by a stimulus alone. A run that fails counts for
//! nothing: whoever runs it drops its collector.
//!
//! [`database`] is the file: counts by name, merged by addition. [`report`] holds counts against the plan, [`html`] and [`xml`]
//! write it for people and for other tools. [`code`] reads what Verilator counted of lines and toggles.
//!
//! Cost: some look-ups a transaction, and a look at sixteen handshakes a cycle.

pub mod code;
pub mod collector;
pub mod database;
pub mod gather;
pub mod groups;

pub mod html;
pub mod plan;
pub mod report;
pub mod xml;

pub use collector::Collector;
pub use database::Database;
pub use gather::Gather;
pub use plan::Plan;
