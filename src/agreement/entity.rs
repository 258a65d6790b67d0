//! Which covered entities of a plan are open, with which categories, until when. An entity without a path is closed alone.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kube::ResourceExt;

use super::{Lifecycle, lifecycle};
use crate::api::{Attestation, BAA, BAAPhase, PartyRole, PhiCategory, conditions::Reason};

/// The agreements of one covered entity at `now`.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityVerdict {
    /// Party id.
    pub party: String,
    /// The agreement that counts, or that is nearest to it.
    pub baa: Option<String>,
    /// Whether it is in force.
    pub open: bool,
    /// Whether any agreement of this entity has ever been in force.
    pub ever_open: bool,
    /// When it closes, if it is open and does.
    pub closes: Option<Timestamp>,
    /// The categories that may be kept while it is open.
    pub categories: BTreeSet<PhiCategory>,
    /// Why it is closed.
    pub reason: Reason,
    /// What is missing and what to do, in words; empty when open.
    pub missing: String,
}

/// The agreements of all covered entities of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// One an entity, in the plan's order.
    pub entities: Vec<EntityVerdict>,
    /// The next moment at which any answer changes.
    pub next_change: Option<Timestamp>,
}

impl Verdict {
    /// Whether at least one entity is open.
    #[must_use]
    pub fn any_open(&self) -> bool {
        self.entities.iter().any(|e| e.open)
    }

    /// Whether any agreement has ever been in force: a clinic keeps its records after a lapse.
    #[must_use]
    pub fn ever_open(&self) -> bool {
        self.entities.iter().any(|e| e.ever_open)
    }

    /// When the last open entity closes.
    #[must_use]
    pub fn closes(&self) -> Option<Timestamp> {
        self.entities.iter().filter(|e| e.open).map(|e| e.closes).max_by_key(|c| c.unwrap_or(Timestamp::MAX)).flatten()
    }

    /// Until when `category` is open for *every* entity of the plan; `None` when it is not, `Some(None)` without end.
    #[must_use]
    pub fn category_until(&self, category: PhiCategory) -> Option<Option<Timestamp>> {
        if self.entities.is_empty() || !self.entities.iter().all(|e| e.open && e.categories.contains(&category)) {
            return None;
        }
        Some(self.entities.iter().filter_map(|e| e.closes).min())
    }
}

/// Evaluates the direct agreements between each of `parties` and the platform.
#[must_use]
pub fn evaluate(parties: &[String], platform: &str, baas: &[&BAA], acts: &[&Attestation], now: Timestamp) -> Verdict {
    let mut next_change: Option<Timestamp> = None;
    let entities = parties
        .iter()
        .map(|party| {
            let lives: Vec<_> =
                baas.iter().filter(|b| is_direct(b, party, platform)).map(|b| (*b, lifecycle(b, acts, now))).collect();
            let changes = lives.iter().filter_map(|(_, l)| l.next_change(now));
            next_change = changes.chain(next_change).min();
            entity(party, platform, &lives, now)
        })
        .collect();
    Verdict { entities, next_change }
}

fn is_direct(baa: &BAA, party: &str, platform: &str) -> bool {
    baa.spec.disclosing.party == party
        && baa.spec.disclosing.role == PartyRole::CoveredEntity
        && baa.spec.receiving.party == platform
}

/// Of several agreements in force, the one that lasts longest counts; of none, the one nearest to being in force.
fn entity(party: &str, platform: &str, lives: &[(&BAA, Lifecycle)], now: Timestamp) -> EntityVerdict {
    let nearness = |l: &Lifecycle| (l.in_force(now), rank(l.phase), l.closes.unwrap_or(Timestamp::MAX));
    let best = lives
        .iter()
        .max_by(|(a, x), (b, y)| nearness(x).cmp(&nearness(y)).then_with(|| b.name_any().cmp(&a.name_any())));
    let Some((baa, life)) = best else {
        return EntityVerdict {
            party: party.into(),
            baa: None,
            open: false,
            ever_open: false,
            closes: None,
            categories: BTreeSet::new(),
            reason: Reason::NoAgreement,
            missing: format!("{party} has no BAA with {platform}; create one and let both parties sign it"),
        };
    };
    let open = life.in_force(now);
    let (reason, missing) = if open { (Reason::InForce, String::new()) } else { why_closed(party, baa, life) };
    EntityVerdict {
        party: party.into(),
        baa: Some(baa.name_any()),
        open,
        ever_open: lives.iter().any(|(_, l)| l.was_in_force(now)),
        closes: life.closes.filter(|_| open),
        categories: baa.spec.scope.phi_categories.iter().copied().collect(),
        reason,
        missing,
    }
}

const fn rank(phase: BAAPhase) -> u8 {
    match phase {
        BAAPhase::Active | BAAPhase::Terminating => 5,
        BAAPhase::Executed => 4,
        BAAPhase::PartiallySigned => 3,
        BAAPhase::Draft => 2,
        BAAPhase::Expired | BAAPhase::Terminated => 1,
    }
}

fn why_closed(party: &str, baa: &BAA, life: &Lifecycle) -> (Reason, String) {
    let name = baa.name_any();
    match life.phase {
        BAAPhase::Draft | BAAPhase::PartiallySigned => {
            (Reason::AwaitingSignature, format!("BAA {name} of {party} lacks {}", life.missing))
        }
        BAAPhase::Terminated => (
            Reason::AgreementTerminated,
            format!("BAA {name} of {party} was terminated; a new BAA that both parties sign opens again"),
        ),
        BAAPhase::Expired => (
            Reason::AgreementExpired,
            format!("BAA {name} of {party} is over; a new BAA that both parties sign opens again"),
        ),
        BAAPhase::Executed | BAAPhase::Active | BAAPhase::Terminating => (
            Reason::NotYetEffective,
            format!("BAA {name} of {party} is signed and takes effect at its spec.term.effectiveTime; wait for it"),
        ),
    }
}

#[cfg(test)]
#[path = "entity_tests.rs"]
mod tests;
