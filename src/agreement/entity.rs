//! What one covered entity may have kept, and until when: the strictest over the hops of a path and over all paths that count.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    book::Book,
    clocks::inversions,
    path::{Hop, Obstacle, Path},
    terms::{SERVICE, Terms, strictest_of},
    timeline::Timeline,
    words,
};
use crate::api::{BAAPhase, PhiCategory, conditions::Reason};

/// The agreements of one covered entity at `now`.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityVerdict {
    /// Party id.
    pub party: String,
    /// The path that counts for longest, or that is nearest to counting: names of BAAs, the entity's first; an agreement that is attested is
    /// `Attestation/NAME`.
    pub path: Vec<String>,
    /// Whether a path counts.
    pub open: bool,
    /// Whether any path has ever counted.
    pub ever_open: bool,
    /// When it closes, if it is open and does.
    pub closes: Option<Timestamp>,
    /// The categories that may be kept, and until when each may.
    pub categories: BTreeMap<PhiCategory, Option<Timestamp>>,
    /// What all paths that count permit; `None` when it is closed.
    pub terms: Option<Terms>,
    /// When the last of its paths was given notice, if all were: since then nothing opens anew.
    pub frozen: Option<Timestamp>,
    /// Why it is closed.
    pub reason: Reason,
    /// What is missing and what to do, in words; empty when open.
    pub missing: String,
    /// What somebody should put right although it is open.
    pub warnings: Vec<String>,
}

impl EntityVerdict {
    /// The agreement with the platform: that of the path's last hop.
    #[must_use]
    pub fn baa(&self) -> Option<&str> {
        self.path.last().map(String::as_str)
    }
}

/// How an entity stands at one moment.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    /// What is permitted; `None` when no path counts.
    pub terms: Option<Terms>,
    /// When the last of the paths was given notice, if all were.
    pub frozen: Option<Timestamp>,
}

/// How the entity with these paths stands at `at`.
pub(super) fn state(book: &Book<'_>, paths: &[Path<'_, '_>], at: Timestamp) -> State {
    let counting: Vec<_> = paths.iter().filter(|p| p.obstacle(book, at).is_none()).collect();
    let notices: Option<Vec<_>> = counting.iter().map(|p| p.notice(at)).collect();
    State {
        terms: strictest_of(counting.iter().filter_map(|p| p.terms(book, at))),
        frozen: notices.and_then(|n| n.into_iter().max()),
    }
}

/// Every moment at which something about the paths that may count changes.
pub(super) fn moments(book: &Book<'_>, paths: &[Path<'_, '_>]) -> BTreeSet<Timestamp> {
    paths.iter().filter(|p| p.may_count()).flat_map(|p| p.moments(book)).collect()
}

/// The verdict about `party`; `ahead` is how it stands at each moment of `timeline`.
pub(super) fn entity(
    book: &Book<'_>,
    (party, platform): (&str, &str),
    paths: &[Path<'_, '_>],
    (timeline, ahead): (&Timeline, &[State]),
    now: Timestamp,
) -> EntityVerdict {
    let State { terms, frozen } = state(book, paths, now);
    let open = terms.is_some();
    let permits = |state: &State, c| state.terms.as_ref().is_some_and(|t| t.categories.contains(&c));
    let until = |c| timeline.until(|n| permits(&ahead[n], c));
    let categories = terms.iter().flat_map(|t| &t.categories).map(|c| (*c, until(*c))).collect();
    let mut warnings: Vec<_> = paths
        .iter()
        .filter(|p| p.obstacle(book, now).is_none())
        .flat_map(|p| inversions(book, p, now))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    if terms.as_ref().is_some_and(|t| t.categories.is_empty()) {
        warnings.push(format!("the agreements of {party} have no category in common: nothing may be kept; amend one"));
    }
    let best = paths.iter().max_by(|a, b| nearness(book, a, now).cmp(&nearness(book, b, now)));
    let (reason, missing) = match best {
        _ if open => (Reason::InForce, String::new()),
        Some(path) => missing(book, party, path, now),
        None => (
            Reason::NoAgreement,
            format!("{party} has no BAA with {platform}; create one and let both parties sign it"),
        ),
    };
    EntityVerdict {
        party: party.into(),
        path: best.map(names).unwrap_or_default(),
        open,
        ever_open: open || paths.iter().any(|p| p.ever_counted(book, now)),
        closes: if open { timeline.until(|n| ahead[n].terms.is_some()) } else { None },
        categories,
        terms,
        frozen,
        reason,
        missing,
        warnings,
    }
}

