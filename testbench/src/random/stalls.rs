//! Stalled faults in random programs: weights of a program, the strategies that only such hardware needs, and the driver that serves faults.
//!
//! Some banks have CFCFG, at times; a page without its access flag is used, and its faults are served: the page is mapped and the
//! transaction retried, or it is ended, with the status cleared before, after or not at all. `RESUME` also comes without any reason.
//!
//! A transaction may be held for good: nobody has to serve a fault. So where a program waits for its transactions, held ones are ended from time to
//! time; and the watchdog of a transaction does not count while it may be held (`scoreboard::stall`). On hardware without stalls
//! nothing here draws or does anything.

use super::execute::Run;
use super::layout::{self, frame};
use super::program::*;
use super::strategy;
use super::swarm::Swarm;
use crate::bench::fixture::SCTLR_CFCFG;
use crate::bench::BenchError;
use proptest::prelude::*;
use rand::Rng;
use smmu_rtl::params::Params;
use smmu_rtl::registers::{self as regs, RegId};

/// FSR.SS.
const SS: u64 = 1 << 30;
/// Cycles after which held transactions are ended, where a program waits for them.
const PATIENCE: u64 = 600;
/// Rounds of ending what is held, without an answer to any transaction, after which a wait is given up: one bound of a transaction is for its way
/// through the hardware, these are for the ones before it in its bank.
const ROUNDS: u64 = 8;

/// Weights of one program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stalls {
    /// Per cent of SCTLR values with CFCFG.
    share: u32,
    /// Weight of the steps that serve a fault, of those that only write `RESUME`, and of pages that are used without their access flag.
    pub weights: [u32; 3],
}

impl Stalls {
    /// Draws weights; nothing for hardware without stalls.
    pub fn draw(rng: &mut impl Rng, params: &Params) -> Option<Self> {
        params.features.stall.then(|| Stalls {
            share: [0, 30, 70, 100][rng.random_range(0..4)],
            weights: [[40, 10, 20], [200, 0, 80], [20, 60, 20], [0, 0, 30]][rng.random_range(0..4)],
        })
    }

    /// SCTLR with CFCFG in some of its values.
    pub fn sctlr(self, usual: BoxedStrategy<u32>) -> BoxedStrategy<u32> {
        (usual, prop::bool::weighted(f64::from(self.share) / 100.0))
            .prop_map(|(sctlr, stalls)| if stalls { sctlr | SCTLR_CFCFG } else { sctlr })
            .boxed()
    }
}

/// A fault is served.
pub(super) fn serve() -> BoxedStrategy<Step> {
    let clear = prop_oneof![3 => Just(ClearStatus::Before), 3 => Just(ClearStatus::After), 1 => Just(ClearStatus::Never)];
    (0..4u8, prop::bool::weighted(0.75), clear, 0..layout::FRAMES - 8)
        .prop_map(|(bank, repair, clear, frame)| Step::Serve(Serve { bank, repair, clear, frame }))
        .boxed()
}

/// `RESUME`.
pub(super) fn resume() -> BoxedStrategy<Step> {
    (0..4u8, any::<bool>()).prop_map(|(bank, terminate)| Step::Resume { bank, terminate }).boxed()
}

/// A page that is used before it may be, and the faults of that, served or not.
pub(super) fn use_early(rng: &mut impl Rng, swarm: &Swarm) -> Vec<BoxedStrategy<Step>> {
    let (stream, spot) = (rng.random_range(0..swarm.streams), rng.random_range(0..swarm.spots.min(18)));
    let (kind, sync) = (InvalidateKind::Vaa, SyncAfter::Wait);
    let early = Move { stream, upper: false, spot, level: 3, frame: 1, bits: 0x0840, kind, named: true, sync, second: false };
    let mut steps = vec![Just(Step::Move(early)).boxed()];
    for _ in 0..rng.random_range(1..6) {
        steps.push(strategy::burst_to(stream, spot, false, swarm));
    }
    steps.push(Just(Step::Wait).boxed());
    for _ in 0..rng.random_range(0..4) {
        steps.push(serve());
        steps.push(strategy::burst_to(stream, spot, false, swarm));
    }
    steps
}

