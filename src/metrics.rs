//! Counts for Prometheus. Labels are closed sets, but for the names of agreements: each has an end to be warned of.

use jiff::Timestamp;
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

/// An agreement, by the name of its BAA.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct Agreement {
    /// Name of the BAA.
    pub baa: String,
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
    /// 1 while this replica leads.
    pub leading: Gauge,
    /// 1 while the operator's clock and the API server's are too far apart.
    pub clock_in_doubt: Gauge,
    /// How many guardrails are missing or weaker than shipped.
    pub guardrails_wrong: Gauge,
    ends: Family<Agreement, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("ringfence");
        let (reconciles, depth) = (Family::default(), Gauge::default());
        let (leading, clock_in_doubt) = (Gauge::default(), Gauge::default());
        let seconds = Histogram::new([0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0]);
        registry.register("reconciles", "Reconciles by kind and outcome", reconciles.clone());
        registry.register("reconcile_seconds", "Duration of reconciles in seconds", seconds.clone());
        registry.register("queue_depth", "Items that wait to be worked on", depth.clone());
        registry.register("leading", "1 while this replica leads", leading.clone());
        registry.register(
            "clock_in_doubt",
            "1 while the clock is too far off the API server's",
            clock_in_doubt.clone(),
        );
        let guardrails_wrong = Gauge::default();
        let help = "Guardrails that are missing or weaker than shipped";
        registry.register("guardrails_wrong", help, guardrails_wrong.clone());
        let ends = Family::default();
        let help =
            "When an agreement that both parties have signed ends, in seconds since 1970; absent where nothing ends it";
        registry.register("agreement_end_timestamp_seconds", help, ends.clone());
        Self { ends, guardrails_wrong, registry, reconciles, seconds, depth, leading, clock_in_doubt }
    }
}

impl Metrics {
    /// Tells when the agreement of this name ends; `None`: it does not, or nobody knows yet.
    pub fn agreement(&self, name: &str, end: Option<Timestamp>) {
        let label = Agreement { baa: name.to_owned() };
        match end {
            Some(end) => drop(self.ends.get_or_create(&label).set(end.as_second())),
            None => drop(self.ends.remove(&label)),
        }
    }

    /// The agreement of this name is gone.
    pub fn agreement_gone(&self, name: &str) {
        self.agreement(name, None);
    }

    /// In the OpenMetrics text format.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a String does not fail");
        text
    }
}
