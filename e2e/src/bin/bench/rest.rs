//! What it costs when nothing happens: a restart, and a resync.

use std::time::{Duration, Instant};

use anyhow::Result;
use ringfence_e2e::{
    Bed,
    audit::Mark,
    crowd::{quiet, requests},
    operator::Operator,
    wait::{self, Look},
};
use serde::Serialize;

use crate::{RESYNC_SECONDS, options::Options};

/// Requests in a span in which nothing was to be done.
#[derive(Serialize)]
pub struct Rest {
    /// Seconds until every tenant had been looked at.
    pub seconds: f64,
    /// Requests that could change something.
    pub writes: usize,
    /// Reads of one object, or of one namespace.
    pub reads: usize,
    /// Lists of a whole kind, page by page.
    pub lists: usize,
    /// Requests to the key service.
    pub key_requests: usize,
}

fn count(bed: &Bed, api: Mark, keys: Mark, seconds: f64) -> Result<Rest> {
    let events = requests(bed, api)?;
    let (writes, reads): (Vec<_>, Vec<_>) = events.iter().partition(|e| e.is_write());
    let whole = |e: &&&ringfence_e2e::audit::ApiEvent| {
        e.verb == "list" && e.object_ref.namespace.is_empty() && !e.request_uri.contains("fieldSelector")
    };
    for event in events.iter().filter(|e| !whole(&e)).take(10) {
        eprintln!("  {}", event.brief());
    }
    let lists = reads.iter().filter(|e| whole(e)).count();
    Ok(Rest {
        seconds,
        writes: writes.len(),
        reads: reads.len() - lists,
        lists,
        key_requests: bed.openbao().audit().responses(keys, "ringfence-")?.len(),
    })
}

/// Ends the operator, starts another, and waits until it has looked at every tenant.
pub async fn restart(bed: &Bed, operator: Operator, options: &Options) -> Result<(Operator, Rest)> {
    operator.server().terminate().await?;
    let (api, keys, began) = (bed.audit().mark()?, bed.openbao().audit().mark()?, Instant::now());
    let operator = bed.start_operator("restarted", &["--resync", &format!("{RESYNC_SECONDS}s")]).await?;
    looked(&operator, options.tenants as u64).await?;
    let seconds = began.elapsed().as_secs_f64();
    quiet(bed).await?;
    Ok((operator, count(bed, api, keys, seconds)?))
}

/// One resync period of the restarted operator.
pub async fn resync(bed: &Bed, _: &Options) -> Result<Rest> {
    let (api, keys) = (bed.audit().mark()?, bed.openbao().audit().mark()?);
    tokio::time::sleep(Duration::from_secs(RESYNC_SECONDS)).await;
    count(bed, api, keys, RESYNC_SECONDS as f64)
}

async fn looked(operator: &Operator, tenants: u64) -> Result<()> {
    wait::until_within(Duration::from_secs(300), "every tenant was looked at", async || {
        operator.server().must_run()?;
        let text = operator.page("metrics").await.map(|(_, text)| text).unwrap_or_default();
        let counts =
            text.lines().filter(|l| l.starts_with("ringfence_reconciles_total") && l.contains("kind=\"plan\""));
        let sum: u64 = counts.filter_map(|l| l.rsplit(' ').next()?.parse::<u64>().ok()).sum();
        Ok(if sum >= tenants { Look::Done(()) } else { Look::Not(format!("{sum} of {tenants}")) })
    })
    .await
}
