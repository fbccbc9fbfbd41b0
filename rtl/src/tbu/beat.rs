//! The word in which an address beat travels through the unit.
//!
//! | bits | field | |
//! | --- | --- | --- |
//! | 48:0 | addr | VA before, PA (bit 48 zero) after translation |
//! | 56:49 | len | AxLEN |
//! | 59:57 | size | AxSIZE |
//! | 61:60 | burst | AxBURST |
//! | 62 | lock | AxLOCK |
//! | 66:63 | cache | AxCACHE |
//! | 69:67 | prot | AxPROT: 67 privileged, 68 non-secure, 69 instruction |
//! | 73:70 | qos | AxQOS |
//! | 77:74 | region | AxREGION |
//! | 92:78 | user | StreamID, bits 14:0 |
//! | 100:93 | id | AxID, zero-extended to 8 bits |
//! | 101 | | inside the address pipe: the burst is illegal ([`super::burst_check`]) |
//! | 102 | user | StreamID, bit 15: zero without 16-bit StreamIDs |
//!
//! The attributes of an answer ([`super::attribute_out`]) go beside it.
//!
//! One word, because a signal costs the simulation its time whatever its width. Kernels slice it with literal positions (they
//! take no names); [`pack`](Pack) and [`unpack`](Unpack) are the only blocks that know all of them.

use crate::axi::*;
use crate::params::Params;
use crate::prelude::*;
use crate::prim::strap::Strap;

/// A client's address channel as one word. Combinational.
#[derive(LogicBlock, Default)]
pub struct Pack<const IDW: usize> {
    pub s: AddrIn<IDW, 49, 16>,
    pub valid: Signal<Out, Bit>,
    pub ready: Signal<In, Bit>,
    pub beat: Signal<Out, Word<103>>,
    l_len: Signal<Local, Word<103>>,
    l_size: Signal<Local, Word<103>>,
    l_burst: Signal<Local, Word<103>>,
    l_cache: Signal<Local, Word<103>>,
    l_prot: Signal<Local, Word<103>>,
    l_qos: Signal<Local, Word<103>>,
    l_region: Signal<Local, Word<103>>,
    l_user: Signal<Local, Word<103>>,
    l_user_top: Signal<Local, Bit>,
    l_id: Signal<Local, Word<103>>,
    l_all: Signal<Local, Word<103>>,
    has_exids: Strap<Bit>,
}

impl<const IDW: usize> Pack<IDW> {
    /// The block of hardware with these features.
    pub fn new(params: &Params) -> Self {
        Self { has_exids: Strap::new(params.features.exids), ..Self::default() }
    }
}

impl<const IDW: usize> Logic for Pack<IDW> {
    #[hdl_gen]
    fn update(&mut self) {
        self.valid.next = self.s.valid.val();
        self.s.ready.next = self.ready.val();
        self.l_len.next = bit_cast::<103, 8>(self.s.len.val());
        self.l_size.next = bit_cast::<103, 3>(self.s.size.val());
        self.l_burst.next = bit_cast::<103, 2>(self.s.burst.val());
        self.l_cache.next = bit_cast::<103, 4>(self.s.cache.val());
        self.l_prot.next = bit_cast::<103, 3>(self.s.prot.val());
        self.l_qos.next = bit_cast::<103, 4>(self.s.qos.val());
        self.l_region.next = bit_cast::<103, 4>(self.s.region.val());
        self.l_user.next = bit_cast::<103, 15>(self.s.user.val().get_bits::<15>(0));
        self.l_id.next = bit_cast::<103, IDW>(self.s.id.val());
        self.l_all.next = bit_cast::<103, 49>(self.s.addr.val());
        self.l_all.next = self.l_all.val()
            | (self.l_len.val() << 49)
            | (self.l_size.val() << 57)
            | (self.l_burst.val() << 60)
            | (self.l_cache.val() << 63)
            | (self.l_prot.val() << 67)
            | (self.l_qos.val() << 70)
            | (self.l_region.val() << 74)
            | (self.l_user.val() << 78)
            | (self.l_id.val() << 93);
        self.l_user_top.next = self.has_exids.val() & self.s.user.val().get_bit(15);
        self.beat.next = self.l_all.val().replace_bit(62, self.s.lock.val()).replace_bit(102, self.l_user_top.val());
    }
}

