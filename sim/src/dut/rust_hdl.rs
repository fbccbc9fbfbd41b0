//! The RustHDL engine: the circuit itself, stepped in the caller's thread.
//!
//! # One cycle
//!
//! Without a wave, the circuit is stepped by [`smmu_rtl::quick`], which runs only what has something new: the inputs settle, the clock
//! rises, the circuit settles, the outputs are read. In the cycles of a wave it is stepped as RustHDL does by itself, because a wave wants
//! to know which signals moved; `both_steps_agree` compares the two.
//!
//! RustHDL simulates by *passes*: each pass runs the kernel of every block once, parents first, and then lets every signal take
//! the value that was assigned to it. A value crosses one level of the block tree a pass, so a pass that changes nothing means
//! that the circuit has settled. [`Device::cycle`] does:
//!
//! 1. put the inputs on the pins; settle (left out when no pin changes: the circuit has settled already);
//! 2. the wave, if there is one, takes this cycle's values, inputs and outputs together;
//! 3. the clock goes high for one pass and low again; settle; read the outputs.
//!
//! In step 3 the clock is a pulse of one pass instead of a high and a low phase that both settle. The pulse runs down the tree
//! one level a pass and every block sees a rising edge for exactly one pass, whichever level it is on, as it would with a
//! settled phase. No data can overtake it: a register's new output needs a pass up to its parent's kernel and the same passes
//! down again, and the edge left that parent at least one pass before. Nothing in the hardware looks at a falling edge.
//! `a_pulse_is_as_good_as_two_phases` compares both ways on a circuit of several levels.
//!
//! # Limits
//!
//! The circuit must settle within [`MAX_PASSES`]; [`DeviceError::NotSettled`] otherwise, which means a combinational loop.

use super::{Device, DeviceError, Inputs, Outputs, WaveRequest};
use crate::wave::{Wants, Wave};
use ::rust_hdl::prelude::Block;
use smmu_rtl::circuit::circuit;
use smmu_rtl::params::Params;
use smmu_rtl::quick;

mod pins;
mod preset;
pub(super) mod signals;

pub use pins::Pins;
pub use preset::Preset;

/// Passes in which the circuit must come to rest. The real one needs about twice its depth in blocks.
pub const MAX_PASSES: usize = 100;

/// A device of that preset.
///
/// # Errors
/// A preset that this engine has no circuit for, or no memory to build it in.
pub fn device(params: &'static Params) -> Result<Box<dyn Device>, DeviceError> {
    Ok(Box::new(engine(params)?))
}

/// The same, never stepped by anything but RustHDL's own passes: what the quick step is compared with.
///
/// # Errors
/// As [`device`].
pub fn device_by_passes(params: &'static Params) -> Result<Box<dyn Device>, DeviceError> {
    Ok(Box::new(Engine { only_passes: true, ..engine(params)? }))
}

fn engine(params: &'static Params) -> Result<Engine<Preset>, DeviceError> {
    let circuit = circuit(params).map_err(DeviceError::Elaboration)?;
    let circuit = circuit.ok_or_else(|| DeviceError::UnknownPreset(params.name.to_string()))?;
    Ok(Engine::new(params, Box::new(Preset(circuit))))
}

/// A circuit and its pins as they stand.
pub struct Engine<T> {
    params: &'static Params,
    top: Box<T>,
    inputs: Inputs,
    outputs: Outputs,
    cycles: u64,
    /// Idle cycles that were jumped over: part of the wave's time, not clocked.
    skipped: u64,
    wave: Option<(Wave, signals::Changes)>,
    only_passes: bool,
    /// False if the circuit did not come to rest when the device was made; its first cycle reports it.
    settled: bool,
}

impl<T: Pins> Engine<T> {
    /// Wraps an elaborated circuit. It starts in reset, with all input pins low.
    pub fn new(params: &'static Params, mut top: Box<T>) -> Self {
        top.connect_all();
        let inputs = Inputs { aresetn: false, ..Inputs::idle(params) };
        let mut outputs = Outputs::low(params);
        top.set_clock(false);
        top.drive(&inputs);
        let settled = settle(top.as_mut(), None);
        top.sample(&mut outputs);
        Engine { params, top, inputs, outputs, cycles: 0, skipped: 0, wave: None, only_passes: false, settled }
    }

    /// The circuit.
    pub fn top(&self) -> &T {
        &self.top
    }

    /// Lets the circuit come to rest: by RustHDL's own passes if the wave asks for this cycle.
    fn settle(&mut self, pass_by_pass: bool) -> Result<(), DeviceError> {
        let settled = if pass_by_pass {
            settle(self.top.as_mut(), self.wave.as_mut().map(|(_, changes)| changes))
        } else {
            quick::with(|| self.top.update_all()).1
        };
        if settled {
            Ok(())
        } else {
            Err(DeviceError::NotSettled(self.cycles))
        }
    }

    fn record(&mut self) {
        if let Some((wave, changes)) = &mut self.wave {
            signals::record(self.top.as_ref(), wave, changes, self.cycles, self.skipped);
        }
    }
}

/// Passes until nothing changes; true if that came about. `changes` learns which signals moved.
fn settle<T: Block>(top: &mut T, mut changes: Option<&mut signals::Changes>) -> bool {
    for _ in 0..MAX_PASSES {
        pass(top, &mut changes);
        if !top.has_changed() {
            return true;
        }
    }
    false
}

/// One pass.
fn pass<T: Block>(top: &mut T, changes: &mut Option<&mut signals::Changes>) {
    top.update_all();
    if let Some(changes) = changes {
        changes.note(top);
    }
}

impl<T: Pins> Device for Engine<T> {
    fn params(&self) -> &Params {
        self.params
    }

    fn engine(&self) -> &'static str {
        if self.only_passes {
            "rusthdl-passes"
        } else {
            "rusthdl"
        }
    }

    fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    fn cycle(&mut self, inputs: &Inputs) -> Result<(), DeviceError> {
        if !self.settled {
            return Err(DeviceError::NotSettled(self.cycles));
        }
        let pass_by_pass =
            self.only_passes || self.wave.as_ref().is_some_and(|(wave, _)| wave.wants(self.cycles) != Wants::Nothing);
        if self.inputs != *inputs {
            self.inputs.clone_from(inputs);
            self.top.drive(inputs);
            self.settle(pass_by_pass)?;
        }
        self.record();
        self.top.set_clock(true);
        if pass_by_pass {
            pass(self.top.as_mut(), &mut self.wave.as_mut().map(|(_, changes)| changes));
            self.top.set_clock(false);
        }
        self.settle(pass_by_pass)?;
        self.top.set_clock(false);
        self.top.sample(&mut self.outputs);
        self.cycles += 1;
        Ok(())
    }

    fn cycles(&self) -> u64 {
        self.cycles
    }

    fn skip(&mut self, cycles: u64) {
        self.skipped += cycles;
    }

    fn start_wave(&mut self, request: WaveRequest) -> Result<(), DeviceError> {
        let layout = signals::layout(self.top.as_ref(), "smmu");
        let wave = Wave::create(&request, &layout.tree)?;
        self.wave = Some((wave, signals::Changes::new(layout)));
        Ok(())
    }

    fn finish_wave(&mut self) -> Result<(), DeviceError> {
        match self.wave.take() {
            Some((wave, _)) => wave.finish(),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
