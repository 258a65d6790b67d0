//! Paths from a covered entity to the platform: directly, or through agencies (45 CFR 164.502(e)(1), 164.308(b)(2)).
//!
//! Hops are linked by what is said, never by matching names alone: an agreement of a business associate names those above it in
//! `spec.upstream`, or an Attestation of act AttestUpstream names the covered entity.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    book::Book,
    life::{Life, Place},
    terms::{SERVICE, Terms, strictest_of},
    upstream::{Attested, attested},
};
use crate::api::{PartyRole, PermittedUse};

/// Most hops of a path.
pub const MOST_HOPS: usize = 6;
/// Most paths of one entity that may count; with more, none is believed.
const MOST_PATHS: usize = 256;
/// Most agreements that are looked at for them.
const MOST_STEPS: usize = 4096;

/// One hop of a path.
#[derive(Clone, Debug)]
pub enum Hop<'b, 'a> {
    /// An agreement, and from when on the one below names it, if an amendment does.
    Agreement(&'b Life<'a>, Option<Timestamp>),
    /// An agreement of the covered entity with the business associate below that is attested.
    Attested {
        /// The covered entity.
        entity: String,
        /// The business associate.
        associate: String,
        /// When, and by whom.
        attested: Attested,
    },
}

/// Hops from the covered entity to the platform, whether or not they stand.
#[derive(Clone, Debug)]
pub struct Path<'b, 'a> {
    /// The first is the entity's, the last is the platform's.
    pub hops: Vec<Hop<'b, 'a>>,
}

/// What keeps a path from counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The hop of this number does not stand.
    Hop(usize),
    /// An agreement of it does not name the platform's service.
    Service,
    /// An agreement of it does not permit to deliver the service.
    Use,
    /// A termination has been recorded, and the path began after that.
    Frozen,
}

/// Every path of `entity` to `platform`. No cycles; nobody is at both ends (C10).
///
/// Paths that may count are looked for first, and all of them or none: what nobody has signed cannot crowd them out. Of the others some are
/// enough, to say what is missing.
pub fn paths<'b, 'a>(book: &'b Book<'a>, entity: &str, platform: &str) -> Vec<Path<'b, 'a>> {
    if entity == platform {
        return vec![];
    }
    let signed = Search::of(book, entity, platform, true);
    if signed.found.len() > MOST_PATHS || signed.steps > MOST_STEPS {
        return vec![];
    }
    let others = Search::of(book, entity, platform, false).found.into_iter().filter(|p| !p.may_count());
    signed.found.into_iter().chain(others).collect()
}

/// A search from the platform upwards.
struct Search<'b, 'a, 'e> {
    book: &'b Book<'a>,
    entity: &'e str,
    /// Whether only agreements that count at some time are looked at.
    signed: bool,
    found: Vec<Path<'b, 'a>>,
    /// Agreements that were looked at.
    steps: usize,
}

impl<'b, 'a, 'e> Search<'b, 'a, 'e> {
    fn of(book: &'b Book<'a>, entity: &'e str, platform: &str, signed: bool) -> Self {
        let mut search = Self { book, entity, signed, found: vec![], steps: 0 };
        let last = book.lives().filter(|l| l.place == Place::Root && l.baa.spec.receiving.party == platform);
        for life in last {
            search.above(vec![Hop::Agreement(life, None)], &BTreeSet::from([platform.to_owned()]));
        }
        search
    }

