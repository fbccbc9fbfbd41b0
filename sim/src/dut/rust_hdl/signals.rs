//! The circuit as a wave sees it: the tree of its signals, which of them moved, and their values.
//!
//! All three walk the circuit with RustHDL's visitor, which always takes the same order; a signal's *index* is its place in that
//! order. Asking a signal for its value is slow (it comes as a list of bits), so after each pass the walk only notes which
//! signals changed, and the values of those alone are taken, once a cycle.
//!
//! # What the tree looks like
//!
//! A block is a scope. A bundle of a bus is a channel inside it, with flat signal names. An array's elements get their number:
//! `row_3`. A flip-flop `state` is a block of RustHDL, but in the tree it is two variables, `state_d` and `state_q`, in the scope
//! of the block that owns it; otherwise the tree would be mostly flip-flops.

use crate::wave::layout::{flat_name, Item, Scope, ScopeKind, Var, VarKind};
use crate::wave::{Sample, Wants, Wave};
use ::rust_hdl::prelude::{Atom, Block, Probe, TypeDescriptor, TypeKind, VCDValue};
use smmu_rtl::verilog;
use vcd::Value;

/// The signals of a circuit.
pub struct Layout {
    /// For the wave.
    pub tree: Scope,
    /// By signal index: the number of its first source. A plain signal has one source, a structure one a field.
    first_source: Vec<usize>,
    /// By source: where it comes from.
    #[cfg_attr(not(feature = "verilator"), allow(dead_code))]
    pub origins: Vec<Origin>,
}

/// A source in the emitted Verilog.
#[cfg_attr(not(feature = "verilator"), allow(dead_code))]
pub struct Origin {
    /// Instances and signal, joined by dots: `smmu.tbu.rd_pipe.state.q`. `None` for a field of a structure, which the Verilog has not.
    pub name: Option<String>,
    /// Names of the states in order of their numbers, if the signal is a state.
    pub states: Vec<String>,
    /// True for a clock.
    pub clock: bool,
}

/// Which signals moved since the last record.
pub struct Changes {
    first_source: Vec<usize>,
    moved: Vec<bool>,
}

impl Changes {
    /// For the circuit of that layout.
    pub fn new(layout: Layout) -> Self {
        Changes { moved: vec![false; layout.first_source.len()], first_source: layout.first_source }
    }

    /// Notes what moved in the pass that was just run.
    pub fn note(&mut self, top: &dyn Block) {
        top.accept("", &mut Noting { index: 0, moved: &mut self.moved });
    }
}

/// Hands the values of this cycle to the wave: all of them, or of those signals that moved.
pub fn record(top: &dyn Block, wave: &mut Wave, changes: &mut Changes, cycle: u64, skipped: u64) {
    let all = match wave.wants(cycle) {
        Wants::Nothing => return,
        Wants::Everything => true,
        Wants::Changes => false,
    };
    wave.begin(cycle, skipped);
    top.accept("", &mut Recording { index: 0, all, changes, wave });
    wave.end();
    changes.moved.fill(false);
}

/// The tree of that circuit.
pub fn layout(top: &dyn Block, name: &str) -> Layout {
    let mut building = Building {
        open: vec![Scope::new("", ScopeKind::Block)],
        first_source: Vec::new(),
        sources: 0,
        instances: Vec::new(),
        bundles: Vec::new(),
        origins: Vec::new(),
    };
    top.accept(name, &mut building);
    let root = building.open.pop().unwrap_or_else(|| Scope::new(name, ScopeKind::Block));
    let tree = match root.items.into_iter().next() {
        Some(Item::Scope(scope)) => scope,
        _ => Scope::new(name, ScopeKind::Block),
    };
    Layout { tree, first_source: building.first_source, origins: building.origins }
}

struct Noting<'a> {
    index: usize,
    moved: &'a mut [bool],
}

impl Probe for Noting<'_> {
    fn visit_atom(&mut self, _name: &str, signal: &dyn Atom) {
        self.moved[self.index] |= signal.changed();
        self.index += 1;
    }
}

struct Recording<'a> {
    index: usize,
    all: bool,
    changes: &'a Changes,
    wave: &'a mut Wave,
}

impl Probe for Recording<'_> {
    fn visit_atom(&mut self, _name: &str, signal: &dyn Atom) {
        let index = self.index;
        self.index += 1;
        if self.all || self.changes.moved[index] {
            let mut source = self.changes.first_source[index];
            set(self.wave, &mut source, signal.vcd());
        }
    }
}

