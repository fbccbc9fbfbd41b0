//! Two engines side by side: the same inputs into both, every output pin compared in every cycle.
//!
//! The outputs that others see are those of the first engine. The first difference ends the run: [`Device::cycle`] gives
//! [`DeviceError::Lockstep`] with the cycle, the pin and both values, and the cycles before it are in a wave (how many: [`HISTORY`]),
//! in which `<engine>` beside the channels has the output pins of the second engine.

use super::{pins, Device, DeviceError, Inputs, Outputs, WaveRequest};
use crate::wave::layout::{Item, Scope, ScopeKind, VarKind};
use crate::wave::{Sample, Wave};
use smmu_rtl::params::Params;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Cycles in the wave of a difference, the one that differs included.
pub const HISTORY: usize = 100;

/// What stood on the pins in a cycle.
#[derive(Clone, Default)]
struct Row {
    cycle: u64,
    skipped: u64,
    inputs: Inputs,
    first: Outputs,
    second: Outputs,
}

/// See the module's header.
pub struct Lockstep {
    first: Box<dyn Device>,
    second: Box<dyn Device>,
    params: Params,
    history: VecDeque<Row>,
    skipped: u64,
    /// Where the wave of a difference goes.
    folder: PathBuf,
}

impl Lockstep {
    /// Both devices are fresh and of the same hardware. The wave of a difference goes into `folder`.
    pub fn new(first: Box<dyn Device>, second: Box<dyn Device>, folder: &Path) -> Self {
        let params = *first.params();
        let history = VecDeque::with_capacity(HISTORY);
        Lockstep { first, second, params, history, skipped: 0, folder: folder.to_path_buf() }
    }

    /// Keeps the cycle that is about to be clocked.
    fn remember(&mut self, inputs: &Inputs) {
        // The oldest row is used again, so that nothing is allocated in the long run.
        let mut row = if self.history.len() < HISTORY { Row::default() } else { self.history.pop_front().unwrap_or_default() };
        row.cycle = self.first.cycles();
        row.skipped = self.skipped;
        row.inputs.clone_from(inputs);
        row.first.clone_from(self.first.outputs());
        row.second.clone_from(self.second.outputs());
        self.history.push_back(row);
    }

    fn compare(&mut self, inputs: &Inputs) -> Result<(), DeviceError> {
        if self.first.outputs() == self.second.outputs() {
            return Ok(());
        }
        let pins = pins::outputs(&self.params, self.first.outputs());
        let others = pins::outputs(&self.params, self.second.outputs());
        // Outputs that differ in a bit that no pin has would be a bug of an engine; it is shown as what it is.
        let (pin, first, second) = match pins.iter().zip(&others).find(|(a, b)| a.value != b.value) {
            Some((a, b)) => (a.name.clone(), a.value, b.value),
            None => ("(a bit beyond the width of its pin)".to_string(), 0, 0),
        };
        let cycle = self.first.cycles();
        let last = self.history.back().is_some_and(|row| row.cycle == cycle);
        if !last {
            self.remember(inputs);
        }
        let wave = match self.write_wave(cycle) {
            Ok(path) => format!("the cycles before it are in {}", path.display()),
            Err(error) => format!("its wave cannot be written: {error}"),
        };
        Err(DeviceError::Lockstep {
            cycle,
            pin,
            engines: [self.first.engine(), self.second.engine()],
            values: Box::new([first, second]),
            wave,
        })
    }

