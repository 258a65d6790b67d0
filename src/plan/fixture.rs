//! Worlds for tests: YAML through the real types. [`unlocked`] stands in all things; a test changes one fact of it.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{Namespace, Node, Pod},
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
};
use kube::{ResourceExt, core::PartialObjectMetaExt};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    decide::{Decision, Owned, Step, decide, decide_invalid},
    fence::{
        flags,
        namespace::{self, unfenced},
        network,
    },
    gates::{Gate, Standing},
    status,
    validate::{Tenant, validate},
    world::World,
};
use crate::{
    api::{Attestation, BAA, HealthcarePlan, HealthcarePlanClass, KeyPurpose, RingfenceConfig, TenantRecord},
    fact::Fact,
    integration::Way,
    keys::{Key, fingerprint},
    names::{FENCED_LABEL, FINALIZER, POOL_LABEL, TenantName},
};

/// UID of the plan.
pub const PLAN_UID: &str = "00000000-0000-0000-0000-000000000001";
/// UID of the record.
pub const RECORD_UID: &str = "00000000-0000-0000-0000-000000000002";
/// UID of the namespace.
pub const NAMESPACE_UID: &str = "00000000-0000-0000-0000-000000000003";
/// UID of the agreement that [`unlocked`] holds.
pub const BAA_UID: &str = "00000000-0000-0000-0000-000000000004";
/// SHA-256 of the text of every agreement.
pub const TEXT: &str = "4e1243bd22c66e76c2ba9eddc1f91394e57f9f83711b8c5a2d5b1c9f4cfa7a0c";
/// Rotation of the phi key as the class asks for it.
pub const ROTATION: i64 = 2160 * 3600;

const PLAN: &str = include_str!("../../manifests/examples/20-plan.yaml");
const CLASS: &str = include_str!("../../manifests/examples/10-class.yaml");
const CONFIG: &str = include_str!("../../manifests/examples/00-config.yaml");

