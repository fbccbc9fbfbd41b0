//! Memory attributes on the hardware: `mini` with them alone, and with all that goes with them. The bench compares `AxCACHE`, `AxPROT` and the user
//! bits of every transaction with the model; a test here adds what it knows of them itself, from the tables of `docs/architecture.md`.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use smmu_rtl::params::{Features, Params, FULL, MINI};
use smmu_rtl::registers::{self as regs, RegId};
use smmu_sim::dut::{AddrBeat, Inputs, Outputs};
use smmu_testbench::axi::burst::{OKAY, SLVERR};
use smmu_testbench::axi::master::Burst;
use smmu_testbench::axi::pause::Pauses;
use smmu_testbench::bench::fixture::{Tables, ACCESSED, PXN, READ_WRITE, SCTLR_HUPCF, SCTLR_USUAL, TCR2_USUAL, USER, VALID, XN};
use smmu_testbench::bench::observe::{Event, Observer};
use smmu_testbench::bench::{Bench, BenchError, BenchOptions};
use smmu_testbench::memory::latency::Latency;
use std::cell::RefCell;
use std::rc::Rc;

type Outcome = Result<(), BenchError>;

/// Attributes, and nothing else.
const ALONE: &Params = &MINI.with_features(Features { attributes: true, ..Features::STAGE1 });
/// With both stages, all formats, and whatever else there is.
const WHOLE: &Params = &FULL;

const RAM: u64 = 0x8000_0000;
const TABLES1: u64 = 0x4000_0000;
const TABLES2: u64 = 0x4040_0000;
const VA: u64 = 0x12_3450_0000;
const STREAM: u32 = 0x300;
const BANK: usize = 1;
const BANK2: usize = 3;
const ASID: u16 = 0x105;
const GROUP: usize = 2;

/// Domains.
const NSH: u8 = 0;
const ISH: u8 = 1;
const OSH: u8 = 2;
/// `SCTLR` of a bank whose stage is off.
const OFF: u32 = SCTLR_USUAL & !1;
/// A stage-2 leaf, but for its attributes.
const S2_ALL: u64 = 3 << 6 | ACCESSED;

/// How an address left: `AxCACHE`, domain, inner cacheability, `AxPROT`.
type Seen = (u8, u8, u8, u8);

/// How a read and a write left: `AxCACHE`, domain, inner cacheability of each.
type Both = [(u8, u8, u8); 2];

/// Every address that leaves, and `arcache` of every walk.
#[derive(Clone, Default)]
struct Pins {
    out: Rc<RefCell<Vec<AddrBeat>>>,
    walks: Rc<RefCell<Vec<u8>>>,
}

impl Observer for Pins {
    fn cycle(&mut self, _cycle: u64, inputs: &Inputs, outputs: &Outputs) {
        let (hardware, slave) = (&outputs.m_axi[0], &inputs.m_axi[0]);
        if hardware.arvalid && slave.arready {
            self.out.borrow_mut().push(hardware.ar);
        }
        if hardware.awvalid && slave.awready {
            self.out.borrow_mut().push(hardware.aw);
        }
        if outputs.m_axi_ptw.arvalid && inputs.m_axi_ptw.arready {
            self.walks.borrow_mut().push(outputs.m_axi_ptw.ar.cache);
        }
    }

    fn event(&mut self, _event: &Event) {}
}

struct Rig {
    bench: Bench,
    pins: Pins,
}

impl Rig {
    fn new(params: &'static Params, seed: u64) -> Result<Rig, BenchError> {
        let smooth = BenchOptions { watchdog: 40_000, ..BenchOptions::default() };
        let rough = BenchOptions {
            seed,
            latency: Latency::Random { min: 1, max: 50 },
            out_of_order: true,
            pauses: Pauses::all([5, 25, 60][seed as usize % 3]),
            ..smooth.clone()
        };
        let mut bench = Bench::new(params, "rusthdl", if seed == 0 { smooth } else { rough })?;
        bench.memory().add_region(RAM, 0x100_0000);
        bench.memory().add_region(TABLES1, 0x80_0000);
        let pins = Pins::default();
        bench.observe_with(Box::new(pins.clone()));
        Ok(Rig { bench, pins })
    }

    fn write(&mut self, id: RegId, index: usize, value: u32) -> Outcome {
        let params = *self.bench.params();
        self.bench.write32(id.offset(&params, index), value)
    }

    /// How a burst leaves.
    fn leaves(&mut self, burst: Burst) -> Result<Seen, BenchError> {
        self.pins.out.borrow_mut().clear();
        let what = format!("{burst:x?}");
        assert_eq!(self.bench.burst(burst)?.resp, OKAY, "{what}");
        let out = self.pins.out.borrow();
        assert_eq!(out.len(), 1, "{what}");
        let beat = &out[0];
        Ok((beat.cache, (beat.user >> 16 & 3) as u8, (beat.user >> 18 & 15) as u8, beat.prot))
    }

    /// How a read and a write of this `AxCACHE` leave: cache, domain and inner.
    fn both(&mut self, stream: u32, addr: u64, cache: u8) -> Result<Both, BenchError> {
        let mut read = Burst::read(stream, addr, 1, 3);
        read.addr.cache = cache;
        let write = read.clone().into_write(8, |_| 0x55);
        let (r, w) = (self.leaves(read)?, self.leaves(write)?);
        Ok([(r.0, r.1, r.2), (w.0, w.1, w.2)])
    }