/// A transaction word as a downstream address channel. Combinational.
#[derive(LogicBlock, Default)]
pub struct Unpack<const IDW: usize> {
    pub valid: Signal<In, Bit>,
    pub ready: Signal<Out, Bit>,
    pub beat: Signal<In, Word<103>>,
    /// 1:0 domain, 5:2 inner cacheability.
    pub attr: Signal<In, Word<6>>,
    pub m: AddrOut<IDW, 48, 22>,
    l_user: Signal<Local, Word<22>>,
}

impl<const IDW: usize> Logic for Unpack<IDW> {
    #[hdl_gen]
    fn update(&mut self) {
        self.m.valid.next = self.valid.val();
        self.ready.next = self.m.ready.val();
        self.m.addr.next = self.beat.val().get_bits::<48>(0);
        self.m.len.next = self.beat.val().get_bits::<8>(49);
        self.m.size.next = self.beat.val().get_bits::<3>(57);
        self.m.burst.next = self.beat.val().get_bits::<2>(60);
        self.m.lock.next = self.beat.val().get_bit(62);
        self.m.cache.next = self.beat.val().get_bits::<4>(63);
        self.m.prot.next = self.beat.val().get_bits::<3>(67);
        self.m.qos.next = self.beat.val().get_bits::<4>(70);
        self.m.region.next = self.beat.val().get_bits::<4>(74);
        self.l_user.next = bit_cast::<22, 15>(self.beat.val().get_bits::<15>(78))
            | (bit_cast::<22, 1>(self.beat.val().get_bits::<1>(102)) << 15);
        self.m.user.next = self.l_user.val() | (bit_cast::<22, 6>(self.attr.val()) << 16);
        self.m.id.next = self.beat.val().get_bits::<IDW>(93);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive;
    use crate::params::MINI;
    use crate::testing::{equivalence, synthesis_check};

    #[test]
    fn synthesizes() {
        synthesis_check(Pack::<4>::new(&MINI));
        synthesis_check(Pack::<4>::new(&MINI.with_everything()));
        synthesis_check(Unpack::<6>::default());
    }

    #[test]
    fn verilog_agrees() {
        equivalence(|| Pack::<6>::new(&MINI), 500, 1, drive!(s, ready), |_| {});
        equivalence(|| Pack::<6>::new(&MINI.with_everything()), 500, 3, drive!(s, ready), |_| {});
        equivalence(Unpack::<4>::default, 500, 2, drive!(valid, beat, attr, m), |_| {});
    }

    #[test]
    fn what_goes_in_comes_out() {
        let (mut p, mut u) = (Pack::<5>::new(&MINI.with_everything()), Unpack::<5>::default());
        p.connect_all();
        u.connect_all();
        p.s.addr.next = 0xabcd_1234_5678u64.into();
        p.s.len.next = 0x9c.into();
        p.s.size.next = 5.into();
        p.s.burst.next = 2.into();
        p.s.lock.next = true;
        p.s.cache.next = 11.into();
        p.s.prot.next = 6.into();
        p.s.qos.next = 13.into();
        p.s.region.next = 7.into();
        p.s.user.next = 0xda5a.into();
        p.s.id.next = 0x15.into();
        assert!(simulate(&mut p, 10));
        u.beat.next = p.beat.val();
        u.attr.next = 0x2d.into();
        assert!(simulate(&mut u, 10));
        assert_eq!(u.m.addr.val().u64(), 0xabcd_1234_5678);
        let fields = (u.m.len.val().u64(), u.m.size.val().u64(), u.m.burst.val().u64(), u.m.lock.val(), u.m.cache.val().u64());
        assert_eq!(fields, (0x9c, 5, 2, true, 11));
        let fields =
            (u.m.prot.val().u64(), u.m.qos.val().u64(), u.m.region.val().u64(), u.m.user.val().u64(), u.m.id.val().u64());
        assert_eq!(fields, (6, 13, 7, 0x2d_da5a, 0x15));
    }
}
