//! AXI on the client port: shapes of bursts, attributes, responses.

use super::{access, Sampler, ACCESS};
use crate::axi::burst::{self, FIXED, INCR, RESERVED, WRAP};
use crate::bench::observe::{Answered, Fate};
use crate::coverage::collector::{Counts, Life, Now};
use crate::coverage::plan::{Group, GroupId, Plan};
use smmu_rtl::params::Params;
use smmu_sim::dut::AddrBeat;
use smmu_sim::model::global_code;

const TYPE: [&str; 3] = ["FIXED", "INCR", "WRAP"];
const BEATS: [&str; 8] = ["1", "2", "4", "8", "16", "other up to 16", "17 to 255", "256"];
const FATE: [&str; 2] = ["forwarded", "refused"];

/// Samples the groups of this file.
pub(super) struct Bursts {
    bus_bytes: usize,
    shape: GroupId,
    width: GroupId,
    illegal: GroupId,
    attributes: GroupId,
    exclusive: GroupId,
    response: GroupId,
}

impl Bursts {
    pub(super) fn new(params: &Params, plan: &mut Plan) -> Self {
        let bus_bytes = params.data_width / 8;
        let shape = Group::new("CV-29", "burst", "bursts of legal shape by type and length")
            .axis("type", TYPE)
            .axis("beats", BEATS)
            .axis("access", ACCESS)
            .axis("fate", FATE)
            .exclude(|v| match (v[0], v[1]) {
                ("FIXED", "17 to 255" | "256") => Some("AXI4 allows FIXED bursts of 16 beats at most"),
                ("WRAP", "1" | "other up to 16" | "17 to 255" | "256") => {
                    Some("AXI4 allows WRAP bursts of 2, 4, 8 and 16 beats: any other is refused as illegal")
                }
                _ => None,
            });
        let sizes = (0..=bus_bytes.trailing_zeros()).map(|size| format!("{} bytes", 1 << size));
        let width =
            Group::new("CV-30", "beat", "forwarded bursts by the width of their beats and the alignment of their address")
                .axis("type", TYPE)
                .axis("width", sizes)
                .axis("address", ["aligned", "unaligned"])
                .axis("access", ACCESS)
                .exclude(|v| match (v[0], v[1], v[2]) {
                    (_, "1 bytes", "unaligned") => Some("every address is a multiple of one byte"),
                    ("WRAP", _, "unaligned") => Some("AXI4 asks for an aligned start of WRAP bursts"),
                    _ => None,
                });
        let illegal = Group::new("CV-31", "illegal burst", "bursts refused because they could leave their page")
            .axis("reason", ["type 3", "wider than the bus", "across 4 KiB", "length of WRAP"])
            .axis("access", ACCESS);
        let attributes = Group::new("CV-32", "protection", "transactions by AxPROT")
            .axis("privilege", ["user", "privileged"])
            .axis("security", ["secure", "non-secure"])
            .axis("kind", ["data", "instruction"])
            .axis("access", ACCESS)
            .axis("fate", FATE);
        let exclusive = Group::new("CV-33", "exclusive", "transactions with AxLOCK").axis("access", ACCESS).axis("fate", FATE);
        let response = Group::new("CV-34", "response", "responses of memory as the client got them")
            .axis("response", ["OKAY", "SLVERR", "DECERR"])
            .axis("access", ACCESS)
            .axis("beats", ["one", "several"]);
        Bursts {
            bus_bytes,
            shape: plan.add(shape),
            width: plan.add(width),
            illegal: plan.add(illegal),
            attributes: plan.add(attributes),
            exclusive: plan.add(exclusive),
            response: plan.add(response),
        }
    }

    /// A burst that breaks AXI without being able to leave its page is passed on, and counts nowhere.
    fn legal(beat: &AddrBeat) -> bool {
        match beat.burst {
            FIXED => beat.len < 16,
            WRAP => beat.addr.is_multiple_of(burst::beat_bytes(beat)),
            _ => true,
        }
    }
}

impl Sampler for Bursts {
    fn ended(&mut self, _now: &Now, life: &Life, answered: &Answered, counts: &mut Counts) {
        let (beat, access) = (&answered.beat, access(answered.write));
        let fate = usize::from(matches!(answered.fate, Fate::Refused { .. }));
        let prot = |bit: u8| usize::from(beat.prot >> bit & 1);
        counts.hit(self.attributes, &[prot(0), prot(1), prot(2), access, fate]);
        if beat.lock {
            counts.hit(self.exclusive, &[access, fate]);
        }
        if let Fate::Done { resp: resp @ (burst::OKAY | burst::SLVERR | burst::DECERR) } = answered.fate {
            let resp = usize::from(resp.saturating_sub(1));
            counts.hit(self.response, &[resp, access, usize::from(beat.len > 0)]);
        }
        if life.accepted.illegal_burst {
            if matches!(answered.fate, Fate::Refused { fault: Some(fault), .. } if fault.code == global_code::UUT) {
                counts.hit(self.illegal, &[self.reason(beat), access]);
            }
            return;
        }
        if !Self::legal(beat) {
            return;
        }
        let beats = match burst::beats(beat) {
            1 => 0,
            2 => 1,
            4 => 2,
            8 => 3,
            16 => 4,
            0..=16 => 5,
            256 => 7,
            _ => 6,
        };
        counts.hit(self.shape, &[beat.burst.into(), beats, access, fate]);
        if life.forwarded.is_some() {
            let unaligned = usize::from(beat.addr % burst::beat_bytes(beat) != 0);
            counts.hit(self.width, &[beat.burst.into(), beat.size.into(), unaligned, access]);
        }
    }
}

impl Bursts {
    fn reason(&self, beat: &AddrBeat) -> usize {
        match beat.burst {
            RESERVED => 0,
            _ if burst::beat_bytes(beat) > self.bus_bytes as u64 => 1,
            INCR => 2,
            _ => 3,
        }
    }
}
