//! Stream match: which stream match register group (SMR) claims a StreamID.
//!
//! A leaf block: content-addressed storage of `N` groups, compared in parallel (`docs/architecture.md`, walker front).
//! Masked match as the architecture has it: group `n` matches if it is valid and `((sid ^ ID) & ~MASK) == 0`.
//!
//! | port | meaning |
//! | --- | --- |
//! | `sid` | StreamID to compare, cycle c |
//! | `hit`, `multi`, `index` | cycle c + 1: a group matched, more than one did, number of the group (OR of the numbers if several) |
//! | `we`, `windex`, `wvalid`, `wid`, `wmask` | writes a group; seen by compares of the next cycle |
//!
//! Reset clears every valid bit.

use crate::prelude::*;

/// The block. `N` groups, at most 128.
#[derive(LogicBlock)]
pub struct StreamMatch<const N: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub sid: Signal<In, Word<15>>,
    pub hit: Signal<Out, Bit>,
    pub multi: Signal<Out, Bit>,
    pub index: Signal<Out, Word<7>>,
    pub we: Signal<In, Bit>,
    pub windex: Signal<In, Word<7>>,
    pub wvalid: Signal<In, Bit>,
    pub wid: Signal<In, Word<15>>,
    pub wmask: Signal<In, Word<15>>,
    _groups: Vec<Group>,
}

#[derive(Clone, Copy, Default)]
struct Group {
    valid: bool,
    id: u16,
    mask: u16,
}

impl<const N: usize> Default for StreamMatch<N> {
    fn default() -> Self {
        assert!(N >= 1 && N <= 128, "1 to 128 stream match groups");
        Self {
            clock: Signal::default(),
            aresetn: Signal::default(),
            sid: Signal::default(),
            hit: Signal::default(),
            multi: Signal::default(),
            index: Signal::default(),
            we: Signal::default(),
            windex: Signal::default(),
            wvalid: Signal::default(),
            wid: Signal::default(),
            wmask: Signal::default(),
            _groups: vec![Group::default(); N],
        }
    }
}

impl<const N: usize> Logic for StreamMatch<N> {
    fn update(&mut self) {
        if !self.clock.pos_edge() {
            return;
        }
        let sid = self.sid.val().raw() as u16;
        let mut count = 0;
        let mut index = 0;
        for (n, g) in self._groups.iter().enumerate() {
            if g.valid && (sid ^ g.id) & !g.mask & 0x7fff == 0 {
                count += 1;
                index |= n;
            }
        }
        self.hit.next = count > 0;
        self.multi.next = count > 1;
        self.index.next = index.into();
        if !self.aresetn.val() {
            for g in self._groups.iter_mut() {
                g.valid = false;
            }
        } else if self.we.val() {
            if let Some(g) = self._groups.get_mut(self.windex.val().index()) {
                *g = Group { valid: self.wvalid.val(), id: self.wid.val().raw() as u16, mask: self.wmask.val().raw() as u16 };
            }
        }
    }

    fn connect(&mut self) {
        self.hit.connect();
        self.multi.connect();
        self.index.connect();
    }

    fn hdl(&self) -> Verilog {
        // The match vector is the register; the number is encoded from it in the next cycle, without a priority chain.
        let mut code = format!(
            "reg [{top}:0] valid;\nreg [14:0] id [0:{top}];\nreg [14:0] mask [0:{top}];\nreg [{top}:0] matched;\ninteger k;\n",
            top = N - 1
        );
        code += &format!("initial begin\n  valid = {N}'h0;\n  matched = {N}'h0;\n  for (k = 0; k < {N}; k = k + 1) begin id[k] = 15'h0; mask[k] = 15'h0; end\nend\n");
        code += &format!("always @(posedge clock) begin\n  for (k = 0; k < {N}; k = k + 1) begin\n");
        code += "    matched[k] <= valid[k] & ~(|((sid ^ id[k]) & ~mask[k]));\n";
        // Outside of the loop: Verilator takes no delayed assignment to an array in a loop that it does not unroll.
        code +=
            "  end\n  if (we) begin\n    valid[windex] <= wvalid;\n    id[windex] <= wid;\n    mask[windex] <= wmask;\n  end\n";
        code += &format!("  if (!aresetn) valid <= {N}'h0;\nend\n");
        code += &format!(
            "always @(*) begin\n  index = 7'h0;\n  hit = |matched;\n  multi = |(matched & (matched - {N}'h1));\n  for (k = 0; k < {N}; k = k + 1) index = index | ({{7{{matched[k]}}}} & k[6:0]);\nend\n"
        );
        Verilog::Custom(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    fn clock_once<const N: usize>(block: &mut StreamMatch<N>) {
        block.clock.next = Clock { clk: true };
        assert!(simulate(block, 100));
        block.clock.next = Clock { clk: false };
        assert!(simulate(block, 100));
    }

    fn write<const N: usize>(block: &mut StreamMatch<N>, index: u8, valid: bool, id: u16, mask: u16) {
        block.we.next = true;
        block.windex.next = index.into();
        block.wvalid.next = valid;
        block.wid.next = id.into();
        block.wmask.next = mask.into();
        clock_once(block);
        block.we.next = false;
    }

    fn look_up<const N: usize>(block: &mut StreamMatch<N>, sid: u16) -> (bool, bool, usize) {
        block.sid.next = sid.into();
        clock_once(block);
        (block.hit.val(), block.multi.val(), block.index.val().index())
    }

    #[test]
    fn masked_match_no_match_and_multiple_match() {
        let mut block = StreamMatch::<8>::default();
        block.connect_all();
        block.aresetn.next = false;
        clock_once(&mut block);
        block.aresetn.next = true;
        assert_eq!(look_up(&mut block, 0), (false, false, 0));
        write(&mut block, 3, true, 0x300, 0x00f);
        write(&mut block, 5, true, 0x30f, 0x000);
        assert_eq!(look_up(&mut block, 0x305), (true, false, 3));
        assert_eq!(look_up(&mut block, 0x310), (false, false, 0));
        let (hit, multi, _) = look_up(&mut block, 0x30f);
        assert!(hit && multi);
        write(&mut block, 5, false, 0x30f, 0x000);
        assert_eq!(look_up(&mut block, 0x30f), (true, false, 3));
    }

    #[test]
    fn synthesizes_streammatch() {
        synthesis_check(StreamMatch::<8>::default());
    }

    #[test]
    fn verilog_agrees_streammatch() {
        equivalence(StreamMatch::<8>::default, 4000, 1, drive!(clock, aresetn, sid, we, windex, wvalid, wid, wmask), |s| {
            s.often("we", 1, 4);
            // Few distinct ids and wide masks, so that one, several and no groups match.
            for pin in ["sid", "wid"] {
                s.below(pin, 8);
            }
        });
    }
}
