//! The contents of the two ROMs behind the register port, made from the register table.
//!
//! How an address becomes an action: the first ROM is indexed by `{class, address bits 11:2}` of a 32-bit word (classes: 0 global
//! space 0, 1 global space 1, 2 performance monitors, 3 any bank) and gives a *kind* of word and a *slot* of the register RAM.
//! Kind 0 is "nothing there". The second ROM, indexed by the kind, says what reads and writes do. All words that behave the same
//! share a kind, so the second ROM stays small.
//!
//! First ROM: `[10:0]` slot, `[17:11]` kind. Slots of a bank are relative to its 32 slots, global ones to the global region, which
//! starts with CBAR of bank 0.
//!
//! Second ROM: `[31:0]` write mask, `[63:32]` reset value (the register RAM holds values XOR their reset value, so that clearing
//! it is a reset; constants are the reset value of a kind that has no slot), and from bit 64 up the controls:
//!
//! | bit | name | meaning |
//! | --- | --- | --- |
//! | 0 | `STORE` | reads show the RAM |
//! | 1, 2, 3 | `FAR`, `SYN`, `SID` | reads show the fault record: address, syndrome, StreamID |
//! | 4 | `FSR` | reads show the fault status |
//! | 5 | `STATUS` | reads show whether a synchronization is under way |
//! | 6, 7, 8 | `W_STORE`, `W_SET`, `W_CLEAR` | a write replaces, sets, clears bits in the RAM |
//! | 9 | `W_RECORD` | a write replaces the fault record |
//! | 10, 11 | `W_FSR_CLEAR`, `W_FSR_SET` | a write clears, sets bits of the fault status |
//! | 12 | `TLBI` | a write is a TLB maintenance command |
//! | 13 | `TLBI_HIGH` | the upper word of a 64-bit command: kept; the command acts if the lower word is written |
//! | 14 | `SYNC` | a write starts a synchronization |
//! | 15 | `CHANGE` | a write changes the translation: 32 bits go out on the configuration bus (kind 15: nothing but the dropping of what was translated) |
//! | 16 | `CHANGE64` | upper word of a register that goes out as 64 bits |
//! | 17 | `LOCKED` | writable only while sACR.CACHE_LOCK is clear |
//! | 18 | `LOCK` | bit 26 is CACHE_LOCK |
//! | 25:19 | `KIND` | configuration bus kind, or the command: 0 by Hyp, 1 Hyp, 2 by VMID, 3 by ASID, 4 by address, 5 leaf only, 6 32-bit address |
//! | 26 | `IPA` | reads show the IPA of the fault record (and `FAR` below it) |
//! | 27 | `PAYLOAD` | the command's words are those of the bank's format: in an AArch32 bank address and ASID are in the lower word |
//! | 29 | `COUNTS` | the register is one of the performance monitors: `KIND` is its code there |
//! | 30 | `TRANSLATE` | an address translation operation, `KIND` as in [`super::ats`]; or, with bit 4 of it, whether one is under way |

use crate::params::{Aarch32, Params};
use crate::registers::*;

/// Slots that each bank has in the register RAM.
pub const BANK_SLOTS: usize = 32;

/// Bits of a word of the first ROM.
pub const DECODE_BITS: usize = 18;
/// Of them, the slot's.
const SLOT_BITS: usize = 11;
const SLOT: u128 = (1 << SLOT_BITS) - 1;
/// Bits of a word of the second ROM.
pub const KIND_BITS: usize = 95;

const STORE: u32 = 1 << 0;
const FAR: u32 = 1 << 1;
const SYN: u32 = 1 << 2;
const SID: u32 = 1 << 3;
const FSR: u32 = 1 << 4;
const STATUS: u32 = 1 << 5;
const W_STORE: u32 = 1 << 6;
const W_SET: u32 = 1 << 7;
const W_CLEAR: u32 = 1 << 8;
const W_RECORD: u32 = 1 << 9;
const W_FSR_CLEAR: u32 = 1 << 10;
const W_FSR_SET: u32 = 1 << 11;
const TLBI: u32 = 1 << 12;
const TLBI_HIGH: u32 = 1 << 13;
const SYNC: u32 = 1 << 14;
const CHANGE: u32 = 1 << 15;
/// Kind of a write that nothing on the configuration bus keeps, but that may block a bank: what was translated before it is dropped.
const NO_REGISTER: u32 = 15;
const CHANGE64: u32 = 1 << 16;
const LOCKED: u32 = 1 << 17;
const LOCK: u32 = 1 << 18;
const KIND: u32 = 19;

