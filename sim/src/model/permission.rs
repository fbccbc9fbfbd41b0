//! Access flag and permission checks of a leaf.
//!
//! | access | allowed if |
//! | --- | --- |
//! | privileged read | always |
//! | privileged write | not read-only |
//! | unprivileged read | `AP[1]` |
//! | unprivileged write | `AP[1]` and not read-only |
//! | privileged fetch | not `PXN`, not writable unprivileged, and not (`WXN` and writable privileged) |
//! | unprivileged fetch | `AP[1]`, not `XN`, and not (`WXN` and writable unprivileged) |
//!
//! AArch32 banks differ in the privileged fetch: it needs a privileged read, not `XN` either, and a page that is writable
//! unprivileged is refused only with `UWXN`. Stage 2 knows reads, writes and fetches, whatever the privilege.

use super::access::{context_code, Access};
use super::descriptor::{LeafBits, Stage2Bits};
use super::walk::WalkFault;

/// The bits of `SCTLR` that decide about a leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeafRules {
    /// `AFFD`: the access flag is not looked at.
    pub affd: bool,
    /// `WXN`: what is writable is not executable.
    pub wxn: bool,
    /// `UWXN`, in AArch32 banks: what is writable unprivileged is not executable privileged.
    pub uwxn: bool,
}

impl LeafRules {
    /// Out of `SCTLR`.
    pub fn from_sctlr(sctlr: u32) -> Self {
        LeafRules { affd: sctlr & 1 << 3 != 0, wxn: sctlr & 1 << 9 != 0, uwxn: sctlr & 1 << 10 != 0 }
    }

    /// The access flag lets the leaf be used.
    pub fn usable(self, bits: LeafBits) -> bool {
        bits.af || self.affd
    }

    /// The permissions allow an access of this kind.
    pub fn allows(self, bits: LeafBits, kind: AccessKind) -> bool {
        let privileged_read = !bits.no_access;
        let privileged_write = privileged_read && !bits.read_only;
        let user_write = bits.user && !bits.read_only && !bits.user_read_only;
        match (kind.fetch, kind.privileged) {
            (true, true) => {
                let by_format = if bits.aarch32 { bits.xn || !privileged_read || self.uwxn && user_write } else { user_write };
                !(bits.pxn || by_format || self.wxn && privileged_write)
            }
            (true, false) => bits.user && !(bits.xn || self.wxn && user_write),
            (false, true) => {
                if kind.write {
                    privileged_write
                } else {
                    privileged_read
                }
            }
            (false, false) => bits.user && (!kind.write || user_write),
        }
    }

    /// The whole check of a leaf at `level`.
    ///
    /// # Errors
    /// An access flag or a permission fault of that level.
    pub fn check(self, bits: LeafBits, kind: AccessKind, level: u8) -> Result<(), WalkFault> {
        if !self.usable(bits) {
            Err(WalkFault { code: context_code::AFF, level, ptwf: false })
        } else if !self.allows(bits, kind) {
            Err(WalkFault { code: context_code::PF, level, ptwf: false })
        } else {
            Ok(())
        }
    }
}

/// A stage-2 leaf lets an access of this kind pass, its access flag aside.
pub fn stage2_allows(bits: Stage2Bits, kind: AccessKind) -> bool {
    match (kind.write, kind.fetch) {
        (true, _) => bits.write,
        (false, true) => bits.read && !bits.xn,
        (false, false) => bits.read,
    }
}

/// What permissions distinguish: six kinds of access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessKind {
    /// A write; never with `fetch`.
    pub write: bool,
    /// Privileged.
    pub privileged: bool,
    /// An instruction fetch.
    pub fetch: bool,
}

impl AccessKind {
    /// All of them, each at its [`AccessKind::index`]; the two impossible ones stand as writes.
    pub const ALL: [AccessKind; 8] = {
        let mut all = [AccessKind { write: false, privileged: false, fetch: false }; 8];
        let mut index = 0;
        while index < 8 {
            let write = index & 1 != 0;
            all[index] = AccessKind { write, privileged: index & 2 != 0, fetch: index & 4 != 0 && !write };
            index += 1;
        }
        all
    };

    /// An access of this kind, from nowhere to nowhere.
    pub fn example(self) -> Access {
        Access { write: self.write, privileged: self.privileged, instruction: self.fetch, ..Access::default() }
    }

    /// The kind of an access.
    pub fn of(access: &Access) -> Self {
        AccessKind { write: access.write, privileged: access.privileged, fetch: access.is_fetch() }
    }

