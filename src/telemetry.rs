//! Logs: one JSON object a line on standard error.

use tracing_subscriber::EnvFilter;

/// Starts logging; `RUST_LOG` chooses what is logged.
pub fn start() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,kube_runtime=warn,vaultrs=off,rustify=off"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_writer(std::io::stderr)
        .with_env_filter(filter)
        .init();
}
