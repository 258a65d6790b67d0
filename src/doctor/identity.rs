//! Whether the operator's identity holds the rights that are shipped for it, and no others.

use std::{fmt, sync::LazyLock};

use k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, Role};
use serde_json::Value;

use super::{
    access::{Bound, Rbac, names, resources, username},
    report::{Check, Finding, Level},
};
use crate::fact::Fact;

/// Namespace and ServiceAccount of the operator, which the guardrails spell out.
pub const OPERATOR: (&str, &str) = ("ringfence-system", "ringfence-operator");

/// The roles of `manifests/operator`, bound to the operator.
struct Shipped {
    everywhere: Vec<PolicyRule>,
    at_home: Vec<PolicyRule>,
}

static SHIPPED: LazyLock<Shipped> = LazyLock::new(|| {
    let text = include_str!("../../manifests/operator/10-rbac.yaml");
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).expect("the shipped file is YAML");
    let of = |kind: &str| {
        let is = |d: &&Value| d["kind"] == kind && d["metadata"]["name"] == OPERATOR.1;
        documents.iter().find(is).cloned().expect("the shipped file holds the operator's roles")
    };
    let role: Role = serde_json::from_value(of("Role")).expect("it is a Role");
    let cluster: ClusterRole = serde_json::from_value(of("ClusterRole")).expect("it is a ClusterRole");
    Shipped { everywhere: cluster.rules.unwrap_or_default(), at_home: role.rules.unwrap_or_default() }
});

/// One verb on one resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Atom {
    verb: String,
    group: String,
    resource: String,
    /// On the object of this name alone.
    name: Option<String>,
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        self.name.as_ref().map_or(Ok(()), |name| write!(f, " {name}"))
    }
}

fn atoms(rules: &[PolicyRule]) -> Vec<Atom> {
    let one = |rule: &PolicyRule| {
        let names = match rule.resource_names.as_deref().unwrap_or_default() {
            [] => vec![None],
            names => names.iter().cloned().map(Some).collect(),
        };
        let mut all = vec![];
        for group in rule.api_groups.iter().flatten() {
            for resource in rule.resources.iter().flatten() {
                for verb in &rule.verbs {
                    let atom =
                        |name| Atom { verb: verb.clone(), group: group.clone(), resource: resource.clone(), name };
                    all.extend(names.iter().cloned().map(atom));
                }
            }
        }
        all
    };
    rules.iter().flat_map(one).collect()
}

/// Whether these rules give it: an atom of `*` is given by `*` alone.
fn give(rules: &[PolicyRule], atom: &Atom) -> bool {
    rules.iter().any(|rule| {
        let named = rule.resource_names.as_deref().unwrap_or_default();
        names(rule.api_groups.as_ref(), &atom.group)
            && resources(rule.resources.as_ref(), &atom.resource)
            && rule.verbs.iter().any(|v| v == "*" || *v == atom.verb)
            && (named.is_empty() || atom.name.as_ref().is_some_and(|n| named.contains(n)))
    })
}

/// Compares what is shipped with what the operator is bound to.
#[must_use]
pub fn judge(rbac: &Fact<Rbac>) -> Check {
    let Fact::Known(rbac) = rbac else {
        return Check::new(
            "identity",
            rbac.doubt().map(|why| Finding::unknown("roles and bindings", why)).into_iter().collect(),
        );
    };
    let bound: Vec<_> = rbac.bound().into_iter().filter(is_operators).collect();
    let everywhere = rules(&bound, |namespace| namespace.is_none());
    let at_home = rules(&bound, |namespace| namespace.is_none_or(|n| n == OPERATOR.0));
    let about = format!("ServiceAccount {}/{}", OPERATOR.0, OPERATOR.1);
    let lacks = |wanted: &[PolicyRule], held: &[PolicyRule], at: &str| {
        let missing: Vec<_> = atoms(wanted).into_iter().filter(|a| !give(held, a)).collect();
        (!missing.is_empty()).then(|| {
            let what = format!("lacks {}: {}", at, said(&missing));
            Finding::to_do(Level::Wrong, &about, what, "Apply manifests/operator/10-rbac.yaml again")
        })
    };
    let mut findings: Vec<_> = [
        lacks(&SHIPPED.everywhere, &everywhere, "in the cluster"),
        lacks(&SHIPPED.at_home, &at_home, "in its namespace"),
    ]
    .into_iter()
    .flatten()
    .collect();
    findings.extend(bound.iter().filter_map(|b| more(b, &about)));
    if findings.is_empty() {
        findings.push(Finding::ok(about, "holds the rights of manifests/operator/10-rbac.yaml, and no others"));
    }
    Check::new("identity", findings)
}

/// By name, or as one of the accounts of its namespace. What all accounts hold is no right of the operator's own.
fn is_operators(bound: &Bound<'_>) -> bool {
    let (namespace, account) = OPERATOR;
    let name = username(bound.subject);
    name == format!("system:serviceaccount:{namespace}:{account}")
        || (bound.subject.kind == "Group" && name == format!("system:serviceaccounts:{namespace}"))
}

fn rules(bound: &[Bound<'_>], here: impl Fn(Option<&String>) -> bool) -> Vec<PolicyRule> {
    let here = bound.iter().filter(|b| here(b.namespace.as_ref()));
    here.flat_map(|b| b.rules.unwrap_or_default()).cloned().collect()
}

/// What a binding gives beyond what is shipped.
fn more(bound: &Bound<'_>, about: &str) -> Option<Finding> {
    let at_home = bound.namespace.as_deref().is_some_and(|n| n == OPERATOR.0);
    let given = atoms(bound.rules.unwrap_or_default());
    let is_shipped = |a: &Atom| give(&SHIPPED.everywhere, a) || at_home && give(&SHIPPED.at_home, a);
    let more: Vec<_> = given.into_iter().filter(|a| !is_shipped(a)).collect();
    (!more.is_empty()).then(|| {
        let what = format!("holds more than is shipped, {bound}: {}", said(&more));
        let todo = "Apply manifests/operator/10-rbac.yaml again, and take other bindings of the account away";
        Finding::to_do(Level::Warning, about, what, todo)
    })
}

fn said(atoms: &[Atom]) -> String {
    let mut atoms: Vec<_> = atoms.iter().map(Atom::to_string).collect();
    atoms.sort();
    atoms.dedup();
    atoms.join(", ")
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
