//! Translations: leaves, regions, permissions, scope, and walks.
//!
//! Sampled when the client has the last answer of a transaction that went downstream, so its address, data and response have been
//! compared.

use super::{access, granule, operation, Sampler, ACCESS, GRANULE, NO_16K, OPERATION, PRIVILEGE};
use crate::bench::observe::{Answered, Translation};
use crate::coverage::collector::{Counts, Life, Now};
use crate::coverage::plan::{Group, GroupId, Plan};
use smmu_rtl::params::Params;

/// Samples the groups of this file.
pub(super) struct Translations {
    leaf: GroupId,
    region: GroupId,
    permission: GroupId,
    /// The hardware has PRIVCFG.
    overrides: bool,
    scope: GroupId,
    walk: GroupId,
}

impl Translations {
    pub(super) fn new(params: &Params, plan: &mut Plan) -> Self {
        let no_16k = |value: &str| (value == "16k" && !params.straps.granule_16k).then_some(NO_16K);
        let leaf = Group::new("CV-1", "leaf", "translations by the leaf that made them")
            .axis("granule", GRANULE)
            .axis("level", 0..4)
            .axis("leaf", ["page", "block"])
            .axis("access", ACCESS)
            .exclude(|v| no_16k(v[0]))
            .exclude(|v| match (v[0], v[1], v[2]) {
                (_, "3", "block") => Some("descriptor type 1 is reserved at level 3: a translation fault"),
                (_, "0" | "1" | "2", "page") => Some("descriptor type 3 above level 3 is a table, not a leaf"),
                (_, "0", "block") => Some("no granule has blocks at level 0 (48-bit addresses): a translation fault"),
                ("16k" | "64k", "1", "block") => Some("16K and 64K have no blocks at level 1 (48-bit addresses)"),
                _ => None,
            });
        let region = Group::new("CV-2", "region", "translations by the level at which their walk starts")
            .axis("granule", GRANULE)
            .axis("start level", 0..4)
            .axis("region", ["TTBR0", "TTBR1"])
            .exclude(|v| no_16k(v[0]))
            .exclude(|v| match (v[0], v[1]) {
                ("4k", "3") => Some("the smallest region has 25 bits, and one level of 4K tables resolves 21"),
                ("64k", "0") => Some("the largest region has 48 bits, and three levels of 64K tables resolve 55"),
                _ => None,
            });
        let permission = Group::new(
            "CV-3",
            "permission",
            "accesses that a leaf with this AP permitted (tables above it may limit it further)",
        )
        .axis("AP[2:1]", ["privileged rw", "all rw", "privileged ro", "all ro"])
        .axis("privilege", PRIVILEGE)
        .axis("operation", OPERATION)
        .exclude(|v| match (v[0], v[1], v[2]) {
            ("privileged ro" | "all ro", _, "write") => Some("read-only: a permission fault"),
            ("privileged rw" | "privileged ro", "user", _) => {
                Some("AP[1] = 0 gives unprivileged software no access: a permission fault")
            }
            _ => None,
        });
        let scope = Group::new("CV-4", "scope", "translations by the scope of their leaf")
            .axis("granule", GRANULE)
            .axis("leaf", ["page", "block"])
            .axis("scope", ["global", "one ASID"])
            .exclude(|v| no_16k(v[0]));
        let walk = Group::new("CV-5", "walk", "reads of tables for a transaction that waited alone")
            .axis("granule", GRANULE)
            .axis("reads", 0..5)
            .exclude(|v| no_16k(v[0]))
            .exclude(|v| match (v[0], v[1]) {
                ("64k", "4") => Some("64K tables have three levels"),
                _ => None,
            });
        Translations {
            leaf: plan.add(leaf),
            region: plan.add(region),
            permission: plan.add(permission),
            overrides: params.features.attributes,
            scope: plan.add(scope),
            walk: plan.add(walk),
        }
    }
}

impl Sampler for Translations {
    fn ended(&mut self, _now: &Now, life: &Life, answered: &Answered, counts: &mut Counts) {
        let Some(forwarded) = &life.forwarded else { return };
        let Some(t) = forwarded.translation.as_ref().filter(|t| t.is_plain()) else { return };
        let write = answered.write;
        let granule = granule(t.granule);
        counts.hit(self.region, &[granule, t.start_level.into(), t.region.into()]);
        // What stood in the tables when it went downstream is known, unless they changed while it waited.
        if forwarded.raced || life.disturbed {
            return;
        }
        let block = usize::from(is_block(t));
        counts.hit(self.leaf, &[granule, t.level.into(), block, access(write)]);
        counts.hit(self.scope, &[granule, block, (t.leaf >> 11 & 1) as usize]);
        let [privilege, operation] = operation(answered.beat.prot, write);
        // S2CR.PRIVCFG may have made a user's access a privileged one, which is not seen.
        if !(self.overrides && t.leaf >> 6 & 1 == 0 && privilege == 0) {
            counts.hit(self.permission, &[(t.leaf >> 6 & 3) as usize, privilege, operation]);
        }
        let (before, after) = life.walk_reads;
        if let (true, reads @ 0..=4) = (life.alone, after - before) {
            counts.hit(self.walk, &[granule, reads as usize]);
        }
    }
}

/// Whether the leaf is a block.
pub(super) fn is_block(t: &Translation) -> bool {
    t.level < 3
}
