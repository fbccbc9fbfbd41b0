//! (being written)
pub mod access;
mod bits;
pub mod descriptor;
pub mod micro;
pub mod permission;
pub mod regime;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod tlb;
pub mod walk;