    /// Writes the history and returns the path.
    fn write_wave(&self, cycle: u64) -> Result<PathBuf, DeviceError> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("smmu-lockstep-{}-{cycle}-{}-{number}.vcd", self.params.name, std::process::id());
        let path = self.folder.join(name);
        let from = self.history.front().map_or(0, |row| row.cycle);
        let tree = self.tree();
        let mut wave = Wave::create(&WaveRequest { path: path.clone(), from, to: cycle }, &tree)?;
        for row in &self.history {
            wave.begin(row.cycle, row.skipped);
            let sets = [
                pins::inputs(&self.params, &row.inputs),
                pins::outputs(&self.params, &row.first),
                pins::outputs(&self.params, &row.second),
            ];
            for (source, pin) in sets.iter().flatten().enumerate() {
                wave.set(source, Sample::number(pin.value, pin.width));
            }
            wave.end();
        }
        wave.finish()?;
        Ok(path)
    }

    /// The pins by channel, and the second engine's output pins in a scope of its own. Sources are in the order of the pin lists.
    fn tree(&self) -> Scope {
        let mut top = Scope::new("smmu", ScopeKind::Block);
        top.var("aclk", VarKind::Clock, 0);
        let mut source = 0;
        let mut add = |scope: &mut Scope, pins: Vec<pins::Pin>| {
            for pin in pins {
                let kind = VarKind::Bits(pin.width);
                if pin.channel.is_empty() {
                    scope.var(pin.name, kind, source);
                } else {
                    channel(scope, &pin.channel).var(pin.name, kind, source);
                }
                source += 1;
            }
        };
        add(&mut top, pins::inputs(&self.params, &Inputs::idle(&self.params)));
        add(&mut top, pins::outputs(&self.params, self.first.outputs()));
        let mut second = Scope::new(self.second.engine(), ScopeKind::Block);
        add(&mut second, pins::outputs(&self.params, self.second.outputs()));
        top.items.push(Item::Scope(second));
        top
    }
}

/// The channel of that name in a scope; made if it is not there.
fn channel<'a>(scope: &'a mut Scope, name: &str) -> &'a mut Scope {
    let is = |item: &Item| matches!(item, Item::Scope(s) if s.name == name);
    let at = scope.items.iter().position(is).unwrap_or_else(|| {
        scope.items.push(Item::Scope(Scope::new(name, ScopeKind::Channel)));
        scope.items.len() - 1
    });
    match &mut scope.items[at] {
        Item::Scope(inner) => inner,
        Item::Var(_) => unreachable!("the position is that of a scope"),
    }
}

impl Device for Lockstep {
    fn params(&self) -> &Params {
        &self.params
    }

