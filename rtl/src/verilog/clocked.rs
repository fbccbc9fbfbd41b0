//! The same hardware for simulation: one module that computes everything at the clock edge, and only what may have changed.
//!
//! A simulator that evaluates the emitted Verilog as it stands does most of its work for nothing: wires that hang on inputs and on
//! registers are evaluated twice a cycle, every wire is kept where others could see it, and blocks that have nothing to do compute
//! the state that they have already. So here
//!
//! - all instances become one module ([`flat`]), its names being paths: `tbu$rd_pipe$must_q`;
//! - wires that lead to output pins stay combinational: they hang on registers alone (an error if not);
//! - all other wires become blocking assignments in one `always @(posedge clock)`, each behind those that it reads, followed by
//!   the registers' delayed assignments. Nothing else reads these wires, so at the edge each is computed once;
//! - registers are put into groups. Group 0 works in every cycle. The others are *gated*, see below.
//!
//! # Gates
//!
//! A gated group is its registers and memories, and the wires that only they read. It remembers the inputs that it had when it was
//! last evaluated, and whether that changed any of its registers (a flag that every delayed assignment sets if it assigns something
//! new; memories as well). If nothing changed and the inputs are still the same, evaluating it again would assign the same values
//! again, and it is skipped.
//!
//! A wire that several groups read is evaluated if any of the groups that it comes from has its flag set; if it comes from group 0
//! or from a data input, in every cycle. Inputs that seldom move have flags like groups (see [`SLOW_INPUTS`]).
//!
//! The cycles, the values of registers and output pins are those of the emitted Verilog. What differs is what one sees of wires
//! between two edges: waves need the emitted Verilog.

mod flat;
mod statement;
#[cfg(test)]
mod tests;

use flat::{Flat, Part};
use std::collections::{BTreeMap, BTreeSet};

/// A gated group: the instances whose paths begin so, and those among them that are left out.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    /// Beginnings of paths.
    pub of: &'static [&'static str],
    /// Beginnings of longer paths that do not belong to it.
    pub without: &'static [&'static str],
}

/// Inputs that are compared with what they were, by the beginnings of their names: reset, and the ports that rest while clients work.
const SLOW_INPUTS: [&str; 3] = ["aresetn", "s_axil", "m_axi_ptw"];

/// Everything that is known of where values come from and go to. Sets of groups are bits; the slow inputs follow the groups.
struct Graph<'a> {
    flat: &'a Flat,
    clock: &'a str,
    groups: usize,
    /// Group of each clocked part.
    clocked: Vec<usize>,
    /// Group that assigns a register or memory, or stands for an input.
    owner: BTreeMap<&'a str, usize>,
    /// Wires, each behind those that it reads.
    order: Vec<usize>,
    /// Groups that a wire's value comes from.
    from: Vec<u128>,
    /// Groups that need it.
    into: Vec<u128>,
    /// Whether an output pin hangs on it.
    outside: Vec<bool>,
}

/// The text of the module `top` of an emitted text in the form that the module's header tells of.
///
/// # Errors
/// A text that is not of the kind that this crate emits; an output pin that depends on an input pin in the same cycle.
pub fn clocked(text: &str, top: &str, clock: &str, gates: &[Gate]) -> Result<String, String> {
    let flat = flat::flatten(text, top)?;
    let graph = Graph::new(&flat, clock, gates)?;
    let mut out = format!("module {top}({});\n", flat.ports.join(","));
    flat.constants.iter().for_each(|constant| out.push_str(&format!("localparam {constant};\n")));
    for (name, v) in &flat.variables {
        out.push_str(&match (v.port, v.integer) {
            (Some(true), _) => format!("input wire {} {name};\n", v.range),
            (Some(false), _) => format!("output reg {} {name};\n", v.range),
            (None, true) => format!("integer {name};\n"),
            (None, false) => format!("reg {} {name} {};\n", v.range, v.memory),
        });
    }
    for statement in &flat.initial {
        out.push_str("initial begin\n");
        statement.print(None, &mut out);
        out.push_str("end\n");
    }
    for n in graph.order.iter().filter(|n| graph.outside[**n]) {
        if let Some(input) = flat.wires[*n].reads.iter().find(|name| flat.variables[*name].port == Some(true)) {
            return Err(format!("an output depends on input '{input}' in the same cycle"));
        }
        out.push_str("always @(*) begin\n");
        flat.wires[*n].statement.print(None, &mut out);
        out.push_str("end\n");
    }
    let mut body = String::new();
    graph.inputs(&mut out, &mut body);
    graph.shared(&mut body);
    for group in 1..graph.groups {
        graph.gated(group, &mut out, &mut body)?;
    }
    for (part, _) in flat.clocked.iter().zip(&graph.clocked).filter(|(_, group)| **group == 0) {
        part.statement.print(None, &mut body);
    }
    out.push_str(&format!("always @(posedge {clock}) begin\n{body}end\nendmodule\n"));
    Ok(out)
}

