//! Stream mapping: from a StreamID to a bypass, the banks of a translation, or a global fault.
//!
//! Order of the decisions: illegal burst, `CLIENTPD`, match registers, `S2CR.TYPE`, bank number, `CBAR.TYPE`, the bank of stage 2,
//! the table format of each stage that is on. The first that refuses decides.

use super::access::{global_code, Access, Fault};
use super::attributes::Overrides;
use super::bits::{bit, field};
use super::file::RegisterFile;
use smmu_rtl::params::Aarch32;
use smmu_rtl::registers as regs;

/// Where an access goes after stream mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Downstream as it is, with these overrides of its attributes.
    Bypass(Overrides),
    /// Through a context bank.
    Bank {
        /// The bank and what stands behind it.
        banks: BankUse,
        /// `S2CR` of the stream.
        s2cr: u64,
    },
    /// Nowhere.
    Refused(Fault),
}

/// A stage of a translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageBank {
    /// The bank that has its registers.
    pub bank: usize,
    /// `SCTLR.M`: it translates; else it is an identity.
    pub on: bool,
}

/// The banks of a translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BankUse {
    /// The bank that the stream names.
    pub bank: usize,
    /// Stage 1; `None` in a bank of stage 2.
    pub first: Option<StageBank>,
    /// Stage 2; `None` where it is bypassed.
    pub second: Option<StageBank>,
}

impl BankUse {
    /// Both stages are there.
    pub fn nested(&self) -> bool {
        self.first.is_some() && self.second.is_some()
    }

    /// Neither stage translates.
    pub fn is_identity(&self) -> bool {
        !self.stages_on().any(|_| true)
    }