const IPA: u32 = 1 << 26;
const PAYLOAD: u32 = 1 << 27;
const COUNTS: u32 = 1 << 29;
const TRANSLATE: u32 = 1 << 30;

const BY_HYP: u32 = 1 << KIND;
const HYP: u32 = BY_HYP | 2 << KIND;
const BY_VMID: u32 = 4 << KIND;
const BY_ASID: u32 = 8 << KIND;
const BY_VA: u32 = 16 << KIND;
const LEAF: u32 = 32 << KIND;
const VA32: u32 = 64 << KIND;

/// Contents of both ROMs.
#[derive(Clone, Debug)]
pub struct RegsMap {
    /// First ROM, 4096 words.
    pub decode: Vec<u128>,
    /// Second ROM, at most 128 words.
    pub kinds: Vec<u128>,
    /// Slots of the global region that are in use.
    pub global_slots: usize,
    /// Slots of a bank that are in use, at most [`BANK_SLOTS`].
    pub bank_slots: usize,
}

impl RegsMap {
    /// The map of hardware of that size.
    pub fn new(params: &Params) -> Self {
        let mut map = RegsMap { decode: vec![0; 4096], kinds: vec![0], global_slots: 0, bank_slots: 0 };
        let rest = RegId::all().filter(|&id| id != CBAR);
        let rows: Vec<RegId> = std::iter::once(CBAR).chain(rest).collect();
        for &id in rows.iter().filter(|id| id.register().shared.is_none()) {
            map.add(params, id, None);
        }
        for &id in rows.iter().filter(|id| id.register().shared.is_some()) {
            map.add(params, id, id.register().shared);
        }
        assert!(map.kinds.len() <= 1 << 7, "{} kinds of words do not fit in the second ROM", map.kinds.len());
        assert!(map.bank_slots <= BANK_SLOTS, "{} slots do not fit in a bank", map.bank_slots);
        assert!(map.global_slots <= 1 << SLOT_BITS, "{} slots do not fit in the first ROM", map.global_slots);
        map
    }

    /// Slot of the first register of an array in global space 1.
    pub fn slot(&self, id: RegId) -> u128 {
        self.decode[(1 << 10) | (id.register().offset as usize / 4)] & SLOT
    }

    /// Slot of the lower word of a 64-bit register, relative to its bank or to the global region.
    pub fn wide_slot(&self, id: RegId) -> u128 {
        let class = class(id.register().space).unwrap_or(0);
        self.decode[(class << 10) | (id.register().offset as usize / 4)] & SLOT
    }

    fn add(&mut self, params: &Params, id: RegId, storage: Option<RegId>) {
        let r = id.register();
        let Some(class) = class(r.space).filter(|_| access(params, id) != Access::Reserved) else { return };
        let words = usize::from(r.width) / 32;
        for element in 0..id.count(params) {
            for word in 0..words {
                let (controls, mask, reset) = behaviour(params, id, word);
                let kind = self.kind((u128::from(controls) << 64) | (u128::from(reset) << 32) | u128::from(mask));
                let address = |id: RegId| {
                    let r = id.register();
                    (class << 10) | ((r.offset as usize + element * r.stride as usize) / 4 + word)
                };
                let slot = if controls & (STORE | W_STORE) == 0 {
                    0
                } else if let Some(storage) = storage {
                    (self.decode[address(storage)] & SLOT) as usize
                } else {
                    let next = if r.space == Space::Bank { &mut self.bank_slots } else { &mut self.global_slots };
                    *next += 1;
                    *next - 1
                };
                self.decode[address(id)] = ((kind << SLOT_BITS) | slot) as u128;
            }
        }
    }

    fn kind(&mut self, word: u128) -> usize {
        self.kinds.iter().position(|&k| k == word).unwrap_or_else(|| {
            self.kinds.push(word);
            self.kinds.len() - 1
        })
    }
}

/// Class in the first ROM; the implementation page has none, all of it reads as zero.
fn class(space: Space) -> Option<usize> {
    match space {
        Space::Global0 => Some(0),
        Space::Global1 => Some(1),
        Space::Pmu => Some(2),
        Space::Bank => Some(3),
        Space::Imp => None,
    }
}

