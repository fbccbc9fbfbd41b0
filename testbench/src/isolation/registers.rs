//! The registers that decide where a stream may go, mirrored from the writes on the register port, with the times at which they held.

use super::tables::{Config, Route, Way};
use smmu_rtl::params::Params;
use smmu_rtl::registers::{self as regs, RegId, Space};
use smmu_sim::dut::{LiteToMaster, LiteToSlave};
use std::collections::VecDeque;

/// Old configurations of a bank that are remembered.
const MAX_OLD: usize = 256;

/// Values of the registers that count.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Values {
    scr0: u32,
    smr: Vec<u32>,
    s2cr: Vec<u32>,
    banks: Vec<BankValues>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct BankValues {
    cbar: u32,
    cba2r: u32,
    sctlr: u32,
    config: Config,
}

/// Values that held, and the cycle of the response that ended them.
#[derive(Clone, Debug)]
struct Past<T> {
    values: T,
    until: u64,
}

/// What an invalidation names. VMIDs are those of `{HYPC, VMID}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    Hyp(bool),
    Vmid(u32),
    Asid { vmid: u32, asid: u32 },
    Page { vmid: u32, asid: Option<u32>, page: u64, leaves_only: bool },
}

#[derive(Clone, Copy, Debug)]
struct Command {
    names: Names,
    bank: Option<usize>,
    begun: u64,
    done: bool,
}

/// A synchronization that was asked for.
#[derive(Clone, Copy, Debug)]
struct Sync {
    bank: Option<usize>,
    begun: u64,
    answered: Option<u64>,
}

/// A translation that may be cached.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cached {
    pub vmid: u32,
    pub asid: u32,
    pub va: u64,
    /// log2 of its bytes.
    pub bits: u32,
    pub global: bool,
}

/// See the module's header.
pub(super) struct Registers {
    params: Params,
    now: Values,
    /// States that ended not long ago; `now` is the last.
    past: VecDeque<Past<Values>>,
    /// Configurations that banks had, and may still have in caches.
    configs: Vec<Vec<Past<Config>>>,
    commands: Vec<Command>,
    syncs: Vec<Sync>,
    /// Upper words of commands that are written in two halves.
    upper: Vec<(u32, u32)>,
    addresses: VecDeque<u32>,
    data: VecDeque<(u64, u8)>,
    /// Writes that are being performed, with the cycle in which they began; reads that are, with the same.
    writes: VecDeque<(u32, u64, u8, u64)>,
    reads: VecDeque<(u32, u64)>,
}

impl Registers {
    pub(super) fn new(params: &Params) -> Self {
        let reset = |id| regs::reset_value(params, id);
        let bank = BankValues {
            cbar: reset(regs::CBAR) as u32,
            cba2r: reset(regs::CBA2R) as u32,
            sctlr: reset(regs::CB_SCTLR) as u32,
            config: Config::default(),
        };
        let now = Values {
            scr0: reset(regs::SCR0) as u32,
            smr: vec![0; params.num_smr],
            s2cr: vec![0; params.num_smr],
            banks: vec![bank; params.num_cb],
        };
        Registers {
            params: *params,
            now,
            past: VecDeque::new(),
            configs: vec![Vec::new(); params.num_cb],
            commands: Vec::new(),
            syncs: Vec::new(),
            upper: Vec::new(),
            addresses: VecDeque::new(),
            data: VecDeque::new(),
            writes: VecDeque::new(),
            reads: VecDeque::new(),
        }
    }

    /// One cycle of the register port.
    pub(super) fn observe(&mut self, cycle: u64, hardware: &LiteToMaster, master: &LiteToSlave) {
        if hardware.bvalid && master.bready {
            if let Some((offset, _, _, begun)) = self.writes.pop_front() {
                self.write_answered(cycle, offset, begun);
            }
        }
        if hardware.rvalid && master.rready {
            if let Some((offset, asked)) = self.reads.pop_front() {
                self.read_answered(offset, asked, hardware.rdata);
            }
        }
        if master.awvalid && hardware.awready {
            self.addresses.push_back(master.awaddr);
        }
        if master.wvalid && hardware.wready {
            self.data.push_back((master.wdata, master.wstrb));
        }
        if master.arvalid && hardware.arready {
            self.reads.push_back((master.araddr, cycle));
        }
        if let (Some(&offset), Some(&(data, strobes))) = (self.addresses.front(), self.data.front()) {
            self.addresses.pop_front();
            self.data.pop_front();
            self.writes.push_back((offset, data, strobes, cycle));
            self.begin(cycle, offset & !7, data, strobes);
        }
    }

