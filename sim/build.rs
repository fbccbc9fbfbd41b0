//! Builds the Verilator engine's models if the feature `verilator` is on; does nothing otherwise.

#[cfg(feature = "verilator")]
#[path = "build/verilator.rs"]
mod verilator;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    #[cfg(feature = "verilator")]
    if let Err(message) = verilator::build() {
        eprintln!("\nerror: the Verilator engine cannot be built: {message}\n");
        std::process::exit(1);
    }
}
