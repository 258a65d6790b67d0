//! What it costs when nothing happens: a restart, and a resync.

use std::time::{Duration, Instant};

use anyhow::Result;
use ringfence_e2e::{
    Bed,
    audit::Mark,
    crowd::{Asked, asked, looked, quiet},
    operator::Operator,
};
use serde::Serialize;

use crate::{RESYNC_SECONDS, options::Options};

/// Requests in a span in which nothing was to be done.
#[derive(Serialize)]
pub struct Rest {
    /// Seconds until every tenant had been looked at.
    pub seconds: f64,
    /// Requests to the API server.
    pub asked: Asked,
    /// Requests to the key service.
    pub key_requests: usize,
}

fn count(bed: &Bed, api: Mark, keys: Mark, seconds: f64) -> Result<Rest> {
    let key_requests = bed.openbao().audit().responses(keys, "ringfence-")?.len();
    Ok(Rest { seconds, asked: asked(bed, api)?, key_requests })
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
pub async fn resync(bed: &Bed) -> Result<Rest> {
    let (api, keys) = (bed.audit().mark()?, bed.openbao().audit().mark()?);
    tokio::time::sleep(Duration::from_secs(RESYNC_SECONDS)).await;
    count(bed, api, keys, RESYNC_SECONDS as f64)
}
