//! The life of one agreement: from when until when it counts, by what it ends, and the one word that people see.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::own::{Notice, Own};
use crate::api::{BAA, BAAPhase, SignatureStatus};

/// How an agreement stands among the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// An agreement of its own.
    Root,
    /// It amends the agreement of this name.
    Amends(String),
    /// It says that it amends something, and does not: why.
    Adrift(String),
}

/// What ends an agreement. In the order in which it is told when several do at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// Another one took its place.
    Superseded,
    /// A party terminated it.
    Terminated(Notice),
    /// Its term is over.
    Expired,
}

/// One agreement among the others. Moments only: what counts at a moment is asked with that moment.
#[derive(Clone, Debug)]
pub struct Life<'a> {
    /// The BAA.
    pub baa: &'a BAA,
    pub(super) own: Own,
    pub(super) place: Place,
    /// The agreement whose place it takes.
    pub replaces: Option<String>,
    pub(super) successor: Option<(Timestamp, String)>,
    pub(super) end: Option<(Timestamp, Ended)>,
    /// From when on there has been an agreement without a gap: its own opening, or that of the first one whose place was taken.
    pub since: Option<Timestamp>,
    /// A time for which there is no agreement although one might be thought to be: from, until.
    pub gap: Option<(Timestamp, Timestamp)>,
    pub(super) findings: Vec<String>,
}

impl<'a> Life<'a> {
    pub(super) const fn new(baa: &'a BAA, own: Own) -> Self {
        let (replaces, successor, end, since, gap) = (None, None, None, None, None);
        Self { baa, own, place: Place::Root, replaces, successor, end, since, gap, findings: vec![] }
    }

    /// Name of the BAA.
    #[must_use]
    pub fn name(&self) -> &str {
        self.baa.metadata.name.as_deref().unwrap_or_default()
    }

    /// The signatures that count.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureStatus] {
        &self.own.signatures
    }

    /// What is missing, in words; empty when both parties have signed.
    #[must_use]
    pub fn missing(&self) -> &str {
        &self.own.missing
    }

    /// Acts about it, and references of its own, that do not count, and why.
    #[must_use]
    pub fn ignored(&self) -> Vec<String> {
        self.own.ignored.iter().chain(&self.findings).cloned().collect()
    }

    /// Whether both parties have signed.
    #[must_use]
    pub const fn is_executed(&self) -> bool {
        self.own.executed.is_some()
    }

    /// When both parties had signed.
    #[must_use]
    pub const fn executed(&self) -> Option<Timestamp> {
        self.own.executed
    }

    /// From when it counts; `None` until both parties have signed.
    #[must_use]
    pub fn opens(&self) -> Option<Timestamp> {
        self.own.opens.filter(|_| !matches!(self.place, Place::Adrift(_)))
    }

    /// Until when it counts; `None` if nothing ends it.
    #[must_use]
    pub fn closes(&self) -> Option<Timestamp> {
        self.end.map(|(at, _)| at)
    }

    /// The termination that ends it, if one does.
    #[must_use]
    pub const fn notice(&self) -> Option<Notice> {
        match self.end {
            Some((_, Ended::Terminated(notice))) => Some(notice),
            _ => None,
        }
    }

    /// Whether a termination has been recorded that counts later: what is open stays open, and nothing opens anew.
    #[must_use]
    pub fn is_terminating(&self, at: Timestamp) -> bool {
        self.notice().is_some_and(|n| n.given <= at && at < n.effective)
    }

    /// Whether it counts at any time.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.opens().is_some_and(|o| self.closes().is_none_or(|c| o < c))
    }

    /// Whether it counts at `at`: never before it opens, never from its end on.
    #[must_use]
    pub fn in_force(&self, at: Timestamp) -> bool {
        self.opens().is_some_and(|t| t <= at) && self.closes().is_none_or(|t| at < t)
    }

    /// Whether it has counted at any moment up to `at`.
    #[must_use]
    pub fn was_in_force(&self, at: Timestamp) -> bool {
        self.counts() && self.opens().is_some_and(|o| o <= at)
    }

    /// The next moment after `at` at which one of its own answers changes.
    #[must_use]
    pub fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        self.moments().into_iter().find(|t| *t > at)
    }

    /// Every moment at which one of its own answers changes.
    pub(super) fn moments(&self) -> BTreeSet<Timestamp> {
        let notice = self.notice().map(|n| n.given);
        let ends = self.own.expires.into_iter().chain(self.own.notice.map(|n| n.effective));
        [self.own.opens, self.closes(), self.narrows_from(), notice].into_iter().flatten().chain(ends).collect()
    }

    /// From when on an amendment that only one party has signed may narrow: what is stricter needs no second signature. Once both have signed, it
    /// does so until it opens.
    pub(super) fn narrows_from(&self) -> Option<Timestamp> {
        let from = self.own.first_signed?.max(self.baa.spec.term.effective_time.0);
        let half = self.own.opens.is_none_or(|o| from < o) && self.own.ends().is_none_or(|e| from < e);
        half.then_some(from)
    }

    /// Whether it narrows what it amends at `at`, signed by one party alone.
    pub(super) fn narrows(&self, at: Timestamp) -> bool {
        let ends = self.own.opens.into_iter().chain(self.own.ends()).min();
        self.narrows_from().is_some_and(|t| t <= at) && ends.is_none_or(|e| at < e)
    }

    /// The state in one word.
    #[must_use]
    pub fn phase(&self, at: Timestamp) -> BAAPhase {
        match (self.opens(), self.end) {
            (_, Some((t, Ended::Superseded))) if t <= at => BAAPhase::Superseded,
            (_, Some((t, Ended::Terminated(_)))) if t <= at => BAAPhase::Terminated,
            (_, Some((t, Ended::Expired))) if t <= at => BAAPhase::Expired,
            (None, _) if self.own.signatures.is_empty() => BAAPhase::Draft,
            (None, _) => BAAPhase::PartiallySigned,
            (Some(o), _) if o > at => BAAPhase::Executed,
            _ if self.is_terminating(at) => BAAPhase::Terminating,
            _ => BAAPhase::Active,
        }
    }
}

#[cfg(test)]
#[path = "life_tests.rs"]
mod tests;
