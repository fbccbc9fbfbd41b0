use super::*;
use crate::drive;
use crate::testing::{equivalence, synthesis_check};

#[test]
fn synthesizes_attributeleaf() {
    synthesis_check(AttributeLeaf::default());
}

#[test]
fn verilog_agrees_attributeleaf() {
    equivalence(AttributeLeaf::default, 20_000, 1, drive!(leaf, mair, short, tre), |_| {});
}

/// What a leaf says: type, outer, inner as `step` has them, read and write hint, shareability.
#[derive(Debug, PartialEq, Eq)]
struct Says {
    device: Option<u64>,
    outer: char,
    inner: char,
    hints: (bool, bool),
    share: u64,
}

fn says(leaf: u64, mair: u64, short: bool, tre: bool) -> Says {
    let mut uut = AttributeLeaf::default();
    uut.connect_all();
    uut.leaf.next = leaf.into();
    uut.mair.next = mair.into();
    uut.short.next = short;
    uut.tre.next = tre;
    assert!(simulate(&mut uut, 10), "settles");
    let step = uut.step.val().u64();
    assert_eq!(step & 0x5201, 0x5201, "everything is replaced");
    let cache = |at: u64| match step >> at & 3 {
        0 => 'n',
        1 => 't',
        3 => 'b',
        other => panic!("no thermometer: {other}"),
    };
    let device = (step >> 4 & 1 == 0).then(|| (step >> 1 & 7).count_ones().into());
    let (outer, inner) = if device.is_some() { ('-', '-') } else { (cache(5), cache(7)) };
    Says { device, outer, inner, hints: (step >> 13 & 1 == 1, step >> 15 & 1 == 1), share: step >> 10 & 3 }
}

#[test]
fn every_byte_of_mair() {
    let half = |nibble: u64| match nibble {
        0 | 4 => 'n',
        1..=3 | 8..=11 => 't',
        _ => 'b',
    };
    for byte in 0..256u64 {
        for (sh, share) in [(0, 0), (1, 0), (2, 3), (3, 1)] {
            let index = byte % 8;
            let mair = byte << (8 * index) | 0x5a5a_5a5a_5a5a_5a5a & !(0xff << (8 * index));
            let expected = if byte >> 4 == 0 {
                Says { device: Some(byte >> 2 & 3), outer: '-', inner: '-', hints: (false, false), share }
            } else {
                let hints = (byte >> 5 & 1 == 1, byte >> 4 & 1 == 1);
                Says { device: None, outer: half(byte >> 4), inner: half(byte & 15), hints, share }
            };
            // Bit 3 is no part of it (NS of a stage-1 leaf).
            assert_eq!(says(index | sh << 4 | 8, mair, false, true), expected, "byte {byte:#x}, SH {sh}");
        }
    }
}

/// Code of a cacheability in a short descriptor and in NMRR.
fn coded(code: u64) -> (char, (bool, bool)) {
    [('n', (false, false)), ('b', (true, true)), ('t', (true, false)), ('b', (true, false))][code as usize]
}

#[test]
fn tex_c_b_without_remap() {
    for leaf in 0..64u64 {
        let (tex, cb, share) = (leaf >> 2 & 7, leaf & 3, if leaf >> 5 == 1 { 3 } else { 0 });
        let normal = |outer, inner, hints| Says { device: None, outer, inner, hints, share };
        let device = |n| Says { device: Some(n), outer: '-', inner: '-', hints: (false, false), share };
        let expected = match (tex, cb) {
            (0, 0) => device(0),
            (0, 1) | (2, 0) => device(1),
            (0, 2) => normal('t', 't', (true, false)),
            (0, 3) => normal('b', 'b', (true, false)),
            (1, 3) => normal('b', 'b', (true, true)),
            (4.., _) => normal(coded(tex & 3).0, coded(cb).0, coded(tex & 3).1),
            _ => normal('n', 'n', (false, false)),
        };
        assert_eq!(says(leaf, u64::MAX, true, false), expected, "TEX {tex}, CB {cb}");
    }
}

#[test]
fn remapped_regions() {
    for n in 0..8u64 {
        for region in 0..4u64 {
            for code in 0..16u64 {
                // PRRR: the region, NS0 = 0, NS1 = 1, NOS of odd regions. NMRR: inner and outer.
                let prrr = region << (2 * n) | 1 << 19 | 0xaa << 24;
                let nmrr = (code & 3) << (2 * n) | (code >> 2) << (2 * n + 16);
                for s in 0..2 {
                    let share = match (s, n & 1) {
                        (0, _) => 0,
                        (_, 1) => 1,
                        _ => 3,
                    };
                    let expected = match region {
                        2 => {
                            let ((outer, hints), (inner, _)) = (coded(code >> 2), coded(code & 3));
                            Says { device: None, outer, inner, hints, share }
                        }
                        _ => {
                            Says { device: Some(u64::from(region == 1)), outer: '-', inner: '-', hints: (false, false), share: 3 }
                        }
                    };
                    // TEX[2:1] are software's.
                    let leaf = n | s << 5 | (code & 3) << 3;
                    assert_eq!(says(leaf, nmrr << 32 | prrr, true, true), expected, "n {n}, region {region}, code {code}");
                }
            }
        }
    }
}
