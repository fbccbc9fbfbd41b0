//! The scan wrapper: a register at every port, three pins.
//!
//! ```text
//! scan_in -> [in_a] -> [in_b] -> ...     a shift chain, one flip-flop an input bit; each feeds its port
//!               |         |
//!            +--v---------v--+
//!            |      dut      |
//!            +--+---------+--+
//!               |         |
//! scan_in -> ^[out_y] -> ^[out_z] -> scan_out   one flip-flop an output bit, its input XORed with its neighbour
//! ```
//!
//! So no port is constant and none is unused: the synthesis can leave out nothing. The cost is one flip-flop a port bit and one
//! XOR an output bit. [`overhead`] gives both, for the report to take off.

use smmu_rtl::verilog::{Dir, Port};
use std::fmt::Write;

/// Name of the wrapper module.
pub const WRAPPER: &str = "fpga_top";

/// Flip-flops and LUTs of the wrapper itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overhead {
    /// One a port bit, clock aside.
    pub ff: usize,
    /// One an output bit.
    pub lut: usize,
}

/// What the wrapper adds to a design with these ports.
pub fn overhead(ports: &[Port]) -> Overhead {
    let bits = |dir: Dir| ports.iter().filter(|p| p.dir == dir && !p.clock).map(|p| p.width).sum::<usize>();
    Overhead { ff: bits(Dir::In) + bits(Dir::Out), lut: bits(Dir::Out) }
}

/// The wrapper around module `top` with these ports. The clock pin is `clk`.
pub fn wrapper(top: &str, ports: &[Port]) -> String {
    let mut text = format!("module {WRAPPER}(input wire clk, input wire scan_in, output wire scan_out);\n");
    let mut pins = Vec::new();
    let (mut chain_in, mut chain_out, mut results) = (Vec::new(), Vec::new(), Vec::new());
    for port in ports {
        let (name, high) = (&port.name, port.width.saturating_sub(1));
        let register = match (port.clock, port.dir) {
            (true, _) => "clk".to_string(),
            (false, Dir::In) => {
                let _ = writeln!(text, "reg [{high}:0] in_{name};");
                chain_in.push(format!("in_{name}"));
                format!("in_{name}")
            }
            (false, Dir::Out) => {
                let _ = writeln!(text, "reg [{high}:0] out_{name};\nwire [{high}:0] from_{name};");
                chain_out.push(format!("out_{name}"));
                results.push(format!("from_{name}"));
                format!("from_{name}")
            }
        };
        pins.push(format!(".{name}({register})"));
    }
    let (chain_in, chain_out, results) = (chain_in.join(", "), chain_out.join(", "), results.join(", "));
    let _ = writeln!(text, "always @(posedge clk) begin");
    if !chain_in.is_empty() {
        // The concatenation is one bit wider than the target: the chain moves up by one.
        let _ = writeln!(text, "{{{chain_in}}} <= {{{chain_in}, scan_in}};");
    }
    let _ = writeln!(text, "{{{chain_out}}} <= {{{results}}} ^ {{{chain_out}, scan_in}};\nend");
    let last =
        ports.iter().find(|p| p.dir == Dir::Out).map_or("scan_in".to_string(), |p| format!("out_{}[{}]", p.name, p.width - 1));
    let _ = writeln!(text, "assign scan_out = {last};\n{top} dut({});\nendmodule", pins.join(", "));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(name: &str, dir: Dir, width: usize, clock: bool) -> Port {
        Port { name: name.into(), dir, width, clock }
    }

    #[test]
    fn every_port_bit_has_a_register() {
        let ports = [
            port("aclk", Dir::In, 1, true),
            port("a", Dir::In, 3, false),
            port("b", Dir::In, 1, false),
            port("y", Dir::Out, 2, false),
            port("z", Dir::Out, 5, false),
        ];
        assert_eq!(overhead(&ports), Overhead { ff: 11, lut: 7 });
        let text = wrapper("thing", &ports);
        assert!(text.contains("{in_a, in_b} <= {in_a, in_b, scan_in};"), "{text}");
        assert!(text.contains("{out_y, out_z} <= {from_y, from_z} ^ {out_y, out_z, scan_in};"), "{text}");
        assert!(text.contains("assign scan_out = out_y[1];"), "{text}");
        assert!(text.contains("thing dut(.aclk(clk), .a(in_a), .b(in_b), .y(from_y), .z(from_z));"), "{text}");
    }
}