    /// A stream of a stage-1 bank, whose leaves have these attributes: page n at `VA` + n * 4 KiB.
    fn stage1(&mut self, leaves: &[u64]) -> Outcome {
        let mut tables = Tables::usual(TABLES1);
        for (n, leaf) in (0..).zip(leaves) {
            tables.map(self.bench.memory(), VA + 0x1000 * n, RAM + 0x1000 * n, *leaf)?;
        }
        self.bench.route_stream(GROUP, STREAM, BANK)?;
        self.bench.setup_bank(BANK, &tables, ASID, SCTLR_USUAL)?;
        // Write-back, as the neutral attributes of stage 2.
        self.write(regs::CBAR, BANK, NEUTRAL)?;
        self.bench.enable()
    }

    /// A bank of TYPE 0 whose leaves have these attributes, page n at `at` + n * 4 KiB; tables of 39 bits.
    fn stage2(&mut self, bank: usize, at: u64, leaves: &[u64], sctlr: u32) -> Outcome {
        let mut tables = Tables::new(TABLES2, 12, 25);
        for (n, leaf) in (0..).zip(leaves) {
            tables.map(self.bench.memory(), at + 0x1000 * n, RAM + 0x1000 * n, *leaf)?;
        }
        self.write(regs::CBAR, bank, 0x21)?;
        self.write(regs::CBA2R, bank, 1)?;
        self.write(regs::CB_TCR, bank, 25 | 1 << 6 | 5 << 16)?;
        let params = *self.bench.params();
        self.bench.write64(regs::CB_TTBR0.offset(&params, bank), tables.root)?;
        self.write(regs::CB_SCTLR, bank, sctlr)
    }
}

/// CBAR of TYPE 1 that combines with the weakest.
const NEUTRAL: u32 = 1 << 16 | 0xf << 12 | 3 << 8;

/// The code of an outer or inner cacheability: `t` write-through, `b` write-back, `n` neither.
fn code(write: bool, kind: char, hint: bool) -> u8 {
    let (always, allocate) = if write { (4, 8) } else { (8, 4) };
    let hint = if hint { allocate } else { 0 };
    match kind {
        'n' => 3,
        't' => 2 | always | hint,
        _ => 3 | always | hint,
    }
}

/// A Normal attribute on the pins, for a read and for a write.
fn normal(outer: char, inner: char, domain: u8, hints: (bool, bool)) -> Both {
    [(false, hints.0), (true, hints.1)].map(|(write, hint)| (code(write, outer, hint), domain, code(write, inner, hint)))
}

fn device(code: u8) -> Both {
    [(code, OSH, code); 2]
}

#[test]
fn a_bypassed_transaction_has_the_overrides_of_its_stream() -> Outcome {
    for params in [ALONE, WHOLE] {
        let mut rig = Rig::new(params, 0)?;
        // sCR0, CLIENTPD: as it comes.
        for (cache, expected) in [
            (0, device(0)),
            (0b1101, device(1)),
            (0b0010, normal('n', 'n', OSH, (false, false))),
            (0b0110, normal('t', 't', NSH, (true, false))),
            (0b1011, normal('b', 'b', NSH, (false, true))),
            (0b1111, normal('b', 'b', NSH, (true, true))),
        ] {
            assert_eq!(rig.both(STREAM, RAM, cache)?, expected, "{cache:#b}");
        }
        // MTCFG with outer WT, inner NC; read hint set, write hint cleared; inner shareable.
        rig.write(regs::SCR0, 0, 1 | 1 << 20 | 0x9 << 16 | 2 << 24 | 3 << 26 | 2 << 22)?;
        assert_eq!(rig.both(STREAM, RAM, 0)?, normal('t', 'n', ISH, (true, false)));
        // No match: the same.
        rig.write(regs::SCR0, 0, 1 << 20 | 0x9 << 16 | 2 << 24 | 3 << 26 | 2 << 22)?;
        assert_eq!(rig.both(STREAM, RAM + 0x1000, 0xf)?, normal('t', 'n', ISH, (true, false)));
        // A group of TYPE 1 has its own: Device nGnRE; then shareability alone.
        rig.bench.route_stream(GROUP, STREAM, 0)?;
        rig.write(regs::S2CR, GROUP, 1 << 16 | 1 << 11 | 1 << 12)?;
        assert_eq!(rig.both(STREAM, RAM, 0xf)?, device(1));
        rig.write(regs::S2CR, GROUP, 1 << 16 | 1 << 8 | 3 << 20)?;
        assert_eq!(rig.both(STREAM, RAM, 0xf)?, normal('b', 'b', OSH, (false, true)));
        // PRIVCFG and INSTCFG are not those of a bypassed stream.
        rig.write(regs::S2CR, GROUP, 1 << 16 | 3 << 24 | 3 << 26)?;
        assert_eq!(rig.leaves(Burst::read(STREAM, RAM, 1, 3).prot(2))?.3, 2);
        rig.bench.drain()?;
    }
    Ok(())
}

