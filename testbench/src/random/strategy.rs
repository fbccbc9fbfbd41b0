//! Proptest strategies for every word of a program.
//!
//! A program is drawn from its seed alone: first the weights (which steps occur, how often; how wild descriptors, registers and bursts
//! are), then the environment and the steps from strategies with those weights. The weights are not part of the program and do not
//! shrink; everything else is a tree of proptest values that does ([`super::shrink`]).

use super::beside;
use super::layout::{FRAMES, MAX_TREES, SPOTS, STREAMS};
use super::program::*;
use super::stalls;
use super::swarm::{Kind, Swarm};
use crate::axi::pause::Pauses;
use crate::memory::latency::Latency;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::Union;
use rand::Rng;
use smmu_rtl::params::Params;
use smmu_rtl::registers::{RegId, Space};

impl Environment {
    /// Nothing pauses, everything answers after ten cycles, one tree.
    pub fn calm() -> Self {
        Environment {
            latency: Latency::Fixed(10),
            walk_latency: Latency::Fixed(10),
            out_of_order: false,
            client: Pauses::NONE,
            downstream: Pauses::NONE,
            walk: Pauses::NONE,
            control: Pauses::NONE,
            outstanding: (32, 32),
            data_leads: false,
            trees: vec![Tree::usual(12, 16)],
        }
    }
}

fn pauses(most: u8) -> BoxedStrategy<Pauses> {
    let one = || prop_oneof![3 => Just(0), 1 => 0..=most];
    let each = (one(), one(), one(), one(), one()).prop_map(|(aw, w, b, ar, r)| Pauses { aw, w, b, ar, r });
    prop_oneof![1 => (0..=most).prop_map(Pauses::all), 2 => each].boxed()
}

fn latency(most: u32) -> BoxedStrategy<Latency> {
    let range = (1..=most, 1..=most).prop_map(|(a, b)| Latency::Random { min: a.min(b), max: a.max(b) });
    prop_oneof![(1..=most).prop_map(Latency::Fixed), range].boxed()
}

fn tree(params: &Params) -> BoxedStrategy<Tree> {
    let granules: &[u8] = if params.straps.granule_16k { &[12, 14, 16] } else { &[12, 16] };
    let size = prop_oneof![4 => Just(16u8), 2 => 17..=39u8, 1 => prop::sample::select(vec![25, 28, 34, 39])];
    (prop::sample::select(granules.to_vec()), size).prop_map(|(granule, size)| Tree::usual(granule, size)).boxed()
}

pub(super) fn environment(params: &Params, swarm: &Swarm) -> BoxedStrategy<Environment> {
    let all = (
        (latency(swarm.latency), latency(swarm.latency), any::<bool>()),
        (pauses(swarm.pauses), pauses(swarm.pauses), pauses(swarm.pauses), pauses(swarm.pauses)),
        prop_oneof![1 => (1..=4u8, 1..=4u8), 3 => Just((32, 32))],
        any::<bool>(),
        vec(tree(params), swarm.trees as usize),
    );
    let second = swarm.second.clone();
    let all = all.prop_map(
        |((latency, walk_latency, out_of_order), (client, downstream, walk, control), outstanding, data_leads, trees)| {
            Environment { latency, walk_latency, out_of_order, client, downstream, walk, control, outstanding, data_leads, trees }
        },
    );
    let Some(second) = second else { return all.boxed() };
    let params = *params;
    all.prop_flat_map(move |environment| {
        second.trees(&params, environment.trees.clone()).prop_map(move |trees| Environment { trees, ..environment.clone() })
    })
    .boxed()
}

fn spot(swarm: &Swarm) -> BoxedStrategy<Spot> {
    let first = (0..swarm.trees, spot_number(swarm)).prop_map(|(tree, spot)| Spot { tree, spot }).boxed();
    match &swarm.second {
        Some(second) if second.share > 0 => {
            let other = second.spot(swarm.trees, swarm.spots);
            Union::new_weighted(vec![(100 - second.share, first), (second.share, other)]).boxed()
        }
        _ => first,
    }
}

