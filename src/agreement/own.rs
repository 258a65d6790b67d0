//! What the acts about one BAA alone come to: who has signed, when it would open, what ends it.

use jiff::Timestamp;
use kube::ResourceExt;

use super::{
    acts::{Acts, created},
    signature::{Signature, executed_at, missing, signatures},
};
use crate::api::{Act, Attestation, BAA, SignatureStatus};

/// Terminations that were given: when the first was, and from when on the agreement has ended by one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice {
    /// From when on the agreement has ended.
    pub effective: Timestamp,
    /// When the first of them was recorded.
    pub given: Timestamp,
}

impl Notice {
    /// Both of them: a further termination ends no later, and freezes no later.
    pub(super) fn and(self, other: Self) -> Self {
        Self { effective: self.effective.min(other.effective), given: self.given.min(other.given) }
    }
}

/// One BAA and the acts about it, without regard to other agreements. Moments only: what a clock ahead of one's own has
/// dated later than now closes now, and opens then.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Own {
    /// The signatures that count.
    pub signatures: Vec<SignatureStatus>,
    /// When the first of them was recorded.
    pub first_signed: Option<Timestamp>,
    /// When both parties had signed.
    pub executed: Option<Timestamp>,
    /// From when it counts: the last signature or its effective time, whichever is later.
    pub opens: Option<Timestamp>,
    /// When its term ends.
    pub expires: Option<Timestamp>,
    /// The terminations of it, taken together.
    pub notice: Option<Notice>,
    /// What is missing, in words; empty when both parties have signed.
    pub missing: String,
    /// Acts about it that do not count, and why.
    pub ignored: Vec<String>,
}

impl Own {
    /// Reads the acts about `baa`. A termination may be taken back until it counts; one that was taken back after `now` is not yet.
    pub fn read(baa: &BAA, acts: &Acts<'_>, now: Timestamp) -> Self {
        let mut ignored = vec![];
        let mut signatures = signatures(baa, acts, &mut ignored);
        let (disclosing, receiving) = (baa.spec.disclosing.party.as_str(), baa.spec.receiving.party.as_str());
        // A signature that was taken back before both had signed does not count; after that nothing takes it back.
        let executed = executed_at(&signatures, disclosing, receiving);
        signatures.retain(|s| {
            let counts = s.back.is_none_or(|back| executed.is_some_and(|both| both < back));
            if !counts {
                ignored.push(format!("Attestation {} does not count: it was withdrawn", s.name));
            }
            counts
        });
        let effective = baa.spec.term.effective_time.0;
        let given = acts.about(baa).filter(|a| a.spec.act == Act::Terminate);
        let notices = given.filter_map(|a| notice(a, baa, acts, now, &mut ignored)).collect::<Vec<_>>();
        ignored.sort();
        Self {
            missing: missing(&signatures, disclosing, receiving, executed.is_some()),
            first_signed: signatures.iter().map(|s| s.created.min(now)).min(),
            opens: executed.map(|t| t.max(effective)),
            executed,
            expires: baa.spec.term.expiration_time.as_ref().map(|t| t.0),
            notice: notices.into_iter().reduce(Notice::and),
            signatures: signatures.iter().map(Signature::shown).collect(),
            ignored,
        }
    }

    /// When the BAA ends by itself: its term is over or it was terminated.
    pub fn ends(&self) -> Option<Timestamp> {
        self.expires.into_iter().chain(self.notice.map(|n| n.effective)).min()
    }

    /// Whether it would count at any time.
    pub fn ever_counts(&self) -> bool {
        self.opens.is_some_and(|o| self.ends().is_none_or(|e| o < e))
    }
}

/// When a termination by a party takes effect; a past moment means the moment of the act. The UID must be this BAA's.
fn notice(act: &Attestation, baa: &BAA, acts: &Acts<'_>, now: Timestamp, ignored: &mut Vec<String>) -> Option<Notice> {
    let party = act.spec.on_behalf_of.as_ref().map_or("", |o| o.party.as_str());
    let reason = if Some(&act.spec.subject_ref.uid) != baa.metadata.uid.as_ref() {
        "spec.subjectRef.uid is not this BAA's metadata.uid; terminate anew with the right one"
    } else if party != baa.spec.disclosing.party && party != baa.spec.receiving.party {
        "spec.onBehalfOf.party is neither party of this BAA; name one of them"
    } else {
        let given = created(act)?.min(now);
        let effective = act.spec.effective_time.as_ref().map_or(given, |t| t.0.max(given));
        match acts.withdrawn(act) {
            Some(back) if back <= now && back < effective => "it was withdrawn before it took effect",
            _ => return Some(Notice { effective, given }),
        }
    };
    ignored.push(format!("Attestation {} does not count: {reason}", act.name_any()));
    None
}
