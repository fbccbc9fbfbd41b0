//! What a step does: register writes, descriptors, bursts.

use super::execute::Run;
use super::layout::{self, frame, Forest, STREAMS};
use super::program::*;
use crate::axi::burst::{FIXED, INCR, PAGE, WRAP};
use crate::axi::master;
use crate::axi::pause::Dice;
use crate::bench::Bench;
use smmu_rtl::params::Params;
use smmu_rtl::registers::{self as regs, RegId};
use smmu_sim::dut::AddrBeat;

const VALID: u64 = 1;
const TABLE: u64 = 2;
const ADDRESS: u64 = 0xffff_ffff_f000;

/// What a run knows about the set-up that it made, so that bursts find their tables. It is not compared with anything.
pub(super) struct Machine {
    params: Params,
    /// Stream and bank of each group.
    groups: Vec<Option<(u8, u8)>>,
    /// Trees of each bank.
    trees: Vec<(u8, u8)>,
    /// ASID and VMID of each bank.
    tags: Vec<(u16, u8)>,
    /// The last register value that was read.
    pub last_value: u64,
}

impl Machine {
    pub(super) fn new(params: &Params) -> Self {
        Machine {
            params: *params,
            groups: vec![None; params.num_smr],
            trees: vec![(0, 0); params.num_cb],
            tags: vec![(0, 0); params.num_cb],
            last_value: 0,
        }
    }

    pub(super) fn reset(&mut self) {
        *self = Machine::new(&self.params);
    }

    fn bank(&self, bank: u8) -> usize {
        bank as usize % self.params.num_cb
    }

    pub(super) fn sync_status(&self, bank: Option<u8>) -> u32 {
        match bank {
            Some(bank) => regs::CB_TLBSTATUS.offset(&self.params, self.bank(bank)),
            None => regs::STLBGSTATUS.offset(&self.params, 0),
        }
    }

    /// The bank that a stream was last mapped to.
    fn own_bank(&self, stream: u8) -> usize {
        let bank = self.groups.iter().flatten().find(|(of, _)| *of == stream).map_or(0, |(_, bank)| *bank);
        self.bank(bank)
    }

    /// The tree that a stream's bank was last set up with.
    fn own_tree(&self, stream: u8, upper: bool) -> u8 {
        let (lower, high) = self.trees[self.own_bank(stream)];
        if upper {
            high
        } else {
            lower
        }
    }
}

