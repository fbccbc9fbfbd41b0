//! Address decoder of the register port: from an access to what each of its two 32-bit words is and where it lives.
//!
//! The contents of both ROMs come from [`super::regs_map`]. The sequencer [`super::regs_access`] holds the access and chooses the
//! word with `high`.
//!
//! Timing, from the cycle in which the access and `high` stand: `decoded` (inside) two cycles later, then `slot`; `kind` one more.
//! `upper`, `bank`, `index`, `rec_index`, `refuse` and `refuse_addr` follow in the same cycle.

use super::regs_map::{RegsMap, BANK_SLOTS, DECODE_BITS, KIND_BITS};
use crate::params::Params;
use crate::prelude::*;
use crate::prim::rom::RomSync;
use crate::registers::CBA2R;

/// The block. Banks are numbered in `BI` bits; `RI` = `BI` + 1 index the fault record, `AW` = `BI` + 6 the register RAM; `RAW`
/// register address bits.
#[derive(LogicBlock)]
pub struct RegsDecode<const BI: usize, const RI: usize, const AW: usize, const RAW: usize> {
    pub clock: Signal<In, Clock>,
    pub access_write: Signal<In, Bit>,
    pub access_addr: Signal<In, Word<RAW>>,
    pub access_strb: Signal<In, Word<8>>,
    /// The upper word of the access.
    pub high: Signal<In, Bit>,
    /// The access is to the page of a bank.
    pub upper: Signal<Out, Bit>,
    pub bank: Signal<Out, Word<BI>>,
    /// Bank, or array index of the word in global space.
    pub index: Signal<Out, Word<7>>,
    /// Array index of the word, low bits, in any page.
    pub element: Signal<Out, Word<4>>,
    /// Fault record of the word: a bank's, or `2^BI` for the global one.
    pub rec_index: Signal<Out, Word<RI>>,
    /// The access is a configuration access fault: a bank that is not there, or part of a word is written.
    pub refuse: Signal<Out, Bit>,
    /// Byte offset of the access, as issued.
    pub refuse_addr: Signal<Out, Word<32>>,
    /// Where the word is in the register RAM.
    pub slot: Signal<Out, Word<AW>>,
    /// Where the bank's CBAR is.
    pub cbar_slot: Signal<Out, Word<AW>>,
    /// Where the bank's CBA2R is.
    pub cba2r_slot: Signal<Out, Word<AW>>,
    /// Word of the second ROM.
    pub kind: Signal<Out, Word<KIND_BITS>>,
    decode: RomSync<12, DECODE_BITS>,
    kinds: RomSync<7, KIND_BITS>,
    decoded: DFF<Word<DECODE_BITS>>,
    upper_half: Constant<Word<32>>,
    has_64k: Constant<Bit>,
    page_mask: Constant<Word<8>>,
    num_cb: Constant<Word<8>>,
    global_base: Constant<Word<AW>>,
    cba2r_base: Constant<Word<AW>>,
    global_index: Constant<Word<RI>>,
    addr: Signal<Local, Word<32>>,
    upper_bits: Signal<Local, Word<32>>,
    page: Signal<Local, Word<8>>,
    missing: Signal<Local, Bit>,
    /// Beyond the first 4 KiB of a page.
    hole: Signal<Local, Bit>,
    space: Signal<Local, Word<2>>,
    mapped: Signal<Local, Bit>,
    high_bit: Signal<Local, Word<1>>,
    array_index: Signal<Local, Word<7>>,
    local_slot: Signal<Local, Word<AW>>,
    bank_base: Signal<Local, Word<AW>>,
    strb_low: Signal<Local, Word<4>>,
    strb_high: Signal<Local, Word<4>>,
    part_low: Signal<Local, Bit>,
    part_high: Signal<Local, Bit>,
}

