//! The VCD writer.

use super::gtkw;
use super::layout::{Item, Scope, ScopeKind, VarKind};
use crate::dut::{DeviceError, WaveRequest};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use vcd::{IdCode, ReferenceIndex, ScopeType, SimulationCommand, TimescaleUnit, Value, VarType};

/// Start of a cycle in picoseconds: 300 MHz, three cycles are 10 ns.
pub fn ps_of_cycle(cycle: u64) -> u64 {
    (u128::from(cycle) * 10_000 / 3) as u64
}

/// Half a cycle, rounded down, in picoseconds.
const HALF_CYCLE: u64 = 1_666;

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sample {
    /// Bits, the most significant first.
    Bits(Vec<Value>),
    /// A name.
    Text(String),
}

impl Sample {
    /// The low `width` bits of a number.
    pub fn number(value: u128, width: u32) -> Self {
        Sample::Bits((0..width).rev().map(|bit| Value::from((value >> bit) & 1 == 1)).collect())
    }
}

/// How much of a cycle the wave needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// The cycle is outside the window.
    Nothing,
    /// The first cycle of the window: the value of every source.
    Everything,
    /// The sources that may have changed since the last cycle.
    Changes,
}

/// A wave that is being written. `W` is where the VCD text goes.
pub struct Wave<W: Write = BufWriter<File>> {
    vcd: vcd::Writer<W>,
    path: PathBuf,
    from: u64,
    to: u64,
    /// By source: the VCD code, and the last value.
    codes: Vec<Option<IdCode>>,
    last: Vec<Option<Sample>>,
    clock: IdCode,
    cycle: IdCode,
    /// Start of the last cycle that was written, and of the next one, in picoseconds.
    written: Option<(u64, u64)>,
    /// The cycle that is being written is the first one.
    dumping: bool,
    /// The viewer's file, and what it shows.
    view: Option<(PathBuf, Scope)>,
    /// The source whose first one the viewer's file opens at, and when that was.
    focus: (Option<usize>, Option<u64>),
    /// The first error; nothing is written after it.
    error: Option<io::Error>,
}

impl Wave<BufWriter<File>> {
    /// Creates the file of the request and the `.gtkw` beside it.
    ///
    /// # Errors
    /// A path that cannot be created, or a disk that is full already.
    pub fn create(request: &WaveRequest, top: &Scope) -> Result<Self, DeviceError> {
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |source| DeviceError::Wave { path, source }
        };
        let file = File::create(&request.path).map_err(failed(&request.path))?;
        let mut wave = Wave::new(BufWriter::with_capacity(1 << 20, file), request, top).map_err(failed(&request.path))?;
        // Written now, so that a run that is broken off has it, too; written again when it is known where to look.
        let view = request.path.with_extension("gtkw");
        std::fs::write(&view, gtkw::text(&request.path, top, None)).map_err(failed(&view))?;
        wave.view = Some((view, top.clone()));
        Ok(wave)
    }
}