    /// A number from 0 to 7.
    pub fn index(self) -> u32 {
        u32::from(self.write) | u32::from(self.privileged) << 1 | u32::from(self.fetch) << 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Allowed kinds as letters: r, w, x privileged, then unprivileged.
    fn allowed(rules: LeafRules, bits: LeafBits) -> String {
        let mut text = String::new();
        for (privileged, letters) in [(true, "RWX"), (false, "rwx")] {
            for (letter, write, fetch) in
                letters.chars().zip([(false, false), (true, false), (false, true)]).map(|(l, (w, f))| (l, w, f))
            {
                if rules.allows(bits, AccessKind { write, privileged, fetch }) {
                    text.push(letter);
                }
            }
        }
        text
    }

    fn bits(ap: u32, pxn: bool, xn: bool) -> LeafBits {
        LeafBits { user: ap & 1 != 0, read_only: ap & 2 != 0, pxn, xn, af: true, not_global: true, ..LeafBits::default() }
    }

    #[test]
    fn data_and_execute_permissions() {
        let plain = LeafRules::default();
        for (ap, pxn, xn, expected) in [
            (0, false, false, "RWX"),
            (1, false, false, "RWrwx"),
            (2, false, false, "RX"),
            (3, false, false, "RXrx"),
            (0, true, false, "RW"),
            (0, false, true, "RWX"),
            (1, true, true, "RWrw"),
            (1, false, true, "RWrw"),
            (3, true, false, "Rrx"),
            (3, false, true, "RXr"),
            (2, true, true, "R"),
        ] {
            assert_eq!(allowed(plain, bits(ap, pxn, xn)), expected, "AP={ap} PXN={pxn} XN={xn}");
        }
    }

    #[test]
    fn writable_is_not_executable() {
        let wxn = LeafRules { wxn: true, ..LeafRules::default() };
        for (ap, expected) in [(0, "RW"), (1, "RWrw"), (2, "RX"), (3, "RXrx")] {
            assert_eq!(allowed(wxn, bits(ap, false, false)), expected, "AP={ap}");
        }
    }

    #[test]
    fn aarch32_execute_permissions() {
        let long = |ap, pxn, xn| LeafBits { aarch32: true, ..bits(ap, pxn, xn) };
        let plain = LeafRules::default();
        for (ap, pxn, xn, expected) in [
            (0, false, false, "RWX"),
            (1, false, false, "RWXrwx"),
            (1, false, true, "RWrw"),
            (1, true, false, "RWrwx"),
            (2, false, true, "R"),
            (3, false, false, "RXrx"),
        ] {
            assert_eq!(allowed(plain, long(ap, pxn, xn)), expected, "AP={ap} PXN={pxn} XN={xn}");
        }
        let uwxn = LeafRules { uwxn: true, ..plain };
        assert_eq!(allowed(uwxn, long(1, false, false)), "RWrwx");
        assert_eq!(allowed(uwxn, long(0, false, false)), "RWX");
        assert_eq!(allowed(uwxn, bits(0, false, false)), "RWX", "no effect in AArch64");
        let wxn = LeafRules { wxn: true, ..plain };
        assert_eq!(allowed(wxn, long(1, false, false)), "RWrw");
        assert_eq!(allowed(wxn, long(3, false, false)), "RXrx");
    }

    #[test]
    fn stage_2_permissions() {
        let kinds =
            [(false, false), (true, false), (false, true)].map(|(write, fetch)| AccessKind { write, privileged: false, fetch });
        for (s2ap, xn, expected) in [
            (0, false, [false, false, false]),
            (1, false, [true, false, true]),
            (2, false, [false, true, false]),
            (3, false, [true, true, true]),
            (3, true, [true, true, false]),
        ] {
            let bits = Stage2Bits { read: s2ap & 1 != 0, write: s2ap & 2 != 0, xn, af: true, device: false };
            assert_eq!(kinds.map(|kind| stage2_allows(bits, kind)), expected, "S2AP={s2ap} XN={xn}");
        }
    }

    #[test]
    fn flag_before_permission() {
        let write = AccessKind { write: true, privileged: false, fetch: false };
        let none = LeafBits { af: false, ..bits(2, true, true) };
        let code = |rules: LeafRules| rules.check(none, write, 2).map_err(|f| (f.code, f.level));
        assert_eq!(code(LeafRules::default()), Err((context_code::AFF, 2)));
        assert_eq!(code(LeafRules { affd: true, ..LeafRules::default() }), Err((context_code::PF, 2)));
    }

    #[test]
    fn rules_out_of_sctlr() {
        assert_eq!(LeafRules::from_sctlr(1 << 9), LeafRules { wxn: true, ..LeafRules::default() });
        assert_eq!(LeafRules::from_sctlr(1 << 3), LeafRules { affd: true, ..LeafRules::default() });
        assert_eq!(LeafRules::from_sctlr(1 << 10), LeafRules { uwxn: true, ..LeafRules::default() });
        assert_eq!(LeafRules::from_sctlr(!(1 << 3 | 3 << 9)), LeafRules::default());
    }

    #[test]
    fn kinds_and_their_numbers() {
        for (index, kind) in AccessKind::ALL.iter().enumerate() {
            if index & 5 != 5 {
                assert_eq!(kind.index() as usize, index);
            }
            assert!(!(kind.write && kind.fetch));
        }
    }
}
