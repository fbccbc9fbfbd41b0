//! `Credits`: may the address pipe accept a transaction in the next cycle?
//!
//! Everything that is accepted takes a place in the miss queue and a place in the output FIFO, and gives them back as it leaves:
//! the queue's when it goes into the output FIFO, the FIFO's when downstream takes it, both when it was refused and answered.
//! So whatever happens to it on the way, there is room, and nothing in the pipe ever stalls.
//!
//! `ready` is a flip-flop. Places come back one cycle late, which keeps the hit decision off its path: full speed needs 3 free
//! queue places and 5 free output places.

use crate::prelude::*;
use crate::prim::strap::Strap;

/// The two credit counters (at most 63 places each).
#[derive(LogicBlock, Default)]
pub struct Credits {
    pub clock: Signal<In, Clock>,
    /// Low: all places are free.
    pub aresetn: Signal<In, Bit>,
    /// Accepting is allowed in this cycle.
    pub ready: Signal<Out, Bit>,
    /// One is accepted in this cycle.
    pub take: Signal<In, Bit>,
    /// One went into the output FIFO.
    pub left: Signal<In, Bit>,
    /// One left the output FIFO.
    pub popped: Signal<In, Bit>,
    /// One that was refused is done with.
    pub refused: Signal<In, Bit>,
    /// Do not accept in the next cycle.
    pub pause: Signal<In, Bit>,
    /// No place in the miss queue is free.
    pub full: Signal<Out, Bit>,
    queue_places: Strap<Word<6>>,
    out_places: Strap<Word<6>>,
    ready_q: DFF<Bit>,
    queue: DFF<Word<6>>,
    outs: DFF<Word<6>>,
    left_q: DFF<Bit>,
    popped_q: DFF<Bit>,
    refused_q: DFF<Bit>,
    l_queue_gain: Signal<Local, Word<6>>,
    l_out_gain: Signal<Local, Word<6>>,
    l_queue: Signal<Local, Word<6>>,
    l_outs: Signal<Local, Word<6>>,
    l_queue_more: Signal<Local, Word<5>>,
    l_outs_more: Signal<Local, Word<5>>,
    l_room: Signal<Local, Bit>,
}

impl Credits {
    /// With so many places in the miss queue and in the output FIFO.
    pub fn new(queue_places: usize, out_places: usize) -> Self {
        assert!(queue_places < 64 && out_places < 64, "places");
        Self { queue_places: Strap::new(queue_places), out_places: Strap::new(out_places), ..Self::default() }
    }
}

impl Logic for Credits {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, ready_q, queue, outs, left_q, popped_q, refused_q);
        self.ready.next = self.ready_q.q.val();
        self.full.next = !self.queue.q.val().any();

        // What comes back is registered as it is, because the hit decision comes late, and counted in the next cycle.
        self.left_q.d.next = self.left.val();
        self.popped_q.d.next = self.popped.val();
        self.refused_q.d.next = self.refused.val();
        self.l_queue_gain.next = 0.into();
        self.l_out_gain.next = 0.into();
        self.l_queue_gain.next = self.l_queue_gain.val().replace_bit(0, self.left_q.q.val() ^ self.refused_q.q.val());
        self.l_queue_gain.next = self.l_queue_gain.val().replace_bit(1, self.left_q.q.val() & self.refused_q.q.val());
        self.l_out_gain.next = self.l_out_gain.val().replace_bit(0, self.popped_q.q.val() ^ self.refused_q.q.val());
        self.l_out_gain.next = self.l_out_gain.val().replace_bit(1, self.popped_q.q.val() & self.refused_q.q.val());

        self.l_queue.next = self.queue.q.val() + self.l_queue_gain.val();
        self.l_outs.next = self.outs.q.val() + self.l_out_gain.val();
        self.l_queue_more.next = self.l_queue.val().get_bits::<5>(1);
        self.l_outs_more.next = self.l_outs.val().get_bits::<5>(1);
        self.queue.d.next = self.l_queue.val();
        self.outs.d.next = self.l_outs.val();
        self.l_room.next = self.l_queue.val().any() & self.l_outs.val().any();
        if self.take.val() {
            self.queue.d.next = self.l_queue.val() - 1;
            self.outs.d.next = self.l_outs.val() - 1;
            self.l_room.next = self.l_queue_more.val().any() & self.l_outs_more.val().any();
        }
        self.ready_q.d.next = self.l_room.val() & !self.pause.val();

        if !self.aresetn.val() {
            self.ready_q.d.next = false;
            self.queue.d.next = self.queue_places.val();
            self.outs.d.next = self.out_places.val();
            self.left_q.d.next = false;
            self.popped_q.d.next = false;
            self.refused_q.d.next = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check, tick, Random};

    #[test]
    fn synthesizes() {
        synthesis_check(Credits::new(4, 16));
    }

    #[test]
    fn verilog_agrees() {
        equivalence(|| Credits::new(4, 16), 2000, 1, drive!(clock, aresetn, take, left, popped, refused, pause), |_| {});
    }

    /// Never more accepted than there are places, and all of them are used.
    #[test]
    fn counts_places() {
        let mut c = Credits::new(3, 5);
        c.connect_all();
        let mut random = Random::new(4);
        let (mut queued, mut out, mut most_queued, mut most_out) = (0, 0, 0, 0);
        for cycle in 0..5000 {
            c.aresetn.next = cycle > 2;
            assert!(simulate(&mut c, 100));
            let slow = (cycle / 500) % 2 == 0;
            let take = c.ready.val() && random.chance(3, 4);
            let refused = queued > 0 && random.chance(1, 16);
            let left = queued > usize::from(refused) && random.chance(if slow { 1 } else { 7 }, 8);
            let popped = out > 0 && random.chance(if slow { 7 } else { 1 }, 8);
            c.take.next = take;
            c.refused.next = refused;
            c.left.next = left;
            c.popped.next = popped;
            queued = queued + usize::from(take) - usize::from(left) - usize::from(refused);
            out = out + usize::from(left) - usize::from(popped);
            assert!(queued <= 3 && queued + out <= 5, "cycle {cycle}: {queued} queued, {out} out");
            most_queued = most_queued.max(queued);
            most_out = most_out.max(out);
            tick(&mut c, |b| &mut b.clock);
        }
        assert_eq!((most_queued, most_out), (3, 5));
    }
}
