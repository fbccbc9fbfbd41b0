//! One block's Verilog through three front ends: Yosys, Verilator's lint, Icarus.

use super::tools::{run, CheckFailure, Workdir};
use crate::prelude::*;
use crate::verilog::emit_block;

/// Verilator warnings that count as errors. Width warnings do not: RustHDL writes 32-bit literals everywhere, and what they
/// could hide is found by the lint and by [`super::equivalence`].
pub const VERILATOR_ERRORS: &[&str] = &[
    "ALWCOMBORDER",
    "ASSIGNIN",
    "BLKANDNBLK",
    "CASEINCOMPLETE",
    "CASEOVERLAP",
    "COMBDLY",
    "IMPLICIT",
    "INFINITELOOP",
    "INITIALDLY",
    "LATCH",
    "LITENDIAN",
    "MULTIDRIVEN",
    "MULTITOP",
    "PINMISSING",
    "PINNOTFOUND",
    "REDEFMACRO",
    "SELRANGE",
    "SYNCASYNCNET",
    "UNDRIVEN",
    "UNSIGNED",
    "CMPCONST",
];

/// Passes Verilog text with the top module `top` through the three front ends. `name` is what error texts call it.
pub fn check_verilog(name: &str, verilog: &str, top: &str) -> Result<(), CheckFailure> {
    let dir = Workdir::new(name)?;
    dir.write("dut.v", verilog)?;
    let refuse = |tool: &'static str, text: String| CheckFailure::Refused {
        tool,
        block: name.to_string(),
        dir: dir.path().to_path_buf(),
        text,
    };

    // Latches are asserted away: RustHDL's check_all does not see one that only some branches write.
    let script = format!(
        "read_verilog dut.v; hierarchy -check -top {top}; proc; select -assert-none t:$dlatch; flatten; opt_clean; check -assert"
    );
    let (ok, text) = run(dir.path(), "yosys", &["-q", "-p", &script])?;
    if !ok {
        return Err(refuse("yosys", text));
    }

    let (ok, text) = run(dir.path(), "verilator", &["--lint-only", "-Wall", "-Wno-fatal", "--top-module", top, "dut.v"])?;
    let counted: Vec<&str> =
        text.lines().filter(|l| VERILATOR_ERRORS.iter().any(|w| l.starts_with(&format!("%Warning-{w}:")))).collect();
    if !ok {
        return Err(refuse("verilator", text));
    }
    if !counted.is_empty() {
        return Err(refuse("verilator", counted.join("\n")));
    }

    let (ok, text) = run(dir.path(), "iverilog", &["-g2005", "-t", "null", "-s", top, "dut.v"])?;
    if !ok {
        return Err(refuse("iverilog", text));
    }
    dir.discard();
    Ok(())
}

/// RustHDL's own checks, the HDL lint and the three front ends for one block. See [`super::synthesis_check`].
pub fn check_block<B: Block>(mut block: B) -> Result<(), CheckFailure> {
    block.connect_all();
    check_verilog(&super::block_name::<B>(), &emit_block(&block, "top")?, "top")
}
