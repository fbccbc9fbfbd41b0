//! The words that `smmu_init` takes.

use smmu_rtl::params::{preset, Params, PRESETS, ZYNQMP};
use smmu_sim::dut::ENGINES;
use std::path::PathBuf;

/// What to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Sizes and straps.
    pub preset: &'static Params,
    /// `None`: the reference model.
    pub engine: Option<&'static str>,
    /// All features (the model alone).
    pub everything: bool,
    /// A wave.
    pub vcd: Option<PathBuf>,
}

/// Reads `NAME=VALUE ..`.
///
/// # Errors
/// What is wrong, and what there is to choose from.
pub fn parse(text: &str) -> Result<Choice, String> {
    let mut choice = Choice { preset: &ZYNQMP, engine: Some("rusthdl"), everything: false, vcd: None };
    for word in text.split_whitespace() {
        let (name, value) = word.split_once('=').ok_or_else(|| format!("'{word}' is not NAME=VALUE"))?;
        match name {
            "preset" => {
                let names = || PRESETS.iter().map(|p| p.name).collect::<Vec<_>>().join(", ");
                choice.preset =
                    preset(value).ok_or_else(|| format!("there is no preset '{value}'; choose one of: {}", names()))?;
            }
            "engine" => {
                let found = ENGINES.iter().map(|(name, _)| *name).find(|name| *name == value);
                let names = || ENGINES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
                choice.engine = match (value, found) {
                    ("model", _) => None,
                    (_, Some(name)) => Some(name),
                    _ => return Err(format!("there is no engine '{value}'; choose one of: model, {}", names())),
                };
            }
            "features" if value == "all" => choice.everything = true,
            "features" => return Err(format!("features={value} is not known; there is features=all")),
            "vcd" => choice.vcd = Some(PathBuf::from(value)),
            _ => return Err(format!("'{name}' is not known; there are preset, engine, features and vcd")),
        }
    }
    if choice.engine.is_none() && choice.vcd.is_some() {
        return Err("the model has no wave; choose another engine".into());
    }
    if choice.engine.is_some() && choice.everything {
        return Err("features=all is for engine=model; hardware has what its preset has".into());
    }
    Ok(choice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_defaults() {
        let default = Choice { preset: &ZYNQMP, engine: Some("rusthdl"), everything: false, vcd: None };
        assert_eq!(parse(""), Ok(default.clone()));
        let all = parse(" preset=mini  engine=model features=all ").expect("good");
        assert_eq!((all.preset.name, all.engine, all.everything), ("mini", None, true));
        assert_eq!(parse("vcd=a.vcd"), Ok(Choice { vcd: Some("a.vcd".into()), ..default }));
    }

    #[test]
    fn errors_name_what_there_is() {
        for (text, part) in [
            ("preset", "'preset' is not NAME=VALUE"),
            ("preset=x", "choose one of: mini, zynqmp"),
            ("engine=x", "choose one of: model, rusthdl"),
            ("color=red", "there are preset, engine, features and vcd"),
            ("engine=model vcd=x", "the model has no wave"),
            ("features=all", "is for engine=model"),
            ("features=some", "there is features=all"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