impl<const BI: usize, const RI: usize, const AW: usize, const RAW: usize> RegsDecode<BI, RI, AW, RAW> {
    /// The block for hardware of that size.
    ///
    /// # Panics
    /// If the const generics are not those of the parameters.
    pub fn new(params: &Params) -> Self {
        let map = RegsMap::new(params);
        assert!(params.num_cb <= 1 << BI && RI == BI + 1 && AW == BI + 6, "bank index bits");
        assert_eq!(params.register_space(), 1 << RAW, "register address bits");
        assert!(map.global_slots <= BANK_SLOTS << BI, "the register RAM has room");
        Self {
            clock: Signal::default(),
            access_write: Signal::default(),
            access_addr: Signal::default(),
            access_strb: Signal::default(),
            high: Signal::default(),
            upper: Signal::default(),
            bank: Signal::default(),
            index: Signal::default(),
            element: Signal::default(),
            rec_index: Signal::default(),
            refuse: Signal::default(),
            refuse_addr: Signal::default(),
            slot: Signal::default(),
            cbar_slot: Signal::default(),
            cba2r_slot: Signal::default(),
            kind: Signal::default(),
            decode: RomSync::new(&map.decode),
            kinds: RomSync::new(&map.kinds),
            decoded: DFF::default(),
            upper_half: Constant::new(Word::new(1 << (RAW - 1))),
            has_64k: Constant::new(params.features.reg_pages_64k),
            page_mask: Constant::new(Word::new(params.num_page as u128 - 1)),
            hole: Signal::default(),
            num_cb: Constant::new(Word::new(params.num_cb as u128)),
            global_base: Constant::new(Word::new(1 << (AW - 1))),
            cba2r_base: Constant::new(Word::new((1 << (AW - 1)) | map.slot(CBA2R))),
            global_index: Constant::new(Word::new(1 << BI)),
            addr: Signal::default(),
            upper_bits: Signal::default(),
            page: Signal::default(),
            missing: Signal::default(),
            space: Signal::default(),
            mapped: Signal::default(),
            high_bit: Signal::default(),
            array_index: Signal::default(),
            local_slot: Signal::default(),
            bank_base: Signal::default(),
            strb_low: Signal::default(),
            strb_high: Signal::default(),
            part_low: Signal::default(),
            part_high: Signal::default(),
        }
    }
}

