//! What was never listed, or cannot be decoded, is not known; it is never taken for absent (S9).

use serde_json::json;

use super::{observe::observe, world::World};
use crate::{
    api::{Attestation, BAA, HealthcarePlan, TenantRecord},
    fact::Fact,
    guarded::Guarded,
    keys::OpenBao,
    plan::fixture::{node, unlocked},
    stores::Stores,
};

async fn seen(stores: &Stores) -> World {
    observe::<OpenBao>("acme-dental", stores, None, std::time::Duration::ZERO).await
}

/// An object of this name whose spec cannot be decoded, about this subject.
fn bad<K: serde::de::DeserializeOwned>(name: &str, subject: &str) -> Guarded<K> {
    let object = json!({"metadata": {"name": name}, "spec": {"subjectRef": {"name": subject}, "state": 1, "act": 1}});
    serde_json::from_value(object).unwrap()
}

#[tokio::test]
async fn what_was_never_listed_is_not_known() {
    let world = seen(&Stores::default()).await;
    let doubts = [
        ("plan", world.plan.doubt()),
        ("class", world.class.doubt()),
        ("config", world.config.doubt()),
        ("record", world.record.doubt()),
        ("namespace", world.namespace.doubt()),
        ("policies", world.policies.doubt()),
        ("quota", world.quota.doubt()),
        ("account", world.service_account.doubt()),
        ("readers", world.readers.doubt()),
        ("flags", world.flags.doubt()),
        ("nodes", world.nodes.doubt()),
        ("pods", world.pods.doubt()),
        ("agreements", world.agreement_doubt.as_deref()),
    ];
    for (what, doubt) in doubts {
        assert!(doubt.is_some(), "{what}");
    }
}

#[tokio::test]
async fn what_cannot_be_decoded_is_not_known() {
    let stores = Stores::default();
    stores.plans.relist([bad::<HealthcarePlan>("acme-dental", "")]);
    let world = seen(&stores).await;
    assert!(world.plan.doubt().is_some_and(|why| why.contains("cannot be decoded")), "{:?}", world.plan);
}

#[tokio::test]
async fn an_act_that_cannot_be_decoded_puts_the_agreement_that_it_is_about_in_doubt() {
    let told = unlocked();
    for (subject, doubted) in [("acme-dental-2026", true), ("of-somebody-else", false)] {
        let stores = Stores::default();
        stores.plans.relist([Guarded::ok((**told.plan.known().unwrap()).clone())]);
        stores.baas.relist(told.baas.iter().map(|b| Guarded::<BAA>::ok((**b).clone())));
        stores.acts.relist([bad::<Attestation>("broken", subject)]);
        assert_eq!(seen(&stores).await.agreement_doubt.is_some(), doubted, "{subject}");
    }
}

#[tokio::test]
async fn while_a_record_cannot_be_decoded_no_node_is_free() {
    let stores = Stores::default();
    let told = unlocked();
    stores.plans.relist([Guarded::ok((**told.plan.known().unwrap()).clone())]);
    stores.nodes.relist([node("node-1", "a")]);
    stores.records.relist([]);
    assert_eq!(seen(&stores).await.inventory.len(), 1);
    stores.records.relist([bad::<TenantRecord>("other", "")]);
    assert_eq!(seen(&stores).await.inventory.len(), 0, "it may hold any node");
    assert_eq!(seen(&stores).await.record, Fact::Absent);
}
