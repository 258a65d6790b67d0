//! The preflight lists what the guardrails would refuse, in the API server's words, and writes nothing.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use k8s_openapi::{
    api::{admissionregistration::v1::ValidatingAdmissionPolicyBinding, core::v1::Pod},
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client,
    api::{ListParams, Patch, PatchParams},
};
use ringfence_e2e::{Bed, manifests, wait};
use serde_json::{Value, json};

use crate::patient::{Doctor, Said};

const ARGUMENTS: &[&str] = &["--preflight"];

/// Sets what the bindings of those rules do that refuse when they are in force.
async fn set(admin: &Client, actions: &[&str]) -> Result<()> {
    let api: Api<ValidatingAdmissionPolicyBinding> = Api::all(admin.clone());
    for binding in api.list(&ListParams::default()).await? {
        let name = binding.metadata.name.unwrap_or_default();
        if name.starts_with("ringfence-") && name != "ringfence-g09-notice" {
            let patch = Patch::Merge(json!({ "spec": { "validationActions": actions } }));
            api.patch(&name, &PatchParams::default(), &patch).await?;
        }
    }
    Ok(())
}

fn pod(extra: Value) -> Value {
    let container = json!({ "name": "a", "image": "registry.example/app:1", "resources": { "limits": { "cpu": "10m", "memory": "16Mi" } },
        "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } } });
    let mut spec = json!({ "containers": [container],
        "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } } });
    for (field, value) in extra.as_object().into_iter().flatten() {
        spec[field] = value.clone();
    }
    spec
}

fn deployment(namespace: &str, name: &str, extra: Value) -> Value {
    let labels = json!({ "app": name });
    let template = json!({ "metadata": { "labels": labels }, "spec": pod(extra) });
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name, "namespace": namespace },
        "spec": { "replicas": 1, "selector": { "matchLabels": labels }, "template": template } })
}

fn object(version: &str, kind: &str, namespace: &str, name: &str, spec: Value) -> Value {
    json!({ "apiVersion": version, "kind": kind, "metadata": { "name": name, "namespace": namespace }, "spec": spec })
}

fn claim(tenant: &str, name: &str, class: &str) -> Value {
    let spec = json!({ "storageClassName": class, "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Mi" } } });
    object("v1", "PersistentVolumeClaim", tenant, name, spec)
}

/// What every rule lets through.
fn clean(tenant: &str) -> Vec<Value> {
    let peers = json!({ "podSelector": {}, "ingress": [{ "from": [{ "podSelector": {} }] }] });
    vec![
        deployment(tenant, "clean", json!({})),
        object("v1", "Pod", tenant, "alone", pod(json!({}))),
        object("v1", "Service", tenant, "clean", json!({ "selector": { "app": "clean" }, "ports": [{ "port": 80 }] })),
        object("networking.k8s.io/v1", "NetworkPolicy", tenant, "clean", peers),
        claim(tenant, "clean", "encrypted-ssd"),
        // Kept off the pools by M2, and not refused.
        deployment("default", "everywhere", json!({ "tolerations": [{ "operator": "Exists" }] })),
        object("v1", "Service", "default", "open", json!({ "ports": [{ "port": 80 }], "externalIPs": ["192.0.2.1"] })),
    ]
}

/// What one rule each refuses.
fn bad(tenant: &str) -> Vec<(Value, &'static str)> {
    let pool = json!({ "tolerations": [{ "key": "ringfence.dev/pool", "operator": "Exists" }] });
    let world = json!({ "podSelector": {}, "egress": [{ "to": [{ "ipBlock": { "cidr": "0.0.0.0/0" } }] }] });
    let ingress = json!({ "defaultBackend": { "service": { "name": "clean", "port": { "number": 80 } } } });
    let draws = json!({ "ports": [{ "port": 80 }], "externalIPs": ["192.0.2.2"] });
    vec![
        (deployment(tenant, "own-scheduler", json!({ "schedulerName": "mine" })), "ringfence-g01-tenant-pods"),
        (
            object("v1", "Pod", tenant, "priority", pod(json!({ "priorityClassName": "system-node-critical" }))),
            "ringfence-g01-tenant-pods",
        ),
        (deployment("default", "squatter", pool), "ringfence-g02-foreign-pods"),
        (object("v1", "Service", tenant, "draws", draws), "ringfence-g06-services"),
        (object("networking.k8s.io/v1", "Ingress", tenant, "way-in", ingress), "ringfence-g07-entries"),
        (object("networking.k8s.io/v1", "NetworkPolicy", tenant, "world", world), "ringfence-g08-network-policies"),
        (object("traefik.io/v1alpha1", "IngressRoute", tenant, "route", json!({})), "ringfence-g07-entries"),
        (claim(tenant, "other-class", "cheap"), "ringfence-g13-claims"),
    ]
}

