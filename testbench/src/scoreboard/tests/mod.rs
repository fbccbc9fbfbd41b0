//! Every rule of the scoreboard is broken once, by a device with that bug, and must be reported as that kind; the same runs on a
//! device without a bug are clean.

mod bugs;
mod changes;
mod records;
mod setup;
