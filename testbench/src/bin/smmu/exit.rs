//! How a command ends, and how it prints.

use std::io::{self, Write};
use std::process::ExitCode;

/// Why a command does not end with status 0.
#[derive(Debug)]
pub enum Failure {
    /// Status 2: used wrongly. The message goes to standard error.
    Usage(anyhow::Error),
    /// Status 1: something broke on the way. The message goes to standard error.
    Broken(anyhow::Error),
    /// Status 1: it ran, and what came out is not good; all has been said already.
    NotGood,
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure::Broken(error)
    }
}

/// What a command returns.
pub type Outcome = Result<(), Failure>;

/// The exit status, with the message printed.
pub fn code(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::NotGood) => ExitCode::from(1),
        Err(Failure::Broken(error)) => {
            eprintln!("smmu: {}", message(&error));
            ExitCode::from(1)
        }
        Err(Failure::Usage(error)) => {
            eprintln!("smmu: {}", message(&error));
            ExitCode::from(2)
        }
    }
}

/// An error and its causes in one line, without those that the text before them tells already.
fn message(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Prints to standard output. A reader that has gone (`smmu .. | head`) is no error.
pub fn print(text: &str) -> Outcome {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Broken(anyhow::Error::new(error).context("standard output")))
        }
        _ => Ok(()),
    }
}

/// Prints a value as JSON.
pub fn print_json(value: &impl serde::Serialize) -> Outcome {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::Broken(error.into()))?;
    print(&format!("{text}\n"))
}

/// A message for a name that is none of `valid`.
pub fn unknown<'a>(what: &str, name: &str, valid: impl IntoIterator<Item = &'a str>) -> Failure {
    let valid: Vec<&str> = valid.into_iter().collect();
    Failure::Usage(anyhow::anyhow!("there is no {what} '{name}'; choose one of: {}", valid.join(", ")))
}

/// The preset of that name.
pub fn preset(name: &str) -> Result<&'static smmu_rtl::params::Params, Failure> {
    smmu_rtl::params::preset(name)
        .ok_or_else(|| unknown("preset", name, smmu_rtl::params::PRESETS.iter().map(|preset| preset.name)))
}

/// Checks the name of an engine.
pub fn engine(name: &str) -> Result<&str, Failure> {
    use smmu_sim::dut::{DeviceError, ENGINES, OPTIONAL_ENGINES};
    if ENGINES.iter().any(|(engine, _)| *engine == name) {
        return Ok(name);
    }
    match OPTIONAL_ENGINES.iter().find(|engine| **engine == name) {
        Some(engine) => Err(Failure::Usage(DeviceError::NotBuilt(engine).into())),
        None => Err(unknown("engine", name, ENGINES.iter().map(|(engine, _)| *engine))),
    }
}

/// A wave file at a place where none can be is wrong use; a disk that fills up is not.
pub fn device(error: smmu_sim::dut::DeviceError) -> Failure {
    use smmu_sim::dut::DeviceError;
    use std::io::ErrorKind;
    match &error {
        DeviceError::Wave { source, .. }
            if matches!(
                source.kind(),
                ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::IsADirectory | ErrorKind::NotADirectory
            ) =>
        {
            Failure::Usage(error.into())
        }
        _ => Failure::Broken(error.into()),
    }
}
