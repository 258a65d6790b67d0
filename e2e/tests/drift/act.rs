//! What somebody does behind Ringfence's back.

use anyhow::{Context, Result};
use k8s_openapi::api::{core::v1::Pod, policy::v1::PodDisruptionBudget};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams},
};
use ringfence_e2e::{
    nodes::{self, NodeSpec},
    scenario::Scenario,
    tenant::unique,
    wait,
};
use serde_json::{Value, json};

use crate::kinds::Kind;

/// The pool's label of a node.
pub const POOL: &str = "ringfence.node-restriction.kubernetes.io/pool";

/// One act.
#[derive(Clone, Debug)]
pub enum Act {
    /// Deletes the object.
    Delete,
    /// Deletes it, and puts it back with changes: for fields that cannot be changed.
    Anew(Value),
    /// Changes it by a merge patch. `TENANT` stands for the tenant's name.
    Change(Value),
    /// Makes an object like it under another name.
    Copy(&'static str, Value),
    /// Changes the flag document's text.
    Document(fn(&str) -> String),
    /// Takes off, or puts on, taints of the pool with this effect; an empty effect is any.
    Taint(&'static str, Option<&'static str>),
    /// The node reports that it is not ready.
    Fail,
    /// It is well again.
    Heal,
    /// The node is gone, and another machine comes under its name; with the pool's label, if so.
    Replace(bool),
    /// The other machine comes.
    Add,
    /// Somebody else's pod is put on the tenant's node.
    ForeignPod,
    /// It is deleted.
    NoForeignPod,
    /// A pod of the tenant's is put on another node; a budget forbids its eviction, if so.
    StrayPod(bool),
    /// The budget is deleted.
    NoBudget,
    /// A namespace of the same name is made.
    MakeNamespace,
    /// The record is put back as it was.
    Restore,
}

/// Who does it to what.
pub struct Actor<'a> {
    /// The tenant.
    pub story: &'a Scenario,
    /// The kind of the object.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The object before the first act.
    pub before: DynamicObject,
}

impl<'a> Actor<'a> {
    /// On an object as it is now; `TENANT` is the tenant's name, `NODE` its first node's.
    pub async fn on(story: &'a Scenario, kind: Kind, name: &str) -> Result<Self> {
        let api = kind.api(&story.admin, &story.tenant);
        let name = match name {
            "TENANT" => story.tenant.clone(),
            "NODE" => {
                let pool = ListParams::default().labels(&format!("{POOL}={}", story.tenant));
                let found = api.list(&pool).await?;
                found.items.first().context("a node of the pool")?.name_any()
            }
            other => other.to_owned(),
        };
        let before = api.get(&name).await.with_context(|| format!("{kind:?} {name}"))?;
        Ok(Self { story, kind, name, before })
    }

    fn api(&self) -> Api<DynamicObject> {
        self.kind.api(&self.story.admin, &self.story.tenant)
    }

    /// The object now, reduced to what must come back.
    pub async fn essence(&self) -> Result<Option<Value>> {
        self.api().get_opt(&self.name).await?.map(|o| self.kind.essence(&o)).transpose()
    }