impl<W: Write> Wave<W> {
    /// Writes the header to `out`.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: W, request: &WaveRequest, top: &Scope) -> io::Result<Self> {
        let mut vcd = vcd::Writer::new(out);
        vcd.version(concat!("smmu ", env!("CARGO_PKG_VERSION")))?;
        vcd.comment("300 MHz: cycle n starts at n * 10000 / 3 ps")?;
        vcd.timescale(1, TimescaleUnit::PS)?;
        let sources = top.sources();
        vcd.scope_def(ScopeType::Module, &top.name)?;
        let cycle = vcd.add_var(VarType::Wire, 64, "cycle", Some(ReferenceIndex::Range(63, 0)))?;
        // Codes are given in order, so the clock's can be taken before its first variable is seen.
        let mut header = Header { clock: cycle.next(), next: cycle.next().next(), codes: vec![None; sources] };
        header.items(&mut vcd, &top.items)?;
        vcd.upscope()?;
        vcd.enddefinitions()?;
        Ok(Wave {
            vcd,
            path: request.path.clone(),
            from: request.from,
            to: request.to,
            last: vec![None; sources],
            clock: header.clock,
            codes: header.codes,
            cycle,
            written: None,
            dumping: false,
            view: None,
            focus: (top.find(gtkw::WALK_SIGNAL).map(|var| var.source), None),
            error: None,
        })
    }

    /// How much of that cycle is needed.
    pub fn wants(&self, cycle: u64) -> Wants {
        if self.error.is_some() || cycle < self.from || cycle > self.to {
            Wants::Nothing
        } else if self.written.is_none() {
            Wants::Everything
        } else {
            Wants::Changes
        }
    }

    /// Starts a cycle, before which `skipped` idle cycles in all were jumped over. The values follow with [`Wave::set`], then
    /// [`Wave::end`].
    pub fn begin(&mut self, cycle: u64, skipped: u64) {
        let start = ps_of_cycle(cycle + skipped);
        self.dumping = self.written.replace((start, ps_of_cycle(cycle + skipped + 1))).is_none();
        let dumping = self.dumping;
        self.attempt(|wave| {
            wave.vcd.timestamp(start)?;
            if dumping {
                wave.vcd.begin(SimulationCommand::Dumpvars)?;
            }
            wave.vcd.change_scalar(wave.clock, Value::V1)?;
            // Leading zeros may be left out, and with a value every cycle that counts.
            let bits = 64 - cycle.leading_zeros().min(63);
            wave.vcd.change_vector(wave.cycle, (0..bits).rev().map(|bit| Value::from((cycle >> bit) & 1 == 1)))
        });
    }

    /// The value of a source in the cycle that was begun. Written only if it differs from the last one.
    pub fn set(&mut self, source: usize, sample: Sample) {
        let Some(code) = self.codes.get(source).copied().flatten() else { return };
        if self.last[source].as_ref() == Some(&sample) {
            return;
        }
        if self.focus == (Some(source), None) && sample == Sample::number(1, 1) {
            self.focus.1 = self.written.map(|(start, _)| start);
        }
        self.attempt(|wave| match &sample {
            Sample::Bits(bits) if bits.len() == 1 => wave.vcd.change_scalar(code, bits[0]),
            Sample::Bits(bits) => wave.vcd.change_vector(code, bits.iter().copied()),
            Sample::Text(text) => wave.vcd.change_string(code, text),
        });
        self.last[source] = Some(sample);
    }

    /// Ends the cycle that was begun: the clock falls in its middle.
    pub fn end(&mut self) {
        let Some((start, _)) = self.written else { return };
        let dumping = std::mem::take(&mut self.dumping);
        self.attempt(|wave| {
            if dumping {
                wave.vcd.end()?;
            }
            wave.vcd.timestamp(start + HALF_CYCLE)?;
            wave.vcd.change_scalar(wave.clock, Value::V0)
        });
    }

    /// Closes the file, so that the last cycle is seen in full, and turns the viewer's file to the first table read.
    ///
    /// # Errors
    /// The first write error of the whole wave, this call included.
    pub fn finish(mut self) -> Result<(), DeviceError> {
        let end = self.written.map(|(_, end)| end);
        self.attempt(|wave| {
            if let Some(end) = end {
                wave.vcd.timestamp(end)?;
            }
            wave.vcd.flush()
        });
        if let Some(source) = self.error {
            return Err(DeviceError::Wave { path: self.path, source });
        }
        match self.view {
            Some((view, top)) => std::fs::write(&view, gtkw::text(&self.path, &top, self.focus.1))
                .map_err(|source| DeviceError::Wave { path: view, source }),
            None => Ok(()),
        }
    }

    /// Writes, unless an earlier write has failed; keeps the first error for [`Wave::finish`].
    fn attempt(&mut self, write: impl FnOnce(&mut Self) -> io::Result<()>) {
        if self.error.is_none() {
            self.error = write(self).err();
        }
    }
}

/// The header on its way out: hands out the codes.
struct Header {
    clock: IdCode,
    next: IdCode,
    codes: Vec<Option<IdCode>>,
}

impl Header {
    fn items<W: Write>(&mut self, vcd: &mut vcd::Writer<W>, items: &[Item]) -> io::Result<()> {
        for item in items {
            match item {
                Item::Scope(scope) => {
                    let kind = match scope.kind {
                        ScopeKind::Block => ScopeType::Module,
                        ScopeKind::Channel => ScopeType::Begin,
                    };
                    vcd.scope_def(kind, &scope.name)?;
                    self.items(vcd, &scope.items)?;
                    vcd.upscope()?;
                }
                Item::Var(var) => {
                    let (kind, width, index) = match var.kind {
                        VarKind::Clock => (VarType::Wire, 1, None),
                        VarKind::Text => (VarType::String, 1, None),
                        VarKind::Bits(1) => (VarType::Wire, 1, None),
                        VarKind::Bits(width) => (VarType::Wire, width, Some(ReferenceIndex::Range(width as i32 - 1, 0))),
                    };
                    let code = if var.kind == VarKind::Clock { self.clock } else { self.code(var.source) };
                    vcd.var_def(kind, width, code, &var.name, index)?;
                }
            }
        }
        Ok(())
    }

