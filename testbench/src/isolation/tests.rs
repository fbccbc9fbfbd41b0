//! The rule alone: the scoreboard compares nothing here, so what is reported is found by the rule.

use super::*;
use crate::axi::master::Burst;
use crate::axi::pause::Pauses;
use crate::bench::fixture::{Tables, READ_ONLY, READ_WRITE, SCTLR_HUPCF, SCTLR_USUAL, TCR2_USUAL, USER};
use crate::bench::testing::{Bug, TestSmmu};
use crate::bench::{Bench, BenchError, BenchOptions};
use crate::memory::latency::Latency;
use smmu_rtl::params::{Features, Params, MINI};
use smmu_rtl::registers as regs;

const RAM: u64 = 0x8000_0000;
const TABLES: u64 = 0x4000_0000;
const VA: u64 = 0x12_3450_0000;
const STREAM: u32 = 0x300;
const BANK: usize = 1;
const ASID: u16 = 5;

type Outcome = Result<(), BenchError>;

fn options(isolation: bool) -> BenchOptions {
    BenchOptions { scoreboard: false, isolation, ..BenchOptions::default() }
}

/// A stream with eight pages, of which the last may only be read; and another one, mapped to another bank, with tables of its own.
fn bench(bug: Bug, options: BenchOptions) -> Result<(Bench, Tables), BenchError> {
    let mut bench = Bench::with_device(TestSmmu::new(&MINI, bug), options)?;
    bench.memory().add_region(RAM, 0x10_0000);
    bench.memory().add_region(TABLES, 0x20_0000);
    let mut tables = Tables::usual(TABLES);
    for page in 0..8 {
        let limits = if page == 7 { READ_ONLY } else { 0 };
        tables.map(bench.memory(), VA + 0x1000 * page, RAM + 0x1000 * page, READ_WRITE | limits)?;
    }
    let mut other = Tables::usual(TABLES + 0x10_0000);
    other.map(bench.memory(), VA, RAM + 0x8_0000, READ_WRITE)?;
    bench.route_stream(0, STREAM, BANK)?;
    bench.route_stream(1, STREAM + 1, 2)?;
    bench.setup_bank(BANK, &tables, ASID, SCTLR_USUAL | SCTLR_HUPCF)?;
    bench.setup_bank(2, &other, ASID + 1, SCTLR_USUAL | SCTLR_HUPCF)?;
    bench.enable()?;
    Ok((bench, tables))
}

/// Reads and writes of both streams, refused ones among them, and a page that moves.
fn traffic(bug: Bug, options: BenchOptions) -> Outcome {
    let (mut bench, mut tables) = bench(bug, options)?;
    let reads = (0..10u64).map(|n| Burst::read(STREAM, VA + 0x1000 * n + 8 * n, 4, 3).id(n as u32 % 3));
    bench.bursts(0, reads)?;
    let writes = (0..10u64).map(|n| Burst::write(STREAM, VA + 0x1000 * n, 4, 3, 8, |_| 1).id(n as u32 % 3));
    bench.bursts(0, writes)?;
    bench.burst_read(STREAM + 1, VA, 2, 3)?;
    bench.burst_read(0x77, RAM, 2, 3)?;
    tables.map(bench.memory(), VA, RAM + 0x9000, READ_WRITE)?;
    bench.invalidate_page(BANK, ASID, VA)?;
    bench.burst_read(STREAM, VA, 1, 3)?;
    bench.drain()
}

fn leak(outcome: Outcome) -> Option<String> {
    match outcome {
        Ok(()) => None,
        Err(BenchError::Leak(leak)) => Some(leak.text),
        Err(other) => panic!("another error: {other}"),
    }
}

#[test]
fn good_hardware_leaks_nothing() {
    assert_eq!(leak(traffic(Bug::None, options(true))), None);
    for seed in 0..6 {
        let rough = BenchOptions {
            seed,
            latency: Latency::Random { min: 1, max: 30 },
            out_of_order: true,
            pauses: Pauses::all(20),
            ..options(true)
        };
        assert_eq!(leak(traffic(Bug::None, rough)), None, "seed {seed}");
    }
}

#[test]
fn planted_leaks_are_found_by_the_rule_alone() {
    for (bug, part) in [
        (Bug::WrongAddress, "no way leads there from"),
        (Bug::PassFaults, "no way leads there from"),
        (Bug::NoInvalidation, "no way leads there from 0x1234500000"),
    ] {
        let text = leak(traffic(bug, options(true))).unwrap_or_else(|| panic!("{bug:?} leaks"));
        assert!(text.contains(part), "{bug:?}: {text}");
        assert_eq!(leak(traffic(bug, options(false))), None, "{bug:?}: nothing else looks here");
    }
}

