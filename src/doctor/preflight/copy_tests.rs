//! What a copy leaves out and what it keeps.

use super::*;
use crate::doctor::preflight::sources::built_in;

fn of(kind: &str, object: &str) -> Option<Copy> {
    let source = built_in().into_iter().find(|s| s.kind == kind).unwrap();
    copy(&source, &serde_saphyr::from_str(object).unwrap())
}

fn body(kind: &str, object: &str) -> Value {
    of(kind, object).unwrap().body
}

#[test]
fn a_template_becomes_a_pod_of_its_namespace() {
    let text = "{metadata: {name: web, namespace: a, uid: u}, spec: {template: {metadata: {labels: {x: z}, creationTimestamp: null}, spec: {containers: []}}}, status: {}}";
    let got = of("Deployment", text).unwrap();
    assert_eq!((got.about.as_str(), got.path.as_str()), ("Deployment a/web", "/api/v1/namespaces/a/pods"));
    let metadata = json!({ "generateName": "web-", "namespace": "a", "labels": { "x": "z" } });
    assert_eq!(
        got.body,
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": { "containers": [] } })
    );
    let cron = "{metadata: {name: c, namespace: a}, spec: {jobTemplate: {spec: {template: {spec: {a: b}}}}}}";
    assert_eq!(body("CronJob", cron)["spec"], json!({ "a": "b" }));
}

#[test]
fn what_is_made_of_a_template_has_ended_or_goes_is_not_asked_about() {
    for (kind, object) in [
        (
            "ReplicaSet",
            "{metadata: {name: a, namespace: ns, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, controller: true}]}, spec: {template: {}}}",
        ),
        ("Pod", "{metadata: {name: a, namespace: ns, deletionTimestamp: x}, spec: {}}"),
        ("Pod", "{metadata: {name: a, namespace: ns}, spec: {}, status: {phase: Succeeded}}"),
        ("Pod", "{metadata: {name: a, namespace: ns, annotations: {kubernetes.io/config.mirror: x}}, spec: {}}"),
        (
            "Job",
            "{metadata: {name: a, namespace: ns}, spec: {template: {}}, status: {conditions: [{type: Complete, status: 'True'}]}}",
        ),
        (
            "NetworkPolicy",
            "{metadata: {name: ringfence-base, namespace: ns, labels: {app.kubernetes.io/managed-by: ringfence}}, spec: {}}",
        ),
    ] {
        assert_eq!(of(kind, object), None, "{kind} {object}");
    }
    for meta in ["name: ringfence-base", "name: other, labels: {app.kubernetes.io/managed-by: ringfence}"] {
        assert!(
            of("NetworkPolicy", &format!("{{metadata: {{namespace: ns, {meta}}}, spec: {{}}}}")).is_some(),
            "{meta}"
        );
    }
    for object in [
        "{metadata: {name: a, namespace: ns, ownerReferences: [{kind: Rollout, controller: true}]}, spec: {}}",
        "{metadata: {name: a, namespace: ns, ownerReferences: [{apiVersion: batch.volcano.sh/v1alpha1, kind: Job, controller: true}]}, spec: {}}",
        "{metadata: {name: a, namespace: ns, ownerReferences: [{apiVersion: apps.kruise.io/v1alpha1, kind: DaemonSet, controller: true}]}, spec: {}}",
        "{metadata: {name: a, namespace: ns, ownerReferences: [{apiVersion: apps/v1, kind: Deployment}]}, spec: {}}",
        "{metadata: {name: a, namespace: ns}, spec: {}, status: {phase: Running}}",
    ] {
        assert!(of("Pod", object).is_some(), "{object}");
    }
}

#[test]
fn what_the_cluster_filled_in_is_left_out_and_what_the_author_said_is_kept() {
    let scheduled = "{metadata: {name: a, namespace: ns, uid: u, managedFields: [{fieldsV1: {'f:spec': {'f:containers': {}}}}]}, spec: {nodeName: x, ephemeralContainers: [], tolerations: []}, status: {phase: Running}}";
    let metadata = json!({ "name": "a", "namespace": "ns" });
    assert_eq!(
        body("Pod", scheduled),
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": { "tolerations": [] } })
    );
    let placed = "{metadata: {name: a, namespace: ns, managedFields: [{fieldsV1: {'f:spec': {'f:nodeName': {}}}}]}, spec: {nodeName: x}}";
    assert_eq!(body("Pod", placed)["spec"], json!({ "nodeName": "x" }));
    let service = "{metadata: {name: a, namespace: ns}, spec: {type: NodePort, clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1], ports: [{port: 1, nodePort: 30000}]}}";
    assert_eq!(body("Service", service)["spec"], json!({ "type": "NodePort", "ports": [{ "port": 1 }] }));
    let headless = "{metadata: {name: a, namespace: ns}, spec: {clusterIP: None}}";
    assert_eq!(body("Service", headless)["spec"], json!({ "clusterIP": "None" }));
    let bound = "{metadata: {name: a, namespace: ns, annotations: {pv.kubernetes.io/bound-by-controller: 'yes'}}, spec: {volumeName: v}}";
    assert_eq!(body("PersistentVolumeClaim", bound)["spec"], json!({}));
    let chosen = "{metadata: {name: a, namespace: ns}, spec: {volumeName: v}}";
    assert_eq!(body("PersistentVolumeClaim", chosen)["spec"], json!({ "volumeName": "v" }));
}
