//! Attributes against the codes of the architecture, by hand.

use super::*;

const WB: Memory = Memory::Normal { outer: Cache::Wb, inner: Cache::Wb };

fn out(attributes: Attributes, write: bool) -> (u8, u8, u8) {
    let pins = attributes.output(write, 0);
    (pins.cache, pins.domain, pins.inner)
}

#[test]
fn mair_bytes_of_the_stock_driver() {
    // 0xF404FF44: non-cacheable, write-back, Device-nGnRE, inner non-cacheable outer write-back.
    assert_eq!(out(Attributes::from_mair(0x44), false), (0b0011, 2, 0b0011));
    assert_eq!(out(Attributes::from_mair(0xFF), false), (0b1111, 0, 0b1111));
    assert_eq!(out(Attributes::from_mair(0xFF), true), (0b1111, 0, 0b1111));
    assert_eq!(out(Attributes::from_mair(0x04), true), (0b0001, 2, 0b0001));
    assert_eq!(out(Attributes::from_mair(0xF4), false), (0b1111, 0, 0b0011));
}

#[test]
fn mair_bytes_of_every_sort() {
    for (byte, read, write) in [
        (0x00, 0b0000, 0b0000),
        (0x08, 0b0001, 0b0001),
        (0x0C, 0b0001, 0b0001),
        (0xAA, 0b1110, 0b0110), // write-through, reads allocate
        (0x99, 0b1010, 0b1110), // write-through, writes allocate
        (0x11, 0b1010, 0b1110), // write-through, transient
        (0x77, 0b1111, 0b1111), // write-back, transient
        (0xCC, 0b1011, 0b0111), // write-back, no allocation
    ] {
        assert_eq!(Attributes::from_mair(byte).output(false, 0).cache, read, "read, {byte:#x}");
        assert_eq!(Attributes::from_mair(byte).output(true, 0).cache, write, "write, {byte:#x}");
    }
}

#[test]
fn a_clients_axcache_comes_out_as_the_same_type() {
    for (cache, read, write) in [
        (0b0000, (0b0000, 2), (0b0000, 2)),
        (0b0001, (0b0001, 2), (0b0001, 2)),
        (0b0011, (0b0011, 2), (0b0011, 2)),
        (0b0010, (0b0011, 2), (0b0011, 2)),
        (0b1010, (0b1010, 0), (0b1110, 0)),
        (0b0110, (0b1110, 0), (0b0110, 0)),
        (0b1111, (0b1111, 0), (0b1111, 0)),
        (0b0111, (0b1111, 0), (0b0111, 0)),
    ] {
        let pins = |write| {
            let pins = Attributes::from_axcache(cache, write).output(write, 0);
            (pins.cache, pins.domain)
        };
        assert_eq!((pins(false), pins(true)), (read, write), "AxCACHE={cache:#06b}");
    }
}

#[test]
fn memattr_codes() {
    for (code, memory) in [
        (0x0, Memory::Device(0)),
        (0x1, Memory::Device(1)),
        (0x3, Memory::Device(3)),
        (0x5, Memory::Normal { outer: Cache::Nc, inner: Cache::Nc }),
        (0xA, Memory::Normal { outer: Cache::Wt, inner: Cache::Wt }),
        (0xF, WB),
        (0xD, Memory::Normal { outer: Cache::Wb, inner: Cache::Nc }),
        (0xC, Memory::Normal { outer: Cache::Wb, inner: Cache::Nc }),
    ] {
        assert_eq!(Memory::from_memattr(code), memory, "{code:#x}");
    }
}

#[test]
fn the_stronger_attribute_wins() {
    let mair = Attributes::from_mair;
    let with = |a: Attributes, memattr, sh| a.combine(Attributes::from_stage2(memattr, sh)).resolved();
    assert_eq!(with(mair(0xFF), 0xF, 0), mair(0xFF), "write-back is neutral");
    assert_eq!(with(mair(0xFF), 0x1, 0).memory, Memory::Device(1));
    assert_eq!(with(mair(0x0C), 0x1, 0).memory, Memory::Device(1));
    assert_eq!(with(mair(0x00), 0x3, 0).memory, Memory::Device(0));
    assert_eq!(with(mair(0xFF), 0xA, 0).memory, Memory::Normal { outer: Cache::Wt, inner: Cache::Wt });
    assert_eq!(with(mair(0xF4), 0x7, 3).memory, Memory::Normal { outer: Cache::Nc, inner: Cache::Nc });
    assert_eq!(with(mair(0xFF), 0xF, 3).share, Share::Inner);
    assert_eq!(with(mair(0xFF), 0xF, 2).share, Share::Outer);
    assert_eq!(with(mair(0xFF), 0x5, 0).share, Share::Outer, "not cacheable");
    assert!(with(mair(0xFF), 0xA, 0).read_allocate, "the hint stays");
}

