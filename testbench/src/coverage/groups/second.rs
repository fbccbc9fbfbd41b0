//! Stage 2, nesting and the AArch32 formats: groups of presets whose hardware has them.
//!
//! Sampled when the client has the last answer of a transaction, as the groups of plain translations are.

use super::{access, granule, Sampler, ACCESS, GRANULE, NO_16K};
use crate::bench::observe::{Answered, Fate, Format, SecondLeaf, StreamCase, Translation};
use crate::coverage::collector::{Counts, Life, Now};
use crate::coverage::plan::{Group, GroupId, Plan};
use smmu_rtl::params::{Aarch32, Params};
use std::cmp::Ordering;

/// The axis "formats" of one stage.
const FORMATS: [&str; 3] = ["AArch64", "long", "short"];
/// Leaves of the AArch32 formats.
const SHORT_LEAVES: [&str; 7] =
    ["long, 1 GiB block", "long, 2 MiB block", "long, page", "supersection", "section", "large page", "small page"];

/// Samples the groups of this file.
pub(super) struct Second {
    leaf: Option<GroupId>,
    region: Option<GroupId>,
    fault: Option<GroupId>,
    nested_leaf: Option<GroupId>,
    nested_stream: Option<GroupId>,
    nested_formats: Option<GroupId>,
    narrow_leaf: Option<GroupId>,
}

impl Second {
    pub(super) fn new(params: &Params, plan: &mut Plan) -> Self {
        let features = params.features;
        let no_16k = |value: &str| (value == "16k" && !params.straps.granule_16k).then_some(NO_16K);
        let no_short = |value: &str| {
            (value.starts_with("short") && features.aarch32 != Aarch32::Both)
                .then_some("there are no short descriptors (IDR0.PTFS)")
        };
        let leaf = Group::new("CV-40", "stage 2 leaf", "translations by the leaf of stage 2 that made them")
            .axis("stages", ["stage 2", "both"])
            .axis("granule", GRANULE)
            .axis("level", 1..4)
            .axis("access", ACCESS)
            .exclude(|v| (v[0] == "both" && !features.nested).then_some("there is no nesting (IDR0.NTS)"))
            .exclude(|v| no_16k(v[1]))
            .exclude(|v| match (v[1], v[2]) {
                ("16k" | "64k", "1") => Some("16K and 64K have no blocks at level 1 (48-bit addresses)"),
                _ => None,
            });
        let region = Group::new("CV-41", "stage 2 region", "translations by the level at which their stage-2 walk starts")
            .axis("granule", GRANULE)
            .axis("start level", 0..4)
            .axis("first tables", ["one", "several"])
            .exclude(|v| no_16k(v[0]))
            .exclude(|v| match (v[0], v[1], v[2]) {
                ("16k" | "64k", "0", _) => Some("SL0 selects levels 1 to 3 with 16K and 64K"),
                ("4k", "3", _) => Some("SL0 selects levels 0 to 2 with 4K"),
                ("4k", "0", "several") => Some("48-bit addresses need one table at level 0"),
                ("64k", "1", "several") => Some("48-bit addresses need one table at level 1 with 64K"),
                _ => None,
            });
        let fault = Group::new("CV-42", "stage 2 fault", "refusals for a fault of stage 2")
            .axis("kind", super::faults::CONTEXT)
            .axis("level", 0..4)
            .axis("of", ["the address", "a stage-1 walk"])
            .exclude(|v| {
                (matches!(v[0], "AFF" | "PF") && v[1] == "0")
                    .then_some("there are no leaves at level 0 to have a flag or permission")
            })
            .exclude(|v| (v[2] == "a stage-1 walk" && !features.nested).then_some("there is no nesting (IDR0.NTS)"));
        let nested_leaf =
            Group::new("CV-43", "nested leaf", "translations of two stages by granules, and by which leaf is smaller")
                .axis("stage 1", GRANULE)
                .axis("stage 2", GRANULE)
                .axis("smaller", ["stage 1", "neither", "stage 2"])
                .exclude(|v| no_16k(v[0]).or(no_16k(v[1])))
                .exclude(|v| match (v[0], v[1], v[2]) {
                    ("4k", "16k", "neither") | ("16k", "4k", "neither") => Some("no leaf of 4K is as large as one of 16K"),
                    ("64k", "4k", "neither") => Some("no leaf of 4K is as large as one of 64K"),
                    // With short descriptors, large pages are.
                    ("4k", "64k", "neither") if features.aarch32 != Aarch32::Both => {
                        Some("no leaf of 4K is as large as one of 64K")
                    }
                    ("16k", "64k", "neither") | ("64k", "16k", "neither") => Some("no leaf of 16K is as large as one of 64K"),
                    _ => None,
                });
        let nested_stream = Group::new("CV-44", "nested stream", "transactions of nested banks by the stages that are on")
            .axis("stage 1", ["off", "on"])
            .axis("stage 2", ["off", "on"])
            .axis("fate", ["forwarded", "refused"])
            .axis("access", ACCESS);
        let nested_formats = Group::new("CV-45", "nested formats", "translations of two stages by the formats of their tables")
            .axis("stage 1", FORMATS)
            .axis("stage 2", ["AArch64", "long"])
            .exclude(|v| no_short(v[0]))
            .exclude(|v| {
                let out = features.aarch32 == Aarch32::None && v != ["AArch64", "AArch64"];
                out.then_some("there are no AArch32 formats (IDR0.PTFS)")
            });
        let narrow_leaf = Group::new("CV-46", "AArch32 leaf", "translations by the AArch32 leaf of stage 1 that made them")
            .axis("leaf", SHORT_LEAVES)
            .axis("stages", ["stage 1", "both"])
            .axis("access", ACCESS)
            .exclude(|v| (v[1] == "both" && !features.nested).then_some("there is no nesting (IDR0.NTS)"))
            .exclude(|v| {
                let short = !v[0].starts_with("long") && features.aarch32 != Aarch32::Both;
                short.then_some("there are no short descriptors (IDR0.PTFS)")
            });
        let mut add = |there: bool, group: Group| there.then(|| plan.add(group));
        Second {
            leaf: add(features.stage2, leaf),
            region: add(features.stage2, region),
            fault: add(features.stage2, fault),
            nested_leaf: add(features.nested, nested_leaf),
            nested_stream: add(features.nested, nested_stream),
            nested_formats: add(features.nested, nested_formats),
            narrow_leaf: add(features.aarch32 != Aarch32::None, narrow_leaf),
        }
    }

