//! Every bit of every address, ASID, VMID and StreamID, alone: what is wired wrongly shows.

use super::maintenance::{at_once, keep_missing};
use super::speed::demand;
use super::{smooth, Outcome, Scene, BANK, RAM, SETTLED, STREAM, TABLES};
use crate::axi::master::Burst;
use crate::bench::fixture::{Tables, READ_WRITE, SCTLR_HUPCF, SCTLR_USUAL};
use crate::bench::Bench;
use smmu_rtl::params::PA_WIDTH;
use smmu_rtl::registers as regs;

/// Memory at each address with a single bit: tables at its start, data behind them.
const BYTES: u64 = 0x4_0000;
const DATA: u64 = 0x2_0000;

pub(super) fn scenes() -> Vec<Scene> {
    vec![
        ("every bit of addresses", smooth(), translated),
        ("many bits at once", smooth(), together),
        ("every bit of bypassed addresses", smooth(), bypassed),
        ("every bit of invalidated addresses", smooth(), invalidated),
        ("invalidations of many bits", smooth(), invalidated_together),
    ]
}

/// Bits that an address in memory can have alone: where the hardware puts them out, and where the memory of the other scenes is not.
fn bits(bench: &Bench) -> impl Iterator<Item = u32> {
    (18..bench.params().output_bits().min(PA_WIDTH as u32)).filter(|bit| ![30, 31].contains(bit))
}

/// Tables, data, virtual addresses, ASID, VMID and stream with one bit each; pages, blocks, faults.
fn translated(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    bench.enable()?;
    for bit in bits(bench) {
        let base = 1u64 << bit;
        bench.memory().add_region(base, BYTES);
        let (bank, group) = (bit as usize % params.num_cb, bit as usize % params.num_smr);
        let stream = 1 << (bit % 15);
        for granule in super::translation::granules(bench) {
            let mut tables = Tables::new(base, granule, 16);
            // Tables of 64 KiB fill the memory before the data: two levels of them fit, as blocks.
            if granule != 16 {
                tables.map(bench.memory(), base, base + DATA, READ_WRITE)?;
            }
            let mut blocks = Vec::new();
            for level in [1, 2] {
                let block = 1u64 << tables.entry_bits(level);
                // Each of the sizes has a part of the address space of its own.
                let va = (base ^ 1 << (45 + level)) & !(block - 1);
                if base >= block && tables.start_level() < level && granule != 14 && (level == 2 || granule == 12) {
                    tables.map_block(bench.memory(), va, base, level, READ_WRITE)?;
                    blocks.push(va);
                }
            }
            bench.route_stream(group, stream, bank)?;
            bench.setup_bank(bank, &tables, 1 << (bit % 16), SCTLR_USUAL | SCTLR_HUPCF)?;
            bench.write32(regs::CBAR.offset(&params, bank), 1 << 16 | 1 << (bit % 8))?;
            bench.invalidate_bank(bank)?;
            bench.run_cycles(SETTLED)?;
            if granule != 16 {
                bench.burst_read(stream, base + 0x40, 2, 3)?;
                bench.burst_write(stream, base + 0x80, 2, 3, |n| 1 << ((bit as usize + n) % 64))?;
            }
            for va in &blocks {
                bench.burst_read(stream, va + DATA + 0x40, 2, 3)?;
                bench.burst_write(stream, va + DATA + 0x80, 2, 3, |n| 1 << ((bit as usize + n) % 64))?;
            }
            // Once more, from the walk caches: the micro TLB goes with the stream's group.
            bench.route_stream(group, stream, bank)?;
            bench.run_cycles(SETTLED)?;
            for va in &blocks {
                bench.burst_read(stream, va + DATA + 0x140, 2, 3)?;
            }
            // Nothing is mapped there: the address is in the record.
            bench.burst_read(stream, base ^ 0x3_0000 ^ 1 << (bit % 12), 1, 0)?;
            bench.fault_record(bank)?;
            bench.clear_fault(bank)?;
            bench.memory().write(base, &[0; DATA as usize])?;
            // What the tables were is of no use to anybody now.
            bench.invalidate_bank(bank)?;
        }
        bench.write32(regs::SMR.offset(&params, group), 0)?;
    }
    Ok(())
}

/// Bits of a leaf that mean nothing here: attributes and hints, software's.
const IGNORED: [u32; 11] = [2, 3, 4, 5, 8, 9, 51, 52, 55, 56, 58];

/// One table with a page at each of these addresses, used in turn: more pages than the micro TLB has entries, so each entry holds
/// every page once, and most pages are found again in the main TLB. ASIDs, VMIDs and StreamIDs change from round to round.
fn together(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    let bits: Vec<u32> = bits(bench).collect();
    let mut tables = Tables::usual(super::TABLES);
    for (n, bit) in bits.iter().enumerate() {
        bench.memory().add_region(1 << bit, BYTES);
        let ignored = 1 << IGNORED[n % IGNORED.len()];
        tables.map(bench.memory(), 1 << bit, (1 << bit) + DATA, READ_WRITE | ignored)?;
    }
    bench.enable()?;
    for round in 0..32usize {
        let (bank, group) = (round % params.num_cb, round % params.num_smr);
        let stream = 1u32 << (round % 15);
        // Half of the bursts come from a stream that differs in the one bit that the group does not compare.
        let masked = 1u32 << ((round * 4 + 3) % 15);
        bench.route_stream(group, stream, bank)?;
        bench.write32(regs::SMR.offset(&params, group), 1 << 31 | masked << 16 | stream)?;
        bench.setup_bank(bank, &tables, 1 << (round % 16), SCTLR_USUAL)?;
        bench.write32(regs::CBAR.offset(&params, bank), 1 << 16 | 1 << (round % 8))?;
        bench.run_cycles(SETTLED)?;
        for pass in 0..2 {
            let bus_bytes = params.data_width / 8;
            let bursts = (0..bits.len()).map(|n| {
                let bit = bits[(n + round) % bits.len()];
                let sender = if (n + pass) % 3 == 0 { stream ^ masked } else { stream };
                let mut read = Burst::read(sender, (1 << bit) + 0x40, 2, 3).id((n + pass) as u32 % 16);
                read.addr.cache = 1 << (n % 4);
                (read.addr.qos, read.addr.region) = (1 << ((n + round) % 4), 1 << ((n + pass) % 4));
                if (n + round + pass) % 2 == 0 {
                    read
                } else {
                    read.into_write(bus_bytes, |beat| 1 << ((n + beat + round) % 128))
                }
            });
            bench.bursts(0, bursts.collect::<Vec<_>>())?;
        }
        bench.write32(regs::SMR.offset(&params, group), 0)?;
    }
    Ok(())
}

