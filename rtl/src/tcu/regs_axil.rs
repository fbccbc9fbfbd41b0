//! AXI4-Lite end of the register port: turns the five channels into one access at a time.
//!
//! Write address, write data and read address are each kept in a register, so all ready outputs come from flip-flops. An access
//! starts when its channels are filled and its response register is free; reads and writes alternate when both wait. A response
//! that the master does not take holds back only the next access of its own direction.
//!
//! Timing: the address taken in cycle 0 shows as `access` in cycle 2. The response is valid in the cycle after `access_done`.

use crate::axi::{LiteAddrIn, LiteReadOut, LiteRespOut, LiteWriteIn};
use crate::prelude::*;

/// The block. `RAW` register address bits.
#[derive(LogicBlock, Default)]
pub struct RegsAxil<const RAW: usize> {
    pub clock: Signal<In, Clock>,
    pub aresetn: Signal<In, Bit>,
    pub aw: LiteAddrIn<RAW>,
    pub w: LiteWriteIn,
    pub b: LiteRespOut,
    pub ar: LiteAddrIn<RAW>,
    pub r: LiteReadOut,
    /// An access is to be done; the other `access_*` outputs stand until `access_done`.
    pub access: Signal<Out, Bit>,
    pub access_write: Signal<Out, Bit>,
    pub access_addr: Signal<Out, Word<RAW>>,
    pub access_data: Signal<Out, Word<64>>,
    pub access_strb: Signal<Out, Word<8>>,
    /// One cycle: the access is done.
    pub access_done: Signal<In, Bit>,
    /// The 64-bit word that was read.
    pub access_value: Signal<In, Word<64>>,
    aw_full: DFF<Bit>,
    aw_addr: DFF<Word<RAW>>,
    w_full: DFF<Bit>,
    w_data: DFF<Word<64>>,
    w_strb: DFF<Word<8>>,
    ar_full: DFF<Bit>,
    ar_addr: DFF<Word<RAW>>,
    b_valid: DFF<Bit>,
    r_valid: DFF<Bit>,
    r_data: DFF<Word<64>>,
    busy: DFF<Bit>,
    is_write: DFF<Bit>,
    addr: DFF<Word<RAW>>,
    write_ready: Signal<Local, Bit>,
    read_ready: Signal<Local, Bit>,
    pick_write: Signal<Local, Bit>,
}

