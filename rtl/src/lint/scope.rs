//! What names a kernel can see: its own signals, the ports of its children, its enums.

use crate::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// One name of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// Bits.
    pub width: usize,
    /// True if its value comes from outside the kernel: an input of the block or an output of a child.
    pub from_outside: bool,
}

/// One block of a design, as the lint sees it.
#[derive(Debug)]
pub struct Scope {
    /// Path of instance names from the top, with dots.
    pub path: String,
    /// The kernel.
    pub hdl: Verilog,
    /// Signals of the block and ports of its children, by the name that the kernel's AST uses.
    pub names: BTreeMap<String, Name>,
    /// Instance names of the children.
    pub children: Vec<String>,
    /// Enums in sight, with every list of variants that goes by that name.
    pub enums: BTreeMap<String, BTreeSet<Vec<String>>>,
}

#[derive(Default)]
struct ScopeProbe {
    open: Vec<Scope>,
    namespace: Vec<String>,
    done: Vec<Scope>,
}

impl Probe for ScopeProbe {
    fn visit_start_scope(&mut self, name: &str, node: &dyn Block) {
        let path = match self.open.last_mut() {
            Some(parent) => {
                parent.children.push(name.to_string());
                format!("{}.{name}", parent.path)
            }
            None => name.to_string(),
        };
        self.namespace.clear();
        self.open.push(Scope { path, hdl: node.hdl(), names: BTreeMap::new(), children: Vec::new(), enums: BTreeMap::new() });
    }

    fn visit_start_namespace(&mut self, name: &str, _node: &dyn Block) {
        self.namespace.push(name.to_string());
    }

    fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
        let full = self.namespace.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("$");
        let kind = signal.kind();
        let width = signal.bits();
        let mut found = BTreeMap::new();
        collect_enums(&signal.descriptor(), &mut found);
        let depth = self.open.len();
        if let Some(scope) = self.open.last_mut() {
            scope.names.insert(full.clone(), Name { width, from_outside: kind == AtomKind::InputParameter });
            merge(&mut scope.enums, &found);
        }
        if depth >= 2 {
            let child = self.open[depth - 2].children.last().cloned().unwrap_or_default();
            let parent = &mut self.open[depth - 2];
            // RustHDL declares a child's enums in the parent, whether they are on its ports or inside.
            merge(&mut parent.enums, &found);
            if kind.is_parameter() {
                let from_outside = kind != AtomKind::InputParameter;
                parent.names.insert(format!("{child}${full}"), Name { width, from_outside });
            }
        }
    }

    fn visit_end_namespace(&mut self, _name: &str, _node: &dyn Block) {
        self.namespace.pop();
    }

    fn visit_end_scope(&mut self, _name: &str, _node: &dyn Block) {
        self.done.extend(self.open.pop());
    }
}

fn collect_enums(kind: &TypeDescriptor, found: &mut BTreeMap<String, BTreeSet<Vec<String>>>) {
    match &kind.kind {
        TypeKind::Enum(variants) => {
            found.entry(kind.name.clone()).or_default().insert(variants.clone());
        }
        TypeKind::Composite(fields) => fields.iter().for_each(|f| collect_enums(&f.kind, found)),
        TypeKind::Bits(_) | TypeKind::Signed(_) => {}
    }
}

fn merge(into: &mut BTreeMap<String, BTreeSet<Vec<String>>>, from: &BTreeMap<String, BTreeSet<Vec<String>>>) {
    for (name, lists) in from {
        into.entry(name.clone()).or_default().extend(lists.iter().cloned());
    }
}

/// Every block of a design, children before parents.
pub fn scopes(top: &dyn Block, name: &str) -> Vec<Scope> {
    let mut probe = ScopeProbe::default();
    top.accept(name, &mut probe);
    probe.done
}
