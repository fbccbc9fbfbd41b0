//! The Verilator engine: the emitted Verilog, compiled to C++ by Verilator, behind the device trait. Feature `verilator`.
//!
//! The build script (`sim/build/`) makes of each preset's port list a pin structure in both languages and a shim in C++; a cycle is one
//! foreign call, which takes the input pins from the structure, settles, lets the clock rise, settles and leaves the output pins in
//! it. There are two models of a preset: one of the Verilog in the form that is made for simulation
//! ([`smmu_rtl::verilog::simulation`]), which runs unless there is a wave, and one of the Verilog as it is emitted, with a trace. The runtime that every model needs comes from the crate `verilated`.
//!
//! Registers and memories start as in RustHDL: with their initial values, zero where there is none.

use super::{Device, DeviceError, Inputs, Outputs, WaveRequest};
use smmu_rtl::params::Params;
use std::ptr::NonNull;

mod bits;
#[cfg(test)]
mod tests;
mod wave;

#[allow(missing_docs)]
mod models {
    use super::bits::{pin_from, Field, Pin};
    use super::{Inputs, Model, NonNull, Opaque, Outputs, Traced};

    include!(concat!(env!("OUT_DIR"), "/models.rs"));
}

/// A model on the C++ side.
#[repr(C)]
pub struct Opaque {
    _private: [u8; 0],
}

/// What is generated for each preset.
trait Model: Send {
    /// Puts the inputs into the pin structure.
    fn drive(&mut self, inputs: &Inputs);
    /// Takes the outputs from the pin structure.
    fn sample(&mut self, outputs: &mut Outputs);
    /// Settles with the inputs of the structure, the clock low, and leaves the outputs in it.
    fn look(&mut self);
    /// One cycle with the inputs of the structure; leaves the outputs in it.
    fn cycle(&mut self);
    /// The model as one that has a trace, if it has.
    fn traced(&mut self) -> Option<&mut dyn Traced> {
        None
    }
}

/// A model with a trace.
trait Traced: Model {
    /// Starts Verilator's own trace: its header comes with the first [`Model::trace`].
    fn start_trace(&mut self);
    /// The text of the trace since the last call, with the values as they stand at `time`.
    fn trace(&mut self, time: u64) -> &[u8];
    /// Ends the trace.
    fn end_trace(&mut self);
}

/// A device of that preset.
///
/// # Errors
/// A preset that there is no model of.
pub fn device(params: &'static Params) -> Result<Box<dyn Device>, DeviceError> {
    Ok(Box::new(Engine::new(params, loaded(params, models::model)?)))
}

/// As [`device`], on the model of the Verilog as it is emitted, which is slower: for comparisons, and ready for a wave at any time.
///
/// # Errors
/// A preset that there is no model of.
pub fn emitted(params: &'static Params) -> Result<Box<dyn Device>, DeviceError> {
    Ok(Box::new(Engine::new(params, loaded(params, models::traced_model)?)))
}

/// A model of that preset.
fn loaded(params: &Params, of: fn(&str) -> Option<Box<dyn Model>>) -> Result<Box<dyn Model>, DeviceError> {
    of(params.name).ok_or_else(|| DeviceError::UnknownPreset(params.name.to_string()))
}

/// Name and version of the Verilator that the runtime is of.
pub fn version() -> String {
    verilated::product_version().to_string_lossy().into_owned()
}

/// Writes what the models of a preset have counted of lines and toggles, as Verilator's `coverage.dat`. Only models that are gone
/// count. False: there has been none.
///
/// # Errors
/// The file cannot be written, or its name has a zero byte.
#[cfg(feature = "verilator-coverage")]
pub fn write_coverage(preset: &str, path: &std::path::Path) -> std::io::Result<bool> {
    // Verilator ends the process when it cannot write: look first.
    std::fs::File::create(path)?;
    let name = std::ffi::CString::new(path.as_os_str().as_encoded_bytes())?;
    let written = models::coverage(preset, &name);
    if !written {
        std::fs::remove_file(path)?;
    }
    Ok(written)
}

/// Chooses one of the mutations in the Verilog for all models, from their next cycle on; 0 is none.
#[cfg(feature = "verilator-mutants")]
pub fn set_mutation(number: u32) {
    models::mutate(number);
}

/// A model and its pins as they stand.
struct Engine {
    params: &'static Params,
    /// The fast model, or the traced one from the first wave on.
    model: Box<dyn Model>,
    outputs: Outputs,
    cycles: u64,
    /// Idle cycles that were jumped over: part of the wave's time, not clocked.
    skipped: u64,
    wave: Option<wave::Recorder>,
}

impl Engine {
    /// Starts in reset, with all input pins low.
    fn new(params: &'static Params, mut model: Box<dyn Model>) -> Self {
        let mut outputs = Outputs::low(params);
        model.drive(&Inputs { aresetn: false, ..Inputs::idle(params) });
        model.look();
        model.sample(&mut outputs);
        Engine { params, model, outputs, cycles: 0, skipped: 0, wave: None }
    }
}

impl Device for Engine {
    fn params(&self) -> &Params {
        self.params
    }

    fn engine(&self) -> &'static str {
        "verilator"
    }

    fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    fn cycle(&mut self, inputs: &Inputs) -> Result<(), DeviceError> {
        self.model.drive(inputs);
        if let (Some(wave), Some(model)) = (&mut self.wave, self.model.traced()) {
            wave.record(model, self.cycles, self.skipped);
        }
        self.model.cycle();
        self.model.sample(&mut self.outputs);
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
        self.finish_wave()?;
        if self.model.traced().is_none() {
            // The two models do not know each other's registers, but they start alike.
            if self.cycles > 0 {
                return Err(DeviceError::LateWave { engine: self.engine(), cycles: self.cycles });
            }
            let skipped = self.skipped;
            *self = Engine::new(self.params, loaded(self.params, models::traced_model)?);
            self.skipped = skipped;
        }
        if let Some(model) = self.model.traced() {
            self.wave = Some(wave::Recorder::new(self.params, &request, model)?);
        }
        Ok(())
    }

    fn finish_wave(&mut self) -> Result<(), DeviceError> {
        match self.wave.take() {
            Some(wave) => {
                self.model.traced().into_iter().for_each(|model| model.end_trace());
                wave.finish()
            }
            None => Ok(()),
        }
    }
}
