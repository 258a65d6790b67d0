//! What opens rests on what the API server says at that moment, not on what a watch has told (S1, S9).

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use jiff::SignedDuration;
use kube::runtime::events::{Recorder, Reporter};
use serde_json::json;

use super::*;
use crate::{
    api::{Attestation, KeyPurpose},
    clock::Clock,
    fact::Fact,
    fake_server::{Asked, Log, server, sick},
    guardrails::{Guardrails, Required},
    keys::{Key, Trouble},
    lead::Lead,
    metrics::Metrics,
    names::BASE_POLICY,
    plan::{
        fixture::{act, baa, document, evaluate, fresh, publishes, settle as settled, signed, todo},
        world::KeyFact,
    },
    stores::Stores,
};

/// A key service that tells what is known already.
struct Keys(std::collections::BTreeMap<KeyPurpose, KeyFact>);

impl KeyService for Keys {
    async fn read(&self, purpose: KeyPurpose, _: &str) -> Result<Fact<Key>, Trouble> {
        self.0[&purpose].clone()
    }

    async fn create(&self, _: KeyPurpose, _: &str, _: i64) -> Result<(), Trouble> {
        panic!("a key is made")
    }

    async fn tune(&self, _: &str, _: i64) -> Result<(), Trouble> {
        panic!("a key is changed")
    }
}

/// A tenant that has been open for forty minutes: its lease is to be renewed.
fn due(now: Timestamp) -> World {
    let mut world = fresh();
    let agreement = baa("acme-dental-2026", "uid-of-baa", "acme-dental", ("2000-01-01T00:00:00Z", None));
    world.acts = signed(&agreement, "2001-01-01T00:00:00Z").map(Arc::new).to_vec();
    world.baas = vec![Arc::new(agreement)];
    settled(&mut world, now.checked_sub(SignedDuration::from_mins(40)).unwrap());
    assert!(todo(&world, now).iter().any(Step::is_loosening), "a renewal is due");
    world
}

fn one<K: Clone>(fact: &Fact<Arc<K>>) -> K {
    (**fact.known().expect("it is known")).clone()
}

/// Stores as the watches fill them.
fn stores(world: &World) -> Stores {
    let all = Stores::with(Guardrails::new(Required::Reported));
    all.plans.relist([Guarded::ok(one(&world.plan))]);
    all.classes.relist([Guarded::ok(one(&world.class))]);
    all.configs.relist([Guarded::ok(one(&world.config))]);
    all.records.relist([Guarded::ok(one(&world.record))]);
    all.baas.relist(world.baas.iter().map(|b| Guarded::ok((**b).clone())));
    all.acts.relist(world.acts.iter().map(|a| Guarded::ok((**a).clone())));
    all.integrations.relist([]);
    all.namespaces.relist([one(&world.namespace)]);
    all.policies.relist(world.policies.known().unwrap().iter().map(|p| (**p).clone()));
    all.quotas.relist([one(&world.quota)]);
    all.accounts.relist([one(&world.service_account)]);
    all.bindings.relist([one(&world.readers)]);
    all.flags.relist([one(&world.flags)]);
    all.nodes.relist(world.inventory.iter().map(|n| (**n).clone()));
    all.pods.relist([]);
    all
}

/// An API server that holds what `world` does, with these acts, and refuses every write.
fn holds(world: &World, acts: &[Attestation]) -> impl Fn(&Asked) -> (u16, serde_json::Value) + use<> {
    let base = world.policies.known().unwrap().iter().find(|p| p.name_any() == BASE_POLICY);
    let objects: HashMap<&str, serde_json::Value> = [
        ("ringfenceconfigs/cluster", json!(one(&world.config))),
        ("healthcareplans/acme-dental", json!(one(&world.plan))),
        ("healthcareplanclasses/standard-1", json!(one(&world.class))),
        (
            "v1alpha1/baas",
            json!({"apiVersion": "ringfence.dev/v1alpha1", "kind": "BAAList", "metadata": {}, "items": [*world.baas[0]]}),
        ),
        ("networkpolicies/ringfence-base", json!(base.map(|p| &**p))),
        (
            "v1alpha1/attestations",
            json!({"apiVersion": "ringfence.dev/v1alpha1", "kind": "AttestationList", "metadata": {}, "items": acts}),
        ),
    ]
    .into();
    move |asked: &Asked| match objects.iter().find(|(path, _)| asked.path.ends_with(**path)) {
        Some((_, object)) if asked.method == "GET" => (200, object.clone()),
        _ => sick(asked),
    }
}