#[test]
fn stage_1_off_sctlr_overrides_and_cbar_is_combined() -> Outcome {
    for params in [ALONE, WHOLE] {
        let mut rig = Rig::new(params, 0)?;
        rig.stage1(&[])?;
        rig.write(regs::CB_SCTLR, BANK, OFF)?;
        assert_eq!(rig.both(STREAM, RAM, 0xf)?, normal('b', 'b', NSH, (true, true)));
        assert_eq!(rig.both(STREAM, RAM, 0)?, device(0));
        // S2CR, then SCTLR: what is said last holds.
        rig.write(regs::S2CR, GROUP, BANK as u32 | 1 << 11 | 0xf << 12 | 1 << 8 | 2 << 22)?;
        assert_eq!(rig.both(STREAM, RAM, 0)?, normal('b', 'b', OSH, (false, true)));
        rig.write(regs::CB_SCTLR, BANK, OFF | 1 << 20 | 0xa << 16 | 2 << 22 | 2 << 24)?;
        assert_eq!(rig.both(STREAM, RAM, 0)?, normal('t', 't', ISH, (true, true)));
        // CBAR: inner NC; outer shareable; the write hint goes.
        rig.write(regs::CBAR, BANK, 1 << 16 | 0xd << 12 | 1 << 8 | 3 << 22)?;
        assert_eq!(rig.both(STREAM, RAM, 0)?, normal('t', 'n', OSH, (true, false)));
        // Device wins.
        rig.write(regs::CBAR, BANK, 1 << 16 | 0x2 << 12)?;
        assert_eq!(rig.both(STREAM, RAM, 0)?, device(1));
        rig.bench.drain()?;
    }
    Ok(())
}

#[test]
fn mair_says_what_a_leaf_means() -> Outcome {
    for (seed, params) in [(0, ALONE), (1, ALONE), (2, WHOLE)] {
        let mut rig = Rig::new(params, seed)?;
        // AttrIndx n with SH 3 on pages 0 to 7, SH 2 and 0 on the next ones.
        let leaf = |n: u64, sh: u64| READ_WRITE | n << 2 | sh << 8;
        let leaves: Vec<u64> = (0..24).map(|n| leaf(n % 8, [3, 2, 0][n as usize / 8])).collect();
        rig.stage1(&leaves)?;
        rig.write(regs::CB_MAIR0, BANK, 0x44_ff_04_00)?;
        rig.write(regs::CB_MAIR1, BANK, 0xa1_5f_bb_f4)?;
        let means: [fn(u8) -> Both; 8] = [
            |_| device(0),
            |_| device(1),
            |domain| normal('b', 'b', domain, (true, true)),
            |_| normal('n', 'n', OSH, (false, false)),
            |domain| normal('b', 'n', domain, (true, true)),
            |domain| normal('t', 't', domain, (true, true)),
            |domain| normal('b', 'b', domain, (false, true)),
            |domain| normal('t', 't', domain, (true, false)),
        ];
        for round in 0..2 {
            for n in 0..24 {
                let domain = [ISH, OSH, NSH][n / 8];
                let va = VA + 0x1000 * n as u64;
                assert_eq!(rig.both(STREAM, va, 0b0101)?, means[n % 8](domain), "page {n}, round {round}");
            }
        }
        // Leaves are cached as they are in the tables: MAIR means what it says now, without any invalidation.
        rig.write(regs::CB_MAIR0, BANK, 0xff_44_ff_ff)?;
        assert_eq!(rig.both(STREAM, VA, 0)?, normal('b', 'b', ISH, (true, true)));
        assert_eq!(rig.both(STREAM, VA + 0x2000, 0)?, normal('n', 'n', OSH, (false, false)));
        rig.write(regs::CB_MAIR1, BANK, 0xa1_5f_bb_00)?;
        assert_eq!(rig.both(STREAM, VA + 0x4000, 0)?, device(0));
        // CBAR's MemAttr makes everything write-through at most.
        rig.write(regs::CBAR, BANK, 1 << 16 | 0xa << 12 | 3 << 8)?;
        assert_eq!(rig.both(STREAM, VA, 0)?, normal('t', 't', ISH, (true, true)));
        rig.bench.drain()?;
    }
    Ok(())
}

#[test]
fn blocks_have_attributes_too_and_a_hit_takes_two_cycles() -> Outcome {
    let mut rig = Rig::new(ALONE, 0)?;
    rig.stage1(&[])?;
    let mut tables = Tables::usual(TABLES1);
    tables.map_block(rig.bench.memory(), VA & !0x1f_ffff, RAM, 2, READ_WRITE | 2 << 2 | 3 << 8)?;
    tables.map_block(rig.bench.memory(), 1 << 40, RAM, 1, READ_WRITE | 1 << 2)?;
    rig.write(regs::CB_MAIR0, BANK, 0x00_ff_04_00)?;
    for round in 0..3 {
        let hits = rig.bench.stats().hits;
        assert_eq!(rig.both(STREAM, VA + 0x48, 0)?, normal('b', 'b', ISH, (true, true)));
        assert_eq!(rig.both(STREAM, 1 << 40, 0xf)?, device(1));
        // Each read and each write, but for the first read on either page.
        assert_eq!(rig.bench.stats().hits - hits, if round == 0 { 2 } else { 4 });
        if round == 1 {
            // The walk caches answer.
            rig.write(regs::CB_MAIR0, BANK, 0x00_ff_04_00)?;
            rig.both(STREAM, VA, 0)?;
            rig.both(STREAM, 1 << 40, 0)?;
        }
    }
    rig.bench.drain()
}

