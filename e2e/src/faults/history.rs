//! Every version of every object that matters, as etcd numbers them. Resource versions of one cluster are one sequence, so what several watches
//! tell is put in the order in which it happened.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use futures::StreamExt;
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject},
    core::GroupVersionKind,
    runtime::{WatchStreamExt, watcher},
};
use serde_json::Value;

use crate::wait::{self, Look};

/// One version of one object.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its resourceVersion.
    pub at: u64,
    /// Its kind.
    pub kind: &'static str,
    /// Its namespace, or nothing.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The object; `None` once it is deleted.
    pub object: Option<Value>,
    /// When it was seen here, unix seconds.
    pub seen: i64,
}

/// What was seen since the history began.
#[derive(Clone, Default)]
pub struct History(Arc<Mutex<Vec<Version>>>);

/// Group, version, kind and plural of what is watched.
const KINDS: [(&str, &str, &str, &str); 6] = [
    ("ringfence.dev", "v1alpha1", "HealthcarePlan", "healthcareplans"),
    ("ringfence.dev", "v1alpha1", "TenantRecord", "tenantrecords"),
    ("", "v1", "Namespace", "namespaces"),
    ("", "v1", "ConfigMap", "configmaps"),
    ("", "v1", "Node", "nodes"),
    ("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
];

impl History {
    /// Begins to watch, as the administrator and past every proxy.
    #[must_use]
    pub fn begin(admin: &Client) -> Self {
        let history = Self::default();
        for (group, version, kind, plural) in KINDS {
            let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural);
            let api = Api::<DynamicObject>::all_with(admin.clone(), &resource);
            tokio::spawn(follow(api, kind, history.clone()));
        }
        history
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<Version>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, kind: &'static str, object: &DynamicObject, deleted: bool) {
        let mut value = serde_json::to_value(object).unwrap_or_default();
        if let Some(metadata) = value["metadata"].as_object_mut() {
            metadata.remove("managedFields");
        }
        let at = object.metadata.resource_version.as_ref().and_then(|v| v.parse().ok()).unwrap_or(0);
        let (namespace, name) =
            (object.metadata.namespace.clone().unwrap_or_default(), object.metadata.name.clone().unwrap_or_default());
        let seen = jiff::Timestamp::now().as_second();
        self.all().push(Version { at, kind, namespace, name, object: (!deleted).then_some(value), seen });
    }

    /// What concerns this tenant, in order; nodes are those that ever carried its pool.
    #[must_use]
    pub fn of(&self, tenant: &str) -> Vec<Version> {
        let all = self.all();
        let nodes: Vec<_> = all.iter().filter(|v| pool(v) == Some(tenant)).map(|v| v.name.clone()).collect();
        let concerns = |v: &&Version| match v.kind {
            "Node" => nodes.contains(&v.name),
            "HealthcarePlan" | "TenantRecord" | "Namespace" => v.name == tenant,
            _ => v.namespace == tenant,
        };
        let mut versions: Vec<_> = all.iter().filter(concerns).cloned().collect();
        versions.sort_by_key(|v| v.at);
        versions
    }

    /// Waits until this version of an object was seen.
    ///
    /// # Errors
    /// When it is not in time.
    pub async fn caught_up(&self, kind: &str, name: &str, at: u64) -> Result<()> {
        wait::until_within(Duration::from_secs(30), &format!("the observer saw {kind} {name}"), async || {
            let seen = self.all().iter().any(|v| v.kind == kind && v.name == name && v.at >= at);
            Ok(if seen { Look::Done(()) } else { Look::Not(format!("version {at} is missing")) })
        })
        .await
    }

    /// Forgets a tenant whose story is told.
    pub fn forget(&self, tenant: &str) {
        self.all().retain(|v| v.name != tenant && v.namespace != tenant && pool(v) != Some(tenant));
    }
}

/// The pool that a node carries.
#[must_use]
pub fn pool(version: &Version) -> Option<&str> {
    let labels = &version.object.as_ref()?["metadata"]["labels"];
    labels["ringfence.node-restriction.kubernetes.io/pool"].as_str().filter(|_| version.kind == "Node")
}

async fn follow(api: Api<DynamicObject>, kind: &'static str, history: History) {
    let mut events = std::pin::pin!(watcher(api, watcher::Config::default()).default_backoff());
    while let Some(event) = events.next().await {
        match event {
            Ok(watcher::Event::Apply(o) | watcher::Event::InitApply(o)) => history.add(kind, &o, false),
            Ok(watcher::Event::Delete(o)) => history.add(kind, &o, true),
            Ok(watcher::Event::Init | watcher::Event::InitDone) | Err(_) => {}
        }
    }
}
