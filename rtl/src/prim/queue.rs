//! Queue with a registered output: first in, first out, one word in and one word out a cycle.
//!
//! | port | meaning |
//! | --- | --- |
//! | `push`, `din` | appends a word; the caller knows that there is room |
//! | `valid`, `dout` | the oldest word, from a register: a word pushed into an empty queue stands here in the next cycle |
//! | `pop` | takes `dout` (only with `valid`) |
//!
//! Room for `2^AW` words behind the output register. Reset empties it.

use crate::prelude::*;
use std::collections::VecDeque;

/// The block.
#[derive(LogicBlock)]
pub struct Queue<const AW: usize, const DW: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub push: Signal<In, Bit>,
    pub din: Signal<In, Word<DW>>,
    pub pop: Signal<In, Bit>,
    pub valid: Signal<Out, Bit>,
    pub dout: Signal<Out, Word<DW>>,
    _words: VecDeque<Word<DW>>,
    _valid: bool,
}

impl<const AW: usize, const DW: usize> Default for Queue<AW, DW> {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            aresetn: Signal::default(),
            push: Signal::default(),
            din: Signal::default(),
            pop: Signal::default(),
            valid: Signal::default(),
            dout: Signal::default(),
            _words: VecDeque::with_capacity(1 << AW),
            _valid: false,
        }
    }
}

impl<const AW: usize, const DW: usize> Logic for Queue<AW, DW> {
    fn update(&mut self) {
        if !self.clock.pos_edge() {
            return;
        }
        let push = self.push.val();
        if !self.aresetn.val() {
            self._words.clear();
            self._valid = false;
        } else if !self._valid || self.pop.val() {
            if let Some(word) = self._words.pop_front() {
                self.dout.next = word;
                self._valid = true;
                if push {
                    self._words.push_back(self.din.val());
                }
            } else {
                self._valid = push;
                if push {
                    self.dout.next = self.din.val();
                }
            }
        } else if push && self._words.len() < 1 << AW {
            self._words.push_back(self.din.val());
        }
        self.valid.next = self._valid;
    }

    fn connect(&mut self) {
        self.valid.connect();
        self.dout.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "\
reg [{dtop}:0] mem [0:{mtop}];
reg [{atop}:0] rd;
reg [{atop}:0] wr;
reg [{AW}:0] count;
wire move = !valid | pop;
wire store = push & ((count != 0) | !move) & ((count != {words}) | move);
integer k;
initial begin
  for (k = 0; k < {words}; k = k + 1) mem[k] = {DW}'h0;
  rd = 0;
  wr = 0;
  count = 0;
  valid = 1'b0;
  dout = {DW}'h0;
end
always @(posedge clock) begin
  if (store) mem[wr] <= din;
  if (!aresetn) begin
    rd <= 0;
    wr <= 0;
    count <= 0;
    valid <= 1'b0;
  end else begin
    if (store) wr <= wr + 1;
    if (move) begin
      valid <= (count != 0) | push;
      if (count != 0) begin
        dout <= mem[rd];
        rd <= rd + 1;
      end else if (push) dout <= din;
    end
    if (store & !(move & (count != 0))) count <= count + 1;
    if (!store & move & (count != 0)) count <= count - 1;
  end
end
",
            dtop = DW - 1,
            mtop = (1usize << AW) - 1,
            atop = AW - 1,
            words = 1usize << AW,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes_queue() {
        synthesis_check(Queue::<2, 40>::default());
    }

    #[test]
    fn verilog_agrees_queue() {
        equivalence(Queue::<2, 40>::default, 4000, 1, drive!(clock, aresetn, push, din, pop), |s| {
            s.often("push", 1, 2);
        });
    }
}
