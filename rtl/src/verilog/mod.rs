//! The Verilog writer.
//!
//! RustHDL prints one module an instance, named by its path, with `$` in most names. [`emit`] makes of it what a user of the Verilog
//! expects: one file with the top module `smmu`, flat AXI port names (`s_axi_arvalid`), identical modules once, no `$` in any name.
//!
//! How: RustHDL's text is cut into tokens ([`token`]) and modules ([`module`]); every module is tidied by itself (clocks connected
//! directly, literals and enum constants sized); what straps leave out goes ([`module::finish`]); then modules are compared from the leaves up, with their instances' types
//! replaced by what those were merged into, and equal ones become one. The output depends on nothing but the block, so two runs
//! give the same file.
//!
//! [`simulation`] makes another text of the emitted one, for simulators: the same hardware in a form that is faster to evaluate
//! ([`clocked`]).
//!
//! What stands in the way comes back as an [`EmitError`]: RustHDL's own checks, the findings of [`crate::lint`], two names that meet
//! when they are made flat, or a name that is a keyword.

mod clocked;
mod emit;
mod module;
mod ports;
mod preset;
mod token;

pub use emit::{emit_block, flat_ports};
pub use ports::{block_ports, flat_name, Dir, Port};
pub use preset::{emit, lint, on_preset, ports, simulation, TOP};

/// Why there is no Verilog.
#[derive(Debug, thiserror::Error)]
pub enum EmitError {
    /// No hardware is elaborated for these parameters.
    #[error("no hardware is elaborated for '{0}'; presets are {presets}", presets = preset::names())]
    UnknownPreset(String),
    /// RustHDL's check of connections, loops and written inputs.
    #[error("RustHDL's check_all: {0}")]
    Check(String),
    /// Findings of the HDL lint, one a line.
    #[error("the HDL lint has findings:\n{0}")]
    Lint(String),
    /// Two names become one when they are made flat.
    #[error("module '{module}': '{first}' and '{second}' both become '{name}'; rename one of them")]
    Clash {
        /// Path of the module.
        module: String,
        /// A name.
        first: String,
        /// Another.
        second: String,
        /// What both become.
        name: String,
    },
    /// A flat name that Verilog reserves.
    #[error("module '{module}': '{name}' is a Verilog keyword")]
    Keyword {
        /// Path of the module.
        module: String,
        /// The name.
        name: String,
    },
    /// RustHDL printed something that this writer does not know.
    #[error("unexpected Verilog from RustHDL: {0}")]
    Text(String),
    /// The thread that elaborates the hardware could not be started or died.
    #[error("elaboration failed: {0}")]
    Elaboration(String),
}

#[cfg(test)]
mod tests;