    /// A leaf of stage 2 has translated. `alone`: there is no stage 1 before it.
    fn second(&self, leaf: &SecondLeaf, alone: bool, write: bool, counts: &mut Counts) {
        let (Some(of_leaf), Some(of_region)) = (self.leaf, self.region) else { return };
        let granule = granule(leaf.granule);
        counts.hit(of_region, &[granule, leaf.start_level.into(), usize::from(leaf.concatenated)]);
        counts.hit(of_leaf, &[usize::from(!alone), granule, usize::from(leaf.level) - 1, access(write)]);
    }

    fn translated(&self, t: &Translation, write: bool, counts: &mut Counts) {
        // Of a stage 2 without a stage 1 before it, the first leaf is blank.
        let alone = t.second.is_some_and(|second| second.bank == t.bank && t.leaf == 0);
        if let Some(second) = &t.second {
            self.second(second, alone, write, counts);
        }
        if alone {
            return;
        }
        if let (Some(leaves), Some(formats), Some(second)) = (self.nested_leaf, self.nested_formats, &t.second) {
            let smaller = match t.bits.cmp(&second.bits) {
                Ordering::Less => 0,
                Ordering::Equal => 1,
                Ordering::Greater => 2,
            };
            counts.hit(leaves, &[granule(t.granule), granule(second.granule), smaller]);
            counts.hit(formats, &[format(t.format), format(second.format)]);
        }
        if let (Some(group), Some(leaf)) = (self.narrow_leaf, narrow(t)) {
            counts.hit(group, &[leaf, usize::from(t.second.is_some()), access(write)]);
        }
    }
}

/// Number on an axis of formats.
fn format(format: Format) -> usize {
    match format {
        Format::Wide => 0,
        Format::Long => 1,
        Format::Short => 2,
    }
}

/// Number of an AArch32 leaf of stage 1.
fn narrow(t: &Translation) -> Option<usize> {
    match (t.format, t.bits) {
        (Format::Wide, _) => None,
        (Format::Long, 30) => Some(0),
        (Format::Long, 21) => Some(1),
        (Format::Long, _) => Some(2),
        (Format::Short, 24) => Some(3),
        (Format::Short, 20) => Some(4),
        (Format::Short, 16) => Some(5),
        (Format::Short, _) => Some(6),
    }
}

impl Sampler for Second {
    fn ended(&mut self, _now: &Now, life: &Life, answered: &Answered, counts: &mut Counts) {
        if let Fate::Refused { fault: Some(fault), .. } = answered.fate {
            let kind = super::faults::context_kind(fault.code);
            if let (Some(group), Some(second), Some(kind)) = (self.fault, fault.stage2, kind) {
                counts.hit(group, &[kind, fault.level.into(), usize::from(second.on_walk)]);
            }
        }
        if life.disturbed {
            return;
        }
        if let (Some(group), StreamCase::Nested { first_on, second_on, .. }) = (self.nested_stream, life.accepted.stream) {
            if !life.accepted.illegal_burst {
                let refused = matches!(answered.fate, Fate::Refused { .. });
                counts.hit(group, &[first_on.into(), second_on.into(), refused.into(), access(answered.write)]);
            }
        }
        let forwarded = life.forwarded.as_ref().filter(|forwarded| !forwarded.raced);
        if let Some(translation) = forwarded.and_then(|forwarded| forwarded.translation.as_ref()) {
            self.translated(translation, answered.write, counts);
        }
    }
}