/// The rule with pins that are set by hand.
struct Pins {
    rule: Isolation,
    memory: Memory,
    tables: Tables,
    cycle: u64,
    inputs: Inputs,
    outputs: Outputs,
}

impl Pins {
    /// Both streams set up as in [`bench`], with 2 MiB blocks from `VA + 2 MiB` on.
    fn new() -> Result<Self, BenchError> {
        Pins::of(&MINI)
    }

    /// The same for hardware of these parameters; they have the sizes of `mini`.
    fn of(params: &Params) -> Result<Self, BenchError> {
        let mut memory = Memory::new();
        memory.add_region(TABLES, 0x20_0000);
        memory.keep_journal();
        let mut tables = Tables::usual(TABLES);
        for page in 0..8 {
            let limits = if page == 7 { READ_ONLY } else { 0 };
            tables.map(&mut memory, VA + 0x1000 * page, RAM + 0x1000 * page, READ_WRITE | limits)?;
        }
        tables.map(&mut memory, VA + 0x8000, RAM + 0x8000, READ_WRITE & !USER)?;
        tables.map_block(&mut memory, (VA + 0x20_0000) & !0x1f_ffff, RAM, 2, READ_WRITE)?;
        let inputs = Inputs::idle(&MINI);
        let outputs = Outputs::low(&MINI);
        let mut pins = Pins { rule: Isolation::new(params), memory, tables, cycle: 0, inputs, outputs };
        let ttbr = pins.tables.root | u64::from(ASID) << 48;
        let tcr = pins.tables.tcr().into();
        for (id, index, value) in [
            (regs::S2CR, 0, BANK as u64),
            (regs::SMR, 0, 1 << 31 | u64::from(STREAM)),
            (regs::S2CR, 1, 2),
            (regs::SMR, 1, 1 << 31 | u64::from(STREAM + 1)),
            (regs::CBAR, BANK, 1 << 16),
            (regs::CBA2R, BANK, 1),
            (regs::CB_TCR2, BANK, TCR2_USUAL.into()),
            (regs::CB_TCR, BANK, tcr),
            (regs::CB_TTBR0, BANK, ttbr),
            (regs::CB_SCTLR, BANK, SCTLR_USUAL.into()),
            (regs::CBAR, 2, 1 << 16),
            (regs::CBA2R, 2, 1),
            (regs::CB_SCTLR, 2, SCTLR_USUAL.into()),
            (regs::SCR0, 0, 0x406),
        ] {
            pins.write(id, index, value);
        }
        Ok(pins)
    }

    fn tick(&mut self) -> Result<(), Leak> {
        let result = self.rule.observe(self.cycle, &self.outputs, &self.inputs, &mut self.memory);
        self.cycle += 1;
        self.inputs = Inputs::idle(&MINI);
        self.outputs = Outputs::low(&MINI);
        result
    }

    fn quiet(&mut self) {
        self.tick().expect("nothing goes downstream");
    }

    fn begin(&mut self, id: regs::RegId, index: usize, value: u64) {
        let offset = id.offset(&MINI, index);
        let ctrl = &mut self.inputs.ctrl;
        (ctrl.awvalid, ctrl.wvalid, ctrl.awaddr) = (true, true, offset);
        (ctrl.wdata, ctrl.wstrb) = match (id.register().width, offset & 4) {
            (64, _) => (value, 0xff),
            (_, 0) => (value, 0x0f),
            _ => (value << 32, 0xf0),
        };
        (self.outputs.ctrl.awready, self.outputs.ctrl.wready) = (true, true);
        self.quiet();
    }

    fn end(&mut self) {
        (self.inputs.ctrl.bready, self.outputs.ctrl.bvalid) = (true, true);
        self.quiet();
    }

    fn write(&mut self, id: regs::RegId, index: usize, value: u64) {
        self.begin(id, index, value);
        self.end();
    }

    /// Asks for a synchronization of the bank and sees its end.
    fn sync(&mut self) {
        self.write(regs::CB_TLBSYNC, BANK, 0);
        self.inputs.ctrl.arvalid = true;
        self.inputs.ctrl.araddr = regs::CB_TLBSTATUS.offset(&MINI, BANK);
        self.outputs.ctrl.arready = true;
        self.quiet();
        (self.inputs.ctrl.rready, self.outputs.ctrl.rvalid) = (true, true);
        self.quiet();
    }

