//! RustHDL against Icarus Verilog on the same random vectors.

use super::random::Random;
use super::tools::{run, CheckFailure, Difference, Workdir};
use crate::prelude::*;
use crate::verilog::{block_ports, emit_block, flat_name, Dir, Port};
use std::collections::HashMap;
use std::fmt::Write;

/// Passes of the whole block until it must have settled.
const SETTLE: usize = 100;
/// Cycles at the start in which a block that has `aresetn` is held in reset.
const RESET_CYCLES: usize = 3;
/// A reset in the middle of the run comes once in so many cycles on average.
const RESET_EVERY: u64 = 500;

/// The stimulus of one cycle, as the bias hook sees it: every input has a random value already, and the hook may change it.
///
/// Pins are named by their path of fields: `"req_valid"`, `"s_axi_ar.len"`.
#[derive(Debug)]
pub struct Stimulus<'a> {
    /// Cycle, counted from 0.
    pub cycle: usize,
    /// The generator of this run; draw from it alone, so that the seed gives the same run again.
    pub random: &'a mut Random,
    block: &'a str,
    inputs: &'a [Port],
    values: &'a mut [u128],
    outputs: &'a HashMap<String, u128>,
    wrong_pin: &'a mut Option<CheckFailure>,
}

impl Stimulus<'_> {
    fn find(&mut self, pin: &str) -> Option<usize> {
        let name = pin.replace('.', "$");
        let found = self.inputs.iter().position(|p| p.name == name);
        if found.is_none() {
            let inputs = self.inputs.iter().map(|p| p.name.replace('$', ".")).collect::<Vec<_>>().join(", ");
            *self.wrong_pin = Some(CheckFailure::UnknownPin { block: self.block.to_string(), pin: pin.to_string(), inputs });
        }
        found
    }

    /// Puts a value on a pin in this cycle (bits above the pin's width are dropped).
    pub fn set(&mut self, pin: &str, value: impl Into<u128>) {
        if let Some(at) = self.find(pin) {
            self.values[at] = value.into() & mask(self.inputs[at].width);
        }
    }

    /// The value that the pin is about to have in this cycle; 0 for a pin that does not exist (which fails the run).
    pub fn get(&mut self, pin: &str) -> u128 {
        self.find(pin).map_or(0, |at| self.values[at])
    }

    /// Puts a number below `bound` on a pin.
    pub fn below(&mut self, pin: &str, bound: u64) {
        let value = self.random.below(bound);
        self.set(pin, value);
    }

    /// Sets a one-bit pin `numerator` times out of `denominator`, and clears it otherwise.
    pub fn often(&mut self, pin: &str, numerator: u64, denominator: u64) {
        let value = self.random.chance(numerator, denominator);
        self.set(pin, u8::from(value));
    }

    /// An output of the block as it stood after the last clock edge (0 before the first).
    pub fn output(&self, pin: &str) -> u128 {
        self.outputs.get(&pin.replace('.', "$")).copied().unwrap_or(0)
    }
}

fn mask(width: usize) -> u128 {
    if width >= 128 {
        u128::MAX
    } else {
        (1 << width) - 1
    }
}

/// A value that finds corners more often than a uniform one: zero, all ones, small, as before, or uniform.
fn random_value(random: &mut Random, width: usize, before: u128) -> u128 {
    if width == 1 {
        return random.bits(1);
    }
    match random.below(8) {
        0 => 0,
        1 => mask(width),
        2 => u128::from(random.below(4)) & mask(width),
        3 => before,
        _ => random.bits(width),
    }
}

/// Values of the block's output pins, in the order of its fields.
#[derive(Default)]
struct OutputProbe {
    depth: usize,
    values: Vec<u128>,
}

impl Probe for OutputProbe {
    fn visit_start_scope(&mut self, _name: &str, _node: &dyn Block) {
        self.depth += 1;
    }

    fn visit_atom(&mut self, _name: &str, signal: &dyn Atom) {
        if self.depth == 1 && signal.kind() == AtomKind::OutputParameter {
            // The literal prints as width'hdigits; no other public way leads from an atom to its bits.
            let text = format!("{:x}", signal.verilog());
            let digits = text.split_once("'h").map_or("0", |(_, digits)| digits);
            self.values.push(u128::from_str_radix(digits, 16).unwrap_or_default());
        }
    }

