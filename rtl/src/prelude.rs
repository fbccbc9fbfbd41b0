//! What every block imports: RustHDL, with [`Word`] in place of its slow wide `Bits`.

pub use crate::prim::word::{bit_cast, bits, Word};
pub use rust_hdl::prelude::*;
