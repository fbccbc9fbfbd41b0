//! `libsmmu_sim`: the SMMU behind the C interface of `include/smmu_model.h`.
//!
//! A host (an emulator, a driver in user space, a script) brings memory; this brings the SMMU, on any engine: [`machine`] is the
//! reference model, [`hardware`] a simulated circuit. A call returns when the access is done. Wrong use never ends the host's
//! process: it is said on standard error, and the call returns an error, or zero where it can return none.

mod args;
mod hardware;
mod host;
mod machine;

use hardware::Hardware;
use host::{Host, SmmuHost};
use machine::{check_access, check_register, Flags, Machine, ModelMachine, Status};
use std::ffi::{c_char, c_int, c_uint, c_void, CStr};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Mutex;

/// Wrong use.
const ERROR: c_int = -1;
/// Bytes of a page: a client transfer is translated page by page.
const PAGE: u64 = 4096;

struct State {
    machine: Box<dyn Machine>,
    /// Levels that the host was told.
    told: Vec<bool>,
}

impl State {
    /// Tells the host of every line that has another level than it was told.
    fn push_lines(&mut self) {
        for line in 0..self.told.len() {
            let level = self.machine.line(line);
            if level != self.told[line] {
                self.told[line] = level;
                self.machine.host().interrupt(line, level);
            }
        }
    }
}

static STATE: Mutex<Option<State>> = Mutex::new(None);

/// Runs a call. What goes wrong is said on standard error.
fn call<T>(name: &str, run: impl FnOnce(&mut Option<State>) -> Result<T, String>) -> Option<T> {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut state = match STATE.try_lock() {
            Ok(state) => state,
            Err(std::sync::TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(std::sync::TryLockError::WouldBlock) => return Err("called from inside another call".to_string()),
        };
        run(&mut state)
    }));
    match outcome {
        Ok(Ok(value)) => Some(value),
        Ok(Err(error)) => {
            eprintln!("libsmmu_sim: {name}: {error}");
            None
        }
        Err(_) => {
            eprintln!("libsmmu_sim: {name}: an internal error; the state is lost, call smmu_fini");
            None
        }
    }
}

/// Runs a call that needs `smmu_init` before it, and tells the host of lines that moved.
fn with<T>(name: &str, run: impl FnOnce(&mut dyn Machine) -> Result<T, String>) -> Option<T> {
    call(name, |state| {
        let state = state.as_mut().ok_or("called before smmu_init")?;
        let result = run(&mut *state.machine);
        state.push_lines();
        result
    })
}

/// Starts. 0, or -1.
///
/// # Safety
/// `host` is NULL or points to a `struct smmu_host` whose functions may be called; `args` is NULL or a string that ends with NUL.
#[no_mangle]
pub unsafe extern "C" fn smmu_init(host: *const SmmuHost, args: *const c_char) -> c_int {
    let done = call("smmu_init", |state| {
        if state.is_some() {
            return Err("called twice; call smmu_fini first".into());
        }
        // Safety: the caller's promise.
        let host = unsafe { host.as_ref() }.ok_or("host is NULL")?;
        let host = Host::new(*host)?;
        let words = if args.is_null() {
            ""
        } else {
            // Safety: the caller's promise.
            unsafe { CStr::from_ptr(args) }.to_str().map_err(|_| "args is not UTF-8")?
        };
        let choice = args::parse(words)?;
        let machine: Box<dyn Machine> = match choice.engine {
            None if choice.everything => Box::new(ModelMachine::new(&choice.preset.with_everything(), host)),
            None => Box::new(ModelMachine::new(choice.preset, host)),
            Some(engine) => Box::new(Hardware::new(choice.preset, engine, choice.vcd, host)?),
        };
        let told = vec![false; machine.params().num_cb + 1];
        *state = Some(State { machine, told });
        Ok(())
    });
    done.map_or(ERROR, |()| 0)
}

/// Hardware reset.
#[no_mangle]
pub extern "C" fn smmu_reset() {
    with("smmu_reset", |machine| machine.reset());
}

