//! The C and the Python host with the library, as a user runs them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The library, built: a test alone has no use for a shared library, so cargo does not build it for one.
fn library() -> PathBuf {
    let exe = std::env::current_exe().expect("this test");
    // target/<profile>/deps/<test>
    let folder = exe.ancestors().nth(2).expect("the profile's folder");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--offline", "-p", "smmu-capi", "--manifest-path"]).arg(root().join("Cargo.toml"));
    cargo.arg("--target-dir").arg(folder.parent().expect("the target folder"));
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    // The same features as this build, so that nothing else is compiled anew.
    if smmu_sim::dut::ENGINES.iter().any(|(name, _)| *name == "verilator") {
        cargo.args(["--features", "verilator"]);
    }
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", said(&output));
    folder.join(format!("{}smmu_sim{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX))
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The C host, compiled.
fn c_host(name: &str) -> PathBuf {
    let host = std::env::temp_dir().join(format!("smmu-host-{name}-{}", std::process::id()));
    let output = Command::new("cc")
        .args(["-std=c99", "-D_DEFAULT_SOURCE", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&host)
        .arg("-I")
        .arg(root().join("include"))
        .arg(root().join("examples/host.c"))
        .arg("-ldl")
        .output()
        .expect("a C compiler called cc");
    assert!(output.status.success(), "{}", said(&output));
    host
}

fn run_c_host(name: &str, args: &str) -> String {
    let host = c_host(name);
    let output = Command::new(&host).arg(library()).arg(args).output().expect("the host runs");
    let _ = std::fs::remove_file(&host);
    assert!(output.status.success(), "{args}: {}", said(&output));
    said(&output)
}

#[test]
fn the_c_host_on_the_model() {
    let said = run_c_host("model", "engine=model");
    assert!(said.contains("0x12345678 goes to 0x80008678"), "{said}");
    assert!(said.contains("FSR 0x402, FAR 0x12346000"), "{said}");
    assert!(
        said.contains("interrupt line 1 is high\ninterrupt line 1 is low") || said.contains("interrupt line 1 is low"),
        "{said}"
    );
    for error in ["called before smmu_init", "there is no preset 'nothing'; choose one of: mini", "host is NULL", "called twice"]
    {
        assert!(said.contains(error), "{error}: {said}");
    }
}

#[test]
fn the_c_host_on_hardware_with_a_wave() {
    let wave = std::env::temp_dir().join(format!("smmu-host-{}.vcd", std::process::id()));
    let said = run_c_host("hardware", &format!("preset=mini engine=rusthdl vcd={}", wave.display()));
    assert!(said.contains("all as it should be"), "{said}");
    assert!(std::fs::read_to_string(&wave).is_ok_and(|text| text.contains("$enddefinitions")));
    let _ = std::fs::remove_file(&wave);
    let _ = std::fs::remove_file(wave.with_extension("gtkw"));
}

#[test]
fn the_python_host() {
    let output = Command::new("python3").arg(root().join("examples/host.py")).arg(library()).output().expect("python3");
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("stalled: FSR 0x40000402, FAR 0x5678"), "{}", said(&output));
    assert!(said(&output).contains("goes to 0x400000678"), "{}", said(&output));
}

#[test]
fn a_library_that_is_not_there() {
    let host = c_host("missing");
    let output = Command::new(&host).arg("/nowhere.so").output().expect("the host runs");
    let _ = std::fs::remove_file(&host);
    assert_eq!(output.status.code(), Some(2));
}