    fn ask(&mut self, burst: &Burst) {
        let (client, hardware) = (&mut self.inputs.s_axi[0], &mut self.outputs.s_axi[0]);
        if burst.data.is_some() {
            (client.awvalid, client.aw, hardware.awready) = (true, burst.addr, true);
        } else {
            (client.arvalid, client.ar, hardware.arready) = (true, burst.addr, true);
        }
        self.quiet();
    }

    /// Its address comes downstream at `pa`: whether that is a leak.
    fn leaks(&mut self, burst: &Burst, pa: u64) -> bool {
        let beat = AddrBeat { addr: pa, ..burst.addr };
        let down = &mut self.outputs.m_axi[0];
        if burst.data.is_some() {
            (down.awvalid, down.aw, self.inputs.m_axi[0].awready) = (true, beat, true);
        } else {
            (down.arvalid, down.ar, self.inputs.m_axi[0].arready) = (true, beat, true);
        }
        self.tick().is_err()
    }

    /// Asked for and come downstream.
    fn goes(&mut self, burst: Burst, pa: u64) -> bool {
        self.ask(&burst);
        !self.leaks(&burst, pa)
    }
}

fn read(va: u64) -> Burst {
    Burst::read(STREAM, va, 4, 3)
}

fn write(va: u64) -> Burst {
    Burst::write(STREAM, va, 4, 3, 8, |_| 0)
}

#[test]
fn only_what_tables_map_is_reached() -> Outcome {
    for (burst, pa, reached) in [
        (read(VA + 0x1040), RAM + 0x1040, true),
        (write(VA + 0x1040), RAM + 0x1040, true),
        (read(VA + 0x1040), RAM + 0x2040, false),
        (read(VA + 0x1040), RAM + 0x1080, false),
        (read(VA + 0x7040), RAM + 0x7040, true),
        (write(VA + 0x7040), RAM + 0x7040, false),
        (read(VA + 0x8040), RAM + 0x8040, false),
        (read(VA + 0x8040).prot(1), RAM + 0x8040, true),
        (read(VA + 0x9040), RAM + 0x9040, false),
        (read(((VA + 0x20_0000) & !0x1f_ffff) + 0x12_3456), RAM + 0x12_3456, true),
        (Burst::read(STREAM, VA + 0x7ff0, 2, 3), RAM + 0x7ff0, true),
        // The second half of this one lies in a page that only the privileged may read.
        (Burst::read(STREAM, VA + 0x7ff0, 4, 3), RAM + 0x7ff0, false),
        (Burst::read(STREAM, VA + 0x1ff8, 4, 3).kind(2), RAM + 0x1ff8, true),
        (Burst::read(STREAM + 1, VA + 0x1040, 4, 3), RAM + 0x1040, false),
        (Burst::read(0x77, RAM, 4, 3), RAM, false),
    ] {
        assert_eq!(Pins::new()?.goes(burst.clone(), pa), reached, "{:x?} to {pa:#x}", burst.addr);
    }
    Ok(())
}

#[test]
fn a_stream_may_decide_who_asks() -> Outcome {
    let with_attributes = MINI.with_features(Features { attributes: true, ..Features::STAGE1 });
    // PRIVCFG, privilege of the client, and whether it reaches the page that only the privileged may read.
    for (privcfg, prot, reached) in
        [(0, 0, false), (0, 1, true), (1, 0, false), (1, 1, true), (2, 0, false), (2, 1, false), (3, 0, true), (3, 1, true)]
    {
        for (params, counts) in [(&with_attributes, true), (&MINI, false)] {
            let mut pins = Pins::of(params)?;
            pins.write(regs::S2CR, 0, BANK as u64 | privcfg << 24);
            let expected = if counts { reached } else { prot == 1 };
            assert_eq!(pins.goes(read(VA + 0x8040).prot(prot), RAM + 0x8040), expected, "PRIVCFG {privcfg}, AxPROT {prot}");
        }
    }
    Ok(())
}

#[test]
fn what_nobody_asked_for_is_a_leak_and_what_was_asked_for_once_goes_once() -> Outcome {
    let mut pins = Pins::new()?;
    let burst = read(VA);
    assert!(pins.leaks(&burst, RAM));
    pins.ask(&burst);
    assert!(!pins.leaks(&burst, RAM));
    pins.quiet();
    assert!(pins.leaks(&burst, RAM));
    Ok(())
}

