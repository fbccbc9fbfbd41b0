//! Memories. Leaf blocks: a `Vec` in simulation, an array that synthesis maps to block RAM or LUT RAM in Verilog.
//!
//! | block | ports | read | for |
//! | --- | --- | --- | --- |
//! | [`RamSync`] | 1 write, 1 read | data in the cycle after the address; a word written in the same cycle reads as before | TLB tags and data |
//! | [`RamAsync`] | 1 write, 1 read | data in the same cycle | walk rows |
//! | [`RamAsync2`] | 1 write, 2 reads | data in the same cycle | payloads with two readers |
//!
//! What Yosys 0.70 makes of them for an ECP5 of speed grade 6, and what that means for the logic around:
//!
//! | block | becomes | timing |
//! | --- | --- | --- |
//! | [`RamSync`], 256 x 64 | 2 block RAMs (DP16KD, 36 bits wide each) and some 15 LUTs | data 5.6 to 5.8 ns after the clock edge, wires not counted: at 90 MHz two or three levels of logic are left, so register what more than a comparison needs |
//! | [`RamSync`], up to some 32 words | LUT RAM with output registers | data as from a flip-flop |
//! | [`RamAsync`], 16 x 80 | 20 LUT RAMs (16 x 4 bits, 4 LUTs each) | 0.24 ns and the wires, as one level of logic |
//! | [`RamAsync2`], 16 x 40 | 20 LUT RAMs: a copy for each read port | as `RamAsync` |
//!
//! All words are zero at power-up; reset does not touch them. `AW` address bits give `2^AW` words of `DW` bits (at most 128).

use crate::prelude::*;

fn declare_memory<const AW: usize, const DW: usize>() -> String {
    format!(
        "reg [{}:0] mem [0:{}];\ninteger k;\ninitial for (k = 0; k < {}; k = k + 1) mem[k] = {}'h0;\nalways @(posedge clock) if (we) mem[waddr] <= wdata;\n",
        DW - 1,
        (1usize << AW) - 1,
        1usize << AW,
        DW
    )
}

/// One write port, one read port with a registered output.
#[derive(LogicBlock)]
pub struct RamSync<const AW: usize, const DW: usize> {
    pub clock: Signal<In, Clock>,
    /// Write enable.
    pub we: Signal<In, Bit>,
    /// Write address.
    pub waddr: Signal<In, Word<AW>>,
    /// Write data.
    pub wdata: Signal<In, Word<DW>>,
    /// Read address.
    pub raddr: Signal<In, Word<AW>>,
    /// The word at `raddr` of the cycle before.
    pub rdata: Signal<Out, Word<DW>>,
    _mem: Vec<Word<DW>>,
}

/// One write port, one combinational read port.
#[derive(LogicBlock)]
pub struct RamAsync<const AW: usize, const DW: usize> {
    pub clock: Signal<In, Clock>,
    /// Write enable.
    pub we: Signal<In, Bit>,
    /// Write address.
    pub waddr: Signal<In, Word<AW>>,
    /// Write data.
    pub wdata: Signal<In, Word<DW>>,
    /// Read address.
    pub raddr: Signal<In, Word<AW>>,
    /// The word at `raddr`.
    pub rdata: Signal<Out, Word<DW>>,
    _mem: Vec<Word<DW>>,
}

/// One write port, two combinational read ports.
#[derive(LogicBlock)]
pub struct RamAsync2<const AW: usize, const DW: usize> {
    pub clock: Signal<In, Clock>,
    /// Write enable.
    pub we: Signal<In, Bit>,
    /// Write address.
    pub waddr: Signal<In, Word<AW>>,
    /// Write data.
    pub wdata: Signal<In, Word<DW>>,
    /// First read address.
    pub raddr: Signal<In, Word<AW>>,
    /// The word at `raddr`.
    pub rdata: Signal<Out, Word<DW>>,
    /// Second read address.
    pub raddr2: Signal<In, Word<AW>>,
    /// The word at `raddr2`.
    pub rdata2: Signal<Out, Word<DW>>,
    _mem: Vec<Word<DW>>,
}

macro_rules! default_with_memory {
    ($name:ident { $($signal:ident),+ }) => {
        impl<const AW: usize, const DW: usize> Default for $name<AW, DW> {
            fn default() -> Self {
                Self { $($signal: Signal::default(),)+ _mem: vec![Word::default(); 1 << AW] }
            }
        }
    };
}
default_with_memory!(RamSync { clock, we, waddr, wdata, raddr, rdata });
default_with_memory!(RamAsync { clock, we, waddr, wdata, raddr, rdata });
default_with_memory!(RamAsync2 { clock, we, waddr, wdata, raddr, rdata, raddr2, rdata2 });

impl<const AW: usize, const DW: usize> Logic for RamSync<AW, DW> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.rdata.next = self._mem[self.raddr.val().index()];
            if self.we.val() {
                self._mem[self.waddr.val().index()] = self.wdata.val();
            }
        }
    }

    fn connect(&mut self) {
        self.rdata.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "{}initial rdata = {DW}'h0;\nalways @(posedge clock) rdata <= mem[raddr];\n",
            declare_memory::<AW, DW>()
        ))
    }
}

impl<const AW: usize, const DW: usize> Logic for RamAsync<AW, DW> {
    fn update(&mut self) {
        if self.clock.pos_edge() && self.we.val() {
            self._mem[self.waddr.val().index()] = self.wdata.val();
        }
        self.rdata.next = self._mem[self.raddr.val().index()];
    }

    fn connect(&mut self) {
        self.rdata.connect();
    }

    fn hdl(&self) -> Verilog {
        // A wrapper makes the outputs nets, so that the read is a continuous assignment that sees every write.
        Verilog::Wrapper(Wrapper {
            code: format!("{}assign rdata = mem[raddr];\n", declare_memory::<AW, DW>()),
            cores: String::new(),
        })
    }
}

impl<const AW: usize, const DW: usize> Logic for RamAsync2<AW, DW> {
    fn update(&mut self) {
        if self.clock.pos_edge() && self.we.val() {
            self._mem[self.waddr.val().index()] = self.wdata.val();
        }
        self.rdata.next = self._mem[self.raddr.val().index()];
        self.rdata2.next = self._mem[self.raddr2.val().index()];
    }

    fn connect(&mut self) {
        self.rdata.connect();
        self.rdata2.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Wrapper(Wrapper {
            code: format!("{}assign rdata = mem[raddr];\nassign rdata2 = mem[raddr2];\n", declare_memory::<AW, DW>()),
            cores: String::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_ramsync() {
        synthesis_check(RamSync::<3, 50>::default());
    }

    #[test]
    fn verilog_agrees_ramsync() {
        equivalence(RamSync::<3, 50>::default, 2000, 1, drive!(clock, we, waddr, wdata, raddr), |s| {
            s.often("we", 1, 2);
        });
    }

    #[test]
    fn synthesizes_ramasync() {
        synthesis_check(RamAsync::<3, 50>::default());
    }

    #[test]
    fn verilog_agrees_ramasync() {
        equivalence(RamAsync::<3, 50>::default, 2000, 1, drive!(clock, we, waddr, wdata, raddr), |s| {
            s.often("we", 1, 2);
        });
    }

    #[test]
    fn synthesizes_ramasync2() {
        synthesis_check(RamAsync2::<3, 50>::default());
    }

    #[test]
    fn verilog_agrees_ramasync2() {
        equivalence(RamAsync2::<3, 50>::default, 2000, 1, drive!(clock, we, waddr, wdata, raddr, raddr2), |s| {
            s.often("we", 1, 2);
        });
    }
}
