//! What became of a cached translation since it was last used: the commands that named or spared it, and what its next use shows of them.

use crate::bench::observe::{Forwarded, Path, RegisterAccess};
use crate::coverage::collector::Life;
use smmu_rtl::params::Params;
use smmu_rtl::registers as regs;

/// Translations that a sampler follows; forgetting some only costs samples.
pub(super) const MAX_USED: usize = 4096;
/// Marks the VMID of a Hyp bank, as in `{HYPC, VMID}`.
pub(super) const HYP: u32 = 1 << 16;

/// Commands since a translation was last used. A command is a number in its sampler's list.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    /// Those that named it; `None`: one of which that is not known.
    named: Vec<Option<usize>>,
    spared: Vec<usize>,
    /// Every one of them has been synchronized.
    synchronized: bool,
}

/// What the next use shows.
pub(super) enum Shown<'a> {
    /// Nothing that is certain.
    Nothing,
    /// This command alone named it, and it was walked again.
    Dropped(usize),
    /// These commands spared it, and it was not walked again.
    Spared(&'a [usize]),
}

impl Watch {
    /// A command was answered. `names`: whether it names the translation, where that is known.
    pub(super) fn command(&mut self, command: Option<usize>, names: Option<bool>) {
        self.synchronized = false;
        match command.zip(names) {
            Some((command, true)) => self.named.push(Some(command)),
            Some((command, false)) => self.spared.push(command),
            None => self.named.push(None),
        }
    }

    /// A synchronization has ended.
    pub(super) fn synchronize(&mut self) {
        self.synchronized = true;
    }

    /// The translation is used again.
    pub(super) fn used_again(&self, life: &Life, forwarded: &Forwarded) -> Shown<'_> {
        if !self.synchronized {
            return Shown::Nothing;
        }
        let walked = life.walk_reads.0 != life.walk_reads.1;
        match self.named.first() {
            Some(&Some(command)) if walked && life.alone && self.named.iter().all(|other| *other == Some(command)) => {
                Shown::Dropped(command)
            }
            None if !walked && matches!(forwarded.path, Path::Hit | Path::HitUnderMiss | Path::NoWalk) => {
                Shown::Spared(&self.spared)
            }
            _ => Shown::Nothing,
        }
    }
}

/// Banks whose VMID a register write may change.
pub(super) fn retagged(params: &Params, done: &RegisterAccess) -> impl Iterator<Item = usize> {
    let word = done.offset & !7;
    let found = [word, word + 4].map(|offset| regs::at(params, offset).filter(|_| done.write));
    let tags = |id| matches!(id, regs::CBAR | regs::CBA2R | regs::CB_TCR2 | regs::CB_TTBR0 | regs::CB_TTBR1 | regs::CB_TCR);
    found.into_iter().flatten().filter(move |(id, _)| tags(*id)).map(|(_, bank)| bank)
}