impl Run<'_> {
    pub(super) fn resume(&mut self, bank: u8, terminate: bool) {
        let bank = self.machine.bank(bank);
        self.write(regs::CB_RESUME, bank, terminate.into());
    }

    /// Serves a bank's fault as a driver does: looks, repairs, resumes.
    pub(super) fn serve(&mut self, serve: &Serve) -> Result<(), BenchError> {
        let bank = self.machine.bank(serve.bank);
        let status = self.look(regs::CB_FSR, bank)?;
        if serve.repair && status & SS != 0 {
            self.repair(bank, serve.frame)?;
        }
        if serve.clear == ClearStatus::Before {
            self.write(regs::CB_FSR, bank, 0xffff_ffff);
        }
        self.write(regs::CB_RESUME, bank, (!serve.repair).into());
        if serve.clear == ClearStatus::After {
            self.write(regs::CB_FSR, bank, 0xffff_ffff);
        }
        Ok(())
    }

    /// The value of a register, when all accesses before it are done.
    fn look(&mut self, id: RegId, bank: usize) -> Result<u64, BenchError> {
        let offset = id.offset(self.bench.params(), bank);
        self.bench.mmio_post_read(offset, id.register().width / 8);
        self.settle_registers()?;
        Ok(self.machine.last_value)
    }

    /// Maps the page of the recorded fault in the tree that the bank was last set up with: tables where they lie, everything else to a frame.
    fn repair(&mut self, bank: usize, to: u8) -> Result<(), BenchError> {
        let (lower, upper) = self.machine.trees_of(bank);
        let second = self.forest.tree(lower).is_second();
        let addr = self.look(if second { regs::CB_IPAFAR } else { regs::CB_FAR }, bank)?;
        let number = if addr >> 48 & 1 == 1 && self.forest.tree(lower).is_wide() { upper } else { lower };
        let tree = self.forest.tree(number);
        let end = layout::ARENA * layout::MAX_TREES as u64;
        let output = match addr & !0xfff {
            page if second && (layout::TABLES..layout::TABLES + end).contains(&page) => page,
            page if second && (layout::ALIAS..layout::ALIAS + end).contains(&page) => page - layout::ALIAS + layout::TABLES,
            _ => frame(to, tree.entry_bits(3)),
        };
        if !self.bench.memory().exists(output) {
            return Ok(());
        }
        self.put_page(number, addr, output & !((1 << tree.entry_bits(3)) - 1));
        Ok(())
    }

    /// Runs as long as `busy`; what is held then is ended from time to time.
    ///
    /// # Errors
    ///
    /// Nothing was answered although all that is held was ended again and again: the checks excuse what is held, this wait does not.
    pub(super) fn run_while(&mut self, busy: impl Fn(&mut Self) -> bool) -> Result<(), BenchError> {
        let limit = self.bounds.transaction + ROUNDS * (PATIENCE + self.bounds.register);
        let mut since = self.bench.cycle();
        let mut answered = (self.bench.stats().transactions(), since);
        while busy(self) {
            if self.bench.params().features.stall && self.bench.cycle() - since > PATIENCE {
                (0..self.bench.params().num_cb as u8).for_each(|bank| self.resume(bank, true));
                self.settle_registers()?;
                since = self.bench.cycle();
                let count = self.bench.stats().transactions();
                if count != answered.0 || self.is_holding() {
                    answered = (count, since);
                }
                if since - answered.1 > limit {
                    let what = "an answer to a transaction, after RESUME of all banks".to_string();
                    return Err(BenchError::Timeout { cycle: since, what, limit });
                }
                continue;
            }
            self.tick()?;
        }
        Ok(())
    }
}
