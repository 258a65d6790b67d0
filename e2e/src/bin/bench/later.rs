//! The writes that come after an object was made: finalizer, register, label, open document, Events.

use anyhow::{Context, Result};
use k8s_openapi::api::events::v1::Event;
use kube::{
    Api, Client, ResourceExt,
    api::{DynamicObject, ListParams, Patch, PatchParams, PostParams},
};
use ringfence_e2e::scenario::kind;
use serde_json::{Value, json};

/// The label of a namespace whose fences stand.
const FENCED: &str = "ringfence.dev/fenced";

/// What the operator wrote about its first tenant after the objects were there.
pub struct Later {
    /// That tenant.
    pub of: String,
    status: Value,
    events: Vec<Value>,
}

impl Later {
    /// As it is stored.
    pub async fn of(client: &Client, tenant: &str) -> Result<Self> {
        let plan = kind(client, "HealthcarePlan", "healthcareplans").get(tenant).await?;
        let events: Api<Event> = Api::namespaced(client.clone(), "default");
        let mut about = vec![];
        for mut event in events.list(&ListParams::default()).await?.items {
            // One is what every other tenant gets; the first of all may have waited for something.
            if event.name_any().starts_with(tenant) && event.reason.as_deref() == Some("Unlocked") {
                event.metadata = serde_json::from_value(json!({ "name": event.name_any(), "namespace": "default" }))?;
                about.push(serde_json::to_value(event)?);
            }
        }
        Ok(Self { of: tenant.into(), status: plan.data["status"].clone(), events: about })
    }

    /// Makes an object be as it is first written.
    pub fn take_back(&self, kind: &str, object: &mut DynamicObject) {
        match kind {
            "TenantRecord" => {
                object.data["spec"].as_object_mut().map(|spec| spec.remove("namespaceUID"));
            }
            "Namespace" => {
                object.metadata.labels.as_mut().map(|labels| labels.remove(FENCED));
            }
            "ConfigMap" => {
                for text in object.data["data"].as_object_mut().into_iter().flat_map(|data| data.values_mut()) {
                    *text = text.as_str().unwrap_or_default().replace("true", "null").into();
                }
            }
            _ => {}
        }
    }

    /// Finalizer of a plan.
    pub async fn hold(&self, api: &Api<DynamicObject>, tenant: &str) -> Result<()> {
        let held = json!({ "metadata": { "finalizers": ["floor.example/tenant"] } });
        api.patch(tenant, &PatchParams::default(), &Patch::Merge(held)).await?;
        Ok(())
    }

    /// The second write of an object that has one: complete register, fenced namespace, open document, status and Events of the plan.
    pub async fn complete(
        &self,
        client: &Client,
        api: &Api<DynamicObject>,
        kind: &str,
        mut object: DynamicObject,
        stored: DynamicObject,
    ) -> Result<()> {
        let name = object.name_any();
        match kind {
            "TenantRecord" | "ConfigMap" => {
                object.metadata.resource_version = stored.metadata.resource_version;
                api.replace(&name, &PostParams::default(), &object).await?;
            }
            "Namespace" => {
                let label = json!({ "metadata": { "labels": { FENCED: "true" } } });
                api.patch(&name, &PatchParams::default(), &Patch::Merge(label)).await?;
            }
            "HealthcarePlan" => {
                let status = self.under(&self.status, &name)?;
                api.patch_status(&name, &PatchParams::default(), &Patch::Merge(json!({ "status": status }))).await?;
                let events: Api<Event> = Api::namespaced(client.clone(), "default");
                for event in &self.events {
                    let event: Event = serde_json::from_value(self.under(event, &name)?)?;
                    events.create(&PostParams::default(), &event).await.context("an Event")?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn under(&self, value: &Value, tenant: &str) -> Result<Value> {
        Ok(serde_json::from_str(&value.to_string().replace(&self.of, tenant))?)
    }
}