/// Ends.
#[no_mangle]
pub extern "C" fn smmu_fini() {
    call("smmu_fini", |state| match state.take() {
        Some(mut state) => state.machine.finish(),
        None => Ok(()),
    });
}

/// A register read; 0 if it cannot be done.
#[no_mangle]
pub extern "C" fn mmio_read(off: u64, size: c_uint) -> u64 {
    let read = with("mmio_read", |machine| {
        let (offset, bytes) = check_register(machine.params(), off, size)?;
        machine.read(offset, bytes)
    });
    read.unwrap_or(0)
}

/// A register write.
#[no_mangle]
pub extern "C" fn mmio_write(off: u64, val: u64, size: c_uint) {
    with("mmio_write", |machine| {
        let (offset, bytes) = check_register(machine.params(), off, size)?;
        machine.write(offset, val, bytes)
    });
}

/// Nothing has to be split.
#[no_mangle]
pub extern "C" fn smmu_caps() -> c_uint {
    0
}

/// Time passes.
#[no_mangle]
pub extern "C" fn smmu_tick(ns: c_uint) {
    with("smmu_tick", |machine| machine.tick(ns.into()));
}

/// Level of a line; 0 for one that is not there.
#[no_mangle]
pub extern "C" fn smmu_irq_level(line: c_uint) -> c_int {
    with("smmu_irq_level", |machine| Ok(machine.line(line as usize))).map_or(0, c_int::from)
}

/// All lines, a bit each.
///
/// # Safety
/// `bits` is NULL or points to `words` 64-bit words.
#[no_mangle]
pub unsafe extern "C" fn smmu_irq_levels(bits: *mut u64, words: c_uint) {
    if bits.is_null() || words == 0 {
        return;
    }
    // Safety: the caller's promise.
    let bits = unsafe { std::slice::from_raw_parts_mut(bits, words as usize) };
    bits.fill(0);
    with("smmu_irq_levels", |machine| {
        for line in 0..=machine.params().num_cb {
            if let Some(word) = bits.get_mut(line / 64) {
                *word |= u64::from(machine.line(line)) << (line % 64);
            }
        }
        Ok(())
    });
}

/// A client transaction without data. `SMMU_OK` and its like, or -1.
///
/// # Safety
/// `pa` is NULL or points to a 64-bit word.
#[no_mangle]
pub unsafe extern "C" fn smmu_translate(sid: u32, iova: u64, flags: u32, pa: *mut u64) -> c_int {
    let done = with("smmu_translate", |machine| {
        let addr = check_access(machine.params(), sid, iova)?;
        machine.translate(sid, addr, Flags(flags))
    });
    let Some((status, address)) = done else { return ERROR };
    // Safety: the caller's promise.
    if let Some(pa) = unsafe { pa.as_mut() }.filter(|_| status == Status::Ok) {
        *pa = address;
    }
    status as c_int
}

/// A client transfer. `SMMU_OK` and its like, or -1.
///
/// # Safety
/// `buf` points to `n` bytes, or is NULL with `n` 0; `done` is NULL or points to a `size_t`.
#[no_mangle]
pub unsafe extern "C" fn smmu_dma(sid: u32, iova: u64, flags: u32, buf: *mut c_void, n: usize, done: *mut usize) -> c_int {
    let mut moved = 0;
    let status = with("smmu_dma", |machine| {
        if buf.is_null() && n > 0 {
            return Err("buf is NULL".into());
        }
        let mut status = Status::Ok;
        while moved < n && status == Status::Ok {
            let at = iova.wrapping_add(moved as u64);
            let addr = check_access(machine.params(), sid, at)?;
            let bytes = ((PAGE - addr % PAGE) as usize).min(n - moved);
            // Safety: the caller's promise; moved + bytes is at most n.
            let part = unsafe { std::slice::from_raw_parts_mut(buf.cast::<u8>().add(moved), bytes) };
            status = machine.transfer(sid, addr, Flags(flags), part)?;
            if status == Status::Ok {
                moved += bytes;
            }
        }
        Ok(status)
    });
    // Safety: the caller's promise.
    if let Some(done) = unsafe { done.as_mut() } {
        *done = moved;
    }
    status.map_or(ERROR, |status| status as c_int)
}
