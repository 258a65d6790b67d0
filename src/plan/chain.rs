//! Which agreements may bear on whom, by what the stores know: from a covered entity towards the platform, and back.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use kube::ResourceExt;

use crate::{
    agreement::MOST_HOPS,
    api::{BAA, CoveredEntity, PartyRole},
    names::CONFIG_NAME,
    stores::{Stores, attested_of, attested_to, subject},
};

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

/// The platform's agreements with these vendors. One of the platform's that cannot be decoded could narrow or end another: then why they are in doubt.
pub fn of_vendors(platform: &str, vendors: &BTreeSet<&str>, stores: &Stores) -> (Found, Option<String>) {
    if vendors.is_empty() {
        return (Found::new(), None);
    }
    let theirs = |b: &Arc<BAA>| vendors.contains(b.spec.receiving.party.as_str());
    let found = by_party(platform, stores).into_iter().filter(theirs).map(|b| (b.name_any(), b)).collect();
    let bad = stores.baas.by(platform).into_iter().find(|b| b.object.is_err());
    let doubt = bad.map(|b| {
        format!(
            "BAA {} cannot be decoded; it could narrow or end an agreement with a vendor; put it right",
            b.name_any()
        )
    });
    (found, doubt)
}

/// The agreement of this name with all between the same two, so that what amends or supersedes it is seen.
pub fn named(name: &str, stores: &Stores) -> Found {
    let Some(baa) = known(name, stores) else { return Found::new() };
    let same = |b: &Arc<BAA>| b.spec.receiving.party == baa.spec.receiving.party;
    by_party(&baa.spec.disclosing.party, stores).into_iter().filter(same).map(|b| (b.name_any(), b)).collect()
}

/// The covered entities whose paths this agreement, or another of its disclosing party, may be on. It need not be in the stores any more: when it
/// is deleted, they must learn of it.
pub fn entities_of(baa: &BAA, stores: &Stores) -> BTreeSet<String> {
    let (mut found, mut passed) = (BTreeSet::new(), BTreeSet::from([baa.spec.disclosing.party.clone()]));
    let mut agreements = by_party(&baa.spec.disclosing.party, stores);
    agreements.push(Arc::new(baa.clone()));
    for _ in 0..=MOST_HOPS {
        let mut above = BTreeSet::new();
        for baa in &agreements {
            if baa.spec.disclosing.role == PartyRole::CoveredEntity {
                found.insert(baa.spec.disclosing.party.clone());
                continue;
            }
            let attested = stores.acts.by(&attested_to(&baa.name_any()));
            let named = attested.iter().filter_map(|a| a.object.as_ref().ok()?.spec.covered_entity.clone());
            found.extend(named.map(|e| e.party));
            let upstream = baa.spec.upstream.iter().flatten().filter_map(|u| known(&u.baa_ref.name, stores));
            above.extend(upstream.map(|b| b.spec.disclosing.party.clone()));
        }
        let parties: Vec<_> = above.into_iter().filter(|p| passed.insert(p.clone())).collect();
        agreements = parties.iter().flat_map(|p| by_party(p, stores)).collect();
    }
    found
}

fn by_party(party: &str, stores: &Stores) -> Vec<Arc<BAA>> {
    stores.baas.by(party).iter().filter_map(|b| b.object.as_ref().ok().cloned()).collect()
}

fn known(name: &str, stores: &Stores) -> Option<Arc<BAA>> {
    stores.baas.get("", name).known().and_then(|b| b.object.as_ref().ok().cloned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        agreement::fixture::{Deal, deal},
        guarded::Guarded,
    };

    fn stores(deals: &[Deal]) -> Stores {
        let stores = Stores::default();
        stores.baas.relist(deals.iter().map(|d| Guarded::ok(d.baa.clone())));
        stores.acts.relist(deals.iter().flat_map(|d| &d.acts).map(|a| Guarded::ok(a.clone())));
        stores
    }

    fn told(deals: &[Deal], changed: &Deal) -> Vec<String> {
        entities_of(&changed.baa, &stores(deals)).into_iter().collect()
    }

    fn reached(entity: &str, stores: &Stores) -> Vec<String> {
        let entity = CoveredEntity { party: entity.into() };
        of_entities(&[entity], stores).0.into_keys().collect()
    }

    /// acme → agency → reseller → ringwell, and brite attested to the agency.
    fn cascade() -> [Deal; 3] {
        [
            deal("acme-agency", "acme", "agency"),
            deal("agency-reseller", "agency", "reseller").agency(&["acme-agency"]).attest("brite", "02:00:00", None),
            deal("reseller-ringwell", "reseller", "ringwell").agency(&["agency-reseller"]),
        ]
    }

    #[test]
    fn whoever_lives_on_an_agreement_is_told_of_it() {
        let deals = cascade();
        assert_eq!(told(&deals, &deals[0]), ["acme"]);
        for lower in &deals[1..] {
            assert_eq!(told(&deals, lower), ["acme", "brite"]);
        }
    }

    #[test]
    fn whoever_lived_on_an_agreement_that_is_deleted_is_told_of_it() {
        for gone in 0..3 {
            let mut rest = cascade().to_vec();
            let deleted = rest.remove(gone);
            // Acts outlive what they are about.
            let stores = stores(&rest);
            cascade()[gone].acts.iter().for_each(|a| stores.acts.put(Guarded::ok(a.clone())));
            let told: Vec<_> = entities_of(&deleted.baa, &stores).into_iter().collect();
            assert_eq!(told, [["acme"].as_slice(), &["acme", "brite"], &["acme", "brite"]][gone], "{gone}");
        }
    }

    #[test]
    fn what_an_entity_lives_on_is_found_hop_by_hop_with_what_amends_it() {
        let mut deals = cascade().to_vec();
        deals.push(deal("agency-a1", "agency", "reseller").agency(&[]).amends("agency-reseller"));
        deals.push(deal("other", "corner", "ringwell"));
        let stores = stores(&deals);
        let all = ["acme-agency", "agency-a1", "agency-reseller", "reseller-ringwell"];
        assert_eq!(reached("acme", &stores), all);
        assert_eq!(reached("brite", &stores), all[1..]);
        assert_eq!(reached("corner", &stores), ["other"]);
    }

    #[test]
    fn a_baa_that_cannot_be_decoded_puts_whom_it_is_of_in_doubt_and_nobody_else() {
        let stores = stores(&cascade());
        let bad = serde_json::json!({"metadata": {"name": "bad"}, "spec": {"disclosing": {"party": "agency"}}});
        stores.baas.put(serde_json::from_value(bad).unwrap());
        let doubt = |entity: &str| of_entities(&[CoveredEntity { party: entity.into() }], &stores).1;
        assert!(doubt("acme").is_some_and(|d| d.contains("BAA bad cannot be decoded")));
        assert!(doubt("brite").is_some() && doubt("corner").is_none());
    }
}