    /// Does it.
    pub async fn act(&self, act: &Act) -> Result<()> {
        let (api, name, admin) = (self.api(), self.name.as_str(), &self.story.admin);
        match act {
            Act::Delete => {
                api.delete(name, &DeleteParams::default()).await?;
                Ok(())
            }
            Act::Anew(change) => {
                let object = self.fresh(name, change)?;
                api.delete(name, &DeleteParams::default()).await?;
                // Ringfence may be faster: then it is put right already.
                match api.create(&PostParams::default(), &object).await {
                    Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
                    other => other.map(drop).map_err(Into::into),
                }
            }
            Act::Change(change) => self.patch(change).await,
            Act::Copy(other, change) => {
                api.create(&PostParams::default(), &self.fresh(other, change)?).await?;
                Ok(())
            }
            Act::Document(change) => {
                let text = self.before.data["data"]["flags.flagd.json"].as_str().context("the document")?;
                self.patch(&json!({ "data": { "flags.flagd.json": change(text) } })).await
            }
            Act::Taint(effect, value) => {
                let taints = self.before.data["spec"]["taints"].as_array().cloned().unwrap_or_default();
                let mut kept = vec![];
                for mut taint in taints {
                    let ours =
                        taint["key"] == "ringfence.dev/pool" && (effect.is_empty() || taint["effect"] == *effect);
                    if let (true, Some(value)) = (ours, value) {
                        taint["value"] = (*value).into();
                    }
                    if !ours || value.is_some() {
                        kept.push(taint);
                    }
                }
                self.patch(&json!({ "spec": { "taints": kept } })).await
            }
            Act::Fail => nodes::fail(admin, name).await.map(drop),
            Act::Heal => nodes::heal(admin, name).await.map(drop),
            Act::Replace(labelled) => {
                nodes::remove(admin, name).await?;
                self.machine(*labelled).await
            }
            Act::Add => self.machine(false).await,
            Act::ForeignPod => self.pod("default", "stranger", name).await,
            Act::NoForeignPod => {
                let pods: Api<Pod> = Api::namespaced(admin.clone(), "default");
                let stranger = format!("stranger-{}", self.story.tenant);
                pods.delete(&stranger, &DeleteParams::default().grace_period(0)).await?;
                wait::gone(&pods, &stranger).await
            }
            Act::StrayPod(budget) => {
                if *budget {
                    self.budget().await?;
                }
                let elsewhere = unique("elsewhere");
                nodes::add(admin, &NodeSpec::named(&elsewhere)).await?;
                self.pod(&self.story.tenant, "stray", &elsewhere).await
            }
            Act::NoBudget => {
                let budgets: Api<PodDisruptionBudget> = Api::namespaced(admin.clone(), &self.story.tenant);
                budgets.delete("all", &DeleteParams::default()).await?;
                Ok(())
            }
            Act::MakeNamespace => {
                let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
                let namespaces = Kind::Namespace.api(admin, "");
                namespaces.create(&PostParams::default(), &serde_json::from_value(object)?).await?;
                Ok(())
            }
            Act::Restore => {
                api.create(&PostParams::default(), &self.fresh(name, &json!({}))?).await?;
                Ok(())
            }
        }
    }

    async fn patch(&self, change: &Value) -> Result<()> {
        let change = serde_json::from_str(&change.to_string().replace("TENANT", &self.story.tenant))?;
        self.api().patch(&self.name, &PatchParams::default(), &Patch::<Value>::Merge(change)).await?;
        Ok(())
    }

    /// The object as it was, without its identity, with changes.
    fn fresh(&self, name: &str, change: &Value) -> Result<DynamicObject> {
        let mut object = self.before.clone();
        object.metadata.name = Some(name.into());
        object.metadata.uid = None;
        object.metadata.resource_version = None;
        object.metadata.creation_timestamp = None;
        object.metadata.managed_fields = None;
        merge(&mut object.data, change);
        Ok(object)
    }

    async fn machine(&self, labelled: bool) -> Result<()> {
        let spec = NodeSpec::named(&self.name).inventory(&self.story.class).zone("zone-0");
        let spec = if labelled { spec.label(POOL, &self.story.tenant) } else { spec };
        nodes::add(&self.story.admin, &spec).await.map(drop)
    }

    async fn pod(&self, namespace: &str, stem: &str, node: &str) -> Result<()> {
        let security = json!({ "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } });
        let pod = json!({
            "metadata": { "name": format!("{stem}-{}", self.story.tenant), "labels": { "app": "stray" } },
            "spec": {
                "nodeName": node, "terminationGracePeriodSeconds": 0, "tolerations": [{ "operator": "Exists" }],
                "securityContext": { "runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": { "type": "RuntimeDefault" } },
                "containers": [{ "name": "app", "image": "app", "securityContext": security }],
            },
        });
        let pods: Api<Pod> = Api::namespaced(self.story.admin.clone(), namespace);
        pods.create(&PostParams::default(), &serde_json::from_value(pod)?).await?;
        Ok(())
    }

    async fn budget(&self) -> Result<()> {
        let spec = json!({ "maxUnavailable": 0, "selector": { "matchLabels": { "app": "stray" } } });
        let budgets: Api<PodDisruptionBudget> = Api::namespaced(self.story.admin.clone(), &self.story.tenant);
        let budget = json!({ "metadata": { "name": "all" }, "spec": spec });
        budgets.create(&PostParams::default(), &serde_json::from_value(budget)?).await?;
        Ok(())
    }
}

fn merge(into: &mut Value, change: &Value) {
    match (into, change) {
        (Value::Object(into), Value::Object(change)) => {
            for (key, value) in change {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, change) => *into = change.clone(),
    }
}
