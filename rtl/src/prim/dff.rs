//! The flip-flop. RustHDL has one of the same shape and the same Verilog; this one takes part in the quick step ([`crate::quick`]).

use crate::prelude::*;

/// `q` is `d` as it stood before the last rising edge; it starts with the default value of its type. No reset.
#[derive(LogicBlock, Clone, Debug)]
pub struct DFF<T: Synth> {
    pub d: Signal<In, T>,
    pub q: Signal<Out, T>,
    pub clock: Signal<In, Clock>,
}

impl<T: Synth> Default for DFF<T> {
    fn default() -> Self {
        Self { d: Signal::default(), q: Signal::default(), clock: Signal::default() }
    }
}

impl<T: Synth> Logic for DFF<T> {
    #[inline]
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.q.next = self.d.val();
        }
    }

    fn connect(&mut self) {
        self.q.connect();
    }

    fn hdl(&self) -> Verilog {
        let start = T::default().verilog();
        Verilog::Custom(format!("initial begin\n   q = {start:x};\nend\nalways @(posedge clock) begin\n   q <= d;\nend\n"))
    }

    fn timing(&self) -> Vec<TimingInfo> {
        vec![TimingInfo { name: "dff".into(), clock: "clock".into(), inputs: vec!["d".into()], outputs: vec!["q".into()] }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    /// A flip-flop with something around it.
    #[derive(LogicBlock, Default)]
    struct Holds {
        clock: Signal<In, Clock>,
        d: Signal<In, Word<70>>,
        q: Signal<Out, Word<70>>,
        held: DFF<Word<70>>,
    }

    impl Logic for Holds {
        #[hdl_gen]
        fn update(&mut self) {
            self.held.clock.next = self.clock.val();
            self.held.d.next = self.d.val();
            self.q.next = self.held.q.val();
        }
    }

    #[test]
    fn synthesizes_dff() {
        synthesis_check(Holds::default());
    }

    #[test]
    fn verilog_agrees_dff() {
        equivalence(Holds::default, 500, 1, drive!(clock, d), |_| {});
    }
}
