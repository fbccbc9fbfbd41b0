//! `smmu decode`: a kernel log in, an explanation out.

use crate::exit::{print, print_json, Failure, Outcome};
use anyhow::{anyhow, Context};
use smmu_testbench::decode::decode;
use std::io::{IsTerminal, Read};
use std::path::PathBuf;

/// Explain the arm-smmu fault lines and ufshcd register dumps of a kernel log
///
/// The log may be as `dmesg` prints it, from a serial console or the journal, or quoted in a mail. Status 0: something was
/// recognised; 1: nothing was; 2: the file cannot be read.
#[derive(clap::Args)]
pub struct Args {
    /// The log; standard input if left out or `-`
    file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn main(args: Args) -> Outcome {
    let (name, bytes) = match args.file.filter(|file| file.as_os_str() != "-") {
        Some(file) => {
            let bytes =
                std::fs::read(&file).with_context(|| format!("cannot read '{}'", file.display())).map_err(Failure::Usage)?;
            (format!("'{}'", file.display()), bytes)
        }
        None => {
            let mut bytes = Vec::new();
            if std::io::stdin().is_terminal() {
                eprintln!("smmu: reading a kernel log from the terminal; end it with Ctrl-D");
            }
            std::io::stdin().read_to_end(&mut bytes).context("standard input")?;
            ("standard input".to_string(), bytes)
        }
    };
    // A log from a serial line may hold anything; what is not text cannot be part of a line that is looked for.
    let found = decode(&String::from_utf8_lossy(&bytes));
    if args.json {
        print_json(&found)?;
    } else if !found.is_empty() {
        print(&found.to_string())?;
    }
    if found.is_empty() {
        for warning in &found.warnings {
            eprintln!("smmu: {warning}");
        }
        let looked_for = "arm-smmu context or global faults, ufshcd host_regs dumps and error messages";
        return Err(Failure::Broken(anyhow!("nothing in {name} was recognised; looked for {looked_for}")));
    }
    Ok(())
}
