use super::*;
use crate::drive;
use crate::testing::{equivalence, synthesis_check};

#[test]
fn synthesizes_attribute_steps() {
    synthesis_check(MemAttr::default());
    synthesis_check(AttributeOverride::default());
    synthesis_check(AttributeThen::default());
    synthesis_check(AttributeStage2::default());
}

#[test]
fn verilog_agrees_attribute_steps() {
    equivalence(MemAttr::default, 100, 1, drive!(code), |_| {});
    equivalence(AttributeOverride::default, 3000, 2, drive!(fields, combine), |_| {});
    equivalence(AttributeThen::default, 3000, 3, drive!(first, second), |_| {});
    equivalence(AttributeStage2::default, 500, 4, drive!(leaf), |_| {});
}

/// A memory type: Device with its rank, or Normal with outer and inner ranks (0 NC, 1 WT, 2 WB).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Device(u64),
    Normal(u64, u64),
}

impl Kind {
    fn of_memattr(code: u64) -> Kind {
        match (code >> 2, code & 3) {
            (0, n) => Kind::Device(n),
            (outer, inner) => Kind::Normal(outer - 1, inner.max(1) - 1),
        }
    }

    fn stronger(self, other: Kind) -> Kind {
        match (self, other) {
            (Kind::Device(a), Kind::Device(b)) => Kind::Device(a.min(b)),
            (device @ Kind::Device(_), _) | (_, device @ Kind::Device(_)) => device,
            (Kind::Normal(a, b), Kind::Normal(c, d)) => Kind::Normal(a.min(c), b.min(d)),
        }
    }

    /// As the steps code it; of a Device type only what counts.
    fn bits(self) -> u64 {
        match self {
            Kind::Device(n) => (1 << n) - 1,
            Kind::Normal(outer, inner) => 15 | ((1 << outer) - 1) << 4 | ((1 << inner) - 1) << 6,
        }
    }
}

/// Cacheability of a Device type means nothing.
fn counts(bits: u64) -> u64 {
    if bits & 8 == 0 {
        bits & 15
    } else {
        bits
    }
}

fn memattr(code: u64) -> u64 {
    let mut uut = MemAttr::default();
    uut.connect_all();
    uut.code.next = code.into();
    assert!(simulate(&mut uut, 10), "settles");
    uut.kind.val().u64()
}

#[test]
fn the_stronger_of_two_types_is_the_and_of_their_bits() {
    for a in 0..16 {
        assert_eq!(memattr(a), Kind::of_memattr(a).bits(), "{a:#x}");
        for b in 0..16 {
            let stronger = Kind::of_memattr(a).stronger(Kind::of_memattr(b));
            assert_eq!(counts(memattr(a) & memattr(b)), stronger.bits(), "{a:#x} and {b:#x}");
        }
    }
}

fn overrides(fields: u64, combine: bool) -> u64 {
    let mut uut = AttributeOverride::default();
    uut.connect_all();
    uut.fields.next = fields.into();
    uut.combine.next = combine;
    assert!(simulate(&mut uut, 10), "settles");
    uut.step.val().u64()
}

fn then(first: u64, second: u64) -> u64 {
    let mut uut = AttributeThen::default();
    uut.connect_all();
    uut.first.next = first.into();
    uut.second.next = second.into();
    assert!(simulate(&mut uut, 10), "settles");
    uut.step.val().u64()
}

#[test]
fn fields_that_say_nothing_do_nothing() {
    // MemAttr without MTCFG; allocation 1 is reserved and does nothing.
    for memattr in 0..16 {
        assert_eq!(overrides(memattr, false), NOTHING);
        assert_eq!(overrides(memattr | 1 << 7 | 1 << 9, false), NOTHING);
    }
    for step in [0u64, 0x5201, 0xffff, 0x1234, NOTHING] {
        assert_eq!(then(NOTHING, step), step);
        assert_eq!(then(step, NOTHING), step);
    }
}

#[test]
fn overrides_replace_and_cbar_combines() {
    // MTCFG with Device nGRE; shareability 1 outer, 2 inner, 3 none; hints 2 set, 3 clear.
    assert_eq!(overrides(0x12, false), 1 | 3 << 1);
    for (code, share) in [(1, 3), (2, 1), (3, 0)] {
        assert_eq!(overrides(code << 5, false), NOTHING | 1 << 9 | share << 10);
        assert_eq!(overrides(0xf | code << 5, true), NOTHING | share << 10);
    }
    assert_eq!(overrides(2 << 7 | 3 << 9, false), NOTHING | 1 << 12 | 1 << 13 | 1 << 14);
    assert_eq!(overrides(3 << 7 | 2 << 9, false), NOTHING | 1 << 12 | 1 << 14 | 1 << 15);
    // CBAR: the type counts without MTCFG.
    assert_eq!(overrides(0xa, true), Kind::Normal(1, 1).bits() << 1);
    // A replaced type, combined with a stronger one, stays a replaced one.
    assert_eq!(then(overrides(0x1f, false), overrides(0x5, true)), 1 | Kind::Normal(0, 0).bits() << 1);
    // A later replacement forgets what was combined.
    assert_eq!(then(overrides(0x5, true), overrides(0x1f, false)), 1 | 0xff << 1);
    // The stronger shareability.
    assert_eq!(then(overrides(0xf | 2 << 5, true), overrides(0xf | 1 << 5, true)), NOTHING | 3 << 10);
}

#[test]
fn a_stage_2_leaf_is_combined() {
    for (sh, share) in [(0, 0), (1, 0), (2, 3), (3, 1)] {
        let mut uut = AttributeStage2::default();
        uut.connect_all();
        uut.leaf.next = (0x6 | sh << 4).into();
        assert!(simulate(&mut uut, 10), "settles");
        assert_eq!(uut.step.val().u64(), Kind::Normal(0, 1).bits() << 1 | share << 10);
    }
}
