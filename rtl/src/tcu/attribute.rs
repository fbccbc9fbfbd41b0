//! Memory attributes inside the control unit: one form for what registers and descriptors do to an attribute.
//!
//! Each stage either replaces a part of the attribute or combines it with something stronger (`docs/architecture.md`, "Attributes on the
//! downstream port"). Both have one form, the *step*, and two steps, one after the other, are a step again ([`AttributeThen`]). So the stream's
//! overrides, stage 1 and stage 2 become one step, which is what an answer carries; the transaction's own `AxCACHE` comes in at
//! the very end ([`crate::tbu::attribute_out`]).
//!
//! # A step (16 bits)
//!
//! | bits | | replaces | else |
//! | --- | --- | --- | --- |
//! | 0 | the type is replaced | | |
//! | 8:1 | type: 3:1 Device, 4 Normal, 6:5 outer, 8:7 inner | the new type | combined with it |
//! | 9 | the shareability is replaced | | |
//! | 11:10 | shareability: 0 NSH, 1 ISH, 3 OSH | the new one | combined with it |
//! | 12, 13 | the read hint is replaced; by this | | stays |
//! | 14, 15 | the write hint is replaced; by this | | stays |
//!
//! All ranks are thermometers, so that the stronger of two types is the AND of their bits, and the stronger shareability the OR: Device 0 nGnRnE, 1 nGnRE,
//! 3 nGRE, 7 GRE and everything Normal; outer and inner 0 NC, 1 WT, 3 WB. A step that does nothing is 0x1fe ([`NOTHING`]).
//!
//! Everything here is combinational.

use crate::prelude::*;

/// The step that changes nothing.
pub const NOTHING: u64 = 0x1fe;

/// A `MemAttr` field as a type.
#[derive(LogicBlock, Default)]
pub struct MemAttr {
    pub code: Signal<In, Word<4>>,
    pub kind: Signal<Out, Word<8>>,
    high: Signal<Local, Word<2>>,
    low: Signal<Local, Word<2>>,
    some: Signal<Local, Bit>,
    both: Signal<Local, Bit>,
}

impl Logic for MemAttr {
    #[hdl_gen]
    fn update(&mut self) {
        self.high.next = self.code.val().get_bits::<2>(2);
        self.low.next = self.code.val().get_bits::<2>(0);
        self.some.next = self.low.val().any();
        self.both.next = self.low.val().all();
        self.kind.next = 0.into();
        if self.high.val() == 0 {
            self.kind.next = self.kind.val().replace_bit(0, self.some.val());
            self.kind.next = self.kind.val().replace_bit(1, self.low.val().get_bit(1));
            self.kind.next = self.kind.val().replace_bit(2, self.both.val());
        } else {
            self.kind.next = 0x0f.into();
            self.kind.next = self.kind.val().replace_bit(4, self.high.val().get_bit(1));
            self.kind.next = self.kind.val().replace_bit(5, self.high.val().all());
            self.kind.next = self.kind.val().replace_bit(6, self.low.val().get_bit(1));
            self.kind.next = self.kind.val().replace_bit(7, self.both.val());
        }
    }
}

/// The override fields of sCR0, S2CR, SCTLR or CBAR as a step.
#[derive(LogicBlock, Default)]
pub struct AttributeOverride {
    /// 3:0 `MemAttr`, 4 `MTCFG`, 6:5 `SHCFG`, 8:7 `RACFG`, 10:9 `WACFG`.
    pub fields: Signal<In, Word<11>>,
    /// CBAR: type and shareability (`BPSHCFG`) are combined, and there is no `MTCFG`.
    pub combine: Signal<In, Bit>,
    pub step: Signal<Out, Word<16>>,
    memory: MemAttr,
    kind: Signal<Local, Word<8>>,
    share: Signal<Local, Word<2>>,
    replaces_kind: Signal<Local, Bit>,
    replaces_share: Signal<Local, Bit>,
    flag: Signal<Local, Bit>,
}

