//! The verdict about one plan: every covered entity, every feature and integration that needs a vendor, and when any of it changes.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    book::Book,
    entity::{self, EntityVerdict},
    path::{Path, paths},
    timeline::Timeline,
    vendor::{self, CoveredBy, Disclosure, FeatureVerdict, Ground},
};
use crate::api::{Attestation, BAA, PhiCategory, VendorFeature, conditions::Reason};

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// Party ids of the covered entities.
    pub parties: &'q [String],
    /// The platform's party.
    pub platform: &'q str,
    /// Features that need a vendor.
    pub features: &'q [VendorFeature],
    /// Integrations.
    pub integrations: &'q [Disclosure],
}

/// The agreements of all covered entities of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// One an entity, in the plan's order.
    pub entities: Vec<EntityVerdict>,
    /// One a feature, in the class's order.
    pub features: Vec<FeatureVerdict>,
    /// One an integration, in the order of the question.
    pub integrations: Vec<FeatureVerdict>,
    /// The next moment at which any answer may change: until then every answer is the same.
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

    /// When the last notice was given, if every open entity lives on notice: nothing opens anew since then.
    #[must_use]
    pub fn frozen(&self) -> Option<Timestamp> {
        let open = self.entities.iter().filter(|e| e.open).map(|e| e.frozen);
        open.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// Closes everything that rests on an agreement of the platform with a vendor, which may not be as it looks.
    pub fn distrust_vendors(&mut self, doubt: &str, integrations: &[Disclosure]) {
        let named = self.integrations.iter_mut().zip(integrations);
        let named = named.filter(|(_, d)| matches!(d.cover, CoveredBy::Named(_))).map(|(verdict, _)| verdict);
        for verdict in self.features.iter_mut().chain(named).filter(|v| v.open) {
            (verdict.open, verdict.closes) = (false, None);
            (verdict.reason, verdict.message) = (Reason::Undecodable, doubt.to_owned());
        }
    }

    /// Until when `category` is open for *every* entity of the plan; `None` when it is not, `Some(None)` without end.
    #[must_use]
    pub fn category_until(&self, category: PhiCategory) -> Option<Option<Timestamp>> {
        let each: Option<Vec<_>> = self.entities.iter().map(|e| e.categories.get(&category).copied()).collect();
        each.filter(|all| !all.is_empty()).map(|all| all.into_iter().flatten().min())
    }
}

/// Evaluates the agreements between each of the parties and the platform, and the platform's with its vendors.
#[must_use]
pub fn evaluate(question: Question<'_>, baas: &[&BAA], acts: &[&Attestation], now: Timestamp) -> Verdict {
    let book = Book::new(baas, acts, now);
    let Question { parties, platform, features, integrations } = question;
    let paths: Vec<Vec<Path<'_, '_>>> = parties.iter().map(|p| paths(&book, p, platform)).collect();
    let disclosures: Vec<Disclosure> = features.iter().map(Into::into).chain(integrations.iter().cloned()).collect();
    let grounds: Vec<_> = disclosures.iter().map(|d| (d, Ground::of(&book, platform, parties, d))).collect();

    // What nobody has signed has no part in how far is looked ahead; only what is missing may be said in other words as it ages.
    let mut moments: BTreeSet<_> = paths.iter().flat_map(|p| entity::moments(&book, p)).collect();
    moments.extend(grounds.iter().flat_map(|(disclosure, ground)| ground.moments(&book, disclosure)));
    moments.extend(acts.iter().filter_map(|a| super::acts::created(a)));
    let timeline = Timeline::new(&moments, now);
    let unsigned = paths.iter().flatten().filter(|p| !p.may_count()).flat_map(|p| p.moments(&book));
    let next_change = timeline.next().into_iter().chain(unsigned.filter(|t| *t > now)).min();
    let states: Vec<_> = paths.iter().map(|p| timeline.map(|t| entity::state(&book, p, t))).collect();

    let entities = parties.iter().zip(&paths).zip(&states);
    let entities = entities
        .map(|((party, paths), ahead)| entity::entity(&book, (party, platform), paths, (&timeline, ahead), now))
        .collect();
    let current: Vec<_> = paths.iter().map(|p| entity::state(&book, p, now)).collect();
    let judge = |(disclosure, ground): &(&Disclosure, Ground<'_, '_>), states: Vec<&entity::State>, at| {
        let entities: Vec<_> = parties.iter().map(String::as_str).zip(states).collect();
        vendor::judge(&book, disclosure, ground, &entities, at)
    };
    let judged = grounds.iter().map(|both| {
        let said = judge(both, current.iter().collect(), now);
        let on = timeline.map(|t| t).into_iter().enumerate();
        let on: Vec<_> = on.map(|(n, t)| judge(both, states.iter().map(|s| &s[n]).collect(), t).is_ok()).collect();
        let open = said.is_ok();
        let (reason, message) = said.map_or_else(|closed| closed, |told| (Reason::InForce, told));
        let closes = if open { timeline.until(|n| on[n]) } else { None };
        FeatureVerdict { flag: both.0.name.clone(), open, closes, reason, message }
    });
    let mut judged: Vec<_> = judged.collect();
    let integrations = judged.split_off(features.len());
    Verdict { entities, features: judged, integrations, next_change }
}
