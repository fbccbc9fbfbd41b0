//! Writes the register map as Markdown to standard output, or to the file that is named.

use std::process::ExitCode;

fn main() -> ExitCode {
    let text = smmu_rtl::registers::markdown();
    match std::env::args().nth(1) {
        None => print!("{text}"),
        Some(file) => {
            if let Err(e) = std::fs::write(&file, text) {
                eprintln!("{file}: {e}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
