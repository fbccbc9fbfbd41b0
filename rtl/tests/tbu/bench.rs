//! Everything around the unit: a client, a memory, a control unit. Each pauses at random and checks what it sees.

use super::world::{Leaf, Outcome, Txn, World};
use smmu_rtl::params::MINI;
use smmu_rtl::prelude::*;
use smmu_rtl::tbu::Tbu;
use smmu_rtl::testing::Random;
use std::collections::{BTreeMap, VecDeque};

/// The unit under test.
pub type Dut = Tbu<8, 4, 4, 64, 8>;

/// How often (of 16 cycles) each party is willing.
#[derive(Clone, Copy, Debug)]
pub struct Knobs {
    pub ar: u64,
    pub aw: u64,
    pub w: u64,
    pub r_ready: u64,
    pub b_ready: u64,
    pub m_ar_ready: u64,
    pub m_aw_ready: u64,
    pub m_w_ready: u64,
    pub m_r: u64,
    pub m_b: u64,
    pub req_ready: u64,
    pub rsp: u64,
}

impl Knobs {
    /// Everyone always.
    pub const FAST: Knobs = Knobs {
        ar: 16,
        aw: 16,
        w: 16,
        r_ready: 16,
        b_ready: 16,
        m_ar_ready: 16,
        m_aw_ready: 16,
        m_w_ready: 16,
        m_r: 16,
        m_b: 16,
        req_ready: 16,
        rsp: 16,
    };

    /// A random mood for each party, sometimes hardly ever willing.
    pub fn random(random: &mut Random) -> Knobs {
        let mut mood = || random.pick(&[2, 4, 8, 12, 16, 16]);
        Knobs {
            ar: mood(),
            aw: mood(),
            w: mood(),
            r_ready: mood(),
            b_ready: mood(),
            m_ar_ready: mood(),
            m_aw_ready: mood(),
            m_w_ready: mood(),
            m_r: mood(),
            m_b: mood(),
            req_ready: mood(),
            rsp: mood(),
        }
    }
}

/// An invalidation of one page, by address.
#[derive(Clone, Copy, Debug)]
pub struct Tlbi {
    pub vmid: u64,
    pub vpn: u64,
}

/// A request that the control unit works on.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    pub write: bool,
    pub tag: u64,
    pub txn: Txn,
    pub leaf: Leaf,
    pub page: usize,
    /// Number of invalidations before it was accepted.
    pub stamp: u64,
}

/// A transaction that the client has issued and not finished.
#[derive(Clone, Copy, Debug)]
struct Pending {
    txn: Txn,
    /// The oldest state of its page that it may have met.
    floor: usize,
    /// Downstream has seen it.
    sent: bool,
    /// With this address.
    pa: u64,
    /// Downstream's (last) response is back in the unit.
    returned: bool,
    /// Beats of R that the client has.
    beats: u64,
    /// Last data beat sent (writes).
    fed: bool,
}

/// Counters of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    pub requests: [u64; 2],
    pub sent: [u64; 2],
    pub finished: [u64; 2],
    pub refused: [u64; 2],
}

#[derive(Clone, Copy, Debug)]
struct RBeat {
    txn: Txn,
    beat: u64,
}

pub struct Bench {
    pub dut: Box<Dut>,
    pub random: Random,
    pub world: World,
    pub knobs: Knobs,
    pub cycle: u64,
    pub stats: Stats,
    /// Cycles in which each transaction was accepted, and sent on.
    pub accepted: BTreeMap<u64, u64>,
    pub sent: BTreeMap<u64, u64>,
    /// For the next cycle.
    pub tlbi: Option<Tlbi>,
    pub drop_all: bool,
    pub flip: bool,
    /// Fill the micro TLB at all.
    pub fills: bool,
    pub requests: Vec<Request>,
    /// What the client has still to issue.
    pub reads: VecDeque<Txn>,
    pub writes: VecDeque<Txn>,
    next_serial: u64,
    stamp: u64,
    ar: Option<Txn>,
    aw: Option<Txn>,
    w: Option<(Txn, u64)>,
    w_queue: VecDeque<(Txn, u64)>,
    pending: [Vec<VecDeque<Pending>>; 2],
    write_order: VecDeque<u64>,
    error_burst: Option<u64>,
    // Memory.
    m_reads: Vec<VecDeque<RBeat>>,
    r: Option<RBeat>,
    m_aws: VecDeque<Txn>,
    m_burst: Vec<(u64, u64, bool)>,
    m_bursts: VecDeque<Vec<(u64, u64, bool)>>,
    m_done: Vec<VecDeque<Txn>>,
    b: Option<Txn>,
    rsp: Option<(Request, bool)>,
}