/// What an address translation operation does: 0 write, 1 privileged, 2 both stages, 3 into GPAR.
fn operation(id: RegId) -> Option<u32> {
    let operations = [
        CB_ATS1UR, CB_ATS1UW, CB_ATS1PR, CB_ATS1PW, CB_ATS1UR, CB_ATS1UW, CB_ATS1PR, CB_ATS1PW, GATS1UR, GATS1UW, GATS1PR,
        GATS1PW, GATS12UR, GATS12UW, GATS12PR, GATS12PW,
    ];
    operations.iter().position(|&known| known == id).map(|code| code as u32)
}

/// Code of a register of the performance monitors ([`super::pmu`]); those of a bank's page have bit 4 set.
fn monitor(id: RegId) -> Option<u32> {
    let codes = [
        (PMEVCNTR, CB_PMEVCNTR),
        (PMEVTYPER, CB_PMEVTYPER),
        (PMCGCR, PMCGCR),
        (PMCGSMR, PMCGSMR),
        (PMCNTENSET, CB_PMCNTENSET),
        (PMCNTENCLR, CB_PMCNTENCLR),
        (PMINTENSET, CB_PMINTENSET),
        (PMINTENCLR, CB_PMINTENCLR),
        (PMOVSCLR, CB_PMOVSCLR),
        (PMOVSSET, CB_PMOVSSET),
        (PMCR, CB_PMCR),
        (CB_PMCFGR, CB_PMCFGR),
        (CB_PMCEID, CB_PMCEID),
    ];
    let code = codes.iter().position(|&(global, bank)| id == global || id == bank)?;
    Some(code as u32 | if id.register().space == Space::Bank { 16 } else { 0 })
}

