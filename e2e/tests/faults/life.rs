//! The life of one tenant, phase by phase, and what its end must be like.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use anyhow::{Result, ensure};
use k8s_openapi::api::{
    core::v1::{ResourceQuota, ServiceAccount},
    networking::v1::NetworkPolicy,
    rbac::v1::RoleBinding,
};
use kube::{Api, ResourceExt, api::DeleteParams};
use ringfence_e2e::{
    audit::Mark,
    faults::judge::{Exercised, is_open, judge},
    operator::{ACCOUNT, NAMESPACE},
    scenario::Scenario,
    wait::{self, Look},
};
use serde_json::Value;

use crate::stage::Stage;

const QUOTA: &str = "ringfence";
const ACCOUNT_OF_APP: &str = "ringfence-app";
const READERS: &str = "ringfence-flag-readers";

/// One thing that somebody does, and what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// A new plan, until it is open.
    Flip,
    /// The base policy is deleted: locked, healed, open again.
    Heal,
    /// Quota, account and readers are deleted: made again, and nothing locks.
    Repair,
    /// Suspended.
    Suspend,
    /// Active again.
    Resume,
    /// The agreement is terminated.
    Terminate,
}

impl Phase {
    pub const ALL: [Self; 6] = [Self::Flip, Self::Heal, Self::Repair, Self::Suspend, Self::Resume, Self::Terminate];
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// One tenant on the stage.
pub struct Life {
    pub story: Scenario,
    nodes: usize,
    mark: Mark,
}

impl Life {
    /// A tenant of `class`'s, with a signed agreement and nodes that wait for it.
    pub async fn prepare(stage: &Stage, class: &Scenario, nodes: usize) -> Result<Self> {
        let story = class.neighbour("life").await?;
        story.inventory(nodes).await?;
        story.agreement(-60, None).await?;
        story.sign().await?;
        Ok(Self { story, nodes, mark: stage.bed.audit().mark()? })
    }

    pub fn names(&self) -> Vec<String> {
        vec![self.story.tenant.clone()]
    }

    /// Does what the phase is about.
    pub async fn act(&self, phase: Phase) -> Result<()> {
        match phase {
            Phase::Flip => self.story.plan(self.nodes).await.map(|_| ()),
            Phase::Heal => {
                let policies = Api::<NetworkPolicy>::namespaced(self.story.admin.clone(), &self.story.tenant);
                policies.delete("ringfence-base", &DeleteParams::default()).await?;
                Ok(())
            }
            Phase::Repair => {
                let (admin, tenant) = (self.story.admin.clone(), &self.story.tenant);
                let only = DeleteParams::default();
                Api::<ResourceQuota>::namespaced(admin.clone(), tenant).delete(QUOTA, &only).await?;
                Api::<ServiceAccount>::namespaced(admin.clone(), tenant).delete(ACCOUNT_OF_APP, &only).await?;
                Api::<RoleBinding>::namespaced(admin, tenant).delete(READERS, &only).await?;
                Ok(())
            }
            Phase::Suspend => self.story.change_plan(serde_json::json!({"state": "Suspended"})).await,
            Phase::Resume => self.story.change_plan(serde_json::json!({"state": "Active"})).await,
            Phase::Terminate => self.story.terminate().await,
        }
    }

    /// Waits until the phase has ended as it must, and the observer has seen all of it.
    pub async fn end(&self, stage: &Stage, phase: Phase) -> Result<()> {
        let (status, reason) = match phase {
            Phase::Flip | Phase::Heal | Phase::Repair | Phase::Resume => ("True", "Unlocked"),
            Phase::Suspend => ("False", "Suspended"),
            Phase::Terminate => ("False", "AgreementTerminated"),
        };
        let story = &self.story;
        let policies = Api::<NetworkPolicy>::namespaced(story.admin.clone(), &story.tenant);
        let what = format!("{} of {} ends with PhiUnlocked={status} {reason}", phase, story.tenant);
        wait::until_within(Duration::from_secs(100), &what, async || {
            let (is, why, message) = story.condition("PhiUnlocked").await?;
            if is != status || why != reason {
                return Ok(Look::Not(format!("{is} {why}: {message}")));
            }
            let Ok(document) = story.document().await else { return Ok(Look::Not("there is no document".into())) };
            if is_open(&document, jiff::Timestamp::now().as_second()) != (status == "True") {
                return Ok(Look::Not("the document says otherwise".into()));
            }
            if policies.get_opt("ringfence-base").await?.is_none() {
                return Ok(Look::Not("there is no base policy".into()));
            }
            let (admin, tenant) = (story.admin.clone(), &story.tenant);
            let there = [
                Api::<ResourceQuota>::namespaced(admin.clone(), tenant).get_opt(QUOTA).await?.is_some(),
                Api::<ServiceAccount>::namespaced(admin.clone(), tenant).get_opt(ACCOUNT_OF_APP).await?.is_some(),
                Api::<RoleBinding>::namespaced(admin, tenant).get_opt(READERS).await?.is_some(),
            ];
            Ok(if there == [true; 3] {
                Look::Done(())
            } else {
                Look::Not(format!("quota, account, readers: {there:?}"))
            })
        })
        .await?;
        let plan = story.read_plan().await?;
        stage.history.caught_up("HealthcarePlan", &story.tenant, version(&plan)?).await
    }