impl<'a> Graph<'a> {
    fn new(flat: &'a Flat, clock: &'a str, gates: &[Gate]) -> Result<Self, String> {
        let groups = 1 + gates.len();
        if groups + SLOW_INPUTS.len() > 127 {
            return Err("too many gates".to_string());
        }
        let begins = |path: &str, with: &[&str]| with.iter().any(|start| path.starts_with(start));
        let group = |path: &str| gates.iter().position(|g| begins(path, g.of) && !begins(path, g.without)).map_or(0, |g| g + 1);
        let clocked: Vec<usize> = flat.clocked.iter().map(|part| group(&part.path)).collect();
        let mut owner: BTreeMap<&str, usize> = BTreeMap::new();
        for (part, group) in flat.clocked.iter().zip(&clocked) {
            for name in &part.writes {
                if owner.insert(name, *group).is_some_and(|other| other != *group) {
                    return Err(format!("'{name}' is assigned by two groups"));
                }
            }
        }
        for (name, _) in flat.variables.iter().filter(|(name, v)| v.port == Some(true) && *name != clock) {
            owner.insert(name, SLOW_INPUTS.iter().position(|slow| name.starts_with(slow)).map_or(0, |n| groups + n));
        }
        let mut writers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (n, wire) in flat.wires.iter().enumerate() {
            wire.writes.iter().for_each(|name| writers.entry(name).or_default().push(n));
        }
        let before = |part: &Part| -> Vec<usize> {
            part.reads.iter().flat_map(|name| writers.get(name.as_str()).into_iter().flatten().copied()).collect()
        };
        let order = order(&flat.wires, &before)?;
        let (mut from, mut into) = (vec![0u128; flat.wires.len()], vec![0u128; flat.wires.len()]);
        let mut outside = vec![false; flat.wires.len()];
        for n in &order {
            let wire = &flat.wires[*n];
            let own = wire.reads.iter().filter_map(|name| owner.get(name.as_str())).fold(0, |bits, group| bits | 1 << group);
            from[*n] = before(wire).iter().fold(own, |bits, w| bits | from[*w]);
        }
        for (part, group) in flat.clocked.iter().zip(&clocked) {
            before(part).iter().for_each(|w| into[*w] |= 1 << group);
        }
        for (name, _) in flat.variables.iter().filter(|(_, v)| v.port == Some(false)) {
            writers.get(name.as_str()).into_iter().flatten().for_each(|w| outside[*w] = true);
        }
        for n in order.iter().rev() {
            // What reads a memory belongs to its group, too: a memory cannot be compared with what it was.
            let memories = flat.wires[*n].reads.iter().filter(|name| !flat.variables[*name].memory.is_empty());
            into[*n] |= memories.filter_map(|name| owner.get(name.as_str())).fold(0, |bits, group| bits | 1 << group);
            for w in before(&flat.wires[*n]) {
                into[w] |= into[*n];
                outside[w] |= outside[*n];
            }
        }
        Ok(Graph { flat, clock, groups, clocked, owner, order, from, into, outside })
    }