impl Run<'_> {
    /// Does what is done at once or only queued.
    pub(super) fn act(&mut self, step: &Step, number: usize) {
        match step {
            Step::Bank(bank) => self.bank(bank),
            Step::Adjust(adjust) => self.adjust(adjust),
            Step::Stream(stream) => self.stream(stream),
            Step::Global(global) => self.global(global),
            Step::Map(map) => self.map(map),
            Step::Table(table) => self.table(table),
            Step::Word { at, level, value } => self.put(*at, *level, *value),
            Step::Burst(burst) => self.burst(burst, number),
            Step::Invalidate(invalidate) => self.invalidate(invalidate),
            Step::Read { offset, bytes } => self.bench.mmio_post_read(*offset, *bytes),
            Step::Write { offset, data, strobes } => self.bench.control().post_strobed(*offset, *data, *strobes),
            Step::Fault { bank, read, clear } => self.fault(*bank, *read, *clear),
            Step::Errors { place, reads, writes } => self.errors(*place, *reads, *writes),
            Step::NoErrors => self.bench.memory().clear_errors(),
            Step::Latency { data, walk } => {
                self.bench.slaves().for_each(|slave| slave.options_mut().latency = *data);
                self.bench.walk_slave().options_mut().latency = *walk;
            }
            Step::Pauses { port, pauses } => match port {
                Port::Client => self.bench.all_ports().for_each(|port| port.options_mut().pauses = *pauses),
                Port::Downstream => self.bench.slaves().for_each(|slave| slave.options_mut().pauses = *pauses),
                Port::Walk => self.bench.walk_slave().options_mut().pauses = *pauses,
            },
            // These take time: the run does them itself.
            Step::Move(_) | Step::Sync { .. } | Step::Hold { .. } | Step::Drain | Step::Wait | Step::Reset => {}
        }
    }

    fn write(&mut self, id: RegId, index: usize, value: u64) {
        let offset = id.offset(self.bench.params(), index);
        self.bench.mmio_post_write(offset, value, id.register().width / 8);
    }

    fn bank(&mut self, b: &Bank) {
        let n = self.machine.bank(b.bank);
        self.machine.trees[n] = b.trees;
        self.machine.tags[n] = (b.asid, b.vmid);
        let (lower, upper) = (self.forest.tree(b.trees.0), self.forest.tree(b.trees.1));
        let epd = u32::from(b.epd.0) << 7 | u32::from(b.epd.1) << 23;
        let sizes = u32::from(lower.size) | u32::from(upper.size) << 16;
        let granules = lower.granule_code(false) << 14 | upper.granule_code(true) << 30;
        let tcr = (sizes | granules | epd | u32::from(b.a1) << 22) ^ b.odd_tcr;
        // Both have an ASID, of which TCR.A1 chooses one.
        let ttbr = |tree, asid: u16| self.forest.root(tree) | u64::from(asid) << 48 | b.odd_ttbr;
        let (ttbr0, ttbr1) = (ttbr(b.trees.0, b.asid), ttbr(b.trees.1, if b.a1 { b.asid } else { b.asid ^ 1 }));
        self.write(regs::CBAR, n, u64::from(b.vmid) | u64::from(b.hyp) << 10 | u64::from(b.kind & 3) << 16);
        self.write(regs::CBA2R, n, b.va64.into());
        self.write(regs::CB_TCR2, n, tcr2(b.pa_size, b.sep, b.wide_asid));
        self.write(regs::CB_TCR, n, tcr.into());
        self.write(regs::CB_TTBR0, n, ttbr0);
        self.write(regs::CB_TTBR1, n, ttbr1);
        self.write(regs::CB_SCTLR, n, b.sctlr.into());
    }

    fn adjust(&mut self, adjust: &Adjust) {
        match *adjust {
            Adjust::Sctlr { bank, value } => self.write(regs::CB_SCTLR, self.machine.bank(bank), value.into()),
            Adjust::Ttbr { bank, upper, tree, asid } => {
                let n = self.machine.bank(bank);
                let trees = &mut self.machine.trees[n];
                *(if upper { &mut trees.1 } else { &mut trees.0 }) = tree;
                let value = self.forest.root(tree) | u64::from(asid) << 48;
                self.write(if upper { regs::CB_TTBR1 } else { regs::CB_TTBR0 }, n, value);
            }
            Adjust::Tcr2 { bank, pa_size, sep, wide_asid } => {
                self.write(regs::CB_TCR2, self.machine.bank(bank), tcr2(pa_size, sep, wide_asid));
            }
            Adjust::Cbar { bank, kind, vmid, hyp } => {
                let value = u64::from(vmid) | u64::from(hyp) << 10 | u64::from(kind & 3) << 16;
                self.write(regs::CBAR, self.machine.bank(bank), value);
            }
            Adjust::Cba2r { bank, va64 } => self.write(regs::CBA2R, self.machine.bank(bank), va64.into()),
        }
    }

    fn stream(&mut self, s: &Stream) {
        let group = s.group as usize % self.machine.groups.len();
        let stream = s.stream % STREAMS.len() as u8;
        self.machine.groups[group] = s.valid.then_some((stream, s.bank));
        let id = STREAMS[stream as usize];
        self.write(regs::S2CR, group, u64::from(s.bank) | u64::from(s.kind & 3) << 16);
        self.write(regs::SMR, group, u64::from(id) | u64::from(s.mask & 0x7fff) << 16 | u64::from(s.valid) << 31);
    }

    fn global(&mut self, g: &Global) {
        let bits = [(g.client_off, 0), (g.report, 1), (g.interrupt, 2), (g.unmatched_fault, 10), (g.conflict_fault, 21)];
        let value = bits.iter().fold(0, |value, (set, bit)| value | u64::from(*set) << bit);
        self.write(regs::SCR0, 0, value);
    }

    /// Writes a descriptor, if there is room for the tables that lead to it.
    fn put(&mut self, at: Spot, level: u8, value: u64) {
        if let Some(slot) = self.forest.slot(self.bench.memory(), at, level) {
            store(&mut self.bench, slot, value);
        }
    }

    fn map(&mut self, m: &Map) {
        let tree = self.forest.tree(m.at.tree);
        let level = tree.leaf_level(m.level);
        let kind = if level == 3 { VALID | TABLE } else { VALID };
        let output = frame(m.frame, tree.entry_bits(level)) & ADDRESS;
        self.put(m.at, level as u8, (output | m.bits & !3) ^ kind ^ u64::from(m.invalid));
    }

    fn table(&mut self, t: &Table) {
        let tree = self.forest.tree(t.at.tree);
        let level = t.level.max(tree.start_level() as u8).min(2);
        let Some(slot) = self.forest.slot(self.bench.memory(), t.at, level) else { return };
        let now = self.bench.memory().read_u64(slot).unwrap_or_default();
        let is_table = now & 3 == VALID | TABLE;
        let target = match t.to {
            TableTarget::Same if is_table => Some(now & ADDRESS),
            TableTarget::Same | TableTarget::New => self.forest.grow(t.at.tree),
            TableTarget::Other { tree } => self.other_table(tree, t.at, level),
            TableTarget::Hole => Some(layout::HOLE),
            TableTarget::Beyond => Some(layout::BEYOND | now & ADDRESS),
            TableTarget::Nothing => return store(&mut self.bench, slot, 0),
        };
        if let Some(target) = target {
            store(&mut self.bench, slot, target | t.bits & !3 | VALID | TABLE);
        }
    }

    /// The table of the next level that another tree has at the same spot.
    fn other_table(&mut self, tree: u8, at: Spot, level: u8) -> Option<u64> {
        let slot = self.forest.slot(self.bench.memory(), Spot { tree, ..at }, level + 1)?;
        let granule = self.forest.tree(tree).granule.clamp(12, 16);
        Some(slot & !((1 << granule) - 1))
    }

    fn burst(&mut self, b: &Burst, number: usize) {
        let stream = b.stream % STREAMS.len() as u8;
        let addr = self.address(&b.place, stream);
        let port = b.port as usize % self.bench.params().tbus;
        let bus = self.bench.port(port).bus_bytes();
        let mut a = AddrBeat {
            id: b.id.into(),
            addr,
            len: b.len,
            size: b.size & 7,
            burst: b.kind & 3,
            lock: b.extras & 1 == 1,
            cache: (b.extras >> 1 & 15) as u8,
            prot: b.prot & 7,
            qos: (b.extras >> 5 & 15) as u8,
            region: (b.extras >> 9 & 15) as u8,
            user: STREAMS[stream as usize],
        };
        shape(&mut a, bus, b.fit);
        let burst = master::Burst { addr: a, data: None };
        let burst = if b.write { self.with_data(burst, bus, b.sparse, number) } else { burst };
        self.bench.port(port).start(burst);
    }

    /// Data that follows from the program's seed and the step's number alone.
    fn with_data(&self, burst: master::Burst, bus: usize, sparse: bool, number: usize) -> master::Burst {
        let mut dice = Dice::new(self.seed(), 1000 + number as u64);
        let words: Vec<u128> = (0..256).map(|_| u128::from(dice.word()) << 64 | u128::from(dice.word())).collect();
        let mut burst = burst.into_write(bus, |n| words[n]);
        if sparse {
            for beat in burst.data.iter_mut().flatten() {
                beat.strb &= dice.word() as u16;
                beat.data &= master::strobe_mask(beat.strb);
            }
        }
        burst
    }

    fn address(&self, place: &Place, stream: u8) -> u64 {
        let of =
            |forest: &Forest, tree, spot, upper, offset: u16| forest.tree(tree).address(spot, upper) + u64::from(offset & 0xfff);
        match *place {
            Place::Own { upper, spot, offset } => of(&self.forest, self.machine.own_tree(stream, upper), spot, upper, offset),
            Place::At { at, upper, offset } => of(&self.forest, at.tree, at.spot, upper, offset),
            Place::Frame { frame: n, offset } => frame(n, 12) + u64::from(offset & 0xfff),
            Place::Raw { addr } => addr & ((1 << 49) - 1),
        }
    }

    /// Writes a leaf and its invalidation. The bank that it concerns, none for a global one.
    pub(super) fn move_page(&mut self, m: &Move) -> Option<u8> {
        use InvalidateKind::*;
        let stream = m.stream % STREAMS.len() as u8;
        let (bank, tree) = (self.machine.own_bank(stream), self.machine.own_tree(stream, m.upper));
        let at = Spot { tree, spot: m.spot };
        self.map(&Map { at, level: m.level, frame: m.frame, bits: m.bits, invalid: false });
        let (asid, vmid) = self.machine.tags[bank];
        let by_vmid = matches!(m.kind, Vmid | VmidS1);
        let tag = if by_vmid { vmid.into() } else { asid };
        let other = Spot { spot: m.spot.wrapping_add(10) % layout::SPOTS, ..at };
        let (tag, at) = if m.named { (tag, at) } else { (tag ^ 1, other) };
        self.invalidate(&Invalidate { kind: m.kind, bank: bank as u8, tag, at, upper: m.upper, halves: false });
        let global = by_vmid || matches!(m.kind, AllNsnh | AllH | VaH | VaH64 | ValH64);
        (!global).then_some(bank as u8)
    }

    fn invalidate(&mut self, i: &Invalidate) {
        use InvalidateKind::*;
        let bank = self.machine.bank(i.bank);
        let va = self.forest.tree(i.at.tree).address(i.at.spot, i.upper);
        let page = va >> 12 | if va >> 48 & 1 == 1 { 0xfff_e000_0000 } else { 0 };
        let tagged = page & 0xfff_ffff_ffff | u64::from(i.tag) << 48;
        let (id, index, value) = match i.kind {
            Va => (regs::CB_TLBIVA, bank, tagged),
            Val => (regs::CB_TLBIVAL, bank, tagged),
            Vaa => (regs::CB_TLBIVAA, bank, page),
            Vaal => (regs::CB_TLBIVAAL, bank, page),
            Asid => (regs::CB_TLBIASID, bank, i.tag.into()),
            All => (regs::CB_TLBIALL, bank, 0),
            Vmid => (regs::TLBIVMID, 0, u64::from(i.tag & 0xff)),
            VmidS1 => (regs::TLBIVMIDS1, 0, u64::from(i.tag & 0xff)),
            AllNsnh => (regs::TLBIALLNSNH, 0, 0),
            AllH => (regs::TLBIALLH, 0, 0),
            VaH64 => (regs::TLBIVAH64, 0, page),
            ValH64 => (regs::TLBIVALH64, 0, page),
            VaH => (regs::TLBIVAH, 0, va & 0xffff_f000),
        };
        if i.halves && id.register().width == 64 {
            let offset = id.offset(self.bench.params(), index);
            self.bench.mmio_post_write(offset + 4, value >> 32, 4);
            self.bench.mmio_post_write(offset, value & 0xffff_ffff, 4);
        } else {
            self.write(id, index, value);
        }
    }

    pub(super) fn post_sync(&mut self, bank: Option<u8>) {
        match bank {
            Some(bank) => self.write(regs::CB_TLBSYNC, self.machine.bank(bank), 0),
            None => self.write(regs::STLBGSYNC, 0, 0),
        }
    }

    fn fault(&mut self, bank: Option<u8>, read: bool, clear: bool) {
        let params = *self.bench.params();
        let bank = bank.map(|bank| self.machine.bank(bank));
        if read {
            let of_bank = [regs::CB_FSR, regs::CB_FAR, regs::CB_FSYNR0, regs::CBFRSYNRA];
            let global = [regs::SGFSR, regs::SGFAR, regs::SGFSYNR0, regs::SGFSYNR1];
            for id in if bank.is_some() { of_bank } else { global } {
                self.bench.mmio_post_read(id.offset(&params, bank.unwrap_or(0)), id.register().width / 8);
            }
        }
        if clear {
            self.write(if bank.is_some() { regs::CB_FSR } else { regs::SGFSR }, bank.unwrap_or(0), 0xffff_ffff);
        }
    }

    /// Reads every fault record.
    pub(super) fn post_all_records(&mut self) {
        for bank in 0..self.bench.params().num_cb as u8 {
            self.fault(Some(bank), true, false);
        }
        self.fault(None, true, false);
    }

    fn errors(&mut self, place: ErrorPlace, reads: bool, writes: bool) {
        match place {
            // Wherever a page of that frame may be, for each size of page.
            ErrorPlace::Frame { frame: n, first, lines } => {
                for bits in [12, 14, 16] {
                    let start = frame(n, bits) + 64 * u64::from(first & 63);
                    self.bench.memory().inject_errors(start..start + 64 * u64::from(lines), reads, writes);
                }
            }
            ErrorPlace::Descriptor { at, level } => {
                let Some(slot) = self.forest.slot(self.bench.memory(), at, level) else { return };
                self.bench.memory().inject_errors(slot..slot + 8, reads, writes);
            }
        }
    }
}

