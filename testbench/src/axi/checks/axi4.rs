//! The checker of an AXI4 port.

use super::{Rule, Stable, Violation};
use crate::axi::burst::{self, EXOKAY, FIXED, INCR, RESERVED, WRAP};
use smmu_sim::dut::{AddrBeat, AxiToMaster, AxiToSlave, ReadBeat, RespBeat, WriteBeat};
use std::collections::VecDeque;
use std::fmt::Debug;

/// Widths of a port, and whether its master may send bursts that AXI does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bus {
    /// Name in messages.
    pub port: &'static str,
    /// Bits of AxID.
    pub id_bits: usize,
    /// Bits of AxADDR.
    pub addr_bits: usize,
    /// Bytes of the data bus.
    pub data_bytes: usize,
    /// Whether the shape of bursts is checked. Not on a client port: hostile masters are part of the tests.
    pub legal_bursts: bool,
}

/// Watches one AXI4 port. The widths of the payload structures are wider than any port's, so widths are rules too.
pub struct AxiChecker {
    bus: Bus,
    aw: Stable<AddrBeat>,
    w: Stable<WriteBeat>,
    b: Stable<RespBeat>,
    ar: Stable<AddrBeat>,
    r: Stable<ReadBeat>,
    /// Accepted write addresses whose data is not complete, and data beats that came before their address.
    open_writes: VecDeque<AddrBeat>,
    early_data: VecDeque<WriteBeat>,
    w_beat: usize,
    /// Per id: `lock` of writes whose data is not complete, and of those that wait for their response.
    undone_writes: Vec<VecDeque<bool>>,
    done_writes: Vec<VecDeque<bool>>,
    /// Per id: reads outstanding.
    reads: Vec<VecDeque<AddrBeat>>,
    r_beat: Vec<usize>,
    /// The id whose read has begun and not ended.
    reading: Option<usize>,
    outstanding: usize,
}

impl AxiChecker {
    /// A checker of a port at rest.
    pub fn new(bus: Bus) -> Self {
        let ids = 1 << bus.id_bits;
        AxiChecker {
            bus,
            aw: Stable::default(),
            w: Stable::default(),
            b: Stable::default(),
            ar: Stable::default(),
            r: Stable::default(),
            open_writes: VecDeque::new(),
            early_data: VecDeque::new(),
            w_beat: 0,
            undone_writes: vec![VecDeque::new(); ids],
            done_writes: vec![VecDeque::new(); ids],
            reads: vec![VecDeque::new(); ids],
            r_beat: vec![0; ids],
            reading: None,
            outstanding: 0,
        }
    }

    /// Forgets everything, as reset does to both sides of the port.
    pub fn reset(&mut self) {
        *self = AxiChecker::new(self.bus);
    }

    /// Whether nothing is outstanding and nothing is offered.
    pub fn at_rest(&self) -> bool {
        self.outstanding == 0 && self.early_data.is_empty()
    }

    /// One cycle of the port: what the master side and what the slave side drives.
    pub fn observe(&mut self, cycle: u64, master: &AxiToSlave, slave: &AxiToMaster) -> Result<(), Violation> {
        let port = self.bus.port;
        let stable = [
            ("aw", self.aw.observe(master.awvalid, slave.awready, &master.aw)),
            ("w", self.w.observe(master.wvalid, slave.wready, &master.w)),
            ("b", self.b.observe(slave.bvalid, master.bready, &slave.b)),
            ("ar", self.ar.observe(master.arvalid, slave.arready, &master.ar)),
            ("r", self.r.observe(slave.rvalid, master.rready, &slave.r)),
        ];
        for (channel, rule) in stable {
            if let Some(rule) = rule {
                return Err(Violation { cycle, port, channel, rule, detail: format!("{master:x?} {slave:x?}") });
            }
        }
        // A response in the cycle of its address would need a path from pin to pin: responses are judged before addresses.
        if slave.bvalid {
            self.response(cycle, &slave.b, master.bready)?;
        }
        if slave.rvalid {
            self.read_data(cycle, &slave.r, master.rready)?;
        }
        if master.awvalid {
            self.shape(cycle, "aw", &master.aw)?;
            if slave.awready {
                self.outstanding += 1;
                self.open_writes.push_back(master.aw);
                self.undone_writes[master.aw.id as usize].push_back(master.aw.lock);
            }
        }
        if master.wvalid && slave.wready {
            self.early_data.push_back(master.w);
        }
        if !self.early_data.is_empty() {
            self.write_data(cycle)?;
        }
        if master.arvalid {
            self.shape(cycle, "ar", &master.ar)?;
            if slave.arready {
                self.outstanding += 1;
                self.reads[master.ar.id as usize].push_back(master.ar);
            }
        }
        Ok(())
    }

