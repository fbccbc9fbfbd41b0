//! Running other programs: with their output on the screen, or in a log with a progress line.

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Lines of a failed step's log that are shown.
const SHOWN: usize = 120;

/// What a step did.
#[derive(Debug)]
pub struct Outcome {
    /// True if the program ended with 0.
    pub ok: bool,
    /// All that it printed.
    pub text: String,
    /// Where that stands.
    pub log: PathBuf,
    /// How long it took.
    pub time: Duration,
}

/// Runs a program in `root` with the caller's screen and keyboard, and gives its exit code.
pub fn pass_through(root: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<i32> {
    let status = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .status()
        .with_context(|| format!("'{program}' cannot be started"))?;
    Ok(status.code().unwrap_or(2))
}

/// Runs a program in `root` with its output in `target/xtask/NAME.log`. On a terminal the last line of it is shown meanwhile.
pub fn logged(root: &Path, name: &str, program: &str, arguments: &[&str]) -> anyhow::Result<Outcome> {
    let folder = root.join("target/xtask");
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let log = folder.join(format!("{}.log", name.replace(|c: char| !c.is_ascii_alphanumeric(), "-")));
    let start = Instant::now();
    let bar = spinner(name);
    let (reader, writer) = std::io::pipe().context("a pipe for the output")?;
    let errors = writer.try_clone().context("a pipe for the output")?;
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(errors)
        .spawn()
        .with_context(|| format!("'{program}' cannot be started"))?;
    let mut file = std::fs::File::create(&log).with_context(|| log.display().to_string())?;
    let mut text = String::new();
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line.context("reading the output")?).into_owned();
        writeln!(file, "{line}").with_context(|| log.display().to_string())?;
        bar.set_message(line.trim().chars().take(90).collect::<String>());
        text.push_str(&line);
        text.push('\n');
    }
    let status = child.wait().with_context(|| format!("waiting for '{program}'"))?;
    bar.finish_and_clear();
    Ok(Outcome { ok: status.success(), text, log, time: start.elapsed() })
}

/// Prints one line for a step, and for a failed one the end of its log.
pub fn tell(name: &str, outcome: &Outcome) {
    let word = if outcome.ok { "ok    " } else { "FAILED" };
    println!("{word} {name} ({:.0} s)", outcome.time.as_secs_f64());
    if !outcome.ok {
        let lines: Vec<&str> = outcome.text.lines().collect();
        for line in &lines[lines.len().saturating_sub(SHOWN)..] {
            println!("  | {line}");
        }
        println!("  the whole log is {}", outcome.log.display());
    }
}

fn spinner(name: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} [{elapsed}] {msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(name.to_string());
    bar.enable_steady_tick(Duration::from_millis(150));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_and_exit_code_are_kept() {
        let root = std::env::temp_dir().join(format!("xtask-runner-{}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        let outcome = logged(&root, "a step", "sh", &["-c", "echo one; echo two >&2; exit 4"]).unwrap();
        assert!(!outcome.ok);
        assert_eq!(outcome.text, "one\ntwo\n");
        assert_eq!(std::fs::read_to_string(root.join("target/xtask/a-step.log")).unwrap(), "one\ntwo\n");
        assert!(logged(&root, "none", "no-such-program", &[]).is_err());
        assert_eq!(pass_through(&root, "sh", &["-c", "exit 3"]).unwrap(), 3);
        std::fs::remove_dir_all(root).unwrap();
    }
}