#[test]
fn privcfg_and_instcfg_change_the_access() -> Outcome {
    const PF: u64 = 1 << 3 | 2 << 9;
    for (seed, params) in [(0, ALONE), (1, ALONE), (2, WHOLE)] {
        let mut rig = Rig::new(params, seed)?;
        // 0: privileged only; 1: everybody, no instructions; 2: everybody, privileged may not execute.
        rig.stage1(&[READ_WRITE & !USER, READ_WRITE | XN | PXN, READ_WRITE | PXN])?;
        let s2cr = |privcfg: u32, instcfg: u32| BANK as u32 | privcfg << 24 | instcfg << 26;
        let page = |n: u64| VA + 0x1000 * n;
        let read = |n: u64, prot: u8| Burst::read(STREAM, page(n), 1, 3).prot(prot);
        let refused = |rig: &mut Rig, burst: Burst, syndrome: u64| -> Outcome {
            let va = burst.addr.addr;
            assert_eq!(rig.bench.burst(burst.clone())?.resp, SLVERR, "{burst:x?}");
            assert_eq!(rig.bench.fault_record(BANK)?[..3], [PF, va, 3 | syndrome], "{burst:x?}");
            rig.bench.clear_fault(BANK)
        };
        const WNR: u64 = 1 << 4;
        const PNU: u64 = 1 << 5;
        const IND: u64 = 1 << 6;
        // As it comes.
        refused(&mut rig, read(0, 0), 0)?;
        assert_eq!(rig.leaves(read(0, 1))?.3, 1);
        // Privileged: also on hits, for both accesses, reads and writes.
        rig.write(regs::S2CR, GROUP, s2cr(3, 0))?;
        for prot in [2, 3, 2] {
            assert_eq!(rig.leaves(read(0, prot))?.3, 3);
            assert_eq!(rig.leaves(read(0, prot).into_write(8, |_| 1))?.3, 3);
        }
        refused(&mut rig, read(2, 4), PNU | IND)?;
        // Unprivileged.
        rig.write(regs::S2CR, GROUP, s2cr(2, 0))?;
        refused(&mut rig, read(0, 1), 0)?;
        refused(&mut rig, read(0, 1).into_write(8, |_| 1), WNR)?;
        assert_eq!(rig.leaves(read(2, 5))?.3, 4);
        // Reserved: as it comes.
        rig.write(regs::S2CR, GROUP, s2cr(1, 1))?;
        assert_eq!(rig.leaves(read(0, 1))?.3, 1);
        refused(&mut rig, read(1, 4), IND)?;
        // Data; a write passes as it is.
        rig.write(regs::S2CR, GROUP, s2cr(0, 2))?;
        for _ in 0..2 {
            assert_eq!(rig.leaves(read(1, 4))?.3, 0);
            assert_eq!(rig.leaves(read(1, 0))?.3, 0);
            assert_eq!(rig.leaves(read(1, 4).into_write(8, |_| 1))?.3, 4);
        }
        // Instruction.
        rig.write(regs::S2CR, GROUP, s2cr(0, 3))?;
        refused(&mut rig, read(1, 0), IND)?;
        assert_eq!(rig.leaves(read(2, 0))?.3, 4);
        assert_eq!(rig.leaves(read(2, 0).into_write(8, |_| 1))?.3, 0);
        refused(&mut rig, read(2, 1), PNU | IND)?;
        rig.bench.drain()?;
    }
    Ok(())
}

#[test]
fn global_faults_show_the_access_as_it_came() -> Outcome {
    let mut rig = Rig::new(ALONE, 0)?;
    rig.stage1(&[READ_WRITE])?;
    let params = *rig.bench.params();
    let forced = 2 << 24 | 2 << 26;
    for (s2cr, cbar) in [(BANK as u32 | forced, 2 << 16), (7 | forced, NEUTRAL), (BANK as u32 | 2 << 16 | forced, NEUTRAL)] {
        rig.write(regs::CBAR, BANK, cbar)?;
        rig.write(regs::S2CR, GROUP, s2cr)?;
        assert_eq!(rig.bench.burst(Burst::read(STREAM, VA, 1, 3).prot(5))?.resp, SLVERR);
        // PNU 2, IND 3 of sGFSYNR0.
        let syndrome = rig.bench.read32(regs::SGFSYNR0.offset(&params, 0))?;
        assert_eq!(
            (regs::SGFSYNR0.field("PNU").get(syndrome.into()), regs::SGFSYNR0.field("IND").get(syndrome.into())),
            (1, 1),
            "{s2cr:#x}"
        );
        rig.write(regs::SGFSR, 0, 0xffff_ffff)?;
    }
    rig.bench.drain()
}

#[test]
fn stage_2_is_combined() -> Outcome {
    for seed in 0..3 {
        let mut rig = Rig::new(WHOLE, seed)?;
        // MemAttr 0 to 15, inner shareable; then write-back with each SH.
        let leaf = |memattr: u64, sh: u64| S2_ALL | memattr << 2 | sh << 8;
        let leaves: Vec<u64> = (0..16).map(|n| leaf(n, 3)).chain((0..4).map(|sh| leaf(0xf, sh))).collect();
        let ipa = 0x1000_0000u64;
        rig.stage2(BANK, ipa, &leaves, SCTLR_USUAL)?;
        rig.bench.route_stream(GROUP, STREAM, BANK)?;
        rig.bench.enable()?;
        let page = |n: u64| ipa + 0x1000 * n;
        let letters = ['n', 'n', 't', 'b'];
        for n in 0..16u64 {
            let expected = match n {
                0 => device(0),
                1..=3 => device(1),
                _ if n >> 2 == 1 && n & 3 < 2 => normal('n', 'n', OSH, (true, true)),
                _ => normal(letters[n as usize >> 2], letters[n as usize & 3], ISH, (true, true)),
            };
            assert_eq!(rig.both(STREAM, page(n), 0xf)?, expected, "MemAttr {n}");
            // The transaction's own is stronger.
            assert_eq!(rig.both(STREAM, page(n), 0)?, device(0), "MemAttr {n}");
        }
        for (sh, domain) in [(0, NSH), (1, NSH), (2, OSH), (3, ISH)] {
            assert_eq!(rig.both(STREAM, page(16 + sh), 0b0111)?, normal('b', 'b', domain, (true, false)));
        }
        // The stream's overrides come first.
        rig.write(regs::S2CR, GROUP, BANK as u32 | 1 << 11 | 0xf << 12 | 2 << 8 | 2 << 22)?;
        assert_eq!(rig.both(STREAM, page(16), 0)?, normal('b', 'b', ISH, (false, true)));
        // Stage 2 off: its SCTLR overrides.
        rig.write(regs::CB_SCTLR, BANK, OFF | 1 << 20 | 0xa << 16 | 1 << 22)?;
        assert_eq!(rig.both(STREAM, RAM, 0)?, normal('t', 't', OSH, (false, true)));
        rig.bench.drain()?;
    }
    Ok(())
}

