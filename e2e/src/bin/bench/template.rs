//! What the operator made for one tenant, as it is stored, ready to be written again under another name.

use anyhow::{Context, Result};
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, ListParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};

/// The group of the raw client's own copies of Ringfence's kinds, so that the operator does not take them for tenants.
pub const GROUP: &str = "floor.example";
/// The kinds of objects in a tenant's namespace, in the order in which the operator makes them.
const NAMESPACED: [(&str, &str, &str, &str); 5] = [
    ("", "v1", "ConfigMap", "configmaps"),
    ("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
    ("", "v1", "ResourceQuota", "resourcequotas"),
    ("", "v1", "ServiceAccount", "serviceaccounts"),
    ("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
];

/// One object.
pub struct Template {
    resource: ApiResource,
    text: String,
    namespaced: bool,
    of: String,
}

impl Template {
    /// The objects of a tenant, in order: plan and record as copies of their kinds, namespace, and what lies in it.
    pub async fn all(client: &Client, plan: Value, tenant: &str) -> Result<Vec<Self>> {
        let mut all = vec![Self::new(resource(GROUP, "v1alpha1", "HealthcarePlan", "healthcareplans"), plan, tenant)];
        for (theirs, ours) in [
            (
                resource("ringfence.dev", "v1alpha1", "TenantRecord", "tenantrecords"),
                resource(GROUP, "v1alpha1", "TenantRecord", "tenantrecords"),
            ),
            (resource("", "v1", "Namespace", "namespaces"), resource("", "v1", "Namespace", "namespaces")),
        ] {
            let object = Api::<DynamicObject>::all_with(client.clone(), &theirs).get(tenant).await?;
            all.push(Self::new(ours, serde_json::to_value(object)?, tenant));
        }
        for (group, version, kind, plural) in NAMESPACED {
            let resource = resource(group, version, kind, plural);
            let api = Api::<DynamicObject>::namespaced_with(client.clone(), tenant, &resource);
            let own = ListParams::default().labels("ringfence.dev/tenant");
            for object in api.list(&own).await?.items {
                all.push(Self::new(resource.clone(), serde_json::to_value(object)?, tenant));
            }
        }
        Ok(all)
    }

    fn new(resource: ApiResource, mut object: Value, of: &str) -> Self {
        let namespaced = object["metadata"]["namespace"].is_string();
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.retain(|field, _| ["name", "namespace", "labels", "annotations"].contains(&field.as_str()));
        }
        if let Some(fields) = object.as_object_mut() {
            fields.remove("status");
        }
        if resource.kind == "Namespace"
            && let Some(fields) = object.as_object_mut()
        {
            fields.remove("spec");
        }
        // Another owner of the same length: the operator's watches pass over it.
        if object["metadata"]["labels"]["app.kubernetes.io/managed-by"].is_string() {
            object["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "rawclient".into();
        }
        object["apiVersion"] = resource.api_version.as_str().into();
        object["kind"] = resource.kind.as_str().into();
        Self { resource, text: object.to_string(), namespaced, of: of.into() }
    }

    /// What kind of object it is.
    pub fn kind(&self) -> &str {
        &self.resource.kind
    }

    /// Whether it is of the raw client's own kinds.
    pub fn is_a_copy(&self) -> bool {
        self.resource.group == GROUP
    }

    /// Where it belongs, and the object, under another tenant's name.
    pub fn under(&self, client: &Client, tenant: &str) -> Result<(Api<DynamicObject>, DynamicObject)> {
        let api = match self.namespaced {
            true => Api::namespaced_with(client.clone(), tenant, &self.resource),
            false => Api::all_with(client.clone(), &self.resource),
        };
        let object = serde_json::from_str(&self.text.replace(&self.of, tenant)).context(self.resource.kind.clone())?;
        Ok((api, object))
    }
}

fn resource(group: &str, version: &str, kind: &str, plural: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural)
}

/// A copy of one of Ringfence's kinds in the raw client's group.
pub fn kind_of_its_own(mut definition: Value) -> Value {
    let plural = definition["spec"]["names"]["plural"].as_str().unwrap_or_default().to_owned();
    definition["spec"]["group"] = GROUP.into();
    definition["metadata"] = json!({ "name": format!("{plural}.{GROUP}") });
    definition
}
