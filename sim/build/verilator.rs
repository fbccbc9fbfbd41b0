//! From the emitted Verilog of every preset to models that link.
//!
//! A preset has two models: one of the Verilog in the form that is made for simulation, and one of the emitted Verilog, with a trace
//! for waves. (With coverage or mutants the second alone.)
//!
//! For each model: the Verilog and the port list come from `smmu-rtl`; [`super::generate`] makes the pin structure of both languages
//! and the C++ shim of that port list; Verilator makes C++ of the Verilog; `cc` compiles all of it into one library. A library is kept in
//! `target/verilator/` under a name that has the hash of everything it is made of, so it serves every profile, and neither Verilator
//! nor the compiler runs again until the Verilog, the shim or the tools change.

#[path = "generate.rs"]
mod generate;

use generate::{Extras, Form};
use smmu_rtl::params::{Params, PRESETS};
use smmu_rtl::verilog::EmitError;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;

/// Flags of Verilator. Everything starts as zero, as in RustHDL, and what Verilog calls unknown is zero, too, so that two runs never differ.
/// Warnings are the business of the front-end check in `smmu-rtl`'s tests.
const FLAGS: &[&str] = &["--cc", "-O3", "--x-assign", "0", "--x-initial", "0", "-Wno-lint", "-Wno-fatal", "--top-module", "smmu"];

/// A fast model of Verilog with more lines than this (`multi` alone) is built without what takes longest and gives least: Verilator would reorder
/// the one block's statements for 25 of its 29 s, and the compiler take 42 s instead of 17 at its second level. Either makes `zynqmp`, which has the
/// goal for speed, about 5 % faster.
const LARGE: usize = 30_000;

/// What the models have beside their pins, by feature.
const EXTRAS: Extras = Extras { coverage: cfg!(feature = "verilator-coverage"), mutants: cfg!(feature = "verilator-mutants") };
/// With coverage, the presets that have coverage goals.
const COVERED: [&str; 2] = ["mini", "zynqmp"];
/// With mutants, the preset whose Verilog is mutated, and the variable that says where the mutated Verilog is.
const MUTATED: &str = "mini";
const MUTANTS: &str = "SMMU_MUTANTS_VERILOG";

type Outcome<T> = Result<T, String>;

/// Builds every model and writes the Rust side.
pub fn build() -> Outcome<()> {
    for file in ["build", "src/dut/fields.rs"] {
        println!("cargo:rerun-if-changed={file}");
    }
    for variable in ["PATH", "VERILATOR_ROOT", MUTANTS] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    let tool = Tool::find()?;
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set; run this through cargo")?);
    // target/<profile>/build/<package>/out
    let store = out.ancestors().nth(4).unwrap_or(&out).join("verilator");
    let mut rust = generate::RUST_HEADER.to_string();
    let here =
        |params: &&Params| (!EXTRAS.coverage || COVERED.contains(&params.name)) && (!EXTRAS.mutants || params.name == MUTATED);
    let presets: Vec<&Params> = PRESETS.iter().filter(here).collect();
    for made in side_by_side(&presets, |params| models(params, &store, &tool))? {
        for model in made {
            rust.push_str(&model.rust);
            println!("cargo:rustc-link-search=native={}", model.folder.display());
            println!("cargo:rustc-link-lib=static=smmu_model_{}", model.name);
        }
    }
    rust.push_str(&generate::rust_footer(PRESETS.iter().filter(here).map(|p| p.name), EXTRAS));
    let path = out.join("models.rs");
    std::fs::write(&path, rust).map_err(|e| format!("{}: {e}", path.display()))?;
    // The one file of the runtime that the crate `verilated` leaves out.
    let threads = tool.root.join("include/verilated_threads.cpp");
    compiler(&tool, 2)
        .file(threads)
        .link_lib_modifier("+whole-archive")
        .try_compile("smmu_verilated_threads")
        .map_err(|e| e.to_string())?;
    println!("cargo:rustc-link-lib=stdc++");
    Ok(())
}

/// A model that is built.
struct Built {
    name: String,
    rust: String,
    folder: PathBuf,
}

/// The models of a preset.
fn models(params: &Params, store: &Path, tool: &Tool) -> Outcome<Vec<Built>> {
    let of_preset = |e: EmitError| format!("preset '{}': {e}", params.name);
    let verilog = smmu_rtl::verilog::emit(params).map_err(of_preset)?;
    let ports = smmu_rtl::verilog::ports(params).map_err(of_preset)?;
    let verilog = if EXTRAS.mutants { mutated()? } else { verilog };
    let forms = if EXTRAS.has_fast() { &[Form::Fast, Form::Traced][..] } else { &[Form::Traced] };
    let build = |form: &Form| {
        let verilog = match form {
            Form::Fast => &smmu_rtl::verilog::simulation(&verilog).map_err(of_preset)?,
            Form::Traced => &verilog,
        };
        let model = generate::model(params.name, &ports, *form, EXTRAS)?;
        let name = form.model_name(params.name, EXTRAS);
        let folder = library(store, tool, &name, *form, verilog, &model.cpp)?;
        Ok(Built { name, rust: model.rust, folder })
    };
    forms.iter().map(build).collect()
}

