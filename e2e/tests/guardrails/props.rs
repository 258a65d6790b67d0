//! What stands on the stage: kinds of others, nodes, volumes, what Ringfence keeps for a tenant, and what runs.

use anyhow::Result;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client};
use ringfence_e2e::{
    Bed, manifests,
    nodes::{self, NodeSpec},
    tools::repository,
    wait::{self, Look},
};
use serde_json::{Value, json};

use crate::{
    ask::{Answer, Ask},
    g13::volume,
    things::{
        BARE, FENCED, FREE, NODE, OPERATOR, PLAIN, POOL, UID, core, object, pod, pod_in, pod_spec, pod_with, taints,
    },
};

/// A kind of somebody else's, with any spec, or several.
fn foreign(group: &str, version: &str, kind: &str, plural: &str, scope: &str) -> Value {
    let any = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": any, "specs": {"type": "array", "items": any}, "status": any}}});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}"), "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"}},
        "spec": {"group": group, "scope": scope, "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase(), "listKind": format!("{kind}List")},
            "versions": [{"name": version, "served": true, "storage": true, "schema": schema}]},
    })
}

/// Kinds, runtimes, nodes and volumes.
pub async fn cluster(bed: &Bed, admin: &Client) -> Result<()> {
    for (group, version, kind, plural, scope) in [
        ("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", "Namespaced"),
        ("gateway.networking.k8s.io", "v1", "Gateway", "gateways", "Namespaced"),
        ("gateway.networking.k8s.io", "v1", "ReferenceGrant", "referencegrants", "Namespaced"),
        ("networking.istio.io", "v1", "VirtualService", "virtualservices", "Namespaced"),
        ("cilium.io", "v2", "CiliumNetworkPolicy", "ciliumnetworkpolicies", "Namespaced"),
        ("snapshot.storage.k8s.io", "v1", "VolumeSnapshot", "volumesnapshots", "Namespaced"),
        ("snapshot.storage.k8s.io", "v1", "VolumeSnapshotContent", "volumesnapshotcontents", "Cluster"),
    ] {
        Ask::create(foreign(group, version, kind, plural, scope)).done(admin).await?;
    }
    let runtime = |name: &str| json!({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": name}, "handler": name});
    let mut pool = runtime("gr-pool");
    pool["scheduling"] =
        json!({"nodeSelector": {POOL: FENCED}, "tolerations": [{"key": "ringfence.dev/pool", "value": FENCED}]});
    Ask::create(runtime("gr-runtime")).done(admin).await?;
    Ask::create(pool).done(admin).await?;

    nodes::add(admin, &NodeSpec::named(NODE).inventory("gr")).await?;
    let operator = bed.impersonated(OPERATOR, &["system:masters"]).await?;
    let given = json!({"metadata": {"labels": {POOL: FENCED}}, "spec": {"taints": taints(FENCED)}});
    Ask::merge(format!("/api/v1/nodes/{NODE}"), given).done(&operator).await?;
    for spec in [NodeSpec::named(FREE).inventory("gr"), NodeSpec::named(BARE)] {
        nodes::add(admin, &spec).await?;
    }
    let claim =
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": PLAIN, "name": "theirs", "uid": UID});
    Ask::create(volume("gr-taken", claim)).done(admin).await?;
    wait::until("the kind of snapshots' contents is served", async || {
        let spec = json!({"volumeSnapshotRef": {"namespace": PLAIN, "name": "theirs", "uid": "1"}});
        let content = object("snapshot.storage.k8s.io/v1", "VolumeSnapshotContent", "", "gr-content", spec);
        Ok(match Ask::create(content).send(admin, admin).await? {
            Answer::Passed(_) => Look::Done(()),
            other => Look::Not(format!("{other:?}")),
        })
    })
    .await
}

/// What the operator makes in a tenant's namespace.
pub async fn kept(operator: &Client) -> Result<()> {
    let ours = json!({"app.kubernetes.io/managed-by": "ringfence", "ringfence.dev/tenant": FENCED});
    let peers = json!([{"podSelector": {}}]);
    let base = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{"from": peers}], "egress": [{"to": peers}]});
    let quota = json!({"hard": {"pods": "200", "services.loadbalancers": "0", "services.nodeports": "0"}});
    let mut account = core("ServiceAccount", FENCED, "ringfence-app");
    account["automountServiceAccountToken"] = json!(false);
    let mut readers = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "ringfence-flag-readers", "namespace": FENCED},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "ringfence-flag-reader"},
    });
    readers["subjects"] = json!([{"kind": "ServiceAccount", "namespace": "mailer", "name": "mailer"}]);
    for mut object in [
        object("networking.k8s.io/v1", "NetworkPolicy", FENCED, "ringfence-base", base),
        object("v1", "ResourceQuota", FENCED, "ringfence", quota),
        account,
        readers,
    ] {
        object["metadata"]["labels"] = ours.clone();
        Ask::create(object).done(operator).await?;
    }
    Ok(())
}

