//! A preset's circuit as the engine sees it: a block with pins, whatever its sizes.
//!
//! The kernels stay where they are compiled (`smmu_rtl::circuit`); only the port fields are reached by type.

use super::Pins;
use crate::dut::{Inputs, Outputs};
use ::rust_hdl::prelude::{Block, Logic, Probe, Verilog};
use smmu_rtl::circuit::Circuit;
use smmu_rtl::smmu::{SmmuFour, SmmuMini, SmmuSc8180x, SmmuSm8550, SmmuZynqmp};

/// An elaborated preset.
pub struct Preset(pub Box<dyn Circuit>);

impl Logic for Preset {
    fn update(&mut self) {}

    fn hdl(&self) -> Verilog {
        self.0.as_block().hdl()
    }
}

impl Block for Preset {
    /// Nothing: `smmu_rtl::circuit` hands out connected circuits.
    fn connect_all(&mut self) {}

    fn update_all(&mut self) {
        self.0.pass();
    }

    fn has_changed(&self) -> bool {
        self.0.moved()
    }

    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        self.0.as_block().accept(name, probe);
    }
}

macro_rules! with_ports {
    ($any:expr, $downcast:ident, $top:ident => $e:expr) => {
        if let Some($top) = $any.$downcast::<SmmuMini>() {
            $e
        } else if let Some($top) = $any.$downcast::<SmmuZynqmp>() {
            $e
        } else if let Some($top) = $any.$downcast::<SmmuSc8180x>() {
            $e
        } else if let Some($top) = $any.$downcast::<SmmuSm8550>() {
            $e
        } else if let Some($top) = $any.$downcast::<SmmuFour>() {
            $e
        }
    };
}

impl Pins for Preset {
    fn set_clock(&mut self, level: bool) {
        with_ports!(self.0.as_any_mut(), downcast_mut, top => Pins::set_clock(top, level));
    }

    fn drive(&mut self, inputs: &Inputs) {
        with_ports!(self.0.as_any_mut(), downcast_mut, top => Pins::drive(top, inputs));
    }

    fn sample(&self, outputs: &mut Outputs) {
        with_ports!(self.0.as_any(), downcast_ref, top => Pins::sample(top, outputs));
    }
}