/// Names of the hops: of BAAs, and `Attestation/NAME` of an agreement that is attested.
#[must_use]
pub fn names(path: &Path<'_, '_>) -> Vec<String> {
    let name = |hop: &Hop<'_, '_>| match hop {
        Hop::Agreement(life, _) => life.name().to_owned(),
        Hop::Attested { attested, .. } => {
            format!("Attestation/{}", attested.last.as_ref().map_or("", |(_, name)| name))
        }
    };
    path.hops.iter().map(name).collect()
}

/// How near a path is to counting; of those that count, how long. Where all is the same, the first name wins.
fn nearness<'p>(
    book: &Book<'_>,
    path: &'p Path<'_, '_>,
    now: Timestamp,
) -> (bool, std::cmp::Reverse<usize>, u8, Timestamp, std::cmp::Reverse<Vec<&'p str>>) {
    let fallen = path.hops.iter().filter(|h| !h.stands(now)).count();
    let rank = path.agreements().map(|life| rank(life.phase(now))).min().unwrap_or(0);
    let closes = path.agreements().filter_map(super::Life::closes).min().unwrap_or(Timestamp::MAX);
    let names = path.agreements().map(super::Life::name).collect();
    let counts = path.obstacle(book, now).is_none();
    (counts, std::cmp::Reverse(fallen), rank, closes, std::cmp::Reverse(names))
}

const fn rank(phase: BAAPhase) -> u8 {
    match phase {
        BAAPhase::Active | BAAPhase::Terminating => 5,
        BAAPhase::Executed => 4,
        BAAPhase::PartiallySigned => 3,
        BAAPhase::Draft => 2,
        BAAPhase::Expired | BAAPhase::Terminated => 1,
        BAAPhase::Superseded => 0,
    }
}

/// What keeps the path from counting, every hop of it, and the reason of the one that is nearest to the platform.
fn missing(book: &Book<'_>, party: &str, path: &Path<'_, '_>, now: Timestamp) -> (Reason, String) {
    match path.obstacle(book, now) {
        Some(Obstacle::Hop(last)) => {
            let fallen = path.hops.iter().filter(|h| !h.stands(now));
            let said: Vec<_> = fallen.map(|hop| words::closed(hop, now).1).collect();
            (words::closed(&path.hops[last], now).0, said.join("; "))
        }
        Some(Obstacle::Service) => (
            Reason::ServiceNotCovered,
            format!(
                "an agreement of {party} does not name the service {SERVICE} in spec.scope.services ({}); amend it",
                names(path).join(", ")
            ),
        ),
        Some(Obstacle::Use) => (
            Reason::UseNotPermitted,
            format!(
                "an agreement of {party} does not list ServiceDelivery in spec.permittedUses ({}); amend it",
                names(path).join(", ")
            ),
        ),
        Some(Obstacle::Frozen) => (
            Reason::LooseningFrozen,
            format!(
                "an agreement of {party} ends by notice, and the rest of its path is younger than the notice ({}): nothing opens anew; make a new BAA, or let the notice be withdrawn",
                names(path).join(", ")
            ),
        ),
        None => (Reason::InForce, String::new()),
    }
}

#[cfg(test)]
#[path = "entity_tests.rs"]
mod tests;