impl<const RAW: usize> Logic for RegsAxil<RAW> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, aw_full, aw_addr, w_full, w_data, w_strb, ar_full, ar_addr, b_valid, r_valid, r_data, busy, is_write,
            addr
        );

        self.aw.ready.next = !self.aw_full.q.val();
        self.w.ready.next = !self.w_full.q.val();
        self.ar.ready.next = !self.ar_full.q.val();
        self.b.valid.next = self.b_valid.q.val();
        self.b.resp.next = 0.into();
        self.r.valid.next = self.r_valid.q.val();
        self.r.data.next = self.r_data.q.val();
        self.r.resp.next = 0.into();

        // Fill the address and data registers.
        if self.aw.valid.val() & !self.aw_full.q.val() {
            self.aw_full.d.next = true;
            self.aw_addr.d.next = self.aw.addr.val();
        }
        if self.w.valid.val() & !self.w_full.q.val() {
            self.w_full.d.next = true;
            self.w_data.d.next = self.w.data.val();
            self.w_strb.d.next = self.w.strb.val();
        }
        if self.ar.valid.val() & !self.ar_full.q.val() {
            self.ar_full.d.next = true;
            self.ar_addr.d.next = self.ar.addr.val();
        }

        // Responses that are taken.
        if self.b.ready.val() {
            self.b_valid.d.next = false;
        }
        if self.r.ready.val() {
            self.r_valid.d.next = false;
        }

        // One access at a time; the direction that was not served last goes first.
        self.write_ready.next = self.aw_full.q.val() & self.w_full.q.val() & !self.b_valid.q.val();
        self.read_ready.next = self.ar_full.q.val() & !self.r_valid.q.val();
        self.pick_write.next = self.write_ready.val() & (!self.read_ready.val() | !self.is_write.q.val());
        self.access.next = self.busy.q.val();
        self.access_write.next = self.is_write.q.val();
        self.access_addr.next = self.addr.q.val();
        self.access_data.next = self.w_data.q.val();
        self.access_strb.next = self.w_strb.q.val();
        if !self.busy.q.val() & (self.write_ready.val() | self.read_ready.val()) {
            self.busy.d.next = true;
            self.is_write.d.next = self.pick_write.val();
            self.addr.d.next = self.ar_addr.q.val();
            if self.pick_write.val() {
                self.addr.d.next = self.aw_addr.q.val();
            }
        }
        if self.busy.q.val() & self.access_done.val() {
            self.busy.d.next = false;
            if self.is_write.q.val() {
                self.aw_full.d.next = false;
                self.w_full.d.next = false;
                self.b_valid.d.next = true;
            } else {
                self.ar_full.d.next = false;
                self.r_valid.d.next = true;
                self.r_data.d.next = self.access_value.val();
            }
        }

        if !self.aresetn.val() {
            self.aw_full.d.next = false;
            self.w_full.d.next = false;
            self.ar_full.d.next = false;
            self.b_valid.d.next = false;
            self.r_valid.d.next = false;
            self.busy.d.next = false;
            self.is_write.d.next = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    type Uut = RegsAxil<17>;

    fn cycle(uut: &mut Uut) {
        for level in [false, true] {
            uut.clock.next = Clock { clk: level };
            assert!(simulate(uut, 100));
        }
    }

    fn reset() -> Uut {
        let mut uut = Uut::default();
        uut.connect_all();
        uut.aresetn.next = false;
        cycle(&mut uut);
        uut.aresetn.next = true;
        uut
    }

    #[test]
    fn a_write_starts_when_both_channels_came_in_either_order() {
        for data_first in [false, true] {
            let mut uut = reset();
            for step in 0..2 {
                let data = (step == 0) == data_first;
                uut.w.valid.next = data;
                uut.w.data.next = 0x1122_3344_5566_7788u64.into();
                uut.w.strb.next = 0xF0u64.into();
                uut.aw.valid.next = !data;
                uut.aw.addr.next = 0x1_2058u64.into();
                cycle(&mut uut);
                assert!(!uut.access.val(), "not before both are there");
            }
            uut.aw.valid.next = false;
            uut.w.valid.next = false;
            cycle(&mut uut);
            assert!(uut.access.val() && uut.access_write.val());
            assert_eq!(uut.access_addr.val(), 0x1_2058);
            assert_eq!(uut.access_data.val(), 0x1122_3344_5566_7788);
            assert_eq!(uut.access_strb.val(), 0xF0);
            assert!(!uut.aw.ready.val() && !uut.w.ready.val() && !uut.b.valid.val());
            uut.access_done.next = true;
            cycle(&mut uut);
            assert!(uut.b.valid.val() && !uut.access.val() && uut.b.resp.val() == 0);
            uut.access_done.next = false;
            uut.b.ready.next = true;
            cycle(&mut uut);
            assert!(!uut.b.valid.val() && uut.aw.ready.val() && uut.w.ready.val());
        }
    }

    #[test]
    fn a_response_that_is_not_taken_does_not_hold_back_the_other_direction() {
        let mut uut = reset();
        uut.access_done.next = true;
        uut.aw.valid.next = true;
        uut.w.valid.next = true;
        uut.ar.valid.next = true;
        uut.access_value.next = 0xABCDu64.into();
        let mut reads = 0;
        uut.r.ready.next = true;
        for _ in 0..60 {
            cycle(&mut uut);
            reads += usize::from(uut.r.valid.val());
        }
        assert!(uut.b.valid.val(), "one write is done and waits for the master");
        assert!(reads > 10, "reads go on: {reads}");
        assert_eq!(uut.r.data.val(), 0xABCD);
    }

    #[test]
    fn directions_alternate() {
        let mut uut = reset();
        uut.aw.valid.next = true;
        uut.w.valid.next = true;
        uut.ar.valid.next = true;
        uut.b.ready.next = true;
        uut.r.ready.next = true;
        let mut order = vec![];
        for _ in 0..80 {
            uut.access_done.next = false;
            if uut.access.val() {
                order.push(uut.access_write.val());
                uut.access_done.next = true;
            }
            cycle(&mut uut);
        }
        assert!(order.len() > 10);
        assert!(order.windows(2).all(|w| w[0] != w[1]), "{order:?}");
    }

    #[test]
    fn synthesizes() {
        synthesis_check(Uut::default());
    }

    #[test]
    fn verilog_agrees() {
        equivalence(Uut::default, 3000, 11, drive!(clock, aresetn, aw, w, b, ar, r, access_done, access_value), |s| {
            s.often("access_done", 1, 4);
        });
    }
}