/// The data of a beat, and its strobes.
fn data_of(serial: u64, beat: u64) -> u64 {
    (serial << 32 | beat).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1
}

/// The memory's response to a transaction.
fn resp_of(serial: u64) -> u64 {
    [0, 0, 1, 2, 0, 3][serial as usize % 6]
}

impl Bench {
    /// A unit out of reset that accepts.
    pub fn new(seed: u64, world: World) -> Self {
        let mut dut = Box::new(Dut::new(&MINI));
        dut.connect_all();
        let ids = || vec![VecDeque::new(); 16];
        let mut bench = Bench {
            dut,
            random: Random::new(seed),
            world,
            knobs: Knobs::FAST,
            cycle: 0,
            stats: Stats::default(),
            accepted: BTreeMap::new(),
            sent: BTreeMap::new(),
            tlbi: None,
            drop_all: false,
            flip: false,
            fills: true,
            requests: Vec::new(),
            reads: VecDeque::new(),
            writes: VecDeque::new(),
            next_serial: 1,
            stamp: 0,
            ar: None,
            aw: None,
            w: None,
            w_queue: VecDeque::new(),
            pending: [ids(), ids()],
            write_order: VecDeque::new(),
            error_burst: None,
            m_reads: vec![VecDeque::new(); 16],
            r: None,
            m_aws: VecDeque::new(),
            m_burst: Vec::new(),
            m_bursts: VecDeque::new(),
            m_done: vec![VecDeque::new(); 16],
            b: None,
            rsp: None,
        };
        bench.dut.aresetn.next = false;
        for _ in 0..4 {
            bench.edge();
        }
        bench.dut.aresetn.next = true;
        for _ in 0..40 {
            bench.edge();
        }
        bench
    }

    fn edge(&mut self) {
        for level in [false, true, false] {
            self.dut.clock.next = level.into();
            assert!(simulate(&mut *self.dut, 200), "does not settle");
        }
    }

    /// Queues a transaction of the client; its serial number.
    pub fn issue(&mut self, mut t: Txn) -> u64 {
        t.serial = self.next_serial;
        self.next_serial += 1;
        if t.write {
            self.writes.push_back(t);
            self.w_queue.extend((0..=t.len).map(|beat| (t, beat)));
        } else {
            self.reads.push_back(t);
        }
        t.serial
    }

    /// Whether nothing is left to do anywhere.
    pub fn idle(&self) -> bool {
        self.reads.is_empty()
            && self.writes.is_empty()
            && self.ar.is_none()
            && self.aw.is_none()
            && self.pending.iter().flatten().all(VecDeque::is_empty)
    }

    /// Steps until idle.
    ///
    /// # Panics
    ///
    /// If that takes more than `limit` cycles.
    pub fn finish(&mut self, limit: u64) {
        let end = self.cycle + limit;
        while !self.idle() {
            assert!(self.cycle < end, "not finished after {limit} cycles: {:?}", self.pending);
            self.step();
        }
    }

    fn chance(&mut self, of_16: u64) -> bool {
        self.random.chance(of_16, 16)
    }

