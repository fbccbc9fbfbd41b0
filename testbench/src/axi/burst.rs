//! The arithmetic of AXI bursts: which address and which byte lanes a beat uses, and which bursts could leave their page.

use smmu_sim::dut::AddrBeat;
use std::ops::Range;

/// AxBURST: every beat at the same address.
pub const FIXED: u8 = 0;
/// AxBURST: addresses go up.
pub const INCR: u8 = 1;
/// AxBURST: addresses go up and wrap at the container of the burst.
pub const WRAP: u8 = 2;
/// AxBURST: not a legal code.
pub const RESERVED: u8 = 3;

/// xRESP: done.
pub const OKAY: u8 = 0;
/// xRESP: exclusive access done.
pub const EXOKAY: u8 = 1;
/// xRESP: the slave reports an error.
pub const SLVERR: u8 = 2;
/// xRESP: nothing is at that address.
pub const DECERR: u8 = 3;

/// Bytes of the page that no AXI burst may leave.
pub const PAGE: u64 = 4096;

/// Beats of the burst, 1 to 256.
pub fn beats(a: &AddrBeat) -> usize {
    a.len as usize + 1
}

/// Bytes that one beat moves at most (AxSIZE decoded), 1 to 128.
pub fn beat_bytes(a: &AddrBeat) -> u64 {
    1 << (a.size & 7)
}

/// First byte address of beat `n` (from 0). Only the first beat of a burst (every beat of a FIXED one) may be unaligned.
pub fn beat_addr(a: &AddrBeat, n: usize) -> u64 {
    let bytes = beat_bytes(a);
    let aligned = a.addr & !(bytes - 1);
    match a.burst {
        FIXED => a.addr,
        WRAP => {
            let container = bytes * beats(a) as u64;
            let base = aligned - aligned % container;
            base + (aligned - base + n as u64 * bytes) % container
        }
        _ if n == 0 => a.addr,
        _ => aligned.wrapping_add(n as u64 * bytes),
    }
}

/// Byte lanes of a bus of `bus_bytes` that beat `n` uses.
pub fn lanes(a: &AddrBeat, n: usize, bus_bytes: usize) -> Range<usize> {
    let first = beat_addr(a, n);
    let bytes = beat_bytes(a);
    let start = first as usize % bus_bytes;
    let end = (first & !(bytes - 1)) as usize % bus_bytes + bytes as usize;
    start..end.min(bus_bytes)
}

/// The strobe that writes every byte which beat `n` may write.
pub fn full_strobe(a: &AddrBeat, n: usize, bus_bytes: usize) -> u16 {
    let lanes = lanes(a, n, bus_bytes);
    (((1u32 << lanes.end) - 1) & !((1u32 << lanes.start) - 1)) as u16
}

/// Bytes that the burst moves when every strobe is set.
pub fn total_bytes(a: &AddrBeat) -> u64 {
    let bytes = beat_bytes(a);
    let count = beats(a) as u64;
    match a.burst {
        FIXED => count * (bytes - a.addr % bytes),
        WRAP => count * bytes,
        _ => count * bytes - a.addr % bytes,
    }
}

/// Whether an INCR burst of this shape has bytes in more than one 4 KiB page.
pub fn crosses_page(a: &AddrBeat) -> bool {
    let bytes = beat_bytes(a);
    let last = (a.addr & !(bytes - 1)).wrapping_add(beats(a) as u64 * bytes - 1);
    a.addr / PAGE != last / PAGE
}

/// Whether the SMMU must refuse the burst before it looks at the address: it could leave its page (`docs/compliance.md`, UUT).
/// Reserved burst type, beats wider than the bus, INCR across 4 KiB, WRAP of a length that AXI does not have.
pub fn leaves_page(a: &AddrBeat, bus_bytes: usize) -> bool {
    match a.burst {
        RESERVED => true,
        _ if beat_bytes(a) > bus_bytes as u64 => true,
        INCR => crosses_page(a),
        WRAP => !matches!(a.len, 1 | 3 | 7 | 15),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burst(addr: u64, len: u8, size: u8, burst: u8) -> AddrBeat {
        AddrBeat { addr, len, size, burst, ..AddrBeat::default() }
    }

    fn addresses(a: &AddrBeat) -> Vec<u64> {
        (0..beats(a)).map(|n| beat_addr(a, n)).collect()
    }

    #[test]
    fn an_unaligned_incr_burst_is_aligned_from_its_second_beat() {
        assert_eq!(addresses(&burst(0x1003, 2, 2, INCR)), [0x1003, 0x1004, 0x1008]);
    }

    #[test]
    fn a_wrap_burst_returns_to_the_start_of_its_container() {
        assert_eq!(addresses(&burst(0x1018, 3, 3, WRAP)), [0x1018, 0x1000, 0x1008, 0x1010]);
    }

    #[test]
    fn a_fixed_burst_stays_where_it_is() {
        assert_eq!(addresses(&burst(0x1006, 2, 2, FIXED)), [0x1006; 3]);
        assert_eq!(lanes(&burst(0x1006, 2, 2, FIXED), 2, 8), 6..8);
    }

    #[test]
    fn narrow_beats_walk_over_the_lanes() {
        let a = burst(0x1006, 2, 1, INCR);
        let used: Vec<_> = (0..3).map(|n| lanes(&a, n, 8)).collect();
        assert_eq!(used, [6..8, 0..2, 2..4]);
        assert_eq!(full_strobe(&a, 0, 8), 0xc0);
        assert_eq!(total_bytes(&a), 6);
        assert_eq!(total_bytes(&burst(0x1007, 2, 3, INCR)), 17);
        assert_eq!(total_bytes(&burst(0x1006, 2, 2, FIXED)), 6);
        assert_eq!(total_bytes(&burst(0x1018, 3, 3, WRAP)), 32);
    }

    #[test]
    fn a_full_strobe_has_one_bit_a_lane_on_a_wide_bus() {
        assert_eq!(full_strobe(&burst(0x1000, 0, 4, INCR), 0, 16), 0xffff);
        assert_eq!(full_strobe(&burst(0x1009, 0, 4, INCR), 0, 16), 0xfe00);
    }

    #[test]
    fn bursts_that_could_leave_their_page_are_told_from_those_that_cannot() {
        for (a, leaves) in [
            (burst(0x1ff8, 0, 3, INCR), false),
            (burst(0x1ff8, 1, 3, INCR), true),
            (burst(0x1ffc, 0, 3, INCR), false),
            (burst(0x1800, 255, 3, INCR), false),
            (burst(0x1808, 255, 3, INCR), true),
            (burst(0x1ff8, 255, 3, FIXED), false),
            (burst(0x1ff8, 3, 3, WRAP), false),
            (burst(0x1ff8, 4, 3, WRAP), true),
            (burst(0x1000, 0, 3, WRAP), true),
            (burst(0x1000, 0, 3, RESERVED), true),
            (burst(0x1000, 0, 4, INCR), true),
        ] {
            assert_eq!(leaves_page(&a, 8), leaves, "{a:?}");
        }
    }
}
