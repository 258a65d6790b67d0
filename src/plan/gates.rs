//! What must stand before anything opens. A gate is an ordered list of verdicts over a World, with the clock passed in.

use crate::api::conditions::{Reason, Said};

/// How one fence stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was observed to stand.
    Stands,
    /// It was observed not to stand: lock.
    Falls,
    /// It is not known: renew nothing, open nothing new.
    Unknown,
}

/// What was observed of one fence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The condition that says so.
    pub condition: &'static str,
    /// How it stands.
    pub standing: Standing,
    /// Why.
    pub reason: Reason,
    /// In words, with what to do.
    pub message: String,
    /// Whether there is still something to repair or to wait for.
    pub settled: bool,
    /// Whether the author of the spec must act.
    pub stalled: bool,
}

impl Verdict {
    /// It stands as it is called for.
    pub fn stands(condition: &'static str, reason: Reason, message: impl Into<String>) -> Self {
        Self { condition, standing: Standing::Stands, reason, message: message.into(), settled: true, stalled: false }
    }

    /// It stands, and something untidy is being repaired or waited for.
    pub fn repairing(condition: &'static str, reason: Reason, message: impl Into<String>) -> Self {
        Self { settled: false, ..Self::stands(condition, reason, message) }
    }

    /// It does not stand, and it is being worked on.
    pub fn falls(condition: &'static str, reason: Reason, message: impl Into<String>) -> Self {
        Self { standing: Standing::Falls, settled: false, ..Self::stands(condition, reason, message) }
    }

    /// It does not stand, and somebody must act.
    pub fn stalls(condition: &'static str, reason: Reason, message: impl Into<String>) -> Self {
        Self { stalled: true, ..Self::falls(condition, reason, message) }
    }

    /// It is not known.
    pub fn unknown(condition: &'static str, reason: Reason, message: impl Into<String>) -> Self {
        Self { standing: Standing::Unknown, settled: false, ..Self::stands(condition, reason, message) }
    }

    /// As a condition.
    #[must_use]
    pub fn said(&self) -> Said {
        let status = match self.standing {
            Standing::Stands => "True",
            Standing::Falls => "False",
            Standing::Unknown => "Unknown",
        };
        Said::new(self.condition, status, self.reason, self.message.clone())
    }
}

/// What a list of verdicts comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// All stand.
    Open,
    /// None falls, but at least one is not known: this one.
    Hold(Verdict),
    /// At least one falls: this is the first.
    Closed(Verdict),
}

/// Falls before unknown, else in the order given.
pub fn gate<'a>(verdicts: impl IntoIterator<Item = &'a Verdict> + Clone) -> Gate {
    let first = |standing| verdicts.clone().into_iter().find(|v| v.standing == standing).cloned();
    match (first(Standing::Falls), first(Standing::Unknown)) {
        (Some(v), _) => Gate::Closed(v),
        (None, Some(v)) => Gate::Hold(v),
        (None, None) => Gate::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_falls_closes_and_one_unknown_holds() {
        let stands = Verdict::stands("A", Reason::Fenced, "");
        let unknown = Verdict::unknown("B", Reason::Unreadable, "");
        let falls = Verdict::falls("C", Reason::KeyLost, "");
        assert_eq!(gate([&stands, &stands]), Gate::Open);
        assert_eq!(gate([&stands, &unknown]), Gate::Hold(unknown.clone()));
        assert_eq!(gate([&unknown, &falls]), Gate::Closed(falls));
    }
}
