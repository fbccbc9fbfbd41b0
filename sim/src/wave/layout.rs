//! What is in a wave: a tree of scopes and variables, built by an engine, written by [`super::Wave`].
//!
//! A variable names its *source*, a number that the engine chooses for the place its value comes from. Several variables may
//! share a source (a clock that runs through every block): they get one VCD code, so the value is written once.

/// What a scope stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    /// A block of the hardware.
    Block,
    /// The signals of one channel of a bus, inside a block.
    Channel,
}

/// What a variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VarKind {
    /// A clock: rises at the start of a cycle, falls in its middle. The writer draws it; it has no source of its own.
    Clock,
    /// That many bits, 1 or more.
    Bits(u32),
    /// A name, such as the state of a state machine.
    Text,
}

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Var {
    /// Name as the viewer shows it, without an index range.
    pub name: String,
    /// What it holds.
    pub kind: VarKind,
    /// The engine's number for the value.
    pub source: usize,
}

/// A scope and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Name as the viewer shows it.
    pub name: String,
    /// Block or channel.
    pub kind: ScopeKind,
    /// Contents, in order.
    pub items: Vec<Item>,
}

/// Something in a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A scope inside the scope.
    Scope(Scope),
    /// A variable.
    Var(Var),
}

impl Scope {
    /// An empty scope.
    pub fn new(name: impl Into<String>, kind: ScopeKind) -> Self {
        Scope { name: name.into(), kind, items: Vec::new() }
    }

    /// Adds a variable.
    pub fn var(&mut self, name: impl Into<String>, kind: VarKind, source: usize) {
        self.items.push(Item::Var(Var { name: name.into(), kind, source }));
    }

    /// The variables that stand directly in this scope.
    pub fn vars(&self) -> impl Iterator<Item = &Var> {
        self.items.iter().filter_map(|item| match item {
            Item::Var(var) => Some(var),
            Item::Scope(_) => None,
        })
    }

    /// The scopes that stand directly in this scope.
    pub fn scopes(&self) -> impl Iterator<Item = &Scope> {
        self.items.iter().filter_map(|item| match item {
            Item::Scope(scope) => Some(scope),
            Item::Var(_) => None,
        })
    }

    /// The first variable of that name, in this scope or below it.
    pub fn find(&self, name: &str) -> Option<&Var> {
        self.vars().find(|v| v.name == name).or_else(|| self.scopes().find_map(|scope| scope.find(name)))
    }

    /// One more than the largest source number in the tree.
    pub fn sources(&self) -> usize {
        let own = self.vars().map(|v| v.source + 1).max().unwrap_or(0);
        self.scopes().map(Scope::sources).max().unwrap_or(0).max(own)
    }
}

/// The name of a signal inside a bus channel, flat, as the emitted Verilog has it: `s_axi_ar` and `valid` give `s_axi_arvalid`.
pub fn flat_name(channel: &str, signal: &str) -> String {
    smmu_rtl::verilog::flat_name(&format!("{channel}${signal}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bus_signals_are_named_as_in_the_verilog() {
        assert_eq!(flat_name("s_axi_ar", "valid"), "s_axi_arvalid");
        assert_eq!(flat_name("m_axi_ptw_r", "data"), "m_axi_ptw_rdata");
        assert_eq!(flat_name("s_axil_ctrl_w", "strb"), "s_axil_ctrl_wstrb");
        assert_eq!(flat_name("request", "valid"), "request_valid");
    }

    #[test]
    fn sources_are_counted_through_the_tree() {
        let mut inner = Scope::new("inner", ScopeKind::Block);
        inner.var("x", VarKind::Bits(4), 6);
        let mut top = Scope::new("top", ScopeKind::Block);
        top.var("y", VarKind::Text, 2);
        top.items.push(Item::Scope(inner));
        assert_eq!(top.sources(), 7);
    }
}
