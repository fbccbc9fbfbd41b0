//! Where things are: the memory map of a program and the spots of a tree.
//!
//! ```text
//! 0x4000_0000  tables, 4 MiB a tree
//! 0x8000_0000  data memory, 32 MiB: frames
//! elsewhere    nothing: DECERR
//! ```
//!
//! Where a stream has a stage 2, its trees map the same addresses to themselves at first, and the tables a second time at 0xc000_0000. So
//! spots of a tree of stage 2 are where tables and frames lie.

use super::program::{Form, Tree};

/// Trees of tables at most.
pub const MAX_TREES: usize = 6;
/// First byte of the tables.
pub const TABLES: u64 = 0x4000_0000;
/// Bytes for the tables of one tree.
pub const ARENA: u64 = 0x40_0000;
/// Where the tables lie a second time in IPA space.
pub const ALIAS: u64 = 0xc000_0000;
/// First byte of data memory.
pub const DATA: u64 = 0x8000_0000;
/// Bytes of data memory.
pub const DATA_BYTES: u64 = 0x200_0000;
/// An address where no memory is.
pub const HOLE: u64 = 0x7000_0000;
/// An address beyond 40 bits of output.
pub const BEYOND: u64 = 0x0400_0000_0000;
/// StreamIDs that programs use: a few beside each other, and a few far away.
pub const STREAMS: [u32; 8] = [0x300, 0x301, 0x302, 0x310, 0x7fff, 0x000, 0x2aaa, 0x4300];
/// Places in a tree.
pub const SPOTS: u8 = 20;
/// Frames of data memory.
pub const FRAMES: u8 = 64;

impl Tree {
    /// A tree of stage 1 of that granule and size.
    pub fn usual(granule: u8, size: u8) -> Self {
        Tree { granule, size, form: Form::Usual, big: false, alias: false }
    }

    /// It is one of stage 2.
    pub fn is_second(self) -> bool {
        matches!(self.form, Form::Second { .. } | Form::LongSecond { .. })
    }

    /// It belongs to banks with CBA2R.VA64.
    pub fn is_wide(self) -> bool {
        matches!(self.form, Form::Usual | Form::Second { .. })
    }

    /// Short descriptors.
    pub fn is_short(self) -> bool {
        self.form == Form::Short
    }

    /// Both can stand in one bank.
    pub fn goes_with(self, other: Tree) -> bool {
        let kind = |tree: Tree| (tree.is_wide(), tree.is_second(), tree.is_short(), tree.big);
        kind(self) == kind(other)
    }

    /// log2 of a page.
    pub fn granule_bits(self) -> u32 {
        match (self.is_wide(), self.granule) {
            (true, 14) => 14,
            (true, 16) => 16,
            _ => 12,
        }
    }

    /// Address bits of the region.
    pub fn input_bits(self) -> u32 {
        let smallest = match self.form {
            Form::Usual | Form::Second { .. } => 16,
            Form::Long | Form::Short => 32,
            Form::LongSecond { .. } => 24,
        };
        64 - u32::from(self.size.clamp(smallest, 39))
    }

    /// Address bits that a table resolves.
    pub fn level_bits(self) -> u32 {
        self.granule_bits() - 3
    }

    /// Level of the first table.
    pub fn start_level(self) -> u32 {
        let bits = self.input_bits();
        if self.is_short() {
            return 1;
        }
        let natural = 4 - (bits - self.granule_bits()).div_ceil(self.level_bits());
        match self.form {
            Form::Second { deep } | Form::LongSecond { deep } => {
                let first = (natural..4).find(|level| self.may_start(*level)).unwrap_or(3);
                first + u32::from(deep && self.may_start(first + 1))
            }
            _ => natural,
        }
    }

    /// Stage 2 may start at that level: at most sixteen tables, and a level that SL0 can name.
    fn may_start(self, level: u32) -> bool {
        let bits = self.input_bits();
        let legal = match (self.is_wide(), self.granule_bits(), level) {
            (false, _, 1) => 31..=40,
            (true, 12, 0) => 40..=48,
            (true, 12, 1) => 31..=43,
            (_, 12, 2) => 25..=34,
            (true, 14, 1) => 37..=48,
            (true, 14, 2) => 26..=40,
            (true, 14, 3) => 25..=29,
            (true, 16, 1) => 43..=48,
            (true, 16, 2) => 30..=46,
            (true, 16, 3) => 25..=33,
            _ => return false,
        };
        legal.contains(&bits)
    }

    /// TCR.SL0 of stage 2.
    pub fn sl0(self) -> u32 {
        let deepest = if self.granule_bits() == 12 { 2 } else { 3 };
        deepest - self.start_level().min(deepest)
    }

    /// Bytes of the first tables.
    pub fn root_bytes(self) -> u64 {
        if self.is_short() {
            return 1 << 14;
        }
        (8u64 << (self.input_bits() - self.entry_bits(self.start_level()))).max(1 << self.granule_bits())
    }

    /// The level that a leaf meant for `level` gets: one that has leaves in this granule, and is there.
    pub fn leaf_level(self, level: u8) -> u32 {
        let highest = if self.granule_bits() == 12 { 1 } else { 2 };
        u32::from(level).clamp(self.start_level().max(highest), 3)
    }

