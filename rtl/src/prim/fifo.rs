//! `FifoReg<W>`: a FIFO whose head stands in an output register, one cycle after the push when it is empty.
//!
//! For AXI address channels and request channels: `valid` and `dout` come straight from flip-flops, and a word that is pushed into
//! an empty FIFO is at the output in the next cycle, so the register that a channel needs anyway costs no further latency.
//!
//! ```text
//!            +--------+        +------+
//!   din --+->| memory |--+---->| dout |--> dout, valid
//!   push  |  +--------+  |     +------+<-- ready
//!         +--------------+ (memory empty)
//! ```
//!
//! | port | |
//! | --- | --- |
//! | `push`, `din` | writes a word. There is no full flag: the owner counts credits, because it must know of the room two cycles ahead. More than `depth` words, the output register's included, are not kept |
//! | `valid`, `dout`, `ready` | the head; it goes where `valid` and `ready` are both high |
//!
//! The memory's write enable is always on: what stands at the write pointer is overwritten until a push moves the pointer on. So
//! `push`, which is late in an address pipe, does not drive the enables of a wide memory.
//!
//! Leaf block: a ring in a `Vec` in simulation, LUT RAM in Verilog. Reset empties it; data are left as they are.

use crate::prelude::*;

/// A FIFO of `depth` words of `W` bits (at most 128) behind an output register.
#[derive(LogicBlock)]
pub struct FifoReg<const W: usize> {
    pub clock: Signal<In, Clock>,
    /// Low: empty it.
    pub aresetn: Signal<In, Bit>,
    /// Write `din`.
    pub push: Signal<In, Bit>,
    pub din: Signal<In, Word<W>>,
    /// The consumer takes the head.
    pub ready: Signal<In, Bit>,
    /// There is a head. From a flip-flop.
    pub valid: Signal<Out, Bit>,
    /// The head. From flip-flops.
    pub dout: Signal<Out, Word<W>>,
    _mem: Vec<Word<W>>,
    _write: usize,
    _count: usize,
}

impl<const W: usize> FifoReg<W> {
    /// A FIFO that holds `depth` words, a power of two, with the one in the output register.
    pub fn new(depth: usize) -> Self {
        assert!(depth.is_power_of_two() && depth >= 2, "depth of a FIFO: a power of two");
        Self {
            clock: Signal::default(),
            aresetn: Signal::default(),
            push: Signal::default(),
            din: Signal::default(),
            ready: Signal::default(),
            valid: Signal::default(),
            dout: Signal::default(),
            _mem: vec![Word::default(); depth],
            _write: 0,
            _count: 0,
        }
    }
}

impl<const W: usize> Default for FifoReg<W> {
    fn default() -> Self {
        Self::new(16)
    }
}

impl<const W: usize> Logic for FifoReg<W> {
    fn update(&mut self) {
        if !self.clock.pos_edge() {
            return;
        }
        let depth = self._mem.len();
        let head = self._mem[self._write.wrapping_sub(self._count) % depth];
        let (push, din) = (self.push.val(), self.din.val());
        let take = self.ready.val() || !self.valid.val();
        if take {
            self.valid.next = self._count != 0 || push;
            self.dout.next = if self._count != 0 { head } else { din };
        }
        // A word goes through the memory unless the output register takes it at once.
        let store = push && !(take && self._count == 0);
        self._mem[self._write % depth] = din;
        if store {
            self._write = (self._write + 1) % depth;
        }
        let fetch = take && self._count != 0;
        self._count = (self._count + usize::from(store)).wrapping_sub(usize::from(fetch)) % (2 * depth);
        if !self.aresetn.val() {
            self.valid.next = false;
            self._count = 0;
            self._write = 0;
        }
    }

    fn connect(&mut self) {
        self.valid.connect();
        self.dout.connect();
    }

    fn hdl(&self) -> Verilog {
        let depth = self._mem.len();
        let aw = depth.trailing_zeros();
        let w = W - 1;
        Verilog::Custom(format!(
            "\
reg [{w}:0] mem [0:{last}];
reg [{aw1}:0] write;
reg [{aw}:0] count;
integer k;
wire some = |count;
wire take = ready | ~valid;
wire store = push & ~(take & ~some);
wire fetch = take & some;
wire [{aw1}:0] first = write - count[{aw1}:0];
initial begin
  valid = 1'b0;
  dout = {W}'h0;
  write = {aw}'h0;
  count = {aw2}'h0;
  for (k = 0; k < {depth}; k = k + 1) mem[k] = {W}'h0;
end
always @(posedge clock) begin
  mem[write] <= din;
  if (take) dout <= some ? mem[first] : din;
end
always @(posedge clock) begin
  if (~aresetn) begin
    valid <= 1'b0;
    write <= {aw}'h0;
    count <= {aw2}'h0;
  end else begin
    if (take) valid <= some | push;
    if (store) write <= write + {aw}'h1;
    if (store & ~fetch) count <= count + {aw2}'h1;
    if (fetch & ~store) count <= count - {aw2}'h1;
  end
end
",
            last = depth - 1,
            aw1 = aw - 1,
            aw2 = aw + 1,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes() {
        synthesis_check(FifoReg::<101>::new(16));
    }

    #[test]
    fn verilog_agrees() {
        for (seed, ready) in [(1, 1), (2, 2), (3, 3)] {
            equivalence(
                || FifoReg::<101>::new(16),
                1500,
                seed,
                drive!(clock, aresetn, push, din, ready),
                |s| s.often("ready", ready, 4), // overflow, balance, mostly empty
            );
        }
    }

    #[test]
    fn keeps_order_and_has_one_cycle_latency() {
        let mut f = FifoReg::<8>::new(4);
        f.connect_all();
        let mut step = |push: Option<u8>, ready: bool| {
            f.aresetn.next = true;
            f.push.next = push.is_some();
            f.din.next = push.unwrap_or(0).into();
            f.ready.next = ready;
            assert!(simulate(&mut f, 100));
            let seen = f.valid.val().then(|| f.dout.val().u64());
            for level in [true, false] {
                f.clock.next = level.into();
                assert!(simulate(&mut f, 100));
            }
            seen
        };
        assert_eq!(step(Some(1), false), None);
        assert_eq!(step(Some(2), false), Some(1));
        assert_eq!(step(Some(3), true), Some(1));
        assert_eq!(step(None, true), Some(2));
        assert_eq!(step(Some(4), true), Some(3));
        assert_eq!(step(None, true), Some(4));
        assert_eq!(step(None, true), None);
    }
}
