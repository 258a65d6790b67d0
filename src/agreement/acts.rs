//! The acts that are known, by what they are about.

use std::collections::HashMap;

use crate::api::{Act, Attestation, BAA, Capacity, SubjectKind};
use jiff::Timestamp;

/// Acts by the name of their subject.
pub(super) struct Acts<'a> {
    now: Timestamp,
    by_subject: HashMap<&'a str, Vec<&'a Attestation>>,
    /// Withdrawals by the UID of what they take back.
    withdrawals: HashMap<&'a str, Vec<&'a Attestation>>,
}

impl<'a> Acts<'a> {
    pub fn new(acts: &[&'a Attestation], now: Timestamp) -> Self {
        let mut by_subject: HashMap<&str, Vec<&Attestation>> = HashMap::new();
        let mut withdrawals: HashMap<&str, Vec<&Attestation>> = HashMap::new();
        for act in acts {
            let subject = &act.spec.subject_ref;
            match act.spec.act {
                Act::Withdraw => withdrawals.entry(&subject.uid).or_default().push(act),
                _ => by_subject.entry(&subject.name).or_default().push(act),
            }
        }
        Self { now, by_subject, withdrawals }
    }

    /// Acts about the BAA of this name; whether they mean this very BAA is for the reader to see.
    pub fn about(&self, baa: &BAA) -> impl Iterator<Item = &'a Attestation> + use<'a> {
        let name = baa.metadata.name.as_deref().unwrap_or_default();
        let found = self.by_subject.get(name).cloned().unwrap_or_default();
        found.into_iter().filter(|a| a.spec.subject_ref.kind == SubjectKind::BAA)
    }

    /// When `act` was taken back, if it was: by the same person, or by a privacy officer. What the API server's clock, ahead of one's own, has dated
    /// later than now was taken back now.
    pub fn taken_back(&self, act: &Attestation) -> Option<Timestamp> {
        self.withdrawn(act).map(|back| back.min(self.now))
    }

    /// When a withdrawal of `act` was recorded: of one that closes something, which is open again no sooner than that moment.
    pub fn withdrawn(&self, act: &Attestation) -> Option<Timestamp> {
        let about = self.withdrawals.get(act.metadata.uid.as_deref()?);
        about.into_iter().flatten().filter(|w| takes_back(w, act)).filter_map(|w| created(w)).min()
    }
}

/// Whether `withdrawal` takes back `act`, named by name and UID: acts are read by the name of their subject, and one that was found by chance
/// must not count. That a privacy officer is one was seen by admission (G11).
pub fn takes_back(withdrawal: &Attestation, act: &Attestation) -> bool {
    let (said, what) = (&withdrawal.spec, &act.metadata);
    said.act == Act::Withdraw
        && what.uid.as_ref() == Some(&said.subject_ref.uid)
        && what.name.as_ref() == Some(&said.subject_ref.name)
        && (said.by == act.spec.by || said.capacity == Some(Capacity::PrivacyOfficer))
}

/// When the API server stored the act; an act that was never stored counts for nothing.
pub(super) fn created(act: &Attestation) -> Option<Timestamp> {
    act.metadata.creation_timestamp.as_ref().map(|t| t.0)
}
