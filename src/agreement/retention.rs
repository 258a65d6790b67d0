//! Until when an agreement must be kept: six years from its creation or from when it was last in force, whichever is later, and as long as the
//! same two parties deal with each other (45 CFR 164.316(b)(2)(i), 164.530(j)).

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{book::Book, life::Life};

const YEARS: i16 = 6;

/// Until when `life` must be kept: `None` of one that was never executed; [`Timestamp::MAX`] while the two parties have an agreement
/// that does not end.
#[must_use]
pub fn retain_until(book: &Book<'_>, life: &Life<'_>, now: Timestamp) -> Option<Timestamp> {
    if !life.is_executed() {
        return None;
    }
    let spec = &life.baa.spec;
    let parties = |l: &&Life<'_>| {
        let other = &l.baa.spec;
        other.disclosing.party == spec.disclosing.party && other.receiving.party == spec.receiving.party
    };
    let relationship = book.lives().filter(parties).filter(|l| l.was_in_force(now));
    let last = relationship.map(|l| l.closes().unwrap_or(Timestamp::MAX)).max();
    let created = life.baa.metadata.creation_timestamp.as_ref().map(|t| t.0);
    // What is still to come is kept, however long that takes.
    let to_come = life.opens().filter(|opens| life.counts() && *opens > now).map(|_| Timestamp::MAX);
    [created, life.executed(), last, to_come].into_iter().flatten().max().map(six_years_after)
}

/// Six years later by the calendar; where that day is not in the calendar (29 February), the next one.
fn six_years_after(from: Timestamp) -> Timestamp {
    let from = from.to_zoned(TimeZone::UTC).datetime();
    let later = |year| {
        let day = Date::new(year, from.month(), from.day()).or_else(|_| Date::new(year, 3, 1)).ok()?;
        Some(day.to_datetime(from.time()).to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    from.year().checked_add(YEARS).and_then(later).unwrap_or(Timestamp::MAX)
}
