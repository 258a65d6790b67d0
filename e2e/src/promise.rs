//! The frame of a test: the shared bed, and a report when the promise is broken.

use crate::{
    bed::{Bed, shared},
    dump,
};
use anyhow::{Result, anyhow};
use futures::FutureExt;
use std::panic::AssertUnwindSafe;

/// Runs a test on the shared bed. When it fails or panics, the report's path is part of the error.
///
/// # Errors
/// When the test fails, or the bed does not start.
pub async fn promise(name: &str, test: impl AsyncFnOnce(&'static Bed) -> Result<()>) -> Result<()> {
    let bed = shared().await?;
    explained(bed, name, test(bed)).await
}

/// Awaits a test on a bed of its own, and reports as [`promise`] does.
///
/// # Errors
/// When the test fails.
pub async fn explained<T>(bed: &Bed, name: &str, test: impl Future<Output = Result<T>>) -> Result<T> {
    let why = match AssertUnwindSafe(test).catch_unwind().await {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(why)) => why,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            anyhow!("panicked: {}", text.unwrap_or("without a message"))
        }
    };
    let report = dump::write(bed, name, &format!("{why:#}")).await;
    Err(why.context(match report {
        Ok(path) => format!("{name}: see {}", path.display()),
        Err(reason) => format!("{name}: no report: {reason:#}"),
    }))
}
