//! Waves of the Verilator engine: Verilator's own trace, read as it is written, put out again with the names of the RustHDL wave.
//!
//! The tree comes from the RustHDL circuit, which knows blocks, channels and states; each of its variables has a name in the emitted
//! Verilog, and so in Verilator's trace, but for what straps leave out of it: that has no value here. So the two engines' waves have the
//! same variables, and a viewer's file fits both.

use super::Traced;
use crate::dut::rust_hdl::signals::{self, Origin};
use crate::dut::{DeviceError, WaveRequest};
use crate::wave::{Sample, Wants, Wave};
use smmu_rtl::params::Params;
use smmu_rtl::verilog::TOP;
use std::collections::HashMap;
use std::io::{Error, ErrorKind};
use std::path::PathBuf;
use vcd::{Command, IdCode, Parser, ScopeItem, Value};

/// A wave that is being recorded.
pub struct Recorder {
    wave: Wave,
    path: PathBuf,
    origins: Vec<Origin>,
    /// By Verilator's code: the sources that have its value. Empty until the header is read.
    sources: HashMap<IdCode, Vec<usize>>,
    started: bool,
    /// What was wrong with the trace; nothing is recorded after it.
    error: Option<Error>,
}

impl Recorder {
    /// Creates the file and starts the model's trace.
    pub fn new(params: &'static Params, request: &WaveRequest, model: &mut dyn Traced) -> Result<Self, DeviceError> {
        let circuit = smmu_rtl::circuit::circuit(params).map_err(DeviceError::Elaboration)?;
        let circuit = circuit.ok_or_else(|| DeviceError::UnknownPreset(params.name.to_string()))?;
        let layout = signals::layout(circuit.as_block(), TOP);
        let wave = Wave::create(request, &layout.tree)?;
        model.start_trace();
        let path = request.path.clone();
        Ok(Recorder { wave, path, origins: layout.origins, sources: HashMap::new(), started: false, error: None })
    }

    /// Records the cycle whose inputs were driven. It settles the model if the cycle is in the window.
    pub fn record(&mut self, model: &mut dyn Traced, cycle: u64, skipped: u64) {
        if self.error.is_some() || self.wave.wants(cycle) == Wants::Nothing {
            return;
        }
        model.look();
        self.wave.begin(cycle, skipped);
        let result = self.take(model.trace(cycle));
        self.wave.end();
        self.error = result.err();
    }

    /// Ends the wave.
    pub fn finish(self) -> Result<(), DeviceError> {
        let path = self.path;
        self.wave.finish()?;
        self.error.map_or(Ok(()), |source| Err(DeviceError::Wave { path, source }))
    }

    /// Reads what Verilator wrote of one cycle.
    fn take(&mut self, text: &[u8]) -> Result<(), Error> {
        let mut parser = Parser::new(text);
        if !std::mem::replace(&mut self.started, true) {
            let header = parser.parse_header()?;
            self.find(&header.items)?;
        }
        for command in parser {
            match command? {
                Command::ChangeScalar(code, value) => self.set(code, &[value]),
                Command::ChangeVector(code, value) => self.set(code, &value.iter().collect::<Vec<_>>()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Finds the code of every source. What straps leave out of the Verilog has none, and no value in this wave.
    fn find(&mut self, items: &[ScopeItem]) -> Result<(), Error> {
        let mut codes = HashMap::new();
        names(items, "", &mut codes);
        for (source, origin) in self.origins.iter().enumerate().filter(|(_, origin)| !origin.clock) {
            let code = origin.name.as_ref().and_then(|name| codes.get(name.as_str()));
            if let Some(code) = code {
                self.sources.entry(*code).or_default().push(source);
            }
        }
        if self.sources.is_empty() {
            return Err(Error::new(ErrorKind::InvalidData, "the trace of the model has none of the hardware's signals"));
        }
        Ok(())
    }

    fn set(&mut self, code: IdCode, bits: &[Value]) {
        for source in self.sources.get(&code).into_iter().flatten() {
            let states = &self.origins[*source].states;
            let sample = match states.is_empty() {
                true => Sample::Bits(bits.to_vec()),
                false => {
                    let number = bits.iter().fold(0usize, |n, bit| n << 1 | usize::from(*bit == Value::V1));
                    // No state has that number: shown as it is.
                    Sample::Text(states.get(number).cloned().unwrap_or_else(|| number.to_string()))
                }
            };
            self.wave.set(*source, sample);
        }
    }
}

/// Codes by full name, without the scope that Verilator puts around the top.
fn names(items: &[ScopeItem], path: &str, codes: &mut HashMap<String, IdCode>) {
    for item in items {
        match item {
            ScopeItem::Scope(scope) => {
                let inner = match path {
                    "" if scope.identifier != TOP => String::new(),
                    "" => scope.identifier.clone(),
                    path => format!("{path}.{}", scope.identifier),
                };
                names(&scope.items, &inner, codes);
            }
            ScopeItem::Var(var) => {
                codes.insert(format!("{path}.{}", var.reference), var.code);
            }
            _ => {}
        }
    }
}
