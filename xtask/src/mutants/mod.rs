//! `cargo xtask mutants`: would the checks notice a fault in the Verilog?
//!
//! Yosys draws mutations of the emitted Verilog of `mini` (a bit inverted, stuck, or mixed with another, at a cell's input or output)
//! and puts all of them into one netlist, each behind a value of an extra input. Verilator compiles that once. Then, for each of
//! them: the scenarios, the tour and a number of random programs, until a check fails. A mutation is noticed if one does: the scoreboard, a
//! protocol rule, a watchdog, a scenario's end, or the engine, which ends the process when the design does not settle.
//!
//! The design is flattened and cleaned first, so that a mutation is in one instance and in logic that something depends on. Memories are
//! kept whole, with their contents: mutations are at their ports. Clocks are left alone.
//!
//! What changes nothing at any pin is no fault. Where Yosys finds that ([`netlist`]) or a rule argues it ([`rules`]), the mutation is left
//! out, counted, and another is drawn. All others count; what is not noticed has to be explained in [`EXPLAINED`], or answered with a test.

mod list;
mod netlist;
mod rules;

use crate::runner::{logged, tell};
use anyhow::{bail, Context};
use list::{Choice, Mutation};
use rules::{Kind, Rules};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Where everything is made, below the root.
const FOLDER: &str = "target/mutants";
/// Why some mutations cannot be noticed.
const EXPLAINED: &str = "testbench/mutants.txt";
/// Per cent that have to be noticed.
const GOAL: usize = 95;
/// Mutations that are drawn, if that is enough.
const DRAWN: usize = 620;
/// A mutated run hangs, and is noticed, if it takes this many times as much time on its core as the one without a mutation, and this more.
/// Nothing is concluded from how long it waits for a core.
const TIMES: u32 = 4;
const MORE: Duration = Duration::from_secs(20);
/// Ticks in which the kernel counts that time, a second.
const TICKS: u64 = 100;

/// What to do.
#[derive(clap::Args)]
pub struct Args {
    /// Mutations
    #[arg(long, default_value_t = 220, value_parser = clap::value_parser!(u16).range(1..=4000))]
    count: u16,
    /// Seed of the drawing
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Random programs for each mutation that scenarios and tour do not notice
    #[arg(long, default_value_t = 40)]
    programs: u32,
    /// Only this one, with what it does
    #[arg(long, value_name = "NUMBER")]
    only: Option<usize>,
}

/// What became of a mutation.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    /// By what.
    Noticed(String),
    Survived,
}

/// Runs everything. True: the goal is reached, and all survivors are explained.
pub fn run(root: &Path, args: &Args) -> anyhow::Result<bool> {
    crate::setup::programs(root)?;
    let rules = Rules::read(&root.join(EXPLAINED))?;
    let choice = prepare(root, args, &rules)?;
    let program = root.join(FOLDER).join("smmu");
    let (fate, time) = try_one(&program, 0, args.programs, None)?;
    if let Fate::Noticed(how) = fate {
        bail!("the netlist without a mutation fails: {how}");
    }
    println!("ok     no mutation ({} s)", time.as_secs());
    let limit = time * TIMES + MORE;
    if let Some(number) = args.only {
        let Some(mutation) = number.checked_sub(1).and_then(|n| choice.taken.get(n)) else {
            bail!("there is no mutation {number}")
        };
        println!("{number} {mutation}\n{:?}", try_one(&program, number, args.programs, Some(limit))?.0);
        return Ok(true);
    }
    let start = Instant::now();
    let fates = try_all(root, &program, &choice.taken, args.programs, limit)?;
    let (text, good) = report(&choice, &fates, &rules);
    print!("{text}");
    println!("{:.0} s; the whole list is {FOLDER}/report.txt", start.elapsed().as_secs_f64());
    let all: String = choice.taken.iter().zip(&fates).zip(1..).map(|((m, fate), n)| format!("{n} {m}: {fate:?}\n")).collect();
    write(&root.join(FOLDER).join("report.txt"), &format!("{text}\n{all}"))?;
    Ok(good)
}