/// The documents that a reconcile tries to publish, one after the other.
async fn published(world: &World, (client, log): (kube::Client, Log)) -> Vec<String> {
    let reporter = Reporter { controller: "ringfence".into(), instance: None };
    let lead = Lead::default();
    lead.until(Some(tokio::time::Instant::now() + Duration::from_secs(600)));
    let context = Context {
        recorder: Recorder::new(client.clone(), reporter),
        client,
        lead: Arc::new(lead),
        clock: Arc::new(Clock::default()),
        stores: stores(world),
        metrics: Metrics::default(),
        resync: Duration::from_secs(600),
        token_file: PathBuf::new(),
        openbao: std::sync::Mutex::default(),
    };
    settle(&context, "acme-dental", Some(&Keys(world.keys.clone()))).await;
    let log = log.lock().unwrap();
    let writes = log.iter().filter(|a| a.method != "GET" && a.path.contains("configmaps"));
    writes.map(|a| a.body["data"].as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned()).collect()
}

fn opens(text: &str, time: Timestamp) -> bool {
    evaluate(text, "covered.entities", Some(time.as_second())) != json!({})
}

#[tokio::test]
async fn a_lease_is_renewed_on_what_the_api_server_says_and_not_on_what_a_watch_told() {
    let now = Timestamp::now();
    let world = due(now);
    let later = now.saturating_add(SignedDuration::from_mins(45)).unwrap();
    assert!(opens(&document(&world), now) && !opens(&document(&world), later));
    let mut acts: Vec<_> = world.acts.iter().map(|a| (**a).clone()).collect();
    let renewed = published(&world, server(holds(&world, &acts))).await;
    assert!(renewed.len() == 1 && opens(&renewed[0], later), "it is renewed when nothing has changed");

    acts.push(act("Terminate", ("acme-dental-2026", "uid-of-baa"), "acme-dental", "bob", "2002-01-01T00:00:00Z"));
    let closed = published(&world, server(holds(&world, &acts))).await;
    assert!(closed.len() == 1 && !opens(&closed[0], now), "the watch has not told of the termination");
}

#[tokio::test]
async fn nothing_is_opened_while_the_api_server_cannot_be_asked() {
    let world = due(Timestamp::now());
    assert_eq!(published(&world, server(sick)).await, Vec::<String>::new());
    assert!(publishes(&todo(&world, Timestamp::now())).is_some(), "it would have been");
}

/// A tenant of an agency: its agreement with it is attested.
fn attested(now: Timestamp) -> World {
    use crate::agreement::fixture::deal;
    let mut world = fresh();
    let old = "2001-01-01T00:00:00Z";
    let agency = deal("acme-dental-2026", "agency", "ringwell").agency(&[]).term(old, None).signed(old);
    let agency = agency.attest("acme-dental", old, Some("2100-01-01T00:00:00Z"));
    world.acts = agency.acts.into_iter().map(Arc::new).collect();
    world.baas = vec![Arc::new(agency.baa)];
    settled(&mut world, now.checked_sub(SignedDuration::from_mins(40)).unwrap());
    assert!(todo(&world, now).iter().any(Step::is_loosening), "a renewal is due");
    world
}

#[tokio::test]
async fn an_attested_agreement_that_the_api_server_does_not_hold_any_more_renews_nothing() {
    let (world, now) = (attested(Timestamp::now()), Timestamp::now());
    let acts: Vec<_> = world.acts.iter().map(|a| (**a).clone()).collect();
    let renewed = published(&world, server(holds(&world, &acts))).await;
    assert!(renewed.len() == 1 && opens(&renewed[0], now), "it is renewed while it is attested");
    let signatures: Vec<_> = acts.into_iter().filter(|a| a.spec.covered_entity.is_none()).collect();
    let closed = published(&world, server(holds(&world, &signatures))).await;
    assert!(closed.iter().all(|text| !opens(text, now)), "the watch has not told that it is gone");
}

#[tokio::test(start_paused = true)]
async fn what_the_api_server_said_is_asked_again_after_a_second_and_what_is_not_there_at_once() {
    let world = due(Timestamp::now());
    let acts: Vec<_> = world.acts.iter().map(|a| (**a).clone()).collect();
    let ((client, log), stores) = (server(holds(&world, &acts)), stores(&world));
    let keys = Keys(world.keys.clone());
    let asked = async |asked_before: usize| {
        quorum(&world, &client, &stores, Some(&keys)).await.map(|w| assert!(w.quorum && w.baas.len() == 1)).unwrap();
        log.lock().unwrap().len() - asked_before
    };
    let first = asked(0).await;
    assert!(first >= 6, "{first} requests");
    assert_eq!(asked(first).await, 0, "it was said just now");
    tokio::time::advance(Duration::from_millis(1100)).await;
    assert_eq!(asked(first).await, first, "it was said a while ago");

    let missing = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404});
    let rest = holds(&world, &acts);
    let gone = move |asked: &Asked| {
        if asked.path.contains("networkpolicies") { (404, missing.clone()) } else { rest(asked) }
    };
    let (client, log) = server(gone);
    stores.begin_anew();
    for n in 1..=2 {
        let fresh = quorum(&world, &client, &stores, Some(&keys)).await.unwrap();
        assert_eq!(fresh.policies.known().map(Vec::len), Some(0), "what is not there is asked for each time");
        let asked = log.lock().unwrap().iter().filter(|a| a.path.contains("networkpolicies")).count();
        assert_eq!(asked, n);
    }
}
