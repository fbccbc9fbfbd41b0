//! `Word<N>`: the value type of every signal wider than one bit.
//!
//! RustHDL's own `Bits<N>` keeps more than 32 bits as an array of `bool`, so every operation on an address or a data beat
//! loops over bits. `Word<N>` holds up to 128 bits in one integer. `#[hdl_gen]` sees only the names of methods, and they are
//! those of `Bits`, so a kernel that is written with `Word` emits the same Verilog.
//!
//! All operations wrap at `N` bits. What differs from Verilog is written up in `docs/architecture.md`, "House rules of a
//! kernel": computed values go through a `Signal<Local, _>` of their own width before they are sliced, cast or compared.

use rust_hdl::prelude::{Synth, TypeDescriptor, TypeKind, VCDValue, VerilogLiteral};
use std::fmt;

/// An unsigned value of `N` bits, 1 <= N <= 128. Bits above `N` are always zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Word<const N: usize>(u128);

impl<const N: usize> Word<N> {
    /// All ones in the low `N` bits.
    pub const MASK: u128 = if N >= 128 { u128::MAX } else { (1u128 << N) - 1 };

    /// The low `N` bits of `value`.
    #[inline(always)]
    pub const fn new(value: u128) -> Self {
        Word(value & Self::MASK)
    }

    /// The value as an integer, for simulation code and tests.
    #[inline(always)]
    pub const fn raw(self) -> u128 {
        self.0
    }

    /// The low 64 bits of the value.
    #[inline(always)]
    pub const fn u64(self) -> u64 {
        self.0 as u64
    }

    /// The value as an index.
    #[inline(always)]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Bit `index` (Verilog: `x[index]`).
    #[inline(always)]
    pub fn get_bit(self, index: usize) -> bool {
        (self.0 >> index) & 1 == 1
    }

    /// `M` bits from bit `index` up (Verilog: `x[index +: M]`).
    #[inline(always)]
    pub fn get_bits<const M: usize>(self, index: usize) -> Word<M> {
        Word::<M>::new(self.0 >> index)
    }

    /// The value with bit `index` replaced.
    #[inline(always)]
    pub fn replace_bit(self, index: usize, value: bool) -> Self {
        Word::new((self.0 & !(1u128 << index)) | (u128::from(value) << index))
    }

    /// True if any bit is set (Verilog: `|x`).
    #[inline(always)]
    pub fn any(self) -> bool {
        self.0 != 0
    }

    /// True if all bits are set (Verilog: `&x`).
    #[inline(always)]
    pub fn all(self) -> bool {
        self.0 == Self::MASK
    }

    /// Parity (Verilog: `^x`).
    #[inline(always)]
    pub fn xor(self) -> bool {
        self.0.count_ones() & 1 == 1
    }
}

/// Zero-extends or truncates to `M` bits. Argument: a plain signal's `.val()`, never an expression.
#[inline(always)]
pub fn bit_cast<const M: usize, const N: usize>(x: Word<N>) -> Word<M> {
    Word::<M>::new(x.0)
}

/// A literal of `N` bits.
#[inline(always)]
pub fn bits<const N: usize>(x: u128) -> Word<N> {
    Word::<N>::new(x)
}

impl<const N: usize> fmt::Debug for Word<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}'h{:x}", N, self.0)
    }
}

impl<const N: usize> fmt::LowerHex for Word<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerHex::fmt(&self.0, f)
    }
}

macro_rules! from_integer {
    ($($t:ty),+) => {$(
        impl<const N: usize> From<$t> for Word<N> {
            #[inline(always)]
            fn from(x: $t) -> Self {
                Word::new(x as u128)
            }
        }
    )+};
}
from_integer!(u8, u16, u32, u64, u128, usize, i32);

impl From<bool> for Word<1> {
    #[inline(always)]
    fn from(x: bool) -> Self {
        Word::new(u128::from(x))
    }
}

