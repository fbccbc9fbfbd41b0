//! Installs what the checks need. What is there already is left alone, so a second run takes a moment.

use crate::runner::{logged, tell};
use anyhow::{bail, Context};
use std::path::Path;
use std::process::{Command, Stdio};

/// A program, arguments with which it only tells something about itself, and the Debian package that has it.
const PROGRAMS: &[(&str, &[&str], &str)] = &[
    ("verilator", &["--version"], "verilator"),
    ("yosys", &["-V"], "yosys"),
    ("iverilog", &["-V"], "iverilog"),
    ("vvp", &["-V"], "iverilog"),
    ("python3", &["-c", "import venv, ensurepip"], "python3-venv"),
];

/// Folder of the Python environment, below the root.
const ENVIRONMENT: &str = "target/tools";
/// The wheels and their versions, below the root.
const REQUIREMENTS: &str = "fpga/requirements.txt";

/// Everything: programs and wheels.
pub fn run(root: &Path) -> anyhow::Result<()> {
    programs(root)?;
    wheels(root)
}

/// True if the program is there and starts.
pub fn starts(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|s| s.success())
}

/// Debian packages of the programs that `present` does not find.
fn missing(present: impl Fn(&str, &[&str]) -> bool) -> Vec<&'static str> {
    let mut packages: Vec<&str> =
        PROGRAMS.iter().filter(|(program, arguments, _)| !present(program, arguments)).map(|(_, _, package)| *package).collect();
    packages.dedup();
    packages
}

/// The programs from the system's packages.
pub fn programs(root: &Path) -> anyhow::Result<()> {
    let packages = missing(starts);
    if packages.is_empty() {
        return Ok(());
    }
    let list = packages.join(" ");
    if !starts("apt-get", &["--version"]) {
        bail!("missing: {list}; install them with your system's package manager (names are Debian's)");
    }
    let prefix: &[&str] = match () {
        () if starts("sh", &["-c", "test \"$(id -u)\" = 0"]) => &[],
        () if starts("sudo", &["-n", "true"]) => &["sudo", "-n"],
        () => bail!("missing: {list}; run 'sudo apt-get install {list}', then this command again"),
    };
    println!("installing {list}");
    let apt = |name: &str, arguments: &[&str]| -> anyhow::Result<()> {
        let words = [prefix, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"], arguments].concat();
        let outcome = logged(root, name, words[0], &words[1..])?;
        if !outcome.ok {
            tell(name, &outcome);
            bail!("'{}' failed", words.join(" "));
        }
        Ok(())
    };
    apt("package lists", &["update"])?;
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(&packages);
    apt("packages", &arguments)?;
    let still = missing(starts);
    if !still.is_empty() {
        bail!("still missing after the installation: {}", still.join(" "));
    }
    Ok(())
}

/// The FPGA tools: a Python environment in the build folder, with the pinned wheels. Its stamp is the requirements file itself.
pub fn wheels(root: &Path) -> anyhow::Result<()> {
    let requirements = root.join(REQUIREMENTS);
    let wanted = std::fs::read_to_string(&requirements).with_context(|| requirements.display().to_string())?;
    let environment = root.join(ENVIRONMENT);
    let stamp = environment.join("installed.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    println!("installing the FPGA tools into {ENVIRONMENT}");
    let pip = environment.join("bin/pip").display().to_string();
    let steps: [(&str, &str, Vec<&str>); 2] = [
        ("python environment", "python3", vec!["-m", "venv", "--clear", ENVIRONMENT]),
        ("wheels", &pip, vec!["install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS]),
    ];
    for (name, program, arguments) in steps {
        let outcome = logged(root, name, program, &arguments)?;
        if !outcome.ok {
            tell(name, &outcome);
            bail!("'{program} {}' failed", arguments.join(" "));
        }
    }
    std::fs::write(&stamp, wanted).with_context(|| stamp.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_programs_give_their_packages_once() {
        assert_eq!(missing(|_, _| true), Vec::<&str>::new());
        assert_eq!(missing(|program, _| !["iverilog", "vvp"].contains(&program)), vec!["iverilog"]);
        assert_eq!(missing(|_, _| false), vec!["verilator", "yosys", "iverilog", "python3-venv"]);
    }

    #[test]
    fn every_wheel_is_pinned() {
        let text = std::fs::read_to_string(crate::root().join(REQUIREMENTS)).unwrap();
        let wheels: Vec<&str> = text.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty()).collect();
        assert!(wheels.len() >= 2 && wheels.iter().all(|w| w.contains("==")), "{wheels:?}");
    }
}