/// What `make` makes of each preset, in their order. As many threads as cargo allows work on them, the largest preset first: elaboration and
/// Verilator use one core each, so the compiler has the other.
fn side_by_side<T: Send>(presets: &[&Params], make: impl Fn(&Params) -> Outcome<T> + Sync) -> Outcome<Vec<T>> {
    let threads =
        std::env::var("NUM_JOBS").ok().and_then(|n| n.parse::<usize>().ok()).unwrap_or(1).clamp(1, presets.len().max(1));
    let mut order: Vec<usize> = (0..presets.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse((presets[*i].tbus, presets[*i].num_cb)));
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Outcome<T>>>> = presets.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(i) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = make(presets[*i]);
                    if result.is_err() {
                        // The others need not begin what will not be used.
                        next.store(order.len(), Ordering::Relaxed);
                    }
                    *results[*i].lock().expect("no thread panics with the lock") = Some(result);
                }
            });
        }
    });
    let results: Vec<_> = results.into_iter().filter_map(|r| r.into_inner().expect("no thread panics with the lock")).collect();
    results.into_iter().collect()
}

/// The mutated Verilog, which `cargo xtask mutants` makes.
fn mutated() -> Outcome<String> {
    let path =
        std::env::var(MUTANTS).map_err(|_| format!("{MUTANTS} is not set; this build is made by 'cargo xtask mutants'"))?;
    println!("cargo:rerun-if-changed={path}");
    std::fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))
}

/// Verilator on this machine.
struct Tool {
    version: String,
    root: PathBuf,
}

impl Tool {
    fn find() -> Outcome<Self> {
        let ask = |arguments: &[&str]| {
            let output = Command::new("verilator").args(arguments).output();
            let output = output.ok().filter(|o| o.status.success())?;
            Some(String::from_utf8_lossy(&output.stdout).trim().to_string()).filter(|s| !s.is_empty())
        };
        let missing = "there is no Verilator; install version 5 (Debian and Ubuntu: 'apt-get install verilator', \
                       or 'cargo xtask setup'), or leave out '--features verilator'";
        let version = ask(&["--version"]).ok_or(missing)?;
        let major = version.split_whitespace().nth(1).and_then(|v| v.split('.').next()?.parse::<u32>().ok());
        if major.is_none_or(|m| m < 5) {
            return Err(format!("'{version}' is too old; install Verilator 5 (Debian 12 has 5.006)"));
        }
        let root = PathBuf::from(ask(&["--getenv", "VERILATOR_ROOT"]).ok_or(missing)?);
        if !root.join("include/verilated.h").is_file() {
            return Err(format!("{} has no include/verilated.h; install the whole of Verilator", root.display()));
        }
        Ok(Tool { version, root })
    }
}

/// A C++ compiler, ready for Verilator's output.
fn compiler(tool: &Tool, level: u32) -> cc::Build {
    let mut build = cc::Build::new();
    let include = tool.root.join("include");
    build.cpp(true).std("gnu++17").opt_level(level).debug(false).warnings(false).extra_warnings(false);
    build.include(include.join("vltstd")).include(include);
    if EXTRAS.coverage {
        build.define("VM_COVERAGE", "1");
    }
    build
}

