//! A copy of what is there, as its author would create it again: without what the cluster filled in.

use serde_json::{Value, json};

use super::sources::{Judged, Source};
use crate::names::{MANAGED_BY, MANAGED_BY_LABEL};

/// Kinds whose own template is judged: what they make is not judged again. Others have kinds of the same names.
const OWNERS: &[(&str, &str)] = &[
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "ReplicaSet"),
    ("v1", "ReplicationController"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
];
/// Of the kubelet's picture of a static pod.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// One question to the API server.
#[derive(Clone, Debug, PartialEq)]
pub struct Copy {
    /// What it is a copy of.
    pub about: String,
    /// Where it would be created.
    pub path: String,
    /// The object.
    pub body: Value,
}

/// The copy of an object; none when it would not be created again, or is not its author's to create.
#[must_use]
pub fn copy(source: &Source, object: &Value) -> Option<Copy> {
    let meta = &object["metadata"];
    let (namespace, name) = (meta["namespace"].as_str()?, meta["name"].as_str()?);
    let about = format!("{} {namespace}/{name}", source.kind);
    if !meta["deletionTimestamp"].is_null() || is_made_of_a_template(meta) || has_ended(object) {
        return None;
    }
    match source.judged {
        Judged::Template(at) => {
            let mut pod = object.pointer(at)?.clone();
            let said = pod["metadata"].clone();
            pod["metadata"] = kept(&said, json!({ "generateName": format!("{name}-"), "namespace": namespace }));
            (pod["apiVersion"], pod["kind"]) = ("v1".into(), "Pod".into());
            Some(Copy { about, path: format!("/api/v1/namespaces/{namespace}/pods"), body: pod })
        }
        // Refusing the picture of a static pod would stop no container.
        Judged::Pod if !meta["annotations"][MIRROR].is_null() => None,
        Judged::InTenants if source.kind == "NetworkPolicy" && is_ringfences(meta) => None,
        Judged::Pod | Judged::InTenants => {
            let mut body = object.clone();
            body["metadata"] = kept(meta, json!({ "name": name, "namespace": namespace }));
            (body["apiVersion"], body["kind"]) = (source.version.clone().into(), source.kind.clone().into());
            without(&mut body, "status");
            match source.kind.as_str() {
                "Pod" => pod(&mut body["spec"], meta),
                "Service" => service(&mut body["spec"]),
                "PersistentVolumeClaim" => claim(&mut body["spec"], meta),
                _ => {}
            }
            Some(Copy { about, path: source.path(Some(namespace)), body })
        }
    }
}

fn is_made_of_a_template(meta: &Value) -> bool {
    let owners = meta["ownerReferences"].as_array().into_iter().flatten();
    let controllers = owners.filter(|o| o["controller"] == true);
    { controllers }.any(|o| OWNERS.iter().any(|(version, kind)| o["apiVersion"] == *version && o["kind"] == *kind))
}

/// Whether Ringfence wrote a NetworkPolicy. What only says so is taken away by Ringfence itself.
fn is_ringfences(meta: &Value) -> bool {
    let named = meta["name"].as_str().is_some_and(|name| name.starts_with("ringfence-"));
    named && meta["labels"][MANAGED_BY_LABEL] == MANAGED_BY
}

/// A pod or a Job that has done its work.
fn has_ended(object: &Value) -> bool {
    let ended = ["Complete", "Failed"];
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
    let of_job = |c: &Value| c["status"] == "True" && ended.iter().any(|e| c["type"] == *e);
    matches!(object["status"]["phase"].as_str(), Some("Succeeded" | "Failed")) || { conditions }.any(of_job)
}

/// What an author says of an object besides its name.
fn kept(meta: &Value, mut into: Value) -> Value {
    for field in ["labels", "annotations"] {
        if !meta[field].is_null() {
            into[field] = meta[field].clone();
        }
    }
    into
}

fn without(object: &mut Value, field: &str) {
    object.as_object_mut().map(|o| o.remove(field));
}

/// Whether whoever wrote the object said this field: the scheduler's and the binder's words are not the author's.
fn is_authored(meta: &Value, field: &str) -> bool {
    let managers = meta["managedFields"].as_array().into_iter().flatten();
    { managers }.any(|m| !m["fieldsV1"]["f:spec"][field].is_null())
}

fn pod(spec: &mut Value, meta: &Value) {
    if !is_authored(meta, "f:nodeName") {
        without(spec, "nodeName");
    }
    without(spec, "ephemeralContainers");
}

/// Addresses and ports that were given out cannot be given out twice.
fn service(spec: &mut Value) {
    if spec["clusterIP"] != "None" {
        without(spec, "clusterIP");
        without(spec, "clusterIPs");
    }
    without(spec, "healthCheckNodePort");
    spec.get_mut("ports")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .for_each(|port| without(port, "nodePort"));
}

fn claim(spec: &mut Value, meta: &Value) {
    if meta["annotations"]["pv.kubernetes.io/bound-by-controller"] == "yes" {
        without(spec, "volumeName");
    }
}

#[cfg(test)]
#[path = "copy_tests.rs"]
mod tests;