/// What runs, waits and serves.
pub async fn running(bed: &Bed, admin: &Client) -> Result<()> {
    let tina = bed.person("tina@acme.example", &["acme-admins"]).await?;
    started(&tina, pod(FENCED, "gr-running")).await?;
    started(&tina, pod_with("gr-gated", json!({"schedulingGates": [{"name": "example.dev/wait"}]}))).await?;
    started(admin, pod(PLAIN, "gr-plain")).await?;
    started(admin, pod_in(PLAIN, "gr-waits", json!({"schedulingGates": [{"name": "example.dev/wait"}]}))).await?;
    started(admin, pod_in("ringfence-system", "gr-operator", json!({}))).await?;
    let ports = json!({"selector": {"app": "gr"}, "ports": [{"port": 80}]});
    Ask::create(object("v1", "Service", FENCED, "gr-web", ports)).done(&tina).await?;
    let own = json!({"podSelector": {}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "gr"}}}]}]});
    Ask::create(object("networking.k8s.io/v1", "NetworkPolicy", FENCED, "gr-mine", own)).done(&tina).await?;
    let room = json!({"accessModes": ["ReadWriteOnce"], "storageClassName": "encrypted-ssd", "resources": {"requests": {"storage": "1Gi"}}});
    Ask::create(object("v1", "PersistentVolumeClaim", FENCED, "gr-waiting", room)).done(&tina).await?;
    for object in manifests::read(&repository().join("manifests/examples/70-break-glass.yaml"))? {
        let of_tenant = serde_json::from_str(&object.to_string().replace("acme-dental", FENCED))?;
        Ask::create(of_tenant).done(admin).await?;
    }
    for space in [FENCED, PLAIN] {
        let labels = json!({"app": "gr-scaled"});
        let template = json!({"metadata": {"labels": labels}, "spec": pod_spec()});
        let spec = json!({"replicas": 0, "selector": {"matchLabels": labels}, "template": template});
        Ask::create(object("apps/v1", "Deployment", space, "gr-scaled", spec)).done(admin).await?;
    }
    let slices = "system:serviceaccount:kube-system:endpointslice-controller";
    let controller = bed.impersonated(slices, &["system:masters"]).await?;
    let slice = json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": "gr-slice", "namespace": FENCED},
        "addressType": "IPv4", "endpoints": []});
    Ask::create(slice).done(&controller).await?;
    let pods: Api<Pod> = Api::namespaced(admin.clone(), FENCED);
    let runs = |p: &Pod| p.status.as_ref().and_then(|s| s.phase.as_deref()) == Some("Running");
    wait::object(&pods, "gr-running", "Running", runs).await.map(drop)
}

/// Creates a pod as soon as its namespace has its default account.
async fn started(who: &Client, pod: Value) -> Result<()> {
    wait::until("a pod is let in", async || {
        Ok(match Ask::create(pod.clone()).send(who, who).await? {
            Answer::Passed(_) => Look::Done(()),
            other => Look::Not(format!("{other:?}")),
        })
    })
    .await
}
