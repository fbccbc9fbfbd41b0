//! Pins as C has them, and fields of the device trait, both as 128 bits.

use crate::dut::ContextIrqs;

/// A pin in the structure that C++ shares.
pub trait Pin {
    /// Its value.
    fn bits(&self) -> u128;
    /// A pin of that value; bits beyond its size are left out.
    fn from_u128(value: u128) -> Self;
}

/// A pin of that width: higher bits of the value are dropped, as a wire would.
#[inline]
pub fn pin_from<P: Pin>(value: u128, width: u32) -> P {
    P::from_u128(if width < 128 { value & ((1 << width) - 1) } else { value })
}

macro_rules! integers {
    ($($kind:ty),+) => {$(
        impl Pin for $kind {
            #[inline]
            fn bits(&self) -> u128 {
                u128::from(*self)
            }
            #[inline]
            fn from_u128(value: u128) -> Self {
                value as $kind
            }
        }
    )+};
}
integers!(u8, u16, u32, u64);

impl<const WORDS: usize> Pin for [u32; WORDS] {
    #[inline]
    fn bits(&self) -> u128 {
        self.iter().rev().fold(0, |value, word| value << 32 | u128::from(*word))
    }
    #[inline]
    fn from_u128(value: u128) -> Self {
        std::array::from_fn(|word| (value >> (32 * word)) as u32)
    }
}

/// A field of [`crate::dut::Inputs`] or [`crate::dut::Outputs`].
pub trait Field {
    /// Its value.
    fn to_bits(&self) -> u128;
    /// A field of that value.
    fn from_bits(value: u128) -> Self;
}

macro_rules! fields {
    ($($kind:ty),+) => {$(
        impl Field for $kind {
            #[inline]
            fn to_bits(&self) -> u128 {
                u128::from(*self)
            }
            #[inline]
            fn from_bits(value: u128) -> Self {
                value as $kind
            }
        }
    )+};
}
fields!(u8, u16, u32, u64, u128);

impl Field for bool {
    #[inline]
    fn to_bits(&self) -> u128 {
        u128::from(*self)
    }
    #[inline]
    fn from_bits(value: u128) -> Self {
        value & 1 != 0
    }
}

impl Field for ContextIrqs {
    #[inline]
    fn to_bits(&self) -> u128 {
        u128::from(self.data[1]) << 64 | u128::from(self.data[0])
    }
    #[inline]
    fn from_bits(value: u128) -> Self {
        ContextIrqs::new([value as u64, (value >> 64) as u64])
    }
}