    fn visit_end_scope(&mut self, _name: &str, _node: &dyn Block) {
        self.depth -= 1;
    }
}

fn outputs_of(block: &dyn Block) -> Vec<u128> {
    let mut probe = OutputProbe::default();
    block.accept("top", &mut probe);
    probe.values
}

/// What RustHDL did: one line of input vectors a cycle, two samples of the outputs a cycle.
struct Recording {
    vectors: String,
    samples: Vec<Vec<u128>>,
}

/// Compares a block with its own Verilog over `cycles` cycles of random stimulus. See [`super::equivalence`].
pub fn compare<B, D, F>(make: impl Fn() -> B, cycles: usize, seed: u64, drive: D, bias: F) -> Result<(), CheckFailure>
where
    B: Block,
    D: Fn(&mut B, &mut dyn FnMut(&str) -> Option<u128>),
    F: FnMut(&mut Stimulus),
{
    let name = super::block_name::<B>();
    let mut block = make();
    block.connect_all();
    let verilog = emit_block(&block, "top")?;
    let ports = block_ports(&block);
    let outputs: Vec<Port> = ports.iter().filter(|p| p.dir == Dir::Out).cloned().collect();
    let inputs: Vec<Port> = ports.iter().filter(|p| p.dir == Dir::In && !p.clock).cloned().collect();
    let clock = ports.iter().find(|p| p.clock).map(|p| p.name.clone());

    let mut asked = Vec::new();
    drive(&mut block, &mut |pin| {
        asked.push(pin.to_string());
        None
    });
    let missing: Vec<String> =
        ports.iter().filter(|p| p.dir == Dir::In && !asked.contains(&p.name)).map(|p| p.name.replace('$', ".")).collect();
    if !missing.is_empty() {
        return Err(CheckFailure::InputsNotDriven { block: name, missing: missing.join(", ") });
    }

    let recording = record(&mut block, &name, &inputs, &outputs, clock.as_deref(), cycles, seed, drive, bias)?;
    let dir = Workdir::new(&name)?;
    dir.write("dut.v", &verilog)?;
    dir.write("vectors.hex", &recording.vectors)?;
    dir.write("bench.v", &bench(&inputs, &outputs, clock.as_deref(), cycles))?;
    let (ok, text) = run(dir.path(), "iverilog", &["-g2005", "-o", "bench.vvp", "bench.v", "dut.v"])?;
    if !ok {
        return Err(CheckFailure::Refused { tool: "iverilog", block: name, dir: dir.path().to_path_buf(), text });
    }
    let (ok, text) = run(dir.path(), "vvp", &["-n", "bench.vvp"])?;
    let lines: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("@ ")).collect();
    if !ok || lines.len() != recording.samples.len() {
        return Err(CheckFailure::Refused { tool: "vvp", block: name, dir: dir.path().to_path_buf(), text });
    }
    for (at, (line, sample)) in lines.iter().zip(&recording.samples).enumerate() {
        for ((port, shown), value) in outputs.iter().zip(line.split_whitespace()).zip(sample) {
            if u128::from_str_radix(shown, 16).ok() != Some(*value) {
                return Err(CheckFailure::Differ(Box::new(Difference {
                    block: name,
                    cycle: at / 2,
                    phase: if at % 2 == 0 { "before the clock edge" } else { "after the clock edge" },
                    port: port.name.replace('$', "."),
                    rust: format!("{value:x}"),
                    verilog: shown.to_string(),
                    seed,
                    dir: dir.path().to_path_buf(),
                })));
            }
        }
    }
    dir.discard();
    Ok(())
}

