//! Behaviour of the translation buffer unit between a client, a memory and a control unit that pause as they like.
//!
//! The bench (`tbu/bench.rs`) checks on its own, in every test: fields and data pass untouched, nothing is lost or repeated, addresses
//! are right for some state of the page that is still allowed, order per id and order of writes, refused bursts have the right
//! beats, id, response and `last` and are not broken up, a tag asks once.

#[path = "tbu/bench.rs"]
mod bench;
#[path = "tbu/world.rs"]
mod world;

use bench::{Bench, Knobs, Tlbi};
use smmu_rtl::testing::Random;
use world::{Leaf, Txn, World};

const ALL: u64 = 0x3f;

fn leaf(ppn: u64) -> Leaf {
    Leaf { ppn, mask: 0, perm: ALL, raz: false }
}

fn read(sid: u64, id: u64, va: u64) -> Txn {
    Txn { serial: 0, write: false, id, sid, va, len: 0, size: 3, burst: 1, prot: 0 }
}

fn write(sid: u64, id: u64, va: u64) -> Txn {
    Txn { write: true, ..read(sid, id, va) }
}

/// Stream 1: pages 0x10.. of 4 KiB that allow everything, and page 0x30 that refuses.
fn simple_world() -> World {
    let mut world = World::default();
    for n in 0..16 {
        world.map(1, 0x10 + n, leaf(0x800 + n));
    }
    world.map(1, 0x30, Leaf { perm: 0, ..leaf(0) });
    world.map(1, 0x31, Leaf { perm: 0, raz: true, ..leaf(0) });
    world
}

/// Fills the micro TLB with these pages of stream 1.
fn warm(bench: &mut Bench, pages: std::ops::Range<u64>) {
    for page in pages {
        bench.issue(read(1, 0, page << 12));
        bench.finish(100);
    }
    for _ in 0..4 {
        bench.step();
    }
}

#[test]
fn a_hit_takes_two_cycles() {
    let mut b = Bench::new(1, simple_world());
    warm(&mut b, 0x10..0x11);
    let (r, w) = (b.issue(read(1, 3, 0x10_008)), b.issue(write(1, 3, 0x10_010)));
    b.finish(50);
    assert_eq!((b.latency(r), b.latency(w)), (2, 2));
}

#[test]
fn a_miss_asks_after_two_cycles_and_leaves_one_after_the_answer() {
    let mut b = Bench::new(1, simple_world());
    let r = b.issue(read(1, 3, 0x10_008));
    b.step();
    assert!(b.accepted.contains_key(&r) && !b.dut.rd_req_valid.val());
    b.step();
    assert!(b.dut.rd_req_valid.val());
    // The request is taken in cycle 2; the control unit of the bench answers in cycle 4.
    b.step();
    b.step();
    assert!(!b.dut.m_axi_ar.valid.val());
    b.step();
    assert!(b.dut.rsp_valid.next && b.dut.m_axi_ar.valid.val());
    b.finish(50);
    assert_eq!(b.latency(r), 5);
}

#[test]
fn both_channels_at_full_speed() {
    let mut b = Bench::new(1, simple_world());
    warm(&mut b, 0x10..0x18);
    let requests = b.stats.requests;
    for n in 0..300 {
        b.issue(read(1, n % 5, (0x10 + n % 8) << 12));
        b.issue(write(1, n % 3, (0x10 + n % 8) << 12));
    }
    let (mut first, mut last) = (0, 0);
    while !b.idle() {
        let before = b.stats.sent;
        b.step();
        let sent = [b.stats.sent[0] - before[0], b.stats.sent[1] - before[1]];
        if sent != [0, 0] {
            assert_eq!(sent, [1, 1], "cycle {}", b.cycle);
            if first == 0 {
                first = b.cycle;
            }
            last = b.cycle;
        }
    }
    assert_eq!(last - first, 299);
    assert_eq!(b.stats.requests, requests);
}

