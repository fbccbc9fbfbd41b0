//! Attributes at the client port's end: what an entry of the micro TLB keeps of an answer's attribute ([`AttributeFill`]), and what becomes of a
//! transaction's own on its way out ([`AttributeOut`]).
//!
//! # What an entry keeps (18 bits)
//!
//! | bits | | replaces | else |
//! | --- | --- | --- | --- |
//! | 0 | the type is replaced | | |
//! | 6:1 | type: 1 not Device nGnRnE, 2 Normal, 4:3 outer, 6:5 inner (0 NC, 1 WT, 3 WB) | the new type | combined with the transaction's own: AND |
//! | 7 | the shareability is replaced | | |
//! | 9:8 | 0 NSH, 1 ISH, 3 OSH | the new one | combined: OR |
//! | 10, 11 | the read hint is replaced; by this | | stays |
//! | 12, 13 | the write hint is replaced; by this | | stays |
//! | 14, 15 | privilege is replaced; by this | | passes |
//! | 16, 17 | of a read, instruction is replaced; by this | | passes |
//!
//! It is the control unit's step ([`crate::tcu::attribute`]) without what tells Device types apart that look the same on the pins. An entry serves reads
//! and writes, so it has both hints; the permissions that it holds are those of the accesses as they come in: where `PRIVCFG` or
//! `INSTCFG` make another access of them, [`AttributeFill`] gives them the other's permission, and a look-up costs nothing.
//!
//! Combinational.

use crate::prelude::*;
use crate::prim::strap::Strap;

/// From an answer to an entry.
#[derive(LogicBlock, Default)]
pub struct AttributeFill {
    /// 15:0 step, 16 privilege is replaced, 17 by this, 18 instruction of reads is replaced, 19 by this.
    pub answer: Signal<In, Word<20>>,
    /// {px, pw, pr, ux, uw, ur}
    pub perm: Signal<In, Word<6>>,
    pub o_attr: Signal<Out, Word<18>>,
    pub o_perm: Signal<Out, Word<6>>,
    there: Strap<Bit>,
    px: Signal<Local, Bit>,
    pw: Signal<Local, Bit>,
    pr: Signal<Local, Bit>,
    ux: Signal<Local, Bit>,
    uw: Signal<Local, Bit>,
    ur: Signal<Local, Bit>,
    priv_set: Signal<Local, Bit>,
    priv_clear: Signal<Local, Bit>,
    inst_set: Signal<Local, Bit>,
    inst_clear: Signal<Local, Bit>,
    folded: Signal<Local, Word<6>>,
}

impl AttributeFill {
    /// The block; `there`: the hardware has attributes.
    pub fn new(there: bool) -> Self {
        Self { there: Strap::new(there), ..Self::default() }
    }
}