#[test]
fn nested_attributes_are_those_of_both_stages() -> Outcome {
    for seed in 0..4 {
        let mut rig = Rig::new(WHOLE, seed)?;
        // Stage 1: AttrIndx n on page n. Stage 2 is the identity on RAM: write-back, write-through inner shareable, Device nGRE.
        rig.stage1(&(0..4u64).map(|n| READ_WRITE | n << 2 | 2 << 8).collect::<Vec<_>>())?;
        rig.write(regs::CB_MAIR0, BANK, 0x44_04_ef_ff)?;
        let mut host = Tables::new(TABLES2, 12, 25);
        for n in 0..16 {
            let memattr = [0xf, 0xa, 0xf, 0xf][n as usize % 4];
            host.map(rig.bench.memory(), RAM + 0x1000 * n, RAM + 0x1000 * n, S2_ALL | memattr << 2 | 3 << 8)?;
        }
        for n in 0..16 {
            host.map(rig.bench.memory(), TABLES1 + 0x1000 * n, TABLES1 + 0x1000 * n, S2_ALL | 0xf << 2)?;
        }
        rig.stage2(BANK2, 0, &[], SCTLR_USUAL)?;
        rig.write(regs::CBAR, BANK, 3 << 16 | (BANK2 as u32) << 8 | 0x44)?;
        let nested = [
            normal('b', 'b', OSH, (true, true)),
            normal('t', 't', OSH, (true, false)),
            device(1),
            normal('n', 'n', OSH, (false, false)),
        ];
        for _ in 0..2 {
            for (n, expected) in (0..).zip(nested) {
                assert_eq!(rig.both(STREAM, VA + 0x1000 * n, 0)?, expected, "page {n}");
            }
        }
        // A walk that finds all of it cached, and MAIR read when it is used.
        rig.write(regs::CB_MAIR0, BANK, 0xff_ff_ff_bb)?;
        assert_eq!(rig.both(STREAM, VA, 0)?, normal('t', 't', OSH, (true, true)));
        assert_eq!(rig.both(STREAM, VA + 0x3000, 0)?, normal('b', 'b', OSH, (true, true)));
        // Stage 2 moves to Device; its leaf is dropped.
        host.map(rig.bench.memory(), RAM, RAM, S2_ALL | 1 << 2)?;
        rig.bench.invalidate_bank(BANK2)?;
        rig.write(regs::TLBIVMIDS1, 0, 0x44)?;
        rig.bench.invalidate_bank(BANK)?;
        assert_eq!(rig.both(STREAM, VA, 0)?, device(1));
        // Stage 2 off: SCTLR of its bank overrides what stage 1 says.
        rig.write(regs::CB_SCTLR, BANK2, OFF | 1 << 20 | 0x5 << 16)?;
        assert_eq!(rig.both(STREAM, VA, 0)?, normal('n', 'n', OSH, (false, false)));
        rig.write(regs::CB_SCTLR, BANK2, OFF | 2 << 22 | 3 << 24)?;
        assert_eq!(rig.both(STREAM, VA + 0x3000, 0)?, normal('b', 'b', ISH, (false, true)));
        // Stage 1 off, stage 2 on: SCTLR of the one, the leaf of the other.
        rig.write(regs::CB_SCTLR, BANK2, SCTLR_USUAL)?;
        rig.write(regs::CB_SCTLR, BANK, OFF | 1 << 20 | 0xf << 16 | 2 << 22)?;
        assert_eq!(rig.both(STREAM, RAM + 0x5000, 0)?, normal('t', 't', ISH, (false, false)));
        assert_eq!(rig.both(STREAM, RAM + 0x5000, 0xc)?, normal('t', 't', ISH, (true, true)));
        // Both off: one SCTLR, then the other.
        rig.write(regs::CB_SCTLR, BANK2, OFF | 1 << 20 | 0xe << 16)?;
        assert_eq!(rig.both(STREAM, RAM, 0)?, normal('b', 't', ISH, (false, false)));
        rig.bench.drain()?;
    }
    Ok(())
}