    /// A write may take effect from now on; what it replaces may have effect until its response.
    fn begin(&mut self, cycle: u64, word: u32, data: u64, strobes: u8) {
        if regs::missing_bank(&self.params, word) || [strobes & 0xf, strobes >> 4].iter().any(|half| !matches!(half, 0 | 0xf)) {
            return;
        }
        let before = self.now.clone();
        let wide = regs::at(&self.params, word).is_some_and(|(id, _)| id.register().width == 64);
        for n in if wide { [1u32, 0] } else { [0, 1] } {
            if strobes >> (4 * n) & 1 == 1 {
                self.half(cycle, word + 4 * n, (data >> (32 * n)) as u32);
            }
        }
        // Until the response comes, nobody knows which of the two holds.
        if before != self.now {
            self.past.push_back(Past { values: before, until: u64::MAX });
        }
    }

    fn half(&mut self, cycle: u64, offset: u32, value: u32) {
        let Some((id, n)) = regs::at(&self.params, offset) else { return };
        let high = offset & 4 != 0 && id.register().width == 64;
        let mask = regs::write_mask(&self.params, id);
        let merge = |old: u64| {
            let (mask, value) =
                if high { (mask >> 32 << 32, u64::from(value) << 32) } else { (mask & 0xffff_ffff, value.into()) };
            old & !mask | value & mask
        };
        let merge32 = |old: u32| merge(old.into()) as u32;
        let now = &mut self.now;
        match id {
            regs::SCR0 => now.scr0 = merge32(now.scr0),
            regs::SMR => now.smr[n] = merge32(now.smr[n]),
            regs::S2CR => now.s2cr[n] = merge32(now.s2cr[n]),
            regs::CBAR => now.banks[n].cbar = merge32(now.banks[n].cbar),
            regs::CBA2R => now.banks[n].cba2r = merge32(now.banks[n].cba2r),
            regs::CB_SCTLR => now.banks[n].sctlr = merge32(now.banks[n].sctlr),
            regs::CB_TCR => now.banks[n].config.tcr = merge32(now.banks[n].config.tcr),
            regs::CB_TCR2 => now.banks[n].config.tcr2 = merge32(now.banks[n].config.tcr2),
            regs::CB_TTBR0 => now.banks[n].config.ttbr[0] = merge(now.banks[n].config.ttbr[0]),
            regs::CB_TTBR1 => now.banks[n].config.ttbr[1] = merge(now.banks[n].config.ttbr[1]),
            _ => self.command(cycle, id, n, offset, value),
        }
    }

    fn command(&mut self, cycle: u64, id: RegId, n: usize, offset: u32, value: u32) {
        let bank = (id.register().space == Space::Bank).then_some(n);
        if id.register().width == 64 && offset & 4 != 0 {
            self.upper.retain(|(at, _)| *at != offset);
            self.upper.push((offset, value));
            return;
        }
        let upper = self.upper.iter().find(|(at, _)| *at == offset + 4).map_or(0, |(_, upper)| *upper);
        let wide = u64::from(value) | u64::from(upper) << 32;
        let page = wide & 0x1f_ffff_ffff;
        let names = match id {
            regs::CB_TLBSYNC | regs::STLBGSYNC => {
                return self.syncs.push(Sync { bank, begun: cycle, answered: None });
            }
            regs::TLBIALLH => Names::Hyp(true),
            regs::TLBIALLNSNH => Names::Hyp(false),
            regs::TLBIVMID | regs::TLBIVMIDS1 => Names::Vmid(value & 0xff),
            _ if bank.is_none() => return,
            _ if n >= self.now.banks.len() => return,
            _ => {
                let of = &self.now.banks[n];
                let vmid = vmid(of.cbar);
                // Of an 8-bit ASID the upper half has to be written as zero; hardware need not ignore it.
                let tag = |asid: u64| asid as u32 & 0xffff;
                match id {
                    regs::CB_TLBIALL => Names::Vmid(vmid),
                    regs::CB_TLBIASID => Names::Asid { vmid, asid: tag(value.into()) },
                    regs::CB_TLBIVA => Names::Page { vmid, asid: Some(tag(wide >> 48)), page, leaves_only: false },
                    regs::CB_TLBIVAL => Names::Page { vmid, asid: Some(tag(wide >> 48)), page, leaves_only: true },
                    regs::CB_TLBIVAA => Names::Page { vmid, asid: None, page, leaves_only: false },
                    regs::CB_TLBIVAAL => Names::Page { vmid, asid: None, page, leaves_only: true },
                    _ => return,
                }
            }
        };
        self.commands.push(Command { names, bank, begun: cycle, done: false });
    }