#[test]
fn a_hit_passes_a_miss_of_another_id() {
    let mut b = Bench::new(1, simple_world());
    warm(&mut b, 0x10..0x12);
    b.knobs.rsp = 0;
    let slow = b.issue(read(1, 1, 0x18_000));
    let fast: Vec<_> = (0..20).map(|n| b.issue(read(1, 2 + n % 3, 0x10_000 + 8 * n))).collect();
    for _ in 0..40 {
        b.step();
    }
    assert!(b.unfinished(slow));
    for serial in fast {
        assert_eq!(b.latency(serial), 2);
    }
    b.knobs.rsp = 16;
    b.finish(100);
}

#[test]
fn a_hit_of_the_same_id_stays_behind_a_miss_and_the_backlog_drains_at_speed() {
    let mut b = Bench::new(1, simple_world());
    warm(&mut b, 0x10..0x12);
    b.knobs.rsp = 0;
    b.issue(read(1, 1, 0x18_000));
    let held: Vec<_> = (0..40).map(|n| b.issue(read(1, 1, 0x10_000 + 8 * n))).collect();
    for _ in 0..30 {
        b.step();
    }
    assert!(held.iter().all(|s| !b.sent.contains_key(s)));
    b.knobs.rsp = 16;
    let start = b.cycle;
    b.finish(200);
    assert!(b.cycle - start < 70, "{} cycles for 40 held hits", b.cycle - start);
}

#[test]
fn a_miss_holds_all_later_writes_but_they_ask_meanwhile() {
    let mut b = Bench::new(1, simple_world());
    warm(&mut b, 0x10..0x11);
    b.knobs.rsp = 0;
    let before = b.stats.requests[1];
    for (id, page) in [(1, 0x18), (2, 0x10), (3, 0x19)] {
        b.issue(write(1, id, page << 12));
    }
    for _ in 0..30 {
        b.step();
    }
    assert_eq!((b.stats.sent[1], b.stats.requests[1] - before), (0, 2));
    b.knobs.rsp = 16;
    b.finish(100);
}

#[test]
fn misses_of_one_page_share_one_request() {
    let mut b = Bench::new(1, simple_world());
    b.knobs.rsp = 0;
    for id in 0..4 {
        b.issue(read(1, id, 0x10_000 + 64 * id));
    }
    for _ in 0..30 {
        b.step();
    }
    assert_eq!(b.stats.requests[0], 1);
    b.knobs.rsp = 16;
    b.finish(100);
    assert_eq!(b.stats.requests[0], 1);
}

#[test]
fn requests_in_flight_at_drop_all_are_not_waited_for() {
    let mut b = Bench::new(1, simple_world());
    b.knobs.rsp = 0;
    b.issue(read(1, 0, 0x10_000));
    for _ in 0..10 {
        b.step();
    }
    b.drop_all = true;
    b.step();
    b.issue(read(1, 1, 0x10_040));
    for _ in 0..10 {
        b.step();
    }
    assert_eq!(b.stats.requests[0], 2);
    b.knobs.rsp = 16;
    b.finish(100);
}

#[test]
fn refused_bursts_have_all_their_beats() {
    let mut b = Bench::new(1, simple_world());
    for (page, len) in [(0x30, 0), (0x30, 7), (0x31, 255), (0x30, 255), (0x31, 3)] {
        b.issue(Txn { len, size: 0, ..read(1, 5, page << 12) });
        b.issue(Txn { len, size: 0, ..write(1, 5, page << 12) });
    }
    b.finish(3000);
    assert_eq!(b.stats.refused[1], 5);
    assert_eq!(b.stats.sent, [0, 0]);
}

#[test]
fn illegal_bursts_are_refused_though_their_page_is_there() {
    let mut b = Bench::new(1, simple_world());
    warm(&mut b, 0x10..0x12);
    let sent = b.stats.sent;
    for t in [
        Txn { len: 1, ..read(1, 0, 0x10_ff8) },
        Txn { burst: 3, ..read(1, 0, 0x10_000) },
        Txn { size: 4, ..read(1, 0, 0x10_000) },
        Txn { burst: 2, len: 2, ..read(1, 0, 0x10_000) },
        Txn { len: 255, size: 3, ..write(1, 0, 0x10_808) },
    ] {
        b.issue(t);
    }
    b.finish(2000);
    assert_eq!(b.stats.sent, sent);
    let t = b.issue(Txn { len: 255, size: 3, ..write(1, 0, 0x10_800) });
    b.finish(2000);
    assert!(b.sent.contains_key(&t));
}

