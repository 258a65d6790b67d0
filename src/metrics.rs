//! Counts for Prometheus. Labels are closed sets: no names of tenants.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// Which reconcile, and how it ended.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct Reconciled {
    /// `plan` or `agreement`.
    pub kind: &'static str,
    /// As [`crate::outcome::Outcome::label`].
    pub outcome: &'static str,
}

/// All metrics of the operator.
pub struct Metrics {
    registry: Registry,
    /// Reconciles by kind and outcome.
    pub reconciles: Family<Reconciled, Counter>,
    /// Seconds that reconciles took.
    pub seconds: Histogram,
    /// Items that wait to be worked on.
    pub depth: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("ringfence");
        let (reconciles, depth) = (Family::default(), Gauge::default());
        let seconds = Histogram::new([0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0]);
        registry.register("reconciles", "Reconciles by kind and outcome", reconciles.clone());
        registry.register("reconcile_seconds", "Duration of reconciles in seconds", seconds.clone());
        registry.register("queue_depth", "Items that wait to be worked on", depth.clone());
        Self { registry, reconciles, seconds, depth }
    }
}

impl Metrics {
    /// In the OpenMetrics text format.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a String does not fail");
        text
    }
}
