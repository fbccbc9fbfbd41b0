//! `smmu list`: what there is to choose from.

use crate::exit::{print, print_json, Outcome};
use serde::Serialize;
use smmu_rtl::params::PRESETS;
use smmu_sim::dut::{ENGINES, OPTIONAL_ENGINES};
use smmu_testbench::demo::DEMOS;
use smmu_testbench::scenario::SOCS;
use std::fmt::Write;

/// List scenarios, presets and engines
#[derive(clap::Args)]
pub struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Lists {
    scenarios: Vec<Entry>,
    demos: Vec<Entry>,
    presets: Vec<Preset>,
    engines: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    about: &'static str,
}

#[derive(Serialize)]
struct Preset {
    name: &'static str,
    about: &'static str,
    stream_groups: usize,
    context_banks: usize,
    micro_tlb: usize,
    main_tlb: usize,
    walks: usize,
    data_bits: usize,
}

pub fn main(args: Args) -> Outcome {
    let lists = Lists {
        scenarios: SOCS.iter().map(|soc| Entry { name: soc.name, about: soc.summary }).collect(),
        demos: DEMOS.iter().map(|demo| Entry { name: demo.name, about: demo.about }).collect(),
        presets: PRESETS
            .iter()
            .map(|p| Preset {
                name: p.name,
                about: p.purpose,
                stream_groups: p.num_smr,
                context_banks: p.num_cb,
                micro_tlb: p.micro_tlb,
                main_tlb: p.main_tlb,
                walks: p.walks,
                data_bits: p.data_width,
            })
            .collect(),
        engines: ENGINES.iter().map(|&(name, about)| Entry { name, about }).collect(),
    };
    if args.json {
        return print_json(&lists);
    }
    let mut text = String::new();
    let _ = writeln!(text, "Scenarios (smmu run <scenario>)");
    entries(&mut text, &lists.scenarios);
    let _ = writeln!(text, "\nDemonstrations (smmu demo <name>)");
    entries(&mut text, &lists.demos);
    let _ = writeln!(text, "\nPresets (--preset)");
    for p in &lists.presets {
        let sizes = format!(
            "{} stream groups, {} banks, micro TLB {}, main TLB {}, {} walks, {} data bits",
            p.stream_groups, p.context_banks, p.micro_tlb, p.main_tlb, p.walks, p.data_bits
        );
        let _ = writeln!(text, "  {:<10} {}\n  {:<10} {sizes}", p.name, p.about, "");
    }
    let _ = writeln!(text, "\nEngines (--engine)");
    entries(&mut text, &lists.engines);
    let absent = OPTIONAL_ENGINES.iter().filter(|name| !ENGINES.iter().any(|(engine, _)| engine == *name));
    let absent = absent.copied().collect::<Vec<_>>().join(", ");
    if !absent.is_empty() {
        let _ = writeln!(text, "  not in this build: {absent} (cargo xtask build, or --features verilator)");
    }
    print(&text)
}

fn entries(text: &mut String, entries: &[Entry]) {
    for entry in entries {
        let _ = writeln!(text, "  {:<10} {}", entry.name, entry.about);
    }
}