    /// One cycle.
    pub fn step(&mut self) {
        let k = self.knobs;
        // Offers stand until they are taken.
        if self.ar.is_none() && self.chance(k.ar) {
            self.ar = self.reads.pop_front();
        }
        if self.aw.is_none() && self.chance(k.aw) {
            self.aw = self.writes.pop_front();
        }
        if self.w.is_none() && self.chance(k.w) {
            self.w = self.w_queue.pop_front();
        }
        if self.r.is_none() && self.chance(k.m_r) {
            let id = self.random.below(16) as usize;
            let first = (0..16).map(|n| (id + n) % 16).find(|&i| !self.m_reads[i].is_empty());
            self.r = first.and_then(|i| self.m_reads[i].pop_front());
        }
        if self.b.is_none() && self.chance(k.m_b) {
            let id = self.random.below(16) as usize;
            let first = (0..16).map(|n| (id + n) % 16).find(|&i| !self.m_done[i].is_empty());
            self.b = first.and_then(|i| self.m_done[i].pop_front());
        }
        self.drive_client();
        self.drive_memory();
        self.drive_control();
        assert!(simulate(&mut *self.dut, 200), "does not settle");
        self.sample_addresses();
        self.sample_data();
        self.sample_control();
        self.edge();
        self.cycle += 1;
    }

    fn drive_client(&mut self) {
        let (r_ready, b_ready) = (self.chance(self.knobs.r_ready), self.chance(self.knobs.b_ready));
        let d = &mut self.dut;
        macro_rules! address {
            ($ch:ident, $txn:expr) => {
                d.$ch.valid.next = $txn.is_some();
                if let Some(t) = $txn {
                    d.$ch.id.next = t.id.into();
                    d.$ch.addr.next = t.va.into();
                    d.$ch.len.next = t.len.into();
                    d.$ch.size.next = t.size.into();
                    d.$ch.burst.next = t.burst.into();
                    d.$ch.prot.next = t.prot.into();
                    d.$ch.user.next = t.sid.into();
                    // The serial number travels in fields that pass untouched.
                    d.$ch.cache.next = t.serial.into();
                    d.$ch.qos.next = (t.serial >> 4).into();
                    d.$ch.region.next = (t.serial >> 8).into();
                    d.$ch.lock.next = t.serial >> 12 & 1 == 1;
                }
            };
        }
        address!(s_axi_ar, self.ar);
        address!(s_axi_aw, self.aw);
        d.s_axi_w.valid.next = self.w.is_some();
        if let Some((t, beat)) = self.w {
            d.s_axi_w.data.next = data_of(t.serial, beat).into();
            d.s_axi_w.strb.next = (t.serial + beat).into();
            d.s_axi_w.last.next = beat == t.len;
        }
        d.s_axi_r.ready.next = r_ready;
        d.s_axi_b.ready.next = b_ready;
    }

    fn drive_memory(&mut self) {
        let k = self.knobs;
        let readies = (self.chance(k.m_ar_ready), self.chance(k.m_aw_ready), self.chance(k.m_w_ready));
        let d = &mut self.dut;
        (d.m_axi_ar.ready.next, d.m_axi_aw.ready.next, d.m_axi_w.ready.next) = readies;
        d.m_axi_r.valid.next = self.r.is_some();
        if let Some(r) = self.r {
            d.m_axi_r.id.next = r.txn.id.into();
            d.m_axi_r.data.next = data_of(r.txn.serial, r.beat).into();
            d.m_axi_r.resp.next = resp_of(r.txn.serial).into();
            d.m_axi_r.last.next = r.beat == r.txn.len;
        }
        d.m_axi_b.valid.next = self.b.is_some();
        if let Some(t) = self.b {
            d.m_axi_b.id.next = t.id.into();
            d.m_axi_b.resp.next = resp_of(t.serial).into();
        }
    }

    fn drive_control(&mut self) {
        let readies = (self.chance(self.knobs.req_ready), self.chance(self.knobs.req_ready));
        let d = &mut self.dut;
        (d.rd_req_ready.next, d.wr_req_ready.next) = readies;
        // A response was decided in the cycle before: it does not know of an operation of this cycle.
        d.rsp_valid.next = self.rsp.is_some();
        if let Some((req, fill)) = self.rsp {
            let outcome = req.leaf.outcome(&req.txn);
            let refused = matches!(outcome, Outcome::Refused { .. });
            let page = &self.world.pages[req.page];
            d.rsp_wr.next = req.write;
            d.rsp_tag.next = req.tag.into();
            d.rsp_fault.next = refused;
            d.rsp_raz.next = req.leaf.raz;
            d.rsp_fill.next = fill && !refused;
            d.rsp_ppn.next = req.leaf.ppn.into();
            d.rsp_mask.next = req.leaf.mask.into();
            d.rsp_perm.next = req.leaf.perm.into();
            d.rsp_ng.next = true;
            d.rsp_asid.next = page.asid.into();
            d.rsp_vmid.next = page.vmid.into();
        }
        d.inv_valid.next = self.tlbi.is_some();
        if let Some(op) = self.tlbi {
            d.inv_use_vmid.next = true;
            d.inv_vmid.next = op.vmid.into();
            d.inv_use_va.next = true;
            d.inv_vpn.next = op.vpn.into();
        }
        d.drop_all.next = self.drop_all;
        d.sync_flip.next = self.flip;
    }