fn spot_number(swarm: &Swarm) -> BoxedStrategy<u8> {
    prop_oneof![12 => 0..swarm.spots, 1 => 0..SPOTS].boxed()
}

/// SCTLR: translate, report, interrupt, HUPCF, AFFD, WXN and bits without effect; on hardware that has it CFCFG.
fn sctlr(swarm: &Swarm) -> BoxedStrategy<u32> {
    match swarm.stalls {
        Some(stalls) => stalls.sctlr(usual_sctlr()),
        None => usual_sctlr(),
    }
}

fn usual_sctlr() -> BoxedStrategy<u32> {
    let bit = |per_cent: f64, bits: u32| prop::bool::weighted(per_cent).prop_map(move |set| if set { bits } else { 0 });
    let known = (bit(0.95, 1), bit(0.7, 1 << 5), bit(0.6, 1 << 6), bit(0.8, 1 << 8), bit(0.15, 1 << 3), bit(0.15, 1 << 9));
    let other = prop_oneof![6 => Just(0u32), 1 => any::<u32>().prop_map(|bits| bits & !0x369)];
    (known, other).prop_map(|((m, cfre, cfie, hupcf, affd, wxn), other)| m | cfre | cfie | hupcf | affd | wxn | other).boxed()
}

fn asid() -> BoxedStrategy<u16> {
    prop_oneof![4 => 1..4u16, 1 => prop::sample::select(vec![0, 0x101, 0x201, 0xff01])].boxed()
}

fn bank_kind(odd: impl Strategy<Value = bool> + 'static) -> BoxedStrategy<u8> {
    (odd, 0..4u8).prop_map(|(odd, kind)| if odd { kind } else { 1 }).boxed()
}

fn pa_size() -> BoxedStrategy<u8> {
    prop_oneof![5 => Just(5u8), 2 => 0..8u8].boxed()
}

fn sep() -> BoxedStrategy<u8> {
    prop_oneof![12 => Just(7u8), 1 => 0..8u8].boxed()
}

fn bank(bank: impl Strategy<Value = u8> + 'static, swarm: &Swarm) -> BoxedStrategy<Bank> {
    let usual = usual_bank(bank, swarm);
    match &swarm.second {
        Some(second) => second.bank(usual, swarm),
        None => usual,
    }
}

fn usual_bank(bank: impl Strategy<Value = u8> + 'static, swarm: &Swarm) -> BoxedStrategy<Bank> {
    let trees = (0..swarm.trees, 0..swarm.trees);
    let tags = (asid(), any::<bool>(), any::<bool>(), 0..3u8, prop::bool::weighted(0.15));
    let kind = (bank_kind(swarm.odd_setup()), swarm.odd_setup().prop_map(|odd| !odd));
    let tcr = (
        prop::bool::weighted(0.05),
        prop::bool::weighted(0.1),
        prop_oneof![20 => Just(0u32), 1 => any::<u32>()],
        prop_oneof![20 => Just(0u64), 1 => any::<u64>().prop_map(|bits| bits & 0x8000_0000_0fff)],
    );
    (bank, trees, tags, kind, sctlr(swarm), pa_size(), sep(), tcr)
        .prop_map(
            |(bank, trees, (asid, a1, wide_asid, vmid, hyp), (kind, va64), sctlr, pa_size, sep, (e0, e1, odd_tcr, odd_ttbr))| {
                let epd = (e0, e1);
                let second = 0;
                Bank {
                    bank,
                    trees,
                    asid,
                    a1,
                    wide_asid,
                    vmid,
                    hyp,
                    kind,
                    va64,
                    sctlr,
                    pa_size,
                    sep,
                    epd,
                    odd_tcr,
                    odd_ttbr,
                    second,
                }
            },
        )
        .boxed()
}