#[test]
fn short_descriptors() -> Outcome {
    for (seed, tre) in [(0, false), (1, false), (0, true), (2, true)] {
        let mut rig = Rig::new(WHOLE, seed)?;
        let (first, second) = (TABLES1, TABLES1 + 0x4000);
        // TEX, C, B and S of each: a section, a large page and a small page.
        let fields = |n: u32| (n >> 2 & 7, n & 3, n >> 5 & 1);
        for n in 0..64u32 {
            let (tex, cb, s) = fields(n);
            let section = RAM as u32 | 3 << 10 | 2 | tex << 12 | cb << 2 | s << 16;
            rig.bench.memory().write_u32(first + 4 * (0x100 + u64::from(n)), section)?;
            let small = RAM as u32 | 3 << 4 | 2 | tex << 6 | cb << 2 | s << 10;
            rig.bench.memory().write_u32(second + 4 * u64::from(n), small)?;
        }
        for n in 0..4u32 {
            let (tex, cb, s) = fields(21 * n);
            for part in 0..16u64 {
                let large = RAM as u32 | 3 << 4 | 1 | tex << 12 | cb << 2 | s << 10;
                rig.bench.memory().write_u32(second + 4 * (0x80 + 16 * u64::from(n) + part), large)?;
            }
        }
        rig.bench.memory().write_u32(first + 4 * 0x300, second as u32 | 1)?;
        rig.bench.route_stream(GROUP, STREAM, BANK)?;
        let params = *rig.bench.params();
        rig.write(regs::CBAR, BANK, NEUTRAL)?;
        rig.write(regs::CBA2R, BANK, 0)?;
        rig.write(regs::CB_TCR, BANK, 0)?;
        rig.bench.write64(regs::CB_TTBR0.offset(&params, BANK), first)?;
        // PRRR: Device, Normal, nGnRE, Normal, reserved, Normal, Normal, Normal; NS1 shareable; NOS of the upper four. NMRR: all codes.
        rig.write(regs::CB_MAIR0, BANK, 0xaa_98 | 3 << 8 | 1 << 19 | 0xf0 << 24)?;
        rig.write(regs::CB_MAIR1, BANK, 0x1b_e4_e4_1b)?;
        rig.write(regs::CB_SCTLR, BANK, SCTLR_USUAL | u32::from(tre) << 1)?;
        rig.bench.enable()?;
        for n in 0..64u64 {
            let section = rig.both(STREAM, 0x1000_0000 + (n << 20), 0b0101)?;
            let small = rig.both(STREAM, 0x3000_0000 + (n << 12), 0b0101)?;
            assert_eq!(section, small, "the same fields, {n}");
            let expected = match (tre, n) {
                (false, 0b00000) => Some(device(0)),
                (false, 0b00001) | (false, 0b101000) => Some(device(1)),
                (false, 0b000010) => Some(normal('t', 't', NSH, (true, false))),
                (false, 0b100011) => Some(normal('b', 'b', OSH, (true, false))),
                (false, 0b000100) => Some(normal('n', 'n', OSH, (false, false))),
                (false, 0b000111) => Some(normal('b', 'b', NSH, (true, true))),
                // 1oo ii: outer WT, inner WB; outer NC, inner WB.
                (false, 0b111001) => Some(normal('t', 'b', OSH, (true, false))),
                (false, 0b010011) => Some(normal('n', 'b', NSH, (false, false))),
                // Region 0: Device. Region 1: outer and inner by NMRR bits 19:18 and 3:2. Region 5: inner shareable if S.
                (true, 0b011000) => Some(device(0)),
                (true, 0b000001) => Some(normal('b', 't', NSH, (true, true))),
                (true, 0b100001) => Some(normal('b', 't', OSH, (true, true))),
                (true, 0b100101) => Some(normal('t', 'b', ISH, (true, false))),
                _ => None,
            };
            if let Some(expected) = expected {
                assert_eq!(section, expected, "TRE {tre}, {n:#08b}");
            }
        }
        for n in 0..4u64 {
            let large = rig.both(STREAM, 0x3008_0000 + (n << 16) + 0x3000, 0b0101)?;
            assert_eq!(large, rig.both(STREAM, 0x1000_0000 + ((21 * n) << 20), 0b0101)?, "large page {n}");
        }
        rig.bench.drain()?;
    }
    Ok(())
}

#[test]
fn the_walk_port_shows_orgn() -> Outcome {
    // Region 0 by ORGN0, region 1 by ORGN1; every read of the walk, whatever it finds.
    for (orgn, code) in [(0u32, 0b0011u8), (1, 0b1111), (2, 0b1110), (3, 0b1111)] {
        let mut rig = Rig::new(ALONE, 0)?;
        rig.stage1(&[READ_WRITE, READ_WRITE])?;
        let params = *rig.bench.params();
        let mut upper = Tables::usual(TABLES1 + 0x10_0000);
        upper.map(rig.bench.memory(), 0xffff_ffff_0000, RAM, READ_WRITE)?;
        rig.bench.write64(regs::CB_TTBR1.offset(&params, BANK), upper.root)?;
        rig.write(regs::CB_TCR2, BANK, TCR2_USUAL)?;
        rig.write(regs::CB_TCR, BANK, 16 | 16 << 16 | 2 << 30 | orgn << 10 | (3 - orgn) << 26)?;
        rig.leaves(Burst::read(STREAM, VA, 1, 3))?;
        assert_eq!(rig.pins.walks.borrow()[..], [code; 4], "ORGN {orgn}");
        rig.pins.walks.borrow_mut().clear();
        rig.leaves(Burst::read(STREAM, 1 << 48 | 0xffff_ffff_0000, 1, 3))?;
        let other = [0b0011u8, 0b1111, 0b1110, 0b1111][3 - orgn as usize];
        assert_eq!(rig.pins.walks.borrow()[..], [other; 4], "ORGN {orgn}");
        rig.bench.drain()?;
    }
    // Nested: tables of stage 1 by the stage-1 bank, those of stage 2 by the stage-2 bank.
    let mut rig = Rig::new(WHOLE, 0)?;
    rig.stage1(&[READ_WRITE])?;
    let tcr = Tables::usual(TABLES1).tcr();
    rig.write(regs::CB_TCR, BANK, tcr | 2 << 10)?;
    let mut host = Tables::new(TABLES2, 12, 25);
    let slot = host.slot(rig.bench.memory(), RAM, 1)?;
    rig.bench.memory().write_u64(slot, RAM | S2_ALL | 0xf << 2 | VALID)?;
    let slot = host.slot(rig.bench.memory(), TABLES1, 1)?;
    rig.bench.memory().write_u64(slot, TABLES1 | S2_ALL | 0xf << 2 | VALID)?;
    rig.stage2(BANK2, 0, &[], SCTLR_USUAL)?;
    rig.write(regs::CB_TCR, BANK2, 25 | 1 << 6 | 5 << 16 | 1 << 10)?;
    rig.write(regs::CBAR, BANK, 3 << 16 | (BANK2 as u32) << 8 | 0x44)?;
    rig.leaves(Burst::read(STREAM, VA, 1, 3))?;
    // Stage 2 of the tables, four levels of stage 1, stage 2 of the page.
    let expected = [0b1111u8, 0b1110, 0b1110, 0b1110, 0b1110, 0b1111];
    assert_eq!(rig.pins.walks.borrow()[..], expected);
    rig.bench.drain()
}