    /// A transaction appears downstream: it must be the right one, untouched, with an address that it may have, and in order.
    fn check_sent(&mut self, write: bool, seen: Txn, pa: u64) {
        let queue = &mut self.pending[usize::from(write)][seen.id as usize];
        let at = queue.iter().position(|p| p.txn.serial == seen.serial && !p.sent);
        let at = at.unwrap_or_else(|| panic!("cycle {}: unknown or repeated {seen:?}", self.cycle));
        // An older one of the id was sent, or it was refused and its response stands at the client's port already.
        let (r, b) = (&self.dut.s_axi_r, &self.dut.s_axi_b);
        let at_port = match write {
            false => r.valid.val().then(|| r.id.val().u64()),
            true => b.valid.val().then(|| b.id.val().u64()),
        };
        let answered = |p: &Pending| at_port == Some(p.txn.id) && if write { p.fed } else { p.beats == p.txn.len };
        let older_gone = queue.iter().take(at).all(|p| p.sent || answered(p));
        assert!(older_gone, "cycle {}: {seen:?} overtakes an older one of its id", self.cycle);
        queue[at].sent = true;
        queue[at].pa = pa;
        let txn = queue[at].txn;
        assert_eq!(Txn { va: txn.va, ..seen }, txn, "fields must pass untouched");
        let allowed = self.world.allowed(&txn);
        assert!(
            allowed.contains(&Outcome::Address(pa)),
            "cycle {}: {txn:?} leaves with {pa:x}, allowed {allowed:x?}",
            self.cycle
        );
        if write {
            let mut first = self.write_order.pop_front();
            if first != Some(txn.serial) {
                let answered = self.pending[1].iter().flatten().any(|p| Some(p.txn.serial) == first && answered(p));
                assert!(answered, "cycle {}: writes are sent in order", self.cycle);
                first = self.write_order.pop_front();
            }
            assert_eq!(first, Some(txn.serial), "cycle {}: writes are sent in order", self.cycle);
        }
        self.sent.insert(txn.serial, self.cycle);
        self.stats.sent[usize::from(write)] += 1;
    }

    fn sample_addresses(&mut self) {
        macro_rules! accept {
            ($ch:ident, $offer:ident, $index:expr) => {
                if let (Some(t), true) = (self.$offer, self.dut.$ch.ready.val()) {
                    self.$offer = None;
                    self.accepted.insert(t.serial, self.cycle);
                    let floor = self.world.pages[self.world.find(t.sid, t.va)].floor;
                    self.pending[$index][t.id as usize].push_back(Pending {
                        txn: t,
                        floor,
                        sent: false,
                        pa: 0,
                        returned: false,
                        beats: 0,
                        fed: false,
                    });
                    if t.write {
                        self.write_order.push_back(t.serial);
                    }
                }
            };
        }
        accept!(s_axi_ar, ar, 0);
        accept!(s_axi_aw, aw, 1);
        macro_rules! sent {
            ($ch:ident, $write:expr) => {
                if self.dut.$ch.valid.val() && self.dut.$ch.ready.next {
                    let c = &self.dut.$ch;
                    let serial =
                        c.cache.val().u64() | c.qos.val().u64() << 4 | c.region.val().u64() << 8 | u64::from(c.lock.val()) << 12;
                    let seen = Txn {
                        serial,
                        write: $write,
                        id: c.id.val().u64(),
                        sid: c.user.val().u64(),
                        va: 0,
                        len: c.len.val().u64(),
                        size: c.size.val().u64(),
                        burst: c.burst.val().u64(),
                        prot: c.prot.val().u64(),
                    };
                    let pa = c.addr.val().u64();
                    self.check_sent($write, seen, pa);
                    if $write {
                        self.m_aws.push_back(seen);
                    } else {
                        self.m_reads[seen.id as usize].extend((0..=seen.len).map(|beat| RBeat { txn: seen, beat }));
                    }
                }
            };
        }
        sent!(m_axi_ar, false);
        sent!(m_axi_aw, true);
    }