impl Logic for AttributeFill {
    #[hdl_gen]
    fn update(&mut self) {
        self.o_attr.next = 0.into();
        if self.there.val() {
            self.o_attr.next = bit_cast::<18, 2>(self.answer.val().get_bits::<2>(0))
                | (bit_cast::<18, 5>(self.answer.val().get_bits::<5>(4)) << 2)
                | (bit_cast::<18, 11>(self.answer.val().get_bits::<11>(9)) << 7);
        }
        self.priv_set.next = self.answer.val().get_bit(16) & self.answer.val().get_bit(17);
        self.priv_clear.next = self.answer.val().get_bit(16) & !self.answer.val().get_bit(17);
        self.inst_set.next = self.answer.val().get_bit(18) & self.answer.val().get_bit(19);
        self.inst_clear.next = self.answer.val().get_bit(18) & !self.answer.val().get_bit(19);
        self.ur.next = (self.perm.val().get_bit(0) & !self.inst_set.val()) | (self.perm.val().get_bit(2) & self.inst_set.val());
        self.uw.next = self.perm.val().get_bit(1);
        self.ux.next =
            (self.perm.val().get_bit(2) & !self.inst_clear.val()) | (self.perm.val().get_bit(0) & self.inst_clear.val());
        self.pr.next = (self.perm.val().get_bit(3) & !self.inst_set.val()) | (self.perm.val().get_bit(5) & self.inst_set.val());
        self.pw.next = self.perm.val().get_bit(4);
        self.px.next =
            (self.perm.val().get_bit(5) & !self.inst_clear.val()) | (self.perm.val().get_bit(3) & self.inst_clear.val());
        self.folded.next = 0.into();
        self.folded.next = self.folded.val().replace_bit(0, self.ur.val());
        self.folded.next = self.folded.val().replace_bit(1, self.uw.val());
        self.folded.next = self.folded.val().replace_bit(2, self.ux.val());
        self.folded.next = self.folded.val().replace_bit(3, self.pr.val());
        self.folded.next = self.folded.val().replace_bit(4, self.pw.val());
        self.folded.next = self.folded.val().replace_bit(5, self.px.val());
        if self.priv_set.val() {
            self.folded.next = self.folded.val().replace_bit(0, self.pr.val());
            self.folded.next = self.folded.val().replace_bit(1, self.pw.val());
            self.folded.next = self.folded.val().replace_bit(2, self.px.val());
        }
        if self.priv_clear.val() {
            self.folded.next = self.folded.val().replace_bit(3, self.ur.val());
            self.folded.next = self.folded.val().replace_bit(4, self.uw.val());
            self.folded.next = self.folded.val().replace_bit(5, self.ux.val());
        }
        self.o_perm.next = self.perm.val();
        if self.there.val() {
            self.o_perm.next = self.folded.val();
        }
    }
}

/// From a transaction and an entry to the pins.
#[derive(LogicBlock, Default)]
pub struct AttributeOut {
    /// AxCACHE and AxPROT as they came.
    pub cache: Signal<In, Word<4>>,
    pub prot: Signal<In, Word<3>>,
    pub attr: Signal<In, Word<18>>,
    pub o_cache: Signal<Out, Word<4>>,
    pub o_prot: Signal<Out, Word<3>>,
    /// 1:0 domain, 5:2 inner cacheability.
    pub o_user: Signal<Out, Word<6>>,
    there: Strap<Bit>,
    is_write: Strap<Bit>,
    cacheable: Signal<Local, Bit>,
    back: Signal<Local, Bit>,
    own_hint: Signal<Local, Bit>,
    hint: Signal<Local, Bit>,
    own: Signal<Local, Word<6>>,
    kind: Signal<Local, Word<6>>,
    normal: Signal<Local, Bit>,
    outer_some: Signal<Local, Bit>,
    inner_some: Signal<Local, Bit>,
    through: Signal<Local, Bit>,
    allocates: Signal<Local, Bit>,
    caches: Signal<Local, Bit>,
    outer_code: Signal<Local, Word<4>>,
    inner_code: Signal<Local, Word<4>>,
    bit0: Signal<Local, Bit>,
    share: Signal<Local, Word<2>>,
    inner_share: Signal<Local, Bit>,
    prot_out: Signal<Local, Word<3>>,
}

impl AttributeOut {
    /// The block of the write channel or of the read channel; `there`: the hardware has attributes.
    pub fn new(there: bool, is_write: bool) -> Self {
        Self { there: Strap::new(there), is_write: Strap::new(is_write), ..Self::default() }
    }
}