    /// log2 of the bytes that a descriptor at `level` covers. Short descriptors: 3 is a small page, 2 a section, 1 a supersection.
    pub fn entry_bits(self, level: u32) -> u32 {
        if self.is_short() {
            return [28, 24, 20, 12][level.min(3) as usize];
        }
        self.granule_bits() + (3 - level.min(3)) * self.level_bits()
    }

    /// Offset of a spot in the region, below `2^input_bits`. Spots 0 to 9 are pages beside each other, which have two lines of
    /// descriptors; 10 to 12 are in other tables of level 3, 13 to 15 in others of level 2 and 1, where the region has these; 16 and 17
    /// are the ends of the region; 18 and 19 lie just beyond it. In stage 2, 0 to 12 are frames of data memory, 13 to 15 are tables.
    pub fn spot(self, spot: u8) -> u64 {
        let page = 1u64 << self.granule_bits();
        let top = 1u64 << self.input_bits();
        let middle = if self.is_second() { DATA } else { top / 2 };
        let step = |level| {
            let step = 1u64.checked_shl(self.entry_bits(level)).unwrap_or(0);
            if self.is_second() {
                step.min(DATA_BYTES / 8)
            } else {
                step
            }
        };
        let at = match spot % SPOTS {
            n @ 0..=9 => middle + u64::from(n) * page,
            n @ 10..=12 => middle + u64::from(n - 9) * step(2) + u64::from(n) * page,
            n @ 13..=14 if self.is_second() => TABLES + u64::from(n - 13) * page,
            15 if self.is_second() => ALIAS + ARENA,
            n @ 13..=14 => middle + u64::from(n - 12) * step(1) + page,
            15 => middle + step(0) + page,
            16 => 0,
            17 => top - page,
            18 => return top,
            _ => return top + page,
        };
        at & (top - 1)
    }

    /// The 49-bit client address of a spot in the lower or upper region.
    pub fn address(self, spot: u8, upper: bool) -> u64 {
        let at = self.spot(spot);
        let top = 1u64 << self.input_bits();
        match self.form {
            Form::Usual if upper => at.wrapping_sub(top) & ((1 << 49) - 1),
            Form::Long | Form::Short if upper => at.wrapping_sub(top) & 0xffff_ffff,
            _ => at & ((1 << 49) - 1),
        }
    }

    /// TCR.TG0, or TCR.TG1.
    pub fn granule_code(self, upper: bool) -> u32 {
        match (self.granule_bits(), upper) {
            (12, false) => 0,
            (14, false) => 2,
            (_, false) => 1,
            (12, true) => 2,
            (14, true) => 1,
            (_, true) => 3,
        }
    }
}

/// Data memory at a frame, for pages or blocks of `2^bits` bytes. The last eight frames of blocks lie where no memory is.
pub fn frame(frame: u8, bits: u32) -> u64 {
    let number = u64::from(frame % FRAMES);
    let there = (DATA_BYTES >> bits.min(40)).max(1);
    let number = if number + 8 < u64::from(FRAMES) { number % there } else { number };
    DATA + (number << bits.min(40))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spots_lie_in_their_region_except_for_the_last_two() {
        for granule in [12, 14, 16] {
            for size in 16..=39 {
                let tree = Tree::usual(granule, size);
                let top = 1u64 << (64 - size);
                assert!((0..18).all(|spot| tree.spot(spot) < top), "{tree:?}");
                assert!(tree.spot(18) >= top && tree.spot(19) >= top);
                assert_eq!(tree.address(0, true) | u64::MAX << 49, tree.spot(0).wrapping_sub(top));
            }
        }
    }

    /// Where the architecture's table says: granule and T0SZ, the level that as few tables as possible start at, and one further down.
    #[test]
    fn stage_2_starts_where_sl0_may_say() {
        for (granule, size, levels, sl0, tables) in [
            (12, 16, (0, 0), (2, 2), 1),
            (12, 24, (0, 1), (2, 1), 2),
            (12, 25, (1, 1), (1, 1), 1),
            (12, 33, (1, 2), (1, 0), 2),
            (12, 39, (2, 2), (0, 0), 1),
            (14, 16, (1, 1), (2, 2), 2),
            (14, 27, (1, 2), (2, 1), 2),
            (14, 28, (2, 2), (1, 1), 1),
            (14, 38, (2, 3), (1, 0), 2),
            (16, 18, (1, 2), (2, 1), 16),
            (16, 34, (2, 3), (1, 0), 2),
            (16, 39, (3, 3), (0, 0), 1),
        ] {
            let tree = |deep| Tree { form: Form::Second { deep }, ..Tree::usual(granule, size) };
            let what = format!("granule {granule}, size {size}");
            assert_eq!((tree(false).start_level(), tree(true).start_level()), levels, "{what}");
            assert_eq!((tree(false).sl0(), tree(true).sl0()), sl0, "{what}");
            assert_eq!(tree(true).root_bytes() >> granule, tables, "{what}");
        }
        let long = |size, deep| Tree { form: Form::LongSecond { deep }, ..Tree::usual(16, size) };
        assert_eq!((long(24, false).start_level(), long(24, false).root_bytes()), (1, 0x2000));
        assert_eq!((long(31, true).start_level(), long(31, true).sl0()), (2, 0));
        assert_eq!((long(39, false).start_level(), long(39, false).sl0()), (2, 0));
    }
}
