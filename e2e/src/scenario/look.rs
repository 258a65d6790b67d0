//! What can be seen of a tenant: conditions, flag document, and what the operator wrote.

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, api::DynamicObject};
use serde_json::Value;

use super::{Scenario, kind};
use crate::{
    audit::{ApiEvent, Mark},
    evaluators::{Values, evaluate},
    operator,
    wait::{self, Look},
};

impl Scenario {
    /// The plan.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read_plan(&self) -> Result<DynamicObject> {
        Ok(kind(&self.admin, "HealthcarePlan", "healthcareplans").get(&self.tenant).await?)
    }

    /// Status and reason of a condition, `""` when it is not said.
    ///
    /// # Errors
    /// When the plan cannot be read.
    pub async fn condition(&self, r#type: &str) -> Result<(String, String, String)> {
        let plan = self.read_plan().await?;
        let conditions = plan.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let found = conditions.iter().find(|c| c["type"] == r#type).cloned().unwrap_or_default();
        let text = |field: &str| found[field].as_str().unwrap_or_default().to_owned();
        Ok((text("status"), text("reason"), text("message")))
    }

    /// Waits until a condition has this status and, unless it is empty, this reason; returns its message.
    ///
    /// # Errors
    /// When it has not in time.
    pub async fn await_condition(&self, r#type: &str, status: &str, reason: &str) -> Result<String> {
        wait::until(&format!("{} of {} is {status} {reason}", r#type, self.tenant), async || {
            let (is, why, message) = self.condition(r#type).await?;
            let holds = is == status && (reason.is_empty() || why == reason);
            Ok(if holds { Look::Done(message) } else { Look::Not(format!("{is} {why}: {message}")) })
        })
        .await
    }

    /// The published document.
    ///
    /// # Errors
    /// When there is none.
    pub async fn document(&self) -> Result<String> {
        let maps: Api<ConfigMap> = Api::namespaced(self.admin.clone(), &self.tenant);
        let map = maps.get("ringfence-flags").await?;
        map.data.and_then(|d| d.get("flags.flagd.json").cloned()).context("the document")
    }

    /// The published document's values now, by two engines that agree.
    ///
    /// # Errors
    /// When it cannot be read or evaluated.
    pub async fn flags(&self) -> Result<Values> {
        evaluate(&self.document().await?)
    }

    /// Waits until a flag has this value in the published document.
    ///
    /// # Errors
    /// When it has not in time.
    pub async fn await_flag(&self, key: &str, value: Value) -> Result<Values> {
        wait::until(&format!("{key} of {} is {value}", self.tenant), async || {
            let flags = match self.flags().await {
                Ok(flags) => flags,
                Err(why) => return Ok(Look::Not(format!("{why:#}"))),
            };
            Ok(if flags.get(key) == Some(&value) {
                Look::Done(flags)
            } else {
                Look::Not(format!("{:?}", flags.get(key)))
            })
        })
        .await
    }

    /// Waits until the gate is open and the document says so.
    ///
    /// # Errors
    /// When it is not in time.
    pub async fn await_open(&self) -> Result<()> {
        self.await_condition("PhiUnlocked", "True", "Unlocked").await?;
        self.await_flag("capture.recording.allowed", Value::Bool(true)).await.map(|_| ())
    }

    /// What the operator wrote about this tenant after `mark`, in order: refused writes too.
    ///
    /// # Errors
    /// When the audit log cannot be read.
    pub fn writes(&self, mark: Mark) -> Result<Vec<ApiEvent>> {
        let query = self.bed().audit().after(mark).service_account(operator::NAMESPACE, operator::ACCOUNT).writes();
        query.filter(|e| self.concerns(e)).events()
    }

    fn concerns(&self, event: &ApiEvent) -> bool {
        let object = &event.object_ref;
        let regards = event.request_object["regarding"]["name"] == self.tenant.as_str();
        let node = object.resource == "nodes" && event.request_object.to_string().contains(&self.tenant);
        object.namespace == self.tenant || object.name == self.tenant || regards || node
    }
}