macro_rules! binary_operator {
    ($trait:ident, $method:ident, |$a:ident, $b:ident| $e:expr) => {
        impl<const N: usize> std::ops::$trait<Word<N>> for Word<N> {
            type Output = Word<N>;
            #[inline(always)]
            fn $method(self, rhs: Word<N>) -> Word<N> {
                let ($a, $b) = (self.0, rhs.0);
                Word::new($e)
            }
        }
        impl<const N: usize> std::ops::$trait<u64> for Word<N> {
            type Output = Word<N>;
            #[inline(always)]
            fn $method(self, rhs: u64) -> Word<N> {
                let ($a, $b) = (self.0, u128::from(rhs));
                Word::new($e)
            }
        }
    };
}
binary_operator!(Add, add, |a, b| a.wrapping_add(b));
binary_operator!(Sub, sub, |a, b| a.wrapping_sub(b));
binary_operator!(BitAnd, bitand, |a, b| a & b);
binary_operator!(BitOr, bitor, |a, b| a | b);
binary_operator!(BitXor, bitxor, |a, b| a ^ b);

impl<const N: usize> std::ops::Not for Word<N> {
    type Output = Word<N>;
    #[inline(always)]
    fn not(self) -> Word<N> {
        Word::new(!self.0)
    }
}

impl<const N: usize, const M: usize> std::ops::Shl<Word<M>> for Word<N> {
    type Output = Word<N>;
    #[inline(always)]
    fn shl(self, rhs: Word<M>) -> Word<N> {
        if rhs.0 >= 128 {
            Word(0)
        } else {
            Word::new(self.0 << rhs.0)
        }
    }
}

impl<const N: usize, const M: usize> std::ops::Shr<Word<M>> for Word<N> {
    type Output = Word<N>;
    #[inline(always)]
    fn shr(self, rhs: Word<M>) -> Word<N> {
        if rhs.0 >= 128 {
            Word(0)
        } else {
            Word::new(self.0 >> rhs.0)
        }
    }
}

impl<const N: usize> std::ops::Shl<u64> for Word<N> {
    type Output = Word<N>;
    #[inline(always)]
    fn shl(self, rhs: u64) -> Word<N> {
        if rhs >= 128 {
            Word(0)
        } else {
            Word::new(self.0 << rhs)
        }
    }
}

impl<const N: usize> std::ops::Shr<u64> for Word<N> {
    type Output = Word<N>;
    #[inline(always)]
    fn shr(self, rhs: u64) -> Word<N> {
        if rhs >= 128 {
            Word(0)
        } else {
            Word::new(self.0 >> rhs)
        }
    }
}

impl<const N: usize> PartialEq<u64> for Word<N> {
    #[inline(always)]
    fn eq(&self, other: &u64) -> bool {
        self.0 == u128::from(*other)
    }
}

impl<const N: usize> PartialOrd<u64> for Word<N> {
    #[inline(always)]
    fn partial_cmp(&self, other: &u64) -> Option<std::cmp::Ordering> {
        self.0.partial_cmp(&u128::from(*other))
    }
}

impl<const N: usize> Synth for Word<N> {
    const BITS: usize = N;

    fn descriptor() -> TypeDescriptor {
        TypeDescriptor { name: format!("Word::<{N}>"), kind: TypeKind::Bits(N) }
    }

    fn vcd(self) -> VCDValue {
        if N == 1 {
            return VCDValue::from(self.0 == 1);
        }
        let bit = |i: usize| match VCDValue::from((self.0 >> i) & 1 == 1) {
            VCDValue::Single(value) => Some(value),
            _ => None,
        };
        VCDValue::Vector((0..N).rev().filter_map(bit).collect())
    }

    fn verilog(self) -> VerilogLiteral {
        // The literal carries the width of the word, not of the integer that holds it.
        let wide: rust_hdl::prelude::Bits<N> = num_bigint::BigUint::from(self.0).into();
        wide.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_wrap_at_the_width() {
        let a = Word::<4>::new(15);
        assert_eq!(a + 1, 0);
        assert_eq!(Word::<4>::new(0) - 1, 15);
        assert_eq!(!a, 0);
        assert_eq!(a << 1, 14);
        assert_eq!(Word::<128>::new(u128::MAX) >> 127, 1);
        assert!(Word::<128>::new(u128::MAX).all());
    }

    #[test]
    fn slices_and_bits() {
        let a = Word::<49>::new(0x1_2345_6789_abcd);
        assert_eq!(a.get_bits::<16>(0), 0xabcd);
        assert!(a.get_bit(48));
        assert_eq!(a.replace_bit(48, false), 0x2345_6789_abcd);
        assert_eq!(bit_cast::<8, 49>(a), 0xcd);
        assert_eq!(format!("{}", a.verilog()), "49'h123456789abcd");
    }
}