impl Logic for AttributeOverride {
    #[hdl_gen]
    fn update(&mut self) {
        self.memory.code.next = self.fields.val().get_bits::<4>(0);
        self.replaces_kind.next = self.fields.val().get_bit(4) & !self.combine.val();
        self.kind.next = 0xff.into();
        if self.replaces_kind.val() | self.combine.val() {
            self.kind.next = self.memory.kind.val();
        }
        self.replaces_share.next = (self.fields.val().get_bits::<2>(5) != 0) & !self.combine.val();
        self.share.next = 0.into();
        if self.fields.val().get_bits::<2>(5) == 1 {
            self.share.next = 3.into();
        }
        if self.fields.val().get_bits::<2>(5) == 2 {
            self.share.next = 1.into();
        }
        self.step.next = (bit_cast::<16, 8>(self.kind.val()) << 1) | (bit_cast::<16, 2>(self.share.val()) << 10);
        self.step.next = self.step.val().replace_bit(0, self.replaces_kind.val());
        self.step.next = self.step.val().replace_bit(9, self.replaces_share.val());
        self.step.next = self.step.val().replace_bit(12, self.fields.val().get_bit(8));
        self.flag.next = self.fields.val().get_bits::<2>(7) == 2;
        self.step.next = self.step.val().replace_bit(13, self.flag.val());
        self.step.next = self.step.val().replace_bit(14, self.fields.val().get_bit(10));
        self.flag.next = self.fields.val().get_bits::<2>(9) == 2;
        self.step.next = self.step.val().replace_bit(15, self.flag.val());
    }
}

/// One step, then another, as one step.
#[derive(LogicBlock, Default)]
pub struct AttributeThen {
    pub first: Signal<In, Word<16>>,
    pub second: Signal<In, Word<16>>,
    pub step: Signal<Out, Word<16>>,
    kind: Signal<Local, Word<8>>,
    share: Signal<Local, Word<2>>,
    read: Signal<Local, Word<2>>,
    write: Signal<Local, Word<2>>,
    flag: Signal<Local, Bit>,
}

impl Logic for AttributeThen {
    #[hdl_gen]
    fn update(&mut self) {
        self.kind.next = self.first.val().get_bits::<8>(1) & self.second.val().get_bits::<8>(1);
        if self.second.val().get_bit(0) {
            self.kind.next = self.second.val().get_bits::<8>(1);
        }
        self.share.next = self.first.val().get_bits::<2>(10) | self.second.val().get_bits::<2>(10);
        if self.second.val().get_bit(9) {
            self.share.next = self.second.val().get_bits::<2>(10);
        }
        self.read.next = self.first.val().get_bits::<2>(12);
        if self.second.val().get_bit(12) {
            self.read.next = self.second.val().get_bits::<2>(12);
        }
        self.write.next = self.first.val().get_bits::<2>(14);
        if self.second.val().get_bit(14) {
            self.write.next = self.second.val().get_bits::<2>(14);
        }
        self.step.next = (bit_cast::<16, 8>(self.kind.val()) << 1)
            | (bit_cast::<16, 2>(self.share.val()) << 10)
            | (bit_cast::<16, 2>(self.read.val()) << 12)
            | (bit_cast::<16, 2>(self.write.val()) << 14);
        self.flag.next = self.first.val().get_bit(0) | self.second.val().get_bit(0);
        self.step.next = self.step.val().replace_bit(0, self.flag.val());
        self.flag.next = self.first.val().get_bit(9) | self.second.val().get_bit(9);
        self.step.next = self.step.val().replace_bit(9, self.flag.val());
    }
}

/// A stage-2 leaf as a step: `MemAttr` and `SH` are combined with what is there.
#[derive(LogicBlock, Default)]
pub struct AttributeStage2 {
    /// 3:0 `MemAttr`, 5:4 `SH`.
    pub leaf: Signal<In, Word<6>>,
    pub step: Signal<Out, Word<16>>,
    memory: MemAttr,
    share: Signal<Local, Word<2>>,
}

impl Logic for AttributeStage2 {
    #[hdl_gen]
    fn update(&mut self) {
        self.memory.code.next = self.leaf.val().get_bits::<4>(0);
        self.share.next = 0.into();
        if self.leaf.val().get_bits::<2>(4) == 2 {
            self.share.next = 3.into();
        }
        if self.leaf.val().get_bits::<2>(4) == 3 {
            self.share.next = 1.into();
        }
        self.step.next = (bit_cast::<16, 8>(self.memory.kind.val()) << 1) | (bit_cast::<16, 2>(self.share.val()) << 10);
    }
}

#[cfg(test)]
#[path = "attribute/tests.rs"]
mod tests;
