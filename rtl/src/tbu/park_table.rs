//! `ParkTable<Q>`: what is compared among parked transactions: pages, ids, who waits for whom.
//!
//! The storage half of [`super::addr_pipe`]'s miss queue. It knows no states; the pipe's kernel has those, and masks what this
//! block answers.
//!
//! | what | per entry | answers |
//! | --- | --- | --- |
//! | page | 6 bits of the StreamID, VA 29:12 | `same_page`: may be the page of the transaction in the select stage |
//! | id | AXI id | `same_id`: equal to the id of the transaction in the select stage |
//! | dependencies | one bit for each other entry: it is older and must leave first | `dep_none`: no bit left; `dep_flying`: only bits of entries in `flying` |
//! | peer | one bit for each other entry: its answer is waited for | `woken`: the entry's peer was answered in the cycle before |
//!
//! Only part of a page's name is compared, because a wrong "same" costs nothing but time: the transaction waits for an answer that
//! does not help it, looks up again, and asks for itself.
//!
//! Where writes can be held ([`super::held`]), entries whose data is in the store are *loose*: those of other ids do not wait for them
//! (`loosened`: an entry becomes loose), and `dep_loose` says that an entry waits for loose ones only.
//!
//! # Timing
//!
//! `key_*` of the look-up stage (cycle 0) are compared as they come, with what the entries hold one cycle later; `same_*` come from
//! flip-flops and hold for the select stage (cycle 1), which has little time left. `place`, `sleep`,
//! `leave` and `answer` of a cycle show in the next one. A dependency on an entry that leaves in the cycle of writing is not
//! recorded, and an answer that arrives in the cycle in which an entry begins to wait for it wakes it: no event is lost between
//! two cycles.
//!
//! Peer bits of entries that do not wait mean nothing: the kernel only looks at `woken` of entries that wait, and the row is written
//! when waiting begins.
//!
//! Leaf block (content-addressable memory and bit matrices). Reset leaves it as it is: all answers are masked by valid bits of the
//! kernel, and rows are written before they are looked at.

use crate::prelude::*;
use std::fmt::Write;

/// The table for `Q` parked transactions (2 to 16).
#[derive(LogicBlock)]
pub struct ParkTable<const Q: usize> {
    pub clock: Signal<In, Clock>,
    /// Look-up stage: StreamID 5:0, VA 29:12, id.
    pub key_sid: Signal<In, Word<6>>,
    pub key_vpn: Signal<In, Word<18>>,
    pub key_id: Signal<In, Word<8>>,
    /// One-hot: a free entry, where the transaction of the select stage is written. (Whether it is parked is decided later.)
    pub place: Signal<In, Word<Q>>,
    /// Older entries that must leave before that one.
    pub place_dep: Signal<In, Word<Q>>,
    /// Entries that leave in this cycle.
    pub leave: Signal<In, Word<Q>>,
    /// One-hot: should this entry begin to wait ..
    pub sleep: Signal<In, Word<Q>>,
    /// .. it is for the answer to this one.
    pub sleep_on: Signal<In, Word<Q>>,
    /// One-hot: this entry's answer is here.
    pub answer: Signal<In, Word<Q>>,
    /// Entries that are on their way through the pipe again.
    pub flying: Signal<In, Word<Q>>,
    pub same_page: Signal<Out, Word<Q>>,
    pub same_id: Signal<Out, Word<Q>>,
    pub dep_none: Signal<Out, Word<Q>>,
    pub dep_flying: Signal<Out, Word<Q>>,
    pub woken: Signal<Out, Word<Q>>,
    /// Loose entries, and the one that becomes loose in this cycle.
    pub loose: Signal<In, Word<Q>>,
    pub loosened: Signal<In, Word<Q>>,
    /// No bit left but of loose entries.
    pub dep_loose: Signal<Out, Word<Q>>,
    _loosens: bool,
    _key: (u64, u64, u64),
    _entry: [(u64, u64, u64); Q],
    _dep: [u64; Q],
    _peer: [u64; Q],
    _stale: bool,
}

