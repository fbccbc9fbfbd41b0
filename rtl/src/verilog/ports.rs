//! Ports of a block, as data.

use crate::prelude::*;

/// Which way a port points, seen from the block that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dir {
    /// Driven from outside.
    In,
    /// Driven by the block.
    Out,
}

/// One port of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Name in the Verilog.
    pub name: String,
    /// Direction.
    pub dir: Dir,
    /// Bits.
    pub width: usize,
    /// True for a clock.
    pub clock: bool,
}

#[derive(Default)]
struct PortProbe {
    depth: usize,
    namespace: Vec<String>,
    ports: Vec<Port>,
}

impl Probe for PortProbe {
    fn visit_start_scope(&mut self, _name: &str, _node: &dyn Block) {
        self.depth += 1;
    }

    fn visit_start_namespace(&mut self, name: &str, _node: &dyn Block) {
        self.namespace.push(name.to_string());
    }

    fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
        if self.depth != 1 {
            return;
        }
        let dir = match signal.kind() {
            AtomKind::InputParameter => Dir::In,
            AtomKind::OutputParameter | AtomKind::OutputPassthrough => Dir::Out,
            _ => return,
        };
        let name = self.namespace.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("$");
        self.ports.push(Port { name, dir, width: signal.bits(), clock: signal.descriptor().name == "clock" });
    }

    fn visit_end_namespace(&mut self, _name: &str, _node: &dyn Block) {
        self.namespace.pop();
    }

    fn visit_end_scope(&mut self, _name: &str, _node: &dyn Block) {
        self.depth -= 1;
    }
}

/// The ports of a block in the order of its fields, named as RustHDL names them (`s_axi_ar$valid`).
pub fn block_ports(block: &dyn Block) -> Vec<Port> {
    let mut probe = PortProbe::default();
    block.accept("top", &mut probe);
    probe.ports
}

/// Signals of an AXI channel, which AXI writes right behind the channel's letters.
const CHANNEL_FIELDS: &[&str] = &[
    "valid", "ready", "id", "addr", "len", "size", "burst", "lock", "cache", "prot", "qos", "region", "user", "data", "strb",
    "last", "resp",
];

/// A RustHDL name in the form that Verilog's users expect: `s_axi_ar$valid` becomes `s_axi_arvalid`, any other `$` becomes `_`.
pub fn flat_name(name: &str) -> String {
    let mut parts = name.split('$');
    let mut out = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let channel = ["aw", "w", "b", "ar", "r"].iter().any(|c| out.rsplit('_').next() == Some(c));
        if !(channel && CHANNEL_FIELDS.contains(&part)) {
            out.push('_');
        }
        out.push_str(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::flat_name;

    #[test]
    fn channels_are_written_together() {
        assert_eq!(flat_name("s_axi_ar$valid"), "s_axi_arvalid");
        assert_eq!(flat_name("m_axi_ptw_r$data"), "m_axi_ptw_rdata");
        assert_eq!(flat_name("tbu$s_axi_w$strb"), "tbu_s_axi_wstrb");
        assert_eq!(flat_name("tcu$walker$busy"), "tcu_walker_busy");
        assert_eq!(flat_name("ways$3$q"), "ways_3_q");
        assert_eq!(flat_name("irq_global"), "irq_global");
    }
}