    fn sample_data(&mut self) {
        let d = &self.dut;
        if let (Some(r), true) = (self.r, d.m_axi_r.ready.val()) {
            self.r = None;
            if r.beat == r.txn.len {
                Self::mark_returned(&mut self.pending[0][r.txn.id as usize], r.txn.serial);
            }
        }
        if let (Some(t), true) = (self.b, d.m_axi_b.ready.val()) {
            self.b = None;
            Self::mark_returned(&mut self.pending[1][t.id as usize], t.serial);
        }
        if let (Some((t, beat)), true) = (self.w, d.s_axi_w.ready.val()) {
            self.w = None;
            if beat == t.len {
                let entry = self.pending[1][t.id as usize].iter_mut().find(|p| p.txn.serial == t.serial);
                // The address may come after the data, but the data is not taken before.
                entry.expect("data taken before its address").fed = true;
            }
        }
        if d.m_axi_w.valid.val() && d.m_axi_w.ready.next {
            let w = &d.m_axi_w;
            self.m_burst.push((w.data.val().u64(), w.strb.val().u64(), w.last.val()));
            if w.last.val() {
                self.m_bursts.push_back(std::mem::take(&mut self.m_burst));
            }
        }
        while !self.m_aws.is_empty() && !self.m_bursts.is_empty() {
            let (Some(t), Some(burst)) = (self.m_aws.pop_front(), self.m_bursts.pop_front()) else { break };
            let expected: Vec<_> = (0..=t.len).map(|b| (data_of(t.serial, b), (t.serial + b) & 0xff, b == t.len)).collect();
            assert_eq!(burst, expected, "write data of {t:?}");
            self.m_done[t.id as usize].push_back(t);
        }
        if d.s_axi_r.valid.val() && d.s_axi_r.ready.next {
            let r = &d.s_axi_r;
            let beat = (r.id.val().u64(), r.data.val().u64(), r.resp.val().u64(), r.last.val());
            self.check_read_beat(beat.0, beat.1, beat.2, beat.3);
        }
        if self.dut.s_axi_b.valid.val() && self.dut.s_axi_b.ready.next {
            let (id, resp) = (self.dut.s_axi_b.id.val().u64(), self.dut.s_axi_b.resp.val().u64());
            let p = self.pending[1][id as usize].pop_front().expect("a response nobody waits for");
            assert!(p.fed, "a response before the data is there");
            if p.sent {
                assert_eq!(resp, resp_of(p.txn.serial), "response of {:?}", p.txn);
            } else {
                self.check_refused(&p.txn, p.floor, resp);
                // In its turn: older ones may still stand before a slow memory, but their data has passed.
                if let Some(at) = self.write_order.iter().position(|&s| s == p.txn.serial) {
                    let fed = |s: &u64| self.pending[1].iter().flatten().any(|q| q.txn.serial == *s && q.fed);
                    assert!(self.write_order.iter().take(at).all(fed), "a refused write is answered in its turn");
                    self.write_order.remove(at);
                }
            }
            self.stats.finished[1] += 1;
        }
    }

    /// A refusal may be older than the last SYNC: the client takes it when it likes. So the state of acceptance counts.
    fn check_refused(&mut self, t: &Txn, floor: usize, resp: u64) {
        let allowed = self.world.allowed_since(t, floor);
        let outcome = Outcome::Refused { raz: resp == 0 };
        assert!(resp == 0 || resp == 2, "response {resp}");
        assert!(allowed.contains(&outcome), "cycle {}: {t:?} is refused ({resp}), allowed {allowed:x?}", self.cycle);
        self.stats.refused[usize::from(t.write)] += 1;
    }