    /// Wires in order, without those that lead to output pins.
    fn inside(&self) -> impl Iterator<Item = usize> + '_ {
        self.order.iter().copied().filter(|n| !self.outside[*n])
    }

    /// Statements that set the flags of the slow inputs.
    fn inputs(&self, declarations: &mut String, body: &mut String) {
        declarations.push_str("reg awake;\ninitial awake = 1'h0;\n");
        for flag in self.groups..self.groups + SLOW_INPUTS.len() {
            let pins = self.owner.iter().filter(|(_, owner)| **owner == flag).map(|(name, _)| *name);
            let (mut test, mut take) = (format!("news${flag} = ~awake"), String::new());
            for pin in pins {
                declarations.push_str(&format!("reg {} seen${pin};\n", self.flat.variables[pin].range));
                test.push_str(&format!(" | (seen${pin} != {pin})"));
                take.push_str(&format!("seen${pin} = {pin};\n"));
            }
            declarations.push_str(&format!("reg news${flag};\n"));
            body.push_str(&format!("{test};\nif (news${flag}) begin\n{take}end\n"));
        }
        body.push_str("awake = 1'h1;\n");
    }

    /// Wires that several groups need, or group 0.
    fn shared(&self, body: &mut String) {
        // By the number of groups that they come from: what a wire reads comes from as many or fewer. What comes from nowhere is
        // first, what has to be evaluated anyhow is last.
        let mut clusters: BTreeMap<(u32, u128), Vec<usize>> = BTreeMap::new();
        for n in self.inside().filter(|n| self.into[*n].count_ones() > 1 || self.into[*n] == 1) {
            let from = if self.from[n] & 1 == 1 { u128::MAX } else { self.from[n] };
            clusters.entry((from.count_ones(), from)).or_default().push(n);
        }
        for ((_, from), wires) in clusters {
            let flags: Vec<String> =
                (1..self.groups + SLOW_INPUTS.len()).filter(|g| from >> g & 1 == 1).map(|g| format!("news${g}")).collect();
            let gated = from != 0 && from != u128::MAX;
            if gated {
                body.push_str(&format!("if ({}) begin\n", flags.join(" | ")));
            }
            wires.iter().for_each(|n| self.flat.wires[*n].statement.print(None, body));
            if gated {
                body.push_str("end\n");
            }
        }
    }

    /// A gated group.
    fn gated(&self, group: usize, declarations: &mut String, body: &mut String) -> Result<(), String> {
        if !self.clocked.contains(&group) {
            return Ok(());
        }
        let flag = format!("news${group}");
        declarations.push_str(&format!("reg {flag};\ninitial {flag} = 1'h1;\n"));
        let wires = self.inside().filter(|n| self.into[*n] == 1 << group).map(|n| &self.flat.wires[n]);
        let registers = self.flat.clocked.iter().zip(&self.clocked).filter(|(_, g)| **g == group).map(|(part, _)| part);
        let (wires, registers): (Vec<&Part>, Vec<&Part>) = (wires.collect(), registers.collect());
        let all = || wires.iter().chain(&registers);
        let own: BTreeSet<&String> = all().flat_map(|part| &part.writes).collect();
        let mut inputs: BTreeSet<&String> = all().flat_map(|part| &part.reads).filter(|name| !own.contains(name)).collect();
        // Memories that nothing writes are constants.
        let memory = |name: &str| !self.flat.variables[name].memory.is_empty();
        inputs.retain(|name| *name != self.clock && (!memory(name) || self.owner.contains_key(name.as_str())));
        if let Some(name) = inputs.iter().find(|name| memory(name)) {
            return Err(format!("memory '{name}' is read by the registers of another group"));
        }
        let (mut test, mut take) = (flag.clone(), String::new());
        for name in inputs {
            let seen = format!("seen${group}${name}");
            declarations.push_str(&format!("reg {} {seen};\n", self.flat.variables[name].range));
            test.push_str(&format!(" | ({seen} != {name})"));
            take.push_str(&format!("{seen} = {name};\n"));
        }
        body.push_str(&format!("if ({test}) begin\n{flag} = 1'h0;\n{take}"));
        wires.iter().for_each(|part| part.statement.print(None, body));
        registers.iter().for_each(|part| part.statement.print(Some(&flag), body));
        body.push_str("end\n");
        Ok(())
    }
}

/// The wires so that each stands behind those that it reads.
fn order(wires: &[Part], before: &dyn Fn(&Part) -> Vec<usize>) -> Result<Vec<usize>, String> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut states = vec![State::New; wires.len()];
    let mut order = Vec::new();
    for start in 0..wires.len() {
        let mut stack = vec![(start, false)];
        while let Some((n, left)) = stack.pop() {
            if left {
                states[n] = State::Done;
                order.push(n);
            } else if states[n] == State::New {
                states[n] = State::Open;
                stack.push((n, true));
                for w in before(&wires[n]) {
                    match states[w] {
                        State::New => stack.push((w, false)),
                        State::Open => return Err(format!("a loop goes through {:?}", wires[w].writes)),
                        State::Done => {}
                    }
                }
            }
        }
    }
    Ok(order)
}