/// ATTR and SH of an operation's result, which has to be the page that is asked for; `bank` for those of GATS*.
fn asked(rig: &mut Rig, id: RegId, bank: usize, va: u64, pa: u64) -> Result<(u64, u64), BenchError> {
    let params = *rig.bench.params();
    let global = id.register().space == regs::Space::Global0;
    let (index, result, status) = if global { (0, regs::GPAR, regs::GATSR) } else { (bank, regs::CB_PAR, regs::CB_ATSR) };
    rig.bench.write64(id.offset(&params, index), va | if global { bank as u64 } else { 0 })?;
    let start = rig.bench.cycle();
    while rig.bench.read32(status.offset(&params, index))? & 1 == 1 {
        assert!(rig.bench.cycle() - start < 2_000, "50 us at 40 MHz");
    }
    let par = rig.bench.read64(result.offset(&params, index))?;
    assert_eq!(par & !(0xff << 56 | 3 << 7), pa | 1 << 11 | 1 << 9, "{id:?} of {va:#x}: {par:#x}");
    Ok((par >> 56, par >> 7 & 3))
}

#[test]
fn results_of_operations_have_attributes() -> Outcome {
    const PAR_NSH: u64 = 0;
    const PAR_OSH: u64 = 2;
    const PAR_ISH: u64 = 3;
    for seed in 0..2 {
        let mut rig = Rig::new(WHOLE, seed)?;
        // AttrIndx n on page n, inner shareable.
        rig.stage1(&(0..8u64).map(|n| READ_WRITE | n << 2 | 3 << 8).collect::<Vec<_>>())?;
        rig.write(regs::CB_MAIR0, BANK, 0x44_ff_04_00)?;
        rig.write(regs::CB_MAIR1, BANK, 0xa1_5f_bb_f4)?;
        // What the stream says does not count.
        rig.write(regs::S2CR, GROUP, BANK as u32 | 1 << 11 | 1 << 8 | 3 << 20 | 2 << 24)?;
        // 0x5f and 0xa1 have transient nibbles: what is shown has those of the lasting ones, with the hints of the outer one.
        let means = [0x00, 0x04, 0xff, 0x44, 0xf4, 0xbb, 0xdd, 0xaa];
        for round in 0..2 {
            for (n, byte) in (0..).zip(means) {
                let share = if n < 2 || n == 3 { PAR_OSH } else { PAR_ISH };
                let (va, pa) = (VA + 0x1000 * n, RAM + 0x1000 * n);
                assert_eq!(asked(&mut rig, regs::CB_ATS1PR, BANK, va, pa)?, (byte, share), "page {n}, round {round}");
                assert_eq!(asked(&mut rig, regs::GATS12UW, BANK, va, pa)?, (byte, share), "page {n}, round {round}");
            }
        }
        // CBAR is combined: write-through, outer shareable, no read hint.
        rig.write(regs::CBAR, BANK, 1 << 16 | 0xa << 12 | 1 << 8 | 3 << 20)?;
        assert_eq!(asked(&mut rig, regs::CB_ATS1UR, BANK, VA + 0x2000, RAM + 0x2000)?, (0x99, PAR_OSH));
        // Stage 1 off: SCTLR overrides write-back.
        rig.write(regs::CBAR, BANK, NEUTRAL)?;
        rig.write(regs::CB_SCTLR, BANK, OFF)?;
        assert_eq!(asked(&mut rig, regs::CB_ATS1UR, BANK, RAM, RAM)?, (0xff, PAR_NSH));
        rig.write(regs::CB_SCTLR, BANK, OFF | 1 << 20 | 0x3 << 16)?;
        assert_eq!(asked(&mut rig, regs::CB_ATS1UR, BANK, RAM, RAM)?, (0x0c, PAR_OSH));
        rig.write(regs::CB_SCTLR, BANK, SCTLR_USUAL)?;

        // Nested: stage 1 alone says its own; both are combined.
        let mut host = Tables::new(TABLES2, 12, 25);
        for n in 0..16 {
            host.map(rig.bench.memory(), RAM + 0x1000 * n, RAM + 0x1000 * n, S2_ALL | 0xa << 2 | 2 << 8)?;
            host.map(rig.bench.memory(), TABLES1 + 0x1000 * n, TABLES1 + 0x1000 * n, S2_ALL | 0xf << 2)?;
        }
        rig.stage2(BANK2, 0, &[], SCTLR_USUAL)?;
        rig.write(regs::CBAR, BANK, 3 << 16 | (BANK2 as u32) << 8 | 0x44)?;
        let (va, pa) = (VA + 0x2000, RAM + 0x2000);
        for _ in 0..2 {
            assert_eq!(asked(&mut rig, regs::CB_ATS1PW, BANK, va, pa)?, (0xff, PAR_ISH));
            assert_eq!(asked(&mut rig, regs::GATS1UR, BANK, va, pa)?, (0xff, PAR_ISH));
            assert_eq!(asked(&mut rig, regs::GATS12UR, BANK, va, pa)?, (0xbb, PAR_OSH));
            assert_eq!(asked(&mut rig, regs::GATS12PR, BANK2, pa, pa)?, (0xbb, PAR_OSH), "stage 2 of write-back");
        }
        // Stage 2 off: SCTLR of its bank overrides, but not for stage 1 alone.
        rig.write(regs::CB_SCTLR, BANK2, OFF | 1 << 20 | 0x5 << 16)?;
        assert_eq!(asked(&mut rig, regs::CB_ATS1PW, BANK, va, pa)?, (0xff, PAR_ISH));
        assert_eq!(asked(&mut rig, regs::GATS12UR, BANK, va, pa)?, (0x44, PAR_OSH));
        rig.bench.drain()?;
    }
    Ok(())
}

