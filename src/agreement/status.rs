//! What is said of one agreement.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    book::Book,
    clocks,
    life::{Ended, Life, Place},
    retention::retain_until,
};
use crate::api::{
    BAAPhase, BAAStatus, Gap,
    conditions::{
        CLOCKS_FLOW_DOWN, EXPIRING_SOON, FULLY_EXECUTED, GAP_FOUND, IN_FORCE, READY, RELEASABLE, Reason, Said, seconds,
        set_conditions,
    },
};

/// Every condition that Ringfence writes on a BAA.
const OURS: [&str; 7] = [READY, FULLY_EXECUTED, IN_FORCE, EXPIRING_SOON, CLOCKS_FLOW_DOWN, GAP_FOUND, RELEASABLE];
/// Days before the end at which it is told of, the last first.
const NOTICES: [(i64, Reason); 6] = [
    (1, Reason::EndsWithin1Day),
    (7, Reason::EndsWithin7Days),
    (14, Reason::EndsWithin14Days),
    (30, Reason::EndsWithin30Days),
    (60, Reason::EndsWithin60Days),
    (90, Reason::EndsWithin90Days),
];

/// The status of the agreement of this name at `now`; conditions keep their times where nothing changed. `None` if the book does not hold it.
#[must_use]
pub fn status(book: &Book<'_>, name: &str, now: Timestamp) -> Option<BAAStatus> {
    let life = book.life(name)?;
    let retain_until = retain_until(book, life, now);
    let mut said = vec![
        Said::new(READY, "True", Reason::AsCalledFor, "Evaluated."),
        executed(life),
        in_force(life, now),
        expiring(life, now),
        gap(life, now),
        releasable(retain_until, now),
    ];
    said.extend(flow_down(book, life, now));
    let generation = life.baa.metadata.generation.unwrap_or_default();
    let mut conditions = life.baa.status.as_ref().map(|s| s.conditions.clone()).unwrap_or_default();
    set_conditions(&mut conditions, &said, &OURS, generation, now);
    let time = |t: Timestamp| Time(seconds(t));
    Some(BAAStatus {
        observed_generation: Some(generation),
        phase: Some(life.phase(now)),
        conditions,
        signatures: life.signatures().to_vec(),
        open_time: life.opens().map(time),
        close_time: life.closes().map(time),
        gap: seen_gap(life, now).map(|(from, until)| Gap { from: time(from), until: time(until) }),
        retain_until: retain_until.filter(|t| *t != Timestamp::MAX).map(time),
        ignored: life.ignored().into_iter().take(16).collect(),
    })
}

/// The next moment at which the status may change by time alone.
#[must_use]
pub fn next_change(book: &Book<'_>, name: &str, now: Timestamp) -> Option<Timestamp> {
    let life = book.life(name)?;
    let closes = life.closes().into_iter();
    let notices = closes.flat_map(|end| NOTICES.map(|(days, _)| end.saturating_sub(days_of(days)).unwrap_or(end)));
    let kept = retain_until(book, life, now);
    let around = above(book, life).into_iter().flat_map(|l| book.moments(l)).chain(book.moments(life));
    // Until when it must be kept depends on every agreement of the same two parties.
    let others = book.lives().filter_map(Life::closes);
    notices.chain(kept).chain(around).chain(others).filter(|t| *t > now).min()
}

fn days_of(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

const fn yes(is: bool) -> &'static str {
    if is { "True" } else { "False" }
}

fn executed(life: &Life<'_>) -> Said {
    if life.is_executed() {
        return Said::new(FULLY_EXECUTED, "True", Reason::Executed, "Both parties' signatures are recorded.");
    }
    Said::new(FULLY_EXECUTED, "False", Reason::AwaitingSignature, format!("Lacks {}.", life.missing()))
}

