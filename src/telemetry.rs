//! Logs: one JSON object a line on standard error.

use tracing_subscriber::{EnvFilter, filter::Directive};

/// Libraries that log what servers answer, bodies included, when it cannot be decoded. Nobody may switch them on: bodies hold names of people,
/// and of the key service tokens.
const SILENT: [&str; 4] = ["kube_client=off", "vaultrs=off", "rustify=off", "hyper_util=off"];

/// Starts logging; `RUST_LOG` chooses what of Ringfence's own words is logged.
pub fn start() {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_writer(std::io::stderr)
        .with_env_filter(filter(EnvFilter::try_from_default_env().ok()))
        .init();
}

fn filter(asked: Option<EnvFilter>) -> EnvFilter {
    let silent = SILENT.map(|d| d.parse::<Directive>().expect("a directive"));
    silent.into_iter().fold(asked.unwrap_or_else(|| EnvFilter::new("info,kube_runtime=warn")), EnvFilter::add_directive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_logs_bodies_cannot_be_switched_on() {
        for asked in [None, Some(EnvFilter::new("trace")), Some(EnvFilter::new("kube_client=debug,vaultrs=trace"))] {
            let filter = filter(asked).to_string();
            assert!(SILENT.iter().all(|d| filter.split(',').any(|f| f == *d)), "{filter}");
            assert!(!filter.contains("kube_client=debug"), "{filter}");
        }
    }
}
