//! `/healthz`, `/readyz` and `/metrics`.

use std::sync::Arc;

use axum::{Router, http::StatusCode, routing::get};
use tokio::net::TcpListener;

use crate::{context::Context, queue::Queue};

/// Serves until the process ends.
pub async fn serve(listener: TcpListener, context: Arc<Context>, queue: Arc<Queue>) {
    let (ready, counted) = (context.clone(), context);
    let (open, waiting) = (queue.clone(), queue);
    let app = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(move || async move { readyz(&ready, &open) }))
        .route(
            "/metrics",
            get(move || async move {
                counted.metrics.depth.set(i64::try_from(waiting.depth()).unwrap_or(i64::MAX));
                counted.metrics.leading.set(counted.lead.holds().into());
                counted.metrics.clock_in_doubt.set(counted.clock.doubt().is_some().into());
                counted.metrics.text()
            }),
        );
    if let Err(error) = axum::serve(listener, app).await {
        tracing::error!(%error, "the admin server ended");
    }
}

/// Ready while every store is believed and work is taken, also by a replica that stands by.
fn readyz(context: &Context, queue: &Queue) -> (StatusCode, String) {
    match context.stores.unknown().or_else(|| context.stores.guardrails.missed()) {
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
        None if queue.is_closed() => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".into()),
        None => (StatusCode::OK, "ok\n".into()),
    }
}
