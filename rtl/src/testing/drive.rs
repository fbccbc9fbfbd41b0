//! Setting the input pins of any block by name.
//!
//! RustHDL's signals are typed fields, and its probes only look. So a block's test lists the fields that have inputs, once,
//! with [`drive!`](crate::drive), and the harness checks that list against the block's ports.

use crate::axi::*;
use crate::prelude::*;

/// A value that can be put on an input pin. Implement it for a state enum that is an input port.
pub trait Value: Synth {
    /// The value with these bits; bits above the width are ignored.
    fn from_raw(raw: u128) -> Self;
}

impl Value for Bit {
    fn from_raw(raw: u128) -> Self {
        raw & 1 == 1
    }
}

impl Value for Clock {
    fn from_raw(raw: u128) -> Self {
        Clock { clk: raw & 1 == 1 }
    }
}

impl<const N: usize> Value for Word<N> {
    fn from_raw(raw: u128) -> Self {
        Word::new(raw)
    }
}

/// Something with input pins: asks `source` for the value of each by its name, and leaves output pins alone.
pub trait Drive {
    /// Takes a value for every input pin below `name` from `source`, which gets the pin's name and returns its value, or
    /// `None` to leave the pin as it is.
    fn drive(&mut self, name: &str, source: &mut dyn FnMut(&str) -> Option<u128>);
}

impl<T: Value> Drive for Signal<In, T> {
    fn drive(&mut self, name: &str, source: &mut dyn FnMut(&str) -> Option<u128>) {
        if let Some(raw) = source(name) {
            self.next = T::from_raw(raw);
        }
    }
}

impl<T: Synth> Drive for Signal<Out, T> {
    fn drive(&mut self, _name: &str, _source: &mut dyn FnMut(&str) -> Option<u128>) {}
}

impl<D: Drive, const N: usize> Drive for [D; N] {
    fn drive(&mut self, name: &str, source: &mut dyn FnMut(&str) -> Option<u128>) {
        for (index, item) in self.iter_mut().enumerate() {
            item.drive(&format!("{name}${index}"), source);
        }
    }
}

/// Lists the fields of a block (or of one of its bundles) that have input pins, the clock too:
/// `drive!(clock, aresetn, s_axi_ar)`. Fields without inputs may be in the list.
#[macro_export]
macro_rules! drive {
    ($($first:ident $(. $more:ident)*),+ $(,)?) => {
        |block: &mut _, source: &mut dyn FnMut(&str) -> Option<u128>| {
            $($crate::testing::Drive::drive(
                &mut $crate::drive!(@field block, $first $(, $more)*),
                concat!(stringify!($first) $(, "$", stringify!($more))*),
                source,
            );)+
        }
    };
    (@field $block:ident, $first:ident $(, $more:ident)*) => { $block.$first $(.$more)* };
}

/// Makes a bundle (a `LogicInterface`) drivable: `drive_bundle!(MyBundle<const N: usize>[N] { valid, ready, data })`.
#[macro_export]
macro_rules! drive_bundle {
    ($name:ident $(<$(const $g:ident: usize),+>)? { $($field:ident),+ $(,)? }) => {
        impl $(<$(const $g: usize),+>)? $crate::testing::Drive for $name $(<$($g),+>)? {
            fn drive(&mut self, name: &str, source: &mut dyn FnMut(&str) -> Option<u128>) {
                $($crate::testing::Drive::drive(&mut self.$field, &format!("{name}${}", stringify!($field)), source);)+
            }
        }
    };
}

drive_bundle!(AddrIn<const IDW: usize, const AW: usize, const UW: usize> { valid, id, addr, len, size, burst, lock, cache, prot, qos, region, user });
drive_bundle!(AddrOut<const IDW: usize, const AW: usize, const UW: usize> { ready });
drive_bundle!(WriteIn<const DW: usize, const SW: usize> { valid, data, strb, last });
drive_bundle!(WriteOut<const DW: usize, const SW: usize> { ready });
drive_bundle!(RespIn<const IDW: usize> { valid, id, resp });
drive_bundle!(RespOut<const IDW: usize> { ready });
drive_bundle!(ReadIn<const IDW: usize, const DW: usize> { valid, id, data, resp, last });
drive_bundle!(ReadOut<const IDW: usize, const DW: usize> { ready });
drive_bundle!(LiteAddrIn<const AW: usize> { valid, addr, prot });
drive_bundle!(LiteAddrOut<const AW: usize> { ready });
drive_bundle!(LiteWriteIn { valid, data, strb });
drive_bundle!(LiteWriteOut { ready });
drive_bundle!(LiteRespOut { ready });
drive_bundle!(LiteRespIn { valid, resp });
drive_bundle!(LiteReadOut { ready });
drive_bundle!(LiteReadIn { valid, data, resp });