    /// The invariants over everything that happened, what was created how often, and how it ended.
    pub async fn judge(&self, stage: &Stage, exercised: &mut Exercised) -> Result<()> {
        let tenant = &self.story.tenant;
        let wrong = judge(tenant, &stage.history.of(tenant), exercised);
        ensure!(wrong.is_empty(), "{tenant}: {wrong:#?}");
        let audit = stage.bed.audit();
        let writes = audit.after(self.mark).service_account(NAMESPACE, ACCOUNT).writes().succeeded().events()?;
        let mut made: BTreeMap<String, usize> = BTreeMap::new();
        for event in &writes {
            let object = &event.object_ref;
            let name = event.response_object["metadata"]["name"].as_str().unwrap_or(&object.name);
            if object.namespace != *tenant && name != tenant {
                continue;
            }
            ensure!(event.verb != "delete" && event.verb != "deletecollection", "{}", event.brief());
            if event.code() == 201 && object.resource != "events" {
                *made.entry(format!("{} {name}", object.resource)).or_default() += 1;
            }
        }
        // What somebody deleted is made again, once.
        let deleted = [
            "networkpolicies ringfence-base",
            "resourcequotas ringfence",
            "serviceaccounts ringfence-app",
            "rolebindings ringfence-flag-readers",
        ];
        let twice = made.iter().filter(|(what, n)| **n > if deleted.contains(&what.as_str()) { 2 } else { 1 });
        ensure!(twice.count() == 0, "{tenant}: made twice: {made:?}");
        ensure!(made.len() == 8, "{tenant}: not what a flip makes: {made:?}");
        for mount in ["ringfence-phi", "ringfence-lookup"] {
            let key = stage.bed.openbao().root()?.expect(200, "GET", &format!("{mount}/keys/{tenant}"), None).await?;
            ensure!(key["data"]["latest_version"] == 1, "{tenant}: a key was rotated or made anew");
        }
        Ok(())
    }

    /// Everything that stands in the end, without what differs by name and time.
    pub async fn ending(&self, stage: &Stage) -> Result<Value> {
        let mut last: BTreeMap<(String, String), Value> = BTreeMap::new();
        for version in stage.history.of(&self.story.tenant) {
            let name = if version.kind == "Node" { "node".into() } else { version.name.clone() };
            match version.object {
                Some(object) => drop(last.insert((version.kind.into(), name), object)),
                None => drop(last.remove(&(version.kind.into(), name))),
            }
        }
        let mut ending = serde_json::json!({});
        for ((kind, name), object) in last {
            let said = match kind.as_str() {
                "HealthcarePlan" => conditions(&object),
                "Namespace" => object["metadata"]["labels"].clone(),
                "Node" => serde_json::json!([
                    object["metadata"]["labels"]["ringfence.node-restriction.kubernetes.io/pool"],
                    object["spec"]["taints"]
                ]),
                "NetworkPolicy" => object["spec"].clone(),
                "TenantRecord" => {
                    let count = |f: &str| object["spec"][f].as_array().map_or(0, Vec::len);
                    serde_json::json!([count("nodes"), count("keys")])
                }
                _ => Value::Null,
            };
            ending[format!("{kind} {name}").replace(&self.story.tenant, "TENANT")] =
                serde_json::from_str(&said.to_string().replace(&self.story.tenant, "TENANT"))?;
        }
        Ok(ending)
    }
}

fn conditions(plan: &Value) -> Value {
    let all = plan["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let said: BTreeSet<_> = all.iter().map(|c| format!("{} {} {}", c["type"], c["status"], c["reason"])).collect();
    said.into_iter().collect()
}

fn version(object: &impl ResourceExt) -> Result<u64> {
    Ok(object.resource_version().unwrap_or_default().parse()?)
}