impl<const Q: usize> Default for ParkTable<Q> {
    fn default() -> Self {
        assert!((2..=16).contains(&Q), "parked transactions");
        Self {
            clock: Signal::default(),
            key_sid: Signal::default(),
            key_vpn: Signal::default(),
            key_id: Signal::default(),
            place: Signal::default(),
            place_dep: Signal::default(),
            leave: Signal::default(),
            sleep: Signal::default(),
            sleep_on: Signal::default(),
            answer: Signal::default(),
            flying: Signal::default(),
            same_page: Signal::default(),
            same_id: Signal::default(),
            dep_none: Signal::default(),
            dep_flying: Signal::default(),
            woken: Signal::default(),
            loose: Signal::default(),
            loosened: Signal::default(),
            dep_loose: Signal::default(),
            _loosens: false,
            _key: (0, 0, 0),
            _entry: [(0, 0, 0); Q],
            _dep: [0; Q],
            _peer: [0; Q],
            _stale: true,
        }
    }
}

impl<const Q: usize> ParkTable<Q> {
    /// The table of a channel whose entries can become loose.
    pub fn with_loose_entries() -> Self {
        Self { _loosens: true, ..Self::default() }
    }
}

/// The word whose bit i is `bit(i)`.
fn vector<const Q: usize>(bit: impl Fn(usize) -> bool) -> Word<Q> {
    (0..Q).fold(0u64, |word, i| word | (u64::from(bit(i)) << i)).into()
}

impl<const Q: usize> Logic for ParkTable<Q> {
    fn update(&mut self) {
        let flying = self.flying.val().u64();
        if self.clock.pos_edge() {
            let (place, place_dep) = (self.place.val().u64(), self.place_dep.val().u64());
            let (sleep, sleep_on) = (self.sleep.val().u64(), self.sleep_on.val().u64());
            let (leave, answer) = (self.leave.val().u64(), self.answer.val().u64());
            let loosened = if self._loosens { self.loosened.val().u64() } else { 0 };
            let ids = self._entry.map(|entry| entry.2);
            for i in 0..Q {
                let here = |word: u64| (word >> i) & 1 == 1;
                if here(place) {
                    self._entry[i] = self._key;
                    self._dep[i] = place_dep;
                }
                let passable = (0..Q).filter(|&j| (loosened >> j) & 1 == 1 && ids[j] != ids[i]).fold(0, |all, j| all | 1 << j);
                self._dep[i] &= !leave & if here(place) { u64::MAX } else { !passable };
                if here(sleep) {
                    self._peer[i] = sleep_on;
                }
            }
            self.woken.next = vector(|i| self._peer[i] & answer != 0);
            self._key = (self.key_sid.val().u64(), self.key_vpn.val().u64(), self.key_id.val().u64());
            self._stale = true;
        }
        // Comparisons follow registers only, so they are made once an edge.
        if self._stale {
            self._stale = false;
            let (sid, vpn, id) = self._key;
            self.same_page.next = vector(|i| (self._entry[i].0, self._entry[i].1) == (sid, vpn));
            self.same_id.next = vector(|i| self._entry[i].2 == id);
            self.dep_none.next = vector(|i| self._dep[i] == 0);
        }
        self.dep_flying.next = vector(|i| self._dep[i] & !flying == 0);
        let loose = if self._loosens { self.loose.val().u64() } else { 0 };
        self.dep_loose.next = if self._loosens { vector(|i| self._dep[i] & !loose == 0) } else { 0u64.into() };
    }

    fn connect(&mut self) {
        self.same_page.connect();
        self.same_id.connect();
        self.dep_none.connect();
        self.dep_flying.connect();
        self.woken.connect();
        self.dep_loose.connect();
    }