#[test]
fn refused_reads_and_a_busy_memory_take_turns() {
    let mut b = Bench::new(1, simple_world());
    warm(&mut b, 0x10..0x18);
    for n in 0..60 {
        b.issue(Txn { len: 15, ..read(1, n % 3, (0x10 + n % 8) << 12) });
        b.issue(Txn { len: 15, ..read(1, 3 + n % 3, 0x30_000) });
    }
    let mut between = [0, 0];
    let mut worst = 0;
    while !b.idle() {
        let before = (b.stats.finished[0], b.stats.refused[0]);
        b.step();
        if b.stats.finished[0] > before.0 {
            let refused = usize::from(b.stats.refused[0] > before.1);
            between[refused] = 0;
            between[1 - refused] += 1;
            worst = worst.max(between[1 - refused]);
        }
        assert!(b.cycle < 20_000);
    }
    // Faults are also translated in between, so turns are not one by one; but nobody waits for long.
    assert!(worst <= 12, "{worst} bursts of one kind in a row");
}

#[test]
fn privileged_and_instruction_permissions() {
    // Bits: {px, pw, pr, ux, uw, ur}. Each permission alone, each kind of access.
    let mut world = World::default();
    for bit in 0..6 {
        world.map(1, 0x10 + bit, Leaf { perm: 1 << bit, ..leaf(0x100 + bit) });
    }
    let mut b = Bench::new(1, world);
    for round in 0..2 {
        for page in 0..6 {
            for prot in [0, 1, 4, 5] {
                b.issue(Txn { prot, ..read(1, prot, (0x10 + page) << 12 | round) });
                b.issue(Txn { prot, ..write(1, prot, (0x10 + page) << 12 | round) });
            }
        }
    }
    b.finish(5000);
    assert_eq!(b.stats.sent, [8, 8]);
}

#[test]
fn a_bypassed_stream_is_one_entry_and_stops_at_the_output_size() {
    let mut world = World::default();
    world.map(7, 0, Leaf { ppn: 0, mask: 0x7f, perm: ALL, raz: false });
    let mut b = Bench::new(1, world);
    b.issue(read(7, 0, 0x1234_5678));
    b.finish(50);
    let high = b.issue(read(7, 1, 0xffff_ffff_f000));
    let beyond = b.issue(read(7, 2, 0x1_0000_0000_0000));
    b.finish(100);
    assert_eq!(b.latency(high), 2);
    assert!(!b.sent.contains_key(&beyond));
    assert_eq!((b.stats.requests[0], b.stats.refused[0]), (2, 1));
}

/// Whatever one party withholds, the rest goes on.
#[test]
fn a_client_that_takes_no_read_data_stops_no_write() {
    let mut b = Bench::new(1, simple_world());
    b.knobs.r_ready = 0;
    for n in 0..30 {
        b.issue(Txn { len: 3, ..read(1, n % 4, (0x10 + n % 8) << 12) });
        b.issue(read(1, 4 + n % 4, 0x30_000));
    }
    for _ in 0..300 {
        b.step();
    }
    assert_eq!(b.stats.finished[0], 0);
    for n in 0..50 {
        b.issue(write(1, n % 4, (0x10 + n % 8) << 12));
    }
    for _ in 0..400 {
        b.step();
    }
    assert_eq!(b.stats.finished[1], 50);
    b.knobs.r_ready = 16;
    b.finish(3000);
}

#[test]
fn a_client_that_sends_no_data_and_takes_no_response_stops_no_read() {
    for (w, b_ready) in [(0, 16), (16, 0)] {
        let mut b = Bench::new(1, simple_world());
        b.knobs.w = w;
        b.knobs.b_ready = b_ready;
        for n in 0..30 {
            b.issue(Txn { len: 3, ..write(1, n % 4, (0x10 + n % 8) << 12) });
            b.issue(write(1, 4 + n % 4, 0x30_000));
        }
        for _ in 0..300 {
            b.step();
        }
        for n in 0..50 {
            b.issue(read(1, n % 4, (0x10 + n % 8) << 12));
            b.issue(read(1, 4, 0x30_000));
        }
        for _ in 0..800 {
            b.step();
        }
        assert_eq!(b.stats.finished[0], 100);
        b.knobs = Knobs::FAST;
        b.finish(5000);
    }
}