    fn check_read_beat(&mut self, id: u64, data: u64, resp: u64, last: bool) {
        let cycle = self.cycle;
        if let Some(open) = self.error_burst {
            assert_eq!(id, open, "cycle {cycle}: a refused burst is broken up");
        }
        let p = self.pending[0][id as usize].front_mut().expect("a beat nobody waits for");
        let (txn, sent, beat, floor) = (p.txn, p.sent, p.beats, p.floor);
        p.beats += 1;
        assert_eq!(last, beat == txn.len, "cycle {cycle}: last of {txn:?} at beat {beat}");
        if sent {
            assert_eq!((data, resp), (data_of(txn.serial, beat), resp_of(txn.serial)), "cycle {cycle}: beat {beat} of {txn:?}");
        } else {
            assert_eq!(data, 0);
            self.check_refused(&txn, floor, resp);
            self.error_burst = (!last).then_some(id);
        }
        if last {
            self.pending[0][id as usize].pop_front();
            self.stats.finished[0] += 1;
        }
    }

    fn sample_control(&mut self) {
        if self.tlbi.take().is_some() | std::mem::take(&mut self.drop_all) {
            self.stamp += 1;
        }
        self.flip = false;
        self.rsp = None;
        let rsp_chance = self.knobs.rsp;
        if !self.requests.is_empty() && self.chance(rsp_chance) {
            let at = self.random.below(self.requests.len() as u64) as usize;
            let mut req = self.requests.swap_remove(at);
            // A walk may have read the page before or after a change.
            if self.random.chance(1, 2) {
                req.leaf = *self.world.pages[req.page].states.last().expect("a page has a state");
            }
            let fill = self.fills && req.stamp == self.stamp;
            self.rsp = Some((req, fill));
        }
        let stamp = self.stamp;
        macro_rules! request {
            ($valid:ident, $ready:ident, $tag:ident, $sid:ident, $va:ident, $prot:ident, $uut:ident, $write:expr) => {
                if self.dut.$valid.val() && self.dut.$ready.next {
                    let d = &self.dut;
                    let (sid, va) = (d.$sid.val().u64(), d.$va.val().u64());
                    // The control unit knows no more than this of the transaction.
                    let burst = if d.$uut.val() { 3 } else { 0 };
                    let prot = d.$prot.val().u64();
                    let txn = Txn { serial: 0, write: $write, id: 0, sid, va, len: 0, size: 0, burst, prot };
                    let page = self.world.find(sid, va);
                    let leaf = *self.world.pages[page].states.last().expect("a page has a state");
                    let tag = d.$tag.val().u64();
                    let twice = self.requests.iter().any(|r| r.write == $write && r.tag == tag);
                    assert!(!twice, "tag {tag} asks twice");
                    self.requests.push(Request { write: $write, tag, txn, leaf, page, stamp });
                    self.stats.requests[usize::from($write)] += 1;
                }
            };
        }
        request!(rd_req_valid, rd_req_ready, rd_req_tag, rd_req_sid, rd_req_va, rd_req_prot, rd_req_uut, false);
        request!(wr_req_valid, wr_req_ready, wr_req_tag, wr_req_sid, wr_req_va, wr_req_prot, wr_req_uut, true);
    }

    fn mark_returned(queue: &mut VecDeque<Pending>, serial: u64) {
        if let Some(p) = queue.iter_mut().find(|p| p.txn.serial == serial) {
            p.returned = true;
        }
    }

    /// Every transaction that downstream has and has not answered must have an address that is still allowed.
    pub fn check_drained(&self) {
        for p in self.pending.iter().flatten().flatten().filter(|p| p.sent && !p.returned) {
            let allowed = self.world.allowed(&p.txn);
            assert!(allowed.contains(&Outcome::Address(p.pa)), "cycle {}: {:?} outlives the SYNC", self.cycle, p.txn);
        }
    }

    /// Whether the client waits for this one.
    pub fn unfinished(&self, serial: u64) -> bool {
        self.pending.iter().flatten().flatten().any(|p| p.txn.serial == serial)
    }

    /// Cycles from acceptance to downstream.
    pub fn latency(&self, serial: u64) -> u64 {
        self.sent[&serial] - self.accepted[&serial]
    }
}