/// Every register with attribute fields at random, while traffic of streams of all kinds goes on. What is right is the model's business.
#[test]
fn registers_change_at_random_under_traffic() -> Outcome {
    for (seed, params) in [(1, ALONE), (2, WHOLE), (3, WHOLE), (4, WHOLE), (5, ALONE)] {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut rig = Rig::new(params, seed)?;
        let both = params.features.nested;
        // Bank 1: stage 1 of stream 0x300. Bank 2: the same tables, nested where there is nesting; stream 0x301. Bank 3: stage 2; stream 0x302.
        let leaves: Vec<u64> = (0..16u64).map(|n| READ_WRITE & !(USER * (n >> 3)) | (n & 7) << 2 | (n & 3) << 8).collect();
        rig.stage1(&leaves)?;
        rig.bench.setup_bank(2, &Tables::usual(TABLES1), ASID, SCTLR_USUAL | SCTLR_HUPCF)?;
        let kinds = if both {
            let mut host = Tables::new(TABLES2, 12, 25);
            for n in 0..32 {
                host.map(rig.bench.memory(), TABLES1 + 0x1000 * n, TABLES1 + 0x1000 * n, S2_ALL | 0xf << 2)?;
                let leaf = S2_ALL | (n & 15) << 2 | (n >> 2 & 3) << 8;
                host.map(rig.bench.memory(), RAM + 0x1000 * n, RAM + 0x1000 * n, leaf)?;
            }
            rig.stage2(3, 0, &[], SCTLR_USUAL | SCTLR_HUPCF)?;
            rig.bench.route_stream(4, 0x302, 3)?;
            [1 << 16, 3 << 16 | 3 << 8]
        } else {
            [1 << 16, 1 << 16]
        };
        rig.write(regs::CBAR, 2, kinds[1] | 0x44)?;
        rig.bench.route_stream(3, 0x301, 2)?;
        // Stream 0x303 bypasses, and 0x304 matches nothing.
        rig.bench.route_stream(5, 0x303, 0)?;
        rig.write(regs::S2CR, 5, 1 << 16)?;
        rig.write(regs::SCR0, 0, 6)?;
        for _ in 0..60 {
            for _ in 0..rng.random_range(1..12) {
                let stream = STREAM + rng.random_range(0..5u32);
                let page = 0x1000 * rng.random_range(0..16u64);
                let base = if matches!(stream, 0x300 | 0x301) && rng.random_bool(0.95) { VA } else { RAM };
                let mut burst = Burst::read(stream, base + page, 1, 3).prot(rng.random_range(0..8)).id(rng.random_range(0..6));
                burst.addr.cache = rng.random_range(0..16);
                if rng.random_bool(0.4) {
                    burst = burst.into_write(8, |_| 0x77);
                }
                rig.bench.port(0).start(burst);
            }
            if rng.random_bool(0.3) {
                rig.bench.drain()?;
            }
            let random: u32 = rng.random();
            // Attribute fields of S2CR and CBAR, and of sCR0 and SCTLR.
            let (stream_bits, control_bits) = (random & 0x0ff0_fb00, random & 0x0fdf_0000);
            let on = u32::from(rng.random_bool(0.85));
            let what = rng.random_range(0..9);
            match what {
                0 => rig.write(regs::S2CR, GROUP, stream_bits | BANK as u32)?,
                1 => rig.write(regs::S2CR, 3, stream_bits | 2)?,
                2 if both => rig.write(regs::S2CR, 4, stream_bits | 3)?,
                3 => rig.write(regs::S2CR, 5, stream_bits & !(0xf << 24) | 1 << 16)?,
                4 => rig.write(regs::SCR0, 0, control_bits | 6)?,
                5 => rig.write(regs::CB_SCTLR, BANK, control_bits | OFF | SCTLR_HUPCF | on)?,
                6 => rig.write(regs::CBAR, BANK, random & 0x00f0_f300 | kinds[0])?,
                7 => {
                    let bank = if rng.random() { BANK } else { 2 };
                    rig.write(if rng.random() { regs::CB_MAIR0 } else { regs::CB_MAIR1 }, bank, random)?;
                }
                _ => rig.write(regs::CB_SCTLR, 2, control_bits | OFF | SCTLR_HUPCF | on)?,
            }
            for bank in 1..4 {
                rig.bench.clear_fault(bank)?;
            }
        }
        rig.bench.drain()?;
    }
    Ok(())
}