    /// Follows the agreement that was found last (the first of the path so far) upwards.
    fn above(&mut self, below: Vec<Hop<'b, 'a>>, passed: &BTreeSet<String>) {
        let Some(Hop::Agreement(life, _)) = below.last() else { return };
        let (life, disclosing) = (*life, &life.baa.spec.disclosing);
        let skipped = passed.contains(&disclosing.party) || (self.signed && !life.counts());
        if skipped || below.len() > MOST_HOPS || self.found.len() > MOST_PATHS || self.steps > MOST_STEPS {
            return;
        }
        self.steps += 1;
        match disclosing.role {
            PartyRole::CoveredEntity if disclosing.party == self.entity => self.complete(below),
            PartyRole::BusinessAssociate if disclosing.party != self.entity => {
                if let Some(attested) = attested(self.book, life, self.entity) {
                    let (entity, associate) = (self.entity.to_owned(), disclosing.party.clone());
                    let hop = Hop::Attested { entity, associate, attested };
                    self.complete(below.iter().cloned().chain([hop]).collect());
                }
                let passed = passed.iter().cloned().chain([disclosing.party.clone()]).collect();
                for (name, from) in self.book.upstream(life) {
                    for up in self.book.line(&name) {
                        if up.baa.spec.receiving.party == disclosing.party {
                            self.above(below.iter().cloned().chain([Hop::Agreement(up, from)]).collect(), &passed);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn complete(&mut self, mut hops: Vec<Hop<'b, 'a>>) {
        hops.reverse();
        self.found.push(Path { hops });
    }
}

impl Hop<'_, '_> {
    /// Whether it stands at `at`.
    #[must_use]
    pub fn stands(&self, at: Timestamp) -> bool {
        match self {
            Self::Agreement(life, from) => life.in_force(at) && from.is_none_or(|from| from <= at),
            Self::Attested { attested, .. } => attested.at(at).is_some(),
        }
    }

    /// Whether it stood at any time in the second of `at`: moments are whole seconds, and an act may be undone in the one in which it was done.
    fn stood(&self, at: Timestamp) -> bool {
        match self {
            Self::Agreement(life, from) => {
                let (opens, closes) = (life.opens().max(*from), life.closes());
                life.is_executed() && opens.is_some_and(|o| o <= at) && closes.is_none_or(|c| at <= c)
            }
            Self::Attested { attested, .. } => attested.spans.iter().any(|(from, until)| *from <= at && at <= *until),
        }
    }

    /// Since when it has stood without a gap, of a hop that stands at `at`.
    fn since(&self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Agreement(life, from) => [life.since, *from].into_iter().flatten().max(),
            Self::Attested { attested, .. } => attested.at(at).map(|(from, _)| from),
        }
    }

    /// When a termination of it was recorded that counts later.
    fn notice(&self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Agreement(life, _) if life.is_terminating(at) => life.notice().map(|n| n.given),
            _ => None,
        }
    }

    fn moments(&self, book: &Book<'_>) -> BTreeSet<Timestamp> {
        match self {
            Self::Agreement(life, from) => book.moments(life).into_iter().chain(*from).collect(),
            Self::Attested { attested, .. } => {
                attested.spans.iter().flat_map(|(from, until)| [*from, *until]).collect()
            }
        }
    }
}

impl Path<'_, '_> {
    /// The strictest terms over its hops at `at` (C3). Of an agreement that is attested nothing more is known.
    #[must_use]
    pub fn terms(&self, book: &Book<'_>, at: Timestamp) -> Option<Terms> {
        strictest_of(self.agreements().map(|life| book.terms(life, at)))
    }

    /// Whether every agreement of it counts at some time: else the path never does.
    #[must_use]
    pub fn may_count(&self) -> bool {
        self.agreements().all(Life::counts)
    }

    /// The agreements of it, the entity's first.
    pub fn agreements(&self) -> impl Iterator<Item = &Life<'_>> {
        self.hops.iter().filter_map(|h| match h {
            Hop::Agreement(life, _) => Some(*life),
            Hop::Attested { .. } => None,
        })
    }

    /// The first moment at which a termination of one of its hops was recorded that counts later.
    #[must_use]
    pub fn notice(&self, at: Timestamp) -> Option<Timestamp> {
        self.hops.iter().filter_map(|h| h.notice(at)).min()
    }

    /// What keeps it from counting at `at`; `None`: it counts (C1).
    #[must_use]
    pub fn obstacle(&self, book: &Book<'_>, at: Timestamp) -> Option<Obstacle> {
        if let Some(hop) = self.hops.iter().rposition(|h| !h.stands(at)) {
            return Some(Obstacle::Hop(hop));
        }
        let terms = self.terms(book, at)?;
        if !terms.services.contains(SERVICE) {
            return Some(Obstacle::Service);
        }
        if !terms.uses.contains(&PermittedUse::ServiceDelivery) {
            return Some(Obstacle::Use);
        }
        let began = self.hops.iter().filter_map(|h| h.since(at)).max();
        (self.notice(at).is_some_and(|given| began.is_none_or(|began| began > given))).then_some(Obstacle::Frozen)
    }

    /// Whether it has counted at any moment up to `now`: what was kept then stays the clinic's to read.
    #[must_use]
    pub fn ever_counted(&self, book: &Book<'_>, now: Timestamp) -> bool {
        let permits = |t| {
            let terms = self.terms(book, t);
            terms.is_some_and(|t| t.services.contains(SERVICE) && t.uses.contains(&PermittedUse::ServiceDelivery))
        };
        self.moments(book).into_iter().filter(|t| *t <= now).any(|t| self.hops.iter().all(|h| h.stood(t)) && permits(t))
    }

    /// Every moment at which something about it changes.
    #[must_use]
    pub fn moments(&self, book: &Book<'_>) -> BTreeSet<Timestamp> {
        self.hops.iter().flat_map(|h| h.moments(book)).collect()
    }
}
