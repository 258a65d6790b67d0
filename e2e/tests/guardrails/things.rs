//! What is attacked: names, and objects that the kinds' own rules accept.

use anyhow::Result;
use serde_json::{Value, json};

use crate::ask::{example, ours};

pub const OPERATOR: &str = "system:serviceaccount:ringfence-system:ringfence-operator";
pub const UID: &str = "0a1b2c3d-0000-4000-8000-000000000001";
/// A tenant whose fences stand, one whose fences do not, a neighbour, a plain namespace, and one that a pipeline lives in.
pub const FENCED: &str = "gr-fenced";
pub const OPEN: &str = "gr-open";
pub const NEXT: &str = "gr-next";
pub const PLAIN: &str = "gr-plain";
pub const CI: &str = "gr-ci";
/// A node of the fenced tenant's pool, one of nobody's, and one without any taint.
pub const NODE: &str = "gr-node";
pub const FREE: &str = "gr-free";
pub const BARE: &str = "gr-bare";
pub const RINGFENCE: &str = "/apis/ringfence.dev/v1alpha1";
pub const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
pub const POOL: &str = "ringfence.node-restriction.kubernetes.io/pool";

pub fn namespace(name: &str) -> String {
    format!("/api/v1/namespaces/{name}")
}

pub fn kind(plural: &str, name: &str) -> String {
    format!("{RINGFENCE}/{plural}/{name}")
}

pub fn core(kind: &str, namespace: &str, name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}})
}

pub fn pod(namespace: &str, name: &str) -> Value {
    let mut pod = core("Pod", namespace, name);
    pod["spec"] = pod_spec();
    pod
}

/// Meets Pod Security restricted, so that nothing but Ringfence's own rules refuses it.
pub fn pod_spec() -> Value {
    json!({
        "automountServiceAccountToken": false,
        "securityContext": {"runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{
            "name": "main", "image": "registry.example/app:1", "resources": {"requests": {"cpu": "1m"}},
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        }],
    })
}

pub fn tenant_namespace(name: &str, fenced: bool) -> Value {
    let mut labels = json!({"ringfence.dev/tenant": name, "pod-security.kubernetes.io/enforce": "restricted"});
    if fenced {
        labels["ringfence.dev/fenced"] = json!("true");
    }
    json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": name, "labels": labels, "annotations": {"ringfence.dev/record-uid": UID}}})
}

pub fn flags(namespace: &str) -> Value {
    let mut map = core("ConfigMap", namespace, "ringfence-flags");
    map["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "ringfence", "ringfence.dev/tenant": namespace});
    map["data"] = json!({"flags.flagd.json": "{}"});
    map
}

pub fn plan(name: &str) -> Result<Value> {
    let mut plan = example("20-plan.yaml")?;
    plan["metadata"]["name"] = json!(name);
    plan["spec"]["coveredEntities"] = json!([{"party": "one"}, {"party": "two"}]);
    Ok(plan)
}

pub fn baa(name: &str) -> Result<Value> {
    let mut baa = example("30-baa.yaml")?;
    baa["metadata"]["name"] = json!(name);
    Ok(baa)
}

/// An Attestation that the kind's own rules accept.
pub fn act(name: &str, act: &str, by: &str) -> Value {
    let kind = match act {
        "Withdraw" => "Attestation",
        "AcceptRisk" | "AttestControl" => "HealthcarePlan",
        "RequestDestruction" | "ApproveDestruction" => "TenantRecord",
        "Acknowledge" | "AttestCover" => "Integration",
        _ => "BAA",
    };
    let mut spec = json!({
        "act": act, "by": by,
        "subjectRef": {"kind": kind, "name": "gr-subject", "uid": UID},
        "onBehalfOf": {"party": "acme-dental", "name": "Dr. A. Miller"},
        "textSHA256": "a".repeat(64),
        "evidence": {"provider": "paper", "envelopeID": "e-1", "certificateSHA256": "b".repeat(64)},
    });
    if kind == "Integration" {
        spec["subjectRef"]["namespace"] = json!(FENCED);
    }
    if act == "AttestUpstream" {
        spec["coveredEntity"] = json!({"party": "gr-clinic"});
    }
    if matches!(act, "AcceptRisk" | "AttestControl") {
        spec["setting"] = json!("alerts.guide");
    }
    if matches!(act, "AcceptRisk" | "AttestControl" | "AttestCover") {
        spec["expirationTime"] = json!("2030-01-01T00:00:00Z");
    }
    ours("Attestation", name, spec)
}

pub fn record(name: &str) -> Value {
    ours("TenantRecord", name, json!({"planUID": UID, "pool": name, "nodes": [], "keys": []}))
}

pub fn binding(name: &str, role: &str, subject: Value) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}, "subjects": [subject],
    })
}

pub fn user(kind: &str, name: &str) -> Value {
    json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name})
}

/// A pod of the fenced tenant's, with a changed spec.
pub fn pod_with(name: &str, spec: Value) -> Value {
    pod_in(FENCED, name, spec)
}

/// A pod, with a changed spec.
pub fn pod_in(namespace: &str, name: &str, spec: Value) -> Value {
    let mut pod = pod(namespace, name);
    let fields = pod["spec"].as_object_mut().expect("a spec");
    fields.extend(spec.as_object().cloned().unwrap_or_default());
    pod
}

/// An object of another group, in a namespace.
pub fn object(version: &str, kind: &str, namespace: &str, name: &str, spec: Value) -> Value {
    let mut metadata = json!({"name": name});
    if !namespace.is_empty() {
        metadata["namespace"] = json!(namespace);
    }
    json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
}

/// Both taints of a pool.
pub fn taints(pool: &str) -> Value {
    json!([
        {"key": "ringfence.dev/pool", "value": pool, "effect": "NoSchedule"},
        {"key": "ringfence.dev/pool", "value": pool, "effect": "NoExecute"},
    ])
}

/// Labels, as a merge patch.
pub fn labels(labels: Value) -> Value {
    json!({"metadata": {"labels": labels}})
}

/// An owner that does not exist.
pub fn owner() -> Value {
    json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "none", "uid": UID}]}})
}