    fn hdl(&self) -> Verilog {
        let top = Q - 1;
        let mut v = format!(
            "reg [5:0] sid;\nreg [17:0] vpn;\nreg [7:0] id;\ninitial begin\n  sid = 6'h0;\n  vpn = 18'h0;\n  id = 8'h0;\nend\n\
             always @(posedge clock) begin\n  sid <= key_sid;\n  vpn <= key_vpn;\n  id <= key_id;\nend\n\
             wire page_again = (sid == key_sid) & (vpn == key_vpn);\nwire id_again = id == key_id;\n\
             wire [{top}:0] woken_next;\nreg [{top}:0] woken_r;\ninitial woken_r = {Q}'h0;\n\
             always @(posedge clock) woken_r <= woken_next;\nassign woken = woken_r;\n"
        );
        if !self._loosens {
            let _ = writeln!(v, "assign dep_loose = {Q}'h0;");
        }
        for i in 0..Q {
            let mut kept = format!("(place[{i}] ? place_dep : dep_{i})");
            if self._loosens {
                let _ = writeln!(v, "wire [{top}:0] passable_{i};");
                kept = format!("(place[{i}] ? place_dep : dep_{i} & ~passable_{i})");
            }
            let _ = writeln!(
                v,
                "\
reg [5:0] sid_{i};
reg [17:0] vpn_{i};
reg [7:0] id_{i};
reg [{top}:0] dep_{i}, peer_{i};
wire [{top}:0] waits_{i} = sleep[{i}] ? sleep_on : peer_{i};
initial begin
  sid_{i} = 6'h0;
  vpn_{i} = 18'h0;
  id_{i} = 8'h0;
  dep_{i} = {Q}'h0;
  peer_{i} = {Q}'h0;
end
reg same_page_{i}, same_id_{i};
initial begin
  same_page_{i} = 1'b1;
  same_id_{i} = 1'b1;
end
always @(posedge clock) begin
  if (place[{i}]) begin
    sid_{i} <= sid;
    vpn_{i} <= vpn;
    id_{i} <= id;
  end
  same_page_{i} <= place[{i}] ? page_again : (sid_{i} == key_sid) & (vpn_{i} == key_vpn);
  same_id_{i} <= place[{i}] ? id_again : id_{i} == key_id;
  dep_{i} <= {kept} & ~leave;
  peer_{i} <= waits_{i};
end
assign woken_next[{i}] = |(waits_{i} & answer);
assign same_page[{i}] = same_page_{i};
assign same_id[{i}] = same_id_{i};
assign dep_none[{i}] = ~|dep_{i};
assign dep_flying[{i}] = ~|(dep_{i} & ~flying);"
            );
        }
        for i in (0..Q).filter(|_| self._loosens) {
            let other = (0..Q).rev().map(|j| if i == j { "1'b0".to_string() } else { format!("id_{i} != id_{j}") });
            let other = other.collect::<Vec<_>>().join(", ");
            let _ = writeln!(v, "assign passable_{i} = loosened & {{{other}}};\nassign dep_loose[{i}] = ~|(dep_{i} & ~loose);");
        }
        Verilog::Wrapper(Wrapper { code: v, cores: String::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check, Stimulus};

    #[test]
    fn synthesizes() {
        synthesis_check(ParkTable::<4>::default());
        synthesis_check(ParkTable::<16>::default());
        synthesis_check(ParkTable::<4>::with_loose_entries());
    }

    #[test]
    fn verilog_agrees() {
        let close = |s: &mut Stimulus| {
            // Few pages and ids, so that comparisons come true often.
            s.below("key_sid", 2);
            s.below("key_vpn", 3);
            s.below("key_id", 3);
        };
        macro_rules! pins {
            () => {
                drive!(clock, key_sid, key_vpn, key_id, place, place_dep, leave, sleep, sleep_on, answer, flying, loose, loosened)
            };
        }
        equivalence(ParkTable::<4>::default, 2000, 1, pins!(), close);
        equivalence(ParkTable::<16>::default, 1000, 2, pins!(), close);
        equivalence(ParkTable::<4>::with_loose_entries, 2000, 3, pins!(), close);
    }
}