/// Emits, mutates, compiles.
fn prepare(root: &Path, args: &Args, rules: &Rules) -> anyhow::Result<Choice> {
    let folder = root.join(FOLDER);
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).with_context(|| folder.join(name).display().to_string());
    let yosys = |name: &str, file: &str, script: &str| {
        write(&folder.join(file), script)?;
        step(root, name, "sh", &["-c", &format!("cd {FOLDER} && yosys -q {file}")])
    };
    let emit = ["run", "-p", "smmu-testbench", "--bin", "smmu", "--", "verilog", "--preset", "mini", "--out", FOLDER];
    step(root, "Verilog of mini", "cargo", &emit)?;
    // More are drawn than wanted, for those that are left out; always the same, so that a run with fewer has the first ones of a run with more.
    let count = usize::from(args.count);
    yosys("mutations", "list.ys", &netlist::draw(DRAWN.max(count * 3 / 2), args.seed))?;
    let drawn = list::parse(&read("list.txt")?, &read("smmu_mini.v")?)?;
    yosys("mutations that matter", "probe.ys", &netlist::probe(&drawn))?;
    let idle = netlist::idle(&read("probed.il")?, drawn.len());
    let unused: Vec<String> = rules.without_use(Kind::Equivalent, &drawn).map(ToString::to_string).collect();
    let mut choice = list::choose(drawn, &idle, rules, count)?;
    choice.unused = unused;
    yosys("mutated netlist", "apply.ys", &netlist::apply(&choice.taken))?;
    let variable = format!("SMMU_MUTANTS_VERILOG={}", folder.join("mutated.v").display());
    let build = [&variable, "cargo", "build", "-p", "smmu-testbench", "--bin", "smmu", "--features", "verilator-mutants"];
    step(root, "mutated model", "env", &build)?;
    std::fs::copy(root.join("target/debug/smmu"), folder.join("smmu")).context("the program")?;
    Ok(choice)
}

fn step(root: &Path, name: &str, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let outcome = logged(root, name, program, arguments)?;
    tell(name, &outcome);
    if !outcome.ok {
        bail!("'{name}' failed");
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| path.display().to_string())
}

/// All of them, on all cores. What is known already stands in `fates.txt`.
fn try_all(root: &Path, program: &Path, mutations: &[Mutation], programs: u32, limit: Duration) -> anyhow::Result<Vec<Fate>> {
    let path = root.join(FOLDER).join("fates.txt");
    let file = Mutex::new(std::fs::File::create(&path).with_context(|| path.display().to_string())?);
    let count = mutations.len();
    let next = AtomicUsize::new(1);
    let fates = Mutex::new(vec![Fate::Survived; count]);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || -> anyhow::Result<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number > count {
                return Ok(());
            }
            let (fate, _) = try_one(program, number, programs, Some(limit))?;
            if let Ok(mut file) = file.lock() {
                writeln!(file, "{number} {}: {fate:?}", mutations[number - 1]).with_context(|| path.display().to_string())?;
            }
            if let Ok(mut fates) = fates.lock() {
                fates[number - 1] = fate;
            }
        }
    };
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        handles.into_iter().try_for_each(|handle| handle.join().unwrap_or_else(|_| bail!("a worker broke off")))
    })?;
    fates.into_inner().context("the results")
}

/// One of them, in a process of its own, and the time that it took on its core.
fn try_one(program: &Path, number: usize, programs: u32, limit: Option<Duration>) -> anyhow::Result<(Fate, Duration)> {
    let mut child = Command::new(program)
        .args(["mutant", &number.to_string(), "--seeds", &programs.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("'{}' cannot be started", program.display()))?;
    let mut time = Duration::ZERO;
    let status = loop {
        if let Some(status) = child.try_wait().context("waiting for a run")? {
            break status;
        }
        time = busy(child.id()).unwrap_or(time);
        if limit.is_some_and(|limit| time > limit) {
            child.kill().context("ending a run")?;
            child.wait().context("ending a run")?;
            return Ok((Fate::Noticed(format!("no end within {} s", time.as_secs())), time));
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let mut text = String::new();
    if let Some(mut out) = child.stdout.take() {
        std::io::Read::read_to_string(&mut out, &mut text).context("the output of a run")?;
    }
    let first = text.lines().next().unwrap_or_default().to_string();
    let fate = match status.code() {
        Some(0) => Fate::Survived,
        Some(1) if !first.is_empty() => Fate::Noticed(first),
        Some(2) => bail!("run {number} was used wrongly"),
        _ => Fate::Noticed(format!("the process ended: {status}")),
    };
    Ok((fate, time))
}

/// The time that a process has had on a core, as Linux counts it.
fn busy(process: u32) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in brackets, may hold anything; of what follows, words 12 and 13 are the ticks in user and kernel mode.
    let (_, rest) = text.rsplit_once(')')?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    let ticks = words.get(11)?.parse::<u64>().ok()? + words.get(12)?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 1000 / TICKS))
}

