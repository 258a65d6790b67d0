//! Whether the guardrails stand, and for how long one may be down before nothing is opened or renewed any more.

use std::{
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use k8s_openapi::api::admissionregistration::v1::{
    MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
};
use kube::Resource;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use super::{Kind, Shipped, differs, previous, shipped};
use crate::{fact::Fact, prune::Prune, store::Store};

/// How long a guardrail that stood may be down: as long as it takes to put it back.
const GRACE: Duration = Duration::from_secs(60);
/// How many are named in one message.
const NAMED: usize = 3;

/// Whether tenants may be open while a guardrail is down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Required {
    /// No: nothing is opened or renewed.
    #[default]
    Required,
    /// Yes, while the guardrails are tried in `Audit`: it is reported only.
    Reported,
}

/// The admission objects of the cluster, and how they stand.
pub struct Guardrails {
    /// All of the cluster's.
    pub policies: Arc<Store<ValidatingAdmissionPolicy>>,
    /// All of the cluster's.
    pub bindings: Arc<Store<ValidatingAdmissionPolicyBinding>>,
    /// All of the cluster's.
    pub mutating: Arc<Store<MutatingAdmissionPolicy>>,
    /// All of the cluster's.
    pub mutating_bindings: Arc<Store<MutatingAdmissionPolicyBinding>>,
    /// What the release before this one shipped.
    previous: Vec<Shipped>,
    required: Required,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// When all of them stood, for the last time.
    whole: Option<Instant>,
    wrong: Vec<String>,
    /// Whether the set of this release was seen: from then on that of the release before no longer stands for it.
    renewed: bool,
    /// After how many changes was compared: what has not changed is not compared again.
    compared: Option<[u64; 4]>,
}

static SHIPPED: LazyLock<Vec<Shipped>> = LazyLock::new(shipped);

impl Default for Guardrails {
    fn default() -> Self {
        Self::new(Required::default())
    }
}

impl Guardrails {
    /// Nothing is known of them yet.
    #[must_use]
    pub fn new(required: Required) -> Self {
        Self {
            policies: Arc::new(Store::packed("validating admission policies", |_| vec![])),
            bindings: Arc::new(Store::packed("bindings of validating admission policies", |_| vec![])),
            mutating: Arc::new(Store::packed("mutating admission policies", |_| vec![])),
            mutating_bindings: Arc::new(Store::packed("bindings of mutating admission policies", |_| vec![])),
            previous: previous(),
            required,
            seen: Mutex::default(),
        }
    }

    /// Why one of the collections is not to be believed, if so, and whether that matters.
    #[must_use]
    pub fn missed(&self) -> Option<String> {
        if self.are_required() { self.unknown() } else { None }
    }

    fn unknown(&self) -> Option<String> {
        let all = [
            self.policies.unknown(),
            self.bindings.unknown(),
            self.mutating.unknown(),
            self.mutating_bindings.unknown(),
        ];
        all.into_iter().flatten().next()
    }

    /// Compares every shipped object with the stored one, and returns what is wrong, each with the field. The set of the release before stands for
    /// this one's while that is not applied yet, but only as a whole: a mixture may lack what both hold. Once this one's stood, it alone does.
    pub fn look(&self) -> Vec<String> {
        let mut seen = self.seen.lock().expect("no holder of this lock panics");
        let changes = [
            self.policies.changes(),
            self.bindings.changes(),
            self.mutating.changes(),
            self.mutating_bindings.changes(),
        ];
        if self.unknown().is_none() && seen.compared != Some(changes) {
            seen.wrong = SHIPPED.iter().filter_map(|s| self.wrong(s)).collect();
            seen.renewed |= seen.wrong.is_empty();
            if !seen.wrong.is_empty() && !seen.renewed && self.previous_stands() {
                tracing::warn!("the guardrails of the previous release stand: apply manifests/guardrails of this one");
                seen.wrong.clear();
            }
            // What fell silent while it was compared looks as if it were missing.
            seen.compared = self.unknown().is_none().then_some(changes);
        }
        if self.unknown().is_none() && seen.wrong.is_empty() {
            seen.whole = Some(Instant::now());
        }
        seen.wrong.clone()
    }

    fn previous_stands(&self) -> bool {
        !self.previous.is_empty() && self.previous.iter().all(|s| self.wrong(s).is_none())
    }

    fn wrong(&self, shipped: &Shipped) -> Option<String> {
        let stored = match shipped.kind {
            Kind::Validating => spec(&self.policies, &shipped.name),
            Kind::ValidatingBinding => spec(&self.bindings, &shipped.name),
            Kind::Mutating => spec(&self.mutating, &shipped.name),
            Kind::MutatingBinding => spec(&self.mutating_bindings, &shipped.name),
        };
        let what =
            if matches!(shipped.kind, Kind::ValidatingBinding | Kind::MutatingBinding) { "binding " } else { "" };
        match stored {
            None => Some(format!("{what}{} is missing", shipped.name)),
            Some(stored) => {
                differs(&shipped.spec, &stored, "spec").map(|path| format!("{what}{}: {path}", shipped.name))
            }
        }
    }

    /// Whether tenants may not be open without them.
    #[must_use]
    pub fn are_required(&self) -> bool {
        self.required == Required::Required
    }

    /// Why nothing may be opened or renewed, if so: one has been down for longer than a minute, or was never seen to stand.
    #[must_use]
    pub fn doubt(&self) -> Option<String> {
        if !self.are_required() {
            return None;
        }
        if let Some(why) = self.unknown() {
            return Some(format!("It is not known whether the guardrails stand: {why}."));
        }
        // Looked at here and not only by whoever tells of it, who may hang.
        self.look();
        let seen = self.seen.lock().expect("no holder of this lock panics");
        if seen.whole.is_some_and(|at| seen.wrong.is_empty() || at.elapsed() <= GRACE) {
            return None;
        }
        Some(told(&seen.wrong))
    }
}

/// One sentence for people, that does not change while nothing changes.
#[must_use]
fn told(wrong: &[String]) -> String {
    let more = match wrong.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let named: Vec<_> = wrong.iter().take(NAMED).map(String::as_str).collect();
    format!(
        "Guardrails are not as shipped ({}{more}): nothing is opened or renewed. Apply manifests/guardrails again.",
        named.join("; ")
    )
}

fn spec<K: Resource + Clone + Prune + Serialize>(store: &Store<K>, name: &str) -> Option<Value> {
    match store.get("", name) {
        Fact::Known(object) => serde_json::to_value(&*object).ok().map(|o| o["spec"].clone()),
        _ => None,
    }
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;
