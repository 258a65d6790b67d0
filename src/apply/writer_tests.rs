//! Every write holds for the very object that was seen, and only for it (S7, S10).

use k8s_openapi::api::core::v1::ResourceQuota;
use kube::Resource;
use serde_json::Value;

use super::*;
use crate::{
    fact::Fact,
    fake_server::{Asked, server, sick},
    keys::{Key, Trouble},
    plan::fixture::{name, namespace_for, node, pod, unlocked},
};

/// A key service that must not be written to.
struct Untouched;

impl KeyService for Untouched {
    async fn read(&self, _: KeyPurpose, _: &str) -> Result<Fact<Key>, Trouble> {
        Ok(Fact::Absent)
    }

    async fn create(&self, _: KeyPurpose, _: &str, _: i64) -> Result<(), Trouble> {
        panic!("a key is made")
    }

    async fn tune(&self, _: &str, _: i64) -> Result<(), Trouble> {
        panic!("a key is changed")
    }
}

/// What is asked of the API server to do this step, when these stores hold what was seen.
async fn asked(stores: &Stores, step: Step) -> Option<Asked> {
    let (client, log) = server(sick);
    let writer =
        Writer { client: &client, stores, lead: &Lead::default(), keys: Some(&Untouched), tenant: "acme-dental" };
    assert!(writer.perform(&step).await.is_err(), "the server is sick");
    log.lock().unwrap().first().cloned()
}

/// The object with this identity.
fn seen<K: Resource>(mut object: K) -> K {
    object.meta_mut().uid = Some("u-1".into());
    object.meta_mut().resource_version = Some("7".into());
    object
}

/// UID and resourceVersion that the body at `part` holds the write to.
fn held_to(asked: &Asked, part: &str) -> (Option<String>, Option<String>) {
    let of = |field: &str| asked.body.pointer(part)?.get(field).and_then(Value::as_str).map(str::to_owned);
    (of("uid"), of("resourceVersion"))
}

fn this() -> (Option<String>, Option<String>) {
    (Some("u-1".into()), Some("7".into()))
}

#[tokio::test]
async fn finalizer_labels_and_taints_are_put_on_the_very_object_that_was_seen() {
    let stores = Stores::default();
    stores.plans.relist([Guarded::ok(seen((**unlocked().plan.known().unwrap()).clone()))]);
    stores.namespaces.relist([seen(namespace_for("r")).metadata.into_response_partial()]);
    let node = Arc::new(seen(node("node-1", "a")));
    let steps = [
        Step::AddFinalizer,
        Step::LabelNamespace { labels: BTreeMap::new(), loosening: true },
        Step::AssignNode { node, taints: vec![] },
    ];
    for step in steps {
        let asked = asked(&stores, step).await.unwrap();
        assert_eq!((asked.method.as_str(), held_to(&asked, "/metadata")), ("PATCH", this()), "{}", asked.path);
    }
}

#[tokio::test]
async fn what_is_deleted_or_evicted_is_the_very_object_that_was_seen() {
    let stores = Stores::default();
    let policy = seen(NetworkPolicy { metadata: namespace_for("r").metadata, spec: None });
    let asked_first = asked(&stores, Step::Delete(Owned::NetworkPolicy(policy))).await.unwrap();
    assert_eq!((asked_first.method.as_str(), held_to(&asked_first, "/preconditions")), ("DELETE", this()));
    let evicted = Arc::new(seen(pod("acme-dental", "astray", "elsewhere", "11:00:00")));
    let asked = asked(&stores, Step::Evict(evicted)).await.unwrap();
    assert!(asked.path.ends_with("/pods/astray/eviction"), "{}", asked.path);
    assert_eq!(held_to(&asked, "/deleteOptions/preconditions"), this());
}

#[tokio::test]
async fn what_was_seen_is_replaced_and_what_was_not_is_created_and_never_taken_over() {
    let stores = Stores::default();
    stores.quotas.relist([]);
    let mut quota = ResourceQuota::default();
    quota.metadata.name = Some("ringfence".into());
    quota.metadata.namespace = Some("acme-dental".into());
    let step = || Step::Apply(Owned::ResourceQuota(quota.clone()));
    let made = asked(&stores, step()).await.unwrap();
    assert_eq!((made.method.as_str(), held_to(&made, "/metadata")), ("POST", (None, None)));
    stores.quotas.relist([seen(quota.clone())]);
    let replaced = asked(&stores, step()).await.unwrap();
    assert_eq!((replaced.method.as_str(), held_to(&replaced, "/metadata")), ("PUT", this()));
}

#[tokio::test]
async fn a_replica_that_does_not_lead_writes_no_key() {
    let stores = Stores::default();
    for step in
        [Step::CreateKey { purpose: KeyPurpose::Phi, rotation_seconds: 1 }, Step::TuneKey { rotation_seconds: 1 }]
    {
        assert!(asked(&stores, step).await.is_none(), "the key service is no way round the lead");
    }
}

#[tokio::test]
async fn a_node_that_is_promised_to_one_tenant_is_written_into_no_other_record() {
    let stores = Stores::default();
    stores.reserve("other", ["uid-of-node-1".to_owned()].into_iter()).unwrap();
    let record = unlocked().record.known().unwrap().clone();
    assert!(record.spec.nodes.iter().any(|n| n.uid == "uid-of-node-1"));
    assert!(asked(&stores, Step::CreateRecord(Box::new((*record).clone()))).await.is_none());
    assert!(asked(&stores, Step::UpdateRecord(Box::new((*record).clone()))).await.is_none());
    let mut others = (*record).clone();
    others.metadata.name = Some("other".into());
    let stores = Stores::default();
    stores.records.relist([Guarded::ok(others)]);
    assert!(stores.reserve(name().as_str(), ["uid-of-node-2".to_owned()].into_iter()).is_err(), "it is recorded");
    assert!(stores.reserved_by_others(name().as_str(), ["uid-of-node-1".to_owned()].into_iter()).len() == 1);
    assert!(stores.reserve("other", ["uid-of-node-2".to_owned()].into_iter()).is_ok(), "it is its own");
}