#[test]
fn a_memory_that_takes_no_address_stops_no_request_and_no_answer() {
    let mut b = Bench::new(1, simple_world());
    b.knobs.m_ar_ready = 0;
    for n in 0..40 {
        b.issue(read(1, n % 4, (0x10 + n % 12) << 12));
    }
    for _ in 0..300 {
        b.step();
    }
    assert!(b.requests.is_empty());
    assert!(b.stats.requests[0] >= 12, "{}", b.stats.requests[0]);
    b.knobs.m_ar_ready = 16;
    b.finish(1000);
}

#[test]
fn answers_that_never_fill_still_let_everything_through() {
    let mut b = Bench::new(1, simple_world());
    b.fills = false;
    for n in 0..200 {
        b.issue(read(1, n % 3, (0x10 + n % 2) << 12));
        b.issue(write(1, n % 3, (0x10 + n % 2) << 12));
    }
    b.finish(4000);
    // Once each, and once more for those that waited for another's answer.
    assert!(b.stats.requests[0] <= 3 * 200, "{:?}", b.stats.requests);
}

/// An invalidation and a TLB SYNC, as the maintenance unit does them.
fn sync(b: &mut Bench, op: Tlbi) {
    b.tlbi = Some(op);
    b.step();
    // The walker's rows: every request that was accepted before has been answered.
    let open: Vec<_> = b.requests.iter().map(|r| (r.write, r.tag)).collect();
    let mut left = open;
    let mut wait = 0;
    while !left.is_empty() || wait < 6 {
        b.step();
        left.retain(|&(write, tag)| b.requests.iter().any(|r| r.write == write && r.tag == tag));
        wait += 1;
        assert!(wait < 20_000, "requests are not answered");
    }
    drain(b);
    b.flip = true;
    b.step();
    b.step();
    b.step();
    drain(b);
}

fn drain(b: &mut Bench) {
    let end = b.cycle + 20_000;
    while !b.dut.old_drained.val() {
        b.step();
        assert!(b.cycle < end, "does not drain");
    }
}

#[test]
fn old_drained_waits_for_the_old_and_not_for_the_new() {
    let mut b = Bench::new(1, simple_world());
    warm(&mut b, 0x10..0x12);
    b.knobs.m_r = 0;
    b.knobs.m_b = 0;
    let (old_read, old_write) = (b.issue(read(1, 1, 0x10_000)), b.issue(write(1, 1, 0x10_000)));
    for _ in 0..20 {
        b.step();
    }
    assert!(b.dut.old_drained.val());
    b.flip = true;
    b.step();
    for _ in 0..20 {
        assert!(!b.dut.old_drained.val());
        b.step();
    }
    // Newer ones of the same and of another id.
    let mut newer = Vec::new();
    for n in 0..6 {
        newer.push(b.issue(read(1, 1 + n % 2, 0x10_000)));
        newer.push(b.issue(write(1, 1 + n % 2, 0x10_000)));
    }
    for _ in 0..20 {
        b.step();
    }
    // The old read comes back: the first of its id. The old write is still missing.
    b.knobs.m_r = 16;
    b.step();
    b.knobs.m_r = 0;
    while b.unfinished(old_read) {
        b.knobs.m_r = 16;
        b.step();
        b.knobs.m_r = 0;
    }
    for _ in 0..10 {
        assert!(!b.dut.old_drained.val());
        b.step();
    }
    // Responses until the old write has come back; all the newer reads are still out.
    b.knobs.m_b = 16;
    while b.unfinished(old_write) {
        b.step();
    }
    for _ in 0..4 {
        b.step();
    }
    assert!(b.dut.old_drained.val() && newer.iter().any(|&s| b.unfinished(s)));
    b.knobs = Knobs::FAST;
    b.finish(200);
}

