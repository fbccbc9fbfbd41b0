//! Every register, every shape of access, and accesses that do not wait for each other.

use super::{smooth, Outcome, Scene, BANK};
use crate::axi::pause::{Dice, Pauses};
use crate::bench::{Bench, BenchOptions};
use smmu_rtl::params::REG_PAGE;
use smmu_rtl::registers::{self as regs, Access, RegId};

pub(super) fn scenes() -> Vec<Scene> {
    let pauses = BenchOptions { pauses: Pauses::all(30), ..smooth() };
    vec![
        ("every register", smooth(), every_register),
        ("registers that set and clear bits", smooth(), set_and_clear),
        ("addresses of refused register accesses", smooth(), refused),
        ("shapes of register accesses", smooth(), shapes),
        ("register accesses side by side", smooth(), side_by_side),
        ("register accesses with pauses", pauses, shapes),
    ]
}

/// Reads every register, writes ones and zeros to those that keep something, and what they had to all.
fn every_register(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    for id in RegId::all() {
        let last = match id.register().space {
            regs::Space::Bank => id.count(&params) * params.num_cb - 1,
            _ => id.count(&params) - 1,
        };
        for index in [0, last] {
            let offset = id.offset(&params, index);
            let wide = id.register().width == 64;
            let old = if wide { bench.read64(offset)? } else { bench.read32(offset)?.into() };
            let keeps = matches!(id.register().access, Access::ReadWrite | Access::ReadOnly | Access::Reserved);
            for value in if keeps { vec![u64::MAX, 0x5a5a_a5a5_0ff0_c33c, 0, old] } else { vec![old] } {
                if wide {
                    bench.write64(offset, value)?;
                    bench.read64(offset)?;
                } else {
                    bench.write32(offset, value as u32)?;
                    bench.read32(offset)?;
                }
            }
        }
    }
    Ok(())
}

/// Writes drawn words to all registers in which ones set or clear bits, and reads them all: a bit of a word is that bit's alone.
fn set_and_clear(bench: &mut Bench) -> Outcome {
    const ROUNDS: usize = 24;
    let params = *bench.params();
    let mut dice = Dice::new(1, 0);
    let acts = |id: &RegId| matches!(id.register().access, Access::WriteOneToSet | Access::WriteOneToClear | Access::Restore);
    let registers: Vec<RegId> = RegId::all().filter(acts).collect();
    for round in 0..ROUNDS {
        for id in &registers {
            let count = match id.register().space {
                regs::Space::Bank => id.count(&params) * params.num_cb,
                _ => id.count(&params),
            };
            // Few bits, many bits, all of them; then none are left.
            let word = match round % 4 {
                0 => dice.word() & dice.word(),
                1 => dice.word(),
                2 => dice.word() | dice.word(),
                _ => u64::MAX,
            };
            bench.write32(id.offset(&params, (round + 1) % count), word as u32)?;
            for other in &registers {
                bench.read32(other.offset(&params, (round + 1) % count.min(other.count(&params).max(1))))?;
            }
        }
    }
    Ok(())
}

/// A refused access is recorded with its address, each bit of it: those inside a word, and those that name page and register.
fn refused(bench: &mut Bench) -> Outcome {
    const STROBES: [u8; 4] = [0x02, 0x40, 0x18, 0x7e];
    let params = *bench.params();
    let mut dice = Dice::new(1, 0);
    let all = 2 * params.num_page as u32 * REG_PAGE - 1;
    let drawn: Vec<u32> = (0..24).map(|_| dice.word() as u32 & all).collect();
    let bits = (0..all.count_ones()).map(|bit| 1 << bit);
    for (n, address) in bits.chain([0, all]).chain(drawn).enumerate() {
        bench.control().post_strobed(address, dice.word(), STROBES[n % STROBES.len()]);
        if n % 2 == 1 {
            // The first one keeps its record.
            bench.control().post_strobed(!address & all, dice.word(), STROBES[(n + 1) % STROBES.len()]);
        }
        bench.run_until("the register write", |bench| bench.quiet())?;
        for id in [regs::SGFSR, regs::SGFAR, regs::SGFSYNR0, regs::SGFSYNR1] {
            bench.read64(id.offset(&params, 0))?;
        }
        bench.write32(regs::SGFSR.offset(&params, 0), u32::MAX)?;
    }
    Ok(())
}

/// One offset of each place.
fn places(bench: &Bench) -> Vec<u32> {
    let params = *bench.params();
    let mut places = vec![
        regs::SCR1.offset(&params, 0),
        regs::CBFRSYNRA.offset(&params, 0),
        regs::ITCTRL.offset(&params, 0) & !7,
        regs::PMEVCNTR.offset(&params, 0),
        regs::CB_MAIR0.offset(&params, BANK),
        // Nothing is here.
        0x0ff8 - 0x100,
        params.num_page as u32 * REG_PAGE - 8,
    ];
    if params.num_cb < params.num_page {
        places.push((params.num_page + params.num_cb) as u32 * REG_PAGE + 0x20);
    }
    places
}

fn shapes(bench: &mut Bench) -> Outcome {
    for place in places(bench) {
        let word = place & !7;
        bench.read32(word)?;
        bench.read32(word + 4)?;
        bench.read64(word)?;
        for strobes in [0x0f, 0xf0, 0xff, 0x00, 0x01, 0x3c, 0xfe, 0x8f] {
            bench.control().post_strobed(word, 0x0102_0304_0506_0708, strobes);
        }
        bench.run_until("the register writes", |bench| bench.quiet())?;
        let params = *bench.params();
        bench.read32(regs::SGFSR.offset(&params, 0))?;
        bench.write32(regs::SGFSR.offset(&params, 0), u32::MAX)?;
    }
    Ok(())
}

/// Reads and writes, several of each under way.
fn side_by_side(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    bench.control().set_pipelined(true);
    let seldom = Pauses { aw: 92, w: 92, ar: 92, ..Pauses::NONE };
    for (n, pauses) in [Pauses::NONE, Pauses { b: 90, r: 90, ..Pauses::NONE }, Pauses::all(50), seldom].into_iter().enumerate() {
        bench.control().set_pauses(pauses);
        for index in 0..48u32 {
            let bank = index as usize % params.num_cb;
            let value = u64::from(index + 1) << 8 | n as u64;
            bench.mmio_post_write(regs::CB_CONTEXTIDR.offset(&params, bank), value, 4);
            bench.mmio_post_read(regs::CB_CONTEXTIDR.offset(&params, (bank + 1) % params.num_cb), 4);
            bench.mmio_post_read(regs::IDR1.offset(&params, 0), 4);
            bench.mmio_post_write(regs::CB_MAIR0.offset(&params, bank), !value, 8);
        }
        bench.run_until("the register accesses", |bench| bench.quiet())?;
    }
    Ok(())
}
