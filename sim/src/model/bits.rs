//! Bit fields of plain integers.

/// Bits `high..=low` of `value`, moved down to bit 0. `high - low` below 63.
pub(super) fn field(value: u64, high: u32, low: u32) -> u64 {
    (value >> low) & ((1 << (high - low + 1)) - 1)
}

/// Bit `number` of `value`.
pub(super) fn bit(value: u64, number: u32) -> bool {
    (value >> number) & 1 == 1
}

/// The low `bits` bits set, `bits` 0 to 63.
pub(super) fn ones(bits: u32) -> u64 {
    (1 << bits) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_masks() {
        assert_eq!(field(0x8000_0000_0000_0000, 63, 63), 1);
        assert_eq!(field(0xABCD_0000_0000_0000, 63, 48), 0xABCD);
        assert!(bit(4, 2) && !bit(4, 1));
        assert_eq!((ones(0), ones(12), ones(48)), (0, 0xFFF, 0xFFFF_FFFF_FFFF));
    }
}
