//! The checker of the AXI4-Lite register port.

use super::{Rule, Stable, Violation};
use crate::axi::burst::EXOKAY;
use smmu_sim::dut::{LiteToMaster, LiteToSlave};

/// Watches one AXI4-Lite port.
#[derive(Default)]
pub struct LiteChecker {
    aw: Stable<u32>,
    w: Stable<(u64, u8)>,
    b: Stable<u8>,
    ar: Stable<u32>,
    r: Stable<(u64, u8)>,
    /// Accepted and not answered: write addresses, write data, reads.
    addresses: usize,
    data: usize,
    reads: usize,
}

impl LiteChecker {
    /// A checker of a port at rest.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets everything, as reset does to both sides of the port.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Whether nothing is outstanding.
    pub fn at_rest(&self) -> bool {
        self.addresses == 0 && self.data == 0 && self.reads == 0
    }

    /// One cycle of the port: what the master side and what the slave side drives.
    pub fn observe(&mut self, cycle: u64, master: &LiteToSlave, slave: &LiteToMaster) -> Result<(), Violation> {
        let broken = self.rules(master, slave);
        match broken {
            Some((channel, rule)) => {
                Err(Violation { cycle, port: "s_axil_ctrl", channel, rule, detail: format!("{master:x?} {slave:x?}") })
            }
            None => Ok(()),
        }
    }

    fn rules(&mut self, master: &LiteToSlave, slave: &LiteToMaster) -> Option<(&'static str, Rule)> {
        let stable = [
            ("aw", self.aw.observe(master.awvalid, slave.awready, &master.awaddr)),
            ("w", self.w.observe(master.wvalid, slave.wready, &(master.wdata, master.wstrb))),
            ("b", self.b.observe(slave.bvalid, master.bready, &slave.bresp)),
            ("ar", self.ar.observe(master.arvalid, slave.arready, &master.araddr)),
            ("r", self.r.observe(slave.rvalid, master.rready, &(slave.rdata, slave.rresp))),
        ];
        if let Some((channel, rule)) = stable.into_iter().find_map(|(channel, rule)| Some((channel, rule?))) {
            return Some((channel, rule));
        }
        if slave.bvalid {
            if self.addresses == 0 {
                return Some(("b", Rule::UnexpectedB));
            }
            if self.data == 0 {
                return Some(("b", Rule::BeforeData));
            }
            if slave.bresp == EXOKAY {
                return Some(("b", Rule::ExclusiveOkay));
            }
            if master.bready {
                self.addresses -= 1;
                self.data -= 1;
            }
        }
        if slave.rvalid {
            if self.reads == 0 {
                return Some(("r", Rule::UnexpectedR));
            }
            if slave.rresp == EXOKAY {
                return Some(("r", Rule::ExclusiveOkay));
            }
            if master.rready {
                self.reads -= 1;
            }
        }
        self.addresses += usize::from(master.awvalid && slave.awready);
        self.data += usize::from(master.wvalid && slave.wready);
        self.reads += usize::from(master.arvalid && slave.arready);
        None
    }
}
