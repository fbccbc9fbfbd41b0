//! The registers that decide where a stream may go, mirrored from the writes on the register port, with the times at which they held.

use super::tables::{Config, Route, Stage, Way};
use smmu_rtl::params::{Aarch32, Params};
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

impl Values {
    /// sCR0.EXIDENABLE.
    fn extended(&self) -> bool {
        self.scr0 >> 3 & 1 == 1
    }

    /// sCR0.VMID16EN.
    fn wide_vmids(&self) -> bool {
        self.scr0 >> 31 == 1
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct BankValues {
    /// CBAR, CBA2R and SCTLR are in it as far as they count.
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
    /// Of both stages.
    Vmid(u32),
    /// Of stage 1, and what was made of both.
    VmidFirst(u32),
    Asid {
        vmid: u32,
        asid: u32,
    },
    Page {
        vmid: u32,
        asid: Option<u32>,
        page: u64,
        leaves_only: bool,
    },
    Ipa {
        vmid: u32,
        page: u64,
        leaves_only: bool,
    },
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
    /// Of stage 2 alone.
    pub second: bool,
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
        let config = Config {
            cbar: reset(regs::CBAR) as u32,
            cba2r: reset(regs::CBA2R) as u32,
            sctlr: reset(regs::CB_SCTLR) as u32,
            ..Config::default()
        };
        let bank = BankValues { config };
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
            // Bit 15 belongs to extended ids.
            regs::SMR if now.extended() => now.smr[n] = merge32(now.smr[n]),
            regs::SMR => now.smr[n] = merge32(now.smr[n]) & !0x8000 | now.smr[n] & 0x8000,
            regs::S2CR => now.s2cr[n] = merge32(now.s2cr[n]),
            regs::CBAR => now.banks[n].config.cbar = merge32(now.banks[n].config.cbar),
            regs::CBA2R => now.banks[n].config.cba2r = merge32(now.banks[n].config.cba2r),
            regs::CB_SCTLR => now.banks[n].config.sctlr = merge32(now.banks[n].config.sctlr),
            regs::CB_CONTEXTIDR => now.banks[n].config.contextidr = merge32(now.banks[n].config.contextidr),
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
        let wide_vmids = self.now.wide_vmids();
        let names = match id {
            regs::CB_TLBSYNC | regs::STLBGSYNC => {
                return self.syncs.push(Sync { bank, begun: cycle, answered: None });
            }
            regs::TLBIALLH => Names::Hyp(true),
            regs::TLBIALLNSNH => Names::Hyp(false),
            regs::TLBIVMID => Names::Vmid(value & if wide_vmids { 0xffff } else { 0xff }),
            regs::TLBIVMIDS1 => Names::VmidFirst(value & if wide_vmids { 0xffff } else { 0xff }),
            _ if bank.is_none() => return,
            _ if n >= self.now.banks.len() => return,
            _ => {
                let of = &self.now.banks[n];
                let vmid = of.config.vmid(wide_vmids);
                // Of an 8-bit ASID the upper half has to be written as zero; hardware need not ignore it.
                let tag = |asid: u64| asid as u32 & 0xffff;
                let features = self.params.features;
                let narrow = features.aarch32 != Aarch32::None && of.config.cba2r & 1 == 0;
                let (page, wide) =
                    if narrow { (wide >> 12 & 0xf_ffff, (wide & 0xff) << 48) } else { (wide & 0x1f_ffff_ffff, wide) };
                match id {
                    regs::CB_TLBIIPAS2 | regs::CB_TLBIIPAS2L if features.stage2 => {
                        let page = u64::from(value) | u64::from(upper & 0xf) << 32;
                        Names::Ipa { vmid, page, leaves_only: id == regs::CB_TLBIIPAS2L }
                    }
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
        self.commands.iter().any(|command| command.done && command.begun >= since && command.names.cover(cached, table))
    }

    /// The same of something of stage 2 that went into something of stage 1: that has to go as well, no earlier.
    pub(super) fn dropped_both(&self, (second, first): (&Cached, &Cached), tables: (bool, bool), since: u64) -> bool {
        let named = |command: &&Command| command.done && command.begun >= since && command.names.cover(second, tables.0);
        let earliest = self.commands.iter().filter(named).map(|command| command.begun).min();
        earliest.is_some_and(|begun| self.dropped(first, tables.1, begun))
    }

    /// All ways that a transaction of this stream, accepted in that cycle, may take.
    pub(super) fn routes(&self, accepted: u64, stream: u32) -> Vec<Route> {
        let past = self.past.iter().filter(|past| past.until >= accepted).map(|past| &past.values);
        let window: Vec<&Values> = past.chain([&self.now]).collect();
        window.iter().flat_map(|values| self.routes_of(values, stream, &window)).collect()
    }

    fn routes_of(&self, values: &Values, stream: u32, window: &[&Values]) -> Vec<Route> {
        if values.scr0 & 1 == 1 {
            return vec![Route::Through];
        }
        let matches = |&n: &usize| {
            let (smr, s2cr) = (values.smr[n], values.s2cr[n]);
            if self.params.features.stream_indexing {
                n as u32 == stream & 0xffff
            } else if values.extended() {
                s2cr >> 10 & 1 == 1 && (smr ^ stream) & 0xffff & !(smr >> 16) == 0
            } else {
                let short = !self.params.features.exids || stream >> 15 & 1 == 0;
                short && smr >> 31 == 1 && (smr ^ stream) & 0x7fff & !(smr >> 16) == 0
            }
        };
        let mut groups = (0..values.smr.len()).filter(matches);
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
        let Some(bank) = values.banks.get(number).map(|bank| &bank.config) else { return Vec::new() };
        let features = self.params.features;
        // PRIVCFG.
        let privileged = match s2cr >> 24 & 3 {
            2 if features.attributes => Some(false),
            3 if features.attributes => Some(true),
            _ => None,
        };
        let mut routes = match bank.kind() {
            1 if bank.on() => self.ways(number, bank, values.wide_vmids(), false, &[], &[]),
            1 => vec![Route::Through],
            0 if features.stage2 && bank.on() => {
                let vmid = bank.vmid(values.wide_vmids());
                let stages = self.stages(number, bank).filter(|stage| stage.config.is_some_and(|config| config.on()));
                stages.map(|stage| Route::Tables(Box::new(self.way(None, vec![Stage { vmid, ..stage }], Vec::new())))).collect()
            }
            0 if features.stage2 => vec![Route::Through],
            3 if features.nested => self.nested(number, bank, values, window),
            _ => Vec::new(),
        };
        for route in &mut routes {
            if let Route::Tables(way) = route {
                way.privileged = privileged;
            }
        }
        routes
    }

    /// A bank's registers, and those that caches may have of it.
    fn stages<'a>(&'a self, number: usize, now: &Config) -> impl Iterator<Item = Stage> + 'a {
        let wide = self.now.wide_vmids();
        let stage =
            move |config: &Config, until| Stage { config: Some(*config), until, vmid: config.vmid(wide), in_first: false };
        let olds = self.configs[number].iter().map(move |old| stage(&old.values, Some(old.until)));
        [stage(now, None)].into_iter().chain(olds)
    }

    fn way(&self, first: Option<Stage>, results: Vec<Stage>, walks: Vec<Stage>) -> Way {
        Way { first, results, walks, privileged: None, params: self.params }
    }

    /// The ways through stage 1 of a bank, and then one of these stages 2.
    fn ways(
        &self,
        number: usize,
        bank: &Config,
        wide_vmids: bool,
        nested: bool,
        results: &[Stage],
        walks: &[Stage],
    ) -> Vec<Route> {
        let of_now = bank.vmid(wide_vmids);
        let firsts = self.stages(number, bank).map(|stage| Stage { vmid: of_now, ..stage });
        let plain = [Stage { config: None, until: None, vmid: 0, in_first: false }];
        let (results, walks) = if nested { (results, walks) } else { (&plain[..], &plain[..]) };
        firsts.map(|first| Route::Tables(Box::new(self.way(Some(first), results.to_vec(), walks.to_vec())))).collect()
    }

    /// The ways through a bank of two stages. A walk reads the registers of its stage 2 later than those of its stage 1; and descriptors of
    /// stage 1 may be cached from when there was another stage 2, or none.
    fn nested(&self, number: usize, bank: &Config, values: &Values, window: &[&Values]) -> Vec<Route> {
        let behind = bank.behind();
        let Some(second) = values.banks.get(behind).filter(|second| second.config.kind() == 0) else { return Vec::new() };
        let off = |until, in_first| Stage { config: None, until, vmid: 0, in_first };
        let mut results = Vec::new();
        for values in window {
            let config = &values.banks[behind].config;
            if config.on() {
                let vmid = config.vmid(values.wide_vmids());
                results.push(Stage { config: Some(*config), until: None, vmid, in_first: false });
            } else {
                results.push(off(None, false));
            }
        }
        let olds: Vec<Stage> = self.stages(behind, &second.config).skip(1).collect();
        let is_on = |stage: &&Stage| stage.config.is_some_and(|config| config.on());
        let of_now = second.config.vmid(values.wide_vmids());
        results.extend(olds.iter().filter(is_on).map(|stage| Stage { vmid: of_now, ..*stage }));
        if !bank.on() {
            return results
                .into_iter()
                .map(|stage| {
                    if stage.config.is_some() {
                        Route::Tables(Box::new(self.way(None, vec![stage], Vec::new())))
                    } else {
                        Route::Through
                    }
                })
                .collect();
        }
        let mut walks = results.clone();
        walks.extend(olds.iter().filter(|stage| !is_on(stage)).map(|stage| off(stage.until, true)));
        for old in &self.configs[number] {
            let until = Some(old.until);
            match old.values.kind() {
                1 => walks.push(off(until, true)),
                3 if old.values.behind() != behind => {
                    let Some(other) = self.now.banks.get(old.values.behind()) else { continue };
                    let stages = self.stages(old.values.behind(), &other.config);
                    walks.extend(stages.map(|stage| Stage {
                        until,
                        in_first: true,
                        config: stage.config.filter(Config::on),
                        ..stage
                    }));
                }
                _ => {}
            }
        }
        self.ways(number, bank, values.wide_vmids(), true, &results, &walks)
    }

    /// States that nothing in flight can have seen are forgotten.
    pub(super) fn forget(&mut self, oldest: u64) {
        while self.past.front().is_some_and(|past| past.until < oldest) {
            self.past.pop_front();
        }
    }
}

impl Names {
    fn cover(&self, cached: &Cached, table: bool) -> bool {
        let in_page = |page: u64| ((cached.va >> 12 ^ page) & 0x1f_ffff_ffff) >> (cached.bits - 12) == 0;
        match *self {
            Names::Hyp(hyp) => (cached.vmid >> 16 == 1) == hyp,
            Names::Vmid(vmid) => vmid == cached.vmid,
            Names::Ipa { vmid, page, leaves_only } => {
                cached.second && vmid == cached.vmid && in_page(page) && !(leaves_only && table)
            }
            _ if cached.second => false,
            Names::VmidFirst(vmid) => vmid == cached.vmid,
            Names::Asid { vmid, asid } => vmid == cached.vmid && !cached.global && asid == cached.asid,
            Names::Page { vmid, asid, page, leaves_only } => {
                let same_asid = asid.is_none_or(|asid| cached.global || asid == cached.asid);
                vmid == cached.vmid && in_page(page) && same_asid && !(leaves_only && table)
            }
        }
    }
}
