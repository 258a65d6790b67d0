//! From a person's act to the stored restrictive document, tenant by tenant, by the API server's own clock.

use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use ringfence_e2e::{
    Bed,
    audit::{ApiEvent, Mark},
    crowd::{Crowd, names, quiet, requests},
    scenario::kind,
};
use serde::Serialize;
use serde_json::json;

use crate::{options::Options, say};

/// How long after one act the next one follows.
const PAUSE: Duration = Duration::from_millis(50);

/// Seconds, sorted.
#[derive(Serialize)]
pub struct Latency {
    /// How many.
    pub count: usize,
    /// The median.
    pub p50: f64,
    /// All but a tenth.
    pub p90: f64,
    /// All but a hundredth.
    pub p99: f64,
    /// The slowest.
    pub max: f64,
}

impl Latency {
    fn of(mut all: Vec<f64>) -> Self {
        all.sort_by(f64::total_cmp);
        let at = |part: f64| all[((all.len() - 1) as f64 * part).round() as usize];
        Self { count: all.len(), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1.0) }
    }
}

/// Terminates agreements, then suspends other plans.
pub async fn one_by_one(bed: &Bed, crowd: &Crowd, options: &Options) -> Result<(Latency, Latency)> {
    let count = options.revocations();
    say(&format!("{count} terminations, {count} suspensions, one by one"));
    let mark = bed.audit().mark()?;
    let terminated = names("op", 0..count);
    for tenant in &terminated {
        crowd.terminate(tenant).await?;
        tokio::time::sleep(PAUSE).await;
    }
    crowd.until(&terminated, "PhiUnlocked", "False", options.patience()).await?;
    let acted = |e: &ApiEvent, t: &str| {
        e.object_ref.resource == "attestations" && e.object_ref.name == format!("terminate-{t}")
    };
    let terminations = latencies(bed, mark, &terminated, acted)?;

    let mark = bed.audit().mark()?;
    let suspended = names("op", count..2 * count);
    let plans = kind(&crowd.sales, "HealthcarePlan", "healthcareplans");
    for tenant in &suspended {
        let patch = json!({ "spec": { "state": "Suspended" } });
        plans.patch(tenant, &PatchParams::default(), &Patch::Merge(patch)).await?;
        tokio::time::sleep(PAUSE).await;
    }
    crowd.until(&suspended, "PhiUnlocked", "False", options.patience()).await?;
    quiet(bed).await?;
    let acted = |e: &ApiEvent, t: &str| {
        e.object_ref.resource == "healthcareplans" && e.object_ref.subresource.is_empty() && e.object_ref.name == t
    };
    Ok((terminations, latencies(bed, mark, &suspended, acted)?))
}

/// From the arrival of the act to the first document that was stored after it.
fn latencies(bed: &Bed, mark: Mark, tenants: &[String], acted: impl Fn(&ApiEvent, &str) -> bool) -> Result<Latency> {
    let acts = bed.audit().after(mark).writes().succeeded().events()?;
    let documents = requests(bed, mark)?;
    let one = |tenant: &String| -> Result<f64> {
        let act = acts.iter().find(|e| acted(e, tenant)).with_context(|| format!("no act about {tenant}"))?;
        let at: Timestamp = act.request_received_timestamp;
        let stored = documents.iter().find(|e| {
            e.is_write()
                && e.object_ref.resource == "configmaps"
                && e.object_ref.namespace == *tenant
                && e.code() < 300
                && e.stage_timestamp >= at
        });
        let stored = stored.with_context(|| format!("no document of {tenant} was stored"))?;
        Ok(stored.stage_timestamp.duration_since(at).as_secs_f64())
    };
    Ok(Latency::of(tenants.iter().map(one).collect::<Result<_>>()?))
}
