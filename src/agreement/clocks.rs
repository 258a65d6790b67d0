//! Notice clocks down a path (C4): who is told by the one below must still be able to tell the one above in time.

use jiff::Timestamp;

use super::{book::Book, path::Path, terms::Terms};

/// A breach must be told of within 60 days whatever an agreement says (45 CFR 164.410(b)).
const BREACH_BY_LAW_HOURS: i32 = 60 * 24;

/// Where an agreement of `path` leaves its parties as much time as one above it does, or more.
pub(super) fn inversions(book: &Book<'_>, path: &Path<'_, '_>, at: Timestamp) -> Vec<String> {
    let hops: Vec<_> = path.agreements().map(|life| (life.name(), book.terms(life, at))).collect();
    let pairs = hops.iter().enumerate().flat_map(|(n, lower)| hops[..n].iter().map(move |upper| (upper, lower)));
    pairs.flat_map(|(upper, lower)| between((upper.0, &upper.1), (lower.0, &lower.1))).collect()
}

/// Where the clocks of the agreement below are not shorter than those of the one above.
pub(super) fn between((upper, above): (&str, &Terms), (lower, below): (&str, &Terms)) -> Vec<String> {
    let breach = |t: &Terms| t.breach_notice_hours.unwrap_or(BREACH_BY_LAW_HOURS);
    let mut found = vec![];
    if breach(below) >= breach(above) {
        found.push(("breachNoticeHours", Some(breach(below)), breach(above)));
    }
    if let Some(limit) = above.incident_notice_hours
        && below.incident_notice_hours.is_none_or(|own| own >= limit)
    {
        found.push(("incidentNoticeHours", below.incident_notice_hours, limit));
    }
    let said = |own: Option<i32>| own.map_or_else(|| "is not set".to_owned(), |own| format!("is {own}"));
    found
        .into_iter()
        .map(|(clock, own, limit)| {
            format!(
                "spec.clocks.{clock} of BAA {lower} {} and must be less than the {limit} of BAA {upper} above it; amend one of them",
                said(own)
            )
        })
        .collect()
}
