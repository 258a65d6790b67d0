//! Looking at a tenant: changes of its plan as they come, its flag document, and what two engines make of it.

use crate::{cast::Tenant, stage::Stage};
use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api, Client,
    core::DynamicObject,
    runtime::{WatchStreamExt, watcher},
};
use ringfence_e2e::{
    evaluators::{self, Values},
    scenario,
    wait::{self, Look},
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

/// The two engines, neither of which is Ringfence's: flagd's own core in Go, and OpenFeature's provider in Python.
pub const ENGINES: [&str; 2] = ["flageval", "flageval-python"];
/// The flag that the tour follows.
pub const RECORDING: &str = "capture.recording.allowed";
/// What PhiUnlocked is made of, itself, and what is not built yet.
const FENCES: [&str; 9] = [
    "AgreementInForce",
    "FlagsPublished",
    "NamespaceFenced",
    "NetworkIsolated",
    "NodesDedicated",
    "KeysReady",
    "WorkloadsPlaced",
    "PhiUnlocked",
    "AuditVerified",
];

/// The conditions of one plan, followed.
pub struct Changes {
    stream: BoxStream<'static, watcher::Result<DynamicObject>>,
    began: Instant,
    now: BTreeMap<String, [String; 3]>,
    only: &'static [&'static str],
    told: BTreeSet<String>,
}

impl Changes {
    /// Follows a plan from now on.
    pub fn of(client: &Client, tenant: &Tenant) -> Self {
        let plans = scenario::kind(client, "HealthcarePlan", "healthcareplans");
        let only = watcher::Config::default().fields(&format!("metadata.name={}", tenant.name));
        Self {
            stream: watcher(plans, only).default_backoff().applied_objects().boxed(),
            began: Instant::now(),
            now: BTreeMap::new(),
            only: &FENCES,
            told: BTreeSet::new(),
        }
    }

    /// Counts time from now.
    pub fn restart_clock(&mut self) {
        self.began = Instant::now();
    }

    /// Takes the plan's next version in; prints what changed, once. Silent when `stage` is absent.
    pub async fn next(&mut self, stage: Option<&Stage>) -> Result<()> {
        let plan = self.stream.try_next().await?.context("the watch of the plan ended")?;
        let conditions = plan.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
        for name in FENCES {
            let Some(is) = conditions.iter().find(|condition| condition["type"] == name) else {
                continue;
            };
            let text = |field: &str| is[field].as_str().unwrap_or_default().to_owned();
            let seen = [text("status"), text("reason"), text("message")];
            if self.now.get(name) != Some(&seen) {
                self.told.insert(format!("{name} {} {}", seen[0], seen[1]));
                if let Some(stage) = stage.filter(|_| self.only.contains(&name)) {
                    let at = self.began.elapsed().as_secs_f64();
                    stage.listed(&format!("    {at:>5.2} s  {name:16}  {:7}  ", seen[0]), &seen[2]);
                }
                self.now.insert(name.into(), seen);
            }
        }
        Ok(())
    }

    /// Prints changes until `enough` is so.
    pub async fn until(&mut self, stage: &Stage, enough: impl Fn(&Self) -> bool) -> Result<()> {
        while !enough(self) {
            self.next(Some(stage)).await?;
        }
        Ok(())
    }

    /// Whether a condition is True.
    pub fn is_true(&self, name: &str) -> bool {
        self.now.get(name).is_some_and(|[status, ..]| status == "True")
    }

    /// Status and reason of a condition, in words.
    pub fn says(&self, name: &str) -> String {
        self.now.get(name).map_or_else(|| "not said".into(), |[status, reason, _]| format!("{name} {status} {reason}"))
    }

    /// What a condition says to people.
    pub fn message(&self, name: &str) -> &str {
        self.now.get(name).map_or("", |[_, _, message]| message)
    }

    /// Whether a condition ever had this status and reason since it is followed.
    pub fn told(&self, said: &str) -> bool {
        self.told.contains(said)
    }

    /// Prints of these conditions only.
    pub fn only(mut self, names: &'static [&'static str]) -> Self {
        self.only = names;
        self
    }

    /// Whether every fence stands; the agreement is not one.
    pub fn fenced(&self) -> bool {
        FENCES[1..7].iter().all(|name| self.is_true(name))
    }

    /// Whether the plan says that it is open.
    pub fn open(&self) -> bool {
        self.is_true("PhiUnlocked")
    }
}

/// The document that is published now.
pub async fn document(client: &Client, tenant: &Tenant) -> Result<String> {
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), tenant.name);
    text(&maps.get("ringfence-flags").await?).context("ringfence-flags holds no document")
}

/// The documents that are published from now on, as they come.
pub fn documents(client: &Client, tenant: &Tenant) -> BoxStream<'static, watcher::Result<String>> {
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), tenant.name);
    let only = watcher::Config::default().fields("metadata.name=ringfence-flags");
    let versions = watcher(maps, only).default_backoff().applied_objects();
    versions.try_filter_map(async |map| Ok(text(&map))).boxed()
}

fn text(map: &ConfigMap) -> Option<String> {
    map.data.as_ref()?.get("flags.flagd.json").cloned()
}

/// What both engines say of a document, each on its own, at the same time.
pub async fn both(document: &str) -> Result<[Values; 2]> {
    let ask = |engine: &'static str| {
        let document = document.to_owned();
        tokio::task::spawn_blocking(move || evaluators::by(engine, &document))
    };
    let (one, two) = tokio::try_join!(ask(ENGINES[0]), ask(ENGINES[1]))?;
    Ok([one?, two?])
}

/// What both engines say of one flag of the document that is published now.
pub async fn flag(client: &Client, tenant: &Tenant, key: &str) -> Result<[Value; 2]> {
    let said = both(&document(client, tenant).await?).await?;
    Ok(said.map(|values| values.get(key).cloned().unwrap_or_default()))
}

/// Waits until both engines say so of a flag.
pub async fn await_flag(client: &Client, tenant: &Tenant, key: &str, says: bool) -> Result<()> {
    wait::until(&format!("{key} of {} is {says}", tenant.name), async || {
        let said = flag(client, tenant, key).await?;
        Ok(if said == [says, says] { Look::Done(()) } else { Look::Not(format!("{said:?}")) })
    })
    .await
}