fn in_force(life: &Life<'_>, now: Timestamp) -> Said {
    if let Place::Adrift(why) = &life.place {
        return Said::new(IN_FORCE, "False", Reason::AmendsNothing, format!("It amends nothing: {why}."));
    }
    let (reason, message) = match life.phase(now) {
        BAAPhase::Draft | BAAPhase::PartiallySigned => {
            (Reason::AwaitingSignature, format!("Lacks {}.", life.missing()))
        }
        BAAPhase::Executed => (Reason::NotYetEffective, "Signed; takes effect at spec.term.effectiveTime.".to_owned()),
        BAAPhase::Active => (Reason::InForce, "In force.".to_owned()),
        BAAPhase::Terminating => (
            Reason::LooseningFrozen,
            "In force; a termination takes effect later: what is open stays open until then, nothing opens anew."
                .to_owned(),
        ),
        BAAPhase::Expired => (Reason::AgreementExpired, "Its term is over; make a new BAA.".to_owned()),
        BAAPhase::Terminated => (Reason::AgreementTerminated, "It was terminated; make a new BAA.".to_owned()),
        BAAPhase::Superseded => (Reason::AgreementSuperseded, "Another agreement took its place.".to_owned()),
    };
    Said::new(IN_FORCE, yes(life.in_force(now)), reason, message)
}

fn expiring(life: &Life<'_>, now: Timestamp) -> Said {
    let end = match life.end {
        Some((end, Ended::Expired | Ended::Terminated(_))) if life.counts() && now < end => Some(end),
        _ => None,
    };
    let within = end.and_then(|end| NOTICES.iter().find(|(days, _)| end.duration_since(now) <= days_of(*days)));
    match within {
        Some((days, reason)) => {
            let days = if *days == 1 { "a day".to_owned() } else { format!("{days} days") };
            let message = format!(
                "It ends within {days}: let both parties sign a BAA that names this one in spec.supersedesRef. At its end recordings, exports and integrations stop; calls still ring."
            );
            Said::new(EXPIRING_SOON, "True", *reason, message)
        }
        None => {
            Said::new(EXPIRING_SOON, "False", Reason::NotSoon, "It does not end soon, or another goes on from there.")
        }
    }
}

/// A gap is found once it is over, or has begun.
fn seen_gap(life: &Life<'_>, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    life.gap.filter(|(from, _)| *from <= now)
}

fn gap(life: &Life<'_>, now: Timestamp) -> Said {
    match seen_gap(life, now) {
        Some(_) if life.replaces.is_some() => Said::new(
            GAP_FOUND,
            "True",
            Reason::Gap,
            "Between the end of the agreement before and this one there was none (status.gap): list what was kept then, and assess it as a breach (45 CFR 164.402).",
        ),
        Some(_) => Said::new(
            GAP_FOUND,
            "True",
            Reason::Gap,
            "It was signed after its effective time, and does not cover what was before its signature (status.gap): see what was kept then.",
        ),
        None => Said::new(GAP_FOUND, "False", Reason::NoGap, "No time without an agreement is known."),
    }
}

/// What not both have signed may go; the rest once it was kept for long enough.
fn releasable(retain_until: Option<Timestamp>, now: Timestamp) -> Said {
    match retain_until {
        None => Said::new(RELEASABLE, "True", Reason::RetentionOver, "Not both have signed it: it may be deleted."),
        Some(until) if until <= now => {
            Said::new(RELEASABLE, "True", Reason::RetentionOver, "It was kept for six years and may be deleted.")
        }
        Some(_) => Said::new(
            RELEASABLE,
            "False",
            Reason::Retained,
            "Both have signed it: it is kept for six years after the two last had an agreement (45 CFR 164.316(b)(2)(i)).",
        ),
    }
}

/// The agreements that this one names above itself.
fn above<'b, 'a>(book: &'b Book<'a>, life: &Life<'_>) -> Vec<&'b Life<'a>> {
    book.upstream(life).iter().flat_map(|(name, _)| book.line(name)).collect()
}

fn flow_down(book: &Book<'_>, life: &Life<'_>, now: Timestamp) -> Option<Said> {
    let above: Vec<_> = above(book, life).into_iter().filter(|l| l.in_force(now)).collect();
    if above.is_empty() {
        return None;
    }
    let own = book.terms(life, now);
    let found: Vec<_> =
        above.iter().flat_map(|up| clocks::between((up.name(), &book.terms(up, now)), (life.name(), &own))).collect();
    Some(if found.is_empty() {
        Said::new(CLOCKS_FLOW_DOWN, "True", Reason::ClocksInOrder, "Its notice clocks are shorter than those above it.")
    } else {
        Said::new(CLOCKS_FLOW_DOWN, "False", Reason::ClockInversion, format!("{}.", found.join("; ")))
    })
}