    /// The banks of the stages that are on, stage 1 first.
    pub fn stages_on(&self) -> impl Iterator<Item = usize> {
        [self.first, self.second].into_iter().flatten().filter(|stage| stage.on).map(|stage| stage.bank)
    }
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

/// The only hit of several comparisons.
fn only(hits: impl Iterator<Item = bool>) -> Match {
    let mut hits = hits.enumerate().filter(|&(_, hit)| hit).map(|(index, _)| index);
    match (hits.next(), hits.next()) {
        (None, _) => Match::None,
        (Some(index), None) => Match::One(index),
        (Some(_), Some(_)) => Match::Many,
    }
}

/// Compares `stream_id` with the match registers: bits 14:0 ID, 30:16 mask (1 = does not matter), 31 valid.
pub fn match_stream(stream_id: u32, smrs: impl Iterator<Item = u32>) -> Match {
    only(smrs.map(|smr| smr >> 31 != 0 && stream_id >> 15 == 0 && (stream_id ^ smr) & !(smr >> 16) & 0x7FFF == 0))
}

/// The same with extended ids: bits 15:0 ID, 31:16 mask, and the group is valid by bit 10 of its `S2CR`.
pub fn match_extended(stream_id: u32, groups: impl Iterator<Item = (u32, u32)>) -> Match {
    only(groups.map(|(smr, s2cr)| s2cr & 1 << 10 != 0 && (stream_id ^ smr) & !(smr >> 16) & 0xFFFF == 0))
}

/// The group that a StreamID belongs to under the registers as they are.
fn group(registers: &RegisterFile, stream_id: u32) -> Match {
    let params = registers.params();
    if params.features.stream_indexing {
        return if (stream_id as usize) < params.num_smr { Match::One(stream_id as usize) } else { Match::None };
    }
    let smrs = registers.all(regs::SMR).iter().copied();
    if registers.extended_ids() {
        match_extended(stream_id, smrs.zip(registers.all(regs::S2CR).iter().copied()))
    } else {
        match_stream(stream_id, smrs)
    }
}

/// The route of an access under the registers as they are.
pub fn route(registers: &RegisterFile, access: &Access) -> Route {
    let refused = |code| Route::Refused(Fault::global(code));
    let output_bits = registers.params().output_bits();
    let bypass = |overrides| {
        if access.addr >> output_bits == 0 {
            Route::Bypass(overrides)
        } else {
            refused(global_code::UUT)
        }
    };
    if access.illegal_burst {
        return refused(global_code::UUT);
    }
    let scr0 = registers.get(regs::SCR0, 0);
    if bit(scr0, 0) {
        return bypass(Overrides::of_control(scr0));
    }
    let group = match group(registers, access.stream_id) {
        Match::One(group) => group,
        Match::None if bit(scr0, 10) => return refused(global_code::USF),
        Match::Many if bit(scr0, 21) => return refused(global_code::SMCF),
        Match::None | Match::Many => return bypass(Overrides::of_control(scr0)),
    };
    let s2cr = registers.get(regs::S2CR, group);
    let bank = match field(s2cr, 17, 16) {
        0 => field(s2cr, 7, 0) as usize,
        1 => return bypass(Overrides::of_s2cr(s2cr)),
        _ => return refused(global_code::ICF),
    };
    if bank >= registers.banks() {
        return refused(global_code::UCBF);
    }
    match banks_of(registers, bank) {
        Some(banks) => Route::Bank { banks, s2cr },
        None => refused(global_code::ICF),
    }
}

/// The banks of a translation through `bank`, or `None` where it is set to fault or to something that is not there.
pub fn banks_of(registers: &RegisterFile, bank: usize) -> Option<BankUse> {
    let features = registers.params().features;
    let cbar = registers.get(regs::CBAR, bank);
    let kind = field(cbar, 17, 16);
    let stage = |bank| StageBank { bank, on: bit(registers.get(regs::CB_SCTLR, bank), 0) };
    let banks = match kind {
        0 if features.stage2 => BankUse { bank, first: None, second: Some(stage(bank)) },
        1 => BankUse { bank, first: Some(stage(bank)), second: None },
        3 if features.nested => {
            let second = field(cbar, 15, 8) as usize;
            if second >= registers.banks() || field(registers.get(regs::CBAR, second), 17, 16) != 0 {
                return None;
            }
            BankUse { bank, first: Some(stage(bank)), second: Some(stage(second)) }
        }
        _ => return None,
    };
    // A stage that walks needs its table format.
    let has_format = |bank: usize, stage1: bool| {
        let short = stage1 && !bit(registers.get(regs::CB_TCR, bank), 31);
        let least = if short { Aarch32::Both } else { Aarch32::Long };
        bit(registers.get(regs::CBA2R, bank), 0) || features.aarch32 >= least
    };
    let first = banks.first.is_none_or(|stage| !stage.on || has_format(stage.bank, true));
    let second = banks.second.is_none_or(|stage| !stage.on || has_format(stage.bank, false));
    (first && second).then_some(banks)
}

/// The access as its checks and its record see it: `PRIVCFG` and `INSTCFG` of its stream applied. Without the feature, as it is.
pub fn effective(registers: &RegisterFile, access: &Access, s2cr: u64) -> Access {
    if !registers.params().features.attributes {
        return *access;
    }
    let choose = |code: u64, default: bool| match code {
        2 => false,
        3 => true,
        _ => default,
    };
    Access {
        privileged: choose(field(s2cr, 25, 24), access.privileged),
        instruction: if access.write { access.instruction } else { choose(field(s2cr, 27, 26), access.instruction) },
        ..*access
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

    #[test]
    fn extended_ids() {
        // Mask 31:16, ID 15:0; bit 10 of S2CR makes the group valid.
        let valid = 1 << 10;
        let groups = [(0x8300, valid), (0x000F_9000, valid), (0x8400, 0)];
        for (id, expected) in [
            (0x8300, Match::One(0)),
            (0x0300, Match::None),
            (0x900F, Match::One(1)),
            (0x9010, Match::None),
            (0x8400, Match::None),
        ] {
            assert_eq!(match_extended(id, groups.into_iter()), expected, "{id:#x}");
        }
        assert_eq!(match_stream(0x8300, [smr(0x300, 0)].into_iter()), Match::None, "bit 15 is compared with zero");
    }
}