/// The same without translation; unmatched streams and addresses beyond the output size leave the address in the global record.
fn bypassed(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    for bit in bits(bench) {
        bench.memory().add_region(1 << bit, BYTES);
        bench.burst_read(1 << (bit % 15), 1 << bit, 2, 3)?;
        bench.burst_write(1 << (bit % 15), 1 << bit, 2, 3, |_| 1 << (bit % 64))?;
    }
    bench.enable()?;
    bench.run_cycles(SETTLED)?;
    for bit in 0..49 {
        let mut burst = Burst::read(1 << (bit % 15), 1 << bit, 1, 0).prot(bit as u8 % 8).id(bit % 16);
        (burst.addr.cache, burst.addr.qos, burst.addr.region) = (1 << (bit % 4), 1 << (bit % 4), 1 << (bit % 4));
        bench.burst(burst)?;
        bench.read64(regs::SGFAR.offset(&params, 0))?;
        bench.read64(regs::SGFSYNR0.offset(&params, 0))?;
        bench.write32(regs::SGFSR.offset(&params, 0), u32::MAX)?;
        bench.run_cycles(SETTLED)?;
    }
    Ok(())
}

/// Commands whose address, ASID and VMID have one bit.
fn invalidated(bench: &mut Bench) -> Outcome {
    let params = *bench.params();
    for bit in 0..64 {
        let bank = bit as usize % params.num_cb;
        for id in [regs::CB_TLBIVA, regs::CB_TLBIVAA, regs::CB_TLBIVAL, regs::CB_TLBIVAAL] {
            bench.write64(id.offset(&params, bank), 1 << bit)?;
        }
        bench.write32(regs::CB_TLBIASID.offset(&params, bank), 1 << (bit % 16))?;
        bench.write32(regs::TLBIVMID.offset(&params, 0), 1 << (bit % 8))?;
        bench.write32(regs::TLBIVAH.offset(&params, 0), 1 << (bit % 32))?;
        bench.write64(regs::TLBIVALH64.offset(&params, 0), 1 << bit)?;
        bench.sync(bank)?;
    }
    Ok(())
}

/// Page, ASID and VMID with every other bit, in all combinations: a command that names them drops them.
fn invalidated_together(bench: &mut Bench) -> Outcome {
    const EVEN: u64 = 0x5555_5555_5555_5555;
    let params = *bench.params();
    bench.route_stream(0, STREAM, BANK)?;
    let mut tables = Tables::usual(TABLES);
    let pages = [EVEN, !EVEN].map(|pattern| pattern & 0x7fff_ffff_f000);
    for (n, va) in (0..).zip(pages) {
        tables.map(bench.memory(), va, RAM + (n << 12), READ_WRITE)?;
    }
    let crowd: Vec<u64> = (1..=2 * params.micro_tlb as u64).map(|n| n << 12).collect();
    for va in &crowd {
        tables.map(bench.memory(), *va, RAM + va, READ_WRITE)?;
    }
    for (vmid, asid) in [(EVEN, EVEN), (EVEN, !EVEN), (!EVEN, EVEN), (!EVEN, !EVEN)].map(|(v, a)| (v as u8, a as u16)) {
        bench.setup_bank(BANK, &tables, asid, SCTLR_USUAL)?;
        bench.write32(regs::CBAR.offset(&params, BANK), 1 << 16 | u32::from(vmid))?;
        bench.enable()?;
        for va in pages {
            let named = u64::from(asid) << 48 | va >> 12;
            for (id, payload) in [
                (regs::CB_TLBIVA, named),
                (regs::CB_TLBIVAL, named),
                (regs::CB_TLBIVAA, named),
                (regs::CB_TLBIVAAL, named),
                (regs::CB_TLBIASID, asid.into()),
                (regs::TLBIVMID, vmid.into()),
            ] {
                bench.burst_read(STREAM, va, 1, 3)?;
                let bank = if id == regs::TLBIVMID { 0 } else { BANK };
                // Behind others that take longer, so that it waits in the queue.
                keep_missing(bench, STREAM, &crowd, 300);
                let mut writes = vec![(regs::TLBIALLH, 0, 0); 40];
                writes.push((id, bank, payload));
                at_once(bench, &writes)?;
                bench.sync(BANK)?;
                bench.reset_stats();
                bench.burst_read(STREAM, va, 1, 3)?;
                let walks = bench.stats().walk_reads;
                demand(bench, &format!("table reads of what {} has named", id.register().name), walks, 1..=4)?;
            }
        }
    }
    Ok(())
}
