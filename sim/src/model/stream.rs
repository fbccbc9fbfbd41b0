//! Stream mapping: from a StreamID to a bypass, a bank, or a global fault.
//!
//! Order of the decisions: illegal burst, `CLIENTPD`, match registers, `S2CR.TYPE`, bank number, `CBAR.TYPE`, `SCTLR.M`,
//! table format. The first that refuses decides.

use super::access::{context_code, global_code, Access, Fault};
use super::bits::{bit, field};
use super::file::RegisterFile;
use smmu_rtl::registers as regs;

/// Where an access goes after stream mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Downstream as it is.
    Bypass,
    /// Through this context bank, stage 1.
    Bank(usize),
    /// Nowhere.
    Refused(Fault),
}

/// Outcome of comparing a StreamID with all match registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// None of them.
    None,
    /// This one alone.
    One(usize),
    /// Two or more.
    Many,
}

/// Compares `stream_id` with the match registers: bits 14:0 ID, 30:16 mask (1 = does not matter), 31 valid.
pub fn match_stream(stream_id: u32, smrs: impl Iterator<Item = u32>) -> Match {
    let hit = |smr: u32| smr >> 31 != 0 && (stream_id ^ smr) & !(smr >> 16) & 0x7FFF == 0;
    let mut hits = smrs.enumerate().filter(|&(_, smr)| hit(smr)).map(|(index, _)| index);
    match (hits.next(), hits.next()) {
        (None, _) => Match::None,
        (Some(index), None) => Match::One(index),
        (Some(_), Some(_)) => Match::Many,
    }
}

/// The route of an access under the registers as they are. `output_bits`: address bits that the hardware can put out.
pub fn route(registers: &RegisterFile, access: &Access, output_bits: u32) -> Route {
    let refused = |code| Route::Refused(Fault::global(code));
    let bypass = || if access.addr >> output_bits == 0 { Route::Bypass } else { refused(global_code::UUT) };
    if access.illegal_burst {
        return refused(global_code::UUT);
    }
    let scr0 = registers.get(regs::SCR0, 0);
    if bit(scr0, 0) {
        return bypass();
    }
    let group = match match_stream(access.stream_id, registers.all(regs::SMR).iter().copied()) {
        Match::One(group) => group,
        Match::None if bit(scr0, 10) => return refused(global_code::USF),
        Match::Many if bit(scr0, 21) => return refused(global_code::SMCF),
        Match::None | Match::Many => return bypass(),
    };
    let s2cr = registers.get(regs::S2CR, group);
    let bank = match field(s2cr, 17, 16) {
        0 => field(s2cr, 7, 0) as usize,
        1 => return bypass(),
        _ => return refused(global_code::ICF),
    };
    if bank >= registers.banks() {
        return refused(global_code::UCBF);
    }
    // Stage 1 with stage 2 bypassed is the one kind of bank that there is; one that walks has to be an AArch64 one.
    let stage1 = field(registers.get(regs::CBAR, bank), 17, 16) == 1;
    let walks = bit(registers.get(regs::CB_SCTLR, bank), 0);
    let aarch64 = bit(registers.get(regs::CBA2R, bank), 0);
    if !stage1 || walks && !aarch64 {
        return refused(global_code::ICF);
    }
    if !walks && access.addr >> output_bits != 0 {
        return Route::Refused(Fault::context(bank, context_code::ASF, 0));
    }
    if walks {
        Route::Bank(bank)
    } else {
        Route::Bypass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smr(id: u32, mask: u32) -> u32 {
        1 << 31 | mask << 16 | id
    }

    #[test]
    fn masked_match() {
        let groups = [smr(0x300, 0), smr(0x400, 0x00F), 0x0000_0500, smr(0x600, 0x7FFF & !0x600)];
        for (id, expected) in [
            (0x300, Match::One(0)),
            (0x301, Match::None),
            (0x400, Match::One(1)),
            (0x40F, Match::One(1)),
            (0x410, Match::None),
            (0x500, Match::None),
            (0x7FFF, Match::One(3)),
            (0x600, Match::One(3)),
        ] {
            assert_eq!(match_stream(id, groups.into_iter()), expected, "{id:#x}");
        }
    }

    #[test]
    fn several_matches() {
        let twice = [smr(0x10, 0x0F), smr(0x20, 0), smr(0x12, 0)];
        assert_eq!(match_stream(0x12, twice.into_iter()), Match::Many);
        assert_eq!(match_stream(0x11, twice.into_iter()), Match::One(0));
        assert_eq!(match_stream(0x12, twice.into_iter().rev().skip(1)), Match::One(1));
        assert_eq!(match_stream(0, std::iter::repeat_n(smr(0, 0), 2)), Match::Many, "equal groups match twice too");
    }
}
