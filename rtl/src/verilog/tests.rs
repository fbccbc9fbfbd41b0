//! The writer on small blocks and on the presets.

use super::*;
use crate::params::{MINI, PRESETS};
use crate::prelude::*;
use crate::prim::ram::RamSync;

#[derive(LogicInterface, Bundle, Clone, Debug, Default)]
#[join = "BeatOut"]
struct BeatIn {
    valid: Signal<In, Bit>,
    ready: Signal<Out, Bit>,
    data: Signal<In, Word<12>>,
}

#[derive(LogicInterface, Bundle, Clone, Debug, Default)]
#[join = "BeatIn"]
struct BeatOut {
    valid: Signal<Out, Bit>,
    ready: Signal<In, Bit>,
    data: Signal<Out, Word<12>>,
}

#[derive(Copy, Clone, Debug, PartialEq, LogicState)]
enum StageState {
    Empty,
    Full,
    Flushed,
}

/// A register stage.
#[derive(LogicBlock, Default)]
struct Stage {
    clock: Signal<In, Clock>,
    s_r: BeatIn,
    m_r: BeatOut,
    state: DFF<StageState>,
    data: DFF<Word<12>>,
}

impl Logic for Stage {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, state, data);
        self.s_r.ready.next = self.state.q.val() == StageState::Empty;
        self.m_r.valid.next = self.state.q.val() == StageState::Full;
        self.m_r.data.next = self.data.q.val();
        if (self.state.q.val() == StageState::Empty) & self.s_r.valid.val() {
            self.data.d.next = self.s_r.data.val() + 1;
            self.state.d.next = StageState::Full;
        }
        if (self.state.q.val() == StageState::Full) & self.m_r.ready.val() {
            self.state.d.next = StageState::Flushed;
        }
        if self.state.q.val() == StageState::Flushed {
            self.state.d.next = StageState::Empty;
        }
    }
}

/// Two equal stages and a memory.
#[derive(LogicBlock, Default)]
struct Pipe {
    clock: Signal<In, Clock>,
    s_axi_r: BeatIn,
    m_axi_r: BeatOut,
    stages: [Stage; 2],
    ram: RamSync<4, 12>,
    last: Signal<Out, Word<12>>,
}

impl Logic for Pipe {
    #[hdl_gen]
    fn update(&mut self) {
        self.ram.clock.next = self.clock.val();
        for i in 0..2 {
            self.stages[i].clock.next = self.clock.val();
        }
        BeatIn::link(&mut self.s_axi_r, &mut self.stages[0].s_r);
        BeatOut::join(&mut self.stages[0].m_r, &mut self.stages[1].s_r);
        BeatOut::link(&mut self.m_axi_r, &mut self.stages[1].m_r);
        self.ram.we.next = self.s_axi_r.valid.val();
        self.ram.waddr.next = self.s_axi_r.data.val().get_bits::<4>(0);
        self.ram.raddr.next = self.s_axi_r.data.val().get_bits::<4>(4);
        self.ram.wdata.next = self.s_axi_r.data.val();
        self.last.next = self.ram.rdata.val();
    }
}

fn pipe() -> Pipe {
    let mut block = Pipe::default();
    block.connect_all();
    block
}

#[test]
fn equal_modules_are_merged_and_names_are_flat() {
    let text = emit_block(&pipe(), "pipe").unwrap();
    let modules: Vec<&str> = text.lines().filter(|l| l.starts_with("module ")).collect();
    assert_eq!(modules.len(), 5, "two flip-flops, a stage, a memory, the top: {modules:?}");
    assert!(!tokens_have_dollar(&text), "{text}");
    assert!(text.contains("s_axi_rvalid") && text.contains("m_axi_rdata"), "{text}");
    assert_eq!(text.matches("pipe_stages ").count(), 2, "{text}");
    assert!(text.contains("module pipe_dff_12(") && text.contains(".clock(clock)"), "{text}");
    assert!(text.contains("ram_raddr = s_axi_rdata[7:4];"), "{text}");
    assert_eq!(text, emit_block(&pipe(), "pipe").unwrap(), "two runs give one text");
}

