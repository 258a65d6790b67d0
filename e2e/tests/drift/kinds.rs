//! The kinds of what is changed, and what of an object must come back.

use anyhow::{Context, Result};
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject},
    core::GroupVersionKind,
};
use serde_json::{Value, json};

/// A kind of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    NetworkPolicy,
    ResourceQuota,
    ServiceAccount,
    RoleBinding,
    ConfigMap,
    Namespace,
    Node,
    TenantRecord,
}

impl Kind {
    /// The endpoint, in `namespace` if the kind has namespaces.
    pub fn api(self, client: &Client, namespace: &str) -> Api<DynamicObject> {
        let (group, version, plural, everywhere) = match self {
            Self::NetworkPolicy => ("networking.k8s.io", "v1", "networkpolicies", false),
            Self::ResourceQuota => ("", "v1", "resourcequotas", false),
            Self::ServiceAccount => ("", "v1", "serviceaccounts", false),
            Self::RoleBinding => ("rbac.authorization.k8s.io", "v1", "rolebindings", false),
            Self::ConfigMap => ("", "v1", "configmaps", false),
            Self::Namespace => ("", "v1", "namespaces", true),
            Self::Node => ("", "v1", "nodes", true),
            Self::TenantRecord => ("ringfence.dev", "v1alpha1", "tenantrecords", true),
        };
        let gvk = GroupVersionKind::gvk(group, version, &format!("{self:?}"));
        let resource = ApiResource::from_gvk_with_plural(&gvk, plural);
        if everywhere {
            Api::all_with(client.clone(), &resource)
        } else {
            Api::namespaced_with(client.clone(), namespace, &resource)
        }
    }

    /// What must be as it was once the object is put right: not its versions and identities, not what others write.
    pub fn essence(self, object: &DynamicObject) -> Result<Value> {
        let labels = json!(object.metadata.labels);
        Ok(match self {
            Self::Namespace => json!([labels, object.metadata.annotations]),
            Self::Node => {
                let taints = object.data["spec"]["taints"].as_array().cloned().unwrap_or_default();
                let mut taints: Vec<_> =
                    taints.iter().map(|t| format!("{}={}:{}", t["key"], t["value"], t["effect"])).collect();
                taints.sort();
                json!([labels, taints])
            }
            Self::ConfigMap => {
                let text = object.data["data"]["flags.flagd.json"].as_str().context("no document").unwrap_or("null");
                let mut document = serde_json::from_str(text).unwrap_or_default();
                blur(&mut document);
                json!([labels, document])
            }
            _ => {
                let mut data = object.data.clone();
                data.as_object_mut().context("an object")?.remove("status");
                json!([labels, data])
            }
        })
    }
}

/// Moments that may be so count as equal; those beyond every lease do not.
fn blur(value: &mut Value) {
    match value {
        Value::Object(map) => map.values_mut().for_each(blur),
        Value::Array(list) => list.iter_mut().for_each(blur),
        Value::Number(number) => {
            let now = jiff::Timestamp::now().as_second();
            if number.as_i64().is_some_and(|n| (n - now).abs() < 4 * 86_400) {
                *value = "a moment".into();
            }
        }
        _ => {}
    }
}