#[test]
fn overrides_replace() {
    let base = Attributes::from_axcache(0b1111, false);
    // S2CR: MTCFG, MemAttr = 5, SHCFG = 2, RACFG = 3.
    let by = Overrides::of_s2cr(1 << 11 | 5 << 12 | 2 << 8 | 3 << 20);
    assert_eq!(out(base.overridden(by), false), (0b0011, 2, 0b0011), "not cacheable is outer shareable");
    // Without MTCFG the MemAttr does not matter.
    assert_eq!(out(base.overridden(Overrides::of_s2cr(5 << 12 | 2 << 8 | 3 << 20)), false), (0b1011, 1, 0b1011));
    // SCTLR, sCR0: MTCFG 20, MemAttr 19:16, SHCFG 23:22, RACFG 25:24, WACFG 27:26.
    let by = Overrides::of_control(1 << 20 | 0xA << 16 | 1 << 22 | 2 << 24 | 3 << 26);
    assert_eq!(out(base.overridden(by), false), (0b1110, 2, 0b1110));
    assert_eq!(out(base.overridden(by), true), (0b0110, 2, 0b0110));
}

#[test]
fn cbar_of_the_stock_driver_is_neutral() {
    for byte in [0x44, 0xFF, 0x04, 0xF4] {
        let before = Attributes { share: Share::Inner, ..Attributes::from_mair(byte) };
        assert_eq!(Overrides::apply_cbar(0x1_F300, before), before);
    }
    let wb = Attributes::from_mair(0xFF);
    assert_eq!(Overrides::apply_cbar(0x1_5100, wb).resolved().memory, Memory::from_memattr(5));
    assert_eq!(Overrides::apply_cbar(0x1_F100, wb).share, Share::Outer);
    assert!(!Overrides::apply_cbar(0x31_F300, wb).read_allocate, "RACFG = 3");
}

#[test]
fn short_descriptors_without_remap() {
    let code = |tex, c, b| Attributes::from_tex(tex, c, b, false).output(false, 0).cache;
    assert_eq!(code(0, false, false), 0b0000);
    assert_eq!(code(0, false, true), 0b0001);
    assert_eq!(code(0, true, false), 0b1110);
    assert_eq!(code(0, true, true), 0b1111);
    assert_eq!(code(1, false, false), 0b0011);
    assert_eq!(code(1, true, true), 0b1111);
    assert_eq!(code(2, false, false), 0b0001);
    assert_eq!(out(Attributes::from_tex(6, false, true, true), false), (0b1110, 2, 0b1111), "outer WT, inner WB, S");
    assert_eq!(Attributes::from_tex(0, true, true, false).output(true, 0).cache, 0b0111, "no write allocation");
    assert_eq!(Attributes::from_tex(1, true, true, false).output(true, 0).cache, 0b1111);
}

#[test]
fn short_descriptors_with_remap_as_the_stock_driver_sets_it() {
    // TR1 Device, TR4 and TR7 Normal, DS0, DS1, NS1; NOS7; IR7, OR7 write-back write-allocate.
    let prrr = 1 << 2 | 2 << 8 | 2 << 14 | 1 << 16 | 1 << 17 | 1 << 19 | 1 << 31;
    let nmrr = 1 << 14 | 1 << 30;
    let of = |n, s| Attributes::from_remap(n, s, prrr, nmrr);
    assert_eq!(out(of(0, false), false), (0b0000, 2, 0b0000));
    assert_eq!(out(of(1, true), false), (0b0001, 2, 0b0001));
    assert_eq!(out(of(4, true), false), (0b0011, 2, 0b0011));
    assert_eq!(out(of(7, true), false), (0b1111, 1, 0b1111), "inner shareable");
    assert_eq!(out(of(7, false), true), (0b1111, 0, 0b1111), "NS0 = 0");
}

#[test]
fn par_form() {
    let wb = Attributes { share: Share::Inner, ..Attributes::from_mair(0xFF) };
    assert_eq!(wb.par_bits(), 0xFF << 56 | 3 << 7);
    assert_eq!(Attributes::from_mair(0x04).par_bits(), 0x04 << 56 | 2 << 7);
    assert_eq!(Attributes::from_mair(0x44).par_bits(), 0x44 << 56 | 2 << 7);
}