/// A kind of a gateway, as its maker defines it.
async fn gateway(admin: &Client) -> Result<()> {
    let schema = json!({ "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } });
    let name = "ingressroutes.traefik.io";
    let names = json!({ "kind": "IngressRoute", "listKind": "IngressRouteList", "plural": "ingressroutes", "singular": "ingressroute" });
    let versions = json!([{ "name": "v1alpha1", "served": true, "storage": true, "schema": schema }]);
    let crd = json!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": { "name": name },
        "spec": { "group": "traefik.io", "scope": "Namespaced", "names": names, "versions": versions } });
    manifests::apply(admin, crd).await?;
    let api: Api<CustomResourceDefinition> = Api::all(admin.clone());
    let established = |crd: &CustomResourceDefinition| {
        let conditions = crd.status.iter().flat_map(|s| s.conditions.iter().flatten());
        { conditions }.any(|c| c.type_ == "Established" && c.status == "True")
    };
    wait::object(&api, name, "Established", established).await.map(drop)
}

fn about(object: &Value) -> String {
    let text = |at: &str| object.pointer(at).and_then(Value::as_str).unwrap_or_default();
    format!("{} {}/{}", text("/kind"), text("/metadata/namespace"), text("/metadata/name"))
}

pub async fn lists_what_would_be_refused(bed: &Bed, admin: &Client, tenant: &str) -> Result<()> {
    let doctor = Doctor::new(bed, "preflight@ringwell.example", Some("ringfence-preflight")).await?;
    set(admin, &["Audit"]).await?;
    let said = doctor.says(ARGUMENTS)?;
    said.ended(1)?;
    ensure!(
        said.findings().any(|f| f["level"] == "Unknown" && f["what"].as_str().unwrap_or_default().contains("[Audit]")),
        "{}",
        said.serious()
    );

    set(admin, &["Warn", "Audit"]).await?;
    for object in clean(tenant) {
        manifests::apply(admin, object).await?;
    }
    // As everything that runs, it has a node by now, which its author did not name.
    let pods: Api<Pod> = Api::namespaced(admin.clone(), tenant);
    wait::object(&pods, "alone", "has a node", |p| p.spec.as_ref().is_some_and(|s| s.node_name.is_some())).await?;
    let said = doctor.comes_to_end(ARGUMENTS, 0).await?;
    ensure!(said.about("Warning").is_empty(), "{}", said.serious());

    gateway(admin).await?;
    for (object, _) in bad(tenant) {
        manifests::apply(admin, object).await?;
    }
    refused(tenant, &doctor.says(ARGUMENTS)?)?;
    // In force they deny, and the same is listed.
    set(admin, &["Deny", "Audit"]).await?;
    let last = bad(tenant).pop().map(|(object, _)| about(&object)).unwrap_or_default();
    let said = doctor.comes_to_say(ARGUMENTS, "Wrong", &last, "ringfence-g13-claims").await?;
    refused(tenant, &said)?;
    writes_nothing(bed, &doctor)
}

/// Everything bad by its rule, and nothing else.
fn refused(tenant: &str, said: &Said) -> Result<()> {
    said.ended(1)?;
    for (object, rule) in bad(tenant) {
        said.must("Wrong", &about(&object), &format!("would be refused by {rule}: G"))?;
    }
    let listed: BTreeSet<_> = bad(tenant).iter().map(|(object, _)| about(object)).collect();
    ensure!(said.about("Wrong") == listed && said.about("Unknown").is_empty(), "{}", said.serious());
    Ok(())
}

fn writes_nothing(bed: &Bed, doctor: &Doctor) -> Result<()> {
    let writes = bed.audit().after(Default::default()).user(doctor.name).writes().events()?;
    let real: Vec<_> = writes.iter().filter(|e| !e.request_uri.contains("dryRun=All")).map(|e| e.brief()).collect();
    ensure!(real.is_empty(), "{real:?}");
    ensure!(writes.len() > 20, "only {} dry runs were seen", writes.len());
    Ok(())
}
