//! Translation control unit: what happens on a miss of the micro TLB.

pub mod accept;
pub mod answer;
pub mod ats;
pub mod attribute;
pub mod attribute_front;
pub mod attribute_leaf;
pub mod attribute_par;
pub mod attribute_stream;
pub mod attribute_walk;
pub mod bank;
pub mod decide;
pub mod descriptor;
pub mod descriptor_short;
pub mod fault_recorder;
pub mod fill_stage;
pub mod invalidate;
pub mod main_tlb;
pub mod maintenance;
pub mod merge;
pub mod pmu;
pub mod regs;
pub mod regs_access;
pub mod regs_axil;
pub mod regs_decode;
pub mod regs_init;
pub mod regs_map;
#[cfg(test)]
mod regs_tests;
pub mod select;
pub mod start;
pub mod start_s2;
pub mod start_short;
pub mod stream_match;
pub mod table_address;
pub mod translate;
pub mod va_index;
pub mod walk_cache;
pub mod walker;

use crate::prelude::Word;

/// Which of the address bits 47:32 lie beyond a size code (OAS, PASize): 0..5 = 32, 36, 40, 42, 44, 48 bits, above 5 as 5.
pub(crate) fn beyond_size(code: u8) -> Word<16> {
    let bits = crate::params::size_code_bits(code);
    Word::new(!((1u128 << (bits - 32)) - 1))
}