    fn fail(&self, cycle: u64, channel: &'static str, rule: Rule, seen: &dyn Debug) -> Result<(), Violation> {
        Err(Violation { cycle, port: self.bus.port, channel, rule, detail: format!("{seen:x?}") })
    }

    fn shape(&self, cycle: u64, channel: &'static str, a: &AddrBeat) -> Result<(), Violation> {
        let bus = &self.bus;
        let broken = if u64::from(a.id) >> bus.id_bits != 0 {
            Some(Rule::IdTooWide)
        } else if a.addr >> bus.addr_bits != 0 {
            Some(Rule::AddressTooWide)
        } else if !bus.legal_bursts {
            None
        } else {
            match a.burst {
                RESERVED => Some(Rule::BurstReserved),
                _ if burst::beat_bytes(a) > bus.data_bytes as u64 => Some(Rule::SizeTooWide),
                FIXED if a.len > 15 => Some(Rule::FixedLength),
                WRAP if !matches!(a.len, 1 | 3 | 7 | 15) => Some(Rule::WrapLength),
                WRAP if !a.addr.is_multiple_of(burst::beat_bytes(a)) => Some(Rule::WrapUnaligned),
                INCR if burst::crosses_page(a) => Some(Rule::CrossesPage),
                _ => None,
            }
        };
        match broken {
            Some(rule) => self.fail(cycle, channel, rule, a),
            None => Ok(()),
        }
    }

    /// Gives data beats to the oldest write that is not complete.
    fn write_data(&mut self, cycle: u64) -> Result<(), Violation> {
        while let (Some(&a), Some(&w)) = (self.open_writes.front(), self.early_data.front()) {
            self.early_data.pop_front();
            let last_beat = self.w_beat == a.len as usize;
            if w.last != last_beat {
                let rule = if w.last { Rule::LastEarly } else { Rule::LastMissing };
                return self.fail(cycle, "w", rule, &(self.w_beat, a, w));
            }
            // A burst of a shape that AXI does not have has no defined lanes.
            if !burst::leaves_page(&a, self.bus.data_bytes) {
                let lanes = burst::full_strobe(&a, self.w_beat, self.bus.data_bytes);
                if w.strb & !lanes != 0 {
                    return self.fail(cycle, "w", Rule::StrobeOutside, &(self.w_beat, a, w));
                }
            }
            self.w_beat += 1;
            if last_beat {
                self.w_beat = 0;
                self.open_writes.pop_front();
                let id = a.id as usize;
                let lock = self.undone_writes[id].pop_front().unwrap_or_default();
                self.done_writes[id].push_back(lock);
            }
        }
        Ok(())
    }

    fn response(&mut self, cycle: u64, b: &RespBeat, taken: bool) -> Result<(), Violation> {
        let id = b.id as usize;
        let Some(&lock) = self.done_writes.get(id).and_then(VecDeque::front) else {
            let early = self.undone_writes.get(id).is_some_and(|writes| !writes.is_empty());
            return self.fail(cycle, "b", if early { Rule::BeforeData } else { Rule::UnexpectedB }, b);
        };
        if b.resp == EXOKAY && !lock {
            return self.fail(cycle, "b", Rule::ExclusiveOkay, b);
        }
        if taken {
            self.done_writes[id].pop_front();
            self.outstanding -= 1;
        }
        Ok(())
    }

    fn read_data(&mut self, cycle: u64, r: &ReadBeat, taken: bool) -> Result<(), Violation> {
        let id = r.id as usize;
        let Some(&a) = self.reads.get(id).and_then(VecDeque::front) else {
            return self.fail(cycle, "r", Rule::UnexpectedR, r);
        };
        let last_beat = self.r_beat[id] == a.len as usize;
        if r.last != last_beat {
            let rule = if r.last { Rule::LastEarly } else { Rule::LastMissing };
            return self.fail(cycle, "r", rule, &(self.r_beat[id], a, r));
        }
        if r.resp == EXOKAY && !a.lock {
            return self.fail(cycle, "r", Rule::ExclusiveOkay, r);
        }
        if self.reading.is_some_and(|other| other != id) {
            return self.fail(cycle, "r", Rule::Interleaved, &(self.reading, r));
        }
        if taken {
            self.reading = if last_beat { None } else { Some(id) };
            self.r_beat[id] = if last_beat { 0 } else { self.r_beat[id] + 1 };
            if last_beat {
                self.reads[id].pop_front();
                self.outstanding -= 1;
            }
        }
        Ok(())
    }

    /// To be called when the port should be at rest: everything that began has ended.
    pub fn finish(&self, cycle: u64) -> Result<(), Violation> {
        if self.at_rest() {
            Ok(())
        } else {
            self.fail(cycle, "aw", Rule::Unfinished, &(self.outstanding, self.early_data.len()))
        }
    }
}