/// A random world: several streams, page sizes, permissions, refusals.
fn random_world(random: &mut Random) -> World {
    let mut world = World::default();
    for sid in 1..=3 {
        for n in 0..10u64 {
            let perm = random.pick(&[ALL, ALL, ALL, 0b001_001, 0b010_010, 0b111_000, 0]);
            let raz = random.chance(1, 4);
            let (vpn, mask) = match n {
                8 => (0x200, 0b111), // 2 MiB
                9 => (0x400, 0b1),   // 16 KiB
                _ => (0x10 + n, 0),
            };
            let ppn = if n == 8 { 0x1_0000 * sid } else { 0x1000 * sid + n * 4 };
            world.map(sid, vpn, Leaf { ppn, mask, perm, raz });
        }
    }
    world.map(4, 0, Leaf { ppn: 0, mask: 0x7f, perm: ALL, raz: false });
    world
}

fn random_txn(random: &mut Random, world: &World) -> Txn {
    let page = &world.pages[random.below(world.pages.len() as u64) as usize];
    let span = [0, 2, 2, 9, 9, 9, 9, 36][page.mask.count_ones() as usize];
    let vpn = page.vpn | random.bits(span) as u64;
    let size = random.below(4);
    let len = random.pick(&[0, 0, 0, 1, 3, 7, 15, 40]);
    let burst = random.pick(&[1, 1, 1, 1, 2, 0]);
    let offset = if random.chance(1, 40) { random.below(0x1000) } else { random.below(0x800) };
    Txn {
        serial: 0,
        write: random.chance(1, 2),
        id: random.pick(&[0, 0, 1, 2, 9, 15]),
        sid: page.sid,
        va: vpn << 12 | offset,
        len,
        size,
        burst,
        prot: random.below(8),
    }
}

fn random_traffic(seed: u64, changes: bool) {
    let mut random = Random::new(seed);
    let world = random_world(&mut random);
    let mut b = Bench::new(seed, world);
    let mut syncs = 0;
    for _ in 0..12 {
        b.knobs = Knobs::random(&mut random);
        for _ in 0..60 {
            let t = random_txn(&mut random, &b.world);
            b.issue(t);
        }
        if !changes {
            b.finish(200_000);
            continue;
        }
        for _ in 0..random.below(60) {
            b.step();
        }
        // A page changes, is invalidated, and a SYNC ends while traffic goes on. From then on the old state is forbidden.
        b.knobs.rsp = b.knobs.rsp.max(4);
        let at = random.below(b.world.pages.len() as u64) as usize;
        let probe = |write: bool, id: u64, page: &world::Page| Txn { write, prot: 1, ..read(page.sid, id, page.vpn << 12) };
        // The page is likely to be in the micro TLB when it changes, and it is the first to be used afterwards.
        b.issue(probe(false, 12, &b.world.pages[at]));
        b.knobs.ar = 16;
        for _ in 0..1000 {
            if b.reads.is_empty() {
                break;
            }
            b.step();
        }
        let page = &mut b.world.pages[at];
        let mut next = page.states[page.states.len() - 1];
        if page.mask != 0x7f {
            next.ppn += 0x10_0000;
            next.perm = random.pick(&[ALL, ALL, 0b001_001, 0]);
        }
        page.states.push(next);
        let op = Tlbi { vmid: page.vmid, vpn: page.vpn };
        for _ in 0..random.below(8) {
            b.step();
        }
        sync(&mut b, op);
        let page = &mut b.world.pages[at];
        page.floor = page.states.len() - 1;
        b.check_drained();
        b.issue(probe(false, 13, &b.world.pages[at]));
        b.issue(probe(true, 13, &b.world.pages[at]));
        syncs += 1;
        if random.chance(1, 3) {
            b.drop_all = true;
        }
    }
    b.knobs = Knobs::FAST;
    b.finish(100_000);
    let total: u64 = b.stats.finished.iter().sum();
    assert_eq!(total, if changes { 756 } else { 720 });
    assert!(!changes || syncs == 12);
    assert!(b.stats.refused[0] > 10 && b.stats.refused[1] > 10 && b.stats.sent[0] > 50, "{:?}", b.stats);
}

#[test]
fn random_traffic_with_fixed_pages() {
    for seed in 1..=5 {
        random_traffic(seed, false);
    }
}

#[test]
fn random_traffic_with_changes_and_syncs() {
    for seed in 101..=108 {
        random_traffic(seed, true);
    }
}
