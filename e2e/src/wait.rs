//! Waiting for a condition: the only place in the bed and its tests that sleeps.

use anyhow::{Result, bail};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use std::{fmt::Debug, time::Duration};
use tokio::time::{Instant, sleep};

/// How long a condition may take before the test fails. Generous: the machine may be busy.
pub const DEADLINE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(100);

/// What one look at the world found.
#[derive(Debug)]
pub enum Look<T> {
    /// The condition holds.
    Done(T),
    /// Not yet; what was seen instead, for the error.
    Not(String),
}

/// Looks until the condition holds, for at most [`DEADLINE`]. An error from `look` ends the wait.
///
/// # Errors
/// When the deadline passes, with what was seen last, or when `look` fails.
pub async fn until<T>(what: &str, look: impl AsyncFnMut() -> Result<Look<T>>) -> Result<T> {
    until_within(DEADLINE, what, look).await
}

/// [`until`] with a deadline of one's own, for promises about time.
///
/// # Errors
/// As [`until`].
pub async fn until_within<T>(
    deadline: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Result<Look<T>>,
) -> Result<T> {
    let began = Instant::now();
    loop {
        let seen = match look().await? {
            Look::Done(value) => return Ok(value),
            Look::Not(seen) => seen,
        };
        if began.elapsed() >= deadline {
            bail!("{what}: not within {deadline:?}; last seen: {seen}");
        }
        sleep(PAUSE).await;
    }
}

/// Waits until the object exists and `holds`, and returns it.
///
/// # Errors
/// When the deadline passes, with the object as it was last seen, or the API server refuses to show it.
pub async fn object<K>(api: &Api<K>, name: &str, what: &str, holds: impl Fn(&K) -> bool) -> Result<K>
where
    K: Resource + Clone + DeserializeOwned + Debug + serde::Serialize,
{
    until(&format!("{name}: {what}"), async || {
        Ok(match api.get_opt(name).await? {
            Some(found) if holds(&found) => Look::Done(found),
            Some(found) => Look::Not(serde_json::to_string(&found)?),
            None => Look::Not("no such object".into()),
        })
    })
    .await
}

/// Waits until the object is gone.
///
/// # Errors
/// When the deadline passes, with the object as it was last seen, or the API server refuses to show it.
pub async fn gone<K>(api: &Api<K>, name: &str) -> Result<()>
where
    K: Resource + Clone + DeserializeOwned + Debug + serde::Serialize,
{
    until(&format!("{name}: gone"), async || {
        Ok(match api.get_opt(name).await? {
            Some(found) => Look::Not(serde_json::to_string(&found)?),
            None => Look::Done(()),
        })
    })
    .await
}

/// Watches that `holds` stays true for `span`: for promises that something does not happen.
///
/// # Errors
/// When it does not hold, with what was seen, or when `look` fails.
pub async fn stays<T: Debug>(
    span: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Result<T>,
    holds: impl Fn(&T) -> bool,
) -> Result<()> {
    let began = Instant::now();
    while began.elapsed() < span {
        let seen = look().await?;
        if !holds(&seen) {
            bail!("{what}: no longer after {:?}; seen: {seen:?}", began.elapsed());
        }
        sleep(PAUSE).await;
    }
    Ok(())
}
