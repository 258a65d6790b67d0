//! Every condition that a plan was seen to have: what is repaired at once is said for a moment only.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt};
use kube::{
    api::{DynamicObject, WatchEvent, WatchParams},
    core::ResourceExt,
};
use ringfence_e2e::scenario::{Scenario, kind};
use tokio::task::JoinHandle;

/// Type, status and reason.
pub type Seen = (String, String, String);

/// Watches one plan until it is dropped.
pub struct Witness {
    seen: Arc<Mutex<BTreeSet<Seen>>>,
    task: JoinHandle<()>,
}

impl Witness {
    /// Begins with the plan's next change.
    pub async fn call(story: &Scenario) -> Result<Self> {
        let plans = kind(&story.admin, "HealthcarePlan", "healthcareplans");
        let version = story.read_plan().await?.resource_version().context("a version")?;
        let params = WatchParams::default().fields(&format!("metadata.name={}", story.tenant)).timeout(290);
        let mut stream = plans.watch(&params, &version).await?.boxed();
        let seen: Arc<Mutex<BTreeSet<Seen>>> = Arc::default();
        let told = seen.clone();
        let task = tokio::spawn(async move {
            while let Ok(Some(event)) = stream.try_next().await {
                if let WatchEvent::Modified(plan) = event {
                    told.lock().unwrap_or_else(PoisonError::into_inner).extend(conditions(&plan));
                }
            }
        });
        Ok(Self { seen, task })
    }

    /// Whether a condition was seen so; an empty reason is any.
    pub fn saw(&self, r#type: &str, status: &str, reason: &str) -> bool {
        self.all().iter().any(|s| s.0 == r#type && s.1 == status && (reason.is_empty() || s.2 == reason))
    }

    /// Everything that was seen.
    pub fn all(&self) -> BTreeSet<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn conditions(plan: &DynamicObject) -> Vec<Seen> {
    let all = plan.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
    all.iter().map(|c| (text(&c["type"]), text(&c["status"]), text(&c["reason"]))).collect()
}
