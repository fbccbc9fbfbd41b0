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
//! | `we_extended`, `windex`, `wvalid_extended` | writes whether a group is valid for 16-bit StreamIDs |
//! | `extended` | StreamIDs have 16 bits |
//!
//! With 16-bit StreamIDs (`extended`) the group is valid by a bit of its own, and `wid` and `wmask` have 16 bits each. Else they have 15,
//! and a StreamID with bit 15 set matches nothing. Hardware without them ignores `extended` and bit 15 of everything.
//!
//! Reset clears every valid bit.

use crate::prelude::*;

/// The block. `N` groups, at most 128.
#[derive(LogicBlock)]
pub struct StreamMatch<const N: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub sid: Signal<In, Word<16>>,
    pub extended: Signal<In, Bit>,
    pub hit: Signal<Out, Bit>,
    pub multi: Signal<Out, Bit>,
    pub index: Signal<Out, Word<7>>,
    pub we: Signal<In, Bit>,
    pub windex: Signal<In, Word<7>>,
    pub wvalid: Signal<In, Bit>,
    pub wid: Signal<In, Word<16>>,
    pub wmask: Signal<In, Word<16>>,
    pub we_extended: Signal<In, Bit>,
    pub wvalid_extended: Signal<In, Bit>,
    _groups: Vec<Group>,
    _has_exids: bool,
}

#[derive(Clone, Copy, Default)]
struct Group {
    valid: bool,
    extended_valid: bool,
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
            extended: Signal::default(),
            hit: Signal::default(),
            multi: Signal::default(),
            index: Signal::default(),
            we: Signal::default(),
            windex: Signal::default(),
            wvalid: Signal::default(),
            wid: Signal::default(),
            wmask: Signal::default(),
            we_extended: Signal::default(),
            wvalid_extended: Signal::default(),
            _groups: vec![Group::default(); N],
            _has_exids: false,
        }
    }
}

impl Group {
    /// Whether the group claims a StreamID of 15 bits, or of 16.
    fn claims(&self, sid: u16, extended: bool) -> bool {
        let differs = (sid ^ self.id) & !self.mask;
        if extended {
            self.extended_valid && differs == 0
        } else {
            self.valid && sid >> 15 == 0 && differs & 0x7fff == 0
        }
    }
}

impl<const N: usize> StreamMatch<N> {
    /// The block with or without 16-bit StreamIDs.
    pub fn new(has_exids: bool) -> Self {
        Self { _has_exids: has_exids, ..Self::default() }
    }
}

impl<const N: usize> Logic for StreamMatch<N> {
    fn update(&mut self) {
        if !self.clock.pos_edge() {
            return;
        }
        let bits = if self._has_exids { 0xffff } else { 0x7fff };
        let sid = self.sid.val().raw() as u16 & bits;
        let extended = self._has_exids && self.extended.val();
        let mut count = 0;
        let mut index = 0;
        for (n, g) in self._groups.iter().enumerate() {
            if g.claims(sid, extended) {
                count += 1;
                index |= n;
            }
        }
        self.hit.next = count > 0;
        self.multi.next = count > 1;
        self.index.next = index.into();
        if !self.aresetn.val() {
            for g in self._groups.iter_mut() {
                (g.valid, g.extended_valid) = (false, false);
            }
        } else if let Some(g) = self._groups.get_mut(self.windex.val().index()) {
            if self.we.val() {
                (g.valid, g.id, g.mask) = (self.wvalid.val(), self.wid.val().raw() as u16, self.wmask.val().raw() as u16);
            }
            if self.we_extended.val() {
                g.extended_valid = self.wvalid_extended.val();
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
        let top = N - 1;
        let id = if self._has_exids { 15 } else { 14 };
        let bits = id + 1;
        let mut code = format!(
            "reg [{top}:0] valid;\nreg [{id}:0] id [0:{top}];\nreg [{id}:0] mask [0:{top}];\nreg [{top}:0] matched;\ninteger k;\n"
        );
        if self._has_exids {
            code += &format!("reg [{top}:0] valid_extended;\ninitial valid_extended = {N}'h0;\n");
        }
        code += &format!("initial begin\n  valid = {N}'h0;\n  matched = {N}'h0;\n  for (k = 0; k < {N}; k = k + 1) begin id[k] = {bits}'h0; mask[k] = {bits}'h0; end\nend\n");
        code += &format!("always @(posedge clock) begin\n  for (k = 0; k < {N}; k = k + 1) begin\n");
        code += if self._has_exids {
            "    matched[k] <= (extended ? valid_extended[k] & ~((sid[15] ^ id[k][15]) & ~mask[k][15]) : valid[k] & ~sid[15]) & ~(|((sid[14:0] ^ id[k][14:0]) & ~mask[k][14:0]));\n"
        } else {
            "    matched[k] <= valid[k] & ~(|((sid[14:0] ^ id[k]) & ~mask[k]));\n"
        };
        // Outside of the loop: Verilator takes no delayed assignment to an array in a loop that it does not unroll.
        code += &format!(
            "  end\n  if (we) begin\n    valid[windex] <= wvalid;\n    id[windex] <= wid[{id}:0];\n    mask[windex] <= wmask[{id}:0];\n  end\n"
        );
        if self._has_exids {
            code += "  if (we_extended) valid_extended[windex] <= wvalid_extended;\n";
            code += &format!("  if (!aresetn) valid_extended <= {N}'h0;\n");
        }
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
    fn sixteen_bit_ids_have_a_valid_bit_of_their_own() {
        let mut block = StreamMatch::<8>::new(true);
        block.connect_all();
        block.aresetn.next = true;
        // SMR 0x8300_8300 of group 2: without extended ids valid, mask 0x0300, id 0x0300; with them mask 0x8300, id 0x8300.
        write(&mut block, 2, true, 0x8300, 0x8300);
        assert_eq!(look_up(&mut block, 0x0000), (true, false, 2));
        assert!(!look_up(&mut block, 0x8300).0, "bit 15 matches nothing");
        block.extended.next = true;
        assert!(!look_up(&mut block, 0x8300).0, "not valid yet");
        block.we_extended.next = true;
        block.wvalid_extended.next = true;
        clock_once(&mut block);
        block.we_extended.next = false;
        assert_eq!(look_up(&mut block, 0x8300), (true, false, 2));
        assert_eq!(look_up(&mut block, 0x0100), (true, false, 2), "all three bits are masked");
        assert!(!look_up(&mut block, 0x0400).0);
        write(&mut block, 2, false, 0x8300, 0x0000);
        assert!(!look_up(&mut block, 0x0300).0, "bit 15 is compared");
        assert!(look_up(&mut block, 0x8300).0, "bit 31 of SMR is a mask bit");
    }

    #[test]
    fn synthesizes_streammatch() {
        synthesis_check(StreamMatch::<8>::new(false));
        synthesis_check(StreamMatch::<8>::new(true));
    }

    #[test]
    fn verilog_agrees_streammatch() {
        for has_exids in [false, true] {
            equivalence(
                || StreamMatch::<8>::new(has_exids),
                4000,
                1,
                drive!(clock, aresetn, sid, extended, we, windex, wvalid, wid, wmask, we_extended, wvalid_extended),
                |s| {
                    s.often("we", 1, 4);
                    s.often("we_extended", 1, 4);
                    // Few distinct ids and wide masks, so that one, several and no groups match.
                    for pin in ["sid", "wid"] {
                        let value = s.random.below(8) | s.random.below(2) << 15;
                        s.set(pin, value);
                    }
                },
            );
        }
    }
}
