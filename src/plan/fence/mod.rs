//! What a plan is reconciled into: one file a fence, each with what it wants, how it stands, and what to do.

pub mod flags;
pub mod keys;
pub mod namespace;
pub mod network;
pub mod nodes;
pub mod placement;
pub mod record;

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;
use serde::Serialize;
use serde_json::Value;

use crate::names::{MANAGED_BY, MANAGED_BY_LABEL, TENANT_LABEL, TenantName};

/// Metadata of an object in the tenant's namespace.
#[must_use]
pub fn object_meta(tenant: &TenantName, name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(tenant.as_str().to_owned()),
        labels: Some(labels(tenant)),
        ..ObjectMeta::default()
    }
}

/// Labels of everything that Ringfence makes for a tenant.
#[must_use]
pub fn labels(tenant: &TenantName) -> BTreeMap<String, String> {
    [(TENANT_LABEL, tenant.as_str()), (MANAGED_BY_LABEL, MANAGED_BY)]
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect()
}

/// Whether `live` carries the labels that are wanted.
pub fn has_labels<K: ResourceExt>(wanted: &K, live: &K) -> bool {
    wanted.labels().iter().all(|(k, v)| live.labels().get(k) == Some(v))
}

/// Whether `live` is as `wanted`: the labels and annotations that are wanted, and all else exactly.
pub fn is_as_wanted(wanted: &impl Serialize, live: &impl Serialize) -> bool {
    let (wanted, live) = (plain(wanted), plain(live));
    let contains = |part: &str| {
        let mut of_wanted = wanted.pointer(part).and_then(Value::as_object).into_iter().flatten();
        of_wanted.all(|(k, v)| live.pointer(part).and_then(|l| l.get(k)) == Some(v))
    };
    contains("/metadata/labels") && contains("/metadata/annotations") && rest(wanted) == rest(live)
}

fn rest(mut object: Value) -> Value {
    for part in ["metadata", "status", "apiVersion", "kind"] {
        object.as_object_mut().map(|fields| fields.remove(part));
    }
    object
}

/// As JSON, without what the API server leaves out: nulls and empty lists and maps inside specs.
fn plain(object: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(object).expect("Kubernetes objects serialise");
    prune(&mut value);
    value
}

fn prune(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for v in map.values_mut() {
                prune(v);
            }
            // An empty podSelector means "all": only lists and nulls may be dropped.
            map.retain(|_, v| !v.is_null() && !v.as_array().is_some_and(Vec::is_empty));
        }
        Value::Array(list) => list.iter_mut().for_each(prune),
        _ => {}
    }
}
