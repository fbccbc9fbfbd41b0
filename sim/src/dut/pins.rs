//! All pins by name, width and value: for messages and waves, where speed does not matter.
//!
//! Names and widths are those of the Verilog's port list; `every_port_is_here` compares the two.

use super::{AddrBeat, AxiToMaster, AxiToSlave, Inputs, LiteToMaster, LiteToSlave, Outputs, ReadBeat, RespBeat, WriteBeat};
use bitvec::field::BitField;
use smmu_rtl::params::{Params, PA_WIDTH, PTW_DATA_WIDTH, PTW_ID_WIDTH, SID_WIDTH, USER_WIDTH, VA_WIDTH};

/// One pin as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The channel that it belongs to, `s_axi_ar`; empty for a pin by itself.
    pub channel: String,
    /// The whole name, `s_axi_arvalid`.
    pub name: String,
    /// Bits, 1 or more.
    pub width: u32,
    /// Its value.
    pub value: u128,
}

/// Collects the pins of one bus.
struct Bus<'a> {
    prefix: String,
    id: u32,
    addr: u32,
    data: u32,
    pins: &'a mut Vec<Pin>,
}

impl Bus<'_> {
    fn pin(&mut self, channel: &str, signal: &str, width: usize, value: impl Into<u128>) {
        let channel = format!("{}_{channel}", self.prefix);
        self.pins.push(Pin { name: format!("{channel}{signal}"), channel, width: width as u32, value: value.into() });
    }

    fn address(&mut self, channel: &str, valid: bool, beat: &AddrBeat) {
        let (id, addr) = (self.id as usize, self.addr as usize);
        self.pin(channel, "valid", 1, valid);
        self.pin(channel, "id", id, beat.id);
        self.pin(channel, "addr", addr, beat.addr);
        self.pin(channel, "len", 8, beat.len);
        self.pin(channel, "size", 3, beat.size);
        self.pin(channel, "burst", 2, beat.burst);
        self.pin(channel, "lock", 1, beat.lock);
        self.pin(channel, "cache", 4, beat.cache);
        self.pin(channel, "prot", 3, beat.prot);
        self.pin(channel, "qos", 4, beat.qos);
        self.pin(channel, "region", 4, beat.region);
        let downstream = self.prefix.starts_with('m') && self.prefix.ends_with("_axi");
        let user = if downstream { USER_WIDTH } else { SID_WIDTH };
        self.pin(channel, "user", user, beat.user);
    }

    fn write(&mut self, valid: bool, beat: &WriteBeat) {
        let data = self.data as usize;
        self.pin("w", "valid", 1, valid);
        self.pin("w", "data", data, beat.data);
        self.pin("w", "strb", data / 8, beat.strb);
        self.pin("w", "last", 1, beat.last);
    }

    fn response(&mut self, valid: bool, beat: &RespBeat) {
        self.pin("b", "valid", 1, valid);
        self.pin("b", "id", self.id as usize, beat.id);
        self.pin("b", "resp", 2, beat.resp);
    }

    fn read(&mut self, valid: bool, beat: &ReadBeat) {
        let (id, data) = (self.id as usize, self.data as usize);
        self.pin("r", "valid", 1, valid);
        self.pin("r", "id", id, beat.id);
        self.pin("r", "data", data, beat.data);
        self.pin("r", "resp", 2, beat.resp);
        self.pin("r", "last", 1, beat.last);
    }

    /// What goes to a slave; a walk port has AR and R only.
    fn slave_pins(&mut self, pins: &AxiToSlave, walk: bool) {
        if !walk {
            self.address("aw", pins.awvalid, &pins.aw);
            self.write(pins.wvalid, &pins.w);
            self.pin("b", "ready", 1, pins.bready);
        }
        self.address("ar", pins.arvalid, &pins.ar);
        self.pin("r", "ready", 1, pins.rready);
    }

    /// What comes from a slave.
    fn master_pins(&mut self, pins: &AxiToMaster, walk: bool) {
        if !walk {
            self.pin("aw", "ready", 1, pins.awready);
            self.pin("w", "ready", 1, pins.wready);
            self.response(pins.bvalid, &pins.b);
        }
        self.pin("ar", "ready", 1, pins.arready);
        self.read(pins.rvalid, &pins.r);
    }

    fn lite_to_slave(&mut self, pins: &LiteToSlave) {
        let addr = self.addr as usize;
        self.pin("aw", "valid", 1, pins.awvalid);
        self.pin("aw", "addr", addr, pins.awaddr);
        self.pin("w", "valid", 1, pins.wvalid);
        self.pin("w", "data", 64, pins.wdata);
        self.pin("w", "strb", 8, pins.wstrb);
        self.pin("b", "ready", 1, pins.bready);
        self.pin("ar", "valid", 1, pins.arvalid);
        self.pin("ar", "addr", addr, pins.araddr);
        self.pin("r", "ready", 1, pins.rready);
    }

    fn lite_to_master(&mut self, pins: &LiteToMaster) {
        self.pin("aw", "ready", 1, pins.awready);
        self.pin("w", "ready", 1, pins.wready);
        self.pin("b", "valid", 1, pins.bvalid);
        self.pin("b", "resp", 2, pins.bresp);
        self.pin("ar", "ready", 1, pins.arready);
        self.pin("r", "valid", 1, pins.rvalid);
        self.pin("r", "data", 64, pins.rdata);
        self.pin("r", "resp", 2, pins.rresp);
    }
}

/// The name of a client's (`'s'`) or downstream (`'m'`) port: `s_axi` if there is one, `s2_axi` of several.
pub fn axi_port(params: &Params, side: char, number: usize) -> String {
    match params.tbus {
        1 => format!("{side}_axi"),
        _ => format!("{side}{number}_axi"),
    }
}