    fn engine(&self) -> &'static str {
        "lockstep"
    }

    fn outputs(&self) -> &Outputs {
        self.first.outputs()
    }

    fn cycle(&mut self, inputs: &Inputs) -> Result<(), DeviceError> {
        self.remember(inputs);
        if self.first.cycles() == 0 {
            self.compare(inputs)?;
        }
        self.first.cycle(inputs)?;
        self.second.cycle(inputs)?;
        self.compare(inputs)
    }

    fn cycles(&self) -> u64 {
        self.first.cycles()
    }

    fn skip(&mut self, cycles: u64) {
        self.skipped += cycles;
        self.first.skip(cycles);
        self.second.skip(cycles);
    }

    /// A wave of the first engine.
    fn start_wave(&mut self, request: WaveRequest) -> Result<(), DeviceError> {
        self.first.start_wave(request)
    }

    fn finish_wave(&mut self) -> Result<(), DeviceError> {
        self.first.finish_wave()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dut::rust_hdl;
    use smmu_rtl::params::MINI;

    /// The RustHDL hardware with one pin wrong from a cycle on.
    struct OffByOne {
        device: Box<dyn Device>,
        outputs: Outputs,
        from: u64,
    }

    impl OffByOne {
        fn spoil(&mut self) {
            self.outputs.clone_from(self.device.outputs());
            if self.device.cycles() >= self.from {
                self.outputs.m_axi_ptw.ar.addr ^= 0x400;
            }
        }
    }

    impl Device for OffByOne {
        fn params(&self) -> &Params {
            self.device.params()
        }
        fn engine(&self) -> &'static str {
            "spoiled"
        }
        fn outputs(&self) -> &Outputs {
            &self.outputs
        }
        fn cycle(&mut self, inputs: &Inputs) -> Result<(), DeviceError> {
            self.device.cycle(inputs)?;
            self.spoil();
            Ok(())
        }
        fn cycles(&self) -> u64 {
            self.device.cycles()
        }
        fn skip(&mut self, cycles: u64) {
            self.device.skip(cycles);
        }
        fn start_wave(&mut self, request: WaveRequest) -> Result<(), DeviceError> {
            self.device.start_wave(request)
        }
        fn finish_wave(&mut self) -> Result<(), DeviceError> {
            self.device.finish_wave()
        }
    }

    fn spoiled(from: u64, folder: &Path) -> Lockstep {
        let mut second = OffByOne { device: rust_hdl::device(&MINI).unwrap(), outputs: Outputs::default(), from };
        second.spoil();
        Lockstep::new(rust_hdl::device(&MINI).unwrap(), Box::new(second), folder)
    }

    fn run(lockstep: &mut Lockstep, cycles: u64) -> Result<(), DeviceError> {
        (0..cycles).try_for_each(|n| lockstep.cycle(&Inputs { aresetn: n >= 4, ..Inputs::idle(&MINI) }))
    }

    #[test]
    fn the_first_difference_ends_the_run_and_leaves_a_wave() {
        let folder = std::env::temp_dir().join(format!("smmu-lockstep-test-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut lockstep = spoiled(150, &folder);
        run(&mut lockstep, 149).expect("equal so far");
        let error = run(&mut lockstep, 1).expect_err("cycle 150 differs");
        let DeviceError::Lockstep { cycle, pin, engines, values, wave } = &error else { panic!("{error}") };
        assert_eq!((*cycle, pin.as_str(), *engines), (150, "m_axi_ptw_araddr", ["rusthdl", "spoiled"]));
        assert_eq!(values[0] ^ values[1], 0x400);
        let text = error.to_string();
        assert!(text.contains("cycle 150") && text.contains("m_axi_ptw_araddr") && text.contains("0x400"), "{text}");

        let path = wave.rsplit(' ').next().unwrap();
        assert!(Path::new(path).starts_with(&folder), "{wave}");
        let bytes = std::fs::read(path).unwrap();
        let mut parser = vcd::Parser::new(&bytes[..]);
        let header = parser.parse_header().unwrap();
        let code = |path: &[&str]| header.find_var(path).unwrap_or_else(|| panic!("{path:?}")).code;
        let cycle_code = code(&["smmu", "cycle"]);
        let first = code(&["smmu", "m_axi_ptw_ar", "m_axi_ptw_araddr"]);
        let second = code(&["smmu", "spoiled", "m_axi_ptw_ar", "m_axi_ptw_araddr"]);
        let (mut now, mut cycles, mut changes) = (0, Vec::new(), Vec::new());
        for command in parser {
            if let vcd::Command::ChangeVector(code, value) = command.unwrap() {
                let value = u64::from_str_radix(&value.to_string(), 2).unwrap();
                if code == cycle_code {
                    now = value;
                    cycles.push(value);
                } else if code == first || code == second {
                    changes.push((now, code, value));
                }
            }
        }
        assert_eq!(cycles, (51..=150).collect::<Vec<u64>>(), "the last {HISTORY} cycles");
        assert_eq!(changes, [(51, first, 0), (51, second, 0), (150, second, 0x400)]);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_difference_in_the_state_after_power_up_is_found() {
        let folder = std::env::temp_dir().join(format!("smmu-lockstep-zero-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let error = run(&mut spoiled(0, &folder), 1).expect_err("it differs from the start");
        assert!(matches!(&error, DeviceError::Lockstep { cycle: 0, pin, .. } if pin == "m_axi_ptw_araddr"), "{error}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_wave_that_cannot_be_written_does_not_hide_the_difference() {
        let error = run(&mut spoiled(3, Path::new("/no/such/folder")), 3).expect_err("cycle 3 differs");
        let DeviceError::Lockstep { cycle: 3, wave, .. } = &error else { panic!("{error}") };
        assert!(wave.contains("cannot be written") && wave.contains("/no/such/folder"), "{wave}");
    }

    #[test]
    fn engines_that_agree_run_on() {
        let equal = || rust_hdl::device(&MINI).unwrap();
        let mut lockstep = Lockstep::new(equal(), equal(), &std::env::temp_dir());
        run(&mut lockstep, 20).expect("equal");
        lockstep.skip(7);
        assert_eq!((lockstep.cycles(), lockstep.engine(), lockstep.params().name), (20, "lockstep", "mini"));
    }
}