impl<const BI: usize, const RI: usize, const AW: usize, const RAW: usize> Logic for RegsDecode<BI, RI, AW, RAW> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, decoded);
        clock!(self, clock, decode, kinds);

        // Where the access goes: the upper half of the space are banks, one a page.
        self.addr.next = bit_cast::<32, RAW>(self.access_addr.val());
        self.upper_bits.next = self.addr.val() & self.upper_half.val();
        self.upper.next = self.upper_bits.val().any();
        self.page.next = self.addr.val().get_bits::<8>(12) & self.page_mask.val();
        self.bank.next = self.addr.val().get_bits::<BI>(12);
        self.hole.next = false;
        if self.has_64k.val() {
            self.page.next = self.addr.val().get_bits::<8>(16) & self.page_mask.val();
            self.bank.next = self.addr.val().get_bits::<BI>(16);
            self.hole.next = self.addr.val().get_bits::<4>(12).any();
        }
        self.missing.next = self.upper.val() & (self.page.val() >= self.num_cb.val());
        self.space.next = 0.into();
        self.mapped.next = self.page.val() == 0;
        if self.page.val() == 1 {
            self.space.next = 1.into();
            self.mapped.next = true;
        }
        if self.page.val() == 3 {
            self.space.next = 2.into();
            self.mapped.next = true;
        }
        if self.upper.val() {
            self.space.next = 3.into();
            self.mapped.next = !self.missing.val();
        }
        if self.hole.val() {
            self.mapped.next = false;
        }
        self.high_bit.next = self.high.val().into();
        self.array_index.next = (bit_cast::<7, 6>(self.addr.val().get_bits::<6>(3)) << 1) | bit_cast::<7, 1>(self.high_bit.val());
        self.index.next = self.array_index.val();
        self.element.next = self.array_index.val().get_bits::<4>(0);
        if self.upper.val() {
            self.index.next = self.page.val().get_bits::<7>(0);
        }

        // Both ROMs. A page without registers is kind 0: nothing there.
        self.decode.raddr.next = (bit_cast::<12, 2>(self.space.val()) << 10)
            | (bit_cast::<12, 9>(self.addr.val().get_bits::<9>(3)) << 1)
            | bit_cast::<12, 1>(self.high_bit.val());
        self.decoded.d.next = 0.into();
        if self.mapped.val() {
            self.decoded.d.next = self.decode.rdata.val();
        }
        self.kinds.raddr.next = self.decoded.q.val().get_bits::<7>(11);
        self.kind.next = self.kinds.rdata.val();

        // Register RAM: 32 words for each bank, then the global ones, CBAR first.
        self.local_slot.next = bit_cast::<AW, 11>(self.decoded.q.val().get_bits::<11>(0));
        self.bank_base.next = bit_cast::<AW, BI>(self.bank.val());
        self.cba2r_slot.next = self.bank_base.val() + self.cba2r_base.val();
        self.cbar_slot.next = self.bank_base.val() | self.global_base.val();
        self.slot.next = self.local_slot.val() | self.global_base.val();
        if self.upper.val() {
            self.slot.next = (self.bank_base.val() << 5) | self.local_slot.val();
        }

        // The fault record of the bank; CBFRSYNRA finds it by its array index; the global record comes after all banks.
        self.rec_index.next = self.global_index.val();
        if self.upper.val() {
            self.rec_index.next = bit_cast::<RI, BI>(self.bank.val());
        } else if self.space.val() == 1 {
            self.rec_index.next = bit_cast::<RI, 7>(self.array_index.val());
        }

        // What is refused: whole 32-bit words only, banks that are there only.
        self.strb_low.next = self.access_strb.val().get_bits::<4>(0);
        self.strb_high.next = self.access_strb.val().get_bits::<4>(4);
        self.part_low.next = self.strb_low.val().any() & !self.strb_low.val().all();
        self.part_high.next = self.strb_high.val().any() & !self.strb_high.val().all();
        self.refuse.next = self.missing.val() | (self.access_write.val() & (self.part_low.val() | self.part_high.val()));
        self.refuse_addr.next = self.addr.val();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::params::{Features, MINI, ZYNQMP};
    use crate::registers::RegId;
    use crate::testing::{equivalence, synthesis_check};

    const PAGES: Params = MINI.with_features(Features { reg_pages_64k: true, ..Features::STAGE1 });

    #[test]
    fn synthesizes() {
        synthesis_check(RegsDecode::<2, 3, 8, 17>::new(&MINI));
        synthesis_check(RegsDecode::<2, 3, 8, 21>::new(&PAGES));
    }

    #[test]
    fn verilog_agrees_with_pages_of_64_kib() {
        let offsets: Vec<u32> = RegId::all().map(|id| id.offset(&PAGES, 3 * id.count(&PAGES) / 4)).collect();
        let mut pick = 0usize;
        equivalence(
            || RegsDecode::<2, 3, 8, 21>::new(&PAGES),
            3000,
            7,
            drive!(clock, access_write, access_addr, access_strb, high),
            |s| {
                pick += 1;
                let hole = if pick.is_multiple_of(5) { 0x3000 } else { 0 };
                if !pick.is_multiple_of(4) {
                    s.set("access_addr", u128::from(offsets[pick * 7 % offsets.len()] | hole));
                }
            },
        );
    }

    #[test]
    fn verilog_agrees() {
        let offsets: Vec<u32> = RegId::all().map(|id| id.offset(&ZYNQMP, 3 * id.count(&ZYNQMP) / 4)).collect();
        let mut pick = 0usize;
        equivalence(
            || RegsDecode::<4, 5, 10, 17>::new(&ZYNQMP),
            3000,
            6,
            drive!(clock, access_write, access_addr, access_strb, high),
            |s| {
                // Offsets that exist in three cycles out of four.
                pick += 1;
                if !pick.is_multiple_of(4) {
                    s.set("access_addr", u128::from(offsets[pick * 7 % offsets.len()]));
                }
            },
        );
    }
}
