//! What a step does: register writes, descriptors, bursts.

use super::attributes;
use super::beside;
use super::execute::Run;
use super::forest::Forest;
use super::layout::{self, frame, STREAMS};
use super::program::*;
use crate::axi::burst::{FIXED, INCR, PAGE, WRAP};
use crate::axi::master;
use crate::axi::pause::Dice;
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
    /// The bank of stage 2 that each bank was last set up with.
    seconds: Vec<Option<u8>>,
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
            seconds: vec![None; params.num_cb],
            last_value: 0,
        }
    }

    pub(super) fn reset(&mut self) {
        *self = Machine::new(&self.params);
    }

    pub(super) fn bank(&self, bank: u8) -> usize {
        bank as usize % self.params.num_cb
    }

    pub(super) fn sync_status(&self, bank: Option<u8>) -> u32 {
        match bank {
            Some(bank) => regs::CB_TLBSTATUS.offset(&self.params, self.bank(bank)),
            None => regs::STLBGSTATUS.offset(&self.params, 0),
        }
    }

    /// Trees that a bank was last set up with: of TTBR0 and of TTBR1.
    pub(super) fn trees_of(&self, bank: usize) -> (u8, u8) {
        self.trees[bank]
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
            Step::Cover(cover) => self.cover(cover),
            Step::Word { at, level, value } => self.put(*at, *level, *value),
            Step::Burst(burst) => self.burst(burst, number),
            Step::Invalidate(invalidate) => self.invalidate(invalidate),
            Step::Read { offset, bytes } => self.bench.mmio_post_read(*offset, *bytes),
            Step::Write { offset, data, strobes } => {
                if beside::disturbs(self.bench.params(), *offset) {
                    self.counting = None;
                }
                self.bench.control().post_strobed(*offset, *data, *strobes);
            }
            Step::Fault { bank, read, clear } => self.fault(*bank, *read, *clear),
            Step::Resume { bank, terminate } => self.resume(*bank, *terminate),
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
            Step::Move(_)
            | Step::Serve(_)
            | Step::Sync { .. }
            | Step::Hold { .. }
            | Step::Drain
            | Step::Wait
            | Step::Reset
            | Step::Operation(_)
            | Step::Count(_) => {}
        }
    }

    pub(super) fn write(&mut self, id: RegId, index: usize, value: u64) {
        let params = self.bench.params();
        let offset = id.offset(params, index);
        let value = if params.features.attributes { attributes::dressed(id, index, value) } else { value };
        self.bench.mmio_post_write(offset, value, id.register().width / 8);
    }

    fn bank(&mut self, b: &Bank) {
        let n = self.machine.bank(b.bank);
        let lower = self.forest.tree(b.trees.0);
        // Both regions of a bank have one format.
        let trees = if self.forest.tree(b.trees.1).goes_with(lower) { b.trees } else { (b.trees.0, b.trees.0) };
        let upper = self.forest.tree(trees.1);
        self.machine.trees[n] = trees;
        self.machine.tags[n] = (b.asid, b.vmid);
        self.machine.seconds[n] = (b.kind & 3 == 3).then_some(b.second);
        let epd = |first: u32, second: u32| u32::from(b.epd.0) << first | u32::from(b.epd.1) << second;
        let tcr = match lower.form {
            Form::Usual => {
                let sizes = u32::from(lower.size) | u32::from(upper.size) << 16;
                let granules = lower.granule_code(false) << 14 | upper.granule_code(true) << 30;
                sizes | granules | epd(7, 23) | u32::from(b.a1) << 22
            }
            Form::Second { .. } => {
                let size = 64 - lower.input_bits();
                size | lower.sl0() << 6 | lower.granule_code(false) << 14 | u32::from(b.pa_size & 7) << 16
            }
            Form::LongSecond { .. } => 32u32.wrapping_sub(lower.input_bits()) & 15 | lower.sl0() << 6,
            Form::Long => {
                let sizes = (32 - lower.input_bits()) | (32 - upper.input_bits()) << 16;
                1 << 31 | sizes | epd(7, 23) | u32::from(b.a1) << 22
            }
            Form::Short => (32 - lower.input_bits()) | epd(4, 5),
        };
        // Both have an ASID, of which TCR.A1 chooses one.
        let ttbr = |tree, asid: u16| self.forest.root(tree) | u64::from(asid) << 48 | b.odd_ttbr;
        let (ttbr0, ttbr1) = (ttbr(trees.0, b.asid), ttbr(trees.1, if b.a1 { b.asid } else { b.asid ^ 1 }));
        let cbar = self.cbar(b.vmid, b.hyp, b.kind, b.second);
        self.write(regs::CBAR, n, cbar);
        self.write(regs::CBA2R, n, self.cba2r(n, b.va64 == lower.is_wide()));
        self.write(regs::CB_TCR2, n, tcr2(b.pa_size, b.sep, b.wide_asid));
        self.write(regs::CB_TCR, n, (tcr ^ b.odd_tcr).into());
        self.write(regs::CB_TTBR0, n, ttbr0);
        self.write(regs::CB_TTBR1, n, ttbr1);
        if lower.is_short() {
            self.write(regs::CB_CONTEXTIDR, n, b.asid.into());
        }
        if self.bench.params().features.attributes {
            self.write(regs::CB_MAIR0, n, attributes::mair(n, b.asid));
            self.write(regs::CB_MAIR1, n, attributes::mair(n, !b.asid));
        }
        self.write(regs::CB_SCTLR, n, (b.sctlr ^ big(lower)).into());
    }

    fn cba2r(&self, bank: usize, va64: bool) -> u64 {
        let vmid = attributes::wide_vmid(self.bench.params(), self.machine.tags[bank].1.into());
        let there = self.bench.params().features.vmid16;
        u64::from(va64) | if there { vmid << 16 } else { 0 }
    }

    fn cbar(&self, vmid: u8, hyp: bool, kind: u8, second: u8) -> u64 {
        let nested = self.bench.params().features.nested && kind & 3 == 3;
        let of_kind = if nested { u64::from(second) << 8 } else { u64::from(hyp) << 10 };
        u64::from(vmid) | of_kind | u64::from(kind & 3) << 16
    }

    fn adjust(&mut self, adjust: &Adjust) {
        match *adjust {
            Adjust::Sctlr { bank, value } => {
                let n = self.machine.bank(bank);
                let value = value ^ big(self.forest.tree(self.machine.trees[n].0));
                self.write(regs::CB_SCTLR, n, value.into());
            }
            Adjust::Ttbr { bank, upper, tree, asid } => {
                let n = self.machine.bank(bank);
                let lower = self.forest.tree(self.machine.trees[n].0);
                let trees = &mut self.machine.trees[n];
                let place = if upper { &mut trees.1 } else { &mut trees.0 };
                if self.forest.tree(tree).goes_with(lower) {
                    *place = tree;
                }
                let value = self.forest.root(*place) | u64::from(asid) << 48;
                self.write(if upper { regs::CB_TTBR1 } else { regs::CB_TTBR0 }, n, value);
            }
            Adjust::Tcr2 { bank, pa_size, sep, wide_asid } => {
                self.write(regs::CB_TCR2, self.machine.bank(bank), tcr2(pa_size, sep, wide_asid));
            }
            Adjust::Cbar { bank, kind, vmid, hyp, second } => {
                let value = self.cbar(vmid, hyp, kind, second);
                let n = self.machine.bank(bank);
                self.machine.seconds[n] = (kind & 3 == 3).then_some(second);
                self.write(regs::CBAR, n, value);
            }
            Adjust::Cba2r { bank, va64 } => {
                let n = self.machine.bank(bank);
                let wide = self.forest.tree(self.machine.trees[n].0).is_wide();
                self.write(regs::CBA2R, n, self.cba2r(n, va64 == wide));
            }
        }
    }

    fn stream(&mut self, s: &Stream) {
        let group = s.group as usize % self.machine.groups.len();
        let stream = s.stream % STREAMS.len() as u8;
        self.machine.groups[group] = s.valid.then_some((stream, s.bank));
        let id = STREAMS[stream as usize];
        let extended = self.bench.params().features.exids && s.valid;
        self.write(regs::S2CR, group, u64::from(s.bank) | u64::from(extended) << 10 | u64::from(s.kind & 3) << 16);
        self.write(regs::SMR, group, u64::from(id) | u64::from(s.mask & 0x7fff) << 16 | u64::from(s.valid) << 31);
    }

    fn global(&mut self, g: &Global) {
        let bits = [(g.client_off, 0), (g.report, 1), (g.interrupt, 2), (g.unmatched_fault, 10), (g.conflict_fault, 21)];
        let value = bits.iter().fold(0, |value, (set, bit)| value | u64::from(*set) << bit);
        let ids = attributes::ids(self.bench.params(), self.seed(), value);
        self.write(regs::SCR0, 0, value | ids);
    }

    /// Writes a descriptor, if there is room for the tables that lead to it.
    fn put(&mut self, at: Spot, level: u8, value: u64) {
        if let Some(slot) = self.forest.slot(self.bench.memory(), at, level) {
            let _ = self.forest.write(self.bench.memory(), at.tree, slot, value, level);
        }
    }

    /// Writes a page for everybody at any address of a tree.
    pub(super) fn put_page(&mut self, number: u8, addr: u64, output: u64) {
        const EVERYBODY: u64 = 0x0c40;
        let tree = self.forest.tree(number);
        let value = if tree.is_short() {
            let at = Spot { tree: number, spot: 0 };
            short_leaf(3, output, &Map { at, level: 3, frame: 0, bits: EVERYBODY, invalid: false }).into()
        } else {
            output & ADDRESS | leaf_bits(tree, EVERYBODY) | VALID | TABLE
        };
        if let Some(slot) = self.forest.slot_of(self.bench.memory(), number, addr, 3) {
            let _ = self.forest.write(self.bench.memory(), number, slot, value, 3);
        }
    }

    fn map(&mut self, m: &Map) {
        let tree = self.forest.tree(m.at.tree);
        if tree.is_short() {
            return self.put(m.at, m.level, short_leaf(m.level & 3, frame(m.frame, tree.entry_bits(m.level.into())), m).into());
        }
        let level = tree.leaf_level(m.level);
        let kind = if level == 3 { VALID | TABLE } else { VALID };
        let bits = tree.entry_bits(level);
        let output = match tree.spot(m.at.spot) {
            // Where tables of stage 1 lie they stay, or another tree's come instead.
            ipa if tree.is_second() && (13..=15).contains(&(m.at.spot % layout::SPOTS)) => {
                let arena = if m.frame < 56 { 0 } else { layout::ARENA * u64::from(m.frame & 3) };
                let tables = if ipa >= layout::ALIAS { ipa - layout::ALIAS + layout::TABLES } else { ipa };
                (tables ^ arena) & !((1 << bits) - 1)
            }
            _ => frame(m.frame, bits),
        };
        let value = (output & ADDRESS | leaf_bits(tree, m.bits)) ^ kind ^ u64::from(m.invalid);
        self.put(m.at, level as u8, value);
    }

    fn cover(&mut self, c: &Cover) {
        let tree = self.forest.tree(c.tree);
        if !tree.is_second() {
            return;
        }
        let level = tree.leaf_level(c.level);
        let bits = tree.entry_bits(level);
        let (from, bytes, to) = match c.window % 3 {
            0 => (layout::TABLES, layout::ARENA * layout::MAX_TREES as u64, layout::TABLES),
            1 => (layout::ALIAS, layout::ARENA * layout::MAX_TREES as u64, layout::TABLES),
            _ => (layout::DATA, layout::DATA_BYTES, layout::DATA),
        };
        let leaves = (bytes >> bits).max(1);
        let swap = if c.window % 3 == 2 { u64::from(c.swap) % leaves } else { 0 };
        let kind = if level == 3 { VALID | TABLE } else { VALID };
        for n in 0..leaves {
            let (ipa, other) = (from + (n << bits), n ^ swap);
            let output = to + (if other < leaves { other << bits } else { n << bits });
            if ipa >> tree.input_bits() != 0 {
                return;
            }
            let Some(slot) = self.forest.slot_of(self.bench.memory(), c.tree, ipa, level as u8) else { return };
            let value = output & !((1 << bits) - 1) | leaf_bits(tree, c.bits) & !ADDRESS | kind;
            let _ = self.forest.write(self.bench.memory(), c.tree, slot, value, level as u8);
        }
    }

    fn table(&mut self, t: &Table) {
        let tree = self.forest.tree(t.at.tree);
        let last = if tree.is_short() { 1 } else { 2 };
        let level = t.level.max(tree.start_level() as u8).min(last);
        let Some(slot) = self.forest.slot(self.bench.memory(), t.at, level) else { return };
        let now = self.forest.read(self.bench.memory(), t.at.tree, slot).unwrap_or_default();
        let (kind, address, bits) = if tree.is_short() {
            (VALID, 0xffff_fc00, t.bits >> 57 & 4 | t.bits & 0x3f8)
        } else {
            (VALID | TABLE, ADDRESS, t.bits & !3)
        };
        let target = match t.to {
            TableTarget::Same if now & 3 == kind => Some(now & address),
            TableTarget::Same | TableTarget::New => self.forest.grow(t.at.tree).map(|new| self.forest.named(t.at.tree, new)),
            TableTarget::Other { tree } => self.other_table(tree, t.at, level),
            TableTarget::Hole => Some(layout::HOLE),
            TableTarget::Beyond if tree.is_short() => Some(layout::HOLE | now & address),
            TableTarget::Beyond => Some(layout::BEYOND | now & address),
            TableTarget::Nothing => None,
        };
        let value = match target {
            Some(target) => target | bits | kind,
            None if t.to == TableTarget::Nothing => 0,
            None => return,
        };
        let _ = self.forest.write(self.bench.memory(), t.at.tree, slot, value, level);
    }

    /// The table of the next level that another tree has at the same spot.
    fn other_table(&mut self, tree: u8, at: Spot, level: u8) -> Option<u64> {
        let (here, other) = (self.forest.tree(at.tree), self.forest.tree(tree));
        if !other.goes_with(here) {
            return None;
        }
        let next = if other.is_short() { 3 } else { level + 1 };
        let slot = self.forest.slot(self.bench.memory(), Spot { tree, ..at }, next)?;
        let table = if other.is_short() { slot & !0x3ff } else { slot & !((1 << other.granule_bits()) - 1) };
        Some(self.forest.named(at.tree, table))
    }

    fn burst(&mut self, b: &Burst, number: usize) {
        let stream = b.stream % STREAMS.len() as u8;
        let addr = self.address(&b.place, stream);
        // Tables are not for clients to write.
        let write = b.write && !self.tables_lie(&b.place, stream);
        let port = b.port as usize % self.bench.params().tbus;
        let bus = self.bench.port(port).bus_bytes();
        // The top bit of AxREGION is that of an extended StreamID, too.
        let extended = self.bench.params().features.exids;
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
            user: STREAMS[stream as usize] | if extended { u32::from(b.extras >> 12 & 1) << 15 } else { 0 },
        };
        shape(&mut a, bus, b.fit);
        let burst = master::Burst { addr: a, data: None };
        let burst = if write { self.with_data(burst, bus, b.sparse, number) } else { burst };
        self.bench.port(port).start(burst);
        if let Some(counting) = &mut self.counting {
            counting.burst(port, a.user, write);
        }
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

    /// In stage 2, the place is one where tables lie.
    fn tables_lie(&self, place: &Place, stream: u8) -> bool {
        let (tree, spot) = match *place {
            Place::Own { upper, spot, .. } => (self.machine.own_tree(stream, upper), spot),
            Place::At { at, .. } => (at.tree, at.spot),
            Place::Frame { .. } | Place::Raw { .. } => return false,
        };
        self.forest.tree(tree).is_second() && (13..=15).contains(&(spot % layout::SPOTS))
    }

    pub(super) fn address(&self, place: &Place, stream: u8) -> u64 {
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
        let own = self.machine.own_bank(stream);
        let behind = self.machine.seconds[own].map(|second| self.machine.bank(second));
        let (bank, tree) = match behind.filter(|_| m.second) {
            Some(second) => (second, self.machine.trees[second].0),
            None => (own, self.machine.own_tree(stream, m.upper)),
        };
        let at = Spot { tree, spot: m.spot };
        self.map(&Map { at, level: m.level, frame: m.frame, bits: m.bits, invalid: false });
        let (asid, vmid) = self.machine.tags[bank];
        let by_vmid = matches!(m.kind, Vmid | VmidS1);
        let tag = if by_vmid { vmid.into() } else { asid };
        let other = Spot { spot: m.spot.wrapping_add(10) % layout::SPOTS, ..at };
        let (tag, at) = if m.named { (tag, at) } else { (tag ^ 1, other) };
        self.invalidate(&Invalidate { kind: m.kind, bank: bank as u8, tag, at, upper: m.upper, halves: false });
        let by_ipa = matches!(m.kind, Ipas2 | Ipas2L);
        if by_ipa && behind.is_some() {
            // What was made of both stages goes by the stage-1 bank's VMID.
            let tag = self.machine.tags[own].1.into();
            let kind = if m.upper { Vmid } else { VmidS1 };
            self.invalidate(&Invalidate { kind, bank: own as u8, tag, at, upper: false, halves: false });
        }
        let global = by_vmid || by_ipa && behind.is_some() || matches!(m.kind, AllNsnh | AllH | VaH | VaH64 | ValH64);
        (!global).then_some(bank as u8)
    }

    fn invalidate(&mut self, i: &Invalidate) {
        use InvalidateKind::*;
        let bank = self.machine.bank(i.bank);
        let va = self.forest.tree(i.at.tree).address(i.at.spot, i.upper);
        // The payload of an AArch32 bank is one word.
        let narrow = !self.forest.tree(self.machine.trees[bank].0).is_wide();
        let page = va >> 12 | if va >> 48 & 1 == 1 { 0xfff_e000_0000 } else { 0 };
        let page = if narrow { va & 0xffff_f000 } else { page };
        let tagged = if narrow { page | u64::from(i.tag & 0xff) } else { page & 0xfff_ffff_ffff | u64::from(i.tag) << 48 };
        let ipa = va >> 12 & 0xf_ffff_ffff;
        let (id, index, value) = match i.kind {
            Va => (regs::CB_TLBIVA, bank, tagged),
            Val => (regs::CB_TLBIVAL, bank, tagged),
            Vaa => (regs::CB_TLBIVAA, bank, page),
            Vaal => (regs::CB_TLBIVAAL, bank, page),
            Ipas2 => (regs::CB_TLBIIPAS2, bank, ipa),
            Ipas2L => (regs::CB_TLBIIPAS2L, bank, ipa),
            Asid => (regs::CB_TLBIASID, bank, i.tag.into()),
            All => (regs::CB_TLBIALL, bank, 0),
            Vmid => (regs::TLBIVMID, 0, attributes::wide_vmid(self.bench.params(), u64::from(i.tag & 0xff))),
            VmidS1 => (regs::TLBIVMIDS1, 0, attributes::wide_vmid(self.bench.params(), u64::from(i.tag & 0xff))),
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
            let of_bank = [regs::CB_FSR, regs::CB_FAR, regs::CB_FSYNR0, regs::CBFRSYNRA, regs::CB_IPAFAR];
            let of_bank = if params.features.stage2 { &of_bank[..] } else { &of_bank[..4] };
            let global = [regs::SGFSR, regs::SGFAR, regs::SGFSYNR0, regs::SGFSYNR1];
            for &id in if bank.is_some() { of_bank } else { &global } {
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
                let slot = slot & !7;
                self.bench.memory().inject_errors(slot..slot + 8, reads, writes);
            }
        }
    }
}