fn tokens_have_dollar(text: &str) -> bool {
    token::tokenize(text).iter().any(|t| matches!(t, token::Token::Word(w) if w.contains('$')))
}

#[test]
fn the_emitted_text_behaves_as_the_block() {
    crate::testing::equivalence(Pipe::default, 1000, 5, crate::drive!(clock, s_axi_r.valid, s_axi_r.data, m_axi_r.ready), |_| {});
    crate::testing::synthesis_check(Pipe::default());
}

/// A local called as a child's port will be.
#[derive(LogicBlock, Default)]
struct Clashing {
    clock: Signal<In, Clock>,
    a: Signal<In, Bit>,
    flag_d: Signal<Local, Bit>,
    flag: DFF<Bit>,
    y: Signal<Out, Bit>,
}

impl Logic for Clashing {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, flag);
        self.flag_d.next = !self.a.val();
        self.flag.d.next = self.flag_d.val();
        self.y.next = self.flag.q.val();
    }
}

#[test]
fn inner_names_that_meet_are_told_apart() {
    let mut block = Clashing::default();
    block.connect_all();
    let text = emit_block(&block, "top").unwrap();
    assert!(text.contains("flag__d = flag_q;") && text.contains("flag_d = ~a;"), "{text}");
    crate::testing::equivalence(Clashing::default, 100, 1, crate::drive!(clock, a), |_| {});
}

/// A port called as a bundle's signal will be.
#[derive(LogicBlock, Default)]
struct ClashingPorts {
    s_r: BeatIn,
    s_rvalid: Signal<In, Bit>,
    y: Signal<Out, Bit>,
}

impl Logic for ClashingPorts {
    #[hdl_gen]
    fn update(&mut self) {
        self.s_r.ready.next = self.s_r.valid.val();
        self.y.next = self.s_rvalid.val();
    }
}

#[test]
fn ports_that_meet_are_refused() {
    let mut block = ClashingPorts::default();
    block.connect_all();
    let error = emit_block(&block, "top").unwrap_err();
    assert!(matches!(&error, EmitError::Clash { name, .. } if name == "s_rvalid"), "{error}");
}

#[test]
fn an_open_input_is_an_error_and_no_panic() {
    // Not connected: RustHDL's own generator would panic here.
    let error = emit_block(&Pipe::default(), "top").unwrap_err();
    assert!(
        matches!(&error, EmitError::Check(text) if text.starts_with("never driven: ") && text.contains("uut.last")),
        "{error}"
    );
}

#[test]
fn presets_have_the_ports_that_axi_models_look_for() {
    for params in PRESETS {
        let ports = ports(params).unwrap();
        let find =
            |name: &str| ports.iter().find(|p| p.name == name).unwrap_or_else(|| panic!("{}: no port {name}", params.name));
        for n in 0..params.tbus {
            let number = if params.tbus == 1 { String::new() } else { n.to_string() };
            let port = |side: &str, signal: &str| find(&format!("{side}{number}_axi_{signal}"));
            assert_eq!((port("s", "araddr").width, port("s", "araddr").dir), (49, Dir::In));
            assert_eq!((port("m", "awaddr").width, port("m", "awaddr").dir), (48, Dir::Out));
            assert_eq!((port("s", "wdata").width, port("s", "awid").width), (params.data_width, params.id_width));
        }
        assert_eq!((find("m_axi_ptw_araddr").width, find("m_axi_ptw_rready").dir), (48, Dir::Out));
        assert_eq!((find("irq_context").width, find("s_axil_ctrl_wstrb").width), (params.num_cb, 8));
        assert!(find("aclk").clock && !find("aresetn").clock);
        assert!(ports.iter().all(|p| !p.name.contains('$')));
    }
}

#[test]
fn a_preset_without_hardware_is_refused() {
    let unknown = crate::params::Params { name: "none", ..MINI };
    assert!(matches!(emit(&unknown), Err(EmitError::UnknownPreset(name)) if name == "none"));
}

#[test]
fn the_lint_is_quiet_on_all_presets() {
    for params in PRESETS {
        assert_eq!(lint(params).unwrap(), vec![], "{}", params.name);
    }
}
