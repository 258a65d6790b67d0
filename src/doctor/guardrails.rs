//! Whether every guardrail is stored as it is shipped, denies, and has an expression that its types allow.

use serde_json::Value;

use super::report::{Check, Finding, Level};
use crate::{
    fact::Fact,
    guardrails::{Kind, Shipped, differs, shipped},
};

const APPLY: &str = "Apply manifests/guardrails again";

/// The admission objects of the cluster, by kind.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// `validatingadmissionpolicies`
    pub policies: Fact<Vec<Value>>,
    /// `validatingadmissionpolicybindings`
    pub bindings: Fact<Vec<Value>>,
    /// `mutatingadmissionpolicies`
    pub mutating: Fact<Vec<Value>>,
    /// `mutatingadmissionpolicybindings`
    pub mutating_bindings: Fact<Vec<Value>>,
}

impl Stored {
    fn of(&self, kind: Kind) -> (&'static str, &Fact<Vec<Value>>) {
        match kind {
            Kind::Validating => ("policy", &self.policies),
            Kind::ValidatingBinding => ("binding", &self.bindings),
            Kind::Mutating => ("mutating policy", &self.mutating),
            Kind::MutatingBinding => ("mutating binding", &self.mutating_bindings),
        }
    }

    /// What is stored of a shipped object, with a name for it.
    pub fn find(&self, shipped: &Shipped) -> (String, Fact<&Value>) {
        let (word, all) = self.of(shipped.kind);
        let found = match all {
            Fact::Known(all) => all.iter().find(|o| o["metadata"]["name"] == *shipped.name).into(),
            Fact::Absent => Fact::Absent,
            Fact::Unknown(why) => Fact::Unknown(why.clone()),
            Fact::Unread => Fact::Unread,
        };
        (format!("{word} {}", shipped.name), found)
    }
}

/// Compares every shipped object with the stored one.
#[must_use]
pub fn judge(stored: &Stored) -> Check {
    let all = shipped();
    let mut findings: Vec<_> = all.iter().filter_map(|s| one(s, stored)).collect();
    findings.extend(strangers(&all, stored));
    if findings.is_empty() {
        findings.push(Finding::ok("guardrails", format!("{} objects are stored as they are shipped", all.len())));
    }
    Check::new("guardrails", findings)
}

fn one(shipped: &Shipped, stored: &Stored) -> Option<Finding> {
    let (about, found) = stored.find(shipped);
    let object = match found {
        Fact::Known(object) => object,
        Fact::Absent => return Some(Finding::to_do(Level::Wrong, about, "is missing", APPLY)),
        other => return other.doubt().map(|why| Finding::unknown(about, why)),
    };
    if denies(&shipped.spec) && !denies(&object["spec"]) {
        let what = format!("spec.validationActions is {}: it is tried, and refuses nothing", actions(&object["spec"]));
        let todo = "Run ringfence doctor --preflight, then apply manifests/guardrails as it is shipped";
        return Some(Finding::to_do(Level::Wrong, about, what, todo));
    }
    // As it looks when it has been read typed, as the shipped one was: an empty list is none.
    if let Some(field) = differs(&shipped.spec, &object["spec"], "spec") {
        return Some(Finding::to_do(Level::Wrong, about, format!("{field} is not as it is shipped"), APPLY));
    }
    (shipped.kind == Kind::Validating).then(|| types(about, object)).flatten()
}

/// What the controller-manager found when it checked the expressions against the kinds that they speak of.
fn types(about: String, policy: &Value) -> Option<Finding> {
    let status = &policy["status"];
    // An empty list of warnings is stored as `{}`, and as nothing after there were some: the generation tells that it was looked at.
    let looked =
        status["observedGeneration"].is_number() && status["observedGeneration"] == policy["metadata"]["generation"];
    if !looked {
        return Some(Finding::unknown(
            about,
            "its expressions were not checked yet; see that kube-controller-manager runs",
        ));
    }
    let warnings = status.pointer("/typeChecking/expressionWarnings").and_then(Value::as_array)?;
    let first = warnings.first()?;
    let text = |field: &str| first[field].as_str().unwrap_or_default().lines().next().unwrap_or_default().to_owned();
    let what = format!("{}: {}", text("fieldRef"), text("warning"));
    Some(Finding::to_do(
        Level::Wrong,
        about,
        what,
        "See that this version of Kubernetes is supported, and apply manifests/guardrails again",
    ))
}

/// Objects of Ringfence's names that are not of this version.
fn strangers<'a>(all: &'a [Shipped], stored: &'a Stored) -> impl Iterator<Item = Finding> + 'a {
    let kinds = [Kind::Validating, Kind::ValidatingBinding, Kind::Mutating, Kind::MutatingBinding];
    kinds.into_iter().flat_map(move |kind| {
        let (word, objects) = stored.of(kind);
        let names = objects.known().into_iter().flatten().filter_map(|o| o["metadata"]["name"].as_str());
        let ours = names.filter(|n| n.starts_with("ringfence-"));
        let strange = ours.filter(move |n| !all.iter().any(|s| s.kind == kind && s.name == **n));
        strange.map(move |name| {
            let what = "is no guardrail of this version";
            Finding::to_do(Level::Warning, format!("{word} {name}"), what, "Take it away, unless it is your own")
        })
    })
}

/// Whether a binding denies. What is no binding has no actions.
pub fn denies(spec: &Value) -> bool {
    spec["validationActions"].as_array().is_some_and(|a| a.iter().any(|a| a == "Deny"))
}

/// The actions of a binding, as they are written.
pub fn actions(spec: &Value) -> String {
    let all = spec["validationActions"].as_array().into_iter().flatten().filter_map(Value::as_str);
    format!("[{}]", all.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
#[path = "guardrails_tests.rs"]
pub mod tests;
