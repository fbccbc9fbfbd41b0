//! Running the Verilog tools: folders of their own, and errors that say what to do.

use crate::verilog::EmitError;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Why a check could not be made or did not pass.
#[derive(Debug, thiserror::Error)]
pub enum CheckFailure {
    /// A tool is not installed.
    #[error("'{0}' cannot be started ({1}); `cargo xtask setup` installs the Verilog tools (verilator, yosys, iverilog)")]
    ToolMissing(String, std::io::Error),
    /// A file could not be written or read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no Verilog: RustHDL's own checks, the HDL lint, or names that meet.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// A front end refused the Verilog, or gave a warning that counts as an error.
    #[error("{tool} refuses the Verilog of {block}; files are in {}\n{text}", dir.display())]
    Refused {
        /// The front end.
        tool: &'static str,
        /// The block's name.
        block: String,
        /// Where the files are.
        dir: PathBuf,
        /// What the tool said.
        text: String,
    },
    /// The list given to `drive!` does not have all inputs of the block.
    #[error("{block}: drive!(..) does not list the input(s) {missing}")]
    InputsNotDriven {
        /// The block's name.
        block: String,
        /// The inputs that nobody drives.
        missing: String,
    },
    /// The bias hook names a pin that the block does not have.
    #[error("{block} has no input pin '{pin}'; it has {inputs}")]
    UnknownPin {
        /// The block's name.
        block: String,
        /// The name that was asked for.
        pin: String,
        /// The names that there are.
        inputs: String,
    },
    /// A combinational loop in RustHDL.
    #[error("{block}: the RustHDL form does not settle in cycle {cycle} (seed {seed})")]
    NotSettled {
        /// The block's name.
        block: String,
        /// Cycle, counted from 0.
        cycle: usize,
        /// Seed of the stimulus.
        seed: u64,
    },
    /// The two forms differ.
    #[error("{0}")]
    Differ(Box<Difference>),
}

/// Where the two forms of a block first differ.
#[derive(Debug, thiserror::Error)]
#[error(
    "{block}: RustHDL and Verilog differ\n  cycle {cycle} ({phase}), port {port}: RustHDL {rust}, Verilog {verilog} (seed {seed})\n  files are in {}",
    dir.display()
)]
pub struct Difference {
    /// The block's name.
    pub block: String,
    /// Cycle, counted from 0.
    pub cycle: usize,
    /// Before or after the clock's edge.
    pub phase: &'static str,
    /// The output.
    pub port: String,
    /// Its value in RustHDL, hexadecimal.
    pub rust: String,
    /// Its value in Verilog, hexadecimal (`x` and `z` as Icarus prints them).
    pub verilog: String,
    /// Seed of the stimulus.
    pub seed: u64,
    /// Where the Verilog, the test bench and the vectors are.
    pub dir: PathBuf,
}

/// A folder that no other test uses; removed by [`Workdir::discard`] and kept for the reader otherwise.
#[derive(Debug)]
pub struct Workdir(PathBuf);

impl Workdir {
    /// A new folder under the build folder (or the system's temporary folder), its name beginning with `stem`.
    pub fn new(stem: &str) -> Result<Self, CheckFailure> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let stem: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(48).collect();
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let path = build_folder().join("hdl-check").join(format!("{stem}-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|source| CheckFailure::File { path: path.clone(), source })?;
        Ok(Workdir(path))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf, CheckFailure> {
        let path = self.0.join(name);
        std::fs::write(&path, text).map_err(|source| CheckFailure::File { path: path.clone(), source })?;
        Ok(path)
    }

    /// Removes the folder: nothing in it is of interest any more. That it cannot be removed is no failure of the check.
    pub fn discard(self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `target` of the build that this program comes from, else the system's temporary folder.
fn build_folder() -> PathBuf {
    std::env::current_exe()
        .ok()
        .and_then(|exe| exe.ancestors().find(|p| p.file_name().is_some_and(|n| n == "target")).map(Path::to_path_buf))
        .unwrap_or_else(std::env::temp_dir)
}

/// Runs a tool in `dir`. Returns whether it succeeded and all that it printed.
pub fn run(dir: &Path, tool: &str, args: &[&str]) -> Result<(bool, String), CheckFailure> {
    let output = Command::new(tool)
        .args(args)
        .current_dir(dir)
        .output()
        .map_err(|error| CheckFailure::ToolMissing(tool.to_string(), error))?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok((output.status.success(), text))
}
