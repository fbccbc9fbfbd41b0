//! Start table of an AArch32 short-descriptor walk (front stage F4).
//!
//! Combinational. The first table has one entry of 4 bytes for each MiB: `2^(12-N)` of them behind TTBR0, 4096 behind TTBR1. The walk port
//! reads 8 bytes, so the address is that of the pair of descriptors; [`super::walker`] takes the half.

use crate::prelude::*;

/// The block.
#[derive(LogicBlock, Default)]
pub struct StartShort {
    pub va: Signal<In, Word<49>>,
    /// TTBCR.N for TTBR0, 0 for TTBR1.
    pub n: Signal<In, Word<3>>,
    /// TTBR[31:0] of the half.
    pub ttbr: Signal<In, Word<32>>,
    /// Address of the first descriptor, rounded down to 8 bytes.
    pub start: Signal<Out, Word<48>>,
    entries: Signal<Local, Word<12>>,
    index: Signal<Local, Word<12>>,
    bounds: Signal<Local, Word<32>>,
    addr: Signal<Local, Word<32>>,
}

impl Logic for StartShort {
    #[hdl_gen]
    fn update(&mut self) {
        self.entries.next = 0xfff.into();
        self.entries.next = self.entries.val() >> self.n.val();
        self.index.next = self.va.val().get_bits::<12>(20) & self.entries.val();
        self.bounds.next = (bit_cast::<32, 12>(self.entries.val()) << 2) | 3;
        self.bounds.next = self.ttbr.val() & !self.bounds.val();
        self.addr.next = self.bounds.val() | (bit_cast::<32, 12>(self.index.val()) << 2);
        self.addr.next = self.addr.val() & 0xffff_fff8_u64;
        self.start.next = bit_cast::<48, 32>(self.addr.val());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_startshort() {
        synthesis_check(StartShort::default());
    }

    #[test]
    fn verilog_agrees_startshort() {
        equivalence(StartShort::default, 2000, 1, drive!(va, n, ttbr), |_| {});
    }
}