/// Hands a value to the wave, field by field if it is a structure.
fn set(wave: &mut Wave, source: &mut usize, value: VCDValue) {
    // RustHDL speaks an older version of the VCD crate, whose bit type cannot be named here; but its one and zero can be had.
    let (VCDValue::Single(one), VCDValue::Single(zero)) = (VCDValue::from(true), VCDValue::from(false)) else { return };
    let bit = |b| match b {
        b if b == one => Value::V1,
        b if b == zero => Value::V0,
        _ => Value::X,
    };
    let sample = match value {
        VCDValue::Composite(fields) => return fields.into_iter().for_each(|field| set(wave, source, *field)),
        VCDValue::Single(b) => Sample::Bits(vec![bit(b)]),
        VCDValue::Vector(bits) => Sample::Bits(bits.into_iter().map(bit).collect()),
        VCDValue::String(name) => Sample::Text(name),
    };
    wave.set(*source, sample);
    *source += 1;
}

struct Building {
    /// The scopes that are open, the outermost first. The first one holds the top.
    open: Vec<Scope>,
    first_source: Vec<usize>,
    sources: usize,
    /// Names of the blocks that are open, as in the Verilog, and of the bundles, as in RustHDL.
    instances: Vec<String>,
    bundles: Vec<String>,
    origins: Vec<Origin>,
}

impl Building {
    fn open(&mut self, name: &str, kind: ScopeKind) {
        self.open.push(Scope::new(plain(name), kind));
    }

    fn close(&mut self) {
        let Some(mut scope) = self.open.pop() else { return };
        if let Some(outer) = self.open.last_mut() {
            match flip_flop(&mut scope) {
                Some(vars) => outer.items.extend(vars),
                None => outer.items.push(Item::Scope(scope)),
            }
        }
    }

    fn add(&mut self, name: &str, of: &TypeDescriptor) {
        let kind = match &of.kind {
            TypeKind::Composite(fields) => {
                for field in fields {
                    self.add(&format!("{name}_{}", field.fieldname), &field.kind);
                }
                return;
            }
            TypeKind::Bits(_) if of.name == "clock" => VarKind::Clock,
            TypeKind::Bits(width) | TypeKind::Signed(width) => VarKind::Bits(*width as u32),
            TypeKind::Enum(_) => VarKind::Text,
        };
        if let Some(scope) = self.open.last_mut() {
            let name = match scope.kind {
                ScopeKind::Channel => flat_name(&scope.name, &plain(name)),
                ScopeKind::Block => plain(name),
            };
            scope.var(name, kind, self.sources);
        }
        self.sources += 1;
    }
}

impl Probe for Building {
    fn visit_start_scope(&mut self, name: &str, _node: &dyn Block) {
        self.instances.push(verilog::flat_name(name));
        self.open(name, ScopeKind::Block);
    }

    fn visit_end_scope(&mut self, _name: &str, _node: &dyn Block) {
        self.instances.pop();
        self.close();
    }

    fn visit_start_namespace(&mut self, name: &str, _node: &dyn Block) {
        self.bundles.push(name.to_string());
        self.open(name, ScopeKind::Channel);
    }

    fn visit_end_namespace(&mut self, _name: &str, _node: &dyn Block) {
        self.bundles.pop();
        self.close();
    }

    fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
        let descriptor = signal.descriptor();
        self.first_source.push(self.sources);
        self.add(name, &descriptor);
        let own = self.bundles.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("$");
        let path = self.instances.iter().cloned().chain([verilog::flat_name(&own)]).collect::<Vec<_>>().join(".");
        let structure = matches!(descriptor.kind, TypeKind::Composite(_));
        let states = match &descriptor.kind {
            // The descriptor says `WalkState::Idle`; the wave says `Idle`, as RustHDL's own values do.
            TypeKind::Enum(states) => states.iter().map(|state| state.rsplit("::").next().unwrap_or(state).to_string()).collect(),
            _ => Vec::new(),
        };
        let clock = descriptor.name == "clock";
        for _ in self.origins.len()..self.sources {
            self.origins.push(Origin { name: (!structure).then(|| path.clone()), states: states.clone(), clock });
        }
    }
}

/// The element number of an array, `row$3`, in a form that viewers take: `row_3`.
fn plain(name: &str) -> String {
    name.replace('$', "_")
}

/// The two variables of a flip-flop, if the scope is one.
fn flip_flop(scope: &mut Scope) -> Option<Vec<Item>> {
    let names: Vec<&str> = scope.vars().map(|v| v.name.as_str()).collect();
    if scope.kind != ScopeKind::Block || scope.items.len() != names.len() || names != ["d", "q", "clock"] {
        return None;
    }
    let own = scope.name.clone();
    let renamed = |var: &Var| Item::Var(Var { name: format!("{own}_{}", var.name), ..var.clone() });
    Some(scope.vars().filter(|v| v.name != "clock").map(renamed).collect())
}