/// Controls, write mask and reset value of one 32-bit word of a register.
fn behaviour(params: &Params, id: RegId, word: usize) -> (u32, u32, u32) {
    let mask = (write_mask(params, id) >> (32 * word)) as u32;
    let reset = (reset_value(params, id) >> (32 * word)) as u32;
    let change = |kind: u32| STORE | W_STORE | CHANGE | kind << KIND;
    // The whole register goes out once, after its upper word.
    let change64 = |kind: u32, upper: bool| STORE | W_STORE | if upper { CHANGE64 | kind << KIND } else { 0 };
    let tlbi64 = |how: u32| if word == 0 { 0 } else { W_STORE | TLBI_HIGH | how };
    let counts = monitor(id).filter(|_| params.features.pmu);
    let controls = match id {
        _ if counts.is_some() => COUNTS | counts.unwrap_or_default() << KIND,
        SMR => change(0),
        S2CR => change(1),
        CB_SCTLR => change(2),
        CB_TCR => change(3),
        CB_TCR2 => change(4),
        CB_TTBR0 => change64(5, word == 1),
        CB_TTBR1 => change64(6, word == 1),
        CBAR => change(7),
        CBA2R => change(8),
        SCR0 => change(9),
        CB_MAIR0 => change64(10, false),
        CB_MAIR1 => change64(10, true),
        SACR => STORE | W_STORE | LOCK,
        CB_ACTLR => STORE | W_STORE | LOCKED,
        CB_CONTEXTIDR if params.features.aarch32 == Aarch32::Both => change(11),
        // A pulse on the bus; what is kept of it is never read.
        CB_RESUME if params.features.stall => W_STORE | CHANGE | 15 << KIND,
        CB_IPAFAR if params.features.stage2 => IPA | W_RECORD,
        SGFAR | CB_FAR => FAR | W_RECORD,
        SGFSYNR0 | CB_FSYNR0 => SYN | W_RECORD,
        SGFSYNR1 | CBFRSYNRA => SID | W_RECORD,
        SGFSR | CB_FSR => FSR | W_FSR_CLEAR,
        SGFSRRESTORE => W_FSR_SET,
        CB_FSRRESTORE => W_FSR_SET | CHANGE | NO_REGISTER << KIND,
        STLBGSYNC | CB_TLBSYNC => SYNC,
        STLBGSTATUS | CB_TLBSTATUS => STATUS,
        TLBIALLNSNH => TLBI | BY_HYP,
        TLBIALLH => TLBI | HYP,
        TLBIVMID | TLBIVMIDS1 => TLBI | BY_VMID,
        TLBIVAH => TLBI | HYP | BY_VA | VA32,
        TLBIVAH64 => tlbi64(HYP | BY_VA),
        TLBIVALH64 => tlbi64(HYP | BY_VA | LEAF),
        CB_TLBIALL => TLBI | BY_VMID,
        CB_TLBIASID => TLBI | PAYLOAD | BY_VMID | BY_ASID,
        CB_TLBIVA => tlbi64(PAYLOAD | BY_VMID | BY_ASID | BY_VA),
        CB_TLBIVAA => tlbi64(PAYLOAD | BY_VMID | BY_VA),
        CB_TLBIVAL => tlbi64(PAYLOAD | BY_VMID | BY_ASID | BY_VA | LEAF),
        CB_TLBIVAAL => tlbi64(PAYLOAD | BY_VMID | BY_VA | LEAF),
        // Stage-2 entries are found by their IPA as the others by their address; what else has that address goes with them.
        CB_TLBIIPAS2 if params.features.stage2 => tlbi64(BY_VMID | BY_VA),
        CB_TLBIIPAS2L if params.features.stage2 => tlbi64(BY_VMID | BY_VA | LEAF),
        CB_ATSR | GATSR if params.features.ats => TRANSLATE | 16 << KIND,
        _ if params.features.ats && operation(id).is_some() => {
            if word == 1 {
                W_STORE | TRANSLATE | operation(id).unwrap_or_default() << KIND
            } else {
                0
            }
        }
        _ => match access(params, id) {
            Access::ReadWrite => STORE | W_STORE,
            Access::WriteOneToSet => STORE | W_SET,
            Access::WriteOneToClear => STORE | W_CLEAR,
            Access::ReadOnly | Access::WriteOnly | Access::Restore | Access::Reserved => 0,
        },
    };
    // PMCR.P is a command: nothing is kept of it.
    let mask = if counts.is_some() && matches!(id, PMCR | CB_PMCR) { mask | PMCR.field("P").mask() as u32 } else { mask };
    // Where nothing is kept the mask does not matter: one kind less for each register that is a command or a constant.
    let kept = controls & (W_STORE | W_SET | W_CLEAR | W_RECORD | W_FSR_CLEAR | W_FSR_SET | COUNTS) != 0;
    (controls, if kept { mask } else { 0 }, reset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{MINI, PRESETS, SC8180X};

    #[test]
    fn every_stored_word_has_a_slot_of_its_own() {
        for params in PRESETS {
            let map = RegsMap::new(params);
            let mut owners = std::collections::HashMap::<(bool, u128), Vec<usize>>::new();
            for (address, &word) in map.decode.iter().enumerate() {
                let controls = (map.kinds[(word >> SLOT_BITS) as usize] >> 64) as u32;
                if controls & (STORE | W_STORE) != 0 {
                    owners.entry((address >> 10 == 3, word & SLOT)).or_default().push(address);
                }
            }
            assert_eq!(owners.len(), map.global_slots + map.bank_slots);
            let shared: Vec<_> = owners.values().filter(|o| o.len() > 1).collect();
            // PMCNTEN, PMINTEN, PMOVS: set and clear registers of one state, at the offsets of the architecture; counters that count keep theirs.
            let pairs = [[0xC00, 0xC20], [0xC40, 0xC60], [0xC80, 0xCC0]];
            let pairs = if params.features.pmu { &pairs[..0] } else { &pairs[..] };
            assert_eq!(shared.len(), pairs.len());
            for pair in pairs {
                assert!(shared.contains(&&pair.map(|offset| (2 << 10) | (offset / 4)).to_vec()));
            }
        }
    }

    #[test]
    fn bank_attributes_come_first_so_that_commands_find_them() {
        let map = RegsMap::new(&SC8180X);
        for bank in 0..128 {
            assert_eq!(map.decode[1 << 10 | bank] & SLOT, bank as u128);
        }
    }

    #[test]
    fn nothing_is_where_there_is_nothing() {
        let map = RegsMap::new(&MINI);
        assert_eq!(map.kinds[0], 0);
        for address in [0x04 / 4, (0x800 + 8 * 4) / 4, 0x448 / 4, (1 << 10) | 4, (3 << 10) | (0x80C / 4)] {
            assert_eq!(map.decode[address], 0, "{address:#x}");
        }
    }

    #[test]
    fn regions_fit_in_the_register_ram() {
        for params in PRESETS {
            assert!(RegsMap::new(params).global_slots <= BANK_SLOTS * params.num_cb, "{}", params.name);
        }
    }
}