#[allow(clippy::too_many_arguments)] // one private caller; a struct of its locals would say no more
fn record<B, D, F>(
    block: &mut B,
    name: &str,
    inputs: &[Port],
    outputs: &[Port],
    clock: Option<&str>,
    cycles: usize,
    seed: u64,
    drive: D,
    mut bias: F,
) -> Result<Recording, CheckFailure>
where
    B: Block,
    D: Fn(&mut B, &mut dyn FnMut(&str) -> Option<u128>),
    F: FnMut(&mut Stimulus),
{
    let mut random = Random::new(seed);
    let mut values = vec![0u128; inputs.len()];
    let mut shown = HashMap::new();
    let mut recording = Recording { vectors: String::new(), samples: Vec::new() };
    for cycle in 0..cycles {
        for (port, value) in inputs.iter().zip(values.iter_mut()) {
            *value = random_value(&mut random, port.width, *value);
        }
        let reset_now = random.chance(1, RESET_EVERY);
        let mut wrong_pin = None;
        let mut stimulus = Stimulus {
            cycle,
            random: &mut random,
            block: name,
            inputs,
            values: &mut values,
            outputs: &shown,
            wrong_pin: &mut wrong_pin,
        };
        if inputs.iter().any(|p| p.name == "aresetn") {
            stimulus.set("aresetn", u8::from(!reset_now));
        }
        bias(&mut stimulus);
        if inputs.iter().any(|p| p.name == "aresetn") && cycle < RESET_CYCLES {
            stimulus.set("aresetn", 0u8);
        }
        if let Some(failure) = wrong_pin {
            return Err(failure);
        }
        for (port, value) in inputs.iter().zip(&values) {
            let digits = port.width.div_ceil(4);
            let _ = write!(recording.vectors, "{value:0digits$x}");
        }
        recording.vectors.push('\n');

        drive(block, &mut |pin| inputs.iter().position(|p| p.name == pin).map(|at| values[at]));
        let settled = simulate(block, SETTLE);
        recording.samples.push(outputs_of(block));
        let edge = |block: &mut B, level: u128| {
            drive(block, &mut |pin| (Some(pin) == clock).then_some(level));
            simulate(block, SETTLE)
        };
        let settled = settled & edge(block, 1);
        recording.samples.push(outputs_of(block));
        if !(settled & edge(block, 0)) {
            return Err(CheckFailure::NotSettled { block: name.to_string(), cycle, seed });
        }
        if let Some(sample) = recording.samples.last() {
            shown = outputs.iter().map(|p| p.name.clone()).zip(sample.iter().copied()).collect();
        }
    }
    Ok(recording)
}

/// The Verilog test bench: reads `vectors.hex`, prints the outputs before and after each clock edge. A vector has every input in
/// a field of whole hexadecimal digits.
fn bench(inputs: &[Port], outputs: &[Port], clock: Option<&str>, cycles: usize) -> String {
    let field = |p: &Port| p.width.div_ceil(4) * 4;
    let total: usize = inputs.iter().map(field).sum::<usize>().max(1);
    let mut text = String::from("`timescale 1ns/1ps\nmodule bench;\n");
    let _ = writeln!(text, "reg [{}:0] vectors [0:{}];\nreg [{}:0] v;\ninteger i;\nreg clk;", total - 1, cycles - 1, total - 1);
    let mut low = total;
    let mut pins = Vec::new();
    for port in inputs {
        low -= field(port);
        pins.push(format!(".{}(v[{}:{}])", flat_name(&port.name), low + port.width - 1, low));
    }
    for (at, port) in outputs.iter().enumerate() {
        let _ = writeln!(text, "wire [{}:0] o{at};", port.width - 1);
        pins.push(format!(".{}(o{at})", flat_name(&port.name)));
    }
    pins.extend(clock.map(|c| format!(".{}(clk)", flat_name(c))));
    let format = vec!["%h"; outputs.len()].join(" ");
    let values = (0..outputs.len()).map(|at| format!("o{at}")).collect::<Vec<_>>().join(", ");
    let show = if outputs.is_empty() { "$display(\"@ \");".into() } else { format!("$display(\"@ {format}\", {values});") };
    let _ = writeln!(text, "top dut({});", pins.join(", "));
    let _ = writeln!(
        text,
        "initial begin\nclk = 0;\n$readmemh(\"vectors.hex\", vectors);\nfor (i = 0; i < {cycles}; i = i + 1) begin\n\
         v = vectors[i]; #1; {show}\nclk = 1; #1; {show}\nclk = 0; #1;\nend\n$finish;\nend\nendmodule"
    );
    text
}