impl Logic for AttributeOut {
    #[hdl_gen]
    fn update(&mut self) {
        // The transaction's own type, shareability and hint.
        self.cacheable.next = self.cache.val().get_bit(1) & (self.cache.val().get_bit(2) | self.cache.val().get_bit(3));
        self.back.next = self.cacheable.val() & self.cache.val().get_bit(0);
        self.own.next = 0.into();
        self.own.next = self.own.val().replace_bit(0, self.cache.val().get_bit(0) | self.cache.val().get_bit(1));
        self.own.next = self.own.val().replace_bit(1, self.cache.val().get_bit(1));
        self.own.next = self.own.val().replace_bit(2, self.cacheable.val());
        self.own.next = self.own.val().replace_bit(3, self.back.val());
        self.own.next = self.own.val().replace_bit(4, self.cacheable.val());
        self.own.next = self.own.val().replace_bit(5, self.back.val());
        self.own_hint.next = self.cache.val().get_bit(2);
        self.hint.next = self.attr.val().get_bit(11);
        if !self.attr.val().get_bit(10) {
            self.hint.next = self.own_hint.val();
        }
        if self.is_write.val() {
            self.own_hint.next = self.cache.val().get_bit(3);
            self.hint.next = self.attr.val().get_bit(13);
            if !self.attr.val().get_bit(12) {
                self.hint.next = self.own_hint.val();
            }
        }

        // With the entry's.
        self.kind.next = self.attr.val().get_bits::<6>(1);
        if !self.attr.val().get_bit(0) {
            self.kind.next = self.attr.val().get_bits::<6>(1) & self.own.val();
        }
        self.share.next = self.attr.val().get_bits::<2>(8);
        if !self.attr.val().get_bit(7) & !self.cacheable.val() {
            self.share.next = 3.into();
        }

        // On the pins.
        self.normal.next = self.kind.val().get_bit(1);
        self.outer_some.next = self.normal.val() & self.kind.val().get_bit(2);
        self.inner_some.next = self.normal.val() & self.kind.val().get_bit(4);
        self.through.next = self.outer_some.val() & !self.kind.val().get_bit(3);
        self.outer_code.next = 0.into();
        self.bit0.next = self.kind.val().get_bit(0) & !self.through.val();
        self.allocates.next = self.outer_some.val() & self.hint.val();
        self.caches.next = self.outer_some.val();
        self.outer_code.next = self.outer_code.val().replace_bit(0, self.bit0.val());
        self.outer_code.next = self.outer_code.val().replace_bit(1, self.normal.val());
        self.outer_code.next = self.outer_code.val().replace_bit(2, self.allocates.val());
        self.outer_code.next = self.outer_code.val().replace_bit(3, self.caches.val());
        if self.is_write.val() {
            self.outer_code.next = self.outer_code.val().replace_bit(2, self.caches.val());
            self.outer_code.next = self.outer_code.val().replace_bit(3, self.allocates.val());
        }
        self.through.next = self.inner_some.val() & !self.kind.val().get_bit(5);
        self.inner_code.next = 0.into();
        self.bit0.next = self.kind.val().get_bit(0) & !self.through.val();
        self.allocates.next = self.inner_some.val() & self.hint.val();
        self.caches.next = self.inner_some.val();
        self.inner_code.next = self.inner_code.val().replace_bit(0, self.bit0.val());
        self.inner_code.next = self.inner_code.val().replace_bit(1, self.normal.val());
        self.inner_code.next = self.inner_code.val().replace_bit(2, self.allocates.val());
        self.inner_code.next = self.inner_code.val().replace_bit(3, self.caches.val());
        if self.is_write.val() {
            self.inner_code.next = self.inner_code.val().replace_bit(2, self.caches.val());
            self.inner_code.next = self.inner_code.val().replace_bit(3, self.allocates.val());
        }
        // 3 becomes 2: the code of OSH.
        self.inner_share.next = self.share.val().get_bit(0) & !self.share.val().get_bit(1);
        self.share.next = self.share.val().replace_bit(0, self.inner_share.val());
        if !self.outer_some.val() & !self.inner_some.val() {
            self.share.next = 2.into();
        }
        self.prot_out.next = self.prot.val();
        if self.attr.val().get_bit(14) {
            self.prot_out.next = self.prot_out.val().replace_bit(0, self.attr.val().get_bit(15));
        }
        if self.attr.val().get_bit(16) & !self.is_write.val() {
            self.prot_out.next = self.prot_out.val().replace_bit(2, self.attr.val().get_bit(17));
        }
        self.o_cache.next = self.cache.val();
        self.o_prot.next = self.prot.val();
        self.o_user.next = 0.into();
        if self.there.val() {
            self.o_cache.next = self.outer_code.val();
            self.o_prot.next = self.prot_out.val();
            self.o_user.next = bit_cast::<6, 2>(self.share.val()) | (bit_cast::<6, 4>(self.inner_code.val()) << 2);
        }
    }
}

#[cfg(test)]
#[path = "tests/attribute_out.rs"]
mod tests;