fn tcr2(pa_size: u8, sep: u8, wide_asid: bool) -> u64 {
    u64::from(pa_size & 7) | u64::from(wide_asid) << 4 | u64::from(sep & 7) << 15
}

/// Puts a word into the tables' memory, which is there.
fn store(bench: &mut Bench, addr: u64, value: u64) {
    // A slot that another tree's odd descriptor led to may be anywhere: where nothing is, nothing is written.
    let _ = bench.memory().write_u64(addr, value);
}

/// Makes the shape one that a client may send: whole, if `fit`; otherwise at least none that AXI forbids and the SMMU lets through
/// (FIXED of more than 16 beats, WRAP from an unaligned address).
fn shape(a: &mut AddrBeat, bus: usize, fit: bool) {
    if fit {
        a.size = a.size.min(bus.trailing_zeros() as u8);
        if a.burst > WRAP {
            a.burst = INCR;
        }
        if a.burst == WRAP {
            a.len = [1, 3, 7, 15][a.len as usize % 4];
        }
    }
    let bytes = 1u64 << a.size;
    match a.burst {
        FIXED => a.len &= 15,
        WRAP => a.addr &= !(bytes - 1),
        INCR if fit => {
            let room = (PAGE - ((a.addr % PAGE) & !(bytes - 1))) / bytes;
            a.len = a.len.min((room - 1).min(255) as u8);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axi::burst;

    #[test]
    fn a_fitted_burst_is_legal_and_any_other_at_least_harmless() {
        let mut dice = Dice::new(3, 0);
        for _ in 0..20_000 {
            let word = dice.word();
            for fit in [true, false] {
                let mut a = AddrBeat {
                    addr: word & 0x1_ffff,
                    len: (word >> 20) as u8,
                    size: (word >> 30 & 7) as u8,
                    burst: (word >> 33 & 3) as u8,
                    ..AddrBeat::default()
                };
                shape(&mut a, 8, fit);
                let refused = burst::leaves_page(&a, 8);
                assert!(!fit || !refused, "{a:x?}");
                let legal = match a.burst {
                    FIXED => a.len < 16,
                    WRAP => a.addr.is_multiple_of(burst::beat_bytes(&a)),
                    _ => true,
                };
                assert!(refused || legal, "{a:x?}");
            }
        }
    }
}
