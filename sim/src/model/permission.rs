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

use super::access::{context_code, Access};
use super::descriptor::LeafBits;
use super::walk::WalkFault;

/// The bits of `SCTLR` that decide about a leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeafRules {
    /// `AFFD`: the access flag is not looked at.
    pub affd: bool,
    /// `WXN`: what is writable is not executable.
    pub wxn: bool,
}

impl LeafRules {
    /// Out of `SCTLR`.
    pub fn from_sctlr(sctlr: u32) -> Self {
        LeafRules { affd: sctlr & 1 << 3 != 0, wxn: sctlr & 1 << 9 != 0 }
    }

    /// The access flag lets the leaf be used.
    pub fn usable(self, bits: LeafBits) -> bool {
        bits.af || self.affd
    }

    /// The permissions allow an access of this kind.
    pub fn allows(self, bits: LeafBits, kind: AccessKind) -> bool {
        let privileged_write = !bits.read_only;
        let user_write = bits.user && !bits.read_only;
        match (kind.fetch, kind.privileged) {
            (true, true) => !(bits.pxn || user_write || self.wxn && privileged_write),
            (true, false) => bits.user && !(bits.xn || self.wxn && user_write),
            (false, true) => !kind.write || privileged_write,
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
        LeafBits { user: ap & 1 != 0, read_only: ap & 2 != 0, pxn, xn, af: true, not_global: true }
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
        let wxn = LeafRules { wxn: true, affd: false };
        for (ap, expected) in [(0, "RW"), (1, "RWrw"), (2, "RX"), (3, "RXrx")] {
            assert_eq!(allowed(wxn, bits(ap, false, false)), expected, "AP={ap}");
        }
    }

    #[test]
    fn flag_before_permission() {
        let write = AccessKind { write: true, privileged: false, fetch: false };
        let none = LeafBits { af: false, ..bits(2, true, true) };
        let code = |rules: LeafRules| rules.check(none, write, 2).map_err(|f| (f.code, f.level));
        assert_eq!(code(LeafRules::default()), Err((context_code::AFF, 2)));
        assert_eq!(code(LeafRules { affd: true, wxn: false }), Err((context_code::PF, 2)));
    }

    #[test]
    fn rules_out_of_sctlr() {
        assert_eq!(LeafRules::from_sctlr(1 << 9), LeafRules { affd: false, wxn: true });
        assert_eq!(LeafRules::from_sctlr(1 << 3), LeafRules { affd: true, wxn: false });
        assert_eq!(LeafRules::from_sctlr(!(1 << 3 | 1 << 9)), LeafRules::default());
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
