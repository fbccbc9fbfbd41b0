//! The cover groups: what can be covered, and what cannot, and why.
//!
//! A group is a cross of axes; each combination of their values is a bin. A bin that the hardware cannot reach is excluded with a
//! sentence that says why. Such a bin must never be hit: if it is, the reason is wrong, and the report says so.

use smmu_rtl::params::Params;

/// One axis of a cross.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// What its values are values of.
    pub name: &'static str,
    /// The values, in the order in which samplers number them.
    pub values: Vec<String>,
}

/// A cover group. Its name and id stand in `docs/testplan.md`.
#[derive(Clone, Debug)]
pub struct Group {
    /// Id of its entry in the test plan, such as `CV-1`.
    pub id: &'static str,
    /// Name, unique.
    pub name: &'static str,
    /// What is counted, in a sentence.
    pub about: &'static str,
    /// The axes; at least one, each with at least one value.
    pub axes: Vec<Axis>,
    /// For each bin, why it cannot be hit.
    excluded: Vec<Option<&'static str>>,
}

impl Group {
    /// A group without axes.
    pub fn new(id: &'static str, name: &'static str, about: &'static str) -> Self {
        Group { id, name, about, axes: Vec::new(), excluded: Vec::new() }
    }

    /// Adds an axis. Exclusions come after the last one.
    pub fn axis<S: ToString>(mut self, name: &'static str, values: impl IntoIterator<Item = S>) -> Self {
        self.axes.push(Axis { name, values: values.into_iter().map(|value| value.to_string()).collect() });
        self.excluded = vec![None; self.len()];
        self
    }

    /// Excludes the bins for which `why` gives a reason; it gets a bin's values in the order of the axes. The first reason stays.
    pub fn exclude(mut self, why: impl Fn(&[&str]) -> Option<&'static str>) -> Self {
        for bin in 0..self.len() {
            let reason = why(&self.values(bin));
            let known = &mut self.excluded[bin];
            *known = known.or(reason);
        }
        self
    }

    /// Bins, excluded ones included.
    pub fn len(&self) -> usize {
        self.axes.iter().map(|axis| axis.values.len()).product()
    }

    /// A group always has bins.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of the bin with that value of each axis.
    ///
    /// # Panics
    /// If there is no such value: samplers are written for their groups.
    pub fn bin(&self, values: &[usize]) -> usize {
        assert_eq!(values.len(), self.axes.len(), "axes of {}", self.name);
        self.axes.iter().zip(values).fold(0, |bin, (axis, &value)| {
            assert!(value < axis.values.len(), "value {value} of {} in {}", axis.name, self.name);
            bin * axis.values.len() + value
        })
    }

    /// The values of a bin.
    pub fn values(&self, bin: usize) -> Vec<&str> {
        let mut rest = bin;
        let mut values: Vec<&str> = self
            .axes
            .iter()
            .rev()
            .map(|axis| {
                let value = rest % axis.values.len();
                rest /= axis.values.len();
                axis.values[value].as_str()
            })
            .collect();
        values.reverse();
        values
    }

    /// Name of a bin in files: its values with slashes between.
    pub fn bin_name(&self, bin: usize) -> String {
        self.values(bin).join("/")
    }

    /// Why a bin cannot be hit; `None` if it can.
    pub fn excluded(&self, bin: usize) -> Option<&'static str> {
        self.excluded[bin]
    }
}

/// Number of a group in its plan.
pub type GroupId = usize;

/// All groups for hardware of one preset.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Name of the preset.
    pub preset: &'static str,
    /// The groups, in the order of the test plan.
    pub groups: Vec<Group>,
}

impl Plan {
    /// The plan for this hardware.
    pub fn new(params: &Params) -> Self {
        let mut plan = Plan { preset: params.name, groups: Vec::new() };
        super::groups::samplers(params, &mut plan);
        plan
    }

    /// A plan without groups.
    pub(super) fn empty(params: &Params) -> Self {
        Plan { preset: params.name, groups: Vec::new() }
    }

    /// Adds a group.
    pub(super) fn add(&mut self, group: Group) -> GroupId {
        self.groups.push(group);
        self.groups.len() - 1
    }

    /// The group of that name.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smmu_rtl::params::{FULL, MINI, PRESETS};

    fn small() -> Group {
        let group = Group::new("CV-0", "small", "for tests").axis("a", ["x", "y"]).axis("b", [1, 2, 3]);
        group.exclude(|bin| (bin == ["y", "2"]).then_some("never"))
    }

    #[test]
    fn bins_are_numbered_and_named() {
        let group = small();
        assert_eq!(group.len(), 6);
        assert_eq!(group.bin(&[1, 2]), 5);
        assert_eq!(group.bin_name(5), "y/3");
        let names: Vec<String> = (0..6).map(|bin| group.bin_name(bin)).collect();
        assert_eq!(names, ["x/1", "x/2", "x/3", "y/1", "y/2", "y/3"]);
    }

    #[test]
    fn only_what_has_a_reason_is_excluded() {
        let group = small();
        let excluded: Vec<usize> = (0..6).filter(|&bin| group.excluded(bin).is_some()).collect();
        assert_eq!(excluded, [4]);
    }

    #[test]
    fn every_group_is_in_the_test_plan_and_the_other_way_round() {
        let document = include_str!("../../../docs/testplan.md");
        let rows: Vec<(&str, &str)> = document
            .lines()
            .filter(|line| line.starts_with("| CV-"))
            .map(|line| {
                let mut cells = line.split('|').map(str::trim);
                (cells.nth(1).unwrap_or_default(), cells.next().unwrap_or_default().trim_matches('`'))
            })
            .collect();
        let groups = |params| Plan::new(params).groups.iter().map(|group| (group.id, group.name)).collect::<Vec<_>>();
        assert_eq!(groups(&FULL), rows, "hardware with every feature");
        // Others leave out what is of features that they do not have, and nothing else.
        for params in PRESETS {
            let mut rest = rows.iter();
            assert!(groups(params).iter().all(|group| rest.any(|row| row == group)), "preset {}", params.name);
        }
        assert!(groups(&MINI).len() >= 39, "groups of every hardware");
    }

    #[test]
    fn ids_names_and_bins_are_unique_and_no_group_is_excluded_as_a_whole() {
        for params in PRESETS {
            let plan = Plan::new(params);
            for (n, group) in plan.groups.iter().enumerate() {
                let same = |other: &Group| other.id == group.id || other.name == group.name;
                assert!(!plan.groups[..n].iter().any(same), "{}", group.name);
                let mut names: Vec<String> = (0..group.len()).map(|bin| group.bin_name(bin)).collect();
                names.sort();
                names.dedup();
                assert_eq!(names.len(), group.len(), "{}", group.name);
                assert!((0..group.len()).any(|bin| group.excluded(bin).is_none()), "{} in {}", group.name, params.name);
            }
        }
    }
}
