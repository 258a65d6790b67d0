//! Agreements above one's own that are attested, not shown: until when (C8: twelve months if nothing else is said).

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan, tz::TimeZone};

use super::{
    acts::{Acts, created},
    book::Book,
    life::Life,
};
use crate::api::{Act, Attestation};

/// Times in which an agreement of a covered entity with a business associate is attested, in order, none touching the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attested {
    /// From, until.
    pub spans: Vec<(Timestamp, Timestamp)>,
    /// Who attested it last, and in which Attestation.
    pub last: Option<(String, String)>,
}

impl Attested {
    /// The span that holds `at`.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        self.spans.iter().copied().find(|(from, until)| *from <= at && at < *until)
    }
}

/// What is attested of `entity` to the business associate that discloses under `life`, or under an agreement whose place it took.
pub(super) fn attested(book: &Book<'_>, life: &Life<'_>, entity: &str) -> Option<Attested> {
    let mut spans: BTreeMap<Timestamp, Timestamp> = BTreeMap::new();
    let mut last = None;
    for ancestor in book.ancestors(life.name()) {
        for act in book.acts.about(ancestor.baa).filter(|a| fits(a, ancestor, entity)) {
            let Some((from, until)) = span(act, &book.acts) else { continue };
            let end = spans.entry(from).or_insert(until);
            *end = until.max(*end);
            let said = (from, act.spec.by.clone(), act.metadata.name.clone().unwrap_or_default());
            last = last.max(Some(said));
        }
    }
    let mut joined: Vec<(Timestamp, Timestamp)> = vec![];
    for (from, until) in spans {
        match joined.last_mut() {
            Some((_, end)) if from <= *end => *end = until.max(*end),
            _ => joined.push((from, until)),
        }
    }
    let last = last.map(|(_, by, name)| (by, name));
    (!joined.is_empty()).then_some(Attested { spans: joined, last })
}

/// The act is about this very BAA, names the entity, and is done for the business associate that discloses.
fn fits(act: &Attestation, life: &Life<'_>, entity: &str) -> bool {
    let spec = &act.spec;
    spec.act == Act::AttestUpstream
        && Some(&spec.subject_ref.uid) == life.baa.metadata.uid.as_ref()
        && spec.covered_entity.as_ref().is_some_and(|e| e.party == entity)
        && spec.on_behalf_of.as_ref().is_some_and(|o| o.party == life.baa.spec.disclosing.party)
}

fn span(act: &Attestation, acts: &Acts<'_>) -> Option<(Timestamp, Timestamp)> {
    let from = created(act)?;
    let said = act.spec.expiration_time.as_ref().map_or_else(|| in_a_year(from), |t| t.0);
    let until = acts.taken_back(act).into_iter().chain([said]).min()?;
    // What was taken back in the second in which it was attested stood for a part of it.
    (from <= until).then_some((from, until))
}

/// Twelve months later by the calendar.
fn in_a_year(from: Timestamp) -> Timestamp {
    from.to_zoned(TimeZone::UTC).checked_add(1.year()).map_or(Timestamp::MAX, |z| z.timestamp())
}