/// The folder that has the library of a model; made if it is not there.
fn library(store: &Path, tool: &Tool, name: &str, form: Form, verilog: &str, shim: &str) -> Outcome<PathBuf> {
    let mut hasher = DefaultHasher::new();
    (verilog, shim, &tool.version, FLAGS, include_str!("verilator.rs"), EXTRAS.coverage).hash(&mut hasher);
    (compiler(tool, 2).try_get_compiler().map_err(|e| e.to_string())?.path()).hash(&mut hasher);
    let folder = store.join(format!("{name}-{:016x}", hasher.finish()));
    if folder.join("complete").is_file() {
        return Ok(folder);
    }
    // Built beside it and renamed: another cargo may be at work on the same.
    let work = store.join(format!("{name}-{}.tmp", std::process::id()));
    let io = |path: &Path| {
        let path = path.display().to_string();
        move |e: std::io::Error| format!("{path}: {e}")
    };
    let _ = std::fs::remove_dir_all(&work);
    std::fs::create_dir_all(&work).map_err(io(&work))?;
    let source = work.join(format!("smmu_{name}.v"));
    std::fs::write(&source, verilog).map_err(io(&source))?;
    let prefix = format!("Vsmmu_{name}");
    let mut verilator = Command::new("verilator");
    if EXTRAS.coverage {
        verilator.args(["--coverage-line", "--coverage-toggle"]);
    }
    if form == Form::Traced {
        verilator.arg("--trace");
    }
    verilator.args(FLAGS);
    let large = form == Form::Fast && verilog.lines().count() > LARGE;
    if large {
        // After the flags: their level of optimization sets it, too.
        verilator.arg("-fno-reorder");
    }
    verilator.arg("--prefix").arg(&prefix).arg("--Mdir").arg(&work).arg(&source);
    let output = verilator.output().map_err(|e| format!("verilator: {e}"))?;
    if !output.status.success() {
        return Err(format!("verilator on model '{name}':\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    // One evaluation a cycle settles everything only if the model has no loops that Verilator goes round until nothing changes.
    let loops = String::from_utf8_lossy(&output.stderr).contains("UNOPTFLAT");
    let shim_file = work.join("shim.cpp");
    std::fs::write(&shim_file, shim).map_err(io(&shim_file))?;
    let header = work.join("points.h");
    if EXTRAS.coverage {
        std::fs::write(&header, generate::coverage_header(name)).map_err(io(&header))?;
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(&work).map_err(io(&work))?.flatten().map(|e| e.path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "cpp"));
    files.sort();
    // What Verilator calls slow runs once, when a model is made; the trace runs in the cycles of a wave only.
    let is_slow = |file: &PathBuf| ["__Slow", "__Trace"].iter().any(|word| file.to_string_lossy().contains(word));
    let (slow, fast): (Vec<PathBuf>, Vec<PathBuf>) = files.into_iter().partition(is_slow);
    let mut objects = Vec::new();
    // Counting makes the code many times larger: more than this takes the compiler longer than the runs. So it is with waves.
    let level = if EXTRAS.coverage || large || (form == Form::Traced && EXTRAS.has_fast()) { 1 } else { 2 };
    for (part, files, level) in [("slow", slow, 0), ("fast", fast, level)] {
        // Verilator's files are small, and its headers are not: read once.
        let includes: String = files
            .iter()
            .filter_map(|file| file.file_name())
            .map(|name| format!("#include \"{}\"\n", name.to_string_lossy()))
            .collect();
        let whole = work.join(format!("{part}.cc"));
        std::fs::write(&whole, includes).map_err(io(&whole))?;
        let mut build = compiler(tool, level);
        build.define("SMMU_ONE_EVALUATION", if loops { "0" } else { "1" });
        build.include(&work).out_dir(work.join("objects")).file(&whole);
        if EXTRAS.coverage {
            build.flag("-include").flag(header.display().to_string());
        }
        objects.extend(build.try_compile_intermediates().map_err(|e| format!("compiling model '{name}': {e}"))?);
    }
    let mut archive = compiler(tool, 2);
    archive.cargo_metadata(false).out_dir(&work).objects(objects);
    archive.try_compile(&format!("smmu_model_{name}")).map_err(|e| format!("model '{name}': {e}"))?;
    let _ = std::fs::remove_dir_all(work.join("objects"));
    std::fs::write(work.join("complete"), "").map_err(io(&work))?;
    match std::fs::rename(&work, &folder) {
        // Someone else was faster.
        Err(_) if folder.join("complete").is_file() => std::fs::remove_dir_all(&work).map_err(io(&work))?,
        result => result.map_err(io(&folder))?,
    }
    sweep(store, name, &folder);
    Ok(folder)
}

/// Libraries of a preset that are kept beside the newest: enough to change between two branches without building.
const KEPT: usize = 3;

/// Removes old libraries of a preset. Whatever goes wrong here only costs room.
fn sweep(store: &Path, name: &str, newest: &Path) {
    let entries = std::fs::read_dir(store).map(|e| e.flatten().collect::<Vec<_>>()).unwrap_or_default();
    let mut old: Vec<(std::time::SystemTime, PathBuf)> = entries
        .iter()
        .filter(|e| e.path() != newest && e.path().join("complete").is_file())
        .filter(|e| e.file_name().to_string_lossy().strip_prefix(name).is_some_and(|rest| rest.starts_with('-')))
        .filter_map(|e| Some((e.metadata().and_then(|m| m.modified()).ok()?, e.path())))
        .collect();
    old.sort();
    let count = old.len().saturating_sub(KEPT);
    for (_, folder) in &old[..count] {
        let _ = std::fs::remove_dir_all(folder);
    }
}
