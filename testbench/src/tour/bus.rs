//! Every shape of burst, passed and refused; every response; long waits on every channel.

use super::{smooth, Outcome, Scene, RAM};
use crate::axi::burst::{FIXED, INCR, RESERVED, WRAP};
use crate::axi::master::Burst;
use crate::axi::pause::Pauses;
use crate::bench::{Bench, BenchOptions};
use crate::memory::latency::Latency;
use smmu_rtl::registers as regs;

pub(super) fn scenes() -> Vec<Scene> {
    let slow = BenchOptions { pauses: Pauses::all(88), ..smooth() };
    let rough = BenchOptions {
        seed: 7,
        latency: Latency::Random { min: 1, max: 60 },
        out_of_order: true,
        pauses: Pauses::all(40),
        ..smooth()
    };
    vec![
        ("shapes of bursts", smooth(), shapes),
        ("shapes of bursts on a rough bus", rough, shapes),
        ("shapes of bursts on a slow bus", slow, few_shapes),
        ("responses", smooth(), responses),
    ]
}

/// Every legal shape.
fn legal(stream: u32, size: u8) -> Vec<Burst> {
    let mut all = Vec::new();
    for beats in [1, 2, 3, 4, 7, 8, 15, 16, 17, 64, 255, 256] {
        for unaligned in [0, 1] {
            let unaligned = if size == 0 { 0 } else { unaligned };
            all.push(Burst::read(stream, RAM + unaligned, beats, size).kind(INCR));
            if beats <= 16 {
                all.push(Burst::read(stream, RAM + 0x40 + unaligned, beats, size).kind(FIXED));
            }
        }
        if matches!(beats, 2 | 4 | 8 | 16) {
            all.push(Burst::read(stream, RAM + (3 << size), beats, size).kind(WRAP));
        }
    }
    all
}

/// Both directions, with every protection, some of them exclusive.
fn both(bursts: Vec<Burst>, bus_bytes: usize) -> Vec<Burst> {
    let mut all = Vec::new();
    for (n, read) in bursts.into_iter().enumerate() {
        let mut read = read.prot(n as u8 % 8).id(n as u32 % 5);
        read.addr.lock = n % 3 == 0;
        all.push(
            read.clone()
                .into_write(bus_bytes, |beat| 0x0102_0304_0506_0708_1112_1314_1516_1718u128.wrapping_mul(beat as u128 + 1)),
        );
        all.push(read);
    }
    all
}

/// Streams: one passes as out of reset, the other is refused by every group that it matches.
fn streams(bench: &mut Bench) -> Result<[u32; 2], crate::bench::BenchError> {
    let params = *bench.params();
    bench.route_stream(0, 0x300, 0)?;
    bench.write32(regs::S2CR.offset(&params, 0), 1 << 16)?;
    bench.enable()?;
    bench.run_cycles(super::SETTLED)?;
    Ok([0x300, 0x7ff])
}

fn shapes(bench: &mut Bench) -> Outcome {
    let bus_bytes = bench.params().data_width / 8;
    for stream in streams(bench)? {
        for size in 0..=bus_bytes.trailing_zeros() as u8 {
            bench.bursts(0, both(legal(stream, size), bus_bytes))?;
        }
        let wide = bus_bytes.trailing_zeros() as u8 + 1;
        let illegal = vec![
            Burst::read(stream, RAM, 4, 2).kind(RESERVED),
            Burst::read(stream, RAM, 1, wide),
            Burst::read(stream, RAM + 0xff8, 4, 3),
            Burst::read(stream, RAM, 3, 2).kind(WRAP),
        ];
        for _ in 0..8 {
            bench.bursts(0, both(illegal.clone(), bus_bytes))?;
        }
    }
    Ok(())
}

fn few_shapes(bench: &mut Bench) -> Outcome {
    let bus_bytes = bench.params().data_width / 8;
    for stream in streams(bench)? {
        let few = legal(stream, 3).into_iter().filter(|burst| burst.addr.len < 16).collect();
        bench.bursts(0, both(few, bus_bytes))?;
    }
    Ok(())
}

/// OKAY, SLVERR and DECERR, of one beat and of several.
fn responses(bench: &mut Bench) -> Outcome {
    let [stream, _] = streams(bench)?;
    bench.memory().inject_errors(RAM + 0x1000..RAM + 0x1008, true, true);
    for addr in [RAM, RAM + 0x1000, super::HOLE] {
        for beats in [1, 4] {
            bench.burst_read(stream, addr, beats, 3)?;
            bench.burst_write(stream, addr, beats, 3, |_| 6)?;
        }
    }
    Ok(())
}