#[test]
fn an_old_page_is_reached_until_its_invalidation_is_synchronized() -> Outcome {
    let page = VA >> 12 | u64::from(ASID) << 48;
    let other_page = page + 1;
    let other_asid = page + (1 << 48);
    for (id, payload, covers) in [
        (regs::CB_TLBIVA, page, true),
        (regs::CB_TLBIVAL, page, true),
        (regs::CB_TLBIVAA, VA >> 12, true),
        (regs::CB_TLBIASID, ASID.into(), true),
        (regs::CB_TLBIALL, 0, true),
        (regs::CB_TLBIVA, other_page, false),
        (regs::CB_TLBIVA, other_asid, false),
        (regs::CB_TLBIASID, u64::from(ASID) + 1, false),
    ] {
        let mut pins = Pins::new()?;
        pins.tables.map(&mut pins.memory, VA, RAM + 0x9000, READ_WRITE)?;
        pins.quiet();
        assert!(pins.goes(read(VA), RAM + 0x9000) && pins.goes(read(VA), RAM), "both, before");
        let early = read(VA).id(3);
        pins.ask(&early);
        pins.write(id, BANK, payload);
        assert!(pins.goes(read(VA), RAM), "it has not been synchronized");
        pins.sync();
        assert!(pins.goes(read(VA), RAM + 0x9000));
        assert_eq!(pins.goes(read(VA), RAM), !covers, "{id:?} {payload:#x}");
        assert_eq!(pins.leaks(&early, RAM), covers, "the end of a synchronization concerns those in flight, too");
    }
    Ok(())
}

#[test]
fn an_invalidation_before_the_change_covers_nothing() -> Outcome {
    let mut pins = Pins::new()?;
    pins.write(regs::CB_TLBIALL, BANK, 0);
    pins.tables.unmap(&mut pins.memory, VA)?;
    pins.quiet();
    pins.sync();
    assert!(pins.goes(read(VA), RAM));
    Ok(())
}

#[test]
fn an_old_table_is_reached_with_new_leaves_of_its_own() -> Outcome {
    let mut pins = Pins::new()?;
    let second = pins.tables.slot(&mut pins.memory, VA, 2)?;
    let leaf = pins.tables.slot(&mut pins.memory, VA, 3)?;
    pins.memory.write_u64(second, 0)?;
    pins.quiet();
    pins.memory.write_u64(leaf, (RAM + 0x5_0000) | READ_WRITE | 3)?;
    pins.quiet();
    assert!(pins.goes(read(VA), RAM + 0x5_0000), "the upper level may be cached");
    pins.write(regs::CB_TLBIVAAL, BANK, VA >> 12);
    pins.sync();
    assert!(pins.goes(read(VA), RAM + 0x5_0000), "leaves only");
    pins.write(regs::CB_TLBIVAA, BANK, VA >> 12);
    pins.sync();
    assert!(!pins.goes(read(VA), RAM + 0x5_0000));
    Ok(())
}

#[test]
fn a_stream_that_is_mapped_elsewhere_goes_on_until_the_write_is_answered() -> Outcome {
    let mut pins = Pins::new()?;
    let early = read(VA).id(1);
    pins.ask(&early);
    pins.begin(regs::S2CR, 0, 2);
    let meanwhile = read(VA).id(2);
    pins.ask(&meanwhile);
    pins.end();
    let late = read(VA).id(3);
    pins.ask(&late);
    assert!(!pins.leaks(&early, RAM) && !pins.leaks(&meanwhile, RAM));
    assert!(pins.leaks(&late, RAM));
    Ok(())
}

#[test]
fn other_tables_are_reached_after_the_old_ones_are_dropped() -> Outcome {
    let mut pins = Pins::new()?;
    pins.write(regs::CB_TTBR0, BANK, (TABLES + 0x10_0000) | (u64::from(ASID) << 48));
    assert!(pins.goes(read(VA), RAM), "caches may hold what the old tables said");
    pins.write(regs::CB_TLBIALL, BANK, 0);
    pins.sync();
    assert!(!pins.goes(read(VA), RAM));
    // Off, it is one to one.
    pins.write(regs::CB_SCTLR, BANK, 0);
    assert!(pins.goes(read(VA), VA));
    assert!(!pins.goes(read(VA), RAM));
    Ok(())
}