/// A moment on the day of all tests.
#[must_use]
pub fn at(time: &str) -> Timestamp {
    let text = if time.contains('T') { time.to_owned() } else { format!("2026-11-24T{time}Z") };
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// Noon.
#[must_use]
pub fn now() -> Timestamp {
    at("12:00:00")
}

/// From YAML, through the real type.
pub fn yaml<K: DeserializeOwned>(text: &str) -> K {
    serde_saphyr::from_str(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// The tenant's name.
#[must_use]
pub fn name() -> TenantName {
    TenantName::new("acme-dental").expect("a tenant name")
}

/// An agreement of this name and UID between `party` and the platform, for one day around noon if nothing else is said.
#[must_use]
pub fn baa(name: &str, uid: &str, party: &str, (from, until): (&str, Option<&str>)) -> BAA {
    let until = until.map_or_else(String::new, |t| format!(", expirationTime: \"{}\"", at(t)));
    yaml(&format!(
        "{{apiVersion: ringfence.dev/v1alpha1, kind: BAA, metadata: {{name: {name}, uid: {uid}}}, spec: {{
           disclosing: {{party: {party}, role: CoveredEntity, legalName: Clinic}},
           receiving: {{party: ringwell, role: BusinessAssociate, legalName: Ringwell}},
           document: {{uri: \"s3://legal/{name}\", sha256: {TEXT}}},
           scope: {{services: [call-tracking], phiCategories: [CallerID, Recording, Form]}},
           permittedUses: [ServiceDelivery],
           term: {{effectiveTime: \"{}\"{until}}}}}}}",
        at(from)
    ))
}

/// An act about the agreement `about` (name and UID), on behalf of `party`, recorded by `by` at `created`.
#[must_use]
pub fn act(act: &str, (baa, uid): (&str, &str), party: &str, by: &str, created: &str) -> Attestation {
    yaml(&format!(
        "{{apiVersion: ringfence.dev/v1alpha1, kind: Attestation,
          metadata: {{name: {baa}-{act}-{party}-{by}, creationTimestamp: \"{}\"}}, spec: {{
            act: {act}, by: {by}@ringwell.example, subjectRef: {{kind: BAA, name: {baa}, uid: {uid}}},
            onBehalfOf: {{party: {party}, name: Somebody}}, textSHA256: {TEXT},
            evidence: {{provider: paper, envelopeID: envelope-of-{by}, certificateSHA256: {TEXT}}}}}}}",
        at(created)
    ))
}

/// Both parties' signatures, recorded by two people.
#[must_use]
pub fn signed(baa: &BAA, created: &str) -> [Attestation; 2] {
    let about = (baa.name_any(), baa.uid().unwrap_or_default());
    let about = (about.0.as_str(), about.1.as_str());
    [act("Sign", about, &baa.spec.disclosing.party, "bob", created), act("Sign", about, "ringwell", "alice", created)]
}

/// A node of the inventory with the standing taint.
#[must_use]
pub fn node(name: &str, zone: &str) -> Node {
    yaml(&format!(
        "{{apiVersion: v1, kind: Node, metadata: {{name: {name}, uid: uid-of-{name}, labels: {{
            ringfence.node-restriction.kubernetes.io/inventory: standard-1, topology.kubernetes.io/zone: {zone}}}}},
          spec: {{providerID: \"test://{name}\", taints: [{{key: ringfence.dev/pool, value: unassigned, effect: NoExecute}}]}},
          status: {{conditions: [{{type: Ready, status: \"True\", lastTransitionTime: null}}]}}}}"
    ))
}

/// A running pod.
#[must_use]
pub fn pod(namespace: &str, name: &str, node: &str, created: &str) -> Pod {
    yaml(&format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{namespace: {namespace}, name: {name}, uid: uid-of-{name}, creationTimestamp: \"{}\"}},
          spec: {{nodeName: {node}, containers: []}}, status: {{phase: Running}}}}",
        at(created)
    ))
}

/// A key as it must be.
#[must_use]
pub fn key(purpose: KeyPurpose, created: Timestamp) -> Key {
    Key {
        fingerprint: fingerprint(purpose.mount(), "acme-dental", "aes256-gcm96", created.as_second()),
        created: created.as_second(),
        rotation_seconds: ROTATION,
        soft_deleted: false,
        wrong: vec![],
    }
}

/// A plan that was just created, a class with two free nodes and one to spare, an agreement in force; nothing is built yet.
#[must_use]
pub fn fresh() -> World {
    static FRESH: LazyLock<World> = LazyLock::new(begin);
    FRESH.clone()
}

fn begin() -> World {
    let mut plan: HealthcarePlan = yaml(PLAN);
    plan.metadata.uid = Some(PLAN_UID.into());
    plan.metadata.generation = Some(1);
    let agreement =
        baa("acme-dental-2026", BAA_UID, "acme-dental", ("2026-01-01T00:00:00Z", Some("2028-12-31T00:00:00Z")));
    let acts = signed(&agreement, "2026-11-20T00:00:00Z");
    World {
        name: "acme-dental".into(),
        plan: known(plan),
        class: known(yaml::<HealthcarePlanClass>(CLASS)),
        config: known(yaml::<RingfenceConfig>(CONFIG)),
        record: Fact::Absent,
        namespace: Fact::Absent,
        policies: Fact::Known(vec![]),
        host_policies: Fact::Absent,
        names_hosts: false,
        integrations: Fact::Known(vec![]),
        cluster_networks: Arc::default(),
        quota: Fact::Absent,
        service_account: Fact::Absent,
        readers: Fact::Absent,
        flags: Fact::Absent,
        nodes: Fact::Known(vec![]),
        inventory: [("node-1", "a"), ("node-2", "b"), ("node-3", "a")].map(|(n, z)| Arc::new(node(n, z))).to_vec(),
        reserved: BTreeSet::new(),
        pods: Fact::Known(vec![]),
        baas: vec![Arc::new(agreement)],
        acts: acts.map(Arc::new).to_vec(),
        agreement_doubt: None,
        vendor_doubt: None,
        clock_doubt: None,
        guardrail_doubt: None,
        keys: KeyPurpose::ALL.into_iter().map(|p| (p, Ok(Fact::Absent))).collect(),
        quorum: true,
    }
}

/// The same, built and unlocked at noon, with one pod of the tenant's on its first node.
#[must_use]
pub fn unlocked() -> World {
    static UNLOCKED: LazyLock<World> = LazyLock::new(build);
    UNLOCKED.clone()
}

fn build() -> World {
    let mut world = fresh();
    settle(&mut world, now());
    if let Fact::Known(pods) = &mut world.pods {
        pods.push(Arc::new(pod("acme-dental", "web", "node-1", "11:00:00")));
    }
    world
}

fn known<T>(value: T) -> Fact<Arc<T>> {
    Fact::Known(Arc::new(value))
}

/// Changes a fact, if it is known.
pub fn edit<T: Clone>(fact: &mut Fact<Arc<T>>, change: impl FnOnce(&mut T)) {
    if let Fact::Known(value) = fact {
        change(Arc::make_mut(value));
    }
}

/// The tenant of a world that makes one.
#[must_use]
pub fn tenant(world: &World) -> Tenant {
    validate(world).unwrap_or_else(|i| panic!("{i:?}"))
}

/// The decision about a world that makes a tenant.
#[must_use]
pub fn decided(world: &World, now: Timestamp) -> Decision {
    decide(&tenant(world), world, now)
}

/// The steps for any world.
#[must_use]
pub fn todo(world: &World, now: Timestamp) -> Vec<Step> {
    match validate(world) {
        Ok(tenant) => decide(&tenant, world, now).steps,
        Err(invalid) => decide_invalid(world, &invalid, now),
    }
}

/// The steps, in a word or two each.
#[must_use]
pub fn words(steps: &[Step]) -> Vec<String> {
    let owned = |o: &Owned| match o {
        Owned::NetworkPolicy(p) => p.name_any(),
        Owned::ResourceQuota(_) => "quota".into(),
        Owned::ServiceAccount(_) => "account".into(),
        Owned::RoleBinding(_) => "readers".into(),
    };
    let word = |step: &Step| match step {
        Step::AddFinalizer => "finalizer".into(),
        Step::CreateRecord(_) => "record".into(),
        Step::UpdateRecord(_) => "record more".into(),
        Step::CreateNamespace(_) => "namespace".into(),
        Step::LabelNamespace { loosening: true, .. } => "fence".into(),
        Step::LabelNamespace { .. } => "labels".into(),
        Step::PublishFlags { loosening: true, .. } => "open flags".into(),
        Step::PublishFlags { .. } => "close flags".into(),
        Step::Apply(o) => format!("apply {}", owned(o)),
        Step::Delete(o) => format!("delete {}", owned(o)),
        Step::AssignNode { node, .. } => format!("assign {}", node.name_any()),
        Step::CreateKey { purpose, .. } => format!("key {}", purpose.mount()),
        Step::OpenWay(way) => format!("open {}", way.name()),
        Step::CloseWay(way) => format!("close {}", way.name()),
        Step::TuneKey { .. } => "tune key".into(),
        Step::Evict(pod) => format!("evict {}", pod.name_any()),
    };
    steps.iter().map(word).collect()
}

/// The text that the steps publish, if they do.
#[must_use]
pub fn publishes(steps: &[Step]) -> Option<String> {
    steps.iter().find_map(|s| match s {
        Step::PublishFlags { config_map, .. } => config_map.data.as_ref()?.values().next().cloned(),
        _ => None,
    })
}

/// The text that is published.
#[must_use]
pub fn document(world: &World) -> String {
    flags::published(world).expect("a document is published").to_owned()
}

/// Does one step as the API server and the key service would, at `now`.
pub fn perform(world: &mut World, step: &Step, now: Timestamp) {
    match step {
        Step::AddFinalizer => edit(&mut world.plan, |p| p.metadata.finalizers = Some(vec![FINALIZER.into()])),
        Step::CreateRecord(record) => {
            let mut record: TenantRecord = (**record).clone();
            record.metadata.uid = Some(RECORD_UID.into());
            record.metadata.creation_timestamp = Some(Time(now));
            world.record = known(record);
        }
        Step::UpdateRecord(record) => world.record = known((**record).clone()),
        Step::CreateNamespace(namespace) => {
            let mut namespace: Namespace = (**namespace).clone();
            namespace.metadata.uid = Some(NAMESPACE_UID.into());
            world.namespace = known(namespace.metadata.into_response_partial());
        }
        Step::LabelNamespace { labels, .. } => edit(&mut world.namespace, |n| {
            n.metadata.labels.get_or_insert_default().extend(labels.clone());
        }),
        Step::PublishFlags { config_map, .. } => world.flags = known((**config_map).clone()),
        Step::Apply(Owned::NetworkPolicy(policy)) => {
            if let Fact::Known(live) = &mut world.policies {
                live.retain(|l| l.name_any() != policy.name_any());
                live.push(Arc::new(policy.clone()));
            }
        }
        Step::Delete(Owned::NetworkPolicy(policy)) => {
            if let Fact::Known(live) = &mut world.policies {
                live.retain(|l| l.name_any() != policy.name_any());
            }
        }
        Step::OpenWay(way) => match (&**way, &mut world.policies, &mut world.host_policies) {
            (Way::Networks(policy), Fact::Known(live), _) => live.push(Arc::new(policy.clone())),
            (Way::Hosts(policy), _, Fact::Known(live)) => live.push(Arc::new(policy.clone())),
            _ => {}
        },
        Step::CloseWay(way) => match (&**way, &mut world.policies, &mut world.host_policies) {
            (Way::Networks(policy), Fact::Known(live), _) => live.retain(|l| l.name_any() != policy.name_any()),
            (Way::Hosts(policy), _, Fact::Known(live)) => live.retain(|l| l.name_any() != policy.name_any()),
            _ => {}
        },
        Step::Apply(Owned::ResourceQuota(quota)) => world.quota = known(quota.clone()),
        Step::Apply(Owned::ServiceAccount(account)) => world.service_account = known(account.clone()),
        Step::Apply(Owned::RoleBinding(binding)) => world.readers = known(binding.clone()),
        Step::Delete(_) => world.readers = Fact::Absent,
        Step::AssignNode { node, taints } => {
            let mut given: Node = (**node).clone();
            given.metadata.labels.get_or_insert_default().insert(POOL_LABEL.into(), world.name.clone());
            given.spec.get_or_insert_default().taints = Some(taints.clone());
            put_node(world, given);
        }
        Step::CreateKey { purpose, .. } => {
            world.keys.insert(*purpose, Ok(Fact::Known(key(*purpose, now))));
        }
        Step::TuneKey { rotation_seconds } => {
            if let Some(Ok(Fact::Known(key))) = world.keys.get_mut(&KeyPurpose::Phi) {
                key.rotation_seconds = *rotation_seconds;
            }
        }
        Step::Evict(gone) => {
            if let Fact::Known(pods) = &mut world.pods {
                pods.retain(|p| p.uid() != gone.uid());
            }
        }
    }
    watch_nodes(world);
}

/// The node as it is now, wherever it is looked at.
pub fn put_node(world: &mut World, node: Node) {
    let node = Arc::new(node);
    for other in &mut world.inventory {
        if other.uid() == node.uid() {
            *other = node.clone();
        }
    }
    if let Fact::Known(nodes) = &mut world.nodes {
        nodes.retain(|n| n.uid() != node.uid());
        nodes.push(node);
        nodes.sort_by_key(|n| n.name_any());
    }
}

/// Nodes that the record names are looked at, as the stores would show them.
fn watch_nodes(world: &mut World) {
    let Some(record) = world.record.known().cloned() else { return };
    let Fact::Known(nodes) = &mut world.nodes else { return };
    for recorded in &record.spec.nodes {
        if !nodes.iter().any(|n| n.metadata.uid.as_ref() == Some(&recorded.uid)) {
            nodes.extend(world.inventory.iter().filter(|n| n.metadata.uid.as_ref() == Some(&recorded.uid)).cloned());
        }
    }
    nodes.sort_by_key(|n| n.name_any());
}

/// Writes the status that the decision calls for, as a reconcile would.
pub fn tell(world: &mut World, now: Timestamp) {
    let tenant = tenant(world);
    let said = status::status(&tenant, &decide(&tenant, world, now), None, false, now);
    edit(&mut world.plan, |p| p.status = Some(said));
}

/// Reconciles until nothing is left to do.
pub fn settle(world: &mut World, now: Timestamp) {
    for _ in 0..40 {
        let steps = todo(world, now);
        for step in &steps {
            perform(world, step, now);
        }
        if steps.is_empty() {
            let before = conditions(world).to_vec();
            tell(world, now);
            if before == conditions(world) && todo(world, now).is_empty() {
                return;
            }
        }
    }
    panic!("it does not settle: {:?}", words(&todo(world, now)));
}

/// The conditions that status holds.
#[must_use]
pub fn conditions(world: &World) -> &[Condition] {
    world.plan.known().and_then(|p| p.status.as_ref()).map(|s| s.conditions.as_slice()).unwrap_or_default()
}

/// Whether pods are let in.
#[must_use]
pub fn is_fenced(world: &World) -> bool {
    world.namespace.known().is_some_and(|n| n.labels().contains_key(FENCED_LABEL))
}

/// How the condition stands in this decision.
#[must_use]
pub fn standing(decision: &Decision, condition: &str) -> Standing {
    let verdict = decision.verdicts.iter().find(|v| v.condition == condition);
    verdict.unwrap_or_else(|| panic!("no verdict {condition}")).standing
}

/// Whether the gate is open.
#[must_use]
pub fn is_open(decision: &Decision) -> bool {
    decision.gate == Gate::Open
}

/// What an engine answers for a flag of a document, at a time that it may not know (JSON logic of the one window shape).
#[must_use]
pub fn evaluate(document: &str, flag: &str, time: Option<i64>) -> Value {
    let document: Value = serde_json::from_str(document).expect("a document is JSON");
    let flag = &document["flags"][flag];
    assert_eq!(flag["state"], "ENABLED");
    let variant = match flag.get("targeting") {
        None => flag["defaultVariant"].clone(),
        Some(rule) => logic(rule, time),
    };
    flag["variants"][variant.as_str().expect("a variant has a name")].clone()
}

/// An unknown variable is null, and null counts as 0, as in JavaScript.
fn logic(rule: &Value, time: Option<i64>) -> Value {
    if rule.is_string() {
        return rule.clone();
    }
    let [condition, then, otherwise] = rule["if"].as_array().expect("an if").as_slice() else {
        panic!("an if has three parts")
    };
    let [from, var, until] = condition["<"].as_array().expect("a <").as_slice() else {
        panic!("a window has three terms, or it would be open for an unknown variable")
    };
    assert_eq!(var["var"], "$flagd.timestamp");
    let time = time.unwrap_or(0);
    let inside = from.as_i64().expect("a number") < time && time < until.as_i64().expect("a number");
    logic(if inside { then } else { otherwise }, Some(time))
}

/// Every window of a document: flag, begin, end.
#[must_use]
pub fn windows(document: &str) -> Vec<(String, i64, i64)> {
    fn walk(flag: &str, rule: &Value, found: &mut Vec<(String, i64, i64)>) {
        if let Some([condition, then, otherwise]) = rule["if"].as_array().map(Vec::as_slice) {
            let number = |n: usize| condition["<"][n].as_i64().expect("a number");
            found.push((flag.to_owned(), number(0), number(2)));
            walk(flag, then, found);
            walk(flag, otherwise, found);
        }
    }
    let document: Value = serde_json::from_str(document).expect("a document is JSON");
    let mut found = vec![];
    for (key, flag) in document["flags"].as_object().expect("flags") {
        walk(key, &flag["targeting"], &mut found);
    }
    found
}

/// Whether a document gives anybody more than the restrictive one does, at this time.
#[must_use]
pub fn opens_anything(document: &str, time: Timestamp) -> bool {
    let parsed: Value = serde_json::from_str(document).expect("a document is JSON");
    let flags = parsed["flags"].as_object().expect("flags");
    flags.iter().filter(|(_, f)| f["metadata"]["lock"] == "leased").any(|(key, f)| {
        evaluate(document, key, Some(time.as_second())) != f["variants"][f["defaultVariant"].as_str().expect("a name")]
    })
}

/// What is wanted of the network and the namespace, for tests that alter it.
#[must_use]
pub fn base_policy(world: &World) -> k8s_openapi::api::networking::v1::NetworkPolicy {
    network::base_policy(&tenant(world))
}

/// The namespace as it is first made, for a record of this UID.
#[must_use]
pub fn namespace_for(record_uid: &str) -> Namespace {
    unfenced(&name(), record_uid)
}

/// What [`namespace::ground`] says of a world.
#[must_use]
pub fn ground(world: &World) -> namespace::Ground {
    namespace::ground(world, world.record.known().map(AsRef::as_ref))
}
