//! What may happen to a key service, and what must come of it.

use crate::deeds::Deed::{self, *};

/// What becomes of what is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// It stays until its windows end; nothing is renewed.
    Holds,
    /// It is closed at once, reading too.
    Locks,
}

impl Reaction {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Holds => "stays until its windows end, is not renewed",
            Self::Locks => "closed at once, reading too",
        }
    }
}

/// One thing that happens, and how it is undone.
pub struct Case {
    /// In words.
    pub what: &'static str,
    /// What happens.
    pub spoil: Deed,
    /// The reason that is said.
    pub reason: &'static str,
    /// What becomes of what is open.
    pub reaction: Reaction,
    /// What people do about it; without it, the next case comes on top of this one.
    pub mend: Option<Deed>,
}

const fn holds(what: &'static str, spoil: Deed, reason: &'static str, mend: Deed) -> Case {
    Case { what, spoil, reason, reaction: Reaction::Holds, mend: Some(mend) }
}

const fn locks(what: &'static str, spoil: Deed, reason: &'static str, mend: Deed) -> Case {
    Case { what, spoil, reason, reaction: Reaction::Locks, mend: Some(mend) }
}

const fn goes_on(what: &'static str, spoil: Deed, reason: &'static str) -> Case {
    Case { what, spoil, reason, reaction: Reaction::Locks, mend: None }
}

/// Every case.
pub const CASES: &[Case] = &[
    holds("sealed", Seal, "KeyServiceSealed", Unseal),
    holds("stopped", Kill, "KeyServiceUnreachable", StartAndUnseal),
    holds("restarted, and so sealed", Restart, "KeyServiceSealed", Unseal),
    holds("hangs without an answer", Freeze, "KeyServiceUnreachable", Thaw),
    holds("certificate of an authority that is not configured", OtherAuthority, "KeyServiceUntrusted", OwnAuthority),
    holds("login refused", RefuseLogin, "KeyLoginRefused", AllowLogin),
    holds("role of the login gone", DropRole, "KeyLoginRefused", AllowLogin),
    holds("requests refused (403)", TakeRights, "KeyServiceDenied", GiveRights),
    holds("rate quota (429)", Limit, "KeyServiceLimited", Unlimit),
    locks("key soft-deleted", SoftDelete, "KeySuspended", Undelete),
    locks("key deletable", AllowDeletion, "KeySettingsWrong", ForbidDeletion),
    goes_on("key deleted", Delete, "KeyLost"),
    goes_on("then made anew by somebody", Make, "KeyForeign"),
    goes_on("then its mount gone", Unmount, "KeyMountMissing"),
    locks("then the mount made anew", Mount, "KeyLost", RestoreAfter),
    locks("snapshot from before the key restored", RestoreBefore, "KeyLost", RestoreAfter),
    locks("upsert switched on", Upsert, "KeySettingsWrong", NoUpsert),
];
