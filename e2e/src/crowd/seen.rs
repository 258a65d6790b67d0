//! Waiting for a crowd without asking again and again: one watch, and the ends of the audit logs.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use futures::StreamExt;
use kube::{
    api::DynamicObject,
    runtime::{WatchStreamExt, watcher},
};

use serde::Serialize;

use super::Crowd;
use crate::{
    Bed,
    audit::{ApiEvent, Mark},
    operator::{self, Operator},
    scenario::kind,
    wait::{self, Look},
};

/// How long the operator must have asked for nothing before it counts as quiet.
const QUIET: Duration = Duration::from_secs(2);
/// How long it may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(600);

impl Crowd {
    /// Waits until a condition of all these plans has this status.
    ///
    /// # Errors
    /// When one has not within `patience`, with what it says instead.
    pub async fn until(&self, tenants: &[String], condition: &str, status: &str, patience: Duration) -> Result<()> {
        let plans = kind(&self.admin, "HealthcarePlan", "healthcareplans");
        let mut missing: BTreeSet<&str> = tenants.iter().map(String::as_str).collect();
        let mut said: BTreeMap<String, String> = BTreeMap::new();
        let looking = async {
            let mut stream = pin!(watcher(plans, watcher::Config::default()).default_backoff().applied_objects());
            while !missing.is_empty() {
                let plan = stream.next().await.context("the watch ended")??;
                let name = plan.metadata.name.clone().unwrap_or_default();
                if says(&plan, condition).is_some_and(|c| c["status"] == status) {
                    missing.remove(name.as_str());
                } else {
                    said.insert(name, says(&plan, condition).map(ToString::to_string).unwrap_or_default());
                }
            }
            anyhow::Ok(())
        };
        let done = tokio::time::timeout(patience, looking).await;
        match done {
            Ok(done) => done,
            Err(_) => {
                let first = missing.first().copied().unwrap_or_default();
                bail!(
                    "{condition} of {} plans is not {status} within {patience:?}; {first}: {:?}",
                    missing.len(),
                    said.get(first)
                );
            }
        }
    }
}

fn says<'a>(plan: &'a DynamicObject, condition: &str) -> Option<&'a serde_json::Value> {
    plan.data["status"]["conditions"].as_array()?.iter().find(|c| c["type"] == condition)
}

/// Waits until the operator asks the API server for nothing but its lease.
///
/// # Errors
/// When it does not come to rest.
pub async fn quiet(bed: &Bed) -> Result<()> {
    let (mut mark, mut since) = (bed.audit().mark()?, Instant::now());
    wait::until_within(PATIENCE, "the operator is quiet", async || {
        let next = bed.audit().mark()?;
        if let Some(last) = requests(bed, mark)?.last() {
            (mark, since) = (next, Instant::now());
            return Ok(Look::Not(last.brief()));
        }
        Ok(if since.elapsed() >= QUIET { Look::Done(()) } else { Look::Not("not for long enough".into()) })
    })
    .await
}

/// What was asked of the API server under the operator's name after `mark`, but for watches and its lease.
///
/// # Errors
/// When the audit log cannot be read.
pub fn requests(bed: &Bed, mark: Mark) -> Result<Vec<ApiEvent>> {
    let query = bed.audit().after(mark).service_account(operator::NAMESPACE, operator::ACCOUNT);
    query.filter(|e| e.verb != "watch" && e.object_ref.resource != "leases").events()
}

/// What was asked in a span: writes, reads of one thing or of one namespace, lists of a whole kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// Requests that could change something.
    pub writes: usize,
    /// Reads of one object, of one namespace, or by a field.
    pub reads: usize,
    /// Lists of a whole kind, page by page.
    pub lists: usize,
}

/// Counts [`requests`].
///
/// # Errors
/// When the audit log cannot be read.
pub fn asked(bed: &Bed, mark: Mark) -> Result<Asked> {
    let events = requests(bed, mark)?;
    let (writes, reads): (Vec<_>, Vec<_>) = events.iter().partition(|e| e.is_write());
    // The definition of the network engine's kind is one object, whatever the number of tenants, and watched from then on.
    let whole = |e: &&&ApiEvent| {
        let one_of_many =
            e.request_uri.contains("fieldSelector") && e.object_ref.resource != "customresourcedefinitions";
        e.verb == "list" && e.object_ref.namespace.is_empty() && !one_of_many
    };
    let lists = reads.iter().filter(whole).count();
    Ok(Asked { writes: writes.len(), reads: reads.len() - lists, lists })
}

/// Waits until the operator has reconciled plans this many times more, by its own count; a fresh one has not at all.
///
/// # Errors
/// When it has not in time.
pub async fn looked(operator: &Operator, times: u64) -> Result<()> {
    let before = reconciles(operator).await.unwrap_or_default();
    wait::until_within(PATIENCE, "plans were looked at", async || {
        operator.server().must_run()?;
        let since = reconciles(operator).await.unwrap_or_default() - before;
        Ok(if since >= times { Look::Done(()) } else { Look::Not(format!("{since} of {times}")) })
    })
    .await
}

async fn reconciles(operator: &Operator) -> Result<u64> {
    let (_, text) = operator.page("metrics").await?;
    let counts = text.lines().filter(|l| l.starts_with("ringfence_reconciles_total") && l.contains("kind=\"plan\""));
    Ok(counts.filter_map(|l| l.rsplit(' ').next()?.parse::<u64>().ok()).sum())
}
