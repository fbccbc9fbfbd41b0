//! Back-pressure: for how many cycles each channel's valid waited for its ready. Sampled at each handshake.

use super::Sampler;
use crate::bench::observe::Event;
use crate::coverage::collector::{Counts, Now};
use crate::coverage::plan::{Group, GroupId, Plan};
use smmu_rtl::params::Params;
use smmu_sim::dut::{Inputs, Outputs};

/// The channels, as numbered by [`Pressure::cycle`].
const CHANNELS: [&str; 17] = [
    "s_axi AW",
    "s_axi W",
    "s_axi B",
    "s_axi AR",
    "s_axi R",
    "m_axi AW",
    "m_axi W",
    "m_axi B",
    "m_axi AR",
    "m_axi R",
    "m_axi_ptw AR",
    "m_axi_ptw R",
    "s_axil_ctrl AW",
    "s_axil_ctrl W",
    "s_axil_ctrl B",
    "s_axil_ctrl AR",
    "s_axil_ctrl R",
];

/// Samples the group of this file.
pub(super) struct Pressure {
    wait: GroupId,
    /// Cycles that each channel has waited.
    waited: [u32; CHANNELS.len()],
}

impl Pressure {
    pub(super) fn new(params: &Params, plan: &mut Plan) -> Self {
        let wait = Group::new("CV-35", "back-pressure", "handshakes by the cycles for which valid waited for ready")
            .axis("channel", CHANNELS)
            .axis("cycles", ["0", "1", "2 to 7", "8 or more"])
            .exclude(|v| {
                (v == ["m_axi_ptw R", "8 or more"] && !params.features.nested)
                    .then_some("a returned descriptor waits for what is in the front, which is seven requests at most")
            });
        Pressure { wait: plan.add(wait), waited: [0; CHANNELS.len()] }
    }
}

impl Sampler for Pressure {
    fn cycle(&mut self, _now: &Now, inputs: &Inputs, outputs: &Outputs, counts: &mut Counts) {
        // One client port stands for all: more of them are channels of the same kind.
        let (Some(client), Some(port)) = (inputs.s_axi.first(), outputs.s_axi.first()) else { return };
        let (down, memory) = (&outputs.m_axi[0], &inputs.m_axi[0]);
        let (walk, tables) = (&outputs.m_axi_ptw, &inputs.m_axi_ptw);
        let (software, registers) = (&inputs.ctrl, &outputs.ctrl);
        let channels = [
            (client.awvalid, port.awready),
            (client.wvalid, port.wready),
            (port.bvalid, client.bready),
            (client.arvalid, port.arready),
            (port.rvalid, client.rready),
            (down.awvalid, memory.awready),
            (down.wvalid, memory.wready),
            (memory.bvalid, down.bready),
            (down.arvalid, memory.arready),
            (memory.rvalid, down.rready),
            (walk.arvalid, tables.arready),
            (tables.rvalid, walk.rready),
            (software.awvalid, registers.awready),
            (software.wvalid, registers.wready),
            (registers.bvalid, software.bready),
            (software.arvalid, registers.arready),
            (registers.rvalid, software.rready),
        ];
        for (channel, ((valid, ready), waited)) in channels.into_iter().zip(&mut self.waited).enumerate() {
            if valid && ready {
                let cycles = match *waited {
                    0 => 0,
                    1 => 1,
                    2..=7 => 2,
                    _ => 3,
                };
                counts.hit(self.wait, &[channel, cycles]);
                *waited = 0;
            } else if valid {
                *waited += 1;
            }
        }
    }

    fn event(&mut self, _now: &Now, event: &Event, _counts: &mut Counts) {
        if matches!(event, Event::Reset { .. }) {
            self.waited = [0; CHANNELS.len()];
        }
    }
}
