//! Which agreements may bear on whom, by what the stores know: from a covered entity towards the platform, and back.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use kube::ResourceExt;

use crate::{
    api::{BAA, CoveredEntity, PartyRole, VendorFeature},
    names::CONFIG_NAME,
    stores::{Stores, attested_of, attested_to, subject},
};

/// Most hops that are followed.
const MOST_HOPS: usize = 6;

/// Agreements by name.
type Found = BTreeMap<String, Arc<BAA>>;

/// Every agreement that may be on a path of one of the entities, with those that amend or supersede it: they have the same disclosing party.
///
/// One of theirs that cannot be decoded could narrow or end another: then why they are in doubt.
pub fn of_entities(entities: &[CoveredEntity], stores: &Stores) -> (Found, Option<String>) {
    let (mut found, mut doubt) = (Found::new(), None);
    let mut passed = BTreeSet::new();
    let mut next: BTreeSet<String> = entities.iter().map(|e| e.party.clone()).collect();
    for entity in entities {
        let attested = stores.acts.by(&attested_of(&entity.party));
        let baas = attested.iter().filter_map(|a| known(&subject(a), stores));
        next.extend(baas.map(|b| b.spec.disclosing.party.clone()));
    }
    let platform = stores.configs.get("", CONFIG_NAME).known().and_then(|c| c.object.as_ref().ok().cloned());
    // What the platform itself discloses is its vendors', and on no path.
    passed.extend(platform.map(|c| c.spec.platform_party.clone()));
    for _ in 0..=MOST_HOPS {
        let parties: Vec<_> = next.iter().filter(|p| passed.insert((*p).clone())).cloned().collect();
        next = BTreeSet::new();
        for baa in parties.iter().flat_map(|p| stores.baas.by(p)) {
            match &baa.object {
                Ok(baa) => {
                    next.insert(baa.spec.receiving.party.clone());
                    found.insert(baa.name_any(), baa.clone());
                }
                Err(bad) => {
                    let (name, why) = (baa.name_any(), &bad.why);
                    doubt = Some(format!(
                        "BAA {name} cannot be decoded ({why}); it could narrow or end an agreement. Put it right."
                    ));
                }
            }
        }
    }
    (found, doubt)
}

/// The platform's agreements with the vendors of these features.
pub fn of_vendors(platform: &str, features: &[VendorFeature], stores: &Stores) -> Found {
    if features.is_empty() {
        return Found::new();
    }
    let theirs = |b: &Arc<BAA>| features.iter().any(|f| f.vendor == b.spec.receiving.party);
    by_party(platform, stores).into_iter().filter(theirs).map(|b| (b.name_any(), b)).collect()
}

/// The covered entities whose paths the agreements of this disclosing party may be on.
pub fn entities_below(party: &str, stores: &Stores) -> BTreeSet<String> {
    let (mut found, mut passed) = (BTreeSet::new(), BTreeSet::new());
    let mut next = BTreeSet::from([party.to_owned()]);
    for _ in 0..=MOST_HOPS {
        let parties: Vec<_> = next.iter().filter(|p| passed.insert((*p).clone())).cloned().collect();
        next = BTreeSet::new();
        for baa in parties.iter().flat_map(|p| by_party(p, stores)) {
            if baa.spec.disclosing.role == PartyRole::CoveredEntity {
                found.insert(baa.spec.disclosing.party.clone());
                continue;
            }
            let attested = stores.acts.by(&attested_to(&baa.name_any()));
            let named = attested.iter().filter_map(|a| a.object.as_ref().ok()?.spec.covered_entity.clone());
            found.extend(named.map(|e| e.party));
            let above = baa.spec.upstream.iter().flatten().filter_map(|u| known(&u.baa_ref.name, stores));
            next.extend(above.map(|b| b.spec.disclosing.party.clone()));
        }
    }
    found
}

fn by_party(party: &str, stores: &Stores) -> Vec<Arc<BAA>> {
    stores.baas.by(party).iter().filter_map(|b| b.object.as_ref().ok().cloned()).collect()
}

fn known(name: &str, stores: &Stores) -> Option<Arc<BAA>> {
    stores.baas.get("", name).known().and_then(|b| b.object.as_ref().ok().cloned())
}
