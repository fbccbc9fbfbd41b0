//! The scripts for Yosys: the netlist that mutations are drawn from, which of them any pin depends on, and the mutated netlist.
//!
//! **What never changes.** The engines start every register as zero, and so does this netlist. Registers that no input can ever bring away from
//! that (the upper bits of an index where a table is small, a queue's field that is always the same) become constants: Yosys proves them
//! (`opt_dff -sat`), and there is nothing left to mutate. The same goes for bits of memories (`opt_mem`).
//!
//! **Which matter.** All drawn mutations are put into one netlist, each behind an input of its own; memories become registers, words become
//! bits, and what leads to no pin is removed, register by register and bit by bit. An input that nothing uses any more belongs to a mutation
//! that no pin can depend on: a stored bit that is never used, a constant where that constant was.

use super::list::Mutation;
use std::collections::BTreeSet;

/// Name of the select input, and its bits.
const SELECT: &str = "mutsel";
const SELECT_BITS: usize = 12;
/// What the inputs of the netlist that is probed begin with.
const PROBE: &str = "mutation_";

/// Bits of memories that are never written as anything but what they hold are constants, and so is what follows from them: what goes through
/// one queue after another needs it once for each.
const CONSTANT_MEMORY: &str = "opt_mem\nopt -full\n";

/// The script that draws mutations: `list.txt`, and the design as it stands in `base.il`.
pub fn draw(count: usize, seed: u32) -> String {
    format!(
        "read_verilog smmu_mini.v\n\
         hierarchy -check -top smmu\n\
         proc\n\
         flatten\n\
         opt -full\n\
         wreduce\n\
         zinit -all\n\
         {CONSTANT_MEMORY}{CONSTANT_MEMORY}{CONSTANT_MEMORY}\
         opt_dff -sat\n\
         {CONSTANT_MEMORY}\
         memory_collect\n\
         opt_clean -purge\n\
         opt -full\n\
         opt_clean -purge\n\
         write_ilang base.il\n\
         mutate -list {count} -seed {seed} -o list.txt -ctrl {SELECT} {SELECT_BITS} 1\n"
    )
}

/// The script that finds which mutations any pin depends on: `probed.il`.
pub fn probe(drawn: &[Mutation]) -> String {
    let command = |(n, mutation): (usize, &Mutation)| format!("mutate -ctrl {PROBE}{n} 1 1 {}\n", mutation.command);
    let commands: String = drawn.iter().enumerate().map(command).collect();
    format!(
        "read_ilang base.il\n\
         {commands}\
         opt_clean -purge\n\
         memory_map\n\
         opt_expr\n\
         simplemap\n\
         techmap\n\
         opt_expr -fine\n\
         opt_clean -purge\n\
         opt_merge\n\
         opt_expr -fine\n\
         opt_clean -purge\n\
         write_ilang probed.il\n"
    )
}

/// Which of `count` mutations no pin depends on, by what [`probe`] has left.
pub fn idle(probed: &str, count: usize) -> Vec<bool> {
    let uses = probed.lines().filter(|line| !line.trim_start().starts_with("wire ")).flat_map(|line| line.split('\\').skip(1));
    let number = |word: &str| word.strip_prefix(PROBE)?.split(|c: char| !c.is_ascii_digit()).next()?.parse::<usize>().ok();
    let used: BTreeSet<usize> = uses.filter_map(number).collect();
    (0..count).map(|n| !used.contains(&n)).collect()
}

/// The script that puts mutations into one netlist, `mutated.v`, numbered from 1.
pub fn apply(mutations: &[Mutation]) -> String {
    let command = |(n, m): (usize, &Mutation)| format!("mutate -ctrl {SELECT} {SELECT_BITS} {} {}\n", n + 1, m.command);
    let commands: String = mutations.iter().enumerate().map(command).collect();
    format!("read_ilang base.il\n{commands}hierarchy -check -top smmu\nopt_clean\nwrite_verilog -noattr mutated.v\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutants::list::parse;

    #[test]
    fn mutations_are_numbered_where_they_are_applied() {
        let line = "mutate -ctrl mutsel 12 9 -mode inv -module smmu -cell c -port Q -portbit 0 -src x.v:1.1-1.2\n";
        let drawn = parse(&line.repeat(2), "").expect("two");
        assert!(apply(&drawn).contains("\nmutate -ctrl mutsel 12 2 -mode inv -module smmu -cell c "));
        assert!(probe(&drawn).contains("\nmutate -ctrl mutation_1 1 1 -mode inv -module smmu -cell c "));
    }

    #[test]
    fn inputs_that_only_stand_there_are_idle() {
        let probed = "  wire input 70 \\mutation_0\n  wire input 71 \\mutation_1\n  wire input 72 \\mutation_12\n  \
                      cell $_XOR_ $x\n    connect \\A { \\mutation_12 [0] }\n    connect \\B \\mutation_0\n";
        let idle = idle(probed, 13);
        assert_eq!((idle[0], idle[1], idle[12]), (false, true, false));
    }
}