    /// The code of a source: a new one at its first variable.
    fn code(&mut self, source: usize) -> IdCode {
        *self.codes[source].get_or_insert_with(|| {
            let code = self.next;
            self.next = code.next();
            code
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;

    /// A sink that the test can look into, with a size limit like a full disk.
    #[derive(Clone)]
    struct Disk {
        bytes: Rc<RefCell<Vec<u8>>>,
        room: usize,
    }

    impl Disk {
        fn new(room: usize) -> Self {
            Disk { bytes: Rc::default(), room }
        }
    }

    impl Write for Disk {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            let mut bytes = self.bytes.borrow_mut();
            if bytes.len() + buf.len() > self.room {
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            bytes.extend_from_slice(buf);
            Ok(buf.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn tree() -> Scope {
        let mut channel = Scope::new("s_axi_ar", ScopeKind::Channel);
        channel.var("s_axi_arvalid", VarKind::Bits(1), 0);
        channel.var("s_axi_araddr", VarKind::Bits(8), 1);
        let mut walker = Scope::new("walker", ScopeKind::Block);
        walker.var("clock", VarKind::Clock, 0);
        walker.var("state_q", VarKind::Text, 2);
        walker.var("addr", VarKind::Bits(8), 1);
        let mut top = Scope::new("smmu", ScopeKind::Block);
        top.var("aclk", VarKind::Clock, 0);
        top.items.push(Item::Scope(channel));
        top.items.push(Item::Scope(walker));
        top
    }

    fn request(from: u64, to: u64) -> WaveRequest {
        WaveRequest { path: PathBuf::from("x.vcd"), from, to }
    }

    /// Runs ten cycles: valid in cycle 4 alone, addr = cycle / 2, state changes in cycle 6.
    fn run(disk: &Disk, from: u64, to: u64) -> Result<(), DeviceError> {
        let mut wave = Wave::new(disk.clone(), &request(from, to), &tree())
            .map_err(|source| DeviceError::Wave { path: "x.vcd".into(), source })?;
        for cycle in 0..10 {
            if wave.wants(cycle) == Wants::Nothing {
                continue;
            }
            wave.begin(cycle, 0);
            wave.set(0, Sample::number(u128::from(cycle == 4), 1));
            wave.set(1, Sample::number(u128::from(cycle / 2), 8));
            wave.set(2, Sample::Text(if cycle < 6 { "Idle" } else { "Fetch" }.to_string()));
            wave.end();
        }
        wave.finish()
    }

    /// What a reader of the file sees: (time, variable, value as text) in order.
    fn read(disk: &Disk) -> (vcd::Header, Vec<(u64, IdCode, String)>) {
        let bytes = disk.bytes.borrow().clone();
        let mut parser = vcd::Parser::new(&bytes[..]);
        let header = parser.parse_header().expect("a header");
        let mut now = 0;
        let mut changes = Vec::new();
        for command in parser {
            match command.expect("a command") {
                vcd::Command::Timestamp(time) => now = time,
                vcd::Command::ChangeScalar(code, value) => changes.push((now, code, value.to_string())),
                vcd::Command::ChangeVector(code, value) => changes.push((now, code, value.to_string())),
                vcd::Command::ChangeString(code, value) => changes.push((now, code, value)),
                _ => {}
            }
        }
        (header, changes)
    }

    #[test]
    fn a_reader_finds_the_tree_and_only_changes() {
        let disk = Disk::new(usize::MAX);
        run(&disk, 0, u64::MAX).expect("written");
        let (header, changes) = read(&disk);
        assert_eq!(header.timescale, Some((1, TimescaleUnit::PS)));
        let valid = header.find_var(&["smmu", "s_axi_ar", "s_axi_arvalid"]).expect("valid").code;
        let addr = header.find_var(&["smmu", "s_axi_ar", "s_axi_araddr"]).expect("addr").code;
        let state = header.find_var(&["smmu", "walker", "state_q"]).expect("state");
        assert_eq!(state.var_type, VarType::String);
        let of = |code| changes.iter().filter(|c| c.1 == code).map(|c| (c.0, c.2.as_str())).collect::<Vec<_>>();
        assert_eq!(of(valid), [(0, "0"), (ps_of_cycle(4), "1"), (ps_of_cycle(5), "0")]);
        assert_eq!(of(addr).len(), 5, "addr changes every second cycle");
        assert_eq!(of(state.code), [(0, "Idle"), (ps_of_cycle(6), "Fetch")]);
        // One source, one code, however many variables; and so for the clock.
        assert_eq!(header.find_var(&["smmu", "walker", "addr"]).expect("alias").code, addr);
        let clock = header.find_var(&["smmu", "aclk"]).expect("clock").code;
        assert_eq!(header.find_var(&["smmu", "walker", "clock"]).expect("clock").code, clock);
        assert_eq!(of(clock).len(), 20, "a rising and a falling edge a cycle");
    }

    #[test]
    fn the_window_starts_with_every_value_and_ends_on_time() {
        let disk = Disk::new(usize::MAX);
        run(&disk, 5, 7).expect("written");
        let (header, changes) = read(&disk);
        let at_start = changes.iter().filter(|c| c.0 == ps_of_cycle(5)).count();
        assert_eq!(at_start, 5, "clock, cycle and three values");
        assert!(changes.iter().all(|c| c.0 >= ps_of_cycle(5) && c.0 < ps_of_cycle(8)));
        let cycle = header.find_var(&["smmu", "cycle"]).expect("cycle").code;
        let last = changes.iter().rev().find(|c| c.1 == cycle).expect("cycle values");
        assert_eq!(u64::from_str_radix(&last.2, 2), Ok(7));
    }

    #[test]
    fn idle_time_that_was_jumped_over_is_a_gap() {
        let disk = Disk::new(usize::MAX);
        let mut wave = Wave::new(disk.clone(), &request(0, u64::MAX), &tree()).expect("written");
        for (cycle, skipped) in [(0, 0), (1, 0), (2, 900)] {
            wave.begin(cycle, skipped);
            wave.set(0, Sample::number(u128::from(cycle & 1), 1));
            wave.end();
        }
        wave.finish().expect("written");
        let (header, changes) = read(&disk);
        let of = |path: &[&str]| {
            let code = header.find_var(path).expect("a variable").code;
            changes.iter().filter(|c| c.1 == code).map(|c| (c.0, c.2.clone())).collect::<Vec<_>>()
        };
        assert_eq!(of(&["smmu", "s_axi_ar", "s_axi_arvalid"])[2], (ps_of_cycle(902), "0".to_string()));
        assert_eq!(of(&["smmu", "cycle"])[2].1, "10", "cycles are numbered as they are clocked");
    }

    #[test]
    fn three_cycles_take_ten_nanoseconds() {
        assert_eq!(ps_of_cycle(3), 10_000);
        assert_eq!(ps_of_cycle(300_000_000), 1_000_000_000_000);
        assert_eq!(ps_of_cycle(1), 3_333);
    }

    #[test]
    fn a_full_disk_is_reported_with_the_path() {
        let error = run(&Disk::new(700), 0, u64::MAX).expect_err("no room for all of it");
        assert!(error.to_string().contains("x.vcd"), "{error}");
        assert!(error.to_string().contains("disk"), "{error}");
    }

    #[test]
    fn the_view_opens_at_the_first_table_read() {
        let folder = std::env::temp_dir().join(format!("smmu-view-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut top = Scope::new("smmu", ScopeKind::Block);
        top.var("m_axi_ptw_arvalid", VarKind::Bits(1), 0);
        let request = WaveRequest { path: folder.join("x.vcd"), from: 0, to: u64::MAX };
        let mut wave = Wave::create(&request, &top).expect("a file");
        for (cycle, valid) in [(0, 0), (1, 0), (2, 1), (3, 0), (4, 1)] {
            wave.begin(cycle, 30_000);
            wave.set(0, Sample::number(valid, 1));
            wave.end();
        }
        wave.finish().expect("written");
        let view = std::fs::read_to_string(folder.join("x.gtkw")).expect("the viewer's file");
        let marker = format!(" {} ", ps_of_cycle(30_002));
        assert!(view.lines().any(|line| line.starts_with('*') && line.contains(&marker)), "{view}");
        std::fs::remove_dir_all(&folder).expect("cleaned up");
    }

    #[test]
    fn a_bad_path_is_reported_at_once() {
        let request = WaveRequest { path: PathBuf::from("/nonexistent-folder/x.vcd"), from: 0, to: u64::MAX };
        let error = Wave::create(&request, &tree()).err().expect("no such folder");
        assert!(error.to_string().contains("/nonexistent-folder/x.vcd"), "{error}");
    }
}
