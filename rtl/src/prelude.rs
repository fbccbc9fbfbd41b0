//! What every block imports: RustHDL, with [`Word`] in place of its slow wide `Bits`, and a derive and a flip-flop that know the quick
//! step of the simulation ([`crate::quick`]).

pub use crate::prim::dff::DFF;
pub use crate::prim::word::{bit_cast, bits, Word};
pub use rust_hdl::prelude::*;
pub use smmu_rtl_derive::{Bundle, LogicBlock};