/// The busses of this hardware: clients, downstream, walks, registers.
fn busses(params: &Params, pins: &mut Vec<Pin>, mut each: impl FnMut(usize, &mut Bus<'_>)) {
    let (id, data) = (params.id_width as u32, params.data_width as u32);
    let ports = |side| (0..params.tbus).map(move |n| axi_port(params, side, n));
    let sizes = ports('s')
        .map(|prefix| (prefix, id, VA_WIDTH as u32, data))
        .chain(ports('m').map(|prefix| (prefix, id, PA_WIDTH as u32, data)))
        .chain([("m_axi_ptw".to_string(), PTW_ID_WIDTH as u32, PA_WIDTH as u32, PTW_DATA_WIDTH as u32)])
        .chain([("s_axil_ctrl".to_string(), 0, params.register_space().ilog2(), 64)]);
    for (n, (prefix, id, addr, data)) in sizes.enumerate() {
        each(n, &mut Bus { prefix, id, addr, data, pins });
    }
}

fn alone(name: &str, width: u32, value: impl Into<u128>) -> Pin {
    Pin { channel: String::new(), name: name.to_string(), width, value: value.into() }
}

/// The input pins, without the clock.
pub fn inputs(params: &Params, inputs: &Inputs) -> Vec<Pin> {
    let mut pins = vec![alone("aresetn", 1, inputs.aresetn)];
    let clients = params.tbus;
    busses(params, &mut pins, |n, bus| match n {
        n if n < clients => bus.slave_pins(&inputs.s_axi.get(n).copied().unwrap_or_default(), false),
        n if n < 2 * clients => bus.master_pins(&inputs.m_axi.get(n - clients).copied().unwrap_or_default(), false),
        n if n == 2 * clients => bus.master_pins(&inputs.m_axi_ptw, true),
        _ => bus.lite_to_slave(&inputs.ctrl),
    });
    pins
}

/// The output pins.
pub fn outputs(params: &Params, outputs: &Outputs) -> Vec<Pin> {
    let mut pins = Vec::new();
    let clients = params.tbus;
    busses(params, &mut pins, |n, bus| match n {
        n if n < clients => bus.master_pins(&outputs.s_axi.get(n).copied().unwrap_or_default(), false),
        n if n < 2 * clients => bus.slave_pins(&outputs.m_axi.get(n - clients).copied().unwrap_or_default(), false),
        n if n == 2 * clients => bus.slave_pins(&outputs.m_axi_ptw, true),
        _ => bus.lite_to_master(&outputs.ctrl),
    });
    pins.push(alone("irq_global", 1, outputs.irq_global));
    let levels =
        u128::from(outputs.irq_context[64..].load_le::<u64>()) << 64 | u128::from(outputs.irq_context[..64].load_le::<u64>());
    pins.push(alone("irq_context", params.num_cb as u32, levels));
    pins.push(alone("irq_pmu", 1, outputs.irq_pmu));
    pins
}

#[cfg(test)]
mod tests {
    use super::super::fields;
    use super::*;
    use smmu_rtl::params::PRESETS;
    use smmu_rtl::verilog::{ports, Dir};
    use std::collections::BTreeSet;

    #[test]
    fn every_port_is_here() {
        for params in PRESETS {
            let ports = ports(params).unwrap();
            let of = |dir| -> BTreeSet<(String, u32)> {
                let named = ports.iter().filter(|p| p.dir == dir && !p.clock && !fields::UNUSED.contains(&p.name.as_str()));
                named.map(|p| (p.name.clone(), p.width as u32)).collect()
            };
            let pins = |pins: Vec<Pin>| -> BTreeSet<(String, u32)> { pins.into_iter().map(|p| (p.name, p.width)).collect() };
            assert_eq!(pins(inputs(params, &Inputs::idle(params))), of(Dir::In), "{}", params.name);
            assert_eq!(pins(outputs(params, &Outputs::default())), of(Dir::Out), "{}", params.name);
        }
    }

    #[test]
    fn every_port_is_a_field() {
        for port in ports(&smmu_rtl::params::ZYNQMP).unwrap().iter().filter(|p| !p.clock) {
            assert_eq!(fields::field(&port.name).is_some(), !fields::UNUSED.contains(&port.name.as_str()), "{}", port.name);
        }
        assert_eq!(fields::field("s3_axi_arid").as_deref(), Some("s_axi[3].ar.id"));
        assert_eq!(fields::field("m_axi_ptw_rdata").as_deref(), Some("m_axi_ptw.r.data"));
        assert_eq!(fields::field("s_axil_ctrl_bresp").as_deref(), Some("ctrl.bresp"));
        for name in ["s_axi_wid", "m_axi_strange", "s_axil_ctrl_rlast", "irq", "sx_axi_arid"] {
            assert_eq!(fields::field(name), None, "{name}");
        }
    }

    #[test]
    fn values_are_those_of_the_fields() {
        let params = &smmu_rtl::params::SM8550;
        let mut out = Outputs { s_axi: vec![AxiToMaster::default()], ..Outputs::default() };
        out.s_axi[0].r.data = 1 << 127;
        out.irq_context.set(77, true);
        out.m_axi_ptw.ar.addr = 0x1234_5678_9000;
        let set: Vec<(String, u128)> =
            outputs(params, &out).into_iter().filter(|p| p.value != 0).map(|p| (p.name, p.value)).collect();
        let expected = [("s_axi_rdata", 1 << 127), ("m_axi_ptw_araddr", 0x1234_5678_9000), ("irq_context", 1 << 77)];
        assert_eq!(set, expected.map(|(name, value)| (name.to_string(), value)));
    }
}