fn tcr2(pa_size: u8, sep: u8, wide_asid: bool) -> u64 {
    u64::from(pa_size & 7) | u64::from(wide_asid) << 4 | u64::from(sep & 7) << 15
}

/// SCTLR.E of a bank with that tree.
fn big(tree: Tree) -> u32 {
    u32::from(tree.big) << 4
}

/// The bits of a leaf, drawn as those of stage 1, for this tree: in stage 2 what is usual gives all access to Normal memory.
fn leaf_bits(tree: Tree, bits: u64) -> u64 {
    const NORMAL_AND_WRITE: u64 = 0xf << 2 | 1 << 7;
    bits & !3 ^ if tree.is_second() { NORMAL_AND_WRITE } else { 0 }
}

/// A leaf of short descriptors with these attributes. 3: small page, 2: section, 1: supersection, 0: large page.
fn short_leaf(level: u8, output: u64, m: &Map) -> u32 {
    let bit = |n: u32| (m.bits >> n & 1) as u32;
    let noise = (m.bits >> 2 & 0xf | m.bits >> 4 & 0x30) as u32;
    let (read_only, user, flag, not_global, pxn, xn) = (bit(7), bit(6), bit(10), bit(11), bit(53), bit(54));
    let access = flag | user << 1;
    let (cb, tex) = ((noise & 3) << 2, noise >> 2 & 7);
    let output = output ^ m.bits & ADDRESS;
    let address = output as u32;
    let word = match level {
        0 => address & 0xffff_0000 | cb | access << 4 | read_only << 9 | not_global << 11 | tex << 12 | xn << 15 | 1,
        3 => address & 0xffff_f000 | cb | access << 4 | tex << 6 | read_only << 9 | not_global << 11 | xn | 2,
        _ => {
            let attributes = cb | xn << 4 | access << 10 | tex << 12 | read_only << 15 | not_global << 17 | pxn | 2;
            if level == 2 {
                address & 0xfff0_0000 | attributes
            } else {
                let above = (output >> 32 & 0xf) << 20 | (output >> 36 & 0xf) << 5;
                address & 0xff00_0000 | above as u32 | 1 << 18 | attributes
            }
        }
    };
    if m.invalid {
        word & !3
    } else {
        word
    }
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
