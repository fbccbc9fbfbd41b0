//! `Strap<T>`: a value that is fixed when the hardware is elaborated.
//!
//! RustHDL's `Constant` has no `Default`, so one constant in a block of fifty signals means writing the block's `Default` by hand.
//! A `Strap` has one (zero); the block's constructor sets what it needs. In Verilog both are a `localparam`.

use crate::prelude::*;

/// A constant that a kernel reads with `val()`.
#[derive(Clone, Copy, Debug)]
pub struct Strap<T: Synth>(Constant<T>);

impl<T: Synth> Strap<T> {
    /// The strap with this value.
    pub fn new(value: impl Into<T>) -> Self {
        Strap(Constant::new(value.into()))
    }

    /// The value.
    #[inline(always)]
    pub fn val(&self) -> T {
        self.0.val()
    }
}

impl<T: Synth> Default for Strap<T> {
    fn default() -> Self {
        Strap(Constant::new(T::default()))
    }
}

impl<T: Synth> Logic for Strap<T> {
    fn update(&mut self) {}
}

impl<T: Synth> Block for Strap<T> {
    fn connect_all(&mut self) {}

    fn update_all(&mut self) {}

    fn has_changed(&self) -> bool {
        false
    }

    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        self.0.accept(name, probe);
    }
}

impl<T: Synth> crate::quick::Field for Strap<T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::testing::{equivalence, synthesis_check};

    #[derive(LogicBlock, Default)]
    struct Adds {
        a: Signal<In, Word<40>>,
        y: Signal<Out, Word<40>>,
        step: Strap<Word<40>>,
    }

    impl Logic for Adds {
        #[hdl_gen]
        fn update(&mut self) {
            self.y.next = self.a.val() + self.step.val();
        }
    }

    fn adds() -> Adds {
        Adds { step: Strap::new(0xab_cdef_0123u64), ..Default::default() }
    }

    #[test]
    fn a_strap_is_a_parameter_in_verilog() {
        synthesis_check(adds());
        equivalence(adds, 100, 1, drive!(a), |_| {});
    }
}
