//! The DMA engine's side of [`AxiMaster`]: transfers are cut into INCR bursts of the full bus width that stay inside 4 KiB.

use super::burst::{self, INCR, OKAY};
use super::master::{AxiMaster, Burst, BurstDone, Owner};
use super::port::{AxiPort, Completion, Transfer};
use smmu_sim::dut::{AddrBeat, WriteBeat};
use std::collections::VecDeque;

/// A transfer whose bursts are not all back.
#[derive(Debug)]
struct Open {
    completion: Completion,
    bursts_left: usize,
}

/// Transfers posted and not yet taken back.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    open: Vec<Option<Open>>,
    completed: VecDeque<Completion>,
    outstanding: usize,
}

impl Transfers {
    fn insert(&mut self, open: Open) -> usize {
        self.outstanding += 1;
        match self.open.iter().position(Option::is_none) {
            Some(slot) => {
                self.open[slot] = Some(open);
                slot
            }
            None => {
                self.open.push(Some(open));
                self.open.len() - 1
            }
        }
    }

    /// One burst of a transfer is done: `bytes` bytes that start at `offset` in the transfer.
    pub(super) fn burst_done(&mut self, slot: usize, offset: usize, bytes: usize, done: &BurstDone, bus_bytes: usize) {
        let Some(open) = &mut self.open[slot] else { return };
        open.completion.resp = open.completion.resp.max(done.resp);
        let mut at = offset;
        for (n, beat) in done.beats.iter().enumerate() {
            for lane in burst::lanes(&done.addr, n, bus_bytes) {
                if at < offset + bytes {
                    open.completion.data[at] = (beat.data >> (8 * lane)) as u8;
                    at += 1;
                }
            }
        }
        open.bursts_left -= 1;
        if open.bursts_left == 0 {
            self.completed.extend(self.open[slot].take().map(|open| open.completion));
        }
    }
}

/// Bytes of the next burst of a transfer at `addr` with `left` bytes to go: up to `max_beats` beats, and up to the page's end.
fn burst_bytes(addr: u64, left: usize, bus_bytes: usize, max_beats: usize) -> usize {
    let to_page_end = (burst::PAGE - addr % burst::PAGE) as usize;
    let in_beats = max_beats.clamp(1, 256) * bus_bytes - addr as usize % bus_bytes;
    left.min(to_page_end).min(in_beats)
}

fn burst_of(transfer: &Transfer, addr: u64, offset: usize, bytes: usize, bus_bytes: usize) -> Burst {
    let count = (addr as usize % bus_bytes + bytes).div_ceil(bus_bytes);
    let beat = AddrBeat {
        id: transfer.id,
        addr,
        len: (count - 1) as u8,
        size: bus_bytes.trailing_zeros() as u8,
        burst: INCR,
        cache: transfer.cache,
        prot: transfer.prot,
        user: transfer.stream_id,
        ..AddrBeat::default()
    };
    let data = transfer.data.as_ref().map(|data| {
        let mut rest = data[offset..offset + bytes].iter();
        let mut beats = Vec::with_capacity(count);
        for n in 0..count {
            let mut w = WriteBeat { last: n + 1 == count, ..WriteBeat::default() };
            for (lane, &byte) in burst::lanes(&beat, n, bus_bytes).zip(&mut rest) {
                w.data |= u128::from(byte) << (8 * lane);
                w.strb |= 1 << lane;
            }
            beats.push(w);
        }
        beats
    });
    Burst { addr: beat, data }
}

impl AxiPort for AxiMaster {
    fn post(&mut self, transfer: Transfer) -> bool {
        if self.transfers.outstanding >= self.options.max_transfers {
            return false;
        }
        let total = transfer.data.as_ref().map_or(transfer.bytes, Vec::len);
        let data = if transfer.data.is_some() { Vec::new() } else { vec![0; total] };
        let completion = Completion { tag: transfer.tag, resp: OKAY, data };
        if total == 0 {
            self.transfers.outstanding += 1;
            self.transfers.completed.push_back(completion);
            return true;
        }
        let slot = self.transfers.insert(Open { completion, bursts_left: 0 });
        let mut offset = 0;
        let mut bursts = 0;
        while offset < total {
            let addr = transfer.addr.wrapping_add(offset as u64);
            let bytes = burst_bytes(addr, total - offset, self.bus_bytes, self.options.max_beats);
            let burst = burst_of(&transfer, addr, offset, bytes, self.bus_bytes);
            self.queue(burst, Owner::Transfer { slot, offset, bytes });
            offset += bytes;
            bursts += 1;
        }
        if let Some(open) = &mut self.transfers.open[slot] {
            open.bursts_left = bursts;
        }
        true
    }

    fn completed(&mut self) -> Option<Completion> {
        let completion = self.transfers.completed.pop_front()?;
        self.transfers.outstanding -= 1;
        Some(completion)
    }

    fn outstanding(&self) -> usize {
        self.transfers.outstanding
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_end_at_the_page_and_at_the_longest_length() {
        assert_eq!(burst_bytes(0x1ff3, 100, 8, 16), 13);
        assert_eq!(burst_bytes(0x1003, 1000, 8, 16), 125);
        assert_eq!(burst_bytes(0x1000, 5, 8, 16), 5);
    }

    #[test]
    fn an_unaligned_write_has_strobes_for_its_bytes_only() {
        let transfer = Transfer { data: Some((1..=6).collect()), ..Transfer::default() };
        let burst = burst_of(&transfer, 0x1006, 0, 6, 8);
        let data = burst.data.expect("a write");
        assert_eq!((burst.addr.len, burst.addr.size), (1, 3));
        assert_eq!(data[0], WriteBeat { data: 0x0201 << 48, strb: 0xc0, last: false });
        assert_eq!(data[1], WriteBeat { data: 0x0605_0403, strb: 0x0f, last: true });
    }
}