fn stream(
    group: impl Strategy<Value = u8> + 'static,
    stream: impl Strategy<Value = u8> + 'static,
    swarm: &Swarm,
) -> BoxedStrategy<Stream> {
    let wide = prop_oneof![prop::sample::select(vec![1, 3, 0xff, 0x7fff]), any::<u16>().prop_map(|mask| mask & 0x7fff)];
    let mask = (swarm.odd_setup(), wide).prop_map(|(odd, mask)| if odd { mask } else { 0 });
    let kind = prop_oneof![16 => Just(0u8), 2 => Just(1), 1 => 2..4u8];
    let number = (swarm.odd_setup(), 0..4u8, any::<u8>()).prop_map(|(odd, near, any)| if odd { any } else { near });
    (group, stream, mask, prop::bool::weighted(0.95), kind, number)
        .prop_map(|(group, stream, mask, valid, kind, bank)| Stream { group, stream, mask, valid, kind, bank })
        .boxed()
}

fn global(swarm: &Swarm) -> BoxedStrategy<Global> {
    (swarm.odd_setup(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(odd, report, interrupt, unmatched_fault, conflict_fault)| Global {
            client_off: odd,
            report,
            interrupt,
            unmatched_fault,
            conflict_fault,
        })
        .boxed()
}

/// Attributes of a leaf: mostly permissive.
pub(super) fn leaf_bits(swarm: &Swarm) -> BoxedStrategy<u64> {
    let bit = |per_cent: f64, bits: u64| prop::bool::weighted(per_cent).prop_map(move |set| if set { bits } else { 0 });
    let strict = f64::from(swarm.strict) / 100.0;
    let open = 1.0 - strict;
    let access = (
        bit(open, 1 << 6),
        bit(strict, 1 << 7),
        bit(open, 1 << 10),
        bit(0.7, 1 << 11),
        bit(strict, 1 << 53),
        bit(strict, 1 << 54),
    );
    let ignored = prop_oneof![4 => Just(0u64), 1 => any::<u64>().prop_map(|bits| bits & 0x07f8_0000_0000_033c)];
    let odd = (
        swarm.odd(),
        prop_oneof![Just(1u64 << 40), Just(1 << 47), Just(0x7_0000_0000), any::<u64>().prop_map(|bits| bits & 0xffff_ffff_f000)],
    )
        .prop_map(|(odd, bits)| if odd { bits } else { 0 });
    (access, ignored, odd)
        .prop_map(|((user, ro, af, ng, pxn, xn), ignored, odd)| user | ro | af | ng | pxn | xn | ignored ^ odd)
        .boxed()
}

fn map(swarm: &Swarm) -> BoxedStrategy<Map> {
    let level = prop_oneof![8 => Just(3u8), 3 => Just(2), 2 => Just(1), 1 => 0..4u8];
    // Level 0 is a large page of short descriptors.
    let level = if swarm.second.is_some() { prop_oneof![10 => level, 2 => Just(0u8)].boxed() } else { level.boxed() };
    map_at(spot(swarm), level, swarm, 0.08)
}

fn map_at(
    at: impl Strategy<Value = Spot> + 'static,
    level: impl Strategy<Value = u8> + 'static,
    swarm: &Swarm,
    invalid: f64,
) -> BoxedStrategy<Map> {
    (at, level, 0..FRAMES, leaf_bits(swarm), prop::bool::weighted(invalid))
        .prop_map(|(at, level, frame, bits, invalid)| Map { at, level, frame, bits, invalid })
        .boxed()
}

fn table(swarm: &Swarm) -> BoxedStrategy<Table> {
    let to = prop_oneof![
        14 => Just(TableTarget::Same),
        1 => Just(TableTarget::New),
        2 => (0..MAX_TREES as u8).prop_map(|tree| TableTarget::Other { tree }),
        1 => Just(TableTarget::Hole),
        1 => Just(TableTarget::Beyond),
        1 => Just(TableTarget::Nothing),
    ];
    let limits = prop_oneof![2 => Just(0u64), 3 => (0..32u64).prop_map(|bits| bits << 59)];
    let ignored = prop_oneof![4 => Just(0u64), 1 => any::<u64>().prop_map(|bits| bits & 0x07ff_0000_0000_0ffc)];
    (spot(swarm), 0..3u8, to, limits, ignored)
        .prop_map(|(at, level, to, limits, ignored)| Table { at, level, to, bits: limits | ignored })
        .boxed()
}

fn place(swarm: &Swarm) -> BoxedStrategy<Place> {
    let offset = prop_oneof![3 => (0..64u16).prop_map(|n| n * 64), 1 => 0..4096u16];
    let upper = prop::bool::weighted(0.2);
    let own = (upper, spot_number(swarm), offset.clone()).prop_map(|(upper, spot, offset)| Place::Own { upper, spot, offset });
    let at = (spot(swarm), upper, offset.clone()).prop_map(|(at, upper, offset)| Place::At { at, upper, offset });
    let frame = (0..FRAMES, offset).prop_map(|(frame, offset)| Place::Frame { frame, offset });
    let raw = (any::<u64>(), 0..49u32).prop_map(|(addr, cut)| Place::Raw { addr: (addr & ((1 << 49) - 1)) >> cut });
    let odd = swarm.odd;
    Union::new_weighted(vec![(100, own.boxed()), (5 + odd, at.boxed()), (4, frame.boxed()), (1 + odd / 4, raw.boxed())]).boxed()
}

fn burst(swarm: &Swarm) -> BoxedStrategy<Burst> {
    let stream = prop_oneof![10 => 0..swarm.streams, 1 => 0..STREAMS.len() as u8];
    let shape = (
        prop_oneof![3 => 0..=swarm.beats.min(8), 2 => 0..=swarm.beats],
        prop_oneof![3 => Just(3u8), 1 => Just(4), 2 => 0..8u8],
        prop_oneof![6 => Just(1u8), 2 => Just(2), 1 => Just(0)],
    );
    let wild = (swarm.odd(), 0..4u8).prop_map(|(odd, kind)| odd.then_some(kind));
    let prot = prop_oneof![3 => Just(0u8), 1 => 0..8u8];
    let extras = prop_oneof![3 => Just(0u16), 1 => 0..1u16 << 13];
    let ids = 0..swarm.ids;
    // One port draws nothing: its programs are those of hardware without others.
    let port = if swarm.ports > 1 { (0..swarm.ports).boxed() } else { Just(0).boxed() };
    (stream, place(swarm), any::<bool>(), ids, shape, wild, (prot, extras), prop::bool::weighted(0.2), port)
        .prop_map(|(stream, place, write, id, (len, size, kind), wild, (prot, extras), sparse, port)| {
            let (kind, fit) = wild.map_or((kind, true), |kind| (kind, false));
            Burst { stream, place, write, id, len, size, kind, prot, extras, fit, sparse, port }
        })
        .boxed()
}

fn invalidate(swarm: &Swarm) -> BoxedStrategy<Invalidate> {
    use InvalidateKind::*;
    let kind =
        prop::sample::select(vec![Va, Val, Vaa, Vaal, Va, Val, Vaa, Asid, All, Vmid, VmidS1, AllNsnh, AllH, VaH64, VaH, ValH64]);
    let usual = (kind, 0..4u8, prop_oneof![asid(), 0..4u16], spot(swarm), prop::bool::weighted(0.2), prop::bool::weighted(0.2))
        .prop_map(|(kind, bank, tag, at, upper, halves)| Invalidate { kind, bank, tag, at, upper, halves })
        .boxed();
    let Some(second) = swarm.second.as_ref().filter(|second| second.share > 0) else { return usual };
    let by_ipa = (prop::sample::select(vec![Ipas2, Ipas2L]), second.spot(swarm.trees, swarm.spots));
    let by_ipa = (usual.clone(), by_ipa).prop_map(|(usual, (kind, at))| Invalidate { kind, at, ..usual }).boxed();
    Union::new_weighted(vec![(3, usual), (1, by_ipa)]).boxed()
}

fn moved(stream: u8, spot: u8, upper: bool, swarm: &Swarm) -> BoxedStrategy<Step> {
    use InvalidateKind::*;
    let kind = prop::sample::select(vec![Va, Val, Vaa, Vaal, Asid, All, Vmid, VmidS1, AllNsnh, AllH, VaH64, VaH, ValH64]);
    let sync = prop_oneof![1 => Just(SyncAfter::None), 1 => Just(SyncAfter::Post), 4 => Just(SyncAfter::Wait)];
    let level = prop_oneof![12 => Just(3u8), 1 => Just(2), 1 => Just(1)];
    (level, 0..FRAMES, leaf_bits(swarm), kind, prop::bool::weighted(0.8), sync)
        .prop_map(move |(level, frame, bits, kind, named, sync)| {
            Step::Move(Move { stream, upper, spot, level, frame, bits, kind, named, sync, second: false })
        })
        .boxed()
}

/// A page that is used, moves, and is used again.
pub(super) fn move_page(rng: &mut impl Rng, swarm: &Swarm) -> Vec<BoxedStrategy<Step>> {
    let (stream, spot, upper) =
        (rng.random_range(0..swarm.streams), rng.random_range(0..swarm.spots.min(18)), rng.random_ratio(1, 6));
    let there = |_| burst_to(stream, spot, upper, swarm);
    let mut steps: Vec<BoxedStrategy<Step>> = (0..rng.random_range(1..4)).map(there).collect();
    if rng.random() {
        steps.push(Just(Step::Drain).boxed());
    }
    steps.push(moved(stream, spot, upper, swarm));
    steps.extend((0..rng.random_range(1..4)).map(there));
    if let Some(second) = swarm.second.as_ref().filter(|second| second.share > 0) {
        // What it leads to moves in stage 2: a frame that has a spot of its own there.
        let frame = rng.random_range(0..10u8);
        let level = steps.len().saturating_sub(1);
        steps.insert(level, frame_at(stream, spot, upper, frame).boxed());
        steps.push(second.moved(stream, frame, swarm));
        steps.extend((0..rng.random_range(1..4)).map(there));
    }
    steps
}

/// A burst of a stream to a spot of its own tree.
pub(super) fn burst_to(stream: u8, spot: u8, upper: bool, swarm: &Swarm) -> BoxedStrategy<Step> {
    burst(swarm)
        .prop_map(move |b| Step::Burst(Burst { stream, place: Place::Own { upper, spot, offset: 64 * u16::from(b.id) }, ..b }))
        .boxed()
}

/// A page leads to a frame, and everybody may go there.
fn frame_at(stream: u8, spot: u8, upper: bool, frame: u8) -> impl Strategy<Value = Step> {
    let (kind, sync) = (InvalidateKind::Vaa, SyncAfter::Wait);
    let moved = Move { stream, upper, spot, level: 3, frame, bits: 0x0c40, kind, named: true, sync, second: false };
    Just(Step::Move(moved))
}

fn adjust(swarm: &Swarm) -> BoxedStrategy<Adjust> {
    let bank = || 0..4u8;
    let usual = prop_oneof![
        6 => (bank(), sctlr(swarm)).prop_map(|(bank, value)| Adjust::Sctlr { bank, value }),
        1 => (bank(), any::<bool>(), 0..MAX_TREES as u8, asid()).prop_map(|(bank, upper, tree, asid)| Adjust::Ttbr { bank, upper, tree, asid }),
        1 => (bank(), pa_size(), sep(), any::<bool>()).prop_map(|(bank, pa_size, sep, wide_asid)| Adjust::Tcr2 { bank, pa_size, sep, wide_asid }),
        1 => (bank(), bank_kind(prop::bool::weighted(0.15)), 0..3u8, any::<bool>())
            .prop_map(|(bank, kind, vmid, hyp)| Adjust::Cbar { bank, kind, vmid, hyp, second: 0 }),
        1 => (bank(), prop::bool::weighted(0.85)).prop_map(|(bank, va64)| Adjust::Cba2r { bank, va64 }),
    ]
    .boxed();
    match &swarm.second {
        Some(second) => second.adjust(usual, swarm),
        None => usual,
    }
}

/// Offsets of the register space: of a register, of its neighbourhood, or any.
fn offset(params: &'static Params) -> BoxedStrategy<u32> {
    let end = 2 * params.num_page as u32 * 0x1000;
    let known: Vec<RegId> = RegId::all().filter(|id| id.count(params) > 0).collect();
    let of_register = (prop::sample::select(known), any::<prop::sample::Index>()).prop_map(|(id, index)| {
        let banks = if id.register().space == Space::Bank { params.num_cb.min(6) } else { 1 };
        id.offset(params, index.index(id.count(params) * banks))
    });
    let near = (of_register.clone(), 0..4u32).prop_map(|(offset, n)| offset ^ (4 * n));
    prop_oneof![6 => of_register, 2 => near, 1 => (0..end / 4).prop_map(|n| 4 * n)].boxed()
}

fn read(params: &'static Params) -> BoxedStrategy<Step> {
    (offset(params), prop::sample::select(vec![4u8, 4, 8])).prop_map(|(offset, bytes)| Step::Read { offset, bytes }).boxed()
}

fn write(params: &'static Params) -> BoxedStrategy<Step> {
    let data = prop_oneof![2 => any::<u64>(), 1 => (0..64u32).prop_map(|bit| 1 << bit), 1 => Just(0), 1 => Just(u64::MAX)];
    let whole = |offset: u32| if offset & 4 == 0 { 0x0fu8 } else { 0xf0 };
    let strobes = prop_oneof![12 => Just(None), 6 => Just(Some(0xffu8)), 2 => any::<u8>().prop_map(Some), 1 => Just(Some(0))];
    (offset(params), data, strobes)
        .prop_map(move |(offset, data, strobes)| Step::Write { offset, data, strobes: strobes.unwrap_or(whole(offset)) })
        .boxed()
}

fn recorder() -> BoxedStrategy<Option<u8>> {
    prop_oneof![4 => (0..4u8).prop_map(Some), 1 => Just(None)].boxed()
}

/// Steps of one kind.
pub(super) fn step(kind: Kind, params: &'static Params, swarm: &Swarm) -> BoxedStrategy<Step> {
    let banks = 0..4u8;
    match kind {
        Kind::Burst => burst(swarm).prop_map(Step::Burst).boxed(),
        Kind::Map => map(swarm).prop_map(Step::Map).boxed(),
        Kind::Table => table(swarm).prop_map(Step::Table).boxed(),
        Kind::Word => (spot(swarm), prop_oneof![4 => Just(3u8), 1 => 0..4u8], any::<u64>())
            .prop_map(|(at, level, value)| Step::Word { at, level, value })
            .boxed(),
        Kind::Invalidate => invalidate(swarm).prop_map(Step::Invalidate).boxed(),
        // With the bursts around it it comes from `move_page`.
        Kind::Move => moved(0, 0, false, swarm),
        Kind::Sync => (recorder(), any::<bool>()).prop_map(|(bank, wait)| Step::Sync { bank, wait }).boxed(),
        Kind::Fault => {
            (recorder(), any::<bool>(), any::<bool>()).prop_map(|(bank, read, clear)| Step::Fault { bank, read, clear }).boxed()
        }
        // With the bursts around it it comes from `stalls::use_early`.
        Kind::Serve | Kind::Early => stalls::serve(),
        Kind::Resume => stalls::resume(),
        Kind::Adjust => adjust(swarm).prop_map(Step::Adjust).boxed(),
        Kind::Bank => bank(banks, swarm).prop_map(Step::Bank).boxed(),
        Kind::Stream => {
            // Mostly the group that the stream has from the set-up on: two groups of one stream are a conflict.
            let stray = prop::option::weighted(0.15, 0..8u8);
            let stream = stream(0..8u8, 0..STREAMS.len() as u8, swarm);
            (stream, stray).prop_map(|(s, stray)| Step::Stream(Stream { group: stray.unwrap_or(s.stream), ..s })).boxed()
        }
        Kind::Global => global(swarm).prop_map(Step::Global).boxed(),
        Kind::Read => read(params),
        Kind::Write => write(params),
        Kind::Errors => {
            let frame = (0..FRAMES, prop_oneof![2 => Just((0u8, 64u8)), 1 => (0..64u8, 1..4u8)])
                .prop_map(|(frame, (first, lines))| ErrorPlace::Frame { frame, first, lines });
            let descriptor = (spot(swarm), 0..4u8).prop_map(|(at, level)| ErrorPlace::Descriptor { at, level });
            let errors = (prop_oneof![frame, descriptor], any::<bool>(), any::<bool>())
                .prop_map(|(place, reads, writes)| Step::Errors { place, reads, writes });
            prop_oneof![2 => errors, 1 => Just(Step::NoErrors)].boxed()
        }
        Kind::Around => {
            let times = (latency(swarm.latency), latency(swarm.latency)).prop_map(|(data, walk)| Step::Latency { data, walk });
            let ports = prop::sample::select(vec![Port::Client, Port::Downstream, Port::Walk]);
            let pauses = (ports, pauses(swarm.pauses)).prop_map(|(port, pauses)| Step::Pauses { port, pauses });
            prop_oneof![times, pauses].boxed()
        }
        Kind::Hold => (1..32u8, 1..200u16).prop_map(|(channels, cycles)| Step::Hold { channels, cycles }).boxed(),
        Kind::Drain => Just(Step::Drain).boxed(),
        Kind::Wait => Just(Step::Wait).boxed(),
        Kind::Reset => Just(Step::Reset).boxed(),
        Kind::Operation => beside::operation(place(swarm), swarm.streams),
        Kind::Count => beside::count(swarm.streams),
    }
}

/// The steps that set things up, in order: each bank with its trees, each stream with its bank, some leaves, and translation on.
pub(super) fn set_up(swarm: &Swarm) -> Vec<BoxedStrategy<Step>> {
    let mut steps: Vec<BoxedStrategy<Step>> = leaves(swarm);
    if let Some(second) = &swarm.second {
        steps.extend(second.covers(swarm.trees, swarm));
    }
    steps.extend(registers(swarm));
    steps
}

/// The registers of all banks and streams, and translation on.
pub(super) fn registers(swarm: &Swarm) -> Vec<BoxedStrategy<Step>> {
    let mut steps: Vec<BoxedStrategy<Step>> = Vec::new();
    for n in 0..4 {
        steps.push(bank(Just(n), swarm).prop_map(Step::Bank).boxed());
    }
    for n in 0..swarm.streams {
        steps.push(stream(Just(n), Just(n), swarm).prop_map(Step::Stream).boxed());
    }
    steps.push(global(swarm).prop_map(Step::Global).boxed());
    steps.push(prop_oneof![3 => Just(Step::Drain), 1 => Just(Step::Wait)].boxed());
    steps
}

fn leaves(swarm: &Swarm) -> Vec<BoxedStrategy<Step>> {
    let mut steps: Vec<BoxedStrategy<Step>> = Vec::new();
    for tree in 0..swarm.trees {
        for spot in 0..swarm.spots.min(SPOTS - 2) {
            let at = Just(Spot { tree, spot });
            // Blocks where tables of their own lead, pages elsewhere; some of each the other way round.
            let level = match spot {
                10..=12 => prop_oneof![3 => Just(2u8), 1 => Just(3)].boxed(),
                13..=15 => prop_oneof![2 => Just(1u8), 1 => Just(2), 1 => Just(3)].boxed(),
                _ => prop_oneof![20 => Just(3u8), 1 => Just(2)].boxed(),
            };
            steps.push(map_at(at, level, swarm, 0.05).prop_map(Step::Map).boxed());
        }
    }
    steps
}

/// A step with its gap.
pub(super) fn timed(step: BoxedStrategy<Step>, gap: u16) -> BoxedStrategy<Timed> {
    let gaps = prop_oneof![2 => Just(0u16), 2 => 0..=gap, 1 => 0..=2 * gap];
    (step, gaps).prop_map(|(step, then)| Timed { step, then }).boxed()
}