    fn write_answered(&mut self, cycle: u64, offset: u32, begun: u64) {
        // One write is performed at a time: what is open belongs to it.
        if let Some(open) = self.past.iter_mut().find(|past| past.until == u64::MAX) {
            open.until = cycle;
            for (n, bank) in open.values.banks.iter().enumerate() {
                if bank.config != self.now.banks[n].config {
                    let olds = &mut self.configs[n];
                    olds.retain(|old| old.values != bank.config);
                    if olds.len() == MAX_OLD {
                        olds.remove(0);
                    }
                    // An invalidation counts from its beginning, and registers are written one after the other.
                    olds.push(Past { values: bank.config, until: begun });
                }
            }
        }
        let sync = |sync: &&mut Sync| sync.answered.is_none();
        let is_sync = matches!(regs::at(&self.params, offset & !7), Some((regs::CB_TLBSYNC | regs::STLBGSYNC, _)));
        if is_sync {
            self.syncs.iter_mut().filter(sync).for_each(|sync| sync.answered = Some(cycle));
        }
    }

    /// A read that was accepted in cycle `asked` showed this word.
    fn read_answered(&mut self, offset: u32, asked: u64, word: u64) {
        let status = (offset & !7) + 4;
        let bank = match regs::at(&self.params, status) {
            Some((regs::CB_TLBSTATUS, bank)) => Some(bank),
            Some((regs::STLBGSTATUS, _)) => None,
            _ => return,
        };
        if word >> 32 & 1 == 1 {
            return;
        }
        let over = |sync: &Sync| sync.bank == bank && sync.answered.is_some_and(|cycle| cycle <= asked);
        let Some(begun) = self.syncs.iter().filter(|sync| over(sync)).map(|sync| sync.begun).max() else { return };
        self.syncs.retain(|sync| !over(sync));
        for command in &mut self.commands {
            command.done |= command.begun <= begun && (bank.is_none() || command.bank == bank);
        }
    }

    /// Whether a synchronized invalidation that began at `since` or later names this translation. `table`: what is old is a table.
    pub(super) fn dropped(&self, cached: &Cached, table: bool, since: u64) -> bool {
        let names = |names: &Names| match *names {
            Names::Hyp(hyp) => (cached.vmid >> 8 == 1) == hyp,
            Names::Vmid(vmid) => vmid == cached.vmid,
            Names::Asid { vmid, asid } => vmid == cached.vmid && !cached.global && asid == cached.asid,
            Names::Page { vmid, asid, page, leaves_only } => {
                let same_page = ((cached.va >> 12 ^ page) & 0x1f_ffff_ffff) >> (cached.bits - 12) == 0;
                let same_asid = asid.is_none_or(|asid| cached.global || asid == cached.asid);
                vmid == cached.vmid && same_page && same_asid && !(leaves_only && table)
            }
        };
        self.commands.iter().any(|command| command.done && command.begun >= since && names(&command.names))
    }

    /// All ways that a transaction of this stream, accepted in that cycle, may take.
    pub(super) fn routes(&self, accepted: u64, stream: u32) -> impl Iterator<Item = Route> + '_ {
        let past = self.past.iter().filter(move |past| past.until >= accepted).map(|past| &past.values);
        past.chain([&self.now]).flat_map(move |values| self.routes_of(values, stream))
    }

    fn routes_of(&self, values: &Values, stream: u32) -> Vec<Route> {
        if values.scr0 & 1 == 1 {
            return vec![Route::Through];
        }
        let matches = |smr: &u32| smr >> 31 == 1 && (smr ^ stream) & 0x7fff & !(smr >> 16) == 0;
        let mut groups = (0..values.smr.len()).filter(|&n| matches(&values.smr[n]));
        let group = match (groups.next(), groups.next()) {
            (None, _) if values.scr0 >> 10 & 1 == 0 => return vec![Route::Through],
            (Some(_), Some(_)) if values.scr0 >> 21 & 1 == 0 => return vec![Route::Through],
            (Some(group), None) => group,
            _ => return Vec::new(),
        };
        let s2cr = values.s2cr[group];
        match s2cr >> 16 & 3 {
            0 => {}
            1 => return vec![Route::Through],
            _ => return Vec::new(),
        }
        let number = (s2cr & 0xff) as usize;
        let Some(bank) = values.banks.get(number).filter(|bank| bank.cbar >> 16 & 3 == 1) else { return Vec::new() };
        if bank.sctlr & 1 == 0 {
            return vec![Route::Through];
        }
        if bank.cba2r & 1 == 0 {
            return Vec::new();
        }
        let way = |config, until| {
            let (params, vmid) = (self.params, vmid(bank.cbar));
            Route::Tables(Way { config, until, vmid, output_bits: params.output_bits(), granule_16k: params.straps.granule_16k })
        };
        let olds = self.configs[number].iter().map(|old| way(old.values, Some(old.until)));
        [way(bank.config, None)].into_iter().chain(olds).collect()
    }

    /// States that nothing in flight can have seen are forgotten.
    pub(super) fn forget(&mut self, oldest: u64) {
        while self.past.front().is_some_and(|past| past.until < oldest) {
            self.past.pop_front();
        }
    }
}

fn vmid(cbar: u32) -> u32 {
    cbar & 0xff | if cbar >> 16 & 3 == 1 { cbar >> 2 & 0x100 } else { 0 }
}
