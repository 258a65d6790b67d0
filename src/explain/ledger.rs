//! The agreements and acts of a [`World`] in which they are known, ready to be asked.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::read::World;
use crate::{
    agreement::{self, Book, Question, Verdict},
    api::{Act, Attestation, BAA, HealthcarePlan, RingfenceConfig, VendorFeature},
};

/// Agreements and acts.
#[derive(Clone, Debug)]
pub struct Ledger<'w> {
    /// What time it is.
    pub now: Timestamp,
    /// This installation.
    pub config: &'w RingfenceConfig,
    /// All agreements.
    pub baas: Vec<&'w BAA>,
    /// All acts.
    pub acts: Vec<&'w Attestation>,
}

impl<'w> Ledger<'w> {
    /// `None` when agreements, acts or the platform's party are not known: then nothing can be said of paths.
    #[must_use]
    pub fn of(world: &'w World) -> Option<Self> {
        let (config, baas, acts) = (world.config.known()?, world.baas.known()?, world.acts.known()?);
        Some(Self { now: world.now, config, baas: baas.iter().collect(), acts: acts.iter().collect() })
    }

    /// With one more act, as it would be if it were recorded now.
    #[must_use]
    pub fn with(&self, act: &'w Attestation) -> Self {
        let mut more = self.clone();
        more.acts.push(act);
        more
    }

    /// Party id of the platform.
    #[must_use]
    pub fn platform(&self) -> &'w str {
        &self.config.spec.platform_party
    }

    /// All agreements, as they bear on each other.
    #[must_use]
    pub fn book(&self) -> Book<'w> {
        Book::new(&self.baas, &self.acts, self.now)
    }

    /// The verdict about a plan at `at`.
    #[must_use]
    pub fn verdict(&self, plan: &HealthcarePlan, features: &[VendorFeature], at: Timestamp) -> Verdict {
        let parties: Vec<_> = plan.spec.covered_entities.iter().map(|e| e.party.clone()).collect();
        let vendors: BTreeSet<_> = features.iter().map(|f| f.vendor.as_str()).collect();
        let (baas, acts) = self.around(parties.iter().map(String::as_str).collect(), &vendors);
        let question = Question { parties: &parties, platform: self.platform(), features, integrations: &[] };
        agreement::evaluate(question, &baas, &acts, at)
    }

    /// What can bear on these entities: every agreement down from them, by a BAA or by an attestation in its place, and the platform's with
    /// these vendors; and the acts about all of those. What takes an agreement's place or amends it is between the same parties.
    fn around<'p>(
        &self,
        mut parties: BTreeSet<&'p str>,
        vendors: &BTreeSet<&str>,
    ) -> (Vec<&'w BAA>, Vec<&'w Attestation>)
    where
        'w: 'p,
    {
        let attested: Vec<(&str, &str)> = self
            .acts
            .iter()
            .filter_map(|a| {
                let (entity, agency) = (a.spec.covered_entity.as_ref()?, a.spec.on_behalf_of.as_ref()?);
                Some((entity.party.as_str(), agency.party.as_str()))
            })
            .collect();
        loop {
            let before = parties.len();
            let down = self.baas.iter().map(|b| (b.spec.disclosing.party.as_str(), b.spec.receiving.party.as_str()));
            let down: Vec<_> =
                down.chain(attested.iter().copied()).filter(|(from, _)| parties.contains(from)).collect();
            parties.extend(down.into_iter().map(|(_, to)| to).filter(|to| *to != self.platform()));
            if parties.len() == before {
                break;
            }
        }
        let (platform, mut names) = (self.platform(), BTreeSet::new());
        let bears = |b: &&&BAA| {
            let (from, to) = (b.spec.disclosing.party.as_str(), b.spec.receiving.party.as_str());
            parties.contains(from) || (from == platform && vendors.contains(to))
        };
        let baas: Vec<&'w BAA> = self.baas.iter().filter(bears).copied().collect();
        names.extend(baas.iter().filter_map(|b| b.metadata.name.as_deref()));
        let about = |a: &&&Attestation| a.spec.act == Act::Withdraw || names.contains(a.spec.subject_ref.name.as_str());
        let acts = self.acts.iter().filter(about).copied().collect();
        (baas, acts)
    }

    /// The agreement that the BAA of this name amends at last, or itself.
    #[must_use]
    pub fn root(&self, name: &'w str) -> &'w str {
        let mut at = name;
        for _ in 0..self.baas.len() {
            let found = self.baas.iter().find(|b| b.metadata.name.as_deref() == Some(at));
            match found.and_then(|b| b.spec.amends_ref.as_ref()) {
                Some(above) => at = &above.name,
                None => break,
            }
        }
        at
    }

    /// Names of the agreement and of all that amend it.
    pub(super) fn family(&self, root: &str) -> Vec<&str> {
        let names = self.baas.iter().filter_map(|b| b.metadata.name.as_deref());
        names.filter(|n| *n == root || self.root(n) == root).collect()
    }
}

/// The features of the plan's class that need a vendor; `None` when the class is not known.
#[must_use]
pub fn features<'w>(world: &'w World, plan: &HealthcarePlan) -> Option<&'w [VendorFeature]> {
    let named =
        |c: &&crate::api::HealthcarePlanClass| c.metadata.name.as_deref() == Some(plan.spec.plan_class_name.as_str());
    let class = world.classes.known()?.iter().find(named)?;
    Some(&class.spec.vendor_features)
}
