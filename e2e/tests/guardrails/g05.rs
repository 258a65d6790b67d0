//! G5 and G12 on namespaces: what makes one a tenant's, how closed it is, and its end.

use serde_json::{Value, json};

use crate::{
    ask::Ask,
    suite::{Attack, attack},
    things::{FENCED, OPEN, PLAIN, UID, labels, namespace, pod},
};

/// On namespaces.
pub fn attacks() -> Vec<Attack> {
    let fresh = |name: &str, labels: Value, notes: Value| {
        Ask::create(
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels, "annotations": notes}}),
        )
    };
    let set = |at: &'static str, to: Value| {
        move |live: &mut Value| {
            live["metadata"][at].as_object_mut().expect("a map").extend(to.as_object().expect("a map").clone());
        }
    };
    let (open, fenced, plain) = (namespace(OPEN), namespace(FENCED), namespace(PLAIN));
    let mut generated = pod(OPEN, "");
    generated["metadata"] = json!({"generateName": "gr-", "namespace": OPEN});
    let mut bound = pod(OPEN, "gr-bound");
    bound["spec"]["nodeName"] = json!("gr-node");
    let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "none", "uid": UID}]);
    vec![
        attack("G1", "a pod before the fences stand", Ask::create(pod(OPEN, "gr-pod"))),
        attack("G1", "the same by generateName", Ask::create(generated)),
        attack("G1", "the same past the scheduler", Ask::create(bound)),
        attack(
            "G5",
            "a namespace made a tenant's",
            fresh("gr-new", json!({"ringfence.dev/tenant": "gr-new"}), json!({})),
        ),
        attack("G5", "a namespace made fenced", fresh("gr-new", json!({"ringfence.dev/fenced": "true"}), json!({}))),
        attack("G5", "a namespace with a record", fresh("gr-new", json!({}), json!({"ringfence.dev/record-uid": UID}))),
        attack("G5", "tenant put on a plain one", Ask::merge(&plain, labels(json!({"ringfence.dev/tenant": PLAIN})))),
        attack("G5", "fenced put on a plain one", Ask::merge(&plain, labels(json!({"ringfence.dev/fenced": "true"})))),
        attack("G5", "fenced by merge patch", Ask::merge(&open, labels(json!({"ringfence.dev/fenced": "true"})))),
        attack(
            "G5",
            "fenced by JSON patch",
            Ask::json(&open, json!([{"op": "add", "path": "/metadata/labels/ringfence.dev~1fenced", "value": "true"}])),
        ),
        attack("G5", "fenced by PUT", Ask::edit(&open, set("labels", json!({"ringfence.dev/fenced": "true"})))),
        attack(
            "G5",
            "fenced by apply",
            Ask::apply(
                &open,
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OPEN, "labels": {"ringfence.dev/fenced": "true"}}}),
            ),
        ),
        attack(
            "G5",
            "fenced through /status",
            Ask::merge(format!("{open}/status"), labels(json!({"ringfence.dev/fenced": "true"}))),
        ),
        attack(
            "G5",
            "fenced through /finalize",
            Ask::edit(format!("{open}/finalize"), set("labels", json!({"ringfence.dev/fenced": "true"}))),
        ),
        attack(
            "G5",
            "a tenant's finalisation",
            Ask::edit(format!("{open}/finalize"), |live| live["spec"]["finalizers"] = json!([])),
        ),
        attack("G5", "no tenant any more", Ask::merge(&fenced, labels(json!({"ringfence.dev/tenant": null})))),
        attack("G5", "another tenant", Ask::merge(&fenced, labels(json!({"ringfence.dev/tenant": OPEN})))),
        attack(
            "G5",
            "a label of Ringfence's to come",
            Ask::merge(&fenced, labels(json!({"ringfence.dev/other": "x"}))),
        ),
        attack(
            "G5",
            "Pod Security made privileged",
            Ask::merge(&fenced, labels(json!({"pod-security.kubernetes.io/enforce": "privileged"}))),
        ),
        attack(
            "G5",
            "Pod Security taken off",
            Ask::merge(&fenced, labels(json!({"pod-security.kubernetes.io/enforce": null}))),
        ),
        attack(
            "G5",
            "Pod Security through /status",
            Ask::merge(format!("{fenced}/status"), labels(json!({"pod-security.kubernetes.io/enforce": "baseline"}))),
        ),
        attack(
            "G5",
            "another record",
            Ask::merge(&fenced, json!({"metadata": {"annotations": {"ringfence.dev/record-uid": "other"}}})),
        ),
        attack(
            "G5",
            "no record",
            Ask::merge(&fenced, json!({"metadata": {"annotations": {"ringfence.dev/record-uid": null}}})),
        ),
        attack(
            "G5",
            "an owner, for garbage collection",
            Ask::merge(&fenced, json!({"metadata": {"ownerReferences": owner}})),
        ),
        attack(
            "G5",
            "a finalizer of Ringfence's",
            Ask::merge(&fenced, json!({"metadata": {"finalizers": ["ringfence.dev/tenant"]}})),
        ),
        attack("G12", "a fenced namespace's deletion", Ask::delete(&fenced)),
        attack("G12", "a tenant's namespace's deletion", Ask::delete(&open)),
        attack(
            "G12",
            "the same at once, orphaning",
            Ask::delete(format!("{open}?gracePeriodSeconds=0&propagationPolicy=Orphan")),
        ),
    ]
}