/// The summary, and whether it is good.
fn report(choice: &Choice, fates: &[Fate], rules: &Rules) -> (String, bool) {
    let mutations = &choice.taken;
    let noticed = fates.iter().filter(|fate| **fate != Fate::Survived).count();
    let mut out = String::new();
    let tenths = noticed * 1000 / mutations.len().max(1);
    let _ = writeln!(out, "{noticed} of {} mutations noticed: {}.{} %", mutations.len(), tenths / 10, tenths % 10);
    let by = |who: &str| fates.iter().filter(|fate| matches!(fate, Fate::Noticed(how) if how.starts_with(who))).count();
    let groups = [by("bench"), by("scenario"), by("tour"), by("seed")];
    let [bench, scenarios, tour, random] = groups;
    let rest = noticed - groups.iter().sum::<usize>();
    let _ = writeln!(
        out,
        "by the scenarios {scenarios}, the speed table {bench}, the tour {tour}, random programs {random}, by its end alone {rest}"
    );
    let left_out: usize = choice.left_out.iter().map(|(_, count)| count).sum();
    let _ = writeln!(out, "left out, and others drawn: {left_out} that change nothing at any pin");
    for (reason, count) in &choice.left_out {
        let _ = writeln!(out, "  {count:3} {reason}");
    }
    let mut unexplained = 0;
    for ((mutation, _), number) in mutations.iter().zip(fates).zip(1..).filter(|((_, fate), _)| **fate == Fate::Survived) {
        let reason = rules.slower(mutation).map(ToString::to_string);
        unexplained += usize::from(reason.is_none());
        let reason = reason.map_or("NOT EXPLAINED".to_string(), |reason| format!("slower: {reason}"));
        let _ = writeln!(out, "survived: {number} {mutation}\n          {reason}");
    }
    for rule in &choice.unused {
        let _ = writeln!(out, "a rule that has left out nothing: {rule}");
    }
    (out, noticed * 100 >= GOAL * mutations.len() && unexplained == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(count: usize) -> Choice {
        let line =
            |n: usize| format!("mutate -mode inv -module smmu -cell $flatten\\m.c{n} -port A -portbit 0 -src x.v:1.1-1.9\n");
        let lines: String = (1..=count).map(line).collect();
        let taken = list::parse(&lines, "assign a = b;\n").expect("mutations");
        Choice { taken, left_out: vec![("stored only".to_string(), 3)], unused: vec!["of no use".to_string()] }
    }

    fn fates(noticed: usize, survived: usize) -> Vec<Fate> {
        let mut fates = vec![Fate::Noticed("scenario x: y".to_string()); noticed];
        fates.extend(vec![Fate::Survived; survived]);
        fates
    }

    #[test]
    fn the_goal_is_on_all_mutations_and_survivors_need_a_reason() {
        let none = Rules::parse("").expect("no rules");
        let all = Rules::parse("slower m *: takes longer").expect("a rule");
        let mutations = choice(20);
        assert!(report(&mutations, &fates(20, 0), &none).1);
        let (text, good) = report(&mutations, &fates(19, 1), &none);
        assert!(!good && text.contains("19 of 20 mutations noticed: 95.0 %") && text.contains("NOT EXPLAINED"), "{text}");
        let (text, good) = report(&mutations, &fates(19, 1), &all);
        assert!(good && text.contains("slower: takes longer"), "{text}");
        assert!(text.contains("  3 stored only") && text.contains("left out nothing: of no use"), "{text}");
        assert!(!report(&mutations, &fates(18, 2), &all).1, "explained is not noticed");
    }

    #[test]
    fn how_a_run_ends_decides() {
        let folder = std::env::temp_dir().join(format!("xtask-mutants-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let program = folder.join("smmu");
        let ends =
            [("exit 0", Some(Fate::Survived)), ("echo seen; exit 1", Some(Fate::Noticed("seen".to_string()))), ("exit 2", None)];
        for (script, fate) in ends {
            std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a program");
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(&program, mode).expect("it can be run");
            assert_eq!(try_one(&program, 1, 1, None).ok().map(|(fate, _)| fate), fate, "{script}");
        }
        std::fs::write(&program, "#!/bin/sh\nwhile :; do :; done\n").expect("a program");
        let (fate, _) = try_one(&program, 1, 1, Some(Duration::from_millis(200))).expect("it ends");
        assert!(matches!(fate, Fate::Noticed(how) if how.starts_with("no end")));
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
